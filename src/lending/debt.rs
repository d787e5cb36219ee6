//! A debtor's record.

use rust_decimal::Decimal;

use super::LendingError;
use crate::num::Number;
use crate::quantity::{Amount, Index, IntoQuantity};

/// A borrower's record: what was owed when it was last written, and the borrow index then.
///
/// What is owed now is the market's to say, because the index has grown since:
/// [`Market::owed`](super::Market::owed). Kept so and not as a share of all debts, because the digits of
/// a debt depend on when it was last written.
///
/// # Example
///
/// ```
/// use defi_math::lending::{Debt, InterestRateModel, Market, MarketState, Terms};
/// use defi_math::rate::PerBlock;
/// use defi_math::{Amount, Index};
/// use rust_decimal::dec;
///
/// // 100 were owed at index 1.25; at 1.5 it is 120.
/// let debt = Debt::new(dec!(100), dec!(1.25))?;
/// let model = InterestRateModel::<_, PerBlock>::linear(dec!(0), dec!(0))?;
/// let market = Market::try_from(MarketState {
///     borrows: Amount::new(dec!(120))?,
///     borrow_index: Index::new(dec!(1.5))?,
///     ..*Market::open(Terms::new(model, dec!(0), dec!(1))?)?.state()
/// })?;
/// assert_eq!(market.owed(debt)?, dec!(120));
/// # Ok::<(), defi_math::Error>(())
/// ```
///
/// # Source
/// `BorrowSnapshot` of `CToken`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = "", try_from = "StoredDebt<N>"))]
#[doc(alias = "BorrowSnapshot")]
pub struct Debt<N: Number = Decimal> {
    principal: Amount<N>,
    index: Index<N>,
}

/// A debt as it is read, before it is known to be one.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
#[serde(bound = "")]
struct StoredDebt<N: Number> {
    principal: Amount<N>,
    index: Index<N>,
}

#[cfg(feature = "serde")]
impl<N: Number> TryFrom<StoredDebt<N>> for Debt<N> {
    type Error = LendingError;

    fn try_from(record: StoredDebt<N>) -> Result<Self, LendingError> {
        Self::new(record.principal, record.index)
    }
}

impl<N: Number> Debt<N> {
    /// Nothing owed.
    pub const NONE: Self = Self { principal: Amount::ZERO, index: Index::ONE };

    /// So much owed when the borrow index was this: a record as it is stored, or read from a chain.
    ///
    /// # Errors
    /// [`LendingError::InvalidState`] for something owed at an index of zero; those of bare numbers that are
    /// not the quantities.
    pub fn new(
        principal: impl IntoQuantity<Amount<N>>,
        index: impl IntoQuantity<Index<N>>,
    ) -> Result<Self, LendingError> {
        let (principal, index) = (principal.into_quantity()?, index.into_quantity()?);
        if index.is_zero() && !principal.is_zero() {
            return Err(LendingError::InvalidState);
        }
        Ok(Self { principal, index })
    }

    /// What was owed when the record was written.
    #[doc(alias = "borrowPrincipal")]
    #[must_use]
    pub const fn principal(self) -> Amount<N> {
        self.principal
    }

    /// The borrow index then.
    #[doc(alias = "interestIndex")]
    #[must_use]
    pub const fn index(self) -> Index<N> {
        self.index
    }

    /// So much owed at the market's index now.
    pub(super) const fn at(principal: Amount<N>, index: Index<N>) -> Self {
        Self { principal, index }
    }
}
