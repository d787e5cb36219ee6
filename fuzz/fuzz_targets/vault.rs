//! Positions, liquidations and auctions together: any sequence of operations on a system from any terms, in
//! every number type.
//!
//! Nothing may panic. After each step every coin is in somebody's hands and is owed by a position or by the
//! system, no collateral is lost, every state can be stored and read again, and what was accepted is what
//! the contract's conditions allow.

#![no_main]

use arbitrary::Arbitrary;
use defi_math::rate::{Elapsed, PerSecond, Rate, seconds};
use defi_math::vault::{
    Adjusted, Adjustment, Auction, AuctionHouse, AuctionTerms, Breaker, Change, Coins,
    CollateralType, CollateralTypeState, Outcome, Position, PriceCurve, Savings, System,
    SystemState, UnitPrice, VaultError, VaultNumber, Wallet, per_second_factor, risk, yearly_rate,
};
use defi_math::{Amount, Index, MathError, Price, Ratio, Shares, Wad};
use defi_math_fuzz::{Bits, Fuzzed};
use libfuzzer_sys::fuzz_target;
use rust_decimal::Decimal;

/// Positions, wallets and savers.
const PEOPLE: usize = 2;

#[derive(Arbitrary, Debug)]
enum Scenario {
    Wad(Terms, Vec<Op>),
    Decimal(Terms, Vec<Op>),
    Float(Terms, Vec<Op>),
}

/// The terms of everything; those that are refused end the run.
#[derive(Arbitrary, Clone, Debug)]
struct Terms {
    base_fee: Bits,
    par: Option<Bits>,
    ceiling: Bits,
    rate: Option<Bits>,
    fee: Bits,
    fee_is_plain: bool,
    ratio: Bits,
    penalty: Option<Bits>,
    floor: Option<Bits>,
    limits: [Option<Bits>; 2],
    price: Bits,
    curve: Curve,
    buffer: Option<Bits>,
    maximum_age: u32,
    minimum_price: Bits,
    incentives: [Bits; 2],
    wallets: [Bits; PEOPLE],
}

#[derive(Arbitrary, Clone, Debug)]
enum Curve {
    Linear(u16),
    Stairstep(u8, Bits),
    Exponential(Bits),
}

/// Of what it is measured against: a part of it, give or take some units, or any number.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Size {
    Part(u8),
    Any(Bits),
}

#[derive(Arbitrary, Clone, Debug)]
enum Op {
    Lock(bool, Size),
    Free(bool, Size),
    Draw(bool, Size),
    Wipe(bool, Size),
    WipeAll(bool),
    Adjust(bool, (bool, Size), (bool, Size)),
    Accrue(u32),
    Price(Bits),
    SafetyPrice(Bits),
    Liquidate(bool),
    Take { at: u8, who: bool, wanted: Size, age: u16 },
    Reset { at: u8, age: u16 },
    Cancel(u8),
    Breaker(u8),
    Floor(Bits),
    Heal(Size),
    HealOnAuction(Size),
    Release(Size),
    AuctionDebt(Size),
    AuctionSurplus(Size, Bits),
    Save(bool, Size),
    Unsave(bool, Size),
    SavingsRate(Bits, u8),
    Quote(bool, Bits),
}

trait Vaulted: VaultNumber<Rate: Fuzzed> + Fuzzed {
    const EXACT: bool;
    /// Whether every amount has all of its places: a large `Decimal` has fewer.
    const ONE_GRID: bool;
}

impl Vaulted for Wad {
    const EXACT: bool = true;
    const ONE_GRID: bool = true;
}

impl Vaulted for Decimal {
    const EXACT: bool = true;
    const ONE_GRID: bool = false;
}

impl Vaulted for f64 {
    const EXACT: bool = false;
    const ONE_GRID: bool = false;
}

impl Size {
    fn of<N: Vaulted>(self, whole: Amount<N>) -> Result<Amount<N>, MathError> {
        match self {
            Self::Part(u8::MAX) => Ok(whole),
            Self::Part(part) => {
                let over = N::ONE.exact(defi_math::num::Grid::Amount)?;
                let (by, over) = (
                    defi_math::num::Exact::times(over, u32::from(part))?,
                    defi_math::num::Exact::times(over, u32::from(u8::MAX))?,
                );
                let fit = defi_math::num::Fit::From(whole);
                whole.mul_div(by, over, fit, defi_math::num::Rounding::Down)
            }
            Self::Any(bits) => Amount::new(N::read(bits)),
        }
    }

    fn coins<N: Vaulted>(self, whole: Coins<N>) -> Result<Coins<N>, MathError> {
        match self {
            Self::Part(u8::MAX) => Ok(whole),
            Self::Part(_) => Coins::of(self.of(whole.to_amount_down()?)?),
            Self::Any(bits) => Coins::new(N::read(bits)),
        }
    }
}

struct Sale<N: Vaulted> {
    auction: Auction<N>,
    owner: usize,
}

struct World<N: Vaulted> {
    system: System<N>,
    terms: CollateralType<N>,
    house: AuctionHouse<N>,
    savings: Savings<N>,
    market: Price<N>,
    positions: [Position<N>; PEOPLE],
    wallets: [Wallet<N>; PEOPLE],
    shares: [Shares<N>; PEOPLE],
    sales: Vec<Sale<N>>,
    elsewhere: Wallet<N>,
    collateral: Amount<N>,
}

fn rate<N: Vaulted>(bits: Bits) -> N::Rate {
    <N::Rate as Fuzzed>::read(bits)
}

fn optional<N: Vaulted, T>(
    bits: Option<Bits>,
    otherwise: T,
    read: impl FnOnce(N::Rate) -> Result<T, MathError>,
) -> Result<T, MathError> {
    bits.map_or(Ok(otherwise), |bits| read(rate::<N>(bits)))
}

fn open<N: Vaulted>(stored: &Terms) -> Result<World<N>, VaultError> {
    let coins = |bits| Coins::new(N::read(bits));
    let limit = |bits: Option<Bits>| bits.map_or(Ok(Coins::LARGEST_LIMIT), coins);
    let system = System::try_from(SystemState {
        debt_ceiling: coins(stored.ceiling)?,
        base_fee: Rate::<N::Rate, PerSecond>::new(rate::<N>(stored.base_fee))?,
        redemption_price: optional::<N, _>(stored.par, UnitPrice::ONE, UnitPrice::new)?,
        liquidation_limit: limit(stored.limits[0])?,
        ..SystemState::empty()?
    })?;
    let fee = if stored.fee_is_plain {
        Index::new(rate::<N>(stored.fee))?
    } else {
        // A yearly rate, carried to the second and back.
        let factor = per_second_factor(Rate::new(rate::<N>(stored.fee))?)?;
        let _ = yearly_rate(factor);
        factor
    };
    let market = Price::new(N::read(stored.price))?;
    let terms = CollateralType::try_from(CollateralTypeState {
        accumulated_rate: optional::<N, _>(stored.rate, Index::ONE, Index::new)?,
        debt_floor: stored.floor.map_or(Ok(Coins::ZERO), coins)?,
        stability_fee: fee,
        liquidation_penalty: match stored.penalty {
            Some(bits) => Ratio::new(N::read(bits))?,
            None => Ratio::ONE,
        },
        liquidation_limit: limit(stored.limits[1])?,
        ..CollateralTypeState::at_ratio(Ratio::new(rate::<N>(stored.ratio))?)?
    })?
    .at_market_price(market, &system)?;
    let factor = |bits| Ratio::new(rate::<N>(bits));
    let curve = match stored.curve {
        Curve::Linear(time) => PriceCurve::Linear { duration: seconds(time.into()) },
        Curve::Stairstep(step, cut) => {
            PriceCurve::Stairstep { step: seconds(step.into()), factor: factor(cut)? }
        }
        Curve::Exponential(cut) => PriceCurve::Exponential { factor: factor(cut)? },
    };
    let [tip, chip] = stored.incentives;
    let house = AuctionHouse::try_from(AuctionTerms {
        buffer: optional::<N, _>(stored.buffer, Ratio::ONE, Ratio::new)?,
        maximum_age: seconds(stored.maximum_age),
        minimum_price: factor(stored.minimum_price)?,
        fixed_incentive: coins(tip)?,
        proportional_incentive: Ratio::new(N::read(chip))?,
        smallest_remainder: terms.smallest_remainder()?,
        ..AuctionTerms::on_curve(curve)
    })?;
    let mut collateral = Amount::ZERO;
    let mut wallets = [Wallet { collateral, coins: Coins::ZERO }; PEOPLE];
    for (wallet, bits) in wallets.iter_mut().zip(stored.wallets) {
        wallet.collateral = Amount::new(N::read(bits))?;
        collateral = (collateral + wallet.collateral)?;
    }
    Ok(World {
        system,
        terms,
        house,
        savings: Savings::new(fee)?,
        market,
        positions: [Position::EMPTY; PEOPLE],
        wallets,
        shares: [Shares::ZERO; PEOPLE],
        sales: Vec::new(),
        elsewhere: Wallet { collateral: Amount::ZERO, coins: Coins::ZERO },
        collateral,
    })
}

impl<N: Vaulted> World<N> {
    fn settle(&mut self, who: usize, adjusted: &Adjusted<N>) -> Result<(), VaultError> {
        self.wallets[who] = self.wallets[who].settle(adjusted)?;
        let before = self.positions[who];
        self.positions[who] = adjusted.position;
        self.terms = adjusted.collateral_type;
        self.system = adjusted.system;
        if N::EXACT {
            let after = adjusted.position;
            let no_riskier = after.collateral() >= before.collateral()
                && after.normalized_debt() <= before.normalized_debt();
            assert!(no_riskier || after.is_safe(&self.terms).unwrap());
            let debt = after.debt(&self.terms).unwrap();
            let floor = self.terms.state().debt_floor;
            assert!(after.normalized_debt().is_zero() || debt >= floor);
        }
        Ok(())
    }

    fn keep(&mut self, incentive: Coins<N>) -> Result<(), VaultError> {
        self.elsewhere.coins = (self.elsewhere.coins + incentive)?;
        Ok(())
    }

    fn step(&mut self, op: &Op) -> Result<(), VaultError> {
        let (terms, system) = (self.terms, self.system);
        match *op {
            Op::Lock(who, size) => {
                let who = usize::from(who);
                let locked = size.of(self.wallets[who].collateral)?;
                self.settle(who, &self.positions[who].lock(locked, &terms, &system)?)
            }
            Op::Free(who, size) => {
                let who = usize::from(who);
                let most = self.positions[who].maximum_free(&terms, &system)?;
                let freed = size.of(most)?;
                let result = self.positions[who].free(freed, &terms, &system);
                let inexact = Some(VaultError::Math(MathError::Inexact));
                let refused = result.err().is_some_and(|error| Some(error) != inexact);
                assert!(!N::EXACT || freed > most || freed.is_zero() || !refused);
                assert!(!N::ONE_GRID || freed <= most || result.is_err());
                self.settle(who, &result?)
            }
            Op::Draw(who, size) => {
                let who = usize::from(who);
                let most = self.positions[who].maximum_draw(&terms, &system)?;
                let drawn = size.of(most)?;
                let result = self.positions[who].draw(drawn, &terms, &system);
                assert!(!N::ONE_GRID || drawn <= most || result.is_err());
                self.settle(who, &result?)
            }
            Op::Wipe(who, size) => {
                let who = usize::from(who);
                let owed = self.positions[who].debt(&terms)?.to_amount_up()?;
                let wiped = self.positions[who].wipe(size.of(owed)?, &terms, &system)?;
                self.settle(who, &wiped)
            }
            Op::WipeAll(who) => {
                let who = usize::from(who);
                self.settle(who, &self.positions[who].wipe_all(&terms, &system)?)
            }
            Op::Adjust(who, (locks, ink), (draws, art)) => {
                let who = usize::from(who);
                let change = |more, amount| match more {
                    true => Change::Increase(amount),
                    false => Change::Decrease(amount),
                };
                let adjustment = Adjustment {
                    collateral: change(locks, ink.of(self.wallets[who].collateral)?),
                    normalized_debt: change(draws, art.of(self.positions[who].normalized_debt())?),
                };
                self.settle(who, &self.positions[who].adjust(adjustment, &terms, &system)?)
            }
            Op::Accrue(time) => {
                let accrual = terms.accrue(seconds(time), &system)?;
                let interest = self.savings.accrue(seconds(time), &accrual.system)?;
                self.terms = accrual.collateral_type;
                (self.savings, self.system) = (interest.savings, interest.system);
                Ok(())
            }
            Op::Price(price) => {
                let market = Price::new(N::read(price))?;
                self.terms = terms.at_market_price(market, &system)?;
                self.market = market;
                Ok(())
            }
            Op::SafetyPrice(price) => {
                self.terms = terms.at_safety_price(UnitPrice::new(rate::<N>(price))?)?;
                Ok(())
            }
            Op::Liquidate(who) => {
                let who = usize::from(who);
                let position = self.positions[who];
                let bark = position.liquidate(self.market, &self.house, &terms, &system);
                if N::EXACT && position.is_safe(&terms)? {
                    assert_eq!(bark.err(), Some(VaultError::NotUnsafe));
                    return Ok(());
                }
                let bark = bark?;
                self.positions[who] = bark.position;
                self.sales.push(Sale { auction: bark.auction, owner: who });
                (self.terms, self.system) = (bark.collateral_type, bark.system);
                self.keep(bark.incentive)
            }
            Op::Take { at, who, wanted, age } => {
                let Some(at) = usize::from(at).checked_rem(self.sales.len()) else { return Ok(()) };
                let Sale { auction, owner } = &self.sales[at];
                let (who, owner, auction) = (usize::from(who), *owner, *auction);
                let age: Elapsed<PerSecond> = seconds(age.into());
                let wanted = wanted.of(auction.collateral())?;
                let limit = auction.price(age, &self.house)?;
                let take = auction.take(wanted, limit, age, &self.house, &terms, &system)?;
                let purchase = take.purchase;
                let coins = (self.wallets[who].coins - purchase.paid)
                    .map_err(|_| VaultError::InsufficientBalance)?;
                self.wallets[who].coins = coins;
                let held = (self.wallets[who].collateral + purchase.collateral)?;
                self.wallets[who].collateral = held;
                assert!(!N::EXACT || purchase.paid <= auction.to_raise());
                (self.terms, self.system) = (take.collateral_type, take.system);
                match take.outcome {
                    Outcome::Running(auction) => self.sales[at] = Sale { auction, owner },
                    Outcome::Raised { returned } => {
                        let owner = &mut self.wallets[owner];
                        owner.collateral = (owner.collateral + returned)?;
                        self.sales.remove(at);
                    }
                    Outcome::SoldOut { .. } => {
                        self.sales.remove(at);
                    }
                }
                Ok(())
            }
            Op::Reset { at, age } => {
                let Some(at) = usize::from(at).checked_rem(self.sales.len()) else { return Ok(()) };
                let Sale { auction, owner } = &self.sales[at];
                let (owner, auction) = (*owner, *auction);
                let reset =
                    auction.reset(self.market, seconds(age.into()), &self.house, &system)?;
                self.system = reset.system;
                self.sales[at] = Sale { auction: reset.auction, owner };
                self.keep(reset.incentive)
            }
            Op::Cancel(at) => {
                if let Some(at) = usize::from(at).checked_rem(self.sales.len()) {
                    let cancelled = self.sales[at].auction.cancel(&terms, &system)?;
                    self.elsewhere.collateral = (self.elsewhere.collateral + cancelled.collateral)?;
                    (self.terms, self.system) = (cancelled.collateral_type, cancelled.system);
                    self.sales.remove(at);
                }
                Ok(())
            }
            Op::Breaker(level) => {
                let levels = [Breaker::Closed, Breaker::NoStart, Breaker::NoReset, Breaker::NoTake];
                self.house = self.house.with_breaker(levels[usize::from(level) % levels.len()]);
                Ok(())
            }
            Op::Floor(floor) => {
                let debt_floor = Coins::new(N::read(floor))?;
                let state = CollateralTypeState { debt_floor, ..*terms.state() };
                self.terms = CollateralType::try_from(state)?;
                let smallest_remainder = self.terms.smallest_remainder()?;
                let house = AuctionTerms { smallest_remainder, ..*self.house.terms() };
                self.house = AuctionHouse::try_from(house)?;
                Ok(())
            }
            Op::Heal(size) => {
                let most = system.state().surplus.min(system.healable_debt()?);
                self.system = system.heal(size.coins(most)?)?.after;
                Ok(())
            }
            Op::HealOnAuction(size) => {
                let most = system.state().surplus.min(system.state().debt_on_auction);
                self.system = system.heal_on_auction(size.coins(most)?)?.after;
                Ok(())
            }
            Op::Release(size) => {
                let waiting = system.state().queued_debt;
                self.system = system.release_queued(size.coins(waiting)?)?;
                Ok(())
            }
            Op::AuctionDebt(size) => {
                self.system = system.auction_debt(size.coins(system.healable_debt()?)?)?;
                Ok(())
            }
            Op::AuctionSurplus(size, buffer) => {
                let sold = size.coins(system.state().surplus)?;
                self.system = system.auction_surplus(sold, Coins::new(N::read(buffer))?)?;
                self.keep(sold)
            }
            Op::Save(who, size) => {
                let who = usize::from(who);
                let most = self.savings.shares_for(self.wallets[who].coins)?;
                let shares = Shares::new(size.of(Amount::<N>::new(most.get())?)?.get())?;
                let deposit = self.savings.deposit(shares, seconds(0))?;
                let left = self.wallets[who].coins - deposit.coins;
                self.shares[who] = (self.shares[who] + shares)?;
                self.wallets[who].coins = left.map_err(|_| VaultError::InsufficientBalance)?;
                self.savings = deposit.after;
                Ok(())
            }
            Op::Unsave(who, size) => {
                let who = usize::from(who);
                let held = Amount::<N>::new(self.shares[who].get())?;
                let shares = Shares::new(size.of(held)?.get())?;
                self.shares[who] = (self.shares[who] - shares)?;
                let withdrawal = self.savings.withdraw(shares)?;
                self.wallets[who].coins = (self.wallets[who].coins + withdrawal.coins)?;
                self.savings = withdrawal.after;
                Ok(())
            }
            Op::SavingsRate(factor, since) => {
                let factor = Index::new(rate::<N>(factor))?;
                self.savings = self.savings.with_rate(factor, seconds(since.into()))?;
                Ok(())
            }
            Op::Quote(who, fall) => {
                let position = self.positions[usize::from(who)];
                // A refusal is an answer; only a panic is not.
                let _ = position.collateralization_ratio(self.market, &terms);
                let _ = position.lowest_safety_price(&terms);
                if let Ok(price) = position.liquidation_price(&terms, &system)
                    && let Ok(there) = terms.at_market_price(price, &system)
                {
                    assert!(!N::EXACT || position.is_safe(&there).unwrap());
                }
                let fall = Ratio::new(N::read(fall))?;
                let all = &self.positions;
                let _ = risk::debt_at_risk_after(fall, self.market, all, &terms, &system);
                Ok(())
            }
        }
    }

    fn coins_held(&self) -> Result<Coins<N>, VaultError> {
        let mut held = (self.system.state().surplus + self.elsewhere.coins)?;
        held = (held + self.savings.total()?)?;
        for wallet in &self.wallets {
            held = (held + wallet.coins)?;
        }
        Ok(held)
    }

    fn collateral_held(&self) -> Result<Amount<N>, VaultError> {
        let mut held = self.elsewhere.collateral;
        for (wallet, position) in self.wallets.iter().zip(&self.positions) {
            held = ((held + wallet.collateral)? + position.collateral())?;
        }
        for sale in &self.sales {
            held = (held + sale.auction.collateral())?;
        }
        Ok(held)
    }

    fn check(&self) {
        let text = serde_json::to_string(&(self.system, self.terms, self.house)).unwrap();
        let read: (System<N>, CollateralType<N>, AuctionHouse<N>) =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        if !N::EXACT {
            return;
        }
        assert!(read == (self.system, self.terms, self.house), "{text}");
        assert!(self.system.is_balanced([&self.terms]).unwrap());
        assert_eq!(self.coins_held().unwrap(), self.system.state().issued);
        // Sums of many `Decimal`s can need more places than one has.
        if let Ok(held) = self.collateral_held() {
            assert_eq!(held, self.collateral);
        }
        let mut to_raise = Coins::ZERO;
        for sale in &self.sales {
            to_raise = (to_raise + sale.auction.to_raise()).unwrap();
        }
        assert_eq!(to_raise, self.system.state().in_liquidation);
        assert_eq!(to_raise, self.terms.state().in_liquidation);
    }
}

impl<N: Vaulted> Clone for Sale<N> {
    fn clone(&self) -> Self {
        Self { auction: self.auction, owner: self.owner }
    }
}

impl<N: Vaulted> Clone for World<N> {
    fn clone(&self) -> Self {
        Self { sales: self.sales.clone(), ..*self }
    }
}

fn drive<N: Vaulted>(terms: &Terms, ops: &[Op]) {
    let Ok(mut world) = open::<N>(terms) else { return };
    world.check();
    for op in ops {
        let mut next = world.clone();
        if next.step(op).is_ok() {
            next.check();
            world = next;
        }
    }
}

fuzz_target!(|scenario: Scenario| {
    match scenario {
        Scenario::Wad(terms, ops) => drive::<Wad>(&terms, &ops),
        Scenario::Decimal(terms, ops) => drive::<Decimal>(&terms, &ops),
        Scenario::Float(terms, ops) => drive::<f64>(&terms, &ops),
    }
});
