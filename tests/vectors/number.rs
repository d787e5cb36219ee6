//! The number types in which a recording is replayed, seen as integers of base units.

use std::fmt::Debug;

use defi_math::num::{Number, Rounding};
use defi_math::{MathError, Wad};
use num_bigint::BigUint;
use rust_decimal::Decimal;

use crate::recording::Outcome;

/// A number type seen as base units of 10^−18. The conversions use none of the crate's arithmetic.
pub(crate) trait Units: Number {
    const NAME: &'static str;
    /// Every integer of this many bits is a number of this type.
    const BITS: u64;

    /// The number of exactly this many units, if there is one.
    fn from_units(units: &BigUint) -> Option<Self>;

    /// Its units.
    fn units(self) -> BigUint;

    /// Whether the type has a place for the last unit of a result.
    fn holds(exact: Exact<'_>) -> bool;

    /// Checks a result that the type has no place for.
    fn check_outside_range<E: Refusal>(result: Result<Self, E>, exact: Exact<'_>, context: &str);
}

/// What a call refuses with.
pub(crate) trait Refusal: Copy + Debug + PartialEq + From<MathError> {}

impl<E: Copy + Debug + PartialEq + From<MathError>> Refusal for E {}

/// What a result is exactly, in units, and the amount that it is added to or taken from.
#[derive(Clone, Copy)]
pub(crate) struct Exact<'a> {
    pub(crate) value: &'a BigUint,
    pub(crate) beside: &'a BigUint,
    pub(crate) rounding: Rounding,
}

/// Checks a result against the contract's answer, digit for digit where the type has the digits.
pub(crate) fn check_answer<N: Units, E: Refusal>(
    result: Result<N, E>,
    exact: Exact<'_>,
    context: &str,
) -> Outcome {
    if !N::holds(exact) {
        N::check_outside_range(result, exact, context);
        return Outcome::OutsideRange;
    }
    let number = result.unwrap_or_else(|error| panic!("{error:?}: {context}"));
    assert_eq!(number.units(), *exact.value, "{context}");
    Outcome::Compared
}

impl Units for Wad {
    const NAME: &'static str = "Wad";
    const BITS: u64 = 128;

    fn from_units(units: &BigUint) -> Option<Self> {
        u128::try_from(units).ok().map(Self::from_raw)
    }

    fn units(self) -> BigUint {
        self.raw().into()
    }

    fn holds(exact: Exact<'_>) -> bool {
        exact.value.bits() <= Self::BITS
    }

    /// Only a refusal will do.
    fn check_outside_range<E: Refusal>(result: Result<Self, E>, _: Exact<'_>, context: &str) {
        assert_eq!(result, Err(MathError::Overflow.into()), "{context}");
    }
}

impl Units for Decimal {
    const NAME: &'static str = "Decimal";
    const BITS: u64 = 96;

    fn from_units(units: &BigUint) -> Option<Self> {
        Wad::from_units(units).and_then(|wad| Self::try_from(wad).ok())
    }

    fn units(self) -> BigUint {
        BigUint::from(self.mantissa().unsigned_abs()) * BigUint::from(10_u32).pow(18 - self.scale())
    }

    /// A result keeps all places if its sum with the amount beside it can have them and three digits
    /// more.
    fn holds(exact: Exact<'_>) -> bool {
        ((exact.value + exact.beside) * 1_000_u32).bits() <= Self::BITS
    }

    /// Either a refusal, or fewer places, rounded in the stated direction: as many as leave three of
    /// the 28 digits free, and at most one digit more, because places come in whole digits.
    fn check_outside_range<E: Refusal>(result: Result<Self, E>, exact: Exact<'_>, context: &str) {
        let number = match result {
            Ok(number) => number.units(),
            Err(error) => {
                let permitted = [MathError::Overflow.into(), MathError::Inexact.into()];
                assert!(permitted.contains(&error), "{error:?}: {context}");
                return;
            }
        };
        let Exact { value, beside, rounding } = exact;
        let (less, more) = match rounding {
            Rounding::Down => (&number, value),
            Rounding::Up => (value, &number),
        };
        assert!(less <= more, "{number} is on the wrong side: {context}");
        let (lost, sum) = ((more - less) << Self::BITS, value + beside);
        assert!(lost < sum * 10_000_u32, "{number} is too far off: {context}");
    }
}
