//! Incidents, each replayed step by step with what was taken then, and what happens here.

use defi_math::Wad;
use defi_math::lending::{
    Account, AccruedMarket, Debt, InterestRateModel, LendingError, Market, MarketState, Position,
    Terms,
};
use defi_math::rate::{PerBlock, blocks};
use defi_math::{Price, Shares};

use crate::lending_support::ONE;

fn wad(n: u128) -> Wad {
    Wad::from_raw(n)
}

/// A market of a token of 8 decimals at the usual first exchange rate, 0.02·10¹⁸: 50 shares a unit.
fn opened(locks: bool) -> AccruedMarket<Wad> {
    let model = InterestRateModel::<_, PerBlock>::linear(wad(0), wad(0)).unwrap();
    let terms = Terms::new(model, wad(0), wad(ONE / 50)).unwrap();
    let market = Market::open(terms).unwrap();
    let market = if locks {
        market
    } else {
        // As deployed: nothing is locked.
        Market::try_from(MarketState { locked: Shares::ZERO, ..*market.state() }).unwrap()
    };
    market.accrue(blocks(0)).unwrap().after
}

const GIFT: u128 = 50_000_000_000;

/// Hundred Finance, April 2023, and Onyx, October 2023: two shares of an emptied market, a gift that makes each
/// worth a fortune, a loan elsewhere against both, and then a redemption of nearly all of the collateral's
/// amount, which the contract's floor lets one share pay for.
#[test]
fn empty_market_donation_with_redeem_rounding() {
    for locks in [false, true] {
        let market = opened(locks);
        // 50 shares a unit: mint, then redeem all but two.
        let start = market.supply(wad(1_000)).unwrap();
        let two = start.after.redeem((start.shares - Shares::from(wad(2))).unwrap()).unwrap().after;
        let dear = two.donate(wad(GIFT)).unwrap();
        let rate = dear.exchange_rate().unwrap();
        let held = dear.worth(wad(2)).unwrap();

        // The contract: ⌊amount·10¹⁸/e⌋ of all but a unit of what two shares are worth is one share.
        let nearly_all = (held - defi_math::Amount::from(wad(1))).unwrap();
        let floor = nearly_all.get().mul_div_down(wad(ONE), rate.get()).unwrap();
        assert_eq!(floor, wad(1), "the contract burns one share for two shares' worth");

        // Here it burns two,
        let redemption = dear.redeem_amount(nearly_all).unwrap();
        assert_eq!(redemption.shares, wad(2));
        // so that nothing is left to secure the loan that was taken against them.
        let loan_value = wad(held.get().raw() / 10 * 3);
        let price = Price::new(wad(ONE)).unwrap();
        let elsewhere = Position::new(wad(0), wad(ONE), loan_value, price, wad(0)).unwrap();
        let before =
            Position::in_market(&dear, wad(2), Debt::NONE, price, wad(ONE / 10 * 8)).unwrap();
        let account = Account::of(&[before, elsewhere]).unwrap();
        assert!(account.is_healthy());
        let refused =
            account.with_redemption(&before, redemption.shares).unwrap().require_healthy();
        assert_eq!(refused, Err(LendingError::InsufficientCollateral));
        // With the contract's one share it passed.
        assert!(account.with_redemption(&before, floor).unwrap().is_healthy());

        if locks {
            // And the gift belongs to the locked thousand: the attacker's two shares are worth 0.2 % of it.
            assert!(held.get().raw() < GIFT / 400);
        } else {
            // All of the gift, and a unit that the redemption before left.
            assert_eq!(held.get().raw(), GIFT + 1);
        }
    }
}

/// The first depositor of a market of a token whose shares start at a token each: one share, a gift of what
/// the next depositor is about to bring, and that deposit rounds down to nothing.
#[test]
fn first_depositor_inflation() {
    let model = InterestRateModel::<_, PerBlock>::linear(wad(0), wad(0)).unwrap();
    let at_par = Terms::new(model, wad(0), wad(ONE)).unwrap();
    let victim = 100 * ONE;

    // As deployed: the attacker owns the only share, the victim's deposit is refused here …
    let state = MarketState { locked: Shares::ZERO, ..*Market::open(at_par).unwrap().state() };
    let deployed = Market::try_from(state).unwrap().accrue(blocks(0)).unwrap().after;
    let first = deployed.supply(wad(1)).unwrap();
    let attacked = first.after.donate(wad(victim)).unwrap();
    assert_eq!(attacked.supply(wad(victim)).unwrap_err(), LendingError::InsufficientSharesMinted);

    // … and in a market opened here one share costs a thousand locked ones before.
    let opened = Market::open(at_par).unwrap().accrue(blocks(0)).unwrap().after;
    assert_eq!(opened.supply(wad(1_000)).unwrap_err(), LendingError::InsufficientSharesMinted);
    let first = opened.supply(wad(1_001)).unwrap();
    assert_eq!(first.shares, wad(1));
    let attacked = first.after.donate(wad(victim)).unwrap();
    let deposit = attacked.supply(wad(victim)).unwrap();
    let lost = victim - deposit.after.worth(deposit.shares).unwrap().get().raw();
    assert!(lost * 1_000 < victim, "the victim loses below a thousandth: {lost}");
    let back = deposit.after.redeem(first.shares).unwrap().amount.get().raw();
    assert!(back * 900 < victim, "the attacker has lost nearly all of the gift: {back}");
}

/// Interest skipped by a round trip within a block: nobody can borrow before the interest of the time so far is
/// charged, nobody earns it who comes after it, and a trip within a block brings nothing.
#[test]
fn same_block_round_trips_skip_no_interest() {
    let model = InterestRateModel::<_, PerBlock>::linear(wad(ONE / 1_000_000), wad(0)).unwrap();
    let terms = Terms::new(model, wad(0), wad(ONE)).unwrap();
    let opened = Market::open(terms).unwrap().accrue(blocks(0)).unwrap().after;
    let lender = opened.supply(wad(1_000 * ONE)).unwrap();
    let loan = lender.after.borrow(Debt::NONE, wad(500 * ONE)).unwrap();

    // A thousand blocks later somebody comes for their interest.
    let now = loan.after.accrue(blocks(1_000)).unwrap().after;
    let late = now.supply(wad(100_000 * ONE)).unwrap();
    let out = late.after.redeem(late.shares).unwrap();
    assert!(out.amount <= late.amount);
    // The borrower cannot repay and borrow again at the older index: the record is written anew.
    let repaid = out.after.repay_all(loan.debt).unwrap();
    assert_eq!(repaid.amount.get().raw(), 500 * ONE + ONE / 2);
    let again = repaid.after.borrow(repaid.debt, wad(500 * ONE)).unwrap();
    assert_eq!(again.debt.index(), now.state().borrow_index);
    assert_eq!(again.after.owed(again.debt).unwrap(), wad(500 * ONE));
    // Accruing twice in a block charges nothing twice.
    let twice = again.after.accrue(blocks(0)).unwrap();
    assert!(twice.interest.is_zero());
    assert_eq!(twice.after, again.after);
    // All of the interest is the lender's.
    let worth = again.after.worth(lender.shares).unwrap().get().raw();
    assert!(worth >= 1_000 * ONE + ONE / 2 - 2_000);
}

/// A price read within a flash loan: the exchange rate is what it is outside, because the loan counts as
/// borrowed.
#[test]
fn exchange_rate_within_a_flash_loan_is_the_rate_outside() {
    let market = opened(true).supply(wad(1_000_000)).unwrap().after;
    let fee = defi_math::Fee::from_basis_points(9).unwrap();
    let outside = market.exchange_rate();
    let loan = market.flash_loan(wad(1_000_000), fee, |lent| {
        assert_eq!(lent.exchange_rate(), outside);
        assert!(lent.state().cash.is_zero());
        Ok::<_, LendingError>((lent, wad(1_000_900)))
    });
    assert_eq!(loan.unwrap().after.state().cash, wad(1_000_900));
    // Time within it, or an unfinished one, is refused.
    let late = market.flash_loan(wad(10), fee, |lent| {
        let model = InterestRateModel::<_, PerBlock>::linear(wad(ONE / 1_000), wad(0)).unwrap();
        let terms = Terms { model, ..lent.state().terms };
        let charging = Market::try_from(MarketState { terms, ..*lent.state() }).unwrap();
        Ok::<_, LendingError>((charging.accrue(blocks(1))?.after, wad(1_000)))
    });
    assert_eq!(late.unwrap_err(), LendingError::TimeInFlashLoan);
}

/// A market whose last shares are gone, with something left in it: the next deposit starts at the initial rate,
/// and what was left is its own.
#[test]
fn market_without_shares_and_with_leftover_cash_starts_anew() {
    let market = opened(false).supply(wad(1_000)).unwrap();
    let empty = market.after.redeem(market.shares).unwrap().after.donate(wad(77)).unwrap();
    assert!(empty.state().supply.is_zero());
    assert_eq!(empty.exchange_rate().unwrap(), wad(ONE / 50));
    let next = empty.supply(wad(1_000)).unwrap();
    assert_eq!(next.shares, wad(50_000));
    assert_eq!(next.after.redeem(next.shares).unwrap().amount, wad(1_077));
    // With a minimum locked, a market never loses its last shares.
    let market = opened(true).supply(wad(1_000)).unwrap();
    assert_eq!(market.after.redeem(wad(50_000)).unwrap_err(), LendingError::InsufficientShares);
    assert_eq!(market.after.redeem(market.shares).unwrap().after.state().supply, wad(1_000));
}
