//! Amounts, ratios, prices, fees.

use defi_math::num::{Fit, Grid};
use defi_math::{Amount, Fee, FeeShare, Index, Kind, MathError, Number, Price, Ratio, Shares, Wad};
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::Zero;
use proptest::prelude::*;
use rust_decimal::{Decimal, dec};

use crate::check::{Judged, Verdict, agree, check, on_exact_types};
use crate::exact::{BOTH, Exactly, Q, fits, quotient, raw, ten, whole};
use crate::generate::{Draw, Quoted, Sample, amount, decimal, draw, fee, natural, price};

on_exact_types! {
    a_ratio_of_two_amounts_is_rounded_once,
    an_amount_times_a_ratio_is_rounded_once,
    sums_of_quantities_are_exact,
    a_price_is_its_exact_fraction,
    a_price_of_whole_tokens_is_shifted_exactly,
    a_ratio_of_prices_is_exact,
}

fn a_ratio_of_two_amounts_is_rounded_once<N: Sample>() {
    check((draw::<N>(), N::amount()), |(part, denominator)| {
        let (part, denominator) = (amount(part.of(denominator)), amount(denominator));
        let exact = quotient(&part.get().value(), &denominator.get().value());
        let expected =
            BOTH.map(|rounding| N::round(&exact.clone()?, Fit::Alone, Grid::Rate, rounding));
        let answers = [Ratio::of_down(part, denominator), Ratio::of_up(part, denominator)];
        agree(answers.map(|ratio| ratio.map(Ratio::get)), expected)
    });
}

fn an_amount_times_a_ratio_is_rounded_once<N: Sample>() {
    check((N::amount(), N::rate()), |(number, ratio)| {
        let expected = |grid| {
            let exact = number.value() * ratio.value();
            BOTH.map(|rounding| N::round(&exact, Fit::Alone, grid, rounding))
        };
        let (ratio, index) = (Ratio::new(ratio)?, Index::new(ratio)?);
        let amount = amount(number);
        let answers = [amount.mul_down(ratio), amount.mul_up(ratio)];
        let verdict = agree(answers.map(|amount| amount.map(Amount::get)), expected(Grid::Amount))?;
        let answers = [amount.mul_down(index), amount.mul_up(index)];
        agree(answers.map(|amount| amount.map(Amount::get)), expected(Grid::Amount))?;
        let shares = Shares::new(number)?;
        let answers = [shares.mul_down(ratio), shares.mul_up(ratio)];
        agree(answers.map(|shares| shares.map(Shares::get)), expected(Grid::Amount))?;
        let other = Ratio::new(number)?;
        let answers = [other.mul_down(ratio), other.mul_up(ratio)];
        agree(answers.map(|ratio| ratio.map(Ratio::get)), expected(Grid::Rate))?;
        Ok(verdict)
    });
}

fn sums_of_quantities_are_exact<N: Sample>() {
    check((draw::<N>(), N::amount()), |(a, b)| {
        let a = a.of(b);
        let (sum, difference) = (N::exactly(&(a.value() + b.value())), a.value() - b.value());
        let difference = N::exactly(&difference);
        let sums = agree([(amount(a) + amount(b)).map(Amount::get)], [sum])?;
        agree([(amount(a) - amount(b)).map(Amount::get)], [difference])?;
        agree([(Shares::new(a)? + Shares::new(b)?).map(Shares::get)], [sum])?;
        agree([(Ratio::new(a)? - Ratio::new(b)?).map(Ratio::get)], [difference])?;
        Ok(sums)
    });
}

/// Whether a price is this fraction: what it quotes, as what it is shown, how it compares.
pub(crate) fn is_fraction<N: Exactly>(price: &Quoted<N>, base: N, other: &Quoted<N>) -> Judged {
    let value = price.value();
    let quoted = |grid, number: N| {
        let numerator = raw(number, grid) * &price.quote;
        BOTH.map(|rounding| {
            fits(&numerator, N::NUMERATOR_BITS)?;
            N::round(&(number.value() * &value), Fit::Alone, grid, rounding)
        })
    };
    let number = [price.price.to_number_down(), price.price.to_number_up()];
    let shown = agree(number, quoted(Grid::Rate, N::ONE))?;
    let quotes = [price.price.quote_down(base), price.price.quote_up(base)];
    let quoted = agree(quotes.map(|quote| quote.map(Amount::get)), quoted(Grid::Amount, base))?;
    let order = price.price.partial_cmp(&other.price);
    prop_assert_eq!(order, Some(value.cmp(&other.value())));
    prop_assert_eq!(price.price == other.price, value == other.value());
    // It lies between the two numbers that it is shown as.
    let [below, above] = number.map(|shown| shown.and_then(Price::new).ok());
    prop_assert!(below.is_none_or(|below| below <= price.price));
    prop_assert!(above.is_none_or(|above| above >= price.price));
    Ok(shown & quoted)
}

fn a_price_is_its_exact_fraction<N: Sample>() {
    check((price::<N>(), N::amount(), price::<N>()), |(price, base, other)| {
        let verdict = is_fraction(&price, base, &other)?;
        is_fraction(&price.inverse(), base, &other)?;
        is_fraction(&price, base, &price)?;
        // Within three units in the last place: two conversions and a quotient.
        let float = Q::from_float(price.price.to_f64()).unwrap();
        let error = (float - price.value()) * ten(15);
        prop_assert!(error <= price.value() && -error <= price.value());
        Ok(verdict)
    });
    let zero = Err(MathError::Zero(Kind::Price));
    assert_eq!(Price::new(N::ZERO).map(|_| ()), zero);
    assert_eq!(Price::from_amounts(N::ZERO, N::ONE).map(|_| ()), zero);
    assert_eq!(Price::from_amounts(N::ONE, N::ZERO).map(|_| ()), zero);
}

fn a_price_of_whole_tokens_is_shifted_exactly<N: Sample>() {
    let decimals = || prop_oneof![4 => 0..=30_u32, 1 => 0..=120_u32];
    check((price::<N>(), decimals(), decimals(), N::amount(), price()), |case| {
        let (price, quote_decimals, base_decimals, base, other) = case;
        let quote = &price.quote * ten(base_decimals.saturating_sub(quote_decimals));
        let shifted = &price.base * ten(quote_decimals.saturating_sub(base_decimals));
        let expected = fits(&quote, 256).and(fits(&shifted, 256));
        let answer = price.price.per_whole_token(quote_decimals, base_decimals);
        let verdict = agree([answer.map(|_| ())], [expected])?;
        if let Ok(price) = answer {
            is_fraction(&Quoted { price, quote, base: shifted }, base, &other)?;
        }
        Ok(verdict)
    });
}

fn a_ratio_of_prices_is_exact<N: Sample>() {
    check((price::<N>(), price::<N>(), N::amount(), price()), |(now, then, base, other)| {
        let (quote, divisor) = (&now.quote * &then.base, &now.base * &then.quote);
        let expected = fits(&quote, 256).and(fits(&divisor, 256));
        let answer = now.price.ratio_to(then.price);
        let verdict = agree([answer.map(|_| ())], [expected])?;
        if let Ok(price) = answer {
            is_fraction(&Quoted { price, quote, base: divisor }, base, &other)?;
        }
        Ok(verdict)
    });
}

/// A number finer than the grid of a quantity is not that quantity.
#[test]
fn a_number_off_the_grid_is_no_quantity() {
    check(decimal(0, 0..=28), |number| {
        let on_grid = |places| (number.value() * ten(places)).is_integer();
        let expected = |places, kind| {
            if on_grid(places) { Ok(number) } else { Err(MathError::TooManyPlaces(kind)) }
        };
        let amount = agree([Amount::new(number).map(Amount::get)], [expected(18, Kind::Amount)])?;
        agree([Shares::new(number).map(Shares::get)], [expected(18, Kind::Shares)])?;
        agree([Ratio::new(number).map(Ratio::get)], [expected(27, Kind::Ratio)])?;
        agree([Index::new(number).map(Index::get)], [expected(27, Kind::Index)])?;
        if !number.is_zero() {
            prop_assert_eq!(Amount::new(-number), Err(MathError::Negative(Kind::Amount)));
            prop_assert_eq!(Price::new(-number).err(), Some(MathError::Negative(Kind::Price)));
        }
        Ok(amount)
    });
}

/// Numerator and denominator in lowest terms, if both fit 32 bits.
fn lowest_terms(numerator: &BigInt, denominator: &BigInt) -> Option<(u32, u32)> {
    let divisor = numerator.gcd(denominator);
    if divisor.is_zero() {
        return None;
    }
    let term = |n: &BigInt| u32::try_from(n / &divisor).ok();
    Some((term(numerator)?, term(denominator)?)).filter(|(_, denominator)| *denominator > 0)
}

fn expected_fee(numerator: &BigInt, denominator: &BigInt) -> Result<(u32, u32), MathError> {
    lowest_terms(numerator, denominator)
        .filter(|(numerator, denominator)| numerator < denominator)
        .ok_or(MathError::OutOfRange(Kind::Fee))
}

fn expected_share(numerator: &BigInt, denominator: &BigInt) -> Result<(u32, u32), MathError> {
    lowest_terms(numerator, denominator)
        .filter(|(numerator, denominator)| 0 < *numerator && numerator <= denominator)
        .ok_or(MathError::OutOfRange(Kind::FeeShare))
}

fn terms_of_fee(fee: Fee) -> (u32, u32) {
    (fee.numerator(), fee.denominator())
}

fn terms_of_share(share: FeeShare) -> (u32, u32) {
    (share.numerator(), share.denominator())
}

#[test]
fn a_fee_is_a_fraction_in_lowest_terms() {
    check((natural(0..=u32::MAX), natural(0..=u32::MAX), natural(1..=1_000)), |(a, b, common)| {
        // With a common divisor more often than chance has it.
        let (a, b) = match (a.checked_mul(common), b.checked_mul(common)) {
            (Some(a), Some(b)) => (a, b),
            _ => (a, b),
        };
        let (n, d) = (a.into(), b.into());
        agree([Fee::new(a, b).map(terms_of_fee)], [expected_fee(&n, &d)])?;
        agree([FeeShare::new(a, b).map(terms_of_share)], [expected_share(&n, &d)])?;
        Ok(Verdict::Answered)
    });
    check(natural(0..=2_000_000), |n| {
        let points = Fee::from_basis_points(n).map(terms_of_fee);
        agree([points], [expected_fee(&n.into(), &10_000.into())])?;
        let pips = Fee::from_pips(n).map(terms_of_fee);
        agree([pips], [expected_fee(&n.into(), &1_000_000.into())])?;
        Ok(Verdict::Answered)
    });
    check(fee(), |terms| {
        let fee = terms.fee();
        prop_assert_eq!(Q::new(fee.kept().into(), fee.denominator().into()), terms.gamma());
        Ok(Verdict::Answered)
    });
}

/// A decimal fraction is a fee if its lowest terms have 32 bits.
#[test]
fn a_decimal_fee_is_the_same_fraction() {
    // Short ones, parts of 2^i·5^j, any.
    let power =
        (0..=28_u32, 0..=13_u32, natural(0..=u32::MAX)).prop_filter_map("no decimal", |case| {
            let (twos, fives, n) = case;
            Decimal::exactly(&Q::new(
                n.into(),
                BigInt::from(2).pow(twos) * BigInt::from(5).pow(fives),
            ))
            .ok()
        });
    let short = (natural(0..=1_000_000), 0..=9_u32)
        .prop_map(|(n, places)| Decimal::from_i128_with_scale(n.into(), places));
    check(prop_oneof![2 => short, 2 => power, 1 => decimal(0, 0..=28)], |number| {
        let value = number.value();
        let (n, d) = (value.numer(), value.denom());
        agree([Fee::try_from(number).map(terms_of_fee)], [expected_fee(n, d)])?;
        agree([FeeShare::try_from(number).map(terms_of_share)], [expected_share(n, d)])?;
        if !number.is_zero() {
            prop_assert_eq!(Fee::try_from(-number), Err(MathError::Negative(Kind::Fee)));
            prop_assert_eq!(FeeShare::try_from(-number), Err(MathError::Negative(Kind::FeeShare)));
        }
        Ok(Verdict::Answered)
    });
}

/// The price of a pool of a token of 18 decimals against one of 6, of which a number of 18 places would
/// keep nine digits.
#[test]
fn a_price_in_base_units_keeps_all_digits() {
    let (usdc, weth) =
        (Wad::from_raw(170_853_278_939_473), Wad::from_raw(537_019_597_107_123_792_947_705));
    let price = Price::from_amounts(usdc, weth).unwrap();
    assert_eq!(price.to_number_down().unwrap().raw(), 318_150_920);
    assert_eq!(price.quote_down(weth).unwrap().get(), usdc);
    assert_eq!(price.inverse().quote_up(usdc).unwrap().get(), weth);
}

/// A draw against a whole is what it says.
#[test]
fn a_draw_is_measured_in_the_steps_of_its_reserve() {
    assert_eq!(Draw::UnitLess.of(dec!(1.50)), dec!(1.49));
    assert_eq!(Draw::Part(1 << 31).of(dec!(1.5)), dec!(1.5));
    assert_eq!(Draw::Part(1 << 30).of(dec!(1.50)), dec!(0.75));
    assert_eq!(whole(1), Q::new(ten(3), ten(3)));
}
