//! `StETH` of Lido: conversions at any state, and scenarios of submissions, rebases and transfers.

use defi_math::num::Rounding;
use defi_math::staking::{Fraction, StakingError, StakingPool, StakingPoolState};
use defi_math::{Amount, Shares, Wad};
use num_bigint::BigUint;
use rust_decimal::Decimal;

use crate::number::{Exact, Units, check_answer};
use crate::recording::{Outcome, Record, Recording, Tally};

const NAME: &str = "lido_steth_shares";

#[test]
fn lido_steth_views_wad() {
    views::<Wad>(290);
}

#[test]
fn lido_steth_views_decimal() {
    views::<Decimal>(280);
}

#[test]
fn lido_steth_scenarios_wad() {
    scenarios::<Wad>(190);
}

#[test]
fn lido_steth_scenarios_decimal() {
    scenarios::<Decimal>(190);
}

/// A pool of these holdings.
fn pool<N: Units>(supply: &BigUint, staked: &BigUint) -> Option<StakingPool<N>> {
    let state = *StakingPool::<N>::new(Fraction::ZERO).state();
    let staked = Amount::new(N::from_units(staked)?).unwrap();
    let supply = Shares::new(N::from_units(supply)?).unwrap();
    Some(StakingPool::try_from(StakingPoolState { staked, supply, ..state }).unwrap())
}

fn views<N: Units>(least: usize) {
    let mut tally = Tally::default();
    for view in Recording::load(NAME).all("views") {
        tally.count(to_shares::<N>(view));
        tally.count(to_amount::<N>(view, "amount", "pooledEthByShares"));
        tally.count(to_amount::<N>(view, "totalShares", "balanceOf(all shares)"));
    }
    tally.finish(&format!("{NAME} views in {}", N::NAME));
    assert!(tally.compared() >= least, "{} compared", tally.compared());
}

fn to_shares<N: Units>(view: Record<'_>) -> Outcome {
    let context = &view.to_string();
    let (supply, staked) = (view.units("totalShares"), view.units("totalPooledEther"));
    let Some(pool) = pool::<N>(&supply, &staked) else { return Outcome::OutsideRange };
    let Some(amount) = N::from_units(&view.units("amount")) else { return Outcome::OutsideRange };
    let shares = pool.shares_for(amount).map(Shares::get);
    if let Some(revert) = view.refusal_of("sharesByPooledEth") {
        assert_eq!((shares, revert), (Err(StakingError::NoStake), "MATH_DIV_ZERO"), "{context}");
        return Outcome::Refused;
    }
    let value = &view.units("sharesByPooledEth");
    check_answer(shares, Exact { value, beside: &supply, rounding: Rounding::Down }, context)
}

fn to_amount<N: Units>(view: Record<'_>, shares: &str, answer: &str) -> Outcome {
    let context = &view.to_string();
    let (supply, staked) = (view.units("totalShares"), view.units("totalPooledEther"));
    let Some(pool) = pool::<N>(&supply, &staked) else { return Outcome::OutsideRange };
    let Some(shares) = N::from_units(&view.units(shares)) else { return Outcome::OutsideRange };
    let value = &view.units(answer);
    // A part of what is staked, or many times it: the larger of the two has the places.
    let beside = &if staked > *value { &staked - value } else { BigUint::ZERO };
    let exact = Exact { value, beside, rounding: Rounding::Down };
    check_answer(pool.amount_for(shares).map(Amount::get), exact, context)
}

/// The pool goes step by step with the contract. A type that cannot hold a state counts the steps as
/// outside its range until a state that it can.
fn scenarios<N: Units>(least: usize) {
    let mut tally = Tally::default();
    for scenario in Recording::load(NAME).all("scenarios") {
        // The contract keeps 10^18 dead shares from the start.
        let dead = BigUint::from(10_u32).pow(18);
        let mut state = (dead.clone(), dead);
        for step in scenario.all("steps") {
            let context = &format!("scenario {} {step}", scenario.text("scenario"));
            let after = step.record("state");
            let next = (after.units("totalShares"), after.units("totalPooledEther"));
            tally.count(play::<N>(&state, step, &next, context));
            state = next;
        }
    }
    tally.finish_without_refusals(&format!("{NAME} scenarios in {}", N::NAME));
    assert!(tally.compared() >= least, "{} compared", tally.compared());
}

fn play<N: Units>(
    (supply, staked): &(BigUint, BigUint),
    step: Record<'_>,
    next: &(BigUint, BigUint),
    context: &str,
) -> Outcome {
    let Some(before) = pool::<N>(supply, staked) else { return Outcome::OutsideRange };
    let Some(expected) = pool::<N>(&next.0, &next.1) else { return Outcome::OutsideRange };
    // The places that every figure beside the holdings can have.
    let fits = |figure: &BigUint, beside: &BigUint| {
        N::holds(Exact { value: figure, beside, rounding: Rounding::Down })
    };
    if !fits(&next.0, &BigUint::ZERO) || !fits(&next.1, &BigUint::ZERO) {
        return Outcome::OutsideRange;
    }
    let amount = |name: &str| N::from_units(&step.units(name)).expect("in range");
    let after = match step.text("op") {
        "submit" => {
            let deposit = before.deposit(amount("value")).unwrap();
            assert_eq!(deposit.shares.get().units(), step.units("shares"), "{context}");
            deposit.after
        }
        "rebase" if next.1 >= *staked => {
            let reward = N::from_units(&(&next.1 - staked)).unwrap();
            let receipt = before.reward(reward).unwrap();
            assert!(receipt.commission.is_zero(), "{context}");
            receipt.after
        }
        "rebase" => {
            let loss = N::from_units(&(staked - &next.1)).unwrap();
            before.lose(loss).unwrap().after
        }
        "transferShares" => {
            let worth = before.amount_for(amount("shares")).unwrap();
            assert_eq!(worth.get().units(), step.units("tokens"), "{context}");
            before
        }
        // The shares that it moved are in the state after it.
        "transfer" => {
            let moved = before.shares_for(amount("amount")).unwrap().get().units();
            let user = step.units("user").to_string().parse::<usize>().unwrap();
            let to = step.units("to").to_string().parse::<usize>().unwrap();
            let held = step.record("state").list("shares").into_iter().nth(to).unwrap();
            assert!(user == to || held >= moved, "{context}");
            before
        }
        op => panic!("unknown operation {op}: {context}"),
    };
    assert_eq!(after.state(), expected.state(), "{context}");
    let state = step.record("state");
    for (shares, balance) in state.list("shares").iter().zip(state.list("balances")) {
        let worth = after.amount_for(N::from_units(shares).unwrap()).unwrap();
        assert_eq!(worth.get().units(), balance, "{context}");
    }
    Outcome::Compared
}
