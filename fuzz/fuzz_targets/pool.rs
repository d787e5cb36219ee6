//! Any sequence of operations on a pool, in every number type.
//!
//! Nothing may panic. After each step: the books balance, no share has lost liquidity, and the state
//! is one that a pool can be built from. `Decimal` answers as `Wad` does wherever it has the digits.

#![no_main]

use std::cmp::Ordering;
use std::fmt::Debug;

use arbitrary::Arbitrary;
use defi_math::amm::{
    AmmError, Amounts, ConstantProduct, Pool, PoolState, PriceAccumulator, Token, liquidity,
};
use defi_math::num::{Fit, Grid, Number, RELATIVE_TOLERANCE, Rounding};
use defi_math::rate::seconds;
use defi_math::{Amount, Fee, FeeShare, MathError, Price, Ratio, Shares, Wad};
use defi_math_fuzz::{Bits, Fuzzed, Terms};
use libfuzzer_sys::fuzz_target;
use num_bigint::BigUint;
use rust_decimal::Decimal;

#[derive(Arbitrary, Debug)]
enum Scenario {
    Wad(Vec<Op>),
    Decimal(Vec<Op>),
    Float(Vec<Op>),
    WadBesideDecimal(Vec<Op>),
}

#[derive(Arbitrary, Clone, Debug)]
enum Op {
    Restore(Box<Stored>),
    Transition(Transition),
    Quote { sell_x: bool, size: Size, target: (Bits, Bits) },
    Deposit { deposit: [Size; 2], redeemed: [Size; 2], price: (Bits, Bits) },
    Wait(u32),
    Observe,
}

#[derive(Arbitrary, Clone, Debug)]
struct Stored {
    reserves: [Bits; 2],
    excess: [Bits; 2],
    supply: Bits,
    fee: Terms,
    protocol_share: Option<Terms>,
    reserves_at_last_mint: Option<[Bits; 2]>,
}

#[derive(Arbitrary, Clone, Debug)]
enum Transition {
    Open { deposit: [Bits; 2], fee: Terms },
    ProtocolShare(Option<Terms>),
    SellExactIn { sell_x: bool, amount_in: Size, limit: Size },
    BuyExactOut { sell_x: bool, amount_out: Size, limit: Size },
    Settle { paid_in: [Size; 2], taken_out: [Size; 2] },
    Mint([Size; 2]),
    MintAtRatio([Size; 2]),
    Burn(Size),
    Donate([Size; 2]),
    Skim,
    Sync,
    Arbitrage { quote: Size, base: Size },
}

/// An amount of any size, or a part of what the pool has.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Size {
    Any(Bits),
    Part(u16),
}

/// How the bytes of a number are read.
type Read<N> = fn(Bits) -> N;

/// What a transition moved, whichever it was.
struct Moved<N: Number> {
    paid: Amounts<N>,
    taken: Amounts<N>,
    minted: Shares<N>,
    protocol: Shares<N>,
    burned: Shares<N>,
    after: Pool<N>,
}

fn token(is_x: bool) -> Token {
    if is_x { Token::X } else { Token::Y }
}

fn fee(terms: Terms) -> Fee {
    let (numerator, denominator) = terms.pair();
    Fee::new(numerator, denominator).unwrap_or(Fee::PERCENT_0_30)
}

fn fee_share(terms: Terms) -> FeeShare {
    let (numerator, denominator) = terms.pair();
    FeeShare::new(numerator, denominator).unwrap_or(FeeShare::ONE_SIXTH)
}

fn amount<N: Number>(size: Size, of: N, read: Read<N>) -> Result<Amount<N>, MathError> {
    Amount::new(match size {
        Size::Any(bits) => read(bits),
        Size::Part(part) => {
            let part = N::ONE.times(u32::from(part), Grid::Amount)?;
            let whole = N::ONE.times(1 << 16, Grid::Amount)?;
            of.mul_div(part, whole, Fit::From(of), Grid::Amount, Rounding::Down)?
        }
    })
}

fn amounts<N: Number>(
    [x, y]: [Size; 2],
    of: Amounts<N>,
    read: Read<N>,
) -> Result<Amounts<N>, MathError> {
    Amounts::new(amount(x, of.x.get(), read)?, amount(y, of.y.get(), read)?)
}

fn read_amounts<N: Number>([x, y]: [Bits; 2], read: Read<N>) -> Result<Amounts<N>, MathError> {
    Amounts::new(read(x), read(y))
}

fn price<N: Number>((quote, base): (Bits, Bits), read: Read<N>) -> Result<Price<N>, MathError> {
    Price::from_amounts(read(quote), read(base))
}

fn restored<N: Number>(stored: &Stored, read: Read<N>) -> Result<Pool<N>, AmmError> {
    Pool::try_from(PoolState {
        reserves: read_amounts(stored.reserves, read)?,
        excess: read_amounts(stored.excess, read)?,
        supply: Shares::new(read(stored.supply))?,
        fee: fee(stored.fee),
        protocol_share: stored.protocol_share.map(fee_share),
        reserves_at_last_mint: stored
            .reserves_at_last_mint
            .map(|amounts| read_amounts(amounts, read))
            .transpose()?,
    })
}

impl Transition {
    fn apply<N: Fuzzed>(&self, pool: &Pool<N>, read: Read<N>) -> Result<Moved<N>, AmmError> {
        let PoolState { reserves, supply, .. } = *pool.state();
        let still = Moved {
            paid: Amounts::ZERO,
            taken: Amounts::ZERO,
            minted: Shares::ZERO,
            protocol: Shares::ZERO,
            burned: Shares::ZERO,
            after: *pool,
        };
        Ok(match *self {
            Self::Open { deposit, fee: terms } => {
                let deposit = read_amounts(deposit, read)?;
                let after = Pool::new(deposit.x, deposit.y, fee(terms))?;
                let mint = Pool::empty(fee(terms)).mint(deposit)?;
                assert_eq!(mint.after, after);
                Moved { paid: deposit, minted: mint.shares, after, ..still }
            }
            Self::ProtocolShare(share) => {
                Moved { after: pool.with_protocol_share(share.map(fee_share)), ..still }
            }
            Self::SellExactIn { sell_x, amount_in, limit } => {
                let sold = token(sell_x);
                let amount_in = amount(amount_in, reserves.of(sold).get(), read)?;
                let swap = pool.swap_exact_in(sold, amount_in)?;
                assert_eq!(swap.amount_in, amount_in);
                assert_eq!(Ok(swap.amount_out), pool.amount_out(sold, amount_in));
                let limit = amount(limit, reserves.of(sold.other()).get(), read)?;
                assert_eq!(swap.at_least(limit).is_ok(), swap.amount_out >= limit);
                let paid = Amounts::only(sold, amount_in)?;
                let taken = Amounts::only(sold.other(), swap.amount_out)?;
                settles_alike(pool, paid, taken, &swap.after);
                round_trip_never_profits(pool, sold, amount_in, swap.amount_out, &swap.after);
                Moved { paid, taken, after: swap.after, ..still }
            }
            Self::BuyExactOut { sell_x, amount_out, limit } => {
                let sold = token(sell_x);
                let amount_out = amount(amount_out, reserves.of(sold.other()).get(), read)?;
                let swap = pool.swap_exact_out(sold, amount_out)?;
                assert_eq!(swap.amount_out, amount_out);
                assert_eq!(Ok(swap.amount_in), pool.amount_in(sold, amount_out));
                let limit = amount(limit, reserves.of(sold).get(), read)?;
                assert_eq!(swap.at_most(limit).is_ok(), swap.amount_in <= limit);
                let paid = Amounts::only(sold, swap.amount_in)?;
                let taken = Amounts::only(sold.other(), amount_out)?;
                settles_alike(pool, paid, taken, &swap.after);
                Moved { paid, taken, after: swap.after, ..still }
            }
            Self::Settle { paid_in, taken_out } => {
                let paid = amounts(paid_in, reserves, read)?;
                let taken = amounts(taken_out, reserves, read)?;
                let settlement = pool.settle(paid, taken);
                settlement_is_judged_exactly(pool, paid, taken, settlement.map(|_| ()));
                let settlement = settlement?;
                assert_eq!(settlement.amounts_out, taken);
                Moved { paid, taken, after: settlement.after, ..still }
            }
            Self::Mint(deposit) => Self::mint(pool, amounts(deposit, reserves, read)?, still)?,
            Self::MintAtRatio(limits) => {
                let limits = amounts(limits, reserves, read)?;
                let deposit = pool.amounts_at_ratio(limits)?;
                let within = deposit.x <= limits.x && deposit.y <= limits.y;
                assert!(is_float::<N>() || within);
                Self::mint(pool, deposit, still)?
            }
            Self::Burn(shares) => {
                let shares = Shares::new(amount(shares, supply.get(), read)?.get())?;
                if let Ok(part) = pool.part_of_pool(shares) {
                    assert!(part <= Ratio::ONE);
                }
                let burn = pool.burn(shares)?;
                assert_eq!(burn.shares, shares);
                assert_eq!(Ok(burn.protocol_shares), pool.protocol_shares());
                let (taken, protocol) = (burn.amounts, burn.protocol_shares);
                Moved { taken, protocol, burned: shares, after: burn.after, ..still }
            }
            Self::Donate(paid) => {
                let paid = amounts(paid, reserves, read)?;
                Moved { paid, after: pool.donate(paid)?, ..still }
            }
            Self::Skim => {
                let skim = pool.skim();
                Moved { taken: skim.amounts, after: skim.after, ..still }
            }
            Self::Sync => Moved { after: pool.sync()?, ..still },
            Self::Arbitrage { quote, base } => {
                let quote = amount(quote, reserves.y.get(), read)?;
                let price = Price::from_amounts(quote, amount(base, reserves.x.get(), read)?)?;
                let Some(arbitrage) = pool.arbitrage(price)? else { return Ok(still) };
                let swap = arbitrage.swap;
                assert!(!arbitrage.profit.is_zero());
                Moved {
                    paid: Amounts::only(swap.token_in, swap.amount_in)?,
                    taken: Amounts::only(swap.token_in.other(), swap.amount_out)?,
                    after: swap.after,
                    ..still
                }
            }
        })
    }

    fn mint<N: Fuzzed>(
        pool: &Pool<N>,
        paid: Amounts<N>,
        still: Moved<N>,
    ) -> Result<Moved<N>, AmmError> {
        let mint = pool.mint(paid)?;
        assert_eq!(Ok(mint.protocol_shares), pool.protocol_shares());
        // Redeemed at once, the shares never bring back more than was counted as their deposit; but
        // a first deposit takes over whatever the reserves held before anybody had a share.
        let nobody_else = pool.supply().is_zero() && pool.state().reserves != Amounts::ZERO;
        if let (Ok(burn), false) = (mint.after.burn(mint.shares), nobody_else) {
            for token in [Token::X, Token::Y] {
                let (put, got) = (mint.amounts.of(token), burn.amounts.of(token));
                // A float's sum with the reserve rounds the deposit, and tiny ones lose digits.
                let slack = 16.0 * f64::EPSILON * mint.after.reserve(token).to_f64() + 1e-290;
                let close = is_float::<N>() && got.to_f64() <= put.to_f64() + slack;
                assert!(close || got <= put, "deposited {put}, redeemed {got}");
            }
        }
        let (minted, protocol) = (mint.shares, mint.protocol_shares);
        Ok(Moved { paid, minted, protocol, after: mint.after, ..still })
    }
}

fn is_float<N: Fuzzed>() -> bool {
    N::ONE.units(Grid::Rate).is_none()
}

fn units<N: Fuzzed>(amount: Amount<N>, grid: Grid) -> Option<BigUint> {
    amount.get().units(grid)
}

/// `x`, `y` of amounts in base units, or nothing for floats.
fn base_units<N: Fuzzed>(amounts: Amounts<N>) -> Option<[BigUint; 2]> {
    Some([units(amounts.x, Grid::Amount)?, units(amounts.y, Grid::Amount)?])
}

/// The contract's own check accepts every swap at the pool's quote and books the same reserves.
fn settles_alike<N: Fuzzed>(pool: &Pool<N>, paid: Amounts<N>, taken: Amounts<N>, after: &Pool<N>) {
    match pool.settle(paid, taken) {
        _ if is_float::<N>() => {}
        Ok(settlement) => assert_eq!(&settlement.after, after),
        // Its sums are taken in another order.
        Err(AmmError::Math(MathError::Inexact)) => {}
        Err(error) => panic!("a swap at the pool's quote is refused: {error:?}"),
    }
}

fn round_trip_never_profits<N: Fuzzed>(
    pool: &Pool<N>,
    sold: Token,
    amount_in: Amount<N>,
    amount_out: Amount<N>,
    after: &Pool<N>,
) {
    if pool.state().excess != Amounts::ZERO {
        return;
    }
    if let Ok(back) = after.amount_out(sold.other(), amount_out) {
        assert!(is_float::<N>() || back <= amount_in, "sold {amount_in}, got back {back}");
    }
}

/// Refused and accepted exactly where the contract's conditions say so.
fn settlement_is_judged_exactly<N: Fuzzed>(
    pool: &Pool<N>,
    paid: Amounts<N>,
    taken: Amounts<N>,
    verdict: Result<(), AmmError>,
) {
    let PoolState { reserves, excess, fee, .. } = *pool.state();
    let all = [reserves, excess, paid, taken].map(base_units);
    let [Some([x, y]), Some(excess), Some(paid), Some([out_x, out_y])] = all else { return };
    let zero = BigUint::ZERO;
    let [in_x, in_y] = [&excess[0] + &paid[0], &excess[1] + &paid[1]];
    let expected = if out_x == zero && out_y == zero {
        Err(AmmError::InsufficientOutput)
    } else if out_x >= x || out_y >= y {
        Err(AmmError::InsufficientLiquidity)
    } else if in_x == zero && in_y == zero {
        Err(AmmError::InsufficientInput)
    } else {
        let (d, f) = (fee.denominator(), fee.numerator());
        let left = ((&x - out_x + &in_x) * d - in_x * f) * ((&y - out_y + &in_y) * d - in_y * f);
        if left < x * y * d * d { Err(AmmError::InvariantViolated) } else { Ok(()) }
    };
    match verdict {
        // Beyond the number's own range.
        Err(AmmError::Math(_) | AmmError::ReserveOverflow) => {}
        verdict => assert_eq!(verdict, expected),
    }
}

/// What holds after every transition.
fn check<N: Fuzzed>(before: &Pool<N>, moved: &Moved<N>) {
    let (old, new) = (*before.state(), *moved.after.state());
    assert_eq!(Pool::try_from(new), Ok(moved.after), "a transition led to an invalid state");
    for amount in [new.reserves, new.excess, moved.paid, moved.taken] {
        assert!(Amounts::new(amount.x.get(), amount.y.get()).is_ok(), "{amount:?}");
    }
    for shares in [new.supply, moved.minted, moved.protocol, moved.burned] {
        assert!(Shares::new(shares.get()).is_ok(), "{shares:?}");
    }

    match exact_books(&old, &new, moved) {
        Some(()) => {}
        None if moved.minted.is_zero() && moved.burned.is_zero() => float_liquidity(&old, &new),
        None => {}
    }
}

fn exact_books<N: Fuzzed>(old: &PoolState<N>, new: &PoolState<N>, moved: &Moved<N>) -> Option<()> {
    let shares = |shares: Shares<N>| shares.get().units(Grid::Amount);
    let [x, y] = base_units(old.reserves)?;
    let [x_excess, y_excess] = base_units(old.excess)?;
    let [x_after, y_after] = base_units(new.reserves)?;
    let [x_excess_after, y_excess_after] = base_units(new.excess)?;
    let [x_paid, y_paid] = base_units(moved.paid)?;
    let [x_taken, y_taken] = base_units(moved.taken)?;
    let (supply, supply_after) = (shares(old.supply)?, shares(new.supply)?);
    let (minted, protocol, burned) =
        (shares(moved.minted)?, shares(moved.protocol)?, shares(moved.burned)?);

    // What came in less what went out is what is there.
    assert_eq!(&x + x_excess + x_paid, &x_after + x_excess_after + x_taken, "token X");
    assert_eq!(&y + y_excess + y_paid, &y_after + y_excess_after + y_taken, "token Y");
    let issued = &supply + &protocol + &minted;
    if supply == BigUint::ZERO && minted > BigUint::ZERO {
        let locked = N::MINIMUM_LIQUIDITY.units(Grid::Amount)?;
        assert!(supply_after >= issued + locked, "the first deposit locks the minimum");
        assert!(supply_after.pow(2) <= &x_after * &y_after, "more shares than √(x·y)");
    } else {
        assert_eq!(issued, supply_after + burned, "shares");
        let supply_after = shares(new.supply)?;
        let diluted = &supply + &protocol;
        assert!(
            x_after * y_after * diluted.pow(2) >= &x * &y * supply_after.pow(2),
            "a share has lost liquidity"
        );
    }

    // The protocol gets at most its part of the growth of √k.
    if protocol > BigUint::ZERO {
        let (share, last) = (old.protocol_share?, base_units(old.reserves_at_last_mint?)?);
        let [now, then] = [(x * y).sqrt(), (&last[0] * &last[1]).sqrt()];
        let part = &now * share.denominator() * &protocol;
        assert!(part <= (now - then) * share.numerator() * (supply + protocol));
    }
    Some(())
}

/// A trade never lowers `k`, up to the tolerance of its own check and the roundings of one step.
fn float_liquidity<N: Number>(old: &PoolState<N>, new: &PoolState<N>) {
    let far = 1e60;
    let [x, y, x_after, y_after] =
        [old.reserves.x, old.reserves.y, new.reserves.x, new.reserves.y].map(Amount::to_f64);
    let in_range = |value: f64| (1.0 / far..far).contains(&value);
    if ![x, y, x_after, y_after].into_iter().all(in_range) {
        return;
    }
    // A reserve that shrinks by nearly all of itself keeps the rounding of its old size.
    let rounded = 8.0 * f64::EPSILON * (x_after * y.max(y_after) + y_after * x.max(x_after));
    let lost = rounded + RELATIVE_TOLERANCE * x * y;
    assert!(x_after * y_after + lost >= x * y, "k fell: {old:?}\n{new:?}");
}

/// An answer, where it lies, and how it was rounded.
struct Answer<N> {
    name: &'static str,
    grid: Grid,
    rounding: Rounding,
    value: Result<N, AmmError>,
}

fn quotes<N: Fuzzed>(
    pool: &Pool<N>,
    sold: Token,
    size: Size,
    target: (Bits, Bits),
    read: Read<N>,
) -> Vec<Answer<N>> {
    let Ok(curve) = pool.selling(sold) else { return Vec::new() };
    let (x, y) = (curve.reserve_in(), curve.reserve_out());
    assert_eq!(ConstantProduct::new(x, y, curve.fee()), Ok(curve));
    assert_eq!(curve.flip().flip(), curve);
    let Ok(dx) = amount(size, x.get(), read) else { return Vec::new() };
    let dy = amount(size, y.get(), read).unwrap_or(dx);

    let amount_out = curve.amount_out(dx);
    let amount_in = curve.amount_in(dy);
    let router = curve.router_amount_in(dy);
    output_is_sound(curve, dx, amount_out);
    input_is_sound(curve, dy, amount_in, router);
    prices_are_ordered(curve, dx);

    let mut answers = Vec::new();
    let mut answer = |name, rounding, value: Result<Amount<N>, AmmError>| {
        answers.push(Answer { name, grid: Grid::Amount, rounding, value: value.map(Amount::get) });
    };
    answer("amount_out", Rounding::Down, amount_out);
    answer("amount_in", Rounding::Up, amount_in);
    answer("router_amount_in", Rounding::Up, router);
    answer("proportional", Rounding::Down, curve.proportional(dx));
    if let Ok(price) = price(target, read) {
        let to_price = curve.amount_in_to_price(price);
        stops_at_the_target(curve, price, to_price);
        answer("amount_in_to_price", Rounding::Down, to_price);
        answer("optimal_amount_in", Rounding::Down, curve.optimal_amount_in(price));
    }
    let impact = curve.price_impact(dx);
    if let Ok(impact) = impact {
        assert!(impact <= Ratio::ONE);
    }
    answers.push(Answer {
        name: "price_impact",
        grid: Grid::Rate,
        rounding: Rounding::Up,
        value: impact.map(Ratio::get),
    });
    for answer in &answers {
        if let Ok(value) = answer.value {
            assert!(Amount::new(value).is_ok() || Ratio::new(value).is_ok(), "{}", answer.name);
        }
    }
    answers
}

fn output_is_sound<N: Fuzzed>(
    curve: ConstantProduct<N>,
    dx: Amount<N>,
    amount_out: Result<Amount<N>, AmmError>,
) {
    let Ok(dy) = amount_out else { return };
    let (n, d) = (curve.fee().kept(), curve.fee().denominator());
    let exact = [curve.reserve_in(), curve.reserve_out(), dx, dy].map(|a| units(a, Grid::Amount));
    if let [Some(x), Some(y), Some(dx), Some(dy)] = exact {
        assert!(dy < y, "the output empties the reserve");
        let (kept, whole) = (&dx * n, x * d + dx * n);
        assert!(dy * whole <= y * kept, "the output is above the exact quotient");
        return;
    }
    let [x, y, dx, dy] = [curve.reserve_in(), curve.reserve_out(), dx, dy].map(Amount::to_f64);
    // The same quotient, written so that its terms are no larger than its arguments; tiny ones and
    // their products lose digits.
    let expected = y * f64::from(n) / (f64::from(n) + f64::from(d) * (x / dx));
    let in_range = [x, dx, dx * y, expected].into_iter().all(|term| term > 1e-290)
        && [x / dx, y].into_iter().all(|term| term < 1e290);
    let error = (dy - expected).abs();
    assert!(!in_range || error <= 1e-12 * expected, "{curve:?} pays {dy} for {dx}, not {expected}");
}

/// Whether `Decimal` has all 18 places for sums with these amounts; `Wad` always has.
fn has_all_places<N: Fuzzed>(amounts: &[Amount<N>]) -> bool {
    amounts.iter().all(|amount| units(*amount, Grid::Amount).is_some_and(|u| u.bits() < 85))
}

fn input_is_sound<N: Fuzzed>(
    curve: ConstantProduct<N>,
    dy: Amount<N>,
    amount_in: Result<Amount<N>, AmmError>,
    router: Result<Amount<N>, AmmError>,
) {
    if let (Ok(ceil), Ok(router)) = (amount_in, router)
        && let (Some(ceil), Some(router)) = (units(ceil, Grid::Amount), units(router, Grid::Amount))
    {
        assert!(router >= ceil, "the router's input is below the ceiling");
    }
    let Ok(dx) = amount_in else { return };
    if !has_all_places(&[curve.reserve_in(), curve.reserve_out(), dx]) {
        return;
    }
    if let Ok(router) = router {
        assert!((router - dx).unwrap() <= N::UNIT, "the router's input is two units above");
    }
    assert!(curve.amount_out(dx).unwrap() >= dy, "the quoted input does not deliver");
    let less = (dx - Amount::new(N::UNIT).unwrap()).unwrap();
    if !less.is_zero() {
        assert!(curve.amount_out(less).unwrap() < dy, "a smaller input delivers as well");
    }
}

fn prices_are_ordered<N: Fuzzed>(curve: ConstantProduct<N>, dx: Amount<N>) {
    let below = |a: Result<Price<N>, AmmError>, b: Result<Price<N>, AmmError>| {
        if let (Ok(a), Ok(b)) = (a, b) {
            assert!(
                is_float::<N>() || a.partial_cmp(&b) != Some(Ordering::Greater),
                "{a:?} > {b:?}"
            );
        }
    };
    below(curve.marginal_price(), curve.spot_price());
    below(curve.effective_price(dx), curve.marginal_price());
    below(curve.spot_price_after(dx), curve.spot_price());
    if let (Ok(price), Ok(other)) = (curve.spot_price(), curve.flip().spot_price()) {
        assert_eq!(price, other.inverse());
    }
}

fn stops_at_the_target<N: Fuzzed>(
    curve: ConstantProduct<N>,
    target: Price<N>,
    amount_in: Result<Amount<N>, AmmError>,
) {
    if let Ok(dx) = amount_in
        && let Ok(after) = curve.spot_price_after(dx)
        && units(dx, Grid::Amount).is_some()
    {
        assert!(after >= target, "{after:?} is below the target {target:?}");
    }
}

fn loss_is_sound<N: Fuzzed>(price: Price<N>, tiniest: f64) -> Result<(), MathError> {
    let loss = liquidity::impermanent_loss(price)?;
    assert!(Ratio::new(loss.get()).is_ok() && loss <= Ratio::ONE);
    if !is_float::<N>() {
        assert_eq!(liquidity::impermanent_loss(price.inverse()), Ok(loss));
    }
    let (r, loss) = (price.to_f64(), loss.to_f64());
    // Products of tiny floats lose digits; those of large ones are refused.
    if (1e-6..1e6).contains(&r) && tiniest > 1e-100 {
        let expected = 1.0 - 2.0 * r.sqrt() / (1.0 + r);
        assert!((loss - expected).abs() < 1e-9, "{price:?} loses {loss}, not {expected}");
    }
    Ok(())
}

fn deposits<N: Fuzzed>(
    pool: &Pool<N>,
    (deposit, redeemed): ([Size; 2], [Size; 2]),
    ratio: (Bits, Bits),
    read: Read<N>,
) -> Result<(), MathError> {
    let reserves = pool.state().reserves;
    let (deposit, redeemed) =
        (amounts(deposit, reserves, read)?, amounts(redeemed, reserves, read)?);
    let price = price(ratio, read)?;
    loss_is_sound(price, read(ratio.0).approximate().min(read(ratio.1).approximate()))?;
    if let Ok(outcome) = liquidity::outcome(deposit, redeemed, price) {
        assert!(outcome.fees.x <= redeemed.x && outcome.fees.y <= redeemed.y);
    }
    let moved = liquidity::amounts_at_price(deposit, price)?;
    if let (Some([x, y]), Some([x_moved, y_moved])) = (base_units(deposit), base_units(moved)) {
        assert!(x_moved * y_moved <= x * y, "liquidity out of nothing");
    }
    let (held, worth) = (liquidity::value(deposit, price)?, liquidity::value(moved, price)?);
    if has_all_places(&[deposit.x, deposit.y, moved.x, moved.y, held, worth]) {
        assert!(worth <= held, "a position is worth more than holding");
    }
    Ok(())
}

/// The accumulator since its last observation, and the extreme prices that it has seen.
struct Window<N: Number> {
    now: PriceAccumulator,
    since: PriceAccumulator,
    seconds: u64,
    prices: Vec<Price<N>>,
}

impl<N: Fuzzed> Window<N> {
    fn new() -> Self {
        let now = PriceAccumulator::new();
        Self { now, since: now, seconds: 0, prices: Vec::new() }
    }

    fn wait(&mut self, pool: &Pool<N>, elapsed: u32) {
        let Ok(now) = self.now.advance(pool, seconds(elapsed)) else { return };
        self.now = now;
        if elapsed == 0 {
            return;
        }
        self.seconds += u64::from(elapsed);
        let second = PriceAccumulator::new();
        // An empty pool has no price; the average is then diluted.
        let price = second.advance(pool, seconds(1)).unwrap().average_price(Token::X, second);
        self.prices.extend(price);
        self.seconds += if price.is_err() { u64::from(u32::MAX) + 1 } else { 0 };
    }

    fn observe(&mut self) {
        let average = self.now.average_price::<N>(Token::X, self.since);
        if self.seconds == 0 {
            assert_eq!(average.err(), Some(AmmError::EmptyWindow));
        } else if self.seconds <= u64::from(u32::MAX) {
            let average = average.unwrap();
            assert!(self.prices.iter().any(|price| *price <= average), "below all prices");
            assert!(self.prices.iter().any(|price| *price >= average), "above all prices");
        }
        (self.since, self.seconds) = (self.now, 0);
        self.prices.clear();
    }
}

fn drive<N: Fuzzed>(ops: &[Op], read: Read<N>) {
    let mut pool = Pool::<N>::empty(Fee::PERCENT_0_30);
    let mut window = Window::new();
    for op in ops {
        match op {
            Op::Restore(stored) => pool = restored(stored, read).unwrap_or(pool),
            Op::Transition(transition) => {
                if let Ok(moved) = transition.apply(&pool, read) {
                    let opened = matches!(transition, Transition::Open { .. });
                    let before = if opened { Pool::empty(Fee::ZERO) } else { pool };
                    check(&before, &moved);
                    pool = moved.after;
                }
            }
            Op::Quote { sell_x, size, target } => {
                quotes(&pool, token(*sell_x), *size, *target, read);
            }
            Op::Deposit { deposit, redeemed, price } => {
                // A refusal is an answer; only a panic or a broken law is not.
                let _ = deposits(&pool, (*deposit, *redeemed), *price, read);
            }
            Op::Wait(elapsed) => window.wait(&pool, *elapsed),
            Op::Observe => window.observe(),
        }
    }
    everybody_leaves(&pool);
    let text = serde_json::to_string(&pool).unwrap();
    assert_eq!(serde_json::from_str::<Pool<N>>(&text).unwrap(), pool);
}

/// All shares in circulation redeem less than all that is there, and no share more exists.
fn everybody_leaves<N: Fuzzed>(pool: &Pool<N>) {
    let locked = Shares::new(N::MINIMUM_LIQUIDITY).unwrap();
    let Ok(circulating) = pool.supply() - locked else { return };
    assert_eq!(pool.redeemable(circulating), pool.burn(circulating).map(|burn| burn.amounts));
    if let Ok(burn) = pool.burn(circulating) {
        let state = pool.state();
        let holdings = [(state.reserves.x + state.excess.x), (state.reserves.y + state.excess.y)];
        for (amount, holding) in [burn.amounts.x, burn.amounts.y].into_iter().zip(holdings) {
            assert!(is_float::<N>() || amount < holding.unwrap());
        }
        check(
            pool,
            &Moved {
                paid: Amounts::ZERO,
                taken: burn.amounts,
                minted: Shares::ZERO,
                protocol: burn.protocol_shares,
                burned: circulating,
                after: burn.after,
            },
        );
    }
    if let Ok(more) = circulating + Shares::new(N::UNIT).unwrap()
        && more > circulating
    {
        assert_eq!(pool.burn(more).err(), Some(AmmError::InsufficientShares));
    }
}

/// Numbers of at most 84 bits, which both types can hold and add.
fn wad(bits: Bits) -> Wad {
    Wad::from_raw(bits.integer(84))
}

fn decimal(bits: Bits) -> Decimal {
    Decimal::from_i128_with_scale(bits.integer(84) as i128, 18)
}

/// Beyond this, a `Decimal` begins to run out of places.
fn narrow(wad: Wad) -> bool {
    wad.raw() >> 85 == 0
}

/// Whether both types gave the same answer. `None` where `Wad`'s is too large to compare.
fn agree(
    (grid, rounding): (Grid, Rounding),
    wad: Result<Wad, AmmError>,
    decimal: Result<Decimal, AmmError>,
) -> Option<bool> {
    match wad {
        Ok(wad) if !narrow(wad) => None,
        Err(AmmError::Math(MathError::Overflow) | AmmError::ReserveOverflow) => None,
        Err(error) => Some(decimal == Err(error)),
        Ok(wad) => Some(decimal.is_ok_and(|decimal| {
            let nine_places = BigUint::from(10_u8).pow(9);
            let exact = decimal.units(grid).unwrap();
            let on_wad_grid = match (grid, rounding) {
                (Grid::Amount, _) => exact,
                (Grid::Rate, Rounding::Down) => exact / nine_places,
                (Grid::Rate, Rounding::Up) => (exact + &nine_places - 1_u8) / nine_places,
            };
            on_wad_grid == BigUint::from(wad.raw())
        })),
    }
}

fn is_narrow(pool: &Pool<Wad>) -> bool {
    let PoolState { reserves, excess, supply, .. } = *pool.state();
    let pending = pool.protocol_shares().and_then(|shares| Ok((supply + shares)?));
    let amounts = [reserves.x, reserves.y, excess.x, excess.y];
    amounts.into_iter().all(|amount| narrow(amount.get()))
        && pending.is_ok_and(|supply| narrow(supply.get()))
}

fn same_state(wad: &PoolState<Wad>, decimal: &PoolState<Decimal>) -> bool {
    let numbers = [
        (wad.reserves.x.get(), decimal.reserves.x.get()),
        (wad.reserves.y.get(), decimal.reserves.y.get()),
        (wad.excess.x.get(), decimal.excess.x.get()),
        (wad.excess.y.get(), decimal.excess.y.get()),
        (wad.supply.get(), decimal.supply.get()),
    ];
    numbers.iter().all(|(wad, decimal)| decimal.units(Grid::Amount) == wad.units(Grid::Amount))
}

fn drive_beside(ops: &[Op]) {
    let mut wads = Pool::<Wad>::empty(Fee::PERCENT_0_30);
    let mut decimals = Pool::<Decimal>::empty(Fee::PERCENT_0_30);
    for op in ops {
        match op {
            Op::Restore(stored) => {
                if let Ok(pool) = restored(stored, wad)
                    && is_narrow(&pool)
                {
                    wads = pool;
                    decimals = restored(stored, decimal).unwrap();
                }
            }
            Op::Transition(transition) => {
                let pair = (transition.apply(&wads, wad), transition.apply(&decimals, decimal));
                match pair {
                    (Ok(a), _) if !is_narrow(&a.after) => return,
                    (Err(AmmError::Math(MathError::Overflow) | AmmError::ReserveOverflow), _) => {
                        return;
                    }
                    (Ok(a), Ok(b)) => {
                        assert!(same_state(a.after.state(), b.after.state()), "{a:?}\n{b:?}");
                        (wads, decimals) = (a.after, b.after);
                    }
                    (a, b) => {
                        assert_eq!(a.err(), b.err(), "{transition:?} on {wads:?}");
                    }
                }
            }
            Op::Quote { sell_x, size, target } => {
                let sold = token(*sell_x);
                let a = quotes(&wads, sold, *size, *target, wad);
                let b = quotes(&decimals, sold, *size, *target, decimal);
                for (a, b) in a.into_iter().zip(b) {
                    let verdict = agree((a.grid, a.rounding), a.value, b.value);
                    let (name, a, b) = (a.name, a.value, b.value);
                    assert_ne!(verdict, Some(false), "{name}: {a:?}, {b:?} of {wads:?}");
                }
            }
            Op::Deposit { .. } | Op::Wait(_) | Op::Observe => {}
        }
    }
}

impl<N: Number> Debug for Moved<N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "paid {:?}, taken {:?}, after {:?}", self.paid, self.taken, self.after)
    }
}

fuzz_target!(|scenario: Scenario| {
    match scenario {
        Scenario::Wad(ops) => drive::<Wad>(&ops, Fuzzed::read),
        Scenario::Decimal(ops) => drive::<Decimal>(&ops, Fuzzed::read),
        Scenario::Float(ops) => drive::<f64>(&ops, Fuzzed::read),
        Scenario::WadBesideDecimal(ops) => drive_beside(&ops),
    }
});
