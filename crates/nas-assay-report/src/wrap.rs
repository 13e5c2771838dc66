//! Lines broken to the width of a terminal.

/// The narrowest terminal that lines are fitted to, in characters.
pub(crate) const NARROWEST: u16 = 40;

/// Breaks a line between words, further lines indented by two.
pub(crate) fn wrap(line: &str, width: u16) -> String {
    let mut text = String::new();
    let mut used = 0;
    for word in line.split_whitespace() {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > usize::from(width) {
            text += "\n  ";
            used = 2;
        } else if used > 0 {
            text.push(' ');
            used += 1;
        }
        text += word;
        used += length;
    }
    text + "\n"
}
