//! The Availability Zones that `Fn::GetAZs` returns. An account sees its own names; the emulator has the first three
//! letters, and the ones that differ.

/// Regions whose zones are not `a`, `b` and `c`.
const ZONES: &[(&str, &[&str])] = &[
    ("ap-northeast-1", &["a", "c", "d"]),
    ("ap-northeast-2", &["a", "b", "c", "d"]),
    ("ca-central-1", &["a", "b", "d"]),
    ("us-east-1", &["a", "b", "c", "d", "e", "f"]),
    ("us-west-1", &["a", "c"]),
    ("us-west-2", &["a", "b", "c", "d"]),
];

/// Returns the zones of a region.
pub fn availability_zones(region: &str) -> Vec<String> {
    let row = ZONES.iter().find(|(name, _)| *name == region);
    let letters = row.map_or(&["a", "b", "c"] as &[&str], |(_, letters)| letters);
    letters.iter().map(|letter| format!("{region}{letter}")).collect()
}
