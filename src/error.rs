//! What can go wrong: [`MathError`] underneath, one enum for each protocol, [`Error`] over all.
//!
//! Every refusal is a small value to match on. A protocol's enum speaks of what was asked for, its variant
//! `Math` of the arithmetic beneath. All of them are `#[non_exhaustive]`.
//!
//! # Example
//!
//! A function that composes protocols returns [`Error`], and `?` does the rest:
//!
//! ```
//! use defi_math::amm::{AmmError, Pool, Token};
//! use defi_math::{Amount, Error, Fee, MathError};
//! use rust_decimal::{Decimal, dec};
//!
//! /// What is left of a budget after buying so much of Y with X.
//! fn left_of(budget: Decimal, pool: &Pool, bought: Decimal) -> Result<Amount, Error> {
//!     let swap = pool.swap_exact_out(Token::X, bought)?; // an AmmError
//!     Ok((Amount::new(budget)? - swap.amount_in)?) // MathErrors
//! }
//!
//! let pool = Pool::new(dec!(10), dec!(25_000), Fee::PERCENT_0_30)?;
//! assert!(left_of(dec!(1), &pool, dec!(2_000))? < dec!(0.13));
//! assert_eq!(left_of(dec!(1), &pool, dec!(5_000)), Err(Error::Math(MathError::Underflow)));
//! assert_eq!(
//!     left_of(dec!(1), &pool, dec!(25_000)),
//!     Err(Error::Amm(AmmError::InsufficientLiquidity)),
//! );
//! # Ok::<(), Error>(())
//! ```

use core::fmt;

use thiserror::Error as ThisError;

use crate::amm::AmmError;
use crate::lending::LendingError;
use crate::staking::StakingError;
use crate::vault::VaultError;

/// The kind of quantity that an error speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// An amount of a token: [`Amount`](crate::Amount).
    Amount,
    /// Shares of a common holding: [`Shares`](crate::Shares).
    Shares,
    /// A price: [`Price`](crate::Price).
    Price,
    /// A ratio of two like quantities: [`Ratio`](crate::Ratio).
    Ratio,
    /// A growth index: [`Index`](crate::Index).
    Index,
    /// A fee fraction: [`Fee`](crate::Fee).
    Fee,
    /// A share of fee growth: [`FeeShare`](crate::FeeShare).
    FeeShare,
    /// A rate per unit of time: [`Rate`](crate::Rate).
    Rate,
    /// Coins of a vault system: [`Coins`](crate::vault::Coins).
    Coins,
    /// A bare number that belongs to no quantity yet.
    Number,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Amount => "amount",
            Self::Shares => "shares",
            Self::Price => "price",
            Self::Ratio => "ratio",
            Self::Index => "index",
            Self::Fee => "fee",
            Self::FeeShare => "fee share",
            Self::Rate => "rate",
            Self::Coins => "coins",
            Self::Number => "number",
        })
    }
}

/// A refusal of the arithmetic itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ThisError)]
#[non_exhaustive]
pub enum MathError {
    /// The exact result is larger than the number type can hold.
    #[error("the result is larger than the number type can hold")]
    Overflow,
    /// The exact result would be below zero; every quantity here is non-negative.
    #[error("the result is below zero")]
    Underflow,
    /// The divisor is zero.
    #[error("division by zero")]
    DivisionByZero,
    /// A sum, difference or conversion that needs more places than the number type has at this
    /// magnitude. Nothing was rounded: round an operand to fewer places first.
    #[error("the exact result needs more places than the number type has")]
    Inexact,
    /// A quantity below zero.
    #[error("{0} is negative")]
    Negative(Kind),
    /// A quantity that must not be zero.
    #[error("{0} is zero")]
    Zero(Kind),
    /// A float that is infinite or not a number.
    #[error("{0} is not finite")]
    NotFinite(Kind),
    /// More decimal places than the grid of this quantity has.
    #[error("{0} has more decimal places than its grid")]
    TooManyPlaces(Kind),
    /// A text that is not a decimal number.
    #[error("{0} is not a decimal number")]
    Malformed(Kind),
    /// Outside the domain of this quantity, for example a fee of 100 % or more.
    #[error("{0} is out of its range")]
    OutOfRange(Kind),
}

impl MathError {
    /// The protocol's own word for it, if it is that there is not so much; any other refusal as it is.
    pub(crate) fn or_short<E: From<Self>>(self, short: E) -> E {
        if self == Self::Underflow { short } else { self.into() }
    }
}

/// Any refusal of this crate, for callers that compose several protocols.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ThisError)]
#[non_exhaustive]
pub enum Error {
    /// A refusal of the arithmetic.
    #[error(transparent)]
    Math(#[from] MathError),
    /// A refusal of the market maker.
    #[error(transparent)]
    Amm(#[from] AmmError),
    /// A refusal of the staking protocol.
    #[error(transparent)]
    Staking(#[from] StakingError),
    /// A refusal of the lending pool.
    #[error(transparent)]
    Lending(#[from] LendingError),
    /// A refusal of the vault.
    #[error(transparent)]
    Vault(#[from] VaultError),
}
