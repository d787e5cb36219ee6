//! The vault, against Maker's arithmetic written again in integers of any size: wads of 18 places, rays of
//! 27, rads of 45. Every answer, and every refusal in its order.

use defi_math::num::{Fixed, Growth, Rounding};
use defi_math::rate::{PerSecond, PerYear, Rate, seconds};
use defi_math::vault::{
    Adjustment, Auction, AuctionHouse, AuctionTerms, Change, Coins, CollateralType,
    CollateralTypeState, Position, PriceCurve, Savings, SavingsState, System, SystemState,
    UnitPrice, VaultError, VaultNumber,
};
use defi_math::{Amount, Index, MathError, Number, Price, Ratio, Ray, Shares, Wad};
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{One, ToPrimitive, Zero};
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::check::{Verdict, check, on_exact_types};
use crate::exact::{Exactly, Q, ten};

on_exact_types! {
    coins_are_exact_and_round_as_told,
    a_changed_position_is_the_contracts,
    a_fee_is_the_contracts,
    a_safety_price_is_the_contracts,
    a_seizure_is_the_contracts,
    a_purchase_is_the_contracts,
    a_reset_is_the_contracts,
    a_price_on_a_curve_is_the_contracts,
    ratios_and_bounds_are_exact_quotients,
    interest_on_savings_is_the_contracts,
    surplus_and_bad_debt_cancel_as_in_the_contract,
}

trait Vaulted: VaultNumber<Rate: Exactly> + Exactly {}

impl Vaulted for Wad {}
impl Vaulted for Decimal {}

const ONE: u128 = 1_000_000_000_000_000_000;
const RAY: u128 = ONE * 1_000_000_000;

fn wad() -> BigInt {
    ten(18)
}

fn ray() -> BigInt {
    ten(27)
}

fn amount<N: Vaulted>(units: &BigInt) -> Amount<N> {
    Amount::new(N::exactly(&Q::new(units.clone(), wad())).unwrap()).unwrap()
}

fn rate<N: Vaulted>(units: &BigInt) -> N::Rate {
    N::Rate::exactly(&Q::new(units.clone(), ray())).unwrap()
}

fn coins<N: Vaulted>(units: &BigInt) -> Coins<N> {
    let text = format!("{units:0>46}");
    let (whole, places) = text.split_at(text.len() - 45);
    format!("{whole}.{places}").parse().unwrap()
}

fn rad<N: Vaulted>(coins: Coins<N>) -> BigInt {
    format!("{coins:.45}").replace('.', "").parse().unwrap()
}

fn units(number: impl Exactly, places: u32) -> BigInt {
    let units = number.value() * ten(places);
    assert!(units.is_integer());
    units.to_integer()
}

fn wads<N: Vaulted>(amount: Amount<N>) -> BigInt {
    units(amount.get(), 18)
}

/// `rpow`: half up at every product.
fn rpow(x: &BigInt, mut n: u32) -> BigInt {
    let half = ray() / 2;
    let product = |a: &BigInt, b: &BigInt| (a * b + &half) / ray();
    let mut base = x.clone();
    let mut power = if n % 2 == 1 { x.clone() } else { ray() };
    n /= 2;
    while n > 0 {
        base = product(&base, &base);
        if n % 2 == 1 {
            power = product(&power, &base);
        }
        n /= 2;
    }
    power
}

/// An integer of any magnitude up to a bound.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "any number near will do"
)]
fn magnitude(least: u128, most: u128) -> impl Strategy<Value = BigInt> + Clone {
    (0.0..=1.0_f64, any::<u64>()).prop_map(move |(at, noise)| {
        let (low, high) = ((least.max(1) as f64).ln(), (most as f64).ln());
        let drawn = (low + at * (high - low)).exp() as u128;
        // Random low digits, of the same magnitude.
        let noise = u128::from(noise) % (drawn / 16 + 16);
        BigInt::from((drawn ^ noise).clamp(least, most))
    })
}

/// Beside an edge, as far as a few units, or a part of it.
#[derive(Clone, Copy, Debug)]
enum Near {
    Beside(i8),
    Part(u16),
}

impl Near {
    fn of(self, edge: &BigInt) -> BigInt {
        let drawn = match self {
            Self::Beside(units) => edge + units,
            Self::Part(part) => edge * part / 60_000_u16,
        };
        drawn.max(BigInt::zero())
    }
}

fn near() -> impl Strategy<Value = Near> + Clone {
    prop_oneof![(-2..=2_i8).prop_map(Near::Beside), any::<u16>().prop_map(Near::Part)]
}

fn answered<T>(result: &Result<T, VaultError>) -> Verdict {
    if result.is_ok() { Verdict::Answered } else { Verdict::Refused }
}

fn coins_are_exact_and_round_as_told<N: Vaulted>() {
    check((magnitude(1, u128::MAX), magnitude(1, u128::MAX), magnitude(1, RAY)), |(a, b, c)| {
        let (a, b): (BigInt, BigInt) = (a * c, b);
        let (x, y) = (coins::<N>(&a), coins::<N>(&b));
        prop_assert_eq!(rad(x), a.clone());
        prop_assert_eq!(x.to_string().parse::<Coins<N>>().unwrap(), x);
        prop_assert_eq!(rad((x + y).unwrap()), &a + &b);
        prop_assert_eq!((x - y).ok().map(rad), (a >= b).then(|| &a - &b));
        prop_assert_eq!(x < y, a < b);
        prop_assert_eq!(rad(x.min(y)), a.clone().min(b));
        // A `Decimal` of more than 7.9·10⁷ has fewer than 18 places.
        if a < ten(45 + 7) {
            prop_assert_eq!(wads(x.to_amount_down().unwrap()), a.div_floor(&ray()));
            prop_assert_eq!(wads(x.to_amount_up().unwrap()), a.div_ceil(&ray()));
            let back = Coins::of(x.to_amount_down().unwrap()).unwrap();
            prop_assert_eq!(rad(back), a.div_floor(&ray()) * ray());
        }
        Ok(Verdict::Answered)
    });
}

/// A system in integers.
#[derive(Clone, Debug)]
struct Chain {
    ink: BigInt,
    art: BigInt,
    all: BigInt,
    rate: BigInt,
    spot: BigInt,
    line: BigInt,
    dust: BigInt,
    debt: BigInt,
    all_line: BigInt,
    chop: BigInt,
    hole: BigInt,
    dirt: BigInt,
    all_hole: BigInt,
    all_dirt: BigInt,
    live: bool,
}

impl Chain {
    fn position<N: Vaulted>(&self) -> Position<N> {
        Position::new(amount::<N>(&self.ink), amount::<N>(&self.art)).unwrap()
    }

    fn collateral_type<N: Vaulted>(&self) -> CollateralType<N> {
        CollateralType::try_from(CollateralTypeState {
            normalized_debt: amount(&self.all),
            accumulated_rate: Index::new(rate::<N>(&self.rate)).unwrap(),
            safety_price: UnitPrice::new(rate::<N>(&self.spot)).unwrap(),
            debt_ceiling: coins(&self.line),
            debt_floor: coins(&self.dust),
            liquidation_penalty: Ratio::new(amount::<N>(&self.chop).get()).unwrap(),
            liquidation_limit: coins(&self.hole),
            in_liquidation: coins(&self.dirt),
            ..CollateralTypeState::at_ratio(Ratio::ONE).unwrap()
        })
        .unwrap()
    }

    fn system<N: Vaulted>(&self) -> System<N> {
        System::try_from(SystemState {
            issued: coins(&self.debt),
            debt_ceiling: coins(&self.all_line),
            liquidation_limit: coins(&self.all_hole),
            in_liquidation: coins(&self.all_dirt),
            live: self.live,
            ..SystemState::empty().unwrap()
        })
        .unwrap()
    }

    /// `Vat.frob`, its refusals in its order.
    fn frob(&self, dink: &BigInt, dart: &BigInt) -> Result<Self, VaultError> {
        let zero = BigInt::zero();
        let mut after = self.clone();
        if !self.live {
            return Err(VaultError::NotLive);
        }
        if self.rate.is_zero() {
            return Err(VaultError::NotInitialized);
        }
        after.ink += dink;
        after.art += dart;
        after.all += dart;
        after.debt += dart * &self.rate;
        if after.ink < zero {
            return Err(VaultError::InsufficientCollateral);
        }
        if after.art < zero {
            return Err(VaultError::RepaysTooMuch);
        }
        let above = &after.all * &self.rate > self.line || after.debt > self.all_line;
        if *dart > zero && above {
            return Err(VaultError::AboveDebtCeiling);
        }
        let no_riskier = *dart <= zero && *dink >= zero;
        let tab = &after.art * &self.rate;
        if !no_riskier && tab > &after.ink * &self.spot {
            return Err(VaultError::Unsafe);
        }
        if !after.art.is_zero() && tab < self.dust {
            return Err(VaultError::BelowDebtFloor);
        }
        Ok(after)
    }

    /// `Dog.bark` as far as what is seized: `dink`, `dart`, `due`, `tab`.
    fn bark(&self) -> Result<[BigInt; 4], VaultError> {
        if !self.live {
            return Err(VaultError::NotLive);
        }
        if self.spot.is_zero() || &self.ink * &self.spot >= &self.art * &self.rate {
            return Err(VaultError::NotUnsafe);
        }
        if self.all_hole <= self.all_dirt || self.hole <= self.dirt {
            return Err(VaultError::LiquidationLimit);
        }
        let room = (&self.all_hole - &self.all_dirt).min(&self.hole - &self.dirt);
        let mut dart = (room * wad() / &self.rate / &self.chop).min(self.art.clone());
        if self.art > dart {
            if (&self.art - &dart) * &self.rate < self.dust {
                dart.clone_from(&self.art);
            } else if &dart * &self.rate < self.dust {
                return Err(VaultError::DustyAuction);
            }
        }
        let dink = &self.ink * &dart / &self.art;
        if dink.is_zero() {
            return Err(VaultError::NothingToLiquidate);
        }
        let due = &dart * &self.rate;
        let tab = &due * &self.chop / wad();
        Ok([dink, dart, due, tab])
    }
}

/// A position, beside its limits: each may be where another stands, a few units off, or anywhere.
fn chain() -> impl Strategy<Value = Chain> {
    let position = (magnitude(1, 1_000_000 * ONE), near(), magnitude(0, 1_000_000 * ONE));
    let prices = (magnitude(RAY / 2, 3 * RAY), magnitude(RAY / 1_000, 70 * RAY));
    let limits = (near(), near(), near(), prop_oneof![Just(false), Just(true)]);
    let liquidation = (near(), near(), magnitude(ONE, 2 * ONE), near());
    let live = prop_oneof![1 => Just(false), 30 => Just(true)];
    (position, prices, limits, liquidation, live).prop_map(
        |(position, prices, limits, bark, live)| {
            let (ink, art, others) = position;
            let (rate, spot) = prices;
            let (line, dust, all_line, roomy) = limits;
            let mut art = art.of(&(&ink * &spot / &rate)).min(ten(24));
            if roomy {
                art /= 2;
            }
            let all = &art + others;
            let (owed, all_owed) = (&art * &rate, &all * &rate);
            let wide = if roomy { 1_000 } else { 1 };
            let (hole, all_hole, chop, dirt) = bark;
            let dirt: BigInt = dirt.of(&owed) / 3;
            Chain {
                line: line.of(&all_owed) * wide,
                dust: if roomy { BigInt::zero() } else { dust.of(&owed) },
                debt: all_owed.clone() + rad_noise(),
                all_line: all_line.of(&all_owed) * wide + rad_noise(),
                hole: hole.of(&owed) * wide + &dirt,
                all_hole: all_hole.of(&owed) * wide + &dirt,
                all_dirt: dirt.clone(),
                dirt,
                ink,
                art,
                all,
                rate,
                spot,
                chop,
                live,
            }
        },
    )
}

/// Something that no amount of wads makes.
fn rad_noise() -> BigInt {
    BigInt::from(12_345_678_901_u64)
}

fn change<N: Vaulted>(change: &BigInt) -> Change<Amount<N>> {
    let amount = amount(&change.magnitude().clone().into());
    if *change < BigInt::zero() { Change::Decrease(amount) } else { Change::Increase(amount) }
}

fn a_changed_position_is_the_contracts<N: Vaulted>() {
    let moves = (any::<i8>(), any::<i8>(), near(), near());
    check((chain(), moves), |(chain, (ink_sign, art_sign, ink, art))| {
        let bound = match ink_sign.rem_euclid(4) {
            0 => BigInt::zero(),
            1 | 2 => ink.of(&chain.ink),
            _ => -ink.of(&chain.ink),
        };
        let (dink, room) = (bound, (&chain.line - &chain.all * &chain.rate) / &chain.rate);
        let dart = match art_sign.rem_euclid(5) {
            0 => BigInt::zero(),
            1 => -art.of(&chain.art),
            2 => art.of(&room.max(BigInt::zero())),
            3 => art.of(&chain.art),
            _ => {
                let good_for = (&chain.ink + &dink).max(BigInt::zero()) * &chain.spot / &chain.rate;
                art.of(&(good_for - &chain.art).max(BigInt::zero()))
            }
        };
        let adjustment =
            Adjustment { collateral: change::<N>(&dink), normalized_debt: change(&dart) };
        let (terms, system) = (chain.collateral_type(), chain.system());
        let ours = chain.position::<N>().adjust(adjustment, &terms, &system);
        let theirs = chain.frob(&dink, &dart);
        prop_assert_eq!(ours.as_ref().err(), theirs.as_ref().err());
        if let (Ok(ours), Ok(theirs)) = (&ours, &theirs) {
            prop_assert_eq!(wads(ours.position.collateral()), theirs.ink.clone());
            prop_assert_eq!(wads(ours.position.normalized_debt()), theirs.art.clone());
            prop_assert_eq!(wads(ours.collateral_type.state().normalized_debt), theirs.all.clone());
            prop_assert_eq!(rad(ours.system.state().issued), theirs.debt.clone());
            let moved = match ours.coins {
                Change::Increase(coins) => rad(coins),
                Change::Decrease(coins) => -rad(coins),
            };
            prop_assert_eq!(moved, dart * &chain.rate);
        }
        Ok(answered(&ours))
    });
}

fn a_fee_is_the_contracts<N: Vaulted>() {
    let factor = prop_oneof![
        3 => magnitude(1, 40_000_000_000_000_000_000).prop_map(|rate| ray() + rate),
        1 => magnitude(1, 40_000_000_000_000_000).prop_map(|rate| ray() - rate),
    ];
    let base = magnitude(0, 1_000_000_000_000_000_000);
    let time = prop_oneof![0..100_u32, 0..40_000_000_u32];
    check((chain(), factor, base, time, magnitude(0, ONE)), |(chain, duty, base, time, dai)| {
        let terms = CollateralType::try_from(CollateralTypeState {
            stability_fee: Index::new(rate::<N>(&duty)).unwrap(),
            ..*chain.collateral_type::<N>().state()
        })
        .unwrap();
        let dai = dai * ray();
        let system = System::try_from(SystemState {
            issued: coins(&(&chain.debt + &dai)),
            surplus: coins(&dai),
            base_fee: Rate::new(rate::<N>(&base)).unwrap(),
            ..*chain.system::<N>().state()
        })
        .unwrap();
        let ours = terms.accrue(seconds(time), &system);
        let grown = rpow(&(duty + base), time) * &chain.rate / ray();
        // 27 places of a `Decimal` end at 79.
        if grown > ray() * 79 {
            return Ok(Verdict::Refused);
        }
        let fee = &chain.all * (&grown - &chain.rate);
        if !chain.live {
            prop_assert_eq!(ours.err(), Some(VaultError::NotLive));
            return Ok(Verdict::Refused);
        }
        if &dai + &fee < BigInt::zero() {
            prop_assert_eq!(ours.err(), Some(VaultError::InsufficientSurplus));
            return Ok(Verdict::Refused);
        }
        let ours = ours.unwrap();
        prop_assert_eq!(units(ours.collateral_type.state().accumulated_rate.get(), 27), grown);
        prop_assert_eq!(rad(ours.system.state().surplus), &dai + &fee);
        prop_assert_eq!(rad(ours.system.state().issued), &chain.debt + &dai + &fee);
        let taken = match ours.fee {
            Change::Increase(coins) => rad(coins),
            Change::Decrease(coins) => -rad(coins),
        };
        prop_assert_eq!(taken, fee);
        Ok(Verdict::Answered)
    });
}

fn market<N: Vaulted>(quote: &BigInt, base: &BigInt) -> Price<N> {
    Price::from_amounts(amount::<N>(quote), amount::<N>(base)).unwrap()
}

fn a_safety_price_is_the_contracts<N: Vaulted>() {
    let price = (magnitude(1, 100_000 * ONE), magnitude(1, 100_000 * ONE));
    check(
        (price, magnitude(RAY / 2, 2 * RAY), magnitude(RAY / 2, 3 * RAY)),
        |(price, par, mat)| {
            let (quote, base) = price;
            let system = System::<N>::try_from(SystemState {
                redemption_price: UnitPrice::new(rate::<N>(&par)).unwrap(),
                ..SystemState::empty().unwrap()
            })
            .unwrap();
            let ratio = Ratio::new(rate::<N>(&mat)).unwrap();
            let terms =
                CollateralType::try_from(CollateralTypeState::at_ratio(ratio).unwrap()).unwrap();
            let feed = &quote * ray() * ray() / (&base * par);
            let spot = &feed * ray() / mat;
            if feed > ray() * 79 || spot > ray() * 79 {
                return Ok(Verdict::Refused);
            }
            let ours = terms.at_market_price(market(&quote, &base), &system).unwrap();
            prop_assert_eq!(units(ours.state().safety_price.get(), 27), spot);
            Ok(Verdict::Answered)
        },
    );
}

fn a_seizure_is_the_contracts<N: Vaulted>() {
    // Now and then there is no price to trust.
    let fall = prop_oneof![9 => magnitude(RAY / 10, RAY), 1 => Just(BigInt::zero())];
    // And the floor stands where what is left, or what is seized, is.
    let floor = (0..4_u8, -2..=2_i8);
    check((chain(), fall, floor), |(mut chain, fall, (floor, beside))| {
        chain.spot = &chain.spot * fall / ray();
        let room = (&chain.all_hole - &chain.all_dirt).min(&chain.hole - &chain.dirt);
        let part = (room * wad() / &chain.rate / &chain.chop).min(chain.art.clone());
        match floor {
            0 => chain.dust = (&chain.art - part) * &chain.rate + beside,
            1 => chain.dust = part * &chain.rate + beside,
            _ => {}
        }
        chain.dust = chain.dust.max(BigInt::zero());
        let ours = chain.position::<N>().seizure(&chain.collateral_type(), &chain.system());
        let theirs = chain.bark();
        prop_assert_eq!(ours.err(), theirs.as_ref().err().copied());
        if let (Ok(ours), Ok([dink, dart, due, tab])) = (&ours, theirs) {
            prop_assert_eq!(wads(ours.collateral), dink);
            prop_assert_eq!(wads(ours.normalized_debt), dart);
            prop_assert_eq!(rad(ours.debt), due);
            prop_assert_eq!(rad(ours.to_raise), tab);
        }
        Ok(answered(&ours))
    });
}

/// A sale in integers.
#[derive(Clone, Debug)]
struct Sale {
    tab: BigInt,
    lot: BigInt,
    top: BigInt,
    chost: BigInt,
    tail: u32,
    cusp: BigInt,
    curve: (u8, u32, BigInt),
    age: u32,
}

impl Sale {
    fn price(&self) -> BigInt {
        let (kind, time, cut) = &self.curve;
        let left = match kind {
            0 if self.age >= *time => BigInt::zero(),
            0 => BigInt::from(time - self.age) * ray() / time,
            1 => rpow(cut, self.age / time),
            _ => rpow(cut, self.age),
        };
        &self.top * left / ray()
    }

    fn done(&self) -> bool {
        self.age > self.tail || self.price() * ray() / &self.top < self.cusp
    }

    fn take(&self, amt: &BigInt, max: &BigInt) -> Result<(BigInt, BigInt), VaultError> {
        let price = self.price();
        if self.done() {
            return Err(VaultError::NeedsReset);
        }
        if *max < price {
            return Err(VaultError::AbovePriceLimit);
        }
        let mut slice = self.lot.clone().min(amt.clone());
        let mut owe = &slice * &price;
        if owe > self.tab {
            owe.clone_from(&self.tab);
            slice = &owe / price;
        } else if owe < self.tab && slice < self.lot && &self.tab - &owe < self.chost {
            if self.tab <= self.chost {
                return Err(VaultError::NoPartialPurchase);
            }
            owe = &self.tab - &self.chost;
            slice = &owe / price;
        }
        Ok((slice, owe))
    }

    fn open<N: Vaulted>(&self) -> (Auction<N>, AuctionHouse<N>) {
        let (kind, time, cut) = &self.curve;
        let factor = Ratio::new(rate::<N>(cut)).unwrap();
        let curve = match kind {
            0 => PriceCurve::Linear { duration: seconds(*time) },
            1 => PriceCurve::Stairstep { step: seconds(*time), factor },
            _ => PriceCurve::Exponential { factor },
        };
        let house = AuctionHouse::try_from(AuctionTerms {
            maximum_age: seconds(self.tail),
            minimum_price: Ratio::new(rate::<N>(&self.cusp)).unwrap(),
            smallest_remainder: coins(&self.chost),
            fixed_incentive: coins(&ten(45)),
            proportional_incentive: Ratio::new(amount::<N>(&(wad() / 50)).get()).unwrap(),
            buffer: Ratio::new(rate::<N>(&(ray() * 13 / 10))).unwrap(),
            ..AuctionTerms::on_curve(curve)
        });
        let auction = Auction::new(
            coins(&self.tab),
            amount::<N>(&self.lot),
            UnitPrice::new(rate::<N>(&self.top)).unwrap(),
        );
        (auction.unwrap(), house.unwrap())
    }
}

fn sale() -> impl Strategy<Value = Sale> {
    let sizes = (magnitude(1, 1_000_000 * ONE), near(), near(), 0..RAY);
    let curve = (0..3_u8, 1..5_000_u32, magnitude(RAY / 100 * 97, RAY));
    let cusp = magnitude(1, RAY).prop_map(|cusp| cusp * 6 / 10);
    // The longest age, or as old as it may be, give or take a second.
    let tail = prop_oneof![2 => Just(None), 1 => (0..3_u32).prop_map(Some)];
    // The lowest price, or that of this age, give or take a unit.
    let cusp = prop_oneof![2 => cusp.prop_map(Ok), 1 => (-1..=1_i8).prop_map(Err)];
    (sizes, magnitude(RAY / 1_000, 50 * RAY), tail, cusp, curve, 0..3_000_u32).prop_map(
        |((lot, tab, chost, noise), top, tail, cusp, curve, age)| {
            let worth = &lot * &top;
            let tab = (tab.of(&worth) + noise).max(BigInt::one());
            let chost = chost.of(&tab);
            let tail = tail.map_or(u32::MAX, |beside| (age + beside).saturating_sub(1));
            let mut sale = Sale { tab, lot, top, chost, tail, cusp: BigInt::zero(), curve, age };
            sale.cusp = cusp.unwrap_or_else(|beside| {
                (sale.price() * ray() / &sale.top + beside).max(BigInt::zero())
            });
            sale
        },
    )
}

fn a_purchase_is_the_contracts<N: Vaulted>() {
    check((sale(), near(), any::<bool>(), -1..=1_i8), |(sale, wanted, near_tab, limit)| {
        let price = sale.price();
        let enough =
            if near_tab && !price.is_zero() { &sale.tab / &price } else { sale.lot.clone() };
        let amt = wanted.of(&enough).min(ten(24));
        let max: BigInt = (&price + limit).max(BigInt::zero());
        let (auction, house) = sale.open::<N>();
        let ours = auction.quote(amount::<N>(&amt), rate::<N>(&max), seconds(sale.age), &house);
        let theirs = sale.take(&amt, &max);
        prop_assert_eq!(ours.err(), theirs.as_ref().err().copied());
        if let (Ok(ours), Ok((slice, owe))) = (&ours, theirs) {
            prop_assert_eq!(wads(ours.collateral), slice);
            prop_assert_eq!(rad(ours.paid), owe);
            prop_assert_eq!(units(ours.price.get(), 27), price);
        }
        Ok(answered(&ours))
    });
}

fn a_reset_is_the_contracts<N: Vaulted>() {
    check(
        (sale(), magnitude(1, 50 * ONE), near(), any::<bool>()),
        |(mut sale, feed, chost, old)| {
            if old {
                sale.tail = sale.age.saturating_sub(1);
            }
            let (feed, buf) = (feed * ten(9), ray() * 13 / 10);
            sale.chost = chost.of(&(&sale.lot * &feed).min(sale.tab.clone()));
            let (auction, house) = sale.open::<N>();
            let system = System::<N>::new(Coins::MAX).unwrap();
            let price = Price::new(amount::<N>(&(&feed / ten(9))).get()).unwrap();
            let ours = auction.reset(price, seconds(sale.age), &house, &system);
            if !sale.done() {
                prop_assert_eq!(ours.err(), Some(VaultError::CannotReset));
                return Ok(Verdict::Refused);
            }
            let ours = ours.unwrap();
            let worth_it = sale.tab >= sale.chost && &sale.lot * &feed >= sale.chost;
            let coin =
                if worth_it { ten(45) + &sale.tab * (wad() / 50) / wad() } else { BigInt::zero() };
            prop_assert_eq!(rad(ours.incentive), coin.clone());
            prop_assert_eq!(units(ours.auction.starting_price().get(), 27), feed * buf / ray());
            let books = ours.system.state();
            for counted in [books.issued, books.unbacked, books.bad_debt] {
                prop_assert_eq!(rad(counted), coin.clone());
            }
            prop_assert_eq!(ours.auction.to_raise(), auction.to_raise());
            prop_assert_eq!(ours.auction.collateral(), auction.collateral());
            Ok(Verdict::Answered)
        },
    );
}

fn a_price_on_a_curve_is_the_contracts<N: Vaulted>() {
    check(sale(), |sale| {
        let (auction, house) = sale.open::<N>();
        let age = seconds(sale.age);
        let price = auction.price(age, &house).unwrap();
        prop_assert_eq!(units(price.get(), 27), sale.price());
        prop_assert_eq!(auction.needs_reset(age, &house).unwrap(), sale.done());
        Ok(Verdict::Answered)
    });
}

fn ratios_and_bounds_are_exact_quotients<N: Vaulted>() {
    check((chain(), magnitude(ONE / 1_000, 70 * ONE)), |(chain, feed)| {
        let (position, terms) = (chain.position::<N>(), chain.collateral_type::<N>());
        let system = chain.system::<N>();
        if chain.art.is_zero() {
            prop_assert_eq!(position.lowest_safety_price(&terms), Err(VaultError::NoDebt));
            return Ok(Verdict::Refused);
        }
        let owed = &chain.art * &chain.rate;
        let lowest = owed.div_ceil(&chain.ink);
        if lowest > ray() * 70 {
            return Ok(Verdict::Refused);
        }
        prop_assert_eq!(
            units(position.lowest_safety_price(&terms).unwrap().get(), 27),
            lowest.clone()
        );
        // The liquidation ratio is 1, and so is the redemption price.
        let price = position.liquidation_price(&terms, &system).unwrap();
        let expected = Price::new(Ray::exactly(&Q::new(lowest, ray())).unwrap()).unwrap();
        prop_assert!((price.to_f64() / expected.to_f64() - 1.0).abs() < 1e-15);
        prop_assert_eq!(rad(position.debt(&terms).unwrap()), owed.clone());
        let at = Price::new(amount::<N>(&feed).get()).unwrap();
        let ratio = &chain.ink * feed * ten(36) / owed;
        if ratio < ray() * 70 {
            let ours = position.collateralization_ratio(at, &terms).unwrap();
            prop_assert_eq!(units(ours.get(), 27), ratio);
        }
        Ok(Verdict::Answered)
    });
}

fn interest_on_savings_is_the_contracts<N: Vaulted>() {
    let factor = prop_oneof![
        9 => magnitude(1, 10_000_000_000_000_000_000).prop_map(|rate| ray() + rate),
        1 => magnitude(1, 1_000_000_000).prop_map(|rate| ray() - rate),
    ];
    let state = (magnitude(1, 1_000_000 * ONE), magnitude(RAY, 3 * RAY), factor);
    check((state, 0..40_000_000_u32), |((pie, chi, dsr), time)| {
        let index = Index::new(rate::<N>(&chi)).unwrap();
        let per_second = Index::new(rate::<N>(&dsr)).unwrap();
        let shares = Shares::new(amount::<N>(&pie).get()).unwrap();
        let savings = Savings::<N>::from(SavingsState { shares, index, per_second });
        let ours = savings.accrue(seconds(time), &System::new(Coins::MAX).unwrap());
        let grown = rpow(&dsr, time) * &chi / ray();
        if grown > ray() * 79 {
            return Ok(Verdict::Refused);
        }
        if grown < chi {
            prop_assert_eq!(ours.err(), Some(VaultError::Math(MathError::Underflow)));
            return Ok(Verdict::Refused);
        }
        let ours = ours.unwrap();
        prop_assert_eq!(units(ours.savings.state().index.get(), 27), grown.clone());
        prop_assert_eq!(rad(ours.interest), &pie * (&grown - chi));
        prop_assert_eq!(rad(ours.system.state().bad_debt), rad(ours.interest));
        prop_assert_eq!(rad(ours.savings.total().unwrap()), &pie * &grown);
        let bought = ours.savings.shares_for(coins(&pie)).unwrap();
        prop_assert_eq!(units(bought.get(), 18), pie.div_floor(&grown));
        let sold = ours.savings.shares_for_up(coins(&pie)).unwrap();
        prop_assert_eq!(units(sold.get(), 18), pie.div_ceil(&grown));
        Ok(Verdict::Answered)
    });
}

fn surplus_and_bad_debt_cancel_as_in_the_contract<N: Vaulted>() {
    let figure = || magnitude(0, 1_000_000 * ONE);
    let books = (figure(), figure(), figure(), figure());
    check((books, near(), 0..4_u8, figure()), |((dai, woe, queued, ash), asked, op, buffer)| {
        let sin = &woe + &queued + &ash;
        let system = System::<N>::try_from(SystemState {
            issued: coins(&(&dai + &sin)),
            unbacked: coins(&sin),
            surplus: coins(&dai),
            bad_debt: coins(&sin),
            queued_debt: coins(&queued),
            debt_on_auction: coins(&ash),
            ..SystemState::empty().unwrap()
        })
        .unwrap();
        let refuse = |fails: bool, error| if fails { Err(error) } else { Ok(()) };
        let (surplus, debt) = (VaultError::InsufficientSurplus, VaultError::InsufficientBadDebt);
        let (ours, theirs, after) = match op {
            0 => {
                let rad = asked.of(&dai.clone().min(woe.clone()));
                let theirs = refuse(rad > dai, surplus).and_then(|()| refuse(rad > woe, debt));
                let after = [&dai - &rad, &sin - &rad, queued, ash];
                (system.heal(coins(&rad)).map(|heal| heal.after), theirs, after)
            }
            1 => {
                let rad = asked.of(&dai.clone().min(ash.clone()));
                let theirs = refuse(rad > ash, debt).and_then(|()| refuse(rad > dai, surplus));
                let after = [&dai - &rad, &sin - &rad, queued, &ash - &rad];
                (system.heal_on_auction(coins(&rad)).map(|heal| heal.after), theirs, after)
            }
            2 => {
                let rad = asked.of(&queued);
                let theirs = refuse(rad > queued, debt);
                let after = [dai, sin, &queued - &rad, ash];
                (system.release_queued(coins(&rad)), theirs, after)
            }
            _ => {
                let room = (&dai - &sin - &buffer).max(BigInt::zero());
                let rad = asked.of(&room);
                let short = dai < &sin + &rad + &buffer;
                let theirs = refuse(short, surplus)
                    .and_then(|()| refuse(!woe.is_zero(), VaultError::BadDebtRemains));
                let after = [&dai - &rad, sin, queued, ash];
                (system.auction_surplus(coins(&rad), coins(&buffer)), theirs, after)
            }
        };
        prop_assert_eq!(ours.as_ref().err(), theirs.as_ref().err());
        if let Ok(ours) = &ours {
            let books = ours.state();
            let figures =
                [books.surplus, books.bad_debt, books.queued_debt, books.debt_on_auction].map(rad);
            prop_assert_eq!(figures, after);
        }
        Ok(answered(&ours))
    });
}

#[test]
fn shares_of_the_system_are_sold_only_without_a_surplus() {
    let one = coins::<Wad>(&ten(45));
    let state =
        SystemState { issued: one, unbacked: one, bad_debt: one, ..SystemState::empty().unwrap() };
    let system = System::try_from(state).unwrap();
    let auctioned = system.auction_debt(one).unwrap();
    assert_eq!(auctioned.state().debt_on_auction, one);
    assert_eq!(auctioned.auction_debt(one), Err(VaultError::InsufficientBadDebt));
    let rich = System::try_from(SystemState { surplus: one, ..state }).unwrap();
    assert_eq!(rich.auction_debt(one), Err(VaultError::SurplusRemains));
    // Nobody can give what is not there.
    assert_eq!(rich.receive(one), Err(VaultError::InsufficientCoins));
}

#[test]
fn savings_are_not_paid_out_beyond_what_there_is() {
    let savings =
        Savings::<Wad>::new(Ray::ONE).unwrap().deposit(Wad::ONE, seconds(0)).unwrap().after;
    let more: Wad = "1.000000000000000001".parse().unwrap();
    assert_eq!(savings.withdraw(more).err(), Some(VaultError::InsufficientShares));
    assert_eq!(savings.with_rate(Ray::ONE, seconds(1)).err(), Some(VaultError::FeeNotAccrued));
    assert_eq!(savings.with_rate(Ray::ZERO, seconds(0)).unwrap().state().per_second, Ray::ZERO);
    // Nor do they shrink, even when nobody saves.
    let shrinking = Savings::<Wad>::new(Ray::ZERO).unwrap();
    let fallen = shrinking.accrue(seconds(1), &System::new(Coins::MAX).unwrap());
    assert_eq!(fallen.err(), Some(MathError::Underflow.into()));
}

#[test]
fn an_auction_does_not_start_from_nothing() {
    let curve = PriceCurve::Linear { duration: seconds(10) };
    let terms = AuctionTerms::<Wad>::on_curve(curve);
    let house = AuctionHouse::try_from(AuctionTerms { buffer: Ratio::ZERO, ..terms }).unwrap();
    let one = coins::<Wad>(&ten(45));
    let system = System::try_from(SystemState { issued: one, ..SystemState::empty().unwrap() });
    let collateral_type = CollateralType::try_from(CollateralTypeState {
        normalized_debt: Wad::ONE.into(),
        safety_price: UnitPrice::new("0.5".parse::<Ray>().unwrap()).unwrap(),
        ..CollateralTypeState::at_ratio(Ratio::<Ray>::ONE).unwrap()
    });
    let position = Position::new(Wad::ONE, Wad::ONE).unwrap();
    let price = Price::new(Wad::ONE).unwrap();
    let (collateral_type, system) = (collateral_type.unwrap(), system.unwrap());
    let started = position.liquidate(price, &house, &collateral_type, &system);
    assert_eq!(started.err(), Some(VaultError::ZeroStartingPrice));
    assert_eq!(Auction::<Wad>::new(one, Wad::ONE, Ray::ZERO), Err(VaultError::ZeroStartingPrice));
}

/// `(1 + r)ⁿ` as fractions of 10^100, cut and not cut.
fn power_between(rate: &BigInt, n: u32) -> [BigInt; 2] {
    let one = ten(100);
    let base = &one + rate * ten(73);
    [Rounding::Down, Rounding::Up].map(|rounding| {
        let product = |a: &BigInt, b: &BigInt| match rounding {
            Rounding::Down => (a * b).div_floor(&one),
            Rounding::Up => (a * b).div_ceil(&one),
        };
        let (mut power, mut base, mut n) = (one.clone(), base.clone(), n);
        while n > 0 {
            if n % 2 == 1 {
                power = product(&power, &base);
            }
            base = product(&base, &base);
            n /= 2;
        }
        power
    })
}

/// The root by period is the largest rate whose power is not above; a power is cut once.
#[test]
fn a_rate_by_period_is_exact_to_the_last_place() {
    let periods = prop_oneof![1..100_u32, Just(365), Just(2_102_400), Just(31_536_000)];
    check((magnitude(0, 5 * RAY), periods), |(yearly, n)| {
        let rate = Rate::<Ray, PerYear>::new(Ray::exactly(&Q::new(yearly.clone(), ray())).unwrap());
        let rate = rate.unwrap();
        let target = (ray() + &yearly) * ten(73);
        let down = units(rate.per_period_down::<PerSecond>(n).unwrap().get(), 27);
        let up = units(rate.per_period_up::<PerSecond>(n).unwrap().get(), 27);
        prop_assert!(power_between(&down, n)[0] <= &target + (ten(73) >> 40));
        // What is nearer to the grid than the 192 places can tell is taken to be on it.
        let slack = ten(73) >> 40;
        prop_assert!(&power_between(&up, n)[1] + &slack >= target);
        prop_assert!(&up - &down <= BigInt::one());
        if up == down {
            // On the grid.
            let [low, high] = power_between(&down, n);
            prop_assert!(low <= &target + &slack && &target - &slack <= high);
        }
        // And back.
        let by_period =
            Rate::<Ray, PerSecond>::new(rate.per_period_down::<PerSecond>(n).unwrap().get());
        let by_period = by_period.unwrap();
        let [low, high] = power_between(&down, n);
        let back = [by_period.effective_per_year_down(n), by_period.effective_per_year_up(n)];
        let [back_down, back_up] = back.map(|rate| units(rate.unwrap().get(), 27) + ray());
        prop_assert!(&back_down * ten(73) <= &high + &slack && low < (&back_down + 1) * ten(73));
        prop_assert!(&back_up * ten(73) + &slack >= low && (&back_up - 1) * ten(73) < high);
        prop_assert!(&back_up - &back_down <= BigInt::one());
        // The published one is not above, and by less than its three cuts.
        let published = units(rate.per_period_published::<PerSecond>(n).unwrap().get(), 27);
        prop_assert!(published <= down && &down - &published <= (ray() + &yearly) * 3 / ray() + 1);
        let people = Decimal::exactly(&Q::new(yearly, ray())).unwrap();
        let people = Rate::<_, PerYear>::new(people).unwrap().per_period_down::<PerSecond>(n);
        prop_assert_eq!(units(people.unwrap().get(), 27), down);
        Ok(Verdict::Answered)
    });
}

#[test]
fn exact_powers_and_roots_are_on_the_grid() {
    let tenth: Ray = "0.1".parse().unwrap();
    for rounding in [Rounding::Down, Rounding::Up] {
        assert_eq!(tenth.grown(Growth::Over(2), rounding), "0.21".parse());
        assert_eq!("0.21".parse::<Ray>().unwrap().grown(Growth::InOneOf(2), rounding), Ok(tenth));
        assert_eq!(Ray::ZERO.grown(Growth::Over(u32::MAX), rounding), Ok(Ray::ZERO));
        assert_eq!(tenth.grown(Growth::Over(0), rounding), Ok(Ray::ZERO));
        assert_eq!(tenth.grown(Growth::InOneOf(1), rounding), Ok(tenth));
    }
    assert_eq!(tenth.grown(Growth::InOneOf(0), Rounding::Down), Err(MathError::DivisionByZero));
    assert_eq!(tenth.grown(Growth::Over(u32::MAX), Rounding::Down), Err(MathError::Overflow));
    let whole: Fixed<0> = Fixed::from_raw(1);
    assert_eq!(whole.grown(Growth::Over(10), Rounding::Down), Ok(Fixed::from_raw(1_023)));
}

fn close(ours: f64, theirs: f64, context: &str) -> Result<(), TestCaseError> {
    prop_assert!(
        (ours - theirs).abs() <= 1e-9 * theirs.abs().max(1e-12),
        "{ours}, {theirs}: {context}"
    );
    Ok(())
}

/// A float takes the same way, if no limit is within its rounding.
#[test]
fn floats_follow() {
    let float = |units: &BigInt, places: i32| units.to_f64().unwrap() / 10_f64.powi(places);
    check((chain(), sale(), magnitude(1, 20_000_000_000_000_000_000)), |(mut chain, sale, fee)| {
        chain.spot = &chain.spot / 9;
        let bark = chain.bark();
        let position = Position::new(float(&chain.ink, 18), float(&chain.art, 18)).unwrap();
        let coins = |units: &BigInt| Coins::<f64>::new(float(units, 45)).unwrap();
        let terms = CollateralType::try_from(CollateralTypeState {
            normalized_debt: Amount::new(float(&chain.all, 18)).unwrap(),
            accumulated_rate: Index::new(float(&chain.rate, 27)).unwrap(),
            safety_price: UnitPrice::new(float(&chain.spot, 27)).unwrap(),
            debt_floor: coins(&chain.dust),
            liquidation_penalty: Ratio::new(float(&chain.chop, 18).max(1.0)).unwrap(),
            liquidation_limit: coins(&chain.hole),
            in_liquidation: coins(&chain.dirt),
            stability_fee: Index::new(1.0 + float(&fee, 27)).unwrap(),
            ..CollateralTypeState::at_ratio(1.0).unwrap()
        })
        .unwrap();
        let system = System::try_from(SystemState {
            issued: coins(&chain.debt),
            liquidation_limit: coins(&chain.all_hole),
            in_liquidation: coins(&chain.all_dirt),
            ..SystemState::empty().unwrap()
        })
        .unwrap();
        let mut verdict = Verdict::Refused;
        if let (Ok([dink, dart, _, tab]), Ok(ours)) = (bark, position.seizure(&terms, &system)) {
            // Where a limit decides, a float may decide otherwise; and it has no last unit to round to.
            let large = BigInt::from(ONE / 1_000);
            let (ours_dart, dart_value) = (ours.normalized_debt.get(), float(&dart, 18));
            let same = (ours_dart - dart_value).abs() < 1e-9 * dart_value;
            if same && dart > large && dink > large {
                close(ours.collateral.get(), float(&dink, 18), "dink")?;
                close(ours.to_raise.to_f64(), float(&tab, 45), "tab")?;
                verdict = Verdict::Answered;
            }
        }
        let accrued = terms.accrue(seconds(31_536_000), &system).unwrap();
        let grown = rpow(&(ray() + &fee), 31_536_000) * &chain.rate / ray();
        let rate = accrued.collateral_type.state().accumulated_rate.get();
        // The float of a rate a second has seven digits of the rate.
        prop_assert!((rate / float(&grown, 27) - 1.0).abs() < 1e-7);
        let auction =
            Auction::<f64>::new(coins(&sale.tab), float(&sale.lot, 18), float(&sale.top, 27))
                .unwrap();
        let (kind, time, cut) = &sale.curve;
        let factor = Ratio::new(float(cut, 27).min(1.0)).unwrap();
        let curve = match kind {
            0 => PriceCurve::Linear { duration: seconds(*time) },
            1 => PriceCurve::Stairstep { step: seconds(*time), factor },
            _ => PriceCurve::Exponential { factor },
        };
        let house = AuctionHouse::try_from(AuctionTerms::on_curve(curve)).unwrap();
        let price = auction.price(seconds(sale.age), &house).unwrap();
        let exact = sale.price();
        if exact > BigInt::from(10_u64.pow(15)) {
            prop_assert!((price.get() / float(&exact, 27) - 1.0).abs() < 1e-8);
            verdict = Verdict::Answered;
        }
        let all = auction.quote(float(&sale.lot, 18), price, seconds(sale.age), &house).unwrap();
        let owed = float(&(&sale.lot * &exact).min(sale.tab.clone()), 45);
        prop_assert!((all.paid.to_f64() - owed).abs() <= 1e-7 * owed.max(1e-9));
        Ok(verdict)
    });
}
