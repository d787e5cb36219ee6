//! Numbers that others have published, each with its source. In base units, and in `Decimal` where the
//! source speaks of tokens.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_precision_loss,
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    reason = "a test fails by panicking"
)]

#[path = "published/staking.rs"]
mod staking;
#[path = "published/vault.rs"]
mod vault;

use defi_math::amm::{Amounts, ConstantProduct, Pool, PoolState, Token, liquidity};
use defi_math::{Fee, Price, Wad};
use rust_decimal::{Decimal, dec};

const ONE: u128 = 1_000_000_000_000_000_000;

fn units(amount: u128) -> Wad {
    Wad::from_raw(amount)
}

fn both(x: u128, y: u128) -> Amounts<Wad> {
    Amounts::new(units(x), units(y)).unwrap()
}

/// A pair opened by a deposit of whole tokens.
fn pair(x: u128, y: u128) -> Pool<Wad> {
    Pool::new(units(x * ONE), units(y * ONE), Fee::PERCENT_0_30).unwrap()
}

/// Uniswap v2-core, `UniswapV2Pair.spec.ts`, `swapTestCases`: input and reserves in tokens, output in
/// base units; one unit more violates k.
#[test]
fn uniswap_v2_swap_test_cases() {
    for (dx, x, y, dy) in [
        (1, 5, 10, 1_662_497_915_624_478_906),
        (1, 10, 5, 453_305_446_940_074_565),
        (2, 5, 10, 2_851_015_155_847_869_602),
        (2, 10, 5, 831_248_957_812_239_453),
        (1, 10, 10, 906_610_893_880_149_131),
        (1, 100, 100, 987_158_034_397_061_298),
        (1, 1_000, 1_000, 996_006_981_039_903_216),
    ] {
        let pool = pair(x, y);
        assert_eq!(pool.amount_out(Token::X, units(dx * ONE)).unwrap(), units(dy));
        assert!(pool.settle(both(dx * ONE, 0), both(0, dy)).is_ok());
        assert!(pool.settle(both(dx * ONE, 0), both(0, dy + 1)).is_err());
        let people = Pool::new(Decimal::from(x), Decimal::from(y), Fee::PERCENT_0_30).unwrap();
        let answer = people.amount_out(Token::X, Decimal::from(dx)).unwrap();
        assert_eq!(answer, Decimal::try_from(units(dy)).unwrap());
    }
}

/// The same, `mint`: 1 and 4 tokens make 2 shares, a thousand base units of them locked.
#[test]
fn uniswap_v2_first_mint() {
    let mint = Pool::empty(Fee::PERCENT_0_30).mint(both(ONE, 4 * ONE)).unwrap();
    assert_eq!(mint.shares, units(2 * ONE - 1_000));
    assert_eq!(mint.after.supply(), units(2 * ONE));
}

/// The same, `burn`: 3 and 3 tokens in, all shares out, a thousand base units of each stay.
#[test]
fn uniswap_v2_burn_leaves_the_locked_minimum() {
    let burn = pair(3, 3).burn(units(3 * ONE - 1_000)).unwrap();
    assert_eq!(burn.amounts, both(3 * ONE - 1_000, 3 * ONE - 1_000));
    assert_eq!(burn.after.state().reserves, both(1_000, 1_000));
    assert_eq!(burn.after.supply(), units(1_000));
}

/// Uniswap v2-periphery, `UniswapV2Router02.spec.ts`.
#[test]
fn uniswap_v2_router_quotes() {
    let small = ConstantProduct::new(units(100), units(100), Fee::PERCENT_0_30).unwrap();
    assert_eq!(small.amount_out(units(2)).unwrap(), units(1));
    assert_eq!(small.router_amount_in(units(1)).unwrap(), units(2));
    let double = ConstantProduct::new(units(100), units(200), Fee::PERCENT_0_30).unwrap();
    assert_eq!(double.proportional(units(1)).unwrap(), units(2));
    let cost = pair(5, 10).swap_exact_out(Token::X, units(ONE)).unwrap().amount_in;
    assert_eq!(cost, units(557_227_237_267_357_629));
}

/// Uniswap v2-periphery, `ExampleComputeLiquidityValue.spec.ts`: what all of a pool of 10 and 1,000
/// tokens is worth after the arbitrage to a true price `a : b`.
#[test]
fn uniswap_v2_liquidity_value_after_arbitrage() {
    for (a, b, x, y) in [
        (1, 400, 5_007_516_917_298_542_016, 1_999_997_739_838_173_075_192),
        (1, 200, 7_081_698_338_256_310_291, 1_413_330_640_570_018_326_894),
        (1, 100, 10 * ONE, 1_000 * ONE),
        (1, 50, 14_133_306_405_700_183_269, 708_169_833_825_631_029_041),
        (1, 25, 19_999_977_398_381_730_752, 500_751_691_729_854_201_595),
        (25, 1, 500_721_601_459_041_764_285, 20_030_067_669_194_168_064),
    ] {
        let pool = pair(10, 1_000);
        // `b` of Y for `a` of X.
        let price = Price::from_amounts(units(b), units(a)).unwrap();
        let mut after = pool;
        for (token, price) in [(Token::X, price), (Token::Y, price.inverse())] {
            let best = pool.selling(token).unwrap().optimal_amount_in(price).unwrap();
            if !best.is_zero() {
                after = pool.swap_exact_in(token, best).unwrap().after;
            }
        }
        let reserves = after.state().reserves;
        assert_eq!(reserves, both(x, y), "{a}:{b}");
    }
}

/// Uniswap v2-periphery, `ExampleSwapToPrice.spec.ts`: 10 and 1,000 tokens, to 1:90 and to 1:110.
#[test]
fn uniswap_v2_swap_to_price() {
    let pool = pair(10, 1_000);
    let at = |quote| Price::from_amounts(units(quote), units(1)).unwrap();
    let x = pool.selling(Token::X).unwrap().optimal_amount_in(at(90)).unwrap();
    assert_eq!(x, units(526_682_316_179_835_569));
    let sold = pool.amount_out(Token::X, x).unwrap();
    assert_eq!(sold, units(49_890_467_170_695_440_744));
    let y = pool.selling(Token::Y).unwrap().optimal_amount_in(at(110).inverse()).unwrap();
    assert_eq!(y, units(47_376_582_963_642_643_588));
    let bought = pool.amount_out(Token::Y, y).unwrap();
    assert_eq!(bought, units(451_039_908_682_851_138));
}

/// Uniswap v1 whitepaper, as quoted at jvillella.com: 10 ETH and 500 OMG at 0.25 %. The source rounds the
/// new reserve before it multiplies and prints an invariant of 5001.15 for 5001.1366.
#[test]
fn uniswap_v1_whitepaper_example() {
    let pool = Pool::new(dec!(10), dec!(500), Fee::PERCENT_0_25).unwrap();
    let swap = pool.swap_exact_in(Token::X, dec!(1)).unwrap();
    assert_eq!(swap.amount_out.get().round_dp(4), dec!(45.3512));
    let (x, y) = (swap.after.reserve(Token::X).get(), swap.after.reserve(Token::Y).get());
    assert_eq!((x * y).round_dp(4), dec!(5001.1366));
}

/// Uniswap's documentation, after Pintail: the loss at a price change, to a tenth of a percent.
#[test]
fn pintail_impermanent_losses() {
    for (ratio, percent) in [
        (dec!(1.25), dec!(0.6)),
        (dec!(1.50), dec!(2.0)),
        (dec!(1.75), dec!(3.8)),
        (dec!(2), dec!(5.7)),
        (dec!(3), dec!(13.4)),
        (dec!(4), dec!(20.0)),
        (dec!(5), dec!(25.5)),
    ] {
        let loss = liquidity::impermanent_loss(ratio).unwrap();
        assert!((loss.get() * dec!(100) - percent).abs() <= dec!(0.05), "{ratio}: {loss}");
        let inverse = Price::new(ratio).unwrap().inverse();
        assert_eq!(liquidity::impermanent_loss(inverse).unwrap(), loss);
    }
}

/// The same: 100 ETH and 10,000 DAI, the price goes to 120; one percent of it against 220 held.
#[test]
fn pintail_position() {
    let deposit = Amounts::new(dec!(1), dec!(100)).unwrap();
    let moved = liquidity::amounts_at_price(deposit, dec!(120)).unwrap();
    assert_eq!((moved.x.get() * dec!(100)).round_dp(4), dec!(91.2871));
    assert_eq!((moved.y.get() * dec!(100)).round_dp(4), dec!(10954.4512));
    let outcome = liquidity::outcome(deposit, moved, dec!(120)).unwrap();
    assert_eq!(outcome.held, dec!(220));
    assert_eq!(outcome.value.get().round_dp(2), dec!(219.09));
    assert_eq!(outcome.impermanent_loss.get().round_dp(2), dec!(0.91));
}

/// Balancer's documentation, the 50/50 pool: ×1.15 and ×2, ratio 1.51657509 (the page has a typo,
/// 1.5657509), loss 3.709518 %.
#[test]
fn balancer_fifty_fifty_loss() {
    let ratio = Price::from_amounts(dec!(2), dec!(1.15)).unwrap();
    let loss = liquidity::impermanent_loss(ratio).unwrap();
    assert_eq!((loss.get() * dec!(100)).round_dp(6), dec!(3.709518));
}

/// Zhang, Chen, Park, theorem 6 (1): strict in the text, and only ≤ is true.
#[test]
fn x_y_k_theorem_6_holds_with_equality() {
    let state = PoolState {
        reserves: both(10, 10),
        supply: units(1_000).into(),
        ..*Pool::empty(Fee::ZERO).state()
    };
    let pool = Pool::try_from(state).unwrap();
    let mint = pool.mint(both(10, 10)).unwrap();
    assert_eq!(mint.after.burn(mint.shares).unwrap().amounts, both(10, 10));
}

/// The same, theorem 12 (2) with the published `+ 1`: an input of 1000 buys 1, which is then priced 1001.
#[test]
fn x_y_k_theorem_12_fails_with_the_published_increment() {
    let curve = ConstantProduct::new(units(997), units(2), Fee::PERCENT_0_30).unwrap();
    let out = curve.amount_out(units(1_000)).unwrap();
    assert_eq!(out, units(1));
    assert_eq!(curve.amount_in(out).unwrap(), units(1_000));
    assert_eq!(curve.router_amount_in(out).unwrap(), units(1_001));
}
