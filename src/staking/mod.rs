//! Staking: liquid shares, loans against stake, slashing, and what they do to a network.
//!
//! A validator locks stake and borrows a synthetic against it; a slash makes the debt dearer to redeem,
//! and a large one makes the validator default. Many such loans owe one synthetic, whose price on a
//! market maker tells the network what it expects of them.
//!
//! # Symbols
//!
//! | symbol | is | unit |
//! |---|---|---|
//! | `A`, `S` (pool) | the stake of a pool, its shares | stake, shares |
//! | `Q`, `K` | what waits in a pool's queue; what slashes have left of one unit that waits | stake, — |
//! | `S`, `S₀` (loan) | a validator's stake now, and when its debt was issued | stake |
//! | `L` | what a loan owes | synthetic |
//! | `c = a/b` | the collateral factor | — |
//! | `φ = z^(−k)` | the redemption price: what a unit of the debt costs; 1 at issue | synthetic |
//! | `z = (S − c·S₀)/(S₀ − c·S₀)` | where the stake stands between what the debt requires and par | — |
//! | `φ_max`, `z*` | above this price, below this argument, a loan is in default | — |
//! | `ι*` | the part of the stake at issue that can be slashed before default | — |
//! | `κ·S` | what a debtor gives to buy back what it owes | stake |
//! | `G` | the Gini coefficient | — |
//!
//! # Where to look
//!
//! - [`StakingPool`]: shares of a common stake, with rewards, commission, slashes, and a withdrawal queue.
//! - [`Kept`], [`slash`], [`dispose`]: proportional slashes, and where the slashed stake goes;
//!   [`ethereum`], [`cosmos`], [`eigenlayer`]: the rules of those networks.
//! - [`Loan`], [`LoanTerms`]: one validator's loan.
//! - [`Book`]: all loans behind one synthetic; [`security_budget`]; the [`RiskGuard`]; the [`LiquidCaps`] of
//!   Cosmos.
//! - [`Cascade`]: defaults that cause defaults.
//! - [`inequality`]: Gini, Herfindahl, Nakamoto, and what lowers inequality.
//! - [`equilibrium`]: how much is staked and how much lent (over `f64`).
//!
//! # Assumptions
//!
//! The loans follow Chitra and Evans, *Why Stake When You Can Borrow?*, of which no full text was
//! available: they are a **reconstruction** from the abstract, talks and an interview. What the sources say
//! are the roles and the ends of the curve (1 at par, without bound at the collateral requirement, affine in
//! the stake inside). Assumed here are: the mother curve `z^(−k)`; that the stake at issue never falls while
//! there is debt; that default is decided by the redemption price alone; that interest and premiums pay for
//! the unbacked remainder; that a debtor's demand in a cascade is its whole debt. Each type states its
//! own assumptions. No replication of the paper could serve as an oracle: in the public one the price
//! never exceeds 1, so that no loan ever fails.
//!
//! # Laws
//!
//! Each is a property test of that name in `tests/laws/staking.rs`.
//!
//! - `deposit_then_redeem_never_profits_a_staker`, `withdrawing_never_takes_from_the_others`,
//!   `inflating_a_share_never_pays`.
//! - `a_slash_never_raises_a_claim_and_a_reward_never_lowers_one`.
//! - `nobody_leaves_a_pool_with_stake_that_was_slashed`: whatever stakers do, and everybody can leave.
//! - `every_disposition_conserves_stake`, to the unit; `slashes_commute`, within one.
//! - `ethereum_penalty_grows_to_the_whole_balance`, `eigenlayer_withdrawable_falls_with_the_magnitude`.
//! - `redemption_price_is_one_at_issue_and_rises_as_stake_falls`, `rewards_never_cause_default`,
//!   `repaying_never_worsens_the_price`, `what_is_bearable_is_borne`, `stricter_terms_default_sooner`,
//!   `interest_is_monotone_and_never_issued`.
//! - `the_book_is_the_sum_of_its_loans`: the synthetic is what was issued less what was burned.
//! - `security_budget_falls_with_borrowing_and_is_restored_by_repaying`: one for one, at par.
//! - `the_guard_can_only_stop`.
//! - `a_cascade_is_the_naive_one_whatever_the_order`, `a_cascade_grows_with_the_shock`.
//! - `inequality_is_the_mean_difference`, `conditions_for_less_inequality_are_exact`,
//!   `expected_inequality_falls_with_slashes_and_rises_with_rewards`.
//! - `staking_equilibrium_is_where_the_yields_meet`, `equilibrium_moves_as_its_causes_do`.
//!
//! # Not laws
//!
//! - "Slashing the large makes stake less unequal": only above rank `(n·(1 + G) + 1)/2`, and a default
//!   only among those who are left. Of 10, 20, 30, 40 the default of the 40 raises the Gini coefficient from
//!   1/4 to 5/12 if it stays in the count, and lowers it to 2/9 if it does not.
//! - "A slash does not raise expected inequality": among nearly equal stakes it does.
//! - "Deleting a debt removes the synthetic": it stays in circulation, without a debtor.
//! - "A cascade does not depend on its order": it does where the market maker takes a fee or rounds.
//!
//! # Rounding
//!
//! Against whoever initiates: shares and amounts paid out down, what new shares and repayments cost up,
//! what a slash leaves down, prices and interest up. What a slashed stake does not divide into is burned.
//! The chains' own rules round as the chains do.
//!
//! # Example
//!
//! ```
//! use defi_math::staking::{Book, Fraction, Kept, Loan, LoanTerms};
//! use rust_decimal::dec;
//!
//! // At most a quarter of the stake; the price of a unit is z^−2, and in default above 2.
//! let terms = LoanTerms::new(Fraction::new(1, 4)?, 2, dec!(2))?;
//! let loan = Loan::new(terms, dec!(100))?;
//! let book = Book::default().join(&loan)?;
//!
//! let borrowed = book.borrow(&loan, dec!(25))?;
//! assert_eq!(borrowed.after.security_budget(dec!(1))?, dec!(75));
//!
//! // Slashed by a tenth, it can still redeem; what it pays above par goes to the book's reserve.
//! let slashed = borrowed.after.slash(&borrowed.loan.after, Kept::after_slash(dec!(0.1))?)?;
//! let repaid = slashed.loan.after.repay(dec!(15))?;
//! assert_eq!(repaid.payment, dec!(19.970414201183431954));
//! # Ok::<(), defi_math::staking::StakingError>(())
//! ```
//!
//! # Sources
//!
//! Lido's `StETH`, Rocket Pool's `RocketTokenRETH`, OpenZeppelin's `ERC4626`; the consensus specifications
//! of Ethereum; `x/staking` and the liquid staking module of Cosmos; EigenLayer's `SlashingLib`; Chitra
//! and Evans, *Why Stake When You Can Borrow?*; Chitra, *Competitive Equilibria Between Staking and
//! On-chain Lending*; Fanti et al., *Compounding of Wealth in Proof-of-Stake Cryptocurrencies*. What
//! is known of them and what differs is listed in `docs/sources.md`.

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
use crate::num::Number;

/// Whether a part is more than the whole that it was once added to: of floats, by more than the sum can
/// have lost to rounding.
fn lacks<N: Number>(whole: N, part: N) -> bool {
    matches!(whole.less_part(part), Err(MathError::Underflow))
}

/// A refusal of the staking protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ThisError)]
#[non_exhaustive]
pub enum StakingError {
    /// The deposit is too small for a share.
    #[error("the deposit is too small for a share")]
    InsufficientSharesMinted,
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
    NoDebt,
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
