//! Time-weighted average prices from accumulated ones.

use super::{AmmError, Pool, Token};
use crate::num::Number;
use crate::num::wide::U256;
use crate::quantity::Price;
use crate::rate::{Elapsed, PerSecond};

/// Uniswap v2's price accumulators: for each token, the sum of its price over every second.
///
/// Two observations give the average price of the window between them, which a single trade cannot
/// move: the spot price of a pool with reserve `y` costs only about `y·ε²/4` to push by `ε` for a
/// moment, an average over a window must be held for as long as the window lasts.
///
/// # Symbols
///
/// | symbol | is | unit |
/// |---|---|---|
/// | `dt` | seconds since the last change of the reserves | s |
/// | `⌊y·2¹¹²/x⌋` | price of X in `UQ112.112` | Y per X |
///
/// # Rounding
///
/// Each price is rounded down to 2⁻¹¹² once, the mean once more. Sums wrap at 2²⁵⁶ and seconds at
/// 2³², as the contract's do, and their differences are right all the same.
///
/// # Example
///
/// ```
/// use defi_math::amm::{Pool, PriceAccumulator, Token};
/// use defi_math::{Fee, Price};
/// use defi_math::rate::seconds;
/// use rust_decimal::dec;
///
/// let pool = Pool::new(dec!(100), dec!(400), Fee::PERCENT_0_30)?;
/// let start = PriceAccumulator::new();
/// // A price of 4 for an hour, then of 1 for a minute.
/// let noon = start.advance(&pool, seconds(3_600))?;
/// let moved = pool.swap_exact_in(Token::X, dec!(100.15))?.after;
/// let later = noon.advance(&moved, seconds(60))?;
/// let average: Price = later.average_price(Token::X, start)?;
/// assert!(average > Price::new(dec!(3.95))?);
/// # Ok::<(), defi_math::Error>(())
/// ```
///
/// # Source
/// `UniswapV2Pair._update`, `ExampleOracleSimple`; Uniswap v2 whitepaper, §2.2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[doc(alias = "TWAP")]
#[doc(alias = "price0CumulativeLast")]
pub struct PriceAccumulator {
    #[cfg_attr(feature = "serde", serde(with = "crate::text::halves"))]
    price_of_x: (u128, u128),
    #[cfg_attr(feature = "serde", serde(with = "crate::text::halves"))]
    price_of_y: (u128, u128),
    seconds: u32,
}

impl PriceAccumulator {
    /// Nothing accumulated yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { price_of_x: (0, 0), price_of_y: (0, 0), seconds: 0 }
    }

    /// The accumulators of a pair as read from a chain: both cumulative prices as the upper and lower
    /// half of 256 bits, and the timestamp that goes with them.
    ///
    /// # Example
    /// ```
    /// use defi_math::amm::{PriceAccumulator, Token};
    /// use defi_math::{Price, Wad};
    ///
    /// // A price of 4 for a minute, as UQ112.112.
    /// let then = PriceAccumulator::from_observation((7, 0), (0, 7), 1_600_757_415);
    /// let now = PriceAccumulator::from_observation((7, 240 << 112), (0, 7), 1_600_757_475);
    /// let average: Price<Wad> = now.average_price(Token::X, then)?;
    /// assert_eq!(average, Price::new("4".parse::<Wad>()?)?);
    /// # Ok::<(), defi_math::Error>(())
    /// ```
    #[must_use]
    pub const fn from_observation(
        price_of_x: (u128, u128),
        price_of_y: (u128, u128),
        timestamp: u32,
    ) -> Self {
        Self { price_of_x, price_of_y, seconds: timestamp }
    }

    /// Accumulates the prices of `pool`, which have stood for `elapsed`. To be called with the pool
    /// as it was before each change of its reserves.
    ///
    /// An empty pool has no price: its time passes and adds nothing.
    ///
    /// # Errors
    /// [`MathError::Overflow`](crate::MathError::Overflow) for a price of 2^112 or more, which no
    /// pair of the contract's bound has.
    pub fn advance<N: Number>(
        self,
        pool: &Pool<N>,
        elapsed: Elapsed<PerSecond>,
    ) -> Result<Self, AmmError> {
        let (x, y) = (pool.reserve(Token::X), pool.reserve(Token::Y));
        let seconds = self.seconds.wrapping_add(elapsed.count());
        if x.is_zero() || y.is_zero() {
            return Ok(Self { seconds, ..self });
        }
        let add = |sum: (u128, u128), price: (u128, u128)| {
            // A price below 2^224 times 32 bits of seconds fits.
            let step = U256::from_halves(price.0, price.1)
                .checked_mul(u128::from(elapsed.count()))
                .ok_or(crate::MathError::Overflow)?;
            Ok::<_, AmmError>(U256::from_halves(sum.0, sum.1).wrapping_add(step).halves())
        };
        Ok(Self {
            price_of_x: add(self.price_of_x, N::uq112x112(y.get(), x.get())?)?,
            price_of_y: add(self.price_of_y, N::uq112x112(x.get(), y.get())?)?,
            seconds,
        })
    }

    /// The accumulated price of a token, as the upper and lower half of the contract's integer of
    /// 256 bits.
    #[must_use]
    pub const fn cumulative_price(self, of: Token) -> (u128, u128) {
        match of {
            Token::X => self.price_of_x,
            Token::Y => self.price_of_y,
        }
    }

    /// The mean price of a token, in the other one, since an earlier observation.
    ///
    /// # Rounding
    /// Down, to 2⁻¹¹².
    ///
    /// # Errors
    /// [`AmmError::EmptyWindow`] when no time lies between; [`MathError::Zero`](crate::MathError::Zero)
    /// when the price rounds to nothing.
    pub fn average_price<N: Number>(self, of: Token, since: Self) -> Result<Price<N>, AmmError> {
        let window = self.seconds.wrapping_sub(since.seconds);
        if window == 0 {
            return Err(AmmError::EmptyWindow);
        }
        let (now, then) = (self.cumulative_price(of), since.cumulative_price(of));
        let sum = U256::from_halves(now.0, now.1).wrapping_sub(U256::from_halves(then.0, then.1));
        let (mean, one) = N::mean_of_uq112x112(sum.halves(), window)?;
        Ok(Price::from_exact(mean, one)?)
    }
}
