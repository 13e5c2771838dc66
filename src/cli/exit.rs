//! Errors as they are shown to users, and their exit codes.

use std::ops::Range;
use std::process::ExitCode;

use super::print::styled_to_stderr;
use crate::experiment::{ExperimentError, ShardError};
use crate::kernels::device::is_out_of_memory;
use crate::net::checkpoint::CheckpointError;
use crate::space::SpaceId;
use crate::spec::SpecError;
use crate::store::StoreError;
use miette::{Diagnostic, LabeledSpan, NamedSource, Severity, SourceCode};
use nas_assay_base::text;

/// The command succeeded.
pub const DONE: u8 = 0;
/// An error without another code.
pub const UNEXPECTED: u8 = 1;
/// The command line or a spec is wrong.
pub const USAGE: u8 = 2;
/// A number differs from its pinned value.
pub const MISMATCH: u8 = 3;
/// There is nothing to run or show, or nothing was measured.
pub const NOTHING: u8 = 4;
/// A data file or a file of the store is missing, or is not what it has to be.
pub const DATA: u8 = 5;
/// The device does not exist or is out of memory, or the processor lacks an instruction set.
pub const DEVICE: u8 = 6;

/// Leaves line breaks to the terminal, so that a path or a command can be copied as a whole.
pub fn set_style() {
    // It fails only if a style is already set. This is fine.
    let _ = miette::set_hook(Box::new(|_| Box::new(miette::MietteHandlerOpts::new().wrap_lines(false).build())));
}

/// How many characters of a message are shown at most.
const LONGEST: usize = 4000;

/// A command that failed.
#[derive(Debug)]
pub struct Failure {
    code: u8,
    message: String,
    help: Option<String>,
    place: Option<(NamedSource<String>, Range<usize>)>,
    /// Whether it is a verdict about a claim, and the program did what it was asked for.
    is_verdict: bool,
}

impl Failure {
    /// Nobody reads what is printed. The rest is not needed, and there is nothing to say.
    pub fn reader_gone() -> Self {
        Self::new(DONE, "")
    }

    /// A failure with its exit code.
    pub fn new(code: u8, message: impl Into<String>) -> Self {
        let message = text::shortened_to(&message.into(), LONGEST).into_owned();
        Self { code, message, help: None, place: None, is_verdict: false }
    }

    /// A verdict against a claim: it is told like a result, and only the exit code is that of a failure.
    pub fn verdict(message: impl Into<String>) -> Self {
        Self { is_verdict: true, ..Self::new(MISMATCH, message) }
    }

    /// Adds a suggestion what to do.
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(text::shortened_to(&help.into(), LONGEST).into_owned());
        self
    }

    /// The suggestion what to do.
    #[cfg(test)]
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// The exit code.
    pub const fn code(&self) -> u8 {
        self.code
    }

    /// Prints the failure to stderr.
    pub fn report(self) -> ExitCode {
        let code = self.code;
        if self.is_verdict {
            styled_to_stderr(&text::printable(&self.message));
        } else if code != DONE {
            styled_to_stderr(&format!("{:?}", miette::Report::new(self)));
        }
        ExitCode::from(code)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl Diagnostic for Failure {
    fn severity(&self) -> Option<Severity> {
        Some(Severity::Error)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn std::fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.place.as_ref().map(|(source, _)| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let (_, span) = self.place.as_ref()?;
        Some(Box::new(std::iter::once(LabeledSpan::new_with_span(Some("here".to_owned()), span.clone()))))
    }
}

/// How many characters of a line are shown before a place in it. The place itself is shown with at most [`text::EXCERPT`] characters, and
/// so is every other line.
const BEFORE: usize = 100;

/// The lines next to a place in a text, without control characters and cut to what can be read, and the same place in them. Lines keep
/// their numbers.
fn around(text: &str, span: Range<usize>) -> (String, Range<usize>) {
    let boundary = |place: usize| (0..=place).rev().find(|&place| text.is_char_boundary(place)).unwrap_or(0);
    let start = boundary(span.start.min(text.len()));
    let first = text[..start].rfind('\n').map_or(0, |end| end + 1);
    let end = boundary(span.end.clamp(start, text.len()));
    let plain =
        |part: &str, most: usize| text::excerpt_of(&part.trim_end_matches('\r').replace('\t', " "), most).into_owned();
    let number = text[..first].matches('\n').count();
    let (mut shown, mut place) = (String::new(), 0..0);
    for (line, content) in text.split('\n').enumerate().take(number + 3) {
        if line == number {
            let inside = text[start..end].split('\n').next().unwrap_or_default();
            let (before, after) = (&content[..start - first], &content[start - first + inside.len()..]);
            let cut = before.char_indices().rev().nth(BEFORE).map_or(0, |(cut, _)| cut);
            shown += if cut > 0 { "…" } else { "" };
            shown += &plain(&before[cut..], usize::MAX);
            place.start = shown.len();
            shown += &plain(inside, text::EXCERPT);
            place.end = shown.len();
            shown += &plain(after, text::EXCERPT);
        } else if line + 2 >= number {
            shown += &plain(content, text::EXCERPT);
        }
        shown.push('\n');
    }
    (shown, place)
}

impl From<SpecError> for Failure {
    fn from(error: SpecError) -> Self {
        let message = error.to_string();
        match error {
            SpecError::Read { .. } => Self::new(USAGE, message).with_help("`nas-assay specs` lists the carried specs"),
            SpecError::Syntax { help, origin, text, span, .. } => {
                let place = span.map(|span| {
                    let (shown, span) = around(&text, span);
                    (NamedSource::new(text::printable(&origin), shown).with_language("toml"), span)
                });
                let failure = Self::new(USAGE, message);
                Self { place, ..help.into_iter().fold(failure, Self::with_help) }
            }
            SpecError::Invalid { .. } => Self::new(USAGE, message),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let code = match &error {
            StoreError::Unknown { .. } | StoreError::NoLatest { .. } => NOTHING,
            StoreError::Ambiguous { .. } | StoreError::NoName { .. } => USAGE,
            StoreError::Damaged { .. } => DATA,
            StoreError::Newer { .. }
            | StoreError::Older { .. }
            | StoreError::NewerRecord { .. }
            | StoreError::Read { .. }
            | StoreError::Unwritable { .. }
            | StoreError::System { .. }
            | StoreError::Busy { .. }
            | StoreError::BusyElsewhere { .. }
            | StoreError::Write(_) => UNEXPECTED,
        };
        Self::new(code, error.to_string())
    }
}

impl From<ShardError> for Failure {
    fn from(error: ShardError) -> Self {
        Self::new(USAGE, error.to_string())
    }
}

/// What to do about architectures that have no truth in the carried table of their space.
fn few_have_truth(space: SpaceId) -> String {
    format!(
        "the truth here is the small table of {space} that the program carries: `nas-assay architectures --space {space} --carried` \
         prints its architectures; with --data-root DIR, `verify` takes the truth of the benchmark"
    )
}

impl From<ExperimentError> for Failure {
    fn from(error: ExperimentError) -> Self {
        let message = error.to_string();
        if is_out_of_memory(&message) {
            return Self::new(DEVICE, message).with_help(
                "the GPU is out of memory: give the spec a smaller `batch`, the command fewer `--jobs`, or name a GPU that no other \
                 program uses",
            );
        }
        match error {
            ExperimentError::Spec(error) => error.into(),
            ExperimentError::Store(error) => error.into(),
            ExperimentError::NoDataRoot { .. } => Self::new(DATA, message)
                .with_help("give --data-root DIR or set NAS_ASSAY_DATA; `nas-assay data list` says what the folder should have"),
            ExperimentError::EstimatorFile { .. }
            | ExperimentError::Data(_)
            | ExperimentError::Images(_)
            | ExperimentError::Table(_)
            | ExperimentError::ScoreFile(_)
            | ExperimentError::NoTruth { .. }
            | ExperimentError::Checkpoint(CheckpointError::Damaged { .. }) => Self::new(DATA, message),
            ExperimentError::Device(error) => error.into(),
            ExperimentError::TruthMismatch { .. } => Self::new(MISMATCH, message),
            ExperimentError::Disagreement { .. } => Self::new(MISMATCH, message)
                .with_help("find out which one is wrong, remove its file, and run the spec again"),
            ExperimentError::Untrained { .. } => Self::new(NOTHING, message).with_help(
                "run the trainings first, in as many parts as there are, with `--part training`; `nas-assay plan SPEC --shards N` lists them",
            ),
            ExperimentError::NothingToRank { carried, .. } => {
                let failure = Self::new(NOTHING, message);
                carried.into_iter().map(few_have_truth).fold(failure, Self::with_help)
            }
            ExperimentError::UnknownEstimator(_) | ExperimentError::Trained(_) | ExperimentError::Canonical(_) => {
                Self::new(USAGE, message)
            }
            ExperimentError::Criteria { .. }
            | ExperimentError::Unprepared(_)
            | ExperimentError::Net(_)
            | ExperimentError::Skeleton(_)
            | ExperimentError::EmptyPool(_)
            | ExperimentError::SubSpace(_)
            | ExperimentError::Architecture(_)
            | ExperimentError::Train(_)
            | ExperimentError::Checkpoint(_)
            | ExperimentError::Scoring { .. }
            | ExperimentError::Building { .. }
            | ExperimentError::Evaluating { .. } => Self::new(UNEXPECTED, message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::train::TrainError;
    use proptest::prelude::*;

    #[test]
    fn a_gpu_that_is_out_of_memory_is_told_from_other_errors() {
        let failure = |text: &str| {
            let error = TrainError::Tensor(candle_core::Error::Msg(text.to_owned()));
            Failure::from(ExperimentError::Train(error))
        };
        let full = failure("DriverError(CUDA_ERROR_OUT_OF_MEMORY, \"out of memory\")");
        assert_eq!(full.code, DEVICE);
        assert!(full.message.starts_with("training: ") && full.help.is_some_and(|help| help.contains("`batch`")));
        assert_eq!(failure("DriverError(CUDA_ERROR_INVALID_VALUE, \"invalid argument\")").code, UNEXPECTED);
    }

    #[test]
    fn the_place_of_an_error_keeps_its_line() {
        let text = "a = 1\nb = [\"x\"]\nc = 3\n";
        let (shown, place) = around(text, 10..15);
        assert_eq!((shown.as_str(), &shown[place]), ("a = 1\nb = [\"x\"]\nc = 3\n\n", "[\"x\"]"));
        let long = format!("k = \"{}\"\n", "y".repeat(100_000));
        let (shown, place) = around(&long, 4..long.len() - 1);
        assert!(
            shown.len() < 300 && shown[place.clone()].starts_with("\"yy") && shown[place].ends_with('…'),
            "{shown}"
        );
        let (shown, place) = around(&long, 90_000..90_003);
        assert!(shown.starts_with('…') && shown.len() < 400 && &shown[place] == "yyy", "{shown}");
        let (shown, _) = around("t = '\u{1b}[31m\u{202e}' x\n", 16..17);
        assert!(shown.starts_with("t = '\\u{1b}[31m\\u{202e}"), "{shown}");
    }

    proptest! {
        #[test]
        fn what_is_shown_of_a_text_is_short_and_has_its_place(text in any::<String>(), times in 1usize..50, from: u16, len: u16) {
            let text = text.repeat(times);
            let (shown, place) = around(&text, usize::from(from)..usize::from(from) + usize::from(len));
            prop_assert!(shown.get(place).is_some());
            prop_assert!(!shown.chars().any(|character| text::is_control(character) && character != '\n'));
            prop_assert!(shown.lines().all(|line| line.chars().count() <= 6 * BEFORE + 3 * text::EXCERPT));
        }
    }
}
