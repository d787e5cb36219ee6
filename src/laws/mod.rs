//! The laws of a market maker, to be checked on one's own.
//!
//! Implement [`Market`] for your pool: three methods in base units. [`ExactOut`] and [`Shared`] are
//! for pools that quote exact-out and that have shares. Then every function of this module is one
//! law on one case, and [`strategies`] draws the cases.
//!
//! ```toml
//! [dev-dependencies]
//! defi-math = { version = "0.1", features = ["proptest"] }
//! proptest = "1"
//! ```
//!
//! # Symbols
//!
//! | symbol | is | unit |
//! |---|---|---|
//! | `x`, `y` | the reserves of the token that is sold to the pool and of the other | base units |
//! | `dx`, `dy` | what is paid in, what is paid out | base units |
//! | `S` | share supply | shares |
//!
//! # Laws
//!
//! | law | of | holds for |
//! |---|---|---|
//! | [`output_stays_below_the_reserve`] | [`Market`] | every curve |
//! | [`output_grows_with_input`] | [`Market`] | every curve |
//! | [`swap_moves_what_it_quotes`] | [`Market`] | fees that stay in the pool |
//! | [`round_trip_never_profits`] | [`Market`] | every curve |
//! | [`swap_never_lowers_k`] | [`Market`] | `x·y = k` |
//! | [`splitting_a_trade_never_helps`] | [`Market`] | fees on the input that stay in the pool |
//! | [`exact_out_then_exact_in_delivers`] | [`ExactOut`] | every curve |
//! | [`exact_out_asks_no_unit_too_many`] | [`ExactOut`] | inputs rounded up, not "floor + 1" |
//! | [`deposit_then_redeem_never_profits`] | [`Shared`] | every curve |
//! | [`redeeming_in_parts_never_helps`] | [`Shared`] | every curve |
//! | [`shares_never_lose_liquidity`] | [`Shared`] | `x·y = k`, until a protocol takes its share |
//! | [`adversary_never_profits`] | [`Shared`] | `x·y = k` |
//!
//! A law answers [`Verdict::Held`]; [`Verdict::Refused`] when the market refuses the case, so that
//! nothing is shown by it; or [`Broken`] with the law and the values that break it. Give a refusal to
//! `prop_assume!`, as below: proptest then asks for another case, and gives up with an error when it
//! meets too many, so that a market cannot pass by refusing everything.
//!
//! # Not laws
//!
//! - Splitting a trade *does* help where the fee is taken from the output and left in the pool, as
//!   Curve does: by `γ·(1 − γ)·y·a·b/((x + a)·(x + a + b))`.
//! - Exact-out never asks a unit too many: Uniswap's router does when its division is exact.
//! - More in never brings *strictly* more out: the units of the output are coarser, or finer.
//!
//! # Rounding
//!
//! None: products are compared in 256 and 512 bits, nothing is divided.
//!
//! # Example
//!
//! A pool of one's own, without a fee:
//!
//! ```
//! use defi_math::amm::Token;
//! use defi_math::laws::{self, Market, strategies};
//! use proptest::prelude::*;
//!
//! #[derive(Clone, Copy, Debug)]
//! struct MyPool {
//!     x: u64,
//!     y: u64,
//! }
//!
//! impl Market for MyPool {
//!     type Refusal = &'static str;
//!
//!     fn reserve(&self, token: Token) -> u128 {
//!         u128::from(if token == Token::X { self.x } else { self.y })
//!     }
//!
//!     fn amount_out(&self, token_in: Token, dx: u128) -> Result<u128, &'static str> {
//!         let (x, y) = (self.reserve(token_in), self.reserve(token_in.other()));
//!         let dx = u64::try_from(dx).map_err(|_| "too much")?;
//!         Ok(y * u128::from(dx) / (x + u128::from(dx)))
//!     }
//!
//!     fn swap(&self, token_in: Token, dx: u128) -> Result<Self, &'static str> {
//!         let dy = self.amount_out(token_in, dx)? as u64;
//!         let (mut after, dx) = (*self, dx as u64);
//!         let (x, y) = match token_in {
//!             Token::X => (&mut after.x, &mut after.y),
//!             Token::Y => (&mut after.y, &mut after.x),
//!         };
//!         *x = x.checked_add(dx).ok_or("too much")?;
//!         *y -= dy;
//!         Ok(after)
//!     }
//! }
//!
//! let reserve = || strategies::integer(1..=1 << 60).prop_map(|units| units as u64);
//! let pool = (reserve(), reserve()).prop_map(|(x, y)| MyPool { x, y });
//! let amount = strategies::integer(0..=1 << 60);
//!
//! proptest!(|(pool in pool, token in strategies::token(), dx in amount)| {
//!     prop_assume!(laws::swap_never_lowers_k(&pool, token, dx)?.has_held());
//!     prop_assume!(laws::round_trip_never_profits(&pool, token, dx)?.has_held());
//! });
//! ```
//!
//! # Sources
//!
//! Zhang, Chen, Park, *Formal Specification of Constant Product (x × y = k) Market Maker Model and
//! Implementation*, whose theorems most of these are, with the counterexamples of `docs/laws.md`
//! where a published form does not hold in integers.

extern crate alloc;

pub mod strategies;

mod own;

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use crate::amm::Token;
use crate::error::MathError;
use crate::num::Rounding;
use crate::num::wide::{U256, mul_div_u128};

/// A market of two tokens, in base units.
pub trait Market: Sized {
    /// Why it refuses an operation.
    type Refusal;

    /// What it accounts for of a token.
    fn reserve(&self, token: Token) -> u128;

    /// What it pays for so much of a token.
    ///
    /// # Errors
    /// Whatever it refuses.
    fn amount_out(&self, token_in: Token, amount_in: u128) -> Result<u128, Self::Refusal>;

    /// The market after it has bought so much of a token.
    ///
    /// # Errors
    /// Whatever it refuses.
    fn swap(&self, token_in: Token, amount_in: u128) -> Result<Self, Self::Refusal>;
}

/// A market that quotes exact-out.
pub trait ExactOut: Market {
    /// What it asks, in a token, for so much of the other one.
    ///
    /// # Errors
    /// Whatever it refuses.
    fn amount_in(&self, token_in: Token, amount_out: u128) -> Result<u128, Self::Refusal>;
}

/// A market that is held in shares.
pub trait Shared: Market {
    /// All shares, locked ones included.
    fn supply(&self) -> u128;

    /// The shares for a deposit of both tokens, and the market after it.
    ///
    /// # Errors
    /// Whatever it refuses.
    fn mint(&self, x: u128, y: u128) -> Result<(u128, Self), Self::Refusal>;

    /// What shares redeem of X and of Y, and the market after it.
    ///
    /// # Errors
    /// Whatever it refuses.
    fn burn(&self, shares: u128) -> Result<((u128, u128), Self), Self::Refusal>;
}

/// What a law says of a case that does not break it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "a law has shown nothing if every case was refused"]
pub enum Verdict {
    /// The market accepted the case, and the law held.
    Held,
    /// The market refused the case, and the law says nothing.
    Refused,
}

impl Verdict {
    /// Whether the case was accepted; to be given to `prop_assume!`.
    #[must_use]
    pub const fn has_held(self) -> bool {
        matches!(self, Self::Held)
    }
}

/// A law, and the values that break it.
///
/// Of a pool without a fee that rounds its output up, proptest reports after shrinking:
///
/// ```text
/// swap_never_lowers_k does not hold: x = 2, y = 1, dx = 1, x_after = 3, y_after = 0
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Broken {
    law: &'static str,
    values: Vec<(&'static str, u128)>,
}

impl Broken {
    /// The law's name: that of its function.
    #[must_use]
    pub const fn law(&self) -> &'static str {
        self.law
    }

    /// The values that break it, by the names that they have in the law's formula.
    #[must_use]
    pub fn values(&self) -> &[(&'static str, u128)] {
        &self.values
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} does not hold:", self.law)?;
        let mut separator = "";
        for (name, value) in &self.values {
            write!(f, "{separator} {name} = {value}")?;
            separator = ",";
        }
        Ok(())
    }
}

impl core::error::Error for Broken {}

/// What the market answers; a refusal ends the law.
macro_rules! accepted {
    ($answer:expr) => {
        match $answer {
            Ok(answer) => answer,
            Err(_) => return Ok(Verdict::Refused),
        }
    };
}

/// The verdict on a condition, and the values that it is about.
macro_rules! judge {
    ($law:ident: $holds:expr, $($value:ident),+) => {
        if $holds {
            Ok(Verdict::Held)
        } else {
            let values = vec![$((stringify!($value), $value)),+];
            Err(Broken { law: stringify!($law), values })
        }
    };
}

/// The reserves of the token that is sold and of the other.
fn reserves<M: Market>(market: &M, token_in: Token) -> (u128, u128) {
    (market.reserve(token_in), market.reserve(token_in.other()))
}

/// `0 ≤ dy < y`.
///
/// # Errors
/// [`Broken`].
pub fn output_stays_below_the_reserve<M: Market>(
    market: &M,
    token_in: Token,
    dx: u128,
) -> Result<Verdict, Broken> {
    let (x, y) = reserves(market, token_in);
    let dy = accepted!(market.amount_out(token_in, dx));
    judge!(output_stays_below_the_reserve: dy < y, x, y, dx, dy)
}

/// `dy(dx + more) ≥ dy(dx)`.
///
/// # Errors
/// [`Broken`].
pub fn output_grows_with_input<M: Market>(
    market: &M,
    token_in: Token,
    dx: u128,
    more: u128,
) -> Result<Verdict, Broken> {
    let (x, y) = reserves(market, token_in);
    let dy = accepted!(market.amount_out(token_in, dx));
    let dy_of_more = accepted!(market.amount_out(token_in, accepted!(sum(dx, more))));
    judge!(output_grows_with_input: dy_of_more >= dy, x, y, dx, more, dy, dy_of_more)
}

/// `x′ = x + dx` and `y′ = y − dy`: a swap books what was quoted, no more and no less.
///
/// # Errors
/// [`Broken`].
pub fn swap_moves_what_it_quotes<M: Market>(
    market: &M,
    token_in: Token,
    dx: u128,
) -> Result<Verdict, Broken> {
    let (x, y) = reserves(market, token_in);
    let after = accepted!(market.swap(token_in, dx));
    let (x_after, y_after) = reserves(&after, token_in);
    let Ok(dy) = market.amount_out(token_in, dx) else {
        // A quote that refuses what the swap accepts is no quote of it.
        return judge!(swap_moves_what_it_quotes: false, x, y, dx, x_after, y_after);
    };
    let moved = sum(x, dx) == Ok(x_after) && sum(y_after, dy) == Ok(y);
    judge!(swap_moves_what_it_quotes: moved, x, y, dx, dy, x_after, y_after)
}

/// Whoever sells `dx` and then all of the `dy` back gets at most `dx`.
///
/// Tokens that lie in the market without being accounted for are anybody's: book them first.
///
/// # Errors
/// [`Broken`].
pub fn round_trip_never_profits<M: Market>(
    market: &M,
    token_in: Token,
    dx: u128,
) -> Result<Verdict, Broken> {
    let (x, y) = reserves(market, token_in);
    let dy = accepted!(market.amount_out(token_in, dx));
    let after = accepted!(market.swap(token_in, dx));
    let back = accepted!(after.amount_out(token_in.other(), dy));
    judge!(round_trip_never_profits: back <= dx, x, y, dx, dy, back)
}

/// `x′·y′ ≥ x·y`.
///
/// # Errors
/// [`Broken`].
pub fn swap_never_lowers_k<M: Market>(
    market: &M,
    token_in: Token,
    dx: u128,
) -> Result<Verdict, Broken> {
    let (x, y) = reserves(market, token_in);
    let after = accepted!(market.swap(token_in, dx));
    let (x_after, y_after) = reserves(&after, token_in);
    let kept = U256::product(x_after, y_after) >= U256::product(x, y);
    judge!(swap_never_lowers_k: kept, x, y, dx, x_after, y_after)
}

/// `dy(a) + dy(b after a) ≤ dy(a + b)`.
///
/// # Errors
/// [`Broken`].
pub fn splitting_a_trade_never_helps<M: Market>(
    market: &M,
    token_in: Token,
    a: u128,
    b: u128,
) -> Result<Verdict, Broken> {
    let (x, y) = reserves(market, token_in);
    let first = accepted!(market.amount_out(token_in, a));
    let second = accepted!(accepted!(market.swap(token_in, a)).amount_out(token_in, b));
    let at_once = accepted!(market.amount_out(token_in, accepted!(sum(a, b))));
    let helps = sum(first, second).map_or(true, |in_parts| in_parts > at_once);
    judge!(splitting_a_trade_never_helps: !helps, x, y, a, b, first, second, at_once)
}

/// `dy(dx(dy)) ≥ dy`: who pays what is asked gets what was asked for.
///
/// # Errors
/// [`Broken`].
pub fn exact_out_then_exact_in_delivers<M: ExactOut>(
    market: &M,
    token_in: Token,
    dy: u128,
) -> Result<Verdict, Broken> {
    let (x, y) = reserves(market, token_in);
    let dx = accepted!(market.amount_in(token_in, dy));
    let delivered = accepted!(market.amount_out(token_in, dx));
    judge!(exact_out_then_exact_in_delivers: delivered >= dy, x, y, dy, dx, delivered)
}

/// `dy(dx(dy) − 1) < dy`: a unit less than what is asked would not do. Where nothing is asked there is no
/// unit less.
///
/// # Errors
/// [`Broken`].
pub fn exact_out_asks_no_unit_too_many<M: ExactOut>(
    market: &M,
    token_in: Token,
    dy: u128,
) -> Result<Verdict, Broken> {
    let (x, y) = reserves(market, token_in);
    let dx = accepted!(market.amount_in(token_in, dy));
    // Nothing brings nothing, whether the market says so or refuses.
    let less = dx.saturating_sub(1);
    let for_less = if less == 0 { 0 } else { accepted!(market.amount_out(token_in, less)) };
    judge!(exact_out_asks_no_unit_too_many: dx == 0 || for_less < dy, x, y, dy, dx, for_less)
}

/// Whoever deposits and redeems at once gets at most the deposit, of each token.
///
/// Tokens that lie in the market without being accounted for are anybody's: book them first.
///
/// # Errors
/// [`Broken`].
pub fn deposit_then_redeem_never_profits<M: Shared>(
    market: &M,
    dx: u128,
    dy: u128,
) -> Result<Verdict, Broken> {
    let (x, y) = reserves(market, Token::X);
    let (shares, after) = accepted!(market.mint(dx, dy));
    let ((x_back, y_back), _) = accepted!(after.burn(shares));
    let fair = x_back <= dx && y_back <= dy;
    judge!(deposit_then_redeem_never_profits: fair, x, y, dx, dy, shares, x_back, y_back)
}

/// Shares redeemed in two parts bring at most what they bring at once, of each token.
///
/// # Errors
/// [`Broken`].
pub fn redeeming_in_parts_never_helps<M: Shared>(
    market: &M,
    a: u128,
    b: u128,
) -> Result<Verdict, Broken> {
    let (x, y) = reserves(market, Token::X);
    let ((x_first, y_first), after) = accepted!(market.burn(a));
    let ((x_second, y_second), _) = accepted!(after.burn(b));
    let ((x_once, y_once), _) = accepted!(market.burn(accepted!(sum(a, b))));
    let helps = |first, second, once| sum(first, second).map_or(true, |parts| parts > once);
    let fair = !helps(x_first, x_second, x_once) && !helps(y_first, y_second, y_once);
    judge!(
        redeeming_in_parts_never_helps: fair,
        x, y, a, b, x_first, y_first, x_second, y_second, x_once, y_once
    )
}

/// `x′·y′/S′² ≥ x·y/S²`: whatever happened between the two states, no share has lost liquidity.
///
/// A protocol that takes its part of the fees in new shares lowers it by that part.
///
/// # Errors
/// [`Broken`].
pub fn shares_never_lose_liquidity<M: Shared>(before: &M, after: &M) -> Result<Verdict, Broken> {
    let ((x, y), (x_after, y_after)) = (reserves(before, Token::X), reserves(after, Token::X));
    let (supply, supply_after) = (before.supply(), after.supply());
    if supply == 0 || supply_after == 0 {
        return Ok(Verdict::Refused);
    }
    let per_share = |x, y, other_supply| {
        U256::product(x, y).widening_mul(U256::product(other_supply, other_supply))
    };
    let kept = per_share(x_after, y_after, supply) >= per_share(x, y, supply_after);
    judge!(shares_never_lose_liquidity: kept, x, y, supply, x_after, y_after, supply_after)
}

/// What an adversary does to a market.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Sells so much of a token, against its reserve.
    Swap {
        /// The token that is sold.
        token_in: Token,
        /// How much, against its reserve.
        amount: Size,
    },
    /// Deposits both tokens, against their reserves.
    Mint {
        /// Of X.
        x: Size,
        /// Of Y.
        y: Size,
    },
    /// Redeems shares, against those that the adversary holds.
    Burn {
        /// How many.
        shares: Size,
    },
}

/// A size that means something in every market.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Size {
    /// So many base units.
    Units(u32),
    /// So many of the 2^32 − 1 parts of what there is.
    Part(u32),
}

impl Size {
    /// The size, against what there is.
    #[must_use]
    pub fn of(self, whole: u128) -> u128 {
        match self {
            Self::Units(units) => units.into(),
            Self::Part(part) => {
                mul_div_u128(whole, part.into(), u32::MAX.into(), Rounding::Down).unwrap_or(whole)
            }
        }
    }
}

/// An adversary alone with a market, who does as they like and at last redeems all of their shares,
/// has not gained: at the price that stood when they came, what they took out is worth at most what
/// they paid in.
///
/// ```text
/// taken_x·y + taken_y·x ≤ paid_x·y + paid_y·x        x, y: the reserves at the start
/// ```
///
/// It is what "no free money" means for a curve: moving along it is a trade, and a trade pays at
/// most the price at which it starts. At the price at the *end* the same adversary may well have
/// gained: that is the others' impermanent loss.
///
/// Operations that are refused are skipped; [`Verdict::Refused`] if all are. Tokens that lie in the
/// market without being accounted for are anybody's: book them first.
///
/// # Errors
/// [`Broken`].
///
/// # Example
/// ```
/// use defi_math::Wad;
/// use defi_math::laws::{self, strategies};
/// use proptest::prelude::*;
///
/// // Twenty swaps, deposits and withdrawals, sized against the pool that they meet.
/// let pool = strategies::plain_pool::<Wad>();
/// proptest!(|(pool in pool, operations in strategies::operations(20))| {
///     prop_assume!(laws::adversary_never_profits(&pool, &operations)?.has_held());
/// });
/// ```
pub fn adversary_never_profits<M: Shared>(
    market: &M,
    operations: &[Operation],
) -> Result<Verdict, Broken> {
    let (x, y) = reserves(market, Token::X);
    let (mut adversary, mut latest) = (Adversary::default(), None);
    for operation in operations {
        if let Some((next, after)) =
            adversary.operate(latest.as_ref().unwrap_or(market), *operation)
        {
            (adversary, latest) = (next, Some(after));
        }
    }
    let Some(last) = latest else { return Ok(Verdict::Refused) };
    let leaves = adversary.operate(&last, Operation::Burn { shares: Size::Part(u32::MAX) });
    let Adversary { paid: (paid_x, paid_y), taken: (taken_x, taken_y), .. } =
        leaves.map_or(adversary, |(adversary, _)| adversary);
    let worth = |of_x, of_y| U256::product(of_x, y).checked_add(U256::product(of_y, x));
    let fair = match (worth(taken_x, taken_y), worth(paid_x, paid_y)) {
        (Some(taken), Some(paid)) => taken <= paid,
        (None, Some(_)) => false,
        // Beyond 256 bits.
        (_, None) => return Ok(Verdict::Refused),
    };
    judge!(adversary_never_profits: fair, x, y, paid_x, paid_y, taken_x, taken_y)
}

/// What an adversary has paid in and taken out, of X and Y, and the shares that they hold.
#[derive(Clone, Copy, Default)]
struct Adversary {
    paid: (u128, u128),
    taken: (u128, u128),
    shares: u128,
}

impl Adversary {
    /// The adversary and the market after an operation, or nothing if it is refused.
    fn operate<M: Shared>(self, market: &M, operation: Operation) -> Option<(Self, M)> {
        let add = |(x, y): (u128, u128), (more_x, more_y)| {
            Some((x.checked_add(more_x)?, y.checked_add(more_y)?))
        };
        let ordered = |token_in, of_in, of_out| match token_in {
            Token::X => (of_in, of_out),
            Token::Y => (of_out, of_in),
        };
        match operation {
            Operation::Swap { token_in, amount } => {
                let amount_in = amount.of(market.reserve(token_in));
                let amount_out = market.amount_out(token_in, amount_in).ok()?;
                let paid = add(self.paid, ordered(token_in, amount_in, 0))?;
                let taken = add(self.taken, ordered(token_in, 0, amount_out))?;
                Some((Self { paid, taken, ..self }, market.swap(token_in, amount_in).ok()?))
            }
            Operation::Mint { x, y } => {
                let deposit = (x.of(market.reserve(Token::X)), y.of(market.reserve(Token::Y)));
                let (minted, after) = market.mint(deposit.0, deposit.1).ok()?;
                let shares = self.shares.checked_add(minted)?;
                Some((Self { paid: add(self.paid, deposit)?, shares, ..self }, after))
            }
            Operation::Burn { shares } => {
                let burned = shares.of(self.shares);
                let (redeemed, after) = market.burn(burned).ok()?;
                let shares = self.shares.checked_sub(burned)?;
                Some((Self { taken: add(self.taken, redeemed)?, shares, ..self }, after))
            }
        }
    }
}

/// `a + b`; a market cannot be asked for more than a `u128`.
fn sum(a: u128, b: u128) -> Result<u128, MathError> {
    a.checked_add(b).ok_or(MathError::Overflow)
}
