//! A loan that is paid back within its own bundle of transitions.

use super::{AccruedMarket, FlashLoan, LendingError, MarketState};
use crate::num::{Exact, Fit, Grid, Number, Rounding};
use crate::quantity::{Amount, Fee, IntoQuantity};

impl<N: Number, U: Copy> AccruedMarket<N, U> {
    /// Lends an amount for the length of a bundle of other transitions, for a fee: `⌈fee·amount⌉`.
    ///
    /// The bundle gets the market with the amount lent, and gives it back as its own transitions left it,
    /// with what it pays. While it runs, the loan counts as borrowed, so that the exchange rate is the
    /// same within the bundle as outside. An error within it is an error of the whole, and nothing has
    /// happened.
    ///
    /// # Rounding
    /// The fee up, for the suppliers.
    ///
    /// # Errors
    /// - [`LendingError::InsufficientCash`] for more than there is.
    /// - [`LendingError::FlashLoanNotRepaid`] unless amount and fee are paid.
    /// - [`LendingError::TimeInFlashLoan`] when the bundle lets time pass.
    /// - Whatever the bundle refuses with.
    ///
    /// # Example
    /// ```
    /// use defi_math::lending::{InterestRateModel, LendingError, Market, Terms};
    /// use defi_math::rate::{PerBlock, blocks};
    /// use defi_math::Fee;
    /// use rust_decimal::dec;
    ///
    /// let model = InterestRateModel::<_, PerBlock>::linear(dec!(0), dec!(0))?;
    /// let market = Market::open(Terms::new(model, dec!(0), dec!(1))?)?;
    /// let supplied = market.accrue(blocks(0))?.after.supply(dec!(100))?.after;
    /// let fee = Fee::from_basis_points(9)?;
    ///
    /// let pay = |paid| move |lent| Ok::<_, LendingError>((lent, paid));
    /// let loan = supplied.flash_loan(dec!(50), fee, pay(dec!(50.045)))?;
    /// assert_eq!(loan.fee, dec!(0.045));
    /// assert_eq!(loan.after.state().cash, dec!(100.045));
    ///
    /// let short = supplied.flash_loan(dec!(50), fee, pay(dec!(50.044)));
    /// assert_eq!(short, Err(LendingError::FlashLoanNotRepaid));
    /// # Ok::<(), defi_math::Error>(())
    /// ```
    ///
    /// # Source
    /// Derived here; Compound v2 has none.
    pub fn flash_loan<P: IntoQuantity<Amount<N>>, E: From<LendingError>>(
        &self,
        amount: impl IntoQuantity<Amount<N>>,
        fee: Fee,
        bundle: impl FnOnce(Self) -> Result<(Self, P), E>,
    ) -> Result<FlashLoan<N, U>, E> {
        let (amount, fee, lent) = self.flash_lent(amount, fee)?;
        let (outcome, paid) = bundle(lent)?;
        Ok(self.flash_repaid(amount, fee, &outcome, paid)?)
    }

    fn flash_lent(
        &self,
        amount: impl IntoQuantity<Amount<N>>,
        fee: Fee,
    ) -> Result<(Amount<N>, Amount<N>, Self), LendingError> {
        let amount = amount.into_quantity()?;
        let MarketState { cash, borrows, .. } = *self.state();
        if amount > cash {
            return Err(LendingError::InsufficientCash);
        }
        let one = N::ONE.exact(Grid::Amount)?;
        let (part, whole) = (one.times(fee.numerator())?, one.times(fee.denominator())?);
        let fee = amount.mul_div(part, whole, Fit::To(cash), Rounding::Up)?;
        let lent = Self::with(MarketState {
            cash: (cash - amount)?,
            borrows: (borrows + amount)?,
            ..*self.state()
        });
        Ok((amount, fee, lent))
    }

    fn flash_repaid(
        &self,
        amount: Amount<N>,
        fee: Amount<N>,
        left: &Self,
        paid: impl IntoQuantity<Amount<N>>,
    ) -> Result<FlashLoan<N, U>, LendingError> {
        let MarketState { cash, borrows, borrow_index, .. } = *left.state();
        if borrow_index != self.state().borrow_index {
            return Err(LendingError::TimeInFlashLoan);
        }
        let paid = paid.into_quantity()?;
        // The loan counts as borrowed: a bundle that repays others' debts cannot make it vanish.
        if paid < (amount + fee)? || borrows < amount {
            return Err(LendingError::FlashLoanNotRepaid);
        }
        let state =
            MarketState { cash: (cash + paid)?, borrows: (borrows - amount)?, ..*left.state() };
        Ok(FlashLoan { amount, fee, paid, after: Self::with(state) })
    }
}
