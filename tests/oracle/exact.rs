//! Exact values, and the one place where the oracle rounds.

use defi_math::num::{Fit, Fixed, Grid, Rounding};
use defi_math::{Kind, MathError, Number};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed, Zero};
use rust_decimal::Decimal;

pub(crate) type Q = BigRational;

pub(crate) const BOTH: [Rounding; 2] = [Rounding::Down, Rounding::Up];

/// The whole number.
pub(crate) fn whole(n: impl Into<BigInt>) -> Q {
    Q::from(n.into())
}

/// 10^exponent.
pub(crate) fn ten(exponent: u32) -> BigInt {
    BigInt::from(10).pow(exponent)
}

/// 2^exponent.
pub(crate) fn two(exponent: u32) -> BigInt {
    BigInt::from(1) << exponent
}

/// `a/b`.
pub(crate) fn quotient(a: &Q, b: &Q) -> Result<Q, MathError> {
    if b.is_zero() { Err(MathError::DivisionByZero) } else { Ok(a / b) }
}

/// The value in units of 10^−places, rounded to a whole one.
pub(crate) fn units(value: &Q, places: u32, rounding: Rounding) -> BigInt {
    let units = value * ten(places);
    match rounding {
        Rounding::Down => units.floor().to_integer(),
        Rounding::Up => units.ceil().to_integer(),
    }
}

/// `√square` in units of 10^−places, rounded to a whole one.
pub(crate) fn root(square: &Q, places: u32, rounding: Rounding) -> BigInt {
    let square = square * ten(2 * places);
    // ⌊√⌊s⌋⌋ = ⌊√s⌋
    let floor = square.floor().to_integer().sqrt();
    let exact = whole(&floor * &floor) == square;
    floor + u32::from(rounding == Rounding::Up && !exact)
}

/// The same as a value.
pub(crate) fn root_value(square: &Q, places: u32, rounding: Rounding) -> Q {
    Q::new(root(square, places, rounding), ten(places))
}

/// Refuses an integer that does not fit so many bits.
pub(crate) fn fits(integer: &BigInt, bits: u64) -> Result<(), MathError> {
    if integer.bits() <= bits { Ok(()) } else { Err(MathError::Overflow) }
}

/// A number type that promises the exact result.
pub(crate) trait Exactly: Number {
    /// The bits that the numerator of a quotient may have: 256 on the chain.
    const NUMERATOR_BITS: u64;

    /// The places of a grid.
    fn places(grid: Grid) -> u32;

    /// The value of the number.
    fn value(self) -> Q;

    /// The step of its last place.
    fn step(self) -> Q;

    /// The number of exactly this value, or why the type has none.
    fn exactly(value: &Q) -> Result<Self, MathError>;

    /// The number that the crate promises for an exact value.
    fn round(value: &Q, fit: Fit<&Q>, grid: Grid, rounding: Rounding) -> Result<Self, MathError>;

    /// Whether a pair could hold so much: the contract's 112 bits of base units.
    fn fits_pair(value: &Q) -> bool;
}

impl<const PLACES: u32> Exactly for Fixed<PLACES> {
    const NUMERATOR_BITS: u64 = 256;

    fn places(_: Grid) -> u32 {
        PLACES
    }

    fn value(self) -> Q {
        Q::new(self.raw().into(), ten(PLACES))
    }

    fn step(self) -> Q {
        Q::new(1.into(), ten(PLACES))
    }

    fn exactly(value: &Q) -> Result<Self, MathError> {
        let raw = value * ten(PLACES);
        if raw.is_negative() {
            Err(MathError::Underflow)
        } else if !raw.is_integer() {
            Err(MathError::TooManyPlaces(Kind::Number))
        } else {
            let raw = u128::try_from(raw.to_integer()).map_err(|_| MathError::Overflow)?;
            Ok(Self::from_raw(raw))
        }
    }

    /// One grid, whatever the magnitude.
    fn round(value: &Q, _: Fit<&Q>, _: Grid, rounding: Rounding) -> Result<Self, MathError> {
        let raw = units(value, PLACES, rounding);
        u128::try_from(raw).map(Self::from_raw).map_err(|_| MathError::Overflow)
    }

    fn fits_pair(value: &Q) -> bool {
        value * ten(PLACES) < whole(two(112))
    }
}

/// The largest mantissa of a `Decimal`.
fn largest_mantissa() -> BigInt {
    two(96) - 1
}

fn decimal(mantissa: &BigInt, places: u32) -> Option<Decimal> {
    if *mantissa > largest_mantissa() {
        return None;
    }
    Decimal::try_from_i128_with_scale(i128::try_from(mantissa).ok()?, places).ok()
}

impl Exactly for Decimal {
    /// No product of two of its numbers and a fee has more.
    const NUMERATOR_BITS: u64 = 512;

    fn places(grid: Grid) -> u32 {
        match grid {
            Grid::Amount => 18,
            Grid::Rate => 27,
        }
    }

    fn value(self) -> Q {
        Q::new(self.mantissa().into(), ten(self.scale()))
    }

    fn step(self) -> Q {
        Q::new(1.into(), ten(self.scale()))
    }

    fn exactly(value: &Q) -> Result<Self, MathError> {
        if value.is_negative() {
            return Err(MathError::Underflow);
        }
        let shortest =
            (0..=Self::MAX_SCALE).find(|places| (ten(*places) % value.denom()).is_zero());
        let number =
            shortest.and_then(|places| decimal(&units(value, places, Rounding::Down), places));
        number.ok_or_else(|| {
            let fits = value.to_integer() <= largest_mantissa();
            if fits { MathError::Inexact } else { MathError::Overflow }
        })
    }

    /// The places of the grid, or as many of them as the sum that follows can carry with three digits left
    /// free. A rate keeps all of its places as long as they fit.
    fn round(value: &Q, fit: Fit<&Q>, grid: Grid, rounding: Rounding) -> Result<Self, MathError> {
        let all = Self::places(grid);
        let result = Q::new(units(value, all, rounding), ten(all));
        let sum = match fit {
            Fit::Alone => result,
            Fit::From(part_of) => result.max(part_of.clone()),
            Fit::To(added_to) => result + added_to,
        };
        let carries = |places: &u32| {
            let room = if *places == all && grid == Grid::Rate { 1 } else { 1_000 };
            units(&sum, *places, Rounding::Up) * room <= largest_mantissa()
        };
        let places = (0..=all).rev().find(carries).unwrap_or(0);
        decimal(&units(value, places, rounding), places).ok_or(MathError::Overflow)
    }

    fn fits_pair(_: &Q) -> bool {
        true
    }
}

/// The number in units of a grid.
pub(crate) fn raw<N: Exactly>(number: N, grid: Grid) -> BigInt {
    units(&number.value(), N::places(grid), Rounding::Down)
}
