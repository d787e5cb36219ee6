//! States and quantities as decimal strings.
#![allow(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    reason = "a test fails by panicking"
)]

#[path = "serde/staking.rs"]
mod staking;
#[path = "serde/vault.rs"]
mod vault;

use defi_math::amm::{Amounts, Pool, PoolState, PriceAccumulator, Token};
use defi_math::rate::{Elapsed, PerSecond, PerYear, seconds};
use defi_math::{Amount, Fee, FeeShare, Number, Rate, Ratio, Ray, Wad};
use rust_decimal::{Decimal, dec};
use serde_json::{from_str, from_value, json, to_string, to_value};

fn round_trip<N: Number>(pool: Pool<N>) {
    let text = to_string(&pool).unwrap();
    assert_eq!(from_str::<Pool<N>>(&text).unwrap(), pool, "{text}");
}

#[test]
fn pools_of_all_three_numbers_survive_a_round_trip() {
    fn pool<N: Number>(x: N, y: N, gift: N) -> Pool<N> {
        Pool::new(x, y, Fee::PERCENT_0_30)
            .unwrap()
            .with_protocol_share(Some(FeeShare::ONE_SIXTH))
            .mint(Amounts::new(x, y).unwrap())
            .unwrap()
            .after
            .donate(Amounts::only(Token::X, gift).unwrap())
            .unwrap()
    }
    round_trip(pool(dec!(10.5), dec!(25_000), dec!(0.1)));
    round_trip(pool(Wad::from_raw(123_456_789), Wad::from_raw((1 << 110) + 1), Wad::UNIT));
    round_trip(pool(10.5, 0.1 + 0.2, 1e-9));
    round_trip(Pool::<Decimal>::empty(Fee::ZERO));
}

#[test]
fn a_pool_is_written_as_strings_that_keep_every_digit() {
    let pool = Pool::new(dec!(100), dec!(400), Fee::PERCENT_0_30).unwrap();
    assert_eq!(
        to_value(pool).unwrap(),
        json!({
            "reserves": {"x": "100", "y": "400"},
            "excess": {"x": "0", "y": "0"},
            "supply": "200",
            "fee": [3, 1000],
            "protocol_share": null,
            "reserves_at_last_mint": null,
        })
    );
}

#[test]
fn a_state_that_breaks_its_invariants_is_refused() {
    let good = to_value(Pool::new(dec!(100), dec!(400), Fee::PERCENT_0_30).unwrap()).unwrap();
    assert!(from_value::<Pool>(good.clone()).is_ok());
    let broken = |path: &str, value: serde_json::Value| {
        let mut state = good.clone();
        *state.pointer_mut(path).unwrap() = value;
        from_value::<Pool>(state).unwrap_err().to_string()
    };
    assert!(broken("/reserves/x", json!("-1")).contains("amount is negative"));
    assert!(broken("/reserves/x", json!("0")).contains("no pool can be in this state"));
    assert!(broken("/reserves/x", json!("ten")).contains("amount is not a decimal number"));
    assert!(broken("/reserves/x", json!(100)).contains("decimal string"));
    assert!(broken("/reserves/x", json!("0.1234567890123456789")).contains("decimal places"));
    assert!(broken("/supply", json!("0.0000000000000001")).contains("no pool can be"));
    assert!(broken("/fee", json!([3, 3])).contains("fee is out of its range"));
    assert!(broken("/fee", json!([0, 0])).contains("fee is out of its range"));
    assert!(broken("/protocol_share", json!([0, 6])).contains("fee share is out of its range"));

    let too_large = json!({
        "reserves": {"x": Wad::from_raw(1 << 112), "y": "1"},
        "excess": {"x": "0", "y": "0"},
        "supply": "1",
        "fee": [3, 1000],
        "protocol_share": null,
        "reserves_at_last_mint": null,
    });
    let error = from_value::<Pool<Wad>>(too_large).unwrap_err().to_string();
    assert!(error.contains("exceeds what the pair can hold"), "{error}");
}

#[test]
fn a_state_read_from_outside_is_the_same_pool() {
    let state: PoolState<Wad> = from_value(json!({
        "reserves": {"x": "978.006141840000000001", "y": "0.000000035063220195"},
        "excess": {"x": "0", "y": "0.000000000000000001"},
        "supply": "0.005855940975007551",
        "fee": [3, 1000],
        "protocol_share": [1, 6],
        "reserves_at_last_mint": {"x": "978", "y": "0.000000035"},
    }))
    .unwrap();
    let pool = Pool::try_from(state).unwrap();
    assert_eq!(pool.reserve(Token::X).get().raw(), 978_006_141_840_000_000_001);
    assert_eq!(*pool.state(), state);
}

#[test]
fn quantities_are_decimal_strings() {
    assert_eq!(to_string(&Amount::new(dec!(1.50)).unwrap()).unwrap(), r#""1.5""#);
    assert_eq!(to_string(&Wad::from_raw(1)).unwrap(), r#""0.000000000000000001""#);
    let largest = to_string(&Ray::MAX).unwrap();
    assert_eq!(from_str::<Ray>(&largest).unwrap(), Ray::MAX);
    let ratio: Ratio<Ray> = from_str(r#""0.123456789012345678901234567""#).unwrap();
    assert_eq!(ratio.get().raw(), 123_456_789_012_345_678_901_234_567);
    let rate: Rate = from_str(r#""0.05""#).unwrap();
    assert_eq!(rate, Rate::<_, PerYear>::new(dec!(0.05)).unwrap());
    assert_eq!(to_string(&rate).unwrap(), r#""0.05""#);
    assert!(from_str::<Rate>(r#""-0.05""#).is_err());
    assert!(from_str::<Amount<f64>>(r#""inf""#).is_err());
    assert!(from_str::<Amount<f64>>(r#""NaN""#).is_err());
    assert_eq!(from_str::<Elapsed<PerSecond>>("60").unwrap(), seconds(60));
}

#[test]
fn price_accumulators_survive_a_round_trip() {
    let pool = Pool::new(dec!(0.000000001), dec!(1_000_000_000), Fee::ZERO).unwrap();
    let sums = PriceAccumulator::new().advance(&pool, seconds(u32::MAX)).unwrap();
    let value = to_value(sums).unwrap();
    assert!(value["price_of_x"][0].is_string(), "{value}");
    assert_eq!(from_value::<PriceAccumulator>(value).unwrap(), sums);
}
