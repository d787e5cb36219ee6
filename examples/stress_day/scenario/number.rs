//! What the scenario asks of a number.

use std::fmt::Debug;

use defi_math::num::RELATIVE_TOLERANCE;
use defi_math::vault::VaultNumber;
use defi_math::{Amount, Number, Wad};
use rust_decimal::Decimal;

use super::Outcome;

/// A number that all four protocols run on, made from millionths so that the three kinds start alike.
pub(crate) trait Token:
    VaultNumber<Exact: Send + Sync, Rate: Send + Sync> + Send + Sync
{
    /// Whether its books balance to the last unit.
    const EXACT: bool;

    /// So many millionths.
    fn millionths(count: u64) -> Self;
}

impl Token for Wad {
    const EXACT: bool = true;

    fn millionths(count: u64) -> Self {
        Self::from_raw(u128::from(count) * 1_000_000_000_000)
    }
}

impl Token for Decimal {
    const EXACT: bool = true;

    fn millionths(count: u64) -> Self {
        Self::from_i128_with_scale(count.into(), 6)
    }
}

impl Token for f64 {
    const EXACT: bool = false;

    #[expect(clippy::cast_precision_loss, reason = "amounts are far below 2^53 millionths")]
    fn millionths(count: u64) -> Self {
        count as Self / 1e6
    }
}

/// So many millionths of a token.
pub(crate) fn amount<N: Token>(millionths: u64) -> Outcome<Amount<N>> {
    Ok(Amount::new(N::millionths(millionths))?)
}

/// The number that a text says.
pub(crate) fn number<N: Number>(text: &str) -> Outcome<N> {
    N::parse(text, defi_math::Kind::Number).map_err(Into::into)
}

/// What a float may gain or lose over a whole run, of what was moved.
const DRIFT: f64 = 1e-9;

/// One line of the books: two ways of counting the same thing.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) what: &'static str,
    pub(crate) counted: String,
    pub(crate) expected: String,
    pub(crate) holds: bool,
}

impl Entry {
    pub(crate) const COLUMNS: [&'static str; 4] = ["what", "counted", "expected", "holds"];

    pub(crate) fn cells(&self) -> [String; 4] {
        let Self { what, counted, expected, holds } = self;
        [(*what).to_owned(), counted.clone(), expected.clone(), holds.to_string()]
    }

    /// To the last unit; for floats, within a billionth.
    pub(crate) fn of<N: Token>(
        what: &'static str,
        counted: Amount<N>,
        expected: Amount<N>,
    ) -> Self {
        let (a, b) = (counted.to_f64(), expected.to_f64());
        let near = (a - b).abs() <= DRIFT.max(RELATIVE_TOLERANCE) * a.max(b).max(1.0);
        Self {
            what,
            counted: counted.to_string(),
            expected: expected.to_string(),
            holds: if N::EXACT { counted == expected } else { near },
        }
    }

    /// A fact that holds or does not.
    pub(crate) fn fact(what: &'static str, holds: bool) -> Self {
        let said = |holds: bool| if holds { "yes" } else { "no" }.to_owned();
        Self { what, counted: said(holds), expected: said(true), holds }
    }
}

/// The exact sum of amounts.
pub(crate) fn total<N: Token>(amounts: impl IntoIterator<Item = Amount<N>>) -> Outcome<Amount<N>> {
    Ok(amounts.into_iter().try_fold(Amount::ZERO, |sum, amount| sum + amount)?)
}
