//! Deposits, withdrawals, donations, and the protocol's share.

use defi_math::amm::{AmmError, Amounts, Pool, Token};
use defi_math::laws::Verdict;
use defi_math::laws::strategies::{self, integer, size, token};
use defi_math::{Amount, Fee, Shares, Wad};
use num_bigint::BigInt;
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::support::{Draw, Exactly, accept, check, draw, k, pool_on_full_grid, square, units};

/// Any pool without donations beside its reserves, with or without a protocol's share.
fn synced<N: Exactly>() -> impl Strategy<Value = Pool<N>> {
    strategies::pool::<N>().prop_filter_map("too large for its donations", |pool| pool.sync().ok())
}

fn supply<N: Exactly>(pool: &Pool<N>) -> BigInt {
    pool.supply().get().units()
}

/// Two amounts of any magnitude, or two parts of the reserves, or one part of both.
#[derive(Clone, Copy, Debug)]
struct Both<N>(Draw<N>, Draw<N>);

impl<N: Exactly> Both<N> {
    fn of(self, pool: &Pool<N>) -> Amounts<N> {
        Amounts { x: self.0.of(pool.reserve(Token::X)), y: self.1.of(pool.reserve(Token::Y)) }
    }
}

fn both<N: Exactly>() -> impl Strategy<Value = Both<N>> {
    prop_oneof![
        (draw(), draw()).prop_map(|(x, y)| Both(x, y)),
        draw().prop_map(|part| Both(part, part)),
    ]
}

/// So many of these shares.
fn part_of<N: Exactly>(shares: Shares<N>, part: Draw<N>) -> Shares<N> {
    Shares::new(part.of(Amount::new(shares.get()).unwrap()).get()).unwrap()
}

#[derive(Clone, Copy, Debug)]
enum Step<N> {
    Sell(Token, Draw<N>),
    Buy(Token, Draw<N>),
    Settle(Both<N>, Both<N>),
    Mint(Both<N>),
    Burn(Draw<N>),
    DonateAndSync(Both<N>),
    Skim,
}

fn step<N: Exactly>() -> impl Strategy<Value = Step<N>> {
    prop_oneof![
        (token(), draw()).prop_map(|(token_in, amount)| Step::Sell(token_in, amount)),
        (token(), draw()).prop_map(|(token_in, amount)| Step::Buy(token_in, amount)),
        (both(), both()).prop_map(|(paid, taken)| Step::Settle(paid, taken)),
        both().prop_map(Step::Mint),
        draw().prop_map(Step::Burn),
        both().prop_map(Step::DonateAndSync),
        Just(Step::Skim),
    ]
}

/// `x′·y′/S′² ≥ x·y/S²` after anything that can happen to a pool without a protocol's share.
#[test]
fn shares_never_lose_liquidity() {
    fn law<N: Exactly>() {
        check((strategies::pool::<N>(), step::<N>()), |(pool, step)| {
            let pool = pool.with_protocol_share(None);
            let after = match step {
                Step::Sell(token_in, amount) => {
                    accept!(pool.swap_exact_in(token_in, amount.of(pool.reserve(token_in)))).after
                }
                Step::Buy(token_in, amount) => {
                    let bought = amount.of(pool.reserve(token_in.other()));
                    accept!(pool.swap_exact_out(token_in, bought)).after
                }
                Step::Settle(paid, taken) => {
                    accept!(pool.settle(paid.of(&pool), taken.of(&pool))).after
                }
                Step::Mint(deposit) => accept!(pool.mint(deposit.of(&pool))).after,
                Step::Burn(part) => accept!(pool.burn(part_of(pool.supply(), part))).after,
                Step::DonateAndSync(gift) => {
                    accept!(accept!(pool.donate(gift.of(&pool))).sync())
                }
                Step::Skim => pool.skim().after,
            };
            prop_assert!(
                k(&after) * square(supply(&pool)) >= k(&pool) * square(supply(&after)),
                "{after:?}"
            );
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// `⌊√(x·y)⌋` shares, a thousand of them for nobody, and refused if there are no others.
#[test]
fn first_deposit_locks_the_minimum() {
    fn law<N: Exactly>() {
        let amount = || integer(0..=N::FULL_GRID / 2).prop_map(|n| N::of_units(n).unwrap());
        check((amount(), amount()), |(x, y)| {
            let root = (units(x) * units(y)).sqrt();
            let others = root.clone() - 1_000;
            match Pool::empty(Fee::PERCENT_0_30).mint(Amounts { x, y }) {
                Ok(mint) => {
                    prop_assert_eq!(mint.shares.get().units(), others);
                    prop_assert_eq!(supply(&mint.after), root);
                }
                Err(refusal) => {
                    prop_assert_eq!(refusal, AmmError::InsufficientLiquidityMinted);
                    prop_assert!(others <= BigInt::ZERO);
                    return Ok(Verdict::Refused);
                }
            }
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// The last thousand shares stay, whatever is asked, and nothing else is refused to their holders but
/// dust.
#[test]
fn locked_minimum_is_never_redeemed() {
    fn law<N: Exactly>() {
        check((pool_on_full_grid::<N>(), size(), -3..=3_i8, any::<bool>()), |case| {
            let (pool, part, offset, at_the_limit) = case;
            let circulating: BigInt = supply(&pool) - 1_000;
            let asked = if at_the_limit {
                &circulating + offset
            } else {
                part_of(pool.supply(), Draw::Size(part)).get().units()
            };
            let asked = accept!(u128::try_from(asked));
            match pool.burn(N::of_units(asked).unwrap().get()) {
                Ok(burn) => {
                    prop_assert!(BigInt::from(asked) <= circulating);
                    prop_assert!(supply(&burn.after) >= BigInt::from(1_000));
                }
                Err(AmmError::InsufficientShares) => {
                    prop_assert!(BigInt::from(asked) > circulating);
                }
                Err(AmmError::InsufficientLiquidityBurned) => {
                    // Nothing of one token, or of both.
                    let dust = [Token::X, Token::Y]
                        .iter()
                        .any(|token| units(pool.reserve(*token)) * asked < supply(&pool));
                    prop_assert!(dust);
                }
                Err(_) => return Ok(Verdict::Refused),
            }
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// The fitted deposit is within both limits, reaches one of them, and gives away less than a unit:
/// `y = ⌊x·Y/X⌋`, or the same the other way round.
#[test]
fn deposit_at_the_ratio_gives_nothing_away() {
    fn law<N: Exactly>() {
        check((pool_on_full_grid::<N>(), both::<N>()), |(pool, limits)| {
            let limits = limits.of(&pool);
            let fitted = accept!(pool.amounts_at_ratio(limits));
            prop_assert!(fitted.x <= limits.x && fitted.y <= limits.y);
            let sums = [Token::X, Token::Y]
                .map(|token| units(pool.reserve(token)) + units(limits.of(token)));
            if sums.iter().any(|sum| *sum > BigInt::from(N::FULL_GRID)) {
                return Ok(Verdict::Refused);
            }
            let floor_of = |token: Token| {
                let (of, other) = (units(fitted.of(token)), units(fitted.of(token.other())));
                let exact = other * units(pool.reserve(token));
                let reserve = units(pool.reserve(token.other()));
                &of * &reserve <= exact && exact < (of + 1) * reserve
            };
            let fits = |full, other| fitted.of(full) == limits.of(full) && floor_of(other);
            prop_assert!(fits(Token::X, Token::Y) || fits(Token::Y, Token::X), "{fitted:?}");
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// `⌊shares/S⌋`, the protocol's pending shares counted.
#[test]
fn part_of_pool_is_never_overstated() {
    fn law<N: Exactly>() {
        check((synced::<N>(), size()), |(pool, part)| {
            let shares = part_of(pool.supply(), Draw::Size(part));
            let part = accept!(pool.part_of_pool(shares)).get().at(N::RATE_PLACES);
            let one = BigInt::from(10).pow(N::RATE_PLACES);
            let all = supply(&pool) + accept!(pool.protocol_shares()).get().units();
            let exact = shares.get().units() * one;
            prop_assert!(&part * &all <= exact && exact < (part + 1) * all);
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

#[test]
fn deposit_then_redeem_never_profits() {
    fn law<N: Exactly>() {
        check((synced::<N>(), both::<N>()), |(pool, deposit)| {
            let mint = accept!(pool.mint(deposit.of(&pool)));
            let burn = accept!(mint.after.burn(mint.shares));
            prop_assert!(burn.amounts.x <= mint.amounts.x && burn.amounts.y <= mint.amounts.y);
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// In two parts, at most what they bring at once, and at most one unit less.
#[test]
fn redeeming_in_parts_never_helps() {
    fn law<N: Exactly>() {
        check((pool_on_full_grid::<N>(), size(), size()), |(pool, a, b)| {
            let (a, b) = (Draw::Size(a), Draw::Size(b));
            let a = part_of(pool.supply(), a);
            let b = part_of(accept!(pool.supply() - a), b);
            let once = accept!(pool.burn(accept!(a + b))).amounts;
            let first = accept!(pool.burn(a));
            let second = accept!(first.after.burn(b));
            for token in [Token::X, Token::Y] {
                let parts = units(first.amounts.of(token)) + units(second.amounts.of(token));
                let once = units(once.of(token));
                prop_assert!(parts <= once, "{parts} > {once}");
                prop_assert!(parts >= &once - 1, "{parts} < {once} − 1");
            }
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

#[test]
fn skim_returns_exactly_the_donation() {
    fn law<N: Exactly>() {
        check((strategies::pool::<N>(), both::<N>()), |(pool, gift)| {
            let gift = gift.of(&pool);
            let clean = pool.skim().after;
            prop_assert_eq!(clean.state().excess, Amounts::ZERO);
            let skim = accept!(clean.donate(gift)).skim();
            prop_assert_eq!(skim.amounts, gift);
            prop_assert_eq!(skim.after, clean);
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// With `R` the floor of `√k` now, `r` the one at the last deposit or withdrawal, `a/b` the part,
/// the others keep `√k/S` of `r + (1 − a/b)·(R − r)` at least:
/// `b·R·S ≥ ((b − a)·R + a·r)·(S + s)`, and one unit of shares more would break it.
#[test]
fn protocol_share_dilutes_nobody_beyond_its_part() {
    fn law<N: Exactly>() {
        check((synced::<N>(), strategies::fee_share()), |(pool, part)| {
            prop_assert_eq!(pool.with_protocol_share(None).protocol_shares()?, Shares::ZERO);
            let pool = pool.with_protocol_share(Some(part));
            let shares = accept!(pool.protocol_shares()).get().units();
            let Some(last) = pool.state().reserves_at_last_mint else {
                prop_assert_eq!(shares, BigInt::ZERO);
                return Ok(Verdict::Refused);
            };
            let root = k(&pool).sqrt();
            let last_root = (units(last.x) * units(last.y)).sqrt();
            let (a, b) = (part.numerator(), part.denominator());
            let fair = |shares: BigInt| {
                b * &root * supply(&pool)
                    >= ((b - a) * &root + a * &last_root) * (supply(&pool) + shares)
            };
            let on_full_grid = supply(&pool) + &shares <= BigInt::from(N::FULL_GRID);
            prop_assert!(fair(shares.clone()));
            prop_assert!(!on_full_grid || !fair(shares + 1));
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}

/// The protocol's shares are minted before a deposit or a withdrawal, from what has grown until
/// then, and not again.
#[test]
fn protocol_takes_its_share_once() {
    fn law<N: Exactly>() {
        check((synced::<N>(), both::<N>(), draw::<N>(), any::<bool>()), |case| {
            let (pool, deposit, part, deposits) = case;
            let pending = accept!(pool.protocol_shares());
            let (after, taken, others) = if deposits {
                let mint = accept!(pool.mint(deposit.of(&pool)));
                (mint.after, mint.protocol_shares, mint.shares.get().units())
            } else {
                let burn = accept!(pool.burn(part_of(pool.supply(), part)));
                (burn.after, burn.protocol_shares, -burn.shares.get().units())
            };
            prop_assert_eq!(taken, pending);
            prop_assert_eq!(supply(&after), supply(&pool) + taken.get().units() + others);
            prop_assert_eq!(after.protocol_shares()?, Shares::ZERO);
            Ok(Verdict::Held)
        });
    }
    law::<Wad>();
    law::<Decimal>();
}
