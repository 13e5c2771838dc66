//! Links between documents and to the outside, and the table of contents of the book.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use super::markdown::Document;

/// Where links to the outside may lead.
const HOSTS: &[&str] = &[
    "arxiv.org",
    "doi.org",
    "github.com",
    "keepachangelog.com",
    "mutants.rs",
    "openreview.net",
    "rust-lang.org",
    "rustup.rs",
    "semver.org",
];

/// Addresses of files of this repository.
const OURS: [&str; 2] =
    ["https://github.com/nas-assay/nas-assay/blob/main/", "https://github.com/nas-assay/nas-assay/tree/main/"];

/// What is wrong with the links of documents below a root.
pub fn check(root: &Path, documents: &[Document]) -> Vec<String> {
    let mut anchors = BTreeMap::new();
    let mut wrong = Vec::new();
    for document in documents {
        for (line, label) in &document.broken {
            wrong.push(format!("{}:{line}: nothing says where [{label}] leads", document.name));
        }
        for (line, target) in &document.links {
            if let Err(error) = of(root, document, target, &mut anchors) {
                wrong.push(format!("{}:{line}: `{target}`: {error}", document.name));
            }
        }
    }
    wrong
}

/// Checks one link. `anchors` keeps those of the documents that were read for it.
fn of(
    root: &Path,
    document: &Document,
    target: &str,
    anchors: &mut BTreeMap<String, BTreeSet<String>>,
) -> Result<(), String> {
    let ours = OURS.iter().find_map(|address| target.strip_prefix(address));
    if let (Some((scheme, rest)), None) = (target.split_once("://"), ours) {
        return outside(scheme, rest);
    }
    let target = ours.unwrap_or(target);
    let (path, anchor) = target.split_once('#').map_or((target, None), |(path, anchor)| (path, Some(anchor)));
    let name = match ours {
        Some(_) => beside("README.md", path)?,
        None if path.is_empty() => document.name.clone(),
        None => beside(&document.name, path)?,
    };
    let is_of_the_book = |name: &str| Path::new(name).starts_with(super::BOOK);
    if ours.is_none() && is_of_the_book(&document.name) && !is_of_the_book(&name) {
        return Err(format!("it leaves the book: write {}{name}", OURS[0]));
    }
    let file = root.join(&name);
    if !file.exists() {
        return Err(format!("there is no file {name}"));
    }
    let Some(anchor) = anchor else { return Ok(()) };
    if Path::new(&name).extension().is_none_or(|ending| ending != "md") {
        return Err("only headings of Markdown have anchors".to_owned());
    }
    let known = if name == document.name {
        &document.anchors
    } else {
        anchors.entry(name.clone()).or_insert_with(|| Document::read(root, &name).anchors)
    };
    if known.contains(anchor) { Ok(()) } else { Err(format!("{name} has no heading `#{anchor}`: it has {known:?}")) }
}

fn outside(scheme: &str, rest: &str) -> Result<(), String> {
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host.strip_prefix("www.").unwrap_or(host);
    if scheme != "https" {
        return Err("a link to the outside begins with https://".to_owned());
    }
    if !HOSTS.contains(&host) {
        return Err(format!("`{host}` is not among the hosts of tests/suite/documents/links.rs"));
    }
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-._~/#?=&%+:@()".contains(letter);
    if path.contains("//") || !path.chars().all(is_plain) { Err("it is not well-formed".to_owned()) } else { Ok(()) }
}

/// The path that a link has, seen from the root.
fn beside(name: &str, link: &str) -> Result<String, String> {
    let mut path = Path::new(name).parent().unwrap_or(Path::new("")).to_owned();
    for part in Path::new(link).components() {
        match part {
            Component::Normal(part) => path.push(part),
            Component::CurDir => {}
            Component::ParentDir if path.pop() => {}
            _ => return Err("it leads out of the repository".to_owned()),
        }
    }
    Ok(path.to_string_lossy().into_owned())
}

/// The Markdown files below a folder of the root, sorted: their paths from the root.
pub fn documents_in(root: &Path, folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(root.join(&folder)).into_iter().flatten() {
            let entry = entry.unwrap();
            let path = folder.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                if entry.file_name() != "target" {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|ending| ending == "md") {
                found.push(path.to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    found
}

/// What is wrong with the table of contents of a book: each page is in it once, and it has no other.
pub fn check_summary(root: &Path, folder: &str) -> Vec<String> {
    let name = format!("{folder}/SUMMARY.md");
    let mut wrong = Vec::new();
    let mut listed = BTreeSet::new();
    for (line, target) in Document::read(root, &name).links {
        match beside(&name, &target) {
            _ if target.is_empty() => wrong.push(format!("{name}:{line}: a chapter has no page")),
            Err(error) => wrong.push(format!("{name}:{line}: `{target}`: {error}")),
            Ok(page) if !listed.insert(page.clone()) => wrong.push(format!("{name}:{line}: {page} is there twice")),
            Ok(_) => {}
        }
    }
    let pages: BTreeSet<String> = documents_in(root, folder).into_iter().filter(|page| *page != name).collect();
    wrong.extend(pages.difference(&listed).map(|page| format!("{page} is not in {name}")));
    wrong.extend(listed.difference(&pages).map(|page| format!("{name}: there is no page {page}")));
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with these files.
    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    #[test]
    fn links_lead_to_files_and_headings() {
        let good = "# One\n[a](b/c.md) [b](b/c.md#two-words-1) [c](#one) [d](b) ![e](b/../p.svg) [f](https://www.doi.org/10.1/a_b)";
        let bad = "[a](c.md)\n[b](../a.md#two)\n[c](../../etc/passwd)\n[d](http://doi.org/x)\n[e](https://example.org/x)\n\
                   [f](https://doi.org/a//b)\n[g](/etc/passwd)\n[h](../p.svg#x)\n[i][none]\n[j](https://doi.org/%C3)\n<a href=\"no.md\">\n\
                   ## Two words\n## Two words\n[k](#one)\n";
        let blob = "https://github.com/nas-assay/nas-assay/blob/main";
        let book = format!(
            "[a](../../p.svg)\n[b]({blob}/p.svg) [c]({blob}/a.md#one)\n[d]({blob}/q.svg)\n[e]({blob}/a.md#two)\n"
        );
        let root = folder(&[("a.md", good), ("b/c.md", bad), ("docs/src/d.md", &book), ("p.svg", "")]);
        let documents: Vec<Document> =
            documents_in(root.path(), "").iter().map(|name| Document::read(root.path(), name)).collect();
        let wrong = check(root.path(), &documents);
        let begins = [
            "b/c.md:9: nothing says where [none] leads",
            "b/c.md:2: `../a.md#two`: a.md has no heading `#two`",
            "b/c.md:3: `../../etc/passwd`: it leads out of the repository",
            "b/c.md:4: `http://doi.org/x`: a link to the outside begins with https://",
            "b/c.md:5: `https://example.org/x`: `example.org` is not among the hosts",
            "b/c.md:6: `https://doi.org/a//b`: it is not well-formed",
            "b/c.md:7: `/etc/passwd`: it leads out of the repository",
            "b/c.md:8: `../p.svg#x`: only headings",
            "b/c.md:11: `no.md`: there is no file b/no.md",
            "b/c.md:14: `#one`: b/c.md has no heading `#one`",
            "docs/src/d.md:1: `../../p.svg`: it leaves the book: write https://github.com",
            "docs/src/d.md:3: `https://github.com/nas-assay/nas-assay/blob/main/q.svg`: there is no file q.svg",
            "docs/src/d.md:4: `https://github.com/nas-assay/nas-assay/blob/main/a.md#two`: a.md has no heading `#two`",
        ];
        assert_eq!(wrong.len(), begins.len(), "{wrong:#?}");
        for (wrong, begin) in wrong.iter().zip(begins) {
            assert!(wrong.starts_with(begin), "{wrong}\n{begin}");
        }
    }

    #[test]
    fn every_page_is_in_the_table_of_contents_once() {
        let summary = "# Summary\n- [A](a.md)\n  - [B](b/c.md)\n- [Draft]()\n- [A](./a.md)\n- [N](none.md)\n";
        let root = folder(&[("src/SUMMARY.md", summary), ("src/a.md", ""), ("src/b/c.md", ""), ("src/b/d.md", "")]);
        let wrong = check_summary(root.path(), "src");
        let expected = [
            "src/SUMMARY.md:4: a chapter has no page",
            "src/SUMMARY.md:5: src/a.md is there twice",
            "src/b/d.md is not in src/SUMMARY.md",
            "src/SUMMARY.md: there is no page src/none.md",
        ];
        assert_eq!(wrong, expected);
    }
}
