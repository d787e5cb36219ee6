//! The scenario of `examples/stress_day`, small: in every kind of number the books balance, and the exact
//! numbers agree to the last digit.

#![allow(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    dead_code,
    reason = "a test fails by panicking; of the example only the scenario is used"
)]

#[path = "../examples/stress_day/prices.rs"]
mod prices;
#[path = "../examples/stress_day/scenario/mod.rs"]
mod scenario;

use defi_math::Wad;
use prices::{Hour, Window};
use rust_decimal::Decimal;
use scenario::number::Token;
use scenario::{Choices, Curve, Day, distance, run};

/// Far above what is seen, and far below a thousandth of a cent on what is at risk.
const FLOAT_DISTANCE: f64 = 1e-6;

fn choices() -> Choices {
    Choices {
        positions: 300,
        seed: 7,
        curve: Curve::Stairstep,
        close_factor: "0.5".to_owned(),
        guarded: true,
    }
}

/// The worst two days of a window.
fn worst_days(window: Window) -> Vec<Hour> {
    let hours = prices::hours(window).unwrap();
    let lowest = (0..hours.len()).min_by_key(|&at| hours[at].low).unwrap();
    hours[lowest.saturating_sub(36)..hours.len().min(lowest + 12)].to_vec()
}

/// The day, whose books balance and on which something has happened.
fn day<N: Token>(hours: &[Hour], choices: &Choices) -> Day<N> {
    let day = run::<N>(hours, choices, |_| ()).unwrap();
    for entry in &day.books {
        assert!(entry.holds, "{}: {} is not {}", entry.what, entry.counted, entry.expected);
    }
    let liquidations = |row: &scenario::Row<N>| (row.loan_liquidations, row.vault_liquidations);
    let (loans, vaults) = day
        .series
        .iter()
        .map(liquidations)
        .fold((0, 0), |(loans, vaults), (more, others)| (loans + more, vaults + others));
    assert!(loans > 0 && vaults > 0, "{loans} and {vaults} liquidations");
    day
}

fn written<N: Token>(day: &Day<N>) -> (Vec<[String; 11]>, String) {
    (day.series.iter().map(scenario::Row::cells).collect(), day.to_string())
}

#[test]
fn wad_and_decimal_agree_to_the_last_digit_on_every_window() {
    for window in [Window::March2020, Window::May2021, Window::June2022, Window::August2024] {
        let hours = worst_days(window);
        let wad = written(&day::<Wad>(&hours, &choices()));
        assert_eq!(wad, written(&day::<Decimal>(&hours, &choices())), "{window}");
    }
}

#[test]
fn floats_stay_near_the_exact_run() {
    let hours = worst_days(Window::March2020);
    let (apart, what) = distance(&day::<f64>(&hours, &choices()), &day::<Wad>(&hours, &choices()));
    assert!(apart > 0.0 && apart <= FLOAT_DISTANCE, "{apart} of {what}");
}

#[test]
fn the_books_balance_whatever_is_chosen() {
    let hours = worst_days(Window::May2021);
    for curve in [Curve::Linear, Curve::Stairstep, Curve::Exponential] {
        for close_factor in ["0.1", "1"] {
            for guarded in [false, true] {
                let close_factor = close_factor.to_owned();
                let chosen = Choices { curve, close_factor, guarded, ..choices() };
                let day = day::<Wad>(&hours, &chosen);
                let trips = day.series.last().unwrap().guard_trips;
                assert_eq!(trips > 0, guarded);
            }
        }
    }
}

#[test]
fn a_seed_says_everything() {
    let hours = worst_days(Window::March2020);
    let of = |seed| written(&day::<Wad>(&hours, &Choices { seed, ..choices() }));
    assert_eq!(of(1), of(1));
    assert_ne!(of(1), of(2));
}
