//! A validator borrows against its stake, is slashed, and cannot repay; then a thousand of them do, and
//! one default causes the next.
//!
//! ```text
//! cargo run --release --example staking_loan
//! ```

#![allow(
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    reason = "percentages of what is printed"
)]

use std::error::Error;

use defi_math::amm::{Amounts, Pool, Token};
use defi_math::staking::{
    Book, Cascade, Disposition, Exposure, Fraction, Kept, Loan, LoanTerms, MarketReading,
    RiskGuard, dispose,
};
use defi_math::{Amount, Fee, Price};
use rust_decimal::{Decimal, dec};

type Done<T = ()> = Result<T, Box<dyn Error>>;

const VALIDATORS: u32 = 1_000;

fn main() -> Done {
    one_validator()?;
    println!();
    a_thousand_validators()
}

/// 100 staked, 25 borrowed, slashed, foreclosed, 75 left.
fn one_validator() -> Done {
    println!("One validator: stake in tokens, debt in a synthetic that is worth one token at par");
    let terms = LoanTerms::new(Fraction::new(1, 4)?, 2, dec!(2))?;
    let loan = Loan::new(terms, dec!(100))?;
    let book = Book::default().join(&loan)?;
    let borrowed = book.borrow(&loan, dec!(25))?;
    let budget = borrowed.after.security_budget(dec!(1))?;
    println!("  stakes 100, borrows {}: {budget} tokens secure the network", borrowed.loan.issued);
    println!(
        "  whoever attacks with a third of it has {} tokens to lose",
        borrowed.after.attack_cost(dec!(1), Fraction::ONE_THIRD)?
    );
    let bearable = percent(borrowed.loan.after.bearable_slash()?.to_f64());
    println!("  can bear a slash of {bearable} of the stake before the loan is in default");

    let (mut book, mut loan) = (borrowed.after, borrowed.loan.after);
    for part in [dec!(0.05), dec!(0.05), dec!(0.15)] {
        let slashed = book.slash(&loan, Kept::after_slash(part)?)?;
        (book, loan) = (slashed.after, slashed.loan.after);
        let price = loan.redemption_price()?.get().round_dp(4);
        let cost = loan.redemption_cost()?.get().round_dp(2);
        let standing = if loan.is_in_default()? { "in default" } else { "stands" };
        println!(
            "  slashed by {}: {} left, one unit of debt costs {price}, all 25 cost {cost}: {standing}",
            percent(part.try_into()?),
            loan.stake().get().round_dp(2)
        );
    }
    let foreclosed = book.foreclose(&loan)?;
    println!(
        "  foreclosed: {} tokens seized and burned, the debt deleted, {} units have no debtor",
        foreclosed.loan.seized.get().round_dp(2),
        foreclosed.shortfall
    );
    Ok(())
}

/// Loans of different collateral factors behind one synthetic; a faulty client; a cascade; the guard.
fn a_thousand_validators() -> Done {
    println!("A thousand validators: tokens staked, units of the synthetic lent");
    let (mut book, mut loans) = lent()?;
    report("  lent", &book)?;

    // The synthetic against the token, at par: a third of what is lent, and no fee, so that the price after
    // a purchase does not depend on how it was split.
    let depth = book.lent().mul_down(dec!(0.34))?;
    let market = Pool::new(depth, depth, Fee::ZERO)?;
    let guard = RiskGuard {
        largest_issued_share: Fraction::ONE_HALF,
        smallest_security_share: Fraction::ONE_HALF,
        lowest_price: Price::new(dec!(0.9))?,
        highest_price: Price::new(dec!(1.15))?,
        most_recent_defaults: Fraction::new(1, 50)?,
    };
    let quiet = MarketReading {
        average_price: market.spot_price(Token::Y)?,
        defaulted_before: Amount::ZERO,
    };
    println!("  the guard of lending says: {}", verdict(&guard, &book, quiet));

    // One client has a fault: every ninth validator loses a tenth of its stake.
    let mut slashed = 0;
    for loan in loans.iter_mut().step_by(9) {
        let slash = book.slash(loan, Kept::after_slash(dec!(0.1))?)?;
        (book, *loan) = (slash.after, slash.loan.after);
        slashed += 1;
    }
    println!(
        "  a fault of one client software slashes {slashed} validators by a tenth of their stake"
    );
    left_to_itself(&market, &loans)?;
    book = acted_on(book, &mut loans)?;
    report("  after it", &book)?;
    println!(
        "  {} units have no debtor: with every other loan repaid, one is worth {} tokens",
        book.unbacked().get().round_dp(0),
        book.unit_worth()?.get().round_dp(4)
    );
    println!("  the guard says: {}", verdict(&guard, &book, quiet));
    let later = MarketReading { defaulted_before: book.state().defaulted, ..quiet };
    println!(
        "  a day later, when those defaults no longer count: {}",
        verdict(&guard, &book, later)
    );

    // Repaying never stops.
    let Some(healthy) = loans.iter().find(|loan| !loan.principal().is_zero()) else {
        return Err("nobody owes anything".into());
    };
    let repaid = book.repay(healthy, healthy.debt()?)?;
    println!("  while it stops lending, {} units are repaid all the same", repaid.loan.payment);
    Ok(())
}

/// A thousand loans: some may borrow three quarters of their stake, most a quarter.
fn lent() -> Done<(Book, Vec<Loan>)> {
    let mut book = Book::default();
    let mut loans = Vec::new();
    for i in 0..VALIDATORS {
        let part = match i % 4 {
            0 => Fraction::new(3, 4)?,
            1 => Fraction::ONE_HALF,
            _ => Fraction::new(1, 4)?,
        };
        let stake = Decimal::from(100 + i * 7_919 % 400);
        let loan = Loan::new(LoanTerms::new(part, 2, dec!(2))?, stake)?;
        book = book.join(&loan)?;
        // Some borrow three fifths of what they may, some all of it.
        let boldness = Decimal::new((60 + i * 37 % 41).into(), 2);
        let borrowed = book.borrow(&loan, loan.maximum_borrow()?.mul_down(boldness)?)?;
        book = borrowed.after;
        loans.push(borrowed.loan.after);
    }
    Ok((book, loans))
}

/// Whoever fails buys what it owes; the price rises; others, who would have to give more than their whole
/// stake, fail.
fn left_to_itself(market: &Pool, loans: &[Loan]) -> Done {
    let exposures = (0_u32..).zip(loans).map(|(i, loan)| Exposure::of_loan(i, loan));
    let mut exposures = exposures.collect::<Result<Vec<_>, _>>()?;
    let price = |bought: Amount| price_after(market, bought).ok();
    let mut cascade = Cascade::new(&mut exposures);
    println!(
        "  left to itself, whoever would pay more than its stake for its debt buys it back now:"
    );
    for (number, round) in (1..).zip(cascade.rounds(price)) {
        let round = round?;
        println!(
            "    round {number}: at {}, {} more must buy, {} units in all",
            shown(round.price),
            round.failed,
            round.bought.get().round_dp(0)
        );
    }
    let end = cascade.settle(price)?;
    println!("    in the end {} of {VALIDATORS} have failed: {}", end.failed, shown(end.price));
    Ok(())
}

/// With lending inside the protocol: those in default are foreclosed before they can buy; a twentieth of
/// their stake goes to whoever reported them, the rest is burned.
fn acted_on(mut book: Book, loans: &mut [Loan]) -> Done<Book> {
    let mut stakes: Vec<Amount> = loans.iter().map(Loan::stake).collect();
    let rule = Disposition::Reporter(Fraction::new(1, 20)?);
    let (mut count, mut seized, mut burned) = (0, Amount::ZERO, Amount::ZERO);
    for (i, loan) in loans.iter_mut().enumerate() {
        if !loan.is_in_default()? {
            continue;
        }
        let foreclosed = book.foreclose(loan)?;
        (book, *loan) = (foreclosed.after, foreclosed.loan.after);
        let dispersal = dispose(foreclosed.loan.seized, i, &mut stakes, rule)?;
        seized = (seized + dispersal.slashed)?;
        burned = (burned + dispersal.burned)?;
        count += 1;
    }
    println!("  acted on at once:");
    println!(
        "    {count} loans foreclosed, {} tokens seized, {} of them burned",
        seized.get().round_dp(0),
        burned.get().round_dp(0)
    );
    Ok(book)
}

/// `A·Q/(Q − X)²`: the price of the synthetic after so much of it was bought.
fn price_after(market: &Pool, bought: Amount) -> Done<Price> {
    if bought.is_zero() {
        return Ok(market.spot_price(Token::Y)?);
    }
    let swap = market.swap_exact_out(Token::X, bought)?;
    let Amounts { x, y } = swap.after.state().reserves;
    Ok(Price::from_amounts(x, y)?)
}

fn verdict(guard: &RiskGuard, book: &Book, market: MarketReading) -> String {
    match guard.check(book, market) {
        Ok(()) => "lend on".into(),
        Err(reason) => format!("stop, {reason}"),
    }
}

fn report(when: &str, book: &Book) -> Done {
    let budget = book.security_budget(dec!(1))?;
    println!(
        "{when}: {} tokens staked, {} units in circulation, {} tokens secure the network ({})",
        book.staked().get().round_dp(0),
        book.circulating()?.get().round_dp(0),
        budget.get().round_dp(0),
        percent(budget.to_f64() / book.staked().to_f64())
    );
    Ok(())
}

fn percent(part: f64) -> String {
    format!("{:.1} %", 100.0 * part)
}

fn shown(price: Option<Price>) -> String {
    let tokens = |price: Price| format!("{:.3} tokens a unit", price.to_f64());
    price.map_or_else(|| "no price, the market is bought empty".into(), tokens)
}
