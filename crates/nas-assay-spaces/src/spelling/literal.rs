//! Literals as Python and JSON write them: numbers, names, quoted texts, lists, tuples, dictionaries and calls such as `range(2, 6)`.

/// A value, and the byte of the text where it begins.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Value<'a> {
    pub(super) at: usize,
    pub(super) kind: Kind<'a>,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind<'a> {
    /// A number or a name without quotes.
    Atom(&'a str),
    /// A quoted text without its quotes.
    Quoted(&'a str),
    /// A list or a tuple.
    List(Vec<Value<'a>>),
    /// A dictionary.
    Dict(Vec<(Value<'a>, Value<'a>)>),
    /// A call: the name of the function, and its arguments with their names.
    Call(&'a str, Vec<(Option<&'a str>, Value<'a>)>),
}

/// The text is no literal: what was expected at which byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed {
    pub(super) at: usize,
    pub(super) expected: &'static str,
}

/// The deepest nesting that is read.
const DEPTH: usize = 12;

impl<'a> Value<'a> {
    /// The text of a name or a quoted text.
    pub(super) const fn name(&self) -> Option<&'a str> {
        match self.kind {
            Kind::Atom(name) | Kind::Quoted(name) => Some(name),
            _ => None,
        }
    }

    /// The number, if it is one: digits and perhaps a point, without quotes. No architecture has negative or very large ones.
    pub(super) fn number(&self) -> Option<f64> {
        let Kind::Atom(text) = self.kind else { return None };
        let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        if is_plain { text.parse().ok().filter(|number: &f64| number.is_finite()) } else { None }
    }

    /// The number, if it is a whole one from 0 to `below` exclusive.
    pub(super) fn index(&self, below: usize) -> Option<usize> {
        let number = self.number()?;
        (number.fract() == 0.0 && number < below as f64).then_some(number as usize)
    }

    /// The items of a list or a tuple. `NumPy`'s `array([...], dtype=...)` is its first argument.
    pub(super) fn items(&self) -> Option<&[Self]> {
        match &self.kind {
            Kind::List(items) => Some(items),
            Kind::Call(name, arguments) if matches!(*name, "array" | "np.array" | "numpy.array") => {
                arguments.first().filter(|(name, _)| name.is_none())?.1.items()
            }
            _ => None,
        }
    }
}

/// Reads the values of `text`, which follow each other with or without commas between them.
pub(super) fn values(text: &str) -> Result<Vec<Value<'_>>, Malformed> {
    let mut reader = Reader { text, at: 0 };
    let values = reader.sequence(None, 0)?;
    match reader.peek() {
        None => Ok(values),
        Some(_) => Err(reader.malformed("the end of the text")),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    /// Skips blanks and looks at the next character.
    fn peek(&mut self) -> Option<char> {
        let rest = &self.text[self.at..];
        self.at = self.text.len() - rest.trim_start().len();
        self.text[self.at..].chars().next()
    }

    /// Reads `mark` if it is next.
    fn eat(&mut self, mark: char) -> bool {
        let found = self.peek() == Some(mark);
        if found {
            self.at += mark.len_utf8();
        }
        found
    }

    const fn malformed(&self, expected: &'static str) -> Malformed {
        Malformed { at: self.at, expected }
    }

    /// Reads items until `close`, or the end of the text. There are commas between all of them (and perhaps one after the last), or none.
    fn sequence(&mut self, close: Option<char>, depth: usize) -> Result<Vec<Value<'a>>, Malformed> {
        let mut items = Vec::new();
        let mut commas = None;
        while self.peek() != close {
            if self.peek().is_none() {
                return Err(self.malformed(closing(close)));
            }
            if !items.is_empty() {
                let comma = self.peek() == Some(',');
                if commas.is_some_and(|commas| commas != comma) {
                    return Err(self.malformed(if comma { "no comma, as before" } else { "`,`" }));
                }
                self.eat(',');
                commas = Some(comma);
                if self.peek() == close {
                    break;
                }
            }
            items.push(self.value(depth)?);
        }
        if let Some(close) = close {
            self.eat(close);
        }
        Ok(items)
    }

    fn value(&mut self, depth: usize) -> Result<Value<'a>, Malformed> {
        if depth > DEPTH {
            return Err(self.malformed("no deeper nesting"));
        }
        let next = self.peek();
        let at = self.at;
        let kind = match next {
            Some('(') => {
                self.eat('(');
                Kind::List(self.sequence(Some(')'), depth + 1)?)
            }
            Some('[') => {
                self.eat('[');
                Kind::List(self.sequence(Some(']'), depth + 1)?)
            }
            Some('{') => {
                self.eat('{');
                Kind::Dict(self.entries(depth + 1)?)
            }
            Some(quote @ ('\'' | '"')) => {
                self.eat(quote);
                let rest = &self.text[self.at..];
                let end = rest.find([quote, '\\', '\n']).filter(|&end| rest[end..].starts_with(quote));
                let end = end.ok_or_else(|| self.malformed("a text that ends with its quote"))?;
                self.at += end + quote.len_utf8();
                Kind::Quoted(&rest[..end])
            }
            _ => {
                let name = self.atom()?;
                if self.eat('(') { Kind::Call(name, self.arguments(depth + 1)?) } else { Kind::Atom(name) }
            }
        };
        Ok(Value { at, kind })
    }

    /// Reads a number or a name.
    fn atom(&mut self) -> Result<&'a str, Malformed> {
        self.peek();
        let rest = &self.text[self.at..];
        let end = rest.find(|c: char| c.is_whitespace() || "()[]{},:='\"\\".contains(c)).unwrap_or(rest.len());
        if end == 0 {
            return Err(self.malformed("a value"));
        }
        self.at += end;
        Ok(&rest[..end])
    }

    /// Reads items with commas between them, and perhaps one after the last, until `close`. Errors name what was expected `expected`.
    fn separated<T>(
        &mut self,
        close: char,
        expected: &'static str,
        item: impl Fn(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Vec<T>, Malformed> {
        let mut items = Vec::new();
        while !self.eat(close) {
            if !items.is_empty() {
                if !self.eat(',') {
                    return Err(self.malformed(expected));
                }
                if self.eat(close) {
                    break;
                }
            }
            items.push(item(self)?);
        }
        Ok(items)
    }

    /// Reads the entries of a dictionary and its `}`.
    fn entries(&mut self, depth: usize) -> Result<Vec<(Value<'a>, Value<'a>)>, Malformed> {
        self.separated('}', "`,` or `}`", |reader| {
            let key = reader.value(depth)?;
            if !reader.eat(':') {
                return Err(reader.malformed("`:`"));
            }
            Ok((key, reader.value(depth)?))
        })
    }

    /// Reads the arguments of a call and its `)`.
    fn arguments(&mut self, depth: usize) -> Result<Vec<(Option<&'a str>, Value<'a>)>, Malformed> {
        self.separated(')', "`,` or `)`", |reader| {
            let value = reader.value(depth)?;
            Ok(match value.kind {
                Kind::Atom(name) if reader.eat('=') => (Some(name), reader.value(depth)?),
                _ => (None, value),
            })
        })
    }
}

const fn closing(close: Option<char>) -> &'static str {
    match close {
        Some(')') => "`)`",
        Some(']') => "`]`",
        _ => "the end of the text",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(text: &str) -> String {
        fn show(value: &Value<'_>) -> String {
            let list = |items: Vec<String>| items.join(" ");
            match &value.kind {
                Kind::Atom(name) => (*name).to_owned(),
                Kind::Quoted(text) => format!("\"{text}\""),
                Kind::List(items) => format!("[{}]", list(items.iter().map(show).collect())),
                Kind::Dict(entries) => {
                    format!("{{{}}}", list(entries.iter().map(|(key, value)| show(key) + ":" + &show(value)).collect()))
                }
                Kind::Call(name, arguments) => {
                    let shown = arguments.iter().map(|(name, value)| match name {
                        Some(name) => format!("{name}={}", show(value)),
                        None => show(value),
                    });
                    format!("{name}({})", list(shown.collect()))
                }
            }
        }
        match values(text) {
            Ok(values) => values.iter().map(show).collect::<Vec<_>>().join(" "),
            Err(Malformed { at, expected }) => format!("{at}: {expected}"),
        }
    }

    #[test]
    fn literals_are_read() {
        for (text, expected) in [
            ("", ""),
            ("1", "1"),
            ("1,2 ", "1 2"),
            (" ( 1, 2.50,) ", "[1 2.50]"),
            ("[[0 1]\n [1 0]]", "[[0 1] [1 0]]"),
            ("[[0, 1]] ['a', \"b\"]", "[[0 1]] [\"a\" \"b\"]"),
            ("{'a': 1, \"b\": [ ], }", "{\"a\":1 \"b\":[]}"),
            ("f(x=range(2, 6), y = (1,), 3)", "f(x=range(2 6) y=[1] 3)"),
            ("()", "[]"),
            ("nor_conv_3x3,conv3x3-bn-relu", "nor_conv_3x3 conv3x3-bn-relu"),
            ("'é'", "\"é\""),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_literal_is_refused_where_it_is_wrong() {
        for (text, expected) in [
            ("(1, 2", "5: `)`"),
            ("[1, 2)", "5: `,`"),
            ("[1)", "2: a value"),
            (")", "0: a value"),
            ("(1,, 2)", "3: a value"),
            ("(1, 2 3)", "6: `,`"),
            ("(1 2, 3)", "4: no comma, as before"),
            ("{'a' 1}", "5: `:`"),
            ("{'a': 1 'b': 2}", "8: `,` or `}`"),
            ("{'a': 1", "7: `,` or `}`"),
            ("{", "1: a value"),
            ("f(1", "3: `,` or `)`"),
            ("'a", "1: a text that ends with its quote"),
            (r"'\''", "1: a text that ends with its quote"),
            ("((((((((((((((((1))))))))))))))))", "13: no deeper nesting"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn numbers_are_plain_and_finite() {
        let number = |text: &str| Value { at: 0, kind: Kind::Atom(text) }.number();
        assert_eq!(["1", "1.0", "0.25", ".5", "2."].map(number), [1.0, 1.0, 0.25, 0.5, 2.0].map(Some));
        assert_eq!(["inf", "nan", "1e2", "x", "0x1", "-3", ".", "1.2.3"].map(number), [None; 8]);
        assert_eq!(number(&"9".repeat(400)), None);
        let index = |text: &'static str| Value { at: 0, kind: Kind::Atom(text) }.index(5);
        assert_eq!(["0", "4.0", "5", "-1", "1.5"].map(index), [Some(0), Some(4), None, None, None]);
        assert_eq!(Value { at: 0, kind: Kind::Quoted("1") }.index(5), None);
    }

    proptest! {
        #[test]
        fn every_text_is_read_or_refused_inside_it(text in r#"[\[\](){}:=,'"a1é \\\n]{0,40}"#) {
            if let Err(Malformed { at, .. }) = values(&text) {
                prop_assert!(text.is_char_boundary(at));
            }
        }
    }
}
