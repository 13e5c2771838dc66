//! Lines of console blocks: where one ends, and which programs it starts.

/// A command and the line that it begins on, counted from 0 in its block.
pub struct Line {
    pub offset: usize,
    pub text: String,
}

/// The commands of a block. `\` continues a line; blank lines and comments are left out.
pub fn lines(block: &str) -> Vec<Line> {
    let (mut found, mut open) = (Vec::<Line>::new(), false);
    for (offset, line) in block.lines().enumerate() {
        let goes_on = line.ends_with('\\');
        let part = line.trim_end_matches('\\').trim();
        match found.last_mut().filter(|_| open) {
            Some(before) => before.text = format!("{} {part}", before.text),
            None if part.is_empty() || part.starts_with('#') => {}
            None => found.push(Line { offset, text: ours(part) }),
        }
        open = goes_on;
    }
    found
}

/// The command with `nas-assay` where it has the program started by Cargo.
fn ours(command: &str) -> String {
    match command.strip_prefix("cargo run -- ") {
        Some(rest) => format!("nas-assay {rest}"),
        None => command.to_owned(),
    }
}

/// The words of each program that a command starts, without settings before it and redirections behind it.
pub fn programs(command: &str) -> Result<Vec<Vec<String>>, String> {
    let words = shlex::split(command).ok_or_else(|| format!("`{command}` is no command of a shell"))?;
    let mut programs: Vec<Vec<String>> = vec![Vec::new()];
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let current = programs.last_mut().filter(|_| !matches!(word.as_str(), "|" | "&&" | "||" | ";"));
        match (current, word.as_str()) {
            (None, _) => programs.push(Vec::new()),
            (Some(_), ">" | ">>" | "<" | "2>") => drop(words.next()),
            (Some(current), _) if current.is_empty() && is_setting(&word) => {}
            (Some(current), _) => current.push(word),
        }
    }
    programs.retain(|words| !words.is_empty());
    Ok(programs)
}

/// Whether a word is `NAME=value`.
fn is_setting(word: &str) -> bool {
    let is_name =
        |name: &str| !name.is_empty() && name.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_');
    word.split_once('=').is_some_and(|(name, _)| is_name(name))
}

#[test]
fn lines_are_joined_and_their_programs_found() {
    let found = lines("a 'b c' \\\n  --d e > f | g\n\n# no\ncargo run -- run x && A=1 B_C=2 h\n");
    let texts: Vec<(usize, &str)> = found.iter().map(|line| (line.offset, line.text.as_str())).collect();
    assert_eq!(texts, [(0, "a 'b c' --d e > f | g"), (4, "nas-assay run x && A=1 B_C=2 h")]);
    let words = |line: usize| programs(&found[line].text).unwrap();
    assert_eq!(words(0), [vec!["a", "b c", "--d", "e"], vec!["g"]]);
    assert_eq!(words(1), [vec!["nas-assay", "run", "x"], vec!["h"]]);
    assert!(programs("a 'b").is_err());
}
