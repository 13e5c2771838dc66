//! Progress on stderr.

use std::fmt;
use std::sync::Mutex;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use nas_assay::experiment::Progress;

/// A bar a stage on a terminal, one line a finished stage elsewhere.
pub struct Bars {
    terminal: bool,
    current: Mutex<Option<(ProgressBar, String, Instant)>>,
}

impl fmt::Debug for Bars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bars").field("terminal", &self.terminal).finish_non_exhaustive()
    }
}

impl Bars {
    /// `terminal`: whether stderr can redraw a line.
    pub fn new(terminal: bool) -> Self {
        Self { terminal, current: Mutex::new(None) }
    }

    fn with_bar(&self, act: impl FnOnce(&ProgressBar)) {
        if let Ok(held) = self.current.lock()
            && let Some((bar, ..)) = held.as_ref()
        {
            act(bar);
        }
    }
}

impl Progress for Bars {
    fn begin(&self, label: &str, steps: u64) {
        let target = if self.terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(steps), target);
        if let Ok(style) = ProgressStyle::with_template("{prefix:28!} {wide_bar} {pos}/{len} {eta:>4} {msg}") {
            bar.set_style(style.progress_chars("━━─"));
        }
        bar.set_prefix(label.to_owned());
        bar.enable_steady_tick(std::time::Duration::from_millis(200));
        if let Ok(mut held) = self.current.lock() {
            *held = Some((bar, label.to_owned(), Instant::now()));
        }
    }

    fn advance(&self, steps: u64) {
        self.with_bar(|bar| bar.inc(steps));
    }

    fn message(&self, text: &str) {
        self.with_bar(|bar| bar.set_message(text.to_owned()));
    }

    fn end(&self) {
        if let Ok(mut held) = self.current.lock()
            && let Some((bar, label, started)) = held.take()
        {
            let message = bar.message();
            bar.finish_and_clear();
            let note = if message.is_empty() { String::new() } else { format!("  {message}") };
            eprintln!("{label:<28} {:>7.1} s{note}", started.elapsed().as_secs_f64());
        }
    }
}
