//! What `Decimal` promises beside the laws of every exact number: the chain's digits while its 96
//! bits have room, and no refusals of everyday trades when they have not.

use defi_math::amm::{AmmError, Amounts, ConstantProduct, Pool, PoolState, Token, liquidity};
use defi_math::laws::strategies::{self, token};
use defi_math::laws::{Size, Verdict};
use defi_math::{Amount, Fee, FeeShare, MathError, Price, Shares, Wad};
use num_bigint::BigInt;
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::support::{Exactly, check, pool_on_full_grid, units};

/// Every answer of the market maker, in units of 10⁻¹⁸, or the refusal.
type Answers = Vec<(&'static str, Result<Vec<BigInt>, AmmError>)>;

/// The inputs of one case, in units of 10⁻¹⁸.
#[derive(Clone, Copy, Debug)]
struct Inputs {
    reserves: (u128, u128),
    excess: (u128, u128),
    last: (u128, u128),
    supply: u128,
    fee: Fee,
    protocol_share: Option<FeeShare>,
    token_in: Token,
    amounts: (u128, u128),
    price: (u128, u128),
}

fn inputs() -> impl Strategy<Value = Inputs> {
    let parts = || (strategies::size(), strategies::size());
    let price = (strategies::integer(1..=1 << 60), strategies::integer(1..=1 << 60));
    let fees = (strategies::fee(), proptest::option::of(strategies::fee_share()));
    (pool_on_full_grid::<Decimal>(), (parts(), parts(), parts()), fees, token(), price).prop_map(
        |(pool, (excess, last, amounts), (fee, protocol_share), token_in, price)| {
            let raw = |amount| u128::try_from(units(amount)).unwrap();
            let reserves = (raw(pool.reserve(Token::X)), raw(pool.reserve(Token::Y)));
            let of = |(x, y): (Size, Size)| (x.of(reserves.0), y.of(reserves.1));
            let supply = u128::try_from(pool.supply().get().units()).unwrap();
            Inputs {
                reserves,
                excess: of(excess),
                last: of(last),
                supply,
                fee,
                protocol_share,
                token_in,
                amounts: of(amounts),
                price,
            }
        },
    )
}

/// What the pool holds and remembers.
fn memory<N: Exactly>(pool: &Pool<N>) -> Vec<BigInt> {
    let PoolState { reserves, excess, supply, .. } = *pool.state();
    vec![
        units(reserves.x),
        units(reserves.y),
        units(excess.x),
        units(excess.y),
        supply.get().units(),
    ]
}

fn answers<N: Exactly>(inputs: Inputs) -> Answers {
    let amount = |n| N::of_units(n).unwrap();
    let both = |(x, y)| Amounts { x: amount(x), y: amount(y) };
    let Inputs { token_in, fee, .. } = inputs;
    let reserves = both(inputs.reserves);
    let excess = both(inputs.excess);
    let supply = Shares::new(amount(inputs.supply).get()).unwrap();
    let pool = Pool::try_from(PoolState {
        reserves,
        excess,
        supply,
        fee,
        protocol_share: inputs.protocol_share,
        reserves_at_last_mint: Some(both(inputs.last)),
    })
    .unwrap();
    let curve = ConstantProduct::new(reserves.of(token_in), reserves.of(token_in.other()), fee);
    let curve = curve.unwrap();
    let amounts = both(inputs.amounts);
    let (one, shares) = (amounts.of(token_in), Shares::new(amounts.x.get()).unwrap());
    let price = Price::from_amounts(amount(inputs.price.0), amount(inputs.price.1)).unwrap();

    let single = |answer: Result<Amount<N>, AmmError>| answer.map(|amount| vec![units(amount)]);
    let pair = |amounts: Amounts<N>| vec![units(amounts.x), units(amounts.y)];
    let with = |receipt: Vec<BigInt>, after: &Pool<N>| [receipt, memory(after)].concat();
    vec![
        ("amount_out", single(curve.amount_out(one))),
        ("amount_in", single(curve.amount_in(one))),
        ("router_amount_in", single(curve.router_amount_in(one))),
        ("proportional", single(curve.proportional(one))),
        ("amount_in_to_price", single(curve.amount_in_to_price(price))),
        ("optimal_amount_in", single(curve.optimal_amount_in(price))),
        (
            "swap_exact_in",
            pool.swap_exact_in(token_in, one)
                .map(|swap| with(vec![units(swap.amount_out)], &swap.after)),
        ),
        (
            "swap_exact_out",
            pool.swap_exact_out(token_in, one)
                .map(|swap| with(vec![units(swap.amount_in)], &swap.after)),
        ),
        (
            "settle",
            pool.settle(both(inputs.excess), amounts)
                .map(|settlement| with(pair(settlement.amounts_in), &settlement.after)),
        ),
        (
            "mint",
            pool.mint(amounts).map(|mint| {
                let receipt = vec![mint.shares.get().units(), mint.protocol_shares.get().units()];
                with(receipt, &mint.after)
            }),
        ),
        ("burn", pool.burn(shares).map(|burn| with(pair(burn.amounts), &burn.after))),
        ("donate", pool.donate(amounts).map(|after| memory(&after))),
        ("skim", Ok(with(pair(pool.skim().amounts), &pool.skim().after))),
        ("sync", pool.sync().map(|after| memory(&after))),
        ("amounts_at_ratio", pool.amounts_at_ratio(amounts).map(pair)),
        ("protocol_shares", pool.protocol_shares().map(|shares| vec![shares.get().units()])),
        (
            "arbitrage",
            pool.arbitrage(price).map(|arbitrage| {
                arbitrage.map_or(Vec::new(), |arbitrage| {
                    let swap = arbitrage.swap;
                    let receipt = [swap.amount_in, swap.amount_out, arbitrage.profit].map(units);
                    with(receipt.to_vec(), &swap.after)
                })
            }),
        ),
        ("open", Pool::new(amounts.x, amounts.y, fee).map(|pool| memory(&pool))),
        (
            "amounts_at_price",
            liquidity::amounts_at_price(reserves, price).map(pair).map_err(AmmError::from),
        ),
        ("value", single(liquidity::value(reserves, price).map_err(AmmError::from))),
        (
            "outcome",
            liquidity::outcome(amounts, reserves, price)
                .map(|outcome| {
                    let rest = [outcome.value, outcome.held, outcome.impermanent_loss].map(units);
                    [rest.to_vec(), pair(outcome.fees)].concat()
                })
                .map_err(AmmError::from),
        ),
    ]
}

/// Wherever every number of the answer, and the sums that led to it, leave three digits of 96 bits free.
#[test]
fn decimal_and_wad_agree_digit_for_digit() {
    let room = BigInt::from(Decimal::FULL_GRID / 8);
    let fits = |numbers: &[BigInt]| numbers.iter().all(|number| *number <= room);
    check(inputs(), |inputs| {
        let (chain, people) = (answers::<Wad>(inputs), answers::<Decimal>(inputs));
        let pending = chain.iter().find(|(name, _)| *name == "protocol_shares").unwrap();
        let (x, y) = inputs.reserves;
        if !fits(&[x.into(), y.into()]) || !pending.1.as_ref().is_ok_and(|shares| fits(shares)) {
            return Ok(Verdict::Refused);
        }
        for ((name, chain), (_, people)) in chain.iter().zip(people) {
            match chain {
                Ok(numbers) if !fits(numbers) => {}
                // Limits that are the chain's own.
                Err(AmmError::Math(MathError::Overflow) | AmmError::ReserveOverflow) => {}
                _ => prop_assert_eq!(&people, chain, "{}", name),
            }
        }
        Ok(Verdict::Held)
    });
}

/// A reserve that may be the supply of a meme coin: 10¹¹ to 10¹⁸, to six places.
fn meme_reserve() -> impl Strategy<Value = Decimal> {
    strategies::integer(100_000_000_000..=1_000_000_000_000_000_000)
        .prop_flat_map(|whole| (Just(whole), 0..1_000_000_u32))
        .prop_map(|(whole, millionths)| {
            Decimal::from(whole) + Decimal::new(i64::from(millionths), 6)
        })
}

/// What a user does to a large pool.
#[derive(Clone, Copy, Debug)]
enum Trade {
    /// Sells so many thousandths of a reserve at most, to eight places.
    Fresh(Token, u32),
    /// Sells back what the last trade paid.
    Back,
}

fn trade() -> impl Strategy<Value = Trade> {
    prop_oneof![
        (token(), 1..=300_000_u32).prop_map(|(token, part)| Trade::Fresh(token, part)),
        Just(Trade::Back),
    ]
}

/// As the module `num` has it: until a reserve has grown a thousandfold, or amounts of eight places
/// do not fit beside it.
#[test]
fn large_decimal_pools_trade_without_refusal() {
    let grown = Decimal::from(1_000);
    let room = Decimal::MAX / Decimal::from(100_000_000);
    let other = prop_oneof![
        meme_reserve(),
        // A stablecoin against it, and its whole supply.
        (1_000..=1_000_000_000_u64).prop_map(Decimal::from),
        Just(Decimal::from(140_000_000_000_u64)),
    ];
    let trades = proptest::collection::vec(trade(), 1..300);
    check((meme_reserve(), other, any::<bool>(), trades), |(one, other, flip, trades)| {
        let (x, y) = if flip { (other, one) } else { (one, other) };
        let mut pool = Pool::new(x, y, Fee::PERCENT_0_30)?;
        let (mut lowest, mut last) = ([x, y], None);
        for trade in trades {
            let (token_in, amount) = match (trade, last) {
                (Trade::Back, Some(last)) => last,
                (Trade::Back, None) => continue,
                (Trade::Fresh(token_in, part), _) => {
                    let part = Decimal::new(part.into(), 6);
                    (token_in, (pool.reserve(token_in).get() * part).round_dp(8))
                }
            };
            let swap = match pool.swap_exact_in(token_in, amount) {
                Ok(swap) => swap,
                // Dust, on one side or the other.
                Err(AmmError::InsufficientInput | AmmError::InsufficientOutput) => continue,
                Err(refusal) => return Err(refusal.into()),
            };
            (pool, last) = (swap.after, Some((token_in.other(), swap.amount_out.get())));
            for (token, lowest) in [Token::X, Token::Y].into_iter().zip(&mut lowest) {
                let reserve = pool.reserve(token).get();
                *lowest = reserve.min(*lowest);
                if reserve > *lowest * grown || reserve > room {
                    return Ok(Verdict::Held);
                }
            }
        }
        Ok(Verdict::Held)
    });
}
