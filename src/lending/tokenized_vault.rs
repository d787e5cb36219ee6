//! The share arithmetic of ERC-4626, with virtual shares.

use rust_decimal::Decimal;

use super::LendingError;
use crate::error::MathError;
use crate::num::{Fit, Grid, Number, Rounding};
use crate::quantity::{Amount, IntoQuantity, Shares, with_virtual_shares};

/// A vault that holds one token for its shares, as OpenZeppelin's `ERC4626` counts them.
///
/// One unit of assets and `10^δ` units of shares that nobody holds are added to the vault's own, so that
/// a gift to a nearly empty vault goes to them for the most part:
///
/// ```text
/// shares = assets·(S + 10^δ)/(A + 1)        assets = shares·(A + 1)/(S + 10^δ)
/// ```
///
/// This is the standard and no more, for any vault whose gains and losses simply happen to its assets. For
/// a pool of stake, with commission, slashes and a queue for withdrawals, take
/// [`StakingPool`](crate::staking::StakingPool): it shares out with the same digits, but refuses a deposit
/// that is too small for a share, which the standard takes and so this does.
///
/// # Laws
///
/// - `shares_round_trip_never_profits`.
/// - `zero_share_deposit_needs_a_gift`: a deposit `d` is too small for a share if and only if
///   `d·(S + 10^δ) ≤ A`.
///
/// # Rounding
/// Against whoever calls: minted shares and redeemed assets down, asked assets and burned shares up.
///
/// # Example
///
/// ```
/// use defi_math::Wad;
/// use defi_math::lending::TokenizedVault;
///
/// let units = Wad::from_raw;
/// let vault = TokenizedVault::new(3);
/// // An attacker deposits 1 unit and gives away 100,000 …
/// let attacked = vault.deposit(units(1))?.after.donate(units(100_000))?;
/// // … which takes 50 units at most from a later depositor.
/// let deposit = attacked.deposit(units(100_000))?;
/// assert_eq!(deposit.shares, units(1_999));
/// assert_eq!(deposit.after.redeem(deposit.shares)?.assets, units(99_975));
/// # Ok::<(), defi_math::Error>(())
/// ```
///
/// # Source
/// `ERC4626` of OpenZeppelin 5.x: `_convertToShares`, `_convertToAssets`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound = ""))]
#[doc(alias = "ERC4626")]
pub struct TokenizedVault<N: Number = Decimal> {
    assets: Amount<N>,
    supply: Shares<N>,
    offset: u8,
}

/// Assets turned into shares, or back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Conversion<N: Number = Decimal> {
    /// The assets that moved.
    pub assets: Amount<N>,
    /// The shares that were minted or burned.
    pub shares: Shares<N>,
    /// The vault after it.
    pub after: TokenizedVault<N>,
}

impl<N: Number> TokenizedVault<N> {
    /// An empty vault with `10^offset` virtual units of shares for one of assets; OpenZeppelin's is 0 unless
    /// it is overridden. With one so large that an amount times `10^offset` exceeds 256 bits, conversions are
    /// refused with [`MathError::Overflow`].
    #[doc(alias = "_decimalsOffset")]
    #[must_use]
    pub const fn new(offset: u8) -> Self {
        Self { assets: Amount::ZERO, supply: Shares::ZERO, offset }
    }

    /// A vault that holds so much for so many shares.
    ///
    /// # Errors
    /// Those of bare numbers that are not the quantities.
    pub fn of(
        assets: impl IntoQuantity<Amount<N>>,
        supply: impl IntoQuantity<Shares<N>>,
        offset: u8,
    ) -> Result<Self, MathError> {
        Ok(Self { assets: assets.into_quantity()?, supply: supply.into_quantity()?, offset })
    }

    /// `A`: what the vault holds.
    #[doc(alias = "totalAssets")]
    #[must_use]
    pub const fn assets(&self) -> Amount<N> {
        self.assets
    }

    /// `S`: all shares.
    #[doc(alias = "totalSupply")]
    #[must_use]
    pub const fn supply(&self) -> Shares<N> {
        self.supply
    }

    /// `δ`: the places of the virtual shares.
    #[doc(alias = "_decimalsOffset")]
    #[must_use]
    pub const fn offset(&self) -> u8 {
        self.offset
    }

    /// `S + 10^δ` and `A + 1`.
    fn parts(&self) -> Result<(N::Exact, N::Exact), MathError> {
        with_virtual_shares(self.supply, self.assets, self.offset)
    }

    fn shares_of(&self, assets: Amount<N>, rounding: Rounding) -> Result<Shares<N>, MathError> {
        let (shares, whole) = self.parts()?;
        let fit = Fit::To(self.supply.get());
        Shares::new(assets.get().mul_div(shares, whole, fit, Grid::Amount, rounding)?)
    }

    fn assets_of(&self, shares: Shares<N>, rounding: Rounding) -> Result<Amount<N>, MathError> {
        let (whole, assets) = self.parts()?;
        let fit = Fit::To(self.assets.get());
        Amount::new(shares.get().mul_div(assets, whole, fit, Grid::Amount, rounding)?)
    }

    /// What a deposit of assets would mint: `⌊assets·(S + 10^δ)/(A + 1)⌋` shares.
    ///
    /// # Rounding
    /// Down, for the other shares.
    ///
    /// # Errors
    /// [`MathError::Overflow`], and those of a bare number that is not an amount.
    ///
    /// # Source
    /// `ERC4626.convertToShares`, `previewDeposit`.
    #[doc(alias = "convertToShares")]
    #[doc(alias = "previewDeposit")]
    pub fn shares_for(
        &self,
        assets: impl IntoQuantity<Amount<N>>,
    ) -> Result<Shares<N>, LendingError> {
        Ok(self.shares_of(assets.into_quantity()?, Rounding::Down)?)
    }

    /// What a withdrawal of assets would burn: `⌈assets·(S + 10^δ)/(A + 1)⌉` shares.
    ///
    /// # Rounding
    /// Up, for the other shares.
    ///
    /// # Errors
    /// As [`shares_for`](Self::shares_for).
    ///
    /// # Source
    /// `ERC4626.previewWithdraw`.
    #[doc(alias = "previewWithdraw")]
    pub fn shares_for_up(
        &self,
        assets: impl IntoQuantity<Amount<N>>,
    ) -> Result<Shares<N>, LendingError> {
        Ok(self.shares_of(assets.into_quantity()?, Rounding::Up)?)
    }

    /// What shares would redeem: `⌊shares·(A + 1)/(S + 10^δ)⌋` assets.
    ///
    /// # Rounding
    /// Down, for the other shares.
    ///
    /// # Errors
    /// [`MathError::Overflow`], and those of a bare number that is not shares.
    ///
    /// # Source
    /// `ERC4626.convertToAssets`, `previewRedeem`.
    #[doc(alias = "convertToAssets")]
    #[doc(alias = "previewRedeem")]
    pub fn assets_for(
        &self,
        shares: impl IntoQuantity<Shares<N>>,
    ) -> Result<Amount<N>, LendingError> {
        Ok(self.assets_of(shares.into_quantity()?, Rounding::Down)?)
    }

    /// What shares would cost: `⌈shares·(A + 1)/(S + 10^δ)⌉` assets.
    ///
    /// # Rounding
    /// Up, for the other shares.
    ///
    /// # Errors
    /// As [`assets_for`](Self::assets_for).
    ///
    /// # Source
    /// `ERC4626.previewMint`.
    #[doc(alias = "previewMint")]
    pub fn assets_for_up(
        &self,
        shares: impl IntoQuantity<Shares<N>>,
    ) -> Result<Amount<N>, LendingError> {
        Ok(self.assets_of(shares.into_quantity()?, Rounding::Up)?)
    }

    fn entered(&self, assets: Amount<N>, shares: Shares<N>) -> Result<Conversion<N>, LendingError> {
        let after = Self {
            assets: (self.assets + assets)?,
            supply: (self.supply + shares)?,
            offset: self.offset,
        };
        Ok(Conversion { assets, shares, after })
    }

    fn left(&self, assets: Amount<N>, shares: Shares<N>) -> Result<Conversion<N>, LendingError> {
        let supply = self.supply.less_part(shares);
        let supply = supply.map_err(|e| e.or_short(LendingError::InsufficientShares))?;
        let after = Self { supply, ..self.without(assets)? };
        Ok(Conversion { assets, shares, after })
    }

    fn without(&self, assets: Amount<N>) -> Result<Self, LendingError> {
        let left = self.assets.less_part(assets);
        let assets = left.map_err(|e| e.or_short(LendingError::InsufficientCash))?;
        Ok(Self { assets, ..*self })
    }

    /// Brings assets for `⌊assets·(S + 10^δ)/(A + 1)⌋` shares; it can be none, as in the contract.
    ///
    /// # Rounding
    /// Down, for the other shares.
    ///
    /// # Errors
    /// [`MathError::Overflow`], [`MathError::Inexact`] when the sums cannot be held.
    ///
    /// # Source
    /// `ERC4626.deposit`.
    pub fn deposit(
        &self,
        assets: impl IntoQuantity<Amount<N>>,
    ) -> Result<Conversion<N>, LendingError> {
        let assets = assets.into_quantity()?;
        self.entered(assets, self.shares_of(assets, Rounding::Down)?)
    }

    /// Buys shares for `⌈shares·(A + 1)/(S + 10^δ)⌉` assets.
    ///
    /// # Rounding
    /// Up, for the other shares.
    ///
    /// # Errors
    /// As [`deposit`](Self::deposit).
    ///
    /// # Source
    /// `ERC4626.mint`.
    pub fn mint(
        &self,
        shares: impl IntoQuantity<Shares<N>>,
    ) -> Result<Conversion<N>, LendingError> {
        let shares = shares.into_quantity()?;
        self.entered(self.assets_of(shares, Rounding::Up)?, shares)
    }

    /// Takes assets for `⌈assets·(S + 10^δ)/(A + 1)⌉` shares.
    ///
    /// # Rounding
    /// Up, for the other shares.
    ///
    /// # Errors
    /// [`LendingError::InsufficientShares`] when it takes more shares than there are,
    /// [`LendingError::InsufficientCash`] for more than the vault holds; [`MathError::Overflow`].
    ///
    /// # Source
    /// `ERC4626.withdraw`.
    pub fn withdraw(
        &self,
        assets: impl IntoQuantity<Amount<N>>,
    ) -> Result<Conversion<N>, LendingError> {
        let assets = assets.into_quantity()?;
        self.left(assets, self.shares_of(assets, Rounding::Up)?)
    }

    /// Gives back shares for `⌊shares·(A + 1)/(S + 10^δ)⌋` assets.
    ///
    /// # Rounding
    /// Down, for the other shares.
    ///
    /// # Errors
    /// As [`withdraw`](Self::withdraw).
    ///
    /// # Source
    /// `ERC4626.redeem`.
    pub fn redeem(
        &self,
        shares: impl IntoQuantity<Shares<N>>,
    ) -> Result<Conversion<N>, LendingError> {
        let shares = shares.into_quantity()?;
        self.left(self.assets_of(shares, Rounding::Down)?, shares)
    }

    /// The vault with more assets and the same shares: a gift, or what it has earned.
    ///
    /// # Errors
    /// [`MathError::Overflow`], [`MathError::Inexact`] when the sum cannot be held.
    pub fn donate(&self, assets: impl IntoQuantity<Amount<N>>) -> Result<Self, LendingError> {
        Ok(Self { assets: (self.assets + assets.into_quantity()?)?, ..*self })
    }

    /// The vault with fewer assets and the same shares: a loss.
    ///
    /// # Errors
    /// [`LendingError::InsufficientCash`] for more than there is.
    pub fn lose(&self, assets: impl IntoQuantity<Amount<N>>) -> Result<Self, LendingError> {
        self.without(assets.into_quantity()?)
    }
}
