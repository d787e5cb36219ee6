//! The day itself: an exchange, a lending market, a vault system and a staking network, hour by hour.
//!
//! The four protocols know nothing of each other; what one needs of another is a number that is handed
//! on here.

mod exchange;
mod loans;
mod network;
pub(crate) mod number;
pub(crate) mod population;
mod vaults;

use std::error::Error;
use std::fmt;

use defi_math::rate::seconds;
use defi_math::vault::Change;
use defi_math::{Amount, Fee, Price};

use exchange::Exchange;
use loans::Loans;
use network::Network;
use number::{Entry, Token, amount};
use population::{debtors, validators};
use vaults::Vaults;

use crate::prices::Hour;

pub(crate) type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// A liquidator or buyer tries all, a quarter, a sixteenth: what pays first.
const PARTS: [u32; 3] = [1, 4, 16];

/// Dollars on the exchange at the start, in millionths; as much again in ETH.
const DEPTH: u64 = 20_000_000_000_000;

/// How the vaults' auctions fall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Curve {
    /// To zero in six hours.
    Linear,
    /// By 1 % every 90 seconds.
    Stairstep,
    /// By 0.01 % every second.
    Exponential,
}

/// What can be chosen.
#[derive(Clone, Debug)]
pub(crate) struct Choices {
    pub(crate) positions: usize,
    pub(crate) seed: u64,
    pub(crate) curve: Curve,
    pub(crate) close_factor: String,
    pub(crate) guarded: bool,
}

/// One row of the series: the state at the end of an hour, and what the hour brought.
#[derive(Clone, Debug)]
pub(crate) struct Row<N: Token> {
    pub(crate) time: String,
    pub(crate) market_price: Amount<N>,
    pub(crate) pool_price: Amount<N>,
    pub(crate) loans_at_risk: Amount<N>,
    pub(crate) vaults_at_risk: Amount<N>,
    pub(crate) loan_liquidations: u64,
    pub(crate) vault_liquidations: u64,
    pub(crate) auctions_running: u64,
    pub(crate) auction_prices: Option<(f64, f64)>,
    pub(crate) synthetic_price: Amount<N>,
    pub(crate) security_budget: Amount<N>,
    pub(crate) guard_trips: u64,
}

impl<N: Token> Row<N> {
    pub(crate) const COLUMNS: [&'static str; 11] = [
        "time",
        "market_price",
        "pool_price",
        "loans_at_risk",
        "vaults_at_risk",
        "loan_liquidations",
        "vault_liquidations",
        "auctions_running",
        "synthetic_price",
        "security_budget",
        "guard_trips",
    ];

    pub(crate) fn cells(&self) -> [String; 11] {
        [
            self.time.clone(),
            self.market_price.to_string(),
            self.pool_price.to_string(),
            self.loans_at_risk.to_string(),
            self.vaults_at_risk.to_string(),
            self.loan_liquidations.to_string(),
            self.vault_liquidations.to_string(),
            self.auctions_running.to_string(),
            self.synthetic_price.to_string(),
            self.security_budget.to_string(),
            self.guard_trips.to_string(),
        ]
    }
}

/// What came of one protocol: lines of what it is, and its value.
pub(crate) struct Section {
    title: &'static str,
    lines: Vec<(&'static str, String)>,
}

/// The end of the day.
pub(crate) struct Day<N: Token> {
    pub(crate) series: Vec<Row<N>>,
    pub(crate) worst_hour: String,
    /// The protocols, in the two columns in which they are printed.
    pub(crate) summary: [[Section; 2]; 2],
    pub(crate) books: Vec<Entry>,
}

struct World<N: Token> {
    exchange: Exchange<N>,
    loans: Loans<N>,
    vaults: Vaults<N>,
    network: Network<N>,
    series: Vec<Row<N>>,
}

/// Runs the day; `progress` is told of every hour.
pub(crate) fn run<N: Token>(
    hours: &[Hour],
    choices: &Choices,
    mut progress: impl FnMut(usize),
) -> Outcome<Day<N>> {
    let (first, rest) = hours.split_first().ok_or("no hours")?;
    let mut world = World::<N>::open(first.close, choices)?;
    let worst = worst_hour(hours);
    let mut before = first.close;
    for (at, hour) in rest.iter().enumerate() {
        world.hour(before, hour, hour.time == worst)?;
        before = hour.close;
        progress(at + 1);
    }
    Ok(Day {
        summary: world.summary()?,
        books: world.books()?,
        series: world.series,
        worst_hour: worst,
    })
}

/// The hour whose low is farthest below the close before it.
fn worst_hour(hours: &[Hour]) -> String {
    let fall = |pair: &[Hour]| match pair {
        // Parts of a million.
        [before, hour] => before.close.saturating_sub(hour.low) * 1_000_000 / before.close,
        _ => 0,
    };
    let worst = hours.windows(2).max_by_key(|pair| fall(pair));
    worst.and_then(|pair| pair.last()).map_or_else(String::new, |hour| hour.time.clone())
}

impl<N: Token> World<N> {
    /// Four parts of ten borrow, as many have vaults, the rest are validators.
    fn open(price: u64, choices: &Choices) -> Outcome<Self> {
        let &Choices { positions, seed, curve, guarded, .. } = choices;
        let debtors = |stream| debtors(seed, stream, positions * 2 / 5, price);
        let validators = validators(seed, positions - positions * 2 / 5 * 2);
        let ether = u128::from(DEPTH) * 1_000_000 / u128::from(price);
        Ok(Self {
            exchange: Exchange::open(
                amount(u64::try_from(ether)?)?,
                amount(DEPTH)?,
                Fee::PERCENT_0_30,
            )?,
            loans: Loans::open(&debtors(0), price, &choices.close_factor)?,
            vaults: Vaults::open(&debtors(1), price, curve)?,
            network: Network::open(&validators, guarded)?,
            series: Vec::new(),
        })
    }

    /// Half an hour at the low, half an hour at the close.
    fn hour(&mut self, before: u64, hour: &Hour, is_worst: bool) -> Outcome<()> {
        let half = seconds(1_800);
        let liquidations = (self.loans.tally.liquidations, self.vaults.tally.liquidations);
        self.network.pass(seconds(3_600))?;
        self.network.trade(before, hour.low)?;
        if is_worst {
            self.network.fault()?;
        }
        self.network.lend()?;

        // The vaults see a price an hour old.
        let delayed = Price::new(N::millionths(before))?;
        let mut at_risk = (Amount::ZERO, Amount::ZERO);
        for market in [hour.low, hour.close] {
            let price = Price::new(N::millionths(market))?;
            self.exchange.follow(price)?;
            self.loans.accrue(half)?;
            self.vaults.accrue(half)?;
            let loans = self.loans.liquidate(price, &mut self.exchange)?;
            let vaults = self.vaults.liquidate(delayed)?.to_amount_down()?;
            self.vaults.auction(half, delayed, &mut self.exchange)?;
            self.exchange.follow(price)?;
            if market == hour.low {
                at_risk = (loans, vaults);
            }
        }
        self.series.push(Row {
            time: hour.time.clone(),
            market_price: amount(hour.close)?,
            pool_price: self.exchange.price()?,
            loans_at_risk: at_risk.0,
            vaults_at_risk: at_risk.1,
            loan_liquidations: self.loans.tally.liquidations - liquidations.0,
            vault_liquidations: self.vaults.tally.liquidations - liquidations.1,
            auctions_running: self.vaults.running(),
            auction_prices: self.vaults.auction_prices(),
            synthetic_price: self.network.exchange.price()?,
            security_budget: self.network.security_budget()?,
            guard_trips: self.network.tally.guard_trips,
        });
        Ok(())
    }

    fn summary(&self) -> Outcome<[[Section; 2]; 2]> {
        let dollars = |amount: Amount<N>| grouped(&format!("{:.0}", amount.to_f64()));
        let tokens = |amount: Amount<N>| grouped(&format!("{:.2}", amount.to_f64()));
        let count = |count: u64| grouped(&count.to_string());
        let provider = self.exchange.provider()?;
        let exchange = vec![
            ("arbitrageurs' profit", dollars(self.exchange.arbitrage_profit)),
            ("impermanent loss", dollars(provider.impermanent_loss)),
            ("providers' fees", dollars(provider.fees)),
        ];
        let tally = &self.loans.tally;
        let loans = vec![
            ("positions", count(self.loans.positions())),
            ("liquidations", count(tally.liquidations)),
            ("debt repaid", dollars(tally.repaid)),
            ("liquidators' profit", dollars(tally.liquidators_profit)),
            ("bad debt", dollars(tally.bad_debt)),
            ("suppliers' loss", dollars(self.loans.suppliers_loss()?)),
            ("reserves", dollars(self.loans.reserves())),
        ];
        let tally = &self.vaults.tally;
        let worth = match self.vaults.net_worth()? {
            Change::Increase(surplus) => ("surplus", dollars(surplus)),
            Change::Decrease(loss) => ("loss", dollars(loss)),
        };
        let vaults = vec![
            ("positions", count(self.vaults.positions())),
            ("liquidations", count(tally.liquidations)),
            ("debt repaid", dollars(tally.repaid.to_amount_down()?)),
            ("buyers' profit", dollars(tally.buyers_profit)),
            ("keepers' incentives", dollars(tally.incentives.to_amount_down()?)),
            ("not raised by auctions", dollars(tally.shortfall.to_amount_up()?)),
            ("auctions reset", count(tally.resets)),
            ("auctions still running", count(self.vaults.running())),
            worth,
        ];
        let tally = &self.network.tally;
        let rows = || self.series.iter();
        let highest = rows().map(|row| row.synthetic_price.to_f64()).fold(0.0, f64::max);
        let least = rows().map(|row| row.security_budget.to_f64()).fold(f64::INFINITY, f64::min);
        let staking = vec![
            ("positions", count(self.network.positions())),
            ("validators slashed", count(tally.slashed_validators)),
            ("stake slashed", tokens(tally.slashed)),
            ("loans foreclosed", count(tally.foreclosed)),
            ("stake seized", tokens(tally.seized)),
            ("left without a debtor", tokens(tally.unbacked_then)),
            ("of it bought back", tokens(tally.bought_back)),
            ("no debtor at the end", tokens(self.network.unbacked())),
            ("debtors in the cascade", count(tally.cascade)),
            ("rounds of the cascade", count(tally.cascade_rounds)),
            ("of them could buy back", count(tally.served)),
            ("debt repaid", tokens(tally.repaid)),
            ("synthetic, highest price", grouped(&format!("{highest:.2}"))),
            ("least security budget", grouped(&format!("{least:.0}"))),
            ("hours the guard refused", count(tally.guard_trips)),
        ];
        let section = |title, lines| Section { title, lines };
        Ok([
            [section("LENDING, dollars", loans), section("VAULTS, dollars", vaults)],
            [section("EXCHANGE, dollars", exchange), section("STAKING, tokens", staking)],
        ])
    }

    fn books(&self) -> Outcome<Vec<Entry>> {
        let mut books = self.exchange.books("exchange: ETH", "exchange: dollars")?.to_vec();
        books.extend(self.loans.books()?);
        books.extend(self.vaults.books()?);
        books.extend(self.network.exchange.books("synthetic's exchange: synthetic", "… stake")?);
        books.extend(self.network.books()?);
        Ok(books)
    }
}

/// A number with a comma at every third digit before its point.
pub(crate) fn grouped(number: &str) -> String {
    let (whole, rest) = number.split_at(number.find('.').unwrap_or(number.len()));
    let mut grouped = String::new();
    for (at, digit) in whole.char_indices() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + rest
}

impl<N: Token> fmt::Display for Day<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "worst hour: {}\n", self.worst_hour)?;
        let [left, right] = self.summary.each_ref().map(|sections| {
            let lines = sections.iter().flat_map(|Section { title, lines }| {
                let lines = lines.iter().map(|(what, value)| format!("  {what:<24}{value:>13}"));
                std::iter::once((*title).to_owned()).chain(lines).chain([String::new()])
            });
            lines.collect::<Vec<_>>()
        });
        for at in 0..left.len().max(right.len()) {
            let [left, right] =
                [&left, &right].map(|lines| lines.get(at).map_or("", String::as_str));
            writeln!(f, "{}", format!("{left:<41}{right}").trim_end())?;
        }
        let (held, broken): (Vec<_>, Vec<_>) = self.books.iter().partition(|entry| entry.holds);
        writeln!(f, "books: {} of {} balance to the last unit", held.len(), self.books.len())?;
        for entry in broken {
            writeln!(f, "  {}: {} instead of {}", entry.what, entry.counted, entry.expected)?;
        }
        Ok(())
    }
}

/// How far two runs are apart, relative to the larger: the worst cell of the series, and what it is of.
pub(crate) fn distance<A: Token, B: Token>(one: &Day<A>, other: &Day<B>) -> (f64, &'static str) {
    let mut worst = (0.0_f64, "nothing");
    for (a, b) in one.series.iter().zip(&other.series) {
        for ((what, a), b) in Row::<A>::COLUMNS.iter().zip(a.cells()).zip(b.cells()) {
            let (Ok(a), Ok(b)) = (a.parse::<f64>(), b.parse::<f64>()) else { continue };
            let apart = (a - b).abs() / a.max(b).max(1.0);
            if apart > worst.0 {
                worst = (apart, what);
            }
        }
    }
    worst
}
