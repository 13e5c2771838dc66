//! The size of a network in a spec.

use serde::{Deserialize, Serialize};

use super::limits;
use super::types::Images;
use nas_assay_spaces::{Form, Skeleton, SpaceId, nb101, nb201, nb301, nds};

/// The size of a network. Every space has keys of its own. A key that is left out has the paper's value.
///
/// | space | stand-alone | supernet |
/// |---|---|---|
/// | `nb101` | `channels` (128), `cells` per stack (3) | `channels` (16), `cells` (3), `cell-affine` (true) |
/// | `nb201` | `channels` (16), `cells` per stage (5), `cell-affine` (false) | the same |
/// | `nb301` | `channels` (36), `layers` (8), `cell-affine` (true) | 16, 8, false |
/// | `nds_resnet`, `nds_resnext_a` | `width-divisor` (1), `stem-stride` (1), `cell-affine` (true) | 1, 1, false |
///
/// The pools of a supernet of `nb301` have a batch-norm, and those of a stand-alone network have none, whatever the keys say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Network {
    /// Channels of the first cells: [`CHANNELS`](limits::CHANNELS).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channels: Option<usize>,
    /// Number of cells per stack or stage: [`CELLS`](limits::CELLS).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cells: Option<usize>,
    /// Total number of cells: [`LAYERS`](limits::LAYERS).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layers: Option<usize>,
    /// Whether batch-norm inside cells or blocks has a scale and a shift.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cell_affine: Option<bool>,
    /// All widths of the space are divided by this number: [`WIDTH_DIVISOR`](limits::WIDTH_DIVISOR). It is 1, 2 or 4.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width_divisor: Option<usize>,
    /// Stride of the stem's convolution: [`STEM_STRIDE`](limits::STEM_STRIDE).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stem_stride: Option<usize>,
}

/// The size does not fit the space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// The wrong key, if it is a single one.
    pub key: Option<&'static str>,
    /// What is wrong.
    pub problem: String,
}

impl Network {
    /// The paper's size.
    pub const fn paper(space: SpaceId, form: Form) -> Self {
        const NOTHING: Network = Network {
            channels: None,
            cells: None,
            layers: None,
            cell_affine: None,
            width_divisor: None,
            stem_stride: None,
        };
        match (space, form) {
            (SpaceId::Nb101, Form::StandAlone) => Self { channels: Some(128), cells: Some(3), ..NOTHING },
            (SpaceId::Nb101, Form::Supernet) => {
                Self { channels: Some(16), cells: Some(3), cell_affine: Some(true), ..NOTHING }
            }
            (SpaceId::Nb201, _) => Self { channels: Some(16), cells: Some(5), cell_affine: Some(false), ..NOTHING },
            (SpaceId::Nb301, Form::StandAlone) => {
                Self { channels: Some(36), layers: Some(8), cell_affine: Some(true), ..NOTHING }
            }
            (SpaceId::Nb301, Form::Supernet) => {
                Self { channels: Some(16), layers: Some(8), cell_affine: Some(false), ..NOTHING }
            }
            (SpaceId::NdsResnet | SpaceId::NdsResnextA, form) => {
                let cell_affine = Some(matches!(form, Form::StandAlone));
                Self { width_divisor: Some(1), stem_stride: Some(1), cell_affine, ..NOTHING }
            }
            (SpaceId::Table(_), _) => NOTHING,
        }
    }

    /// Fills in the paper's value for every key that is left out, and checks the size.
    ///
    /// # Errors
    /// If the space has no such key, or no network has this size.
    pub fn resolve(&mut self, space: SpaceId, form: Form) -> Result<(), Misfit> {
        let paper = Self::paper(space, form);
        fill(&mut self.channels, paper.channels, "channels", space, form)?;
        fill(&mut self.cells, paper.cells, "cells", space, form)?;
        fill(&mut self.layers, paper.layers, "layers", space, form)?;
        fill(&mut self.cell_affine, paper.cell_affine, "cell-affine", space, form)?;
        fill(&mut self.width_divisor, paper.width_divisor, "width-divisor", space, form)?;
        fill(&mut self.stem_stride, paper.stem_stride, "stem-stride", space, form)?;
        for (key, size, limit) in [
            ("channels", self.channels, limits::CHANNELS),
            ("cells", self.cells, limits::CELLS),
            ("layers", self.layers, limits::LAYERS),
            ("width-divisor", self.width_divisor, limits::WIDTH_DIVISOR),
            ("stem-stride", self.stem_stride, limits::STEM_STRIDE),
        ] {
            if let Some(problem) = size.and_then(|size| limit.refusal(size as u64)) {
                return Err(Misfit { key: Some(key), problem });
            }
        }
        if !space.has_network() {
            return Ok(());
        }
        self.skeleton(space, form, 32).validate().map_err(|error| Misfit { key: None, problem: error.to_string() })
    }

    /// The skeleton of this size for square images with sides of `resolution` pixels and ten classes. A key that is left out has the
    /// paper's value. In a table-only space it stands for no network.
    pub fn skeleton(&self, space: SpaceId, form: Form, resolution: usize) -> Skeleton {
        self.sized(space, form, resolution, 10)
    }

    /// As [`skeleton`](Self::skeleton), for images of this size and with as many outputs as they have classes.
    pub fn skeleton_for(&self, space: SpaceId, form: Form, images: &Images) -> Skeleton {
        self.sized(space, form, images.resolution(), images.classes())
    }

    fn sized(&self, space: SpaceId, form: Form, resolution: usize, classes: usize) -> Skeleton {
        let paper = Self::paper(space, form);
        let size = |own: Option<usize>, paper: Option<usize>| own.or(paper).unwrap_or(1);
        let channels = size(self.channels, paper.channels);
        let cells = size(self.cells, paper.cells);
        let layers = size(self.layers, paper.layers);
        let affine = self.cell_affine.or(paper.cell_affine).unwrap_or(true);
        match (space, form) {
            (SpaceId::Nb101, Form::StandAlone) => {
                nb101::Skeleton::StandAlone(nb101::StandAlone { channels, cells, classes, resolution }).into()
            }
            (SpaceId::Nb101, Form::Supernet) => {
                let layers = cells.saturating_mul(3);
                nb101::Skeleton::Supernet(nb101::Supernet { channels, layers, classes, resolution, affine }).into()
            }
            (SpaceId::Nb201, _) => nb201::Skeleton { channels, cells, classes, resolution, cell_affine: affine }.into(),
            (SpaceId::Nb301, form) => {
                let pool_norm = matches!(form, Form::Supernet);
                nb301::Skeleton { channels, layers, classes, resolution, cell_affine: affine, pool_norm }.into()
            }
            (SpaceId::NdsResnet | SpaceId::NdsResnextA, form) => {
                let base = match form {
                    Form::StandAlone => nds::Skeleton::STAND_ALONE,
                    Form::Supernet => nds::Skeleton::SUPERNET,
                };
                let width_divisor = size(self.width_divisor, paper.width_divisor);
                let stem_stride = size(self.stem_stride, paper.stem_stride);
                nds::Skeleton { classes, resolution, block_affine: affine, width_divisor, stem_stride, ..base }.into()
            }
            (SpaceId::Table(space), _) => Skeleton::Table(space),
        }
    }
}

/// Fills in the paper's value for a key that is left out. A key that the paper's network does not have is an error.
fn fill<T>(own: &mut Option<T>, paper: Option<T>, key: &'static str, space: SpaceId, form: Form) -> Result<(), Misfit> {
    match (&own, paper) {
        (None, paper) => *own = paper,
        (Some(_), Some(_)) => {}
        (Some(_), None) => {
            let problem = format!("is not a size of the {} of {space}; leave it out", form.name());
            return Err(Misfit { key: Some(key), problem });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use nas_assay_spaces::Architecture;

    #[test]
    fn what_is_left_out_is_as_in_the_paper() {
        for space in SpaceId::ALL {
            for form in [Form::StandAlone, Form::Supernet] {
                let mut network = Network::default();
                network.resolve(space, form).unwrap();
                assert_eq!(network, Network::paper(space, form));
                assert_eq!(network.skeleton(space, form, 32), Network::default().skeleton(space, form, 32));
            }
        }
        let skeleton = |space, form| Network::default().skeleton(space, form, 32);
        let (alone, shared) = (Form::StandAlone, Form::Supernet);
        assert_eq!(skeleton(SpaceId::Nb101, alone), nb101::Skeleton::StandAlone(nb101::StandAlone::default()).into());
        assert_eq!(skeleton(SpaceId::Nb101, shared), nb101::Skeleton::Supernet(nb101::Supernet::default()).into());
        assert_eq!(skeleton(SpaceId::Nb201, shared), nb201::Skeleton::default().into());
        assert_eq!(skeleton(SpaceId::Nb301, alone), nb301::Skeleton::STAND_ALONE.into());
        assert_eq!(skeleton(SpaceId::Nb301, shared), nb301::Skeleton::SUPERNET.into());
        assert_eq!(skeleton(SpaceId::NdsResnet, alone), nds::Skeleton::STAND_ALONE.into());
        assert_eq!(skeleton(SpaceId::NdsResnextA, shared), nds::Skeleton::SUPERNET.into());
    }

    #[test]
    fn the_form_alone_says_whether_pools_have_a_norm() {
        let sizes = Network { channels: Some(16), layers: Some(8), cell_affine: Some(false), ..Network::default() };
        for (form, pool_norm) in [(Form::StandAlone, false), (Form::Supernet, true)] {
            let expected = nb301::Skeleton { pool_norm, ..nb301::Skeleton::SUPERNET };
            assert_eq!(sizes.skeleton(SpaceId::Nb301, form, 32), expected.into());
        }
    }

    /// The classifier has a weight for each channel and class, and a bias for each class; 64 channels reach that of NAS-Bench-201.
    #[test]
    fn classes_are_outputs_of_the_classifier() {
        use crate::spec::{ImageFiles, SyntheticImages};
        let set = || ImageFiles { files: Vec::new(), train: 2, validation: 2 };
        let text = "|nor_conv_3x3~0|+|skip_connect~0|nor_conv_1x1~1|+|none~0|avg_pool_3x3~1|nor_conv_3x3~2|";
        let counts = |channels: usize, images: &Images| {
            let network = Network { channels: Some(channels), ..Network::default() };
            let skeleton = network.skeleton_for(SpaceId::Nb201, Form::StandAlone, images);
            Architecture::parse(SpaceId::Nb201, text).unwrap().census(&skeleton).unwrap()
        };
        for channels in [4, 16] {
            let ten = counts(channels, &Images::Cifar10(set()));
            for (images, classes) in [(Images::Cifar100(set()), 100), (Images::Imagenet16(set()), 120)] {
                let found = counts(channels, &images);
                let width = 4 * channels as u64;
                assert_eq!(found.params - ten.params, (classes - 10) * (width + 1), "{channels} channels");
                assert_eq!(images.classes() as u64, classes);
            }
            // As many pixels as 32 x 32 have four times those of 16 x 16, but for the classifier.
            let small = counts(channels, &Images::Imagenet16(set())).flops - 120 * 4 * channels as u64;
            let large = ten.flops - 10 * 4 * channels as u64;
            assert_eq!(large, 4 * small, "{channels} channels");
        }
        let synthetic = SyntheticImages { seed: crate::spec::SeedValue(1), resolution: 16, train: 2, validation: 2 };
        assert_eq!(Images::Synthetic(synthetic).classes(), 10);
    }

    #[test]
    fn a_key_of_another_space_is_refused() {
        let mut network = Network { layers: Some(8), ..Network::default() };
        let misfit = network.resolve(SpaceId::Nb201, Form::Supernet).unwrap_err();
        assert_eq!(misfit.key, Some("layers"));
        assert_eq!(misfit.problem, "is not a size of the supernet of nb201; leave it out");
        let mut network = Network { channels: Some(0), ..Network::default() };
        let misfit = network.resolve(SpaceId::Nb101, Form::StandAlone).unwrap_err();
        assert_eq!((misfit.key, misfit.problem.as_str()), (Some("channels"), "is 0, and must be from 1 to 4,096"));
    }
}
