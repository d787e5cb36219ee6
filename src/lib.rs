#![doc = include_str!("../docs/overview.md")]
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "std")]
extern crate std;

pub mod amm;
pub mod error;
pub mod num;
pub mod quantity;
pub mod rate;
#[cfg(feature = "serde")]
mod text;

pub use error::{Error, Kind, MathError};
pub use num::{Number, Ray, Wad};
pub use quantity::{Amount, Fee, FeeShare, Index, IntoQuantity, Price, Ratio, Shares};
pub use rate::Rate;
