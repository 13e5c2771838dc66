//! Structural baselines: counts of an architecture that need no network, no weights and no image.
//!
//! On several benchmarks such a count ranks as well as most published estimators do, so that a score is worth its cost only if it ranks
//! better. All counts are integers, so that architectures with equal counts tie.
//!
//! | count | what | spaces |
//! |---|---|---|
//! | [`LiveParams`](Structure::LiveParams) | parameters of the benchmark's own network, on live paths | those with networks |
//! | [`LiveFlops`](Structure::LiveFlops) | multiply-accumulates of it, on live paths | those with networks |
//! | [`LiveConvolutions`](Structure::LiveConvolutions) | convolutions on live paths | those of cells |
//! | [`Depth`](Structure::Depth) | convolutions on the longest path; blocks or modules | all but NATS-Bench's sizes |
//! | [`LogWidths`](Structure::LogWidths) | sum of the logarithms of the widths | those that decide widths |
//! | [`Expansion`](Structure::Expansion) | expansion times layers | `nds_resnext_a` |
//! | [`DownSamplings`](Structure::DownSamplings) | modules that halve the resolution, fewer are better | `tnb101_macro` |

use super::nds::STAGES;
use super::{Architecture, Census, SpaceId, TableSpace, nb101, nb201, nb301, nds};

/// A structural baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Structure {
    /// Parameters on live paths.
    LiveParams,
    /// Multiply-accumulates on live paths.
    LiveFlops,
    /// Convolutions on live paths.
    LiveConvolutions,
    /// Convolutions on the longest path; residual blocks or modules where all of them are in a row.
    Depth,
    /// Sum of the logarithms of the widths.
    LogWidths,
    /// Sum over stages of the bottleneck ratio times the number of blocks.
    Expansion,
    /// Modules that halve the resolution.
    DownSamplings,
}

impl Structure {
    /// Those that a space has, in the order of reports.
    pub const fn of(space: SpaceId) -> &'static [Self] {
        use Structure::{Depth, DownSamplings, Expansion, LiveConvolutions, LiveFlops, LiveParams, LogWidths};
        match space {
            SpaceId::Nb101 | SpaceId::Nb201 | SpaceId::Nb301 => &[LiveParams, LiveFlops, LiveConvolutions, Depth],
            SpaceId::NdsResnet => &[LiveParams, LiveFlops, Depth, LogWidths],
            SpaceId::NdsResnextA => &[LiveParams, LiveFlops, Depth, LogWidths, Expansion],
            SpaceId::Table(TableSpace::NatsSss) => &[LogWidths],
            SpaceId::Table(TableSpace::Tnb101Micro) => &[LiveConvolutions, Depth],
            SpaceId::Table(TableSpace::Tnb101Macro) => &[Depth, LogWidths, DownSamplings],
        }
    }

    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LiveParams => "live_params",
            Self::LiveFlops => "live_flops",
            Self::LiveConvolutions => "live_convs",
            Self::Depth => "depth",
            Self::LogWidths => "log_width_sum",
            Self::Expansion => "expansion_depth",
            Self::DownSamplings => "down_samplings",
        }
    }

    /// Whether an architecture with a lower count is taken as the better one.
    pub const fn is_lower_better(self) -> bool {
        matches!(self, Self::DownSamplings)
    }

    /// The count of an architecture; `None` if its space does not have this one.
    ///
    /// ```
    /// use nas_assay_spaces::{Architecture, SpaceId, Structure};
    ///
    /// let network = Architecture::parse(SpaceId::NdsResnet, "d12,12,16 w24,32,40")?;
    /// assert_eq!(Structure::Depth.count(network), Some(40));
    /// assert_eq!(Structure::LogWidths.count(network), Some(24 * 32 * 40));
    /// assert_eq!(Structure::LiveConvolutions.count(network), None);
    /// # Ok::<(), nas_assay_spaces::ArchitectureError>(())
    /// ```
    pub fn count(self, architecture: Architecture) -> Option<u64> {
        match self {
            Self::LiveParams => live_census(architecture).map(|census| census.params),
            Self::LiveFlops => live_census(architecture).map(|census| census.flops),
            Self::LiveConvolutions => architecture.liveness().map(|found| u64::from(found.convolutions)),
            Self::Depth => depth(architecture),
            Self::LogWidths => log_widths(architecture),
            Self::Expansion => expansion(architecture),
            Self::DownSamplings => down_samplings(architecture),
        }
    }
}

/// The counts of the benchmark's own network, in which each architecture is trained alone. Only what is executed is counted.
fn live_census(architecture: Architecture) -> Option<Census> {
    Some(match architecture {
        Architecture::Nb101(cell) => cell.census(&nb101::StandAlone::default()),
        Architecture::Nb201(cell) => cell.census(&nb201::Skeleton::default()),
        Architecture::Nb301(cells) => cells.census(&nb301::Skeleton::STAND_ALONE),
        Architecture::NdsResnet(network) => network.census(&nds::Skeleton::STAND_ALONE).counts,
        Architecture::NdsResnextA(network) => network.census(&nds::Skeleton::STAND_ALONE).counts,
        Architecture::Table(_) => return None,
    })
}

/// Convolutions on the longest path of a cell (of both cells of NAS-Bench-301), residual blocks, or modules. The networks of NATS-Bench's
/// sizes all have the same depth.
fn depth(architecture: Architecture) -> Option<u64> {
    match architecture {
        Architecture::NdsResnet(network) => Some(network.depth() as u64),
        Architecture::NdsResnextA(network) => Some(network.depth() as u64),
        Architecture::Table(network) if network.space() == TableSpace::Tnb101Macro => {
            Some(network.choices().len() as u64)
        }
        cell => cell.liveness().map(|found| u64::from(found.depth)),
    }
}

/// A number that ranks as the sum of the logarithms of the widths does: in NATS-Bench the product of the five widths and in the design
/// spaces that of the three. In TransNAS-Bench-101 it is the sum itself, with base 2, over the modules: the first has 64 channels, and some
/// double them. A sum of rounded logarithms would tell apart some sets of widths with equal products.
fn log_widths(architecture: Architecture) -> Option<u64> {
    let product = |widths: [usize; STAGES]| widths.iter().map(|&width| width as u64).product();
    match architecture {
        Architecture::NdsResnet(network) => Some(product(network.widths())),
        Architecture::NdsResnextA(network) => Some(product(network.widths())),
        Architecture::Table(network) => match network.space() {
            TableSpace::NatsSss => network.widths().map(|widths| widths.into_iter().map(u64::from).product()),
            TableSpace::Tnb101Macro => {
                let widths = network.choices().iter().scan(6, |log, choice| {
                    *log += u64::from(choice & 1);
                    Some(*log)
                });
                Some(widths.sum())
            }
            TableSpace::Tnb101Micro => None,
        },
        Architecture::Nb101(_) | Architecture::Nb201(_) | Architecture::Nb301(_) => None,
    }
}

/// The sum over stages of the bottleneck ratio times the number of blocks, in quarters.
fn expansion(architecture: Architecture) -> Option<u64> {
    let Architecture::NdsResnextA(network) = architecture else { return None };
    let quarters = network.values(2).into_iter().map(u64::from);
    Some(network.depths().into_iter().zip(quarters).map(|(depth, quarters)| depth as u64 * quarters).sum())
}

/// The number of modules that halve the resolution.
fn down_samplings(architecture: Architecture) -> Option<u64> {
    match architecture {
        Architecture::Table(network) => network.down_samplings().map(u64::from),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nas_assay_base::seed::Seed;
    use std::collections::BTreeSet;

    const ALL: [Structure; 7] = [
        Structure::LiveParams,
        Structure::LiveFlops,
        Structure::LiveConvolutions,
        Structure::Depth,
        Structure::LogWidths,
        Structure::Expansion,
        Structure::DownSamplings,
    ];

    fn counts(space: SpaceId, text: &str) -> Vec<u64> {
        let architecture = Architecture::parse(space, text).unwrap();
        Structure::of(space).iter().map(|structure| structure.count(architecture).unwrap()).collect()
    }

    #[test]
    fn a_space_has_the_counts_that_it_lists_and_no_others() {
        let mut stream = Seed::root(2).stream();
        for space in SpaceId::NAMED {
            for _ in 0..50 {
                let drawn = space.sample(&mut stream);
                for structure in ALL {
                    let listed = Structure::of(space).contains(&structure);
                    assert_eq!(structure.count(drawn).is_some(), listed, "{} of {drawn}", structure.name());
                }
            }
        }
        assert_eq!(ALL.map(Structure::name).into_iter().collect::<BTreeSet<_>>().len(), ALL.len());
        let lower = ALL.into_iter().filter(|structure| structure.is_lower_better());
        assert_eq!(lower.collect::<Vec<_>>(), [Structure::DownSamplings]);
    }

    #[test]
    fn counts_are_those_by_hand() {
        use SpaceId::{NdsResnet, NdsResnextA, Table};
        assert_eq!(counts(Table(TableSpace::NatsSss), "8:16:24:32:64"), [8 * 16 * 24 * 32 * 64]);
        // Skip on 0-1; 3×3 on 0-2, 0-3 and 1-3; 1×1 on 2-3; none on 1-2.
        assert_eq!(counts(Table(TableSpace::Tnb101Micro), "64-41414-1_30_332"), [4, 2]);
        // 64, 128 (smaller too), 128 (smaller), 256.
        assert_eq!(counts(Table(TableSpace::Tnb101Macro), "64-1432-basic"), [4, 6 + 7 + 7 + 8, 2]);
        assert_eq!(counts(NdsResnet, "d1,2,1 w16,24,32")[2..], [4, 16 * 24 * 32]);
        // 1 · 1/2 + 8 · 1/4 + 4 · 1, in quarters.
        assert_eq!(counts(NdsResnextA, "d1,8,4 w64,32,16 r0.5,0.25,1 g1,4,2")[2..], [13, 64 * 32 * 16, 2 + 8 + 16]);
        let live = "|nor_conv_3x3~0|+|nor_conv_1x1~0|none~1|+|none~0|skip_connect~1|avg_pool_3x3~2|";
        assert_eq!(counts(SpaceId::Nb201, live), [342_106, 47_104_640, 2, 1]);
    }

    /// 28 numbers of parameters and 7 of convolutions: the levels that a tau-b of them has ties in.
    #[test]
    fn levels_are_counted() {
        let levels = |space: TableSpace, structure: Structure| {
            space.all().filter_map(|one| structure.count(one.into())).collect::<BTreeSet<u64>>().len()
        };
        assert_eq!(levels(TableSpace::NatsSss, Structure::LogWidths), 336);
        let of = |structure: Structure| {
            nb201::Architecture::all().filter_map(|cell| structure.count(cell.into())).collect::<BTreeSet<u64>>().len()
        };
        assert_eq!([of(Structure::LiveParams), of(Structure::LiveConvolutions), of(Structure::Depth)], [28, 7, 4]);
    }

    #[test]
    fn dead_operations_do_not_count() {
        let dead = "|nor_conv_3x3~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|";
        let plain = "|none~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|";
        assert_eq!(counts(SpaceId::Nb201, dead), counts(SpaceId::Nb201, plain));
    }
}
