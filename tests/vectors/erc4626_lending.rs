//! OpenZeppelin's `ERC4626`: deposits, mints, withdrawals and redemptions, gifts and losses.

use defi_math::lending::{Conversion, LendingError, TokenizedVault};
use defi_math::num::Rounding::{self, Down, Up};
use defi_math::{Amount, Shares, Wad};
use num_bigint::BigUint;
use rust_decimal::Decimal;

use crate::number::{Exact, Units, check_answer};
use crate::recording::{Outcome, Record, Recording, Tally};

const NAME: &str = "erc4626_openzeppelin";

#[test]
fn erc4626_lending_wad() {
    replay::<Wad>();
}

#[test]
fn erc4626_lending_decimal() {
    replay::<Decimal>();
}

fn replay<N: Units>() {
    let mut tally = Tally::default();
    for scenario in Recording::load(NAME).all("scenarios") {
        let offset = scenario.text("decimalsOffset").parse().unwrap();
        let mut vault = Some(TokenizedVault::<N>::new(offset));
        let mut held = vec![BigUint::ZERO; 3];
        for step in scenario.all("steps") {
            let state = step.record("state");
            // After a step that the type cannot hold, go on from what the contract left.
            let before = vault.take();
            let outcome = match before {
                Some(before) if in_range::<N>(&before, step) => {
                    let (after, outcome) = run(&before, &held, step);
                    views(&after, state);
                    vault = Some(after);
                    outcome
                }
                _ => {
                    vault = recorded(state, offset);
                    Outcome::OutsideRange
                }
            };
            held = state.list("shares");
            tally.count(outcome);
        }
    }
    tally.finish(&format!("{NAME} (lending) in {}", N::NAME));
}

fn recorded<N: Units>(state: Record<'_>, offset: u8) -> Option<TokenizedVault<N>> {
    let (assets, supply) = (state.units("totalAssets"), state.units("totalSupply"));
    TokenizedVault::of(N::from_units(&assets)?, N::from_units(&supply)?, offset).ok()
}

fn in_range<N: Units>(vault: &TokenizedVault<N>, step: Record<'_>) -> bool {
    let state = step.record("state");
    let mut figures = vec![vault.assets().get().units(), vault.supply().get().units()];
    figures.extend(["totalAssets", "totalSupply"].map(|field| state.units(field)));
    figures.extend(["assets", "shares", "ret"].iter().filter_map(|field| step.units_if_any(field)));
    crate::compound::holds::<N>(&figures)
}

fn run<N: Units>(
    vault: &TokenizedVault<N>,
    held: &[BigUint],
    step: Record<'_>,
) -> (TokenizedVault<N>, Outcome) {
    let context = &step.to_string();
    let number = |field: &str| N::from_units(&step.units(field)).unwrap();
    let converted = |result: Result<Conversion<N>, LendingError>, of: fn(Conversion<N>) -> N| {
        let conversion = result.unwrap_or_else(|error| panic!("{error:?}: {context}"));
        assert_eq!(of(conversion).units(), step.units("ret"), "{context}");
        (conversion.after, Outcome::Compared)
    };
    let own = &held[step.text("user").parse::<usize>().unwrap()];
    match step.text("op") {
        "deposit" => converted(vault.deposit(number("assets")), |c| c.shares.get()),
        "mint" => converted(vault.mint(number("shares")), |c| c.assets.get()),
        "withdraw" => {
            let most = vault.assets_for(N::from_units(own).unwrap()).unwrap();
            assert_eq!(most.get().units(), step.units("maxWithdraw"), "{context}");
            converted(vault.withdraw(number("assets")), |c| c.shares.get())
        }
        "redeem" => {
            if let Some(reason) = step.refusal() {
                assert_eq!(reason, "ERC4626ExceededMaxRedeem", "{context}");
                assert!(step.units("shares") > *own, "{context}");
                // More than all shares is refused by the vault, more than one's own by the holder's record.
                let refused = vault.redeem(number("shares"));
                let own = Shares::new(N::from_units(own).unwrap()).unwrap();
                let beyond = own - Shares::new(number("shares")).unwrap();
                assert!(refused == Err(LendingError::InsufficientShares) || beyond.is_err());
                return (*vault, Outcome::Refused);
            }
            converted(vault.redeem(number("shares")), |c| c.assets.get())
        }
        "donate" => (vault.donate(number("assets")).unwrap(), Outcome::Compared),
        "loss" => (vault.lose(number("assets")).unwrap(), Outcome::Compared),
        op => panic!("unknown operation {op}: {context}"),
    }
}

fn views<N: Units>(vault: &TokenizedVault<N>, state: Record<'_>) {
    let context = &state.to_string();
    assert_eq!(vault.assets().get().units(), state.units("totalAssets"), "{context}");
    assert_eq!(vault.supply().get().units(), state.units("totalSupply"), "{context}");
    let Some(input) = N::from_units(&state.units("previewInput")) else { return };
    let (assets, shares) = (Amount::new(input).unwrap(), Shares::new(input).unwrap());
    let check =
        |ours: Result<N, LendingError>, field: &str, beside: &BigUint, rounding: Rounding| {
            let value = &state.units(field);
            check_answer(ours, Exact { value, beside, rounding }, &format!("{field}: {context}"));
        };
    let (a, s) = (&state.units("totalAssets"), &state.units("totalSupply"));
    check(vault.shares_for(assets).map(Shares::get), "convertToShares", s, Down);
    check(vault.assets_for(shares).map(Amount::get), "convertToAssets", a, Down);
    check(vault.deposit(assets).map(|c| c.shares.get()), "previewDeposit", s, Down);
    check(vault.mint(shares).map(|c| c.assets.get()), "previewMint", a, Up);
    // A preview says the price of what may not be there.
    check(vault.shares_for_up(assets).map(Shares::get), "previewWithdraw", s, Up);
    check(vault.assets_for(shares).map(Amount::get), "previewRedeem", a, Down);
    check(vault.assets_for_up(shares).map(Amount::get), "previewMint", a, Up);
}
