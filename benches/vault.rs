//! Hot paths of the vault: is a position safe, a year of fees, the price of an auction, and a scan of a
//! million positions; beside what one would write instead.
//!
//! `ray` is the contract's own pair of numbers, amounts in `Wad` and rates in `Ray`. One iteration takes a
//! batch of 64 that stands ready; times are for a batch. All functions of a group see the same inputs, and
//! their answers are compared before anything is measured.

#![allow(
    clippy::unwrap_used,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    missing_docs,
    reason = "benches: a wrong answer should stop them; criterion's macros write undocumented functions"
)]

mod common;

use std::hint::black_box;

use common::BATCH;
use criterion::measurement::WallTime;
use criterion::{
    BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main,
};
use defi_math::rate::seconds;
use defi_math::vault::{
    Auction, AuctionHouse, AuctionTerms, Coins, CollateralType, CollateralTypeState, Position,
    PriceCurve, System, SystemState, UnitPrice, VaultNumber, risk,
};
use defi_math::{Amount, Index, Ratio, Ray, Wad};
use ruint::aliases::U256;
use rust_decimal::Decimal;

const RAY: u128 = 10_u128.pow(27);
/// 5 % a year.
const DUTY: u128 = 1_000_000_001_547_125_957_863_212_448;
const YEAR: u32 = 31_536_000;
/// Of an ether at 3,000 and 150 %.
const SPOT: u128 = 2_000 * RAY;
const RATE: u128 = 1_098_765_432_109_876_543_210_987_654;

fn batch<T: Copy, A, E>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    function: &str,
    input: &str,
    inputs: &[T],
    answer: impl Fn(T) -> Result<A, E>,
) {
    group.throughput(Throughput::Elements(BATCH));
    group.bench_function(BenchmarkId::new(function, input), |bencher| {
        bencher.iter(|| {
            for &input in black_box(inputs) {
                black_box(answer(input)?);
            }
            Ok::<(), E>(())
        });
    });
}

/// A number type, and how base units are written in it.
trait Bench: VaultNumber {
    fn wad(units: u128) -> Self;
    fn ray(units: u128) -> Self::Rate;
}

impl Bench for Wad {
    fn wad(units: u128) -> Self {
        Self::from_raw(units)
    }

    fn ray(units: u128) -> Ray {
        Ray::from_raw(units)
    }
}

impl Bench for Decimal {
    fn wad(units: u128) -> Self {
        Self::from_i128_with_scale(units as i128, 18)
    }

    fn ray(units: u128) -> Self {
        Self::try_from(Ray::from_raw(units)).unwrap()
    }
}

impl Bench for f64 {
    fn wad(units: u128) -> Self {
        units as Self / 1e18
    }

    fn ray(units: u128) -> Self {
        units as Self / 1e27
    }
}

/// Collateral and normalized debt of so many positions, from deep below water to far above it.
fn positions(count: u128) -> Vec<(u128, u128)> {
    (0..count)
        .map(|i| {
            let ink = 12_345_678_901_234_567_890 + (i * 7_919 % 10_007) * 123_456_789_012_345_678;
            // At a debt of 55 to 155 % of what the collateral is good for.
            let part = 55 + i * 31 % 101;
            (ink, ink / 100 * part * (SPOT / RAY) * 10 / 11)
        })
        .collect()
}

fn typed<N: Bench>(positions: &[(u128, u128)]) -> Vec<Position<N>> {
    positions.iter().map(|&(ink, art)| Position::new(N::wad(ink), N::wad(art)).unwrap()).collect()
}

fn collateral_type<N: Bench>() -> CollateralType<N> {
    let state = CollateralTypeState {
        normalized_debt: Amount::new(N::wad(10_u128.pow(24))).unwrap(),
        accumulated_rate: Index::new(N::ray(RATE)).unwrap(),
        safety_price: UnitPrice::new(N::ray(SPOT)).unwrap(),
        stability_fee: Index::new(N::ray(DUTY)).unwrap(),
        ..CollateralTypeState::at_ratio(Ratio::ONE).unwrap()
    };
    state.try_into().unwrap()
}

/// The contract's comparison in checked 256-bit integers.
fn ruint_is_safe((ink, art): (U256, U256), spot: U256, rate: U256) -> Result<bool, ()> {
    Ok(art.checked_mul(rate).ok_or(())? <= ink.checked_mul(spot).ok_or(())?)
}

fn health(c: &mut Criterion) {
    let mut group = c.benchmark_group("vault/health");
    let raw = positions(u128::from(BATCH));
    let big: Vec<_> = raw.iter().map(|&(ink, art)| (U256::from(ink), U256::from(art))).collect();
    let (spot, rate) = (U256::from(SPOT), U256::from(RATE));
    let (ray, decimal, float) = (typed::<Wad>(&raw), typed::<Decimal>(&raw), typed::<f64>(&raw));
    let types = (collateral_type::<Wad>(), collateral_type::<Decimal>(), collateral_type::<f64>());
    let naive: Vec<_> =
        raw.iter().map(|&(ink, art)| (Decimal::wad(ink), Decimal::wad(art))).collect();
    let prices = (Decimal::ray(SPOT), Decimal::ray(RATE));
    let bare: Vec<_> = raw.iter().map(|&(ink, art)| (f64::wad(ink), f64::wad(art))).collect();
    let bare_prices = (f64::ray(SPOT), f64::ray(RATE));
    let mut safe = 0;
    for (i, &position) in big.iter().enumerate() {
        let answer = ray[i].is_safe(&types.0).unwrap();
        assert_eq!(Ok(answer), ruint_is_safe(position, spot, rate));
        assert_eq!(answer, decimal[i].is_safe(&types.1).unwrap());
        assert_eq!(answer, float[i].is_safe(&types.2).unwrap());
        safe += usize::from(answer);
    }
    assert!((16..48).contains(&safe));
    batch(&mut group, "ray", "maker", &ray, |position| position.is_safe(&types.0));
    batch(&mut group, "ruint_u256", "maker", &big, |position| ruint_is_safe(position, spot, rate));
    batch(&mut group, "decimal", "maker", &decimal, |position| position.is_safe(&types.1));
    batch(&mut group, "rust_decimal_naive", "maker", &naive, |(ink, art)| {
        Ok::<_, ()>(art * prices.1 <= ink * prices.0)
    });
    batch(&mut group, "f64", "maker", &float, |position| position.is_safe(&types.2));
    batch(&mut group, "f64_bare", "maker", &bare, |(ink, art)| {
        Ok::<_, ()>(art * bare_prices.1 <= ink * bare_prices.0)
    });
}

/// `rpow` in checked 256-bit integers.
fn ruint_rpow(x: U256, mut n: u32) -> Option<U256> {
    let (ray, half) = (U256::from(RAY), U256::from(RAY / 2));
    let product = |a: U256, b: U256| Some(a.checked_mul(b)?.checked_add(half)? / ray);
    let mut base = x;
    let mut power = if n % 2 == 1 { x } else { ray };
    n /= 2;
    while n > 0 {
        base = product(base, base)?;
        if n % 2 == 1 {
            power = product(power, base)?;
        }
        n /= 2;
    }
    Some(power)
}

/// `Jug.drip` and `Vat.fold`: the new rate and the fee.
fn ruint_drip(duty: U256) -> Result<(U256, U256), ()> {
    let (rate, all) = (U256::from(RATE), U256::from(10_u128.pow(24)));
    let power = ruint_rpow(duty, YEAR).ok_or(())?;
    let after = power.checked_mul(rate).ok_or(())? / U256::from(RAY);
    let fee = after.checked_sub(rate).and_then(|growth| growth.checked_mul(all)).ok_or(())?;
    Ok((after, fee))
}

fn fee(c: &mut Criterion) {
    fn types<N: Bench>(duties: &[u128]) -> Vec<CollateralType<N>> {
        let with = |&duty: &u128| {
            let fee = Index::new(N::ray(duty)).unwrap();
            collateral_type::<N>().with_stability_fee(fee, seconds(0)).unwrap()
        };
        duties.iter().map(with).collect()
    }
    fn system<N: Bench>() -> System<N> {
        let issued = Coins::of(Amount::new(N::wad(2 * 10_u128.pow(24))).unwrap()).unwrap();
        SystemState { issued, ..SystemState::empty().unwrap() }.try_into().unwrap()
    }
    let mut group = c.benchmark_group("vault/fee");
    let duties: Vec<u128> =
        (0..u128::from(BATCH)).map(|i| DUTY + i * 12_345_678_901_234_567).collect();
    let big: Vec<_> = duties.iter().map(|&duty| U256::from(duty)).collect();
    let (ray, decimal, float) =
        (types::<Wad>(&duties), types::<Decimal>(&duties), types::<f64>(&duties));
    let systems = (system::<Wad>(), system::<Decimal>(), system::<f64>());
    for (i, &duty) in big.iter().enumerate() {
        let accrual = ray[i].accrue(seconds(YEAR), &systems.0).unwrap();
        let rate = accrual.collateral_type.state().accumulated_rate.get();
        let (expected, fee) = ruint_drip(duty).unwrap();
        assert_eq!(U256::from(rate.raw()), expected);
        let (hi, lo) = accrual.system.state().surplus.raw();
        assert_eq!((U256::from(hi) << 128) + U256::from(lo), fee);
        let people = decimal[i].accrue(seconds(YEAR), &systems.1).unwrap();
        let people = people.collateral_type.state().accumulated_rate.get();
        assert_eq!(people, Decimal::try_from(rate).unwrap());
    }
    batch(&mut group, "ray", "year", &ray, |t| t.accrue(seconds(YEAR), &systems.0));
    batch(&mut group, "ruint_u256", "year", &big, ruint_drip);
    batch(&mut group, "decimal", "year", &decimal, |t| t.accrue(seconds(YEAR), &systems.1));
    batch(&mut group, "f64", "year", &float, |t| t.accrue(seconds(YEAR), &systems.2));
}

fn curves<N: Bench>() -> [(&'static str, AuctionHouse<N>); 3] {
    let factor = |units: u128| Ratio::new(N::ray(units)).unwrap();
    let house = |curve| AuctionHouse::try_from(AuctionTerms::on_curve(curve)).unwrap();
    [
        ("linear", house(PriceCurve::Linear { duration: seconds(21_600) })),
        (
            "stairstep",
            house(PriceCurve::Stairstep { step: seconds(90), factor: factor(RAY / 100 * 99) }),
        ),
        ("exponential", house(PriceCurve::Exponential { factor: factor(RAY / 10_000 * 9_999) })),
    ]
}

fn ruint_price(curve: &str, top: U256, age: u32) -> Result<U256, ()> {
    let ray = U256::from(RAY);
    let left = match curve {
        "linear" => U256::from(21_600 - age) * ray / U256::from(21_600),
        "stairstep" => ruint_rpow(U256::from(RAY / 100 * 99), age / 90).ok_or(())?,
        _ => ruint_rpow(U256::from(RAY / 10_000 * 9_999), age).ok_or(())?,
    };
    Ok(top.checked_mul(left).ok_or(())? / ray)
}

fn auction_price(c: &mut Criterion) {
    fn auctions<N: Bench>(tops: &[(u128, u32)]) -> Vec<(Auction<N>, u32)> {
        let auction = |&(top, age): &(u128, u32)| {
            let top = UnitPrice::new(N::ray(top)).unwrap();
            (Auction::new(N::ONE, N::ONE, top).unwrap(), age)
        };
        tops.iter().map(auction).collect()
    }
    let mut group = c.benchmark_group("vault/auction_price");
    // Below 79, so that a `Decimal` has all of its places.
    let tops: Vec<_> = (0..BATCH as u32)
        .map(|i| (70 * RAY + u128::from(i) * 123_456_789_012_345, 600 + i * 113))
        .collect();
    let (ray, decimal, float) =
        (auctions::<Wad>(&tops), auctions::<Decimal>(&tops), auctions::<f64>(&tops));
    let big: Vec<_> = tops.iter().map(|&(top, age)| (U256::from(top), age)).collect();
    let (houses, people, floats) = (curves::<Wad>(), curves::<Decimal>(), curves::<f64>());
    for (i, (name, house)) in houses.iter().enumerate() {
        let name = *name;
        for (at, &(top, age)) in big.iter().enumerate() {
            let price = ray[at].0.price(seconds(age), house).unwrap().get();
            assert_eq!(U256::from(price.raw()), ruint_price(name, top, age).unwrap());
            let decimal = decimal[at].0.price(seconds(age), &people[i].1).unwrap().get();
            assert_eq!(decimal, Decimal::try_from(price).unwrap());
        }
        batch(&mut group, "ray", name, &ray, |(auction, age)| auction.price(seconds(age), house));
        batch(&mut group, "ruint_u256", name, &big, |(top, age)| ruint_price(name, top, age));
        batch(&mut group, "decimal", name, &decimal, |(auction, age)| {
            auction.price(seconds(age), &people[i].1)
        });
        batch(&mut group, "f64", name, &float, |(auction, age)| {
            auction.price(seconds(age), &floats[i].1)
        });
    }
}

/// Which of a million positions are unsafe at a price.
fn scan(c: &mut Criterion) {
    const COUNT: u64 = 1_000_000;
    let mut group = c.benchmark_group("vault/scan");
    group.sample_size(10).throughput(Throughput::Elements(COUNT));
    let raw = positions(u128::from(COUNT));
    let big: Vec<_> = raw.iter().map(|&(ink, art)| (U256::from(ink), U256::from(art))).collect();
    let (spot, rate) = (U256::from(SPOT), U256::from(RATE));
    let in_big = |big: &[(U256, U256)]| {
        big.iter().filter(|position| ruint_is_safe(**position, spot, rate) == Ok(false)).count()
    };
    let (ray, decimal, float) = (typed::<Wad>(&raw), typed::<Decimal>(&raw), typed::<f64>(&raw));
    let types = (collateral_type::<Wad>(), collateral_type::<Decimal>(), collateral_type::<f64>());
    let found = in_big(&big);
    assert_eq!(risk::unsafe_positions(&ray, &types.0).count(), found);
    assert_eq!(risk::unsafe_positions(&decimal, &types.1).count(), found);
    assert_eq!(risk::unsafe_positions(&float, &types.2).count(), found);
    group.bench_function(BenchmarkId::new("ray", "million"), |bencher| {
        bencher.iter(|| risk::unsafe_positions(black_box(&ray), &types.0).count());
    });
    group.bench_function(BenchmarkId::new("ruint_u256", "million"), |bencher| {
        bencher.iter(|| in_big(black_box(&big)));
    });
    group.bench_function(BenchmarkId::new("decimal", "million"), |bencher| {
        bencher.iter(|| risk::unsafe_positions(black_box(&decimal), &types.1).count());
    });
    group.bench_function(BenchmarkId::new("f64", "million"), |bencher| {
        bencher.iter(|| risk::unsafe_positions(black_box(&float), &types.2).count());
    });
}

criterion_group!(benches, health, fee, auction_price, scan);
criterion_main!(benches);
