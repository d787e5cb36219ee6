//! What all positions of one collateral share: their debt, its growth, and the terms.

use rust_decimal::Decimal;

use super::coins::in_coins;
use super::number::{VaultNumber, mul_rate};
use super::{Change, Coins, Parameter, System, SystemState, UnitPrice, VaultError};
use crate::error::{Kind, MathError};
use crate::num::{Fit, Grid, Number, Rounding};
use crate::quantity::{Amount, Index, IntoQuantity, Price, Ratio};
use crate::rate::{Elapsed, PerSecond, Rate};

/// One kind of collateral and the terms on which coins are drawn against it.
///
/// A position's debt is kept *normalized*, in what it would have been at the start of time; times the
/// accumulated rate it is what is owed now. So a fee for all positions is one multiplication.
///
/// # Example
///
/// ```
/// use defi_math::rate::{PerYear, Rate, seconds};
/// use defi_math::vault::{CollateralType, CollateralTypeState, System, per_second_factor};
/// use defi_math::{Price, Ratio};
/// use rust_decimal::dec;
///
/// let system = System::new(dec!(1000000))?;
/// let ether = CollateralType::try_from(CollateralTypeState {
///     // 5 % a year.
///     stability_fee: per_second_factor(Rate::<_, PerYear>::new(dec!(0.05))?)?,
///     ..CollateralTypeState::at_ratio(dec!(1.5))?
/// })?;
/// // A unit that sells for 3000 is good for 2000 coins.
/// let ether = ether.at_market_price(Price::new(dec!(3000))?, &system)?;
/// assert_eq!(ether.state().safety_price, dec!(2000));
///
/// // A year later everybody owes 5 % more.
/// let accrual = ether.accrue(seconds(31_536_000), &system)?;
/// let rate = accrual.collateral_type.state().accumulated_rate;
/// assert_eq!(rate.get().round_dp(18), dec!(1.05));
/// # Ok::<(), defi_math::Error>(())
/// ```
///
/// # Source
/// The `Ilk` of `Vat`, `Jug`, `Spotter` and `Dog` of MakerDAO's dss.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(bound = "", try_from = "CollateralTypeState<N>", into = "CollateralTypeState<N>")
)]
#[doc(alias = "ilk")]
pub struct CollateralType<N: VaultNumber = Decimal> {
    state: CollateralTypeState<N>,
}

/// Everything that a [`CollateralType`] remembers, to be stored or read from a chain.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = ""))]
pub struct CollateralTypeState<N: VaultNumber = Decimal> {
    /// The normalized debt of all its positions together.
    #[doc(alias = "Art")]
    pub normalized_debt: Amount<N>,
    /// What one unit of normalized debt has become.
    #[doc(alias = "rate")]
    pub accumulated_rate: Index<N::Rate>,
    /// The debt that one unit of collateral is good for.
    #[doc(alias = "spot")]
    pub safety_price: UnitPrice<N::Rate>,
    /// The most debt that drawing may leave.
    #[doc(alias = "line")]
    pub debt_ceiling: Coins<N>,
    /// The least debt that a position may be left with, unless it is left with none.
    #[doc(alias = "dust")]
    pub debt_floor: Coins<N>,
    /// The growth of debt in a second: 1 and the fee, to which the system's base fee is added. Below 1, debt
    /// shrinks.
    #[doc(alias = "duty")]
    pub stability_fee: Index<N::Rate>,
    /// The worth of collateral that a debt of one coin asks for: 1.5 is 150 %.
    #[doc(alias = "mat")]
    pub liquidation_ratio: Ratio<N::Rate>,
    /// What an auction has to raise for a coin of debt: 1.13 is a penalty of 13 %. 18 places.
    #[doc(alias = "chop")]
    pub liquidation_penalty: Ratio<N>,
    /// The most that its auctions together may have to raise.
    #[doc(alias = "hole")]
    pub liquidation_limit: Coins<N>,
    /// What they have to raise now.
    #[doc(alias = "dirt")]
    pub in_liquidation: Coins<N>,
}

impl<N: VaultNumber> CollateralTypeState<N> {
    /// No debt, fee, ceiling, floor or penalty yet, and no price: only a liquidation ratio.
    ///
    /// # Errors
    /// Those of a bare number that is not a ratio.
    pub fn at_ratio(
        liquidation_ratio: impl IntoQuantity<Ratio<N::Rate>>,
    ) -> Result<Self, MathError> {
        Ok(Self {
            normalized_debt: Amount::ZERO,
            accumulated_rate: Index::ONE,
            safety_price: UnitPrice::ZERO,
            debt_ceiling: Coins::MAX,
            debt_floor: Coins::ZERO,
            stability_fee: Index::ONE,
            liquidation_ratio: liquidation_ratio.into_quantity()?,
            liquidation_penalty: Ratio::ONE,
            liquidation_limit: Coins::LARGEST_LIMIT,
            in_liquidation: Coins::ZERO,
        })
    }
}

impl<N: VaultNumber> TryFrom<CollateralTypeState<N>> for CollateralType<N> {
    type Error = VaultError;

    /// # Errors
    /// [`VaultError::OutOfRange`] for a liquidation ratio of zero, and for a penalty below 1 or of more
    /// than 18 places; [`MathError::Overflow`] for a debt beyond the range.
    fn try_from(state: CollateralTypeState<N>) -> Result<Self, VaultError> {
        if state.liquidation_ratio.is_zero() {
            return Err(VaultError::OutOfRange(Parameter::LiquidationRatio));
        }
        let penalty = state.liquidation_penalty.get();
        let on_grid = penalty.on_grid(Grid::Amount, Kind::Ratio).is_ok();
        if penalty < N::ONE || !on_grid {
            return Err(VaultError::OutOfRange(Parameter::LiquidationPenalty));
        }
        let collateral_type = Self { state };
        collateral_type.debt()?;
        Ok(collateral_type)
    }
}

impl<N: VaultNumber> From<CollateralType<N>> for CollateralTypeState<N> {
    fn from(collateral_type: CollateralType<N>) -> Self {
        collateral_type.state
    }
}

/// A stability fee taken.
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct Accrual<N: VaultNumber = Decimal> {
    /// By how much the debt of all positions has grown, and the system's surplus with it; or shrunk.
    pub fee: Change<Coins<N>>,
    /// The collateral type after it.
    pub collateral_type: CollateralType<N>,
    /// The system after it.
    pub system: System<N>,
}

/// The growth in a second that makes so much in a year of 365 days, as Maker's published table of rates
/// has it: [`Rate::per_period_published`].
///
/// # Errors
/// [`MathError::Overflow`].
///
/// # Example
/// ```
/// use defi_math::Ray;
/// use defi_math::rate::{PerYear, Rate};
/// use defi_math::vault::per_second_factor;
///
/// let five_percent = Rate::<Ray, PerYear>::new("0.05".parse()?)?;
/// let factor = per_second_factor(five_percent)?;
/// assert_eq!(factor.get().raw(), 1_000_000_001_547_125_957_863_212_448);
/// # Ok::<(), defi_math::MathError>(())
/// ```
#[doc(alias = "duty")]
pub fn per_second_factor<R: Number>(yearly: Rate<R>) -> Result<Index<R>, MathError> {
    let rate = yearly.per_period_published::<PerSecond>(SECONDS_A_YEAR)?;
    Index::new(R::ONE.try_add(rate.get())?)
}

/// What a growth in a second makes in a year of 365 days, rounded down: 0.05 is 5 % a year.
///
/// # Errors
/// [`MathError::Underflow`] for a factor below 1; [`MathError::Overflow`].
///
/// # Example
/// ```
/// use defi_math::Ray;
/// use defi_math::vault::yearly_rate;
///
/// let factor = Ray::from_raw(1_000_000_001_547_125_957_863_212_448);
/// // The published factor is cut, and so a little below 5 %.
/// assert_eq!(yearly_rate(factor)?.to_string(), "0.049999999999999999965368547");
/// # Ok::<(), defi_math::MathError>(())
/// ```
pub fn yearly_rate<R: Number>(
    per_second: impl IntoQuantity<Index<R>>,
) -> Result<Rate<R>, MathError> {
    let rate = per_second.into_quantity()?.get().try_sub(R::ONE)?;
    Rate::<R, PerSecond>::new(rate)?.effective_per_year_down(SECONDS_A_YEAR)
}

const SECONDS_A_YEAR: u32 = 31_536_000;

impl<N: VaultNumber> CollateralType<N> {
    /// Everything that it remembers.
    #[must_use]
    pub const fn state(&self) -> &CollateralTypeState<N> {
        &self.state
    }

    pub(super) const fn with(state: CollateralTypeState<N>) -> Self {
        Self { state }
    }

    /// `Art·rate`: what all its positions owe together, exactly.
    ///
    /// # Errors
    /// None but for a float beyond the range.
    pub fn debt(&self) -> Result<Coins<N>, VaultError> {
        Ok(Coins::accumulated(self.state.normalized_debt, self.state.accumulated_rate)?)
    }

    /// Takes the stability fee of some seconds from all positions, for the system's surplus.
    ///
    /// ```text
    /// rate' = ⌊rpow(base_fee + stability_fee, seconds)·rate⌋     27 places
    /// fee   = Art·(rate' − rate)                                 exact
    /// ```
    ///
    /// # Rounding
    /// `rpow` rounds each product half up, as the contract does
    /// ([`Fixed::pow_half_up`](crate::num::Fixed::pow_half_up)); then down, for the positions.
    ///
    /// # Errors
    /// - [`MathError::Overflow`] where the contract reverts, and when the rate does not fit.
    /// - [`VaultError::NotLive`] after the shutdown.
    /// - [`VaultError::InsufficientSurplus`] when debt shrinks by more than the surplus.
    ///
    /// # Example
    /// ```
    /// use defi_math::rate::seconds;
    /// use defi_math::vault::{Change, CollateralType, CollateralTypeState, Coins, System, SystemState};
    /// use defi_math::{Amount, Index};
    /// use rust_decimal::dec;
    ///
    /// // A tenth of a percent a second, on 1000.
    /// let debt = dec!(1000);
    /// let ether = CollateralType::try_from(CollateralTypeState {
    ///     normalized_debt: Amount::new(debt)?,
    ///     stability_fee: Index::new(dec!(1.001))?,
    ///     ..CollateralTypeState::at_ratio(dec!(1.5))?
    /// })?;
    /// let issued = Coins::new(debt)?;
    /// let system = System::try_from(SystemState { issued, ..SystemState::empty()? })?;
    /// let accrual = ether.accrue(seconds(2), &system)?;
    /// assert_eq!(accrual.fee, Change::Increase(Coins::new(dec!(2.001))?));
    /// assert_eq!(accrual.system.state().surplus, Coins::new(dec!(2.001))?);
    /// # Ok::<(), defi_math::Error>(())
    /// ```
    ///
    /// # Source
    /// `Jug.drip`, `Vat.fold`.
    #[doc(alias = "drip")]
    #[doc(alias = "fold")]
    pub fn accrue(
        &self,
        elapsed: Elapsed<PerSecond>,
        system: &System<N>,
    ) -> Result<Accrual<N>, VaultError> {
        let books = *system.state();
        let per_second = books.base_fee.get().try_add(self.state.stability_fee.get())?;
        let growth = N::pow_half_up(per_second, u64::from(elapsed.count()))?;
        let accumulated_rate = Index::new(mul_rate(growth, self.state.accumulated_rate.get())?)?;
        if !books.live {
            return Err(VaultError::NotLive);
        }
        let after = Self { state: CollateralTypeState { accumulated_rate, ..self.state } };
        let (before, now) = (self.debt()?, after.debt()?);
        let (fee, books) = if now < before {
            let fee = (before - now)?;
            let surplus = books.surplus.less_part(fee);
            let surplus = surplus.map_err(|e| e.or_short(VaultError::InsufficientSurplus))?;
            let issued = books.issued.less_part(fee)?;
            (Change::Decrease(fee), SystemState { issued, surplus, ..books })
        } else {
            let fee = (now - before)?;
            let (issued, surplus) = ((books.issued + fee)?, (books.surplus + fee)?);
            (Change::Increase(fee), SystemState { issued, surplus, ..books })
        };
        Ok(Accrual { fee, collateral_type: after, system: System::with(books) })
    }

    /// The same collateral type with another stability fee from now on; what has elapsed since the last
    /// [`accrue`](Self::accrue) must be taken first.
    ///
    /// # Errors
    /// [`VaultError::FeeNotAccrued`] unless nothing has elapsed.
    ///
    /// # Source
    /// `Jug.file`.
    pub fn with_stability_fee(
        &self,
        per_second: impl IntoQuantity<Index<N::Rate>>,
        since_accrual: Elapsed<PerSecond>,
    ) -> Result<Self, VaultError> {
        if since_accrual.count() > 0 {
            return Err(VaultError::FeeNotAccrued);
        }
        let stability_fee = per_second.into_quantity()?;
        Ok(Self { state: CollateralTypeState { stability_fee, ..self.state } })
    }

    /// The same collateral type at a market price.
    ///
    /// ```text
    /// safety_price = ⌊⌊price/redemption_price⌋/liquidation_ratio⌋     27 places
    /// ```
    ///
    /// # Rounding
    /// Down twice, as the contract, for the system: a price that is too small for 27 places is then none.
    ///
    /// # Errors
    /// [`MathError::Overflow`] when the price does not fit; those of a bare number that is not a price.
    ///
    /// # Example
    /// ```
    /// use defi_math::vault::{CollateralType, CollateralTypeState, System};
    /// use rust_decimal::dec;
    ///
    /// let system = System::new(dec!(1000000))?;
    /// let ether = CollateralType::try_from(CollateralTypeState::at_ratio(dec!(1.5))?)?;
    /// assert_eq!(ether.at_market_price(dec!(3000), &system)?.state().safety_price, dec!(2000));
    /// # Ok::<(), defi_math::Error>(())
    /// ```
    ///
    /// # Source
    /// `Spotter.poke`.
    #[doc(alias = "poke")]
    pub fn at_market_price(
        &self,
        price: impl IntoQuantity<Price<N>>,
        system: &System<N>,
    ) -> Result<Self, VaultError> {
        let in_coins = in_coins(price.into_quantity()?, system.state().redemption_price)?;
        self.at_safety_price(in_coins.divided_by(self.state.liquidation_ratio.get())?)
    }

    /// The same collateral type at a given safety price; zero when there is no price to trust.
    ///
    /// # Errors
    /// Those of a bare number that is not a price.
    pub fn at_safety_price(
        &self,
        safety_price: impl IntoQuantity<UnitPrice<N::Rate>>,
    ) -> Result<Self, VaultError> {
        let safety_price = safety_price.into_quantity()?;
        Ok(Self { state: CollateralTypeState { safety_price, ..self.state } })
    }

    /// `⌈coins/rate⌉`: the normalized debt with which so many coins can be drawn.
    ///
    /// # Errors
    /// [`VaultError::NotInitialized`] for a rate of zero; [`MathError::Overflow`].
    pub fn normalized_up(
        &self,
        coins: impl IntoQuantity<Coins<N>>,
    ) -> Result<Amount<N>, VaultError> {
        self.normalized(coins.into_quantity()?, Rounding::Up)
    }

    /// `⌊coins/rate⌋`: the normalized debt that so many coins can repay.
    ///
    /// # Errors
    /// As [`normalized_up`](Self::normalized_up).
    pub fn normalized_down(
        &self,
        coins: impl IntoQuantity<Coins<N>>,
    ) -> Result<Amount<N>, VaultError> {
        self.normalized(coins.into_quantity()?, Rounding::Down)
    }

    fn normalized(&self, coins: Coins<N>, rounding: Rounding) -> Result<Amount<N>, VaultError> {
        if self.state.accumulated_rate.is_zero() {
            return Err(VaultError::NotInitialized);
        }
        let fit = Fit::To(self.state.normalized_debt);
        Ok(coins.over(self.state.accumulated_rate.exact()?, fit, rounding)?)
    }

    /// `⌊floor·penalty⌋`: the least that an auction may be left to raise, unless it is nothing.
    ///
    /// # Rounding
    /// Down, at the 45th place.
    ///
    /// # Errors
    /// [`MathError::Overflow`].
    ///
    /// # Source
    /// `Clipper.upchost`.
    #[doc(alias = "upchost")]
    pub fn smallest_remainder(&self) -> Result<Coins<N>, VaultError> {
        Ok(self.state.debt_floor.scaled(self.state.liquidation_penalty.get())?)
    }
}
