//! Any sequence of operations of four validators on a book of loans, and of stakers on a pool, in every
//! number type; then a cascade and a distribution of what is left.
//!
//! Nothing may panic. After each step the book is the sum of its loans, the synthetic is what was issued
//! less what was burned, and the states are ones that can be built again.

#![no_main]

use std::fmt::Debug;

use arbitrary::Arbitrary;
use defi_math::num::{Grid, Number};
use defi_math::staking::inequality::Distribution;
use defi_math::staking::{
    Book, BookState, Cascade, Disposition, Exposure, Fraction, Kept, Loan, LoanState, LoanTerms,
    MarketReading, RiskGuard, StakingPool, StakingPoolState, dispose,
};
use defi_math::{Amount, Price, Wad};
use defi_math_fuzz::{Bits, Fuzzed, Terms};
use libfuzzer_sys::fuzz_target;
use num_bigint::BigUint;
use rust_decimal::Decimal;

const VALIDATORS: usize = 4;

#[derive(Arbitrary, Debug)]
struct Scenario {
    number: Kind,
    terms: [(Terms, u8, Bits); VALIDATORS],
    stakes: [Bits; VALIDATORS],
    ops: Vec<Op>,
    market: (Bits, Bits),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Kind {
    Wad,
    Decimal,
    Float,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Op {
    Borrow(u8, Size),
    BorrowGuarded(u8, Size, [Terms; 3], [Bits; 3]),
    Repay(u8, Size),
    Reward(u8, Size),
    Slash(u8, Bits),
    Accrue(u8, Bits),
    Foreclose(u8, Rule),
    Unlock(u8, Size),
    BuyBack(Size),
    Deposit(Size),
    Redeem(Size),
    Withdraw(Size),
    PoolReward(Size),
    PoolSlash(Bits),
    PoolLose(Size),
    Unbond(Size),
    Claim,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Rule {
    Burn,
    ProRata,
    EqualParts,
    BuyBack,
    Reporter(Terms),
}

/// An amount of any size, or a part of what there is.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Size {
    Any(Bits),
    Part(u16),
}

impl Size {
    fn of<N: Fuzzed>(self, whole: Amount<N>) -> Option<Amount<N>> {
        match self {
            Self::Any(bits) => Amount::new(N::read(bits)).ok(),
            Self::Part(part) => {
                let part = Fraction::new(part.into(), u16::MAX.into()).ok()?;
                let kept = kept::<N>(part)?;
                kept.of(whole).ok()
            }
        }
    }
}

fn fraction(terms: Terms) -> Fraction {
    let (a, b) = terms.pair();
    Fraction::new(a, b).unwrap_or(Fraction::ONE_HALF)
}

fn kept<N: Number>(fraction: Fraction) -> Option<Kept<N>> {
    let part = N::ONE.multiple(fraction.numerator()).ok()?;
    let whole = N::ONE.multiple(fraction.denominator()).ok()?;
    Kept::new(part.div_down(whole).ok()?).ok()
}

fn any_kept<N: Fuzzed>(bits: Bits) -> Option<Kept<N>> {
    // Any ratio, or so many of 2^32 parts.
    Kept::new(N::read(bits)).ok().or_else(|| {
        let part = Fraction::new(bits.mantissa as u32, u32::MAX).ok()?;
        kept(part)
    })
}

/// What was issued and burned, where it can be weighed exactly.
#[derive(Default)]
struct Ledger {
    issued: BigUint,
    burned: BigUint,
}

fn units<N: Fuzzed>(amount: Amount<N>) -> Option<BigUint> {
    amount.get().units(Grid::Amount)
}

struct World<N: Fuzzed> {
    book: Book<N>,
    loans: Vec<Loan<N>>,
    pool: StakingPool<N>,
    waiting: Vec<defi_math::staking::Withdrawal<N>>,
    ledger: Ledger,
    now: u64,
}

fn rebuilt<T, S, E: Debug>(value: T) -> T
where
    T: Copy + PartialEq + Debug + TryFrom<S, Error = E>,
    S: From<T>,
{
    let again = T::try_from(S::from(value)).expect("a state that was reached");
    assert_eq!(again, value);
    value
}

impl<N: Fuzzed> World<N> {
    fn new(scenario: &Scenario) -> Option<Self> {
        let mut book = Book::default();
        let mut loans = Vec::new();
        for ((c, exponent, price), stake) in scenario.terms.iter().zip(scenario.stakes) {
            let price = N::ONE.try_add(N::read(*price)).ok()?;
            let terms = LoanTerms::new(fraction(*c), u32::from(*exponent % 9), price).ok()?;
            assert!(terms.threshold().get() <= N::ONE);
            let loan = Loan::new(terms, N::read(stake)).ok()?;
            book = book.join(&loan).ok()?;
            loans.push(loan);
        }
        let places = scenario.market.0.scale % 20;
        let commission = fraction(scenario.terms[0].0);
        let pool = StakingPool::with_virtual_shares(commission, places)
            .unwrap_or(StakingPool::new(commission));
        Some(Self { book, loans, pool, waiting: vec![], ledger: Ledger::default(), now: 0 })
    }

    fn step(&mut self, op: Op) -> Option<()> {
        self.now += 1;
        let at = |i: u8| usize::from(i) % VALIDATORS;
        let Self { book, pool, .. } = *self;
        match op {
            Op::Borrow(i, size) => {
                let loan = self.loans[at(i)];
                let amount = size.of(loan.maximum_borrow().ok()?)?;
                let borrowed = book.borrow(&loan, amount).ok()?;
                self.issue(borrowed.loan.issued);
                (self.book, self.loans[at(i)]) = (borrowed.after, borrowed.loan.after);
            }
            Op::BorrowGuarded(i, size, limits, prices) => {
                let loan = self.loans[at(i)];
                let amount = size.of(loan.maximum_borrow().ok()?)?;
                let [lowest_price, highest_price, average_price] =
                    prices.map(|bits| Price::new(N::read(bits)).or(Price::new(N::ONE)));
                let guard = RiskGuard {
                    largest_issued_share: fraction(limits[0]),
                    smallest_security_share: fraction(limits[1]),
                    lowest_price: lowest_price.ok()?,
                    highest_price: highest_price.ok()?,
                    most_recent_defaults: fraction(limits[2]),
                };
                let market = MarketReading {
                    average_price: average_price.ok()?,
                    defaulted_before: Amount::ZERO,
                };
                let guarded = book.borrow_guarded(&loan, amount, &guard, market);
                if let Ok(guarded) = guarded {
                    assert_eq!(Ok(guarded), book.borrow(&loan, amount));
                    self.issue(guarded.loan.issued);
                    (self.book, self.loans[at(i)]) = (guarded.after, guarded.loan.after);
                }
            }
            Op::Repay(i, size) => {
                let loan = self.loans[at(i)];
                let repaid = book.repay(&loan, size.of(loan.debt().ok()?)?).ok()?;
                assert!(repaid.loan.payment >= repaid.loan.principal);
                let burned = (book.unbacked() - repaid.after.unbacked()).ok()?;
                self.burn(repaid.loan.principal);
                self.burn(burned);
                (self.book, self.loans[at(i)]) = (repaid.after, repaid.loan.after);
            }
            Op::Reward(i, size) => {
                let loan = self.loans[at(i)];
                let rewarded = book.reward(&loan, size.of(loan.stake())?).ok()?;
                (self.book, self.loans[at(i)]) = (rewarded.after, rewarded.loan);
            }
            Op::Slash(i, part) => {
                let loan = self.loans[at(i)];
                let slashed = book.slash(&loan, any_kept(part)?).ok()?;
                assert!(slashed.loan.after.stake() <= loan.stake());
                (self.book, self.loans[at(i)]) = (slashed.after, slashed.loan.after);
            }
            Op::Accrue(i, growth) => {
                let loan = self.loans[at(i)];
                let growth = N::ONE.try_add(N::read(growth)).ok()?;
                let index = loan.state().index.mul_up(growth).ok()?;
                let accrued = loan.accrue(index).ok()?;
                assert!(accrued.debt().ok()? >= loan.debt().ok()?);
                self.loans[at(i)] = accrued;
            }
            Op::Foreclose(i, rule) => {
                let loan = self.loans[at(i)];
                let foreclosed = book.foreclose(&loan).ok()?;
                self.burn(foreclosed.covered);
                (self.book, self.loans[at(i)]) = (foreclosed.after, foreclosed.loan.after);
                self.share_out(at(i), foreclosed.loan.seized, rule);
            }
            Op::Unlock(i, size) => {
                let loan = self.loans[at(i)];
                let unlocked = book.unlock(&loan, size.of(loan.stake())?).ok()?;
                assert!(loan.debt().ok()?.is_zero());
                (self.book, self.loans[at(i)]) = (unlocked.after, unlocked.loan.after);
            }
            Op::BuyBack(size) => {
                let bought = book.buy_back(size.of(book.circulating().ok()?)?).ok()?;
                self.burn(bought.burned);
                self.book = bought.after;
            }
            Op::Deposit(size) => {
                let deposit = pool.deposit(size.of(pool.staked())?).ok()?;
                if let Ok(back) = deposit.after.redeem(deposit.shares)
                    && units(back.amount).is_some()
                {
                    assert!(back.amount <= deposit.amount);
                }
                self.pool = deposit.after;
            }
            Op::Redeem(size) => {
                let shares = size.of(Amount::new(pool.supply().get()).ok()?)?;
                self.pool = pool.redeem(shares.get()).ok()?.after;
            }
            Op::Withdraw(size) => self.pool = pool.withdraw(size.of(pool.staked())?).ok()?.after,
            Op::PoolReward(size) => self.pool = pool.reward(size.of(pool.staked())?).ok()?.after,
            Op::PoolSlash(part) => self.pool = pool.slash(any_kept(part)?).ok()?.after,
            Op::PoolLose(size) => self.pool = pool.lose(size.of(pool.staked())?).ok()?.after,
            Op::Unbond(size) => {
                let shares = size.of(Amount::new(pool.supply().get()).ok()?)?;
                let unbond = pool.unbond(shares.get(), self.now, 2).ok()?;
                self.waiting.push(unbond.withdrawal);
                self.pool = unbond.after;
            }
            Op::Claim => {
                let withdrawal = *self.waiting.last()?;
                match pool.claim(withdrawal, self.now) {
                    Ok(claim) => {
                        self.pool = claim.after;
                        self.waiting.pop();
                    }
                    // An exact type always has it.
                    Err(error) => assert!(
                        self.now < withdrawal.matures_at()
                            || units(pool.unbonding()).is_none()
                            || matches!(error, defi_math::staking::StakingError::Math(_)),
                        "{error}"
                    ),
                }
            }
        }
        Some(())
    }

    fn issue(&mut self, amount: Amount<N>) {
        self.ledger.issued += units(amount).unwrap_or_default();
    }

    fn burn(&mut self, amount: Amount<N>) {
        self.ledger.burned += units(amount).unwrap_or_default();
    }

    /// A seized stake shared among the others: conserved to the unit.
    fn share_out(&self, from: usize, seized: Amount<N>, rule: Rule) {
        let rule = match rule {
            Rule::Burn => Disposition::Burn,
            Rule::ProRata => Disposition::ProRata,
            Rule::EqualParts => Disposition::EqualParts,
            Rule::BuyBack => Disposition::BuyBack,
            Rule::Reporter(terms) => Disposition::Reporter(fraction(terms)),
        };
        let mut stakes: Vec<_> = self.loans.iter().map(Loan::stake).collect();
        let before: Option<BigUint> = stakes.iter().map(|stake| units(*stake)).sum();
        let Ok(dispersal) = dispose(seized, from, &mut stakes, rule) else { return };
        let parts = [dispersal.burned, dispersal.reporter, dispersal.buy_back];
        let after: Option<BigUint> =
            stakes.into_iter().chain(parts).map(|stake| units(stake)).sum();
        if let (Some(before), Some(seized), Some(after)) = (before, units(seized), after) {
            assert_eq!(before + seized, after);
        }
    }

    fn check(&self) {
        rebuilt::<_, BookState<N>, _>(self.book);
        rebuilt::<_, StakingPoolState<N>, _>(self.pool);
        for loan in &self.loans {
            rebuilt::<_, LoanState<N>, _>(*loan);
            let (price, default) = (loan.redemption_price(), loan.is_in_default());
            if let Ok(price) = price {
                assert!(price.get() >= N::ONE);
            }
            let _ = (loan.redemption_cost(), loan.stake_at_default(), loan.bearable_slash());
            assert!(default.is_ok() || units(loan.stake()).is_some());
        }
        let sum = |of: fn(&Loan<N>) -> Amount<N>| -> Option<BigUint> {
            self.loans.iter().map(|loan| units(of(loan))).sum()
        };
        let state = self.book.state();
        if let (Some(staked), Some(lent)) = (units(state.staked), units(state.lent)) {
            assert_eq!(Some(staked), sum(Loan::stake));
            assert_eq!(Some(lent), sum(Loan::principal));
            let supply = units(self.book.supply()).unwrap_or_default();
            assert_eq!(supply + &self.ledger.burned, self.ledger.issued);
        }
        let _ = (self.book.backing(), self.book.unit_worth(), self.book.security_budget(N::ONE));
    }

    fn end(&self, (tokens, synthetics): (Bits, Bits)) {
        let exposures = (0..).zip(&self.loans).map(|(i, loan)| Exposure::of_loan(i, loan));
        let mut exposures: Vec<_> = exposures.filter_map(Result::ok).collect();
        let (tokens, synthetics) = (N::read(tokens), Amount::new(N::read(synthetics)));
        let price = |bought: Amount<N>| {
            let left = (synthetics.ok()? - bought).ok()?;
            Price::from_amounts(tokens, left).ok()
        };
        let mut cascade = Cascade::new(&mut exposures);
        if let Ok(end) = cascade.settle(price) {
            // Nobody who stands fails at the end's price.
            for loan in &cascade.loans()[end.failed..] {
                let fails = end.price.is_none_or(|price| loan.fails_at(price).unwrap());
                assert!(!fails, "{end:?} {loan:?}");
            }
        }
        let mut stakes: Vec<_> = self.loans.iter().map(Loan::stake).collect();
        if let Ok(distribution) = Distribution::new(&mut stakes) {
            if let Ok(gini) = distribution.gini() {
                assert!((0.0..=1.0).contains(&gini.to_f64()), "{gini:?}");
            }
            for rank in 0..=VALIDATORS {
                let _ = distribution.effect_of_burn(rank);
                let _ = distribution.effect_of_default(rank);
                let _ = distribution.effect_of_removal(rank);
            }
        }
    }
}

fn run<N: Fuzzed>(scenario: &Scenario) {
    let Some(mut world) = World::<N>::new(scenario) else { return };
    world.check();
    for op in &scenario.ops {
        let _ = world.step(*op);
        world.check();
    }
    world.end(scenario.market);
}

fuzz_target!(|scenario: Scenario| {
    match scenario.number {
        Kind::Wad => run::<Wad>(&scenario),
        Kind::Decimal => run::<Decimal>(&scenario),
        Kind::Float => run::<f64>(&scenario),
    }
});
