//! What a vault asks of a number besides [`Number`]: a finer type for rates and prices, and exact
//! products of the two.

use core::fmt;

use rust_decimal::Decimal;

use crate::error::{Kind, MathError};
use crate::num::wide::U256;
use crate::num::{Exact, Fit, Grid, Number, Ray, Rounding, Wad, Wide};

/// A number that vaults are computed in: amounts in the type itself, rates and prices in
/// [`Rate`](Self::Rate), coins as exact products of the two.
///
/// | amounts | rates and prices | coins | on the chain |
/// |---|---|---|---|
/// | [`Wad`] | [`Ray`] | 256-bit integers of 45 places | wad, ray, rad: bit for bit |
/// | `Decimal` | `Decimal`, 27 places below 79 | the same | the same digits where they fit |
/// | `f64` | `f64` | `f64` | close |
pub trait VaultNumber: Number {
    /// The number of rates and prices.
    #[doc(alias = "ray")]
    type Rate: Number<Exact = Self::Exact, Wide = Self::Wide>;

    #[doc(hidden)]
    const NOTHING: Self::Exact;

    /// One coin.
    #[doc(hidden)]
    const COIN: Self::Exact;

    #[doc(hidden)]
    const LARGEST: Self::Exact;

    /// The largest room for liquidations of which the contract's arithmetic does not overflow.
    #[doc(hidden)]
    const LARGEST_ROOM: Self::Exact;

    /// `value` if it can be held: the sums and products of floats are checked here.
    #[doc(hidden)]
    fn held(value: Self::Exact) -> Result<Self::Exact, MathError>;

    /// Maker's `rpow`.
    #[doc(hidden)]
    fn pow_half_up(factor: Self::Rate, exponent: u64) -> Result<Self::Rate, MathError>;

    #[doc(hidden)]
    fn write_coins(coins: Self::Exact, f: &mut fmt::Formatter<'_>) -> fmt::Result;

    #[doc(hidden)]
    fn parse_coins(text: &str) -> Result<Self::Exact, MathError>;
}

/// 1 of an amount, as an exact expression: 10^18 base units.
pub(super) fn wad<N: VaultNumber>() -> Result<N::Exact, MathError> {
    N::ONE.exact(Grid::Amount)
}

/// 1 of a rate, as an exact expression: 10^27 base units.
pub(super) fn ray<N: VaultNumber>() -> Result<N::Exact, MathError> {
    N::Rate::ONE.exact(Grid::Rate)
}

/// `⌊a·b⌋` of two numbers on the grid of rates: Maker's `rmul`.
pub(super) fn mul_rate<R: Number>(a: R, b: R) -> Result<R, MathError> {
    let one = R::ONE.exact(Grid::Rate)?;
    a.mul_div(b.exact(Grid::Rate)?, one, Fit::Alone, Grid::Rate, Rounding::Down)
}

/// `⌊a/b⌋` of two exact expressions, as a number of a grid.
pub(super) fn divided<M: Number>(
    a: M::Exact,
    b: M::Exact,
    fit: Fit<M>,
    grid: Grid,
    rounding: Rounding,
) -> Result<M, MathError> {
    if b.is_zero() {
        return Err(MathError::DivisionByZero);
    }
    let (a, b) = (M::Wide::from(a), M::Wide::from(b));
    let quotient = match rounding {
        Rounding::Down => a.div_floor(b),
        Rounding::Up => a.div_ceil(b),
    };
    M::from_wide(quotient, fit, grid, rounding)
}

const COIN_PLACES: usize = 45;

/// The shortest exact text of an integer of 45 decimal places; `{:.2}` cuts behind the second.
#[expect(clippy::cast_possible_truncation, reason = "a digit")]
fn write_u256(coins: U256, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    // 2^256 has 33 digits before the point.
    const POINT: usize = 33;
    let mut text = [b'0'; POINT + 1 + COIN_PLACES];
    let (mut rest, ten) = (coins, U256::from_u128(10));
    for (at, byte) in text.iter_mut().enumerate().rev() {
        if at == POINT {
            *byte = b'.';
        } else if let Some((quotient, digit)) = rest.div_rem(ten) {
            *byte = b'0'.saturating_add(digit.to_u128().unwrap_or(0) as u8);
            rest = quotient;
        }
    }
    let text = core::str::from_utf8(&text).map_err(|_| fmt::Error)?;
    let (whole, places) = text.split_at(POINT);
    let whole = whole.trim_start_matches('0').len().max(1);
    // A point and its places.
    let shown = match f.precision() {
        Some(wanted) => places.len().min(wanted.saturating_add(usize::from(wanted > 0))),
        None => places.trim_end_matches('0').trim_end_matches('.').len(),
    };
    let shown = text.get(POINT.saturating_sub(whole)..POINT.saturating_add(shown));
    f.pad_integral(true, "", shown.ok_or(fmt::Error)?)
}

fn parse_u256(text: &str) -> Result<U256, MathError> {
    let (whole, places) = text.split_once('.').unwrap_or((text, ""));
    let places = places.trim_end_matches('0');
    if whole.is_empty() && !text.contains(|c: char| c.is_ascii_digit()) {
        return Err(MathError::Malformed(Kind::Coins));
    }
    let missing =
        COIN_PLACES.checked_sub(places.len()).ok_or(MathError::TooManyPlaces(Kind::Coins))?;
    let digits = whole.chars().chain(places.chars());
    let digits = digits.map(|c| c.to_digit(10).ok_or(MathError::Malformed(Kind::Coins)));
    digits.chain((0..missing).map(|_| Ok(0))).try_fold(U256::ZERO, |value, digit| {
        value.times(10)?.plus(U256::from_u128(u128::from(digit?)))
    })
}

macro_rules! exact_coins {
    ($number:ty, $rate:ty, $pow:expr) => {
        impl VaultNumber for $number {
            type Rate = $rate;

            const NOTHING: U256 = U256::ZERO;
            const COIN: U256 = U256::product(10_u128.pow(18), 10_u128.pow(27));
            const LARGEST: U256 = U256::from_halves(u128::MAX, u128::MAX);
            const LARGEST_ROOM: U256 = U256::from_halves(u128::MAX >> 60, u128::MAX);

            #[inline]
            fn held(value: U256) -> Result<U256, MathError> {
                Ok(value)
            }

            fn pow_half_up(factor: $rate, exponent: u64) -> Result<$rate, MathError> {
                let pow: fn($rate, u64) -> Result<$rate, MathError> = $pow;
                pow(factor, exponent)
            }

            fn write_coins(coins: U256, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_u256(coins, f)
            }

            fn parse_coins(text: &str) -> Result<U256, MathError> {
                parse_u256(text)
            }
        }
    };
}

exact_coins!(Wad, Ray, |factor, exponent| factor.pow_half_up(exponent));

// Its 27 places are a ray's, and so are the digits of its power; what does not fit a `Decimal` is cut.
exact_coins!(Decimal, Decimal, |factor, exponent| {
    let factor = factor.exact(Grid::Rate)?.to_u128().ok_or(MathError::Overflow)?;
    let power = Ray::from_raw(factor).pow_half_up(exponent)?;
    let power = U256::from_u128(power.raw());
    Decimal::from_wide(power.into(), Fit::Alone, Grid::Rate, Rounding::Down)
});

#[cfg(any(feature = "std", feature = "libm"))]
impl VaultNumber for f64 {
    type Rate = Self;

    const NOTHING: Self = 0.0;
    const COIN: Self = 1.0;
    const LARGEST: Self = Self::MAX;
    const LARGEST_ROOM: Self = Self::MAX;

    #[inline]
    fn held(value: Self) -> Result<Self, MathError> {
        if value.is_finite() { Ok(value) } else { Err(MathError::Overflow) }
    }

    fn pow_half_up(factor: Self, exponent: u64) -> Result<Self, MathError> {
        factor.power(exponent, Grid::Rate, Rounding::Down)
    }

    fn write_coins(coins: Self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&coins, f)
    }

    fn parse_coins(text: &str) -> Result<Self, MathError> {
        Self::parse(text, Kind::Coins)?.on_grid(Grid::Rate, Kind::Coins)
    }
}
