//! What slashes and loans do to the distribution of stake: validators, a proposer for each block, rewards,
//! slashes, loans and foreclosures, many times over.
//!
//! ```text
//! cargo run --release --example inequality -- [--runs 100] [--blocks 4000] [--seed 1]
//!     [--figure docs/figures/inequality.svg] [--quiet]
//! ```
//!
//! In each run a hundred validators start with exponentially distributed stakes of 50 on average. Each
//! borrows, with the probability of the cell, all that it may: half of its stake. Then, for each block, a
//! proposer is drawn by stake. With the slash probability of the cell it is slashed by a tenth, else it
//! gets a reward of 5. A loan whose redemption price has doubled is foreclosed and its stake burned.
//!
//! In the second regime as many slashes fall, but on anybody: each validator is slashed with a
//! hundredth of the probability in every block, whatever its stake.
//!
//! The same seed gives the same numbers on any number of cores.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a simulation over floats, every count in sight"
)]

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use clap::Parser;
use defi_math::Amount;
use defi_math::staking::inequality::{Coefficient, Distribution};
use defi_math::staking::{Fraction, Kept, Loan, LoanTerms, StakingError};
use indicatif::{ProgressBar, ProgressStyle};
use plotters::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

const VALIDATORS: usize = 100;
const MEAN_STAKE: f64 = 50.0;
const REWARD: f64 = 5.0;
const SLASH: f64 = 0.1;
const SLASH_PROBABILITIES: [f64; 8] = [0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5];
const BORROW_PROBABILITIES: [f64; 4] = [0.0, 0.3, 0.6, 0.9];

/// Whom a slash meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Regime {
    Proposer,
    Anybody,
}

impl Regime {
    const fn name(self) -> &'static str {
        match self {
            Self::Proposer => "the proposer, drawn by stake, is slashed",
            Self::Anybody => "anybody is slashed, whatever the stake",
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Cell {
    regime: Regime,
    slash: f64,
    borrow: f64,
}

/// What a run comes to.
#[derive(Clone, Copy, Debug, Default)]
struct Outcome {
    /// The Gini coefficient of those who are left.
    live: f64,
    /// The same with those who have defaulted counted with nothing.
    all: f64,
    /// What was burned, as a part of what was staked at the start and rewarded since.
    burned: f64,
    /// The part of the validators who have defaulted.
    defaulted: f64,
}

/// The mean of many runs, and the standard error of each mean.
#[derive(Clone, Copy, Debug, Default)]
struct Summary {
    mean: Outcome,
    error: Outcome,
}

impl Summary {
    /// Whether a mean lies below another by more than twice the standard error of their difference.
    fn is_below(&self, other: &Self, of: fn(&Outcome) -> f64) -> bool {
        let error = of(&self.error).hypot(of(&other.error));
        of(&self.mean) + 2.0 * error < of(&other.mean)
    }
}

/// What slashes and loans do to the distribution of stake.
#[derive(Parser)]
struct Options {
    /// Runs of each cell.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Blocks of each run.
    #[arg(long, default_value_t = 4_000)]
    blocks: u32,
    /// Where every draw comes from.
    #[arg(long, default_value_t = 1, allow_negative_numbers = true)]
    seed: u64,
    /// The file of the figure.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/figures/inequality.svg"))]
    figure: PathBuf,
    /// Without a progress bar.
    #[arg(long)]
    quiet: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let cells: Vec<Cell> = [Regime::Proposer, Regime::Anybody]
        .into_iter()
        .flat_map(|regime| {
            SLASH_PROBABILITIES.into_iter().flat_map(move |slash| {
                BORROW_PROBABILITIES.into_iter().map(move |borrow| Cell { regime, slash, borrow })
            })
        })
        .collect();
    let progress = progress(cells.len() as u64 * u64::from(options.runs), options.quiet)?;
    let summaries = cells
        .par_iter()
        .enumerate()
        .map(|(number, cell)| {
            // Every run has a stream of its own, and the sum its order.
            let runs: Vec<Outcome> = (0..options.runs)
                .into_par_iter()
                .map(|run| {
                    let mut random = ChaCha8Rng::seed_from_u64(options.seed);
                    random.set_stream((number as u64) << 32 | u64::from(run));
                    let outcome = simulate(*cell, options.blocks, &mut random);
                    progress.inc(1);
                    outcome
                })
                .collect::<Result<_, _>>()?;
            Ok::<_, StakingError>(summary(&runs))
        })
        .collect::<Result<Vec<_>, _>>()?;
    progress.finish_and_clear();

    println!(
        "{} runs of {} blocks, {VALIDATORS} validators, seed {}",
        options.runs, options.blocks, options.seed
    );
    println!(
        "Rows: the probability that a block slashes. Columns: the part of the validators who borrow, in %.\n\
         Gini: 0 when all stakes are equal, towards 1 when one has everything; of all: those who have\n\
         defaulted counted with nothing. - less, + more unequal than without loans, clearly: by more\n\
         than twice the standard error.\n"
    );
    for regime in [Regime::Proposer, Regime::Anybody] {
        table(regime, &cells, &summaries);
    }
    if let Some(directory) = options.figure.parent() {
        fs::create_dir_all(directory)?;
    }
    fs::write(&options.figure, figure(&cells, &summaries)?)?;
    println!("drawn: {}", options.figure.display());
    Ok(())
}

fn progress(runs: u64, quiet: bool) -> Result<ProgressBar, Box<dyn Error>> {
    if quiet {
        return Ok(ProgressBar::hidden());
    }
    let style = ProgressStyle::with_template("{bar:50} {pos}/{len} runs, {eta} left")?;
    Ok(ProgressBar::new(runs).with_style(style))
}

/// One run of a cell.
fn simulate(cell: Cell, blocks: u32, random: &mut ChaCha8Rng) -> Result<Outcome, StakingError> {
    let terms = LoanTerms::new(Fraction::ONE_HALF, 2, 2.0)?;
    let kept = Kept::after_slash(SLASH)?;
    let mut loans = Vec::with_capacity(VALIDATORS);
    let mut supply = 0.0;
    for _ in 0..VALIDATORS {
        // Never zero: a number from the other end of the interval.
        let stake = -MEAN_STAKE * (1.0 - random.random::<f64>()).ln();
        supply += stake;
        let loan = Loan::new(terms, stake)?;
        let borrows = random.random_bool(cell.borrow);
        loans.push(if borrows { loan.borrow(loan.maximum_borrow()?)?.after } else { loan });
    }
    let mut staked: f64 = supply;
    let mut burned = 0.0;
    let mut slash = |loan: &mut Loan<f64>, staked: &mut f64| -> Result<(), StakingError> {
        let slashed = loan.slash(kept)?;
        let mut lost = slashed.slashed.get();
        *loan = slashed.after;
        if loan.is_in_default()? {
            let foreclosed = loan.foreclose()?;
            lost += foreclosed.seized.get();
            *loan = foreclosed.after;
        }
        burned += lost;
        *staked -= lost;
        Ok(())
    };
    for _ in 0..blocks {
        if staked <= f64::EPSILON * supply {
            break;
        }
        let at = random.random::<f64>() * staked;
        let proposer = drawn(&loans, at);
        let faulty = cell.regime == Regime::Proposer && random.random_bool(cell.slash);
        if faulty {
            slash(&mut loans[proposer], &mut staked)?;
        } else {
            loans[proposer] = loans[proposer].reward(REWARD)?;
            staked += REWARD;
            supply += REWARD;
        }
        if cell.regime == Regime::Anybody && cell.slash > 0.0 {
            for loan in loans.iter_mut().filter(|loan| !loan.stake().is_zero()) {
                if random.random_bool(cell.slash / VALIDATORS as f64) {
                    slash(loan, &mut staked)?;
                }
            }
        }
    }
    let mut all: Vec<Amount<f64>> = loans.iter().map(Loan::stake).collect();
    let mut live: Vec<Amount<f64>> = all.iter().copied().filter(|s| !s.is_zero()).collect();
    let defaulted = (VALIDATORS - live.len()) as f64 / VALIDATORS as f64;
    let gini = |stakes: &mut [Amount<f64>]| match Distribution::new(stakes) {
        Ok(distribution) => distribution.gini().map(Coefficient::to_f64),
        // Nobody is left.
        Err(StakingError::NoStake) => Ok(0.0),
        Err(error) => Err(error),
    };
    Ok(Outcome { live: gini(&mut live)?, all: gini(&mut all)?, burned: burned / supply, defaulted })
}

/// The validator in whose part of the stake a number falls.
fn drawn(loans: &[Loan<f64>], at: f64) -> usize {
    let mut sum = 0.0;
    let mut last = 0;
    for (i, loan) in loans.iter().enumerate() {
        let stake = loan.stake().get();
        if stake > 0.0 {
            last = i;
        }
        sum += stake;
        if at < sum {
            break;
        }
    }
    last
}

fn summary(runs: &[Outcome]) -> Summary {
    let count = runs.len() as f64;
    let mean = |of: fn(&Outcome) -> f64| runs.iter().map(of).sum::<f64>() / count;
    let error = |of: fn(&Outcome) -> f64| {
        let center = mean(of);
        let squares: f64 = runs.iter().map(|run| (of(run) - center).powi(2)).sum();
        // A single run says nothing of its error.
        if count > 1.0 { (squares / (count - 1.0) / count).sqrt() } else { f64::INFINITY }
    };
    Summary {
        mean: Outcome {
            live: mean(|run| run.live),
            all: mean(|run| run.all),
            burned: mean(|run| run.burned),
            defaulted: mean(|run| run.defaulted),
        },
        error: Outcome {
            live: error(|run| run.live),
            all: error(|run| run.all),
            burned: error(|run| run.burned),
            defaulted: error(|run| run.defaulted),
        },
    }
}

fn summary_of(regime: Regime, slash: f64, borrow: f64, cells: &[Cell], of: &[Summary]) -> Summary {
    let is = |cell: &Cell| {
        cell.regime == regime
            && cell.slash.total_cmp(&slash).is_eq()
            && cell.borrow.total_cmp(&borrow).is_eq()
    };
    cells.iter().position(is).map_or_else(Summary::default, |i| of[i])
}

/// The numbers of a regime: a row for each slash probability, a column for each borrow probability. Marked
/// is what differs from the same row without loans by more than twice the standard error.
fn table(regime: Regime, cells: &[Cell], summaries: &[Summary]) {
    let of = |slash, borrow| summary_of(regime, slash, borrow, cells, summaries);
    let row = |cell: &dyn Fn(f64) -> String| BORROW_PROBABILITIES.map(cell).concat();
    println!("{}: {}", if regime == Regime::Proposer { "A" } else { "B" }, regime.name());
    println!(
        "          {:<24}    {:<24}    {:<16}    defaulted [%]",
        "Gini of those left", "Gini of all", "burned [%]"
    );
    let wide = row(&|borrow| format!("{:>5.0} ", 100.0 * borrow));
    let narrow = row(&|borrow| format!("{:>4.0}", 100.0 * borrow));
    println!("  borrow  {wide}    {wide}    {narrow}    {narrow}");
    for slash in SLASH_PROBABILITIES {
        let alone = of(slash, 0.0);
        let gini = |which: fn(&Outcome) -> f64| {
            row(&|borrow| {
                let with = of(slash, borrow);
                let mark = match (with.is_below(&alone, which), alone.is_below(&with, which)) {
                    (true, _) => '-',
                    (_, true) => '+',
                    _ => ' ',
                };
                format!("{:>5.2}{mark}", which(&with.mean))
            })
        };
        let percent = |which: fn(&Outcome) -> f64| {
            row(&|borrow| format!("{:>4.0}", 100.0 * which(&of(slash, borrow).mean)))
        };
        println!(
            "  {:>4.0} %  {}    {}    {}    {}",
            100.0 * slash,
            gini(|outcome| outcome.live),
            gini(|outcome| outcome.all),
            percent(|outcome| outcome.burned),
            percent(|outcome| outcome.defaulted)
        );
    }
    println!();
}

/// Gini against the slash probability: a panel for each regime, a colour for each borrow demand, a line for
/// the live and dashes for all.
fn figure(cells: &[Cell], summaries: &[Summary]) -> Result<String, Box<dyn Error>> {
    const SHOWN: (u32, u32) = (1_000, 520);
    const COLORS: [RGBColor; 4] =
        [RGBColor(40, 40, 40), RGBColor(0, 114, 178), RGBColor(0, 140, 100), RGBColor(213, 94, 0)];
    let mut text = String::new();
    {
        let canvas = SVGBackend::with_string(&mut text, SHOWN).into_drawing_area();
        canvas.fill(&WHITE)?;
        let canvas = canvas.titled(
            "Inequality of stake under slashes and loans",
            ("sans-serif", 24).into_font().color(&COLORS[0]),
        )?;
        let panels = canvas.split_evenly((1, 2));
        for (panel, regime) in panels.iter().zip([Regime::Proposer, Regime::Anybody]) {
            let mut chart = ChartBuilder::on(panel)
                .caption(regime.name(), ("sans-serif", 18))
                .margin(12)
                .x_label_area_size(48)
                .y_label_area_size(56)
                .build_cartesian_2d(0.0..0.5, 0.0..1.0)?;
            chart
                .configure_mesh()
                .x_desc("slash probability of a block")
                .y_desc("Gini coefficient")
                .x_labels(6)
                .y_labels(6)
                .label_style(("sans-serif", 16))
                .axis_desc_style(("sans-serif", 16))
                .light_line_style(TRANSPARENT)
                .bold_line_style(RGBColor(226, 226, 226))
                .draw()?;
            for (borrow, color) in BORROW_PROBABILITIES.into_iter().zip(COLORS) {
                let points = |of: fn(&Outcome) -> f64| -> Vec<(f64, f64)> {
                    SLASH_PROBABILITIES
                        .into_iter()
                        .map(|slash| {
                            let cell = summary_of(regime, slash, borrow, cells, summaries);
                            (slash, of(&cell.mean))
                        })
                        .collect()
                };
                chart
                    .draw_series(LineSeries::new(points(|o| o.live), color.stroke_width(3)))?
                    .label(format!("{:.0} % borrow", 100.0 * borrow))
                    .legend(move |(x, y)| {
                        PathElement::new([(x, y), (x + 24, y)], color.stroke_width(3))
                    });
                chart.draw_series(DashedLineSeries::new(
                    points(|o| o.all),
                    6,
                    5,
                    color.stroke_width(2),
                ))?;
            }
            if regime == Regime::Anybody {
                chart
                    .configure_series_labels()
                    .label_font(("sans-serif", 16))
                    .position(SeriesLabelPosition::UpperLeft)
                    .border_style(TRANSPARENT)
                    .draw()?;
            } else {
                let note = "lines: those who are left;  dashes: all, defaulted with nothing";
                panel.draw(&Text::new(note, (72, 46), ("sans-serif", 15).into_font()))?;
            }
        }
        canvas.present()?;
    }
    Ok(text)
}
