//! `rust_decimal::Decimal` on a grid.
//!
//! A `Decimal` is an integer of 96 bits and a scale. Its own `+` rounds when a sum needs more, and
//! its `*` and `/` round half to even at the last digit; none of them is used here. A formula's
//! operands are brought to one common scale as exact integers, and from there on the arithmetic is
//! that of [`Fixed`](super::Fixed), so that both agree digit for digit.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "differences of scales, each in range by the check before it"
)]

use core::cmp::Ordering;

use rust_decimal::Decimal;

use super::fixed::{Polynomial, mean_of_uq112x112, uq112x112};
use super::wide::{self, U256};
use super::{Exact, Fit, Grid, Growth, Number, Rounding, growth, sealed};
use crate::error::{Kind, MathError};

/// The largest integer of a `Decimal`: 2^96 − 1.
const MAX_MANTISSA: u128 = (1 << 96) - 1;

/// Three digits are left free: a reserve that is given places when it is small must be able to grow
/// back.
const HEADROOM: u128 = 1_000;

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, where a slip is an error")]
const POWERS_OF_TEN: [u128; 29] = {
    let mut powers = [1; 29];
    let mut exponent = 1;
    while exponent < powers.len() {
        powers[exponent] = powers[exponent - 1] * 10;
        exponent += 1;
    }
    powers
};

#[inline]
fn power_of_ten(exponent: u32) -> Result<u128, MathError> {
    POWERS_OF_TEN.get(exponent as usize).copied().ok_or(MathError::Overflow)
}

#[inline]
const fn places(grid: Grid) -> u32 {
    match grid {
        Grid::Amount => 18,
        Grid::Rate => 27,
    }
}

/// The largest integer that keeps all places of its grid. Rates and indices do not grow by the
/// thousand.
#[inline]
const fn largest_with_all_places(grid: Grid) -> u128 {
    match grid {
        Grid::Amount => MAX_MANTISSA / HEADROOM,
        Grid::Rate => MAX_MANTISSA,
    }
}

#[inline]
fn magnitude(value: Decimal, kind: Kind) -> Result<u128, MathError> {
    let parts = value.unpack();
    let low = (u64::from(parts.mid) << 32) | u64::from(parts.lo);
    let mantissa = (u128::from(parts.hi) << 64) | u128::from(low);
    if parts.negative && mantissa != 0 { Err(MathError::Negative(kind)) } else { Ok(mantissa) }
}

/// A `Decimal` of a mantissa of at most 96 bits.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "three limbs of one integer of 96 bits")]
const fn assemble(mantissa: u128, scale: u32) -> Decimal {
    Decimal::from_parts(
        mantissa as u32,
        (mantissa >> 32) as u32,
        (mantissa >> 64) as u32,
        false,
        scale,
    )
}

/// `mantissa · 10^−scale` exactly, with as many trailing zeros dropped as it takes.
pub(super) fn assemble_exact(mantissa: U256, scale: u32) -> Result<Decimal, MathError> {
    let ten = U256::from_u128(10);
    let (mut mantissa, mut scale) = (mantissa, scale);
    loop {
        match mantissa.to_u128() {
            Some(fits) if fits <= MAX_MANTISSA && scale <= Decimal::MAX_SCALE => {
                return Ok(assemble(fits, scale));
            }
            _ => {}
        }
        match mantissa.div_rem(ten) {
            Some((shorter, U256::ZERO)) if scale > 0 => {
                mantissa = shorter;
                scale -= 1;
            }
            _ if whole_part_fits(mantissa, scale) => return Err(MathError::Inexact),
            _ => return Err(MathError::Overflow),
        }
    }
}

/// A sum whose mantissa is too long as it is: without the trailing zeros that are too many.
#[cold]
#[inline(never)]
fn sum_in_fewer_places(a: Decimal, b: Decimal) -> Result<Decimal, MathError> {
    let (a, b, scale) = aligned(a, b)?;
    assemble_exact(a.plus(b)?, scale)
}

fn whole_part_fits(mantissa: U256, scale: u32) -> bool {
    super::power_of_ten(scale)
        .ok()
        .and_then(|one| mantissa.div_rem(U256::from_u128(one)))
        .and_then(|(whole, _)| whole.to_u128())
        .is_some_and(|whole| whole <= MAX_MANTISSA)
}

/// A mantissa and scale of more places than `most` without the trailing zeros that are too many.
///
/// Takes the parts and not the `Decimal`, so that the common way never has to put it in memory.
#[cold]
#[inline(never)]
fn shortened(mantissa: u128, scale: u32, most: u32, kind: Kind) -> Result<(u128, u32), MathError> {
    let (mut mantissa, mut scale) = (mantissa, scale);
    while scale > most {
        if !mantissa.is_multiple_of(10) {
            return Err(MathError::TooManyPlaces(kind));
        }
        mantissa /= 10;
        scale -= 1;
    }
    Ok((mantissa, scale))
}

/// Both mantissas at the larger of the two scales.
fn aligned(a: Decimal, b: Decimal) -> Result<(U256, U256, u32), MathError> {
    let scale = a.scale().max(b.scale());
    let at = |value: Decimal| -> Result<U256, MathError> {
        let mantissa = magnitude(value, Kind::Number)?;
        Ok(U256::product(mantissa, power_of_ten(scale - value.scale())?))
    };
    Ok((at(a)?, at(b)?, scale))
}

/// Brings a result, already rounded to the places of its grid, to those that `fit` can carry. Two
/// roundings in the same direction are one.
#[inline(always)]
#[expect(clippy::inline_always, reason = "as `mul_div`")]
fn settle(
    result: U256,
    fit: Fit<Decimal>,
    grid: Grid,
    rounding: Rounding,
) -> Result<Decimal, MathError> {
    // The largest integer that must have the result's places.
    let span = match fit {
        Fit::Alone => result,
        Fit::From(whole) => whole.exact(grid)?.max(result),
        Fit::To(part) => part.exact(grid)?.plus(result)?,
    };
    let (mantissa, scale) = match (result.to_u128(), span.to_u128()) {
        (Some(fits), Some(span)) if span <= largest_with_all_places(grid) => (fits, places(grid)),
        _ => coarsened(result, span, grid, rounding)?,
    };
    // Assembled once, from registers: the two ways must not meet in memory.
    Ok(assemble(mantissa, scale))
}

/// The mantissa and scale of a result that cannot have all places of its grid.
#[cold]
#[inline(never)]
fn coarsened(
    result: U256,
    span: U256,
    grid: Grid,
    rounding: Rounding,
) -> Result<(u128, u32), MathError> {
    let mut drop = 1;
    while drop < places(grid) && span > U256::product(power_of_ten(drop)?, MAX_MANTISSA / HEADROOM)
    {
        drop += 1;
    }
    let step = U256::from_u128(power_of_ten(drop)?);
    let (kept, rest) = result.div_rem(step).ok_or(MathError::DivisionByZero)?;
    let kept = match rounding {
        Rounding::Up if rest != U256::ZERO => kept.plus(U256::ONE)?,
        _ => kept,
    };
    match kept.to_u128() {
        Some(mantissa @ ..=MAX_MANTISSA) => Ok((mantissa, places(grid) - drop)),
        _ => Err(MathError::Overflow),
    }
}

/// Digits with at most one point among them, and nothing else but a sign.
fn is_numeral(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let points = digits.matches('.').count();
    points <= 1 && digits.len() > points && digits.chars().all(|c| c == '.' || c.is_ascii_digit())
}

impl sealed::Sealed for Decimal {}

impl Number for Decimal {
    type Exact = U256;
    type Wide = Polynomial;

    const ZERO: Self = Self::ZERO;
    const ONE: Self = Self::ONE;
    const UNIT: Self = Self::from_parts(1, 0, 0, false, 18);
    const MINIMUM_LIQUIDITY: Self = Self::from_parts(1, 0, 0, false, 15);

    #[inline]
    fn on_grid(self, grid: Grid, kind: Kind) -> Result<Self, MathError> {
        let most = places(grid);
        let (mut mantissa, mut scale) = (magnitude(self, kind)?, self.scale());
        if scale > most {
            (mantissa, scale) = shortened(mantissa, scale, most, kind)?;
        }
        // Also turns a negative zero into zero.
        Ok(assemble(mantissa, scale))
    }

    #[inline]
    fn is_zero(self) -> bool {
        Self::is_zero(&self)
    }

    fn normalized(self) -> Self {
        self.normalize()
    }

    #[inline]
    fn try_add(self, rhs: Self) -> Result<Self, MathError> {
        let (a, b) = (magnitude(self, Kind::Number)?, magnitude(rhs, Kind::Number)?);
        let (long, short, gap, scale) = match (self.scale(), rhs.scale()) {
            (scale, less) if less <= scale => (a, b, scale - less, scale),
            (less, scale) => (b, a, scale - less, scale),
        };
        let sum = short.checked_mul(power_of_ten(gap)?).and_then(|short| short.checked_add(long));
        match sum {
            Some(sum @ ..=MAX_MANTISSA) => Ok(assemble(sum, scale)),
            _ => sum_in_fewer_places(self, rhs),
        }
    }

    #[inline]
    fn try_sub(self, rhs: Self) -> Result<Self, MathError> {
        let (a, b) = (magnitude(self, Kind::Number)?, magnitude(rhs, Kind::Number)?);
        if self.scale() == rhs.scale() && a >= b {
            return Ok(assemble(a - b, self.scale()));
        }
        let (a, b, scale) = aligned(self, rhs)?;
        assemble_exact(a.minus(b)?, scale)
    }

    #[inline]
    fn multiple(self, factor: u32) -> Result<Self, MathError> {
        // 96 and 32 bits.
        let product = magnitude(self, Kind::Number)? * u128::from(factor);
        if product <= MAX_MANTISSA {
            return Ok(assemble(product, self.scale()));
        }
        assemble_exact(U256::from_u128(product), self.scale())
    }

    #[inline]
    fn exact(self, grid: Grid) -> Result<U256, MathError> {
        self.times(1, grid)
    }

    #[inline]
    fn times(self, factor: u32, grid: Grid) -> Result<U256, MathError> {
        let at = places(grid);
        let (mut mantissa, mut scale) = (magnitude(self, Kind::Number)?, self.scale());
        if scale > at {
            (mantissa, scale) = shortened(mantissa, scale, at, Kind::Number)?;
        }
        // 10^28·2^32 < 2^128.
        let factor = power_of_ten(at - scale)? * u128::from(factor);
        Ok(U256::product(mantissa, factor))
    }

    fn fraction(self, kind: Kind) -> Result<(U256, U256), MathError> {
        let mantissa = magnitude(self, kind)?;
        Ok((U256::from_u128(mantissa), U256::from_u128(power_of_ten(self.scale())?)))
    }

    /// `Decimal`'s own `from_str` rounds what it cannot hold; this refuses it.
    fn parse(text: &str, kind: Kind) -> Result<Self, MathError> {
        use rust_decimal::Error;
        // Zeros behind the last place say nothing, and it would take them for digits.
        let short = match text.split_once('.') {
            Some((_, places)) if !places.contains('.') => {
                let short = text.trim_end_matches('0');
                short.strip_suffix('.').unwrap_or(short)
            }
            _ => text,
        };
        let short = if short.is_empty() && text.len() > 1 { "0" } else { short };
        Self::from_str_exact(short).map_err(|error| match error {
            Error::Underflow | Error::ScaleExceedsMaximumPrecision(_) => {
                MathError::TooManyPlaces(kind)
            }
            _ if is_numeral(text) => MathError::Overflow,
            _ => MathError::Malformed(kind),
        })
    }

    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "a result returned in memory is copied once for each `?` on its way to the caller"
    )]
    fn mul_div(
        self,
        by: U256,
        over: U256,
        fit: Fit<Self>,
        grid: Grid,
        rounding: Rounding,
    ) -> Result<Self, MathError> {
        settle(wide::quotient(self.exact(grid)?, by, over, rounding)?, fit, grid, rounding)
    }

    fn from_wide(
        value: Polynomial,
        fit: Fit<Self>,
        grid: Grid,
        rounding: Rounding,
    ) -> Result<Self, MathError> {
        let value = value.settled()?.to_u256().ok_or(MathError::Overflow)?;
        settle(value, fit, grid, rounding)
    }

    #[inline]
    fn cmp_products(a: U256, b: U256, c: U256, d: U256) -> Ordering {
        wide::cmp_products(a, b, c, d)
    }

    #[inline]
    fn fits_reserve(self) -> bool {
        true
    }

    fn uq112x112(y: Self, x: Self) -> Result<(u128, u128), MathError> {
        uq112x112(y.exact(Grid::Amount)?, x.exact(Grid::Amount)?)
    }

    fn mean_of_uq112x112(sum: (u128, u128), seconds: u32) -> Result<(U256, U256), MathError> {
        mean_of_uq112x112(sum, seconds)
    }

    fn grown(self, growth: Growth, rounding: Rounding) -> Result<Self, MathError> {
        let units = self.exact(Grid::Rate)?.to_u128().ok_or(MathError::Overflow)?;
        let grown = growth::grown(units, places(Grid::Rate), growth, rounding)?;
        settle(U256::from_u128(grown), Fit::Alone, Grid::Rate, rounding)
    }

    #[expect(clippy::cast_precision_loss, reason = "the nearest float is what is asked for")]
    fn approximate(self) -> f64 {
        let one = power_of_ten(self.scale()).unwrap_or(1);
        super::float::quotient(self.mantissa() as f64, one as f64)
    }
}
