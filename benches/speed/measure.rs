//! Measures a piece of work against a baseline and prints the ratio.
use std::time::{Duration, Instant};

/// Prints how long `work` and `baseline` take, measured in alternation so both see the same load on the machine.
pub fn compare(name: &str, work: &dyn Fn(), baseline: &dyn Fn()) {
    const ROUNDS: usize = 101;
    let (mut takes, mut base) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        base.push(time(baseline));
        takes.push(time(work));
    }
    show(name, fastest(&takes), fastest(&base));
}

fn show(name: &str, takes: Duration, base: Duration) {
    let ratio = takes.as_secs_f64() / base.as_secs_f64();
    println!("{name:<56} {:>8.2} ms {:>8.2} ms {ratio:>6.1}", ms(takes), ms(base));
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn time(work: &dyn Fn()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// The shortest run: other load on the machine only adds time.
fn fastest(all: &[Duration]) -> Duration {
    all.iter().min().copied().unwrap_or_default()
}
