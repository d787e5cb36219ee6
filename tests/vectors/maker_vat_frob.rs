//! `Vat.frob`: every limit at, above and below its edge.

use defi_math::vault::{
    Adjusted, Adjustment, Change, CollateralType, CollateralTypeState, Position, System,
    SystemState, VaultError, Wallet,
};
use defi_math::{Amount, Index, Ratio, Wad};
use num_bigint::{BigInt, BigUint};
use rust_decimal::Decimal;

use crate::maker::{Maker, Tally, amount, check_refusal, coins, price};
use crate::recording::{Record, Recording};

const NAME: &str = "maker_vat_frob";

#[test]
fn maker_vat_frob_wad() {
    replay::<Wad>();
}

#[test]
fn maker_vat_frob_decimal() {
    replay::<Decimal>();
}

struct Case<N: Maker> {
    position: Position<N>,
    collateral_type: CollateralType<N>,
    system: System<N>,
    wallet: Wallet<N>,
    adjustment: Adjustment<N>,
    is_owner: bool,
}

fn change<N: Maker>(record: Record<'_>, field: &str) -> Option<Change<Amount<N>>> {
    let change: BigInt = record.text(field).parse().unwrap();
    let amount = amount(change.magnitude())?;
    Some(if change < BigInt::ZERO { Change::Decrease(amount) } else { Change::Increase(amount) })
}

fn case<N: Maker>(record: Record<'_>) -> Option<Case<N>> {
    let wad = |field: &str| amount::<N>(&record.units(field));
    let rad = |field: &str| coins::<N>(&record.units(field));
    let collateral_type = CollateralType::try_from(CollateralTypeState {
        normalized_debt: wad("Art")?,
        accumulated_rate: Index::new(N::ray(&record.units("rate"))?).unwrap(),
        safety_price: price::<N>(&record.units("spot"))?,
        debt_ceiling: rad("line"),
        debt_floor: rad("dust"),
        ..CollateralTypeState::at_ratio(Ratio::ONE).unwrap()
    });
    let system = System::try_from(SystemState {
        issued: rad("debt"),
        debt_ceiling: rad("Line"),
        ..SystemState::empty().unwrap()
    });
    Some(Case {
        position: Position::new(wad("urnInk")?, wad("urnArt")?).unwrap(),
        collateral_type: collateral_type.unwrap(),
        system: system.unwrap(),
        wallet: Wallet { collateral: wad("gem")?, coins: rad("dai") },
        adjustment: Adjustment {
            collateral: change(record, "dink")?,
            normalized_debt: change(record, "dart")?,
        },
        is_owner: record.text("caller") == "self",
    })
}

/// The contract's order: the position's limits, permissions, the floor, the balances.
fn frob<N: Maker>(case: &Case<N>) -> Result<(Adjusted<N>, Wallet<N>), Refused> {
    let adjusted = case.position.adjust(case.adjustment, &case.collateral_type, &case.system);
    let passed_so_far = matches!(adjusted, Ok(_) | Err(VaultError::BelowDebtFloor));
    if passed_so_far && !case.is_owner {
        let takes =
            |change: Change<Amount<N>>| matches!(change, Change::Increase(a) if !a.is_zero());
        let gives =
            |change: Change<Amount<N>>| matches!(change, Change::Decrease(a) if !a.is_zero());
        if !case.adjustment.is_no_riskier() {
            return Err(Refused::Permission("Vat/not-allowed-u"));
        }
        if takes(case.adjustment.collateral) {
            return Err(Refused::Permission("Vat/not-allowed-v"));
        }
        if gives(case.adjustment.normalized_debt) {
            return Err(Refused::Permission("Vat/not-allowed-w"));
        }
    }
    let adjusted = adjusted.map_err(Refused::By)?;
    let wallet = case.wallet.settle(&adjusted).map_err(Refused::By)?;
    Ok((adjusted, wallet))
}

enum Refused {
    By(VaultError),
    /// Whose permission it takes is the caller's to know, so the test asks.
    Permission(&'static str),
}

fn replay<N: Maker>() {
    let mut tally = Tally::default();
    for record in Recording::load(NAME).all("vectors") {
        let context = &record.to_string();
        let Some(case) = case::<N>(record) else {
            tally.outside();
            continue;
        };
        match (frob(&case), record.refusal()) {
            (Err(Refused::By(error)), Some(revert)) => {
                check_refusal(revert, error, context);
                tally.refusal();
            }
            (Err(Refused::Permission(reason)), Some(revert)) => {
                assert_eq!(reason, revert, "{context}");
                tally.refusal();
            }
            (Ok((adjusted, wallet)), None) => {
                tally.decision();
                let after = record.record("after");
                let field = |name: &str| -> BigUint { after.units(name) };
                tally.wad(adjusted.position.collateral(), &field("urnInk"), context);
                tally.wad(adjusted.position.normalized_debt(), &field("urnArt"), context);
                let all = adjusted.collateral_type.state().normalized_debt;
                tally.wad(all, &field("Art"), context);
                tally.wad(wallet.collateral, &field("gem"), context);
                tally.rad(wallet.coins, &field("dai"), context);
                tally.rad(adjusted.system.state().issued, &field("debt"), context);
            }
            (Ok(_), Some(revert)) => panic!("accepted, {revert}: {context}"),
            (Err(Refused::By(error)), None) => panic!("{error:?}: {context}"),
            (Err(Refused::Permission(reason)), None) => panic!("{reason}: {context}"),
        }
    }
    tally.finish::<N>(NAME);
}
