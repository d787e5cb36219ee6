//! Hot paths of the lending pool, beside what one would write instead.
//!
//! One iteration runs a batch of 64 markets, or of 64 accounts over eight markets, that stand ready, as a
//! hot loop does; times are for a batch. All functions of a group see the same figures, and their answers
//! are compared before anything is measured.

#![allow(
    clippy::unwrap_used,
    clippy::float_arithmetic,
    clippy::arithmetic_side_effects,
    clippy::cast_precision_loss,
    clippy::cast_possible_wrap,
    clippy::indexing_slicing,
    missing_docs,
    reason = "benches: a wrong answer should stop them; criterion's macros write undocumented functions"
)]

use std::hint::black_box;

use criterion::measurement::WallTime;
use criterion::{
    BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main,
};
use defi_math::lending::{
    Account, InterestRateModel, LendingError, Market, MarketState, Position, Terms,
};
use defi_math::rate::{PerBlock, PerYear, blocks};
use defi_math::{Amount, Number, Price, Shares, Wad};
use ruint::aliases::U256;
use rust_decimal::Decimal;

/// Markets or accounts a batch.
const BATCH: u64 = 64;

/// Markets an account is in.
const MARKETS: u128 = 8;

const BLOCKS: u32 = 25;

const ONE: u128 = 1_000_000_000_000_000_000;

/// Runs `operation` over the batch, each answer consumed, the first refusal returned.
fn batch<T, A, E>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    function: &str,
    input: &str,
    items: &[T],
    operation: impl Fn(&T) -> Result<A, E>,
) {
    group.throughput(Throughput::Elements(items.len() as u64));
    group.bench_function(BenchmarkId::new(function, input), |bencher| {
        bencher.iter(|| {
            for item in black_box(items) {
                black_box(operation(item)?);
            }
            Ok::<(), E>(())
        });
    });
}

/// A market's figures in base units of a token of so many decimals.
#[derive(Clone, Copy)]
struct Figures {
    cash: u128,
    borrows: u128,
    reserves: u128,
    supply: u128,
    index: u128,
    decimals: u32,
}

/// cUSDC as it stood on mainnet in late 2021, and a market of the same shape of a token of 18 decimals, each
/// varied by some percent; above the kink in half of them.
fn figures(decimals: u32) -> Vec<Figures> {
    let scale = 10_u128.pow(decimals - 6);
    (0..u128::from(BATCH))
        .map(|i| Figures {
            cash: (937_825_177_916_645 - i * 9_000_000_000_007) * scale,
            borrows: (3_550_310_516_534_287 + i * 3_000_000_000_013) * scale,
            reserves: (8_405_300_365_389 + i * 10_000_000_019) * scale,
            supply: 20_201_000_000_000_000_000 / 100 + i * 1_000_003,
            index: 1_085_123_456_789_012_345 + i * 1_000_000_007,
            decimals,
        })
        .collect()
}

const FACTOR: u128 = 75_000_000_000_000_000;

/// No base, 4 % at 80 %, then 109 % a year, over 2,102,400 blocks.
fn model<N: Number>(percent: impl Fn(u128) -> N) -> InterestRateModel<N, PerBlock> {
    InterestRateModel::<_, PerYear>::kinked_by_rise(
        percent(0),
        percent(4),
        percent(80),
        percent(109),
    )
    .unwrap()
    .spread_down(2_102_400)
    .unwrap()
}

fn wad(units: u128) -> Wad {
    Wad::from_raw(units)
}

fn wad_percent(n: u128) -> Wad {
    wad(n * ONE / 100)
}

fn decimal_percent(n: u128) -> Decimal {
    Decimal::from(n) / Decimal::ONE_HUNDRED
}

fn opened<N: Number>(
    terms: Terms<N>,
    [cash, borrows, reserves, supply, index]: [N; 5],
) -> Market<N> {
    let state = MarketState {
        cash: Amount::new(cash).unwrap(),
        borrows: Amount::new(borrows).unwrap(),
        reserves: Amount::new(reserves).unwrap(),
        supply: Shares::new(supply).unwrap(),
        locked: Shares::ZERO,
        borrow_index: defi_math::Index::new(index).unwrap(),
        terms,
    };
    Market::try_from(state).unwrap()
}

fn wad_market(f: &Figures) -> Market<Wad> {
    let terms = Terms::new(model(wad_percent), wad(FACTOR), wad(ONE / 50)).unwrap();
    opened(terms, [f.cash, f.borrows, f.reserves, f.supply, f.index].map(wad))
}

/// Whole tokens.
fn tokens(f: &Figures) -> [Decimal; 5] {
    let of =
        |units: u128, places| Decimal::try_from_i128_with_scale(units as i128, places).unwrap();
    let d = f.decimals;
    [of(f.cash, d), of(f.borrows, d), of(f.reserves, d), of(f.supply, 8), of(f.index, 18)]
}

fn decimal_market(f: &Figures) -> Market<Decimal> {
    let factor = Decimal::new(75, 3);
    let terms = Terms::new(model(decimal_percent), factor, Decimal::new(2, 2)).unwrap();
    opened(terms, tokens(f))
}

fn f64_market(f: &Figures) -> Market<f64> {
    let scale = 10_f64.powi(f.decimals as i32);
    let terms = Terms::new(model(|n| n as f64 / 100.0), 0.075, 0.02).unwrap();
    let of = |units: u128| units as f64 / scale;
    let figures =
        [of(f.cash), of(f.borrows), of(f.reserves), f.supply as f64 / 1e8, f.index as f64 / 1e18];
    opened(terms, figures)
}

/// The contract's state and arithmetic in checked 256-bit integers.
#[derive(Clone, Copy)]
struct Contract {
    cash: U256,
    borrows: U256,
    reserves: U256,
    index: U256,
    slope: U256,
    kink: U256,
    jump: U256,
    factor: U256,
}

fn contract(f: &Figures) -> Contract {
    let of = |units: u128| U256::from(units);
    let curve = *model(wad_percent).curve();
    let kink = curve.kink.unwrap();
    Contract {
        cash: of(f.cash),
        borrows: of(f.borrows),
        reserves: of(f.reserves),
        index: of(f.index),
        slope: of(curve.slope.get().raw()),
        kink: of(kink.at.get().raw()),
        jump: of(kink.jump.get().raw()),
        factor: of(FACTOR),
    }
}

impl Contract {
    /// `CToken.accrueInterest` over `JumpRateModelV2`: borrows, reserves and index after it.
    fn accrue(&self, n: u32) -> Option<[U256; 3]> {
        let one = U256::from(ONE);
        let times = |a: U256, b: U256| a.checked_mul(b)?.checked_div(one);
        let whole = self.cash.checked_add(self.borrows)?.checked_sub(self.reserves)?;
        let used = self.borrows.checked_mul(one)?.checked_div(whole)?;
        let rate = if used <= self.kink {
            times(used, self.slope)?
        } else {
            let flat = times(self.kink, self.slope)?;
            times(used.checked_sub(self.kink)?, self.jump)?.checked_add(flat)?
        };
        let growth = rate.checked_mul(U256::from(n))?;
        let interest = times(growth, self.borrows)?;
        Some([
            interest.checked_add(self.borrows)?,
            times(self.factor, interest)?.checked_add(self.reserves)?,
            times(growth, self.index)?.checked_add(self.index)?,
        ])
    }
}

/// The same with `Decimal`'s own operators.
fn naive_accrue(
    [cash, borrows, reserves, _, index]: &[Decimal; 5],
    curve: &[Decimal; 4],
) -> [Decimal; 3] {
    let [slope, kink, jump, factor] = *curve;
    let used = borrows / (cash + borrows - reserves);
    let rate = if used <= kink { used * slope } else { kink * slope + (used - kink) * jump };
    let growth = rate * Decimal::from(BLOCKS);
    let interest = growth * borrows;
    [borrows + interest, reserves + factor * interest, index + index * growth]
}

fn accrue(c: &mut Criterion) {
    let mut group = c.benchmark_group("lending/accrue");
    for (name, decimals) in [("6", 6), ("18", 18)] {
        let figures = figures(decimals);
        let markets: Vec<_> = figures.iter().map(wad_market).collect();
        let contracts: Vec<_> = figures.iter().map(contract).collect();
        for (market, contract) in markets.iter().zip(&contracts) {
            let state = *market.accrue(blocks(BLOCKS)).unwrap().after.state();
            let ours = [state.borrows.get(), state.reserves.get(), state.borrow_index.get()];
            assert_eq!(ours.map(|n| U256::from(n.raw())), contract.accrue(BLOCKS).unwrap());
        }
        batch(&mut group, "wad", name, &markets, |market| market.accrue(blocks(BLOCKS)));
        batch(&mut group, "ruint_u256", name, &contracts, |c| c.accrue(BLOCKS).ok_or(()));

        let tokens: Vec<_> = figures.iter().map(tokens).collect();
        let decimals: Vec<_> = figures.iter().map(decimal_market).collect();
        let curve = {
            let curve = *model(decimal_percent).curve();
            let kink = curve.kink.unwrap();
            [curve.slope.get(), kink.at.get(), kink.jump.get(), Decimal::new(75, 3)]
        };
        for (market, tokens) in decimals.iter().zip(&tokens) {
            let state = *market.accrue(blocks(BLOCKS)).unwrap().after.state();
            let [borrows, reserves, index] = naive_accrue(tokens, &curve);
            let near = |ours: Decimal, theirs: Decimal| {
                // The contract's rates have 18 places, which leaves a rate of a block ten digits.
                assert!((ours - theirs).abs() <= theirs * Decimal::new(1, 12), "{ours} {theirs}");
            };
            near(state.borrows.get(), borrows);
            near(state.reserves.get(), reserves);
            near(state.borrow_index.get(), index);
        }
        batch(&mut group, "decimal", name, &decimals, |market| market.accrue(blocks(BLOCKS)));
        batch(&mut group, "rust_decimal_naive", name, &tokens, |tokens| {
            Ok::<_, ()>(naive_accrue(tokens, &curve))
        });

        let floats: Vec<_> = figures.iter().map(f64_market).collect();
        for (market, exact) in floats.iter().zip(&markets) {
            let ours = market.accrue(blocks(BLOCKS)).unwrap().after.state().borrow_index.get();
            let exact = exact.accrue(blocks(BLOCKS)).unwrap().after.state().borrow_index.to_f64();
            assert!((ours / exact - 1.0).abs() < 1e-12);
        }
        batch(&mut group, "f64", name, &floats, |market| market.accrue(blocks(BLOCKS)));
    }
    group.finish();
}

/// Shares, exchange rate, debt, price, collateral factor: in base units, mantissas of 18 places.
type Held = [u128; 5];

/// An account over eight markets: collateral in five of them, debts in four; about half of the accounts healthy.
fn account(seed: u128) -> Vec<Held> {
    (0..MARKETS)
        .map(|i| {
            let shares = if i < 5 { 1_234_567_890_123 * (i + 1) + seed * 17 } else { 0 };
            let debt = if i >= 4 { 50_000_000_000_000_000_000 * i + seed * seed * ONE } else { 0 };
            let rate = 200_123_456_789_012_345_678_901_234 + i * 1_000_003;
            let price = (i + 1) * 987_654_321_098_765_432 + seed * 1_000_000_007;
            [shares, rate, debt, price, (60 + i) * ONE / 100]
        })
        .collect()
}

fn positions<N: Number>(held: &[Held], of: impl Fn(u128) -> N) -> Vec<Position<N>> {
    held.iter()
        .map(|held| {
            let [shares, rate, debt, price, factor] = held.map(&of);
            Position::new(shares, rate, debt, Price::new(price).unwrap(), factor).unwrap()
        })
        .collect()
}

/// `getHypotheticalAccountLiquidityInternal` in checked 256-bit integers: limit and debt.
fn ruint_account(held: &[[U256; 5]]) -> Option<(U256, U256)> {
    let one = U256::from(ONE);
    let times = |a: U256, b: U256| a.checked_mul(b)?.checked_div(one);
    held.iter().try_fold((U256::ZERO, U256::ZERO), |(limit, owed), held| {
        let [shares, rate, debt, price, factor] = *held;
        let weight = times(times(factor, rate)?, price)?;
        Some((limit.checked_add(times(weight, shares)?)?, owed.checked_add(times(price, debt)?)?))
    })
}

fn naive_account(held: &[[Decimal; 5]]) -> (Decimal, Decimal) {
    held.iter().fold((Decimal::ZERO, Decimal::ZERO), |(limit, owed), held| {
        let [shares, rate, debt, price, factor] = *held;
        (limit + factor * rate * price * shares, owed + price * debt)
    })
}

fn healthy<N: Number>(positions: &[Position<N>]) -> Result<bool, LendingError> {
    Ok(Account::of(positions)?.is_healthy())
}

fn health(c: &mut Criterion) {
    let mut group = c.benchmark_group("lending/health");
    let held: Vec<_> = (0..u128::from(BATCH)).map(account).collect();
    // Whole tokens and shares at the same values.
    let decimal = |units: u128| Decimal::try_from(wad(units)).unwrap();
    let float = |units: u128| units as f64 / 1e18;

    let wads: Vec<_> = held.iter().map(|held| positions(held, wad)).collect();
    let ruints: Vec<Vec<_>> = held
        .iter()
        .map(|held| held.iter().map(|held| held.map(|units| U256::from(units))).collect())
        .collect();
    let decimals: Vec<_> = held.iter().map(|held| positions(held, decimal)).collect();
    let naive: Vec<Vec<_>> =
        held.iter().map(|held| held.iter().map(|held| held.map(decimal)).collect()).collect();
    let floats: Vec<_> = held.iter().map(|held| positions(held, float)).collect();

    let mut unhealthy = 0;
    for i in 0..held.len() {
        let account = Account::of(&wads[i]).unwrap();
        let (limit, owed) = ruint_account(&ruints[i]).unwrap();
        assert_eq!(U256::from(account.borrow_limit().get().raw()), limit);
        assert_eq!(U256::from(account.debt_value().get().raw()), owed);
        let answers = [
            healthy(&wads[i]).unwrap(),
            healthy(&decimals[i]).unwrap(),
            healthy(&floats[i]).unwrap(),
            limit >= owed,
            {
                let (limit, owed) = naive_account(&naive[i]);
                limit >= owed
            },
        ];
        assert!(answers.iter().all(|answer| *answer == answers[0]));
        unhealthy += usize::from(!answers[0]);
    }
    assert!(unhealthy > 5 && unhealthy + 5 < held.len(), "{unhealthy}");

    let input = "8_markets";
    batch(&mut group, "wad", input, &wads, |positions| healthy(positions));
    batch(&mut group, "ruint_u256", input, &ruints, |held| {
        ruint_account(held).map(|(limit, owed)| limit >= owed).ok_or(())
    });
    batch(&mut group, "decimal", input, &decimals, |positions| healthy(positions));
    batch(&mut group, "rust_decimal_naive", input, &naive, |held| {
        let (limit, owed) = naive_account(held);
        Ok::<_, ()>(limit >= owed)
    });
    batch(&mut group, "f64", input, &floats, |positions| healthy(positions));
    group.finish();
}

/// All of a million accounts over two markets looked at for those that can be liquidated; nothing is allocated
/// for an account.
fn scan(c: &mut Criterion) {
    const ACCOUNTS: u128 = 1_000_000;
    let held = |i: u128| {
        let [_, rate, _, price, factor] = account(i % 64)[4];
        let supplied = [1_000_000_000_000 + i * 1_000, rate, 0, price, factor];
        let borrowed = [0, rate, 400_000_000_000_000_000_000 + i * 1_234_567_890, ONE, factor];
        [supplied, borrowed]
    };
    let accounts: Vec<[Position<Wad>; 2]> =
        (0..ACCOUNTS).map(|i| positions(&held(i), wad).try_into().unwrap()).collect();
    let liquidatable = |accounts: &[[Position<Wad>; 2]]| -> Result<usize, LendingError> {
        accounts
            .iter()
            .try_fold(0, |count, positions| Ok(count + usize::from(!healthy(positions)?)))
    };
    let found = liquidatable(&accounts).unwrap();
    let mut group = c.benchmark_group("lending/scan");
    group.throughput(Throughput::Elements(accounts.len() as u64)).sample_size(10);
    group.bench_function(BenchmarkId::new("wad", "1_000_000_accounts"), |bencher| {
        bencher.iter(|| assert_eq!(liquidatable(black_box(&accounts)), Ok(found)));
    });
    group.finish();
}

criterion_group!(benches, accrue, health, scan);
criterion_main!(benches);
