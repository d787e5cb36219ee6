//! Inputs over the whole domain of each type: every magnitude as likely as every other, edges often.

use std::ops::RangeInclusive;

use defi_math::num::{Fixed, Grid};
use defi_math::{Amount, Fee, FeeShare, Number, Price};
use num_bigint::BigInt;
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::exact::{Exactly, Q, raw, whole};

const LARGEST_RESERVE: u128 = (1 << 112) - 1;

const LARGEST_MANTISSA: u128 = (1 << 96) - 1;

/// An integer of every magnitude: as likely of 3 bits as of 90, and often an edge or a neighbour of a
/// power of two or ten.
pub(crate) fn integer(range: RangeInclusive<u128>) -> BoxedStrategy<u128> {
    let (least, most) = range.into_inner();
    let magnitude = (0..=128_u32, any::<u128>())
        .prop_map(|(bits, random)| random & u128::MAX.checked_shr(128 - bits).unwrap_or(0));
    let power = prop_oneof![
        (0..128_u32).prop_map(|exponent| 1 << exponent),
        (0..=38_u32).prop_map(|exponent| 10_u128.pow(exponent)),
    ];
    let neighbour = (power, 0..=2_u128).prop_map(|(power, offset)| power - 1 + offset);
    let edge = prop_oneof![Just(least), Just(most), Just(LARGEST_RESERVE)];
    prop_oneof![8 => magnitude, 2 => neighbour, 1 => edge]
        .prop_map(move |n| {
            // Back into the range without piling up at its end.
            if n > most { least + n % (most - least + 1) } else { n.max(least) }
        })
        .boxed()
}

/// A `u32` of every magnitude.
pub(crate) fn natural(range: RangeInclusive<u32>) -> BoxedStrategy<u32> {
    integer((*range.start()).into()..=(*range.end()).into())
        .prop_map(|n| n.try_into().unwrap())
        .boxed()
}

pub(crate) fn fixed<const PLACES: u32>() -> BoxedStrategy<Fixed<PLACES>> {
    integer(0..=u128::MAX).prop_map(Fixed::from_raw).boxed()
}

/// A mantissa of at least so much, with any number of places in a range.
pub(crate) fn decimal(least: u128, places: RangeInclusive<u32>) -> BoxedStrategy<Decimal> {
    (integer(least..=LARGEST_MANTISSA), places)
        .prop_map(|(mantissa, places)| {
            Decimal::try_from_i128_with_scale(mantissa.try_into().unwrap(), places).unwrap()
        })
        .boxed()
}

/// A number type whose numbers can be drawn.
pub(crate) trait Sample: Exactly {
    /// The largest reserve of a pair with all 18 places.
    const LARGEST: Self;

    /// An amount of any magnitude, zero included.
    fn amount() -> BoxedStrategy<Self>;

    /// A positive amount that a pair can hold.
    fn reserve() -> BoxedStrategy<Self>;

    /// A number of the finest grid, zero included.
    fn rate() -> BoxedStrategy<Self>;

    /// A positive number as a price may be given: a `Decimal` with up to 28 places.
    fn price() -> BoxedStrategy<Self>;
}

impl<const PLACES: u32> Sample for Fixed<PLACES> {
    const LARGEST: Self = Self::from_raw(LARGEST_RESERVE);

    fn amount() -> BoxedStrategy<Self> {
        fixed()
    }

    fn reserve() -> BoxedStrategy<Self> {
        integer(1..=LARGEST_RESERVE).prop_map(Self::from_raw).boxed()
    }

    fn rate() -> BoxedStrategy<Self> {
        fixed()
    }

    fn price() -> BoxedStrategy<Self> {
        integer(1..=u128::MAX).prop_map(Self::from_raw).boxed()
    }
}

impl Sample for Decimal {
    const LARGEST: Self = Self::from_parts(u32::MAX, u32::MAX, u32::MAX, false, 18);

    fn amount() -> BoxedStrategy<Self> {
        decimal(0, 0..=18)
    }

    /// Two thirds of them with all 18 places of the grid.
    fn reserve() -> BoxedStrategy<Self> {
        prop_oneof![2 => decimal(1, 18..=18), 1 => decimal(1, 0..=18)].boxed()
    }

    fn rate() -> BoxedStrategy<Self> {
        decimal(0, 0..=27)
    }

    fn price() -> BoxedStrategy<Self> {
        decimal(1, 0..=28)
    }
}

/// A fraction as the caller wrote it, and not in lowest terms.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    pub(crate) numerator: u32,
    pub(crate) denominator: u32,
}

impl Terms {
    pub(crate) fn value(self) -> Q {
        Q::new(self.numerator.into(), self.denominator.into())
    }

    pub(crate) fn fee(self) -> Fee {
        Fee::new(self.numerator, self.denominator).unwrap()
    }

    /// `γ`: what trades of an input.
    pub(crate) fn gamma(self) -> Q {
        whole(1) - self.value()
    }

    pub(crate) fn share(self) -> FeeShare {
        FeeShare::new(self.numerator, self.denominator).unwrap()
    }
}

fn terms(fractions: &[(u32, u32)]) -> BoxedStrategy<Terms> {
    proptest::sample::select(fractions.to_vec())
        .prop_map(|(numerator, denominator)| Terms { numerator, denominator })
        .boxed()
}

/// Any two integers, the smaller first.
fn any_terms() -> BoxedStrategy<Terms> {
    (natural(0..=u32::MAX), natural(1..=u32::MAX))
        .prop_map(|(a, b)| Terms { numerator: a.min(b), denominator: a.max(b) })
        .boxed()
}

/// A fee: the usual ones, odd ones, any other fraction below one.
pub(crate) fn fee() -> BoxedStrategy<Terms> {
    let usual = [
        (0, 1),
        (1, 10_000),
        (5, 10_000),
        (25, 10_000),
        (3, 1_000),
        (30, 10_000),
        (10_000, 1_000_000),
    ];
    let odd = [
        (1, 3),
        (999_999, 1_000_000),
        (1, u32::MAX),
        (u32::MAX - 1, u32::MAX),
        (0, u32::MAX),
        (2_147_483_647, 4_294_967_291),
    ];
    let any = any_terms().prop_filter("below one", |fee| fee.numerator < fee.denominator);
    prop_oneof![3 => terms(&usual), 1 => terms(&odd), 1 => any].boxed()
}

/// A protocol's part of the growth: Uniswap's sixth, everything, any other fraction.
pub(crate) fn share() -> BoxedStrategy<Terms> {
    let usual = [(1, 6), (1, 2), (4, 24), (1, 1), (1, u32::MAX), (u32::MAX - 1, u32::MAX)];
    let any = any_terms().prop_filter("above zero", |share| share.numerator > 0);
    prop_oneof![3 => terms(&usual), 1 => any].boxed()
}

/// Two reserves: of any magnitudes, equal, as far apart as can be, as large as can be.
pub(crate) fn reserves<N: Sample>() -> BoxedStrategy<(N, N)> {
    prop_oneof![
        8 => (N::reserve(), N::reserve()),
        2 => N::reserve().prop_map(|both| (both, both)),
        1 => Just((N::UNIT, N::LARGEST)),
        1 => Just((N::LARGEST, N::UNIT)),
        1 => Just((N::LARGEST, N::LARGEST)),
    ]
    .boxed()
}

/// An amount of any magnitude, or measured against a reserve.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Draw<N> {
    Any(N),
    /// So many of 2^31 parts, twice the reserve at most.
    Part(u32),
    Whole,
    UnitLess,
    UnitMore,
}

impl<N: Exactly> Draw<N> {
    /// The amount, as an exact multiple of the reserve's own step where it is measured against it.
    pub(crate) fn of(self, reserve: N) -> N {
        let (value, step) = (reserve.value(), reserve.step());
        let amount = match self {
            Self::Any(amount) => return amount,
            Self::Part(part) => (&value * whole(part) / &step / whole(1_u32 << 31)).floor() * step,
            Self::Whole => value,
            Self::UnitLess => value - step,
            Self::UnitMore => value + step,
        };
        N::exactly(&amount).unwrap_or(reserve)
    }
}

pub(crate) fn draw<N: Sample>() -> BoxedStrategy<Draw<N>> {
    prop_oneof![
        4 => N::amount().prop_map(Draw::Any),
        4 => natural(1..=u32::MAX).prop_map(Draw::Part),
        2 => any::<u32>().prop_map(Draw::Part),
        1 => Just(Draw::Whole),
        1 => Just(Draw::UnitLess),
        1 => Just(Draw::UnitMore),
    ]
    .boxed()
}

/// A price, and the two integers of which the crate holds it as a fraction.
#[derive(Clone, Debug)]
pub(crate) struct Quoted<N: Number> {
    pub(crate) price: Price<N>,
    pub(crate) quote: BigInt,
    pub(crate) base: BigInt,
}

impl<N: Exactly> Quoted<N> {
    pub(crate) fn of_amounts(quote: N, base: N) -> Self {
        Self {
            price: Price::from_amounts(quote, base).unwrap(),
            quote: raw(quote, Grid::Amount),
            base: raw(base, Grid::Amount),
        }
    }

    /// A bare number: of a `Decimal` its mantissa over a power of ten, of the others its base units.
    pub(crate) fn of_number(number: N) -> Self {
        let base = number.step().recip().to_integer();
        let quote = (number.value() * &base).to_integer();
        Self { price: Price::new(number).unwrap(), quote, base }
    }

    pub(crate) fn value(&self) -> Q {
        Q::new(self.quote.clone(), self.base.clone())
    }

    pub(crate) fn inverse(&self) -> Self {
        Self { price: self.price.inverse(), quote: self.base.clone(), base: self.quote.clone() }
    }
}

/// A price of any magnitude, of two amounts or of a number.
pub(crate) fn price<N: Sample>() -> BoxedStrategy<Quoted<N>> {
    prop_oneof![
        (N::reserve(), N::reserve()).prop_map(|(quote, base)| Quoted::of_amounts(quote, base)),
        N::price().prop_map(Quoted::of_number),
    ]
    .boxed()
}

/// A price of any magnitude, or one near that of two reserves, X first.
#[derive(Clone, Debug)]
pub(crate) enum PriceDraw<N: Number> {
    Any(Quoted<N>),
    /// Y against this.
    Near(Draw<N>),
}

impl<N: Exactly> PriceDraw<N> {
    pub(crate) fn of(&self, x: N, y: N) -> Quoted<N> {
        match self {
            Self::Any(price) => price.clone(),
            Self::Near(draw) => {
                let quote = draw.of(y);
                Quoted::of_amounts(if quote.is_zero() { y } else { quote }, x)
            }
        }
    }
}

pub(crate) fn price_draw<N: Sample>() -> BoxedStrategy<PriceDraw<N>> {
    prop_oneof![
        1 => price().prop_map(PriceDraw::Any),
        3 => draw().prop_map(PriceDraw::Near),
    ]
    .boxed()
}

pub(crate) fn amount<N: Exactly>(number: N) -> Amount<N> {
    Amount::new(number).unwrap()
}
