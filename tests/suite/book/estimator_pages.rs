//! The pages of the estimators.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::costs::{Costs, MEASURED};
use super::goldens::Golden;
use super::module_docs::{ModuleDocs, plain};
use super::published::Table;

/// An estimator of the suite.
#[derive(Debug)]
pub struct Known {
    pub id: String,
    pub kind: &'static str,
    pub better: &'static str,
    pub version: u32,
    /// The names of the quantities that it gets from the probe.
    pub needs: Vec<String>,
    pub summary: String,
    pub formula: String,
    pub source: String,
    pub others: Vec<String>,
    /// The only space that it is for; `None` if it is for all with networks.
    pub only_in: Option<String>,
}

/// What the pages are made from.
pub struct Facts {
    pub estimators: Vec<Known>,
    pub modules: BTreeMap<String, ModuleDocs>,
    pub goldens: Vec<Golden>,
    pub tables: Vec<Table>,
    pub costs: Costs,
}

/// The quantities that estimators get, and what computing each of them takes.
const NEEDS: [(&str, &str); 14] = [
    ("Architecture", "the encoding alone, without a network"),
    ("Census", "counts of the network, without a pass"),
    ("Weights", "the weights of the network, without a pass"),
    ("LossGradients", "gradients of the loss by the weights: one forward and one backward pass"),
    (
        "HessianGradients",
        "the product of the second derivatives of the loss with its gradient: one forward pass, one backward pass, and a second backward pass \
         through these two",
    ),
    ("ChannelSaliencies", "derivatives of the loss by the scales of channels: one forward and one backward pass"),
    ("ReluPatterns", "which inputs of the ReLUs are positive: one forward pass"),
    ("InputGradients", "gradients of the sum of the logits by the images: one forward and one backward pass"),
    (
        "Synflow",
        "saliencies of the network without batch-norm and with absolute weights: one forward and one backward pass of a single image, in \
         double precision",
    ),
    (
        "SynflowWithNorm",
        "saliencies of the network with absolute weights: one forward and one backward pass of a single image, in double precision",
    ),
    ("OutputCodes", "the signs of the outputs of layers: one forward pass with running statistics"),
    (
        "SignAgreement",
        "the signs of the gradients of each image: a forward and a backward pass for each image; the first image again in single and in double \
         precision",
    ),
    (
        "Evaluation",
        "accuracy and loss on the validation images: one forward pass of each batch, with the weights of a supernet",
    ),
    ("OwnPasses", "passes of its own, with other weights or other images; the definition says which"),
];

/// Terms of the definitions.
const WORDS: &str = "\n## Words\n\n\
    - *The gradient of a loss by a weight* is its derivative with respect to the weight.\n\
    - *Drawn* means taken at random. *Drawn anew* means that the estimator makes random weights of its own, and does not use those of the network.\n\
    - In *a cell without a path*, no path leads from its input to its output.\n\
    - *A detail* is a further number that an estimator gives beside its score. Records keep it.\n\
    - *The status `rounding`* marks a score that is only the rounding error of zero: see [Scores that mean \
    nothing](../estimators.md#scores-that-mean-nothing).\n\
    - *The source* or *the reference* is the paper and the code below *Source*. *A port* is the code of another project for the same estimator.\n";

/// The words for a quantity.
fn need(name: &str) -> &'static str {
    let found = NEEDS.iter().find(|(known, _)| *known == name);
    found.unwrap_or_else(|| panic!("say in NEEDS what computing {name} takes")).1
}

/// A cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

impl Facts {
    /// Every page below `estimators/`, with its text.
    pub fn pages(&self) -> Vec<(String, String)> {
        let pages = self.estimators.iter().map(|known| (format!("{}.md", known.id), self.page(known)));
        std::iter::once(("README.md".to_owned(), self.index())).chain(pages).collect()
    }

    /// The lines of the summary of the book.
    pub fn summary_lines(&self) -> Vec<String> {
        self.estimators.iter().map(|Known { id, .. }| format!("- [`{id}`](estimators/{id}.md)")).collect()
    }

    fn index(&self) -> String {
        let mut text = "# All estimators\n\n<!-- Generated from the suite: see tests/suite/book. -->\n\n\
            Each id leads to a page. It has the definition, known traps, costs, and the values that were measured here and published. \
            [Estimators](../estimators.md) explains the kinds and how estimators are checked.\n\n\
            | id | kind | better | what it is | formula |\n|---|---|---|---|---|\n"
            .to_owned();
        for known in &self.estimators {
            let Known { id, kind, better, summary, formula, .. } = known;
            let _ = writeln!(text, "| [`{id}`]({id}.md) | {kind} | {better} | {} | {} |", cell(summary), cell(formula));
        }
        text += WORDS;
        let _ = write!(
            text,
            "\n## Costs\n\n{MEASURED} Estimators that were not measured alone are left out.\n\n| estimator |"
        );
        for space in &self.costs.spaces {
            text.extend([" `", space, "` |"]);
        }
        let _ = writeln!(text, "\n|---|{}", "---|".repeat(self.costs.spaces.len()));
        for id in &self.costs.order {
            let _ = writeln!(text, "| `{id}` | {} |", self.costs.seconds[id].join(" | "));
        }
        text
    }

    fn page(&self, known: &Known) -> String {
        let Known { id, kind, better, version, summary, formula, source, others, only_in, .. } = known;
        let mut text = format!(
            "# `{id}`\n\n<!-- Generated from the suite, its sources and the goldens: see tests/suite/book. -->\n\n{summary}\n\n| | |\n|---|---|\n"
        );
        let mut line = |name: &str, value: &str| {
            let _ = writeln!(text, "| {name} | {} |", cell(value));
        };
        line("formula", &format!("`{formula}`"));
        line("kind", kind);
        line("better scores are", better);
        line(
            "spaces",
            &only_in.as_ref().map_or_else(|| "all with networks".to_owned(), |space| format!("`{space}` only")),
        );
        line("version of its scores", &version.to_string());
        if !others.is_empty() {
            let names: Vec<String> = others.iter().map(|name| format!("`{name}`")).collect();
            line("other names", &names.join(", "));
        }
        line("source", source);
        text += &self.definition(known);
        text += &self.cost(known);
        text += &self.measured(known);
        text += &self.published(known);
        text
    }

    /// The documentation of its source file.
    fn definition(&self, known: &Known) -> String {
        let docs = self.modules.values().find(|docs| docs.ids.contains(&known.id));
        let docs = docs.unwrap_or_else(|| panic!("no source file with documentation defines {}", known.id));
        let mut text =
            "\n## Definition\n\n[Words](README.md#words) explains terms that many of these pages use.\n\n".to_owned();
        if docs.ids.len() > 1 {
            let links: Vec<String> = docs.ids.iter().map(|id| format!("[`{id}`]({id}.md)")).collect();
            let _ = write!(text, "These estimators are defined together: {}.\n\n", links.join(", "));
        }
        let _ = writeln!(text, "{}", plain(&docs.intro, &self.modules));
        for (heading, part) in &docs.sections {
            let _ = write!(text, "\n### {heading}\n\n{}\n", plain(part, &self.modules));
        }
        text
    }

    fn cost(&self, known: &Known) -> String {
        let mut text = "\n## Cost\n\nIt needs:\n\n".to_owned();
        for name in &known.needs {
            let _ = writeln!(text, "- {}", need(name));
        }
        let Some(seconds) = self.costs.seconds.get(&known.id) else { return text };
        let spaces: Vec<String> = self.costs.spaces.iter().map(|space| format!("`{space}`")).collect();
        let _ = write!(
            text,
            "\n| {} |\n|{}\n| {} |\n\n{MEASURED}\n",
            spaces.join(" | "),
            "---|".repeat(spaces.len()),
            seconds.join(" | ")
        );
        text
    }

    /// The rows of the goldens for it. Rows of variants are left out.
    fn measured(&self, known: &Known) -> String {
        let mut text = "\n## Measured here\n\n".to_owned();
        let head = "The tests pin these values. τ-b and ρ compare the ranking by the scores with the truth. If lower scores are better, they are \
            negated first. Scores that are not finite rank worst. `nas-assay run SPEC` gives the values again. [Results](../results.md) has the \
            tables of all estimators.\n\n\
            | spec | space | architectures | τ-b | ρ | not finite |\n|---|---|---|---|---|---|\n";
        let mut lines = String::new();
        for golden in &self.goldens {
            for row in golden.rows.iter().filter(|row| row.id == known.id && row.is_own() && row.panel != "variants") {
                let about = if row.about.is_empty() { String::new() } else { format!(", {}", row.about) };
                let _ = writeln!(
                    lines,
                    "| `{}`{about} | `{}` | {} | {} | {} | {} |",
                    golden.name,
                    golden.space,
                    golden.panels[&row.panel],
                    golden.number(row, "tau_b"),
                    golden.number(row, "spearman"),
                    golden.not_finite(row)
                );
            }
        }
        if lines.is_empty() {
            text += "No pinned experiment has it.\n";
        } else {
            text.extend([head, &lines]);
        }
        text
    }

    fn published(&self, known: &Known) -> String {
        let mut lines = String::new();
        for table in self.tables.iter().filter(|table| table.ids().any(|id| *id == known.id)) {
            let Table { source, space, sets, checked, .. } = table;
            let [tau_b, spearman] = table.values(&known.id).map(|values| values.join(", "));
            let (ranked, accuracies, sets) = (table.ranked(), table.accuracies(), sets.join(", "));
            let _ = writeln!(
                lines,
                "| {source} | `{space}` | {ranked} | {accuracies} | {sets} | {tau_b} | {spearman} | {checked} |"
            );
        }
        if lines.is_empty() {
            return String::new();
        }
        format!(
            "\n## Published\n\nThese are values of other papers and projects. Compare them with ours only if the architectures, the truth and the \
             protocol are the same. `nas-assay report` says what differs. If lower scores are better, the values are those of the negated scores.\n\n\
             | source | space | ranked | accuracy | data sets | τ-b | ρ | how it was read |\n|---|---|---|---|---|---|---|---|\n{lines}"
        )
    }
}
