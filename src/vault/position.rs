//! Collateral locked and coins drawn against it.

use core::cmp::Ordering;

use rust_decimal::Decimal;

use super::coins::wide_quotient;
use super::number::{VaultNumber, divided, ray};
use super::{
    Change, Coins, CollateralType, CollateralTypeState, System, SystemState, UnitPrice, VaultError,
};
use crate::error::MathError;
use crate::num::{Exact, Fit, Grid, Number, Rounding};
use crate::quantity::{Amount, IntoQuantity, Price, Ratio};

/// Collateral, and debt against it.
///
/// ```text
/// debt = art·rate      safe ⇔ art·rate ≤ ink·spot      exact products of 45 places
/// ```
///
/// # Example
///
/// ```
/// use defi_math::vault::{CollateralType, CollateralTypeState, Coins, Position, System, VaultError};
/// use defi_math::{Price, Ratio};
/// use rust_decimal::dec;
///
/// let system = System::new(dec!(1000000))?;
/// let ether = CollateralType::try_from(CollateralTypeState {
///     debt_floor: Coins::new(dec!(100))?,
///     ..CollateralTypeState::at_ratio(dec!(1.5))?
/// })?
/// .at_market_price(Price::new(dec!(3000))?, &system)?;
///
/// let locked = Position::EMPTY.lock(dec!(2), &ether, &system)?;
/// let drawn = locked.position.draw(dec!(4000), &locked.collateral_type, &locked.system)?;
/// // Exactly at the limit, which is allowed; one unit more is not.
/// assert!(drawn.position.is_safe(&drawn.collateral_type)?);
/// let more = drawn.position.draw(dec!(0.000000000000000001), &drawn.collateral_type, &drawn.system);
/// assert_eq!(more.err(), Some(VaultError::Unsafe));
/// // Nor is a debt of 50, below the floor.
/// let wiped = drawn.position.wipe(dec!(3950), &drawn.collateral_type, &drawn.system);
/// assert_eq!(wiped.err(), Some(VaultError::BelowDebtFloor));
/// # Ok::<(), VaultError>(())
/// ```
///
/// # Source
/// The `Urn` of MakerDAO's `Vat`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = ""))]
#[doc(alias = "urn")]
#[doc(alias = "Safe")]
#[doc(alias = "CDP")]
pub struct Position<N: VaultNumber = Decimal> {
    collateral: Amount<N>,
    normalized_debt: Amount<N>,
}

/// A change of a position: of its collateral and of its normalized debt, either of which may be nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = ""))]
pub struct Adjustment<N: VaultNumber = Decimal> {
    /// Collateral locked or freed.
    #[doc(alias = "dink")]
    pub collateral: Change<Amount<N>>,
    /// Normalized debt drawn or wiped.
    #[doc(alias = "dart")]
    pub normalized_debt: Change<Amount<N>>,
}

impl<N: VaultNumber> Adjustment<N> {
    /// Whether it leaves the position no riskier: no debt more, no collateral less. Anybody may do it, and
    /// at any price.
    #[must_use]
    pub fn is_no_riskier(&self) -> bool {
        !self.draws() && !matches!(self.collateral, Change::Decrease(freed) if !freed.is_zero())
    }

    fn draws(&self) -> bool {
        matches!(self.normalized_debt, Change::Increase(drawn) if !drawn.is_zero())
    }
}

/// A changed position.
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct Adjusted<N: VaultNumber = Decimal> {
    /// What was asked for.
    pub adjustment: Adjustment<N>,
    /// Coins created for the owner, or destroyed for whoever repaid.
    pub coins: Change<Coins<N>>,
    /// The position after it.
    pub position: Position<N>,
    /// The collateral type after it.
    pub collateral_type: CollateralType<N>,
    /// The system after it.
    pub system: System<N>,
}

/// What somebody holds in the system beside a position: unlocked collateral, and coins.
///
/// Optional: it is here for those who want the contract's refusal when a balance does not suffice.
///
/// # Example
/// ```
/// use defi_math::vault::{CollateralType, CollateralTypeState, Coins, Position, System, Wallet};
/// use defi_math::{Amount, Ratio};
/// use rust_decimal::dec;
///
/// let system = System::new(dec!(1000000))?;
/// let ether = CollateralType::try_from(CollateralTypeState::at_ratio(dec!(1.5))?)?;
/// let wallet = Wallet { collateral: Amount::new(dec!(2))?, coins: Coins::ZERO };
/// let locked = Position::EMPTY.lock(dec!(1.5), &ether, &system)?;
/// assert_eq!(wallet.settle(&locked)?.collateral, dec!(0.5));
/// assert!(wallet.settle(&locked)?.settle(&locked).is_err());
/// # Ok::<(), defi_math::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = ""))]
pub struct Wallet<N: VaultNumber = Decimal> {
    /// Unlocked collateral.
    #[doc(alias = "gem")]
    pub collateral: Amount<N>,
    /// Coins.
    #[doc(alias = "dai")]
    pub coins: Coins<N>,
}

impl<N: VaultNumber> Wallet<N> {
    /// The wallet after it has paid for a change of a position, or been paid by it.
    ///
    /// # Errors
    /// [`VaultError::InsufficientBalance`] when it cannot pay.
    pub fn settle(&self, adjusted: &Adjusted<N>) -> Result<Self, VaultError> {
        let short = |e: MathError| e.or_short(VaultError::InsufficientBalance);
        let collateral = match adjusted.adjustment.collateral {
            Change::Increase(locked) => self.collateral.less_part(locked).map_err(short)?,
            Change::Decrease(freed) => (self.collateral + freed)?,
        };
        let coins = match adjusted.coins {
            Change::Increase(drawn) => (self.coins + drawn)?,
            Change::Decrease(repaid) => self.coins.less_part(repaid).map_err(short)?,
        };
        Ok(Self { collateral, coins })
    }
}

impl<N: VaultNumber> Position<N> {
    /// Nothing locked and nothing owed.
    pub const EMPTY: Self = Self { collateral: Amount::ZERO, normalized_debt: Amount::ZERO };

    /// A position as it is stored, or read from a chain.
    ///
    /// # Errors
    /// Those of bare numbers that are not amounts.
    pub fn new(
        collateral: impl IntoQuantity<Amount<N>>,
        normalized_debt: impl IntoQuantity<Amount<N>>,
    ) -> Result<Self, VaultError> {
        Ok(Self {
            collateral: collateral.into_quantity()?,
            normalized_debt: normalized_debt.into_quantity()?,
        })
    }

    /// What is locked.
    #[doc(alias = "ink")]
    #[must_use]
    pub const fn collateral(&self) -> Amount<N> {
        self.collateral
    }

    /// What is owed, in what it would have been at the start of time.
    #[doc(alias = "art")]
    #[must_use]
    pub const fn normalized_debt(&self) -> Amount<N> {
        self.normalized_debt
    }

    /// `art·rate`: what is owed now, exactly.
    ///
    /// # Errors
    /// None but for a float beyond the range.
    #[doc(alias = "tab")]
    pub fn debt(&self, collateral_type: &CollateralType<N>) -> Result<Coins<N>, VaultError> {
        let rate = collateral_type.state().accumulated_rate;
        Ok(Coins::accumulated(self.normalized_debt, rate)?)
    }

    /// Whether `art·rate ≤ ink·spot`; a position without debt is safe at any price.
    ///
    /// # Rounding
    /// None: the products are compared exactly (for `f64`, within
    /// [`RELATIVE_TOLERANCE`](crate::num::RELATIVE_TOLERANCE)).
    ///
    /// # Errors
    /// None.
    ///
    /// # Example
    /// ```
    /// use defi_math::vault::{CollateralType, CollateralTypeState, Position};
    /// use rust_decimal::dec;
    ///
    /// let ether = CollateralType::try_from(CollateralTypeState::at_ratio(dec!(1.5))?)?
    ///     .at_safety_price(dec!(2000))?;
    /// assert!(Position::new(dec!(1), dec!(2000))?.is_safe(&ether)?);
    /// assert!(!Position::new(dec!(1), dec!(2000.000000000000000001))?.is_safe(&ether)?);
    /// # Ok::<(), defi_math::Error>(())
    /// ```
    #[inline]
    pub fn is_safe(&self, collateral_type: &CollateralType<N>) -> Result<bool, VaultError> {
        let CollateralTypeState { accumulated_rate, safety_price, .. } = collateral_type.state();
        let order = N::cmp_products(
            self.normalized_debt.exact()?,
            accumulated_rate.exact()?,
            self.collateral.exact()?,
            safety_price.exact()?,
        );
        Ok(order != Ordering::Greater)
    }

    /// Whether it can be liquidated: strictly unsafe, and there is a price.
    ///
    /// # Errors
    /// None.
    #[inline]
    pub fn is_unsafe(&self, collateral_type: &CollateralType<N>) -> Result<bool, VaultError> {
        Ok(!collateral_type.state().safety_price.is_zero() && !self.is_safe(collateral_type)?)
    }

    /// `⌊ink·price/debt⌋`, the worth of the collateral at a price in coins over the debt: at the
    /// liquidation ratio it is on the edge.
    ///
    /// # Rounding
    /// Down: never shown safer than it is.
    ///
    /// # Errors
    /// [`VaultError::NoDebt`]; [`MathError::Overflow`].
    ///
    /// # Example
    /// ```
    /// use defi_math::Price;
    /// use defi_math::vault::{CollateralType, CollateralTypeState, Position};
    /// use rust_decimal::dec;
    ///
    /// let ether = CollateralType::try_from(CollateralTypeState::at_ratio(dec!(1.5))?)?;
    /// let position = Position::new(dec!(10), dec!(15000))?;
    /// let ratio = position.collateralization_ratio(Price::new(dec!(3000))?, &ether)?;
    /// assert_eq!(ratio, dec!(2));
    /// # Ok::<(), defi_math::Error>(())
    /// ```
    pub fn collateralization_ratio(
        &self,
        price: impl IntoQuantity<Price<N>>,
        collateral_type: &CollateralType<N>,
    ) -> Result<Ratio<N::Rate>, VaultError> {
        let debt = self.debt(collateral_type)?;
        if debt.is_zero() {
            return Err(VaultError::NoDebt);
        }
        let ((quote, base), ray) = (price.into_quantity()?.parts(), ray::<N>()?);
        // ink·RAY has the debt's 45 places; another RAY for the ratio's 27.
        let factors = [self.collateral.exact()?, quote, ray.product(ray)?];
        Ok(Ratio::new(wide_quotient::<N>(factors, [base, debt.exact()])?)?)
    }

    /// The lowest safety price at which the position is safe: `⌈debt/ink⌉`.
    ///
    /// # Rounding
    /// Up: a unit of the 27th place less, and it is not safe.
    ///
    /// # Errors
    /// [`VaultError::NoDebt`]; [`VaultError::InsufficientCollateral`] for a debt against nothing;
    /// [`MathError::Overflow`].
    pub fn lowest_safety_price(
        &self,
        collateral_type: &CollateralType<N>,
    ) -> Result<UnitPrice<N::Rate>, VaultError> {
        let debt = self.debt(collateral_type)?;
        if debt.is_zero() {
            return Err(VaultError::NoDebt);
        }
        if self.collateral.is_zero() {
            return Err(VaultError::InsufficientCollateral);
        }
        let (debt, collateral) = (debt.exact(), self.collateral.exact()?);
        let price = divided::<N::Rate>(debt, collateral, Fit::Alone, Grid::Rate, Rounding::Up)?;
        Ok(UnitPrice::new(price)?)
    }

    /// The lowest market price at which the position is safe: at any lower one it can be liquidated.
    ///
    /// ```text
    /// ⌈⌈debt/ink⌉·liquidation_ratio⌉·redemption_price
    /// ```
    ///
    /// # Rounding
    /// Up where the price rounds down on its way to the safety price, so that the bound is sharp.
    ///
    /// # Errors
    /// As [`lowest_safety_price`](Self::lowest_safety_price);
    /// [`MathError::Overflow`].
    ///
    /// # Example
    /// ```
    /// use defi_math::vault::{CollateralType, CollateralTypeState, Position, System};
    /// use defi_math::{Price, Ratio};
    /// use rust_decimal::dec;
    ///
    /// let system = System::new(dec!(1000000))?;
    /// let ether = CollateralType::try_from(CollateralTypeState::at_ratio(dec!(1.5))?)?;
    /// let position = Position::new(dec!(10), dec!(10000))?;
    /// assert_eq!(position.liquidation_price(&ether, &system)?, Price::new(dec!(1500))?);
    /// # Ok::<(), defi_math::Error>(())
    /// ```
    pub fn liquidation_price(
        &self,
        collateral_type: &CollateralType<N>,
        system: &System<N>,
    ) -> Result<Price<N>, VaultError> {
        let lowest = self.lowest_safety_price(collateral_type)?.get();
        let ratio = collateral_type.state().liquidation_ratio.exact()?;
        let one = ray::<N>()?;
        let in_coins = lowest.mul_div(ratio, one, Fit::Alone, Grid::Rate, Rounding::Up)?;
        let quote = in_coins.exact(Grid::Rate)?;
        let par = system.state().redemption_price;
        if par == UnitPrice::ONE {
            return Ok(Price::from_exact(quote, one)?);
        }
        let quote = quote.product(par.exact()?)?;
        Ok(Price::from_exact(quote, one.product(one)?)?)
    }

    /// The most coins that [`draw`](Self::draw) would give: what the collateral is good for, under the
    /// ceilings; nothing if the debt would stay below the floor.
    ///
    /// # Rounding
    /// Down: one unit more is refused. A `Decimal` beyond 7.9·10⁷ has fewer places, and its unit is larger.
    ///
    /// # Errors
    /// [`VaultError::NotLive`], [`VaultError::NotInitialized`]; [`MathError::Overflow`];
    /// [`MathError::Inexact`] when a `Decimal` cannot hold the debt beside what could be drawn.
    ///
    /// # Example
    /// ```
    /// use defi_math::vault::{CollateralType, CollateralTypeState, Coins, Position, System};
    /// use rust_decimal::dec;
    ///
    /// let ether = CollateralType::try_from(CollateralTypeState {
    ///     debt_floor: Coins::new(dec!(5000))?,
    ///     ..CollateralTypeState::at_ratio(dec!(1.5))?
    /// })?
    /// .at_safety_price(dec!(2000))?;
    /// let position = Position::new(dec!(3), dec!(0))?;
    /// let most = |ceiling| position.maximum_draw(&ether, &System::new(ceiling)?);
    /// assert_eq!(most(dec!(100000))?, dec!(6000)); // its collateral
    /// assert_eq!(most(dec!(5500))?, dec!(5500)); // the ceiling
    /// assert_eq!(most(dec!(4999))?, dec!(0)); // below the floor
    /// # Ok::<(), defi_math::Error>(())
    /// ```
    pub fn maximum_draw(
        &self,
        collateral_type: &CollateralType<N>,
        system: &System<N>,
    ) -> Result<Amount<N>, VaultError> {
        let (terms, books) = (collateral_type.state(), system.state());
        if !books.live {
            return Err(VaultError::NotLive);
        }
        let good_for = Coins::worth(self.collateral, terms.safety_price)?;
        let most = collateral_type.normalized_down(good_for)?;
        // Nothing is left of less; what a `Decimal` cannot hold is refused.
        let less = |a: Amount<N>, b: Amount<N>| if a < b { Ok(Amount::ZERO) } else { a - b };
        let mut drawn = less(most, self.normalized_debt)?;
        let owed = |normalized| Coins::accumulated(normalized, terms.accumulated_rate);
        if owed((terms.normalized_debt + drawn)?)? > terms.debt_ceiling {
            let most = collateral_type.normalized_down(terms.debt_ceiling)?;
            drawn = less(most, terms.normalized_debt)?;
        }
        let room = books.debt_ceiling.saturating_minus(books.issued);
        if owed(drawn)? > room {
            drawn = collateral_type.normalized_down(room)?;
        }
        // A rate below 1 can draw less for the whole units than for the coins.
        let coins = owed(drawn)?.to_amount_down()?;
        let drawn = collateral_type.normalized_up(coins)?;
        if owed((self.normalized_debt + drawn)?)? < terms.debt_floor {
            return Ok(Amount::ZERO);
        }
        Ok(coins)
    }

    /// The most collateral that [`free`](Self::free) would give back.
    ///
    /// ```text
    /// ink − ⌈debt/spot⌉      all of it without debt, none if unsafe or with a debt below the floor
    /// ```
    ///
    /// # Rounding
    /// Down: one unit more is refused. A `Decimal` beyond 7.9·10⁷ has fewer places, and its unit is larger.
    ///
    /// # Errors
    /// [`VaultError::NotLive`], [`VaultError::NotInitialized`]; [`MathError::Overflow`].
    ///
    /// # Example
    /// ```
    /// use defi_math::vault::{CollateralType, CollateralTypeState, Position, System};
    /// use rust_decimal::dec;
    ///
    /// let system = System::new(dec!(1000000))?;
    /// let ether = CollateralType::try_from(CollateralTypeState::at_ratio(dec!(1.5))?)?
    ///     .at_safety_price(dec!(2000))?;
    /// let position = Position::new(dec!(3), dec!(5000))?;
    /// assert_eq!(position.maximum_free(&ether, &system)?, dec!(0.5));
    /// # Ok::<(), defi_math::Error>(())
    /// ```
    pub fn maximum_free(
        &self,
        collateral_type: &CollateralType<N>,
        system: &System<N>,
    ) -> Result<Amount<N>, VaultError> {
        let terms = collateral_type.state();
        if !system.state().live {
            return Err(VaultError::NotLive);
        }
        if terms.accumulated_rate.is_zero() {
            return Err(VaultError::NotInitialized);
        }
        let debt = self.debt(collateral_type)?;
        if self.normalized_debt.is_zero() {
            return Ok(self.collateral);
        }
        if debt < terms.debt_floor || !self.is_safe(collateral_type)? {
            return Ok(Amount::ZERO);
        }
        let price = terms.safety_price.exact()?;
        let needed = debt.over(price, Fit::From(self.collateral), Rounding::Up)?;
        // Only a float can need more than it is safe with.
        Ok(if self.collateral < needed { Amount::ZERO } else { (self.collateral - needed)? })
    }

    /// Locks collateral: `ink' = ink + collateral`.
    ///
    /// # Errors
    /// As [`adjust`](Self::adjust).
    ///
    /// # Source
    /// `lockGem` of dss-proxy-actions.
    pub fn lock(
        &self,
        collateral: impl IntoQuantity<Amount<N>>,
        collateral_type: &CollateralType<N>,
        system: &System<N>,
    ) -> Result<Adjusted<N>, VaultError> {
        self.adjust(
            Adjustment {
                collateral: Change::Increase(collateral.into_quantity()?),
                normalized_debt: Change::Increase(Amount::ZERO),
            },
            collateral_type,
            system,
        )
    }

    /// Frees collateral: `ink' = ink − collateral`, if it stays safe.
    ///
    /// # Errors
    /// As [`adjust`](Self::adjust).
    ///
    /// # Source
    /// `freeGem` of dss-proxy-actions.
    pub fn free(
        &self,
        collateral: impl IntoQuantity<Amount<N>>,
        collateral_type: &CollateralType<N>,
        system: &System<N>,
    ) -> Result<Adjusted<N>, VaultError> {
        self.adjust(
            Adjustment {
                collateral: Change::Decrease(collateral.into_quantity()?),
                normalized_debt: Change::Increase(Amount::ZERO),
            },
            collateral_type,
            system,
        )
    }

    /// Draws coins: `art' = art + ⌈coins/rate⌉`, if it stays safe.
    ///
    /// # Rounding
    /// The normalized debt up, for the system: what it makes beyond the asked amount, less than one unit
    /// times the rate, is drawn too.
    ///
    /// # Errors
    /// As [`adjust`](Self::adjust).
    ///
    /// # Example
    /// ```
    /// use defi_math::vault::{Change, CollateralType, CollateralTypeState, Coins, Position, System};
    /// use defi_math::Index;
    /// use rust_decimal::dec;
    ///
    /// let system = System::new(dec!(1000000))?;
    /// let ether = CollateralType::try_from(CollateralTypeState {
    ///     accumulated_rate: Index::new(dec!(1.25))?,
    ///     ..CollateralTypeState::at_ratio(dec!(1.5))?
    /// })?
    /// .at_safety_price(dec!(2000))?;
    /// // 100 coins are 80 of normalized debt, because what was drawn at first has grown by a quarter.
    /// let drawn = Position::new(dec!(1), dec!(0))?.draw(dec!(100), &ether, &system)?;
    /// assert_eq!(drawn.position.normalized_debt(), dec!(80));
    /// assert_eq!(drawn.coins, Change::Increase(Coins::new(dec!(100))?));
    /// # Ok::<(), defi_math::Error>(())
    /// ```
    ///
    /// # Source
    /// `_getDrawDart` of dss-proxy-actions.
    pub fn draw(
        &self,
        coins: impl IntoQuantity<Amount<N>>,
        collateral_type: &CollateralType<N>,
        system: &System<N>,
    ) -> Result<Adjusted<N>, VaultError> {
        let drawn = collateral_type.normalized_up(Coins::of(coins.into_quantity()?)?)?;
        self.adjust(
            Adjustment {
                collateral: Change::Increase(Amount::ZERO),
                normalized_debt: Change::Increase(drawn),
            },
            collateral_type,
            system,
        )
    }

    /// Repays coins, or all of the debt if it is less: `art' = art − min(⌊coins/rate⌋, art)`.
    ///
    /// # Rounding
    /// The normalized debt down, for the system; the receipt says what it took.
    ///
    /// # Errors
    /// As [`adjust`](Self::adjust).
    ///
    /// # Source
    /// `_getWipeDart` of dss-proxy-actions.
    pub fn wipe(
        &self,
        coins: impl IntoQuantity<Amount<N>>,
        collateral_type: &CollateralType<N>,
        system: &System<N>,
    ) -> Result<Adjusted<N>, VaultError> {
        let mut wiped = collateral_type.normalized_down(Coins::of(coins.into_quantity()?)?)?;
        if self.normalized_debt < wiped {
            wiped = self.normalized_debt;
        }
        self.repay(wiped, collateral_type, system)
    }

    /// Repays all of the debt: [`debt`](Self::debt), to the last of its 45 places.
    ///
    /// # Errors
    /// As [`adjust`](Self::adjust).
    ///
    /// # Source
    /// `wipeAll` of dss-proxy-actions.
    pub fn wipe_all(
        &self,
        collateral_type: &CollateralType<N>,
        system: &System<N>,
    ) -> Result<Adjusted<N>, VaultError> {
        self.repay(self.normalized_debt, collateral_type, system)
    }

    fn repay(
        &self,
        normalized_debt: Amount<N>,
        collateral_type: &CollateralType<N>,
        system: &System<N>,
    ) -> Result<Adjusted<N>, VaultError> {
        self.adjust(
            Adjustment {
                collateral: Change::Increase(Amount::ZERO),
                normalized_debt: Change::Decrease(normalized_debt),
            },
            collateral_type,
            system,
        )
    }

    /// Changes collateral and debt at once.
    ///
    /// Equality passes every limit, and what leaves the position no riskier is allowed at any price.
    ///
    /// # Rounding
    /// None: every limit is compared with an exact product.
    ///
    /// # Errors
    /// In the contract's order:
    /// - [`VaultError::NotLive`], [`VaultError::NotInitialized`];
    /// - [`VaultError::InsufficientCollateral`] if more is freed than is locked,
    ///   [`VaultError::RepaysTooMuch`] if more is wiped than is owed, [`VaultError::InvalidState`] if that is
    ///   more than all positions of the type owe, or than has been issued;
    /// - [`VaultError::AboveDebtCeiling`] when drawing beyond the type's ceiling or the system's;
    /// - [`VaultError::Unsafe`] if it would be riskier and not safe;
    /// - [`VaultError::BelowDebtFloor`] if it would be left with some debt, but less than the floor.
    ///
    /// Whether the wallets can pay is [`Wallet::settle`]'s to say, and the contract asks it last. Whose
    /// permission it takes is the caller's to know.
    ///
    /// # Example
    /// ```
    /// use defi_math::vault::{
    ///     Adjustment, Change, CollateralType, CollateralTypeState, Coins, Position, System, VaultError,
    /// };
    /// use defi_math::Amount;
    /// use rust_decimal::dec;
    ///
    /// let system = System::new(dec!(1000000))?;
    /// let ether = CollateralType::try_from(CollateralTypeState::at_ratio(dec!(1.5))?)?
    ///     .at_safety_price(dec!(2000))?;
    /// // Locks and draws at once; in the other order it would be refused.
    /// let change = Adjustment {
    ///     collateral: Change::Increase(Amount::new(dec!(1))?),
    ///     normalized_debt: Change::Increase(Amount::new(dec!(2000))?),
    /// };
    /// let opened = Position::EMPTY.adjust(change, &ether, &system)?;
    /// assert_eq!(opened.coins, Change::Increase(Coins::new(dec!(2000))?));
    /// let drawn = Position::EMPTY.draw(dec!(2000), &ether, &system);
    /// assert_eq!(drawn.err(), Some(VaultError::Unsafe));
    /// # Ok::<(), VaultError>(())
    /// ```
    ///
    /// # Source
    /// `Vat.frob`.
    #[doc(alias = "frob")]
    pub fn adjust(
        &self,
        adjustment: Adjustment<N>,
        collateral_type: &CollateralType<N>,
        system: &System<N>,
    ) -> Result<Adjusted<N>, VaultError> {
        let (terms, books) = (*collateral_type.state(), *system.state());
        if !books.live {
            return Err(VaultError::NotLive);
        }
        if terms.accumulated_rate.is_zero() {
            return Err(VaultError::NotInitialized);
        }
        let changed = |amount: Amount<N>, change, refusal| match change {
            Change::Increase(more) => Ok((amount + more)?),
            Change::Decrease(less) => amount.less_part(less).map_err(|e| e.or_short(refusal)),
        };
        let Adjustment { collateral, normalized_debt: debt_change } = adjustment;
        let position = Self {
            collateral: changed(self.collateral, collateral, VaultError::InsufficientCollateral)?,
            normalized_debt: changed(self.normalized_debt, debt_change, VaultError::RepaysTooMuch)?,
        };
        let normalized_debt = match debt_change {
            Change::Increase(drawn) => (terms.normalized_debt + drawn)?,
            Change::Decrease(wiped) => {
                let left = terms.normalized_debt.less_part(wiped);
                left.map_err(|e| e.or_short(VaultError::InvalidState))?
            }
        };
        let terms = CollateralTypeState { normalized_debt, ..terms };
        let collateral_type = CollateralType::with(terms);
        let (coins, issued) = match debt_change {
            Change::Increase(drawn) => {
                let coins = Coins::accumulated(drawn, terms.accumulated_rate)?;
                (Change::Increase(coins), (books.issued + coins)?)
            }
            Change::Decrease(wiped) => {
                let coins = Coins::accumulated(wiped, terms.accumulated_rate)?;
                let issued = books.issued.less_part(coins);
                let issued = issued.map_err(|e| e.or_short(VaultError::InvalidState))?;
                (Change::Decrease(coins), issued)
            }
        };
        let above = collateral_type.debt()?.exceeds(terms.debt_ceiling)
            || issued.exceeds(books.debt_ceiling);
        if adjustment.draws() && above {
            return Err(VaultError::AboveDebtCeiling);
        }
        if !adjustment.is_no_riskier() && !position.is_safe(&collateral_type)? {
            return Err(VaultError::Unsafe);
        }
        let debt = position.debt(&collateral_type)?;
        if !position.normalized_debt.is_zero() && terms.debt_floor.exceeds(debt) {
            return Err(VaultError::BelowDebtFloor);
        }
        let system = System::with(SystemState { issued, ..books });
        Ok(Adjusted { adjustment, coins, position, collateral_type, system })
    }
}
