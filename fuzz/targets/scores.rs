//! Score files of all spaces: what is kept of a file is read again as the same scores.

#![no_main]

use libfuzzer_sys::fuzz_target;
use nas_assay::experiment::ScoreTable;
use nas_assay::space::SpaceId;

fuzz_target!(|bytes: &[u8]| {
    for space in SpaceId::ALL {
        let _ = ScoreTable::parse_strictly("a file", bytes.to_vec(), space);
        let Ok((table, oddities)) = ScoreTable::parse("a file", bytes.to_vec(), space) else { continue };
        for oddity in &oddities.named {
            assert!(oddity.to_string().len() < 2_000, "{oddity}");
        }
        let Ok(kept) = table.rewritten("score") else { continue };
        let (again, oddities) =
            ScoreTable::parse("a file", kept.clone().into_bytes(), space).expect("what was kept is read");
        assert_eq!(oddities.count, 0, "{kept}");
        assert_eq!(again.rewritten("score").expect("a column"), kept);
    }
});
