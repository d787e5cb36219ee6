//! A market as it stands, and its transitions.

use rust_decimal::Decimal;

use super::interest_rate::{at_18_places, exact_utilization};
use super::{
    Accrual, Borrow, FlashLoan, InterestRateModel, LendingError, Redemption, Repayment, Seizure,
    Supply, WriteOff, is_part, over, times, utilization,
};
#[cfg(doc)]
use crate::error::MathError;
use crate::num::{Exact, Fit, Grid, Number, Rounding, Wide};
use crate::quantity::{Amount, Fee, Index, IntoQuantity, Ratio, Shares};
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
    /// [`LendingError::InvalidParameter`] for a reserve factor above 1, an exchange rate of zero, and
    /// for either finer than 18 places.
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
        if is_part(self.reserve_factor.get())
            && !first.is_zero()
            && first.exact(Grid::Amount).is_ok()
        {
            Ok(())
        } else {
            Err(LendingError::InvalidParameter)
        }
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
    /// `i`: what a token borrowed at the start is owed now.
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
/// The first deposit into a market that was [`open`](Self::open)ed here leaves the shares of a thousand
/// units to nobody. Whoever raises the price of a share by a gift, so that a later deposit is rounded down,
/// gives a thousand of these shares their part of it, for ever; what the rounding takes from a depositor is
/// less than one share is worth, and is spread over all shares. So a gift costs more than a thousand such
/// roundings bring, and a deposit too small for a share is refused. Virtual shares would do the same, but
/// change every digit of the exchange rate; a locked minimum leaves the contract's formula alone, and a
/// market read from a chain, which locks none, replays digit for digit.
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
    /// - [`LendingError::InvalidParameter`] for terms that [`Terms::new`] refuses.
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
            || index.exact(Grid::Amount).is_err()
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

impl<N: Number, U: Copy> From<AccruedMarket<N, U>> for Market<N, U> {
    fn from(market: AccruedMarket<N, U>) -> Self {
        market.market
    }
}

impl<N: Number, U: Copy> Market<N, U> {
    /// A market that nobody has supplied yet; the first deposit leaves a thousand units of its shares to
    /// nobody.
    ///
    /// # Errors
    /// [`LendingError::InvalidParameter`] for terms that [`Terms::new`] refuses.
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
            let after = AccruedMarket { market: *self };
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
        let after = AccruedMarket { market: Self { state } };
        Ok(Accrual { interest, to_reserves, after })
    }

    /// What a borrower owes as of the last accrual: `⌊principal · i/i₀⌋`.
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
        let Debt { principal, index } = debt;
        // Nothing to scale; also keeps the places that a `Decimal` quotient may not have.
        if principal.is_zero() || index == self.state.borrow_index {
            return Ok(principal);
        }
        let now = self.state.borrow_index.exact()?;
        let fit = Fit::From(self.state.borrows);
        Ok(principal.mul_div(now, index.exact()?, fit, Rounding::Down)?)
    }
}

/// What a borrower's record holds: what was owed when it was last written, and the borrow index then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(bound = "", try_from = "DebtRecord<N>", into = "DebtRecord<N>")
)]
#[doc(alias = "BorrowSnapshot")]
pub struct Debt<N: Number = Decimal> {
    principal: Amount<N>,
    index: Index<N>,
}

/// A [`Debt`] as it is stored.
#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(bound = "")]
struct DebtRecord<N: Number> {
    principal: Amount<N>,
    index: Index<N>,
}

#[cfg(feature = "serde")]
impl<N: Number> TryFrom<DebtRecord<N>> for Debt<N> {
    type Error = LendingError;

    fn try_from(record: DebtRecord<N>) -> Result<Self, LendingError> {
        Self::new(record.principal, record.index)
    }
}

#[cfg(feature = "serde")]
impl<N: Number> From<Debt<N>> for DebtRecord<N> {
    fn from(debt: Debt<N>) -> Self {
        Self { principal: debt.principal, index: debt.index }
    }
}

impl<N: Number> Debt<N> {
    /// Nothing owed.
    pub const NONE: Self = Self { principal: Amount::ZERO, index: Index::ONE };

    /// So much owed when the borrow index was this.
    ///
    /// # Errors
    /// [`LendingError::InvalidState`] for something owed at an index of zero.
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
}

/// A market that has accrued to now.
///
/// Every transition is here, and leaves a market that has accrued to now as well. It cannot be stored:
/// what is stored is the [`Market`], which must accrue again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AccruedMarket<N: Number = Decimal, U: Copy = PerBlock> {
    market: Market<N, U>,
}

impl<N: Number, U: Copy> AccruedMarket<N, U> {
    /// The market, to be looked at, stored, or accrued when time has passed.
    #[must_use]
    pub const fn market(&self) -> &Market<N, U> {
        &self.market
    }

    /// Everything that the market remembers.
    #[must_use]
    pub const fn state(&self) -> &MarketState<N, U> {
        &self.market.state
    }

    /// The market when more time has passed: [`Market::accrue`].
    ///
    /// # Errors
    /// As there.
    pub fn accrue(&self, elapsed: Elapsed<U>) -> Result<Accrual<N, U>, LendingError> {
        self.market.accrue(elapsed)
    }

    /// What a borrower owes now: [`Market::owed`].
    ///
    /// # Errors
    /// As there.
    pub fn owed(&self, debt: Debt<N>) -> Result<Amount<N>, LendingError> {
        self.market.owed(debt)
    }

    /// `e` now: [`Market::exchange_rate`].
    ///
    /// # Errors
    /// As there.
    pub fn exchange_rate(&self) -> Result<Ratio<N>, LendingError> {
        self.market.exchange_rate()
    }

    /// `u` now: [`Market::utilization`].
    ///
    /// # Errors
    /// As there.
    pub fn utilization(&self) -> Result<Ratio<N>, LendingError> {
        self.market.utilization()
    }

    /// `b(u)` from now on: [`Market::borrow_rate`].
    ///
    /// # Errors
    /// As there.
    pub fn borrow_rate(&self) -> Result<Rate<N, U>, LendingError> {
        self.market.borrow_rate()
    }

    /// `s(u)` from now on: [`Market::supply_rate`].
    ///
    /// # Errors
    /// As there.
    pub fn supply_rate(&self) -> Result<Rate<N, U>, LendingError> {
        self.market.supply_rate()
    }

    const fn with(state: MarketState<N, U>) -> Self {
        Self { market: Market { state } }
    }

    /// Brings tokens for shares: `⌊amount/e⌋`.
    ///
    /// The first deposit leaves the locked minimum of its shares to nobody. What lies in a market without
    /// shares, a gift or the remainder of a last redemption, is then its own: there is nobody else.
    ///
    /// # Rounding
    /// Down, for the other suppliers; `e` itself is rounded down, as the contract's.
    ///
    /// # Errors
    /// - [`LendingError::InsufficientSharesMinted`] for a deposit that is too small for a share; the
    ///   contract keeps it.
    /// - [`MathError::DivisionByZero`] when all of a market's assets are lost and `e` is zero.
    /// - [`MathError::Overflow`], [`MathError::Inexact`] when the sums cannot be held.
    ///
    /// # Example
    /// ```
    /// use defi_math::lending::{InterestRateModel, Market, Terms};
    /// use defi_math::rate::{PerBlock, blocks};
    /// use rust_decimal::dec;
    ///
    /// let model = InterestRateModel::<_, PerBlock>::linear(dec!(0), dec!(0))?;
    /// let market = Market::open(Terms::new(model, dec!(0), dec!(0.02))?)?;
    /// let first = market.accrue(blocks(0))?.after.supply(dec!(100))?;
    /// assert_eq!(first.shares, dec!(4999.999999999999999)); // 10⁻¹⁵ of 5,000 is nobody's
    /// let second = first.after.supply(dec!(100))?;
    /// assert_eq!(second.shares, dec!(5000));
    /// # Ok::<(), defi_math::Error>(())
    /// ```
    ///
    /// # Source
    /// `CToken.mintFresh`.
    #[doc(alias = "mint")]
    pub fn supply(
        &self,
        amount: impl IntoQuantity<Amount<N>>,
    ) -> Result<Supply<N, U>, LendingError> {
        let amount = amount.into_quantity()?;
        let MarketState { cash, supply, locked, .. } = *self.state();
        if amount.is_zero() {
            return Ok(Supply { amount, shares: Shares::ZERO, after: *self });
        }
        let rate = self.exchange_rate()?.get();
        let (one, rate) = (N::ONE.exact(Grid::Amount)?, rate.exact(Grid::Amount)?);
        let fit = Fit::To(supply.get());
        let issued = amount.get().mul_div(one, rate, fit, Grid::Amount, Rounding::Down)?;
        let issued = Shares::new(issued)?;
        let shares = if supply.is_zero() {
            // A large `Decimal` supply may have no place for the minimum: one unit of its last place
            // then stays locked.
            let left = issued.wide()?.saturating_minus(locked.wide()?);
            Shares::from_wide(left, Fit::From(issued), Rounding::Down)?
        } else {
            issued
        };
        if shares.is_zero() {
            return Err(LendingError::InsufficientSharesMinted);
        }
        let state =
            MarketState { cash: (cash + amount)?, supply: (supply + issued)?, ..*self.state() };
        Ok(Supply { amount, shares, after: Self::with(state) })
    }

    /// Gives back shares for `⌊shares·e⌋`.
    ///
    /// # Rounding
    /// Down, for the remaining suppliers.
    ///
    /// # Errors
    /// - [`LendingError::InsufficientCash`] when the rest is lent.
    /// - [`LendingError::InsufficientShares`] for more than are in circulation.
    ///
    /// # Source
    /// `CToken.redeem`.
    pub fn redeem(
        &self,
        shares: impl IntoQuantity<Shares<N>>,
    ) -> Result<Redemption<N, U>, LendingError> {
        let shares = shares.into_quantity()?;
        let rate = self.exchange_rate()?.get().exact(Grid::Amount)?;
        let (one, fit) = (N::ONE.exact(Grid::Amount)?, Fit::From(self.state().cash.get()));
        let amount = shares.get().mul_div(rate, one, fit, Grid::Amount, Rounding::Down)?;
        self.redeemed(shares, Amount::new(amount)?)
    }

    /// Takes out an amount for `⌈amount/e⌉` shares.
    ///
    /// # Rounding
    /// Up, for the remaining suppliers. The deployed contract burns the floor, with which a redeemer takes up
    /// to the price of a share too much; on forks with few, dear shares that emptied markets.
    ///
    /// # Errors
    /// As [`redeem`](Self::redeem).
    ///
    /// # Example
    /// ```
    /// use defi_math::Wad;
    /// use defi_math::lending::{InterestRateModel, Market, Terms};
    /// use defi_math::rate::{PerBlock, blocks};
    ///
    /// let raw = Wad::from_raw;
    /// let model = InterestRateModel::<_, PerBlock>::linear(raw(0), raw(0))?;
    /// let three = Terms::new(model, raw(0), raw(3_000_000_000_000_000_000))?;
    /// let supplied = Market::open(three)?.accrue(blocks(0))?.after.supply(raw(9_000))?;
    /// // 10 units at 3 a share: the contract would burn 3 shares, worth 9.
    /// assert_eq!(supplied.after.redeem_amount(raw(10))?.shares.get().raw(), 4);
    /// # Ok::<(), defi_math::Error>(())
    /// ```
    ///
    /// # Source
    /// `CToken.redeemUnderlying`, but for the direction.
    #[doc(alias = "redeemUnderlying")]
    pub fn redeem_amount(
        &self,
        amount: impl IntoQuantity<Amount<N>>,
    ) -> Result<Redemption<N, U>, LendingError> {
        let amount = amount.into_quantity()?;
        let rate = self.exchange_rate()?.get().exact(Grid::Amount)?;
        let (one, fit) = (N::ONE.exact(Grid::Amount)?, Fit::From(self.state().supply.get()));
        let shares = amount.get().mul_div(one, rate, fit, Grid::Amount, Rounding::Up)?;
        self.redeemed(Shares::new(shares)?, amount)
    }

    fn redeemed(
        &self,
        shares: Shares<N>,
        amount: Amount<N>,
    ) -> Result<Redemption<N, U>, LendingError> {
        let MarketState { cash, supply, .. } = *self.state();
        if amount > cash {
            return Err(LendingError::InsufficientCash);
        }
        if !self.circulates(shares)? {
            return Err(LendingError::InsufficientShares);
        }
        let state =
            MarketState { cash: (cash - amount)?, supply: (supply - shares)?, ..*self.state() };
        Ok(Redemption { shares, amount, after: Self::with(state) })
    }

    /// Whether somebody can hold so many shares: all but the locked minimum, compared exactly.
    fn circulates(&self, shares: Shares<N>) -> Result<bool, LendingError> {
        let MarketState { supply, locked, .. } = *self.state();
        Ok(shares.is_zero() || shares.exact()?.plus(locked.exact()?)? <= supply.exact()?)
    }

    /// Lends more to a borrower.
    ///
    /// Whether the borrower's collateral allows it is the [`Account`](super::Account)'s to say.
    ///
    /// # Rounding
    /// None but that of what was owed before.
    ///
    /// # Errors
    /// [`LendingError::InsufficientCash`]; [`MathError::Overflow`], [`MathError::Inexact`] when the sums
    /// cannot be held.
    ///
    /// # Source
    /// `CToken.borrowFresh`.
    pub fn borrow(
        &self,
        debt: Debt<N>,
        amount: impl IntoQuantity<Amount<N>>,
    ) -> Result<Borrow<N, U>, LendingError> {
        let amount = amount.into_quantity()?;
        let MarketState { cash, borrows, borrow_index, .. } = *self.state();
        if amount > cash {
            return Err(LendingError::InsufficientCash);
        }
        let principal = (self.owed(debt)? + amount)?;
        let state =
            MarketState { cash: (cash - amount)?, borrows: (borrows + amount)?, ..*self.state() };
        let debt = Debt { principal, index: borrow_index };
        Ok(Borrow { amount, debt, after: Self::with(state) })
    }

    /// Pays back part of a debt, or all of it.
    ///
    /// Each debt is rounded on its own, so their sum can exceed the market's borrows by some units. What
    /// is paid in is then what is left of the borrows; the deployed contract fails.
    ///
    /// # Errors
    /// [`LendingError::RepaysTooMuch`] for more than is owed; see
    /// [`repay_at_most`](Self::repay_at_most). [`MathError::Inexact`] when a `Decimal` cannot hold the
    /// sums.
    ///
    /// # Source
    /// `CToken.repayBorrowFresh`.
    #[doc(alias = "repayBorrow")]
    pub fn repay(
        &self,
        debt: Debt<N>,
        amount: impl IntoQuantity<Amount<N>>,
    ) -> Result<Repayment<N, U>, LendingError> {
        let repaid = amount.into_quantity()?;
        let MarketState { cash, borrows, borrow_index, .. } = *self.state();
        let owed = self.owed(debt)?;
        if repaid > owed {
            return Err(LendingError::RepaysTooMuch);
        }
        let principal = (owed - repaid)?;
        let amount = if repaid > borrows { borrows } else { repaid };
        let state =
            MarketState { cash: (cash + amount)?, borrows: (borrows - amount)?, ..*self.state() };
        let debt = Debt { principal, index: borrow_index };
        Ok(Repayment { amount, debt, after: Self::with(state) })
    }

    /// Pays back all that is owed.
    ///
    /// # Errors
    /// As [`repay`](Self::repay).
    ///
    /// # Source
    /// `repayBorrow(type(uint).max)`.
    pub fn repay_all(&self, debt: Debt<N>) -> Result<Repayment<N, U>, LendingError> {
        self.repay(debt, self.owed(debt)?)
    }

    /// Pays back what is owed, this much at most.
    ///
    /// # Errors
    /// As [`repay`](Self::repay).
    ///
    /// # Example
    /// ```
    /// use defi_math::lending::{Debt, InterestRateModel, LendingError, Market, Terms};
    /// use defi_math::rate::{PerBlock, blocks};
    /// use rust_decimal::dec;
    ///
    /// let model = InterestRateModel::<_, PerBlock>::linear(dec!(0), dec!(0))?;
    /// let market = Market::open(Terms::new(model, dec!(0), dec!(1))?)?;
    /// let supplied = market.accrue(blocks(0))?.after.supply(dec!(100))?.after;
    /// let loan = supplied.borrow(Debt::NONE, dec!(30))?;
    /// assert_eq!(loan.after.repay(loan.debt, dec!(31)), Err(LendingError::RepaysTooMuch));
    /// assert_eq!(loan.after.repay_at_most(loan.debt, dec!(31))?.amount, dec!(30));
    /// # Ok::<(), defi_math::Error>(())
    /// ```
    pub fn repay_at_most(
        &self,
        debt: Debt<N>,
        limit: impl IntoQuantity<Amount<N>>,
    ) -> Result<Repayment<N, U>, LendingError> {
        let (owed, limit) = (self.owed(debt)?, limit.into_quantity()?);
        self.repay(debt, if limit < owed { limit } else { owed })
    }

    /// Brings tokens to the reserves.
    ///
    /// # Errors
    /// [`MathError::Overflow`], [`MathError::Inexact`] when the sums cannot be held.
    ///
    /// # Source
    /// `CErc20._addReserves`.
    pub fn add_reserves(&self, amount: impl IntoQuantity<Amount<N>>) -> Result<Self, LendingError> {
        let amount = amount.into_quantity()?;
        let MarketState { cash, reserves, .. } = *self.state();
        Ok(Self::with(MarketState {
            cash: (cash + amount)?,
            reserves: (reserves + amount)?,
            ..*self.state()
        }))
    }

    /// Takes tokens from the reserves.
    ///
    /// # Errors
    /// [`LendingError::InsufficientCash`], [`LendingError::InsufficientReserves`].
    ///
    /// # Source
    /// `CToken._reduceReserves`.
    pub fn reduce_reserves(
        &self,
        amount: impl IntoQuantity<Amount<N>>,
    ) -> Result<Self, LendingError> {
        let amount = amount.into_quantity()?;
        let MarketState { cash, reserves, .. } = *self.state();
        if amount > cash {
            return Err(LendingError::InsufficientCash);
        }
        if amount > reserves {
            return Err(LendingError::InsufficientReserves);
        }
        Ok(Self::with(MarketState {
            cash: (cash - amount)?,
            reserves: (reserves - amount)?,
            ..*self.state()
        }))
    }

    /// Sends tokens to the market without a word: they are the suppliers' at once.
    ///
    /// # Errors
    /// [`MathError::Overflow`], [`MathError::Inexact`] when the sums cannot be held.
    pub fn donate(&self, amount: impl IntoQuantity<Amount<N>>) -> Result<Self, LendingError> {
        let cash = (self.state().cash + amount.into_quantity()?)?;
        Ok(Self::with(MarketState { cash, ..*self.state() }))
    }

    /// Takes shares from an account that is liquidated: part for the liquidator, part for the reserves.
    ///
    /// ```text
    /// to_protocol = ⌊shares·protocol_share⌋       burned
    /// to_reserves = ⌊e·to_protocol⌋
    /// to_liquidator = shares − to_protocol
    /// ```
    ///
    /// Whether so many may be seized is [`LiquidationTerms`](super::LiquidationTerms)' to say.
    ///
    /// # Rounding
    /// The protocol's part down, for the liquidator.
    ///
    /// # Errors
    /// [`LendingError::InvalidParameter`] for a share above 1; [`LendingError::InsufficientShares`] for
    /// more than are in circulation; [`MathError::Inexact`] when a `Decimal` cannot hold the sums.
    ///
    /// # Source
    /// `CToken.seizeInternal`.
    #[doc(alias = "seizeInternal")]
    pub fn seize(
        &self,
        shares: impl IntoQuantity<Shares<N>>,
        protocol_share: impl IntoQuantity<Ratio<N>>,
    ) -> Result<Seizure<N, U>, LendingError> {
        let (shares, part) = (shares.into_quantity()?, protocol_share.into_quantity()?);
        if !is_part(part.get()) {
            return Err(LendingError::InvalidParameter);
        }
        if !self.circulates(shares)? {
            return Err(LendingError::InsufficientShares);
        }
        let MarketState { supply, reserves, .. } = *self.state();
        let one = Ratio::<N>::ONE.exact()?;
        let to_protocol = shares.mul_div(part.exact()?, one, Fit::From(supply), Rounding::Down)?;
        let rate = self.exchange_rate()?.get();
        let (rate, one) = (rate.exact(Grid::Amount)?, N::ONE.exact(Grid::Amount)?);
        let fit = Fit::To(reserves.get());
        let worth = to_protocol.get().mul_div(rate, one, fit, Grid::Amount, Rounding::Down)?;
        let to_reserves = Amount::new(worth)?;
        let state = MarketState {
            supply: (supply - to_protocol)?,
            reserves: (reserves + to_reserves)?,
            ..*self.state()
        };
        Ok(Seizure {
            shares,
            to_liquidator: (shares - to_protocol)?,
            to_protocol,
            to_reserves,
            after: Self::with(state),
        })
    }

    /// Recognises that a debt will not be repaid: the reserves bear it first, what they lack the suppliers,
    /// through the exchange rate.
    ///
    /// `collateral_left` is what the account still holds, in any unit
    /// ([`collateral_value`](super::account::collateral_value)): a debt is not bad while there is some.
    ///
    /// ```text
    /// loss = min(owed, B)          B′ = B − loss
    /// from_reserves = min(loss, R) R′ = R − from_reserves
    /// from_suppliers = loss − from_reserves
    /// ```
    ///
    /// # Rounding
    /// None: nothing disappears.
    ///
    /// # Errors
    /// [`LendingError::CollateralLeft`], [`LendingError::NoDebt`].
    ///
    /// # Example
    /// ```
    /// use defi_math::lending::{Debt, InterestRateModel, Market, Terms};
    /// use defi_math::rate::{PerBlock, blocks};
    /// use rust_decimal::dec;
    ///
    /// let model = InterestRateModel::<_, PerBlock>::linear(dec!(0), dec!(0))?;
    /// let market = Market::open(Terms::new(model, dec!(0), dec!(1))?)?;
    /// let funded = market.accrue(blocks(0))?.after.supply(dec!(100))?.after.add_reserves(dec!(5))?;
    /// let loan = funded.borrow(Debt::NONE, dec!(30))?;
    /// let loss = loan.after.write_off(loan.debt, dec!(0))?;
    /// assert_eq!(loss.from_reserves, dec!(5));
    /// assert_eq!(loss.from_suppliers, dec!(25));
    /// assert_eq!(loss.after.exchange_rate()?, dec!(0.75));
    /// # Ok::<(), defi_math::Error>(())
    /// ```
    pub fn write_off(
        &self,
        debt: Debt<N>,
        collateral_left: impl IntoQuantity<Amount<N>>,
    ) -> Result<WriteOff<N, U>, LendingError> {
        if !collateral_left.into_quantity()?.is_zero() {
            return Err(LendingError::CollateralLeft);
        }
        let MarketState { borrows, reserves, .. } = *self.state();
        let owed = self.owed(debt)?;
        if owed.is_zero() {
            return Err(LendingError::NoDebt);
        }
        let loss = if owed > borrows { borrows } else { owed };
        let from_reserves = if loss > reserves { reserves } else { loss };
        let state = MarketState {
            borrows: (borrows - loss)?,
            reserves: (reserves - from_reserves)?,
            ..*self.state()
        };
        let from_suppliers = (loss - from_reserves)?;
        Ok(WriteOff { loss, from_reserves, from_suppliers, after: Self::with(state) })
    }

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

    /// A debt in units that do not grow with interest, to share rewards among borrowers: `⌊owed/i⌋`.
    ///
    /// # Rounding
    /// Down, for the other borrowers.
    ///
    /// # Errors
    /// [`MathError::Overflow`].
    ///
    /// # Source
    /// `Comptroller.distributeBorrowerComp`.
    pub fn reward_shares_of_debt(&self, debt: Debt<N>) -> Result<Shares<N>, LendingError> {
        let index = self.state().borrow_index.get();
        Ok(Shares::new(over(self.owed(debt)?.get(), index, Rounding::Down)?)?)
    }

    /// All borrows in the same units: `⌊B/i⌋`.
    ///
    /// # Errors
    /// As [`reward_shares_of_debt`](Self::reward_shares_of_debt).
    ///
    /// # Source
    /// `Comptroller.updateCompBorrowIndex`.
    pub fn reward_shares_of_borrows(&self) -> Result<Shares<N>, LendingError> {
        let MarketState { borrows, borrow_index, .. } = *self.state();
        Ok(Shares::new(over(borrows.get(), borrow_index.get(), Rounding::Down)?)?)
    }

    /// `⌊shares·e⌋`: what shares are worth now, whether or not the cash is there.
    ///
    /// # Rounding
    /// Down.
    ///
    /// # Errors
    /// [`MathError::Overflow`].
    ///
    /// # Source
    /// `balanceOfUnderlying`.
    #[doc(alias = "balanceOfUnderlying")]
    pub fn worth(&self, shares: impl IntoQuantity<Shares<N>>) -> Result<Amount<N>, LendingError> {
        let shares = shares.into_quantity()?.get();
        Ok(Amount::new(times(shares, self.exchange_rate()?.get(), Rounding::Down)?)?)
    }
}
