//! Pricing hot paths of the market maker beside what one would write instead.
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use defi_math::amm::ConstantProduct;
use defi_math::{Amount, Fee, Wad};
use ruint::aliases::U256;
use rust_decimal::Decimal;

struct Input {
    name: &'static str,
    dx: u128,
    x: u128,
    y: u128,
    places: (u32, u32),
}

const INPUTS: [Input; 3] = [
    Input {
        name: "6_18",
        dx: 12_345_678_901,
        x: 43_210_987_654_321,
        y: 17_283_950_617_283_950_617_283,
        places: (6, 18),
    },
    Input {
        name: "18_18",
        dx: 1_234_567_890_123_456_789,
        x: 98_765_432_109_876_543_210_987,
        y: 43_210_987_654_321_098_765_432_109,
        places: (18, 18),
    },
    Input {
        name: "112_bit",
        dx: (1 << 110) + 987_654_321,
        x: (1 << 111) + 12_345,
        y: (1 << 112) - 1,
        places: (0, 0),
    },
];

fn ruint_amount_out(dx: U256, x: U256, y: U256) -> Option<U256> {
    if dx.is_zero() || x.is_zero() || y.is_zero() {
        return None;
    }
    let kept = dx.checked_mul(U256::from(997))?;
    let numerator = kept.checked_mul(y)?;
    let denominator = x.checked_mul(U256::from(1000))?.checked_add(kept)?;
    numerator.checked_div(denominator)
}

fn naive(dx: Decimal, x: Decimal, y: Decimal, gamma: Decimal) -> Decimal {
    let kept = dx * gamma;
    y * kept / (x + kept)
}

fn amount_out(c: &mut Criterion) {
    let mut group = c.benchmark_group("amm/amount_out");
    for i in &INPUTS {
        let wad = |v| Amount::from(Wad::from_raw(v));
        let (dx, x, y) = (wad(i.dx), wad(i.x), wad(i.y));
        let run = |dx, x, y| ConstantProduct::new(x, y, Fee::PERCENT_0_30).unwrap().amount_out(dx);
        group.bench_function(BenchmarkId::new("wad", i.name), |b| {
            b.iter(|| run(black_box(dx), black_box(x), black_box(y)))
        });
        let (rdx, rx, ry) = (U256::from(i.dx), U256::from(i.x), U256::from(i.y));
        assert_eq!(
            U256::from(run(dx, x, y).unwrap().get().raw()),
            ruint_amount_out(rdx, rx, ry).unwrap()
        );
        group.bench_function(BenchmarkId::new("ruint_u256", i.name), |b| {
            b.iter(|| ruint_amount_out(black_box(rdx), black_box(rx), black_box(ry)))
        });
        let f = |v: u128, p: u32| v as f64 / 10f64.powi(p as i32);
        let (fdx, fx, fy) = (f(i.dx, i.places.0), f(i.x, i.places.0), f(i.y, i.places.1));
        let am = |v| Amount::new(v).unwrap();
        let frun = |dx, x, y| ConstantProduct::new(x, y, Fee::PERCENT_0_30).unwrap().amount_out(dx);
        group.bench_function(BenchmarkId::new("f64", i.name), |b| {
            let (dx, x, y) = (am(fdx), am(fx), am(fy));
            b.iter(|| frun(black_box(dx), black_box(x), black_box(y)))
        });
        let curve = ConstantProduct::new(am(fx), am(fy), Fee::PERCENT_0_30).unwrap();
        group.bench_function(BenchmarkId::new("f64_curve", i.name), |b| {
            let dx = am(fdx);
            b.iter(|| black_box(curve).amount_out(black_box(dx)))
        });
        group.bench_function(BenchmarkId::new("f64_bare", i.name), |b| {
            b.iter(|| {
                let (dx, x, y) = (black_box(fdx), black_box(fx), black_box(fy));
                let k = dx * 0.997;
                y * k / (x + k)
            })
        });
        if i.places.0 > 0 {
            let d = |v: u128, p| Decimal::try_from_i128_with_scale(v as i128, p).unwrap();
            let (ddx, ddx_, dy) = (d(i.dx, i.places.0), d(i.x, i.places.0), d(i.y, i.places.1));
            let am = |v| Amount::new(v).unwrap();
            let drun =
                |dx, x, y| ConstantProduct::new(x, y, Fee::PERCENT_0_30).unwrap().amount_out(dx);
            println!(
                "{} {}",
                drun(am(ddx), am(ddx_), am(dy)).unwrap(),
                naive(ddx, ddx_, dy, Decimal::new(997, 3))
            );
            group.bench_function(BenchmarkId::new("decimal", i.name), |b| {
                let (dx, x, y) = (am(ddx), am(ddx_), am(dy));
                b.iter(|| drun(black_box(dx), black_box(x), black_box(y)))
            });
            let g = Decimal::new(997, 3);
            group.bench_function(BenchmarkId::new("rust_decimal_naive", i.name), |b| {
                b.iter(|| naive(black_box(ddx), black_box(ddx_), black_box(dy), g))
            });
        }
    }
}
criterion_group!(benches, amount_out);
criterion_main!(benches);
