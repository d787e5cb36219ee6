//! Prices: what a position is worth, what an arbitrageur earns, what an average says.

use std::cell::Cell;
use std::cmp::Ordering;

use defi_math::amm::{Amounts, ConstantProduct, Pool, PriceAccumulator, Token, liquidity};
use defi_math::laws::Verdict;
use defi_math::laws::strategies::{self, reserve};
use defi_math::rate::seconds;
use defi_math::{Amount, Fee, Price, Ratio, Wad};
use num_bigint::{BigInt, Sign};
use num_integer::Integer;
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::support::{Exactly, accept, check, curve_on_full_grid, draw, full_grid, square, units};

/// A price with the two amounts that it is made of.
fn fraction<N: Exactly>() -> impl Strategy<Value = (Amount<N>, Amount<N>)> {
    (reserve::<N>(), reserve::<N>())
}

/// A price around that of the reserves: all of one side of the fraction, a part of the other.
fn price_near<N: Exactly>(
    curve: ConstantProduct<N>,
    part: crate::support::Draw<N>,
    rises: bool,
) -> Option<(Amount<N>, Amount<N>)> {
    let (x, y) = (curve.reserve_in(), curve.reserve_out());
    let (quote, base) = if rises { (y, part.of(x)) } else { (part.of(y), x) };
    (!quote.is_zero() && !base.is_zero()).then_some((quote, base))
}

#[test]
fn impermanent_loss_is_symmetric() {
    fn law<N: Exactly>() {
        check(fraction::<N>(), |(now, then)| {
            let ratio = Price::from_amounts(now, then)?;
            let loss = accept!(liquidity::impermanent_loss(ratio));
            prop_assert_eq!(loss, accept!(liquidity::impermanent_loss(ratio.inverse())));
            prop_assert_eq!(loss == Ratio::ZERO, now == then);
            Ok(Verdict::Held)
        });
        check(reserve::<N>(), |same| {
            let ratio = Price::from_amounts(same, same)?;
            prop_assert_eq!(liquidity::impermanent_loss(ratio)?, Ratio::ZERO);
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// `kept = ⌊2·√(a·b)/(a + b)⌋`, and the loss is what is left of one.
#[test]
fn impermanent_loss_is_rounded_up_once() {
    fn law<N: Exactly>() {
        check(fraction::<N>(), |(now, then)| {
            let loss = accept!(liquidity::impermanent_loss(Price::from_amounts(now, then)?));
            let one = BigInt::from(10).pow(N::RATE_PLACES);
            let kept = &one - loss.get().at(N::RATE_PLACES);
            let (a, b) = (units(now), units(then));
            let exact = 4 * &a * &b * square(one);
            prop_assert!(square(&kept * (&a + &b)) <= exact);
            prop_assert!(square((kept + 1) * (a + b)) > exact);
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

#[test]
fn liquidity_is_worth_at_most_holding() {
    fn law<N: Exactly>() {
        check((curve_on_full_grid::<N>(), draw::<N>(), any::<bool>()), |(curve, part, rises)| {
            let held = Amounts { x: curve.reserve_in(), y: curve.reserve_out() };
            let Some((quote, base)) = price_near(curve, part, rises) else {
                return Ok(Verdict::Refused);
            };
            let price = Price::from_amounts(quote, base)?;
            let moved = accept!(liquidity::amounts_at_price(held, price));
            // Both amounts are the floors of their roots …
            let k = units(held.x) * units(held.y);
            let (q, b) = (units(quote), units(base));
            if [moved.x, moved.y].iter().any(|root| units(*root) > full_grid::<N>()) {
                return Ok(Verdict::Refused);
            }
            prop_assert!(square(units(moved.x)) * &q <= &k * &b);
            prop_assert!(square(units(moved.x) + 1) * &q > &k * &b);
            prop_assert!(square(units(moved.y)) * &b <= &k * &q);
            prop_assert!(square(units(moved.y) + 1) * &b > &k * &q);
            // … and worth at most what was held.
            let worth = accept!(liquidity::value(moved, price));
            prop_assert!(worth <= accept!(liquidity::value(held, price)));
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// value + loss = held + worth of the fees: never less by a unit, and not more by what the kept
/// liquidity is rounded, a unit of each token at their prices. The fees are what the redeemed tokens
/// hold beyond the liquidity that was deposited.
#[test]
fn fees_and_loss_explain_the_value() {
    fn law<N: Exactly>() {
        let case = (curve_on_full_grid::<N>(), draw::<N>(), draw::<N>(), draw::<N>());
        check((case, any::<bool>()), |((curve, x, y, part), rises)| {
            let redeemed = Amounts { x: curve.reserve_in(), y: curve.reserve_out() };
            let deposit = Amounts { x: x.of(redeemed.x), y: y.of(redeemed.y) };
            let Some((quote, base)) = price_near(curve, part, rises) else {
                return Ok(Verdict::Refused);
            };
            let outcome =
                accept!(liquidity::outcome(deposit, redeemed, Price::from_amounts(quote, base)?));
            // Worths times the price's denominator, so that they are whole.
            let (q, b) = (units(quote), units(base));
            let worth = |amounts: Amounts<N>| units(amounts.x) * &q + units(amounts.y) * &b;
            let (value, held) = (units(outcome.value), units(outcome.held));
            if [&value, &held].iter().any(|n| **n > full_grid::<N>()) {
                return Ok(Verdict::Refused);
            }
            prop_assert_eq!(&value, &worth(redeemed).div_floor(&b));
            prop_assert_eq!(held, worth(deposit).div_floor(&b));
            // Without the root: (x′ − fee)²·y′ ≥ k·x′, and a unit more would not do.
            let (k, grown) =
                (units(deposit.x) * units(deposit.y), units(redeemed.x) * units(redeemed.y));
            for (token, fee) in [(Token::X, outcome.fees.x), (Token::Y, outcome.fees.y)] {
                let (has, other) = (units(redeemed.of(token)), units(redeemed.of(token.other())));
                let keeps = |fee: BigInt| square(&has - fee) * &other >= &k * &has;
                prop_assert!(fee.is_zero() || keeps(units(fee)));
                prop_assert!(!keeps(units(fee) + 1) || units(fee) == has);
            }
            // Less liquidity than was deposited is no outcome of a pool, and its fees are zero.
            if grown < k {
                prop_assert_eq!(outcome.fees, Amounts::ZERO);
                return Ok(Verdict::Refused);
            }
            let loss = units(outcome.impermanent_loss);
            let unexplained = (value + &loss) * &b - worth(deposit) - worth(outcome.fees);
            prop_assert!(unexplained > -&b);
            prop_assert!(loss == BigInt::ZERO || unexplained < &q + 3 * &b);
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// The marginal price of a sale of `t` is `n·d·x·y/(d·x + n·t)²`: above the outside price a unit
/// before the quoted sale, below it a unit after.
#[test]
fn arbitrage_ends_at_the_outside_price() {
    fn law<N: Exactly>() {
        check((curve_on_full_grid::<N>(), draw::<N>(), any::<bool>()), |(curve, part, rises)| {
            let Some((quote, base)) = price_near(curve, part, rises) else {
                return Ok(Verdict::Refused);
            };
            let dx = accept!(curve.optimal_amount_in(Price::from_amounts(quote, base)?));
            let (x, y) = (units(curve.reserve_in()), units(curve.reserve_out()));
            let (n, d) = (curve.fee().kept(), curve.fee().denominator());
            let compare = |t: BigInt| {
                let marginal = &x * &y * n * d * units(base);
                marginal.cmp(&(units(quote) * square(d * &x + n * t)))
            };
            if compare(BigInt::ZERO) != Ordering::Greater {
                prop_assert!(dx.is_zero());
            } else if &x + units(dx) > BigInt::from(N::FULL_GRID) {
                return Ok(Verdict::Refused);
            } else {
                prop_assert_eq!(compare(units(dx) - 1), Ordering::Greater);
                prop_assert_eq!(compare(units(dx) + 1), Ordering::Less);
            }
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// No other sale earns more, but for one unit of output, the floor's, and one unit of input, the
/// root's, at the difference that is left between marginal and outside price:
/// `(dy′ − dy) − p·(dx′ − dx) < 1 + |marginal − p|`.
#[test]
fn arbitrage_beats_its_neighbours() {
    fn law<N: Exactly>() {
        let case = (curve_on_full_grid::<N>(), draw::<N>(), any::<bool>(), draw::<N>());
        check(case, |(curve, part, rises, anywhere)| {
            let Some((quote, base)) = price_near(curve, part, rises) else {
                return Ok(Verdict::Refused);
            };
            let best = accept!(curve.optimal_amount_in(Price::from_amounts(quote, base)?));
            if best.is_zero() {
                return Ok(Verdict::Refused);
            }
            let (x, y) = (units(curve.reserve_in()), units(curve.reserve_out()));
            let (q, b) = (units(quote), units(base));
            let (n, d) = (curve.fee().kept(), curve.fee().denominator());
            let dy = |dx: &BigInt| (n * dx * &y).div_floor(&(d * &x + n * dx));
            let dx = units(best);
            prop_assert_eq!(units(accept!(curve.amount_out(best))), dy(&dx));
            let whole = square(d * &x + n * &dx);
            let off = (&x * &y * n * d * &b - &q * &whole).magnitude().clone();
            let bound = &b * &whole + BigInt::from_biguint(Sign::Plus, off);
            let anywhere = units(anywhere.of(curve.reserve_in()));
            for other in (-10..=10).map(|offset| &dx + offset).chain([anywhere]) {
                if other.sign() != Sign::Minus {
                    let more = (dy(&other) - dy(&dx)) * &b - &q * (&other - &dx);
                    prop_assert!(more * &whole < bound, "selling {other} earns more");
                }
            }
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// `γ·y/x ≤ p ≤ y/(γ·x)`, both ends included.
#[test]
fn no_arbitrage_inside_the_fee_band() {
    fn law<N: Exactly>() {
        // Reserves of which 2^32 multiples can be written down.
        let reserve = || strategies::integer(1_000..=1 << 60).prop_map(|n| N::of_units(n).unwrap());
        let case = (reserve(), reserve(), strategies::fee(), any::<u32>(), any::<bool>());
        check(case, |(x, y, fee, inside, rises)| {
            let Ok(pool) = Pool::new(x, y, fee) else { return Ok(Verdict::Refused) };
            // A multiple of y/x between γ and 1, or its inverse.
            let (n, d) = (fee.kept(), fee.denominator());
            let between = n + inside % (d - n + 1);
            let multiple = |amount: Amount<N>, by: u32| {
                N::of_units(u128::try_from(units(amount) * by).unwrap()).ok_or("too large")
            };
            let (over, under) = if rises { (d, between) } else { (between, d) };
            let quote = accept!(multiple(y, over));
            let base = accept!(multiple(x, under));
            prop_assert_eq!(pool.arbitrage(Price::from_amounts(quote, base)?), Ok(None));
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// Of an arbitrage, the profit is what the swap leaves at the outside price, rounded down once; none
/// is passed over that would leave more than its last unit.
#[test]
fn arbitrage_takes_what_there_is() {
    fn law<N: Exactly>() {
        let case = (curve_on_full_grid::<N>(), draw::<N>(), any::<bool>());
        check(case, |(curve, part, rises)| {
            let Ok(pool) = Pool::new(curve.reserve_in(), curve.reserve_out(), curve.fee()) else {
                return Ok(Verdict::Refused);
            };
            let Some((quote, base)) = price_near(curve, part, rises) else {
                return Ok(Verdict::Refused);
            };
            let price = Price::from_amounts(quote, base)?;
            let (q, b) = (units(quote), units(base));
            // Profits in Y, times the price's denominator.
            let earns = |token_in, amount_in: &BigInt, amount_out: &BigInt| match token_in {
                Token::X => amount_out * &b - amount_in * &q,
                Token::Y => amount_out * &q - amount_in * &b,
            };
            if let Some(arbitrage) = accept!(pool.arbitrage(price)) {
                let swap = arbitrage.swap;
                let (paid, got) = (units(swap.amount_in), units(swap.amount_out));
                let profit = units(arbitrage.profit);
                prop_assert!(profit > BigInt::ZERO);
                if &profit + &paid + &got > full_grid::<N>() {
                    return Ok(Verdict::Refused);
                }
                prop_assert_eq!(profit, earns(swap.token_in, &paid, &got).div_floor(&b));
            } else {
                for (token_in, price) in [(Token::X, price), (Token::Y, price.inverse())] {
                    let amount_in = accept!(pool.selling(token_in)?.optimal_amount_in(price));
                    if amount_in.is_zero() {
                        continue;
                    }
                    if units(amount_in) > full_grid::<N>() {
                        return Ok(Verdict::Refused);
                    }
                    let amount_out = accept!(pool.amount_out(token_in, amount_in));
                    if amount_out.is_zero() {
                        continue;
                    }
                    let amount_in = accept!(pool.amount_in(token_in, amount_out));
                    let profit = earns(token_in, &units(amount_in), &units(amount_out));
                    prop_assert!(profit < b, "left on the table");
                }
            }
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

fn cumulative(accumulator: PriceAccumulator, of: Token) -> BigInt {
    let (hi, lo) = accumulator.cumulative_price(of);
    (BigInt::from(hi) << 128) + lo
}

/// `min ≤ average ≤ max` over the window, the floor to 2⁻¹¹² apart.
#[test]
fn average_price_lies_between_the_extremes() {
    fn law<N: Exactly>() {
        let stays = (strategies::plain_pool::<N>(), 0..=100_000_u32);
        check(proptest::collection::vec(stays, 1..6), |stays| {
            let start = PriceAccumulator::new();
            let mut latest = start;
            for (pool, stay) in &stays {
                latest = accept!(latest.advance(pool, seconds(*stay)));
            }
            let window: u32 = stays.iter().map(|(_, stay)| stay).sum();
            for of in [Token::X, Token::Y] {
                let average: Price<N> = accept!(latest.average_price(of, start));
                let mean = cumulative(latest, of) / window;
                let shown = stays.iter().filter(|(_, stay)| *stay > 0);
                let (mut above_one, mut below_one) = (false, false);
                for (pool, _) in shown {
                    let (quote, base) = (pool.reserve(of.other()), pool.reserve(of));
                    above_one |= average <= Price::from_amounts(quote, base)?;
                    below_one |= (&mean + 1) * units(base) > units(quote) << 112;
                }
                prop_assert!(above_one && below_one);
                // The average is that mean over 2^112.
                if let Some(one) = N::of_units(1 << 112)
                    && let Ok(quoted) = average.quote_down(one)
                    && units(quoted) < full_grid::<N>()
                {
                    prop_assert_eq!(units(quoted), mean);
                }
            }
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// The sums wrap at 2^256 and the seconds at 2^32; a window of less than 2^32 seconds does not see it.
#[test]
fn an_average_outlives_the_wrap_of_its_sums() {
    // The largest price of a pair: a second of it adds 2^224, 2^32 of them wrap.
    let dear = Pool::new(Wad::from_raw(1), Wad::from_raw((1 << 112) - 1), Fee::ZERO).unwrap();
    let wraps = Cell::new(0);
    let history = proptest::collection::vec(any::<u32>(), 0..4);
    let window = proptest::collection::vec((strategies::plain_pool::<Wad>(), 0..1_u32 << 29), 1..6);
    check((history, window, any::<bool>()), |(history, window, stays_dear)| {
        let mut before = PriceAccumulator::new();
        for stay in history {
            before = before.advance(&dear, seconds(stay))?;
        }
        let (mut with_history, mut fresh) = (before, PriceAccumulator::new());
        for (pool, stay) in window {
            let pool = if stays_dear { dear } else { pool };
            with_history = with_history.advance(&pool, seconds(stay))?;
            fresh = fresh.advance(&pool, seconds(stay))?;
        }
        for of in [Token::X, Token::Y] {
            let average = |latest: PriceAccumulator, since| latest.average_price::<Wad>(of, since);
            let expected = accept!(average(fresh, PriceAccumulator::new()));
            prop_assert_eq!(average(with_history, before)?, expected);
            if cumulative(with_history, of) < cumulative(before, of) {
                wraps.set(wraps.get() + 1);
            }
        }
        Ok(Verdict::Held)
    });
    assert!(wraps.get() > 0, "no sum has wrapped");
}
