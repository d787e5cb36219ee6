//! The system as a whole: what has been issued, what backs it, and its own surplus and bad debt.

use rust_decimal::Decimal;

use super::number::VaultNumber;
use super::{Change, Coins, CollateralType, UnitPrice, VaultError};
use crate::error::MathError;
use crate::num::Number;
use crate::quantity::IntoQuantity;
use crate::rate::{PerSecond, Rate};

/// What all collateral types share: Maker's `Vow`, and what its `Vat` and `Dog` keep for all types together.
///
/// The coins in existence are all backed by somebody's debt or are unbacked, so that at any time
///
/// ```text
/// issued = unbacked + Σ normalized_debt·accumulated_rate        over the collateral types
/// ```
///
/// exactly, with nothing created or destroyed by any transition: [`is_balanced`](Self::is_balanced).
///
/// # Example
///
/// ```
/// use defi_math::vault::{Change, Coins, System};
/// use rust_decimal::dec;
///
/// // A subsidy of 100 coins, paid out of nothing, is bad debt until a surplus cancels it.
/// let system = System::new(dec!(1000000))?.issue_unbacked(dec!(100))?;
/// assert_eq!(system.net_worth()?, Change::Decrease(Coins::new(dec!(100))?));
/// # Ok::<(), defi_math::Error>(())
/// ```
///
/// # Source
/// `Vat`, `Vow` and `Dog` of MakerDAO's dss.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(bound = "", try_from = "SystemState<N>", into = "SystemState<N>")
)]
#[doc(alias = "Vat")]
#[doc(alias = "Vow")]
pub struct System<N: VaultNumber = Decimal> {
    state: SystemState<N>,
}

/// Everything that a [`System`] remembers, to be stored or read from a chain.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = ""))]
pub struct SystemState<N: VaultNumber = Decimal> {
    /// All coins in existence.
    #[doc(alias = "debt")]
    pub issued: Coins<N>,
    /// Of them, those that no position owes.
    #[doc(alias = "vice")]
    pub unbacked: Coins<N>,
    /// The most coins that drawing may leave issued.
    #[doc(alias = "Line")]
    pub debt_ceiling: Coins<N>,
    /// The stability fee of all collateral types together, beside each one's own.
    #[doc(alias = "base")]
    pub base_fee: Rate<N::Rate, PerSecond>,
    /// What one coin stands for, in the unit of the market prices.
    #[doc(alias = "par")]
    pub redemption_price: UnitPrice<N::Rate>,
    /// The coins that the system itself holds: fees, and what auctions have brought in.
    #[doc(alias = "joy")]
    pub surplus: Coins<N>,
    /// The debt that the system itself owes: of liquidated positions, and of what it has paid out.
    #[doc(alias = "sin")]
    #[doc(alias = "awe")]
    pub bad_debt: Coins<N>,
    /// The part of the bad debt that waits for its auctions, and must not be cancelled yet.
    #[doc(alias = "Sin")]
    pub queued_debt: Coins<N>,
    /// The part of the bad debt for which the system's own shares are on auction.
    #[doc(alias = "Ash")]
    pub debt_on_auction: Coins<N>,
    /// The most that all collateral auctions together may have to raise.
    #[doc(alias = "Hole")]
    pub liquidation_limit: Coins<N>,
    /// What they have to raise now.
    #[doc(alias = "Dirt")]
    pub in_liquidation: Coins<N>,
    /// Whether the system runs; not after its shutdown.
    pub live: bool,
}

impl<N: VaultNumber> SystemState<N> {
    /// A system in which nothing has happened: no fee, no limit, one coin worth 1.
    ///
    /// # Errors
    /// None: zero is a rate.
    pub fn empty() -> Result<Self, MathError> {
        Ok(Self {
            issued: Coins::ZERO,
            unbacked: Coins::ZERO,
            debt_ceiling: Coins::MAX,
            base_fee: Rate::new(N::Rate::ZERO)?,
            redemption_price: UnitPrice::ONE,
            surplus: Coins::ZERO,
            bad_debt: Coins::ZERO,
            queued_debt: Coins::ZERO,
            debt_on_auction: Coins::ZERO,
            liquidation_limit: Coins::LARGEST_LIMIT,
            in_liquidation: Coins::ZERO,
            live: true,
        })
    }
}

impl<N: VaultNumber> TryFrom<SystemState<N>> for System<N> {
    type Error = VaultError;

    /// # Errors
    /// [`VaultError::InvalidState`] when more is unbacked or in the system's surplus than has been issued,
    /// when more bad debt is waiting or on auction than there is, or when a coin stands for nothing.
    fn try_from(state: SystemState<N>) -> Result<Self, VaultError> {
        let spoken_for = (state.queued_debt + state.debt_on_auction)?;
        let invalid = state.surplus.exceeds(state.issued)
            || state.unbacked.exceeds(state.issued)
            || state.bad_debt.exceeds(state.unbacked)
            || spoken_for.exceeds(state.bad_debt)
            || state.redemption_price.is_zero();
        if invalid { Err(VaultError::InvalidState) } else { Ok(Self { state }) }
    }
}

impl<N: VaultNumber> From<System<N>> for SystemState<N> {
    fn from(system: System<N>) -> Self {
        system.state
    }
}

/// What has cancelled what.
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct Heal<N: VaultNumber = Decimal> {
    /// Surplus and bad debt that are gone.
    pub cancelled: Coins<N>,
    /// The system after it.
    pub after: System<N>,
}

impl<N: VaultNumber> System<N> {
    /// A system in which nothing has happened, with a ceiling for the coins that it may issue.
    ///
    /// # Errors
    /// Those of a bare number that is not an amount.
    pub fn new(debt_ceiling: impl IntoQuantity<Coins<N>>) -> Result<Self, VaultError> {
        let debt_ceiling = debt_ceiling.into_quantity()?;
        Self::try_from(SystemState { debt_ceiling, ..SystemState::empty()? })
    }

    /// Everything that the system remembers.
    #[must_use]
    pub const fn state(&self) -> &SystemState<N> {
        &self.state
    }

    pub(super) const fn with(state: SystemState<N>) -> Self {
        Self { state }
    }

    /// Whether every coin is accounted for: issued is what is unbacked and what the collateral types owe.
    ///
    /// Exact; for `f64`, within [`RELATIVE_TOLERANCE`](crate::num::RELATIVE_TOLERANCE).
    ///
    /// # Errors
    /// [`MathError::Overflow`].
    pub fn is_balanced<'a>(
        &self,
        collateral_types: impl IntoIterator<Item = &'a CollateralType<N>>,
    ) -> Result<bool, VaultError> {
        let mut backing = self.state.unbacked;
        for collateral_type in collateral_types {
            backing = (backing + collateral_type.debt()?)?;
        }
        let issued = self.state.issued;
        Ok(!issued.exceeds(backing) && !backing.exceeds(issued))
    }

    /// Surplus less bad debt: above zero, what the system could pay out; below, what it lacks.
    ///
    /// # Errors
    /// None but for a float beyond the range.
    pub fn net_worth(&self) -> Result<Change<Coins<N>>, VaultError> {
        let SystemState { surplus, bad_debt, .. } = self.state;
        Ok(if surplus < bad_debt {
            Change::Decrease((bad_debt - surplus)?)
        } else {
            Change::Increase((surplus - bad_debt)?)
        })
    }

    /// The bad debt that may be cancelled or auctioned: neither waiting nor on auction.
    ///
    /// # Errors
    /// None: a system holds no less.
    #[doc(alias = "Woe")]
    pub fn healable_debt(&self) -> Result<Coins<N>, VaultError> {
        let SystemState { bad_debt, queued_debt, debt_on_auction, .. } = self.state;
        Ok(bad_debt.less_part(queued_debt)?.less_part(debt_on_auction)?)
    }

    /// Cancels so much surplus against so much bad debt.
    ///
    /// # Errors
    /// In the contract's order: [`VaultError::InsufficientSurplus`], [`VaultError::InsufficientBadDebt`].
    ///
    /// # Example
    /// ```
    /// use defi_math::vault::{Coins, System, VaultError};
    /// use rust_decimal::dec;
    ///
    /// // 100 coins of bad debt, of which 60 have come back.
    /// let system = System::new(dec!(1000))?.issue_unbacked(dec!(100))?.receive(dec!(60))?;
    /// assert_eq!(system.heal(dec!(61)).err(), Some(VaultError::InsufficientSurplus));
    /// let healed = system.heal(dec!(60))?.after;
    /// assert_eq!(healed.state().bad_debt, Coins::new(dec!(40))?);
    /// assert_eq!(healed.state().issued, Coins::new(dec!(40))?);
    /// # Ok::<(), VaultError>(())
    /// ```
    ///
    /// # Source
    /// `Vow.heal`.
    pub fn heal(&self, coins: impl IntoQuantity<Coins<N>>) -> Result<Heal<N>, VaultError> {
        let coins = coins.into_quantity()?;
        if coins.exceeds(self.state.surplus) {
            return Err(VaultError::InsufficientSurplus);
        }
        if coins.exceeds(self.healable_debt()?) {
            return Err(VaultError::InsufficientBadDebt);
        }
        self.cancelled(coins, self.state.debt_on_auction)
    }

    /// Cancels surplus against debt for which the system's shares have been sold.
    ///
    /// # Errors
    /// In the contract's order: [`VaultError::InsufficientBadDebt`], [`VaultError::InsufficientSurplus`].
    ///
    /// # Source
    /// `Vow.kiss`.
    #[doc(alias = "kiss")]
    pub fn heal_on_auction(
        &self,
        coins: impl IntoQuantity<Coins<N>>,
    ) -> Result<Heal<N>, VaultError> {
        let coins = coins.into_quantity()?;
        if coins.exceeds(self.state.debt_on_auction) {
            return Err(VaultError::InsufficientBadDebt);
        }
        if coins.exceeds(self.state.surplus) {
            return Err(VaultError::InsufficientSurplus);
        }
        self.cancelled(coins, self.state.debt_on_auction.less_part(coins)?)
    }

    fn cancelled(&self, coins: Coins<N>, debt_on_auction: Coins<N>) -> Result<Heal<N>, VaultError> {
        let state = SystemState {
            issued: self.state.issued.less_part(coins)?,
            unbacked: self.state.unbacked.less_part(coins)?,
            surplus: self.state.surplus.less_part(coins)?,
            bad_debt: self.state.bad_debt.less_part(coins)?,
            debt_on_auction,
            ..self.state
        };
        Ok(Heal { cancelled: coins, after: Self { state } })
    }

    /// Ends the waiting of so much bad debt, which can then be cancelled. How long it waits is the caller's
    /// to say.
    ///
    /// # Errors
    /// [`VaultError::InsufficientBadDebt`] when less is waiting.
    ///
    /// # Source
    /// `Vow.flog`.
    #[doc(alias = "flog")]
    pub fn release_queued(&self, coins: impl IntoQuantity<Coins<N>>) -> Result<Self, VaultError> {
        let rest = self.state.queued_debt.less_part(coins.into_quantity()?);
        let queued_debt = rest.map_err(|e| e.or_short(VaultError::InsufficientBadDebt))?;
        Ok(Self { state: SystemState { queued_debt, ..self.state } })
    }

    /// Puts bad debt on auction for the system's own shares, once there is no surplus left.
    ///
    /// # Errors
    /// In the contract's order: [`VaultError::InsufficientBadDebt`], [`VaultError::SurplusRemains`].
    ///
    /// # Source
    /// `Vow.flop`, of which the auction itself is not here.
    #[doc(alias = "flop")]
    pub fn auction_debt(&self, coins: impl IntoQuantity<Coins<N>>) -> Result<Self, VaultError> {
        let coins = coins.into_quantity()?;
        if coins.exceeds(self.healable_debt()?) {
            return Err(VaultError::InsufficientBadDebt);
        }
        if !self.state.surplus.is_zero() {
            return Err(VaultError::SurplusRemains);
        }
        let debt_on_auction = (self.state.debt_on_auction + coins)?;
        Ok(Self { state: SystemState { debt_on_auction, ..self.state } })
    }

    /// Sells coins of the surplus, of which `buffer` must remain beside all bad debt.
    ///
    /// # Errors
    /// In the contract's order: [`VaultError::InsufficientSurplus`], [`VaultError::BadDebtRemains`].
    ///
    /// # Source
    /// `Vow.flap`, of which the auction itself is not here.
    #[doc(alias = "flap")]
    #[doc(alias = "hump")]
    pub fn auction_surplus(
        &self,
        coins: impl IntoQuantity<Coins<N>>,
        buffer: impl IntoQuantity<Coins<N>>,
    ) -> Result<Self, VaultError> {
        let coins = coins.into_quantity()?;
        let needed = ((self.state.bad_debt + coins)? + buffer.into_quantity()?)?;
        if self.state.surplus < needed {
            return Err(VaultError::InsufficientSurplus);
        }
        if !self.healable_debt()?.is_zero() {
            return Err(VaultError::BadDebtRemains);
        }
        let surplus = (self.state.surplus - coins)?;
        Ok(Self { state: SystemState { surplus, ..self.state } })
    }

    /// Issues coins to somebody against bad debt: interest on savings, a keeper's incentive, a subsidy.
    ///
    /// # Errors
    /// [`MathError::Overflow`].
    ///
    /// # Source
    /// `Vat.suck`.
    #[doc(alias = "suck")]
    pub fn issue_unbacked(&self, coins: impl IntoQuantity<Coins<N>>) -> Result<Self, VaultError> {
        let coins = coins.into_quantity()?;
        let state = SystemState {
            issued: (self.state.issued + coins)?,
            unbacked: (self.state.unbacked + coins)?,
            bad_debt: (self.state.bad_debt + coins)?,
            ..self.state
        };
        Ok(Self { state })
    }

    /// The system with coins given to it: they are its surplus.
    ///
    /// # Errors
    /// [`VaultError::InsufficientCoins`] when there are not so many in other hands.
    pub fn receive(&self, coins: impl IntoQuantity<Coins<N>>) -> Result<Self, VaultError> {
        let surplus = (self.state.surplus + coins.into_quantity()?)?;
        if surplus.exceeds(self.state.issued) {
            return Err(VaultError::InsufficientCoins);
        }
        Ok(Self { state: SystemState { surplus, ..self.state } })
    }

    /// The system after its shutdown: no position can be changed or liquidated, and no fee is taken. Auctions
    /// that have begun go on.
    ///
    /// # Source
    /// `Vat.cage`, `Dog.cage`.
    #[doc(alias = "cage")]
    #[must_use]
    pub const fn shut_down(&self) -> Self {
        Self { state: SystemState { live: false, ..self.state } }
    }
}
