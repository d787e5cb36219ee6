//! A market's transitions, one at a time.

use defi_math::laws::Verdict;
use defi_math::lending::{
    AccruedMarket, Debt, InterestRateModel, LendingError, Market, MarketState, Terms,
};
use defi_math::rate::blocks;
use defi_math::{Amount, Fee, Shares, Wad};
use num_bigint::BigInt;
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::lending_support::{ONE, assets, debt, market, number, part, rate};
use crate::support::{Draw, Exactly, accept, check, draw};

/// What anybody may do to a market; amounts against what there is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Action<N> {
    Accrue(u32),
    Supply(Draw<N>),
    Redeem(Draw<N>),
    RedeemAmount(Draw<N>),
    Borrow(Draw<N>),
    Repay(Draw<N>),
    RepayAll,
    AddReserves(Draw<N>),
    ReduceReserves(Draw<N>),
    Donate(Draw<N>),
    Seize(Draw<N>, u32),
    FlashLoan(Draw<N>, u32),
}

fn action<N: Exactly>() -> BoxedStrategy<Action<N>> {
    prop_oneof![
        (0..=100_000_u32).prop_map(Action::Accrue),
        draw().prop_map(Action::Supply),
        draw().prop_map(Action::Redeem),
        draw().prop_map(Action::RedeemAmount),
        draw().prop_map(Action::Borrow),
        draw().prop_map(Action::Repay),
        Just(Action::RepayAll),
        draw().prop_map(Action::AddReserves),
        draw().prop_map(Action::ReduceReserves),
        draw().prop_map(Action::Donate),
        (draw(), 0..=10_000_u32).prop_map(|(shares, part)| Action::Seize(shares, part)),
        (draw(), 0..10_000_u32).prop_map(|(amount, fee)| Action::FlashLoan(amount, fee)),
    ]
    .boxed()
}

/// The market after an action, what the actor paid for it, and what was taken out.
fn act<N: Exactly>(
    market: &AccruedMarket<N>,
    owed: Debt<N>,
    action: Action<N>,
) -> Result<(AccruedMarket<N>, BigInt, BigInt), LendingError> {
    let state = market.state();
    let zero = BigInt::ZERO;
    let units = |amount: Amount<N>| amount.get().units();
    let shares_of = |draw: Draw<N>| -> Result<Shares<N>, LendingError> {
        Ok(Shares::new(draw.of(Amount::new(state.supply.get())?).get())?)
    };
    Ok(match action {
        Action::Accrue(n) => (market.accrue(blocks(n))?.after, zero.clone(), zero),
        Action::Supply(amount) => {
            let supply = market.supply(amount.of(state.cash))?;
            (supply.after, units(supply.amount), zero)
        }
        Action::Redeem(shares) => {
            let redemption = market.redeem(shares_of(shares)?)?;
            (redemption.after, zero, units(redemption.amount))
        }
        Action::RedeemAmount(amount) => {
            let redemption = market.redeem_amount(amount.of(state.cash))?;
            (redemption.after, zero, units(redemption.amount))
        }
        Action::Borrow(amount) => {
            let loan = market.borrow(owed, amount.of(state.cash))?;
            (loan.after, zero, units(loan.amount))
        }
        Action::Repay(amount) => {
            let repayment = market.repay(owed, amount.of(market.owed(owed)?))?;
            (repayment.after, units(repayment.amount), zero)
        }
        Action::RepayAll => {
            let repayment = market.repay_all(owed)?;
            (repayment.after, units(repayment.amount), zero)
        }
        Action::AddReserves(amount) => {
            let amount = amount.of(state.cash);
            (market.add_reserves(amount)?, units(amount), zero)
        }
        Action::ReduceReserves(amount) => {
            let amount = amount.of(state.reserves);
            (market.reduce_reserves(amount)?, zero, units(amount))
        }
        Action::Donate(amount) => {
            let amount = amount.of(state.cash);
            (market.donate(amount)?, units(amount), zero)
        }
        Action::Seize(shares, part) => {
            let part = number::<N>(u128::from(part) * ONE / 10_000);
            (market.seize(shares_of(shares)?, part)?.after, zero.clone(), zero)
        }
        Action::FlashLoan(amount, fee) => {
            let (amount, fee) = (amount.of(state.cash), Fee::from_basis_points(fee)?);
            let whole = amount.mul_up(defi_math::Ratio::new(number::<N>(2 * ONE))?)?;
            let loan = market.flash_loan(amount, fee, |lent| {
                // Within it the exchange rate is what it is outside.
                assert_eq!(lent.exchange_rate(), market.exchange_rate());
                Ok::<_, LendingError>((lent, whole))
            })?;
            (loan.after, units(loan.paid), units(loan.amount))
        }
    })
}

fn case<N: Exactly>() -> impl Strategy<Value = (AccruedMarket<N>, Debt<N>, Action<N>)> {
    (market::<N>(), part::<N>(), part::<N>(), action::<N>())
        .prop_map(|(market, owed, since, action)| (market, debt(&market, owed, since), action))
}

/// By no operation; only a recognized bad debt lowers it.
#[test]
fn exchange_rate_never_falls() {
    fn law<N: Exactly>() {
        check(case::<N>(), |(market, owed, action)| {
            let (after, ..) = accept!(act(&market, owed, action));
            // The last shares are gone: the next deposit begins anew.
            if after.state().supply.is_zero() || market.state().supply.is_zero() {
                return Ok(Verdict::Refused);
            }
            let (then, now) = (accept!(market.exchange_rate()), accept!(after.exchange_rate()));
            prop_assert!(now >= then, "{then} to {now}");
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// What goes in and out of the purses is what the cash gains and loses.
#[test]
fn cash_is_conserved() {
    fn law<N: Exactly>() {
        check(case::<N>(), |(market, owed, action)| {
            let (after, paid, taken) = accept!(act(&market, owed, action));
            let cash = |market: &AccruedMarket<N>| market.state().cash.get().units();
            prop_assert_eq!(cash(&after) - cash(&market), paid - taken);
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// Every state that an operation leaves can be stored and read again.
#[test]
fn operations_lead_to_valid_states() {
    fn law<N: Exactly>() {
        check(case::<N>(), |(market, owed, action)| {
            let (after, ..) = accept!(act(&market, owed, action));
            let state: MarketState<N> = (*after.market()).into();
            prop_assert_eq!(Market::try_from(state), Ok(*after.market()));
            // What the market says of itself is what it says before the next accrual.
            prop_assert_eq!(after.utilization(), after.market().utilization());
            prop_assert_eq!(after.borrow_rate(), after.market().borrow_rate());
            prop_assert_eq!(after.supply_rate(), after.market().supply_rate());
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

#[test]
fn supplying_then_redeeming_never_profits() {
    fn law<N: Exactly>() {
        check((market::<N>(), draw::<N>()), |(market, amount)| {
            let supply = accept!(market.supply(amount.of(market.state().cash)));
            if market.state().supply.is_zero() {
                // What lies in a market without shares is the first depositor's.
                return Ok(Verdict::Refused);
            }
            let back = accept!(supply.after.redeem(supply.shares));
            prop_assert!(back.amount <= supply.amount);
            let most = accept!(supply.after.worth(supply.shares));
            // Taken from a large `Decimal` cash, an amount has fewer places.
            prop_assert!(back.amount <= most);
            if supply.after.state().cash.get().units() < BigInt::from(N::FULL_GRID) {
                prop_assert_eq!(most, back.amount);
            }
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// `shares·e ≥ amount`, and a share less would not do.
#[test]
fn redeeming_an_amount_burns_the_least_shares_that_cover_it() {
    fn law<N: Exactly>() {
        check((market::<N>(), draw::<N>()), |(market, amount)| {
            let redemption = accept!(market.redeem_amount(amount.of(market.state().cash)));
            let (shares, e) = (redemption.shares.get().units(), rate(&market));
            let due = redemption.amount.get().units() * ONE;
            prop_assert!(&shares * &e >= due);
            prop_assert!((shares - 1) * e < due);
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// The shares of a deposit are the most whose worth does not exceed it; the first leaves the minimum.
#[test]
fn supplying_mints_the_most_shares_that_it_pays_for() {
    fn law<N: Exactly>() {
        check((market::<N>(), draw::<N>()), |(market, amount)| {
            let supply = accept!(market.supply(amount.of(market.state().cash)));
            // A large `Decimal` supply has fewer places.
            let full = BigInt::from(N::FULL_GRID);
            if supply.amount.is_zero() || supply.after.state().supply.get().units() > full {
                return Ok(Verdict::Refused);
            }
            let state = market.state();
            let issued = supply.after.state().supply.get().units() - state.supply.get().units();
            let kept = &issued - supply.shares.get().units();
            let locked =
                if state.supply.is_zero() { state.locked.get().units() } else { BigInt::ZERO };
            prop_assert_eq!(kept, locked);
            let (e, paid) = (rate(&market), supply.amount.get().units() * ONE);
            prop_assert!(&issued * &e <= paid);
            prop_assert!((issued + 1) * e > paid);
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// Nothing disappears: the reserves bear it first, then the suppliers, to the unit.
#[test]
fn bad_debt_is_borne_by_reserves_then_suppliers() {
    fn law<N: Exactly>() {
        check(case::<N>(), |(market, owed, _)| {
            let loss = accept!(market.write_off(owed, N::ZERO));
            let units = |amount: Amount<N>| amount.get().units();
            let (before, after) = (market.state(), loss.after.state());
            prop_assert_eq!(units(before.borrows) - units(after.borrows), units(loss.loss));
            prop_assert_eq!(
                units(before.reserves) - units(after.reserves),
                units(loss.from_reserves)
            );
            prop_assert_eq!(assets(&market) - assets(&loss.after), units(loss.from_suppliers));
            let sum = units(loss.from_reserves) + units(loss.from_suppliers);
            prop_assert_eq!(sum, units(loss.loss));
            prop_assert!(after.reserves.is_zero() || loss.from_suppliers.is_zero());
            prop_assert_eq!(before.supply, after.supply);
            let some = Amount::new(number::<N>(1)).unwrap();
            prop_assert_eq!(market.write_off(owed, some), Err(LendingError::CollateralLeft));
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// What a borrower loses is the liquidator's and the protocol's, and the reserves gain no more than what
/// was burned for them is worth.
#[test]
fn seizure_conserves_shares() {
    fn law<N: Exactly>() {
        check((market::<N>(), draw::<N>(), part::<N>()), |(market, shares, part)| {
            let shares = Shares::new(shares.of(Amount::new(market.state().supply.get())?).get())?;
            let seizure = accept!(market.seize(shares, part));
            let sum = (seizure.to_liquidator + seizure.to_protocol).unwrap();
            prop_assert_eq!(sum, shares);
            let burned = seizure.to_protocol.get().units();
            prop_assert!(&burned * ONE <= shares.get().units() * part.units());
            prop_assert!((&burned + 1) * ONE > shares.get().units() * part.units());
            prop_assert!(seizure.to_reserves.get().units() * ONE <= burned * rate(&market));
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// A debt can be paid in any parts, and grows only with the index.
#[test]
fn repaying_in_parts_repays_the_same() {
    fn law<N: Exactly>() {
        check((case::<N>(), draw::<N>()), |((market, owed, _), part)| {
            let due = accept!(market.owed(owed));
            let first = accept!(market.repay(owed, part.of(due)));
            let rest = accept!(first.after.repay_all(first.debt));
            let at_once = accept!(market.repay_all(owed));
            prop_assert_eq!((first.amount + rest.amount).unwrap(), at_once.amount);
            prop_assert_eq!(rest.after, at_once.after);
            prop_assert!(rest.debt.principal().is_zero());
            let more = due.get().try_add(number(1));
            if let Ok(more) = more {
                prop_assert_eq!(market.repay(owed, more), Err(LendingError::RepaysTooMuch));
                prop_assert_eq!(market.repay_at_most(owed, more), Ok(at_once));
            }
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// The fee is the least that covers its fraction, one unit less than amount and fee is refused, and the
/// suppliers gain what is paid beyond the loan.
#[test]
fn flash_loan_takes_its_fee_or_nothing() {
    fn law<N: Exactly>() {
        check((market::<N>(), draw::<N>(), 0..10_000_u32), |(market, amount, points)| {
            let fee = Fee::from_basis_points(points).unwrap();
            let amount = amount.of(market.state().cash);
            let paying = |paid: N| {
                market.flash_loan(amount, fee, |lent| Ok::<_, LendingError>((lent, paid)))
            };
            let exact = amount.get().units() * points;
            let cost: BigInt = (exact + 9_999_u32) / 10_000_u32;
            let due = u128::try_from(&cost + amount.get().units()).ok();
            let Some(due) = due.and_then(N::of_units) else { return Ok(Verdict::Refused) };
            let loan = accept!(paying(due.get()));
            prop_assert_eq!(loan.fee.get().units(), cost.clone());
            prop_assert_eq!(assets(&loan.after) - assets(&market), cost);
            prop_assert_eq!(loan.after.state().borrows, market.state().borrows);
            if let Ok(short) = due.get().try_sub(number(1)) {
                prop_assert_eq!(paying(short), Err(LendingError::FlashLoanNotRepaid));
            }
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// Found by `operations_lead_to_valid_states`: cash and borrows that a type can hold may have a sum that it
/// cannot, and the market is one all the same.
#[test]
fn market_of_more_than_the_type_holds_in_sum_can_be_read_back() {
    let model = InterestRateModel::<Wad>::linear(Wad::ZERO, Wad::ZERO).unwrap();
    let terms = Terms::new(model, Wad::ZERO, Wad::ONE).unwrap();
    let most = Amount::from(Wad::MAX);
    let state = MarketState {
        cash: most,
        borrows: most,
        supply: Shares::from(Wad::MAX),
        ..*Market::open(terms).unwrap().state()
    };
    let market = Market::try_from(state).unwrap();
    assert_eq!(market.exchange_rate().unwrap(), number::<Wad>(2 * ONE));
    let beyond = MarketState { reserves: most, cash: Amount::ZERO, ..state };
    assert!(Market::try_from(beyond).is_ok());
    let owing = MarketState { borrows: Amount::ZERO, reserves: most, cash: Amount::ZERO, ..state };
    assert_eq!(Market::try_from(owing), Err(LendingError::InvalidState));
}

/// What is brought to the reserves is nobody else's; what is taken is there, in the reserves and as cash.
#[test]
fn reserves_are_their_own() {
    fn law<N: Exactly>() {
        check((market::<N>(), draw::<N>()), |(market, amount)| {
            let state = market.state();
            let (brought, taken) = (amount.of(state.cash), amount.of(state.reserves));
            if let Ok(after) = market.add_reserves(brought) {
                prop_assert_eq!(assets(&after), assets(&market));
            }
            match market.reduce_reserves(taken) {
                Ok(after) => {
                    prop_assert_eq!(assets(&after), assets(&market));
                    prop_assert!(taken <= state.cash && taken <= state.reserves);
                }
                Err(LendingError::InsufficientCash) => prop_assert!(taken > state.cash),
                Err(LendingError::InsufficientReserves) => prop_assert!(taken > state.reserves),
                Err(refusal) => prop_assert!(
                    matches!(refusal, LendingError::Math(defi_math::MathError::Inexact)),
                    "{refusal}"
                ),
            }
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}
