//! What deployed contracts answered, replayed: every digit and every refusal.
//!
//! Each `<recording>.rs` replays the `<recording>.json` beside it. A recording is read when the test
//! runs, and nothing here knows how long it is.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking, and its integers are unbounded"
)]

mod maker;
mod maker_abaci;
mod maker_jug_rpow;
mod maker_liquidation_scenarios;
mod maker_pot_scenarios;
mod maker_vat_frob;
mod number;
mod recording;
mod uniswap_v2;
mod uniswap_v2_initial_mint;
mod uniswap_v2_library;
mod uniswap_v2_pair_scenarios;
