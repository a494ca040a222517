//! The values of unquoted scalars. A number whose text JSON would write differently (`1e3`, `0123`, `1.50`) stays
//! text: it is a string wherever a string is needed, and properties of a number type accept the digits of a string.
use serde_json::{Number, Value};

/// Returns the value of a plain YAML scalar. Only `true` and `false` are booleans: `yes`, `on` and dates are text.
/// This part of CloudFormation's reading of YAML 1.1 is undocumented.
pub fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => number(text),
    }
}

/// Returns the number, or its text if the number would be written differently.
pub fn number(text: &str) -> Value {
    canonical_number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

fn canonical_number(text: &str) -> Option<Number> {
    // Checked first, so that `nan`, `inf` and long texts cost nothing.
    let is_numeric = text.bytes().all(|byte| byte.is_ascii_digit() || b"-+.eE".contains(&byte));
    if !is_numeric || text.len() > 32 {
        return None;
    }
    let number = if let Ok(number) = text.parse::<u64>() {
        Number::from(number)
    } else if let Ok(number) = text.parse::<i64>() {
        Number::from(number)
    } else {
        Number::from_f64(text.parse().ok()?)?
    };
    (number.to_string() == text).then_some(number)
}

/// Returns the text of a scalar; none of a list or an object.
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_that_json_writes_differently_stay_text() {
        for text in [
            "0123",
            "1e3",
            "1.50",
            "+1",
            ".5",
            "1.",
            "0x1F",
            "1_000",
            "-0",
            "1:30",
            "2010-09-09",
            "-",
        ] {
            assert_eq!(plain(text), json!(text), "{text}");
        }
        assert_eq!(plain("123456789012"), json!(123_456_789_012_u64));
        assert_eq!(plain("-7"), json!(-7));
        assert_eq!(plain("1.5"), json!(1.5));
        assert_eq!(plain("1.0"), json!(1.0));
    }

    #[test]
    fn words_of_yaml_1_1_are_text_except_true_and_false() {
        for text in ["yes", "no", "on", "off", "y", "n", ".nan", ".inf", "TrUe"] {
            assert_eq!(plain(text), json!(text));
        }
        assert_eq!(plain("True"), json!(true));
        assert_eq!(plain("FALSE"), json!(false));
        assert_eq!(plain("~"), Value::Null);
    }
}
