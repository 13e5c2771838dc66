//! What each block of code of a document is. The words behind a fence say it; a block that no test knows is an error.
//!
//! | fence | the test |
//! |---|---|
//! | `console` | runs each line with the program; `exit=N` is the exit code that each has to have |
//! | `console,data` | the same with the data root, in the ignored test |
//! | `console,python` | the same with a Python that has pandas, in the ignored test |
//! | `console,long` | parses each line, and plans what `run` and `plan` name |
//! | `console,setup` | looks each line up in the list of `setup.rs` |
//! | `text,output` | compares it with what the console block above it printed |
//! | `toml,spec` | plans the spec; `toml,part` is parsed behind the page's last spec, or behind `nb201-micro` |
//! | `toml,declaration`, `toml,cargo`, `json` | parses it |
//! | `rust,example`, `c++,example`, `python,example` | finds it word for word among the examples |
//! | `rust` | only where `cargo test` takes the document's code as documentation |
//! | `python,run` | runs it with a Python that has pandas, in the ignored test |
//! | `python,package` | only in the package's README, whose code the package's own tests run |
//! | `text` | nothing: it shows a form |
//!
//! With `file=NAME` behind it, a block of any language is also written into the page's folder. rustdoc takes no `=` there, so documents that
//! it reads have `file:NAME`.

use super::markdown::{Block, Document};

/// What a block is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Console {
        exit: i32,
        needs: Needs,
    },
    Output,
    Spec,
    Part,
    Declaration,
    Cargo,
    Json,
    /// Stands word for word in a file of this folder.
    Example(&'static str),
    DocTest,
    PythonRun,
    PackageTest,
    /// Only written as a file, or only shown.
    Plain,
}

impl Kind {
    /// Whether the block has the data root, where there is one. Others print the same everywhere.
    pub fn sees_data(self) -> bool {
        matches!(self, Self::Console { needs: Needs::Data | Needs::Time, .. } | Self::Spec | Self::PythonRun)
    }

    /// Whether the block has a Python that has pandas, where there is one.
    pub fn sees_python(self) -> bool {
        matches!(self, Self::Console { needs: Needs::Data | Needs::Python, .. } | Self::PythonRun)
    }
}

/// What the lines of a console block need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    Nothing,
    Data,
    /// A Python that has pandas.
    Python,
    /// More time than a test has.
    Time,
    /// Other programs than ours.
    Others,
}

/// A block of code whose kind is known.
#[derive(Debug)]
pub struct Code {
    pub line: usize,
    pub kind: Kind,
    pub file: Option<String>,
    pub text: String,
}

/// Documents whose code `cargo test` compiles and runs as documentation, and the source that says so.
const DOC_TESTED: &[(&str, &str)] = &[("CONTRIBUTING.md", "src/lib.rs")];

/// The document whose Python is run by `python/tests/test_documents.py`.
const OF_THE_PACKAGE: &str = "python/README.md";

/// All blocks of a document with their kinds, or everything that is wrong with them.
pub fn codes(document: &Document) -> Result<Vec<Code>, Vec<String>> {
    let (mut found, mut wrong) = (Vec::<Code>::new(), Vec::new());
    for block in &document.blocks {
        match code(document, block, found.last()) {
            Ok(code) => found.push(code),
            Err(error) => wrong.push(format!("{}:{}: {error}", document.name, block.line)),
        }
    }
    if wrong.is_empty() { Ok(found) } else { Err(wrong) }
}

fn code(document: &Document, block: &Block, before: Option<&Code>) -> Result<Code, String> {
    let Some(info) = &block.info else {
        return Err("an indented block has no kind: put it between fences, such as ```text".to_owned());
    };
    let mut words: Vec<&str> = info.split(',').map(str::trim).collect();
    let mut option = |name: &str| {
        let place =
            words.iter().position(|word| word.strip_prefix(name).is_some_and(|rest| rest.starts_with(['=', ':'])))?;
        Some(words.remove(place)[name.len() + 1..].to_owned())
    };
    let (file, exit) = (option("file"), option("exit"));
    let kind = match (words.as_slice(), &exit) {
        (["console", more @ ..], _) => Kind::Console { exit: exit_code(exit.as_deref())?, needs: needs(more, info)? },
        (_, Some(_)) => return Err(format!("`{info}`: only `console` has an exit code")),
        (["text", "output"], _) => match before.map(|code| code.kind) {
            Some(Kind::Console { needs: Needs::Nothing | Needs::Data | Needs::Python, .. }) => Kind::Output,
            _ => return Err("`text,output` needs a console block that is run straight before it".to_owned()),
        },
        (["toml", "spec"], _) => Kind::Spec,
        (["toml", "part"], _) => Kind::Part,
        (["toml", "declaration"], _) => Kind::Declaration,
        (["toml", "cargo"], _) => Kind::Cargo,
        (["json"], _) => Kind::Json,
        (["rust", "example"], _) => Kind::Example("examples/own-estimator/src"),
        (["c++", "example"], _) => Kind::Example("examples/other-languages"),
        (["python", "example"], _) => Kind::Example("python/examples"),
        (["rust"], _) if DOC_TESTED.iter().any(|(name, _)| *name == document.name) => Kind::DocTest,
        (["python", "run"], _) => Kind::PythonRun,
        (["python", "package"], _) if document.name == OF_THE_PACKAGE => Kind::PackageTest,
        (["text"], _) => Kind::Plain,
        ([_], _) if file.is_some() => Kind::Plain,
        _ => {
            return Err(format!("no test knows the block `{info}`: see tests/suite/documents/blocks.rs for the kinds"));
        }
    };
    if let Some(name) = &file
        && (name.is_empty() || name.starts_with('/') || name.contains(".."))
    {
        return Err(format!("`{info}`: the file has to lie in the page's folder"));
    }
    Ok(Code { line: block.line, kind, file, text: block.text.clone() })
}

fn exit_code(text: Option<&str>) -> Result<i32, String> {
    text.map_or(Ok(0), |text| text.parse().map_err(|_| format!("`{text}` is no exit code")))
}

fn needs(words: &[&str], info: &str) -> Result<Needs, String> {
    match words {
        [] => Ok(Needs::Nothing),
        ["data"] => Ok(Needs::Data),
        ["python"] => Ok(Needs::Python),
        ["long"] => Ok(Needs::Time),
        ["setup"] => Ok(Needs::Others),
        _ => Err(format!(
            "no test knows the block `{info}`: a console block has `data`, `python`, `long`, `setup` or nothing"
        )),
    }
}

#[test]
fn every_kind_is_known_and_others_are_errors_with_file_and_line() {
    let text = |blocks: &[&str]| blocks.iter().map(|info| format!("```{info}\nx\n```\n")).collect::<Vec<_>>().concat();
    let document =
        Document::parse("a.md", &text(&["console,data,exit=3", "text,output", "toml,spec,file=a.toml", "csv,file:b"]));
    let found = codes(&document).unwrap();
    let kinds: Vec<_> = found.iter().map(|code| (code.kind, code.file.as_deref())).collect();
    let console = Kind::Console { exit: 3, needs: Needs::Data };
    let expected = [(console, None), (Kind::Output, None), (Kind::Spec, Some("a.toml")), (Kind::Plain, Some("b"))];
    assert_eq!(kinds, expected);
    for (wrong, said) in [
        (&["", "text"][..], "a.md:1: no test knows the block ``"),
        (&["text", "toml"], "a.md:4: no test knows the block `toml`"),
        (&["rust"], "a.md:1: no test knows the block `rust`"),
        (&["python,package"], "a.md:1: no test knows"),
        (&["console,dta"], "a.md:1: no test knows the block `console,dta`"),
        (&["console,exit=x"], "a.md:1: `x` is no exit code"),
        (&["text,exit=1"], "a.md:1: `text,exit=1`: only `console`"),
        (&["console,long", "text,output"], "a.md:4: `text,output` needs"),
        (&["csv,file=../b"], "a.md:1: `csv,file=../b`: the file has to lie"),
    ] {
        let errors = codes(&Document::parse("a.md", &text(wrong))).unwrap_err();
        assert!(errors.len() == 1 && errors[0].starts_with(said), "{wrong:?}: {errors:?}");
    }
    let indented = codes(&Document::parse("a.md", "a\n\n    b\n")).unwrap_err();
    assert!(indented[0].starts_with("a.md:3: an indented block"), "{indented:?}");
}

#[test]
fn documents_with_tested_code_are_taken_as_documentation() {
    for (document, source) in DOC_TESTED {
        let source = std::fs::read_to_string(super::root().join(source)).unwrap();
        assert!(source.contains(&format!("#[doc = include_str!(\"../{document}\")]")), "{document}");
    }
    let tests = std::fs::read_to_string(super::root().join("python/tests/test_documents.py")).unwrap();
    assert!(tests.contains("```python,package\\n"), "the package's tests should take its blocks");
}
