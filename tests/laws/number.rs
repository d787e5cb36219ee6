//! Numbers, quantities and rates: which side of the exact value a result is on, and how near.

use std::fmt::Debug;

use defi_math::laws::Verdict;
use defi_math::laws::strategies::{amount, integer, reserve};
use defi_math::num::Fixed;
use defi_math::rate::{PerDay, days};
use defi_math::{Amount, MathError, Number, Price, Rate, Ratio, Ray, Wad};
use num_bigint::BigInt;
use num_rational::BigRational;
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::support::{Exactly, Judged, accept, check};

/// The two answers of a directed operation, the exact value, and what the answer is added to.
struct Directed {
    down: BigRational,
    up: BigRational,
    exact: BigRational,
    beside: BigRational,
}

/// The exact value of a number.
trait Value: Number {
    fn value(self) -> BigRational;

    /// The step of the coarsest grid on which a result beside another number may be.
    fn largest_step(places: u32, sum: &BigRational) -> BigRational;
}

fn power_of_ten(exponent: u32) -> BigInt {
    BigInt::from(10).pow(exponent)
}

impl<const PLACES: u32> Value for Fixed<PLACES> {
    fn value(self) -> BigRational {
        BigRational::new(self.raw().into(), power_of_ten(PLACES))
    }

    /// One unit, whatever the magnitude.
    fn largest_step(_: u32, _: &BigRational) -> BigRational {
        BigRational::new(1.into(), power_of_ten(PLACES))
    }
}

impl Value for Decimal {
    fn value(self) -> BigRational {
        BigRational::new(self.mantissa().into(), power_of_ten(self.scale()))
    }

    /// A unit of the grid, or of the places at which the sum leaves three digits of 96 bits free,
    /// one place for the fourth.
    fn largest_step(places: u32, sum: &BigRational) -> BigRational {
        let unit = BigRational::new(1.into(), power_of_ten(places));
        unit.max(sum * power_of_ten(4) / (BigInt::from(1) << 96))
    }
}

/// `down ≤ exact ≤ up`, neither further from it than a step of the grid.
fn brackets<N: Value>(places: u32, answer: &Directed) -> Judged {
    let Directed { down, up, exact, beside } = answer;
    let step = N::largest_step(places, &(exact + beside));
    prop_assert!(down <= exact && exact <= up, "{down} ≤ {exact} ≤ {up}");
    prop_assert!(exact - down < step && up - exact < step, "{down}, {exact}, {up}, step {step}");
    Ok(Verdict::Held)
}

/// `up = down` if the exact value is either of them, and else one unit of the grid apart.
fn one_unit_apart<N: Value>(places: u32, answer: &Directed) -> Judged {
    let Directed { down, up, exact, beside } = answer;
    let step = N::largest_step(places, &(exact + beside));
    if down == exact || up == exact {
        prop_assert_eq!(down, up);
    } else {
        prop_assert!(up > down && up - down <= step, "{down}, {up}, step {step}");
    }
    Ok(Verdict::Held)
}

/// Runs a law over every directed operation of a fixed-point number.
fn on_fixed<const PLACES: u32>(law: fn(u32, &Directed) -> Judged) {
    type Pair<const PLACES: u32> = Result<Fixed<PLACES>, MathError>;

    fn run<const PLACES: u32>(
        law: fn(u32, &Directed) -> Judged,
        operation: fn([Fixed<PLACES>; 3]) -> (Pair<PLACES>, Pair<PLACES>, Option<BigRational>),
    ) {
        let number = || integer(0..=u128::MAX).prop_map(Fixed::from_raw);
        check([number(), number(), number()], |operands| {
            let (down, up, exact) = operation(operands);
            let Some(exact) = exact else {
                let refused = Err(MathError::DivisionByZero);
                prop_assert_eq!((down, up), (refused, refused));
                return Ok(Verdict::Refused);
            };
            // Overflow is refused, and nothing else.
            let fits = |n: BigInt| n <= u128::MAX.into();
            let units = &exact * power_of_ten(PLACES);
            prop_assert_eq!(down.is_ok(), fits(units.floor().to_integer()));
            prop_assert_eq!(up.is_ok(), fits(units.ceil().to_integer()));
            let (down, up) = (accept!(down).value(), accept!(up).value());
            law(PLACES, &Directed { down, up, exact, beside: BigRational::ZERO })
        });
    }

    fn quotient(a: BigRational, b: &BigRational) -> Option<BigRational> {
        (*b != BigRational::ZERO).then(|| a / b)
    }

    run::<PLACES>(law, |[a, b, _]| (a.mul_down(b), a.mul_up(b), Some(a.value() * b.value())));
    run::<PLACES>(law, |[a, b, _]| (a.div_down(b), a.div_up(b), quotient(a.value(), &b.value())));
    run::<PLACES>(law, |[a, b, c]| {
        (a.mul_div_down(b, c), a.mul_div_up(b, c), quotient(a.value() * b.value(), &c.value()))
    });
}

/// Runs a law over every directed operation of a quantity.
fn on_quantities<N: Exactly + Value>(law: fn(u32, &Directed) -> Judged) {
    type Pair<N> = Result<(N, N), MathError>;

    fn judge<N: Value>(
        law: fn(u32, &Directed) -> Judged,
        places: u32,
        pair: Pair<N>,
        exact: BigRational,
        beside: N,
    ) -> Judged {
        let (down, up) = accept!(pair);
        let beside = beside.value();
        law(places, &Directed { down: down.value(), up: up.value(), exact, beside })
    }

    let rate = N::RATE_PLACES;
    check((amount::<N>(), amount::<N>()), |(amount, ratio)| {
        let ratio = accept!(Ratio::new(ratio.get()));
        let exact = amount.get().value() * ratio.get().value();
        let pair = || Ok((amount.mul_down(ratio)?.get(), amount.mul_up(ratio)?.get()));
        judge(law, 18, pair(), exact, amount.get())
    });
    check((amount::<N>(), reserve::<N>()), |(part, whole)| {
        let exact = part.get().value() / whole.get().value();
        let pair = || Ok((Ratio::of_down(part, whole)?.get(), Ratio::of_up(part, whole)?.get()));
        judge(law, rate, pair(), exact, N::ONE)
    });
    check((reserve::<N>(), reserve::<N>()), |(quote, base)| {
        let price = Price::from_amounts(quote, base)?;
        let exact = quote.get().value() / base.get().value();
        let pair = || Ok((price.to_number_down()?, price.to_number_up()?));
        judge(law, rate, pair(), exact, N::ONE)
    });
    check((reserve::<N>(), reserve::<N>(), amount::<N>()), |(quote, base, amount)| {
        let price = Price::from_amounts(quote, base)?;
        let exact = amount.get().value() * quote.get().value() / base.get().value();
        let pair = || Ok((price.quote_down(amount)?.get(), price.quote_up(amount)?.get()));
        judge(law, 18, pair(), exact, amount.get())
    });
    check((amount::<N>(), 1..=u32::MAX), |(yearly, units)| {
        let yearly = Rate::new(yearly.get())?;
        let exact = yearly.get().value() / BigInt::from(units);
        let pair = || {
            let down = yearly.spread_down::<PerDay>(units)?;
            Ok((down.get(), yearly.spread_up::<PerDay>(units)?.get()))
        };
        judge(law, rate, pair(), exact, yearly.get())
    });
}

#[test]
fn product_brackets_the_exact_value() {
    on_fixed::<0>(brackets::<Fixed<0>>);
    on_fixed::<18>(brackets::<Wad>);
    on_fixed::<27>(brackets::<Ray>);
    on_quantities::<Wad>(brackets::<Wad>);
    on_quantities::<Decimal>(brackets::<Decimal>);
}

#[test]
fn up_exceeds_down_by_at_most_one_unit_and_only_if_inexact() {
    on_fixed::<0>(one_unit_apart::<Fixed<0>>);
    on_fixed::<18>(one_unit_apart::<Wad>);
    on_fixed::<27>(one_unit_apart::<Ray>);
    on_quantities::<Wad>(one_unit_apart::<Wad>);
    on_quantities::<Decimal>(one_unit_apart::<Decimal>);
}

/// A quote is an amount of the *other* token: how many places it has must not depend on how large
/// the quoted amount is.
#[test]
fn a_quote_has_the_places_of_its_own_magnitude() {
    check((reserve::<Decimal>(), reserve(), amount::<Decimal>()), |(quote, base, amount)| {
        let price = Price::from_amounts(quote, base)?;
        let exact = amount.get().value() * quote.get().value() / base.get().value();
        let (down, up) = (accept!(price.quote_down(amount)), accept!(price.quote_up(amount)));
        let (down, up) = (down.get().value(), up.get().value());
        brackets::<Decimal>(18, &Directed { down, up, exact, beside: BigRational::ZERO })
    });
}

#[test]
fn root_brackets_the_exact_root() {
    fn law<const PLACES: u32>() {
        let number = || integer(0..=u128::MAX).prop_map(Fixed::<PLACES>::from_raw);
        check((number(), number()), |(a, b)| {
            let raw = |n: Fixed<PLACES>| BigInt::from(n.raw());
            for (down, up, square) in [
                (a.sqrt_down(), a.sqrt_up(), raw(a) * power_of_ten(PLACES)),
                (a.geometric_mean_down(b), a.geometric_mean_up(b), raw(a) * raw(b)),
            ] {
                let root = square.sqrt();
                let inexact = &root * &root != square;
                prop_assert_eq!(raw(down), root.clone());
                prop_assert_eq!(raw(up), root + u32::from(inexact));
            }
            Ok(Verdict::Held)
        });
    }
    law::<0>();
    law::<18>();
    law::<27>();
}

/// A sum, a difference, simple interest: exact, and refused exactly when no number of the type is.
#[test]
fn sums_refuse_rather_than_round() {
    fn judge<N: Value>(
        answer: Result<N, MathError>,
        exact: BigRational,
        can_be: fn(&BigRational) -> Result<(), MathError>,
    ) -> Judged {
        if exact < BigRational::ZERO {
            prop_assert_eq!(answer.err(), Some(MathError::Underflow));
        } else {
            prop_assert_eq!(answer.map(|_| ()), can_be(&exact));
            if let Ok(answer) = answer {
                prop_assert_eq!(answer.value(), exact);
            }
        }
        Ok(Verdict::Held)
    }

    fn law<N: Exactly + Value>(can_be: fn(&BigRational) -> Result<(), MathError>) {
        check((amount::<N>(), amount::<N>()), |(a, b)| {
            let (x, y) = (a.get().value(), b.get().value());
            let _ = judge((a + b).map(Amount::get), &x + &y, can_be)?;
            judge((a - b).map(Amount::get), x - y, can_be)
        });
        check((amount::<N>(), any::<u32>()), |(rate, n)| {
            let rate = Rate::<N, PerDay>::new(rate.get())?;
            // One place less than the finest rate has.
            let interest = accept!(rate.simple(days(n)));
            prop_assert_eq!(interest.get().value(), rate.get().value() * BigInt::from(n));
            Ok(Verdict::Held)
        });
    }

    law::<Wad>(|exact| {
        let largest = BigRational::new(u128::MAX.into(), power_of_ten(18));
        if *exact <= largest { Ok(()) } else { Err(MathError::Overflow) }
    });
    law::<Decimal>(|exact| {
        // The shortest decimal that is the value.
        let places = (0..=28).find(|places| (exact * power_of_ten(*places)).is_integer()).unwrap();
        let largest = (BigInt::from(1) << 96) - 1;
        if (exact * power_of_ten(places)).to_integer() <= largest {
            Ok(())
        } else if exact.to_integer() <= largest {
            Err(MathError::Inexact)
        } else {
            Err(MathError::Overflow)
        }
    });
}

/// A growth factor: near one, as a rate per second or block makes it, or of any magnitude.
fn factor<const PLACES: u32>() -> impl Strategy<Value = Fixed<PLACES>> {
    let one = 10_u128.pow(PLACES);
    prop_oneof![
        integer(0..=one).prop_map(move |rate| Fixed::from_raw(one + rate)),
        integer(0..=one).prop_map(move |loss| Fixed::from_raw(one - loss)),
        integer(0..=u128::MAX).prop_map(Fixed::from_raw),
    ]
}

#[test]
fn pow_brackets_the_exact_power() {
    fn fixed<const PLACES: u32>() {
        check((factor::<PLACES>(), 0..200_u32), |(base, n)| {
            // base^n in units, times one^(n − 1).
            let exact = BigInt::from(base.raw()).pow(n) * power_of_ten(PLACES);
            let one = power_of_ten(PLACES).pow(n);
            match base.pow_down(n.into()) {
                Ok(down) => prop_assert!(BigInt::from(down.raw()) * &one <= exact),
                Err(refusal) => {
                    prop_assert_eq!(refusal, MathError::Overflow);
                    prop_assert!(exact > one * u128::MAX);
                    return Ok(Verdict::Refused);
                }
            }
            prop_assert!(BigInt::from(accept!(base.pow_up(n.into())).raw()) * one >= exact);
            Ok(Verdict::Held)
        });
    }
    fn rate<N: Exactly + Value>() {
        check((amount::<N>(), 0..50_u32), |(rate, n)| {
            let rate = Rate::<N, PerDay>::new(rate.get())?;
            let exact = (rate.get().value() + BigInt::from(1)).pow(n.try_into().unwrap());
            let down = accept!(rate.compound_down(days(n))).get().value();
            let up = accept!(rate.compound_up(days(n))).get().value();
            prop_assert!(down <= exact && exact <= up);
            Ok(Verdict::Held)
        });
    }
    fixed::<18>();
    fixed::<27>();
    rate::<Wad>();
    rate::<Decimal>();
}

/// The powers of two are on every grid, so each of their products is exact.
#[test]
fn an_exact_power_is_not_rounded() {
    check(0..60_u64, |n| {
        let power = u128::from(1_u64 << n);
        let two = Wad::from_base_units(2, 0)?;
        let exact = Wad::from_base_units(power, 0)?;
        prop_assert_eq!(two.pow_down(n)?, exact);
        prop_assert_eq!(two.pow_up(n)?, exact);
        prop_assert_eq!(two.pow_half_up(n)?, exact);
        Ok(Verdict::Held)
    });
}

/// `(1 + r)ⁿ ≥ 1 + r·n`, even rounded down, as long as `1 + r·n` is on the grid.
#[test]
fn compounding_never_pays_less_than_simple_interest() {
    fn law<N: Exactly + Value>(rates: BoxedStrategy<N>, largest_on_grid: u32) {
        check((rates, integer(0..=u32::MAX.into())), |(rate, n)| {
            let rate = Rate::<N, PerDay>::new(rate)?;
            let elapsed = days(u32::try_from(n).unwrap());
            let simple = rate.get().value() * BigInt::from(n) + BigInt::from(1);
            let up = accept!(rate.compound_up(elapsed));
            prop_assert!(up.get().value() >= simple);
            if up.get().value() < BigRational::from(BigInt::from(largest_on_grid)) {
                prop_assert!(rate.compound_down(elapsed)?.get().value() >= simple);
            }
            Ok(Verdict::Held)
        });
    }
    let one = 10_u128.pow(18);
    law::<Wad>(integer(0..=one).prop_map(Wad::from_raw).boxed(), u32::MAX);
    let decimal = (integer(0..=10_u128.pow(27)), 18..=27_u32).prop_map(|(mantissa, places)| {
        Decimal::try_from_i128_with_scale(i128::try_from(mantissa).unwrap(), places).unwrap()
    });
    // Half of 2^96 at 27 places.
    law::<Decimal>(decimal.boxed(), 39);
}

/// Between the number types, and to a token's base units and back.
#[test]
fn conversions_are_exact_or_refused() {
    check((integer(0..=u128::MAX), 0..=30_u32), |(raw, decimals)| {
        let wad = Wad::from_raw(raw);
        if let Ok(decimal) = Decimal::try_from(wad) {
            prop_assert_eq!(decimal.value(), wad.value());
            prop_assert_eq!(Wad::try_from(decimal), Ok(wad));
        } else {
            // Too many digits, even without the trailing zeros behind the point.
            let short = |n: u128| if n.is_multiple_of(10) { n / 10 } else { n };
            prop_assert!((0..18).fold(raw, |n, _| short(n)) >> 96 != 0);
        }
        if let Ok(ray) = Ray::try_from(wad) {
            prop_assert_eq!(ray.value(), wad.value());
            prop_assert_eq!(Wad::try_from(ray), Ok(wad));
        } else {
            prop_assert!(raw.checked_mul(1_000_000_000).is_none());
        }
        let exact = wad.value() * power_of_ten(decimals);
        let (down, up) = (wad.to_base_units_down(decimals), wad.to_base_units_up(decimals));
        let fits = |n: BigInt| u128::try_from(n).map_err(|_| MathError::Overflow);
        prop_assert_eq!(down, fits(exact.floor().to_integer()));
        prop_assert_eq!(up, fits(exact.ceil().to_integer()));
        match wad.to_base_units(decimals) {
            Ok(units) => {
                prop_assert_eq!(BigRational::from(BigInt::from(units)), exact);
                prop_assert_eq!(Wad::from_base_units(units, decimals), Ok(wad));
            }
            Err(_) => prop_assert!(down.is_err() || down != up),
        }
        Ok(Verdict::Held)
    });
}

#[test]
fn a_number_parses_what_it_prints() {
    fn law<N: Number + Debug>(numbers: BoxedStrategy<N>)
    where
        N::Err: Debug,
    {
        check(numbers, |number| {
            prop_assert_eq!(number.to_string().parse::<N>().unwrap(), number);
            Ok(Verdict::Held)
        });
    }
    let raw = || integer(0..=u128::MAX);
    law::<Fixed<0>>(raw().prop_map(Fixed::from_raw).boxed());
    law::<Wad>(raw().prop_map(Fixed::from_raw).boxed());
    law::<Ray>(raw().prop_map(Fixed::from_raw).boxed());
    law::<Fixed<38>>(raw().prop_map(Fixed::from_raw).boxed());
}
