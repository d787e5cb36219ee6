#![doc = include_str!("../docs/overview.md")]
#![no_std]
#![forbid(unsafe_code)]

pub mod amm;
pub mod error;
#[cfg(feature = "proptest")]
pub mod laws;
pub mod lending;
pub mod num;
pub mod quantity;
pub mod rate;
pub mod staking;
#[cfg(feature = "serde")]
mod text;
pub mod vault;

pub use error::{Error, Kind, MathError};
pub use num::{Number, Ray, Wad};
pub use quantity::{Amount, Fee, FeeShare, Index, IntoQuantity, Price, Ratio, Shares};
pub use rate::Rate;

/// The long documents of the project: formulas, rounding, laws, sources, design, benchmarks.
pub mod docs {
    #[doc = include_str!("../docs/formulas.md")]
    pub mod formulas {}

    #[doc = include_str!("../docs/rounding.md")]
    pub mod rounding {}

    #[doc = include_str!("../docs/laws.md")]
    pub mod laws {}

    #[doc = include_str!("../docs/sources.md")]
    pub mod sources {}

    #[doc = include_str!("../docs/design.md")]
    pub mod design {}

    #[doc = include_str!("../docs/benchmarks.md")]
    pub mod benchmarks {}
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
