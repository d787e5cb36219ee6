//! `f64` promises no direction, but the same formulas: how far its answers are from the exact ones.
//!
//! A float operation is within 2⁻⁵³ of its exact result, relative to it. So a formula of `n` operations is
//! within `n` such roundings, a root counting half of what is under it; where a difference cancels, relative
//! to what is subtracted. Each test states its count, which is tight: the farthest of its answers must come
//! to a tenth of it.

use std::cell::Cell;

use defi_math::amm::{AmmError, Amounts, ConstantProduct, Pool, PoolState, Token, liquidity};
use defi_math::num::{Exact, Fit, Grid, RELATIVE_TOLERANCE, Rounding};
use defi_math::rate::{PerDay, PerYear, Rate, days};
use defi_math::{Amount, Fee, FeeShare, MathError, Number, Price, Ratio, Shares};
use num_traits::{Signed, ToPrimitive};
use proptest::prelude::*;

use crate::check::{Verdict, agree, check};
use crate::exact::{Q, root_value, two, whole};
use crate::generate::natural;

/// The exact value of a float.
fn of(float: f64) -> Q {
    Q::from_float(float).unwrap()
}

fn square(value: Q) -> Q {
    &value * &value
}

/// `√value`, to 80 places: far beyond a float.
fn root(value: &Q) -> Q {
    root_value(value, 80, Rounding::Down)
}

/// Numbers as simulations have them: 2⁻⁴⁰ to 2⁶⁰, that is 10⁻¹² to 10¹⁸.
fn number() -> BoxedStrategy<f64> {
    const BIAS: u64 = 1_023;
    const FRACTION_BITS: u32 = 52;
    (BIAS - 40..BIAS + 60, 0..1_u64 << FRACTION_BITS)
        .prop_map(|(exponent, fraction)| f64::from_bits(exponent << FRACTION_BITS | fraction))
        .boxed()
}

/// Two numbers of the same magnitude, or of any.
fn two_numbers() -> BoxedStrategy<[f64; 2]> {
    let near = (number(), 0.01..100.0).prop_map(|(a, factor)| [a, a * factor]);
    prop_oneof![near, [number(), number()]].boxed()
}

fn fee() -> BoxedStrategy<Fee> {
    let any = (natural(0..=u32::MAX), natural(1..=u32::MAX))
        .prop_filter_map("no fee", |(a, b)| Fee::new(a.min(b), a.max(b)).ok());
    prop_oneof![1 => Just(Fee::ZERO), 3 => Just(Fee::PERCENT_0_30), 2 => any].boxed()
}

/// An answer, the exact value, and what the error is measured against.
struct Compared {
    answer: f64,
    exact: Q,
    against: Q,
}

impl Compared {
    /// Relative to the exact value itself.
    fn relatively(answer: f64, exact: Q) -> Self {
        Self { answer, against: exact.clone(), exact }
    }
}

/// Every answer is within so many roundings, and some are not far within.
#[track_caller]
fn within<S: Strategy>(
    roundings: f64,
    cases: S,
    compared: impl Fn(S::Value) -> Result<Compared, TestCaseError>,
) {
    let farthest = Cell::new(0.0_f64);
    check(cases, |case| {
        let Compared { answer, exact, against } = compared(case)?;
        let error = (of(answer) - &exact).abs() / against * two(53);
        let error = error.to_f64().unwrap();
        // The product of (1 + 2⁻⁵³) exceeds its first-order sum by less than this.
        prop_assert!(error <= roundings * (1.0 + 1e-9), "{answer} is {error} roundings off");
        farthest.set(farthest.get().max(error));
        Ok(Verdict::Answered)
    });
    assert!(farthest.get() >= roundings / 10.0, "never more than {} roundings off", farthest.get());
}

#[test]
fn products_quotients_and_roots() {
    within(1.0, two_numbers(), |[a, b]| {
        Ok(Compared::relatively(Number::mul_down(a, b)?, of(a) * of(b)))
    });
    within(1.0, two_numbers(), |[a, b]| Ok(Compared::relatively(a.div_up(b)?, of(a) / of(b))));
    // Half of the product's, and its own.
    within(1.5, two_numbers(), |[a, b]| {
        Ok(Compared::relatively(a.geometric_mean_down(b)?, root(&(of(a) * of(b)))))
    });
    within(1.0, number(), |a| Ok(Compared::relatively(a.sqrt_up()?, root(&of(a)))));
    // Two sums, each of a product; then a product and a quotient.
    let cases = (number(), two_numbers(), two_numbers(), natural(1..=u32::MAX));
    within(6.0, cases, |(a, [b, c], [d, e], n)| {
        let by = Exact::times(b, n)?.plus(c)?;
        let over = Exact::times(d, n)?.plus(e)?;
        let answer = a.mul_div(by, over, Fit::Alone, Grid::Amount, Rounding::Down)?;
        let exact = of(a) * (of(b) * whole(n) + of(c)) / (of(d) * whole(n) + of(e));
        Ok(Compared::relatively(answer, exact))
    });
}

/// `n` roundings to the power of `n`: a product of each, times what is left to multiply.
#[test]
fn powers() {
    within(1.0, (0.5..2.0, 2..=40_u32), |(base, n)| {
        let exact = of(base).pow(n.try_into().unwrap());
        let against = &exact * whole(n);
        Ok(Compared { answer: base.pow_down(n.into())?, exact, against })
    });
    // And the one of `1 + r`, as often.
    within(2.0, (0.0..1.0, 1..=40_u32), |(rate, n)| {
        let exact = (whole(1) + of(rate)).pow(n.try_into().unwrap());
        let answer = Rate::<_, PerDay>::new(rate)?.compound_up(days(n))?.get();
        let against = &exact * whole(n);
        Ok(Compared { answer, exact, against })
    });
}

#[test]
fn rates() {
    within(1.0, (number(), natural(1..=u32::MAX)), |(rate, n)| {
        let answer = Rate::<_, PerDay>::new(rate)?.simple(days(n))?.get();
        Ok(Compared::relatively(answer, of(rate) * whole(n)))
    });
    within(1.0, (number(), natural(1..=u32::MAX)), |(rate, n)| {
        let answer = Rate::<_, PerYear>::new(rate)?.spread_down::<PerDay>(n)?.get();
        Ok(Compared::relatively(answer, of(rate) / whole(n)))
    });
}

#[test]
fn ratios_and_prices() {
    within(1.0, two_numbers(), |[a, b]| {
        Ok(Compared::relatively(Ratio::of_down(a, b)?.get(), of(a) / of(b)))
    });
    within(1.0, two_numbers(), |[a, b]| {
        Ok(Compared::relatively(Amount::new(a)?.mul_up(b)?.get(), of(a) * of(b)))
    });
    within(1.0, two_numbers(), |[a, b]| {
        Ok(Compared::relatively(Price::from_amounts(a, b)?.to_number_up()?, of(a) / of(b)))
    });
    within(2.0, (number(), two_numbers()), |(base, [a, b])| {
        let answer = Price::from_amounts(a, b)?.quote_down(base)?.get();
        Ok(Compared::relatively(answer, of(base) * of(a) / of(b)))
    });
}

/// A curve, its `x`, `y` and `γ`, and an amount.
fn trade() -> impl Strategy<Value = (ConstantProduct<f64>, [Q; 3], f64)> {
    (two_numbers(), fee(), prop_oneof![number().prop_map(Ok), (1e-6..1e6).prop_map(Err)]).prop_map(
        |([x, y], fee, amount)| {
            let curve = ConstantProduct::new(x, y, fee).unwrap();
            let gamma = Q::new(fee.kept().into(), fee.denominator().into());
            (curve, [of(x), of(y), gamma], amount.unwrap_or_else(|factor: f64| x * factor))
        },
    )
}

#[test]
fn exact_in() {
    within(5.0, trade(), |(curve, [x, y, gamma], dx)| {
        let traded = gamma * of(dx);
        let exact = &traded * y / (x + &traded);
        Ok(Compared::relatively(curve.amount_out(dx)?.get(), exact))
    });
    within(4.0, trade(), |(curve, [x, _, gamma], dx)| {
        let traded = gamma * of(dx);
        let exact = &traded / (x + &traded);
        Ok(Compared::relatively(curve.price_impact(dx)?.get(), exact))
    });
    within(2.0, trade(), |(curve, [x, y, _], dx)| {
        Ok(Compared::relatively(curve.proportional(dx)?.get(), of(dx) * y / x))
    });
}

/// The output is any part of the reserve.
#[test]
fn exact_out() {
    let purchase = || (trade(), 0.001..0.999_999);
    within(5.0, purchase(), |((curve, [x, y, gamma], _), part)| {
        let dy = curve.reserve_out().get() * part;
        let exact = x * of(dy) / (gamma * (y - of(dy)));
        Ok(Compared::relatively(curve.amount_in(dy)?.get(), exact))
    });
    // And the unit of 10⁻¹⁸.
    within(6.0, purchase(), |((curve, [x, y, gamma], _), part)| {
        let dy = curve.reserve_out().get() * part;
        let exact = x * of(dy) / (gamma * (y - of(dy))) + of(f64::UNIT);
        Ok(Compared::relatively(curve.router_amount_in(dy)?.get(), exact))
    });
}

#[test]
fn prices_of_a_curve() {
    within(1.0, trade(), |(curve, [x, y, _], _)| {
        Ok(Compared::relatively(curve.spot_price()?.to_number_down()?, y / x))
    });
    within(3.0, trade(), |(curve, [x, y, gamma], _)| {
        Ok(Compared::relatively(curve.marginal_price()?.to_number_down()?, gamma * y / x))
    });
    within(6.0, trade(), |(curve, [x, y, gamma], dx)| {
        let exact = &gamma * y / (x + &gamma * of(dx));
        Ok(Compared::relatively(curve.effective_price(dx)?.to_number_down()?, exact))
    });
    // Of a reserve that is almost sold out little is exact: against the whole reserve.
    let cases = trade()
        .prop_filter("something is left", |(curve, _, dx)| *dx < curve.reserve_in().get() * 1e12);
    within(8.0, cases, |(curve, [x, y, gamma], dx)| {
        let exact = &x * &y / ((&x + gamma * of(dx)) * (&x + of(dx)));
        let answer = curve.spot_price_after(dx)?.to_number_down()?;
        Ok(Compared { answer, exact, against: y / (x + of(dx)) })
    });
}

/// A root less what it is about: against the root, `dx + (1 + 1/γ)/2·x`.
#[test]
fn the_sale_to_a_price() {
    let cases = (trade(), 0.000_001..1.0);
    within(7.0, cases, |((curve, [x, y, gamma], _), part)| {
        let target = curve.spot_price()?.to_number_down()? * part;
        let middle = (whole(1) + gamma.recip()) * &x / whole(2);
        let constant = (&x * &y / of(target) - square(x)) / gamma;
        let exact = root(&(square(middle.clone()) + constant)) - &middle;
        let answer = curve.amount_in_to_price(target)?.get();
        let exact = exact.max(whole(0));
        Ok(Compared { answer, against: &exact + middle, exact })
    });
}

/// The same: against `dx + x/γ`. Within the tolerance of the fee band nothing is sold.
#[test]
fn the_most_profitable_sale() {
    let cases = (trade(), 0.000_001..0.999_999);
    within(7.0, cases, |((curve, [x, y, gamma], _), part)| {
        let outside = curve.marginal_price()?.to_number_down()? * part;
        let root = root(&(&x * &y / (&gamma * of(outside))));
        let exact = (&root - x / gamma).max(whole(0));
        let answer = curve.optimal_amount_in(outside)?.get();
        Ok(Compared { answer, exact, against: root })
    });
    check(trade(), |(curve, _, _)| {
        let marginal = curve.marginal_price()?;
        prop_assert!(curve.optimal_amount_in(marginal)?.is_zero());
        Ok(Verdict::Answered)
    });
}

/// A pool, a deposit of parts of its reserves, and a price.
fn pool() -> impl Strategy<Value = (Pool<f64>, [f64; 2], f64)> {
    let parts = [0.001..1_000.0, 0.001..1_000.0];
    (two_numbers(), fee(), parts, 0.01..0.99, 0.01..100.0).prop_map(
        |([x, y], fee, [a, b], supply, price)| {
            let reserves = Amounts::new(x, y).unwrap();
            let supply = Shares::new((x * y).sqrt() * supply + f64::MINIMUM_LIQUIDITY).unwrap();
            let state = PoolState { reserves, supply, ..*Pool::empty(fee).state() };
            (Pool::try_from(state).unwrap(), [x * a, y * b], y / x * price)
        },
    )
}

#[test]
fn shares() {
    within(2.5, two_numbers(), |[x, y]| {
        let mint = Pool::empty(Fee::ZERO).mint(Amounts::new(x, y)?)?;
        let exact = root(&(of(x) * of(y))) - of(f64::MINIMUM_LIQUIDITY);
        let against = &exact + of(f64::MINIMUM_LIQUIDITY);
        Ok(Compared { answer: mint.shares.get(), exact, against })
    });
    within(2.0, pool(), |(pool, [dx, dy], _)| {
        let [x, y] = [Token::X, Token::Y].map(|token| of(pool.reserve(token).get()));
        let exact = of(pool.supply().get()) * (of(dx) / x).min(of(dy) / y);
        Ok(Compared::relatively(pool.mint(Amounts::new(dx, dy)?)?.shares.get(), exact))
    });
    within(2.0, (pool(), 0.001..0.9), |((pool, _, _), part)| {
        let shares = pool.supply().get() * part;
        let exact = of(pool.reserve(Token::Y).get()) * of(shares) / of(pool.supply().get());
        Ok(Compared::relatively(pool.burn(shares)?.amounts.y.get(), exact))
    });
}

/// A difference of two roots: against what the newer one would be alone.
#[test]
fn the_protocols_shares() {
    let share = (1..=20_u32, 0..=20_u32).prop_map(|(a, more)| FeeShare::new(a, a + more).unwrap());
    within(12.0, (pool(), [0.1..1.0, 0.1..1.0], share), |((pool, ..), [a, b], share)| {
        let PoolState { reserves, supply, .. } = *pool.state();
        let last = Amounts::new(reserves.x.get() * a, reserves.y.get() * b)?;
        let state = PoolState {
            protocol_share: Some(share),
            reserves_at_last_mint: Some(last),
            ..*pool.state()
        };
        let liquidity = |amounts: Amounts<f64>| root(&(of(amounts.x.get()) * of(amounts.y.get())));
        let (now, then) = (liquidity(reserves), liquidity(last));
        let part = Q::new(share.numerator().into(), share.denominator().into());
        let divisor = (part.recip() - whole(1)) * &now + &then;
        let supply = of(supply.get());
        let exact = &supply * (&now - then) / &divisor;
        let answer = Pool::try_from(state)?.protocol_shares()?.get();
        Ok(Compared { answer, exact, against: supply * now / divisor })
    });
}

/// The profit is that of the swap itself, against what it earns.
#[test]
fn the_profit_of_an_arbitrage() {
    let cases = (pool(), 0.001..0.5).prop_map(|((pool, ..), part)| {
        let price = pool.selling(Token::X).unwrap().marginal_price().unwrap();
        let price = price.to_number_down().unwrap() * part;
        (pool, price, pool.arbitrage(price).unwrap().unwrap())
    });
    within(3.0, cases, |(_, price, found)| {
        let [dx, dy] = [found.swap.amount_in, found.swap.amount_out].map(Amount::get);
        let exact = of(dy) - of(dx) * of(price);
        Ok(Compared { answer: found.profit.get(), exact, against: of(dy) })
    });
}

#[test]
fn positions() {
    // Of all, which is one.
    within(5.0, two_numbers(), |[a, b]| {
        let answer = liquidity::impermanent_loss(Price::from_amounts(a, b)?)?.get();
        let exact = whole(1) - whole(2) * root(&(of(a) * of(b))) / (of(a) + of(b));
        Ok(Compared { answer, exact, against: whole(1) })
    });
    within(2.5, pool(), |(pool, _, price)| {
        let answer = liquidity::amounts_at_price(pool.state().reserves, price)?.y.get();
        let [x, y] = [Token::X, Token::Y].map(|token| of(pool.reserve(token).get()));
        Ok(Compared::relatively(answer, root(&(x * y * of(price)))))
    });
    within(3.0, (pool(), two_numbers()), |((pool, ..), [a, b])| {
        let answer = liquidity::value(pool.state().reserves, Price::from_amounts(a, b)?)?.get();
        let [x, y] = [Token::X, Token::Y].map(|token| of(pool.reserve(token).get()));
        Ok(Compared::relatively(answer, x * of(a) / of(b) + y))
    });
}

/// Fees: what is redeemed beyond a root. Loss: a worth less that of two roots.
#[test]
fn the_outcome_of_a_position() {
    /// The worth of the deposit, of the redeemed, and what the deposited liquidity would hold.
    fn exact(deposit: [f64; 2], redeemed: [f64; 2]) -> (Q, [Q; 2]) {
        let [[x, y], [x_after, y_after]] = [deposit, redeemed].map(|amounts| amounts.map(of));
        let kept = [&x_after / &y_after, &y_after / &x_after].map(|r| root(&(&x * &y * r)));
        (x * &y_after / x_after + y, kept)
    }
    fn outcome(
        deposit: [f64; 2],
        redeemed: [f64; 2],
    ) -> Result<liquidity::Outcome<f64>, MathError> {
        let [deposit, redeemed] = [deposit, redeemed].map(|[x, y]| Amounts::new(x, y));
        let (deposit, redeemed) = (deposit?, redeemed?);
        liquidity::outcome(deposit, redeemed, Price::from_amounts(redeemed.y, redeemed.x)?)
    }
    let position = || (two_numbers(), [0.01..100.0, 0.01..100.0]);
    within(3.5, position(), |(deposit, [a, b])| {
        let redeemed = [deposit[0] * a, deposit[1] * b];
        let (_, [kept, _]) = exact(deposit, redeemed);
        let x = of(redeemed[0]);
        let answer = outcome(deposit, redeemed)?.fees.x.get();
        let fees = (&x - &kept).max(whole(0));
        Ok(Compared { answer, exact: fees, against: x.max(kept) })
    });
    within(9.5, position(), |(deposit, [a, b])| {
        let redeemed = [deposit[0] * a, deposit[1] * b];
        let (held, kept) = exact(deposit, redeemed);
        let worth = &kept[0] * of(redeemed[1]) / of(redeemed[0]) + &kept[1];
        let answer = outcome(deposit, redeemed)?.impermanent_loss.get();
        let loss = (&held - worth).max(whole(0));
        Ok(Compared { answer, exact: loss, against: held })
    });
}

/// Products closer than the tolerance are equal, and no others are.
#[test]
fn products_compare_within_the_tolerance() {
    let near = (number(), number(), number(), -3e-12..3e-12);
    check(near, |(a, b, c, distance)| {
        let d = a * b / c * (1.0 + distance);
        let (left, right) = (of(a) * of(b), of(c) * of(d));
        let apart = (&left - &right).abs() / left.clone().max(right.clone());
        let (order, tolerance) = (f64::cmp_products(a, b, c, d), of(RELATIVE_TOLERANCE));
        if apart < &tolerance * whole(999) / whole(1_000) {
            prop_assert_eq!(order, std::cmp::Ordering::Equal);
        }
        if apart > tolerance * whole(1_001) / whole(1_000) {
            prop_assert_eq!(order, left.cmp(&right));
        }
        Ok(Verdict::Answered)
    });
}

/// A payment is accepted if the adjusted product is short of `k` by less than the tolerance.
#[test]
fn a_settlement_is_accepted_within_the_tolerance() {
    let fee = prop_oneof![
        Just(Fee::ZERO),
        Just(Fee::PERCENT_0_30),
        (0..=100_u32).prop_map(|percent| Fee::new(percent, 200).unwrap()),
    ];
    check((two_numbers(), fee, 0.01..0.9, -3e-12..3e-12), |([x, y], fee, part, distance)| {
        let pool = Pool::new(x, y, fee)?;
        let dy = y * part;
        let dx = pool.amount_in(Token::X, dy)?.get() * (1.0 + distance);
        let answer = pool.settle(Amounts::new(dx, 0.0)?, Amounts::new(0.0, dy)?);
        let gamma = Q::new(fee.kept().into(), fee.denominator().into());
        let k = of(x) * of(y);
        let short = (&k - (of(x) + gamma * of(dx)) * (of(y) - of(dy))) / k;
        // Of a tenth of the reserve at least, and of half an input, a dozen roundings.
        let (tolerance, blurred) = (of(RELATIVE_TOLERANCE), Q::from(two(53)).recip() * whole(120));
        if short < &tolerance - &blurred {
            prop_assert!(answer.is_ok());
        }
        if short > tolerance + blurred {
            prop_assert_eq!(answer.err(), Some(AmmError::InvariantViolated));
        }
        Ok(Verdict::Answered)
    });
}

/// Any two floats: the nearest product and quotient, or the reason why there is none.
#[test]
fn floats_are_refused_only_beyond_their_range() {
    let float = || {
        let edges = vec![0.0, f64::from_bits(1), f64::MIN_POSITIVE, 1.0, f64::MAX];
        prop_oneof![
            4 => any::<u64>().prop_map(|bits| f64::from_bits(bits >> 1)).prop_filter("finite", |n| n.is_finite()),
            1 => proptest::sample::select(edges),
        ]
    };
    let nearest = |exact: Q| {
        // Half a unit beyond the largest, where rounding to nearest ends.
        let end = of(f64::MAX) + Q::from(two(970));
        if exact >= end { Err(MathError::Overflow) } else { Ok(exact.to_f64().unwrap()) }
    };
    check((float(), float()), |(a, b)| {
        let product = nearest(of(a) * of(b));
        agree([Number::mul_down(a, b), Number::mul_up(a, b)], [product; 2])
    });
    check((float(), float()), |(a, b)| {
        let quotient =
            if b == 0.0 { Err(MathError::DivisionByZero) } else { nearest(of(a) / of(b)) };
        agree([a.div_down(b), a.div_up(b)], [quotient; 2])
    });
    check((float(), float()), |(a, b)| {
        let sum = nearest(of(a) + of(b));
        let difference = if a < b { Err(MathError::Underflow) } else { nearest(of(a) - of(b)) };
        agree([a.try_sub(b)], [difference])?;
        agree([a.try_add(b)], [sum])
    });
}
