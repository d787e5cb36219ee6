//! The pair: what every transition moves and what it leaves behind, or the contract's reason to refuse.

use std::marker::PhantomData;

use defi_math::amm::{
    AmmError, Amounts, Arbitrage, Pool, PoolState, Swap, Token, reserves_of_k_last,
};
use defi_math::num::{Fit, Grid, Rounding};
use defi_math::{MathError, Number, Ratio, Shares, Wad};
use num_bigint::BigInt;
use num_traits::Zero;
use proptest::prelude::*;

use crate::check::{Judged, Verdict, agree, check, on_exact_types};
use crate::curve::Curve;
use crate::exact::{Exactly, Q, root, root_value, ten, two, units, whole};
use crate::generate::{
    Draw, PriceDraw, Quoted, Sample, Terms, amount, draw, fee, integer, natural, price_draw,
    reserves, share,
};

on_exact_types! {
    a_state_is_a_pool_or_is_refused,
    a_swap_moves_its_quote,
    a_settlement_keeps_the_adjusted_product,
    a_settlement_on_the_boundary_is_accepted,
    a_deposit_into_a_pool,
    the_first_deposit,
    a_withdrawal,
    the_protocols_shares,
    donations,
    a_deposit_at_the_ratio,
    a_part_of_the_pool,
    an_arbitrage,
}

const TOKENS: [Token; 2] = [Token::X, Token::Y];

/// An amount of each token.
type Pair = [Q; 2];

/// A pool in exact values.
#[derive(Clone, Debug, PartialEq)]
struct Model<N> {
    reserves: Pair,
    excess: Pair,
    supply: Q,
    /// The part of an input that does not trade.
    fee: Q,
    share: Option<Q>,
    last: Option<Pair>,
    number: PhantomData<N>,
}

fn pair<N: Exactly>(amounts: Amounts<N>) -> Pair {
    [amounts.x.get().value(), amounts.y.get().value()]
}

/// A sum or difference of two amounts of each token: exact, or refused.
fn each<N: Exactly>(a: &Pair, b: &Pair, sum: fn(&Q, &Q) -> Q) -> Result<Pair, AmmError> {
    let of = |token: usize| -> Result<Q, AmmError> {
        Ok(N::exactly(&sum(&a[token], &b[token]))?.value())
    };
    Ok([of(0)?, of(1)?])
}

fn plus<N: Exactly>(a: &Pair, b: &Pair) -> Result<Pair, AmmError> {
    each::<N>(a, b, |a, b| a + b)
}

fn minus<N: Exactly>(a: &Pair, b: &Pair) -> Result<Pair, AmmError> {
    each::<N>(a, b, |a, b| a - b)
}

fn nothing() -> Pair {
    [Q::zero(), Q::zero()]
}

/// `amount` of one token and nothing of the other.
fn only(token: usize, amount: &Q) -> Pair {
    let mut pair = nothing();
    pair[token] = amount.clone();
    pair
}

/// What a swap moved: the token sold, input, output, and the pool after it.
type Moved<N> = (Token, Q, Q, Model<N>);

impl<N: Exactly> Model<N> {
    fn of(pool: &Pool<N>) -> Self {
        let PoolState { reserves, excess, supply, fee, protocol_share, reserves_at_last_mint } =
            *pool.state();
        Self {
            reserves: pair(reserves),
            excess: pair(excess),
            supply: supply.get().value(),
            fee: Q::new(fee.numerator().into(), fee.denominator().into()),
            share: protocol_share
                .map(|share| Q::new(share.numerator().into(), share.denominator().into())),
            last: reserves_at_last_mint.map(pair),
            number: PhantomData,
        }
    }

    fn curve(&self, token_in: usize, fee: Terms) -> Result<Curve<N>, AmmError> {
        if self.reserves.iter().any(Q::is_zero) {
            return Err(AmmError::InsufficientLiquidity);
        }
        let [x, y] =
            [token_in, 1 - token_in].map(|token| N::exactly(&self.reserves[token]).unwrap());
        Ok(Curve::new(x, y, fee))
    }

    /// These holdings as the new reserves.
    fn booked(&self, reserves: Pair) -> Result<Self, AmmError> {
        if !reserves.iter().all(N::fits_pair) {
            return Err(AmmError::ReserveOverflow);
        }
        Ok(Self { reserves, excess: nothing(), ..self.clone() })
    }

    /// The same after a deposit or withdrawal: the contract's `kLast`.
    fn booked_after_mint(&self, reserves: Pair, supply: Q) -> Result<Self, AmmError> {
        let last = self.share.is_some().then(|| reserves.clone());
        Ok(Self { supply, last, ..self.booked(reserves)? })
    }

    fn swap(&self, token_in: usize, dx: Q, dy: Q) -> Result<Moved<N>, AmmError> {
        if dy.is_zero() {
            return Err(AmmError::InsufficientOutput);
        }
        let left = minus::<N>(&self.reserves, &only(1 - token_in, &dy))?;
        let held = plus::<N>(&plus::<N>(&left, &self.excess)?, &only(token_in, &dx))?;
        Ok((TOKENS[token_in], dx, dy, self.booked(held)?))
    }

    fn swap_exact_in(&self, token_in: usize, dx: Q, fee: Terms) -> Result<Moved<N>, AmmError> {
        let dy = self.curve(token_in, fee)?.amount_out(&dx)?;
        self.swap(token_in, dx, dy)
    }

    fn swap_exact_out(&self, token_in: usize, dy: Q, fee: Terms) -> Result<Moved<N>, AmmError> {
        let dx = self.curve(token_in, fee)?.amount_in(&dy)?;
        self.swap(token_in, dx, dy)
    }

    /// Uniswap v2's condition, divided by the fee's denominator twice:
    /// `(x′ − φ·in_x)·(y′ − φ·in_y) ≥ x·y`.
    fn settle(&self, paid_in: &Pair, taken_out: &Pair) -> Result<(Pair, Self), AmmError> {
        if taken_out.iter().all(Q::is_zero) {
            return Err(AmmError::InsufficientOutput);
        }
        if (0..2).any(|token| taken_out[token] >= self.reserves[token]) {
            return Err(AmmError::InsufficientLiquidity);
        }
        let amounts_in = plus::<N>(&self.excess, paid_in)?;
        if amounts_in.iter().all(Q::is_zero) {
            return Err(AmmError::InsufficientInput);
        }
        let held = plus::<N>(&minus::<N>(&self.reserves, taken_out)?, &amounts_in)?;
        let adjusted = |token: usize| &held[token] - &self.fee * &amounts_in[token];
        if adjusted(0) * adjusted(1) < &self.reserves[0] * &self.reserves[1] {
            return Err(AmmError::InvariantViolated);
        }
        Ok((amounts_in, self.booked(held)?))
    }

    /// Whitepaper §2.4, with the contract's two floors of the roots:
    /// `S·(√k′ − √k) / ((1/φ − 1)·√k′ + √k)`.
    fn protocol_shares(&self) -> Result<Q, AmmError> {
        let (Some(share), Some(last)) = (&self.share, &self.last) else { return Ok(Q::zero()) };
        let places = N::places(Grid::Amount);
        let liquidity = |[x, y]: &Pair| root_value(&(x * y), places, Rounding::Down);
        let (now, then) = (liquidity(&self.reserves), liquidity(last));
        // A `kLast` of zero is one that was never set.
        if now <= then || last.iter().any(Q::is_zero) {
            return Ok(Q::zero());
        }
        let shares = &self.supply * (&now - &then) / ((share.recip() - whole(1)) * now + then);
        Ok(N::round(&shares, Fit::To(&self.supply), Grid::Amount, Rounding::Down)?.value())
    }

    /// The protocol's shares, and the pool that has them in its supply.
    fn with_protocol_shares(&self) -> Result<(Q, Self), AmmError> {
        let shares = self.protocol_shares()?;
        let supply = N::exactly(&(&self.supply + &shares))?.value();
        Ok((shares, Self { supply, ..self.clone() }))
    }

    /// What the first depositor gets of the supply.
    fn less_the_minimum(supply: &Q) -> Result<Q, AmmError> {
        let circulating = (supply - N::MINIMUM_LIQUIDITY.value()).max(Q::zero());
        Ok(N::round(&circulating, Fit::From(supply), Grid::Amount, Rounding::Down)?.value())
    }

    /// Shares, the protocol's, and the pool after the deposit.
    fn mint(&self, deposit: &Pair) -> Result<(Pair, Q, Q, Self), AmmError> {
        let amounts = plus::<N>(&self.excess, deposit)?;
        let (protocol_shares, pool) = self.with_protocol_shares()?;
        let held = plus::<N>(&pool.reserves, &amounts)?;
        let [dx, dy] = &amounts;
        let (shares, supply) = if pool.supply.is_zero() {
            let liquidity = root_value(&(dx * dy), N::places(Grid::Amount), Rounding::Down);
            let supply = N::round(&liquidity, Fit::Alone, Grid::Amount, Rounding::Down)?.value();
            (Self::less_the_minimum(&supply)?, supply)
        } else {
            let part = (dx / &pool.reserves[0]).min(dy / &pool.reserves[1]);
            let (shares, to) = (part * &pool.supply, Fit::To(&pool.supply));
            let shares = N::round(&shares, to, Grid::Amount, Rounding::Down)?.value();
            let supply = N::exactly(&(&pool.supply + &shares))?.value();
            (shares, supply)
        };
        if shares.is_zero() {
            return Err(AmmError::InsufficientLiquidityMinted);
        }
        let after = pool.booked_after_mint(held, supply)?;
        Ok((amounts, shares, protocol_shares, after))
    }

    /// Amounts, the protocol's shares, and the pool after the withdrawal.
    fn burn(&self, shares: &Q) -> Result<(Pair, Q, Self), AmmError> {
        // All but the locked minimum, or what a first depositor was given.
        let minimum = N::MINIMUM_LIQUIDITY.value();
        let stays = &self.supply - shares >= minimum;
        if !stays && *shares > Self::less_the_minimum(&self.supply)? {
            return Err(AmmError::InsufficientShares);
        }
        let (protocol_shares, pool) = self.with_protocol_shares()?;
        let remaining = N::exactly(&(&pool.supply - shares))?.value();
        let held = plus::<N>(&pool.reserves, &pool.excess)?;
        if pool.supply.is_zero() {
            return Err(MathError::DivisionByZero.into());
        }
        let redeem = |token: usize| -> Result<Q, AmmError> {
            let (part, from) = (&held[token] * shares / &pool.supply, Fit::From(&held[token]));
            Ok(N::round(&part, from, Grid::Amount, Rounding::Down)?.value())
        };
        let amounts = [redeem(0)?, redeem(1)?];
        if amounts.iter().any(Q::is_zero) {
            return Err(AmmError::InsufficientLiquidityBurned);
        }
        let after = pool.booked_after_mint(minus::<N>(&held, &amounts)?, remaining)?;
        Ok((amounts, protocol_shares, after))
    }

    fn donate(&self, amounts: &Pair) -> Result<Self, AmmError> {
        let excess = plus::<N>(&self.excess, amounts)?;
        plus::<N>(&self.reserves, &excess)?;
        Ok(Self { excess, ..self.clone() })
    }

    fn amounts_at_ratio(&self, [x, y]: &Pair, fee: Terms) -> Result<Pair, AmmError> {
        if self.reserves.iter().all(Q::is_zero) {
            return Ok([x.clone(), y.clone()]);
        }
        match self.curve(0, fee)?.proportional(x) {
            Ok(fitted) if fitted <= *y => return Ok([x.clone(), fitted]),
            // More than fits the limit, or any number.
            Ok(_) | Err(AmmError::Math(MathError::Overflow)) => {}
            Err(refusal) => return Err(refusal),
        }
        Ok([self.curve(1, fee)?.proportional(y)?, y.clone()])
    }

    /// The best trade of either direction, its output bought exact-out, and what it earns in Y.
    fn arbitrage(&self, price: &Quoted<N>, fee: Terms) -> Result<Option<(Moved<N>, Q)>, AmmError> {
        let quote = |amount: &Q, rounding| -> Result<Q, AmmError> {
            let worth = amount * price.value();
            Ok(N::round(&worth, Fit::Alone, Grid::Amount, rounding)?.value())
        };
        for (token_in, price_in) in [(0, price.clone()), (1, price.inverse())] {
            let curve = self.curve(token_in, fee)?;
            let most = curve.optimal_amount_in(&price_in)?;
            let dy = if most.is_zero() { most } else { curve.amount_out(&most)? };
            if dy.is_zero() {
                continue;
            }
            let moved = self.swap_exact_out(token_in, dy.clone(), fee)?;
            let (earned, spent) = match token_in {
                0 => (dy, quote(&moved.1, Rounding::Up)?),
                _ => (quote(&dy, Rounding::Down)?, moved.1.clone()),
            };
            if earned > spent {
                let profit = N::round(&(earned - spent), Fit::Alone, Grid::Amount, Rounding::Down)?;
                return Ok(Some((moved, profit.value())));
            }
        }
        Ok(None)
    }
}

/// A pool, and the fee as it was given to it.
#[derive(Clone, Debug)]
struct Case<N: Exactly> {
    pool: Pool<N>,
    fee: Terms,
}

impl<N: Exactly> Case<N> {
    fn model(&self) -> Model<N> {
        Model { fee: self.fee.value(), ..Model::of(&self.pool) }
    }

    /// Draws against the reserves.
    fn draw(&self, [x, y]: [Draw<N>; 2]) -> Amounts<N> {
        let of = |token, draw: Draw<N>| amount(draw.of(self.pool.reserve(token).get()));
        Amounts { x: of(Token::X, x), y: of(Token::Y, y) }
    }
}

fn draws<N: Sample>() -> [BoxedStrategy<Draw<N>>; 2] {
    [draw(), draw()]
}

/// Mostly nothing.
fn donation<N: Sample>() -> BoxedStrategy<Draw<N>> {
    prop_oneof![2 => Just(Draw::Any(N::ZERO)), 1 => draw()].boxed()
}

/// A pool in any state that it may be read in: reserves, donations and a supply of any magnitude, the
/// reserves of its last deposit, a fee and a protocol's part.
fn any_pool<N: Sample>() -> impl Strategy<Value = Case<N>> {
    let protocol = (proptest::option::of(share()), proptest::option::of(draws::<N>()));
    (reserves::<N>(), [donation(), donation()], draw::<N>(), fee(), protocol).prop_filter_map(
        "no pool",
        |((x, y), [excess_x, excess_y], supply, fee, (share, last))| {
            let reserves = Amounts { x: amount(x), y: amount(y) };
            let excess = Amounts { x: amount(excess_x.of(x)), y: amount(excess_y.of(y)) };
            // Against what a first deposit of the reserves would have made.
            let liquidity =
                root_value(&(x.value() * y.value()), N::places(Grid::Amount), Rounding::Down);
            let liquidity = N::round(&liquidity, Fit::Alone, Grid::Amount, Rounding::Down).ok()?;
            let supply = supply.of(liquidity);
            let supply = Shares::new(if supply < N::MINIMUM_LIQUIDITY {
                N::MINIMUM_LIQUIDITY
            } else {
                supply
            });
            let last = last.map(|[last_x, last_y]| Amounts {
                x: amount(last_x.of(x)),
                y: amount(last_y.of(y)),
            });
            let state = PoolState {
                reserves,
                excess,
                supply: supply.ok()?,
                fee: fee.fee(),
                protocol_share: share.map(Terms::share),
                reserves_at_last_mint: last,
            };
            Some(Case { pool: Pool::try_from(state).ok()?, fee })
        },
    )
}

/// Reserves that the pair can hold, a sum with what lies beside them that can be counted; and either no shares,
/// or the locked minimum at least and something of both tokens.
fn a_state_is_a_pool_or_is_refused<N: Sample>() {
    let above = N::LARGEST.try_add(N::UNIT).unwrap_or(N::LARGEST);
    let holding = move || prop_oneof![12 => N::reserve(), 1 => Just(N::ZERO), 1 => N::amount(), 1 => Just(above)];
    let minimum = N::MINIMUM_LIQUIDITY;
    let below = minimum.try_sub(N::UNIT).unwrap();
    let supply =
        prop_oneof![3 => N::amount(), 1 => Just(N::ZERO), 1 => Just(minimum), 1 => Just(below)];
    let cases = ([holding(), holding()], [donation::<N>(), donation()], supply, fee());
    check(cases, |([x, y], [excess_x, excess_y], supply, fee)| {
        let reserves = Amounts { x: amount(x), y: amount(y) };
        let excess = Amounts { x: amount(excess_x.of(x)), y: amount(excess_y.of(y)) };
        let supply = Shares::new(supply)?;
        let state = PoolState { reserves, excess, supply, ..*Pool::empty(fee.fee()).state() };
        let expected = || {
            if ![x, y].iter().all(|reserve| N::fits_pair(&reserve.value())) {
                return Err(AmmError::ReserveOverflow);
            }
            plus::<N>(&pair(reserves), &pair(excess))?;
            let backed = !x.is_zero() && !y.is_zero() && supply.get().value() >= minimum.value();
            if supply.is_zero() || backed { Ok(state) } else { Err(AmmError::InvalidState) }
        };
        agree([Pool::try_from(state).map(PoolState::from)], [expected()])
    });
}

fn token() -> impl Strategy<Value = usize> {
    0..2_usize
}

fn moved<N: Exactly>(swap: Swap<N>) -> Moved<N> {
    let (dx, dy) = (swap.amount_in.get().value(), swap.amount_out.get().value());
    (swap.token_in, dx, dy, Model::of(&swap.after))
}

fn a_swap_moves_its_quote<N: Sample>() {
    check((any_pool::<N>(), token(), draws()), |(case, token_in, draws)| {
        let amounts = case.draw(draws);
        let (token, model) = (TOKENS[token_in], case.model());
        let (dx, dy) = (amounts.of(token), amounts.of(token.other()));
        let exact_in = agree(
            [case.pool.swap_exact_in(token, dx).map(moved)],
            [model.swap_exact_in(token_in, dx.get().value(), case.fee)],
        )?;
        agree(
            [case.pool.swap_exact_out(token, dy).map(moved)],
            [model.swap_exact_out(token_in, dy.get().value(), case.fee)],
        )?;
        Ok(exact_in)
    });
}

fn settles<N: Exactly>(case: &Case<N>, paid_in: Amounts<N>, taken_out: Amounts<N>) -> Judged {
    let answer = case.pool.settle(paid_in, taken_out);
    let answer = answer.map(|settlement| {
        assert_eq!(settlement.amounts_out, taken_out);
        (pair(settlement.amounts_in), Model::of(&settlement.after))
    });
    agree([answer], [case.model().settle(&pair(paid_in), &pair(taken_out))])
}

/// Any payments, and those in the neighbourhood of what is just enough: one token's is given, the other's
/// is the least that the condition asks for, a step of its last place less, and one more.
fn a_settlement_keeps_the_adjusted_product<N: Sample>() {
    check((any_pool::<N>(), draws(), draws()), |(case, paid_in, taken_out)| {
        settles(&case, case.draw(paid_in), case.draw(taken_out))?;
        Ok(Verdict::Answered)
    });
    let nothing = || Just(Draw::<N>::Any(N::ZERO));
    let part = || {
        let uniform = 1..1_u32 << 31;
        prop_oneof![natural(uniform.start..=uniform.end), uniform].prop_map(Draw::Part)
    };
    let output = || prop_oneof![1 => nothing(), 3 => part()];
    let given = || prop_oneof![2 => nothing(), 2 => part(), 1 => draw()];
    let steps = prop_oneof![1 => Just(0_usize), 4 => 1..3_usize];
    let cases = (any_pool::<N>(), token(), given(), [output(), output()], steps);
    check(cases, |(case, given, draw, taken_out, steps)| {
        let taken_out = case.draw(taken_out);
        let given_in = case.draw([draw; 2]).of(TOKENS[given]);
        match least_payment(&case, given, given_in.get(), taken_out, steps) {
            Some(paid_in) => settles(&case, paid_in, taken_out),
            None => Ok(Verdict::Refused),
        }
    });
}

/// So much of one token, and of the other the least that covers the output, less one step, plus `steps`.
fn least_payment<N: Exactly>(
    case: &Case<N>,
    given: usize,
    given_in: N,
    taken_out: Amounts<N>,
    steps: usize,
) -> Option<Amounts<N>> {
    let (model, out) = (case.model(), pair(taken_out));
    let gamma = whole(1) - &model.fee;
    let asked = 1 - given;
    let total_in = given_in.value() + &model.excess[given];
    let covered = &model.reserves[given] - &out[given] + &gamma * total_in;
    let left = &model.reserves[asked] - &out[asked];
    if covered <= Q::zero() || left <= Q::zero() {
        return None;
    }
    // left + γ·in ≥ x·y/covered
    let least = (&model.reserves[0] * &model.reserves[1] / covered - &left) / gamma;
    let least = N::round(&least.max(Q::zero()), Fit::To(&left), Grid::Amount, Rounding::Up).ok()?;
    let total_in = least.value() + least.step() * (whole(steps) - whole(1));
    let asked_in = amount(N::exactly(&(total_in - &model.excess[asked])).ok()?);
    let given_in = amount(given_in);
    Some(if given == 0 {
        Amounts { x: given_in, y: asked_in }
    } else {
        Amounts { x: asked_in, y: given_in }
    })
}

/// Payments for which both sides of the condition are the same integer, and a unit less.
fn a_settlement_on_the_boundary_is_accepted<N: Sample>() {
    let of = |units: u128| amount(N::exactly(&Q::new(units.into(), ten(18))).unwrap());
    let pool = |x, y, fee: Terms| {
        let (reserves, supply) = (Amounts { x: of(x), y: of(y) }, Shares::new(N::ONE).unwrap());
        let state = PoolState { reserves, supply, ..*Pool::<N>::empty(fee.fee()).state() };
        Case { pool: Pool::try_from(state).unwrap(), fee }
    };
    // x = n·t·m, in = d·t, y = (m + 1)·s, out = s: x + γ·in = x·(m + 1)/m, y − out = y·m/(m + 1).
    let fee = (natural(0..=1_000), natural(1..=1_000)).prop_filter_map("no fee", |(f, d)| {
        (f < d).then_some(Terms { numerator: f, denominator: d })
    });
    let numbers = [integer(1..=1 << 20), integer(1..=1 << 30), integer(1..=1 << 40)];
    check((fee, numbers, token()), |(fee, [m, t, s], token_in)| {
        let (f, d) = (u128::from(fee.numerator), u128::from(fee.denominator));
        let (x, dx) = ((d - f) * t * m, d * t);
        let (y, dy) = ((m + 1) * s, s);
        let (case, dx, less, dy, more) = match token_in {
            0 => (pool(x, y, fee), [dx, 0], [dx - 1, 0], [0, dy], [0, dy + 1]),
            _ => (pool(y, x, fee), [0, dx], [0, dx - 1], [dy, 0], [dy + 1, 0]),
        };
        let both = |[x, y]: [u128; 2]| Amounts { x: of(x), y: of(y) };
        prop_assert!(case.pool.settle(both(dx), both(dy)).is_ok());
        prop_assert!(case.pool.settle(both(less), both(dy)).is_err());
        prop_assert!(case.pool.settle(both(dx), both(more)).is_err());
        Ok(Verdict::Answered)
    });
    // Without a fee (x·p/q)·(y·q/p) = x·y, with any amount passed through on either side.
    let numbers =
        [integer(1..=1 << 20), integer(1..=1 << 20), integer(1..=1 << 30), integer(1..=1 << 30)];
    check(
        (numbers, integer(0..=1 << 40), integer(0..=1 << 40)),
        |([p, q, a, b], through_x, through_y)| {
            let (p, q) = (p.max(q) + 1, p.min(q));
            let case = pool(q * a, p * b, Terms { numerator: 0, denominator: 1 });
            let through = [through_x % (q * a), through_y % (p * b - (p - q) * b)];
            let paid_in = Amounts { x: of((p - q) * a + through[0]), y: of(through[1]) };
            let taken_out = Amounts { x: of(through[0]), y: of((p - q) * b + through[1]) };
            prop_assert!(case.pool.settle(paid_in, taken_out).is_ok());
            let less = Amounts { x: of((p - q) * a + through[0] - 1), ..paid_in };
            // Nothing at all, where one unit was enough.
            let refusal = case.pool.settle(less, taken_out).err();
            let nothing = less.x.is_zero() && less.y.is_zero();
            let expected =
                if nothing { AmmError::InsufficientInput } else { AmmError::InvariantViolated };
            prop_assert_eq!(refusal, Some(expected));
            Ok(Verdict::Answered)
        },
    );
}

fn mints<N: Exactly>(case: &Case<N>, deposit: Amounts<N>) -> Judged {
    let answer = case.pool.mint(deposit).map(|mint| {
        let (shares, protocol) = (mint.shares.get().value(), mint.protocol_shares.get().value());
        (pair(mint.amounts), shares, protocol, Model::of(&mint.after))
    });
    agree([answer], [case.model().mint(&pair(deposit))])
}

fn a_deposit_into_a_pool<N: Sample>() {
    check((any_pool::<N>(), draws()), |(case, deposit)| mints(&case, case.draw(deposit)));
}

/// Into a pool that is empty, or holds what somebody sent it and booked.
fn the_first_deposit<N: Sample>() {
    let sent = || prop_oneof![3 => Just(N::ZERO), 1 => N::amount()];
    let cases = (fee(), proptest::option::of(share()), [sent(), sent()], any::<bool>());
    check((cases, reserves::<N>()), |((fee, share, sent, booked), (x, y))| {
        let empty = Pool::<N>::empty(fee.fee()).with_protocol_share(share.map(Terms::share));
        let donated = empty.donate(Amounts { x: amount(sent[0]), y: amount(sent[1]) })?;
        let pool = if booked { donated.sync().unwrap_or(donated) } else { donated };
        mints(&Case { pool, fee }, Amounts { x: amount(x), y: amount(y) })
    });
}

fn burns<N: Exactly>(case: &Case<N>, shares: N) -> Judged {
    let answer = case.pool.burn(shares).map(|burn| {
        assert_eq!(burn.shares, shares);
        (pair(burn.amounts), burn.protocol_shares.get().value(), Model::of(&burn.after))
    });
    let redeemable = case.pool.redeemable(shares);
    assert_eq!(redeemable.is_ok(), answer.is_ok());
    if let (Ok(redeemable), Ok((amounts, ..))) = (redeemable, &answer) {
        prop_assert_eq!(&pair(redeemable), amounts);
    }
    agree([answer], [case.model().burn(&shares.value())])
}

fn a_withdrawal<N: Sample>() {
    let shares = prop_oneof![1 => draw(), 2 => (0..=1_u32 << 31).prop_map(Draw::Part)];
    check((any_pool::<N>(), shares), |(case, shares): (_, Draw<N>)| {
        burns(&case, shares.of(case.pool.supply().get()))
    });
    // To the last share that is not locked.
    check((any_pool::<N>(), 0..3_u8), |(case, more)| {
        let supply = case.pool.supply().get();
        let unit = supply.step().max(N::UNIT.value());
        let unlocked =
            supply.value() - N::MINIMUM_LIQUIDITY.value() + unit * (whole(more) - whole(1));
        let Ok(shares) = N::exactly(&unlocked) else { return Ok(Verdict::Refused) };
        burns(&case, shares)
    });
}

fn the_protocols_shares<N: Sample>() {
    let cases = (any_pool::<N>(), share(), draws());
    check(cases, |(case, share, last)| {
        let case = with_protocol_share(&case, share, case.draw(last), case.pool.supply());
        let answer = case.pool.protocol_shares().map(|shares| shares.get().value());
        agree([answer], [case.model().protocol_shares()])
    });
}

fn with_protocol_share<N: Exactly>(
    case: &Case<N>,
    share: Terms,
    last: Amounts<N>,
    supply: Shares<N>,
) -> Case<N> {
    let (protocol_share, reserves_at_last_mint) = (Some(share.share()), Some(last));
    let state = PoolState { supply, protocol_share, reserves_at_last_mint, ..*case.pool.state() };
    Case { pool: Pool::try_from(state).unwrap(), fee: case.fee }
}

/// Three roundings, the contract's: with Uniswap's sixth, and no more shares than the last `√k`, less than
/// a unit above `S·(√k′ − √k)/(5·√k′ + √k)` and less than two below it.
#[test]
fn the_protocols_shares_are_near_the_exact_ones() {
    let parts = [natural(1..=1 << 31), natural(1..=1 << 31), natural(1..=1 << 31)];
    check((any_pool::<Wad>(), parts), |(case, [last_x, last_y, supply])| {
        let last = case.draw([last_x, last_y].map(Draw::Part));
        let k = last.x.get().value() * last.y.get().value();
        let liquidity = Wad::exactly(&root_value(&k, 18, Rounding::Down)).unwrap();
        let supply = Draw::Part(supply).of(liquidity);
        if supply < Wad::MINIMUM_LIQUIDITY {
            return Ok(Verdict::Refused);
        }
        let sixth = Terms { numerator: 1, denominator: 6 };
        let case = with_protocol_share(&case, sixth, last, supply.into());
        let answer = case.pool.protocol_shares()?.get().value();

        // To 80 places, of which the quotient needs 57.
        let now = root_value(
            &(case.model().reserves[0].clone() * &case.model().reserves[1]),
            80,
            Rounding::Down,
        );
        let then = root_value(&k, 80, Rounding::Down);
        let exact = supply.value() * (&now - &then) / (whole(5) * now + then);
        let unit = Wad::UNIT.value();
        prop_assert!(answer < &exact + &unit && answer > exact - unit * whole(2));
        Ok(Verdict::Answered)
    });
}

fn donations<N: Sample>() {
    check((any_pool::<N>(), draws()), |(case, amounts)| {
        let (amounts, model) = (case.draw(amounts), case.model());
        let donated = case.pool.donate(amounts).map(|after| Model::of(&after));
        let verdict = agree([donated], [model.donate(&pair(amounts))])?;
        let held = plus::<N>(&model.reserves, &model.excess);
        let synced = held.and_then(|held| model.booked(held));
        agree([case.pool.sync().map(|after| Model::of(&after))], [synced])?;
        let skim = case.pool.skim();
        prop_assert_eq!(pair(skim.amounts), model.excess.clone());
        prop_assert_eq!(Model::of(&skim.after), Model { excess: nothing(), ..model });
        Ok(verdict)
    });
}

fn a_deposit_at_the_ratio<N: Sample>() {
    check((any_pool::<N>(), draws()), |(case, limits)| {
        let limits = case.draw(limits);
        let answer = case.pool.amounts_at_ratio(limits).map(pair);
        agree([answer], [case.model().amounts_at_ratio(&pair(limits), case.fee)])
    });
}

fn a_part_of_the_pool<N: Sample>() {
    check((any_pool::<N>(), draw()), |(case, shares): (_, Draw<N>)| {
        let (shares, model) = (shares.of(case.pool.supply().get()), case.model());
        let expected = (|| {
            if shares.value() > model.supply {
                return Err(AmmError::InsufficientShares);
            }
            let (_, pool) = model.with_protocol_shares()?;
            let part = shares.value() / pool.supply;
            Ok(N::round(&part, Fit::Alone, Grid::Rate, Rounding::Down)?)
        })();
        agree([case.pool.part_of_pool(shares).map(Ratio::get)], [expected])
    });
}

fn an_arbitrage<N: Sample>() {
    check((any_pool::<N>(), price_draw()), |(case, price): (_, PriceDraw<N>)| {
        let reserve = |token| case.pool.reserve(token).get();
        let price = price.of(reserve(Token::X), reserve(Token::Y));
        let answer = case.pool.arbitrage(price.price).map(|found| {
            found.map(|Arbitrage { swap, profit }| (moved(swap), profit.get().value()))
        });
        if let Ok(Some(((token_in, dx, dy, _), profit))) = &answer {
            // What the swap leaves at the outside price, in Y, rounded down once.
            let left = match token_in {
                Token::X => dy - dx * price.value(),
                Token::Y => dy * price.value() - dx,
            };
            prop_assert!(*profit <= left);
        }
        agree([answer], [case.model().arbitrage(&price, case.fee)])
    });
}

/// From a chain's `kLast`: two reserves with the same floor of the root.
#[test]
fn k_last_is_kept_as_its_root() {
    check((integer(0..=u128::MAX), integer(0..=u128::MAX)), |(hi, lo)| {
        let k_last: BigInt = two(128) * hi + lo;
        let expected = root(&whole(k_last), 0, Rounding::Down);
        match reserves_of_k_last::<18>(hi, lo) {
            Some(last) => {
                for amount in [last.x, last.y] {
                    prop_assert_eq!(
                        units(&amount.get().value(), 18, Rounding::Down),
                        expected.clone()
                    );
                }
            }
            None => prop_assert!(expected.is_zero()),
        }
        Ok(Verdict::Answered)
    });
}

/// An empty pool has nothing to trade, redeem or take part in.
#[test]
fn an_empty_pool_refuses() {
    let pool = Pool::<Wad>::empty(defi_math::Fee::ZERO);
    let one = Wad::from_raw(1);
    assert_eq!(pool.swap_exact_in(Token::X, one).err(), Some(AmmError::InsufficientLiquidity));
    assert_eq!(pool.swap_exact_out(Token::X, one).err(), Some(AmmError::InsufficientLiquidity));
    assert_eq!(pool.burn(one).err(), Some(AmmError::InsufficientShares));
    assert_eq!(pool.part_of_pool(one).err(), Some(AmmError::InsufficientShares));
    let nothing = Amounts { x: amount(Wad::from_raw(0)), y: amount(one) };
    assert_eq!(pool.mint(nothing).err(), Some(AmmError::InsufficientLiquidityMinted));
    assert_eq!(pool.amounts_at_ratio(nothing), Ok(nothing));
}
