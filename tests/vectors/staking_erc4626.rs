//! OpenZeppelin's `ERC4626` as a staking pool with virtual shares: every operation, and every preview
//! after it.
//!
//! One deliberate difference: the contract takes a deposit that is too small for a share and gives
//! nothing. The pool refuses it; what the contract did with it is a donation.

use defi_math::num::Rounding;
use defi_math::staking::{Fraction, StakingError, StakingPool, StakingPoolState};
use defi_math::{Amount, Shares, Wad};
use num_bigint::BigUint;
use rust_decimal::Decimal;

use crate::number::{Exact, Units, check_answer};
use crate::recording::{Outcome, Record, Recording, Tally};

const NAME: &str = "erc4626_openzeppelin";

#[test]
fn staking_pool_erc4626_wad() {
    replay::<Wad>(1_100);
}

#[test]
fn staking_pool_erc4626_decimal() {
    replay::<Decimal>(900);
}

fn replay<N: Units>(least: usize) {
    let mut tally = Tally::default();
    for scenario in Recording::load(NAME).all("scenarios") {
        let places = scenario.text("decimalsOffset").parse().unwrap();
        let mut state = (BigUint::ZERO, BigUint::ZERO);
        for step in scenario.all("steps") {
            let context = &format!("scenario {} {step}", scenario.text("scenario"));
            let after = step.record("state");
            let next = (after.units("totalSupply"), after.units("totalAssets"));
            tally.count(play::<N>(places, &state, step, &next, context));
            for outcome in previews::<N>(places, &next, after, context) {
                tally.count(outcome);
            }
            state = next;
        }
    }
    tally.finish(&format!("{NAME} as a staking pool in {}", N::NAME));
    assert!(tally.compared() >= least, "{} compared", tally.compared());
}

fn pool<N: Units>(places: u8, (supply, staked): &(BigUint, BigUint)) -> Option<StakingPool<N>> {
    let empty = StakingPool::<N>::with_virtual_shares(Fraction::ZERO, places).unwrap();
    let staked = Amount::new(N::from_units(staked)?).unwrap();
    let supply = Shares::new(N::from_units(supply)?).unwrap();
    Some(StakingPool::try_from(StakingPoolState { staked, supply, ..*empty.state() }).unwrap())
}

fn play<N: Units>(
    places: u8,
    state: &(BigUint, BigUint),
    step: Record<'_>,
    next: &(BigUint, BigUint),
    context: &str,
) -> Outcome {
    let (Some(before), Some(expected)) = (pool::<N>(places, state), pool::<N>(places, next)) else {
        return Outcome::OutsideRange;
    };
    let figures = [&state.0, &state.1, &next.0, &next.1];
    let nothing = &BigUint::ZERO;
    let fits =
        |value: &&BigUint| N::holds(Exact { value, beside: nothing, rounding: Rounding::Down });
    if !figures.iter().all(fits) {
        return Outcome::OutsideRange;
    }
    let figure = |name: &str| step.units_if_any(name).map(|units| N::from_units(&units));
    let (assets, shares) = (figure("assets").flatten(), figure("shares").flatten());
    let op = step.text("op");
    if let Some(revert) = step.refusal() {
        assert_eq!((op, revert), ("redeem", "ERC4626ExceededMaxRedeem"), "{context}");
        // The contract's limit is what the owner has: here, all that there is.
        let refused = before.redeem(shares.expect("in range"));
        assert_eq!(refused, Err(StakingError::InsufficientShares), "{context}");
        return Outcome::Refused;
    }
    let returned = step.units_if_any("ret");
    let (answer, after) = match (op, assets, shares) {
        ("deposit", Some(assets), _) if returned == Some(BigUint::ZERO) => {
            assert_eq!(
                before.deposit(assets),
                Err(StakingError::InsufficientSharesMinted),
                "{context}"
            );
            (BigUint::ZERO, before.donate(assets).unwrap())
        }
        ("deposit", Some(assets), _) => {
            let deposit = before.deposit(assets).unwrap_or_else(|e| panic!("{e:?}: {context}"));
            (deposit.shares.get().units(), deposit.after)
        }
        ("mint", _, Some(shares)) => {
            let mint = before.mint(shares).unwrap_or_else(|e| panic!("{e:?}: {context}"));
            (mint.amount.get().units(), mint.after)
        }
        ("withdraw", Some(assets), _) => {
            let taken = before.withdraw(assets).unwrap_or_else(|e| panic!("{e:?}: {context}"));
            (taken.shares.get().units(), taken.after)
        }
        ("redeem", _, Some(shares)) => {
            let taken = before.redeem(shares).unwrap_or_else(|e| panic!("{e:?}: {context}"));
            (taken.amount.get().units(), taken.after)
        }
        ("donate", Some(assets), _) => (BigUint::ZERO, before.donate(assets).unwrap()),
        ("loss", Some(assets), _) => (BigUint::ZERO, before.lose(assets).unwrap().after),
        _ => panic!("unknown operation {op}: {context}"),
    };
    assert_eq!(answer, returned.unwrap_or_default(), "{context}");
    assert_eq!(after.state(), expected.state(), "{context}");
    Outcome::Compared
}

fn previews<N: Units>(
    places: u8,
    state: &(BigUint, BigUint),
    after: Record<'_>,
    context: &str,
) -> Vec<Outcome> {
    let units = after.units("previewInput");
    let (Some(pool), Some(input)) = (pool::<N>(places, state), N::from_units(&units)) else {
        return vec![Outcome::OutsideRange; 4];
    };
    let (supply, staked) = state;
    let check = |result: Result<N, StakingError>, name, beside, rounding| {
        check_answer(result, Exact { value: &after.units(name), beside, rounding }, context)
    };
    let of_stake = |name| {
        let value = after.units(name);
        if *staked > value { staked - value } else { BigUint::ZERO }
    };
    for (convert, preview) in
        [("convertToShares", "previewDeposit"), ("convertToAssets", "previewRedeem")]
    {
        assert_eq!(after.units(convert), after.units(preview), "{context}");
    }
    vec![
        check(pool.shares_for(input).map(Shares::get), "previewDeposit", supply, Rounding::Down),
        check(pool.amount_for_up(input).map(Amount::get), "previewMint", staked, Rounding::Up),
        check(pool.shares_for_up(input).map(Shares::get), "previewWithdraw", supply, Rounding::Up),
        check(
            pool.amount_for(input).map(Amount::get),
            "previewRedeem",
            &of_stake("previewRedeem"),
            Rounding::Down,
        ),
    ]
}
