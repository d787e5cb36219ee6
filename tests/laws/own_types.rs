//! The public laws, as a user runs them: on this crate's pools, on a pool of another kind of number,
//! and on pools with one fault each, which the laws must find.

use defi_math::amm::{AmmError, Amounts, ConstantProduct, Pool, Token};
use defi_math::laws::strategies::{self, integer, operations, size, token};
use defi_math::laws::{self, Broken, ExactOut, Market, Operation, Shared, Size, Verdict};
use defi_math::{Amount, Fee, MathError, Shares, Wad};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use rust_decimal::Decimal;

use crate::support::{Exactly, Judged, check, curve, pool_on_full_grid, units};

/// What one case of every law is about.
#[derive(Clone, Debug)]
struct Case<M> {
    market: M,
    token_in: Token,
    one: Size,
    other: Size,
    operations: Vec<Operation>,
}

fn case<M: Market + std::fmt::Debug>(
    market: impl Strategy<Value = M>,
) -> impl Strategy<Value = Case<M>> {
    (market, token(), size(), size(), operations(20)).prop_map(
        |(market, token_in, one, other, operations)| Case {
            market,
            token_in,
            one,
            other,
            operations,
        },
    )
}

type Law<M> = fn(&Case<M>) -> Result<Verdict, Broken>;

impl<M: Market> Case<M> {
    /// The two sizes, against the reserve that is sold to.
    fn inputs(&self) -> (u128, u128) {
        let reserve = self.market.reserve(self.token_in);
        (self.one.of(reserve), self.other.of(reserve))
    }
}

fn market_laws<M: Market>() -> Vec<(&'static str, Law<M>)> {
    vec![
        ("output_stays_below_the_reserve", |case| {
            laws::output_stays_below_the_reserve(&case.market, case.token_in, case.inputs().0)
        }),
        ("output_grows_with_input", |case| {
            let (dx, more) = case.inputs();
            laws::output_grows_with_input(&case.market, case.token_in, dx, more)
        }),
        ("swap_moves_what_it_quotes", |case| {
            laws::swap_moves_what_it_quotes(&case.market, case.token_in, case.inputs().0)
        }),
        ("round_trip_never_profits", |case| {
            laws::round_trip_never_profits(&case.market, case.token_in, case.inputs().0)
        }),
        ("swap_never_lowers_k", |case| {
            laws::swap_never_lowers_k(&case.market, case.token_in, case.inputs().0)
        }),
        ("splitting_a_trade_never_helps", |case| {
            let (a, b) = case.inputs();
            laws::splitting_a_trade_never_helps(&case.market, case.token_in, a, b)
        }),
    ]
}

fn exact_out_laws<M: ExactOut>() -> Vec<(&'static str, Law<M>)> {
    vec![
        ("exact_out_then_exact_in_delivers", |case| {
            let dy = case.one.of(case.market.reserve(case.token_in.other()));
            laws::exact_out_then_exact_in_delivers(&case.market, case.token_in, dy)
        }),
        ("exact_out_asks_no_unit_too_many", |case| {
            let dy = case.one.of(case.market.reserve(case.token_in.other()));
            laws::exact_out_asks_no_unit_too_many(&case.market, case.token_in, dy)
        }),
    ]
}

fn share_laws<M: Shared>() -> Vec<(&'static str, Law<M>)> {
    fn deposit<M: Market>(case: &Case<M>) -> (u128, u128) {
        (case.one.of(case.market.reserve(Token::X)), case.other.of(case.market.reserve(Token::Y)))
    }
    vec![
        ("deposit_then_redeem_never_profits", |case| {
            let (x, y) = deposit(case);
            laws::deposit_then_redeem_never_profits(&case.market, x, y)
        }),
        ("redeeming_in_parts_never_helps", |case| {
            let a = case.one.of(case.market.supply());
            let b = case.other.of(case.market.supply() - a.min(case.market.supply()));
            laws::redeeming_in_parts_never_helps(&case.market, a, b)
        }),
        ("shares_never_lose_liquidity", |case| {
            let (x, y) = deposit(case);
            let shares = case.one.of(case.market.supply());
            let after = match case.token_in {
                Token::X => case.market.mint(x, y).map(|(_, after)| after),
                Token::Y => case.market.burn(shares).map(|(_, after)| after),
            };
            let Ok(after) = after else { return Ok(Verdict::Refused) };
            laws::shares_never_lose_liquidity(&case.market, &after)
        }),
        ("adversary_never_profits", |case| {
            laws::adversary_never_profits(&case.market, &case.operations)
        }),
    ]
}

fn all_hold<M: Market + std::fmt::Debug>(
    market: impl Strategy<Value = M> + Clone,
    laws: Vec<(&'static str, Law<M>)>,
) {
    for (_, law) in laws {
        check(case(market.clone()), |case| -> Judged { Ok(law(&case)?) });
    }
}

#[test]
fn the_laws_hold_for_the_curve() {
    let curve = curve::<Wad>().boxed();
    all_hold(curve.clone(), market_laws());
    all_hold(curve, exact_out_laws());
}

#[test]
fn the_laws_hold_for_the_pool() {
    let pool = strategies::plain_pool::<Wad>();
    all_hold(pool.clone(), market_laws());
    all_hold(pool.clone(), exact_out_laws());
    all_hold(pool, share_laws());
}

/// A pool of `Decimal`, as a user would bring it under the laws: in units of 10⁻¹⁸.
#[derive(Clone, Copy, Debug)]
struct InUnits(Pool<Decimal>);

fn count(amount: Amount<Decimal>) -> u128 {
    u128::try_from(units(amount)).unwrap()
}

fn amount(count: u128) -> Result<Amount<Decimal>, AmmError> {
    Decimal::of_units(count).ok_or(AmmError::Math(MathError::Inexact))
}

impl Market for InUnits {
    type Refusal = AmmError;

    fn reserve(&self, token: Token) -> u128 {
        count(self.0.reserve(token))
    }

    fn amount_out(&self, token_in: Token, amount_in: u128) -> Result<u128, AmmError> {
        self.0.amount_out(token_in, amount(amount_in)?).map(count)
    }

    fn swap(&self, token_in: Token, amount_in: u128) -> Result<Self, AmmError> {
        self.0.swap_exact_in(token_in, amount(amount_in)?).map(|swap| Self(swap.after))
    }
}

impl ExactOut for InUnits {
    fn amount_in(&self, token_in: Token, amount_out: u128) -> Result<u128, AmmError> {
        let asked = count(self.0.amount_in(token_in, amount(amount_out)?)?);
        // A unit of the last place that a larger input has is not a unit of 10⁻¹⁸.
        let all_places = self.reserve(token_in) + asked <= Decimal::FULL_GRID;
        all_places.then_some(asked).ok_or(AmmError::Math(MathError::Inexact))
    }
}

impl Shared for InUnits {
    fn supply(&self) -> u128 {
        u128::try_from(self.0.supply().get().units()).unwrap()
    }

    fn mint(&self, x: u128, y: u128) -> Result<(u128, Self), AmmError> {
        let mint = self.0.mint(Amounts { x: amount(x)?, y: amount(y)? })?;
        Ok((u128::try_from(mint.shares.get().units()).unwrap(), Self(mint.after)))
    }

    fn burn(&self, shares: u128) -> Result<((u128, u128), Self), AmmError> {
        let burn = self.0.burn(Shares::new(amount(shares)?.get())?)?;
        Ok(((count(burn.amounts.x), count(burn.amounts.y)), Self(burn.after)))
    }
}

#[test]
fn the_laws_hold_for_a_pool_of_decimals() {
    let pool = pool_on_full_grid::<Decimal>().prop_map(InUnits).boxed();
    all_hold(pool.clone(), market_laws());
    all_hold(pool.clone(), exact_out_laws());
    all_hold(pool, share_laws());
}

/// What is wrong with a [`Faulty`] pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    OutputRoundedUp,
    OutputRoundedToNearest,
    InputRoundedDown,
    InputOfFloorPlusOne,
    PaysMoreThanQuoted,
    SwapsWithoutAQuote,
    FeePaidOutAgain,
    FeeTakenFromOutput,
    SharesRoundedUp,
    SharesByTheMoreGenerousSide,
    RedemptionRoundedUp,
    RefusesEverything,
}

/// A pool as one writes it down first, with a fee of 1/100, and one fault.
#[derive(Clone, Copy, Debug)]
struct Faulty {
    reserves: [u128; 2],
    supply: u128,
    fault: Fault,
}

#[derive(Debug)]
struct No;

fn index(token: Token) -> usize {
    usize::from(token == Token::Y)
}

impl Market for Faulty {
    type Refusal = No;

    fn reserve(&self, token: Token) -> u128 {
        self.reserves[index(token)]
    }

    fn amount_out(&self, token_in: Token, dx: u128) -> Result<u128, No> {
        let (x, y) = (self.reserve(token_in), self.reserve(token_in.other()));
        let (sold, whole) = (99 * dx * y, 100 * x + 99 * dx);
        match self.fault {
            Fault::RefusesEverything | Fault::SwapsWithoutAQuote => Err(No),
            _ if whole == 0 => Err(No),
            Fault::OutputRoundedUp => Ok(sold.div_ceil(whole)),
            Fault::OutputRoundedToNearest => Ok((sold + whole / 2) / whole),
            Fault::FeeTakenFromOutput => Ok(99 * dx * y / (100 * (x + dx))),
            _ => Ok(sold / whole),
        }
    }

    fn swap(&self, token_in: Token, dx: u128) -> Result<Self, No> {
        let quotes = match self.fault {
            Fault::SwapsWithoutAQuote => Self { fault: Fault::None, ..*self },
            _ => *self,
        };
        let (mut dx, mut dy) = (dx, quotes.amount_out(token_in, dx)?);
        match self.fault {
            Fault::PaysMoreThanQuoted => dy += 1,
            Fault::FeePaidOutAgain => dx -= dx / 50,
            _ => {}
        }
        let mut after = *self;
        after.reserves[index(token_in)] += dx;
        let left = after.reserve(token_in.other()).checked_sub(dy).ok_or(No)?;
        after.reserves[index(token_in.other())] = left;
        Ok(after)
    }
}

impl ExactOut for Faulty {
    fn amount_in(&self, token_in: Token, dy: u128) -> Result<u128, No> {
        let (x, y) = (self.reserve(token_in), self.reserve(token_in.other()));
        if dy >= y {
            return Err(No);
        }
        // Nothing for nothing, which is no unit too many.
        let (asked, left) = (100 * x * dy, 99 * (y - dy));
        match self.fault {
            Fault::RefusesEverything => Err(No),
            Fault::InputRoundedDown => Ok(asked / left),
            Fault::InputOfFloorPlusOne => Ok(asked / left + 1),
            _ => Ok(asked.div_ceil(left)),
        }
    }
}

impl Shared for Faulty {
    fn supply(&self) -> u128 {
        self.supply
    }

    fn mint(&self, x: u128, y: u128) -> Result<(u128, Self), No> {
        let [by_x, by_y] =
            [(x, self.reserves[0]), (y, self.reserves[1])].map(|(amount, reserve)| {
                let (part, reserve) = (amount * self.supply, reserve.max(1));
                match self.fault {
                    Fault::SharesRoundedUp => part.div_ceil(reserve),
                    _ => part / reserve,
                }
            });
        let shares = match self.fault {
            Fault::RefusesEverything => return Err(No),
            Fault::SharesByTheMoreGenerousSide => by_x.max(by_y),
            _ => by_x.min(by_y),
        };
        let reserves = [self.reserves[0] + x, self.reserves[1] + y];
        Ok((shares, Self { reserves, supply: self.supply + shares, ..*self }))
    }

    fn burn(&self, shares: u128) -> Result<((u128, u128), Self), No> {
        if shares >= self.supply || self.fault == Fault::RefusesEverything {
            return Err(No);
        }
        let [x, y] = self.reserves.map(|reserve| match self.fault {
            Fault::RedemptionRoundedUp => (reserve * shares).div_ceil(self.supply),
            _ => reserve * shares / self.supply,
        });
        let reserves = [self.reserves[0] - x, self.reserves[1] - y];
        Ok(((x, y), Self { reserves, supply: self.supply - shares, ..*self }))
    }
}

fn faulty(fault: Fault) -> BoxedStrategy<Faulty> {
    // Small enough for plain products of three and twenty doublings.
    let number = || integer(2..=1 << 20);
    (number(), number(), number())
        .prop_map(move |(x, y, supply)| Faulty { reserves: [x, y], supply, fault })
        .boxed()
}

fn laws_of_faulty() -> Vec<(&'static str, Law<Faulty>)> {
    [market_laws(), exact_out_laws(), share_laws()].concat()
}

#[test]
fn the_laws_hold_for_a_pool_without_a_fault() {
    all_hold(faulty(Fault::None), laws_of_faulty());
}

/// The first case of so many that breaks a law.
fn breaks(name: &str, fault: Fault) -> Option<Broken> {
    let cases = case(faulty(fault));
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    let laws = laws_of_faulty();
    let (_, law) = laws.iter().find(|(law, _)| *law == name).unwrap();
    (0..10_000).find_map(|_| law(&cases.new_tree(&mut runner).unwrap().current()).err())
}

/// Each fault, and a law that must find it.
#[test]
fn every_fault_breaks_a_law() {
    for (fault, law) in [
        (Fault::OutputRoundedUp, "output_stays_below_the_reserve"),
        (Fault::OutputRoundedUp, "swap_never_lowers_k"),
        (Fault::OutputRoundedToNearest, "swap_never_lowers_k"),
        (Fault::OutputRoundedToNearest, "splitting_a_trade_never_helps"),
        (Fault::InputRoundedDown, "exact_out_then_exact_in_delivers"),
        (Fault::InputOfFloorPlusOne, "exact_out_asks_no_unit_too_many"),
        (Fault::PaysMoreThanQuoted, "swap_moves_what_it_quotes"),
        (Fault::SwapsWithoutAQuote, "swap_moves_what_it_quotes"),
        (Fault::FeePaidOutAgain, "swap_never_lowers_k"),
        (Fault::FeeTakenFromOutput, "splitting_a_trade_never_helps"),
        (Fault::SharesRoundedUp, "deposit_then_redeem_never_profits"),
        (Fault::SharesRoundedUp, "shares_never_lose_liquidity"),
        (Fault::SharesByTheMoreGenerousSide, "deposit_then_redeem_never_profits"),
        (Fault::SharesByTheMoreGenerousSide, "adversary_never_profits"),
        (Fault::RedemptionRoundedUp, "shares_never_lose_liquidity"),
        (Fault::RedemptionRoundedUp, "redeeming_in_parts_never_helps"),
    ] {
        let broken = breaks(law, fault).unwrap_or_else(|| panic!("{fault:?} passes {law}"));
        assert_eq!(broken.law(), law);
        assert!(broken.to_string().starts_with(law) && !broken.values().is_empty());
    }
}

/// A market that refuses every case breaks no law, and gets no verdict.
#[test]
fn refusing_everything_is_not_holding() {
    let cases = case(faulty(Fault::RefusesEverything));
    let mut runner = TestRunner::deterministic();
    for _ in 0..100 {
        let case = cases.new_tree(&mut runner).unwrap().current();
        for (name, law) in laws_of_faulty() {
            assert_eq!(law(&case), Ok(Verdict::Refused), "{name}");
        }
    }
}

/// The law's own example of a published counterexample: Uniswap's router asks a unit too many.
#[test]
fn a_law_names_the_values_that_break_it() {
    struct Router(ConstantProduct<Wad>);

    impl Market for Router {
        type Refusal = AmmError;

        fn reserve(&self, token: Token) -> u128 {
            Market::reserve(&self.0, token)
        }

        fn amount_out(&self, token_in: Token, amount_in: u128) -> Result<u128, AmmError> {
            Market::amount_out(&self.0, token_in, amount_in)
        }

        fn swap(&self, token_in: Token, amount_in: u128) -> Result<Self, AmmError> {
            Market::swap(&self.0, token_in, amount_in).map(Self)
        }
    }

    impl ExactOut for Router {
        fn amount_in(&self, _: Token, amount_out: u128) -> Result<u128, AmmError> {
            Ok(self.0.router_amount_in(Wad::from_raw(amount_out))?.get().raw())
        }
    }

    let wad = Wad::from_raw;
    let router = Router(ConstantProduct::new(wad(100), wad(100), Fee::ZERO).unwrap());
    let broken = laws::exact_out_asks_no_unit_too_many(&router, Token::X, 50).unwrap_err();
    assert_eq!(
        broken.to_string(),
        "exact_out_asks_no_unit_too_many does not hold: \
         x = 100, y = 100, dy = 50, dx = 101, for_less = 50"
    );
    let verdict = laws::exact_out_then_exact_in_delivers(&router, Token::X, 50);
    assert_eq!(verdict, Ok(Verdict::Held));
}
