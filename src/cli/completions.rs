//! `nas-assay completions SHELL`

use clap::{Args, CommandFactory, ValueEnum};
use clap_complete::{Shell, generate};

use super::exit::{Failure, UNEXPECTED};
use super::print::out;

const AFTER_HELP: &str = "\
Where to put the output:
  bash        ~/.local/share/bash-completion/completions/nas-assay
  zsh         a file _nas-assay in a folder of $fpath
  fish        ~/.config/fish/completions/nas-assay.fish
  elvish      the end of ~/.config/elvish/rc.elv
  powershell  the end of the file that $PROFILE names

Example:
  nas-assay completions bash > nas-assay.bash && . ./nas-assay.bash";

/// Print completions of the command line for a shell
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub struct Completions {
    /// The shell: bash, zsh, fish, elvish or powershell
    #[arg(value_enum, hide_possible_values = true)]
    shell: Language,
}

/// A shell.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Language {
    Bash,
    Zsh,
    Fish,
    Elvish,
    #[value(name = "powershell")]
    PowerShell,
}

impl Completions {
    /// Runs the command.
    pub fn run(&self) -> Result<(), Failure> {
        let shell = match self.shell {
            Language::Bash => Shell::Bash,
            Language::Zsh => Shell::Zsh,
            Language::Fish => Shell::Fish,
            Language::Elvish => Shell::Elvish,
            Language::PowerShell => Shell::PowerShell,
        };
        let mut script = Vec::new();
        generate(shell, &mut super::Cli::command(), "nas-assay", &mut script);
        let script = String::from_utf8(script)
            .map_err(|error| Failure::new(UNEXPECTED, format!("the completions are not text: {error}")))?;
        out!("{script}");
        Ok(())
    }
}
