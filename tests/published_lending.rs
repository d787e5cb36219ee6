//! Numbers of lending that others have published, each with its source.

#![allow(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use defi_math::lending::{
    Account, Debt, InterestRateModel, LiquidationTerms, Market, MarketState, Position, Terms,
    TokenizedVault, utilization,
};
use defi_math::rate::{PerBlock, PerYear, blocks};
use defi_math::{Amount, Index, Shares, Wad};
use rust_decimal::{Decimal, dec};

const ONE: u128 = 1_000_000_000_000_000_000;

fn wad(units: u128) -> Wad {
    Wad::from_raw(units)
}

fn percent(n: u32) -> Decimal {
    Decimal::from(n) / dec!(100)
}

/// Compound, `InterestRateModelTest`: base, slope, kink and jump in percent, and the rate at each utilization.
#[test]
fn compound_jump_rate_model_test() {
    for (jump, kink, rates) in [
        (100, 90, vec![(0, 10), (10, 12), (90, 28), (91, 29), (100, 38)]),
        (20, 90, vec![(100, 30)]),
        (0, 90, vec![(90, 28), (100, 28)]),
        (0, 110, vec![(100, 30)]),
        (2_000, 0, vec![(0, 10), (10, 210), (100, 2_010)]),
    ] {
        let model = InterestRateModel::<_, PerYear>::kinked(
            percent(10),
            percent(20),
            percent(kink),
            percent(jump),
        )
        .unwrap();
        for (used, rate) in rates {
            assert_eq!(model.borrow_rate(percent(used)).unwrap().get(), percent(rate));
        }
    }
    let model = InterestRateModel::<_, PerYear>::kinked(dec!(0.1), dec!(0.2), dec!(0.9), dec!(1));
    assert_eq!(model.unwrap().borrow_rate(dec!(0.89)).unwrap().get(), dec!(0.278));
}

/// The same, the white-paper models: `base + slope·borrows/(cash + borrows)`.
#[test]
fn compound_white_paper_models() {
    for (base, slope) in
        [(dec!(0.025), dec!(0.2)), (dec!(0.05), dec!(0.45)), (dec!(0.1), dec!(0.45))]
    {
        let model = InterestRateModel::<_, PerYear>::linear(base, slope).unwrap();
        for (cash, borrows) in [(500, 100), (3, 5), (690, 310), (0, 500), (500, 0)] {
            let used = utilization(Decimal::from(cash), Decimal::from(borrows), dec!(0)).unwrap();
            let exact = Decimal::from(borrows) / Decimal::from(cash + borrows);
            let rate = model.borrow_rate(used).unwrap().get();
            assert!((rate - (base + slope * exact)).abs() < dec!(0.000000000000000002));
        }
    }
}

fn market(state: impl FnOnce(MarketState<Wad>) -> MarketState<Wad>, rate: u128) -> Market<Wad> {
    let model = InterestRateModel::<_, PerBlock>::linear(wad(rate), wad(0)).unwrap();
    let terms = Terms::new(model, wad(ONE / 10), wad(ONE)).unwrap();
    let empty = *Market::open(terms).unwrap().state();
    Market::try_from(state(MarketState { locked: Shares::ZERO, ..empty })).unwrap()
}

/// Compound, `accrueInterestTest`: 10²² units at 10⁻⁶ a block, a tenth to the reserves of 10²⁰.
#[test]
fn compound_accrue_interest_test() {
    let (borrows, reserves) = (10_000 * ONE, 100 * ONE);
    let market = market(
        |empty| MarketState {
            borrows: wad(borrows).into(),
            reserves: wad(reserves).into(),
            ..empty
        },
        ONE / 1_000_000,
    );
    let after = *market.accrue(blocks(1)).unwrap().after.state();
    assert_eq!(after.borrow_index.get().raw(), ONE + ONE / 1_000_000);
    assert_eq!(after.borrows.get().raw(), borrows + ONE / 100);
    assert_eq!(after.reserves.get().raw(), reserves + ONE / 1_000);
}

/// Compound, `cTokenTest`: a debt of 5 grows to 15 when the index goes from 1 to 3; a hundred shares at 2 are
/// worth 200.
#[test]
fn compound_ctoken_test() {
    let tripled = market(
        |empty| MarketState {
            borrows: wad(15 * ONE).into(),
            borrow_index: Index::new(wad(3 * ONE)).unwrap(),
            ..empty
        },
        0,
    );
    let debt = Debt::new(wad(5 * ONE), wad(ONE)).unwrap();
    assert_eq!(tripled.owed(debt).unwrap(), wad(15 * ONE));

    let doubled = market(
        |empty| MarketState { cash: wad(200 * ONE).into(), supply: wad(100 * ONE).into(), ..empty },
        0,
    );
    assert_eq!(doubled.exchange_rate().unwrap(), wad(2 * ONE));
    let now = doubled.accrue(blocks(0)).unwrap().after;
    assert_eq!(now.worth(wad(100 * ONE)).unwrap(), wad(200 * ONE));
}

/// Compound, `liquidateCalculateSeizeTokensTest`: exchange rate, prices of the borrowed and of the collateral,
/// incentive, repayment, and the shares that are seized.
#[test]
fn compound_liquidate_calculate_seize_tokens_test() {
    for (rate, borrowed, collateral, incentive, repay, seized) in [
        (dec!(2), dec!(1), dec!(1), dec!(1), dec!(1), dec!(0.5)),
        (dec!(2), dec!(2), dec!(1.42), dec!(1.3), dec!(2.45), dec!(2.2429577465)),
        (
            dec!(2.789),
            dec!(5.230480842),
            dec!(771.32),
            dec!(1.3),
            dec!(10002.45),
            dec!(31.6160966320),
        ),
    ] {
        let terms = LiquidationTerms::new(dec!(0.5), incentive, dec!(0)).unwrap();
        let shares = terms.seize_shares(repay, borrowed, collateral, rate).unwrap().get();
        assert_eq!(shares.round_dp(10), seized);
    }
}

/// Compound, `accountLiquidityTest`: a million at a collateral factor of a half, and a million borrowed besides.
#[test]
fn compound_account_liquidity_test() {
    let million = dec!(1_000_000);
    let held = Position::new(million, dec!(1), dec!(0), dec!(1), dec!(0.5)).unwrap();
    let account = Account::of(&[held]).unwrap();
    assert_eq!(account.liquidity().unwrap(), dec!(500_000));
    let borrowed = account.with_borrow(&held, million).unwrap();
    assert_eq!(borrowed.liquidity().unwrap(), dec!(0));
    assert_eq!(borrowed.shortfall().unwrap(), dec!(500_000));
}

/// Anchor's market: utilization 0.55; 1 % a block for a hundred blocks doubles a debt, the block after adds 1 % of
/// the doubled.
#[test]
fn anchor_money_market() {
    let used = utilization(dec!(450_000), dec!(550_000), dec!(0)).unwrap();
    assert_eq!(used, dec!(0.55));
    let model = InterestRateModel::<_, PerBlock>::linear(dec!(0.01), dec!(0)).unwrap();
    let terms = Terms::new(model, dec!(0), dec!(1)).unwrap();
    let empty = *Market::open(terms).unwrap().state();
    let lent = MarketState { borrows: Amount::new(dec!(1_000_000)).unwrap(), ..empty };
    let doubled = Market::try_from(lent).unwrap().accrue(blocks(100)).unwrap().after;
    assert_eq!(doubled.state().borrow_index, dec!(2));
    assert_eq!(doubled.state().borrows, dec!(2_000_000));
    let next = doubled.accrue(blocks(1)).unwrap().after;
    assert_eq!(next.state().borrow_index, dec!(2.02));
}

/// OpenZeppelin on the inflation attack, an attacker's 1 and gift of 10⁵: without an offset, a deposit below 10⁵ / 2
/// gets nothing; with one of 3, only a deposit up to 50, and the attacker loses 50,000.
#[test]
fn openzeppelin_inflation_attack() {
    let attacked = |offset| {
        let first = TokenizedVault::new(offset).deposit(wad(1)).unwrap().after;
        first.donate(wad(100_000)).unwrap()
    };
    assert_eq!(attacked(0).deposit(wad(50_000)).unwrap().shares, wad(0));
    assert_eq!(attacked(3).deposit(wad(50)).unwrap().shares, wad(0));
    assert_eq!(attacked(3).deposit(wad(51)).unwrap().shares, wad(1));
    // Half of the gift is the virtual shares' for ever.
    let left = attacked(3).redeem(wad(1_000)).unwrap().assets.get().raw();
    assert_eq!(100_001 - left, 50_000);
}
