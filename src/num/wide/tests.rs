//! Against big integers, with limbs near the edges where an estimated digit is too large.

use num_bigint::BigUint;
use proptest::prelude::*;

use super::*;

/// Half a limb that is often all zeros, all ones or a lone bit. One flat strategy: nested unions
/// outgrow the stack of a test thread.
fn half() -> impl Strategy<Value = u64> {
    (0..10_u8, any::<u64>()).prop_map(|(kind, any)| match kind {
        0 => 0,
        1 => 1,
        2 => u64::MAX,
        3 => u64::MAX - 1,
        4 => 1 << 63,
        5 => (1 << 63) - 1,
        6 => (1 << 63) + 1,
        7 => 1 << (any % 64),
        _ => any,
    })
}

/// Both halves, or often the lower one alone.
fn limb() -> impl Strategy<Value = u128> {
    (half(), half(), any::<bool>()).prop_map(|(hi, lo, narrow)| {
        let hi = if narrow { 0 } else { hi };
        (u128::from(hi) << 64) | u128::from(lo)
    })
}

fn u256() -> impl Strategy<Value = U256> {
    (limb(), limb(), any::<bool>())
        .prop_map(|(hi, lo, narrow)| U256 { hi: if narrow { 0 } else { hi }, lo })
}

fn u512() -> impl Strategy<Value = U512> {
    (u256(), u256(), any::<bool>())
        .prop_map(|(hi, lo, narrow)| U512 { hi: if narrow { U256::ZERO } else { hi }, lo })
}

trait Big {
    fn big(self) -> BigUint;
}

impl Big for u128 {
    fn big(self) -> BigUint {
        BigUint::from(self)
    }
}

impl Big for U256 {
    fn big(self) -> BigUint {
        (self.hi.big() << 128_u32) + self.lo.big()
    }
}

impl Big for U512 {
    fn big(self) -> BigUint {
        (self.hi.big() << 256_u32) + self.lo.big()
    }
}

fn modulus(bits: u32) -> BigUint {
    BigUint::from(1_u8) << bits
}

fn fits<T>(exact: &BigUint, bits: u32, answer: Option<T>) -> Result<(), TestCaseError>
where
    T: Big,
{
    let expected = (*exact < modulus(bits)).then(|| exact.clone());
    prop_assert_eq!(answer.map(Big::big), expected);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn products_are_exact(a in limb(), b in limb(), c in u256(), d in u256(), e in any::<u64>()) {
        prop_assert_eq!(U256::product(a, b).big(), a.big() * b.big());
        prop_assert_eq!(U256::product_u64(a, e).big(), a.big() * BigUint::from(e));
        prop_assert_eq!(c.widening_mul(d).big(), c.big() * d.big());
        fits(&(c.big() * b.big()), 256, c.checked_mul(b))?;
    }

    #[test]
    fn sums_and_differences_are_exact_or_refused(a in u256(), b in u256(), c in u512(), d in u512()) {
        fits(&(a.big() + b.big()), 256, a.checked_add(b))?;
        fits(&(c.big() + d.big()), 512, c.checked_add(d))?;
        fits(&(c.big() * d.big()), 512, c.checked_mul(d))?;
        prop_assert_eq!(a.wrapping_add(b).big(), (a.big() + b.big()) % modulus(256));
        prop_assert_eq!(a.wrapping_sub(b).big(), (modulus(256) + a.big() - b.big()) % modulus(256));
        prop_assert_eq!(a.checked_sub(b).is_some(), a >= b);
        prop_assert_eq!(c.checked_sub(d).is_some(), c >= d);
        if c >= d {
            prop_assert_eq!(c.checked_sub(d).map(Big::big), Some(c.big() - d.big()));
        }
    }

    #[test]
    fn shifts_are_powers_of_two(a in u256(), c in u512(), bits in 0..256_u32) {
        prop_assert_eq!(a.shl(bits).big(), (a.big() << bits) % modulus(256));
        prop_assert_eq!(a.shr(bits).big(), a.big() >> bits);
        prop_assert_eq!(c.shl(bits).big(), (c.big() << bits) % modulus(512));
        prop_assert_eq!(u64::from(256 - a.leading_zeros()), a.big().bits());
    }

    #[test]
    fn division_leaves_a_remainder_below_the_divisor(n in u256(), c in u512(), d in u256(), e in limb()) {
        if e != 0 && n.hi % e < e {
            let (quotient, remainder) = div_2_by_1(n.hi % e, n.lo, e);
            let exact = U256 { hi: n.hi % e, lo: n.lo }.big();
            prop_assert_eq!(quotient.big(), exact.clone() / e.big());
            prop_assert_eq!(remainder.big(), exact % e.big());
        }
        for divisor in [d, U256::from_u128(e)] {
            let Some((quotient, remainder)) = c.div_rem(divisor) else {
                prop_assert_eq!(divisor, U256::ZERO);
                continue;
            };
            prop_assert_eq!(quotient.big(), c.big() / divisor.big());
            prop_assert_eq!(remainder.big(), c.big() % divisor.big());
            let (quotient, remainder) = n.div_rem(divisor).unwrap();
            prop_assert_eq!(quotient.big(), n.big() / divisor.big());
            prop_assert_eq!(remainder.big(), n.big() % divisor.big());
        }
    }

    #[test]
    fn roots_are_floors(n in u256(), c in u512(), r in u256(), below in 0..3_u8) {
        let check_256 = |n: U256| -> Result<(), TestCaseError> {
            let (root, inexact) = n.isqrt();
            prop_assert_eq!(root.big(), n.big().sqrt());
            prop_assert_eq!(inexact, root.big().pow(2) != n.big());
            Ok(())
        };
        let check_512 = |c: U512| -> Result<(), TestCaseError> {
            let (root, inexact) = c.isqrt();
            prop_assert_eq!(root.big(), c.big().sqrt());
            prop_assert_eq!(inexact, root.big().pow(2) != c.big());
            Ok(())
        };
        check_256(n)?;
        check_512(c)?;
        // Squares and their neighbours, where the estimate is one too large.
        let square = r.widening_mul(r);
        let less = U512::from_u256(U256::from_u128(u128::from(below)));
        check_512(square)?;
        if let Some(near) = square.checked_sub(less) {
            check_512(near)?;
        }
        let square = U256::product(r.lo, r.lo);
        check_256(square)?;
        if let Some(near) = square.checked_sub(U256::from_u128(u128::from(below))) {
            check_256(near)?;
        }
    }

    #[test]
    fn mul_div_is_the_directed_quotient(a in limb(), b in u256(), c in u256()) {
        let exact = |rounding| {
            let product = a.big() * b.big();
            if c == U256::ZERO {
                return Err(MathError::DivisionByZero);
            }
            let quotient = match rounding {
                Rounding::Down => product.clone() / c.big(),
                Rounding::Up => (product.clone() + c.big() - 1_u8) / c.big(),
            };
            if product >= modulus(256) || quotient >= modulus(128) {
                Err(MathError::Overflow)
            } else {
                Ok(quotient)
            }
        };
        for rounding in [Rounding::Down, Rounding::Up] {
            let answer = mul_div(a, b, c, rounding).map(Big::big);
            if c == U256::ZERO {
                prop_assert!(answer.is_err());
            } else {
                prop_assert_eq!(answer, exact(rounding));
            }
        }
    }

    #[test]
    fn products_compare_exactly(a in u256(), b in u256(), c in u256(), d in u256()) {
        let exact = (a.big() * b.big()).cmp(&(c.big() * d.big()));
        prop_assert_eq!(cmp_products(a, b, c, d), exact);
        prop_assert_eq!(cmp_products(a, b, b, a), Ordering::Equal);
    }
}
