//! `Pot`, step by step: savings and the debt that pays them.

use defi_math::rate::seconds;
use defi_math::vault::{Coins, Savings, System, SystemState, VaultError};
use defi_math::{Index, Shares, Wad};
use num_bigint::BigUint;
use rust_decimal::Decimal;

use crate::maker::{Maker, Tally, check_refusal, coins};
use crate::recording::{Record, Recording};

const NAME: &str = "maker_pot_scenarios";

#[test]
fn maker_pot_scenarios_wad() {
    replay::<Wad>();
}

#[test]
fn maker_pot_scenarios_decimal() {
    replay::<Decimal>();
}

/// The savings, the system that pays them, and two savers.
#[derive(Clone, Copy)]
struct World<N: Maker> {
    savings: Savings<N>,
    system: System<N>,
    shares: [Shares<N>; 2],
    coins: [Coins<N>; 2],
    accrued_at: u32,
}

/// Nothing has been saved before the first step, whose state therefore holds the balances that the
/// scenario starts with.
fn start<N: Maker>(first: Record<'_>) -> World<N> {
    let state = first.record("state");
    let dai = state.list("dai");
    let rad = |field: &str| coins::<N>(&state.units(field));
    let system = System::try_from(SystemState {
        issued: rad("debt"),
        unbacked: rad("vice"),
        bad_debt: rad("vowSin"),
        ..SystemState::empty().unwrap()
    });
    World {
        savings: Savings::new(Index::ONE).unwrap(),
        system: system.unwrap(),
        shares: [Shares::ZERO; 2],
        coins: [coins(&dai[0]), coins(&dai[1])],
        accrued_at: 1_700_000_000,
    }
}

fn replay<N: Maker>() {
    let mut tally = Tally::default();
    for scenario in Recording::load(NAME).all("scenarios") {
        let first = scenario.all("steps").next().unwrap();
        let mut world = start::<N>(first);
        for step in scenario.all("steps") {
            let context = &format!("scenario {} {step}", scenario.text("scenario"));
            let now = u32::try_from(step.record("state").units("timestamp")).unwrap();
            match (world.step(step, now), step.refusal()) {
                (Ok(after), None) => {
                    tally.decision();
                    world = after;
                }
                (Err(error), Some(revert)) => {
                    check_refusal(revert, error, context);
                    tally.refusal();
                }
                (ours, theirs) => panic!("{:?}, not {theirs:?}: {context}", ours.err()),
            }
            world.check(step, &mut tally, context);
        }
    }
    tally.finish::<N>(NAME);
}

impl<N: Maker> World<N> {
    fn step(self, step: Record<'_>, now: u32) -> Result<Self, VaultError> {
        let op = step.text("op");
        let mut world = self;
        if op == "file" || op.starts_with("drip") {
            let accrual = world.savings.accrue(seconds(now - world.accrued_at), &world.system)?;
            world =
                Self { savings: accrual.savings, system: accrual.system, accrued_at: now, ..world };
        }
        let since = seconds(now - world.accrued_at);
        match op {
            "drip" => {}
            "file" => {
                let rate = Index::new(N::ray(&step.units("dsr")).unwrap())?;
                world.savings = world.savings.with_rate(rate, since)?;
            }
            "join" | "dripjoin" | "exit" | "dripexit" => {
                let user = usize::try_from(step.units("user")).unwrap();
                let shares = Shares::new(N::wad(&step.units("wad")).unwrap())?;
                if op.ends_with("join") {
                    let bought = world.savings.deposit(shares, since)?;
                    world.savings = bought.after;
                    world.shares[user] = (world.shares[user] + shares)?;
                    world.coins[user] = (world.coins[user] - bought.coins)?;
                } else {
                    let sold = world.savings.withdraw(shares)?;
                    world.savings = sold.after;
                    world.shares[user] = (world.shares[user] - shares)?;
                    world.coins[user] = (world.coins[user] + sold.coins)?;
                }
            }
            op => panic!("unknown operation {op}"),
        }
        Ok(world)
    }

    fn check(&self, step: Record<'_>, tally: &mut Tally, context: &str) {
        let state = step.record("state");
        let field = |name: &str| -> BigUint { state.units(name) };
        tally.ray::<N>(self.savings.state().index.get(), &field("chi"), context);
        let of_shares = |shares: Shares<N>| defi_math::Amount::new(shares.get()).unwrap();
        tally.wad(of_shares(self.savings.state().shares), &field("Pie"), context);
        // The savings hold exactly what they owe.
        tally.rad(self.savings.total().unwrap(), &field("potDai"), context);
        let books = self.system.state();
        for (ours, theirs) in
            [(books.issued, "debt"), (books.unbacked, "vice"), (books.bad_debt, "vowSin")]
        {
            tally.rad(ours, &field(theirs), context);
        }
        for (ours, theirs) in self.coins.iter().zip(state.list("dai")) {
            tally.rad(*ours, &theirs, context);
        }
        for (ours, theirs) in self.shares.iter().zip(state.list("pie")) {
            tally.wad(of_shares(*ours), &theirs, context);
        }
        assert_eq!(self.accrued_at.to_string(), state.text("rho"), "{context}");
    }
}
