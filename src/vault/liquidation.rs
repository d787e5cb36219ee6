//! Seizing the collateral and the debt of an unsafe position.

use rust_decimal::Decimal;

use super::number::{VaultNumber, divided, wad};
use super::{
    Auction, AuctionHouse, Coins, CollateralType, CollateralTypeState, Position, Reset, System,
    SystemState, VaultError,
};
use crate::num::{Exact, Fit, Grid, Rounding};
use crate::quantity::{Amount, IntoQuantity, Price};

/// How much of an unsafe position is seized.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seizure<N: VaultNumber = Decimal> {
    /// The collateral, which is put on auction.
    #[doc(alias = "dink")]
    pub collateral: Amount<N>,
    /// The normalized debt.
    #[doc(alias = "dart")]
    pub normalized_debt: Amount<N>,
    /// What it is now: the system owes it instead.
    #[doc(alias = "due")]
    pub debt: Coins<N>,
    /// What the auction has to raise: the debt and the penalty.
    #[doc(alias = "tab")]
    pub to_raise: Coins<N>,
}

/// A position liquidated, wholly or in part.
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct Liquidation<N: VaultNumber = Decimal> {
    /// What was seized.
    pub seized: Seizure<N>,
    /// The auction, of no age.
    pub auction: Auction<N>,
    /// What the keeper gets for starting it.
    pub incentive: Coins<N>,
    /// What is left of the position.
    pub position: Position<N>,
    /// The collateral type after it.
    pub collateral_type: CollateralType<N>,
    /// The system after it.
    pub system: System<N>,
}

impl<N: VaultNumber> Position<N> {
    /// How much of the position would be seized now.
    ///
    /// ```text
    /// room  = min(system's limit − in liquidation, type's limit − in liquidation)
    /// dart  = min(art, ⌊⌊room/rate⌋/penalty⌋)      all of it if less than the floor would stay
    /// dink  = ⌊ink·dart/art⌋
    /// due   = dart·rate,   tab = ⌊due·penalty⌋
    /// ```
    ///
    /// # Rounding
    /// The collateral down, for the owner. What the auction has to raise down, at the 45th place.
    ///
    /// # Errors
    /// In the contract's order:
    /// - [`VaultError::NotLive`];
    /// - [`VaultError::NotUnsafe`] unless debt is strictly above what the collateral is good for, and when
    ///   there is no price;
    /// - [`VaultError::LiquidationLimit`] when there is no room left;
    /// - [`VaultError::DustyAuction`] when there is so little room that the auction would be below the
    ///   floor;
    /// - [`VaultError::NothingToLiquidate`] when no collateral would be seized.
    ///
    /// # Example
    /// ```
    /// use defi_math::vault::{CollateralType, CollateralTypeState, Coins, Position, System};
    /// use rust_decimal::dec;
    ///
    /// let system = System::new(dec!(1000000))?;
    /// let ether = CollateralType::try_from(CollateralTypeState {
    ///     liquidation_limit: Coins::new(dec!(80))?,
    ///     ..CollateralTypeState::at_ratio(dec!(1.5))?
    /// })?
    /// .at_safety_price(dec!(2))?;
    /// // There is room for 80 of the 100, and so for four fifths of the collateral.
    /// let seized = Position::new(dec!(40), dec!(100))?.seizure(&ether, &system)?;
    /// assert_eq!((seized.collateral.get(), seized.normalized_debt.get()), (dec!(32), dec!(80)));
    /// # Ok::<(), defi_math::Error>(())
    /// ```
    ///
    /// # Source
    /// `Dog.bark`.
    pub fn seizure(
        &self,
        collateral_type: &CollateralType<N>,
        system: &System<N>,
    ) -> Result<Seizure<N>, VaultError> {
        let (terms, books) = (collateral_type.state(), system.state());
        if !books.live {
            return Err(VaultError::NotLive);
        }
        if !self.is_unsafe(collateral_type)? {
            return Err(VaultError::NotUnsafe);
        }
        let below_both = books.in_liquidation < books.liquidation_limit
            && terms.in_liquidation < terms.liquidation_limit;
        if !below_both {
            return Err(VaultError::LiquidationLimit);
        }
        let room = (books.liquidation_limit - books.in_liquidation)?
            .min((terms.liquidation_limit - terms.in_liquidation)?);
        let (rate, penalty) = (terms.accumulated_rate, terms.liquidation_penalty);
        let all = self.normalized_debt();
        // Two floors are one of the product.
        let per_unit = rate.exact()?.product(penalty.get().exact(Grid::Amount)?)?;
        let (room, wad) = (room.exact(), wad::<N>()?);
        let numerator = room.product(wad)?;
        let mut normalized_debt = all;
        if N::cmp_products(room, wad, all.exact()?, per_unit).is_lt() {
            let fit = Fit::From(all.get());
            let part = divided::<N>(numerator, per_unit, fit, Grid::Amount, Rounding::Down)?;
            normalized_debt = Amount::new(part)?;
        }
        if normalized_debt < all {
            let left = Coins::accumulated((all - normalized_debt)?, rate)?;
            if left < terms.debt_floor {
                normalized_debt = all;
            } else if Coins::accumulated(normalized_debt, rate)? < terms.debt_floor {
                return Err(VaultError::DustyAuction);
            }
        }
        let collateral = self.collateral().mul_div(
            normalized_debt.exact()?,
            all.exact()?,
            Fit::From(self.collateral()),
            Rounding::Down,
        )?;
        if collateral.is_zero() {
            return Err(VaultError::NothingToLiquidate);
        }
        // Only a float can round all of it to more.
        let collateral =
            if collateral > self.collateral() { self.collateral() } else { collateral };
        let debt = Coins::accumulated(normalized_debt, rate)?;
        let to_raise = debt.scaled(penalty.get())?;
        Ok(Seizure { collateral, normalized_debt, debt, to_raise })
    }

    /// Liquidates the position: seizes [`so much`](Self::seizure) of it and starts an auction at the
    /// market price times the buffer.
    ///
    /// The debt becomes the system's bad debt, which waits for the auction; the keeper's incentive is
    /// issued against bad debt at once.
    ///
    /// # Errors
    /// As [`seizure`](Self::seizure), then [`VaultError::InvalidState`] when all positions of the type owe
    /// less than this one, [`VaultError::Stopped`], [`VaultError::ZeroStartingPrice`].
    ///
    /// # Example
    /// ```
    /// use defi_math::rate::seconds;
    /// use defi_math::vault::{
    ///     AuctionHouse, AuctionTerms, CollateralType, CollateralTypeState, Coins, Position, PriceCurve,
    ///     System,
    /// };
    /// use defi_math::{Price, Ratio};
    /// use rust_decimal::dec;
    ///
    /// let system = System::new(dec!(1000000))?;
    /// let ether = CollateralType::try_from(CollateralTypeState {
    ///     liquidation_penalty: Ratio::new(dec!(1.13))?,
    ///     ..CollateralTypeState::at_ratio(dec!(1.5))?
    /// })?
    /// .at_market_price(Price::new(dec!(3000))?, &system)?;
    /// let house = AuctionHouse::try_from(AuctionTerms {
    ///     buffer: Ratio::new(dec!(1.2))?,
    ///     ..AuctionTerms::on_curve(PriceCurve::Linear { duration: seconds(3600) })
    /// })?;
    /// let opened = Position::EMPTY.lock(dec!(1), &ether, &system)?;
    /// let opened = opened.position.draw(dec!(2000), &opened.collateral_type, &opened.system)?;
    ///
    /// let crash = Price::new(dec!(2500))?;
    /// let ether = opened.collateral_type.at_market_price(crash, &opened.system)?;
    /// let liquidation = opened.position.liquidate(crash, &house, &ether, &opened.system)?;
    /// assert_eq!(liquidation.auction.to_raise(), Coins::new(dec!(2260))?);
    /// assert_eq!(liquidation.auction.starting_price(), dec!(3000));
    /// assert_eq!(liquidation.position, Position::EMPTY);
    /// # Ok::<(), defi_math::Error>(())
    /// ```
    ///
    /// # Source
    /// `Dog.bark`, `Vat.grab`, `Vow.fess`, `Clipper.kick`.
    #[doc(alias = "bark")]
    #[doc(alias = "grab")]
    #[doc(alias = "fess")]
    #[doc(alias = "kick")]
    pub fn liquidate(
        &self,
        market_price: impl IntoQuantity<Price<N>>,
        house: &AuctionHouse<N>,
        collateral_type: &CollateralType<N>,
        system: &System<N>,
    ) -> Result<Liquidation<N>, VaultError> {
        let market_price = market_price.into_quantity()?;
        let seized = self.seizure(collateral_type, system)?;
        let (terms, books) = (*collateral_type.state(), *system.state());
        let position = Self::new(
            (self.collateral() - seized.collateral)?,
            (self.normalized_debt() - seized.normalized_debt)?,
        )?;
        let left = terms.normalized_debt.less_part(seized.normalized_debt);
        let collateral_type = CollateralType::with(CollateralTypeState {
            normalized_debt: left.map_err(|e| e.or_short(VaultError::InvalidState))?,
            in_liquidation: (terms.in_liquidation + seized.to_raise)?,
            ..terms
        });
        let system = System::with(SystemState {
            unbacked: (books.unbacked + seized.debt)?,
            bad_debt: (books.bad_debt + seized.debt)?,
            queued_debt: (books.queued_debt + seized.debt)?,
            in_liquidation: (books.in_liquidation + seized.to_raise)?,
            ..books
        });
        let Reset { auction, incentive, system } =
            house.start(seized.to_raise, seized.collateral, market_price, &system)?;
        Ok(Liquidation { seized, auction, incentive, position, collateral_type, system })
    }
}
