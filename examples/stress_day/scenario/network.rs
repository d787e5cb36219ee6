//! The staking network: validators who have borrowed a synthetic against their own stake, its exchange,
//! the fault of the worst hour, the cascade that follows, and the guard.

use defi_math::amm::{PriceAccumulator, Token as Side};
use defi_math::rate::{Elapsed, PerSecond};
use defi_math::staking::{
    Book, Cascade, Exposure, Fraction, Kept, Loan, LoanTerms, MarketReading, RiskGuard,
};
use defi_math::{Amount, Fee, Price, Ratio};

use super::Outcome;
use super::exchange::Exchange;
use super::number::{Entry, Token, amount, number, total};
use super::population::{STAKE, Validator};

/// What one validator asks to borrow in an hour, if the guard lets it.
const HOURLY_LOAN: u64 = 1_000_000;

/// The hours over which the guard averages the synthetic's price.
const AVERAGED_HOURS: usize = 6;

/// What has happened so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tally<N: Token> {
    pub(crate) slashed_validators: u64,
    pub(crate) slashed: Amount<N>,
    pub(crate) foreclosed: u64,
    pub(crate) seized: Amount<N>,
    pub(crate) unbacked_then: Amount<N>,
    pub(crate) bought_back: Amount<N>,
    /// Debtors who fail in the cascade, and in how many rounds.
    pub(crate) cascade: u64,
    pub(crate) cascade_rounds: u64,
    /// Those of them whose debt cost no more than their stake.
    pub(crate) served: u64,
    pub(crate) guard_trips: u64,
    rewards: Amount<N>,
    issued: Amount<N>,
    pub(crate) repaid: Amount<N>,
}

/// The network, its book of loans, and where its synthetic is traded for stake.
#[derive(Clone, Debug)]
pub(crate) struct Network<N: Token> {
    loans: Vec<Loan<N>>,
    slashes: Vec<Option<u64>>,
    book: Book<N>,
    guard: Option<RiskGuard<N>>,
    /// X is the synthetic, Y the stake.
    pub(crate) exchange: Exchange<N>,
    clock: PriceAccumulator,
    observations: Vec<PriceAccumulator>,
    staked: Amount<N>,
    next: usize,
    pub(crate) tally: Tally<N>,
}

impl<N: Token> Network<N> {
    /// Everybody stakes, and borrows what it has borrowed.
    pub(crate) fn open(validators: &[Validator], guarded: bool) -> Outcome<Self> {
        let terms = LoanTerms::new(Fraction::new(1, 4)?, 2, N::ONE.multiple(2)?)?;
        let mut book = Book::default();
        let mut loans = Vec::with_capacity(validators.len());
        let (mut staked, mut issued) = (Amount::ZERO, Amount::ZERO);
        for validator in validators {
            let stake = amount::<N>(validator.stake)?;
            let mut loan = Loan::new(terms, stake)?;
            book = book.join(&loan)?;
            staked = (staked + stake)?;
            let borrowed = validator.stake * validator.borrowed / 4_000;
            if borrowed > 0 {
                let borrow = book.borrow(&loan, amount::<N>(borrowed)?)?;
                issued = (issued + borrow.loan.issued)?;
                (loan, book) = (borrow.loan.after, borrow.after);
            }
            loans.push(loan);
        }
        let guard = RiskGuard {
            largest_issued_share: Fraction::new(1, 5)?,
            smallest_security_share: Fraction::new(4, 5)?,
            lowest_price: Price::new(number::<N>("0.95")?)?,
            highest_price: Price::new(number::<N>("1.05")?)?,
            most_recent_defaults: Fraction::new(1, 50)?,
        };
        // A twentieth of the stake lies on either side.
        let side = amount::<N>(STAKE / 20 * 1_000_000)?;
        let clock = PriceAccumulator::new();
        Ok(Self {
            loans,
            slashes: validators.iter().map(|validator| validator.slash).collect(),
            book,
            guard: guarded.then_some(guard),
            exchange: Exchange::open(side, side, Fee::PERCENT_0_05)?,
            clock,
            observations: vec![clock],
            staked,
            next: 0,
            tally: Tally {
                slashed_validators: 0,
                slashed: Amount::ZERO,
                foreclosed: 0,
                seized: Amount::ZERO,
                unbacked_then: Amount::ZERO,
                bought_back: Amount::ZERO,
                cascade: 0,
                cascade_rounds: 0,
                served: 0,
                guard_trips: 0,
                rewards: Amount::ZERO,
                issued,
                repaid: Amount::ZERO,
            },
        })
    }

    /// Lets some seconds pass: the price is averaged, and every validator earns its hour of 4 % a year.
    pub(crate) fn pass(&mut self, elapsed: Elapsed<PerSecond>) -> Outcome<()> {
        self.clock = self.clock.advance(self.exchange.pool(), elapsed)?;
        let hourly = Ratio::new(number::<N>("0.0000045662")?)?;
        for loan in &mut self.loans {
            let reward = loan.stake().mul_down(hourly)?;
            let rewarded = self.book.reward(loan, reward)?;
            (*loan, self.book) = (rewarded.loan, rewarded.after);
            self.tally.rewards = (self.tally.rewards + reward)?;
        }
        Ok(())
    }

    /// The synthetic's holders fear with the market: they sell it until its price has fallen by half of the
    /// hour's fall, and buy it back to par when there is none.
    pub(crate) fn trade(&mut self, before: u64, now: u64) -> Outcome<()> {
        let kept = before + now.min(before);
        let price = Price::from_amounts(N::millionths(kept), N::millionths(2 * before))?;
        self.exchange.follow(price)
    }

    /// One validator asks for a loan; the guard can only refuse.
    pub(crate) fn lend(&mut self) -> Outcome<()> {
        let since = self.observations.len().saturating_sub(AVERAGED_HOURS);
        let since = self.observations.get(since).copied().unwrap_or_default();
        let average_price = self.clock.average_price(Side::X, since)?;
        self.observations.push(self.clock);
        let asked = amount::<N>(HOURLY_LOAN)?;
        self.next = (self.next + 1) % self.loans.len();
        let Some(loan) = self.loans.get_mut(self.next) else { return Ok(()) };
        let market = MarketReading { average_price, defaulted_before: Amount::ZERO };
        if let Some(guard) = &self.guard
            && guard.check(&self.book, market).is_err()
        {
            self.tally.guard_trips += 1;
            return Ok(());
        }
        // A debtor at its own limit is refused too.
        if loan.maximum_borrow()? >= asked {
            let borrow = self.book.borrow(loan, asked)?;
            (*loan, self.book) = (borrow.loan.after, borrow.after);
            self.tally.issued = (self.tally.issued + borrow.loan.issued)?;
        }
        Ok(())
    }

    /// The fault of the worst hour: slashes, foreclosures, the purchase that backs the synthetic again, and
    /// the cascade that it starts.
    pub(crate) fn fault(&mut self) -> Outcome<()> {
        self.slash()?;
        let first = self.buy_back()?;
        self.cascade(first)
    }

    fn slash(&mut self) -> Outcome<()> {
        let tally = &mut self.tally;
        for (loan, slash) in self.loans.iter_mut().zip(&self.slashes) {
            let Some(thousandths) = *slash else { continue };
            let kept = Kept::after_slash(N::millionths(thousandths * 1_000))?;
            let slashed = self.book.slash(loan, kept)?;
            (*loan, self.book) = (slashed.loan.after, slashed.after);
            tally.slashed_validators += 1;
            tally.slashed = (tally.slashed + slashed.loan.slashed)?;
            if loan.is_in_default()? {
                let foreclosed = self.book.foreclose(loan)?;
                tally.foreclosed += 1;
                tally.seized = (tally.seized + foreclosed.loan.seized)?;
                (*loan, self.book) = (foreclosed.loan.after, foreclosed.after);
            }
        }
        tally.unbacked_then = self.book.unbacked();
        Ok(())
    }

    /// Seized stake buys the synthetic that has lost its debtors, half of what the exchange holds at most;
    /// the rest of it is burned.
    fn buy_back(&mut self) -> Outcome<Amount<N>> {
        let half = self.exchange.pool().reserve(Side::X).mul_down(number::<N>("0.5")?)?;
        let unbacked = self.book.unbacked();
        let bought = if unbacked < half { unbacked } else { half };
        if bought.is_zero() {
            return Ok(bought);
        }
        self.exchange.buy(Side::Y, bought)?;
        let buy_back = self.book.buy_back(bought)?;
        self.book = buy_back.after;
        self.tally.bought_back = bought;
        Ok(bought)
    }

    /// Debtors who fear for their stake: once a debt costs more than 30 % of it, its debtor buys it back, and
    /// gives up to the whole stake for it.
    fn cascade(&mut self, first: Amount<N>) -> Outcome<()> {
        let part = number::<N>("0.3")?;
        let mut exposures = Vec::new();
        for (at, loan) in self.loans.iter().enumerate() {
            if !loan.principal().is_zero() {
                let resources = loan.stake().mul_down(part)?;
                exposures.push(Exposure::new(u32::try_from(at)?, loan.debt()?, resources)?);
            }
        }
        // The price after buying so much more than was bought back already.
        let curve = self.exchange.pool().selling(Side::Y)?;
        let price = |bought: Amount<N>| {
            let more = (bought - first).ok()?;
            if more.is_zero() {
                return curve.spot_price().ok().map(Price::inverse);
            }
            let paid = curve.amount_in(more).ok()?;
            Some(curve.spot_price_after(paid).ok()?.inverse())
        };
        let mut cascade = Cascade::new(&mut exposures).after_buying(first)?;
        let collapse = cascade.settle(price)?;
        self.tally.cascade = collapse.failed as u64;
        self.tally.cascade_rounds = collapse.rounds as u64;
        for exposure in cascade.loans().iter().take(collapse.failed) {
            let Some(loan) = self.loans.get_mut(exposure.id() as usize) else { continue };
            // Nobody pays more than its whole stake: who would have to keeps its debt.
            let cost = self.exchange.cost(Side::Y, exposure.debt())?;
            if cost.is_none_or(|cost| cost > loan.stake()) {
                continue;
            }
            self.exchange.buy(Side::Y, exposure.debt())?;
            let repayment = self.book.repay(loan, exposure.debt())?;
            self.tally.repaid = (self.tally.repaid + repayment.loan.principal)?;
            (*loan, self.book) = (repayment.loan.after, repayment.after);
            self.tally.served += 1;
        }
        Ok(())
    }

    pub(crate) fn positions(&self) -> u64 {
        self.loans.len() as u64
    }

    pub(crate) fn unbacked(&self) -> Amount<N> {
        self.book.unbacked()
    }

    /// What would have to be overcome to attack the network, in its token.
    pub(crate) fn security_budget(&self) -> Outcome<Amount<N>> {
        Ok(self.book.security_budget(self.exchange.pool().spot_price(Side::X)?)?)
    }

    /// Stake and synthetic.
    pub(crate) fn books(&self) -> Outcome<Vec<Entry>> {
        let (tally, book) = (&self.tally, self.book.state());
        let stakes = total(self.loans.iter().map(Loan::stake))?;
        let debts = total(self.loans.iter().map(Loan::principal))?;
        let stake = ((stakes + tally.slashed)? + tally.seized)?;
        let supply = (self.book.supply() + (tally.repaid + tally.bought_back)?)?;
        Ok(vec![
            Entry::of("staking: stake", stake, (self.staked + tally.rewards)?),
            Entry::of("staking: stake in the book", book.staked, stakes),
            Entry::of("staking: lent", book.lent, debts),
            Entry::of("staking: synthetic", supply, tally.issued),
        ])
    }
}
