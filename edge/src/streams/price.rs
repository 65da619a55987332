//! Amounts of money between what clients write (a decimal number) and what is stored (minor units).

use iso_currency::Currency;
use serde_json::Number;
use spillway_protocol::problem::FieldCode;

/// More than anything costs, and exact as a number in JSON, JavaScript and SQLite.
const MOST: i64 = 1_000_000_000_000;

/// Reads a currency's code; `None` when ISO 4217 has none of that name in which prices can be.
pub(super) fn currency(code: &str) -> Option<Currency> {
    let currency = Currency::from_code(code)?;
    currency.exponent().is_some().then_some(currency)
}

/// An amount in minor units: not negative, with at most the currency's own digits.
pub(super) fn minor_units(amount: &Number, currency: Currency) -> Result<i64, FieldCode> {
    let text = amount.to_string();
    if text.starts_with('-') || text.contains(['e', 'E']) {
        return Err(FieldCode::OutOfRange);
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    // A number of JSON has no trailing zeros of its own: `5.00` comes as `5.0`.
    let fraction = fraction.trim_end_matches('0');
    let digits = usize::from(currency.exponent().unwrap_or(0));
    if fraction.len() > digits {
        return Err(FieldCode::Invalid);
    }
    let units: i64 = format!("{whole}{fraction:0<digits$}").parse().map_err(|_| FieldCode::OutOfRange)?;
    if units > MOST { Err(FieldCode::OutOfRange) } else { Ok(units) }
}

/// Minor units as a decimal number.
pub(super) fn decimal(units: i64, currency: &str) -> Number {
    let digits = Currency::from_code(currency).and_then(Currency::exponent).unwrap_or(0);
    let text = units.to_string();
    let digits = usize::from(digits);
    if digits == 0 {
        return Number::from(units);
    }
    let padded = format!("{text:0>width$}", width = digits.saturating_add(1));
    let (whole, fraction) = padded.split_at(padded.len().saturating_sub(digits));
    let value = format!("{whole}.{fraction}").parse().ok().and_then(Number::from_f64);
    value.unwrap_or_else(|| Number::from(units))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(json: &str, code: &str) -> Result<i64, FieldCode> {
        minor_units(&serde_json::from_str(json).unwrap(), currency(code).unwrap())
    }

    #[test]
    fn amounts_have_at_most_the_currency_s_digits() {
        assert_eq!(read("5", "USD"), Ok(500));
        assert_eq!(read("5.00", "USD"), Ok(500));
        assert_eq!(read("0.01", "USD"), Ok(1));
        assert_eq!(read("19.99", "EUR"), Ok(1_999));
        assert_eq!(read("0.001", "USD"), Err(FieldCode::Invalid));
        assert_eq!(read("500", "JPY"), Ok(500));
        assert_eq!(read("500.0", "JPY"), Ok(500));
        assert_eq!(read("500.5", "JPY"), Err(FieldCode::Invalid));
        assert_eq!(read("1.234", "KWD"), Ok(1_234));
        assert_eq!(read("1.2345", "KWD"), Err(FieldCode::Invalid));
    }

    #[test]
    fn amounts_are_neither_negative_nor_immense() {
        for text in ["-1", "-0.01", "-0.0", "1e30", "1e-9", "10000000000.01", "99999999999999999999"] {
            assert_eq!(read(text, "USD"), Err(FieldCode::OutOfRange), "{text}");
        }
        assert_eq!(read("10000000000", "USD"), Ok(MOST));
    }

    #[test]
    fn only_money_has_prices() {
        for code in ["usd", "US", "XXX", "XAU", "ABC", ""] {
            assert!(currency(code).is_none(), "{code}");
        }
    }

    proptest! {
        #[test]
        fn what_was_read_is_written_alike(units in 0..=MOST, code in prop::sample::select(vec!["USD", "JPY", "KWD"])) {
            prop_assert_eq!(minor_units(&decimal(units, code), currency(code).unwrap()), Ok(units));
        }
    }
}
