//! Any sequence of operations on a market and an account in it, in every number type.
//!
//! Nothing may panic. After each step: the state is one that a market can be built from, the cash has changed
//! by what went in and out of the purse, the exchange rate has not fallen but by a bad debt, and all claims
//! together are covered.

#![no_main]

use arbitrary::Arbitrary;
use defi_math::lending::{
    Account, AccruedMarket, Collateral, Debt, InterestRateModel, LendingError, LiquidationTerms,
    Loan, Market, MarketState, Position, RateCurve, Terms,
};
use defi_math::num::{Fit, Grid, Number, Rounding};
use defi_math::rate::{PerBlock, Rate, blocks};
use defi_math::{Amount, Fee, Index, Price, Ratio, Shares, Wad};
use defi_math_fuzz::{Bits, Fuzzed};
use libfuzzer_sys::fuzz_target;
use num_bigint::{BigInt, BigUint};
use rust_decimal::Decimal;

#[derive(Arbitrary, Debug)]
enum Scenario {
    Wad(Opening, Vec<Op>),
    Decimal(Opening, Vec<Op>),
    Float(Opening, Vec<Op>),
}

#[derive(Arbitrary, Clone, Debug)]
struct Opening {
    base: Bits,
    slope: Bits,
    kink: Option<(Bits, Bits)>,
    factor: u16,
    first: Bits,
    stored: Option<[Bits; 6]>,
}

#[derive(Arbitrary, Clone, Debug)]
enum Op {
    Accrue(u32),
    Supply(Size),
    Redeem(Size),
    RedeemAmount(Size),
    Borrow(Size),
    Repay(Size),
    RepayAll,
    AddReserves(Size),
    ReduceReserves(Size),
    Donate(Size),
    Seize(Size, u16),
    WriteOff,
    FlashLoan { amount: Size, paid: Size, basis_points: u16 },
    Account { price: Bits, factor: u16, other: Bits },
    Liquidate { repay: Size, price: Bits, incentive: u16, close: u16 },
    Views(Size),
}

/// An amount of any size, or a part of what there is.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Size {
    Any(Bits),
    Part(u16),
}

type Read<N> = fn(Bits) -> N;

fn part<N: Number>(part: u16, of: N) -> Result<N, LendingError> {
    let part = N::ONE.times(u32::from(part), Grid::Amount)?;
    let whole = N::ONE.times(u32::from(u16::MAX), Grid::Amount)?;
    Ok(of.mul_div(part, whole, Fit::From(of), Grid::Amount, Rounding::Down)?)
}

fn amount<N: Number>(size: Size, of: N, read: Read<N>) -> Result<N, LendingError> {
    match size {
        Size::Any(bits) => Ok(Amount::new(read(bits))?.get()),
        Size::Part(n) => part(n, of),
    }
}

fn ratio<N: Number>(n: u16) -> Result<Ratio<N>, LendingError> {
    Ok(Ratio::new(part(n, N::ONE)?)?)
}

fn open<N: Number>(opening: &Opening, read: Read<N>) -> Result<AccruedMarket<N>, LendingError> {
    let rate = |bits| Rate::<N, PerBlock>::new(read(bits));
    let kink = match opening.kink {
        Some((at, jump)) => {
            let curve = InterestRateModel::kinked(N::ZERO, N::ZERO, read(at), read(jump))?;
            curve.curve().kink
        }
        None => None,
    };
    let curve = RateCurve { base: rate(opening.base)?, slope: rate(opening.slope)?, kink };
    let model = InterestRateModel::try_from(curve)?;
    let terms = Terms::new(model, ratio(opening.factor)?, read(opening.first))?;
    let empty = Market::open(terms)?;
    let market = match opening.stored {
        None => empty,
        Some([cash, borrows, reserves, supply, locked, index]) => Market::try_from(MarketState {
            cash: Amount::new(read(cash))?,
            borrows: Amount::new(read(borrows))?,
            reserves: Amount::new(read(reserves))?,
            supply: Shares::new(read(supply))?,
            locked: Shares::new(read(locked))?,
            borrow_index: Index::new(read(index))?,
            terms,
        })?,
    };
    Ok(market.accrue(blocks(0))?.after)
}

/// A market, and what the one account in it has.
#[derive(Clone, Copy)]
struct World<N: Number> {
    market: AccruedMarket<N>,
    shares: Shares<N>,
    debt: Debt<N>,
}

/// What a step moved into the market and out of it.
struct Moved<N: Number> {
    paid: Amount<N>,
    taken: Amount<N>,
    world: World<N>,
}

fn step<N: Fuzzed>(world: World<N>, op: &Op, read: Read<N>) -> Result<Moved<N>, LendingError> {
    let World { market, shares, debt } = world;
    let MarketState { cash, reserves, .. } = *market.state();
    let zero = Amount::<N>::ZERO;
    let moved = |paid, taken, world| Moved { paid, taken, world };
    let with = |market| World { market, ..world };
    Ok(match *op {
        Op::Accrue(n) => moved(zero, zero, with(market.accrue(blocks(n))?.after)),
        Op::Supply(size) => {
            let supply = market.supply(amount(size, cash.get(), read)?)?;
            let shares = (shares + supply.shares)?;
            moved(supply.amount, zero, World { market: supply.after, shares, ..world })
        }
        Op::Redeem(size) => {
            let given = Shares::new(amount(size, shares.get(), read)?)?;
            let left = (shares - given)?;
            let out = market.redeem(given)?;
            moved(zero, out.amount, World { market: out.after, shares: left, ..world })
        }
        Op::RedeemAmount(size) => {
            let out = market.redeem_amount(amount(size, cash.get(), read)?)?;
            let left = (shares - out.shares)?;
            moved(zero, out.amount, World { market: out.after, shares: left, ..world })
        }
        Op::Borrow(size) => {
            let loan = market.borrow(debt, amount(size, cash.get(), read)?)?;
            moved(zero, loan.amount, World { market: loan.after, debt: loan.debt, ..world })
        }
        Op::Repay(size) => {
            let owed = market.owed(debt)?.get();
            let back = market.repay_at_most(debt, amount(size, owed, read)?)?;
            moved(back.amount, zero, World { market: back.after, debt: back.debt, ..world })
        }
        Op::RepayAll => {
            let back = market.repay_all(debt)?;
            assert!(back.debt.principal().is_zero());
            moved(back.amount, zero, World { market: back.after, debt: back.debt, ..world })
        }
        Op::AddReserves(size) => {
            let amount = Amount::new(amount(size, cash.get(), read)?)?;
            moved(amount, zero, with(market.add_reserves(amount)?))
        }
        Op::ReduceReserves(size) => {
            let amount = Amount::new(amount(size, reserves.get(), read)?)?;
            moved(zero, amount, with(market.reduce_reserves(amount)?))
        }
        Op::Donate(size) => {
            let amount = Amount::new(amount(size, cash.get(), read)?)?;
            moved(amount, zero, with(market.donate(amount)?))
        }
        Op::Seize(size, protocol) => {
            let taken = Shares::new(amount(size, shares.get(), read)?)?;
            let left = (shares - taken)?;
            let seizure = market.seize(taken, ratio(protocol)?)?;
            assert!(is_float::<N>() || seizure.to_liquidator + seizure.to_protocol == Ok(taken));
            // The liquidator is the same account.
            let shares = (left + seizure.to_liquidator)?;
            moved(zero, zero, World { market: seizure.after, shares, ..world })
        }
        Op::WriteOff => {
            let loss = market.write_off(debt, N::ZERO)?;
            moved(zero, zero, World { market: loss.after, debt: Debt::NONE, ..world })
        }
        Op::FlashLoan { amount: size, paid, basis_points } => {
            let lent = amount(size, cash.get(), read)?;
            let paid = amount(paid, cash.get(), read)?;
            let fee = Fee::from_basis_points(u32::from(basis_points))?;
            let outside = market.exchange_rate();
            let loan = market.flash_loan(lent, fee, |within| {
                assert!(is_float::<N>() || within.exchange_rate() == outside);
                Ok::<_, LendingError>((within, paid))
            })?;
            moved(loan.paid, loan.amount, with(loan.after))
        }
        Op::Account { price, factor, other } => {
            let position =
                Position::in_market(&market, shares, debt, read(price), ratio(factor)?)?;
            let second = Position::new(read(other), N::ONE, N::ZERO, read(price), ratio(factor)?)?;
            let account = Account::of(&[position, second])?;
            let _ = (account.health_factor(), account.liquidity(), account.shortfall());
            let _ = account.liquidation_price(&position);
            let most = account.maximum_borrow(&position)?;
            if account.is_healthy() && !is_float::<N>() {
                assert!(account.with_borrow(&position, most)?.is_healthy());
            }
            let most = account.maximum_redemption(&second)?;
            assert!(is_float::<N>() || most <= second.shares());
            moved(zero, zero, world)
        }
        Op::Liquidate { repay, price, incentive, close } => {
            let price = Price::new(read(price))?;
            let bonus = part(incentive, N::ONE)?;
            let terms = LiquidationTerms::new(ratio(close)?, N::ONE.try_add(bonus)?, N::ZERO)?;
            let account = Account::of(&[Position::in_market(
                &market,
                N::ZERO,
                debt,
                price,
                Ratio::<N>::ZERO,
            )?])?;
            let owed = market.owed(debt)?;
            let loan = Loan { market, debt, price };
            let collateral = Collateral { market, shares, price };
            let best = terms.most_profitable(&account, &loan, &collateral, price)?;
            if let Some(best) = best {
                let done = terms.liquidate(&account, &loan, &collateral, best.repay);
                // A market may not hold the sum with what is repaid.
                let done = matches!(done, Ok(_) | Err(LendingError::Math(_)));
                assert!(is_float::<N>() || done, "{best:?}");
            }
            let repay = amount(repay, owed.get(), read)?;
            if let Ok(done) = terms.liquidate(&account, &loan, &collateral, repay) {
                assert!(is_float::<N>() || done.seizure.shares <= shares);
            }
            let _ = terms.repayment_to_health(&account, ratio::<N>(close)?, N::ONE);
            moved(zero, zero, world)
        }
        Op::Views(size) => {
            let rate = Rate::new(amount(size, N::ONE, read)?)?;
            let _ = market.state().terms.model.utilization_at(rate);
            let _ = (market.market().supply_rate(), market.reward_shares_of_borrows());
            let _ = (market.reward_shares_of_debt(debt), market.worth(shares));
            moved(zero, zero, world)
        }
    })
}

fn is_float<N: Fuzzed>() -> bool {
    N::ONE.units(Grid::Rate).is_none()
}

fn units<N: Fuzzed>(amount: Amount<N>) -> Option<BigInt> {
    amount.get().units(Grid::Amount).map(|units: BigUint| units.into())
}

fn check<N: Fuzzed>(before: &World<N>, op: &Op, moved: &Moved<N>) -> Option<()> {
    let (then, now) = (before.market.state(), moved.world.market.state());
    let stored: MarketState<N> = (*moved.world.market.market()).into();
    // A float's reserves can pass its cash by a rounding.
    units(now.cash)?;
    assert_eq!(Market::try_from(stored), Ok(*moved.world.market.market()));
    assert_eq!(
        units(now.cash)? - units(then.cash)?,
        units(moved.paid)? - units(moved.taken)?,
        "{op:?}"
    );
    let bad_debt = matches!(op, Op::WriteOff);
    if !bad_debt && !then.supply.is_zero() && !now.supply.is_zero() {
        let (Ok(earlier), Ok(later)) =
            (before.market.exchange_rate(), moved.world.market.exchange_rate())
        else {
            return None;
        };
        // A `Decimal` rate above its grid has fewer places when it is larger.
        if N::decimal_places(Grid::Amount).is_none() || later.get() < earlier.get() {
            let step = N::ONE.try_add(N::ONE).map_or(N::ONE, |two| two);
            let large = later.get() > step && N::decimal_places(Grid::Amount).is_some();
            assert!(large || later >= earlier, "{earlier} to {later} by {op:?}");
        }
    }
    let claims = moved.world.market.worth(now.supply).ok()?;
    let whole = units(now.cash)? + units(now.borrows)? - units(now.reserves)?;
    if !now.supply.is_zero() {
        assert!(units(claims)? <= whole, "claims of {claims} on {whole}");
    }
    Some(())
}

fn run<N: Fuzzed>(opening: &Opening, ops: &[Op]) {
    let read: Read<N> = N::read;
    let Ok(market) = open(opening, read) else { return };
    let mut world = World { market, shares: market.state().supply, debt: Debt::NONE };
    for op in ops {
        let Ok(moved) = step(world, op, read) else { continue };
        check(&world, op, &moved);
        world = moved.world;
    }
}

fuzz_target!(|scenario: Scenario| {
    match &scenario {
        Scenario::Wad(opening, ops) => run::<Wad>(opening, ops),
        Scenario::Decimal(opening, ops) => run::<Decimal>(opening, ops),
        Scenario::Float(opening, ops) => run::<f64>(opening, ops),
    }
});
