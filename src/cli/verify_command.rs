//! `nas-assay verify --command`: judges an estimator that is another program, without a spec.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;
use nas_assay_base::nearest;
use nas_assay_base::text::excerpt;

use super::context::Context;
use super::exit::{Failure, USAGE};
use super::find_spec::find;
use super::launch::{print_record, run};
use super::measured;
use super::signals::exit_on_signal;
use super::verify::print_checks;
use super::verify_gate::{gated, print_gates};
use super::verify_scores::{ScoreOptions, Way};
use crate::criteria::Direction;
use crate::estimator::{Suite, alias};
use crate::experiment::verify_estimator_on;
use crate::space::SpaceId;
use crate::spec::External;

/// The program, and where it is judged.
#[derive(Debug, Args)]
pub struct CommandOptions {
    /// A program that gives scores, such as `python my_proxy.py`, to run in the miniatures of all five spaces; words are split as by a shell
    #[arg(long, value_name = "COMMAND")]
    command: Option<String>,
    /// A file that the scores depend on; may be given several times [default: the words of the command that are files]; changes in what it
    /// imports are not noticed
    #[arg(long = "file", value_name = "FILE", requires = "command")]
    files: Vec<PathBuf>,
    /// Judge the program on the architectures of this spec, with its settings, instead of the miniatures
    #[arg(long, value_name = "SPEC", requires = "command")]
    spec: Option<String>,
    /// The longest time for one answer, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 600, requires = "command")]
    limit: u32,
}

impl CommandOptions {
    /// The id and the declaration of the program; `None` without a command.
    pub fn declared(&self, context: &Context, options: &ScoreOptions) -> Result<Option<(String, External)>, Failure> {
        let Some(command) = &self.command else { return Ok(None) };
        let words = words_of(command)?;
        has_its_program(&words)?;
        has_its_script(&words)?;
        let id = options.name.clone().unwrap_or_else(|| free_id(context.suite(), &words));
        let mut declared = External::new(words);
        let files: Vec<String> = if self.files.is_empty() {
            declared.command.iter().filter(|word| Path::new(word).is_file()).cloned().collect()
        } else {
            self.files.iter().map(|file| file.display().to_string()).collect()
        };
        let mut known = BTreeSet::new();
        declared.files = files.into_iter().filter(|file| known.insert(file.clone())).collect();
        if declared.files.is_empty() {
            context.note(
                "no word of the command is a file: when the program changes, its scores in the store stay; name its files with --file",
            );
        }
        declared.limit = self.limit as usize;
        if let Some(Way::Lower) = options.direction {
            declared.direction = Direction::Lower;
        }
        Ok(Some((id, declared)))
    }

    /// Runs the program in the miniatures, or on the architectures of a spec, beside the baselines; or beside the estimator that it should
    /// be.
    pub fn judge(
        &self,
        context: &Context,
        (id, declared): &(String, External),
        of: Option<&str>,
        space: Option<SpaceId>,
        json: bool,
    ) -> Result<(), Failure> {
        if let Some(why) = space.and_then(SpaceId::without_network) {
            return Err(Failure::new(USAGE, why));
        }
        let lab = context.lab(None)?;
        let spaces = || SpaceId::ALL.into_iter().filter(|known| space.is_none_or(|space| space == *known));
        if let Some(of) = of {
            let of = gated(context.suite(), of)?.id;
            if self.spec.is_some() {
                return Err(Failure::new(USAGE, "--is draws its own architectures; leave --spec out"));
            }
            exit_on_signal()?;
            let mut rows = Vec::new();
            for space in spaces() {
                context.note(&format!("{space}: {id} and {of} on the same weights"));
                rows.push(lab.gate_external(space, id, declared, of)?);
            }
            return print_gates(&rows, json);
        }
        if let Some(name) = &self.spec {
            let spec = find(context, name)?;
            if let Some(space) = space.filter(|space| *space != spec.space) {
                return Err(Failure::new(USAGE, format!("the spec is one of {}, not of {space}", spec.space)));
            }
            let resolved = lab.resolve(verify_estimator_on(spec, id, declared)?)?;
            exit_on_signal()?;
            let (_, record) = run(context, &lab, &resolved)?;
            print_record(context, &record, json)?;
            return measured::in_record(&record, id);
        }
        exit_on_signal()?;
        let mut rows = Vec::new();
        for space in spaces() {
            context.note(&format!("{space}: {id} and the baselines in the miniature"));
            rows.push(lab.judge_external(space, id, declared)?.row);
        }
        print_checks(id, &rows, false, json)?;
        let (lint, page) = (context.command("lint latest"), context.command("report latest --out report.html"));
        context.note(&format!(
            "hint: `{page}` writes a page about the last of these spaces; `{lint}` asks what a reviewer would ask"
        ));
        Ok(())
    }
}

/// The words of a command, split as by a shell.
pub(super) fn words_of(command: &str) -> Result<Vec<String>, Failure> {
    shlex::split(command).filter(|words| !words.is_empty()).ok_or_else(|| {
        Failure::new(USAGE, format!("the command `{command}` has no words, or a quotation mark without its other half"))
    })
}

/// What the names of programs end with that another program reads, and that program.
const SCRIPTS: [(&str, &str); 8] = [
    ("py", "python"),
    ("jl", "julia"),
    ("r", "Rscript"),
    ("js", "node"),
    ("sh", "sh"),
    ("rb", "ruby"),
    ("lua", "lua"),
    ("pl", "perl"),
];

/// Whether it is a file that cannot be started.
fn is_no_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 == 0)
}

/// Checks that the program is there: in a folder of `PATH`, if it is a plain name.
fn has_its_program(words: &[String]) -> Result<(), Failure> {
    let Some(name) = words.first().filter(|name| !name.contains('/') && !Path::new(name).is_file()) else {
        return Ok(());
    };
    let folders = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&folders).any(|folder| folder.join(name).is_file()) {
        return Ok(());
    }
    let failure = Failure::new(USAGE, format!("there is no program {}", excerpt(name)));
    let readers = SCRIPTS.iter().map(|(_, reader)| *reader).chain(["python3", "bash"]);
    Err(match nearest(name, readers) {
        Some(near) => failure.with_help(format!("did you mean `{near}`?")),
        None => failure,
    })
}

/// Checks that a script is there: a word that ends like one, in a command of which no word is a file.
pub(super) fn has_its_script(words: &[String]) -> Result<(), Failure> {
    let ending = |word: &str| Path::new(word).extension().map(|ending| ending.to_string_lossy().to_lowercase());
    let is_script = |word: &&String| ending(word).is_some_and(|ending| SCRIPTS.iter().any(|(own, _)| *own == ending));
    // With a blank in it, a word is more likely a command for another shell.
    let is_one = |word: &&String| !word.contains(char::is_whitespace);
    if let Some(first) = words.first().filter(|first| is_script(first) && is_no_program(Path::new(first))) {
        let with = SCRIPTS.iter().find(|(own, _)| ending(first).is_some_and(|ending| ending == *own));
        let reader = with.map_or("", |(_, reader)| reader);
        return Err(Failure::new(USAGE, format!("{} is a file, but no program", excerpt(first)))
            .with_help(format!("did you mean `{}`?", shlex::try_join([reader, first.as_str()]).unwrap_or_default())));
    }
    let Some(script) = words.iter().skip(1).filter(is_one).find(is_script) else { return Ok(()) };
    if words.iter().any(|word| Path::new(word).is_file()) {
        return Ok(());
    }
    let path = Path::new(script);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut known: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
        .filter(|name| ending(name) == ending(script))
        .collect();
    known.sort_unstable();
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let failure = Failure::new(USAGE, format!("the command names {}, and there is no such file", excerpt(script)));
    Err(match nearest(&name, known.iter().map(String::as_str)) {
        Some(near) => failure.with_help(format!("did you mean `{}`?", path.with_file_name(near).display())),
        None => failure,
    })
}

/// An id for a program that no other estimator has: `snip.py` is not the estimator `snip`; whether it gives its scores, `--is snip` says.
pub(super) fn free_id(suite: &Suite, words: &[String]) -> String {
    let id = id_of(words);
    let is_taken = suite.find(&id).is_ok() || alias::own(&id) != id;
    if is_taken { format!("{id}_command") } else { id }
}

/// An id from the last word that is the name of a file, or else from the first word.
fn id_of(words: &[String]) -> String {
    let named = words.iter().rev().find(|word| Path::new(word).is_file()).or(words.first());
    let stem = named.and_then(|word| Path::new(word).file_stem()).map(|stem| stem.to_string_lossy().to_lowercase());
    let plain: String = stem
        .unwrap_or_default()
        .chars()
        .map(|letter| if letter.is_ascii_lowercase() || letter.is_ascii_digit() { letter } else { '_' })
        .take(40)
        .collect();
    if plain.starts_with(|letter: char| letter.is_ascii_lowercase()) { plain } else { "external".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_that_is_not_there_is_named_with_the_nearest() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(path("my_proxy.py"), "").unwrap();
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        let checked = |script: &str| has_its_script(&words(&["python", &path(script), "--fast"]));
        assert!(checked("my_proxy.py").is_ok());
        assert_eq!(
            checked("my_porxy.py").unwrap_err().help(),
            Some(format!("did you mean `{}`?", path("my_proxy.py")).as_str())
        );
        assert_eq!(checked("zebra.py").unwrap_err().help(), None);
        assert_eq!(checked("my_proxy.jl").unwrap_err().help(), None, "it is of another language");
        let started = has_its_script(&words(&[&path("my_proxy.py")])).unwrap_err();
        assert_eq!(started.help(), Some(format!("did you mean `python {}`?", path("my_proxy.py")).as_str()));
        for fine in [&["python", "-m", "package"][..], &["./program"], &["sh", "-c", "sh any.sh"]] {
            assert!(has_its_script(&words(fine)).is_ok(), "{fine:?}");
        }
    }

    #[test]
    fn an_id_is_made_of_the_name_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, "").unwrap();
            path.display().to_string()
        };
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        assert_eq!(id_of(&words(&["python", &file("My-Proxy.v2.py"), "--fast"])), "my_proxy_v2");
        assert_eq!(id_of(&words(&["julia", "missing.jl"])), "julia");
        assert_eq!(id_of(&words(&["python", &file("2nd.py")])), "external");
    }
}
