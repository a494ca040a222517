//! What happens, as it happens: JSON lines, plain lines, or lines above a board that a terminal keeps up to date.
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};
use serde_json::json;
use tracing::level_filters::LevelFilter;

use crate::cli::Io;
use crate::cli::arguments::Format;
use crate::cli::io::strip_unless;
use crate::render::failures::{RemainingStep, failure_text, remaining};
use crate::render::progress::{Board, line, seconds};
use provision_core::address::Address;
use provision_core::event::Event;
use provision_core::kind::DesiredState;

/// How often the board is drawn.
const FRAME: Duration = Duration::from_millis(100);
/// How often at most, when much happens.
const DRAWS_PER_S: u8 = 20;

/// Steps under way that are named; the rest is counted.
const NAMED_MAX: usize = 6;

/// Where the events of a run go.
#[derive(Debug)]
pub struct Progress<'a> {
    io: Mutex<&'a mut Io>,
    format: Format,
    /// What should be: a card shows the code of it.
    desired: &'a DesiredState,
    left: Mutex<Vec<RemainingStep>>,
    /// What was begun and is not over.
    running: Mutex<Vec<Address>>,
    live: Option<LiveBoard>,
}

impl<'a> Progress<'a> {
    pub fn new(io: &'a mut Io, format: Format, desired: &'a DesiredState) -> Self {
        // Logs would be written across the board.
        let logs = LevelFilter::current() > LevelFilter::WARN;
        let wanted = format == Format::Human && io.redraws() && !logs;
        let live = wanted.then(|| LiveBoard::begin(io.error_colored()));
        Self {
            io: Mutex::new(io),
            format,
            desired,
            left: Mutex::default(),
            running: Mutex::default(),
            live,
        }
    }
    pub fn event(&self, event: &Event) {
        self.follow(event);
        match self.format {
            Format::Human => self.show(event),
            // A result that nobody reads is found out when the outputs are written.
            Format::Json => drop(self.io().result(&format!("{}\n", json!(event)))),
        }
    }
    /// Tells a person something beside the events.
    pub fn note(&self, text: &str) {
        if !self.io().quiet {
            self.report(text);
        }
    }
    /// ` (…)`: what is under way, if anything is.
    pub fn in_progress(&self) -> String {
        let running = self.running.lock().expect("nobody panics while telling");
        let mut names: Vec<String> =
            running.iter().take(NAMED_MAX).map(ToString::to_string).collect();
        let more = running.len().saturating_sub(NAMED_MAX);
        names.extend((more > 0).then(|| format!("{more} more")));
        if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) }
    }
    /// Ends the board and says what remains.
    pub fn finish(&self) {
        if let Some(live) = &self.live {
            live.bar.finish_and_clear();
        }
        let left = self.left.lock().expect("nobody panics while telling");
        self.io().report(&remaining(&left));
    }

    fn follow(&self, event: &Event) {
        let mut running = self.running.lock().expect("nobody panics while telling");
        match event {
            Event::Started { address, .. } => running.push(address.clone()),
            Event::Succeeded { address, .. } | Event::Failed { address, .. } => {
                running.retain(|running| running != address);
            }
            _ => {}
        }
    }
    fn show(&self, event: &Event) {
        let took = self.live.as_ref().and_then(|board| board.update(event));
        match event {
            Event::Failed { address, action, error } => {
                self.report(&failure_text(address, *action, error, self.desired.get(address)));
                self.add_remaining(RemainingStep {
                    address: address.clone(),
                    action: *action,
                    because: None,
                });
            }
            Event::Skipped { address, action, because } => {
                let because = Some(because.clone());
                self.add_remaining(RemainingStep {
                    address: address.clone(),
                    action: *action,
                    because,
                });
            }
            // The board says it.
            Event::Retrying { .. } if self.live.is_some() => {}
            event => {
                let dim = anstyle::Style::new().dimmed();
                let took = took.map(|duration| format!("  {dim}{}{dim:#}", seconds(duration)));
                if let Some(line) = line(event) {
                    self.note(&format!("{line}{}\n", took.unwrap_or_default()));
                }
            }
        }
    }
    fn report(&self, text: &str) {
        match &self.live {
            Some(live) => live.above(text),
            None => self.io().report(text),
        }
    }
    fn add_remaining(&self, left: RemainingStep) {
        self.left.lock().expect("nobody panics while telling").push(left);
    }
    fn io(&self) -> MutexGuard<'_, &'a mut Io> {
        self.io.lock().expect("nobody panics while telling")
    }
}

/// A board on a terminal. It is gone when this is.
#[derive(Debug)]
struct LiveBoard {
    bar: ProgressBar,
    board: Arc<Mutex<Board>>,
    begun: Instant,
    colored: bool,
}

impl LiveBoard {
    fn begin(colored: bool) -> Self {
        let begun = now();
        let board = Arc::new(Mutex::new(Board::default()));
        let shown = Arc::clone(&board);
        let target = ProgressDrawTarget::term_like_with_hz(Box::new(Screen::stderr()), DRAWS_PER_S);
        let bar = ProgressBar::with_draw_target(None, target);
        let style = ProgressStyle::with_template("{board}").expect("the template is one word");
        let style = style.with_key("board", move |_: &_, to: &mut dyn std::fmt::Write| {
            let text = shown.lock().expect("nobody panics while telling").text(begun.elapsed());
            // A terminal that takes no more is found out by the next line.
            let _ = to.write_str(&strip_unless(colored, &text));
        });
        bar.set_style(style);
        bar.enable_steady_tick(FRAME);
        Self { bar, board, begun, colored }
    }
    fn update(&self, event: &Event) -> Option<Duration> {
        let mut board = self.board.lock().expect("nobody panics while telling");
        board.update(event, self.begun.elapsed())
    }
    fn above(&self, text: &str) {
        self.bar.println(strip_unless(self.colored, text));
    }
}

impl Drop for LiveBoard {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// A terminal that goes to the next line by a newline.
///
/// indicatif fills its lines with blanks up to the right edge. The `^C` that a terminal shows of its own accord
/// would begin the next line there, and what is drawn anew would stand a line too low.
#[derive(Debug)]
struct Screen {
    term: Term,
    /// A line is whole, and the next one is not begun.
    whole: AtomicBool,
}

impl Screen {
    fn stderr() -> Self {
        Self { term: Term::buffered_stderr(), whole: AtomicBool::new(false) }
    }
    /// The cursor goes so far, and is no longer behind the line that was written last.
    fn moved_by(&self, distance: usize) -> &Term {
        self.whole.fetch_and(distance == 0, Ordering::Relaxed);
        &self.term
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        self.term.size().1
    }
    fn height(&self) -> u16 {
        self.term.size().0
    }
    fn move_cursor_up(&self, lines: usize) -> io::Result<()> {
        self.moved_by(lines).move_cursor_up(lines)
    }
    fn move_cursor_down(&self, lines: usize) -> io::Result<()> {
        self.moved_by(lines).move_cursor_down(lines)
    }
    fn move_cursor_right(&self, letters: usize) -> io::Result<()> {
        self.moved_by(letters).move_cursor_right(letters)
    }
    fn move_cursor_left(&self, letters: usize) -> io::Result<()> {
        self.moved_by(letters).move_cursor_left(letters)
    }
    fn write_line(&self, text: &str) -> io::Result<()> {
        self.moved_by(1).write_line(text)
    }
    fn write_str(&self, text: &str) -> io::Result<()> {
        // Nothing but blanks is what a line is filled with.
        if text.bytes().all(|byte| byte == b' ') {
            self.whole.store(true, Ordering::Relaxed);
            return Ok(());
        }
        if self.whole.swap(false, Ordering::Relaxed) && text != "\r" {
            self.term.write_str("\n")?;
        }
        self.term.write_str(text)
    }
    fn clear_line(&self) -> io::Result<()> {
        self.moved_by(1).clear_line()
    }
    fn flush(&self) -> io::Result<()> {
        self.term.flush()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long a step takes is shown and forgotten; `--now` must not stop it"
)]
pub fn now() -> Instant {
    Instant::now()
}
