//! Lending: rates, markets, accounts, liquidations, rewards, vault shares, from the papers and the contracts'
//! documentation.

use defi_math::lending::account::{collateral_value, net_rate};
use defi_math::lending::rewards::RewardIndex;
use defi_math::lending::{
    Account, AccruedMarket, Debt, InterestRateModel, LendingError, LiquidationTerms, Market,
    MarketState, NetRate, Position, Terms, TokenizedVault, utilization,
};
use defi_math::num::{Fit, Grid, Rounding};
use defi_math::rate::{PerBlock, Rate, blocks};
use defi_math::{Amount, Index, Kind, MathError, Ratio, Shares};
use num_bigint::BigInt;
use num_traits::{CheckedDiv, Zero};
use proptest::prelude::*;

use crate::check::{Judged, Verdict, agree, check, check_refusals, on_exact_types};
use crate::exact::{Exactly, Q, quotient, ten, whole};
use crate::generate::{Quoted, Sample, integer, natural, price};

use Rounding::{Down, Up};

on_exact_types!(
    utilization_is_the_quotient,
    rates_follow_the_curve,
    inverse_rate_is_the_ceiling,
    accrual_is_simple_interest,
    deposits_and_redemptions,
    debts_grow_with_the_index,
    seizures,
    accounts_add_up,
    net_rate_is_the_weighted_mean,
    repayment_to_health_is_the_closed_form,
    three_terms_are_the_binomial_ones,
    reward_index_is_the_sum_of_quotients,
    vault_shares_are_proportional,
);

/// At the places of an amount, by itself.
fn at<N: Exactly>(value: &Q, rounding: Rounding) -> Result<N, MathError> {
    N::round(value, Fit::Alone, Grid::Amount, rounding)
}

fn lending(error: MathError) -> LendingError {
    error.into()
}

/// A number of the amounts' grid, of every magnitude up to so many units of 10⁻¹⁸.
fn upto<N: Sample>(most: u128) -> BoxedStrategy<N> {
    integer(0..=most)
        .prop_filter_map("held by every type", |units| {
            N::exactly(&Q::new(units.into(), ten(18))).ok()
        })
        .boxed()
}

const ONE: u128 = 1_000_000_000_000_000_000;

/// At most one.
fn part<N: Sample>() -> BoxedStrategy<N> {
    prop_oneof![3 => upto::<N>(ONE), 3 => (0..=ONE).prop_map(|n| number::<N>(n))].boxed()
}

fn number<N: Exactly>(units: u128) -> N {
    N::exactly(&Q::new(units.into(), ten(18))).unwrap()
}

/// An amount with no more than 18 places on whatever grid, from dust to what sums still hold.
fn amount<N: Sample>() -> BoxedStrategy<N> {
    prop_oneof![1 => N::amount(), 3 => upto::<N>(1 << 100)].boxed()
}

fn utilization_is_the_quotient<N: Sample>() {
    check((amount::<N>(), amount::<N>(), amount::<N>()), |(cash, borrows, reserves)| -> Judged {
        let used = || -> Result<N, MathError> {
            if borrows.is_zero() {
                return Ok(N::ZERO);
            }
            let whole = cash.value() + borrows.value() - reserves.value();
            if whole < Q::zero() {
                return Err(MathError::Underflow);
            }
            at(&quotient(&borrows.value(), &whole)?, Down)
        };
        agree([utilization(cash, borrows, reserves).map(Ratio::get)], [used().map_err(lending)])
    });
}

type Figures<N> = (N, N, N, N);

fn curve<N: Sample>() -> BoxedStrategy<Figures<N>> {
    (upto::<N>(ONE), upto::<N>(10 * ONE), part::<N>(), upto::<N>(100 * ONE)).boxed()
}

/// `base + ⌊slope·u⌋`, or `base + ⌊slope·kink⌋ + ⌊jump·(u − kink)⌋`.
fn rate_at<N: Exactly>((base, slope, kink, jump): Figures<N>, u: &Q) -> Result<Q, MathError> {
    let floor = |value: Q| Ok::<_, MathError>(at::<N>(&value, Down)?.value());
    let flat = |u: &Q| floor(slope.value() * u);
    let rise = if *u > kink.value() {
        flat(&kink.value())? + floor(jump.value() * (u - kink.value()))?
    } else {
        flat(u)?
    };
    Ok(N::exactly(&(rise + base.value()))?.value())
}

fn rates_follow_the_curve<N: Sample>() {
    let case = (curve::<N>(), upto::<N>(3 * ONE), part::<N>(), natural(1..=u32::MAX));
    check(case, |(figures, used, factor, units)| -> Judged {
        let (base, slope, kink, jump) = figures;
        let model = InterestRateModel::<N, PerBlock>::kinked(base, slope, kink, jump).unwrap();
        let paid = rate_at(figures, &used.value());
        let earned = || -> Result<N, MathError> {
            let to_pool = at::<N>(&(paid.clone()? * (whole(1) - factor.value())), Down)?;
            at(&(to_pool.value() * used.value()), Down)
        };
        let paid_number = paid.clone().and_then(|paid| N::exactly(&paid));
        let shorter = InterestRateModel::kinked(base, slope, kink, jump)
            .and_then(|yearly| yearly.spread_down::<PerBlock>(units));
        let spread = |yearly: N| at::<N>(&(yearly.value() / whole(units)), Down);
        by_rises(figures)?;
        let curve = shorter.map(|model| model.curve().base.get());
        agree(
            [
                model.borrow_rate(used).map(Rate::get),
                model.supply_rate(used, factor).map(Rate::get),
                curve,
            ],
            [
                paid_number.map_err(lending),
                earned().map_err(lending),
                spread(base).map_err(lending),
            ],
        )
    });
}

/// The slopes of a curve that is given by its rises: `⌊rise/kink⌋`, `⌊rest/(1 − kink)⌋`.
fn by_rises<N: Sample>((base, rise, kink, rest): Figures<N>) -> Result<(), TestCaseError> {
    let left = whole(1) - kink.value();
    let slopes = || -> Result<(N, N), MathError> {
        let jump = if left.is_zero() { N::ZERO } else { at(&(rest.value() / &left), Down)? };
        Ok((at(&quotient(&rise.value(), &kink.value())?, Down)?, jump))
    };
    let model = InterestRateModel::<N, PerBlock>::two_slopes(base, kink, rise, rest);
    let ours = model.map(|model| {
        let curve = model.curve();
        (curve.slope.get(), curve.kink.unwrap().jump.get())
    });
    // Rates of more than ten million keep fewer places.
    if let Ok((slope, jump)) = slopes()
        && (slope.value() > whole(10_000_000) || jump.value() > whole(10_000_000))
    {
        return Ok(());
    }
    prop_assert_eq!(ours, slopes().map_err(lending));
    Ok(())
}

fn inverse_rate_is_the_ceiling<N: Sample>() {
    check((curve::<N>(), upto::<N>(2 * ONE)), |(figures, wanted)| -> Judged {
        let (base, slope, kink, jump) = figures;
        let model = InterestRateModel::<N, PerBlock>::kinked(base, slope, kink, jump).unwrap();
        let inverse = || -> Result<N, LendingError> {
            let (rate, base) = (wanted.value(), base.value());
            if rate <= base {
                return Ok(N::ZERO);
            }
            let at_kink = rate_at(figures, &kink.value())?;
            let (from, rise, slope) = if rate <= at_kink {
                (Q::zero(), rate - base, slope.value())
            } else {
                (kink.value(), rate - at_kink, jump.value())
            };
            if slope.is_zero() {
                return Err(LendingError::RateNotReached);
            }
            Ok(at(&(from + rise / slope), Up)?)
        };
        let ours = Rate::new(wanted).map_err(lending).and_then(|rate| model.utilization_at(rate));
        agree([ours.map(Ratio::get)], [inverse()])
    });
}

/// A market's figures, and the market.
#[derive(Clone, Copy, Debug)]
struct Figured<N: Exactly> {
    cash: N,
    borrows: N,
    reserves: N,
    supply: N,
    index: N,
    factor: N,
    first: N,
    rate: N,
    locks: bool,
    market: AccruedMarket<N>,
}

fn market<N: Sample>() -> BoxedStrategy<Figured<N>> {
    let sums = (amount::<N>(), amount::<N>(), amount::<N>(), amount::<N>());
    let rates = (upto::<N>(20 * ONE), part::<N>(), upto::<N>(1_000 * ONE), upto::<N>(ONE / 100));
    (sums, rates, any::<bool>())
        .prop_filter_map("no market", |(sums, rates, locks)| {
            let (cash, borrows, reserves, supply) = sums;
            let (growth, factor, first, rate) = rates;
            let model = InterestRateModel::linear(rate, N::ZERO).ok()?;
            let terms = Terms::new(model, factor, first).ok()?;
            let index = N::exactly(&(growth.value() + whole(1))).ok()?;
            let empty = *Market::open(terms).ok()?.state();
            let state = MarketState {
                cash: Amount::new(cash).ok()?,
                borrows: Amount::new(borrows).ok()?,
                reserves: Amount::new(reserves).ok()?,
                supply: Shares::new(supply).ok()?,
                locked: if locks { empty.locked } else { Shares::ZERO },
                borrow_index: Index::new(index).ok()?,
                terms,
            };
            let market = Market::try_from(state).ok()?.accrue(blocks(0)).ok()?.after;
            Some(Figured {
                cash,
                borrows,
                reserves,
                supply,
                index,
                factor,
                first,
                rate,
                locks,
                market,
            })
        })
        .boxed()
}

impl<N: Exactly> Figured<N> {
    fn exchange_rate(&self) -> Result<N, MathError> {
        if self.supply.is_zero() {
            return Ok(self.first);
        }
        let whole = self.cash.value() + self.borrows.value() - self.reserves.value();
        at(&(whole / self.supply.value()), Down)
    }
}

fn sum<N: Exactly>(a: N, b: N) -> Result<N, MathError> {
    N::exactly(&(a.value() + b.value()))
}

fn accrual_is_simple_interest<N: Sample>() {
    check((market::<N>(), natural(1..=1_000_000)), |(market, n)| -> Judged {
        let expected = || -> Result<[N; 5], MathError> {
            let growth = N::exactly(&(market.rate.value() * whole(n)))?.value();
            let borrows = market.borrows.value();
            let interest = N::round(&(&borrows * &growth), Fit::To(&borrows), Grid::Amount, Down)?;
            let reserves = market.reserves.value();
            let kept = interest.value() * market.factor.value();
            let kept = N::round(&kept, Fit::To(&reserves), Grid::Amount, Down)?;
            let index = market.index.value();
            let step = N::round(&(&index * &growth), Fit::To(&index), Grid::Amount, Down)?;
            Ok([
                interest,
                kept,
                sum(market.borrows, interest)?,
                sum(market.reserves, kept)?,
                sum(market.index, step)?,
            ])
        };
        // The rate is constant, but something must be lent of something; more of it than a number holds is no
        // obstacle.
        let whole = market.cash.value() + market.borrows.value() - market.reserves.value();
        let used = if market.borrows.is_zero() {
            Ok(Q::zero())
        } else if whole < Q::zero() {
            Err(MathError::Underflow)
        } else {
            quotient(&market.borrows.value(), &whole)
        };
        let expected = used.and_then(|_| expected()).map_err(lending);
        let ours = market.market.accrue(blocks(n)).map(|accrual| {
            let state = accrual.after.state();
            [
                accrual.interest.get(),
                accrual.to_reserves.get(),
                state.borrows.get(),
                state.reserves.get(),
                state.borrow_index.get(),
            ]
        });
        agree([ours], [expected])
    });
}

fn deposits_and_redemptions<N: Sample>() {
    check((market::<N>(), amount::<N>(), amount::<N>()), |(market, paid, shares)| -> Judged {
        let lowest = N::MINIMUM_LIQUIDITY.value();
        let (supply, cash) = (market.supply.value(), market.cash.value());
        let locked = if market.locks { lowest } else { Q::zero() };

        let supplied = || -> Result<[N; 3], LendingError> {
            if paid.is_zero() {
                return Ok([N::ZERO, market.cash, market.supply]);
            }
            let rate = market.exchange_rate()?.value();
            let issued = quotient(&paid.value(), &rate)?;
            let issued = N::round(&issued, Fit::To(&supply), Grid::Amount, Down)?;
            let mut minted = issued;
            if supply.is_zero() {
                let left = (issued.value() - &locked).max(Q::zero());
                minted = N::round(&left, Fit::From(&issued.value()), Grid::Amount, Down)?;
            }
            if minted.is_zero() {
                return Err(LendingError::InsufficientSharesMinted);
            }
            Ok([minted, sum(market.cash, paid)?, sum(market.supply, issued)?])
        };
        let supply_of = |market: &AccruedMarket<N>| market.state().supply.get();
        let cash_of = |market: &AccruedMarket<N>| market.state().cash.get();
        let ours_supplied = market
            .market
            .supply(paid)
            .map(|supply| [supply.shares.get(), cash_of(&supply.after), supply_of(&supply.after)]);

        // What leaves: cash first, then the shares in circulation.
        let left = |amount: N, shares: N| -> Result<[N; 3], LendingError> {
            if amount.value() > cash {
                return Err(LendingError::InsufficientCash);
            }
            if !shares.is_zero() && shares.value() + &locked > supply {
                return Err(LendingError::InsufficientShares);
            }
            let less = |whole: &Q, part: N| N::exactly(&(whole - part.value()));
            Ok([amount, less(&cash, amount)?, less(&supply, shares)?])
        };
        let redeemed = || {
            let amount = shares.value() * market.exchange_rate()?.value();
            left(N::round(&amount, Fit::From(&cash), Grid::Amount, Down)?, shares)
        };
        let taken = || {
            let burned = quotient(&paid.value(), &market.exchange_rate()?.value())?;
            left(paid, N::round(&burned, Fit::From(&supply), Grid::Amount, Up)?)
        };
        let ours_left = |redemption: defi_math::lending::Redemption<N>| {
            [redemption.amount.get(), cash_of(&redemption.after), supply_of(&redemption.after)]
        };
        agree(
            [
                ours_supplied,
                market.market.redeem(shares).map(ours_left),
                market.market.redeem_amount(paid).map(ours_left),
            ],
            [supplied(), redeemed(), taken()],
        )
        .and(Ok(Verdict::Answered))
    });
}

fn debts_grow_with_the_index<N: Sample>() {
    let case = (market::<N>(), amount::<N>(), upto::<N>(20 * ONE), amount::<N>());
    check(case, |(market, principal, since, more)| -> Judged {
        let then = N::exactly(&(since.value() + whole(1))).unwrap();
        let debt = Debt::new(principal, then).unwrap();
        let owed = || -> Result<N, MathError> {
            if principal.is_zero() || then == market.index {
                return Ok(principal);
            }
            let owed = principal.value() * market.index.value() / then.value();
            N::round(&owed, Fit::From(&market.borrows.value()), Grid::Amount, Down)
        };
        let borrowed = || -> Result<[N; 3], LendingError> {
            if more.value() > market.cash.value() {
                return Err(LendingError::InsufficientCash);
            }
            let principal = sum(owed()?, more)?;
            let cash = N::exactly(&(market.cash.value() - more.value()))?;
            Ok([principal, cash, sum(market.borrows, more)?])
        };
        let repaid = || -> Result<[N; 3], LendingError> {
            let owed = owed()?;
            if more.value() > owed.value() {
                return Err(LendingError::RepaysTooMuch);
            }
            let principal = N::exactly(&(owed.value() - more.value()))?;
            let paid = if more.value() > market.borrows.value() { market.borrows } else { more };
            let borrows = N::exactly(&(market.borrows.value() - paid.value()));
            Ok([principal, sum(market.cash, paid)?, borrows?])
        };
        let figures = |debt: Debt<N>, after: AccruedMarket<N>| {
            let state = after.state();
            [debt.principal().get(), state.cash.get(), state.borrows.get()]
        };
        let first = agree([market.market.owed(debt).map(Amount::get)], [owed().map_err(lending)])?;
        agree(
            [
                market.market.borrow(debt, more).map(|loan| figures(loan.debt, loan.after)),
                market.market.repay(debt, more).map(|back| figures(back.debt, back.after)),
            ],
            [borrowed(), repaid()],
        )?;
        Ok(first)
    });
}

fn terms_of<N: Exactly>(close: N, bonus: N, protocol: N) -> LiquidationTerms<N> {
    let incentive = N::exactly(&(bonus.value() + whole(1))).unwrap();
    LiquidationTerms::new(close, incentive, protocol).unwrap()
}

fn seizures<N: Sample>() {
    let parts = (part::<N>(), part::<N>(), part::<N>());
    let prices = (price::<N>(), price::<N>());
    check((parts, prices, upto::<N>(1_000 * ONE), amount::<N>()), |case| -> Judged {
        let ((close, bonus, protocol), (borrowed, collateral), rate, repay) = case;
        let terms = terms_of(close, bonus, protocol);
        let incentive = whole(1) + bonus.value();
        let seized = || -> Result<N, MathError> {
            let numerator = at::<N>(&(incentive * borrowed.value()), Down)?;
            let denominator = at::<N>(&(rate.value() * collateral.value()), Down)?;
            let ratio = at::<N>(&quotient(&numerator.value(), &denominator.value())?, Down)?;
            at(&(ratio.value() * repay.value()), Down)
        };
        let most = N::round(
            &(repay.value() * close.value()),
            Fit::From(&repay.value()),
            Grid::Amount,
            Down,
        );
        let shares = terms.seize_shares(repay, borrowed.price, collateral.price, rate);
        agree(
            [shares.map(Shares::get), terms.maximum_repayment(repay).map(Amount::get)],
            [seized().map_err(lending), most.map_err(lending)],
        )
    });
}

/// The figures of a position: shares, exchange rate, debt, price, collateral factor.
type Held<N> = (N, N, N, Quoted<N>, N);

fn held<N: Sample>() -> BoxedStrategy<Held<N>> {
    let near = (upto::<N>(1_000 * ONE), upto::<N>(1_000 * ONE))
        .prop_filter_map("a price", |(q, b)| {
            (!q.is_zero() && !b.is_zero()).then(|| Quoted::of_amounts(q, b))
        });
    let amount = || prop_oneof![1 => N::amount(), 4 => upto::<N>(10_000 * ONE)];
    (amount(), upto::<N>(2 * ONE), amount(), near, part::<N>()).boxed()
}

fn accounts_add_up<N: Sample>() {
    let positions = proptest::collection::vec(held::<N>(), 0..5);
    check((positions, held::<N>(), amount::<N>()), |(all, one, more)| -> Judged {
        let weight = |held: &Held<N>| -> Result<N, MathError> {
            let (_, rate, _, price, factor) = held;
            let counted = at::<N>(&(rate.value() * factor.value()), Down)?;
            at(&(counted.value() * price.value()), Down)
        };
        let worth = |amount: N, price: &Quoted<N>| at::<N>(&(amount.value() * price.value()), Down);
        let sums = || -> Result<(N, N), MathError> {
            let (mut limit, mut debt) = (N::ZERO, N::ZERO);
            for held in &all {
                let (shares, _, owed, price, _) = held;
                if !shares.is_zero() {
                    limit = sum(limit, at(&(weight(held)?.value() * shares.value()), Down)?)?;
                }
                if !owed.is_zero() {
                    debt = sum(debt, worth(*owed, price)?)?;
                }
            }
            Ok((limit, debt))
        };
        let position = |(shares, rate, owed, price, factor): &Held<N>| {
            Position::new(*shares, *rate, *owed, price.price, *factor).unwrap()
        };
        let positions: Vec<_> = all.iter().map(position).collect();
        let figures =
            |account: &Account<N>| (account.borrow_limit().get(), account.debt_value().get());
        let account = Account::of(&positions);
        let verdict = agree([account.map(|account| figures(&account))], [sums().map_err(lending)])?;
        let Ok(account) = account else { return Ok(verdict) };

        let (limit, debt) = sums().unwrap();
        let borrowed = || Ok((limit, sum(debt, worth(more, &one.3)?)?));
        let redeemed = || {
            let less = at::<N>(&(weight(&one)?.value() * more.value()), Down)?;
            Ok((limit, sum(debt, less)?))
        };
        let health = || {
            if debt.is_zero() {
                return Err(LendingError::NoDebt);
            }
            Ok(at::<N>(&(limit.value() / debt.value()), Down)?)
        };
        let one = position(&one);
        agree(
            [
                account.with_borrow(&one, more).map(|account| figures(&account)),
                account.with_redemption(&one, more).map(|account| figures(&account)),
            ],
            [borrowed().map_err(lending), redeemed().map_err(lending)],
        )?;
        agree([account.health_factor().map(Ratio::get)], [health()])?;
        Ok(verdict)
    });
}

/// What a position's collateral is worth.
fn collateral<N: Exactly>((shares, rate, _, price, _): &Held<N>) -> Result<N, MathError> {
    let tokens = at::<N>(&(shares.value() * rate.value()), Down)?;
    at(&(tokens.value() * price.value()), Down)
}

/// `(Σ⌊v·s⌋ − Σ⌈d·b⌉)/(Σv − Σd)`: down when it is earned, up when it is paid.
fn net_rate_is_the_weighted_mean<N: Sample>() {
    let rates = (upto::<N>(ONE), upto::<N>(ONE));
    let positions = proptest::collection::vec((held::<N>(), rates), 1..4);
    check_refusals(positions, |all| -> Judged {
        let expected = || -> Result<(bool, N), LendingError> {
            let zero = N::ZERO;
            let (mut held, mut owed, mut earned, mut paid) = (zero, zero, zero, zero);
            for (position, (supply, borrow)) in &all {
                let value = collateral(position)?;
                let debt = if position.2.is_zero() {
                    zero
                } else {
                    at::<N>(&(position.2.value() * position.3.value()), Down)?
                };
                held = sum(held, value)?;
                owed = sum(owed, debt)?;
                earned = sum(earned, at(&(value.value() * supply.value()), Down)?)?;
                paid = sum(paid, at(&(debt.value() * borrow.value()), Up)?)?;
            }
            if owed.value() >= held.value() {
                return Err(LendingError::InsufficientCollateral);
            }
            let equity = N::exactly(&(held.value() - owed.value()))?.value();
            let (earned, paid) = (earned.value(), paid.value());
            let part = |n: Q, rounding| {
                let n = N::exactly(&n)?.value();
                N::round(&(n / &equity), Fit::Alone, Grid::Rate, rounding)
            };
            Ok(if earned >= paid {
                (true, part(earned - paid, Down)?)
            } else {
                (false, part(paid - earned, Up)?)
            })
        };
        let mut positions = Vec::new();
        for ((shares, rate, owed, price, factor), (supply, borrow)) in &all {
            let position = Position::new(*shares, *rate, *owed, price.price, *factor).unwrap();
            let rate = |rate: &N| Rate::<N, PerBlock>::new(*rate).unwrap();
            positions.push((position, rate(supply), rate(borrow)));
        }
        let worth = collateral_value(positions.iter().map(|(position, ..)| position));
        let held = || -> Result<N, MathError> {
            all.iter().try_fold(N::ZERO, |all, (position, _)| sum(all, collateral(position)?))
        };
        agree([worth.map(Amount::get)], [held().map_err(lending)])?;
        let ours = net_rate(&positions).map(|net| match net {
            NetRate::Earns(rate) => (true, rate.get()),
            NetRate::Pays(rate) => (false, rate.get()),
        });
        agree([ours], [expected()])
    });
}

fn repayment_to_health_is_the_closed_form<N: Sample>() {
    let parts = (part::<N>(), part::<N>());
    let debts = prop_oneof![1 => upto::<N>(1_000_000 * ONE), 1 => upto::<N>(1 << 96)];
    let sums = (debts, prop_oneof![3 => 40..=100_u32, 1 => 0..=300_u32]);
    check_refusals(
        (parts, sums, upto::<N>(3 * ONE)),
        |((bonus, factor), (debt, part), target)| -> Judged {
            // A limit of so many hundredths of the debt, and a target above it.
            let limit = debt.value() * whole(part) / whole(100);
            let limit =
                N::exactly(&(limit * ten(18)).floor().checked_div(&whole(ten(18))).unwrap());
            let (Ok(limit), Ok(target)) =
                (limit, N::exactly(&(target.value() + Q::new(1.into(), 2.into()))))
            else {
                return Ok(Verdict::Refused);
            };
            let terms = terms_of(N::ONE, bonus, N::ZERO);
            let (h, l, d) = (target.value(), limit.value(), debt.value());
            let seized = factor.value() * (whole(1) + bonus.value());
            let repaid = || -> Result<N, LendingError> {
                if l >= &h * &d {
                    return Err(LendingError::Healthy);
                }
                if h <= seized {
                    return Err(LendingError::TargetNotReached);
                }
                let repaid = (&h * &d - &l) / (&h - &seized);
                let repaid = N::round(&repaid, Fit::From(&d), Grid::Amount, Up)?;
                if repaid.value() > d { Err(LendingError::TargetNotReached) } else { Ok(repaid) }
            };
            let account = Account::new(limit, debt).unwrap();
            let improves = terms.improves_health(&account, factor);
            prop_assert_eq!(improves, Ok(l > &seized * &d));
            let ours = terms.repayment_to_health(&account, factor, target);
            agree([ours.map(Amount::get)], [repaid()])
        },
    );
}

fn three_terms_are_the_binomial_ones<N: Sample>() {
    check((upto::<N>(ONE / 100), natural(0..=1_000_000)), |(rate, n)| -> Judged {
        let (r, count) = (rate.value(), BigInt::from(n));
        let choose = |k: u32| -> Q {
            (0..k).map(|i| Q::new(&count - i, (i + 1).into())).product::<Q>().max(Q::zero())
        };
        // n(n − 1)… ends at zero.
        let choose = |k: u32| if count < BigInt::from(k) { Q::zero() } else { choose(k) };
        let growth = whole(1) + choose(1) * &r + choose(2) * &r * &r + choose(3) * &r * &r * &r;
        let expected = N::round(&growth, Fit::Alone, Grid::Rate, Down);
        let ours = Rate::<N, PerBlock>::new(rate).unwrap().compound_three_terms_down(blocks(n));
        agree([ours.map(Index::get)], [expected])
    });
}

fn reward_index_is_the_sum_of_quotients<N: Sample>() {
    let rewards = (upto::<N>(1_000 * ONE), upto::<N>(1_000 * ONE));
    check((rewards, amount::<N>(), amount::<N>()), |((first, second), all, own)| -> Judged {
        let step = |index: N, reward: N| -> Result<N, MathError> {
            if all.is_zero() {
                return Ok(index);
            }
            let step = reward.value() / all.value();
            sum(index, N::round(&step, Fit::To(&index.value()), Grid::Amount, Down)?)
        };
        let indices = || {
            let first = step(N::ZERO, first)?;
            Ok::<_, MathError>((first, step(first, second)?))
        };
        let ours = RewardIndex::ZERO
            .distribute(first, all)
            .and_then(|then| Ok((then, then.distribute(second, all)?)));
        let verdict =
            agree([ours.map(|(then, now)| (then.get(), now.get()))], [indices().map_err(lending)])?;
        let (Ok((then, now)), Ok((a, b))) = (ours, indices()) else { return Ok(verdict) };
        let earned = N::exactly(&(b.value() - a.value()))
            .and_then(|growth| at::<N>(&(growth.value() * own.value()), Down));
        agree([now.earned(own, then).map(Amount::get)], [earned.map_err(lending)])
    });
}

fn vault_shares_are_proportional<N: Sample>() {
    check((amount::<N>(), amount::<N>(), 0..=9_u8, amount::<N>()), |case| -> Judged {
        let (assets, supply, offset, moved) = case;
        let vault = TokenizedVault::of(assets, supply, offset).unwrap();
        let unit = N::UNIT.value();
        let shares = supply.value() + &unit * ten(u32::from(offset));
        let whole = assets.value() + unit;
        let round = |value: Q, beside: N, rounding| {
            N::round(&value, Fit::To(&beside.value()), Grid::Amount, rounding)
        };
        let in_shares = |rounding| round(moved.value() * &shares / &whole, supply, rounding);
        let in_assets = |rounding| round(moved.value() * &whole / &shares, assets, rounding);
        agree(
            [
                vault.shares_for(moved).map(Shares::get),
                vault.assets_for(moved).map(Amount::get),
                vault.shares_for_up(moved).map(Shares::get),
                vault.assets_for_up(moved).map(Amount::get),
            ],
            [in_shares(Down), in_assets(Down), in_shares(Up), in_assets(Up)]
                .map(|answer| answer.map_err(lending)),
        )?;
        let entered = |assets_in: N, shares_in: N| {
            Ok::<_, MathError>((sum(assets, assets_in)?, sum(supply, shares_in)?))
        };
        let left = |assets_out: N, shares_out: N| -> Result<(N, N), LendingError> {
            if shares_out.value() > supply.value() {
                return Err(LendingError::InsufficientShares);
            }
            if assets_out.value() > assets.value() {
                return Err(LendingError::InsufficientCash);
            }
            let less = |a: N, b: N| N::exactly(&(a.value() - b.value()));
            Ok((less(assets, assets_out)?, less(supply, shares_out)?))
        };
        let figures = |conversion: defi_math::lending::Conversion<N>| {
            (conversion.after.assets().get(), conversion.after.supply().get())
        };
        let verdict = agree(
            [vault.deposit(moved).map(figures), vault.mint(moved).map(figures)],
            [
                in_shares(Down).and_then(|minted| entered(moved, minted)).map_err(lending),
                in_assets(Up).and_then(|asked| entered(asked, moved)).map_err(lending),
            ],
        )?;
        agree(
            [vault.withdraw(moved).map(figures), vault.redeem(moved).map(figures)],
            [
                in_shares(Up).map_err(lending).and_then(|burned| left(moved, burned)),
                in_assets(Down).map_err(lending).and_then(|paid| left(paid, moved)),
            ],
        )?;
        Ok(verdict)
    });
}

/// What a price of zero is refused with.
#[test]
fn no_price_is_zero() {
    let n = number::<defi_math::Wad>;
    let terms = LiquidationTerms::new(n(ONE), n(ONE), n(0)).unwrap();
    let refused = terms.seize_shares(n(1), n(0), n(1), n(1));
    assert_eq!(refused, Err(LendingError::Math(MathError::Zero(Kind::Price))));
}
