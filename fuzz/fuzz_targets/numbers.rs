//! Numbers, quantities, prices, rates and fees from arbitrary bytes and texts.
//!
//! Nothing may panic. Every answer is compared with the exact one in big integers: a sum is that
//! value or refused, a product brackets it by its direction, one step of the grid apart at most.

#![no_main]

use std::cmp::Ordering;
use std::fmt::{Debug, Display};
use std::str::FromStr;

use arbitrary::Arbitrary;
use defi_math::num::{Exact, Fit, Fixed, Grid, Number, Ray, Rounding, Wad, Wide};
use defi_math::rate::{Elapsed, PerBlock, PerYear};
use defi_math::{Amount, Fee, FeeShare, Index, Kind, MathError, Price, Rate, Ratio, Shares};
use defi_math_fuzz::{Bits, Fuzzed, Terms};
use libfuzzer_sys::fuzz_target;
use num_bigint::BigUint;
use num_traits::{Bounded, CheckedAdd, CheckedDiv, CheckedMul, CheckedSub};
use num_traits::{FromPrimitive, One, ToPrimitive, Zero};
use rust_decimal::Decimal;

#[derive(Arbitrary, Debug)]
enum Case<'a> {
    Text(&'a str),
    Float(f64),
    Conversion { number: Bits, decimals: u8, precision: u8, width: u8 },
    Fixed { places: Places, numbers: [Bits; 3], exponent: u64 },
    Number { of: Type, numbers: [Bits; 4], factors: [u32; 3] },
    Quantity { of: Type, numbers: [Bits; 4] },
    Polynomial { of: Type, leaves: [Bits; 4], steps: Vec<Step> },
    Rate { of: Type, rate: Bits, elapsed: u32, units: u32 },
    Fraction { terms: Terms, decimal: Bits },
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Type {
    Units,
    Wad,
    Ray,
    Finest,
    Decimal,
    Float,
}

/// Calls a function of a number type with the type drawn.
macro_rules! with_type {
    ($of:expr, $function:ident($($argument:expr),*)) => {
        match $of {
            Type::Units => $function::<Fixed<0>>($($argument),*),
            Type::Wad => $function::<Wad>($($argument),*),
            Type::Ray => $function::<Ray>($($argument),*),
            Type::Finest => $function::<Fixed<38>>($($argument),*),
            Type::Decimal => $function::<Decimal>($($argument),*),
            Type::Float => $function::<f64>($($argument),*),
        }
    };
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Places {
    None,
    Six,
    Wad,
    Ray,
    Most,
}

fn ten_to(exponent: u32) -> BigUint {
    BigUint::from(10_u8).pow(exponent)
}

/// 1 of the type, in its units.
fn one<N: Fuzzed>(grid: Grid) -> Option<BigUint> {
    N::ONE.units(grid)
}

/// Whether the type can hold so many of its finest units.
fn fits<N: Fuzzed>(units: &BigUint, grid: Grid) -> bool {
    let Some(places) = N::decimal_places(grid) else { return units.bits() <= 128 };
    let (mut mantissa, mut scale) = (units.clone(), places);
    while scale > 0 && (&mantissa % 10_u8).is_zero() {
        (mantissa, scale) = (mantissa / 10_u8, scale - 1);
    }
    mantissa.bits() <= 96
}

/// The last place of a result, in units: 1 for a `Fixed`, what its scale says for a `Decimal`.
fn last_place<N: Fuzzed>(results: [N; 2], grid: Grid) -> BigUint {
    let Some(places) = N::decimal_places(grid) else { return BigUint::one() };
    let shown = |n: N| n.to_string().split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let shown = results.map(shown).into_iter().min().unwrap_or(0);
    ten_to(places - u32::try_from(shown).unwrap())
}

/// `down ≤ numerator/denominator ≤ up`, one place apart at most, and equal on the grid.
fn bracket<N: Fuzzed>(
    down: Result<N, MathError>,
    up: Result<N, MathError>,
    (numerator, denominator): (BigUint, BigUint),
    grid: Grid,
) {
    let too_large = |result: Result<N, MathError>| result == Err(MathError::Overflow);
    if denominator.is_zero() {
        assert_eq!((down, up), (Err(MathError::DivisionByZero), Err(MathError::DivisionByZero)));
        return;
    }
    let (floor, ceil) =
        (&numerator / &denominator, (&numerator + &denominator - 1_u8) / &denominator);
    if let Ok(down) = down {
        assert!(down.units(grid).unwrap() <= floor, "{down} is above the exact value");
    } else {
        assert!(too_large(down) && !fits_whole::<N>(&floor, grid), "{down:?} of {floor}");
    }
    if let Ok(up) = up {
        assert!(up.units(grid).unwrap() >= ceil, "{up} is below the exact value");
    } else {
        assert!(too_large(up) && !fits_whole::<N>(&ceil, grid), "{up:?} of {ceil}");
    }
    if let (Ok(down), Ok(up)) = (down, up) {
        let step = last_place([down, up], grid);
        let apart = up.units(grid).unwrap() - down.units(grid).unwrap();
        assert!(apart <= step, "{down} and {up} are more than one place apart");
    }
}

/// Whether a value fits when places may be dropped: a little less than the largest.
fn fits_whole<N: Fuzzed>(units: &BigUint, grid: Grid) -> bool {
    match N::decimal_places(grid) {
        Some(places) => (units / ten_to(places)).bits() < 96,
        None => units.bits() <= 128,
    }
}

fn is_valid<N: Number>(result: Result<N, MathError>) -> bool {
    result.is_ok_and(|number| number.on_grid(Grid::Rate, Kind::Number).is_ok())
}

// Texts.

/// The exact value of a decimal text in units of 10^-places, if it is a whole number of them.
fn value_of(text: &str, places: u32) -> Option<BigUint> {
    let (integer, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction = fraction.trim_end_matches('0');
    let missing = places.checked_sub(u32::try_from(fraction.len()).ok()?)?;
    let digits = format!("0{integer}{fraction}");
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse::<BigUint>().unwrap() * ten_to(missing))
}

fn fixed_text<const PLACES: u32>(text: &str) {
    let parsed = text.parse::<Fixed<PLACES>>().ok().map(|n| BigUint::from(n.raw()));
    let is_number = text.bytes().any(|byte| byte.is_ascii_digit());
    let value = value_of(text, PLACES).filter(|value| is_number && value.bits() <= 128);
    assert_eq!(parsed, value, "{text:?} with {PLACES} places");
}

fn quantity_text<Q>(text: &str)
where
    Q: FromStr<Err = MathError> + Display + PartialEq + Debug,
{
    if let Ok(quantity) = text.parse::<Q>() {
        assert_eq!(quantity.to_string().parse(), Ok(quantity), "{text:?}");
    }
}

fn text(text: &str) {
    fixed_text::<0>(text);
    fixed_text::<18>(text);
    fixed_text::<27>(text);
    fixed_text::<38>(text);
    quantity_text::<Amount<Wad>>(text);
    quantity_text::<Ratio<Ray>>(text);
    quantity_text::<Amount<f64>>(text);
    quantity_text::<Amount>(text);
    quantity_text::<Index>(text);
    quantity_text::<Shares<f64>>(text);
    quantity_text::<Rate>(text);
    // What is read is what is written, to the last digit.
    if text.contains(['e', 'E']) {
        return;
    }
    let plain = text.strip_prefix(['+', '-']).unwrap_or(text).replace('_', "");
    if let Ok(amount) = text.parse::<Amount>() {
        assert_eq!(amount.get().units(Grid::Amount), value_of(&plain, 18), "{text:?}");
    }
    if let Ok(rate) = text.parse::<Rate>() {
        assert_eq!(rate.get().units(Grid::Rate), value_of(&plain, 27), "{text:?}");
    }
}

// Conversions.

fn round_trip_text<const PLACES: u32>(number: Fixed<PLACES>, precision: usize, width: usize) {
    assert_eq!(number.to_string().parse(), Ok(number));
    let cut = format!("{number:.precision$}");
    assert_eq!(cut.split_once('.').map_or(0, |(_, f)| f.len()), precision.min(PLACES as usize));
    let cut = cut.parse::<Fixed<PLACES>>().unwrap();
    assert!(cut <= number);
    let dropped = BigUint::from(number.raw()) - BigUint::from(cut.raw());
    assert!(dropped < ten_to(PLACES.saturating_sub(u32::try_from(precision).unwrap())));
    let padded = format!("{number:>width$}");
    assert!(padded.len() >= width && padded.trim_start() == number.to_string());
}

fn through_decimal<const PLACES: u32>(number: Fixed<PLACES>) {
    match Decimal::try_from(number) {
        Ok(decimal) => assert_eq!(Fixed::<PLACES>::try_from(decimal), Ok(number)),
        Err(error) => {
            assert!(matches!(error, MathError::Inexact | MathError::Overflow));
            let shortest = number.to_string().replace('.', "").parse::<BigUint>().unwrap();
            let places = number.to_string().split_once('.').map_or(0, |(_, f)| f.len());
            assert!(shortest.bits() > 96 || places > 28, "{number} fits a Decimal");
        }
    }
}

fn from_decimal<const PLACES: u32>(decimal: Decimal) {
    let fixed = Fixed::<PLACES>::try_from(decimal);
    if decimal.is_sign_negative() && !decimal.is_zero() {
        assert!(matches!(fixed, Err(MathError::Negative(_))));
        return;
    }
    let exact = value_of(&decimal.normalize().abs().to_string(), PLACES);
    match fixed {
        Ok(fixed) => assert_eq!(Some(BigUint::from(fixed.raw())), exact, "{decimal}"),
        Err(MathError::TooManyPlaces(_)) => assert_eq!(exact, None, "{decimal}"),
        Err(error) => {
            assert_eq!(error, MathError::Overflow, "{decimal}");
            assert!(exact.is_some_and(|units| units.bits() > 128), "{decimal}");
        }
    }
}

fn base_units<const PLACES: u32>(units: u128, decimals: u32) {
    let number = Fixed::<PLACES>::from_raw(units);
    let up = number.to_base_units_up(decimals);
    let (numerator, denominator) = (BigUint::from(units) * ten_to(decimals), ten_to(PLACES));
    let floor = &numerator / &denominator;
    let rest = &numerator % &denominator;
    let as_big = |result: Result<u128, MathError>| result.ok().map(BigUint::from);
    let held = |units: BigUint| (units.bits() <= 128).then_some(units);
    let ceil = if rest.is_zero() { floor.clone() } else { &floor + 1_u8 };
    assert_eq!(as_big(number.to_base_units_down(decimals)), held(floor.clone()));
    assert_eq!(as_big(up), held(ceil));
    let exact = rest.is_zero().then_some(floor).and_then(held);
    assert_eq!(as_big(number.to_base_units(decimals)), exact);

    let from = Fixed::<PLACES>::from_base_units(units, decimals);
    match from {
        Ok(number) => assert_eq!(number.to_base_units(decimals), Ok(units)),
        Err(error) => {
            let (numerator, denominator) =
                (BigUint::from(units) * ten_to(PLACES), ten_to(decimals));
            let inexact = !(&numerator % &denominator).is_zero();
            assert_eq!(matches!(error, MathError::TooManyPlaces(_)), inexact);
            assert!(inexact || (numerator / denominator).bits() > 128);
        }
    }
}

fn conversions<const PLACES: u32>(bits: Bits, decimals: u8, precision: u8, width: u8) {
    let number = Fixed::<PLACES>::read(bits);
    round_trip_text(number, usize::from(precision), usize::from(width));
    through_decimal(number);
    from_decimal::<PLACES>(Decimal::read(bits));
    base_units::<PLACES>(number.raw(), u32::from(decimals));

    let whole = number.raw() / Fixed::<PLACES>::SCALE;
    assert_eq!(number.to_u128(), Some(whole));
    assert_eq!(number.to_u64(), u64::try_from(whole).ok());
    assert_eq!(number.to_i64(), i64::try_from(whole).ok());
    assert_eq!(number.to_i128(), i128::try_from(whole).ok());
    let nearest = number.to_string().parse::<f64>().unwrap();
    let error = (number.approximate() - nearest).abs();
    assert!(error <= 2.0 * f64::EPSILON * nearest, "{number} is not {}", number.approximate());

    let integer = number.raw();
    let from = Fixed::<PLACES>::from_u128(integer).map(|number| BigUint::from(number.raw()));
    let scaled = BigUint::from(integer) * ten_to(PLACES);
    assert_eq!(from, (scaled.bits() <= 128).then_some(scaled));
    assert!(Fixed::<PLACES>::min_value() <= number && number <= Fixed::<PLACES>::max_value());
}

fn between_wad_and_ray(bits: Bits) {
    let (wad, ray) = (Wad::read(bits), Ray::read(bits));
    match Ray::try_from(wad) {
        Ok(finer) => assert_eq!(Wad::try_from(finer), Ok(wad)),
        Err(error) => {
            assert_eq!(error, MathError::Overflow);
            assert!(wad.raw().checked_mul(1_000_000_000).is_none());
        }
    }
    match Wad::try_from(ray) {
        Ok(coarser) => assert_eq!(Ray::try_from(coarser), Ok(ray)),
        Err(_) => assert!(!ray.raw().is_multiple_of(1_000_000_000)),
    }
}

/// `⌊float · 10^places⌋` by its definition, if it fits.
fn floor_of_float(float: f64, places: u32) -> Option<u128> {
    if !float.is_finite() || float < 0.0 {
        return None;
    }
    let (bits, fraction_bits) = (float.abs().to_bits(), f64::MANTISSA_DIGITS - 1);
    let exponent = (bits >> fraction_bits) as u32;
    let fraction = bits & ((1 << fraction_bits) - 1);
    let implicit = if exponent == 0 { 0 } else { 1 << fraction_bits };
    // float = mantissa · 2^(max(exponent, 1) − 1075)
    let scaled = BigUint::from(fraction | implicit) * ten_to(places) << exponent.max(1);
    (scaled >> 1_075_u32).to_u128()
}

fn float(float: f64) {
    let expected = |places| floor_of_float(float, places);
    assert_eq!(Fixed::<0>::from_f64(float).map(Fixed::raw), expected(0));
    assert_eq!(Wad::from_f64(float).map(Fixed::raw), expected(18));
    assert_eq!(Ray::from_f64(float).map(Fixed::raw), expected(27));
    assert_eq!(Fixed::<38>::from_f64(float).map(Fixed::raw), expected(38));
    let valid = float.is_finite() && float >= 0.0;
    assert_eq!(Amount::new(float).is_ok(), valid);
    assert_eq!(Ratio::new(float).is_ok(), valid);
    assert_eq!(Price::new(float).is_ok(), valid && float > 0.0);
}

// The methods of `Fixed` alone.

fn fixed<const PLACES: u32>([a, b, c]: [Bits; 3], exponent: u64) {
    let (a, b, c) = (Fixed::<PLACES>::read(a), Fixed::read(b), Fixed::read(c));
    let [x, y, z] = [a, b, c].map(|number| BigUint::from(number.raw()));
    let unit = ten_to(PLACES);
    let grid = Grid::Amount;
    bracket(a.mul_down(b), a.mul_up(b), (&x * &y, unit.clone()), grid);
    bracket(a.div_down(b), a.div_up(b), (&x * &unit, y.clone()), grid);
    bracket(a.mul_div_down(b, c), a.mul_div_up(b, c), (&x * &y, z), grid);

    let root = |n: BigUint| {
        let floor = n.sqrt();
        let ceil = if floor.pow(2) == n { floor.clone() } else { &floor + 1_u8 };
        (floor, ceil)
    };
    let roots = |down: Fixed<PLACES>, up: Fixed<PLACES>| {
        (BigUint::from(down.raw()), BigUint::from(up.raw()))
    };
    assert_eq!(roots(a.sqrt_down(), a.sqrt_up()), root(&x * &unit));
    assert_eq!(roots(a.geometric_mean_down(b), a.geometric_mean_up(b)), root(&x * &y));

    assert_eq!(a.checked_add(&b), a.try_add(b).ok());
    assert_eq!(a.checked_sub(&b), a.try_sub(b).ok());
    assert_eq!(a.checked_mul(&b), a.mul_down(b).ok());
    assert_eq!(a.checked_div(&b), a.div_down(b).ok());
    assert_eq!((Zero::is_zero(&a), a.is_one()), (a.raw() == 0, a.raw() == Fixed::<PLACES>::SCALE));

    for exponent in [exponent, exponent % 16] {
        let (down, up) = (a.pow_down(exponent), a.pow_up(exponent));
        if let (Ok(down), Ok(up)) = (down, up) {
            assert!(down <= up);
            if let Ok(half_up) = a.pow_half_up(exponent) {
                assert!(down <= half_up && half_up <= up);
            }
            if exponent < 16 {
                let exponent = u32::try_from(exponent).unwrap();
                let exact = x.pow(exponent) * &unit;
                let scale = unit.pow(exponent);
                assert!(BigUint::from(down.raw()) * &scale <= exact);
                assert!(BigUint::from(up.raw()) * &scale >= exact);
            }
        }
    }
}

// What all numbers have.

fn number<N: Fuzzed>(bits: [Bits; 4], factors: [u32; 3]) {
    let numbers = bits.map(N::read);
    for grid in [Grid::Amount, Grid::Rate] {
        let on_grid = numbers.map(|n| n.on_grid(grid, Kind::Number));
        for (number, on_grid) in numbers.into_iter().zip(on_grid) {
            assert_eq!(number.exact(grid).is_ok() || one::<N>(grid).is_none(), {
                on_grid.is_ok() || one::<N>(grid).is_none()
            });
            if let Ok(on_grid) = on_grid {
                assert_eq!(on_grid, number);
                assert_eq!(on_grid.normalized(), number);
                assert_eq!(on_grid.is_zero(), number == N::ZERO);
            }
        }
        if let [Ok(a), Ok(b), Ok(c), Ok(d)] = on_grid {
            sums(a, b, grid);
            products([a, b, c, d], factors, grid);
        }
    }
    let [a, b, ..] = numbers;
    if let Ok(a) = a.on_grid(Grid::Rate, Kind::Number) {
        let (numerator, denominator) = a.fraction(Kind::Number).unwrap();
        let quotient = |way| N::ONE.mul_div(numerator, denominator, Fit::Alone, Grid::Rate, way);
        if let Some(exact) = a.units(Grid::Rate) {
            let exact = (exact, BigUint::one());
            bracket(quotient(Rounding::Down), quotient(Rounding::Up), exact, Grid::Rate);
        }
    }
    if let (Ok(a), Ok(b)) = (Amount::new(a).map(Amount::get), Amount::new(b).map(Amount::get)) {
        accumulated(a, b, factors[0]);
    }
}

fn sums<N: Fuzzed>(a: N, b: N, grid: Grid) {
    let (sum, difference) = (a.try_add(b), a.try_sub(b));
    let (Some(x), Some(y)) = (a.units(grid), b.units(grid)) else {
        assert!(is_valid(sum) || sum == Err(MathError::Overflow));
        assert!(is_valid(difference) || difference == Err(MathError::Underflow));
        return;
    };
    match sum {
        Ok(sum) => assert_eq!(sum.units(grid).unwrap(), &x + &y),
        Err(_) => assert!(!fits::<N>(&(&x + &y), grid), "{a} + {b} is refused"),
    }
    match difference {
        Ok(difference) => assert_eq!(difference.units(grid).unwrap() + y, x),
        Err(MathError::Underflow) => assert!(x < y),
        Err(_) => assert!(!fits::<N>(&(&x - &y), grid), "{a} − {b} is refused"),
    }
}

fn products<N: Fuzzed>([a, b, c, d]: [N; 4], [f, g, h]: [u32; 3], grid: Grid) {
    // A linear expression on either side, as every formula has.
    let Ok(by) = b.times(f, grid) else { return };
    let over = c.times(g, grid).and_then(|over| over.plus(d.times(h, grid)?));
    let less = over.and_then(|over| over.minus(by));
    let divided = |over| {
        let rounded = |rounding| a.mul_div(by, over, Fit::Alone, grid, rounding);
        (rounded(Rounding::Down), rounded(Rounding::Up))
    };
    let [Some(x), Some(y), Some(z), Some(w)] = [a, b, c, d].map(|number| number.units(grid)) else {
        for over in over.into_iter().chain(less) {
            let (down, up) = divided(over);
            assert_eq!(down, up);
            assert!(is_valid(down) || down.is_err());
        }
        return;
    };
    let (by_units, over_units) = (&y * f, &z * g + &w * h);
    let over = over.unwrap();
    let (down, up) = divided(over);
    // As on the chain, a numerator of more than 256 bits is refused.
    if (&x * &by_units).bits() <= 256 {
        bracket(down, up, (&x * &by_units, over_units.clone()), grid);
    } else if let Ok(down) = down {
        assert!(down.units(grid).unwrap() * &over_units <= &x * &by_units);
    }
    for rounding in [Rounding::Down, Rounding::Up] {
        let fitted = |fit| a.mul_div(by, over, fit, grid, rounding);
        let (added, taken) = (fitted(Fit::To(b)), fitted(Fit::From(b)));
        let sums = [(added, added.map(|n| b.try_add(n))), (taken, taken.map(|n| b.try_sub(n)))];
        for (result, sum) in sums {
            // Refused only where the other operand itself has more places than the result.
            if let (Ok(result), Ok(Err(MathError::Inexact))) = (result, sum) {
                assert!(last_place([b, b], grid) < last_place([result, result], grid));
            }
        }
    }
    assert_eq!(less.is_ok(), over_units >= by_units);
    assert_eq!(over.is_zero(), over_units.is_zero());

    let (a_exact, d_exact) = (a.exact(grid).unwrap(), d.exact(grid).unwrap());
    let (left, right) = (&x * &by_units, &over_units * &w);
    assert_eq!(N::cmp_products(a_exact, by, over, d_exact), left.cmp(&right));
    assert_eq!(by.partial_cmp(&over), Some(by_units.cmp(&over_units)));
}

fn accumulated<N: Fuzzed>(y: N, x: N, seconds: u32) {
    let sum = N::uq112x112(y, x);
    let Ok((hi, lo)) = sum else {
        assert!(x.is_zero() || sum == Err(MathError::Overflow));
        return;
    };
    if let (Some(y), Some(x)) = (y.units(Grid::Amount), x.units(Grid::Amount)) {
        let price = (BigUint::from(hi) << 128_u32) + BigUint::from(lo);
        assert_eq!(price, (y << 112_u32) / x);
    }
    assert_eq!(N::mean_of_uq112x112((hi, lo), seconds).is_ok(), seconds > 0);
}

// Polynomials.

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Step {
    Leaf(u8),
    Integer(u32),
    Add,
    Sub,
    SaturatingSub,
    Mul,
    DivFloor,
    DivCeil,
    SqrtFloor,
    SqrtCeil,
}

/// The exact value of a polynomial, or nothing once a step has to be refused.
fn exact_step(step: Step, a: &BigUint, b: &BigUint) -> Option<BigUint> {
    let root = a.sqrt();
    let value = match step {
        Step::Add => a + b,
        Step::Sub if a < b => return None,
        Step::Sub => a - b,
        Step::SaturatingSub => a - a.min(b),
        Step::Mul => a * b,
        // Divisors have one word of 256 bits.
        Step::DivFloor | Step::DivCeil if b.is_zero() || b.bits() > 256 => return None,
        Step::DivFloor => a / b,
        Step::DivCeil => (a + b - 1_u8) / b,
        Step::SqrtCeil if root.pow(2) != *a => root + 1_u8,
        Step::SqrtFloor | Step::SqrtCeil => root,
        Step::Leaf(_) | Step::Integer(_) => unreachable!("leaves have no operands"),
    };
    (value.bits() <= 512).then_some(value)
}

fn polynomial<N: Fuzzed>(leaves: [Bits; 4], steps: &[Step]) {
    let grid = Grid::Amount;
    let leaves = leaves.map(|bits| N::read(bits).on_grid(grid, Kind::Amount).ok());
    let mut stack: Vec<(N::Wide, Option<BigUint>)> = Vec::new();
    for &step in steps {
        let top = match step {
            Step::Leaf(index) => {
                let Some(leaf) = leaves[usize::from(index % 4)] else { return };
                (N::Wide::from(leaf.exact(grid).unwrap()), leaf.units(grid))
            }
            Step::Integer(n) => (N::Wide::integer(n), Some(BigUint::from(n))),
            Step::SqrtFloor | Step::SqrtCeil => {
                let Some((a, exact)) = stack.pop() else { return };
                let root =
                    if matches!(step, Step::SqrtFloor) { a.sqrt_floor() } else { a.sqrt_ceil() };
                (root, exact.and_then(|a| exact_step(step, &a, &a)))
            }
            _ => {
                let (Some((b, b_exact)), Some((a, a_exact))) = (stack.pop(), stack.pop()) else {
                    return;
                };
                let value = match step {
                    Step::Add => a + b,
                    Step::Sub => a - b,
                    Step::SaturatingSub => a.saturating_minus(b),
                    Step::Mul => a * b,
                    Step::DivFloor => a.div_floor(b),
                    _ => a.div_ceil(b),
                };
                let exact = a_exact.zip(b_exact).and_then(|(a, b)| exact_step(step, &a, &b));
                (value, exact)
            }
        };
        stack.push(top);
    }
    let Some((value, exact)) = stack.pop() else { return };
    let result = |rounding| N::from_wide(value, Fit::Alone, grid, rounding);
    let (down, up) = (result(Rounding::Down), result(Rounding::Up));
    if one::<N>(grid).is_none() {
        assert!(is_valid(down) || down.is_err());
        return;
    }
    match exact {
        Some(exact) => bracket(down, up, (exact, BigUint::one()), grid),
        None => assert!(down.is_err() && up.is_err(), "{value:?} hides a refusal"),
    }
}

// Quantities.

fn quantities<N: Fuzzed>(bits: [Bits; 4]) {
    let [a, b, c, d] = bits.map(N::read);
    let amounts = [a, b, c].map(Amount::new);
    if let ([Ok(a), Ok(b), Ok(c)], Ok(ratio)) = (amounts, Ratio::new(d)) {
        amount_laws(a, b, ratio);
        price_laws(a, b, c);
    }
    if let (Ok(index), Ok(ratio)) = (Index::new(a), Ratio::new(d)) {
        let (down, up) = (index.mul_down(ratio), index.mul_up(ratio));
        let grid = Grid::Rate;
        let units = [index.get().units(grid), ratio.get().units(grid), one::<N>(grid)];
        if let [Some(x), Some(r), Some(one)] = units {
            bracket(down.map(Index::get), up.map(Index::get), (x * r, one), grid);
        }
        assert_eq!(index.to_string().parse(), Ok(index));
    }
    for quantity in [a, b] {
        let verdicts = (Amount::new(quantity).is_ok(), Shares::new(quantity).is_ok());
        assert_eq!(verdicts.0, verdicts.1);
    }
}

fn amount_laws<N: Fuzzed>(a: Amount<N>, b: Amount<N>, ratio: Ratio<N>) {
    assert_eq!(a.to_string().parse(), Ok(a));
    assert_eq!((a + b).map(Amount::get), a.get().try_add(b.get()));
    assert_eq!((a - b).map(Amount::get), a.get().try_sub(b.get()));
    let (down, up) = (a.mul_down(ratio), a.mul_up(ratio));
    let parts = (Ratio::of_down(a, b), Ratio::of_up(a, b));
    let [Some(x), Some(y)] = [a, b].map(|amount| amount.get().units(Grid::Amount)) else {
        assert_eq!((down, parts.0), (up, parts.1));
        return;
    };
    let rate_one = one::<N>(Grid::Rate).unwrap();
    let r = ratio.get().units(Grid::Rate).unwrap();
    let (down, up) = (down.map(Amount::get), up.map(Amount::get));
    if (&x * &r).bits() <= 256 {
        bracket(down, up, (&x * r, rate_one.clone()), Grid::Amount);
    }
    bracket(parts.0.map(Ratio::get), parts.1.map(Ratio::get), (x * rate_one, y), Grid::Rate);
}

fn price_laws<N: Fuzzed>(quote: Amount<N>, base: Amount<N>, amount: Amount<N>) {
    let price = Price::from_amounts(quote, base);
    let Ok(price) = price else {
        assert!(quote.is_zero() || base.is_zero());
        return;
    };
    assert!(!format!("{price:?}").is_empty());
    assert_eq!(price.inverse().inverse().partial_cmp(&price), Some(Ordering::Equal));
    let (down, up) = (price.quote_down(amount), price.quote_up(amount));
    let number = (price.to_number_down(), price.to_number_up());
    let units = [quote, base, amount].map(|amount| amount.get().units(Grid::Amount));
    let ([Some(q), Some(b), Some(a)], Some(one)) = (units, one::<N>(Grid::Rate)) else {
        assert_eq!((down, number.0), (up, number.1));
        return;
    };
    bracket(down.map(Amount::get), up.map(Amount::get), (&a * &q, b.clone()), Grid::Amount);
    bracket(number.0, number.1, (&q * one, b.clone()), Grid::Rate);
    if let Ok(other) = Price::from_amounts(amount, base) {
        assert_eq!(price.partial_cmp(&other), Some(q.cmp(&a)));
    }
}

// Rates.

fn rates<N: Fuzzed>(bits: Bits, elapsed: u32, units: u32) {
    let Ok(rate) = Rate::<N, PerYear>::new(N::read(bits)) else { return };
    assert_eq!(rate.to_string().parse(), Ok(rate));
    let elapsed = Elapsed::new(elapsed);
    let simple = rate.simple(elapsed);
    let (down, up) = (rate.compound_down(elapsed), rate.compound_up(elapsed));
    let spread = (rate.spread_down::<PerBlock>(units), rate.spread_up::<PerBlock>(units));
    let spread = (spread.0.map(Rate::get), spread.1.map(Rate::get));
    let grid = Grid::Rate;
    let (Some(r), Some(one)) = (rate.get().units(grid), one::<N>(grid)) else {
        assert_eq!((down, spread.0), (up, spread.1));
        return;
    };
    bracket(spread.0, spread.1, (r.clone(), BigUint::from(units)), grid);
    let interest = &r * elapsed.count();
    match simple {
        Ok(simple) => assert_eq!(simple.get().units(grid).unwrap(), interest),
        // A large product leaves three digits free; the factor is prime, so that it adds no zeros.
        Err(_) => assert!(!fits::<N>(&(&interest * 1_009_u32), grid), "{rate} · {elapsed:?}"),
    }
    if let (Ok(down), Ok(up)) = (down, up) {
        assert!(down <= up);
    }
    if let Ok(up) = up {
        let growth = up.get().units(grid).unwrap();
        assert!(growth >= &one + interest, "compounding pays less than simple interest");
    }
    let (Ok(down), 0..8) = (down, elapsed.count()) else { return };
    let exact = (&r + &one).pow(elapsed.count()) * &one;
    let scale = one.pow(elapsed.count());
    assert!(down.get().units(grid).unwrap() * &scale <= exact);
    if let Ok(up) = up {
        assert!(up.get().units(grid).unwrap() * scale >= exact);
    }
}

fn fractions(terms: Terms, decimal: Decimal) {
    let (numerator, denominator) = terms.pair();
    let fee = Fee::new(numerator, denominator);
    assert_eq!(fee.is_ok(), numerator < denominator);
    let same = |n: u32, d: u32| {
        u64::from(n) * u64::from(denominator) == u64::from(d) * u64::from(numerator)
    };
    if let Ok(fee) = fee {
        assert!(same(fee.numerator(), fee.denominator()));
        assert_eq!(fee.kept() + fee.numerator(), fee.denominator());
        assert_eq!(Fee::new(fee.numerator(), fee.denominator()), Ok(fee));
    }
    let share = FeeShare::new(numerator, denominator);
    assert_eq!(share.is_ok(), 0 < numerator && numerator <= denominator);
    if let Ok(share) = share {
        assert!(same(share.numerator(), share.denominator()));
    }
    assert_eq!(Fee::from_basis_points(numerator), Fee::new(numerator, 10_000));
    assert_eq!(Fee::from_pips(numerator), Fee::new(numerator, 1_000_000));

    let exact = |n: u32, d: u32| {
        assert_eq!(
            BigUint::from(n) * ten_to(decimal.scale()),
            BigUint::from(d) * decimal.mantissa().unsigned_abs()
        );
    };
    if let Ok(fee) = Fee::try_from(decimal) {
        exact(fee.numerator(), fee.denominator());
    }
    if let Ok(share) = FeeShare::try_from(decimal) {
        exact(share.numerator(), share.denominator());
    }
}

fuzz_target!(|case: Case<'_>| {
    match case {
        Case::Text(written) => text(written),
        Case::Float(drawn) => float(drawn),
        Case::Conversion { number, decimals, precision, width } => {
            conversions::<0>(number, decimals, precision, width);
            conversions::<6>(number, decimals, precision, width);
            conversions::<18>(number, decimals, precision, width);
            conversions::<27>(number, decimals, precision, width);
            conversions::<38>(number, decimals, precision, width);
            between_wad_and_ray(number);
        }
        Case::Fixed { places, numbers, exponent } => match places {
            Places::None => fixed::<0>(numbers, exponent),
            Places::Six => fixed::<6>(numbers, exponent),
            Places::Wad => fixed::<18>(numbers, exponent),
            Places::Ray => fixed::<27>(numbers, exponent),
            Places::Most => fixed::<38>(numbers, exponent),
        },
        Case::Number { of, numbers, factors } => with_type!(of, number(numbers, factors)),
        Case::Quantity { of, numbers } => with_type!(of, quantities(numbers)),
        Case::Polynomial { of, leaves, steps } => with_type!(of, polynomial(leaves, &steps)),
        Case::Rate { of, rate, elapsed, units } => with_type!(of, rates(rate, elapsed, units)),
        Case::Fraction { terms, decimal } => fractions(terms, Decimal::read(decimal)),
    }
});
