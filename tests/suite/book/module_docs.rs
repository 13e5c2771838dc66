//! The documentation of an estimator's source file, as a page of the book has it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The folder with the sources of the estimators.
const FOLDER: &str = "crates/nas-assay-nets/src/estimator";

/// The documentation of a file, and the estimators that are defined in it.
#[derive(Clone, Debug, PartialEq)]
pub struct ModuleDocs {
    /// What stands before the first heading.
    pub intro: String,
    /// Each heading with what stands below it.
    pub sections: Vec<(String, String)>,
    /// The ids of the estimators, in the order of the file.
    pub ids: Vec<String>,
}

/// The documentation of every file that defines estimators, by the name of its module.
pub fn modules() -> BTreeMap<String, ModuleDocs> {
    let mut files = Vec::new();
    source_files(Path::new(FOLDER), &mut files);
    let read = |file: PathBuf| {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        let docs = ModuleDocs::of(&text);
        (!docs.ids.is_empty() && !docs.sections.is_empty()).then_some((name, docs))
    };
    files.into_iter().filter_map(read).collect()
}

fn source_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let tests = path.file_stem().is_some_and(|name| name.to_string_lossy().ends_with("tests"));
        if path.is_dir() {
            source_files(&path, found);
        } else if !tests && path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

impl ModuleDocs {
    fn of(text: &str) -> Self {
        let lines = text.lines().map_while(|line| line.strip_prefix("//!"));
        let (mut intro, mut sections) = (String::new(), Vec::<(String, String)>::new());
        for line in lines.map(|line| line.strip_prefix(' ').unwrap_or(line)) {
            if let Some(heading) = line.strip_prefix("# ") {
                sections.push((heading.to_owned(), String::new()));
            } else {
                let part = sections.last_mut().map_or(&mut intro, |(_, part)| part);
                part.extend([line, "\n"]);
            }
        }
        let id = |line: &str| line.trim().strip_prefix("id: \"")?.strip_suffix("\",").map(str::to_owned);
        let ids = text.lines().filter_map(id).filter(|id| !id.is_empty()).collect();
        let trimmed = |(heading, part): (String, String)| (heading, part.trim().to_owned());
        Self { intro: intro.trim().to_owned(), sections: sections.into_iter().map(trimmed).collect(), ids }
    }
}

/// A text with links to items of Rust made links to pages of estimators, or plain code. What only names an item in
/// parentheses is left out.
pub fn plain(text: &str, modules: &BTreeMap<String, ModuleDocs>) -> String {
    let page = |name: &str, target: &str| {
        let module = target.strip_prefix("super::").and_then(|module| modules.get(module));
        let own = modules.values().flat_map(|docs| &docs.ids).find(|id| *id == name);
        own.or_else(|| module.and_then(|docs| docs.ids.first())).cloned()
    };
    let (mut made, mut rest) = (String::new(), text);
    while let Some((before, link)) = rest.split_once("[`") {
        made += before;
        let Some((name, after)) = link.split_once("`]") else {
            made += "[`";
            rest = link;
            continue;
        };
        let linked = after.strip_prefix('(').and_then(|after| after.split_once(')'));
        let (target, after) = linked.unwrap_or((name, after));
        rest = after;
        if name.contains("::") {
            // An item of Rust in parentheses says nothing to readers of the book.
            let kept = made.strip_suffix('(').zip(after.strip_prefix(')'));
            let (before, after) = kept.unwrap_or_else(|| panic!("the link to {name} stands in no parentheses"));
            let length = before.trim_end().len();
            made.truncate(length);
            rest = after;
        } else if let Some(id) = page(name, target) {
            made.extend(["[`", name, "`](", &id, ".md)"]);
        } else {
            made.extend(["`", name, "`"]);
        }
    }
    made + rest
}

#[test]
fn docs_have_an_intro_and_sections_and_their_links_are_for_readers_of_the_book() {
    let text = "//! What it is.\n//!\n//! # Formula\n//! `x`, not [`b`](super::b) or [`c`](super::c)\n//! ([`Probe::d`]): done.\nid: \"a\",\n";
    let docs = ModuleDocs::of(text);
    assert_eq!((docs.intro.as_str(), docs.ids.as_slice()), ("What it is.", &["a".to_owned()][..]));
    let [(heading, formula)] = &docs.sections[..] else { panic!("{docs:?}") };
    let other = ModuleDocs { ids: vec!["b_one".to_owned(), "b_two".to_owned()], ..docs.clone() };
    let modules = BTreeMap::from([("a".to_owned(), docs.clone()), ("b".to_owned(), other)]);
    assert_eq!(heading, "Formula");
    assert_eq!(plain(formula, &modules), "`x`, not [`b`](b_one.md) or `c`: done.");
}
