//! The vault system: positions, fees, auctions, and buyers who take a lot only when the exchange leaves
//! them a profit.

use defi_math::amm::Token as Side;
use defi_math::rate::{Elapsed, PerSecond, PerYear, Rate, seconds};
use defi_math::vault::{
    Auction, AuctionHouse, AuctionTerms, Change, Coins, CollateralType, CollateralTypeState,
    Outcome as Ending, Position, PriceCurve, System, VaultError, per_second_factor, risk,
};
use defi_math::{Amount, Number, Price, Ratio};
use rayon::prelude::*;

use super::exchange::Exchange;
use super::number::{Entry, Token, amount, number, total};
use super::population::Debtor;
use super::{Curve, Outcome, PARTS};

/// Dollars of ETH for a dollar of debt, in thousandths.
const LIQUIDATION_RATIO: u64 = 1_500;

/// How often somebody looks at the auctions.
const TICK: u32 = 300;

/// An auction, whose position it is about, and when it was started or reset.
#[derive(Clone, Copy, Debug)]
struct Running<N: Token> {
    auction: Auction<N>,
    since: u32,
}

/// What has happened so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tally<N: Token> {
    pub(crate) liquidations: u64,
    pub(crate) resets: u64,
    pub(crate) repaid: Coins<N>,
    pub(crate) shortfall: Coins<N>,
    pub(crate) incentives: Coins<N>,
    pub(crate) buyers_profit: Amount<N>,
    pub(crate) sold: Amount<N>,
    pub(crate) returned: Amount<N>,
    fees: Coins<N>,
    healed: Coins<N>,
}

/// The system and everybody in it.
#[derive(Clone, Debug)]
pub(crate) struct Vaults<N: Token> {
    system: System<N>,
    ether: CollateralType<N>,
    house: AuctionHouse<N>,
    positions: Vec<Position<N>>,
    auctions: Vec<Running<N>>,
    /// Seconds since the scenario began.
    now: u32,
    /// The lowest and the highest auction price since somebody asked, in dollars.
    asked: Option<(f64, f64)>,
    locked: Amount<N>,
    drawn: Coins<N>,
    pub(crate) tally: Tally<N>,
}

fn curve<N: Token>(curve: Curve) -> Outcome<PriceCurve<N>> {
    Ok(match curve {
        Curve::Linear => PriceCurve::Linear { duration: seconds(3_600 * 6) },
        Curve::Stairstep => PriceCurve::Stairstep {
            step: seconds(90),
            factor: Ratio::new(number::<N::Rate>("0.99")?)?,
        },
        Curve::Exponential => {
            PriceCurve::Exponential { factor: Ratio::new(number::<N::Rate>("0.9999")?)? }
        }
    })
}

impl<N: Token> Vaults<N> {
    /// Everybody locks and draws, at a price of ETH in millionths of a dollar.
    pub(crate) fn open(debtors: &[Debtor], price: u64, auctions: Curve) -> Outcome<Self> {
        let fee = per_second_factor(Rate::<N::Rate, PerYear>::new(number("0.04")?)?)?;
        let ratio = number::<N::Rate>("1.5")?;
        let mut system = System::new(amount::<N>(1_000_000_000_000_000)?)?;
        let mut ether = CollateralType::try_from(CollateralTypeState {
            stability_fee: fee,
            liquidation_penalty: Ratio::new(number::<N>("1.13")?)?,
            ..CollateralTypeState::at_ratio(ratio)?
        })?
        .at_market_price(Price::new(N::millionths(price))?, &system)?;
        let house = AuctionHouse::try_from(AuctionTerms {
            buffer: Ratio::new(number::<N::Rate>("1.2")?)?,
            maximum_age: seconds(8_400),
            minimum_price: Ratio::new(number::<N::Rate>("0.4")?)?,
            proportional_incentive: Ratio::new(number::<N>("0.001")?)?,
            ..AuctionTerms::on_curve(curve::<N>(auctions)?)
        })?;
        let mut positions = Vec::with_capacity(debtors.len());
        let (mut locked, mut drawn) = (Amount::ZERO, Coins::ZERO);
        for debtor in debtors {
            let worth =
                u128::from(debtor.collateral) * u128::from(price) / u128::from(debtor.cushion);
            let debt = worth / u128::from(LIQUIDATION_RATIO);
            let collateral = amount::<N>(debtor.collateral)?;
            let lock = Position::EMPTY.lock(collateral, &ether, &system)?;
            let debt = amount::<N>(debt as u64)?;
            let draw = lock.position.draw(debt, &lock.collateral_type, &lock.system)?;
            (ether, system) = (draw.collateral_type, draw.system);
            positions.push(draw.position);
            locked = (locked + collateral)?;
            if let Change::Increase(coins) = draw.coins {
                drawn = (drawn + coins)?;
            }
        }
        Ok(Self {
            system,
            ether,
            house,
            positions,
            auctions: Vec::new(),
            now: 0,
            asked: None,
            locked,
            drawn,
            tally: Tally {
                liquidations: 0,
                resets: 0,
                repaid: Coins::ZERO,
                shortfall: Coins::ZERO,
                incentives: Coins::ZERO,
                buyers_profit: Amount::ZERO,
                sold: Amount::ZERO,
                returned: Amount::ZERO,
                fees: Coins::ZERO,
                healed: Coins::ZERO,
            },
        })
    }

    /// Takes the stability fee of some seconds.
    pub(crate) fn accrue(&mut self, elapsed: Elapsed<PerSecond>) -> Outcome<()> {
        let accrual = self.ether.accrue(elapsed, &self.system)?;
        if let Change::Increase(fee) = accrual.fee {
            self.tally.fees = (self.tally.fees + fee)?;
        }
        (self.ether, self.system) = (accrual.collateral_type, accrual.system);
        Ok(())
    }

    /// Shows the system a price, starts the auctions that it asks for, and returns the debt that was at
    /// risk.
    pub(crate) fn liquidate(&mut self, price: Price<N>) -> Outcome<Coins<N>> {
        self.ether = self.ether.at_market_price(price, &self.system)?;
        let ether = self.ether;
        let at_risk: Vec<usize> = self
            .positions
            .par_iter()
            .enumerate()
            .filter_map(|(at, position)| match position.is_unsafe(&ether) {
                Ok(false) => None,
                Ok(true) => Some(Ok(at)),
                Err(error) => Some(Err(error)),
            })
            .collect::<Result<_, _>>()?;
        let unsafe_positions = at_risk.iter().filter_map(|&at| self.positions.get(at));
        let debt = risk::debt_at_risk(unsafe_positions, &ether)?;
        for at in at_risk {
            let Some(position) = self.positions.get_mut(at) else { continue };
            let liquidation =
                match position.liquidate(price, &self.house, &self.ether, &self.system) {
                    Err(VaultError::LiquidationLimit) => break,
                    liquidation => liquidation?,
                };
            *position = liquidation.position;
            (self.ether, self.system) = (liquidation.collateral_type, liquidation.system);
            self.auctions.push(Running { auction: liquidation.auction, since: self.now });
            self.tally.liquidations += 1;
            self.tally.incentives = (self.tally.incentives + liquidation.incentive)?;
        }
        Ok(debt)
    }

    /// Lets some seconds pass on the auctions.
    pub(crate) fn auction(
        &mut self,
        elapsed: Elapsed<PerSecond>,
        price: Price<N>,
        exchange: &mut Exchange<N>,
    ) -> Outcome<()> {
        let end = self.now + elapsed.count();
        while self.now < end {
            self.now = end.min(self.now + TICK);
            let mut running = std::mem::take(&mut self.auctions);
            for auction in &mut running {
                if let Some(left) = self.visit(*auction, price, exchange)? {
                    self.auctions.push(left);
                }
            }
        }
        self.settle_books()
    }

    /// Resets an auction that asks for it, or buys as much of it as pays; what is left of it.
    fn visit(
        &mut self,
        running: Running<N>,
        price: Price<N>,
        exchange: &mut Exchange<N>,
    ) -> Outcome<Option<Running<N>>> {
        let Running { auction, since } = running;
        let age = seconds(self.now - since);
        if auction.needs_reset(age, &self.house)? {
            let reset = auction.reset(price, age, &self.house, &self.system)?;
            self.system = reset.system;
            self.tally.resets += 1;
            self.tally.incentives = (self.tally.incentives + reset.incentive)?;
            return Ok(Some(Running { auction: reset.auction, since: self.now }));
        }
        let limit = auction.price(age, &self.house)?;
        let dollars = Number::approximate(limit.get());
        let (low, high) = self.asked.unwrap_or((dollars, dollars));
        self.asked = Some((low.min(dollars), high.max(dollars)));
        for part in PARTS {
            let part = Ratio::of_down(N::ONE, N::ONE.multiple(part)?)?;
            let wanted = auction.collateral().mul_down(part)?;
            let purchase = auction.quote(wanted, limit, age, &self.house)?;
            let paid = purchase.paid.to_amount_up()?;
            let proceeds = exchange.proceeds(Side::X, purchase.collateral)?;
            if purchase.collateral.is_zero() || proceeds <= paid {
                continue;
            }
            let take = auction.take(wanted, limit, age, &self.house, &self.ether, &self.system)?;
            let earned = exchange.sell(Side::X, purchase.collateral)?;
            (self.ether, self.system) = (take.collateral_type, take.system);
            let tally = &mut self.tally;
            tally.repaid = (tally.repaid + purchase.paid)?;
            tally.sold = (tally.sold + purchase.collateral)?;
            tally.buyers_profit = (tally.buyers_profit + (earned - paid)?)?;
            return Ok(match take.outcome {
                Ending::Running(auction) => Some(Running { auction, since }),
                Ending::Raised { returned } => {
                    tally.returned = (tally.returned + returned)?;
                    None
                }
                Ending::SoldOut { shortfall } => {
                    tally.shortfall = (tally.shortfall + shortfall)?;
                    None
                }
            });
        }
        Ok(Some(running))
    }

    /// Surplus cancels bad debt as soon as there is some; none of it waits.
    fn settle_books(&mut self) -> Outcome<()> {
        let queued = self.system.state().queued_debt;
        self.system = self.system.release_queued(queued)?;
        let healable = self.system.state().surplus.min(self.system.healable_debt()?);
        let heal = self.system.heal(healable)?;
        self.tally.healed = (self.tally.healed + heal.cancelled)?;
        self.system = heal.after;
        Ok(())
    }

    /// The lowest and the highest price that an auction has asked since this was called last, in dollars.
    pub(crate) const fn auction_prices(&mut self) -> Option<(f64, f64)> {
        self.asked.take()
    }

    pub(crate) fn positions(&self) -> u64 {
        self.positions.len() as u64
    }

    pub(crate) fn running(&self) -> u64 {
        self.auctions.len() as u64
    }

    /// Surplus less bad debt: what the day has left of the system.
    pub(crate) fn net_worth(&self) -> Outcome<Change<Amount<N>>> {
        Ok(match self.system.net_worth()? {
            Change::Increase(coins) => Change::Increase(coins.to_amount_down()?),
            Change::Decrease(coins) => Change::Decrease(coins.to_amount_up()?),
        })
    }

    /// Every coin and every token of collateral.
    pub(crate) fn books(&self) -> Outcome<Vec<Entry>> {
        let (tally, books) = (&self.tally, self.system.state());
        let locked = total(self.positions.iter().map(Position::collateral))?;
        let on_sale = total(self.auctions.iter().map(|running| running.auction.collateral()))?;
        let left = (((locked + on_sale)? + tally.sold)? + tally.returned)?;
        let debt = total(self.positions.iter().map(Position::normalized_debt))?;
        // Coins are born by drawing, fees and incentives, and die by healing.
        let born = ((self.drawn + tally.fees)? + tally.incentives)?;
        Ok(vec![
            Entry::fact(
                "vaults: coins issued are backed or bad",
                self.system.is_balanced([&self.ether])?,
            ),
            Entry::of(
                "vaults: coins",
                (books.issued + tally.healed)?.to_amount_down()?,
                born.to_amount_down()?,
            ),
            Entry::of("vaults: normalized debt", self.ether.state().normalized_debt, debt),
            Entry::of("vaults: ETH", left, self.locked),
        ])
    }
}
