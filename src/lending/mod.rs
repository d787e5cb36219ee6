//! Lending pools: what suppliers bring, borrowers take against collateral, and a rate that follows
//! how much of it is lent.
//!
//! # Symbols
//!
//! | symbol | is | unit |
//! |---|---|---|
//! | `C`, `B`, `R` | cash, borrows, reserves of a market | tokens |
//! | `A = C + B − R` | what belongs to the suppliers | tokens |
//! | `S` | share supply | shares |
//! | `e = A/S` | exchange rate | tokens per share |
//! | `u = B/A` | utilization | — |
//! | `b`, `s` | borrow rate, supply rate | 1/U |
//! | `f` | reserve factor: the part of the interest that the reserves keep | — |
//! | `i` | borrow index: what is owed now for one token borrowed at the start | — |
//! | `c` | collateral factor: the part of a collateral's value that can be borrowed | — |
//! | `L`, `D` | borrow limit and debt of an account | unit of the prices |
//! | `h = L/D` | health factor | — |
//! | `k` | liquidation incentive: collateral seized for each unit repaid, `1 + bonus` | — |
//!
//! # Where to look
//!
//! - [`InterestRateModel`]: the rate as a function of utilization, and its inverse.
//! - [`Market`]: a market as of its last accrual; what it charges, and what is owed to it.
//! - [`AccruedMarket`]: the same once it has accrued to now. Every transition is on it, so that nobody trades
//!   at the rate of an earlier time: deposits, redemptions, loans, repayments, seizures, bad debt,
//!   [flash loans](AccruedMarket::flash_loan).
//! - [`Debt`]: a borrower's record.
//! - [`Account`] and [`Position`]: what an account holds and owes over several markets; limits, health,
//!   liquidation price.
//! - [`LiquidationTerms`]: close factor, incentive, seizure; the closed forms and the best liquidation.
//! - [`rewards`]: liquidity mining.
//! - [`TokenizedVault`]: the share arithmetic of ERC-4626 with virtual shares.
//! - [`aave`]: what Aave computes otherwise, half up, to its last digit.
//!
//! # Laws
//!
//! Each is a property test of that name in `tests/laws`; `docs/laws.md` lists which test catches which
//! broken line.
//!
//! - `utilization_is_at_most_one_iff_cash_covers_reserves`, `borrow_rate_never_falls_with_utilization`,
//!   `inverse_rate_is_the_least_utilization`.
//! - `interest_is_conserved`: what borrowers owe more is what suppliers and reserves gain, to the unit.
//! - `exchange_rate_never_falls`: by no operation but a recognized bad debt.
//! - `accruing_more_often_never_lowers_debt`.
//! - `no_actor_leaves_with_more_than_brought_and_earned`, with donations, one-unit deposits, and
//!   accruals as often as one likes.
//! - `donating_never_profits`: the first depositor cannot take a later one's money.
//! - `liquidation_improves_health_iff_health_exceeds_threshold`,
//!   `closed_form_repayment_reaches_the_target`.
//! - `rewards_earned_never_exceed_rewards_distributed`, `shares_round_trip_never_profits`.
//!
//! # Not laws
//!
//! - "Utilization is at most 1": cash 0, borrows 10, reserves 5 gives 2.
//! - "Suppliers earn less than borrowers pay": as rates, only while `u·(1 − f) ≤ 1`.
//! - "A liquidation improves health": only while `h > c·k`. Below, each one leaves the account worse off.
//! - "The debts of all borrowers sum to the market's borrows": each is rounded on its own, and they drift
//!   apart by units. The last repayment is then of what is left.
//! - "The exchange rate never falls" is about the rate of 18 places that the market states and trades at.
//!   The exact quotient `A/S` can fall within its last place, because a deposit is priced at the stated
//!   rate.
//!
//! # Rounding
//!
//! As Compound's contracts: interest, indices, minted shares and redeemed amounts down, each product
//! truncated at the 18th place in the contract's order. One deliberate difference: a redemption of an
//! amount burns the shares rounded *up*. A remainder stays with the market, that is with its suppliers; only
//! the remainder of the interest, less than a unit for each accrual, stays with the borrowers.
//!
//! # Example
//!
//! ```
//! use defi_math::lending::{Debt, InterestRateModel, Market, Terms};
//! use defi_math::rate::{PerBlock, PerYear, Rate, blocks};
//! use defi_math::{Ratio, Wad};
//! use rust_decimal::dec;
//!
//! let yearly = InterestRateModel::<_, PerYear>::linear(dec!(0.021024), dec!(0.21024))?;
//! let model = yearly.spread_down::<PerBlock>(2_102_400)?;
//! let market = Market::open(Terms::new(model, dec!(0.1), dec!(0.02))?)?;
//!
//! let supplied = market.accrue(blocks(0))?.after.supply(dec!(1000))?;
//! let loan = supplied.after.borrow(Debt::NONE, dec!(500))?;
//! // Half of it is lent: 6·10⁻⁸ a block, simple within one accrual.
//! let later = loan.after.accrue(blocks(1_000_000))?;
//! assert_eq!(later.interest, dec!(30));
//! assert_eq!(later.to_reserves, dec!(3));
//! assert_eq!(later.after.owed(loan.debt)?, dec!(530));
//! assert_eq!(later.after.exchange_rate()?, dec!(0.02054));
//! # Ok::<(), defi_math::Error>(())
//! ```
//!
//! # Sources
//!
//! Compound v2 (`CToken`, `Comptroller`, `JumpRateModelV2`, `WhitePaperInterestRateModel`), commit
//! `a3214f67`; Aave v3 core 1.19.3; Synthetix `StakingRewards`; OpenZeppelin `ERC4626` 5.x. What differs
//! from the contracts is listed in `docs/sources.md`.
//!
//! The older v2.8.1 rounds half up in its comptroller, so that its account limits and its seizures can be
//! a unit more at each product. The arithmetic here is the newer one's, which truncates, as the seizures
//! recorded on mainnet do. What both versions compute alike, which is all of the market's own arithmetic,
//! is replayed from recordings of both.

pub mod aave;
pub mod account;
pub mod liquidation;
pub mod rewards;

mod accrued_market;
mod debt;
mod flash_loan;
mod interest_rate;
mod market;
mod receipt;
mod tokenized_vault;

use thiserror::Error as ThisError;

pub use account::{Account, NetRate, Position};
pub use accrued_market::AccruedMarket;
pub use debt::Debt;
pub use interest_rate::{InterestRateModel, Kink, RateCurve, utilization};
pub use liquidation::{BestLiquidation, Collateral, LiquidationTerms, Loan};
pub use market::{Market, MarketState, Terms};
pub use receipt::{
    Accrual, Borrow, FlashLoan, Liquidation, Redemption, Repayment, Seizure, Supply, WriteOff,
};
pub use tokenized_vault::{Conversion, TokenizedVault};

use crate::error::MathError;
use crate::num::{Fit, Grid, Number, Rounding};

/// A parameter that can be out of its range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Parameter {
    /// The reserve factor is above 1, or has more than 18 places.
    ReserveFactor,
    /// The initial exchange rate is zero, or has more than 18 places.
    InitialExchangeRate,
    /// The optimal utilization is above 1.
    OptimalUtilization,
    /// The part of stable debt that is optimal is above 1.
    OptimalStablePart,
    /// The exchange rate has more than 18 places.
    ExchangeRate,
    /// The collateral factor is above 1, or has more than 18 places.
    CollateralFactor,
    /// The close factor is above 1, or has more than 18 places.
    CloseFactor,
    /// The liquidation incentive is below 1, or has more than 18 places.
    LiquidationIncentive,
    /// The protocol's part of a seizure is above 1, or has more than 18 places.
    ProtocolShare,
    /// The period of the rewards is no time.
    RewardDuration,
}

impl core::fmt::Display for Parameter {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::ReserveFactor => "reserve factor",
            Self::InitialExchangeRate => "initial exchange rate",
            Self::OptimalUtilization => "optimal utilization",
            Self::OptimalStablePart => "optimal stable part",
            Self::ExchangeRate => "exchange rate",
            Self::CollateralFactor => "collateral factor",
            Self::CloseFactor => "close factor",
            Self::LiquidationIncentive => "liquidation incentive",
            Self::ProtocolShare => "protocol share",
            Self::RewardDuration => "reward duration",
        })
    }
}

/// A refusal of the lending pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ThisError)]
#[non_exhaustive]
pub enum LendingError {
    /// The market does not hold so much cash: the rest is lent.
    #[doc(alias = "RedeemTransferOutNotPossible")]
    #[doc(alias = "BorrowCashNotAvailable")]
    #[error("there is not so much cash")]
    InsufficientCash,
    /// The reserves are smaller.
    #[error("the reserves do not hold so much")]
    InsufficientReserves,
    /// More shares than are in circulation; the locked minimum is not.
    #[error("more shares than are in circulation")]
    InsufficientShares,
    /// The deposit is too small for a share.
    #[error("the deposit is too small for a share")]
    InsufficientSharesMinted,
    /// The deposit yields fewer shares than the caller's minimum.
    #[error("the shares are below the minimum")]
    BelowMinimumOutput,
    /// No shares are staked or taken back.
    #[doc(alias = "Cannot stake 0")]
    #[doc(alias = "Cannot withdraw 0")]
    #[error("no shares are staked or taken back")]
    NoShares,
    /// The repayment is larger than the debt.
    #[error("the repayment is larger than the debt")]
    RepaysTooMuch,
    /// The borrow rate exceeds the market's maximum.
    #[doc(alias = "borrow rate is absurdly high")]
    #[error("the borrow rate exceeds the maximum")]
    BorrowRateTooHigh,
    /// The rate is not reached at any utilization.
    #[error("the rate is not reached at any utilization")]
    RateNotReached,
    /// The account's collateral does not cover its debts.
    #[doc(alias = "INSUFFICIENT_LIQUIDITY")]
    #[error("the collateral does not cover the debt")]
    InsufficientCollateral,
    /// The account owes nothing, so it has no health factor.
    #[error("the account owes nothing")]
    NoDebt,
    /// The account is not to be liquidated: its collateral covers its debts.
    #[doc(alias = "INSUFFICIENT_SHORTFALL")]
    #[error("the account is healthy")]
    Healthy,
    /// Nothing is repaid.
    #[doc(alias = "LiquidateCloseAmountIsZero")]
    #[error("nothing is repaid")]
    NothingRepaid,
    /// The liquidator would repay more than the close factor allows.
    #[doc(alias = "TOO_MUCH_REPAY")]
    #[error("more is repaid than the close factor allows")]
    AboveCloseFactor,
    /// The account holds none of this collateral.
    #[error("the account holds none of this collateral")]
    NoCollateral,
    /// The account holds less of the collateral than the repayment would seize.
    #[doc(alias = "LIQUIDATE_SEIZE_TOO_MUCH")]
    #[error("the account holds less of the collateral than would be seized")]
    SeizesTooMuch,
    /// No repayment reaches the target: it is below what a liquidation at this incentive can do, or takes
    /// more than there is.
    #[error("no repayment reaches the target")]
    TargetNotReached,
    /// A debt is not bad while collateral is left.
    #[error("there is collateral left")]
    CollateralLeft,
    /// The flash loan and its fee were not paid back.
    #[error("the flash loan was not paid back")]
    FlashLoanNotRepaid,
    /// Time passes within a flash loan.
    #[error("time passes within the flash loan")]
    TimeInFlashLoan,
    /// The period of the rewards has not ended.
    #[error("the reward period has not ended")]
    RewardPeriodNotEnded,
    /// The rewards promised exceed what is there to pay them.
    #[doc(alias = "Provided reward too high")]
    #[error("the reward is larger than what is there to pay it")]
    RewardTooHigh,
    /// A parameter is out of its range.
    #[error("{0} is out of its range")]
    OutOfRange(Parameter),
    /// A state that no sequence of operations reaches.
    #[error("no market can be in this state")]
    InvalidState,
    /// A refusal of the arithmetic.
    #[error(transparent)]
    Math(#[from] MathError),
}

/// `a·b` in one directed step at the places of an amount: where a contract truncates a mantissa at its
/// 18th place, a `Decimal` does too.
#[inline]
fn times<N: Number>(a: N, b: N, rounding: Rounding) -> Result<N, MathError> {
    a.mul_div(
        b.exact(Grid::Amount)?,
        N::ONE.exact(Grid::Amount)?,
        Fit::Alone,
        Grid::Amount,
        rounding,
    )
}

/// `part/whole` in one directed step at the places of an amount.
#[inline]
fn over<N: Number>(part: N, whole: N, rounding: Rounding) -> Result<N, MathError> {
    N::ONE.mul_div(
        part.exact(Grid::Amount)?,
        whole.exact(Grid::Amount)?,
        Fit::Alone,
        Grid::Amount,
        rounding,
    )
}

/// Whether a parameter has at most the places of an amount.
fn has_18_places<N: Number>(number: N) -> bool {
    number.exact(Grid::Amount).is_ok()
}

/// The refusal of a parameter, unless it is good.
fn require(good: bool, parameter: Parameter) -> Result<(), LendingError> {
    if good { Ok(()) } else { Err(LendingError::OutOfRange(parameter)) }
}

/// The refusal of a part of something, unless it is at most 1 and has at most the places of an amount.
fn require_part<N: Number>(number: N, parameter: Parameter) -> Result<(), LendingError> {
    require(number <= N::ONE && has_18_places(number), parameter)
}
