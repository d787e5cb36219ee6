//! A market as of its last accrual: what it was opened with, what it remembers, what it charges.

use rust_decimal::Decimal;

use super::interest_rate::{at_18_places, exact_utilization};
use super::{
    Accrual, AccruedMarket, Debt, InterestRateModel, LendingError, Parameter, has_18_places,
    require, require_part, utilization,
};
#[cfg(doc)]
use crate::error::MathError;
use crate::num::{Exact, Fit, Grid, Number, Rounding};
use crate::quantity::{Amount, Index, IntoQuantity, Ratio, Shares};
use crate::rate::{Elapsed, PerBlock, Rate};

/// What a market is opened with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = ""))]
pub struct Terms<N: Number = Decimal, U: Copy = PerBlock> {
    /// The rate that borrowers pay.
    pub model: InterestRateModel<N, U>,
    /// `f`: the part of the interest that the reserves keep.
    pub reserve_factor: Ratio<N>,
    /// `e` while there are no shares.
    pub initial_exchange_rate: Ratio<N>,
    /// The rate above which the market refuses to accrue, if it has one.
    #[doc(alias = "borrowRateMaxMantissa")]
    pub maximum_borrow_rate: Option<Rate<N, U>>,
}

impl<N: Number, U: Copy> Terms<N, U> {
    /// A model, the reserves' part of the interest, and the exchange rate of the first deposit.
    ///
    /// # Errors
    /// [`LendingError::OutOfRange`] for a reserve factor above 1, an exchange rate of zero, and for either
    /// finer than 18 places; those of bare numbers that are not ratios.
    pub fn new(
        model: InterestRateModel<N, U>,
        reserve_factor: impl IntoQuantity<Ratio<N>>,
        initial_exchange_rate: impl IntoQuantity<Ratio<N>>,
    ) -> Result<Self, LendingError> {
        let terms = Self {
            model,
            reserve_factor: reserve_factor.into_quantity()?,
            initial_exchange_rate: initial_exchange_rate.into_quantity()?,
            maximum_borrow_rate: None,
        };
        terms.check()?;
        Ok(terms)
    }

    /// The same with a maximum: a market whose rate is above it refuses to accrue.
    ///
    /// # Source
    /// `CToken.accrueInterest`: 0.0005 % a block.
    #[must_use]
    pub const fn with_maximum_borrow_rate(self, rate: Rate<N, U>) -> Self {
        Self { maximum_borrow_rate: Some(rate), ..self }
    }

    fn check(&self) -> Result<(), LendingError> {
        let first = self.initial_exchange_rate.get();
        require_part(self.reserve_factor.get(), Parameter::ReserveFactor)?;
        require(!first.is_zero() && has_18_places(first), Parameter::InitialExchangeRate)
    }
}

/// Everything that a [`Market`] remembers, to be stored or read from a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = ""))]
pub struct MarketState<N: Number = Decimal, U: Copy = PerBlock> {
    /// `C`: what the market holds.
    #[doc(alias = "getCash")]
    pub cash: Amount<N>,
    /// `B`: what borrowers owe, as of the last accrual.
    #[doc(alias = "totalBorrows")]
    pub borrows: Amount<N>,
    /// `R`: what of it belongs to the reserves.
    #[doc(alias = "totalReserves")]
    pub reserves: Amount<N>,
    /// `S`: all shares, the locked ones included.
    #[doc(alias = "totalSupply")]
    pub supply: Shares<N>,
    /// The shares of the first deposit that belong to nobody; zero for a deployed market, which locks
    /// none.
    pub locked: Shares<N>,
    /// `i`: what is owed now for one token borrowed at the start.
    #[doc(alias = "borrowIndex")]
    pub borrow_index: Index<N>,
    /// What the market was opened with.
    pub terms: Terms<N, U>,
}

/// A market as of its last accrual.
///
/// It can be looked at and accrued. To transact takes an [`AccruedMarket`], which only
/// [`accrue`](Self::accrue) gives, so that nobody can trade at the rate of an earlier time.
///
/// ```compile_fail
/// # use defi_math::lending::Market;
/// # use rust_decimal::dec;
/// fn deposit(market: Market) {
///     let _ = market.supply(dec!(1)); // no such method: accrue first
/// }
/// ```
///
/// # Safety of an empty market
///
/// The first deposit into a market that was [`open`](Self::open)ed here leaves a thousand units of its
/// shares to nobody. An attacker who raises the price of a share by a gift, so that a later deposit is
/// rounded down, gives those shares their part of it for ever. What the rounding takes from a depositor is
/// less than one share is worth, and is spread over all shares. So the gift costs more than a thousand such
/// roundings bring; and a deposit too small for a share is refused.
///
/// Virtual shares would do the same, but change every digit of the exchange rate. A locked minimum leaves
/// the contract's formula alone, and a market read from a chain, which locks none, replays digit for digit.
///
/// # Example
///
/// ```
/// use defi_math::lending::{Debt, InterestRateModel, Market, Terms};
/// use defi_math::rate::{PerDay, blocks, days};
/// use rust_decimal::dec;
///
/// // 1 % a day on everything lent, nothing to the reserves.
/// let model = InterestRateModel::<_, PerDay>::linear(dec!(0.01), dec!(0))?;
/// let market = Market::open(Terms::new(model, dec!(0), dec!(1))?)?;
/// let supply = market.accrue(days(0))?.after.supply(dec!(100))?;
/// let loan = supply.after.borrow(Debt::NONE, dec!(40))?;
/// let later = loan.after.accrue(days(10))?.after;
/// assert_eq!(later.owed(loan.debt)?, dec!(44));
/// let settled = later.repay_all(loan.debt)?;
/// assert_eq!(settled.after.exchange_rate()?, dec!(1.04));
/// # Ok::<(), defi_math::Error>(())
/// ```
///
/// # Source
/// `CToken`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(bound = "", try_from = "MarketState<N, U>", into = "MarketState<N, U>")
)]
#[doc(alias = "CToken")]
pub struct Market<N: Number = Decimal, U: Copy = PerBlock> {
    state: MarketState<N, U>,
}

impl<N: Number, U: Copy> TryFrom<MarketState<N, U>> for Market<N, U> {
    type Error = LendingError;

    /// # Errors
    /// - [`LendingError::OutOfRange`] for terms that [`Terms::new`] refuses.
    /// - [`LendingError::InvalidState`] for reserves beyond cash and borrows, an index of zero, a number
    ///   finer than 18 places, and fewer shares than are locked.
    fn try_from(state: MarketState<N, U>) -> Result<Self, LendingError> {
        state.terms.check()?;
        let index = state.borrow_index.get();
        // Not as an amount: the sum of two that a type can hold may be one that it cannot.
        let whole = state.cash.exact()?.plus(state.borrows.exact()?)?;
        let short_of_locked = !state.supply.is_zero() && state.supply < state.locked;
        if state.reserves.exact()? > whole
            || index.is_zero()
            || !has_18_places(index)
            || short_of_locked
        {
            return Err(LendingError::InvalidState);
        }
        Ok(Self { state })
    }
}

impl<N: Number, U: Copy> From<Market<N, U>> for MarketState<N, U> {
    fn from(market: Market<N, U>) -> Self {
        market.state
    }
}

impl<N: Number, U: Copy> Market<N, U> {
    /// A market that nobody has supplied yet; the first deposit leaves a thousand units of its shares to
    /// nobody.
    ///
    /// # Errors
    /// [`LendingError::OutOfRange`] for terms that [`Terms::new`] refuses.
    pub fn open(terms: Terms<N, U>) -> Result<Self, LendingError> {
        Self::try_from(MarketState {
            cash: Amount::ZERO,
            borrows: Amount::ZERO,
            reserves: Amount::ZERO,
            supply: Shares::ZERO,
            locked: Shares::new(N::MINIMUM_LIQUIDITY)?,
            borrow_index: Index::ONE,
            terms,
        })
    }

    pub(super) const fn with(state: MarketState<N, U>) -> Self {
        Self { state }
    }

    /// Everything that the market remembers.
    #[must_use]
    pub const fn state(&self) -> &MarketState<N, U> {
        &self.state
    }

    /// `u` as of the last accrual: [`utilization`].
    ///
    /// # Errors
    /// As there.
    #[inline]
    pub fn utilization(&self) -> Result<Ratio<N>, LendingError> {
        utilization(self.state.cash, self.state.borrows, self.state.reserves)
    }

    /// `b(u)`: what borrowers pay from the last accrual on.
    ///
    /// # Errors
    /// As [`InterestRateModel::borrow_rate`].
    #[inline]
    pub fn borrow_rate(&self) -> Result<Rate<N, U>, LendingError> {
        self.state.terms.model.borrow_rate(self.utilization()?)
    }

    #[inline]
    fn exact_borrow_rate(&self) -> Result<N::Exact, LendingError> {
        let MarketState { cash, borrows, reserves, terms, .. } = self.state;
        let u = exact_utilization(cash, borrows, reserves)?;
        Ok(terms.model.exact_borrow_rate(u)?)
    }

    /// `s(u)`: what suppliers earn from the last accrual on.
    ///
    /// # Errors
    /// As [`InterestRateModel::supply_rate`].
    pub fn supply_rate(&self) -> Result<Rate<N, U>, LendingError> {
        let Terms { model, reserve_factor, .. } = self.state.terms;
        model.supply_rate(self.utilization()?, reserve_factor)
    }

    /// `e = ⌊(C + B − R)/S⌋` as of the last accrual; the initial one while there are no shares.
    ///
    /// # Rounding
    /// Down at the 18th place.
    ///
    /// # Errors
    /// [`MathError::Underflow`] when the reserves exceed cash and borrows; [`MathError::Overflow`].
    ///
    /// # Source
    /// `exchangeRateStored`.
    #[doc(alias = "exchangeRateStored")]
    #[inline]
    pub fn exchange_rate(&self) -> Result<Ratio<N>, LendingError> {
        let MarketState { cash, borrows, reserves, supply, terms, .. } = self.state;
        if supply.is_zero() {
            return Ok(terms.initial_exchange_rate);
        }
        let whole = cash.exact()?.plus(borrows.exact()?)?.minus(reserves.exact()?)?;
        let rate =
            N::ONE.mul_div(whole, supply.exact()?, Fit::Alone, Grid::Amount, Rounding::Down)?;
        Ok(Ratio::new(rate)?)
    }

    /// Charges the interest of the time since the last accrual.
    ///
    /// ```text
    /// g = b(u)·n                     exact: simple within one accrual
    /// interest = ⌊g·B⌋               B′ = B + interest
    /// R′ = R + ⌊f·interest⌋          i′ = i + ⌊g·i⌋
    /// ```
    ///
    /// No time passes, nothing changes. More accruals compound more often: never less debt, and at most
    /// `e^(b·n)`.
    ///
    /// # Rounding
    /// Down, for the borrowers: below one unit of the borrows, and of the index, for each accrual.
    ///
    /// # Errors
    /// - [`LendingError::BorrowRateTooHigh`] above the maximum of the terms.
    /// - [`MathError::Overflow`], [`MathError::Inexact`], and those of [`utilization`].
    ///
    /// # Example
    /// ```
    /// use defi_math::Wad;
    /// use defi_math::lending::{InterestRateModel, Market, MarketState, Terms};
    /// use defi_math::rate::{PerBlock, blocks};
    ///
    /// // Compound's own test: 10⁻⁶ a block on 10²² units, a tenth to the reserves.
    /// let raw = Wad::from_raw;
    /// let model = InterestRateModel::<_, PerBlock>::linear(raw(1_000_000_000_000), raw(0))?;
    /// let terms = Terms::new(model, raw(100_000_000_000_000_000), raw(1))?;
    /// let before = MarketState {
    ///     borrows: raw(10_000_000_000_000_000_000_000).into(),
    ///     reserves: raw(100_000_000_000_000_000_000).into(),
    ///     ..*Market::open(terms)?.state()
    /// };
    /// let accrual = Market::try_from(before)?.accrue(blocks(1))?;
    /// assert_eq!(accrual.interest.get().raw(), 10_000_000_000_000_000);
    /// assert_eq!(accrual.to_reserves.get().raw(), 1_000_000_000_000_000);
    /// assert_eq!(accrual.after.state().borrow_index.get().raw(), 1_000_001_000_000_000_000);
    /// # Ok::<(), defi_math::Error>(())
    /// ```
    ///
    /// # Source
    /// `CToken.accrueInterest`.
    #[doc(alias = "accrueInterest")]
    #[inline]
    pub fn accrue(&self, elapsed: Elapsed<U>) -> Result<Accrual<N, U>, LendingError> {
        if elapsed.count() == 0 {
            let nothing = Amount::ZERO;
            let after = AccruedMarket::of(*self);
            return Ok(Accrual { interest: nothing, to_reserves: nothing, after });
        }
        let MarketState { borrows, reserves, borrow_index, terms, .. } = self.state;
        // All at 18 places, which a rate of the model has.
        let at = |number: N| number.exact(Grid::Amount);
        let (rate, one) = (self.exact_borrow_rate()?, at(N::ONE)?);
        if let Some(most) = terms.maximum_borrow_rate
            && at_18_places::<N>(rate)? > most.get()
        {
            return Err(LendingError::BorrowRateTooHigh);
        }
        let growth = rate.times(elapsed.count())?;
        let interest = borrows.mul_div(growth, one, Fit::To(borrows), Rounding::Down)?;
        let factor = at(terms.reserve_factor.get())?;
        let to_reserves = interest.mul_div(factor, one, Fit::To(reserves), Rounding::Down)?;
        let index = borrow_index.get();
        let step = index.mul_div(growth, one, Fit::To(index), Grid::Amount, Rounding::Down)?;
        let state = MarketState {
            borrows: (borrows + interest)?,
            reserves: (reserves + to_reserves)?,
            borrow_index: Index::new(index.try_add(step)?)?,
            ..self.state
        };
        let after = AccruedMarket::with(state);
        Ok(Accrual { interest, to_reserves, after })
    }

    /// What a borrower owes as of the last accrual: `⌊principal · i/i₀⌋`, `i₀` being the record's index.
    ///
    /// A record that is younger than the market is not refused, as it is not by the contract; it is then
    /// owed less than its principal, until the market accrues.
    ///
    /// # Rounding
    /// Down, for the borrower, as the contract.
    ///
    /// # Errors
    /// [`MathError::Overflow`].
    ///
    /// # Source
    /// `borrowBalanceStored`.
    #[doc(alias = "borrowBalanceStored")]
    #[inline]
    pub fn owed(&self, debt: Debt<N>) -> Result<Amount<N>, LendingError> {
        let (principal, index) = (debt.principal(), debt.index());
        // Nothing to scale; also keeps the places that a `Decimal` quotient may not have.
        if principal.is_zero() || index == self.state.borrow_index {
            return Ok(principal);
        }
        let now = self.state.borrow_index.exact()?;
        let fit = Fit::From(self.state.borrows);
        Ok(principal.mul_div(now, index.exact()?, fit, Rounding::Down)?)
    }
}
