//! A loan against a validator's own stake.

use core::cmp::Ordering;

use rust_decimal::Decimal;

use super::{Borrow, Foreclosure, Fraction, Kept, LoanSlash, Repayment, StakingError, Unlock};
#[cfg(any(feature = "std", feature = "libm"))]
use crate::error::Kind;
use crate::error::MathError;
use crate::num::{Exact, Fit, Grid, Number, Rounding};
use crate::quantity::{Amount, Index, IntoQuantity, Ratio};

/// The largest exponent of the mother curve.
const LARGEST_EXPONENT: u32 = 64;

/// The rules of a loan: the collateral factor `c`, the exponent `k` of the redemption price, and the
/// price `φ_max` above which the loan is in default.
///
/// # Example
///
/// ```
/// use defi_math::staking::{Fraction, LoanTerms};
/// use rust_decimal::dec;
///
/// let terms = LoanTerms::new(Fraction::new(1, 4)?, 2, dec!(2))?;
/// // A slash of 21.97 % of the stake at issue, and the price has doubled.
/// assert_eq!(terms.slash_to_default()?.get().round_dp(7), dec!(0.2196699));
/// # Ok::<(), defi_math::staking::StakingError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(bound = "", try_from = "LoanTermsState<N>", into = "LoanTermsState<N>")
)]
pub struct LoanTerms<N: Number = Decimal> {
    collateral_factor: Fraction,
    exponent: u32,
    largest_price: Ratio<N>,
    /// `z*`: the smallest argument of the mother curve that is not in default.
    threshold: Ratio<N>,
}

/// What [`LoanTerms`] are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = ""))]
pub struct LoanTermsState<N: Number = Decimal> {
    /// `c`: the debt is at most this part of the stake when it is issued.
    pub collateral_factor: Fraction,
    /// `k`: the mother curve is `f(z) = z^(−k)`.
    pub exponent: u32,
    /// `φ_max`: above this redemption price the loan is in default.
    pub largest_price: Ratio<N>,
}

impl<N: Number> TryFrom<LoanTermsState<N>> for LoanTerms<N> {
    type Error = StakingError;

    /// # Errors
    /// As [`LoanTerms::new`].
    fn try_from(state: LoanTermsState<N>) -> Result<Self, StakingError> {
        Self::new(state.collateral_factor, state.exponent, state.largest_price)
    }
}

impl<N: Number> From<LoanTerms<N>> for LoanTermsState<N> {
    fn from(terms: LoanTerms<N>) -> Self {
        let LoanTerms { collateral_factor, exponent, largest_price, .. } = terms;
        Self { collateral_factor, exponent, largest_price }
    }
}

impl<N: Number> LoanTerms<N> {
    /// The rules.
    ///
    /// # Errors
    /// [`StakingError::InvalidTerms`] unless the collateral factor lies between zero and one, the
    /// exponent between 1 and 64, and the largest price is one at least; those of a bare number that is
    /// not a ratio.
    pub fn new(
        collateral_factor: Fraction,
        exponent: u32,
        largest_price: impl IntoQuantity<Ratio<N>>,
    ) -> Result<Self, StakingError> {
        let largest_price = largest_price.into_quantity()?;
        let inside = collateral_factor != Fraction::ZERO && collateral_factor != Fraction::ONE;
        let exponent_fits = (1..=LARGEST_EXPONENT).contains(&exponent);
        if !inside || !exponent_fits || largest_price < Ratio::ONE {
            return Err(StakingError::InvalidTerms);
        }
        let threshold = Ratio::new(inverse_root(largest_price.get(), exponent)?)?;
        Ok(Self { collateral_factor, exponent, largest_price, threshold })
    }

    /// `c`.
    #[must_use]
    pub const fn collateral_factor(&self) -> Fraction {
        self.collateral_factor
    }

    /// `k`.
    #[must_use]
    pub const fn exponent(&self) -> u32 {
        self.exponent
    }

    /// `φ_max`.
    #[must_use]
    pub const fn largest_price(&self) -> Ratio<N> {
        self.largest_price
    }

    /// `z* = φ_max^(−1/k)`: the loan is in default below it.
    ///
    /// # Rounding
    /// Up, against the debtor: at most two units above the smallest number of the grid whose price is
    /// not above `φ_max` (for a `Decimal` with a `φ_max` that has all its places, below 79).
    #[must_use]
    pub const fn threshold(&self) -> Ratio<N> {
        self.threshold
    }

    /// `ι* = ⌊(1 − c)·(1 − z*)⌋`: the part of the stake at issue that can be slashed before default.
    ///
    /// # Rounding
    /// Down, against the debtor.
    ///
    /// # Errors
    /// None that valid terms can meet.
    pub fn slash_to_default(&self) -> Result<Ratio<N>, StakingError> {
        let room = (Ratio::ONE - self.threshold)?;
        let one = N::ONE.exact(Grid::Rate)?;
        let c = self.collateral_factor;
        let (by, over) = (one.times(c.rest())?, one.times(c.denominator())?);
        Ok(room.mul_div(by, over, Fit::Alone, Rounding::Down)?)
    }
}

/// The smallest `z` on the finest grid, up to two units, with `price · z^exponent ≥ 1`.
///
/// Found by halving: a candidate is accepted only if the price, multiplied by it so often and rounded
/// down each time, is still one. What the roundings lose is a unit for each factor, and each factor
/// moves the product by as much.
fn inverse_root<N: Number>(price: N, exponent: u32) -> Result<N, MathError> {
    let (one, two) = (N::ONE.exact(Grid::Rate)?, N::ONE.multiple(2)?.exact(Grid::Rate)?);
    let high_enough = |z: N| -> Result<bool, MathError> {
        let factor = z.exact(Grid::Rate)?;
        let times =
            |product: N, _| product.mul_div(factor, one, Fit::Alone, Grid::Rate, Rounding::Down);
        Ok((0..exponent).try_fold(price, times)? >= N::ONE)
    };
    // `low` is never high enough, `high` always.
    let (mut low, mut high) = (N::ZERO, N::ONE);
    loop {
        let half = high.try_sub(low)?.mul_div(one, two, Fit::Alone, Grid::Rate, Rounding::Down)?;
        let middle = low.try_add(half)?;
        if middle <= low || middle >= high {
            return Ok(high);
        }
        if high_enough(middle)? {
            high = middle;
        } else {
            low = middle;
        }
    }
}

/// A validator's locked stake and what it owes against it.
///
/// # Assumptions
/// The paper's formulas are not published in full; this is a reconstruction:
///
/// - The debt is in a synthetic whose par is one unit of stake; at issue it is at most `c` times the
///   stake.
/// - The redemption price depends on the stake `S` against the stake at issue `S₀` alone, so rewards
///   lower it and slashes raise it: `φ = f(z)`, `z = (S − c·S₀)/(S₀ − c·S₀)`, `f(z) = z^(−k)`; 1 from
///   `S₀` on, without bound towards `c·S₀`.
/// - While there is debt, `S₀` never falls: a second loan on a larger stake raises it to that stake, one on
///   a smaller stake leaves it. Were it set to a smaller stake, a slashed debtor could borrow one unit
///   and owe everything at par again.
/// - A loan is in default when `φ > φ_max`. Then nothing more is lent, and anyone may foreclose; until
///   somebody does, the debtor may still redeem, as long as the price is bounded.
/// - Default is decided by the stake alone: interest that has outgrown `c·S` stops further borrowing, and
///   is no default.
/// - Interest is owed beside what was issued. It is paid first and never issued, so that the synthetic
///   in circulation is what was issued less what was repaid.
/// - The stake is locked while anything is owed.
///
/// # Example
///
/// ```
/// use defi_math::staking::{Fraction, Kept, Loan, LoanTerms};
/// use rust_decimal::dec;
///
/// let terms = LoanTerms::new(Fraction::new(1, 4)?, 2, dec!(2))?;
/// let loan = Loan::new(terms, dec!(100))?.borrow(dec!(25))?.after;
///
/// let slashed = loan.slash(Kept::after_slash(dec!(0.1))?)?.after;
/// assert_eq!(slashed.redemption_price()?.get().round_dp(7), dec!(1.3313609));
/// assert_eq!(slashed.redemption_cost()?.get().round_dp(5), dec!(33.28402));
///
/// // A second slash is more than it can bear.
/// let lost = slashed.slash(Kept::after_slash(dec!(0.2))?)?.after;
/// assert!(lost.is_in_default()?);
/// assert_eq!(lost.foreclose()?.seized, dec!(72));
/// # Ok::<(), defi_math::staking::StakingError>(())
/// ```
///
/// # Source
/// Chitra and Evans, *Why Stake When You Can Borrow?*, as far as its abstract, talks and interviews tell;
/// see `docs/sources.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = "", try_from = "LoanState<N>", into = "LoanState<N>"))]
pub struct Loan<N: Number = Decimal> {
    state: LoanState<N>,
}

/// Everything that a [`Loan`] remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = ""))]
pub struct LoanState<N: Number = Decimal> {
    /// The rules.
    pub terms: LoanTerms<N>,
    /// `S`: the stake now.
    pub stake: Amount<N>,
    /// `S₀`: the stake when the debt was issued; the stake now while there is none.
    pub stake_at_issue: Amount<N>,
    /// What was issued and is not repaid.
    pub principal: Amount<N>,
    /// The interest owed beside it.
    pub interest: Amount<N>,
    /// The interest index up to which interest is counted.
    pub index: Index<N>,
}

impl<N: Number> TryFrom<LoanState<N>> for Loan<N> {
    type Error = StakingError;

    /// # Errors
    /// [`StakingError::InvalidState`] for interest without a principal, for a debt that was issued against
    /// no stake, for a stake at issue that is not the stake now while nothing is owed, and for an index
    /// below one; [`MathError::Overflow`], [`MathError::Inexact`] for a debt that cannot be held.
    fn try_from(state: LoanState<N>) -> Result<Self, StakingError> {
        let LoanState { stake, stake_at_issue, principal, interest, index, .. } = state;
        (principal + interest)?;
        let impossible = if principal.is_zero() {
            !interest.is_zero() || stake_at_issue != stake
        } else {
            stake_at_issue.is_zero()
        };
        if impossible || index < Index::ONE {
            return Err(StakingError::InvalidState);
        }
        Ok(Self { state })
    }
}

impl<N: Number> From<Loan<N>> for LoanState<N> {
    fn from(loan: Loan<N>) -> Self {
        loan.state
    }
}

/// Where a loan stands on the curve.
enum Position<N: Number> {
    /// At par.
    Par,
    /// `z = num/den` between zero and one.
    Inside { num: N::Exact, den: N::Exact },
    /// At or below the collateral requirement.
    Unbounded,
}

impl<N: Number> Loan<N> {
    /// A stake that nothing is owed against.
    ///
    /// # Errors
    /// Those of a bare number that is not an amount.
    pub fn new(
        terms: LoanTerms<N>,
        stake: impl IntoQuantity<Amount<N>>,
    ) -> Result<Self, StakingError> {
        let stake = stake.into_quantity()?;
        Ok(Self {
            state: LoanState {
                terms,
                stake,
                stake_at_issue: stake,
                principal: Amount::ZERO,
                interest: Amount::ZERO,
                index: Index::ONE,
            },
        })
    }

    /// Everything that the loan remembers.
    #[must_use]
    pub const fn state(&self) -> &LoanState<N> {
        &self.state
    }

    /// `S`: the stake now.
    #[must_use]
    pub const fn stake(&self) -> Amount<N> {
        self.state.stake
    }

    /// What was issued and is not repaid.
    #[must_use]
    pub const fn principal(&self) -> Amount<N> {
        self.state.principal
    }

    /// `L`: all that is owed, interest included, at par.
    ///
    /// # Errors
    /// None that a loan can meet.
    pub fn debt(&self) -> Result<Amount<N>, StakingError> {
        Ok((self.state.principal + self.state.interest)?)
    }

    fn owes_nothing(&self) -> bool {
        self.state.principal.is_zero() && self.state.interest.is_zero()
    }

    /// `z` as a fraction: `(b·S − a·S₀)/((b − a)·S₀)` with `c = a/b`.
    #[inline]
    fn position(&self) -> Result<Position<N>, MathError> {
        let LoanState { terms, stake, stake_at_issue, .. } = &self.state;
        if stake >= stake_at_issue {
            return Ok(Position::Par);
        }
        let c = terms.collateral_factor;
        let (now, required) = (stake.times(c.denominator())?, stake_at_issue.times(c.numerator())?);
        if now <= required {
            return Ok(Position::Unbounded);
        }
        let den = stake_at_issue.times(c.rest())?;
        Ok(Position::Inside { num: now.minus(required)?, den })
    }

    /// `φ = z^(−k)`: what one unit of the debt costs to redeem; 1 at the stake at issue or above.
    ///
    /// # Rounding
    /// Up, against the debtor: `1/z` and every product of the power. Between it and
    /// [`redemption_price_down`](Self::redemption_price_down) lies the exact price.
    ///
    /// # Errors
    /// [`StakingError::PriceUnbounded`] when the stake is at the collateral requirement or below;
    /// [`MathError::Overflow`] when the price is larger than the number type can hold.
    ///
    /// # Example
    /// ```
    /// use defi_math::staking::{Fraction, Kept, Loan, LoanTerms};
    /// use rust_decimal::dec;
    ///
    /// let terms = LoanTerms::new(Fraction::new(1, 4)?, 2, dec!(2))?;
    /// let loan = Loan::new(terms, dec!(100))?.borrow(dec!(25))?.after;
    /// assert_eq!(loan.redemption_price()?, dec!(1));
    /// let slashed = loan.slash(Kept::after_slash(dec!(0.375))?)?.after;
    /// assert_eq!(slashed.redemption_price()?, dec!(4));
    /// # Ok::<(), defi_math::staking::StakingError>(())
    /// ```
    #[inline]
    pub fn redemption_price(&self) -> Result<Ratio<N>, StakingError> {
        self.price(Rounding::Up)
    }

    /// The same rounded down.
    ///
    /// # Errors
    /// As there.
    pub fn redemption_price_down(&self) -> Result<Ratio<N>, StakingError> {
        self.price(Rounding::Down)
    }

    #[inline]
    fn price(&self, rounding: Rounding) -> Result<Ratio<N>, StakingError> {
        match self.position()? {
            Position::Par => Ok(Ratio::ONE),
            Position::Unbounded => Err(StakingError::PriceUnbounded),
            Position::Inside { num, den } => {
                let inverse = N::ONE.mul_div(den, num, Fit::Alone, Grid::Rate, rounding)?;
                let exponent = u64::from(self.state.terms.exponent);
                Ok(Ratio::new(inverse.power(exponent, Grid::Rate, rounding)?)?)
            }
        }
    }

    /// `⌈L·φ⌉`: what redeeming the whole loan costs.
    ///
    /// # Rounding
    /// Up, against the debtor: the debt is multiplied by `1/z` `k` times, each time in one directed step.
    ///
    /// # Errors
    /// As [`redemption_price`](Self::redemption_price).
    pub fn redemption_cost(&self) -> Result<Amount<N>, StakingError> {
        self.cost(self.debt()?)
    }

    /// `⌈amount·φ⌉`.
    fn cost(&self, amount: Amount<N>) -> Result<Amount<N>, StakingError> {
        match self.position()? {
            Position::Par => Ok(amount),
            Position::Unbounded => Err(StakingError::PriceUnbounded),
            Position::Inside { num, den } => {
                let step =
                    |cost: Amount<N>, _| cost.mul_div(den, num, Fit::To(amount), Rounding::Up);
                Ok((0..self.state.terms.exponent).try_fold(amount, step)?)
            }
        }
    }

    /// Whether `φ > φ_max`, decided as `z < z*`. Always false without debt.
    ///
    /// # Rounding
    /// None here: `(b·S − a·S₀) < z*·(b − a)·S₀` is compared exactly. [`z*`](LoanTerms::threshold) itself
    /// is rounded up, so a loan whose `z` lies less than two units below it counts as in default although
    /// its price is not above `φ_max`; never the other way round.
    ///
    /// # Errors
    /// None that a loan can meet.
    #[inline]
    pub fn is_in_default(&self) -> Result<bool, StakingError> {
        if self.owes_nothing() {
            return Ok(false);
        }
        match self.position()? {
            Position::Par => Ok(false),
            Position::Unbounded => Ok(true),
            Position::Inside { num, den } => {
                let one = Ratio::<N>::ONE.exact()?;
                let threshold = self.state.terms.threshold.exact()?;
                Ok(N::cmp_products(num, one, threshold, den) == Ordering::Less)
            }
        }
    }

    /// The smallest stake at which the loan is not in default:
    /// `⌈(a + (b − a)·z*)·S₀/b⌉`. Zero without debt.
    ///
    /// # Rounding
    /// Up: exactly the stake at which [`is_in_default`](Self::is_in_default) changes its answer, if a
    /// `Decimal` has the places for it.
    ///
    /// # Errors
    /// [`MathError::Overflow`].
    pub fn stake_at_default(&self) -> Result<Amount<N>, StakingError> {
        if self.owes_nothing() {
            return Ok(Amount::ZERO);
        }
        let LoanState { terms, stake_at_issue, .. } = &self.state;
        let c = terms.collateral_factor;
        let one = Ratio::<N>::ONE.exact()?;
        let part = one.times(c.numerator())?.plus(terms.threshold.exact()?.times(c.rest())?)?;
        let over = one.times(c.denominator())?;
        Ok(stake_at_issue.mul_div(part, over, Fit::From(*stake_at_issue), Rounding::Up)?)
    }

    /// The largest part of the present stake that can be slashed without default:
    /// `⌊(S − S*)/S⌋`; zero in default; all of it without debt.
    ///
    /// # Rounding
    /// Down, against the debtor. A slash that keeps `1 − part` leaves `⌊S·(1 − part)⌋ ≥ S*`.
    ///
    /// # Errors
    /// As [`stake_at_default`](Self::stake_at_default).
    pub fn bearable_slash(&self) -> Result<Ratio<N>, StakingError> {
        let (stake, least) = (self.state.stake, self.stake_at_default()?);
        if self.owes_nothing() {
            return Ok(Ratio::ONE);
        }
        if stake <= least {
            return Ok(Ratio::ZERO);
        }
        Ok(Ratio::of_down((stake - least)?, stake)?)
    }

    /// What can still be borrowed: `⌊c·S⌋ − L`.
    ///
    /// # Rounding
    /// Down, against the debtor.
    ///
    /// # Errors
    /// [`MathError::Inexact`] when a `Decimal` cannot hold the difference.
    pub fn maximum_borrow(&self) -> Result<Amount<N>, StakingError> {
        let (stake, c) = (self.state.stake, self.state.terms.collateral_factor);
        let one = N::ONE.exact(Grid::Amount)?;
        let (by, over) = (one.times(c.numerator())?, one.times(c.denominator())?);
        let limit = stake.mul_div(by, over, Fit::From(stake), Rounding::Down)?;
        let debt = self.debt()?;
        if self.is_in_default()? || limit <= debt {
            return Ok(Amount::ZERO);
        }
        Ok((limit - debt)?)
    }

    /// Issues so much of the synthetic to the validator.
    ///
    /// Allowed if and only if the loan is not in default and `L + amount ≤ c·S`.
    ///
    /// # Rounding
    /// None: the limit is compared exactly.
    ///
    /// # Errors
    /// - [`StakingError::NothingBorrowed`] for nothing.
    /// - [`StakingError::InDefault`].
    /// - [`StakingError::AboveCollateralFactor`].
    ///
    /// # Example
    /// ```
    /// use defi_math::staking::{Fraction, Loan, LoanTerms, StakingError};
    /// use rust_decimal::dec;
    ///
    /// let terms = LoanTerms::new(Fraction::ONE_QUARTER, 2, dec!(2))?;
    /// let loan = Loan::new(terms, dec!(100))?.borrow(dec!(20))?.after;
    /// assert_eq!(loan.maximum_borrow()?, dec!(5));
    /// assert_eq!(loan.borrow(dec!(6)), Err(StakingError::AboveCollateralFactor));
    /// # Ok::<(), StakingError>(())
    /// ```
    pub fn borrow(&self, amount: impl IntoQuantity<Amount<N>>) -> Result<Borrow<N>, StakingError> {
        let issued = amount.into_quantity()?;
        if issued.is_zero() {
            return Err(StakingError::NothingBorrowed);
        }
        if self.is_in_default()? {
            return Err(StakingError::InDefault);
        }
        let LoanState { terms, stake, stake_at_issue, principal, .. } = self.state;
        let c = terms.collateral_factor;
        let debt = (self.debt()? + issued)?;
        let (owed, limit) = (debt.times(c.denominator())?, stake.times(c.numerator())?);
        let one = Ratio::<N>::ONE.exact()?;
        if N::cmp_products(owed, one, limit, one) == Ordering::Greater {
            return Err(StakingError::AboveCollateralFactor);
        }
        let fresh = self.owes_nothing() || stake > stake_at_issue;
        let stake_at_issue = if fresh { stake } else { stake_at_issue };
        let principal = (principal + issued)?;
        Ok(Borrow {
            issued,
            after: Self { state: LoanState { stake_at_issue, principal, ..self.state } },
        })
    }

    /// Counts interest up to an index that the caller gives:
    /// `⌈(principal + interest)·index/index₀⌉`, in whatever way it has grown.
    ///
    /// A loan starts at an index of 1. Where the index has grown since, accrue before the first
    /// [`borrow`](Self::borrow) too, as before every other: interest is counted from the last index that the
    /// loan has seen.
    ///
    /// # Rounding
    /// Up, against the debtor.
    ///
    /// # Errors
    /// [`StakingError::IndexFalls`] for an index below the last; [`MathError::Overflow`].
    ///
    /// # Example
    /// ```
    /// use defi_math::rate::{PerYear, Rate, years};
    /// use defi_math::staking::{Fraction, Loan, LoanTerms};
    /// use rust_decimal::dec;
    ///
    /// let terms = LoanTerms::new(Fraction::new(1, 4)?, 2, dec!(2))?;
    /// let loan = Loan::new(terms, dec!(100))?.borrow(dec!(20))?.after;
    /// let index = Rate::<_, PerYear>::new(dec!(0.07))?.compound_up(years(2))?;
    /// assert_eq!(loan.accrue(index)?.debt()?, dec!(22.898));
    /// # Ok::<(), defi_math::staking::StakingError>(())
    /// ```
    pub fn accrue(&self, index: impl IntoQuantity<Index<N>>) -> Result<Self, StakingError> {
        let index = index.into_quantity()?;
        if index < self.state.index {
            return Err(StakingError::IndexFalls);
        }
        let debt = self.debt()?;
        let (now, then) = (index.exact()?, self.state.index.exact()?);
        let grown = debt.mul_div(now, then, Fit::To(debt), Rounding::Up)?;
        // The nearest float can lie below.
        let grown = if grown < debt { debt } else { grown };
        let interest = (grown - self.state.principal)?;
        Ok(Self { state: LoanState { interest, index, ..self.state } })
    }

    /// Repays so much of the debt, interest first, at the redemption price.
    ///
    /// ```text
    /// payment = ⌈amount·φ⌉,  premium = payment − amount
    /// ```
    ///
    /// The price does not change, whatever is repaid; once nothing is owed the stake is free.
    ///
    /// # Rounding
    /// The payment up, against the debtor.
    ///
    /// # Errors
    /// - [`StakingError::NothingRepaid`] for nothing.
    /// - [`StakingError::RepaysTooMuch`] for more than is owed.
    /// - [`StakingError::PriceUnbounded`] when the price has no bound any more.
    ///
    /// # Example
    /// ```
    /// use defi_math::staking::{Fraction, Kept, Loan, LoanTerms};
    /// use rust_decimal::dec;
    ///
    /// let terms = LoanTerms::new(Fraction::new(1, 4)?, 1, dec!(2))?;
    /// let loan = Loan::new(terms, dec!(100))?.borrow(dec!(25))?.after;
    /// let slashed = loan.slash(Kept::after_slash(dec!(0.15))?)?.after;
    /// // Four fifths of the way to the requirement are left: a quarter more for each unit.
    /// let repaid = slashed.repay(dec!(10))?;
    /// assert_eq!(repaid.payment, dec!(12.5));
    /// assert_eq!(repaid.after.debt()?, dec!(15));
    /// # Ok::<(), defi_math::staking::StakingError>(())
    /// ```
    pub fn repay(
        &self,
        amount: impl IntoQuantity<Amount<N>>,
    ) -> Result<Repayment<N>, StakingError> {
        let amount = amount.into_quantity()?;
        if amount.is_zero() {
            return Err(StakingError::NothingRepaid);
        }
        let debt = self.debt()?;
        if amount > debt {
            return Err(StakingError::RepaysTooMuch);
        }
        let payment = self.cost(amount)?;
        let LoanState { stake, interest: owed, principal: issued, .. } = self.state;
        let interest = if amount < owed { amount } else { owed };
        let rest = (amount - interest)?;
        // Of floats, the rest of the whole debt can lie to either side of the principal.
        let principal = if amount == debt || rest > issued { issued } else { rest };
        let mut state = LoanState {
            principal: (issued - principal)?,
            interest: (owed - interest)?,
            ..self.state
        };
        if state.principal.is_zero() && state.interest.is_zero() {
            state.stake_at_issue = stake;
        }
        let premium = (payment - amount)?;
        Ok(Repayment { payment, principal, interest, premium, after: Self { state } })
    }

    /// Adds a reward, or stake of the validator's own, to what is locked.
    ///
    /// # Errors
    /// [`MathError::Overflow`], [`MathError::Inexact`] when the stake cannot be held.
    pub fn reward(&self, amount: impl IntoQuantity<Amount<N>>) -> Result<Self, StakingError> {
        let stake = (self.state.stake + amount.into_quantity()?)?;
        Ok(self.with_stake(stake))
    }

    /// Slashes a part of the stake.
    ///
    /// # Rounding
    /// What is kept down.
    ///
    /// # Errors
    /// None that a loan can meet.
    #[inline]
    pub fn slash(&self, kept: Kept<N>) -> Result<LoanSlash<N>, StakingError> {
        let left = kept.of(self.state.stake)?;
        let slashed = (self.state.stake - left)?;
        Ok(LoanSlash { slashed, after: self.with_stake(left) })
    }

    fn with_stake(&self, stake: Amount<N>) -> Self {
        let stake_at_issue = if self.owes_nothing() { stake } else { self.state.stake_at_issue };
        Self { state: LoanState { stake, stake_at_issue, ..self.state } }
    }

    /// Deletes the debt and seizes the stake of a loan in default.
    ///
    /// # Errors
    /// [`StakingError::NotInDefault`].
    pub fn foreclose(&self) -> Result<Foreclosure<N>, StakingError> {
        if !self.is_in_default()? {
            return Err(StakingError::NotInDefault);
        }
        let LoanState { stake: seized, principal, interest, .. } = self.state;
        let after = Self {
            state: LoanState {
                stake: Amount::ZERO,
                stake_at_issue: Amount::ZERO,
                principal: Amount::ZERO,
                interest: Amount::ZERO,
                ..self.state
            },
        };
        Ok(Foreclosure { seized, principal, interest, after })
    }

    /// Unlocks stake once nothing is owed.
    ///
    /// # Errors
    /// [`StakingError::StakeLocked`] while something is owed; [`StakingError::InsufficientStake`] for
    /// more than there is.
    pub fn unlock(&self, amount: impl IntoQuantity<Amount<N>>) -> Result<Unlock<N>, StakingError> {
        let amount = amount.into_quantity()?;
        if !self.owes_nothing() {
            return Err(StakingError::StakeLocked);
        }
        if amount > self.state.stake {
            return Err(StakingError::InsufficientStake);
        }
        let stake = (self.state.stake - amount)?;
        Ok(Unlock { amount, after: self.with_stake(stake) })
    }
}

/// The mother curve with a real exponent: `z^(−k)`, 1 from one on.
///
/// For plots and simulations: an exact type has no real powers.
///
/// # Errors
/// [`StakingError::PriceUnbounded`] at zero and below; [`MathError::NotFinite`],
/// [`MathError::Negative`] for an exponent that is not a number, or below zero;
/// [`MathError::Overflow`].
///
/// # Example
/// ```
/// use defi_math::staking::{StakingError, mother_curve};
///
/// assert_eq!(mother_curve(0.25, 0.5)?, 2.0);
/// assert_eq!(mother_curve(1.5, 0.5)?, 1.0);
/// assert_eq!(mother_curve(0.0, 0.5), Err(StakingError::PriceUnbounded));
/// # Ok::<(), StakingError>(())
/// ```
#[cfg(any(feature = "std", feature = "libm"))]
#[expect(clippy::float_arithmetic, reason = "an exact type has no real powers")]
pub fn mother_curve(z: f64, exponent: f64) -> Result<f64, StakingError> {
    if z.is_nan() || !exponent.is_finite() {
        return Err(MathError::NotFinite(Kind::Ratio).into());
    }
    if exponent < 0.0 {
        return Err(MathError::Negative(Kind::Ratio).into());
    }
    if z >= 1.0 {
        return Ok(1.0);
    }
    if z <= 0.0 {
        return Err(StakingError::PriceUnbounded);
    }
    let price = num_traits::Float::powf(z, -exponent);
    if price.is_finite() { Ok(price) } else { Err(MathError::Overflow.into()) }
}
