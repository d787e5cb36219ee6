//! `UniswapV2Pair.mint` on an empty pair.

use defi_math::amm::{Amounts, Pool, Token};
use defi_math::num::Rounding;
use defi_math::{Fee, Shares, Wad};
use num_bigint::BigUint;
use rust_decimal::Decimal;

use crate::number::{Exact, Units, check_answer};
use crate::recording::{Outcome, Record, Recording, Tally};
use crate::uniswap_v2::check_refusal;

const NAME: &str = "uniswap_v2_initial_mint";

#[test]
fn uniswap_v2_initial_mint_wad() {
    replay::<Wad>();
}

#[test]
fn uniswap_v2_initial_mint_decimal() {
    replay::<Decimal>();
}

fn replay<N: Units>() {
    let mut tally = Tally::default();
    for record in Recording::load(NAME).all("vectors") {
        tally.count(mint::<N>(record));
    }
    tally.finish(&format!("{NAME} in {}", N::NAME));
}

fn mint<N: Units>(record: Record<'_>) -> Outcome {
    let [x, y] = ["amount0", "amount1"].map(|field| N::from_units(&record.units(field)));
    let (Some(x), Some(y)) = (x, y) else {
        return Outcome::OutsideRange;
    };
    let context = &record.to_string();
    let mint = Pool::empty(Fee::PERCENT_0_30).mint(Amounts::new(x, y).unwrap());
    if let Some(revert) = record.refusal() {
        return check_refusal::<N>("mint", revert, mint.err(), context);
    }
    if let Ok(mint) = mint {
        assert_eq!((mint.amounts.x.get(), mint.amounts.y.get()), (x, y), "{context}");
        assert_eq!(mint.protocol_shares, Shares::ZERO, "{context}");
        assert_eq!([Token::X, Token::Y].map(|t| mint.after.reserve(t).get()), [x, y], "{context}");
    }
    let check = |result, value: BigUint| {
        let exact = Exact { value: &value, beside: &BigUint::ZERO, rounding: Rounding::Down };
        check_answer(result, exact, context)
    };
    let outcome = check(mint.map(|mint| mint.after.supply().get()), record.units("totalSupply"));
    let shares = match mint {
        // All but the locked minimum of a supply that has lost places already.
        Ok(mint) if outcome == Outcome::OutsideRange => {
            mint.after.supply().get().units() - 1_000_u32
        }
        _ => record.units("liquidity"),
    };
    check(mint.map(|mint| mint.shares.get()), shares);
    outcome
}
