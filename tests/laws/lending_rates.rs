//! Utilization, rates, interest.

use std::cmp::Ordering;

use defi_math::laws::Verdict;
use defi_math::laws::strategies;
use defi_math::lending::{
    InterestRateModel, LendingError, Market, MarketState, Terms, utilization,
};
use defi_math::rate::{Elapsed, PerBlock, PerYear, Rate, blocks};
use defi_math::{MathError, Ratio, Wad};
use num_bigint::BigInt;
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::lending_support::{ONE, amount, market, model, number, part, small_rate};
use crate::support::{Exactly, accept, check};

fn one() -> BigInt {
    ONE.into()
}

/// A utilization up to three, with 18 places.
fn used<N: Exactly>() -> BoxedStrategy<N> {
    prop_oneof![4 => 0..=ONE, 1 => 0..=3 * ONE, 1 => strategies::integer(0..=ONE)]
        .prop_map(number)
        .boxed()
}

/// `B ≤ C + B − R` if and only if `R ≤ C`; and the answer is the floor of the exact quotient.
#[test]
fn utilization_is_at_most_one_iff_cash_covers_reserves() {
    fn law<N: Exactly>() {
        check((amount::<N>(), amount::<N>(), amount::<N>()), |(cash, borrows, reserves)| {
            let u = match utilization(cash, borrows, reserves) {
                Ok(u) => u.get().units(),
                Err(refusal) => {
                    let whole = cash.get().units() + borrows.get().units();
                    let cause = match reserves.get().units().cmp(&whole) {
                        Ordering::Greater => MathError::Underflow,
                        Ordering::Equal => MathError::DivisionByZero,
                        Ordering::Less => {
                            let left = whole - reserves.get().units();
                            let u: BigInt = borrows.get().units() * ONE / left;
                            prop_assert!(u > BigInt::from(u128::MAX) / 1_000);
                            MathError::Overflow
                        }
                    };
                    prop_assert_eq!(refusal, LendingError::Math(cause));
                    return Ok(Verdict::Refused);
                }
            };
            if borrows.is_zero() {
                prop_assert_eq!(u, BigInt::ZERO);
                return Ok(Verdict::Held);
            }
            let borrowed = borrows.get().units();
            let whole = cash.get().units() + &borrowed - reserves.get().units();
            // A `Decimal` of more than eight digits before the point has fewer places.
            if u < BigInt::from(N::FULL_GRID) {
                prop_assert!(&u * &whole <= &borrowed * ONE);
                prop_assert!((&u + 1_u32) * &whole > &borrowed * ONE);
            }
            if cash >= reserves {
                prop_assert!(u <= one());
            } else {
                prop_assert!(u >= one() && borrowed > whole);
            }
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

#[test]
fn borrow_rate_never_falls_with_utilization() {
    fn law<N: Exactly>() {
        check((model::<N>(), used::<N>(), used::<N>()), |(model, a, b)| {
            let (less, more) = if a <= b { (a, b) } else { (b, a) };
            prop_assert!(model.borrow_rate(less).unwrap() <= model.borrow_rate(more).unwrap());
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// One step of the grid beyond the kink adds no more than a unit: the two slopes meet.
#[test]
fn rate_is_continuous_at_the_kink() {
    fn law<N: Exactly>() {
        let rates = (small_rate::<N>(), small_rate::<N>(), part::<N>(), small_rate::<N>());
        check(rates, |(base, slope, kink, jump)| {
            let model = InterestRateModel::<N, PerBlock>::kinked(base, slope, kink, jump).unwrap();
            let beyond = kink.try_add(number(1)).unwrap();
            let at = model.borrow_rate(kink).unwrap().get().units();
            let step = model.borrow_rate(beyond).unwrap().get().units() - at;
            prop_assert!(step >= BigInt::ZERO && step <= BigInt::from(1));
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

#[test]
fn inverse_rate_is_the_least_utilization() {
    fn law<N: Exactly>() {
        check((model::<N>(), small_rate::<N>()), |(model, wanted)| {
            let wanted = Rate::new(wanted).unwrap();
            let u = match model.utilization_at(wanted) {
                Ok(u) => u,
                Err(LendingError::RateNotReached) => {
                    // However much is lent.
                    let all = model.borrow_rate(number::<N>(3 * ONE)).unwrap();
                    prop_assert!(all < wanted);
                    return Ok(Verdict::Refused);
                }
                Err(refusal) => return Err(TestCaseError::fail(format!("{refusal}"))),
            };
            // Far out a `Decimal` has fewer places.
            if u.get().units() > BigInt::from(N::FULL_GRID) {
                return Ok(Verdict::Refused);
            }
            prop_assert!(model.borrow_rate(u).unwrap() >= wanted);
            if !u.is_zero() {
                let less = u.get().try_sub(number(1)).unwrap();
                prop_assert!(model.borrow_rate(less).unwrap() < wanted);
            }
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// What suppliers are promised is what borrowers pay less the reserves' part, and lacks of it what the
/// three floors take: `s·A ≤ b·(1 − f)·B < s·A + A + B + A·b`, in units of the rates.
#[test]
fn suppliers_are_promised_what_borrowers_pay() {
    fn law<N: Exactly>() {
        check(market::<N>(), |market| {
            let market = market.market();
            let paid = accept!(market.borrow_rate()).get().units();
            let earned = accept!(market.supply_rate()).get().units();
            let state = market.state();
            let borrows = state.borrows.get().units();
            let whole = state.cash.get().units() + &borrows - state.reserves.get().units();
            if paid > BigInt::from(N::FULL_GRID) {
                return Ok(Verdict::Refused);
            }
            let kept = one() - state.terms.reserve_factor.get().units();
            let due = kept * &paid * &borrows;
            prop_assert!(&earned * &whole * ONE <= due);
            let lacks = due - earned * &whole * ONE;
            prop_assert!(lacks <= (&whole + &borrows) * ONE + whole * paid);
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// Simple interest, three terms, compound interest: each at least the one before. The three terms lack at
/// most `(r·n)⁴/24·(1 + r)ⁿ` of the exact power, and a unit.
#[test]
fn three_terms_lie_between_simple_and_compound() {
    fn law<N: Exactly>() {
        check((small_rate::<N>(), strategies::integer(0..=100_000)), |(rate, n)| {
            let n = u32::try_from(n).unwrap();
            let rate = Rate::<N, PerBlock>::new(rate).unwrap();
            let at = |number: N| number.at(N::RATE_PLACES);
            let unit = BigInt::from(10_u32).pow(N::RATE_PLACES);
            let simple = &unit + at(accept!(rate.simple(blocks(n))).get());
            let three = at(accept!(rate.compound_three_terms_down(blocks(n))).get());
            let down = at(accept!(rate.compound_down(blocks(n))).get());
            let up = at(accept!(rate.compound_up(blocks(n))).get());
            prop_assert!(simple <= three && three <= up, "{simple} {three} {up}");
            // (r·n)⁴/24·(1 + r)ⁿ, in units.
            let growth = at(rate.get()) * n;
            let error = growth.pow(4) * &up / 24 / unit.pow(4);
            prop_assert!(down - three <= error + 2);
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// The rate that a nominal one is found from brackets it again.
#[test]
fn nominal_and_effective_rates_bracket_each_other() {
    fn law<N: Exactly>() {
        let times = prop_oneof![Just(1_u32), Just(12), Just(365), 1..=10_000_u32];
        check((strategies::integer(0..=2 * ONE), times), |(rate, times)| {
            let rate = Rate::<N, PerYear>::new(number(rate)).unwrap();
            let (down, up) = (accept!(rate.to_apr_down(times)), accept!(rate.to_apr_up(times)));
            prop_assert!(down <= up);
            let at = |rate: Rate<N, PerYear>| rate.get().at(N::RATE_PLACES);
            prop_assert!(at(up) <= at(rate) + times);
            prop_assert!(accept!(down.to_apy_down(times)) <= rate);
            prop_assert!(accept!(up.to_apy_up(times)) >= rate);
            let (less, more) = (accept!(rate.to_apy_down(times)), accept!(rate.to_apy_up(times)));
            prop_assert!(less <= more);
            // The exact power lies between, where it can still be written down.
            if times <= 12 {
                let scale = BigInt::from(10_u32).pow(N::RATE_PLACES);
                let one = &scale * times;
                let power = (&one + at(rate)).pow(times);
                let whole = one.pow(times);
                prop_assert!((&scale + at(less)) * &whole <= &power * &scale);
                prop_assert!((&scale + at(more)) * &whole >= &power * &scale);
            }
            // Compounding never lowers a rate, but for the unit that each spread loses.
            let spread = accept!(rate.spread_down::<PerBlock>(times)).get();
            prop_assert!(less.get() >= spread.multiple(times).unwrap());
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// At a constant rate: `n` accruals of a block against one of `n` blocks. On the grid the many can lack a
/// unit an accrual of the index, never more, and never exceed the compound power.
#[test]
fn accruing_more_often_never_lowers_debt() {
    fn law<N: Exactly>() {
        check((small_rate::<N>(), amount::<N>(), 1..=60_u32), |(rate, borrows, n)| {
            let model = InterestRateModel::linear(rate, N::ZERO).unwrap();
            let terms = Terms::new(model, N::ZERO, N::ONE).unwrap();
            let empty = *Market::open(terms).unwrap().state();
            let market = Market::try_from(MarketState { borrows, ..empty }).unwrap();
            let once = accept!(market.accrue(blocks(n))).after;
            let mut often = accept!(market.accrue(blocks(0))).after;
            for _ in 0..n {
                often = accept!(often.accrue(blocks(1))).after;
            }
            let index = |state: &MarketState<N>| state.borrow_index.get().units();
            let owed = |state: &MarketState<N>| state.borrows.get().units();
            prop_assert!(index(often.state()) + n >= index(once.state()));
            prop_assert!(owed(often.state()) + n >= owed(once.state()));
            let power =
                accept!(Rate::<N, PerBlock>::new(rate).unwrap().compound_up(Elapsed::new(n)));
            let scale = BigInt::from(10_u32).pow(N::RATE_PLACES);
            let power = power.get().at(N::RATE_PLACES);
            prop_assert!(index(often.state()) * &scale <= &power * ONE);
            prop_assert!(owed(often.state()) * &scale <= power * borrows.get().units());
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// A part of the interest that goes to the reserves is never more than its factor says.
#[test]
fn interest_is_conserved() {
    fn law<N: Exactly>() {
        check((market::<N>(), 0..=1_000_000_u32), |(market, n)| {
            let accrual = accept!(market.accrue(blocks(n)));
            let (before, after) = (market.state(), accrual.after.state());
            let units = |amount: defi_math::Amount<N>| amount.get().units();
            let (interest, kept) = (units(accrual.interest), units(accrual.to_reserves));
            // What borrowers owe more is what suppliers and reserves gain, to the unit.
            prop_assert_eq!(units(after.borrows) - units(before.borrows), interest.clone());
            prop_assert_eq!(units(after.reserves) - units(before.reserves), kept.clone());
            prop_assert_eq!(before.cash, after.cash);
            prop_assert_eq!(before.supply, after.supply);
            // Each floor loses less than a unit.
            let factor = before.terms.reserve_factor.get().units();
            prop_assert!(&kept * ONE <= &interest * &factor);
            if units(after.reserves) < BigInt::from(N::FULL_GRID) {
                prop_assert!((&kept + 1_u32) * ONE > &interest * &factor);
            }
            let rate = accept!(market.market().borrow_rate()).get().units();
            let due = rate * n * units(before.borrows);
            prop_assert!(&interest * ONE <= due);
            // A `Decimal` sum beyond its full grid has fewer places.
            if units(after.borrows) < BigInt::from(N::FULL_GRID) {
                prop_assert!((interest + 1_u32) * ONE > due);
            }
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// The older and the newer meaning of the multiplier describe one curve: the slope is the rise over the
/// kink, and the two slopes of Aave are the rises.
#[test]
fn constructors_agree_on_one_curve() {
    fn law<N: Exactly>() {
        let rates = (small_rate::<N>(), small_rate::<N>(), small_rate::<N>());
        check((rates, 1..=ONE - 1), |((base, rise, rest), kink)| {
            let kink = number::<N>(kink);
            let rises = InterestRateModel::<N>::two_slopes(base, kink, rise, rest).unwrap();
            let slope = rises.curve().slope.get();
            let jump = rises.curve().kink.unwrap().jump.get();
            let by_rise = InterestRateModel::<N>::kinked_by_rise(base, rise, kink, jump).unwrap();
            let by_slope = InterestRateModel::<N>::kinked(base, slope, kink, jump).unwrap();
            prop_assert_eq!(rises, by_rise);
            prop_assert_eq!(rises, by_slope);
            // At the kink, and at one, the rises are reached to within two units: one for each floor.
            for (u, due) in [(kink, vec![base, rise]), (N::ONE, vec![base, rise, rest])] {
                let due: BigInt = due.into_iter().map(N::units).sum();
                let reached = rises.borrow_rate(Ratio::new(u).unwrap()).unwrap().get().units();
                prop_assert!(reached <= due && reached + 4_u32 >= due);
            }
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// A market with a maximum accrues at it, and refuses above it; without one it always does.
#[test]
fn accrual_refuses_exactly_what_is_above_the_maximum() {
    fn law<N: Exactly>() {
        check((market::<N>(), small_rate::<N>(), any::<bool>()), |(market, most, at)| {
            let paid = accept!(market.market().borrow_rate());
            let most = if at { paid } else { Rate::new(most).unwrap() };
            let terms = market.state().terms.with_maximum_borrow_rate(most);
            let capped = Market::try_from(MarketState { terms, ..*market.state() }).unwrap();
            let free = accept!(market.accrue(blocks(3)));
            match capped.accrue(blocks(3)) {
                Ok(accrual) => {
                    prop_assert!(paid <= most);
                    prop_assert_eq!(accrual.interest, free.interest);
                }
                Err(refusal) => {
                    prop_assert_eq!(refusal, LendingError::BorrowRateTooHigh);
                    prop_assert!(paid > most);
                }
            }
            // Without time nothing is charged, and nothing refused.
            prop_assert!(capped.accrue(blocks(0)).is_ok());
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}
