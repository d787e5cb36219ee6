//! Staking: Ethereum's penalties, Cosmos's and EigenLayer's slashes, Lido's, Rocket Pool's and
//! OpenZeppelin's shares, Anchor's bAssets; and the reconstruction's own numbers, worked out by hand.

use defi_math::staking::cosmos::{Fault, SlashFraction, SlashingPeriod, Unbonding, is_down};
use defi_math::staking::eigenlayer::{Delegation, Operator, SlashingFactor};
use defi_math::staking::equilibrium::{Market, Portfolio, RewardSchedule};
use defi_math::staking::ethereum::Fork;
use defi_math::staking::inequality::{Distribution, Effect};
use defi_math::staking::{
    Book, Delegations, Fraction, Kept, LiquidCaps, Loan, LoanTerms, StakingError, StakingPool,
    cosmos,
};
use defi_math::{Amount, Wad};
use rust_decimal::{Decimal, dec};

const ETH: u64 = 1_000_000_000;
const BALANCE: u64 = 32 * ETH;
const ACTIVE: u64 = 500_000 * BALANCE;

fn amount(number: Decimal) -> Amount {
    Amount::new(number).unwrap()
}

/// The penalty of a validator of 32 ETH among 500,000 such, in Gwei, for so many slashed with it: by the
/// consensus specifications of Bellatrix and of Electra.
#[test]
fn ethereum_correlation_penalty() {
    for (slashed, bellatrix, electra) in [
        (5_208, 0, 999_936_000),
        (5_209, ETH, 1_000_128_000),
        (16_667, 3 * ETH, 3_200_064_000),
        (50_000, 9 * ETH, 9_600_000_000),
        (100_000, 19 * ETH, 19_200_000_000),
        (166_667, BALANCE, BALANCE),
        (400_000, BALANCE, BALANCE),
    ] {
        let penalty = |fork: Fork| fork.correlation_penalty(BALANCE, slashed * BALANCE, ACTIVE);
        assert_eq!(penalty(Fork::Bellatrix), Ok(bellatrix), "{slashed}");
        assert_eq!(penalty(Fork::Electra), Ok(electra), "{slashed}");
    }
    // Multipliers 1, 2 and 3: a tenth of the stake.
    let tenth = |fork: Fork| fork.correlation_penalty(BALANCE, ACTIVE / 10, ACTIVE);
    let whole_ethers = [3 * ETH, 6 * ETH, 9 * ETH];
    assert_eq!(
        [Fork::Phase0, Fork::Altair, Fork::Bellatrix].map(|f| tenth(f).unwrap()),
        whole_ethers
    );
}

/// 1/128, 1/64, 1/32, 1/4096 of the effective balance; reporters get 1/512, since Electra 1/4096.
#[test]
fn ethereum_initial_penalty() {
    let forks = [Fork::Phase0, Fork::Altair, Fork::Bellatrix, Fork::Electra];
    let initial = forks.map(|fork| fork.initial_penalty(BALANCE));
    assert_eq!(initial, [250_000_000, 500_000_000, ETH, 7_812_500]);
    let reporter = forks.map(|fork| fork.reporter_reward(BALANCE));
    assert_eq!(reporter, [62_500_000, 62_500_000, 62_500_000, 7_812_500]);
    // Both penalties of a lonely fault, and of a fault that takes everything.
    assert_eq!(
        Fork::Electra.balance_after(BALANCE, BALANCE, BALANCE, ACTIVE),
        Ok(31_992_187_500 - 192_000)
    );
    assert_eq!(Fork::Bellatrix.balance_after(BALANCE, BALANCE, ACTIVE, ACTIVE), Ok(0));
}

/// Where 64 bits end, the specification has no answer: 2,048 ETH before Electra.
#[test]
fn ethereum_overflow() {
    let large = 2_048 * ETH;
    let total = 9_007_200 * ETH;
    assert!(Fork::Bellatrix.correlation_penalty(large, total, total).is_err());
    assert_eq!(Fork::Electra.correlation_penalty(large, total, total), Ok(large));
    // A total below one increment counts as one.
    assert_eq!(Fork::Electra.correlation_penalty(BALANCE, 0, 0), Ok(0));
}

/// cosmos-sdk: infractions of 30, 40 and 35 % in one period cost 40 % of the stake at its start; a
/// window of 100 blocks, half of which must be signed, is missed at 51.
#[test]
fn cosmos_slashing_period_and_downtime() {
    let mut period = SlashingPeriod::<Wad>::default();
    let mut slashed = Vec::new();
    for part in ["0.3", "0.4", "0.35"] {
        let fault = SlashFraction::new(part.parse::<Wad>().unwrap()).unwrap();
        let recorded = period.record(fault).unwrap();
        slashed.push(recorded.fraction.get().to_string());
        period = recorded.after;
    }
    assert_eq!(slashed, ["0.3", "0.1", "0"]);
    assert_eq!(period.worst().get().to_string(), "0.4");
    assert!(!is_down(50, 100, Fraction::ONE_HALF));
    assert!(is_down(51, 100, Fraction::ONE_HALF));
    // What must be signed is rounded up: 34 of 100 for a third.
    assert!(!is_down(66, 100, Fraction::ONE_THIRD));
    assert!(is_down(67, 100, Fraction::ONE_THIRD));
}

/// `x/staking`, `Slash`: what began to unbond before the fault, or is free already, is spared; the rest of
/// the fraction falls on what is bonded, and never more than there is.
#[test]
fn cosmos_slash_follows_the_stake() {
    let entries = |entries: [(Decimal, u64, u64); 3]| {
        entries.map(|(amount, begun, matures)| Unbonding::new(amount, begun, matures).unwrap())
    };
    let fault = |part: Decimal, height| Fault {
        stake: amount(dec!(100)),
        fraction: SlashFraction::new(part).unwrap(),
        height,
    };
    let fresh = || entries([(dec!(10), 9, 40), (dec!(10), 10, 40), (dec!(10), 12, 20)]);

    let mut waiting = fresh();
    let slashed = cosmos::slash(dec!(80), &mut waiting, fault(dec!(0.5), 10), 20).unwrap();
    // The first is too early, the third free at 20: 5 from the second, 45 from the bonded.
    assert_eq!(slashed.unbonding, dec!(5));
    assert_eq!(slashed.bonded, dec!(45));
    assert_eq!(slashed.after, dec!(35));
    assert_eq!(waiting.map(|u| u.balance().get()), [dec!(10), dec!(5), dec!(10)]);

    // A second fault: of what the entry was, and no more than it has; what it falls short by is still
    // counted, as on the chain.
    let slashed = cosmos::slash(dec!(35), &mut waiting, fault(dec!(0.8), 10), 20).unwrap();
    assert_eq!(slashed.unbonding, dec!(5));
    assert_eq!(slashed.bonded, dec!(35));
    assert_eq!(slashed.after, dec!(0));

    // At the fault's own height nothing has begun since.
    let mut waiting = fresh();
    let slashed = cosmos::slash(dec!(80), &mut waiting, fault(dec!(0.05), 20), 20).unwrap();
    assert_eq!((slashed.unbonding, slashed.bonded), (amount(dec!(0)), amount(dec!(5))));
    let refused = cosmos::slash(dec!(80), &mut waiting, fault(dec!(0.05), 21), 20);
    assert_eq!(refused, Err(StakingError::FutureFault));
    let mut now = [Unbonding::new(dec!(10), 20, 40).unwrap()];
    let slashed = cosmos::slash(dec!(80), &mut now, fault(dec!(0.05), 20), 20).unwrap();
    assert_eq!((slashed.unbonding, slashed.bonded), (amount(dec!(0)), amount(dec!(5))));
    let slashed = cosmos::slash(dec!(80), &mut now, fault(dec!(0.05), 20), 21).unwrap();
    assert_eq!((slashed.unbonding.get(), slashed.bonded.get()), (dec!(0.5), dec!(4.5)));
    // The chain truncates to whole base units.
    let fault = Fault {
        stake: Wad::from_raw(199).into(),
        fraction: SlashFraction::new("0.05".parse::<Wad>().unwrap()).unwrap(),
        height: 1,
    };
    let slashed = cosmos::slash(Wad::from_raw(199), &mut [], fault, 2).unwrap();
    assert_eq!(slashed.bonded, Wad::from_raw(9));
}

/// Gaia's ADR-001 and ADR-002: a quarter of 100 million may be liquid; a bond of 2 carries 500; of a bond
/// of 2 with 250 liquid, 1 is free.
#[test]
fn cosmos_liquid_staking_caps() {
    let caps = LiquidCaps::COSMOS_HUB;
    let at = |liquid, total| Delegations::new(liquid, total).unwrap();
    let (network, validator) = (at(dec!(0), dec!(100_000_000)), at(dec!(0), dec!(100_000_000)));
    let bond = dec!(1_000_000);
    assert!(caps.check(network, validator, bond, dec!(25_000_000), true).is_ok());
    let above = caps.check(network, validator, bond, dec!(25_000_001), true);
    assert_eq!(above, Err(StakingError::AboveGlobalCap));
    assert!(caps.check(network, at(dec!(0), dec!(1_000)), dec!(2), dec!(500), true).is_ok());
    let above = caps.check(network, at(dec!(0), dec!(2_000)), dec!(2), dec!(501), true);
    assert_eq!(above, Err(StakingError::AboveBondCap));
    let above = caps.check(network, at(dec!(0), dec!(999)), dec!(2), dec!(500), true);
    assert_eq!(above, Err(StakingError::AboveValidatorCap));
    assert!(caps.check_bond_withdrawal(dec!(2), dec!(1), dec!(250)).is_ok());
    let too_much = caps.check_bond_withdrawal(dec!(2), dec!(1.000001), dec!(250));
    assert_eq!(too_much, Err(StakingError::AboveBondCap));
    let more = caps.check_bond_withdrawal(dec!(2), dec!(3), dec!(0));
    assert_eq!(more, Err(StakingError::InsufficientStake));

    // The keeper's own test cases, with a cap of 10 %: 6/96 and 10/100 pass, 11/101 does not.
    let tenth = LiquidCaps { global: Fraction::new(1, 10).unwrap(), bond_factor: None, ..caps };
    let whole = at(dec!(0), dec!(1_000));
    assert!(tenth.check(at(dec!(5), dec!(95)), whole, dec!(0), dec!(1), false).is_ok());
    assert!(tenth.check(at(dec!(5), dec!(95)), whole, dec!(0), dec!(5), false).is_ok());
    let above = tenth.check(at(dec!(5), dec!(95)), whole, dec!(0), dec!(6), false);
    assert_eq!(above, Err(StakingError::AboveGlobalCap));
}

/// EigenLayer's accounting: withdrawable is `s·k·l·m`; a slash of a quarter leaves three quarters; a deposit
/// after it is not slashed; a move to another operator changes nothing.
#[test]
fn eigenlayer_scaling_factors() {
    let one = Wad::from_base_units(1, 0).unwrap();
    let shares = |n: u128| Wad::from_base_units(n, 0).unwrap();
    let part = |text: &str| text.parse::<Wad>().unwrap();
    let operator = Operator::<Wad>::default();
    let staker = Delegation::default().deposit(shares(100), operator.factor().unwrap()).unwrap();
    assert_eq!(staker.scaling(), one);

    let slashed = operator.slash(part("0.25")).unwrap();
    let factor = slashed.factor().unwrap();
    assert_eq!(staker.withdrawable(factor).unwrap(), shares(75));
    // (75 + 50)/(150·0.75) = 1.111…, twice rounded down.
    let more = staker.deposit(shares(50), factor).unwrap();
    assert_eq!(more.scaling().get().raw(), 1_111_111_111_111_111_110);
    assert_eq!(more.withdrawable(factor).unwrap().get().raw(), 124_999_999_999_999_999_875);

    // With the beacon chain's factor: l·m.
    let both = SlashingFactor::new(part("0.75"), part("0.8")).unwrap();
    assert_eq!(both.get(), part("0.6"));
    assert_eq!(staker.withdrawable(both).unwrap(), shares(60));

    // A slash of a magnitude is rounded up: dust cannot be kept.
    let dust = Operator::new(Wad::from_raw(3)).unwrap();
    assert_eq!(dust.slash(part("0.1")).unwrap().magnitude(), Wad::from_raw(2));

    let moved = staker.delegate(factor, Operator::<Wad>::default().factor().unwrap()).unwrap();
    let fresh = Operator::<Wad>::default().factor().unwrap();
    assert_eq!(moved.withdrawable(fresh).unwrap(), shares(75));
    let gone = operator.slash(one).unwrap().factor().unwrap();
    assert_eq!(staker.withdrawable(gone).unwrap(), Wad::from_raw(0));
    assert_eq!(staker.deposit(shares(1), gone), Err(StakingError::FullySlashed));
}

/// OpenZeppelin's documentation of the inflation attack: 1 unit deposited and 100,000 given rob a vault
/// without an offset of any deposit up to 100,000; with an offset of 3 the attacker loses half of it, and
/// only deposits up to 50 get no share.
#[test]
fn openzeppelin_inflation_attack() {
    let unit = Wad::from_raw;
    let attacked = |places: u8, first: u128| {
        let pool = StakingPool::with_virtual_shares(Fraction::ZERO, places).unwrap();
        let deposit = pool.deposit(unit(first)).unwrap();
        (deposit.shares, deposit.after.donate(unit(100_000)).unwrap())
    };
    // No offset at all: one share is worth 100,001.
    let bare = StakingPool::new(Fraction::ZERO).deposit(unit(1)).unwrap().after;
    let bare = bare.donate(unit(100_000)).unwrap();
    for deposit in [1, 50_000, 100_000] {
        assert_eq!(bare.deposit(unit(deposit)), Err(StakingError::InsufficientSharesMinted));
    }
    let (shares, pool) = attacked(3, 1);
    let back = pool.redeem(shares).unwrap().amount.get().raw();
    assert_eq!(100_001 - back, 50_000);
    assert_eq!(pool.deposit(unit(50)), Err(StakingError::InsufficientSharesMinted));
    assert_eq!(pool.deposit(unit(51)).unwrap().shares, unit(1));
    let (shares, pool) = attacked(3, 100);
    assert_eq!(100_100 - pool.redeem(shares).unwrap().amount.get().raw(), 991);
    // 100 tokens for 200 shares: half a token each.
    let state = defi_math::staking::StakingPoolState {
        staked: unit(100).into(),
        supply: unit(200).into(),
        ..*StakingPool::new(Fraction::ZERO).state()
    };
    let half = StakingPool::try_from(state).unwrap().exchange_rate().unwrap();
    assert_eq!(half.to_number_down().unwrap(), "0.5".parse().unwrap());
}

/// Anchor's bAsset hub: of 1,000 bonded 100 are slashed, the rate is 0.9; bonding 1,000 more mints 1,111,
/// and 2,111 shares claim 1,900; the first 1,000 shares alone redeem 900.
#[test]
fn basset_exchange_rate() {
    let unit = Wad::from_raw;
    let pool = StakingPool::new(Fraction::ZERO).deposit(unit(1_000)).unwrap().after;
    let slashed =
        pool.slash(Kept::after_slash("0.1".parse::<Wad>().unwrap()).unwrap()).unwrap().after;
    assert_eq!(slashed.exchange_rate().unwrap().to_number_down().unwrap(), "0.9".parse().unwrap());
    let deposit = slashed.deposit(unit(1_000)).unwrap();
    assert_eq!(deposit.shares, unit(1_111));
    assert_eq!(deposit.after.staked(), unit(1_900));
    assert_eq!(deposit.after.supply(), unit(2_111));
    // All 1,000 shares of before, in two halves: 900 in all.
    let half = slashed.redeem(unit(500)).unwrap();
    let other = half.after.redeem(unit(500)).unwrap();
    assert_eq!((half.amount, other.amount), (unit(450).into(), unit(450).into()));
}

/// The reconstruction by hand: 100 staked, `c = 1/4`, `k = 2`, 25 borrowed. At 95 left the price is
/// (75/70)², at 90 (75/65)², at 80 (75/55)²; at 25 it has no bound.
#[test]
fn loan_redemption_prices() {
    let terms = LoanTerms::new(Fraction::new(1, 4).unwrap(), 2, dec!(2)).unwrap();
    let loan = Loan::new(terms, dec!(100)).unwrap().borrow(dec!(25)).unwrap().after;
    for (left, price, cost) in [
        (dec!(1), dec!(1), dec!(25)),
        (dec!(0.95), dec!(1.1479592), dec!(28.69898)),
        (dec!(0.9), dec!(1.3313609), dec!(33.28402)),
        (dec!(0.8), dec!(1.8595041), dec!(46.48760)),
    ] {
        let slashed = loan.slash(Kept::new(left).unwrap()).unwrap().after;
        assert_eq!(slashed.redemption_price().unwrap().get().round_dp(7), price);
        assert_eq!(slashed.redemption_cost().unwrap().get().round_dp(5), cost);
        assert!(!slashed.is_in_default().unwrap());
    }
    let bare = loan.slash(Kept::new(dec!(0.25)).unwrap()).unwrap().after;
    assert_eq!(bare.redemption_price(), Err(StakingError::PriceUnbounded));
    assert_eq!(bare.redemption_cost(), Err(StakingError::PriceUnbounded));
    assert!(bare.is_in_default().unwrap());
    assert_eq!(terms.slash_to_default().unwrap().get().round_dp(7), dec!(0.2196699));
    assert_eq!(loan.bearable_slash().unwrap().get().round_dp(7), dec!(0.2196699));
    assert_eq!(loan.borrow(dec!(0.01)), Err(StakingError::AboveCollateralFactor));
}

/// Roots that are on the grid are found exactly: the half of a price of 2, 4 and 16, the tenth of 10⁶.
#[test]
fn loan_thresholds_on_the_grid() {
    let threshold = |exponent: u32, price: Decimal| {
        let terms = LoanTerms::new(Fraction::ONE_HALF, exponent, price).unwrap();
        let chain: Wad = price.to_string().parse().unwrap();
        let chain = LoanTerms::new(Fraction::ONE_HALF, exponent, chain).unwrap();
        assert_eq!(chain.threshold().to_string(), terms.threshold().to_string());
        terms.threshold().get()
    };
    for (exponent, price) in [(1, dec!(2)), (2, dec!(4)), (4, dec!(16))] {
        assert_eq!(threshold(exponent, price), dec!(0.5));
    }
    assert_eq!(threshold(6, dec!(1_000_000)), dec!(0.1));
    assert_eq!(threshold(3, dec!(1)), dec!(1));
}

/// The interview: 100 staked, 25 borrowed, foreclosed; 75 secure the network.
#[test]
fn a_hundred_staked_and_a_quarter_borrowed() {
    let terms = LoanTerms::new(Fraction::new(1, 4).unwrap(), 2, dec!(2)).unwrap();
    let loan = Loan::new(terms, dec!(100)).unwrap();
    let book = Book::default().join(&loan).unwrap();
    let borrowed = book.borrow(&loan, dec!(25)).unwrap();
    assert_eq!(borrowed.after.security_budget(dec!(1)).unwrap(), dec!(75));
    assert_eq!(borrowed.after.attack_cost(dec!(1), Fraction::ONE_THIRD).unwrap(), dec!(25));
    assert_eq!(borrowed.after.attack_cost(dec!(1), Fraction::ONE_HALF).unwrap(), dec!(37.5));
    let repaid = borrowed.after.repay(&borrowed.loan.after, dec!(25)).unwrap();
    assert_eq!(repaid.after.security_budget(dec!(1)).unwrap(), dec!(100));
    let unlocked = repaid.after.unlock(&repaid.loan.after, dec!(100)).unwrap();
    assert_eq!(unlocked.after, Book::default());
}

/// Gini coefficients by hand.
#[test]
fn gini_numbers() {
    fn distribution(stakes: &mut [Amount]) -> Distribution<'_> {
        Distribution::new(stakes).unwrap()
    }
    for (stakes, a, b) in [
        (&[10, 20, 30, 40][..], 1, 4),
        (&[10, 20, 30, 36], 11, 48),
        (&[10, 18, 30, 40], 51, 196),
        (&[0, 10, 20, 30], 5, 12),
        (&[10, 20, 30], 2, 9),
        (&[0, 0, 0, 1], 3, 4),
        (&[7, 7, 7], 0, 1),
    ] {
        let mut stakes: Vec<Amount> =
            stakes.iter().rev().map(|n| amount(Decimal::from(*n))).collect();
        let gini = distribution(&mut stakes).gini().unwrap();
        let (a, b) = (amount(Decimal::from(a)), amount(Decimal::from(b)));
        assert_eq!(gini.to_ratio_down().unwrap(), defi_math::Ratio::of_down(a, b).unwrap());
    }
    let mut stakes = [10, 20, 30, 40].map(|n| amount(Decimal::from(n)));
    let stakes = distribution(&mut stakes);
    assert_eq!(stakes.effect_of_default(3), Ok(Effect::Raises));
    assert_eq!(stakes.effect_of_removal(3), Ok(Effect::Lowers));
    assert_eq!(
        stakes.gini_without(3).unwrap().to_ratio_up().unwrap().get().round_dp(9),
        dec!(0.222222222)
    );
    // At nine tenths the 20 and the 18 would meet, and pass nobody.
    let close = [18, 20, 30].map(|n| amount(Decimal::from(n)));
    let close = Distribution::of_sorted(&close).unwrap();
    assert_eq!(close.slash_keeps_ranks(Kept::new(dec!(0.9)).unwrap()), Ok(true));
    assert_eq!(close.slash_keeps_ranks(Kept::new(dec!(0.89)).unwrap()), Ok(false));
    assert_eq!(stakes.nakamoto(Fraction::ONE_THIRD), Ok(1));
    assert_eq!(stakes.nakamoto(Fraction::ONE_HALF), Ok(2));
    // Seven tenths are not more than seven tenths.
    assert_eq!(stakes.nakamoto(Fraction::new(7, 10).unwrap()), Ok(3));
}

const MARKET: Market = Market {
    supply: 100.0,
    reward: 5.0,
    demand: 20.0,
    base_rate: 0.02,
    slope: 0.2,
    reserve_factor: 0.0,
    lent_against_stake: 0.0,
};

/// Where staking and lending pay alike: rewards up, demand and rates down; rewards halved five times drain
/// the stake.
#[test]
fn equilibrium_numbers() {
    let staked = |market: Market| market.equilibrium().unwrap().staked;
    let close = |a: f64, b: f64| assert!((a - b).abs() < 6e-4, "{a} {b}");
    close(staked(MARKET), 65.0359);
    close(staked(Market { reward: 6.0, ..MARKET }), 67.6318);
    close(staked(Market { demand: 25.0, ..MARKET }), 58.6600);
    close(staked(Market { slope: 0.3, ..MARKET }), 59.6885);
    let halving = RewardSchedule::Halving { reward: 5.0, every: 1 };
    for (halvings, expected) in (0..).zip([65.036, 53.923, 41.443, 29.038, 18.453, 10.756]) {
        close(staked(Market { reward: halving.reward(halvings).unwrap(), ..MARKET }), expected);
    }
    // R/(M − B) ≥ (β₀ + β₁)·(1 − rf): as much is staked as demand leaves.
    let corner = Market { reward: 17.6, ..MARKET }.equilibrium().unwrap();
    assert!(corner.corner);
    close(corner.staked, 80.0);
    assert!(!Market { reward: 17.5, ..MARKET }.equilibrium().unwrap().corner);
}

/// The interview: 7 % lent against 5 % staked takes everything at a variance of 1 % and an aversion of one;
/// equal yields split evenly.
#[test]
fn seven_percent_against_five() {
    let agent = Portfolio {
        staking_mean: 0.05,
        lending_mean: 0.07,
        staking_variance: 0.01,
        lending_variance: 0.01,
        covariance: 0.0,
        risk_aversion: 1.0,
    };
    assert_eq!(agent.staked_part(), Ok(0.0));
    assert_eq!(Portfolio { staking_mean: 0.07, ..agent }.staked_part(), Ok(0.5));
    assert_eq!(
        Portfolio { risk_aversion: 4.0, ..agent }.staked_part().map(|w| (w * 4.0).round()),
        Ok(1.0)
    );
    let riskless = Portfolio { covariance: 0.01, ..agent };
    assert_eq!(riskless.staked_part(), Err(StakingError::InvalidTerms));
}
