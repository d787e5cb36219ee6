//! `UniswapV2Library`: `getAmountOut`, `getAmountIn`, `quote`.

use defi_math::amm::{AmmError, ConstantProduct};
use defi_math::num::Rounding;
use defi_math::{Amount, Fee, Wad};
use num_bigint::BigUint;
use num_integer::Integer;
use rust_decimal::Decimal;

use crate::number::{Exact, Units, check_answer};
use crate::recording::{Outcome, Record, Recording, Tally};
use crate::uniswap_v2::check_refusal;

const NAME: &str = "uniswap_v2_library";

#[test]
fn uniswap_v2_library_wad() {
    replay::<Wad>();
}

#[test]
fn uniswap_v2_library_decimal() {
    replay::<Decimal>();
}

fn replay<N: Units>() {
    let recording = Recording::load(NAME);
    let mut tally = Tally::default();
    for record in recording.all("getAmountOut") {
        tally.count(amount_out::<N>(record));
    }
    for record in recording.all("getAmountIn") {
        tally.count(amount_in::<N>(record));
    }
    for record in recording.all("quote") {
        tally.count(proportional::<N>(record));
    }
    tally.finish(&format!("{NAME} in {}", N::NAME));
}

/// A recorded call: an amount, the reserves of the two tokens, and what came of it.
struct Call<'a, N> {
    operation: &'a str,
    units: [BigUint; 3],
    amount: N,
    reserves: [N; 2],
    answer: Result<BigUint, &'a str>,
    context: String,
}

impl<'a, N: Units> Call<'a, N> {
    /// The call, if the number type can express it.
    fn read(
        operation: &'a str,
        record: Record<'a>,
        inputs: [&str; 3],
        answer: &str,
    ) -> Option<Self> {
        let units = inputs.map(|input| record.units(input));
        let [amount, x, y] = units.each_ref().map(N::from_units);
        Some(Self {
            operation,
            amount: amount?,
            reserves: [x?, y?],
            answer: record.answer(answer),
            context: format!("{operation} {record}"),
            units,
        })
    }

    fn on_curve(
        &self,
        quote: impl FnOnce(ConstantProduct<N>, N) -> Result<Amount<N>, AmmError>,
    ) -> Result<N, AmmError> {
        let [x, y] = self.reserves;
        let curve = ConstantProduct::new(x, y, Fee::PERCENT_0_30)?;
        Ok(quote(curve, self.amount)?.get())
    }

    /// Checks a result against the contract's answer to the call.
    fn check(&self, result: Result<N, AmmError>, beside: &BigUint, rounding: Rounding) -> Outcome {
        let Self { operation, answer, context, .. } = self;
        match answer {
            Ok(value) => check_answer(result, Exact { value, beside, rounding }, context),
            // The contract looks at the amount first; here no curve has an empty reserve.
            Err(_) if self.reserves.iter().any(|reserve| reserve.is_zero()) => {
                assert_eq!(result, Err(AmmError::InsufficientLiquidity), "{context}");
                Outcome::Refused
            }
            Err(revert) => check_refusal::<N>(operation, revert, result.err(), context),
        }
    }
}

fn amount_out<N: Units>(record: Record<'_>) -> Outcome {
    let inputs = ["amountIn", "reserveIn", "reserveOut"];
    let Some(call) = Call::<N>::read("getAmountOut", record, inputs, "amountOut") else {
        return Outcome::OutsideRange;
    };
    let [_, _, y] = &call.units;
    call.check(call.on_curve(ConstantProduct::amount_out), y, Rounding::Down)
}

/// The router's input, and the exact one: the same, or one unit less if and only if
/// `1000·x·dy / (997·(y − dy))` is a whole number.
fn amount_in<N: Units>(record: Record<'_>) -> Outcome {
    let inputs = ["amountOut", "reserveIn", "reserveOut"];
    let Some(call) = Call::<N>::read("getAmountIn", record, inputs, "amountIn") else {
        return Outcome::OutsideRange;
    };
    let [dy, x, y] = &call.units;
    let exact = call.on_curve(ConstantProduct::amount_in);
    if call.answer.is_ok() {
        let value = &(x * dy * 1_000_u32).div_ceil(&((y - dy) * 997_u32));
        let exact_in = Exact { value, beside: x, rounding: Rounding::Up };
        check_answer(exact, exact_in, &call.context);
    } else {
        call.check(exact, x, Rounding::Up);
    }
    call.check(call.on_curve(ConstantProduct::router_amount_in), x, Rounding::Up)
}

fn proportional<N: Units>(record: Record<'_>) -> Outcome {
    let inputs = ["amountA", "reserveA", "reserveB"];
    let Some(call) = Call::<N>::read("quote", record, inputs, "amountB") else {
        return Outcome::OutsideRange;
    };
    let [_, _, y] = &call.units;
    call.check(call.on_curve(ConstantProduct::proportional), y, Rounding::Down)
}
