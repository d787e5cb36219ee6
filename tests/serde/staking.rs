//! States of staking as text.

use defi_math::staking::cosmos::{SlashFraction, SlashingPeriod, Unbonding};
use defi_math::staking::eigenlayer::{Delegation, Operator};
use defi_math::staking::{Book, Fraction, Kept, Loan, LoanTerms, StakingPool, Withdrawal};
use defi_math::{Number, Wad};
use rust_decimal::{Decimal, dec};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{from_str, from_value, json, to_string, to_value};

#[expect(clippy::needless_pass_by_value, reason = "called with what is made for it")]
fn survives<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: T) {
    let text = to_string(&value).unwrap();
    assert_eq!(from_str::<T>(&text).unwrap(), value, "{text}");
}

#[test]
fn staking_states_survive_a_round_trip() {
    fn all<N: Number>(stake: N, debt: N, part: N) {
        let pool = StakingPool::with_virtual_shares(Fraction::new(1, 10).unwrap(), 3).unwrap();
        let pool = pool.deposit(stake).unwrap().after.reward(debt).unwrap().after;
        let unbond = pool.unbond(debt, 7, 21).unwrap();
        let slashed = unbond.after.slash(Kept::after_slash(part).unwrap()).unwrap().after;
        survives(slashed);
        survives::<Withdrawal<N>>(unbond.withdrawal);

        let price = N::ONE.multiple(2).unwrap();
        let terms = LoanTerms::new(Fraction::ONE_HALF, 2, price).unwrap();
        let loan = Loan::new(terms, stake).unwrap();
        let book = Book::default().join(&loan).unwrap();
        let lent = book.borrow(&loan, debt).unwrap();
        let slashed = lent.after.slash(&lent.loan.after, Kept::after_slash(part).unwrap()).unwrap();
        survives(slashed.loan.after.accrue(price).unwrap());
        survives(slashed.after);
        survives(terms);
        survives(Kept::after_slash(part).unwrap());
        survives(Unbonding::new(stake, 1, 2).unwrap());
        let fault = SlashFraction::new(part).unwrap();
        survives(SlashingPeriod::default().record(fault).unwrap().after);
        let operator = Operator::default().slash(part).unwrap();
        survives(operator);
        survives(Delegation::default().deposit(stake, operator.factor().unwrap()).unwrap());
    }
    all(dec!(100), dec!(25.5), dec!(0.05));
    all(Wad::from_raw(1_000_003), Wad::from_raw(257), Wad::from_raw(1 << 55));
    all(100.0, 25.5, 0.05);
}

#[test]
fn broken_staking_states_are_refused() {
    let fraction = |value| from_value::<Fraction>(value);
    assert_eq!(fraction(json!([2, 6])).unwrap(), Fraction::ONE_THIRD);
    assert!(fraction(json!([3, 2])).is_err());
    assert_eq!(to_value(Fraction::ONE_HALF).unwrap(), json!([1, 2]));
    assert!(from_value::<Kept>(json!("1.1")).is_err());
    assert!(from_value::<Operator>(json!("1.1")).is_err());
    assert!(from_value::<SlashingPeriod>(json!({"worst": "1.1"})).is_err());
    assert_eq!(from_value::<Operator>(json!("0.5")).unwrap().magnitude(), dec!(0.5));

    let terms = LoanTerms::new(Fraction::ONE_HALF, 2, Decimal::TWO).unwrap();
    let mut text = to_value(terms).unwrap();
    assert_eq!(text, json!({"collateral_factor": [1, 2], "exponent": 2, "largest_price": "2"}));
    text["exponent"] = json!(0);
    assert!(from_value::<LoanTerms>(text).is_err());
    let mut text = to_value(Unbonding::new(dec!(5), 1, 2).unwrap()).unwrap();
    text["balance"] = json!("5.1");
    assert!(from_value::<Unbonding>(text).is_err());
    let mut text = to_value(Book::<Decimal>::default()).unwrap();
    text["reserve"] = json!("1");
    assert!(from_value::<Book>(text).is_err());
    let mut text = to_value(Loan::new(terms, dec!(0)).unwrap()).unwrap();
    text["principal"] = json!("1");
    assert!(from_value::<Loan>(text).is_err());
    let mut text = to_value(StakingPool::<Decimal>::new(Fraction::ZERO)).unwrap();
    text["kept"] = json!("0");
    assert!(from_value::<StakingPool>(text).is_err());
}
