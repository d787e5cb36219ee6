//! What laws are tried on: amounts, fees, prices, pools and what an adversary may do.
//!
//! Amounts are log-uniform, so that a dust of three units is as likely as a whale's deposit, and
//! weighted to the edges where rounding and overflow live: zero, the largest value, powers of two and
//! ten with their neighbours. All of them shrink towards small ones.
//!
//! # Example
//!
//! ```
//! use defi_math::Wad;
//! use defi_math::amm::Token;
//! use defi_math::laws::strategies;
//! use proptest::prelude::*;
//!
//! proptest!(|(pool in strategies::pool::<Wad>(), size in strategies::size())| {
//!     // A size is drawn against the reserve, so that most cases are trades and not refusals.
//!     let dx = Wad::from_raw(size.of(pool.reserve(Token::X).get().raw()));
//!     if let Ok(dy) = pool.amount_out(Token::X, dx) {
//!         prop_assert!(dy < pool.reserve(Token::Y));
//!     }
//! });
//! ```

use core::ops::RangeInclusive;

use proptest::collection::vec;
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::alloc::vec::Vec;
use super::{Operation, Size};
use crate::amm::{Amounts, Pool, PoolState, Token};
use crate::num::{Exact, Fit, Fixed, Grid, Number, Rounding};
use crate::quantity::{Amount, Fee, FeeShare, Price};

/// The largest reserve of a Uniswap v2 pair: 2^112 − 1 base units.
const LARGEST_RESERVE: u128 = (1 << 112) - 1;

/// The largest integer of a `Decimal`: 2^96 − 1.
const LARGEST_MANTISSA: u128 = (1 << 96) - 1;

/// Integers of every magnitude within a range, its edges often.
///
/// For the base units of one's own types; an empty range gives its start.
pub fn integer(range: RangeInclusive<u128>) -> BoxedStrategy<u128> {
    let (least, most) = range.into_inner();
    let most = most.max(least);
    let bits = |n: u128| u128::BITS.saturating_sub(n.leading_zeros());
    // A number of so many bits, all others of them at random.
    let magnitude = (bits(least)..=bits(most), any::<u128>()).prop_map(|(bits, random)| {
        let mask = u128::MAX.checked_shr(u128::BITS.saturating_sub(bits)).unwrap_or(0);
        (random & mask) | (mask ^ (mask >> 1))
    });
    let two = (0..u128::BITS).prop_map(|exponent| 1 << exponent);
    let ten = (0..=38_u32).prop_map(|exponent| 10_u128.saturating_pow(exponent));
    let neighbour = (prop_oneof![two, ten], 0..=2_u128)
        .prop_map(|(power, offset)| power.saturating_add(offset).saturating_sub(1));
    prop_oneof![
        16 => magnitude,
        3 => neighbour,
        1 => Just(least),
        1 => Just(most),
    ]
    .prop_map(move |n| n.clamp(least, most))
    .boxed()
}

/// A number type whose amounts can be drawn.
pub trait Sample: Number {
    /// An amount of any magnitude that the type holds, zero included.
    ///
    /// Of an `f64`, those between 10⁻²⁰ and 10³⁰: what a simulation holds.
    fn any_amount() -> BoxedStrategy<Amount<Self>>;

    /// A positive amount that a pair can hold.
    fn any_reserve() -> BoxedStrategy<Amount<Self>>;
}

impl<const PLACES: u32> Sample for Fixed<PLACES> {
    fn any_amount() -> BoxedStrategy<Amount<Self>> {
        integer(0..=u128::MAX).prop_map(|raw| Self::from_raw(raw).into()).boxed()
    }

    fn any_reserve() -> BoxedStrategy<Amount<Self>> {
        integer(1..=LARGEST_RESERVE).prop_map(|raw| Self::from_raw(raw).into()).boxed()
    }
}

impl Sample for Decimal {
    fn any_amount() -> BoxedStrategy<Amount<Self>> {
        decimal(0)
    }

    fn any_reserve() -> BoxedStrategy<Amount<Self>> {
        decimal(1)
    }
}

/// A mantissa of at least so much, with any number of places of the amount grid.
fn decimal(least: u128) -> BoxedStrategy<Amount<Decimal>> {
    (integer(least..=LARGEST_MANTISSA), 0..=18_u32)
        .prop_filter_map("not an amount", |(mantissa, places)| {
            let mantissa = i128::try_from(mantissa).ok()?;
            Amount::new(Decimal::try_from_i128_with_scale(mantissa, places).ok()?).ok()
        })
        .boxed()
}

impl Sample for f64 {
    fn any_amount() -> BoxedStrategy<Amount<Self>> {
        prop_oneof![20 => Self::any_reserve(), 1 => Just(Amount::ZERO)].boxed()
    }

    fn any_reserve() -> BoxedStrategy<Amount<Self>> {
        const BIAS: u64 = 1_023;
        const FRACTION_BITS: u32 = 52;
        // 2⁻⁶⁶ to 2⁹⁹, assembled from its bits.
        (BIAS - 66..BIAS + 100, 0..1_u64 << FRACTION_BITS)
            .prop_filter_map("not an amount", |(exponent, fraction)| {
                Amount::new(Self::from_bits((exponent << FRACTION_BITS) | fraction)).ok()
            })
            .boxed()
    }
}

/// An amount of any magnitude, zero included.
pub fn amount<N: Sample>() -> BoxedStrategy<Amount<N>> {
    N::any_amount()
}

/// A positive amount that a pair can hold.
pub fn reserve<N: Sample>() -> BoxedStrategy<Amount<N>> {
    N::any_reserve()
}

/// A positive price of any magnitude, as an exact fraction of two amounts.
pub fn price<N: Sample>() -> BoxedStrategy<Price<N>> {
    (N::any_reserve(), N::any_reserve())
        .prop_filter_map("not a price", |(quote, base)| Price::from_amounts(quote, base).ok())
        .boxed()
}

/// Either token.
pub fn token() -> BoxedStrategy<Token> {
    prop_oneof![Just(Token::X), Just(Token::Y)].boxed()
}

/// A fee: none, the usual ones, and any other fraction, from 2⁻³² to almost everything.
pub fn fee() -> BoxedStrategy<Fee> {
    let fraction = fraction().prop_map(|(a, b)| Fee::new(a, b).unwrap_or(Fee::ZERO));
    prop_oneof![
        2 => Just(Fee::ZERO),
        4 => Just(Fee::PERCENT_0_30),
        1 => Just(Fee::PERCENT_0_05),
        1 => Just(Fee::PERCENT_1),
        4 => fraction,
    ]
    .boxed()
}

/// A protocol's share of the fee growth: Uniswap's sixth, everything, and any other fraction.
pub fn fee_share() -> BoxedStrategy<FeeShare> {
    let fraction = fraction().prop_map(|(a, b)| FeeShare::new(a, b).unwrap_or(FeeShare::ONE_SIXTH));
    prop_oneof![2 => Just(FeeShare::ONE_SIXTH), 3 => fraction].boxed()
}

/// Numerator and denominator, the smaller first.
fn fraction() -> impl Strategy<Value = (u32, u32)> {
    (natural(), natural()).prop_map(|(a, b)| (a.min(b), a.max(b)))
}

/// An integer of 32 bits, of every magnitude.
fn natural() -> impl Strategy<Value = u32> {
    integer(0..=u32::MAX.into()).prop_map(|n| u32::try_from(n).unwrap_or(u32::MAX))
}

/// A pool in a state that operations reach: opened with smaller reserves and grown since, with or
/// without donations beside its reserves and a protocol's share of the growth.
pub fn pool<N: Sample>() -> BoxedStrategy<Pool<N>> {
    (grown_pool::<N>(), (part(), part()), proptest::option::of(fee_share()))
        .prop_map(|(pool, donation, protocol_share)| {
            let pool = pool.with_protocol_share(protocol_share);
            let donation = parts_of(pool.state().reserves, donation);
            donation.and_then(|donation| pool.donate(donation).ok()).unwrap_or(pool)
        })
        .boxed()
}

/// The same without donations beside its reserves and without a protocol's share.
pub fn plain_pool<N: Sample>() -> BoxedStrategy<Pool<N>> {
    grown_pool::<N>().boxed()
}

/// A pool that has grown since it was opened and since its last deposit.
fn grown_pool<N: Sample>() -> impl Strategy<Value = Pool<N>> {
    let parts = || (part(), part());
    (N::any_reserve(), N::any_reserve(), fee(), parts(), parts()).prop_filter_map(
        "no pool",
        |(x, y, fee, at_last_mint, at_opening)| {
            let now = Amounts { x, y };
            let last = parts_of(now, at_last_mint)?;
            let first = parts_of(last, at_opening)?;
            let open = |amounts: Amounts<N>| Pool::new(amounts.x, amounts.y, fee).ok();
            let grown = open(first).and_then(|opened| {
                let supply = opened.supply();
                let reserves_at_last_mint = Some(last);
                let state =
                    PoolState { reserves: now, supply, reserves_at_last_mint, ..*opened.state() };
                Pool::try_from(state).ok()
            });
            // Too small to have grown, or to be opened at all.
            grown.or_else(|| open(now)).or_else(|| Pool::new(N::ONE, N::ONE, fee).ok())
        },
    )
}

/// So many of 2^32 − 1 parts: often all or nothing.
fn part() -> impl Strategy<Value = u32> + Clone {
    prop_oneof![2 => any::<u32>(), 1 => Just(0), 1 => Just(u32::MAX)]
}

fn parts_of<N: Number>(whole: Amounts<N>, (x, y): (u32, u32)) -> Option<Amounts<N>> {
    let one = N::ONE.exact(Grid::Amount).ok()?;
    let parts = one.times(u32::MAX).ok()?;
    let of = |amount: Amount<N>, part| {
        amount.mul_div(one.times(part).ok()?, parts, Fit::Alone, Rounding::Down).ok()
    };
    Some(Amounts { x: of(whole.x, x)?, y: of(whole.y, y)? })
}

/// What an adversary may do next.
pub fn operation() -> BoxedStrategy<Operation> {
    prop_oneof![
        4 => (token(), size()).prop_map(|(token_in, amount)| Operation::Swap { token_in, amount }),
        1 => (size(), size()).prop_map(|(x, y)| Operation::Mint { x, y }),
        // At the pool's ratio.
        1 => size().prop_map(|both| Operation::Mint { x: both, y: both }),
        2 => size().prop_map(|shares| Operation::Burn { shares }),
    ]
    .boxed()
}

/// A sequence of at most so many operations.
pub fn operations(most: usize) -> BoxedStrategy<Vec<Operation>> {
    vec(operation(), 1..=most.max(1)).boxed()
}

/// Some units, or a part of what there is.
pub fn size() -> BoxedStrategy<Size> {
    prop_oneof![
        1 => natural().prop_map(Size::Units),
        2 => natural().prop_map(Size::Part),
        1 => any::<u32>().prop_map(Size::Part),
    ]
    .boxed()
}
