//! Interest: simple, compound, spread over shorter units of time.

use defi_math::num::{Fit, Grid};
use defi_math::rate::{PerBlock, PerDay, PerSecond, PerYear, Rate, blocks, days};
use defi_math::{Index, MathError, Ratio};
use proptest::prelude::*;

use crate::check::{agree, check, on_exact_types};
use crate::exact::{BOTH, Q, quotient, ten, whole};
use crate::generate::{Sample, integer, natural};
use crate::number::power_is_bracketed;

on_exact_types! {
    simple_interest_is_exact_or_does_not_fit,
    compound_interest_is_bracketed,
    a_spread_rate_is_the_exact_one_rounded_once,
}

/// A rate of 100 % and less, as finely as the type has them, or of any magnitude.
fn any_rate<N: Sample>() -> BoxedStrategy<N> {
    let places = N::places(Grid::Rate);
    let fraction = integer(0..=10_u128.pow(places))
        .prop_map(move |steps| N::exactly(&Q::new(steps.into(), ten(places))).unwrap());
    prop_oneof![3 => fraction, 1 => N::rate()].boxed()
}

/// `r·n`, as interest and as the rate of a year of `n` units: refused only when no number of the type is it.
fn simple_interest_is_exact_or_does_not_fit<N: Sample>() {
    check((any_rate::<N>(), natural(0..=u32::MAX)), |(rate, n)| {
        let per_block = Rate::<N, PerBlock>::new(rate)?;
        let interest = per_block.simple(blocks(n)).map(Ratio::get);
        let yearly = per_block.nominal_per_year(n).map(Rate::get);
        let product = N::exactly(&(rate.value() * whole(n)));
        agree([interest, yearly], [product; 2])
    });
}

/// `(1 + r)ⁿ`; `1 + r` is a sum, exact or refused.
fn compound_interest_is_bracketed<N: Sample>() {
    check((any_rate::<N>(), natural(0..=40)), |(number, n)| {
        let rate = Rate::<N, PerDay>::new(number)?;
        let answers = [rate.compound_down(days(n)), rate.compound_up(days(n))];
        let answers = answers.map(|index| index.map(Index::get));
        let factor = whole(1) + number.value();
        match N::exactly(&factor) {
            Ok(_) => power_is_bracketed(&factor, n, answers),
            refusal @ Err(_) => agree(answers, [refusal; 2]),
        }
    });
}

fn a_spread_rate_is_the_exact_one_rounded_once<N: Sample>() {
    let seconds_a_year = 31_536_000;
    let units = prop_oneof![natural(0..=u32::MAX), Just(seconds_a_year), Just(365)];
    check((any_rate::<N>(), units), |(number, units)| {
        let rate = Rate::<N, PerYear>::new(number)?;
        let exact = quotient(&number.value(), &whole(units));
        let expected =
            BOTH.map(|rounding| N::round(&exact.clone()?, Fit::Alone, Grid::Rate, rounding));
        let answers = [rate.spread_down::<PerSecond>(units), rate.spread_up::<PerSecond>(units)];
        agree(answers.map(|rate| rate.map(Rate::get)), expected)
    });
}

/// 7.3 % a year is two hundredths of a percent a day.
#[test]
fn a_yearly_rate_by_the_day() -> Result<(), MathError> {
    let yearly = Rate::<_, PerYear>::new(rust_decimal::dec!(0.073))?;
    let daily = yearly.spread_down::<PerDay>(365)?;
    assert_eq!(daily.get(), rust_decimal::dec!(0.0002));
    assert_eq!(daily.simple(days(365))?, rust_decimal::dec!(0.073));
    Ok(())
}
