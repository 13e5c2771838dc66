//! Files whose first line is no header: what the error says to do makes the file readable.

use nas_assay_base::seed::Seed;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

/// The error for a file without a column of architectures.
fn missing(text: &str, space: SpaceId) -> MissingKey {
    match columns("s.csv", Box::new(text.as_bytes()), space) {
        Err(ScoreFileError::Unkeyed { key, .. }) => key,
        other => panic!("{text}: {other:?}"),
    }
}

proptest! {
    #[test]
    fn a_file_without_a_header_is_read_with_the_one_that_is_advised(
        space in select(SpaceId::ALL.to_vec()),
        separator in select(vec![',', ';', '\t']),
        before in 0usize..2,
        after in 0usize..3,
        seed: u64,
    ) {
        prop_assume!(before + after > 0);
        let text = space.sample(&mut Seed::root(seed).stream()).to_string();
        let cells = |count: usize| (0..count).map(|place| format!("0.{place}")).collect::<Vec<_>>();
        let row = [cells(before), vec![format!("\"{text}\"")], cells(after)].concat().join(&separator.to_string());
        let MissingKey::Header { header } = missing(&format!("{row}\n{row}\n"), space) else {
            panic!("{row}: no header is advised")
        };
        let whole = format!("{header}\n{row}\n");
        let known = columns("s.csv", Box::new(whole.as_bytes()), space).unwrap();
        prop_assert_eq!(known.len(), before + after);
        prop_assert_eq!(only_column("s.csv", Box::new(whole.as_bytes()), space).unwrap(), "score");
    }
}

#[test]
fn a_name_that_is_nearly_right_is_corrected() {
    let of = |header: &str| missing(&format!("{header}\n1,2\n"), SpaceId::Nb201);
    assert_eq!(of("archtecture,score"), MissingKey::Name { column: "archtecture".to_owned(), name: "architecture" });
    assert_eq!(of("score,arch-strs"), MissingKey::Name { column: "arch-strs".to_owned(), name: "arch_str" });
    assert!(matches!(of("network,score"), MissingKey::Column { .. }));
    // The separator is none that is known, so that the line is one cell.
    assert!(matches!(of("architecture|score"), MissingKey::Column { .. }));
}
