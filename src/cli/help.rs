//! The help of the program: its commands in groups, those for a start first.

use std::fmt::Write;

use clap::Command;
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};
use std::path::Path;

/// The commands in groups, in the order in which they are met.
const GROUPS: [(&str, &[&str]); 6] = [
    ("Start here", &["init", "run", "show", "report", "verify", "lint", "doctor"]),
    ("Look things up", &["estimators", "spaces", "architectures", "specs"]),
    ("Compare", &["diff", "leaderboard", "claims", "fingerprint"]),
    ("Work on many machines", &["plan", "status"]),
    ("Networks and ground truth", &["score", "export", "truth"]),
    ("Files and the shell", &["data", "store", "completions", "man", "help"]),
];

/// The summary of the command that clap adds.
const HELP: (&str, &str) = ("help", "Print this text, or the help of a command");

/// The command with its commands in groups.
pub fn grouped(command: Command) -> Command {
    let mut list = String::new();
    for (title, names) in GROUPS {
        let _ = writeln!(list, "{title}:");
        for name in names {
            let about = command.find_subcommand(name).and_then(Command::get_about).map(ToString::to_string);
            let about = about.unwrap_or_else(|| if *name == HELP.0 { HELP.1.to_owned() } else { String::new() });
            let _ = writeln!(list, "  {name:<13}  {about}");
        }
        list.push('\n');
    }
    command.help_template(format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{list}Options of every command:\n{{options}}{{after-help}}"
    ))
}

/// Adds what to write to the error of a file of scores that is given without its option, and of a program that is to be linted.
pub fn tell_of_scores(error: &mut Error, command: &Command) {
    let mut words = std::env::args_os().skip(1);
    let Some(called) = words.find_map(|word| command.find_subcommand(word)) else { return };
    let takes_scores = called.get_arguments().any(|argument| argument.get_id() == "scores");
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidArg) else { return };
    if error.kind() != ErrorKind::UnknownArgument || !takes_scores {
        return;
    }
    let tip = if Path::new(word).is_file() {
        super::records::scores_of(word)
    } else if called.get_name() == "lint" && word == "--command" {
        "judge the program first, with `verify --command`; then `nas-assay lint latest`".to_owned()
    } else {
        return;
    };
    error.remove(ContextKind::SuggestedArg);
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn every_command_is_in_one_group_with_its_summary() {
        let command = crate::cli::Cli::command();
        let mut grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| *names).copied().collect();
        let mut all: Vec<&str> = command.get_subcommands().map(Command::get_name).chain([HELP.0]).collect();
        grouped.sort_unstable();
        all.sort_unstable();
        assert_eq!(grouped, all);
        let text = super::grouped(command.clone()).render_help().to_string();
        for own in command.get_subcommands() {
            let line = format!("  {:<13}  {}\n", own.get_name(), own.get_about().unwrap());
            assert!(text.contains(&line), "{line} is not in\n{text}");
        }
    }
}
