//! The text of the spec that `nas-assay init` writes.

use std::fmt::Write;
use std::fs::File;
use std::path::{Path, PathBuf};

use nas_assay_base::digest::sha256_of;
use toml::Value;

use super::context::Context;
use super::exit::{DATA, Failure, USAGE};
use super::find_spec::carried_text;
use super::print::counted;
use super::verify_command::{free_id, has_its_script};
use super::verify_scores::{column, plain_name, stem};
use crate::estimator::{EstimatorKind, alias};
use crate::experiment::{BASELINES, TruthSource};
use crate::space::SpaceId;

/// What a first spec is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Start {
    /// The search space, one with networks.
    pub space: SpaceId,
    /// What is ranked beside the baselines.
    pub what: What,
    /// Where images and true accuracies come from.
    pub truth: TruthSource,
}

/// What is ranked beside the baselines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// The scores of a file.
    Scores {
        /// The file.
        file: PathBuf,
        /// Its column with the scores; the only one if there is no name.
        column: Option<String>,
    },
    /// The words of a command that starts a program.
    Command(Vec<String>),
    /// The ids of estimators of the suite.
    Estimators(Vec<String>),
}

impl Default for What {
    fn default() -> Self {
        Self::Estimators(["grad_norm", "snip", "synflow", "jacob_cov"].map(str::to_owned).to_vec())
    }
}

/// A spec, and what it is about in a few words.
#[derive(Debug)]
pub(super) struct Draft {
    /// The TOML text.
    pub text: String,
    /// What is ranked.
    pub about: String,
}

/// Writes the spec for the file of this name.
///
/// # Errors
/// If the scores cannot be read, or an estimator does not exist.
pub(super) fn draft(context: &Context, start: &Start, file: &Path) -> Result<Draft, Failure> {
    let Start { space, what, truth } = start;
    let carried = carried_text(&truth.spec_name(*space)).unwrap_or_default();
    let name = match plain_name(&stem(file)) {
        name if name.is_empty() => "experiment".to_owned(),
        name => name,
    };
    let part = part_of(context, *space, what)?;
    let title = format!("{}: {}", space.title(), part.about);
    let mut text = format!(
        "# Written by `nas-assay init`. Change what you like: `nas-assay run` says what a mistake is.\n\n\
         # The name is for commands such as `nas-assay report {name}`.\n\
         name = {}\ntitle = {}\nspace = \"{space}\"\n\n",
        toml_text(&name),
        toml_text(&title),
    );
    let is_real = *truth == TruthSource::Benchmark;
    let images = if is_real {
        "# Real images: the first ones are for training, the last ones for validation. Paths are relative to the data root."
    } else {
        "# Images that the program draws, so that no data are needed."
    };
    let accuracies = if is_real {
        "# The true accuracies: those of the benchmark."
    } else {
        "# The true accuracies: a small table that the program carries. `verify = 2` would train two of its rows again, as a check."
    };
    for (comment, header) in [(images, "images."), (accuracies, "truth.")] {
        let _ = writeln!(text, "{comment}\n{}", section(carried, header).replace("verify = 2", "verify = 0"));
    }
    if part.trains {
        let _ = writeln!(
            text,
            "# The supernet whose shared weights one-shot estimators use. Its training takes most of the time."
        );
        for header in ["supernet]", "supernet.training]", "one-shot]"] {
            let _ = writeln!(text, "{}", section(carried, header));
        }
    }
    let _ = writeln!(
        text,
        "# The networks that are scored, and the batch that they see. Each seed gives a score of its own; their mean counts.\n{}",
        section(carried, "zero-shot]").replace("[20, 2020, 202020]", "[20]")
    );
    text += &part.before;
    // Networks of real size take long, so that a sample of the architectures is scored. A table has all scores.
    let sample = match what {
        What::Scores { .. } => String::new(),
        _ if is_real => section(carried, "panels.sample]")
            .lines()
            .filter(|line| line.starts_with("sample = ") || line.starts_with("seed = "))
            .fold("# Only so many architectures, drawn with this seed.\n".to_owned(), |lines, line| {
                lines + line + "\n"
            }),
        _ => String::new(),
    };
    let ids: Vec<String> =
        BASELINES.iter().map(|id| toml_text(id)).chain(part.estimators.iter().map(|id| toml_text(id))).collect();
    let _ = write!(
        text,
        "# A panel: architectures, and what ranks them. The first three are baselines, which cost nothing: a score that ranks no better\n\
         # has found nothing. `nas-assay estimators` lists all estimators.\n\
         [panels.all]\nestimators = [{}]\n{sample}{}",
        ids.join(", "),
        part.after,
    );
    Ok(Draft { text, about: part.about })
}

/// What is ranked, as parts of a spec.
struct Part {
    /// What is ranked, in a few words.
    about: String,
    /// Estimators of the panel, beside the baselines.
    estimators: Vec<String>,
    /// Sections before the panel.
    before: String,
    /// Lines of the panel, and sections after it.
    after: String,
    /// Whether a supernet is needed.
    trains: bool,
}

fn part_of(context: &Context, space: SpaceId, what: &What) -> Result<Part, Failure> {
    match what {
        What::Scores { file, column } => scores(context, space, file, column.as_deref()),
        What::Command(words) => {
            has_its_script(words)?;
            Ok(program(context, words))
        }
        What::Estimators(ids) => estimators(context, ids),
    }
}

fn scores(context: &Context, space: SpaceId, file: &Path, wanted: Option<&str>) -> Result<Part, Failure> {
    let shown = file.display();
    let failed = |error: std::io::Error| Failure::new(DATA, format!("reading {shown}: {error}"));
    let digest = File::open(file).and_then(sha256_of).map_err(failed)?;
    let path = std::path::absolute(file).map_err(failed)?;
    let name = match plain_name(&stem(file)) {
        name if name.is_empty() || context.suite().find(&name).is_ok() || alias::own(&name) != name => {
            "mine".to_owned()
        }
        name => name,
    };
    let column = match wanted {
        Some(column) => column.to_owned(),
        None => column(file, file, space, None)?,
    };
    Ok(Part {
        about: format!("the scores of {shown}, beside 3 baselines"),
        estimators: Vec::new(),
        before: String::new(),
        after: format!(
            "# Architectures without a score are left out, and counted.\n\
             missing = \"pass-over\"\n\n\
             # The table: its digest is the one of the file as it is now. A file that has changed since is refused; write its new digest here.\n\
             [panels.all.scores.{}]\n\
             file = {{ path = {}, sha256 = {} }}\n\
             column = {}\n\
             # \"lower\" if lower scores are better.\n\
             direction = \"higher\"\n",
            name,
            toml_text(&path.display().to_string()),
            toml_text(&digest),
            toml_text(&column),
        ),
        trains: false,
    })
}

fn program(context: &Context, words: &[String]) -> Part {
    let id = free_id(context.suite(), words);
    let files: Vec<Value> = words.iter().filter(|word| Path::new(word).is_file()).cloned().map(Value::from).collect();
    let command: Vec<Value> = words.iter().cloned().map(Value::from).collect();
    Part {
        about: format!("the program {id}, beside 3 baselines"),
        before: format!(
            "# An estimator that is another program. It is started in the folder in which nas-assay runs. Its scores are kept as long as these\n\
             # files are the same.\n\
             [estimators.{id}]\n\
             command = {}\n\
             files = {}\n\
             # \"lower\" if lower scores are better.\n\
             direction = \"higher\"\n\n",
            Value::from(command),
            Value::from(files),
        ),
        estimators: vec![id],
        after: String::new(),
        trains: false,
    }
}

fn estimators(context: &Context, ids: &[String]) -> Result<Part, Failure> {
    let (mut own, mut trains) = (Vec::new(), false);
    for id in ids {
        let meta = context.suite().find(id).map_err(|error| Failure::new(USAGE, error.to_string()))?.meta();
        trains |= meta.kind == EstimatorKind::OneShot;
        if !BASELINES.contains(&meta.id) && !own.iter().any(|known| known == meta.id) {
            own.push(meta.id.to_owned());
        }
    }
    let about = match own.len() {
        0 => "3 baselines".to_owned(),
        several => format!("{}, beside 3 baselines", counted(several, "estimator")),
    };
    Ok(Part { about, estimators: own, before: String::new(), after: String::new(), trains })
}

/// The section of a carried spec whose header begins like this, without the comments before it.
fn section(text: &str, header: &str) -> String {
    let header = format!("[{header}");
    let lines = text.lines().skip_while(|line| !line.starts_with(&header));
    let kept = lines.enumerate().take_while(|(at, line)| *at == 0 || !(line.is_empty() || line.starts_with('[')));
    kept.fold(String::new(), |text, (_, line)| text + line + "\n")
}

/// A text as TOML has it.
fn toml_text(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_ends_with_its_lines() {
        let text = "# head\nname = \"a\"\n\n[a.b]\nx = [\n    1,\n]\n\n# about c\n[c]\ny = 2\n";
        assert_eq!(section(text, "a."), "[a.b]\nx = [\n    1,\n]\n");
        assert_eq!(section(text, "c]"), "[c]\ny = 2\n");
        assert_eq!(section(text, "d]"), "");
    }

    #[test]
    fn texts_are_quoted_as_toml_wants_it() {
        for text in ["plain", "with \"quotes\"", "C:\\path", "two\nlines", "it's"] {
            let table: toml::Table = format!("a = {}", toml_text(text)).parse().unwrap();
            assert_eq!(table["a"].as_str(), Some(text));
        }
    }
}
