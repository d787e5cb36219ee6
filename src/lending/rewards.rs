//! Liquidity mining: a reward that is shared among holders by an index.
//!
//! The index is the reward of one share since the start. It grows by what is distributed over all shares,
//! and a holder has earned its growth since the holder's last record: nobody has to be visited.
//! [`RewardIndex`] is that and no more: for Compound's market index, advance it with
//! `speed · blocks` over the supplied shares, or over
//! [`reward_shares_of_borrows`](super::AccruedMarket::reward_shares_of_borrows). [`RewardPool`] adds what
//! `StakingRewards` does: a reward is paid out evenly over a period.
//!
//! # Laws
//!
//! - `rewards_earned_never_exceed_rewards_distributed`.
//! - `rewards_do_not_depend_on_when_they_are_claimed`, except for a unit at each claim.
//!
//! # Not laws
//!
//! - "All of a reward is paid out": the rate is rounded down, so up to one unit for each second of the
//!   period stays with the pool, and so does the index's remainder at each step.
//! - "A reward waits for the first holder": while nobody holds shares, time passes and the reward of that
//!   time is lost to the pool.
//!
//! # Rounding
//!
//! Down at every step, for the pool; the index at the 18th place, as the contract's.
//!
//! # Example
//!
//! ```
//! use defi_math::lending::rewards::{RewardHolder, RewardPool};
//! use defi_math::rate::seconds;
//! use rust_decimal::dec;
//!
//! let pool = RewardPool::new(seconds(100))?;
//! let alice = pool.stake(seconds(0), RewardHolder::NONE, dec!(10))?;
//! let funded = alice.after.notify(seconds(0), dec!(100), dec!(100))?;
//! let bob = funded.stake(seconds(40), RewardHolder::NONE, dec!(30))?;
//! // Alone for 40 seconds, then a quarter of each second.
//! assert_eq!(bob.after.earned(seconds(20), alice.holder)?, dec!(45));
//! assert_eq!(bob.after.earned(seconds(20), bob.holder)?, dec!(15));
//! # Ok::<(), defi_math::Error>(())
//! ```
//!
//! # Sources
//!
//! Synthetix `StakingRewards`, commit `1609d156`; Compound's `Comptroller.updateCompSupplyIndex` and
//! `distributeSupplierComp`.

use rust_decimal::Decimal;

use super::account::NetRate;
use super::{LendingError, Parameter, over, require, times};
use crate::error::MathError;
use crate::num::{Exact, Fit, Grid, Number, Rounding};
use crate::quantity::{Amount, IntoQuantity, Price, Shares};
use crate::rate::{Elapsed, PerSecond, Rate};

/// The reward of one share since the start.
///
/// In base units a `Wad` has 18 places, as `StakingRewards`; [`Fixed<36>`](crate::num::Fixed) has the 36 of
/// Compound's, but ends at 340 units a share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = "", transparent))]
#[doc(alias = "rewardPerToken")]
pub struct RewardIndex<N: Number = Decimal>(Amount<N>);

impl<N: Number> RewardIndex<N> {
    /// Nothing distributed yet.
    pub const ZERO: Self = Self(Amount::ZERO);

    /// So much for each share.
    ///
    /// # Errors
    /// Those of a number that is not an amount.
    pub fn new(per_share: N) -> Result<Self, MathError> {
        Amount::new(per_share).map(Self)
    }

    /// The reward of one share.
    #[must_use]
    pub const fn get(self) -> N {
        self.0.get()
    }

    /// The index after a reward is shared among so many shares: `⌊reward/shares⌋` more. Without shares
    /// nobody earns it.
    ///
    /// # Rounding
    /// Down.
    ///
    /// # Errors
    /// [`MathError::Overflow`], [`MathError::Inexact`].
    ///
    /// # Example
    /// ```
    /// use defi_math::lending::rewards::RewardIndex;
    /// use rust_decimal::dec;
    ///
    /// // 30 tokens among 600 shares, then 30 among 1,200.
    /// let first = RewardIndex::ZERO.distribute(dec!(30), dec!(600))?;
    /// let second = first.distribute(dec!(30), dec!(1_200))?;
    /// // Whoever came with 600 shares in between has earned half of the second.
    /// assert_eq!(second.earned(dec!(600), first)?, dec!(15));
    /// # Ok::<(), defi_math::Error>(())
    /// ```
    ///
    /// # Source
    /// `Comptroller.updateCompSupplyIndex`.
    pub fn distribute(
        self,
        reward: impl IntoQuantity<Amount<N>>,
        among: impl IntoQuantity<Shares<N>>,
    ) -> Result<Self, LendingError> {
        let (reward, shares) = (reward.into_quantity()?, among.into_quantity()?);
        if shares.is_zero() {
            return Ok(self);
        }
        let one = N::ONE.exact(Grid::Amount)?;
        let step = reward.mul_div(one, shares.exact()?, Fit::To(self.0), Rounding::Down)?;
        Ok(Self((self.0 + step)?))
    }

    /// What shares have earned since an earlier index: `⌊shares·(now − then)⌋`.
    ///
    /// # Rounding
    /// Down, for the pool.
    ///
    /// # Errors
    /// [`MathError::Underflow`] for a later index.
    ///
    /// # Source
    /// `Comptroller.distributeSupplierComp`.
    pub fn earned(
        self,
        shares: impl IntoQuantity<Shares<N>>,
        since: Self,
    ) -> Result<Amount<N>, LendingError> {
        let growth = (self.0 - since.0)?.get();
        Ok(Amount::new(times(shares.into_quantity()?.get(), growth, Rounding::Down)?)?)
    }
}

/// What a holder has, as the pool's contract records it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = ""))]
pub struct RewardHolder<N: Number = Decimal> {
    /// The shares staked.
    pub shares: Shares<N>,
    /// The index at the last record.
    #[doc(alias = "userRewardPerTokenPaid")]
    pub recorded: RewardIndex<N>,
    /// What was earned up to then and not yet paid out.
    #[doc(alias = "rewards")]
    pub unclaimed: Amount<N>,
}

impl<N: Number> RewardHolder<N> {
    /// Nobody yet.
    pub const NONE: Self =
        Self { shares: Shares::ZERO, recorded: RewardIndex::ZERO, unclaimed: Amount::ZERO };
}

/// A pool that pays a reward evenly over a period to whoever stakes.
///
/// Every transition takes the time since the last one, so that none can be forgotten.
///
/// # Source
/// `StakingRewards`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(bound = "", try_from = "RewardPoolState<N, U>", into = "RewardPoolState<N, U>")
)]
#[doc(alias = "StakingRewards")]
pub struct RewardPool<N: Number = Decimal, U: Copy = PerSecond> {
    state: RewardPoolState<N, U>,
}

/// Everything that a [`RewardPool`] remembers, to be stored or read from a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = ""))]
pub struct RewardPoolState<N: Number = Decimal, U: Copy = PerSecond> {
    /// How long the reward of a period runs.
    #[doc(alias = "rewardsDuration")]
    pub duration: Elapsed<U>,
    /// How long the running period still lasts: the contract's `periodFinish` less the time of its
    /// `lastUpdateTime`; none when there is no period.
    #[doc(alias = "periodFinish")]
    pub remaining: Elapsed<U>,
    /// What is paid out in each unit of time, while the period lasts.
    #[doc(alias = "rewardRate")]
    pub rate: Amount<N>,
    /// The index as of the last transition.
    #[doc(alias = "rewardPerTokenStored")]
    pub index: RewardIndex<N>,
    /// All shares staked.
    #[doc(alias = "totalSupply")]
    pub staked: Shares<N>,
}

impl<N: Number, U: Copy> TryFrom<RewardPoolState<N, U>> for RewardPool<N, U> {
    type Error = LendingError;

    /// # Errors
    /// [`LendingError::OutOfRange`] for periods of no time at all; [`LendingError::InvalidState`] for one
    /// that lasts longer than that.
    fn try_from(state: RewardPoolState<N, U>) -> Result<Self, LendingError> {
        require(state.duration.count() > 0, Parameter::RewardDuration)?;
        if state.remaining.count() > state.duration.count() {
            return Err(LendingError::InvalidState);
        }
        Ok(Self { state })
    }
}

impl<N: Number, U: Copy> From<RewardPool<N, U>> for RewardPoolState<N, U> {
    fn from(pool: RewardPool<N, U>) -> Self {
        pool.state
    }
}

/// A holder's stake, withdrawal or claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct RewardReceipt<N: Number = Decimal, U: Copy = PerSecond> {
    /// What was paid out.
    pub paid: Amount<N>,
    /// The holder's new record.
    pub holder: RewardHolder<N>,
    /// The pool after it.
    pub after: RewardPool<N, U>,
}

impl<N: Number, U: Copy> RewardPool<N, U> {
    /// An empty pool whose rewards run for so long each.
    ///
    /// # Errors
    /// [`LendingError::OutOfRange`] for no time at all.
    pub fn new(duration: Elapsed<U>) -> Result<Self, LendingError> {
        Self::try_from(RewardPoolState {
            duration,
            remaining: Elapsed::new(0),
            rate: Amount::ZERO,
            index: RewardIndex::ZERO,
            staked: Shares::ZERO,
        })
    }

    /// Everything that the pool remembers.
    #[must_use]
    pub const fn state(&self) -> &RewardPoolState<N, U> {
        &self.state
    }

    const fn with(state: RewardPoolState<N, U>) -> Self {
        Self { state }
    }

    /// The pool when more time has passed: the index grows by `⌊rate·time/staked⌋`, for the part of the
    /// time that lies within the period.
    ///
    /// # Rounding
    /// Down.
    ///
    /// # Errors
    /// [`MathError::Overflow`], [`MathError::Inexact`].
    ///
    /// # Source
    /// `StakingRewards.rewardPerToken`.
    #[doc(alias = "updateReward")]
    pub fn advance(&self, elapsed: Elapsed<U>) -> Result<Self, LendingError> {
        let RewardPoolState { remaining, rate, index, staked, .. } = self.state;
        let paying = elapsed.count().min(remaining.count());
        let left = remaining.count().saturating_sub(paying);
        let reward = Amount::new(rate.get().multiple(paying)?)?;
        let index = index.distribute(reward, staked)?;
        let remaining = Elapsed::new(left);
        Ok(Self::with(RewardPoolState { remaining, index, ..self.state }))
    }

    /// What a holder could claim after more time: `⌊shares·(index − recorded)⌋ + unclaimed`.
    ///
    /// # Rounding
    /// Down, for the pool.
    ///
    /// # Errors
    /// As [`advance`](Self::advance); [`MathError::Underflow`] for a record of a later time.
    ///
    /// # Source
    /// `StakingRewards.earned`.
    pub fn earned(
        &self,
        elapsed: Elapsed<U>,
        holder: RewardHolder<N>,
    ) -> Result<Amount<N>, LendingError> {
        let now = self.advance(elapsed)?.state.index;
        Ok((now.earned(holder.shares, holder.recorded)? + holder.unclaimed)?)
    }

    fn recorded(
        &self,
        elapsed: Elapsed<U>,
        holder: RewardHolder<N>,
    ) -> Result<(Self, RewardHolder<N>), LendingError> {
        let pool = self.advance(elapsed)?;
        let unclaimed = pool.earned(Elapsed::new(0), holder)?;
        Ok((pool, RewardHolder { recorded: pool.state.index, unclaimed, ..holder }))
    }

    /// Stakes more shares.
    ///
    /// # Errors
    /// [`LendingError::NoShares`] for none; as [`advance`](Self::advance).
    ///
    /// # Source
    /// `StakingRewards.stake`.
    pub fn stake(
        &self,
        elapsed: Elapsed<U>,
        holder: RewardHolder<N>,
        shares: impl IntoQuantity<Shares<N>>,
    ) -> Result<RewardReceipt<N, U>, LendingError> {
        let shares = shares.into_quantity()?;
        if shares.is_zero() {
            return Err(LendingError::NoShares);
        }
        let (pool, holder) = self.recorded(elapsed, holder)?;
        Ok(RewardReceipt {
            paid: Amount::ZERO,
            holder: RewardHolder { shares: (holder.shares + shares)?, ..holder },
            after: Self::with(RewardPoolState {
                staked: (pool.state.staked + shares)?,
                ..pool.state
            }),
        })
    }

    /// Takes shares back.
    ///
    /// # Errors
    /// [`LendingError::NoShares`] for none, [`LendingError::InsufficientShares`] for more than the holder
    /// has; as [`advance`](Self::advance).
    ///
    /// # Source
    /// `StakingRewards.withdraw`.
    pub fn withdraw(
        &self,
        elapsed: Elapsed<U>,
        holder: RewardHolder<N>,
        shares: impl IntoQuantity<Shares<N>>,
    ) -> Result<RewardReceipt<N, U>, LendingError> {
        let shares = shares.into_quantity()?;
        if shares.is_zero() {
            return Err(LendingError::NoShares);
        }
        let without = |all: Shares<N>| {
            all.less_part(shares).map_err(|e| e.or_short(LendingError::InsufficientShares))
        };
        let (left, staked) = (without(holder.shares)?, without(self.state.staked)?);
        let (pool, holder) = self.recorded(elapsed, holder)?;
        Ok(RewardReceipt {
            paid: Amount::ZERO,
            holder: RewardHolder { shares: left, ..holder },
            after: Self::with(RewardPoolState { staked, ..pool.state }),
        })
    }

    /// Pays out what a holder has earned.
    ///
    /// # Errors
    /// As [`advance`](Self::advance).
    ///
    /// # Source
    /// `StakingRewards.getReward`.
    #[doc(alias = "getReward")]
    pub fn claim(
        &self,
        elapsed: Elapsed<U>,
        holder: RewardHolder<N>,
    ) -> Result<RewardReceipt<N, U>, LendingError> {
        let (after, holder) = self.recorded(elapsed, holder)?;
        let paid = holder.unclaimed;
        Ok(RewardReceipt {
            paid,
            holder: RewardHolder { unclaimed: Amount::ZERO, ..holder },
            after,
        })
    }

    /// Promises a reward over a new period, with what is left of the running one. `held` is what the pool
    /// holds to pay it, this reward included.
    ///
    /// ```text
    /// rate = ⌊(reward + remaining·rate)/duration⌋        rate·duration ≤ held
    /// ```
    ///
    /// # Rounding
    /// Down: what the rate lacks stays with the pool.
    ///
    /// # Errors
    /// [`LendingError::RewardTooHigh`]; as [`advance`](Self::advance).
    ///
    /// # Source
    /// `StakingRewards.notifyRewardAmount`.
    #[doc(alias = "notifyRewardAmount")]
    pub fn notify(
        &self,
        elapsed: Elapsed<U>,
        reward: impl IntoQuantity<Amount<N>>,
        held: impl IntoQuantity<Amount<N>>,
    ) -> Result<Self, LendingError> {
        let RewardPool { state } = self.advance(elapsed)?;
        let leftover = Amount::new(state.rate.get().multiple(state.remaining.count())?)?;
        let one = N::ONE.exact(Grid::Amount)?;
        let duration = one.times(state.duration.count())?;
        let promised = (reward.into_quantity()? + leftover)?;
        // With the places of what is promised, so that a `Decimal` can hold what any time pays of it.
        let rate = promised.mul_div(one, duration, Fit::From(promised), Rounding::Down)?;
        let held = held.into_quantity()?.exact()?;
        if N::cmp_products(rate.exact()?, duration, held, one).is_gt() {
            return Err(LendingError::RewardTooHigh);
        }
        Ok(Self::with(RewardPoolState { rate, remaining: state.duration, ..state }))
    }

    /// The pool with another length of its next periods.
    ///
    /// Allowed from the moment at which the running period ends; the contract still refuses in that very
    /// second.
    ///
    /// # Errors
    /// [`LendingError::RewardPeriodNotEnded`] while one runs; [`LendingError::OutOfRange`] for no
    /// time at all; as [`advance`](Self::advance).
    ///
    /// # Source
    /// `StakingRewards.setRewardsDuration`.
    #[doc(alias = "setRewardsDuration")]
    pub fn with_duration(
        &self,
        elapsed: Elapsed<U>,
        duration: Elapsed<U>,
    ) -> Result<Self, LendingError> {
        let RewardPool { state } = self.advance(elapsed)?;
        if state.remaining.count() > 0 {
            return Err(LendingError::RewardPeriodNotEnded);
        }
        Self::try_from(RewardPoolState { duration, ..state })
    }
}

/// What borrowing costs less what it is rewarded with; it can earn.
///
/// ```text
/// b − ⌊rewards·price/B⌋        rewards: reward tokens for all borrowers in a unit of time
/// ```
///
/// # Rounding
/// The reward down: never shown cheaper than it is.
///
/// # Errors
/// [`MathError::DivisionByZero`] when nothing is borrowed; [`MathError::Overflow`].
///
/// # Example
/// ```
/// use defi_math::lending::account::NetRate;
/// use defi_math::lending::rewards::net_borrow_rate;
/// use defi_math::rate::{PerYear, Rate};
/// use rust_decimal::dec;
///
/// // 5 % a year, and 100 tokens at 70 for 100,000 borrowed: 7 %.
/// let rate = Rate::<_, PerYear>::new(dec!(0.05))?;
/// let net = net_borrow_rate(rate, dec!(100), dec!(70), dec!(100_000))?;
/// assert_eq!(net, NetRate::Earns(Rate::new(dec!(0.02))?));
/// # Ok::<(), defi_math::Error>(())
/// ```
pub fn net_borrow_rate<N: Number, U: Copy>(
    borrow_rate: Rate<N, U>,
    rewards: impl IntoQuantity<Amount<N>>,
    price: impl IntoQuantity<Price<N>>,
    borrows: impl IntoQuantity<Amount<N>>,
) -> Result<NetRate<N, U>, LendingError> {
    let worth = price.into_quantity()?.quote_down(rewards)?;
    let reward = over(worth.get(), borrows.into_quantity()?.get(), Rounding::Down)?;
    NetRate::of(Rate::new(reward)?, borrow_rate)
}
