//! Files of weights that come from anywhere.

#![no_main]

use std::cell::LazyCell;
use std::sync::LazyLock;

use candle_core::DType;
use libfuzzer_sys::fuzz_target;
use nas_assay::estimator::Estimator;
use nas_assay::experiment::{GivenSize, WeightsToScore, score_weights};
use nas_assay::space::SpaceId;
use nas_assay::{Backend, Suite};
use nas_assay_fuzz::{ARCHITECTURE, folder};

static SUITE: LazyLock<Suite> = LazyLock::new(Suite::builtin);

thread_local! {
    static FOLDER: LazyCell<tempfile::TempDir> = const { LazyCell::new(folder) };
}

fuzz_target!(|bytes: &[u8]| {
    FOLDER.with(|folder| {
        let path = folder.path().join("weights.safetensors");
        std::fs::write(&path, bytes).expect("a file");
        let estimators: Vec<&dyn Estimator> =
            ["l2_norm", "snip"].iter().map(|id| SUITE.find(id).expect("an estimator")).collect();
        // With a description in the file, and of the architecture that is asked for without one.
        for (space, architecture) in [(None, None), (Some(SpaceId::Nb201), Some(ARCHITECTURE))] {
            let of = WeightsToScore { path: &path, space, architecture, network: None, given: GivenSize::default() };
            let _ = score_weights(&of, &estimators, DType::F32, &Backend::cpu());
        }
    });
});
