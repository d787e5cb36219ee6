//! Selling the collateral of an unsafe position at a falling price.

use rust_decimal::Decimal;

use super::coins::in_coins;
use super::number::VaultNumber;
use super::{
    Coins, CollateralType, CollateralTypeState, Parameter, System, SystemState, UnitPrice,
    VaultError,
};
use crate::error::{Kind, MathError};
use crate::num::{Fit, Grid, Number, Rounding};
use crate::quantity::{Amount, IntoQuantity, Price, Ratio};
use crate::rate::{Elapsed, PerSecond, seconds};

/// How an auction's price falls with its age.
///
/// # Example
///
/// ```
/// use defi_math::rate::seconds;
/// use defi_math::vault::PriceCurve;
/// use defi_math::Ratio;
/// use rust_decimal::dec;
///
/// let linear: PriceCurve = PriceCurve::Linear { duration: seconds(3600) };
/// assert_eq!(linear.price(dec!(1000), seconds(360))?, dec!(900));
/// // One percent every 90 seconds.
/// let stairs: PriceCurve = PriceCurve::Stairstep { step: seconds(90), factor: Ratio::new(dec!(0.99))? };
/// assert_eq!(stairs.price(dec!(1000), seconds(100))?, dec!(990));
/// assert_eq!(stairs.price(dec!(1000), seconds(180))?, dec!(980.1));
/// # Ok::<(), defi_math::MathError>(())
/// ```
///
/// # Source
/// `LinearDecrease`, `StairstepExponentialDecrease`, `ExponentialDecrease` of dss's `abaci`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = ""))]
#[doc(alias = "calc")]
#[doc(alias = "abacus")]
pub enum PriceCurve<N: VaultNumber = Decimal> {
    /// Straight to zero.
    #[doc(alias = "LinearDecrease")]
    Linear {
        /// When it is zero.
        #[doc(alias = "tau")]
        duration: Elapsed<PerSecond>,
    },
    /// By a factor at every step.
    #[doc(alias = "StairstepExponentialDecrease")]
    Stairstep {
        /// The seconds of a step.
        step: Elapsed<PerSecond>,
        /// What a step leaves of the price, at most 1.
        #[doc(alias = "cut")]
        factor: Ratio<N::Rate>,
    },
    /// By a factor every second.
    #[doc(alias = "ExponentialDecrease")]
    Exponential {
        /// What a second leaves of the price, at most 1.
        #[doc(alias = "cut")]
        factor: Ratio<N::Rate>,
    },
}

impl<N: VaultNumber> PriceCurve<N> {
    /// The price at an age, from the price at the start.
    ///
    /// ```text
    /// linear       ⌊top·⌊(duration − age)/duration⌋⌋      0 from the duration on
    /// stairstep    ⌊top·rpow(factor, ⌊age/step⌋)⌋
    /// exponential  ⌊top·rpow(factor, age)⌋
    /// ```
    ///
    /// # Rounding
    /// `rpow` half up at each product, everything else down to 27 places, as the contracts do.
    ///
    /// # Errors
    /// [`MathError::DivisionByZero`] for a step of no time; [`MathError::Overflow`].
    pub fn price(
        &self,
        top: impl IntoQuantity<UnitPrice<N::Rate>>,
        age: Elapsed<PerSecond>,
    ) -> Result<UnitPrice<N::Rate>, MathError> {
        let (top, age) = (top.into_quantity()?, age.count());
        let left = match *self {
            Self::Linear { duration } => match duration.count().checked_sub(age) {
                Some(left @ 1..) => {
                    let one = N::Rate::ONE;
                    let (by, over) =
                        (one.times(left, Grid::Rate)?, one.times(duration.count(), Grid::Rate)?);
                    one.mul_div(by, over, Fit::Alone, Grid::Rate, Rounding::Down)?
                }
                _ => return Ok(UnitPrice::ZERO),
            },
            Self::Stairstep { step, factor } => {
                let steps = age.checked_div(step.count()).ok_or(MathError::DivisionByZero)?;
                N::pow_half_up(factor.get(), u64::from(steps))?
            }
            Self::Exponential { factor } => N::pow_half_up(factor.get(), u64::from(age))?,
        };
        top.times(left)
    }

    fn check(&self) -> Result<(), VaultError> {
        let (step, factor) = match *self {
            Self::Linear { .. } => return Ok(()),
            Self::Stairstep { step, factor } => (step, factor),
            Self::Exponential { factor } => (seconds(1), factor),
        };
        if step.count() == 0 || factor > Ratio::ONE {
            return Err(VaultError::OutOfRange(Parameter::PriceCurve));
        }
        Ok(())
    }
}

/// How far the auctions of a collateral type are stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[doc(alias = "stopped")]
pub enum Breaker {
    /// Everything goes on: level 0.
    Closed,
    /// No new auctions: level 1.
    NoStart,
    /// Nor resets: level 2.
    NoReset,
    /// Nor purchases: level 3.
    NoTake,
}

/// The terms on which collateral of one type is sold.
///
/// # Example
///
/// ```
/// use defi_math::rate::seconds;
/// use defi_math::vault::{AuctionHouse, AuctionTerms, PriceCurve};
/// use defi_math::Ratio;
/// use rust_decimal::dec;
///
/// let house: AuctionHouse = AuctionHouse::try_from(AuctionTerms {
///     buffer: Ratio::new(dec!(1.2))?,
///     maximum_age: seconds(2400),
///     minimum_price: Ratio::new(dec!(0.4))?,
///     ..AuctionTerms::on_curve(PriceCurve::Linear { duration: seconds(3600) })
/// })?;
/// // A curve that rises is refused.
/// let rising: PriceCurve = PriceCurve::Exponential { factor: Ratio::new(dec!(1.01))? };
/// assert!(AuctionHouse::try_from(AuctionTerms::on_curve(rising)).is_err());
/// # Ok::<(), defi_math::Error>(())
/// ```
///
/// # Source
/// `Clipper` of MakerDAO's dss.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(bound = "", try_from = "AuctionTerms<N>", into = "AuctionTerms<N>")
)]
#[doc(alias = "Clipper")]
pub struct AuctionHouse<N: VaultNumber = Decimal> {
    terms: AuctionTerms<N>,
}

/// Everything that an [`AuctionHouse`] remembers.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = ""))]
pub struct AuctionTerms<N: VaultNumber = Decimal> {
    /// How the price falls.
    #[doc(alias = "calc")]
    pub curve: PriceCurve<N>,
    /// The starting price over the market price: 1.2 starts 20 % above it.
    #[doc(alias = "buf")]
    pub buffer: Ratio<N::Rate>,
    /// The age beyond which an auction must be reset.
    #[doc(alias = "tail")]
    pub maximum_age: Elapsed<PerSecond>,
    /// The part of the starting price below which an auction must be reset.
    #[doc(alias = "cusp")]
    pub minimum_price: Ratio<N::Rate>,
    /// What the keeper gets for starting or resetting an auction.
    #[doc(alias = "tip")]
    pub fixed_incentive: Coins<N>,
    /// What the keeper gets besides, of what the auction has to raise. 18 places.
    #[doc(alias = "chip")]
    pub proportional_incentive: Ratio<N>,
    /// The least that a purchase may leave to be raised, unless it leaves nothing:
    /// [`CollateralType::smallest_remainder`], as it was when somebody last looked.
    #[doc(alias = "chost")]
    pub smallest_remainder: Coins<N>,
    /// How far the auctions are stopped.
    #[doc(alias = "stopped")]
    pub breaker: Breaker,
}

impl<N: VaultNumber> AuctionTerms<N> {
    /// No buffer, resets, incentives or floor: only a curve.
    #[must_use]
    pub const fn on_curve(curve: PriceCurve<N>) -> Self {
        Self {
            curve,
            buffer: Ratio::ONE,
            maximum_age: seconds(u32::MAX),
            minimum_price: Ratio::ZERO,
            fixed_incentive: Coins::ZERO,
            proportional_incentive: Ratio::ZERO,
            smallest_remainder: Coins::ZERO,
            breaker: Breaker::Closed,
        }
    }
}

impl<N: VaultNumber> TryFrom<AuctionTerms<N>> for AuctionHouse<N> {
    type Error = VaultError;

    /// # Errors
    /// [`VaultError::OutOfRange`] for a curve that rises or has a step of no time, and for a proportional
    /// incentive of more than 18 places.
    fn try_from(terms: AuctionTerms<N>) -> Result<Self, VaultError> {
        terms.curve.check()?;
        if terms.proportional_incentive.get().on_grid(Grid::Amount, Kind::Ratio).is_err() {
            return Err(VaultError::OutOfRange(Parameter::ProportionalIncentive));
        }
        Ok(Self { terms })
    }
}

impl<N: VaultNumber> From<AuctionHouse<N>> for AuctionTerms<N> {
    fn from(house: AuctionHouse<N>) -> Self {
        house.terms
    }
}

/// The price from which an auction falls, and the market price in coins.
struct Start<N: VaultNumber> {
    top: UnitPrice<N::Rate>,
    feed: UnitPrice<N::Rate>,
}

impl<N: VaultNumber> AuctionHouse<N> {
    /// Everything that it remembers.
    #[must_use]
    pub const fn terms(&self) -> &AuctionTerms<N> {
        &self.terms
    }

    /// The same house with its auctions stopped so far.
    #[must_use]
    pub const fn with_breaker(&self, breaker: Breaker) -> Self {
        Self { terms: AuctionTerms { breaker, ..self.terms } }
    }

    fn stopped_at(&self, level: Breaker) -> Result<(), VaultError> {
        if self.terms.breaker < level { Ok(()) } else { Err(VaultError::Stopped) }
    }

    /// `⌊⌊price/redemption_price⌋·buffer⌋`, and the market price in coins.
    fn starting_price(
        &self,
        market_price: Price<N>,
        system: &System<N>,
    ) -> Result<Start<N>, VaultError> {
        let feed = in_coins(market_price, system.state().redemption_price)?;
        let top = feed.times(self.terms.buffer.get())?;
        if top.is_zero() {
            return Err(VaultError::ZeroStartingPrice);
        }
        Ok(Start { top, feed })
    }

    /// `tip + ⌊tab·chip⌋`.
    fn incentive(&self, to_raise: Coins<N>) -> Result<Coins<N>, VaultError> {
        let proportional = to_raise.scaled(self.terms.proportional_incentive.get())?;
        Ok((self.terms.fixed_incentive + proportional)?)
    }

    /// Puts collateral on sale, and the keeper's incentive on the system's books.
    pub(super) fn start(
        &self,
        to_raise: Coins<N>,
        collateral: Amount<N>,
        market_price: Price<N>,
        system: &System<N>,
    ) -> Result<Reset<N>, VaultError> {
        self.stopped_at(Breaker::NoStart)?;
        if to_raise.is_zero() || collateral.is_zero() {
            return Err(VaultError::NothingToLiquidate);
        }
        let Start { top: starting_price, .. } = self.starting_price(market_price, system)?;
        let incentive = self.incentive(to_raise)?;
        let system = system.issue_unbacked(incentive)?;
        let auction = Auction { to_raise, collateral, starting_price };
        Ok(Reset { incentive, auction, system })
    }
}

/// Collateral on sale.
///
/// How old the auction is, since it was started or last reset, is an argument wherever it matters.
///
/// # Example
///
/// ```
/// use defi_math::rate::seconds;
/// use defi_math::vault::{Auction, AuctionHouse, AuctionTerms, Coins, PriceCurve};
/// use rust_decimal::dec;
///
/// let curve: PriceCurve = PriceCurve::Linear { duration: seconds(3600) };
/// let house: AuctionHouse = AuctionHouse::try_from(AuctionTerms::on_curve(curve))?;
/// let auction = Auction::new(dec!(1000), dec!(10), dec!(400))?;
/// assert_eq!(auction.price(seconds(1800), &house)?, dec!(200));
/// // Whoever wants all of it at 200 gets what raises 1000.
/// let purchase = auction.quote(dec!(10), dec!(200), seconds(1800), &house)?;
/// assert_eq!(purchase.collateral, dec!(5));
/// assert_eq!(purchase.paid, Coins::new(dec!(1000))?);
/// # Ok::<(), defi_math::Error>(())
/// ```
///
/// # Source
/// The `Sale` of `Clipper`.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = "", try_from = "StoredAuction<N>"))]
#[doc(alias = "Sale")]
pub struct Auction<N: VaultNumber = Decimal> {
    to_raise: Coins<N>,
    collateral: Amount<N>,
    starting_price: UnitPrice<N::Rate>,
}

/// An auction as it is read, before it is known to be one.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
#[serde(bound = "")]
struct StoredAuction<N: VaultNumber> {
    to_raise: Coins<N>,
    collateral: Amount<N>,
    starting_price: UnitPrice<N::Rate>,
}

#[cfg(feature = "serde")]
impl<N: VaultNumber> TryFrom<StoredAuction<N>> for Auction<N> {
    type Error = VaultError;

    fn try_from(stored: StoredAuction<N>) -> Result<Self, VaultError> {
        Self::new(stored.to_raise, stored.collateral, stored.starting_price)
    }
}

/// A purchase as an auction prices it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Purchase<N: VaultNumber = Decimal> {
    /// The collateral bought.
    #[doc(alias = "slice")]
    pub collateral: Amount<N>,
    /// What the buyer pays.
    #[doc(alias = "owe")]
    pub paid: Coins<N>,
    /// The price at which.
    pub price: UnitPrice<N::Rate>,
}

/// What a purchase leaves of an auction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome<N: VaultNumber = Decimal> {
    /// It goes on.
    Running(Auction<N>),
    /// All is raised, and the owner of the position gets the collateral that is left.
    Raised {
        /// What goes back to the owner.
        returned: Amount<N>,
    },
    /// All is sold, and what is not raised is lost.
    SoldOut {
        /// What is lost.
        shortfall: Coins<N>,
    },
}

/// A purchase, and what it leaves.
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct Take<N: VaultNumber = Decimal> {
    /// What was bought and paid.
    pub purchase: Purchase<N>,
    /// What is left of the auction.
    pub outcome: Outcome<N>,
    /// The collateral type after it.
    pub collateral_type: CollateralType<N>,
    /// The system after it: the payment is in its surplus.
    pub system: System<N>,
}

/// An auction set back to its start.
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct Reset<N: VaultNumber = Decimal> {
    /// The keeper's incentive: nothing when too little is left to sell or to raise.
    pub incentive: Coins<N>,
    /// The auction after it, of no age.
    pub auction: Auction<N>,
    /// The system after it.
    pub system: System<N>,
}

/// An auction taken off.
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct Cancellation<N: VaultNumber = Decimal> {
    /// The collateral that was not sold.
    pub collateral: Amount<N>,
    /// What was not raised.
    pub not_raised: Coins<N>,
    /// The collateral type after it.
    pub collateral_type: CollateralType<N>,
    /// The system after it.
    pub system: System<N>,
}

impl<N: VaultNumber> Auction<N> {
    /// An auction as it is stored, or read from a chain: what it has to raise, what it sells, and the
    /// price from which it falls.
    ///
    /// # Errors
    /// [`VaultError::NothingToLiquidate`] when there is nothing to raise or to sell;
    /// [`VaultError::ZeroStartingPrice`]; those of bare numbers that are not such quantities.
    pub fn new(
        to_raise: impl IntoQuantity<Coins<N>>,
        collateral: impl IntoQuantity<Amount<N>>,
        starting_price: impl IntoQuantity<UnitPrice<N::Rate>>,
    ) -> Result<Self, VaultError> {
        let (to_raise, collateral) = (to_raise.into_quantity()?, collateral.into_quantity()?);
        let starting_price = starting_price.into_quantity()?;
        if to_raise.is_zero() || collateral.is_zero() {
            return Err(VaultError::NothingToLiquidate);
        }
        if starting_price.is_zero() {
            return Err(VaultError::ZeroStartingPrice);
        }
        Ok(Self { to_raise, collateral, starting_price })
    }

    /// What is still to be raised: debt and penalty.
    #[doc(alias = "tab")]
    #[must_use]
    pub const fn to_raise(&self) -> Coins<N> {
        self.to_raise
    }

    /// What is still to be sold.
    #[doc(alias = "lot")]
    #[must_use]
    pub const fn collateral(&self) -> Amount<N> {
        self.collateral
    }

    /// The price from which it falls.
    #[doc(alias = "top")]
    #[must_use]
    pub const fn starting_price(&self) -> UnitPrice<N::Rate> {
        self.starting_price
    }

    /// The price at an age: [`PriceCurve::price`].
    ///
    /// # Errors
    /// As there.
    #[inline]
    pub fn price(
        &self,
        age: Elapsed<PerSecond>,
        house: &AuctionHouse<N>,
    ) -> Result<UnitPrice<N::Rate>, VaultError> {
        Ok(house.terms.curve.price(self.starting_price, age)?)
    }

    /// Whether it must be reset before anything is bought: older than the maximum, or its price, as a part
    /// of the starting price rounded down, below the minimum. Both strictly.
    ///
    /// # Errors
    /// As [`price`](Self::price).
    ///
    /// # Source
    /// `Clipper.status`.
    #[doc(alias = "needsRedo")]
    pub fn needs_reset(
        &self,
        age: Elapsed<PerSecond>,
        house: &AuctionHouse<N>,
    ) -> Result<bool, VaultError> {
        self.is_spent(self.price(age, house)?, age, house)
    }

    fn is_spent(
        &self,
        price: UnitPrice<N::Rate>,
        age: Elapsed<PerSecond>,
        house: &AuctionHouse<N>,
    ) -> Result<bool, VaultError> {
        if age > house.terms.maximum_age {
            return Ok(true);
        }
        let part = price.divided_by(self.starting_price.get())?.get();
        Ok(part < house.terms.minimum_price.get())
    }

    /// What a buyer of up to so much collateral gets and pays.
    ///
    /// ```text
    /// slice = min(lot, wanted),  owe = slice·price
    /// owe > tab:                                    owe = tab,             slice = ⌊owe/price⌋
    /// owe < tab, slice < lot, tab − owe < smallest: owe = tab − smallest,  slice = ⌊owe/price⌋
    /// ```
    ///
    /// # Rounding
    /// The collateral down, for the owner of the position; what is paid is exact.
    ///
    /// # Errors
    /// In the contract's order:
    /// - [`VaultError::NeedsReset`];
    /// - [`VaultError::AbovePriceLimit`] when the price is above `maximum_price`;
    /// - [`VaultError::NoPartialPurchase`] when so little is to be raised that only all of it can be
    ///   bought, and less was asked for.
    ///
    /// # Example
    /// ```
    /// use defi_math::rate::seconds;
    /// use defi_math::vault::{Auction, AuctionHouse, AuctionTerms, Coins, PriceCurve, VaultError};
    /// use rust_decimal::dec;
    ///
    /// let house: AuctionHouse = AuctionHouse::try_from(AuctionTerms {
    ///     smallest_remainder: Coins::new(dec!(300))?,
    ///     ..AuctionTerms::on_curve(PriceCurve::Linear { duration: seconds(3600) })
    /// })?;
    /// let auction = Auction::new(dec!(1000), dec!(10), dec!(400))?;
    /// let quote = |wanted, limit| auction.quote(wanted, limit, seconds(1800), &house);
    /// assert_eq!(quote(dec!(2), dec!(200))?.paid, Coins::new(dec!(400))?);
    /// // Four would leave 200, less than 300: so many are sold that 300 are left.
    /// assert_eq!(quote(dec!(4), dec!(200))?.collateral, dec!(3.5));
    /// assert_eq!(quote(dec!(4), dec!(199)), Err(VaultError::AbovePriceLimit));
    /// # Ok::<(), VaultError>(())
    /// ```
    ///
    /// # Source
    /// `Clipper.take`.
    pub fn quote(
        &self,
        wanted: impl IntoQuantity<Amount<N>>,
        maximum_price: impl IntoQuantity<UnitPrice<N::Rate>>,
        age: Elapsed<PerSecond>,
        house: &AuctionHouse<N>,
    ) -> Result<Purchase<N>, VaultError> {
        let (wanted, maximum_price) = (wanted.into_quantity()?, maximum_price.into_quantity()?);
        let price = self.price(age, house)?;
        if self.is_spent(price, age, house)? {
            return Err(VaultError::NeedsReset);
        }
        if maximum_price < price {
            return Err(VaultError::AbovePriceLimit);
        }
        let collateral = if wanted < self.collateral { wanted } else { self.collateral };
        let paid = Coins::worth(collateral, price)?;
        let bought_for = |paid: Coins<N>| {
            let fit = Fit::From(self.collateral);
            let collateral = paid.over(price.exact()?, fit, Rounding::Down)?;
            Ok(Purchase { collateral, paid, price })
        };
        if paid > self.to_raise {
            return bought_for(self.to_raise);
        }
        let smallest = house.terms.smallest_remainder;
        let partial = paid < self.to_raise && collateral < self.collateral;
        if partial && (self.to_raise - paid)? < smallest {
            if self.to_raise <= smallest {
                return Err(VaultError::NoPartialPurchase);
            }
            return bought_for((self.to_raise - smallest)?);
        }
        Ok(Purchase { collateral, paid, price })
    }

    /// Buys up to so much collateral: [`quote`](Self::quote), settled.
    ///
    /// The payment goes to the system's surplus. The auction ends when nothing is left to sell, or else
    /// nothing to raise; then the owner of the position gets the rest of the collateral.
    ///
    /// # Rounding
    /// As there.
    ///
    /// # Errors
    /// [`VaultError::Stopped`], then as [`quote`](Self::quote); [`VaultError::InvalidState`] when the auction
    /// is none of this collateral type's; [`VaultError::InsufficientCoins`] when there are not so many.
    ///
    /// # Example
    /// ```
    /// use defi_math::rate::seconds;
    /// use defi_math::vault::{
    ///     Auction, AuctionHouse, AuctionTerms, CollateralType, CollateralTypeState, Coins, Outcome,
    ///     PriceCurve, System, SystemState,
    /// };
    /// use defi_math::Amount;
    /// use rust_decimal::dec;
    ///
    /// let to_raise = Coins::new(dec!(1000))?;
    /// let auction: Auction = Auction::new(to_raise, dec!(10), dec!(400))?;
    /// let curve = PriceCurve::Linear { duration: seconds(3600) };
    /// let house = AuctionHouse::try_from(AuctionTerms::on_curve(curve))?;
    /// # let (issued, in_liquidation) = (Coins::new(dec!(5000))?, to_raise);
    /// # let system = System::try_from(SystemState { issued, in_liquidation, ..SystemState::empty()? })?;
    /// # let ether = CollateralType::try_from(CollateralTypeState {
    /// #     in_liquidation,
    /// #     ..CollateralTypeState::at_ratio(dec!(1.5))?
    /// # })?;
    /// // Two at 200, and then all that it takes.
    /// let age = seconds(1800);
    /// let take = auction.take(dec!(2), dec!(200), age, &house, &ether, &system)?;
    /// let Outcome::Running(rest) = take.outcome else { panic!() };
    /// assert_eq!(rest.to_raise(), Coins::new(dec!(600))?);
    /// let (ether, system) = (take.collateral_type, take.system);
    /// let take = rest.take(dec!(10), dec!(200), age, &house, &ether, &system)?;
    /// assert_eq!(take.purchase.collateral, dec!(3));
    /// assert_eq!(take.outcome, Outcome::Raised { returned: Amount::new(dec!(5))? });
    /// assert_eq!(take.system.state().surplus, to_raise);
    /// # Ok::<(), defi_math::Error>(())
    /// ```
    ///
    /// # Source
    /// `Clipper.take`, `Dog.digs`.
    #[doc(alias = "digs")]
    pub fn take(
        &self,
        wanted: impl IntoQuantity<Amount<N>>,
        maximum_price: impl IntoQuantity<UnitPrice<N::Rate>>,
        age: Elapsed<PerSecond>,
        house: &AuctionHouse<N>,
        collateral_type: &CollateralType<N>,
        system: &System<N>,
    ) -> Result<Take<N>, VaultError> {
        house.stopped_at(Breaker::NoTake)?;
        let purchase = self.quote(wanted, maximum_price, age, house)?;
        let to_raise = (self.to_raise - purchase.paid)?;
        let collateral = (self.collateral - purchase.collateral)?;
        let system = system.receive(purchase.paid)?;
        let (outcome, dug) = if collateral.is_zero() {
            (Outcome::SoldOut { shortfall: to_raise }, self.to_raise)
        } else if to_raise.is_zero() {
            (Outcome::Raised { returned: collateral }, purchase.paid)
        } else {
            (Outcome::Running(Self { to_raise, collateral, ..*self }), purchase.paid)
        };
        let (collateral_type, system) = dug_out(dug, collateral_type, &system)?;
        Ok(Take { purchase, outcome, collateral_type, system })
    }

    /// Starts over from the market price, when the auction is too old or its price too low.
    ///
    /// The keeper gets an incentive if what is to be raised, and the worth of what is to be sold, are not
    /// below the smallest remainder.
    ///
    /// # Errors
    /// In the contract's order: [`VaultError::Stopped`], [`VaultError::CannotReset`],
    /// [`VaultError::ZeroStartingPrice`].
    ///
    /// # Example
    /// ```
    /// use defi_math::Price;
    /// use defi_math::rate::seconds;
    /// use defi_math::vault::{
    ///     Auction, AuctionHouse, AuctionTerms, PriceCurve, System, VaultError,
    /// };
    /// use rust_decimal::dec;
    ///
    /// let system = System::new(dec!(1000000))?;
    /// let curve = PriceCurve::Linear { duration: seconds(3600) };
    /// let maximum_age = seconds(600);
    /// let house =
    ///     AuctionHouse::try_from(AuctionTerms { maximum_age, ..AuctionTerms::on_curve(curve) })?;
    /// let auction: Auction = Auction::new(dec!(1000), dec!(10), dec!(400))?;
    /// let market = Price::new(dec!(250))?;
    /// let early = auction.reset(market, seconds(600), &house, &system);
    /// assert_eq!(early.err(), Some(VaultError::CannotReset));
    /// let reset = auction.reset(market, seconds(601), &house, &system)?;
    /// assert_eq!(reset.auction.starting_price(), dec!(250));
    /// # Ok::<(), VaultError>(())
    /// ```
    ///
    /// # Source
    /// `Clipper.redo`.
    #[doc(alias = "redo")]
    pub fn reset(
        &self,
        market_price: impl IntoQuantity<Price<N>>,
        age: Elapsed<PerSecond>,
        house: &AuctionHouse<N>,
        system: &System<N>,
    ) -> Result<Reset<N>, VaultError> {
        let market_price = market_price.into_quantity()?;
        house.stopped_at(Breaker::NoReset)?;
        if !self.needs_reset(age, house)? {
            return Err(VaultError::CannotReset);
        }
        let Start { top: starting_price, feed } = house.starting_price(market_price, system)?;
        let smallest = house.terms.smallest_remainder;
        let worth = Coins::worth(self.collateral, feed)?;
        let incentive = if self.to_raise < smallest || worth < smallest {
            Coins::ZERO
        } else {
            house.incentive(self.to_raise)?
        };
        let system = system.issue_unbacked(incentive)?;
        Ok(Reset { incentive, auction: Self { starting_price, ..*self }, system })
    }

    /// Takes the auction off, its collateral going wherever the system's governance says.
    ///
    /// # Errors
    /// [`VaultError::InvalidState`] when the auction is none of this collateral type's.
    ///
    /// # Source
    /// `Clipper.yank`.
    #[doc(alias = "yank")]
    pub fn cancel(
        &self,
        collateral_type: &CollateralType<N>,
        system: &System<N>,
    ) -> Result<Cancellation<N>, VaultError> {
        let (collateral_type, system) = dug_out(self.to_raise, collateral_type, system)?;
        let (collateral, not_raised) = (self.collateral, self.to_raise);
        Ok(Cancellation { collateral, not_raised, collateral_type, system })
    }
}

/// What the auctions have to raise, less so much.
fn dug_out<N: VaultNumber>(
    coins: Coins<N>,
    collateral_type: &CollateralType<N>,
    system: &System<N>,
) -> Result<(CollateralType<N>, System<N>), VaultError> {
    let (terms, books) = (*collateral_type.state(), *system.state());
    let less =
        |all: Coins<N>| all.less_part(coins).map_err(|e| e.or_short(VaultError::InvalidState));
    let (of_all, of_type) = (less(books.in_liquidation)?, less(terms.in_liquidation)?);
    Ok((
        CollateralType::with(CollateralTypeState { in_liquidation: of_type, ..terms }),
        System::with(SystemState { in_liquidation: of_all, ..books }),
    ))
}
