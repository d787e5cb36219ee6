//! Cases that once went wrong, each with what found it.

use defi_math::amm::{Amounts, ConstantProduct, Pool, PoolState, Token};
use defi_math::{Fee, Wad};
use rust_decimal::dec;

fn units(amount: u128) -> Wad {
    Wad::from_raw(amount)
}

fn pool(x: u128, y: u128, supply: u128) -> Pool<Wad> {
    let reserves = Amounts::new(units(x), units(y)).unwrap();
    let supply = units(supply).into();
    Pool::try_from(PoolState { reserves, supply, ..*Pool::empty(Fee::PERCENT_0_30).state() })
        .unwrap()
}

/// A longer recording of the pair: the plentiful side alone would mint more than a `u128` of shares,
/// which the contract computes in 256 bits and discards.
#[test]
fn a_deposit_is_counted_by_its_scarcer_side_alone() {
    let deposit = Amounts::new(units(10_u128.pow(12)), units((1 << 112) - 2)).unwrap();
    let mint = pool(10_u128.pow(12), 1, 10_u128.pow(6)).mint(deposit).unwrap();
    assert_eq!(mint.shares, units(10_u128.pow(6)));
}

/// The same in the router's choice of the side to fit.
#[test]
fn a_limit_beyond_the_number_range_is_no_obstacle() {
    let limits = Amounts::new(units(10_u128.pow(6)), units(2 * 10_u128.pow(33))).unwrap();
    let fitted = pool(1, 10_u128.pow(33), 10_u128.pow(6)).amounts_at_ratio(limits).unwrap();
    assert_eq!(fitted, Amounts::new(units(2), limits.y).unwrap());
}

/// The recorded router: a large `Decimal` reserve has fewer places than the router's unit, and the
/// floor plus that unit was below the exact input.
#[test]
fn the_routers_input_is_never_below_the_exact_one() {
    let curve = ConstantProduct::new(dec!(100_000_000_000), dec!(10), Fee::PERCENT_0_30).unwrap();
    let asked = dec!(0.0000001);
    let paid = curve.router_amount_in(asked).unwrap();
    assert!(paid >= curve.amount_in(asked).unwrap());
    assert!(curve.amount_out(paid).unwrap() >= asked);
}

/// A first deposit so large that its shares have no place for the locked minimum.
#[test]
fn a_large_decimal_pool_can_be_opened() {
    let pool = Pool::new(dec!(1_000_000_000_000), dec!(1_000_000_000_000), Fee::ZERO).unwrap();
    assert_eq!(pool.supply(), dec!(1_000_000_000_000));
    assert!(pool.swap_exact_in(Token::X, dec!(1)).is_ok());
}
