//! Numbers from arbitrary bytes, and what they are worth exactly.

use arbitrary::Arbitrary;
use defi_math::Number;
use defi_math::num::{Fixed, Grid};
use num_bigint::BigUint;
use rust_decimal::Decimal;

/// Bytes that every number type reads as a number of its own.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub struct Bits {
    pub mantissa: u128,
    /// Drops leading bits, so that magnitudes are spread evenly.
    pub shift: u8,
    pub scale: u8,
}

impl Bits {
    /// An integer of at most `bits` bits, of any magnitude.
    pub fn integer(self, bits: u32) -> u128 {
        (self.mantissa >> (128 - bits)) >> (u32::from(self.shift) % bits)
    }
}

/// A number type that can be drawn from bytes and, unless it is a float, weighed exactly.
pub trait Fuzzed: Number {
    /// Any value of the type, the invalid ones included.
    fn read(bits: Bits) -> Self;

    /// The value in steps of the type's finest places; `None` for a float.
    fn units(self, grid: Grid) -> Option<BigUint>;

    /// Those places where they can be fewer in a result: for a `Decimal`.
    fn decimal_places(_: Grid) -> Option<u32> {
        None
    }
}

impl<const PLACES: u32> Fuzzed for Fixed<PLACES> {
    fn read(bits: Bits) -> Self {
        Self::from_raw(bits.integer(128))
    }

    fn units(self, _: Grid) -> Option<BigUint> {
        Some(BigUint::from(self.raw()))
    }
}

impl Fuzzed for Decimal {
    fn read(bits: Bits) -> Self {
        let mantissa = bits.integer(96);
        let (lo, mid, hi) = (mantissa as u32, (mantissa >> 32) as u32, (mantissa >> 64) as u32);
        // One number in eight is negative.
        let scale = u32::from(bits.scale) % (Self::MAX_SCALE + 1);
        Self::from_parts(lo, mid, hi, bits.scale >> 5 == 7, scale)
    }

    fn units(self, grid: Grid) -> Option<BigUint> {
        assert!(!self.is_sign_negative() || self.is_zero(), "{self} is negative");
        let value = self.normalize();
        let missing = Self::decimal_places(grid)? - value.scale();
        Some(BigUint::from(value.mantissa().unsigned_abs()) * BigUint::from(10_u8).pow(missing))
    }

    fn decimal_places(grid: Grid) -> Option<u32> {
        Some(match grid {
            Grid::Amount => 18,
            Grid::Rate => 27,
        })
    }
}

impl Fuzzed for f64 {
    fn read(bits: Bits) -> Self {
        if bits.scale >= 224 {
            Self::from_bits(bits.mantissa as u64)
        } else {
            bits.integer(128) as Self / Self::from(10).powi(i32::from(bits.scale % 32))
        }
    }

    fn units(self, _: Grid) -> Option<BigUint> {
        None
    }
}

/// A random pair of terms, small enough that many are valid fractions.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Terms {
    PerMille(u8),
    PerMillion(u16),
    Any(u32, u32),
}

impl Terms {
    pub fn pair(self) -> (u32, u32) {
        match self {
            Self::PerMille(n) => (u32::from(n), 1_000),
            Self::PerMillion(n) => (u32::from(n), 1_000_000),
            Self::Any(numerator, denominator) => (numerator, denominator),
        }
    }
}
