//! What a transition moved, and the states after it.

use rust_decimal::Decimal;

use super::{Book, Loan, StakingPool, Withdrawal};
use crate::num::Number;
use crate::quantity::{Amount, Shares};

/// Stake paid into a pool for shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Deposit<N: Number = Decimal> {
    /// What was paid in.
    pub amount: Amount<N>,
    /// Shares for the depositor.
    pub shares: Shares<N>,
    /// The pool after it.
    pub after: StakingPool<N>,
}

/// Shares given back for stake at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Redemption<N: Number = Decimal> {
    /// Shares given back.
    pub shares: Shares<N>,
    /// What they redeemed.
    pub amount: Amount<N>,
    /// The pool after it.
    pub after: StakingPool<N>,
}

/// A reward paid to a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct PoolReward<N: Number = Decimal> {
    /// The reward.
    pub amount: Amount<N>,
    /// Shares for the operator, worth the commission.
    pub commission: Shares<N>,
    /// The pool after it.
    pub after: StakingPool<N>,
}

/// A slash of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct PoolSlash<N: Number = Decimal> {
    /// What the shares lost.
    pub staked: Amount<N>,
    /// What the withdrawals that wait lost.
    pub unbonding: Amount<N>,
    /// The pool after it.
    pub after: StakingPool<N>,
}

/// Shares put into the withdrawal queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Unbond<N: Number = Decimal> {
    /// Shares given back.
    pub shares: Shares<N>,
    /// What waits for them.
    pub withdrawal: Withdrawal<N>,
    /// The pool after it.
    pub after: StakingPool<N>,
}

/// A withdrawal paid out at the end of its wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Claim<N: Number = Decimal> {
    /// What was paid out.
    pub amount: Amount<N>,
    /// What slashes took from it while it waited.
    pub lost: Amount<N>,
    /// The pool after it.
    pub after: StakingPool<N>,
}

/// The synthetic lent to a validator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Borrow<N: Number = Decimal> {
    /// What was issued.
    pub issued: Amount<N>,
    /// The loan after it.
    pub after: Loan<N>,
}

/// A repayment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Repayment<N: Number = Decimal> {
    /// What the debtor pays, of the synthetic: `principal + interest + premium`.
    pub payment: Amount<N>,
    /// The part that reduces what was issued.
    pub principal: Amount<N>,
    /// The part that reduces the interest owed.
    pub interest: Amount<N>,
    /// What the redemption price adds.
    pub premium: Amount<N>,
    /// The loan after it.
    pub after: Loan<N>,
}

/// A slash of a validator with a loan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct LoanSlash<N: Number = Decimal> {
    /// What was taken.
    pub slashed: Amount<N>,
    /// The loan after it; it can be in default.
    pub after: Loan<N>,
}

/// A foreclosure: the debt is deleted, the stake seized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Foreclosure<N: Number = Decimal> {
    /// The stake that the protocol takes, to be disposed of.
    pub seized: Amount<N>,
    /// The part of the deleted debt that was issued and is still in circulation.
    pub principal: Amount<N>,
    /// The interest that is deleted.
    pub interest: Amount<N>,
    /// The loan after it: nothing is left.
    pub after: Loan<N>,
}

/// Stake unlocked by a validator without debt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Unlock<N: Number = Decimal> {
    /// What was unlocked.
    pub amount: Amount<N>,
    /// The loan after it.
    pub after: Loan<N>,
}

/// What an operation on a loan did, with the book after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Booked<R, N: Number = Decimal> {
    /// What happened to the loan.
    pub loan: R,
    /// The book after it.
    pub after: Book<N>,
}

/// A foreclosure as the book sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct BookedForeclosure<N: Number = Decimal> {
    /// What happened to the loan.
    pub loan: Foreclosure<N>,
    /// What the book's reserve covered; so much of the synthetic is burned.
    pub covered: Amount<N>,
    /// What nothing covers: so much of the synthetic has no debtor any more.
    pub shortfall: Amount<N>,
    /// The book after it.
    pub after: Book<N>,
}

/// Synthetic bought back for the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct BuyBack<N: Number = Decimal> {
    /// What was burned against the unbacked remainder.
    pub burned: Amount<N>,
    /// What is kept in the reserve.
    pub kept: Amount<N>,
    /// The book after it.
    pub after: Book<N>,
}
