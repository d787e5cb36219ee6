//! Quantities: numbers with a dimension.
//!
//! An [`Amount`] of tokens, [`Shares`] of a pool, a [`Ratio`] and an [`Index`] are the same number
//! inside and different types outside, so that they cannot be confused. All are non-negative, and
//! their sums are exact or refused: `(a + b)?`.
//!
//! Wherever a function takes a quantity it also takes the bare number ([`IntoQuantity`]), so
//! `pool.amount_out(Token::X, dec!(1.5))` is enough; a number that cannot be that quantity is
//! refused by name.
//!
//! # Where to look
//!
//! | type | is | unit |
//! |---|---|---|
//! | [`Amount`] | so much of a token | tokens |
//! | [`Shares`] | a part of a common holding | shares |
//! | [`Ratio`] | one quantity over another of its kind | — |
//! | [`Index`] | what one unit at the start has grown to | — |
//! | [`Price`] | a fraction of two amounts, never rounded | quote tokens per base token |
//! | [`Fee`], [`FeeShare`] | a fraction of two integers | — |
//!
//! A rate carries its unit of time in the type, and is in [`rate`](crate::rate).
//!
//! # Laws
//!
//! - `sums_refuse_rather_than_round`: `(a + b)?` is the exact sum or an error.
//! - `product_brackets_the_exact_value`: `…_down ≤ exact ≤ …_up`, one unit apart at most, and only
//!   if the exact value is off the grid.
//! - `a_quote_has_the_places_of_its_own_magnitude`, however large the amount that is quoted.
//!
//! # Not laws
//!
//! - Quoting there and back is not the amount again: `inverse().quote_down(quote_down(a)) ≤ a`.
//! - A ratio is not the fraction that it was rounded from: a third, to 27 places, of 3·10⁹ is less than 10⁹.
//!   [`Amount::mul_div`] by 1 over 3 is 10⁹.
//!
//! # Rounding
//!
//! Every product names its direction. The quantity that a result is added to or taken from sets the
//! places of a `Decimal` result; see [`num`](crate::num).
//!
//! # Example
//!
//! ```
//! use defi_math::{Amount, Price, Ratio};
//! use rust_decimal::dec;
//!
//! let deposit = Amount::new(dec!(100))?;
//! let withdrawn = Amount::new(dec!(0.3))?;
//! assert_eq!((deposit - withdrawn)?, dec!(99.7));
//! assert!((withdrawn - deposit).is_err());
//!
//! // One third of it: the direction is part of the name.
//! let third = Ratio::of_down(Amount::new(dec!(1))?, Amount::new(dec!(3))?)?;
//! assert_eq!(deposit.mul_down(third)?, dec!(33.333333333333333333));
//!
//! // A price is an exact fraction: of its own amounts, nothing is lost either way.
//! let price = Price::from_amounts(dec!(2500), dec!(3))?;
//! assert_eq!(price.quote_down(dec!(3))?, dec!(2500));
//! assert_eq!(price.inverse().quote_down(dec!(2500))?, dec!(3));
//! # Ok::<(), defi_math::MathError>(())
//! ```
//!
//! # Sources
//!
//! The fractions of fees are those of `UniswapV2Library` (997/1000) and of Uniswap v3's pips.

use core::cmp::Ordering;
use core::fmt;
use core::ops::{Add, Sub};
use core::str::FromStr;

use rust_decimal::Decimal;

use crate::error::{Kind, MathError};
use crate::num::{Exact, Fit, Fixed, Gamma, Grid, Number, Rounding, power_of_ten};

/// What can be given where a quantity is asked for: the quantity itself, or a bare number that is
/// checked to be one.
pub trait IntoQuantity<Q> {
    /// The quantity.
    ///
    /// # Errors
    /// [`MathError::Negative`], [`MathError::NotFinite`], [`MathError::TooManyPlaces`] or
    /// [`MathError::Zero`], with the kind of quantity that the number cannot be.
    fn into_quantity(self) -> Result<Q, MathError>;
}

macro_rules! quantity {
    ($(#[$doc:meta])* $name:ident, $grid:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name<N = Decimal>(N);

        impl<N: Number> $name<N> {
            /// Zero.
            pub const ZERO: Self = Self(N::ZERO);

            pub(crate) const GRID: Grid = Grid::$grid;

            /// The number as this quantity.
            ///
            /// # Errors
            /// [`MathError::Negative`]; [`MathError::NotFinite`] for an `f64`;
            /// [`MathError::TooManyPlaces`] for a `Decimal` finer than the grid.
            #[inline]
            pub fn new(number: N) -> Result<Self, MathError> {
                number.on_grid(Self::GRID, Kind::$name).map(Self)
            }

            /// The bare number.
            #[must_use]
            #[inline]
            pub const fn get(self) -> N {
                self.0
            }

            /// Whether it is zero.
            #[must_use]
            #[inline]
            pub fn is_zero(self) -> bool {
                self.0.is_zero()
            }

            /// A float near the number, for plots and rough comparisons.
            #[must_use]
            #[inline]
            pub fn to_f64(self) -> f64 {
                self.0.approximate()
            }

            /// `⌊self · ratio⌋`, rounded once to the places that the result can carry.
            ///
            /// # Errors
            /// [`MathError::Overflow`], and those of a bare number that is not a ratio.
            #[inline]
            pub fn mul_down(self, ratio: impl IntoQuantity<Ratio<N>>) -> Result<Self, MathError> {
                let one = Ratio(N::ONE).exact()?;
                self.mul_div(ratio.into_quantity()?.exact()?, one, Fit::Alone, Rounding::Down)
            }

            /// `⌈self · ratio⌉`, rounded once to the places that the result can carry.
            ///
            /// # Errors
            /// As [`mul_down`](Self::mul_down).
            #[inline]
            pub fn mul_up(self, ratio: impl IntoQuantity<Ratio<N>>) -> Result<Self, MathError> {
                let one = Ratio(N::ONE).exact()?;
                self.mul_div(ratio.into_quantity()?.exact()?, one, Fit::Alone, Rounding::Up)
            }

            /// `self − part`, where `part` was once added to `self`: as `self - part`, but a sum of floats
            /// that has lost up to a millionth of the part to rounding leaves zero.
            ///
            /// # Errors
            /// [`MathError::Underflow`] when `part` is larger; [`MathError::Inexact`] when a `Decimal` cannot
            /// hold the difference.
            pub fn less_part(self, part: Self) -> Result<Self, MathError> {
                self.0.less_part(part.0).map(Self)
            }

            /// `self` as an exact expression, for formulas of one's own.
            ///
            /// # Errors
            /// None for a quantity made by [`new`](Self::new).
            #[inline]
            pub fn exact(self) -> Result<N::Exact, MathError> {
                self.0.exact(Self::GRID)
            }

            /// `self · factor` as an exact expression.
            ///
            /// # Errors
            /// None for a quantity made by [`new`](Self::new).
            #[inline]
            pub fn times(self, factor: u32) -> Result<N::Exact, MathError> {
                self.0.times(factor, Self::GRID)
            }

            /// `self · by / over` in one directed step: [`Number::mul_div`].
            ///
            /// # Errors
            /// [`MathError::DivisionByZero`], [`MathError::Overflow`].
            #[inline]
            pub fn mul_div(
                self,
                by: N::Exact,
                over: N::Exact,
                fit: Fit<Self>,
                rounding: Rounding,
            ) -> Result<Self, MathError> {
                self.0.mul_div(by, over, fit.map(Self::get), Self::GRID, rounding).map(Self)
            }

            /// `self` as a polynomial, for closed forms with a root.
            ///
            /// # Errors
            /// None for a quantity made by [`new`](Self::new).
            pub fn wide(self) -> Result<N::Wide, MathError> {
                self.exact().map(N::Wide::from)
            }

            /// A polynomial of this grid as the quantity: [`Number::from_wide`].
            ///
            /// # Errors
            /// What any step that led to the polynomial met; [`MathError::Overflow`] when it does not
            /// fit.
            pub fn from_wide(
                value: N::Wide,
                fit: Fit<Self>,
                rounding: Rounding,
            ) -> Result<Self, MathError> {
                N::from_wide(value, fit.map(Self::get), Self::GRID, rounding).map(Self)
            }
        }

        impl<N: Number> Add for $name<N> {
            type Output = Result<Self, MathError>;

            #[inline]
            fn add(self, rhs: Self) -> Self::Output {
                self.0.try_add(rhs.0).map(Self)
            }
        }

        impl<N: Number> Sub for $name<N> {
            type Output = Result<Self, MathError>;

            #[inline]
            fn sub(self, rhs: Self) -> Self::Output {
                self.0.try_sub(rhs.0).map(Self)
            }
        }

        impl<N: Number> PartialEq<N> for $name<N> {
            #[inline]
            fn eq(&self, other: &N) -> bool {
                self.0 == *other
            }
        }

        impl<N: Number> PartialOrd<N> for $name<N> {
            #[inline]
            fn partial_cmp(&self, other: &N) -> Option<Ordering> {
                self.0.partial_cmp(other)
            }
        }

        impl<N: Number> IntoQuantity<$name<N>> for $name<N> {
            #[inline]
            fn into_quantity(self) -> Result<Self, MathError> {
                Ok(self)
            }
        }

        impl<N: Number> IntoQuantity<$name<N>> for N {
            #[inline]
            fn into_quantity(self) -> Result<$name<N>, MathError> {
                $name::new(self)
            }
        }

        impl<const PLACES: u32> From<Fixed<PLACES>> for $name<Fixed<PLACES>> {
            #[inline]
            fn from(number: Fixed<PLACES>) -> Self {
                Self(number)
            }
        }

        impl<N: Number> fmt::Display for $name<N> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0.normalized(), f)
            }
        }

        impl<N: Number> FromStr for $name<N> {
            type Err = MathError;

            fn from_str(text: &str) -> Result<Self, MathError> {
                Self::new(N::parse(text, Kind::$name)?)
            }
        }

        #[cfg(feature = "serde")]
        impl<N: Number> serde::Serialize for $name<N> {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        #[cfg(feature = "serde")]
        impl<'de, N: Number> serde::Deserialize<'de> for $name<N> {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::text::deserialize(deserializer)
            }
        }
    };
}

quantity! {
    /// An amount of a token.
    Amount, Amount
}

quantity! {
    /// Shares of a common holding: a pool's liquidity tokens.
    Shares, Amount
}

quantity! {
    /// A ratio of two like quantities: a share of a pool, a loss, a price impact.
    Ratio, Rate
}

quantity! {
    /// A growth factor over time: what one unit at the start has become.
    Index, Rate
}

impl<N: Number> Ratio<N> {
    /// 1.
    pub const ONE: Self = Self(N::ONE);

    /// `⌊part / whole⌋`.
    ///
    /// # Errors
    /// [`MathError::DivisionByZero`], [`MathError::Overflow`], and those of a bare number that is not
    /// an amount.
    ///
    /// # Example
    /// ```
    /// use defi_math::Ratio;
    /// use rust_decimal::dec;
    ///
    /// assert_eq!(Ratio::of_down(dec!(2), dec!(3))?, dec!(0.666666666666666666666666666));
    /// assert_eq!(Ratio::of_up(dec!(2), dec!(3))?, dec!(0.666666666666666666666666667));
    /// # Ok::<(), defi_math::MathError>(())
    /// ```
    pub fn of_down(
        part: impl IntoQuantity<Amount<N>>,
        whole: impl IntoQuantity<Amount<N>>,
    ) -> Result<Self, MathError> {
        Self::of(part.into_quantity()?, whole.into_quantity()?, Rounding::Down)
    }

    /// `⌈part / whole⌉`.
    ///
    /// # Errors
    /// As [`of_down`](Self::of_down).
    pub fn of_up(
        part: impl IntoQuantity<Amount<N>>,
        whole: impl IntoQuantity<Amount<N>>,
    ) -> Result<Self, MathError> {
        Self::of(part.into_quantity()?, whole.into_quantity()?, Rounding::Up)
    }

    fn of(part: Amount<N>, whole: Amount<N>, rounding: Rounding) -> Result<Self, MathError> {
        Self::ONE.mul_div(part.exact()?, whole.exact()?, Fit::Alone, rounding)
    }
}

/// Growth applies to an amount as a ratio does.
impl<N: Number> IntoQuantity<Ratio<N>> for Index<N> {
    #[inline]
    fn into_quantity(self) -> Result<Ratio<N>, MathError> {
        Ok(Ratio(self.0))
    }
}

impl<N: Number> Index<N> {
    /// 1: no growth yet.
    pub const ONE: Self = Self(N::ONE);
}

/// A price: so much of a quote token for so much of a base token, as an exact fraction.
///
/// The price of a pool is the fraction of its reserves, whatever the decimals of the two tokens: in
/// base units, a token of 18 decimals worth 2,500 of one of 6 has the price 2.5·10⁻⁹, of which a
/// `Wad` would keep nine digits. Prices compare by cross-multiplication and are rounded only when
/// they become a number.
///
/// A price is positive, so that it has an [`inverse`](Self::inverse). Two `f64` prices are equal when
/// they are within [`RELATIVE_TOLERANCE`](crate::num::RELATIVE_TOLERANCE) of each other.
#[derive(Clone, Copy)]
pub struct Price<N: Number = Decimal> {
    quote: N::Exact,
    base: N::Exact,
}

impl<N: Number> Price<N> {
    /// `quote` units of the quote token for one of the base token.
    ///
    /// # Errors
    /// [`MathError::Zero`] for zero, [`MathError::Negative`], [`MathError::NotFinite`].
    pub fn new(quote: N) -> Result<Self, MathError> {
        let (quote, base) = quote.fraction(Kind::Price)?;
        Self::from_exact(quote, base)
    }

    /// `quote` of the quote token for `base` of the base token.
    ///
    /// # Errors
    /// [`MathError::Zero`] if either is zero; [`MathError::Negative`], [`MathError::NotFinite`] or
    /// [`MathError::TooManyPlaces`] for a bare number that is not an amount.
    pub fn from_amounts(
        quote: impl IntoQuantity<Amount<N>>,
        base: impl IntoQuantity<Amount<N>>,
    ) -> Result<Self, MathError> {
        Self::from_exact(quote.into_quantity()?.exact()?, base.into_quantity()?.exact()?)
    }

    pub(crate) fn from_exact(quote: N::Exact, base: N::Exact) -> Result<Self, MathError> {
        if quote.is_zero() || base.is_zero() {
            return Err(MathError::Zero(Kind::Price));
        }
        Ok(Self { quote, base })
    }

    /// The same price seen from the quote token.
    #[must_use]
    pub const fn inverse(self) -> Self {
        Self { quote: self.base, base: self.quote }
    }

    /// `⌊base · price⌋`: the worth of an amount of the base token, in the quote token.
    ///
    /// # Rounding
    /// Down, once: what somebody is paid.
    ///
    /// # Errors
    /// [`MathError::Overflow`], and those of a bare number that is not an amount.
    ///
    /// # Example
    /// ```
    /// use defi_math::Price;
    /// use rust_decimal::dec;
    ///
    /// // A thousand for three: no decimal number is that price.
    /// let price = Price::from_amounts(dec!(1_000), dec!(3))?;
    /// assert_eq!(price.quote_down(dec!(0.6))?, dec!(200));
    /// assert_eq!(price.quote_down(dec!(0.1))?, dec!(33.333333333333333333));
    /// assert_eq!(price.quote_up(dec!(0.1))?, dec!(33.333333333333333334));
    /// # Ok::<(), defi_math::MathError>(())
    /// ```
    pub fn quote_down(self, base: impl IntoQuantity<Amount<N>>) -> Result<Amount<N>, MathError> {
        base.into_quantity()?.mul_div(self.quote, self.base, Fit::Alone, Rounding::Down)
    }

    /// `⌈base · price⌉`: the same rounded up: what somebody has to pay.
    ///
    /// # Errors
    /// As [`quote_down`](Self::quote_down).
    pub fn quote_up(self, base: impl IntoQuantity<Amount<N>>) -> Result<Amount<N>, MathError> {
        base.into_quantity()?.mul_div(self.quote, self.base, Fit::Alone, Rounding::Up)
    }

    /// `⌊quote / base⌋`: the price as a number of quote units for one base unit, to 27 places of a `Decimal`.
    ///
    /// # Errors
    /// [`MathError::Overflow`].
    pub fn to_number_down(self) -> Result<N, MathError> {
        N::ONE.mul_div(self.quote, self.base, Fit::Alone, Grid::Rate, Rounding::Down)
    }

    /// `⌈quote / base⌉`: the same rounded up.
    ///
    /// # Errors
    /// As [`to_number_down`](Self::to_number_down).
    pub fn to_number_up(self) -> Result<N, MathError> {
        N::ONE.mul_div(self.quote, self.base, Fit::Alone, Grid::Rate, Rounding::Up)
    }

    /// The price of a whole token, from a price in base units: of two tokens with these decimals. Exact.
    ///
    /// ```text
    /// price · 10^(base_decimals − quote_decimals)
    /// ```
    ///
    /// # Errors
    /// [`MathError::Overflow`] when the decimals are too far apart for 256 bits: by 78 at the latest.
    ///
    /// # Example
    /// ```
    /// use defi_math::{Price, Wad};
    ///
    /// // A pool of 318 USDC (6 decimals) for one WETH (18 decimals), as its contract counts them.
    /// let raw = Price::from_amounts(
    ///     Wad::from_raw(318_000_000),
    ///     Wad::from_raw(1_000_000_000_000_000_000),
    /// )?;
    /// assert_eq!(raw.per_whole_token(6, 18)?, Price::new("318".parse::<Wad>()?)?);
    /// # Ok::<(), defi_math::MathError>(())
    /// ```
    pub fn per_whole_token(
        self,
        quote_decimals: u32,
        base_decimals: u32,
    ) -> Result<Self, MathError> {
        // 10^78 exceeds 256 bits; a float would not say so, however far the decimals are apart.
        const FARTHEST: u32 = 77;
        let shift = |part: N::Exact, places: u32| match places {
            0..=FARTHEST => (0..places).try_fold(part, |part, _| part.times(10)),
            _ => Err(MathError::Overflow),
        };
        Ok(Self {
            quote: shift(self.quote, base_decimals.saturating_sub(quote_decimals))?,
            base: shift(self.base, quote_decimals.saturating_sub(base_decimals))?,
        })
    }

    /// How many times the earlier price this one is: the `r` of
    /// [`impermanent_loss`](crate::amm::liquidity::impermanent_loss). Exact.
    ///
    /// # Errors
    /// [`MathError::Overflow`] above 256 bits.
    ///
    /// # Example
    /// ```
    /// use defi_math::Price;
    /// use rust_decimal::dec;
    ///
    /// let (then, now) = (Price::new(dec!(3_000))?, Price::new(dec!(2_000))?);
    /// assert_eq!(now.ratio_to(then)?, Price::from_amounts(dec!(2), dec!(3))?);
    /// # Ok::<(), defi_math::MathError>(())
    /// ```
    pub fn ratio_to(self, earlier: Self) -> Result<Self, MathError> {
        Self::from_exact(self.quote.product(earlier.base)?, self.base.product(earlier.quote)?)
    }

    /// A float near the price, for plots and rough comparisons.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        crate::num::quotient(self.quote.approximate(), self.base.approximate())
    }

    pub(crate) const fn parts(self) -> (N::Exact, N::Exact) {
        (self.quote, self.base)
    }
}

impl<N: Number> PartialEq for Price<N> {
    fn eq(&self, other: &Self) -> bool {
        self.partial_cmp(other) == Some(Ordering::Equal)
    }
}

impl<N: Number> PartialOrd for Price<N> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(N::cmp_products(self.quote, other.base, other.quote, self.base))
    }
}

impl<N: Number> fmt::Debug for Price<N> {
    /// The fraction is exact, its text is a float.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Price").field(&self.to_f64()).finish()
    }
}

impl<N: Number> IntoQuantity<Self> for Price<N> {
    #[inline]
    fn into_quantity(self) -> Result<Self, MathError> {
        Ok(self)
    }
}

impl<N: Number> IntoQuantity<Price<N>> for N {
    #[inline]
    fn into_quantity(self) -> Result<Price<N>, MathError> {
        Price::new(self)
    }
}

/// Shares and assets that convert into each other when `10^places` units of shares and one of assets are
/// nobody's: `S + 10^δ` and `A + 1`, as in OpenZeppelin's ERC-4626.
pub(crate) fn with_virtual_shares<N: Number>(
    supply: Shares<N>,
    assets: Amount<N>,
    places: u8,
) -> Result<(N::Exact, N::Exact), MathError> {
    let unit = N::UNIT.exact(Grid::Amount)?;
    let virtual_shares = (0..places).try_fold(unit, |shares, _| shares.times(10))?;
    Ok((supply.exact()?.plus(virtual_shares)?, assets.exact()?.plus(unit)?))
}

/// `numerator/denominator` in lowest terms, if both fit.
#[expect(clippy::cast_possible_truncation, reason = "both are matched to be in range")]
pub(crate) const fn lowest_terms(numerator: u128, denominator: u128) -> Option<(u32, u32)> {
    let (mut divisor, mut rest) = (numerator, denominator);
    while let Some(next) = divisor.checked_rem(rest) {
        (divisor, rest) = (rest, next);
    }
    match (numerator.checked_div(divisor), denominator.checked_div(divisor)) {
        (Some(numerator @ ..=LARGEST_TERM), Some(denominator @ 1..=LARGEST_TERM)) => {
            Some((numerator as u32, denominator as u32))
        }
        _ => None,
    }
}

const LARGEST_TERM: u128 = u32::MAX as u128;

/// The decimal as a fraction.
pub(crate) fn terms_of(value: Decimal, kind: Kind) -> Result<(u128, u128), MathError> {
    let numerator = u128::try_from(value.mantissa()).map_err(|_| MathError::Negative(kind))?;
    Ok((numerator, power_of_ten(value.scale())?))
}

/// A swap fee as a fraction in lowest terms, below one.
///
/// A fraction and not a rounded decimal, because a swap is one quotient of integers: with
/// 0.3 % = 3/1000 it is Uniswap's `997·dx·y / (1000·x + 997·dx)`, digit for digit.
///
/// # Example
///
/// ```
/// use defi_math::Fee;
/// use rust_decimal::dec;
///
/// assert_eq!(Fee::new(30, 10_000)?, Fee::PERCENT_0_30);
/// assert_eq!(Fee::from_basis_points(30)?, Fee::PERCENT_0_30);
/// assert_eq!(Fee::try_from(dec!(0.003))?, Fee::PERCENT_0_30);
/// assert_eq!(Fee::PERCENT_0_30.to_string(), "3/1000");
/// assert!(Fee::new(1, 1).is_err());
/// # Ok::<(), defi_math::MathError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fee {
    // What every quote multiplies by; the fee itself is asked for less often.
    kept: Gamma,
}

impl Fee {
    /// No fee.
    pub const ZERO: Self = Self { kept: Gamma::new(1, 1) };
    /// 0.01 %.
    pub const PERCENT_0_01: Self = Self { kept: Gamma::new(9_999, 10_000) };
    /// 0.05 %.
    pub const PERCENT_0_05: Self = Self { kept: Gamma::new(1_999, 2_000) };
    /// 0.25 %.
    pub const PERCENT_0_25: Self = Self { kept: Gamma::new(399, 400) };
    /// 0.30 %: Uniswap v2, SushiSwap.
    pub const PERCENT_0_30: Self = Self { kept: Gamma::new(997, 1_000) };
    /// 1 %.
    pub const PERCENT_1: Self = Self { kept: Gamma::new(99, 100) };

    /// `numerator/denominator` of what is paid in.
    ///
    /// # Errors
    /// [`MathError::OutOfRange`] unless `numerator < denominator`.
    pub const fn new(numerator: u32, denominator: u32) -> Result<Self, MathError> {
        Self::of(numerator as u128, denominator as u128)
    }

    const fn of(numerator: u128, denominator: u128) -> Result<Self, MathError> {
        match lowest_terms(numerator, denominator) {
            Some((numerator, denominator)) if numerator < denominator => {
                Ok(Self { kept: Gamma::new(denominator.saturating_sub(numerator), denominator) })
            }
            _ => Err(MathError::OutOfRange(Kind::Fee)),
        }
    }

    /// Hundredths of a percent: 30 is 0.3 %.
    ///
    /// # Errors
    /// [`MathError::OutOfRange`] from 10,000 on.
    pub const fn from_basis_points(basis_points: u32) -> Result<Self, MathError> {
        Self::new(basis_points, 10_000)
    }

    /// Millionths, as Uniswap v3 counts fees: 3,000 is 0.3 %.
    ///
    /// # Errors
    /// [`MathError::OutOfRange`] from 1,000,000 on.
    pub const fn from_pips(pips: u32) -> Result<Self, MathError> {
        Self::new(pips, 1_000_000)
    }

    /// The fee's numerator in lowest terms: `d − n` where `γ = n/d` is the part that trades.
    #[must_use]
    pub const fn numerator(self) -> u32 {
        // At most the denominator is kept, by construction.
        self.denominator().saturating_sub(self.kept())
    }

    /// The denominator in lowest terms: `d`.
    #[must_use]
    pub const fn denominator(self) -> u32 {
        self.kept.denominator()
    }

    /// `n = d − numerator`, the numerator of the part `γ = n/d` that trades.
    #[must_use]
    pub const fn kept(self) -> u32 {
        self.kept.numerator()
    }

    /// `γ = n/d = 1 − fee`: the part of what is paid in that trades.
    #[must_use]
    #[inline]
    pub const fn gamma(self) -> Gamma {
        self.kept
    }
}

impl TryFrom<Decimal> for Fee {
    type Error = MathError;

    /// A fraction of what is paid in: 0.003 is 0.3 %.
    ///
    /// # Errors
    /// [`MathError::Negative`]; [`MathError::OutOfRange`] from 1 on, and for a fraction whose lowest
    /// terms exceed 32 bits.
    fn try_from(fraction: Decimal) -> Result<Self, MathError> {
        let (numerator, denominator) = terms_of(fraction, Kind::Fee)?;
        Self::of(numerator, denominator)
    }
}

/// The part of the growth of `√k` that a pool pays to its protocol, as a fraction in lowest terms,
/// above zero and at most one.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct FeeShare {
    numerator: u32,
    denominator: u32,
}

impl FeeShare {
    /// A sixth of the growth, as Uniswap v2 takes it: 0.05 % of the 0.3 %.
    pub const ONE_SIXTH: Self = Self { numerator: 1, denominator: 6 };

    /// `numerator/denominator` of the growth.
    ///
    /// # Errors
    /// [`MathError::OutOfRange`] unless `0 < numerator ≤ denominator`.
    pub const fn new(numerator: u32, denominator: u32) -> Result<Self, MathError> {
        Self::of(numerator as u128, denominator as u128)
    }

    const fn of(numerator: u128, denominator: u128) -> Result<Self, MathError> {
        match lowest_terms(numerator, denominator) {
            Some((numerator, denominator)) if 0 < numerator && numerator <= denominator => {
                Ok(Self { numerator, denominator })
            }
            _ => Err(MathError::OutOfRange(Kind::FeeShare)),
        }
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
}

impl TryFrom<Decimal> for FeeShare {
    type Error = MathError;

    /// A fraction of the growth: 0.125 is an eighth.
    ///
    /// # Errors
    /// [`MathError::Negative`]; [`MathError::OutOfRange`] for zero, above 1, and for a fraction whose
    /// lowest terms exceed 32 bits.
    fn try_from(fraction: Decimal) -> Result<Self, MathError> {
        let (numerator, denominator) = terms_of(fraction, Kind::FeeShare)?;
        Self::of(numerator, denominator)
    }
}

macro_rules! fraction_text {
    ($name:ident) => {
        impl fmt::Display for $name {
            /// Numerator and denominator in lowest terms, as `3/1000`.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}/{}", self.numerator(), self.denominator())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }
    };
}

pub(crate) use fraction_text;

fraction_text!(Fee);
fraction_text!(FeeShare);
