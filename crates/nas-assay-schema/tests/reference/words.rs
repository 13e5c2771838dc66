//! Documentation of Rust types in words for readers of the book.

/// A paragraph of documentation without what only readers of Rust need: links to types become plain code. Links to
/// limits and functions are left out with the mark before them, since the tables of the page have what they say.
pub fn plain(doc: &str) -> String {
    let mut text = String::new();
    let mut rest = doc;
    while let Some((before, link)) = rest.split_once('[') {
        text += before;
        // `[name](target)`, or a link that is only a name in code.
        let Some((name, after)) = link.split_once(']') else {
            text.push('[');
            rest = link;
            continue;
        };
        let (target, after) = match after.strip_prefix('(').and_then(|after| after.split_once(')')) {
            Some((target, after)) => (target, after),
            None => (name, after),
        };
        let is_code = name.starts_with('`') && name.ends_with('`');
        if target.contains("limits::") || is_code && name.contains("::") {
            let kept = text.trim_end_matches([' ', '\n', ':', ',']).len();
            text.truncate(kept);
        } else if is_code {
            text += name;
        } else {
            text.extend(["[", name, "]"]);
        }
        rest = after;
    }
    text + rest
}

/// The text in one line, without the tables of Markdown in it.
pub fn in_a_line(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('|'));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The words of a list: `a`, `b` and `c`.
pub fn listed(all: &[String], last: &str) -> String {
    match all {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., end] => format!("{} {last} {end}", first.join(", ")),
    }
}
