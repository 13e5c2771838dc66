//! Texts of architectures of all spaces: what is accepted is written as the same architecture, and its canonical form and counts exist.

#![no_main]

use libfuzzer_sys::fuzz_target;
use nas_assay::space::{Architecture, SpaceId};

fuzz_target!(|text: &str| {
    for space in SpaceId::ALL {
        let Ok(architecture) = Architecture::parse(space, text) else { continue };
        let written = architecture.to_string();
        let again = Architecture::parse(space, &written).expect("what was written is read");
        assert_eq!(again, architecture, "{written}");
        let _ = architecture.has_live_convolution();
    }
});
