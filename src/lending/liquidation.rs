//! Liquidation: repaying part of an unhealthy account's debt for its collateral at a discount.
//!
//! # Symbols
//!
//! | symbol | is |
//! |---|---|
//! | `δ` | what is repaid |
//! | `k` | incentive: collateral seized for each unit repaid, `1 + bonus` |
//! | `c` | collateral factor of what is seized |
//! | `L`, `D` | borrow limit and debt of the account |
//! | `h = L/D` | health factor |
//!
//! # Laws
//!
//! - `liquidation_improves_health_iff_health_exceeds_threshold`: if and only if `h > c·k`.
//! - `closed_form_repayment_reaches_the_target`, and one unit less does not.
//! - `most_profitable_liquidation_beats_its_neighbours`.
//! - `liquidation_conserves_shares`: what the borrower loses is the liquidator's and the protocol's.
//!
//! # Not laws
//!
//! - "A liquidation improves health." An account whose collateral is worth less than `k` times its debt
//!   loses more than it repays, whatever its collateral factor: collateral 105, debt 100, `k` 1.1, `c` 0.8
//!   has `h = 0.84 < 0.88`; a repayment of 50 leaves 50 against 50, `h = 0.8`.
//!
//! # Rounding
//!
//! Seizures down, for the borrower, in the contract's four truncated steps. The repayment that reaches a
//! target up, so that it does.
//!
//! # Example
//!
//! ```
//! use defi_math::lending::{Account, LiquidationTerms};
//! use defi_math::Price;
//! use rust_decimal::dec;
//!
//! // Half of a debt at most, 8 % bonus, 2.8 % of what is seized to the protocol.
//! let terms = LiquidationTerms::new(dec!(0.5), dec!(1.08), dec!(0.028))?;
//! let (dai, eth) = (Price::new(dec!(1))?, Price::new(dec!(2_000))?);
//! // 1,000 DAI buy 1,080 DAI of ETH: 0.54 ETH, in shares of 0.02.
//! assert_eq!(terms.seize_shares(dec!(1_000), dai, eth, dec!(0.02))?, dec!(27));
//! // To health 1.25 from a limit of 9,000 and a debt of 10,000, seizing what counts for three quarters:
//! // (1.25·10,000 − 9,000)/(1.25 − 0.75·1.08)
//! let account = Account::new(dec!(9_000), dec!(10_000))?;
//! let repaid = terms.repayment_to_health(&account, dec!(0.75), dec!(1.25))?;
//! assert_eq!(repaid, dec!(7954.545454545454545455));
//! # Ok::<(), defi_math::Error>(())
//! ```
//!
//! # Sources
//!
//! `Comptroller.liquidateBorrowAllowed`, `liquidateCalculateSeizeTokens`, `CToken.seizeInternal` of
//! Compound v2, commit `a3214f67`. The closed forms are derived here.

use core::cmp::Ordering;

use rust_decimal::Decimal;

use super::{
    Account, AccruedMarket, Debt, LendingError, Liquidation, Parameter, Seizure, has_18_places,
    over, require, require_part, times,
};
use crate::error::MathError;
use crate::num::{Exact, Fit, Grid, Number, Rounding, Wide};
use crate::quantity::{Amount, IntoQuantity, Price, Ratio, Shares};

/// On what terms an unhealthy account is liquidated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = "", try_from = "StoredLiquidationTerms<N>"))]
pub struct LiquidationTerms<N: Number = Decimal> {
    close_factor: Ratio<N>,
    incentive: Ratio<N>,
    protocol_share: Ratio<N>,
}

/// Terms as they are read, before they are known to be some.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
#[serde(bound = "")]
struct StoredLiquidationTerms<N: Number> {
    close_factor: Ratio<N>,
    incentive: Ratio<N>,
    protocol_share: Ratio<N>,
}

#[cfg(feature = "serde")]
impl<N: Number> TryFrom<StoredLiquidationTerms<N>> for LiquidationTerms<N> {
    type Error = LendingError;

    fn try_from(stored: StoredLiquidationTerms<N>) -> Result<Self, LendingError> {
        Self::new(stored.close_factor, stored.incentive, stored.protocol_share)
    }
}

/// A debt in its market, at a price of the market's token.
#[derive(Clone, Copy, Debug)]
pub struct Loan<N: Number = Decimal, U: Copy = crate::rate::PerBlock> {
    /// The market that is owed.
    pub market: AccruedMarket<N, U>,
    /// The borrower's record.
    pub debt: Debt<N>,
    /// The price of the market's token.
    pub price: Price<N>,
}

/// Collateral in its market, at a price of the market's token.
#[derive(Clone, Copy, Debug)]
pub struct Collateral<N: Number = Decimal, U: Copy = crate::rate::PerBlock> {
    /// The market that holds it.
    pub market: AccruedMarket<N, U>,
    /// The borrower's shares of it.
    pub shares: Shares<N>,
    /// The price of the market's token.
    pub price: Price<N>,
}

/// The liquidation that earns most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct BestLiquidation<N: Number = Decimal> {
    /// What is repaid.
    pub repay: Amount<N>,
    /// Shares that the liquidator is given.
    pub shares: Shares<N>,
    /// What they sell for, in the repaid token, less what is repaid.
    pub profit: Amount<N>,
}

impl<N: Number> LiquidationTerms<N> {
    /// The part of a debt that may be repaid at once, the collateral seized for each unit repaid, and the
    /// part of the seizure that the protocol keeps.
    ///
    /// # Errors
    /// [`LendingError::OutOfRange`] for a part above 1, an incentive below 1, and any of them finer
    /// than 18 places.
    pub fn new(
        close_factor: impl IntoQuantity<Ratio<N>>,
        incentive: impl IntoQuantity<Ratio<N>>,
        protocol_share: impl IntoQuantity<Ratio<N>>,
    ) -> Result<Self, LendingError> {
        let terms = Self {
            close_factor: close_factor.into_quantity()?,
            incentive: incentive.into_quantity()?,
            protocol_share: protocol_share.into_quantity()?,
        };
        let incentive = terms.incentive.get();
        require_part(terms.close_factor.get(), Parameter::CloseFactor)?;
        let good = incentive >= N::ONE && has_18_places(incentive);
        require(good, Parameter::LiquidationIncentive)?;
        require_part(terms.protocol_share.get(), Parameter::ProtocolShare)?;
        Ok(terms)
    }

    /// The part of a debt that may be repaid at once.
    #[doc(alias = "closeFactorMantissa")]
    #[must_use]
    pub const fn close_factor(&self) -> Ratio<N> {
        self.close_factor
    }

    /// `k`: the value of collateral seized for each unit of value repaid.
    #[doc(alias = "liquidationIncentiveMantissa")]
    #[must_use]
    pub const fn incentive(&self) -> Ratio<N> {
        self.incentive
    }

    /// The part of the seizure that the protocol keeps.
    #[doc(alias = "protocolSeizeShareMantissa")]
    #[must_use]
    pub const fn protocol_share(&self) -> Ratio<N> {
        self.protocol_share
    }

    /// `⌊close_factor·owed⌋`: the most that may be repaid at once.
    ///
    /// # Rounding
    /// Down, for the borrower.
    ///
    /// # Errors
    /// Those of a bare number that is not an amount.
    ///
    /// # Source
    /// `Comptroller.liquidateBorrowAllowed`.
    pub fn maximum_repayment(
        &self,
        owed: impl IntoQuantity<Amount<N>>,
    ) -> Result<Amount<N>, LendingError> {
        let owed = owed.into_quantity()?;
        let one = Ratio::<N>::ONE.exact()?;
        Ok(owed.mul_div(self.close_factor.exact()?, one, Fit::From(owed), Rounding::Down)?)
    }

    /// Whether an account that owes so much in one market may have this much of it repaid.
    ///
    /// # Errors
    /// In the contract's order:
    /// - [`LendingError::Healthy`] when its collateral covers its debts;
    /// - [`LendingError::AboveCloseFactor`] for more than the close factor allows;
    /// - [`LendingError::NothingRepaid`].
    ///
    /// # Example
    /// ```
    /// use defi_math::lending::{Account, LendingError, LiquidationTerms, Position};
    /// use rust_decimal::dec;
    ///
    /// // 900 can be owed, 1,000 are; half of it may be repaid.
    /// let eth = Position::new(dec!(1), dec!(1), dec!(0), dec!(1_200), dec!(0.75))?;
    /// let dai = Position::new(dec!(0), dec!(1), dec!(1_000), dec!(1), dec!(0.8))?;
    /// let account = Account::of(&[eth, dai])?;
    /// let terms = LiquidationTerms::new(dec!(0.5), dec!(1.08), dec!(0))?;
    /// assert!(terms.check(&account, dec!(1_000), dec!(500)).is_ok());
    /// let refused = terms.check(&account, dec!(1_000), dec!(501));
    /// assert_eq!(refused, Err(LendingError::AboveCloseFactor));
    /// # Ok::<(), LendingError>(())
    /// ```
    ///
    /// # Source
    /// `Comptroller.liquidateBorrowAllowed`, `CToken.liquidateBorrowFresh`.
    #[doc(alias = "liquidateBorrowAllowed")]
    pub fn check(
        &self,
        account: &Account<N>,
        owed: impl IntoQuantity<Amount<N>>,
        repay: impl IntoQuantity<Amount<N>>,
    ) -> Result<(), LendingError> {
        let repay = repay.into_quantity()?;
        if account.is_healthy() {
            return Err(LendingError::Healthy);
        }
        if repay > self.maximum_repayment(owed)? {
            return Err(LendingError::AboveCloseFactor);
        }
        if repay.is_zero() {
            return Err(LendingError::NothingRepaid);
        }
        Ok(())
    }

    /// Shares of collateral for each unit repaid: `⌊⌊k·p_b⌋/⌊e·p_c⌋⌋`.
    #[inline]
    fn shares_per_unit(
        &self,
        borrowed: Price<N>,
        collateral: Price<N>,
        exchange_rate: Ratio<N>,
    ) -> Result<N, MathError> {
        let at = |number: N, price: Price<N>| {
            let (quote, base) = price.parts();
            number.mul_div(quote, base, Fit::Alone, Grid::Amount, Rounding::Down)
        };
        let (numerator, denominator) =
            (at(self.incentive.get(), borrowed)?, at(exchange_rate.get(), collateral)?);
        over(numerator, denominator, Rounding::Down)
    }

    /// The shares of collateral that a repayment seizes.
    ///
    /// ```text
    /// ⌊ ⌊⌊k·p_b⌋/⌊e·p_c⌋⌋ · repay ⌋
    /// ```
    ///
    /// # Rounding
    /// Each step down at the 18th place, as the contract. That is for the borrower, except in the divisor,
    /// where it is for the liquidator.
    ///
    /// # Errors
    /// [`MathError::DivisionByZero`] when `e·p_c` rounds to zero; [`MathError::Overflow`]; those of bare
    /// numbers that are not the quantities.
    ///
    /// # Example
    /// ```
    /// use defi_math::lending::LiquidationTerms;
    /// use rust_decimal::dec;
    ///
    /// // Compound's own test case.
    /// let terms = LiquidationTerms::new(dec!(0.5), dec!(1.3), dec!(0))?;
    /// let seized = terms.seize_shares(dec!(2.45), dec!(2), dec!(1.42), dec!(2))?;
    /// assert_eq!(seized.get().round_dp(10), dec!(2.2429577465));
    /// # Ok::<(), defi_math::Error>(())
    /// ```
    ///
    /// # Source
    /// `Comptroller.liquidateCalculateSeizeTokens`.
    #[doc(alias = "liquidateCalculateSeizeTokens")]
    pub fn seize_shares(
        &self,
        repay: impl IntoQuantity<Amount<N>>,
        borrowed: impl IntoQuantity<Price<N>>,
        collateral: impl IntoQuantity<Price<N>>,
        exchange_rate: impl IntoQuantity<Ratio<N>>,
    ) -> Result<Shares<N>, LendingError> {
        let ratio = self.shares_per_unit(
            borrowed.into_quantity()?,
            collateral.into_quantity()?,
            exchange_rate.into_quantity()?,
        )?;
        Ok(Shares::new(times(ratio, repay.into_quantity()?.get(), Rounding::Down)?)?)
    }

    /// Liquidates: repays in the market of the debt, seizes in the market of the collateral.
    ///
    /// `account` is the sum of all of the borrower's positions, this debt and this collateral among them, at
    /// the same prices.
    ///
    /// Where both are one market, take the steps one by one: [`check`](Self::check),
    /// [`AccruedMarket::repay`], [`seize`](Self::seize) on the market after it.
    ///
    /// # Rounding
    /// As [`seize_shares`](Self::seize_shares) and [`AccruedMarket::seize`].
    ///
    /// # Errors
    /// - As [`check`](Self::check).
    /// - [`LendingError::NoCollateral`] when the account holds none of it,
    ///   [`LendingError::SeizesTooMuch`] when it holds less than is to be seized.
    /// - Those of the two markets.
    ///
    /// # Example
    /// ```
    /// use defi_math::{Price, Shares};
    /// use defi_math::lending::{Account, Collateral, Debt, InterestRateModel, LiquidationTerms, Loan};
    /// use defi_math::lending::{Market, Position, Terms};
    /// use defi_math::rate::{PerBlock, blocks};
    /// use rust_decimal::dec;
    ///
    /// let model = InterestRateModel::<_, PerBlock>::linear(dec!(0), dec!(0))?;
    /// let open = || Market::open(Terms::new(model, dec!(0), dec!(1))?)?.accrue(blocks(0));
    /// let dai = open()?.after.supply(dec!(20_000))?.after.borrow(Debt::NONE, dec!(10_000))?;
    /// let eth = open()?.after.supply(dec!(10))?.after;
    /// // Nine ETH of which three quarters count; at 1,200 they no longer cover 10,000 DAI.
    /// let (one, price) = (Price::new(dec!(1))?, Price::new(dec!(1_200))?);
    /// let account = Account::of(&[
    ///     Position::in_market(&dai.after, dec!(0), dai.debt, one, dec!(0.8))?,
    ///     Position::in_market(&eth, dec!(9), Debt::NONE, price, dec!(0.75))?,
    /// ])?;
    /// let loan = Loan { market: dai.after, debt: dai.debt, price: one };
    /// let collateral = Collateral { market: eth, shares: Shares::new(dec!(9))?, price };
    ///
    /// let terms = LiquidationTerms::new(dec!(0.5), dec!(1.08), dec!(0))?;
    /// let liquidation = terms.liquidate(&account, &loan, &collateral, dec!(5_000))?;
    /// assert_eq!(liquidation.repayment.debt.principal(), dec!(5_000));
    /// assert_eq!(liquidation.seizure.to_liquidator, dec!(4.5));
    /// # Ok::<(), defi_math::Error>(())
    /// ```
    ///
    /// # Source
    /// `CToken.liquidateBorrow`.
    #[doc(alias = "liquidateBorrow")]
    pub fn liquidate<U: Copy>(
        &self,
        account: &Account<N>,
        loan: &Loan<N, U>,
        collateral: &Collateral<N, U>,
        repay: impl IntoQuantity<Amount<N>>,
    ) -> Result<Liquidation<N, U>, LendingError> {
        let repay = repay.into_quantity()?;
        self.check(account, loan.market.owed(loan.debt)?, repay)?;
        let repayment = loan.market.repay(loan.debt, repay)?;
        let seizure = self.seize(collateral, repayment.amount, loan.price)?;
        Ok(Liquidation { repayment, seizure })
    }

    /// The seizure that a repayment of a token at this price is paid with:
    /// [`seize_shares`](Self::seize_shares) of the collateral, shared out by [`AccruedMarket::seize`].
    ///
    /// # Rounding
    /// As there.
    ///
    /// # Errors
    /// As [`liquidate`](Self::liquidate), but for the check of the account.
    ///
    /// # Source
    /// `CToken.liquidateBorrowFresh`, its second half.
    pub fn seize<U: Copy>(
        &self,
        collateral: &Collateral<N, U>,
        repaid: impl IntoQuantity<Amount<N>>,
        price: impl IntoQuantity<Price<N>>,
    ) -> Result<Seizure<N, U>, LendingError> {
        let Collateral { market, shares: held, price: collateral_price } = *collateral;
        if held.is_zero() {
            return Err(LendingError::NoCollateral);
        }
        let rate = market.exchange_rate()?;
        let shares = self.seize_shares(repaid, price, collateral_price, rate)?;
        // Only a float can round the seizure for all that is held to more than that.
        let one = N::ONE.exact(Grid::Amount)?;
        if N::cmp_products(shares.exact()?, one, held.exact()?, one) == Ordering::Greater {
            return Err(LendingError::SeizesTooMuch);
        }
        market.seize(if shares > held { held } else { shares }, self.protocol_share)
    }

    /// The value to repay so that the account's health factor reaches a target, seizing collateral of
    /// which `collateral_factor` counts.
    ///
    /// ```text
    /// δ = ⌈ (h*·D − L) / (h* − c·k) ⌉
    /// ```
    ///
    /// In the unit of the prices; the repaid token's [`Price::inverse`] quotes it in that token. The
    /// seizure takes `k·δ` of the collateral: whether there is so much, and whether the close factor
    /// allows `δ`, the caller compares.
    ///
    /// # Rounding
    /// Up: reached, in exact arithmetic, by at most a unit too much.
    ///
    /// # Errors
    /// [`LendingError::TargetNotReached`] unless `h* > c·k` and `δ ≤ D`; [`LendingError::Healthy`] when
    /// the account is at the target already; [`MathError::Overflow`].
    ///
    /// # Source
    /// Derived here; see `docs/formulas.md`.
    pub fn repayment_to_health(
        &self,
        account: &Account<N>,
        collateral_factor: impl IntoQuantity<Ratio<N>>,
        target: impl IntoQuantity<Ratio<N>>,
    ) -> Result<Amount<N>, LendingError> {
        let (limit, debt) = (account.borrow_limit(), account.debt_value());
        let (factor, target) = (collateral_factor.into_quantity()?, target.into_quantity()?);
        let one = Ratio::<N>::ONE.exact()?;
        // h*·D ≤ L: there already.
        let reached = N::cmp_products(limit.exact()?, one, target.exact()?, debt.exact()?);
        if reached != Ordering::Less {
            return Err(LendingError::Healthy);
        }
        let seized = factor.exact()?.product(self.incentive.exact()?)?;
        let wanted = target.exact()?.product(one)?;
        let rate = wanted.minus(seized);
        let rate = rate.map_err(|e| e.or_short(LendingError::TargetNotReached))?;
        if rate.is_zero() {
            return Err(LendingError::TargetNotReached);
        }
        let repaid = lacking::<N>(target.exact()?, debt.exact()?, limit.exact()?, one, rate);
        let repaid = Amount::from_wide(repaid, Fit::From(debt), Rounding::Up)?;
        if repaid > debt { Err(LendingError::TargetNotReached) } else { Ok(repaid) }
    }

    /// Whether repaying part of the debt and seizing collateral of which `collateral_factor` counts raises
    /// the account's health factor: `L > c·k·D`, that is `h > c·k`. Compared exactly.
    ///
    /// # Errors
    /// [`MathError::Overflow`], and those of a bare number that is not a ratio.
    ///
    /// # Example
    /// ```
    /// use defi_math::lending::{Account, LiquidationTerms};
    /// use rust_decimal::dec;
    ///
    /// let terms = LiquidationTerms::new(dec!(0.5), dec!(1.1), dec!(0))?;
    /// // Collateral 120 of which 80 % counts, debt 100: 96/100 > 0.88.
    /// assert!(terms.improves_health(&Account::new(dec!(96), dec!(100))?, dec!(0.8))?);
    /// // Collateral 105: 84/100 < 0.88; each liquidation makes it worse.
    /// assert!(!terms.improves_health(&Account::new(dec!(84), dec!(100))?, dec!(0.8))?);
    /// # Ok::<(), defi_math::Error>(())
    /// ```
    pub fn improves_health(
        &self,
        account: &Account<N>,
        collateral_factor: impl IntoQuantity<Ratio<N>>,
    ) -> Result<bool, LendingError> {
        let (limit, debt) = (account.borrow_limit(), account.debt_value());
        let one = Ratio::<N>::ONE.exact()?;
        let seized =
            collateral_factor.into_quantity()?.exact()?.product(self.incentive.exact()?)?;
        let order = N::cmp_products(limit.exact()?, one.product(one)?, seized, debt.exact()?);
        Ok(order == Ordering::Greater)
    }

    /// The liquidation that earns most for a liquidator who sells the collateral's token at
    /// `sale_price`, in the repaid token; `None` when none earns anything.
    ///
    /// What is earned grows in proportion to what is repaid, so it is the largest that close factor and
    /// collateral allow, or none.
    ///
    /// # Rounding
    /// Sale and profit down; the roundings of a share or two may favour a neighbour.
    ///
    /// # Errors
    /// As [`check`](Self::check) and [`seize_shares`](Self::seize_shares).
    ///
    /// # Example
    /// ```
    /// use defi_math::Price;
    /// use defi_math::lending::{Account, Collateral, Debt, InterestRateModel, LiquidationTerms, Loan};
    /// use defi_math::lending::{Market, Position, Terms};
    /// use defi_math::rate::{PerBlock, blocks};
    /// use rust_decimal::dec;
    ///
    /// let model = InterestRateModel::<_, PerBlock>::linear(dec!(0), dec!(0))?;
    /// let open = || Market::open(Terms::new(model, dec!(0), dec!(1))?)?.accrue(blocks(0));
    /// let dai = open()?.after.supply(dec!(20_000))?.after.borrow(Debt::NONE, dec!(10_000))?;
    /// let eth = open()?.after.supply(dec!(10))?;
    /// let (one, price) = (Price::new(dec!(1))?, Price::new(dec!(1_200))?);
    /// let account = Account::of(&[
    ///     Position::in_market(&dai.after, dec!(0), dai.debt, one, dec!(0.8))?,
    ///     Position::in_market(&eth.after, dec!(9), Debt::NONE, price, dec!(0.75))?,
    /// ])?;
    /// let loan = Loan { market: dai.after, debt: dai.debt, price: one };
    /// let collateral = Collateral { market: eth.after, shares: eth.shares, price };
    ///
    /// let terms = LiquidationTerms::new(dec!(0.5), dec!(1.08), dec!(0))?;
    /// let best = terms.most_profitable(&account, &loan, &collateral, dec!(1_190))?.ok_or("none")?;
    /// // 5,000 DAI buy 4.5 ETH, which sell for 5,355.
    /// assert_eq!((best.repay.get(), best.profit.get()), (dec!(5_000), dec!(355)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn most_profitable<U: Copy>(
        &self,
        account: &Account<N>,
        loan: &Loan<N, U>,
        collateral: &Collateral<N, U>,
        sale_price: impl IntoQuantity<Price<N>>,
    ) -> Result<Option<BestLiquidation<N>>, LendingError> {
        let sale_price = sale_price.into_quantity()?;
        if account.is_healthy() {
            return Err(LendingError::Healthy);
        }
        let rate = collateral.market.exchange_rate()?;
        let ratio = self.shares_per_unit(loan.price, collateral.price, rate)?;
        let most = self.maximum_repayment(loan.market.owed(loan.debt)?)?;
        let borrows = loan.market.state().borrows;
        let most = if most > borrows { borrows } else { most };
        let (one, ratio_exact) = (N::ONE.exact(Grid::Amount)?, ratio.exact(Grid::Amount)?);
        let held = collateral.shares;
        // ratio·most ≤ shares: the close factor is the tighter bound.
        let enough = N::cmp_products(ratio_exact, most.exact()?, held.exact()?, one);
        let repay = if enough == Ordering::Greater {
            let fit = Fit::From(most.get());
            let all = held.get().mul_div(one, ratio_exact, fit, Grid::Amount, Rounding::Down)?;
            Amount::new(all)?
        } else {
            most
        };
        if held.is_zero() {
            return Ok(None);
        }
        let earns = |repay: Amount<N>| -> Result<Option<BestLiquidation<N>>, LendingError> {
            let seizure = self.seize(collateral, repay, loan.price)?;
            let shares = seizure.to_liquidator;
            let proceeds = sale_price.quote_down(seizure.after.worth(shares)?)?;
            Ok(if proceeds > repay {
                Some(BestLiquidation { repay, shares, profit: (proceeds - repay)? })
            } else {
                None
            })
        };
        let best = earns(repay)?;
        // Shares are whole units: one unit more may still seize what is left, and no more than that. A
        // large `Decimal` has no place for one unit more.
        let more = match repay + Amount::new(N::UNIT)? {
            Ok(more) if repay < most => match earns(more) {
                Err(LendingError::SeizesTooMuch) => None,
                answer => answer?,
            },
            _ => None,
        };
        Ok(match (best, more) {
            (Some(best), Some(more)) if more.profit > best.profit => Some(more),
            (best, more) => best.or(more),
        })
    }
}

/// `⌈(h·D − L)/rate⌉`, where `one` brings each ratio to the grid of the others.
#[expect(
    clippy::arithmetic_side_effects,
    reason = "the operators of Wide remember an overflow and refuse it at the end"
)]
fn lacking<N: Number>(
    target: N::Exact,
    debt: N::Exact,
    limit: N::Exact,
    one: N::Exact,
    rate: N::Exact,
) -> N::Wide {
    let wide = N::Wide::from;
    ((wide(target) * wide(debt) - wide(limit) * wide(one)) * wide(one)).div_ceil(wide(rate))
}
