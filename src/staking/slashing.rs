//! Slashes: the part that is kept, and where the rest goes.

pub mod cosmos;
pub mod eigenlayer;
pub mod ethereum;

use rust_decimal::Decimal;

use super::{Fraction, StakingError};
use crate::error::{Kind, MathError};
use crate::num::{Exact, Fit, Grid, Number, Rounding};
use crate::quantity::{Amount, IntoQuantity, Ratio};

/// What a slash leaves of one unit: `1 − slashed`.
///
/// Slashes are kept fractions because these compose by multiplication: after a slash of 10 % and one
/// of 20 %, in either order, `0.9·0.8` is left.
///
/// # Example
///
/// ```
/// use defi_math::staking::Kept;
/// use rust_decimal::dec;
///
/// let twice = Kept::after_slash(dec!(0.1))?.then(Kept::after_slash(dec!(0.2))?)?;
/// assert_eq!(twice.get(), dec!(0.72));
/// assert_eq!(twice.of(dec!(50))?, dec!(36));
/// # Ok::<(), defi_math::staking::StakingError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = "", try_from = "Ratio<N>", into = "Ratio<N>"))]
pub struct Kept<N: Number = Decimal>(Ratio<N>);

impl<N: Number> TryFrom<Ratio<N>> for Kept<N> {
    type Error = MathError;

    /// # Errors
    /// [`MathError::OutOfRange`] above one.
    fn try_from(kept: Ratio<N>) -> Result<Self, MathError> {
        if kept > Ratio::ONE { Err(MathError::OutOfRange(Kind::Ratio)) } else { Ok(Self(kept)) }
    }
}

impl<N: Number> From<Kept<N>> for Ratio<N> {
    fn from(kept: Kept<N>) -> Self {
        kept.0
    }
}

impl<N: Number> Kept<N> {
    /// Everything is kept.
    pub const ALL: Self = Self(Ratio::ONE);
    /// Nothing is kept.
    pub const NOTHING: Self = Self(Ratio::ZERO);

    /// What is kept of one unit.
    ///
    /// # Errors
    /// [`MathError::OutOfRange`] above one, and those of a bare number that is not a ratio.
    pub fn new(kept: impl IntoQuantity<Ratio<N>>) -> Result<Self, MathError> {
        Self::try_from(kept.into_quantity()?)
    }

    /// What a slash of this part leaves: `1 − slashed`.
    ///
    /// # Errors
    /// [`MathError::OutOfRange`] for more than all, and those of a bare number that is not a ratio.
    pub fn after_slash(slashed: impl IntoQuantity<Ratio<N>>) -> Result<Self, MathError> {
        let slashed = slashed.into_quantity()?;
        if slashed > Ratio::ONE {
            return Err(MathError::OutOfRange(Kind::Ratio));
        }
        (Ratio::ONE - slashed).map(Self)
    }

    /// What is kept of one unit.
    #[must_use]
    pub const fn get(self) -> Ratio<N> {
        self.0
    }

    /// The slashed part: `1 − kept`.
    ///
    /// # Errors
    /// [`MathError::Inexact`] when a `Decimal` cannot hold it exactly.
    pub fn slashed(self) -> Result<Ratio<N>, MathError> {
        Ratio::ONE - self.0
    }

    /// `⌊kept·later⌋`: what two slashes leave, in either order.
    ///
    /// # Rounding
    /// Down, against the slashed.
    ///
    /// # Errors
    /// None that two kept fractions can meet.
    pub fn then(self, later: Self) -> Result<Self, MathError> {
        self.0.mul_down(later.0).map(Self)
    }

    /// `⌊stake·kept⌋`: what is left of a stake; all of it if all is kept, whatever its digits.
    ///
    /// # Rounding
    /// Down, against the slashed.
    ///
    /// # Errors
    /// Those of a bare number that is not an amount.
    #[inline]
    pub fn of(self, stake: impl IntoQuantity<Amount<N>>) -> Result<Amount<N>, MathError> {
        self.part_of(stake.into_quantity()?, Rounding::Down)
    }

    /// `stake·kept`, rounded, and never more than the stake.
    #[inline]
    pub(super) fn part_of(
        self,
        stake: Amount<N>,
        rounding: Rounding,
    ) -> Result<Amount<N>, MathError> {
        if self.0 == Ratio::ONE {
            return Ok(stake);
        }
        let one = Ratio::<N>::ONE.exact()?;
        let left = stake.mul_div(self.0.exact()?, one, Fit::From(stake), rounding)?;
        // A large `Decimal` rounds up to fewer places than it has.
        Ok(if left > stake { stake } else { left })
    }
}

/// Where a slashed stake goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Disposition {
    /// It is destroyed.
    Burn,
    /// The others get it in proportion to their stakes.
    ProRata,
    /// The others who have a stake get equal parts.
    EqualParts,
    /// Whoever reported the fault gets this part, the rest is destroyed. A chain that mints its
    /// reporters' rewards, as Ethereum does, burns here and mints apart.
    Reporter(Fraction),
    /// It is kept aside, to be sold for the synthetic that the defaulted loan had issued.
    BuyBack,
}

/// Where a slashed stake went: `slashed = burned + redistributed + reporter + buy_back`, to the unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Dispersal<N: Number = Decimal> {
    /// What was taken.
    pub slashed: Amount<N>,
    /// What was destroyed: by the rule, or because it does not divide.
    pub burned: Amount<N>,
    /// What the other stakes got, in all.
    pub redistributed: Amount<N>,
    /// What the reporter got.
    pub reporter: Amount<N>,
    /// What is kept aside to buy the synthetic back.
    pub buy_back: Amount<N>,
}

/// Disposes of a stake that was taken from one of these, which has been reduced already and gets none
/// of it back. The slice is changed only if the whole succeeds.
///
/// ```text
/// pro rata:     ⌊taken·stake/rest⌋ to each of the others
/// equal parts:  ⌊taken/n⌋ to each of the n others who have a stake
/// reporter:     ⌊taken·fraction⌋
/// ```
///
/// # Rounding
/// Every part down; what does not divide is burned, less than a unit for each who shares.
///
/// # Errors
/// [`StakingError::UnknownValidator`] for an index outside the slice; [`MathError::Overflow`],
/// [`MathError::Inexact`] when a stake cannot be held.
///
/// # Example
/// ```
/// use defi_math::Amount;
/// use defi_math::staking::{Disposition, dispose};
/// use rust_decimal::dec;
///
/// let mut stakes = [Amount::new(dec!(60))?, Amount::new(dec!(10))?, Amount::new(dec!(30))?];
/// let dispersal = dispose(dec!(40), 0, &mut stakes, Disposition::ProRata)?;
/// assert_eq!(stakes[1], dec!(20));
/// assert_eq!(stakes[2], dec!(60));
/// assert_eq!(dispersal.redistributed, dec!(40));
/// # Ok::<(), defi_math::staking::StakingError>(())
/// ```
pub fn dispose<N: Number>(
    taken: impl IntoQuantity<Amount<N>>,
    from: usize,
    stakes: &mut [Amount<N>],
    disposition: Disposition,
) -> Result<Dispersal<N>, StakingError> {
    let slashed = taken.into_quantity()?;
    if from >= stakes.len() {
        return Err(StakingError::UnknownValidator);
    }
    let all = |burned| Dispersal {
        slashed,
        burned,
        redistributed: Amount::ZERO,
        reporter: Amount::ZERO,
        buy_back: Amount::ZERO,
    };
    match disposition {
        Disposition::Burn => Ok(all(slashed)),
        Disposition::BuyBack => Ok(Dispersal { buy_back: slashed, ..all(Amount::ZERO) }),
        Disposition::Reporter(fraction) => {
            let one = N::ONE.exact(Grid::Amount)?;
            let (by, over) = (one.times(fraction.numerator())?, one.times(fraction.denominator())?);
            let reporter = slashed.mul_div(by, over, Fit::From(slashed), Rounding::Down)?;
            Ok(Dispersal { reporter, ..all((slashed - reporter)?) })
        }
        Disposition::ProRata => {
            let others = stakes.iter().enumerate().filter(|(i, _)| *i != from);
            let zero = Amount::<N>::ZERO.exact()?;
            let rest =
                others.map(|(_, stake)| stake.exact()).try_fold(zero, |sum, s| sum.plus(s?))?;
            if rest.is_zero() {
                return Ok(all(slashed));
            }
            let part = |stake: Amount<N>| {
                slashed.mul_div(stake.exact()?, rest, Fit::To(stake), Rounding::Down)
            };
            let redistributed = hand_out(slashed, from, stakes, part)?;
            Ok(Dispersal { redistributed, ..all((slashed - redistributed)?) })
        }
        Disposition::EqualParts => {
            let others = stakes.iter().enumerate().filter(|(i, s)| *i != from && !s.is_zero());
            let count = u32::try_from(others.count()).map_err(|_| MathError::Overflow)?;
            if count == 0 {
                return Ok(all(slashed));
            }
            let one = N::ONE.exact(Grid::Amount)?;
            let parts = one.times(count)?;
            let part = |stake: Amount<N>| {
                if stake.is_zero() {
                    return Ok(stake);
                }
                slashed.mul_div(one, parts, Fit::To(stake), Rounding::Down)
            };
            let redistributed = hand_out(slashed, from, stakes, part)?;
            Ok(Dispersal { redistributed, ..all((slashed - redistributed)?) })
        }
    }
}

/// Gives each of the others its part, after a first pass in which nothing is written.
fn hand_out<N: Number>(
    taken: Amount<N>,
    from: usize,
    stakes: &mut [Amount<N>],
    part: impl Fn(Amount<N>) -> Result<Amount<N>, MathError>,
) -> Result<Amount<N>, StakingError> {
    let mut given = Amount::ZERO;
    for (_, &stake) in stakes.iter().enumerate().filter(|(i, _)| *i != from) {
        let share = part(stake)?;
        (stake + share)?;
        given = (given + share)?;
    }
    // Only floats can round their parts to more than the whole.
    if given > taken {
        given = taken;
    }
    for (_, stake) in stakes.iter_mut().enumerate().filter(|(i, _)| *i != from) {
        *stake = (*stake + part(*stake)?)?;
    }
    Ok(given)
}

/// Slashes one of many stakes and disposes of what was taken: [`Kept::of`] and [`dispose`].
///
/// # Rounding
/// The stake that is left down, every part down: conserved to the unit, with the remainder burned.
///
/// # Errors
/// As [`dispose`]; the slice is changed only if the whole succeeds.
///
/// # Example
/// ```
/// use defi_math::Amount;
/// use defi_math::staking::{Disposition, Kept, slash};
/// use rust_decimal::dec;
///
/// let mut stakes = [Amount::new(dec!(100))?, Amount::new(dec!(100))?, Amount::new(dec!(100))?];
/// let dispersal = slash(&mut stakes, 1, Kept::after_slash(dec!(0.05))?, Disposition::EqualParts)?;
/// assert_eq!(dispersal.slashed, dec!(5));
/// assert_eq!(stakes.map(|stake| stake.get()), [dec!(102.5), dec!(95), dec!(102.5)]);
/// # Ok::<(), defi_math::staking::StakingError>(())
/// ```
pub fn slash<N: Number>(
    stakes: &mut [Amount<N>],
    validator: usize,
    kept: Kept<N>,
    disposition: Disposition,
) -> Result<Dispersal<N>, StakingError> {
    let before = *stakes.get(validator).ok_or(StakingError::UnknownValidator)?;
    let left = kept.of(before)?;
    // The slashed stake's own size has no part in what the others get.
    let dispersal = dispose((before - left)?, validator, stakes, disposition)?;
    if let Some(stake) = stakes.get_mut(validator) {
        *stake = left;
    }
    Ok(dispersal)
}
