//! A terminal that goes to the next line by a newline.
//!
//! indicatif fills its lines with blanks up to the right edge. The `^C` that a terminal shows of its own accord
//! would begin the next line there, and what is drawn anew would stand a line too low.
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use console::Term;
use indicatif::TermLike;

#[derive(Debug)]
pub struct Screen {
    term: Term,
    /// A line is whole, and the next one is not begun.
    whole: AtomicBool,
}

impl Screen {
    pub fn stderr() -> Self {
        Self { term: Term::buffered_stderr(), whole: AtomicBool::new(false) }
    }
    /// The cursor goes so far, and is no longer behind the line that was written last.
    fn moved(&self, distance: usize) -> &Term {
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
        self.moved(lines).move_cursor_up(lines)
    }
    fn move_cursor_down(&self, lines: usize) -> io::Result<()> {
        self.moved(lines).move_cursor_down(lines)
    }
    fn move_cursor_right(&self, letters: usize) -> io::Result<()> {
        self.moved(letters).move_cursor_right(letters)
    }
    fn move_cursor_left(&self, letters: usize) -> io::Result<()> {
        self.moved(letters).move_cursor_left(letters)
    }
    fn write_line(&self, text: &str) -> io::Result<()> {
        self.moved(1).write_line(text)
    }
    fn write_str(&self, text: &str) -> io::Result<()> {
        // Nothing but blanks is what a line is filled with.
        if text.bytes().all(|it| it == b' ') {
            self.whole.store(true, Ordering::Relaxed);
            return Ok(());
        }
        if self.whole.swap(false, Ordering::Relaxed) && text != "\r" {
            self.term.write_str("\n")?;
        }
        self.term.write_str(text)
    }
    fn clear_line(&self) -> io::Result<()> {
        self.moved(1).clear_line()
    }
    fn flush(&self) -> io::Result<()> {
        self.term.flush()
    }
}
