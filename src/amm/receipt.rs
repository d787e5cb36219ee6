//! What a transition moved, and the pool after it.

use rust_decimal::Decimal;

use super::{AmmError, Amounts, Pool, Token};
use crate::num::Number;
use crate::quantity::{Amount, IntoQuantity, Shares};

/// A swap at the pool's own quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Swap<N: Number = Decimal> {
    /// The token that was paid in.
    pub token_in: Token,
    /// What was paid in.
    pub amount_in: Amount<N>,
    /// What was paid out, of the other token.
    pub amount_out: Amount<N>,
    /// The pool after the swap.
    pub after: Pool<N>,
}

impl<N: Number> Swap<N> {
    /// The swap, if it pays out at least this much.
    ///
    /// # Errors
    /// [`AmmError::BelowMinimumOutput`], and those of a bare number that is not an amount.
    pub fn at_least(self, minimum_out: impl IntoQuantity<Amount<N>>) -> Result<Self, AmmError> {
        if self.amount_out < minimum_out.into_quantity()? {
            return Err(AmmError::BelowMinimumOutput);
        }
        Ok(self)
    }

    /// The swap, if it costs at most this much.
    ///
    /// # Errors
    /// [`AmmError::AboveMaximumInput`], and those of a bare number that is not an amount.
    pub fn at_most(self, maximum_in: impl IntoQuantity<Amount<N>>) -> Result<Self, AmmError> {
        if self.amount_in > maximum_in.into_quantity()? {
            return Err(AmmError::AboveMaximumInput);
        }
        Ok(self)
    }
}

/// A settlement of arbitrary payments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Settlement<N: Number = Decimal> {
    /// What the pool counts as paid in: the payment and any donation that lay there.
    pub amounts_in: Amounts<N>,
    /// What was taken out.
    pub amounts_out: Amounts<N>,
    /// The pool after the settlement.
    pub after: Pool<N>,
}

/// A deposit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Mint<N: Number = Decimal> {
    /// What the pool counts as deposited: the deposit and any donation that lay there.
    pub amounts: Amounts<N>,
    /// Shares for the depositor.
    pub shares: Shares<N>,
    /// Shares for the protocol, minted before.
    pub protocol_shares: Shares<N>,
    /// The pool after the deposit.
    pub after: Pool<N>,
}

/// A withdrawal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Burn<N: Number = Decimal> {
    /// Shares given back.
    pub shares: Shares<N>,
    /// What they redeemed.
    pub amounts: Amounts<N>,
    /// Shares for the protocol, minted before.
    pub protocol_shares: Shares<N>,
    /// The pool after the withdrawal.
    pub after: Pool<N>,
}

/// Donations taken out again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Skim<N: Number = Decimal> {
    /// What was taken.
    pub amounts: Amounts<N>,
    /// The pool after it.
    pub after: Pool<N>,
}

/// The trade that earns most against an outside price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Arbitrage<N: Number = Decimal> {
    /// The swap that takes it.
    pub swap: Swap<N>,
    /// What is left after buying the input or selling the output outside, in token Y, rounded down.
    pub profit: Amount<N>,
}
