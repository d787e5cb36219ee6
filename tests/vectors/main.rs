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
    clippy::needless_pass_by_value,
    clippy::single_match_else,
    clippy::too_many_lines,
    reason = "a test fails by panicking, and its integers are unbounded"
)]

mod aave_v3;
mod compound;
mod compound_comptroller;
mod compound_ctoken_scenarios;
mod compound_interest_rate_models;
mod erc4626_lending;
mod lido_steth;
mod mainnet_lending;
mod maker;
mod maker_abaci;
mod maker_jug_rpow;
mod maker_liquidation_scenarios;
mod maker_pot_scenarios;
mod maker_vat_frob;
mod number;
mod recording;
mod rocketpool_reth;
mod staking_erc4626;
mod synthetix_staking_rewards;
mod uniswap_v2;
mod uniswap_v2_initial_mint;
mod uniswap_v2_library;
mod uniswap_v2_pair_scenarios;
