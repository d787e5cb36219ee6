//! Draws the figures of the documentation, every curve computed by the crate itself.
//!
//! `cargo run --example figures [directory]`; without a directory, into `docs/figures`.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    reason = "pixels of one drawing, whose numbers are all in sight"
)]

#[path = "figures/staking.rs"]
mod staking;

use std::env;
use std::error::Error;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use defi_math::amm::{Amounts, ConstantProduct, liquidity};
use defi_math::lending::InterestRateModel;
use defi_math::rate::{PerYear, Rate, seconds};
use defi_math::vault::PriceCurve;
use defi_math::{Fee, Price, Ratio};
use plotters::coord::Shift;
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};
use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

type Drawn<T = ()> = Result<T, Box<dyn Error>>;
type Canvas<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Axis, Axis>>;
type Point = (f64, f64);
type Pixel = (i32, i32);

/// The size at which a figure is shown.
const SHOWN: (u32, u32) = (800, 500);
/// The size at which it is drawn: coordinates are whole pixels, and a curve needs finer ones.
const CANVAS: (u32, u32) = (3200, 2000);

// After Okabe and Ito, whose colours everybody can tell apart.
const BLUE: RGBColor = RGBColor(0, 114, 178);
const ORANGE: RGBColor = RGBColor(213, 94, 0);
const GREEN: RGBColor = RGBColor(0, 140, 100);
const INK: RGBColor = RGBColor(40, 40, 40);
const FAINT: RGBColor = RGBColor(150, 150, 150);
const MESH: RGBColor = RGBColor(226, 226, 226);

const FONT: &str = "sans-serif";
const TITLE: u32 = 92;
const LABEL: u32 = 72;
const NOTE: u32 = 68;

const fn anchor(h_pos: HPos, v_pos: VPos) -> Pos {
    Pos { h_pos, v_pos }
}

const ABOVE: Pos = anchor(HPos::Center, VPos::Bottom);
const BELOW: Pos = anchor(HPos::Center, VPos::Top);
const LEFT: Pos = anchor(HPos::Right, VPos::Center);
const RIGHT: Pos = anchor(HPos::Left, VPos::Center);

fn main() -> Drawn {
    let directory = env::args_os().nth(1).map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join("figures"),
        PathBuf::from,
    );
    fs::create_dir_all(&directory)?;
    fs::write(directory.join("swap_curve.svg"), svg(swap_curve)?)?;
    fs::write(directory.join("price_impact.svg"), svg(price_impact)?)?;
    fs::write(directory.join("impermanent_loss.svg"), svg(impermanent_loss)?)?;
    fs::write(directory.join("rate_curve.svg"), svg(rate_curve)?)?;
    fs::write(directory.join("auction_price.svg"), svg(auction_price)?)?;
    fs::write(directory.join("redemption_price.svg"), svg(staking::redemption_price)?)?;
    fs::write(directory.join("cascade.svg"), svg(staking::cascade)?)?;
    fs::write(directory.join("security_budget.svg"), svg(staking::security)?)?;
    Ok(())
}

/// Reserves before and after a trade, without a fee and with one.
fn swap_curve(canvas: &Canvas) -> Drawn {
    let (x, y, dx) = (100.0, 100.0, 60.0);
    // A hundred times Uniswap's 0.3 %, so that the eye can see it.
    let fee = Fee::new(3, 10)?;
    let charged = dx * f64::from(fee.numerator()) / f64::from(fee.denominator());
    let dy_free = ConstantProduct::new(x, y, Fee::ZERO)?.amount_out(dx)?.get();
    let dy = ConstantProduct::new(x, y, fee)?.amount_out(dx)?.get();
    let before = (x, y);
    let after_free = (x + dx, y - dy_free);
    let traded = (x + dx - charged, y - dy);
    let after = (x + dx, y - dy);

    let (left, right, bottom, top) = (40.0, 220.0, 20.0, 160.0);
    let mut chart = framed(canvas, "A sale on the curve x·y = k", 0).build_cartesian_2d(
        Axis::linear(left..right, (40..=220).step_by(20).map(f64::from)),
        Axis::linear(bottom..top, (20..=160).step_by(20).map(f64::from)),
    )?;
    axes(
        &mut chart,
        "x, reserve of the token sold [tokens]",
        "y, reserve of the token bought [tokens]",
    )?;

    for (from, to) in [
        (before, (left, y)),
        (before, (x, bottom)),
        (traded, (traded.0, bottom)),
        (after, (left, after.1)),
        (after, (after.0, bottom)),
        (after_free, (left, after_free.1)),
    ] {
        dashes(&mut chart, vec![from, to], FAINT)?;
    }
    // Every point that the reserves can reach without a further fee: the price of X falls from 6 Y
    // to a sixth of a Y.
    let curve = |(x, y): Point| {
        let reserves = Amounts::new(x, y)?;
        let mut points = curve(6.0..1.0 / 6.0, |price| {
            let at = liquidity::amounts_at_price(reserves, price)?;
            Ok((at.x.get(), at.y.get()))
        })?;
        points.retain(|&(x, y)| x <= right && y <= top);
        Drawn::Ok(points)
    };
    line(&mut chart, curve(before)?, BLUE)?;
    dashes(&mut chart, curve(after)?, ORANGE)?;

    arrow(&mut chart, (48.0, y), (48.0, after_free.1), BLUE)?;
    note(&mut chart, (48.0, 66.4), (24, 0), RIGHT, BLUE, &format!("dy = {dy_free:.1}, no fee"))?;
    arrow(&mut chart, (60.0, y), (60.0, after.1), ORANGE)?;
    note(&mut chart, (60.0, 85.0), (24, 0), RIGHT, ORANGE, &format!("dy = {dy:.1}, fee 30 %"))?;
    for (height, from, to, color, text) in [
        (44.0, x, after.0, INK, format!("dx = {dx}")),
        (30.0, x, traded.0, ORANGE, format!("γ·dx = {}", dx - charged)),
        (30.0, traded.0, after.0, ORANGE, format!("fee {charged}")),
    ] {
        arrow(&mut chart, (from, height), (to, height), color)?;
        note(&mut chart, (f64::midpoint(from, to), height), (0, -12), ABOVE, color, &text)?;
    }
    arrow(&mut chart, traded, after, ORANGE)?;

    for (at, color) in [(before, INK), (traded, ORANGE), (after, ORANGE), (after_free, BLUE)] {
        dot(&mut chart, at, color)?;
    }
    let named = |name: &str, (x, y): Point| format!("{name} ({x}, {})", rounded(y, 1));
    note(&mut chart, before, (-150, -60), LEFT, INK, &named("before", before))?;
    note(&mut chart, after_free, (30, 200), RIGHT, BLUE, &named("after, no fee", after_free))?;
    note(&mut chart, after, (30, -56), RIGHT, ORANGE, &named("after, fee 30 %", after))?;
    legend(
        canvas,
        (1560, 195),
        &[
            (Mark::Line(BLUE), format!("k = {}: before, and after without a fee", x * y)),
            (
                Mark::Dashes(ORANGE),
                format!("k = {:.0}: after, the fee stays in the pool", after.0 * after.1),
            ),
        ],
    )
}

/// Effective price and price impact against the size of a trade.
fn price_impact(canvas: &Canvas) -> Drawn {
    // In percent of this reserve, and so of the spot price, which is 1.
    let reserve = 100.0;
    let sizes = 0.01..1_000.0;
    let mut chart = framed(canvas, "How far a sale falls short of the spot price", 280)
        .build_cartesian_2d(
            Axis::logarithmic(sizes.clone(), [0.01, 0.1, 1.0, 10.0, 100.0, 1_000.0]),
            Axis::logarithmic(0.01..100.0, [0.01, 0.1, 1.0, 10.0, 100.0]),
        )?;
    axes(
        &mut chart,
        "dx/x, size of the sale [% of the reserve]",
        "loss against the spot price [%]",
    )?;

    let fees = [(Fee::PERCENT_1, GREEN), (Fee::PERCENT_0_30, ORANGE), (Fee::ZERO, BLUE)];
    for (fee, color) in fees {
        let pool = ConstantProduct::new(reserve, reserve, fee)?;
        let loss = curve(sizes.clone(), |dx| {
            Ok((dx, 100.0 * (1.0 - pool.effective_price(dx)?.to_number_down()?)))
        })?;
        line(&mut chart, loss, color)?;
    }
    for (fee, _) in fees {
        let pool = ConstantProduct::new(reserve, reserve, fee)?;
        let impact = curve(sizes.clone(), |dx| Ok((dx, 100.0 * pool.price_impact(dx)?.get())))?;
        dashes(&mut chart, impact, INK)?;
    }
    let pool = ConstantProduct::new(reserve, reserve, Fee::ZERO)?;
    for (dx, places) in [(0.1, 4), (1.0, 3), (10.0, 2), (100.0, 1)] {
        let impact = 100.0 * pool.price_impact(dx)?.get();
        dot(&mut chart, (dx, impact), INK)?;
        note(&mut chart, (dx, impact), (40, 40), RIGHT, INK, &format!("{impact:.places$} %"))?;
    }
    // The same scale read from the other side.
    let mut edge = (0, 0);
    for loss in [0.01, 0.1, 1.0, 10.0, 100.0] {
        edge = chart.backend_coord(&(sizes.end, loss));
        let text = rounded(100.0 - loss, 2);
        canvas.draw(&Text::new(text, (edge.0 + 24, edge.1), style(LABEL, INK, RIGHT)))?;
    }
    let sideways = style(LABEL, INK, BELOW).transform(FontTransform::Rotate270);
    let middle = (edge.0 + 220, chart.backend_coord(&(sizes.end, 1.0)).1);
    canvas.draw(&Text::new("effective price [% of the spot price]", middle, sideways))?;
    legend(
        canvas,
        (400, 195),
        &[
            (Mark::Line(GREEN), "fee 1 %".into()),
            (Mark::Line(ORANGE), "fee 0.3 %".into()),
            (Mark::Line(BLUE), "no fee".into()),
            (Mark::Dashes(INK), "price impact alone, with each fee".into()),
        ],
    )
}

/// What a liquidity provider loses against holding.
fn impermanent_loss(canvas: &Canvas) -> Drawn {
    // Losses in percent, as Uniswap's documentation quotes Pintail, and where to write them.
    const PUBLISHED: [(f64, f64, Pixel); 5] = [
        (1.25, 0.6, (30, -80)),
        (1.5, 2.0, (46, -10)),
        (2.0, 5.7, (46, -10)),
        (3.0, 13.4, (46, -10)),
        (5.0, 25.5, (46, -10)),
    ];
    let ratios = 0.1..10.0;
    let mut chart = framed(canvas, "Impermanent loss of a 50/50 pool, fees apart", 100)
        .build_cartesian_2d(
            Axis::logarithmic(ratios.clone(), [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0]),
            Axis::linear(-45.0..3.0, [-40.0, -30.0, -20.0, -10.0, 0.0]),
        )?;
    axes(&mut chart, "r, price now over price at the deposit", "value against holding [%]")?;
    let loss = curve(ratios, |r| {
        let loss = liquidity::impermanent_loss::<f64>(Price::new(r)?)?;
        Ok((r, -100.0 * loss.get()))
    })?;
    line(&mut chart, loss, BLUE)?;
    for (r, published, offset) in PUBLISHED {
        ring(&mut chart, (1.0 / r, -published), ORANGE)?;
        dot(&mut chart, (r, -published), ORANGE)?;
        let text = format!("r = {r}: −{published:.1} %");
        note(&mut chart, (r, -published), offset, RIGHT, INK, &text)?;
    }
    legend(
        canvas,
        (1150, 1295),
        &[
            (Mark::Line(BLUE), "2·√r/(1 + r) − 1".into()),
            (Mark::Dot(ORANGE), "published, to 0.1 %".into()),
            (Mark::Ring(ORANGE), "the same at 1/r".into()),
        ],
    )
}

/// How the price of an auction falls, on each of the three curves.
fn auction_price(canvas: &Canvas) -> Drawn {
    const TWO_HOURS: u32 = 7_200;
    const STEP: u32 = 300;
    // A fifth above the market, as the buffer has it.
    let (market, top) = (100.0, 120.0);
    let minutes = |age: u32| f64::from(age) / 60.0;
    let mut chart = framed(canvas, "The price of an auction of collateral", 40)
        .build_cartesian_2d(
            Axis::linear(0.0..120.0, (0..=120).step_by(20).map(f64::from)),
            Axis::linear(0.0..130.0, (0..=120).step_by(20).map(f64::from)),
        )?;
    axes(&mut chart, "age of the auction [minutes]", "price [% of the market's at the start]")?;

    let factor = |factor| Ratio::new(factor);
    let linear: PriceCurve<f64> = PriceCurve::Linear { duration: seconds(TWO_HOURS) };
    let stairs: PriceCurve<f64> =
        PriceCurve::Stairstep { step: seconds(STEP), factor: factor(0.96)? };
    // Half in half an hour.
    let exponential: PriceCurve<f64> =
        PriceCurve::Exponential { factor: factor(0.999_614_989_093_7)? };
    let at = |curve: &PriceCurve<f64>, age| {
        Drawn::Ok((minutes(age), curve.price(top, seconds(age))?.get()))
    };
    let along = |curve: &PriceCurve<f64>| -> Drawn<Vec<Point>> {
        (0..=TWO_HOURS).step_by(60).map(|age| at(curve, age)).collect()
    };
    // Both ends of each step.
    let mut corners = Vec::new();
    for start in (0..TWO_HOURS).step_by(STEP as usize) {
        let (left, price) = at(&stairs, start)?;
        corners.extend([(left, price), (minutes(start + STEP), price)]);
    }
    dashes(&mut chart, vec![(0.0, market), (120.0, market)], FAINT)?;
    line(&mut chart, along(&linear)?, BLUE)?;
    line(&mut chart, corners, GREEN)?;
    line(&mut chart, along(&exponential)?, ORANGE)?;
    // The first second at which each is no dearer than the market.
    for (curve, color, offset) in [
        (&linear, BLUE, (-150, 80)),
        (&stairs, GREEN, (34, -70)),
        (&exponential, ORANGE, (-150, 80)),
    ] {
        for age in 0..=TWO_HOURS {
            let (x, y) = at(curve, age)?;
            if y <= market {
                dot(&mut chart, (x, y), color)?;
                let text = format!("{age} s");
                note(&mut chart, (x, y), offset, RIGHT, color, &text)?;
                break;
            }
        }
    }
    note(&mut chart, (118.0, market), (0, -14), anchor(HPos::Right, VPos::Bottom), INK, "market")?;
    legend(
        canvas,
        (1860, 570),
        &[
            (Mark::Line(BLUE), "linear, to zero in two hours".into()),
            (Mark::Line(GREEN), "stairstep, 4 % every five minutes".into()),
            (Mark::Line(ORANGE), "exponential, half in half an hour".into()),
        ],
    )
}

/// What borrowers pay and suppliers earn against utilization, with a kink.
fn rate_curve(canvas: &Canvas) -> Drawn {
    // cUSDC's on mainnet in 2021, and a base rate that the eye can see.
    let model = InterestRateModel::<f64, PerYear>::kinked_by_rise(0.02, 0.04, 0.8, 1.09)?;
    let factor = 0.1;
    let percent = |rate: Rate<f64, PerYear>| 100.0 * rate.get();
    let (right, top) = (100.0, 30.0);
    let mut chart = framed(canvas, "A borrow rate with a kink", 40).build_cartesian_2d(
        Axis::linear(0.0..right, (0..=100).step_by(20).map(f64::from)),
        Axis::linear(0.0..top, (0..=30).step_by(5).map(f64::from)),
    )?;
    axes(&mut chart, "u, utilization [% of the suppliers' assets]", "rate [% a year]")?;

    let borrow = |u: f64| Drawn::Ok((u, percent(model.borrow_rate(u / 100.0)?)));
    let supply = |u: f64| Drawn::Ok((u, percent(model.supply_rate(u / 100.0, factor)?)));
    let (kink, full) = (borrow(80.0)?, borrow(right)?);
    for to in [(kink.0, 0.0), (0.0, kink.1)] {
        dashes(&mut chart, vec![kink, to], FAINT)?;
    }
    line(&mut chart, vec![borrow(0.0)?, kink, full], BLUE)?;
    let earned = (0..=100).map(|u| supply(f64::from(u))).collect::<Drawn<Vec<_>>>()?;
    line(&mut chart, earned, ORANGE)?;

    // The utilization at which a rate is reached.
    let wanted = 0.15;
    let reached = 100.0 * model.utilization_at(Rate::new(wanted)?)?.get();
    dashes(&mut chart, vec![(0.0, 100.0 * wanted), (reached, 100.0 * wanted)], INK)?;
    dashes(&mut chart, vec![(reached, 100.0 * wanted), (reached, 0.0)], INK)?;
    let text = format!("15 % is reached at u = {reached:.1} %");
    note(
        &mut chart,
        (2.0, 100.0 * wanted),
        (0, -14),
        anchor(HPos::Left, VPos::Bottom),
        INK,
        &text,
    )?;

    for (at, color) in
        [(kink, BLUE), (full, BLUE), (supply(80.0)?, ORANGE), (supply(right)?, ORANGE)]
    {
        dot(&mut chart, at, color)?;
    }
    let named = |(u, rate): Point| format!("{} %: {} %", rounded(u, 1), rounded(rate, 2));
    note(&mut chart, kink, (-30, -50), LEFT, BLUE, &named(kink))?;
    note(&mut chart, full, (-40, -10), LEFT, BLUE, &named(full))?;
    note(&mut chart, supply(80.0)?, (-30, 130), LEFT, ORANGE, &named(supply(80.0)?))?;
    legend(
        canvas,
        (400, 195),
        &[
            (Mark::Line(BLUE), "borrowers pay b(u)".into()),
            (Mark::Line(ORANGE), "suppliers earn u·b(u)·(1 − f), f = 10 %".into()),
        ],
    )
}

/// The text of a figure, on white so that it can be read on a dark page too.
fn svg(draw: impl FnOnce(&Canvas) -> Drawn) -> Drawn<String> {
    let mut text = String::new();
    {
        let canvas = SVGBackend::with_string(&mut text, CANVAS).into_drawing_area();
        canvas.fill(&WHITE)?;
        draw(&canvas)?;
        canvas.present()?;
    }
    let size = |(width, height)| format!("width=\"{width}\" height=\"{height}\" viewBox");
    Ok(text.replacen(&size(CANVAS), &size(SHOWN), 1))
}

/// The range of an axis, its ticks, and the function of a value that it is even in.
struct Axis {
    range: Range<f64>,
    ticks: Vec<f64>,
    scale: fn(f64) -> f64,
}

impl Axis {
    fn linear(range: Range<f64>, ticks: impl IntoIterator<Item = f64>) -> Self {
        Self { range, ticks: ticks.into_iter().collect(), scale: |value| value }
    }

    fn logarithmic(range: Range<f64>, ticks: impl IntoIterator<Item = f64>) -> Self {
        Self { range, ticks: ticks.into_iter().collect(), scale: f64::log10 }
    }
}

impl Ranged for Axis {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    #[expect(clippy::cast_possible_truncation, reason = "a pixel of the canvas")]
    fn map(&self, value: &f64, (first, last): Pixel) -> i32 {
        let [value, start, end] = [*value, self.range.start, self.range.end].map(self.scale);
        let (first, last) = (f64::from(first), f64::from(last));
        (first + (last - first) * (value - start) / (end - start)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.ticks.clone()
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

fn framed<'a, 'b>(
    canvas: &'a Canvas<'b>,
    title: &str,
    right: u32,
) -> ChartBuilder<'a, 'b, SVGBackend<'b>> {
    let mut builder = ChartBuilder::on(canvas);
    builder
        .caption(title, style(TITLE, INK, BELOW))
        .margin(48)
        .margin_right(100 + right)
        .x_label_area_size(200)
        .y_label_area_size(250);
    builder
}

fn axes(chart: &mut Chart, x: &str, y: &str) -> Drawn {
    chart
        .configure_mesh()
        .x_desc(x)
        .y_desc(y)
        .x_label_formatter(&|value| rounded(*value, 2))
        .y_label_formatter(&|value| rounded(*value, 2))
        .label_style((FONT, LABEL, &INK))
        .axis_desc_style((FONT, LABEL, &INK))
        .set_all_tick_mark_size(16)
        .axis_style(FAINT.stroke_width(4))
        .bold_line_style(MESH.stroke_width(4))
        .light_line_style(TRANSPARENT)
        .draw()?;
    Ok(())
}

/// At most this many places, without trailing zeros, with a minus sign and not a hyphen.
fn rounded(value: f64, places: usize) -> String {
    let text = format!("{value:.places$}");
    text.trim_end_matches('0').trim_end_matches('.').replace('-', "−")
}

/// A curve of a hundred points, in equal ratios of the parameter.
fn curve(over: Range<f64>, point: impl Fn(f64) -> Drawn<Point>) -> Drawn<Vec<Point>> {
    const STEPS: u32 = 100;
    let ratio = over.end / over.start;
    (0..=STEPS)
        .map(|step| point(over.start * ratio.powf(f64::from(step) / f64::from(STEPS))))
        .collect()
}

fn line(chart: &mut Chart, points: Vec<Point>, color: RGBColor) -> Drawn {
    chart.draw_series(LineSeries::new(points, color.stroke_width(12)))?;
    Ok(())
}

fn dashes(chart: &mut Chart, points: Vec<Point>, color: RGBColor) -> Drawn {
    chart.draw_series([DashedPathElement::new(points, 28, 20, color.stroke_width(7))])?;
    Ok(())
}

/// An arrow along an axis.
fn arrow(chart: &mut Chart, from: Point, to: Point, color: RGBColor) -> Drawn {
    const HEAD: i32 = 40;
    const HALF_WIDTH: i32 = 15;
    let (tail, tip) = (chart.backend_coord(&from), chart.backend_coord(&to));
    let (x, y) = ((tip.0 - tail.0).signum(), (tip.1 - tail.1).signum());
    let corner = |side: i32| (side * y * HALF_WIDTH - x * HEAD, side * x * HALF_WIDTH - y * HEAD);
    let head = Polygon::new(vec![(0, 0), corner(1), corner(-1)], color);
    chart.draw_series([PathElement::new([from, to], color.stroke_width(8))])?;
    chart.draw_series([EmptyElement::at(to) + head])?;
    Ok(())
}

fn dot(chart: &mut Chart, at: Point, color: RGBColor) -> Drawn {
    chart.draw_series([Circle::new(at, 24, color.filled())])?;
    Ok(())
}

fn ring(chart: &mut Chart, at: Point, color: RGBColor) -> Drawn {
    chart.draw_series([Circle::new(at, 20, color.stroke_width(8))])?;
    Ok(())
}

/// A text beside a point, so many pixels away from it.
fn note(
    chart: &mut Chart,
    at: Point,
    offset: Pixel,
    position: Pos,
    color: RGBColor,
    text: &str,
) -> Drawn {
    let text = Text::new(text.to_owned(), offset, style(NOTE, color, position));
    chart.draw_series([EmptyElement::at(at) + text])?;
    Ok(())
}

fn style(size: u32, color: RGBColor, position: Pos) -> TextStyle<'static> {
    FontDesc::from((FONT, size)).color(&color).pos(position)
}

/// What stands in a legend before its text.
enum Mark {
    Line(RGBColor),
    Dashes(RGBColor),
    Dot(RGBColor),
    Ring(RGBColor),
}

fn legend(canvas: &Canvas, (x, y): Pixel, entries: &[(Mark, String)]) -> Drawn {
    const LENGTH: i32 = 150;
    const SPACING: usize = 96;
    for ((mark, text), y) in entries.iter().zip((y..).step_by(SPACING)) {
        let (ends, middle) = ([(x, y), (x + LENGTH, y)], (x + LENGTH / 2, y));
        match mark {
            Mark::Line(color) => canvas.draw(&PathElement::new(ends, color.stroke_width(12)))?,
            Mark::Dashes(color) => {
                canvas.draw(&DashedPathElement::new(ends, 28, 20, color.stroke_width(7)))?;
            }
            Mark::Dot(color) => canvas.draw(&Circle::new(middle, 24, color.filled()))?,
            Mark::Ring(color) => canvas.draw(&Circle::new(middle, 20, color.stroke_width(8)))?,
        }
        let text = Text::new(text.as_str(), (x + LENGTH + 36, y), style(NOTE, INK, RIGHT));
        canvas.draw(&text)?;
    }
    Ok(())
}
