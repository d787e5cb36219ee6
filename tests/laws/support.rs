//! How a law is run, and the exact integers that it is compared in.

use std::panic::Location;

use defi_math::amm::{Amounts, ConstantProduct, Pool, PoolState, Token};
use defi_math::laws::strategies::{self, Sample};
use defi_math::laws::{Size, Verdict};
use defi_math::{Amount, Shares, Wad};
use num_bigint::BigInt;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseResult, TestRunner};
use rust_decimal::Decimal;

pub(crate) type Judged = Result<Verdict, TestCaseError>;

/// Runs a law until it has *accepted* a full number of cases; a law that refuses more than four
/// cases for each that it accepts fails.
///
/// `PROPTEST_CASES` and `PROPTEST_RNG_SEED` work as ever.
#[track_caller]
pub(crate) fn check<S: Strategy>(strategy: S, law: impl Fn(S::Value) -> Judged) {
    let cases = Config::default().cases;
    let config = Config {
        cases,
        max_global_rejects: 4 * cases,
        // What a failure teaches becomes a test with a name.
        failure_persistence: None,
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(&strategy, |case| -> TestCaseResult {
        match law(case)? {
            Verdict::Held => Ok(()),
            Verdict::Refused => Err(TestCaseError::reject("refused")),
        }
    });
    if let Err(failure) = outcome {
        panic!("{}: {failure}", Location::caller());
    }
}

/// The answer, or the end of the law with a refusal.
macro_rules! accept {
    ($answer:expr) => {
        match $answer {
            Ok(answer) => answer,
            Err(_) => return Ok(::defi_math::laws::Verdict::Refused),
        }
    };
}
pub(crate) use accept;

/// A number type that promises the exact result.
pub(crate) trait Exactly: Sample {
    /// The largest sum of a result and what it is added to or taken from that has all 18 places.
    const FULL_GRID: u128;

    /// The places of a rate or ratio.
    const RATE_PLACES: u32;

    /// The number in units of 10^−places.
    fn at(self, places: u32) -> BigInt;

    /// The number in units of 10⁻¹⁸.
    fn units(self) -> BigInt {
        self.at(18)
    }

    /// So many units of 10⁻¹⁸, if the type can hold them.
    fn of_units(units: u128) -> Option<Amount<Self>>;
}

impl Exactly for Wad {
    const FULL_GRID: u128 = (1 << 113) - 1;

    const RATE_PLACES: u32 = 18;

    fn at(self, places: u32) -> BigInt {
        assert_eq!(places, 18, "a wad has one grid");
        self.raw().into()
    }

    fn of_units(units: u128) -> Option<Amount<Self>> {
        Some(Self::from_raw(units).into())
    }
}

impl Exactly for Decimal {
    // Three of its digits are left free.
    const FULL_GRID: u128 = ((1 << 96) - 1) / 1_000 - 1;

    const RATE_PLACES: u32 = 27;

    fn at(self, places: u32) -> BigInt {
        assert!(self.scale() <= places, "{self} is not on the grid");
        BigInt::from(self.mantissa()) * 10_u128.pow(places - self.scale())
    }

    fn of_units(units: u128) -> Option<Amount<Self>> {
        Amount::new(Self::try_from(Wad::from_raw(units)).ok()?).ok()
    }
}

/// The largest of two numbers whose sum still has all 18 places.
pub(crate) fn full_grid<N: Exactly>() -> BigInt {
    BigInt::from(N::FULL_GRID / 2)
}

/// An amount in units of 10⁻¹⁸.
pub(crate) fn units<N: Exactly>(amount: Amount<N>) -> BigInt {
    amount.get().units()
}

pub(crate) fn square(n: BigInt) -> BigInt {
    n.clone() * n
}

/// `x·y` of the reserves.
pub(crate) fn k<N: Exactly>(pool: &Pool<N>) -> BigInt {
    units(pool.reserve(Token::X)) * units(pool.reserve(Token::Y))
}

/// An amount of any magnitude, or a part of what it will be measured against.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Draw<N> {
    Amount(Amount<N>),
    Size(Size),
}

impl<N: Exactly> Draw<N> {
    /// The amount, against a reserve; a part is cut to the places that the reserve can carry.
    pub(crate) fn of(self, reserve: Amount<N>) -> Amount<N> {
        match self {
            Self::Amount(amount) => amount,
            Self::Size(size) => {
                let reserve = u128::try_from(units(reserve)).unwrap_or(u128::MAX);
                let mut step = 1;
                loop {
                    if let Some(amount) = N::of_units(size.of(reserve) / step * step) {
                        return amount;
                    }
                    step *= 10;
                }
            }
        }
    }
}

pub(crate) fn draw<N: Sample>() -> impl Strategy<Value = Draw<N>> {
    prop_oneof![
        1 => strategies::amount().prop_map(Draw::Amount),
        3 => strategies::size().prop_map(Draw::Size),
    ]
}

/// A curve of any two reserves, however small.
pub(crate) fn curve<N: Exactly>() -> impl Strategy<Value = ConstantProduct<N>> {
    (strategies::reserve::<N>(), strategies::reserve::<N>(), strategies::fee())
        .prop_map(|(x, y, fee)| ConstantProduct::new(x, y, fee).unwrap())
}

/// A curve on which every output has all places of its grid.
pub(crate) fn curve_on_full_grid<N: Exactly>() -> impl Strategy<Value = ConstantProduct<N>> {
    let reserve =
        || strategies::integer(1..=N::FULL_GRID / 2).prop_map(|n| N::of_units(n).unwrap());
    (reserve(), reserve(), strategies::fee())
        .prop_map(|(x, y, fee)| ConstantProduct::new(x, y, fee).unwrap())
}

/// A pool on such a curve, grown since it was opened, with nothing beside its reserves.
pub(crate) fn pool_on_full_grid<N: Exactly>() -> impl Strategy<Value = Pool<N>> {
    (curve_on_full_grid::<N>(), strategies::size()).prop_map(|(curve, size)| {
        let reserves = Amounts { x: curve.reserve_in(), y: curve.reserve_out() };
        let root = (units(reserves.x) * units(reserves.y)).sqrt();
        let supply = size.of(u128::try_from(root).unwrap()).max(1_000);
        let supply = Shares::new(N::of_units(supply).unwrap().get()).unwrap();
        let empty = *Pool::empty(curve.fee()).state();
        Pool::try_from(PoolState { reserves, supply, ..empty }).unwrap()
    })
}
