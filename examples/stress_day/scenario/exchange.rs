//! A constant-product pool that is kept near an outside price by whoever profits from it.

use defi_math::amm::{AmmError, Amounts, Pool, Token as Side, liquidity};
use defi_math::{Amount, Fee, MathError, Price};

use super::Outcome;
use super::number::{Entry, Token};

/// A pool of X against Y, and everything that went in and out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exchange<N: Token> {
    pool: Pool<N>,
    opened: Amounts<N>,
    paid_in: Amounts<N>,
    taken_out: Amounts<N>,
    /// What arbitrageurs have earned, in Y.
    pub(crate) arbitrage_profit: Amount<N>,
}

/// A liquidity provider's day.
pub(crate) struct Provider<N: Token> {
    pub(crate) impermanent_loss: Amount<N>,
    pub(crate) fees: Amount<N>,
}

impl<N: Token> Exchange<N> {
    /// Opened with so much of each.
    pub(crate) fn open(x: Amount<N>, y: Amount<N>, fee: Fee) -> Outcome<Self> {
        Ok(Self {
            pool: Pool::new(x, y, fee)?,
            opened: Amounts { x, y },
            paid_in: Amounts::ZERO,
            taken_out: Amounts::ZERO,
            arbitrage_profit: Amount::ZERO,
        })
    }

    pub(crate) const fn pool(&self) -> &Pool<N> {
        &self.pool
    }

    /// Y for one X, on the grid of amounts.
    pub(crate) fn price(&self) -> Outcome<Amount<N>> {
        Ok(self.pool.spot_price(Side::X)?.quote_down(N::ONE)?)
    }

    /// What selling so much would bring; nothing for too little to sell.
    pub(crate) fn proceeds(&self, sold: Side, amount: Amount<N>) -> Outcome<Amount<N>> {
        match self.pool.amount_out(sold, amount) {
            Err(AmmError::InsufficientInput | AmmError::InsufficientOutput) => Ok(Amount::ZERO),
            proceeds => Ok(proceeds?),
        }
    }

    /// Sells so much of one token for the other.
    pub(crate) fn sell(&mut self, sold: Side, amount: Amount<N>) -> Outcome<Amount<N>> {
        let swap = self.pool.swap_exact_in(sold, amount)?;
        self.book(sold, swap.amount_in, swap.amount_out)?;
        self.pool = swap.after;
        Ok(swap.amount_out)
    }

    /// What so much of the token other than `sold` costs; nothing if the pool cannot give it.
    pub(crate) fn cost(&self, sold: Side, amount: Amount<N>) -> Outcome<Option<Amount<N>>> {
        match self.pool.swap_exact_out(sold, amount) {
            Err(
                AmmError::InsufficientLiquidity
                | AmmError::ReserveOverflow
                | AmmError::Math(MathError::Overflow),
            ) => Ok(None),
            swap => Ok(Some(swap?.amount_in)),
        }
    }

    /// Buys so much of the token other than `sold`, and says what it cost.
    pub(crate) fn buy(&mut self, sold: Side, amount: Amount<N>) -> Outcome<Amount<N>> {
        let swap = self.pool.swap_exact_out(sold, amount)?;
        self.book(sold, swap.amount_in, swap.amount_out)?;
        self.pool = swap.after;
        Ok(swap.amount_in)
    }

    /// Lets an arbitrageur take what the difference to an outside price of X is worth.
    pub(crate) fn follow(&mut self, price: Price<N>) -> Outcome<()> {
        if let Some(arbitrage) = self.pool.arbitrage(price)? {
            let swap = arbitrage.swap;
            self.book(swap.token_in, swap.amount_in, swap.amount_out)?;
            self.pool = swap.after;
            self.arbitrage_profit = (self.arbitrage_profit + arbitrage.profit)?;
        }
        Ok(())
    }

    fn book(&mut self, sold: Side, paid_in: Amount<N>, taken_out: Amount<N>) -> Outcome<()> {
        let (into, out_of) = (&mut self.paid_in, &mut self.taken_out);
        match sold {
            Side::X => {
                into.x = (into.x + paid_in)?;
                out_of.y = (out_of.y + taken_out)?;
            }
            Side::Y => {
                into.y = (into.y + paid_in)?;
                out_of.x = (out_of.x + taken_out)?;
            }
        }
        Ok(())
    }

    /// What holding instead would be worth more, and the fees earned, in Y at the pool's price.
    pub(crate) fn provider(&self) -> Outcome<Provider<N>> {
        let price = self.pool.spot_price(Side::X)?;
        let outcome = liquidity::outcome(self.opened, self.pool.state().reserves, price)?;
        let fees = liquidity::value(outcome.fees, price)?;
        Ok(Provider { impermanent_loss: outcome.impermanent_loss, fees })
    }

    /// What is there and was taken out is what it was opened with and was paid in.
    pub(crate) fn books(&self, x: &'static str, y: &'static str) -> Outcome<[Entry; 2]> {
        let of = |what, side: Side| -> Outcome<Entry> {
            let gone = (self.pool.reserve(side) + self.taken_out.of(side))?;
            Ok(Entry::of(what, gone, (self.opened.of(side) + self.paid_in.of(side))?))
        };
        Ok([of(x, Side::X)?, of(y, Side::Y)?])
    }
}
