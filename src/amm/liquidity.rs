//! What a position of a constant-product pool is worth, against holding the tokens.
//!
//! # Symbols
//!
//! | symbol | is | unit |
//! |---|---|---|
//! | `L = √(x·y)` | liquidity of an amount of both tokens | √(X·Y) |
//! | `p = q/b` | price of X | Y per X |
//! | `r` | price now over price at the deposit | — |
//!
//! # Laws
//!
//! - `impermanent_loss_is_symmetric`: `IL(r) = IL(1/r)`, zero only at `r = 1`.
//! - `liquidity_is_worth_at_most_holding`: `2·√(k·p) ≤ x·p + y`.
//! - `fees_and_loss_explain_the_value`: value = held − impermanent loss + worth of the fees, but for
//!   the roundings.
//!
//! # Not laws
//!
//! The loss is not symmetric for weights other than one half, and "impermanent" promises nothing: it
//! is undone only if the price comes back.
//!
//! # Rounding
//!
//! Values and fees down, losses up: a position is never shown better than it is.
//!
//! # Example
//!
//! ```
//! use defi_math::amm::liquidity;
//! use rust_decimal::dec;
//!
//! // The price has doubled: 5.7 % less than holding.
//! let loss = liquidity::impermanent_loss(dec!(2))?;
//! assert_eq!(loss.get().round_dp(4), dec!(0.0572));
//! assert_eq!(liquidity::impermanent_loss(dec!(0.5))?, loss);
//! # Ok::<(), defi_math::MathError>(())
//! ```
//!
//! # Sources
//!
//! Pintail, *Uniswap: A Good Deal for Liquidity Providers?*, as quoted in Uniswap's documentation;
//! `UniswapV2LiquidityMathLibrary`.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "the operators of Wide remember an overflow and refuse it at the end"
)]

use rust_decimal::Decimal;

use super::Amounts;
use crate::error::MathError;
use crate::num::{Fit, Grid, Number, Rounding, Wide};
use crate::quantity::{Amount, IntoQuantity, Price, Ratio};

/// What a liquidity provider loses against holding when the price has changed by the factor `r`,
/// fees apart.
///
/// ```text
/// IL(r) = 1 − ⌊ 2·√r / (1 + r) ⌋        r = a/b:  2·√(a·b)/(a + b)
/// ```
///
/// # Rounding
/// Up: the loss is never shown smaller than it is. Where `a·b` is too long for 512 bits, as it can be for a
/// [`ratio_to`](Price::ratio_to) of two long fractions, both are first cut to fewer bits: the loss is then at
/// most one unit more, in types of up to 36 places.
///
/// # Errors
/// [`MathError::Zero`], [`MathError::Negative`] or [`MathError::NotFinite`] for a bare number that is not a
/// positive ratio.
///
/// # Example
/// ```
/// use defi_math::Fee;
/// use defi_math::amm::{Pool, Token, liquidity};
/// use rust_decimal::dec;
///
/// let pool = Pool::new(dec!(1_000_000), dec!(2_000_000_000), Fee::PERCENT_0_30)?;
/// let then = pool.spot_price(Token::X)?;
/// let now = pool.swap_exact_in(Token::X, dec!(200_000))?.after.spot_price(Token::X)?;
/// // The price has fallen by 30 %.
/// let loss = liquidity::impermanent_loss(now.ratio_to(then)?)?;
/// assert_eq!(loss.get().round_dp(4), dec!(0.0163));
/// # Ok::<(), defi_math::Error>(())
/// ```
///
/// # Source
/// Pintail, *Uniswap: A Good Deal for Liquidity Providers?*
pub fn impermanent_loss<N: Number>(
    price_ratio: impl IntoQuantity<Price<N>>,
) -> Result<Ratio<N>, MathError> {
    /// So often eight bits are cut: all that there are.
    const CUTS: u32 = 32;
    let (a, b) = price_ratio.into_quantity()?.parts();
    if a == b {
        return Ok(Ratio::ZERO);
    }
    let (less, more) = if a < b { (a, b) } else { (b, a) };
    let (mut less, mut more) = (N::Wide::from(less), N::Wide::from(more));
    let mut kept = kept_at(less, more);
    for _ in 0..CUTS {
        if kept != Err(MathError::Overflow) {
            break;
        }
        // The smaller part down and the larger up is farther from 1, where less is kept.
        let step = N::Wide::integer(1 << 8);
        (less, more) = (less.div_floor(step), more.div_ceil(step));
        kept = kept_at(less, more);
    }
    let kept = kept?;
    // Only a float can round to more than all.
    if kept > Ratio::ONE { Ok(Ratio::ZERO) } else { Ratio::ONE - kept }
}

/// `⌊2·√(a·b)/(a + b)⌋`.
fn kept_at<N: Number>(a: N::Wide, b: N::Wide) -> Result<Ratio<N>, MathError> {
    let one = N::Wide::from(N::ONE.exact(Grid::Rate)?);
    let kept = (N::Wide::integer(4) * one * one * a * b).sqrt_floor().div_floor(a + b);
    Ratio::from_wide(kept, Fit::From(Ratio::ONE), Rounding::Down)
}

/// The amounts that liquidity `L = √(x·y)` holds when the pool's price is `p`, without further
/// fees.
///
/// ```text
/// x = ⌊√(k·b/q)⌋,  y = ⌊√(k·q/b)⌋
/// ```
///
/// # Rounding
/// Down.
///
/// # Errors
/// [`MathError::Overflow`], and those of a bare number that is not a price.
///
/// # Example
/// ```
/// use defi_math::amm::{Amounts, liquidity};
/// use rust_decimal::dec;
///
/// // 100 X and 10,000 Y, and the price goes from 100 to 120.
/// let held = Amounts::new(dec!(100), dec!(10_000))?;
/// let moved = liquidity::amounts_at_price(held, dec!(120))?;
/// assert_eq!(moved.x.get().round_dp(4), dec!(91.2871));
/// assert_eq!(moved.y.get().round_dp(4), dec!(10_954.4512));
/// # Ok::<(), defi_math::MathError>(())
/// ```
pub fn amounts_at_price<N: Number>(
    amounts: Amounts<N>,
    price_of_x: impl IntoQuantity<Price<N>>,
) -> Result<Amounts<N>, MathError> {
    let (q, b) = price_of_x.into_quantity()?.parts();
    let (q, b) = (N::Wide::from(q), N::Wide::from(b));
    let k = amounts.x.wide()? * amounts.y.wide()?;
    let x = (k * b).div_floor(q).sqrt_floor();
    let y = (k * q).div_floor(b).sqrt_floor();
    Ok(Amounts {
        x: Amount::from_wide(x, Fit::Alone, Rounding::Down)?,
        y: Amount::from_wide(y, Fit::Alone, Rounding::Down)?,
    })
}

/// `⌊x·p + y⌋`: the worth of both amounts in token Y.
///
/// # Rounding
/// Down, in one step.
///
/// # Errors
/// [`MathError::Overflow`], and those of a bare number that is not a price.
///
/// # Example
/// ```
/// use defi_math::amm::{Amounts, liquidity};
/// use rust_decimal::dec;
///
/// let worth = liquidity::value(Amounts::new(dec!(2), dec!(100))?, dec!(2_500))?;
/// assert_eq!(worth, dec!(5_100));
/// # Ok::<(), defi_math::MathError>(())
/// ```
pub fn value<N: Number>(
    amounts: Amounts<N>,
    price_of_x: impl IntoQuantity<Price<N>>,
) -> Result<Amount<N>, MathError> {
    worth(amounts, price_of_x.into_quantity()?, Rounding::Down)
}

/// `x·p + y` in one directed step.
fn worth<N: Number>(
    amounts: Amounts<N>,
    price: Price<N>,
    rounding: Rounding,
) -> Result<Amount<N>, MathError> {
    let (q, b) = price.parts();
    let (q, b) = (N::Wide::from(q), N::Wide::from(b));
    let sum = amounts.x.wide()? * q + amounts.y.wide()? * b;
    let worth = match rounding {
        Rounding::Down => sum.div_floor(b),
        Rounding::Up => sum.div_ceil(b),
    };
    Amount::from_wide(worth, Fit::Alone, rounding)
}

/// How a liquidity provider has fared, in token Y.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use]
pub struct Outcome<N: Number = Decimal> {
    /// What the position redeems.
    pub value: Amount<N>,
    /// What the deposit would be worth, had it been held.
    pub held: Amount<N>,
    /// What the movement of the price has cost against holding, fees apart.
    pub impermanent_loss: Amount<N>,
    /// The part of the redeemed tokens that is fees: what the position holds beyond the liquidity
    /// that was deposited.
    pub fees: Amounts<N>,
}

/// How a liquidity provider has fared who deposited `deposit` and would redeem `redeemed`, at a
/// price of X.
///
/// ```text
/// kept = √(k·x′/y′), √(k·y′/x′)     k of the deposit; x′, y′ redeemed
/// fees = redeemed − ⌈kept⌉
/// loss = ⌈worth of the deposit⌉ − ⌊worth of ⌊kept⌋⌋
/// ```
///
/// `kept` is what the deposited liquidity holds at the pool's ratio, so the loss is the impermanent one
/// when the price is the pool's and the deposit was at its ratio. A gain, which another price can show,
/// is a loss of zero.
///
/// # Rounding
/// Value and fees down, the loss up.
///
/// # Errors
/// [`MathError::DivisionByZero`] when nothing of one token is redeemed; [`MathError::Overflow`], and those of
/// a bare number that is not a price.
///
/// # Example
/// ```
/// use defi_math::Fee;
/// use defi_math::amm::{Amounts, Pool, Token, liquidity};
/// use rust_decimal::dec;
///
/// let deposit = Amounts::new(dec!(100), dec!(10_000))?;
/// let mint = Pool::new(dec!(100), dec!(10_000), Fee::PERCENT_0_30)?.mint(deposit)?;
/// let moved = mint.after.swap_exact_in(Token::Y, dec!(2_000))?.after;
/// let redeemed = moved.burn(mint.shares)?.amounts;
///
/// let outcome = liquidity::outcome(deposit, redeemed, moved.spot_price(Token::X)?)?;
/// assert!(outcome.fees.y > dec!(0.1));
/// assert!(outcome.value < outcome.held);
/// # Ok::<(), defi_math::Error>(())
/// ```
pub fn outcome<N: Number>(
    deposit: Amounts<N>,
    redeemed: Amounts<N>,
    price_of_x: impl IntoQuantity<Price<N>>,
) -> Result<Outcome<N>, MathError> {
    let price = price_of_x.into_quantity()?;
    let k = deposit.x.wide()? * deposit.y.wide()?;
    let (x, y) = (redeemed.x.wide()?, redeemed.y.wide()?);
    let beyond = |has: Amount<N>, square: N::Wide| -> Result<Amount<N>, MathError> {
        let fee = has.wide()?.saturating_minus(square.sqrt_ceil());
        Amount::from_wide(fee, Fit::From(has), Rounding::Down)
    };
    let fees = Amounts {
        x: beyond(redeemed.x, (k * x).div_ceil(y))?,
        y: beyond(redeemed.y, (k * y).div_ceil(x))?,
    };
    let alone =
        |square: N::Wide| Amount::from_wide(square.sqrt_floor(), Fit::Alone, Rounding::Down);
    let kept = Amounts { x: alone((k * x).div_floor(y))?, y: alone((k * y).div_floor(x))? };
    let (most, least) = (worth(deposit, price, Rounding::Up)?, worth(kept, price, Rounding::Down)?);
    let loss = most.wide()?.saturating_minus(least.wide()?);
    Ok(Outcome {
        value: worth(redeemed, price, Rounding::Down)?,
        held: worth(deposit, price, Rounding::Down)?,
        impermanent_loss: Amount::from_wide(loss, Fit::Alone, Rounding::Up)?,
        fees,
    })
}
