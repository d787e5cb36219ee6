//! Any `Decimal` and any `f64` as the argument of every public function: used exactly, or refused
//! with a reason, and never a panic.

use std::panic::Location;

use defi_math::amm::{
    Amounts, ConstantProduct, Pool, PoolState, PriceAccumulator, Token, liquidity,
};
use defi_math::laws::Verdict;
use defi_math::laws::strategies::{self, integer};
use defi_math::num::{Fit, Fixed, Grid, Growth, Rounding};
use defi_math::rate::{PerBlock, PerYear, days, seconds};
use defi_math::{
    Amount, Error, Fee, FeeShare, Index, Kind, MathError, Number, Price, Rate, Ratio, Shares,
};
use num_bigint::BigInt;
use num_rational::BigRational;
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::support::{Judged, check};

const DECIMAL_EDGES: [Decimal; 8] = [
    Decimal::MAX,
    Decimal::MIN,
    Decimal::ZERO,
    // Zero below zero, and its finest.
    Decimal::from_parts(0, 0, 0, true, 0),
    Decimal::from_parts(0, 0, 0, true, 28),
    Decimal::from_parts(1, 0, 0, false, 28),
    Decimal::from_parts(1, 0, 0, true, 28),
    // One, with all places that it can have.
    Decimal::from_parts(0x1000_0000, 0x3e25_0261, 0x204f_ce5e, false, 28),
];

const FLOAT_EDGES: [f64; 11] = [
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    0.0,
    -0.0,
    f64::MIN_POSITIVE,
    // The smallest subnormal.
    5e-324,
    f64::MAX,
    f64::MIN,
    1.0,
    -1.0,
];

/// Any 96 bits, sign and scale, those that are quantities more often.
fn any_decimal() -> BoxedStrategy<Decimal> {
    let parts = (integer(0..=(1 << 96) - 1), 0..=28_u32, prop::bool::weighted(0.1));
    prop_oneof![
        20 => parts.prop_map(|(mantissa, scale, negative)| {
            let mut any = Decimal::from_i128_with_scale(mantissa.try_into().unwrap(), scale);
            any.set_sign_negative(negative);
            any
        }),
        1 => prop::sample::select(&DECIMAL_EDGES),
    ]
    .boxed()
}

/// Any 64 bits, those that are quantities more often.
fn any_float() -> BoxedStrategy<f64> {
    prop_oneof![
        2 => any::<u64>().prop_map(f64::from_bits),
        // Positive of any magnitude, subnormal ones included.
        10 => (0..0x7ff0_0000_0000_0000_u64).prop_map(f64::from_bits),
        5 => strategies::amount::<f64>().prop_map(Amount::get),
        1 => prop::sample::select(&FLOAT_EDGES),
    ]
    .boxed()
}

/// Every number that an answer shows.
trait Shown<N> {
    fn numbers(self) -> Vec<N>;
}

impl<N: Number> Shown<N> for Amount<N> {
    fn numbers(self) -> Vec<N> {
        vec![self.get()]
    }
}

impl<N: Number> Shown<N> for Shares<N> {
    fn numbers(self) -> Vec<N> {
        vec![self.get()]
    }
}

impl<N: Number> Shown<N> for Ratio<N> {
    fn numbers(self) -> Vec<N> {
        vec![self.get()]
    }
}

impl<N: Number> Shown<N> for Index<N> {
    fn numbers(self) -> Vec<N> {
        vec![self.get()]
    }
}

impl<N: Number> Shown<N> for Price<N> {
    fn numbers(self) -> Vec<N> {
        [self.to_number_down(), self.to_number_up(), self.inverse().to_number_down()]
            .into_iter()
            .flatten()
            .collect()
    }
}

impl<N: Number> Shown<N> for Amounts<N> {
    fn numbers(self) -> Vec<N> {
        vec![self.x.get(), self.y.get()]
    }
}

impl<N: Number> Shown<N> for Pool<N> {
    fn numbers(self) -> Vec<N> {
        let PoolState { reserves, excess, supply, .. } = *self.state();
        [reserves.numbers(), excess.numbers(), supply.numbers()].concat()
    }
}

/// The numbers that answers show, and where they were asked for; a refusal shows none.
struct Answers<N>(Vec<(N, &'static Location<'static>)>);

impl<N: Number> Answers<N> {
    #[track_caller]
    fn add<S: Shown<N>, E: Into<Error>>(&mut self, answer: Result<S, E>) {
        match answer {
            Ok(shown) => {
                let asked = Location::caller();
                self.0.extend(shown.numbers().into_iter().map(|number| (number, asked)));
            }
            // Every refusal is one of the crate's, and says something.
            Err(refusal) => assert!(!refusal.into().to_string().is_empty()),
        }
    }
}

/// Every public function of quantities and rates.
fn quantities_and_rates<N: Number>(numbers: &mut Answers<N>, [a, b, c, _]: [N; 4], n: u32) {
    numbers.add(Amount::new(a));
    numbers.add(Shares::new(a));
    numbers.add(Ratio::new(a));
    numbers.add(Index::new(a));
    numbers.add(Price::new(a));
    numbers.add(Price::from_amounts(a, b));
    numbers.add(Ratio::of_down(a, b));
    numbers.add(Ratio::of_up(a, b));
    if let (Ok(amount), Ok(other)) = (Amount::new(a), Amount::new(b)) {
        numbers.add(amount + other);
        numbers.add(amount - other);
        numbers.add(amount.less_part(other));
        numbers.add(amount.mul_down(c));
        numbers.add(amount.mul_up(c));
    }
    if let Ok(price) = Price::from_amounts(a, b) {
        numbers.add(price.quote_down(c));
        numbers.add(price.quote_up(c));
        numbers.add(price.per_whole_token(n, 18));
        numbers.add(price.per_whole_token(n % 40, 18));
        if let Ok(earlier) = Price::new(c) {
            numbers.add(price.ratio_to(earlier));
            let _ = (price == earlier, price < earlier);
        }
        let _ = (format!("{price:?}"), price.to_f64());
    }
    if let Ok(rate) = Rate::<N, PerYear>::new(a) {
        let mut add = |rate: Result<N, MathError>| numbers.add(rate.and_then(Ratio::new));
        add(rate.spread_down::<PerBlock>(n).map(Rate::get));
        add(rate.spread_up::<PerBlock>(n).map(Rate::get));
        add(rate.per_period_down::<PerBlock>(n).map(Rate::get));
        add(rate.per_period_up::<PerBlock>(n).map(Rate::get));
        add(rate.per_period_published::<PerBlock>(n).map(Rate::get));
        add(rate.nominal_per_year(n).map(Rate::get));
        add(rate.effective_per_year_down(n).map(Rate::get));
        add(rate.effective_per_year_up(n).map(Rate::get));
        add(rate.to_apy_down(n).map(Rate::get));
        add(rate.to_apy_up(n).map(Rate::get));
        add(rate.to_apr_down(n).map(Rate::get));
        add(rate.to_apr_up(n).map(Rate::get));
        let rate = Rate::new(rate.get()).unwrap();
        numbers.add(rate.compound_three_terms_down(days(n)));
        numbers.add(rate.simple(days(n)));
        numbers.add(rate.compound_down(days(n)));
        numbers.add(rate.compound_up(days(n)));
    }
}

/// Those and every public function of the market maker.
fn everything<N: Number>(
    all @ [a, b, c, d]: [N; 4],
    fee: Fee,
    share: FeeShare,
    n: u32,
) -> Vec<(N, &'static Location<'static>)> {
    let mut answers = Answers(Vec::new());
    let numbers = &mut answers;

    quantities_and_rates(numbers, all, n);
    if let Ok(curve) = ConstantProduct::new(a, b, fee) {
        numbers.add(curve.amount_out(c));
        numbers.add(curve.amount_in(c));
        numbers.add(curve.router_amount_in(c));
        numbers.add(curve.proportional(c));
        numbers.add(curve.spot_price());
        numbers.add(curve.marginal_price());
        numbers.add(curve.effective_price(c));
        numbers.add(curve.spot_price_after(c));
        numbers.add(curve.price_impact(c));
        numbers.add(curve.amount_in_to_price(c));
        numbers.add(curve.optimal_amount_in(c));
    }
    numbers.add(liquidity::impermanent_loss(a));
    let (Ok(ab), Ok(cd)) = (Amounts::new(a, b), Amounts::new(c, d)) else { return answers.0 };
    numbers.add(liquidity::amounts_at_price(ab, c));
    numbers.add(liquidity::value(ab, c));
    if let Ok(outcome) = liquidity::outcome(ab, cd, a) {
        numbers.add::<_, Error>(Ok(outcome.value));
        numbers.add::<_, Error>(Ok(outcome.held));
        numbers.add::<_, Error>(Ok(outcome.impermanent_loss));
        numbers.add::<_, Error>(Ok(outcome.fees));
    }

    let empty = Pool::empty(fee).with_protocol_share(Some(share));
    let state = PoolState { reserves: ab, excess: cd, ..*empty.state() };
    let shared = Shares::new(d).map(|supply| {
        Pool::try_from(PoolState { supply, reserves_at_last_mint: Some(cd), ..state })
    });
    let opened = empty.mint(ab).map(|mint| mint.after);
    for pool in [Pool::try_from(state), opened].into_iter().chain(shared.ok()).flatten() {
        for token in [Token::X, Token::Y] {
            numbers.add(pool.spot_price(token));
            numbers.add(pool.swap_exact_in(token, c).map(|swap| swap.after));
            numbers.add(pool.swap_exact_out(token, c).map(|swap| swap.after));
            numbers.add(pool.swap_exact_in(token, c).and_then(|swap| swap.at_least(d)?.amount()));
            numbers.add(pool.swap_exact_out(token, c).and_then(|swap| swap.at_most(d)?.amount()));
            let start = PriceAccumulator::new();
            if let Ok(latest) = start.advance(&pool, seconds(n)) {
                numbers.add(latest.average_price::<N>(token, start));
            }
        }
        numbers.add(pool.settle(ab, cd).map(|settlement| settlement.after));
        numbers.add(pool.settle(cd, ab).map(|settlement| settlement.after));
        numbers.add(pool.mint(cd).map(|mint| mint.after));
        numbers.add(pool.burn(c).map(|burn| burn.after));
        numbers.add(pool.redeemable(d));
        numbers.add(pool.donate(cd));
        numbers.add::<_, Error>(Ok(pool.skim().after));
        numbers.add(pool.sync());
        numbers.add(pool.amounts_at_ratio(cd));
        numbers.add(pool.part_of_pool(c));
        numbers.add(pool.protocol_shares());
        if let Ok(Some(arbitrage)) = pool.arbitrage(d) {
            numbers.add::<_, Error>(Ok(arbitrage.profit));
            numbers.add::<_, Error>(Ok(arbitrage.swap.after));
        }
    }
    answers.0
}

/// What a receipt of a swap shows beside the pool.
trait Receipt<N: Number> {
    fn amount(self) -> Result<Amounts<N>, defi_math::amm::AmmError>;
}

impl<N: Number> Receipt<N> for defi_math::amm::Swap<N> {
    fn amount(self) -> Result<Amounts<N>, defi_math::amm::AmmError> {
        Ok(Amounts { x: self.amount_in, y: self.amount_out })
    }
}

/// The trait's own methods, which any code that is generic over numbers may call.
fn methods<N: Number>([a, b, c, _]: [N; 4], n: u32) -> Vec<(N, &'static str)> {
    let exact = |number: N| number.exact(Grid::Amount);
    let mul_div = |fit, rounding| a.mul_div(exact(b)?, exact(c)?, fit, Grid::Amount, rounding);
    let _ = (a.fraction(Kind::Number), a.times(n, Grid::Rate), a.is_zero(), a.approximate());
    let _ = (N::uq112x112(a, b), a.fits_reserve(), a.normalized(), a.to_string());
    let answers = [
        ("on_grid", a.on_grid(Grid::Rate, Kind::Number)),
        ("try_add", a.try_add(b)),
        ("try_sub", a.try_sub(b)),
        ("less_part", a.less_part(b)),
        ("multiple", a.multiple(n)),
        ("grown, over", a.grown(Growth::Over(n), Rounding::Up)),
        ("grown, in one of", a.grown(Growth::InOneOf(n), Rounding::Up)),
        ("mul_div, down", mul_div(Fit::Alone, Rounding::Down)),
        ("mul_div, up", mul_div(Fit::Alone, Rounding::Up)),
        ("mul_div, from", mul_div(Fit::From(b), Rounding::Down)),
        ("mul_div, to", mul_div(Fit::To(b), Rounding::Up)),
        ("pow_down", a.pow_down(n.into())),
        ("pow_up", a.pow_up(n.into())),
        ("mul_down", a.mul_down(b)),
        ("mul_up", a.mul_up(b)),
        ("div_down", a.div_down(b)),
        ("div_up", a.div_up(b)),
        ("sqrt_down", a.sqrt_down()),
        ("sqrt_up", a.sqrt_up()),
        ("geometric_mean_down", a.geometric_mean_down(b)),
        ("geometric_mean_up", a.geometric_mean_up(b)),
    ];
    answers.into_iter().filter_map(|(asked, answer)| Some((answer.ok()?, asked))).collect()
}

fn value(number: Decimal) -> BigRational {
    BigRational::new(number.mantissa().into(), BigInt::from(10).pow(number.scale()))
}

/// A constructor's answer: the number itself, or the first reason against it.
fn constructed<N: Number>(
    answer: Result<N, MathError>,
    number: N,
    reasons: &[(bool, MathError)],
) -> Result<(), TestCaseError> {
    let reason = reasons.iter().find(|(applies, _)| *applies);
    prop_assert_eq!(answer, reason.map_or(Ok(number), |(_, reason)| Err(*reason)));
    Ok(())
}

/// A `Decimal` becomes a fixed-point number if it is one.
fn converts<const PLACES: u32>(number: Decimal) -> Result<(), TestCaseError> {
    let units = value(number) * BigInt::from(10).pow(PLACES);
    let whole = units.is_integer().then(|| units.to_integer());
    let expected = whole.and_then(|units| u128::try_from(units).ok());
    prop_assert_eq!(Fixed::<PLACES>::try_from(number).ok().map(Fixed::raw), expected);
    Ok(())
}

#[test]
fn any_decimal_is_used_or_refused() {
    fn is_quantity(number: Decimal) -> Judged {
        let negative = number < Decimal::ZERO;
        let finer = |places| !(value(number) * BigInt::from(10).pow(places)).is_integer();
        let refusals = |kind, places| {
            [(negative, MathError::Negative(kind)), (finer(places), MathError::TooManyPlaces(kind))]
        };
        let of = |kind, places, answer| constructed(answer, number, &refusals(kind, places));
        of(Kind::Amount, 18, Amount::new(number).map(Amount::get))?;
        of(Kind::Shares, 18, Shares::new(number).map(Shares::get))?;
        of(Kind::Ratio, 27, Ratio::new(number).map(Ratio::get))?;
        of(Kind::Index, 27, Index::new(number).map(Index::get))?;
        of(Kind::Rate, 27, Rate::<_, PerYear>::new(number).map(Rate::get))?;

        let price = Price::new(number).and_then(|price| price.inverse().ratio_to(price));
        if number.is_zero() {
            prop_assert_eq!(Price::new(number), Err(MathError::Zero(Kind::Price)));
        } else if negative {
            prop_assert_eq!(Price::new(number), Err(MathError::Negative(Kind::Price)));
        } else {
            // A price of any places is itself, and its inverse too.
            prop_assert!(Price::new(number).is_ok() && price.is_ok());
            prop_assert_eq!(Price::new(number)?.inverse().inverse(), Price::new(number)?);
        }

        if let Ok(fee) = Fee::try_from(number) {
            prop_assert_eq!(
                BigRational::new(fee.numerator().into(), fee.denominator().into()),
                value(number)
            );
        }
        if let Ok(share) = FeeShare::try_from(number) {
            prop_assert_eq!(
                BigRational::new(share.numerator().into(), share.denominator().into()),
                value(number)
            );
        }
        let below_one = |limit: &BigRational| !negative && value(number) < *limit;
        let terms = value(number);
        let short = [terms.numer(), terms.denom()].iter().all(|term| **term <= u32::MAX.into());
        let one = BigRational::from(BigInt::from(1));
        let fits = short && !finer(27);
        prop_assert_eq!(Fee::try_from(number).is_ok(), below_one(&one) && fits);
        prop_assert_eq!(
            FeeShare::try_from(number).is_ok(),
            (below_one(&one) || value(number) == one) && !number.is_zero() && fits
        );

        converts::<18>(number)?;
        converts::<27>(number)?;
        Ok(Verdict::Held)
    }

    check(any_decimal(), is_quantity);
    for edge in DECIMAL_EDGES {
        let _ = is_quantity(edge).unwrap();
    }
    all_used_or_refused(any_decimal(), &DECIMAL_EDGES, |number| *number >= Decimal::ZERO);
}

#[test]
fn any_float_is_used_or_refused() {
    fn is_quantity(number: f64) -> Judged {
        let refusals = |kind| {
            [
                (!number.is_finite(), MathError::NotFinite(kind)),
                (number < 0.0, MathError::Negative(kind)),
            ]
        };
        let of = |kind, answer| constructed(answer, number, &refusals(kind));
        of(Kind::Amount, Amount::new(number).map(Amount::get))?;
        of(Kind::Shares, Shares::new(number).map(Shares::get))?;
        of(Kind::Ratio, Ratio::new(number).map(Ratio::get))?;
        of(Kind::Index, Index::new(number).map(Index::get))?;
        of(Kind::Rate, Rate::<_, PerYear>::new(number).map(Rate::get))?;
        prop_assert!(!Amount::new(number).is_ok_and(|amount| amount.get().is_sign_negative()));
        Ok(Verdict::Held)
    }

    check(any_float(), is_quantity);
    for edge in FLOAT_EDGES {
        let _ = is_quantity(edge).unwrap();
    }
    all_used_or_refused(any_float(), &FLOAT_EDGES, |number| number.is_finite() && *number >= 0.0);
}

/// Whatever the numbers, a function shows quantities or refuses; and whatever the quantities, a
/// method of the trait does.
fn all_used_or_refused<N: Number>(
    numbers: BoxedStrategy<N>,
    edges: &[N],
    is_quantity: fn(&N) -> bool,
) {
    let judge = |numbers: [N; 4], fee, share, n| -> Judged {
        for (shown, asked) in everything(numbers, fee, share, n) {
            prop_assert!(is_quantity(&shown), "{}: {} from {:?}", asked, shown, numbers);
        }
        if numbers.iter().all(is_quantity) {
            for (shown, asked) in methods(numbers, n) {
                prop_assert!(is_quantity(&shown), "{}: {} from {:?}", asked, shown, numbers);
            }
        }
        Ok(Verdict::Held)
    };
    let four = [numbers.clone(), numbers.clone(), numbers.clone(), numbers];
    let rest = (strategies::fee(), strategies::fee_share(), integer(0..=u32::MAX.into()));
    check((four, rest), |(numbers, (fee, share, n))| {
        judge(numbers, fee, share, u32::try_from(n).unwrap())
    });
    for a in edges {
        for b in edges {
            for c in edges {
                for n in [0, 1, u32::MAX] {
                    let numbers = [*a, *b, *c, *a];
                    let _ = judge(numbers, Fee::PERCENT_0_30, FeeShare::ONE_SIXTH, n).unwrap();
                }
            }
        }
    }
}

/// A negative `Decimal` is refused by every method of the trait too.
#[test]
fn a_negative_decimal_is_refused_by_every_method() {
    check((any_decimal(), any_decimal(), any::<u32>()), |(magnitude, other, n)| {
        if magnitude.is_zero() {
            return Ok(Verdict::Refused);
        }
        for (shown, asked) in methods([-magnitude.abs(), other, other, other], n) {
            prop_assert!(false, "{asked}: {shown} from −{magnitude} and {other}");
        }
        Ok(Verdict::Held)
    });
}
