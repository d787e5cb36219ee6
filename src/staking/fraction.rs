//! A part of a whole as two integers.

use core::fmt;

use rust_decimal::Decimal;

use crate::error::{Kind, MathError};
use crate::quantity::{fraction_text, lowest_terms, terms_of};

/// A part of a whole, from nothing to all of it, as a fraction in lowest terms: a commission, a
/// collateral factor, a cap, the part of the stake that an attacker needs.
///
/// A fraction and not a rounded decimal, because a third is one, and because two fractions of stakes
/// are then compared exactly.
///
/// # Example
///
/// ```
/// use defi_math::staking::Fraction;
/// use rust_decimal::dec;
///
/// assert_eq!(Fraction::new(2, 6)?, Fraction::ONE_THIRD);
/// assert_eq!(Fraction::ONE_THIRD.to_string(), "1/3");
/// assert_eq!(Fraction::from_basis_points(1_000)?, Fraction::try_from(dec!(0.1))?);
/// assert!(Fraction::new(4, 3).is_err());
/// # Ok::<(), defi_math::MathError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "(u32, u32)", into = "(u32, u32)"))]
pub struct Fraction {
    numerator: u32,
    denominator: u32,
}

impl Fraction {
    /// Nothing.
    pub const ZERO: Self = Self { numerator: 0, denominator: 1 };
    /// All of it.
    pub const ONE: Self = Self { numerator: 1, denominator: 1 };
    /// A quarter: what may be liquid of all stake on the Cosmos Hub.
    pub const ONE_QUARTER: Self = Self { numerator: 1, denominator: 4 };
    /// A half: what an attacker of a longest chain needs.
    pub const ONE_HALF: Self = Self { numerator: 1, denominator: 2 };
    /// A third: what stops a Byzantine fault tolerant chain.
    pub const ONE_THIRD: Self = Self { numerator: 1, denominator: 3 };

    /// `numerator/denominator`.
    ///
    /// # Errors
    /// [`MathError::OutOfRange`] unless `numerator ≤ denominator` and the denominator is above zero.
    pub const fn new(numerator: u32, denominator: u32) -> Result<Self, MathError> {
        Self::of(numerator as u128, denominator as u128)
    }

    const fn of(numerator: u128, denominator: u128) -> Result<Self, MathError> {
        match lowest_terms(numerator, denominator) {
            Some((numerator, denominator)) if numerator <= denominator => {
                Ok(Self { numerator, denominator })
            }
            _ => Err(MathError::OutOfRange(Kind::Ratio)),
        }
    }

    /// Hundredths of a percent: 1,000 is a tenth.
    ///
    /// # Errors
    /// [`MathError::OutOfRange`] above 10,000.
    pub const fn from_basis_points(basis_points: u32) -> Result<Self, MathError> {
        Self::new(basis_points, 10_000)
    }

    /// The numerator in lowest terms.
    #[must_use]
    pub const fn numerator(self) -> u32 {
        self.numerator
    }

    /// The denominator in lowest terms.
    #[must_use]
    pub const fn denominator(self) -> u32 {
        self.denominator
    }

    /// The numerator of what is left: `denominator − numerator`.
    #[must_use]
    pub const fn rest(self) -> u32 {
        // Not above the denominator by construction.
        self.denominator.saturating_sub(self.numerator)
    }
}

fraction_text!(Fraction);

impl TryFrom<Decimal> for Fraction {
    type Error = MathError;

    /// A part of one: 0.1 is a tenth.
    ///
    /// # Errors
    /// [`MathError::Negative`]; [`MathError::OutOfRange`] above 1, and for a fraction whose lowest
    /// terms exceed 32 bits.
    fn try_from(part: Decimal) -> Result<Self, MathError> {
        let (numerator, denominator) = terms_of(part, Kind::Ratio)?;
        Self::of(numerator, denominator)
    }
}

impl TryFrom<(u32, u32)> for Fraction {
    type Error = MathError;

    /// # Errors
    /// As [`new`](Self::new).
    fn try_from((numerator, denominator): (u32, u32)) -> Result<Self, MathError> {
        Self::new(numerator, denominator)
    }
}

impl From<Fraction> for (u32, u32) {
    fn from(fraction: Fraction) -> Self {
        (fraction.numerator, fraction.denominator)
    }
}
