//! Lines broken to the width of a terminal.

use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

/// The narrowest terminal that lines are fitted to, in characters.
pub(crate) const NARROWEST: u16 = 40;

/// Breaks a line between words so that it fits `width` columns; further lines are indented by two. A word that is wider is not broken.
pub(crate) fn wrap(line: &str, width: u16) -> String {
    fill(line, width, ["", "  "])
}

/// The same, with every line indented by two more.
pub(crate) fn wrap_indented(line: &str, width: u16) -> String {
    fill(line, width, ["  ", "    "])
}

fn fill(line: &str, width: u16, [first, further]: [&str; 2]) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    let options = Options::new(usize::from(width))
        .initial_indent(first)
        .subsequent_indent(further)
        .break_words(false)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit);
    textwrap::fill(&words.join(" "), options) + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_only_between_words() {
        assert_eq!(wrap("one two  three\nfour", 9), "one two\n  three\n  four\n");
        assert_eq!(wrap("a-hyphen stays-whole-though-long", 9), "a-hyphen\n  stays-whole-though-long\n");
        assert_eq!(wrap_indented("one two three", 9), "  one two\n    three\n");
        assert_eq!(wrap("", 9), "\n");
    }
}
