//! Texts of architectures of all spaces, in the text form and in those of other tools: what is accepted is written as the same architecture
//! in every form, and its canonical form and counts exist; why another is refused can be said.

#![no_main]

use libfuzzer_sys::fuzz_target;
use nas_assay::space::spelling::{Form, Spelled, read, recognise, write};
use nas_assay::space::{Architecture, SpaceId};

/// Writes an architecture in every form and reads it again.
fn survives(architecture: Architecture) {
    let space = architecture.space();
    for &form in Form::of(space) {
        let written = write(architecture, form).expect("a form of its space");
        let due = match architecture {
            Architecture::Nb101(cell) if form == Form::Hash => Spelled::Hash(cell.hash()),
            _ => Spelled::Architecture(architecture),
        };
        assert_eq!(read(space, &written, Some(form)), Ok(due), "{form}: {written}");
    }
    assert_eq!(Architecture::parse(space, &architecture.to_string()), Ok(architecture));
}

fuzz_target!(|text: &str| {
    for space in SpaceId::ALL {
        if let Ok(architecture) = Architecture::parse(space, text) {
            assert_eq!(architecture.to_string(), text);
            assert_eq!(recognise(space, text), Ok((Form::Text, Spelled::Architecture(architecture))));
            let _ = architecture.has_live_convolution();
        }
        for form in Form::of(space).iter().copied().map(Some).chain([None]) {
            match read(space, text, form) {
                Ok(Spelled::Architecture(architecture)) => survives(architecture),
                Ok(Spelled::Hash(hash)) => assert_eq!(hash.to_string().parse(), Ok(hash)),
                Err(error) => {
                    assert!(error.position().is_none_or(|at| text.is_char_boundary(at)), "{error}");
                    assert!(!error.to_string().is_empty());
                }
            }
        }
        // What is recognised is read as the same with the form's name.
        if let Ok((form, spelled)) = recognise(space, text) {
            assert_eq!(read(space, text, Some(form)), Ok(spelled), "{form}");
        }
    }
});
