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
use scenario::number::{Entry, Token};
use scenario::{Choices, Curve, Day, Outcome, Row, distance};

/// How far a run in floats may be from the exact one.
const FLOAT_DISTANCE: f64 = 1e-6;

/// Four protocols on the hourly prices of a real crash.
#[derive(Parser)]
struct Arguments {
    /// Which days.
    #[arg(long, value_enum, default_value_t = Window::March2020)]
    window: Window,
    /// Accounts, vaults and validators together: 3 to 5,000,000.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(3..=5_000_000))]
    positions: u32,
    /// Where the population is drawn from.
    #[arg(long, default_value_t = 1, allow_negative_numbers = true)]
    seed: u64,
    /// The kind of number.
    #[arg(long, value_enum, default_value_t = Kind::Wad)]
    number: Kind,
    /// How the price of a vault's auction falls.
    #[arg(long, value_enum, default_value_t = Curve::Stairstep)]
    auction: Curve,
    /// The part of a loan that may be repaid in one liquidation: 0.01 to 1.
    #[arg(long, default_value = "0.5", value_parser = close_factor)]
    close_factor: Decimal,
    /// Lend against stake whatever happens.
    #[arg(long)]
    no_guard: bool,
    /// A directory for the hourly series, the books and the charts.
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

/// Smaller steps would only take longer to the same end.
fn close_factor(text: &str) -> Result<Decimal, String> {
    match text.parse::<Decimal>() {
        Ok(part) if part >= Decimal::new(1, 2) && part <= Decimal::ONE && part.scale() <= 18 => {
            Ok(part)
        }
        _ => Err("not a number from 0.01 to 1 of at most 18 places".to_owned()),
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // Before the work, not after it.
    if let Some(directory) = &arguments.out
        && let Err(error) = fs::create_dir_all(directory)
    {
        eprintln!("error: cannot write to {}: {error}", directory.display());
        return ExitCode::from(2);
    }
    match day(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the day that was asked for; whether everything adds up.
fn day(arguments: &Arguments) -> Outcome<bool> {
    let hours = prices::hours(arguments.window)?;
    let choices = Choices {
        positions: arguments.positions as usize,
        seed: arguments.seed,
        curve: arguments.auction,
        close_factor: arguments.close_factor.to_string(),
        guarded: !arguments.no_guard,
    };
    print_header(arguments, &hours);
    match arguments.number {
        Kind::Wad => finish(&run::<Wad>(&hours, &choices)?, arguments),
        Kind::Decimal => finish(&run::<Decimal>(&hours, &choices)?, arguments),
        Kind::F64 => {
            let (floats, exact) = (run::<f64>(&hours, &choices)?, run::<Wad>(&hours, &choices)?);
            let balanced = finish(&floats, arguments)?;
            let (apart, what) = distance(&floats, &exact);
            println!(
                "farthest from the exact run: {apart:.1e} of {what}; allowed: {FLOAT_DISTANCE:e}"
            );
            Ok(balanced && apart <= FLOAT_DISTANCE)
        }
    }
}

/// What is real and what is invented, before any result.
fn print_header(arguments: &Arguments, hours: &[Hour]) {
    let (first, last) = (hours.first(), hours.last());
    let time = |hour: Option<&Hour>| hour.map_or("", |hour| &hour.time).to_owned();
    let Arguments { positions, seed, .. } = arguments;
    println!("Real:     ETH/USDT by the hour, {} to {}.", time(first), time(last));
    println!("Invented: all else.");
    println!(
        "  people       {positions} positions drawn from seed {seed}, a few large, many small"
    );
    println!("  sizes        24 M $ of collateral in loans, as much in vaults; 400,000 staked");
    println!("  terms        rates, ratios, penalties, auctions, the guard: docs/stress-day.md");
    println!("  time         half of each hour at its low, half at its close");
    println!("  exchange     20 M $ on either side; an optimal arbitrage at each price");
    println!("  liquidators  act when a sale on the exchange leaves a profit; no gas or delay");
    println!("  oracles      lending: now; vaults: an hour late. A vault coin is a dollar");
    println!("  bad debt     of loans, once less than a millionth of a dollar stands behind it");
    println!("  synthetic    sold until it has lost half of what ETH has lost in the hour");
    println!("  fault        worst hour: a tenth of the validators lose 5 to 40 % of stake");
    println!("  cascade      a debtor whose debt costs 30 % of its stake buys it back");
    println!("  new loans    a validator asks for one token in each hour");
    println!();
}

fn run<N: Token>(hours: &[Hour], choices: &Choices) -> Outcome<Day<N>> {
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

/// Prints the day, writes what was asked for, and says whether the books balance.
fn finish<N: Token>(day: &Day<N>, arguments: &Arguments) -> Outcome<bool> {
    print!("{day}");
    if let Some(directory) = &arguments.out {
        write(
            &directory.join("series.csv"),
            &Row::<N>::COLUMNS,
            day.series.iter().map(Row::cells),
        )?;
        write(&directory.join("books.csv"), &Entry::COLUMNS, day.books.iter().map(Entry::cells))?;
        charts::draw(day, directory)?;
    }
    Ok(day.books.iter().all(|entry| entry.holds))
}

fn write<const CELLS: usize>(
    path: &Path,
    columns: &[&str; CELLS],
    rows: impl Iterator<Item = [String; CELLS]>,
) -> Outcome<()> {
    let mut file = csv::Writer::from_path(path)?;
    file.write_record(columns)?;
    for row in rows {
        file.write_record(row)?;
    }
    Ok(file.flush()?)
}
