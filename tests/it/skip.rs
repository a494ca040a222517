//! Tests that cannot run on this machine. `tests/run.sh` lists them, and accepts those that `tests/skips.txt` names.
use std::fs::File;
use std::io::Write;

/// Reports that the test `name` is skipped: on standard output, in a way that the test harness does not capture, and
/// in a file that `tests/run.sh` reads.
pub fn skipped(name: &str, why: &str) {
    let line = format!("skipped: {name}: {why}\n");
    std::io::stdout().write_all(line.as_bytes()).unwrap();
    let path = concat!(env!("CARGO_TARGET_TMPDIR"), "/skips.txt");
    let mut file = File::options().create(true).append(true).open(path).unwrap();
    file.write_all(line.as_bytes()).unwrap();
}
