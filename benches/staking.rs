//! Slashes, redemption prices, cascades and Gini coefficients.
//!
//! The first two run a batch of 64, varied by some percent. A cascade and a Gini coefficient take an
//! unsorted slice of so many, sort it and sweep it; the copy that they sort is made outside the time.

#![allow(
    clippy::unwrap_used,
    clippy::float_arithmetic,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    missing_docs,
    reason = "benches: a wrong answer should stop them; criterion's macros write undocumented functions"
)]

use std::hint::black_box;

use criterion::{
    BatchSize, BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main,
};
use defi_math::staking::inequality::Distribution;
use defi_math::staking::{
    Cascade, Collapse, Exposure, Fraction, Kept, Loan, LoanTerms, StakingPool,
};
use defi_math::{Amount, Number, Price, Ratio, Wad};
use rust_decimal::Decimal;

const ONE: u128 = 1_000_000_000_000_000_000;
const BATCH: u64 = 64;

/// The same number in each type, from base units.
trait Of: Number {
    const NAME: &'static str;

    fn of(units: u128) -> Self;
}

impl Of for Wad {
    const NAME: &'static str = "wad";

    fn of(units: u128) -> Self {
        Self::from_raw(units)
    }
}

impl Of for Decimal {
    const NAME: &'static str = "decimal";

    fn of(units: u128) -> Self {
        Self::try_from(Wad::from_raw(units)).unwrap()
    }
}

impl Of for f64 {
    const NAME: &'static str = "f64";

    fn of(units: u128) -> Self {
        units as Self / 1e18
    }
}

/// Loans of a million tokens, a quarter borrowed, slashed by up to a fifth.
fn loans<N: Of>(exponent: u32) -> Vec<(Loan<N>, Kept<N>)> {
    let terms = LoanTerms::new(Fraction::new(1, 4).unwrap(), exponent, N::of(2 * ONE)).unwrap();
    let loan = |i: u128| {
        let stake = 1_000_000 * ONE + i * 7_777 * ONE / 3;
        let loan = Loan::new(terms, N::of(stake)).unwrap().borrow(N::of(stake / 5)).unwrap().after;
        let kept = Kept::new(N::of(ONE - (i + 1) * ONE / 330)).unwrap();
        (loan, kept)
    };
    (0..u128::from(BATCH)).map(loan).collect()
}

fn slash(c: &mut Criterion) {
    fn of<N: Of>(c: &mut Criterion) {
        let cases = loans::<N>(2);
        let mut group = c.benchmark_group("staking/slash");
        group.throughput(Throughput::Elements(BATCH));
        group.bench_function(BenchmarkId::new(N::NAME, "loan"), |bencher| {
            bencher.iter(|| {
                for (loan, kept) in black_box(&cases) {
                    let _ = black_box(loan.slash(*kept).unwrap());
                }
            });
        });
        group.bench_function(BenchmarkId::new(N::NAME, "default"), |bencher| {
            bencher.iter(|| {
                for (loan, kept) in black_box(&cases) {
                    let after = loan.slash(*kept).unwrap().after;
                    black_box(after.is_in_default().unwrap());
                }
            });
        });
        let pool = StakingPool::new(Fraction::ZERO).deposit(N::of(9_876_543 * ONE)).unwrap().after;
        let pool = pool.unbond(N::of(12_345 * ONE), 0, 0).unwrap().after;
        group.bench_function(BenchmarkId::new(N::NAME, "pool"), |bencher| {
            bencher.iter(|| {
                for (_, kept) in black_box(&cases) {
                    let _ = black_box(pool.slash(*kept).unwrap());
                }
            });
        });
    }
    of::<Wad>(c);
    of::<Decimal>(c);
    of::<f64>(c);
}

/// `(den/num)²` in three rounding operators: what one would write.
fn naive_price(stake: Decimal, at_issue: Decimal, factor: Decimal) -> Decimal {
    let inverse = (at_issue - factor * at_issue) / (stake - factor * at_issue);
    inverse * inverse
}

fn redemption_price(c: &mut Criterion) {
    fn slashed<N: Of>(exponent: u32) -> Vec<Loan<N>> {
        let slash = |(loan, kept): &(Loan<N>, Kept<N>)| loan.slash(*kept).unwrap().after;
        loans::<N>(exponent).iter().map(slash).collect()
    }
    fn of<N: Of>(c: &mut Criterion) {
        let mut group = c.benchmark_group("staking/redemption_price");
        group.throughput(Throughput::Elements(BATCH));
        for exponent in [1, 2, 4] {
            let loans = slashed::<N>(exponent);
            group.bench_function(BenchmarkId::new(N::NAME, exponent), |bencher| {
                bencher.iter(|| {
                    for loan in black_box(&loans) {
                        black_box(loan.redemption_price().unwrap());
                    }
                });
            });
        }
    }
    of::<Wad>(c);
    of::<Decimal>(c);
    of::<f64>(c);

    let loans = slashed::<Decimal>(2);
    let quarter = Decimal::new(25, 2);
    let exact = |loan: &Loan| loan.redemption_price().unwrap().get();
    let naive =
        |loan: &Loan| naive_price(loan.stake().get(), loan.state().stake_at_issue.get(), quarter);
    for loan in &loans {
        assert!((exact(loan) - naive(loan)).abs() < Decimal::new(1, 20));
    }
    let mut group = c.benchmark_group("staking/redemption_price");
    group.throughput(Throughput::Elements(BATCH));
    group.bench_function(BenchmarkId::new("rust_decimal_naive", 2), |bencher| {
        bencher.iter(|| {
            for loan in black_box(&loans) {
                black_box(naive(loan));
            }
        });
    });
}

/// A sequence that looks random and is always the same.
struct Sequence(u64);

impl Sequence {
    fn below(&mut self, most: u64) -> u128 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        u128::from((self.0 >> 33) % most)
    }
}

/// So many loans of 20 to 120 tokens that fail at prices between 0.99 and 1.5, and a market six times as
/// large as all of them.
fn exposures<N: Of>(count: u32) -> (Vec<Exposure<N>>, u128) {
    let mut sequence = Sequence(7);
    let mut total = 0;
    let loans = (0..count).map(|id| {
        let debt = 20 * ONE + sequence.below(1 << 31) * 100 * ONE / (1 << 31);
        let cover = 990_000_000 + sequence.below(510_000_000);
        total += debt;
        Exposure::new(id, N::of(debt), N::of(debt / 1_000_000_000 * cover)).unwrap()
    });
    let loans = loans.collect();
    (loans, 6 * total)
}

/// `A·Q/(Q − X)²` of a market without a fee.
fn price<N: Of>(size: u128) -> impl Fn(Amount<N>) -> Option<Price<N>> + Copy {
    let size = Amount::new(N::of(size)).unwrap();
    move |bought| {
        let left = (size - bought).ok()?;
        let once = Price::from_amounts(size, left).ok()?;
        once.ratio_to(once.inverse()).ok()
    }
}

fn cascade(c: &mut Criterion) {
    fn settle<N: Of>(loans: &mut [Exposure<N>], size: u128) -> Collapse<N> {
        Cascade::new(loans).settle(price(size)).unwrap()
    }
    fn of<N: Of>(c: &mut Criterion) {
        let mut group = c.benchmark_group("staking/cascade");
        group.sampling_mode(SamplingMode::Flat).sample_size(10);
        for count in [1_000, 10_000, 100_000, 500_000, 1_000_000] {
            let (loans, size) = exposures::<N>(count);
            // A market half as large, in which every loan fails: all must be sorted.
            group.throughput(Throughput::Elements(count.into()));
            group.bench_function(BenchmarkId::new(format!("{}_all", N::NAME), count), |bencher| {
                bencher.iter_batched_ref(
                    || loans.clone(),
                    |loans| black_box(settle(loans, size / 2)),
                    BatchSize::LargeInput,
                );
            });
            group.throughput(Throughput::Elements(count.into()));
            group.bench_function(BenchmarkId::new(N::NAME, count), |bencher| {
                bencher.iter_batched_ref(
                    || loans.clone(),
                    |loans| black_box(settle(loans, size)),
                    BatchSize::LargeInput,
                );
            });
        }
    }
    let (mut wad, size) = exposures::<Wad>(10_000);
    let (mut float, _) = exposures::<f64>(10_000);
    let (exact, near) = (settle(&mut wad, size), settle(&mut float, size));
    assert_eq!((exact.failed, exact.rounds), (near.failed, near.rounds));
    println!("of 10,000 loans {} fail in {} rounds", exact.failed, exact.rounds);
    of::<Wad>(c);
    of::<f64>(c);
}

fn gini(c: &mut Criterion) {
    fn stakes<N: Of>(count: u32) -> Vec<Amount<N>> {
        let mut sequence = Sequence(11);
        let stake = |_| Amount::new(N::of(ONE + sequence.below(1 << 31) * 40_000 * ONE / 65_536));
        (0..count).map(stake).collect::<Result<_, _>>().unwrap()
    }
    fn coefficient<N: Of>(stakes: &mut [Amount<N>]) -> Ratio<N> {
        Distribution::new(stakes).unwrap().gini().unwrap().to_ratio_down().unwrap()
    }
    fn of<N: Of>(c: &mut Criterion) {
        let mut group = c.benchmark_group("staking/gini");
        group.sampling_mode(SamplingMode::Flat).sample_size(10);
        for count in [1_000, 1_000_000] {
            let stakes = stakes::<N>(count);
            group.throughput(Throughput::Elements(count.into()));
            group.bench_function(BenchmarkId::new(N::NAME, count), |bencher| {
                bencher.iter_batched_ref(
                    || stakes.clone(),
                    |stakes| black_box(coefficient(stakes)),
                    BatchSize::LargeInput,
                );
            });
        }
    }
    let exact = coefficient(&mut stakes::<Wad>(1_000)).to_f64();
    assert!((exact - coefficient(&mut stakes::<f64>(1_000)).get()).abs() < 1e-12);
    of::<Wad>(c);
    of::<f64>(c);
}

criterion_group!(benches, slash, redemption_price, cascade, gini);
criterion_main!(benches);
