//! Replays swaps of Uniswap v2 and SushiSwap on mainnet: quotes each, settles it, and compares with
//! what the pair paid and kept.
//!
//! ```text
//! cargo run --release --example replay_mainnet
//! ```
//!
//! Fails if anything disagrees. Where the swaps come from: `examples/data/README.md`.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    reason = "counts of rows, times, and the distance of a float"
)]

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::error::Error;
use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use defi_math::amm::{AmmError, Amounts, ConstantProduct, Pool, Token};
use defi_math::{Amount, Fee, Number, Wad};
use num_rational::BigRational;
use num_traits::{Signed, ToPrimitive};
use rust_decimal::Decimal;

const SWAPS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/v2_swaps.csv");

/// Both charge 0.3 %.
const FEE: Fee = Fee::PERCENT_0_30;

/// How far the quote of a float may be from the exact one.
const FLOAT_TOLERANCE: f64 = 1e-12;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let swaps = read_swaps()?;
    if swaps.is_empty() {
        return Err("no swaps to replay".into());
    }
    let mut disagreements = Vec::new();

    let mut dexes = BTreeMap::<&str, Counts>::new();
    for swap in &swaps {
        let counts = replay(swap, &mut disagreements)?;
        dexes.entry(&swap.dex).or_default().add(&counts);
    }
    print_counts(&dexes);

    let sales = swaps.iter().filter_map(|swap| swap.sale().transpose());
    let sales: Vec<Sale<Wad>> = sales.collect::<Result<_, _>>()?;
    compare_numbers(&sales, &mut disagreements)?;

    for disagreement in &disagreements {
        eprintln!("{disagreement}");
    }
    Ok(if disagreements.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A swap as it happened, in base units.
struct MainnetSwap {
    dex: String,
    tx_hash: String,
    reserves_before: Amounts<Wad>,
    paid_in: Amounts<Wad>,
    taken_out: Amounts<Wad>,
    reserves_after: Amounts<Wad>,
}

fn read_swaps() -> Result<Vec<MainnetSwap>, Box<dyn Error>> {
    let mut reader = csv::Reader::from_path(SWAPS)?;
    let headers = reader.headers()?.clone();
    let mut swaps = Vec::new();
    for row in reader.records() {
        let row = row?;
        let text = |column: &str| -> Result<&str, String> {
            let field = headers.iter().position(|header| header == column);
            field.and_then(|field| row.get(field)).ok_or(format!("no column {column}"))
        };
        // A token's base units go in raw, whatever its decimals.
        let amounts = |x: &str, y: &str| -> Result<Amounts<Wad>, Box<dyn Error>> {
            let (x, y) = (text(x)?.parse()?, text(y)?.parse()?);
            Ok(Amounts::new(Wad::from_raw(x), Wad::from_raw(y))?)
        };
        swaps.push(MainnetSwap {
            dex: text("dex")?.to_owned(),
            tx_hash: text("tx_hash")?.to_owned(),
            reserves_before: amounts("reserve0_before", "reserve1_before")?,
            paid_in: amounts("amount0_in", "amount1_in")?,
            taken_out: amounts("amount0_out", "amount1_out")?,
            reserves_after: amounts("reserve0_after", "reserve1_after")?,
        });
    }
    Ok(swaps)
}

impl MainnetSwap {
    fn pool(&self) -> Result<Pool<Wad>, AmmError> {
        Pool::new(self.reserves_before.x, self.reserves_before.y, FEE)
    }

    /// The token that was paid in, unless both were.
    fn token_in(&self) -> Option<Token> {
        match (self.paid_in.x.is_zero(), self.paid_in.y.is_zero()) {
            (false, true) => Some(Token::X),
            (true, false) => Some(Token::Y),
            _ => None,
        }
    }

    /// What was sold on which curve, unless both tokens were paid in.
    fn sale(&self) -> Result<Option<Sale<Wad>>, AmmError> {
        let Some(token_in) = self.token_in() else { return Ok(None) };
        let curve = self.pool()?.selling(token_in)?;
        Ok(Some(Sale { curve, amount_in: self.paid_in.of(token_in) }))
    }
}

/// How the swaps of a dex compare with the pool's quote.
#[derive(Default)]
struct Counts {
    swaps: u32,
    /// Took the quote to the last unit.
    exact: u32,
    /// Took less than the pool would have paid.
    below: u32,
    /// Took more than it should have paid.
    above: u32,
    /// Paid both tokens in, for which there is no quote.
    two_inputs: u32,
    /// Settles: the fee-adjusted `k` does not fall.
    k_holds: u32,
}

impl Counts {
    fn add(&mut self, other: &Self) {
        self.swaps += other.swaps;
        self.exact += other.exact;
        self.below += other.below;
        self.above += other.above;
        self.two_inputs += other.two_inputs;
        self.k_holds += other.k_holds;
    }
}

fn replay(swap: &MainnetSwap, disagreements: &mut Vec<String>) -> Result<Counts, AmmError> {
    let pool = swap.pool()?;
    let mut counts = Counts { swaps: 1, ..Counts::default() };

    match swap.token_in() {
        None => counts.two_inputs = 1,
        Some(token_in) => {
            let quote = pool.amount_out(token_in, swap.paid_in.of(token_in))?;
            let taken = swap.taken_out.of(token_in.other());
            match taken.cmp(&quote) {
                Ordering::Equal => counts.exact = 1,
                Ordering::Less => counts.below = 1,
                Ordering::Greater => {
                    counts.above = 1;
                    disagreements.push(format!("{}: took more than {quote}", swap.tx_hash));
                }
            }
        }
    }

    match pool.settle(swap.paid_in, swap.taken_out) {
        Ok(settlement) => {
            counts.k_holds = 1;
            let reserves = settlement.after.state().reserves;
            if reserves != swap.reserves_after {
                disagreements.push(format!("{}: left {reserves:?}", swap.tx_hash));
            }
        }
        Err(error) => disagreements.push(format!("{}: {error}", swap.tx_hash)),
    }
    Ok(counts)
}

fn print_counts(dexes: &BTreeMap<&str, Counts>) {
    let mut total = Counts::default();
    for counts in dexes.values() {
        total.add(counts);
    }
    println!("dex           swaps   exact  below the maximum  above it  with two inputs  k holds");
    for (dex, counts) in dexes.iter().chain([(&"total", &total)]) {
        let Counts { swaps, exact, below, above, two_inputs, k_holds } = counts;
        println!("{dex:12} {swaps:6}  {exact:6} {below:18} {above:9} {two_inputs:16} {k_holds:8}");
    }
}

/// One token sold to a pool.
#[derive(Clone, Copy)]
struct Sale<N: Number> {
    curve: ConstantProduct<N>,
    amount_in: Amount<N>,
}

impl<N: Number> Sale<N> {
    fn amount_out(self) -> Result<Amount<N>, AmmError> {
        self.curve.amount_out(self.amount_in)
    }
}

impl Sale<Wad> {
    /// The same sale in `Decimal`, 10⁻¹⁸ for a base unit, if its 96 bits have room for the reserves
    /// and for what the sale adds to them or takes from them, with three digits to spare: where a
    /// `Decimal` result has all 18 places.
    fn in_decimal(self, amount_out: Amount<Wad>) -> Option<Sale<Decimal>> {
        let decimal = |amount: Amount<Wad>| {
            let number = amount.get();
            if number.raw() < (1 << 96) / 1_000 { Decimal::try_from(number).ok() } else { None }
        };
        let (x, y) = (self.curve.reserve_in(), self.curve.reserve_out());
        decimal((x + self.amount_in).ok()?)?;
        decimal((y + amount_out).ok()?)?;
        Some(Sale {
            curve: ConstantProduct::new(decimal(x)?, decimal(y)?, FEE).ok()?,
            amount_in: Amount::new(decimal(self.amount_in)?).ok()?,
        })
    }

    fn in_float(self) -> Result<Sale<f64>, AmmError> {
        let (x, y) = (self.curve.reserve_in().to_f64(), self.curve.reserve_out().to_f64());
        let amount_in = Amount::new(self.amount_in.to_f64())?;
        Ok(Sale { curve: ConstantProduct::new(x, y, FEE)?, amount_in })
    }

    /// `997·dx·y / (1000·x + 997·dx)` as a fraction, before any rounding.
    fn exact_amount_out(self) -> BigRational {
        let amounts = [self.amount_in, self.curve.reserve_in(), self.curve.reserve_out()];
        let [dx, x, y] = amounts.map(|a| BigRational::new(a.get().raw().into(), Wad::SCALE.into()));
        let integer = |n: u32| BigRational::from_integer(n.into());
        let kept = integer(997) * dx;
        &kept * y / (integer(1000) * x + &kept)
    }
}

/// Quotes every sale in each kind of number, and prints how they agree and how long they take.
fn compare_numbers(
    sales: &[Sale<Wad>],
    disagreements: &mut Vec<String>,
) -> Result<(), Box<dyn Error>> {
    let (mut decimals, mut floats, mut worst_distance) = (Vec::new(), Vec::new(), 0.0_f64);
    for &sale in sales {
        let exact = sale.exact_amount_out();
        let quote = sale.amount_out()?;
        let units = &exact * BigRational::from_integer(Wad::SCALE.into());
        if units.to_integer() != quote.get().raw().into() {
            disagreements.push(format!("Wad: {quote} for {exact}"));
        }

        if let Some(sale) = sale.in_decimal(quote) {
            let decimal = sale.amount_out()?;
            if Wad::try_from(decimal.get())? != quote.get() {
                disagreements.push(format!("Decimal: {decimal} for {quote}"));
            }
            decimals.push(sale);
        }

        let sale = sale.in_float()?;
        let float = BigRational::from_float(sale.amount_out()?.get()).ok_or("not a number")?;
        let distance = ((float - &exact) / &exact).abs().to_f64().ok_or("not a number")?;
        if distance >= FLOAT_TOLERANCE {
            disagreements.push(format!("f64: {distance:e} from {exact}"));
        }
        worst_distance = worst_distance.max(distance);
        floats.push(sale);
    }

    let outside = sales.len() - decimals.len();
    println!();
    println!("quotes in   swaps  ns a quote");
    print_time("Wad", sales, "the exact quotient, rounded down");
    print_time("Decimal", &decimals, &format!("the same digits; {outside} with fewer places"));
    print_time("f64", &floats, &format!("at most {worst_distance:.1e} from the exact quotient"));
    Ok(())
}

fn print_time<N: Number>(number: &str, sales: &[Sale<N>], remark: &str) {
    let (count, time) = (sales.len(), nanoseconds_per_quote(sales));
    println!("{number:8} {count:8} {time:11.1}  {remark}");
}

/// The fastest of many passes over all sales: what disturbs a pass only makes it slower.
#[expect(clippy::cast_precision_loss, reason = "a count of rows")]
fn nanoseconds_per_quote<N: Number>(sales: &[Sale<N>]) -> f64 {
    const MEASURED_FOR: Duration = Duration::from_millis(300);
    let mut fastest = Duration::MAX;
    let begin = Instant::now();
    while begin.elapsed() < MEASURED_FOR {
        let start = Instant::now();
        for sale in sales {
            let _ = black_box(black_box(sale).amount_out());
        }
        fastest = fastest.min(start.elapsed());
    }
    fastest.as_secs_f64() * 1e9 / sales.len() as f64
}
