//! Shares of a common stake: deposits, rewards, slashes, and the queue out of it.

use rust_decimal::Decimal;

use super::{
    Claim, Deposit, Fraction, Kept, PoolReward, PoolSlash, Redemption, StakingError, Unbond, lacks,
};
use crate::error::MathError;
use crate::num::{Exact, Fit, Grid, Number, Rounding, Wide};
use crate::quantity::{Amount, IntoQuantity, Price, Ratio, Shares, with_virtual_shares};

/// The most places of the virtual offset.
const MOST_PLACES: u8 = 18;

/// A pool of stake that shares claim: the class of stETH, rETH and Anchor's bAssets, and the
/// delegators of one validator.
///
/// What a share is worth rises with rewards and falls with slashes; nobody's shares change by
/// either, but for the commission, which is taken as new shares.
///
/// In the formulas `A` is the stake and `S` the shares. While there are no shares, one is worth one unit of
/// stake. With virtual shares, `A + 1` and `S + 10^δ` base units take the places of `A` and `S`.
///
/// For a vault of any other token, without commission, slashes and queue, the bare standard is
/// [`TokenizedVault`](crate::lending::TokenizedVault).
///
/// # Assumptions
/// A withdrawal either leaves at once ([`redeem`](Self::redeem)) or waits
/// ([`unbond`](Self::unbond)). What waits earns no reward, and every slash takes the same part of it
/// as of what is still staked, until it is [claimed](Self::claim): waiting is no way to escape a slash
/// that is already being proved. A chain that spares a withdrawal begun before the fault slashes with
/// [`cosmos::slash`](super::cosmos::slash) instead.
///
/// # Example
///
/// ```
/// use defi_math::staking::{Fraction, Kept, StakingPool};
/// use rust_decimal::dec;
///
/// let pool = StakingPool::new(Fraction::from_basis_points(1_000)?).deposit(dec!(100))?.after;
///
/// // A reward of 10, of which the operator gets a tenth as shares.
/// let reward = pool.reward(dec!(10))?;
/// assert_eq!(reward.commission, dec!(0.917431192660550458));
/// assert_eq!(reward.after.amount_for(dec!(100))?, dec!(109));
///
/// // A slash of 5 % takes from everybody alike.
/// let slashed = reward.after.slash(Kept::after_slash(dec!(0.05))?)?.after;
/// assert_eq!(slashed.amount_for(dec!(100))?, dec!(103.55));
/// # Ok::<(), defi_math::staking::StakingError>(())
/// ```
///
/// # Source
/// `StETH` of Lido, `RocketTokenRETH` of Rocket Pool, `ERC4626` of OpenZeppelin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(bound = "", try_from = "StakingPoolState<N>", into = "StakingPoolState<N>")
)]
pub struct StakingPool<N: Number = Decimal> {
    state: StakingPoolState<N>,
}

/// Everything that a [`StakingPool`] remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = ""))]
pub struct StakingPoolState<N: Number = Decimal> {
    /// `A`: the stake that the shares claim.
    #[doc(alias = "totalPooledEther")]
    #[doc(alias = "totalAssets")]
    pub staked: Amount<N>,
    /// `S`: all shares.
    #[doc(alias = "totalShares")]
    #[doc(alias = "totalSupply")]
    pub supply: Shares<N>,
    /// The part of every reward that the operator gets as new shares.
    pub commission: Fraction,
    /// `δ`: with it, `10^δ` virtual shares claim one virtual base unit of stake, so that whoever
    /// inflates the value of a share pays most of it to them. At most 18.
    #[doc(alias = "decimalsOffset")]
    pub virtual_places: Option<u8>,
    /// `Q`: what waits in the queue.
    pub unbonding: Amount<N>,
    /// `K`: what is left of one unit that has waited since this era began.
    pub kept: Ratio<N>,
    /// How often everything that waited was lost.
    pub era: u32,
}

/// A withdrawal that waits: its owner keeps it and gives it to [`StakingPool::claim`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = ""))]
pub struct Withdrawal<N: Number = Decimal> {
    amount: Amount<N>,
    kept: Ratio<N>,
    era: u32,
    matures_at: u64,
}

impl<N: Number> Withdrawal<N> {
    /// What was asked for.
    #[must_use]
    pub const fn amount(&self) -> Amount<N> {
        self.amount
    }

    /// The first moment at which it is paid out, in the caller's unit of time.
    #[must_use]
    pub const fn matures_at(&self) -> u64 {
        self.matures_at
    }
}

impl<N: Number> TryFrom<StakingPoolState<N>> for StakingPool<N> {
    type Error = StakingError;

    /// # Errors
    /// [`StakingError::InvalidState`] for an offset of more than 18 places, and a `kept` that is zero
    /// or above one.
    fn try_from(state: StakingPoolState<N>) -> Result<Self, StakingError> {
        let offset = state.virtual_places.unwrap_or(0);
        if offset > MOST_PLACES || state.kept.is_zero() || state.kept > Ratio::ONE {
            return Err(StakingError::InvalidState);
        }
        Ok(Self { state })
    }
}

impl<N: Number> From<StakingPool<N>> for StakingPoolState<N> {
    fn from(pool: StakingPool<N>) -> Self {
        pool.state
    }
}

impl<N: Number> StakingPool<N> {
    /// An empty pool without virtual shares: the first share costs one unit of stake.
    ///
    /// Whoever deploys it should make the first deposit and keep the shares, as Lido does; else the
    /// second depositor can be robbed (see `docs/laws.md`), or refused.
    #[must_use]
    pub const fn new(commission: Fraction) -> Self {
        Self {
            state: StakingPoolState {
                staked: Amount::ZERO,
                supply: Shares::ZERO,
                commission,
                virtual_places: None,
                unbonding: Amount::ZERO,
                kept: Ratio::ONE,
                era: 0,
            },
        }
    }

    /// An empty pool with `10^places` virtual shares.
    ///
    /// # Errors
    /// [`StakingError::InvalidState`] above 18 places.
    #[doc(alias = "_decimalsOffset")]
    pub fn with_virtual_shares(commission: Fraction, places: u8) -> Result<Self, StakingError> {
        let state = Self::new(commission).state;
        Self::try_from(StakingPoolState { virtual_places: Some(places), ..state })
    }

    /// Everything that the pool remembers.
    #[must_use]
    pub const fn state(&self) -> &StakingPoolState<N> {
        &self.state
    }

    /// `A`: the stake that the shares claim.
    #[must_use]
    pub const fn staked(&self) -> Amount<N> {
        self.state.staked
    }

    /// `S`: all shares.
    #[must_use]
    pub const fn supply(&self) -> Shares<N> {
        self.state.supply
    }

    /// `Q`: what waits in the queue.
    #[must_use]
    pub const fn unbonding(&self) -> Amount<N> {
        self.state.unbonding
    }

    /// Shares and stake that convert into each other: `S + 10^δ` and `A + 1`, or `S` and `A`, or
    /// one for one while there are no shares.
    #[inline]
    fn parts(&self) -> Result<(N::Exact, N::Exact), MathError> {
        let StakingPoolState { staked, supply, virtual_places, .. } = self.state;
        match virtual_places {
            Some(places) => with_virtual_shares(supply, staked, places),
            None if supply.is_zero() => {
                let one = N::ONE.exact(Grid::Amount)?;
                Ok((one, one))
            }
            None => Ok((supply.exact()?, staked.exact()?)),
        }
    }

    fn to_shares(self, amount: Amount<N>, rounding: Rounding) -> Result<Shares<N>, StakingError> {
        let (shares, stake) = self.parts()?;
        if stake.is_zero() {
            return Err(StakingError::NoStake);
        }
        let fit = Fit::To(Amount::new(self.state.supply.get())?);
        Ok(Shares::new(amount.mul_div(shares, stake, fit, rounding)?.get())?)
    }

    fn to_amount(self, shares: Shares<N>, rounding: Rounding) -> Result<Amount<N>, StakingError> {
        let (supply, stake) = self.parts()?;
        let fit = Fit::From(self.state.staked);
        Ok(Amount::new(shares.get())?.mul_div(stake, supply, fit, rounding)?)
    }

    /// `A/S`: what one share is worth, of the stake, as an exact fraction.
    ///
    /// # Errors
    /// [`StakingError::NoStake`] when shares claim nothing.
    pub fn exchange_rate(&self) -> Result<Price<N>, StakingError> {
        let (supply, stake) = self.parts()?;
        if stake.is_zero() {
            return Err(StakingError::NoStake);
        }
        Ok(Price::from_exact(stake, supply)?)
    }

    /// `⌊amount·S/A⌋`: the shares that a deposit buys.
    ///
    /// # Rounding
    /// Down, for the other shares.
    ///
    /// # Errors
    /// [`StakingError::NoStake`] when there are shares that claim nothing; [`MathError::Overflow`].
    ///
    /// # Example
    /// ```
    /// use defi_math::staking::{Fraction, StakingPool};
    /// use rust_decimal::dec;
    ///
    /// let pool = StakingPool::new(Fraction::ZERO).deposit(dec!(100))?.after;
    /// let grown = pool.reward(dec!(25))?.after;
    /// assert_eq!(grown.shares_for(dec!(10))?, dec!(8));
    /// assert_eq!(grown.amount_for(dec!(8))?, dec!(10));
    /// # Ok::<(), defi_math::staking::StakingError>(())
    /// ```
    ///
    /// # Source
    /// `StETH.getSharesByPooledEth`, `RocketTokenRETH.getRethValue`, `ERC4626.previewDeposit`.
    #[doc(alias = "getSharesByPooledEth")]
    #[doc(alias = "getRethValue")]
    #[doc(alias = "convertToShares")]
    #[doc(alias = "previewDeposit")]
    #[inline]
    pub fn shares_for(
        &self,
        amount: impl IntoQuantity<Amount<N>>,
    ) -> Result<Shares<N>, StakingError> {
        self.to_shares(amount.into_quantity()?, Rounding::Down)
    }

    /// `⌈amount·S/A⌉`: the shares that buy so much stake back.
    ///
    /// # Rounding
    /// Up, for the other shares.
    ///
    /// # Errors
    /// As [`shares_for`](Self::shares_for).
    ///
    /// # Source
    /// `ERC4626.previewWithdraw`.
    #[doc(alias = "previewWithdraw")]
    pub fn shares_for_up(
        &self,
        amount: impl IntoQuantity<Amount<N>>,
    ) -> Result<Shares<N>, StakingError> {
        self.to_shares(amount.into_quantity()?, Rounding::Up)
    }

    /// `⌊shares·A/S⌋`: what shares are worth.
    ///
    /// # Rounding
    /// Down, for the other shares.
    ///
    /// # Errors
    /// [`MathError::Overflow`].
    ///
    /// # Source
    /// `StETH.getPooledEthByShares`, `RocketTokenRETH.getEthValue`, `ERC4626.previewRedeem`.
    #[doc(alias = "getPooledEthByShares")]
    #[doc(alias = "getEthValue")]
    #[doc(alias = "convertToAssets")]
    #[doc(alias = "previewRedeem")]
    #[inline]
    pub fn amount_for(
        &self,
        shares: impl IntoQuantity<Shares<N>>,
    ) -> Result<Amount<N>, StakingError> {
        self.to_amount(shares.into_quantity()?, Rounding::Down)
    }

    /// `⌈shares·A/S⌉`: what so many new shares cost.
    ///
    /// # Rounding
    /// Up, for the other shares.
    ///
    /// # Errors
    /// [`StakingError::NoStake`] when there are shares that claim nothing: new ones would be free;
    /// [`MathError::Overflow`].
    ///
    /// # Source
    /// `ERC4626.previewMint`.
    #[doc(alias = "previewMint")]
    pub fn amount_for_up(
        &self,
        shares: impl IntoQuantity<Shares<N>>,
    ) -> Result<Amount<N>, StakingError> {
        let shares = shares.into_quantity()?;
        let (supply, stake) = self.parts()?;
        if stake.is_zero() {
            return Err(StakingError::NoStake);
        }
        let fit = Fit::To(self.state.staked);
        Ok(Amount::new(shares.get())?.mul_div(stake, supply, fit, Rounding::Up)?)
    }

    /// Stakes an amount for the shares that it buys.
    ///
    /// # Rounding
    /// Shares down, for the others.
    ///
    /// # Errors
    /// [`StakingError::InsufficientSharesMinted`] when it is too little for a share: OpenZeppelin's vault takes it and
    /// gives nothing, which is how an inflated share robs its next depositor; else as
    /// [`shares_for`](Self::shares_for).
    ///
    /// # Source
    /// `Lido._submit`, `ERC4626.deposit`.
    #[doc(alias = "submit")]
    pub fn deposit(
        &self,
        amount: impl IntoQuantity<Amount<N>>,
    ) -> Result<Deposit<N>, StakingError> {
        let amount = amount.into_quantity()?;
        let shares = self.to_shares(amount, Rounding::Down)?;
        self.deposited(amount, shares)
    }

    /// Stakes what so many shares cost.
    ///
    /// # Rounding
    /// The amount up, for the others.
    ///
    /// # Errors
    /// [`StakingError::InsufficientSharesMinted`] for none; else as [`amount_for_up`](Self::amount_for_up).
    ///
    /// # Source
    /// `ERC4626.mint`.
    pub fn mint(&self, shares: impl IntoQuantity<Shares<N>>) -> Result<Deposit<N>, StakingError> {
        let shares = shares.into_quantity()?;
        self.deposited(self.amount_for_up(shares)?, shares)
    }

    fn deposited(self, amount: Amount<N>, shares: Shares<N>) -> Result<Deposit<N>, StakingError> {
        if shares.is_zero() {
            return Err(StakingError::InsufficientSharesMinted);
        }
        let staked = (self.state.staked + amount)?;
        let supply = (self.state.supply + shares)?;
        let after = Self { state: StakingPoolState { staked, supply, ..self.state } };
        Ok(Deposit { amount, shares, after })
    }

    /// Gives back shares for what they are worth, at once.
    ///
    /// # Rounding
    /// The amount down, for the others.
    ///
    /// # Errors
    /// [`StakingError::InsufficientShares`] for more than there are.
    ///
    /// # Source
    /// `RocketTokenRETH.burn`, `ERC4626.redeem`.
    #[doc(alias = "ERC4626ExceededMaxRedeem")]
    pub fn redeem(
        &self,
        shares: impl IntoQuantity<Shares<N>>,
    ) -> Result<Redemption<N>, StakingError> {
        let shares = shares.into_quantity()?;
        self.redeemed(shares, |pool| {
            let amount = pool.to_amount(shares, Rounding::Down)?;
            // Only of floats can the last shares be worth an ulp more than there is.
            Ok(if amount > pool.state.staked { pool.state.staked } else { amount })
        })
    }

    /// Takes so much stake out at once, for the shares that it costs.
    ///
    /// # Rounding
    /// Shares up, for the others.
    ///
    /// # Errors
    /// [`StakingError::InsufficientStake`] for more than is staked;
    /// [`StakingError::InsufficientShares`] when it costs more shares than there are; else as
    /// [`shares_for_up`](Self::shares_for_up).
    ///
    /// # Source
    /// `ERC4626.withdraw`.
    #[doc(alias = "ERC4626ExceededMaxWithdraw")]
    pub fn withdraw(
        &self,
        amount: impl IntoQuantity<Amount<N>>,
    ) -> Result<Redemption<N>, StakingError> {
        let amount = amount.into_quantity()?;
        if amount > self.state.staked {
            return Err(StakingError::InsufficientStake);
        }
        self.redeemed(self.to_shares(amount, Rounding::Up)?, |_| Ok(amount))
    }

    fn redeemed(
        self,
        shares: Shares<N>,
        amount: impl FnOnce(Self) -> Result<Amount<N>, StakingError>,
    ) -> Result<Redemption<N>, StakingError> {
        if lacks(self.state.supply.get(), shares.get()) {
            return Err(StakingError::InsufficientShares);
        }
        let amount = amount(self)?;
        let staked = (self.state.staked - amount)?;
        let supply = self.state.supply.less_part(shares)?;
        let after = Self { state: StakingPoolState { staked, supply, ..self.state } };
        Ok(Redemption { shares, amount, after })
    }

    /// Adds a reward `R`, of which the operator gets the commission `φ = a/b` as new shares: the
    /// stakers' shares are worth the rest more, and the operator's are worth the commission.
    ///
    /// ```text
    /// shares = ⌊ S·a·R / (b·(A + R) − a·R) ⌋
    /// ```
    ///
    /// # Rounding
    /// The operator's shares down, for the stakers.
    ///
    /// # Errors
    /// [`StakingError::NoStake`] for a reward that nobody claims; [`MathError::Overflow`].
    ///
    /// # Source
    /// `Lido._distributeFee`.
    #[doc(alias = "distributeFee")]
    pub fn reward(
        &self,
        amount: impl IntoQuantity<Amount<N>>,
    ) -> Result<PoolReward<N>, StakingError> {
        let amount = amount.into_quantity()?;
        let StakingPoolState { staked, supply, commission, .. } = self.state;
        if supply.is_zero() {
            return Err(StakingError::NoStake);
        }
        let rewarded = (staked + amount)?;
        let (shares, stake) = self.parts()?;
        let taken = amount.times(commission.numerator())?;
        let left = stake.plus(amount.exact()?)?.times(commission.denominator())?.minus(taken)?;
        let commission = if taken.is_zero() || left.is_zero() {
            // Shares of nothing, grown by a reward that is all commission, cannot be priced.
            if left.is_zero() && !amount.is_zero() {
                return Err(StakingError::NoStake);
            }
            Shares::ZERO
        } else {
            let by = shares.times(commission.numerator())?;
            let fit = Fit::To(Amount::new(supply.get())?);
            Shares::new(amount.mul_div(by, left, fit, Rounding::Down)?.get())?
        };
        let supply = (supply + commission)?;
        let after = Self { state: StakingPoolState { staked: rewarded, supply, ..self.state } };
        Ok(PoolReward { amount, commission, after })
    }

    /// Adds stake for everybody, without a commission.
    ///
    /// # Errors
    /// [`MathError::Overflow`], [`MathError::Inexact`] when the stake cannot be held.
    pub fn donate(&self, amount: impl IntoQuantity<Amount<N>>) -> Result<Self, StakingError> {
        let staked = (self.state.staked + amount.into_quantity()?)?;
        Ok(Self { state: StakingPoolState { staked, ..self.state } })
    }

    /// Slashes a part of everything, what waits in the queue included.
    ///
    /// # Rounding
    /// What the shares keep down; what the queue keeps up, and every claim on it down, so that it always
    /// holds what it owes.
    ///
    /// # Errors
    /// [`MathError::Overflow`] after more than 2³² total losses.
    pub fn slash(&self, kept: Kept<N>) -> Result<PoolSlash<N>, StakingError> {
        let StakingPoolState { staked, unbonding, .. } = self.state;
        let left = (kept.of(staked)?, kept.part_of(unbonding, Rounding::Up)?);
        let index = self.state.kept.mul_div(
            kept.get().exact()?,
            Ratio::<N>::ONE.exact()?,
            Fit::Alone,
            Rounding::Down,
        )?;
        self.lost(left, index)
    }

    /// Takes a loss of known size: the queue bears its part of it, the shares the rest.
    ///
    /// ```text
    /// from the queue:  ⌈amount·Q/(A + Q)⌉
    /// from the shares: amount less that
    /// ```
    ///
    /// # Rounding
    /// The queue's part up: whoever leaves pays the remainder. Once shares are left with nothing, the
    /// queue bears it alone.
    ///
    /// # Errors
    /// [`StakingError::InsufficientStake`] for more than there is.
    ///
    /// # Example
    /// ```
    /// use defi_math::staking::{Fraction, StakingPool};
    /// use rust_decimal::dec;
    ///
    /// let pool = StakingPool::new(Fraction::ZERO).deposit(dec!(100))?.after;
    /// let waiting = pool.unbond(dec!(20), 0, 7)?.after;
    /// let loss = waiting.lose(dec!(10))?;
    /// assert_eq!((loss.unbonding.get(), loss.staked.get()), (dec!(2), dec!(8)));
    /// # Ok::<(), defi_math::staking::StakingError>(())
    /// ```
    ///
    /// # Source
    /// The rebase of `StETH` after its oracle's report of a loss.
    pub fn lose(&self, amount: impl IntoQuantity<Amount<N>>) -> Result<PoolSlash<N>, StakingError> {
        let amount = amount.into_quantity()?;
        let StakingPoolState { staked, unbonding, .. } = self.state;
        let total = (staked + unbonding)?;
        if amount > total {
            return Err(StakingError::InsufficientStake);
        }
        if amount.is_zero() {
            return Ok(PoolSlash { staked: amount, unbonding: amount, after: *self });
        }
        let part = amount.mul_div(
            unbonding.exact()?,
            total.exact()?,
            Fit::From(unbonding),
            Rounding::Up,
        )?;
        let least = |a: Amount<N>, b: Amount<N>| if a < b { a } else { b };
        // A part that a large `Decimal` rounds up to more than it is a part of.
        let part = least(least(part, amount), unbonding);
        // Of floats, the rest can be more than the little that shares have.
        let rest = least((amount - part)?, staked);
        let left = ((staked - rest)?, (unbonding - part)?);
        let index = if unbonding.is_zero() {
            self.state.kept
        } else {
            let (now, then) = (left.1.exact()?, unbonding.exact()?);
            self.state.kept.mul_div(now, then, Fit::Alone, Rounding::Down)?
        };
        self.lost(left, index)
    }

    fn lost(
        self,
        (staked, unbonding): (Amount<N>, Amount<N>),
        kept: Ratio<N>,
    ) -> Result<PoolSlash<N>, StakingError> {
        let state = &self.state;
        // Nothing is left of what waited: those who come later start afresh.
        let (kept, unbonding, era) = if kept.is_zero() {
            let era = state.era.checked_add(1).ok_or(MathError::Overflow)?;
            (Ratio::ONE, Amount::ZERO, era)
        } else {
            (kept, unbonding, state.era)
        };
        let lost_staked = (state.staked - staked)?;
        let lost_unbonding = (state.unbonding - unbonding)?;
        let after = Self { state: StakingPoolState { staked, unbonding, kept, era, ..*state } };
        Ok(PoolSlash { staked: lost_staked, unbonding: lost_unbonding, after })
    }

    /// Puts shares into the queue: what they are worth waits from `now` on for `period`.
    ///
    /// # Rounding
    /// The amount down, for the shares that stay.
    ///
    /// # Errors
    /// [`StakingError::InsufficientShares`] for more than there are; [`MathError::Overflow`] when the
    /// time does not fit.
    ///
    /// # Example
    /// ```
    /// use defi_math::staking::{Fraction, Kept, StakingError, StakingPool};
    /// use rust_decimal::dec;
    ///
    /// let pool = StakingPool::new(Fraction::ZERO).deposit(dec!(100))?.after;
    /// let unbond = pool.unbond(dec!(40), 1_000, 21)?;
    ///
    /// // A slash meets what waits as well.
    /// let slashed = unbond.after.slash(Kept::after_slash(dec!(0.1))?)?.after;
    /// assert_eq!(slashed.claim(unbond.withdrawal, 1_020), Err(StakingError::NotMature));
    /// let claim = slashed.claim(unbond.withdrawal, 1_021)?;
    /// assert_eq!(claim.amount, dec!(36));
    /// assert_eq!(claim.lost, dec!(4));
    /// # Ok::<(), StakingError>(())
    /// ```
    pub fn unbond(
        &self,
        shares: impl IntoQuantity<Shares<N>>,
        now: u64,
        period: u64,
    ) -> Result<Unbond<N>, StakingError> {
        let Redemption { shares, amount, after } = self.redeem(shares)?;
        let state = after.state;
        let matures_at = now.checked_add(period).ok_or(MathError::Overflow)?;
        let withdrawal = Withdrawal { amount, kept: state.kept, era: state.era, matures_at };
        let unbonding = (state.unbonding + amount)?;
        let after = Self { state: StakingPoolState { unbonding, ..state } };
        Ok(Unbond { shares, withdrawal, after })
    }

    /// What a withdrawal that waits would be paid now: `⌊amount·K/K₀⌋`; all of it if no slash lies between,
    /// whatever its digits; nothing if everything that waited was lost in between.
    ///
    /// # Rounding
    /// Down, for those who still wait.
    ///
    /// # Errors
    /// [`MathError::Overflow`].
    pub fn claimable(&self, withdrawal: &Withdrawal<N>) -> Result<Amount<N>, StakingError> {
        let &Withdrawal { amount, kept, era, .. } = withdrawal;
        if era != self.state.era {
            return Ok(Amount::ZERO);
        }
        if kept == self.state.kept {
            return Ok(amount);
        }
        let now = self.state.kept.exact()?;
        let fit = Fit::From(self.state.unbonding);
        let claimable = amount.mul_div(now, kept.exact()?, fit, Rounding::Down)?;
        // The nearest float can lie above.
        Ok(if claimable > amount { amount } else { claimable })
    }

    /// Pays out a withdrawal that has waited long enough, less its part of what was slashed while it
    /// waited.
    ///
    /// # Rounding
    /// Down, for those who still wait: the queue always holds what it owes. What was lost up, where a `Decimal`
    /// has no place for it.
    ///
    /// # Errors
    /// [`StakingError::NotMature`] before its time; [`StakingError::InsufficientStake`] when the queue
    /// does not hold it, which a withdrawal of this pool that is claimed once never meets.
    pub fn claim(&self, withdrawal: Withdrawal<N>, now: u64) -> Result<Claim<N>, StakingError> {
        if now < withdrawal.matures_at {
            return Err(StakingError::NotMature);
        }
        let amount = self.claimable(&withdrawal)?;
        if lacks(self.state.unbonding.get(), amount.get()) {
            return Err(StakingError::InsufficientStake);
        }
        let unbonding = self.state.unbonding.less_part(amount)?;
        // What is lost is told, and nothing is booked by it: a `Decimal` without the places does not refuse.
        let lost = match withdrawal.amount - amount {
            Err(MathError::Inexact) => {
                let lost = withdrawal.amount.wide()?.saturating_minus(amount.wide()?);
                Amount::from_wide(lost, Fit::Alone, Rounding::Up)?
            }
            exact => exact?,
        };
        let after = Self { state: StakingPoolState { unbonding, ..self.state } };
        Ok(Claim { amount, lost, after })
    }
}
