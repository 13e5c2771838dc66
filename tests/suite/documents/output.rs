//! What a document shows of the output of its commands.

/// Whether the shown lines stand in the output, in this order. A line `...` stands for any lines, and `…` in a line for any text. Before the
/// first and after the last shown line there may be others.
pub fn check(shown: &str, printed: &str) -> Result<(), String> {
    let printed: Vec<&str> = printed.lines().map(str::trim_end).collect();
    let shown: Vec<&str> = shown.lines().map(str::trim_end).collect();
    let mut at = 0;
    for part in shown.split(|line| *line == "...").filter(|part| !part.is_empty()) {
        let fits = |start: usize| {
            let lines = printed.get(start..start + part.len())?;
            part.iter().zip(lines).all(|(shown, printed)| is_like(shown, printed)).then_some(start)
        };
        let Some(start) = (at..=printed.len()).find_map(fits) else {
            let (first, rest) = (part[0], printed[at..].join("\n"));
            return Err(format!("the lines that begin with `{first}` are not printed (so, in this order):\n{rest}"));
        };
        at = start + part.len();
    }
    if at == 0 { Err("no line is shown".to_owned()) } else { Ok(()) }
}

/// Whether a line is what is shown of it.
fn is_like(shown: &str, printed: &str) -> bool {
    let parts: Vec<&str> = shown.split('…').collect();
    let [first, middle @ .., last] = parts.as_slice() else { return shown == printed };
    let Some(rest) = printed.strip_prefix(first).and_then(|rest| rest.strip_suffix(last)) else { return false };
    let after = |rest: Option<&str>, part: &&str| rest?.split_once(*part).map(|(_, rest)| rest.to_owned());
    middle.iter().try_fold(rest.to_owned(), |rest, part| after(Some(&rest), part)).is_some()
}

#[test]
fn shown_lines_stand_in_the_output_in_their_order() {
    let printed = "a  \nb 1\nc 2 s\nd\nb 1\ne";
    for shown in ["b 1\nc 2 s", "a\n...\nd", "...\ne", "c … s\nd", "b …\n...\nb …\ne", "…\ne", "c …2…s\n..."]
    {
        assert_eq!(check(shown, printed), Ok(()), "{shown}");
    }
    for shown in ["b 1\nd", "d\n...\na", "e\nf", "c … t", "c …3… s", "d\n...\nd", "", "...", "b"] {
        assert!(check(shown, printed).is_err(), "{shown}");
    }
    let said = check("a\n...\nx\ny", printed).unwrap_err();
    assert!(said.starts_with("the lines that begin with `x` are not printed") && said.ends_with("d\nb 1\ne"), "{said}");
}
