//! The operators and checked traits of num-traits, for [`Fixed`] as a citizen of that ecosystem.
//!
//! `Zero` and `One` demand a `+` and a `·` that return the number itself, so an operator that
//! cannot answer must panic, wrap or lie. It panics, as those of the primitive integers do under
//! test; products round down. Nothing in this crate calls an operator of a number: the lint
//! `clippy::arithmetic_side_effects` refuses it.

#![allow(
    clippy::panic,
    reason = "num-traits' operators return the bare number; the checked forms are beside them"
)]

use core::ops::{Add, Div, Mul, Sub};

use num_traits::{CheckedAdd, CheckedDiv, CheckedMul, CheckedSub, One, Zero};

use super::{Fixed, Number};

macro_rules! operator {
    ($operator:ident :: $op:ident, $checked:ident :: $checked_op:ident, $try_op:ident, $complaint:literal) => {
        impl<const PLACES: u32> $operator for Fixed<PLACES> {
            type Output = Self;

            /// # Panics
            /// Where the checked form returns `None`.
            fn $op(self, rhs: Self) -> Self {
                match self.$checked_op(&rhs) {
                    Some(result) => result,
                    None => panic!($complaint),
                }
            }
        }

        impl<const PLACES: u32> $checked for Fixed<PLACES> {
            fn $checked_op(&self, rhs: &Self) -> Option<Self> {
                self.$try_op(*rhs).ok()
            }
        }
    };
}

operator!(Add::add, CheckedAdd::checked_add, try_add, "fixed-point addition overflowed");
operator!(Sub::sub, CheckedSub::checked_sub, try_sub, "fixed-point subtraction underflowed");
operator!(Mul::mul, CheckedMul::checked_mul, mul_down, "fixed-point product overflowed");
operator!(Div::div, CheckedDiv::checked_div, div_down, "fixed-point quotient does not exist");

impl<const PLACES: u32> Zero for Fixed<PLACES> {
    fn zero() -> Self {
        Self::ZERO
    }

    fn is_zero(&self) -> bool {
        Number::is_zero(*self)
    }
}

impl<const PLACES: u32> One for Fixed<PLACES> {
    fn one() -> Self {
        Self::ONE
    }
}
