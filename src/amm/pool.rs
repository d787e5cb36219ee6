//! A pair as it stands, with everything that Uniswap v2's contract keeps, and its transitions.

use core::cmp::Ordering;

use rust_decimal::Decimal;

use super::{
    AmmError, Amounts, Arbitrage, Burn, ConstantProduct, Mint, Settlement, Skim, Swap, Token,
};
use crate::error::MathError;
use crate::num::wide::U256;
use crate::num::{Exact, Fit, Fixed, Number, Rounding, Wide};
use crate::quantity::{Amount, Fee, FeeShare, IntoQuantity, Price, Ratio, Shares};

/// A constant-product pair.
///
/// Every transition takes `&self` and returns a receipt with the pool `after` it; an error leaves
/// nothing half done, because nothing is mutated.
///
/// The pool distinguishes what it *accounts for*, its reserves, from what it *holds*: a donation
/// lies beside the reserves until a [`sync`](Self::sync) books it, a [`skim`](Self::skim) takes it,
/// or the next swap or mint counts it as its own payment. This is the contract's bookkeeping.
///
/// # Example
///
/// ```
/// use defi_math::Fee;
/// use defi_math::amm::{Amounts, Pool, Token};
/// use rust_decimal::dec;
///
/// let pool = Pool::new(dec!(100), dec!(400), Fee::PERCENT_0_30)?;
///
/// // Whoever brings both tokens at the pool's ratio gets that part of its shares.
/// let mint = pool.mint(Amounts::new(dec!(10), dec!(40))?)?;
/// assert_eq!(mint.shares, dec!(20));
///
/// // Trades leave their fee in the pool …
/// let there = mint.after.swap_exact_in(Token::X, dec!(5))?;
/// let back = there.after.swap_exact_in(Token::Y, there.amount_out)?;
///
/// // … and the shares redeem it.
/// let burn = back.after.burn(mint.shares)?;
/// assert!(burn.amounts.x > dec!(10));
/// # Ok::<(), defi_math::Error>(())
/// ```
///
/// # Source
/// `UniswapV2Pair`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = "", try_from = "PoolState<N>", into = "PoolState<N>"))]
pub struct Pool<N: Number = Decimal> {
    state: PoolState<N>,
}

/// Everything that a [`Pool`] remembers, to be stored or read from a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = ""))]
pub struct PoolState<N: Number = Decimal> {
    /// What the pool accounts for: `x`, `y`.
    pub reserves: Amounts<N>,
    /// What it holds besides: donations not yet booked.
    pub excess: Amounts<N>,
    /// `S`: all shares, the locked minimum included.
    #[doc(alias = "totalSupply")]
    pub supply: Shares<N>,
    /// The fee on what is paid in.
    pub fee: Fee,
    /// The protocol's part of the fee growth, if it takes one.
    pub protocol_share: Option<FeeShare>,
    /// The reserves at the last deposit or withdrawal with the protocol's part switched on. Their
    /// product is the contract's `kLast`; from a chain, see [`reserves_of_k_last`].
    #[doc(alias = "kLast")]
    pub reserves_at_last_mint: Option<Amounts<N>>,
}

/// Two reserves that stand for a `kLast` read from a chain, given as the upper and lower half of its 256
/// bits: both are its root, which is all that the pair ever takes of it. `None` for zero, which the
/// contract keeps while the protocol's part is off.
///
/// # Example
/// ```
/// use defi_math::amm::reserves_of_k_last;
///
/// let last = reserves_of_k_last::<18>(0, 1_000_001).ok_or("off")?;
/// assert_eq!(last.x.get().raw(), 1_000);
/// assert!(reserves_of_k_last::<18>(0, 0).is_none());
/// # Ok::<(), &str>(())
/// ```
#[must_use]
pub fn reserves_of_k_last<const PLACES: u32>(hi: u128, lo: u128) -> Option<Amounts<Fixed<PLACES>>> {
    let (root, _) = U256::from_halves(hi, lo).isqrt();
    let root = Amount::from(Fixed::from_raw(root));
    (!root.is_zero()).then_some(Amounts { x: root, y: root })
}

impl<N: Number> TryFrom<PoolState<N>> for Pool<N> {
    type Error = AmmError;

    /// # Errors
    /// - [`AmmError::ReserveOverflow`] for a reserve beyond the pair's bound.
    /// - [`AmmError::InvalidState`] for a supply between zero and the locked minimum, and for shares
    ///   of a pool with an empty reserve.
    fn try_from(state: PoolState<N>) -> Result<Self, AmmError> {
        let PoolState { reserves, excess, supply, .. } = state;
        check_bound(reserves)?;
        // A donation beyond the bound can lie there, to be skimmed; it must only be countable.
        reserves.plus(excess)?;
        if !supply.is_zero() {
            let empty = reserves.x.is_zero() || reserves.y.is_zero();
            if empty || supply < N::MINIMUM_LIQUIDITY {
                return Err(AmmError::InvalidState);
            }
        }
        Ok(Self { state })
    }
}

impl<N: Number> From<Pool<N>> for PoolState<N> {
    fn from(pool: Pool<N>) -> Self {
        pool.state
    }
}

fn check_bound<N: Number>(holdings: Amounts<N>) -> Result<(), AmmError> {
    if holdings.x.get().fits_reserve() && holdings.y.get().fits_reserve() {
        Ok(())
    } else {
        Err(AmmError::ReserveOverflow)
    }
}

impl<N: Number> Pool<N> {
    /// A pool opened by a first deposit of `x` and `y`; the depositor holds all shares but the
    /// locked minimum.
    ///
    /// # Errors
    /// As [`mint`](Self::mint), and those of a bare number that is not an amount.
    pub fn new(
        x: impl IntoQuantity<Amount<N>>,
        y: impl IntoQuantity<Amount<N>>,
        fee: Fee,
    ) -> Result<Self, AmmError> {
        Ok(Self::empty(fee).mint(Amounts::new(x, y)?)?.after)
    }

    /// A pool that nobody has paid into yet.
    #[must_use]
    pub const fn empty(fee: Fee) -> Self {
        Self {
            state: PoolState {
                reserves: Amounts::ZERO,
                excess: Amounts::ZERO,
                supply: Shares::ZERO,
                fee,
                protocol_share: None,
                reserves_at_last_mint: None,
            },
        }
    }

    /// The same pool with the protocol's part of the fee growth set or switched off.
    ///
    /// What has grown so far is minted at the next deposit or withdrawal if the part is still on
    /// then, and forgotten if it is off.
    ///
    /// # Source
    /// `UniswapV2Factory.setFeeTo`.
    #[doc(alias = "setFeeTo")]
    #[must_use]
    pub const fn with_protocol_share(self, share: Option<FeeShare>) -> Self {
        Self { state: PoolState { protocol_share: share, ..self.state } }
    }

    /// Everything that the pool remembers.
    #[must_use]
    pub const fn state(&self) -> &PoolState<N> {
        &self.state
    }

    /// What the pool accounts for of one token.
    #[must_use]
    pub const fn reserve(&self, token: Token) -> Amount<N> {
        self.state.reserves.of(token)
    }

    /// `S`: all shares, the locked minimum included.
    #[must_use]
    pub const fn supply(&self) -> Shares<N> {
        self.state.supply
    }

    /// The curve that a seller of `token_in` trades on.
    ///
    /// # Errors
    /// [`AmmError::InsufficientLiquidity`] for an empty pool.
    #[inline]
    pub fn selling(&self, token_in: Token) -> Result<ConstantProduct<N>, AmmError> {
        let reserve_out = self.reserve(token_in.other());
        ConstantProduct::new(self.reserve(token_in), reserve_out, self.state.fee)
    }

    /// What the pool pays for `amount_in` of `token_in`: [`ConstantProduct::amount_out`].
    ///
    /// # Errors
    /// As there, and [`AmmError::InsufficientLiquidity`] for an empty pool.
    ///
    /// # Example
    /// ```
    /// use defi_math::Fee;
    /// use defi_math::amm::{Pool, Token};
    /// use rust_decimal::dec;
    ///
    /// let pool = Pool::new(dec!(5), dec!(10), Fee::PERCENT_0_30)?;
    /// let out = pool.amount_out(Token::X, dec!(1))?;
    /// assert_eq!(out, dec!(1.662497915624478906));
    /// assert_eq!(pool.amount_in(Token::X, out)?, dec!(1));
    /// # Ok::<(), defi_math::Error>(())
    /// ```
    #[inline]
    pub fn amount_out(
        &self,
        token_in: Token,
        amount_in: impl IntoQuantity<Amount<N>>,
    ) -> Result<Amount<N>, AmmError> {
        self.selling(token_in)?.amount_out(amount_in)
    }

    /// What the pool asks in `token_in` for `amount_out` of the other token: [`ConstantProduct::amount_in`].
    ///
    /// # Errors
    /// As there, and [`AmmError::InsufficientLiquidity`] for an empty pool.
    #[inline]
    pub fn amount_in(
        &self,
        token_in: Token,
        amount_out: impl IntoQuantity<Amount<N>>,
    ) -> Result<Amount<N>, AmmError> {
        self.selling(token_in)?.amount_in(amount_out)
    }

    /// The price of one token in the other, for nothing and without the fee. Exact.
    ///
    /// # Errors
    /// [`AmmError::InsufficientLiquidity`] for an empty pool.
    pub fn spot_price(&self, of: Token) -> Result<Price<N>, AmmError> {
        self.selling(of)?.spot_price()
    }

    /// Exact-in: sells `amount_in` of `token_in` at the pool's quote.
    ///
    /// # Rounding
    /// The output down, for the pool.
    ///
    /// # Errors
    /// - [`AmmError::InsufficientInput`], [`AmmError::InsufficientLiquidity`].
    /// - [`AmmError::InsufficientOutput`] when the output rounds to nothing.
    /// - [`AmmError::ReserveOverflow`] when the pair could not hold the input.
    /// - [`MathError::Overflow`]; [`MathError::Inexact`] when a `Decimal` cannot hold a new reserve exactly.
    ///
    /// # Example
    /// ```
    /// use defi_math::Fee;
    /// use defi_math::amm::{Pool, Token};
    /// use rust_decimal::dec;
    ///
    /// let pool = Pool::new(dec!(5), dec!(10), Fee::PERCENT_0_30)?;
    /// let swap = pool.swap_exact_in(Token::X, dec!(1))?.at_least(dec!(1.6))?;
    /// assert_eq!(swap.amount_out, dec!(1.662497915624478906));
    /// # Ok::<(), defi_math::Error>(())
    /// ```
    #[inline]
    pub fn swap_exact_in(
        &self,
        token_in: Token,
        amount_in: impl IntoQuantity<Amount<N>>,
    ) -> Result<Swap<N>, AmmError> {
        let amount_in = amount_in.into_quantity()?;
        let amount_out = self.amount_out(token_in, amount_in)?;
        self.swap(token_in, amount_in, amount_out)
    }

    /// Exact-out: buys `amount_out` of the token other than `token_in` at the pool's quote.
    ///
    /// # Rounding
    /// The input up, for the pool.
    ///
    /// # Errors
    /// - [`AmmError::InsufficientOutput`] for nothing; [`AmmError::InsufficientLiquidity`] for the whole
    ///   reserve or more.
    /// - [`AmmError::ReserveOverflow`] when the pair could not hold the input.
    /// - [`MathError::Overflow`]; [`MathError::Inexact`] when a `Decimal` cannot hold a new reserve exactly.
    ///
    /// # Example
    /// ```
    /// use defi_math::Fee;
    /// use defi_math::amm::{Pool, Token};
    /// use rust_decimal::dec;
    ///
    /// let pool = Pool::new(dec!(5), dec!(10), Fee::PERCENT_0_30)?;
    /// let swap = pool.swap_exact_out(Token::X, dec!(1))?.at_most(dec!(0.6))?;
    /// assert_eq!(swap.amount_in, dec!(0.557227237267357629));
    /// assert_eq!(swap.after.reserve(Token::Y), dec!(9));
    /// # Ok::<(), defi_math::Error>(())
    /// ```
    #[inline]
    pub fn swap_exact_out(
        &self,
        token_in: Token,
        amount_out: impl IntoQuantity<Amount<N>>,
    ) -> Result<Swap<N>, AmmError> {
        let amount_out = amount_out.into_quantity()?;
        let amount_in = self.amount_in(token_in, amount_out)?;
        self.swap(token_in, amount_in, amount_out)
    }

    /// Books a swap at a quote of this pool. Its `k` cannot fall: `swap_never_lowers_k`.
    fn swap(
        &self,
        token_in: Token,
        amount_in: Amount<N>,
        amount_out: Amount<N>,
    ) -> Result<Swap<N>, AmmError> {
        if amount_out.is_zero() {
            return Err(AmmError::InsufficientOutput);
        }
        // Only a float can round a quote up to the whole reserve.
        if amount_out >= self.reserve(token_in.other()) {
            return Err(AmmError::InsufficientLiquidity);
        }
        let paid_in = Amounts::only(token_in, amount_in)?;
        let taken_out = Amounts::only(token_in.other(), amount_out)?;
        let left = self.state.reserves.minus(taken_out)?;
        let after = self.booked(left.plus(self.state.excess)?.plus(paid_in)?)?;
        Ok(Swap { token_in, amount_in, amount_out, after })
    }

    /// Settles arbitrary payments, as the pair's own `swap`: one input or two, one output or two,
    /// outputs first (a flash swap) or not.
    ///
    /// Accepted if and only if the fee-adjusted product does not fall, `f/d` being the fee and
    /// `in` what is paid in, donations included:
    ///
    /// ```text
    /// (d·x′ − f·in_x) · (d·y′ − f·in_y) ≥ d²·x·y
    /// ```
    ///
    /// # Rounding
    /// None: the products are compared exactly (for `f64`, within
    /// [`RELATIVE_TOLERANCE`](crate::num::RELATIVE_TOLERANCE)).
    ///
    /// # Errors
    /// In the contract's order:
    /// - [`AmmError::InsufficientOutput`] if nothing is taken out;
    /// - [`AmmError::InsufficientLiquidity`] if an output is not below its reserve;
    /// - [`AmmError::InsufficientInput`] if nothing is paid in;
    /// - [`AmmError::InvariantViolated`] if the payment does not cover the output;
    /// - [`AmmError::ReserveOverflow`] if the pair could not hold the payment.
    ///
    /// Besides, [`MathError::Overflow`], and [`MathError::Inexact`] when a `Decimal` cannot hold a new reserve
    /// exactly.
    ///
    /// # Example
    /// ```
    /// use defi_math::Fee;
    /// use defi_math::amm::{AmmError, Amounts, Pool};
    /// use rust_decimal::dec;
    ///
    /// // A flash loan of 10 X is 10 X back and the fee on them: 10/0.997 in all.
    /// let pool = Pool::new(dec!(100), dec!(400), Fee::PERCENT_0_30)?;
    /// let loan = Amounts::new(dec!(10), dec!(0))?;
    /// let refused = pool.settle(Amounts::new(dec!(10.03), dec!(0))?, loan);
    /// assert_eq!(refused, Err(AmmError::InvariantViolated));
    /// assert!(pool.settle(Amounts::new(dec!(10.031), dec!(0))?, loan).is_ok());
    /// # Ok::<(), AmmError>(())
    /// ```
    ///
    /// # Source
    /// `UniswapV2Pair.swap`.
    #[doc(alias = "swap")]
    #[doc(alias = "flash swap")]
    pub fn settle(
        &self,
        paid_in: Amounts<N>,
        taken_out: Amounts<N>,
    ) -> Result<Settlement<N>, AmmError> {
        let PoolState { reserves, excess, fee, .. } = self.state;
        if taken_out.is_zero() {
            return Err(AmmError::InsufficientOutput);
        }
        if taken_out.x >= reserves.x || taken_out.y >= reserves.y {
            return Err(AmmError::InsufficientLiquidity);
        }
        let amounts_in = excess.plus(paid_in)?;
        if amounts_in.is_zero() {
            return Err(AmmError::InsufficientInput);
        }
        let balances = reserves.minus(taken_out)?.plus(amounts_in)?;
        let adjusted = |token| -> Result<N::Exact, MathError> {
            let whole = balances.of(token).times(fee.denominator())?;
            whole.minus(amounts_in.of(token).times(fee.numerator())?)
        };
        let product = N::cmp_products(
            adjusted(Token::X)?,
            adjusted(Token::Y)?,
            reserves.x.times(fee.denominator())?,
            reserves.y.times(fee.denominator())?,
        );
        if product == Ordering::Less {
            return Err(AmmError::InvariantViolated);
        }
        let after = self.booked(balances)?;
        Ok(Settlement { amounts_in, amounts_out: taken_out, after })
    }

    /// Deposits both tokens for shares.
    ///
    /// ```text
    /// first:  shares = ⌊√(x·y)⌋ − minimum, the minimum locked for ever
    /// later:  shares = ⌊min(dx·S/x, dy·S/y)⌋
    /// ```
    ///
    /// What exceeds the pool's ratio is given to all shares;
    /// [`amounts_at_ratio`](Self::amounts_at_ratio) says what fits. The protocol's shares are minted
    /// first.
    ///
    /// # Rounding
    /// Down, for the other shares.
    ///
    /// # Errors
    /// - [`AmmError::InsufficientLiquidityMinted`] when it is too little for a share.
    /// - [`AmmError::ReserveOverflow`] when the pair could not hold it.
    /// - [`MathError::Overflow`]; [`MathError::Inexact`] when a `Decimal` cannot hold a new reserve or the new
    ///   supply exactly.
    ///
    /// # Example
    /// ```
    /// use defi_math::Fee;
    /// use defi_math::amm::{Amounts, Pool, Token};
    /// use rust_decimal::dec;
    ///
    /// let pool = Pool::new(dec!(100), dec!(400), Fee::PERCENT_0_30)?;
    /// // A tenth of the pool: a tenth of its 200 shares.
    /// assert_eq!(pool.mint(Amounts::new(dec!(10), dec!(40))?)?.shares, dec!(20));
    /// // What exceeds the ratio buys nothing.
    /// assert_eq!(pool.mint(Amounts::new(dec!(10), dec!(99))?)?.shares, dec!(20));
    /// # Ok::<(), defi_math::Error>(())
    /// ```
    ///
    /// # Source
    /// `UniswapV2Pair.mint`.
    pub fn mint(&self, deposit: Amounts<N>) -> Result<Mint<N>, AmmError> {
        let amounts = self.state.excess.plus(deposit)?;
        let (pool, protocol_shares) = self.with_protocol_shares_minted()?;
        let PoolState { reserves, supply, .. } = pool.state;
        let balances = reserves.plus(amounts)?;
        let (shares, supply) = if supply.is_zero() {
            let supply = geometric_mean(amounts)?;
            (less_the_locked_minimum(supply)?, supply)
        } else {
            // The scarcer side decides: dx/x against dy/y, compared exactly.
            let (dx, dy) = (amounts.x.exact()?, amounts.y.exact()?);
            let (x, y) = (reserves.x.exact()?, reserves.y.exact()?);
            let shares_of =
                |amount, reserve| supply.mul_div(amount, reserve, Fit::To(supply), Rounding::Down);
            let shares = match N::cmp_products(dx, y, dy, x) {
                Ordering::Less => shares_of(dx, x)?,
                Ordering::Greater => shares_of(dy, y)?,
                // Equal, or of floats nearly so.
                Ordering::Equal => {
                    let (of_x, of_y) = (shares_of(dx, x)?, shares_of(dy, y)?);
                    if of_y < of_x { of_y } else { of_x }
                }
            };
            (shares, (supply + shares)?)
        };
        if shares.is_zero() {
            return Err(AmmError::InsufficientLiquidityMinted);
        }
        let after = pool.booked_after_mint(balances, supply)?;
        Ok(Mint { amounts, shares, protocol_shares, after })
    }

    /// Gives back shares for their part of what the pool holds.
    ///
    /// ```text
    /// dx = ⌊shares·x/S⌋,  dy = ⌊shares·y/S⌋      x, y with donations
    /// ```
    ///
    /// The protocol's shares are minted first.
    ///
    /// # Rounding
    /// Down, for the remaining shares.
    ///
    /// # Errors
    /// - [`AmmError::InsufficientShares`] for more shares than are in circulation.
    /// - [`AmmError::InsufficientLiquidityBurned`] unless something of both tokens is redeemed.
    /// - [`AmmError::InsufficientLiquidity`] when an `f64` would round a part up to the whole.
    /// - [`AmmError::ReserveOverflow`] when a donation leaves more than the pair can hold.
    /// - [`MathError::Inexact`] when a `Decimal` cannot hold what remains exactly.
    ///
    /// # Example
    /// ```
    /// use defi_math::Fee;
    /// use defi_math::amm::{Pool, Token};
    /// use rust_decimal::dec;
    ///
    /// let pool = Pool::new(dec!(100), dec!(400), Fee::PERCENT_0_30)?;
    /// let burn = pool.burn(dec!(20))?;
    /// assert_eq!(burn.amounts.x, dec!(10));
    /// assert_eq!(burn.after.reserve(Token::Y), dec!(360));
    /// # Ok::<(), defi_math::Error>(())
    /// ```
    ///
    /// # Source
    /// `UniswapV2Pair.burn`.
    pub fn burn(&self, shares: impl IntoQuantity<Shares<N>>) -> Result<Burn<N>, AmmError> {
        let shares = shares.into_quantity()?;
        // Before the protocol's new shares, which nobody can give back within this call.
        let issued = self.state.supply;
        if shares > issued {
            return Err(AmmError::InsufficientShares);
        }
        let locked = Shares::new(N::MINIMUM_LIQUIDITY)?.exact()?;
        let stays = issued.exact()?.minus(shares.exact()?)? >= locked;
        if !stays && shares > less_the_locked_minimum(issued)? {
            return Err(AmmError::InsufficientShares);
        }
        let (pool, protocol_shares) = self.with_protocol_shares_minted()?;
        let PoolState { reserves, excess, supply, .. } = pool.state;
        let remaining = (supply - shares)?;
        let balances = reserves.plus(excess)?;
        let redeem = |balance: Amount<N>| {
            balance.mul_div(shares.exact()?, supply.exact()?, Fit::From(balance), Rounding::Down)
        };
        // Only a float has no place for the locked minimum beside a large supply: the last shares are
        // then all of it.
        let (amounts, remaining) = if remaining < N::MINIMUM_LIQUIDITY {
            (balances, Shares::ZERO)
        } else {
            (Amounts { x: redeem(balances.x)?, y: redeem(balances.y)? }, remaining)
        };
        if amounts.x.is_zero() || amounts.y.is_zero() {
            return Err(AmmError::InsufficientLiquidityBurned);
        }
        // And only a float can round a part up to the whole.
        if !remaining.is_zero() && (amounts.x >= balances.x || amounts.y >= balances.y) {
            return Err(AmmError::InsufficientLiquidity);
        }
        let after = pool.booked_after_mint(balances.minus(amounts)?, remaining)?;
        Ok(Burn { shares, amounts, protocol_shares, after })
    }

    /// Sends tokens to the pool without a word: they lie beside the reserves.
    ///
    /// # Errors
    /// [`MathError::Overflow`], [`MathError::Inexact`] when the holdings cannot be held.
    pub fn donate(&self, amounts: Amounts<N>) -> Result<Self, AmmError> {
        let excess = self.state.excess.plus(amounts)?;
        // What cannot be booked must still be countable.
        self.state.reserves.plus(excess)?;
        Ok(Self { state: PoolState { excess, ..self.state } })
    }

    /// Takes what lies beside the reserves.
    ///
    /// # Source
    /// `UniswapV2Pair.skim`.
    pub const fn skim(&self) -> Skim<N> {
        Skim {
            amounts: self.state.excess,
            after: Self { state: PoolState { excess: Amounts::ZERO, ..self.state } },
        }
    }

    /// Books what lies beside the reserves: it becomes everybody's.
    ///
    /// # Errors
    /// [`AmmError::ReserveOverflow`] when the reserves cannot hold it.
    ///
    /// # Example
    /// ```
    /// use defi_math::Fee;
    /// use defi_math::amm::{Amounts, Pool, Token};
    /// use rust_decimal::dec;
    ///
    /// let pool = Pool::new(dec!(100), dec!(400), Fee::PERCENT_0_30)?;
    /// let gift = Amounts::only(Token::X, dec!(5))?;
    /// let donated = pool.donate(gift)?;
    /// assert_eq!(donated.reserve(Token::X), dec!(100)); // not booked yet
    /// assert_eq!(donated.skim().amounts, gift); // anyone may take it,
    /// assert_eq!(donated.sync()?.reserve(Token::X), dec!(105)); // or give it to all
    /// # Ok::<(), defi_math::Error>(())
    /// ```
    ///
    /// # Source
    /// `UniswapV2Pair.sync`.
    pub fn sync(&self) -> Result<Self, AmmError> {
        self.booked(self.state.reserves.plus(self.state.excess)?)
    }

    /// The largest deposit within both limits that is at the pool's ratio, so that less than a unit is
    /// given away; for an empty pool, both limits.
    ///
    /// # Rounding
    /// The fitted side down, as the router's.
    ///
    /// # Errors
    /// As [`ConstantProduct::proportional`].
    ///
    /// # Example
    /// ```
    /// use defi_math::Fee;
    /// use defi_math::amm::{Amounts, Pool, Token};
    /// use rust_decimal::dec;
    ///
    /// let pool = Pool::new(dec!(100), dec!(400), Fee::PERCENT_0_30)?;
    /// let fitted = pool.amounts_at_ratio(Amounts::new(dec!(10), dec!(1_000))?)?;
    /// assert_eq!(fitted, Amounts::new(dec!(10), dec!(40))?);
    /// # Ok::<(), defi_math::Error>(())
    /// ```
    ///
    /// # Source
    /// `UniswapV2Router02._addLiquidity`.
    pub fn amounts_at_ratio(&self, limits: Amounts<N>) -> Result<Amounts<N>, AmmError> {
        if self.state.reserves.is_zero() {
            return Ok(limits);
        }
        match self.selling(Token::X)?.proportional(limits.x) {
            Ok(y) if y <= limits.y => return Ok(Amounts { x: limits.x, y }),
            // More than the limit, or more than the number type can hold.
            Ok(_) | Err(AmmError::Math(MathError::Overflow)) => {}
            Err(error) => return Err(error),
        }
        let x = self.selling(Token::Y)?.proportional(limits.y)?;
        Ok(Amounts { x, y: limits.y })
    }

    /// What shares would redeem now: the amounts of a [`burn`](Self::burn).
    ///
    /// # Errors
    /// As there.
    pub fn redeemable(&self, shares: impl IntoQuantity<Shares<N>>) -> Result<Amounts<N>, AmmError> {
        Ok(self.burn(shares)?.amounts)
    }

    /// `⌊shares/S⌋`: the part of the pool that shares are, the protocol's pending ones counted.
    ///
    /// # Rounding
    /// Down.
    ///
    /// # Errors
    /// [`AmmError::InsufficientShares`] for more than there are, and for a pool without shares.
    ///
    /// # Example
    /// ```
    /// use defi_math::Fee;
    /// use defi_math::amm::{Pool, Token};
    /// use rust_decimal::dec;
    ///
    /// let pool = Pool::new(dec!(100), dec!(400), Fee::PERCENT_0_30)?;
    /// assert_eq!(pool.part_of_pool(dec!(50))?, dec!(0.25));
    /// assert_eq!(pool.redeemable(dec!(50))?.of(Token::X), dec!(25));
    /// # Ok::<(), defi_math::Error>(())
    /// ```
    pub fn part_of_pool(&self, shares: impl IntoQuantity<Shares<N>>) -> Result<Ratio<N>, AmmError> {
        let shares = shares.into_quantity()?;
        if shares > self.state.supply || self.state.supply.is_zero() {
            return Err(AmmError::InsufficientShares);
        }
        let supply = (self.state.supply + self.protocol_shares()?)?;
        Ok(Ratio::ONE.mul_div(shares.exact()?, supply.exact()?, Fit::Alone, Rounding::Down)?)
    }

    /// The shares that the protocol would be given now.
    ///
    /// ```text
    /// √k′, √k: the floors of the roots now and at the last deposit or withdrawal; φ = a/b
    /// shares = ⌊ S·a·(√k′ − √k) / ((b − a)·√k′ + a·√k) ⌋
    /// ```
    ///
    /// # Rounding
    /// The quotient down, for the depositors; both roots down as the contract's, which can favour either
    /// side by less than a unit of liquidity.
    ///
    /// # Errors
    /// [`MathError::Overflow`] when the shares do not fit.
    ///
    /// # Example
    /// ```
    /// use defi_math::amm::{Amounts, Pool, Token};
    /// use defi_math::{Fee, FeeShare, Wad};
    ///
    /// let both = |n| Amounts::new(Wad::from_raw(n), Wad::from_raw(n));
    /// let pool = Pool::empty(Fee::PERCENT_1).with_protocol_share(Some(FeeShare::ONE_SIXTH));
    /// let opened = pool.mint(both(1_000_000)?)?.after;
    /// let grown = opened.swap_exact_in(Token::X, Wad::from_raw(1_000_000))?.after;
    /// // √k has grown from 1,000,000 to 1,002,509: a sixth of that, in shares.
    /// assert_eq!(grown.protocol_shares()?.get().raw(), 417);
    /// # Ok::<(), defi_math::Error>(())
    /// ```
    ///
    /// # Source
    /// `UniswapV2Pair._mintFee`; Uniswap v2 whitepaper, §2.4.
    #[doc(alias = "mintFee")]
    #[expect(
        clippy::arithmetic_side_effects,
        reason = "the operators of Wide remember an overflow and refuse it at the end"
    )]
    pub fn protocol_shares(&self) -> Result<Shares<N>, AmmError> {
        let PoolState { reserves, supply, protocol_share, reserves_at_last_mint, .. } = self.state;
        let (Some(share), Some(last)) = (protocol_share, reserves_at_last_mint) else {
            return Ok(Shares::ZERO);
        };
        let root = |amounts: Amounts<N>| -> Result<N::Wide, MathError> {
            Ok((amounts.x.wide()? * amounts.y.wide()?).sqrt_floor())
        };
        // The contract's `kLast` of zero.
        if last.x.is_zero() || last.y.is_zero() {
            return Ok(Shares::ZERO);
        }
        let (now, then) = (root(reserves)?, root(last)?);
        let (a, b) = (N::Wide::integer(share.numerator()), N::Wide::integer(share.denominator()));
        let growth = now.saturating_minus(then);
        let shares = (supply.wide()? * a * growth).div_floor((b - a) * now + a * then);
        Ok(Shares::from_wide(shares, Fit::To(supply), Rounding::Down)?)
    }

    /// The trade that earns most where one X costs `price_of_x` in Y outside; `None` inside the fee band, and
    /// where it would earn less than a unit.
    ///
    /// The output is that of [`ConstantProduct::optimal_amount_in`]. It is bought exact-out, so that its
    /// rounding wastes no input.
    ///
    /// # Rounding
    /// The input up, for the pool; the profit down.
    ///
    /// # Errors
    /// As [`ConstantProduct::optimal_amount_in`] and [`swap_exact_out`](Self::swap_exact_out).
    ///
    /// # Example
    /// ```
    /// use defi_math::Fee;
    /// use defi_math::amm::{Pool, Token};
    /// use rust_decimal::dec;
    ///
    /// let pool = Pool::new(dec!(10), dec!(1_000), Fee::PERCENT_0_30)?;
    /// // Outside, X is worth 90: sell it to the pool.
    /// let Some(arbitrage) = pool.arbitrage(dec!(90))? else { panic!("outside the fee band") };
    /// assert_eq!(arbitrage.swap.token_in, Token::X);
    /// assert_eq!(arbitrage.swap.amount_out, dec!(49.890467170695440744));
    /// // At 100.2 the fee eats the difference.
    /// assert_eq!(pool.arbitrage(dec!(100.2))?, None);
    /// # Ok::<(), defi_math::amm::AmmError>(())
    /// ```
    pub fn arbitrage(
        &self,
        price_of_x: impl IntoQuantity<Price<N>>,
    ) -> Result<Option<Arbitrage<N>>, AmmError> {
        let price = price_of_x.into_quantity()?;
        for (token_in, price_in) in [(Token::X, price), (Token::Y, price.inverse())] {
            let curve = self.selling(token_in)?;
            let most = curve.optimal_amount_in(price_in)?;
            if most.is_zero() {
                continue;
            }
            let amount_out = curve.amount_out(most)?;
            if amount_out.is_zero() {
                continue;
            }
            // The same output for the least input: what its rounding would waste stays outside.
            let swap = self.swap_exact_out(token_in, amount_out)?;
            let (earned, spent) = match token_in {
                Token::X => (amount_out, price.quote_up(swap.amount_in)?),
                Token::Y => (price.quote_down(amount_out)?, swap.amount_in),
            };
            if earned > spent {
                let profit = earned.wide()?.saturating_minus(spent.wide()?);
                let profit = Amount::from_wide(profit, Fit::Alone, Rounding::Down)?;
                return Ok(Some(Arbitrage { swap, profit }));
            }
        }
        Ok(None)
    }

    /// The pool with the protocol's pending shares minted, and how many they were.
    fn with_protocol_shares_minted(&self) -> Result<(Self, Shares<N>), AmmError> {
        let shares = self.protocol_shares()?;
        let supply = (self.state.supply + shares)?;
        Ok((Self { state: PoolState { supply, ..self.state } }, shares))
    }

    /// The pool with these holdings booked as its reserves.
    fn booked(&self, balances: Amounts<N>) -> Result<Self, AmmError> {
        check_bound(balances)?;
        Ok(Self { state: PoolState { reserves: balances, excess: Amounts::ZERO, ..self.state } })
    }

    /// The same after a deposit or withdrawal, which also starts the protocol's next growth.
    fn booked_after_mint(&self, balances: Amounts<N>, supply: Shares<N>) -> Result<Self, AmmError> {
        let Self { state } = self.booked(balances)?;
        let reserves_at_last_mint = state.protocol_share.map(|_| balances);
        Ok(Self { state: PoolState { supply, reserves_at_last_mint, ..state } })
    }
}

/// What the first depositor gets of the supply. Where a large `Decimal` supply has no place for the
/// minimum, one unit of its last place stays locked instead.
fn less_the_locked_minimum<N: Number>(supply: Shares<N>) -> Result<Shares<N>, MathError> {
    let locked = Shares::new(N::MINIMUM_LIQUIDITY)?;
    let circulating = supply.wide()?.saturating_minus(locked.wide()?);
    Shares::from_wide(circulating, Fit::From(supply), Rounding::Down)
}

/// `⌊√(x·y)⌋` as shares.
#[expect(
    clippy::arithmetic_side_effects,
    reason = "the operators of Wide remember an overflow and refuse it at the end"
)]
fn geometric_mean<N: Number>(amounts: Amounts<N>) -> Result<Shares<N>, MathError> {
    let root = (amounts.x.wide()? * amounts.y.wide()?).sqrt_floor();
    Shares::from_wide(root, Fit::Alone, Rounding::Down)
}
