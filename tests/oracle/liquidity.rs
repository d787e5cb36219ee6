//! What a position is worth against holding its tokens.

use std::cell::Cell;

use defi_math::amm::{Amounts, liquidity};
use defi_math::num::{Fit, Grid, Rounding};
use defi_math::{Amount, MathError, Ratio};
use num_bigint::BigInt;
use num_traits::Zero;
use proptest::prelude::*;

use crate::check::{Judged, Verdict, agree, check, on_exact_types};
use crate::exact::{Exactly, Q, fits, raw, root_value, ten, whole};
use crate::generate::{
    Draw, PriceDraw, Quoted, Sample, amount, draw, integer, price, price_draw, reserves,
};

on_exact_types! {
    the_impermanent_loss,
    the_amounts_at_a_price,
    the_worth_at_a_price,
    the_outcome_of_a_position,
    roots_a_fraction_beside_a_whole_unit,
}

/// Any amounts of both tokens, and a price of any magnitude or near theirs.
fn position<N: Sample>() -> impl Strategy<Value = ((N, N), Quoted<N>)> {
    (reserves::<N>(), price_draw()).prop_map(|((x, y), price): (_, PriceDraw<N>)| {
        let price = price.of(x, y);
        ((x, y), price)
    })
}

fn amounts<N: Exactly>((x, y): (N, N)) -> Amounts<N> {
    Amounts { x: amount(x), y: amount(y) }
}

fn pair<N: Exactly>(amounts: Amounts<N>) -> [Q; 2] {
    [amounts.x.get().value(), amounts.y.get().value()]
}

/// `1 − 2·√r/(1 + r)`, the second term rounded down.
fn impermanent_loss<N: Exactly>(r: &Quoted<N>) -> Q {
    let r = r.value();
    let square = whole(4) * &r / ((whole(1) + &r) * (whole(1) + &r));
    whole(1) - root_value(&square, N::places(Grid::Rate), Rounding::Down)
}

/// Whether the crate's polynomial, `4·one²·a·b` of the fraction `r = a/b`, and its divisor are short enough.
fn is_short<N: Exactly>(r: &Quoted<N>) -> bool {
    let one = raw(N::ONE, Grid::Rate);
    fits(&(BigInt::from(4) * &one * &one * &r.quote * &r.base), 512).is_ok()
        && fits(&(&r.quote + &r.base), 256).is_ok()
}

/// The loss to the last digit; of a fraction that is too long, a unit more at most, and nothing of 1.
fn the_impermanent_loss<N: Sample>() {
    fn compare<N: Exactly>(r: &Quoted<N>) -> Judged {
        let answer = liquidity::impermanent_loss(r.price)?.get().value();
        let more = answer - impermanent_loss(r);
        let unit = Q::new(BigInt::from(1), ten(N::places(Grid::Rate)));
        let off_by_one = !is_short(r) && r.quote != r.base && more == unit;
        prop_assert!(more.is_zero() || off_by_one, "{more} more for {r:?}");
        Ok(Verdict::Answered)
    }
    check((price::<N>(), draw()), |(r, near): (Quoted<N>, Draw<N>)| {
        // Near one, where the loss is a few units.
        let near = near.of(N::ONE);
        if !near.is_zero() {
            compare(&Quoted::of_amounts(near, N::ONE))?;
        }
        Ok(compare(&r)? & compare(&r.inverse())?)
    });
    // As it is meant to be used: a price over an earlier one.
    let long = Cell::new(0);
    check((price::<N>(), price::<N>()), |(now, then)| {
        let quote = &now.quote * &then.base;
        let base = &now.base * &then.quote;
        match now.price.ratio_to(then.price) {
            Ok(price) => {
                let r = Quoted { price, quote, base };
                long.set(long.get() + u32::from(!is_short(&r)));
                compare(&r)
            }
            Err(refusal) => {
                prop_assert!(refusal == MathError::Overflow && quote.bits().max(base.bits()) > 256);
                Ok(Verdict::Refused)
            }
        }
    });
    assert!(long.get() > 0, "no fraction was too long");
}

/// `√(k/p)` and `√(k·p)`, down.
fn amounts_at<N: Exactly>((x, y): (N, N), price: &Quoted<N>) -> Judged {
    let (p, k) = (price.value(), x.value() * y.value());
    let held = |square: Q| {
        let root = root_value(&square, N::places(Grid::Amount), Rounding::Down);
        N::round(&root, Fit::Alone, Grid::Amount, Rounding::Down)
    };
    let expected = held(&k / &p).and_then(|x| Ok([x.value(), held(k * p)?.value()]));
    agree([liquidity::amounts_at_price(amounts((x, y)), price.price).map(pair)], [expected])
}

fn the_amounts_at_a_price<N: Sample>() {
    check(position::<N>(), |(held, price)| amounts_at(held, &price));
}

/// `x·p + y`.
fn worth<N: Exactly>(
    [x, y]: &[Q; 2],
    price: &Quoted<N>,
    rounding: Rounding,
) -> Result<Q, MathError> {
    Ok(N::round(&(x * price.value() + y), Fit::Alone, Grid::Amount, rounding)?.value())
}

fn the_worth_at_a_price<N: Sample>() {
    check(position::<N>(), |(held, price)| {
        let answer = liquidity::value(amounts(held), price.price).map(|worth| worth.get().value());
        agree([answer], [worth(&pair(amounts(held)), &price, Rounding::Down)])
    });
}

/// Value, worth of the deposit, loss, and the fees in each token.
type Outcome = [Q; 5];

/// What the deposited liquidity would hold at the redeemed ratio is `√(k·x′/y′)` and `√(k·y′/x′)`; what is
/// redeemed beyond it are fees, what it is worth less than the deposit is the loss.
fn outcome<N: Exactly>(
    deposit: &[Q; 2],
    redeemed: &[Q; 2],
    price: &Quoted<N>,
) -> Result<Outcome, MathError> {
    let [x, y] = redeemed;
    if x.is_zero() || y.is_zero() {
        return Err(MathError::DivisionByZero);
    }
    let k = &deposit[0] * &deposit[1];
    let kept = [&k * x / y, k * y / x];
    let root = |token: usize, rounding| root_value(&kept[token], N::places(Grid::Amount), rounding);
    let fee = |token: usize| -> Result<Q, MathError> {
        let beyond = (&redeemed[token] - root(token, Rounding::Up)).max(Q::zero());
        let from = Fit::From(&redeemed[token]);
        Ok(N::round(&beyond, from, Grid::Amount, Rounding::Down)?.value())
    };
    let fees = [fee(0)?, fee(1)?];
    let held = |token: usize| -> Result<Q, MathError> {
        let held = root(token, Rounding::Down);
        Ok(N::round(&held, Fit::Alone, Grid::Amount, Rounding::Down)?.value())
    };
    let least = worth(&[held(0)?, held(1)?], price, Rounding::Down);
    let loss = (worth(deposit, price, Rounding::Up)? - least?).max(Q::zero());
    let [fees_x, fees_y] = fees;
    Ok([
        worth(redeemed, price, Rounding::Down)?,
        worth(deposit, price, Rounding::Down)?,
        N::round(&loss, Fit::Alone, Grid::Amount, Rounding::Up)?.value(),
        fees_x,
        fees_y,
    ])
}

fn outcome_of<N: Exactly>(deposit: (N, N), redeemed: (N, N), price: &Quoted<N>) -> Judged {
    let (deposit, redeemed) = (amounts(deposit), amounts(redeemed));
    let answer = liquidity::outcome(deposit, redeemed, price.price).map(|outcome| {
        let [x, y] = pair(outcome.fees);
        let of = |amount: Amount<N>| amount.get().value();
        [of(outcome.value), of(outcome.held), of(outcome.impermanent_loss), x, y]
    });
    agree([answer], [outcome(&pair(deposit), &pair(redeemed), price)])
}

fn the_outcome_of_a_position<N: Sample>() {
    let redeemed = [draw::<N>(), draw()];
    check((position::<N>(), redeemed, any::<bool>()), |((deposit, price), [x, y], at_pool)| {
        let redeemed = (x.of(deposit.0), y.of(deposit.1));
        // At the price of the redeemed amounts, as in a pool, or at any other.
        let price = if at_pool && !redeemed.0.is_zero() && !redeemed.1.is_zero() {
            Quoted::of_amounts(redeemed.1, redeemed.0)
        } else {
            price
        };
        outcome_of(deposit, redeemed, &price)
    });
}

/// `√k` is what it is before it is rounded: where `k/p` lies half a unit below a whole unit's square, or above
/// it, a quotient that was rounded first would give another root.
fn roots_a_fraction_beside_a_whole_unit<N: Sample>() {
    check((integer(1..=1 << 45), any::<bool>()), |(root, above)| {
        let units = |n: u128| N::exactly(&(whole(n) * N::UNIT.value())).unwrap();
        let twice = 2 * root * root;
        let deposit = (units(1), units(if above { twice + 1 } else { twice - 1 }));
        let two = Quoted::of_number(N::ONE.multiple(2)?);
        let first = amounts_at(deposit, &two)? & amounts_at(deposit, &two.inverse())?;
        let (one, few, many) = (Quoted::of_number(N::ONE), units(2 * root), units(4 * root));
        let second =
            outcome_of(deposit, (few, many), &one)? & outcome_of(deposit, (many, few), &one)?;
        Ok(first & second)
    });
}

/// A fourfold price costs a fifth, whatever the type.
#[test]
fn a_fourfold_price_costs_a_fifth() {
    let loss = liquidity::impermanent_loss(rust_decimal::dec!(4)).map(Ratio::get);
    assert_eq!(loss, Ok(rust_decimal::dec!(0.2)));
    let loss = liquidity::impermanent_loss("0.25".parse::<defi_math::Wad>().unwrap());
    assert_eq!(loss.unwrap().to_string(), "0.2");
}
