//! One vault from its opening through fees and a crash to the last unit on the books, as Maker's contracts
//! would have it: amounts in `Wad`, rates in `Ray`, coins with all of their 45 places.
//!
//! ```text
//! cargo run --release --example vault_liquidation
//! ```
//!
//! Fails if a coin or a unit of collateral is not accounted for.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "seconds of one auction, and the bars that draw it"
)]

use std::error::Error;

use defi_math::rate::{PerYear, Rate, seconds};
use defi_math::vault::{
    Adjusted, AuctionHouse, AuctionTerms, Change, Coins, CollateralType, CollateralTypeState,
    Outcome, Position, PriceCurve, System, SystemState, Wallet, per_second_factor,
};
use defi_math::{Amount, Price, Ratio, Ray, Wad};

type Done<T = ()> = Result<T, Box<dyn Error>>;

const DAY: u32 = 86_400;

fn wad(text: &str) -> Done<Wad> {
    Ok(text.parse()?)
}

fn ratio(text: &str) -> Done<Ratio<Ray>> {
    Ok(text.parse::<Ray>()?.into())
}

fn coins(text: &str) -> Done<Coins<Wad>> {
    Ok(text.parse()?)
}

fn price(text: &str) -> Done<Price<Wad>> {
    Ok(Price::new(wad(text)?)?)
}

/// The whole stage: two owners of positions, one of whom buys at the auction, and a keeper.
struct Stage {
    system: System<Wad>,
    ether: CollateralType<Wad>,
    alice: (Position<Wad>, Wallet<Wad>),
    bob: (Position<Wad>, Wallet<Wad>),
    keeper: Coins<Wad>,
}

impl Stage {
    fn open() -> Done<Self> {
        let system = System::new(coins("1000000")?)?;
        let five_percent = Rate::<Ray, PerYear>::new("0.05".parse()?)?;
        let ether = CollateralType::try_from(CollateralTypeState {
            stability_fee: per_second_factor(five_percent)?,
            debt_ceiling: coins("500000")?,
            debt_floor: coins("5000")?,
            liquidation_penalty: wad("1.13")?.into(),
            ..CollateralTypeState::at_ratio(ratio("1.5")?)?
        })?;
        let with = |ether: &str| -> Done<_> {
            let wallet = Wallet { collateral: wad(ether)?.into(), coins: Coins::ZERO };
            Ok((Position::EMPTY, wallet))
        };
        let (alice, bob) = (with("10")?, with("40")?);
        Ok(Self { system, ether, alice, bob, keeper: Coins::ZERO })
    }

    /// Books what a change of a position has moved.
    fn settled(
        &mut self,
        (_, wallet): (Position<Wad>, Wallet<Wad>),
        adjusted: &Adjusted<Wad>,
    ) -> Done<(Position<Wad>, Wallet<Wad>)> {
        (self.ether, self.system) = (adjusted.collateral_type, adjusted.system);
        Ok((adjusted.position, wallet.settle(adjusted)?))
    }

    fn accrue(&mut self, days: u32) -> Done {
        let accrual = self.ether.accrue(seconds(days * DAY), &self.system)?;
        (self.ether, self.system) = (accrual.collateral_type, accrual.system);
        Ok(())
    }

    /// Every coin is in somebody's hands, and is owed by a position or by the system.
    fn check(&self, what: &str) -> Done {
        let SystemState { issued, unbacked, surplus, bad_debt, .. } = *self.system.state();
        let held = (((self.alice.1.coins + self.bob.1.coins)? + self.keeper)? + surplus)?;
        if held != issued || !self.system.is_balanced([&self.ether])? || unbacked != bad_debt {
            return Err(format!("{what}: {issued} issued, {held} held").into());
        }
        let worth = match self.system.net_worth()? {
            Change::Increase(coins) => format!("+{coins:.4}"),
            Change::Decrease(coins) => format!("−{coins:.4}"),
        };
        let owed = self.ether.debt()?;
        println!(
            "{what:<34} {issued:>12.4} {owed:>12.4} {surplus:>11.4} {bad_debt:>11.4} {worth:>12}"
        );
        Ok(())
    }
}

fn main() -> Done {
    println!(
        "{:<34} {:>12} {:>12} {:>11} {:>11} {:>12}",
        "the books", "issued", "owed", "surplus", "bad debt", "net worth"
    );
    let mut stage = Stage::open()?;
    stage.ether = stage.ether.at_market_price(price("3000")?, &stage.system)?;

    // Alice locks 10 ether and draws 15,000; Bob locks 40 and draws 45,000.
    for (is_alice, ether, drawn) in [(true, "10", "15000"), (false, "40", "45000")] {
        let mut owner = if is_alice { stage.alice } else { stage.bob };
        let locked = owner.0.lock(wad(ether)?, &stage.ether, &stage.system)?;
        owner = stage.settled(owner, &locked)?;
        let drawn = owner.0.draw(wad(drawn)?, &stage.ether, &stage.system)?;
        owner = stage.settled(owner, &drawn)?;
        *(if is_alice { &mut stage.alice } else { &mut stage.bob }) = owner;
    }
    stage.check("opened at 3000")?;
    let at = stage.alice.0.liquidation_price(&stage.ether, &stage.system)?;
    println!("  Alice is safe down to {}", at.to_number_up()?);

    stage.accrue(365)?;
    stage.check("a year later")?;
    let at = stage.alice.0.liquidation_price(&stage.ether, &stage.system)?;
    println!("  Alice owes {}", stage.alice.0.debt(&stage.ether)?);
    println!("  and is safe down to {}", at.to_number_up()?);

    // The crash.
    let crash = price("2300")?;
    stage.ether = stage.ether.at_market_price(crash, &stage.system)?;
    let health = stage.alice.0.collateralization_ratio(crash, &stage.ether)?;
    println!("  at 2300 her ratio is {health}, below 1.5");
    let factor = ratio("0.99")?;
    let terms = AuctionTerms {
        buffer: ratio("1.2")?,
        maximum_age: seconds(8_400),
        minimum_price: ratio("0.4")?,
        fixed_incentive: coins("250")?,
        proportional_incentive: wad("0.001")?.into(),
        smallest_remainder: stage.ether.smallest_remainder()?,
        ..AuctionTerms::on_curve(PriceCurve::Stairstep { step: seconds(90), factor })
    };
    let house = AuctionHouse::try_from(terms)?;
    let bark = stage.alice.0.liquidate(crash, &house, &stage.ether, &stage.system)?;
    stage.alice.0 = bark.position;
    (stage.ether, stage.system) = (bark.collateral_type, bark.system);
    stage.keeper = (stage.keeper + bark.incentive)?;
    stage.check("liquidated")?;
    println!(
        "  {} ether on sale for {}, from {} on",
        bark.auction.collateral(),
        bark.auction.to_raise(),
        bark.auction.starting_price()
    );

    sell(&mut stage, &house, bark.auction)?;
    stage.check("sold")?;

    // The bad debt has waited long enough: what was raised cancels it.
    stage.system = stage.system.release_queued(stage.system.state().queued_debt)?;
    let cancelled = stage.system.state().surplus.min(stage.system.healable_debt()?);
    stage.system = stage.system.heal(cancelled)?.after;
    stage.check("healed")?;

    let alice = (stage.alice.0.collateral() + stage.alice.1.collateral)?;
    let bob = (stage.bob.0.collateral() + stage.bob.1.collateral)?;
    println!("Alice has {alice} ether and {:.6} coins,", stage.alice.1.coins);
    println!(
        "Bob has {bob} ether and {:.6} coins, the keeper {:.6}.",
        stage.bob.1.coins, stage.keeper
    );
    if (alice + bob)? != Amount::from(wad("50")?) {
        return Err("collateral has been lost".into());
    }
    Ok(())
}

/// The auction second by second, until it is worth Bob's while: he sells at 2,200 outside.
fn sell(
    stage: &mut Stage,
    house: &AuctionHouse<Wad>,
    start: defi_math::vault::Auction<Wad>,
) -> Done {
    let worth_it: Ray = "2178".parse()?;
    let mut auction = start;
    let mut shown = None;
    // He tries with a part first.
    let mut wanted = wad("3")?;
    for age in 0.. {
        let age = seconds(age);
        if auction.needs_reset(age, house)? {
            return Err("nobody bought".into());
        }
        let now = auction.price(age, house)?;
        if shown != Some(now) {
            // One mark for every 50.
            let marks = usize::try_from(now.get().raw() / 10_u128.pow(27) / 50)?;
            let bar = "#".repeat(marks);
            println!("  {:>5} s {now:>9.2} {bar}", age.count());
            shown = Some(now);
        }
        if now > worth_it {
            continue;
        }
        let take = auction.take(wanted, worth_it, age, house, &stage.ether, &stage.system)?;
        let (bought, paid) = (take.purchase.collateral, take.purchase.paid);
        println!("  Bob buys {bought} ether for {paid}");
        let wallet = &mut stage.bob.1;
        wallet.coins = (wallet.coins - paid)?;
        wallet.collateral = (wallet.collateral + bought)?;
        (stage.ether, stage.system) = (take.collateral_type, take.system);
        match take.outcome {
            Outcome::Running(running) => {
                auction = running;
                wanted = wad("10")?;
            }
            Outcome::Raised { returned } => {
                println!("  all is raised, {returned} ether go back to Alice");
                stage.alice.1.collateral = (stage.alice.1.collateral + returned)?;
                return Ok(());
            }
            Outcome::SoldOut { shortfall } => {
                println!("  all is sold, {shortfall} are lost");
                return Ok(());
            }
        }
    }
    Ok(())
}
