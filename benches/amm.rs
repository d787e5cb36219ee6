//! Pricing hot paths of the market maker, beside what one would write instead.
//!
//! One iteration prices a batch of 64 trades of one size class on curves that stand ready, as a hot
//! loop does; times are for a batch. All functions of a group see the same trades, and their answers
//! are compared before anything is measured.

#![allow(
    clippy::unwrap_used,
    clippy::float_arithmetic,
    clippy::arithmetic_side_effects,
    missing_docs,
    reason = "benches: a wrong answer should stop them; criterion's macros write undocumented functions"
)]

mod common;

use std::hint::black_box;

use common::{BATCH, Trade, classes, quantities};
use criterion::measurement::WallTime;
use criterion::{
    BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main,
};
use defi_math::amm::{Amounts, ConstantProduct, Pool, Token};
use defi_math::{Amount, Fee, Number, Price};
use ruint::aliases::{U256, U512};
use rust_decimal::Decimal;

const FEE: Fee = Fee::PERCENT_0_30;

/// Runs `price` over the batch, each answer consumed, the first refusal returned.
fn batch<T: Copy, A, E>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    function: &str,
    input: &str,
    trades: &[T],
    price: impl Fn(T) -> Result<A, E>,
) {
    group.throughput(Throughput::Elements(BATCH));
    group.bench_function(BenchmarkId::new(function, input), |bencher| {
        bencher.iter(|| {
            for &trade in black_box(trades) {
                black_box(price(trade)?);
            }
            Ok::<(), E>(())
        });
    });
}

/// The trade and its curve, which a hot loop holds.
fn curves<N: Number>(trades: &[Trade<Amount<N>>]) -> Vec<(Amount<N>, ConstantProduct<N>)> {
    trades.iter().map(|t| (t.dx, ConstantProduct::new(t.x, t.y, FEE).unwrap())).collect()
}

fn pools<N: Number>(trades: &[Trade<Amount<N>>]) -> Vec<(Amount<N>, Pool<N>)> {
    trades.iter().map(|t| (t.dx, Pool::new(t.x, t.y, FEE).unwrap())).collect()
}

/// `UniswapV2Library.getAmountOut` in checked 256-bit integers.
fn ruint_amount_out(Trade { dx, x, y }: Trade<U256>) -> Result<U256, ()> {
    if dx.is_zero() || x.is_zero() || y.is_zero() {
        return Err(());
    }
    let kept = dx.checked_mul(U256::from(997)).ok_or(())?;
    let numerator = kept.checked_mul(y).ok_or(())?;
    let denominator =
        x.checked_mul(U256::from(1_000)).and_then(|x| x.checked_add(kept)).ok_or(())?;
    numerator.checked_div(denominator).ok_or(())
}

/// `UniswapV2Library.getAmountIn`, with the exact ceiling, in checked 256-bit integers.
fn ruint_amount_in(Trade { dx: dy, x, y }: Trade<U256>) -> Result<U256, ()> {
    if dy.is_zero() || x.is_zero() || dy >= y {
        return Err(());
    }
    let numerator = x.checked_mul(dy).and_then(|n| n.checked_mul(U256::from(1_000))).ok_or(())?;
    let denominator = (y - dy).checked_mul(U256::from(997)).ok_or(())?;
    Ok(numerator.div_ceil(denominator))
}

/// The pair's own check of k in checked 256-bit integers.
fn ruint_settles(Trade { dx, x, y }: Trade<U256>, dy: U256) -> Result<bool, ()> {
    let thousand = U256::from(1_000);
    let after_x = x.checked_add(dx).and_then(|x| x.checked_mul(thousand)).ok_or(())?;
    let after_x = dx.checked_mul(U256::from(3)).and_then(|f| after_x.checked_sub(f)).ok_or(())?;
    let after_y = y.checked_sub(dy).and_then(|y| y.checked_mul(thousand)).ok_or(())?;
    let before = x.checked_mul(y).and_then(|k| k.checked_mul(U256::from(1_000_000))).ok_or(())?;
    Ok(after_x.checked_mul(after_y).ok_or(())? >= before)
}

/// `UniswapV2LiquidityMathLibrary.computeProfitMaximizingTrade`, with a 512-bit product as its own.
fn ruint_optimal(Trade { x, y, .. }: Trade<U256>, quote: U256, base: U256) -> Result<U256, ()> {
    let product: U512 = x.widening_mul(y);
    let scaled = product * U512::from(1_000) * U512::from(base);
    let root = (scaled / (U512::from(997) * U512::from(quote))).root(2);
    let spent = x.checked_mul(U256::from(1_000)).ok_or(())? / U256::from(997);
    root.checked_sub(U512::from(spent)).map(|dx| U256::from(dx)).ok_or(())
}

fn naive_amount_out(Trade { dx, x, y }: Trade<Decimal>, gamma: Decimal) -> Decimal {
    let kept = dx * gamma;
    y * kept / (x + kept)
}

fn amount_out(c: &mut Criterion) {
    let mut group = c.benchmark_group("amm/amount_out");
    for class in classes() {
        let name = class.name;
        let (wad, ruint) = (curves(&class.wad()), class.ruint());
        for ((dx, curve), &trade) in wad.iter().zip(&ruint) {
            let answer = curve.amount_out(*dx).unwrap().get().raw();
            assert_eq!(U256::from(answer), ruint_amount_out(trade).unwrap());
        }
        batch(&mut group, "wad", name, &wad, |(dx, curve)| curve.amount_out(dx).map(Amount::get));
        batch(&mut group, "ruint_u256", name, &ruint, ruint_amount_out);

        if let Some(trades) = class.decimal() {
            let gamma = Decimal::new(997, 3);
            let decimal = curves(&quantities(&trades));
            for (((dx, curve), &trade), (wad_dx, wad_curve)) in
                decimal.iter().zip(&trades).zip(&wad)
            {
                let exact = curve.amount_out(*dx).unwrap().get();
                let units = wad_curve.amount_out(*wad_dx).unwrap().get();
                assert_eq!(exact, Decimal::try_from(units).unwrap());
                let distance = (naive_amount_out(trade, gamma) - exact).abs();
                assert!(distance <= Decimal::new(1, 17));
            }
            batch(&mut group, "decimal", name, &decimal, |(dx, curve)| {
                curve.amount_out(dx).map(Amount::get)
            });
            batch(&mut group, "rust_decimal_naive", name, &trades, |trade| {
                Ok::<_, ()>(naive_amount_out(trade, gamma))
            });
        }

        let trades = class.f64();
        let float = curves(&quantities(&trades));
        let bare = |Trade { dx, x, y }: Trade<f64>| {
            let kept = dx * 0.997;
            Ok::<f64, ()>(y * kept / (x + kept))
        };
        for ((dx, curve), &trade) in float.iter().zip(&trades) {
            let (answer, bare) = (curve.amount_out(*dx).unwrap().get(), bare(trade).unwrap());
            assert!((answer - bare).abs() <= 1e-12 * bare);
        }
        batch(&mut group, "f64", name, &float, |(dx, curve)| curve.amount_out(dx).map(Amount::get));
        batch(&mut group, "f64_bare", name, &trades, bare);
    }
}

fn amount_in(c: &mut Criterion) {
    let mut group = c.benchmark_group("amm/amount_in");
    for class in classes() {
        let name = class.name;
        // The trade's input, read as the output that is asked for from the flipped curve.
        let asked = |trades: Vec<Trade<U256>>| -> Vec<_> {
            trades.iter().map(|t| Trade { dx: t.dx, x: t.y, y: t.x }).collect()
        };
        let (wad, ruint) = (curves(&class.wad()), asked(class.ruint()));
        for ((dy, curve), &trade) in wad.iter().zip(&ruint) {
            let answer = curve.flip().amount_in(*dy).unwrap().get().raw();
            assert_eq!(U256::from(answer), ruint_amount_in(trade).unwrap());
        }
        batch(&mut group, "wad", name, &wad, |(dy, curve)| curve.flip().amount_in(dy));
        batch(&mut group, "ruint_u256", name, &ruint, ruint_amount_in);
        if let Some(trades) = class.decimal() {
            let decimal = curves(&quantities(&trades));
            batch(&mut group, "decimal", name, &decimal, |(dy, curve)| curve.flip().amount_in(dy));
        }
        let float = curves(&quantities(&class.f64()));
        batch(&mut group, "f64", name, &float, |(dy, curve)| {
            curve.flip().amount_in(dy).map(Amount::get)
        });
    }
}

fn settle(c: &mut Criterion) {
    fn payments<N: Number>(trades: &[Trade<Amount<N>>]) -> Vec<(Pool<N>, Amounts<N>, Amounts<N>)> {
        let priced = |(dx, pool): &(Amount<N>, Pool<N>)| {
            let dy = pool.amount_out(Token::X, *dx).unwrap();
            let paid = Amounts::only(Token::X, *dx).unwrap();
            (*pool, paid, Amounts::only(Token::Y, dy).unwrap())
        };
        pools(trades).iter().map(priced).collect()
    }
    let mut group = c.benchmark_group("amm/settle");
    for class in classes().into_iter().filter(|class| class.name != "112_bit") {
        let name = class.name;
        let (wad, ruint) = (payments(&class.wad()), class.ruint());
        let ruint: Vec<_> = wad
            .iter()
            .zip(ruint)
            .map(|((_, _, out), trade)| (trade, U256::from(out.y.get().raw())))
            .collect();
        for ((pool, paid, taken), &(trade, dy)) in wad.iter().zip(&ruint) {
            assert!(pool.settle(*paid, *taken).is_ok());
            assert_eq!(ruint_settles(trade, dy), Ok(true));
            assert_eq!(ruint_settles(trade, dy + U256::from(1)), Ok(false));
        }
        batch(&mut group, "wad", name, &wad, |(pool, paid, taken)| pool.settle(paid, taken));
        batch(&mut group, "ruint_u256", name, &ruint, |(trade, dy)| ruint_settles(trade, dy));
        let decimal = payments(&quantities(&class.decimal().unwrap()));
        batch(&mut group, "decimal", name, &decimal, |(pool, paid, taken)| {
            pool.settle(paid, taken)
        });
        let float = payments(&quantities(&class.f64()));
        batch(&mut group, "f64", name, &float, |(pool, paid, taken)| pool.settle(paid, taken));
    }
}

fn mint(c: &mut Criterion) {
    fn deposits<N: Number>(trades: &[Trade<Amount<N>>]) -> Vec<(Pool<N>, Amounts<N>)> {
        let deposit = |(dx, pool): &(Amount<N>, Pool<N>)| {
            let dy = pool.selling(Token::X).unwrap().proportional(*dx).unwrap();
            (*pool, Amounts::new(*dx, dy).unwrap())
        };
        pools(trades).iter().map(deposit).collect()
    }
    let mut group = c.benchmark_group("amm/mint");
    for class in classes().into_iter().filter(|class| class.name != "112_bit") {
        let name = class.name;
        let wad = deposits(&class.wad());
        batch(&mut group, "wad", name, &wad, |(pool, deposit)| pool.mint(deposit));
        let decimal = deposits(&quantities(&class.decimal().unwrap()));
        batch(&mut group, "decimal", name, &decimal, |(pool, deposit)| pool.mint(deposit));
        let float = deposits(&quantities(&class.f64()));
        batch(&mut group, "f64", name, &float, |(pool, deposit)| pool.mint(deposit));
    }
}

/// Against a price one percent below the pool's, fee included.
fn optimal_arbitrage(c: &mut Criterion) {
    fn cases<N: Number>(trades: &[Trade<Amount<N>>]) -> Vec<(ConstantProduct<N>, Price<N>)> {
        let case = |t: &Trade<Amount<N>>| {
            let curve = ConstantProduct::new(t.x, t.y, FEE).unwrap();
            let quote = ninety_nine_percent(t.y);
            (curve, Price::from_amounts(quote, t.x).unwrap())
        };
        trades.iter().map(case).collect()
    }
    let mut group = c.benchmark_group("amm/optimal_arbitrage");
    for class in classes() {
        let name = class.name;
        let wad = cases(&class.wad());
        let ruint: Vec<_> = class
            .wad()
            .iter()
            .zip(class.ruint())
            .map(|(t, trade)| {
                let quote = U256::from(ninety_nine_percent(t.y).get().raw());
                (trade, quote, trade.x)
            })
            .collect();
        for ((curve, price), &(trade, quote, base)) in wad.iter().zip(&ruint) {
            let answer = curve.optimal_amount_in(*price).unwrap().get().raw();
            assert_eq!(U256::from(answer), ruint_optimal(trade, quote, base).unwrap());
        }
        let best = |(curve, price): (ConstantProduct<_>, Price<_>)| curve.optimal_amount_in(price);
        batch(&mut group, "wad", name, &wad, best);
        batch(&mut group, "ruint_u512", name, &ruint, |(trade, quote, base)| {
            ruint_optimal(trade, quote, base)
        });
        if let Some(trades) = class.decimal() {
            let decimal = cases(&quantities(&trades));
            batch(&mut group, "decimal", name, &decimal, |(curve, price)| {
                curve.optimal_amount_in(price)
            });
        }
        let float = cases(&quantities(&class.f64()));
        batch(&mut group, "f64", name, &float, |(curve, price)| {
            curve.optimal_amount_in(price).map(Amount::get)
        });
    }
}

/// 99 % of an amount, rounded down: what the marginal price of a curve with a fee of 1 % leaves of it.
fn ninety_nine_percent<N: Number>(amount: Amount<N>) -> Amount<N> {
    let curve = ConstantProduct::new(amount, amount, Fee::PERCENT_1).unwrap();
    curve.marginal_price().unwrap().quote_down(amount).unwrap()
}

criterion_group!(benches, amount_out, amount_in, settle, mint, optimal_arbitrage);
criterion_main!(benches);
