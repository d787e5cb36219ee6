//! A market that has accrued to now, and its transitions.

use rust_decimal::Decimal;

use super::{
    Accrual, Borrow, Debt, LendingError, Market, MarketState, Parameter, Redemption, Repayment,
    Seizure, Supply, WriteOff, over, require_part, times,
};
use crate::error::MathError;
use crate::num::{Exact, Fit, Grid, Number, Rounding, Wide};
use crate::quantity::{Amount, IntoQuantity, Ratio, Shares};
use crate::rate::{Elapsed, PerBlock, Rate};

/// A market that has accrued to now.
///
/// Every transition is here, and leaves a market that has accrued to now as well. It cannot be stored:
/// what is stored is the [`Market`], which must accrue again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AccruedMarket<N: Number = Decimal, U: Copy = PerBlock> {
    market: Market<N, U>,
}

impl<N: Number, U: Copy> From<AccruedMarket<N, U>> for Market<N, U> {
    fn from(market: AccruedMarket<N, U>) -> Self {
        market.market
    }
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
        self.market.state()
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

    pub(super) const fn of(market: Market<N, U>) -> Self {
        Self { market }
    }

    pub(super) const fn with(state: MarketState<N, U>) -> Self {
        Self { market: Market::with(state) }
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
    /// In the contract's order:
    /// - [`LendingError::InsufficientCash`] when the rest is lent;
    /// - [`LendingError::InsufficientShares`] for more than are in circulation.
    ///
    /// And [`MathError::Overflow`]; [`MathError::Inexact`] when a `Decimal` cannot hold what is left.
    ///
    /// # Example
    /// ```
    /// use defi_math::lending::{Debt, InterestRateModel, LendingError, Market, Terms};
    /// use defi_math::rate::{PerBlock, blocks};
    /// use rust_decimal::dec;
    ///
    /// let model = InterestRateModel::<_, PerBlock>::linear(dec!(0), dec!(0))?;
    /// let market = Market::open(Terms::new(model, dec!(0), dec!(0.02))?)?;
    /// let supplied = market.accrue(blocks(0))?.after.supply(dec!(100))?.after;
    /// assert_eq!(supplied.redeem(dec!(1_000))?.amount, dec!(20));
    /// // What is lent cannot be paid out.
    /// let lent = supplied.borrow(Debt::NONE, dec!(90))?.after;
    /// assert_eq!(lent.redeem(dec!(1_000)), Err(LendingError::InsufficientCash));
    /// # Ok::<(), defi_math::Error>(())
    /// ```
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
    /// As [`redeem`](Self::redeem); [`MathError::DivisionByZero`] when all of a market's assets are lost and
    /// `e` is zero.
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
        let MarketState { cash, .. } = *self.state();
        let left = cash.less_part(amount);
        if left == Err(MathError::Underflow) {
            return Err(LendingError::InsufficientCash);
        }
        let supply = self.supply_without(shares)?;
        let state = MarketState { cash: left?, supply, ..*self.state() };
        Ok(Redemption { shares, amount, after: Self::with(state) })
    }

    /// `S` without shares that somebody holds: all but the locked minimum can be held, compared exactly.
    fn supply_without(&self, shares: Shares<N>) -> Result<Shares<N>, LendingError> {
        let MarketState { supply, locked, .. } = *self.state();
        if shares.is_zero() {
            return Ok(supply);
        }
        let held = supply.exact()?.less_part(locked.exact()?);
        held.and_then(|held| held.less_part(shares.exact()?))
            .map_err(|e| e.or_short(LendingError::InsufficientShares))?;
        let left = supply.less_part(shares)?;
        // Only a float has no place for the locked minimum beside a large supply.
        Ok(if left < locked { Shares::ZERO } else { left })
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
    /// # Example
    /// ```
    /// use defi_math::lending::{Debt, InterestRateModel, Market, Terms};
    /// use defi_math::rate::{PerDay, days};
    /// use rust_decimal::dec;
    ///
    /// let model = InterestRateModel::<_, PerDay>::linear(dec!(0.01), dec!(0))?;
    /// let market = Market::open(Terms::new(model, dec!(0), dec!(1))?)?;
    /// let supplied = market.accrue(days(0))?.after.supply(dec!(100))?.after;
    /// let first = supplied.borrow(Debt::NONE, dec!(40))?;
    /// // Ten days later 44 are owed, and 6 more are borrowed.
    /// let second = first.after.accrue(days(10))?.after.borrow(first.debt, dec!(6))?;
    /// assert_eq!(second.debt.principal(), dec!(50));
    /// assert_eq!(second.after.state().cash, dec!(54));
    /// # Ok::<(), defi_math::Error>(())
    /// ```
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
        let debt = Debt::at(principal, borrow_index);
        Ok(Borrow { amount, debt, after: Self::with(state) })
    }

    /// Pays back part of a debt, or all of it.
    ///
    /// Each debt is rounded on its own, so their sum can exceed the market's borrows by some units. The last
    /// to repay then pays in what is left of the borrows, and is quit of the rest; the deployed contract
    /// fails. The receipt's amount is what was paid in.
    ///
    /// # Rounding
    /// None but that of what is owed, which is down.
    ///
    /// # Errors
    /// [`LendingError::RepaysTooMuch`] for more than is owed; see
    /// [`repay_at_most`](Self::repay_at_most). [`MathError::Inexact`] when a `Decimal` cannot hold the
    /// sums.
    ///
    /// # Example
    /// ```
    /// use defi_math::lending::{Debt, InterestRateModel, Market, Terms};
    /// use defi_math::rate::{PerBlock, blocks};
    /// use rust_decimal::dec;
    ///
    /// let model = InterestRateModel::<_, PerBlock>::linear(dec!(0), dec!(0))?;
    /// let market = Market::open(Terms::new(model, dec!(0), dec!(1))?)?;
    /// let supplied = market.accrue(blocks(0))?.after.supply(dec!(100))?.after;
    /// let loan = supplied.borrow(Debt::NONE, dec!(30))?;
    /// let repaid = loan.after.repay(loan.debt, dec!(10))?;
    /// assert_eq!(repaid.after.owed(repaid.debt)?, dec!(20));
    /// assert_eq!(repaid.after.state().cash, dec!(80));
    /// # Ok::<(), defi_math::Error>(())
    /// ```
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
        let debt = Debt::at(principal, borrow_index);
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

    /// Brings tokens to the reserves: `C' = C + amount`, `R' = R + amount`.
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

    /// Takes tokens from the reserves: `C' = C − amount`, `R' = R − amount`.
    ///
    /// # Errors
    /// In the contract's order: [`LendingError::InsufficientCash`], [`LendingError::InsufficientReserves`].
    /// [`MathError::Inexact`] when a `Decimal` cannot hold what is left.
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
    ///
    /// # Source
    /// A transfer to a `CErc20`, whose `getCash` is its balance.
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
    /// [`LendingError::OutOfRange`] for a share above 1 or finer than 18 places;
    /// [`LendingError::InsufficientShares`] for more than are in circulation; [`MathError::Inexact`] when a
    /// `Decimal` cannot hold the sums.
    ///
    /// # Example
    /// ```
    /// use defi_math::lending::{InterestRateModel, Market, Terms};
    /// use defi_math::rate::{PerBlock, blocks};
    /// use rust_decimal::dec;
    ///
    /// let model = InterestRateModel::<_, PerBlock>::linear(dec!(0), dec!(0))?;
    /// let market = Market::open(Terms::new(model, dec!(0), dec!(0.02))?)?;
    /// let supplied = market.accrue(blocks(0))?.after.supply(dec!(100))?.after;
    /// let seizure = supplied.seize(dec!(1_000), dec!(0.028))?;
    /// assert_eq!((seizure.to_liquidator.get(), seizure.to_protocol.get()), (dec!(972), dec!(28)));
    /// assert_eq!(seizure.to_reserves, dec!(0.56));
    /// # Ok::<(), defi_math::Error>(())
    /// ```
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
        require_part(part.get(), Parameter::ProtocolShare)?;
        self.supply_without(shares)?;
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
    ///
    /// # Source
    /// Derived here; Compound v2 lets a bad debt stand.
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
    /// # Rounding
    /// Down, as the contract.
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
