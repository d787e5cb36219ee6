//! Staking: liquid shares, loans against stake, slashing, and what they do to a network.

pub mod inequality;

#[cfg(any(feature = "std", feature = "libm"))]
pub mod equilibrium;

mod book;
mod cascade;
mod fraction;
mod loan;
mod pool;
mod receipt;
mod slashing;

use thiserror::Error as ThisError;

pub use book::{
    Book, BookState, Delegations, LiquidCaps, MarketReading, Risk, RiskGuard, expected_loss,
    security_budget,
};
pub use cascade::{Cascade, Collapse, Exposure, Round, Rounds};
pub use fraction::Fraction;
#[cfg(any(feature = "std", feature = "libm"))]
pub use loan::mother_curve;
pub use loan::{Loan, LoanState, LoanTerms, LoanTermsState};
pub use pool::{StakingPool, StakingPoolState, Withdrawal};
pub use receipt::{
    Booked, BookedForeclosure, Borrow, BuyBack, Claim, Deposit, Foreclosure, LoanSlash, PoolReward,
    PoolSlash, Redemption, Repayment, Unbond, Unlock,
};
pub use slashing::{Dispersal, Disposition, Kept, cosmos, dispose, eigenlayer, ethereum, slash};

use crate::error::MathError;

/// A refusal of the staking protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ThisError)]
#[non_exhaustive]
pub enum StakingError {
    /// The deposit is too small for a share.
    #[error("the deposit is too small for a share")]
    ZeroShares,
    /// More shares than there are.
    #[doc(alias = "ERC4626ExceededMaxRedeem")]
    #[error("more shares than there are")]
    InsufficientShares,
    /// More stake than there is.
    #[error("more stake than there is")]
    InsufficientStake,
    /// Shares that claim nothing, or nobody who has a stake.
    #[doc(alias = "MATH_DIV_ZERO")]
    #[error("there is no stake")]
    NoStake,
    /// The withdrawal has not waited long enough.
    #[error("the withdrawal is still unbonding")]
    NotMature,
    /// Nothing is left at this operator.
    #[error("the operator has been slashed fully")]
    FullySlashed,
    /// A fault that lies in the future.
    #[error("the fault lies in the future")]
    FutureFault,
    /// A validator that is not in the list.
    #[error("no such validator")]
    UnknownValidator,
    /// Rules of a loan or a market that contradict themselves.
    #[error("the terms are out of their range")]
    InvalidTerms,
    /// A state that no sequence of operations reaches.
    #[error("no sequence of operations leads to this state")]
    InvalidState,
    /// Nothing is borrowed.
    #[error("nothing is borrowed")]
    NothingBorrowed,
    /// The debt would exceed the collateral factor times the stake.
    #[error("the debt would exceed the collateral factor")]
    AboveCollateralFactor,
    /// The loan is in default.
    #[error("the loan is in default")]
    InDefault,
    /// The loan is not in default.
    #[error("the loan is not in default")]
    NotInDefault,
    /// The interest index is below the last one.
    #[error("the interest index has fallen")]
    IndexFalls,
    /// Nothing is repaid.
    #[error("nothing is repaid")]
    NothingRepaid,
    /// More is repaid than is owed.
    #[error("more is repaid than is owed")]
    RepaysTooMuch,
    /// The stake is at the collateral requirement or below: no price redeems the debt.
    #[error("the redemption price is unbounded")]
    PriceUnbounded,
    /// The stake is locked while something is owed.
    #[error("the stake is locked while something is owed")]
    StakeLocked,
    /// Nothing is owed.
    #[error("nothing is owed")]
    NothingOwed,
    /// The loan is not one of the book's.
    #[error("the loan is not in the book")]
    NotInBook,
    /// Nothing of the synthetic exists.
    #[error("nothing of the synthetic exists")]
    NothingIssued,
    /// More of the synthetic than is in circulation.
    #[error("more of the synthetic than circulates")]
    InsufficientSupply,
    /// The guard: too much would be issued against the stake.
    #[error("too much would be issued against the stake")]
    IssuedShareAboveLimit,
    /// The guard: too little would secure the network.
    #[error("too little would secure the network")]
    SecurityBudgetBelowLimit,
    /// The guard: the synthetic's average price is outside its band.
    #[error("the average price is outside its band")]
    PriceOutsideBand,
    /// The guard: too much has defaulted recently.
    #[error("too much has defaulted recently")]
    TooManyDefaults,
    /// The cap on all liquid stake.
    #[error("too much of all stake would be liquid")]
    AboveGlobalCap,
    /// The cap on a validator's liquid stake.
    #[error("too much of the validator's stake would be liquid")]
    AboveValidatorCap,
    /// The cap on liquid stake for each unit of the validator's bond.
    #[error("the validator's bond does not carry so much liquid stake")]
    AboveBondCap,
    /// A slice that must be sorted is not.
    #[error("the stakes are not sorted")]
    NotSorted,
    /// A refusal of the arithmetic.
    #[error(transparent)]
    Math(#[from] MathError),
}
