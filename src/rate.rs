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
//! # Where to look
//!
//! A yearly rate is *nominal* (an APR) if it is the rate of a shorter unit times the units of a year, and
//! *effective* (an APY) if it is what that rate makes in a year with interest on interest.
//!
//! | from | to | by |
//! |---|---|---|
//! | a rate and a time | the interest, without interest on it | [`simple`](Rate::simple) |
//! | | the growth factor | [`compound_down`](Rate::compound_down), [`compound_three_terms_down`](Rate::compound_three_terms_down) |
//! | the rate of a shorter unit | the nominal yearly rate | [`nominal_per_year`](Rate::nominal_per_year) |
//! | | the effective yearly rate | [`effective_per_year_down`](Rate::effective_per_year_down) |
//! | a nominal yearly rate | the rate of a shorter unit | [`spread_down`](Rate::spread_down) |
//! | | the effective one | [`to_apy_down`](Rate::to_apy_down) |
//! | an effective yearly rate | the rate of a shorter unit | [`per_period_down`](Rate::per_period_down) |
//! | | the nominal one | [`to_apr_down`](Rate::to_apr_down) |
//!
//! Each `…_down` has its `…_up`, but for the one that is Aave's.
//!
//! # Laws
//!
//! - `compounding_never_pays_less_than_simple_interest`: `(1 + r)ⁿ ≥ 1 + r·n`.
//! - `pow_brackets_the_exact_power`: `compound_down ≤ (1 + r)ⁿ ≤ compound_up`.
//!
//! # Not laws
//!
//! - A spread rate times its units is not the yearly rate again: the quotient is rounded. It is never
//!   more when rounded down, never less when rounded up.
//! - An effective rate is not the nominal one: 5 % spread over the seconds of a year and compounded makes
//!   5.127 %.
//!
//! # Rounding
//!
//! `r·n` is a sum of equal rates, so it is exact. All else is rounded in the direction of its name: up
//! favours the lender, down the borrower. A compounded factor rounds each of its products, as contracts do. What
//! converts between a year and its periods rounds the whole power or root once, but for Maker's published rate,
//! which is cut in three steps.
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
//! [`Fixed::pow_half_up`](crate::num::Fixed::pow_half_up). Three terms of the growth as in
//! `MathUtils.calculateCompoundedInterest` of Aave v3, whose own digits are in
//! [`lending::aave`](crate::lending::aave).

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
    /// [`MathError::Negative`]; [`MathError::NotFinite`] for an `f64`; [`MathError::TooManyPlaces`] for a
    /// `Decimal` of more than 27 places.
    pub fn new(number: N) -> Result<Self, MathError> {
        number.on_grid(Grid::Rate, Kind::Rate).map(Self::of)
    }

    /// No growth at all.
    pub const ZERO: Self = Self::of(N::ZERO);

    const fn of(number: N) -> Self {
        Self { number, unit: PhantomData }
    }

    /// Whether it is zero.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.number.is_zero()
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

    /// `r·units`: the nominal yearly rate of which this is the part of one unit. Exact; nothing compounds.
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
    /// # Rounding
    /// Each product of the repeated squaring down: less than `n` units times the growth are lost.
    ///
    /// # Errors
    /// [`MathError::Overflow`]; [`MathError::Inexact`] when a `Decimal` cannot hold `1 + r`.
    ///
    /// # Example
    /// ```
    /// use defi_math::rate::{PerDay, Rate, days};
    /// use rust_decimal::dec;
    ///
    /// let daily = Rate::<_, PerDay>::new(dec!(0.0002))?;
    /// assert_eq!(daily.compound_down(days(2))?, dec!(1.00040004));
    /// assert!(daily.compound_down(days(365))? < daily.compound_up(days(365))?);
    /// # Ok::<(), defi_math::MathError>(())
    /// ```
    pub fn compound_down(self, elapsed: Elapsed<U>) -> Result<Index<N>, MathError> {
        self.compound(elapsed, Rounding::Down)
    }

    /// `⌈(1 + r)ⁿ⌉`: never less than the exact growth.
    ///
    /// # Rounding
    /// Each product of the repeated squaring up.
    ///
    /// # Errors
    /// As [`compound_down`](Self::compound_down).
    pub fn compound_up(self, elapsed: Elapsed<U>) -> Result<Index<N>, MathError> {
        self.compound(elapsed, Rounding::Up)
    }

    /// The first terms of the exact growth `(1 + r)ⁿ`, as Aave expands it, but rounded once:
    ///
    /// ```text
    /// ⌊1 + n·r + n(n−1)/2·r² + n(n−1)(n−2)/6·r³⌋
    /// ```
    ///
    /// The first two of them are simple interest, so the result lies between that and the exact growth,
    /// of which it lacks `(n·r)⁴/24·(1 + r)ⁿ` and a unit of the grid at most.
    ///
    /// # Rounding
    /// Down, once, for the borrower.
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
    ///
    /// # Source
    /// `MathUtils.calculateCompoundedInterest` of Aave v3.
    #[doc(alias = "calculateCompoundedInterest")]
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

    /// `⌊(1 + r)ⁿ − 1⌋`: what the rate makes in a year of so many periods, with interest on interest.
    ///
    /// # Rounding
    /// Down, once; [`compound_down`](Self::compound_down) rounds every product, as a contract does.
    ///
    /// # Errors
    /// [`MathError::Overflow`].
    ///
    /// # Example
    /// ```
    /// use defi_math::rate::{PerSecond, PerYear, Rate};
    /// use rust_decimal::dec;
    ///
    /// const YEAR: u32 = 31_536_000;
    /// let nominal = Rate::<_, PerYear>::new(dec!(0.05))?;
    /// let per_second = nominal.spread_down::<PerSecond>(YEAR)?;
    /// assert_eq!(per_second.nominal_per_year(YEAR)?.get().round_dp(9), dec!(0.05));
    /// assert_eq!(per_second.effective_per_year_down(YEAR)?.get().round_dp(9), dec!(0.051271096));
    /// # Ok::<(), defi_math::MathError>(())
    /// ```
    #[doc(alias = "APY")]
    pub fn effective_per_year_down(self, periods: u32) -> Result<Rate<N>, MathError> {
        self.number.grown(Growth::Over(periods), Rounding::Down).map(Rate::of)
    }

    /// `⌈(1 + r)ⁿ − 1⌉`: the same rounded up.
    ///
    /// # Errors
    /// As [`effective_per_year_down`](Self::effective_per_year_down).
    pub fn effective_per_year_up(self, periods: u32) -> Result<Rate<N>, MathError> {
        self.number.grown(Growth::Over(periods), Rounding::Up).map(Rate::of)
    }

    fn compound(self, elapsed: Elapsed<U>, rounding: Rounding) -> Result<Index<N>, MathError> {
        let factor = N::ONE.try_add(self.number)?;
        Index::new(factor.power(u64::from(elapsed.count), Grid::Rate, rounding)?)
    }
}

impl<N: Number> Rate<N, PerYear> {
    /// `⌊(1 + r)^(1/n) − 1⌋`: the rate that compounds to this one in a year of so many periods.
    ///
    /// # Rounding
    /// Down, once.
    ///
    /// # Errors
    /// [`MathError::DivisionByZero`] for no periods; [`MathError::Overflow`].
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

    /// `⌈(1 + r)^(1/n) − 1⌉`: the same rounded up.
    ///
    /// # Errors
    /// As [`per_period_down`](Self::per_period_down).
    pub fn per_period_up<U: Copy>(self, periods: u32) -> Result<Rate<N, U>, MathError> {
        self.number.grown(Growth::InOneOf(periods), Rounding::Up).map(Rate::of)
    }

    /// The rate by period that Maker's governance publishes and deploys, to the last place:
    ///
    /// ```text
    /// ⌊exp(⌊⌊ln(1 + r)⌋/n⌋)⌋ − 1
    /// ```
    ///
    /// Its table is made with `bc`, which cuts every step to 27 places. So it can be some units below the
    /// exact root ([`per_period_down`](Self::per_period_down)). That matters to nobody: for 5 % it makes
    /// 4.9999999999999999965 % in a year.
    ///
    /// # Rounding
    /// Down three times, over `f64` not at all.
    ///
    /// # Errors
    /// As [`per_period_down`](Self::per_period_down).
    ///
    /// # Source
    /// "Rates" of MakerDAO's documentation: `e( l(1.05)/(60 * 60 * 24 * 365) )` at `scale=27`.
    pub fn per_period_published<U: Copy>(self, periods: u32) -> Result<Rate<N, U>, MathError> {
        self.number.grown(Growth::InOneOfAsPublished(periods), Rounding::Down).map(Rate::of)
    }

    /// `⌊r / units⌋`: the part of a nominal yearly rate that falls to a shorter unit, of which a year has
    /// so many. Nothing compounds.
    ///
    /// # Rounding
    /// Down, once, for the borrower.
    ///
    /// # Errors
    /// [`MathError::DivisionByZero`] for no units.
    pub fn spread_down<U: Copy>(self, units_per_year: u32) -> Result<Rate<N, U>, MathError> {
        self.spread(units_per_year, Rounding::Down)
    }

    /// `⌈r / units⌉`: the same rounded up, for the lender.
    ///
    /// # Errors
    /// As [`spread_down`](Self::spread_down).
    pub fn spread_up<U: Copy>(self, units_per_year: u32) -> Result<Rate<N, U>, MathError> {
        self.spread(units_per_year, Rounding::Up)
    }

    /// The effective rate of a nominal one that is compounded so many times a year: APR to APY,
    /// `⌊(1 + ⌊r/m⌋)ᵐ − 1⌋`.
    ///
    /// # Rounding
    /// Down twice, the part of the rate and its power: never more than the exact one.
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
    /// # Rounding
    /// The root down: never more than the exact one, of which it lacks `m` units of the grid at most.
    ///
    /// # Errors
    /// [`MathError::DivisionByZero`] for no times; [`MathError::Overflow`]; [`MathError::Inexact`] when a
    /// `Decimal` cannot hold the multiple.
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
