//! Quotes and swaps.

use std::cell::Cell;

use defi_math::amm::{AmmError, Amounts, ConstantProduct, Pool, Token};
use defi_math::laws::Verdict;
use defi_math::laws::strategies::{self, token};
use defi_math::{Amount, Fee, Price, Wad};
use num_bigint::BigInt;
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::support::{
    Draw, Exactly, accept, check, curve, curve_on_full_grid, draw, k, pool_on_full_grid, units,
};

fn unit<N: Exactly>() -> Amount<N> {
    N::of_units(1).unwrap()
}

#[test]
fn swap_never_lowers_k() {
    fn law<N: Exactly>() {
        check((strategies::pool::<N>(), token(), draw::<N>()), |(pool, token_in, draw)| {
            let swap = accept!(pool.swap_exact_in(token_in, draw.of(pool.reserve(token_in))));
            prop_assert!(k(&swap.after) >= k(&pool), "{swap:?}");
            if pool.state().fee != Fee::ZERO {
                prop_assert!(k(&swap.after) > k(&pool), "{swap:?}");
            }
            Ok(Verdict::Held)
        });
        check((strategies::pool::<N>(), token(), draw::<N>()), |(pool, token_in, draw)| {
            let bought = draw.of(pool.reserve(token_in.other()));
            let swap = accept!(pool.swap_exact_out(token_in, bought));
            prop_assert!(k(&swap.after) >= k(&pool), "{swap:?}");
            if pool.state().fee != Fee::ZERO {
                prop_assert!(k(&swap.after) > k(&pool), "{swap:?}");
            }
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// Why the law above is strict only with a fee.
#[test]
fn without_a_fee_k_can_stay() {
    let curve = ConstantProduct::new(Wad::from_raw(1), Wad::from_raw(2), Fee::ZERO).unwrap();
    assert_eq!(curve.amount_out(Wad::from_raw(1)), Ok(Wad::from_raw(1).into()));
}

#[test]
fn output_stays_below_the_reserve() {
    fn law<N: Exactly>() {
        check((curve::<N>(), draw::<N>()), |(curve, draw)| {
            let dy = accept!(curve.amount_out(draw.of(curve.reserve_in())));
            prop_assert!(dy < curve.reserve_out());
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

#[test]
fn output_grows_with_input() {
    fn law<N: Exactly>() {
        check((curve::<N>(), draw::<N>(), draw::<N>()), |(curve, one, other)| {
            let (one, other) = (one.of(curve.reserve_in()), other.of(curve.reserve_in()));
            let (less, more) = if one < other { (one, other) } else { (other, one) };
            let (for_less, for_more) =
                (accept!(curve.amount_out(less)), accept!(curve.amount_out(more)));
            prop_assert!(for_less <= for_more, "{for_less} > {for_more}");
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

#[test]
fn output_bends_down_but_for_one_unit() {
    fn law<N: Exactly>() {
        check((curve_on_full_grid::<N>(), draw::<N>(), draw::<N>()), |(curve, at, step)| {
            let (at, step) = (at.of(curve.reserve_in()), step.of(curve.reserve_in()));
            let (before, after) = (accept!(at - step), accept!(at + step));
            let dy = |dx| curve.amount_out(dx).map(units);
            let second_difference =
                accept!(dy(after)) - BigInt::from(2) * accept!(dy(at)) + accept!(dy(before));
            prop_assert!(second_difference <= BigInt::from(1), "{second_difference}");
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// Why the law above allows for one unit: 1, 2 and 3 units in, and the floors of 1, 1.6 and 2 out.
#[test]
fn output_can_bend_up_by_one_unit() {
    let curve = ConstantProduct::new(Wad::from_raw(3), Wad::from_raw(4), Fee::ZERO).unwrap();
    let dy = |dx| curve.amount_out(Wad::from_raw(dx)).unwrap().get().raw();
    assert_eq!([dy(1), dy(2), dy(3)], [1, 1, 2]);
}

#[test]
fn round_trip_never_profits() {
    fn law<N: Exactly>() {
        check((strategies::plain_pool::<N>(), token(), draw::<N>()), |(pool, token_in, draw)| {
            let there = accept!(pool.swap_exact_in(token_in, draw.of(pool.reserve(token_in))));
            let back = accept!(there.after.amount_out(token_in.other(), there.amount_out));
            prop_assert!(back <= there.amount_in);
            if pool.state().fee != Fee::ZERO {
                prop_assert!(back < there.amount_in);
            }
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

#[test]
fn splitting_a_trade_never_helps() {
    fn sale<N: Exactly>() {
        check(
            (pool_on_full_grid::<N>(), token(), draw::<N>(), draw::<N>()),
            |(pool, token_in, a, b)| {
                let reserve = pool.reserve(token_in);
                let (a, b) = (a.of(reserve), b.of(reserve));
                let first = accept!(pool.swap_exact_in(token_in, a));
                let second = accept!(first.after.amount_out(token_in, b));
                let at_once = accept!(pool.amount_out(token_in, accept!(a + b)));
                prop_assert!(units(first.amount_out) + units(second) <= units(at_once));
                Ok(Verdict::Held)
            },
        );
    }
    fn purchase<N: Exactly>() {
        check(
            (pool_on_full_grid::<N>(), token(), draw::<N>(), draw::<N>()),
            |(pool, token_in, a, b)| {
                let reserve = pool.reserve(token_in.other());
                let (a, b) = (a.of(reserve), b.of(reserve));
                let first = accept!(pool.swap_exact_out(token_in, a));
                let second = accept!(first.after.amount_in(token_in, b));
                let at_once = accept!(pool.amount_in(token_in, accept!(a + b)));
                let sum = units(pool.reserve(token_in)) + units(at_once);
                if sum > BigInt::from(N::FULL_GRID) {
                    return Ok(Verdict::Refused);
                }
                prop_assert!(units(first.amount_in) + units(second) >= units(at_once));
                Ok(Verdict::Held)
            },
        );
    }
    sale::<Wad>();
    sale::<Decimal>();
    purchase::<Wad>();
    purchase::<Decimal>();
}

#[test]
fn exact_out_then_exact_in_delivers() {
    fn law<N: Exactly>() {
        check((curve_on_full_grid::<N>(), draw::<N>()), |(curve, dy)| {
            let dy = dy.of(curve.reserve_out());
            let dx = accept!(curve.amount_in(dy));
            if units(curve.reserve_in()) + units(dx) > BigInt::from(N::FULL_GRID) {
                return Ok(Verdict::Refused);
            }
            prop_assert!(curve.amount_out(dx)? >= dy);
            // A unit less would not do.
            let less = (dx - unit::<N>())?;
            prop_assert!(less.is_zero() || curve.amount_out(less)? < dy);
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

#[test]
fn router_asks_one_unit_more_at_most() {
    fn law<N: Exactly>() {
        check((curve_on_full_grid::<N>(), draw::<N>()), |(curve, dy)| {
            let dy = dy.of(curve.reserve_out());
            let dx = accept!(curve.amount_in(dy));
            let asked = accept!(curve.router_amount_in(dy));
            let (x, y, dx, dy) =
                (units(curve.reserve_in()), units(curve.reserve_out()), units(dx), units(dy));
            if &x + &dx > BigInt::from(N::FULL_GRID) {
                return Ok(Verdict::Refused);
            }
            let (n, d) = (curve.fee().kept(), curve.fee().denominator());
            let divides = (d * x * &dy) % (n * (y - dy)) == BigInt::ZERO;
            prop_assert_eq!(units(asked), dx + u32::from(divides));
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// The contract's condition, written out in integers of any size.
#[test]
fn settle_accepts_exactly_what_keeps_k() {
    /// What is taken out, and what is paid in: anything, or about what covers it.
    type Case<N> = (Pool<N>, (Draw<N>, Draw<N>), (Draw<N>, Draw<N>), (Token, bool, i8));

    fn case<N: Exactly>() -> impl Strategy<Value = Case<N>> {
        let amounts = || (draw::<N>(), draw::<N>());
        let pool = prop_oneof![strategies::pool::<N>(), strategies::plain_pool::<N>()];
        (pool, amounts(), amounts(), (token(), any::<bool>(), -2..=2_i8))
    }

    fn law<N: Exactly>() {
        let (accepted, refused) = (Cell::new(0), Cell::new(0));
        check(case::<N>(), |(pool, taken, paid, (token_in, about, offset))| {
            let reserve = |token| pool.reserve(token);
            let (mut taken, mut paid) = (
                Amounts { x: taken.0.of(reserve(Token::X)), y: taken.1.of(reserve(Token::Y)) },
                Amounts { x: paid.0.of(reserve(Token::X)), y: paid.1.of(reserve(Token::Y)) },
            );
            if about {
                let bought = taken.of(token_in.other());
                let cost = units(accept!(pool.amount_in(token_in, bought))) + offset;
                let cost = accept!(u128::try_from(cost));
                let Some(cost) = N::of_units(cost) else { return Ok(Verdict::Refused) };
                taken = Amounts::only(token_in.other(), bought)?;
                paid = Amounts::only(token_in, cost)?;
            }
            let state = pool.state();
            let (f, d) = (state.fee.numerator(), state.fee.denominator());
            let adjusted = |token| {
                let paid = units(paid.of(token)) + units(state.excess.of(token));
                let balance = units(reserve(token)) - units(taken.of(token)) + &paid;
                balance * d - paid * f
            };
            let keeps_k = adjusted(Token::X) * adjusted(Token::Y) >= k(&pool) * d * d;
            match pool.settle(paid, taken) {
                Ok(settlement) => {
                    prop_assert!(keeps_k);
                    prop_assert!(k(&settlement.after) >= k(&pool));
                    accepted.set(accepted.get() + 1);
                    Ok(Verdict::Held)
                }
                Err(AmmError::InvariantViolated) => {
                    prop_assert!(!keeps_k);
                    refused.set(refused.get() + 1);
                    Ok(Verdict::Held)
                }
                Err(_) => Ok(Verdict::Refused),
            }
        });
        // Both answers, each often enough to mean something.
        let (accepted, refused) = (accepted.get(), refused.get());
        let floor = (accepted + refused) / 10;
        assert!(accepted > floor && refused > floor, "{accepted} accepted, {refused} refused");
    }
    law::<Wad>();
    law::<Decimal>();
}

/// What a sale brings on average, what its first unit brings, and what the reserves say; only a fee
/// lies between the last two.
#[test]
fn effective_price_is_below_the_marginal_below_the_spot() {
    fn law<N: Exactly>() {
        check((curve::<N>(), draw::<N>()), |(curve, draw)| {
            let dx = draw.of(curve.reserve_in());
            let (spot, marginal) = (accept!(curve.spot_price()), accept!(curve.marginal_price()));
            prop_assert!(marginal <= spot);
            prop_assert_eq!(marginal == spot, curve.fee() == Fee::ZERO);
            prop_assert!(accept!(curve.effective_price(dx)) <= marginal);
            prop_assert!(accept!(curve.spot_price_after(dx)) <= spot);
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// `⌈n·dx/(d·x + n·dx)⌉`, and never more than everything.
#[test]
fn price_impact_is_never_understated() {
    fn law<N: Exactly>() {
        check((curve::<N>(), draw::<N>()), |(curve, draw)| {
            let dx = draw.of(curve.reserve_in());
            let impact = accept!(curve.price_impact(dx));
            let impact = impact.get().at(N::RATE_PLACES);
            let one = BigInt::from(10).pow(N::RATE_PLACES);
            let sold = units(dx) * curve.fee().kept();
            let whole = units(curve.reserve_in()) * curve.fee().denominator() + &sold;
            prop_assert!(&impact * &whole >= &sold * &one);
            prop_assert!((&impact - 1) * whole < sold * &one);
            prop_assert!(impact <= one);
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

#[test]
fn a_swap_keeps_the_limit_that_it_is_given() {
    fn law<N: Exactly>() {
        let case = (strategies::pool::<N>(), token(), draw::<N>(), draw::<N>());
        check(case, |(pool, token_in, draw, limit)| {
            let swap = accept!(pool.swap_exact_in(token_in, draw.of(pool.reserve(token_in))));
            for limit in [limit.of(swap.amount_out), swap.amount_out] {
                let kept = swap.amount_out >= limit;
                prop_assert_eq!(
                    swap.at_least(limit),
                    kept.then_some(swap).ok_or(AmmError::BelowMinimumOutput)
                );
            }
            for limit in [limit.of(swap.amount_in), swap.amount_in] {
                let kept = swap.amount_in <= limit;
                prop_assert_eq!(
                    swap.at_most(limit),
                    kept.then_some(swap).ok_or(AmmError::AboveMaximumInput)
                );
            }
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

#[test]
fn trade_to_price_stops_at_the_target() {
    fn law<N: Exactly>() {
        check(
            (curve_on_full_grid::<N>(), strategies::reserve::<N>(), strategies::reserve::<N>()),
            |(curve, quote, base)| {
                let target = Price::from_amounts(quote, base)?;
                let dx = accept!(curve.amount_in_to_price(target));
                let (x, y) = (units(curve.reserve_in()), units(curve.reserve_out()));
                if &x + units(dx) > BigInt::from(N::FULL_GRID) {
                    return Ok(Verdict::Refused);
                }
                let (n, d) = (curve.fee().kept(), curve.fee().denominator());
                // The price after a sale of t, its output not yet rounded, is
                // d·x·y / ((d·x + n·t)·(x + t)).
                let above = |t: BigInt| {
                    d * &x * &y * units(base) >= units(quote) * (d * &x + n * &t) * (&x + &t)
                };
                if dx.is_zero() {
                    prop_assert!(!above(BigInt::from(1)));
                } else {
                    prop_assert!(above(units(dx)));
                    prop_assert!(!above(units(dx) + 1));
                    prop_assert!(accept!(curve.spot_price_after(dx)) >= target);
                }
                Ok(Verdict::Held)
            },
        );
    }
    law::<Wad>();
    law::<Decimal>();
}
