//! Conversions: between the number types, to a token's base units, to and from the primitive numbers.

use defi_math::num::{Fixed, Rounding};
use defi_math::{Kind, MathError, Number, Ray, Wad};
use num_traits::{Bounded, FromPrimitive, ToPrimitive};
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::check::{Verdict, agree, check};
use crate::exact::{Exactly, Q, ten, two, units, whole};
use crate::generate::{decimal, fixed, integer};

const TOO_FINE: MathError = MathError::TooManyPlaces(Kind::Number);

/// Whole base units, if the value is so many and a `u128` holds them.
fn whole_units(value: &Q, decimals: u32) -> Result<u128, MathError> {
    let units = value * ten(decimals);
    if !units.is_integer() {
        return Err(TOO_FINE);
    }
    u128::try_from(units.to_integer()).map_err(|_| MathError::Overflow)
}

#[test]
fn base_units_are_exact_or_refused() {
    fn compare<const PLACES: u32>() {
        // The decimals that tokens have, and any.
        let decimals = || prop_oneof![3 => 0..=PLACES.max(6), 1 => 0..=60_u32];
        check((integer(0..=u128::MAX), decimals()), |(raw, decimals)| {
            let value = Q::new(raw.into(), ten(decimals));
            let expected = Fixed::<PLACES>::exactly(&value);
            agree([Fixed::<PLACES>::from_base_units(raw, decimals)], [expected])?;
            Ok(Verdict::Answered)
        });
        check((fixed::<PLACES>(), decimals()), |(number, decimals)| {
            let exact = whole_units(&number.value(), decimals);
            agree([number.to_base_units(decimals)], [exact])?;
            let cut = |rounding| {
                u128::try_from(units(&number.value(), decimals, rounding))
                    .map_err(|_| MathError::Overflow)
            };
            let answers = [number.to_base_units_down(decimals), number.to_base_units_up(decimals)];
            agree(answers, [cut(Rounding::Down), cut(Rounding::Up)])
        });
    }
    compare::<0>();
    compare::<6>();
    compare::<18>();
    compare::<27>();
    compare::<38>();
}

/// Decimals that no token has.
#[test]
fn absurd_decimals_are_refused() {
    let one = Wad::from_raw(1);
    assert_eq!(Wad::from_base_units(1, u32::MAX), Err(TOO_FINE));
    assert_eq!(Wad::from_base_units(0, u32::MAX), Ok(Wad::from_raw(0)));
    assert_eq!(one.to_base_units(u32::MAX), Err(MathError::Overflow));
    assert_eq!(one.to_base_units_down(u32::MAX), Err(MathError::Overflow));
    assert_eq!(one.to_base_units_up(u32::MAX), Err(MathError::Overflow));
    assert_eq!(Wad::from_raw(0).to_base_units_up(u32::MAX), Ok(0));
}

#[test]
fn a_decimal_becomes_a_fixed_number_exactly_or_not_at_all() {
    fn compare<const PLACES: u32>() {
        // Any number, and those whose last places are zeros.
        let number = prop_oneof![
            2 => decimal(0, 0..=PLACES.min(28)),
            1 => decimal(0, 0..=28),
            1 => (integer(0..=u64::MAX.into()), 0..=9_u32, 0..=28_u32).prop_map(|(n, zeros, places)| {
                let mantissa = i128::try_from(n).unwrap() * 10_i128.pow(zeros);
                Decimal::try_from_i128_with_scale(mantissa, places).unwrap()
            }),
        ];
        check(number, |number| {
            let expected = Fixed::<PLACES>::exactly(&number.value());
            let verdict = agree([Fixed::<PLACES>::try_from(number)], [expected])?;
            if !number.is_zero() {
                let refused = Err(MathError::Negative(Kind::Number));
                prop_assert_eq!(Fixed::<PLACES>::try_from(-number), refused);
            }
            Ok(verdict)
        });
    }
    compare::<6>();
    compare::<18>();
    compare::<27>();
}

#[test]
fn a_fixed_number_becomes_a_decimal_exactly_or_not_at_all() {
    fn compare<const PLACES: u32>() {
        check(fixed::<PLACES>(), |number| {
            agree([Decimal::try_from(number)], [Decimal::exactly(&number.value())])?;
            Ok(Verdict::Answered)
        });
    }
    compare::<0>();
    compare::<18>();
    compare::<27>();
    compare::<38>();
}

#[test]
fn wad_and_ray_convert_exactly_or_not_at_all() {
    check(fixed::<18>(), |wad| {
        agree([Ray::try_from(wad)], [Ray::exactly(&wad.value())])?;
        Ok(Verdict::Answered)
    });
    let ray = prop_oneof![
        fixed::<27>(),
        integer(0..=u128::MAX / 1_000_000_000).prop_map(|n| Ray::from_raw(n * 1_000_000_000)),
    ];
    check(ray, |ray| agree([Wad::try_from(ray)], [Wad::exactly(&ray.value())]));
}

/// A float of any magnitude that a `u128` of base units may hold, of any at all, an edge.
fn float() -> impl Strategy<Value = f64> {
    const BIAS: u64 = 1_023;
    const FRACTION_BITS: u32 = 52;
    let magnitude = (BIAS - 100..BIAS + 135, 0..1_u64 << FRACTION_BITS)
        .prop_map(|(exponent, fraction)| f64::from_bits(exponent << FRACTION_BITS | fraction));
    let edge = proptest::sample::select(vec![
        0.0,
        -0.0,
        -1.0,
        f64::from_bits(1),
        f64::MIN_POSITIVE,
        1e-18,
        1e-27,
        1.0,
        1.0_f64.next_down(),
        2_f64.powi(128).next_down(),
        2_f64.powi(128),
        f64::MAX,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
    ]);
    prop_oneof![8 => magnitude, 2 => any::<u64>().prop_map(f64::from_bits), 1 => edge]
}

/// The exact value of the float, cut to the grid.
#[test]
fn a_float_is_cut_exactly() {
    fn compare<const PLACES: u32>() {
        check(float(), |float| {
            let exact = Q::from_float(float).filter(|value| *value >= whole(0));
            let cut = exact.map(|value| Q::new(units(&value, PLACES, Rounding::Down), ten(PLACES)));
            let expected = cut.and_then(|value| Fixed::<PLACES>::exactly(&value).ok());
            prop_assert_eq!(Fixed::<PLACES>::from_f64(float), expected);
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
fn integers_convert_exactly_or_not_at_all() {
    fn compare<const PLACES: u32>() {
        check((integer(0..=u128::MAX), any::<[i64; 2]>()), |(n, [small, shift])| {
            let of = |n: i128| Fixed::<PLACES>::exactly(&whole(n)).ok();
            let signed = n.cast_signed() >> (shift.unsigned_abs() % 128);
            prop_assert_eq!(Fixed::<PLACES>::from_u128(n), Fixed::exactly(&whole(n)).ok());
            prop_assert_eq!(Fixed::<PLACES>::from_i128(signed), of(signed));
            prop_assert_eq!(Fixed::<PLACES>::from_i64(small), of(small.into()));
            let natural = small.unsigned_abs();
            prop_assert_eq!(Fixed::<PLACES>::from_u64(natural), of(natural.into()));
            Ok(Verdict::Answered)
        });
        check(fixed::<PLACES>(), |number| {
            let whole = number.value().to_integer();
            prop_assert_eq!(number.to_u128(), whole.to_u128());
            prop_assert_eq!(number.to_i128(), whole.to_i128());
            prop_assert_eq!(number.to_u64(), whole.to_u64());
            prop_assert_eq!(number.to_i64(), whole.to_i64());
            prop_assert_eq!(number.to_u8(), whole.to_u8());
            Ok(Verdict::Answered)
        });
        assert_eq!(Fixed::<PLACES>::max_value().value(), Q::new(two(128) - 1, ten(PLACES)));
        assert_eq!(Fixed::<PLACES>::min_value().value(), whole(0));
    }
    compare::<0>();
    compare::<18>();
    compare::<27>();
}

/// Within two and a half units in the last place: an integer, a power of ten and their quotient are each
/// rounded, the first two by up to a unit.
#[test]
fn a_number_is_near_its_float() {
    fn near(float: f64, exact: &Q) -> Result<Verdict, TestCaseError> {
        let of = |float| Q::from_float(float).unwrap();
        let unit = of(float.next_up()) - of(float);
        let error = of(float) - exact;
        let most = unit * whole(5) / whole(2);
        prop_assert!(error <= most && -error <= most, "{float}");
        Ok(Verdict::Answered)
    }
    fn compare<const PLACES: u32>() {
        check(fixed::<PLACES>(), |number| {
            near(number.to_f64().unwrap(), &number.value())?;
            near(number.approximate(), &number.value())
        });
    }
    compare::<0>();
    compare::<18>();
    compare::<27>();
    compare::<38>();
    check(decimal(0, 0..=28), |number| near(number.approximate(), &number.value()));
}
