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
//! - `rewards_do_not_depend_on_when_they_are_claimed`, but for a unit a claim.
//!
//! # Not laws
//!
//! - "All of a reward is paid out": below a unit for each unit of the period stays with the pool at the
//!   start, and the index's remainder at each step.
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
use super::{LendingError, over, times};
use crate::error::MathError;
use crate::num::{Exact, Fit, Grid, Number, Rounding};
use crate::quantity::{Amount, IntoQuantity, Price, Shares};
use crate::rate::{Elapsed, PerSecond, Rate};

/// The reward of one share since the start.
///
/// In base units a `Wad` has 18 places, as `StakingRewards`; [`Fixed<36>`](crate::num::Fixed) has the 36 of
/// Compound's, but ends at 340 units a share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[doc(alias = "rewardPerToken")]
pub struct RewardIndex<N: Number = Decimal>(N);

impl<N: Number> RewardIndex<N> {
    /// Nothing distributed yet.
    pub const ZERO: Self = Self(N::ZERO);

    /// So much for each share.
    ///
    /// # Errors
    /// Those of a number that is not an amount.
    pub fn new(per_share: N) -> Result<Self, MathError> {
        Ok(Self(Amount::new(per_share)?.get()))
    }

    /// The reward of one share.
    #[must_use]
    pub const fn get(self) -> N {
        self.0
    }

    /// The index after a reward is shared among so many shares: `⌊reward/shares⌋` more. Without shares
    /// nobody earns it.
    ///
    /// # Rounding
    /// Down.
    ///
    /// # Errors
    /// [`MathError::Overflow`], [`MathError::Inexact`].
    pub fn distribute(
        self,
        reward: impl IntoQuantity<Amount<N>>,
        among: impl IntoQuantity<Shares<N>>,
    ) -> Result<Self, LendingError> {
        let (reward, shares) = (reward.into_quantity()?.get(), among.into_quantity()?);
        if shares.is_zero() {
            return Ok(self);
        }
        let one = N::ONE.exact(Grid::Amount)?;
        let (by, fit) = (shares.exact()?, Fit::To(self.0));
        let step = reward.mul_div(one, by, fit, Grid::Amount, Rounding::Down)?;
        Ok(Self(self.0.try_add(step)?))
    }

    /// What shares have earned since an earlier index: `⌊shares·(now − then)⌋`.
    ///
    /// # Rounding
    /// Down, for the pool.
    ///
    /// # Errors
    /// [`MathError::Underflow`] for a later index.
    pub fn earned(
        self,
        shares: impl IntoQuantity<Shares<N>>,
        since: Self,
    ) -> Result<Amount<N>, LendingError> {
        let growth = self.0.try_sub(since.0)?;
        Ok(Amount::new(times(shares.into_quantity()?.get(), growth, Rounding::Down)?)?)
    }
}

/// What a holder has, as the pool's contract records it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
#[doc(alias = "StakingRewards")]
pub struct RewardPool<N: Number = Decimal, U: Copy = PerSecond> {
    duration: Elapsed<U>,
    remaining: Elapsed<U>,
    rate: Amount<N>,
    index: RewardIndex<N>,
    staked: Shares<N>,
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
    /// [`LendingError::InvalidParameter`] for no time at all.
    pub fn new(duration: Elapsed<U>) -> Result<Self, LendingError> {
        if duration.count() == 0 {
            return Err(LendingError::InvalidParameter);
        }
        Ok(Self {
            duration,
            remaining: Elapsed::new(0),
            rate: Amount::ZERO,
            index: RewardIndex::ZERO,
            staked: Shares::ZERO,
        })
    }

    /// What is paid out in each unit of time, while the period lasts.
    #[doc(alias = "rewardRate")]
    #[must_use]
    pub const fn rate(&self) -> Amount<N> {
        self.rate
    }

    /// How long the period still lasts.
    #[must_use]
    pub const fn remaining(&self) -> Elapsed<U> {
        self.remaining
    }

    /// All shares staked.
    #[doc(alias = "totalSupply")]
    #[must_use]
    pub const fn staked(&self) -> Shares<N> {
        self.staked
    }

    /// The index as of the last transition.
    #[doc(alias = "rewardPerTokenStored")]
    #[must_use]
    pub const fn index(&self) -> RewardIndex<N> {
        self.index
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
        let paying = elapsed.count().min(self.remaining.count());
        let left = self.remaining.count().saturating_sub(paying);
        let reward = Amount::new(self.rate.get().multiple(paying)?)?;
        let index = self.index.distribute(reward, self.staked)?;
        Ok(Self { index, remaining: Elapsed::new(left), ..*self })
    }

    /// What a holder could claim after more time.
    ///
    /// # Rounding
    /// Down.
    ///
    /// # Errors
    /// As [`advance`](Self::advance); [`MathError::Underflow`] for a record of a later time.
    pub fn earned(
        &self,
        elapsed: Elapsed<U>,
        holder: RewardHolder<N>,
    ) -> Result<Amount<N>, LendingError> {
        let now = self.advance(elapsed)?.index;
        Ok((now.earned(holder.shares, holder.recorded)? + holder.unclaimed)?)
    }

    fn recorded(
        &self,
        elapsed: Elapsed<U>,
        holder: RewardHolder<N>,
    ) -> Result<(Self, RewardHolder<N>), LendingError> {
        let pool = self.advance(elapsed)?;
        let unclaimed = pool.earned(Elapsed::new(0), holder)?;
        Ok((pool, RewardHolder { recorded: pool.index, unclaimed, ..holder }))
    }

    /// Stakes more shares.
    ///
    /// # Errors
    /// [`LendingError::InsufficientShares`] for none; as [`advance`](Self::advance).
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
            return Err(LendingError::InsufficientShares);
        }
        let (pool, holder) = self.recorded(elapsed, holder)?;
        Ok(RewardReceipt {
            paid: Amount::ZERO,
            holder: RewardHolder { shares: (holder.shares + shares)?, ..holder },
            after: Self { staked: (pool.staked + shares)?, ..pool },
        })
    }

    /// Takes shares back.
    ///
    /// # Errors
    /// [`LendingError::InsufficientShares`] for none, and for more than the holder has; as
    /// [`advance`](Self::advance).
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
        if shares.is_zero() || shares > holder.shares || shares > self.staked {
            return Err(LendingError::InsufficientShares);
        }
        let (pool, holder) = self.recorded(elapsed, holder)?;
        Ok(RewardReceipt {
            paid: Amount::ZERO,
            holder: RewardHolder { shares: (holder.shares - shares)?, ..holder },
            after: Self { staked: (pool.staked - shares)?, ..pool },
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
    /// rate = ⌊(reward + remaining·rate)/duration⌋        rate ≤ ⌊held/duration⌋
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
        let pool = self.advance(elapsed)?;
        let leftover = Amount::new(pool.rate.get().multiple(pool.remaining.count())?)?;
        let one = N::ONE.exact(Grid::Amount)?;
        let duration = one.times(pool.duration.count())?;
        let spread = |amount: Amount<N>| amount.mul_div(one, duration, Fit::Alone, Rounding::Down);
        let rate = spread((reward.into_quantity()? + leftover)?)?;
        if rate > spread(held.into_quantity()?)? {
            return Err(LendingError::RewardTooHigh);
        }
        Ok(Self { rate, remaining: pool.duration, ..pool })
    }

    /// The pool with another length of its next periods.
    ///
    /// # Errors
    /// [`LendingError::RewardPeriodNotEnded`] while one runs; [`LendingError::InvalidParameter`] for no
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
        let pool = self.advance(elapsed)?;
        if pool.remaining.count() > 0 {
            return Err(LendingError::RewardPeriodNotEnded);
        }
        if duration.count() == 0 {
            return Err(LendingError::InvalidParameter);
        }
        Ok(Self { duration, ..pool })
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
