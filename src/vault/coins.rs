//! Coins and the price of collateral in them.

use core::cmp::Ordering;
use core::fmt;
use core::ops::{Add, Sub};
use core::str::FromStr;

use rust_decimal::Decimal;

use super::number::{VaultNumber, divided, ray, wad};
use crate::error::{Kind, MathError};
use crate::num::wide::U256;
use crate::num::{Exact, Fit, Grid, Number, Rounding, Wad, Wide};
use crate::quantity::{Amount, Index, IntoQuantity, Price};

/// The system's own coins, and debt in them: an exact product of an amount and a rate, with 45 places.
///
/// What the contract keeps as *rad*, in the same 256 bits: nothing is dropped, whatever is owed, paid,
/// written off or compared. An [`Amount`] of coins goes in exactly and comes out rounded in a stated
/// direction ([`to_amount_down`](Self::to_amount_down), [`to_amount_up`](Self::to_amount_up)).
///
/// # Example
///
/// ```
/// use defi_math::vault::Coins;
/// use rust_decimal::dec;
///
/// let debt = Coins::new(dec!(100.5))?;
/// assert_eq!((debt + Coins::new(dec!(0.25))?)?.to_string(), "100.75");
/// assert!((Coins::ZERO - debt).is_err());
/// // More places than any amount has.
/// let fine: Coins = "0.000000000000000000000000000000000000000000001".parse()?;
/// assert_eq!(fine.to_amount_down()?, dec!(0));
/// assert_eq!(fine.to_amount_up()?, dec!(0.000000000000000001));
/// # Ok::<(), defi_math::MathError>(())
/// ```
#[derive(Clone, Copy, PartialEq, PartialOrd)]
#[doc(alias = "rad")]
#[doc(alias = "dai")]
pub struct Coins<N: VaultNumber = Decimal>(N::Exact);

impl<N: VaultNumber> Coins<N> {
    /// Nothing.
    pub const ZERO: Self = Self(N::NOTHING);

    /// The most that can be held: 1.1·10³² coins, the contract's `uint(-1)`. As a ceiling, none.
    pub const MAX: Self = Self(N::LARGEST);

    /// The highest limit under which the contract can liquidate: 10¹⁴ coins.
    pub const LARGEST_LIMIT: Self = Self(N::LARGEST_ROOM);

    /// The number as coins.
    ///
    /// # Errors
    /// [`MathError::Negative`], [`MathError::NotFinite`], [`MathError::TooManyPlaces`] for a `Decimal` of
    /// more than 18 places.
    pub fn new(number: N) -> Result<Self, MathError> {
        number.on_grid(Grid::Amount, Kind::Coins).and_then(|number| Self::of(Amount::new(number)?))
    }

    /// An amount of coins, exactly.
    ///
    /// # Errors
    /// None but for a float beyond the range.
    pub fn of(amount: Amount<N>) -> Result<Self, MathError> {
        Self::from_exact(amount.exact()?.product(ray::<N>()?)?)
    }

    /// `⌊self⌋` on the grid of amounts.
    ///
    /// # Errors
    /// [`MathError::Overflow`].
    pub fn to_amount_down(self) -> Result<Amount<N>, MathError> {
        self.to_amount(Rounding::Down)
    }

    /// `⌈self⌉` on the grid of amounts: what pays a debt.
    ///
    /// # Errors
    /// [`MathError::Overflow`].
    pub fn to_amount_up(self) -> Result<Amount<N>, MathError> {
        self.to_amount(Rounding::Up)
    }

    fn to_amount(self, rounding: Rounding) -> Result<Amount<N>, MathError> {
        divided::<N>(self.0, ray::<N>()?, Fit::Alone, Grid::Amount, rounding).and_then(Amount::new)
    }

    /// Whether it is zero.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.0.is_zero()
    }

    /// A float near it, for plots and rough comparisons.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        crate::num::quotient(self.0.approximate(), N::COIN.approximate())
    }

    /// The smaller of the two.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        if other < self { other } else { self }
    }

    /// `max(self − other, 0)`.
    #[must_use]
    pub fn saturating_minus(self, other: Self) -> Self {
        // Of two numbers that are held, the larger less the smaller is one.
        (self - other).unwrap_or(Self::ZERO)
    }

    /// Whether it is more than the other: exactly, but for floats beyond
    /// [`RELATIVE_TOLERANCE`](crate::num::RELATIVE_TOLERANCE).
    pub(super) fn exceeds(self, other: Self) -> bool {
        self > other && N::cmp_products(self.0, N::COIN, other.0, N::COIN).is_gt()
    }

    /// `self − part`, where `part` was once added to `self`: [`Exact::less_part`].
    pub(super) fn less_part(self, part: Self) -> Result<Self, MathError> {
        self.0.less_part(part.0).map(Self)
    }

    pub(super) const fn exact(self) -> N::Exact {
        self.0
    }

    pub(super) fn from_exact(coins: N::Exact) -> Result<Self, MathError> {
        N::held(coins).map(Self)
    }

    /// `art·rate`: what a normalized amount has become.
    pub(super) fn accumulated(
        normalized: Amount<N>,
        rate: Index<N::Rate>,
    ) -> Result<Self, MathError> {
        Self::from_exact(normalized.exact()?.product(rate.exact()?)?)
    }

    /// `amount·price`.
    pub(super) fn worth(amount: Amount<N>, price: UnitPrice<N::Rate>) -> Result<Self, MathError> {
        Self::from_exact(amount.exact()?.product(price.exact()?)?)
    }

    /// `⌊self·ratio⌋`, the ratio on the grid of amounts: `rad·wad/WAD`.
    pub(super) fn scaled(self, ratio: N) -> Result<Self, MathError> {
        let ratio = ratio.exact(Grid::Amount)?;
        // The contract multiplies in 256 bits, and refuses what they do not hold.
        self.0.product(ratio)?;
        self.0.scaled(ratio, wad::<N>()?, Rounding::Down).and_then(Self::from_exact)
    }

    /// `self/rate` as an amount, in one directed step.
    pub(super) fn over(
        self,
        rate: N::Exact,
        fit: Fit<Amount<N>>,
        rounding: Rounding,
    ) -> Result<Amount<N>, MathError> {
        divided::<N>(self.0, rate, fit.map(Amount::get), Grid::Amount, rounding)
            .and_then(Amount::new)
    }
}

impl Coins<Wad> {
    /// The contract's integer of 256 bits, as its upper and lower half.
    #[must_use]
    pub const fn from_raw(hi: u128, lo: u128) -> Self {
        Self(U256::from_halves(hi, lo))
    }

    /// The contract's integer of 256 bits, as its upper and lower half.
    #[must_use]
    pub const fn raw(self) -> (u128, u128) {
        self.0.halves()
    }
}

impl<N: VaultNumber> Add for Coins<N> {
    type Output = Result<Self, MathError>;

    fn add(self, rhs: Self) -> Self::Output {
        self.0.plus(rhs.0).and_then(Self::from_exact)
    }
}

impl<N: VaultNumber> Sub for Coins<N> {
    type Output = Result<Self, MathError>;

    fn sub(self, rhs: Self) -> Self::Output {
        self.0.minus(rhs.0).map(Self)
    }
}

impl<N: VaultNumber> IntoQuantity<Self> for Coins<N> {
    fn into_quantity(self) -> Result<Self, MathError> {
        Ok(self)
    }
}

impl<N: VaultNumber> IntoQuantity<Coins<N>> for Amount<N> {
    fn into_quantity(self) -> Result<Coins<N>, MathError> {
        Coins::of(self)
    }
}

impl<N: VaultNumber> IntoQuantity<Coins<N>> for N {
    fn into_quantity(self) -> Result<Coins<N>, MathError> {
        Coins::new(self)
    }
}

impl<N: VaultNumber> fmt::Display for Coins<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        N::write_coins(self.0, f)
    }
}

impl<N: VaultNumber> fmt::Debug for Coins<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<N: VaultNumber> FromStr for Coins<N> {
    type Err = MathError;

    fn from_str(text: &str) -> Result<Self, MathError> {
        N::parse_coins(text).map(Self)
    }
}

#[cfg(feature = "serde")]
impl<N: VaultNumber> serde::Serialize for Coins<N> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "serde")]
impl<'de, N: VaultNumber> serde::Deserialize<'de> for Coins<N> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::text::deserialize(deserializer)
    }
}

/// Coins for one unit of collateral, cut to the 27 places that the contract keeps: a *ray*.
///
/// Unlike a [`Price`] it is rounded already, and it may be zero: an auction's price ends there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[doc(alias = "ray")]
pub struct UnitPrice<R = Decimal>(R);

impl<R: Number> UnitPrice<R> {
    /// Nothing.
    pub const ZERO: Self = Self(R::ZERO);

    /// 1.
    pub const ONE: Self = Self(R::ONE);

    /// The number as a price.
    ///
    /// # Errors
    /// [`MathError::Negative`], [`MathError::NotFinite`], [`MathError::TooManyPlaces`].
    pub fn new(number: R) -> Result<Self, MathError> {
        number.on_grid(Grid::Rate, Kind::Price).map(Self)
    }

    /// The bare number.
    #[must_use]
    pub const fn get(self) -> R {
        self.0
    }

    /// Whether it is zero.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.0.is_zero()
    }

    pub(super) fn exact(self) -> Result<R::Exact, MathError> {
        self.0.exact(Grid::Rate)
    }

    /// `⌊self·factor⌋`.
    pub(super) fn times(self, factor: R) -> Result<Self, MathError> {
        super::number::mul_rate(self.0, factor).map(Self)
    }

    /// `⌊self/divisor⌋`.
    pub(super) fn divided_by(self, divisor: R) -> Result<Self, MathError> {
        let (by, over) = (R::ONE.exact(Grid::Rate)?, divisor.exact(Grid::Rate)?);
        self.0.mul_div(by, over, Fit::Alone, Grid::Rate, Rounding::Down).map(Self)
    }
}

/// `⌊price/par⌋`: a market price in the unit of `par`, in coins.
pub(super) fn in_coins<N: VaultNumber>(
    market: Price<N>,
    par: UnitPrice<N::Rate>,
) -> Result<UnitPrice<N::Rate>, MathError> {
    let ((quote, base), ray) = (market.parts(), ray::<N>()?);
    // quote·RAY is the price in rays times base; a second RAY because `par` is one.
    wide_quotient::<N>([quote, ray, ray], [base, par.exact()?]).map(UnitPrice)
}

/// `⌊a·b·c/(d·e)⌋` as a rate: nested floors are one of the whole quotient.
#[expect(clippy::arithmetic_side_effects, reason = "a polynomial remembers an overflow")]
pub(super) fn wide_quotient<N: VaultNumber>(
    factors: [N::Exact; 3],
    divisors: [N::Exact; 2],
) -> Result<N::Rate, MathError> {
    if divisors.iter().any(|divisor| divisor.is_zero()) {
        return Err(MathError::DivisionByZero);
    }
    let [a, b, c] = factors.map(N::Wide::from);
    let [d, e] = divisors.map(N::Wide::from);
    let quotient = (a * b * c).div_floor(d).div_floor(e);
    <N::Rate as Number>::from_wide(quotient, Fit::Alone, Grid::Rate, Rounding::Down)
}

impl<R: Number> PartialEq<R> for UnitPrice<R> {
    fn eq(&self, other: &R) -> bool {
        self.0 == *other
    }
}

impl<R: Number> PartialOrd<R> for UnitPrice<R> {
    fn partial_cmp(&self, other: &R) -> Option<Ordering> {
        self.0.partial_cmp(other)
    }
}

impl<R: Number> IntoQuantity<Self> for UnitPrice<R> {
    fn into_quantity(self) -> Result<Self, MathError> {
        Ok(self)
    }
}

impl<R: Number> IntoQuantity<UnitPrice<R>> for R {
    fn into_quantity(self) -> Result<UnitPrice<R>, MathError> {
        UnitPrice::new(self)
    }
}

impl<R: Number> fmt::Display for UnitPrice<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.normalized(), f)
    }
}

impl<R: Number> FromStr for UnitPrice<R> {
    type Err = MathError;

    fn from_str(text: &str) -> Result<Self, MathError> {
        Self::new(R::parse(text, Kind::Price)?)
    }
}

#[cfg(feature = "serde")]
impl<R: Number> serde::Serialize for UnitPrice<R> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "serde")]
impl<'de, R: Number> serde::Deserialize<'de> for UnitPrice<R> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::text::deserialize(deserializer)
    }
}
