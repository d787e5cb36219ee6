//! Markets to try laws of lending on.

use defi_math::laws::strategies;
use defi_math::lending::{AccruedMarket, Debt, InterestRateModel, Market, MarketState, Terms};
use defi_math::rate::{PerBlock, blocks};
use defi_math::{Amount, Index, Ratio, Shares};
use num_bigint::BigInt;
use proptest::prelude::*;

use crate::support::Exactly;

pub(crate) const ONE: u128 = 1_000_000_000_000_000_000;

/// So many units of 10⁻¹⁸, which every type holds exactly.
pub(crate) fn number<N: Exactly>(units: u128) -> N {
    N::of_units(units).unwrap().get()
}

/// The largest amount of a drawn market: products of its sums keep all places, and room to grow.
pub(crate) fn largest<N: Exactly>() -> u128 {
    N::FULL_GRID / 1_000
}

/// An amount of every magnitude.
pub(crate) fn amount<N: Exactly>() -> BoxedStrategy<Amount<N>> {
    strategies::integer(0..=largest::<N>()).prop_map(|n| N::of_units(n).unwrap()).boxed()
}

/// A part of one, with 18 places.
pub(crate) fn part<N: Exactly>() -> BoxedStrategy<N> {
    prop_oneof![
        6 => 0..=ONE,
        1 => Just(0),
        1 => Just(ONE),
        2 => strategies::integer(0..=ONE),
    ]
    .prop_map(number)
    .boxed()
}

/// A rate for a block: up to 10⁻⁴ and down to nothing.
pub(crate) fn small_rate<N: Exactly>() -> BoxedStrategy<N> {
    strategies::integer(0..=ONE / 10_000).prop_map(number).boxed()
}

/// A model of one slope or two.
pub(crate) fn model<N: Exactly>() -> BoxedStrategy<InterestRateModel<N, PerBlock>> {
    let rates = || (small_rate::<N>(), small_rate::<N>(), small_rate::<N>());
    prop_oneof![
        rates().prop_map(|(base, slope, _)| InterestRateModel::linear(base, slope).unwrap()),
        (rates(), part::<N>()).prop_map(|((base, slope, jump), kink)| {
            InterestRateModel::kinked(base, slope, kink, jump).unwrap()
        }),
    ]
    .boxed()
}

pub(crate) fn terms<N: Exactly>() -> BoxedStrategy<Terms<N>> {
    (model::<N>(), part::<N>(), strategies::integer(1..=1_000 * ONE))
        .prop_map(|(model, factor, first)| Terms::new(model, factor, number::<N>(first)).unwrap())
        .boxed()
}

/// A market that has accrued to now: lent out or not, grown or not, with its minimum locked or, as a
/// deployed one, without.
pub(crate) fn market<N: Exactly>() -> BoxedStrategy<AccruedMarket<N>> {
    let sums = (amount::<N>(), amount::<N>(), part::<N>());
    // Up to a thousand tokens a share, and down to a unit.
    let shares = (strategies::integer(1..=1_000 * ONE), any::<bool>(), 0..=20 * ONE);
    (terms::<N>(), sums, shares)
        .prop_filter_map("no market", |(terms, (cash, borrows, part), (rate, locks, growth))| {
            let whole = (cash + borrows).ok()?;
            let reserves = whole.mul_down(Ratio::new(part).ok()?).ok()?;
            let of_suppliers = (whole - reserves).ok()?;
            let supply: BigInt = of_suppliers.get().units() * ONE / rate;
            let supply = u128::try_from(supply).ok()?;
            let empty = *Market::open(terms).ok()?.state();
            let locked = if locks { empty.locked } else { Shares::ZERO };
            if supply > 0 && supply < 1_000 && locks || supply > N::FULL_GRID {
                return None;
            }
            let state = MarketState {
                cash,
                borrows,
                reserves,
                supply: Shares::new(N::of_units(supply)?.get()).ok()?,
                locked,
                borrow_index: Index::new(number(ONE + growth)).ok()?,
                terms,
            };
            Some(Market::try_from(state).ok()?.accrue(blocks(0)).ok()?.after)
        })
        .boxed()
}

/// A debt in a market: of everything borrowed there, or a part, taken when the index was lower.
pub(crate) fn debt<N: Exactly>(market: &AccruedMarket<N>, part: N, since: N) -> Debt<N> {
    let state = market.state();
    let principal = state.borrows.mul_down(Ratio::new(part).unwrap()).unwrap();
    let index = state.borrow_index.get().units() - ONE;
    let then = ONE + u128::try_from(index * since.units() / ONE).unwrap();
    // Scaled down, so that what is owed now is the part again, or a trifle less.
    let owed: BigInt = principal.get().units() * then / state.borrow_index.get().units();
    let principal = N::of_units(u128::try_from(owed).unwrap()).unwrap();
    Debt::new(principal, number::<N>(then)).unwrap()
}

/// What belongs to the suppliers, in units.
pub(crate) fn assets<N: Exactly>(market: &AccruedMarket<N>) -> BigInt {
    let state = market.state();
    state.cash.get().units() + state.borrows.get().units() - state.reserves.get().units()
}

/// The exchange rate as the market states it, in units.
pub(crate) fn rate<N: Exactly>(market: &AccruedMarket<N>) -> BigInt {
    market.exchange_rate().unwrap().get().units()
}
