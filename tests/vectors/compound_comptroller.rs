//! `Comptroller`: what a liquidation seizes, what an account can still borrow.
//!
//! The older deployment (`_v281`) rounds half up where the newer truncates. It is replayed where both
//! recorded the same answer to the same question.

use defi_math::lending::{
    Account, Debt, InterestRateModel, LendingError, LiquidationTerms, Market, MarketState,
    Position, Terms,
};
use defi_math::{Amount, Price, Shares, Wad};
use num_bigint::BigUint;
use rust_decimal::Decimal;

use crate::compound::{check_refusal, holds, one};
use crate::number::Units;
use crate::recording::{Outcome, Record, Recording, Tally, say};

const NAME: &str = "compound_comptroller";

#[test]
fn compound_comptroller_wad() {
    replay::<Wad>();
}

#[test]
fn compound_comptroller_decimal() {
    replay::<Decimal>();
}

#[test]
fn compound_comptroller_v281_where_it_truncates_too() {
    let (newer, older) = (Recording::load(NAME), Recording::load("compound_comptroller_v281"));
    let (mut tally, mut half_up) = (Tally::default(), 0);
    for list in ["seizeTokens", "accountLiquidity"] {
        for (new, old) in newer.all(list).zip(older.all(list)) {
            // Older compilers divide by zero with an error code.
            if new.to_string() != old.to_string() {
                half_up += 1;
                continue;
            }
            tally.count(match list {
                "seizeTokens" => seize::<Wad>(old),
                _ => liquidity::<Wad>(old),
            });
        }
    }
    say(&format!("{NAME}_v281: {half_up} records differ from the newer contract's"));
    tally.finish(&format!("{NAME}_v281 in Wad"));
}

fn replay<N: Units>() {
    let recording = Recording::load(NAME);
    let (mut seizures, mut liquidities) = (Tally::default(), Tally::default());
    for record in recording.all("seizeTokens") {
        seizures.count(seize::<N>(record));
    }
    for record in recording.all("accountLiquidity") {
        liquidities.count(liquidity::<N>(record));
    }
    let what = |list: &str| format!("{NAME} {list} in {}", N::NAME);
    if N::BITS < 128 {
        // It cannot hold the figures of the few refusals.
        seizures.finish_without_refusals(&what("seizeTokens"));
        liquidities.finish_without_refusals(&what("accountLiquidity"));
    } else {
        seizures.finish(&what("seizeTokens"));
        liquidities.finish(&what("accountLiquidity"));
    }
}

/// `⌊a·b/10^18⌋`.
fn truncated(a: &BigUint, b: &BigUint) -> BigUint {
    a * b / one()
}

fn seize<N: Units>(record: Record<'_>) -> Outcome {
    let context = &record.to_string();
    let fields = [
        "liquidationIncentive",
        "priceBorrowed",
        "priceCollateral",
        "exchangeRateCollateral",
        "actualRepayAmount",
    ];
    let figures = fields.map(|field| record.units(field));
    let [incentive, borrowed, collateral, rate, repay] = &figures;
    let [Some(k), Some(p_b), Some(p_c), Some(e), Some(r)] = figures.each_ref().map(N::from_units)
    else {
        return Outcome::OutsideRange;
    };
    let price = |mantissa: N| Price::new(mantissa).map_err(LendingError::from);
    let seized = || -> Result<Shares<N>, LendingError> {
        let terms = LiquidationTerms::new(N::ONE, k, N::ZERO)?;
        terms.seize_shares(r, price(p_b)?, price(p_c)?, e)
    };
    let failure =
        record.refusal().or_else(|| Some(record.text("errorCode")).filter(|code| *code != "0"));
    if let Some(failure) = failure {
        return check_refusal(failure, seized(), context);
    }
    let (numerator, denominator) = (truncated(incentive, borrowed), truncated(rate, collateral));
    let ratio = &numerator * one() / &denominator;
    let answer = record.units("seizeTokens");
    if holds::<N>(&[numerator, denominator, ratio.clone(), answer.clone()]) {
        assert_eq!(seized().map(|s| s.get().units()), Ok(answer), "{context}");
        return Outcome::Compared;
    }
    check_outside::<N, _>(seized(), context);
    assert_eq!(truncated(&ratio, repay), answer, "{context}");
    Outcome::OutsideRange
}

/// A `Wad` refuses what it cannot hold; a `Decimal` may also keep fewer places.
fn check_outside<N: Units, T>(result: Result<T, LendingError>, context: &str) {
    match result {
        Ok(_) => assert!(N::BITS < 128, "{context}"),
        Err(LendingError::Math(error)) => {
            use defi_math::MathError::{DivisionByZero, Inexact, Overflow};
            assert!([Overflow, Inexact, DivisionByZero].contains(&error), "{error:?}: {context}");
        }
        Err(error) => panic!("{error:?}: {context}"),
    }
}

/// What a borrower owes, from a market with that index.
fn owed<N: Units>(principal: N, then: N, now: N) -> Result<Amount<N>, LendingError> {
    let flat = InterestRateModel::<N>::linear(N::ZERO, N::ZERO)?;
    let terms = Terms::new(flat, N::ZERO, N::ONE)?;
    let empty = *Market::open(terms)?.state();
    let state = MarketState {
        borrow_index: defi_math::Index::new(now)?,
        borrows: Amount::new(principal)?,
        ..empty
    };
    Market::try_from(state)?.owed(Debt::new(principal, then)?)
}

fn liquidity<N: Units>(record: Record<'_>) -> Outcome {
    let context = &record.to_string();
    let hypothetical = record.record("hypothetical");
    let modified: usize = hypothetical.text("modifyMarket").parse().unwrap();
    let (redeemed, borrowed) =
        (hypothetical.units("redeemTokens"), hypothetical.units("borrowAmount"));

    // Every figure that the contract computes on the way.
    let mut figures = vec![redeemed.clone(), borrowed.clone()];
    let (mut collateral, mut debts) = (BigUint::ZERO, BigUint::ZERO);
    let mut positions = Vec::new();
    for (i, market) in record.all("markets").enumerate() {
        let of = |field| market.units(field);
        let (price, balance) = (of("price"), of("cTokenBalance"));
        let limit = truncated(&truncated(&of("collateralFactor"), &of("exchangeRate")), &price);
        collateral += truncated(&limit, &balance);
        debts += truncated(&price, &of("borrowBalanceStored"));
        figures.extend([price.clone(), limit.clone(), collateral.clone(), debts.clone()]);
        if i == modified {
            figures.push(truncated(&limit, &redeemed) + truncated(&price, &borrowed));
        }
        positions.push(position::<N>(market, context));
    }
    figures.push(&debts + figures.iter().max().unwrap());

    let account = || -> Result<(Account<N>, Account<N>), LendingError> {
        let positions: Vec<_> = positions.iter().copied().collect::<Result<_, _>>()?;
        let account = Account::of(&positions)?;
        let number = |figure: &BigUint| N::from_units(figure).ok_or(defi_math::MathError::Overflow);
        let then = account
            .with_redemption(&positions[modified], number(&redeemed)?)?
            .with_borrow(&positions[modified], number(&borrowed)?)?;
        Ok((account, then))
    };
    let answers = [record.list("getAccountLiquidity"), hypothetical.list("result")];
    if answers[0][0] != BigUint::ZERO {
        return check_refusal(&answers[0][0].to_string(), account(), context);
    }
    let account = account();
    // A `Wad` that answers has all digits.
    if !holds::<N>(&figures) && (N::BITS < 128 || account.is_err()) {
        check_outside::<N, _>(account, context);
        return Outcome::OutsideRange;
    }
    let (now, then) = account.unwrap_or_else(|error| panic!("{error:?}: {context}"));
    for (account, answer) in [now, then].iter().zip(answers) {
        assert_eq!(account.liquidity().unwrap().get().units(), answer[1], "{context}");
        assert_eq!(account.shortfall().unwrap().get().units(), answer[2], "{context}");
        assert_eq!(account.is_healthy(), answer[2] == BigUint::ZERO, "{context}");
    }
    Outcome::Compared
}

fn position<N: Units>(market: Record<'_>, context: &str) -> Result<Position<N>, LendingError> {
    let number = |field: &str| {
        N::from_units(&market.units(field))
            .ok_or(LendingError::Math(defi_math::MathError::Overflow))
    };
    let debt =
        owed(number("borrowPrincipal")?, number("accountInterestIndex")?, number("borrowIndex")?)?;
    let answer = market.units("borrowBalanceStored");
    assert_eq!(debt.get().units(), answer, "{context}");
    Position::new(
        number("cTokenBalance")?,
        number("exchangeRate")?,
        debt,
        Price::new(number("price")?)?,
        number("collateralFactor")?,
    )
}
