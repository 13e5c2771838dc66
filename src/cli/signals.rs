//! Signals that end the program: Ctrl-C, SIGTERM and SIGHUP.

use std::sync::mpsc;
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::exit::{Failure, UNEXPECTED};
use super::print::to_stderr;
use crate::external::end_all;
use crate::files::end_writes;

/// On such a signal, exits with a note that the work can be continued, and with the code 128 + the signal. The store has no half-written
/// files at any time, and temporary files are removed.
pub fn exit_on_signal() -> Result<(), Failure> {
    // A shell starts its background jobs without SIGINT; whoever sends one to such a job wants it to end. `nohup` means what it says.
    let wanted = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|&signal| signal != SIGHUP || !is_ignored(signal));
    let mut signals = Signals::new(wanted)
        .map_err(|error| Failure::new(UNEXPECTED, format!("failed to listen for signals: {error}")))?;
    std::thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            let _ended = end_writes();
            end_all();
            say("\nstopped. Finished results are kept: the same command goes on from there");
            std::process::exit(128 + signal);
        }
    });
    Ok(())
}

/// Prints a line, and does not wait long for a reader that does not read.
fn say(text: &'static str) {
    let (done, wait) = mpsc::channel();
    std::thread::spawn(move || {
        to_stderr(text);
        let _ = done.send(());
    });
    let _ = wait.recv_timeout(Duration::from_millis(500));
}

/// Whether whoever started the program wants this signal to be ignored, as `nohup` does.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask >> (signal - 1) & 1 == 1
}
