//! Tests of what shells and readers of manuals need: completions, man pages, and help.

use std::process::Command;

use super::common::{Bench, Ran};

/// The commands that `--help` lists.
fn commands(bench: &Bench) -> Vec<String> {
    let script = bench.run(&["completions", "fish"]).exits(0).stdout;
    let mut found: Vec<String> = script
        .lines()
        .filter(|line| {
            line.contains("__fish_nas_assay_needs_command") && line.contains(" -f -a \"") && !line.contains("\\t")
        })
        .map(|line| line.split(" -a \"").nth(1).unwrap().split('"').next().unwrap().to_owned())
        .collect();
    found.sort();
    found
}

#[test]
fn completions_are_scripts_that_know_every_command() {
    let bench = Bench::new();
    assert!(commands(&bench).len() > 20, "{:?}", commands(&bench));
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = bench.run(&["completions", shell]).exits(0).stdout;
        for word in ["leaderboard", "completions", "unpack", "--data-root"] {
            // fish writes long options without their dashes.
            let word = if shell == "fish" { word.trim_start_matches('-') } else { word };
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    let script = bench.write("nas-assay.bash", bench.run(&["completions", "bash"]).exits(0).stdout);
    let typed = "COMP_WORDS=(nas-assay lea); COMP_CWORD=1; function=$(complete -p nas-assay | sed 's/.* -F \\([^ ]*\\) .*/\\1/'); \
                 $function nas-assay lea nas-assay; echo \"${COMPREPLY[@]}\"";
    let shell = Command::new("bash").args(["-c", &format!(". '{}'; {typed}", script.display())]).output().unwrap();
    assert_eq!(Ran::from(shell).exits(0).stdout, "leaderboard\n");
    bench.run(&["completions", "csh"]).exits(2).says("invalid value 'csh'");
    bench.run(&["completions", "--help"]).exits(0).prints("Where to put the output");
}

#[test]
fn the_program_and_every_command_has_a_man_page() {
    let bench = Bench::new();
    bench.write("man/man1/nas-assay-run.1", "older");
    let said = bench.run(&["man", "--out", "man/man1"]).exits(0).stdout;
    let pages = bench.files("man/man1");
    assert_eq!(said, format!("{} pages in man/man1\n", pages.len()));
    let names: Vec<&str> = pages.iter().map(|(name, _)| name.as_str()).collect();
    for command in commands(&bench).iter().filter(|command| *command != "help") {
        assert!(names.contains(&format!("nas-assay-{command}.1").as_str()), "{command}: {names:?}");
    }
    for name in ["nas-assay.1", "nas-assay-store-check.1", "nas-assay-data-import.1"] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
    for (name, page) in &pages {
        let page = std::str::from_utf8(page).unwrap();
        let title = format!(".TH {} 1", name.trim_end_matches(".1"));
        assert!(page.contains(&title) && page.contains(".SH SYNOPSIS"), "{name}: {page}");
    }
    bench.run(&["man", "--out", "again"]).exits(0);
    assert!(bench.files("again") == pages, "the same bytes in the same files");
    bench.run(&["man"]).exits(2);
    bench.write("taken", "");
    bench.run(&["man", "--out", "taken"]).exits(1).says("failed to make the folder taken");
    bench.run(&["man", "--help"]).exits(0).prints("Where to put the pages");
}

#[test]
fn the_help_has_the_commands_in_groups() {
    let bench = Bench::new();
    let help = bench.run(&["--help"]).exits(0).stdout;
    assert!(help.contains("\nStart here:\n  init ") && help.contains("\nExit codes:\n  0 "), "{help}");
    assert!(help.lines().all(|line| line.chars().count() <= 80), "{help}");
    for command in commands(&bench) {
        assert_eq!(help.matches(&format!("\n  {command:<13}  ")).count(), 1, "{command}");
    }
    assert_eq!(bench.run(&[]).exits(2).stderr, help);
    assert_eq!(bench.run(&["help"]).exits(0).stdout, help);
    // The options of a command stand before those of every command.
    let help = bench.run(&["export", "--help"]).exits(0).stdout;
    let (own, all) = help.split_once("\nOptions of every command:\n").unwrap();
    assert!(own.contains("--panel") && !own.contains("--store") && all.contains("--store"), "{help}");
    // What is more than its summary is in the help, too.
    assert!(own.contains("`index.json` lists all files"), "{help}");
}
