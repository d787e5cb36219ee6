//! `StakingRewards`: stakes, withdrawals, claims, rewards promised over a period.

use defi_math::Wad;
use defi_math::lending::LendingError;
use defi_math::lending::rewards::{RewardHolder, RewardPool};
use defi_math::rate::{Elapsed, PerSecond, seconds};
use num_bigint::BigUint;
use rust_decimal::Decimal;

use crate::compound::holds;
use crate::number::Units;
use crate::recording::{Outcome, Record, Recording, Tally};

const NAME: &str = "synthetix_staking_rewards";

#[test]
fn synthetix_staking_rewards_wad() {
    replay::<Wad>();
}

#[test]
fn synthetix_staking_rewards_decimal() {
    replay::<Decimal>();
}

/// The contract, its stakers, and when it was last called: in seconds, `0` before the first call.
#[derive(Clone)]
struct Replay<N: Units> {
    pool: RewardPool<N>,
    users: Vec<RewardHolder<N>>,
    paid: Vec<BigUint>,
    held: BigUint,
    now: u64,
}

fn replay<N: Units>() {
    let mut tally = Tally::default();
    for scenario in Recording::load(NAME).all("scenarios") {
        let mut replay: Option<Replay<N>> = Some(Replay {
            pool: RewardPool::new(seconds(604_800)).unwrap(),
            users: vec![RewardHolder::NONE; 3],
            paid: vec![BigUint::ZERO; 3],
            held: BigUint::ZERO,
            now: 0,
        });
        for step in scenario.all("steps") {
            // Once a figure does not fit, the rest of the scenario does not either.
            let before = replay.take().filter(|_| in_range::<N>(step));
            tally.count(match before {
                Some(before) => {
                    let (after, outcome) = before.checked_step(step);
                    replay = Some(after);
                    outcome
                }
                None => Outcome::OutsideRange,
            });
        }
    }
    tally.finish(&format!("{NAME} in {}", N::NAME));
}

fn in_range<N: Units>(step: Record<'_>) -> bool {
    let state = step.record("state");
    let fields = [
        "totalSupply",
        "rewardRate",
        "rewardPerTokenStored",
        "rewardPerToken",
        "contractRewardBalance",
    ];
    let mut figures: Vec<BigUint> = fields.map(|field| state.units(field)).into();
    figures.extend(["amount", "reward"].iter().filter_map(|field| step.units_if_any(field)));
    holds::<N>(&figures)
}

fn refusal(reason: &str) -> LendingError {
    match reason {
        "Cannot withdraw 0" | "Cannot stake 0" => LendingError::NoShares,
        "SafeMath: subtraction overflow" => LendingError::InsufficientShares,
        "Provided reward too high" => LendingError::RewardTooHigh,
        reason if reason.starts_with("Previous rewards period") => {
            LendingError::RewardPeriodNotEnded
        }
        reason => panic!("which refusal is {reason}?"),
    }
}

impl<N: Units> Replay<N> {
    fn checked_step(self, step: Record<'_>) -> (Self, Outcome) {
        let context = &step.to_string();
        let now: u64 = step.record("state").units("timestamp").try_into().unwrap();
        // Nothing runs before the first call.
        let passed = if self.now == 0 { 0 } else { now - self.now };
        let passed = seconds(passed.try_into().unwrap());
        let result = self.clone().step(step, passed);
        let (after, outcome) = match (step.refusal(), result) {
            (Some(reason), result) => {
                assert_eq!(result.err(), Some(refusal(reason)), "{context}");
                // Rolled back; time has passed all the same.
                (self, Outcome::Refused)
            }
            // The contract does nothing, and neither do we: the time is counted at the next call.
            (None, Ok(_)) if step.text("op") == "wait" => (self, Outcome::Compared),
            (None, Ok(after)) => (Self { now, ..after }, Outcome::Compared),
            (None, Err(error)) => panic!("{error:?}: {context}"),
        };
        after.check_state(step.record("state"), now, context);
        (after, outcome)
    }

    fn step(mut self, step: Record<'_>, passed: Elapsed<PerSecond>) -> Result<Self, LendingError> {
        let number = |field: &str| N::from_units(&step.units(field)).unwrap();
        let user = step.text_if_any("user").map_or(0, |user| user.parse::<usize>().unwrap());
        let holder = self.users[user];
        match step.text("op") {
            "stake" => {
                let receipt = self.pool.stake(passed, holder, number("amount"))?;
                (self.pool, self.users[user]) = (receipt.after, receipt.holder);
            }
            "withdraw" => {
                let receipt = self.pool.withdraw(passed, holder, number("amount"))?;
                (self.pool, self.users[user]) = (receipt.after, receipt.holder);
            }
            "getReward" => self.claim(user, passed)?,
            "exit" => {
                let receipt = self.pool.withdraw(passed, holder, holder.shares)?;
                (self.pool, self.users[user]) = (receipt.after, receipt.holder);
                self.claim(user, seconds(0))?;
            }
            "notifyRewardAmount" => {
                // The recorder sends the reward along, or not.
                let funded = if step.flag("funded") { step.units("reward") } else { BigUint::ZERO };
                self.held += funded;
                let held = N::from_units(&self.held).unwrap();
                self.pool = self.pool.notify(passed, number("reward"), held)?;
            }
            "setRewardsDuration" => {
                let duration = step.units("duration").try_into().unwrap();
                self.pool = self.pool.with_duration(passed, seconds(duration))?;
            }
            "wait" => {}
            op => panic!("unknown operation {op}"),
        }
        Ok(self)
    }

    fn claim(&mut self, user: usize, passed: Elapsed<PerSecond>) -> Result<(), LendingError> {
        let receipt = self.pool.claim(passed, self.users[user])?;
        (self.pool, self.users[user]) = (receipt.after, receipt.holder);
        self.paid[user] += receipt.paid.get().units();
        self.held -= receipt.paid.get().units();
        Ok(())
    }

    fn check_state(&self, state: Record<'_>, now: u64, context: &str) {
        let passed = if self.now == 0 { 0 } else { now - self.now };
        let passed = seconds(passed.try_into().unwrap());
        let then = self.pool.advance(passed).unwrap();
        for (field, ours) in [
            ("totalSupply", self.pool.state().staked.get().units()),
            ("rewardRate", self.pool.state().rate.get().units()),
            ("rewardPerToken", then.state().index.get().units()),
        ] {
            assert_eq!(ours, state.units(field), "{field}: {context}");
        }
        let finish: u64 = state.units("periodFinish").try_into().unwrap();
        assert_eq!(
            u64::from(then.state().remaining.count()),
            finish.saturating_sub(now),
            "{context}"
        );
        for ((holder, paid), theirs) in self.users.iter().zip(&self.paid).zip(state.all("users")) {
            assert_eq!(holder.shares.get().units(), theirs.units("balance"), "{context}");
            let earned = self.pool.earned(passed, *holder).unwrap();
            assert_eq!(earned.get().units(), theirs.units("earned"), "{context}");
            assert_eq!(*paid, theirs.units("paid"), "{context}");
        }
    }
}
