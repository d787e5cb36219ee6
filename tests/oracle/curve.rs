//! The curve from one side: quotes, prices, the trade to a price, the optimal arbitrage.

use defi_math::amm::{AmmError, ConstantProduct};
use defi_math::num::{Fit, Grid, Rounding};
use defi_math::{Amount, MathError, Ratio};
use num_bigint::BigInt;
use num_traits::Zero;
use proptest::prelude::*;

use crate::check::{agree, check, on_exact_types};
use crate::exact::{Exactly, Q, fits, raw, ten, units, whole};
use crate::generate::{
    Draw, PriceDraw, Quoted, Sample, Terms, amount, draw, fee, integer, price, price_draw, reserves,
};
use crate::quantity::is_fraction;

on_exact_types! {
    exact_in,
    exact_out,
    the_amount_at_the_pools_ratio,
    spot_and_marginal_price,
    effective_price_and_price_after,
    price_impact,
    the_sale_to_a_price_is_the_largest_that_stops_above_it,
    the_most_profitable_sale,
    roots_a_fraction_below_a_whole_unit,
    no_curve_without_reserves,
}

/// The curve's reserves and fee as exact values: `x`, `y`, `γ`.
#[derive(Clone, Debug)]
pub(crate) struct Curve<N: Exactly> {
    pub(crate) curve: ConstantProduct<N>,
    pub(crate) x: Q,
    pub(crate) y: Q,
    pub(crate) gamma: Q,
}

impl<N: Exactly> Curve<N> {
    pub(crate) fn new(x: N, y: N, fee: Terms) -> Self {
        Self {
            curve: ConstantProduct::new(x, y, fee.fee()).unwrap(),
            x: x.value(),
            y: y.value(),
            gamma: fee.gamma(),
        }
    }

    /// `x`, `y` in units of the amount grid; `n`, `d` of `γ` in lowest terms.
    fn integers(&self) -> [BigInt; 4] {
        let amount = |value: &Q| units(value, N::places(Grid::Amount), Rounding::Down);
        [amount(&self.x), amount(&self.y), self.gamma.numer().clone(), self.gamma.denom().clone()]
    }

    /// Zhang, Chen, Park, definition 6: `dy = γ·dx·y / (x + γ·dx)`, down.
    pub(crate) fn amount_out(&self, dx: &Q) -> Result<Q, AmmError> {
        if dx.is_zero() {
            return Err(AmmError::InsufficientInput);
        }
        // The contract's numerator: n·dx·y in integers.
        let [_, y, n, _] = self.integers();
        fits(&(n * units(dx, N::places(Grid::Amount), Rounding::Down) * y), N::NUMERATOR_BITS)?;

        let traded = &self.gamma * dx;
        let dy = &traded * &self.y / (&self.x + &traded);
        Ok(N::round(&dy, Fit::From(&self.y), Grid::Amount, Rounding::Down)?.value())
    }

    /// Definition 8 without its `+ 1`: `dx = x·dy / (γ·(y − dy))`.
    fn input_for(&self, dy: &Q, rounding: Rounding) -> Result<Q, AmmError> {
        if dy.is_zero() {
            return Err(AmmError::InsufficientOutput);
        }
        if *dy >= self.y {
            return Err(AmmError::InsufficientLiquidity);
        }
        let [x, _, _, d] = self.integers();
        fits(&(x * units(dy, N::places(Grid::Amount), Rounding::Down) * d), N::NUMERATOR_BITS)?;

        let dx = &self.x * dy / (&self.gamma * (&self.y - dy));
        Ok(N::round(&dx, Fit::To(&self.x), Grid::Amount, rounding)?.value())
    }

    /// The exact ceiling.
    pub(crate) fn amount_in(&self, dy: &Q) -> Result<Q, AmmError> {
        self.input_for(dy, Rounding::Up)
    }

    /// The floor and a unit, or one of the last place that a `Decimal` has.
    fn router_amount_in(&self, dy: &Q) -> Result<Q, AmmError> {
        let floor = self.input_for(dy, Rounding::Down)?;
        let ceiling = self.input_for(dy, Rounding::Up)?;
        let more = &floor + N::UNIT.value();
        let more = N::round(&more, Fit::To(&self.x), Grid::Amount, Rounding::Up);
        Ok(if ceiling > floor { ceiling } else { more?.value() })
    }

    /// `dy = dx·y/x`, down.
    pub(crate) fn proportional(&self, dx: &Q) -> Result<Q, AmmError> {
        if dx.is_zero() {
            return Err(AmmError::InsufficientInput);
        }
        let dy = dx * &self.y / &self.x;
        Ok(N::round(&dy, Fit::To(&self.y), Grid::Amount, Rounding::Down)?.value())
    }

    /// The largest sale after which the exact price is the target or above:
    /// `(y − dy)/(x + dx) = x·y / ((x + γ·dx)·(x + dx)) ≥ q/b`.
    fn amount_in_to_price(&self, target: &Quoted<N>) -> Result<Q, AmmError> {
        let [x, y, n, d] = self.integers();
        // The polynomial that the crate solves has 512 bits.
        fits(&(4 * &n * &d * &x * &y * &target.base), 512)?;

        let (most, q) = (&d * &x * &y * &target.base, &target.quote);
        let stops_above = |dx: &BigInt| q * (&d * &x + &n * dx) * (&x + dx) <= most;
        let dx = Q::new(largest(stops_above), ten(N::places(Grid::Amount)));
        Ok(N::round(&dx, Fit::To(&self.x), Grid::Amount, Rounding::Down)?.value())
    }

    /// `computeProfitMaximizingTrade` of Uniswap's library, its two floors in integers:
    /// `⌊√⌊d·x·y·b / (n·q)⌋⌋ − ⌊d·x/n⌋`, and zero where `γ·y/x ≤ p`.
    pub(crate) fn optimal_amount_in(&self, outside: &Quoted<N>) -> Result<Q, AmmError> {
        if &self.gamma * &self.y / &self.x <= outside.value() {
            return Ok(Q::zero());
        }
        let [x, y, n, d] = self.integers();
        let product = &d * &x * &y * &outside.base;
        fits(&product, 512)?;

        let left = (product / (&n * &outside.quote)).sqrt();
        let right = &d * &x / &n;
        let dx = Q::new((left - right).max(BigInt::ZERO), ten(N::places(Grid::Amount)));
        Ok(N::round(&dx, Fit::To(&self.x), Grid::Amount, Rounding::Down)?.value())
    }
}

/// The largest integer for which it holds, if it holds up to some integer and not above; else zero.
fn largest(holds: impl Fn(&BigInt) -> bool) -> BigInt {
    let mut above = BigInt::from(1);
    while holds(&above) {
        above *= 2;
    }
    let mut least = BigInt::ZERO;
    while &least + 1 < above {
        let middle: BigInt = (&least + &above) / 2;
        if holds(&middle) { least = middle } else { above = middle }
    }
    least
}

pub(crate) fn curve<N: Sample>() -> impl Strategy<Value = Curve<N>> {
    (reserves::<N>(), fee()).prop_map(|((x, y), fee)| Curve::new(x, y, fee))
}

/// A curve and an amount, often measured against the reserve of X (or of Y).
fn trade<N: Sample>(against_y: bool) -> impl Strategy<Value = (Curve<N>, N)> {
    (curve::<N>(), draw()).prop_map(move |(curve, draw): (_, Draw<N>)| {
        let reserve = if against_y { curve.curve.reserve_out() } else { curve.curve.reserve_in() };
        let amount = draw.of(reserve.get());
        (curve, amount)
    })
}

fn value<N: Exactly, E>(answer: Result<Amount<N>, E>) -> Result<Q, E> {
    answer.map(|amount| amount.get().value())
}

fn exact_in<N: Sample>() {
    check(trade::<N>(false), |(it, dx)| {
        agree([value(it.curve.amount_out(dx))], [it.amount_out(&dx.value())])
    });
}

fn exact_out<N: Sample>() {
    check(trade::<N>(true), |(it, dy)| {
        let answers = [it.curve.amount_in(dy), it.curve.router_amount_in(dy)].map(value);
        let dy = dy.value();
        agree(answers, [it.amount_in(&dy), it.router_amount_in(&dy)])
    });
}

fn the_amount_at_the_pools_ratio<N: Sample>() {
    check(trade::<N>(false), |(it, dx)| {
        agree([value(it.curve.proportional(dx))], [it.proportional(&dx.value())])
    });
}

/// `y/x` and `γ·y/x` are exact fractions.
fn spot_and_marginal_price<N: Sample>() {
    check((curve::<N>(), N::amount(), price()), |(it, base, other)| {
        let [x, y, n, d] = it.integers();
        let spot = Quoted { price: it.curve.spot_price()?, quote: y.clone(), base: x.clone() };
        prop_assert_eq!(spot.value(), &it.y / &it.x);
        is_fraction(&spot, base, &other)?;
        let marginal = Quoted { price: it.curve.marginal_price()?, quote: n * y, base: d * x };
        prop_assert_eq!(marginal.value(), &it.gamma * &it.y / &it.x);
        is_fraction(&marginal, base, &other)?;
        is_fraction(&spot, base, &marginal)
    });
}

/// `dy/dx` and `(y − dy)/(x + dx)` are exact fractions, `dy` being the rounded output.
fn effective_price_and_price_after<N: Sample>() {
    check((trade::<N>(false), N::amount(), price()), |((it, dx), base, other)| {
        let (effective, after) = (it.curve.effective_price(dx), it.curve.spot_price_after(dx));
        let dx = dx.value();
        let out = it.amount_out(&dx);
        let priced = out
            .clone()
            .and_then(|dy| if dy.is_zero() { Err(AmmError::InsufficientOutput) } else { Ok(()) });
        let verdict = agree([effective.map(|_| ())], [priced])?;
        let verdict = verdict & agree([after.map(|_| ())], [out.clone().map(|_| ())])?;
        let integer = |value: &Q| units(value, N::places(Grid::Amount), Rounding::Down);
        if let (Ok(dy), Ok(price)) = (&out, effective) {
            is_fraction(&Quoted { price, quote: integer(dy), base: integer(&dx) }, base, &other)?;
        }
        if let (Ok(dy), Ok(price)) = (&out, after) {
            let (quote, divisor) = (integer(&(&it.y - dy)), integer(&(&it.x + &dx)));
            is_fraction(&Quoted { price, quote, base: divisor }, base, &other)?;
        }
        Ok(verdict)
    });
}

/// `1 − (dy/dx)/(γ·y/x)` of the exact output: `γ·dx/(x + γ·dx)`, up.
fn price_impact<N: Sample>() {
    check(trade::<N>(false), |(it, dx)| {
        let answer = it.curve.price_impact(dx).map(|impact| impact.get().value());
        let expected = (|| {
            if dx.is_zero() {
                return Err(AmmError::InsufficientInput);
            }
            let dx = dx.value();
            let dy = &it.gamma * &dx * &it.y / (&it.x + &it.gamma * &dx);
            let impact = whole(1) - (dy / dx) / (&it.gamma * &it.y / &it.x);
            Ok(N::round(&impact, Fit::Alone, Grid::Rate, Rounding::Up)?.value())
        })();
        agree([answer], [expected])
    });
}

fn the_sale_to_a_price_is_the_largest_that_stops_above_it<N: Sample>() {
    check((curve::<N>(), price_draw()), |(it, target): (_, PriceDraw<N>)| {
        let target = target.of(it.curve.reserve_in().get(), it.curve.reserve_out().get());
        let answer = value(it.curve.amount_in_to_price(target.price));
        agree([answer], [it.amount_in_to_price(&target)])
    });
}

fn the_most_profitable_sale<N: Sample>() {
    check((curve::<N>(), price_draw()), |(it, outside): (_, PriceDraw<N>)| {
        let outside = outside.of(it.curve.reserve_in().get(), it.curve.reserve_out().get());
        let answer = value(it.curve.optimal_amount_in(outside.price));
        let expected = it.optimal_amount_in(&outside);
        if let Ok(dx) = &expected {
            is_the_optimum::<N>(&it, &outside, dx)?;
        }
        agree([answer], [expected])
    });
}

/// The true optimum is `(√(γ·x·y/p) − x)/γ`, where the next unit would bring `p`: two floors put the sale
/// on its floor or a unit above, and a `Decimal` without room for the unit on its own last place.
fn is_the_optimum<N: Exactly>(
    it: &Curve<N>,
    outside: &Quoted<N>,
    dx: &Q,
) -> Result<(), TestCaseError> {
    // dx ≤ optimum ⟺ (x + γ·dx)² ≤ γ·x·y/p.
    let most = &it.gamma * &it.x * &it.y / outside.value();
    let not_above = |dx: &Q| {
        let after = &it.x + &it.gamma * dx;
        &after * &after <= most
    };
    let unit = Q::new(1.into(), ten(N::places(Grid::Amount)));
    let step_at = |dx: &Q| {
        let rounded = N::round(dx, Fit::To(&it.x), Grid::Amount, Rounding::Down)?;
        Ok::<_, MathError>(rounded.step().max(unit.clone()))
    };
    // A sale rounded down to where one place more begins has lost the coarser step of above.
    let own = step_at(dx).unwrap();
    let step = step_at(&(dx + &own * Q::from_integer(10.into()))).unwrap_or(own);
    prop_assert!(dx.is_zero() || not_above(&(dx - &unit)), "{dx} is above the optimum");
    prop_assert!(!not_above(&(dx + step + unit)), "{dx} is below the optimum");
    Ok(())
}

/// Without a fee and with one unit of X, what is under the root lies half a unit below a whole unit's square:
/// rounded up first, it would give that unit, and the sale would go too far.
fn roots_a_fraction_below_a_whole_unit<N: Sample>() {
    let no_fee = Terms { numerator: 0, denominator: 1 };
    check(integer(3..=1 << 45), |root| {
        let units = |n: u128| N::exactly(&(whole(n) * N::UNIT.value())).unwrap();
        let number = |n: u32| N::ONE.multiple(n).map(Quoted::of_number);
        // 4·y/8 = (2·root)² − 1/2
        let (it, target) = (Curve::new(N::UNIT, units(8 * root * root - 1), no_fee), number(8)?);
        let sale = agree(
            [value(it.curve.amount_in_to_price(target.price))],
            [it.amount_in_to_price(&target)],
        )?;
        // y/2 = root² − 1/2
        let (it, outside) = (Curve::new(N::UNIT, units(2 * root * root - 1), no_fee), number(2)?);
        let arbitrage = agree(
            [value(it.curve.optimal_amount_in(outside.price))],
            [it.optimal_amount_in(&outside)],
        )?;
        Ok(sale & arbitrage)
    });
}

fn no_curve_without_reserves<N: Sample>() {
    check((N::reserve(), fee()), |(reserve, fee)| {
        let empty = Err(AmmError::InsufficientLiquidity);
        prop_assert_eq!(ConstantProduct::new(reserve, N::ZERO, fee.fee()), empty);
        prop_assert_eq!(ConstantProduct::new(N::ZERO, reserve, fee.fee()), empty);
        let curve = ConstantProduct::new(reserve, reserve, fee.fee())?;
        agree([Ok::<_, MathError>(curve.flip().reserve_in())], [Ok(amount(reserve))])
    });
}

/// `price_impact` and the prices in a case that can be done in the head: 10 in 10 against 10, without a
/// fee, halves the reserve, the average price is a half, the price after it a quarter.
#[test]
fn a_sale_as_large_as_the_reserve() {
    let ten = defi_math::Wad::from_base_units(10, 0).unwrap();
    let curve = ConstantProduct::new(ten, ten, defi_math::Fee::ZERO).unwrap();
    let half = "0.5".parse().unwrap();
    assert_eq!(curve.price_impact(ten).map(Ratio::get), Ok(half));
    assert_eq!(curve.effective_price(ten).unwrap().to_number_down(), Ok(half));
    let quarter = "0.25".parse().unwrap();
    assert_eq!(curve.spot_price_after(ten).unwrap().to_number_up(), Ok(quarter));
    assert_eq!(raw(half, Grid::Rate), BigInt::from(500_000_000_000_000_000_u64));
}
