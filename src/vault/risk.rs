//! A view over many positions of one collateral type.

use super::number::VaultNumber;
use super::{Coins, CollateralType, Position, System, VaultError};
use crate::num::Exact;
use crate::quantity::{IntoQuantity, Price, Ratio};

/// The positions that can be liquidated now, with their place in the sequence; none while there is no
/// price.
///
/// One comparison of exact products for each position. Where that is refused, the refusal stands in the
/// position's place, so that none is lost.
///
/// # Errors
/// As [`Position::is_unsafe`].
///
/// # Example
/// ```
/// use defi_math::vault::{CollateralType, CollateralTypeState, Position, risk};
/// use rust_decimal::dec;
///
/// let ether = CollateralType::try_from(CollateralTypeState::at_ratio(dec!(1.5))?)?
///     .at_safety_price(dec!(2000))?;
/// let positions = [Position::new(dec!(1), dec!(2000))?, Position::new(dec!(1), dec!(2001))?];
/// let found: Vec<_> = risk::unsafe_positions(&positions, &ether).collect::<Result<_, _>>()?;
/// assert_eq!(found, [(1, &positions[1])]);
/// # Ok::<(), defi_math::Error>(())
/// ```
pub fn unsafe_positions<'a, N: VaultNumber>(
    positions: impl IntoIterator<Item = &'a Position<N>>,
    collateral_type: &CollateralType<N>,
) -> impl Iterator<Item = Result<(usize, &'a Position<N>), VaultError>> {
    let collateral_type = *collateral_type;
    positions.into_iter().enumerate().filter_map(move |(at, position)| {
        match position.is_unsafe(&collateral_type) {
            Ok(false) => None,
            Ok(true) => Some(Ok((at, position))),
            Err(refusal) => Some(Err(refusal)),
        }
    })
}

/// The debt of the positions that can be liquidated now: nothing while there is no price.
///
/// # Errors
/// [`MathError::Overflow`](crate::MathError::Overflow).
pub fn debt_at_risk<'a, N: VaultNumber>(
    positions: impl IntoIterator<Item = &'a Position<N>>,
    collateral_type: &CollateralType<N>,
) -> Result<Coins<N>, VaultError> {
    let mut total = Coins::ZERO;
    for found in unsafe_positions(positions, collateral_type) {
        let (_, position) = found?;
        total = (total + position.debt(collateral_type)?)?;
    }
    Ok(total)
}

/// The debt that can be liquidated once the market price has fallen by a part of itself: one point of
/// the curve of debt at risk.
///
/// # Errors
/// [`VaultError::ZeroPrice`] for a fall of 100 % or more, or one that leaves so little that the safety
/// price rounds to nothing: then nothing could be liquidated, and no debt would seem at risk.
/// [`MathError::Overflow`](crate::MathError::Overflow).
///
/// # Example
/// ```
/// use defi_math::vault::{CollateralType, CollateralTypeState, Coins, Position, System, risk};
/// use rust_decimal::dec;
///
/// let system = System::new(dec!(1000000))?;
/// let ether = CollateralType::try_from(CollateralTypeState::at_ratio(dec!(1.5))?)?;
/// let positions = [Position::new(dec!(1), dec!(1800))?, Position::new(dec!(1), dec!(1000))?];
/// let at_risk = |fall| risk::debt_at_risk_after(fall, dec!(3000), &positions, &ether, &system);
/// assert_eq!(at_risk(dec!(0.1))?, Coins::ZERO);
/// assert_eq!(at_risk(dec!(0.101))?, Coins::new(dec!(1800))?);
/// assert_eq!(at_risk(dec!(0.6))?, Coins::new(dec!(2800))?);
/// # Ok::<(), defi_math::Error>(())
/// ```
pub fn debt_at_risk_after<'a, N: VaultNumber>(
    fall: impl IntoQuantity<Ratio<N>>,
    price: impl IntoQuantity<Price<N>>,
    positions: impl IntoIterator<Item = &'a Position<N>>,
    collateral_type: &CollateralType<N>,
    system: &System<N>,
) -> Result<Coins<N>, VaultError> {
    let fall = fall.into_quantity()?;
    let one = Ratio::<N>::ONE.exact()?;
    if fall >= N::ONE {
        return Err(VaultError::ZeroPrice);
    }
    let (quote, base) = price.into_quantity()?.parts();
    let quote = quote.product(one.minus(fall.exact()?)?)?;
    let price = Price::from_exact(quote, base.product(one)?)?;
    let fallen = collateral_type.at_market_price(price, system)?;
    if fallen.state().safety_price.is_zero() {
        return Err(VaultError::ZeroPrice);
    }
    debt_at_risk(positions, &fallen)
}
