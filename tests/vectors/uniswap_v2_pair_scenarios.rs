//! `UniswapV2Pair`, step by step: every figure of the pair after every step.

use defi_math::amm::{AmmError, Amounts, Pool, PoolState, PriceAccumulator, Swap, Token};
use defi_math::rate::seconds;
use defi_math::{Amount, Fee, FeeShare, Shares, Wad};
use num_bigint::BigUint;
use rust_decimal::Decimal;

use crate::number::Units;
use crate::recording::{Outcome, Record, Recording, Tally};
use crate::uniswap_v2::check_refusal;

const NAME: &str = "uniswap_v2_pair_scenarios";

#[test]
fn uniswap_v2_pair_scenarios_wad() {
    replay::<Wad>();
}

#[test]
fn uniswap_v2_pair_scenarios_decimal() {
    replay::<Decimal>();
}

/// Every step runs on the state that the step before left. Where a number type cannot hold it, the
/// steps are counted as outside its range, until a state that it can hold again: the chain of states
/// in base units, which always fits, says which that is.
fn replay<N: Units>() {
    let mut tally = Tally::default();
    for scenario in Recording::load(NAME).all("scenarios") {
        let mut chain = Replay::<Wad>::new(scenario.flag("feeOnInitially"));
        let mut replay = chain.in_number::<N>();
        for step in scenario.all("steps") {
            let context = &format!("scenario {} {step}", scenario.text("scenario"));
            let before = replay.take().or_else(|| chain.in_number());
            if let Some(before) = before.filter(|before| before.in_range_of(step)) {
                let (after, outcome) = before.checked_step(step, context);
                tally.count(outcome);
                replay = Some(after);
            } else {
                tally.count(Outcome::OutsideRange);
            }
            if chain.in_range_of(step) {
                (chain, _) = chain.checked_step(step, context);
            }
            chain.check_state(step.record("state"), context);
        }
    }
    tally.finish(&format!("{NAME} in {}", N::NAME));
}

/// A pair and its two holders of shares, as the chain keeps them.
#[derive(Clone, Copy)]
struct Replay<N: Units> {
    pool: Pool<N>,
    prices: PriceAccumulator,
    /// `blockTimestampLast`.
    updated: u32,
    owner: Shares<N>,
    fee_to: Shares<N>,
}

/// The fields of a step that are amounts or shares.
const FIGURES: [&str; 9] = [
    "amount0In",
    "amount1In",
    "amountIn",
    "formulaOut",
    "amount0Out",
    "amount1Out",
    "amount0",
    "amount1",
    "liquidity",
];

/// What a step was answered with: the contract's field and our number.
type Answers<N> = Vec<(&'static str, N)>;

const fn protocol_share(fee_on: bool) -> Option<FeeShare> {
    if fee_on { Some(FeeShare::ONE_SIXTH) } else { None }
}

fn product<N: Units>(amounts: Amounts<N>) -> BigUint {
    amounts.x.get().units() * amounts.y.get().units()
}

fn whole((high, low): (u128, u128)) -> BigUint {
    (BigUint::from(high) << 128) + low
}

fn amount<N: Units>(step: Record<'_>, field: &str) -> N {
    N::from_units(&step.units(field)).expect("the step is in range")
}

fn amounts<N: Units>(step: Record<'_>, x: &str, y: &str) -> Amounts<N> {
    Amounts::new(amount::<N>(step, x), amount::<N>(step, y)).unwrap()
}

impl<N: Units> Replay<N> {
    fn new(fee_on: bool) -> Self {
        Self {
            pool: Pool::empty(Fee::PERCENT_0_30).with_protocol_share(protocol_share(fee_on)),
            prices: PriceAccumulator::new(),
            updated: 0,
            owner: Shares::ZERO,
            fee_to: Shares::ZERO,
        }
    }

    /// The same state in another number type, if it can hold it.
    fn in_number<M: Units>(&self) -> Option<Replay<M>> {
        let number = |number: N| M::from_units(&number.units());
        let shares = |shares: Shares<N>| Some(Shares::new(number(shares.get())?).unwrap());
        let amounts = |amounts: Amounts<N>| {
            Some(Amounts::new(number(amounts.x.get())?, number(amounts.y.get())?).unwrap())
        };
        let PoolState { reserves, excess, supply, fee, protocol_share, reserves_at_last_mint } =
            *self.pool.state();
        let state = PoolState {
            reserves: amounts(reserves)?,
            excess: amounts(excess)?,
            supply: shares(supply)?,
            fee,
            protocol_share,
            reserves_at_last_mint: match reserves_at_last_mint {
                Some(reserves) => Some(amounts(reserves)?),
                None => None,
            },
        };
        Some(Replay {
            pool: Pool::try_from(state).unwrap(),
            prices: self.prices,
            updated: self.updated,
            owner: shares(self.owner)?,
            fee_to: shares(self.fee_to)?,
        })
    }

    /// Whether the number type holds every figure of a step beside every figure of the pair.
    fn in_range_of(&self, step: Record<'_>) -> bool {
        let PoolState { reserves, supply, .. } = *self.pool.state();
        let before = [reserves.x.get(), reserves.y.get(), supply.get()].map(Units::units);
        let largest = before.iter().max().unwrap();
        let state = step.record("state");
        let after = ["reserve0", "reserve1", "totalSupply"].map(|figure| state.units(figure));
        FIGURES
            .iter()
            .filter_map(|figure| step.units_if_any(figure))
            .map(|figure| figure + largest)
            .chain(after)
            .all(|figure| figure.bits() <= N::BITS)
    }

    /// The state after a step, having checked what it answered and left, or refused.
    fn checked_step(self, step: Record<'_>, context: &str) -> (Self, Outcome) {
        let result = self.step(step, context);
        if let Some(revert) = step.refusal() {
            // The contract rolls back: nothing has moved, and no time has been counted.
            self.check_state(step.record("state"), context);
            return (self, check_refusal::<N>(step.text("op"), revert, result.err(), context));
        }
        let (after, answers) = result.unwrap_or_else(|error| panic!("{error:?}: {context}"));
        for (field, number) in answers {
            assert_eq!(number.units(), step.units(field), "{field}: {context}");
        }
        after.check_state(step.record("state"), context);
        (after, Outcome::Compared)
    }

    fn step(&self, step: Record<'_>, context: &str) -> Result<(Self, Answers<N>), AmmError> {
        match step.text("op") {
            "mint" => self.mint(step),
            "burn" => self.burn(step),
            "swap" => self.swap(step, context),
            "swap2" => self.settle(step),
            "donate+sync" => {
                let donated = self.pool.donate(amounts(step, "amount0In", "amount1In"))?;
                Ok((self.updated(donated.sync()?, step)?, vec![]))
            }
            "donate+skim" => {
                let skim = self.pool.donate(amounts(step, "amount0In", "amount1In"))?.skim();
                let taken =
                    vec![("amount0In", skim.amounts.x.get()), ("amount1In", skim.amounts.y.get())];
                Ok((Self { pool: skim.after, ..*self }, taken))
            }
            "setFeeTo" => {
                let pool = self.pool.with_protocol_share(protocol_share(step.flag("feeOn")));
                Ok((Self { pool, ..*self }, vec![]))
            }
            op => panic!("unknown operation {op}: {context}"),
        }
    }

    fn mint(&self, step: Record<'_>) -> Result<(Self, Answers<N>), AmmError> {
        let mint = self.pool.mint(amounts(step, "amount0In", "amount1In"))?;
        let after = Self {
            owner: (self.owner + mint.shares)?,
            fee_to: (self.fee_to + mint.protocol_shares)?,
            ..self.updated(mint.after, step)?
        };
        let [x, y] = [mint.amounts.x, mint.amounts.y].map(Amount::get);
        Ok((after, vec![("amount0In", x), ("amount1In", y), ("liquidity", mint.shares.get())]))
    }

    fn burn(&self, step: Record<'_>) -> Result<(Self, Answers<N>), AmmError> {
        let shares = Shares::new(amount::<N>(step, "liquidity"))?;
        // The pair's token refuses to take more from the owner than the owner has.
        let owner = (self.owner - shares).map_err(|_| AmmError::InsufficientShares)?;
        let burn = self.pool.burn(shares)?;
        let fee_to = (self.fee_to + burn.protocol_shares)?;
        let after = Self { owner, fee_to, ..self.updated(burn.after, step)? };
        let [x, y] = [burn.amounts.x, burn.amounts.y].map(Amount::get);
        Ok((after, vec![("amount0", x), ("amount1", y), ("liquidity", burn.shares.get())]))
    }

    /// One token in, whatever the trader asks out.
    fn swap(&self, step: Record<'_>, context: &str) -> Result<(Self, Answers<N>), AmmError> {
        let token_in = if step.flag("zeroForOne") { Token::X } else { Token::Y };
        let amount_in = amount::<N>(step, "amountIn");
        let paid_in = Amounts::only(token_in, amount_in)?;
        let taken_out = amounts(step, "amount0Out", "amount1Out");

        let settlement = self.pool.settle(paid_in, taken_out);
        match self.pool.amount_out(token_in, amount_in) {
            Ok(quote) => {
                assert_eq!(quote.get().units(), step.units("formulaOut"), "formula: {context}");
                if taken_out == Amounts::only(token_in.other(), quote)? {
                    let swap = self.pool.swap_exact_in(token_in, amount_in);
                    assert_eq!(swap.map(|s| s.after), settlement.map(|s| s.after), "{context}");
                    if let Ok(Swap { token_in: token, amount_in: paid, amount_out, .. }) = swap {
                        assert_eq!(
                            (token, paid, amount_out),
                            (token_in, paid_in.of(token_in), quote)
                        );
                    }
                }
            }
            // The recorded formula is zero where there is nothing to trade.
            Err(_) => assert_eq!(step.units("formulaOut"), BigUint::ZERO, "formula: {context}"),
        }
        let settlement = settlement?;
        assert_eq!(settlement.amounts_in, paid_in, "{context}");
        assert_eq!(settlement.amounts_out, taken_out, "{context}");
        Ok((self.updated(settlement.after, step)?, vec![]))
    }

    /// Both tokens in, and both out.
    fn settle(&self, step: Record<'_>) -> Result<(Self, Answers<N>), AmmError> {
        let paid_in = amounts(step, "amount0In", "amount1In");
        let settlement = self.pool.settle(paid_in, amounts(step, "amount0Out", "amount1Out"))?;
        let (paid, taken) = (settlement.amounts_in, settlement.amounts_out);
        let answers = vec![
            ("amount0In", paid.x.get()),
            ("amount1In", paid.y.get()),
            ("amount0Out", taken.x.get()),
            ("amount1Out", taken.y.get()),
        ];
        Ok((self.updated(settlement.after, step)?, answers))
    }

    /// The pair with changed reserves: the old ones' price has stood since the last change. The
    /// contract keeps 32 bits of the time.
    fn updated(&self, pool: Pool<N>, step: Record<'_>) -> Result<Self, AmmError> {
        let time = step.units("blockTimestamp") % (1_u64 << 32);
        let now = u32::try_from(time).expect("a remainder of 32 bits");
        let elapsed = seconds(now.wrapping_sub(self.updated));
        let prices = self.prices.advance(&self.pool, elapsed)?;
        Ok(Self { pool, prices, updated: now, ..*self })
    }

    fn check_state(&self, state: Record<'_>, context: &str) {
        let PoolState { reserves, excess, supply, reserves_at_last_mint, .. } = *self.pool.state();
        let [x, y] = [reserves.x, reserves.y].map(|amount| amount.get().units());
        for (field, ours) in [
            ("balance0", &x + excess.x.get().units()),
            ("balance1", &y + excess.y.get().units()),
            ("reserve0", x),
            ("reserve1", y),
            ("totalSupply", supply.get().units()),
            ("kLast", reserves_at_last_mint.map_or(BigUint::ZERO, product)),
            ("blockTimestampLast", self.updated.into()),
            ("price0CumulativeLast", whole(self.prices.cumulative_price(Token::X))),
            ("price1CumulativeLast", whole(self.prices.cumulative_price(Token::Y))),
            ("lpOwner", self.owner.get().units()),
            ("lpFeeTo", self.fee_to.get().units()),
        ] {
            assert_eq!(ours, state.units(field), "{field}: {context}");
        }
    }
}
