//! Laws: what is true of every pool and every number, whatever the inputs.
//!
//! The name of a test is the law. On `Wad` and `Decimal` a law has no tolerance, and is compared in
//! integers of any size; on `f64` it has the stated one. The cases are those of
//! [`defi_math::laws::strategies`], and a law must accept enough of them: see [`support::check`].
//!
//! `PROPTEST_CASES=20000 cargo test --release --test laws` looks harder.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking; the big integers and rationals that it compares in do not"
)]

mod adversary;
mod arguments;
mod decimal;
mod float;
mod lending_account;
mod lending_adversary;
mod lending_attacks;
mod lending_float;
mod lending_market;
mod lending_rates;
mod lending_support;
mod number;
mod own_types;
mod shares;
mod staking;
mod support;
mod swap;
mod value;
mod vault;
