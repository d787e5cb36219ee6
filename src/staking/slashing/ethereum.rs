//! Ethereum's penalties, in Gwei and in the order of the specification's integers.
//!
//! A slashed validator loses an initial penalty at once, and half-way through its wait for
//! withdrawal a correlation penalty that grows with everything that was slashed around the same
//! time. What the reporter and the proposer get is newly issued, not a part of the penalty.
//!
//! # Example
//!
//! ```
//! use defi_math::staking::ethereum::Fork;
//!
//! const ETH: u64 = 1_000_000_000;
//! let (balance, active) = (32 * ETH, 500_000 * 32 * ETH);
//! assert_eq!(Fork::Electra.initial_penalty(balance), 7_812_500);
//! // A tenth of all stake slashed with it: three tenths of the balance.
//! let slashed = 50_000 * 32 * ETH;
//! assert_eq!(Fork::Bellatrix.correlation_penalty(balance, slashed, active)?, 9 * ETH);
//! assert_eq!(Fork::Electra.correlation_penalty(balance, slashed, active)?, 9_600_000_000);
//! # Ok::<(), defi_math::MathError>(())
//! ```
//!
//! # Sources
//! `slash_validator`, `process_slashings` and the presets of Phase0, Altair, Bellatrix and Electra in
//! the consensus specifications.

use crate::error::MathError;

/// The unit in which effective balances are counted: one ether, in Gwei.
#[doc(alias = "EFFECTIVE_BALANCE_INCREMENT")]
pub const INCREMENT: u64 = 1_000_000_000;

/// The rules of a fork; Capella and Deneb kept Bellatrix's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Fork {
    /// Multiplier 1, initial penalty 1/128.
    Phase0,
    /// Multiplier 2, initial penalty 1/64.
    Altair,
    /// Multiplier 3, initial penalty 1/32.
    Bellatrix,
    /// Multiplier 3 for each whole ether, initial penalty 1/4096.
    Electra,
}

impl Fork {
    /// The divisor of the initial penalty.
    #[doc(alias = "MIN_SLASHING_PENALTY_QUOTIENT")]
    #[must_use]
    pub const fn initial_quotient(self) -> u64 {
        match self {
            Self::Phase0 => 128,
            Self::Altair => 64,
            Self::Bellatrix => 32,
            Self::Electra => 4_096,
        }
    }

    /// How many times its share of the stake is slashed.
    #[doc(alias = "PROPORTIONAL_SLASHING_MULTIPLIER")]
    #[must_use]
    pub const fn multiplier(self) -> u64 {
        match self {
            Self::Phase0 => 1,
            Self::Altair => 2,
            Self::Bellatrix | Self::Electra => 3,
        }
    }

    /// `⌊balance/quotient⌋`: what a slashed validator loses at once.
    ///
    /// # Rounding
    /// Down, as the specification.
    #[must_use]
    pub const fn initial_penalty(self, effective_balance: u64) -> u64 {
        match effective_balance.checked_div(self.initial_quotient()) {
            Some(penalty) => penalty,
            None => 0,
        }
    }

    /// `⌊balance/512⌋`, since Electra `⌊balance/4096⌋`: what reporter and proposer get in all, newly
    /// issued.
    ///
    /// # Rounding
    /// Down, as the specification.
    #[doc(alias = "WHISTLEBLOWER_REWARD_QUOTIENT")]
    #[must_use]
    pub const fn reporter_reward(self, effective_balance: u64) -> u64 {
        let quotient = match self {
            Self::Electra => 4_096,
            _ => 512,
        };
        match effective_balance.checked_div(quotient) {
            Some(reward) => reward,
            None => 0,
        }
    }

    /// The penalty for everything that was slashed around the same time.
    ///
    /// ```text
    /// adjusted      = min(multiplier·slashed, active)
    /// before:  ⌊⌊balance/inc⌋·adjusted / active⌋·inc
    /// Electra: ⌊adjusted / ⌊active/inc⌋⌋·⌊balance/inc⌋
    /// ```
    ///
    /// `slashed` is the sum of the effective balances slashed in the window, `active` that of all
    /// active validators, which counts as one increment at least.
    ///
    /// # Rounding
    /// Down at every division, as the specification: before Electra the penalty is whole ethers of
    /// all increments together, since then of each increment, so that it no longer vanishes for
    /// small faults.
    ///
    /// # Errors
    /// [`MathError::Overflow`] where the specification's 64 bits overflow.
    #[doc(alias = "process_slashings")]
    pub fn correlation_penalty(
        self,
        effective_balance: u64,
        slashed: u64,
        active: u64,
    ) -> Result<u64, MathError> {
        let active = active.max(INCREMENT);
        let increments = div(effective_balance, INCREMENT)?;
        let adjusted = mul(slashed, self.multiplier())?.min(active);
        if self == Self::Electra {
            let per_increment = div(adjusted, div(active, INCREMENT)?)?;
            mul(per_increment, increments)
        } else {
            mul(div(mul(increments, adjusted)?, active)?, INCREMENT)
        }
    }

    /// The balance after both penalties; it does not fall below zero.
    ///
    /// # Errors
    /// As [`correlation_penalty`](Self::correlation_penalty).
    pub fn balance_after(
        self,
        balance: u64,
        effective_balance: u64,
        slashed: u64,
        active: u64,
    ) -> Result<u64, MathError> {
        let correlation = self.correlation_penalty(effective_balance, slashed, active)?;
        let left = balance.saturating_sub(self.initial_penalty(effective_balance));
        Ok(left.saturating_sub(correlation))
    }
}

fn mul(a: u64, b: u64) -> Result<u64, MathError> {
    a.checked_mul(b).ok_or(MathError::Overflow)
}

fn div(a: u64, b: u64) -> Result<u64, MathError> {
    a.checked_div(b).ok_or(MathError::DivisionByZero)
}
