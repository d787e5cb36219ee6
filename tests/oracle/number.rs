//! Products, quotients, roots and powers of bare numbers; sums; comparisons.

use std::cmp::Ordering;

use defi_math::num::{Exact, Fit, Fixed, Grid, Rounding};
use defi_math::{Kind, MathError, Number, Ray, Wad};
use num_bigint::{BigInt, BigUint};
use num_traits::Signed;
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::check::{Judged, Verdict, agree, check, on_exact_types};
use crate::exact::{BOTH, Exactly, Q, fits, quotient, raw, root_value, ten, two, whole};
use crate::generate::{Sample, decimal, fixed, integer, natural};

on_exact_types! {
    a_product_is_the_exact_one_rounded_once,
    a_root_is_the_exact_one_rounded_once,
    a_power_is_bracketed,
    a_sum_is_exact_or_does_not_fit,
    a_quotient_has_the_places_that_the_next_sum_carries,
    products_compare_exactly,
}

/// The exact value rounded down, and up.
fn rounded<N: Exactly>(exact: Result<Q, MathError>) -> [Result<N, MathError>; 2] {
    BOTH.map(|rounding| N::round(&exact.clone()?, Fit::Alone, Grid::Rate, rounding))
}

fn a_product_is_the_exact_one_rounded_once<N: Sample>() {
    check((N::rate(), N::rate()), |(a, b)| {
        let answers = [Number::mul_down(a, b), Number::mul_up(a, b)];
        agree(answers, rounded(Ok(a.value() * b.value())))
    });
    check((N::rate(), N::rate()), |(a, b)| {
        let answers = [Number::div_down(a, b), Number::div_up(a, b)];
        agree(answers, rounded(quotient(&a.value(), &b.value())))
    });
}

#[test]
fn a_fixed_product_is_the_exact_one_rounded_once() {
    fn compare<const PLACES: u32>() {
        check((fixed::<PLACES>(), fixed()), |(a, b)| {
            agree([a.mul_down(b), a.mul_up(b)], rounded(Ok(a.value() * b.value())))
        });
        check((fixed::<PLACES>(), fixed()), |(a, b)| {
            agree([a.div_down(b), a.div_up(b)], rounded(quotient(&a.value(), &b.value())))
        });
        check((fixed::<PLACES>(), fixed(), fixed()), |(a, b, c)| {
            let exact = quotient(&(a.value() * b.value()), &c.value());
            agree([a.mul_div_down(b, c), a.mul_div_up(b, c)], rounded(exact))
        });
    }
    compare::<0>();
    compare::<6>();
    compare::<18>();
    compare::<27>();
}

fn a_root_is_the_exact_one_rounded_once<N: Sample>() {
    check((N::rate(), N::rate()), |(a, b)| {
        let expected = |square: Q| {
            BOTH.map(|rounding| {
                let root = root_value(&square, N::places(Grid::Rate), rounding);
                N::round(&root, Fit::Alone, Grid::Rate, rounding)
            })
        };
        let mean = [a.geometric_mean_down(b), a.geometric_mean_up(b)];
        let of_product = agree(mean, expected(a.value() * b.value()))?;
        let of_one = agree([a.sqrt_down(), a.sqrt_up()], expected(a.value()))?;
        Ok(of_product & of_one)
    });
}

#[test]
fn a_fixed_root_is_the_exact_one_rounded_once() {
    fn compare<const PLACES: u32>() {
        check((fixed::<PLACES>(), fixed::<PLACES>()), |(a, b)| {
            let raw = |square: Q, rounding| {
                let root = root_value(&square, PLACES, rounding);
                Fixed::<PLACES>::exactly(&root).unwrap()
            };
            let [down, up] = BOTH;
            prop_assert_eq!(a.sqrt_down(), raw(a.value(), down));
            prop_assert_eq!(a.sqrt_up(), raw(a.value(), up));
            prop_assert_eq!(a.geometric_mean_down(b), raw(a.value() * b.value(), down));
            prop_assert_eq!(a.geometric_mean_up(b), raw(a.value() * b.value(), up));
            Ok(Verdict::Answered)
        });
    }
    compare::<0>();
    compare::<18>();
    compare::<27>();
    compare::<38>();
}

/// A factor near one, as interest makes it, or a number of any magnitude.
fn factor<N: Sample>() -> BoxedStrategy<N> {
    let step = Q::new(1.into(), ten(N::places(Grid::Rate)));
    let near_one = (any::<bool>(), integer(0..=10_u128.pow(N::places(Grid::Rate)))).prop_map(
        move |(below, steps)| {
            let distance = &step * whole(steps);
            let factor = if below { whole(1) - distance } else { whole(1) + distance };
            N::exactly(&factor).unwrap()
        },
    );
    prop_oneof![3 => near_one, 1 => N::rate()].boxed()
}

/// The largest step that a result of this magnitude can have, relative to it if it is above one: that of
/// the grid, or the last of the 96 bits less the three digits that are left free, less the one by which
/// a place can miss them.
fn largest_step<N: Exactly>(largest: &Q) -> Q {
    let grid = Q::new(1.into(), ten(N::places(Grid::Rate)));
    let result = N::round(largest, Fit::Alone, Grid::Rate, Rounding::Up);
    if result.is_ok_and(|n| n.step() <= grid) { grid } else { Q::new(ten(4), two(96)) }
}

/// `down ≤ baseⁿ ≤ up`. For a base of one or more neither is further away than `n` steps times the power,
/// for a smaller one `n` steps: what `n` roundings come to, each multiplied by what is left.
pub(crate) fn power_is_bracketed<N: Exactly>(
    base: &Q,
    n: u32,
    [down, up]: [Result<N, MathError>; 2],
) -> Judged {
    let exact = base.pow(n.try_into().unwrap());
    let error = whole(n) * largest_step::<N>(&exact) * exact.clone().max(whole(1));
    let too_large = |power: &Q| N::round(power, Fit::Alone, Grid::Rate, Rounding::Up).is_err();
    match down {
        Ok(down) => {
            let below = &exact - down.value();
            prop_assert!(whole(0) <= below && below <= error, "{down} is {below} below");
        }
        // Never above the power, so no product was too large before it.
        Err(refusal) => prop_assert!(refusal == MathError::Overflow && too_large(&exact)),
    }
    match up {
        Ok(up) => {
            let above = up.value() - &exact;
            prop_assert!(whole(0) <= above && above <= error, "{up} is {above} above");
            Ok(Verdict::Answered)
        }
        Err(refusal) => {
            prop_assert!(refusal == MathError::Overflow && too_large(&(exact + error)));
            Ok(Verdict::Refused)
        }
    }
}

fn a_power_is_bracketed<N: Sample>() {
    check((factor::<N>(), natural(0..=40)), |(base, n)| {
        power_is_bracketed(&base.value(), n, [base.pow_down(n.into()), base.pow_up(n.into())])
    });
}

#[test]
fn a_fixed_power_is_that_of_the_trait() {
    check((factor::<Ray>(), natural(0..=1_000)), |(base, n)| {
        let n = u64::from(n);
        agree(
            [base.pow_down(n), base.pow_up(n)],
            [Number::pow_down(base, n), Number::pow_up(base, n)],
        )
    });
}

/// Maker's `rpow` in integers of any size: from the least binary digit of `n` on, square the base and
/// multiply where the digit is one, each product `⌊(a·b + one/2)/one⌋`.
///
/// The contract refuses a product above 256 bits, which no factors of 128 bits have; a power above 128 bits
/// is beyond the type.
fn rpow(base: u128, n: u64, one: &BigUint) -> Result<u128, MathError> {
    let half_up = |a: &BigUint, b: &BigUint| {
        let product: BigUint = (a * b + one / 2_u32) / one;
        if product.bits() > 128 { Err(MathError::Overflow) } else { Ok(product) }
    };
    let digits = (0..u64::BITS - n.leading_zeros()).map(|digit| n >> digit & 1 == 1);
    let (mut square, mut power) = (BigUint::from(base), one.clone());
    for (place, digit) in digits.enumerate() {
        if place > 0 {
            square = half_up(&square, &square)?;
        }
        if digit {
            power = half_up(&power, &square)?;
        }
    }
    Ok(power.try_into().unwrap())
}

#[test]
fn pow_half_up_is_makers_rpow() {
    fn compare<const PLACES: u32>() {
        let exponent = prop_oneof![
            3 => natural(0..=u32::MAX).prop_map(u64::from),
            1 => any::<u64>(),
        ];
        let rate = factor::<Fixed<PLACES>>();
        // 100 % a year by the second, and less.
        let per_second = integer(0..=10_u128.pow(PLACES) / 31_536_000)
            .prop_map(|rate| Fixed::<PLACES>::from_raw(10_u128.pow(PLACES) + rate));
        let one = BigUint::from(10_u32).pow(PLACES);
        check((prop_oneof![1 => rate, 4 => per_second], exponent), |(base, n)| {
            let expected = rpow(base.raw(), n, &one).map(Fixed::from_raw);
            agree([base.pow_half_up(n)], [expected])
        });
    }
    compare::<18>();
    compare::<27>();
}

fn a_sum_is_exact_or_does_not_fit<N: Sample>() {
    check((N::rate(), N::rate()), |(a, b)| {
        let (greater, less) = if a < b { (b, a) } else { (a, b) };
        let sum = agree([a.try_add(b)], [N::exactly(&(a.value() + b.value()))])?;
        let difference = N::exactly(&(greater.value() - less.value()));
        let difference = agree([greater.try_sub(less)], [difference])?;
        agree([a.try_sub(b)], [N::exactly(&(a.value() - b.value()))])?;
        Ok(sum & difference)
    });
}

/// `Number::mul_div` of exact expressions, for each kind of quantity and what becomes of the result.
fn a_quotient_has_the_places_that_the_next_sum_carries<N: Sample>() {
    /// `a·n + b·m`, exact.
    fn sum<N: Exactly>(
        [a, b]: [N; 2],
        [n, m]: [u32; 2],
        grid: Grid,
    ) -> Result<N::Exact, MathError> {
        a.times(n, grid)?.plus(b.exact(grid)?.times(m)?)
    }
    let factors = || [natural(0..=u32::MAX), natural(0..=3)];
    let grid = prop_oneof![Just(Grid::Amount), Just(Grid::Rate)];
    let numbers = [N::amount(), N::amount(), N::amount(), N::amount(), N::amount()];
    let cases = (numbers, N::amount(), factors(), factors(), grid, 0..3);
    check(cases, |([a, b, c, d, e], beside, n, m, grid, fit)| {
        let (by, over) = (sum([b, c], n, grid)?, sum([d, e], m, grid)?);
        let value = |[a, b]: [N; 2], [n, m]: [u32; 2]| a.value() * whole(n) + b.value() * whole(m);
        let (exact_by, exact_over) = (value([b, c], n), value([d, e], m));
        let beside_value = beside.value();
        let (fit, exact_fit) = match fit {
            0 => (Fit::Alone, Fit::Alone),
            1 => (Fit::From(beside), Fit::From(&beside_value)),
            _ => (Fit::To(beside), Fit::To(&beside_value)),
        };
        let one = whole(ten(N::places(grid)));
        let numerator = (a.value() * &one * &exact_by * &one).to_integer();
        let expected = |rounding| {
            fits(&numerator, N::NUMERATOR_BITS)?;
            N::round(&quotient(&(a.value() * &exact_by), &exact_over)?, exact_fit, grid, rounding)
        };
        // Their texts show the places as well.
        let text = |number: N| number.to_string();
        agree(
            BOTH.map(|rounding| a.mul_div(by, over, fit, grid, rounding).map(text)),
            BOTH.map(|rounding| expected(rounding).map(text)),
        )
    });
}

fn products_compare_exactly<N: Sample>() {
    check(([N::amount(), N::amount(), N::amount()], any::<[u32; 2]>(), -1..=1), |case| {
        let ([a, b, c], [n, m], off_by) = case;
        let grid = Grid::Amount;
        // `c` against itself, of random numbers, and a unit off `a·b = 1·(a·b)` where that fits.
        let product = whole(raw(a, grid) * raw(b, grid) + off_by) / ten(N::places(grid));
        let unit = Q::new(1.into(), ten(N::places(grid)));
        let d = if product.is_negative() { None } else { N::exactly(&product).ok() };
        let (last, exact_last) = match d {
            Some(d) => ([d.exact(grid)?, N::UNIT.exact(grid)?], d.value() * unit),
            None => (
                [c.times(n, grid)?, c.times(m, grid)?],
                c.value() * c.value() * whole(n) * whole(m),
            ),
        };
        let answer = N::cmp_products(a.exact(grid)?, b.exact(grid)?, last[0], last[1]);
        prop_assert_eq!(answer, (a.value() * b.value()).cmp(&exact_last));
        let swapped = N::cmp_products(last[1], last[0], b.exact(grid)?, a.exact(grid)?);
        prop_assert_eq!(swapped, answer.reverse());
        Ok(Verdict::Answered)
    });
}

/// `a·b` against `c·d` in the last of 256 bits, where a float or a quotient would see no difference.
#[test]
fn products_differ_in_their_last_bit() {
    let exact = |raw: u128| Wad::from_raw(raw).exact(Grid::Amount).unwrap();
    let compare = |a, b, c, d| Wad::cmp_products(exact(a), exact(b), exact(c), exact(d));
    let (max, root) = (u128::MAX, 1_u128 << 64);
    assert_eq!(compare(max, max, max, max - 1), Ordering::Greater);
    // (2^64 + 1)·(2^64 − 1) = 2^128 − 1.
    assert_eq!(compare(root + 1, root - 1, max, 1), Ordering::Equal);
    assert_eq!(compare(root, root, max, 1), Ordering::Greater);
    assert_eq!(compare(max - 2, max, max - 1, max - 1), Ordering::Less);
}

/// A place more than the finest grid has is refused, unless it is a zero.
#[test]
fn a_number_finer_than_the_grid_is_refused() {
    check((decimal(0, 28..=28), decimal(1, 0..=27)), |(fine, number)| {
        let on_grid = (fine.value() * ten(27)).is_integer();
        let refused = Err(MathError::TooManyPlaces(Kind::Number));
        let product = fine.value() * number.value();
        let expected = if on_grid { rounded(Ok(product)) } else { [refused, refused] };
        agree([Number::mul_down(fine, number), Number::mul_up(fine, number)], expected.clone())?;
        agree([Number::mul_down(number, fine), Number::mul_up(number, fine)], expected)?;
        prop_assert_eq!(fine.on_grid(Grid::Rate, Kind::Rate).is_ok(), on_grid);
        Ok(Verdict::Answered)
    });
}

/// A negative `Decimal` is refused by every method, by name.
#[test]
fn a_negative_number_is_refused() {
    check((decimal(1, 0..=18), decimal(1, 0..=18)), |(below, positive)| {
        let negative = -below;
        let refused = Err(MathError::Negative(Kind::Number));
        for (a, b) in [(negative, positive), (positive, negative), (negative, negative)] {
            prop_assert_eq!(a.try_add(b), refused);
            prop_assert_eq!(a.try_sub(b), refused);
            prop_assert_eq!(Number::mul_down(a, b), refused);
            prop_assert_eq!(Number::mul_up(a, b), refused);
            prop_assert_eq!(a.div_down(b), refused);
            prop_assert_eq!(a.div_up(b), refused);
            prop_assert_eq!(a.geometric_mean_down(b), refused);
            prop_assert_eq!(a.geometric_mean_up(b), refused);
        }
        prop_assert_eq!(negative.sqrt_down(), refused);
        prop_assert_eq!(negative.sqrt_up(), refused);
        prop_assert_eq!(negative.pow_down(2), refused);
        prop_assert_eq!(negative.pow_up(2), refused);
        prop_assert_eq!(
            negative.on_grid(Grid::Amount, Kind::Shares),
            Err(MathError::Negative(Kind::Shares))
        );
        Ok(Verdict::Answered)
    });
}

/// A zero with a sign is a zero.
#[test]
fn a_negative_zero_is_zero() {
    let zero = -Decimal::ZERO;
    assert_eq!(zero.try_add(Decimal::ONE), Ok(Decimal::ONE));
    assert_eq!(Number::mul_down(Decimal::ONE, zero), Ok(Decimal::ZERO));
    assert!(!zero.on_grid(Grid::Amount, Kind::Amount).unwrap().is_sign_negative());
}

/// MakerDAO's dss: 5 % a day by the second, on 100, after one, two and three days (`jug.t.sol`); and the
/// ten leading digits of one power.
#[test]
fn powers_of_makers_own_tests() {
    let per_second = Ray::from_raw(1_000_000_564_701_133_626_865_910_626);
    let grown = |days: u64| {
        let index = per_second.pow_half_up(days * 86_400).unwrap().value();
        (whole(100) * index * ten(9)).round().to_integer()
    };
    let expected = [105_000_000_000_u64, 110_250_000_000, 115_762_500_000].map(BigInt::from);
    assert_eq!([grown(1), grown(2), grown(3)], expected);

    let fast = Ray::from_raw(1_000_234_891_009_084_238_901_289_093);
    let power = fast.pow_half_up(3_724).unwrap().raw();
    assert_eq!(power / 10_u128.pow(18), 2_397_991_232);
}
