//! What the errors of specs advise is done, and the spec is taken.

use super::super::parse::{parse_recipe, parse_spec};

const HEAD: &str = "name = 'x'\nspace = 'nb201'\n";
const IMAGES: &str = "[images.synthetic]\ntrain = 100\nvalidation = 50\n";
const TRUTH: &str = "[truth.trained]\ntable = 'nb201-micro'\n";
const PANEL: &str = "[panels.all]\nestimators = ['params']\n";
const SUPERNET: &str =
    "[supernet]\nsampling = 'iso'\n[supernet.training]\nepochs = 4\nbatch = 10\nlearning-rate = 0.1\n";

/// A spec of a supernet.
fn trained() -> String {
    format!("{HEAD}{IMAGES}{TRUTH}{PANEL}{SUPERNET}")
}

/// The error of a spec.
#[track_caller]
fn said(text: &str) -> String {
    parse_spec(text, "a test").map(drop).expect_err(text).to_string()
}

/// The last text between backquotes.
fn last_quoted(text: &str) -> &str {
    text.rsplit('`').nth(1).unwrap()
}

/// Asserts that the spec is refused with this advice, and taken after `from` has become `to` in it. `{}` in `to` stands for the last text
/// between backquotes of the error.
#[track_caller]
fn mended(text: &str, advice: &str, from: &str, to: &str) -> String {
    let message = said(text);
    assert!(message.contains(advice), "`{advice}` is not in `{message}`");
    assert!(text.contains(from), "{text}");
    let right = text.replace(from, &to.replace("{}", last_quoted(&message)));
    if let Err(error) = parse_spec(&right, "a test") {
        panic!("{message}\n{error}\n{right}");
    }
    message
}

#[test]
fn what_is_empty_is_filled_or_left_out() {
    let text = format!("{HEAD}{IMAGES}{TRUTH}[panels]\n");
    let message = mended(&text, "name at least one set of architectures", "[panels]\n", PANEL);
    assert!(PANEL.starts_with(message.rsplit(' ').next().unwrap()), "{message}");
    let text = trained();
    mended(&text.replace("['params']", "[]"), "name at least one estimator", "[]", "['params']");
    mended(&format!("{text}[zero-shot]\nseeds = []\n"), "give at least one seed", "[]", "[1]");
    mended(&text.replace("[supernet]\n", "[supernet]\nseeds = []\n"), "give at least one seed", "[]", "[1]");
    let files = "[images.cifar10]\nfiles = []\ntrain = 100\nvalidation = 50\n";
    let file = format!("[{{ path = 'a.bin', sha256 = '{:064}' }}]", 0);
    mended(&text.replace(IMAGES, files), "name at least one file", "[]", &file);
    let averages = format!("{text}[one-shot]\naverage-last = []\n");
    mended(&averages, "give at least one number; 1 is the last epoch's weights", "[]", "[1]");
    for (table, lines, something) in
        [("without", "operations = []", "['none']"), ("watch", "architectures = 1\nepochs = []", "[1, 4]")]
    {
        let lines = format!("[supernet.{table}]\n{lines}\n");
        let text = format!("{text}{lines}");
        let message = mended(&text, "name at least one", "[]", something);
        assert!(message.ends_with("or leave the table out"), "{message}");
        mended(&text, "or leave the table out", &lines, "");
    }
}

#[test]
fn what_does_not_belong_is_left_out() {
    let text = trained();
    mended(&text.replace(HEAD, &format!("title = \"a\\u0007\"\n{HEAD}")), "leave it out", "\\u0007", "");
    for (table, form) in [("supernet.network", "supernet"), ("zero-shot.network", "stand-alone network")] {
        let text = format!("{text}[{table}]\nlayers = 3\n");
        mended(&text, &format!("is not a size of the {form} of nb201; leave it out"), "layers = 3\n", "");
    }
    let recipe = format!(
        "{HEAD}architectures = 4\nseeds = [1]\nnetwork = {{ layers = 3 }}\n{IMAGES}[training]\nepochs = 1\nbatch = 10\nlearning-rate = 0.1\n"
    );
    let message = parse_recipe(&recipe, "a test").unwrap_err().to_string();
    assert!(message.ends_with("leave it out"), "{message}");
    parse_recipe(&recipe.replace("layers = 3", ""), "a test").unwrap();
    let several = text.replace("'iso'", "'iso'\nstrategy = 'fair'\narchitectures = 3");
    mended(&several, "a fair step has one architecture for each operation, so leave it out", "architectures = 3", "");
}

#[test]
fn what_cannot_be_drawn_is_drawn_as_the_error_says() {
    let text = trained();
    let darts = text.replace("'nb201'", "'nb301'").replace("'nb201-micro'", "'nb301-micro'");
    mended(&darts.replace("'iso'", "'deiso'"), "; use `iso`", "'deiso'", "'{}'");
    mended(&darts.replace("'iso'", "'iso'\nstrategy = 'fair'"), "; use `uniform` for nb301", "'fair'", "'{}'");
    let fair = text.replace("'iso'", "'deiso'\nstrategy = 'fair'");
    mended(&fair, "set supernet.sampling to `iso`", "'deiso'", "'{}'");
    let prune = "[supernet.prune]\nafter = 1\nkeep = 0.5\nby = 'oneshot_loss'\n";
    let pruned = format!("{}{prune}candidates = 9\n", text.replace("'iso'", "'iso'\nstrategy = 'fair'"));
    mended(&pruned, "set supernet.strategy to `uniform`", "'fair'", "'{}'");
    let all = format!("{text}{prune}");
    mended(&all, "give the number of architectures to draw", "after = 1", "after = 1\ncandidates = 9");
}

#[test]
fn epochs_that_are_missing_are_trained_kept_or_not_asked_for() {
    let one = trained().replace("epochs = 4", "epochs = 1");
    let prune = "[supernet.prune]\nafter = 1\nkeep = 0.5\nby = 'oneshot_loss'\ncandidates = 9\n";
    let kept = "checkpoints = [1]\n";
    for text in [format!("{one}{prune}"), one.replace("[supernet.training]", &format!("{kept}[supernet.training]"))] {
        let message = mended(&text, "supernet.training.epochs is 1; make it 2 or more", "epochs = 1", "epochs = 2");
        let (left_out, what) = if text.contains(prune) { (prune, "table") } else { (kept, "list") };
        mended(&text, &format!("or leave the {what} out"), left_out, "");
        assert!(message.starts_with("`supernet."), "{message}");
    }
    let text = format!("{}[one-shot]\naverage-last = [3]\n", trained());
    let message = mended(
        &text,
        "kept after 1 epoch only: list more epochs in supernet.checkpoints",
        "'iso'",
        "'iso'\ncheckpoints = [2, 3]",
    );
    assert!(message.ends_with("or ask for 1 at most"), "{message}");
    mended(&text, "or ask for 1 at most", "[3]", "[1]");
    // Four epochs have no five weights, and published scores have none.
    for text in [text.replace("[3]", "[5]"), format!("{HEAD}{IMAGES}{TRUTH}{PANEL}[one-shot]\naverage-last = [5]\n")] {
        let message = mended(&text, "only: ask for 1 at most", "[5]", "[1]");
        assert!(!message.contains("checkpoints"), "{message}");
    }
    mended(&text.replace("[3]", "[0]"), "asks for 0, and a mean is of 1 or more", "[0]", "[1]");
}

/// Each step does what the error says, until there is none.
#[test]
fn scores_of_trained_weights_get_what_they_need_step_by_step() {
    let mut text =
        format!("{HEAD}{IMAGES}{TRUTH}{PANEL}[zero-shot]\nweights = 'supernet'\nnetwork = {{ cells = 2 }}\n");
    let table = said(&text).rsplit_once("add ").unwrap().1.to_owned();
    text.extend([table.as_str(), "\n"]);
    assert!(said(&text).contains("missing field `sampling`"), "{}", said(&text));
    text += &SUPERNET.replace("[supernet]\n", "");
    let message = said(&text);
    assert!(message.contains("so `zero-shot.form` has to be `supernet` too"), "{message}");
    text = text.replace("weights =", &format!("form = '{}'\nweights =", last_quoted(&message)));
    let advice = "so `zero-shot.network` has to be that of the supernet, or left out";
    mended(&text, advice, "network = { cells = 2 }\n", "");
    mended(&text, advice, "[supernet]\n", "[supernet]\nnetwork = { cells = 2 }\n");
}

#[test]
fn a_word_that_is_suggested_is_taken() {
    use super::super::parse::SpecError;
    let text = trained();
    for (right, wrong) in [
        ("sampling", "samplin"),
        ("'iso'", "'isoo'"),
        ("learning-rate", "learningrate"),
        ("[images.synthetic]", "[images.sythetic]"),
    ] {
        let text = text.replace(right, wrong);
        let Err(SpecError::Syntax { help, .. }) = parse_spec(&text, "a test") else { panic!("{wrong} was taken") };
        let help = help.unwrap();
        let word = |text: &str| text.trim_matches(['\'', '[', ']']).rsplit('.').next().unwrap().to_owned();
        parse_spec(&text.replace(&word(wrong), last_quoted(&help)), "a test").unwrap();
    }
    let text = format!("{text}[variants.a.zero-shot]\nbacth = 2\n");
    let Err(SpecError::Syntax { help, .. }) = parse_spec(&text, "a test") else { panic!("bacth was taken") };
    parse_spec(&text.replace("bacth", last_quoted(&help.unwrap())), "a test").unwrap();
}

#[test]
fn every_operation_that_is_listed_can_be_left_out() {
    let text = format!("{}[supernet.without]\noperations = ['avg_pool']\n", trained());
    let message = said(&text);
    let names: Vec<&str> = message.split_once("the operations of nb201 are ").unwrap().1.split(", ").collect();
    assert_eq!(names.len(), 5, "{message}");
    for name in names {
        parse_spec(&text.replace("avg_pool", name.trim_matches('`')), "a test").unwrap();
    }
}

#[test]
fn a_unit_and_its_direction_are_given_together() {
    let digest = "0".repeat(64);
    let table = format!("[truth.table]\nfile = {{ path = 'a.csv', sha256 = '{digest}' }}\ncolumns = ['latency']\n");
    let spec = |lines: &str| format!("{HEAD}{IMAGES}{table}{lines}{PANEL}");
    let read = |lines: &str| parse_spec(&spec(lines), "a test").map(|spec| spec.truth.quantity());
    assert_eq!(read("").unwrap(), None);
    let quantity = read("unit = 'ms'\nbetter = 'lower'\n").unwrap().unwrap();
    assert_eq!(quantity.to_string(), "ms, lower is better");
    let missing =
        "`truth.table.better` is missing: with `unit`, say whether numbers that are `higher` or `lower` are better";
    for way in ["higher", "lower"] {
        let whole = format!("unit = 'ms'\nbetter = '{way}'\n");
        mended(&spec("unit = 'ms'\n"), missing, "unit = 'ms'\n", &whole);
    }
    let alone = "`truth.table.better` is for tables with `unit`";
    mended(&spec("better = 'lower'\n"), alone, "better = 'lower'\n", "");
    let long = "x".repeat(21);
    for unit in ["", "m[s", "m]s", "m,s", &long] {
        let line = format!("unit = '{unit}'");
        mended(&spec(&format!("{line}\nbetter = 'lower'\n")), "is no unit, such as `ms`", &line, "unit = '{}'");
    }
    for unit in ["%", "percent"] {
        let lines = format!("unit = '{unit}'\nbetter = 'higher'\n");
        mended(&spec(&lines), "leave it out, and `better`", &lines, "");
    }
    assert!(read(&format!("unit = '{}'\nbetter = 'higher'\n", &long[1..])).is_ok());
    assert!(
        said(&spec("unit = 'm\\u0007'\nbetter = 'higher'\n".replace('\'', "\"").as_str()))
            .contains("control character")
    );
}
