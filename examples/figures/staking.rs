//! The figures of staking: the redemption price, a cascade, the security budget.

use defi_math::staking::{Cascade, Exposure, Fraction, Kept, Loan, LoanTerms, security_budget};
use defi_math::{Amount, Price};

use super::{
    Axis, BLUE, Canvas, Drawn, FAINT, GREEN, INK, Mark, ORANGE, Point, RIGHT, axes, dashes, dot,
    framed, legend, line, note, rounded,
};

/// The redemption price against the part of the stake that was slashed, for three exponents.
pub(super) fn redemption_price(canvas: &Canvas) -> Drawn {
    let (factor, largest) = (Fraction::new(1, 4)?, 2.0);
    let mut chart = framed(canvas, "What a unit of the debt costs to redeem, c = 1/4", 60)
        .build_cartesian_2d(
            Axis::linear(0.0..75.0, (0..=70).step_by(10).map(f64::from)),
            Axis::linear(0.0..8.0, (0..=8).map(f64::from)),
        )?;
    axes(
        &mut chart,
        "slashed since the loan was issued [% of the stake]",
        "φ, redemption price [par]",
    )?;
    dashes(&mut chart, vec![(0.0, largest), (75.0, largest)], FAINT)?;
    note(&mut chart, (57.0, largest), (0, -30), RIGHT, INK, "φ_max = 2")?;
    let curves = [(1, GREEN), (2, BLUE), (4, ORANGE)];
    for (exponent, color) in curves {
        let loan = loan(factor, exponent, largest)?;
        let price = |slashed: f64| -> Drawn<f64> {
            let after = loan.slash(Kept::after_slash(slashed / 100.0)?)?.after;
            Ok(after.redemption_price()?.get())
        };
        let points = (0..300).map(|step| {
            let slashed = f64::from(step) / 4.0;
            Ok((slashed, price(slashed)?))
        });
        let points = points.collect::<Drawn<Vec<Point>>>()?;
        line(&mut chart, points.into_iter().filter(|point| point.1 <= 8.0).collect(), color)?;
        let bearable = 100.0 * loan.bearable_slash()?.get();
        dashes(&mut chart, vec![(bearable, largest), (bearable, 0.0)], color)?;
        dot(&mut chart, (bearable, largest), color)?;
        let text = format!("{} %", rounded(bearable, 2));
        note(&mut chart, (bearable, 0.4), (24, 0), RIGHT, color, &text)?;
    }
    legend(
        canvas,
        (400, 260),
        &curves.map(|(exponent, color)| (Mark::Line(color), format!("f(z) = z^−{exponent}"))),
    )
}

/// Half of its stake borrowed.
fn loan(factor: Fraction, exponent: u32, largest: f64) -> Drawn<Loan<f64>> {
    let loan = Loan::new(LoanTerms::new(factor, exponent, largest)?, 100.0)?;
    Ok(loan.borrow(loan.maximum_borrow()?)?.after)
}

/// How many of a thousand loans have failed after each round, for three first purchases.
pub(super) fn cascade(canvas: &Canvas) -> Drawn {
    const LOANS: u32 = 1_000;
    // Each owes one, and gives 1.02 to 3 for it.
    let loans = || -> Drawn<Vec<Exposure<f64>>> {
        let exposure =
            |i: u32| Exposure::new(i, 1.0, 1.02 + 1.98 * f64::from(i) / f64::from(LOANS - 1));
        Ok((0..LOANS).map(exposure).collect::<Result<_, _>>()?)
    };
    let size = 1_500.0;
    // A·Q/(Q − X)², at par at first.
    let price = |bought: Amount<f64>| {
        let left = size - bought.get();
        if left > 0.0 { Price::new(size * size / (left * left)).ok() } else { None }
    };
    let mut chart = framed(canvas, "A cascade of a thousand loans, round by round", 60)
        .build_cartesian_2d(
            Axis::linear(0.0..20.0, (0..=20).step_by(2).map(f64::from)),
            Axis::linear(0.0..1_050.0, (0..=1_000).step_by(200).map(f64::from)),
        )?;
    axes(&mut chart, "round", "loans that have failed")?;
    let mut entries = Vec::new();
    for (first, color) in [(25.0, GREEN), (40.0, BLUE), (120.0, ORANGE)] {
        let mut loans = loans()?;
        let mut cascade = Cascade::new(&mut loans).after_buying(first)?;
        let mut points = vec![(0.0, 0.0)];
        let mut failed = 0.0;
        for (round, step) in (1_u32..).zip(cascade.rounds(price)) {
            failed += f64::from(u32::try_from(step?.failed)?);
            points.push((f64::from(round), failed));
        }
        points.retain(|point| point.0 < 20.0);
        points.push((20.0, failed));
        for at in &points {
            if at.0 > 0.0 && at.0 < 20.0 {
                dot(&mut chart, *at, color)?;
            }
        }
        line(&mut chart, points, color)?;
        let end = cascade.settle(price)?;
        let price = end.price.map_or_else(|| "none".into(), |price| rounded(price.to_f64(), 2));
        let text = format!("{first} bought at first: {} fail, price {price}", end.failed);
        entries.push((Mark::Line(color), text));
    }
    legend(canvas, (1380, 1100), &entries)
}

/// What secures the network against what is lent, at three prices of the synthetic.
pub(super) fn security(canvas: &Canvas) -> Drawn {
    let staked = 100.0;
    let mut chart = framed(canvas, "What secures a network that lends against its stake", 60)
        .build_cartesian_2d(
            Axis::linear(0.0..100.0, (0..=100).step_by(25).map(f64::from)),
            Axis::linear(0.0..105.0, (0..=100).step_by(25).map(f64::from)),
        )?;
    axes(&mut chart, "lent [% of the stake]", "security budget [% of the stake]")?;
    let mut entries = Vec::new();
    for (price, color) in [(0.8, GREEN), (1.0, BLUE), (1.5, ORANGE)] {
        let budget = |lent: f64| -> Drawn<Point> {
            Ok((lent, security_budget::<f64>(staked, lent, price)?.get()))
        };
        line(
            &mut chart,
            (0..=100).map(|lent| budget(f64::from(lent))).collect::<Drawn<_>>()?,
            color,
        )?;
        entries.push((Mark::Line(color), format!("the synthetic at {price} of a token")));
    }
    let quarter = (25.0, security_budget::<f64>(staked, 25.0, 1.0)?.get());
    dashes(&mut chart, vec![(0.0, quarter.1), quarter, (25.0, 0.0)], FAINT)?;
    dot(&mut chart, quarter, BLUE)?;
    note(&mut chart, (0.0, 60.0), (24, 0), RIGHT, INK, "100 staked, 25 lent: 75")?;
    let third: Vec<Point> = (0..=100)
        .map(|lent| {
            Ok((f64::from(lent), security_budget::<f64>(staked, f64::from(lent), 1.0)?.get() / 3.0))
        })
        .collect::<Drawn<_>>()?;
    dashes(&mut chart, third, BLUE)?;
    entries.push((Mark::Dashes(BLUE), "cost of a third of it, at par".into()));
    legend(canvas, (1750, 260), &entries)
}
