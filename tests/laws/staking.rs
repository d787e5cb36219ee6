//! Staking: pools, slashes, loans, the book, cascades, distributions, equilibria.

use std::collections::BTreeSet;

use defi_math::laws::Verdict;
use defi_math::laws::strategies::integer;
use defi_math::staking::cosmos::SlashFraction;
use defi_math::staking::eigenlayer::{Delegation, Operator};
use defi_math::staking::equilibrium::{Equilibrium, Market, Portfolio, RewardSchedule, TOLERANCE};
use defi_math::staking::ethereum::{Fork, INCREMENT};
use defi_math::staking::inequality::{Distribution, Effect};
use defi_math::staking::{
    Book, BookState, Cascade, Collapse, Delegations, Disposition, Exposure, Fraction, Kept, Loan,
    LoanState, LoanTerms, MarketReading, Risk, RiskGuard, StakingError, StakingPool,
    StakingPoolState, expected_loss, mother_curve, slash,
};
use defi_math::{Amount, Index, MathError, Number, Price, Ratio, Shares, Wad};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Zero};
use proptest::collection::vec;
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::support::{Exactly, accept, check, units};

type Q = BigRational;

/// Runs a law on both exact types.
macro_rules! law {
    ($law:ident) => {
        $law::<Wad>();
        $law::<Decimal>();
    };
}

/// An amount of up to a sixteenth of what has all 18 places, so that sums of a few have them.
fn stake<N: Exactly>(least: u128) -> BoxedStrategy<Amount<N>> {
    integer(least..=(N::FULL_GRID >> 20)).prop_map(|n| N::of_units(n).unwrap()).boxed()
}

fn fraction(least: u32) -> BoxedStrategy<Fraction> {
    let usual = prop_oneof![Just((1, 4)), Just((1, 2)), Just((1, 10)), Just((3, 4))];
    let any = (least..=9_999_u32).prop_map(|n| (n, 10_000));
    prop_oneof![usual, any].prop_map(|(a, b)| Fraction::new(a, b).unwrap()).boxed()
}

/// What is kept, in millionths or to the last place; often nothing or all.
fn kept<N: Exactly>() -> BoxedStrategy<Kept<N>> {
    let one = 10_u128.pow(18);
    prop_oneof![
        4 => (0..=1_000_000_u128).prop_map(|n| n * 10_u128.pow(12)),
        2 => 0..=one,
        1 => Just(0),
        1 => Just(one),
        1 => Just(one - 1),
    ]
    .prop_map(|n| Kept::new(N::of_units(n).unwrap().get()).unwrap())
    .boxed()
}

fn whole(n: impl Into<BigInt>) -> Q {
    Q::from(n.into())
}

fn value<N: Exactly>(amount: Amount<N>) -> Q {
    whole(units(amount))
}

fn ratio_value<N: Exactly>(ratio: Ratio<N>) -> Q {
    let places = N::RATE_PLACES;
    Q::new(ratio.get().at(places), BigInt::from(10).pow(places))
}

fn total<N: Exactly>(stakes: &[Amount<N>]) -> BigInt {
    stakes.iter().map(|stake| units(*stake)).sum()
}

// The pool.

/// A pool with shares in circulation, a loss or gain behind it, virtual shares or none.
fn pool<N: Exactly>() -> BoxedStrategy<StakingPool<N>> {
    let places = prop_oneof![Just(None), (0..=6_u8).prop_map(Some)];
    (stake::<N>(1), stake::<N>(0), kept::<N>(), places, fraction(0))
        .prop_filter_map("no pool", |(first, reward, kept, places, commission)| {
            let pool = match places {
                None => StakingPool::new(commission),
                Some(places) => StakingPool::with_virtual_shares(commission, places).ok()?,
            };
            let pool = pool.deposit(first).ok()?.after.reward(reward).ok()?.after;
            Some(pool.slash(kept).ok()?.after)
        })
        .boxed()
}

#[test]
fn deposit_then_redeem_never_profits_a_staker() {
    fn law<N: Exactly>() {
        check((pool::<N>(), stake::<N>(1)), |(pool, paid)| {
            let deposit = accept!(pool.deposit(paid));
            let back = accept!(deposit.after.redeem(deposit.shares));
            prop_assert!(back.amount <= paid);
            let minted = accept!(pool.mint(deposit.shares));
            prop_assert!(minted.amount <= paid);
            let back = accept!(minted.after.redeem(minted.shares));
            prop_assert!(back.amount <= minted.amount);
            Ok(Verdict::Held)
        });
    }
    law!(law);
}

#[test]
fn withdrawing_never_takes_from_the_others() {
    fn law<N: Exactly>() {
        check((pool::<N>(), stake::<N>(1), stake::<N>(1)), |(pool, paid, taken)| {
            // Somebody else's shares are worth as much after it, or more.
            let others = pool.supply();
            let before = accept!(pool.deposit(paid)).after;
            let after = accept!(before.withdraw(taken)).after;
            if after.supply() < others {
                return Ok(Verdict::Refused);
            }
            let (then, now) = (accept!(before.amount_for(others)), after.amount_for(others));
            prop_assert!(now.unwrap() >= then);
            Ok(Verdict::Held)
        });
    }
    law!(law);
}

#[test]
fn a_slash_never_raises_a_claim_and_a_reward_never_lowers_one() {
    fn law<N: Exactly>() {
        check((pool::<N>(), kept::<N>(), stake::<N>(0)), |(pool, kept, reward)| {
            let shares = pool.supply();
            let worth = accept!(pool.amount_for(shares));
            let slashed = accept!(pool.slash(kept)).after;
            prop_assert_eq!(slashed.supply(), shares, "a slash leaves the shares alone");
            prop_assert!(accept!(slashed.amount_for(shares)) <= worth);
            let rewarded = accept!(pool.reward(reward));
            prop_assert!(accept!(rewarded.after.amount_for(shares)) >= worth);
            // The operator's shares are worth the commission at most.
            let commission = accept!(rewarded.after.amount_for(rewarded.commission));
            let of = pool.state().commission;
            prop_assert!(
                units(commission) * of.denominator() <= units(reward) * of.numerator(),
                "{commission}"
            );
            Ok(Verdict::Held)
        });
    }
    law!(law);
}

/// Whoever opens a pool with virtual shares, gives it money and waits for a victim, loses.
#[test]
fn inflating_a_share_never_pays() {
    fn law<N: Exactly>() {
        let cases = (0..=6_u8, stake::<N>(1), stake::<N>(0), stake::<N>(1));
        check(cases, |(places, first, gift, victim)| {
            let empty = StakingPool::<N>::with_virtual_shares(Fraction::ZERO, places).unwrap();
            let deposit = accept!(empty.deposit(first));
            let inflated = accept!(deposit.after.donate(gift));
            let spent = (first + gift).unwrap();
            // A deposit that buys no share is refused, and robs nobody.
            let after = match inflated.deposit(victim) {
                Ok(deposit) => deposit.after,
                Err(StakingError::InsufficientSharesMinted) => inflated,
                Err(_) => return Ok(Verdict::Refused),
            };
            let back = accept!(after.redeem(deposit.shares));
            prop_assert!(back.amount <= spent, "{} for {}", back.amount, spent);
            Ok(Verdict::Held)
        });
    }
    law!(law);
}

#[derive(Clone, Copy, Debug)]
enum Move<N: Number> {
    Deposit(usize, Amount<N>),
    Redeem(usize, u32),
    Unbond(usize, u32),
    Claim(usize, usize),
    Reward(Amount<N>),
    Slash(Kept<N>),
    Lose(Amount<N>),
}

fn moves<N: Exactly>() -> impl Strategy<Value = Vec<Move<N>>> {
    let user = || 0..3_usize;
    let one = prop_oneof![
        4 => (user(), stake::<N>(1)).prop_map(|(user, amount)| Move::Deposit(user, amount)),
        2 => (user(), any::<u32>()).prop_map(|(user, part)| Move::Redeem(user, part)),
        4 => (user(), any::<u32>()).prop_map(|(user, part)| Move::Unbond(user, part)),
        4 => (user(), 0..9_usize).prop_map(|(user, which)| Move::Claim(user, which)),
        1 => stake::<N>(0).prop_map(Move::Reward),
        2 => kept::<N>().prop_map(Move::Slash),
        1 => stake::<N>(0).prop_map(Move::Lose),
    ];
    vec(one, 4..40)
}

/// So many of 2^32 parts, in units.
fn part_of<N: Exactly>(of: &BigInt, part: u32) -> Amount<N> {
    let part = of * (BigInt::from(part) + 1) / (BigInt::one() << 32);
    let part = u128::try_from(part).unwrap();
    // Cut to the places that the type can carry.
    let steps = (0..20).map(|places| 10_u128.pow(places));
    steps.into_iter().find_map(|step| N::of_units(part / step * step)).unwrap()
}

/// Whatever stakers do, in any order, with slashes between: what came in is what went out, what was
/// slashed and what is there; and at the end everybody can leave, in whatever order.
#[test]
fn nobody_leaves_a_pool_with_stake_that_was_slashed() {
    fn law<N: Exactly>() {
        check((pool::<N>(), moves::<N>()), |(opened, moves)| {
            let mut pool = opened;
            let mut shares = [Shares::<N>::ZERO; 3];
            let mut waiting = [const { Vec::new() }; 3];
            let mut operator = Shares::<N>::ZERO;
            let [mut paid, mut taken, mut lost] = [BigInt::zero(), BigInt::zero(), BigInt::zero()];
            let held = |pool: &StakingPool<N>| units(pool.staked()) + units(pool.unbonding());
            let start = held(&pool);
            let (mut now, mut accepted, tried) = (0, 0, moves.len());
            for action in moves {
                now += 1;
                match action {
                    Move::Deposit(user, amount) => {
                        let Ok(deposit) = pool.deposit(amount) else { continue };
                        let Ok(sum) = shares[user] + deposit.shares else { continue };
                        shares[user] = sum;
                        paid += units(amount);
                        pool = deposit.after;
                    }
                    Move::Redeem(user, part) => {
                        let part = part_of::<N>(&shares[user].get().units(), part);
                        let Ok(redeemed) = pool.redeem(part.get()) else { continue };
                        let Ok(rest) = shares[user] - redeemed.shares else { continue };
                        shares[user] = rest;
                        taken += units(redeemed.amount);
                        pool = redeemed.after;
                    }
                    Move::Unbond(user, part) => {
                        let part = part_of::<N>(&shares[user].get().units(), part);
                        let Ok(unbond) = pool.unbond(part.get(), now, 3) else { continue };
                        let Ok(rest) = shares[user] - unbond.shares else { continue };
                        shares[user] = rest;
                        waiting[user].push(unbond.withdrawal);
                        pool = unbond.after;
                    }
                    Move::Claim(user, which) => {
                        let Some(withdrawal) = waiting[user].get(which).copied() else { continue };
                        let Ok(claim) = pool.claim(withdrawal, now) else {
                            prop_assert!(now < withdrawal.matures_at());
                            continue;
                        };
                        waiting[user].remove(which);
                        taken += units(claim.amount);
                        pool = claim.after;
                    }
                    Move::Reward(amount) => {
                        let Ok(reward) = pool.reward(amount) else { continue };
                        let Ok(sum) = operator + reward.commission else { continue };
                        operator = sum;
                        paid += units(amount);
                        pool = reward.after;
                    }
                    Move::Slash(kept) => {
                        let Ok(slash) = pool.slash(kept) else { continue };
                        lost += units(slash.staked) + units(slash.unbonding);
                        pool = slash.after;
                    }
                    Move::Lose(amount) => {
                        let Ok(slash) = pool.lose(amount) else { continue };
                        prop_assert_eq!(
                            units(slash.staked) + units(slash.unbonding) >= units(amount),
                            true
                        );
                        lost += units(slash.staked) + units(slash.unbonding);
                        pool = slash.after;
                    }
                }
                accepted += 1;
                prop_assert_eq!(&start + &paid, &taken + &lost + held(&pool));
            }
            // Everybody leaves, the last first.
            for (user, withdrawals) in waiting.iter().enumerate().rev() {
                for withdrawal in withdrawals.iter().rev() {
                    let claim = pool.claim(*withdrawal, now + 3);
                    prop_assert!(claim.is_ok(), "{claim:?} of {user}");
                    pool = claim.unwrap().after;
                }
            }
            for shares in shares.into_iter().chain([operator]) {
                let redeemed = pool.redeem(shares);
                // After a total loss shares can outgrow the digits of a `Decimal`.
                if redeemed == Err(StakingError::Math(MathError::Inexact)) {
                    return Ok(Verdict::Refused);
                }
                prop_assert!(redeemed.is_ok(), "{redeemed:?}");
                pool = redeemed.unwrap().after;
            }
            Ok(if 2 * accepted > tried { Verdict::Held } else { Verdict::Refused })
        });
    }
    law!(law);
}

// Slashes.

fn disposition() -> impl Strategy<Value = Disposition> {
    prop_oneof![
        Just(Disposition::Burn),
        Just(Disposition::ProRata),
        Just(Disposition::EqualParts),
        Just(Disposition::BuyBack),
        fraction(0).prop_map(Disposition::Reporter),
    ]
}

/// Before = after + burned + paid out, to the unit; the slashed keeps its part and gets nothing back;
/// the others lose nothing; what does not divide is less than a unit for each.
#[test]
fn every_disposition_conserves_stake() {
    fn law<N: Exactly>() {
        let cases = (vec(stake::<N>(0), 1..8), 0..8_usize, kept::<N>(), disposition());
        check(cases, |(before, validator, kept, rule)| {
            let mut after = before.clone();
            let dispersal = accept!(slash(&mut after, validator, kept, rule));
            let out = units(dispersal.burned) + units(dispersal.reporter);
            let out = out + units(dispersal.buy_back);
            prop_assert_eq!(total(&before), total(&after) + &out);
            let parts = units(dispersal.redistributed) + out;
            prop_assert_eq!(units(dispersal.slashed), parts);
            prop_assert_eq!(after[validator], kept.of(before[validator]).unwrap());
            prop_assert!(after[validator] <= before[validator]);
            for (i, (now, then)) in after.iter().zip(&before).enumerate() {
                prop_assert!(i == validator || now >= then);
            }
            let shared = matches!(rule, Disposition::ProRata | Disposition::EqualParts);
            if shared && !dispersal.redistributed.is_zero() {
                prop_assert!(units(dispersal.burned) < BigInt::from(before.len()));
            }
            Ok(Verdict::Held)
        });
    }
    law!(law);
}

/// `⌊⌊S·a⌋·b⌋` and `⌊⌊S·b⌋·a⌋` are at most a unit apart, and a unit below `S·a·b` at most two.
#[test]
fn slashes_commute() {
    fn law<N: Exactly>() {
        check((stake::<N>(0), kept::<N>(), kept::<N>()), |(stake, a, b)| {
            let twice = |a: Kept<N>, b: Kept<N>| units(b.of(a.of(stake).unwrap()).unwrap());
            let (first, second) = (twice(a, b), twice(b, a));
            prop_assert!((&first - &second).magnitude() <= &1_u32.into());
            let exactly = value(stake) * ratio_value(a.get()) * ratio_value(b.get());
            prop_assert!(whole(first.clone()) <= exactly);
            prop_assert!(whole(first + 2) > exactly);
            prop_assert_eq!(a.then(b), b.then(a));
            Ok(Verdict::Held)
        });
    }
    law!(law);
}

/// Non-decreasing in what is slashed, the whole balance at most, and the whole exactly when the multiple of
/// what is slashed reaches all; Electra's is at least Bellatrix's for whole ethers of stake.
#[test]
fn ethereum_penalty_grows_to_the_whole_balance() {
    let eth = |most: u64| (1..=most).prop_map(|n| n * INCREMENT);
    let forks = prop_oneof![
        Just(Fork::Phase0),
        Just(Fork::Altair),
        Just(Fork::Bellatrix),
        Just(Fork::Electra)
    ];
    check((forks, eth(32), eth(40_000_000), 0..=1_000_000_u64, 0..=u64::MAX / 8), |case| {
        let (fork, balance, active, parts, more) = case;
        let slashed = active / 1_000_000 * parts;
        let penalty = accept!(fork.correlation_penalty(balance, slashed, active));
        prop_assert!(penalty <= balance);
        prop_assert_eq!(penalty == balance, slashed * fork.multiplier() >= active);
        let more = accept!(fork.correlation_penalty(balance, slashed + more % active, active));
        prop_assert!(more >= penalty);
        let electra = accept!(Fork::Electra.correlation_penalty(balance, slashed, active));
        let bellatrix = accept!(Fork::Bellatrix.correlation_penalty(balance, slashed, active));
        prop_assert!(electra >= bellatrix);
        prop_assert!(fork.balance_after(balance, balance, slashed, active).unwrap() <= balance);
        Ok(Verdict::Held)
    });
}

/// `a′ ≤ a·m′/m`, and a deposit adds itself, both within the last places.
#[test]
fn eigenlayer_withdrawable_falls_with_the_magnitude() {
    fn law<N: Exactly>() {
        let cases = (stake::<N>(1 << 40), stake::<N>(1 << 40), kept::<N>(), kept::<N>());
        check(cases, |(first, second, before, slashed)| {
            let cut = |kept: Kept<N>| {
                N::of_units(
                    u128::try_from(
                        kept.get().get().at(N::RATE_PLACES)
                            / BigInt::from(10).pow(N::RATE_PLACES - 18),
                    )
                    .unwrap(),
                )
                .unwrap()
            };
            let operator = accept!(Operator::new(cut(before).get()));
            let factor = operator.factor().unwrap();
            if ratio_value(operator.magnitude()) < Q::new(1.into(), 1_000.into()) {
                return Ok(Verdict::Refused);
            }
            let staker = accept!(Delegation::default().deposit(first, factor));
            let worth = accept!(staker.withdrawable(factor));
            prop_assert!(worth <= first);
            // k·m loses less than two of 10^18 parts, a thousandfold at most.
            let slack = value(first) / whole(10_u64.pow(14)) + whole(2);
            prop_assert!(value(worth) + &slack >= value(first));

            let after = accept!(operator.slash(cut(slashed).get()));
            let then = accept!(staker.withdrawable(after.factor().unwrap()));
            let ratio = ratio_value(after.magnitude()) / ratio_value(operator.magnitude());
            prop_assert!(value(then) <= value(worth) * &ratio + &slack);
            prop_assert!(value(then) + &slack >= value(worth) * ratio);

            let more = accept!(staker.deposit(second, factor));
            let both = accept!(more.withdrawable(factor));
            let sum = value(worth) + value(second);
            let slack = &sum / whole(10_u64.pow(14)) + whole(2);
            prop_assert!(value(both) <= sum);
            prop_assert!(value(both) + slack >= sum);
            Ok(Verdict::Held)
        });
    }
    law!(law);
}

// Loans.

fn terms<N: Exactly>() -> BoxedStrategy<LoanTerms<N>> {
    (fraction(1), 1..=6_u32, 0..=20_000_000_u32)
        .prop_map(|(c, exponent, above)| {
            let price = N::of_units(10_u128.pow(18) + u128::from(above) * 10_u128.pow(12));
            LoanTerms::new(c, exponent, price.unwrap().get()).unwrap()
        })
        .boxed()
}

/// A loan of a part of what may be borrowed.
fn borrowed<N: Exactly>() -> BoxedStrategy<Loan<N>> {
    (terms::<N>(), stake::<N>(1 << 30), any::<u32>())
        .prop_filter_map("nothing to borrow", |(terms, stake, part)| {
            let loan = Loan::new(terms, stake).ok()?;
            let free = units(loan.maximum_borrow().ok()?);
            Some(loan.borrow(part_of::<N>(&free, part)).ok()?.after)
        })
        .boxed()
}

#[test]
fn redemption_price_is_one_at_issue_and_rises_as_stake_falls() {
    fn law<N: Exactly>() {
        check((borrowed::<N>(), kept::<N>(), kept::<N>()), |(loan, first, second)| {
            prop_assert_eq!(loan.redemption_price(), Ok(Ratio::ONE));
            let one = accept!(loan.slash(first)).after;
            let two = accept!(one.slash(second)).after;
            match (one.redemption_price(), two.redemption_price()) {
                (Ok(higher), Ok(lower)) => {
                    prop_assert!(Ratio::ONE <= higher && higher <= lower);
                    if let (Ok(one), Ok(two)) = (one.redemption_cost(), two.redemption_cost()) {
                        prop_assert!(one <= two);
                    }
                }
                (Err(StakingError::PriceUnbounded), lower) => {
                    prop_assert_eq!(lower, Err(StakingError::PriceUnbounded));
                    prop_assert!(one.is_in_default().unwrap());
                }
                _ => {}
            }
            // Who was in default is so after another slash.
            prop_assert!(!one.is_in_default().unwrap() || two.is_in_default().unwrap());
            Ok(Verdict::Held)
        });
    }
    law!(law);
}

#[test]
fn rewards_never_cause_default() {
    fn law<N: Exactly>() {
        check((borrowed::<N>(), kept::<N>(), stake::<N>(0)), |(loan, kept, reward)| {
            let slashed = accept!(loan.slash(kept)).after;
            let rewarded = accept!(slashed.reward(reward));
            prop_assert!(slashed.is_in_default().unwrap() || !rewarded.is_in_default().unwrap());
            if let (Ok(before), Ok(after)) =
                (slashed.redemption_price(), rewarded.redemption_price())
            {
                prop_assert!(after <= before);
            }
            Ok(Verdict::Held)
        });
    }
    law!(law);
}

/// Nor does borrowing lower it: nobody escapes a price by borrowing once more.
#[test]
fn repaying_never_worsens_the_price() {
    fn law<N: Exactly>() {
        let cases = (borrowed::<N>(), kept::<N>(), any::<u32>(), any::<u32>());
        check(cases, |(loan, kept, repaid, more)| {
            let slashed = accept!(loan.slash(kept)).after;
            let price = accept!(slashed.redemption_price());
            let asked = part_of::<N>(&units(slashed.debt().unwrap()), repaid);
            let repayment = accept!(slashed.repay(asked));
            let after = repayment.after;
            prop_assert!(repayment.payment >= asked);
            prop_assert!(after.redemption_price().unwrap() <= price);
            prop_assert!(!after.is_in_default().unwrap() || slashed.is_in_default().unwrap());
            if after.debt().unwrap().is_zero() {
                prop_assert_eq!(after.redemption_price(), Ok(Ratio::ONE));
            }
            // Twice is not cheaper than once.
            if let Ok(rest) = after.redemption_cost() {
                let all = slashed.redemption_cost().unwrap();
                prop_assert!((repayment.payment + rest).unwrap() >= all);
            }
            let free = units(slashed.maximum_borrow().unwrap());
            if let Ok(borrow) = slashed.borrow(part_of::<N>(&free, more)) {
                prop_assert!(borrow.after.redemption_price().unwrap() >= price);
            }
            Ok(Verdict::Held)
        });
    }
    law!(law);
}

/// The slash that a loan can bear, it bears; at the last stake it stands, one unit below it does not.
#[test]
fn what_is_bearable_is_borne() {
    fn law<N: Exactly>() {
        check(borrowed::<N>(), |loan| {
            let part = accept!(loan.bearable_slash());
            let borne = accept!(loan.slash(Kept::after_slash(part).unwrap())).after;
            prop_assert!(!borne.is_in_default().unwrap());
            let least = accept!(loan.stake_at_default());
            prop_assert!(borne.stake() >= least);
            let at = |stake: BigInt| {
                let stake = N::of_units(u128::try_from(stake).unwrap()).unwrap();
                Loan::try_from(LoanState { stake, ..*loan.state() }).unwrap()
            };
            prop_assert!(!at(units(least)).is_in_default().unwrap());
            prop_assert!(at(units(least) - 1).is_in_default().unwrap());
            // Of the stake at issue it is the closed form, down to the roundings.
            let closed = ratio_value(loan.state().terms.slash_to_default().unwrap());
            let places = Q::new(BigInt::one(), units(loan.stake()));
            let unit = Q::new(2.into(), BigInt::from(10).pow(N::RATE_PLACES));
            let difference = closed - ratio_value(part);
            prop_assert!(difference <= &places + &unit && -difference <= places + unit);
            Ok(Verdict::Held)
        });
    }
    law!(law);
}

/// A larger collateral factor, a larger exponent, a smaller largest price: a smaller slash is enough.
#[test]
fn stricter_terms_default_sooner() {
    fn law<N: Exactly>() {
        check((terms::<N>(), fraction(1), 1..=6_u32, terms::<N>()), |(terms, c, k, other)| {
            let slash = |c, k, price: Ratio<N>| {
                ratio_value(LoanTerms::new(c, k, price).unwrap().slash_to_default().unwrap())
            };
            let (c0, k0, p0) = (terms.collateral_factor(), terms.exponent(), terms.largest_price());
            let base = slash(c0, k0, p0);
            // The root is found up to two units.
            let unit = Q::new(3.into(), BigInt::from(10).pow(N::RATE_PLACES));
            let part = |c: Fraction| Q::new(c.numerator().into(), c.denominator().into());
            let ordered = |other: Q, stricter: bool| {
                if stricter { other <= &base + &unit } else { other + &unit >= base }
            };
            prop_assert!(ordered(slash(c, k0, p0), part(c) >= part(c0)));
            prop_assert!(ordered(slash(c0, k, p0), k >= k0));
            let price = other.largest_price();
            prop_assert!(ordered(slash(c0, k0, price), price <= p0));
            Ok(Verdict::Held)
        });
    }
    law!(law);
}

/// The same formulas over floats: within 10⁻⁹, where the price does not magnify an error of the stake more
/// than a hundredfold.
#[test]
fn floats_follow_wads_in_pools_and_loans() {
    let near = |float: f64, exact: f64| (float - exact).abs() <= 1e-9 * exact.abs().max(1.0);
    let cases = (terms::<Wad>(), integer(1 << 60..=1 << 93), any::<u32>(), kept::<Wad>());
    check(cases, |(terms, stake, part, kept)| {
        let stake = wad(stake);
        let exact = accept!(Loan::new(terms, stake));
        let exact =
            accept!(exact.borrow(part_of(&units(exact.maximum_borrow().unwrap()), part))).after;
        let exact = exact.slash(kept).unwrap().after;
        let largest = terms.largest_price().to_f64();
        let float = LoanTerms::new(terms.collateral_factor(), terms.exponent(), largest).unwrap();
        prop_assert!(near(float.threshold().get(), terms.threshold().to_f64()));
        let float = Loan::new(float, stake.to_f64()).unwrap();
        let float = accept!(float.borrow(exact.debt().unwrap().to_f64())).after;
        let kept_float = Kept::new(kept.get().to_f64()).unwrap();
        let float = float.slash(kept_float).unwrap().after;
        prop_assert!(near(float.stake().get(), exact.stake().to_f64()));
        let price = accept!(exact.redemption_price()).to_f64();
        if price > 100.0 {
            return Ok(Verdict::Refused);
        }
        prop_assert!(near(float.redemption_price().unwrap().get() / price, 1.0));
        let cost = exact.redemption_cost().unwrap().to_f64();
        prop_assert!(near(float.redemption_cost().unwrap().get() / cost, 1.0));

        let pool = StakingPool::new(Fraction::new(1, 10).unwrap());
        let exact = pool.deposit(stake).unwrap().after.reward(stake).unwrap();
        let pool = StakingPool::new(Fraction::new(1, 10).unwrap());
        let float = pool.deposit(stake.to_f64()).unwrap().after.reward(stake.to_f64()).unwrap();
        prop_assert!(near(float.commission.get(), exact.commission.to_f64()));
        let (exact, float) = (exact.after.slash(kept), float.after.slash(kept_float));
        let worth = exact.unwrap().after.amount_for(Wad::ONE).unwrap().to_f64();
        prop_assert!(near(float.unwrap().after.amount_for(1.0).unwrap().get(), worth));
        Ok(Verdict::Held)
    });
}

// The book.

#[derive(Clone, Copy, Debug)]
enum Action<N: Number> {
    Borrow(usize, u32),
    Repay(usize, u32),
    Reward(usize, Amount<N>),
    Slash(usize, Kept<N>),
    Accrue(usize, u32),
    Foreclose(usize),
    Unlock(usize, u32),
    BuyBack(u32),
    Join(usize, Amount<N>),
}

const VALIDATORS: usize = 4;

fn actions<N: Exactly>() -> impl Strategy<Value = Vec<Action<N>>> {
    let who = || 0..VALIDATORS;
    let mild = (500_000..=999_999_u128)
        .prop_map(|n| Kept::new(N::of_units(n * 10_u128.pow(12)).unwrap().get()).unwrap());
    let one = prop_oneof![
        6 => (who(), any::<u32>()).prop_map(|(i, part)| Action::Borrow(i, part)),
        3 => (who(), any::<u32>()).prop_map(|(i, part)| Action::Repay(i, part)),
        1 => who().prop_map(|i| Action::Repay(i, u32::MAX)),
        2 => (who(), stake::<N>(0)).prop_map(|(i, amount)| Action::Reward(i, amount)),
        3 => (who(), mild).prop_map(|(i, kept)| Action::Slash(i, kept)),
        1 => (who(), kept::<N>()).prop_map(|(i, kept)| Action::Slash(i, kept)),
        1 => (who(), 0..1_000_000_u32).prop_map(|(i, growth)| Action::Accrue(i, growth)),
        4 => who().prop_map(Action::Foreclose),
        2 => (who(), any::<u32>()).prop_map(|(i, part)| Action::Unlock(i, part)),
        2 => any::<u32>().prop_map(Action::BuyBack),
        1 => (who(), stake::<N>(1)).prop_map(|(i, amount)| Action::Join(i, amount)),
    ];
    vec(one, 8..60)
}

/// What the validators did, counted apart from the book.
#[derive(Clone, Debug, Default)]
struct Ledger {
    paid_in: [BigInt; VALIDATORS],
    unlocked: [BigInt; VALIDATORS],
    slashed: [BigInt; VALIDATORS],
    seized: [BigInt; VALIDATORS],
    issued: BigInt,
    repaid: BigInt,
    bought_back: BigInt,
    deleted: BigInt,
}

/// Any sequence by many validators: the synthetic that exists is what was issued less what was burned;
/// what is lent is the sum of the principals; the stake is the sum of the stakes; nobody unlocks stake
/// that was slashed or seized, or while anything is owed.
#[test]
fn the_book_is_the_sum_of_its_loans() {
    fn law<N: Exactly>() {
        let cases = (terms::<N>(), vec(stake::<N>(1 << 30), VALIDATORS), actions::<N>());
        check(cases, |(terms, stakes, actions)| {
            let mut ledger = Ledger::default();
            let mut book = Book::<N>::default();
            let mut loans: Vec<Loan<N>> = Vec::new();
            for (i, stake) in stakes.iter().enumerate() {
                let loan = Loan::new(terms, *stake).unwrap();
                book = book.join(&loan).unwrap();
                loans.push(loan);
                ledger.paid_in[i] += units(*stake);
            }
            let (mut accepted, tried) = (0, actions.len());
            for action in actions {
                let Some((next, i, loan)) = step(&book, &loans, action, &mut ledger) else {
                    continue;
                };
                accepted += 1;
                book = next;
                if let Some(loan) = loan {
                    loans[i] = loan;
                }
                let state = book.state();
                let sum = |of: fn(&Loan<N>) -> Amount<N>| -> BigInt {
                    loans.iter().map(|loan| units(of(loan))).sum()
                };
                prop_assert_eq!(sum(Loan::stake), units(state.staked));
                prop_assert_eq!(sum(Loan::principal), units(state.lent));
                let supply = units(book.supply());
                prop_assert_eq!(&supply, &(&ledger.issued - &ledger.repaid - &ledger.bought_back));
                // A deleted debt leaves its synthetic behind, until something covers it.
                prop_assert_eq!(&supply, &(units(state.lent) + units(state.unbacked)));
                prop_assert_eq!(units(state.defaulted), ledger.deleted.clone());
                prop_assert!(state.reserve.is_zero() || state.unbacked.is_zero());
                prop_assert!(state.reserve <= book.supply());
                for (i, loan) in loans.iter().enumerate() {
                    let out = &ledger.unlocked[i] + &ledger.slashed[i] + &ledger.seized[i];
                    prop_assert_eq!(&ledger.paid_in[i], &(out + units(loan.stake())));
                }
                let budget = book.security_budget(N::ONE).unwrap();
                prop_assert!(budget <= book.staked());
                if state.lent <= state.staked {
                    prop_assert_eq!(units(budget), units(state.staked) - units(state.lent));
                }
            }
            Ok(if 3 * accepted > tried { Verdict::Held } else { Verdict::Refused })
        });
    }
    law!(law);
}

/// The book and the loan after an action, if it is accepted; what it moved goes into the ledger.
fn step<N: Exactly>(
    book: &Book<N>,
    loans: &[Loan<N>],
    action: Action<N>,
    ledger: &mut Ledger,
) -> Option<(Book<N>, usize, Option<Loan<N>>)> {
    match action {
        Action::Borrow(i, part) => {
            let free = units(loans[i].maximum_borrow().ok()?);
            let borrowed = book.borrow(&loans[i], part_of::<N>(&free, part)).ok()?;
            ledger.issued += units(borrowed.loan.issued);
            Some((borrowed.after, i, Some(borrowed.loan.after)))
        }
        Action::Repay(i, part) => {
            let debt = units(loans[i].debt().ok()?);
            let repaid = book.repay(&loans[i], part_of::<N>(&debt, part)).ok()?;
            ledger.repaid += units(repaid.loan.principal);
            let extra = units(repaid.loan.interest) + units(repaid.loan.premium);
            ledger.bought_back += extra.min(units(book.unbacked()));
            Some((repaid.after, i, Some(repaid.loan.after)))
        }
        Action::Reward(i, amount) => {
            let rewarded = book.reward(&loans[i], amount).ok()?;
            ledger.paid_in[i] += units(amount);
            Some((rewarded.after, i, Some(rewarded.loan)))
        }
        Action::Slash(i, kept) => {
            let slashed = book.slash(&loans[i], kept).ok()?;
            ledger.slashed[i] += units(slashed.loan.slashed);
            Some((slashed.after, i, Some(slashed.loan.after)))
        }
        Action::Accrue(i, growth) => {
            let index = loans[i].state().index;
            let growth = N::of_units(10_u128.pow(18) + u128::from(growth) * 10_u128.pow(11))?;
            let index = index.mul_up(Ratio::new(growth.get()).ok()?).ok()?;
            let accrued = loans[i].accrue(index).ok()?;
            assert_eq!(loans[i].principal(), accrued.principal(), "interest is never issued");
            Some((*book, i, Some(accrued)))
        }
        Action::Foreclose(i) => {
            let default = loans[i].is_in_default().ok()?;
            let foreclosed = book.foreclose(&loans[i]);
            assert_eq!(foreclosed.is_ok(), default, "{foreclosed:?}");
            let foreclosed = foreclosed.ok()?;
            assert_eq!(foreclosed.loan.seized, loans[i].stake());
            let expected = book.unit_worth_after(foreclosed.loan.principal);
            if let (Ok(expected), Ok(worth)) = (expected, foreclosed.after.unit_worth()) {
                assert_eq!(
                    expected, worth,
                    "an expected loss is worth what its foreclosure leaves"
                );
            }
            ledger.seized[i] += units(foreclosed.loan.seized);
            ledger.deleted += units(foreclosed.loan.principal);
            ledger.bought_back += units(foreclosed.covered);
            Some((foreclosed.after, i, Some(foreclosed.loan.after)))
        }
        Action::Unlock(i, part) => {
            let part = part_of::<N>(&units(loans[i].stake()), part);
            let unlocked = book.unlock(&loans[i], part);
            let owed = !loans[i].debt().ok()?.is_zero();
            assert!(!owed || unlocked.is_err(), "stake unlocked while something is owed");
            let unlocked = unlocked.ok()?;
            ledger.unlocked[i] += units(unlocked.loan.amount);
            Some((unlocked.after, i, Some(unlocked.loan.after)))
        }
        Action::BuyBack(part) => {
            let circulating = units(book.circulating().ok()?);
            let bought = book.buy_back(part_of::<N>(&circulating, part)).ok()?;
            ledger.bought_back += units(bought.burned);
            Some((bought.after, 0, None))
        }
        Action::Join(i, amount) => {
            // Only one that has left altogether comes again.
            if !loans[i].stake().is_zero() || !loans[i].debt().ok()?.is_zero() {
                return None;
            }
            let loan = Loan::new(loans[i].state().terms, amount).ok()?;
            let joined = book.join(&loan).ok()?;
            ledger.paid_in[i] += units(amount);
            Some((joined, i, Some(loan)))
        }
    }
}

/// Premiums and purchases burn what has no debtor before they fill the reserve, and the reserve covers the next
/// foreclosure; a second loan on a larger stake is measured against that stake.
#[test]
fn what_is_bought_back_burns_the_unbacked_remainder_first() {
    let terms = LoanTerms::new(Fraction::ONE_HALF, 1, Decimal::TWO).unwrap();
    let number = |n: u32| Decimal::from(n);
    let page = BookState {
        staked: Amount::new(number(300)).unwrap(),
        lent: Amount::new(number(120)).unwrap(),
        unbacked: Amount::new(number(8)).unwrap(),
        reserve: Amount::ZERO,
        defaulted: Amount::new(number(8)).unwrap(),
    };
    let book = Book::try_from(page).unwrap();
    let bought = book.buy_back(number(5)).unwrap();
    assert_eq!((bought.burned, bought.kept), (Amount::new(number(5)).unwrap(), Amount::ZERO));
    assert_eq!(bought.after.unbacked(), number(3));
    let more = bought.after.buy_back(number(5)).unwrap();
    assert_eq!((more.burned.get(), more.kept.get()), (number(3), number(2)));
    assert_eq!(more.after.state().reserve, number(2));
    assert_eq!(more.after.circulating().unwrap(), number(118));

    // 100 staked, 50 owed, slashed to 75: a unit costs 2.
    let loan = Loan::new(terms, number(100)).unwrap().borrow(number(50)).unwrap().after;
    let slashed = loan.slash(Kept::new(Decimal::new(75, 2)).unwrap()).unwrap().after;
    let repaid = book.repay(&slashed, number(10)).unwrap();
    assert_eq!((repaid.loan.payment.get(), repaid.loan.premium.get()), (number(20), number(10)));
    assert_eq!(repaid.after.unbacked(), Decimal::ZERO);
    assert_eq!(repaid.after.state().reserve, number(2));
    assert_eq!(repaid.after.supply(), number(110));
    // Another slash: the reserve covers 2 of the 40 that are left.
    let lost = repaid.after.slash(&repaid.loan.after, Kept::NOTHING).unwrap();
    let foreclosed = lost.after.foreclose(&lost.loan.after).unwrap();
    assert_eq!((foreclosed.covered.get(), foreclosed.shortfall.get()), (number(2), number(38)));
    assert_eq!(foreclosed.after.unbacked(), number(38));
    assert_eq!(foreclosed.after.state().defaulted, number(48));

    let grown = loan.reward(number(100)).unwrap().borrow(number(10)).unwrap().after;
    assert_eq!(grown.state().stake_at_issue, number(200));
}

#[test]
fn security_budget_falls_with_borrowing_and_is_restored_by_repaying() {
    fn law<N: Exactly>() {
        check((terms::<N>(), stake::<N>(1 << 30), any::<u32>()), |(terms, stake, part)| {
            let loan = accept!(Loan::new(terms, stake));
            let book = accept!(Book::default().join(&loan));
            let asked = part_of::<N>(&units(accept!(loan.maximum_borrow())), part);
            let borrowed = accept!(book.borrow(&loan, asked));
            let budget = |book: &Book<N>| units(book.security_budget(N::ONE).unwrap());
            prop_assert_eq!(budget(&book), units(stake));
            prop_assert_eq!(budget(&borrowed.after), units(stake) - units(asked));
            let repaid = accept!(borrowed.after.repay(&borrowed.loan.after, asked));
            prop_assert_eq!(budget(&repaid.after), units(stake));
            prop_assert_eq!(repaid.after, book);
            // A higher price of the synthetic leaves less.
            let above = Price::new(N::of_units(11 * 10_u128.pow(17)).unwrap().get()).unwrap();
            prop_assert!(
                borrowed.after.security_budget(above).unwrap()
                    <= borrowed.after.security_budget(N::ONE).unwrap()
            );
            Ok(Verdict::Held)
        });
    }
    law!(law);
}

/// With the guard, borrowing gives what it gives without, or nothing; repaying does not ask it.
#[test]
fn the_guard_can_only_stop() {
    fn law<N: Exactly>() {
        let price = || 500_000..=2_000_000_u128;
        let cases = (
            (terms::<N>(), stake::<N>(1 << 30), stake::<N>(0), any::<u32>()),
            (fraction(0), fraction(0), fraction(0)),
            (price(), price(), price()),
        );
        check(
            cases,
            |((terms, stake, other, part), (issued, secure, recent), (low, high, now))| {
                let price = |millionths: u128| {
                    Price::new(N::of_units(millionths * 10_u128.pow(12)).unwrap().get()).unwrap()
                };
                let loan = accept!(Loan::new(terms, stake));
                let book = accept!(Book::default().join(&loan));
                let book = accept!(book.join(&accept!(Loan::new(terms, other))));
                let asked = part_of::<N>(&units(accept!(loan.maximum_borrow())), part);
                let guard = RiskGuard {
                    largest_issued_share: issued,
                    smallest_security_share: secure,
                    lowest_price: price(low.min(high)),
                    highest_price: price(low.max(high)),
                    most_recent_defaults: recent,
                };
                let market =
                    MarketReading { average_price: price(now), defaulted_before: Amount::ZERO };
                let free = accept!(book.borrow(&loan, asked));
                let guarded = book.borrow_guarded(&loan, asked, &guard, market);
                let part = |of: Fraction| Q::new(of.numerator().into(), of.denominator().into());
                let staked = value(book.staked());
                let worth = Q::new(units(asked) * now, 1_000_000.into()).ceil();
                let reason = if value(asked) > part(issued) * &staked {
                    Some(StakingError::IssuedShareAboveLimit)
                } else if (&staked - worth).max(Q::zero()) < part(secure) * &staked {
                    Some(StakingError::SecurityBudgetBelowLimit)
                } else if now < low.min(high) || now > low.max(high) {
                    Some(StakingError::PriceOutsideBand)
                } else {
                    None
                };
                prop_assert_eq!(guarded, reason.map_or(Ok(free), Err));
                Ok(Verdict::Held)
            },
        );
    }
    law!(law);
}

/// A guard that has seen too many defaults stops lending, and nothing else.
#[test]
fn the_guard_counts_recent_defaults() {
    let terms = LoanTerms::new(Fraction::new(1, 2).unwrap(), 1, Decimal::TWO).unwrap();
    let loan = |n: u32| Loan::new(terms, Decimal::from(n)).unwrap();
    let book = Book::default().join(&loan(100)).unwrap().join(&loan(900)).unwrap();
    let small = book.borrow(&loan(100), Decimal::from(50)).unwrap();
    let large = small.after.borrow(&loan(900), Decimal::from(200)).unwrap();
    let lost = large.after.slash(&small.loan.after, Kept::NOTHING).unwrap();
    let after = lost.after.foreclose(&lost.loan.after).unwrap().after;
    let guard = |recent| RiskGuard {
        largest_issued_share: Fraction::ONE,
        smallest_security_share: Fraction::ZERO,
        lowest_price: Price::new(Decimal::ONE).unwrap(),
        highest_price: Price::new(Decimal::ONE).unwrap(),
        most_recent_defaults: recent,
    };
    let market = |before: u32| MarketReading {
        average_price: Price::new(Decimal::ONE).unwrap(),
        defaulted_before: Amount::new(Decimal::from(before)).unwrap(),
    };
    // 50 of 200 have defaulted.
    let quarter = guard(Fraction::new(1, 4).unwrap());
    let less = guard(Fraction::new(249, 1_000).unwrap());
    assert_eq!(quarter.check(&after, market(0)), Ok(()));
    assert_eq!(less.check(&after, market(0)), Err(StakingError::TooManyDefaults));
    assert_eq!(less.check(&after, market(50)), Ok(()));
    assert_eq!(less.check(&after, market(51)), Err(StakingError::InvalidState));
    assert!(after.repay(&large.loan.after, Decimal::from(200)).is_ok());
}

// Cascades.

/// Loans, and a market of so many tokens and synthetics without a fee.
fn market<N: Exactly>(
    tokens: Amount<N>,
    synthetics: Amount<N>,
) -> impl Fn(Amount<N>) -> Option<Price<N>> + Copy {
    move |bought| {
        if bought >= synthetics {
            return None;
        }
        // A·Q/(Q − X)²
        let left = (synthetics - bought).ok()?;
        let first = Price::from_amounts(tokens, left).ok()?;
        first.ratio_to(Price::from_amounts(left, synthetics).ok()?).ok()
    }
}

#[derive(Clone, Debug)]
struct Edge<N: Number> {
    loans: Vec<Exposure<N>>,
    tokens: Amount<N>,
    synthetics: Amount<N>,
}

/// Loans of which some fail at par, in a market a few times as large.
fn edge<N: Exactly>() -> BoxedStrategy<Edge<N>> {
    let loan = (1..=1_000_000_u128, 0..=3_000_u128);
    let some = prop_oneof![3 => vec(loan.clone(), 1..40), 1 => vec(loan, 100..700)];
    (some, 1..=8_u128, 1..=1_000_u128, 1..=1_000_u128)
        .prop_map(|(loans, depth, tokens, synthetics)| {
            let unit = |n: u128| N::of_units(n).unwrap();
            let total: u128 = loans.iter().map(|(debt, _)| debt).sum();
            let loans = (0..)
                .zip(loans)
                .map(|(id, (debt, cover))| {
                    Exposure::new(id, unit(debt), unit(debt * cover / 1_000)).unwrap()
                })
                .collect();
            let size = (total * depth / 4).max(1_000);
            let tokens = unit(size * (999 + tokens) / 1_000);
            Edge { loans, tokens, synthetics: unit(size * (999 + synthetics) / 1_000) }
        })
        .boxed()
}

/// Who fails when one looks at everybody in every round, and the total that they buy.
fn naive<N: Exactly>(
    loans: &[Exposure<N>],
    first: Amount<N>,
    price: impl Fn(Amount<N>) -> Option<Price<N>>,
) -> (BTreeSet<u32>, Amount<N>, usize) {
    let (mut failed, mut bought, mut rounds) = (BTreeSet::new(), first, 0);
    loop {
        let now = price(bought);
        let before = failed.len();
        for loan in loans {
            let fails = now.is_none_or(|price| loan.fails_at(price).unwrap());
            if fails && failed.insert(loan.id()) {
                bought = (bought + loan.debt()).unwrap();
            }
        }
        if failed.len() == before {
            return (failed, bought, rounds);
        }
        rounds += 1;
    }
}

fn failed<N: Exactly>(
    loans: &mut [Exposure<N>],
    first: Amount<N>,
    price: impl Fn(Amount<N>) -> Option<Price<N>>,
) -> (BTreeSet<u32>, Amount<N>, usize) {
    let mut cascade = Cascade::new(loans).after_buying(first).unwrap();
    let end = cascade.settle(&price).unwrap();
    let rounds: Vec<_> = cascade.rounds(&price).map(Result::unwrap).collect();
    assert_eq!(rounds.len(), end.rounds);
    assert_eq!(rounds.iter().map(|round| round.failed).sum::<usize>(), end.failed);
    assert_eq!(rounds.last().map_or(first, |round| round.bought), end.bought);
    assert_eq!(end.price, price(end.bought));
    let ids = cascade.loans()[..end.failed].iter().map(Exposure::id).collect();
    (ids, end.bought, end.rounds)
}

#[test]
fn a_cascade_is_the_naive_one_whatever_the_order() {
    fn law<N: Exactly>() {
        check((edge::<N>(), any::<u64>()), |(edge, seed)| {
            let price = market(edge.tokens, edge.synthetics);
            let (naive, bought, rounds) = naive(&edge.loans, Amount::ZERO, price);
            let mut loans = edge.loans.clone();
            let end = failed(&mut loans, Amount::ZERO, price);
            prop_assert_eq!(&end, &(naive.clone(), bought, rounds));
            // Another order of the same loans.
            let mut shuffled = edge.loans.clone();
            let mut random = seed | 1;
            for i in (1..shuffled.len()).rev() {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                shuffled.swap(i, (random >> 33) as usize % (i + 1));
            }
            prop_assert_eq!(&failed(&mut shuffled, Amount::ZERO, price), &end);
            // The first defaulters are in it, and nobody outside it fails at its price.
            let last = price(bought);
            for loan in &edge.loans {
                let at = |p: Option<Price<N>>| p.is_none_or(|p| loan.fails_at(p).unwrap());
                prop_assert!(!at(price(Amount::ZERO)) || naive.contains(&loan.id()));
                prop_assert_eq!(at(last), naive.contains(&loan.id()));
            }
            Ok(if naive.is_empty() { Verdict::Refused } else { Verdict::Held })
        });
    }
    law!(law);
}

#[test]
fn a_cascade_grows_with_the_shock() {
    fn law<N: Exactly>() {
        check((edge::<N>(), 0..=1_000_000_u128, 0..=1_000_000_u128), |(edge, small, more)| {
            let price = market(edge.tokens, edge.synthetics);
            let unit = |n| N::of_units(n).unwrap();
            let (less, bought, _) = failed(&mut edge.loans.clone(), unit(small), price);
            let (all, total, _) = failed(&mut edge.loans.clone(), unit(small + more), price);
            prop_assert!(less.is_subset(&all));
            prop_assert!(bought <= total);
            let (naive, exactly, _) = naive(&edge.loans, unit(small + more), price);
            prop_assert_eq!((all, total), (naive, exactly));
            Ok(Verdict::Held)
        });
    }
    law!(law);
    // Nobody fails: what was bought is still bought, at its price.
    let price = market(wad(1_000), wad(1_000));
    let mut sturdy = [Exposure::new(0, wad(1), wad(100)).unwrap()];
    let end = Cascade::new(&mut sturdy).after_buying(wad(5)).unwrap().settle(price).unwrap();
    let expected = Collapse { failed: 0, bought: wad(5), price: price(wad(5)), rounds: 0 };
    assert_eq!(end, expected);
}

/// Equal thresholds, thresholds that differ in the last place, and floats: the same order everywhere.
#[test]
fn nearly_equal_loans_fail_in_their_order() {
    let one = 10_u128.pow(18);
    // One part in 10^18 more for each: floats cannot tell them apart.
    let loan = |id: u32| {
        Exposure::new(id, Wad::from_raw(one), Wad::from_raw(one + u128::from(id))).unwrap()
    };
    let mut loans: Vec<_> = (0..100).rev().chain(0..100).map(loan).collect();
    let mut cascade = Cascade::new(&mut loans);
    // All fail, and have to be sorted.
    assert_eq!(cascade.settle(|_| None).unwrap().failed, 200);
    let ids: Vec<_> = cascade.loans().iter().map(Exposure::id).collect();
    assert!(ids.is_sorted());
    let price = Price::from_amounts(Wad::from_raw(one + 50), Wad::from_raw(one)).unwrap();
    let mut first = |price| cascade.settle(move |_| Some(price)).unwrap().failed;
    // `debt·price > resources` holds below 50, strictly.
    assert_eq!(first(price), 100);
    assert_eq!(Exposure::new(0, 0.0, 1.0).err(), Some(StakingError::NoDebt));
}

/// A total that cannot be held ends the cascade with one error, as the last failure ends it with none.
#[test]
fn a_cascade_ends_once() {
    let most = Wad::from_raw(u128::MAX);
    let mut large = [0, 1].map(|id| Exposure::new(id, most, wad(0)).unwrap());
    let mut cascade = Cascade::new(&mut large);
    let mut rounds = cascade.rounds(|_| None);
    assert_eq!(rounds.next(), Some(Err(MathError::Overflow.into())));
    assert_eq!(rounds.next(), None);
    assert_eq!(cascade.settle(|_| None).err(), Some(MathError::Overflow.into()));
    // A price that rises after the end asks nobody any more.
    let mut sturdy = [Exposure::new(0, wad(1), wad(2)).unwrap()];
    let mut cascade = Cascade::new(&mut sturdy);
    let mut prices = [Some(Price::new(Wad::ONE).unwrap()), None].into_iter();
    let mut rounds = cascade.rounds(|_| prices.next().unwrap());
    assert_eq!((rounds.next(), rounds.next()), (None, None));
}

/// Thresholds that floats confuse, of any magnitude: the order in which the loans fail is the exact one.
#[test]
fn loans_fail_in_the_order_of_their_exact_thresholds() {
    fn law<N: Exactly>() {
        let debt = 10_u128.pow(20)..=10_u128.pow(21);
        let scale = (0..=6_u32).prop_map(|places| 10_u128.pow(places));
        let loans = vec((debt, 0..=4_u128), 2..90);
        check((loans, scale), |(loans, scale)| {
            let unit = |n: u128| N::of_units(n).unwrap();
            let exact: Vec<Q> = loans
                .iter()
                .map(|(debt, above)| Q::new((debt * scale + above).into(), (*debt).into()))
                .collect();
            let mut exposures: Vec<_> = (0..)
                .zip(&loans)
                .map(|(id, (debt, above))| {
                    Exposure::new(id, unit(*debt), unit(debt * scale + above)).unwrap()
                })
                .collect();
            let mut cascade = Cascade::new(&mut exposures);
            prop_assert_eq!(cascade.settle(|_| None).unwrap().failed, loans.len());
            let order = cascade.loans().iter().map(|loan| &exact[loan.id() as usize]);
            prop_assert!(order.is_sorted());
            Ok(Verdict::Held)
        });
    }
    law!(law);
}

/// A loan fails when its debt costs more than its stake, interest included; in default it has nothing to give.
#[test]
fn a_loan_fails_when_its_debt_costs_more_than_its_stake() {
    fn law<N: Exactly>() {
        let cases = (borrowed::<N>(), kept::<N>(), 0..=10_u32.pow(9), 1..=4_000_u32, 1..=1_000_u32);
        check(cases, |(loan, kept, growth, quote, base)| {
            let growth = N::of_units(10_u128.pow(18) + u128::from(growth) * 10_u128.pow(9));
            let loan = accept!(loan.accrue(growth.unwrap().get()));
            let loan = accept!(loan.slash(kept)).after;
            let exposure = Exposure::of_loan(7, &loan).unwrap();
            let debt = loan.debt().unwrap();
            prop_assert_eq!((exposure.id(), exposure.debt()), (7, debt));
            let amount = |n: u32| N::of_units(n.into()).unwrap();
            let price = Price::from_amounts(amount(quote), amount(base)).unwrap();
            let dearer = units(debt) * quote > units(loan.stake()) * base;
            let fails = dearer || loan.is_in_default().unwrap();
            prop_assert_eq!(exposure.fails_at(price), Ok(fails));
            Ok(Verdict::Held)
        });
    }
    law!(law);
    let terms = LoanTerms::new(Fraction::ONE_HALF, 2, Wad::ONE).unwrap();
    let free = Exposure::of_loan(7, &Loan::new(terms, wad(100)).unwrap());
    assert_eq!(free, Err(StakingError::NoDebt));
}

#[test]
fn a_cascade_of_floats_is_that_of_wads() {
    check(edge::<Wad>(), |edge| {
        let float = |amount: Amount<Wad>| amount.to_f64() * 1e18;
        let mut floats: Vec<_> = edge
            .loans
            .iter()
            .map(|loan| {
                let price = |n: u128| Price::from_amounts(Wad::from_raw(n), Wad::from_raw(1_000));
                // The cover is a whole number of thousandths, cut to a unit.
                let (mut low, mut high) = (0, 3_001);
                while low < high {
                    let middle = u128::midpoint(low, high);
                    if middle > 0 && loan.fails_at(price(middle).unwrap()).unwrap() {
                        high = middle;
                    } else {
                        low = middle + 1;
                    }
                }
                let debt = float(loan.debt());
                Exposure::new(
                    loan.id(),
                    debt,
                    debt * f64::from(u32::try_from(low).unwrap() - 1) / 1e3,
                )
            })
            .collect::<Result<_, _>>()
            .unwrap();
        let (tokens, synthetics) = (float(edge.tokens), float(edge.synthetics));
        let price = |bought: Amount<f64>| {
            let left = synthetics - bought.get();
            if left <= 0.0 { None } else { Price::new(tokens * synthetics / (left * left)).ok() }
        };
        let end = Cascade::new(&mut floats).settle(price).unwrap();
        let exact =
            failed(&mut edge.loans.clone(), Amount::ZERO, market(edge.tokens, edge.synthetics));
        // Thresholds are a thousandth coarser: the same up to the loans in between.
        prop_assert!(end.failed >= exact.0.len());
        Ok(Verdict::Held)
    });
}

// Distributions.

fn gini(stakes: &[BigInt]) -> Q {
    let total: BigInt = stakes.iter().sum();
    let pairs: BigInt = stakes
        .iter()
        .flat_map(|a| stakes.iter().map(move |b| BigInt::from((a - b).magnitude().clone())))
        .sum();
    Q::new(pairs, total * 2 * stakes.len())
}

fn few<N: Exactly>() -> BoxedStrategy<Vec<Amount<N>>> {
    let small = || (0..=60_u128).prop_map(|n| N::of_units(n).unwrap());
    // Nearly everything is one's, or all of it.
    let alone = (vec(prop_oneof![9 => Just(Amount::ZERO), 1 => small()], 0..4), small())
        .prop_map(|(nearly_none, one)| [nearly_none, vec![one]].concat());
    prop_oneof![4 => vec(small(), 2..9), 2 => vec(stake::<N>(0), 2..9), 2 => alone].boxed()
}

fn effect(before: &Q, after: &Q) -> Effect {
    match after.cmp(before) {
        std::cmp::Ordering::Less => Effect::Lowers,
        std::cmp::Ordering::Equal => Effect::Keeps,
        std::cmp::Ordering::Greater => Effect::Raises,
    }
}

/// The coefficients by their definitions over pairs, their bounds, and what does not change them.
#[test]
fn inequality_is_the_mean_difference() {
    fn law<N: Exactly>() {
        check((few::<N>(), fraction(1)), |(mut stakes, part)| {
            let all: Vec<BigInt> = stakes.iter().map(|stake| units(*stake)).collect();
            let sum: BigInt = all.iter().sum();
            let count = all.len();
            let distribution = accept!(Distribution::new(&mut stakes));
            let exactly = gini(&all);
            let coefficient = distribution.gini().unwrap();
            let brackets = |coefficient: defi_math::staking::inequality::Coefficient<N>,
                            exactly: &Q| {
                let (down, up) = (coefficient.to_ratio_down(), coefficient.to_ratio_up());
                let (down, up) = (ratio_value(down.unwrap()), ratio_value(up.unwrap()));
                let unit = Q::new(1.into(), BigInt::from(10).pow(N::RATE_PLACES));
                down <= *exactly
                    && *exactly <= up
                    && &up - &down <= unit
                    && (*exactly == down) == (down == up)
            };
            prop_assert!(brackets(coefficient, &exactly));
            let near = coefficient.to_f64() - coefficient.to_ratio_down().unwrap().to_f64();
            prop_assert!(near.abs() <= 1e-15);
            prop_assert!(exactly <= Q::new(BigInt::from(count) - 1, count.into()));
            let squares: BigInt = all.iter().map(|x| x * x).sum();
            let herfindahl = accept!(distribution.herfindahl());
            prop_assert!(brackets(herfindahl, &Q::new(squares, &sum * &sum)));
            // The fewest whose stakes exceed the part.
            let mut sorted = all.clone();
            sorted.sort_unstable_by(|a, b| b.cmp(a));
            let limit = Q::new(&sum * part.numerator(), part.denominator().into());
            let mut least = 0_usize;
            let mut held = Q::zero();
            while held <= limit {
                held += whole(sorted[least].clone());
                least += 1;
            }
            prop_assert_eq!(distribution.nakamoto(part), Ok(u32::try_from(least).unwrap()));
            // Three times everything is as unequal; one more for each is not more so.
            let scaled: Vec<BigInt> = all.iter().map(|x| x * 3).collect();
            prop_assert_eq!(gini(&scaled), exactly.clone());
            let unit = N::of_units(1).unwrap();
            let mut raised: Vec<_> =
                distribution.stakes().iter().map(|x| (*x + unit).unwrap()).collect();
            let raised = Distribution::new(&mut raised).unwrap().gini().unwrap();
            prop_assert!(raised <= coefficient);
            prop_assert_eq!(raised == coefficient, exactly.is_zero());
            Ok(Verdict::Held)
        });
    }
    law!(law);
}

/// The conditions under which a burn, a default that stays and a default that leaves lower inequality,
/// against the coefficient before and after.
#[test]
fn conditions_for_less_inequality_are_exact() {
    fn law<N: Exactly>() {
        check((few::<N>(), 0..9_usize, 0..9_u8), |(mut stakes, rank, beyond)| {
            let distribution = accept!(Distribution::new(&mut stakes));
            let sorted: Vec<BigInt> = distribution.stakes().iter().map(|x| units(*x)).collect();
            let rank = if beyond == 0 { sorted.len() + rank } else { rank % sorted.len() };
            if rank >= sorted.len() {
                let refused = distribution.effect_of_burn(rank);
                prop_assert_eq!(refused, Err(StakingError::UnknownValidator));
                return Ok(Verdict::Refused);
            }
            let before = gini(&sorted);
            // A burn that passes nobody with less: scaled up, so that there is room for a little one.
            let mut burned: Vec<BigInt> = sorted.iter().map(|x| x * 1_000).collect();
            if !burned[rank].is_zero() {
                burned[rank] -= 1;
            }
            prop_assert_eq!(distribution.effect_of_burn(rank), Ok(effect(&before, &gini(&burned))));
            let without: Vec<BigInt> = sorted
                .iter()
                .enumerate()
                .filter(|(i, _)| *i != rank)
                .map(|(_, x)| x.clone())
                .collect();
            if without.iter().sum::<BigInt>().is_zero() {
                prop_assert_eq!(distribution.effect_of_default(rank), Err(StakingError::NoStake));
                prop_assert_eq!(distribution.effect_of_removal(rank), Err(StakingError::NoStake));
                return Ok(Verdict::Refused);
            }
            let mut zeroed = without.clone();
            zeroed.push(BigInt::zero());
            prop_assert_eq!(
                distribution.effect_of_default(rank),
                Ok(effect(&before, &gini(&zeroed)))
            );
            prop_assert_eq!(
                distribution.effect_of_removal(rank),
                Ok(effect(&before, &gini(&without)))
            );
            Ok(Verdict::Held)
        });
    }
    law!(law);
}

/// A slash that passes nobody, of a proposer drawn by stake or of anyone drawn evenly, does not raise the
/// expected Gini coefficient; a reward that is drawn by stake does not lower it.
#[test]
fn expected_inequality_falls_with_slashes_and_rises_with_rewards() {
    fn law<N: Exactly>() {
        // Every stake at least a tenth above the one below it.
        let stakes = vec(1_100..4_000_u32, 2..7).prop_map(|steps| {
            let grow = |last: &mut u128, step: u32| {
                *last = *last * u128::from(step) / 1_000 + 1;
                Some(*last)
            };
            steps.into_iter().scan(100_000_u128, |last, step| grow(last, step)).collect::<Vec<_>>()
        });
        check((stakes, 900_000..1_000_000_u128, 1..1_000_000_u32), |(raw, keep, reward)| {
            let stakes: Vec<Amount<N>> = raw.iter().map(|n| N::of_units(*n).unwrap()).collect();
            let kept = Kept::new(N::of_units(keep * 10_u128.pow(12)).unwrap().get()).unwrap();
            let distribution = Distribution::of_sorted(&stakes).unwrap();
            let exact: Vec<BigInt> = raw.iter().map(|n| BigInt::from(*n) * 1_000_000).collect();
            let total: BigInt = exact.iter().sum();
            let before = gini(&exact);
            let keeps = |i: usize| i == 0 || exact[i - 1] <= &exact[i] / 1_000_000 * keep;
            let passes_nobody = (0..exact.len()).all(keeps);
            prop_assert_eq!(distribution.slash_keeps_ranks(kept), Ok(passes_nobody));
            let with = |i: usize, change: BigInt| {
                let mut after = exact.clone();
                after[i] = change;
                gini(&after)
            };
            let slashed = |i: usize| with(i, &exact[i] / 1_000_000 * keep);
            let rewarded = |i: usize| with(i, &exact[i] + reward);
            let by_stake = |of: &dyn Fn(usize) -> Q| -> Q {
                (0..exact.len()).map(|i| Q::new(exact[i].clone(), total.clone()) * of(i)).sum()
            };
            let evenly = |of: &dyn Fn(usize) -> Q| -> Q {
                (0..exact.len()).map(of).sum::<Q>() / whole(exact.len())
            };
            prop_assert!(by_stake(&rewarded) >= before);
            if passes_nobody {
                prop_assert!(by_stake(&slashed) <= before);
                prop_assert!(evenly(&slashed) <= before);
                return Ok(Verdict::Held);
            }
            Ok(Verdict::Refused)
        });
    }
    law!(law);
}

// Equilibria.

fn staking_market() -> BoxedStrategy<Market> {
    let rate = || (0..=400_u32).prop_map(|n| f64::from(n) / 1_000.0);
    (1..=1_000_000_u32, 1..=30_000_u32, 1..=9_990_u32, rate(), rate(), 0..=900_u32)
        .prop_map(|(supply, reward, demand, base_rate, slope, rf)| {
            let supply = f64::from(supply);
            Market {
                supply,
                reward: supply * f64::from(reward) / 100_000.0,
                demand: supply * f64::from(demand) / 10_000.0,
                base_rate: base_rate + 0.001,
                slope,
                reserve_factor: f64::from(rf) / 1_000.0,
                lent_against_stake: 0.0,
            }
        })
        .boxed()
}

/// Lenders get the interest on what is borrowed, less the reserves; nobody borrows more than is lent.
#[test]
fn lenders_share_the_interest_of_what_is_borrowed() {
    check((staking_market(), 0..=90_u32, 0..=1_000_u32), |(market, own, staked)| {
        let market = Market { lent_against_stake: f64::from(own) / 100.0, ..market };
        let staked = market.supply * f64::from(staked) / 1_000.0;
        let lent = market.supply - staked + market.lent_against_stake * staked;
        let borrowed = market.demand.min(lent);
        let rate = market.base_rate + market.slope * borrowed / lent.max(borrowed);
        let interest = borrowed * rate * (1.0 - market.reserve_factor);
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-12 * market.supply;
        prop_assert!(near(market.lent(staked), lent));
        prop_assert!(near(market.lending_yield(staked) * lent, interest));
        Ok(Verdict::Held)
    });
}

#[test]
fn staking_equilibrium_is_where_the_yields_meet() {
    check((staking_market(), 0..=90_u32), |(market, own)| {
        let market = Market { lent_against_stake: f64::from(own) / 100.0, ..market };
        let at = market.equilibrium().unwrap();
        prop_assert!(at.staked >= 0.0 && at.staked <= market.supply);
        prop_assert!(at.lent + 1e-9 * market.supply >= market.demand);
        let keep = 1.0 - market.lent_against_stake;
        if at.corner {
            prop_assert!(at.staking_yield >= keep * at.lending_yield * (1.0 - 1e-9));
        } else {
            prop_assert!(
                (at.staking_yield - keep * at.lending_yield).abs() <= 1e-9 * at.staking_yield
            );
            // A little to either side, the other pays more: there is no second one near.
            for (staked, more) in
                [(at.staked * (1.0 - 1e-6), true), (at.staked * (1.0 + 1e-6), false)]
            {
                let gain = market.reward / staked - keep * market.lending_yield(staked);
                prop_assert_eq!(gain > 0.0, more);
            }
        }
        Ok(Verdict::Held)
    });
}

#[test]
fn equilibrium_moves_as_its_causes_do() {
    check((staking_market(), 1..=100_u32, 0..=90_u32), |(market, more, own)| {
        let staked = |market: Market| market.equilibrium().unwrap().staked;
        let now = staked(market);
        let grown = 1.0 + f64::from(more) / 100.0;
        let slack = 4.0 * TOLERANCE * market.supply;
        let moved = staked(Market { reward: market.reward * grown, ..market });
        prop_assert!(moved >= now - slack);
        let demand = (market.demand * grown).min(market.supply);
        let moved = staked(Market { demand, ..market });
        prop_assert!(moved <= now + slack);
        let base_rate = market.base_rate * grown;
        let moved = staked(Market { base_rate, ..market });
        prop_assert!(moved <= now + slack);
        let moved = staked(Market { slope: market.slope * grown, ..market });
        prop_assert!(moved <= now + slack);
        // The network as its own lender keeps its stakers.
        let lent_against_stake = f64::from(own) / 100.0;
        let moved = staked(Market { lent_against_stake, ..market });
        prop_assert!(moved >= now - slack);
        Ok(Verdict::Held)
    });
}

/// At the split that is answered no other earns more after its risk: `μ′w − (λ/2)·w′Σw`.
#[test]
fn no_other_split_is_preferred() {
    let tenth = || (1..=1_000_u32).prop_map(|n| f64::from(n) / 10_000.0);
    let cases = ((tenth(), tenth()), (tenth(), tenth(), -9..=9_i32), 1..=400_u32, 0..=1_000_u32);
    check(cases, |((staking, lending), (staked, lent, correlation), aversion, other)| {
        let agent = Portfolio {
            staking_mean: staking,
            lending_mean: lending,
            staking_variance: staked * staked,
            lending_variance: lent * lent,
            covariance: f64::from(correlation) / 10.0 * staked * lent,
            risk_aversion: f64::from(aversion) / 10.0,
        };
        let preferred = |part: f64| {
            let rest = 1.0 - part;
            let variance = part * part * agent.staking_variance
                + rest * rest * agent.lending_variance
                + 2.0 * part * rest * agent.covariance;
            part * staking + rest * lending - agent.risk_aversion / 2.0 * variance
        };
        let part = accept!(agent.staked_part());
        prop_assert!((0.0..=1.0).contains(&part));
        prop_assert!(preferred(part) >= preferred(f64::from(other) / 1_000.0) - 1e-12);
        Ok(if part > 0.0 && part < 1.0 { Verdict::Held } else { Verdict::Refused })
    });
}

/// `index` is used where a loan counts its interest.
#[test]
fn interest_is_monotone_and_never_issued() {
    fn law<N: Exactly>() {
        check((borrowed::<N>(), 0..=10_u32.pow(9), 0..=10_u32.pow(9)), |(loan, first, more)| {
            let index = |growth: u32| {
                let units = 10_u128.pow(18) + u128::from(growth) * 10_u128.pow(9);
                Index::new(N::of_units(units).unwrap().get()).unwrap()
            };
            let one = accept!(loan.accrue(index(first)));
            let two = accept!(one.accrue(index(first + more)));
            let at_once = accept!(loan.accrue(index(first + more)));
            prop_assert!(loan.debt().unwrap() <= one.debt().unwrap());
            prop_assert!(one.debt().unwrap() <= two.debt().unwrap());
            // Counting in between costs a unit at most.
            let apart = units(two.debt().unwrap()) - units(at_once.debt().unwrap());
            prop_assert!(apart >= BigInt::zero() && apart <= BigInt::from(2));
            prop_assert_eq!(two.principal(), loan.principal());
            prop_assert_eq!(two.redemption_price(), loan.redemption_price());
            Ok(Verdict::Held)
        });
    }
    law!(law);
}

fn wad(units: u128) -> Amount<Wad> {
    Wad::from_raw(units).into()
}

/// States that no sequence of operations reaches, and shares that claim nothing.
#[test]
fn pools_that_cannot_be_are_refused() {
    let one = Wad::ONE;
    let fresh = *StakingPool::<Wad>::new(Fraction::ZERO).state();
    let pool = |state| StakingPool::try_from(state);
    assert!(pool(fresh).is_ok());
    for state in [
        StakingPoolState { virtual_places: Some(19), ..fresh },
        StakingPoolState { kept: Ratio::ZERO, ..fresh },
        StakingPoolState { kept: Wad::from_raw(10_u128.pow(18) + 1).into(), ..fresh },
    ] {
        assert_eq!(pool(state), Err(StakingError::InvalidState));
    }
    assert!(StakingPool::<Wad>::with_virtual_shares(Fraction::ZERO, 18).is_ok());
    assert!(StakingPool::<Wad>::with_virtual_shares(Fraction::ZERO, 19).is_err());
    // Shares that claim nothing have no price, and no new ones are sold.
    let empty = StakingPoolState { supply: Wad::from_raw(5).into(), ..fresh };
    let empty = pool(empty).unwrap();
    assert_eq!(empty.exchange_rate(), Err(StakingError::NoStake));
    assert_eq!(empty.shares_for(one), Err(StakingError::NoStake));
    assert_eq!(empty.mint(one), Err(StakingError::NoStake));
    let all = pool(StakingPoolState { commission: Fraction::ONE, ..*empty.state() }).unwrap();
    assert_eq!(all.reward(one), Err(StakingError::NoStake));
    assert_eq!(pool(fresh).unwrap().reward(one), Err(StakingError::NoStake));
    let rich = pool(fresh).unwrap().deposit(one).unwrap().after;
    assert_eq!(rich.unbond(one, u64::MAX, 1), Err(MathError::Overflow.into()));
    let late = pool(StakingPoolState { era: u32::MAX, ..*rich.state() }).unwrap();
    assert_eq!(late.slash(Kept::NOTHING), Err(MathError::Overflow.into()));
    // A claim that is not of this pool, or is made twice.
    let unbond = rich.unbond(one, 0, 0).unwrap();
    let claimed = unbond.after.claim(unbond.withdrawal, 0).unwrap().after;
    assert_eq!(claimed.claim(unbond.withdrawal, 0), Err(StakingError::InsufficientStake));
}

#[test]
fn loans_that_cannot_be_are_refused() {
    let (one, half) = (Wad::ONE, Fraction::ONE_HALF);
    for terms in [
        LoanTerms::new(Fraction::ZERO, 2, one),
        LoanTerms::new(Fraction::ONE, 2, one),
        LoanTerms::new(half, 0, one),
        LoanTerms::new(half, 65, one),
        LoanTerms::new(half, 2, Wad::from_raw(10_u128.pow(18) - 1)),
    ] {
        assert_eq!(terms, Err(StakingError::InvalidTerms));
    }
    let terms = LoanTerms::new(half, 64, one).unwrap();
    // Any loss at all is a default at a largest price of one.
    assert_eq!(terms.slash_to_default(), Ok(Ratio::ZERO));
    let sound = *Loan::new(terms, wad(100)).unwrap().state();
    for state in [
        LoanState { stake_at_issue: Amount::ZERO, principal: wad(1), ..sound },
        LoanState { stake_at_issue: Amount::ZERO, interest: wad(1), ..sound },
        LoanState { index: Wad::from_raw(10_u128.pow(18) - 1).into(), ..sound },
        // Interest that no principal bears, and a stake that has changed without a debt.
        LoanState { interest: wad(1), ..sound },
        LoanState { stake: wad(99), ..sound },
        LoanState { stake_at_issue: wad(101), ..sound },
    ] {
        assert_eq!(Loan::try_from(state), Err(StakingError::InvalidState));
    }
    let loan = Loan::try_from(sound).unwrap();
    assert_eq!(loan.borrow(wad(0)), Err(StakingError::NothingBorrowed));
    assert_eq!(loan.foreclose(), Err(StakingError::NotInDefault));
    assert_eq!(loan.unlock(wad(101)), Err(StakingError::InsufficientStake));
    assert_eq!(loan.bearable_slash(), Ok(Ratio::ONE));
    assert_eq!(loan.stake_at_default(), Ok(Amount::ZERO));
    let lent = loan.borrow(wad(50)).unwrap().after;
    assert_eq!(lent.unlock(wad(1)), Err(StakingError::StakeLocked));
    // Interest alone keeps the stake locked, and has a price.
    let grown = lent.accrue(Wad::from_raw(11 * 10_u128.pow(17))).unwrap();
    let owing = grown.repay(grown.debt().unwrap()).unwrap();
    assert_eq!(owing.interest, wad(5));
    assert!(owing.after.unlock(wad(100)).is_ok());
    assert_eq!(grown.maximum_borrow(), Ok(Amount::ZERO));
}

#[test]
fn books_that_cannot_be_are_refused() {
    let terms = LoanTerms::new(Fraction::ONE_HALF, 64, Wad::ONE).unwrap();
    let sound = *Loan::new(terms, wad(100)).unwrap().state();
    let lent = Loan::try_from(sound).unwrap().borrow(wad(50)).unwrap().after;
    let page = BookState {
        staked: wad(100),
        lent: wad(50),
        unbacked: Amount::ZERO,
        reserve: Amount::ZERO,
        defaulted: wad(9),
    };
    let book = Book::try_from(page).unwrap();
    for state in [
        BookState { reserve: wad(51), ..page },
        BookState { unbacked: wad(1), reserve: wad(1), ..page },
        BookState { unbacked: wad(10), ..page },
    ] {
        assert_eq!(Book::try_from(state), Err(StakingError::InvalidState));
    }
    assert!(Book::try_from(BookState { reserve: wad(50), ..page }).is_ok());
    assert!(Book::try_from(BookState { unbacked: wad(9), ..page }).is_ok());
    assert_eq!(book.join(&lent), Err(StakingError::StakeLocked));
    // Neither a larger stake nor a larger debt than the book's can be one of its loans'.
    let strange = [
        LoanState { stake: wad(101), stake_at_issue: wad(101), ..sound },
        LoanState { principal: wad(51), ..sound },
    ];
    for state in strange {
        let loan = Loan::try_from(state).unwrap();
        assert_eq!(book.borrow(&loan, wad(1)).err(), Some(StakingError::NotInBook));
        assert_eq!(book.repay(&loan, wad(1)).err(), Some(StakingError::NotInBook));
        assert_eq!(book.reward(&loan, wad(1)).err(), Some(StakingError::NotInBook));
        assert_eq!(book.slash(&loan, Kept::ALL).err(), Some(StakingError::NotInBook));
        assert_eq!(book.unlock(&loan, wad(1)).err(), Some(StakingError::NotInBook));
        assert_eq!(book.foreclose(&loan).err(), Some(StakingError::NotInBook));
    }
    assert_eq!(book.buy_back(wad(51)).err(), Some(StakingError::InsufficientSupply));
    assert_eq!(Book::<Wad>::default().backing().err(), Some(StakingError::NothingIssued));
    assert_eq!(Book::<Wad>::default().unit_worth(), Err(StakingError::NothingIssued));
    let bare = Book::try_from(BookState { staked: Amount::ZERO, ..page }).unwrap();
    assert_eq!(bare.backing().err(), Some(StakingError::NoStake));
    assert_eq!(book.backing().unwrap(), Price::new(Wad::from_raw(2 * 10_u128.pow(18))).unwrap());
    assert_eq!(book.unit_worth_after(wad(50)), Ok(Ratio::ZERO));
    let doubtful = Book::try_from(BookState { unbacked: wad(9), ..page }).unwrap();
    assert_eq!(doubtful.unit_worth_after(wad(1)).unwrap().get().raw(), 49 * 10_u128.pow(18) / 59);
}

#[test]
fn parts_above_one_and_lists_of_nothing_are_refused() {
    let one = Wad::ONE;
    let risk = |probability: Wad, loss: Wad| Risk {
        debt: wad(3),
        default_probability: probability.into(),
        loss_given_default: loss.into(),
    };
    let third = Wad::from_raw(10_u128.pow(18) / 3);
    let above = Wad::from_raw(10_u128.pow(18) + 1);
    assert_eq!(expected_loss([risk(third, one)]), Ok(wad(1)));
    assert_eq!(expected_loss([risk(third, third); 2]), Ok(wad(2)));
    for risk in [risk(above, one), risk(one, above)] {
        let refused = expected_loss([risk]);
        assert_eq!(refused, Err(MathError::OutOfRange(defi_math::Kind::Ratio).into()));
    }
    assert_eq!(Delegations::new(wad(2), wad(1)), Err(StakingError::InvalidState));
    let out_of_range = Err(MathError::OutOfRange(defi_math::Kind::Ratio));
    assert_eq!((Kept::new(above), Kept::after_slash(above)), (out_of_range, out_of_range));
    assert!(SlashFraction::new(above).is_err() && SlashFraction::new(one).is_ok());
    assert!(Operator::new(above).is_err() && Operator::new(one).unwrap().slash(above).is_err());

    let unsorted = [wad(2), wad(1)];
    assert_eq!(Distribution::of_sorted(&unsorted).err(), Some(StakingError::NotSorted));
    assert_eq!(Distribution::<Wad>::new(&mut []).err(), Some(StakingError::NoStake));
    assert_eq!(Distribution::new(&mut [wad(0)]).err(), Some(StakingError::NoStake));
    let mut stakes = [wad(1), wad(2)];
    let stakes = Distribution::new(&mut stakes).unwrap();
    let nobody = stakes.nakamoto(Fraction::ONE);
    assert_eq!(nobody, Err(MathError::OutOfRange(defi_math::Kind::Ratio).into()));
}

#[test]
fn markets_that_cannot_be_are_refused() {
    for market in [
        Market { demand: 101.0, ..MARKET },
        Market { reserve_factor: 1.1, ..MARKET },
        Market { lent_against_stake: 1.0, ..MARKET },
        Market { supply: 0.0, demand: 0.0, ..MARKET },
    ] {
        assert_eq!(market.equilibrium().err(), Some(StakingError::InvalidTerms));
    }
    // Each of the seven numbers.
    let number = defi_math::Kind::Number;
    for (bad, reason) in [
        (f64::NAN, MathError::NotFinite(number)),
        (f64::INFINITY, MathError::NotFinite(number)),
        (-0.1, MathError::Negative(number)),
    ] {
        for market in [
            Market { supply: bad, ..MARKET },
            Market { reward: bad, ..MARKET },
            Market { demand: bad, ..MARKET },
            Market { base_rate: bad, ..MARKET },
            Market { slope: bad, ..MARKET },
            Market { reserve_factor: bad, ..MARKET },
            Market { lent_against_stake: bad, ..MARKET },
        ] {
            assert_eq!(market.equilibrium().err(), Some(reason.into()), "{market:?}");
        }
    }

    assert_eq!(
        mother_curve(f64::NAN, 1.0),
        Err(MathError::NotFinite(defi_math::Kind::Ratio).into())
    );
    assert_eq!(mother_curve(0.0, 2.0), Err(StakingError::PriceUnbounded));
    assert_eq!(mother_curve(-1.0, 2.0), Err(StakingError::PriceUnbounded));
    assert_eq!(mother_curve(0.5, -1.0), Err(MathError::Negative(defi_math::Kind::Ratio).into()));
    assert_eq!(mother_curve(1e-300, 2.0), Err(MathError::Overflow.into()));
    let exponential = RewardSchedule::Exponential { supply: 100.0, growth: 0.1 };
    assert!((exponential.reward(1).unwrap() - 11.0).abs() < 1e-12);
    assert_eq!(exponential.reward(u32::MAX), Err(MathError::Overflow.into()));
    assert_eq!(RewardSchedule::Constant { reward: 5.0 }.reward(7), Ok(5.0));
    let never = RewardSchedule::Halving { reward: 5.0, every: 0 };
    assert_eq!(never.reward(7), Err(StakingError::InvalidTerms));
    // Two whole spans of three periods have passed.
    assert_eq!(RewardSchedule::Halving { reward: 5.0, every: 3 }.reward(8), Ok(1.25));
    assert_eq!(RewardSchedule::Constant { reward: 0.0 }.reward(7), Ok(0.0));
    for falling in [
        RewardSchedule::Constant { reward: -5.0 },
        RewardSchedule::Exponential { supply: 100.0, growth: -0.1 },
    ] {
        assert_eq!(falling.reward(1), Err(MathError::Negative(number).into()));
    }
}

#[test]
fn portfolios_that_cannot_be_split_are_refused() {
    let agent = Portfolio {
        staking_mean: 0.05,
        lending_mean: 0.05,
        staking_variance: 0.01,
        lending_variance: 0.03,
        covariance: 0.0,
        risk_aversion: 1.0,
    };
    assert_eq!(agent.staked_part(), Ok(0.75));
    for bold in [0.0, -1.0, f64::NAN] {
        let part = Portfolio { risk_aversion: bold, ..agent }.staked_part();
        assert_eq!(part, Err(StakingError::InvalidTerms), "{bold}");
    }
    // The same risk twice, and one less than none.
    for covariance in [0.02, 0.03, f64::NAN] {
        let part = Portfolio { covariance, ..agent }.staked_part();
        assert_eq!(part, Err(StakingError::InvalidTerms), "{covariance}");
    }
    let not_finite = Err(MathError::NotFinite(defi_math::Kind::Ratio).into());
    for staking_mean in [f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
        assert_eq!(Portfolio { staking_mean, ..agent }.staked_part(), not_finite);
    }
}

/// Where all is staked that demand leaves, staking pays as much as lending or more; without a reward it never
/// does.
#[test]
fn a_corner_is_where_the_yields_do_not_meet() {
    let corner = |staked: f64, lent: f64, staking_yield: f64, lending_yield: f64| {
        Ok(Equilibrium { staked, lent, staking_yield, lending_yield, corner: true })
    };
    // 6.25/50 = 1/16 + 1/16, exactly.
    let even = Market { reward: 6.25, demand: 50.0, base_rate: 0.0625, slope: 0.0625, ..MARKET };
    assert_eq!(even.equilibrium(), corner(50.0, 50.0, 0.125, 0.125));
    // What is lent against a stake serves demand too: 100 − 80 + 80/2.
    let own = Market { reward: 20.0, demand: 60.0, lent_against_stake: 0.5, ..even };
    assert_eq!(own.equilibrium(), corner(80.0, 60.0, 0.25, 0.125));
    // Lenders who get nothing, nobody who borrows, nothing that could be staked.
    let free = Market { reserve_factor: 1.0, ..even };
    assert_eq!(free.equilibrium(), corner(50.0, 50.0, 0.125, 0.0));
    let idle = Market { demand: 0.0, ..even };
    assert_eq!(idle.equilibrium(), corner(100.0, 0.0, 0.0625, 0.0));
    let all = Market { demand: 100.0, ..even };
    assert_eq!(all.equilibrium(), corner(0.0, 100.0, 0.0, 0.125));
    // U = 1/2.
    let unpaid = Market { reward: 0.0, ..even };
    assert_eq!(unpaid.equilibrium(), corner(0.0, 100.0, 0.0, 0.046_875));
    // The smallest reward of all is worth a stake of a few times as much.
    let least = Market { reward: 5e-324, ..even }.equilibrium().unwrap();
    assert!(!least.corner && least.staked > 5e-324 && least.staked < 1e-321);
}

#[test]
fn fractions_are_parts_of_one() {
    assert!(Fraction::new(2, 1).is_err() && Fraction::new(0, 0).is_err());
    assert!(Fraction::from_basis_points(10_001).is_err());
    assert_eq!(Fraction::new(6, 8).map(<(u32, u32)>::from), Ok((3, 4)));
    assert_eq!(Fraction::new(3, 4).map(Fraction::rest), Ok(1));
    assert!(Fraction::try_from(Decimal::NEGATIVE_ONE).is_err());
    assert!(Fraction::try_from(Decimal::TWO).is_err());
    assert_eq!(Fraction::try_from(Decimal::new(5, 1)), Ok(Fraction::ONE_HALF));
}

const MARKET: Market = Market {
    supply: 100.0,
    reward: 5.0,
    demand: 20.0,
    base_rate: 0.02,
    slope: 0.2,
    reserve_factor: 0.0,
    lent_against_stake: 0.0,
};
