//! Shows the progress of a run: as NDJSON, as plain lines, or as lines above a board that is redrawn on a terminal.
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

/// The interval at which the board is redrawn.
const FRAME: Duration = Duration::from_millis(100);
/// Maximum number of redraws per second.
const DRAWS_PER_S: u8 = 20;

/// Maximum number of steps in progress that a message names; the rest is counted.
const NAMED_MAX: usize = 6;

/// Receives the events of a run and shows them.
#[derive(Debug)]
pub struct Progress<'a> {
    io: Mutex<&'a mut Io>,
    format: Format,
    /// The desired state, for the handler code that a failure shows.
    desired: &'a DesiredState,
    remaining_steps: Mutex<Vec<RemainingStep>>,
    /// The steps in progress.
    running: Mutex<Vec<Address>>,
    live: Option<LiveBoard>,
}

impl<'a> Progress<'a> {
    pub fn new(io: &'a mut Io, format: Format, desired: &'a DesiredState) -> Self {
        // Log lines would overwrite the board.
        let has_logs = LevelFilter::current() > LevelFilter::WARN;
        let has_board = format == Format::Human && io.redraws() && !has_logs;
        let live = has_board.then(|| LiveBoard::start(io.error_colored()));
        Self {
            io: Mutex::new(io),
            format,
            desired,
            remaining_steps: Mutex::default(),
            running: Mutex::default(),
            live,
        }
    }
    pub fn event(&self, event: &Event) {
        self.follow(event);
        match self.format {
            Format::Human => self.show(event),
            // If stdout is closed, writing the outputs reports it.
            Format::Json => drop(self.io().print_result(&format!("{}\n", json!(event)))),
        }
    }
    /// Writes a message that is not an event, unless `--quiet` is set.
    pub fn note(&self, text: &str) {
        if !self.io().quiet {
            self.report(text);
        }
    }
    /// Returns the steps in progress as ` (…)`, or nothing.
    pub fn in_progress(&self) -> String {
        let running = self.running.lock().expect("no thread panics while it holds the lock");
        let mut names: Vec<String> =
            running.iter().take(NAMED_MAX).map(ToString::to_string).collect();
        let more = running.len().saturating_sub(NAMED_MAX);
        names.extend((more > 0).then(|| format!("{more} more")));
        if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) }
    }
    /// Removes the board and lists the remaining steps.
    pub fn finish(&self) {
        if let Some(live) = &self.live {
            live.bar.finish_and_clear();
        }
        let steps = self.remaining_steps.lock().expect("no thread panics while it holds the lock");
        self.io().eprint(&remaining(&steps));
    }

    fn follow(&self, event: &Event) {
        let mut running = self.running.lock().expect("no thread panics while it holds the lock");
        match event {
            Event::Started { address, .. } => running.push(address.clone()),
            Event::Succeeded { address, .. } | Event::Failed { address, .. } => {
                running.retain(|running| running != address);
            }
            _ => {}
        }
    }
    fn show(&self, event: &Event) {
        let duration = self.live.as_ref().and_then(|board| board.update(event));
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
            // The board shows it.
            Event::Retrying { .. } if self.live.is_some() => {}
            event => {
                let dim = anstyle::Style::new().dimmed();
                let duration =
                    duration.map(|duration| format!("  {dim}{}{dim:#}", seconds(duration)));
                if let Some(line) = line(event) {
                    self.note(&format!("{line}{}\n", duration.unwrap_or_default()));
                }
            }
        }
    }
    fn report(&self, text: &str) {
        match &self.live {
            Some(live) => live.above(text),
            None => self.io().eprint(text),
        }
    }
    fn add_remaining(&self, step: RemainingStep) {
        self.remaining_steps.lock().expect("no thread panics while it holds the lock").push(step);
    }
    fn io(&self) -> MutexGuard<'_, &'a mut Io> {
        self.io.lock().expect("no thread panics while it holds the lock")
    }
}

/// A board on a terminal; dropping it removes the board.
#[derive(Debug)]
struct LiveBoard {
    bar: ProgressBar,
    board: Arc<Mutex<Board>>,
    start: Instant,
    colored: bool,
}

impl LiveBoard {
    fn start(colored: bool) -> Self {
        let start = now();
        let board = Arc::new(Mutex::new(Board::default()));
        let shown = Arc::clone(&board);
        let target = ProgressDrawTarget::term_like_with_hz(Box::new(Screen::stderr()), DRAWS_PER_S);
        let bar = ProgressBar::with_draw_target(None, target);
        let style = ProgressStyle::with_template("{board}").expect("the template is one word");
        let style = style.with_key("board", move |_: &_, to: &mut dyn std::fmt::Write| {
            let text = shown
                .lock()
                .expect("no thread panics while it holds the lock")
                .text(start.elapsed());
            // If the terminal is closed, writing the next line reports it.
            let _ = to.write_str(&strip_unless(colored, &text));
        });
        bar.set_style(style);
        bar.enable_steady_tick(FRAME);
        Self { bar, board, start, colored }
    }
    fn update(&self, event: &Event) -> Option<Duration> {
        let mut board = self.board.lock().expect("no thread panics while it holds the lock");
        board.update(event, self.start.elapsed())
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

/// A terminal on which lines end with a newline.
///
/// indicatif pads its lines with blanks up to the right edge. There, the `^C` that a terminal prints on Ctrl-C would
/// wrap to the next line, and the board would be redrawn one line too low.
#[derive(Debug)]
struct Screen {
    term: Term,
    /// Whether a line is complete and the next one is not started.
    is_line_complete: AtomicBool,
}

impl Screen {
    fn stderr() -> Self {
        Self { term: Term::buffered_stderr(), is_line_complete: AtomicBool::new(false) }
    }
    /// Returns the terminal for a cursor movement; a movement leaves the line that was written last.
    fn move_by(&self, distance: usize) -> &Term {
        self.is_line_complete.fetch_and(distance == 0, Ordering::Relaxed);
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
        self.move_by(lines).move_cursor_up(lines)
    }
    fn move_cursor_down(&self, lines: usize) -> io::Result<()> {
        self.move_by(lines).move_cursor_down(lines)
    }
    fn move_cursor_right(&self, letters: usize) -> io::Result<()> {
        self.move_by(letters).move_cursor_right(letters)
    }
    fn move_cursor_left(&self, letters: usize) -> io::Result<()> {
        self.move_by(letters).move_cursor_left(letters)
    }
    fn write_line(&self, text: &str) -> io::Result<()> {
        self.move_by(1).write_line(text)
    }
    fn write_str(&self, text: &str) -> io::Result<()> {
        // Only padding consists of blanks alone.
        if text.bytes().all(|byte| byte == b' ') {
            self.is_line_complete.store(true, Ordering::Relaxed);
            return Ok(());
        }
        if self.is_line_complete.swap(false, Ordering::Relaxed) && text != "\r" {
            self.term.write_str("\n")?;
        }
        self.term.write_str(text)
    }
    fn clear_line(&self) -> io::Result<()> {
        self.move_by(1).clear_line()
    }
    fn flush(&self) -> io::Result<()> {
        self.term.flush()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the duration of a step is only shown; `--now` must not stop it"
)]
pub fn now() -> Instant {
    Instant::now()
}
