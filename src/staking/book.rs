//! Many validators' loans behind one synthetic.

use core::cmp::Ordering;

use rust_decimal::Decimal;

use super::{
    Booked, BookedForeclosure, Borrow, BuyBack, Foreclosure, Fraction, Kept, Loan, LoanSlash,
    Repayment, StakingError, Unlock, lacks,
};
use crate::error::MathError;
use crate::num::{Exact, Fit, Grid, Number, Rounding};
use crate::quantity::{Amount, IntoQuantity, Price, Ratio};

/// The pool of loans behind one homogeneous synthetic, as mortgages stand behind a security: every
/// unit has the same claim, whichever validator's loan issued it.
///
/// The book holds sums. A transition takes one validator's [`Loan`] and returns it with the book after
/// it; which loans are in the book is the caller's to know.
///
/// ```text
/// supply = lent + unbacked,  reserve ≤ supply
/// ```
///
/// # Assumptions
/// - What a debtor repays of the principal is burned.
/// - Interest grows on the loans alone ([`Loan::accrue`]); the book knows of it when it is paid.
/// - Interest and premiums are paid in the synthetic. They burn the unbacked remainder first; the rest is
///   kept as a reserve, which covers the next foreclosures.
/// - A foreclosure deletes a debt and not the synthetic that it issued: what the reserve does not cover
///   stays in circulation without a debtor, and is counted as unbacked until it is bought back.
/// - Nobody can pay more of the synthetic than is in circulation.
///
/// # Example
///
/// ```
/// use defi_math::staking::{Book, Fraction, Kept, Loan, LoanTerms};
/// use rust_decimal::dec;
///
/// let terms = LoanTerms::new(Fraction::new(1, 4)?, 2, dec!(2))?;
/// let joined = Book::default().join(&Loan::new(terms, dec!(100))?)?;
/// let borrowed = joined.borrow(&Loan::new(terms, dec!(100))?, dec!(25))?;
/// assert_eq!(borrowed.after.supply(), dec!(25));
/// // At par, a quarter of what secures the network is gone.
/// assert_eq!(borrowed.after.security_budget(dec!(1))?, dec!(75));
///
/// let slashed = borrowed.after.slash(&borrowed.loan.after, Kept::after_slash(dec!(0.3))?)?;
/// let foreclosed = slashed.after.foreclose(&slashed.loan.after)?;
/// assert_eq!(foreclosed.loan.seized, dec!(70));
/// assert_eq!(foreclosed.shortfall, dec!(25));
/// assert_eq!(foreclosed.after.unbacked(), dec!(25));
/// # Ok::<(), defi_math::staking::StakingError>(())
/// ```
///
/// # Source
/// Derived here from the interview and the abstract; see `docs/sources.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = "", try_from = "BookState<N>", into = "BookState<N>"))]
pub struct Book<N: Number = Decimal> {
    state: BookState<N>,
    /// `lent + unbacked`, which is known to be a number since the book was made.
    supply: Amount<N>,
}

/// Everything that a [`Book`] remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = ""))]
pub struct BookState<N: Number = Decimal> {
    /// The stakes of all validators in the book.
    pub staked: Amount<N>,
    /// What was issued and is still owed.
    pub lent: Amount<N>,
    /// What was issued, is not owed any more, and is not bought back.
    pub unbacked: Amount<N>,
    /// What the book itself holds of the synthetic.
    pub reserve: Amount<N>,
    /// All principal that was ever deleted by a foreclosure.
    pub defaulted: Amount<N>,
}

impl<N: Number> Default for Book<N> {
    /// No loans.
    fn default() -> Self {
        Self {
            state: BookState {
                staked: Amount::ZERO,
                lent: Amount::ZERO,
                unbacked: Amount::ZERO,
                reserve: Amount::ZERO,
                defaulted: Amount::ZERO,
            },
            supply: Amount::ZERO,
        }
    }
}

impl<N: Number> TryFrom<BookState<N>> for Book<N> {
    type Error = StakingError;

    /// # Errors
    /// [`StakingError::InvalidState`] for a reserve above the supply, a reserve beside an unbacked
    /// remainder that it would have covered, and a remainder above all defaults; [`MathError::Overflow`],
    /// [`MathError::Inexact`] for a supply that cannot be held.
    fn try_from(state: BookState<N>) -> Result<Self, StakingError> {
        let supply = (state.lent + state.unbacked)?;
        let idle = !state.reserve.is_zero() && !state.unbacked.is_zero();
        let too_much = lacks(supply.get(), state.reserve.get());
        if too_much || idle || state.unbacked > state.defaulted {
            return Err(StakingError::InvalidState);
        }
        // Only of floats can it be an ulp more.
        let reserve = if state.reserve > supply { supply } else { state.reserve };
        Ok(Self { state: BookState { reserve, ..state }, supply })
    }
}

impl<N: Number> From<Book<N>> for BookState<N> {
    fn from(book: Book<N>) -> Self {
        book.state
    }
}

impl<N: Number> Book<N> {
    /// Everything that the book remembers.
    #[must_use]
    pub const fn state(&self) -> &BookState<N> {
        &self.state
    }

    /// The stakes of all validators in the book.
    #[must_use]
    pub const fn staked(&self) -> Amount<N> {
        self.state.staked
    }

    /// What was issued and is still owed.
    #[must_use]
    pub const fn lent(&self) -> Amount<N> {
        self.state.lent
    }

    /// What circulates without a debtor.
    #[must_use]
    pub const fn unbacked(&self) -> Amount<N> {
        self.state.unbacked
    }

    /// The synthetic that exists: `lent + unbacked`.
    #[must_use]
    pub const fn supply(&self) -> Amount<N> {
        self.supply
    }

    /// The synthetic that others than the book hold: `supply − reserve`.
    ///
    /// # Errors
    /// [`MathError::Inexact`] when a `Decimal` cannot hold the difference.
    pub fn circulating(&self) -> Result<Amount<N>, StakingError> {
        Ok(self.supply.less_part(self.state.reserve)?)
    }

    /// A validator comes in with its stake and without debt.
    ///
    /// # Errors
    /// [`StakingError::StakeLocked`] for a loan that was issued elsewhere.
    pub fn join(&self, loan: &Loan<N>) -> Result<Self, StakingError> {
        if !loan.debt()?.is_zero() {
            return Err(StakingError::StakeLocked);
        }
        self.with_staked((self.state.staked + loan.stake())?)
    }

    fn with_staked(self, staked: Amount<N>) -> Result<Self, StakingError> {
        Self::try_from(BookState { staked, ..self.state })
    }

    /// Issues the synthetic against a loan: [`Loan::borrow`]. Whoever has limits asks
    /// [`borrow_guarded`](Self::borrow_guarded).
    ///
    /// # Errors
    /// As [`Loan::borrow`]; [`StakingError::NotInBook`] for a stake that the book does not hold.
    pub fn borrow(
        &self,
        loan: &Loan<N>,
        amount: impl IntoQuantity<Amount<N>>,
    ) -> Result<Booked<Borrow<N>, N>, StakingError> {
        self.check_holds(loan)?;
        let borrow = loan.borrow(amount)?;
        let lent = (self.state.lent + borrow.issued)?;
        let after = Self::try_from(BookState { lent, ..self.state })?;
        Ok(Booked { loan: borrow, after })
    }

    /// The same, if the book *after* it is within the guard's limits.
    ///
    /// # Errors
    /// As [`borrow`](Self::borrow) and [`RiskGuard::check`].
    pub fn borrow_guarded(
        &self,
        loan: &Loan<N>,
        amount: impl IntoQuantity<Amount<N>>,
        guard: &RiskGuard<N>,
        market: MarketReading<N>,
    ) -> Result<Booked<Borrow<N>, N>, StakingError> {
        let booked = self.borrow(loan, amount)?;
        guard.check(&booked.after, market)?;
        Ok(booked)
    }

    /// Whether a loan can be one of the book's: neither its stake nor its principal exceeds the sums.
    fn check_holds(&self, loan: &Loan<N>) -> Result<(), StakingError> {
        let BookState { staked, lent, .. } = self.state;
        if lacks(staked.get(), loan.stake().get()) || lacks(lent.get(), loan.principal().get()) {
            return Err(StakingError::NotInBook);
        }
        Ok(())
    }

    /// Repays a loan: [`Loan::repay`]. No guard stops it.
    ///
    /// The principal is burned; interest and premium burn the unbacked remainder, and what exceeds it goes
    /// to the reserve.
    ///
    /// # Errors
    /// As [`Loan::repay`]; [`StakingError::InsufficientSupply`] when the payment is more than circulates;
    /// [`StakingError::NotInBook`].
    ///
    /// # Example
    /// ```
    /// use defi_math::staking::{Book, Fraction, Kept, Loan, LoanTerms};
    /// use rust_decimal::dec;
    ///
    /// let terms = LoanTerms::new(Fraction::ONE_HALF, 1, dec!(2))?;
    /// let loan = Loan::new(terms, dec!(100))?;
    /// let lent = Book::default().join(&loan)?.borrow(&loan, dec!(50))?;
    /// let slashed = lent.after.slash(&lent.loan.after, Kept::after_slash(dec!(0.1))?)?;
    /// // Four fifths of the way to the requirement are left: 10 cost 12.5.
    /// let repaid = slashed.after.repay(&slashed.loan.after, dec!(10))?;
    /// assert_eq!(repaid.loan.payment, dec!(12.5));
    /// assert_eq!(repaid.after.lent(), dec!(40));
    /// assert_eq!(repaid.after.state().reserve, dec!(2.5));
    /// # Ok::<(), defi_math::staking::StakingError>(())
    /// ```
    pub fn repay(
        &self,
        loan: &Loan<N>,
        amount: impl IntoQuantity<Amount<N>>,
    ) -> Result<Booked<Repayment<N>, N>, StakingError> {
        self.check_holds(loan)?;
        let repayment = loan.repay(amount)?;
        if lacks(self.circulating()?.get(), repayment.payment.get()) {
            return Err(StakingError::InsufficientSupply);
        }
        let lent = self.state.lent.less_part(repayment.principal)?;
        let extra = (repayment.interest + repayment.premium)?;
        let (_, state) = BookState { lent, ..self.state }.with_reserve_grown(extra)?;
        Ok(Booked { loan: repayment, after: Self::try_from(state)? })
    }

    /// Adds a reward to a validator's stake: [`Loan::reward`].
    ///
    /// # Errors
    /// As there; [`StakingError::NotInBook`].
    pub fn reward(
        &self,
        loan: &Loan<N>,
        amount: impl IntoQuantity<Amount<N>>,
    ) -> Result<Booked<Loan<N>, N>, StakingError> {
        self.check_holds(loan)?;
        let amount = amount.into_quantity()?;
        let after = self.with_staked((self.state.staked + amount)?)?;
        Ok(Booked { loan: loan.reward(amount)?, after })
    }

    /// Slashes a validator: [`Loan::slash`].
    ///
    /// # Errors
    /// As there; [`StakingError::NotInBook`].
    pub fn slash(
        &self,
        loan: &Loan<N>,
        kept: Kept<N>,
    ) -> Result<Booked<LoanSlash<N>, N>, StakingError> {
        self.check_holds(loan)?;
        let slash = loan.slash(kept)?;
        let after = self.with_staked(self.state.staked.less_part(slash.slashed)?)?;
        Ok(Booked { loan: slash, after })
    }

    /// Unlocks a validator's stake: [`Loan::unlock`].
    ///
    /// # Errors
    /// As there; [`StakingError::NotInBook`].
    pub fn unlock(
        &self,
        loan: &Loan<N>,
        amount: impl IntoQuantity<Amount<N>>,
    ) -> Result<Booked<Unlock<N>, N>, StakingError> {
        self.check_holds(loan)?;
        let unlock = loan.unlock(amount)?;
        let after = self.with_staked(self.state.staked.less_part(unlock.amount)?)?;
        Ok(Booked { loan: unlock, after })
    }

    /// Forecloses a loan: [`Loan::foreclose`]. The seized stake leaves the book, to be disposed of
    /// ([`dispose`](super::dispose)); the reserve covers what it can of the synthetic that has lost its
    /// debtor.
    ///
    /// # Errors
    /// As [`Loan::foreclose`]; [`StakingError::NotInBook`].
    pub fn foreclose(&self, loan: &Loan<N>) -> Result<BookedForeclosure<N>, StakingError> {
        self.check_holds(loan)?;
        let foreclosure: Foreclosure<N> = loan.foreclose()?;
        let principal = foreclosure.principal;
        let reserve = self.state.reserve;
        let covered = if reserve < principal { reserve } else { principal };
        let shortfall = (principal - covered)?;
        let after = Self::try_from(BookState {
            staked: self.state.staked.less_part(foreclosure.seized)?,
            lent: self.state.lent.less_part(principal)?,
            unbacked: (self.state.unbacked + shortfall)?,
            reserve: (reserve - covered)?,
            defaulted: (self.state.defaulted + principal)?,
        })?;
        Ok(BookedForeclosure { loan: foreclosure, covered, shortfall, after })
    }

    /// Takes synthetic that was bought on the market, for a seized stake for example: it burns the
    /// unbacked remainder, and what exceeds it goes to the reserve.
    ///
    /// # Errors
    /// [`StakingError::InsufficientSupply`] for more than circulates.
    ///
    /// # Example
    /// ```
    /// use defi_math::staking::{Book, Fraction, Kept, Loan, LoanTerms};
    /// use rust_decimal::dec;
    ///
    /// let terms = LoanTerms::new(Fraction::ONE_QUARTER, 2, dec!(2))?;
    /// let loan = Loan::new(terms, dec!(100))?;
    /// let lent = Book::default().join(&loan)?.borrow(&loan, dec!(25))?;
    /// let lost = lent.after.slash(&lent.loan.after, Kept::after_slash(dec!(0.5))?)?;
    /// let foreclosed = lost.after.foreclose(&lost.loan.after)?.after;
    /// assert_eq!(foreclosed.unbacked(), dec!(25));
    /// assert_eq!(foreclosed.buy_back(dec!(20))?.after.unbacked(), dec!(5));
    /// # Ok::<(), defi_math::staking::StakingError>(())
    /// ```
    pub fn buy_back(
        &self,
        synthetic: impl IntoQuantity<Amount<N>>,
    ) -> Result<BuyBack<N>, StakingError> {
        let synthetic = synthetic.into_quantity()?;
        if lacks(self.circulating()?.get(), synthetic.get()) {
            return Err(StakingError::InsufficientSupply);
        }
        let (burned, state) = self.state.with_reserve_grown(synthetic)?;
        let kept = (synthetic - burned)?;
        Ok(BuyBack { burned, kept, after: Self::try_from(state)? })
    }

    /// What stands behind one unit of the synthetic: `staked/supply`. Exact.
    ///
    /// # Errors
    /// [`StakingError::NothingIssued`] without a supply; [`StakingError::NoStake`] when nothing stands
    /// behind it.
    pub fn backing(&self) -> Result<Price<N>, StakingError> {
        let supply = self.supply();
        if supply.is_zero() {
            return Err(StakingError::NothingIssued);
        }
        if self.state.staked.is_zero() {
            return Err(StakingError::NoStake);
        }
        Ok(Price::from_amounts(self.state.staked, supply)?)
    }

    /// The worth of one unit, if every debtor that is left pays what it was lent: `⌊lent/supply⌋`, at most
    /// one.
    ///
    /// # Rounding
    /// Down.
    ///
    /// # Errors
    /// [`StakingError::NothingIssued`] without a supply.
    pub fn unit_worth(&self) -> Result<Ratio<N>, StakingError> {
        self.unit_worth_after(Amount::ZERO)
    }

    /// The same after an expected loss, which the reserve covers as far as it reaches: what
    /// [`unit_worth`](Self::unit_worth) will be once so much is foreclosed.
    ///
    /// ```text
    /// ⌊(lent − loss)/(supply − min(loss, reserve))⌋, zero when nothing would be left
    /// ```
    ///
    /// # Rounding
    /// Down.
    ///
    /// # Errors
    /// [`StakingError::NothingIssued`] without a supply.
    ///
    /// # Example
    /// ```
    /// use defi_math::Amount;
    /// use defi_math::staking::{Book, BookState};
    /// use rust_decimal::dec;
    ///
    /// let state = BookState { lent: Amount::new(dec!(100))?, ..*Book::default().state() };
    /// assert_eq!(Book::try_from(state)?.unit_worth_after(dec!(40))?, dec!(0.6));
    /// // A reserve of 20 covers half of the loss.
    /// let state = BookState { reserve: Amount::new(dec!(20))?, ..state };
    /// assert_eq!(Book::try_from(state)?.unit_worth_after(dec!(40))?, dec!(0.75));
    /// # Ok::<(), defi_math::staking::StakingError>(())
    /// ```
    pub fn unit_worth_after(
        &self,
        expected_loss: impl IntoQuantity<Amount<N>>,
    ) -> Result<Ratio<N>, StakingError> {
        let BookState { lent, reserve, .. } = self.state;
        let loss = expected_loss.into_quantity()?;
        if self.supply.is_zero() {
            return Err(StakingError::NothingIssued);
        }
        if loss >= lent {
            return Ok(Ratio::ZERO);
        }
        let covered = if loss < reserve { loss } else { reserve };
        let left = lent.exact()?.minus(loss.exact()?)?;
        let supply = self.supply.exact()?.minus(covered.exact()?)?;
        Ok(Ratio::ONE.mul_div(left, supply, Fit::Alone, Rounding::Down)?)
    }

    /// What secures the network: `staked − ⌈lent·price⌉`, the stake less what was lent against it at the
    /// synthetic's market price. Zero when it is worth more than the stake.
    ///
    /// Whoever has borrowed can sell the synthetic and lose no more than the rest.
    ///
    /// # Rounding
    /// Down: never shown larger than it is.
    ///
    /// # Errors
    /// As [`security_budget`].
    ///
    /// # Source
    /// Derived here from the interview: at par, 100 staked and 25 borrowed leave 75.
    pub fn security_budget(
        &self,
        price: impl IntoQuantity<Price<N>>,
    ) -> Result<Amount<N>, StakingError> {
        security_budget(self.state.staked, self.state.lent, price)
    }

    /// What an attacker loses who controls a part of the stake: `⌊part·budget⌋`. A third stops a Byzantine
    /// fault tolerant chain, a half rewrites a longest chain.
    ///
    /// # Rounding
    /// Down.
    ///
    /// # Errors
    /// As [`security_budget`](Self::security_budget).
    ///
    /// # Example
    /// ```
    /// use defi_math::staking::{Book, Fraction, Loan, LoanTerms};
    /// use rust_decimal::dec;
    ///
    /// let loan = Loan::new(LoanTerms::new(Fraction::ONE_QUARTER, 2, dec!(2))?, dec!(100))?;
    /// let lent = Book::default().join(&loan)?.borrow(&loan, dec!(25))?.after;
    /// assert_eq!(lent.attack_cost(dec!(1), Fraction::ONE_THIRD)?, dec!(25));
    /// # Ok::<(), defi_math::staking::StakingError>(())
    /// ```
    pub fn attack_cost(
        &self,
        price: impl IntoQuantity<Price<N>>,
        part: Fraction,
    ) -> Result<Amount<N>, StakingError> {
        let budget = self.security_budget(price)?;
        let one = N::ONE.exact(Grid::Amount)?;
        let (by, over) = (one.times(part.numerator())?, one.times(part.denominator())?);
        Ok(budget.mul_div(by, over, Fit::From(budget), Rounding::Down)?)
    }
}

impl<N: Number> BookState<N> {
    /// The state after so much of the synthetic came in, and what of it was burned.
    fn with_reserve_grown(self, amount: Amount<N>) -> Result<(Amount<N>, Self), MathError> {
        let burned = if amount < self.unbacked { amount } else { self.unbacked };
        let unbacked = (self.unbacked - burned)?;
        let reserve = (self.reserve + (amount - burned)?)?;
        Ok((burned, Self { unbacked, reserve, ..self }))
    }
}

/// `staked − ⌈lent·price⌉`, zero when the loans are worth more than the stake: see
/// [`Book::security_budget`].
///
/// # Rounding
/// Down.
///
/// # Errors
/// [`MathError::Overflow`] when a numerator exceeds 256 bits on [`Fixed`](crate::num::Fixed), and those of
/// bare numbers that are not amounts or a price.
///
/// # Example
/// ```
/// use defi_math::staking::security_budget;
/// use rust_decimal::dec;
///
/// assert_eq!(security_budget(dec!(100), dec!(25), dec!(1))?, dec!(75));
/// assert_eq!(security_budget(dec!(100), dec!(25), dec!(1.2))?, dec!(70));
/// assert_eq!(security_budget(dec!(100), dec!(25), dec!(5))?, dec!(0));
/// # Ok::<(), defi_math::staking::StakingError>(())
/// ```
pub fn security_budget<N: Number>(
    staked: impl IntoQuantity<Amount<N>>,
    lent: impl IntoQuantity<Amount<N>>,
    price: impl IntoQuantity<Price<N>>,
) -> Result<Amount<N>, StakingError> {
    let (staked, lent) = (staked.into_quantity()?, lent.into_quantity()?);
    let (quote, base) = price.into_quantity()?.parts();
    // Compared before it is divided: what is lent can be worth more than a number can hold.
    if N::cmp_products(lent.exact()?, quote, staked.exact()?, base) != Ordering::Less {
        return Ok(Amount::ZERO);
    }
    let worth = lent.mul_div(quote, base, Fit::From(staked), Rounding::Up)?;
    // The stake can have more places than the worth is rounded up to.
    if worth >= staked { Ok(Amount::ZERO) } else { Ok((staked - worth)?) }
}

/// One loan's part of an expected loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Risk<N: Number = Decimal> {
    /// What is owed.
    pub debt: Amount<N>,
    /// The probability of default.
    pub default_probability: Ratio<N>,
    /// The part of the debt that is lost in a default.
    pub loss_given_default: Ratio<N>,
}

/// `Σ ⌈⌈debt·probability⌉·loss⌉` over all loans.
///
/// # Rounding
/// Up.
///
/// # Errors
/// [`MathError::OutOfRange`] for a probability or loss above one; [`MathError::Overflow`].
///
/// # Example
/// ```
/// use defi_math::Amount;
/// use defi_math::Ratio;
/// use defi_math::staking::{Risk, expected_loss};
/// use rust_decimal::dec;
///
/// let risk = |debt, probability, loss| Ok::<_, defi_math::MathError>(Risk {
///     debt: Amount::new(debt)?,
///     default_probability: Ratio::new(probability)?,
///     loss_given_default: Ratio::new(loss)?,
/// });
/// let book = [risk(dec!(25), dec!(0.1), dec!(1))?, risk(dec!(40), dec!(0.02), dec!(0.5))?];
/// assert_eq!(expected_loss(book)?, dec!(2.9));
/// # Ok::<(), defi_math::staking::StakingError>(())
/// ```
pub fn expected_loss<N: Number>(
    loans: impl IntoIterator<Item = Risk<N>>,
) -> Result<Amount<N>, StakingError> {
    loans.into_iter().try_fold(Amount::ZERO, |sum, risk| {
        let probability = Kept::new(risk.default_probability)?.get();
        let loss = Kept::new(risk.loss_given_default)?.get();
        Ok((sum + risk.debt.mul_up(probability)?.mul_up(loss)?)?)
    })
}

/// What the guard looks at beside the book.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MarketReading<N: Number = Decimal> {
    /// The synthetic's *average* price over a while, of the stake. The spot price will not do: moving it by
    /// `ε` costs an attacker only `y·ε²/4`.
    pub average_price: Price<N>,
    /// [`BookState::defaulted`] as it stood when the window of recent defaults began.
    pub defaulted_before: Amount<N>,
}

/// The limits outside which nothing more is lent. It is asked before lending and before nothing else:
/// repayments, foreclosures and buy-backs never stop.
///
/// # Example
/// ```
/// use defi_math::{Amount, Price};
/// use defi_math::staking::{Book, Fraction, Loan, LoanTerms, MarketReading, RiskGuard, StakingError};
/// use rust_decimal::dec;
///
/// let guard = RiskGuard {
///     largest_issued_share: Fraction::new(1, 5)?,
///     smallest_security_share: Fraction::new(3, 4)?,
///     lowest_price: Price::new(dec!(0.95))?,
///     highest_price: Price::new(dec!(1.1))?,
///     most_recent_defaults: Fraction::new(1, 20)?,
/// };
/// let terms = LoanTerms::new(Fraction::new(1, 4)?, 2, dec!(2))?;
/// let loan = Loan::new(terms, dec!(100))?;
/// let book = Book::default().join(&loan)?;
/// let market = MarketReading { average_price: Price::new(dec!(1))?, defaulted_before: Amount::ZERO };
/// assert!(book.borrow_guarded(&loan, dec!(20), &guard, market).is_ok());
/// let refused = book.borrow_guarded(&loan, dec!(21), &guard, market);
/// assert_eq!(refused, Err(StakingError::IssuedShareAboveLimit));
/// # Ok::<(), StakingError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RiskGuard<N: Number = Decimal> {
    /// The most that may be issued, as a part of the stake.
    pub largest_issued_share: Fraction,
    /// The least security budget, as a part of the stake, at the average price.
    pub smallest_security_share: Fraction,
    /// The lower end of the synthetic's price band.
    pub lowest_price: Price<N>,
    /// The upper end of the synthetic's price band.
    pub highest_price: Price<N>,
    /// The most principal that may have defaulted within the window, as a part of what is lent.
    pub most_recent_defaults: Fraction,
}

impl<N: Number> RiskGuard<N> {
    /// Whether a book is within the limits.
    ///
    /// ```text
    /// supply ≤ share·staked
    /// budget(average price) ≥ share·staked
    /// lowest ≤ average price ≤ highest
    /// defaulted − defaulted_before ≤ share·lent
    /// ```
    ///
    /// # Rounding
    /// The budget down; every comparison exact.
    ///
    /// # Errors
    /// [`StakingError::IssuedShareAboveLimit`], [`StakingError::SecurityBudgetBelowLimit`],
    /// [`StakingError::PriceOutsideBand`], [`StakingError::TooManyDefaults`]: the first that fails, in this
    /// order. [`StakingError::InvalidState`] for a window that begins with more defaults than there were.
    pub fn check(&self, book: &Book<N>, market: MarketReading<N>) -> Result<(), StakingError> {
        let BookState { staked, lent, defaulted, .. } = *book.state();
        if exceeds(book.supply(), self.largest_issued_share, staked)? {
            return Err(StakingError::IssuedShareAboveLimit);
        }
        let budget = book.security_budget(market.average_price)?;
        let share = self.smallest_security_share;
        if budget.times(share.denominator())? < staked.times(share.numerator())? {
            return Err(StakingError::SecurityBudgetBelowLimit);
        }
        if market.average_price < self.lowest_price || market.average_price > self.highest_price {
            return Err(StakingError::PriceOutsideBand);
        }
        if market.defaulted_before > defaulted {
            return Err(StakingError::InvalidState);
        }
        if exceeds((defaulted - market.defaulted_before)?, self.most_recent_defaults, lent)? {
            return Err(StakingError::TooManyDefaults);
        }
        Ok(())
    }
}

/// Whether `part > fraction·whole`, exactly.
fn exceeds<N: Number>(
    part: Amount<N>,
    fraction: Fraction,
    whole: Amount<N>,
) -> Result<bool, MathError> {
    Ok(part.times(fraction.denominator())? > whole.times(fraction.numerator())?)
}

/// The caps of Cosmos's liquid staking module.
///
/// # Example
/// ```
/// use defi_math::Amount;
/// use defi_math::staking::{Delegations, LiquidCaps, StakingError};
/// use rust_decimal::dec;
///
/// // A quarter of 100 million may be liquid, and a bond of 2 carries 500.
/// let caps = LiquidCaps::COSMOS_HUB;
/// let network = Delegations::new(dec!(24_999_500), dec!(100_000_000))?;
/// let validator = Delegations::new(dec!(0), dec!(1_000_000))?;
/// assert!(caps.check(network, validator, dec!(2), dec!(500), true).is_ok());
/// let refused = caps.check(network, validator, dec!(2), dec!(501), true);
/// assert_eq!(refused, Err(StakingError::AboveGlobalCap));
/// assert!(caps.check_bond_withdrawal(dec!(2), dec!(1), dec!(250)).is_ok());
/// assert!(caps.check_bond_withdrawal(dec!(2), dec!(1.1), dec!(250)).is_err());
/// # Ok::<(), StakingError>(())
/// ```
///
/// # Source
/// `CheckExceedsGlobalLiquidStakingCap`, `…ValidatorLiquidStakingCap` and `…ValidatorBondCap` of the
/// liquid staking module; ADR-001 and ADR-002 of Gaia. The chain compares quotients rounded to 18 places;
/// here products are compared, exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LiquidCaps {
    /// The most of all stake that may be liquid.
    pub global: Fraction,
    /// The most of one validator's stake that may be liquid.
    pub validator: Fraction,
    /// How many times the validator's bond may be liquid with it; `None` switches the cap off.
    pub bond_factor: Option<u32>,
}

/// Liquid stake and all stake, of the network or of one validator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delegations<N: Number = Decimal> {
    liquid: Amount<N>,
    total: Amount<N>,
}

impl<N: Number> Delegations<N> {
    /// What is liquid of it.
    #[must_use]
    pub const fn liquid(&self) -> Amount<N> {
        self.liquid
    }

    /// All of it.
    #[must_use]
    pub const fn total(&self) -> Amount<N> {
        self.total
    }

    /// So much is liquid of so much.
    ///
    /// # Errors
    /// [`StakingError::InvalidState`] for more liquid than all; those of bare numbers that are not amounts.
    pub fn new(
        liquid: impl IntoQuantity<Amount<N>>,
        total: impl IntoQuantity<Amount<N>>,
    ) -> Result<Self, StakingError> {
        let (liquid, total) = (liquid.into_quantity()?, total.into_quantity()?);
        if liquid > total { Err(StakingError::InvalidState) } else { Ok(Self { liquid, total }) }
    }
}

impl LiquidCaps {
    /// The Cosmos Hub's: a quarter of all stake, half of a validator's, 250 times its bond.
    pub const COSMOS_HUB: Self = Self {
        global: Fraction::ONE_QUARTER,
        validator: Fraction::ONE_HALF,
        bond_factor: Some(250),
    };

    /// Whether so much more may become liquid; `bonded` if it is staked already, else it is added to both
    /// sides.
    ///
    /// # Rounding
    /// None: a cap is exceeded if and only if it is, exactly.
    ///
    /// # Errors
    /// [`StakingError::AboveGlobalCap`], [`StakingError::AboveBondCap`],
    /// [`StakingError::AboveValidatorCap`], in this order.
    pub fn check<N: Number>(
        &self,
        network: Delegations<N>,
        validator: Delegations<N>,
        bond: impl IntoQuantity<Amount<N>>,
        more: impl IntoQuantity<Amount<N>>,
        bonded: bool,
    ) -> Result<(), StakingError> {
        let (bond, more) = (bond.into_quantity()?, more.into_quantity()?);
        let above = |of: Delegations<N>, cap: Fraction| -> Result<bool, MathError> {
            let total = if bonded { of.total } else { (of.total + more)? };
            exceeds((of.liquid + more)?, cap, total)
        };
        if above(network, self.global)? {
            return Err(StakingError::AboveGlobalCap);
        }
        if !self.bond_carries(bond, (validator.liquid + more)?)? {
            return Err(StakingError::AboveBondCap);
        }
        if above(validator, self.validator)? {
            return Err(StakingError::AboveValidatorCap);
        }
        Ok(())
    }

    /// Whether a validator may take so much of its bond back while so much is liquid with it:
    /// `(bond − back)·factor ≥ liquid`.
    ///
    /// # Errors
    /// [`StakingError::InsufficientStake`] for more than the bond; [`StakingError::AboveBondCap`].
    pub fn check_bond_withdrawal<N: Number>(
        &self,
        bond: impl IntoQuantity<Amount<N>>,
        back: impl IntoQuantity<Amount<N>>,
        liquid: impl IntoQuantity<Amount<N>>,
    ) -> Result<(), StakingError> {
        let (bond, back) = (bond.into_quantity()?, back.into_quantity()?);
        if back > bond {
            return Err(StakingError::InsufficientStake);
        }
        if self.bond_carries((bond - back)?, liquid.into_quantity()?)? {
            Ok(())
        } else {
            Err(StakingError::AboveBondCap)
        }
    }

    fn bond_carries<N: Number>(
        &self,
        bond: Amount<N>,
        liquid: Amount<N>,
    ) -> Result<bool, MathError> {
        match self.bond_factor {
            Some(factor) => Ok(bond.times(factor)? >= liquid.exact()?),
            None => Ok(true),
        }
    }
}
