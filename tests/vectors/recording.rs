//! Recordings: reading them, and counting and printing what was compared.

use std::fmt;
use std::fs;
use std::io::{self, Write};

use num_bigint::BigUint;
use serde_json::Value;

/// A file of what a contract answered.
pub(crate) struct Recording(Value);

impl Recording {
    /// The recording of this name.
    pub(crate) fn load(name: &str) -> Self {
        let path = format!("{}/tests/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        Self(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}")))
    }

    /// The records of one of its lists.
    pub(crate) fn all(&self, list: &str) -> impl Iterator<Item = Record<'_>> {
        Record(&self.0).all(list)
    }
}

/// One call, step or state: named fields, integers as decimal strings.
#[derive(Clone, Copy)]
pub(crate) struct Record<'a>(&'a Value);

impl<'a> Record<'a> {
    fn field(self, name: &str) -> &'a Value {
        self.0.get(name).unwrap_or_else(|| panic!("no field {name} in {self}"))
    }

    /// The records of a list in it.
    pub(crate) fn all(self, list: &str) -> impl Iterator<Item = Record<'a>> {
        let list = self.field(list).as_array();
        list.unwrap_or_else(|| panic!("not a list in {self}")).iter().map(Record)
    }

    /// The records in it by name.
    pub(crate) fn fields(self, name: &str) -> Vec<(&'a str, Record<'a>)> {
        let fields = self.field(name).as_object();
        let fields = fields.unwrap_or_else(|| panic!("{name} has no fields in {self}"));
        fields.iter().map(|(name, value)| (name.as_str(), Record(value))).collect()
    }

    /// A record in it.
    pub(crate) fn record(self, name: &str) -> Self {
        Self(self.field(name))
    }

    pub(crate) fn text(self, name: &str) -> &'a str {
        self.field(name).as_str().unwrap_or_else(|| panic!("{name} is not a text in {self}"))
    }

    /// The texts of a list in it.
    pub(crate) fn list_of_texts(self, name: &str) -> Vec<&'a str> {
        let list = self.field(name).as_array();
        let list = list.unwrap_or_else(|| panic!("not a list in {self}"));
        list.iter().map(|item| item.as_str().unwrap()).collect()
    }

    /// The text of a field that not every record has.
    pub(crate) fn text_if_any(self, name: &str) -> Option<&'a str> {
        self.0.get(name).map(|_| self.text(name))
    }

    pub(crate) fn flag(self, name: &str) -> bool {
        self.field(name).as_bool().unwrap_or_else(|| panic!("{name} is not a flag in {self}"))
    }

    pub(crate) fn units(self, name: &str) -> BigUint {
        self.text(name).parse().unwrap_or_else(|_| panic!("{name} is not an integer in {self}"))
    }

    /// The integer of a field that not every record has.
    pub(crate) fn units_if_any(self, name: &str) -> Option<BigUint> {
        self.0.get(name).map(|_| self.units(name))
    }

    /// The integer of a field, or why the contract refused to answer it.
    pub(crate) fn answer_of(self, name: &str) -> Result<BigUint, &'a str> {
        match self.field(name) {
            Value::String(_) => Ok(self.units(name)),
            _ => Err(self.record(name).text("error")),
        }
    }

    /// Why the contract refused, if it did.
    pub(crate) fn refusal(self) -> Option<&'a str> {
        self.0.get("error").map(|_| self.text("error"))
    }

    /// Why the contract refused one of several calls, if it did.
    pub(crate) fn refusal_of(self, name: &str) -> Option<&'a str> {
        self.field(name).get("error").map(|_| self.record(name).text("error"))
    }

    /// The integers of a list in it.
    pub(crate) fn list(self, name: &str) -> Vec<BigUint> {
        let integer = |value: &Value| value.as_str().and_then(|text| text.parse().ok());
        let list = self.field(name).as_array().unwrap_or_else(|| panic!("not a list in {self}"));
        list.iter().map(|value| integer(value).unwrap_or_else(|| panic!("in {self}"))).collect()
    }

    /// What the contract answered, or why it refused.
    pub(crate) fn answer(self, name: &str) -> Result<BigUint, &'a str> {
        self.refusal().map_or_else(|| Ok(self.units(name)), Err)
    }
}

impl fmt::Display for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What became of one record.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Every digit was the contract's.
    Compared,
    /// Refused, as the contract did.
    Refused,
    /// A figure of it is too large for the number type.
    OutsideRange,
}

/// How many records came to which outcome.
#[derive(Default)]
pub(crate) struct Tally {
    compared: usize,
    refused: usize,
    outside_range: usize,
}

impl Tally {
    pub(crate) fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Compared => self.compared += 1,
            Outcome::Refused => self.refused += 1,
            Outcome::OutsideRange => self.outside_range += 1,
        }
    }

    pub(crate) fn compared(&self) -> usize {
        self.compared
    }

    /// Prints the counts, past the capture of a passing test's output: how much was compared is part
    /// of the result. A recording of which nothing was compared or refused proves nothing.
    pub(crate) fn finish(&self, what: &str) {
        self.finish_without_refusals(what);
        assert!(self.refused > 0, "{what}: nothing refused");
    }

    /// The same for a recording in which the contract refuses nothing.
    pub(crate) fn finish_without_refusals(&self, what: &str) {
        let Self { compared, refused, outside_range } = self;
        say(&format!(
            "{what}: {compared} compared, {refused} refused as the contract did, \
             {outside_range} outside the number range"
        ));
        assert!(*compared > 0, "{what}: nothing compared");
    }
}

/// Prints a line past the capture of a passing test's output.
pub(crate) fn say(line: &str) {
    io::stderr().write_all(format!("{line}\n").as_bytes()).unwrap();
}
