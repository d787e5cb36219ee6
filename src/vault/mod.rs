//! Vaults: coins drawn against locked collateral, with a stability fee, liquidated by auction.
//!
//! # Symbols
//!
//! | symbol | is | held in | unit |
//! |---|---|---|---|
//! | `ink` | collateral of a position | [`Amount`](crate::Amount) | collateral |
//! | `art`, `Art` | normalized debt of a position, of all of its type | [`Amount`](crate::Amount) | coins at a rate of 1 |
//! | `rate` | what one unit of normalized debt has become | [`Index`](crate::Index) | — |
//! | `spot` | safety price: the debt that a unit of collateral is good for | [`UnitPrice`] | coins per collateral |
//! | `par` | redemption price: what one coin stands for | [`UnitPrice`] | quote per coin |
//! | `debt = art·rate` | what is owed now | [`Coins`] | coins |
//! | `line`, `dust` | debt ceiling, debt floor | [`Coins`] | coins |
//! | `tab`, `lot`, `top` | of an auction: to be raised, to be sold, starting price | [`Coins`], [`Amount`](crate::Amount), [`UnitPrice`] | |
//!
//! # Where to look
//!
//! - [`Position`]: lock, free, draw, wipe; how safe it is, and at what price it no longer is.
//! - [`CollateralType`]: the terms, the fee, the price.
//! - [`System`]: what has been issued, the ceilings, and the system's own surplus and bad debt.
//! - [`Position::liquidate`], [`Auction`], [`AuctionHouse`], [`PriceCurve`]: from an unsafe position to the
//!   last unit sold.
//! - [`Savings`]: interest on coins put aside.
//! - [`risk`]: which of many positions are unsafe, and the debt at risk when the price falls.
//!
//! A transition touches several states, so its receipt names each: `position`, `collateral_type`, `system`.
//! Where there is one, it is `after`. What is asked for comes first among the arguments, then the time, then
//! the states that it is asked of.
//!
//! # Numbers
//!
//! A vault multiplies amounts of 18 places with rates of 27. So a [`VaultNumber`] is a pair of types: `Wad`
//! with rates in `Ray`, as on the chain; `Decimal` or `f64` for both. Their products, [`Coins`], have 45
//! places in 256 bits, the contract's *rad*. **Nothing is dropped**: debts, payments, ceilings, floors, and
//! the system's books are exact, and every decision compares exact products.
//!
//! A `Decimal` has 28 digits: rates below 79 have all 27 places, and higher prices are cut to fewer,
//! downwards. Against the contract such a price is lower by less than a part in 10²⁴.
//!
//! # Laws
//!
//! Each is a property test of that name in `tests/laws/vault.rs`.
//!
//! - `nothing_is_created_or_destroyed`: every coin is in somebody's hands, and is owed by a position or by
//!   the system, to the last of 45 places, whatever anybody does.
//! - `an_accepted_change_leaves_the_position_safe_or_no_riskier`, `a_debt_is_never_left_below_the_floor`.
//! - `a_debt_is_never_less_than_what_was_drawn`: while fees are not negative.
//! - `a_safe_position_is_never_liquidated`, `a_position_made_safe_is_not_liquidated`.
//! - `the_liquidation_price_is_sharp`: safe at it, unsafe at the next lower price.
//! - `the_most_that_can_be_drawn_is_accepted_and_a_unit_more_is_refused`, and so for what can be freed.
//! - `an_auction_never_sells_below_its_price`, `an_auction_never_raises_more_than_it_has_to`: sold and left
//!   are the lot, raised and still to be raised are the debt and the penalty.
//! - `an_auction_leaves_nothing_small`: nothing is left to be raised, or as much as the smallest remainder,
//!   or all is sold.
//! - `savings_hold_what_they_owe`.
//!
//! # Not laws
//!
//! - "The price of an auction only falls": a reset raises it, and within one auction `rpow`'s rounding to
//!   nearest can raise it by some units of the 27th place.
//! - "The auctions never have more to raise than the limit": a liquidation that would leave a debt below
//!   the floor takes all of it, whatever the limit.
//! - "Every debt is zero or at the floor": the floor can be raised afterwards. Such a position can add
//!   nothing but what brings it to the floor or to zero.
//! - "A buyer pays for what they get": at a price that has fallen to zero a whole lot is free. The minimum
//!   price of the auction house is there to prevent it.
//! - "A debt only grows": a stability fee below 1 shrinks it, at the expense of the surplus.
//!
//! # Rounding
//!
//! As the contract: prices, rates and purchased collateral down; `rpow` half up at each product. Debts and
//! payments are exact. What is drawn in coins rounds the normalized debt up, what is repaid down: for the
//! system.
//!
//! # Example
//!
//! ```
//! use defi_math::vault::{CollateralType, CollateralTypeState, Position, System, VaultError};
//! use defi_math::Price;
//! use rust_decimal::dec;
//!
//! let system = System::new(dec!(1_000_000))?;
//! let ether = CollateralType::try_from(CollateralTypeState::at_ratio(dec!(1.5))?)?
//!     .at_market_price(Price::new(dec!(3000))?, &system)?;
//!
//! // Two ether are good for 4000 coins.
//! let locked = Position::EMPTY.lock(dec!(2), &ether, &system)?;
//! assert_eq!(locked.position.maximum_draw(&ether, &system)?, dec!(4000));
//! let drawn = locked.position.draw(dec!(3000), &locked.collateral_type, &locked.system)?;
//!
//! // The position is safe down to 2250.
//! let (position, ether, system) = (drawn.position, drawn.collateral_type, drawn.system);
//! assert_eq!(position.liquidation_price(&ether, &system)?, Price::new(dec!(2250))?);
//! let refused = position.free(dec!(0.6), &ether, &system);
//! assert_eq!(refused.err(), Some(VaultError::Unsafe));
//! # Ok::<(), VaultError>(())
//! ```
//!
//! # Sources
//!
//! MakerDAO's dss (commit fa4f663): `Vat`, `Jug`, `Pot`, `Spotter`, `Dog`, `Clipper`, `Vow`, `abaci`;
//! dss-proxy-actions for amounts in coins. The names are GEB's where Maker's are four letters; Maker's are
//! search aliases. What differs from the contracts is listed in `docs/sources.md`.

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
pub use savings::{Conversion, Interest, Savings, SavingsState};
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
    RepaysTooMuch,
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
