//! Growth carried from one unit of time to another: `(1 + r)ⁿ` and its n-th root, to the last place.
//!
//! A power by repeated squaring on the grid loses a unit for each of its products, and they are amplified
//! by what is left to multiply; a root by second has 3·10⁷ of them. So both are taken here as
//! `exp(n·ln(1 + r))` and `exp(ln(1 + r)/n)` in 192 binary places, of which the rounding to the grid needs
//! the first hundred.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "small exponents and counts, each in range by the argument beside it"
)]

use super::wide::{U256, U512};
use super::{Rounding, power_of_ten};
use crate::error::MathError;

/// How a growth factor `1 + r` is carried to another unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growth {
    /// Over so many periods: `(1 + r)ⁿ − 1`.
    Over(u32),
    /// In one of so many periods: `(1 + r)^(1/n) − 1`.
    InOneOf(u32),
    /// The same as Maker's table of rates has it, each step cut to the places of the type:
    /// `⌊exp(⌊⌊ln(1 + r)⌋/n⌋)⌋ − 1`. The direction is always down.
    InOneOfAsPublished(u32),
}

/// Binary places.
const PLACES: u32 = 192;
/// What is left before the point.
const WHOLE_BITS: u32 = 256 - PLACES;
/// All steps together are wrong by less than 2^−176 of the value: a logarithm has some 61 terms and 63
/// doublings, an exponential some 45 terms, each cut by less than 2^−190.
const GOOD_BITS: u32 = 176;

const ONE: U256 = U256::ONE.shl(PLACES);

/// `⌊a·b⌋`.
fn mul(a: U256, b: U256) -> Result<U256, MathError> {
    shifted_down(a.widening_mul(b))
}

/// An integer of twice the binary places with the lower half cut off.
fn shifted_down(value: U512) -> Result<U256, MathError> {
    let (quotient, _) = value.div_rem(ONE).ok_or(MathError::DivisionByZero)?;
    quotient.to_u256().ok_or(MathError::Overflow)
}

/// `⌊a·by/over⌋`.
fn mul_div(a: U256, by: U256, over: U256) -> Result<U256, MathError> {
    let (quotient, _) = a.widening_mul(by).div_rem(over).ok_or(MathError::DivisionByZero)?;
    quotient.to_u256().ok_or(MathError::Overflow)
}

fn small(value: u32) -> U256 {
    U256::from_u128(u128::from(value))
}

fn sum(a: U256, b: U256) -> Result<U256, MathError> {
    a.checked_add(b).ok_or(MathError::Overflow)
}

/// `2·atanh((m − 1)/(m + 1))`, which is `ln m`, for `1 ≤ m ≤ 2`.
fn ln_up_to_two(m: U256) -> Result<U256, MathError> {
    let z = mul_div(m.checked_sub(ONE).ok_or(MathError::Underflow)?, ONE, sum(m, ONE)?)?;
    let square = mul(z, z)?;
    let (mut power, mut total, mut odd) = (z, U256::ZERO, 1_u32);
    while power != U256::ZERO {
        total = sum(total, mul_div(power, U256::ONE, small(odd))?)?;
        power = mul(power, square)?;
        odd += 2;
    }
    sum(total, total)
}

fn ln_two() -> Result<U256, MathError> {
    ln_up_to_two(ONE.shl(1))
}

/// `ln y` for `y ≥ 1`.
fn ln(y: U256) -> Result<U256, MathError> {
    let doublings = WHOLE_BITS.saturating_sub(1).saturating_sub(y.leading_zeros());
    let of_two = mul_div(ln_two()?, small(doublings), U256::ONE)?;
    sum(ln_up_to_two(y.shr(doublings))?, of_two)
}

/// `exp x`.
fn exp(x: U256) -> Result<U256, MathError> {
    let (doublings, rest) = x.div_rem(ln_two()?).ok_or(MathError::DivisionByZero)?;
    let (mut term, mut total, mut n) = (ONE, U256::ZERO, 1_u32);
    while term != U256::ZERO {
        total = sum(total, term)?;
        term = mul_div(mul(term, rest)?, U256::ONE, small(n))?;
        n += 1;
    }
    match doublings.to_u128() {
        Some(doublings) if doublings < u128::from(total.leading_zeros()) => {
            // Below 64, or the product would not fit.
            Ok(total.shl(u32::try_from(doublings).map_err(|_| MathError::Overflow)?))
        }
        _ => Err(MathError::Overflow),
    }
}

/// `value` in units of 10^−places, and the part of a unit that is left.
fn on_grid(value: U256, scale: U256) -> Result<(U256, U256), MathError> {
    let (whole, rest) = value.widening_mul(scale).div_rem(ONE).ok_or(MathError::DivisionByZero)?;
    Ok((whole.to_u256().ok_or(MathError::Overflow)?, rest))
}

/// A rate of so many units of 10^−places, carried to another unit of time.
///
/// A result closer to the grid than the arithmetic can tell, 2^−60 of a unit for a year of seconds, is
/// taken to be on it: so `1.1² = 1.21`.
pub(super) fn grown(
    units: u128,
    places: u32,
    growth: Growth,
    rounding: Rounding,
) -> Result<u128, MathError> {
    let scale = U256::from_u128(power_of_ten(places)?);
    let factor = sum(ONE, mul_div(U256::from_u128(units), ONE, scale)?)?;
    let logarithm = ln(factor)?;
    let (power, lost_bits, cut) = match growth {
        Growth::Over(n) => {
            (exp(mul_div(logarithm, small(n), U256::ONE)?)?, u32::BITS - n.leading_zeros(), false)
        }
        Growth::InOneOf(n) => (exp(mul_div(logarithm, U256::ONE, small(n))?)?, 0, false),
        Growth::InOneOfAsPublished(n) => {
            let (logarithm, _) = on_grid(logarithm, scale)?;
            let part = mul_div(logarithm, U256::ONE, small(n))?;
            (exp(mul_div(part, ONE, scale)?)?, 0, true)
        }
    };
    let growth = power.checked_sub(ONE).ok_or(MathError::Underflow)?;
    let (whole, rest) = on_grid(growth, scale)?;
    // How many of the rest's 192 places are not to be trusted: those of the power, and of the scale.
    let whole_bits = WHOLE_BITS.saturating_sub(power.leading_zeros());
    let scale_bits = 256 - scale.leading_zeros();
    let doubtful = PLACES - GOOD_BITS + lost_bits + whole_bits + scale_bits;
    if doubtful >= PLACES {
        return Err(MathError::Overflow);
    }
    let step = if ONE.checked_sub(rest).is_some_and(|short| short.shr(doubtful) == U256::ZERO) {
        // As good as the next unit.
        true
    } else {
        !cut && rounding == Rounding::Up && rest.shr(doubtful) != U256::ZERO
    };
    let units = if step { sum(whole, U256::ONE)? } else { whole };
    units.to_u128().ok_or(MathError::Overflow)
}
