//! The arithmetic under the protocols: products, roots, powers, texts.

#![allow(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    missing_docs,
    reason = "benches: a wrong answer should stop them; criterion's macros write undocumented functions"
)]

mod common;

use std::hint::black_box;

use common::{BATCH, classes};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use defi_math::num::Fixed;
use defi_math::{Ray, Wad};
use ruint::aliases::{U256, U512};

/// `⌊dx·y/x⌋` of the trades.
fn mul_div(c: &mut Criterion) {
    let mut group = c.benchmark_group("num/mul_div");
    group.throughput(Throughput::Elements(BATCH));
    for class in classes() {
        let (wad, ruint) = (class.wad(), class.ruint());
        for (t, r) in wad.iter().zip(&ruint) {
            let answer = t.dx.get().mul_div_down(t.y.get(), t.x.get()).unwrap().raw();
            let product: U512 = r.dx.widening_mul(r.y);
            assert_eq!(U512::from(answer), product / U512::from(r.x));
        }
        group.bench_function(BenchmarkId::new("wad", class.name), |bencher| {
            bencher.iter(|| {
                for t in black_box(&wad) {
                    black_box(t.dx.get().mul_div_down(t.y.get(), t.x.get()).unwrap());
                }
            });
        });
        group.bench_function(BenchmarkId::new("ruint_u256", class.name), |bencher| {
            bencher.iter(|| {
                for t in black_box(&ruint) {
                    let product = t.dx.checked_mul(t.y).unwrap();
                    black_box(product.checked_div(t.x).unwrap());
                }
            });
        });
    }
}

/// `⌊√(x·y)⌋` of the trades' reserves.
fn geometric_mean(c: &mut Criterion) {
    let mut group = c.benchmark_group("num/geometric_mean");
    group.throughput(Throughput::Elements(BATCH));
    for class in classes() {
        let (wad, ruint) = (class.wad(), class.ruint());
        for (t, r) in wad.iter().zip(&ruint) {
            let answer = t.x.get().geometric_mean_down(t.y.get()).raw();
            assert_eq!(U256::from(answer), r.x.checked_mul(r.y).unwrap().root(2));
        }
        group.bench_function(BenchmarkId::new("wad", class.name), |bencher| {
            bencher.iter(|| {
                for t in black_box(&wad) {
                    black_box(t.x.get().geometric_mean_down(t.y.get()));
                }
            });
        });
        group.bench_function(BenchmarkId::new("ruint_u256", class.name), |bencher| {
            bencher.iter(|| {
                for t in black_box(&ruint) {
                    black_box(t.x.checked_mul(t.y).unwrap().root(2));
                }
            });
        });
    }
}

/// One year of seconds at 5 %.
fn pow(c: &mut Criterion) {
    const YEAR: u64 = 31_536_000;
    let per_second: Ray = Fixed::from_raw(1_000_000_001_547_125_957_863_212_448);
    let mut group = c.benchmark_group("num/pow");
    group.bench_function(BenchmarkId::new("ray_down", "year"), |bencher| {
        bencher.iter(|| black_box(per_second).pow_down(black_box(YEAR)));
    });
    group.bench_function(BenchmarkId::new("ray_half_up", "year"), |bencher| {
        bencher.iter(|| black_box(per_second).pow_half_up(black_box(YEAR)));
    });
}

fn from_str(c: &mut Criterion) {
    let text = "170853278.939473000000000001";
    let mut group = c.benchmark_group("num/from_str");
    group.bench_function(BenchmarkId::new("wad", "27_digits"), |bencher| {
        bencher.iter(|| black_box(text).parse::<Wad>());
    });
}

criterion_group!(benches, mul_div, geometric_mean, pow, from_str);
criterion_main!(benches);
