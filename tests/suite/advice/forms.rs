//! Advice about texts of architectures.

use super::{after, printed, quoted};
use crate::common::Bench;

/// Every form that is named between backquotes reads the text.
fn named_forms_read(space: &str, text: &str, forms: usize) {
    let bench = Bench::new();
    bench.write("lines.txt", format!("{text}\n"));
    let read = ["architectures", "--space", space, "lines.txt"];
    let said = printed(&bench.run(&read).exits(5));
    let option = &quoted(after(&said, "name the form of the lines with ", &[]))[0];
    let option = option.split(' ').next().unwrap();
    let named: Vec<String> = quoted(after(&said, "name the form", &[])).into_iter().take(forms).collect();
    assert_eq!(named.len(), forms, "{said}");
    let found: Vec<String> =
        named.iter().map(|form| bench.run(&[&read[..], &[option, form]].concat()).exits(0).stdout).collect();
    // Two meanings, two architectures.
    assert!(forms == 1 || found[0] != found[1], "{found:?}");
    // A score file of the same texts has the same forms.
    bench.write("mine.csv", format!("arch,score\n\"{text}\",1\n"));
    let verify = ["verify", "--space", space, "--scores", "mine.csv"];
    let said = printed(&bench.run(&verify).exits(4));
    assert!(said.contains("has no readable architecture") || said.contains("have no readable"), "{said}");
    for form in named {
        let said = printed(&bench.run(&[&verify[..], &["--form", &form]].concat()).exits(4));
        assert!(!said.contains("readable"), "{said}");
    }
}

#[test]
fn a_text_with_several_meanings_is_read_in_each_form_that_is_named() {
    named_forms_read("nb201", "(0, 0, 2, 1, 3, 0)", 2);
    named_forms_read("nb201", "Identity,Zero,ReLUConvBN3x3,ReLUConvBN1x1,AvgPool1x1,Identity", 2);
    named_forms_read("nb201", "1462", 1);
    let pairs = "((0, 2), (1, 2), (1, 4), (2, 3), (1, 3), (2, 3), (0, 6), (2, 3))";
    named_forms_read("nb301", &format!("({pairs}, {pairs})"), 2);
}

#[test]
fn a_matrix_that_is_kept_as_text_is_read() {
    let bench = Bench::new();
    let matrix = "0100000001000000011100000101000001000000010000000";
    let labels = "input|conv3x3-bn-relu|conv3x3-bn-relu|maxpool3x3|conv1x1-bn-relu|conv1x1-bn-relu|output";
    let read = |text: &str| {
        bench.write("lines.txt", format!("{text}:{labels}\n"));
        bench.run(&["architectures", "--space", "nb101", "lines.txt"])
    };
    for lost in [&matrix[1..], &format!("{matrix}.0"), "1.0000000111e47"] {
        let said = printed(&read(lost).exits(5));
        assert!(said.contains("keep them as text"), "{said}");
    }
    read(matrix).exits(0);
}

#[test]
fn architectures_that_are_too_many_are_drawn() {
    let bench = Bench::new();
    let said = printed(&bench.run(&["architectures", "--space", "nb301", "--all"]).exits(2));
    let advice = quoted(&said).remove(0).replace('N', "3");
    let words: Vec<&str> = advice.split(' ').collect();
    let drawn = bench.run(&[&["architectures", "--space", "nb301"], &words[..]].concat()).exits(0).stdout;
    assert_eq!(drawn.lines().count(), 3);
}
