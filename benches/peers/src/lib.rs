//! Nothing of its own: the benchmark is in `benches/quotes.rs`.
