//! Documents as the tests read them: blocks of code, texts, anchors and links, each with its line.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use pulldown_cmark::{BrokenLink, CodeBlockKind, Event, LinkType, Options, Parser, Tag, TagEnd};

/// A block of code.
#[derive(Debug)]
pub struct Block {
    /// The line of the fence, from 1.
    pub line: usize,
    /// What stands behind the fence. None for a block that is only indented.
    pub info: Option<String>,
    pub text: String,
}

/// A paragraph, an item of a list, a heading or a cell of a table, without its marks. A code span counts as the word `CODE`.
#[derive(Debug)]
pub struct Text {
    pub line: usize,
    pub in_table: bool,
    pub words: String,
}

/// A document of the repository.
#[derive(Debug, Default)]
pub struct Document {
    /// The path, relative to the root of the repository.
    pub name: String,
    pub blocks: Vec<Block>,
    pub texts: Vec<Text>,
    pub anchors: BTreeSet<String>,
    /// The line and the target of each link and picture.
    pub links: Vec<(usize, String)>,
    /// Links by a label that the document does not define.
    pub broken: Vec<(usize, String)>,
}

impl Document {
    /// Reads a document.
    ///
    /// # Panics
    /// If there is no such file.
    pub fn read(root: &Path, name: &str) -> Self {
        let text = std::fs::read_to_string(root.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        Self::parse(name, &text)
    }

    pub fn parse(name: &str, text: &str) -> Self {
        let line_of = |place: usize| text[..place].matches('\n').count() + 1;
        let mut broken = Vec::new();
        let note_broken = |link: BrokenLink<'_>| {
            if matches!(link.link_type, LinkType::ReferenceUnknown | LinkType::Reference) {
                broken.push((line_of(link.span.start), link.reference.to_string()));
            }
            None
        };
        let mut document = Self { name: name.to_owned(), ..Self::default() };
        let parser = Parser::new_with_broken_link_callback(text, Options::ENABLE_TABLES, Some(note_broken));
        let mut reader = Reader::default();
        for (event, range) in parser.into_offset_iter() {
            reader.take(&mut document, event, line_of(range.start));
        }
        reader.end_text(&mut document);
        document.broken = broken;
        document
    }
}

/// What a reader of the events has to remember.
#[derive(Default)]
struct Reader {
    block: Option<Block>,
    text: Option<Text>,
    tables: usize,
    /// The text of the heading that is read.
    heading: Option<String>,
    slugs: BTreeMap<String, usize>,
}

impl Reader {
    fn take(&mut self, document: &mut Document, event: Event<'_>, line: usize) {
        match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                self.end_text(document);
                let info = match kind {
                    CodeBlockKind::Fenced(info) => Some(info.to_string()),
                    CodeBlockKind::Indented => None,
                };
                self.block = Some(Block { line, info, text: String::new() });
            }
            Event::End(TagEnd::CodeBlock) => document.blocks.extend(self.block.take()),
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                document.links.push((line, dest_url.to_string()));
            }
            Event::Start(Tag::Heading { .. }) => {
                self.begin_text(document, line);
                self.heading = Some(String::new());
            }
            Event::End(TagEnd::Heading(_)) => {
                let slug = slug(&self.heading.take().unwrap_or_default());
                let seen = self.slugs.entry(slug.clone()).or_insert(0);
                document.anchors.insert(if *seen == 0 { slug } else { format!("{slug}-{seen}") });
                *seen += 1;
                self.end_text(document);
            }
            Event::Start(Tag::Table(_)) => self.tables += 1,
            Event::End(TagEnd::Table) => self.tables -= 1,
            Event::Start(Tag::Paragraph | Tag::Item | Tag::TableCell) => self.begin_text(document, line),
            Event::End(TagEnd::Paragraph | TagEnd::Item | TagEnd::TableCell) => self.end_text(document),
            Event::Html(html) | Event::InlineHtml(html) => of_html(document, &html, line),
            Event::Code(code) => self.add(&code, "CODE"),
            Event::Text(text) => match &mut self.block {
                Some(block) => block.text.push_str(&text),
                None => self.add(&text, &text),
            },
            Event::SoftBreak | Event::HardBreak => self.add(" ", " "),
            _ => {}
        }
    }

    fn add(&mut self, text: &str, words: &str) {
        if let Some(heading) = &mut self.heading {
            heading.push_str(text);
        }
        if let Some(of) = &mut self.text {
            of.words.push_str(words);
        }
    }

    fn begin_text(&mut self, document: &mut Document, line: usize) {
        self.end_text(document);
        self.text = Some(Text { line, in_table: self.tables > 0, words: String::new() });
    }

    fn end_text(&mut self, document: &mut Document) {
        document.texts.extend(self.text.take().filter(|text| !text.words.trim().is_empty()));
    }
}

/// Anchors and links that stand as HTML.
fn of_html(document: &mut Document, html: &str, line: usize) {
    let values = |name: &str| {
        let parts: Vec<String> = html
            .split(&format!(" {name}=\""))
            .skip(1)
            .filter_map(|rest| Some(rest.split_once('"')?.0.into()))
            .collect();
        parts
    };
    document.anchors.extend(["id", "name"].into_iter().flat_map(values));
    document.links.extend(["href", "src"].into_iter().flat_map(values).map(|target| (line, target)));
}

/// The anchor of a heading, as GitHub and mdBook make it.
fn slug(heading: &str) -> String {
    let kept = heading.trim().chars().filter_map(|letter| match letter {
        letter if letter.is_alphanumeric() || letter == '_' || letter == '-' => Some(letter),
        letter if letter.is_whitespace() => Some('-'),
        _ => None,
    });
    kept.flat_map(char::to_lowercase).collect()
}

#[test]
fn a_document_is_read_with_its_lines() {
    let text = "# A `b`, c: 1 %\n\nSee [x](y.md#z) and [z][none]\nnow. ![p](p.svg)\n\n- item\n\n  ```toml,spec\n  a = 1\n  ```\n\n\
                ## Two\n\n| h |\n|---|\n| `cell` is |\n\n## Two\n<a id=\"here\" href=\"q.md\"></a>\n\n    indented\n";
    let document = Document::parse("a.md", text);
    let blocks: Vec<_> = document.blocks.iter().map(|of| (of.line, of.info.as_deref(), of.text.as_str())).collect();
    assert_eq!(blocks, [(8, Some("toml,spec"), "a = 1\n"), (21, None, "indented\n")]);
    assert_eq!(document.anchors.iter().collect::<Vec<_>>(), ["a-b-c-1-", "here", "two", "two-1"]);
    let links: Vec<_> = document.links.iter().map(|(line, target)| (*line, target.as_str())).collect();
    assert_eq!(links, [(3, "y.md#z"), (4, "p.svg"), (19, "q.md")]);
    assert_eq!(document.broken, [(3, "none".to_owned())]);
    let texts: Vec<_> = document.texts.iter().map(|of| (of.line, of.in_table, of.words.trim())).collect();
    assert_eq!(
        texts,
        [
            (1, false, "A CODE, c: 1 %"),
            (3, false, "See x and [z][none] now. p"),
            (6, false, "item"),
            (12, false, "Two"),
            (14, true, "h"),
            (16, true, "CODE is"),
            (18, false, "Two")
        ]
    );
}
