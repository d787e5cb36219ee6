//! Rates per unit of time, elapsed time, and compounding.
//!
//! A rate, `r`, and a time, `n`, carry their unit in the type, so that a yearly rate cannot be
//! multiplied by seconds. How many units a year has is the caller's to say: block times change.
//!
//! # Symbols
//!
//! | symbol | type | unit |
//! |---|---|---|
//! | `r` | [`Rate<_, U>`](Rate) | 1/U |
//! | `n` | [`Elapsed<U>`](Elapsed) | U |
//!
//! # Laws
//!
//! - `compounding_never_pays_less_than_simple_interest`: `(1 + r)ⁿ ≥ 1 + r·n`.
//! - `pow_brackets_the_exact_power`: `compound_down ≤ (1 + r)ⁿ ≤ compound_up`.
//!
//! # Not laws
//!
//! A spread rate times its units is not the yearly rate again: the quotient is rounded. It is never
//! more when rounded down, never less when rounded up.
//!
//! # Rounding
//!
//! `r·n` is a sum of equal rates, so it is exact. A power rounds each of its products in the named
//! direction: up favours the lender, down the borrower.
//!
//! # Example
//!
//! ```
//! use defi_math::rate::{PerDay, PerYear, Rate, days};
//! use rust_decimal::dec;
//!
//! // 7.3 % a year over 365 days.
//! let yearly = Rate::<_, PerYear>::new(dec!(0.073))?;
//! let daily = yearly.spread_down::<PerDay>(365)?;
//! assert_eq!(daily.get(), dec!(0.0002));
//! assert_eq!(daily.simple(days(30))?, dec!(0.006));
//! assert_eq!(daily.compound_up(days(2))?, dec!(1.00040004));
//! # Ok::<(), defi_math::MathError>(())
//! ```
//!
//! # Sources
//!
//! `accrueInterest` of Compound's CToken (simple interest within one step); `(1 + r)ⁿ` by repeated
//! squaring as in `Jug.rpow` of MakerDAO's dss, but with a direction. Maker's own half-up power is
//! [`Fixed::pow_half_up`](crate::num::Fixed::pow_half_up).

use core::fmt;
use core::marker::PhantomData;
use core::str::FromStr;

use rust_decimal::Decimal;

use crate::error::{Kind, MathError};
use crate::num::{Exact, Fit, Grid, Growth, Number, Rounding, Wide};
use crate::quantity::{Index, Ratio};

/// Per second: the unit of a [`Rate`], and of the [`Elapsed`] time that goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PerSecond;

/// Per block: the unit of a [`Rate`], and of the [`Elapsed`] time that goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PerBlock;

/// Per day: the unit of a [`Rate`], and of the [`Elapsed`] time that goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PerDay;

/// Per year: the unit of a [`Rate`], and of the [`Elapsed`] time that goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PerYear;

/// Elapsed time, counted in the unit of a rate: so many seconds, blocks, days or years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent, bound = ""))]
pub struct Elapsed<U> {
    count: u32,
    unit: PhantomData<U>,
}

impl<U: Copy> Elapsed<U> {
    /// This many units.
    #[must_use]
    pub const fn new(count: u32) -> Self {
        Self { count, unit: PhantomData }
    }

    /// How many units.
    #[must_use]
    pub const fn count(self) -> u32 {
        self.count
    }
}

/// So many seconds.
#[must_use]
pub const fn seconds(count: u32) -> Elapsed<PerSecond> {
    Elapsed::new(count)
}

/// So many blocks.
#[must_use]
pub const fn blocks(count: u32) -> Elapsed<PerBlock> {
    Elapsed::new(count)
}

/// So many days.
#[must_use]
pub const fn days(count: u32) -> Elapsed<PerDay> {
    Elapsed::new(count)
}

/// So many years.
#[must_use]
pub const fn years(count: u32) -> Elapsed<PerYear> {
    Elapsed::new(count)
}

/// A non-negative rate of growth per unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate<N = Decimal, U = PerYear> {
    number: N,
    unit: PhantomData<U>,
}

impl<N: Number, U: Copy> Rate<N, U> {
    /// A rate as a fraction: 0.05 is 5 % per unit of time.
    ///
    /// # Errors
    /// [`MathError::Negative`], [`MathError::NotFinite`].
    pub fn new(number: N) -> Result<Self, MathError> {
        number.on_grid(Grid::Rate, Kind::Rate).map(Self::of)
    }

    const fn of(number: N) -> Self {
        Self { number, unit: PhantomData }
    }

    /// The bare number.
    #[must_use]
    pub const fn get(self) -> N {
        self.number
    }

    /// `r·n`: simple interest over the time, exact.
    ///
    /// # Errors
    /// [`MathError::Overflow`]; [`MathError::Inexact`] when a `Decimal` has not enough places.
    pub fn simple(self, elapsed: Elapsed<U>) -> Result<Ratio<N>, MathError> {
        Ratio::new(self.number.multiple(elapsed.count)?)
    }

    /// `r·units`: the nominal yearly rate of which this is the part of one unit; exact, nothing compounds.
    ///
    /// # Errors
    /// [`MathError::Overflow`]; [`MathError::Inexact`] when a `Decimal` has not enough places.
    ///
    /// # Example
    /// ```
    /// use defi_math::Wad;
    /// use defi_math::rate::{PerBlock, Rate};
    ///
    /// let per_block = Rate::<_, PerBlock>::new(Wad::from_raw(23_782_343_987))?;
    /// assert_eq!(per_block.nominal_per_year(2_102_400)?.to_string(), "0.0499999999982688");
    /// # Ok::<(), defi_math::MathError>(())
    /// ```
    pub fn nominal_per_year(self, units_per_year: u32) -> Result<Rate<N, PerYear>, MathError> {
        Rate::new(self.number.multiple(units_per_year)?)
    }

    /// `⌊(1 + r)ⁿ⌋`: never more than the exact growth.
    ///
    /// # Errors
    /// [`MathError::Overflow`].
    pub fn compound_down(self, elapsed: Elapsed<U>) -> Result<Index<N>, MathError> {
        self.compound(elapsed, Rounding::Down)
    }

    /// `⌈(1 + r)ⁿ⌉`: never less than the exact growth.
    ///
    /// # Errors
    /// [`MathError::Overflow`].
    pub fn compound_up(self, elapsed: Elapsed<U>) -> Result<Index<N>, MathError> {
        self.compound(elapsed, Rounding::Up)
    }

    /// `⌊1 + n·r + n(n−1)/2·r² + n(n−1)(n−2)/6·r³⌋`: the first terms of the exact growth `(1 + r)ⁿ`, as Aave
    /// expands it, but rounded once.
    ///
    /// Simple interest is its first two terms, so it lies between that and the exact growth. It lacks at
    /// most `(n·r)⁴/24·(1 + r)ⁿ` of it, and a unit of the grid.
    ///
    /// # Errors
    /// [`MathError::Overflow`].
    ///
    /// # Example
    /// ```
    /// use defi_math::rate::{PerDay, Rate, days};
    /// use rust_decimal::dec;
    ///
    /// let daily = Rate::<_, PerDay>::new(dec!(0.01))?;
    /// assert_eq!(daily.simple(days(10))?, dec!(0.1));
    /// assert_eq!(daily.compound_three_terms_down(days(10))?, dec!(1.10462));
    /// assert_eq!(daily.compound_down(days(10))?.get().round_dp(9), dec!(1.104622125));
    /// # Ok::<(), defi_math::MathError>(())
    /// ```
    #[expect(
        clippy::arithmetic_side_effects,
        reason = "the operators of Wide remember an overflow and refuse it at the end"
    )]
    pub fn compound_three_terms_down(self, elapsed: Elapsed<U>) -> Result<Index<N>, MathError> {
        let n = elapsed.count;
        let one = N::Wide::from(N::ONE.exact(Grid::Rate)?);
        let r = N::Wide::from(self.number.exact(Grid::Rate)?);
        let int = N::Wide::integer;
        // Over one denominator, so that nothing is rounded before the end.
        let pairs = int(n) * int(n.saturating_sub(1));
        let triples = pairs * int(n.saturating_sub(2));
        let six = int(6);
        let sum = six * one * one * one
            + six * int(n) * r * one * one
            + int(3) * pairs * r * r * one
            + triples * r * r * r;
        let growth = sum.div_floor(six * one * one);
        Index::new(N::from_wide(growth, Fit::Alone, Grid::Rate, Rounding::Down)?)
    }

    fn compound(self, elapsed: Elapsed<U>, rounding: Rounding) -> Result<Index<N>, MathError> {
        let factor = N::ONE.try_add(self.number)?;
        Index::new(factor.power(u64::from(elapsed.count), Grid::Rate, rounding)?)
    }
}

impl<N: Number, U: Copy> Rate<N, U> {
    /// `⌊(1 + r)ⁿ − 1⌋`: what the rate makes in a year of so many periods, to the last place.
    ///
    /// [`compound_down`](Self::compound_down) rounds every product, as a contract does; this rounds once.
    ///
    /// # Errors
    /// [`MathError::Overflow`].
    pub fn effective_per_year_down(self, periods: u32) -> Result<Rate<N>, MathError> {
        self.number.grown(Growth::Over(periods), Rounding::Down).map(Rate::of)
    }

    /// `⌈(1 + r)ⁿ − 1⌉`: what the rate makes in a year of so many periods, to the last place.
    ///
    /// # Errors
    /// [`MathError::Overflow`].
    pub fn effective_per_year_up(self, periods: u32) -> Result<Rate<N>, MathError> {
        self.number.grown(Growth::Over(periods), Rounding::Up).map(Rate::of)
    }
}

impl<N: Number> Rate<N, PerYear> {
    /// `⌊(1 + r)^(1/n) − 1⌋`: the rate that compounds to this one in a year of so many periods.
    ///
    /// # Errors
    /// [`MathError::DivisionByZero`], [`MathError::Overflow`].
    ///
    /// # Example
    /// ```
    /// use defi_math::rate::{PerSecond, PerYear, Rate};
    /// use rust_decimal::dec;
    ///
    /// let yearly = Rate::<_, PerYear>::new(dec!(0.05))?;
    /// let rate = yearly.per_period_down::<PerSecond>(31_536_000)?;
    /// assert_eq!(rate.get(), dec!(0.000000001547125957863212449));
    /// // Maker's published rate comes from cut steps, and is a unit lower here.
    /// let rate = yearly.per_period_published::<PerSecond>(31_536_000)?;
    /// assert_eq!(rate.get(), dec!(0.000000001547125957863212448));
    /// # Ok::<(), defi_math::MathError>(())
    /// ```
    pub fn per_period_down<U: Copy>(self, periods: u32) -> Result<Rate<N, U>, MathError> {
        self.number.grown(Growth::InOneOf(periods), Rounding::Down).map(Rate::of)
    }

    /// `⌈(1 + r)^(1/n) − 1⌉`: the rate that compounds to this one in a year of so many periods.
    ///
    /// # Errors
    /// As [`per_period_down`](Self::per_period_down).
    pub fn per_period_up<U: Copy>(self, periods: u32) -> Result<Rate<N, U>, MathError> {
        self.number.grown(Growth::InOneOf(periods), Rounding::Up).map(Rate::of)
    }

    /// `⌊exp(⌊⌊ln(1 + r)⌋/n⌋)⌋ − 1`: the rate by period as Maker's governance publishes and deploys it,
    /// to the last place.
    ///
    /// Its table is made with `bc`, which cuts every step to 27 places. So it is up to some units below the
    /// exact root ([`per_period_down`](Self::per_period_down)), which is in nobody's interest and matters
    /// to nobody: for 5 % it makes 4.9999999999999999965 % in a year.
    ///
    /// # Errors
    /// As [`per_period_down`](Self::per_period_down).
    ///
    /// # Source
    /// "Rates" of MakerDAO's documentation: `e( l(1.05)/(60 * 60 * 24 * 365) )` at `scale=27`.
    pub fn per_period_published<U: Copy>(self, periods: u32) -> Result<Rate<N, U>, MathError> {
        self.number.grown(Growth::InOneOfAsPublished(periods), Rounding::Down).map(Rate::of)
    }

    /// `⌊r / units⌋`: the yearly rate for a shorter unit, of which a year has `units_per_year`.
    ///
    /// # Errors
    /// [`MathError::DivisionByZero`].
    pub fn spread_down<U: Copy>(self, units_per_year: u32) -> Result<Rate<N, U>, MathError> {
        self.spread(units_per_year, Rounding::Down)
    }

    /// `⌈r / units⌉`: the yearly rate for a shorter unit, of which a year has `units_per_year`.
    ///
    /// # Errors
    /// [`MathError::DivisionByZero`].
    pub fn spread_up<U: Copy>(self, units_per_year: u32) -> Result<Rate<N, U>, MathError> {
        self.spread(units_per_year, Rounding::Up)
    }

    /// The effective rate of a nominal one that is compounded so many times a year: APR to APY,
    /// `⌊(1 + ⌊r/m⌋)ᵐ − 1⌋`.
    ///
    /// # Errors
    /// [`MathError::DivisionByZero`] for no times; [`MathError::Overflow`].
    ///
    /// # Example
    /// ```
    /// use defi_math::rate::{PerYear, Rate};
    /// use rust_decimal::dec;
    ///
    /// let apr = Rate::<_, PerYear>::new(dec!(0.12))?;
    /// assert_eq!(apr.to_apy_down(12)?.get().round_dp(9), dec!(0.126825030));
    /// # Ok::<(), defi_math::MathError>(())
    /// ```
    #[doc(alias = "APY")]
    pub fn to_apy_down(self, times_a_year: u32) -> Result<Self, MathError> {
        self.spread_down::<PerYear>(times_a_year)?.effective_per_year_down(times_a_year)
    }

    /// The same rounded up: `⌈(1 + ⌈r/m⌉)ᵐ − 1⌉`.
    ///
    /// # Errors
    /// As [`to_apy_down`](Self::to_apy_down).
    pub fn to_apy_up(self, times_a_year: u32) -> Result<Self, MathError> {
        self.spread_up::<PerYear>(times_a_year)?.effective_per_year_up(times_a_year)
    }

    /// The nominal rate that becomes this effective one when it is compounded so many times a year: APY to
    /// APR, `m·⌊(1 + r)^(1/m) − 1⌋`.
    ///
    /// Never more than the exact one; it lacks `m` units of the grid at most.
    ///
    /// # Errors
    /// [`MathError::DivisionByZero`] for no times; [`MathError::Overflow`].
    ///
    /// # Example
    /// ```
    /// use defi_math::rate::{PerYear, Rate};
    /// use rust_decimal::dec;
    ///
    /// let apy = Rate::<_, PerYear>::new(dec!(0.21))?;
    /// assert_eq!(apy.to_apr_down(2)?.get(), dec!(0.2));
    /// # Ok::<(), defi_math::MathError>(())
    /// ```
    #[doc(alias = "APR")]
    pub fn to_apr_down(self, times_a_year: u32) -> Result<Self, MathError> {
        let step = self.per_period_down::<PerYear>(times_a_year)?;
        Self::new(step.number.multiple(times_a_year)?)
    }

    /// The same rounded up: `m·⌈(1 + r)^(1/m) − 1⌉`.
    ///
    /// # Errors
    /// As [`to_apr_down`](Self::to_apr_down).
    pub fn to_apr_up(self, times_a_year: u32) -> Result<Self, MathError> {
        let step = self.per_period_up::<PerYear>(times_a_year)?;
        Self::new(step.number.multiple(times_a_year)?)
    }

    fn spread<U: Copy>(self, units: u32, rounding: Rounding) -> Result<Rate<N, U>, MathError> {
        let one = N::ONE.exact(Grid::Rate)?;
        self.number.mul_div(one, one.times(units)?, Fit::Alone, Grid::Rate, rounding).map(Rate::of)
    }
}

impl<N: Number, U: Copy> fmt::Display for Rate<N, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.number.normalized(), f)
    }
}

impl<N: Number, U: Copy> FromStr for Rate<N, U> {
    type Err = MathError;

    fn from_str(text: &str) -> Result<Self, MathError> {
        Self::new(N::parse(text, Kind::Rate)?)
    }
}

#[cfg(feature = "serde")]
impl<N: Number, U: Copy> serde::Serialize for Rate<N, U> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "serde")]
impl<'de, N: Number, U: Copy> serde::Deserialize<'de> for Rate<N, U> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::text::deserialize(deserializer)
    }
}
