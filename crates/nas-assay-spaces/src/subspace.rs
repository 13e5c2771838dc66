//! A search space without some of its operations.

use super::{Architecture, SpaceId, nb101, nb201, nb301, table_only};
use nas_assay_base::seed::Stream;

/// The version of sub-spaces. Raise it when leaving out the same operations leaves other architectures, or another order of them.
pub const SUB_SPACE_VERSION: u32 = 2;

/// The raw encodings of a space without any operation that is left out, whether it would be executed or not. At least one convolution
/// stays, so that there is something to train.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubSpace {
    space: SpaceId,
    /// Indices of the operations that stay, in the space's list.
    operations: Vec<usize>,
}

/// The operations cannot be left out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubSpaceError {
    /// The space has no operation of that name.
    #[error("names `{}`; {}", nas_assay_base::text::excerpt(name), known(*space))]
    Unknown {
        /// The space.
        space: SpaceId,
        /// The name.
        name: String,
    },
    /// No convolution is left to train.
    #[error("leaves no convolution of {space}, so that there is nothing to train")]
    Untrainable {
        /// The space.
        space: SpaceId,
    },
}

fn known(space: SpaceId) -> String {
    match space.positions().operations {
        [] => format!("{space} has no operations to leave out"),
        operations => format!("the operations of {space} are {}", operations.join(", ")),
    }
}

impl SubSpace {
    /// `space` without the operations of these names.
    ///
    /// # Errors
    /// If the space has no operation of some name, or no convolution is left.
    pub fn without(space: SpaceId, names: &[String]) -> Result<Self, SubSpaceError> {
        let all = space.positions().operations;
        if let Some(name) = names.iter().find(|name| !all.contains(&name.as_str())) {
            return Err(SubSpaceError::Unknown { space, name: name.clone() });
        }
        let operations: Vec<usize> =
            (0..all.len()).filter(|&place| !names.iter().any(|name| name == all[place])).collect();
        let convolution = |&place: &usize| match space {
            SpaceId::Nb101 => nb101::Operation::ALL[place].conv_kernel().is_some(),
            SpaceId::Nb201 => nb201::Operation::ALL[place].conv_kernel().is_some(),
            SpaceId::Nb301 => nb301::Operation::ALL[place].is_convolution(),
            // A digit is a place in the list of operations, and 2 and 3 are the convolutions.
            SpaceId::Table(_) => place >= 2,
            SpaceId::NdsResnet | SpaceId::NdsResnextA => false,
        };
        if all.is_empty() || operations.iter().any(convolution) {
            Ok(Self { space, operations })
        } else {
            Err(SubSpaceError::Untrainable { space })
        }
    }

    /// Whether an architecture of the space has only operations that stay.
    pub fn contains(&self, architecture: Architecture) -> bool {
        let stays = |place: usize| self.operations.contains(&place);
        match architecture {
            Architecture::Nb101(cell) => cell.operations().iter().all(|&operation| stays(operation as usize)),
            Architecture::Nb201(cell) => cell.operations().iter().all(|&operation| stays(operation as usize)),
            Architecture::Nb301(cells) => {
                let edges = [nb301::CellKind::Normal, nb301::CellKind::Reduce].map(|kind| cells.cell(kind).edges());
                edges.into_iter().flatten().all(|edge| stays(edge.operation as usize))
            }
            Architecture::Table(of) if !self.operations.is_empty() => {
                of.choices().iter().all(|&choice| stays(usize::from(choice)))
            }
            Architecture::NdsResnet(_) | Architecture::NdsResnextA(_) | Architecture::Table(_) => true,
        }
    }

    /// One architecture for each class under the paper's key that has a member in the sub-space, in the space's order; `None` if the space
    /// has no list of classes. Isomorphic cells of NAS-Bench-101 have the same operations. A class of NAS-Bench-201 can be partly in the
    /// sub-space; then its first member in the sub-space is taken.
    pub fn representatives(&self) -> Option<Vec<Architecture>> {
        if self.space != SpaceId::Nb201 {
            let all = self.space.representatives()?;
            return Some(all.into_iter().filter(|&architecture| self.contains(architecture)).collect());
        }
        let classes = nb201::Classes::paper();
        let mut seen = vec![false; classes.sizes().len()];
        let here = nb201::Architecture::all().filter(|&cell| self.contains(cell.into()));
        let first = here.filter(|&cell| !std::mem::replace(&mut seen[classes.class_of(cell)], true));
        Some(first.map(Architecture::from).collect())
    }

    /// A uniformly drawn raw encoding.
    pub fn sample(&self, stream: &mut Stream) -> Architecture {
        match self.space {
            SpaceId::Nb101 => nb101::Architecture::sample_of(&self.of(&nb101::Operation::ALL), stream).into(),
            SpaceId::Nb201 => nb201::Architecture::sample_of(&self.nb201_operations(), stream).into(),
            SpaceId::Nb301 => nb301::Architecture::sample_of(&self.of(&nb301::Operation::ALL), stream).into(),
            SpaceId::Table(space) if !self.operations.is_empty() => {
                let choices = [(); 6].map(|()| self.operations[stream.index(self.operations.len())] as u8);
                table_only::Architecture::of(space, &choices).map_or_else(|| self.space.sample(stream), Into::into)
            }
            SpaceId::NdsResnet | SpaceId::NdsResnextA | SpaceId::Table(_) => self.space.sample(stream),
        }
    }

    /// The operations that stay, for NAS-Bench-201.
    pub fn nb201_operations(&self) -> Vec<nb201::Operation> {
        self.of(&nb201::Operation::ALL)
    }

    fn of<T: Copy>(&self, all: &[T]) -> Vec<T> {
        self.operations.iter().filter_map(|&place| all.get(place).copied()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nas_assay_base::seed::Seed;
    use proptest::prelude::*;

    fn without(space: SpaceId, names: &[&str]) -> Result<SubSpace, SubSpaceError> {
        SubSpace::without(space, &names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
    }

    /// The number of NAS-Bench-201 classes that have a member without an operation. The paper's key treats convolutions and pooling alike,
    /// so their counts are equal. The published counts (`analysis_op_pruning.py` of Ning et al.: 3,131, 2,155, 1,219, 1,215, 1,219) differ:
    /// they are of classes whose representative in the authors' list lacks the operation.
    #[test]
    fn classes_without_an_operation_are_counted() {
        let counts = nb201::Operation::ALL.map(|operation| {
            let sub = without(SpaceId::Nb201, &[operation.name()]).unwrap();
            let found = sub.representatives().unwrap();
            assert!(found.iter().all(|&architecture| sub.contains(architecture)) && found.is_sorted_by(|a, b| a < b));
            found.len()
        });
        assert_eq!(counts, [3_131, 2_248, 1_236, 1_236, 1_236]);
        assert_eq!(without(SpaceId::Nb201, &[]).unwrap().representatives(), SpaceId::Nb201.representatives());
    }

    #[test]
    fn isomorphic_cells_of_nas_bench_101_have_the_same_operations() {
        let sub = without(SpaceId::Nb101, &["maxpool3x3"]).unwrap();
        // 60 patterns of connections, and two operations left for each of five vertices.
        assert_eq!(sub.representatives().unwrap().len(), 60 * 32);
        assert_eq!(without(SpaceId::NdsResnet, &[]).unwrap().representatives(), None);
    }

    #[test]
    fn what_cannot_be_left_out_is_refused() {
        let message = |space, names: &[&str]| without(space, names).unwrap_err().to_string();
        let unknown = message(SpaceId::Nb201, &["avg_pool"]);
        assert!(unknown.starts_with("names `avg_pool`; the operations of nb201 are none, skip_connect"), "{unknown}");
        assert!(message(SpaceId::NdsResnet, &["none"]).ends_with("nds_resnet has no operations to leave out"));
        let bare = message(SpaceId::Nb101, &["conv1x1-bn-relu", "conv3x3-bn-relu"]);
        assert!(bare.contains("no convolution of nb101"), "{bare}");
    }

    #[test]
    fn draws_are_uniform_over_the_sub_space() {
        let sub = without(SpaceId::Nb201, &["none", "skip_connect", "avg_pool_3x3"]).unwrap();
        let mut stream = Seed::root(4).stream();
        let mut drawn = std::collections::BTreeMap::new();
        for _ in 0..64_000 {
            *drawn.entry(sub.sample(&mut stream)).or_insert(0_i32) += 1;
        }
        assert_eq!(drawn.len(), 64);
        assert!(drawn.values().all(|count| (count - 1_000).abs() < 160), "five standard deviations: {drawn:?}");
    }

    proptest! {
        #[test]
        fn draws_stay_in_the_sub_space(seed: u64, space in prop::sample::select(SpaceId::NAMED.to_vec()), left_out: prop::sample::Index) {
            let all = space.positions().operations;
            let names: Vec<&str> = if all.is_empty() { Vec::new() } else { vec![all[left_out.index(all.len())]] };
            let sub = without(space, &names).unwrap();
            let drawn = sub.sample(&mut Seed::root(seed).stream());
            prop_assert!(sub.contains(drawn));
            prop_assert!(names.iter().all(|name| !drawn.to_string().contains(name)), "{}", drawn);
            let digits = drawn.to_string().replace("64-41414-", "");
            prop_assert!(space.has_network() || names.is_empty() || !digits.contains(&left_out.index(all.len()).to_string()));
        }
    }
}
