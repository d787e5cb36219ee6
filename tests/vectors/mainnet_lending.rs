//! Calls that Compound and Aave answered on mainnet, of models whose parameters are known. Where they come
//! from: `README.md`.

use std::collections::HashMap;

use defi_math::lending::aave::{Reserve, liquidity_rate, overall_borrow_rate};
use defi_math::lending::{InterestRateModel, LendingError, LiquidationTerms, utilization};
use defi_math::rate::{PerBlock, PerYear, Rate};
use defi_math::{Price, Ray, Wad};

use crate::compound::BLOCKS_PER_YEAR;
use crate::recording::say;

type Row = HashMap<String, String>;

fn rows(name: &str) -> Vec<Row> {
    let path = format!("{}/tests/vectors/mainnet_{name}.csv", env!("CARGO_MANIFEST_DIR"));
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

fn wad(row: &Row, column: &str) -> Wad {
    Wad::from_raw(row[column].parse().unwrap())
}

fn percent(n: u128) -> Wad {
    Wad::from_raw(n * 10_000_000_000_000_000)
}

/// The rate of a block that the model behind an address answers.
fn borrow_rate(row: &Row) -> Result<Rate<Wad, PerBlock>, LendingError> {
    let [cash, borrows, reserves] = ["cash", "borrows", "reserves"].map(|column| wad(row, column));
    let linear =
        |base, slope| InterestRateModel::<_, PerYear>::linear(percent(base), percent(slope));
    let kinked = |base, rise, kink, jump| {
        InterestRateModel::<_, PerYear>::kinked_by_rise(
            percent(base),
            percent(rise),
            percent(kink),
            percent(jump),
        )
    };
    // The first models left the reserves out, and spread the yearly rate, not its parameters.
    let first = |model: InterestRateModel<Wad, PerYear>| {
        let yearly = model.borrow_rate(utilization(cash, borrows, Wad::ZERO)?)?;
        Ok(yearly.spread_down(BLOCKS_PER_YEAR)?)
    };
    let later = |model: InterestRateModel<Wad, PerYear>| {
        let model = model.spread_down(BLOCKS_PER_YEAR)?;
        model.borrow_rate(utilization(cash, borrows, reserves)?)
    };
    match row["rate_model"].as_str() {
        // cETH
        "0x0c3f8df27e1a00b47653fde878d68d35f00714c0" => first(linear(2, 10)?),
        // cETH and cBAT before it
        "0xbae04cbf96391086dc643e842b517734e214d698" => first(linear(2, 30)?),
        // cUNI: 2 % + 35 %·u to the kink
        "0xd88b94128ff2b8cf2d7886cd1c1e46757418ca2a" => later(kinked(2, 28, 80, 300)?),
        // cUSDC; cDAI and cUSDT
        "0xd8ec56013ea119e7181d231e5048f90fbbe753c0"
        | "0xfb564da37b41b2f6b6edcc3e56fbf523bd9f2012"
        | "0xfed941d39905b23d6faf02c8301d40bd4834e27f" => later(kinked(0, 4, 80, 109)?),
        address => panic!("unknown model {address}"),
    }
}

#[test]
fn compound_mainnet_borrow_rates() {
    let rows = rows("compound_borrow_rates");
    for row in &rows {
        let rate = borrow_rate(row).unwrap();
        assert_eq!(rate.get(), wad(row, "borrow_rate_per_block_wad"), "{row:?}");
    }
    say(&format!("mainnet getBorrowRate in Wad: {} compared", rows.len()));
    assert!(!rows.is_empty());
}

#[test]
fn compound_mainnet_seizures() {
    let rows = rows("compound_seize_tokens");
    for row in &rows {
        // Governance raised the incentive of the first comptroller from 5 % to 8 %.
        let early = row["block"].parse::<u64>().unwrap() < 10_000_000;
        let incentive = percent(if early { 105 } else { 108 });
        let terms = LiquidationTerms::new(Wad::ONE, incentive, Wad::ZERO).unwrap();
        let price = |column| Price::new(wad(row, column)).unwrap();
        let seized = terms.seize_shares(
            wad(row, "repay_amount"),
            price("price_borrowed"),
            price("price_collateral"),
            wad(row, "exchange_rate_stored"),
        );
        assert_eq!(seized.unwrap().get(), wad(row, "seize_tokens"), "{row:?}");
    }
    say(&format!("mainnet liquidateCalculateSeizeTokens in Wad: {} compared", rows.len()));
    assert!(!rows.is_empty());
}

#[test]
fn aave_mainnet_liquidity_rates() {
    let rows = rows("aave_interest_rates");
    for row in &rows {
        let ray = |column: &str| Ray::from_raw(row[column].parse().unwrap());
        // The first version's treasury takes no part of the interest.
        let factor = row["reserve_factor_bps"].parse().unwrap_or(0);
        let reserve = Reserve {
            available: wad(row, "available_liquidity").into(),
            unbacked: Wad::ZERO.into(),
            stable_debt: wad(row, "total_stable_debt").into(),
            variable_debt: wad(row, "total_variable_debt").into(),
            average_stable_rate: ray("avg_stable_rate_ray"),
            reserve_factor: factor,
        };
        let overall = overall_borrow_rate(&reserve, ray("variable_rate_ray")).unwrap();
        let debt = (reserve.stable_debt + reserve.variable_debt).unwrap();
        let whole = (debt + reserve.available).unwrap();
        let used = Ray::from_raw(debt.get().raw())
            .div_half_up(Ray::from_raw(whole.get().raw()))
            .unwrap_or(Ray::ZERO);
        let rate = liquidity_rate(overall, used, factor).unwrap();
        assert_eq!(rate.get(), ray("liquidity_rate_ray"), "{row:?}");
    }
    say(&format!("mainnet calculateInterestRates in Ray: {} liquidity rates compared", rows.len()));
    assert!(!rows.is_empty());
}
