//! Progress on stderr.
use super::print::to_stderr;

use std::fmt;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::experiment::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The time between two lines about a running stage, if no bar can be drawn.
const LINE_EVERY: Duration = Duration::from_secs(60);

/// Shows one bar per stage on a terminal. Elsewhere it prints one line per minute, and one for each finished stage.
pub struct Bars {
    terminal: bool,
    current: Mutex<Option<Stage>>,
}

struct Stage {
    bar: ProgressBar,
    label: String,
    unit: String,
    started: Instant,
    last_line: Instant,
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

    fn with_stage(&self, act: impl FnOnce(&mut Stage)) {
        if let Ok(mut held) = self.current.lock()
            && let Some(stage) = held.as_mut()
        {
            act(stage);
        }
    }
}

impl Progress for Bars {
    fn begin(&self, label: &str, steps: u64, unit: &str) {
        let target = if self.terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(steps), target);
        let template = "{prefix:28!} {wide_bar} {pos}/{len} {unit} {per_sec:>8} {left:>11} {msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            let rate = |state: &indicatif::ProgressState, text: &mut dyn fmt::Write| {
                let _ = text.write_str(&rate(state.per_sec()));
            };
            let left = |state: &indicatif::ProgressState, text: &mut dyn fmt::Write| {
                let is_known = state.pos() > 0 && state.per_sec() > 0.0;
                let _ = text.write_str(&if is_known { left(state.eta().as_secs_f64()) } else { String::new() });
            };
            let unit = {
                let unit = unit.to_owned();
                move |_: &indicatif::ProgressState, text: &mut dyn fmt::Write| {
                    let _ = text.write_str(&unit);
                }
            };
            let style = style.with_key("unit", unit);
            bar.set_style(style.with_key("per_sec", rate).with_key("left", left).progress_chars("━━─"));
        }
        bar.set_prefix(label.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        if let Ok(mut held) = self.current.lock() {
            let now = Instant::now();
            *held = Some(Stage { bar, label: label.to_owned(), unit: unit.to_owned(), started: now, last_line: now });
        }
    }

    fn advance(&self, steps: u64) {
        self.with_stage(|stage| {
            stage.bar.inc(steps);
            if !self.terminal && stage.last_line.elapsed() >= LINE_EVERY {
                stage.last_line = Instant::now();
                let done = (stage.bar.position(), stage.bar.length().unwrap_or(0));
                to_stderr(&under_way(&stage.label, done, &stage.unit, stage.started.elapsed(), &stage.bar.message()));
            }
        });
    }

    fn message(&self, text: &str) {
        self.with_stage(|stage| stage.bar.set_message(text.to_owned()));
    }

    fn note(&self, text: &str) {
        let held = self.current.lock();
        match held.as_ref().ok().and_then(|held| held.as_ref()) {
            Some(stage) => stage.bar.suspend(|| to_stderr(text)),
            None => to_stderr(text),
        }
    }

    fn end(&self) {
        if let Ok(mut held) = self.current.lock()
            && let Some(Stage { bar, label, started, .. }) = held.take()
        {
            let message = bar.message();
            bar.finish_and_clear();
            let note = if message.is_empty() { String::new() } else { format!("  {message}") };
            to_stderr(&format!("{label:<28} {:>7.1} s{note}", started.elapsed().as_secs_f64()));
        }
    }
}

/// A line about a running stage: its progress, its speed and the estimated time left.
fn under_way(label: &str, (done, all): (u64, u64), unit: &str, elapsed: Duration, message: &str) -> String {
    let per_second = done as f64 / elapsed.as_secs_f64();
    let left = left(all.saturating_sub(done) as f64 / per_second);
    let note = if message.is_empty() { String::new() } else { format!("  {message}") };
    format!("{label:<28} {done}/{all} {unit}, {}, {left}{note}", rate(per_second))
}

/// The estimated time left.
fn left(seconds: f64) -> String {
    let seconds = seconds.ceil();
    if seconds < 90.0 { format!("{seconds} s left") } else { format!("{:.0} min left", seconds / 60.0) }
}

/// The speed in steps per second, or per minute if it is low.
fn rate(per_second: f64) -> String {
    match per_second {
        slow if slow < 0.95 => format!("{:.1}/min", 60.0 * slow),
        middling if middling < 9.5 => format!("{middling:.1}/s"),
        fast => format!("{fast:.0}/s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_progress_speed_and_time_left() {
        let line = |done, seconds, message| {
            under_way("all: zero-shot scores", done, "steps", Duration::from_secs(seconds), message)
        };
        assert_eq!(line((60, 300), 60, ""), "all: zero-shot scores        60/300 steps, 1.0/s, 4 min left");
        assert_eq!(
            line((30, 40), 60, "loss 1.2"),
            "all: zero-shot scores        30/40 steps, 30.0/min, 20 s left  loss 1.2"
        );
        assert_eq!(line((6000, 6100), 60, ""), "all: zero-shot scores        6000/6100 steps, 100/s, 1 s left");
    }
}
