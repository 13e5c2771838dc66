//! Sentences that are the same in every report: how to read the summary table, and how to make the report again.

/// What a report says where no provenance is kept.
pub(crate) const NO_PROVENANCE: &str = "No provenance is kept with this record.";

/// What a report says about the command that makes it again.
pub(crate) const AGAIN: &str = "The command that makes this report again is one of an installed nas-assay. If the spec is a file of your own, \
                                run that file first: nas-assay run FILE.toml.";

/// A term of the summary table, explained.
pub(crate) struct Note {
    /// The term, as in a heading of the table.
    pub term: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

/// How to read shares, where a report has what a tau is worth.
pub(crate) const WORTH_NOTE: Note = Note {
    term: "of attainable",
    meaning: "Tau-b as a part of what another training of the same architectures, with another seed, reaches: the truth has noise, so \
              even that is below 1. \"All\" means: as high as the noise of the truth allows, which is as close to the truth as \
              another training is, or closer. The number is in the table of tops of the truth, and may be above 100 %: a ranking can be \
              closer to the mean of many trainings than one training is. The share is less among the best architectures, which differ \
              least. A top of the truth has all architectures that tie with its last one, and at least 10.",
};

/// How to read the summary table.
pub(crate) const NOTES: [Note; 7] = [
    Note {
        term: "tau-b",
        meaning: "Kendall's rank correlation of scores and truth, corrected for ties: 1 means the true ranking, 0 no relation to it. \
                  The interval is a 95 % percentile bootstrap: how far tau-b could move with another sample of as many architectures. \
                  There is none for fewer than 10 architectures, and none where hardly any scores differ.",
    },
    Note {
        term: "Spearman",
        meaning: "Pearson's correlation of the two rankings; tied values share their average rank. Pearson's correlation of the values \
                  themselves is in the CSV report, without an interval: a few extreme values decide it, and no bootstrap interval covers \
                  it as often as it says.",
    },
    Note {
        term: "P@top, P@bottom",
        meaning: "Of the 5 % of the architectures with the best (worst) scores, the share that is truly among the best (worst) 5 %. \
                  Higher is better; chance gives 5 %.",
    },
    Note {
        term: "BR, WR",
        meaning: "The best and the worst true rank among the 1 % or 5 % with the best scores, as a share of all ranks. Lower is better \
                  for both.",
    },
    Note {
        term: "not finite",
        meaning: "Scores that are NaN, infinite, or nothing but rounding, because their exact value is zero. They rank worst and are tied \
                  with one another.",
    },
    Note {
        term: "ties",
        meaning: "Ties are broken by the order of the rows. They matter if a value at either end of the ranking is more than one \
                  percentage point away from its expected value under random tie-breaking.",
    },
    Note {
        term: "published",
        meaning: "A published figure is compared where it is on the same basis: for the same data set, truth and architectures. Where it \
                  is not, the other basis is named, and no difference of the values is given. The training may be another even on the \
                  same basis: see the source.",
    },
];
