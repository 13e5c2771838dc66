//! `nas-assay man --out DIR`

use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory};
use clap_mangen::Man;

use super::exit::{Failure, UNEXPECTED};
use super::print::{counted, outln};
use crate::files::write_output;

const AFTER_HELP: &str = "\
Where to put the pages: a folder man1 in a folder of `manpath`, such as
~/.local/share/man/man1. Then `man nas-assay-run` shows the page of a command.

Example:
  nas-assay man --out ~/.local/share/man/man1";

/// Write man pages of the program and of every command
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub struct ManPages {
    /// The folder for the pages; it is made if it does not exist, and older pages are replaced
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

impl ManPages {
    /// Runs the command.
    pub fn run(&self) -> Result<(), Failure> {
        let folder = self.out.as_path();
        std::fs::create_dir_all(folder).map_err(|error| {
            Failure::new(UNEXPECTED, format!("failed to make the folder {}: {error}", folder.display()))
        })?;
        // `help` is a command for terminals; it has no page.
        let mut program = super::Cli::command().disable_help_subcommand(true);
        program.build();
        let count = write_pages(folder, program)?;
        outln!("{} in {}", counted(count, "page"), folder.display());
        Ok(())
    }
}

/// Writes the page of a command, and those of its own commands. Returns how many there are.
fn write_pages(folder: &Path, command: Command) -> Result<usize, Failure> {
    let mut count = 1;
    for own in command.get_subcommands().filter(|own| !own.is_hide_set()) {
        count += write_pages(folder, own.clone())?;
    }
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
    let failed = |error: String| Failure::new(UNEXPECTED, format!("the man page of {name}: {error}"));
    let mut page = Vec::new();
    let text = Man::new(command).manual("nas-assay").render(&mut page);
    text.map_err(|error| failed(error.to_string()))?;
    write_output(&folder.join(format!("{name}.1")), &page).map_err(|error| failed(error.to_string()))?;
    Ok(count)
}
