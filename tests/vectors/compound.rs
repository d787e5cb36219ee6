//! What all recordings of Compound share.

use defi_math::lending::{InterestRateModel, LendingError};
use defi_math::rate::{PerBlock, PerYear};
use defi_math::{Kind, MathError};
use num_bigint::BigUint;

use crate::number::Units;
use crate::recording::Outcome;

/// 10^18.
pub(crate) fn one() -> BigUint {
    BigUint::from(10_u32).pow(18)
}

/// Whether a number type has all 18 places for each of these figures, and room for sums of them.
pub(crate) fn holds<N: Units>(figures: &[BigUint]) -> bool {
    // A `Decimal` leaves three digits free, a `Wad` none.
    let free = if N::BITS < 128 { 1_000_u32 } else { 1 };
    figures.iter().all(|figure| (figure * free).bits() <= N::BITS)
}

/// The refusals that a failure of the arithmetic can stand for.
fn meanings(failure: &str) -> &'static [LendingError] {
    match failure {
        "Panic(0x12)" => &[LendingError::Math(MathError::DivisionByZero)],
        "Panic(0x11)" => {
            &[LendingError::Math(MathError::Overflow), LendingError::Math(MathError::Underflow)]
        }
        // PRICE_ERROR
        "13" => &[LendingError::Math(MathError::Zero(Kind::Price))],
        "LiquidateComptrollerRejection(3)" | "liquidate 3" => &[LendingError::Healthy],
        "BorrowComptrollerRejection(4)" | "borrow 3" => &[LendingError::InsufficientCollateral],
        "RedeemTransferOutNotPossible()" | "redeem 14" | "redeemUnderlying 14" => {
            &[LendingError::InsufficientCash]
        }
        _ => panic!("which refusal is {failure}?"),
    }
}

/// Checks that what the contract refused is refused here, and for the same reason.
pub(crate) fn check_refusal<T>(
    failure: &str,
    result: Result<T, LendingError>,
    context: &str,
) -> Outcome {
    let Some(refusal) = result.err() else { panic!("not refused with {failure}: {context}") };
    assert!(meanings(failure).contains(&refusal), "{refusal:?} for {failure}: {context}");
    Outcome::Refused
}

/// Older deployments' year, and that of the recorded ones.
pub(crate) const BLOCKS_PER_YEAR: u32 = 2_102_400;

/// `JumpRateModelV2`, whose multiplier is the rise reached at the kink.
pub(crate) fn jump_model<N: Units>(
    base: N,
    rise: N,
    jump: N,
    kink: N,
) -> Result<InterestRateModel<N, PerBlock>, LendingError> {
    InterestRateModel::<_, PerYear>::kinked_by_rise(base, rise, kink, jump)?
        .spread_down(BLOCKS_PER_YEAR)
}

/// `WhitePaperInterestRateModel`, whose multiplier is the slope.
pub(crate) fn white_paper_model<N: Units>(
    base: N,
    slope: N,
) -> Result<InterestRateModel<N, PerBlock>, LendingError> {
    InterestRateModel::<_, PerYear>::linear(base, slope)?.spread_down(BLOCKS_PER_YEAR)
}
