//! Numbers as text: what is printed is the exact value, what is parsed is exact or refused.

use std::str::FromStr;

use defi_math::num::{Fixed, Rounding};
use defi_math::rate::PerDay;
use defi_math::{Amount, Index, Kind, MathError, Number, Price, Rate, Ratio, Shares, Wad};
use num_bigint::BigInt;
use proptest::prelude::*;
use rust_decimal::{Decimal, dec};

use crate::check::{Verdict, agree, check};
use crate::exact::{Exactly, Q, ten, units};
use crate::generate::{decimal, fixed};

/// The value with so many digits behind the point, the rest cut off.
fn text(value: &Q, places: u32) -> String {
    let (whole, fraction) = (value.floor(), value - value.floor());
    if places == 0 {
        return whole.to_string();
    }
    let digits = units(&fraction, places, Rounding::Down).to_string();
    format!("{whole}.{digits:0>width$}", width = places as usize)
}

/// The same without trailing zeros.
fn shortest(value: &Q, places: u32) -> String {
    let all = text(value, places);
    if places == 0 {
        return all;
    }
    all.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The value of digits with a point among them, and the digits behind it.
fn value(text: &str) -> (Q, u32) {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits: BigInt = format!("0{whole}{fraction}").parse().unwrap();
    let places = u32::try_from(fraction.len()).unwrap();
    (Q::new(digits, ten(places)), places)
}

#[test]
fn a_fixed_number_prints_its_exact_value() {
    fn compare<const PLACES: u32>() {
        check((fixed::<PLACES>(), 0..45_u32), |(number, precision)| {
            let exact = number.value();
            prop_assert_eq!(number.to_string(), shortest(&exact, PLACES));
            prop_assert_eq!(format!("{number:?}"), shortest(&exact, PLACES));
            let cut = text(&exact, precision.min(PLACES));
            prop_assert_eq!(format!("{number:.0$}", precision as usize), cut.clone());
            prop_assert_eq!(format!("{number:>60.0$}", precision as usize), format!("{cut:>60}"));
            prop_assert_eq!(format!("{number:*<60}"), format!("{:*<60}", shortest(&exact, PLACES)));
            prop_assert_eq!(number.to_string().parse(), Ok(number));
            Ok(Verdict::Answered)
        });
    }
    compare::<0>();
    compare::<6>();
    compare::<18>();
    compare::<27>();
    compare::<38>();
}

#[test]
fn two_digits_are_cut_and_never_rounded() {
    let text = |number: &str| format!("{:.2}", number.parse::<Wad>().unwrap());
    assert_eq!(text("0.999999999999999999"), "0.99");
    assert_eq!(text("1.005"), "1.00");
    assert_eq!(text("1"), "1.00");
    assert_eq!(text("0"), "0.00");
}

/// Digits, perhaps a point among them, perhaps zeros at either end.
fn numeral() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[0-9]{1,22}(\\.[0-9]{0,18})?",
        1 => "[0-9]{0,12}\\.[0-9]{1,30}0{0,12}",
        1 => "0{0,30}[0-9]{1,40}(\\.[0-9]{1,40})?",
    ]
}

#[test]
fn a_numeral_is_read_exactly_or_refused() {
    fn compare<const PLACES: u32>() {
        check(numeral(), |text| {
            let (value, _) = value(&text);
            // Too large comes before too fine: the digits are read from the left.
            let cut = Q::new(units(&value, PLACES, Rounding::Down), ten(PLACES));
            let expected =
                Fixed::<PLACES>::exactly(&cut).and_then(|_| Fixed::<PLACES>::exactly(&value));
            agree([text.parse::<Fixed<PLACES>>()], [expected])?;
            Ok(Verdict::Answered)
        });
    }
    compare::<0>();
    compare::<6>();
    compare::<18>();
    compare::<27>();
}

/// `Number::parse` of a `Decimal` keeps every digit or says why it cannot, where `rust_decimal`'s own
/// `from_str` would round.
#[test]
fn a_decimal_numeral_is_read_exactly_or_refused() {
    check(numeral(), |text| {
        let (value, _) = value(&text);
        let expected = Decimal::exactly(&value).map_err(|refusal| match refusal {
            MathError::Inexact => MathError::TooManyPlaces(Kind::Amount),
            other => other,
        });
        agree([Decimal::parse(&text, Kind::Amount)], [expected])?;
        Ok(Verdict::Answered)
    });
}

#[test]
fn what_is_no_numeral_is_refused() {
    for text in
        ["", ".", "1.2.3", "1_000", "+1", "-1", " 1", "1 ", "1e5", "0x10", "١", "1,5", "NaN"]
    {
        assert_eq!(text.parse::<Wad>(), Err(MathError::Malformed(Kind::Number)), "{text:?}");
        assert_eq!(
            text.parse::<Amount<Wad>>(),
            Err(MathError::Malformed(Kind::Amount)),
            "{text:?}"
        );
    }
    for (text, number) in [("1.", 10), (".5", 5), ("00.50", 5), ("0.", 0), (".0", 0)] {
        assert_eq!(text.parse(), Wad::from_base_units(number, 1), "{text:?}");
    }
    for text in ["", ".", "1.2.3", "1e5", " 1", "NaN"] {
        assert_eq!(text.parse::<Amount>(), Err(MathError::Malformed(Kind::Amount)), "{text:?}");
    }
}

/// A quantity prints its number in the shortest form, and reads it again.
#[test]
fn a_quantity_prints_and_reads_its_number() {
    fn compare<T: FromStr<Err = MathError> + ToString + PartialEq + std::fmt::Debug>(
        quantity: Result<T, MathError>,
        number: Decimal,
    ) -> Result<(), TestCaseError> {
        let quantity = quantity?;
        let text = shortest(&number.value(), number.scale());
        prop_assert_eq!(quantity.to_string(), text.clone());
        prop_assert_eq!(text.parse(), Ok(quantity));
        Ok(())
    }
    check(decimal(0, 0..=18), |number| {
        compare(Amount::new(number), number)?;
        compare(Shares::new(number), number)?;
        compare(Ratio::new(number), number)?;
        compare(Index::new(number), number)?;
        compare(Rate::<_, PerDay>::new(number), number)?;
        Ok(Verdict::Answered)
    });
    assert_eq!("-1".parse::<Shares>(), Err(MathError::Negative(Kind::Shares)));
    assert_eq!("1e-19".parse::<Amount>(), Err(MathError::Malformed(Kind::Amount)));
    let too_fine = "0.0000000000000000001".parse::<Amount>();
    assert_eq!(too_fine, Err(MathError::TooManyPlaces(Kind::Amount)));
    assert!(Price::new(dec!(0.0000000000000000000000000001)).is_ok());
}
