//! Laws of vaults, and an adversary who may do anything in them that the API allows.
//!
//! Everything is compared in integers: amounts in 10^−18, coins in 10^−45, as the contract has them.

use defi_math::laws::Verdict;
use defi_math::rate::{PerSecond, Rate, seconds};
use defi_math::vault::{
    Adjusted, Adjustment, Auction, AuctionHouse, AuctionTerms, Breaker, Change, Coins,
    CollateralType, CollateralTypeState, Outcome, Position, PriceCurve, Savings, System,
    SystemState, VaultError, VaultNumber, Wallet, risk,
};
use defi_math::{Amount, Index, Price, Ratio, Shares, Wad};
use num_bigint::BigInt;
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::support::{Exactly, accept, check};

/// A number type in which everything here is exact.
trait Vaulted: Exactly + VaultNumber {}

impl Vaulted for Wad {}
impl Vaulted for Decimal {}

const ONE: u128 = 1_000_000_000_000_000_000;
const RAY: u128 = ONE * 1_000_000_000;

fn amount<N: Vaulted>(units: u128) -> Amount<N> {
    N::of_units(units).unwrap()
}

/// A rate of so many 10^−27.
fn rate<N: Vaulted>(units: u128) -> N::Rate {
    let (whole, places) = (units / RAY, units % RAY);
    format!("{whole}.{places:027}").parse().unwrap_or_else(|_| panic!("{units} does not fit"))
}

fn coin_units<N: Vaulted>(coins: Coins<N>) -> BigInt {
    let text = format!("{coins:.45}");
    text.replace('.', "").parse().unwrap()
}

fn coins_of<N: Vaulted>(units: &BigInt) -> Coins<N> {
    let text = format!("{units:0>46}");
    let (whole, places) = text.split_at(text.len() - 45);
    format!("{whole}.{places}").parse().unwrap()
}

fn rate_units<N: Vaulted>(rate: N::Rate) -> BigInt {
    let text = format!("{rate:.27}");
    let (whole, places) = text.split_once('.').unwrap_or((&text, ""));
    format!("{whole}{places:0<27}").parse().unwrap()
}

fn wad<N: Vaulted>(amount: Amount<N>) -> BigInt {
    amount.get().units()
}

/// An integer of any magnitude up to a bound.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "any number near will do"
)]
fn magnitude(least: u128, most: u128) -> impl Strategy<Value = u128> + Clone {
    (0.0..=1.0_f64, any::<u64>()).prop_map(move |(at, noise)| {
        let (low, high) = ((least.max(1) as f64).ln(), (most as f64).ln());
        let drawn = (low + at * (high - low)).exp() as u128;
        // Random low digits, of the same magnitude.
        (drawn ^ (u128::from(noise) % (drawn / 16 + 16))).clamp(least, most)
    })
}

/// A part of a bound: nothing, some of it, all of it, or a few units beside it.
#[derive(Clone, Copy, Debug)]
struct Part {
    part: u16,
    beside: i8,
}

impl Part {
    fn of(self, bound: &BigInt) -> u128 {
        let drawn = bound * self.part / u16::MAX + self.beside;
        u128::try_from(drawn).unwrap_or(0)
    }
}

fn part() -> impl Strategy<Value = Part> {
    let part = prop_oneof![3 => any::<u16>(), 2 => Just(u16::MAX), 1 => Just(0)];
    (part, prop_oneof![3 => Just(0), 1 => -2..=2_i8])
        .prop_map(|(part, beside)| Part { part, beside })
}

/// A market: the terms, and a price in 10^−18.
#[derive(Clone, Copy, Debug)]
struct Market {
    price: u128,
    ratio: u128,
    floor: u128,
    fee: u128,
    base: u128,
    penalty: u128,
    rate: u128,
    ceiling: u128,
    limit: u128,
}

fn market() -> impl Strategy<Value = Market> {
    let prices = (magnitude(ONE / 100, 60 * ONE), RAY..2 * RAY, magnitude(1, 10_000 * ONE));
    let fees = (0..2_000_000_000_000_000_000_u128, 0..1_000_000_000_000_000_u128);
    let terms = (ONE..ONE * 13 / 10, RAY..3 * RAY, magnitude(ONE, 1_000_000 * ONE));
    (prices, fees, terms, magnitude(ONE, 1_000_000 * ONE)).prop_map(
        |((price, ratio, floor), (fee, base), (penalty, rate, ceiling), limit)| Market {
            price,
            ratio,
            floor,
            fee,
            base,
            penalty,
            rate,
            ceiling,
            limit,
        },
    )
}

fn price<N: Vaulted>(units: u128) -> Price<N> {
    Price::new(amount::<N>(units).get()).unwrap()
}

impl Market {
    fn open<N: Vaulted>(&self) -> (CollateralType<N>, System<N>) {
        let system = System::try_from(SystemState {
            base_fee: Rate::<N::Rate, PerSecond>::new(rate::<N>(self.base)).unwrap(),
            ..SystemState::empty().unwrap()
        })
        .unwrap();
        let collateral_type = CollateralType::try_from(CollateralTypeState {
            accumulated_rate: Index::new(rate::<N>(self.rate)).unwrap(),
            debt_ceiling: Coins::of(amount(self.ceiling)).unwrap(),
            debt_floor: Coins::of(amount(self.floor)).unwrap(),
            stability_fee: Index::new(rate::<N>(RAY + self.fee)).unwrap(),
            liquidation_penalty: Ratio::new(amount::<N>(self.penalty).get()).unwrap(),
            liquidation_limit: Coins::of(amount(self.limit)).unwrap(),
            ..CollateralTypeState::at_ratio(Ratio::new(rate::<N>(self.ratio)).unwrap()).unwrap()
        })
        .unwrap();
        (collateral_type.at_market_price(price(self.price), &system).unwrap(), system)
    }
}

/// A position that owes a part of what its collateral is good for, or a little more, and the system in
/// which it does.
#[derive(Clone, Copy, Debug)]
struct Owing {
    market: Market,
    collateral: u128,
    owed: Part,
}

fn owing() -> impl Strategy<Value = Owing> {
    (market(), magnitude(1, 100_000 * ONE), part()).prop_map(|(market, collateral, owed)| Owing {
        market,
        collateral,
        owed,
    })
}

impl Owing {
    fn open<N: Vaulted>(&self) -> (Position<N>, CollateralType<N>, System<N>) {
        let (collateral_type, system) = self.market.open::<N>();
        let state = *collateral_type.state();
        let good_for = self.collateral * rate_units::<N>(state.safety_price.get());
        let bound = good_for / rate_units::<N>(state.accumulated_rate.get());
        let normalized_debt = amount(self.owed.of(&bound));
        let collateral_type =
            CollateralType::try_from(CollateralTypeState { normalized_debt, ..state }).unwrap();
        let issued = collateral_type.debt().unwrap();
        let system = System::try_from(SystemState { issued, ..*system.state() }).unwrap();
        let position = Position::new(amount::<N>(self.collateral), normalized_debt).unwrap();
        (position, collateral_type, system)
    }
}

fn debt<N: Vaulted>(position: &Position<N>, collateral_type: &CollateralType<N>) -> BigInt {
    coin_units(position.debt(collateral_type).unwrap())
}

/// `ink·spot` in 10^−45.
fn good_for<N: Vaulted>(position: &Position<N>, collateral_type: &CollateralType<N>) -> BigInt {
    wad(position.collateral()) * rate_units::<N>(collateral_type.state().safety_price.get())
}

macro_rules! laws {
    ($($law:ident),+ $(,)?) => {
        mod wad {
            $(#[test]
            fn $law() {
                super::$law::<::defi_math::Wad>();
            })+
        }

        mod decimal {
            $(#[test]
            fn $law() {
                super::$law::<::rust_decimal::Decimal>();
            })+
        }
    };
}

laws! {
    nothing_is_created_or_destroyed,
    a_debt_is_never_less_than_what_was_drawn,
    an_accepted_change_leaves_the_position_safe_or_no_riskier,
    a_debt_is_never_left_below_the_floor,
    the_most_that_can_be_drawn_is_accepted_and_a_unit_more_is_refused,
    the_most_that_can_be_freed_is_accepted_and_a_unit_more_is_refused,
    a_safe_position_is_never_liquidated,
    a_position_made_safe_is_not_liquidated,
    the_liquidation_price_is_sharp,
    a_liquidation_takes_no_more_collateral_than_its_part_of_the_debt,
    a_liquidation_keeps_to_the_limit_unless_it_takes_all,
    an_auction_never_sells_below_its_price,
    an_auction_never_raises_more_than_it_has_to,
    an_auction_leaves_nothing_small,
    an_auction_price_only_falls,
    a_stopped_auction_house_refuses,
    a_fee_never_lowers_a_debt,
    savings_hold_what_they_owe,
    debt_at_risk_grows_as_the_price_falls,
}

fn lowered(change: Change<BigInt>) -> BigInt {
    match change {
        Change::Increase(more) => more,
        Change::Decrease(less) => -less,
    }
}

/// What the adversary may do; positions, auctions and purses by number.
#[derive(Clone, Copy, Debug)]
enum Action {
    Lock(usize, Part),
    Free(usize, Part),
    Draw(usize, Part),
    Wipe(usize, Part),
    WipeAll(usize),
    Adjust(usize, (bool, Part), (bool, Part)),
    Wait(u16),
    Accrue,
    Move(Part),
    Liquidate(usize),
    /// The price falls by a third, and somebody is liquidated.
    Sink(usize),
    Take(usize, usize, Part),
    Reset(usize),
    Cancel(usize),
    Heal(Part),
    Release(Part),
    AuctionDebt(Part),
    AuctionSurplus(Part),
    Save(usize, Part),
    Unsave(usize, Part),
    Give(usize, Part),
    Floor(u128),
}

const PEOPLE: usize = 3;

fn action() -> impl Strategy<Value = Action> {
    let who = || 0..PEOPLE;
    prop_oneof![
        2 => (who(), part()).prop_map(|(who, part)| Action::Lock(who, part)),
        2 => (who(), part()).prop_map(|(who, part)| Action::Free(who, part)),
        4 => (who(), part()).prop_map(|(who, part)| Action::Draw(who, part)),
        2 => (who(), part()).prop_map(|(who, part)| Action::Wipe(who, part)),
        1 => who().prop_map(Action::WipeAll),
        2 => (who(), (any::<bool>(), part()), (any::<bool>(), part()))
            .prop_map(|(who, ink, art)| Action::Adjust(who, ink, art)),
        2 => any::<u16>().prop_map(Action::Wait),
        2 => Just(Action::Accrue),
        2 => part().prop_map(Action::Move),
        2 => who().prop_map(Action::Liquidate),
        3 => who().prop_map(Action::Sink),
        5 => (who(), who(), part()).prop_map(|(at, who, part)| Action::Take(at, who, part)),
        1 => who().prop_map(Action::Reset),
        1 => who().prop_map(Action::Cancel),
        1 => part().prop_map(Action::Heal),
        1 => part().prop_map(Action::Release),
        1 => part().prop_map(Action::AuctionDebt),
        1 => part().prop_map(Action::AuctionSurplus),
        1 => (who(), part()).prop_map(|(who, part)| Action::Save(who, part)),
        1 => (who(), part()).prop_map(|(who, part)| Action::Unsave(who, part)),
        1 => (who(), part()).prop_map(|(who, part)| Action::Give(who, part)),
        1 => magnitude(1, 10_000 * ONE).prop_map(Action::Floor),
    ]
}

#[derive(Clone, Copy, Debug)]
struct Sale<N: Vaulted> {
    auction: Auction<N>,
    owner: usize,
    age: u32,
}

/// Everything there is, and who holds it.
#[derive(Clone, Debug)]
struct World<N: Vaulted> {
    system: System<N>,
    collateral_type: CollateralType<N>,
    house: AuctionHouse<N>,
    savings: Savings<N>,
    price: u128,
    since_accrual: u32,
    positions: [Position<N>; PEOPLE],
    wallets: [Wallet<N>; PEOPLE],
    shares: [Shares<N>; PEOPLE],
    sales: Vec<Sale<N>>,
    /// Coins that left for auctions of the system's own shares, collateral of cancelled auctions.
    elsewhere: Wallet<N>,
    keeper: Coins<N>,
    /// Coins drawn less coins repaid, by position since it was last liquidated.
    drawn: [BigInt; PEOPLE],
    /// No floor above this one has ever been.
    lowest_floor: u128,
    market: Market,
}

const COLLATERAL: u128 = 1_000 * ONE;

fn world<N: Vaulted>(market: Market) -> World<N> {
    let (collateral_type, system) = market.open::<N>();
    let factor = Ratio::new(rate::<N>(RAY / 1_000 * 999)).unwrap();
    let house = AuctionHouse::try_from(AuctionTerms {
        buffer: Ratio::new(rate::<N>(RAY / 10 * 12)).unwrap(),
        maximum_age: seconds(3_000),
        minimum_price: Ratio::new(rate::<N>(RAY / 10 * 4)).unwrap(),
        fixed_incentive: Coins::of(amount(ONE)).unwrap(),
        proportional_incentive: Ratio::new(amount::<N>(ONE / 50).get()).unwrap(),
        smallest_remainder: collateral_type.smallest_remainder().unwrap(),
        ..AuctionTerms::on_curve(PriceCurve::Stairstep { step: seconds(7), factor })
    });
    let wallet = Wallet { collateral: amount(COLLATERAL), coins: Coins::ZERO };
    World {
        system,
        collateral_type,
        house: house.unwrap(),
        savings: Savings::new(Index::new(rate::<N>(RAY + market.fee)).unwrap()).unwrap(),
        price: market.price,
        since_accrual: 0,
        positions: [Position::EMPTY; PEOPLE],
        wallets: [wallet; PEOPLE],
        shares: [Shares::ZERO; PEOPLE],
        sales: Vec::new(),
        elsewhere: Wallet { collateral: Amount::ZERO, coins: Coins::ZERO },
        keeper: Coins::ZERO,
        drawn: [BigInt::ZERO, BigInt::ZERO, BigInt::ZERO],
        lowest_floor: market.floor,
        market,
    }
}

impl<N: Vaulted> World<N> {
    fn settle(&mut self, who: usize, adjusted: &Adjusted<N>) -> Result<(), VaultError> {
        self.wallets[who] = self.wallets[who].settle(adjusted)?;
        self.positions[who] = adjusted.position;
        self.collateral_type = adjusted.collateral_type;
        self.system = adjusted.system;
        self.drawn[who] += lowered(match adjusted.coins {
            Change::Increase(coins) => Change::Increase(coin_units(coins)),
            Change::Decrease(coins) => Change::Decrease(coin_units(coins)),
        });
        if self.positions[who].normalized_debt().is_zero() {
            self.drawn[who] = BigInt::ZERO;
        }
        Ok(())
    }

    /// A part of what somebody's collateral is good for, in units of normalized debt.
    fn debt_of(&self, who: usize, part: Part) -> u128 {
        let state = self.collateral_type.state();
        let bound = good_for(&self.positions[who], &self.collateral_type)
            / rate_units::<N>(state.accumulated_rate.get());
        part.of(&bound)
    }

    fn part_of(coins: Coins<N>, part: Part) -> Coins<N> {
        let bound = coin_units(coins);
        let drawn: BigInt = (&bound * part.part / u16::MAX + part.beside).max(BigInt::ZERO);
        coins_of(&drawn)
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each thing that can be done")]
    fn step(&mut self, action: Action) -> Result<(), VaultError> {
        let (ct, system) = (self.collateral_type, self.system);
        match action {
            Action::Lock(who, part) => {
                let locked = amount::<N>(part.of(&wad(self.wallets[who].collateral)));
                let adjusted = self.positions[who].lock(locked, &ct, &system)?;
                self.settle(who, &adjusted)
            }
            Action::Free(who, part) => {
                let freed = amount::<N>(part.of(&wad(self.positions[who].collateral())));
                let adjusted = self.positions[who].free(freed, &ct, &system)?;
                self.settle(who, &adjusted)
            }
            Action::Draw(who, part) => {
                let most = self.positions[who].maximum_draw(&ct, &system)?;
                let drawn = amount::<N>(part.of(&wad(most)));
                let adjusted = self.positions[who].draw(drawn, &ct, &system)?;
                self.settle(who, &adjusted)
            }
            Action::Wipe(who, part) => {
                let owed = self.positions[who].debt(&ct)?.to_amount_up()?;
                let repaid = amount::<N>(part.of(&wad(owed)));
                let adjusted = self.positions[who].wipe(repaid, &ct, &system)?;
                self.settle(who, &adjusted)
            }
            Action::WipeAll(who) => {
                let adjusted = self.positions[who].wipe_all(&ct, &system)?;
                self.settle(who, &adjusted)
            }
            Action::Adjust(who, (more, ink), (draws, art)) => {
                let ink = amount::<N>(ink.of(&(wad(self.wallets[who].collateral) / 2)));
                let art = amount::<N>(self.debt_of(who, art));
                let change = |more, amount| {
                    if more { Change::Increase(amount) } else { Change::Decrease(amount) }
                };
                let adjustment = Adjustment {
                    collateral: change(more, ink),
                    normalized_debt: change(draws, art),
                };
                let adjusted = self.positions[who].adjust(adjustment, &ct, &system)?;
                self.settle(who, &adjusted)
            }
            Action::Wait(time) => {
                self.since_accrual += u32::from(time);
                for sale in &mut self.sales {
                    sale.age += u32::from(time) / 20;
                }
                Ok(())
            }
            Action::Accrue => {
                let elapsed = seconds(self.since_accrual);
                let accrual = ct.accrue(elapsed, &system)?;
                self.collateral_type = accrual.collateral_type;
                let interest = self.savings.accrue(elapsed, &accrual.system)?;
                self.savings = interest.savings;
                self.system = interest.system;
                self.since_accrual = 0;
                Ok(())
            }
            Action::Move(part) => {
                let moved =
                    part.of(&BigInt::from(2 * self.market.price)).clamp(ONE / 1_000, 60 * ONE);
                self.collateral_type = ct.at_market_price(price(moved), &system)?;
                self.price = moved;
                Ok(())
            }
            Action::Liquidate(who) => {
                let position = self.positions[who];
                let bark = position.liquidate(price(self.price), &self.house, &ct, &system)?;
                self.sales.push(Sale { auction: bark.auction, owner: who, age: 0 });
                self.keeper = (self.keeper + bark.incentive)?;
                self.positions[who] = bark.position;
                self.collateral_type = bark.collateral_type;
                self.system = bark.system;
                self.drawn[who] = BigInt::ZERO;
                Ok(())
            }
            Action::Sink(who) => {
                let fallen = (self.price / 3 * 2).max(ONE / 1_000);
                self.collateral_type = ct.at_market_price(price(fallen), &system)?;
                self.price = fallen;
                self.step(Action::Liquidate(who))
            }
            Action::Take(at, who, part) => self.take(at, who, part),
            Action::Reset(at) => {
                let (at, sale) = self.sale(at)?;
                let reset = sale.auction.reset(
                    price(self.price),
                    seconds(sale.age),
                    &self.house,
                    &system,
                )?;
                self.keeper = (self.keeper + reset.incentive)?;
                self.system = reset.system;
                self.sales[at] = Sale { auction: reset.auction, age: 0, ..sale };
                Ok(())
            }
            Action::Cancel(at) => {
                let (at, _) = self.sale(at)?;
                let cancelled = self.sales.remove(at).auction.cancel(&ct, &system)?;
                self.elsewhere.collateral = (self.elsewhere.collateral + cancelled.collateral)?;
                self.collateral_type = cancelled.collateral_type;
                self.system = cancelled.system;
                Ok(())
            }
            Action::Heal(part) => {
                let most = system.state().surplus.min(system.healable_debt()?);
                self.system = system.heal(Self::part_of(most, part))?.after;
                Ok(())
            }
            Action::Release(part) => {
                let most = system.state().queued_debt;
                self.system = system.release_queued(Self::part_of(most, part))?;
                Ok(())
            }
            Action::AuctionDebt(part) => {
                let most = system.healable_debt()?;
                self.system = system.auction_debt(Self::part_of(most, part))?;
                Ok(())
            }
            Action::AuctionSurplus(part) => {
                let sold = Self::part_of(system.state().surplus, part);
                self.system = system.auction_surplus(sold, Coins::ZERO)?;
                self.elsewhere.coins = (self.elsewhere.coins + sold)?;
                Ok(())
            }
            Action::Save(who, part) => {
                let most = self.savings.shares_for(self.wallets[who].coins)?;
                let shares = Shares::new(amount::<N>(part.of(&most.get().units())).get())?;
                let deposit = self.savings.deposit(shares, seconds(self.since_accrual))?;
                self.wallets[who].coins = (self.wallets[who].coins - deposit.coins)?;
                self.shares[who] = (self.shares[who] + shares)?;
                self.savings = deposit.after;
                Ok(())
            }
            Action::Unsave(who, part) => {
                let shares = part.of(&self.shares[who].get().units());
                let shares = Shares::new(amount::<N>(shares).get())?;
                let left = (self.shares[who] - shares)?;
                let withdrawal = self.savings.withdraw(shares)?;
                self.wallets[who].coins = (self.wallets[who].coins + withdrawal.coins)?;
                self.shares[who] = left;
                self.savings = withdrawal.after;
                Ok(())
            }
            Action::Give(who, part) => {
                let given = Self::part_of(self.wallets[who].coins, part);
                let left = (self.wallets[who].coins - given)?;
                self.system = system.receive(given)?;
                self.wallets[who].coins = left;
                Ok(())
            }
            Action::Floor(floor) => {
                let debt_floor = Coins::of(amount(floor))?;
                self.collateral_type =
                    CollateralType::try_from(CollateralTypeState { debt_floor, ..*ct.state() })?;
                let smallest_remainder = self.collateral_type.smallest_remainder()?;
                let terms = *self.house.terms();
                self.house = AuctionHouse::try_from(AuctionTerms { smallest_remainder, ..terms })?;
                self.lowest_floor = self.lowest_floor.min(floor);
                Ok(())
            }
        }
    }

    /// One of the auctions that run, if any does.
    fn sale(&self, at: usize) -> Result<(usize, Sale<N>), VaultError> {
        let at = at.checked_rem(self.sales.len()).ok_or(VaultError::NothingToLiquidate)?;
        Ok((at, self.sales[at]))
    }

    fn take(&mut self, at: usize, who: usize, part: Part) -> Result<(), VaultError> {
        let (at, sale) = self.sale(at)?;
        let wanted = amount::<N>(part.of(&wad(sale.auction.collateral())));
        let take = sale.auction.take(
            wanted,
            rate::<N>(75 * RAY),
            seconds(sale.age),
            &self.house,
            &self.collateral_type,
            &self.system,
        )?;
        let short = |_| VaultError::InsufficientBalance;
        self.wallets[who].coins = (self.wallets[who].coins - take.purchase.paid).map_err(short)?;
        self.wallets[who].collateral = (self.wallets[who].collateral + take.purchase.collateral)?;
        self.collateral_type = take.collateral_type;
        self.system = take.system;
        match take.outcome {
            Outcome::Running(auction) => self.sales[at] = Sale { auction, ..sale },
            Outcome::Raised { returned } => {
                let owner = &mut self.wallets[sale.owner];
                owner.collateral = (owner.collateral + returned)?;
                self.sales.remove(at);
            }
            Outcome::SoldOut { .. } => {
                self.sales.remove(at);
            }
        }
        Ok(())
    }

    /// What there is equals what somebody holds, to the last of 45 places.
    fn is_conserved(&self) -> Result<(), TestCaseError> {
        let books = *self.system.state();
        let terms = *self.collateral_type.state();
        let issued = coin_units(books.issued);
        // Every coin is in somebody's hands …
        let held: BigInt =
            self.wallets.iter().map(|wallet| coin_units(wallet.coins)).sum::<BigInt>()
                + coin_units(self.savings.total().unwrap())
                + coin_units(self.keeper)
                + coin_units(self.elsewhere.coins)
                + coin_units(books.surplus);
        prop_assert_eq!(&held, &issued);
        // … and is owed by a position, or by the system.
        let owed: BigInt =
            self.positions.iter().map(|position| debt(position, &self.collateral_type)).sum();
        prop_assert_eq!(&owed + coin_units(books.unbacked), issued);
        prop_assert_eq!(books.unbacked, books.bad_debt);
        prop_assert!(self.system.is_balanced([&self.collateral_type]).unwrap());
        prop_assert_eq!(owed, coin_units(self.collateral_type.debt().unwrap()));
        // No collateral is lost.
        let collateral: BigInt = (0..PEOPLE)
            .map(|who| wad(self.wallets[who].collateral) + wad(self.positions[who].collateral()))
            .chain(self.sales.iter().map(|sale| wad(sale.auction.collateral())))
            .chain([wad(self.elsewhere.collateral)])
            .sum();
        prop_assert_eq!(collateral, BigInt::from(COLLATERAL) * PEOPLE);
        // What the auctions have to raise is what the limits count.
        let to_raise: BigInt =
            self.sales.iter().map(|sale| coin_units(sale.auction.to_raise())).sum();
        prop_assert_eq!(&to_raise, &coin_units(books.in_liquidation));
        prop_assert_eq!(to_raise, coin_units(terms.in_liquidation));
        // The books could be stored and read again.
        prop_assert!(System::try_from(books).is_ok());
        let worth = match self.system.net_worth().unwrap() {
            Change::Increase(coins) => coin_units(coins),
            Change::Decrease(coins) => -coin_units(coins),
        };
        prop_assert_eq!(worth, coin_units(books.surplus) - coin_units(books.bad_debt));
        Ok(())
    }
}

/// Runs the actions, and a check after each that is accepted; the positions start with everything locked
/// in the first.
fn play<N: Vaulted>(after: impl Fn(&World<N>, &World<N>, Action) -> Result<(), TestCaseError>) {
    let actions = proptest::collection::vec(action(), 1..60);
    check((market(), actions), |(market, actions)| {
        let mut world = world::<N>(market);
        for who in 0..PEOPLE {
            let part = Part { part: u16::MAX / 2, beside: 0 };
            let _ = world.step(Action::Lock(who, part));
            let _ = world.step(Action::Draw(who, Part { part: u16::MAX, beside: 0 }));
        }
        let (tried, mut accepted) = (actions.len(), 0);
        for action in actions {
            let mut next = world.clone();
            if next.step(action).is_err() {
                continue;
            }
            accepted += 1;
            after(&world, &next, action)?;
            world = next;
        }
        Ok(if 4 * accepted > tried { Verdict::Held } else { Verdict::Refused })
    });
}

fn nothing_is_created_or_destroyed<N: Vaulted>() {
    play::<N>(|_, world, _| world.is_conserved());
}

/// As long as fees are not negative.
fn a_debt_is_never_less_than_what_was_drawn<N: Vaulted>() {
    play::<N>(|_, world, _| {
        for (position, drawn) in world.positions.iter().zip(&world.drawn) {
            prop_assert!(debt(position, &world.collateral_type) >= *drawn);
        }
        Ok(())
    });
}

fn an_accepted_change_leaves_the_position_safe_or_no_riskier<N: Vaulted>() {
    play::<N>(|before, after, _| {
        for (was, is) in before.positions.iter().zip(&after.positions) {
            if was == is || before.sales.len() < after.sales.len() {
                continue;
            }
            let terms = &after.collateral_type;
            let safe = debt(is, terms) <= good_for(is, terms);
            let no_riskier = wad(is.collateral()) >= wad(was.collateral())
                && wad(is.normalized_debt()) <= wad(was.normalized_debt());
            prop_assert!(safe || no_riskier, "{was:?} {is:?}");
            // A ceiling binds only those who draw.
            if wad(is.normalized_debt()) > wad(was.normalized_debt()) {
                let all = coin_units(terms.debt().unwrap());
                prop_assert!(all <= coin_units(terms.state().debt_ceiling));
            }
        }
        Ok(())
    });
}

/// Until the floor is raised.
fn a_debt_is_never_left_below_the_floor<N: Vaulted>() {
    play::<N>(|_, world, _| {
        let floor = coin_units(Coins::<N>::of(amount(world.lowest_floor)).unwrap());
        for position in &world.positions {
            let debt = debt(position, &world.collateral_type);
            prop_assert!(debt == BigInt::ZERO || debt >= floor);
        }
        Ok(())
    });
}

fn the_most_that_can_be_drawn_is_accepted_and_a_unit_more_is_refused<N: Vaulted>() {
    let ceiling = prop_oneof![Just(u128::MAX >> 48), magnitude(ONE, 1_000_000 * ONE)];
    check((owing(), ceiling, any::<bool>()), |(mut owing, ceiling, at_once)| {
        // Room for more, and a floor that is not beyond it.
        owing.owed.part /= if at_once { u16::MAX } else { 2 };
        owing.market.floor /= 1_000;
        owing.market.ceiling = owing.market.ceiling.max(100 * ONE);
        let (position, collateral_type, system) = owing.open::<N>();
        let debt_ceiling = Coins::of(amount(ceiling)).unwrap();
        let books = SystemState { debt_ceiling, ..*system.state() };
        let system = System::try_from(books).unwrap();
        let most = position.maximum_draw(&collateral_type, &system).unwrap();
        let more = amount::<N>(u128::try_from(wad(most) + 1).unwrap());
        let refused = position.draw(more, &collateral_type, &system);
        prop_assert!(refused.is_err(), "{more} of {most}");
        if most.is_zero() {
            return Ok(Verdict::Refused);
        }
        let drawn = position.draw(most, &collateral_type, &system);
        prop_assert!(drawn.is_ok(), "{drawn:?}");
        Ok(Verdict::Held)
    });
}

fn the_most_that_can_be_freed_is_accepted_and_a_unit_more_is_refused<N: Vaulted>() {
    check(owing(), |owing| {
        let (position, collateral_type, system) = owing.open::<N>();
        let most = position.maximum_free(&collateral_type, &system).unwrap();
        let more = amount::<N>(u128::try_from(wad(most) + 1).unwrap());
        prop_assert!(position.free(more, &collateral_type, &system).is_err());
        if most.is_zero() {
            return Ok(Verdict::Refused);
        }
        prop_assert!(position.free(most, &collateral_type, &system).is_ok());
        Ok(Verdict::Held)
    });
}

fn a_safe_position_is_never_liquidated<N: Vaulted>() {
    check(owing(), |owing| {
        let (position, collateral_type, system) = owing.open::<N>();
        let safe = debt(&position, &collateral_type) <= good_for(&position, &collateral_type);
        prop_assert_eq!(position.is_safe(&collateral_type).unwrap(), safe);
        let seizure = position.seizure(&collateral_type, &system);
        prop_assert_eq!(seizure == Err(VaultError::NotUnsafe), safe);
        Ok(if safe { Verdict::Held } else { Verdict::Refused })
    });
}

/// By locking what is missing, or by repaying what is too much.
fn a_position_made_safe_is_not_liquidated<N: Vaulted>() {
    check((owing(), 1..=90_u32), |(owing, fall)| {
        let (position, collateral_type, system) = owing.open::<N>();
        let fallen = owing.market.price / 100 * u128::from(100 - fall);
        let collateral_type = collateral_type.at_market_price(price(fallen), &system).unwrap();
        let terms = collateral_type.state();
        let spot = rate_units::<N>(terms.safety_price.get());
        if position.is_safe(&collateral_type).unwrap() || spot == BigInt::ZERO {
            return Ok(Verdict::Refused);
        }
        let owed = debt(&position, &collateral_type);
        let missing = (&owed + &spot - 1) / &spot - wad(position.collateral());
        let missing = accept!(u128::try_from(missing));
        let Some(missing) = N::of_units(missing) else { return Ok(Verdict::Refused) };
        let locked = accept!(position.lock(missing, &collateral_type, &system));
        let refused = locked.position.seizure(&locked.collateral_type, &locked.system);
        prop_assert_eq!(refused, Err(VaultError::NotUnsafe));
        let allowed =
            good_for(&position, &collateral_type) / rate_units::<N>(terms.accumulated_rate.get());
        let wiped = wad(position.normalized_debt()) - allowed;
        let adjustment = Adjustment {
            collateral: Change::Increase(Amount::ZERO),
            normalized_debt: Change::Decrease(amount::<N>(u128::try_from(wiped).unwrap())),
        };
        let repaid = accept!(position.adjust(adjustment, &collateral_type, &system));
        let refused = repaid.position.seizure(&repaid.collateral_type, &repaid.system);
        prop_assert_eq!(refused, Err(VaultError::NotUnsafe));
        Ok(Verdict::Held)
    });
}

/// Safe at that market price, unsafe at any lower one; on the way to the safety price both are rounded.
fn the_liquidation_price_is_sharp<N: Vaulted>() {
    check((owing(), magnitude(ONE / 2, 2 * ONE)), |(owing, par)| {
        let (position, collateral_type, system) = owing.open::<N>();
        let redemption_price = rate::<N>(par * 1_000_000_000);
        let system = System::try_from(SystemState {
            redemption_price: defi_math::vault::UnitPrice::new(redemption_price).unwrap(),
            ..*system.state()
        })
        .unwrap();
        let at = accept!(position.liquidation_price(&collateral_type, &system));
        let is_safe = |price| {
            let moved = collateral_type.at_market_price(price, &system)?;
            position.is_safe(&moved)
        };
        prop_assert!(accept!(is_safe(at)));
        // The next lower price that the type can say.
        let mut lower = accept!(at.to_number_down());
        if accept!(Price::new(lower)) == at {
            lower = accept!(lower.try_sub(N::UNIT));
        }
        prop_assert!(!accept!(is_safe(accept!(Price::new(lower)))));
        Ok(Verdict::Held)
    });
}

type Sunk<N> = (Position<N>, CollateralType<N>, System<N>, Price<N>);

/// A position that has become unsafe, and the price at which.
fn sunk<N: Vaulted>(owing: &Owing, fall: u32) -> Option<Sunk<N>> {
    let (position, collateral_type, system) = owing.open::<N>();
    let fallen = owing.market.price / 100 * u128::from(100 - fall);
    let price = price(fallen.max(1));
    let collateral_type = collateral_type.at_market_price(price, &system).ok()?;
    let sunk = position.is_unsafe(&collateral_type).ok()?;
    sunk.then_some((position, collateral_type, system, price))
}

fn a_liquidation_takes_no_more_collateral_than_its_part_of_the_debt<N: Vaulted>() {
    check((owing(), 1..=90_u32), |(owing, fall)| {
        let Some((position, collateral_type, system, _)) = sunk::<N>(&owing, fall) else {
            return Ok(Verdict::Refused);
        };
        let seized = accept!(position.seizure(&collateral_type, &system));
        let (ink, art) = (wad(position.collateral()), wad(position.normalized_debt()));
        let (dink, dart) = (wad(seized.collateral), wad(seized.normalized_debt));
        // dink/ink ≤ dart/art < (dink + 1)/ink
        prop_assert!(&dink * &art <= &ink * &dart && &ink * &dart < (&dink + 1) * &art);
        let rate = rate_units::<N>(collateral_type.state().accumulated_rate.get());
        prop_assert_eq!(coin_units(seized.debt), &dart * &rate);
        // tab ≤ due·penalty < tab + 1, in the last of 45 places.
        let penalty = BigInt::from(owing.market.penalty);
        let tab = coin_units(seized.to_raise) * ONE;
        let exact = &dart * &rate * penalty;
        prop_assert!(tab <= exact && exact < tab + ONE);
        Ok(Verdict::Held)
    });
}

fn a_liquidation_keeps_to_the_limit_unless_it_takes_all<N: Vaulted>() {
    check((owing(), 1..=90_u32), |(owing, fall)| {
        let Some((position, collateral_type, system, _)) = sunk::<N>(&owing, fall) else {
            return Ok(Verdict::Refused);
        };
        let seized = accept!(position.seizure(&collateral_type, &system));
        let terms = collateral_type.state();
        let (limit, floor) = (coin_units(terms.liquidation_limit), coin_units(terms.debt_floor));
        let all = seized.normalized_debt == position.normalized_debt();
        let within = coin_units(seized.to_raise) <= limit;
        prop_assert!(all || within);
        if !all {
            let left = debt(&position, &collateral_type) - coin_units(seized.debt);
            prop_assert!(left >= floor && coin_units(seized.debt) >= floor);
        }
        Ok(Verdict::Held)
    });
}

/// An auction of any kind and age.
#[derive(Clone, Copy, Debug)]
struct OnSale {
    to_raise: u128,
    lot: u128,
    top: u128,
    smallest: u128,
    age: u32,
    curve: (u8, u32, u128),
    wanted: Part,
}

fn on_sale() -> impl Strategy<Value = OnSale> {
    let sizes = (magnitude(1, 1_000_000 * ONE), magnitude(1, 100_000 * ONE));
    let curve = (0..3_u8, 1..10_000_u32, RAY / 100 * 90..=RAY);
    let smallest = prop_oneof![Just(0), magnitude(1, 10_000 * ONE)];
    (sizes, magnitude(RAY / 1_000, 70 * RAY), smallest, 0..5_000_u32, curve, part()).prop_map(
        |((to_raise, lot), top, smallest, age, curve, wanted)| OnSale {
            to_raise,
            lot,
            top,
            smallest,
            age,
            curve,
            wanted,
        },
    )
}

impl OnSale {
    fn open<N: Vaulted>(&self) -> (Auction<N>, AuctionHouse<N>) {
        let (kind, time, factor) = self.curve;
        let factor = Ratio::new(rate::<N>(factor)).unwrap();
        let curve = match kind {
            0 => PriceCurve::Linear { duration: seconds(time) },
            1 => PriceCurve::Stairstep { step: seconds(time), factor },
            _ => PriceCurve::Exponential { factor },
        };
        let house = AuctionHouse::try_from(AuctionTerms {
            smallest_remainder: Coins::of(amount(self.smallest)).unwrap(),
            ..AuctionTerms::on_curve(curve)
        });
        let to_raise = Coins::of(amount::<N>(self.to_raise)).unwrap();
        let auction = Auction::new(to_raise, amount::<N>(self.lot), rate::<N>(self.top));
        (auction.unwrap(), house.unwrap())
    }
}

fn an_auction_never_sells_below_its_price<N: Vaulted>() {
    check((on_sale(), part()), |(on_sale, wanted)| {
        let (auction, house) = on_sale.open::<N>();
        let wanted = amount::<N>(wanted.of(&BigInt::from(on_sale.lot)));
        let age = seconds(on_sale.age);
        let price = auction.price(age, &house).unwrap();
        let purchase = accept!(auction.quote(wanted, price, age, &house));
        let (slice, paid) = (wad(purchase.collateral), coin_units(purchase.paid));
        let price = rate_units::<N>(price.get());
        prop_assert!(paid >= &slice * &price);
        // And above it by less than a unit of collateral.
        prop_assert!(paid < (&slice + 1) * &price || paid == &slice * &price);
        prop_assert!(slice <= wad(wanted) && slice <= BigInt::from(on_sale.lot));
        // A limit a unit below the price is refused.
        if price > BigInt::ZERO {
            let below = rate::<N>(u128::try_from(price - 1).unwrap());
            let refused = auction.quote(wanted, below, age, &house);
            prop_assert_eq!(refused, Err(VaultError::AbovePriceLimit));
        }
        Ok(Verdict::Held)
    });
}

fn an_auction_never_raises_more_than_it_has_to<N: Vaulted>() {
    check((on_sale(), proptest::collection::vec(part(), 1..8)), |(on_sale, parts)| {
        let (mut auction, house) = on_sale.open::<N>();
        let supply = Coins::of(amount::<N>(2 * on_sale.to_raise)).unwrap();
        let mut system = System::try_from(SystemState {
            issued: supply,
            in_liquidation: auction.to_raise(),
            ..SystemState::empty().unwrap()
        })
        .unwrap();
        let mut collateral_type = CollateralType::try_from(CollateralTypeState {
            in_liquidation: auction.to_raise(),
            ..CollateralTypeState::at_ratio(Ratio::<N::Rate>::ONE).unwrap()
        })
        .unwrap();
        let (mut sold, mut raised) = (BigInt::ZERO, BigInt::ZERO);
        let (lot, tab) = (BigInt::from(on_sale.lot), coin_units(auction.to_raise()));
        let mut verdict = Verdict::Refused;
        for (part, later) in parts.into_iter().zip(0..) {
            let wanted = amount::<N>(part.of(&wad(auction.collateral())));
            let age = seconds(on_sale.age + 60 * later);
            let limit = auction.starting_price();
            let take = auction.take(wanted, limit, age, &house, &collateral_type, &system);
            let Ok(take) = take else { continue };
            verdict = Verdict::Held;
            sold += wad(take.purchase.collateral);
            raised += coin_units(take.purchase.paid);
            prop_assert_eq!(coin_units(take.system.state().surplus), raised.clone());
            (system, collateral_type) = (take.system, take.collateral_type);
            let (left, to_raise) = match take.outcome {
                Outcome::Running(running) => {
                    auction = running;
                    (wad(running.collateral()), coin_units(running.to_raise()))
                }
                Outcome::Raised { returned } => (wad(returned), BigInt::ZERO),
                Outcome::SoldOut { shortfall } => (BigInt::ZERO, coin_units(shortfall)),
            };
            // Sold and left are the lot; raised and to be raised are the debt and the penalty.
            prop_assert_eq!(&sold + left, lot.clone());
            prop_assert_eq!(&raised + &to_raise, tab.clone());
            let running = matches!(take.outcome, Outcome::Running(_));
            let counted = if running { to_raise } else { BigInt::ZERO };
            prop_assert_eq!(coin_units(system.state().in_liquidation), counted);
            prop_assert_eq!(collateral_type.state().in_liquidation, system.state().in_liquidation);
            if !running {
                break;
            }
        }
        Ok(verdict)
    });
}

/// What a purchase leaves to be raised is nothing, or as much as the smallest remainder, or all is sold.
fn an_auction_leaves_nothing_small<N: Vaulted>() {
    check(on_sale(), |on_sale| {
        let (auction, house) = on_sale.open::<N>();
        let wanted = amount::<N>(on_sale.wanted.of(&BigInt::from(on_sale.lot)));
        let age = seconds(on_sale.age);
        let purchase = accept!(auction.quote(wanted, auction.starting_price(), age, &house));
        let left = coin_units((auction.to_raise() - purchase.paid).unwrap());
        let smallest = coin_units(house.terms().smallest_remainder);
        let all_sold = purchase.collateral == auction.collateral();
        prop_assert!(left == BigInt::ZERO || left >= smallest || all_sold);
        Ok(Verdict::Held)
    });
}

fn an_auction_price_only_falls<N: Vaulted>() {
    check((on_sale(), 0..5_000_u32), |(on_sale, later)| {
        let (auction, house) = on_sale.open::<N>();
        let at = |age| rate_units::<N>(auction.price(seconds(age), &house).unwrap().get());
        // `rpow` rounds half up by squaring, so that a later power can be above by a unit for each product.
        let slack = (rate_units::<N>(auction.starting_price().get()) / RAY + 1) * 64;
        prop_assert!(at(on_sale.age + later) <= at(on_sale.age) + slack);
        prop_assert_eq!(at(0), rate_units::<N>(auction.starting_price().get()));
        if let (0, duration, _) = on_sale.curve {
            prop_assert_eq!(at(duration), BigInt::ZERO);
        }
        Ok(Verdict::Held)
    });
}

fn a_stopped_auction_house_refuses<N: Vaulted>() {
    check((owing(), 1..=90_u32), |(owing, fall)| {
        let Some((position, ct, system, price)) = sunk::<N>(&owing, fall) else {
            return Ok(Verdict::Refused);
        };
        let curve = PriceCurve::Linear { duration: seconds(100) };
        let house = AuctionHouse::try_from(AuctionTerms {
            maximum_age: seconds(10),
            ..AuctionTerms::on_curve(curve)
        })
        .unwrap();
        let bark = accept!(position.liquidate(price, &house, &ct, &system));
        for (breaker, level) in
            [Breaker::Closed, Breaker::NoStart, Breaker::NoReset, Breaker::NoTake]
                .into_iter()
                .zip(0..)
        {
            let house = house.with_breaker(breaker);
            let stopped = VaultError::Stopped;
            let start = position.liquidate(price, &house, &ct, &system);
            prop_assert_eq!(start.err() == Some(stopped), level >= 1);
            let reset = bark.auction.reset(price, seconds(11), &house, &bark.system);
            prop_assert_eq!(reset.err() == Some(stopped), level >= 2);
            let take = bark.auction.take(
                bark.auction.collateral(),
                bark.auction.starting_price(),
                seconds(0),
                &house,
                &bark.collateral_type,
                &bark.system,
            );
            prop_assert_eq!(take.err() == Some(stopped), level >= 3);
        }
        Ok(Verdict::Held)
    });
}

fn a_fee_never_lowers_a_debt<N: Vaulted>() {
    check((owing(), 0..40_000_000_u32, 0..40_000_000_u32), |(owing, time, more)| {
        let (position, ct, system) = owing.open::<N>();
        let once = accept!(ct.accrue(seconds(time + more), &system));
        let first = accept!(ct.accrue(seconds(time), &system));
        let twice = accept!(first.collateral_type.accrue(seconds(more), &first.system));
        prop_assert!(debt(&position, &first.collateral_type) >= debt(&position, &ct));
        prop_assert!(matches!(once.fee, Change::Increase(_)));
        // At once or in parts: the same but for the products' rounding, a part in 10¹⁸.
        let rate = |ct: &CollateralType<N>| rate_units::<N>(ct.state().accumulated_rate.get());
        let (once, twice) = (rate(&once.collateral_type), rate(&twice.collateral_type));
        let apart = (&once - &twice).magnitude().clone();
        prop_assert!(BigInt::from(apart) * ONE <= once);
        Ok(Verdict::Held)
    });
}

fn savings_hold_what_they_owe<N: Vaulted>() {
    let saver = (magnitude(1, 100_000 * ONE), part(), 0..10_000_000_u32);
    check((0..2_000_000_000_000_000_000_u128, proptest::collection::vec(saver, 1..8)), |case| {
        let (rate_above, savers) = case;
        let mut system = System::<N>::new(Coins::MAX).unwrap();
        let factor = Index::new(rate::<N>(RAY + rate_above)).unwrap();
        let mut savings = Savings::<N>::new(factor).unwrap();
        let (mut held, mut paid) = (BigInt::ZERO, BigInt::ZERO);
        for (shares, part, time) in savers {
            let shares = Shares::new(amount::<N>(shares).get()).unwrap();
            prop_assert_eq!(
                savings.deposit(shares, seconds(1)).err(),
                Some(VaultError::FeeNotAccrued)
            );
            let deposit = accept!(savings.deposit(shares, seconds(0)));
            held += coin_units(deposit.coins);
            // Shares bought with coins never cost more, and those sold for coins never give less.
            let bought = accept!(deposit.after.shares_for(deposit.coins));
            let cost = deposit.after.worth(bought).unwrap();
            prop_assert!(cost <= deposit.coins);
            let sold = accept!(deposit.after.shares_for_up(deposit.coins));
            prop_assert!(deposit.after.worth(sold).unwrap() >= deposit.coins);
            let accrual = accept!(deposit.after.accrue(seconds(time), &system));
            held += coin_units(accrual.interest);
            paid += coin_units(accrual.interest);
            let back = part.of(&accrual.savings.state().shares.get().units());
            let back = accept!(Shares::new(amount::<N>(back).get()));
            let withdrawal = accept!(accrual.savings.withdraw(back));
            held -= coin_units(withdrawal.coins);
            prop_assert_eq!(coin_units(withdrawal.after.total().unwrap()), held.clone());
            (system, savings) = (accrual.system, withdrawal.after);
        }
        prop_assert_eq!(coin_units(system.state().bad_debt), paid);
        Ok(Verdict::Held)
    });
}

fn debt_at_risk_grows_as_the_price_falls<N: Vaulted>() {
    let many = proptest::collection::vec((magnitude(1, 1_000 * ONE), part()), 1..20);
    check((market(), many, 0..1_000_u32, 0..1_000_u32), |(market, many, fall, other)| {
        let (ct, system) = market.open::<N>();
        let positions: Vec<_> = many
            .into_iter()
            .map(|(collateral, owed)| Owing { market, collateral, owed }.open::<N>().0)
            .collect();
        let of = |fall: u32| {
            let part = Ratio::new(amount::<N>(u128::from(fall) * (ONE / 1_000)).get()).unwrap();
            risk::debt_at_risk_after(part, price(market.price), &positions, &ct, &system)
        };
        let (less, more) = (accept!(of(fall.min(other))), accept!(of(fall.max(other))));
        prop_assert!(less <= more);
        let unsafe_now: BigInt = positions
            .iter()
            .filter(|position| debt(position, &ct) > good_for(position, &ct))
            .map(|position| debt(position, &ct))
            .sum();
        prop_assert_eq!(coin_units(of(0).unwrap()), unsafe_now);
        // There is no price below nothing.
        prop_assert_eq!(of(1_000), Err(VaultError::ZeroPrice));
        prop_assert_eq!(of(1_001), Err(VaultError::ZeroPrice));
        Ok(Verdict::Held)
    });
}
