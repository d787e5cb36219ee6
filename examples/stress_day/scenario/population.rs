//! Who is there when the day begins. All of it is invented: drawn from a seed, in millionths, so that
//! the same seed gives the same people in every kind of number.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;

/// The collateral that a lending market or a vault system holds at the start, in dollars.
pub(crate) const COLLATERAL_IN_DOLLARS: u64 = 24_000_000;

/// The stake of the whole network, in its own token.
pub(crate) const STAKE: u64 = 400_000;

/// Somebody with collateral and a debt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Debtor {
    /// Millionths of ETH.
    pub(crate) collateral: u64,
    /// Collateral over what its debt needs, in thousandths: 1,000 is on the edge.
    pub(crate) cushion: u64,
}

/// A validator and what it has borrowed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Validator {
    /// Millionths of the network's token.
    pub(crate) stake: u64,
    /// The part of what it may borrow that it has borrowed, in thousandths.
    pub(crate) borrowed: u64,
    /// The part of its stake that it loses if the fault of the worst hour is its, in thousandths.
    pub(crate) slash: Option<u64>,
}

/// Sizes that sum to at most the total, a few large and many small: `1/(rank + n/50)`.
fn sizes(count: usize, total: u64) -> Vec<u64> {
    let count = count as u64;
    let weights: Vec<u64> =
        (0..count).map(|rank| 1_000_000_000 / (rank + count / 50 + 1)).collect();
    let sum: u128 = weights.iter().map(|&weight| u128::from(weight)).sum();
    weights
        .into_iter()
        .map(|weight| (u128::from(weight) * u128::from(total) * 1_000_000 / sum) as u64)
        .collect()
}

/// Debtors whose collateral together is worth [`COLLATERAL_IN_DOLLARS`] at a price in millionths: a third
/// within 30 % of the edge, the rest up to four times it.
pub(crate) fn debtors(seed: u64, stream: u64, count: usize, price: u64) -> Vec<Debtor> {
    let mut random = ChaCha12Rng::seed_from_u64(seed);
    random.set_stream(stream);
    let ether = u128::from(COLLATERAL_IN_DOLLARS) * 1_000_000 / u128::from(price);
    let mut debtors: Vec<Debtor> = sizes(count, ether as u64)
        .into_iter()
        .map(|collateral| {
            let bold = random.random_range(0..3_u32) == 0;
            let cushion = if bold { 1_050..1_300 } else { 1_300..4_000 };
            Debtor { collateral, cushion: random.random_range(cushion) }
        })
        .collect();
    shuffle(&mut random, &mut debtors);
    debtors
}

/// Validators: three of four borrow, one of ten commits the fault of the worst hour.
pub(crate) fn validators(seed: u64, count: usize) -> Vec<Validator> {
    let mut random = ChaCha12Rng::seed_from_u64(seed);
    random.set_stream(2);
    let mut validators: Vec<Validator> = sizes(count, STAKE)
        .into_iter()
        .map(|stake| {
            let borrows = random.random_range(0..4_u32) > 0;
            let faulty = random.random_range(0..10_u32) == 0;
            Validator {
                stake,
                borrowed: if borrows { random.random_range(300..=1_000) } else { 0 },
                slash: faulty.then(|| random.random_range(50..400)),
            }
        })
        .collect();
    shuffle(&mut random, &mut validators);
    validators
}

/// Fisher and Yates: the large are not the first.
fn shuffle<T>(random: &mut ChaCha12Rng, people: &mut [T]) {
    for last in (1..people.len()).rev() {
        people.swap(last, random.random_range(0..=last));
    }
}
