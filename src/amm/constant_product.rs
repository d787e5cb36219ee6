//! The curve `x·y = k` seen from the side of the token that is sold to it.

use core::cmp::Ordering;

use rust_decimal::Decimal;

use super::AmmError;
use crate::error::MathError;
use crate::num::{Exact, Fit, Grid, Number, Rounding, Wide};
use crate::quantity::{Amount, Fee, IntoQuantity, Price, Ratio};

/// A constant-product curve with a fee on the input: `x` is the reserve of the token that is sold to
/// the pool, `y` of the token that is bought from it.
///
/// `Copy`, three fields, no history: this is what a hot loop holds. [`Pool`](super::Pool) gives the
/// curve of either side with [`selling`](super::Pool::selling).
///
/// # Example
///
/// ```
/// use defi_math::amm::ConstantProduct;
/// use defi_math::{Fee, Wad};
///
/// // USDC (6 decimals) against WETH (18 decimals), in base units.
/// let usdc = Wad::from_raw(170_853_278_939_473);
/// let weth = Wad::from_raw(537_019_597_107_123_792_947_705);
/// let curve = ConstantProduct::new(usdc, weth, Fee::PERCENT_0_30)?;
/// let out = curve.amount_out(Wad::from_raw(1_000_000_000))?;
/// assert_eq!(out.get().raw(), 3_133_714_596_089_340_865);
/// # Ok::<(), defi_math::amm::AmmError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConstantProduct<N: Number = Decimal> {
    x: Amount<N>,
    y: Amount<N>,
    fee: Fee,
}

impl<N: Number> ConstantProduct<N> {
    /// A curve of two positive reserves.
    ///
    /// # Errors
    /// [`AmmError::InsufficientLiquidity`] if a reserve is zero, and those of a bare number that is
    /// not an amount.
    pub fn new(
        reserve_in: impl IntoQuantity<Amount<N>>,
        reserve_out: impl IntoQuantity<Amount<N>>,
        fee: Fee,
    ) -> Result<Self, AmmError> {
        let (x, y) = (reserve_in.into_quantity()?, reserve_out.into_quantity()?);
        if x.is_zero() || y.is_zero() {
            return Err(AmmError::InsufficientLiquidity);
        }
        Ok(Self { x, y, fee })
    }

    /// `x`: the reserve of the token that is sold to the pool.
    #[must_use]
    pub const fn reserve_in(self) -> Amount<N> {
        self.x
    }

    /// `y`: the reserve of the token that is bought from the pool.
    #[must_use]
    pub const fn reserve_out(self) -> Amount<N> {
        self.y
    }

    /// The fee on what is paid in.
    #[must_use]
    pub const fn fee(self) -> Fee {
        self.fee
    }

    /// The same curve seen from the other token.
    #[must_use]
    pub const fn flip(self) -> Self {
        Self { x: self.y, y: self.x, fee: self.fee }
    }

    /// Exact-in: what the pool pays for `dx`.
    ///
    /// ```text
    /// dy = ⌊ n·dx·y / (d·x + n·dx) ⌋        γ = n/d = 1 − fee
    /// ```
    ///
    /// # Rounding
    /// Down, in one division: the pool keeps the remainder. The result can be zero; a swap of it is
    /// then refused.
    ///
    /// # Errors
    /// - [`AmmError::InsufficientInput`] for `dx = 0`.
    /// - [`MathError::Overflow`] when a numerator exceeds 256 bits, which the chain refuses too.
    ///
    /// # Example
    /// ```
    /// use defi_math::Fee;
    /// use defi_math::amm::ConstantProduct;
    /// use rust_decimal::dec;
    ///
    /// let curve = ConstantProduct::new(dec!(5), dec!(10), Fee::PERCENT_0_30)?;
    /// assert_eq!(curve.amount_out(dec!(1))?, dec!(1.662497915624478906));
    /// # Ok::<(), defi_math::amm::AmmError>(())
    /// ```
    ///
    /// # Source
    /// `UniswapV2Library.getAmountOut`; the numbers of the example are Uniswap's own test case.
    #[doc(alias = "getAmountOut")]
    #[inline]
    pub fn amount_out(
        self,
        amount_in: impl IntoQuantity<Amount<N>>,
    ) -> Result<Amount<N>, AmmError> {
        let dx = amount_in.into_quantity()?;
        if dx.is_zero() {
            return Err(AmmError::InsufficientInput);
        }
        let (kept, whole) = self.traded_part(dx)?;
        Ok(self.y.mul_div(kept, whole, Fit::From(self.y), Rounding::Down)?)
    }

    /// Exact-out: what the pool asks for `dy`.
    ///
    /// ```text
    /// dx = ⌈ d·x·dy / (n·(y − dy)) ⌉
    /// ```
    ///
    /// # Rounding
    /// Up, in one division, for the pool: the smallest input that [`amount_out`](Self::amount_out) answers
    /// with at least `dy`, if `dy` has no more places than the reserve can carry. Uniswap's router asks for
    /// one unit more when the division is exact: [`router_amount_in`](Self::router_amount_in).
    ///
    /// # Errors
    /// - [`AmmError::InsufficientOutput`] for `dy = 0`.
    /// - [`AmmError::InsufficientLiquidity`] for `dy ≥ y`.
    /// - [`MathError::Overflow`] when the input does not fit the number type.
    ///
    /// # Example
    /// ```
    /// use defi_math::amm::ConstantProduct;
    /// use defi_math::{Fee, Wad};
    ///
    /// let units = |n| Wad::from_raw(n);
    /// let curve = ConstantProduct::new(units(100), units(100), Fee::ZERO)?;
    /// assert_eq!(curve.amount_in(units(50))?, units(100));
    /// assert_eq!(curve.router_amount_in(units(50))?, units(101));
    /// # Ok::<(), defi_math::amm::AmmError>(())
    /// ```
    ///
    /// # Source
    /// Zhang, Chen, Park, definition 8, with the ceiling that its theorem 12 needs.
    #[inline]
    pub fn amount_in(
        self,
        amount_out: impl IntoQuantity<Amount<N>>,
    ) -> Result<Amount<N>, AmmError> {
        self.input_for(amount_out.into_quantity()?, Rounding::Up)
    }

    /// Exact-out as Uniswap's router quotes it: `⌊ d·x·dy / (n·(y − dy)) ⌋ + 1` base unit.
    ///
    /// # Rounding
    /// One unit above the floor, even when the division is exact: never less than
    /// [`amount_in`](Self::amount_in), one unit more at most. The unit of a large `Decimal` is its last place.
    ///
    /// # Errors
    /// As [`amount_in`](Self::amount_in).
    ///
    /// # Source
    /// `UniswapV2Library.getAmountIn`.
    #[doc(alias = "getAmountIn")]
    pub fn router_amount_in(
        self,
        amount_out: impl IntoQuantity<Amount<N>>,
    ) -> Result<Amount<N>, AmmError> {
        let dy = amount_out.into_quantity()?;
        let floor = self.input_for(dy, Rounding::Down)?;
        let ceiling = self.input_for(dy, Rounding::Up)?;
        if ceiling > floor {
            return Ok(ceiling);
        }
        // Rounded up again: a large `Decimal` has no place for the unit, but a coarser one.
        let more = floor.exact()?.plus(Amount::new(N::UNIT)?.exact()?)?;
        Ok(Amount::from_wide(N::Wide::from(more), Fit::To(self.x), Rounding::Up)?)
    }

    #[inline]
    fn input_for(self, dy: Amount<N>, rounding: Rounding) -> Result<Amount<N>, AmmError> {
        if dy.is_zero() {
            return Err(AmmError::InsufficientOutput);
        }
        if dy >= self.y {
            return Err(AmmError::InsufficientLiquidity);
        }
        let asked = dy.times(self.fee.denominator())?;
        let left = self.y.exact()?.minus(dy.exact()?)?.times(self.fee.kept())?;
        Ok(self.x.mul_div(asked, left, Fit::To(self.x), rounding)?)
    }

    /// `γ·dx` and `x + γ·dx`, up to a common factor: the part of the pool after the trade that the input is.
    #[inline]
    fn traded_part(self, dx: Amount<N>) -> Result<(N::Exact, N::Exact), MathError> {
        self.x.get().joined_by(dx.get(), self.fee.gamma(), Grid::Amount)
    }

    /// `⌊dx·y/x⌋`: what goes with `dx` in a deposit at the pool's ratio.
    ///
    /// # Rounding
    /// Down, as the router's.
    ///
    /// # Errors
    /// [`AmmError::InsufficientInput`] for `dx = 0`; [`MathError::Overflow`].
    ///
    /// # Example
    /// ```
    /// use defi_math::Fee;
    /// use defi_math::amm::ConstantProduct;
    /// use rust_decimal::dec;
    ///
    /// let curve = ConstantProduct::new(dec!(10), dec!(25_000), Fee::PERCENT_0_30)?;
    /// assert_eq!(curve.proportional(dec!(2))?, dec!(5_000));
    /// # Ok::<(), defi_math::Error>(())
    /// ```
    ///
    /// # Source
    /// `UniswapV2Library.quote`.
    #[doc(alias = "quote")]
    pub fn proportional(self, amount: impl IntoQuantity<Amount<N>>) -> Result<Amount<N>, AmmError> {
        let dx = amount.into_quantity()?;
        if dx.is_zero() {
            return Err(AmmError::InsufficientInput);
        }
        Ok(self.y.mul_div(dx.exact()?, self.x.exact()?, Fit::To(self.y), Rounding::Down)?)
    }

    /// `y/x`: the price of the sold token in the bought one, for nothing and without the fee.
    ///
    /// Exact, whatever the decimals of the two tokens.
    ///
    /// # Errors
    /// None that a valid curve can meet.
    ///
    /// # Example
    /// ```
    /// use defi_math::Fee;
    /// use defi_math::amm::ConstantProduct;
    /// use rust_decimal::dec;
    ///
    /// let curve = ConstantProduct::new(dec!(10), dec!(25_000), Fee::PERCENT_0_30)?;
    /// assert_eq!(curve.spot_price()?.to_number_down()?, dec!(2_500));
    /// assert_eq!(curve.flip().spot_price()?, curve.spot_price()?.inverse());
    /// # Ok::<(), defi_math::Error>(())
    /// ```
    pub fn spot_price(self) -> Result<Price<N>, AmmError> {
        Ok(Price::from_amounts(self.y, self.x)?)
    }

    /// `γ·y/x`: what the first unit sold brings, after the fee. Exact.
    ///
    /// # Errors
    /// None that a valid curve can meet.
    ///
    /// # Example
    /// ```
    /// use defi_math::Fee;
    /// use defi_math::amm::ConstantProduct;
    /// use rust_decimal::dec;
    ///
    /// let curve = ConstantProduct::new(dec!(10), dec!(25_000), Fee::PERCENT_0_30)?;
    /// assert_eq!(curve.marginal_price()?.to_number_down()?, dec!(2_492.5));
    /// # Ok::<(), defi_math::Error>(())
    /// ```
    pub fn marginal_price(self) -> Result<Price<N>, AmmError> {
        let kept = self.y.times(self.fee.kept())?;
        Ok(Price::from_exact(kept, self.x.times(self.fee.denominator())?)?)
    }

    /// `dy/dx`: the average price of a sale of `dx`, fee and rounding included. Exact.
    ///
    /// # Errors
    /// As [`amount_out`](Self::amount_out), and [`AmmError::InsufficientOutput`] when the output
    /// rounds to nothing.
    ///
    /// # Example
    /// ```
    /// use defi_math::Fee;
    /// use defi_math::amm::ConstantProduct;
    /// use rust_decimal::dec;
    ///
    /// let curve = ConstantProduct::new(dec!(10), dec!(25_000), Fee::PERCENT_0_30)?;
    /// // One of ten moves the price a lot.
    /// assert!(curve.effective_price(dec!(1))? < curve.marginal_price()?);
    /// assert_eq!(curve.effective_price(dec!(1))?.to_number_down()?.round_dp(2), dec!(2_266.53));
    /// # Ok::<(), defi_math::Error>(())
    /// ```
    pub fn effective_price(
        self,
        amount_in: impl IntoQuantity<Amount<N>>,
    ) -> Result<Price<N>, AmmError> {
        let dx = amount_in.into_quantity()?;
        let dy = self.amount_out(dx)?;
        if dy.is_zero() {
            return Err(AmmError::InsufficientOutput);
        }
        Ok(Price::from_amounts(dy, dx)?)
    }

    /// `(y − dy)/(x + dx)`: the spot price after a sale of `dx`. Exact.
    ///
    /// # Errors
    /// As [`amount_out`](Self::amount_out).
    ///
    /// # Example
    /// ```
    /// use defi_math::Fee;
    /// use defi_math::amm::ConstantProduct;
    /// use rust_decimal::dec;
    ///
    /// let curve = ConstantProduct::new(dec!(10), dec!(25_000), Fee::ZERO)?;
    /// // 10·25,000 = 12.5·20,000
    /// assert_eq!(curve.spot_price_after(dec!(2.5))?.to_number_down()?, dec!(1_600));
    /// # Ok::<(), defi_math::Error>(())
    /// ```
    pub fn spot_price_after(
        self,
        amount_in: impl IntoQuantity<Amount<N>>,
    ) -> Result<Price<N>, AmmError> {
        let dx = amount_in.into_quantity()?;
        let dy = self.amount_out(dx)?;
        let left = self.y.exact()?.minus(dy.exact()?)?;
        Ok(Price::from_exact(left, self.x.exact()?.plus(dx.exact()?)?)?)
    }

    /// How far a sale of `dx` moves the average price below the marginal one, the fee apart.
    ///
    /// ```text
    /// impact = ⌈ n·dx / (d·x + n·dx) ⌉ = 1 − (dy/dx) / (γ·y/x)
    /// ```
    ///
    /// Against the spot price a trader loses `1 − (1 − fee)·(1 − impact)` in all.
    ///
    /// # Rounding
    /// Up: never shown smaller than it is.
    ///
    /// # Errors
    /// As [`amount_out`](Self::amount_out).
    ///
    /// # Example
    /// ```
    /// use defi_math::Fee;
    /// use defi_math::amm::ConstantProduct;
    /// use rust_decimal::dec;
    ///
    /// let curve = ConstantProduct::new(dec!(9), dec!(25_000), Fee::ZERO)?;
    /// assert_eq!(curve.price_impact(dec!(1))?, dec!(0.1));
    /// # Ok::<(), defi_math::Error>(())
    /// ```
    pub fn price_impact(
        self,
        amount_in: impl IntoQuantity<Amount<N>>,
    ) -> Result<Ratio<N>, AmmError> {
        let dx = amount_in.into_quantity()?;
        if dx.is_zero() {
            return Err(AmmError::InsufficientInput);
        }
        let (kept, whole) = self.traded_part(dx)?;
        Ok(Ratio::ONE.mul_div(kept, whole, Fit::Alone, Rounding::Up)?)
    }

    /// The sale that moves the spot price `y/x` down to a target `q/b`.
    ///
    /// With the fee left in the pool, `dx` solves `d·x·y·b = q·(d·x + n·dx)·(x + dx)`:
    ///
    /// ```text
    /// dx = ⌊ (√((d−n)²·x² + 4·n·d·x·y·b/q) − (d+n)·x) / 2n ⌋
    /// ```
    ///
    /// Zero when the spot price is at the target or below; then sell to the
    /// [flipped](Self::flip) curve.
    ///
    /// # Rounding
    /// Down: one unit more would, but for the rounding of its output, pass the target.
    ///
    /// # Errors
    /// [`MathError::Overflow`] when the polynomial exceeds 512 bits or the input the number type,
    /// and those of a bare number that is not a price.
    ///
    /// # Example
    /// ```
    /// use defi_math::Fee;
    /// use defi_math::amm::ConstantProduct;
    /// use rust_decimal::dec;
    ///
    /// let curve = ConstantProduct::new(dec!(10), dec!(25_000), Fee::ZERO)?;
    /// assert_eq!(curve.amount_in_to_price(dec!(1_600))?, dec!(2.5));
    /// // It is there already, or beyond.
    /// assert_eq!(curve.amount_in_to_price(dec!(2_500))?, dec!(0));
    /// # Ok::<(), defi_math::Error>(())
    /// ```
    ///
    /// # Source
    /// Derived here; the law `trade_to_price_stops_at_the_target` checks it.
    #[expect(
        clippy::arithmetic_side_effects,
        reason = "the operators of Wide remember an overflow and refuse it at the end"
    )]
    pub fn amount_in_to_price(
        self,
        target: impl IntoQuantity<Price<N>>,
    ) -> Result<Amount<N>, AmmError> {
        let (q, b) = target.into_quantity()?.parts();
        let (q, b) = (N::Wide::from(q), N::Wide::from(b));
        let (x, y) = (self.x.wide()?, self.y.wide()?);
        let int = N::Wide::integer;
        let (n, d) = (int(self.fee.kept()), int(self.fee.denominator()));
        let fee_part = int(self.fee.numerator()) * x;
        let root = (fee_part * fee_part + (int(4) * n * d * x * y * b).div_floor(q)).sqrt_floor();
        let dx = root.saturating_minus((n + d) * x).div_floor(int(2) * n);
        Ok(Amount::from_wide(dx, Fit::To(self.x), Rounding::Down)?)
    }

    /// The sale to the pool that earns most, where one unit sold costs `p = q/b` outside.
    ///
    /// ```text
    /// dx = ⌊ √(d·x·y·b / (n·q)) ⌋ − ⌊ d·x / n ⌋
    /// ```
    ///
    /// There the next unit would earn nothing: with the fees counted apart from the reserves, the
    /// marginal price is `p`; the pool's own stays below by the fee that it keeps. Zero inside the fee
    /// band, where [`marginal_price`](Self::marginal_price) `≤ p`.
    ///
    /// # Rounding
    /// Both floors are the contract library's, so the input is the optimum's floor or one unit
    /// above.
    ///
    /// # Errors
    /// As [`amount_in_to_price`](Self::amount_in_to_price).
    ///
    /// # Example
    /// ```
    /// use defi_math::Fee;
    /// use defi_math::amm::ConstantProduct;
    /// use rust_decimal::dec;
    ///
    /// let curve = ConstantProduct::new(dec!(10), dec!(1_000), Fee::PERCENT_0_30)?;
    /// // X costs 90 outside and the pool pays almost 100.
    /// assert_eq!(curve.optimal_amount_in(dec!(90))?, dec!(0.526682316179835569));
    /// // 100 outside: the fee eats the difference.
    /// assert_eq!(curve.optimal_amount_in(dec!(100))?, dec!(0));
    /// # Ok::<(), defi_math::Error>(())
    /// ```
    ///
    /// # Source
    /// `UniswapV2LiquidityMathLibrary.computeProfitMaximizingTrade`; Angeris et al., *An analysis of
    /// Uniswap markets* (arXiv 1911.03380).
    #[doc(alias = "computeProfitMaximizingTrade")]
    #[expect(
        clippy::arithmetic_side_effects,
        reason = "the operators of Wide remember an overflow and refuse it at the end"
    )]
    pub fn optimal_amount_in(
        self,
        outside_price: impl IntoQuantity<Price<N>>,
    ) -> Result<Amount<N>, AmmError> {
        let price = outside_price.into_quantity()?;
        if self.marginal_price()?.partial_cmp(&price) != Some(Ordering::Greater) {
            return Ok(Amount::ZERO);
        }
        let (q, b) = price.parts();
        // d·x and n·q.
        let (x, q) = (self.x.times(self.fee.denominator())?, q.times(self.fee.kept())?);
        let (x, y) = (N::Wide::from(x), self.y.wide()?);
        let root = (x * y * N::Wide::from(b)).div_floor(q.into()).sqrt_floor();
        let dx = root.saturating_minus(x.div_floor(N::Wide::integer(self.fee.kept())));
        Ok(Amount::from_wide(dx, Fit::To(self.x), Rounding::Down)?)
    }
}
