//! `f64`: the same market, to within a stated relative error.

use defi_math::Wad;
use defi_math::laws::Verdict;
use defi_math::lending::{
    Account, AccruedMarket, Debt, InterestRateModel, LendingError, Market, Position, Terms,
};
use defi_math::num::Number;
use defi_math::rate::{PerBlock, blocks};
use proptest::prelude::*;

use crate::lending_support::ONE;
use crate::support::check;

/// One life of a market, in any number: what is left of it.
fn life<N: Number>(figures: [u128; 6], of: impl Fn(u128) -> N) -> Result<[N; 7], LendingError> {
    let [slope, factor, supplied, borrowed, time, price] = figures;
    let model = InterestRateModel::<N, PerBlock>::kinked(
        of(ONE / 10_000_000),
        of(slope),
        of(ONE / 10 * 8),
        of(slope * 10),
    )?;
    let market = Market::open(Terms::new(model, of(factor), of(ONE / 50))?)?;
    let opened: AccruedMarket<N> = market.accrue(blocks(0))?.after;
    let supply = opened.supply(of(supplied))?;
    let loan = supply.after.borrow(Debt::NONE, of(borrowed))?;
    let grown = loan.after.accrue(blocks(u32::try_from(time).unwrap()))?.after;
    let grown = grown.accrue(blocks(7))?.after;
    let part = grown.redeem_amount(of((supplied - borrowed) / 2))?;
    let position =
        Position::in_market(&part.after, supply.shares, loan.debt, of(price), of(ONE / 2))?;
    let account = Account::of(&[position])?;
    let state = part.after.state();
    Ok([
        state.cash.get(),
        state.borrows.get(),
        state.reserves.get(),
        state.supply.get(),
        state.borrow_index.get(),
        part.after.exchange_rate()?.get(),
        account.health_factor()?.get(),
    ])
}

/// Every figure within 10⁻⁹ of the exact one, where that has nine digits.
#[test]
fn floats_follow_the_exact_market() {
    let amounts = (1_000 * ONE..=1_000_000_000 * ONE, 1..=999_u128);
    let rates = (0..=ONE / 1_000_000, 0..=ONE, 0..=100_000_u128, ONE / 1_000..=1_000 * ONE);
    check((amounts, rates), |((supplied, part), (slope, factor, time, price))| {
        let borrowed = supplied / 1_000 * part;
        let figures = [slope, factor, supplied, borrowed, time, price];
        let Ok(exact) = life(figures, Wad::from_raw) else { return Ok(Verdict::Refused) };
        let floats = life(figures, |units| Wad::from_raw(units).approximate()).unwrap();
        for (exact, float) in exact.map(Number::approximate).into_iter().zip(floats) {
            let close = (exact - float).abs() <= 1e-9 * exact.abs().max(1.0);
            prop_assert!(close, "{exact} {float}");
        }
        Ok(Verdict::Held)
    });
}
