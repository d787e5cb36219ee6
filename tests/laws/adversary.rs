//! An adversary who may do anything that the API allows, in any order, with any amount of money,
//! against a pool in which somebody else has put theirs.
//!
//! What "never profits" can mean is not obvious: at the price at which the pool *ends*, whoever moved
//! it there has gained, which is the others' impermanent loss. What is exactly true is stronger than
//! a bound on any one price. Let the pool open with `x`, `y` and `S` shares, and let the adversary be
//! up by `gx` and `gy` (below zero: down), holding `a` shares of `S + a`. Then, after every
//! operation,
//!
//! ```text
//! (x − gx)·(y − gy)·S² ≥ x·y·(S + a)²
//! ```
//!
//! which says that everything they did is worth at most one trade along the curve without a fee.
//! It follows that they are never up in one token without being down in the other, and that at the
//! opening price, `gx·y + gy·x ≤ 0`: no gain at all.

use defi_math::amm::{AmmError, Amounts, Pool, Token};
use defi_math::laws::Verdict;
use defi_math::laws::strategies::{self, token};
use defi_math::{Amount, Fee, MathError, Shares, Wad};
use num_bigint::BigInt;
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::support::{Draw, Exactly, Judged, accept, check, draw, k, square, units};

/// Amounts are drawn against the reserves.
#[derive(Clone, Copy, Debug)]
enum Action<N> {
    Sell(Token, Draw<N>),
    Buy(Token, Draw<N>),
    /// Takes some of both and pays some of both.
    Settle {
        taken: [Draw<N>; 2],
        paid: [Draw<N>; 2],
    },
    /// Takes some of one and pays what the router asks for it, give or take some units.
    Undercut(Token, Draw<N>, i8),
    Mint([Draw<N>; 2]),
    MintAtRatio(Draw<N>),
    /// Against the shares that the adversary holds.
    Burn(Draw<N>),
    Donate([Draw<N>; 2]),
    Skim,
    Sync,
}

fn action<N: Exactly>() -> impl Strategy<Value = Action<N>> {
    let both = || [draw::<N>(), draw::<N>()];
    prop_oneof![
        3 => (token(), draw()).prop_map(|(token_in, amount)| Action::Sell(token_in, amount)),
        2 => (token(), draw()).prop_map(|(token_in, amount)| Action::Buy(token_in, amount)),
        1 => (both(), both()).prop_map(|(taken, paid)| Action::Settle { taken, paid }),
        2 => (token(), draw(), -2..=2_i8)
            .prop_map(|(token_in, bought, units)| Action::Undercut(token_in, bought, units)),
        1 => both().prop_map(Action::Mint),
        2 => draw().prop_map(Action::MintAtRatio),
        3 => draw().prop_map(Action::Burn),
        1 => both().prop_map(Action::Donate),
        1 => Just(Action::Skim),
        1 => Just(Action::Sync),
    ]
}

/// The pool, and who holds what.
#[derive(Clone, Copy, Debug)]
struct World<N: Exactly> {
    pool: Pool<N>,
    /// Of the adversary.
    shares: Shares<N>,
    /// Of the protocol.
    protocol: Shares<N>,
}

/// What a step moved: out of the adversary's purse, and into it.
struct Moved<N: Exactly> {
    paid: Amounts<N>,
    taken: Amounts<N>,
    world: World<N>,
}

impl<N: Exactly> World<N> {
    fn at_reserves(&self, [x, y]: [Draw<N>; 2]) -> Amounts<N> {
        Amounts { x: x.of(self.pool.reserve(Token::X)), y: y.of(self.pool.reserve(Token::Y)) }
    }

    fn step(self, action: Action<N>) -> Result<Moved<N>, AmmError> {
        let Self { pool, shares, protocol } = self;
        let moved = |paid, taken, pool| Moved { paid, taken, world: Self { pool, ..self } };
        let minted = |deposit: Amounts<N>| {
            let mint = pool.mint(deposit)?;
            let shares = (shares + mint.shares)?;
            let protocol = (protocol + mint.protocol_shares)?;
            let world = Self { pool: mint.after, shares, protocol };
            Ok(Moved { paid: deposit, taken: Amounts::ZERO, world })
        };
        let settled = |paid, taken| {
            let settlement = pool.settle(paid, taken)?;
            Ok(moved(paid, taken, settlement.after))
        };
        match action {
            Action::Sell(token_in, amount) => {
                let swap = pool.swap_exact_in(token_in, amount.of(pool.reserve(token_in)))?;
                let paid = Amounts::only(token_in, swap.amount_in)?;
                Ok(moved(paid, Amounts::only(token_in.other(), swap.amount_out)?, swap.after))
            }
            Action::Buy(token_in, amount) => {
                let bought = amount.of(pool.reserve(token_in.other()));
                let swap = pool.swap_exact_out(token_in, bought)?;
                let paid = Amounts::only(token_in, swap.amount_in)?;
                Ok(moved(paid, Amounts::only(token_in.other(), swap.amount_out)?, swap.after))
            }
            Action::Settle { taken, paid } => {
                settled(self.at_reserves(paid), self.at_reserves(taken))
            }
            Action::Undercut(token_in, bought, offset) => {
                let bought = bought.of(pool.reserve(token_in.other()));
                let asked = units(pool.selling(token_in)?.router_amount_in(bought)?) + offset;
                let offered = u128::try_from(asked).ok().and_then(N::of_units);
                let offered = offered.ok_or(AmmError::InsufficientInput)?;
                settled(Amounts::only(token_in, offered)?, Amounts::only(token_in.other(), bought)?)
            }
            Action::Mint(deposit) => minted(self.at_reserves(deposit)),
            Action::MintAtRatio(x) => {
                let limits = Amounts { x: x.of(pool.reserve(Token::X)), y: pool.reserve(Token::Y) };
                minted(pool.amounts_at_ratio(limits)?)
            }
            Action::Burn(part) => {
                let burned = part.of(Amount::new(shares.get())?);
                let burn = pool.burn(burned.get())?;
                let shares = (shares - burn.shares)?;
                let protocol = (protocol + burn.protocol_shares)?;
                let world = Self { pool: burn.after, shares, protocol };
                Ok(Moved { paid: Amounts::ZERO, taken: burn.amounts, world })
            }
            Action::Donate(gift) => {
                let gift = self.at_reserves(gift);
                Ok(moved(gift, Amounts::ZERO, pool.donate(gift)?))
            }
            Action::Skim => {
                let skim = pool.skim();
                Ok(moved(Amounts::ZERO, skim.amounts, skim.after))
            }
            Action::Sync => Ok(moved(Amounts::ZERO, Amounts::ZERO, pool.sync()?)),
        }
    }

    /// What the pool holds: its reserves and what lies beside them.
    fn holdings(&self) -> [BigInt; 2] {
        let state = self.pool.state();
        [Token::X, Token::Y]
            .map(|token| units(state.reserves.of(token)) + units(state.excess.of(token)))
    }

    fn supply(&self) -> BigInt {
        self.pool.supply().get().units()
    }
}

/// What the adversary is up by, of X and of Y; below zero, down.
#[derive(Clone, Debug, Default)]
struct Gain([BigInt; 2]);

impl Gain {
    fn book<N: Exactly>(&mut self, paid: Amounts<N>, taken: Amounts<N>) {
        for (gain, token) in self.0.iter_mut().zip([Token::X, Token::Y]) {
            *gain += units(taken.of(token)) - units(paid.of(token));
        }
    }
}

fn actions<N: Exactly>() -> impl Strategy<Value = Vec<Action<N>>> {
    proptest::collection::vec(action::<N>(), 1..60)
}

/// Runs the actions and a check after each that the pool accepts; a run of which the pool refuses
/// more than three quarters shows little and does not count.
fn play<N: Exactly>(
    start: World<N>,
    actions: Vec<Action<N>>,
    mut after: impl FnMut(&World<N>, &World<N>, &Gain) -> Result<(), TestCaseError>,
    end: impl FnOnce(World<N>, Gain) -> Result<(), TestCaseError>,
) -> Judged {
    let (mut world, mut gain, mut accepted) = (start, Gain::default(), 0);
    let tried = actions.len();
    for action in actions {
        let Ok(Moved { paid, taken, world: next }) = world.step(action) else { continue };
        accepted += 1;
        gain.book(paid, taken);
        after(&world, &next, &gain)?;
        world = next;
    }
    end(world, gain)?;
    Ok(if 4 * accepted > tried { Verdict::Held } else { Verdict::Refused })
}

fn open<N: Exactly>(pool: Pool<N>) -> World<N> {
    World { pool, shares: Shares::ZERO, protocol: Shares::ZERO }
}

/// `(x − gx)·(y − gy)·S² ≥ x·y·(S + a)²` and what follows from it: see the module.
#[test]
fn an_adversary_gets_at_most_a_trade_without_a_fee() {
    fn law<N: Exactly>() {
        check((strategies::plain_pool::<N>(), actions::<N>()), |(pool, actions)| {
            let start = open(pool);
            let [x, y] = start.holdings();
            let opening = &x * &y;
            play(
                start,
                actions,
                |_, now, Gain([gx, gy])| {
                    let left = (&x - gx) * (&y - gy) * square(start.supply());
                    prop_assert!(left >= &opening * square(now.supply()), "{now:?}");
                    prop_assert!(gx * &y + gy * &x <= BigInt::ZERO, "{gx}, {gy}");
                    prop_assert!(*gx <= BigInt::ZERO || *gy < BigInt::ZERO, "{gx}, {gy}");
                    prop_assert!(*gy <= BigInt::ZERO || *gx < BigInt::ZERO, "{gx}, {gy}");
                    Ok(())
                },
                |_, _| Ok(()),
            )
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// `x·y/S²` falls with no operation.
#[test]
fn no_operation_lowers_liquidity_per_share() {
    fn law<N: Exactly>() {
        check((strategies::plain_pool::<N>(), actions::<N>()), |(pool, actions)| {
            play(
                open(pool),
                actions,
                |before, now, _| {
                    let (then, now) = (&before.pool, &now.pool);
                    let supply = |pool: &Pool<N>| square(pool.supply().get().units());
                    prop_assert!(k(now) * supply(then) >= k(then) * supply(now), "{now:?}");
                    Ok(())
                },
                |_, _| Ok(()),
            )
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// Whatever the adversary does, with a protocol's share or without, holdings and purses add up to
/// what there was, and shares to the supply.
#[test]
fn nothing_is_created_or_destroyed() {
    fn law<N: Exactly>() {
        check((strategies::pool::<N>(), actions::<N>()), |(pool, actions)| {
            let start = open(pool);
            play(
                start,
                actions,
                |_, now, Gain(gain)| {
                    for ((now, then), gain) in
                        now.holdings().into_iter().zip(start.holdings()).zip(gain)
                    {
                        prop_assert_eq!(now + gain, then);
                    }
                    let owned = now.shares.get().units() + now.protocol.get().units();
                    prop_assert_eq!(now.supply() - owned, start.supply());
                    Ok(())
                },
                |_, _| Ok(()),
            )
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// After any sequence everybody leaves, the adversary first or last and the protocol with what was
/// minted to it, and all are paid from what is there.
#[test]
fn claims_never_exceed_holdings() {
    fn law<N: Exactly>() {
        let case = (strategies::pool::<N>(), actions::<N>(), any::<bool>());
        check(case, |(pool, actions, adversary_first)| {
            let start = open(pool);
            let locked = Shares::new(N::MINIMUM_LIQUIDITY)?;
            let passive = accept!(start.pool.supply() - locked);
            let everybody_leaves = |World { pool, shares, mut protocol }: World<N>, _| {
                // A donation that the pair cannot hold is taken out first; anybody may.
                let mut pool = pool.sync().unwrap_or(pool.skim().after);
                let mut leave = |owned| {
                    match pool.burn(owned) {
                        Ok(burn) => {
                            pool = burn.after;
                            protocol = (protocol + burn.protocol_shares)?;
                        }
                        // Dust; and `Decimal` shares of more places than the supply can carry.
                        Err(
                            AmmError::InsufficientLiquidityBurned
                            | AmmError::Math(MathError::Inexact),
                        ) => {}
                        Err(refusal) => prop_assert!(false, "{refusal}: {owned} of {pool:?}"),
                    }
                    Ok(protocol)
                };
                let [first, second] =
                    if adversary_first { [shares, passive] } else { [passive, shares] };
                leave(first)?;
                let protocol = leave(second)?;
                leave(protocol)?;
                prop_assert!(pool.supply() >= locked);
                Ok(())
            };
            play(start, actions, |_, _, _| Ok(()), everybody_leaves)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// With `R` and `r` the floors of `√k` after and before, each deposit or withdrawal leaves the
/// others their part: `b·R·S ≥ ((b − a)·R + a·r)·(S + s)`, where `s` is what the protocol mints.
/// Between them, `k/S²` does not fall.
#[test]
fn a_protocol_takes_no_more_than_its_part_of_the_growth() {
    fn law<N: Exactly>() {
        let case = (strategies::pool::<N>(), strategies::fee_share(), actions::<N>());
        check(case, |(pool, part, actions)| {
            // Opened with the share on, so that growth is counted from the start.
            let start = pool.skim().after.with_protocol_share(Some(part));
            let (a, b) = (part.numerator(), part.denominator());
            play(
                open(start),
                actions,
                |before, now, _| {
                    let minted = now.protocol.get().units() - before.protocol.get().units();
                    let supply = before.supply() + &minted;
                    if minted > BigInt::ZERO {
                        let last = before.pool.state().reserves_at_last_mint.unwrap();
                        let last_root = (units(last.x) * units(last.y)).sqrt();
                        let root = k(&before.pool).sqrt();
                        prop_assert!(
                            b * &root * before.supply()
                                >= ((b - a) * &root + a * last_root) * &supply
                        );
                    }
                    prop_assert!(
                        k(&now.pool) * square(supply) >= k(&before.pool) * square(now.supply())
                    );
                    Ok(())
                },
                |_, _| Ok(()),
            )
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// What a passive provider redeems at last is worth, in liquidity, what it was at first, less the
/// unit of each token that the floors cost: `(rx + 1)·(ry + 1)·S² > x·y·s²`.
#[test]
fn a_passive_provider_keeps_the_liquidity() {
    fn law<N: Exactly>() {
        check((strategies::plain_pool::<N>(), draw::<N>(), actions::<N>()), |case| {
            let (pool, owned, actions) = case;
            let owned = Shares::new(owned.of(Amount::new(pool.supply().get())?).get())?;
            let redeems = |pool: &Pool<N>| {
                let amounts = pool.burn(owned).ok()?.amounts;
                Some([units(amounts.x), units(amounts.y)])
            };
            if redeems(&pool).is_none() {
                return Ok(Verdict::Refused);
            }
            let start = open(pool);
            let full = BigInt::from(N::FULL_GRID / 2);
            play(
                start,
                actions,
                |_, _, _| Ok(()),
                |end, _| {
                    let Some([x, y]) = redeems(&end.pool) else { return Ok(()) };
                    if end.holdings().iter().any(|holding| *holding > full) {
                        return Ok(());
                    }
                    let owned = owned.get().units();
                    prop_assert!(
                        (x + 1) * (y + 1) * square(start.supply()) > k(&start.pool) * square(owned)
                    );
                    Ok(())
                },
            )
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// Not a law: that whoever deposits next gets what they paid for. An adversary who is first can make
/// a share so dear that a deposit is rounded down by almost half of it. It costs them the shares that
/// are locked for ever, a thousand times the price that they set.
#[test]
fn a_donation_can_make_the_next_depositor_lose() {
    let wad = Wad::from_raw;
    let opened =
        Pool::empty(Fee::PERCENT_0_30).mint(Amounts::new(wad(1_001), wad(1_001)).unwrap()).unwrap();
    assert_eq!(opened.shares, wad(1));
    let gift = Amounts::new(wad(1_000_000_000), wad(1_000_000_000)).unwrap();
    let dear = opened.after.donate(gift).unwrap().sync().unwrap();
    // Just below two shares' worth buys one share …
    let deposit = Amounts::new(wad(1_998_000), wad(1_998_000)).unwrap();
    let next = dear.mint(deposit).unwrap();
    assert_eq!(next.shares, wad(1));
    let redeemed = next.after.burn(next.shares).unwrap();
    assert_eq!(redeemed.amounts.x, wad(999_999));
    // … and the rest is spread over a thousand locked shares: the adversary's one gains a thousandth
    // of the victim's loss, and has given away a billion for it.
    let adversary = redeemed.after.burn(wad(1)).unwrap();
    assert!(adversary.amounts.x < wad(1_000_999));
}
