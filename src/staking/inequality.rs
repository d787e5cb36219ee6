//! How unequal a distribution of stake is, and what makes it less so.
//!
//! A coefficient is an exact fraction; it is rounded when it becomes a number, and two of them are
//! compared exactly.
//!
//! # Symbols
//!
//! | symbol | is |
//! |---|---|
//! | `x₁ ≤ … ≤ xₙ`, `T = Σ x` | the stakes, and all of it |
//! | `r` | a rank from one in formulas, an index from zero in arguments |
//! | `G`, `G″` | the Gini coefficient, and that of those who are left when one leaves |
//!
//! # Laws
//!
//! - `inequality_is_the_mean_difference`: `G = Σ|xᵢ − xⱼ|/(2·n·T)`, and at most `(n − 1)/n`.
//! - `conditions_for_less_inequality_are_exact`.
//! - `expected_inequality_falls_with_slashes_and_rises_with_rewards`: for slashes that pass nobody.
//!
//! # Not laws
//!
//! - "Burning stake of the large lowers inequality": of 10, 20, 30, 40, burning a little of the 30 changes
//!   nothing.
//! - "A default of the largest lowers inequality": not if it is still counted, with nothing.
//!
//! # Rounding
//!
//! None, until a coefficient becomes a number in a stated direction.
//!
//! # Example
//!
//! ```
//! use defi_math::Amount;
//! use defi_math::staking::inequality::{Distribution, Effect};
//! use defi_math::staking::Fraction;
//! use rust_decimal::dec;
//!
//! let mut stakes = [40, 10, 30, 20].map(|n| Amount::new(n.into()).unwrap());
//! let distribution = Distribution::new(&mut stakes)?;
//! assert_eq!(distribution.gini()?.to_ratio_down()?, dec!(0.25));
//! assert_eq!(distribution.herfindahl()?.to_ratio_down()?, dec!(0.3));
//! assert_eq!(distribution.nakamoto(Fraction::ONE_HALF)?, 2);
//!
//! // The default of the largest raises inequality if it stays in the count, and lowers it if it leaves.
//! assert_eq!(distribution.effect_of_default(3)?, Effect::Raises);
//! assert_eq!(distribution.effect_of_removal(3)?, Effect::Lowers);
//! # Ok::<(), defi_math::staking::StakingError>(())
//! ```
//!
//! # Sources
//!
//! Gini, Herfindahl; Srinivasan's Nakamoto coefficient. The conditions are derived here.

use core::cmp::Ordering;
use core::fmt;

use rust_decimal::Decimal;

use super::{Fraction, Kept, StakingError};
use crate::error::MathError;
use crate::num::{Exact, Fit, Grid, Number, Rounding, quotient};
use crate::quantity::{Amount, Ratio};

/// A coefficient between zero and one as an exact fraction.
#[derive(Clone, Copy)]
pub struct Coefficient<N: Number = Decimal> {
    numerator: N::Exact,
    denominator: N::Exact,
}

impl<N: Number> Coefficient<N> {
    /// The coefficient, rounded down.
    ///
    /// # Errors
    /// [`MathError::Overflow`] above 256 bits.
    pub fn to_ratio_down(self) -> Result<Ratio<N>, StakingError> {
        self.to_ratio(Rounding::Down)
    }

    /// The coefficient, rounded up.
    ///
    /// # Errors
    /// [`MathError::Overflow`] above 256 bits.
    pub fn to_ratio_up(self) -> Result<Ratio<N>, StakingError> {
        self.to_ratio(Rounding::Up)
    }

    fn to_ratio(self, rounding: Rounding) -> Result<Ratio<N>, StakingError> {
        let (by, over) = (self.numerator, self.denominator);
        Ok(Ratio::new(N::ONE.mul_div(by, over, Fit::Alone, Grid::Rate, rounding)?)?)
    }

    /// A float near it.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        quotient(self.numerator.approximate(), self.denominator.approximate())
    }
}

impl<N: Number> PartialEq for Coefficient<N> {
    fn eq(&self, other: &Self) -> bool {
        self.partial_cmp(other) == Some(Ordering::Equal)
    }
}

impl<N: Number> PartialOrd for Coefficient<N> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        let (a, b) = (self.numerator, self.denominator);
        Some(N::cmp_products(a, other.denominator, other.numerator, b))
    }
}

impl<N: Number> fmt::Debug for Coefficient<N> {
    /// The fraction is exact, its text is a float.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Coefficient").field(&self.to_f64()).finish()
    }
}

/// What a change does to the Gini coefficient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Less inequality.
    Lowers,
    /// None at all.
    Keeps,
    /// More inequality.
    Raises,
}

impl Effect {
    const fn of(order: Ordering) -> Self {
        match order {
            Ordering::Less => Self::Lowers,
            Ordering::Equal => Self::Keeps,
            Ordering::Greater => Self::Raises,
        }
    }
}

/// A distribution of stake: a slice sorted from the smallest to the largest. Ranks count from zero.
#[derive(Clone, Copy, Debug)]
pub struct Distribution<'a, N: Number = Decimal> {
    stakes: &'a [Amount<N>],
    count: u32,
    total: N::Exact,
    /// `Σ (2i − n − 1)·x_i`, `i` from one.
    spread: N::Exact,
}

impl<'a, N: Number> Distribution<'a, N> {
    /// Sorts the stakes.
    ///
    /// # Cost
    /// One sort and one pass.
    ///
    /// # Errors
    /// [`StakingError::NoStake`] when nobody has a stake; [`MathError::Overflow`] from 2³² − 1
    /// stakes on, and for a sum beyond 256 bits.
    pub fn new(stakes: &'a mut [Amount<N>]) -> Result<Self, StakingError> {
        // Total: an amount is never a float that is not a number.
        stakes.sort_unstable_by(|a, b| a.partial_cmp(b).unwrap_or(Ordering::Equal));
        Self::of_sorted(stakes)
    }

    /// A slice that is sorted already.
    ///
    /// # Errors
    /// As [`new`](Self::new); [`StakingError::NotSorted`].
    pub fn of_sorted(stakes: &'a [Amount<N>]) -> Result<Self, StakingError> {
        if !stakes.is_sorted() {
            return Err(StakingError::NotSorted);
        }
        let count = u32::try_from(stakes.len()).map_err(|_| MathError::Overflow)?;
        let zero = Amount::<N>::ZERO.exact()?;
        let mut total = zero;
        // The differences from the larger half less those from the smaller: Σ 2i·x_i − (n + 1)·Σ x_i,
        // as Σ over the largest first of what lies above: every prefix is at least its share.
        let mut weighted = zero;
        for (i, stake) in (1_u32..).zip(stakes) {
            total = total.plus(stake.exact()?)?;
            weighted = weighted.plus(stake.times(i)?)?;
        }
        if total.is_zero() {
            return Err(StakingError::NoStake);
        }
        let mean = total.times(count.checked_add(1).ok_or(MathError::Overflow)?)?;
        let weighted = weighted.times(2)?;
        // Sorted, so not below zero but for the rounding of floats.
        let spread = if weighted > mean { weighted.minus(mean)? } else { zero };
        Ok(Self { stakes, count, total, spread })
    }

    /// The stakes, from the smallest to the largest.
    #[must_use]
    pub const fn stakes(&self) -> &'a [Amount<N>] {
        self.stakes
    }

    /// The Gini coefficient: `G = Σ (2i − n − 1)·x_i / (n·Σ x_i)`, `i` from one. Zero when all are equal,
    /// `(n − 1)/n` when one has everything.
    ///
    /// # Errors
    /// [`MathError::Overflow`] beyond 256 bits.
    pub fn gini(&self) -> Result<Coefficient<N>, StakingError> {
        Ok(Coefficient { numerator: self.spread, denominator: self.total.times(self.count)? })
    }

    /// The Herfindahl index: `Σ x_i² / (Σ x_i)²`. `1/n` when all are equal, one when one has everything.
    ///
    /// # Errors
    /// [`MathError::Overflow`] when the total exceeds 128 bits.
    pub fn herfindahl(&self) -> Result<Coefficient<N>, StakingError> {
        let zero = Amount::<N>::ZERO.exact()?;
        let numerator = self.stakes.iter().try_fold(zero, |sum, stake| {
            let stake = stake.exact()?;
            sum.plus(stake.product(stake)?)
        })?;
        Ok(Coefficient { numerator, denominator: self.total.product(self.total)? })
    }

    /// The Nakamoto coefficient: the fewest whose stakes together are *more* than a part of all.
    ///
    /// # Errors
    /// [`MathError::OutOfRange`] for the whole, which nobody exceeds; [`MathError::Overflow`].
    pub fn nakamoto(&self, part: Fraction) -> Result<u32, StakingError> {
        let least = self.total.times(part.numerator())?;
        let mut sum = Amount::<N>::ZERO.exact()?;
        for (count, stake) in (1_u32..).zip(self.stakes.iter().rev()) {
            sum = sum.plus(stake.times(part.denominator())?)?;
            if sum > least {
                return Ok(count);
            }
        }
        Err(MathError::OutOfRange(crate::error::Kind::Ratio).into())
    }

    /// The stake of a rank, what lies below it and above it, and `2r − n − 1` for its rank `r` from one, as
    /// the positive or the negative number.
    fn rank(&self, rank: usize) -> Result<Rank<N>, StakingError> {
        let stake = *self.stakes.get(rank).ok_or(StakingError::UnknownValidator)?;
        let zero = Amount::<N>::ZERO.exact()?;
        let sum = |stakes: &[Amount<N>]| {
            stakes.iter().try_fold(zero, |sum, stake| sum.plus(stake.exact()?))
        };
        let (below, above) = self.stakes.split_at_checked(rank).unwrap_or((self.stakes, &[]));
        let below = sum(below)?;
        let above = sum(above.get(1..).unwrap_or_default())?;
        // 2r − n − 1 with r = rank + 1, in 64 bits.
        let (rank, count) = (u64::try_from(rank).map_err(|_| MathError::Overflow)?, self.count);
        let (twice, count) = (rank.saturating_mul(2).saturating_add(1), u64::from(count));
        let weight = u32::try_from(twice.abs_diff(count)).map_err(|_| MathError::Overflow)?;
        Ok(Rank { stake, below, above, weight, upper: twice >= count })
    }

    /// What burning a little of one stake, so little that it passes nobody with less, does to the Gini
    /// coefficient: it falls if and only if `2r − n − 1 > n·G`, where `r`, from one, is the rank of the
    /// first stake that is as large, because a burned one lies below its equals. Of nothing nothing can be
    /// burned, which changes nothing.
    ///
    /// This is what "slashing the large makes stake less unequal" comes to.
    ///
    /// # Errors
    /// [`StakingError::UnknownValidator`] for a rank beyond the last; [`MathError::Overflow`].
    ///
    /// # Example
    /// ```
    /// use defi_math::Amount;
    /// use defi_math::staking::inequality::{Distribution, Effect};
    /// use rust_decimal::dec;
    ///
    /// let stakes = [dec!(10), dec!(20), dec!(30), dec!(40)].map(|n| Amount::new(n).unwrap());
    /// let distribution = Distribution::of_sorted(&stakes)?;
    /// // n·G = 1: the third is exactly where a burn changes nothing.
    /// assert_eq!(distribution.effect_of_burn(1)?, Effect::Raises);
    /// assert_eq!(distribution.effect_of_burn(2)?, Effect::Keeps);
    /// assert_eq!(distribution.effect_of_burn(3)?, Effect::Lowers);
    /// # Ok::<(), defi_math::staking::StakingError>(())
    /// ```
    pub fn effect_of_burn(&self, rank: usize) -> Result<Effect, StakingError> {
        let stake = *self.stakes.get(rank).ok_or(StakingError::UnknownValidator)?;
        if stake.is_zero() {
            return Ok(Effect::Keeps);
        }
        let Rank { weight, upper, .. } = self.rank(self.stakes.partition_point(|x| *x < stake))?;
        if !upper {
            return Ok(Effect::Raises);
        }
        // n·G = spread/total
        let one = N::ONE.exact(Grid::Amount)?;
        let order = N::cmp_products(self.spread, one, self.total.times(weight)?, one);
        Ok(Effect::of(order))
    }

    /// What the default of one does to the Gini coefficient if it stays in the population with nothing: it
    /// falls if and only if `x_r·(2r − n − 1 − n·G) > 2·Σ_{i<r} x_i`.
    ///
    /// # Errors
    /// As [`effect_of_burn`](Self::effect_of_burn); [`StakingError::NoStake`] when nobody else has any.
    pub fn effect_of_default(&self, rank: usize) -> Result<Effect, StakingError> {
        let Rank { stake, below, above, weight, upper } = self.rank(rank)?;
        if below.plus(above)?.is_zero() {
            return Err(StakingError::NoStake);
        }
        let weighted = self.total.times(weight)?;
        if !upper || weighted < self.spread {
            let nothing = below.is_zero() && stake.is_zero();
            return Ok(if nothing { Effect::Keeps } else { Effect::Raises });
        }
        let excess = weighted.minus(self.spread)?;
        let order = N::cmp_products(below.times(2)?, self.total, stake.exact()?, excess);
        Ok(Effect::of(order))
    }

    /// What the default of one does to the Gini coefficient of those who are left:
    ///
    /// ```text
    /// G″ = (n·G·T − (2r − n − 1)·x_r + Σ_{i<r} x_i − Σ_{i>r} x_i) / ((n − 1)·(T − x_r))
    /// ```
    ///
    /// # Errors
    /// As [`effect_of_default`](Self::effect_of_default).
    pub fn effect_of_removal(&self, rank: usize) -> Result<Effect, StakingError> {
        let after = self.gini_without(rank)?;
        let before = self.gini()?;
        Ok(match after.partial_cmp(&before) {
            Some(order) => Effect::of(order),
            None => Effect::Keeps,
        })
    }

    /// `G″`: the Gini coefficient of those who are left when one leaves.
    ///
    /// # Errors
    /// As [`effect_of_default`](Self::effect_of_default).
    pub fn gini_without(&self, rank: usize) -> Result<Coefficient<N>, StakingError> {
        let Rank { stake, below, above, weight, upper } = self.rank(rank)?;
        let rest = below.plus(above)?;
        if rest.is_zero() {
            return Err(StakingError::NoStake);
        }
        let moved = stake.times(weight)?;
        let (mut gained, mut lost) = (self.spread.plus(below)?, above);
        if upper {
            lost = lost.plus(moved)?;
        } else {
            gained = gained.plus(moved)?;
        }
        // Not below zero but for the rounding of floats.
        let zero = Amount::<N>::ZERO.exact()?;
        let numerator = if gained > lost { gained.minus(lost)? } else { zero };
        let others = self.count.checked_sub(1).ok_or(MathError::Underflow)?;
        Ok(Coefficient { numerator, denominator: rest.times(others)? })
    }

    /// Whether a proportional slash of any one stake passes nobody: every stake is at most `kept` times the
    /// next larger. Then slashing a proposer drawn by stake, or anyone drawn evenly, does not raise the
    /// expected Gini coefficient; with nearly equal stakes it does.
    ///
    /// # Errors
    /// None that a distribution can meet.
    pub fn slash_keeps_ranks(&self, kept: Kept<N>) -> Result<bool, StakingError> {
        let (kept, one) = (kept.get().exact()?, Ratio::<N>::ONE.exact()?);
        for (small, large) in self.stakes.iter().zip(self.stakes.iter().skip(1)) {
            if N::cmp_products(small.exact()?, one, large.exact()?, kept) == Ordering::Greater {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

struct Rank<N: Number> {
    stake: Amount<N>,
    below: N::Exact,
    above: N::Exact,
    weight: u32,
    upper: bool,
}
