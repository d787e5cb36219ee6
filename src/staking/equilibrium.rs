//! How much is staked and how much is lent when stakers compare yields.
//!
//! Real-valued: everything here is `f64`, and stated to a tolerance.
//!
//! # Symbols
//!
//! | symbol | is |
//! |---|---|
//! | `M` | all tokens |
//! | `s` | what is staked |
//! | `ℓ` | what is lent: `M − s`, and `c·s` more if the network lends against stakes |
//! | `B` | what is borrowed |
//! | `R` | the reward of a period, shared by the staked |
//! | `y_s = R/s` | the yield of staking |
//! | `y_l = U·(β₀ + β₁·U)·(1 − rf)`, `U = B/ℓ` | the yield of lending |
//!
//! # Assumptions
//!
//! - Demand for loans does not depend on how much is staked or lent, and is served first.
//! - Stakers are indifferent to risk in [`Market`], and weigh mean against variance in [`Portfolio`].
//! - A network that lends against stakes lets a part `c` of every staked token be lent as well, so that a
//!   staked token earns `y_s + c·y_l` where a lent one earns `y_l`.
//!
//! # Laws
//!
//! - `staking_equilibrium_is_where_the_yields_meet`, `equilibrium_moves_as_its_causes_do`.
//!
//! # Sources
//!
//! Chitra, *Competitive equilibria between staking and on-chain lending*, as far as its section titles, abstract
//! and talk tell; the closed forms and numbers are derived here.

#![allow(clippy::float_arithmetic, reason = "the float code")]

use super::StakingError;
use crate::error::{Kind, MathError};

/// The relative width at which the bisection stops.
pub const TOLERANCE: f64 = 1e-12;

/// What is on offer to those who hold the token.
///
/// # Example
///
/// ```
/// use defi_math::staking::equilibrium::Market;
///
/// let market = Market {
///     supply: 100.0,
///     reward: 5.0,
///     demand: 20.0,
///     base_rate: 0.02,
///     slope: 0.2,
///     reserve_factor: 0.0,
///     lent_against_stake: 0.0,
/// };
/// let equilibrium = market.equilibrium()?;
/// assert!((equilibrium.staked - 65.0359).abs() < 1e-4);
/// // A network that lends to its own stakers keeps them.
/// let own = Market { lent_against_stake: 0.25, ..market }.equilibrium()?;
/// assert!(own.staked > 75.0);
/// # Ok::<(), defi_math::staking::StakingError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Market {
    /// `M`: all tokens.
    pub supply: f64,
    /// `R`: the reward of a period.
    pub reward: f64,
    /// `B`: what is borrowed.
    pub demand: f64,
    /// `β₀`.
    pub base_rate: f64,
    /// `β₁`.
    pub slope: f64,
    /// `rf`: the part of the interest that lenders do not get.
    pub reserve_factor: f64,
    /// `c`: the part of a stake that is lent as well.
    pub lent_against_stake: f64,
}

/// Where the yields meet, or the corner at which they cannot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Equilibrium {
    /// `s`.
    pub staked: f64,
    /// `ℓ`.
    pub lent: f64,
    /// `y_s`.
    pub staking_yield: f64,
    /// `y_l`.
    pub lending_yield: f64,
    /// Whether the yields do not meet: as much is staked as demand leaves, and staking still pays as much or
    /// more; or there is no reward, and nothing is staked although lending pays.
    pub corner: bool,
}

impl Market {
    fn check(&self) -> Result<(), StakingError> {
        let all = [
            self.supply,
            self.reward,
            self.demand,
            self.base_rate,
            self.slope,
            self.reserve_factor,
            self.lent_against_stake,
        ];
        for number in all {
            if !number.is_finite() {
                return Err(MathError::NotFinite(Kind::Number).into());
            }
            if number < 0.0 {
                return Err(MathError::Negative(Kind::Number).into());
            }
        }
        let inside = self.reserve_factor <= 1.0 && self.lent_against_stake < 1.0;
        if !inside || self.supply <= 0.0 || self.demand > self.supply {
            return Err(StakingError::InvalidTerms);
        }
        Ok(())
    }

    /// `ℓ = M − (1 − c)·s`: what is lent when `s` is staked, in a market that
    /// [`equilibrium`](Self::equilibrium) accepts.
    #[must_use]
    pub fn lent(&self, staked: f64) -> f64 {
        self.supply - staked * (1.0 - self.lent_against_stake)
    }

    /// `y_l = U·(β₀ + β₁·U)·(1 − rf)`, `U = B/ℓ`: what lending pays when `s` is staked, in a market that
    /// [`equilibrium`](Self::equilibrium) accepts; the yield of full utilization when no more is
    /// lent than is demanded.
    #[must_use]
    pub fn lending_yield(&self, staked: f64) -> f64 {
        let lent = self.lent(staked);
        let utilization = if lent > self.demand { self.demand / lent } else { 1.0 };
        let utilization = if self.demand > 0.0 { utilization } else { 0.0 };
        utilization * (self.base_rate + self.slope * utilization) * (1.0 - self.reserve_factor)
    }

    /// What a token gains by being staked rather than lent: `R/s + c·y_l − y_l`. It falls in `s`.
    fn advantage(&self, staked: f64) -> f64 {
        self.reward / staked - (1.0 - self.lent_against_stake) * self.lending_yield(staked)
    }

    /// The one `s` at which staking and lending pay alike: `R/s = (1 − c)·y_l(s)`.
    ///
    /// The left side falls in `s` and the right side does not, so there is one at most. Where staking
    /// pays more even when all that demand leaves is staked, the corner is the answer.
    ///
    /// # Tolerance
    /// Bisection to a relative width of 10⁻¹² of `s`.
    ///
    /// # Errors
    /// [`StakingError::InvalidTerms`] for a demand above the supply, a reserve factor above one, and a part
    /// lent against stakes of one or more; [`MathError::NotFinite`], [`MathError::Negative`].
    pub fn equilibrium(&self) -> Result<Equilibrium, StakingError> {
        self.check()?;
        let most = ((self.supply - self.demand) / (1.0 - self.lent_against_stake)).min(self.supply);
        let at = |staked: f64, corner| Equilibrium {
            staked,
            lent: self.lent(staked),
            staking_yield: if staked > 0.0 { self.reward / staked } else { 0.0 },
            lending_yield: self.lending_yield(staked),
            corner,
        };
        if most <= 0.0 || self.advantage(most) >= 0.0 {
            return Ok(at(most, true));
        }
        if self.reward <= 0.0 {
            return Ok(at(0.0, true));
        }
        let (mut low, mut high) = (0.0_f64, most);
        while high - low > TOLERANCE * high {
            let middle = f64::midpoint(low, high);
            if middle <= low || middle >= high {
                break;
            }
            if self.advantage(middle) >= 0.0 {
                low = middle;
            } else {
                high = middle;
            }
        }
        Ok(at(f64::midpoint(low, high), false))
    }
}

/// One agent's expectations of staking and lending, and its aversion to risk.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Portfolio {
    /// `μ_s`: the expected yield of staking.
    pub staking_mean: f64,
    /// `μ_l`: the expected yield of lending.
    pub lending_mean: f64,
    /// `σ_s²`.
    pub staking_variance: f64,
    /// `σ_l²`.
    pub lending_variance: f64,
    /// `σ_sl`.
    pub covariance: f64,
    /// `λ`: how much variance costs.
    pub risk_aversion: f64,
}

impl Portfolio {
    /// The part to stake that maximises `μ′w − (λ/2)·w′Σw`, the rest being lent:
    ///
    /// ```text
    /// w = clip( ((μ_s − μ_l)/λ + σ_l² − σ_sl) / (σ_s² + σ_l² − 2·σ_sl), 0, 1 )
    /// ```
    ///
    /// # Errors
    /// [`StakingError::InvalidTerms`] unless the aversion and the variance of the difference are positive:
    /// without a risk, or an aversion to it, the better yield takes all, and equal ones leave the split
    /// open. [`MathError::NotFinite`].
    ///
    /// # Example
    /// ```
    /// use defi_math::staking::equilibrium::Portfolio;
    ///
    /// let seven_against_five = Portfolio {
    ///     staking_mean: 0.05,
    ///     lending_mean: 0.07,
    ///     staking_variance: 0.01,
    ///     lending_variance: 0.01,
    ///     covariance: 0.0,
    ///     risk_aversion: 1.0,
    /// };
    /// assert_eq!(seven_against_five.staked_part()?, 0.0);
    /// let alike = Portfolio { staking_mean: 0.07, ..seven_against_five };
    /// assert_eq!(alike.staked_part()?, 0.5);
    /// # Ok::<(), defi_math::staking::StakingError>(())
    /// ```
    pub fn staked_part(&self) -> Result<f64, StakingError> {
        let &Self { staking_mean, lending_mean, covariance, risk_aversion, .. } = self;
        let spread = self.staking_variance + self.lending_variance - 2.0 * covariance;
        let gain = (staking_mean - lending_mean) / risk_aversion;
        let part = (gain + self.lending_variance - covariance) / spread;
        if !(risk_aversion > 0.0 && spread > 0.0) {
            return Err(StakingError::InvalidTerms);
        }
        if part.is_finite() {
            Ok(part.clamp(0.0, 1.0))
        } else {
            Err(MathError::NotFinite(Kind::Ratio).into())
        }
    }
}

/// How the reward of a period changes with time.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum RewardSchedule {
    /// The same for ever: the supply grows along a line.
    Constant {
        /// The reward of each period.
        reward: f64,
    },
    /// Halved every so many periods: the money supply converges.
    Halving {
        /// The reward of the first period.
        reward: f64,
        /// After how many periods it is halved; above zero: what never is, is [`Constant`](Self::Constant).
        every: u32,
    },
    /// So that the supply grows by the same factor in each period, `T·(1 + ρ)^t`: the schedule after which
    /// rewards make stake least unequal.
    Exponential {
        /// `T`: the supply at the start.
        supply: f64,
        /// `ρ`: the growth of a period.
        growth: f64,
    },
}

impl RewardSchedule {
    /// The reward of a period, counted from zero: `R`, `R·2^(−⌊t/every⌋)`, or
    /// `T·((1 + ρ)^(t+1) − (1 + ρ)^t)`.
    ///
    /// # Errors
    /// [`StakingError::InvalidTerms`] for a halving every no periods; [`MathError::Negative`];
    /// [`MathError::Overflow`] when it is not finite.
    ///
    /// # Example
    /// ```
    /// use defi_math::staking::equilibrium::RewardSchedule;
    ///
    /// let bitcoin = RewardSchedule::Halving { reward: 50.0, every: 210_000 };
    /// assert_eq!(bitcoin.reward(420_000)?, 12.5);
    /// # Ok::<(), defi_math::staking::StakingError>(())
    /// ```
    ///
    /// # Source
    /// The exponential schedule: Fanti et al., *Compounding of Wealth in Proof-of-Stake
    /// Cryptocurrencies*, from its abstract.
    pub fn reward(&self, period: u32) -> Result<f64, StakingError> {
        let power = |base: f64, exponent: u32| -> f64 {
            num_traits::Float::powf(base, f64::from(exponent))
        };
        let reward = match *self {
            Self::Constant { reward } => reward,
            Self::Halving { reward, every } => {
                let halvings = period.checked_div(every).ok_or(StakingError::InvalidTerms)?;
                reward * power(0.5, halvings)
            }
            Self::Exponential { supply, growth } => supply * growth * power(1.0 + growth, period),
        };
        if reward < 0.0 {
            Err(MathError::Negative(Kind::Number).into())
        } else if reward.is_finite() {
            Ok(reward)
        } else {
            Err(MathError::Overflow.into())
        }
    }
}
