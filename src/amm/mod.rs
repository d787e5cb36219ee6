//! Market makers: pools that trade at a price set by a formula of their reserves.
//!
//! # Symbols
//!
//! | symbol | is | unit |
//! |---|---|---|
//! | `x`, `y` | the pool's reserves | tokens X, Y |
//! | `dx`, `dy` | what is paid in, what is paid out | tokens |
//! | `γ = n/d` | the part of an input that trades, 1 − fee | — |
//! | `k = x·y` | the invariant; never stored, always compared as a product | tokens² |
//! | `S` | share supply | shares |
//! | `p = q/b` | a price: `q` of Y for `b` of X | Y per X |
//!
//! # Where to look
//!
//! - [`ConstantProduct`]: the curve seen from the side of one token; quotes and prices. This is what
//!   a hot loop holds.
//! - [`Pool`]: a pair as it stands, with everything that Uniswap v2's contract keeps; swaps,
//!   settlements, mints, burns, donations as transitions with receipts.
//! - [`liquidity`]: what a position is worth, against holding.
//! - [`PriceAccumulator`]: time-weighted average prices.
//!
//! # Laws
//!
//! Each is a property test of that name in `tests/laws`; `docs/laws.md` lists which test catches
//! which broken line.
//!
//! - `swap_never_lowers_k`: `(x + dx)·(y − dy) ≥ x·y`, strictly with a fee.
//! - `output_stays_below_the_reserve`, `output_grows_with_input`.
//! - `round_trip_never_profits`: selling X and selling all of the Y back returns at most `dx`.
//! - `splitting_a_trade_never_helps`: two halves pay at most as much as the whole.
//! - `exact_out_then_exact_in_delivers`: paying the quoted input yields at least the asked output,
//!   and one unit less would not.
//! - `deposit_then_redeem_never_profits`.
//! - `shares_never_lose_liquidity`: `k/S²` never falls, but for the protocol's own shares.
//! - `arbitrage_ends_at_the_outside_price`, `arbitrage_beats_its_neighbours`.
//!
//! # Not laws
//!
//! - Concavity on the grid: the second difference of `dy` can be +1 unit, because of the floors.
//! - "Exact-in after exact-out returns the same input" fails for the router's `+1`:
//!   `γ = 0.997, x = 997, y = 2, dx = 1000` gives 1, which the router then prices at 1001.
//! - "A share's value never falls" in money: prices move it. In liquidity, `√k/S`, it never does unless
//!   the protocol takes its part of the growth.
//! - A `Decimal` reserve that cannot carry 18 places trades on a coarser grid, and a trade that takes it
//!   to a finer one can gain from splitting up to a unit of the coarser.
//! - `IL(r) = IL(1/r)` holds for the 50/50 pool only.
//!
//! # Rounding
//!
//! Against whoever initiates: outputs, minted shares and redeemed amounts are rounded down, inputs
//! up. The pool, that is its liquidity providers, keeps every remainder.
//!
//! # Example
//!
//! ```
//! use defi_math::Fee;
//! use defi_math::amm::{Pool, Token};
//! use rust_decimal::dec;
//!
//! let pool = Pool::new(dec!(10), dec!(25_000), Fee::PERCENT_0_30)?;
//! let swap = pool.swap_exact_in(Token::X, dec!(1))?.at_least(dec!(2_200))?;
//! assert_eq!(swap.amount_out, dec!(2266.527234700372828953));
//! assert_eq!(swap.after.reserve(Token::X), dec!(11));
//! # Ok::<(), defi_math::Error>(())
//! ```
//!
//! # Sources
//!
//! Uniswap v2 core 1.0.1 (`UniswapV2Pair`) and periphery (`UniswapV2Library`,
//! `UniswapV2LiquidityMathLibrary`, `ExampleOracleSimple`); Zhang, Chen, Park, *Formal Specification
//! of Constant Product (x × y = k) Market Maker Model and Implementation*. What differs from the
//! contracts is listed in `docs/sources.md`.

pub mod liquidity;

mod constant_product;
mod pool;
mod price_accumulator;
mod receipt;

use thiserror::Error as ThisError;

pub use constant_product::ConstantProduct;
pub use pool::{Pool, PoolState, reserves_of_k_last};
pub use price_accumulator::PriceAccumulator;
pub use receipt::{Arbitrage, Burn, Mint, Settlement, Skim, Swap};

use crate::error::MathError;
use crate::num::Number;
use crate::quantity::{Amount, IntoQuantity};

/// One of a pool's two tokens: Uniswap's `token0` is `X`, `token1` is `Y`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[doc(alias = "token0")]
#[doc(alias = "token1")]
pub enum Token {
    /// The first token.
    X,
    /// The second token.
    Y,
}

impl Token {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::X => Self::Y,
            Self::Y => Self::X,
        }
    }
}

/// An amount of each of a pool's two tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = ""))]
pub struct Amounts<N: Number = rust_decimal::Decimal> {
    /// Of token X.
    pub x: Amount<N>,
    /// Of token Y.
    pub y: Amount<N>,
}

impl<N: Number> Amounts<N> {
    /// Nothing of either.
    pub const ZERO: Self = Self { x: Amount::ZERO, y: Amount::ZERO };

    /// So much of X and so much of Y.
    ///
    /// # Errors
    /// Those of a bare number that is not an amount.
    pub fn new(
        x: impl IntoQuantity<Amount<N>>,
        y: impl IntoQuantity<Amount<N>>,
    ) -> Result<Self, MathError> {
        Ok(Self { x: x.into_quantity()?, y: y.into_quantity()? })
    }

    /// So much of one token and nothing of the other.
    ///
    /// # Errors
    /// Those of a bare number that is not an amount.
    pub fn only(token: Token, amount: impl IntoQuantity<Amount<N>>) -> Result<Self, MathError> {
        let amount = amount.into_quantity()?;
        Ok(match token {
            Token::X => Self { x: amount, y: Amount::ZERO },
            Token::Y => Self { x: Amount::ZERO, y: amount },
        })
    }

    /// The amount of one of the two.
    #[must_use]
    pub const fn of(self, token: Token) -> Amount<N> {
        match token {
            Token::X => self.x,
            Token::Y => self.y,
        }
    }

    /// Sums of each token, exact.
    pub(crate) fn plus(self, rhs: Self) -> Result<Self, MathError> {
        Ok(Self { x: (self.x + rhs.x)?, y: (self.y + rhs.y)? })
    }

    /// Differences of each token, exact.
    pub(crate) fn minus(self, rhs: Self) -> Result<Self, MathError> {
        Ok(Self { x: (self.x - rhs.x)?, y: (self.y - rhs.y)? })
    }

    pub(crate) fn is_zero(self) -> bool {
        self.x.is_zero() && self.y.is_zero()
    }
}

/// A refusal of the market maker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ThisError)]
#[non_exhaustive]
pub enum AmmError {
    /// Nothing is paid in.
    #[doc(alias = "INSUFFICIENT_INPUT_AMOUNT")]
    #[error("nothing is paid in")]
    InsufficientInput,
    /// Nothing is asked for, or the output rounds to nothing.
    #[error("nothing is paid out")]
    InsufficientOutput,
    /// A reserve is empty, or the output would empty it.
    #[error("the pool does not hold enough")]
    InsufficientLiquidity,
    /// What is paid in, less the fee, does not cover what is taken out: `k` would fall.
    #[error("the payment does not cover the output: k would fall")]
    InvariantViolated,
    /// The deposit is too small for a share.
    #[error("the deposit is too small to mint shares")]
    InsufficientLiquidityMinted,
    /// The shares are too few to redeem something of both tokens.
    #[error("the shares are too few to redeem both tokens")]
    InsufficientLiquidityBurned,
    /// More shares than are in circulation; the locked minimum is not.
    #[error("more shares than are in circulation")]
    InsufficientShares,
    /// A balance above 2^112 − 1 base units, which the pair cannot hold.
    #[error("a balance exceeds what the pair can hold")]
    ReserveOverflow,
    /// The output is below the caller's minimum.
    #[error("the output is below the minimum")]
    BelowMinimumOutput,
    /// The input is above the caller's maximum.
    #[error("the input is above the maximum")]
    AboveMaximumInput,
    /// No time lies between the two observations.
    #[error("no time lies between the observations")]
    EmptyWindow,
    /// A state that no sequence of operations reaches.
    #[error("no pool can be in this state")]
    InvalidState,
    /// A refusal of the arithmetic.
    #[error(transparent)]
    Math(#[from] MathError),
}
