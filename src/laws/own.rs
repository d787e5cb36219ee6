//! The crate's own market makers under its own laws.

use super::{ExactOut, Market, Shared};
use crate::amm::{AmmError, Amounts, ConstantProduct, Pool, Token};
use crate::num::Fixed;

impl<const PLACES: u32> Market for Pool<Fixed<PLACES>> {
    type Refusal = AmmError;

    fn reserve(&self, token: Token) -> u128 {
        self.reserve(token).get().raw()
    }

    fn amount_out(&self, token_in: Token, amount_in: u128) -> Result<u128, AmmError> {
        Ok(self.amount_out(token_in, Fixed::from_raw(amount_in))?.get().raw())
    }

    fn swap(&self, token_in: Token, amount_in: u128) -> Result<Self, AmmError> {
        Ok(self.swap_exact_in(token_in, Fixed::from_raw(amount_in))?.after)
    }
}

impl<const PLACES: u32> ExactOut for Pool<Fixed<PLACES>> {
    fn amount_in(&self, token_in: Token, amount_out: u128) -> Result<u128, AmmError> {
        Ok(self.amount_in(token_in, Fixed::from_raw(amount_out))?.get().raw())
    }
}

impl<const PLACES: u32> Shared for Pool<Fixed<PLACES>> {
    fn supply(&self) -> u128 {
        self.supply().get().raw()
    }

    fn mint(&self, x: u128, y: u128) -> Result<(u128, Self), AmmError> {
        let mint = self.mint(Amounts::new(Fixed::from_raw(x), Fixed::from_raw(y))?)?;
        Ok((mint.shares.get().raw(), mint.after))
    }

    fn burn(&self, shares: u128) -> Result<((u128, u128), Self), AmmError> {
        let burn = self.burn(Fixed::from_raw(shares))?;
        Ok(((burn.amounts.x.get().raw(), burn.amounts.y.get().raw()), burn.after))
    }
}

/// The curve as it is seen by the seller of a token.
fn selling<const PLACES: u32>(
    curve: ConstantProduct<Fixed<PLACES>>,
    token_in: Token,
) -> ConstantProduct<Fixed<PLACES>> {
    match token_in {
        Token::X => curve,
        Token::Y => curve.flip(),
    }
}

/// `X` is the token that the curve is sold.
impl<const PLACES: u32> Market for ConstantProduct<Fixed<PLACES>> {
    type Refusal = AmmError;

    fn reserve(&self, token: Token) -> u128 {
        selling(*self, token).reserve_in().get().raw()
    }

    fn amount_out(&self, token_in: Token, amount_in: u128) -> Result<u128, AmmError> {
        Ok(selling(*self, token_in).amount_out(Fixed::from_raw(amount_in))?.get().raw())
    }

    fn swap(&self, token_in: Token, amount_in: u128) -> Result<Self, AmmError> {
        let curve = selling(*self, token_in);
        let paid_in = Fixed::from_raw(amount_in).into();
        let left = (curve.reserve_out() - curve.amount_out(paid_in)?)?;
        let after = Self::new((curve.reserve_in() + paid_in)?, left, curve.fee())?;
        Ok(selling(after, token_in))
    }
}

impl<const PLACES: u32> ExactOut for ConstantProduct<Fixed<PLACES>> {
    fn amount_in(&self, token_in: Token, amount_out: u128) -> Result<u128, AmmError> {
        Ok(selling(*self, token_in).amount_in(Fixed::from_raw(amount_out))?.get().raw())
    }
}
