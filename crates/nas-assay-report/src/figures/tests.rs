//! Tests of the pictures for papers: which files there are, and that each is what an XML reader and a converter to PDF take.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::fixture;
use crate::html::charts::{AverageRanks, critical_difference};

/// An element: its name, and its attributes in order.
type Element = (String, Vec<(String, String)>);

/// Reads a document: its elements and its texts. Panics if it is not well-formed.
fn read(document: &str) -> (Vec<Element>, Vec<String>) {
    let mut rest = document.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").unwrap();
    let (mut open, mut elements, mut texts) = (Vec::<String>::new(), Vec::new(), Vec::new());
    let plain = |text: &str| {
        let entities = ["&amp;", "&lt;", "&gt;", "&quot;"];
        let left = entities.iter().fold(text.to_owned(), |text, entity| text.replace(entity, ""));
        assert!(!left.contains(['&', '<']), "`{text}` is not escaped");
        let is_allowed =
            |letter: char| matches!(letter, '\t' | '\n' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
        assert!(text.chars().all(is_allowed), "XML has no such character: {text:?}");
        entities
            .iter()
            .zip(["&", "<", ">", "\""])
            .rev()
            .fold(text.to_owned(), |text, (entity, letter)| text.replace(entity, letter))
    };
    while let Some((before, after)) = rest.split_once('<') {
        assert!(!open.is_empty() || before.trim().is_empty(), "text outside of the root");
        if !before.is_empty() {
            texts.push(plain(before));
        }
        let (tag, after) = after.split_once('>').expect("a tag ends");
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "another element ends");
            continue;
        }
        let (tag, is_empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let (name, mut list) = tag.split_once(' ').unwrap_or((tag, ""));
        let mut attributes: Vec<(String, String)> = Vec::new();
        while !list.trim().is_empty() {
            let (key, after) = list.trim_start().split_once("=\"").expect("an attribute has a value in quotes");
            let (value, after) = after.split_once('"').expect("a value ends");
            assert!(key.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-'), "{key}");
            assert!(attributes.iter().all(|(known, _)| known != key), "{key} twice in <{tag}>");
            assert!(after.is_empty() || after.starts_with(' '), "attributes are apart: {tag}");
            attributes.push((key.to_owned(), plain(value)));
            list = after;
        }
        assert!(!open.is_empty() || elements.is_empty(), "a second root");
        elements.push((name.to_owned(), attributes));
        if !is_empty {
            open.push(name.to_owned());
        }
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "never ended: {open:?}");
    (elements, texts)
}

/// What holds of every picture for a paper.
fn check(figure: &Figure) {
    let (elements, texts) = read(&figure.svg);
    let of = |name: &str| elements.iter().filter(move |(found, _)| found == name).count();
    assert_eq!((elements[0].0.as_str(), of("svg"), of("title"), of("desc")), ("svg", 1, 1, 1), "{}", figure.name);
    let root =
        |key: &str| elements[0].1.iter().find(|(found, _)| found == key).map(|(_, value)| value.as_str()).unwrap();
    let size = format!("0 0 {} {}", root("width"), root("height"));
    assert_eq!((root("viewBox"), root("font-family")), (size.as_str(), "sans-serif"));
    assert!(root("width").parse::<u32>().is_ok() && root("height").parse::<u32>().is_ok(), "whole units");
    let known = ["svg", "title", "desc", "g", "rect", "path", "text", "circle"];
    let unknown: Vec<&String> =
        elements.iter().map(|(name, _)| name).filter(|name| !known.contains(&name.as_str())).collect();
    assert!(unknown.is_empty(), "{unknown:?}: no style sheet, filter, script or image");
    let ids: BTreeSet<&String> =
        elements.iter().flat_map(|(_, list)| list).filter(|(key, _)| key == "id").map(|(_, id)| id).collect();
    assert!(root("aria-labelledby").split(' ').all(|label| ids.iter().any(|id| *id == label)));
    for (name, attributes) in &elements {
        for (key, value) in attributes {
            assert!(!["class", "style", "href", "filter"].contains(&key.as_str()), "{name} {key}");
            assert!(!value.contains("var(") && !value.contains("url("), "{value}");
            assert!(key == "xmlns" || !value.contains("//"), "{value}");
        }
        // Shapes have colours of their own, else they would be black.
        let is_shape = ["rect", "path", "circle"].contains(&name.as_str());
        assert!(!is_shape || attributes.iter().any(|(key, _)| key == "fill"), "{name} {attributes:?}");
    }
    assert!(texts.iter().any(|text| !text.trim().is_empty()) && figure.svg.len() < 200_000, "{}", figure.svg.len());
}

/// A diagram of invented average ranks.
fn diagram(names: &[String]) -> Figure {
    let ranks: Vec<f64> = (0..names.len()).map(|place| 1.0 + ((place * 7) % names.len()) as f64 * 0.97).collect();
    let cliques = [(0..names.len().min(3)).collect()];
    let of = AverageRanks { names, ranks: &ranks, critical_difference: 1.25, cliques: &cliques, blocks: 5 };
    Figure::new("critical-difference", &critical_difference("cd", &of).unwrap())
}

#[test]
fn each_panel_has_its_files() {
    let mut record = fixture::whole(60);
    let mut second = record.panels[0].clone();
    // The same name of a file, and without a map.
    second.name = "representatives?".to_owned();
    second.estimators.truncate(2);
    record.panels[0].name = "representatives/".to_owned();
    record.panels.push(second);
    let names: Vec<String> = figures(&record).into_iter().map(|figure| figure.name).collect();
    assert_eq!(
        names,
        [
            "representatives--summary.svg",
            "representatives--rank.svg",
            "representatives--agreement.svg",
            "representatives-_-summary.svg",
            "representatives-_-rank.svg"
        ]
    );
    let names: Vec<String> = figures(&fixture::without_truth(60)).into_iter().map(|figure| figure.name).collect();
    assert_eq!(names, ["representatives-agreement.svg"]);
    for name in ["../etc", "", "ä b", "...", "a\u{1b}"] {
        record.panels[1].name = name.to_owned();
        for figure in figures(&record) {
            let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
            assert!(figure.name.chars().all(is_plain) && !figure.name.starts_with('.'), "{}", figure.name);
        }
    }
}

#[test]
fn more_than_nine_plots_are_in_several_files() {
    let mut record = fixture::record(30);
    let panel = &mut record.panels[0];
    for number in 0..16 {
        let mut other = panel.estimators[1].clone();
        other.id = format!("other_{number}");
        panel.estimators.push(other);
    }
    let found = figures(&record);
    let names: Vec<&str> = found.iter().map(|figure| figure.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "representatives-summary.svg",
            "representatives-rank.svg",
            "representatives-rank-2.svg",
            "representatives-rank-3.svg",
            "representatives-agreement.svg"
        ]
    );
    let plots: Vec<usize> = found[1..4].iter().map(|figure| figure.svg.matches(">tau-b ").count()).collect();
    assert_eq!(plots, [9, 9, 3]);
    found.iter().for_each(check);
}

#[test]
fn every_picture_is_a_document_of_its_own() {
    for rows in [20, 1_500] {
        let record = fixture::whole(rows);
        figures(&record).iter().for_each(check);
        let again = figures(&record);
        assert_eq!(figures(&record), again);
    }
    let names: Vec<String> = (0..12).map(|place| format!("estimator_{place}")).collect();
    check(&diagram(&names));
}

/// Reads a `data:` URI back.
fn read_back(link: &str) -> String {
    let mut parts = link.strip_prefix("data:image/svg+xml;charset=utf-8,").unwrap().split('%');
    let mut text = parts.next().unwrap().to_owned();
    for part in parts {
        text.push(char::from(u8::from_str_radix(&part[..2], 16).unwrap()));
        text += &part[2..];
    }
    text
}

#[test]
fn a_link_is_the_file_with_other_quotes() {
    let mut record = fixture::whole(60);
    record.panels[0].estimators[0].id = "it's <100 %> #1 & \"x\": −".to_owned();
    for figure in figures(&record) {
        let link = figure.link();
        assert!(!link.contains(['<', '>', '"', '#', '&', ' ', '\n']), "{link:.200}");
        assert_eq!(read_back(&link), figure.svg.replace('\'', "&#39;").replace('"', "'"));
    }
}

#[test]
fn a_page_links_to_the_files_of_its_record_and_stays_small() {
    let mut record = fixture::whole(60);
    record.panels.push(record.panels[0].clone());
    let page = crate::html(&record, None).unwrap();
    let links: Vec<(String, String)> = page
        .split("<a href=\"data:")
        .skip(1)
        .map(|rest| {
            let (link, rest) = rest.split_once("\" download=\"").unwrap();
            (rest.split_once('"').unwrap().0.to_owned(), format!("data:{link}"))
        })
        .collect();
    let due: Vec<(String, String)> =
        figures(&record).into_iter().map(|figure| (figure.name.clone(), figure.link())).collect();
    assert_eq!(links, due);
    let saved: usize = links.iter().map(|(_, link)| link.len()).sum();
    assert!(2 * saved < page.len() - saved, "links of {saved} bytes in a page of {}", page.len());
}

/// In files every class of an element has its attributes.
#[test]
fn no_class_is_without_a_style() {
    let record = fixture::whole(1_500);
    let map = AgreementMap::of(&record.panels[0]).unwrap();
    let plot =
        RankPlot { name: "x".to_owned(), tau: "0".to_owned(), scores: record.panels[0].estimators[1].oriented() };
    let truth = record.panels[0].truth().unwrap();
    let names = ["a", "b", "c"].map(str::to_owned);
    let of = AverageRanks {
        names: &names,
        ranks: &[1.0, 2.0, 3.0],
        critical_difference: 1.0,
        cliques: &[vec![0, 1]],
        blocks: 5,
    };
    let tau = summary(&record, &record.panels[0], "s").unwrap();
    let pictures =
        [tau, heat_map("m", &map), rank_plots("r", "t", &truth, &[plot]), critical_difference("c", &of).unwrap()];
    let classes: BTreeSet<&str> = pictures
        .iter()
        .flat_map(|picture| picture.split(" class=\"").skip(1))
        .flat_map(|rest| rest.split('"').next().unwrap().split(' '))
        .collect();
    let without: Vec<&&str> = classes.iter().filter(|class| !standalone::has_style(class)).collect();
    assert!(classes.len() > 10 && without.is_empty(), "{without:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn names_of_any_characters_are_text(names in prop::collection::vec(any::<String>(), 7)) {
        let mut record = fixture::whole(24);
        for (estimator, name) in record.panels[0].estimators.iter_mut().zip(&names) {
            estimator.id = name.clone();
        }
        record.space = names[0].clone();
        record.panels[0].name = names[1].clone();
        for figure in figures(&record) {
            check(&figure);
        }
        let plain: Vec<String> = names.iter().map(|name| nas_assay_base::text::printable(name).into_owned()).collect();
        check(&diagram(&plain));
    }
}
