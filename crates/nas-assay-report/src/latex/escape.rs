//! Text for LaTeX: nothing in it is a command, and every engine can set it.

/// Escapes text for LaTeX, inside and outside of a table.
///
/// Characters with a meaning to TeX are written as commands, and pairs that a font would join (`--`) are kept apart. Of the letters beyond
/// ASCII those stay that pdfLaTeX sets with the T1 fonts; others are written as their code points, as in `[U+4E2D]`.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut last = ' ';
    for character in text.chars() {
        // Fonts join these to dashes and quotation marks.
        if character == last && matches!(character, '-' | '\'' | ',') {
            escaped += "{}";
        }
        last = character;
        match character {
            '\\' => escaped += "\\textbackslash{}",
            '{' | '}' | '$' | '&' | '#' | '%' | '_' => escaped.extend(['\\', character]),
            '^' => escaped += "\\textasciicircum{}",
            '~' => escaped += "\\textasciitilde{}",
            '<' => escaped += "\\textless{}",
            '>' => escaped += "\\textgreater{}",
            '|' => escaped += "\\textbar{}",
            '`' => escaped += "\\textasciigrave{}",
            '"' => escaped += "\\symbol{34}",
            // After the end of a row these would be its options.
            '[' | ']' | '*' => escaped.extend(['{', character, '}']),
            '\n' | '\r' | '\t' => escaped.push(' '),
            ' '..='}' => escaped.push(character),
            other => escaped += &beyond_ascii(other),
        }
    }
    escaped
}

/// A character that is not ASCII.
fn beyond_ascii(character: char) -> String {
    let command = match character {
        '\u{a0}' | '\u{202f}' => "~",
        '–' => "--",
        '—' => "---",
        '‘' => "\\textquoteleft{}",
        '’' => "\\textquoteright{}",
        '“' => "\\textquotedblleft{}",
        '”' => "\\textquotedblright{}",
        '…' => "\\dots{}",
        '−' => "$-$",
        '×' => "$\\times$",
        '±' => "$\\pm$",
        '·' => "$\\cdot$",
        '→' => "$\\rightarrow$",
        '≤' => "$\\leq$",
        '≥' => "$\\geq$",
        '≠' => "$\\neq$",
        'µ' | 'μ' => "$\\mu$",
        'τ' => "$\\tau$",
        'ρ' => "$\\rho$",
        'σ' => "$\\sigma$",
        '°' => "$^{\\circ}$",
        '²' => "$^2$",
        '³' => "$^3$",
        // Latin letters of Western and Central Europe, without the two letters that T1 lacks.
        'À'..='ö'
        | 'ø'..='ÿ'
        | 'ą'
        | 'Ą'
        | 'ć'
        | 'Ć'
        | 'č'
        | 'Č'
        | 'ď'
        | 'Ď'
        | 'ę'
        | 'Ę'
        | 'ě'
        | 'Ě'
        | 'ğ'
        | 'Ğ'
        | 'İ'
        | 'ı'
        | 'ł'
        | 'Ł'
        | 'ń'
        | 'Ń'
        | 'ň'
        | 'Ň'
        | 'ő'
        | 'Ő'
        | 'œ'
        | 'Œ'
        | 'ř'
        | 'Ř'
        | 'ś'
        | 'Ś'
        | 'ş'
        | 'Ş'
        | 'š'
        | 'Š'
        | 'ť'
        | 'Ť'
        | 'ů'
        | 'Ů'
        | 'ű'
        | 'Ű'
        | 'ź'
        | 'Ź'
        | 'ż'
        | 'Ż'
        | 'ž'
        | 'Ž' => return character.to_string(),
        _ => return format!("{{[}}U+{:04X}{{]}}", u32::from(character)),
    };
    command.to_owned()
}

/// Text in a comment: one line.
pub(crate) fn comment(text: &str) -> String {
    let one_line: String = text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect();
    format!("% {one_line}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_with_a_meaning_are_commands() {
        assert_eq!(escape("a_b 5 % & #1 $x$ {y}"), "a\\_b 5 \\% \\& \\#1 \\$x\\$ \\{y\\}");
        assert_eq!(escape("\\^~"), "\\textbackslash{}\\textasciicircum{}\\textasciitilde{}");
        assert_eq!(escape("<|>\"`"), "\\textless{}\\textbar{}\\textgreater{}\\symbol{34}\\textasciigrave{}");
        assert_eq!(escape("[x]*"), "{[}x{]}{*}");
        assert_eq!(escape("a--b ''"), "a-{}-b '{}'");
    }

    #[test]
    fn every_engine_can_set_what_is_left() {
        assert_eq!(escape("Šimon, naïve – 2×3 µs"), "Šimon, naïve -- 2$\\times$3 $\\mu$s");
        assert_eq!(escape("中🦀"), "{[}U+4E2D{]}{[}U+1F980{]}");
        assert_eq!(escape("a\nb"), "a b");
        assert_eq!(comment("a\nb\u{85}c"), "% a b c\n");
    }
}
