//! Markets, debts, models, terms and rewards as decimal strings; what breaks their invariants is refused.
#![cfg(feature = "serde")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use defi_math::lending::rewards::{RewardHolder, RewardPool, RewardPoolState};
use defi_math::lending::{
    Debt, InterestRateModel, LendingError, LiquidationTerms, Market, MarketState, Terms,
};
use defi_math::rate::{Elapsed, PerBlock, PerYear, blocks, seconds};
use rust_decimal::{Decimal, dec};

fn market() -> Market {
    let model = InterestRateModel::<_, PerYear>::kinked_by_rise(
        dec!(0.02),
        dec!(0.04),
        dec!(0.8),
        dec!(1.09),
    );
    let model = model.unwrap().spread_down::<PerBlock>(2_102_400).unwrap();
    let market = Market::open(Terms::new(model, dec!(0.1), dec!(0.02)).unwrap()).unwrap();
    let supplied = market.accrue(blocks(0)).unwrap().after.supply(dec!(1000)).unwrap();
    let loan = supplied.after.borrow(Debt::NONE, dec!(500)).unwrap();
    (*loan.after.accrue(blocks(1_000)).unwrap().after.market()).into_stored()
}

trait Stored {
    fn into_stored(self) -> Self;
}

impl Stored for Market {
    /// Through text and back.
    fn into_stored(self) -> Self {
        let text = serde_json::to_string(&self).unwrap();
        let back: Self = serde_json::from_str(&text).unwrap();
        assert_eq!(back, self);
        back
    }
}

#[test]
fn a_market_survives_its_text() {
    let state = *market().state();
    assert_eq!(state.borrows.get().trunc(), dec!(500));
    let text = serde_json::to_string(&market()).unwrap();
    assert!(text.contains("\"cash\":\"500\""), "{text}");
    let state: MarketState<Decimal> = serde_json::from_str(&text).unwrap();
    assert_eq!(Market::try_from(state), Ok(market()));
}

#[test]
fn a_market_that_cannot_be_is_refused() {
    let text = serde_json::to_string(&market()).unwrap();
    for (from, to) in [
        ("\"reserve_factor\":\"0.1\"", "\"reserve_factor\":\"1.1\""),
        ("\"initial_exchange_rate\":\"0.02\"", "\"initial_exchange_rate\":\"0\""),
        ("\"cash\":\"500\"", "\"cash\":\"-500\""),
        ("\"locked\":\"0.000000000000001\"", "\"locked\":\"99999\""),
    ] {
        assert!(text.contains(from), "{from} in {text}");
        let broken = text.replace(from, to);
        assert!(serde_json::from_str::<Market>(&broken).is_err(), "{to}");
    }
}

#[test]
fn a_debt_survives_its_text_and_needs_an_index() {
    let debt = Debt::new(dec!(5), dec!(1.5)).unwrap();
    let text = serde_json::to_string(&debt).unwrap();
    assert_eq!(text, "{\"principal\":\"5\",\"index\":\"1.5\"}");
    assert_eq!(serde_json::from_str::<Debt>(&text).unwrap(), debt);
    assert!(serde_json::from_str::<Debt>("{\"principal\":\"5\",\"index\":\"0\"}").is_err());
}

#[test]
fn a_model_finer_than_its_grid_is_refused() {
    let fine = "{\"base\":\"0.0000000000000000001\",\"slope\":\"0\",\"kink\":null}";
    assert!(serde_json::from_str::<InterestRateModel>(fine).is_err());
    let coarse = "{\"base\":\"0.000000000000000001\",\"slope\":\"0\",\"kink\":null}";
    assert!(serde_json::from_str::<InterestRateModel>(coarse).is_ok());
}

#[test]
fn liquidation_terms_survive_their_text_and_are_checked() {
    let terms = LiquidationTerms::new(dec!(0.5), dec!(1.08), dec!(0.028)).unwrap();
    let text = serde_json::to_string(&terms).unwrap();
    let expected = "{\"close_factor\":\"0.5\",\"incentive\":\"1.08\",\"protocol_share\":\"0.028\"}";
    assert_eq!(text, expected);
    assert_eq!(serde_json::from_str::<LiquidationTerms>(&text).unwrap(), terms);
    let broken = text.replace("1.08", "0.92");
    assert!(serde_json::from_str::<LiquidationTerms>(&broken).is_err());
}

#[test]
fn rewards_survive_their_text_and_go_on() {
    let pool = RewardPool::new(seconds(100)).unwrap();
    let stake = pool.stake(seconds(0), RewardHolder::NONE, dec!(10)).unwrap();
    let funded = stake.after.notify(seconds(0), dec!(100), dec!(100)).unwrap();
    let pool = funded.advance(seconds(30)).unwrap();
    let text = serde_json::to_string(&(pool, stake.holder)).unwrap();
    let (back, holder): (RewardPool, RewardHolder) = serde_json::from_str(&text).unwrap();
    assert_eq!((back, holder), (pool, stake.holder));
    assert_eq!(back.earned(seconds(10), holder).unwrap(), dec!(40));

    // No period lasts longer than periods do.
    let longer = RewardPoolState { remaining: Elapsed::new(101), ..*pool.state() };
    assert_eq!(RewardPool::try_from(longer), Err(LendingError::InvalidState));
    let broken = text.replace("\"remaining\":70", "\"remaining\":101");
    assert_ne!(broken, text);
    assert!(serde_json::from_str::<(RewardPool, RewardHolder)>(&broken).is_err());
}
