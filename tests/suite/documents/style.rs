//! The language of documents and of help texts: short sentences, plain words, and lines that fit a terminal.

use super::super::advice::list::{all_sources, is_of_the_program, literals};
use super::super::common::Bench;
use super::markdown::Document;

/// So many words a sentence may have. A code span is one word.
const LONGEST: usize = 40;

/// So many columns a help text may have.
const COLUMNS: usize = 80;

/// Words that readers have to look up, or that make a sentence hard to follow.
const BANNED: &[&str] = &[
    "aforementioned",
    "albeit",
    "hence",
    "henceforth",
    "heretofore",
    "hereby",
    "herein",
    "insofar",
    "inasmuch",
    "leverage",
    "leverages",
    "notwithstanding",
    "such that",
    "the former",
    "the latter",
    "thereby",
    "therein",
    "thereof",
    "thereupon",
    "utilise",
    "utilize",
    "utilizes",
    "whence",
    "whereby",
    "wherefore",
    "wherein",
    "whereof",
];

/// What ends with a stop and no sentence.
const ABBREVIATIONS: &[&str] = &["al.", "approx.", "cf.", "e.g.", "i.e.", "Eq.", "Fig.", "No.", "Sec.", "vs."];

/// The sentences of a text.
fn sentences(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (mut found, mut sentence) = (Vec::new(), Vec::new());
    for (place, word) in words.iter().enumerate() {
        sentence.push(*word);
        let begins = |next: &&str| next.trim_start_matches(['(', '"', '“', '[']).starts_with(char::is_uppercase);
        let bare = word.trim_end_matches([')', '"', '”', ']']);
        let stops = bare.ends_with(['.', '!', '?']) && !ABBREVIATIONS.contains(&bare.trim_start_matches('('));
        if words.get(place + 1).is_none_or(|next| stops && begins(next)) {
            found.push(sentence.join(" "));
            sentence.clear();
        }
    }
    found
}

/// The number of words: what has a letter or a digit.
fn length(sentence: &str) -> usize {
    sentence.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)).count()
}

/// The banned words of a text.
fn banned(text: &str) -> Vec<&'static str> {
    let plain: String = text.chars().map(|letter| if letter.is_alphanumeric() { letter } else { ' ' }).collect();
    let plain = format!(" {} ", plain.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase());
    BANNED.iter().copied().filter(|word| plain.contains(&format!(" {word} "))).collect()
}

/// What is wrong with the language of a document.
pub fn check(document: &Document) -> Vec<String> {
    let mut wrong = Vec::new();
    for text in &document.texts {
        let place = format!("{}:{}", document.name, text.line);
        for sentence in sentences(&text.words) {
            let words = length(&sentence);
            if words > LONGEST && !text.in_table {
                wrong.push(format!("{place}: a sentence of {words} words, of which {LONGEST} are allowed: {sentence}"));
            }
            let say = |word| format!("{place}: `{word}` is hard to read; use plainer words: {sentence}");
            wrong.extend(banned(&sentence).into_iter().map(say));
        }
    }
    wrong
}

/// What is wrong with a help text.
fn check_help(command: &str, help: &str) -> Vec<String> {
    let wide = help.lines().filter(|line| line.chars().count() > COLUMNS);
    let wide = wide.map(|line| format!("`{command}`: a line of more than {COLUMNS} columns: {line}"));
    wide.chain(banned(help).into_iter().map(|word| format!("`{command}`: `{word}` is hard to read; use plainer words")))
        .collect()
}

/// The commands that a help text lists, under whatever headings: two blanks, a name in lower case, and two blanks or more before what it does.
fn commands(help: &str) -> Vec<String> {
    if !help.lines().any(|line| line.starts_with("Usage:") && line.contains("COMMAND")) {
        return Vec::new();
    }
    let is_name = |name: &str| name.starts_with(|first: char| first.is_ascii_lowercase()) && !name.contains(' ');
    let rows = help.lines().filter_map(|line| line.strip_prefix("  ")?.split_once("  "));
    rows.map(|(name, _)| name).filter(|name| is_name(name) && *name != "help").map(str::to_owned).collect()
}

#[test]
fn help_texts_are_plain_and_fit_a_terminal_of_80_columns() {
    let bench = Bench::new();
    let (mut open, mut wrong, mut seen) = (vec![Vec::<String>::new()], Vec::new(), 0);
    while let Some(command) = open.pop() {
        let mut arguments: Vec<&str> = command.iter().map(String::as_str).collect();
        arguments.push("--help");
        let ran = bench.command(&arguments).env("COLUMNS", COLUMNS.to_string()).output().unwrap();
        let help = String::from_utf8(ran.stdout).unwrap();
        assert!(ran.status.success() && help.contains("Usage:"), "{arguments:?}: {help}");
        wrong.extend(check_help(&arguments.join(" "), &help));
        open.extend(commands(&help).into_iter().map(|name| [&command[..], &[name]].concat()));
        seen += 1;
    }
    assert!(seen > 20, "{seen} commands were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_the_program_prints_is_short_and_plain() {
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for path in all_sources().into_iter().filter(|path| is_of_the_program(path)) {
        for text in literals(&std::fs::read_to_string(&path).unwrap()) {
            seen += 1;
            let lines = text.replace("\\n", "\n");
            let longest = lines.lines().flat_map(sentences).map(|sentence| length(&sentence)).max().unwrap_or(0);
            if longest > LONGEST {
                wrong.push(format!("{}: a sentence of {longest} words: {text}", path.display()));
            }
            let say = |word| format!("{}: `{word}` is hard to read; use plainer words: {text}", path.display());
            wrong.extend(banned(&text).into_iter().map(say));
        }
    }
    assert!(seen > 5_000, "only {seen} texts were found");
    assert!(wrong.is_empty(), "{} errors:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn long_sentences_and_hard_words_are_found() {
    let text = "See Ning et al. (2021), e.g. Sec. 3, at .5 of it. \"Now\" this! (Then that.) And `a.b` is. the end";
    let document = Document::parse("a.md", text);
    let expected =
        ["See Ning et al. (2021), e.g. Sec. 3, at .5 of it.", "\"Now\" this!", "(Then that.)", "And CODE is. the end"];
    assert_eq!(sentences(&document.texts[0].words), expected);
    assert_eq!((length("a, b - c (1 2.5) ..."), length("CODE")), (5, 1));
    assert_eq!(banned("Thereof, such  that (hence) enhance"), ["hence", "such that", "thereof"]);
    let row = "word ".repeat(LONGEST);
    assert_eq!(check(&Document::parse("a.md", &format!("{row}\n"))), Vec::<String>::new());
    let wrong = check(&Document::parse(
        "a.md",
        &format!("Short.\n\n- it\n- {row} more\n\n| whereby |\n|---|\n| {row} more |\n"),
    ));
    assert!(wrong.len() == 2 && wrong[0].starts_with("a.md:4: a sentence of 41 words"), "{wrong:?}");
    assert!(wrong[1].starts_with("a.md:6: `whereby` is"), "{wrong:?}");
    let help = format!(
        "Usage: a <COMMAND>\n\nStart:\n  run   Run\n        more\n\nMore:\n  help  Help\n  a-b   C\n\nOptions:\n  -q  Q\n{}x\n\n  run it",
        "x".repeat(80)
    );
    assert_eq!(commands(&help), ["run", "a-b"]);
    assert_eq!(commands(&help.replace("<COMMAND>", "<FILE>")), Vec::<String>::new());
    assert!(check_help("a", &help).len() == 1 && check_help("a", "thereof")[0].contains("`thereof`"));
}
