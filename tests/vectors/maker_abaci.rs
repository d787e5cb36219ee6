//! The price curves of auctions.

use defi_math::Ratio;
use defi_math::rate::{Elapsed, PerSecond, seconds};
use defi_math::vault::{PriceCurve, UnitPrice};
use defi_math::{MathError, Wad};
use rust_decimal::Decimal;

use crate::maker::{Maker, Tally, price, seconds_of};
use crate::recording::{Record, Recording};

const NAME: &str = "maker_abaci";

#[test]
fn maker_abaci_wad() {
    replay::<Wad>();
}

#[test]
fn maker_abaci_decimal() {
    replay::<Decimal>();
}

fn curve<N: Maker>(record: Record<'_>) -> Option<PriceCurve<N>> {
    let factor = || N::ray(&record.units("cut")).map(|cut| Ratio::new(cut).unwrap());
    let time = |field| -> Elapsed<PerSecond> { seconds(seconds_of(record, field)) };
    Some(match record.text("calc") {
        "LinearDecrease" => PriceCurve::Linear { duration: time("tau") },
        "StairstepExponentialDecrease" => {
            PriceCurve::Stairstep { step: time("step"), factor: factor()? }
        }
        "ExponentialDecrease" => PriceCurve::Exponential { factor: factor()? },
        calc => panic!("unknown curve {calc}"),
    })
}

fn replay<N: Maker>() {
    let mut tally = Tally::default();
    for record in Recording::load(NAME).all("vectors") {
        let context = &record.to_string();
        let (Some(curve), Some(top)) = (curve::<N>(record), price::<N>(&record.units("top")))
        else {
            tally.outside();
            continue;
        };
        let ours = curve.price(top, seconds(seconds_of(record, "dur")));
        match (ours.map(UnitPrice::get), record.answer("price")) {
            (Ok(ours), Ok(theirs)) => {
                tally.decision();
                tally.ray::<N>(ours, &theirs, context);
            }
            (Err(MathError::Overflow), Err(_)) => tally.refusal(),
            (ours, theirs) => panic!("{ours:?}, not {theirs:?}: {context}"),
        }
    }
    tally.finish::<N>(NAME);
}
