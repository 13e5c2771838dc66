//! Links from the pages to the book, which explains the terms. A page stays whole without them: nothing is loaded.

/// Where the book is.
pub const BOOK: &str = "https://github.com/nas-assay/nas-assay/blob/main/docs/src/";

/// The page of the book with the definitions, and what to link there: a term as the pages write it, and the anchor of its part.
const TERMS: [(&str, &str); 26] = [
    ("Kendall's tau-b", "kendalls-tau-b"),
    ("tau-b", "kendalls-tau-b"),
    ("Spearman", "spearmans-rho"),
    ("P@top", "ptopk"),
    ("P@bottom", "pbottomk"),
    ("BR", "brk"),
    ("WR", "wrk"),
    ("95 % interval", "intervals"),
    ("intervals", "intervals"),
    ("paired tests", "paired-test"),
    ("noisy", "noise-ceiling"),
    ("noise ceiling", "noise-ceiling"),
    ("of attainable", "noise-ceiling"),
    ("dead architectures", "dead-architectures"),
    ("structural baselines", "structural-baselines"),
    ("partial correlation", "partial-correlation"),
    ("nDCG", "ndcg"),
    ("regret", "regret"),
    ("bias", "bias"),
    ("stability", "stability"),
    ("failed scores", "ties-and-failures"),
    ("Ties", "ties-and-failures"),
    ("not finite", "ties-and-failures"),
    ("ties", "ties-and-failures"),
    ("published", "published-values"),
    ("values of other papers", "published-values"),
];

/// Terms that are linked where they stand in the plain sentences.
const IN_SENTENCES: [&str; 6] = ["Kendall's tau-b", "95 % interval", "paired tests", "noisy", "failed scores", "Ties"];

/// What to read about a section, by its title.
const OF_SECTIONS: [(&str, &[&str]); 10] = [
    ("What a tau is worth", &["noise ceiling", "structural baselines", "dead architectures"]),
    ("Beyond one tau", &["partial correlation", "nDCG", "regret"]),
    ("Correlation among the best", &["tau-b"]),
    ("Against the baselines", &["paired tests", "intervals"]),
    ("Agreement between estimators", &["tau-b"]),
    ("Over epochs", &["stability"]),
    ("From seed to seed", &["stability"]),
    ("Bias by complexity", &["bias"]),
    ("Bias by operation", &["bias"]),
    ("Values of other papers", &["values of other papers"]),
];

/// The estimators that the program has. Each has a page in the book.
const BUILT_IN: [&str; 42] = [
    "params",
    "flops",
    "relu_count",
    "grad_norm",
    "snip",
    "plain",
    "grasp",
    "synflow",
    "synflow_bn",
    "fisher",
    "jacob_cov",
    "relu_logdet",
    "l2_norm",
    "zen",
    "epe_nas",
    "zico",
    "gradsign_sum",
    "gradsign_mean",
    "logsynflow",
    "snr_synflow",
    "lnwot",
    "tcet",
    "swap",
    "meco",
    "meco_opt",
    "near",
    "ntk_cond",
    "linear_regions",
    "az_expressivity",
    "az_progressivity",
    "az_trainability",
    "vkdnw",
    "vkdnw_count",
    "epsinas",
    "wrcor",
    "dextr",
    "oneshot_accuracy",
    "oneshot_loss",
    "width_sum",
    "log_width_sum",
    "conv_count",
    "down_samplings",
];

/// All places of the book that pages link to, as paths from [`BOOK`]: `criteria.md#kendalls-tau-b`, `estimators/synflow.md`.
///
/// ```
/// let links = nas_assay_report::book_links();
/// assert!(links.contains(&"criteria.md#paired-test".to_owned()));
/// assert!(links.contains(&"estimators/synflow.md".to_owned()));
/// ```
pub fn book_links() -> Vec<String> {
    let mut found: Vec<String> = TERMS.iter().map(|(_, anchor)| format!("criteria.md#{anchor}")).collect();
    found.extend(BUILT_IN.iter().map(|id| format!("estimators/{id}.md")));
    found.sort();
    found.dedup();
    found
}

/// The link to what a term means; `None` if the book has no part about it.
pub(crate) fn term(term: &str) -> Option<String> {
    let (_, anchor) = TERMS.iter().find(|(name, _)| *name == term)?;
    Some(format!("{BOOK}criteria.md#{anchor}"))
}

/// The link to the page of an estimator; `None` if the program does not have it.
pub(crate) fn estimator(id: &str) -> Option<String> {
    BUILT_IN.contains(&id).then(|| format!("{BOOK}estimators/{id}.md"))
}

/// What to read about a section: names and links.
pub(crate) fn of_section(title: &str) -> Vec<[String; 2]> {
    let terms = OF_SECTIONS.iter().find(|(of, _)| *of == title).map_or(&[][..], |(_, terms)| *terms);
    terms.iter().filter_map(|name| Some([(*name).to_owned(), term(name)?])).collect()
}

/// A sentence in parts, each with a link or none: the first of each term is linked. The parts together are the sentence.
pub(crate) fn linked(sentence: &str) -> Vec<(String, Option<String>)> {
    // Spaces that do not break may stand in a term.
    let plain = sentence.replace('\u{a0}', " ");
    let places: Vec<usize> = sentence.char_indices().map(|(at, _)| at).chain([sentence.len()]).collect();
    let letters = |bytes: usize| plain[..bytes].chars().count();
    let mut found: Vec<(usize, usize, &str)> = IN_SENTENCES
        .iter()
        .filter_map(|name| {
            let at = plain.find(name)?;
            Some((places[letters(at)], places[letters(at + name.len())], *name))
        })
        .collect();
    found.sort_unstable();
    let (mut parts, mut end) = (Vec::new(), 0);
    for (from, to, name) in found {
        if from < end {
            continue;
        }
        parts.push((sentence[end..from].to_owned(), None));
        parts.push((sentence[from..to].to_owned(), term(name)));
        end = to;
    }
    parts.push((sentence[end..].to_owned(), None));
    parts.retain(|(text, _)| !text.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_sentence_are_the_sentence() {
        let sentence = "In paired tests at 95\u{a0}%, Kendall's tau-b (95\u{a0}% interval −1 to 1): paired tests.";
        let parts = linked(sentence);
        assert_eq!(parts.iter().map(|(text, _)| text.as_str()).collect::<String>(), sentence);
        let linked: Vec<&str> =
            parts.iter().filter(|(_, link)| link.is_some()).map(|(text, _)| text.as_str()).collect();
        assert_eq!(linked, ["paired tests", "Kendall's tau-b", "95\u{a0}% interval"]);
        assert_eq!(parts[1].1.as_deref(), Some(&*format!("{BOOK}criteria.md#paired-test")));
        assert_eq!(super::linked("no term"), [("no term".to_owned(), None)]);
        assert_eq!(super::linked(""), []);
    }

    #[test]
    fn every_named_term_has_a_place_in_the_book() {
        let named = OF_SECTIONS.iter().flat_map(|(_, terms)| terms.iter()).chain(&IN_SENTENCES);
        let without: Vec<&&str> = named.filter(|name| term(name).is_none()).collect();
        assert!(without.is_empty(), "{without:?}");
        assert_eq!((term("nothing"), estimator("nothing")), (None, None));
        assert!(of_section("Truth").is_empty());
    }
}
