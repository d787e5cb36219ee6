//! What a transition moved, and the market after it.

use rust_decimal::Decimal;

use super::{AccruedMarket, Debt, LendingError};
use crate::num::Number;
use crate::quantity::{Amount, IntoQuantity, Shares};
use crate::rate::PerBlock;

/// Interest charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Accrual<N: Number = Decimal, U: Copy = PerBlock> {
    /// What borrowers owe more.
    pub interest: Amount<N>,
    /// What of it the reserves keep; the rest is the suppliers'.
    pub to_reserves: Amount<N>,
    /// The market, accrued to now.
    pub after: AccruedMarket<N, U>,
}

/// A deposit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Supply<N: Number = Decimal, U: Copy = PerBlock> {
    /// What was brought.
    pub amount: Amount<N>,
    /// Shares for the supplier.
    pub shares: Shares<N>,
    /// The market after it.
    pub after: AccruedMarket<N, U>,
}

impl<N: Number, U: Copy> Supply<N, U> {
    /// The deposit, if it yields at least so many shares.
    ///
    /// # Errors
    /// [`LendingError::BelowMinimumOutput`], and those of a bare number that is not shares.
    pub fn at_least(self, minimum: impl IntoQuantity<Shares<N>>) -> Result<Self, LendingError> {
        if self.shares < minimum.into_quantity()? {
            return Err(LendingError::BelowMinimumOutput);
        }
        Ok(self)
    }
}

/// A withdrawal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Redemption<N: Number = Decimal, U: Copy = PerBlock> {
    /// Shares given back.
    pub shares: Shares<N>,
    /// What they redeemed.
    pub amount: Amount<N>,
    /// The market after it.
    pub after: AccruedMarket<N, U>,
}

/// A loan taken or enlarged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Borrow<N: Number = Decimal, U: Copy = PerBlock> {
    /// What was lent.
    pub amount: Amount<N>,
    /// The borrower's new record.
    pub debt: Debt<N>,
    /// The market after it.
    pub after: AccruedMarket<N, U>,
}

/// A loan paid back, in part or all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Repayment<N: Number = Decimal, U: Copy = PerBlock> {
    /// What was paid in.
    pub amount: Amount<N>,
    /// The borrower's new record.
    pub debt: Debt<N>,
    /// The market after it.
    pub after: AccruedMarket<N, U>,
}

/// Collateral taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Seizure<N: Number = Decimal, U: Copy = PerBlock> {
    /// Shares taken from the account.
    pub shares: Shares<N>,
    /// Shares for the liquidator.
    pub to_liquidator: Shares<N>,
    /// Shares burned for the protocol.
    pub to_protocol: Shares<N>,
    /// What the reserves gained for them.
    pub to_reserves: Amount<N>,
    /// The market of the collateral after it.
    pub after: AccruedMarket<N, U>,
}

/// A liquidation: a repayment in one market, a seizure in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Liquidation<N: Number = Decimal, U: Copy = PerBlock> {
    /// The repayment, with the borrower's new record and the market of the debt after it.
    pub repayment: Repayment<N, U>,
    /// The seizure, with the market of the collateral after it.
    pub seizure: Seizure<N, U>,
}

/// A bad debt recognized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct WriteOff<N: Number = Decimal, U: Copy = PerBlock> {
    /// What will not be repaid.
    pub loss: Amount<N>,
    /// What of it the reserves bear.
    pub from_reserves: Amount<N>,
    /// What of it the suppliers bear.
    pub from_suppliers: Amount<N>,
    /// The market after it.
    pub after: AccruedMarket<N, U>,
}

/// A loan that was paid back within its own bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct FlashLoan<N: Number = Decimal, U: Copy = PerBlock> {
    /// What was lent.
    pub amount: Amount<N>,
    /// What it cost at least.
    pub fee: Amount<N>,
    /// What was paid in all.
    pub paid: Amount<N>,
    /// The market after it.
    pub after: AccruedMarket<N, U>,
}
