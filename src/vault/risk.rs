//! A view over many positions of one collateral type.

use super::number::VaultNumber;
use super::{Coins, CollateralType, Position, System, VaultError};
use crate::num::Exact;
use crate::quantity::{IntoQuantity, Price, Ratio};

/// The positions that can be liquidated now, with their place in the sequence.
///
/// One comparison of exact products for each position, which none can refuse.
///
/// # Example
/// ```
/// use defi_math::vault::{CollateralType, CollateralTypeState, Position, risk};
/// use rust_decimal::dec;
///
/// let ether = CollateralType::try_from(CollateralTypeState::at_ratio(dec!(1.5))?)?
///     .at_safety_price(dec!(2000))?;
/// let positions = [Position::new(dec!(1), dec!(2000))?, Position::new(dec!(1), dec!(2001))?];
/// let found: Vec<_> = risk::unsafe_positions(&positions, &ether).map(|(at, _)| at).collect();
/// assert_eq!(found, [1]);
/// # Ok::<(), defi_math::Error>(())
/// ```
pub fn unsafe_positions<'a, N: VaultNumber>(
    positions: impl IntoIterator<Item = &'a Position<N>>,
    collateral_type: &CollateralType<N>,
) -> impl Iterator<Item = (usize, &'a Position<N>)> {
    let collateral_type = *collateral_type;
    let at_risk =
        move |position: &Position<N>| position.is_unsafe(&collateral_type).unwrap_or(false);
    positions.into_iter().enumerate().filter(move |(_, position)| at_risk(position))
}

/// The debt of the positions that can be liquidated now.
///
/// # Errors
/// [`MathError::Overflow`](crate::MathError::Overflow).
pub fn debt_at_risk<'a, N: VaultNumber>(
    positions: impl IntoIterator<Item = &'a Position<N>>,
    collateral_type: &CollateralType<N>,
) -> Result<Coins<N>, VaultError> {
    let mut total = Coins::ZERO;
    for position in positions {
        if position.is_unsafe(collateral_type)? {
            total = (total + position.debt(collateral_type)?)?;
        }
    }
    Ok(total)
}

/// The debt that can be liquidated once the market price has fallen by a part of itself: one point of
/// the curve of debt at risk.
///
/// # Errors
/// [`VaultError::ZeroPrice`] for a fall of 100 % or more;
/// [`MathError::Overflow`](crate::MathError::Overflow).
///
/// # Example
/// ```
/// use defi_math::vault::{CollateralType, CollateralTypeState, Coins, Position, System, risk};
/// use defi_math::Price;
/// use rust_decimal::dec;
///
/// let system = System::new(dec!(1000000))?;
/// let ether = CollateralType::try_from(CollateralTypeState::at_ratio(dec!(1.5))?)?;
/// let positions = [Position::new(dec!(1), dec!(1800))?, Position::new(dec!(1), dec!(1000))?];
/// let price = Price::new(dec!(3000))?;
/// let at_risk = |fall| risk::debt_at_risk_after(fall, &positions, &ether, price, &system);
/// assert_eq!(at_risk(dec!(0.1))?, Coins::ZERO);
/// assert_eq!(at_risk(dec!(0.101))?, Coins::new(dec!(1800))?);
/// assert_eq!(at_risk(dec!(0.6))?, Coins::new(dec!(2800))?);
/// # Ok::<(), defi_math::Error>(())
/// ```
pub fn debt_at_risk_after<'a, N: VaultNumber>(
    fall: impl IntoQuantity<Ratio<N>>,
    positions: impl IntoIterator<Item = &'a Position<N>>,
    collateral_type: &CollateralType<N>,
    price: Price<N>,
    system: &System<N>,
) -> Result<Coins<N>, VaultError> {
    let fall = fall.into_quantity()?;
    let one = Ratio::<N>::ONE.exact()?;
    if fall >= N::ONE {
        return Err(VaultError::ZeroPrice);
    }
    let (quote, base) = price.parts();
    let quote = quote.product(one.minus(fall.exact()?)?)?;
    let price = Price::from_exact(quote, base.product(one)?)?;
    debt_at_risk(positions, &collateral_type.at_market_price(price, system)?)
}
