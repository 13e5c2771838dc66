//! Errors as they are shown to users, and their exit codes.

use std::process::ExitCode;

use super::print::to_stderr;
use crate::experiment::ExperimentError;
use crate::net::checkpoint::CheckpointError;
use crate::spec::SpecError;
use crate::store::StoreError;
use miette::{Diagnostic, LabeledSpan, NamedSource, Severity, SourceCode};

/// The command succeeded.
pub const DONE: u8 = 0;
/// An error without another code.
pub const UNEXPECTED: u8 = 1;
/// The command line or a spec is wrong.
pub const USAGE: u8 = 2;
/// A number differs from its pinned value.
pub const MISMATCH: u8 = 3;
/// There is nothing to run or show.
pub const NOTHING: u8 = 4;
/// A data file or a file of the store is missing, or is not what it has to be.
pub const DATA: u8 = 5;
/// The device does not exist.
pub const DEVICE: u8 = 6;

/// Leaves line breaks to the terminal, so that a path or a command can be copied as a whole.
pub fn set_style() {
    // It fails only if a style is already set. This is fine.
    let _ = miette::set_hook(Box::new(|_| Box::new(miette::MietteHandlerOpts::new().wrap_lines(false).build())));
}

/// A command that failed.
#[derive(Debug)]
pub struct Failure {
    code: u8,
    message: String,
    help: Option<String>,
    place: Option<(NamedSource<String>, std::ops::Range<usize>)>,
}

impl Failure {
    /// Nobody reads what is printed. The rest is not needed, and there is nothing to say.
    pub fn reader_gone() -> Self {
        Self::new(DONE, "")
    }

    /// A failure with its exit code.
    pub fn new(code: u8, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), help: None, place: None }
    }

    /// Adds a suggestion what to do.
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Prints the failure to stderr.
    pub fn report(self) -> ExitCode {
        let code = self.code;
        if code != DONE {
            to_stderr(&format!("{:?}", miette::Report::new(self)));
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

impl From<SpecError> for Failure {
    fn from(error: SpecError) -> Self {
        let message = error.to_string();
        match error {
            SpecError::Read { .. } => Self::new(USAGE, message).with_help("`nas-assay specs` lists the carried specs"),
            SpecError::Syntax { help, origin, text, span, .. } => {
                let place = span.map(|span| (NamedSource::new(origin, text).with_language("toml"), span));
                Self { code: USAGE, message, help, place }
            }
            SpecError::Invalid { .. } => Self::new(USAGE, message),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let code = match &error {
            StoreError::Unknown { .. } | StoreError::NoLatest { .. } => NOTHING,
            StoreError::Ambiguous { .. } | StoreError::NoName => USAGE,
            StoreError::Damaged { .. } => DATA,
            StoreError::Newer { .. }
            | StoreError::Older { .. }
            | StoreError::NewerRecord { .. }
            | StoreError::Read { .. }
            | StoreError::Unwritable { .. }
            | StoreError::System { .. }
            | StoreError::Busy { .. }
            | StoreError::Write(_) => UNEXPECTED,
        };
        Self::new(code, error.to_string())
    }
}

impl From<ExperimentError> for Failure {
    fn from(error: ExperimentError) -> Self {
        let message = error.to_string();
        match error {
            ExperimentError::Spec(error) => error.into(),
            ExperimentError::Store(error) => error.into(),
            ExperimentError::UnknownEstimator(_) | ExperimentError::NoSupernet { .. } | ExperimentError::Trained(_) => {
                Self::new(USAGE, message)
            }
            ExperimentError::NoDataRoot { .. } => Self::new(DATA, message)
                .with_help("give --data-root DIR or set NAS_ASSAY_DATA; the README describes the layout of the folder"),
            ExperimentError::Data(_)
            | ExperimentError::Images(_)
            | ExperimentError::Table(_)
            | ExperimentError::ScoreFile(_)
            | ExperimentError::Checkpoint(CheckpointError::Damaged { .. }) => Self::new(DATA, message),
            ExperimentError::TruthMismatch { .. } => Self::new(MISMATCH, message),
            ExperimentError::NothingToRank { .. } => Self::new(NOTHING, message),
            ExperimentError::Canonical(_) => Self::new(USAGE, message),
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
