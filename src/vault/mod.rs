//! Vaults.

pub mod risk;

mod auction;
mod coins;
mod collateral_type;
mod liquidation;
mod number;
mod position;
mod savings;
mod system;

use thiserror::Error as ThisError;

pub use auction::{
    Auction, AuctionHouse, AuctionTerms, Breaker, Cancellation, Outcome, PriceCurve, Purchase,
    Reset, Take,
};
pub use coins::{Coins, UnitPrice};
pub use collateral_type::{
    Accrual, CollateralType, CollateralTypeState, per_second_factor, yearly_rate,
};
pub use liquidation::{Liquidation, Seizure};
pub use number::VaultNumber;
pub use position::{Adjusted, Adjustment, Position, Wallet};
pub use savings::{Interest, Move, Savings};
pub use system::{Heal, System, SystemState};

use crate::error::MathError;

/// More of something, or less of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Change<T> {
    /// So much more, which may be nothing.
    Increase(T),
    /// So much less, which may be nothing.
    Decrease(T),
}

/// A parameter that can be out of its range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Parameter {
    /// The liquidation ratio is zero.
    LiquidationRatio,
    /// The liquidation penalty is below 1, or has more than 18 places.
    LiquidationPenalty,
    /// The price curve rises, or its step is no time.
    PriceCurve,
    /// The proportional incentive has more than 18 places.
    ProportionalIncentive,
}

impl core::fmt::Display for Parameter {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::LiquidationRatio => "liquidation ratio",
            Self::LiquidationPenalty => "liquidation penalty",
            Self::PriceCurve => "price curve",
            Self::ProportionalIncentive => "proportional incentive",
        })
    }
}

/// A refusal of the vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ThisError)]
#[non_exhaustive]
pub enum VaultError {
    /// The system has been shut down.
    #[doc(alias = "not-live")]
    #[error("the system has been shut down")]
    NotLive,
    /// The accumulated rate is zero.
    #[doc(alias = "ilk-not-init")]
    #[error("the collateral type has no rate")]
    NotInitialized,
    /// Drawing would exceed the ceiling of the collateral type or of the system.
    #[doc(alias = "ceiling-exceeded")]
    #[error("the debt ceiling would be exceeded")]
    AboveDebtCeiling,
    /// The position would be riskier than before, and not safe.
    #[doc(alias = "not-safe")]
    #[error("the position would not be safe")]
    Unsafe,
    /// The position would be left with less debt than the floor.
    #[doc(alias = "dust")]
    #[error("the debt would be below the floor")]
    BelowDebtFloor,
    /// More collateral than is locked, or a debt against none.
    #[error("not enough collateral is locked")]
    InsufficientCollateral,
    /// More is repaid than is owed.
    #[error("more is repaid than is owed")]
    ExceedsDebt,
    /// A wallet cannot pay.
    #[error("the balance is too small")]
    InsufficientBalance,
    /// More coins than are in other hands than the system's.
    #[error("there are not so many coins")]
    InsufficientCoins,
    /// The position owes nothing.
    #[error("the position has no debt")]
    NoDebt,
    /// The fee or interest of the time since the last accrual must be taken first.
    #[doc(alias = "rho-not-updated")]
    #[error("what has accrued must be taken first")]
    FeeNotAccrued,
    /// More shares than there are.
    #[error("there are not so many shares")]
    InsufficientShares,
    /// The position can not be liquidated.
    #[doc(alias = "not-unsafe")]
    #[error("the position is not unsafe")]
    NotUnsafe,
    /// The auctions have as much to raise as they may.
    #[doc(alias = "liquidation-limit-hit")]
    #[error("the liquidation limit is reached")]
    LiquidationLimit,
    /// The room under the limit is too small for an auction.
    #[doc(alias = "dusty-auction-from-partial-liquidation")]
    #[error("the auction would be below the debt floor")]
    DustyAuction,
    /// There is nothing to sell or to raise.
    #[doc(alias = "null-auction")]
    #[error("there is nothing to liquidate")]
    NothingToLiquidate,
    /// The breaker has stopped this.
    #[doc(alias = "stopped-incorrect")]
    #[error("auctions are stopped")]
    Stopped,
    /// The auction's starting price would be zero.
    #[doc(alias = "zero-top-price")]
    #[error("the starting price is zero")]
    ZeroStartingPrice,
    /// Neither old nor cheap enough to be reset.
    #[doc(alias = "cannot-reset")]
    #[error("the auction cannot be reset yet")]
    CannotReset,
    /// Too old or too cheap: the auction must be reset first.
    #[doc(alias = "needs-reset")]
    #[error("the auction must be reset first")]
    NeedsReset,
    /// The price is above the buyer's limit.
    #[doc(alias = "too-expensive")]
    #[error("the price is above the buyer's limit")]
    AbovePriceLimit,
    /// So little is left to be raised that only all of the collateral can be bought.
    #[doc(alias = "no-partial-purchase")]
    #[error("only all of the collateral can be bought")]
    NoPartialPurchase,
    /// The system's surplus is too small.
    #[doc(alias = "insufficient-surplus")]
    #[error("the surplus is too small")]
    InsufficientSurplus,
    /// There is less bad debt than that, or it is waiting or on auction.
    #[doc(alias = "insufficient-debt")]
    #[error("there is not so much bad debt")]
    InsufficientBadDebt,
    /// Bad debt is auctioned only when there is no surplus.
    #[doc(alias = "surplus-not-zero")]
    #[error("there is still a surplus")]
    SurplusRemains,
    /// Surplus is auctioned only when there is no bad debt.
    #[doc(alias = "debt-not-zero")]
    #[error("there is still bad debt")]
    BadDebtRemains,
    /// A price of zero.
    #[error("the price is zero")]
    ZeroPrice,
    /// A parameter is out of its range.
    #[error("{0} is out of its range")]
    OutOfRange(Parameter),
    /// A state that no sequence of operations reaches.
    #[error("no vault system can be in this state")]
    InvalidState,
    /// A refusal of the arithmetic.
    #[error(transparent)]
    Math(#[from] MathError),
}
