//! An independent oracle: each formula again in rational numbers of any size, and every answer of the
//! crate held against it, digit for digit and refusal for refusal.
//!
//! The formulas are written from the papers and the contracts' documentation, not from the crate.
//! Nothing here is fast, and nothing is rounded but where [`exact::Exactly::round`] says so. A refusal
//! must have its cause in the exact value: too large, too many digits, a numerator of more bits than
//! the chain's.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    clippy::similar_names,
    clippy::struct_field_names,
    clippy::needless_pass_by_value,
    clippy::clone_on_copy,
    reason = "a test fails by panicking, its integers are unbounded, floats are among what it tests, and its generic code speaks of like things alike"
)]

mod accumulator;
mod check;
mod conversion;
mod curve;
mod exact;
mod float;
mod generate;
mod lending;
mod liquidity;
mod number;
mod pool;
mod quantity;
mod rate;
mod slashing;
mod staking;
mod text;
mod vault;
