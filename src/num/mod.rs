//! Numbers: exact sums, directed products.
//!
//! One formula runs over three kinds of number, each a [`Number`]:
//!
//! | type | for | grid | promise |
//! |---|---|---|---|
//! | [`Decimal`](rust_decimal::Decimal) | people, databases, JSON | amounts 18 places, rates 27 | exact and directed |
//! | [`Fixed<PLACES>`](Fixed): [`Wad`] (18), [`Ray`] (27) | chains | its own | the same, bit for bit as the contract |
//! | `f64` | simulation, search | none | same formulas, relative error stated where it matters |
//!
//! # Where to look
//!
//! - [`Fixed`]: the numbers of contracts, and their way from and to a token's base units.
//! - [`Number`]: what every formula asks of a number. [`Exact`] and [`Wide`] are its expressions before they
//!   are rounded.
//! - [`Rounding`], [`Grid`], [`Fit`]: in which direction and to how many places a result is rounded.
//! - [`Growth`]: powers and roots of growth factors.
//!
//! Most callers need none of these but [`Wad`] and [`Ray`]: a protocol's operation has decided all of it.
//!
//! # Rules
//!
//! 1. Sums are exact or refused; products name their rounding. There is no `+` here that rounds and
//!    no `*` without a direction.
//! 2. A formula is rounded once: [`Number::mul_div`] builds the whole quotient exactly and comes
//!    back to the grid in one directed step.
//! 3. The direction belongs to the operation: against whoever initiates it.
//! 4. No panic, no wrap, no sentinel: a result that does not fit is a [`MathError`].
//!
//! # Ranges
//!
//! | type | smallest step | largest value | what happens between |
//! |---|---|---|---|
//! | `Wad` | 10⁻¹⁸ | 3.4·10²⁰ (2¹²⁸ − 1 base units) | always 18 places |
//! | `Ray` | 10⁻²⁷ | 3.4·10¹¹ | always 27 places |
//! | `Decimal` amounts | 10⁻¹⁸ | 7.9·10²⁸ | results: 18 places below 7.9·10⁷; above, see below |
//! | `Decimal` rates, indices | 10⁻²⁷ | 7.9·10²⁸ | results: 27 places below 79; above, see below |
//! | `f64` | — | 1.8·10³⁰⁸ | 53 significant bits |
//!
//! A `Decimal` has 96 bits, about 28 digits, so a large amount cannot have 18 places. A result is
//! rounded, in its stated direction, to the places that *the sum which follows* can carry ([`Fit`]):
//! an output is taken from a reserve, so it gets the reserve's places; an input is added to one, so it
//! gets those of their sum. That is as many of the 18 as leave three digits free, so that a reserve
//! which has been given places can grow a thousandfold before an exact sum is refused. Memecoin reserves
//! of 10¹⁵ therefore trade to ten places, and nothing overflows.
//!
//! What remains is refused as [`MathError::Inexact`], never rounded: adding an amount with more places
//! than 28 digits can carry. A quote of it is still exact.
//!
//! # Laws
//!
//! - `product_brackets_the_exact_value`, `root_brackets_the_exact_root`, `pow_brackets_the_exact_power`:
//!   `…_down ≤ exact ≤ …_up`.
//! - `sums_refuse_rather_than_round`: a sum is exact, and refused exactly when no number of the type is it.
//! - `decimal_and_wad_agree_digit_for_digit`, wherever the digits fit.
//! - `conversions_are_exact_or_refused`, `a_number_parses_what_it_prints`.
//!
//! # Not laws
//!
//! - `(a / b) · b = a`: each step is rounded. `a · b / b` in one [`mul_div`](Number::mul_div) is `a`.
//! - That a `Decimal` sum exists because both terms do: `10²⁰ + 10⁻¹⁸` has 39 digits.
//! - That equal is transitive for products of floats: they are equal within [`RELATIVE_TOLERANCE`].
//!
//! # Rounding
//!
//! [`Rounding::Down`] and [`Rounding::Up`], named by every method that rounds. To the nearest only where
//! deployed contracts do: the `…_half_up` of [`Fixed`].
//!
//! # Example
//!
//! ```
//! use defi_math::num::{Fixed, Number, Ray, Rounding, Wad};
//!
//! let a: Wad = "1.5".parse()?;
//! let b: Wad = "0.333333333333333333".parse()?;
//! assert_eq!(a.mul_down(b)?.to_string(), "0.499999999999999999");
//! assert_eq!(a.mul_up(b)?.to_string(), "0.5");
//! assert_eq!(a.try_add(b)?.raw(), 1_833_333_333_333_333_333);
//! assert_eq!(Ray::try_from(a)?, Fixed::<27>::from_raw(1_500_000_000_000_000_000_000_000_000));
//! # Ok::<(), defi_math::MathError>(())
//! ```
//!
//! # Sources
//!
//! *Wad* and *ray* are MakerDAO's words (`DSMath`). Division after Knuth, *The Art of Computer Programming*,
//! vol. 2, §4.3.1; roots after Zimmermann, *Karatsuba Square Root*, INRIA RR-3805.

mod decimal;
mod fixed;
mod float;
mod growth;
mod operators;
pub(crate) mod wide;

use core::cmp::Ordering;
use core::fmt::{self, Debug, Display};
use core::ops::{Add, Mul, Sub};
use core::str::FromStr;

pub(crate) use fixed::power_of_ten;
pub use fixed::{Fixed, Ray, Wad};
#[cfg(any(feature = "std", feature = "libm"))]
pub use float::RELATIVE_TOLERANCE;
pub(crate) use float::quotient;
pub use growth::Growth;

use crate::error::{Kind, MathError};

pub(crate) mod sealed {
    pub trait Sealed {}
}

/// The direction of a rounded result.
///
/// Callers rarely meet it: a protocol's operation has its direction fixed. It is the argument of
/// the few methods on which every `…_down` and `…_up` is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rounding {
    /// To the largest value of the grid that is not above the exact one.
    Down,
    /// To the smallest value of the grid that is not below the exact one.
    Up,
}

/// The places that a `Decimal` keeps for a kind of quantity; the other types have one grid for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Grid {
    /// Amounts and shares: 18 places.
    Amount,
    /// Ratios, indices and rates: 27 places.
    Rate,
}

/// What becomes of a result: it decides how many places a large `Decimal` result has. The other
/// types have one grid for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fit<T> {
    /// It stands by itself: as many places as it can carry.
    Alone,
    /// It is taken from this: the places that this can carry.
    From(T),
    /// It is added to this: the places that the sum can carry.
    To(T),
}

impl<T> Fit<T> {
    /// The same for a number inside.
    #[inline]
    pub(crate) fn map<U>(self, inner: impl FnOnce(T) -> U) -> Fit<U> {
        match self {
            Self::Alone => Fit::Alone,
            Self::From(whole) => Fit::From(inner(whole)),
            Self::To(part) => Fit::To(inner(part)),
        }
    }
}

/// `γ = n/d`: the part of what is paid that counts, in small integers.
///
/// Carries the float nearest to it, because to turn two integers into floats would cost a quote in `f64`
/// more than all else in it but the division.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Gamma {
    numerator: u32,
    denominator: u32,
    nearest: u64,
}

impl Gamma {
    pub(crate) const fn new(numerator: u32, denominator: u32) -> Self {
        let nearest = quotient(numerator as f64, denominator as f64).to_bits();
        Self { numerator, denominator, nearest }
    }

    /// `n`.
    #[must_use]
    #[inline]
    pub const fn numerator(self) -> u32 {
        self.numerator
    }

    /// `d`.
    #[must_use]
    #[inline]
    pub const fn denominator(self) -> u32 {
        self.denominator
    }

    /// The float nearest to it.
    #[must_use]
    #[inline]
    pub const fn nearest(self) -> f64 {
        f64::from_bits(self.nearest)
    }
}

impl Debug for Gamma {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.numerator, self.denominator)
    }
}

/// An exact linear expression in numbers: small multiples, their sums and differences.
///
/// It is what [`Number::mul_div`] divides by, so that `d·x + n·dx` needs no rounding of its own.
pub trait Exact: Copy + Debug + PartialOrd {
    /// `self + rhs`.
    ///
    /// # Errors
    /// [`MathError::Overflow`] above 2^256; a float is checked when it becomes a number.
    fn plus(self, rhs: Self) -> Result<Self, MathError>;

    /// `self − rhs`.
    ///
    /// # Errors
    /// [`MathError::Underflow`] below zero.
    fn minus(self, rhs: Self) -> Result<Self, MathError>;

    /// `self − part`, where `part` was once added to `self`: as [`minus`](Self::minus), but a sum of
    /// floats that has lost up to a millionth of the part to rounding leaves zero.
    ///
    /// # Errors
    /// [`MathError::Underflow`] below zero.
    fn less_part(self, part: Self) -> Result<Self, MathError> {
        self.minus(part)
    }

    /// `self · factor`.
    ///
    /// # Errors
    /// [`MathError::Overflow`] above 2^256; a float is checked when it becomes a number.
    fn times(self, factor: u32) -> Result<Self, MathError>;

    /// Whether the expression is zero.
    fn is_zero(self) -> bool;

    /// `self · rhs`, of degree two.
    ///
    /// # Errors
    /// [`MathError::Overflow`] above 2^256; a float is checked when it becomes a number.
    fn product(self, rhs: Self) -> Result<Self, MathError>;

    /// `self · by / over` in one directed step, where a formula rounds on its way.
    ///
    /// # Errors
    /// [`MathError::DivisionByZero`]; [`MathError::Overflow`] when the quotient is above 2^256; a float
    /// is checked when it becomes a number.
    fn scaled(self, by: Self, over: Self, rounding: Rounding) -> Result<Self, MathError>;

    /// A float near the expression.
    fn approximate(self) -> f64;
}

/// A polynomial of exact expressions, for closed forms with a square root.
///
/// Its operators never round and never panic: what leaves 512 bits, or falls below zero, is
/// remembered and refused by the final [`Number::from_wide`].
pub trait Wide:
    Copy + Debug + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self>
{
    /// `⌊self/divisor⌋`, the plain quotient for `f64`.
    #[must_use]
    fn div_floor(self, divisor: Self) -> Self;

    /// `⌈self/divisor⌉`, the plain quotient for `f64`.
    #[must_use]
    fn div_ceil(self, divisor: Self) -> Self;

    /// `⌊√self⌋`, the plain root for `f64`.
    #[must_use]
    fn sqrt_floor(self) -> Self;

    /// `⌈√self⌉`, the plain root for `f64`.
    #[must_use]
    fn sqrt_ceil(self) -> Self;

    /// `max(self − rhs, 0)`.
    #[must_use]
    fn saturating_minus(self, rhs: Self) -> Self;

    /// `factor`, as an expression.
    #[must_use]
    fn integer(factor: u32) -> Self;
}

/// A number that the formulas of this crate run on: `Decimal`, [`Fixed`] or `f64`.
///
/// Sealed: the promises of the table in the [module](self) are this crate's to keep. All values are
/// non-negative: a negative `Decimal` is refused by every method; an `f64` is checked when it becomes
/// a quantity, and its results are checked to be finite.
///
/// Sums and exact multiples are named `try_…`, [`multiple`](Self::multiple) and
/// [`less_part`](Self::less_part), products by their direction. A formula of one's own is best
/// written with quantities, [`exact`](Self::exact) and [`mul_div`](Self::mul_div).
///
/// # Example
/// ```
/// use defi_math::num::{Exact, Fit, Grid, Rounding};
/// use defi_math::{MathError, Number, Wad};
/// use rust_decimal::dec;
///
/// /// `⌊a·b/(b + c)⌋`, over every kind of number, rounded once.
/// fn part<N: Number>(a: N, b: N, c: N) -> Result<N, MathError> {
///     let b = b.exact(Grid::Amount)?;
///     let whole = b.plus(c.exact(Grid::Amount)?)?;
///     a.mul_div(b, whole, Fit::From(a), Grid::Amount, Rounding::Down)
/// }
///
/// assert_eq!(part(dec!(1), dec!(1), dec!(2))?, dec!(0.333333333333333333));
/// let units = Wad::from_raw;
/// assert_eq!(part(units(100), units(1), units(2))?, units(33));
/// assert_eq!(part(1.0, 1.0, 3.0)?, 0.25);
/// # Ok::<(), MathError>(())
/// ```
pub trait Number:
    Copy + Debug + Display + FromStr + PartialEq + PartialOrd + sealed::Sealed + 'static
{
    /// Small multiples and sums, held exactly.
    type Exact: Exact;
    /// Products of those, held exactly.
    type Wide: Wide + From<Self::Exact>;

    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// The step of the amount grid: one base unit of a [`Fixed`], 10⁻¹⁸ for `Decimal` and `f64`.
    const UNIT: Self;
    /// A thousand units: the shares that the first deposit into a Uniswap v2 pair locks for ever.
    const MINIMUM_LIQUIDITY: Self;

    /// The number itself, brought to its grid without a change of value, or the reason why it
    /// cannot be a quantity of the given kind.
    ///
    /// # Errors
    /// [`MathError::Negative`], [`MathError::NotFinite`], [`MathError::TooManyPlaces`].
    fn on_grid(self, grid: Grid, kind: Kind) -> Result<Self, MathError>;

    /// Whether it is zero.
    fn is_zero(self) -> bool;

    /// The same value in its shortest form: a `Decimal` without trailing zeros.
    #[must_use]
    fn normalized(self) -> Self;

    /// `self + rhs`, exact.
    ///
    /// # Errors
    /// [`MathError::Overflow`] when the sum is too large, [`MathError::Inexact`] when it has more
    /// digits than a `Decimal`.
    fn try_add(self, rhs: Self) -> Result<Self, MathError>;

    /// `self − rhs`, exact.
    ///
    /// # Errors
    /// [`MathError::Underflow`] when `rhs` is larger, [`MathError::Inexact`] when the difference has
    /// more digits than a `Decimal`.
    fn try_sub(self, rhs: Self) -> Result<Self, MathError>;

    /// `self − part`, where `part` was once added to `self`: as [`try_sub`](Self::try_sub), but a sum of
    /// floats that has lost up to a millionth of the part to rounding leaves zero.
    ///
    /// # Errors
    /// As [`try_sub`](Self::try_sub).
    fn less_part(self, part: Self) -> Result<Self, MathError> {
        self.try_sub(part)
    }

    /// `self · factor`, exact.
    ///
    /// # Errors
    /// [`MathError::Overflow`], [`MathError::Inexact`] as for a sum.
    fn multiple(self, factor: u32) -> Result<Self, MathError>;

    /// `self` as an exact expression of the given grid.
    ///
    /// # Errors
    /// [`MathError::Negative`], [`MathError::NotFinite`], [`MathError::TooManyPlaces`].
    fn exact(self, grid: Grid) -> Result<Self::Exact, MathError>;

    /// `self · factor` as an exact expression of the given grid.
    ///
    /// # Errors
    /// As [`exact`](Self::exact).
    #[inline]
    fn times(self, factor: u32, grid: Grid) -> Result<Self::Exact, MathError> {
        self.exact(grid)?.times(factor)
    }

    /// `n·part` and `d·self + n·part`, for `γ = n/d`: what counts of a part, and what it makes with
    /// `self`, both `d` times. A float takes them once: `γ·part` and `self + γ·part`.
    ///
    /// # Errors
    /// As [`times`](Self::times).
    #[inline]
    fn joined_by(
        self,
        part: Self,
        gamma: Gamma,
        grid: Grid,
    ) -> Result<(Self::Exact, Self::Exact), MathError> {
        let kept = part.times(gamma.numerator, grid)?;
        Ok((kept, self.times(gamma.denominator, grid)?.plus(kept)?))
    }

    /// `self` as a fraction of two exact expressions.
    ///
    /// # Errors
    /// [`MathError::Negative`], [`MathError::NotFinite`].
    fn fraction(self, kind: Kind) -> Result<(Self::Exact, Self::Exact), MathError>;

    /// The number that a text says, exactly; the nearest `f64`.
    ///
    /// Digits with at most one point among them are read by every type. A `Decimal` also takes a sign and
    /// underscores, an `f64` all that its own `FromStr` takes: what is negative or infinite is refused when it
    /// becomes a quantity.
    ///
    /// # Errors
    /// [`MathError::Malformed`]; [`MathError::TooManyPlaces`], [`MathError::Overflow`] when the type
    /// cannot hold it.
    fn parse(text: &str, kind: Kind) -> Result<Self, MathError>;

    /// `self · by / over` in one directed step.
    ///
    /// # Errors
    /// [`MathError::DivisionByZero`]; [`MathError::Overflow`] when the quotient does not fit, for
    /// [`Fixed`] also when the numerator exceeds 256 bits, as on the chain, and for `f64` when the product is
    /// beyond its range.
    fn mul_div(
        self,
        by: Self::Exact,
        over: Self::Exact,
        fit: Fit<Self>,
        grid: Grid,
        rounding: Rounding,
    ) -> Result<Self, MathError>;

    /// A polynomial of the given grid as a number.
    ///
    /// # Errors
    /// [`MathError::Overflow`], [`MathError::Underflow`] or [`MathError::DivisionByZero`] of any
    /// step that led to the expression; [`MathError::Overflow`] when it does not fit.
    fn from_wide(
        value: Self::Wide,
        fit: Fit<Self>,
        grid: Grid,
        rounding: Rounding,
    ) -> Result<Self, MathError>;

    /// Compares `a·b` with `c·d`: exactly, or for `f64` with products closer than
    /// [`RELATIVE_TOLERANCE`] counted as equal.
    fn cmp_products(a: Self::Exact, b: Self::Exact, c: Self::Exact, d: Self::Exact) -> Ordering;

    /// Compares the fractions `a/b` and `c/d`: a total order, to sort by. Exact; for `f64` by the plain
    /// quotients, without the tolerance of [`cmp_products`](Self::cmp_products), which is not
    /// transitive.
    fn cmp_fractions(a: Self::Exact, b: Self::Exact, c: Self::Exact, d: Self::Exact) -> Ordering {
        Self::cmp_products(a, d, c, b)
    }

    /// Whether a pair could hold this reserve: at most 2^112 − 1 base units of a [`Fixed`],
    /// Uniswap's own bound; always for the other types.
    #[doc(hidden)]
    fn fits_reserve(self) -> bool;

    /// `⌊y·2^112 / x⌋`, the price of Uniswap's accumulators, as the upper and lower half of an
    /// integer of 256 bits.
    ///
    /// # Errors
    /// [`MathError::DivisionByZero`]; [`MathError::Overflow`] for a price of 2^112 or more.
    #[doc(hidden)]
    fn uq112x112(y: Self, x: Self) -> Result<(u128, u128), MathError>;

    /// The mean `⌊sum/seconds⌋` of an accumulated `UQ112.112` number, given as halves, as a fraction
    /// of two exact expressions.
    ///
    /// # Errors
    /// [`MathError::DivisionByZero`].
    #[doc(hidden)]
    fn mean_of_uq112x112(
        sum: (u128, u128),
        seconds: u32,
    ) -> Result<(Self::Exact, Self::Exact), MathError>;

    /// `self^exponent` by repeated squaring, each product rounded in the given direction, so that
    /// the exact power is bracketed: within a unit for each product, times what is left to multiply.
    ///
    /// # Errors
    /// [`MathError::Overflow`].
    fn power(self, exponent: u64, grid: Grid, rounding: Rounding) -> Result<Self, MathError> {
        let one = Self::ONE.exact(grid)?;
        let mul = |a: Self, b: Self| a.mul_div(b.exact(grid)?, one, Fit::Alone, grid, rounding);
        let base = self.on_grid(grid, Kind::Number)?;
        let (mut power, mut base, mut rest) = (Self::ONE, base, exponent);
        loop {
            if rest % 2 == 1 {
                power = mul(power, base)?;
            }
            rest /= 2;
            if rest == 0 {
                return Ok(power);
            }
            base = mul(base, base)?;
        }
    }

    /// A rate `r` carried to another unit of time: `(1 + r)ⁿ − 1` or `(1 + r)^(1/n) − 1`, on the grid of
    /// rates in one directed step.
    ///
    /// # Errors
    /// [`MathError::DivisionByZero`] for one of no periods; [`MathError::Overflow`].
    fn grown(self, growth: Growth, rounding: Rounding) -> Result<Self, MathError>;

    /// A float within two and a half units in the last place, for plots and rough comparisons.
    fn approximate(self) -> f64;

    /// `⌊self · rhs⌋` on the finest grid: 27 places of a `Decimal`.
    ///
    /// # Errors
    /// [`MathError::Overflow`], and those of a `Decimal` that is not on the grid.
    #[inline]
    fn mul_down(self, rhs: Self) -> Result<Self, MathError> {
        self.mul_div(
            rhs.exact(Grid::Rate)?,
            Self::ONE.exact(Grid::Rate)?,
            Fit::Alone,
            Grid::Rate,
            Rounding::Down,
        )
    }

    /// `⌈self · rhs⌉` on the finest grid.
    ///
    /// # Errors
    /// As [`mul_down`](Self::mul_down).
    #[inline]
    fn mul_up(self, rhs: Self) -> Result<Self, MathError> {
        self.mul_div(
            rhs.exact(Grid::Rate)?,
            Self::ONE.exact(Grid::Rate)?,
            Fit::Alone,
            Grid::Rate,
            Rounding::Up,
        )
    }

    /// `⌊self / rhs⌋` on the finest grid.
    ///
    /// # Errors
    /// [`MathError::DivisionByZero`], and as [`mul_down`](Self::mul_down).
    #[inline]
    fn div_down(self, rhs: Self) -> Result<Self, MathError> {
        self.mul_div(
            Self::ONE.exact(Grid::Rate)?,
            rhs.exact(Grid::Rate)?,
            Fit::Alone,
            Grid::Rate,
            Rounding::Down,
        )
    }

    /// `⌈self / rhs⌉` on the finest grid.
    ///
    /// # Errors
    /// [`MathError::DivisionByZero`], and as [`mul_down`](Self::mul_down).
    #[inline]
    fn div_up(self, rhs: Self) -> Result<Self, MathError> {
        self.mul_div(
            Self::ONE.exact(Grid::Rate)?,
            rhs.exact(Grid::Rate)?,
            Fit::Alone,
            Grid::Rate,
            Rounding::Up,
        )
    }

    /// `⌊√(self · rhs)⌋` on the finest grid.
    ///
    /// # Errors
    /// As [`mul_down`](Self::mul_down).
    fn geometric_mean_down(self, rhs: Self) -> Result<Self, MathError> {
        let product = product(self, rhs)?;
        Self::from_wide(product.sqrt_floor(), Fit::Alone, Grid::Rate, Rounding::Down)
    }

    /// `⌈√(self · rhs)⌉` on the finest grid.
    ///
    /// # Errors
    /// As [`mul_down`](Self::mul_down).
    fn geometric_mean_up(self, rhs: Self) -> Result<Self, MathError> {
        let product = product(self, rhs)?;
        Self::from_wide(product.sqrt_ceil(), Fit::Alone, Grid::Rate, Rounding::Up)
    }

    /// `⌊√self⌋` on the finest grid.
    ///
    /// # Errors
    /// As [`mul_down`](Self::mul_down).
    fn sqrt_down(self) -> Result<Self, MathError> {
        self.geometric_mean_down(Self::ONE)
    }

    /// `⌈√self⌉` on the finest grid.
    ///
    /// # Errors
    /// As [`mul_down`](Self::mul_down).
    fn sqrt_up(self) -> Result<Self, MathError> {
        self.geometric_mean_up(Self::ONE)
    }

    /// `self^exponent` on the finest grid, each product rounded down: never above the exact power.
    ///
    /// # Errors
    /// As [`mul_down`](Self::mul_down).
    fn pow_down(self, exponent: u64) -> Result<Self, MathError> {
        self.power(exponent, Grid::Rate, Rounding::Down)
    }

    /// `self^exponent` on the finest grid, each product rounded up: never below the exact power.
    ///
    /// # Errors
    /// As [`mul_down`](Self::mul_down).
    fn pow_up(self, exponent: u64) -> Result<Self, MathError> {
        self.power(exponent, Grid::Rate, Rounding::Up)
    }
}

/// `a · b`, exact.
#[expect(
    clippy::arithmetic_side_effects,
    reason = "the operators of Wide remember an overflow and refuse it at the end"
)]
fn product<N: Number>(a: N, b: N) -> Result<N::Wide, MathError> {
    Ok(N::Wide::from(a.exact(Grid::Rate)?) * N::Wide::from(b.exact(Grid::Rate)?))
}
