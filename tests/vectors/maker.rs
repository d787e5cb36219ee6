//! What the recordings of Maker's contracts have in common: wads, rays and rads, and the counts.

use std::io::{self, Write};

use defi_math::vault::{Coins, UnitPrice, VaultError, VaultNumber};
use defi_math::{Amount, Ray, Wad};
use num_bigint::{BigInt, BigUint};
use rust_decimal::Decimal;

use crate::recording::Record;

/// A number type in which Maker's contracts are replayed, seen as their integers. The conversions use
/// none of the crate's arithmetic.
pub(crate) trait Maker: VaultNumber {
    const NAME: &'static str;
    /// Whether every digit must be the contract's, or only those that fit.
    const EXACT: bool;

    fn wad(units: &BigUint) -> Option<Self>;

    fn ray(units: &BigUint) -> Option<Self::Rate>;

    /// The largest number that is not above so many units.
    fn ray_cut(units: &BigUint) -> Option<Self::Rate>;

    fn wad_units(self) -> BigUint;

    fn ray_units(rate: Self::Rate) -> BigUint;
}

pub(crate) fn amount<N: Maker>(units: &BigUint) -> Option<Amount<N>> {
    N::wad(units).and_then(|wad| Amount::new(wad).ok())
}

pub(crate) fn price<N: Maker>(units: &BigUint) -> Option<UnitPrice<N::Rate>> {
    N::ray(units).and_then(|ray| UnitPrice::new(ray).ok())
}

/// Every integer of 256 bits is so many coins.
pub(crate) fn coins<N: Maker>(units: &BigUint) -> Coins<N> {
    let text = format!("{units:0>46}");
    let (whole, places) = text.split_at(text.len() - 45);
    format!("{whole}.{places}").parse().unwrap_or_else(|error| panic!("{units}: {error:?}"))
}

pub(crate) fn coin_units<N: Maker>(coins: Coins<N>) -> BigUint {
    let text = format!("{coins:.45}");
    let (whole, places) = text.split_once('.').expect("a point");
    assert_eq!(places.len(), 45, "{text}");
    format!("{whole}{places}").parse().expect("digits")
}

impl Maker for Wad {
    const NAME: &'static str = "Wad and Ray";
    const EXACT: bool = true;

    fn wad(units: &BigUint) -> Option<Self> {
        u128::try_from(units).ok().map(Self::from_raw)
    }

    fn ray(units: &BigUint) -> Option<Ray> {
        u128::try_from(units).ok().map(Ray::from_raw)
    }

    fn ray_cut(units: &BigUint) -> Option<Ray> {
        Self::ray(units)
    }

    fn wad_units(self) -> BigUint {
        self.raw().into()
    }

    fn ray_units(rate: Ray) -> BigUint {
        rate.raw().into()
    }
}

impl Maker for Decimal {
    const NAME: &'static str = "Decimal";
    const EXACT: bool = false;

    fn wad(units: &BigUint) -> Option<Self> {
        Wad::wad(units).and_then(|wad| Self::try_from(wad).ok())
    }

    fn ray(units: &BigUint) -> Option<Self> {
        Wad::ray(units).and_then(|ray| Self::try_from(ray).ok())
    }

    fn ray_cut(units: &BigUint) -> Option<Self> {
        let mut step = BigUint::from(1_u32);
        loop {
            if let Some(cut) = Self::ray(&(units / &step * &step)) {
                return Some(cut);
            }
            if step > *units {
                return None;
            }
            step *= 10_u32;
        }
    }

    fn wad_units(self) -> BigUint {
        BigUint::from(self.mantissa().unsigned_abs()) * BigUint::from(10_u32).pow(18 - self.scale())
    }

    fn ray_units(rate: Self) -> BigUint {
        BigUint::from(rate.mantissa().unsigned_abs()) * BigUint::from(10_u32).pow(27 - rate.scale())
    }
}

/// What was compared, and how closely.
#[derive(Default)]
pub(crate) struct Tally {
    decisions: usize,
    refusals: usize,
    exact: usize,
    within_a_wei: usize,
    outside: usize,
}

impl Tally {
    /// The crate accepted what the contract accepted, or refused what it refused, for that reason.
    pub(crate) fn decision(&mut self) {
        self.decisions += 1;
    }

    pub(crate) fn refusal(&mut self) {
        self.decisions += 1;
        self.refusals += 1;
    }

    /// A figure of the record is too large for the number type.
    pub(crate) fn outside(&mut self) {
        self.outside += 1;
    }

    /// Every digit of a figure was the contract's.
    pub(crate) fn exactly(&mut self) {
        self.exact += 1;
    }

    /// Compares an amount, both in units of which a wei, 10^-18, has so many.
    fn amount(&mut self, exact: bool, ours: &BigUint, theirs: &BigUint, wei: u32, context: &str) {
        let wei = BigUint::from(10_u32).pow(wei);
        let distance = BigInt::from(ours.clone()) - BigInt::from(theirs.clone());
        if ours == theirs {
            self.exact += 1;
        } else if exact {
            panic!("{ours}, not {theirs}: {context}");
        } else if *distance.magnitude() <= wei {
            self.within_a_wei += 1;
        } else {
            self.outside += 1;
        }
    }

    pub(crate) fn wad<N: Maker>(&mut self, ours: Amount<N>, theirs: &BigUint, context: &str) {
        self.amount(N::EXACT, &ours.get().wad_units(), theirs, 0, context);
    }

    pub(crate) fn ray<N: Maker>(&mut self, ours: N::Rate, theirs: &BigUint, context: &str) {
        self.amount(N::EXACT, &N::ray_units(ours), theirs, 9, context);
    }

    pub(crate) fn rad<N: Maker>(&mut self, ours: Coins<N>, theirs: &BigUint, context: &str) {
        self.amount(N::EXACT, &coin_units(ours), theirs, 27, context);
    }

    /// Prints the counts, past the capture of a passing test's output. In the contract's own units
    /// nothing may be less than exact.
    pub(crate) fn finish<N: Maker>(&self, what: &str) {
        let Self { decisions, refusals, exact, within_a_wei, outside } = self;
        let counts = format!(
            "{what} in {}: {decisions} decisions equal ({refusals} refusals), {exact} amounts equal \
             exactly, {within_a_wei} within one wei, {outside} outside the number range\n",
            N::NAME
        );
        io::stderr().write_all(counts.as_bytes()).unwrap();
        assert!(*decisions > 0 && *exact > 0, "{what}: nothing compared");
        assert!(!N::EXACT || *within_a_wei == 0);
        assert!(*exact > *within_a_wei + *outside, "{what}: too little compared exactly");
    }
}

/// The error of this crate that stands for a revert of the contract.
pub(crate) fn check_refusal(revert: &str, error: VaultError, context: &str) {
    let math = matches!(error, VaultError::Math(_));
    let agrees = match revert {
        "Vat/ceiling-exceeded" => error == VaultError::AboveDebtCeiling,
        "Vat/not-safe" => error == VaultError::Unsafe,
        "Vat/dust" => error == VaultError::BelowDebtFloor,
        "Pot/rho-not-updated" => error == VaultError::FeeNotAccrued,
        "Dog/not-unsafe" => error == VaultError::NotUnsafe,
        "Dog/liquidation-limit-hit" => error == VaultError::LiquidationLimit,
        "Dog/dusty-auction-from-partial-liquidation" => error == VaultError::DustyAuction,
        "Dog/null-auction" => error == VaultError::NothingToLiquidate,
        "Clipper/no-partial-purchase" => error == VaultError::NoPartialPurchase,
        "Clipper/too-expensive" => error == VaultError::AbovePriceLimit,
        "Clipper/needs-reset" => error == VaultError::NeedsReset,
        "Clipper/cannot-reset" => error == VaultError::CannotReset,
        "Vow/insufficient-surplus" => error == VaultError::InsufficientSurplus,
        "Vow/insufficient-debt" => error == VaultError::InsufficientBadDebt,
        // Checked arithmetic has no words.
        "revert(no data)" => {
            math || matches!(
                error,
                VaultError::InsufficientCollateral
                    | VaultError::RepaysTooMuch
                    | VaultError::InsufficientBalance
                    | VaultError::InsufficientSurplus
                    | VaultError::InsufficientShares
            )
        }
        _ => panic!("unknown revert {revert}: {context}"),
    };
    assert!(agrees, "{error:?} for {revert}: {context}");
}

/// A field of seconds.
pub(crate) fn seconds_of(record: Record<'_>, field: &str) -> u32 {
    u32::try_from(record.units(field)).expect("seconds of 32 bits")
}
