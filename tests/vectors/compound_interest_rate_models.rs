//! `JumpRateModelV2` and `WhitePaperInterestRateModel`.

use defi_math::lending::{InterestRateModel, LendingError, RateCurve, utilization};
use defi_math::rate::PerBlock;
use defi_math::{Ratio, Wad};
use num_bigint::BigUint;
use rust_decimal::Decimal;

use crate::compound::{check_refusal, jump_model, white_paper_model};
use crate::number::Units;
use crate::recording::{Outcome, Record, Recording, Tally};

const NAME: &str = "compound_interest_rate_models";

#[test]
fn compound_interest_rate_models_wad() {
    replay::<Wad>();
}

#[test]
fn compound_interest_rate_models_decimal() {
    replay::<Decimal>();
}

fn number<N: Units>(record: Record<'_>, field: &str) -> N {
    N::from_units(&record.units(field)).unwrap()
}

fn replay<N: Units>() {
    let recording = Recording::load(NAME);
    let mut tally = Tally::default();
    let mut models = Vec::new();
    for record in recording.all("jumpModels") {
        let [base, rise, jump, kink] =
            ["baseRatePerYear", "multiplierPerYear", "jumpMultiplierPerYear", "kink"]
                .map(|field| number::<N>(record, field));
        let model = jump_model(base, rise, jump, kink).unwrap();
        let RateCurve { base, slope, kink } = *model.curve();
        let kink = kink.unwrap();
        for (ours, field) in [
            (base.get(), "baseRatePerBlock"),
            (slope.get(), "multiplierPerBlock"),
            (kink.jump.get(), "jumpMultiplierPerBlock"),
            (kink.at.get(), "kinkStored"),
        ] {
            assert_eq!(ours.units(), record.units(field), "{field}: {record}");
        }
        models.push((record.text("name"), model));
    }
    for record in recording.all("jump") {
        tally.count(rates(model_of(&models, record), record));
    }
    models.clear();
    for record in recording.all("whitePaperModels") {
        let (base, slope) =
            (number(record, "baseRatePerYear"), number(record, "multiplierPerYear"));
        let model = white_paper_model::<N>(base, slope).unwrap();
        let curve = model.curve();
        assert_eq!(curve.base.get().units(), record.units("baseRatePerBlock"), "{record}");
        assert_eq!(curve.slope.get().units(), record.units("multiplierPerBlock"), "{record}");
        models.push((record.text("name"), model));
    }
    for record in recording.all("whitePaper") {
        tally.count(rates(model_of(&models, record), record));
    }
    tally.finish(&format!("{NAME} in {}", N::NAME));
}

type Model<N> = InterestRateModel<N, PerBlock>;

fn model_of<'a, N: Units>(models: &'a [(&str, Model<N>)], record: Record<'_>) -> &'a Model<N> {
    let name = record.text("model");
    &models.iter().find(|(known, _)| *known == name).expect("a model of that name").1
}

fn rates<N: Units>(model: &Model<N>, record: Record<'_>) -> Outcome {
    let context = &record.to_string();
    let figures = ["cash", "borrows", "reserves"].map(|field| N::from_units(&record.units(field)));
    let [Some(cash), Some(borrows), Some(reserves)] = figures else {
        return Outcome::OutsideRange;
    };
    let factor = number::<N>(record, "reserveFactor");
    let used = utilization(cash, borrows, reserves);
    let rate = |used: Result<Ratio<N>, LendingError>| model.borrow_rate(used?);
    let supply = |used: Result<Ratio<N>, LendingError>| model.supply_rate(used?, factor);
    let answers: [(&str, Result<BigUint, LendingError>); 3] = [
        ("utilizationRate", used.map(|u| u.get().units())),
        ("getBorrowRate", rate(used).map(|r| r.get().units())),
        ("getSupplyRate", supply(used).map(|r| r.get().units())),
    ];
    let mut outcome = Outcome::Compared;
    for (field, ours) in answers {
        match record.answer_of(field) {
            Ok(theirs) => assert_eq!(ours, Ok(theirs), "{field}: {context}"),
            Err(failure) => outcome = check_refusal(failure, ours, context),
        }
    }
    outcome
}
