//! Lending and vaults.

use defi_math::lending::rewards::{RewardHolder, RewardPool};
use defi_math::lending::{
    Account, AccruedMarket, Collateral, Debt, InterestRateModel, LendingError, LiquidationTerms,
    Loan, Market, Parameter, Position as Holding, Terms, TokenizedVault, utilization,
};
use defi_math::rate::{PerBlock, blocks, seconds};
use defi_math::vault::{
    Adjustment, Auction, AuctionHouse, AuctionTerms, Change, Coins, CollateralType,
    CollateralTypeState, Position, PriceCurve, Savings, System, SystemState, VaultError, Wallet,
    risk,
};
use defi_math::{Amount, Index, MathError, Number, Price, Ray, Shares, Wad};
use rust_decimal::{Decimal, dec};

/// A market without interest, in which a share costs so much at first.
fn flat<N: Number>(rate: N) -> AccruedMarket<N> {
    let model = InterestRateModel::<N, PerBlock>::linear(N::ZERO, N::ZERO).unwrap();
    let market = Market::open(Terms::new(model, N::ZERO, rate).unwrap()).unwrap();
    market.accrue(blocks(0)).unwrap().after
}

fn ether<N: defi_math::vault::VaultNumber>(ratio: N::Rate) -> CollateralTypeState<N> {
    CollateralTypeState::at_ratio(ratio).unwrap()
}

/// What is lent of nothing is no part of it, in no kind of number.
#[test]
fn utilization_of_nothing_is_refused_for_its_divisor() {
    fn refused<N: Number>() {
        let ten = N::ONE.multiple(10).unwrap();
        let refusal = LendingError::Math(MathError::DivisionByZero);
        assert_eq!(utilization(N::ZERO, ten, ten), Err(refusal));
    }
    refused::<Wad>();
    refused::<Decimal>();
    refused::<f64>();
}

/// A floor of 2^248 units times a penalty does not fit the contract's 256 bits, though the result would.
#[test]
fn a_floor_that_the_contract_cannot_multiply_is_refused() {
    let debt_floor = Coins::<Wad>::from_raw(1 << 120, 0);
    let ether = CollateralType::try_from(CollateralTypeState { debt_floor, ..ether(Ray::ONE) });
    let refusal = VaultError::Math(MathError::Overflow);
    assert_eq!(ether.unwrap().smallest_remainder(), Err(refusal));
}

/// Floats whose sums are rounded: `a/7` and `b/11`.
fn pairs() -> impl Iterator<Item = (f64, f64)> {
    (1..60_u32).flat_map(|a| (1..60_u32).map(move |b| (f64::from(a) / 7.0, f64::from(b) / 11.0)))
}

/// Review: of two suppliers in floats, the second was often refused the last of the shares or of the cash.
#[test]
fn float_suppliers_can_all_leave() {
    let mut rounded = 0;
    for (a, b) in pairs() {
        let first = flat(0.02).supply(a).unwrap();
        let second = first.after.supply(b).unwrap();
        let left = second.after.redeem(first.shares).unwrap().after;
        rounded += u32::from(left.state().supply < second.shares);
        let empty = left.redeem(second.shares).unwrap().after;
        assert!(empty.state().supply < 1e-12 && empty.state().cash < 1e-12);
        // And what is left can be stored.
        assert!(Market::try_from(*empty.state()).is_ok());
    }
    assert!(rounded > 0);
}

/// The same, of a tokenized vault, of savings, and of what is staked for rewards.
#[test]
fn float_shares_can_all_be_given_back() {
    for (a, b) in pairs() {
        let first = TokenizedVault::new(0).deposit(a).unwrap();
        let second = first.after.deposit(b).unwrap();
        let left = second.after.redeem(first.shares).unwrap().after;
        assert!(left.redeem(second.shares).unwrap().after.assets().get() < 1e-12);

        let first = Savings::new(1.0).unwrap().deposit(a, seconds(0)).unwrap();
        let second = first.after.deposit(b, seconds(0)).unwrap();
        let left = second.after.withdraw(a).unwrap().after;
        assert!(left.withdraw(b).unwrap().after.state().shares.get() < 1e-12);

        let now = seconds(0);
        let first = RewardPool::new(seconds(9)).unwrap().stake(now, RewardHolder::NONE, a).unwrap();
        let second = first.after.stake(now, RewardHolder::NONE, b).unwrap();
        let left = second.after.withdraw(now, first.holder, a).unwrap().after;
        assert!(left.withdraw(now, second.holder, b).is_ok());
    }
}

/// The same, of a system's books: a payment of coins that were issued, and of debt that was waiting.
#[test]
fn float_books_take_back_what_they_gave() {
    for (a, b) in pairs() {
        let issued = System::new(1e9).unwrap().issue_unbacked(a).unwrap();
        let issued = issued.issue_unbacked(0.3).unwrap().issue_unbacked(b).unwrap();
        let paid = issued.receive(b).unwrap().receive(0.3).unwrap().receive(a).unwrap();
        assert!(paid.heal(a).unwrap().after.heal(0.3).unwrap().after.heal(b).is_ok());

        let queued_debt = issued.state().bad_debt;
        let queued = System::try_from(SystemState { queued_debt, ..*issued.state() }).unwrap();
        let released = queued.release_queued(b).unwrap().release_queued(0.3).unwrap();
        assert!(released.release_queued(a).unwrap().healable_debt().is_ok());

        // An incentive was issued between two liquidations, and has been cancelled.
        let healed = issued.receive(0.3).unwrap().heal(0.3).unwrap().after;
        let queued_debt = (Coins::new(a).unwrap() + Coins::new(b).unwrap()).unwrap();
        let stored = System::try_from(SystemState { queued_debt, ..*healed.state() }).unwrap();
        assert!(stored.healable_debt().unwrap().to_f64() < 1e-12);
    }
}

/// The same: what a wallet or a position of floats gives last is what it has left.
#[test]
fn a_float_position_gives_its_last_part() {
    let (ether, system) =
        (CollateralType::try_from(ether(1.5)).unwrap(), System::new(1e9).unwrap());
    for (a, b) in pairs() {
        let first = Position::EMPTY.lock(a, &ether, &system).unwrap();
        let second = first.position.lock(b, &ether, &system).unwrap();
        let left = second.position.free(a, &ether, &system).unwrap().position;
        assert!(left.free(b, &ether, &system).is_ok());
        let wallet = Wallet { collateral: Amount::new(a + b).unwrap(), coins: Coins::ZERO };
        let once = Position::EMPTY.lock(b, &ether, &system).unwrap();
        assert!(wallet.settle(&once).unwrap().settle(&first).is_ok());
    }
}

/// Review: where less than a unit of debt buys all of the collateral, no liquidation was found.
#[test]
fn a_liquidation_of_the_last_share_is_found() {
    let one = || "1".parse::<Wad>().unwrap();
    let unit = Wad::from_raw(1);
    let supplied = flat(one()).supply(Wad::from_raw(5_000)).unwrap().after;
    let owed = supplied.borrow(Debt::NONE, Wad::from_raw(10)).unwrap();
    let price = Price::new(one()).unwrap();
    let loan = Loan { market: owed.after, debt: owed.debt, price };
    let collateral = Collateral { market: supplied, shares: Shares::new(unit).unwrap(), price };
    let account = Account::of(&[
        Holding::in_market(&loan.market, Wad::from_raw(0), loan.debt, price, one()).unwrap(),
        Holding::in_market(&collateral.market, unit, Debt::NONE, price, one()).unwrap(),
    ]);
    let account = account.unwrap();
    let terms = LiquidationTerms::new(one(), "1.5".parse::<Wad>().unwrap(), Wad::from_raw(0));
    let two = "2".parse::<Wad>().unwrap();
    let best = terms.unwrap().most_profitable(&account, &loan, &collateral, two).unwrap().unwrap();
    assert_eq!([best.repay.get(), best.shares.get(), best.profit.get()], [unit; 3]);
}

/// Review: a deposit below the caller's minimum was called too small for a share.
#[test]
fn a_deposit_below_the_callers_minimum_is_called_that() {
    let supply = flat(dec!(1)).supply(dec!(100)).unwrap();
    assert!(supply.at_least(supply.shares).is_ok());
    assert_eq!(supply.at_least(dec!(100)), Err(LendingError::BelowMinimumOutput));
}

/// Review: no refusal of a parameter said which.
#[test]
fn a_parameter_out_of_its_range_is_named() {
    let model = InterestRateModel::<_, PerBlock>::linear(dec!(0), dec!(0)).unwrap();
    let refused = |parameter| Some(LendingError::OutOfRange(parameter));
    let fine = dec!(0.0000000000000000001);
    for (factor, rate, parameter) in [
        (dec!(1.1), dec!(1), Parameter::ReserveFactor),
        (fine, dec!(1), Parameter::ReserveFactor),
        (dec!(1), dec!(0), Parameter::InitialExchangeRate),
        (dec!(1), fine, Parameter::InitialExchangeRate),
    ] {
        assert_eq!(Terms::new(model, factor, rate).err(), refused(parameter));
    }
    for (close, incentive, share, parameter) in [
        (dec!(1.1), dec!(1), dec!(0), Parameter::CloseFactor),
        (dec!(1), dec!(0.9), dec!(0), Parameter::LiquidationIncentive),
        (dec!(1), dec!(1) + fine, dec!(0), Parameter::LiquidationIncentive),
        (dec!(1), dec!(1), dec!(1.1), Parameter::ProtocolShare),
    ] {
        assert_eq!(LiquidationTerms::new(close, incentive, share).err(), refused(parameter));
    }
    for (rate, factor, parameter) in [
        (fine, dec!(1), Parameter::ExchangeRate),
        (dec!(1), dec!(1.1), Parameter::CollateralFactor),
    ] {
        let position = Holding::new(dec!(1), rate, dec!(0), dec!(1), factor);
        assert_eq!(position.err(), refused(parameter));
    }
    let beyond = InterestRateModel::<_>::two_slopes(dec!(0), dec!(1.1), dec!(0), dec!(0));
    assert_eq!(beyond.err(), refused(Parameter::OptimalUtilization));
    let never = RewardPool::<Wad>::new(seconds(0));
    assert_eq!(never.err(), refused(Parameter::RewardDuration));
    let nothing = RewardPool::new(seconds(9)).unwrap().stake(
        seconds(0),
        RewardHolder::NONE,
        Wad::from_raw(0),
    );
    assert_eq!(nothing.err(), Some(LendingError::NoShares));
}

/// Review: a debt of 18 places beside a large bound has no place in a `Decimal`, and nothing at all could
/// be drawn.
#[test]
fn a_draw_without_a_place_is_refused_and_not_nothing() {
    let debt = dec!(1234.567890123456789012);
    let ether = CollateralType::try_from(CollateralTypeState {
        normalized_debt: Amount::new(debt).unwrap(),
        ..ether(dec!(1.5))
    });
    let ether = ether.unwrap().at_safety_price(dec!(1000)).unwrap();
    let system = System::new(dec!(1000000000000000)).unwrap();
    let most = |collateral| Position::new(collateral, debt).unwrap().maximum_draw(&ether, &system);
    assert_eq!(most(dec!(50000000)).unwrap(), dec!(49999998765.43210987654321));
    assert_eq!(most(dec!(100000000)), Err(VaultError::Math(MathError::Inexact)));
}

/// Review: the same difference, of a wallet, was called a lack of balance …
#[test]
fn a_balance_without_a_place_is_inexact_and_not_too_small() {
    let (ether, system) =
        (CollateralType::try_from(ether(dec!(1.5))).unwrap(), System::new(dec!(1)).unwrap());
    let locked = Position::EMPTY.lock(dec!(0.000000000000000001), &ether, &system).unwrap();
    let rich = Wallet { collateral: Amount::new(dec!(1000000000000)).unwrap(), coins: Coins::ZERO };
    assert_eq!(rich.settle(&locked).err(), Some(VaultError::Math(MathError::Inexact)));
    let poor = Wallet { collateral: Amount::ZERO, ..rich };
    assert_eq!(poor.settle(&locked).err(), Some(VaultError::InsufficientBalance));
}

/// … and of a collateral type, a state that cannot be.
#[test]
fn a_type_without_a_place_is_inexact_and_not_invalid() {
    let debt = dec!(1000000000000);
    let ether = CollateralType::try_from(CollateralTypeState {
        normalized_debt: Amount::new(debt).unwrap(),
        ..ether(dec!(1.5))
    });
    let (ether, issued) = (ether.unwrap(), Coins::new(debt).unwrap());
    let system = System::try_from(SystemState { issued, ..SystemState::empty().unwrap() }).unwrap();
    let position = Position::new(dec!(1), dec!(0.000000000000000001)).unwrap();
    let refused = position.wipe_all(&ether, &system);
    assert_eq!(refused.err(), Some(VaultError::Math(MathError::Inexact)));
    let more = Position::new(dec!(1), dec!(2000000000000)).unwrap();
    assert_eq!(more.wipe_all(&ether, &system).err(), Some(VaultError::InvalidState));
    // More than is owed or locked is the position's own.
    let change = |collateral, normalized_debt| {
        let adjustment = Adjustment { collateral, normalized_debt };
        position.adjust(adjustment, &ether, &system).err()
    };
    let (none, two) = (Amount::ZERO, Amount::new(dec!(2)).unwrap());
    let (none, two) = (Change::Increase(none), Change::Decrease(two));
    assert_eq!(change(two, none), Some(VaultError::InsufficientCollateral));
    assert_eq!(change(none, two), Some(VaultError::RepaysTooMuch));
}

/// Review: with a rate below 1, the whole units that were promised drew less than the coins they stand
/// for, and too little for the floor.
#[test]
fn a_promised_draw_reaches_the_floor() {
    let ether = |floor: &str| {
        let ether: CollateralType<Wad> = CollateralType::try_from(CollateralTypeState {
            accumulated_rate: Index::new("0.5".parse().unwrap()).unwrap(),
            debt_floor: floor.parse().unwrap(),
            ..ether("1.5".parse::<Ray>().unwrap())
        })
        .unwrap();
        ether.at_safety_price("1.5".parse::<Ray>().unwrap()).unwrap()
    };
    // Good for three units of normalized debt, which are one unit of coins and a half.
    let position = Position::new(Wad::from_raw(1), Wad::from_raw(0)).unwrap();
    let system = System::new(Wad::from_raw(1_000)).unwrap();
    let most = |ether: &CollateralType<Wad>| position.maximum_draw(ether, &system).unwrap();
    let high = ether("0.0000000000000000015");
    assert_eq!(most(&high), Wad::from_raw(0));
    assert_eq!(
        position.draw(Wad::from_raw(1), &high, &system).err(),
        Some(VaultError::BelowDebtFloor)
    );
    let low = ether("0.000000000000000001");
    assert_eq!(most(&low), Wad::from_raw(1));
    assert!(position.draw(Wad::from_raw(1), &low, &system).is_ok());
}

/// Review: a fall to a price that rounds to nothing put no debt at risk, because without a price nothing can
/// be liquidated.
#[test]
fn no_fall_hides_the_debt_at_risk() {
    let ether = CollateralType::try_from(ether(dec!(1.5))).unwrap();
    let system = System::new(dec!(1000000)).unwrap();
    let positions = [Position::new(dec!(1), dec!(1800)).unwrap()];
    let after = |fall| risk::debt_at_risk_after(fall, dec!(1), &positions, &ether, &system);
    assert_eq!(after(dec!(0.99)), Ok(Coins::new(dec!(1800)).unwrap()));
    assert_eq!(after(dec!(0.999999999999999999999999999)), Err(VaultError::ZeroPrice));
    assert_eq!(after(dec!(1)), Err(VaultError::ZeroPrice));
}

/// The same as above: the most that a float account can borrow, or a float position draw, was often an ulp
/// too much.
#[test]
fn the_most_that_floats_can_owe_is_accepted() {
    let mut met = 0;
    for (a, b) in pairs() {
        let held = Holding::new(a, 1.0, 0.0, 1.3, 0.77).unwrap();
        let owed = Holding::new(0.0, 1.0, b / 100.0, 2.7, 0.8).unwrap();
        let account = Account::of(&[held, owed]).unwrap();
        let Ok(account) = account.require_healthy() else { continue };
        let most = account.maximum_borrow(&owed).unwrap();
        let full = account.with_borrow(&owed, most).unwrap();
        met += u32::from(full.debt_value() > full.borrow_limit());
        assert!(full.is_healthy() && full.liquidity().unwrap() < 1e-12);
        assert!(!account.with_borrow(&owed, most.get() * (1.0 + 1e-9)).unwrap().is_healthy());

        let ceiling = a * 1.17;
        let ether = CollateralType::try_from(CollateralTypeState {
            accumulated_rate: Index::new(1.0 + b / 99.0).unwrap(),
            ..ether(1.5)
        });
        let (ether, system) =
            (ether.unwrap().at_safety_price(1.3).unwrap(), System::new(ceiling).unwrap());
        let position = Position::new(a, 0.0).unwrap();
        let most = position.maximum_draw(&ether, &system).unwrap();
        assert!(position.draw(most, &ether, &system).is_ok());
        let more = position.draw(most.get() * (1.0 + 1e-9), &ether, &system);
        assert_eq!(more.err(), Some(VaultError::AboveDebtCeiling));
    }
    assert!(met > 0);
}

/// Review: a liquidation and an auction of another collateral type ended in a bare underflow.
#[test]
fn another_types_auction_is_an_invalid_state() {
    let ether = CollateralType::try_from(ether(dec!(1.5))).unwrap().at_safety_price(dec!(1));
    let (ether, system) = (ether.unwrap(), System::new(dec!(1000)).unwrap());
    let curve = PriceCurve::Linear { duration: seconds(3600) };
    let house = AuctionHouse::try_from(AuctionTerms::on_curve(curve)).unwrap();
    let position = Position::new(dec!(1), dec!(2)).unwrap();
    let liquidation = position.liquidate(dec!(1), &house, &ether, &system);
    assert_eq!(liquidation.err(), Some(VaultError::InvalidState));
    let auction = Auction::new(dec!(2), dec!(1), dec!(1)).unwrap();
    assert_eq!(auction.cancel(&ether, &system).err(), Some(VaultError::InvalidState));
}

/// Review: a `Decimal` rate of all its places could not be multiplied with the time, and a pool that was
/// promised 10¹¹ tokens refused every step.
#[test]
fn a_large_reward_is_paid_out_at_any_time() {
    let week = seconds(604_800);
    for reward in [dec!(1000000000), dec!(100000000000), dec!(100000000000000)] {
        let stake = RewardPool::new(week).unwrap().stake(seconds(0), RewardHolder::NONE, dec!(10));
        let stake = stake.unwrap();
        let pool = stake.after.notify(seconds(0), reward, reward).unwrap();
        let part = pool.advance(seconds(604_799)).unwrap();
        let earned = part.earned(seconds(1), stake.holder).unwrap();
        assert!(earned <= reward && earned > reward - reward / dec!(100000000000000000));
    }
    // What is promised may be all that is held, and not a unit more.
    let pool = RewardPool::new(seconds(3)).unwrap();
    let promise = |reward, held| pool.notify(seconds(0), reward, held).map(|_| ());
    assert_eq!(promise(dec!(9), dec!(9)), Ok(()));
    assert_eq!(promise(dec!(10), dec!(9)), Err(LendingError::RewardTooHigh));
}
