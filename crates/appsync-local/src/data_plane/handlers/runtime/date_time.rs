//! Formats and parses times for `util.time`, with patterns of Java's `DateTimeFormatter`. It never reads the clock.
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ZonedDateTime};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// Formats a time as `2027-01-15T08:00:00.123Z`, always with milliseconds.
pub fn iso(ms: f64) -> Result<String, String> {
    Ok(timestamp(ms)?.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string())
}

/// Parses an ISO 8601 text with an offset to milliseconds.
pub fn parse_iso(text: &str) -> Result<f64, String> {
    let at: Timestamp = text
        .parse()
        .map_err(|_| format!("`{text}` is not a valid ISO 8601 text with date, time and offset"))?;
    Ok(at.as_millisecond() as f64)
}

pub fn format(ms: f64, pattern: &str, zone: &str) -> Result<String, String> {
    let at = timestamp(ms)?.to_zoned_datetime(parse_zone(zone)?);
    parse_pattern(pattern)?.into_iter().map(|piece| format_piece(&piece, &at)).collect()
}

/// Parses a text to milliseconds. `zone` is empty if the text contains its time zone.
pub fn parse(text: &str, pattern: &str, zone: &str) -> Result<f64, String> {
    let mismatch = |what: &str| format!("`{text}` does not match `{pattern}`: {what}");
    let (mut rest, mut fields) = (text, ParsedFields::default());
    for piece in parse_pattern(pattern)? {
        rest = fields.take(&piece, rest).map_err(|what| mismatch(&what))?;
    }
    if !rest.is_empty() {
        return Err(mismatch(&format!("unexpected `{rest}` at the end")));
    }
    let local = fields.date_time().map_err(|what| mismatch(&what))?;
    let zone = match (&fields.zone, zone) {
        (Some(zone), _) => zone.clone(),
        (None, "") => return Err(mismatch("the time zone is missing; pass one")),
        (None, name) => parse_zone(name)?,
    };
    let at = local.to_zoned_datetime(zone).map_err(|error| mismatch(&error.to_string()))?;
    Ok(at.timestamp().as_millisecond() as f64)
}

/// A part of a pattern.
#[derive(Debug, PartialEq)]
enum PatternPiece {
    /// A pattern letter and its number of repetitions.
    Field(char, usize),
    Text(String),
}

fn parse_pattern(pattern: &str) -> Result<Vec<PatternPiece>, String> {
    let (mut pieces, mut letters) = (Vec::new(), pattern.chars().peekable());
    while let Some(letter) = letters.next() {
        let piece = match letter {
            '\'' => PatternPiece::Text(take_quoted(&mut letters)),
            it if it.is_ascii_alphabetic() => {
                let mut count = 1;
                while letters.next_if_eq(&it).is_some() {
                    count += 1;
                }
                check_field(it, count, pattern)?;
                PatternPiece::Field(it, count)
            }
            '[' | ']' | '{' | '}' | '#' => {
                return Err(format!("`{letter}` in the pattern `{pattern}` is not supported"));
            }
            it => PatternPiece::Text(it.to_string()),
        };
        pieces.push(piece);
    }
    Ok(pieces)
}

/// Takes the text up to the next quote. Two quotes mean a quote.
fn take_quoted(letters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> String {
    let mut text = String::new();
    while let Some(letter) = letters.next() {
        match letter {
            '\'' if letters.next_if_eq(&'\'').is_some() => text.push('\''),
            '\'' => break,
            it => text.push(it),
        }
    }
    if text.is_empty() { "'".to_owned() } else { text }
}

fn check_field(letter: char, count: usize, pattern: &str) -> Result<(), String> {
    let most = match letter {
        'y' | 'u' => 19,
        'M' | 'L' | 'E' => 4,
        'D' => 3,
        'd' | 'h' | 'H' | 'k' | 'K' | 'm' | 's' | 'V' => 2,
        'S' => 9,
        'z' => 3,
        'Z' => 5,
        'X' | 'x' => 3,
        'a' => 1,
        _ => 0,
    };
    match count {
        _ if most == 0 => Err(format!("`{letter}` in the pattern `{pattern}` is not supported")),
        _ if count > most => Err(format!("too many `{letter}` in the pattern `{pattern}`")),
        _ => Ok(()),
    }
}

fn format_piece(piece: &PatternPiece, at: &ZonedDateTime) -> Result<String, String> {
    let PatternPiece::Field(letter, count) = piece else {
        let PatternPiece::Text(text) = piece else { return Ok(String::new()) };
        return Ok(text.clone());
    };
    let count = *count;
    let number = |number: i64| format!("{number:0count$}");
    let hour = i64::from(at.hour());
    Ok(match letter {
        'y' | 'u' if count == 2 => format!("{:02}", at.year().rem_euclid(100)),
        'y' | 'u' => number(at.year().into()),
        'M' | 'L' => match (count, MONTHS[at.month() as usize - 1]) {
            (4, name) => name.to_owned(),
            (3, name) => name[..3].to_owned(),
            _ => number(at.month().into()),
        },
        'E' => match (count, DAYS[at.weekday().to_monday_zero_offset() as usize]) {
            (4, name) => name.to_owned(),
            (_, name) => name[..3].to_owned(),
        },
        'D' => number(at.day_of_year().into()),
        'd' => number(at.day().into()),
        'H' => number(hour),
        'k' => number(if hour == 0 { 24 } else { hour }),
        'K' => number(hour % 12),
        'h' => number(if hour % 12 == 0 { 12 } else { hour % 12 }),
        'a' => if hour < 12 { "AM" } else { "PM" }.to_owned(),
        'm' => number(at.minute().into()),
        's' => number(at.second().into()),
        'S' => format!("{:09}", at.subsec_nanosecond())[..count].to_owned(),
        'V' => {
            at.time_zone().iana_name().map_or_else(|| offset(at.offset(), 'X', 3), str::to_owned)
        }
        'z' => at.time_zone().to_offset_info(at.timestamp()).abbreviation().to_owned(),
        it => offset(at.offset(), *it, count),
    })
}

/// Formats an offset from UTC in one of Java's formats.
fn offset(offset: Offset, letter: char, count: usize) -> String {
    let minutes = offset.seconds() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
    match (letter, count) {
        ('X', _) | ('Z', 5) if minutes == 0 => "Z".to_owned(),
        ('X' | 'x', 1) if rest == 0 => format!("{sign}{hours:02}"),
        ('X' | 'x', 3) | ('Z', 5) => format!("{sign}{hours:02}:{rest:02}"),
        ('Z', 4) if minutes == 0 => "GMT".to_owned(),
        ('Z', 4) => format!("GMT{sign}{hours:02}:{rest:02}"),
        _ => format!("{sign}{hours:02}{rest:02}"),
    }
}

fn timestamp(ms: f64) -> Result<Timestamp, String> {
    Timestamp::from_millisecond(ms as i64)
        .map_err(|_| format!("{ms} is not a valid time in milliseconds"))
}

fn parse_zone(name: &str) -> Result<TimeZone, String> {
    match name {
        "" | "UTC" | "Z" | "GMT" | "Etc/UTC" => return Ok(TimeZone::UTC),
        _ => {}
    }
    let after = name.strip_prefix("UTC").or_else(|| name.strip_prefix("GMT")).unwrap_or(name);
    if let Some((offset, "")) = take_offset(after) {
        return Ok(offset.to_time_zone());
    }
    TimeZone::get(name).map_err(|_| {
        format!("unknown time zone `{name}`; use UTC, an offset such as +09:00, or a name of the time zone database")
    })
}

/// Takes an offset from the beginning of a text, and returns the rest.
fn take_offset(text: &str) -> Option<(Offset, &str)> {
    if let Some(rest) = text.strip_prefix('Z') {
        return Some((Offset::UTC, rest));
    }
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let two =
        |text: &str| text.get(..2)?.parse::<i32>().ok().filter(|_| text.as_bytes()[0] != b'+');
    let hours = two(rest)?;
    let rest = &rest[2..];
    let after = rest.strip_prefix(':').unwrap_or(rest);
    let (minutes, rest) = match two(after) {
        Some(minutes) => (minutes, &after[2..]),
        None => (0, rest),
    };
    Some((Offset::from_seconds(sign * (hours * 3_600 + minutes * 60)).ok()?, rest))
}

/// The fields that were parsed from a text.
#[derive(Debug, Default)]
struct ParsedFields {
    year: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    day_of_year: Option<i64>,
    hour: Option<i64>,
    afternoon: Option<bool>,
    minute: i64,
    second: i64,
    nanosecond: i64,
    zone: Option<TimeZone>,
}

impl ParsedFields {
    /// Takes a piece from the beginning of a text, and returns the rest.
    fn take<'t>(&mut self, piece: &PatternPiece, text: &'t str) -> Result<&'t str, String> {
        let (letter, count) = match piece {
            PatternPiece::Text(it) => {
                let lacking = || format!("expected `{it}` before `{text}`");
                return text.strip_prefix(it.as_str()).ok_or_else(lacking);
            }
            PatternPiece::Field(letter, count) => (*letter, *count),
        };
        match letter {
            'M' | 'L' if count > 2 => {
                let (n, rest) = take_name(text, &MONTHS, count)?;
                self.month = Some(n + 1);
                return Ok(rest);
            }
            'E' => return Ok(take_name(text, &DAYS, count)?.1),
            'a' => {
                let (half, rest) = text.split_at_checked(2).ok_or("expected AM or PM")?;
                self.afternoon = Some(half.eq_ignore_ascii_case("pm"));
                return Ok(rest);
            }
            'X' | 'x' | 'Z' => {
                let (offset, rest) = take_offset(text).ok_or("expected an offset")?;
                self.zone = Some(offset.to_time_zone());
                return Ok(rest);
            }
            'V' | 'z' => {
                let end = text.find(|letter: char| letter.is_whitespace()).unwrap_or(text.len());
                self.zone = Some(parse_zone(&text[..end])?);
                return Ok(&text[end..]);
            }
            _ => {}
        }
        let (number, rest) = take_number(text, count)?;
        match letter {
            'y' | 'u' => self.year = Some(if count == 2 { 2_000 + number } else { number }),
            'M' | 'L' => self.month = Some(number),
            'D' => self.day_of_year = Some(number),
            'd' => self.day = Some(number),
            'H' => self.hour = Some(number),
            'h' | 'K' => self.hour = Some(number % 12),
            'k' => self.hour = Some(number % 24),
            'm' => self.minute = number,
            's' => self.second = number,
            _ => self.nanosecond = number * 10_i64.pow(9 - count as u32),
        }
        Ok(rest)
    }

    fn date_time(&self) -> Result<DateTime, String> {
        let year = i16::try_from(self.year.ok_or("the year is missing")?)
            .map_err(|error| error.to_string())?;
        let small = |number: i64| i8::try_from(number).map_err(|error| error.to_string());
        let date = match (self.day_of_year, self.month, self.day) {
            (Some(day), None, None) => {
                let first = Date::new(year, 1, 1).map_err(|error| error.to_string())?;
                first.saturating_add(jiff::Span::new().days(day - 1))
            }
            (_, month, day) => {
                Date::new(year, small(month.unwrap_or(1))?, small(day.unwrap_or(1))?)
                    .map_err(|error| error.to_string())?
            }
        };
        let noon = if self.afternoon == Some(true) { 12 } else { 0 };
        let time = Time::new(
            small(self.hour.unwrap_or(0) + noon)?,
            small(self.minute)?,
            small(self.second)?,
            i32::try_from(self.nanosecond).unwrap_or(0),
        );
        Ok(date.to_datetime(time.map_err(|error| error.to_string())?))
    }
}

/// Takes a number: as many digits as there are letters, or any number of digits for one letter.
fn take_number(text: &str, count: usize) -> Result<(i64, &str), String> {
    let available = text.bytes().take_while(u8::is_ascii_digit).count();
    let length = if count == 1 { available.min(18) } else { count };
    if available < length || length == 0 {
        return Err(format!("expected a number of {count} digits before `{text}`"));
    }
    let number = text[..length].parse().map_err(|_| "the number is too large".to_owned())?;
    Ok((number, &text[length..]))
}

fn take_name<'t>(text: &'t str, names: &[&str], count: usize) -> Result<(i64, &'t str), String> {
    for (n, name) in (0..).zip(names) {
        let name = if count == 4 { name } else { &name[..3] };
        if let Some(rest) = text.strip_prefix(name) {
            return Ok((n, rest));
        }
    }
    Err(format!("expected the name of a day or month before `{text}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: f64 = 1_800_000_000_123.0;

    #[test]
    fn timestamps_are_formatted_as_in_java() {
        let check = |pattern: &str, zone: &str, expected: &str| {
            assert_eq!(format(NOW_MS, pattern, zone).as_deref(), Ok(expected), "{pattern}");
        };
        assert_eq!(iso(NOW_MS).as_deref(), Ok("2027-01-15T08:00:00.123Z"));
        check("yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "UTC", "2027-01-15T08:00:00.123Z");
        check("yyyy-MM-dd HH:mm:ssZ", "UTC", "2027-01-15 08:00:00+0000");
        check("yyyy-MM-dd HH:mm:ssZ", "+09:30", "2027-01-15 17:30:00+0930");
        check("EEE, d MMM yy h:mm a", "-11:00", "Thu, 14 Jan 27 9:00 PM");
        check("EEEE MMMM D 'o''clock' '' xxx", "UTC", "Friday January 15 o'clock ' +00:00");
        assert!(format(NOW_MS, "yyyy-QQ", "UTC").unwrap_err().contains("`Q` in the pattern"));
        assert!(format(NOW_MS, "yyyy", "Mars/Olympus").unwrap_err().contains("unknown time zone"));
    }

    #[test]
    fn formatted_times_are_parsed() {
        let check = |text: &str, pattern: &str, zone: &str, expected: f64| {
            assert_eq!(parse(text, pattern, zone), Ok(expected), "{text}");
        };
        let whole = 1_800_000_000_000.0;
        check("2027-01-15 08:00:00+0000", "yyyy-MM-dd HH:mm:ssZ", "", whole);
        check("2027-01-15 17:00:00", "yyyy-MM-dd HH:mm:ss", "+09:00", whole);
        check("15 Jan 2027 8:00 AM", "d MMM yyyy h:mm a", "UTC", whole);
        check("20270115080000123", "yyyyMMddHHmmssSSS", "UTC", NOW_MS);
        assert_eq!(parse_iso("2027-01-15T17:00:00+09:00"), Ok(whole));
        for (text, pattern, expected) in [
            ("2027-01-15", "yyyy-MM-dd", "the time zone is missing"),
            ("2027-01-15x", "yyyy-MM-dd", "unexpected `x` at the end"),
            ("2027-13-15Z", "yyyy-MM-ddX", "month"),
            ("27", "yyyy", "a number of 4 digits"),
        ] {
            let error = parse(text, pattern, "").unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        assert!(parse_iso("yesterday").is_err());
    }
}
