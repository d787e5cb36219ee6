//! Slashes as in Cosmos: a fraction of the stake at the time of the fault, taken first from what has
//! begun to unbond since.
//!
//! # Example
//!
//! ```
//! use defi_math::Amount;
//! use defi_math::staking::cosmos::{Fault, Unbonding, slash};
//! use rust_decimal::dec;
//!
//! // 100 were staked at the fault, at height 10; 40 of them began to unbond at 12.
//! let mut unbondings = [Unbonding::new(dec!(40), 12, 500)?];
//! let fault = Fault { stake: Amount::new(dec!(100))?, fraction: dec!(0.05).try_into()?, height: 10 };
//! let slashed = slash(dec!(60), &mut unbondings, fault, 20)?;
//! assert_eq!(slashed.unbonding, dec!(2));
//! assert_eq!(slashed.bonded, dec!(3));
//! assert_eq!(unbondings[0].balance(), dec!(38));
//! # Ok::<(), defi_math::staking::StakingError>(())
//! ```
//!
//! # Sources
//! `Slash` and `SlashUnbondingDelegation` of `x/staking/keeper/slash.go` in cosmos-sdk. Redelegations
//! are unbondings that lie with another validator: give them with the others, and burn what is
//! taken there. The slashing period is that of the first specification of the module.

use rust_decimal::Decimal;

use crate::error::{Kind, MathError};
use crate::num::{Fit, Number, Rounding};
use crate::quantity::{Amount, IntoQuantity, Ratio};
use crate::staking::{Fraction, StakingError};

/// A part of the stake of one that waits to be paid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(bound = "", try_from = "UnbondingState<N>", into = "UnbondingState<N>")
)]
pub struct Unbonding<N: Number = Decimal> {
    state: UnbondingState<N>,
}

/// Everything that an [`Unbonding`] remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = ""))]
pub struct UnbondingState<N: Number = Decimal> {
    /// What began to unbond.
    #[doc(alias = "InitialBalance")]
    pub initial: Amount<N>,
    /// What slashes have left of it.
    #[doc(alias = "Balance")]
    pub balance: Amount<N>,
    /// The height at which it began.
    #[doc(alias = "CreationHeight")]
    pub begun: u64,
    /// The height at which it is free. The chain keeps a time; give heights for both, or times for both.
    pub matures: u64,
}

impl<N: Number> TryFrom<UnbondingState<N>> for Unbonding<N> {
    type Error = StakingError;

    /// # Errors
    /// [`StakingError::InvalidState`] for more left than there was.
    fn try_from(state: UnbondingState<N>) -> Result<Self, StakingError> {
        if state.balance > state.initial {
            return Err(StakingError::InvalidState);
        }
        Ok(Self { state })
    }
}

impl<N: Number> From<Unbonding<N>> for UnbondingState<N> {
    fn from(unbonding: Unbonding<N>) -> Self {
        unbonding.state
    }
}

impl<N: Number> Unbonding<N> {
    /// So much begins to unbond at a height and is free at another.
    ///
    /// # Errors
    /// Those of a bare number that is not an amount.
    pub fn new(
        amount: impl IntoQuantity<Amount<N>>,
        begun: u64,
        matures: u64,
    ) -> Result<Self, StakingError> {
        let initial = amount.into_quantity()?;
        Ok(Self { state: UnbondingState { initial, balance: initial, begun, matures } })
    }

    /// What began to unbond.
    #[must_use]
    pub const fn initial(&self) -> Amount<N> {
        self.state.initial
    }

    /// What slashes have left of it.
    #[must_use]
    pub const fn balance(&self) -> Amount<N> {
        self.state.balance
    }
}

/// A fault: what was staked when it was committed, and the fraction that it costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault<N: Number = Decimal> {
    /// The validator's whole stake at the time, with what has begun to unbond since.
    pub stake: Amount<N>,
    /// The part of it that is slashed.
    pub fraction: SlashFraction<N>,
    /// When it was committed.
    pub height: u64,
}

/// A slashed part of a stake, one at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = "", try_from = "Ratio<N>", into = "Ratio<N>"))]
pub struct SlashFraction<N: Number = Decimal>(Ratio<N>);

impl<N: Number> TryFrom<Ratio<N>> for SlashFraction<N> {
    type Error = MathError;

    /// # Errors
    /// [`MathError::OutOfRange`] above one.
    fn try_from(part: Ratio<N>) -> Result<Self, MathError> {
        if part > Ratio::ONE { Err(MathError::OutOfRange(Kind::Ratio)) } else { Ok(Self(part)) }
    }
}

impl<N: Number> From<SlashFraction<N>> for Ratio<N> {
    fn from(fraction: SlashFraction<N>) -> Self {
        fraction.0
    }
}

impl<N: Number> SlashFraction<N> {
    /// This part.
    ///
    /// # Errors
    /// [`MathError::OutOfRange`] above one, and those of a bare number that is not a ratio.
    pub fn new(part: impl IntoQuantity<Ratio<N>>) -> Result<Self, MathError> {
        Self::try_from(part.into_quantity()?)
    }

    /// The part.
    #[must_use]
    pub const fn get(self) -> Ratio<N> {
        self.0
    }

    /// `⌊stake·fraction⌋`.
    ///
    /// # Rounding
    /// Down, as the chain: less than a unit in the validator's favour.
    ///
    /// # Errors
    /// None that a fraction can meet.
    pub fn of(self, stake: Amount<N>) -> Result<Amount<N>, MathError> {
        let one = Ratio::<N>::ONE.exact()?;
        stake.mul_div(self.0.exact()?, one, Fit::From(stake), Rounding::Down)
    }
}

impl TryFrom<Decimal> for SlashFraction<Decimal> {
    type Error = MathError;

    /// # Errors
    /// As [`new`](Self::new).
    fn try_from(part: Decimal) -> Result<Self, MathError> {
        Self::new(part)
    }
}

/// What a fault cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Slashed<N: Number = Decimal> {
    /// Taken from what unbonds.
    pub unbonding: Amount<N>,
    /// Taken from what is bonded.
    pub bonded: Amount<N>,
    /// What stays bonded.
    pub after: Amount<N>,
}

/// Slashes a validator: first what began to unbond at the fault or later and is not free yet, each by
/// the fraction of what it was; then, for the rest of the fraction of the stake at the fault, what is
/// bonded. The slice is changed only if the whole succeeds.
///
/// # Rounding
/// Every slash down, as the chain.
///
/// # Errors
/// [`StakingError::FutureFault`] for a fault after `now`; [`MathError::Overflow`],
/// [`MathError::Inexact`] when a sum or a difference cannot be held.
pub fn slash<N: Number>(
    bonded: impl IntoQuantity<Amount<N>>,
    unbondings: &mut [Unbonding<N>],
    fault: Fault<N>,
    now: u64,
) -> Result<Slashed<N>, StakingError> {
    let bonded = bonded.into_quantity()?;
    if fault.height > now {
        return Err(StakingError::FutureFault);
    }
    let liable = |UnbondingState { begun, matures, .. }: &UnbondingState<N>| {
        // At the fault's own height nothing has begun to unbond since.
        now > fault.height && *begun >= fault.height && *matures > now
    };
    let mut remaining = fault.fraction.of(fault.stake)?;
    let mut unbonding = Amount::ZERO;
    for entry in unbondings.iter().map(|entry| entry.state).filter(liable) {
        let due = fault.fraction.of(entry.initial)?;
        remaining = if due < remaining { (remaining - due)? } else { Amount::ZERO };
        let taken = if due < entry.balance { due } else { entry.balance };
        unbonding = (unbonding + taken)?;
    }
    let taken = if remaining < bonded { remaining } else { bonded };
    let after = (bonded - taken)?;
    // Refuses no more: a part of an entry has the places that the entry can carry, and so has the rest.
    for entry in unbondings.iter_mut().map(|entry| &mut entry.state).filter(|entry| liable(entry)) {
        let due = fault.fraction.of(entry.initial)?;
        let taken = if due < entry.balance { due } else { entry.balance };
        entry.balance = (entry.balance - taken)?;
    }
    Ok(Slashed { unbonding, bonded: taken, after })
}

/// A period in which only the worst fault counts.
///
/// # Example
/// ```
/// use defi_math::staking::cosmos::SlashingPeriod;
/// use rust_decimal::dec;
///
/// let mut period = SlashingPeriod::default();
/// let mut slashed = dec!(0);
/// for fault in [dec!(0.3), dec!(0.4), dec!(0.35)] {
///     let recorded = period.record(fault.try_into()?)?;
///     slashed += recorded.fraction.get().get();
///     period = recorded.after;
/// }
/// assert_eq!(slashed, dec!(0.4));
/// # Ok::<(), defi_math::MathError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = ""))]
pub struct SlashingPeriod<N: Number = Decimal> {
    worst: SlashFraction<N>,
}

/// What a fault costs within a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Recorded<N: Number = Decimal> {
    /// What it costs, of the stake at the start of the period.
    pub fraction: SlashFraction<N>,
    /// The period after it.
    pub after: SlashingPeriod<N>,
}

impl<N: Number> Default for SlashingPeriod<N> {
    /// Without a fault.
    fn default() -> Self {
        Self { worst: SlashFraction(Ratio::ZERO) }
    }
}

impl<N: Number> SlashingPeriod<N> {
    /// The fraction of the worst fault so far.
    #[must_use]
    pub const fn worst(&self) -> SlashFraction<N> {
        self.worst
    }

    /// Records a further fault. It costs what it exceeds the worst one before by, and nothing if it does
    /// not.
    ///
    /// # Errors
    /// [`MathError::Inexact`] when a `Decimal` cannot hold the difference.
    pub fn record(&self, fault: SlashFraction<N>) -> Result<Recorded<N>, MathError> {
        if fault <= self.worst {
            return Ok(Recorded { fraction: SlashFraction(Ratio::ZERO), after: *self });
        }
        let fraction = SlashFraction((fault.0 - self.worst.0)?);
        Ok(Recorded { fraction, after: Self { worst: fault } })
    }
}

/// Whether a validator that missed so many blocks of a window, of which it must sign a fraction, is
/// down: `missed > window − ⌈window·min_signed⌉`.
///
/// # Rounding
/// What must be signed up; the chain rounds it half to even, so that its parameters usually make it
/// whole.
///
/// # Example
/// ```
/// use defi_math::staking::Fraction;
/// use defi_math::staking::cosmos::is_down;
///
/// assert!(!is_down(50, 100, Fraction::ONE_HALF));
/// assert!(is_down(51, 100, Fraction::ONE_HALF));
/// ```
#[must_use]
pub fn is_down(missed: u32, window: u32, min_signed: Fraction) -> bool {
    let [missed, window, part, whole] =
        [missed, window, min_signed.numerator(), min_signed.denominator()].map(u64::from);
    // 2^32·2^32 does not overflow, and the denominator is above zero.
    let must_sign = window.saturating_mul(part).div_ceil(whole.max(1));
    missed > window.saturating_sub(must_sign)
}
