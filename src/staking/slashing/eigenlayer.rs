//! Slashes as in EigenLayer: an operator's magnitude falls, and every staker's withdrawable shares
//! with it, through scaling factors that leave the deposits as they were.
//!
//! A staker with deposit shares `s` and scaling factor `k`, at an operator of magnitude `m` and with a
//! factor `l` of the beacon chain (1 for other tokens), can withdraw `s·k·l·m`.
//!
//! # Example
//!
//! ```
//! use defi_math::staking::eigenlayer::{Delegation, Operator};
//! use rust_decimal::dec;
//!
//! let operator = Operator::default();
//! let staker = Delegation::default().deposit(dec!(100), operator.factor()?)?;
//! let slashed = operator.slash(dec!(0.25))?;
//! assert_eq!(staker.withdrawable(slashed.factor()?)?, dec!(75));
//! // A later deposit is not slashed for an earlier fault.
//! let more = staker.deposit(dec!(100), slashed.factor()?)?;
//! assert_eq!(more.withdrawable(slashed.factor()?)?.get().round_dp(15), dec!(175));
//! # Ok::<(), defi_math::staking::StakingError>(())
//! ```
//!
//! # Sources
//! `SlashingLib` of eigenlayer-contracts: order and rounding of every product and quotient, at 18
//! places.

use rust_decimal::Decimal;

use crate::error::{Kind, MathError};
use crate::num::{Fit, Grid, Number, Rounding};
use crate::quantity::{Amount, IntoQuantity, Ratio, Shares};
use crate::staking::StakingError;

/// `a·b/c` at 18 places.
fn mul_div<N: Number>(a: N, b: N, c: N, rounding: Rounding) -> Result<N, MathError> {
    let (b, c) = (b.exact(Grid::Amount)?, c.exact(Grid::Amount)?);
    a.mul_div(b, c, Fit::Alone, Grid::Amount, rounding)
}

fn mul_wad<N: Number>(a: N, b: N) -> Result<N, MathError> {
    mul_div(a, b, N::ONE, Rounding::Down)
}

fn div_wad<N: Number>(a: N, b: N) -> Result<N, MathError> {
    mul_div(a, N::ONE, b, Rounding::Down)
}

/// A number with 18 places at most and one at most.
fn factor<N: Number>(number: N) -> Result<N, MathError> {
    let number = number.on_grid(Grid::Amount, Kind::Ratio)?;
    if number > N::ONE { Err(MathError::OutOfRange(Kind::Ratio)) } else { Ok(number) }
}

/// What slashes have left of one share: the operator's magnitude times the beacon chain's factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SlashingFactor<N: Number = Decimal>(N);

impl<N: Number> SlashingFactor<N> {
    /// `⌊l·m⌋`.
    ///
    /// # Errors
    /// [`MathError::OutOfRange`] above one, and those of a number with more than 18 places.
    pub fn new(magnitude: N, beacon_chain: N) -> Result<Self, MathError> {
        mul_wad(factor(magnitude)?, factor(beacon_chain)?).map(Self)
    }

    /// The factor.
    #[must_use]
    pub const fn get(self) -> N {
        self.0
    }
}

/// An operator: its magnitude `m`, of which slashes leave ever less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = "", try_from = "Ratio<N>", into = "Ratio<N>"))]
pub struct Operator<N: Number = Decimal> {
    magnitude: Ratio<N>,
}

impl<N: Number> TryFrom<Ratio<N>> for Operator<N> {
    type Error = MathError;

    /// # Errors
    /// As [`new`](Self::new).
    fn try_from(magnitude: Ratio<N>) -> Result<Self, MathError> {
        Self::new(magnitude.get())
    }
}

impl<N: Number> From<Operator<N>> for Ratio<N> {
    fn from(operator: Operator<N>) -> Self {
        operator.magnitude
    }
}

impl<N: Number> Default for Operator<N> {
    /// Never slashed.
    fn default() -> Self {
        Self { magnitude: Ratio::ONE }
    }
}

impl<N: Number> Operator<N> {
    /// An operator of this magnitude.
    ///
    /// # Errors
    /// [`MathError::OutOfRange`] above one, and those of a number with more than 18 places.
    pub fn new(magnitude: N) -> Result<Self, MathError> {
        Ok(Self { magnitude: Ratio::new(factor(magnitude)?)? })
    }

    /// `m`.
    #[must_use]
    pub const fn magnitude(&self) -> Ratio<N> {
        self.magnitude
    }

    /// The factor of its stakers, without one of the beacon chain.
    ///
    /// # Errors
    /// None that an operator can meet.
    pub fn factor(&self) -> Result<SlashingFactor<N>, MathError> {
        SlashingFactor::new(self.magnitude.get(), N::ONE)
    }

    /// `m − ⌈m·part⌉`: slashes a part of the magnitude that is left.
    ///
    /// # Rounding
    /// The slash up: none is lost, however often the operator was slashed before.
    ///
    /// # Errors
    /// [`MathError::OutOfRange`] above one, and those of a number with more than 18 places.
    #[doc(alias = "mulWadRoundUp")]
    pub fn slash(self, part: N) -> Result<Self, MathError> {
        let magnitude = self.magnitude.get();
        let slashed = mul_div(magnitude, factor(part)?, N::ONE, Rounding::Up)?;
        Ok(Self { magnitude: Ratio::new(magnitude.try_sub(slashed)?)? })
    }
}

/// A staker at an operator: deposit shares `s` and their scaling factor `k`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = ""))]
#[doc(alias = "DepositScalingFactor")]
pub struct Delegation<N: Number = Decimal> {
    shares: Shares<N>,
    scaling: Ratio<N>,
}

impl<N: Number> Default for Delegation<N> {
    /// Nothing deposited.
    fn default() -> Self {
        Self { shares: Shares::ZERO, scaling: Ratio::ONE }
    }
}

impl<N: Number> Delegation<N> {
    /// `s`: the deposit shares.
    #[must_use]
    pub const fn shares(&self) -> Shares<N> {
        self.shares
    }

    /// `k`: their scaling factor.
    #[must_use]
    pub const fn scaling(&self) -> Ratio<N> {
        self.scaling
    }

    /// `⌊⌊s·k⌋·factor⌋`: what can be withdrawn.
    ///
    /// # Rounding
    /// Down, twice, as the contract.
    ///
    /// # Errors
    /// [`MathError::Overflow`].
    #[doc(alias = "calcWithdrawable")]
    pub fn withdrawable(&self, factor: SlashingFactor<N>) -> Result<Amount<N>, StakingError> {
        let scaled = mul_wad(self.shares.get(), self.scaling.get())?;
        Ok(Amount::new(mul_wad(scaled, factor.0)?)?)
    }

    /// Deposits `d` more: the scaling factor changes so that the withdrawable shares grow by `d`.
    ///
    /// ```text
    /// first:  k = ⌊1/factor⌋
    /// later:  k = ⌊⌊(withdrawable + d)/(s + d)⌋/factor⌋
    /// ```
    ///
    /// # Rounding
    /// Down at every quotient, as the contract, for the operator's other stakers.
    ///
    /// # Errors
    /// [`StakingError::FullySlashed`] at an operator of whom nothing is left;
    /// [`StakingError::InsufficientSharesMinted`] for no deposit; [`MathError::Overflow`].
    pub fn deposit(
        self,
        amount: impl IntoQuantity<Amount<N>>,
        factor: SlashingFactor<N>,
    ) -> Result<Self, StakingError> {
        let amount = amount.into_quantity()?;
        if factor.0.is_zero() {
            return Err(StakingError::FullySlashed);
        }
        if amount.is_zero() {
            return Err(StakingError::InsufficientSharesMinted);
        }
        let shares = (self.shares + Shares::new(amount.get())?)?;
        let scaling = if self.shares.is_zero() {
            div_wad(N::ONE, factor.0)?
        } else {
            let withdrawable = (self.withdrawable(factor)? + amount)?;
            div_wad(div_wad(withdrawable.get(), shares.get())?, factor.0)?
        };
        Ok(Self { shares, scaling: Ratio::new(scaling)? })
    }

    /// Moves to another operator, of whom what could be withdrawn before can be withdrawn after: the shares
    /// stay, and their scaling factor carries what the old operator's slashes have left of them.
    ///
    /// ```text
    /// k = ⌊⌊k·factor_old⌋/factor_new⌋
    /// ```
    ///
    /// # Rounding
    /// Down.
    ///
    /// # Errors
    /// [`StakingError::FullySlashed`] at an operator of whom nothing is left.
    pub fn delegate(
        self,
        from: SlashingFactor<N>,
        to: SlashingFactor<N>,
    ) -> Result<Self, StakingError> {
        if to.0.is_zero() {
            return Err(StakingError::FullySlashed);
        }
        let scaling = div_wad(mul_wad(self.scaling.get(), from.0)?, to.0)?;
        Ok(Self { scaling: Ratio::new(scaling)?, ..self })
    }
}
