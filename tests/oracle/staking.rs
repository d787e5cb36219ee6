//! Staking: the pool, its queue, slashes, the loan and the book, again in rationals.

use defi_math::num::{Fit, Grid, Rounding};
use defi_math::staking::{
    Book, BookState, Disposition, Fraction, Kept, Loan, LoanState, LoanTerms, StakingError,
    StakingPool, StakingPoolState, dispose, security_budget,
};
use defi_math::{Amount, Index, Kind, MathError, Ratio, Shares};
use num_bigint::BigInt;
use num_traits::{One, Zero};
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::check::{Judged, Verdict, agree, check, check_refusals, on_exact_types};
use crate::exact::{Exactly, Q, fits, raw, ten, units, whole};
use crate::generate::{Draw, Sample, Terms, amount, draw, integer, natural, price_draw, share};

on_exact_types! {
    a_deposit_and_a_mint,
    a_redemption_and_a_withdrawal,
    a_reward_and_its_commission,
    a_slash_of_the_pool,
    a_loss_of_known_size,
    a_withdrawal_that_waits,
    two_slashes,
    a_slashed_stake_goes_where_it_should,
    the_threshold_is_the_root_of_the_largest_price,
    the_redemption_price_is_bracketed,
    the_redemption_cost_is_never_too_low,
    default_is_decided_exactly,
    what_a_loan_can_bear,
    a_borrowing,
    a_repayment,
    interest,
    a_foreclosure_in_the_book,
    a_repayment_in_the_book,
    the_security_budget,
}

const DOWN: Rounding = Rounding::Down;
const UP: Rounding = Rounding::Up;

type Answer<T> = Result<T, StakingError>;

fn fraction(terms: Terms) -> Fraction {
    Fraction::new(terms.numerator, terms.denominator).unwrap()
}

/// Any part of a whole, nothing included.
fn part() -> BoxedStrategy<Terms> {
    prop_oneof![4 => share(), 1 => Just(Terms { numerator: 0, denominator: 7 })].boxed()
}

/// A ratio of at most one, on the finest grid.
fn ratio<N: Sample>() -> BoxedStrategy<N> {
    let places = N::places(Grid::Rate);
    let one = 10_u128.pow(places);
    prop_oneof![
        6 => (0..=one).prop_map(move |n| Q::new(n.into(), ten(places))),
        2 => (0..=9_999_u32).prop_map(|n| Q::new(n.into(), 10_000.into())),
        1 => Just(Q::zero()),
        1 => Just(Q::one()),
        1 => Just(Q::new(1.into(), ten(places))),
        1 => Just(Q::one() - Q::new(1.into(), ten(places))),
    ]
    .prop_map(|value| N::exactly(&value).unwrap())
    .boxed()
}

fn kept<N: Exactly>(ratio: N) -> Kept<N> {
    Kept::new(ratio).unwrap()
}

fn exact<N: Exactly>(value: &Q) -> Answer<Q> {
    Ok(N::exactly(value)?.value())
}

/// Refuses a numerator of two factors, in units of the amount grid, that the chain would refuse.
fn numerator<N: Exactly>(a: &Q, b: &Q) -> Result<(), MathError> {
    let unit = |value: &Q| (value * ten(N::places(Grid::Amount))).ceil().to_integer();
    fits(&(unit(a) * unit(b)), N::NUMERATOR_BITS)
}

fn round<N: Exactly>(value: &Q, fit: Fit<&Q>, rounding: Rounding) -> Answer<Q> {
    Ok(N::round(value, fit, Grid::Amount, rounding)?.value())
}

/// A part of one as two integers of 32 bits, in lowest terms: of any two, of ten-thousandths, of a decimal.
#[test]
fn a_fraction_is_a_part_in_lowest_terms() {
    let terms = |value: &Q| {
        let [a, b] = [value.numer(), value.denom()].map(u32::try_from);
        match (a, b) {
            (Ok(a), Ok(b)) if *value <= whole(1) => Ok((a, b)),
            _ => Err(MathError::OutOfRange(Kind::Ratio)),
        }
    };
    let part = |part: Fraction| (part.numerator(), part.denominator());
    let number = || natural(0..=u32::MAX);
    let decimal = (integer(0..=u64::MAX.into()), 0..=28_u32);
    check((number(), number(), 0..=10_001_u32, decimal), |(a, b, points, (mantissa, places))| {
        let quotient = |a: u32, b: u32| if b == 0 { whole(2) } else { Q::new(a.into(), b.into()) };
        for (a, b) in [(a, b), (b, a)] {
            agree([Fraction::new(a, b).map(part)], [terms(&quotient(a, b))])?;
        }
        let of_points = Fraction::from_basis_points(points).map(part);
        agree([of_points], [terms(&quotient(points, 10_000))])?;
        let number = Decimal::try_from_i128_with_scale(mantissa.try_into()?, places)?;
        let exactly = Q::new(mantissa.into(), ten(places));
        agree([Fraction::try_from(number).map(part)], [terms(&exactly)])?;
        Ok(Verdict::Answered)
    });
    let named = [Fraction::ZERO, Fraction::ONE, Fraction::ONE_HALF, Fraction::ONE_THIRD];
    for (named, (a, b)) in named.into_iter().zip([(0, 9), (9, 9), (9, 18), (9, 27)]) {
        assert_eq!(Ok(named), Fraction::new(a, b));
    }
}

// The pool.

#[derive(Clone, Debug, PartialEq)]
struct Model {
    staked: Q,
    supply: Q,
    unbonding: Q,
    kept: Q,
    era: u32,
}

/// A pool of any holdings, and the virtual shares and stake, or none.
#[derive(Clone, Debug)]
struct Drawn<N: Exactly> {
    pool: StakingPool<N>,
    offset: Option<u8>,
    commission: Terms,
}

fn model<N: Exactly>(pool: &StakingPool<N>) -> Model {
    let StakingPoolState { staked, supply, unbonding, kept, era, .. } = *pool.state();
    Model {
        staked: staked.get().value(),
        supply: supply.get().value(),
        unbonding: unbonding.get().value(),
        kept: kept.get().value(),
        era,
    }
}

fn pool<N: Sample>() -> BoxedStrategy<Drawn<N>> {
    let holding = || prop_oneof![8 => N::reserve(), 1 => Just(N::ZERO)];
    let offset = prop_oneof![Just(None), (0..=18_u8).prop_map(Some), Just(Some(3))];
    let index = ratio::<N>().prop_filter("positive", |kept| !kept.is_zero());
    (holding(), holding(), holding(), index, offset, part())
        .prop_map(|(staked, supply, unbonding, kept, virtual_places, commission)| {
            let state = StakingPoolState {
                staked: amount(staked),
                supply: Shares::new(supply).unwrap(),
                commission: fraction(commission),
                virtual_places,
                unbonding: amount(unbonding),
                kept: Ratio::new(kept).unwrap(),
                era: 0,
            };
            let pool = StakingPool::try_from(state).unwrap();
            Drawn { pool, offset: virtual_places, commission }
        })
        .boxed()
}

impl<N: Exactly> Drawn<N> {
    /// OpenZeppelin's `S + 10^δ` and `A + 1`; Lido's `S` and `A`; one for one without shares.
    fn sides(&self) -> (Q, Q) {
        let Model { staked, supply, .. } = model(&self.pool);
        let unit = N::UNIT.value();
        match self.offset {
            Some(places) => (supply + &unit * ten(places.into()), staked + unit),
            None if supply.is_zero() => (whole(1), whole(1)),
            None => (supply, staked),
        }
    }

    fn shares_for(&self, amount: &Q, rounding: Rounding) -> Answer<Q> {
        let (shares, stake) = self.sides();
        if stake.is_zero() {
            return Err(StakingError::NoStake);
        }
        numerator::<N>(amount, &shares)?;
        let supply = model(&self.pool).supply;
        round::<N>(&(amount * shares / stake), Fit::To(&supply), rounding)
    }

    fn amount_for(&self, shares: &Q, fit: Fit<&Q>, rounding: Rounding) -> Answer<Q> {
        let (supply, stake) = self.sides();
        numerator::<N>(shares, &stake)?;
        round::<N>(&(shares * stake / supply), fit, rounding)
    }
}

/// What moved, of stake and shares, and the pool after it.
type PoolMoved = (Q, Q, Model);

fn a_deposit_and_a_mint<N: Sample>() {
    check((pool::<N>(), draw::<N>(), draw::<N>()), |(drawn, deposit, mint)| {
        let before = model(&drawn.pool);
        let deposited = |amount: Q, shares: Q| -> Answer<PoolMoved> {
            if shares.is_zero() {
                return Err(StakingError::InsufficientSharesMinted);
            }
            let staked = exact::<N>(&(&before.staked + &amount))?;
            let supply = exact::<N>(&(&before.supply + &shares))?;
            Ok((amount, shares, Model { staked, supply, ..before.clone() }))
        };
        let paid = deposit.of(drawn.pool.staked().get());
        let asked = mint.of(drawn.pool.supply().get());

        let expected = drawn
            .shares_for(&paid.value(), DOWN)
            .and_then(|shares| deposited(paid.value(), shares));
        let minted = if drawn.sides().1.is_zero() {
            Err(StakingError::NoStake)
        } else {
            drawn
                .amount_for(&asked.value(), Fit::To(&before.staked), UP)
                .and_then(|amount| deposited(amount, asked.value()))
        };
        let receipt = |deposit: defi_math::staking::Deposit<N>| {
            (deposit.amount.get().value(), deposit.shares.get().value(), model(&deposit.after))
        };
        let first = agree([drawn.pool.deposit(paid).map(receipt)], [expected])?;
        let second = agree([drawn.pool.mint(asked).map(receipt)], [minted])?;
        Ok(if first == Verdict::Answered { first } else { second })
    });
}

fn a_redemption_and_a_withdrawal<N: Sample>() {
    check((pool::<N>(), draw::<N>(), draw::<N>()), |(drawn, shares, taken)| {
        let before = model(&drawn.pool);
        let left = |amount: Q, shares: Q| -> Answer<PoolMoved> {
            let staked = exact::<N>(&(&before.staked - &amount))?;
            let supply = exact::<N>(&(&before.supply - &shares))?;
            Ok((amount, shares, Model { staked, supply, ..before.clone() }))
        };
        let shares = shares.of(drawn.pool.supply().get());
        let taken = taken.of(drawn.pool.staked().get());

        let redeemed = if shares.value() > before.supply {
            Err(StakingError::InsufficientShares)
        } else {
            drawn
                .amount_for(&shares.value(), Fit::From(&before.staked), DOWN)
                .and_then(|amount| left(amount, shares.value()))
        };
        let withdrawn = if taken.value() > before.staked {
            Err(StakingError::InsufficientStake)
        } else {
            drawn.shares_for(&taken.value(), UP).and_then(|shares| {
                if shares > before.supply {
                    return Err(StakingError::InsufficientShares);
                }
                left(taken.value(), shares)
            })
        };
        let receipt = |moved: defi_math::staking::Redemption<N>| {
            (moved.amount.get().value(), moved.shares.get().value(), model(&moved.after))
        };
        let first = agree([drawn.pool.redeem(shares).map(receipt)], [redeemed])?;
        let second = agree([drawn.pool.withdraw(taken).map(receipt)], [withdrawn])?;
        Ok(if first == Verdict::Answered { first } else { second })
    });
}

/// The operator's shares are worth the commission: `s/(S + s)·(A + R) = φ·R`.
fn a_reward_and_its_commission<N: Sample>() {
    check((pool::<N>(), draw::<N>()), |(drawn, reward)| {
        let before = model(&drawn.pool);
        let reward = reward.of(drawn.pool.staked().get());
        let expected = || -> Answer<PoolMoved> {
            if before.supply.is_zero() {
                return Err(StakingError::NoStake);
            }
            let staked = exact::<N>(&(&before.staked + reward.value()))?;
            let (shares, stake) = drawn.sides();
            let (fee, grown) = (drawn.commission.value() * reward.value(), stake + reward.value());
            if fee == grown && !fee.is_zero() {
                return Err(StakingError::NoStake);
            }
            let minted = if fee.is_zero() {
                Q::zero()
            } else {
                let a = whole(drawn.commission.value().numer().clone());
                numerator::<N>(&reward.value(), &(&shares * a))?;
                let exactly = shares * &fee / (grown - fee);
                round::<N>(&exactly, Fit::To(&before.supply), DOWN)?
            };
            let supply = exact::<N>(&(&before.supply + &minted))?;
            Ok((reward.value(), minted, Model { staked, supply, ..before.clone() }))
        };
        let receipt = drawn.pool.reward(reward).map(|reward| {
            (reward.amount.get().value(), reward.commission.get().value(), model(&reward.after))
        });
        agree([receipt], [expected()])
    });
}

/// The queue after a loss: an index of nothing ends the era, and what waited is gone.
fn after_loss(before: &Model, staked: Q, unbonding: Q, kept: Q) -> Model {
    if kept.is_zero() {
        let era = before.era + 1;
        Model { staked, unbonding: Q::zero(), kept: Q::one(), era, ..before.clone() }
    } else {
        Model { staked, unbonding, kept, ..before.clone() }
    }
}

fn loss_receipt<N: Exactly>(slash: defi_math::staking::PoolSlash<N>) -> PoolMoved {
    (slash.staked.get().value(), slash.unbonding.get().value(), model(&slash.after))
}

fn lost(before: &Model, after: Model) -> PoolMoved {
    (&before.staked - &after.staked, &before.unbonding - &after.unbonding, after)
}

fn a_slash_of_the_pool<N: Sample>() {
    check((pool::<N>(), ratio::<N>()), |(drawn, part)| {
        let before = model(&drawn.pool);
        let expected = || -> Answer<PoolMoved> {
            let of = |stake: &Q, rounding| {
                if part.value() == whole(1) {
                    return Ok(stake.clone());
                }
                let left = round::<N>(&(stake * part.value()), Fit::From(stake), rounding)?;
                Ok::<_, StakingError>(left.min(stake.clone()))
            };
            let index = N::round(&(&before.kept * part.value()), Fit::Alone, Grid::Rate, DOWN)?;
            let (staked, unbonding) = (of(&before.staked, DOWN)?, of(&before.unbonding, UP)?);
            Ok(lost(&before, after_loss(&before, staked, unbonding, index.value())))
        };
        agree([drawn.pool.slash(kept(part)).map(loss_receipt)], [expected()])
    });
}

fn a_loss_of_known_size<N: Sample>() {
    check((pool::<N>(), draw::<N>()), |(drawn, loss)| {
        let before = model(&drawn.pool);
        let loss = loss.of(drawn.pool.staked().get());
        let value = loss.value();
        let expected = || -> Answer<PoolMoved> {
            let total = exact::<N>(&(&before.staked + &before.unbonding))?;
            if value > total {
                return Err(StakingError::InsufficientStake);
            }
            if value.is_zero() {
                return Ok((Q::zero(), Q::zero(), before.clone()));
            }
            numerator::<N>(&value, &before.unbonding)?;
            let queue = &value * &before.unbonding / &total;
            let queue = round::<N>(&queue, Fit::From(&before.unbonding), UP)?;
            let queue = queue.min(value.clone()).min(before.unbonding.clone());
            let staked = exact::<N>(&(&before.staked - exact::<N>(&(&value - &queue))?))?;
            let unbonding = exact::<N>(&(&before.unbonding - queue))?;
            let index = if before.unbonding.is_zero() {
                before.kept.clone()
            } else {
                let index = &before.kept * &unbonding / &before.unbonding;
                N::round(&index, Fit::Alone, Grid::Rate, DOWN)?.value()
            };
            Ok(lost(&before, after_loss(&before, staked, unbonding, index)))
        };
        agree([drawn.pool.lose(loss).map(loss_receipt)], [expected()])
    });
}

/// What waits is what the shares were worth, times what slashes have left since.
fn a_withdrawal_that_waits<N: Sample>() {
    let cases = (pool::<N>(), draw::<N>(), ratio::<N>(), ratio::<N>());
    check(cases, |(drawn, shares, first, second)| {
        let shares = shares.of(drawn.pool.supply().get());
        let Ok(unbond) = drawn.pool.unbond(shares, 100, 20) else { return Ok(Verdict::Refused) };
        prop_assert_eq!(unbond.withdrawal.matures_at(), 120);
        let asked = unbond.withdrawal.amount().get().value();
        prop_assert_eq!(
            &asked,
            &drawn.amount_for(&shares.value(), Fit::From(&model(&drawn.pool).staked), DOWN)?
        );
        let slashed = unbond.after.slash(kept(first)).unwrap().after;
        let slashed = slashed.slash(kept(second)).unwrap().after;
        prop_assert_eq!(
            slashed.claim(unbond.withdrawal, 119).map(|c| c.amount),
            Err(StakingError::NotMature)
        );
        let claim = slashed.claim(unbond.withdrawal, 120);
        let (then, now) = (model(&unbond.after), model(&slashed));
        let expected = if (now.era, &now.kept) == (then.era, &then.kept) {
            asked.clone()
        } else if now.era == then.era {
            let fit = Fit::From(&now.unbonding);
            round::<N>(&(&asked * &now.kept / &then.kept), fit, DOWN)?
        } else {
            Q::zero()
        };
        let exactly = &asked * first.value() * second.value();
        prop_assert!(expected <= exactly);
        let answer = claim.map(|c| {
            (c.amount.get().value(), c.lost.get().value(), c.after.unbonding().get().value())
        });
        // Told exactly where a place for it is, else not less than it is.
        let lost = asked - &expected;
        let told = N::exactly(&lost).or_else(|_| N::round(&lost, Fit::Alone, Grid::Amount, UP))?;
        let paid = (expected.clone(), told.value(), now.unbonding - &expected);
        agree([answer], [Ok(paid)])
    });
}

// Slashes.

/// In either order within a unit of the exact product, and never above it.
fn two_slashes<N: Sample>() {
    check((N::reserve(), ratio::<N>(), ratio::<N>()), |(stake, first, second)| {
        let exactly = stake.value() * first.value() * second.value();
        for (a, b) in [(first, second), (second, first)] {
            let left = kept(b).of(kept(a).of(stake).unwrap()).unwrap().get();
            prop_assert!(left.value() <= exactly);
            let unit = Q::new(1.into(), ten(18)).max(stake.step());
            // A large `Decimal` keeps as many places as leave three digits free.
            let coarse = stake.value() / whole(ten(24));
            prop_assert!(left.value() + (unit + coarse) * whole(2) > exactly, "{}", left);
        }
        let both = kept(first).then(kept(second)).unwrap();
        let other = kept(second).then(kept(first)).unwrap();
        let product = first.value() * second.value();
        let rounded = N::round(&product, Fit::Alone, Grid::Rate, DOWN);
        agree([Ok(both.get().get()), Ok(other.get().get())], [rounded, rounded])
    });
}

fn disposition() -> BoxedStrategy<(Disposition, Option<Terms>)> {
    prop_oneof![
        Just((Disposition::Burn, None)),
        Just((Disposition::ProRata, None)),
        Just((Disposition::EqualParts, None)),
        Just((Disposition::BuyBack, None)),
        part().prop_map(|terms| (Disposition::Reporter(fraction(terms)), Some(terms))),
    ]
    .boxed()
}

/// Each gets its part, rounded down; what is left over is burned.
fn a_slashed_stake_goes_where_it_should<N: Sample>() {
    let stake = || prop_oneof![6 => N::reserve(), 1 => Just(N::ZERO)];
    let cases = (proptest::collection::vec(stake(), 1..7), 0..7_usize, N::reserve(), disposition());
    check(cases, |(stakes, from, taken, (rule, terms))| {
        let mut after: Vec<Amount<N>> = stakes.iter().map(|stake| amount(*stake)).collect();
        let result = dispose(taken, from, &mut after, rule);
        let expected = || -> Answer<(Vec<Q>, [Q; 4])> {
            if from >= stakes.len() {
                return Err(StakingError::UnknownValidator);
            }
            let others: Vec<usize> = (0..stakes.len()).filter(|i| *i != from).collect();
            let rest: Q = others.iter().map(|i| stakes[*i].value()).sum();
            let live = others.iter().filter(|i| !stakes[**i].is_zero()).count();
            let mut left: Vec<Q> = stakes.iter().map(|stake| stake.value()).collect();
            let mut given = Q::zero();
            let mut reporter = Q::zero();
            for i in others {
                let stake = stakes[i].value();
                let part = match rule {
                    Disposition::ProRata if !rest.is_zero() => {
                        numerator::<N>(&taken.value(), &stake)?;
                        taken.value() * &stake / &rest
                    }
                    Disposition::EqualParts if !stake.is_zero() => taken.value() / whole(live),
                    _ => Q::zero(),
                };
                let part = round::<N>(&part, Fit::To(&stake), DOWN)?;
                left[i] = exact::<N>(&(&stake + &part))?;
                given = exact::<N>(&(&given + part))?;
            }
            if let Some(terms) = terms {
                let part = taken.value() * terms.value();
                reporter = round::<N>(&part, Fit::From(&taken.value()), DOWN)?;
            }
            let aside = if rule == Disposition::BuyBack { taken.value() } else { Q::zero() };
            let burned = exact::<N>(&(taken.value() - &given - &reporter - &aside))?;
            Ok((left, [burned, given, reporter, aside]))
        };
        let unchanged: Vec<Amount<N>> = stakes.iter().map(|stake| amount(*stake)).collect();
        if result.is_err() {
            prop_assert_eq!(&after, &unchanged, "a refusal moves nothing");
        }
        let values = |dispersal: defi_math::staking::Dispersal<N>| {
            let parts =
                [dispersal.burned, dispersal.redistributed, dispersal.reporter, dispersal.buy_back];
            (after.iter().map(|a| a.get().value()).collect(), parts.map(|a| a.get().value()))
        };
        agree([result.map(values)], [expected()])
    });
}

// The loan.

/// The rules of a loan, and what they are made of.
#[derive(Clone, Debug)]
struct Rules<N: Exactly> {
    terms: LoanTerms<N>,
    c: Q,
    exponent: u32,
    largest: Q,
}

fn rules<N: Sample>() -> BoxedStrategy<Rules<N>> {
    let factor = share().prop_filter("below one", |c| c.numerator < c.denominator);
    let price = prop_oneof![
        4 => 0..=70_000_000_u64,
        1 => Just(0),
        1 => Just(1),
        1 => Just(1_000_000),
    ];
    let exponent = prop_oneof![19 => 1..=4_u32, 1 => 5..=64_u32];
    (factor, exponent, price)
        .prop_map(|(c, exponent, millionths)| {
            let largest = whole(1) + Q::new(millionths.into(), 1_000_000.into());
            let price = N::exactly(&largest).unwrap();
            let terms = LoanTerms::new(fraction(c), exponent, price).unwrap();
            Rules { terms, c: c.value(), exponent, largest }
        })
        .boxed()
}

impl<N: Exactly> Rules<N> {
    /// `z`, or nothing at par.
    fn z(&self, stake: &Q, at_issue: &Q) -> Option<Q> {
        let required = &self.c * at_issue;
        (stake < at_issue).then(|| (stake - &required) / (at_issue - &required))
    }
}

fn power(base: &Q, exponent: u32) -> Q {
    (0..exponent).fold(whole(1), |power, _| power * base)
}

/// A loan of any stake now and at issue, and any debt.
#[derive(Clone, Debug)]
struct Owed<N: Exactly> {
    rules: Rules<N>,
    loan: Loan<N>,
    stake: Q,
    at_issue: Q,
    principal: Q,
    interest: Q,
}

fn owed<N: Sample>() -> BoxedStrategy<Owed<N>> {
    let debt = || prop_oneof![3 => draw::<N>(), 1 => Just(Draw::Any(N::ZERO))];
    (rules::<N>(), N::reserve(), draw::<N>(), debt(), debt(), 0..5_u8)
        .prop_filter_map("no loan", |(rules, at_issue, stake, principal, interest, near)| {
            let eighth = Q::from(at_issue.value() / whole(8));
            let stake = match near {
                0..=1 => at_issue,
                // Less than a quarter of it: in default as a rule.
                2..=3 => stake.of(N::round(&eighth, Fit::Alone, Grid::Amount, DOWN).ok()?),
                _ => stake.of(at_issue),
            };
            // Debts are drawn against a half of what may be owed.
            let half = &rules.c * stake.value() / whole(2);
            let half = N::round(&half, Fit::From(&stake.value()), Grid::Amount, DOWN).ok()?;
            let (principal, interest) = (principal.of(half), interest.of(half));
            let owes = !principal.is_zero() || !interest.is_zero();
            let at_issue = if owes { at_issue } else { stake };
            let loan = Loan::try_from(LoanState {
                terms: rules.terms,
                stake: amount(stake),
                stake_at_issue: amount(at_issue),
                principal: amount(principal),
                interest: amount(interest),
                index: Index::ONE,
            })
            .ok()?;
            let [stake, at_issue, principal, interest] =
                [stake, at_issue, principal, interest].map(Exactly::value);
            Some(Owed { rules, loan, stake, at_issue, principal, interest })
        })
        .boxed()
}

impl<N: Exactly> Owed<N> {
    fn debt(&self) -> Q {
        &self.principal + &self.interest
    }

    fn z(&self) -> Option<Q> {
        self.rules.z(&self.stake, &self.at_issue)
    }

    fn is_in_default(&self) -> bool {
        let threshold = self.rules.terms.threshold().get().value();
        !self.debt().is_zero() && self.z().is_some_and(|z| z < threshold || z <= Q::zero())
    }

    /// The exact price, if there is one.
    fn price(&self) -> Option<Q> {
        match self.z() {
            None => Some(whole(1)),
            Some(z) if z > Q::zero() => Some(power(&z.recip(), self.rules.exponent)),
            Some(_) => None,
        }
    }
}

/// `φ_max·z^k ≥ 1`, and two units less are too little.
fn the_threshold_is_the_root_of_the_largest_price<N: Sample>() {
    check(rules::<N>(), |rules| {
        let threshold = rules.terms.threshold().get().value();
        let unit = Q::new(1.into(), ten(N::places(Grid::Rate)));
        prop_assert!(threshold <= whole(1));
        prop_assert!(&rules.largest * power(&threshold, rules.exponent) >= whole(1));
        let below = &threshold - unit * whole(3);
        prop_assert!(
            below < Q::zero() || &rules.largest * power(&below, rules.exponent) < whole(1),
            "{threshold} is too high"
        );
        let room = (whole(1) - &rules.c) * (whole(1) - threshold);
        let expected = N::round(&room, Fit::Alone, Grid::Rate, DOWN).map_err(StakingError::from);
        agree([rules.terms.slash_to_default().map(Ratio::get)], [expected])
    });
}

/// The precision of a product of ratios, relative to it.
fn precision<N: Exactly>() -> Q {
    // A `Decimal` above 79 keeps 25 digits.
    let digits = if N::places(Grid::Rate) == 18 { 18 } else { 24 };
    Q::new(1.into(), ten(digits))
}

fn the_redemption_price_is_bracketed<N: Sample>() {
    check(owed::<N>(), |case| {
        let (up, down) = (case.loan.redemption_price(), case.loan.redemption_price_down());
        let Some(price) = case.price() else {
            prop_assert_eq!(up, Err(StakingError::PriceUnbounded));
            prop_assert_eq!(down, Err(StakingError::PriceUnbounded));
            return Ok(Verdict::Refused);
        };
        let most = whole(BigInt::from(u64::MAX));
        let (Ok(up), Ok(down)) = (up, down) else {
            prop_assert!(price > most, "{up:?} for {price}");
            return Ok(Verdict::Refused);
        };
        let (up, down) = (up.get().value(), down.get().value());
        prop_assert!(down <= price && price <= up, "{down} {price} {up}");
        let error = &up * precision::<N>() * whole(4 * case.rules.exponent);
        prop_assert!(&up - &down <= error, "{down} {up}");
        // One quotient is rounded once.
        if case.rules.exponent == 1 {
            for (answer, rounding) in [(up, UP), (down, DOWN)] {
                let expected = N::round(&price, Fit::Alone, Grid::Rate, rounding)?;
                prop_assert_eq!(answer, expected.value());
            }
        }
        Ok(Verdict::Answered)
    });
}

fn the_redemption_cost_is_never_too_low<N: Sample>() {
    check(owed::<N>(), |case| {
        let cost = case.loan.redemption_cost();
        let Some(price) = case.price() else {
            prop_assert_eq!(cost, Err(StakingError::PriceUnbounded));
            return Ok(Verdict::Refused);
        };
        let exactly = case.debt() * &price;
        let Ok(cost) = cost else {
            // Numbers of 112 bits leave a numerator room for a factor of 2^32 and a price.
            let big = exactly > whole(BigInt::from(u64::MAX));
            let terms = case.loan.state().terms.collateral_factor();
            let bits = raw(case.loan.state().stake_at_issue.get(), Grid::Amount).bits()
                + u64::from(u32::BITS - terms.denominator().leading_zeros())
                + (&exactly * ten(N::places(Grid::Amount))).to_integer().bits();
            prop_assert!(big || bits >= 256, "{cost:?}");
            return Ok(Verdict::Refused);
        };
        let value = cost.get().value();
        prop_assert!(value >= exactly, "{value} {exactly}");
        // Each of the steps adds less than a unit, which the steps after it multiply.
        let unit = Q::new(1.into(), ten(18)).max(cost.get().step());
        let coarse = &value / whole(ten(24));
        let bound = (unit + coarse) * &price * whole(2 * case.rules.exponent);
        prop_assert!(&value - &exactly <= bound, "{value} {exactly}");
        if price == whole(1) {
            prop_assert_eq!(value, exactly);
        } else if case.rules.exponent == 1 {
            prop_assert_eq!(value, round::<N>(&exactly, Fit::To(&case.debt()), UP)?);
        }
        Ok(Verdict::Answered)
    });
}

fn default_is_decided_exactly<N: Sample>() {
    check(owed::<N>(), |case| agree([case.loan.is_in_default()], [Ok(case.is_in_default())]));
}

/// The stake at which default begins, and the slash that leads there.
fn what_a_loan_can_bear<N: Sample>() {
    check(owed::<N>(), |case| {
        let threshold = case.rules.terms.threshold().get().value();
        let c = &case.rules.c;
        let least = if case.debt().is_zero() {
            Ok(Q::zero())
        } else {
            let part = c + (whole(1) - c) * threshold;
            // Numerator and denominator as they stand: three factors.
            let denominator = whole(c.denom().clone()) * ten(N::places(Grid::Rate));
            let by = (&part * denominator).to_integer();
            let stake = units(&case.at_issue, N::places(Grid::Amount), DOWN);
            fits(&(by * stake), N::NUMERATOR_BITS)
                .map_err(StakingError::from)
                .and_then(|()| round::<N>(&(part * &case.at_issue), Fit::From(&case.at_issue), UP))
        };
        let bearable = least.clone().and_then(|least| {
            if case.debt().is_zero() {
                return Ok(whole(1));
            }
            if case.stake <= least {
                return Ok(Q::zero());
            }
            let room = exact::<N>(&(&case.stake - least))? / &case.stake;
            Ok(N::round(&room, Fit::Alone, Grid::Rate, DOWN)?.value())
        });
        let stake = case.loan.stake_at_default().map(|stake| stake.get().value());
        let slash = case.loan.bearable_slash().map(|part| part.get().value());
        agree([stake, slash], [least, bearable])
    });
}

fn a_borrowing<N: Sample>() {
    check((owed::<N>(), repaid::<N>()), |(case, asked)| {
        let free = case.loan.maximum_borrow().unwrap_or(Amount::ZERO);
        let asked = asked.of(if free.is_zero() { case.loan.stake().get() } else { free.get() });
        let expected = || -> Answer<(Q, Q)> {
            if asked.is_zero() {
                return Err(StakingError::NothingBorrowed);
            }
            if case.is_in_default() {
                return Err(StakingError::InDefault);
            }
            let debt = exact::<N>(&(case.debt() + asked.value()))?;
            if debt > &case.rules.c * &case.stake {
                return Err(StakingError::AboveCollateralFactor);
            }
            let fresh = case.debt().is_zero() || case.stake > case.at_issue;
            let at_issue = if fresh { &case.stake } else { &case.at_issue };
            Ok((exact::<N>(&(&case.principal + asked.value()))?, at_issue.clone()))
        };
        let receipt = case.loan.borrow(asked).map(|borrow| {
            let state = borrow.after.state();
            assert_eq!(borrow.issued, asked);
            (state.principal.get().value(), state.stake_at_issue.get().value())
        });
        // What may still be borrowed is the floor of the limit, less the debt.
        let limit = &case.rules.c * &case.stake;
        let limit = N::round(&limit, Fit::From(&case.stake), Grid::Amount, DOWN)?.value();
        let room = if case.is_in_default() || limit <= case.debt() {
            Ok(Q::zero())
        } else {
            exact::<N>(&(limit - case.debt()))
        };
        prop_assert_eq!(case.loan.maximum_borrow().map(|free| free.get().value()), room);
        agree([receipt], [expected()])
    });
}

/// A part of a debt or of what may be borrowed, rarely more than it.
fn repaid<N: Sample>() -> BoxedStrategy<Draw<N>> {
    prop_oneof![4 => natural(1..=1 << 31).prop_map(Draw::Part), 1 => draw::<N>()].boxed()
}

fn a_repayment<N: Sample>() {
    check((owed::<N>(), repaid::<N>()), |(case, part)| {
        let debt = case.loan.debt().unwrap();
        let asked = part.of(debt.get());
        let receipt = case.loan.repay(asked);
        if asked.is_zero() || asked.value() > case.debt() {
            let reason = if asked.is_zero() {
                StakingError::NothingRepaid
            } else {
                StakingError::RepaysTooMuch
            };
            prop_assert_eq!(receipt, Err(reason));
            return Ok(Verdict::Refused);
        }
        let Ok(receipt) = receipt else { return Ok(Verdict::Refused) };
        let price = case.price().unwrap();
        let interest = case.interest.clone().min(asked.value());
        let principal = asked.value() - &interest;
        prop_assert_eq!(receipt.interest.get().value(), interest.clone());
        prop_assert_eq!(receipt.principal.get().value(), principal.clone());
        let payment = receipt.payment.get().value();
        prop_assert!(payment >= asked.value() * price);
        prop_assert_eq!(payment, asked.value() + receipt.premium.get().value());
        let after = receipt.after.state();
        prop_assert_eq!(after.principal.get().value(), &case.principal - principal);
        prop_assert_eq!(after.interest.get().value(), &case.interest - interest);
        let free = asked.value() == case.debt();
        let at_issue = if free { &case.stake } else { &case.at_issue };
        prop_assert_eq!(&after.stake_at_issue.get().value(), at_issue);
        prop_assert_eq!(after.stake.get().value(), case.stake.clone());
        Ok(Verdict::Answered)
    });
}

fn interest<N: Sample>() {
    check((owed::<N>(), natural(0..=u32::MAX)), |(case, growth)| {
        let index = whole(1) + Q::new(growth.into(), 1_000_000_000.into());
        let number = N::exactly(&index).unwrap();
        let expected = || -> Answer<Q> {
            let debt = case.debt();
            fits(
                &(raw(number, Grid::Rate) * units(&debt, N::places(Grid::Amount), DOWN)),
                N::NUMERATOR_BITS,
            )?;
            let grown = round::<N>(&(&debt * &index), Fit::To(&debt), UP)?;
            exact::<N>(&(grown - &case.principal))
        };
        let accrued = case.loan.accrue(number);
        if let Ok(after) = accrued {
            let back = after.accrue(N::ONE);
            let expected = if growth == 0 { Ok(after) } else { Err(StakingError::IndexFalls) };
            prop_assert_eq!(back, expected);
        }
        agree([accrued.map(|loan| loan.state().interest.get().value())], [expected()])
    });
}

// The book.

/// A book that a loan can be in, with something unbacked or something in reserve.
#[derive(Clone, Debug)]
struct Pages<N: Exactly> {
    owed: Owed<N>,
    book: Book<N>,
    staked: Q,
    lent: Q,
    unbacked: Q,
    reserve: Q,
}

fn pages<N: Sample>() -> BoxedStrategy<Pages<N>> {
    let more = || prop_oneof![2 => draw::<N>(), 1 => Just(Draw::Any(N::ZERO))];
    (owed::<N>(), more(), more(), more(), any::<bool>())
        .prop_filter_map("no book", |(owed, stake, lent, extra, reserved)| {
            let sum = |own: &Q, more: N| N::exactly(&(own + more.value())).ok();
            let staked = sum(&owed.stake, stake.of(owed.loan.stake().get()))?;
            let lent = sum(&owed.principal, lent.of(owed.loan.principal().get()))?;
            let extra = extra.of(lent);
            let (unbacked, reserve) = if reserved {
                (N::ZERO, if extra.value() > lent.value() { lent } else { extra })
            } else {
                (extra, N::ZERO)
            };
            let book = Book::try_from(BookState {
                staked: amount(staked),
                lent: amount(lent),
                unbacked: amount(unbacked),
                reserve: amount(reserve),
                defaulted: amount(unbacked),
            })
            .ok()?;
            let [staked, lent, unbacked, reserve] =
                [staked, lent, unbacked, reserve].map(Exactly::value);
            Some(Pages { owed, book, staked, lent, unbacked, reserve })
        })
        .boxed()
}

fn state<N: Exactly>(book: &Book<N>) -> [Q; 5] {
    let BookState { staked, lent, unbacked, reserve, defaulted } = *book.state();
    [staked, lent, unbacked, reserve, defaulted].map(|figure| figure.get().value())
}

fn a_foreclosure_in_the_book<N: Sample>() {
    check_refusals(pages::<N>(), |case| {
        let receipt = case.book.foreclose(&case.owed.loan);
        let expected = || -> Answer<[Q; 5]> {
            if !case.owed.is_in_default() {
                return Err(StakingError::NotInDefault);
            }
            let deleted = &case.owed.principal;
            let covered = case.reserve.clone().min(deleted.clone());
            let all = [
                &case.staked - &case.owed.stake,
                &case.lent - deleted,
                &case.unbacked + deleted - &covered,
                &case.reserve - covered,
                // All that is unbacked had defaulted.
                &case.unbacked + deleted,
            ];
            for figure in &all {
                exact::<N>(figure)?;
            }
            exact::<N>(&(&all[1] + &all[2]))?;
            Ok(all)
        };
        if let Ok(receipt) = receipt {
            prop_assert_eq!(receipt.loan.seized.get().value(), case.owed.stake.clone());
            prop_assert_eq!(
                receipt.covered.get().value() + receipt.shortfall.get().value(),
                case.owed.principal.clone()
            );
            prop_assert!(receipt.loan.after.debt().unwrap().is_zero());
            prop_assert!(receipt.loan.after.stake().is_zero());
        }
        agree([receipt.map(|receipt| state(&receipt.after))], [expected()])
    });
}

fn a_repayment_in_the_book<N: Sample>() {
    check_refusals((pages::<N>(), repaid::<N>()), |(case, part)| {
        let part = part.of(case.owed.loan.debt().unwrap().get());
        let receipt = case.book.repay(&case.owed.loan, part);
        let alone = case.owed.loan.repay(part);
        let Ok(alone) = alone else {
            prop_assert_eq!(receipt.err(), alone.err());
            return Ok(Verdict::Refused);
        };
        let circulating = &case.lent + &case.unbacked - &case.reserve;
        let extra = alone.interest.get().value() + alone.premium.get().value();
        let expected = || -> Answer<[Q; 5]> {
            exact::<N>(&circulating)?;
            if alone.payment.get().value() > circulating {
                return Err(StakingError::InsufficientSupply);
            }
            let burned = case.unbacked.clone().min(extra.clone());
            let all = [
                case.staked.clone(),
                &case.lent - alone.principal.get().value(),
                &case.unbacked - &burned,
                &case.reserve + &extra - burned,
                case.unbacked.clone(),
            ];
            exact::<N>(&extra)?;
            for figure in &all {
                exact::<N>(figure)?;
            }
            exact::<N>(&(&all[1] + &all[2]))?;
            Ok(all)
        };
        agree([receipt.map(|receipt| state(&receipt.after))], [expected()])
    });
}

fn the_security_budget<N: Sample>() {
    check((pages::<N>(), price_draw::<N>(), part()), |(case, price, attack)| {
        let stake = case.book.staked().get();
        if stake.is_zero() || case.lent.is_zero() {
            return Ok(Verdict::Refused);
        }
        let price = price.of(stake, case.book.lent().get());
        let expected = || -> Answer<Q> {
            if &case.lent * price.value() >= case.staked {
                return Ok(Q::zero());
            }
            let quote = &price.quote;
            let lent = units(&case.lent, N::places(Grid::Amount), DOWN);
            fits(&(quote * lent), N::NUMERATOR_BITS)?;
            let worth = round::<N>(&(&case.lent * price.value()), Fit::From(&case.staked), UP)?;
            if worth >= case.staked { Ok(Q::zero()) } else { exact::<N>(&(&case.staked - worth)) }
        };
        let budget = security_budget(case.book.staked(), case.book.lent(), price.price);
        let cost = expected()
            .and_then(|budget| round::<N>(&(&budget * attack.value()), Fit::From(&budget), DOWN));
        let attacked = case.book.attack_cost(price.price, fraction(attack));
        let value = |amount: Amount<N>| amount.get().value();
        let judged: Judged = agree([budget.map(value)], [expected()]);
        Ok(judged? & agree([attacked.map(value)], [cost])?)
    });
}
