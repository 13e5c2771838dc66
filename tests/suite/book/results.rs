//! The page of results: the tables of the goldens.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::goldens::{Golden, Row};

/// The columns of a table on real data.
const HEAD: &str = "| scores | τ-b | ρ | Pearson | P@top 5 % | P@bottom 5 % | τ-b minus that of `params` | not finite |\n|---|---|---|---|---|---|---|---|\n";

/// The baseline that every ranking is compared with.
const BASELINE: &str = "params";

/// The whole page.
pub fn page(goldens: &[Golden]) -> String {
    let mut text = "# Results\n\n<!-- Generated from golden/*.snap: see tests/suite/book. -->\n\n\
        Every number of this page is pinned: a test computes it again and compares it. Each section names the spec, the first digits of its hash, \
        and the command that gives the numbers again.\n\n\
        - τ-b is Kendall's and ρ is Spearman's: see [Criteria](criteria.md). They compare the ranking by the scores with the truth. If lower scores \
        are better, they are negated first. Scores that are not finite rank worst, and are counted.\n\
        - P@top 5 % is the share of the truly best 5 % among the 5 % with the best scores.\n\
        - The difference to `params` has an interval from resampled architectures, the same for both. It is *better* or *worse* if its 95 % \
        interval lies wholly above or below zero, else *undecided*.\n\
        - A vote makes one ranking from those of several estimators. The spec says which they are. `nas-assay specs NAME` prints it.\n"
        .to_owned();
    let (real, small): (Vec<&Golden>, Vec<&Golden>) =
        goldens.iter().partition(|golden| golden.name.starts_with("real-"));
    text += "\n## On the benchmarks\n\nThese runs need a data root with CIFAR-10 and the table of the benchmark: see [Data](data.md).\n";
    for golden in &real {
        text += &on_a_benchmark(golden);
    }
    let (overview, others): (Vec<&Golden>, Vec<&Golden>) =
        small.into_iter().partition(|golden| golden.name.ends_with("-micro"));
    text + &miniatures(&overview) + &others.iter().map(|golden| other(golden)).collect::<String>()
}

fn origin(golden: &Golden, architectures: &str) -> String {
    format!(
        "{}. Space `{}`, {architectures}; spec `{name}`, hash `{}`.\n\n```console,long\nnas-assay run {name}\n```\n\n",
        golden.title.trim_end_matches('.'),
        golden.space,
        &golden.hash[..12],
        name = golden.name,
    )
}

fn on_a_benchmark(golden: &Golden) -> String {
    let counts: Vec<String> =
        golden.panels.iter().map(|(panel, count)| format!("{count} architectures in panel `{panel}`")).collect();
    let mut text = format!("\n### {}\n\n{}", golden.name, origin(golden, &listed(&counts)));
    let own =
        |panel: &str| golden.rows.iter().filter(move |row| row.panel == panel && row.is_own()).collect::<Vec<&Row>>();
    // Of equally many, the first one.
    let most = golden
        .panels
        .keys()
        .map(|panel| own(panel))
        .reduce(|most, next| if next.len() > most.len() { next } else { most });
    let most = most.unwrap_or_default();
    text += &ranking(golden, &most);
    for (panel, count) in &golden.panels {
        let rows = own(panel);
        let is_shown = |row: &Row| most.iter().any(|of| of.id == row.id);
        if rows.iter().any(|row| !is_shown(row)) {
            let _ = writeln!(text, "\nOn the {count} architectures of panel `{panel}`:\n");
            text += &ranking(golden, &rows);
        }
    }
    text + &variants(golden)
}

/// `a`, `a and b`, `a, b and c`.
fn listed(texts: &[String]) -> String {
    match texts {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        few => few.concat(),
    }
}

/// The table of some rows.
fn ranking(golden: &Golden, rows: &[&Row]) -> String {
    let mut text = HEAD.to_owned();
    for row in rows {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {} |",
            row.label(),
            golden.number(row, "tau_b"),
            golden.number(row, "spearman"),
            golden.number(row, "pearson"),
            golden.percent(row, "P@top0.05"),
            golden.percent(row, "P@bottom0.05"),
            golden.against(row, BASELINE),
            golden.not_finite(row)
        );
    }
    text
}

/// What other settings change: for each variant the tau-b, and the tau between its scores and those of the spec itself.
fn variants(golden: &Golden) -> String {
    let names: BTreeSet<&str> = golden.rows.iter().filter(|row| !row.is_own()).map(|row| row.about.as_str()).collect();
    let Some(panel) = golden.rows.iter().find(|row| !row.is_own()).map(|row| &row.panel) else { return String::new() };
    let of = |id: &str, about: &str| {
        golden.rows.iter().find(|row| row.panel == *panel && row.id == id && row.about == about)
    };
    let mut text = format!(
        "\nOther settings, on the {} architectures of panel `{panel}`. Each cell has the τ-b with the truth. In parentheses is the τ between these \
         scores and those of the spec itself.\n\n\
         | scores | its own |",
        golden.panels[panel]
    );
    for name in &names {
        text.extend([" `", name, "` |"]);
    }
    let _ = writeln!(text, "\n|---|---|{}", "---|".repeat(names.len()));
    let varied: Vec<&Row> = golden.rows.iter().filter(|row| row.panel == *panel && row.about.is_empty()).collect();
    for row in varied.iter().filter(|row| names.iter().any(|name| of(&row.id, name).is_some())) {
        let _ = write!(text, "| {} | {} |", row.label(), golden.number(row, "tau_b"));
        for name in &names {
            let cell = of(&row.id, name).map(|row| {
                let agreement = golden.some_number(row, "agreement").filter(|tau| tau != "undefined");
                let agreement = agreement.map(|tau| format!(" ({tau})")).unwrap_or_default();
                golden.number(row, "tau_b") + &agreement
            });
            let _ = write!(text, " {} |", cell.unwrap_or_default());
        }
        text.push('\n');
    }
    text
}

/// One table of the miniatures of all spaces.
fn miniatures(goldens: &[&Golden]) -> String {
    let mut text = "\n## In miniature\n\nThese runs need no data: networks are small, images are drawn by the program, and the truth is trained here. \
        The values say how an estimator ranks these small networks. They say nothing about the benchmarks. Each cell is the τ-b.\n\n\
        ```console,long\n"
        .to_owned();
    for golden in goldens {
        text.extend(["nas-assay run ", &golden.name, "\n"]);
    }
    text += "```\n\n| scores |";
    let columns: Vec<String> = goldens.iter().map(|golden| format!(" `{}` |", golden.name)).collect();
    text += &columns.concat();
    let _ = write!(text, "\n|---|{}\n| architectures |", "---|".repeat(goldens.len()));
    let counts: Vec<String> = goldens.iter().map(|golden| golden.panels.values().sum::<usize>().to_string()).collect();
    let hashes: Vec<String> = goldens.iter().map(|golden| format!("`{}`", &golden.hash[..12])).collect();
    let _ = writeln!(text, " {} |\n| hash | {} |", counts.join(" | "), hashes.join(" | "));
    // The last epoch differs between the spaces.
    let mut order: Vec<&str> = Vec::new();
    let mut values: BTreeMap<(&str, &str), String> = BTreeMap::new();
    for golden in goldens {
        for row in golden.rows.iter().filter(|row| row.is_own()) {
            if !order.contains(&row.id.as_str()) {
                order.push(&row.id);
            }
            let before = values.insert((&row.id, &golden.name), golden.number(row, "tau_b"));
            assert!(before.is_none(), "{} has two rows of {}", golden.name, row.id);
        }
    }
    for id in order {
        let cells = goldens.iter().map(|golden| values.get(&(id, &*golden.name)).map_or("", String::as_str));
        let _ = writeln!(text, "| `{id}` | {} |", cells.collect::<Vec<_>>().join(" | "));
    }
    text
}

fn other(golden: &Golden) -> String {
    let count: usize = golden.panels.values().sum();
    let mut text = format!("\n### {}\n\n{}", golden.name, origin(golden, &format!("{count} architectures")));
    text += "| scores | τ-b | ρ | τ-b minus that of `params` |\n|---|---|---|---|\n";
    for row in &golden.rows {
        let (tau_b, rho) = (golden.number(row, "tau_b"), golden.number(row, "spearman"));
        let _ = writeln!(text, "| {} | {tau_b} | {rho} | {} |", row.label(), golden.against(row, BASELINE));
    }
    text
}
