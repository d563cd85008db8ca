//! From what was typed to a checked record.

use std::borrow::Cow;

use uu_core::{Checked, Fault, FaultField, Field, RawRecord, RawValue, Rules, check_until, escaped, joined_hints};
use uu_data::read::Decimal;
use uu_data::{current_month, newest_month};

use crate::arguments::{BounceRateUnitName, Fields, Predict, Reading};
use crate::failure::Advised;

/// How the values are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Notation {
    /// The unit of the bounce rate, where it was declared.
    pub(super) unit: Option<BounceRateUnitName>,
    /// The decimal mark of numbers.
    pub(super) decimal: Decimal,
}

/// Refuses options that have a meaning for files only.
///
/// **Errors**: the first of them that was given, by its name.
pub(super) fn refuse_file_options(arguments: &Predict, field: &str) -> anyhow::Result<()> {
    // Each option of `predict` is named here, so that a new one cannot be ignored without a decision.
    let Predict { input, output, reading, output_format, by_site, spreadsheet_safe, level: _, explain: _, model: _, json: _, fields: _ } =
        arguments;
    let Reading { format, allow_repeated_months, skip_bad_rows, bounce_rate_unit: _, decimal: _ } = reading;
    let given = [
        ("--input", input.is_some()),
        ("--output", output.is_some()),
        ("--output-format", output_format.is_some()),
        ("--by-site", *by_site),
        ("--spreadsheet-safe", *spreadsheet_safe),
        ("--format", format.is_some()),
        ("--allow-repeated-months", *allow_repeated_months),
        ("--skip-bad-rows", *skip_bad_rows),
    ];
    match given.into_iter().find(|(_, is_given)| *is_given) {
        Some((option, _)) => Err(Advised::error(
            format!("`{option}` is about files, and `{field}` describes one site"),
            "give either a file with `--input FILE`, or the fields of one site, whose estimate is printed (`--json`: as JSON)",
        )),
        None => Ok(()),
    }
}

/// The record that was typed.
///
/// **Errors**: everything that is wrong with it, at once.
pub(super) fn checked(fields: &Fields, notation: Notation, rules: &Rules) -> anyhow::Result<Checked> {
    let (raw, mut faults, of_extras) = raw(fields, notation, rules);
    let checked = check_until(&raw, rules, Some(newest_month())).map_err(|more| faults.extend(more)).ok();
    let hints: Vec<(&Fault, Cow<'static, str>)> = faults.iter().filter_map(|fault| Some((fault, hint(fault)?.into()))).collect();
    let of_faults = joined_hints(&hints).map(Cow::into_owned);
    let of_all = of_faults.into_iter().chain(of_extras.first().map(|_| extras_hint(rules)));
    let hint = Some(of_all.collect::<Vec<String>>().join("; ")).filter(|hint| !hint.is_empty());
    let wrong: Vec<String> = faults.iter().map(ToString::to_string).chain(of_extras).collect();
    match (checked, wrong.as_slice()) {
        (Some(checked), []) => Ok(checked),
        (_, [one]) => Err(refused(one.clone(), hint)),
        (_, several) => Err(refused(format!("{} values cannot be used\n  {}", several.len(), several.join("\n  ")), hint)),
    }
}

fn refused(message: String, hint: Option<String>) -> anyhow::Error {
    match hint {
        Some(hint) => Advised::error(message, hint),
        None => anyhow::Error::msg(message),
    }
}

/// The values as they were typed, those with another decimal mark, and what is wrong with extra inputs.
fn raw<'a>(fields: &'a Fields, notation: Notation, rules: &Rules) -> (RawRecord<'a>, Vec<Fault>, Vec<String>) {
    let Notation { unit, decimal } = notation;
    let mut raw = RawRecord::new();
    raw.declare_bounce_rate(unit.map(Into::into));
    let mut faults = Vec::new();
    let mut number = |field: FaultField, text: &'a str| {
        decimal.with_point(|| field, text).unwrap_or_else(|fault| {
            faults.push(fault);
            Cow::Borrowed("")
        })
    };
    for (field, value) in fields.values() {
        let value = match (field, value) {
            (Field::Date, None) => RawValue::Text(current_month().to_string().into()),
            (field, Some(text)) if field.is_number() => RawValue::text(number(FaultField::Field(field), text)),
            (_, value) => value.map_or(RawValue::Unknown, RawValue::text),
        };
        raw.set(field, value);
    }
    let mut wrong = Vec::new();
    let mut given = Vec::new();
    for extra in &fields.extras {
        let Some((name, value)) = extra.split_once('=') else {
            wrong.push(format!("`--extra` must be NAME=VALUE, got `{}`", escaped(extra)));
            continue;
        };
        match rules.extras.iter().position(|known| known == name.trim()) {
            Some(index) if given.contains(&index) => wrong.push(format!("the extra input `{name}` is given twice")),
            Some(index) => {
                given.push(index);
                raw.set_extra(index, RawValue::text(number(FaultField::Extra(rules.extras[index].clone()), value)));
            }
            None => wrong.push(format!("the model has no extra input `{}`", escaped(name.trim()))),
        }
    }
    (raw, faults, wrong)
}

/// The hint of the fault, in words that fit an option.
fn hint(fault: &Fault) -> Option<String> {
    let of_file = fault.hint()?;
    // One site is read as a whole file is.
    let of_value = of_file.replace("; for a whole file, pass `--decimal comma` (`decimal=comma`)", "; or pass `--decimal comma`");
    let of_value = of_value.replace("if the file has", "if the value is");
    Some(of_value.replace("leave the value empty (or null) where it is unknown", "leave the option out where the value is unknown"))
}

fn extras_hint(rules: &Rules) -> String {
    match rules.extras.as_slice() {
        [] => "the model was trained without extra inputs; `train --extra-input COLUMN` adds them".to_owned(),
        names => format!("its extra inputs are `{}`", names.join("`, `")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(fields: &Fields, unit: Option<BounceRateUnitName>, decimal: Decimal) -> String {
        let rules = Rules { extras: vec!["backlinks".to_owned()], ..Rules::default() };
        match checked(fields, Notation { unit, decimal }, &rules) {
            Ok(checked) => format!("{:?} {:?}", checked.record.bounce_rate.map(uu_core::BounceRate::get), checked.record.extras),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_decimal_point_is_refused_where_a_comma_was_declared() {
        let fields = Fields { visits: Some("1.500,5".to_owned()), pages_per_visit: Some("3.5".to_owned()), ..Fields::default() };
        let text = outcome(&fields, None, Decimal::Comma);
        assert_eq!(text, "pages per visit must be a number with a decimal comma, as was declared (points part thousands), got `3.5`");
    }

    #[test]
    fn everything_that_is_wrong_is_reported_at_once() {
        let fields = Fields {
            visits: Some("many".to_owned()),
            bounce_rate: Some("143".to_owned()),
            date: Some("June".to_owned()),
            extras: vec!["links=3".to_owned(), "backlinks".to_owned(), "backlinks=x".to_owned()],
            ..Fields::default()
        };
        let text = outcome(&fields, None, Decimal::Point);
        for wrong in ["6 values", "visits must be a number", "bounce rate must be", "date must be", "no extra input `links`", "NAME=VALUE"]
        {
            assert!(text.contains(wrong), "{wrong}: {text}");
        }
    }

    #[test]
    fn fractions_and_extra_inputs_are_taken() {
        let fields = Fields { bounce_rate: Some("0.5".to_owned()), extras: vec!["backlinks=12".to_owned()], ..Fields::default() };
        assert_eq!(outcome(&fields, Some(BounceRateUnitName::Fraction), Decimal::Point), "Some(50.0) [Some(12.0)]");
        assert_eq!(outcome(&fields, None, Decimal::Point), "Some(0.5) [Some(12.0)]");
    }

    #[test]
    fn the_decimal_mark_holds_for_every_number() {
        let fields = Fields { bounce_rate: Some("0,5".to_owned()), extras: vec!["backlinks=1.200,5".to_owned()], ..Fields::default() };
        assert_eq!(outcome(&fields, Some(BounceRateUnitName::Fraction), Decimal::Comma), "Some(50.0) [Some(1200.5)]");
        assert_eq!(outcome(&fields, None, Decimal::Comma), "Some(0.5) [Some(1200.5)]");
        assert!(outcome(&fields, None, Decimal::Point).contains("`0,5`"));
    }

    #[test]
    fn a_bounce_rate_is_refused_as_it_was_typed_and_not_with_the_option_that_was_passed() {
        let text = |rate: &str, unit| {
            let fields = Fields { bounce_rate: Some(rate.to_owned()), ..Fields::default() };
            let error = checked(&fields, Notation { unit, decimal: Decimal::Point }, &Rules::default()).unwrap_err();
            format!("{:?}", error.downcast_ref::<Advised>())
        };
        let of_fraction = text("45", Some(BounceRateUnitName::Fraction));
        for part in
            ["must be a fraction between 0 and 1, as declared, got 45", "if the value is percent, pass `--bounce-rate-unit percent`"]
        {
            assert!(of_fraction.contains(part), "{of_fraction}");
        }
        assert!(text("143", None).contains("pass `--bounce-rate-unit fraction`"));
        assert!(!text("-5", None).contains("--bounce-rate-unit") && !text("143", Some(BounceRateUnitName::Percent)).contains("--bounce"));
    }
}
