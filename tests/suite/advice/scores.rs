//! Advice about files of scores.

use std::io::Write;
use std::process::Command;

use super::{after, csv, follow, printed, quoted, truth};
use crate::common::{BASELINES, Bench, Ran};
use crate::readme::python;
use nas_assay::digest::sha256_hex;

fn verify(bench: &Bench, file: &str, arguments: &[&str]) -> Ran {
    bench.run(&[&["verify", "--space", "nb201", "--scores", file], arguments].concat())
}

/// The program's advice is taken from what it prints: an option and its value between backquotes.
fn with_option(bench: &Bench, file: &str, text: &str, option: &str) {
    let advised = quoted(text).into_iter().find(|quoted| quoted.starts_with(option)).unwrap();
    let words: Vec<&str> = advised.split(' ').collect();
    verify(bench, file, &words).exits(0);
}

#[test]
fn a_name_with_two_meanings_gets_the_one_that_is_said() {
    let bench = Bench::new();
    bench.write("plain.csv", csv(&truth(&bench)));
    let text = printed(&verify(&bench, "plain.csv", &[]).exits(2));
    with_option(&bench, "plain.csv", &text, "--name");
    verify(&bench, "plain.csv", &["--name", "another"]).exits(0);
    let text = printed(&verify(&bench, "plain.csv", &["--name", "params"]).exits(2));
    assert!(text.contains("give them another name with --name"), "{text}");
    let text = printed(&verify(&bench, "plain.csv", &["--name", "plain", "--direction", "higher"]).exits(2));
    assert!(text.contains("leave out --direction, or give them another --name"), "{text}");
    verify(&bench, "plain.csv", &["--name", "plain"]).exits(0);
    verify(&bench, "plain.csv", &["--name", "another", "--direction", "higher"]).exits(0);
}

#[test]
fn a_column_is_chosen_from_those_that_are_named() {
    let bench = Bench::new();
    let both = truth(&bench).into_iter().map(|(text, score)| format!("\"{text}\",{score},{}\n", 1.0 - score));
    let rows = format!("architecture,synflow,jacov\n{}", both.collect::<Vec<_>>().concat());
    bench.write("mine.csv", &rows);
    let text = printed(&verify(&bench, "mine.csv", &[]).exits(5));
    assert!(text.contains("choose one of them with --column"), "{text}");
    for column in &quoted(after(&text, "its columns are: ", &[]))[..2] {
        verify(&bench, "mine.csv", &["--column", column]).exits(0);
    }
    let texts: Vec<String> = truth(&bench).into_iter().map(|(text, _)| text).collect();
    bench.write("mine.csv", format!("architecture\n{}\n", texts.join("\n")));
    let text = printed(&verify(&bench, "mine.csv", &[]).exits(5));
    let column = quoted(after(&text, "add one with their scores, called ", &[])).remove(0);
    assert!(!text.contains("--column"), "{text}");
    bench.write("mine.csv", format!("architecture,{column}\n{},1\n", texts.join(",1\n")));
    verify(&bench, "mine.csv", &[]).exits(4).prints("all 48 rows are judged");
    bench.write("mine.csv", rows.replacen("jacov", "synflow", 1));
    let text = printed(&verify(&bench, "mine.csv", &["--column", "synflow"]).exits(5));
    assert!(text.contains("rename one of them"), "{text}");
    bench.write("mine.csv", rows.replacen("jacov", "other", 1));
    verify(&bench, "mine.csv", &["--column", "synflow"]).exits(0);
}

#[test]
fn architectures_are_named_as_the_error_says() {
    let bench = Bench::new();
    let rows = truth(&bench);
    bench.write("mine.csv", csv(&rows).replacen("architecture", "network", 1));
    let text = printed(&verify(&bench, "mine.csv", &[]).exits(5));
    let advice = after(&text, "It needs a column ", &[]);
    let (column, example) = (&quoted(advice)[0], after(advice, "texts such as ", &[',']));
    bench.write("mine.csv", csv(&rows).replacen("architecture", column, 1) + &format!("\"{example}\",1\n"));
    assert!(!verify(&bench, "mine.csv", &[]).exits(0).stdout.contains("readable"));
    bench.write("rows.csv", "row,score\n0,1\n1,2\n");
    let text = printed(&verify(&bench, "rows.csv", &[]).exits(5));
    assert!(text.contains("or give the texts of the architectures"), "{text}");
    verify(&bench, "mine.csv", &[]).exits(0);
    // Only a benchmark's table has numbers of its rows; the next request is its data root.
    let text = printed(&verify(&bench, "rows.csv", &["--truth", "benchmark"]).exits(5));
    assert!(text.contains("no data root was given"), "{text}");
    bench.write("rows.csv", "index,score\n0,1\n1,2\n");
    let nb301 = |file: &str| bench.run(&["verify", "--space", "nb301", "--scores", file]);
    let text = printed(&nb301("rows.csv").exits(5));
    let column = quoted(after(&text, "name the column ", &[])).remove(0);
    bench.write("rows.csv", format!("{column},score\n0,1\n1,2\n"));
    let text = printed(&nb301("rows.csv").exits(5));
    assert!(text.contains("judge it against the benchmark"), "{text}");
}

#[test]
fn a_file_without_a_header_gets_the_one_that_is_advised() {
    let bench = Bench::new();
    let rows = truth(&bench);
    let (header, body) =
        csv(&rows).split_once('\n').map(|(header, body)| (header.to_owned(), body.to_owned())).unwrap();
    bench.write("mine.csv", &body);
    let text = printed(&verify(&bench, "mine.csv", &[]).exits(5));
    let advised = quoted(after(&text, "put a line with the names of the columns before it, ", &[])).remove(0);
    assert_eq!(advised, header);
    bench.write("mine.csv", format!("{advised}\n{body}"));
    verify(&bench, "mine.csv", &[]).exits(0).prints("all 48 rows are judged");
    bench.write("mine.csv", format!("archtecture,score\n{body}"));
    let text = printed(&verify(&bench, "mine.csv", &[]).exits(5));
    let names = quoted(after(&text, "no column names the architectures. If ", &[]));
    assert!(text.contains(" names them, call it "), "{text}");
    bench.write("mine.csv", format!("archtecture,score\n{body}").replacen(&names[0], &names[1], 1));
    verify(&bench, "mine.csv", &[]).exits(0).prints("all 48 rows are judged");
}

#[test]
fn architectures_without_truth_are_replaced_by_those_that_are_written() {
    let bench = Bench::new();
    bench.write("mine.csv", "architecture,score\n|none~0|+|none~0|none~1|+|none~0|none~1|none~2|,1\n");
    let text = printed(&verify(&bench, "mine.csv", &[]).exits(4));
    assert!(!text.contains("WARNING") && text.contains(": mine: 0 of 1 rows are judged; 1 has no truth"), "{text}");
    let list = quoted(after(&text, "that the program carries: ", &[])).remove(0);
    let rows: Vec<String> =
        follow(&bench, &list).exits(0).stdout.lines().map(|text| format!("{text},{}\n", text.len())).collect();
    bench.write("known.csv", format!("architecture,score\n{}", rows.concat()));
    verify(&bench, "known.csv", &[]).exits(0).prints("all 48 rows are judged");
    // The same is said if some architectures have truth.
    bench.write(
        "more.csv",
        format!("architecture,score\n|none~0|+|none~0|none~1|+|none~0|none~1|none~2|,1\n{}", rows.concat()),
    );
    let text = printed(&verify(&bench, "more.csv", &[]).exits(0));
    let again = quoted(after(&text, "carries the truth of few architectures, which ", &[])).remove(0);
    assert_eq!(follow(&bench, &again).exits(0).stdout, follow(&bench, &list).exits(0).stdout);
}

#[test]
fn what_is_packed_is_unpacked_or_packed_with_gzip() {
    let bench = Bench::new();
    let text = csv(&truth(&bench));
    bench.write("mine", &text);
    verify(&bench, "mine", &[]).exits(0);
    bench.write("mine", b"PK\x03\x04 and more");
    let said = printed(&verify(&bench, "mine", &[]).exits(5));
    assert!(said.contains("score file mine is a ZIP archive, not a table of scores: unpack it"), "{said}");
    for first in [&b"BZh9"[..], b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd"] {
        bench.write("mine", first);
        let said = printed(&verify(&bench, "mine", &[]).exits(5));
        assert!(said.contains("unpack it, or use gzip"), "{said}");
    }
    let packed = |content: &[u8]| {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(content).unwrap();
        packed.finish().unwrap()
    };
    bench.write("mine", packed(text.as_bytes()));
    verify(&bench, "mine", &[]).exits(0).prints("all 48 rows are judged");
    // What is in it is looked at, too.
    bench.write("mine", packed(b"\x80\x04\x95"));
    verify(&bench, "mine", &[]).exits(5).says("score file mine is a Python pickle, not a table of scores");
}

/// Python that writes scores of `texts` as each kind of file: the name of the file, the modules that it needs, and the lines.
const WRITTEN: [(&str, &str, &str); 14] = [
    ("mine.p0", "pandas", "open('mine.p0', 'wb').write(pickle.dumps(scores, 0))"),
    ("mine.p1", "pandas", "open('mine.p1', 'wb').write(pickle.dumps(scores, 1))"),
    ("mine.p2", "pandas", "open('mine.p2', 'wb').write(pickle.dumps(scores, 2))"),
    ("mine.p3", "pandas", "open('mine.p3', 'wb').write(pickle.dumps(scores, 3))"),
    ("mine.p4", "pandas", "open('mine.p4', 'wb').write(pickle.dumps(scores, 4))"),
    ("mine.p5", "pandas", "open('mine.p5', 'wb').write(pickle.dumps(scores, 5))"),
    ("mine.npz", "numpy", "numpy.savez('mine.npz', architecture=list(scores), score=list(scores.values()))"),
    (
        "packed.npz",
        "numpy",
        "numpy.savez_compressed('packed.npz', architecture=list(scores), score=list(scores.values()))",
    ),
    ("mine.db", "sqlite3", "table.to_sql('scores', sqlite3.connect('mine.db'), index=False)"),
    ("mine.parquet", "pyarrow", "table.to_parquet('mine.parquet')"),
    ("mine.xlsx", "openpyxl", "table.to_excel('mine.xlsx', index=False)"),
    ("mine.h5", "tables", "table.to_hdf('mine.h5', key='scores')"),
    ("mine.pt", "torch", "torch.save(scores, 'mine.pt')"),
    ("old.pt", "torch", "torch.save(scores, 'old.pt', _use_new_zipfile_serialization=False)"),
];

/// Each kind of file is written by Python, refused with its name, and made a table by the line that is printed. What needs a module that
/// this Python lacks is named and left out.
#[test]
#[ignore = "needs Python with pandas: cargo test -- --include-ignored"]
#[allow(clippy::print_stderr, reason = "what was not tested is said")]
fn files_of_other_kinds_are_made_tables_by_the_python_that_is_printed() {
    let bench = Bench::new();
    let rows = truth(&bench);
    let python = |lines: &str| {
        let ran = Command::new(python()).args(["-c", lines]).current_dir(bench.path("")).output().unwrap();
        (ran.status.success(), String::from_utf8_lossy(&ran.stderr).into_owned())
    };
    let items: Vec<String> = rows.iter().map(|(text, score)| format!("{text:?}: {score:?}")).collect();
    for (file, module, lines) in WRITTEN {
        if !python(&format!("import {module}")).0 {
            eprintln!("{file} is left out: this Python has no {module}");
            continue;
        }
        let (done, said) = python(&format!(
            "import pickle, numpy, pandas, {module}\nscores = {{{}}}\n\
             table = pandas.DataFrame(scores.items(), columns=['architecture', 'score'])\n{lines}",
            items.join(", ")
        ));
        assert!(done, "{file}: {said}");
        let said = printed(&verify(&bench, file, &[]).exits(5));
        let (done, problem) = python(after(&said, " in Python: ", &[]));
        assert!(done, "{file}: {problem}");
        let judged = verify(&bench, "scores.csv", &["--json"]).exits(0).stdout;
        let record = nas_assay::store::record::Record::from_json(&judged).unwrap();
        assert_eq!(record.panels[0].coverage[0].line(), "scores: all 48 rows are judged", "{file}");
        assert_eq!(record.panels[0].estimators[3].criteria.kendall.tau_b, Some(1.0), "{file}");
        std::fs::remove_file(bench.path("scores.csv")).unwrap();
    }
    // An array has no texts: its rows are those of a benchmark's table, and the next request is its data root.
    let (done, said) = python("import numpy; numpy.save('mine.npy', numpy.arange(5.0))");
    assert!(done, "{said}");
    let said = printed(&verify(&bench, "mine.npy", &[]).exits(5));
    let (done, problem) = python(after(&said, " in Python: ", &[]));
    assert!(done, "{problem}");
    verify(&bench, "scores.csv", &["--truth", "benchmark"]).exits(5).says("no data root was given");
}

#[test]
fn a_score_is_written_as_its_hint_says() {
    let bench = Bench::new();
    let rows = truth(&bench);
    for (written, hint, right) in [("0,5", "a decimal point", "0.5"), ("71.2%", "without the percent sign", "71.2")] {
        let with = |cell: &str| format!("{}\"{}\",\"{cell}\"\n", csv(&rows[1..5]), rows[0].0);
        bench.write("mine.csv", with(written));
        let said = printed(&verify(&bench, "mine.csv", &["--strict"]).exits(3));
        assert!(said.contains(hint), "{said}");
        bench.write("mine.csv", with(right));
        verify(&bench, "mine.csv", &["--strict"]).exits(0);
    }
}

#[test]
fn hints_after_a_judgement_work() {
    let bench = Bench::new();
    let losses: Vec<(String, f64)> = truth(&bench).into_iter().map(|(text, truth)| (text, 1.0 - truth)).collect();
    bench.write("mine.csv", csv(&losses));
    let said = printed(&verify(&bench, "mine.csv", &[]).exits(0));
    with_option(&bench, "mine.csv", &said, "--direction");
}

#[test]
fn a_panel_passes_over_rows_that_cannot_be_used() {
    let bench = Bench::new();
    let scores = csv(&truth(&bench)) + "bad,1\n";
    bench.write("data/mine.csv", &scores);
    let digest = sha256_hex(scores.as_bytes());
    let file =
        format!("[panels.all.scores.mine]\ncolumn = 'score'\nfile = {{ path = 'mine.csv', sha256 = '{digest}' }}\n");
    let spec = format!("{BASELINES}{file}");
    bench.write("spec.toml", &spec);
    let run = || bench.run(&["run", "spec.toml", "--data-root", "data"]);
    let text = printed(&run().exits(5));
    let setting = quoted(&text).into_iter().find(|text| text.starts_with("missing")).unwrap();
    bench.write("spec.toml", spec.replace("[panels.all]\n", &format!("[panels.all]\n{setting}\n")));
    run().exits(0).prints("48 of 49 rows are judged");
}

#[test]
fn columns_are_named_in_one_of_two_ways() {
    let bench = Bench::new();
    let both = truth(&bench).into_iter().map(|(text, score)| format!("\"{text}\",{score},{}\n", 1.0 - score));
    let scores = format!("architecture,s1,s2\n{}", both.collect::<Vec<_>>().concat());
    bench.write("data/mine.csv", &scores);
    let digest = sha256_hex(scores.as_bytes());
    let run = |columns: &str| {
        let file =
            format!("[panels.all.scores.mine]\n{columns}\nfile = {{ path = 'mine.csv', sha256 = '{digest}' }}\n");
        bench.write("spec.toml", format!("{BASELINES}{file}"));
        bench.run(&["run", "spec.toml", "--data-root", "data"])
    };
    for (columns, advice, good) in [
        ("", "name the column with the scores", "column = 's1'"),
        ("columns = ['s1']", "give it as `column`", "column = 's1'"),
        ("column = 's1'\ncolumns = ['s1', 's2']", "leave out one of the two", "columns = ['s1', 's2']"),
        (
            "columns = ['s1', 's2']\nseeds = [1, 2]\nepochs = [3]",
            "leave them out, or give a pattern as `column`",
            "column = 's{seed}'\nseeds = [1, 2]\nepochs = [3]",
        ),
    ] {
        let said = printed(&run(columns).exits(2));
        assert!(said.contains(advice), "{said}");
        run(good).exits(0);
    }
}

#[test]
fn scores_are_compared_with_an_estimator_as_the_errors_say() {
    let bench = Bench::new();
    let text = csv(&truth(&bench));
    bench.write("mine.csv", &text);
    bench.write("synflow", &text);
    let against =
        |word: &str, more: &[&str]| verify(&bench, "mine.csv", &[&["--against", word, "--print-spec"], more].concat());
    let said = printed(&against("synflow", &[]).exits(2));
    let advised = quoted(&said).into_iter().find(|quoted| quoted.starts_with("--against ")).unwrap();
    against(advised.strip_prefix("--against ").unwrap(), &[]).exits(0).prints("scores.against-synflow");
    assert!(said.contains("for the estimator, rename the file"), "{said}");
    std::fs::rename(bench.path("synflow"), bench.path("others")).unwrap();
    against("synflow", &[]).exits(0).prints("against = [\"synflow\"]");
    let said = printed(&against("synflwo", &[]).exits(2));
    against(&quoted(after(&said, "the nearest known one is ", &[]))[0], &[]).exits(0);
    let said = printed(&against("fisher", &["--name", "fisher"]).exits(2));
    assert!(said.contains("give these another one with --name"), "{said}");
    against("fisher", &["--name", "another"]).exits(0);
}

#[test]
fn scores_are_compared_with_a_supernet_by_the_spec_that_is_advised() {
    let bench = Bench::new();
    bench.write("mine.csv", csv(&truth(&bench)));
    let said = printed(&verify(&bench, "mine.csv", &["--against", "oneshot_loss"]).exits(2));
    let command = quoted(&said).into_iter().find(|quoted| quoted.starts_with("nas-assay specs ")).unwrap();
    let spec = follow(&bench, &command).exits(0).stdout;
    let shown = verify(&bench, "mine.csv", &["--print-spec"]).exits(0).stdout;
    let scores = format!("[panels.all.scores.mine]\n{}", after(&shown, "[panels.all.scores.mine]", &[]));
    let scores = scores.split("\n[truth").next().unwrap();
    let line = quoted(&said).into_iter().find(|quoted| quoted.starts_with("against = ")).unwrap();
    // A panel with the estimator, on fewer epochs, so that the test is short.
    let panel = format!("[panels.all]\n{line}\nestimators = [\"params\", \"oneshot_loss\"]\n\n{scores}\n");
    let (head, _) = spec.split_once("[panels.all]").unwrap();
    bench.write("spec.toml", head.replace("epochs = 20", "epochs = 1").replace("verify = 2", "verify = 0") + &panel);
    let record = bench.run(&["run", "spec.toml", "--json", "--device", &crate::common::device()]).exits(0).stdout;
    let record = nas_assay::store::record::Record::from_json(&record).unwrap();
    let compared = &record.panels[0].analyses.comparisons;
    assert!(compared.iter().any(|test| test.estimator == "mine" && test.with.starts_with("oneshot_loss")));
}
