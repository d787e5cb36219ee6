//! `Jug.drip`, and the `rpow` of `Jug` and of the price curves.

use defi_math::num::Fixed;
use defi_math::rate::{Rate, seconds};
use defi_math::vault::{Change, Coins, CollateralType, CollateralTypeState, System, SystemState};
use defi_math::{Index, MathError, Ratio, Wad};
use num_bigint::{BigInt, BigUint};
use rust_decimal::Decimal;

use crate::maker::{Maker, Tally, amount, check_refusal, coin_units, coins, seconds_of};
use crate::recording::{Record, Recording};

const NAME: &str = "maker_jug_rpow";

/// `rpow` in units of the recorded base, a power of ten.
fn power(x: u128, n: u64, places: usize) -> Result<u128, MathError> {
    macro_rules! on_grid {
        ($($places:literal)*) => {
            match places {
                $($places => Fixed::<$places>::from_raw(x).pow_half_up(n).map(Fixed::raw),)*
                // A base beyond the largest of ten.
                _ => Err(MathError::Overflow),
            }
        };
    }
    on_grid!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30)
}

#[test]
fn maker_jug_rpow_on_any_base() {
    let mut tally = Tally::default();
    for record in Recording::load(NAME).all("rpow") {
        let context = &record.to_string();
        let base = record.text("b");
        let (x, n) = (record.units("x"), u64::try_from(record.units("n")).unwrap());
        if base == "0" || x.bits() > 128 {
            tally.outside();
            continue;
        }
        assert!(base.strip_prefix('1').unwrap().bytes().all(|digit| digit == b'0'), "{context}");
        let ours = power(u128::try_from(x).unwrap(), n, base.len() - 1);
        for field in ["jug", "abaci"] {
            match (ours, record.answer_of(field)) {
                (Ok(ours), Ok(theirs)) => {
                    assert_eq!(BigUint::from(ours), theirs, "{context}");
                    tally.decision();
                    tally.exactly();
                }
                (Err(_), Err(_)) => tally.refusal(),
                (Err(MathError::Overflow), Ok(theirs)) if theirs.bits() > 128 => tally.outside(),
                (ours, theirs) => panic!("{ours:?}, not {theirs:?}: {context}"),
            }
        }
    }
    tally.finish::<Wad>(&format!("{NAME}, rpow"));
}

#[test]
fn maker_jug_rpow_drip_wad() {
    drip::<Wad>();
}

#[test]
fn maker_jug_rpow_drip_decimal() {
    drip::<Decimal>();
}

fn drip<N: Maker>() {
    let mut tally = Tally::default();
    for record in Recording::load(NAME).all("drip") {
        match state::<N>(record) {
            Some((collateral_type, system)) => one(record, &collateral_type, &system, &mut tally),
            None => tally.outside(),
        }
    }
    tally.finish::<N>(&format!("{NAME}, drip"));
}

/// The collateral type, in a system that has a surplus to lose.
fn state<N: Maker>(record: Record<'_>) -> Option<(CollateralType<N>, System<N>)> {
    let field = |name| N::ray(&record.units(name));
    let collateral_type = CollateralType::try_from(CollateralTypeState {
        normalized_debt: amount(&record.units("Art"))?,
        accumulated_rate: Index::new(field("prevRate")?).ok()?,
        stability_fee: Index::new(field("duty")?).ok()?,
        ..CollateralTypeState::at_ratio(Ratio::ONE).unwrap()
    })
    .ok()?;
    let surplus: Coins<N> = coins(&BigUint::from(10_u32).pow(60));
    let system = System::try_from(SystemState {
        issued: surplus,
        surplus,
        base_fee: Rate::new(field("base")?).ok()?,
        ..SystemState::empty().unwrap()
    });
    Some((collateral_type, system.unwrap()))
}

fn one<N: Maker>(
    record: Record<'_>,
    collateral_type: &CollateralType<N>,
    system: &System<N>,
    tally: &mut Tally,
) {
    let context = &record.to_string();
    let result = collateral_type.accrue(seconds(seconds_of(record, "dt")), system);
    if let Some(revert) = record.refusal() {
        check_refusal(revert, result.expect_err(context), context);
        return tally.refusal();
    }
    let theirs = record.units("rate");
    // The fee is counted with the rate: a rate that does not fit makes none that can be compared.
    if N::ray(&theirs).is_none() {
        if let Ok(accrual) = result {
            let ours = N::ray_units(accrual.collateral_type.state().accumulated_rate.get());
            assert!(!N::EXACT && ours <= theirs, "{context}");
        }
        return tally.outside();
    }
    let accrual = result.unwrap_or_else(|error| panic!("{error:?}: {context}"));
    tally.decision();
    tally.ray::<N>(accrual.collateral_type.state().accumulated_rate.get(), &theirs, context);
    let fee = match accrual.fee {
        Change::Increase(fee) => BigInt::from(coin_units(fee)),
        Change::Decrease(fee) => -BigInt::from(coin_units(fee)),
    };
    for (field, after) in [
        ("vowDaiDelta", accrual.system.state().surplus),
        ("debtDelta", accrual.system.state().issued),
    ] {
        let delta: BigInt = record.text(field).parse().unwrap();
        assert_eq!(fee, delta, "{context}");
        let after =
            BigInt::from(coin_units(after)) - BigInt::from(coin_units(system.state().surplus));
        assert_eq!(after, delta, "{context}");
        tally.exactly();
    }
}
