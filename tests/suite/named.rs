//! Panels that name their architectures, and scores of any encoding, as a user meets them.

use nas_assay::digest::sha256_hex;
use nas_assay::space::{Architecture, SpaceId};
use nas_assay::store::record::Record;

use super::common::Bench;
use super::verify::{csv, truth};

/// Every row of the truth with the text of another encoding of its class, where it has one; and how many have.
fn others(rows: &[(String, f64)]) -> (Vec<(String, f64)>, usize) {
    let key = |text: &str| Architecture::parse(SpaceId::Nb201, text).unwrap().isomorphism_key();
    let all: Vec<(String, Architecture)> = nas_assay::space::nb201::Architecture::all()
        .map(|one| (Architecture::from(one).isomorphism_key(), one.into()))
        .collect();
    let mut changed = 0;
    let row = |(text, score): &(String, f64)| {
        let key = key(text);
        let other = all.iter().find(|(of, one)| *of == key && one.to_string() != *text);
        changed += usize::from(other.is_some());
        (other.map_or_else(|| text.clone(), |(_, one)| one.to_string()), *score)
    };
    (rows.iter().map(row).collect(), changed)
}

#[test]
fn scores_of_any_encoding_are_judged_as_those_of_their_class() {
    let bench = Bench::new();
    let rows = truth(&bench);
    let (mut others, changed) = others(&rows);
    assert!(changed > 10, "{changed}");
    bench.write("others.csv", csv(&others));
    let verify = |arguments: &[&str]| {
        bench.run(&[&["verify", "--space", "nb201", "--scores", "others.csv"], arguments].concat())
    };
    let known = 48 - changed;
    verify(&[]).exits(0).prints(&format!("others: {known} of 48 rows")).prints(&format!("{changed} have no truth"));
    verify(&["--rows", "classes"]).exits(0).prints("others: all 48 rows are judged");
    let record = Record::from_json(&verify(&["--rows", "classes", "--json"]).exits(0).stdout).unwrap();
    assert_eq!(record.panels[0].estimators[3].criteria.kendall.tau_b, Some(1.0));
    let unknown = verify(&["--rows", "clases", "--data-root", "."]).exits(2);
    unknown.says("must be one of all, representatives, classes; the nearest is `classes`");
    // A second encoding of a class is a copy, whatever its score.
    others.push((rows.iter().find(|(text, _)| others.iter().all(|(other, _)| other != text)).unwrap().0.clone(), -1.0));
    bench.write("others.csv", csv(&others));
    verify(&["--rows", "classes", "--strict"])
        .exits(0)
        .prints("48 of 49 rows are judged; 1 is an isomorphic copy of another row");
}

#[test]
fn architectures_that_are_listed_in_a_file_are_ranked_without_a_truth() {
    let bench = Bench::new();
    let drawn = bench.run(&["architectures", "--space", "nb201", "--count", "12", "--seed", "5"]).exits(0).stdout;
    bench.write("list.txt", &drawn);
    let digest = sha256_hex(drawn.as_bytes());
    let list = bench.path("list.txt").display().to_string();
    let spec = format!(
        "name = 'free'\ntitle = 'No truth'\nspace = 'nb201'\n[images.synthetic]\nresolution = 8\ntrain = 16\nvalidation = 8\n\
         [truth.none]\n[zero-shot]\nnetwork = {{ channels = 2, cells = 1 }}\nbatch = 4\n\
         [panels.mine]\nestimators = ['params', 'flops', 'snip']\narchitectures = {{ path = '{list}', sha256 = '{digest}' }}\n"
    );
    bench.write("free.toml", &spec);
    bench
        .run(&["run", "free.toml"])
        .exits(0)
        .prints("mine: 12 architectures")
        .prints("Agreement of every two rankings")
        .prints("No tau-b and no Spearman, because there is no truth: all estimators.");
    for (format, words) in [
        ("md", "## Truth\n\nnone: scores are compared with each other."),
        ("csv", "agreement with params"),
        ("json", "\"undefined\": \"no-truth\""),
        ("html", "Two rankings can agree and both be wrong."),
    ] {
        let text = bench.run(&["report", "latest", "--format", format]).exits(0).stdout;
        assert!(text.contains(words), "{format}: {text}");
    }
    let table = bench.run(&["report", "latest", "--scores", "-"]).exits(0).stdout;
    let texts: Vec<&str> = table.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(texts, drawn.lines().collect::<Vec<_>>());
    // The file has changed: it is another list, and the old record does not stand for it.
    bench.write("list.txt", drawn.lines().take(6).collect::<Vec<_>>().join("\n"));
    bench.run(&["run", "free.toml"]).exits(5).says("digest");
}

#[test]
fn a_list_that_is_wrong_says_where() {
    let bench = Bench::new();
    let spec = |list: &str| {
        format!(
            "name = 'named'\nspace = 'nb201'\n[images.synthetic]\ntrain = 16\nvalidation = 8\n[truth.none]\n\
             [panels.mine]\nestimators = ['params']\narchitectures = {list}\n"
        )
    };
    bench.write("a.toml", spec("['|none~0|+|none~0|none~1|+|none~0|none~1|none~2|', '|nor_conv_9x9~0|+|']"));
    bench
        .run(&["run", "a.toml", "--dry-run"])
        .exits(2)
        .says("`panels.mine.architectures` has \"|nor_conv_9x9~0|+|\": ");
    bench.write("a.toml", spec("'all'"));
    bench.run(&["run", "a.toml", "--dry-run"]).exits(2).says("a list of architectures, or a file as");
    bench.write("a.toml", spec("{ path = 'absent.txt', sha256 = '0' }"));
    bench.run(&["run", "a.toml", "--dry-run"]).exits(2).says("is not 64 lower-case hexadecimal digits");
}
