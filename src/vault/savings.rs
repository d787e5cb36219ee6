//! Interest on coins that are put aside.

use rust_decimal::Decimal;

use super::number::{VaultNumber, mul_rate};
use super::{Coins, System, VaultError};
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
/// let accrual = deposit.savings.accrue(&system, seconds(31_536_000))?;
/// let back = accrual.savings.withdraw(dec!(100))?;
/// assert_eq!(back.coins.to_amount_down()?.get().round_dp(12), dec!(105));
/// # Ok::<(), defi_math::Error>(())
/// ```
///
/// # Source
/// `Pot` of MakerDAO's dss.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = ""))]
#[doc(alias = "Pot")]
#[doc(alias = "DSR")]
pub struct Savings<N: VaultNumber = Decimal> {
    /// All savers' shares.
    #[doc(alias = "Pie")]
    shares: Shares<N>,
    /// What a share has become.
    #[doc(alias = "chi")]
    index: Index<N::Rate>,
    /// The growth in a second.
    #[doc(alias = "dsr")]
    per_second: Index<N::Rate>,
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

/// A deposit into the savings, or a withdrawal.
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct Move<N: VaultNumber = Decimal> {
    /// The shares.
    pub shares: Shares<N>,
    /// What the saver pays or gets for them.
    pub coins: Coins<N>,
    /// The savings after it.
    pub savings: Savings<N>,
}

impl<N: VaultNumber> Savings<N> {
    /// Empty savings that grow so much in a second: 1 and the rate.
    ///
    /// # Errors
    /// Those of a bare number that is not a factor.
    pub fn new(per_second: impl IntoQuantity<Index<N::Rate>>) -> Result<Self, VaultError> {
        Self::restored(Shares::ZERO, Index::ONE, per_second)
    }

    /// Savings as they are stored, or read from a chain.
    ///
    /// # Errors
    /// Those of bare numbers that are not such quantities.
    pub fn restored(
        shares: impl IntoQuantity<Shares<N>>,
        index: impl IntoQuantity<Index<N::Rate>>,
        per_second: impl IntoQuantity<Index<N::Rate>>,
    ) -> Result<Self, VaultError> {
        Ok(Self {
            shares: shares.into_quantity()?,
            index: index.into_quantity()?,
            per_second: per_second.into_quantity()?,
        })
    }

    /// All savers' shares.
    #[doc(alias = "Pie")]
    #[must_use]
    pub const fn shares(&self) -> Shares<N> {
        self.shares
    }

    /// What a share has become.
    #[doc(alias = "chi")]
    #[must_use]
    pub const fn index(&self) -> Index<N::Rate> {
        self.index
    }

    /// The growth in a second.
    #[doc(alias = "dsr")]
    #[must_use]
    pub const fn per_second(&self) -> Index<N::Rate> {
        self.per_second
    }

    /// `shares·index`: what so many shares are worth now, exactly.
    ///
    /// # Errors
    /// Those of a bare number that is not shares.
    pub fn worth(&self, shares: impl IntoQuantity<Shares<N>>) -> Result<Coins<N>, VaultError> {
        let shares = Amount::new(shares.into_quantity()?.get())?;
        Ok(Coins::accumulated(shares, self.index)?)
    }

    /// What all savers are owed, which is what the savings hold.
    ///
    /// # Errors
    /// None but for a float beyond the range.
    pub fn total(&self) -> Result<Coins<N>, VaultError> {
        self.worth(self.shares)
    }

    /// `⌊coins/index⌋`: the shares that so many coins pay for.
    ///
    /// # Errors
    /// [`MathError::DivisionByZero`](crate::MathError::DivisionByZero) for an index of zero;
    /// [`MathError::Overflow`](crate::MathError::Overflow).
    pub fn shares_for(&self, coins: impl IntoQuantity<Coins<N>>) -> Result<Shares<N>, VaultError> {
        self.shares_of(coins.into_quantity()?, Rounding::Down)
    }

    /// `⌈coins/index⌉`: the shares whose withdrawal gives at least so many coins.
    ///
    /// # Errors
    /// As [`shares_for`](Self::shares_for).
    pub fn shares_giving(
        &self,
        coins: impl IntoQuantity<Coins<N>>,
    ) -> Result<Shares<N>, VaultError> {
        self.shares_of(coins.into_quantity()?, Rounding::Up)
    }

    fn shares_of(&self, coins: Coins<N>, rounding: Rounding) -> Result<Shares<N>, VaultError> {
        let fit = Fit::To(Amount::new(self.shares.get())?);
        let shares = coins.over(self.index.exact()?, fit, rounding)?;
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
    /// [`MathError::Overflow`](crate::MathError::Overflow) where the contract reverts;
    /// [`MathError::Underflow`](crate::MathError::Underflow) when the index would fall.
    ///
    /// # Source
    /// `Pot.drip`.
    #[doc(alias = "drip")]
    pub fn accrue(
        &self,
        system: &System<N>,
        elapsed: Elapsed<PerSecond>,
    ) -> Result<Interest<N>, VaultError> {
        let growth = N::pow_half_up(self.per_second.get(), u64::from(elapsed.count()))?;
        let index = Index::new(mul_rate(growth, self.index.get())?)?;
        if index.get() < self.index.get() {
            return Err(crate::MathError::Underflow.into());
        }
        let savings = Self { index, ..*self };
        let interest = (savings.total()? - self.total()?)?;
        let system = system.issue_unbacked(interest)?;
        Ok(Interest { interest, savings, system })
    }

    /// Buys shares, once the interest has been paid.
    ///
    /// # Errors
    /// [`VaultError::FeeNotAccrued`] unless nothing has elapsed since;
    /// [`MathError::Overflow`](crate::MathError::Overflow).
    ///
    /// # Source
    /// `Pot.join`.
    #[doc(alias = "join")]
    pub fn deposit(
        &self,
        shares: impl IntoQuantity<Shares<N>>,
        since_accrual: Elapsed<PerSecond>,
    ) -> Result<Move<N>, VaultError> {
        let shares = shares.into_quantity()?;
        if since_accrual.count() > 0 {
            return Err(VaultError::FeeNotAccrued);
        }
        let savings = Self { shares: (self.shares + shares)?, ..*self };
        Ok(Move { shares, coins: self.worth(shares)?, savings })
    }

    /// Gives back shares. Interest not yet paid on them is forgone, as in the contract.
    ///
    /// # Errors
    /// [`VaultError::InsufficientShares`] when there are not so many.
    ///
    /// # Source
    /// `Pot.exit`.
    #[doc(alias = "exit")]
    pub fn withdraw(&self, shares: impl IntoQuantity<Shares<N>>) -> Result<Move<N>, VaultError> {
        let shares = shares.into_quantity()?;
        if shares > self.shares {
            return Err(VaultError::InsufficientShares);
        }
        let savings = Self { shares: (self.shares - shares)?, ..*self };
        Ok(Move { shares, coins: self.worth(shares)?, savings })
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
        Ok(Self { per_second: per_second.into_quantity()?, ..*self })
    }
}
