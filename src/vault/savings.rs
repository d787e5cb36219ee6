//! Interest on coins that are put aside.

use rust_decimal::Decimal;

use super::number::{VaultNumber, mul_rate};
use super::{Coins, System, VaultError};
use crate::error::MathError;
use crate::num::{Fit, Rounding};
use crate::quantity::{Amount, Index, IntoQuantity, Shares};
use crate::rate::{Elapsed, PerSecond};

/// Savings: shares that all grow at one rate.
///
/// What the savers are owed is exactly what the savings hold, `shares·index`, at any time.
///
/// # Example
///
/// ```
/// use defi_math::rate::{PerYear, Rate, seconds};
/// use defi_math::vault::{Coins, Savings, System, per_second_factor};
/// use rust_decimal::dec;
///
/// let system = System::new(dec!(1000000))?.issue_unbacked(dec!(500))?;
/// let factor = per_second_factor(Rate::<_, PerYear>::new(dec!(0.05))?)?;
/// let savings = Savings::new(factor)?;
/// let deposit = savings.deposit(dec!(100), seconds(0))?;
/// let accrual = deposit.after.accrue(seconds(31_536_000), &system)?;
/// let back = accrual.savings.withdraw(dec!(100))?;
/// assert_eq!(back.coins.to_amount_down()?.get().round_dp(12), dec!(105));
/// # Ok::<(), defi_math::Error>(())
/// ```
///
/// # Source
/// `Pot` of MakerDAO's dss.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(bound = "", from = "SavingsState<N>", into = "SavingsState<N>")
)]
#[doc(alias = "Pot")]
#[doc(alias = "DSR")]
pub struct Savings<N: VaultNumber = Decimal> {
    state: SavingsState<N>,
}

/// Everything that [`Savings`] remember, to be stored or read from a chain.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = ""))]
pub struct SavingsState<N: VaultNumber = Decimal> {
    /// All savers' shares.
    #[doc(alias = "Pie")]
    pub shares: Shares<N>,
    /// What a share has become.
    #[doc(alias = "chi")]
    pub index: Index<N::Rate>,
    /// The growth in a second: 1 and the rate.
    #[doc(alias = "dsr")]
    pub per_second: Index<N::Rate>,
}

impl<N: VaultNumber> From<SavingsState<N>> for Savings<N> {
    fn from(state: SavingsState<N>) -> Self {
        Self { state }
    }
}

impl<N: VaultNumber> From<Savings<N>> for SavingsState<N> {
    fn from(savings: Savings<N>) -> Self {
        savings.state
    }
}

/// Interest paid.
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct Interest<N: VaultNumber = Decimal> {
    /// What the savers are owed more.
    pub interest: Coins<N>,
    /// The savings after it.
    pub savings: Savings<N>,
    /// The system after it: the interest is its bad debt.
    pub system: System<N>,
}

/// Coins turned into shares of the savings, or back.
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct Conversion<N: VaultNumber = Decimal> {
    /// The coins that the saver pays or gets.
    pub coins: Coins<N>,
    /// The shares that were bought or given back.
    pub shares: Shares<N>,
    /// The savings after it.
    pub after: Savings<N>,
}

impl<N: VaultNumber> Savings<N> {
    /// Empty savings that grow so much in a second: 1 and the rate.
    ///
    /// # Errors
    /// Those of a bare number that is not a factor.
    pub fn new(per_second: impl IntoQuantity<Index<N::Rate>>) -> Result<Self, VaultError> {
        let per_second = per_second.into_quantity()?;
        Ok(Self { state: SavingsState { shares: Shares::ZERO, index: Index::ONE, per_second } })
    }

    /// Everything that the savings remember.
    #[must_use]
    pub const fn state(&self) -> &SavingsState<N> {
        &self.state
    }

    /// `shares·index`: what so many shares are worth now, exactly.
    ///
    /// # Errors
    /// Those of a bare number that is not shares.
    pub fn worth(&self, shares: impl IntoQuantity<Shares<N>>) -> Result<Coins<N>, VaultError> {
        let shares = Amount::new(shares.into_quantity()?.get())?;
        Ok(Coins::accumulated(shares, self.state.index)?)
    }

    /// What all savers are owed, which is what the savings hold.
    ///
    /// # Errors
    /// None but for a float beyond the range.
    pub fn total(&self) -> Result<Coins<N>, VaultError> {
        self.worth(self.state.shares)
    }

    /// `⌊coins/index⌋`: the shares that so many coins pay for.
    ///
    /// # Errors
    /// [`MathError::DivisionByZero`] for an index of zero;
    /// [`MathError::Overflow`].
    pub fn shares_for(&self, coins: impl IntoQuantity<Coins<N>>) -> Result<Shares<N>, VaultError> {
        self.shares_of(coins.into_quantity()?, Rounding::Down)
    }

    /// `⌈coins/index⌉`: the fewest shares whose withdrawal gives at least so many coins.
    ///
    /// # Errors
    /// As [`shares_for`](Self::shares_for).
    pub fn shares_for_up(
        &self,
        coins: impl IntoQuantity<Coins<N>>,
    ) -> Result<Shares<N>, VaultError> {
        self.shares_of(coins.into_quantity()?, Rounding::Up)
    }

    fn shares_of(&self, coins: Coins<N>, rounding: Rounding) -> Result<Shares<N>, VaultError> {
        let fit = Fit::To(Amount::new(self.state.shares.get())?);
        let shares = coins.over(self.state.index.exact()?, fit, rounding)?;
        Ok(Shares::new(shares.get())?)
    }

    /// Pays the interest of some seconds, out of the system's books.
    ///
    /// ```text
    /// index'   = ⌊rpow(per_second, seconds)·index⌋     27 places
    /// interest = shares·(index' − index)               exact
    /// ```
    ///
    /// # Rounding
    /// `rpow` half up at each product, then down, for the system.
    ///
    /// # Errors
    /// [`MathError::Overflow`] where the contract reverts;
    /// [`MathError::Underflow`] when the index would fall.
    ///
    /// # Source
    /// `Pot.drip`.
    #[doc(alias = "drip")]
    pub fn accrue(
        &self,
        elapsed: Elapsed<PerSecond>,
        system: &System<N>,
    ) -> Result<Interest<N>, VaultError> {
        let before = self.state.index;
        let growth = N::pow_half_up(self.state.per_second.get(), u64::from(elapsed.count()))?;
        let index = Index::new(mul_rate(growth, before.get())?)?;
        if index.get() < before.get() {
            return Err(MathError::Underflow.into());
        }
        let savings = Self { state: SavingsState { index, ..self.state } };
        let interest = (savings.total()? - self.total()?)?;
        let system = system.issue_unbacked(interest)?;
        Ok(Interest { interest, savings, system })
    }

    /// Buys shares, once the interest has been paid.
    ///
    /// # Errors
    /// [`VaultError::FeeNotAccrued`] unless nothing has elapsed since;
    /// [`MathError::Overflow`].
    ///
    /// # Source
    /// `Pot.join`.
    #[doc(alias = "join")]
    pub fn deposit(
        &self,
        shares: impl IntoQuantity<Shares<N>>,
        since_accrual: Elapsed<PerSecond>,
    ) -> Result<Conversion<N>, VaultError> {
        let shares = shares.into_quantity()?;
        if since_accrual.count() > 0 {
            return Err(VaultError::FeeNotAccrued);
        }
        self.converted(shares, (self.state.shares + shares)?)
    }

    /// Gives back shares. Interest not yet paid on them is forgone, as in the contract.
    ///
    /// # Errors
    /// [`VaultError::InsufficientShares`] when there are not so many.
    ///
    /// # Source
    /// `Pot.exit`.
    #[doc(alias = "exit")]
    pub fn withdraw(
        &self,
        shares: impl IntoQuantity<Shares<N>>,
    ) -> Result<Conversion<N>, VaultError> {
        let shares = shares.into_quantity()?;
        let left = self.state.shares.less_part(shares);
        self.converted(shares, left.map_err(|e| e.or_short(VaultError::InsufficientShares))?)
    }

    /// So many shares bought or given back, which leaves so many in all.
    fn converted(&self, shares: Shares<N>, all: Shares<N>) -> Result<Conversion<N>, VaultError> {
        let after = Self { state: SavingsState { shares: all, ..self.state } };
        Ok(Conversion { coins: self.worth(shares)?, shares, after })
    }

    /// The same savings at another rate from now on, once the interest has been paid.
    ///
    /// # Errors
    /// [`VaultError::FeeNotAccrued`] unless nothing has elapsed since.
    ///
    /// # Source
    /// `Pot.file`.
    pub fn with_rate(
        &self,
        per_second: impl IntoQuantity<Index<N::Rate>>,
        since_accrual: Elapsed<PerSecond>,
    ) -> Result<Self, VaultError> {
        if since_accrual.count() > 0 {
            return Err(VaultError::FeeNotAccrued);
        }
        let per_second = per_second.into_quantity()?;
        Ok(Self { state: SavingsState { per_second, ..self.state } })
    }
}
