//! Cases that once went wrong, each with what found it.

#![allow(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    reason = "a test fails by panicking"
)]

#[path = "regressions/credit.rs"]
mod credit;

use std::cmp::Ordering;

use defi_math::amm::{AmmError, Amounts, ConstantProduct, Pool, PoolState, Token, liquidity};
use defi_math::lending::{
    Account, Collateral, Debt, InterestRateModel, LiquidationTerms, Loan, Market,
    Position as Holding, Terms,
};
use defi_math::rate::{PerBlock, PerDay, Rate, blocks, days};
use defi_math::staking::equilibrium::RewardSchedule;
use defi_math::staking::inequality::{Distribution, Effect};
use defi_math::staking::{
    Book, BookState, Fraction, Kept, Loan as StakeLoan, LoanTerms, StakingError, StakingPool,
    StakingPoolState, security_budget,
};
use defi_math::vault::{CollateralType, CollateralTypeState, Position, System};
use defi_math::{Amount, Fee, FeeShare, Kind, MathError, Number, Price, Shares, Wad};
use rust_decimal::{Decimal, dec};

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

/// Review: of an exact division the router's unit had no place in a large `Decimal`, and was refused.
#[test]
fn the_routers_unit_is_the_last_place_of_a_large_input() {
    let size = dec!(100_000_000_000);
    let curve = ConstantProduct::new(size, size, Fee::ZERO).unwrap();
    let half = dec!(50_000_000_000);
    assert_eq!(curve.amount_in(half).unwrap(), size);
    assert_eq!(curve.router_amount_in(half).unwrap(), size + dec!(0.00000000000001));
}

/// A first deposit so large that its shares have no place for the locked minimum.
#[test]
fn a_large_decimal_pool_can_be_opened() {
    let pool = Pool::new(dec!(1_000_000_000_000), dec!(1_000_000_000_000), Fee::ZERO).unwrap();
    assert_eq!(pool.supply(), dec!(1_000_000_000_000));
    assert!(pool.swap_exact_in(Token::X, dec!(1)).is_ok());
}

/// Review: the protocol's shares are minted inside the call, where nobody can hold them yet.
#[test]
fn shares_that_the_call_itself_mints_cannot_be_burned() {
    let pool = Pool::new(units(10_u128.pow(9)), units(10_u128.pow(9)), Fee::PERCENT_1)
        .unwrap()
        .with_protocol_share(Some(FeeShare::ONE_SIXTH));
    let pool = pool.mint(Amounts::new(units(1_000), units(1_000)).unwrap()).unwrap().after;
    let grown = pool.swap_exact_in(Token::X, units(10_u128.pow(9))).unwrap().after;
    let pending = grown.protocol_shares().unwrap();
    assert!(!pending.is_zero());
    let circulating = (grown.supply() - units(1_000).into()).unwrap();
    assert_eq!(grown.burn((circulating + pending).unwrap()), Err(AmmError::InsufficientShares));
    assert!(grown.burn(circulating).is_ok());
}

/// Review: a `kLast` of zero means that nothing is counted, as the contract reads it.
#[test]
fn a_last_product_of_zero_owes_the_protocol_nothing() {
    let pool = pool(10_u128.pow(9), 10_u128.pow(9), 10_u128.pow(9));
    let state = PoolState {
        protocol_share: Some(FeeShare::new(1, 1).unwrap()),
        reserves_at_last_mint: Some(Amounts::ZERO),
        ..*pool.state()
    };
    let pool = Pool::try_from(state).unwrap();
    assert!(pool.protocol_shares().unwrap().is_zero());
    assert!(pool.burn(units(1_000)).is_ok());
}

/// Review: `Decimal`'s own `from_str` rounds.
#[test]
fn a_text_is_read_exactly_or_refused() {
    let parse = |text: &str| text.parse::<Amount>();
    assert_eq!(
        parse("1.00000000000000000000000000001"),
        Err(MathError::TooManyPlaces(Kind::Amount))
    );
    assert!(parse("9999999999999999999999999999.9").is_err());
    assert_eq!(parse("ten"), Err(MathError::Malformed(Kind::Amount)));
    assert_eq!(parse("-1"), Err(MathError::Negative(Kind::Amount)));
    assert_eq!(
        "0.1234567890123456789".parse::<Amount<Wad>>(),
        Err(MathError::TooManyPlaces(Kind::Amount))
    );
}

/// Review: the places of a result that is not added to the number it was computed from.
#[test]
fn a_result_that_stands_alone_keeps_the_places_it_can_carry() {
    let price = Price::new(dec!(0.000000001)).unwrap();
    assert_eq!(price.quote_down(dec!(1234567890123.123456)).unwrap(), dec!(1234.567890123123456));
    let amount = Amount::new(dec!(100_000_000_000)).unwrap();
    let ratio = dec!(0.00000000000000000000000001);
    assert_eq!(amount.mul_down(ratio).unwrap(), dec!(0.000000000000001));
    assert_eq!(amount.mul_up(ratio).unwrap(), dec!(0.000000000000001));
}

/// Review: a large input, in floats, was quoted the whole reserve.
#[test]
fn a_float_swap_never_empties_the_pool() {
    let pool = Pool::new(1.0, 1.0, Fee::PERCENT_0_30).unwrap();
    assert_eq!(pool.swap_exact_in(Token::X, 1e16), Err(AmmError::InsufficientLiquidity));
    assert!(pool.swap_exact_in(Token::X, 1e12).is_ok());
}

/// Review: the locked minimum is below a float's resolution, so all shares circulate.
#[test]
fn a_float_depositor_can_leave() {
    let deposit = Amounts::new(100.0, 400.0).unwrap();
    let mint = Pool::empty(Fee::PERCENT_0_30).mint(deposit).unwrap();
    assert_eq!(mint.after.burn(mint.shares).unwrap().amounts, deposit);
}

/// Review and fuzzing: products of floats beyond their range all looked equal.
#[test]
fn a_float_settlement_beyond_the_range_of_products_is_still_compared() {
    for (size, taken) in [(1e152, 9e151), (1e200, 9e199), (1e-200, 9e-201)] {
        let state = PoolState {
            reserves: Amounts::new(size, size).unwrap(),
            ..*Pool::empty(Fee::PERCENT_0_30).state()
        };
        let pool = Pool::try_from(state).unwrap();
        let out = Amounts::only(Token::Y, taken).unwrap();
        let paid = Amounts::only(Token::X, size * 1e-3).unwrap();
        assert_eq!(pool.settle(paid, out), Err(AmmError::InvariantViolated), "{size}");
        let paid = Amounts::only(Token::X, size * 10.0).unwrap();
        assert!(pool.settle(paid, out).is_ok(), "{size}");
    }
}

/// Review and fuzzing: a donation beyond the pair's bound can be skimmed, so it can be stored.
#[test]
fn a_pool_with_too_large_a_donation_survives_storage() {
    let pool = Pool::new(units(1 << 111), units(1 << 111), Fee::PERCENT_0_30).unwrap();
    let gift = Amounts::only(Token::X, units(1 << 113)).unwrap();
    let donated = pool.donate(gift).unwrap();
    assert_eq!(Pool::try_from(*donated.state()), Ok(donated));
    assert_eq!(donated.sync(), Err(AmmError::ReserveOverflow));
    assert_eq!(donated.skim().amounts, gift);
    assert_eq!(donated.skim().after, pool);
}

/// Review: the sum that cannot be held is named as what it is.
#[test]
fn a_difference_without_a_place_is_inexact_and_not_a_lack_of_shares() {
    let size = dec!(1_000_000_000_000_000);
    let pool = Pool::new(size, size, Fee::ZERO).unwrap();
    assert_eq!(pool.burn(Decimal::UNIT), Err(AmmError::Math(MathError::Inexact)));
}

/// Review: flooring the fees made the loss smaller.
#[test]
fn an_impermanent_loss_is_rounded_up() {
    let both = |x, y| Amounts::new(units(x), units(y)).unwrap();
    let price = Price::from_amounts(units(4), units(1)).unwrap();
    let outcome = liquidity::outcome(both(1, 1), both(1, 4), price).unwrap();
    assert!(outcome.impermanent_loss >= units(1));
}

/// Review: a worth whose sum has more places than one of its terms.
#[test]
fn a_worth_is_rounded_once() {
    let amounts = Amounts::new(dec!(1_000), dec!(0.123456789012345678)).unwrap();
    let worth = liquidity::value(amounts, dec!(250_000_000)).unwrap();
    assert_eq!(worth, dec!(250_000_000_000.12345678901234));
}

/// Review: the optimal input of a token of 18 decimals, for a token of 6, wasted what its output
/// rounded away.
#[test]
fn an_arbitrage_pays_no_more_than_its_output_costs() {
    let (usdc, weth) = (170_853_278_939_473, 537_019_597_107_123_792_947_705);
    let pool = pool(usdc, weth, 10_u128.pow(15));
    let price = Price::from_amounts(units(10_u128.pow(18)), units(310_000_000)).unwrap();
    let swap = pool.arbitrage(price).unwrap().unwrap().swap;
    assert_eq!(swap.token_in, Token::Y);
    assert_eq!(pool.amount_in(Token::Y, swap.amount_out).unwrap(), swap.amount_in);
}

/// Review: one unit of time at a rate of all 27 places is that rate.
#[test]
fn simple_interest_over_one_day_is_the_rate() {
    let rate = Rate::<_, PerDay>::new(dec!(0.123456789012345678901234567)).unwrap();
    assert_eq!(rate.simple(days(1)).unwrap(), dec!(0.123456789012345678901234567));
    assert!(Rate::<_, PerDay>::new(dec!(0.1234567890123456789012345678)).is_err());
}

/// Fuzzing: a divisor that had overflowed made every output zero.
#[test]
fn a_float_curve_beyond_the_range_refuses() {
    let curve = ConstantProduct::new(1.7e308, 1.3e-3, Fee::PERCENT_0_30).unwrap();
    assert_eq!(curve.amount_out(3e307), Err(AmmError::Math(MathError::Overflow)));
}

/// Fuzzing: a float's supply less the locked minimum can round to less than that minimum.
#[test]
fn the_last_float_shares_leave_a_pool_that_can_be() {
    for (x, y) in [(2.0, 8.0), (1e3, 1e3), (1e20, 3.0)] {
        let pool = Pool::new(x, y, Fee::PERCENT_0_30).unwrap();
        let circulating = (pool.supply() - Shares::new(f64::MINIMUM_LIQUIDITY).unwrap()).unwrap();
        for shares in [circulating.get(), circulating.get().next_down()] {
            if let Ok(burn) = pool.burn(shares) {
                assert_eq!(Pool::try_from(*burn.after.state()), Ok(burn.after));
            }
        }
        let burn = pool.burn(circulating).unwrap();
        assert_eq!(burn.amounts, pool.state().reserves);
        assert_eq!(burn.after, Pool::empty(Fee::PERCENT_0_30));
    }
}

/// Fuzzing: what is earned and what is spent can have places that their difference cannot.
#[test]
fn a_profit_of_eleven_digits_is_rounded_and_not_refused() {
    let pool = Pool::new(dec!(1), dec!(1), Fee::PERCENT_0_30).unwrap();
    let price = dec!(100_000_000_000);
    let arbitrage = pool.arbitrage(price).unwrap().unwrap();
    assert_eq!(arbitrage.swap.token_in, Token::Y);
    let earned = Price::new(price).unwrap().quote_down(arbitrage.swap.amount_out).unwrap();
    let exact = earned.get() - arbitrage.swap.amount_in.get();
    assert!(arbitrage.profit <= exact && exact < arbitrage.profit.get() + dec!(0.000000000001));
}

/// Fuzzing: quotients below the normal range lose digits, so that the fuller side of a deposit was taken
/// for the scarcer one.
#[test]
fn float_products_beyond_the_range_compare_to_the_last_digits() {
    let (tiny, large) = (3e-161, 7e149);
    for factor in [1.0 - 1e-10, 1.0 + 1e-10] {
        let order = f64::cmp_products(tiny, large * 1e-300, tiny * factor, large * 1e-300);
        assert_eq!(order, 1.0.partial_cmp(&factor).unwrap());
        let order = f64::cmp_products(large * factor, 1e300, large, 1e300);
        assert_eq!(order, factor.partial_cmp(&1.0).unwrap());
    }
    assert_eq!(f64::cmp_products(1e300, 1e300, f64::INFINITY, 1.0), Ordering::Less);
    assert_eq!(f64::cmp_products(0.0, 1e300, 1e-300, 1e-300), Ordering::Less);
    assert_eq!(f64::cmp_products(1e-300, 1e-300, 1e-300, 0.0), Ordering::Greater);
    assert_eq!(f64::cmp_products(0.0, 1e300, 1e-300, 0.0), Ordering::Equal);
}

/// Fuzzing: of two sides that a float's tolerance takes for equal, the fuller one was counted.
#[test]
fn a_float_deposit_is_counted_by_its_scarcer_side_within_the_tolerance() {
    let pool = Pool::new(1e21, 1e21, Fee::PERCENT_0_30).unwrap();
    for (x, y) in [(1e21, 1e21 * (1.0 - 5e-13)), (1e21 * (1.0 - 5e-13), 1e21)] {
        let mint = pool.mint(Amounts::new(x, y).unwrap()).unwrap();
        let burn = mint.after.burn(mint.shares).unwrap();
        let slack = 1.0 + 4.0 * f64::EPSILON;
        assert!(burn.amounts.x <= x * slack && burn.amounts.y <= y * slack);
    }
}

/// Fuzzing: a second point was taken for the end of a number.
#[test]
fn two_points_are_no_number() {
    for text in ["1..", "1..0", ".1.", "1.0.0"] {
        assert_eq!(text.parse::<Amount>(), Err(MathError::Malformed(Kind::Amount)), "{text}");
        assert_eq!(text.parse::<Amount<Wad>>(), Err(MathError::Malformed(Kind::Amount)), "{text}");
    }
    assert_eq!("1.".parse::<Amount>().unwrap(), dec!(1));
}

/// The scenario in floats: a total that has lost its last part to rounding refused to give it.
#[test]
fn a_float_total_gives_its_last_part() {
    assert_eq!(1.0.less_part(1.0 + 1e-9), Ok(0.0));
    assert_eq!(1.0.less_part(1.0 + 1e-5), Err(MathError::Underflow));
    assert_eq!(2.0.less_part(0.5), Ok(1.5));
    assert_eq!(units(1).less_part(units(2)), Err(MathError::Underflow));
    assert_eq!(dec!(1).less_part(dec!(1.000000001)), Err(MathError::Underflow));
}

/// The same: all of a float position's collateral was seized and an ulp more.
#[test]
fn a_float_liquidation_takes_no_more_than_there_is() {
    let system = System::new(1e12).unwrap();
    let ether = CollateralType::try_from(CollateralTypeState::at_ratio(1.5).unwrap()).unwrap();
    let mut rounded_up = 0;
    for step in 1..200_u32 {
        let (collateral, debt) = (0.1 * f64::from(step), 7.3 + 0.01 * f64::from(step));
        rounded_up += u32::from(collateral * debt / debt > collateral);
        let position = Position::new(collateral, debt).unwrap();
        let ether = ether.at_safety_price(0.001).unwrap();
        let seized = position.seizure(&ether, &system).unwrap();
        assert!(seized.collateral <= position.collateral(), "{collateral} {debt}");
    }
    assert!(rounded_up > 0);
}

/// The same: the repayment for all of a float's collateral asked for an ulp more of it.
#[test]
fn a_float_seizure_of_everything_is_no_more_than_that() {
    let flat = InterestRateModel::<_, PerBlock>::linear(0.0, 0.0).unwrap();
    let open = || Market::open(Terms::new(flat, 0.0, 1.0).unwrap()).unwrap();
    let market = || open().accrue(blocks(0)).unwrap().after.supply(1e9).unwrap().after;
    let terms = LiquidationTerms::new(1.0, 1.08, 0.0).unwrap();
    let one = Price::new(1.0).unwrap();
    let mut met = 0;
    for step in 1..400_u32 {
        let (held, price) =
            (0.3 * f64::from(step), Price::new(1.7 + 0.01 * f64::from(step)).unwrap());
        let borrow = market().borrow(Debt::NONE, 1e6).unwrap();
        let loan = Loan { market: borrow.after, debt: borrow.debt, price: one };
        let collateral = Collateral { market: market(), shares: Shares::new(held).unwrap(), price };
        let account = Account::of(&[
            Holding::in_market(&loan.market, 0.0, loan.debt, one, 0.75).unwrap(),
            Holding::in_market(&collateral.market, held, Debt::NONE, price, 0.75).unwrap(),
        ])
        .unwrap();
        let best = terms.most_profitable(&account, &loan, &collateral, price).unwrap().unwrap();
        let asked = terms.seize_shares(best.repay, one, price, 1.0).unwrap();
        met += u32::from(asked > held);
        let liquidation = terms.liquidate(&account, &loan, &collateral, best.repay).unwrap();
        assert!(liquidation.seizure.shares <= held);
    }
    assert!(met > 0);
}

/// Review: a schedule that never halves, and one that takes, were rewards.
#[test]
fn a_reward_schedule_must_be_one() {
    let halving = RewardSchedule::Halving { reward: 50.0, every: 0 };
    assert_eq!(halving.reward(1), Err(StakingError::InvalidTerms));
    let taking = RewardSchedule::Constant { reward: -1.0 };
    assert_eq!(taking.reward(1), Err(MathError::Negative(Kind::Number).into()));
}

/// Parts of which a float's sum, less the first, is below the second for some.
fn parts() -> impl Iterator<Item = (f64, f64)> {
    (1..200_u32).map(|step| (0.7 * f64::from(step), 0.1 * f64::from(step)))
}

/// What rounding leaves of the last part.
fn is_dust(left: f64, part: f64) -> bool {
    left <= 1e-12 * part
}

/// Review: of floats, a repayment of all that was owed could ask for an ulp more than the principal, and was
/// refused.
#[test]
fn a_float_repayment_of_everything_leaves_nothing() {
    let terms = LoanTerms::new(Fraction::ONE_HALF, 2, 2.0).unwrap();
    for (a, b) in parts() {
        let loan = StakeLoan::new(terms, 10.0 * a).unwrap().borrow(a).unwrap().after;
        let grown = loan.accrue(2.7).unwrap().repay(b).unwrap().after;
        let repaid = grown.repay(grown.debt().unwrap()).unwrap();
        assert!(repaid.after.debt().unwrap().is_zero(), "{a} {b}");
        assert!(repaid.after.unlock(10.0 * a).is_ok());
    }
}

/// The same: a book's sums had lost to rounding what its last loan is.
#[test]
fn the_last_float_loan_is_still_in_its_book() {
    let terms = LoanTerms::new(Fraction::ONE_HALF, 2, 2.0).unwrap();
    for (a, b) in parts() {
        let loans = [a, b].map(|stake| StakeLoan::new(terms, 2.0 * stake).unwrap());
        let book = Book::default().join(&loans[0]).unwrap().join(&loans[1]).unwrap();
        let first = book.borrow(&loans[0], a).unwrap();
        let second = first.after.borrow(&loans[1], b).unwrap();
        let repaid = second.after.repay(&first.loan.after, a).unwrap();
        let left = repaid.after.unlock(&repaid.loan.after, 2.0 * a).unwrap();
        let last = left.after.repay(&second.loan.after, b).unwrap();
        let left = last.after.unlock(&last.loan.after, 2.0 * b).unwrap();
        assert!(is_dust(left.after.staked().get(), b) && is_dust(left.after.supply().get(), b));
    }
}

/// The same: the last staker's shares were more than there were.
#[test]
fn the_last_float_shares_of_a_stake_are_redeemed() {
    for (a, b) in parts() {
        let pool = StakingPool::new(Fraction::ZERO).deposit(a).unwrap().after;
        let pool = pool.deposit(b).unwrap().after.redeem(a).unwrap().after;
        let last = pool.redeem(b).unwrap();
        assert!(last.amount <= pool.staked() && is_dust(last.after.supply().get(), b), "{a} {b}");
    }
}

/// The same: the last withdrawal was more than waited, or an ulp more than had been asked for.
#[test]
fn the_last_float_withdrawal_is_claimed() {
    let slash = Kept::after_slash(0.1).unwrap();
    for (a, b) in parts() {
        let pool = StakingPool::new(Fraction::ZERO).deposit(a).unwrap().after;
        let pool = pool.slash(slash).unwrap().after.deposit(b).unwrap().after;
        let first = pool.unbond(a, 0, 0).unwrap();
        let second = first.after.unbond(first.after.supply(), 0, 0).unwrap();
        let claimed = second.after.claim(first.withdrawal, 0).unwrap().after;
        let last = claimed.claim(second.withdrawal, 0).unwrap();
        assert!(last.lost.is_zero() && is_dust(last.after.unbonding().get(), b), "{a} {b}");
    }
}

/// The same: a loss of everything was an ulp more than there was on one side.
#[test]
fn a_float_pool_can_lose_everything() {
    for (a, b) in parts() {
        let pool = StakingPool::new(Fraction::ZERO).deposit(a + b).unwrap().after;
        let pool = pool.unbond(b, 0, 0).unwrap().after;
        let total = (pool.staked() + pool.unbonding()).unwrap();
        assert!(is_dust(pool.lose(total).unwrap().after.staked().get(), b), "{a} {b}");
    }
}

/// Review: burning one of several equal stakes was judged as if it came last of them.
#[test]
fn burning_one_of_equal_stakes_makes_it_the_least_of_them() {
    let stakes = [10, 10, 10].map(units).map(Amount::from);
    let distribution = Distribution::of_sorted(&stakes).unwrap();
    for rank in 0..3 {
        assert_eq!(distribution.effect_of_burn(rank), Ok(Effect::Raises));
    }
    let stakes = [0, 0, 5].map(units).map(Amount::from);
    let distribution = Distribution::of_sorted(&stakes).unwrap();
    // Nothing can be burned of nothing.
    assert_eq!(distribution.effect_of_burn(1), Ok(Effect::Keeps));
    assert_eq!(distribution.effect_of_burn(2), Ok(Effect::Keeps));
}

/// Review: the worth of a unit after an expected loss left out the reserve that would cover it.
#[test]
fn the_reserve_covers_an_expected_loss_as_it_covers_a_foreclosure() {
    let terms = LoanTerms::new(Fraction::ONE_HALF, 1, dec!(2)).unwrap();
    let lost = StakeLoan::new(terms, dec!(100)).unwrap().borrow(dec!(40)).unwrap().after;
    for (reserve, worth) in [(dec!(0), dec!(0.6)), (dec!(20), dec!(0.75)), (dec!(40), dec!(1))] {
        let book = Book::try_from(BookState {
            staked: Amount::new(dec!(300)).unwrap(),
            lent: Amount::new(dec!(100)).unwrap(),
            unbacked: Amount::ZERO,
            reserve: Amount::new(reserve).unwrap(),
            defaulted: Amount::ZERO,
        })
        .unwrap();
        assert_eq!(book.unit_worth_after(dec!(40)).unwrap(), worth);
        let slashed = book.slash(&lost, Kept::NOTHING).unwrap();
        let after = slashed.after.foreclose(&slashed.loan.after).unwrap().after;
        assert_eq!(after.unit_worth().unwrap(), worth);
    }
}

/// Review: a synthetic dearer than a number can hold made the budget an overflow, and not nothing.
#[test]
fn a_debt_worth_more_than_a_number_holds_leaves_no_security_budget() {
    let price = Price::from_amounts(units(u128::MAX), units(1)).unwrap();
    let budget = security_budget(units(100), units(10_u128.pow(30)), price);
    assert_eq!(budget, Ok(Amount::ZERO));
}

/// Review: a large `Decimal` that is all lost asked the queue for more than waits in it.
#[test]
fn a_decimal_queue_loses_no_more_than_waits() {
    let waits = dec!(12345678901.12345678901234567);
    let pool = StakingPool::try_from(StakingPoolState {
        staked: Amount::new(dec!(1)).unwrap(),
        unbonding: Amount::new(waits).unwrap(),
        ..*StakingPool::new(Fraction::ZERO).state()
    })
    .unwrap();
    let lost = pool.lose((pool.staked() + pool.unbonding()).unwrap()).unwrap();
    assert_eq!((lost.staked.get(), lost.unbonding.get()), (dec!(1), waits));
}

/// The same: of floats, shares of dust beside a full queue; and all that may still be borrowed was an ulp
/// too much.
#[test]
fn a_float_can_take_all_that_it_is_shown() {
    let mut met = 0;
    for (a, b) in parts() {
        let pool = StakingPool::new(Fraction::ZERO).deposit(a).unwrap().after;
        let pool = pool.unbond(a, 0, 0).unwrap().after.donate(1e-16 * b).unwrap();
        let loss = pool.lose(b).unwrap();
        assert!(
            loss.staked <= pool.staked() && (loss.unbonding.get() - b).abs() <= 1e-12 * b,
            "{loss:?}"
        );

        let terms = LoanTerms::new(Fraction::new(1, 3).unwrap(), 2, 2.0).unwrap();
        let loan = StakeLoan::new(terms, a + b).unwrap().borrow(b).unwrap().after;
        let left = loan.maximum_borrow().unwrap();
        met += u32::from(3.0 * (b + left.get()) > a + b);
        assert!(loan.borrow(left).is_ok(), "{a} {b}");
    }
    assert!(met > 0);
}

/// Review: the loss was refused for the prices of a pool of a million against two billion.
#[test]
fn an_ordinary_pool_has_an_impermanent_loss() {
    let pool = Pool::new(dec!(1_000_000), dec!(2_000_000_000), Fee::PERCENT_0_30).unwrap();
    let then = pool.spot_price(Token::X).unwrap();
    let now = pool.swap_exact_in(Token::X, dec!(100_000.5)).unwrap().after;
    let ratio = now.spot_price(Token::X).unwrap().ratio_to(then).unwrap();
    let loss = liquidity::impermanent_loss(ratio).unwrap();
    assert_eq!(loss, dec!(0.004512038088338245396877765));
    assert_eq!(liquidity::impermanent_loss(ratio.inverse()), Ok(loss));
    assert!(liquidity::impermanent_loss(then.ratio_to(then).unwrap()).unwrap().is_zero());
}

/// Review: what was held and what is left can have places that their difference cannot.
#[test]
fn a_loss_of_almost_everything_is_rounded_and_not_refused() {
    let deposit = Amounts::new(dec!(0.001), dec!(100_000_000_000)).unwrap();
    let redeemed = Amounts::new(dec!(10_000), dec!(10_000.000000000000000001)).unwrap();
    let outcome = liquidity::outcome(deposit, redeemed, dec!(1)).unwrap();
    let exact = dec!(100_000_000_000.001) - outcome.value.get();
    assert!(outcome.impermanent_loss >= exact);
    assert!(outcome.impermanent_loss.get() - exact <= dec!(0.00000000000001));
}

/// Of 4·z + 1 over z the loss is a little more than a fifth, whichever bits of them are cut.
#[test]
fn a_loss_of_a_long_ratio_is_not_shown_smaller() {
    let m = 1 << 126;
    let price = |quote, base| Price::from_amounts(units(quote), units(base)).unwrap();
    let ratio = price(2 * m + 1, m).ratio_to(price(m + 1, 2 * m + 1)).unwrap();
    for ratio in [ratio, ratio.inverse()] {
        let loss = liquidity::impermanent_loss(ratio).unwrap();
        assert_eq!(loss, units(200_000_000_000_000_001));
    }
}

/// Review: a float's price of tokens whose decimals are absurdly far apart took minutes, and was infinite.
#[test]
fn decimals_too_far_apart_are_refused_at_once() {
    for far in [78, u32::MAX] {
        let price = Price::new(1.0).unwrap();
        assert_eq!(price.per_whole_token(0, far), Err(MathError::Overflow));
        assert_eq!(price.per_whole_token(far, 0), Err(MathError::Overflow));
        let price = Price::from_amounts(units(1), units(1)).unwrap();
        assert_eq!(price.per_whole_token(0, far), Err(MathError::Overflow));
    }
    let price = Price::from_amounts(units(1), units(1)).unwrap();
    assert!(price.per_whole_token(0, 77).is_ok());
}
