//! What an account holds and owes over several markets.
//!
//! An account is the sum of its positions, one for each market: what each collateral lets it borrow, and
//! what each debt is worth, at prices that the caller gives. A [`Price`] is of a market's token, in
//! whatever unit all of the account's prices share.
//!
//! # Laws
//!
//! - `maximum_borrow_is_safe_and_tight`, `maximum_redemption_is_safe_and_tight`.
//! - `liquidation_price_is_where_health_is_one`.
//! - `repaying_never_worsens_health`, `supplying_never_worsens_health`.
//!
//! # Not laws
//!
//! - "The sum of two debts' values is the value of their sum": each is rounded down, so a hypothetical
//!   borrow can be found a unit cheaper than it is. [`Account::maximum_borrow`] never is.
//!
//! # Rounding
//!
//! As the contract: collateral down, debts down too, each product truncated. A debt's remainder is below
//! a unit of the common unit.
//!
//! # Example
//!
//! ```
//! use defi_math::Price;
//! use defi_math::lending::{Account, Position};
//! use rust_decimal::dec;
//!
//! // 10 ETH at 2,000 of which three quarters can be borrowed, against 9,000 DAI owed.
//! let eth = Position::new(dec!(10), dec!(1), dec!(0), Price::new(dec!(2_000))?, dec!(0.75))?;
//! let dai = Position::new(dec!(0), dec!(1), dec!(9_000), Price::new(dec!(1))?, dec!(0.8))?;
//! let account = Account::of(&[eth, dai])?;
//! assert_eq!(account.borrow_limit(), dec!(15_000));
//! assert_eq!(account.liquidity()?, dec!(6_000));
//! assert_eq!(account.health_factor()?, dec!(1.666666666666666666));
//! assert_eq!(account.maximum_borrow(&dai)?, dec!(6_000));
//! assert_eq!(account.maximum_redemption(&eth)?, dec!(4));
//! let price = account.liquidation_price(&eth)?.ok_or("no price")?;
//! assert_eq!(price, Price::new(dec!(1_200))?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Sources
//!
//! `Comptroller.getHypotheticalAccountLiquidityInternal` of Compound v2, commit `a3214f67`.

use core::cmp::Ordering;

use rust_decimal::Decimal;

use super::{
    AccruedMarket, Debt, LendingError, Parameter, has_18_places, over, require, require_part, times,
};
use crate::error::MathError;
use crate::num::{Fit, Grid, Number, Rounding};
use crate::quantity::{Amount, IntoQuantity, Price, Ratio, Shares};
use crate::rate::Rate;

/// What an account holds and owes in one market.
#[derive(Clone, Copy, Debug)]
pub struct Position<N: Number = Decimal> {
    shares: Shares<N>,
    exchange_rate: Ratio<N>,
    debt: Amount<N>,
    price: Price<N>,
    collateral_factor: Ratio<N>,
}

impl<N: Number> Position<N> {
    /// So many shares at an exchange rate, so much owed, at a price of the market's token, of which
    /// `collateral_factor` can be borrowed.
    ///
    /// # Errors
    /// [`LendingError::OutOfRange`] for a collateral factor above 1, and for it or the exchange
    /// rate finer than 18 places; those of a bare number that is not the quantity.
    pub fn new(
        shares: impl IntoQuantity<Shares<N>>,
        exchange_rate: impl IntoQuantity<Ratio<N>>,
        debt: impl IntoQuantity<Amount<N>>,
        price: impl IntoQuantity<Price<N>>,
        collateral_factor: impl IntoQuantity<Ratio<N>>,
    ) -> Result<Self, LendingError> {
        let position = Self {
            shares: shares.into_quantity()?,
            exchange_rate: exchange_rate.into_quantity()?,
            debt: debt.into_quantity()?,
            price: price.into_quantity()?,
            collateral_factor: collateral_factor.into_quantity()?,
        };
        require(has_18_places(position.exchange_rate.get()), Parameter::ExchangeRate)?;
        require_part(position.collateral_factor.get(), Parameter::CollateralFactor)?;
        Ok(position)
    }

    /// The position of an account with these shares and this debt in a market.
    ///
    /// # Errors
    /// As [`new`](Self::new), and those of the market's exchange rate and debts.
    pub fn in_market<U: Copy>(
        market: &AccruedMarket<N, U>,
        shares: impl IntoQuantity<Shares<N>>,
        debt: Debt<N>,
        price: impl IntoQuantity<Price<N>>,
        collateral_factor: impl IntoQuantity<Ratio<N>>,
    ) -> Result<Self, LendingError> {
        let (rate, owed) = (market.exchange_rate()?, market.owed(debt)?);
        Self::new(shares, rate, owed, price, collateral_factor)
    }

    /// The same position at another price.
    ///
    /// # Errors
    /// Those of a bare number that is not a price.
    pub fn at_price(self, price: impl IntoQuantity<Price<N>>) -> Result<Self, LendingError> {
        Ok(Self { price: price.into_quantity()?, ..self })
    }

    /// The shares held.
    #[must_use]
    pub const fn shares(&self) -> Shares<N> {
        self.shares
    }

    /// What is owed.
    #[must_use]
    pub const fn debt(&self) -> Amount<N> {
        self.debt
    }

    /// The price of the market's token.
    #[must_use]
    pub const fn price(&self) -> Price<N> {
        self.price
    }

    /// Tokens per share.
    #[must_use]
    pub const fn exchange_rate(&self) -> Ratio<N> {
        self.exchange_rate
    }

    /// The part of the collateral's value that can be borrowed.
    #[must_use]
    pub const fn collateral_factor(&self) -> Ratio<N> {
        self.collateral_factor
    }

    /// `w = ⌊⌊c·e⌋·p⌋`: what one share lets the account borrow. The contract's `tokensToDenom`.
    #[inline]
    fn limit_per_share(&self) -> Result<N, MathError> {
        let factor = times(self.collateral_factor.get(), self.exchange_rate.get(), Rounding::Down)?;
        let (quote, base) = self.price.parts();
        factor.mul_div(quote, base, Fit::Alone, Grid::Amount, Rounding::Down)
    }

    #[inline]
    fn limit(&self) -> Result<Amount<N>, MathError> {
        if self.shares.is_zero() {
            return Ok(Amount::ZERO);
        }
        Amount::new(times(self.limit_per_share()?, self.shares.get(), Rounding::Down)?)
    }

    #[inline]
    fn debt_value(&self) -> Result<Amount<N>, MathError> {
        if self.debt.is_zero() { Ok(Amount::ZERO) } else { self.price.quote_down(self.debt) }
    }

    /// `⌊⌊e·shares⌋·p⌋`: what the collateral is worth, whatever of it can be borrowed.
    ///
    /// # Rounding
    /// Down.
    ///
    /// # Errors
    /// [`MathError::Overflow`].
    pub fn collateral_value(&self) -> Result<Amount<N>, LendingError> {
        let tokens = times(self.shares.get(), self.exchange_rate.get(), Rounding::Down)?;
        Ok(self.price.quote_down(Amount::new(tokens)?)?)
    }
}

/// What all of an account's collateral is worth, whatever of it can be borrowed.
///
/// # Rounding
/// Down, for each position.
///
/// # Errors
/// [`MathError::Overflow`]; [`MathError::Inexact`] when a `Decimal` cannot hold the sum.
pub fn collateral_value<'a, N: Number>(
    positions: impl IntoIterator<Item = &'a Position<N>>,
) -> Result<Amount<N>, LendingError> {
    positions
        .into_iter()
        .try_fold(Amount::ZERO, |sum, position| Ok((sum + position.collateral_value()?)?))
}

/// An account over all of its markets: what it may owe, and what it owes, in the unit of the prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Account<N: Number = Decimal> {
    limit: Amount<N>,
    debt: Amount<N>,
}

impl<N: Number> Account<N> {
    /// An account of which the two sums are known: what it may owe, and what it owes.
    ///
    /// # Errors
    /// Those of bare numbers that are not amounts.
    pub fn new(
        borrow_limit: impl IntoQuantity<Amount<N>>,
        debt_value: impl IntoQuantity<Amount<N>>,
    ) -> Result<Self, LendingError> {
        Ok(Self { limit: borrow_limit.into_quantity()?, debt: debt_value.into_quantity()? })
    }

    /// The sum of positions: `L = Σ⌊w·shares⌋`, `D = Σ⌊p·debt⌋`.
    ///
    /// Takes any iterator over positions and keeps two sums: nothing is allocated.
    ///
    /// # Rounding
    /// Both down, as the contract.
    ///
    /// # Errors
    /// [`MathError::Overflow`]; [`MathError::Inexact`] when a `Decimal` cannot hold a sum.
    ///
    /// # Source
    /// `getAccountLiquidity`.
    #[doc(alias = "getAccountLiquidity")]
    #[inline]
    pub fn of<'a>(
        positions: impl IntoIterator<Item = &'a Position<N>>,
    ) -> Result<Self, LendingError> {
        let nothing = Self { limit: Amount::ZERO, debt: Amount::ZERO };
        positions.into_iter().try_fold(nothing, |sum, position| {
            Ok(Self {
                limit: (sum.limit + position.limit()?)?,
                debt: (sum.debt + position.debt_value()?)?,
            })
        })
    }

    /// `L`: what all collateral lets the account owe.
    #[must_use]
    pub const fn borrow_limit(&self) -> Amount<N> {
        self.limit
    }

    /// `D`: what all debts are worth.
    #[must_use]
    pub const fn debt_value(&self) -> Amount<N> {
        self.debt
    }

    /// Whether the collateral covers the debts: `L ≥ D`. Otherwise the account can be liquidated.
    ///
    /// # Rounding
    /// None: the sums are compared exactly (for `f64`, within
    /// [`RELATIVE_TOLERANCE`](crate::num::RELATIVE_TOLERANCE)).
    #[must_use]
    #[inline]
    pub fn is_healthy(&self) -> bool {
        // Amounts are on their grid, so nothing is refused; if it were, it would be for the lenders.
        self.limit >= self.debt || self.is_covered().is_ok_and(|covered| covered)
    }

    #[cold]
    fn is_covered(&self) -> Result<bool, MathError> {
        let one = N::ONE.exact(Grid::Amount)?;
        Ok(N::cmp_products(self.limit.exact()?, one, self.debt.exact()?, one).is_ge())
    }

    /// `max(L − D, 0)`: what more it may owe.
    ///
    /// # Errors
    /// [`MathError::Inexact`] when a `Decimal` cannot hold the difference.
    pub fn liquidity(&self) -> Result<Amount<N>, LendingError> {
        if self.is_healthy() { Ok(self.limit.less_part(self.debt)?) } else { Ok(Amount::ZERO) }
    }

    /// `max(D − L, 0)`: what it owes too much.
    ///
    /// # Errors
    /// [`MathError::Inexact`] when a `Decimal` cannot hold the difference.
    pub fn shortfall(&self) -> Result<Amount<N>, LendingError> {
        if self.is_healthy() { Ok(Amount::ZERO) } else { Ok((self.debt - self.limit)?) }
    }

    /// `h = ⌊L/D⌋`: below 1, the account can be liquidated.
    ///
    /// # Rounding
    /// Down: never shown healthier than it is.
    ///
    /// # Errors
    /// [`LendingError::NoDebt`]; [`MathError::Overflow`].
    pub fn health_factor(&self) -> Result<Ratio<N>, LendingError> {
        if self.debt.is_zero() {
            return Err(LendingError::NoDebt);
        }
        Ok(Ratio::new(over(self.limit.get(), self.debt.get(), Rounding::Down)?)?)
    }

    /// The account as it would be had it borrowed more in a position's market.
    ///
    /// # Rounding
    /// The added debt down, as the contract; see [`maximum_borrow`](Self::maximum_borrow) for a limit
    /// that does not depend on it.
    ///
    /// # Errors
    /// [`MathError::Overflow`], and those of a bare number that is not an amount.
    ///
    /// # Source
    /// `getHypotheticalAccountLiquidity`.
    #[doc(alias = "getHypotheticalAccountLiquidity")]
    pub fn with_borrow(
        &self,
        position: &Position<N>,
        amount: impl IntoQuantity<Amount<N>>,
    ) -> Result<Self, LendingError> {
        let more = position.price.quote_down(amount)?;
        Ok(Self { debt: (self.debt + more)?, ..*self })
    }

    /// The account as it would be had it redeemed shares of a position: what they let it borrow is counted
    /// as debt, as the contract does.
    ///
    /// # Rounding
    /// The added debt down, as the contract; see [`maximum_redemption`](Self::maximum_redemption).
    ///
    /// # Errors
    /// [`MathError::Overflow`], and those of a bare number that is not shares.
    ///
    /// # Source
    /// `getHypotheticalAccountLiquidity`.
    pub fn with_redemption(
        &self,
        position: &Position<N>,
        shares: impl IntoQuantity<Shares<N>>,
    ) -> Result<Self, LendingError> {
        let shares = shares.into_quantity()?.get();
        let less = Amount::new(times(position.limit_per_share()?, shares, Rounding::Down)?)?;
        Ok(Self { debt: (self.debt + less)?, ..*self })
    }

    /// The account itself, if it is healthy: the check of a bundle.
    ///
    /// # Errors
    /// [`LendingError::InsufficientCollateral`].
    ///
    /// # Example
    /// ```
    /// use defi_math::lending::{Account, LendingError, Position};
    /// use rust_decimal::dec;
    ///
    /// let position = Position::new(dec!(100), dec!(1), dec!(0), dec!(1), dec!(0.8))?;
    /// let account = Account::of(&[position])?;
    /// assert!(account.with_borrow(&position, dec!(80))?.require_healthy().is_ok());
    /// let refused = account.with_borrow(&position, dec!(80.1))?.require_healthy();
    /// assert_eq!(refused, Err(LendingError::InsufficientCollateral));
    /// # Ok::<(), LendingError>(())
    /// ```
    pub fn require_healthy(self) -> Result<Self, LendingError> {
        if self.is_healthy() { Ok(self) } else { Err(LendingError::InsufficientCollateral) }
    }

    /// The most that the account can still borrow in a position's market: `⌊(L − D)/p⌋`; what cash the
    /// market has is another matter.
    ///
    /// # Rounding
    /// Down: after the borrow the account is healthy, however its debts are then added up.
    ///
    /// # Errors
    /// [`MathError::Overflow`].
    pub fn maximum_borrow(&self, position: &Position<N>) -> Result<Amount<N>, LendingError> {
        Ok(position.price.inverse().quote_down(self.liquidity()?)?)
    }

    /// The most shares of a position that the account can redeem and stay healthy: `⌊(L − D)/w⌋`, all of
    /// them if nothing is owed; what cash the market has is another matter.
    ///
    /// # Rounding
    /// Down.
    ///
    /// # Errors
    /// [`MathError::Overflow`].
    pub fn maximum_redemption(&self, position: &Position<N>) -> Result<Shares<N>, LendingError> {
        let all = position.shares;
        if self.debt.is_zero() {
            return Ok(all);
        }
        if !self.is_healthy() {
            return Ok(Shares::ZERO);
        }
        let (free, weight) = (self.liquidity()?.exact()?, position.limit_per_share()?);
        let (weight, one) = (weight.exact(Grid::Amount)?, N::ONE.exact(Grid::Amount)?);
        // free ≥ w·shares: all of them, compared without a division.
        if N::cmp_products(free, one, weight, all.exact()?) != Ordering::Less {
            return Ok(all);
        }
        let fit = Fit::From(all.get());
        let shares = N::ONE.mul_div(free, weight, fit, Grid::Amount, Rounding::Down)?;
        Ok(Shares::new(shares)?)
    }

    /// The price of one position's token below which the account is not healthy, all other prices the same.
    ///
    /// `None` when no fall of this price brings it there: no more of the token counts as collateral than is
    /// owed, or the other collateral alone covers the other debts. A *rise* that would, because the token
    /// is owed, is not looked for.
    ///
    /// ```text
    /// p* = (D' − L') / (l − d)
    ///
    /// l = ⌊⌊c·e⌋·shares⌋, d: tokens of this position that count as limit, that are owed
    /// L', D': limit and debt of the account's other positions
    /// ```
    ///
    /// # Rounding
    /// The price is an exact fraction of sums that are rounded as the account's are.
    ///
    /// # Errors
    /// [`MathError::Underflow`] when the position is none of the account's; [`MathError::Overflow`];
    /// [`MathError::Inexact`] when a `Decimal` cannot hold a sum.
    ///
    /// # Example
    /// ```
    /// use defi_math::Price;
    /// use defi_math::lending::{Account, Position};
    /// use rust_decimal::dec;
    ///
    /// // 10 ETH of which three quarters count, against 9,000 DAI.
    /// let eth = Position::new(dec!(10), dec!(1), dec!(0), dec!(2_000), dec!(0.75))?;
    /// let dai = Position::new(dec!(0), dec!(1), dec!(9_000), dec!(1), dec!(0.8))?;
    /// let account = Account::of(&[eth, dai])?;
    /// assert_eq!(account.liquidation_price(&eth)?, Some(Price::new(dec!(1_200))?));
    /// // No fall of the price of DAI hurts who owes it.
    /// assert_eq!(account.liquidation_price(&dai)?, None);
    /// # Ok::<(), defi_math::Error>(())
    /// ```
    pub fn liquidation_price(
        &self,
        position: &Position<N>,
    ) -> Result<Option<Price<N>>, LendingError> {
        let factor =
            times(position.collateral_factor.get(), position.exchange_rate.get(), Rounding::Down)?;
        let counted = Amount::new(times(factor, position.shares.get(), Rounding::Down)?)?;
        if counted <= position.debt {
            return Ok(None);
        }
        let base = (counted - position.debt)?;
        let others_debt = (self.debt - position.debt_value()?)?;
        let others_limit = (self.limit - position.limit()?)?;
        if others_debt <= others_limit {
            return Ok(None);
        }
        Ok(Some(Price::from_amounts((others_debt - others_limit)?, base)?))
    }
}

/// A rate that can go either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NetRate<N: Number, U: Copy> {
    /// The account pays this.
    Pays(Rate<N, U>),
    /// The account earns this.
    Earns(Rate<N, U>),
}

impl<N: Number, U: Copy> NetRate<N, U> {
    /// `earned − paid`.
    ///
    /// # Errors
    /// [`MathError::Inexact`] when a `Decimal` cannot hold the difference.
    pub fn of(earned: Rate<N, U>, paid: Rate<N, U>) -> Result<Self, LendingError> {
        let (earned, paid) = (earned.get(), paid.get());
        Ok(if earned >= paid {
            Self::Earns(Rate::new(earned.try_sub(paid)?)?)
        } else {
            Self::Pays(Rate::new(paid.try_sub(earned)?)?)
        })
    }

    /// The rate as a float, negative if the account pays.
    #[must_use]
    #[allow(clippy::float_arithmetic, reason = "a sign")]
    pub fn to_f64(self) -> f64 {
        match self {
            Self::Earns(rate) => rate.get().approximate(),
            Self::Pays(rate) => -rate.get().approximate(),
        }
    }
}

/// What an account earns or pays in all, for one unit of what it owns: each position with the rate that its
/// collateral earns and its debt pays.
///
/// ```text
/// (Σ vᵢ·sᵢ − Σ dⱼ·bⱼ) / (Σ vᵢ − Σ dⱼ)        v: collateral value, d: debt value
/// ```
///
/// Give it compounded yearly rates ([`Rate::to_apy_down`]) and it is the net APY.
///
/// # Rounding
/// What is earned down, what is paid up: never shown better than it is, by more than the values' own
/// rounding.
///
/// # Errors
/// [`LendingError::InsufficientCollateral`] when the debts are worth as much as the collateral or more.
///
/// # Example
/// ```
/// use defi_math::lending::account::{NetRate, Position, net_rate};
/// use defi_math::rate::{PerYear, Rate};
/// use rust_decimal::dec;
///
/// let rate = |r| Rate::<_, PerYear>::new(r);
/// let eth = Position::new(dec!(10), dec!(1), dec!(0), dec!(2_000), dec!(0.75))?;
/// let dai = Position::new(dec!(0), dec!(1), dec!(10_000), dec!(1), dec!(0.8))?;
/// // 2 % on 20,000 against 6 % on 10,000: 200 a year on 10,000.
/// let earned = [(eth, rate(dec!(0.02))?, rate(dec!(0))?), (dai, rate(dec!(0))?, rate(dec!(0.06))?)];
/// assert_eq!(net_rate(&earned)?, NetRate::Pays(rate(dec!(0.02))?));
/// # Ok::<(), defi_math::Error>(())
/// ```
pub fn net_rate<'a, N: Number, U: Copy + 'a>(
    positions: impl IntoIterator<Item = &'a (Position<N>, Rate<N, U>, Rate<N, U>)>,
) -> Result<NetRate<N, U>, LendingError> {
    let zero = Amount::<N>::ZERO;
    let (mut held, mut owed, mut earned, mut paid) = (zero, zero, zero, zero);
    for (position, supply_rate, borrow_rate) in positions {
        let (value, debt) = (position.collateral_value()?, position.debt_value()?);
        held = (held + value)?;
        owed = (owed + debt)?;
        earned = (earned + value.mul_down(Ratio::new(supply_rate.get())?)?)?;
        paid = (paid + debt.mul_up(Ratio::new(borrow_rate.get())?)?)?;
    }
    if owed >= held {
        return Err(LendingError::InsufficientCollateral);
    }
    let equity = (held - owed)?;
    Ok(if earned >= paid {
        NetRate::Earns(Rate::new(Ratio::of_down((earned - paid)?, equity)?.get())?)
    } else {
        NetRate::Pays(Rate::new(Ratio::of_up((paid - earned)?, equity)?.get())?)
    })
}
