//! The rate as a function of utilization.

use rust_decimal::Decimal;

use super::{LendingError, Parameter, over, times};
use crate::error::{Kind, MathError};
use crate::num::{Exact, Fit, Grid, Number, Rounding};
use crate::quantity::{Amount, IntoQuantity, Ratio};
use crate::rate::{PerBlock, PerYear, Rate};

/// `u = ⌊B / (C + B − R)⌋`: how much of what belongs to the suppliers is lent; 0 when nothing is.
///
/// It exceeds 1 when the reserves exceed the cash.
///
/// # Rounding
/// Down at the 18th place, as the contract: the rate is a trifle lower, for the borrowers.
///
/// # Errors
/// - [`MathError::Underflow`] when the reserves exceed cash and borrows.
/// - [`MathError::DivisionByZero`] when they equal them.
///
/// # Example
/// ```
/// use defi_math::lending::utilization;
/// use rust_decimal::dec;
///
/// assert_eq!(utilization(dec!(75), dec!(30), dec!(5))?, dec!(0.3));
/// assert_eq!(utilization(dec!(0), dec!(10), dec!(5))?, dec!(2));
/// assert_eq!(utilization(dec!(0), dec!(0), dec!(0))?, dec!(0));
/// # Ok::<(), defi_math::Error>(())
/// ```
///
/// # Source
/// `JumpRateModelV2.utilizationRate`.
#[doc(alias = "utilizationRate")]
#[inline]
pub fn utilization<N: Number>(
    cash: impl IntoQuantity<Amount<N>>,
    borrows: impl IntoQuantity<Amount<N>>,
    reserves: impl IntoQuantity<Amount<N>>,
) -> Result<Ratio<N>, LendingError> {
    let (cash, borrows) = (cash.into_quantity()?, borrows.into_quantity()?);
    let u = exact_utilization(cash, borrows, reserves.into_quantity()?)?;
    Ok(Ratio::new(at_18_places(u)?)?)
}

/// The utilization with all 18 places, also where a `Decimal` has fewer.
#[inline]
pub(super) fn exact_utilization<N: Number>(
    cash: Amount<N>,
    borrows: Amount<N>,
    reserves: Amount<N>,
) -> Result<N::Exact, MathError> {
    let borrowed = borrows.exact()?;
    if borrowed.is_zero() {
        return Ok(borrowed);
    }
    let whole = cash.exact()?.plus(borrowed)?.minus(reserves.exact()?)?;
    N::ONE.exact(Grid::Amount)?.scaled(borrowed, whole, Rounding::Down)
}

/// An expression of 18 places as the number that it is.
#[inline]
pub(super) fn at_18_places<N: Number>(value: N::Exact) -> Result<N, MathError> {
    N::from_wide(N::Wide::from(value), Fit::Alone, Grid::Amount, Rounding::Down)
}

/// A borrow rate that rises with utilization: in one slope, or in two with a kink between them.
///
/// ```text
/// b(u) = base + ⌊slope·u⌋                                        u ≤ kink
/// b(u) = base + ⌊slope·kink⌋ + ⌊jump·(u − kink)⌋                 u > kink
/// ```
///
/// What deployed contracts call `multiplier` is two things: in the white-paper model and the first jump
/// model the slope, in `JumpRateModelV2` the *rise reached at the kink*. Each has its own constructor:
/// [`kinked`](Self::kinked) takes slopes, [`kinked_by_rise`](Self::kinked_by_rise) the rise, and
/// [`two_slopes`](Self::two_slopes) both rises, as Aave states them.
///
/// # Rounding
/// Every product down at the 18th place (the 27th of a `Ray`), as the contract's, for the borrowers.
///
/// # Example
///
/// ```
/// use defi_math::lending::InterestRateModel;
/// use defi_math::rate::PerYear;
/// use rust_decimal::dec;
///
/// // 10 % + 20 %·u to 90 %, then 100 %·(u − 90 %).
/// let slopes = InterestRateModel::<_, PerYear>::kinked(dec!(0.1), dec!(0.2), dec!(0.9), dec!(1))?;
/// assert_eq!(slopes.borrow_rate(dec!(0.9))?.get(), dec!(0.28));
/// assert_eq!(slopes.borrow_rate(dec!(1))?.get(), dec!(0.38));
/// // The same number read as the rise at the kink.
/// let rise = InterestRateModel::<_, PerYear>::kinked_by_rise(dec!(0.1), dec!(0.2), dec!(0.8), dec!(1))?;
/// assert_eq!(rise.borrow_rate(dec!(0.8))?.get(), dec!(0.3));
/// # Ok::<(), defi_math::Error>(())
/// ```
///
/// # Source
/// `WhitePaperInterestRateModel`, `JumpRateModelV2`; Aave's `DefaultReserveInterestRateStrategy` for the
/// parameters of [`two_slopes`](Self::two_slopes), whose own digits are in [`aave`](super::aave).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(bound = "", try_from = "RateCurve<N, U>", into = "RateCurve<N, U>")
)]
pub struct InterestRateModel<N: Number = Decimal, U: Copy = PerBlock> {
    curve: RateCurve<N, U>,
}

/// The parameters of an [`InterestRateModel`], to be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = ""))]
pub struct RateCurve<N: Number = Decimal, U: Copy = PerBlock> {
    /// The rate at no utilization.
    #[doc(alias = "baseRatePerBlock")]
    pub base: Rate<N, U>,
    /// How much the rate rises for one unit of utilization, below the kink.
    #[doc(alias = "multiplierPerBlock")]
    pub slope: Rate<N, U>,
    /// Where the slope changes, if it does.
    pub kink: Option<Kink<N, U>>,
}

/// Where the slope of a rate changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = ""))]
pub struct Kink<N: Number = Decimal, U: Copy = PerBlock> {
    /// The utilization above which the second slope holds.
    pub at: Ratio<N>,
    /// How much the rate rises for one unit of utilization above it.
    #[doc(alias = "jumpMultiplierPerBlock")]
    pub jump: Rate<N, U>,
}

impl<N: Number, U: Copy> TryFrom<RateCurve<N, U>> for InterestRateModel<N, U> {
    type Error = LendingError;

    /// # Errors
    /// [`MathError::TooManyPlaces`] for a parameter finer than 18 places.
    fn try_from(curve: RateCurve<N, U>) -> Result<Self, LendingError> {
        let rate = |rate: Rate<N, U>| -> Result<Rate<N, U>, MathError> {
            Rate::new(rate.get().on_grid(Grid::Amount, Kind::Rate)?)
        };
        let kink = match curve.kink {
            Some(Kink { at, jump }) => {
                let at = at.get().on_grid(Grid::Amount, Kind::Ratio)?;
                Some(Kink { at: Ratio::new(at)?, jump: rate(jump)? })
            }
            None => None,
        };
        let curve = RateCurve { base: rate(curve.base)?, slope: rate(curve.slope)?, kink };
        Ok(Self { curve })
    }
}

impl<N: Number, U: Copy> From<InterestRateModel<N, U>> for RateCurve<N, U> {
    fn from(model: InterestRateModel<N, U>) -> Self {
        model.curve
    }
}

impl<N: Number, U: Copy> InterestRateModel<N, U> {
    /// `base + slope·u`: the white-paper model.
    ///
    /// # Errors
    /// Those of a number that is not a rate, or finer than 18 places.
    ///
    /// # Example
    /// ```
    /// use defi_math::lending::InterestRateModel;
    /// use defi_math::rate::PerYear;
    /// use rust_decimal::dec;
    ///
    /// let model = InterestRateModel::<_, PerYear>::linear(dec!(0.025), dec!(0.2))?;
    /// assert_eq!(model.borrow_rate(dec!(0.5))?.get(), dec!(0.125));
    /// # Ok::<(), defi_math::Error>(())
    /// ```
    ///
    /// # Source
    /// `WhitePaperInterestRateModel`.
    pub fn linear(base: N, slope: N) -> Result<Self, LendingError> {
        Self::try_from(RateCurve { base: Rate::new(base)?, slope: Rate::new(slope)?, kink: None })
    }

    /// `base + slope·u` to the kink, `jump·(u − kink)` more above it: `multiplier` as the slope.
    ///
    /// # Errors
    /// As [`linear`](Self::linear).
    ///
    /// # Source
    /// `JumpRateModel` (the first).
    pub fn kinked(base: N, slope: N, kink: N, jump: N) -> Result<Self, LendingError> {
        Self::try_from(RateCurve {
            base: Rate::new(base)?,
            slope: Rate::new(slope)?,
            kink: Some(Kink { at: Ratio::new(kink)?, jump: Rate::new(jump)? }),
        })
    }

    /// The same with the *rise reached at the kink* in place of the slope: `slope = ⌊rise/kink⌋`.
    ///
    /// # Errors
    /// [`MathError::DivisionByZero`] for a kink at zero, and as [`linear`](Self::linear).
    ///
    /// # Source
    /// `JumpRateModelV2`: spread over the blocks of a year, the slope is the contract's
    /// `multiplierPerYear·10¹⁸ / (blocksPerYear·kink)`, digit for digit.
    #[doc(alias = "multiplierPerYear")]
    pub fn kinked_by_rise(base: N, rise: N, kink: N, jump: N) -> Result<Self, LendingError> {
        Self::kinked(base, over(rise, kink, Rounding::Down)?, kink, jump)
    }

    /// The same with both rises: by `slope1` from no utilization to the optimal one, by `slope2` from
    /// there to all.
    ///
    /// # Errors
    /// [`LendingError::OutOfRange`] for an optimal utilization above 1;
    /// [`MathError::DivisionByZero`] for one of zero; as [`linear`](Self::linear).
    ///
    /// # Example
    /// ```
    /// use defi_math::lending::InterestRateModel;
    /// use defi_math::rate::PerYear;
    /// use rust_decimal::dec;
    ///
    /// // Optimal 80 %, base 1 %, then 4 %, then 75 %.
    /// let model = InterestRateModel::<_, PerYear>::two_slopes(
    ///     dec!(0.01), dec!(0.8), dec!(0.04), dec!(0.75),
    /// )?;
    /// assert_eq!(model.borrow_rate(dec!(0.8))?.get(), dec!(0.05));
    /// assert_eq!(model.borrow_rate(dec!(1))?.get(), dec!(0.80));
    /// # Ok::<(), defi_math::Error>(())
    /// ```
    ///
    /// # Source
    /// The parameters of Aave's `DefaultReserveInterestRateStrategy`.
    pub fn two_slopes(base: N, optimal: N, slope1: N, slope2: N) -> Result<Self, LendingError> {
        let beyond = LendingError::OutOfRange(Parameter::OptimalUtilization);
        let rest = N::ONE.try_sub(optimal).map_err(|e| e.or_short(beyond))?;
        let jump = if rest.is_zero() { N::ZERO } else { over(slope2, rest, Rounding::Down)? };
        Self::kinked_by_rise(base, slope1, optimal, jump)
    }

    /// The parameters.
    #[must_use]
    pub const fn curve(&self) -> &RateCurve<N, U> {
        &self.curve
    }

    /// `b(u)`: what borrowers pay.
    ///
    /// # Rounding
    /// Each product down, for the borrowers.
    ///
    /// # Errors
    /// [`MathError::Overflow`]; [`MathError::TooManyPlaces`] for a utilization finer than 18 places.
    ///
    /// # Source
    /// `getBorrowRate`.
    #[doc(alias = "getBorrowRate")]
    #[inline]
    pub fn borrow_rate(
        &self,
        utilization: impl IntoQuantity<Ratio<N>>,
    ) -> Result<Rate<N, U>, LendingError> {
        let u = utilization.into_quantity()?.get().exact(Grid::Amount)?;
        Ok(Rate::new(at_18_places(self.exact_borrow_rate(u)?)?)?)
    }

    /// The borrow rate with all 18 places, also where a `Decimal` has fewer.
    #[inline]
    pub(super) fn exact_borrow_rate(&self, u: N::Exact) -> Result<N::Exact, MathError> {
        let at = |number: N| number.exact(Grid::Amount);
        let one = at(N::ONE)?;
        let RateCurve { base, slope, kink } = self.curve;
        let slope = at(slope.get())?;
        let gentle = |u: N::Exact| u.scaled(slope, one, Rounding::Down);
        let rise = match kink {
            Some(Kink { at: kink, jump }) => {
                let kink = at(kink.get())?;
                if u > kink {
                    let steep = u.minus(kink)?.scaled(at(jump.get())?, one, Rounding::Down)?;
                    gentle(kink)?.plus(steep)?
                } else {
                    gentle(u)?
                }
            }
            None => gentle(u)?,
        };
        rise.plus(at(base.get())?)
    }

    /// `s = ⌊u·⌊b·(1 − f)⌋⌋`: what suppliers earn, the reserves' part taken off.
    ///
    /// # Rounding
    /// Down twice, as the contract.
    ///
    /// # Errors
    /// [`LendingError::OutOfRange`] for a reserve factor above 1; as
    /// [`borrow_rate`](Self::borrow_rate).
    ///
    /// # Example
    /// ```
    /// use defi_math::lending::InterestRateModel;
    /// use defi_math::rate::PerYear;
    /// use rust_decimal::dec;
    ///
    /// let model = InterestRateModel::<_, PerYear>::linear(dec!(0.02), dec!(0.1))?;
    /// // 7 % paid on half of it, a tenth of that to the reserves.
    /// assert_eq!(model.supply_rate(dec!(0.5), dec!(0.1))?.get(), dec!(0.0315));
    /// # Ok::<(), defi_math::Error>(())
    /// ```
    ///
    /// # Source
    /// `getSupplyRate`.
    #[doc(alias = "getSupplyRate")]
    pub fn supply_rate(
        &self,
        utilization: impl IntoQuantity<Ratio<N>>,
        reserve_factor: impl IntoQuantity<Ratio<N>>,
    ) -> Result<Rate<N, U>, LendingError> {
        let u = utilization.into_quantity()?;
        let factor = reserve_factor.into_quantity()?.get();
        let above = LendingError::OutOfRange(Parameter::ReserveFactor);
        let kept = N::ONE.try_sub(factor).map_err(|e| e.or_short(above))?;
        let to_pool = times(self.borrow_rate(u)?.get(), kept, Rounding::Down)?;
        Ok(Rate::new(times(u.get(), to_pool, Rounding::Down)?)?)
    }

    /// The least utilization at which borrowers pay this rate or more.
    ///
    /// ```text
    /// u = ⌈(b − base)/slope⌉                            b ≤ b(kink)
    /// u = kink + ⌈(b − b(kink))/jump⌉                   b > b(kink)
    /// ```
    ///
    /// # Rounding
    /// Up: one step of the grid less would pay less than the rate.
    ///
    /// # Errors
    /// [`LendingError::RateNotReached`] when the curve is flat below it; [`MathError::Overflow`].
    ///
    /// # Example
    /// ```
    /// use defi_math::lending::InterestRateModel;
    /// use defi_math::rate::{PerYear, Rate};
    /// use rust_decimal::dec;
    ///
    /// let model = InterestRateModel::<_, PerYear>::kinked(dec!(0.1), dec!(0.2), dec!(0.9), dec!(1))?;
    /// assert_eq!(model.utilization_at(Rate::new(dec!(0.2))?)?, dec!(0.5));
    /// assert_eq!(model.utilization_at(Rate::new(dec!(0.3))?)?, dec!(0.92));
    /// # Ok::<(), defi_math::Error>(())
    /// ```
    pub fn utilization_at(&self, rate: Rate<N, U>) -> Result<Ratio<N>, LendingError> {
        let RateCurve { base, slope, kink } = self.curve;
        let wanted = rate.get();
        if wanted <= base.get() {
            return Ok(Ratio::ZERO);
        }
        // ⌈(rise + from·slope)/slope⌉: the steps beyond a utilization, and that, in one division.
        let beyond = |from: N, rise: N, slope: N| -> Result<N, LendingError> {
            if slope.is_zero() {
                return Err(LendingError::RateNotReached);
            }
            let one = N::ONE.exact(Grid::Amount)?;
            let (rise, slope) = (rise.exact(Grid::Amount)?, slope.exact(Grid::Amount)?);
            let rise = rise.product(one)?.plus(from.exact(Grid::Amount)?.product(slope)?)?;
            let slope = slope.product(one)?;
            Ok(N::ONE.mul_div(rise, slope, Fit::Alone, Grid::Amount, Rounding::Up)?)
        };
        let u = match kink {
            Some(Kink { at, jump }) => {
                let at_kink = self.borrow_rate(at)?.get();
                if wanted <= at_kink {
                    beyond(N::ZERO, wanted.try_sub(base.get())?, slope.get())?
                } else {
                    beyond(at.get(), wanted.try_sub(at_kink)?, jump.get())?
                }
            }
            None => beyond(N::ZERO, wanted.try_sub(base.get())?, slope.get())?,
        };
        Ok(Ratio::new(u)?)
    }
}

impl<N: Number> InterestRateModel<N, PerYear> {
    /// The yearly model for a shorter unit, of which a year has `units_per_year`.
    ///
    /// # Rounding
    /// Base and slopes down at the 18th place, as the contract's constructor.
    ///
    /// # Errors
    /// [`MathError::DivisionByZero`].
    ///
    /// # Example
    /// ```
    /// use defi_math::Wad;
    /// use defi_math::lending::InterestRateModel;
    /// use defi_math::rate::{PerBlock, PerYear};
    ///
    /// // cUSDC's: no base, 4 % at 80 %, then 109 %, over 2,102,400 blocks a year.
    /// let percent = |n: u128| Wad::from_raw(n * 10_000_000_000_000_000);
    /// let model = InterestRateModel::<_, PerYear>::kinked_by_rise(
    ///     percent(0), percent(4), percent(80), percent(109),
    /// )?
    /// .spread_down::<PerBlock>(2_102_400)?;
    /// assert_eq!(model.curve().slope.get().raw(), 23_782_343_987);
    /// # Ok::<(), defi_math::Error>(())
    /// ```
    ///
    /// # Source
    /// `JumpRateModelV2.updateJumpRateModelInternal`.
    #[doc(alias = "blocksPerYear")]
    pub fn spread_down<U: Copy>(
        self,
        units_per_year: u32,
    ) -> Result<InterestRateModel<N, U>, LendingError> {
        let one = N::ONE.exact(Grid::Amount)?;
        let units = one.times(units_per_year)?;
        let spread = |rate: Rate<N, PerYear>| -> Result<Rate<N, U>, MathError> {
            let down = rate.get().mul_div(one, units, Fit::Alone, Grid::Amount, Rounding::Down);
            Rate::new(down?)
        };
        let RateCurve { base, slope, kink } = self.curve;
        let kink = match kink {
            Some(Kink { at, jump }) => Some(Kink { at, jump: spread(jump)? }),
            None => None,
        };
        InterestRateModel::try_from(RateCurve { base: spread(base)?, slope: spread(slope)?, kink })
    }
}
