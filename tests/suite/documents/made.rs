//! Documents made for these tests: each thing that can be wrong in a block is found.

use super::blocks::codes;
use super::markdown::Document;
use super::page::{Mode, run};

/// What is wrong with a document.
fn wrong(text: &str) -> Vec<String> {
    run("made.md", &codes(&Document::parse("made.md", text)).unwrap(), Mode::Alone)
}

#[track_caller]
fn fails(text: &str, said: &[&str]) {
    let wrong = wrong(text);
    assert_eq!(wrong.len(), said.len(), "{wrong:#?}");
    for (wrong, said) in wrong.iter().zip(said) {
        let (place, part) = said.split_once(' ').unwrap();
        assert!(wrong.starts_with(&format!("made.md:{place}: ")) && wrong.contains(part), "{wrong}\n{said}");
    }
}

const SPEC: &str = "```toml,spec\nname = 'a'\nspace = 'nb201'\n[images.synthetic]\ntrain = 64\nvalidation = 20\n\
                    [truth.trained]\ntable = 'nb201-micro'\n[panels.all]\nestimators = ['params']\n```\n";

#[test]
fn commands_run_in_the_page_in_their_order() {
    let text = "```console\nnas-assay verify --space nb201 --scores mine.csv \\\n  --json > judged.json\ngrep -c tau_b judged.json | cat\n\
                mkdir sub\ncd sub\nexport NAS_ASSAY_DATA=none\ncargo run -- spaces | head -1\n```\n\
                ```console,exit=4\nnas-assay data check\n```\n\
                ```csv,file=own.csv\narchitecture,score\n```\n\
                ```console\nls ..\n```\n```text,output\nown.csv\n```\n";
    assert_eq!(wrong(text), Vec::<String>::new());
    fails("```console\nnas-assay spaces --jsno\n```\n```text,output\nnever compared\n```\n", &["1 exit code 2, not 0"]);
    fails("```console,exit=3\nls\n```\n", &["1 `ls` ends with exit code 0, not 3"]);
    fails("```console\npytest\n```\n", &["1 `pytest` is not ours"]);
    fails("```console\nnas-assay verify --command \"python a.py\"\n```\n", &["1 not every machine has Python"]);
    assert_eq!(wrong("```console,python\nnas-assay verify --command \"python a.py\"\n```\n"), Vec::<String>::new());
    fails("```console\ncd none\n```\n", &["1 there is no folder `none`"]);
    fails("```console\ngrep score mine.csv\n```\n```text,output\nscore,architecture\n```\n", &["4 are not printed"]);
}

#[test]
fn what_is_not_run_is_parsed_and_planned_or_listed() {
    let long = |line: &str| format!("```console,long\n{line}\n```\n");
    for line in ["nas-assay run nb201-micro", "nas-assay plan paper-nb201 --shards 4", "nas-assay show HASH | cat"] {
        assert_eq!(wrong(&long(line)), Vec::<String>::new());
    }
    fails(&long("nas-assay run nb201-micro --shrad 1/4"), &["1 --shrad"]);
    fails(&long("nas-assay rnu"), &["1 rnu"]);
    fails(&long("cargo tset"), &["1 `cargo tset` is not in the list"]);
    fails("```console,data\nnas-assay data chekc\n```\n", &["1 chekc"]);
    fails("```console,setup\nmake\n```\n", &["1 `make` is not in the list"]);
    // A spec of the page that can be parsed and not run.
    let spec = SPEC.replace("toml,spec", "toml,file=a.toml").replace("nb201-micro", "nb201-mirco");
    fails(&format!("{spec}{}", long("nas-assay run a.toml")), &["12 `a.toml` cannot be planned"]);
}

#[test]
fn files_of_other_kinds_are_valid() {
    let block = |kind: &str, text: &str| format!("```{kind}\n{text}\n```\n");
    let good = [
        SPEC.to_owned(),
        block("toml,part", "[variants.noise.zero-shot]\ninput = 'gaussian'"),
        block("toml,declaration", "sample = 'all'"),
        block("toml,cargo", "[dependencies]\nnas-assay = '0.1'"),
        block("json", "{\"a\": [1]}"),
        block("rust,example", "Ok(suite) => nas_assay::cli::main_with(suite),"),
        block("text", "any <form>"),
    ];
    assert_eq!(wrong(&good.concat()), Vec::<String>::new());
    let part = block("toml,part", "[estimators.my_proxy]\ncommand = ['python', 'my_proxy.py']");
    assert_eq!(wrong(&part), Vec::<String>::new());
    fails(&SPEC.replace("train =", "trian ="), &["1 trian"]);
    fails(&SPEC.replace("nb201-micro", "nb201-mirco"), &["1 cannot be planned"]);
    fails(&block("toml,part", "[variants.a.zero-shto]"), &["1 zero-shto"]);
    fails(&format!("{SPEC}{}", block("toml,part", "[variants.a.zero-shto]")), &["12 zero-shto"]);
    fails(&block("toml,declaration", "smaple = 'all'"), &["1 smaple"]);
    fails(&block("toml,cargo", "[dependencies\n"), &["1 "]);
    fails(&block("json", "{a}"), &["1 key"]);
    for kind in ["rust,example", "c++,example", "python,example"] {
        fails(&block(kind, "int no_such_line = 0;"), &["1 has these lines"]);
    }
}

#[test]
fn lines_of_an_example_are_found_at_any_indentation() {
    let source = std::fs::read_to_string(super::root().join("examples/other-languages/l2_norm.cpp")).unwrap();
    let lines: Vec<&str> = source.lines().collect();
    let part = lines[10..16].join("\n");
    assert_eq!(wrong(&format!("```c++,example\n{part}\n```\n")), Vec::<String>::new());
    let inner: Vec<&str> = lines[10..16].iter().map(|line| line.trim()).collect();
    assert_eq!(wrong(&format!("```c++,example\n{}\n```\n", inner.join("\n"))), Vec::<String>::new());
    fails(&format!("```c++,example\n{}\n{}\n```\n", lines[10], lines[12]), &["1 has these lines"]);
}
