//! Aave v3: `WadRayMath`, `PercentageMath`, `MathUtils`, the rate strategy, the amounts of a liquidation.

use defi_math::lending::LendingError;
use defi_math::lending::aave::{
    RateStrategy, Reserve, compounded_interest, linear_interest, liquidation_amounts,
    percent_div_half_up, percent_mul_half_up, ray_to_wad_half_up,
};
use defi_math::num::Fixed;
use defi_math::rate::{PerYear, Rate, seconds};
use defi_math::{Index, Kind, MathError, Price, Ray, Wad};
use num_bigint::BigUint;

use crate::recording::{Outcome, Record, Recording, Tally};

const SECONDS_PER_YEAR: u32 = 31_536_000;

fn number<const PLACES: u32>(units: &BigUint) -> Option<Fixed<PLACES>> {
    u128::try_from(units).ok().map(Fixed::from_raw)
}

/// Our answer beside the contract's: its digits, its refusal, or `Overflow` for what exceeds 128 bits.
fn judge<const PLACES: u32>(
    ours: Result<Fixed<PLACES>, LendingError>,
    theirs: Result<BigUint, &str>,
    context: &str,
) -> Outcome {
    let overflow = Err(LendingError::Math(MathError::Overflow));
    match theirs {
        Ok(answer) => match number::<PLACES>(&answer) {
            Some(answer) => {
                assert_eq!(ours, Ok(answer), "{context}");
                Outcome::Compared
            }
            None => {
                assert_eq!(ours, overflow, "{context}");
                Outcome::OutsideRange
            }
        },
        Err(_) => {
            let zero = Err(LendingError::Math(MathError::DivisionByZero));
            assert!(ours == overflow || ours == zero, "{ours:?}: {context}");
            Outcome::Refused
        }
    }
}

#[test]
fn aave_v3_math_wad_and_ray() {
    let recording = Recording::load("aave_v3_math");
    let mut tally = Tally::default();
    for record in recording.all("wadRayPercent") {
        products(record, &mut tally);
    }
    tally.finish("aave_v3_math products in Wad and Ray");

    let mut tally = Tally::default();
    for record in recording.all("interest") {
        tally.count(interest(record));
    }
    tally.finish_without_refusals("aave_v3_math interest in Ray");
}

fn products(record: Record<'_>, tally: &mut Tally) {
    let context = &record.to_string();
    let (a, b, basis_points) = (record.units("a"), record.units("b"), record.units("pct"));
    let Some((a, b)) = number::<18>(&a).zip(number::<18>(&b)) else {
        (0..8).for_each(|_| tally.count(Outcome::OutsideRange));
        return;
    };
    let (ray_a, ray_b) = (Ray::from_raw(a.raw()), Ray::from_raw(b.raw()));
    let answer = |field| record.answer_of(field);
    tally.count(judge(a.mul_half_up(b).map_err(Into::into), answer("wadMul"), context));
    tally.count(judge(a.div_half_up(b).map_err(Into::into), answer("wadDiv"), context));
    tally.count(judge(ray_a.mul_half_up(ray_b).map_err(Into::into), answer("rayMul"), context));
    tally.count(judge(ray_a.div_half_up(ray_b).map_err(Into::into), answer("rayDiv"), context));
    tally.count(judge(ray_to_wad_half_up(ray_a).map_err(Into::into), answer("rayToWad"), context));
    tally.count(judge(Ray::try_from(a).map_err(Into::into), answer("wadToRay"), context));
    let Ok(basis_points) = u32::try_from(&basis_points) else {
        (0..2).for_each(|_| tally.count(Outcome::OutsideRange));
        return;
    };
    let product = percent_mul_half_up(a, basis_points).map_err(Into::into);
    tally.count(judge(product, answer("percentMul"), context));
    let quotient = percent_div_half_up(a, basis_points).map_err(Into::into);
    tally.count(judge(quotient, answer("percentDiv"), context));
}

fn interest(record: Record<'_>) -> Outcome {
    let context = &record.to_string();
    let (Some(rate), Ok(time)) =
        (number::<27>(&record.units("rate")), u32::try_from(record.units("dt")))
    else {
        return Outcome::OutsideRange;
    };
    let rate = Rate::<_, PerYear>::new(rate).unwrap();
    let linear = linear_interest(rate, seconds(time), SECONDS_PER_YEAR).map(Index::get);
    let first = judge(linear, record.answer_of("linear"), context);
    let compounded = compounded_interest(rate, seconds(time), SECONDS_PER_YEAR).map(Index::get);
    let second = judge(compounded, record.answer_of("compounded"), context);
    if first == Outcome::Compared { second } else { first }
}

fn ray(record: Record<'_>, field: &str) -> Ray {
    number(&record.units(field)).unwrap()
}

fn strategy(record: Record<'_>) -> RateStrategy {
    let of = |field| ray(record, field);
    RateStrategy {
        optimal_utilization: of("optimalUsageRatio"),
        base: of("baseVariableBorrowRate"),
        slope1: of("variableRateSlope1"),
        slope2: of("variableRateSlope2"),
        stable_slope1: of("stableRateSlope1"),
        stable_slope2: of("stableRateSlope2"),
        base_stable_offset: of("baseStableRateOffset"),
        stable_excess_offset: of("stableRateExcessOffset"),
        optimal_stable_part: of("optimalStableToTotalDebtRatio"),
    }
}

#[test]
fn aave_v3_interest_rate_strategy_ray() {
    let recording = Recording::load("aave_v3_interest_rate_strategy");
    let strategies: Vec<_> =
        recording.all("strategies").map(|record| (record.text("name"), strategy(record))).collect();
    let mut tally = Tally::default();
    for record in recording.all("vectors") {
        let name = record.text("strategy");
        let (_, strategy) = strategies.iter().find(|(known, _)| *known == name).unwrap();
        let amount = |field| -> Wad { number(&record.units(field)).unwrap() };
        let held = amount("availableLiquidity(token balance of aToken)").raw();
        let available = held + amount("liquidityAdded").raw() - amount("liquidityTaken").raw();
        let rates = strategy.rates(&Reserve {
            available: Wad::from_raw(available).into(),
            unbacked: amount("unbacked").into(),
            stable_debt: amount("totalStableDebt").into(),
            variable_debt: amount("totalVariableDebt").into(),
            average_stable_rate: ray(record, "averageStableBorrowRate"),
            reserve_factor: record.units("reserveFactor").try_into().unwrap(),
        });
        let rates = rates.unwrap_or_else(|error| panic!("{error:?}: {record}"));
        for (rate, field) in [
            (rates.liquidity, "liquidityRate"),
            (rates.stable, "stableBorrowRate"),
            (rates.variable, "variableBorrowRate"),
        ] {
            assert_eq!(rate.get(), ray(record, field), "{field}: {record}");
        }
        tally.count(Outcome::Compared);
    }
    tally.finish_without_refusals("aave_v3_interest_rate_strategy in Ray");
}

#[test]
fn aave_v3_liquidation_amounts_wad() {
    let mut tally = Tally::default();
    for record in Recording::load("aave_v3_liquidation_amounts").all("vectors") {
        tally.count(liquidation(record));
    }
    tally.finish("aave_v3_liquidation_amounts in Wad");
}

fn liquidation(record: Record<'_>) -> Outcome {
    let context = &record.to_string();
    let amount = |field: &str| number::<18>(&record.units(field));
    let price = |field: &str, decimals: &str| -> Result<Price<Wad>, LendingError> {
        let decimals: u32 = record.text(decimals).parse().unwrap();
        let quote = amount(field).ok_or(MathError::Overflow)?;
        Ok(Price::from_amounts(quote, Wad::from_raw(10_u128.pow(decimals)))?)
    };
    let basis_points = |field| u32::try_from(record.units(field)).unwrap();
    let ours = || {
        liquidation_amounts(
            price("priceDebt", "debtDecimals")?,
            price("priceCollateral", "collateralDecimals")?,
            amount("debtToCover").ok_or(MathError::Overflow)?,
            amount("userCollateralBalance").ok_or(MathError::Overflow)?,
            basis_points("liquidationBonusBps"),
            basis_points("liquidationProtocolFeeBps"),
        )
    };
    if record.refusal().is_some() {
        assert_eq!(ours(), Err(MathError::Zero(Kind::Price).into()), "{context}");
        return Outcome::Refused;
    }
    match ours() {
        Ok(amounts) => {
            for (ours, field) in [
                (amounts.to_liquidator, "collateralToLiquidator"),
                (amounts.repaid, "debtAmountNeeded"),
                (amounts.to_protocol, "protocolFee"),
            ] {
                assert_eq!(
                    ours.get().raw(),
                    record.units(field).try_into().unwrap(),
                    "{field}: {context}"
                );
            }
            Outcome::Compared
        }
        Err(error) => {
            assert_eq!(error, MathError::Overflow.into(), "{context}");
            // The intermediate figure that exceeds 128 bits.
            let of = |field| record.units(field);
            let ten = |field: &str| BigUint::from(10_u32).pow(record.text(field).parse().unwrap());
            let base = of("debtToCover") * of("priceDebt") * ten("collateralDecimals")
                / (of("priceCollateral") * ten("debtDecimals"));
            let seized = base * of("liquidationBonusBps") / 10_000_u32;
            assert!(seized.bits() > 128, "{context}");
            Outcome::OutsideRange
        }
    }
}
