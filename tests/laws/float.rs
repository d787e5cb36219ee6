//! The laws on `f64`, which promises no direction: to [`RELATIVE_TOLERANCE`], 10⁻¹².
//!
//! The answers are floats; they are compared as the exact rationals that they are.

use defi_math::amm::{AmmError, Amounts, ConstantProduct, Pool, PoolState, Token, liquidity};
use defi_math::laws::Verdict;
use defi_math::laws::strategies::{self, integer, token};
use defi_math::num::RELATIVE_TOLERANCE;
use defi_math::rate::{PerDay, days};
use defi_math::{Amount, Fee, Price, Rate, Ratio, Shares};
use num_bigint::BigInt;
use num_rational::BigRational;
use proptest::prelude::*;

use crate::support::{accept, check};

fn exact(float: f64) -> BigRational {
    BigRational::from_float(float).unwrap()
}

fn of(amount: Amount<f64>) -> BigRational {
    exact(amount.get())
}

fn integer_of(n: u32) -> BigRational {
    BigRational::from(BigInt::from(n))
}

/// `a ≤ b`, or above it by the tolerance at most.
fn at_most(a: &BigRational, b: &BigRational) -> bool {
    *a <= b * (integer_of(1) + exact(RELATIVE_TOLERANCE))
}

fn close(a: &BigRational, b: &BigRational) -> bool {
    at_most(a, b) && at_most(b, a)
}

fn curve() -> impl Strategy<Value = ConstantProduct<f64>> {
    (strategies::reserve(), strategies::reserve(), strategies::fee())
        .prop_map(|(x, y, fee)| ConstantProduct::new(x, y, fee).unwrap())
}

/// An amount against a reserve: from a billionth of it to a billion times as much.
fn factor() -> impl Strategy<Value = f64> {
    let natural = || integer(1..=1_000_000_000).prop_map(|n| f64::from(u32::try_from(n).unwrap()));
    (natural(), natural()).prop_map(|(a, b)| a / b)
}

fn times(amount: Amount<f64>, factor: f64) -> Amount<f64> {
    Amount::new(amount.get() * factor).unwrap()
}

/// Sale and purchase against the same formulas in rationals.
#[test]
fn quotes_are_within_the_tolerance_of_the_exact_ones() {
    check((curve(), factor()), |(curve, factor)| {
        let (x, y) = (of(curve.reserve_in()), of(curve.reserve_out()));
        let (n, d) = (integer_of(curve.fee().kept()), integer_of(curve.fee().denominator()));
        let dx = times(curve.reserve_in(), factor);
        let sold = &n * of(dx);
        prop_assert!(close(&of(curve.amount_out(dx)?), &(&sold * &y / (&d * &x + &sold))));
        // Below half of the reserve, so that the rest is exact enough to divide by.
        let dy = times(curve.reserve_out(), factor / 2e9);
        let cost = d * x * of(dy) / (n * (y - of(dy)));
        prop_assert!(close(&of(curve.amount_in(dy)?), &cost));
        Ok(Verdict::Held)
    });
}

#[test]
fn swap_never_lowers_k() {
    check((strategies::pool::<f64>(), token(), factor()), |(pool, token_in, factor)| {
        let dx = times(pool.reserve(token_in), factor);
        let after = accept!(pool.swap_exact_in(token_in, dx)).after;
        // What is left of the reserve is a difference: its error is measured against the reserve.
        let reserves =
            |pool: &Pool<f64>| (of(pool.reserve(token_in)), of(pool.reserve(token_in.other())));
        let ((x, y), (x_after, y_after)) = (reserves(&pool), reserves(&after));
        let lost = &y * exact(RELATIVE_TOLERANCE);
        prop_assert!(x_after * (y_after + lost) >= x * y, "{after:?}");
        Ok(Verdict::Held)
    });
}

/// A quote can round up to the whole reserve; a swap that would empty it is refused.
#[test]
fn output_stays_below_the_reserve() {
    check((curve(), strategies::amount::<f64>()), |(curve, dx)| {
        let dy = accept!(curve.amount_out(dx));
        prop_assert!(at_most(&of(dy), &of(curve.reserve_out())));
        Ok(Verdict::Held)
    });
    check((strategies::plain_pool::<f64>(), token(), strategies::amount()), |(pool, token, dx)| {
        match pool.swap_exact_in(token, dx) {
            Ok(swap) => prop_assert!(!swap.after.reserve(token.other()).is_zero()),
            Err(AmmError::InsufficientLiquidity) => {}
            Err(_) => return Ok(Verdict::Refused),
        }
        Ok(Verdict::Held)
    });
}

#[test]
fn output_grows_with_input() {
    check((curve(), factor(), factor()), |(curve, one, other)| {
        let dy = |factor| curve.amount_out(times(curve.reserve_in(), factor)).map(of);
        prop_assert!(at_most(&accept!(dy(one.min(other))), &accept!(dy(one.max(other)))));
        Ok(Verdict::Held)
    });
}

#[test]
fn round_trip_never_profits() {
    check((strategies::plain_pool::<f64>(), token(), factor()), |(pool, token_in, factor)| {
        let dx = times(pool.reserve(token_in), factor);
        let there = accept!(pool.swap_exact_in(token_in, dx));
        let back = accept!(there.after.amount_out(token_in.other(), there.amount_out));
        let grown = of(there.after.reserve(token_in)) * exact(RELATIVE_TOLERANCE);
        prop_assert!(of(back) <= of(dx) + grown, "{back} > {dx}");
        Ok(Verdict::Held)
    });
}

#[test]
fn splitting_a_trade_never_helps() {
    let case = (strategies::plain_pool::<f64>(), token(), factor(), factor());
    check(case, |(pool, token_in, a, b)| {
        let (a, b) = (times(pool.reserve(token_in), a), times(pool.reserve(token_in), b));
        let first = accept!(pool.swap_exact_in(token_in, a));
        let second = accept!(first.after.amount_out(token_in, b));
        let at_once = accept!(pool.amount_out(token_in, accept!(a + b)));
        prop_assert!(at_most(&(of(first.amount_out) + of(second)), &of(at_once)));
        Ok(Verdict::Held)
    });
}

#[test]
fn exact_out_then_exact_in_delivers() {
    check((curve(), factor()), |(curve, factor)| {
        let dy = times(curve.reserve_out(), factor / 2e9);
        let dx = accept!(curve.amount_in(dy));
        prop_assert!(close(&of(curve.amount_out(dx)?), &of(dy)));
        Ok(Verdict::Held)
    });
}

/// The pool's own quote is accepted, and a payment short by a thousand times the tolerance is not:
/// at any magnitude, also where k itself is beyond the range of a float.
#[test]
fn settle_accepts_exactly_what_keeps_k() {
    // 2⁻⁵⁰⁰ to 2⁵⁰⁰.
    let any = || {
        (523..1_523_u64, any::<u32>()).prop_map(|(exponent, fraction)| {
            f64::from_bits((exponent << 52) | (u64::from(fraction) << 20))
        })
    };
    check(
        (any(), any(), strategies::fee(), token(), 1..1_000_u32),
        |(x, y, fee, token_in, part)| {
            let pool = accept!(Pool::new(x, y, fee));
            let dy = times(pool.reserve(token_in.other()), f64::from(part) / 1e3);
            let dx = accept!(pool.amount_in(token_in, dy));
            let taken = Amounts::only(token_in.other(), dy)?;
            let pay = |amount| Amounts::only(token_in, amount);
            prop_assert!(pool.settle(pay(dx)?, taken).is_ok());
            let short = times(dx, 1.0 - 1e-9);
            // Against the whole reserve a dust payment's shortfall is within the tolerance.
            if short.get() > pool.reserve(token_in).get() / 100.0 {
                prop_assert_eq!(pool.settle(pay(short)?, taken), Err(AmmError::InvariantViolated));
            }
            Ok(Verdict::Held)
        },
    );
}

#[test]
fn deposit_then_redeem_never_profits() {
    let case = (strategies::plain_pool::<f64>(), factor(), factor());
    check(case, |(pool, x, y)| {
        let deposit =
            Amounts { x: times(pool.reserve(Token::X), x), y: times(pool.reserve(Token::Y), y) };
        let mint = accept!(pool.mint(deposit));
        let back = accept!(mint.after.burn(mint.shares)).amounts;
        prop_assert!(at_most(&of(back.x), &of(deposit.x)));
        prop_assert!(at_most(&of(back.y), &of(deposit.y)));
        Ok(Verdict::Held)
    });
}

/// A part of a reserve can round to the whole of it while a few ulps of shares stay: that is refused, and
/// what is accepted leaves a pool that can be.
#[test]
fn shares_that_stay_keep_something_of_both_tokens() {
    // An ulp of the supply is above the locked minimum.
    let supply = 1_000.0..2_000.0_f64;
    check((1.0..2.0, 1.0..2.0, supply, 1..=8_u32), |(x, y, supply, ulps)| {
        let shares = (0..ulps).fold(supply, |shares, _| shares.next_down());
        let reserves = Amounts::new(x, y)?;
        let empty = *Pool::empty(Fee::PERCENT_0_30).state();
        let pool = PoolState { reserves, supply: Shares::new(supply)?, ..empty };
        let after = match Pool::try_from(pool).unwrap().burn(shares) {
            Err(AmmError::InsufficientLiquidity) => return Ok(Verdict::Refused),
            burn => burn.unwrap().after,
        };
        prop_assert!(!after.supply().is_zero());
        prop_assert_eq!(Pool::try_from(*after.state()), Ok(after));
        Ok(Verdict::Held)
    });
}

/// For a price ratio of any magnitude, against `1 − kept` with `kept²·(1 + r)² = 4·r`.
#[test]
fn impermanent_loss_is_symmetric() {
    let positive = (1..0x7ff0_0000_0000_0000_u64).prop_map(f64::from_bits);
    let edges = prop::sample::select(vec![f64::MAX, f64::MIN_POSITIVE, 5e-324]);
    check(prop_oneof![4 => positive, 4 => factor(), 1 => edges], |ratio| {
        let price = accept!(Price::new(ratio));
        let loss = accept!(liquidity::impermanent_loss(price));
        let inverse = accept!(liquidity::impermanent_loss(price.inverse()));
        let tolerance = RELATIVE_TOLERANCE;
        prop_assert!((loss.get() - inverse.get()).abs() <= tolerance, "{loss}, {inverse}");
        let kept = integer_of(1) - exact(loss.get());
        let r = exact(ratio);
        let square = |n: BigRational| &n * &n;
        let sum = square(integer_of(1) + &r);
        let (below, above) = (&kept - exact(tolerance), kept + exact(tolerance));
        prop_assert!(below < integer_of(0) || square(below) * &sum <= integer_of(4) * &r, "{loss}");
        prop_assert!(square(above) * sum >= integer_of(4) * r, "{loss}");
        Ok(Verdict::Held)
    });
    assert_eq!(liquidity::impermanent_loss(1.0), Ok(Ratio::ZERO));
    // A few ulps beside one, what is kept can round to more than all.
    check((1.0..2.0_f64, 1..=4_u32), |(base, ulps)| {
        let quote = (0..ulps).fold(base, |quote, _| quote.next_up());
        let loss = liquidity::impermanent_loss(Price::from_amounts(quote, base)?)?;
        prop_assert!(loss.get() <= RELATIVE_TOLERANCE, "{loss}");
        Ok(Verdict::Held)
    });
}

#[test]
fn liquidity_is_worth_at_most_holding() {
    let case = (strategies::reserve(), strategies::reserve(), strategies::price::<f64>());
    check(case, |(x, y, price)| {
        let held = Amounts { x, y };
        let moved = accept!(liquidity::amounts_at_price(held, price));
        let worth = accept!(liquidity::value(moved, price));
        prop_assert!(at_most(&of(worth), &of(accept!(liquidity::value(held, price)))));
        Ok(Verdict::Held)
    });
}

/// Reserves and prices from 2⁻²⁵⁰ to 2²⁵⁰, about 10⁻⁷⁵ to 10⁷⁵, of which the products of four that
/// the closed forms need are floats.
fn moderate() -> impl Strategy<Value = f64> {
    (773..1_273_u64, any::<u32>()).prop_map(|(exponent, fraction)| {
        f64::from_bits((exponent << 52) | (u64::from(fraction) << 20))
    })
}

type Sale = fn(ConstantProduct<f64>, Price<f64>) -> Result<Amount<f64>, AmmError>;

/// The law has the curve as rationals, `[x, y, n, d]`, the price as `[q, b]`, and what was sold.
fn towards_a_price(sale: Sale, law: fn([BigRational; 4], [BigRational; 2], BigRational) -> bool) {
    let case = (moderate(), moderate(), strategies::fee(), moderate(), moderate());
    check(case, |(x, y, fee, quote, base)| {
        let curve = ConstantProduct::new(x, y, fee)?;
        let dx = accept!(sale(curve, Price::from_amounts(quote, base)?));
        if dx.is_zero() {
            return Ok(Verdict::Refused);
        }
        let curve = [exact(x), exact(y), integer_of(fee.kept()), integer_of(fee.denominator())];
        prop_assert!(law(curve, [exact(quote), exact(base)], of(dx)), "{dx}");
        Ok(Verdict::Held)
    });
}

/// `n·d·x·y/(d·x + n·dx)² = p`.
#[test]
fn arbitrage_ends_at_the_outside_price() {
    towards_a_price(ConstantProduct::optimal_amount_in, |[x, y, n, d], [q, b], dx| {
        let whole = &d * &x + &n * dx;
        close(&(&whole * &whole * q), &(n * d * x * y * b))
    });
}

/// `d·x·y/((d·x + n·dx)·(x + dx)) = p`.
#[test]
fn trade_to_price_stops_at_the_target() {
    towards_a_price(ConstantProduct::amount_in_to_price, |[x, y, n, d], [q, b], dx| {
        close(&((&d * &x + n * &dx) * (&x + dx) * q), &(d * x * y * b))
    });
}

#[test]
fn compounding_never_pays_less_than_simple_interest() {
    check((factor(), integer(0..=u32::MAX.into())), |(rate, n)| {
        let elapsed = days(u32::try_from(n).unwrap());
        let rate = Rate::<f64, PerDay>::new(rate / 1e9)?;
        let simple = exact(accept!(rate.simple(elapsed)).get()) + integer_of(1);
        // A power of 32 squarings multiplies the error of 1 + r by n.
        let lost = exact(f64::EPSILON) * BigRational::from(BigInt::from(n));
        let compound = exact(accept!(rate.compound_down(elapsed)).get());
        prop_assert!(compound * (integer_of(1) + lost + exact(RELATIVE_TOLERANCE)) >= simple);
        Ok(Verdict::Held)
    });
}
