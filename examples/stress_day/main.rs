//! One bad day: four protocols on the hourly prices of a real crash.
//!
//! ```text
//! cargo run --release --example stress_day
//! cargo run --release --example stress_day -- --help
//! ```
//!
//! Fails if the books do not balance. What is real here and what is invented, and how to read the
//! result: `docs/stress-day.md`.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::float_arithmetic,
    reason = "counts, times and charts; what is owed and owned is computed by the crate"
)]

mod charts;
mod prices;
mod scenario;

use std::error::Error;
use std::fs;
use std::io::{IsTerminal, stderr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, ValueEnum};
use defi_math::Wad;
use indicatif::{ProgressBar, ProgressStyle};
use rust_decimal::Decimal;

use prices::{Hour, Window};
use scenario::number::Token;
use scenario::{Choices, Curve, Day, Row, distance};

/// How far a run in floats may be from the exact one.
const FLOAT_DISTANCE: f64 = 1e-6;

/// Four protocols on the hourly prices of a real crash.
#[derive(Parser)]
#[command(about, long_about = None)]
struct Arguments {
    /// Which days.
    #[arg(long, value_enum, default_value_t = Window::March2020)]
    window: Window,
    /// Accounts, vaults and validators together.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(10..=5_000_000))]
    positions: u32,
    /// Where the population is drawn from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The kind of number.
    #[arg(long, value_enum, default_value_t = Kind::Wad)]
    number: Kind,
    /// How the price of a vault's auction falls.
    #[arg(long, value_enum, default_value_t = Curve::Stairstep)]
    auction: Curve,
    /// The part of a loan that may be repaid in one liquidation.
    #[arg(long, default_value = "0.5", value_parser = part)]
    close_factor: Decimal,
    /// Lend against stake whatever happens.
    #[arg(long)]
    no_guard: bool,
    /// A directory for the series and the charts.
    #[arg(long)]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Integers of 18 places, as a chain has them.
    Wad,
    /// Decimals; the same digits.
    Decimal,
    /// Floats; compared with the exact run.
    F64,
}

fn part(text: &str) -> Result<Decimal, String> {
    match text.parse() {
        Ok(part) if part > Decimal::ZERO && part <= Decimal::ONE => Ok(part),
        _ => Err("not above 0 and at most 1".to_owned()),
    }
}

fn main() -> Result<ExitCode, Box<dyn Error + Send + Sync>> {
    let arguments = Arguments::parse();
    let hours = prices::hours(arguments.window)?;
    let choices = Choices {
        positions: arguments.positions as usize,
        seed: arguments.seed,
        curve: arguments.auction,
        close_factor: arguments.close_factor.to_string(),
        guarded: !arguments.no_guard,
    };
    print_header(&arguments, &hours);
    match arguments.number {
        Kind::Wad => finish(&run::<Wad>(&hours, &choices)?, &arguments),
        Kind::Decimal => finish(&run::<Decimal>(&hours, &choices)?, &arguments),
        Kind::F64 => {
            let (floats, exact) = (run::<f64>(&hours, &choices)?, run::<Wad>(&hours, &choices)?);
            let (apart, what) = distance(&floats, &exact);
            println!("largest distance from the exact run: {apart:.1e}, of {what}");
            let balanced = finish(&floats, &arguments)?;
            Ok(if apart <= FLOAT_DISTANCE { balanced } else { ExitCode::FAILURE })
        }
    }
}

/// What is real and what is invented, before any result.
fn print_header(arguments: &Arguments, hours: &[Hour]) {
    let (first, last) = (hours.first(), hours.last());
    let time = |hour: Option<&Hour>| hour.map_or("", |hour| &hour.time).to_owned();
    println!("prices       ETH/USDT by the hour, {} to {}: real", time(first), time(last));
    println!("population   {} positions, seed {}: invented", arguments.positions, arguments.seed);
    println!("sizes        24 M $ of collateral in loans and in vaults, 400,000 staked: invented");
    println!("time         half of each hour at its low, half at its close: invented");
    println!("exchange     20 M $ on either side, an optimal arbitrage at each price: invented");
    println!("liquidators  act when the exchange leaves them a profit, no gas, no delay: invented");
    println!("oracles      lending: now; vaults: an hour late. A coin of the vaults is a dollar");
    println!(
        "synthetic    follows half of each fall; a tenth of the validators fail at the worst hour"
    );
    println!();
}

fn run<N: Token>(
    hours: &[Hour],
    choices: &Choices,
) -> Result<Day<N>, Box<dyn Error + Send + Sync>> {
    let bar = if stderr().is_terminal() {
        ProgressBar::new(hours.len() as u64)
            .with_style(ProgressStyle::with_template("{wide_bar} {pos}/{len} hours {elapsed}")?)
    } else {
        ProgressBar::hidden()
    };
    let start = Instant::now();
    let day = scenario::run(hours, choices, |done| bar.set_position(done as u64))?;
    bar.finish_and_clear();
    eprintln!("{:.2} s", start.elapsed().as_secs_f64());
    Ok(day)
}

fn finish<N: Token>(
    day: &Day<N>,
    arguments: &Arguments,
) -> Result<ExitCode, Box<dyn Error + Send + Sync>> {
    print!("{day}");
    if let Some(directory) = &arguments.out {
        fs::create_dir_all(directory)?;
        write_series(day, &directory.join("series.csv"))?;
        charts::draw(day, directory)?;
    }
    let balanced = day.books.iter().all(|entry| entry.holds);
    Ok(if balanced { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn write_series<N: Token>(day: &Day<N>, path: &Path) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut series = csv::Writer::from_path(path)?;
    series.write_record(Row::<N>::COLUMNS)?;
    for row in &day.series {
        series.write_record(row.cells())?;
    }
    Ok(series.flush()?)
}
