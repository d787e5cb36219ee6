//! `CErc20` with its comptroller: sequences of steps on a market that is borrowed and another whose shares
//! are collateral.

use std::collections::BTreeMap;

use defi_math::lending::{
    Account, AccruedMarket, Collateral, Debt, InterestRateModel, LendingError, LiquidationTerms,
    Loan, Market, MarketState, Position, Terms,
};
use defi_math::rate::{PerBlock, PerYear, blocks};
use defi_math::{Amount, Index, MathError, Price, Ratio, Shares, Wad};
use num_bigint::BigUint;
use rust_decimal::Decimal;

use crate::compound::{BLOCKS_PER_YEAR, check_refusal, holds, jump_model, one, white_paper_model};
use crate::number::Units;
use crate::recording::{Outcome, Record, Recording, Tally, say};

const NAME: &str = "compound_ctoken_scenarios";

#[test]
fn compound_ctoken_scenarios_wad() {
    replay::<Wad>(NAME, &V3);
}

#[test]
fn compound_ctoken_scenarios_decimal() {
    replay::<Decimal>(NAME, &V3);
}

#[test]
fn compound_ctoken_scenarios_v281_wad() {
    replay::<Wad>("compound_ctoken_scenarios_v281", &V281);
}

#[test]
fn compound_ctoken_scenarios_v281_decimal() {
    replay::<Decimal>("compound_ctoken_scenarios_v281", &V281);
}

/// In what the two deployments differ.
struct Deployment {
    /// The part of a seizure that the protocol keeps.
    protocol_share: u128,
    /// Whether a step that fails keeps the accrual, and says so with a code.
    keeps_accrual: bool,
    /// Whether the model's multiplier is the rise reached at the kink, or the slope.
    multiplier_is_rise: bool,
    /// Whether the comptroller truncates; the older rounds half up, and its liquidity is not compared.
    truncates: bool,
}

const V3: Deployment = Deployment {
    protocol_share: 28_000_000_000_000_000,
    keeps_accrual: false,
    multiplier_is_rise: true,
    truncates: true,
};

const V281: Deployment = Deployment {
    protocol_share: 0,
    keeps_accrual: true,
    multiplier_is_rise: false,
    truncates: false,
};

const BORROWERS: [&str; 2] = ["borrower1", "borrower2"];

/// How often our two deliberate differences showed.
#[derive(Default)]
struct Differences {
    ceilings: Vec<String>,
    drifts: Vec<String>,
}

/// Every step runs on the state that the step before left. Where a number type cannot hold it, the steps
/// are counted as outside its range, until a state that it can hold again: the replay in base units, which
/// always fits, says which that is.
fn replay<N: Units>(name: &str, deployment: &Deployment) {
    let (mut tally, mut differences) = (Tally::default(), Differences::default());
    for scenario in Recording::load(name).all("scenarios") {
        let mut chain = Replay::<Wad>::new(scenario, deployment);
        let mut replay = chain.in_number::<N>(scenario, deployment);
        chain.check_state(scenario.record("init"), "init", true);
        for step in scenario.all("steps") {
            let context = &format!("scenario {} {step}", scenario.text("scenario"));
            let before = replay.take().or_else(|| chain.in_number(scenario, deployment));
            let mut unused = Differences::default();
            match before.filter(|before| before.in_range_of(step)) {
                Some(before) => {
                    let (after, outcome) = before.checked_step(step, context, &mut differences);
                    tally.count(outcome);
                    replay = after;
                }
                None => tally.count(Outcome::OutsideRange),
            }
            let (after, _) = chain.checked_step(step, context, &mut unused);
            chain = after.expect("base units always fit");
        }
    }
    let what = format!("{name} in {}", N::NAME);
    for line in &differences.ceilings {
        say(&format!("{what}: a share more burned than the contract's floor: {line}"));
    }
    for line in &differences.drifts {
        say(&format!("{what}: what is left is repaid where the contract fails: {line}"));
    }
    tally.finish(&what);
}

/// A holder's shares of the borrowed market, its debt there, and its shares of the collateral market.
#[derive(Clone, Copy)]
struct Holder<N: Units> {
    shares: Shares<N>,
    debt: Debt<N>,
    collateral: Shares<N>,
}

#[derive(Clone)]
struct Replay<N: Units> {
    market: Market<N, PerBlock>,
    accrued: BigUint,
    holders: BTreeMap<String, Holder<N>>,
    collateral: AccruedMarket<N, PerBlock>,
    terms: LiquidationTerms<N>,
    factors: [N; 2],
    /// Of the borrowed token, if the type can hold it, and of the collateral.
    prices: (Option<N>, N),
    keeps_accrual: bool,
    truncates: bool,
}

/// What a step was answered with: the contract's field and our number.
type Answers<N> = Vec<(&'static str, N)>;

fn raw<N: Units>(units: u128) -> N {
    N::from_units(&units.into()).unwrap()
}

fn shares<N: Units>(number: N) -> Shares<N> {
    Shares::new(number).unwrap()
}

impl<N: Units> Replay<N> {
    fn new(scenario: Record<'_>, deployment: &Deployment) -> Self {
        Self::with_index(scenario, deployment).expect("the type holds the parameters")
    }

    /// The scenario at its start, if the number type holds its parameters.
    fn with_index(scenario: Record<'_>, deployment: &Deployment) -> Option<Self> {
        let (params, init) = (scenario.record("params"), scenario.record("init"));
        let number = |field: &str| N::from_units(&params.units(field));
        let model = params.list_of_texts("model");
        let figures: Vec<N> = model[1..]
            .iter()
            .map(|text| N::from_units(&text.parse().unwrap()))
            .collect::<Option<_>>()?;
        let model: InterestRateModel<N, PerBlock> = match (model[0], &figures[..]) {
            ("jump", [base, rise, jump, kink]) if deployment.multiplier_is_rise => {
                jump_model(*base, *rise, *jump, *kink)
            }
            ("jump", [base, slope, jump, kink]) => {
                InterestRateModel::<_, PerYear>::kinked(*base, *slope, *kink, *jump)
                    .and_then(|model| model.spread_down(BLOCKS_PER_YEAR))
            }
            ("wp", [base, slope]) => white_paper_model(*base, *slope),
            (name, _) => panic!("unknown model {name}"),
        }
        .unwrap();
        let terms = Terms::new(model, number("rf")?, number("er")?).unwrap();
        // The deployed market locks nothing.
        let empty = *Market::open(terms).unwrap().state();
        let market = Market::try_from(MarketState { locked: Shares::ZERO, ..empty }).unwrap();

        let mut holders = BTreeMap::new();
        let mut supply = Shares::ZERO;
        for name in ["lender1", "lender2", "borrower1", "borrower2", "liquidator"] {
            let collateral =
                init.record("collateralCTokens").units_if_any(name).unwrap_or_default();
            let collateral = shares(N::from_units(&collateral)?);
            supply = (supply + collateral).ok()?;
            let holder = Holder { shares: Shares::ZERO, debt: Debt::NONE, collateral };
            holders.insert(name.to_owned(), holder);
        }
        let rate = init.units("collateralExchangeRateStored");
        let cash = supply.get().units() * &rate / one();
        let rate = N::from_units(&rate)?;
        let terms = Terms::new(InterestRateModel::linear(N::ZERO, N::ZERO).unwrap(), N::ZERO, rate);
        let terms = terms.unwrap();
        let collateral = Market::try_from(MarketState {
            cash: Amount::new(N::from_units(&cash)?).unwrap(),
            supply,
            locked: Shares::ZERO,
            ..*Market::open(terms).unwrap().state()
        })
        .unwrap();
        let liquidation = LiquidationTerms::new(
            number("closeFactor")?,
            number("li")?,
            raw::<N>(deployment.protocol_share),
        );
        Some(Self {
            market,
            accrued: init.units("accrualBlockNumber"),
            holders,
            collateral: collateral.accrue(blocks(0)).unwrap().after,
            terms: liquidation.unwrap(),
            factors: [number("cfb")?, number("collateralFactorCollateral")?],
            prices: (number("pb"), number("pc")?),
            keeps_accrual: deployment.keeps_accrual,
            truncates: deployment.truncates,
        })
    }

    /// The same state in another number type, if it can hold it.
    fn in_number<M: Units>(
        &self,
        scenario: Record<'_>,
        deployment: &Deployment,
    ) -> Option<Replay<M>> {
        let number = |number: N| M::from_units(&number.units());
        let start = Replay::<M>::with_index(scenario, deployment)?;
        let state = |ours: &MarketState<N, PerBlock>, start: &MarketState<M, PerBlock>| {
            let state = MarketState {
                cash: Amount::new(number(ours.cash.get())?).ok()?,
                borrows: Amount::new(number(ours.borrows.get())?).ok()?,
                reserves: Amount::new(number(ours.reserves.get())?).ok()?,
                supply: shares(number(ours.supply.get())?),
                borrow_index: Index::new(number(ours.borrow_index.get())?).ok()?,
                ..*start
            };
            Market::try_from(state).ok()
        };
        let mut holders = BTreeMap::new();
        for (name, holder) in &self.holders {
            let index = number(holder.debt.index().get())?;
            let holder = Holder {
                shares: shares(number(holder.shares.get())?),
                debt: Debt::new(number(holder.debt.principal().get())?, index).ok()?,
                collateral: shares(number(holder.collateral.get())?),
            };
            holders.insert(name.clone(), holder);
        }
        let collateral = state(self.collateral.state(), start.collateral.state())?;
        Some(Replay {
            market: state(self.market.state(), start.market.state())?,
            accrued: self.accrued.clone(),
            holders,
            collateral: collateral.accrue(blocks(0)).ok()?.after,
            prices: (start.prices.0, number(self.prices.1)?),
            ..start
        })
    }

    /// Whether the number type holds every figure of a step beside every figure of the market.
    fn in_range_of(&self, step: Record<'_>) -> bool {
        let state = step.record("state");
        let mut figures: Vec<BigUint> = [
            "borrowIndex",
            "totalBorrows",
            "totalReserves",
            "totalSupply",
            "cash",
            "exchangeRateStored",
        ]
        .map(|field| state.units(field))
        .into();
        let before = *self.market.state();
        figures.extend(
            [before.cash.get(), before.borrows.get(), before.supply.get()].map(Units::units),
        );
        figures.push(self.market.exchange_rate().map_or(BigUint::ZERO, |e| e.get().units()));
        if matches!(step.text("op"), "liquidate") {
            // Its figures in the unit of the prices.
            let Some(price) = self.prices.0 else { return false };
            let amount = step.units("amount");
            figures.push(&amount * price.units() / one());
            figures.push(amount);
            for who in BORROWERS {
                figures.extend(state.record("liquidity").list(who));
            }
        }
        if step.text("op") == "borrow" && self.prices.0.is_none() {
            // Whether the account may borrow cannot be asked.
            return false;
        }
        holds::<N>(&figures)
    }

    /// The state after a step, having checked what it answered and left, or refused.
    fn checked_step(
        self,
        step: Record<'_>,
        context: &str,
        differences: &mut Differences,
    ) -> (Option<Self>, Outcome) {
        let state = step.record("state");
        let code = step.text_if_any("ret").filter(|code| *code != "0");
        let failure = match (step.refusal(), code) {
            (Some(refusal), _) => Some(refusal.to_owned()),
            (None, Some(code)) => Some(format!("{} {code}", step.text("op"))),
            (None, None) => None,
        };
        let result = self.step(step, differences);
        let Some(failure) = failure else {
            let (after, answers) = result.unwrap_or_else(|error| panic!("{error:?}: {context}"));
            for (field, number) in answers {
                assert_eq!(number.units(), step.units(field), "{field}: {context}");
            }
            after.check_state(state, context, after.prices.0.is_some());
            return (Some(after), Outcome::Compared);
        };
        let drifted = ["Panic(0x11)", "REPAY_BORROW_NEW_TOTAL_BALANCE_CALCULATION_FAILED"];
        let outcome = if step.text("op") == "repayMax" && drifted.contains(&failure.as_str()) {
            // Summed debts above the borrows: the contract fails, here what is left is repaid.
            let (after, _) = result.unwrap_or_else(|error| panic!("{error:?}: {context}"));
            assert!(after.market.state().borrows.is_zero(), "{context}");
            differences.drifts.push(step.to_string().chars().take(120).collect());
            Outcome::Refused
        } else {
            check_refusal(&failure, result.map(|_| ()), context)
        };
        // Rolled back, but for the accrual of the deployment that keeps it.
        let mut before = self;
        if before.keeps_accrual && step.refusal().is_none() {
            before.market = before.accrued_market(state).unwrap().into();
            before.accrued = state.units("accrualBlockNumber");
        }
        if let Some(price) = step.text_if_any("collateralPriceAfter") {
            before.prices.1 = N::from_units(&price.parse().unwrap()).unwrap();
        }
        before.check_state(state, context, before.prices.0.is_some());
        (Some(before), outcome)
    }

    fn accrued_market(
        &self,
        state: Record<'_>,
    ) -> Result<AccruedMarket<N, PerBlock>, LendingError> {
        let elapsed = state.units("blockNumber") - &self.accrued;
        Ok(self.market.accrue(blocks(elapsed.try_into().unwrap()))?.after)
    }

    fn account(&self, market: &Market<N, PerBlock>, who: &str) -> Option<[Position<N>; 2]> {
        let holder = self.holders[who];
        let market = market.accrue(blocks(0)).unwrap().after;
        let price = |mantissa: N| Price::new(mantissa).unwrap();
        let (borrowed, collateral) = (price(self.prices.0?), price(self.prices.1));
        let [factor, collateral_factor] = self.factors;
        Some([
            Position::in_market(&market, holder.shares, holder.debt, borrowed, factor).unwrap(),
            Position::in_market(
                &self.collateral,
                holder.collateral,
                Debt::NONE,
                collateral,
                collateral_factor,
            )
            .unwrap(),
        ])
    }

    fn step(
        &self,
        step: Record<'_>,
        differences: &mut Differences,
    ) -> Result<(Self, Answers<N>), LendingError> {
        let state = step.record("state");
        let market = self.accrued_market(state)?;
        let mut after = self.clone();
        after.accrued = state.units("blockNumber");
        let who = step.text("account");
        let mut holder = self.holders.get(who).copied();
        let amount = |field: &str| N::from_units(&step.units(field)).ok_or(MathError::Overflow);
        let mut answers = vec![];
        let next = match step.text("op") {
            "accrueInterest" => market,
            "mint" => {
                let supply = market.supply(amount("amount")?)?;
                let holder = holder.as_mut().unwrap();
                holder.shares = (holder.shares + supply.shares)?;
                answers.push(("mintTokens", supply.shares.get()));
                supply.after
            }
            "redeem" => {
                let redemption = market.redeem(amount("tokens")?)?;
                let holder = holder.as_mut().unwrap();
                holder.shares = (holder.shares - redemption.shares)?;
                answers.push(("redeemAmount", redemption.amount.get()));
                redemption.after
            }
            "redeemUnderlying" => {
                let redemption = market.redeem_amount(amount("amount")?)?;
                let holder = holder.as_mut().unwrap();
                holder.shares = (holder.shares - redemption.shares)?;
                Self::as_the_contract_burns(
                    step,
                    redemption.after,
                    redemption.shares,
                    holder,
                    differences,
                )
            }
            "borrow" => {
                let positions = self.account(market.market(), who).expect("a price");
                let holder = holder.as_mut().unwrap();
                Account::of(&positions)?
                    .with_borrow(&positions[0], amount("amount")?)?
                    .require_healthy()?;
                let loan = market.borrow(holder.debt, amount("amount")?)?;
                holder.debt = loan.debt;
                loan.after
            }
            "repayBorrow" | "repayBorrowBehalf" => {
                let holder = holder.as_mut().unwrap();
                let repayment = market.repay(holder.debt, amount("amount")?)?;
                holder.debt = repayment.debt;
                answers.push(("amount", repayment.amount.get()));
                repayment.after
            }
            "repayMax" => {
                let holder = holder.as_mut().unwrap();
                let repayment = market.repay_all(holder.debt)?;
                assert_eq!(repayment.debt.principal(), Amount::ZERO);
                holder.debt = repayment.debt;
                answers.push(("repaid", repayment.amount.get()));
                repayment.after
            }
            "_addReserves" => market.add_reserves(amount("amount")?)?,
            "_reduceReserves" => market.reduce_reserves(amount("amount")?)?,
            "liquidate" => {
                after.prices.1 = amount("collateralPrice")?;
                let price = |mantissa: N| Price::new(mantissa);
                let borrower = holder.as_mut().unwrap();
                let positions = after.account(market.market(), who).expect("a price");
                let loan = Loan {
                    market,
                    debt: borrower.debt,
                    price: price(self.prices.0.expect("a price"))?,
                };
                let collateral = Collateral {
                    market: self.collateral,
                    shares: borrower.collateral,
                    price: price(after.prices.1)?,
                };
                let account = Account::of(&positions)?;
                let liquidation =
                    self.terms.liquidate(&account, &loan, &collateral, amount("amount")?)?;
                let seizure = liquidation.seizure;
                borrower.debt = liquidation.repayment.debt;
                borrower.collateral = (borrower.collateral - seizure.shares)?;
                let liquidator = after.holders.get_mut("liquidator").unwrap();
                liquidator.collateral = (liquidator.collateral + seizure.to_liquidator)?;
                after.collateral = seizure.after;
                after.prices.1 = amount("collateralPriceAfter")?;
                answers.extend([
                    ("amount", liquidation.repayment.amount.get()),
                    ("seizedFromBorrower", seizure.shares.get()),
                    ("toLiquidator", seizure.to_liquidator.get()),
                    ("collateralTotalReservesDelta", seizure.to_reserves.get()),
                ]);
                let burned = step.text("collateralTotalSupplyDelta").trim_start_matches('-');
                assert_eq!(seizure.to_protocol.get().units(), burned.parse().unwrap());
                liquidation.repayment.after
            }
            op => panic!("unknown operation {op}"),
        };
        after.market = next.into();
        if let Some(holder) = holder {
            after.holders.insert(who.to_owned(), holder);
        }
        Ok((after, answers))
    }

    /// The one difference of digits: here the ceiling is burned. The replay goes on from the contract's
    /// state, where the floor was.
    fn as_the_contract_burns(
        step: Record<'_>,
        after: AccruedMarket<N, PerBlock>,
        ours: Shares<N>,
        holder: &mut Holder<N>,
        differences: &mut Differences,
    ) -> AccruedMarket<N, PerBlock> {
        let Some(theirs) = step.units_if_any("redeemTokens") else { return after };
        let (burned, state) = (ours.get().units(), *after.state());
        if burned == theirs {
            return after;
        }
        assert_eq!(burned, &theirs + 1_u32, "more than a ceiling: {step}");
        differences.ceilings.push(format!(
            "step {}: {burned} shares for {}, the contract {theirs}",
            step.text("i"),
            step.text("amount"),
        ));
        let unit = shares(raw::<N>(1));
        holder.shares = (holder.shares + unit).unwrap();
        let state = MarketState { supply: (state.supply + unit).unwrap(), ..state };
        Market::try_from(state).unwrap().accrue(blocks(0)).unwrap().after
    }

    fn check_state(&self, state: Record<'_>, context: &str, priced: bool) {
        let ours = *self.market.state();
        let rate = |rate: Result<Ratio<N>, LendingError>| rate.unwrap().get().units();
        for (field, ours) in [
            ("accrualBlockNumber", self.accrued.clone()),
            ("borrowIndex", ours.borrow_index.get().units()),
            ("totalBorrows", ours.borrows.get().units()),
            ("totalReserves", ours.reserves.get().units()),
            ("totalSupply", ours.supply.get().units()),
            ("cash", ours.cash.get().units()),
            ("exchangeRateStored", rate(self.market.exchange_rate())),
            ("borrowRatePerBlock", self.market.borrow_rate().unwrap().get().units()),
            ("supplyRatePerBlock", self.market.supply_rate().unwrap().get().units()),
            ("collateralExchangeRateStored", rate(self.collateral.exchange_rate())),
        ] {
            assert_eq!(ours, state.units(field), "{field}: {context}");
        }
        for (name, holder) in &self.holders {
            let theirs = state.record("accounts").record(name);
            assert_eq!(holder.shares.get().units(), theirs.units("cTokens"), "{name}: {context}");
            let owed = self.market.owed(holder.debt).unwrap().get().units();
            assert_eq!(owed, theirs.units("borrowBalanceStored"), "{name}: {context}");
            if let Some(theirs) = state.record("collateralCTokens").units_if_any(name) {
                assert_eq!(holder.collateral.get().units(), theirs, "{name}: {context}");
            }
        }
        if !priced || !self.truncates {
            return;
        }
        for who in BORROWERS {
            let theirs = state.record("liquidity").list(who);
            if !holds::<N>(&theirs) {
                continue;
            }
            let account = Account::of(&self.account(&self.market, who).unwrap()).unwrap();
            let ours = [account.liquidity(), account.shortfall()].map(|a| a.unwrap().get().units());
            assert_eq!(ours, [theirs[1].clone(), theirs[2].clone()], "{who}: {context}");
        }
    }
}
