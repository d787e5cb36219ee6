//! `RocketTokenRETH`: what shares are worth, and how many an amount buys.

use defi_math::num::Rounding;
use defi_math::staking::{Fraction, StakingPool, StakingPoolState};
use defi_math::{Amount, MathError, Shares, Wad};
use num_bigint::BigUint;
use rust_decimal::Decimal;

use crate::number::{Exact, Units, check_answer};
use crate::recording::{Outcome, Record, Recording, Tally};

const NAME: &str = "rocketpool_reth";

#[test]
fn rocketpool_reth_wad() {
    replay::<Wad>(290);
}

#[test]
fn rocketpool_reth_decimal() {
    replay::<Decimal>(270);
}

fn replay<N: Units>(least: usize) {
    let mut tally = Tally::default();
    for vector in Recording::load(NAME).all("vectors") {
        for outcome in compare::<N>(vector) {
            tally.count(outcome);
        }
    }
    tally.finish(&format!("{NAME} in {}", N::NAME));
    assert!(tally.compared() >= least, "{} compared", tally.compared());
}

fn compare<N: Units>(vector: Record<'_>) -> [Outcome; 3] {
    let context = &vector.to_string();
    let (supply, staked) = (vector.units("rethSupply"), vector.units("totalEthBalance"));
    let (Some(shares), Some(stake)) = (N::from_units(&supply), N::from_units(&staked)) else {
        return [Outcome::OutsideRange; 3];
    };
    let empty = *StakingPool::<N>::new(Fraction::ZERO).state();
    let pool = StakingPool::try_from(StakingPoolState {
        staked: Amount::new(stake).unwrap(),
        supply: Shares::new(shares).unwrap(),
        ..empty
    })
    .unwrap();
    let exact = |value, beside| Exact { value, beside, rounding: Rounding::Down };
    let nothing = BigUint::ZERO;

    // The contract's rate is the worth of one.
    let one = pool.amount_for(N::ONE).map(Amount::get);
    let rate = vector.units("getExchangeRate");
    let beside = if staked > rate { &staked - &rate } else { nothing.clone() };
    let rate = check_answer(one, exact(&rate, &beside), context);

    if let Some(revert) = vector.refusal_of("getEthValue") {
        // What the contract cannot multiply is no number here to begin with.
        assert_eq!(revert, "SafeMath: multiplication overflow", "{context}");
        assert_eq!(vector.refusal_of("getRethValue"), Some(revert), "{context}");
        let text = vector.text("amount");
        let parsed = N::parse(text, defi_math::Kind::Amount);
        assert_eq!(parsed.err(), Some(MathError::Overflow), "{context}");
        return [rate, Outcome::Refused, Outcome::Refused];
    }
    let Some(amount) = N::from_units(&vector.units("amount")) else {
        return [rate, Outcome::OutsideRange, Outcome::OutsideRange];
    };
    let worth = vector.units("getEthValue");
    let beside = if staked > worth { &staked - &worth } else { nothing };
    let worth =
        check_answer(pool.amount_for(amount).map(Amount::get), exact(&worth, &beside), context);
    let bought = vector.units("getRethValue");
    let bought =
        check_answer(pool.shares_for(amount).map(Shares::get), exact(&bought, &supply), context);
    [rate, worth, bought]
}
