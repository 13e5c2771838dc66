//! The help of the program: its commands in groups, those for a start first.

use std::fmt::Write;

use clap::Command;

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
