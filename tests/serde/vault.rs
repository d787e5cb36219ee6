//! The states of a vault as decimal strings.

use defi_math::rate::seconds;
use defi_math::vault::{
    Auction, AuctionHouse, AuctionTerms, Coins, CollateralType, CollateralTypeState, Position,
    PriceCurve, Savings, SavingsState, System, SystemState, VaultNumber, Wallet,
};
use defi_math::{Amount, Index, Number, Ratio, Shares, Wad};
use rust_decimal::{Decimal, dec};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, from_str, from_value, json, to_string, to_value};

fn same<T: Serialize + DeserializeOwned + PartialEq>(state: &T) {
    let text = to_string(state).unwrap();
    assert!(from_str::<T>(&text).unwrap() == *state, "{text}");
}

fn all<N: VaultNumber>(one: N) {
    let coins = Coins::new(one).unwrap();
    let rate = N::Rate::ONE;
    let system = SystemState { issued: coins, surplus: coins, ..SystemState::empty().unwrap() };
    same(&System::try_from(system).unwrap());
    let state = CollateralTypeState {
        normalized_debt: Amount::new(one).unwrap(),
        debt_floor: coins,
        ..CollateralTypeState::at_ratio(Ratio::<N::Rate>::ONE).unwrap()
    };
    same(&CollateralType::<N>::try_from(state).unwrap());
    same(&Position::new(one, one).unwrap());
    same(&Wallet { collateral: Amount::new(one).unwrap(), coins });
    same(&Auction::new(one, one, rate).unwrap());
    let index = Index::new(rate).unwrap();
    let shares = Shares::new(one).unwrap();
    same(&Savings::<N>::from(SavingsState { shares, index, per_second: index }));
    for curve in [
        PriceCurve::Linear { duration: seconds(60) },
        PriceCurve::Stairstep { step: seconds(9), factor: Ratio::<N::Rate>::ONE },
        PriceCurve::Exponential { factor: Ratio::<N::Rate>::ONE },
    ] {
        same(&AuctionHouse::<N>::try_from(AuctionTerms::on_curve(curve)).unwrap());
    }
}

#[test]
fn the_states_of_a_vault_survive_a_round_trip() {
    all(Wad::from_raw(1_234_567_890_123_456_789));
    all(dec!(1.234567890123456789));
    all(0.1 + 0.2);
}

#[test]
fn coins_keep_all_of_their_places() {
    let fine: Coins<Wad> = Coins::from_raw(u128::MAX, u128::MAX);
    let text =
        r#""115792089237316195423570985008687.907853269984665640564039457584007913129639935""#;
    assert_eq!(to_string(&fine).unwrap(), text);
    assert_eq!(from_str::<Coins<Wad>>(text).unwrap(), fine);
    let beyond =
        r#""115792089237316195423570985008687.907853269984665640564039457584007913129639936""#;
    assert!(from_str::<Coins<Wad>>(beyond).is_err());
    assert!(from_str::<Coins>(r#""0.0000000000000000000000000000000000000000000001""#).is_err());
    assert!(from_str::<Coins>(r#""-1""#).is_err());
    assert!(from_str::<Coins>(r#"".""#).is_err());
    assert!(from_str::<Coins<f64>>(r#""inf""#).is_err());
    assert_eq!(
        format!("{:>8}|{:.2}|{}", Coins::<Decimal>::ZERO, fine, Coins::<Wad>::ZERO),
        "       0|115792089237316195423570985008687.90|0"
    );
}

fn broken<T: DeserializeOwned>(good: &Value, path: &str, value: Value) -> bool {
    let mut state = good.clone();
    *state.pointer_mut(path).unwrap() = value;
    from_value::<T>(good.clone()).is_ok() && from_value::<T>(state).is_err()
}

#[test]
fn a_state_of_a_vault_that_breaks_its_invariants_is_refused() {
    let coins = |n| Coins::<Decimal>::new(n).unwrap();
    let system = to_value(SystemState {
        issued: coins(dec!(10)),
        unbacked: coins(dec!(5)),
        surplus: coins(dec!(5)),
        bad_debt: coins(dec!(5)),
        queued_debt: coins(dec!(2)),
        debt_on_auction: coins(dec!(3)),
        ..SystemState::empty().unwrap()
    });
    let system = system.unwrap();
    for (path, value) in [
        ("/surplus", "11"),
        ("/unbacked", "11"),
        ("/bad_debt", "6"),
        ("/queued_debt", "3"),
        ("/debt_on_auction", "4"),
        ("/redemption_price", "0"),
        ("/base_fee", "-1"),
    ] {
        assert!(broken::<System>(&system, path, json!(value)), "{path}");
    }
    let state = CollateralTypeState::<Decimal>::at_ratio(dec!(1.5)).unwrap();
    let state = to_value(state).unwrap();
    for (path, value) in [
        ("/liquidation_ratio", "0"),
        ("/liquidation_penalty", "0.999999999999999999"),
        ("/liquidation_penalty", "1.0000000000000000001"),
        ("/normalized_debt", "-1"),
    ] {
        assert!(broken::<CollateralType>(&state, path, json!(value)), "{path}");
    }
    let auction = to_value(Auction::<Decimal>::new(dec!(1), dec!(1), dec!(1)).unwrap()).unwrap();
    for path in ["/to_raise", "/collateral", "/starting_price"] {
        assert!(broken::<Auction>(&auction, path, json!("0")), "{path}");
    }
    let curve = PriceCurve::Stairstep { step: seconds(9), factor: Ratio::ONE };
    let terms = to_value(AuctionTerms::<Decimal>::on_curve(curve)).unwrap();
    for (path, value) in [
        ("/curve/Stairstep/step", json!(0)),
        ("/curve/Stairstep/factor", json!("1.000000000000000000000000001")),
        ("/proportional_incentive", json!("0.0000000000000000001")),
    ] {
        assert!(broken::<AuctionHouse>(&terms, path, value), "{path}");
    }
}
