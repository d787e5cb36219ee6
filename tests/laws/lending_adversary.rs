//! An adversary who may do anything that the market allows, in any order, beside a supplier and a borrower who
//! do nothing, while time passes.
//!
//! What is exactly true. The adversary's wealth is the purse, what the shares redeem, less what is owed. Then,
//! after every operation,
//!
//! ```text
//! wealth ≤ interest that the suppliers have earned so far + the roundings of the adversary's own debt
//! ```
//!
//! and what the passive supplier's shares redeem has not fallen. The debt's rounding is below a unit for each
//! operation, and for each accrual below `borrows·10⁻¹⁸` more, because the index has 18 places; it bears
//! interest as the debt does.

use defi_math::laws::Verdict;
use defi_math::lending::{AccruedMarket, Debt, LendingError, Market, Terms};
use defi_math::rate::blocks;
use defi_math::{Amount, Fee, Shares, Wad};
use num_bigint::BigInt;
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::lending_support::{ONE, number, terms};
use crate::support::{Draw, Exactly, Judged, check, draw};

#[derive(Clone, Copy, Debug)]
enum Action<N> {
    Wait(u32),
    /// Several accruals of nothing and of a block.
    Poke(u8),
    Supply(Draw<N>),
    SupplyUnit,
    Redeem(Draw<N>),
    RedeemAll,
    RedeemAmount(Draw<N>),
    Borrow(Draw<N>),
    Repay(Draw<N>),
    RepayAll,
    Donate(Draw<N>),
    FlashLoan(Draw<N>),
}

fn action<N: Exactly>() -> BoxedStrategy<Action<N>> {
    prop_oneof![
        2 => (0..=100_000_u32).prop_map(Action::Wait),
        1 => (1..5_u8).prop_map(Action::Poke),
        3 => draw().prop_map(Action::Supply),
        1 => Just(Action::SupplyUnit),
        3 => draw().prop_map(Action::Redeem),
        1 => Just(Action::RedeemAll),
        3 => draw().prop_map(Action::RedeemAmount),
        2 => draw().prop_map(Action::Borrow),
        2 => draw().prop_map(Action::Repay),
        1 => Just(Action::RepayAll),
        1 => draw().prop_map(Action::Donate),
        1 => draw().prop_map(Action::FlashLoan),
    ]
    .boxed()
}

/// The market, and what the adversary has.
#[derive(Clone, Debug)]
struct World<N: Exactly> {
    market: AccruedMarket<N>,
    shares: Shares<N>,
    debt: Debt<N>,
    purse: BigInt,
    /// What suppliers have earned.
    earned: BigInt,
    /// What the roundings of the adversary's debt can have been worth.
    slack: BigInt,
}

fn units<N: Exactly>(amount: Amount<N>) -> BigInt {
    amount.get().units()
}

impl<N: Exactly> World<N> {
    fn wait(&mut self, n: u32) -> Result<(), LendingError> {
        let accrual = self.market.accrue(blocks(n))?;
        self.earned += units(accrual.interest) - units(accrual.to_reserves);
        // What has drifted apart bears interest, too.
        let index = |market: &AccruedMarket<N>| market.state().borrow_index.get().units();
        let (then, now) = (index(&self.market), index(&accrual.after));
        let grown = |slack: &BigInt| -> BigInt { slack * &now / &then + 1_u32 };
        let borrows = units(accrual.after.state().borrows);
        self.slack = grown(&self.slack) + borrows / ONE + 2_u32;
        self.market = accrual.after;
        Ok(())
    }

    fn step(&self, action: Action<N>) -> Result<Self, LendingError> {
        let mut next = self.clone();
        next.slack += 1;
        let cash = self.market.state().cash;
        match action {
            Action::Wait(n) => next.wait(n)?,
            Action::Poke(times) => {
                for n in 0..times {
                    next.wait(u32::from(n % 2))?;
                }
            }
            Action::Supply(amount) => next.supply(amount.of(cash))?,
            Action::SupplyUnit => next.supply(Amount::new(N::UNIT)?)?,
            Action::Redeem(part) => {
                let shares = part.of(Amount::new(self.shares.get())?).get();
                next.redeem(Shares::new(shares)?)?;
            }
            Action::RedeemAll => next.redeem(self.shares)?,
            Action::RedeemAmount(amount) => {
                let worth = self.market.worth(self.shares)?;
                let redemption = self.market.redeem_amount(amount.of(worth))?;
                next.shares = (self.shares - redemption.shares)?;
                next.purse += units(redemption.amount);
                next.market = redemption.after;
            }
            Action::Borrow(amount) => {
                let loan = self.market.borrow(self.debt, amount.of(cash))?;
                next.purse += units(loan.amount);
                (next.debt, next.market) = (loan.debt, loan.after);
            }
            Action::Repay(amount) => {
                let amount = amount.of(self.market.owed(self.debt)?);
                let repayment = self.market.repay(self.debt, amount)?;
                next.purse -= units(repayment.amount);
                (next.debt, next.market) = (repayment.debt, repayment.after);
            }
            Action::RepayAll => {
                let repayment = self.market.repay_all(self.debt)?;
                next.purse -= units(repayment.amount);
                (next.debt, next.market) = (repayment.debt, repayment.after);
            }
            Action::Donate(amount) => {
                let amount = amount.of(cash);
                next.market = self.market.donate(amount)?;
                next.purse -= units(amount);
            }
            Action::FlashLoan(amount) => {
                let amount = amount.of(cash);
                let fee = Fee::from_basis_points(9)?;
                // Supplies within it and redeems after: at the same exchange rate.
                let mut shares = Shares::ZERO;
                let whole = amount.mul_up(defi_math::Ratio::new(number::<N>(2 * ONE))?)?;
                let loan = self.market.flash_loan(amount, fee, |lent| {
                    let supply = lent.supply(amount)?;
                    shares = supply.shares;
                    Ok::<_, LendingError>((supply.after, whole))
                })?;
                next.shares = (self.shares + shares)?;
                next.purse -= units(loan.paid);
                next.market = loan.after;
            }
        }
        // A share can become too dear for the number type; that is refused, and does not count.
        next.market.worth(next.shares)?;
        next.market.worth(next.market.state().supply)?;
        Ok(next)
    }

    fn supply(&mut self, amount: Amount<N>) -> Result<(), LendingError> {
        let supply = self.market.supply(amount)?;
        self.shares = (self.shares + supply.shares)?;
        self.purse -= units(supply.amount);
        self.market = supply.after;
        Ok(())
    }

    fn redeem(&mut self, shares: Shares<N>) -> Result<(), LendingError> {
        let redemption = self.market.redeem(shares)?;
        self.shares = (self.shares - shares)?;
        self.purse += units(redemption.amount);
        self.market = redemption.after;
        Ok(())
    }

    fn wealth(&self) -> BigInt {
        let worth = self.market.worth(self.shares).unwrap();
        &self.purse + units(worth) - units(self.market.owed(self.debt).unwrap())
    }
}

/// A market in which others have supplied and borrowed, or nobody has yet.
fn world<N: Exactly>() -> BoxedStrategy<(World<N>, Shares<N>, Debt<N>)> {
    let most = N::FULL_GRID / 1_000_000;
    let amounts = (defi_math::laws::strategies::integer(0..=most), 0..=ONE);
    (terms::<N>(), amounts)
        .prop_filter_map("no market", |(terms, (supplied, part))| {
            let empty = Market::open(Terms { ..terms }).ok()?.accrue(blocks(0)).ok()?.after;
            let world = |market| World {
                market,
                shares: Shares::ZERO,
                debt: Debt::NONE,
                purse: BigInt::ZERO,
                earned: BigInt::ZERO,
                slack: BigInt::ZERO,
            };
            if supplied == 0 {
                return Some((world(empty), Shares::ZERO, Debt::NONE));
            }
            let supply = empty.supply(number::<N>(supplied)).ok()?;
            let part = defi_math::Ratio::new(number::<N>(part)).ok()?;
            let loan = supply.after.borrow(Debt::NONE, supply.amount.mul_down(part).ok()?).ok()?;
            Some((world(loan.after), supply.shares, loan.debt))
        })
        .boxed()
}

fn play<N: Exactly>(
    (start, passive, others_debt): (World<N>, Shares<N>, Debt<N>),
    actions: Vec<Action<N>>,
    end: impl FnOnce(World<N>) -> Result<(), TestCaseError>,
) -> Judged {
    let (mut world, mut accepted) = (start, 0);
    let Ok(mut kept) = world.market.worth(passive) else { return Ok(Verdict::Refused) };
    let tried = actions.len();
    for action in actions {
        let Ok(next) = world.step(action) else { continue };
        accepted += 1;
        let wealth = next.wealth();
        let most = &next.earned + &next.slack;
        prop_assert!(wealth <= most, "{wealth} above {most} after {action:?}");
        let worth = next.market.worth(passive).unwrap();
        prop_assert!(worth >= kept, "{kept} became {worth} by {action:?}");
        // What suppliers can claim together is there: as cash, or owed.
        let state = next.market.state();
        let claims = units(next.market.worth(state.supply).unwrap());
        let whole = units(state.cash) + units(state.borrows) - units(state.reserves);
        prop_assert!(claims <= whole, "{claims} of {whole}");
        // What borrowers owe is what the market counts, but for the drift of their roundings.
        let owed = units(next.market.owed(next.debt).unwrap())
            + units(next.market.owed(others_debt).unwrap());
        let drift = &owed - units(state.borrows);
        prop_assert!(drift <= next.slack, "{drift}");
        (world, kept) = (next, worth);
    }
    end(world)?;
    Ok(if 4 * accepted > tried { Verdict::Held } else { Verdict::Refused })
}

fn actions<N: Exactly>() -> BoxedStrategy<Vec<Action<N>>> {
    proptest::collection::vec(action::<N>(), 1..50).boxed()
}

#[test]
fn no_actor_leaves_with_more_than_brought_and_earned() {
    fn law<N: Exactly>() {
        check((world::<N>(), actions::<N>()), |(start, actions)| play(start, actions, |_| Ok(())));
    }
    law::<Wad>();
    law::<Decimal>();
}

/// When nothing is charged, whatever the adversary does brings nothing: no interest, so no slack.
#[test]
fn without_interest_nobody_gains() {
    fn law<N: Exactly>() {
        check((world::<N>(), actions::<N>()), |((world, passive, debt), actions)| {
            let mut world = world;
            for action in actions {
                if matches!(action, Action::Wait(_) | Action::Poke(_)) {
                    continue;
                }
                let Ok(next) = world.step(action) else { continue };
                prop_assert!(next.wealth() <= BigInt::ZERO, "{} by {action:?}", next.wealth());
                world = next;
            }
            let _ = (passive, debt);
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// Everybody leaves: all debts are repaid, all shares redeemed, and what is left is the reserves', the locked
/// shares' and the roundings'.
#[test]
fn everybody_can_leave() {
    fn law<N: Exactly>() {
        check((world::<N>(), actions::<N>(), any::<bool>()), |(start, actions, first)| {
            let (passive, others) = (start.1, start.2);
            play(start, actions, |world| {
                let repaid = world.market.repay_all(world.debt);
                // A `Decimal` may not hold the sum.
                let Ok(repaid) = repaid else { return Ok(()) };
                let Ok(repaid) = repaid.after.repay_all(others) else { return Ok(()) };
                let (a, b) = if first { (world.shares, passive) } else { (passive, world.shares) };
                let mut market = repaid.after;
                for shares in [a, b] {
                    match market.redeem(shares) {
                        Ok(redemption) => market = redemption.after,
                        Err(LendingError::Math(_)) => return Ok(()),
                        // What drifted apart between the borrows and the debts is owed by nobody.
                        Err(LendingError::InsufficientCash) => {
                            let worth = units(market.worth(shares).unwrap());
                            let lacks = worth - units(market.state().cash);
                            prop_assert!(lacks <= units(market.state().borrows), "{lacks}");
                            return Ok(());
                        }
                        Err(refusal) => prop_assert!(false, "{refusal}"),
                    }
                }
                // A large `Decimal` supply has no place for the minimum: a unit of its last place stays.
                if N::RATE_PLACES == 18 {
                    prop_assert!(market.state().supply <= market.state().locked);
                }
                Ok(())
            })
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// Opens the market, gives away as much as they like, and meets a later depositor: who never gains is the one
/// who gave.
#[test]
fn donating_never_profits() {
    fn law<N: Exactly>() {
        let most = N::FULL_GRID / 1_000_000;
        let amount = || defi_math::laws::strategies::integer(1..=most);
        let victims = proptest::collection::vec(amount(), 1..5);
        check((terms::<N>(), amount(), amount(), victims), |(terms, first, gift, victims)| {
            let empty = Market::open(terms).unwrap().accrue(blocks(0)).unwrap().after;
            let Ok(opened) = empty.supply(number::<N>(first)) else { return Ok(Verdict::Refused) };
            let mut market = opened.after.donate(number::<N>(gift)).unwrap();
            let mut accepted = 0;
            if market.exchange_rate().is_err() {
                // A share too dear for the number type.
                return Ok(Verdict::Refused);
            }
            for victim in victims {
                let Ok(supply) = market.supply(number::<N>(victim)) else { continue };
                accepted += 1;
                // What the rounding takes from the victim is less than a share is worth.
                let worth = units(supply.after.worth(supply.shares).unwrap());
                let price = supply.after.exchange_rate().unwrap().get().units() / ONE;
                prop_assert!(BigInt::from(victim) - worth <= price + 2_u32);
                market = supply.after;
            }
            let out = units(market.worth(opened.shares).unwrap());
            prop_assert!(out <= BigInt::from(first) + gift, "{out}");
            Ok(if accepted > 0 { Verdict::Held } else { Verdict::Refused })
        });
    }
    law::<Wad>();
    law::<Decimal>();
}
