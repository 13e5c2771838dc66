//! Sentences that are the same in every report: how to read the summary table, and how to make the report again.

/// What stands in place of a provenance.
pub(crate) const NO_PROVENANCE: &str = "No provenance is kept with this record.";

/// What stands beside the command that gives a report again.
pub(crate) const AGAIN: &str = "The command that gives this report again works in a fresh copy of the repository. Where the spec is a file of your \
                     own, run that first: cargo run -- run FILE.toml.";

/// A term of the summary table, explained.
pub(crate) struct Note {
    pub term: &'static str,
    pub meaning: &'static str,
}

/// How to read the summary table.
pub(crate) const NOTES: [Note; 7] = [
    Note {
        term: "tau-b",
        meaning: "Kendall's rank correlation of scores and truth, corrected for ties; 1 is the true ranking, 0 none. The interval is \
                  a 95 % percentile bootstrap: how far tau-b could move with another draw of as many architectures.",
    },
    Note { term: "Spearman", meaning: "Pearson's correlation of the two rankings, ties at their average rank." },
    Note {
        term: "P@top, P@bottom",
        meaning: "The share of the architectures ranked into the best (worst) 5 % by score that belong there. Higher is better; chance \
                  gives 5 %.",
    },
    Note {
        term: "BR, WR",
        meaning: "The best and the worst true rank among the best 1 % or 5 % by score, as a share of all ranks. Lower is better for both.",
    },
    Note { term: "not finite", meaning: "Scores that are NaN or infinite. They rank worst, tied with one another." },
    Note {
        term: "ties",
        meaning: "They matter where a value at either end of the ranking lies more than one percentage point from its expectation under \
                  random tie-breaking. Ties are broken by the order of the rows.",
    },
    Note {
        term: "published",
        meaning: "Shown for comparison. The protocol behind a published figure may differ from this one: see its source.",
    },
];
