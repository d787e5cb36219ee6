//! The lending market: suppliers of dollars, borrowers against ETH, and liquidators who act only when
//! the exchange leaves them a profit.

use defi_math::amm::Token as Side;
use defi_math::lending::{
    Account, AccruedMarket, Collateral, Debt, InterestRateModel, LiquidationTerms, Loan, Market,
    Position, Terms,
};
use defi_math::rate::{Elapsed, PerSecond, PerYear, seconds};
use defi_math::{Amount, Price, Ratio, Shares};
use rayon::prelude::*;

use super::exchange::Exchange;
use super::number::{Entry, Token, amount, number, total};
use super::population::Debtor;
use super::{Outcome, PARTS};

const SECONDS_A_YEAR: u32 = 31_536_000;

/// What can be borrowed against a dollar of ETH, in thousandths.
const COLLATERAL_FACTOR: u64 = 750;

/// One borrower: shares of the ETH market, a debt in the dollar market.
#[derive(Clone, Copy, Debug)]
struct Borrower<N: Token> {
    shares: Shares<N>,
    debt: Debt<N>,
}

/// What has happened so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tally<N: Token> {
    pub(crate) liquidations: u64,
    pub(crate) repaid: Amount<N>,
    pub(crate) bad_debt: Amount<N>,
    pub(crate) liquidators_profit: Amount<N>,
    interest: Amount<N>,
    to_reserves: Amount<N>,
    from_reserves: Amount<N>,
    eth_to_reserves: Amount<N>,
    eth_redeemed: Amount<N>,
}

/// Both markets and everybody in them.
#[derive(Clone, Debug)]
pub(crate) struct Loans<N: Token> {
    dollars: AccruedMarket<N, PerSecond>,
    ether: AccruedMarket<N, PerSecond>,
    terms: LiquidationTerms<N>,
    collateral_factor: Ratio<N>,
    borrowers: Vec<Borrower<N>>,
    /// Collateral too little to be sold, left to the protocol.
    dust: Shares<N>,
    supplied: Amount<N>,
    borrowed: Amount<N>,
    collateral: Amount<N>,
    pub(crate) tally: Tally<N>,
}

fn open<N: Token>(base: &str, slope: &str, jump: &str) -> Outcome<AccruedMarket<N, PerSecond>> {
    let [base, slope, kink, jump] = [base, slope, "0.8", jump].map(number::<N>);
    let yearly = InterestRateModel::<N, PerYear>::kinked(base?, slope?, kink?, jump?)?;
    let model = yearly.spread_down::<PerSecond>(SECONDS_A_YEAR)?;
    let terms = Terms::new(model, number::<N>("0.1")?, N::ONE)?;
    Ok(Market::open(terms)?.accrue(seconds(0))?.after)
}

impl<N: Token> Loans<N> {
    /// Everybody supplies and borrows, at a price of ETH in millionths of a dollar.
    pub(crate) fn open(debtors: &[Debtor], price: u64, close_factor: &str) -> Outcome<Self> {
        let owed = |debtor: &Debtor| {
            let worth = u128::from(debtor.collateral) * u128::from(price) / 1_000_000;
            (worth * u128::from(COLLATERAL_FACTOR) / u128::from(debtor.cushion)) as u64
        };
        // Four fifths of what is supplied is lent.
        let supplied = amount(debtors.iter().map(owed).sum::<u64>() / 4 * 5)?;
        let mut dollars = open::<N>("0.02", "0.1", "1")?.supply(supplied)?.after;
        let mut ether = open::<N>("0", "0", "0")?;
        let mut borrowers = Vec::with_capacity(debtors.len());
        let (mut borrowed, mut collateral) = (Amount::ZERO, Amount::ZERO);
        for debtor in debtors {
            let supply = ether.supply(amount::<N>(debtor.collateral)?)?;
            let borrow = dollars.borrow(Debt::NONE, amount::<N>(owed(debtor))?)?;
            borrowers.push(Borrower { shares: supply.shares, debt: borrow.debt });
            borrowed = (borrowed + borrow.amount)?;
            collateral = (collateral + supply.amount)?;
            (ether, dollars) = (supply.after, borrow.after);
        }
        let terms = LiquidationTerms::new(
            number::<N>(close_factor)?,
            number::<N>("1.08")?,
            number::<N>("0.028")?,
        )?;
        Ok(Self {
            dollars,
            ether,
            terms,
            collateral_factor: Ratio::new(N::millionths(COLLATERAL_FACTOR * 1_000))?,
            borrowers,
            dust: Shares::ZERO,
            supplied,
            borrowed,
            collateral,
            tally: Tally {
                liquidations: 0,
                repaid: Amount::ZERO,
                bad_debt: Amount::ZERO,
                liquidators_profit: Amount::ZERO,
                interest: Amount::ZERO,
                to_reserves: Amount::ZERO,
                from_reserves: Amount::ZERO,
                eth_to_reserves: Amount::ZERO,
                eth_redeemed: Amount::ZERO,
            },
        })
    }

    /// Interest of some seconds.
    pub(crate) fn accrue(&mut self, elapsed: Elapsed<PerSecond>) -> Outcome<()> {
        let accrual = self.dollars.accrue(elapsed)?;
        self.tally.interest = (self.tally.interest + accrual.interest)?;
        self.tally.to_reserves = (self.tally.to_reserves + accrual.to_reserves)?;
        self.dollars = accrual.after;
        self.ether = self.ether.accrue(elapsed)?.after;
        Ok(())
    }

    /// An account over both markets, at an exchange rate of the ETH market that need not be worked out for
    /// each.
    fn account_at(
        &self,
        borrower: &Borrower<N>,
        rate: Ratio<N>,
        price: Price<N>,
    ) -> Outcome<Account<N>> {
        let (one, factor) = (Price::new(N::ONE)?, self.collateral_factor);
        let owed = self.dollars.owed(borrower.debt)?;
        let held = Position::new(borrower.shares, rate, Amount::ZERO, price, factor)?;
        let owed = Position::new(Shares::ZERO, rate, owed, one, factor)?;
        Ok(Account::of(&[held, owed])?)
    }

    /// The accounts that can be liquidated at a price, and what they owe together. The order of the scan
    /// does not matter, so it is spread over all cores.
    fn unhealthy(&self, price: Price<N>) -> Outcome<(Vec<usize>, Amount<N>)> {
        let rate = self.ether.exchange_rate()?;
        let found: Vec<(usize, Amount<N>)> = self
            .borrowers
            .par_iter()
            .enumerate()
            .filter(|(_, borrower)| !borrower.shares.is_zero())
            .map(|(at, borrower)| Ok((at, self.account_at(borrower, rate, price)?)))
            .filter(|account| account.as_ref().map_or(true, |(_, account)| !account.is_healthy()))
            .map(|account| account.map(|(at, account)| (at, account.debt_value())))
            .collect::<Outcome<_>>()?;
        let at_risk = total(found.iter().map(|&(_, debt)| debt))?;
        Ok((found.into_iter().map(|(at, _)| at).collect(), at_risk))
    }

    /// Liquidates whatever pays at this price, and returns the debt that was at risk.
    pub(crate) fn liquidate(
        &mut self,
        price: Price<N>,
        exchange: &mut Exchange<N>,
    ) -> Outcome<Amount<N>> {
        let (unhealthy, at_risk) = self.unhealthy(price)?;
        for at in unhealthy {
            while self.liquidate_once(at, price, exchange)? {}
        }
        Ok(at_risk)
    }

    /// One liquidation of an account: as large as the close factor and its collateral allow, or a part of
    /// that; whether there was one.
    fn liquidate_once(
        &mut self,
        at: usize,
        price: Price<N>,
        exchange: &mut Exchange<N>,
    ) -> Outcome<bool> {
        let Some(&borrower) = self.borrowers.get(at) else { return Ok(false) };
        let account = self.account_at(&borrower, self.ether.exchange_rate()?, price)?;
        if account.is_healthy() || self.gives_up_dust(at, price)? {
            return Ok(false);
        }
        let loan = Loan { market: self.dollars, debt: borrower.debt, price: Price::new(N::ONE)? };
        let collateral = Collateral { market: self.ether, shares: borrower.shares, price };
        let sale_price = exchange.pool().spot_price(Side::X)?;
        let best = self.terms.most_profitable(&account, &loan, &collateral, sale_price)?;
        let Some(best) = best else { return Ok(false) };
        for part in PARTS {
            let repay = best.repay.mul_down(Ratio::of_down(N::ONE, N::ONE.multiple(part)?)?)?;
            if repay.is_zero() {
                break;
            }
            let liquidation = self.terms.liquidate(&account, &loan, &collateral, repay)?;
            let (repayment, seizure) = (liquidation.repayment, liquidation.seizure);
            let redemption = seizure.after.redeem(seizure.to_liquidator)?;
            if exchange.proceeds(Side::X, redemption.amount)? <= repayment.amount {
                continue;
            }
            let earned = exchange.sell(Side::X, redemption.amount)?;
            (self.dollars, self.ether) = (repayment.after, redemption.after);
            let left = (borrower.shares - seizure.shares)?;
            if let Some(borrower) = self.borrowers.get_mut(at) {
                *borrower = Borrower { shares: left, debt: repayment.debt };
            }
            let tally = &mut self.tally;
            tally.liquidations += 1;
            tally.repaid = (tally.repaid + repayment.amount)?;
            tally.liquidators_profit = (tally.liquidators_profit + (earned - repayment.amount)?)?;
            tally.eth_to_reserves = (tally.eth_to_reserves + seizure.to_reserves)?;
            tally.eth_redeemed = (tally.eth_redeemed + redemption.amount)?;
            return Ok(true);
        }
        Ok(false)
    }

    /// Collateral worth less than a millionth of a dollar goes to the protocol, and the debt is written
    /// off; whether it was so.
    fn gives_up_dust(&mut self, at: usize, price: Price<N>) -> Outcome<bool> {
        let Some(borrower) = self.borrowers.get_mut(at) else { return Ok(false) };
        let worth = price.quote_down(self.ether.worth(borrower.shares)?)?;
        if worth >= N::millionths(1) {
            return Ok(false);
        }
        self.dust = (self.dust + borrower.shares)?;
        borrower.shares = Shares::ZERO;
        let loss = self.dollars.write_off(borrower.debt, Amount::ZERO)?;
        borrower.debt = Debt::NONE;
        self.tally.bad_debt = (self.tally.bad_debt + loss.loss)?;
        self.tally.from_reserves = (self.tally.from_reserves + loss.from_reserves)?;
        self.dollars = loss.after;
        Ok(true)
    }

    pub(crate) fn positions(&self) -> u64 {
        self.borrowers.len() as u64
    }

    /// What the reserves did not cover of the bad debt.
    pub(crate) fn suppliers_loss(&self) -> Outcome<Amount<N>> {
        Ok((self.tally.bad_debt - self.tally.from_reserves)?)
    }

    /// What the market keeps of the interest, in dollars.
    pub(crate) fn reserves(&self) -> Amount<N> {
        self.dollars.state().reserves
    }

    /// Every token of both markets.
    pub(crate) fn books(&self) -> Outcome<Vec<Entry>> {
        let (tally, dollars, ether) = (&self.tally, self.dollars.state(), self.ether.state());
        let shares = self.borrowers.iter().map(|borrower| borrower.shares);
        let shares =
            shares.chain([self.dust, ether.locked]).map(|shares| Amount::new(shares.get()));
        let shares = total(shares.collect::<Result<Vec<_>, _>>()?)?;
        let cash = (dollars.cash + self.borrowed)?;
        let lent = ((dollars.borrows + tally.repaid)? + tally.bad_debt)?;
        let reserves = (dollars.reserves + tally.from_reserves)?;
        let collateral = (ether.cash + tally.eth_redeemed)?;
        Ok(vec![
            Entry::of("lending: dollars in cash", cash, (self.supplied + tally.repaid)?),
            Entry::of("lending: dollars lent", lent, (self.borrowed + tally.interest)?),
            Entry::of("lending: reserves", reserves, tally.to_reserves),
            Entry::of("lending: ETH", collateral, self.collateral),
            Entry::of("lending: ETH reserves", ether.reserves, tally.eth_to_reserves),
            Entry::of("lending: shares of ETH", Amount::new(ether.supply.get())?, shares),
        ])
    }
}
