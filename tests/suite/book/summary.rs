//! The list of the pages of estimators in the summary of the book.

/// The line after which the list stands.
const BEGIN: &str = "<!-- estimators -->";
/// The line before which it ends.
const END: &str = "<!-- end of estimators -->";

/// The summary with these lines between the two marks, as far to the right as the first mark. The second mark is added
/// if there is none.
pub fn filled(summary: &str, lines: &[String]) -> String {
    let (before, after) = summary.split_once(BEGIN).unwrap_or_else(|| panic!("SUMMARY.md has no line {BEGIN}"));
    let indent = before.rsplit('\n').next().unwrap_or_default();
    let after = after.split_once(END).map_or(after, |(_, after)| after);
    let list: Vec<&str> = lines.iter().flat_map(|line| [indent, line, "\n"]).collect();
    format!("{before}{BEGIN}\n{}{indent}{END}{after}", list.concat())
}

#[test]
fn the_list_is_put_between_its_marks_and_only_there() {
    let lines = ["- [a](a.md)".to_owned(), "- [b](b.md)".to_owned()];
    let made = filled("# S\n- [x](x.md)\n  <!-- estimators -->\n- [y](y.md)\n", &lines);
    let expected = "# S\n- [x](x.md)\n  <!-- estimators -->\n  - [a](a.md)\n  - [b](b.md)\n  <!-- end of estimators -->\n- [y](y.md)\n";
    assert_eq!(made, expected);
    assert_eq!(filled(&made, &lines), made);
    assert_eq!(filled(&made, &lines[..1]), expected.replace("  - [b](b.md)\n", ""));
}
