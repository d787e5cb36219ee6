//! Accounts, liquidations, rewards, shares of a vault.

use defi_math::laws::Verdict;
use defi_math::laws::strategies;
use defi_math::lending::rewards::{RewardHolder, RewardIndex, RewardPool};
use defi_math::lending::{
    Account, Collateral, Debt, InterestRateModel, LendingError, LiquidationTerms, Loan, Market,
    MarketState, Position, Terms, TokenizedVault,
};
use defi_math::rate::{blocks, seconds};
use defi_math::{Amount, MathError, Price, Shares, Wad};
use num_bigint::BigInt;
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::lending_support::{ONE, number, part};
use crate::support::{Exactly, Judged, accept, check};

fn integer<N: Exactly>(least: u128, most: u128) -> BoxedStrategy<N> {
    strategies::integer(least..=most).prop_map(number).boxed()
}

/// Prices between 10⁻⁶ and 10³, exchange rates between a hundredth and two, up to 10⁴ tokens of each: whatever is
/// computed has all places, of every type.
fn position<N: Exactly>() -> BoxedStrategy<Position<N>> {
    let held = (integer::<N>(0, 10_000 * ONE), integer::<N>(ONE / 100, 2 * ONE));
    let owed = prop_oneof![1 => Just(N::ZERO), 2 => integer::<N>(0, 2_000 * ONE)];
    let price = integer::<N>(ONE / 1_000_000, 1_000 * ONE);
    (held, owed, price, part::<N>())
        .prop_map(|((shares, rate), owed, price, factor)| {
            Position::new(shares, rate, owed, price, factor).unwrap()
        })
        .boxed()
}

fn positions<N: Exactly>() -> BoxedStrategy<Vec<Position<N>>> {
    proptest::collection::vec(position::<N>(), 1..6).boxed()
}

/// The same position with more owed, or fewer shares.
fn changed<N: Exactly>(
    position: &Position<N>,
    shares: Shares<N>,
    debt: Amount<N>,
) -> Result<Position<N>, LendingError> {
    let (rate, price) = (position.exchange_rate(), position.price());
    Position::new(shares, rate, debt, price, position.collateral_factor())
}

fn replaced<N: Exactly>(all: &[Position<N>], with: Position<N>) -> Vec<Position<N>> {
    let mut all = all.to_vec();
    all[0] = with;
    all
}

/// After the largest borrow the account is healthy, however its debts are added up; a unit more, and the
/// exact value of what is borrowed exceeds what was free.
#[test]
fn maximum_borrow_is_safe_and_tight() {
    fn law<N: Exactly>() {
        check(positions::<N>(), |all| {
            let account = accept!(Account::of(&all));
            if !account.is_healthy() {
                prop_assert!(account.maximum_borrow(&all[0]).unwrap().is_zero());
                return Ok(Verdict::Refused);
            }
            let most = accept!(account.maximum_borrow(&all[0]));
            if most.get().units() > BigInt::from(N::FULL_GRID) {
                // A `Decimal` has fewer places there.
                return Ok(Verdict::Refused);
            }
            let more = (all[0].debt() + most).unwrap();
            let after = changed(&all[0], all[0].shares(), more).unwrap();
            prop_assert!(Account::of(&replaced(&all, after)).unwrap().is_healthy());
            prop_assert!(account.with_borrow(&all[0], most).unwrap().is_healthy());
            // price·(most + 1) > free
            let price = all[0].price().to_number_down().unwrap().at(N::RATE_PLACES);
            let scale = BigInt::from(10_u32).pow(N::RATE_PLACES);
            let free = account.liquidity().unwrap().get().units() * scale;
            prop_assert!(&price * most.get().units() <= free);
            prop_assert!(price * (most.get().units() + 1) > free);
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

#[test]
fn maximum_redemption_is_safe_and_tight() {
    fn law<N: Exactly>() {
        check(positions::<N>(), |all| {
            let account = accept!(Account::of(&all));
            let most = accept!(account.maximum_redemption(&all[0]));
            if account.debt_value().is_zero() {
                prop_assert_eq!(most, all[0].shares());
                return Ok(Verdict::Refused);
            }
            if !account.is_healthy() {
                prop_assert!(most.is_zero());
                return Ok(Verdict::Refused);
            }
            let left = (all[0].shares() - most).unwrap();
            let after = changed(&all[0], left, all[0].debt()).unwrap();
            prop_assert!(Account::of(&replaced(&all, after)).unwrap().is_healthy());
            prop_assert!(account.with_redemption(&all[0], most).unwrap().is_healthy());
            if most < all[0].shares() {
                let more = most.get().try_add(number(1)).unwrap();
                let left = (all[0].shares() - Shares::new(more).unwrap()).unwrap();
                // What one share lets the account owe may be less than a unit: then only the exact
                // comparison shows that it is the last.
                let after = changed(&all[0], left, all[0].debt()).unwrap();
                let after = Account::of(&replaced(&all, after)).unwrap();
                let lost =
                    account.borrow_limit().get().units() - after.borrow_limit().get().units();
                let free = account.liquidity().unwrap().get().units();
                prop_assert!(lost >= free, "{lost} of {free}");
            }
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// At the liquidation price limit and debt meet, to within the units that the sums are rounded by.
#[test]
fn liquidation_price_is_where_health_is_one() {
    fn law<N: Exactly>() {
        check(positions::<N>(), |mut all| {
            // The first holds most of the collateral and owes little.
            let part = |n: BigInt| number::<N>(u128::try_from(n / 1_000).unwrap());
            let tenth = part(all[0].debt().get().units());
            all[0] = changed(&all[0], all[0].shares(), Amount::new(tenth).unwrap()).unwrap();
            for other in &mut all[1..] {
                let few = Shares::new(part(other.shares().get().units())).unwrap();
                *other = changed(other, few, other.debt()).unwrap();
            }
            let account = accept!(Account::of(&all));
            let Some(price) = accept!(account.liquidation_price(&all[0])) else {
                // No fall of the price makes a healthy account unhealthy, or it is so whatever the price.
                let free = N::from_units_of(1);
                let fallen = replaced(&all, all[0].at_price(Price::new(free).unwrap()).unwrap());
                if account.is_healthy() {
                    let fallen = Account::of(&fallen).unwrap();
                    let slack =
                        fallen.debt_value().get().units() - fallen.borrow_limit().get().units();
                    // Tokens that two floors can hide, at a price up to a thousand.
                    let units: BigInt = all[0].shares().get().units() / ONE + 3_u32;
                    prop_assert!(slack <= units * 2_002_u32);
                }
                return Ok(Verdict::Refused);
            };
            let then = replaced(&all, all[0].at_price(price).unwrap());
            let then = accept!(Account::of(&then));
            let (limit, debt) =
                (then.borrow_limit().get().units(), then.debt_value().get().units());
            // Rounded apart: tokens for one share, for all shares, the value of one, of all, of the debt.
            let price = accept!(price.to_number_up()).at(N::RATE_PLACES);
            let price: BigInt = price / BigInt::from(10_u32).pow(N::RATE_PLACES);
            let slack = (all[0].shares().get().units() / ONE + 2_u32) * (price + 2_u32) + 3_u32;
            prop_assert!(&limit - &debt <= slack && &debt - &limit <= slack, "{limit} {debt}");
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

trait FromUnits: Exactly {
    fn from_units_of(units: u128) -> Self {
        number(units)
    }
}

impl<N: Exactly> FromUnits for N {}

#[test]
fn repaying_and_supplying_never_worsen_health() {
    fn law<N: Exactly>() {
        check(
            (positions::<N>(), part::<N>(), integer::<N>(0, 1_000 * ONE)),
            |(all, part, more)| {
                let account = accept!(Account::of(&all));
                let part = defi_math::Ratio::new(part).unwrap();
                let repaid = all[0].debt().mul_down(part).unwrap();
                let debt = (all[0].debt() - repaid).unwrap();
                let shares = (all[0].shares() + Shares::new(more).unwrap()).unwrap();
                let after = changed(&all[0], shares, debt).unwrap();
                let after = accept!(Account::of(&replaced(&all, after)));
                prop_assert!(after.borrow_limit() >= account.borrow_limit());
                prop_assert!(after.debt_value() <= account.debt_value());
                prop_assert!(after.is_healthy() || !account.is_healthy());
                prop_assert!(after.liquidity().unwrap() >= account.liquidity().unwrap());
                Ok(Verdict::Held)
            },
        );
    }
    law::<Wad>();
    law::<Decimal>();
}

fn liquidation_terms<N: Exactly>() -> BoxedStrategy<LiquidationTerms<N>> {
    (part::<N>(), integer::<N>(0, ONE / 2), part::<N>())
        .prop_map(|(close, bonus, protocol)| {
            LiquidationTerms::new(close, N::ONE.try_add(bonus).unwrap(), protocol).unwrap()
        })
        .boxed()
}

fn whole(n: u128) -> BigInt {
    n.into()
}

/// `(L − c·k·δ)/(D − δ) > L/D` if and only if `L/D > c·k`, in integers of any size.
#[test]
fn liquidation_improves_health_iff_health_exceeds_threshold() {
    fn law<N: Exactly>() {
        let sums = (integer::<N>(1, 1_000_000 * ONE), integer::<N>(2, 1_000_000 * ONE));
        check(
            (liquidation_terms::<N>(), sums, part::<N>(), 1..=ONE),
            |(terms, sums, factor, part)| {
                let (limit, debt) = sums;
                let improves =
                    terms.improves_health(&Account::new(limit, debt).unwrap(), factor).unwrap();
                // Scaled by 10^54: repaid δ = part·D, seized of the limit c·k·δ.
                let repaid = whole(part) * debt.units();
                let weight = factor.units() * terms.incentive().get().units();
                let scale = whole(ONE) * ONE * ONE;
                let limit_after = limit.units() * &scale - weight * &repaid;
                let debt_after = debt.units() * &scale - repaid * ONE * ONE;
                if limit_after < BigInt::ZERO || debt_after <= BigInt::ZERO {
                    return Ok(Verdict::Refused);
                }
                let raised = limit_after * debt.units() > limit.units() * debt_after;
                prop_assert_eq!(improves, raised);
                Ok(Verdict::Held)
            },
        );
    }
    law::<Wad>();
    law::<Decimal>();
}

/// `(L − c·k·δ) ≥ h·(D − δ)` at the closed form's δ, and not at a unit less.
#[test]
fn closed_form_repayment_reaches_the_target() {
    fn law<N: Exactly>() {
        let sums = (ONE / 2..=ONE, integer::<N>(1, 1_000_000 * ONE));
        let target = integer::<N>(ONE / 10 * 9, 3 * ONE);
        let factor = (0..=ONE / 10 * 6).prop_map(number::<N>);
        check((liquidation_terms::<N>(), sums, factor, target), |(terms, sums, factor, target)| {
            let (part, debt) = sums;
            let limit = number::<N>(u128::try_from(debt.units() * part / ONE).unwrap());
            let weight = factor.units() * terms.incentive().get().units();
            // All scaled by 10^36.
            let reached = |repaid: &BigInt| {
                let limit = limit.units() * ONE * ONE - &weight * repaid;
                limit >= target.units() * (debt.units() - repaid) * ONE
            };
            let repaid = match terms.repayment_to_health(
                &Account::new(limit, debt).unwrap(),
                factor,
                target,
            ) {
                Ok(repaid) => repaid.get().units(),
                Err(LendingError::Healthy) => {
                    prop_assert!(reached(&BigInt::ZERO));
                    return Ok(Verdict::Refused);
                }
                Err(LendingError::TargetNotReached) => {
                    prop_assert!(!reached(&debt.units()) || target.units() * ONE <= weight);
                    return Ok(Verdict::Refused);
                }
                Err(refusal) => return Err(TestCaseError::fail(format!("{refusal}"))),
            };
            prop_assert!(reached(&repaid));
            prop_assert!(!reached(&(repaid - 1)));
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// A loan against collateral in two markets at 1 to 10 tokens a share, too little of it.
#[derive(Clone, Copy, Debug)]
struct Unhealthy<N: Exactly> {
    terms: LiquidationTerms<N>,
    loan: Loan<N>,
    collateral: Collateral<N>,
    account: Account<N>,
}

fn unhealthy<N: Exactly>() -> BoxedStrategy<Unhealthy<N>> {
    let amounts =
        (integer::<N>(ONE / 1_000, 10_000 * ONE), integer::<N>(ONE / 1_000, 10_000 * ONE));
    let prices = (integer::<N>(ONE / 100, 100 * ONE), integer::<N>(ONE / 100, 100 * ONE));
    (liquidation_terms::<N>(), amounts, prices, part::<N>(), 1..=10_u32)
        .prop_filter_map("healthy", |(terms, (owed, held), prices, factor, rate)| {
            let flat = InterestRateModel::<N>::linear(N::ZERO, N::ZERO).ok()?;
            let rate = number::<N>(u128::from(rate) * ONE);
            let open = |first: N| {
                let empty = *Market::open(Terms::new(flat, N::ZERO, first).ok()?).ok()?.state();
                let opened =
                    Market::try_from(MarketState { locked: Shares::ZERO, ..empty }).ok()?;
                Some(opened.accrue(blocks(0)).ok()?.after)
            };
            let funded = open(N::ONE)?.supply(number::<N>(20_000 * ONE)).ok()?.after;
            let borrowed = funded.borrow(Debt::NONE, owed).ok()?;
            let supplied = open(rate)?.supply(held).ok()?;
            let (price, collateral_price) =
                (Price::new(prices.0).ok()?, Price::new(prices.1).ok()?);
            let account = Account::of(&[
                Position::in_market(&borrowed.after, N::ZERO, borrowed.debt, price, N::ZERO)
                    .ok()?,
                Position::in_market(
                    &supplied.after,
                    supplied.shares,
                    Debt::NONE,
                    collateral_price,
                    factor,
                )
                .ok()?,
            ])
            .ok()?;
            (!account.is_healthy()).then_some(Unhealthy {
                terms,
                loan: Loan { market: borrowed.after, debt: borrowed.debt, price },
                collateral: Collateral {
                    market: supplied.after,
                    shares: supplied.shares,
                    price: collateral_price,
                },
                account,
            })
        })
        .boxed()
}

/// What a liquidator is up by after a repayment, in units of the repaid token; `None` if it is refused.
fn profit<N: Exactly>(case: &Unhealthy<N>, repay: N, sale: Price<N>) -> Option<BigInt> {
    let done = case.terms.liquidate(&case.account, &case.loan, &case.collateral, repay).ok()?;
    let tokens = done.seizure.after.worth(done.seizure.to_liquidator).ok()?;
    Some(sale.quote_down(tokens).ok()?.get().units() - repay.units())
}

/// No other repayment earns more, but for what the truncated shares for a unit repaid, and one share, are worth.
#[test]
fn most_profitable_liquidation_beats_its_neighbours() {
    fn law<N: Exactly>() {
        let sale = integer::<N>(ONE / 100, 100 * ONE);
        check((unhealthy::<N>(), sale, any::<u32>()), |(case, sale, other)| {
            let sale = Price::new(sale).unwrap();
            let best = accept!(case.terms.most_profitable(
                &case.account,
                &case.loan,
                &case.collateral,
                sale
            ));
            let most = best.map_or(BigInt::ZERO, |best| best.profit.get().units());
            if let Some(best) = best {
                prop_assert_eq!(profit(&case, best.repay.get(), sale), Some(most.clone()));
                prop_assert!(best.profit > Amount::ZERO);
            }
            // Some shares of ten tokens each, at a price of 100.
            let slack = whole(4_000);
            let owed = case.loan.market.owed(case.loan.debt).unwrap().get().units();
            let limit = u128::try_from(owed).unwrap();
            let near = best.map_or(limit, |best| u128::try_from(best.repay.get().units()).unwrap());
            let scaled = limit / u128::from(u32::MAX) * u128::from(other);
            for repay in [scaled, near + 1, near.saturating_sub(1), limit, near / 2] {
                if let Some(earned) = profit(&case, number(repay), sale) {
                    prop_assert!(earned <= &most + &slack, "{earned} for {repay}, not {most}");
                }
            }
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// What is repaid and seized is what the receipts say; the borrower's shares go nowhere else.
#[test]
fn liquidation_conserves_shares() {
    fn law<N: Exactly>() {
        check((unhealthy::<N>(), integer::<N>(1, ONE / 2)), |(case, part)| {
            let owed = case.loan.market.owed(case.loan.debt).unwrap();
            let repay = case.terms.maximum_repayment(owed).unwrap();
            let repay = repay.mul_down(defi_math::Ratio::new(part).unwrap()).unwrap();
            let done =
                accept!(case.terms.liquidate(&case.account, &case.loan, &case.collateral, repay));
            prop_assert_eq!(done.repayment.amount, repay);
            let left = done.repayment.after.owed(done.repayment.debt).unwrap();
            prop_assert_eq!((owed - repay).unwrap(), left);
            let seizure = done.seizure;
            prop_assert!(seizure.shares <= case.collateral.shares);
            let sum = (seizure.to_liquidator + seizure.to_protocol).unwrap();
            prop_assert_eq!(sum, seizure.shares);
            let (before, after) = (case.collateral.market.state(), seizure.after.state());
            prop_assert_eq!((before.supply - seizure.to_protocol).unwrap(), after.supply);
            prop_assert_eq!((before.reserves + seizure.to_reserves).unwrap(), after.reserves);
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// What is refused, and why: in the contract's order.
#[test]
fn liquidation_refuses_what_the_contract_refuses() {
    fn law<N: Exactly>() {
        check((unhealthy::<N>(), part::<N>()), |(case, part)| {
            let Unhealthy { terms, loan, collateral, account } = case;
            let owed = loan.market.owed(loan.debt).unwrap();
            let repay = owed.mul_down(defi_math::Ratio::new(part).unwrap()).unwrap();
            let answer = terms.liquidate(&account, &loan, &collateral, repay);
            let safe = Account::of(&[]).unwrap();
            prop_assert_eq!(
                terms.liquidate(&safe, &loan, &collateral, repay),
                Err(LendingError::Healthy)
            );
            let most = terms.maximum_repayment(owed).unwrap();
            let close = terms.close_factor().get().units();
            prop_assert!(most.get().units() * ONE <= owed.get().units() * close);
            if repay > most {
                prop_assert_eq!(answer, Err(LendingError::AboveCloseFactor));
                return Ok(Verdict::Held);
            }
            if repay.is_zero() {
                prop_assert_eq!(answer, Err(LendingError::NothingRepaid));
                return Ok(Verdict::Held);
            }
            let none = Collateral { shares: Shares::ZERO, ..collateral };
            prop_assert_eq!(
                terms.liquidate(&account, &loan, &none, repay),
                Err(LendingError::NoCollateral)
            );
            let rate = collateral.market.exchange_rate().unwrap();
            let seized = accept!(terms.seize_shares(repay, loan.price, collateral.price, rate));
            if seized > collateral.shares {
                prop_assert_eq!(answer, Err(LendingError::SeizesTooMuch));
            } else {
                prop_assert_eq!(answer.map(|done| done.seizure.shares), Ok(seized));
            }
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// What holders of a pool do.
#[derive(Clone, Copy, Debug)]
enum Staking {
    Stake(usize, u64),
    Withdraw(usize, u64),
    Claim(usize),
    Notify(u64),
}

fn staking() -> BoxedStrategy<Vec<(u32, Staking)>> {
    let step = prop_oneof![
        (0..3_usize, 1..=1_000_000_000_u64).prop_map(|(who, n)| Staking::Stake(who, n)),
        (0..3_usize, 1..=1_000_000_000_u64).prop_map(|(who, n)| Staking::Withdraw(who, n)),
        (0..3_usize).prop_map(Staking::Claim),
        (0..=1_000_000_000_000_u64).prop_map(Staking::Notify),
    ];
    proptest::collection::vec((0..500_u32, step), 1..40).boxed()
}

fn units<N: Exactly>(n: impl Into<u128>) -> N {
    number(n.into())
}

/// Runs stakes, withdrawals and claims; the sums of what was promised, paid, and can still be claimed.
fn mine<N: Exactly>(steps: &[(u32, Staking)]) -> Result<(BigInt, BigInt, BigInt), TestCaseError> {
    let mut pool = RewardPool::<N>::new(seconds(1_000)).unwrap();
    let mut holders = [RewardHolder::<N>::NONE; 3];
    let (mut promised, mut paid) = (BigInt::ZERO, BigInt::ZERO);
    for (time, step) in steps {
        let time = seconds(*time);
        let receipt = match *step {
            Staking::Stake(who, n) => (who, pool.stake(time, holders[who], units::<N>(n))),
            Staking::Withdraw(who, n) => (who, pool.withdraw(time, holders[who], units::<N>(n))),
            Staking::Claim(who) => (who, pool.claim(time, holders[who])),
            Staking::Notify(reward) => {
                let held = u128::try_from(&promised - &paid).unwrap() + u128::from(reward);
                if let Ok(after) = pool.notify(time, units::<N>(reward), units::<N>(held)) {
                    pool = after;
                    promised += reward;
                } else {
                    pool = pool.advance(time).unwrap();
                }
                continue;
            }
        };
        match receipt {
            (who, Ok(receipt)) => {
                paid += receipt.paid.get().units();
                (pool, holders[who]) = (receipt.after, receipt.holder);
            }
            (_, Err(refusal)) => {
                prop_assert_eq!(refusal, LendingError::InsufficientShares);
                pool = pool.advance(time).unwrap();
            }
        }
        let staked: BigInt = holders.iter().map(|holder| holder.shares.get().units()).sum();
        prop_assert_eq!(staked, pool.state().staked.get().units());
    }
    let left: BigInt = holders
        .iter()
        .map(|holder| pool.earned(seconds(10_000), *holder).unwrap().get().units())
        .sum();
    Ok((promised, paid, left))
}

#[test]
fn rewards_earned_never_exceed_rewards_distributed() {
    fn law<N: Exactly>() {
        check(staking(), |steps| -> Judged {
            let (promised, paid, left) = mine::<N>(&steps)?;
            let earned = &paid + &left;
            prop_assert!(earned <= promised, "{earned} of {promised}");
            Ok(if earned > BigInt::ZERO { Verdict::Held } else { Verdict::Refused })
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// Claiming on the way or at the end: the same, but for a unit a claim.
#[test]
fn rewards_do_not_depend_on_when_they_are_claimed() {
    fn law<N: Exactly>() {
        let claims = proptest::collection::vec(1..300_u32, 1..12);
        check((1..=1_000_000_u64, 1..=1_000_000_u64, claims), |(stake, others, claims)| {
            let opened = RewardPool::<N>::new(seconds(1_000)).unwrap();
            let mine = opened.stake(seconds(0), RewardHolder::NONE, units::<N>(stake)).unwrap();
            let with_others =
                mine.after.stake(seconds(0), RewardHolder::NONE, units::<N>(others)).unwrap();
            let reward = units::<N>(1_000_000_000_u64);
            let funded = with_others.after.notify(seconds(0), reward, reward).unwrap();

            let (mut pool, mut holder, mut paid) = (funded, mine.holder, BigInt::ZERO);
            for time in &claims {
                let claim = pool.claim(seconds(*time), holder).unwrap();
                paid += claim.paid.get().units();
                (pool, holder) = (claim.after, claim.holder);
            }
            let at_once = funded.earned(seconds(claims.iter().sum()), mine.holder).unwrap();
            let at_once = at_once.get().units();
            prop_assert!(paid <= at_once && at_once <= paid + claims.len());
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// The index never pays out more than was distributed, whatever shares it is distributed over.
#[test]
fn reward_index_pays_no_more_than_was_distributed() {
    fn law<N: Exactly>() {
        let shares = (integer::<N>(1, 1_000 * ONE), integer::<N>(1, 1_000 * ONE));
        check((shares, integer::<N>(0, 1_000 * ONE)), |((a, b), reward)| {
            let all = a.try_add(b).unwrap();
            let index = accept!(RewardIndex::ZERO.distribute(reward, all));
            let earned = |shares: N| index.earned(shares, RewardIndex::ZERO);
            let sum = accept!(earned(a)).get().units() + accept!(earned(b)).get().units();
            prop_assert!(sum <= reward.units());
            // The index loses less than 10⁻¹⁸ a share, each holder less than a unit.
            let lost = reward.units() - sum;
            prop_assert!(lost <= all.units() / ONE + 3);
            prop_assert_eq!(RewardIndex::ZERO.distribute(reward, N::ZERO), Ok(RewardIndex::ZERO));
            if !index.get().is_zero() {
                let back = RewardIndex::ZERO.earned(a, index);
                prop_assert_eq!(back, Err(LendingError::Math(MathError::Underflow)));
            }
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

fn vault<N: Exactly>() -> BoxedStrategy<TokenizedVault<N>> {
    (integer::<N>(0, 10_000 * ONE), integer::<N>(0, 10_000 * ONE), 0..=6_u8)
        .prop_map(|(assets, supply, offset)| TokenizedVault::of(assets, supply, offset).unwrap())
        .boxed()
}

/// Deposit and redeem, mint and withdraw, in every combination.
#[test]
fn shares_round_trip_never_profits() {
    fn law<N: Exactly>() {
        check((vault::<N>(), integer::<N>(0, 10_000 * ONE)), |(vault, n)| {
            let deposit = accept!(vault.deposit(n));
            let redeemed = accept!(deposit.after.redeem(deposit.shares));
            prop_assert!(redeemed.assets <= deposit.assets);
            let mint = accept!(vault.mint(deposit.shares));
            prop_assert!(mint.assets <= deposit.assets);
            let out = accept!(mint.after.redeem(mint.shares));
            prop_assert!(out.assets <= mint.assets);
            // Taking the deposit out again burns at least its shares.
            match deposit.after.withdraw(n) {
                Ok(withdrawn) => prop_assert!(withdrawn.shares >= deposit.shares),
                Err(refusal) => prop_assert_eq!(refusal, LendingError::InsufficientShares),
            }
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// A deposit gets no share if and only if `d·(S + 10^δ) ≤ A`.
#[test]
fn zero_share_deposit_needs_a_gift() {
    fn law<N: Exactly>() {
        check(
            (vault::<N>(), strategies::integer(0..=1_000_000), 0..=6_u32),
            |(vault, d, offset)| {
                let vault = TokenizedVault::of(
                    vault.assets(),
                    number::<N>(u128::try_from(vault.supply().get().units()).unwrap() % 1_000),
                    u8::try_from(offset).unwrap(),
                )
                .unwrap();
                let deposit = accept!(vault.deposit(number::<N>(d)));
                let supply = vault.supply().get().units() + 10_u32.pow(offset);
                prop_assert_eq!(
                    deposit.shares.is_zero(),
                    whole(d) * supply <= vault.assets().get().units()
                );
                Ok(Verdict::Held)
            },
        );
    }
    law::<Wad>();
    law::<Decimal>();
}

/// Whatever a first depositor does, a later deposit loses less than a share's price and the units of its roundings,
/// and the first is not the richer for it: `(gift)·10^δ` stays with the virtual shares.
#[test]
fn virtual_shares_keep_the_gift() {
    fn law<N: Exactly>() {
        let gifts = (integer::<N>(1, 1_000_000), integer::<N>(0, 1_000 * ONE));
        check((gifts, integer::<N>(1, 1_000 * ONE), 0..=6_u8), |((first, gift), later, offset)| {
            let opened = accept!(TokenizedVault::<N>::new(offset).deposit(first));
            let dear = accept!(opened.after.donate(gift));
            let victim = accept!(dear.deposit(later));
            let taken = accept!(victim.after.redeem(opened.shares));
            // The gift and the first deposit, against what the taken takes out.
            let spent = first.units() + gift.units();
            prop_assert!(taken.assets.get().units() <= spent, "{:?}", taken.assets);
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}
