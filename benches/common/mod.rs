//! Inputs of real size, and the same arithmetic as one would write it otherwise.

#![allow(dead_code, reason = "each bench uses its part")]
#![allow(
    clippy::unwrap_used,
    clippy::float_arithmetic,
    clippy::arithmetic_side_effects,
    clippy::cast_precision_loss,
    clippy::cast_possible_wrap,
    clippy::cast_possible_truncation,
    reason = "inputs are fixed, and a wrong one should stop the bench"
)]

use defi_math::{Amount, Number, Wad};
use ruint::aliases::U256;
use rust_decimal::Decimal;

/// Trades a batch: enough to amortize the loop, few enough to stay in the first cache.
pub(crate) const BATCH: u64 = 64;

/// A trade and the reserves it meets, in base units.
#[derive(Clone, Copy)]
pub(crate) struct Trade<T> {
    pub(crate) dx: T,
    pub(crate) x: T,
    pub(crate) y: T,
}

/// A size class: its name, the decimals of the two tokens, its trades.
pub(crate) struct Class {
    pub(crate) name: &'static str,
    decimals: Option<(u32, u32)>,
    trades: Vec<Trade<u128>>,
}

impl Class {
    fn new(
        name: &'static str,
        decimals: Option<(u32, u32)>,
        Trade { dx, x, y }: Trade<u128>,
    ) -> Self {
        // Varied by some percent, so that no branch or division sees the same operands twice.
        let trades = (0..u128::from(BATCH))
            .map(|i| Trade { dx: dx + i * dx / 100, x: x - i * x / 200, y: y - i * y / 300 })
            .collect();
        Self { name, decimals, trades }
    }

    pub(crate) fn wad(&self) -> Vec<Trade<Amount<Wad>>> {
        let of = |units| Amount::from(Wad::from_raw(units));
        self.trades.iter().map(|t| Trade { dx: of(t.dx), x: of(t.x), y: of(t.y) }).collect()
    }

    pub(crate) fn ruint(&self) -> Vec<Trade<U256>> {
        let of = |units: u128| U256::from(units);
        self.trades.iter().map(|t| Trade { dx: of(t.dx), x: of(t.x), y: of(t.y) }).collect()
    }

    /// Whole tokens, where a `Decimal` can hold them.
    pub(crate) fn decimal(&self) -> Option<Vec<Trade<Decimal>>> {
        let (x, y) = self.decimals?;
        let of = |units: u128, decimals| {
            Decimal::try_from_i128_with_scale(units as i128, decimals).unwrap()
        };
        Some(
            self.trades
                .iter()
                .map(|t| Trade { dx: of(t.dx, x), x: of(t.x, x), y: of(t.y, y) })
                .collect(),
        )
    }

    /// Whole tokens.
    pub(crate) fn f64(&self) -> Vec<Trade<f64>> {
        let (x, y) = self.decimals.unwrap_or((18, 18));
        let of = |units: u128, decimals: u32| units as f64 / 10_f64.powi(decimals as i32);
        self.trades
            .iter()
            .map(|t| Trade { dx: of(t.dx, x), x: of(t.x, x), y: of(t.y, y) })
            .collect()
    }
}

/// The same trades as quantities.
pub(crate) fn quantities<N: Number>(trades: &[Trade<N>]) -> Vec<Trade<Amount<N>>> {
    let of = |number| Amount::new(number).unwrap();
    trades.iter().map(|t| Trade { dx: of(t.dx), x: of(t.x), y: of(t.y) }).collect()
}

/// A reserve of 6 decimals against one of 18, two of 18, and the largest that a pair can hold.
pub(crate) fn classes() -> [Class; 3] {
    [
        // 12,345 USDC into 43 million USDC and 17,283 WETH.
        Class::new(
            "6_18",
            Some((6, 18)),
            Trade { dx: 12_345_678_901, x: 43_210_987_654_321, y: 17_283_950_617_283_950_617_283 },
        ),
        // 1.2 of 98 thousand tokens against 43 million.
        Class::new(
            "18_18",
            Some((18, 18)),
            Trade {
                dx: 1_234_567_890_123_456_789,
                x: 98_765_432_109_876_543_210_987,
                y: 43_210_987_654_321_098_765_432_109,
            },
        ),
        Class::new(
            "112_bit",
            None,
            Trade { dx: (1 << 109) + 987_654_321, x: (1 << 111) + 12_345, y: (1 << 112) - 1 },
        ),
    ]
}
