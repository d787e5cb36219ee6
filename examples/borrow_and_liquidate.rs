//! One loan's life: supply, borrow, interest, a fall of the price, liquidations, bad debt.
//!
//! ```text
//! cargo run --example borrow_and_liquidate
//! ```
//!
//! Every number is small enough to be checked by hand, and the program stops if one is not what the text
//! beside it says. The first deposit into a market leaves the shares of 10⁻¹⁵ to nobody, so numbers are
//! rounded to six places.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::too_many_lines,
    reason = "the operators of quantities refuse; a life is told from its start to its end"
)]

use std::error::Error;

use defi_math::Price;
use defi_math::lending::account::collateral_value;
use defi_math::lending::{
    Account, AccruedMarket, Collateral, Debt, InterestRateModel, LendingError, LiquidationTerms,
    Loan, Market, Position, Terms,
};
use defi_math::rate::{PerDay, days};
use rust_decimal::{Decimal, dec};

type Told<T = ()> = Result<T, Box<dyn Error>>;

/// Three quarters of the ETH's worth can be borrowed.
const COLLATERAL_FACTOR: Decimal = dec!(0.75);

fn main() -> Told {
    // 0.01 % a day, and 0.04 % for each unit of utilization; a tenth of the interest to the reserves.
    let model = InterestRateModel::<_, PerDay>::linear(dec!(0.0001), dec!(0.0004))?;
    let dai = Market::open(Terms::new(model, dec!(0.1), dec!(1))?)?.accrue(days(0))?.after;
    let free = InterestRateModel::<_, PerDay>::linear(dec!(0), dec!(0))?;
    let eth = Market::open(Terms::new(free, dec!(0), dec!(1))?)?.accrue(days(0))?.after;

    println!("1. A lender supplies 20,000 DAI, a borrower 10 ETH at 2,000 DAI.");
    let lender = dai.supply(dec!(20_000))?;
    let collateral = eth.supply(dec!(10))?;
    let mut held = collateral.shares;
    let borrower = |dai: &AccruedMarket<_, _>, eth: &AccruedMarket<_, _>, debt, held, price| {
        Ok::<_, LendingError>([
            Position::in_market(dai, dec!(0), debt, Price::new(dec!(1))?, dec!(0.8))?,
            Position::in_market(eth, held, Debt::NONE, Price::new(price)?, COLLATERAL_FACTOR)?,
        ])
    };
    let at = |dai: &AccruedMarket<_, _>, eth: &AccruedMarket<_, _>, debt, held, price| {
        Account::of(&borrower(dai, eth, debt, held, price)?)
    };
    let positions = borrower(&lender.after, &collateral.after, Debt::NONE, held, dec!(2_000))?;
    let [in_dai, _] = positions;
    let limit = Account::of(&positions)?.maximum_borrow(&in_dai)?;
    show("   may borrow 10 × 2,000 × 0.75", limit.get(), dec!(15_000));

    println!("2. The borrower takes 10,000 DAI.");
    Account::of(&positions)?.with_borrow(&in_dai, dec!(10_000))?.require_healthy()?;
    let loan = lender.after.borrow(Debt::NONE, dec!(10_000))?;
    let account = at(&loan.after, &collateral.after, loan.debt, held, dec!(2_000))?;
    show("   health factor 15,000/10,000", account.health_factor()?.get(), dec!(1.5));
    let rate = loan.after.borrow_rate()?.get();
    show("   half is lent, so a day costs 0.0001 + 0.0004/2", rate, dec!(0.0003));

    println!("3. A hundred days pass.");
    let accrual = loan.after.accrue(days(100))?;
    show("   interest 10,000 × 0.0003 × 100", accrual.interest.get(), dec!(300));
    show("   of which the reserves keep a tenth", accrual.to_reserves.get(), dec!(30));
    let dai = accrual.after;
    let owed = dai.owed(loan.debt)?;
    show("   the borrower owes", owed.get(), dec!(10_300));
    let e = dai.exchange_rate()?.get();
    show("   a share is worth (10,000 + 10,300 − 30)/20,000", e, dec!(1.0135));

    println!("4. ETH falls to 1,300 DAI.");
    let price = dec!(1_300);
    let account = at(&dai, &collateral.after, loan.debt, held, price)?;
    show("   the limit is 10 × 1,300 × 0.75", account.borrow_limit().get(), dec!(9_750));
    show("   the shortfall", account.shortfall()?.get(), dec!(550));
    let terms = LiquidationTerms::new(dec!(0.5), dec!(1.08), dec!(0.028))?;
    let improves = terms.improves_health(&account, COLLATERAL_FACTOR)?;
    println!("   a liquidation improves its health: {improves}, for 9,750/10,300 > 0.75 × 1.08");
    let least = terms.repayment_to_health(&account, COLLATERAL_FACTOR, dec!(1))?;
    println!(
        "   (10,300 − 9,750)/(1 − 0.81) = {} DAI would make it healthy",
        least.get().round_dp(2)
    );

    println!("5. A liquidator repays 5,000 DAI, for 8 % more in ETH.");
    let collateral_side =
        Collateral { market: collateral.after, shares: held, price: Price::new(price)? };
    let loan_side = Loan { market: dai, debt: loan.debt, price: Price::new(dec!(1))? };
    let done = terms.liquidate(&account, &loan_side, &collateral_side, dec!(5_000))?;
    let seized = done.seizure.shares.get();
    show("   seized 5,000 × 1.08/1,300 shares of ETH", seized, dec!(4.153846));
    let kept = done.seizure.to_protocol.get();
    show("   2.8 % of them for the protocol", kept, dec!(0.116308));
    held = (held - done.seizure.shares)?;
    let (dai, eth, record) = (done.repayment.after, done.seizure.after, done.repayment.debt);
    show("   still owed", dai.owed(record)?.get(), dec!(5_300));
    let account = at(&dai, &eth, record, held, price)?;
    let health = account.health_factor()?.get();
    show("   health factor 5.846154 × 1,300 × 0.75/5,300", health, dec!(1.075472));

    println!("6. ETH falls to 500 DAI: less than is owed.");
    let price = dec!(500);
    let account = at(&dai, &eth, record, held, price)?;
    let health = account.health_factor()?.get();
    show("   health factor 2,192.31/5,300", health, dec!(0.413643));
    let improves = terms.improves_health(&account, COLLATERAL_FACTOR)?;
    println!("   a liquidation improves its health: {improves}, for 0.4136 < 0.81");

    println!("7. Liquidators take what is left of the collateral.");
    let (mut dai, mut eth, mut record, mut held) = (dai, eth, record, held);
    for round in 1.. {
        let account = at(&dai, &eth, record, held, price)?;
        let loan = Loan { market: dai, debt: record, price: Price::new(dec!(1))? };
        let collateral = Collateral { market: eth, shares: held, price: Price::new(price)? };
        let Some(best) = terms.most_profitable(&account, &loan, &collateral, price)? else { break };
        let done = terms.liquidate(&account, &loan, &collateral, best.repay)?;
        held = (held - done.seizure.shares)?;
        (dai, eth, record) = (done.repayment.after, done.seizure.after, done.repayment.debt);
        let [repaid, profit] = [best.repay, best.profit].map(|n| n.get().round_dp(2));
        println!("   {round}. repaid {repaid} DAI, profit {profit}");
    }
    let left = dai.owed(record)?;
    println!("   left: {held} shares of ETH and a debt of {} DAI", left.get().round_dp(2));

    println!("8. The debt is recognized as bad.");
    let positions = borrower(&dai, &eth, record, held, price)?;
    let before = dai.exchange_rate()?.get();
    let loss = dai.write_off(record, collateral_value(&positions)?)?;
    println!(
        "   {} DAI: {} from the reserves, {} from the suppliers",
        loss.loss.get().round_dp(2),
        loss.from_reserves.get().round_dp(2),
        loss.from_suppliers.get().round_dp(2)
    );
    let after = loss.after.exchange_rate()?.get();
    println!("   a share was worth {} DAI and is worth {}", before.round_dp(4), after.round_dp(4));
    let out = loss.after.redeem(lender.shares)?;
    println!("   the lender leaves with {} of 20,000 DAI", out.amount.get().round_dp(2));
    Ok(())
}

/// Prints a number to six places, and stops if it is not the one that was computed by hand.
fn show(what: &str, number: Decimal, by_hand: Decimal) {
    let number = number.round_dp(6).normalize();
    println!("{what}: {number}");
    assert_eq!(number, by_hand, "{what}");
}
