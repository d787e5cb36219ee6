//! Numbers that Maker's tests and documentation have published.

use defi_math::rate::{PerSecond, PerYear, Rate, seconds};
use defi_math::vault::{
    Auction, AuctionHouse, AuctionTerms, Change, Coins, CollateralType, CollateralTypeState,
    Position, PriceCurve, Savings, System, SystemState, VaultError, per_second_factor, yearly_rate,
};
use defi_math::{Index, Price, Ratio, Ray, Wad};
use rust_decimal::{Decimal, dec};

const DAY: u32 = 86_400;
const YEAR: u32 = 31_536_000;

fn ray(units: u128) -> Ray {
    Ray::from_raw(units)
}

fn wad(text: &str) -> Wad {
    text.parse().unwrap()
}

fn coins(text: &str) -> Coins<Wad> {
    text.parse().unwrap()
}

/// A hundred coins of debt at a fee by the second.
fn hundred(per_second: u128) -> (CollateralType<Wad>, System<Wad>) {
    let system = SystemState { issued: coins("100"), surplus: coins("10"), ..empty() };
    let collateral_type = CollateralTypeState {
        normalized_debt: wad("100").into(),
        stability_fee: ray(per_second).into(),
        ..CollateralTypeState::at_ratio(Ratio::ONE).unwrap()
    };
    (collateral_type.try_into().unwrap(), system.try_into().unwrap())
}

fn empty() -> SystemState<Wad> {
    SystemState::empty().unwrap()
}

/// dss, `jug.t.sol`: 5 % a day on 100, for one to three days; and a negative fee.
#[test]
fn maker_jug_tests() {
    for (per_second, days, fee) in [
        (1_000_000_564_701_133_626_865_910_626, 1, "5"),
        (1_000_000_564_701_133_626_865_910_626, 2, "10.25"),
        (1_000_000_564_701_133_626_865_910_626, 3, "15.7625"),
    ] {
        let (collateral_type, system) = hundred(per_second);
        let accrual = collateral_type.accrue(seconds(days * DAY), &system).unwrap();
        let Change::Increase(taken) = accrual.fee else { panic!("the debt shrinks") };
        assert_eq!(taken.to_amount_down().unwrap(), wad(fee));
        assert!(accrual.system.is_balanced([&accrual.collateral_type]).unwrap());
    }
    let (collateral_type, system) = hundred(999_999_706_969_857_929_985_428_567);
    let accrual = collateral_type.accrue(seconds(3 * DAY), &system).unwrap();
    let debt = accrual.collateral_type.debt().unwrap();
    assert_eq!(debt.to_amount_down().unwrap(), wad("92.6859375"));
    assert!(matches!(accrual.fee, Change::Decrease(_)));
}

/// The same: a day at 5 %, then a day at 10 %. The test of the contract has the fee as a whole.
#[test]
fn maker_jug_changes_its_rate() {
    let (collateral_type, system) = hundred(1_000_000_564_701_133_626_865_910_626);
    let first = collateral_type.accrue(seconds(DAY), &system).unwrap();
    let faster = ray(1_000_001_103_127_689_513_476_993_127);
    let after = first.collateral_type.with_stability_fee(faster, seconds(0)).unwrap();
    assert!(first.collateral_type.with_stability_fee(faster, seconds(1)).is_err());
    let second = after.accrue(seconds(DAY), &first.system).unwrap();
    let rate = second.collateral_type.state().accumulated_rate.get().raw();
    assert_eq!(rate / 10_u128.pow(9), 1_155_000_000_000_000_000);
    let surplus = (second.system.state().surplus - coins("10")).unwrap();
    assert_eq!(surplus.to_amount_down().unwrap(), wad("15.5"));
}

/// dss, `pot.t.sol`: 100 saved for a day at 5 %.
#[test]
fn maker_pot_test() {
    let system = System::try_from(SystemState { issued: coins("100"), ..empty() }).unwrap();
    let savings = Savings::new(ray(1_000_000_564_701_133_626_865_910_626)).unwrap();
    let deposit = savings.deposit(wad("100"), seconds(0)).unwrap();
    assert_eq!(deposit.coins, coins("100"));
    let accrual = deposit.after.accrue(seconds(DAY), &system).unwrap();
    let back = accrual.savings.withdraw(wad("100")).unwrap();
    assert_eq!(back.coins.to_amount_down().unwrap(), wad("105"));
    assert_eq!(accrual.system.state().bad_debt, accrual.interest);
}

/// dss, `jug.t.sol`, `test_drip_...`: ten digits of a power.
#[test]
fn maker_rpow_test() {
    let power = ray(1_000_234_891_009_084_238_901_289_093).pow_half_up(3_724).unwrap();
    assert_eq!(power.raw() / 10_u128.pow(18), 2_397_991_232);
}

/// The rates by second that Maker's governance deploys, of its published table.
#[test]
fn maker_published_rates() {
    for (percent, factor) in [
        ("0.005", 1_000_000_000_158_153_903_837_946_257),
        ("0.01", 1_000_000_000_315_522_921_573_372_069),
        ("0.02", 1_000_000_000_627_937_192_491_029_810),
        ("0.035", 1_000_000_001_090_862_085_746_321_732),
        ("0.04", 1_000_000_001_243_680_656_318_820_312),
        ("0.05", 1_000_000_001_547_125_957_863_212_448),
        ("0.055", 1_000_000_001_697_766_583_380_253_701),
        ("0.08", 1_000_000_002_440_418_608_258_400_030),
        ("0.1", 1_000_000_003_022_265_980_097_387_650),
        ("0.15", 1_000_000_004_431_822_129_783_699_001),
        ("0.25", 1_000_000_007_075_835_619_725_814_915),
        ("0.5", 1_000_000_012_857_214_317_438_491_659),
        ("1", 1_000_000_021_979_553_151_239_153_027),
    ] {
        let yearly = Rate::<Ray, PerYear>::new(percent.parse().unwrap()).unwrap();
        assert_eq!(per_second_factor(yearly).unwrap().get().raw(), factor, "{percent}");
        let people = Rate::<Decimal, PerYear>::new(percent.parse().unwrap()).unwrap();
        let expected = Decimal::try_from(ray(factor)).unwrap();
        assert_eq!(per_second_factor(people).unwrap().get(), expected, "{percent}");
        // And back, to the places that a published percentage has.
        let back = yearly_rate(ray(factor)).unwrap().get().raw();
        assert!(yearly.get().raw().abs_diff(back) < 10_u128.pow(12), "{percent}: {back}");
        // The exact root is above the published one by the units that `bc` cuts.
        let exact = yearly.per_period_down::<PerSecond>(YEAR).unwrap().get().raw();
        assert!((0..=2).contains(&(exact + 10_u128.pow(27) - factor)), "{percent}");
        let float = Rate::<f64, PerYear>::new(percent.parse().unwrap()).unwrap();
        let float = per_second_factor(float).unwrap().get();
        assert!((float - 1.0 - (factor - 10_u128.pow(27)) as f64 / 1e27).abs() < 1e-15);
    }
}

/// Maker's documentation, "Rates": 20 become 30 in twelve years at 3.4366 % a year; then 10 more are drawn
/// at a rate of 1.5; and 100 coins at a rate of 1.00083.
#[test]
fn maker_rates_documentation() {
    let rate = Rate::<Decimal, PerYear>::new(dec!(0.034366)).unwrap();
    let growth = rate.effective_per_year_down(12).unwrap().get() + Decimal::ONE;
    assert_eq!((growth * dec!(20)).round_dp(3), dec!(30.000));
    let at = |rate: Decimal| {
        CollateralType::try_from(CollateralTypeState {
            accumulated_rate: Index::new(rate).unwrap(),
            ..CollateralTypeState::at_ratio(Ratio::ONE).unwrap()
        })
        .unwrap()
    };
    let normalized = at(dec!(1.5)).normalized_up(dec!(40)).unwrap();
    assert_eq!(normalized.get().round_dp(2), dec!(26.67));
    let normalized = at(dec!(1.00083)).normalized_up(dec!(100)).unwrap();
    assert_eq!(normalized.get().round_dp(15), dec!(99.917068832868719));
}

/// dss, `abaci.t.sol`.
#[test]
fn maker_abaci_tests() {
    let price = |curve: PriceCurve<Wad>, top: &str, age| {
        curve.price(top.parse::<Ray>().unwrap(), seconds(age)).unwrap().get()
    };
    let linear = PriceCurve::Linear { duration: seconds(3_600) };
    for (age, expected) in [(0, 1_000), (360, 900), (1_800, 500), (3_240, 100), (3_600, 0)] {
        assert_eq!(price(linear, "1000", age), expected.to_string().parse().unwrap());
    }
    // Halves every 900 seconds.
    let factor = ray(999_230_132_966_000_000_000_000_000).into();
    let exponential = PriceCurve::Exponential { factor };
    for (age, expected) in [(900, 2_000.0), (1_800, 1_000.0), (2_700, 500.0), (3_600, 250.0)] {
        let found: f64 = price(exponential, "4000", age).to_string().parse().unwrap();
        assert!((found / expected - 1.0).abs() < 1e-3);
    }
    // 1 % a second.
    let factor = "0.99".parse::<Ray>().unwrap().into();
    let stairs = PriceCurve::Stairstep { step: seconds(1), factor };
    // Published as a float, in which the last digit is one too small.
    let found = price(stairs, "5", 30).raw();
    assert!(found.abs_diff(3_698_501_866_941_401 * 10_u128.pow(12)) < 2 * 10_u128.pow(12));
    assert_eq!(price(stairs, "5", 100).raw(), 1_830_161_706_366_147_524_653_080_130);
}

/// 40 of collateral against a debt of 100, at a safety price below 2.5.
fn barked(limit: &str, penalty: &str) -> (Position<Wad>, Auction<Wad>, Coins<Wad>) {
    let system = System::try_from(SystemState { issued: coins("100"), ..empty() }).unwrap();
    let collateral_type = CollateralType::try_from(CollateralTypeState {
        normalized_debt: wad("100").into(),
        liquidation_penalty: wad(penalty).into(),
        liquidation_limit: coins(limit),
        ..CollateralTypeState::at_ratio(Ratio::new(ray(2 * 10_u128.pow(27))).unwrap()).unwrap()
    })
    .unwrap();
    let price = Price::new(wad("4")).unwrap();
    let collateral_type = collateral_type.at_market_price(price, &system).unwrap();
    assert_eq!(collateral_type.state().safety_price, "2".parse::<Ray>().unwrap());
    let house = AuctionHouse::try_from(AuctionTerms {
        fixed_incentive: coins("100"),
        proportional_incentive: wad("0.02").into(),
        ..AuctionTerms::on_curve(PriceCurve::Linear { duration: seconds(3_600) })
    })
    .unwrap();
    let position = Position::new(wad("40"), wad("100")).unwrap();
    let bark = position.liquidate(price, &house, &collateral_type, &system).unwrap();
    assert!(bark.system.is_balanced([&bark.collateral_type]).unwrap());
    (bark.position, bark.auction, bark.incentive)
}

/// dss, `clip.t.sol`: the limit leaves room for a part, and the keeper's incentive.
#[test]
fn maker_clip_tests() {
    let (left, auction, _) = barked("80", "1");
    assert_eq!(auction.collateral(), wad("32"));
    assert_eq!(auction.to_raise(), coins("80"));
    assert_eq!(left, Position::new(wad("8"), wad("20")).unwrap());

    let (_, auction, _) = barked("75", "1.1");
    let short = (coins("75") - auction.to_raise()).unwrap();
    assert_eq!(short.raw(), (0, 2 * 10_u128.pow(26)));

    let (left, auction, incentive) = barked("1000", "1.1");
    assert_eq!(left, Position::EMPTY);
    assert_eq!(auction.to_raise(), coins("110"));
    assert_eq!(incentive, coins("102.2"));
}

/// Maker's documentation, "Liquidation 2.0": an auction of 60,000, sold in two parts, and the terms.
#[test]
fn maker_liquidations_documentation() {
    let on = |price: Decimal| {
        let factor = Ratio::ONE;
        let curve = PriceCurve::Exponential { factor };
        let house = AuctionHouse::try_from(AuctionTerms::on_curve(curve)).unwrap();
        let auction =
            move |to_raise: Decimal, lot: Decimal| Auction::new(to_raise, lot, price).unwrap();
        (house, auction)
    };
    let (house, auction) = on(dec!(195));
    // The buyer of 50,000 worth at 195.
    let first = auction(dec!(60000), dec!(1000));
    let wanted = dec!(256.410256410256410256);
    let bought = first.quote(wanted, dec!(195), seconds(0), &house).unwrap();
    assert_eq!(bought.collateral.get().round_dp(2), dec!(256.41));
    assert_eq!(bought.paid.to_amount_up().unwrap().get().round_dp(15), dec!(50000));
    // The rest at 110.
    let (house, auction) = on(dec!(110));
    let second = auction(dec!(10000), dec!(743.59));
    let rest = second.quote(dec!(743.59), dec!(110), seconds(0), &house).unwrap();
    assert_eq!(rest.collateral.get().round_dp(2), dec!(90.91));
    let sold = bought.collateral.get() + rest.collateral.get();
    assert_eq!(sold.round_dp(2), dec!(347.32));

    // A buffer of 1.2 on 1000, a lowest price of 0.6 of that, a penalty of 13 % on 1000.
    let system = System::new(dec!(1000000)).unwrap();
    let house = AuctionHouse::try_from(AuctionTerms {
        buffer: Ratio::new(dec!(1.2)).unwrap(),
        minimum_price: Ratio::new(dec!(0.6)).unwrap(),
        ..AuctionTerms::on_curve(PriceCurve::Linear { duration: seconds(1_000) })
    })
    .unwrap();
    let collateral_type = CollateralType::try_from(CollateralTypeState {
        liquidation_penalty: Ratio::new(dec!(1.13)).unwrap(),
        ..CollateralTypeState::at_ratio(dec!(1.5)).unwrap()
    })
    .unwrap();
    let opened = collateral_type.at_market_price(Price::new(dec!(1500)).unwrap(), &system).unwrap();
    let opened = Position::EMPTY
        .lock(dec!(1), &opened, &system)
        .and_then(|p| p.position.draw(dec!(1000), &p.collateral_type, &p.system))
        .unwrap();
    let price = Price::new(dec!(1000)).unwrap();
    let cheaper = opened.collateral_type.at_market_price(price, &opened.system).unwrap();
    let bark = opened.position.liquidate(price, &house, &cheaper, &opened.system).unwrap();
    assert_eq!(bark.auction.starting_price(), dec!(1200));
    assert_eq!(bark.auction.to_raise().to_string(), "1130");
    let reset_at = |age| bark.auction.needs_reset(seconds(age), &house).unwrap();
    assert_eq!(bark.auction.price(seconds(400), &house).unwrap(), dec!(720));
    assert!(!reset_at(400) && reset_at(401));
    let take = bark.auction.take(
        dec!(1),
        dec!(1200),
        seconds(0),
        &house,
        &bark.collateral_type,
        &bark.system,
    );
    // Nobody has 1130 coins where only 1000 were drawn.
    assert!(take.is_err());
    // A safety price of 150 at 150 % is a market price of 225.
    let position = Position::new(dec!(1), dec!(150)).unwrap();
    let price = position.liquidation_price(&collateral_type, &system).unwrap();
    assert_eq!(price, Price::new(dec!(225)).unwrap());
    assert_eq!(position.lowest_safety_price(&collateral_type).unwrap(), dec!(150));
    let ratio = position.collateralization_ratio(price, &collateral_type).unwrap();
    assert_eq!(ratio, dec!(1.5));
}

/// Maker's documentation, "Rates": a fee of `f` that is changed to `g` after 56 periods, of which only 28 have
/// been taken, is charged as `f^28·g^42` by time 70, where `f^56·g^14` is due. The contract refuses the change
/// since; so does this.
#[test]
fn maker_rates_documentation_of_a_late_fee() {
    let (f, g) = (dec!(1.01), dec!(1.02));
    let system = System::new(Coins::MAX).unwrap();
    let at = CollateralType::try_from(CollateralTypeState {
        stability_fee: Index::new(f).unwrap(),
        ..CollateralTypeState::at_ratio(dec!(1.5)).unwrap()
    });
    let accrue =
        |at: &CollateralType, time| at.accrue(seconds(time), &system).unwrap().collateral_type;
    let early = accrue(&at.unwrap(), 28);
    assert_eq!(early.with_stability_fee(g, seconds(28)).err(), Some(VaultError::FeeNotAccrued));
    let rate = |at: CollateralType| at.state().accumulated_rate.to_f64();
    let late = rate(accrue(&early.with_stability_fee(g, seconds(0)).unwrap(), 42));
    let due = accrue(&early, 28).with_stability_fee(g, seconds(0)).unwrap();
    let due = rate(accrue(&due, 14));
    let power = |a: i32, b: i32| 1.01_f64.powi(a) * 1.02_f64.powi(b);
    assert!((late / power(28, 42) - 1.0).abs() < 1e-12);
    assert!((due / power(56, 14) - 1.0).abs() < 1e-12);
}
