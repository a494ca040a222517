//! Times in AWS's formats, and whether a signature is too old or too new. Never reads a clock.
use std::time::{Duration, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// How many minutes the time of a signature may differ from the service's.
const TOLERANCE_MIN: i64 = 5;

/// Returns AWS's message for a signature of the time `signed_at`, an `X-Amz-Date`, if it is not valid at
/// `now_epoch_s`.
pub fn signing_time_error(signed_at: &str, now_epoch_s: f64) -> Option<String> {
    let now = now_epoch_s as i64;
    let tolerance_s = TOLERANCE_MIN * 60;
    let Some(signed_epoch_s) = parse_amz_date(signed_at) else {
        return Some("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP".to_owned());
    };
    let (now_text, earliest, latest) = (
        format_amz_date(now),
        format_amz_date(now - tolerance_s),
        format_amz_date(now + tolerance_s),
    );
    match signed_epoch_s - now {
        difference_s if difference_s < -tolerance_s => Some(format!(
            "Signature expired: {signed_at} is now earlier than {earliest} ({now_text} - {TOLERANCE_MIN} min.)"
        )),
        difference_s if difference_s > tolerance_s => Some(format!(
            "Signature not yet current: {signed_at} is still later than {latest} ({now_text} + {TOLERANCE_MIN} min.)"
        )),
        _ => None,
    }
}

/// The `Date` header, by which SDKs correct their clocks.
pub fn http_date(now_epoch_s: f64) -> String {
    let since_epoch = Duration::try_from_secs_f64(now_epoch_s).unwrap_or_default();
    httpdate::fmt_http_date(UNIX_EPOCH + since_epoch)
}

fn parse_amz_date(text: &str) -> Option<i64> {
    let time = DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    Some(Offset::UTC.to_timestamp(time).ok()?.as_second())
}

fn format_amz_date(epoch_s: i64) -> String {
    timestamp(epoch_s).strftime("%Y%m%dT%H%M%SZ").to_string()
}

fn timestamp(epoch_s: i64) -> Timestamp {
    Timestamp::from_second(epoch_s).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_may_differ_by_five_minutes() {
        let now = 1_800_000_000.5;
        assert_eq!(http_date(now), "Fri, 15 Jan 2027 08:00:00 GMT");
        let check = |signed_at: &str, expected: Option<&str>| {
            assert_eq!(signing_time_error(signed_at, now).as_deref(), expected, "{signed_at}");
        };
        check("20270115T080000Z", None);
        check("20270115T075500Z", None);
        check("20270115T080500Z", None);
        check(
            "20270115T075459Z",
            Some(
                "Signature expired: 20270115T075459Z is now earlier than 20270115T075500Z (20270115T080000Z - 5 min.)",
            ),
        );
        check(
            "20270115T080501Z",
            Some(
                "Signature not yet current: 20270115T080501Z is still later than 20270115T080500Z (20270115T080000Z + 5 min.)",
            ),
        );
        assert!(signing_time_error("yesterday", now).is_some());
    }
}
