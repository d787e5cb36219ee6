//! What Aave v3 computes in its own way: rays, and products rounded half up.
//!
//! Rounding to the nearest favours nobody in particular, and no operation of [`Market`](super::Market)
//! does it. This module is for whoever must have Aave's own digits.
//!
//! # Numbers
//!
//! Base units in [`Wad`], whatever the token's decimals, and rates and indices in [`Ray`]; there is no
//! `Decimal`. Aave rounds each token at its own last unit, the 6th place for USDC and the 18th for DAI. A
//! `Decimal` is rounded at the 18th whatever the token, so its digits would be neither Aave's nor exact.
//! Convert at the edge: `Ray::try_from(decimal)`, `Decimal::try_from(ray)`.
//!
//! # Symbols
//!
//! | symbol | is | unit |
//! |---|---|---|
//! | `r` | a yearly rate | ray |
//! | `t`, `Y` | seconds elapsed, seconds in a year | s |
//! | `⌊·⌉` | rounded half up | — |
//!
//! # Laws
//!
//! - `three_terms_lie_between_simple_and_compound`: see
//!   [`Rate::compound_three_terms_down`](crate::rate::Rate::compound_three_terms_down), the same expansion
//!   rounded in one direction.
//!
//! # Not laws
//!
//! - "Half up is within half a unit of the exact value": each product is, a chain of them is not.
//!
//! # Rounding
//!
//! Half up in products and percentages, down in the interest of time, as the contracts.
//!
//! # Example
//!
//! ```
//! use defi_math::Ray;
//! use defi_math::lending::aave;
//! use defi_math::rate::{PerYear, Rate, seconds};
//!
//! let rate = Rate::<Ray, PerYear>::new("0.1".parse()?)?;
//! let year = seconds(31_536_000);
//! let growth = aave::compounded_interest(rate, year, 31_536_000)?;
//! // e^0.1 = 1.10517…; the expansion stops behind the third power.
//! assert!(growth.get() > "1.10516".parse()? && growth.get() < "1.10517".parse()?);
//! # Ok::<(), defi_math::Error>(())
//! ```
//!
//! # Sources
//!
//! `WadRayMath`, `PercentageMath`, `MathUtils`, `DefaultReserveInterestRateStrategy`, `LiquidationLogic`
//! of @aave/core-v3 1.19.3.

use super::{LendingError, Parameter, require};
use crate::error::MathError;
use crate::num::{Fixed, Number, Ray, Wad};
use crate::quantity::{Amount, Index, IntoQuantity, Price};
use crate::rate::{Elapsed, PerSecond, PerYear, Rate};

/// Basis points in one.
const WHOLE: u32 = 10_000;

/// `⌊value·basis_points/10,000⌉`.
///
/// # Errors
/// [`MathError::Overflow`].
///
/// # Example
/// ```
/// use defi_math::lending::aave::percent_mul_half_up;
/// use defi_math::Wad;
///
/// assert_eq!(percent_mul_half_up(Wad::from_raw(10_001), 5_000)?, Wad::from_raw(5_001));
/// # Ok::<(), defi_math::MathError>(())
/// ```
///
/// # Source
/// `PercentageMath.percentMul`.
#[doc(alias = "percentMul")]
pub fn percent_mul_half_up<const PLACES: u32>(
    value: Fixed<PLACES>,
    basis_points: u32,
) -> Result<Fixed<PLACES>, MathError> {
    value.mul_div_half_up(Fixed::from_raw(basis_points.into()), Fixed::from_raw(WHOLE.into()))
}

/// `⌊value·10,000/basis_points⌉`.
///
/// # Errors
/// [`MathError::DivisionByZero`], [`MathError::Overflow`].
///
/// # Example
/// ```
/// use defi_math::lending::aave::percent_div_half_up;
/// use defi_math::Wad;
///
/// // What 105 % of is 100.
/// assert_eq!(percent_div_half_up(Wad::from_raw(100), 10_500)?, Wad::from_raw(95));
/// # Ok::<(), defi_math::MathError>(())
/// ```
///
/// # Source
/// `PercentageMath.percentDiv`.
#[doc(alias = "percentDiv")]
pub fn percent_div_half_up<const PLACES: u32>(
    value: Fixed<PLACES>,
    basis_points: u32,
) -> Result<Fixed<PLACES>, MathError> {
    value.mul_div_half_up(Fixed::from_raw(WHOLE.into()), Fixed::from_raw(basis_points.into()))
}

/// `⌊ray/10⁹⌉`: a ray as a wad.
///
/// # Errors
/// None: the result is smaller.
///
/// # Example
/// ```
/// use defi_math::lending::aave::ray_to_wad_half_up;
/// use defi_math::{Ray, Wad};
///
/// assert_eq!(ray_to_wad_half_up(Ray::from_raw(1_499_999_999))?, Wad::from_raw(1));
/// assert_eq!(ray_to_wad_half_up(Ray::from_raw(1_500_000_000))?, Wad::from_raw(2));
/// # Ok::<(), defi_math::MathError>(())
/// ```
///
/// # Source
/// `WadRayMath.rayToWad`.
#[doc(alias = "rayToWad")]
pub fn ray_to_wad_half_up(ray: Ray) -> Result<Wad, MathError> {
    const STEP: u128 = 1_000_000_000;
    let wad = Wad::from_raw(ray.raw());
    wad.mul_div_half_up(Wad::from_raw(1), Wad::from_raw(STEP))
}

/// `1 + ⌊r·t/Y⌋`: the growth of what was supplied, by simple interest.
///
/// # Rounding
/// Down, for the pool.
///
/// # Errors
/// [`MathError::DivisionByZero`] for a year without seconds; [`MathError::Overflow`].
///
/// # Example
/// ```
/// use defi_math::Ray;
/// use defi_math::lending::aave::linear_interest;
/// use defi_math::rate::{PerYear, Rate, seconds};
///
/// let rate = Rate::<Ray, PerYear>::new("0.1".parse()?)?;
/// let half_a_year = seconds(15_768_000);
/// let growth = linear_interest(rate, half_a_year, 31_536_000)?;
/// assert_eq!(growth, "1.05".parse::<Ray>()?);
/// # Ok::<(), defi_math::Error>(())
/// ```
///
/// # Source
/// `MathUtils.calculateLinearInterest`.
#[doc(alias = "calculateLinearInterest")]
pub fn linear_interest(
    rate: Rate<Ray, PerYear>,
    elapsed: Elapsed<PerSecond>,
    seconds_per_year: u32,
) -> Result<Index<Ray>, LendingError> {
    let interest = part_of_year(rate.get(), elapsed.count(), seconds_per_year)?;
    Ok(Index::new(Ray::ONE.try_add(interest)?)?)
}

fn part_of_year(rate: Ray, seconds: u32, seconds_per_year: u32) -> Result<Ray, MathError> {
    let units = |count: u32| Ray::from_raw(count.into());
    rate.mul_div_down(units(seconds), units(seconds_per_year))
}

/// The growth of a debt: three terms of the binomial expansion of `(1 + r/Y)^t`.
///
/// ```text
/// p₂ = ⌊⌊r²⌉/Y²⌋        p₃ = ⌊⌊p₂·r⌉/Y⌋
/// 1 + ⌊r·t/Y⌋ + ⌊t·(t−1)·p₂/2⌋ + ⌊t·(t−1)·max(t−2, 0)·p₃/6⌋
/// ```
///
/// # Rounding
/// As the contract: powers half up, the rest down. What it lacks of the exact power is at most the fourth
/// term and what follows, `(r·t/Y)⁴/24·e^(r·t/Y)`, and the rounding of the powers, `t²/2` and `t³/6` rays.
///
/// # Errors
/// [`MathError::DivisionByZero`] for a year without seconds; [`MathError::Overflow`].
///
/// # Source
/// `MathUtils.calculateCompoundedInterest`.
#[doc(alias = "calculateCompoundedInterest")]
pub fn compounded_interest(
    rate: Rate<Ray, PerYear>,
    elapsed: Elapsed<PerSecond>,
    seconds_per_year: u32,
) -> Result<Index<Ray>, LendingError> {
    let t = elapsed.count();
    if t == 0 {
        return Ok(Index::ONE);
    }
    let r = rate.get();
    let units = |count: u128| Ray::from_raw(count);
    let year = u128::from(seconds_per_year);
    // 32 bits squared.
    let square = units(year.saturating_mul(year));
    let second_power = r.mul_half_up(r)?.mul_div_down(units(1), square)?;
    let third_power = second_power.mul_half_up(r)?.mul_div_down(units(1), units(year))?;
    let pairs = u128::from(t).saturating_mul(u128::from(t.saturating_sub(1)));
    let second = second_power.mul_div_down(units(pairs), units(2))?;
    // 96 bits at most.
    let triples = pairs.saturating_mul(u128::from(t.saturating_sub(2)));
    let third = third_power.mul_div_down(units(triples), units(6))?;
    let growth =
        Ray::ONE.try_add(part_of_year(r, t, seconds_per_year)?)?.try_add(second)?.try_add(third)?;
    Ok(Index::new(growth)?)
}

/// The parameters of a reserve's rates, all yearly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RateStrategy {
    /// The utilization where the slope changes.
    #[doc(alias = "OPTIMAL_USAGE_RATIO")]
    pub optimal_utilization: Ray,
    /// The variable rate at no utilization.
    pub base: Ray,
    /// The rise of the variable rate to the optimal utilization.
    pub slope1: Ray,
    /// Its rise from there to all.
    pub slope2: Ray,
    /// The rise of the stable rate to the optimal utilization.
    pub stable_slope1: Ray,
    /// Its rise from there to all.
    pub stable_slope2: Ray,
    /// How far the stable rate starts above the first slope.
    pub base_stable_offset: Ray,
    /// Its rise with the part of stable debt beyond the optimal one.
    pub stable_excess_offset: Ray,
    /// The part of stable debt in all debt where that rise begins.
    pub optimal_stable_part: Ray,
}

/// What a reserve holds and is owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reserve {
    /// What can be taken out.
    pub available: Amount<Wad>,
    /// What was minted without backing, for a bridge.
    pub unbacked: Amount<Wad>,
    /// What is owed at stable rates.
    pub stable_debt: Amount<Wad>,
    /// What is owed at the variable rate.
    pub variable_debt: Amount<Wad>,
    /// The average of the stable rates.
    pub average_stable_rate: Ray,
    /// The part of the interest that the treasury keeps, in basis points.
    pub reserve_factor: u32,
}

/// A reserve's yearly rates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// What suppliers earn.
    pub liquidity: Rate<Ray, PerYear>,
    /// What new stable debts pay.
    pub stable: Rate<Ray, PerYear>,
    /// What variable debts pay.
    pub variable: Rate<Ray, PerYear>,
}

/// `⌊part/whole⌉` of two amounts, as a ray.
fn ratio_half_up(part: Amount<Wad>, whole: Amount<Wad>) -> Result<Ray, MathError> {
    Ray::from_raw(part.get().raw()).div_half_up(Ray::from_raw(whole.get().raw()))
}

impl RateStrategy {
    /// The rates of a reserve.
    ///
    /// ```text
    /// u ≤ opt: base + ⌊⌊slope1·u⌉/opt⌉        u > opt: base + slope1 + ⌊slope2·⌊(u − opt)/(1 − opt)⌉⌉
    /// ```
    ///
    /// and the same for the stable rate, which starts at `slope1 + offset` and rises further with too much
    /// stable debt.
    ///
    /// # Rounding
    /// Half up.
    ///
    /// # Errors
    /// [`LendingError::OutOfRange`] for optima above 1 and a reserve factor above 10,000;
    /// [`MathError::DivisionByZero`] for an optimum of zero; [`MathError::Overflow`].
    ///
    /// # Example
    /// ```
    /// use defi_math::lending::aave::{RateStrategy, Reserve};
    /// use defi_math::{Amount, Ray, Wad};
    ///
    /// let percent = |n: u128| Ray::from_raw(n * 10_000_000_000_000_000_000_000_000);
    /// let nothing = Ray::from_raw(0);
    /// let strategy = RateStrategy {
    ///     optimal_utilization: percent(80),
    ///     base: percent(1),
    ///     slope1: percent(4),
    ///     slope2: percent(75),
    ///     stable_slope1: nothing,
    ///     stable_slope2: nothing,
    ///     base_stable_offset: nothing,
    ///     stable_excess_offset: nothing,
    ///     optimal_stable_part: percent(20),
    /// };
    /// // 40 of 100 lent, half of what is optimal; a tenth of the interest to the treasury.
    /// let rates = strategy.rates(&Reserve {
    ///     available: Amount::new(Wad::from_raw(60))?,
    ///     unbacked: Amount::ZERO,
    ///     stable_debt: Amount::ZERO,
    ///     variable_debt: Amount::new(Wad::from_raw(40))?,
    ///     average_stable_rate: nothing,
    ///     reserve_factor: 1_000,
    /// })?;
    /// assert_eq!(rates.variable.get(), percent(3));
    /// assert_eq!(rates.liquidity.to_string(), "0.0108");
    /// # Ok::<(), defi_math::Error>(())
    /// ```
    ///
    /// # Source
    /// `DefaultReserveInterestRateStrategy.calculateInterestRates`.
    #[doc(alias = "calculateInterestRates")]
    pub fn rates(&self, reserve: &Reserve) -> Result<Rates, LendingError> {
        let rest_of = |part: Ray, parameter| {
            Ray::ONE.try_sub(part).map_err(|e| e.or_short(LendingError::OutOfRange(parameter)))
        };
        let optimal = self.optimal_utilization;
        let rest = rest_of(optimal, Parameter::OptimalUtilization)?;
        let stable_rest = rest_of(self.optimal_stable_part, Parameter::OptimalStablePart)?;
        let debt = (reserve.stable_debt + reserve.variable_debt)?;
        let mut variable = self.base;
        let mut stable = self.slope1.try_add(self.base_stable_offset)?;
        let (mut used, mut used_of_all, mut stable_part) = (Ray::ZERO, Ray::ZERO, Ray::ZERO);
        if !debt.is_zero() {
            stable_part = ratio_half_up(reserve.stable_debt, debt)?;
            let whole = (reserve.available + debt)?;
            used = ratio_half_up(debt, whole)?;
            used_of_all = ratio_half_up(debt, (whole + reserve.unbacked)?)?;
        }
        if used > optimal {
            let excess = used.try_sub(optimal)?.div_half_up(rest)?;
            let steep = |slope1: Ray, slope2: Ray| slope1.try_add(slope2.mul_half_up(excess)?);
            variable = variable.try_add(steep(self.slope1, self.slope2)?)?;
            stable = stable.try_add(steep(self.stable_slope1, self.stable_slope2)?)?;
        } else {
            let flat = |slope: Ray| slope.mul_half_up(used)?.div_half_up(optimal);
            variable = variable.try_add(flat(self.slope1)?)?;
            stable = stable.try_add(flat(self.stable_slope1)?)?;
        }
        if stable_part > self.optimal_stable_part {
            let excess = stable_part.try_sub(self.optimal_stable_part)?.div_half_up(stable_rest)?;
            stable = stable.try_add(self.stable_excess_offset.mul_half_up(excess)?)?;
        }
        let overall = overall_borrow_rate(reserve, variable)?;
        let liquidity = liquidity_rate(overall, used_of_all, reserve.reserve_factor)?;
        Ok(Rates { liquidity, stable: Rate::new(stable)?, variable: Rate::new(variable)? })
    }
}

/// The average of what all debts pay, each weighted with its amount; zero without debts.
///
/// # Rounding
/// Half up.
///
/// # Errors
/// [`MathError::Overflow`].
///
/// # Source
/// `_getOverallBorrowRate`.
pub fn overall_borrow_rate(reserve: &Reserve, variable_rate: Ray) -> Result<Ray, MathError> {
    let debt = (reserve.stable_debt + reserve.variable_debt)?;
    if debt.is_zero() {
        return Ok(Ray::ZERO);
    }
    let in_rays = |amount: Amount<Wad>| Ray::try_from(amount.get());
    let weighted = in_rays(reserve.variable_debt)?
        .mul_half_up(variable_rate)?
        .try_add(in_rays(reserve.stable_debt)?.mul_half_up(reserve.average_stable_rate)?)?;
    weighted.div_half_up(in_rays(debt)?)
}

/// `⌊⌊overall·u⌉·(10,000 − factor)/10,000⌉`: what suppliers earn.
///
/// # Rounding
/// Half up.
///
/// # Errors
/// [`LendingError::OutOfRange`] for a reserve factor above 10,000; [`MathError::Overflow`].
///
/// # Source
/// `DefaultReserveInterestRateStrategy.calculateInterestRates`, its last line.
pub fn liquidity_rate(
    overall_borrow_rate: Ray,
    utilization: Ray,
    reserve_factor: u32,
) -> Result<Rate<Ray, PerYear>, LendingError> {
    require(reserve_factor <= WHOLE, Parameter::ReserveFactor)?;
    let kept = WHOLE.saturating_sub(reserve_factor);
    let earned = percent_mul_half_up(overall_borrow_rate.mul_half_up(utilization)?, kept)?;
    Ok(Rate::new(earned)?)
}

/// What a liquidation takes and costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiquidationAmounts<const PLACES: u32> {
    /// Collateral for the liquidator.
    pub to_liquidator: Amount<Fixed<PLACES>>,
    /// Collateral for the treasury.
    pub to_protocol: Amount<Fixed<PLACES>>,
    /// The debt that the liquidator repays.
    pub repaid: Amount<Fixed<PLACES>>,
}

/// The collateral that repaying a debt buys, within what the account holds.
///
/// Prices are of a base unit of each token: [`Price::from_amounts`] of the oracle's answer and the token's
/// `10^decimals`.
///
/// ```text
/// seized = ⌊⌊debt·p_d/p_c⌋·bonus⌉         the account's, if it holds less; then
/// repaid = ⌊⌊held·p_c/p_d⌋/bonus⌉
/// to_protocol = ⌊(seized − ⌊seized/bonus⌉)·fee⌉
/// ```
///
/// # Rounding
/// Quotients of prices down, percentages half up, as the contract.
///
/// # Errors
/// [`LendingError::OutOfRange`] for a bonus below 10,000 or a fee above; [`MathError::Overflow`].
///
/// # Example
/// ```
/// use defi_math::lending::aave::liquidation_amounts;
/// use defi_math::{Price, Wad};
///
/// // A debt of 1,000 tokens at 1 against one at 2,000; 5 % bonus, a tenth of it to the treasury.
/// let wads = |n: u128| Wad::from_raw(n * 1_000_000_000_000_000_000);
/// let amounts = liquidation_amounts(
///     Price::new(wads(1))?, Price::new(wads(2_000))?, wads(1_000), wads(10), 10_500, 1_000,
/// )?;
/// assert_eq!(amounts.to_liquidator, "0.5225".parse::<Wad>()?);
/// assert_eq!(amounts.to_protocol, "0.0025".parse::<Wad>()?);
/// # Ok::<(), defi_math::Error>(())
/// ```
///
/// # Source
/// `LiquidationLogic._calculateAvailableCollateralToLiquidate`.
#[doc(alias = "_calculateAvailableCollateralToLiquidate")]
pub fn liquidation_amounts<const PLACES: u32>(
    debt_price: Price<Fixed<PLACES>>,
    collateral_price: Price<Fixed<PLACES>>,
    debt_to_cover: impl IntoQuantity<Amount<Fixed<PLACES>>>,
    collateral_held: impl IntoQuantity<Amount<Fixed<PLACES>>>,
    bonus: u32,
    protocol_fee: u32,
) -> Result<LiquidationAmounts<PLACES>, LendingError> {
    require(bonus >= WHOLE, Parameter::LiquidationIncentive)?;
    require(protocol_fee <= WHOLE, Parameter::ProtocolShare)?;
    let (debt, held) = (debt_to_cover.into_quantity()?, collateral_held.into_quantity()?);
    let price = debt_price.ratio_to(collateral_price)?;
    let most = percent_mul_half_up(price.quote_down(debt)?.get(), bonus)?;
    let (seized, repaid) = if most > held.get() {
        let worth = price.inverse().quote_down(held)?;
        (held.get(), Amount::from(percent_div_half_up(worth.get(), bonus)?))
    } else {
        (most, debt)
    };
    let extra = seized.try_sub(percent_div_half_up(seized, bonus)?)?;
    let fee = percent_mul_half_up(extra, protocol_fee)?;
    Ok(LiquidationAmounts {
        to_liquidator: Amount::from(seized.try_sub(fee)?),
        to_protocol: Amount::from(fee),
        repaid,
    })
}
