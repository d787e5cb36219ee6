//! Slashes as three chains count them: Cosmos's unbondings, EigenLayer's scaling factors, Ethereum's Gwei.

use defi_math::num::{Fit, Grid, Rounding};
use defi_math::staking::cosmos::{
    Fault, Recorded, SlashFraction, Slashed, SlashingPeriod, Unbonding, UnbondingState, slash,
};
use defi_math::staking::eigenlayer::{Delegation, Operator, SlashingFactor};
use defi_math::staking::ethereum::Fork;
use defi_math::staking::{Fraction, StakingError, cosmos};
use defi_math::{Kind, MathError};
use num_bigint::BigInt;
use num_traits::{One, Zero};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::check::{Verdict, agree, check, on_exact_types};
use crate::exact::{Exactly, Q, fits, ten, whole};
use crate::generate::{Draw, Sample, amount, draw, integer, natural};

on_exact_types! {
    a_fault_takes_from_what_unbonds_first,
    only_the_worst_fault_of_a_period_counts,
    an_operator_is_slashed,
    deposits_and_a_move_between_operators,
}

const DOWN: Rounding = Rounding::Down;
const UP: Rounding = Rounding::Up;

type Answer<T> = Result<T, StakingError>;

fn exact<N: Exactly>(value: &Q) -> Answer<Q> {
    Ok(N::exactly(value)?.value())
}

/// A part of one in so many places: of any magnitude, nothing, all, and a unit beside them.
fn part_of_one<N: Sample>(grid: Grid) -> BoxedStrategy<N> {
    let places = N::places(grid);
    let one = 10_u128.pow(places);
    prop_oneof![
        4 => 0..=one,
        2 => integer(0..=one),
        2 => (0..=1_000_u128).prop_map(move |n| n * (one / 1_000)),
        1 => prop_oneof![Just(0), Just(one), Just(1), Just(one - 1)],
    ]
    .prop_map(move |n| N::exactly(&Q::new(n.into(), ten(places))).unwrap())
    .boxed()
}

// Cosmos.

/// What began to unbond, what is left of it, when it began and when it is free.
type Waiting<N> = (Draw<N>, Draw<N>, u64, u64);

fn unbondings<N: Sample>() -> BoxedStrategy<Vec<Waiting<N>>> {
    let left = prop_oneof![1 => Just(Draw::Whole), 1 => draw::<N>()];
    vec((draw::<N>(), left, 0..6_u64, 0..8_u64), 0..4).boxed()
}

/// `SlashWithInfractionReason` of the staking module: each entry that began at the fault or later, and is not
/// mature, loses the fraction of what it was; that much is no longer asked of the bonded, had it or not.
fn a_fault_takes_from_what_unbonds_first<N: Sample>() {
    let heights = (0..6_u64, 0..6_u64);
    let cases =
        (N::reserve(), draw::<N>(), unbondings::<N>(), part_of_one::<N>(Grid::Rate), heights);
    check(cases, |(stake, bonded, entries, fraction, (height, now))| {
        let bonded = bonded.of(stake);
        let before: Vec<Unbonding<N>> = entries
            .into_iter()
            .map(|(initial, balance, begun, matures)| {
                let initial = initial.of(stake);
                let balance = balance.of(initial);
                let balance = if balance > initial { initial } else { balance };
                let (initial, balance) = (amount(initial), amount(balance));
                UnbondingState { initial, balance, begun, matures }.try_into().unwrap()
            })
            .collect();
        let fault =
            Fault { stake: amount(stake), fraction: SlashFraction::new(fraction).unwrap(), height };
        let part = |of: &Q| -> Answer<Q> {
            let part = N::round(&(of * fraction.value()), Fit::From(of), Grid::Amount, DOWN)?;
            Ok(part.value())
        };
        let expected = || -> Answer<([Q; 3], Vec<Q>)> {
            if height > now {
                return Err(StakingError::FutureFault);
            }
            let mut remaining = part(&stake.value())?;
            let mut taken = Q::zero();
            let mut left = Vec::new();
            for entry in &before {
                let UnbondingState { initial, balance, begun, matures } = (*entry).into();
                let [initial, balance] = [initial, balance].map(|amount| amount.get().value());
                if height == now || begun < height || matures <= now {
                    left.push(balance);
                    continue;
                }
                let due = part(&initial)?;
                remaining = exact::<N>(&(remaining - &due).max(Q::zero()))?;
                let slashed = due.min(balance.clone());
                left.push(exact::<N>(&(balance - &slashed))?);
                taken = exact::<N>(&(taken + slashed))?;
            }
            let from_bonded = remaining.min(bonded.value());
            let after = exact::<N>(&(bonded.value() - &from_bonded))?;
            Ok(([taken, from_bonded, after], left))
        };
        let mut entries = before.clone();
        let slashed = slash(bonded, &mut entries, fault, now);
        if slashed.is_err() {
            prop_assert_eq!(&entries, &before, "a refusal moves nothing");
        }
        let values = |Slashed { unbonding, bonded, after }: Slashed<N>| {
            let left = entries.iter().map(|entry| entry.balance().get().value()).collect();
            ([unbonding, bonded, after].map(|amount| amount.get().value()), left)
        };
        agree([slashed.map(values)], [expected()])
    });
}

/// What the faults cost together is what the worst of them costs.
fn only_the_worst_fault_of_a_period_counts<N: Sample>() {
    check(vec(part_of_one::<N>(Grid::Rate), 1..5), |faults| {
        let mut period = SlashingPeriod::<N>::default();
        let (mut worst, mut sum) = (Q::zero(), Q::zero());
        for fault in faults {
            let fraction = SlashFraction::new(fault).unwrap();
            let Recorded { fraction: more, after } = period.record(fraction)?;
            sum += more.get().get().value();
            worst = worst.max(fault.value());
            period = after;
            prop_assert_eq!(&sum, &worst);
            prop_assert_eq!(period.worst().get().get().value(), worst.clone());
        }
        Ok(Verdict::Answered)
    });
}

/// `MinSignedPerWindow` of so many blocks, rounded up, has to be signed: the least that is not down.
#[test]
fn a_validator_is_down_when_too_few_are_signed() {
    let fraction = (natural(0..=u32::MAX), natural(1..=u32::MAX));
    let cases = (natural(0..=u32::MAX), fraction, -2..=2_i64, natural(0..=u32::MAX));
    check(cases, |(window, (a, b), near, other)| {
        let part = Q::new(a.min(b).into(), a.max(b).into());
        let must_sign = (&part * whole(window)).ceil().to_integer();
        let allowed = BigInt::from(window) - must_sign;
        let min_signed = Fraction::new(a.min(b), a.max(b)).unwrap();
        for missed in [u32::try_from(&allowed + near).unwrap_or(other), other] {
            let down = BigInt::from(missed) > allowed;
            prop_assert_eq!(cosmos::is_down(missed, window, min_signed), down, "{}", missed);
        }
        Ok(Verdict::Answered)
    });
}

// EigenLayer.

/// `mulWad` and `divWad` truncate at 18 places.
fn wad<N: Exactly>(value: &Q) -> Answer<Q> {
    Ok(N::round(value, Fit::Alone, Grid::Amount, DOWN)?.value())
}

/// A part of one of 18 places; now and then one of more places, or above one.
fn factor<N: Sample>() -> BoxedStrategy<N> {
    let above = (1..=u64::MAX).prop_map(|n| Q::one() + Q::new(n.into(), ten(18)));
    let odd = prop_oneof![
        above.prop_map(|value| N::exactly(&value).unwrap()),
        part_of_one::<N>(Grid::Rate),
    ];
    prop_oneof![9 => part_of_one::<N>(Grid::Amount), 1 => odd].boxed()
}

fn admitted<N: Exactly>(factor: N) -> Answer<Q> {
    let value = factor.value();
    if !(&value * ten(18)).is_integer() {
        Err(MathError::TooManyPlaces(Kind::Ratio).into())
    } else if value > Q::one() {
        Err(MathError::OutOfRange(Kind::Ratio).into())
    } else {
        Ok(value)
    }
}

/// `slashOperator`: `maxMagnitude` loses `mulWadRoundUp` of itself; a factor is `mulWad` of two.
fn an_operator_is_slashed<N: Sample>() {
    check((factor::<N>(), factor::<N>(), factor::<N>()), |(magnitude, part, beacon)| {
        let slashed = Operator::new(magnitude).and_then(|operator| operator.slash(part));
        let left = || -> Answer<Q> {
            let magnitude = admitted(magnitude)?;
            let lost = &magnitude * admitted(part)?;
            Ok(&magnitude - N::round(&lost, Fit::Alone, Grid::Amount, UP)?.value())
        };
        let both = SlashingFactor::new(magnitude, beacon);
        let product = || wad::<N>(&(admitted(magnitude)? * admitted(beacon)?));
        let answers = [
            slashed.map(|operator| operator.magnitude().get()),
            slashed.and_then(|operator| operator.factor()).map(SlashingFactor::get),
            both.map(SlashingFactor::get),
        ];
        let answers = answers.map(|answer| answer.map(N::value).map_err(StakingError::from));
        agree(answers, [left(), left(), product()])
    });
}

/// A staker's deposit shares and scaling factor, by `SlashingLib`.
#[derive(Clone, Debug, PartialEq)]
struct Staker {
    shares: Q,
    scaling: Q,
}

impl Staker {
    fn withdrawable<N: Exactly>(&self, factor: &Q) -> Answer<Q> {
        wad::<N>(&(wad::<N>(&(&self.shares * &self.scaling))? * factor))
    }

    fn deposit<N: Exactly>(&self, amount: &Q, factor: &Q) -> Answer<Self> {
        if factor.is_zero() {
            return Err(StakingError::FullySlashed);
        }
        if amount.is_zero() {
            return Err(StakingError::InsufficientSharesMinted);
        }
        let shares = exact::<N>(&(&self.shares + amount))?;
        let part = if self.shares.is_zero() {
            whole(1)
        } else {
            let withdrawable = exact::<N>(&(self.withdrawable::<N>(factor)? + amount))?;
            wad::<N>(&(withdrawable / &shares))?
        };
        Ok(Self { shares, scaling: wad::<N>(&(part / factor))? })
    }

    fn delegate<N: Exactly>(&self, from: &Q, to: &Q) -> Answer<Self> {
        if to.is_zero() {
            return Err(StakingError::FullySlashed);
        }
        let scaling = wad::<N>(&(wad::<N>(&(&self.scaling * from))? / to))?;
        Ok(Self { scaling, ..self.clone() })
    }
}

/// Two deposits with a slash between, a move, and a third deposit: the scaling factor and what can be
/// withdrawn after each, to the last place.
fn deposits_and_a_move_between_operators<N: Sample>() {
    let factors = [(); 4].map(|()| part_of_one::<N>(Grid::Amount));
    let cases = (N::reserve(), draw::<N>(), draw::<N>(), factors);
    check(cases, |(first, second, third, factors)| {
        let amounts = [first, second.of(first), third.of(first)];
        let [opened, slashed, elsewhere, later] = factors;
        let one = |number: N| SlashingFactor::new(number, N::ONE);
        let state = |staker: &Delegation<N>| Staker {
            shares: staker.shares().get().value(),
            scaling: staker.scaling().get().value(),
        };
        let answers = || -> Answer<(Staker, Q, Staker, Q)> {
            let worth = |staker: &Delegation<N>, at: N| -> Answer<Q> {
                Ok(staker.withdrawable(one(at)?)?.get().value())
            };
            let staker = Delegation::default().deposit(amounts[0], one(opened)?)?;
            let staker = staker.deposit(amounts[1], one(slashed)?)?;
            let moved = staker.delegate(one(slashed)?, one(elsewhere)?)?;
            let moved = moved.deposit(amounts[2], one(later)?)?;
            Ok((state(&staker), worth(&staker, later)?, state(&moved), worth(&moved, later)?))
        };
        let nobody = Staker { shares: Q::zero(), scaling: whole(1) };
        prop_assert_eq!(state(&Delegation::default()), nobody.clone());
        let expected = || -> Answer<(Staker, Q, Staker, Q)> {
            let [a, b, c] = amounts.map(N::value);
            let [opened, slashed, elsewhere, later] = factors.map(N::value);
            let staker = nobody.deposit::<N>(&a, &opened)?.deposit::<N>(&b, &slashed)?;
            let moved = staker.delegate::<N>(&slashed, &elsewhere)?.deposit::<N>(&c, &later)?;
            let worth = staker.withdrawable::<N>(&later)?;
            let end = moved.withdrawable::<N>(&later)?;
            Ok((staker, worth, moved, end))
        };
        agree([answers()], [expected()])
    });
}

// Ethereum.

/// The presets of a fork: `MIN_SLASHING_PENALTY_QUOTIENT`, `PROPORTIONAL_SLASHING_MULTIPLIER`,
/// `WHISTLEBLOWER_REWARD_QUOTIENT`.
const PRESETS: [(Fork, u32, u32, u32); 4] = [
    (Fork::Phase0, 128, 1, 512),
    (Fork::Altair, 64, 2, 512),
    (Fork::Bellatrix, 32, 3, 512),
    (Fork::Electra, 4_096, 3, 4_096),
];

/// A number of Gwei of any magnitude, often a sum of stakes or within a few units of whole ethers.
fn gwei(ethers: u64) -> BoxedStrategy<u64> {
    let near = (0..=ethers, -1..=1_i64);
    prop_oneof![
        1 => integer(0..=u64::MAX.into()).prop_map(|n| n.try_into().unwrap()),
        2 => 0..=ethers * 1_000_000_000,
        3 => near.prop_map(|(n, unit)| (n * 1_000_000_000).saturating_add_signed(unit)),
    ]
    .boxed()
}

/// `process_slashings` and `slash_validator`, in integers of any size that must fit 64 bits.
#[test]
fn ethereums_penalties_are_those_of_the_specification() {
    let cases = (0..4_usize, gwei(2_048), gwei(2_048), gwei(40_000_000), gwei(40_000_000));
    check(cases, |(fork, balance, effective, slashed, active)| {
        let (fork, initial, multiplier, reporter) = PRESETS[fork];
        let increment = BigInt::from(10_u32.pow(9));
        let [has, counts, slashings, total] =
            [balance, effective, slashed, active].map(BigInt::from);
        let total = total.max(increment.clone());
        let expected = || -> Result<BigInt, MathError> {
            let product = |a: BigInt, b: &BigInt| {
                let product = a * b;
                fits(&product, 64).map(|()| product)
            };
            let adjusted = product(slashings, &multiplier.into())?.min(total.clone());
            let increments = counts.clone() / &increment;
            if fork == Fork::Electra {
                product(adjusted / (total / &increment), &increments)
            } else {
                product(product(increments, &adjusted)? / total, &increment)
            }
        };
        let expected = expected();
        prop_assert_eq!(BigInt::from(fork.initial_penalty(effective)), &counts / initial);
        prop_assert_eq!(BigInt::from(fork.reporter_reward(effective)), &counts / reporter);
        let left = |penalty: &BigInt| (has - counts / initial).max(BigInt::zero()) - penalty;
        let left = expected.clone().map(|penalty| left(&penalty).max(BigInt::zero()));
        let answers = [
            fork.correlation_penalty(effective, slashed, active),
            fork.balance_after(balance, effective, slashed, active),
        ];
        agree(answers.map(|answer| answer.map(BigInt::from)), [expected, left])
    });
}
