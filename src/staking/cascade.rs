//! Defaults that cause defaults.

use core::cmp::Ordering;

use rust_decimal::Decimal;

use super::{Loan, StakingError};
use crate::error::MathError;
use crate::num::{Number, quotient};
use crate::quantity::{Amount, IntoQuantity, Price};

/// Approximate thresholds that differ by more than this, relative to the larger, differ.
const CLEARLY: f64 = 1e-12;

/// Not worth selecting from.
const SMALLEST_PART: usize = 64;

/// One loan in a cascade: it fails once the synthetic costs more than `resources/debt`.
///
/// # Example
///
/// ```
/// use defi_math::Price;
/// use defi_math::staking::Exposure;
/// use rust_decimal::dec;
///
/// // 25 owed, and 30 of stake to buy them back with.
/// let exposure = Exposure::new(7, dec!(25), dec!(30))?;
/// assert!(!exposure.fails_at(Price::new(dec!(1.2))?)?);
/// assert!(exposure.fails_at(Price::new(dec!(1.21))?)?);
/// # Ok::<(), defi_math::staking::StakingError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exposure<N: Number = Decimal> {
    debt: Amount<N>,
    resources: Amount<N>,
    /// Near `resources/debt`: the first thing that is compared.
    threshold: f64,
    id: u32,
}

impl<N: Number> Exposure<N> {
    /// So much of the synthetic is owed, and so much stake would be given for it: the `L` and `κ·S` of
    /// "fails if and only if `L·p > κ·S`". The number is the caller's, to know the loan by afterwards.
    ///
    /// # Errors
    /// [`StakingError::NoDebt`] for no debt, which cannot fail; those of bare numbers that are not
    /// amounts.
    pub fn new(
        id: u32,
        debt: impl IntoQuantity<Amount<N>>,
        resources: impl IntoQuantity<Amount<N>>,
    ) -> Result<Self, StakingError> {
        let (debt, resources) = (debt.into_quantity()?, resources.into_quantity()?);
        if debt.is_zero() {
            return Err(StakingError::NoDebt);
        }
        let threshold = quotient(resources.to_f64(), debt.to_f64());
        Ok(Self { debt, resources, threshold, id })
    }

    /// A loan whose debtor gives its whole stake for what it owes; one that is in default already gives
    /// nothing, and fails at any price.
    ///
    /// # Errors
    /// [`StakingError::NoDebt`] for a loan without debt.
    pub fn of_loan(id: u32, loan: &Loan<N>) -> Result<Self, StakingError> {
        let resources = if loan.is_in_default()? { Amount::ZERO } else { loan.stake() };
        Self::new(id, loan.debt()?, resources)
    }

    /// The caller's number.
    #[must_use]
    pub const fn id(&self) -> u32 {
        self.id
    }

    /// What is owed.
    #[must_use]
    pub const fn debt(&self) -> Amount<N> {
        self.debt
    }

    /// Whether it fails at this price of the synthetic: `debt·price > resources`, exactly.
    ///
    /// # Errors
    /// None that an exposure can meet.
    #[inline]
    pub fn fails_at(&self, price: Price<N>) -> Result<bool, MathError> {
        let (quote, base) = price.parts();
        let (debt, resources) = (self.debt.exact()?, self.resources.exact()?);
        Ok(N::cmp_products(debt, quote, resources, base) == Ordering::Greater)
    }

    /// The order in which loans fail as the price rises. A total order: approximations decide only where
    /// they cannot err.
    #[inline]
    fn by_threshold(&self, other: &Self) -> Ordering {
        let (a, b) = (self.threshold, other.threshold);
        if clearly_differ(a, b) {
            return a.total_cmp(&b);
        }
        let exact = |of: &Self| Ok::<_, MathError>((of.resources.exact()?, of.debt.exact()?));
        match (exact(self), exact(other)) {
            (Ok((a, b)), Ok((c, d))) => N::cmp_fractions(a, b, c, d),
            // Quantities are on their grid: never.
            _ => a.total_cmp(&b),
        }
    }
}

#[expect(clippy::float_arithmetic, reason = "a filter in front of the exact comparison")]
#[inline]
fn clearly_differ(a: f64, b: f64) -> bool {
    (a - b).abs() > CLEARLY * a.max(b)
}

/// A book of loans on the edge: whoever fails buys back what it owes, the price rises, the next fail.
///
/// With a price that does not fall when more is bought, and that depends on the *total* bought alone, the
/// loans that fail in the end are the least set that contains the first and every loan that fails at
/// the price after all of them have bought. That set does not depend on the order of the loans. A market
/// maker with a fee on the input, or with rounding, ends at a price that depends on how the total was
/// split; give such a cascade the price of buying the total at once.
///
/// # Cost
/// O(n log n) comparisons at most, and a price for each round: the loans are sorted by the price at which
/// they fail, a part at a time and only as far as the cascade gets, and swept once.
///
/// # Example
///
/// ```
/// use defi_math::Price;
/// use defi_math::staking::{Cascade, Exposure};
/// use rust_decimal::dec;
///
/// // The synthetic's pool holds 1,000 tokens and 1,000 of it; after `x` have been bought without a fee
/// // one costs 1,000²/(1,000 − x)².
/// let price = |bought: defi_math::Amount| {
///     let left = dec!(1000) - bought.get();
///     Price::from_amounts(dec!(1000000), left * left).ok()
/// };
///
/// let mut loans = [
///     Exposure::new(0, dec!(100), dec!(160))?,
///     Exposure::new(1, dec!(50), dec!(52))?,
///     Exposure::new(2, dec!(50), dec!(45))?, // fails at par
/// ];
/// let mut cascade = Cascade::new(&mut loans);
/// let rounds: Vec<_> = cascade.rounds(price).map(|round| round.map(|r| r.failed)).collect();
/// assert_eq!(rounds, [Ok(1), Ok(1)]);
/// let end = cascade.settle(price)?;
/// assert_eq!(end.bought, dec!(100));
/// assert_eq!(cascade.loans()[..end.failed].iter().map(|l| l.id()).collect::<Vec<_>>(), [2, 1]);
/// # Ok::<(), defi_math::Error>(())
/// ```
///
/// # Source
/// Derived here from the interview; see `docs/sources.md`.
#[derive(Debug)]
pub struct Cascade<'a, N: Number = Decimal> {
    loans: &'a mut [Exposure<N>],
    /// So many of the first are sorted, and none after them fails before them.
    sorted: usize,
    bought: Amount<N>,
}

/// One round of a cascade: everybody who fails at the price fails at once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Round<N: Number = Decimal> {
    /// The synthetic's price before the round; `None` when what was bought cannot be bought.
    pub price: Option<Price<N>>,
    /// How many fail in it.
    pub failed: usize,
    /// What all that have failed so far, these included, have bought.
    pub bought: Amount<N>,
}

/// The end of a cascade.
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct Collapse<N: Number = Decimal> {
    /// How many have failed: so many of the first of [`Cascade::loans`].
    pub failed: usize,
    /// What they have bought, the first purchase included.
    pub bought: Amount<N>,
    /// The synthetic's price at the end; `None` when what was bought cannot be bought.
    pub price: Option<Price<N>>,
    /// In how many rounds.
    pub rounds: usize,
}

impl<'a, N: Number> Cascade<'a, N> {
    /// The loans, in any order.
    pub const fn new(loans: &'a mut [Exposure<N>]) -> Self {
        Self { loans, sorted: 0, bought: Amount::ZERO }
    }

    /// The same after others have bought so much in all.
    ///
    /// # Errors
    /// Those of a bare number that is not an amount.
    pub fn after_buying(self, amount: impl IntoQuantity<Amount<N>>) -> Result<Self, StakingError> {
        Ok(Self { bought: amount.into_quantity()?, ..self })
    }

    /// The loans. After a cascade those that have failed come first, in the order in which they do.
    #[must_use]
    pub const fn loans(&self) -> &[Exposure<N>] {
        self.loans
    }

    /// The loan that fails next after so many, if there is one.
    #[inline]
    fn next_after(&mut self, failed: usize) -> Option<Exposure<N>> {
        if failed >= self.sorted {
            self.sort_more();
        }
        self.loans.get(failed).copied()
    }

    /// Sorts a further part: a sixty-fourth of all at first, then eight times what is sorted already.
    #[cold]
    fn sort_more(&mut self) {
        let all = self.loans.len();
        let part = (all / 64).max(SMALLEST_PART).max(self.sorted.saturating_mul(7));
        let Some(rest) = self.loans.get_mut(self.sorted..) else { return };
        let part = part.min(rest.len());
        if part < rest.len() {
            rest.select_nth_unstable_by(part, Exposure::by_threshold);
        }
        if let Some(part) = rest.get_mut(..part) {
            part.sort_unstable_by(Exposure::by_threshold);
        }
        self.sorted = self.sorted.saturating_add(part);
    }

    /// One round at a time. `price` says what the synthetic costs after a total has been bought, or
    /// nothing if so much cannot be bought, and then every loan fails; it must not fall as the total
    /// rises.
    pub const fn rounds<F>(&mut self, price: F) -> Rounds<'_, 'a, N, F>
    where
        F: FnMut(Amount<N>) -> Option<Price<N>>,
    {
        let bought = self.bought;
        Rounds { cascade: self, failed: 0, bought, price, done: false }
    }

    /// All rounds: the least fixed point.
    ///
    /// # Errors
    /// [`MathError::Overflow`], [`MathError::Inexact`] when the total bought cannot be held.
    pub fn settle<F>(&mut self, mut price: F) -> Result<Collapse<N>, StakingError>
    where
        F: FnMut(Amount<N>) -> Option<Price<N>>,
    {
        let (mut failed, mut bought, mut rounds) = (0_usize, self.bought, 0_usize);
        for round in self.rounds(&mut price) {
            let round = round?;
            // At most the length of a slice.
            failed = failed.saturating_add(round.failed);
            rounds = rounds.saturating_add(1);
            bought = round.bought;
        }
        let price = price(bought);
        Ok(Collapse { failed, bought, price, rounds })
    }
}

/// The rounds of a cascade: see [`Cascade::rounds`].
#[derive(Debug)]
pub struct Rounds<'c, 'a, N: Number, F> {
    cascade: &'c mut Cascade<'a, N>,
    failed: usize,
    bought: Amount<N>,
    price: F,
    done: bool,
}

impl<N: Number, F> Rounds<'_, '_, N, F>
where
    F: FnMut(Amount<N>) -> Option<Price<N>>,
{
    fn round(&mut self) -> Result<Option<Round<N>>, StakingError> {
        let price = (self.price)(self.bought);
        let (mut bought, before) = (self.bought, self.failed);
        while let Some(loan) = self.cascade.next_after(self.failed) {
            match price {
                Some(price) if !loan.fails_at(price)? => break,
                _ => {}
            }
            bought = (bought + loan.debt)?;
            // At most the length of a slice.
            self.failed = self.failed.saturating_add(1);
        }
        let failed = self.failed.saturating_sub(before);
        if failed == 0 {
            return Ok(None);
        }
        self.bought = bought;
        Ok(Some(Round { price, failed, bought }))
    }
}

impl<N: Number, F> Iterator for Rounds<'_, '_, N, F>
where
    F: FnMut(Amount<N>) -> Option<Price<N>>,
{
    type Item = Result<Round<N>, StakingError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let round = self.round().transpose();
        self.done = !matches!(round, Some(Ok(_)));
        round
    }
}
