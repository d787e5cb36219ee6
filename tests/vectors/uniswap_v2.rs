//! What all recordings of Uniswap v2 share: which refusal of the crate a revert stands for.

use defi_math::MathError;
use defi_math::amm::AmmError;

use crate::number::Units;
use crate::recording::Outcome;

/// The refusals that a revert of an operation can stand for.
fn meanings(operation: &str, revert: &str) -> &'static [AmmError] {
    const OVERFLOW: AmmError = AmmError::Math(MathError::Overflow);
    // Older compilers divide by zero with an invalid opcode, which the recorder explains.
    let revert = if revert.starts_with("invalid opcode") { "division by zero" } else { revert };
    match (operation, revert) {
        (_, "UniswapV2: INSUFFICIENT_INPUT_AMOUNT")
        | ("getAmountOut", "UniswapV2Library: INSUFFICIENT_INPUT_AMOUNT")
        | ("quote", "UniswapV2Library: INSUFFICIENT_AMOUNT") => &[AmmError::InsufficientInput],

        (_, "UniswapV2: INSUFFICIENT_OUTPUT_AMOUNT")
        | ("getAmountIn", "UniswapV2Library: INSUFFICIENT_OUTPUT_AMOUNT") => {
            &[AmmError::InsufficientOutput]
        }

        // The library subtracts the output from its reserve and divides by what is left.
        (_, "UniswapV2: INSUFFICIENT_LIQUIDITY" | "UniswapV2Library: INSUFFICIENT_LIQUIDITY")
        | ("getAmountIn", "ds-math-sub-underflow" | "division by zero") => {
            &[AmmError::InsufficientLiquidity]
        }

        (_, "UniswapV2: K") => &[AmmError::InvariantViolated],

        // A first deposit can be worth fewer shares than are locked.
        (_, "UniswapV2: INSUFFICIENT_LIQUIDITY_MINTED") | ("mint", "ds-math-sub-underflow") => {
            &[AmmError::InsufficientLiquidityMinted]
        }

        (_, "UniswapV2: INSUFFICIENT_LIQUIDITY_BURNED") => &[AmmError::InsufficientLiquidityBurned],

        // More shares than their owner has, and shares of a pair that has none.
        ("burn", "ds-math-sub-underflow" | "division by zero") => &[AmmError::InsufficientShares],

        // A balance above the pair's bound; it can be above the number's, too.
        (_, "UniswapV2: OVERFLOW") | ("swap" | "swap2", "ds-math-mul-overflow") => {
            &[AmmError::ReserveOverflow, OVERFLOW]
        }

        // The library multiplies before it looks whether the reserve has so much.
        ("getAmountIn", "ds-math-mul-overflow") => &[AmmError::InsufficientLiquidity, OVERFLOW],

        (_, "ds-math-mul-overflow" | "ds-math-add-overflow") => &[OVERFLOW],

        _ => panic!("which refusal is {revert} of {operation}?"),
    }
}

/// Checks that what the contract refused is refused here, and for the same reason.
pub(crate) fn check_refusal<N: Units>(
    operation: &str,
    revert: &str,
    refusal: Option<AmmError>,
    context: &str,
) -> Outcome {
    let permitted = meanings(operation, revert);
    let Some(refusal) = refusal else {
        // The pair's bound is 112 bits of base units; a type that ends below it has none there.
        let bound = permitted.contains(&MathError::Overflow.into());
        assert!(bound && N::BITS < 112, "not refused with {revert}: {context}");
        return Outcome::OutsideRange;
    };
    assert!(permitted.contains(&refusal), "{refusal:?} for {revert}: {context}");
    Outcome::Refused
}
