//! Fixed-point numbers over `u128`, as contracts hold them.

use core::cmp::Ordering;
use core::fmt;
use core::ops::{Add, Mul, Sub};
use core::str::FromStr;

use num_traits::{Bounded, FromPrimitive, ToPrimitive};
use rust_decimal::Decimal;

use super::decimal::assemble_exact;
use super::wide::{self, U256, U512};
use super::{Exact, Fit, Grid, Growth, Number, Rounding, Wide, growth, sealed};
use crate::error::{Kind, MathError};

/// A non-negative fixed-point number: an integer of base units, `PLACES` of its decimal digits
/// behind the point.
///
/// At most 38 places, because 10³⁸ is the largest power of ten in a `u128`; more do not compile.
///
/// All formulas of this crate are homogeneous in amounts, so a token's base units can be put in raw
/// whatever its decimals: `Wad::from_raw(reserve)` of a token of 6 decimals is right, and the raw
/// value of the answer is the contract's integer.
///
/// `+`, `−`, `·`, `÷` exist because num-traits' `Zero`, `One` and `Checked…` demand them, and panic
/// where they cannot answer, as they do for the primitive integers. This crate never uses them; use
/// [`try_add`](Number::try_add), [`mul_down`](Self::mul_down) and their like.
///
/// # Example
///
/// ```
/// use defi_math::Wad;
///
/// let one_and_a_half = Wad::from_raw(1_500_000_000_000_000_000);
/// assert_eq!(one_and_a_half, "1.5".parse()?);
/// assert_eq!(Wad::from_base_units(2_500_000, 6)?.to_string(), "2.5");
/// assert_eq!(Wad::ONE.div_up("3".parse()?)?.raw(), 333_333_333_333_333_334);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// ```compile_fail,E0080
/// let too_fine = defi_math::num::Fixed::<39>::from_raw(1);
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fixed<const PLACES: u32>(u128);

/// 18 places: an ether in wei, Maker's *wad*.
pub type Wad = Fixed<18>;

/// 27 places: Maker's and Aave's *ray*.
pub type Ray = Fixed<27>;

/// 10^exponent, if it fits.
#[inline]
pub(crate) fn power_of_ten(exponent: u32) -> Result<u128, MathError> {
    10_u128.checked_pow(exponent).ok_or(MathError::Overflow)
}

impl<const PLACES: u32> Fixed<PLACES> {
    /// Base units in one: 10^PLACES.
    pub const SCALE: u128 = {
        assert!(PLACES <= 38, "a Fixed has at most 38 places");
        10_u128.pow(PLACES)
    };
    /// 0.
    pub const ZERO: Self = Self(0);
    /// 1: [`SCALE`](Self::SCALE) base units.
    pub const ONE: Self = Self(Self::SCALE);
    /// The largest value: 2^128 − 1 base units.
    pub const MAX: Self = Self(u128::MAX);

    /// The number of this many base units.
    #[must_use]
    pub const fn from_raw(base_units: u128) -> Self {
        // Evaluated by the compiler, so that a number of too many places is not.
        let _: u128 = Self::SCALE;
        Self(base_units)
    }

    /// The base units.
    #[must_use]
    pub const fn raw(self) -> u128 {
        self.0
    }

    /// `units` of a token with `decimals` places, exactly.
    ///
    /// # Errors
    /// [`MathError::Overflow`] when it does not fit; [`MathError::TooManyPlaces`] when the token has
    /// more decimals than this type and the last of them are not zero.
    ///
    /// # Example
    /// ```
    /// use defi_math::Wad;
    ///
    /// // 2.5 of a token of 6 decimals, and back.
    /// let amount = Wad::from_base_units(2_500_000, 6)?;
    /// assert_eq!(amount.to_string(), "2.5");
    /// assert_eq!(amount.to_base_units(6)?, 2_500_000);
    /// # Ok::<(), defi_math::MathError>(())
    /// ```
    pub fn from_base_units(units: u128, decimals: u32) -> Result<Self, MathError> {
        rescale(units, decimals, PLACES).map(Self::from_raw)
    }

    /// The base units of a token with `decimals` places, exactly.
    ///
    /// # Errors
    /// As [`from_base_units`](Self::from_base_units).
    pub fn to_base_units(self, decimals: u32) -> Result<u128, MathError> {
        rescale(self.0, PLACES, decimals)
    }

    /// The base units of a token with `decimals` places, rounded down to a whole unit: what can be paid out.
    ///
    /// # Errors
    /// [`MathError::Overflow`] when it does not fit.
    ///
    /// # Example
    /// ```
    /// use defi_math::Wad;
    ///
    /// let third: Wad = "0.333333333333333333".parse()?;
    /// assert_eq!(third.to_base_units_down(6)?, 333_333);
    /// assert_eq!(third.to_base_units_up(6)?, 333_334);
    /// assert!(third.to_base_units(6).is_err()); // not without a remainder
    /// # Ok::<(), defi_math::MathError>(())
    /// ```
    pub fn to_base_units_down(self, decimals: u32) -> Result<u128, MathError> {
        match PLACES.checked_sub(decimals) {
            Some(excess) => {
                self.0.checked_div(power_of_ten(excess)?).ok_or(MathError::DivisionByZero)
            }
            None => self.to_base_units(decimals),
        }
    }

    /// The base units of a token with `decimals` places, rounded up to a whole unit: what must be paid in.
    ///
    /// # Errors
    /// [`MathError::Overflow`] when it does not fit.
    pub fn to_base_units_up(self, decimals: u32) -> Result<u128, MathError> {
        match PLACES.checked_sub(decimals) {
            Some(excess) => Ok(self.0.div_ceil(power_of_ten(excess)?)),
            None => self.to_base_units(decimals),
        }
    }

    /// `⌊self · rhs⌋` on the grid.
    ///
    /// # Errors
    /// [`MathError::Overflow`].
    ///
    /// # Example
    /// ```
    /// use defi_math::Wad;
    ///
    /// let (a, b) = (Wad::from_raw(3), "0.5".parse()?);
    /// assert_eq!(a.mul_down(b)?.raw(), 1);
    /// assert_eq!(a.mul_up(b)?.raw(), 2);
    /// # Ok::<(), defi_math::MathError>(())
    /// ```
    #[inline]
    pub fn mul_down(self, rhs: Self) -> Result<Self, MathError> {
        wide::mul_div_u128(self.0, rhs.0, Self::SCALE, Rounding::Down).map(Self)
    }

    /// `⌈self · rhs⌉` on the grid.
    ///
    /// # Errors
    /// [`MathError::Overflow`].
    #[inline]
    pub fn mul_up(self, rhs: Self) -> Result<Self, MathError> {
        wide::mul_div_u128(self.0, rhs.0, Self::SCALE, Rounding::Up).map(Self)
    }

    /// `⌊self / rhs⌋` on the grid.
    ///
    /// # Errors
    /// [`MathError::DivisionByZero`], [`MathError::Overflow`].
    #[inline]
    pub fn div_down(self, rhs: Self) -> Result<Self, MathError> {
        wide::mul_div_u128(self.0, Self::SCALE, rhs.0, Rounding::Down).map(Self)
    }

    /// `⌈self / rhs⌉` on the grid.
    ///
    /// # Errors
    /// [`MathError::DivisionByZero`], [`MathError::Overflow`].
    #[inline]
    pub fn div_up(self, rhs: Self) -> Result<Self, MathError> {
        wide::mul_div_u128(self.0, Self::SCALE, rhs.0, Rounding::Up).map(Self)
    }

    /// `⌊self · by / over⌋` on the grid, the product held in 256 bits. The places cancel out, so raw units go
    /// in and come out: this is a contract's `mulDiv`.
    ///
    /// # Errors
    /// [`MathError::DivisionByZero`], [`MathError::Overflow`].
    ///
    /// # Example
    /// ```
    /// use defi_math::Wad;
    ///
    /// let units = Wad::from_raw;
    /// assert_eq!(units(7).mul_div_down(units(5), units(3))?, units(11));
    /// assert_eq!(units(7).mul_div_up(units(5), units(3))?, units(12));
    /// // The product has 255 bits, the quotient 128.
    /// let large = units(1 << 127);
    /// assert_eq!(large.mul_div_down(large, large)?, large);
    /// # Ok::<(), defi_math::MathError>(())
    /// ```
    #[doc(alias = "mulDiv")]
    #[inline]
    pub fn mul_div_down(self, by: Self, over: Self) -> Result<Self, MathError> {
        wide::mul_div_u128(self.0, by.0, over.0, Rounding::Down).map(Self)
    }

    /// `⌈self · by / over⌉` on the grid, the product held in 256 bits.
    ///
    /// # Errors
    /// [`MathError::DivisionByZero`], [`MathError::Overflow`].
    #[inline]
    pub fn mul_div_up(self, by: Self, over: Self) -> Result<Self, MathError> {
        wide::mul_div_u128(self.0, by.0, over.0, Rounding::Up).map(Self)
    }

    /// `⌊√self⌋` on the grid.
    ///
    /// # Example
    /// ```
    /// use defi_math::Wad;
    ///
    /// let two: Wad = "2".parse()?;
    /// assert_eq!(two.sqrt_down().to_string(), "1.414213562373095048");
    /// assert_eq!(two.sqrt_up().to_string(), "1.414213562373095049");
    /// # Ok::<(), defi_math::MathError>(())
    /// ```
    #[must_use]
    pub fn sqrt_down(self) -> Self {
        Self(U256::product(self.0, Self::SCALE).isqrt().0)
    }

    /// `⌈√self⌉` on the grid.
    #[must_use]
    pub fn sqrt_up(self) -> Self {
        let (root, inexact) = U256::product(self.0, Self::SCALE).isqrt();
        // √(2^128·10^38) < 2^128: the root of a product with a power of ten leaves room for one.
        Self(root.saturating_add(u128::from(inexact)))
    }

    /// `⌊√(self · rhs)⌋`: the root of the raw product, as Uniswap's first mint takes it.
    #[must_use]
    pub fn geometric_mean_down(self, rhs: Self) -> Self {
        Self(U256::product(self.0, rhs.0).isqrt().0)
    }

    /// `⌈√(self · rhs)⌉`.
    #[must_use]
    pub fn geometric_mean_up(self, rhs: Self) -> Self {
        let (root, inexact) = U256::product(self.0, rhs.0).isqrt();
        // An inexact root lies strictly between two values, the larger of self and rhs at most.
        Self(root.saturating_add(u128::from(inexact)))
    }

    /// `self^exponent` by repeated squaring, each product rounded down: never above the exact power.
    ///
    /// # Errors
    /// [`MathError::Overflow`].
    pub fn pow_down(self, exponent: u64) -> Result<Self, MathError> {
        self.power(exponent, Grid::Rate, Rounding::Down)
    }

    /// `self^exponent` by repeated squaring, each product rounded up: never below the exact power.
    ///
    /// # Errors
    /// [`MathError::Overflow`].
    pub fn pow_up(self, exponent: u64) -> Result<Self, MathError> {
        self.power(exponent, Grid::Rate, Rounding::Up)
    }

    /// Maker's `rpow`: `self^exponent` by repeated squaring, each product rounded half up.
    ///
    /// The one place of this crate that rounds to nearest, because the deployed contract does; it
    /// favours nobody in particular. `0^0` is 1, and an intermediate product above 256 bits is
    /// refused where the contract reverts.
    ///
    /// # Errors
    /// [`MathError::Overflow`]: when a product exceeds `u128`, or where the contract reverts.
    ///
    /// # Example
    /// ```
    /// use defi_math::Ray;
    ///
    /// // A stability fee of 5 % a year, by the second, for a year.
    /// let per_second: Ray = "1.000000001547125957863212448".parse()?;
    /// let year = per_second.pow_half_up(31_536_000)?;
    /// assert_eq!(format!("{year:.12}"), "1.049999999999");
    /// # Ok::<(), defi_math::MathError>(())
    /// ```
    ///
    /// # Source
    /// `Jug.rpow` of MakerDAO's dss.
    #[doc(alias = "rpow")]
    pub fn pow_half_up(self, exponent: u64) -> Result<Self, MathError> {
        if self.0 == 0 {
            return Ok(if exponent == 0 { Self(Self::SCALE) } else { Self(0) });
        }
        let mut base = self;
        let mut power = if exponent.is_multiple_of(2) { Self(Self::SCALE) } else { self };
        let mut rest = exponent / 2;
        while rest > 0 {
            base = base.mul_half_up(base)?;
            if rest % 2 == 1 {
                power = power.mul_half_up(base)?;
            }
            rest /= 2;
        }
        Ok(power)
    }

    /// `self · by / over` to the nearest unit, halves up.
    ///
    /// Rounding to the nearest favours nobody in particular, so no operation of this crate does it on
    /// its own account: it is here because deployed contracts do (Maker's `rpow`, Aave's `WadRayMath`
    /// and `PercentageMath`). A numerator above 256 bits is refused where they revert.
    ///
    /// # Errors
    /// [`MathError::DivisionByZero`], [`MathError::Overflow`].
    ///
    /// # Example
    /// ```
    /// use defi_math::num::Fixed;
    ///
    /// let units = Fixed::<0>::from_raw;
    /// assert_eq!(units(1).mul_div_half_up(units(1), units(2))?, units(1));
    /// assert_eq!(units(1).mul_div_half_up(units(4), units(9))?, units(0));
    /// # Ok::<(), defi_math::MathError>(())
    /// ```
    pub fn mul_div_half_up(self, by: Self, over: Self) -> Result<Self, MathError> {
        if over.0 == 0 {
            return Err(MathError::DivisionByZero);
        }
        U256::product(self.0, by.0)
            .checked_add(U256::from_u128(over.0 / 2))
            .and_then(|sum| sum.div_rem(U256::from_u128(over.0)))
            .and_then(|(quotient, _)| quotient.to_u128())
            .map(Self)
            .ok_or(MathError::Overflow)
    }

    /// `self · rhs` to the nearest unit, halves up: Aave's `rayMul`, Maker's `rmul` within `rpow`.
    ///
    /// # Errors
    /// [`MathError::Overflow`].
    #[doc(alias = "rayMul")]
    #[inline]
    pub fn mul_half_up(self, rhs: Self) -> Result<Self, MathError> {
        let half = U256::from_u128(Self::SCALE / 2);
        let sum = U256::product(self.0, rhs.0).checked_add(half).ok_or(MathError::Overflow)?;
        // The quotient fits if the upper half is below the divisor.
        match sum.halves() {
            (hi, lo) if hi < Self::SCALE => Ok(Self(wide::div_2_by_1(hi, lo, Self::SCALE).0)),
            _ => Err(MathError::Overflow),
        }
    }

    /// `self / rhs` to the nearest unit, halves up: Aave's `rayDiv`.
    ///
    /// # Errors
    /// [`MathError::DivisionByZero`], [`MathError::Overflow`].
    #[doc(alias = "rayDiv")]
    pub fn div_half_up(self, rhs: Self) -> Result<Self, MathError> {
        self.mul_div_half_up(Self(Self::SCALE), rhs)
    }
}

/// `units` of 10^−from as units of 10^−to, without a change of value.
fn rescale(units: u128, from: u32, to: u32) -> Result<u128, MathError> {
    if units == 0 {
        return Ok(0);
    }
    if let Some(more) = to.checked_sub(from) {
        return power_of_ten(more)?.checked_mul(units).ok_or(MathError::Overflow);
    }
    let inexact = MathError::TooManyPlaces(Kind::Number);
    let step = power_of_ten(from.abs_diff(to)).map_err(|_| inexact)?;
    if units.is_multiple_of(step) { units.checked_div(step).ok_or(inexact) } else { Err(inexact) }
}

impl<const PLACES: u32> sealed::Sealed for Fixed<PLACES> {}

impl Exact for U256 {
    #[inline]
    fn plus(self, rhs: Self) -> Result<Self, MathError> {
        self.checked_add(rhs).ok_or(MathError::Overflow)
    }

    #[inline]
    fn minus(self, rhs: Self) -> Result<Self, MathError> {
        self.checked_sub(rhs).ok_or(MathError::Underflow)
    }

    #[inline]
    fn times(self, factor: u32) -> Result<Self, MathError> {
        match self.halves() {
            (0, lo) => Ok(Self::product_u64(lo, u64::from(factor))),
            _ => self.checked_mul(u128::from(factor)).ok_or(MathError::Overflow),
        }
    }

    #[inline]
    fn is_zero(self) -> bool {
        self == Self::ZERO
    }

    fn product(self, rhs: Self) -> Result<Self, MathError> {
        self.widening_mul(rhs).to_u256().ok_or(MathError::Overflow)
    }

    #[inline]
    fn scaled(self, by: Self, over: Self, rounding: Rounding) -> Result<Self, MathError> {
        wide::quotient(self, by, over, rounding)
    }

    fn approximate(self) -> f64 {
        let (hi, lo) = self.halves();
        super::float::of_halves(hi, lo)
    }
}

/// A polynomial held in 512 bits, and the first refusal that it met.
///
/// Side by side and not as a `Result`, which is moved as bytes at odd addresses: that took longer than the
/// products.
#[derive(Clone, Copy, Debug)]
pub struct Polynomial {
    value: U512,
    refusal: Option<MathError>,
}

impl Polynomial {
    /// The value, unless a step that led to it was refused.
    #[inline]
    pub(super) fn settled(self) -> Result<U512, MathError> {
        self.refusal.map_or(Ok(self.value), Err)
    }

    /// `step` of both values, or the refusal if it has no result.
    #[inline]
    fn with(
        self,
        rhs: Self,
        refusal: MathError,
        step: impl FnOnce(U512, U512) -> Option<U512>,
    ) -> Self {
        let before = self.refusal.or(rhs.refusal);
        match step(self.value, rhs.value) {
            Some(value) => Self { value, refusal: before },
            None => Self { value: U512::ZERO, refusal: before.or(Some(refusal)) },
        }
    }

    #[inline]
    fn divided(self, divisor: Self, rounding: Rounding) -> Self {
        let zero = divisor.value == U512::ZERO;
        let refusal = if zero { MathError::DivisionByZero } else { MathError::Overflow };
        self.with(divisor, refusal, |a, b| wide::div(a, b.to_u256()?, rounding).ok())
    }

    #[inline]
    fn root(self, rounding: Rounding) -> Self {
        let (root, inexact) = self.value.isqrt();
        let up = U256::from_u128(u128::from(inexact && rounding == Rounding::Up));
        let (root, up) = (Self::from(root), Self::from(up));
        Self { refusal: self.refusal, ..root.add(up) }
    }
}

impl From<U256> for Polynomial {
    #[inline]
    fn from(value: U256) -> Self {
        Self { value: U512::from_u256(value), refusal: None }
    }
}

impl Add for Polynomial {
    type Output = Self;

    #[inline]
    fn add(self, rhs: Self) -> Self {
        self.with(rhs, MathError::Overflow, U512::checked_add)
    }
}

impl Sub for Polynomial {
    type Output = Self;

    #[inline]
    fn sub(self, rhs: Self) -> Self {
        self.with(rhs, MathError::Underflow, U512::checked_sub)
    }
}

impl Mul for Polynomial {
    type Output = Self;

    #[inline]
    fn mul(self, rhs: Self) -> Self {
        self.with(rhs, MathError::Overflow, U512::checked_mul)
    }
}

impl Wide for Polynomial {
    #[inline]
    fn div_floor(self, divisor: Self) -> Self {
        self.divided(divisor, Rounding::Down)
    }

    #[inline]
    fn div_ceil(self, divisor: Self) -> Self {
        self.divided(divisor, Rounding::Up)
    }

    #[inline]
    fn sqrt_floor(self) -> Self {
        self.root(Rounding::Down)
    }

    #[inline]
    fn sqrt_ceil(self) -> Self {
        self.root(Rounding::Up)
    }

    #[inline]
    fn saturating_minus(self, rhs: Self) -> Self {
        self.with(rhs, MathError::Underflow, |a, b| Some(a.checked_sub(b).unwrap_or(U512::ZERO)))
    }

    #[inline]
    fn integer(factor: u32) -> Self {
        U256::from_u128(u128::from(factor)).into()
    }
}

impl<const PLACES: u32> Number for Fixed<PLACES> {
    type Exact = U256;
    type Wide = Polynomial;

    const ZERO: Self = Self::ZERO;
    const ONE: Self = Self::ONE;
    const UNIT: Self = Self(1);
    const MINIMUM_LIQUIDITY: Self = Self(1_000);

    #[inline]
    fn on_grid(self, _: Grid, _: Kind) -> Result<Self, MathError> {
        Ok(self)
    }

    #[inline]
    fn is_zero(self) -> bool {
        self.0 == 0
    }

    fn normalized(self) -> Self {
        self
    }

    #[inline]
    fn try_add(self, rhs: Self) -> Result<Self, MathError> {
        self.0.checked_add(rhs.0).map(Self).ok_or(MathError::Overflow)
    }

    #[inline]
    fn try_sub(self, rhs: Self) -> Result<Self, MathError> {
        self.0.checked_sub(rhs.0).map(Self).ok_or(MathError::Underflow)
    }

    #[inline]
    fn multiple(self, factor: u32) -> Result<Self, MathError> {
        self.0.checked_mul(u128::from(factor)).map(Self).ok_or(MathError::Overflow)
    }

    #[inline]
    fn exact(self, _: Grid) -> Result<U256, MathError> {
        Ok(U256::from_u128(self.0))
    }

    #[inline]
    fn times(self, factor: u32, _: Grid) -> Result<U256, MathError> {
        Ok(U256::product_u64(self.0, u64::from(factor)))
    }

    fn fraction(self, _: Kind) -> Result<(U256, U256), MathError> {
        Ok((U256::from_u128(self.0), U256::from_u128(Self::SCALE)))
    }

    fn parse(text: &str, kind: Kind) -> Result<Self, MathError> {
        let (integer, fraction) = text.split_once('.').unwrap_or((text, ""));
        if integer.is_empty() && fraction.is_empty() {
            return Err(MathError::Malformed(kind));
        }
        let mut raw = 0_u128;
        let mut push = |digit: u32| {
            raw = raw
                .checked_mul(10)
                .and_then(|raw| raw.checked_add(u128::from(digit)))
                .ok_or(MathError::Overflow)?;
            Ok(())
        };
        let digit = |c: char| c.to_digit(10).ok_or(MathError::Malformed(kind));
        for c in integer.chars() {
            push(digit(c)?)?;
        }
        let mut places = PLACES;
        for c in fraction.chars() {
            match (digit(c)?, places.checked_sub(1)) {
                (0, None) => {}
                (_, None) => return Err(MathError::TooManyPlaces(kind)),
                (digit, Some(left)) => {
                    push(digit)?;
                    places = left;
                }
            }
        }
        for _ in 0..places {
            push(0)?;
        }
        Ok(Self::from_raw(raw))
    }

    #[inline]
    fn mul_div(
        self,
        by: U256,
        over: U256,
        _: Fit<Self>,
        _: Grid,
        rounding: Rounding,
    ) -> Result<Self, MathError> {
        wide::mul_div(self.0, by, over, rounding).map(Self)
    }

    fn from_wide(value: Polynomial, _: Fit<Self>, _: Grid, _: Rounding) -> Result<Self, MathError> {
        value.settled()?.to_u256().and_then(U256::to_u128).map(Self).ok_or(MathError::Overflow)
    }

    #[inline]
    fn cmp_products(a: U256, b: U256, c: U256, d: U256) -> Ordering {
        wide::cmp_products(a, b, c, d)
    }

    #[inline]
    fn fits_reserve(self) -> bool {
        self.0 >> 112 == 0
    }

    fn uq112x112(y: Self, x: Self) -> Result<(u128, u128), MathError> {
        uq112x112(U256::from_u128(y.0), U256::from_u128(x.0))
    }

    fn mean_of_uq112x112(sum: (u128, u128), seconds: u32) -> Result<(U256, U256), MathError> {
        mean_of_uq112x112(sum, seconds)
    }

    fn grown(self, growth: Growth, rounding: Rounding) -> Result<Self, MathError> {
        growth::grown(self.0, PLACES, growth, rounding).map(Self)
    }

    #[expect(clippy::cast_precision_loss, reason = "the nearest float is what is asked for")]
    fn approximate(self) -> f64 {
        super::float::quotient(self.0 as f64, Self::SCALE as f64)
    }
}

/// `⌊y·2^112/x⌋` as halves, for a price below 2^112.
pub(super) fn uq112x112(y: U256, x: U256) -> Result<(u128, u128), MathError> {
    let shifted = y.widening_mul(U256::ONE.shl(112));
    let quotient = wide::div(shifted, x, Rounding::Down)?.to_u256().ok_or(MathError::Overflow)?;
    if quotient.leading_zeros() < 32 {
        return Err(MathError::Overflow);
    }
    Ok(quotient.halves())
}

/// `⌊sum/seconds⌋` and 2^112, as the periphery's example oracle takes the mean.
pub(super) fn mean_of_uq112x112(
    sum: (u128, u128),
    seconds: u32,
) -> Result<(U256, U256), MathError> {
    U256::from_halves(sum.0, sum.1)
        .div_rem(U256::from_u128(u128::from(seconds)))
        .map(|(mean, _)| (mean, U256::ONE.shl(112)))
        .ok_or(MathError::DivisionByZero)
}

impl<const PLACES: u32> fmt::Debug for Fixed<PLACES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Digits of the largest `u128`, a point, and the zero before it.
const TEXT: usize = 41;

impl<const PLACES: u32> fmt::Display for Fixed<PLACES> {
    /// The shortest exact text. `{:.2}` cuts behind the second place and never rounds up; a precision above
    /// `PLACES` shows all places and adds no zeros.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = PLACES as usize;
        let shown = f.precision().map_or(places, |wanted| wanted.min(places));
        let mut text = [b'0'; TEXT];
        let mut rest = self.0;
        // Filled from the back: fraction, point, integer part.
        let mut start = TEXT;
        let mut significant = f.precision().is_some();
        for place in (0..places).rev() {
            let digit = (rest % 10) as u8;
            rest /= 10;
            significant |= digit != 0;
            if place >= shown || !significant {
                continue;
            }
            start = start.saturating_sub(1);
            if let Some(byte) = text.get_mut(start) {
                *byte = b'0'.saturating_add(digit);
            }
        }
        if start < TEXT {
            start = start.saturating_sub(1);
            if let Some(byte) = text.get_mut(start) {
                *byte = b'.';
            }
        }
        loop {
            start = start.saturating_sub(1);
            if let Some(byte) = text.get_mut(start) {
                *byte = b'0'.saturating_add((rest % 10) as u8);
            }
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        let written = text.get(start..).unwrap_or_default();
        let written = core::str::from_utf8(written).map_err(|_| fmt::Error)?;
        // `pad` would cut at the precision; the number itself has been cut already.
        f.pad_integral(true, "", written)
    }
}

impl<const PLACES: u32> FromStr for Fixed<PLACES> {
    type Err = MathError;

    /// Digits with at most one point among them: `"1"`, `"0.5"`, `".5"`, but not `"1_000"`.
    fn from_str(text: &str) -> Result<Self, MathError> {
        Self::parse(text, Kind::Number)
    }
}

impl<const PLACES: u32> TryFrom<Decimal> for Fixed<PLACES> {
    type Error = MathError;

    /// The same value, exactly.
    fn try_from(value: Decimal) -> Result<Self, MathError> {
        let mantissa =
            u128::try_from(value.mantissa()).map_err(|_| MathError::Negative(Kind::Number))?;
        rescale(mantissa, value.scale(), PLACES)
            .or_else(|error| {
                // Trailing zeros can hide that it fits.
                let short = value.normalize();
                if short.scale() == value.scale() {
                    return Err(error);
                }
                let mantissa = short.mantissa().unsigned_abs();
                rescale(mantissa, short.scale(), PLACES)
            })
            .map(Self::from_raw)
    }
}

impl<const PLACES: u32> TryFrom<Fixed<PLACES>> for Decimal {
    type Error = MathError;

    /// The same value, exactly: [`MathError::Inexact`] when it has more digits than a `Decimal`.
    fn try_from(value: Fixed<PLACES>) -> Result<Self, MathError> {
        assemble_exact(U256::from_u128(value.0), PLACES)
    }
}

impl TryFrom<Wad> for Ray {
    type Error = MathError;

    /// The same value, exactly: [`MathError::Overflow`] above 3.4·10¹¹.
    fn try_from(value: Wad) -> Result<Self, MathError> {
        rescale(value.0, 18, 27).map(Self)
    }
}

impl TryFrom<Ray> for Wad {
    type Error = MathError;

    /// The same value, exactly: [`MathError::TooManyPlaces`] when digits behind the 18th would be
    /// lost.
    fn try_from(value: Ray) -> Result<Self, MathError> {
        rescale(value.0, 27, 18).map(Self)
    }
}

impl<const PLACES: u32> Bounded for Fixed<PLACES> {
    fn min_value() -> Self {
        Self(0)
    }

    fn max_value() -> Self {
        Self::MAX
    }
}

impl<const PLACES: u32> ToPrimitive for Fixed<PLACES> {
    fn to_i64(&self) -> Option<i64> {
        self.to_u128()?.to_i64()
    }

    fn to_u64(&self) -> Option<u64> {
        self.to_u128()?.to_u64()
    }

    fn to_i128(&self) -> Option<i128> {
        self.to_u128()?.to_i128()
    }

    /// The whole part, as the primitive numbers do.
    fn to_u128(&self) -> Option<u128> {
        self.0.checked_div(Self::SCALE)
    }

    fn to_f64(&self) -> Option<f64> {
        Some(self.approximate())
    }
}

impl<const PLACES: u32> FromPrimitive for Fixed<PLACES> {
    fn from_i64(n: i64) -> Option<Self> {
        Self::from_u128(u128::try_from(n).ok()?)
    }

    fn from_u64(n: u64) -> Option<Self> {
        Self::from_u128(u128::from(n))
    }

    fn from_i128(n: i128) -> Option<Self> {
        Self::from_u128(u128::try_from(n).ok()?)
    }

    fn from_u128(n: u128) -> Option<Self> {
        n.checked_mul(Self::SCALE).map(Self)
    }

    /// The exact value of the float, cut to the grid.
    fn from_f64(n: f64) -> Option<Self> {
        from_float(n, Self::SCALE).map(Self)
    }
}

/// `⌊n · scale⌋`, exactly, from the float's own bits.
fn from_float(n: f64, scale: u128) -> Option<u128> {
    const FRACTION_BITS: u32 = 52;
    if !n.is_finite() || n < 0.0 {
        return None;
    }
    let bits = n.to_bits();
    let fraction = bits & ((1 << FRACTION_BITS) - 1);
    let biased = u32::try_from((bits << 1) >> (FRACTION_BITS.checked_add(1)?)).ok()?;
    // n = mantissa · 2^(exponent − 1075), subnormals with the exponent of the smallest normals.
    let (mantissa, exponent) = match biased {
        0 => (fraction, 1),
        _ => (fraction | (1 << FRACTION_BITS), biased),
    };
    let product = U256::product(u128::from(mantissa), scale);
    if product == U256::ZERO {
        return Some(0);
    }
    match exponent.checked_sub(1075) {
        Some(up) if up <= product.leading_zeros() => product.shl(up).to_u128(),
        Some(_) => None,
        None => match 1075_u32.checked_sub(exponent)? {
            down @ 0..256 => product.shr(down).to_u128(),
            _ => Some(0),
        },
    }
}
