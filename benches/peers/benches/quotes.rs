//! Quotes of `defi-math` beside those of other crates, on the inputs of the library's own benches.
//!
//! Everything that can stand ready does: our curve, the other crate's pair and amounts. Answers are
//! compared before anything is measured.

#![allow(missing_docs, reason = "criterion's macros write undocumented functions")]

#[path = "../../common/mod.rs"]
mod common;

// Linked for its symbols alone.
use critical_section as _;

use std::fmt::Debug;
use std::hint::black_box;

use common::{BATCH, Trade, classes};
use criterion::measurement::WallTime;
use criterion::{
    BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main,
};
use defi_math::amm::{AmmError, ConstantProduct};
use defi_math::{Amount, Fee, Wad};
use hydra_dx_math::xyk;
use uniswap_sdk_core::prelude::{BigInt, CurrencyAmount, FractionBase, Token};
use uniswap_sdk_core::token;
use uniswap_v2_sdk::prelude::Pair;

fn measure<I, O, E: Debug>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    (function, input): (&str, &str),
    batch: &[I],
    quote: impl Fn(&I) -> Result<O, E>,
) {
    group.throughput(Throughput::Elements(BATCH));
    group.bench_function(BenchmarkId::new(function, input), |bencher| {
        bencher.iter(|| {
            for input in black_box(batch) {
                black_box(quote(input)?);
            }
            Ok::<(), E>(())
        });
    });
}

type Ours = (ConstantProduct<Wad>, Amount<Wad>);

fn ours(trades: &[Trade<Amount<Wad>>], fee: Fee) -> Vec<Ours> {
    let curve = |t: &Trade<Amount<Wad>>| ConstantProduct::new(t.x, t.y, fee).unwrap();
    trades.iter().map(|trade| (curve(trade), trade.dx)).collect()
}

fn amount_out((curve, dx): &Ours) -> Result<Amount<Wad>, AmmError> {
    curve.amount_out(*dx)
}

/// With the fee of 0.3 %: Uniswap's own library, in Rust.
fn with_fee(criterion: &mut Criterion) {
    let (x, y) = (
        token!(1, "0000000000000000000000000000000000000001", 18, "X"),
        token!(1, "0000000000000000000000000000000000000002", 18, "Y"),
    );
    let holding = |token: &Token, units: Amount<Wad>| {
        let units: BigInt = units.get().raw().to_string().parse().unwrap();
        CurrencyAmount::from_raw_amount(token.clone(), units).unwrap()
    };

    let mut group = criterion.benchmark_group("peers/amount_out");
    for class in classes() {
        let trades = class.wad();
        let curves = ours(&trades, Fee::PERCENT_0_30);
        let pairs: Vec<_> = trades
            .iter()
            .map(|trade| {
                let pair = Pair::new(holding(&x, trade.x), holding(&y, trade.y)).unwrap();
                (pair, holding(&x, trade.dx))
            })
            .collect();
        for (curve, (pair, dx)) in curves.iter().zip(&pairs) {
            let (dy, _) = pair.get_output_amount(dx, false).unwrap();
            let answer = amount_out(curve).unwrap().get().raw();
            assert_eq!(answer.to_string(), dy.quotient().to_string());
        }
        measure(&mut group, ("wad", class.name), &curves, amount_out);
        measure(&mut group, ("uniswap_v2_sdk", class.name), &pairs, |(pair, dx)| {
            pair.get_output_amount(dx, false)
        });
    }
}

/// Without a fee, which `HydraDX` takes apart from the quote.
fn without_fee(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("peers/amount_out_without_fee");
    for class in classes() {
        let trades = class.wad();
        let curves = ours(&trades, Fee::ZERO);
        let units: Vec<_> =
            trades.iter().map(|t| [t.x, t.y, t.dx].map(|amount| amount.get().raw())).collect();
        let hydra = |[x, y, dx]: &[u128; 3]| xyk::calculate_out_given_in(*x, *y, *dx);
        for (curve, units) in curves.iter().zip(&units) {
            assert_eq!(amount_out(curve).unwrap().get().raw(), hydra(units).unwrap());
        }
        measure(&mut group, ("wad", class.name), &curves, amount_out);
        measure(&mut group, ("hydra_dx_math", class.name), &units, hydra);
    }
}

criterion_group!(benches, with_fee, without_fee);
criterion_main!(benches);
