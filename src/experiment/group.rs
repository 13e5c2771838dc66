//! Score stages that read the same networks and are computed together.

use super::ExperimentError;
use super::plan::Weights;
use crate::estimator::{Estimator, EstimatorError, EstimatorKind, Need, Probe, Reading};
use crate::spec::StageKey;

/// Score stages that share the panel, the kind of estimator, the weights of a supernet, and all settings but the number of batches.
pub(super) struct Group<'a> {
    /// Position of the panel.
    pub panel: usize,
    /// The panel's name.
    pub panel_name: &'a str,
    /// Position of the settings among [`Resolved::arms`](super::Resolved::arms): those with the most batches.
    pub arm: usize,
    /// The names of the variants that its stages are of.
    pub variants: Vec<&'a str>,
    pub kind: EstimatorKind,
    /// Whether its only member is another program.
    pub external: bool,
    /// The weights of the supernet that they read, if they read one.
    pub weights: Option<&'a Weights>,
    pub members: Vec<Member<'a>>,
}

/// An estimator of a group.
pub(super) struct Member<'a> {
    pub estimator: &'a dyn Estimator,
    /// Its stages. Each wants the mean over so many of the first batches, and all batches are read once for all of them.
    pub stages: Vec<(&'a StageKey, usize)>,
}

impl Member<'_> {
    /// Whether one of its stages wants the batch with this number, from 0.
    pub fn wants(&self, place: usize) -> bool {
        self.stages.iter().any(|(_, batches)| place < *batches)
    }
}

impl<'a> Group<'a> {
    /// The stages of all members, in the order of the readings in a row.
    pub fn stages(&self) -> impl Iterator<Item = (&'a StageKey, &'a dyn Estimator)> {
        self.members.iter().flat_map(|member| member.stages.iter().map(|&(key, _)| (key, member.estimator)))
    }

    /// Adds a stage that wants the mean over so many batches.
    pub fn add(&mut self, key: &'a StageKey, estimator: &'a dyn Estimator, batches: usize) {
        match self.members.iter_mut().find(|member| member.estimator.meta().id == estimator.meta().id) {
            Some(member) => member.stages.push((key, batches)),
            None => self.members.push(Member { estimator, stages: vec![(key, batches)] }),
        }
    }

    /// The members that want the batch with this number.
    pub fn wanting(&self, place: usize) -> Vec<&Member<'a>> {
        self.members.iter().filter(|member| member.wants(place)).collect()
    }

    /// The reading of each of these members for one probe.
    ///
    /// # Errors
    /// The first member that cannot score, and why.
    pub fn read(&self, members: &[&Member<'_>], probe: &Probe<'_>) -> Result<Vec<Reading>, ExperimentError> {
        let reading = |(place, Member { estimator, .. }): (usize, &&Member<'_>)| {
            estimator.score(probe).map_err(|source| {
                // Another program shares no pass, and an answer of it is final.
                let alone = if self.external { None } else { failed_alone(&members[place..], probe) };
                let (failed, source) = alone.unwrap_or((*estimator, source));
                ExperimentError::Scoring {
                    panel: self.panel_name.to_owned(),
                    estimator: failed.meta().id.to_owned(),
                    architecture: probe.architecture().to_string(),
                    source,
                }
            })
        };
        members.iter().enumerate().map(reading).collect()
    }
}

/// What these members need from a probe.
pub(super) fn needs(members: &[&Member<'_>]) -> Vec<Need> {
    members.iter().flat_map(|member| member.estimator.meta().needs.to_vec()).collect()
}

/// The first of these members that cannot score with a probe of its own, and why. The pass over the batch is shared: if it fails, whoever
/// asks first gets the error, although another member may need what failed.
fn failed_alone<'a>(members: &[&Member<'a>], probe: &Probe<'_>) -> Option<(&'a dyn Estimator, EstimatorError)> {
    members.iter().find_map(|Member { estimator, .. }| {
        let own = probe.for_needs(estimator.meta().needs.iter().copied());
        estimator.score(&own).err().map(|error| (*estimator, error))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimator::Suite;
    use crate::images::Batch;
    use crate::net::{Engine, Init, NetConfig, Network};
    use crate::seed::Seed;
    use crate::space::{SpaceId, nb201};
    use candle_core::{DType, Device, Tensor};

    /// The composed layers give no second derivatives here, which `grasp` alone needs, and a single image of a few pixels has no `synflow_bn`.
    #[test]
    fn an_error_names_the_estimator_that_failed() {
        let skeleton = nb201::Skeleton { channels: 2, cells: 1, resolution: 4, ..nb201::Skeleton::default() }.into();
        let config = NetConfig { skeleton, dtype: DType::F32, device: Device::Cpu };
        let architecture = SpaceId::Nb201.sample(&mut Seed::root(3).stream());
        let network = Network::stand_alone(architecture, &config, Init::Seeded(Seed::root(1))).unwrap();
        let mut stream = Seed::root(2).stream();
        let pixels: Vec<f32> = (0..4 * 3 * 4 * 4).map(|_| stream.normal() as f32).collect();
        let batch = Batch {
            images: Tensor::from_vec(pixels, (4, 3, 4, 4), &Device::Cpu).unwrap(),
            labels: Tensor::new(&[1_u32, 0, 4, 9], &Device::Cpu).unwrap(),
        };
        let suite = Suite::builtin();
        let key = StageKey::of("scores", &"a test").unwrap();
        let read = |ids: &[&str]| {
            let member = |id: &&str| Member { estimator: suite.find(id).unwrap(), stages: vec![(&key, 1)] };
            let members = ids.iter().map(member).collect();
            let group = Group {
                panel: 0,
                panel_name: "all",
                arm: 0,
                variants: Vec::new(),
                kind: EstimatorKind::ZeroShot,
                external: false,
                weights: None,
                members,
            };
            let members = group.wanting(0);
            let probe = Probe::new(architecture, &network, Engine::Composed, needs(&members)).with_batch(&batch);
            group.read(&members, &probe)
        };
        for (ids, failed, why) in [
            (&["l2_norm", "snip", "grasp", "synflow_bn"][..], "grasp", "second derivatives"),
            (&["snip", "synflow_bn"], "synflow_bn", "a variance needs two values"),
        ] {
            let Err(ExperimentError::Scoring { estimator, source, .. }) = read(ids) else { panic!("{ids:?} score") };
            assert!(estimator == failed && source.to_string().contains(why), "{ids:?}: {estimator}: {source}");
        }
        assert_eq!(read(&["l2_norm", "snip"]).unwrap().len(), 2);
    }
}
