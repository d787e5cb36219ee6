//! `f64`: the same formulas, without a grid and without a promise of direction.
//!
//! A float's `…_down` and `…_up` are both the nearest quotient. Results that are infinite or not a
//! number are refused, so that no sentinel leaves the crate.

#![allow(clippy::float_arithmetic, reason = "the float code")]

/// `a / b`.
pub(crate) const fn quotient(a: f64, b: f64) -> f64 {
    a / b
}

/// `hi·2^128 + lo`.
#[expect(clippy::cast_precision_loss, reason = "a float keeps the leading 53 bits")]
pub(super) fn of_halves(hi: u128, lo: u128) -> f64 {
    const TWO_TO_128: f64 = 340_282_366_920_938_463_463_374_607_431_768_211_456.0;
    hi as f64 * TWO_TO_128 + lo as f64
}

#[cfg(any(feature = "std", feature = "libm"))]
pub use implementation::RELATIVE_TOLERANCE;

// A square root outside `std` needs `libm`.
#[cfg(any(feature = "std", feature = "libm"))]
mod implementation {
    use core::cmp::Ordering;

    use crate::error::{Kind, MathError};
    use crate::num::{Exact, Fit, Gamma, Grid, Growth, Number, Rounding, Wide, sealed};

    /// Products of floats closer than this, relative to the larger, compare as equal.
    ///
    /// A swap at its own quote leaves k where it was up to a few roundings of 2⁻⁵³; without a
    /// tolerance, half of such swaps would be refused.
    pub const RELATIVE_TOLERANCE: f64 = 1e-12;

    const TWO_TO_112: f64 = 5_192_296_858_534_827_628_530_496_329_220_096.0;

    /// What a sum may have lost to rounding, relative to a part of it.
    const DRIFT: f64 = 1e-6;

    #[inline]
    fn finite(value: f64) -> Result<f64, MathError> {
        if value.is_finite() { Ok(value) } else { Err(MathError::Overflow) }
    }

    #[cold]
    fn unusual_quotient(quotient: f64, over: f64) -> Result<f64, MathError> {
        if over == 0.0 {
            Err(MathError::DivisionByZero)
        } else if over > f64::MAX {
            // A divisor beyond the range makes nothing of everything.
            Err(MathError::Overflow)
        } else if quotient == 0.0 {
            Ok(0.0)
        } else if quotient < 0.0 {
            Err(MathError::Negative(Kind::Number))
        } else if quotient.is_nan() {
            Err(MathError::NotFinite(Kind::Number))
        } else {
            Err(MathError::Overflow)
        }
    }

    #[inline]
    fn not_negative(value: f64) -> Result<f64, MathError> {
        if value >= 0.0 { Ok(value) } else { Err(MathError::Underflow) }
    }

    fn compare(left: f64, right: f64) -> Ordering {
        if (left - right).abs() <= RELATIVE_TOLERANCE * left.max(right) {
            Ordering::Equal
        } else {
            left.partial_cmp(&right).unwrap_or(Ordering::Less)
        }
    }

    /// Compares products that a float cannot hold, by those of the integers in their significands and by
    /// the exponents.
    #[cold]
    #[expect(clippy::arithmetic_side_effects, reason = "sums of exponents, which are below 1,100")]
    #[expect(clippy::cast_precision_loss, reason = "a significand has 53 bits")]
    fn compare_beyond_the_range(left: [f64; 2], right: [f64; 2]) -> Ordering {
        /// Wider than the products of two significands, which have at most 106 bits.
        const FAR: i32 = 128;
        let product = |[a, b]: [f64; 2]| {
            let [(m, e, _), (n, f, _)] = [a, b].map(num_traits::float::FloatCore::integer_decode);
            (m as f64 * n as f64, i32::from(e) + i32::from(f))
        };
        // An expression that overflowed is infinite: larger than all products of finite ones.
        let infinite = |factors: [f64; 2]| factors.into_iter().any(|factor| factor > f64::MAX);
        let ((left, exponent), (right, exponent_right)) = match (infinite(left), infinite(right)) {
            (false, false) => (product(left), product(right)),
            (left, right) => return left.cmp(&right),
        };
        let shift = exponent - exponent_right;
        if left == 0.0 || right == 0.0 || shift.abs() > FAR {
            return match (left == 0.0, right == 0.0) {
                (false, false) => shift.cmp(&0),
                (left, right) => right.cmp(&left),
            };
        }
        compare(left * num_traits::Float::powi(2.0, shift), right)
    }

    impl Exact for f64 {
        #[inline]
        fn plus(self, rhs: Self) -> Result<Self, MathError> {
            Ok(self + rhs)
        }

        #[inline]
        fn minus(self, rhs: Self) -> Result<Self, MathError> {
            not_negative(self - rhs)
        }

        fn less_part(self, part: Self) -> Result<Self, MathError> {
            if self < part && part - self <= DRIFT * part {
                return Ok(0.0);
            }
            not_negative(self - part)
        }

        #[inline]
        fn times(self, factor: u32) -> Result<Self, MathError> {
            Ok(self * Self::from(factor))
        }

        #[inline]
        fn is_zero(self) -> bool {
            self == 0.0
        }

        fn product(self, rhs: Self) -> Result<Self, MathError> {
            Ok(self * rhs)
        }

        #[inline]
        fn scaled(self, by: Self, over: Self, _: Rounding) -> Result<Self, MathError> {
            if over == 0.0 { Err(MathError::DivisionByZero) } else { Ok(self * by / over) }
        }

        fn approximate(self) -> f64 {
            self
        }
    }

    impl Wide for f64 {
        fn div_floor(self, divisor: Self) -> Self {
            self / divisor
        }

        fn div_ceil(self, divisor: Self) -> Self {
            self / divisor
        }

        fn sqrt_floor(self) -> Self {
            num_traits::Float::sqrt(self)
        }

        fn sqrt_ceil(self) -> Self {
            num_traits::Float::sqrt(self)
        }

        fn saturating_minus(self, rhs: Self) -> Self {
            if self > rhs { self - rhs } else { 0.0 }
        }

        fn integer(factor: u32) -> Self {
            Self::from(factor)
        }
    }

    impl sealed::Sealed for f64 {}

    impl Number for f64 {
        type Exact = Self;
        type Wide = Self;

        const ZERO: Self = 0.0;
        const ONE: Self = 1.0;
        const UNIT: Self = 1e-18;
        const MINIMUM_LIQUIDITY: Self = 1e-15;

        #[inline]
        fn on_grid(self, _: Grid, kind: Kind) -> Result<Self, MathError> {
            if !self.is_finite() {
                Err(MathError::NotFinite(kind))
            } else if self < 0.0 {
                Err(MathError::Negative(kind))
            } else {
                // Turns a negative zero into zero.
                Ok(self + 0.0)
            }
        }

        #[inline]
        fn is_zero(self) -> bool {
            self == 0.0
        }

        fn normalized(self) -> Self {
            self
        }

        #[inline]
        fn try_add(self, rhs: Self) -> Result<Self, MathError> {
            finite(self + rhs)
        }

        #[inline]
        fn try_sub(self, rhs: Self) -> Result<Self, MathError> {
            not_negative(self - rhs)
        }

        fn less_part(self, part: Self) -> Result<Self, MathError> {
            Exact::less_part(self, part)
        }

        #[inline]
        fn multiple(self, factor: u32) -> Result<Self, MathError> {
            finite(self * Self::from(factor))
        }

        #[inline]
        fn exact(self, _: Grid) -> Result<Self, MathError> {
            Ok(self)
        }

        #[inline]
        fn joined_by(self, part: Self, gamma: Gamma, _: Grid) -> Result<(Self, Self), MathError> {
            let kept = gamma.nearest() * part;
            Ok((kept, self + kept))
        }

        fn fraction(self, kind: Kind) -> Result<(Self, Self), MathError> {
            Ok((self.on_grid(Grid::Rate, kind)?, 1.0))
        }

        fn parse(text: &str, kind: Kind) -> Result<Self, MathError> {
            text.parse().map_err(|_| MathError::Malformed(kind))
        }

        #[inline]
        fn mul_div(
            self,
            by: Self,
            over: Self,
            _: Fit<Self>,
            _: Grid,
            _: Rounding,
        ) -> Result<Self, MathError> {
            let quotient = self * by / over;
            // One comparison of bits that nothing passes which is zero, negative, infinite or not a
            // number.
            if quotient.to_bits().wrapping_sub(1) < Self::MAX.to_bits() {
                Ok(quotient)
            } else {
                unusual_quotient(quotient, over)
            }
        }

        fn from_wide(value: Self, _: Fit<Self>, _: Grid, _: Rounding) -> Result<Self, MathError> {
            not_negative(finite(value)?)
        }

        #[inline]
        fn cmp_products(a: Self, b: Self, c: Self, d: Self) -> Ordering {
            let (left, right) = (a * b, c * d);
            if left.min(right) >= Self::MIN_POSITIVE && left.max(right) <= Self::MAX {
                compare(left, right)
            } else {
                compare_beyond_the_range([a, b], [c, d])
            }
        }

        #[inline]
        fn cmp_fractions(a: Self, b: Self, c: Self, d: Self) -> Ordering {
            (a / b).total_cmp(&(c / d))
        }

        #[inline]
        fn fits_reserve(self) -> bool {
            true
        }

        /// The float times 2^112, which is exact, cut to an integer.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "both halves are in range, and the upper one has at most 53 significant bits"
        )]
        fn uq112x112(y: Self, x: Self) -> Result<(u128, u128), MathError> {
            if x == 0.0 {
                return Err(MathError::DivisionByZero);
            }
            let price = y / x;
            if price.is_nan() || price >= TWO_TO_112 {
                return Err(MathError::Overflow);
            }
            // price·2^112 = hi·2^128 + lo, and every step is an exact power of two.
            let hi = (price / 65_536.0) as u128;
            let rest = price - hi as Self * 65_536.0;
            Ok((hi, (rest * TWO_TO_112) as u128))
        }

        #[expect(clippy::cast_precision_loss, reason = "a float keeps the leading 53 bits")]
        fn mean_of_uq112x112(sum: (u128, u128), seconds: u32) -> Result<(Self, Self), MathError> {
            if seconds == 0 {
                return Err(MathError::DivisionByZero);
            }
            let (hi, lo) = sum;
            Ok((hi as Self * 65_536.0 + lo as Self / TWO_TO_112, Self::from(seconds)))
        }

        fn grown(self, growth: Growth, _: Rounding) -> Result<Self, MathError> {
            use num_traits::Float;
            let grown = match growth {
                Growth::Over(n) => Float::exp_m1(Float::ln_1p(self) * Self::from(n)),
                Growth::InOneOf(0) | Growth::InOneOfAsPublished(0) => {
                    return Err(MathError::DivisionByZero);
                }
                Growth::InOneOf(n) | Growth::InOneOfAsPublished(n) => {
                    Float::exp_m1(Float::ln_1p(self) / Self::from(n))
                }
            };
            not_negative(finite(grown)?)
        }

        fn approximate(self) -> f64 {
            self
        }
    }
}
