//! Durations as a spec writes them: `90d`, `12h`, `1h30m`.
use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A duration, written in weeks, days, hours, minutes and seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SpecDuration {
    /// The duration in seconds.
    pub seconds: i64,
}

/// The unit letters, the longest first.
const UNITS: &[(char, i64)] = &[('w', 604_800), ('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

impl SpecDuration {
    /// Creates a duration of whole days.
    pub const fn days(days: i64) -> Self {
        Self { seconds: days * 86_400 }
    }
    /// Parses `1w2d3h4m5s`: each unit at most once, the longest first.
    pub fn parse(text: &str) -> Option<Self> {
        let mut seconds: i64 = 0;
        let mut units = UNITS.iter();
        let mut digits = String::new();
        for letter in text.chars() {
            if letter.is_ascii_digit() {
                digits.push(letter);
                continue;
            }
            let (_, unit_s) = units.find(|(unit, _)| *unit == letter)?;
            let count: i64 = digits.parse().ok()?;
            seconds = seconds.checked_add(count.checked_mul(*unit_s)?)?;
            digits.clear();
        }
        (digits.is_empty() && !text.is_empty()).then_some(Self { seconds })
    }
}

impl fmt::Display for SpecDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = self.seconds;
        if left == 0 {
            return f.write_str("0s");
        }
        for (letter, unit_s) in &UNITS[1..] {
            if left >= *unit_s {
                write!(f, "{}{letter}", left / unit_s)?;
                left %= unit_s;
            }
        }
        Ok(())
    }
}

impl Serialize for SpecDuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SpecDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong =
            || serde::de::Error::custom(format!("`{text}` is not a valid duration, such as 90d"));
        Self::parse(&text).ok_or_else(wrong)
    }
}

impl JsonSchema for SpecDuration {
    fn schema_name() -> Cow<'static, str> {
        "Period".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "minLength": 2,
            // Seven digits keep every sum far from overflow.
            "pattern": r"^(\d{1,7}w)?(\d{1,7}d)?(\d{1,7}h)?(\d{1,7}m)?(\d{1,7}s)?$",
            "examples": ["90d"],
            "patternErrorMessage": "expected a duration such as 90d, 12h or 1h30m",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, seconds) in
            [("90d", 7_776_000), ("12h", 43_200), ("1h30m", 5_400), ("2w", 1_209_600), ("0s", 0)]
        {
            assert_eq!(SpecDuration::parse(text), Some(SpecDuration { seconds }), "{text}");
        }
        for text in
            ["", "90", "d", "90 d", "-1d", "1.5h", "1m1h", "1d1d", "90D", "99999999999999999999d"]
        {
            assert_eq!(SpecDuration::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_period_is_written_as_it_would_be_read() {
        for seconds in [0, 1, 59, 3_600, 5_400, 86_400, 7_776_000, 90_061] {
            let period = SpecDuration { seconds };
            assert_eq!(SpecDuration::parse(&period.to_string()), Some(period));
        }
    }
}
