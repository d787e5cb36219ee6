//! The series as pictures.

use std::error::Error;
use std::path::Path;

use defi_math::Amount;
use plotters::prelude::*;

use crate::scenario::number::Token;
use crate::scenario::{Day, Row, grouped};

type Drawn = Result<(), Box<dyn Error + Send + Sync>>;

// After Okabe and Ito, whose colours everybody can tell apart.
const BLUE: RGBColor = RGBColor(0, 114, 178);
const ORANGE: RGBColor = RGBColor(213, 94, 0);
const SIZE: (u32, u32) = (960, 420);

/// A named line: a value for each hour that has one.
struct Line {
    name: &'static str,
    color: RGBColor,
    points: Vec<(usize, f64)>,
}

impl Line {
    fn of<N: Token>(
        name: &'static str,
        color: RGBColor,
        day: &Day<N>,
        value: impl Fn(&Row<N>) -> Option<f64>,
    ) -> Self {
        let points = day.series.iter().enumerate();
        let points = points.filter_map(|(hour, row)| Some((hour, value(row)?))).collect();
        Self { name, color, points }
    }
}

/// Five charts into a directory.
pub(crate) fn draw<N: Token>(day: &Day<N>, directory: &Path) -> Drawn {
    let times: Vec<&str> = day.series.iter().map(|row| row.time.as_str()).collect();
    let of = |name, color, value: fn(&Row<N>) -> Amount<N>| {
        Line::of(name, color, day, |row| Some(value(row).to_f64()))
    };
    let chart = |file: &str, title: &str, lines: &[Line]| {
        lines_over_time(&directory.join(file), title, &times, lines)
    };
    chart(
        "prices.svg",
        "ETH in dollars",
        &[of("market", BLUE, |row| row.market_price), of("exchange", ORANGE, |row| row.pool_price)],
    )?;
    chart(
        "debt_at_risk.svg",
        "Debt that can be liquidated at the hour's low, dollars",
        &[
            of("lending", BLUE, |row| row.loans_at_risk),
            of("vaults", ORANGE, |row| row.vaults_at_risk),
        ],
    )?;
    let count = |count: u64| u32::try_from(count).ok().map(f64::from);
    chart(
        "liquidations.svg",
        "Liquidations in an hour",
        &[
            Line::of("lending", BLUE, day, |row| count(row.loan_liquidations)),
            Line::of("vaults", ORANGE, day, |row| count(row.vault_liquidations)),
        ],
    )?;
    chart(
        "auction_prices.svg",
        "Prices that auctions ask within an hour, dollars for one ETH",
        &[
            of("market", BLUE, |row| row.market_price),
            Line::of("highest", ORANGE, day, |row| Some(row.auction_prices?.1)),
            Line::of("lowest", BLACK, day, |row| Some(row.auction_prices?.0)),
        ],
    )?;
    chart(
        "security_budget.svg",
        "Security budget of the staking network, tokens",
        &[of("stake less what is lent", BLUE, |row| row.security_budget)],
    )
}

fn lines_over_time(path: &Path, title: &str, times: &[&str], lines: &[Line]) -> Drawn {
    let values = || lines.iter().flat_map(|line| line.points.iter().map(|&(_, value)| value));
    let top = values().fold(0.0, f64::max) * 1.05;
    let bottom = values().fold(f64::INFINITY, f64::min);
    // A count begins at nothing, a price near its lowest.
    let bottom = if bottom.is_finite() && bottom > top / 4.0 { bottom * 0.95 } else { 0.0 };
    let top = if top > bottom { top } else { bottom + 1.0 };

    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption(title, ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(32)
        .y_label_area_size(80)
        .build_cartesian_2d(0..times.len(), bottom..top)?;
    let date =
        |hour: &usize| times.get(*hour).and_then(|time| time.get(..10)).unwrap_or("").to_owned();
    let short = |value: &f64| {
        if *value < 1e6 { grouped(&format!("{value:.0}")) } else { format!("{:.1} M", value / 1e6) }
    };
    chart
        .configure_mesh()
        .x_labels(7)
        .y_label_formatter(&short)
        .x_label_formatter(&date)
        .light_line_style(WHITE)
        .draw()?;
    for line in lines {
        let color = line.color;
        // Hours without a value leave a gap; one between two of them is a dot.
        let runs = line.points.chunk_by(|one, next| one.0 + 1 == next.0);
        let drawn = chart.draw_series(runs.clone().map(|run| PathElement::new(run, color)))?;
        drawn.label(line.name).legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], color));
        let lonely = runs.filter_map(|run| if let [point] = run { Some(*point) } else { None });
        chart.draw_series(lonely.map(|point| Circle::new(point, 2, color.filled())))?;
    }
    chart.configure_series_labels().background_style(WHITE.mix(0.8)).border_style(BLACK).draw()?;
    Ok(root.present()?)
}
