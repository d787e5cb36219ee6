//! Time-weighted prices: the contract's sums modulo 2^256, and their means.

use defi_math::amm::{AmmError, Amounts, Pool, PoolState, PriceAccumulator, Token};
use defi_math::num::Grid;
use defi_math::rate::seconds;
use defi_math::{Fee, Kind, MathError, Shares};
use num_bigint::BigInt;
use num_traits::Zero;
use proptest::prelude::*;

use crate::check::{Verdict, agree, check, on_exact_types};
use crate::exact::{Exactly, raw, two};
use crate::generate::{Quoted, Sample, amount, integer, natural, price, reserves};
use crate::quantity::is_fraction;

on_exact_types! {
    prices_accumulate_as_the_contracts,
    the_mean_of_a_window,
}

/// An integer of 256 bits of its halves.
fn whole((hi, lo): (u128, u128)) -> BigInt {
    two(128) * hi + lo
}

fn pool<N: Exactly>((x, y): (N, N)) -> Pool<N> {
    let reserves = Amounts { x: amount(x), y: amount(y) };
    let supply = Shares::new(N::ONE).unwrap();
    Pool::try_from(PoolState { reserves, supply, ..*Pool::empty(Fee::ZERO).state() }).unwrap()
}

/// `⌊y·2^112/x⌋`; a pair within 112 bits never reaches the bound.
fn uq112x112<N: Exactly>(y: N, x: N) -> Result<BigInt, MathError> {
    let price = raw(y, Grid::Amount) * two(112) / raw(x, Grid::Amount);
    if price < two(224) { Ok(price) } else { Err(MathError::Overflow) }
}

/// Sums anywhere in their range, so that they wrap.
fn observation() -> impl Strategy<Value = PriceAccumulator> {
    let half = || integer(0..=u128::MAX);
    let sum = || (prop_oneof![half(), Just(u128::MAX)], half());
    let timestamp = prop_oneof![natural(0..=u32::MAX), Just(u32::MAX)];
    (sum(), sum(), timestamp)
        .prop_map(|(x, y, time)| PriceAccumulator::from_observation(x, y, time))
}

fn prices_accumulate_as_the_contracts<N: Sample>() {
    check((observation(), reserves::<N>(), natural(0..=u32::MAX)), |(start, (x, y), elapsed)| {
        let sums = |it: PriceAccumulator| {
            [Token::X, Token::Y].map(|token| whole(it.cumulative_price(token)))
        };
        let expected = uq112x112(y, x).and_then(|of_x| Ok([of_x, uq112x112(x, y)?]));
        let expected = expected.map(|prices| {
            let [x, y] = sums(start);
            [(x + &prices[0] * elapsed) % two(256), (y + &prices[1] * elapsed) % two(256)]
        });
        let answer = start.advance(&pool((x, y)), seconds(elapsed));
        agree([answer.map(sums)], [expected.map_err(AmmError::from)])
    });
}

/// Over one, two or three changes of the price.
fn the_mean_of_a_window<N: Sample>() {
    let window = (reserves::<N>(), natural(0..=u32::MAX / 3));
    let cases = (observation(), proptest::collection::vec(window, 1..=3), N::amount(), price());
    check(cases, |(start, windows, base, other)| {
        let (mut now, mut sum, mut time) = (start, BigInt::ZERO, 0_u32);
        for ((x, y), elapsed) in windows {
            let Ok(price) = uq112x112(y, x) else { return Ok(Verdict::Refused) };
            let Ok(next) = now.advance(&pool((x, y)), seconds(elapsed)) else {
                prop_assert_eq!(uq112x112(x, y), Err(MathError::Overflow));
                return Ok(Verdict::Refused);
            };
            (now, sum, time) = (next, sum + price * elapsed, time + elapsed);
        }
        let mean = if time == 0 { Err(AmmError::EmptyWindow) } else { Ok(sum / time) };
        let mean = mean.and_then(|mean| {
            if mean.is_zero() { Err(MathError::Zero(Kind::Price).into()) } else { Ok(mean) }
        });
        let answer = now.average_price::<N>(Token::X, start);
        let verdict = agree([answer.map(|_| ())], [mean.clone().map(|_| ())])?;
        if let (Ok(price), Ok(mean)) = (answer, mean) {
            is_fraction(&Quoted { price, quote: mean, base: two(112) }, base, &other)?;
        }
        Ok(verdict)
    });
}

/// An empty pool has no price: its time passes and adds nothing.
#[test]
fn an_empty_pool_adds_nothing() {
    check((observation(), natural(1..=u32::MAX)), |(start, elapsed)| {
        let empty = Pool::<defi_math::Wad>::empty(Fee::ZERO);
        let later = start.advance(&empty, seconds(elapsed))?;
        for token in [Token::X, Token::Y] {
            prop_assert_eq!(later.cumulative_price(token), start.cumulative_price(token));
        }
        // The window is there, and in it the price was nothing.
        let average = later.average_price::<defi_math::Wad>(Token::X, start).map(|_| ());
        agree([average], [Err(MathError::Zero(Kind::Price).into())])?;
        Ok(Verdict::Answered)
    });
}
