//! The hourly prices that the scenario runs on.

use std::error::Error;
use std::fmt;

use serde::Deserialize;

const PRICES: &str = include_str!("../data/eth_usdt_1h.csv");

/// One of the days that people remember.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Window {
    /// 10 to 16 March 2020: from 200 to 86 dollars in two days.
    #[value(name = "2020-03")]
    March2020,
    /// 17 to 23 May 2021: from 3,400 to 1,730 in a week.
    #[value(name = "2021-05")]
    May2021,
    /// 12 to 19 June 2022: from 1,540 to 880, slowly.
    #[value(name = "2022-06")]
    June2022,
    /// 2 to 8 August 2024: from 3,000 to 2,111 within hours.
    #[value(name = "2024-08")]
    August2024,
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::March2020 => "2020-03",
            Self::May2021 => "2021-05",
            Self::June2022 => "2022-06",
            Self::August2024 => "2024-08",
        })
    }
}

/// One hour of trading, in millionths of a dollar.
#[derive(Clone, Debug)]
pub(crate) struct Hour {
    pub(crate) time: String,
    pub(crate) low: u64,
    pub(crate) close: u64,
}

#[derive(Deserialize)]
struct Row {
    window: String,
    datetime_utc: String,
    low: String,
    close: String,
}

/// The hours of a window, oldest first.
pub(crate) fn hours(window: Window) -> Result<Vec<Hour>, Box<dyn Error + Send + Sync>> {
    let name = window.to_string();
    let mut hours = Vec::new();
    for row in csv::Reader::from_reader(PRICES.as_bytes()).into_deserialize() {
        let row: Row = row?;
        if row.window == name {
            let (low, close) = (millionths(&row.low)?, millionths(&row.close)?);
            hours.push(Hour { time: row.datetime_utc, low, close });
        }
    }
    if hours.len() < 2 {
        return Err(format!("no prices of {name}").into());
    }
    Ok(hours)
}

fn millionths(price: &str) -> Result<u64, Box<dyn Error + Send + Sync>> {
    let mut price: rust_decimal::Decimal = price.parse()?;
    price.rescale(6);
    Ok(u64::try_from(price.mantissa())?)
}
