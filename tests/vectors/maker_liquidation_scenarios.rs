//! `Dog`, `Clipper`, `Vow` and `Spotter`, step by step: every figure after every step.

use std::collections::BTreeMap;

use defi_math::rate::{Elapsed, PerSecond, seconds};
use defi_math::vault::{
    Auction, AuctionHouse, AuctionTerms, Coins, CollateralType, CollateralTypeState, Outcome,
    Position, PriceCurve, System, SystemState, VaultError,
};
use defi_math::{Amount, Index, Price, Ratio, Wad};
use num_bigint::BigUint;
use rust_decimal::Decimal;

use crate::maker::{Maker, Tally, amount, check_refusal, coins, price, seconds_of};
use crate::recording::{Record, Recording};

const NAME: &str = "maker_liquidation_scenarios";

#[test]
fn maker_liquidation_scenarios_wad() {
    replay::<Wad>();
}

#[test]
fn maker_liquidation_scenarios_decimal() {
    replay::<Decimal>();
}

#[derive(Clone)]
struct World<N: Maker> {
    system: System<N>,
    collateral_type: CollateralType<N>,
    house: AuctionHouse<N>,
    market_price: Price<N>,
    positions: Vec<Position<N>>,
    /// What went back to each owner.
    returned: Vec<Amount<N>>,
    sales: BTreeMap<u32, Sale<N>>,
    started: u32,
    keeper: Coins<N>,
    bought: [Amount<N>; 2],
    purses: [Coins<N>; 2],
}

#[derive(Clone, Copy)]
struct Sale<N: Maker> {
    auction: Auction<N>,
    owner: usize,
    since: u32,
}

fn market<N: Maker>(units: &BigUint) -> Price<N> {
    Price::new(N::wad(units).unwrap()).unwrap()
}

fn curve<N: Maker>(params: Record<'_>) -> PriceCurve<N> {
    let factor = || Ratio::new(N::ray(&params.units("cut")).unwrap()).unwrap();
    let time = |field| -> Elapsed<PerSecond> { seconds(seconds_of(params, field)) };
    match params.text("calc") {
        "LinearDecrease" => PriceCurve::Linear { duration: time("tau") },
        "StairstepExponentialDecrease" => {
            PriceCurve::Stairstep { step: time("step"), factor: factor() }
        }
        "ExponentialDecrease" => PriceCurve::Exponential { factor: factor() },
        calc => panic!("unknown curve {calc}"),
    }
}

/// The scenario's parameters and first state, of which the prices are computed.
fn start<N: Maker>(scenario: Record<'_>) -> World<N> {
    let (params, init) = (scenario.record("params"), scenario.record("init"));
    let ray = |field: &str| N::ray(&params.units(field)).unwrap();
    let wad = |field: &str| N::wad(&params.units(field)).unwrap();
    let system = System::try_from(SystemState {
        issued: coins(&init.units("debt")),
        unbacked: coins(&init.units("vice")),
        redemption_price: price::<N>(&params.units("par")).unwrap(),
        surplus: coins(&init.units("vatDaiVow")),
        bad_debt: coins(&init.units("vatSinVow")),
        queued_debt: coins(&init.units("vowSin")),
        liquidation_limit: coins(&params.units("Hole")),
        in_liquidation: coins(&init.units("dogDirt")),
        ..SystemState::empty().unwrap()
    })
    .unwrap();
    let market_price = market(&params.units("price1"));
    let collateral_type = CollateralType::try_from(CollateralTypeState {
        normalized_debt: amount(&init.units("Art")).unwrap(),
        accumulated_rate: Index::new(ray("rate")).unwrap(),
        debt_floor: coins(&params.units("dust")),
        liquidation_penalty: Ratio::new(wad("chop")).unwrap(),
        liquidation_limit: coins(&params.units("hole")),
        in_liquidation: coins(&init.units("ilkDirt")),
        ..CollateralTypeState::at_ratio(Ratio::new(ray("mat")).unwrap()).unwrap()
    })
    .unwrap()
    .at_market_price(market_price, &system)
    .unwrap();
    let house = AuctionHouse::try_from(AuctionTerms {
        curve: curve(params),
        buffer: Ratio::new(ray("buf")).unwrap(),
        maximum_age: seconds(seconds_of(params, "tail")),
        minimum_price: Ratio::new(ray("cusp")).unwrap(),
        fixed_incentive: coins(&params.units("tip")),
        proportional_incentive: Ratio::new(wad("chip")).unwrap(),
        smallest_remainder: collateral_type.smallest_remainder().unwrap(),
        ..AuctionTerms::on_curve(curve(params))
    })
    .unwrap();
    let positions: Vec<_> = scenario
        .all("urns")
        .map(|urn| {
            let wad = |field: &str| amount::<N>(&urn.units(field)).unwrap();
            Position::new(wad("ink"), wad("art")).unwrap()
        })
        .collect();
    let purses = init.list("takerDai");
    World {
        system,
        collateral_type,
        house,
        market_price,
        returned: vec![Amount::ZERO; positions.len()],
        positions,
        sales: BTreeMap::new(),
        started: 0,
        keeper: Coins::ZERO,
        bought: [Amount::ZERO; 2],
        purses: [coins(&purses[0]), coins(&purses[1])],
    }
}

fn replay<N: Maker>() {
    let mut tally = Tally::default();
    for scenario in Recording::load(NAME).all("scenarios") {
        let mut world = start::<N>(scenario);
        let context = &format!("scenario {}", scenario.text("scenario"));
        world.check(scenario.record("init"), &mut tally, context);
        for step in scenario.all("steps") {
            let context = &format!("scenario {} {step}", scenario.text("scenario"));
            let now = seconds_of(step.record("state"), "timestamp");
            let mut after = world.clone();
            if step.refusal() == Some("Clipper/too-expensive") {
                let sale = step.record("state").record("sales").record(step.text("id"));
                if N::ray(&sale.units("price")).is_none() {
                    // A limit below the price by a unit that the type does not have; nothing has moved.
                    assert!(!N::EXACT, "{context}");
                    tally.outside();
                    continue;
                }
            }
            match (after.step(step, now, &mut tally, context), step.refusal()) {
                (Ok(()), None) => {
                    tally.decision();
                    world = after;
                }
                (Err(error), Some(revert)) => {
                    check_refusal(revert, error, context);
                    tally.refusal();
                }
                (ours, theirs) => panic!("{ours:?}, not {theirs:?}: {context}"),
            }
            world.check(step.record("state"), &mut tally, context);
        }
    }
    tally.finish::<N>(NAME);
}

impl<N: Maker> World<N> {
    fn step(
        &mut self,
        step: Record<'_>,
        now: u32,
        tally: &mut Tally,
        context: &str,
    ) -> Result<(), VaultError> {
        match step.text("op") {
            "bark" => self.bark(step, now),
            "take" => self.take(step, now, tally, context),
            "redo" => {
                let id = seconds_of(step, "id");
                let sale = self.sales[&id];
                let age = seconds(now - sale.since);
                let reset =
                    sale.auction.reset(self.market_price, age, &self.house, &self.system)?;
                self.keeper = (self.keeper + reset.incentive)?;
                self.system = reset.system;
                self.sales.insert(id, Sale { auction: reset.auction, since: now, ..sale });
                Ok(())
            }
            "poke" => {
                self.market_price = market(&step.units("price"));
                self.collateral_type =
                    self.collateral_type.at_market_price(self.market_price, &self.system)?;
                Ok(())
            }
            "vow.heal" => {
                self.system = self.system.heal(coins::<N>(&step.units("rad")))?.after;
                Ok(())
            }
            "dust+upchost" => {
                let state = *self.collateral_type.state();
                let debt_floor = coins(&step.units("dust"));
                self.collateral_type =
                    CollateralType::try_from(CollateralTypeState { debt_floor, ..state })?;
                let smallest_remainder = self.collateral_type.smallest_remainder()?;
                let terms = *self.house.terms();
                self.house = AuctionHouse::try_from(AuctionTerms { smallest_remainder, ..terms })?;
                Ok(())
            }
            op => panic!("unknown operation {op}: {context}"),
        }
    }

    fn bark(&mut self, step: Record<'_>, now: u32) -> Result<(), VaultError> {
        let owner = usize::try_from(step.units("urn")).unwrap();
        let position = self.positions[owner];
        let (types, system) = (&self.collateral_type, &self.system);
        let liquidation = position.liquidate(self.market_price, &self.house, types, system)?;
        self.started += 1;
        assert_eq!(self.started.to_string(), step.text("ret"), "{step}");
        let sale = Sale { auction: liquidation.auction, owner, since: now };
        self.sales.insert(self.started, sale);
        self.keeper = (self.keeper + liquidation.incentive)?;
        self.positions[owner] = liquidation.position;
        self.collateral_type = liquidation.collateral_type;
        self.system = liquidation.system;
        Ok(())
    }

    fn take(
        &mut self,
        step: Record<'_>,
        now: u32,
        tally: &mut Tally,
        context: &str,
    ) -> Result<(), VaultError> {
        let id = seconds_of(step, "id");
        let sale = self.sales[&id];
        let taker = usize::try_from(step.units("taker")).unwrap();
        let take = sale.auction.take(
            amount::<N>(&step.units("amt")).unwrap(),
            N::ray_cut(&step.units("max")).unwrap(),
            seconds(now - sale.since),
            &self.house,
            &self.collateral_type,
            &self.system,
        )?;
        tally.wad(take.purchase.collateral, &step.units("slice"), context);
        tally.rad(take.purchase.paid, &step.units("owe"), context);
        tally.ray::<N>(take.purchase.price.get(), &step.units("priceUsed"), context);
        self.bought[taker] = (self.bought[taker] + take.purchase.collateral)?;
        self.purses[taker] = (self.purses[taker] - take.purchase.paid)?;
        self.collateral_type = take.collateral_type;
        self.system = take.system;
        match take.outcome {
            Outcome::Running(auction) => {
                self.sales.insert(id, Sale { auction, ..sale });
            }
            Outcome::Raised { returned } => {
                self.returned[sale.owner] = (self.returned[sale.owner] + returned)?;
                self.sales.remove(&id);
            }
            Outcome::SoldOut { .. } => {
                self.sales.remove(&id);
            }
        }
        Ok(())
    }

    fn check(&self, state: Record<'_>, tally: &mut Tally, context: &str) {
        let now = seconds_of(state, "timestamp");
        let field = |name: &str| state.units(name);
        let (terms, books) = (self.collateral_type.state(), self.system.state());
        tally.wad(terms.normalized_debt, &field("Art"), context);
        tally.ray::<N>(terms.safety_price.get(), &field("spot"), context);
        for (ours, theirs) in [
            (books.in_liquidation, "dogDirt"),
            (terms.in_liquidation, "ilkDirt"),
            (books.bad_debt, "vatSinVow"),
            (books.surplus, "vatDaiVow"),
            (books.unbacked, "vice"),
            (books.issued, "debt"),
            (books.queued_debt, "vowSin"),
            (self.keeper, "kprDai"),
            (self.house.terms().smallest_remainder, "chost"),
        ] {
            tally.rad(ours, &field(theirs), &format!("{theirs}: {context}"));
        }
        let lots =
            self.sales.values().try_fold(Amount::ZERO, |all, s| all + s.auction.collateral());
        tally.wad(lots.unwrap(), &field("clipGem"), context);
        for (ours, theirs) in self.bought.iter().zip(state.list("takerGem")) {
            tally.wad(*ours, &theirs, context);
        }
        for (ours, theirs) in self.purses.iter().zip(state.list("takerDai")) {
            tally.rad(*ours, &theirs, context);
        }
        for ((position, returned), urn) in
            self.positions.iter().zip(&self.returned).zip(state.all("urns"))
        {
            tally.wad(position.collateral(), &urn.units("ink"), context);
            tally.wad(position.normalized_debt(), &urn.units("art"), context);
            tally.wad(*returned, &urn.units("gem"), context);
        }
        let running = state.fields("sales");
        assert_eq!(running.len(), self.sales.len(), "{context}");
        for (id, theirs) in running {
            let Sale { auction, owner, since } = self.sales[&id.parse::<u32>().unwrap()];
            let age = seconds(now - since);
            tally.rad(auction.to_raise(), &theirs.units("tab"), context);
            tally.wad(auction.collateral(), &theirs.units("lot"), context);
            tally.ray::<N>(auction.starting_price().get(), &theirs.units("top"), context);
            let price = auction.price(age, &self.house).unwrap();
            tally.ray::<N>(price.get(), &theirs.units("price"), context);
            let needs_reset = auction.needs_reset(age, &self.house).unwrap();
            assert_eq!(needs_reset, theirs.flag("needsRedo"), "{context}");
            assert_eq!(owner.to_string(), theirs.text("urn"), "{context}");
            assert_eq!(since.to_string(), theirs.text("tic"), "{context}");
        }
    }
}
