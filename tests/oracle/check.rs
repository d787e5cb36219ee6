//! How a formula is compared with its oracle over generated cases.

use std::cell::Cell;
use std::fmt::Debug;
use std::ops::BitAnd;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// Whether the crate answered a case. Either way it agreed with the oracle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Answered,
    Refused,
}

impl BitAnd for Verdict {
    type Output = Self;

    /// Answered if both were.
    fn bitand(self, rhs: Self) -> Self {
        if self == Self::Answered { rhs } else { Self::Refused }
    }
}

pub(crate) type Judged = Result<Verdict, TestCaseError>;

/// Compares every case, and fails unless at least a quarter of them were answered: refusing everything does
/// not pass.
///
/// `PROPTEST_CASES` and `PROPTEST_RNG_SEED` work as ever.
#[track_caller]
pub(crate) fn check<S: Strategy>(cases: S, agrees: impl Fn(S::Value) -> Judged) {
    compare(cases, agrees, 4);
}

/// The same where refusals, and which comes first, are half of what is compared: a tenth must be answered.
#[track_caller]
pub(crate) fn check_refusals<S: Strategy>(cases: S, agrees: impl Fn(S::Value) -> Judged) {
    compare(cases, agrees, 10);
}

#[track_caller]
fn compare<S: Strategy>(cases: S, agrees: impl Fn(S::Value) -> Judged, one_of: u32) {
    // What a failure teaches becomes a test with a name.
    let config = Config { failure_persistence: None, ..Config::default() };
    let (answered, all) = (Cell::new(0_u32), Cell::new(0_u32));
    let outcome = TestRunner::new(config).run(&cases, |case| {
        let verdict = agrees(case)?;
        all.set(all.get() + 1);
        answered.set(answered.get() + u32::from(verdict == Verdict::Answered));
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
    assert!(one_of * answered.get() >= all.get(), "{} of {} answered", answered.get(), all.get());
}

/// The crate's answers are the oracle's, and its refusals too.
pub(crate) fn agree<T, E, const ANSWERS: usize>(
    answers: [Result<T, E>; ANSWERS],
    expected: [Result<T, E>; ANSWERS],
) -> Judged
where
    T: PartialEq + Debug,
    E: PartialEq + Debug,
{
    let refused = expected.iter().any(Result::is_err);
    prop_assert_eq!(answers, expected);
    Ok(if refused { Verdict::Refused } else { Verdict::Answered })
}

/// Runs a comparison on each of the types that promise the exact result, as a test of its own.
macro_rules! on_exact_types {
    ($($test:ident),+ $(,)?) => {
        mod wad {
            $(#[test]
            fn $test() {
                super::$test::<::defi_math::Wad>();
            })+
        }

        mod decimal {
            $(#[test]
            fn $test() {
                super::$test::<::rust_decimal::Decimal>();
            })+
        }
    };
}
pub(crate) use on_exact_types;
