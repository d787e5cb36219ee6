//! Exact integers of 256 and 512 bits: the double-width product and its one division.
//!
//! Every rounded result of the fixed and decimal numbers is one quotient of exact products. The
//! hot case is `a·b/c` over `u128`: the product has 256 bits and the quotient fits back into 128.
//!
//! Division and square root climb the same ladder twice. [`div_2_by_1`] divides 256 by 128 bits in
//! two digits of 64 bits (Knuth, *The Art of Computer Programming*, vol. 2, §4.3.1, algorithm D
//! with two digits); [`U512::div_rem`] does the same one level up, with digits of 128 bits and
//! [`div_2_by_1`] as its digit estimate. The square roots add half of their digits at each level by
//! one such division (Zimmermann, *Karatsuba Square Root*, INRIA RR-3805).

#![allow(
    clippy::arithmetic_side_effects,
    reason = "limb arithmetic: every operator is in range by the argument beside it"
)]

use core::cmp::Ordering;

use super::Rounding;
use crate::error::MathError;

const HALF: u32 = 64;
const LOW_HALF: u128 = (1 << HALF) - 1;

/// An exact unsigned integer of 256 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct U256 {
    hi: u128,
    lo: u128,
}

/// An exact unsigned integer of 512 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct U512 {
    hi: U256,
    lo: U256,
}

impl U256 {
    pub(crate) const ZERO: Self = Self { hi: 0, lo: 0 };
    pub(crate) const ONE: Self = Self::from_u128(1);

    pub(crate) const fn from_u128(value: u128) -> Self {
        Self { hi: 0, lo: value }
    }

    pub(crate) const fn from_halves(hi: u128, lo: u128) -> Self {
        Self { hi, lo }
    }

    pub(crate) const fn halves(self) -> (u128, u128) {
        (self.hi, self.lo)
    }

    /// `a · b`, exact: four products of 64-bit digits.
    #[inline]
    pub(crate) const fn product(a: u128, b: u128) -> Self {
        let (a1, a0) = (a >> HALF, a & LOW_HALF);
        let (b1, b0) = (b >> HALF, b & LOW_HALF);
        let low = a0 * b0;
        // (2^64 − 1)² + 2·(2^64 − 1) = 2^128 − 1: neither sum can carry out.
        let middle = a1 * b0 + (low >> HALF);
        let cross = a0 * b1 + (middle & LOW_HALF);
        Self {
            hi: a1 * b1 + (middle >> HALF) + (cross >> HALF),
            lo: (cross << HALF) | (low & LOW_HALF),
        }
    }

    /// `a · b`, exact, for a factor of one digit.
    #[inline]
    pub(crate) const fn product_u64(a: u128, b: u64) -> Self {
        let b = b as u128;
        let low = (a & LOW_HALF) * b;
        let high = (a >> HALF) * b + (low >> HALF);
        Self { hi: high >> HALF, lo: (high << HALF) | (low & LOW_HALF) }
    }

    #[inline]
    pub(crate) const fn to_u128(self) -> Option<u128> {
        if self.hi == 0 { Some(self.lo) } else { None }
    }

    #[inline]
    pub(crate) const fn checked_add(self, rhs: Self) -> Option<Self> {
        let (sum, carry) = self.overflowing_add(rhs);
        if carry { None } else { Some(sum) }
    }

    #[inline]
    pub(crate) const fn checked_sub(self, rhs: Self) -> Option<Self> {
        let (difference, borrow) = self.overflowing_sub(rhs);
        if borrow { None } else { Some(difference) }
    }

    #[inline]
    pub(crate) const fn checked_mul(self, rhs: u128) -> Option<Self> {
        let low = Self::product(self.lo, rhs);
        let high = Self::product(self.hi, rhs);
        match (high.hi, low.hi.checked_add(high.lo)) {
            (0, Some(hi)) => Some(Self { hi, lo: low.lo }),
            _ => None,
        }
    }

    /// `self + rhs` modulo 2^256, as a contract's deliberately wrapping accumulator adds.
    #[inline]
    pub(crate) const fn wrapping_add(self, rhs: Self) -> Self {
        self.overflowing_add(rhs).0
    }

    /// `self − rhs` modulo 2^256.
    #[inline]
    pub(crate) const fn wrapping_sub(self, rhs: Self) -> Self {
        self.overflowing_sub(rhs).0
    }

    #[inline]
    const fn overflowing_add(self, rhs: Self) -> (Self, bool) {
        let (lo, carry) = self.lo.overflowing_add(rhs.lo);
        let (hi, over) = self.hi.overflowing_add(rhs.hi);
        let (hi, over_carry) = hi.overflowing_add(carry as u128);
        (Self { hi, lo }, over | over_carry)
    }

    #[inline]
    const fn overflowing_sub(self, rhs: Self) -> (Self, bool) {
        let (lo, borrow) = self.lo.overflowing_sub(rhs.lo);
        let (hi, under) = self.hi.overflowing_sub(rhs.hi);
        let (hi, under_borrow) = hi.overflowing_sub(borrow as u128);
        (Self { hi, lo }, under | under_borrow)
    }

    pub(crate) const fn leading_zeros(self) -> u32 {
        if self.hi == 0 { 128 + self.lo.leading_zeros() } else { self.hi.leading_zeros() }
    }

    /// `self · 2^bits` modulo 2^256, `bits < 256`.
    pub(crate) const fn shl(self, bits: u32) -> Self {
        match bits {
            0 => self,
            1..128 => {
                Self { hi: (self.hi << bits) | (self.lo >> (128 - bits)), lo: self.lo << bits }
            }
            _ => Self { hi: self.lo << (bits % 128), lo: 0 },
        }
    }

    /// `⌊self / 2^bits⌋`, `bits < 256`.
    pub(crate) const fn shr(self, bits: u32) -> Self {
        match bits {
            0 => self,
            1..128 => {
                Self { hi: self.hi >> bits, lo: (self.lo >> bits) | (self.hi << (128 - bits)) }
            }
            _ => Self { hi: 0, lo: self.hi >> (bits % 128) },
        }
    }

    /// `self · rhs`, exact.
    #[inline]
    pub(crate) const fn widening_mul(self, rhs: Self) -> U512 {
        if self.hi | rhs.hi == 0 {
            return U512::from_u256(Self::product(self.lo, rhs.lo));
        }
        self.widening_mul_full(rhs)
    }

    const fn widening_mul_full(self, rhs: Self) -> U512 {
        let low = Self::product(self.lo, rhs.lo);
        let high = Self::product(self.hi, rhs.hi);
        let (cross, carry) =
            Self::product(self.hi, rhs.lo).overflowing_add(Self::product(self.lo, rhs.hi));
        let (lo, low_carry) = low.overflowing_add(Self { hi: cross.lo, lo: 0 });
        // The true product has 512 bits, so its upper half cannot wrap.
        let hi = high
            .wrapping_add(Self { hi: carry as u128, lo: cross.hi })
            .wrapping_add(Self::from_u128(low_carry as u128));
        U512 { hi, lo }
    }

    /// `(⌊self / divisor⌋, remainder)`, or `None` for a zero divisor.
    pub(crate) fn div_rem(self, divisor: Self) -> Option<(Self, Self)> {
        if let (0, 1..) = (divisor.hi, divisor.lo) {
            let (hi, remainder) = (self.hi / divisor.lo, self.hi % divisor.lo);
            let (lo, remainder) = div_2_by_1(remainder, self.lo, divisor.lo);
            return Some((Self { hi, lo }, Self::from_u128(remainder)));
        }
        let (quotient, remainder) = U512::from_u256(self).div_rem(divisor)?;
        Some((quotient.lo, remainder))
    }

    /// `⌊√self⌋` and whether the root is inexact.
    pub(crate) fn isqrt(self) -> (u128, bool) {
        if self.hi != 0 {
            return self.isqrt_full();
        }
        let root = self.lo.isqrt();
        (root, root * root != self.lo)
    }

    /// The root of a number of more than 128 bits.
    ///
    /// Scale to `n·4^s` with one of its two top bits set, take the root of the upper 128 bits, and
    /// find the lower 64 bits of the root by one division by twice that root. Zimmermann: the
    /// estimate is exact or one too large, and a digit of 2^64 stands for 2^64 − 1.
    fn isqrt_full(self) -> (u128, bool) {
        let scale = self.leading_zeros() / 2;
        let n = self.shl(2 * scale);
        let upper = n.hi.isqrt();
        let remainder = n.hi - upper * upper;
        // remainder ≤ 2·upper < 2^65, so (remainder·2^64 + digit) needs up to 129 bits.
        let numerator = Self { hi: remainder >> HALF, lo: (remainder << HALF) | (n.lo >> HALF) };
        let (digit, _) = div_2_by_1(numerator.hi, numerator.lo, 2 * upper);
        let estimate = (upper << HALF) | digit.min(LOW_HALF);
        let root = if Self::product(estimate, estimate) > n { estimate - 1 } else { estimate };
        let root = root >> scale;
        (root, Self::product(root, root) != self)
    }
}

impl U512 {
    pub(crate) const ZERO: Self = Self::from_u256(U256::ZERO);

    pub(crate) const fn from_u256(value: U256) -> Self {
        Self { hi: U256::ZERO, lo: value }
    }

    pub(crate) fn to_u256(self) -> Option<U256> {
        (self.hi == U256::ZERO).then_some(self.lo)
    }

    #[inline]
    pub(crate) const fn checked_add(self, rhs: Self) -> Option<Self> {
        let (lo, carry) = self.lo.overflowing_add(rhs.lo);
        match self.hi.checked_add(rhs.hi) {
            Some(hi) if !carry => Some(Self { hi, lo }),
            Some(hi) => match hi.checked_add(U256::ONE) {
                Some(hi) => Some(Self { hi, lo }),
                None => None,
            },
            None => None,
        }
    }

    #[inline]
    pub(crate) const fn checked_sub(self, rhs: Self) -> Option<Self> {
        let (lo, borrow) = self.lo.overflowing_sub(rhs.lo);
        match self.hi.checked_sub(rhs.hi) {
            Some(hi) if !borrow => Some(Self { hi, lo }),
            Some(hi) => match hi.checked_sub(U256::ONE) {
                Some(hi) => Some(Self { hi, lo }),
                None => None,
            },
            None => None,
        }
    }

    /// `self · rhs`, if it fits.
    #[inline]
    pub(crate) fn checked_mul(self, rhs: Self) -> Option<Self> {
        if self.hi == U256::ZERO && rhs.hi == U256::ZERO {
            return Some(self.lo.widening_mul(rhs.lo));
        }
        self.checked_mul_full(rhs)
    }

    fn checked_mul_full(self, rhs: Self) -> Option<Self> {
        let (wide, narrow) = match (self.to_u256(), rhs.to_u256()) {
            (_, Some(narrow)) => (self, narrow),
            (Some(narrow), None) => (rhs, narrow),
            (None, None) => return None,
        };
        let low = wide.lo.widening_mul(narrow);
        if wide.hi == U256::ZERO {
            return Some(low);
        }
        let high = wide.hi.widening_mul(narrow).to_u256()?;
        Some(Self { hi: low.hi.checked_add(high)?, lo: low.lo })
    }

    /// `self · 2^bits` modulo 2^512, `bits < 256`.
    const fn shl(self, bits: u32) -> Self {
        if bits == 0 {
            return self;
        }
        let carried = self.lo.shr(256 - bits);
        let hi = self.hi.shl(bits);
        Self { hi: U256 { hi: hi.hi | carried.hi, lo: hi.lo | carried.lo }, lo: self.lo.shl(bits) }
    }

    /// `(⌊self / divisor⌋, remainder)`, or `None` for a zero divisor.
    pub(crate) fn div_rem(self, divisor: U256) -> Option<(Self, U256)> {
        if divisor == U256::ZERO {
            return None;
        }
        // Schoolbook in base 2^128: at each step the remainder is below the divisor.
        let mut remainder = U256::ZERO;
        let mut digits = [0; 4];
        let numerator = [self.hi.hi, self.hi.lo, self.lo.hi, self.lo.lo];
        let shift = divisor.leading_zeros();
        if shift >= 128 {
            // One digit: the remainder fits one digit as well.
            let mut rest = 0;
            for (digit, next) in digits.iter_mut().zip(numerator) {
                (*digit, rest) = if rest == 0 && next < divisor.lo {
                    (0, next)
                } else {
                    div_2_by_1(rest, next, divisor.lo)
                };
            }
            remainder = U256::from_u128(rest);
        } else {
            let normal = divisor.shl(shift);
            for (digit, next) in digits.iter_mut().zip(numerator) {
                (*digit, remainder) = div_3_by_2(remainder, next, divisor, normal, shift);
            }
        }
        let [q3, q2, q1, q0] = digits;
        let quotient = Self { hi: U256 { hi: q3, lo: q2 }, lo: U256 { hi: q1, lo: q0 } };
        Some((quotient, remainder))
    }

    /// `⌊√self⌋` and whether the root is inexact: [`U256::isqrt`] one level up.
    pub(crate) fn isqrt(self) -> (U256, bool) {
        if let Some(narrow) = self.to_u256() {
            let (root, inexact) = narrow.isqrt();
            return (U256::from_u128(root), inexact);
        }
        let scale = self.hi.leading_zeros() / 2;
        let n = self.shl(2 * scale);
        let (upper, _) = n.hi.isqrt();
        let remainder = n.hi.wrapping_sub(U256::product(upper, upper));
        let numerator =
            Self { hi: U256::from_u128(remainder.hi), lo: U256 { hi: remainder.lo, lo: n.lo.hi } };
        let twice = U256 { hi: upper >> 127, lo: upper << 1 };
        let digit = numerator.div_rem(twice).map_or(U256::ZERO, |(digit, _)| digit.lo);
        let digit = digit.to_u128().unwrap_or(u128::MAX);
        let estimate = U256 { hi: upper, lo: digit };
        let square = estimate.widening_mul(estimate);
        let root = if square > n { estimate.wrapping_sub(U256::ONE) } else { estimate };
        let root = root.shr(scale);
        (root, root.widening_mul(root) != self)
    }
}

/// `(hi·2^128 + lo) / divisor` and its remainder, for `hi < divisor`.
///
/// Two digits of 64 bits. With the divisor's top bit set, the quotient of the leading two digits by
/// the divisor's leading digit is the wanted digit or at most two too large.
#[inline]
pub(crate) fn div_2_by_1(hi: u128, lo: u128, divisor: u128) -> (u128, u128) {
    debug_assert!(hi < divisor);
    if divisor >> HALF == 0 {
        // A divisor of one digit: what the machine divides by itself.
        let (q1, lower) = if hi == 0 {
            (0, lo)
        } else {
            let upper = (hi << HALF) | (lo >> HALF);
            let q1 = upper / divisor;
            (q1, ((upper - q1 * divisor) << HALF) | (lo & LOW_HALF))
        };
        let q0 = lower / divisor;
        return ((q1 << HALF) | q0, lower - q0 * divisor);
    }
    // Below 64, and written so that the compiler knows it.
    let shift = high(divisor).leading_zeros() % HALF;
    let normal = divisor << shift;
    // `>> 1 >> (127 − shift)` is `>> (128 − shift)` for a shift of zero as well.
    let (hi, lo) = ((hi << shift) | (lo >> 1 >> (127 - shift)), lo << shift);
    // The first digit is zero when the leading three digits are below the divisor.
    let leading = (hi << HALF) | (lo >> HALF);
    let (q1, rest) = if hi >> HALF == 0 && leading < normal {
        (0, leading)
    } else {
        div_digit(hi, high(lo), normal)
    };
    let (q0, rest) = div_digit(rest, low(lo), normal);
    ((u128::from(q1) << HALF) | u128::from(q0), rest >> shift)
}

#[inline]
const fn high(value: u128) -> u64 {
    (value >> HALF) as u64
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the lower half of 128 bits")]
const fn low(value: u128) -> u64 {
    value as u64
}

/// `(hi·2^64 + next) / divisor` and its remainder, for `hi < divisor` and the divisor's top bit set.
#[inline]
fn div_digit(hi: u128, next: u64, divisor: u128) -> (u64, u128) {
    let (d1, d0) = (u128::from(high(divisor)), u128::from(low(divisor)));
    // The estimate by the leading digit alone: right or at most two too large.
    let mut digit = if u128::from(high(hi)) < d1 { low(hi / d1) } else { u64::MAX };
    let mut rest = hi - u128::from(digit) * d1;
    let mut part = u128::from(digit) * d0;
    while high(rest) == 0 && part > (rest << HALF) | u128::from(next) {
        digit -= 1;
        part -= d0;
        rest += d1;
    }
    // The true remainder is below the divisor, so the wrapped difference is it.
    (digit, ((rest << HALF) | u128::from(next)).wrapping_sub(part))
}

/// One digit of a division by a divisor of two digits of 128 bits: `(rest·2^128 + next) / divisor`
/// and its remainder, for `rest < divisor`. `normal` is the divisor shifted left by `shift` so that
/// its top bit is set.
fn div_3_by_2(rest: U256, next: u128, divisor: U256, normal: U256, shift: u32) -> (u128, U256) {
    // Both shifted alike, so the quotient stays the same and the leading digits estimate it.
    let window = U512 { hi: U256::from_u128(rest.hi), lo: U256 { hi: rest.lo, lo: next } };
    let shifted = window.shl(shift);
    let leading = U256 { hi: shifted.hi.lo, lo: shifted.lo.hi };
    let mut digit = if leading.hi >= normal.hi {
        u128::MAX
    } else {
        div_2_by_1(leading.hi, leading.lo, normal.hi).0
    };
    // At most two too large (Knuth, theorem B).
    loop {
        let product = divisor.widening_mul(U256::from_u128(digit));
        if let Some(remainder) = window.checked_sub(product) {
            return (digit, remainder.lo);
        }
        digit -= 1;
    }
}

/// `a·by/over` in one directed step, for operands that fit 128 bits; any others go the wide way,
/// where a numerator of more than 256 bits is refused as the chain's checked arithmetic refuses it.
#[inline]
pub(crate) fn mul_div(
    a: u128,
    by: U256,
    over: U256,
    rounding: Rounding,
) -> Result<u128, MathError> {
    if (by.hi | over.hi) == 0 {
        mul_div_u128(a, by.lo, over.lo, rounding)
    } else {
        mul_div_wide(a, by, over, rounding)
    }
}

/// `a·by/over` in one directed step, whatever the widths of its operands.
#[inline]
pub(crate) fn quotient(
    a: U256,
    by: U256,
    over: U256,
    rounding: Rounding,
) -> Result<U256, MathError> {
    if (a.hi | by.hi | over.hi) == 0
        && let Ok(quotient) = mul_div_u128(a.lo, by.lo, over.lo, rounding)
    {
        return Ok(U256::from_u128(quotient));
    }
    quotient_wide(a, by, over, rounding)
}

#[cold]
#[inline(never)]
fn quotient_wide(a: U256, by: U256, over: U256, rounding: Rounding) -> Result<U256, MathError> {
    div(a.widening_mul(by), over, rounding)?.to_u256().ok_or(MathError::Overflow)
}

/// `a·b/c` in one directed step.
#[inline]
pub(crate) fn mul_div_u128(
    a: u128,
    b: u128,
    c: u128,
    rounding: Rounding,
) -> Result<u128, MathError> {
    let product = U256::product(a, b);
    let (quotient, remainder) = if product.hi | u128::from(high(c)) == 0 {
        // The commonest case: one division that the machine does by itself.
        let Some(quotient) = product.lo.checked_div(c) else {
            return Err(MathError::DivisionByZero);
        };
        (quotient, product.lo - quotient * c)
    } else if product.hi < c {
        div_2_by_1(product.hi, product.lo, c)
    } else if c == 0 {
        return Err(MathError::DivisionByZero);
    } else {
        return Err(MathError::Overflow);
    };
    match rounding {
        Rounding::Down => Ok(quotient),
        Rounding::Up if remainder == 0 => Ok(quotient),
        Rounding::Up => quotient.checked_add(1).ok_or(MathError::Overflow),
    }
}

#[cold]
fn mul_div_wide(a: u128, by: U256, over: U256, rounding: Rounding) -> Result<u128, MathError> {
    let numerator = by.checked_mul(a).ok_or(MathError::Overflow)?;
    let quotient = div(U512::from_u256(numerator), over, rounding)?;
    quotient.to_u256().and_then(U256::to_u128).ok_or(MathError::Overflow)
}

/// `numerator / divisor` in one directed step.
pub(crate) fn div(numerator: U512, divisor: U256, rounding: Rounding) -> Result<U512, MathError> {
    let (quotient, remainder) = numerator.div_rem(divisor).ok_or(MathError::DivisionByZero)?;
    match rounding {
        Rounding::Down => Ok(quotient),
        Rounding::Up if remainder == U256::ZERO => Ok(quotient),
        Rounding::Up => quotient.checked_add(U512::from_u256(U256::ONE)).ok_or(MathError::Overflow),
    }
}

/// Compares `a·b` with `c·d`, exactly.
#[inline]
pub(crate) fn cmp_products(a: U256, b: U256, c: U256, d: U256) -> Ordering {
    if (a.hi | b.hi | c.hi | d.hi) == 0 {
        U256::product(a.lo, b.lo).cmp(&U256::product(c.lo, d.lo))
    } else {
        a.widening_mul(b).cmp(&c.widening_mul(d))
    }
}

#[cfg(test)]
mod tests;
