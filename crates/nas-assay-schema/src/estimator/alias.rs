//! Other names of estimators, as papers, tables and code of other projects have them.
//!
//! A name that is met for one estimator only is read as that estimator, wherever a name is read; its own name is what records and hashes
//! have. A name that is met for two is never read as either.

/// The own name of each estimator, and its other names, in the form of [`key`]. Those that are no part of this project are here, too, so
/// that scores of theirs from elsewhere have one name.
const ONE: [(&str, &[&str]); 42] = [
    ("params", &["n_params", "num_params", "nparams", "param_count", "parameters"]),
    ("flops", &["macs", "n_flops", "num_flops", "mult_adds", "gflops", "mflops"]),
    ("relu_count", &[]),
    ("relu_logdet", &["nwot", "naswot", "nas_wot", "nwot_relu", "hook_logdet", "logdet"]),
    ("jacob_cov", &["jacov", "jacobcov", "jacobian_cov", "jacob_cor", "naswot_v1"]),
    ("epe_nas", &["epe", "epenas", "epe_score"]),
    ("grad_norm", &["gradnorm", "gnorm", "gradient_norm"]),
    ("synflow", &["syn_flow", "synaptic_flow"]),
    ("synflow_bn", &[]),
    ("logsynflow", &[]),
    ("snr_synflow", &[]),
    ("snip", &[]),
    ("grasp", &[]),
    ("plain", &[]),
    ("fisher", &["fisher_pruning"]),
    ("l2_norm", &["l2norm", "weight_norm"]),
    ("gradsign_sum", &["grad_conflict"]),
    ("gradsign_mean", &[]),
    ("zen", &["zen_score", "zenscore", "zennas", "zen_nas"]),
    ("ntk_cond", &["ntk_condition", "ntk_condnum", "condnum"]),
    ("ntk_trace", &[]),
    ("linear_regions", &["linear_region", "nregions", "num_regions"]),
    ("te_nas", &["tenas"]),
    ("zico", &[]),
    ("swap", &["swap_score"]),
    ("swap_reg", &["reg_swap", "regularised_swap", "regularized_swap"]),
    ("meco", &[]),
    ("meco_opt", &[]),
    ("az_nas", &["aznas", "az_score"]),
    ("az_expressivity", &[]),
    ("az_progressivity", &[]),
    ("az_trainability", &[]),
    ("vkdnw", &["vkdnw_single", "vkdnw_entropy"]),
    ("vkdnw_count", &[]),
    ("lnwot", &[]),
    ("tcet", &["t_cet", "tcet_syn_none"]),
    ("wrcor", &["act_grad_cor_weighted"]),
    ("dextr", &[]),
    ("epsinas", &["eps_nas"]),
    ("near", &[]),
    ("oneshot_accuracy", &["one_shot_accuracy"]),
    ("oneshot_loss", &["one_shot_loss"]),
];

/// Names that are met for two estimators, and what each of the two is.
const TWO: [(&str, [&str; 2]); 6] = [
    ("log_synflow", LOG_SYNFLOW),
    ("gradsign", GRADSIGN),
    ("grad_sign", GRADSIGN),
    (
        "ntk",
        [
            "the condition number of the neural tangent kernel, `ntk_cond`",
            "the root of its mean eigenvalue, `ntk_trace`",
        ],
    ),
    (
        "vkdnw_score",
        [
            "the entropy of the Fisher spectrum, `vkdnw`",
            "the sum of logarithms of its rank and of those of other estimators",
        ],
    ),
    ("nwot_conv", ["`relu_logdet`, the codes of ReLUs", "the same determinant for the outputs of convolutions"]),
];

const LOG_SYNFLOW: [&str; 2] = [
    "the logarithm of `synflow`, which ranks as `synflow` does",
    "the sum of |W log(1 + dR/dW)|, `logsynflow`, which does not",
];

const GRADSIGN: [&str; 2] =
    ["the sum over all weights, `gradsign_sum`", "their mean, without the number of weights, `gradsign_mean`"];

/// What a name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// It is the name of one estimator, whose own name this is.
    One(&'static str),
    /// It is met for two, which are these.
    Two([&'static str; 2]),
}

/// A name without what writers of tables change: upper case, a sign before it, and what stands between words.
fn key(name: &str) -> String {
    let plain = |letter: char| if letter == '-' || letter == ' ' { '_' } else { letter.to_ascii_lowercase() };
    name.trim().trim_start_matches('#').chars().map(plain).collect()
}

/// What a name means, if it is a known one.
///
/// ```
/// use nas_assay_schema::estimator::alias::{Named, named};
///
/// assert_eq!(named("NASWOT"), Some(Named::One("relu_logdet")));
/// assert_eq!(named("relu_logdet"), Some(Named::One("relu_logdet")));
/// assert!(matches!(named("log_synflow"), Some(Named::Two(_))));
/// assert_eq!(named("my_proxy"), None);
/// ```
pub fn named(name: &str) -> Option<Named> {
    let key = key(name);
    let one = ONE.iter().find(|(own, others)| *own == key || others.contains(&key.as_str()));
    let two = || TWO.iter().find(|(other, _)| *other == key).map(|(_, meanings)| Named::Two(*meanings));
    one.map(|(own, _)| Named::One(own)).or_else(two)
}

/// The own name of the estimator that a name means; the name itself if it is not known, or means two.
pub fn own(name: &str) -> &str {
    match named(name) {
        Some(Named::One(own)) => own,
        Some(Named::Two(_)) | None => name,
    }
}

/// The other names of an estimator.
pub fn others(own: &str) -> &'static [&'static str] {
    ONE.iter().find(|(known, _)| *known == own).map_or(&[], |(_, others)| others)
}

/// The one of some columns that has this name, or else the only one that has another name of the same estimator.
pub fn column<'a>(columns: &'a [String], wanted: &str) -> Option<&'a String> {
    if let Some(same) = columns.iter().find(|column| *column == wanted) {
        return Some(same);
    }
    let Some(Named::One(own)) = named(wanted) else { return None };
    let mut found = columns.iter().filter(|column| named(column) == Some(Named::One(own)));
    let first = found.next();
    if found.next().is_none() { first } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_name_stands_twice() {
        let own = ONE.iter().map(|(own, _)| *own);
        let all: Vec<&str> = own
            .chain(ONE.iter().flat_map(|(_, others)| others.iter().copied()))
            .chain(TWO.map(|(name, _)| name))
            .collect();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
        for name in all {
            assert_eq!(key(name), name);
            assert!(name.starts_with(|first: char| first.is_ascii_lowercase()), "{name}");
        }
        // What is said of the two meanings says two things.
        assert!(TWO.iter().all(|(_, [one, other])| one != other && !one.is_empty() && !other.is_empty()));
    }

    #[test]
    fn names_of_tables_are_read() {
        for (name, own) in [
            ("nwot", "relu_logdet"),
            ("NASWOT", "relu_logdet"),
            ("jacov", "jacob_cov"),
            ("#Params", "params"),
            ("#FLOPs", "flops"),
            ("MACs", "flops"),
            ("mult-adds", "flops"),
            ("grad-norm", "grad_norm"),
            ("SynFlow", "synflow"),
            ("Synaptic Flow", "synflow"),
            ("LogSynFlow", "logsynflow"),
            ("Zen-Score", "zen"),
            ("TE-NAS", "te_nas"),
            ("SWAP-Score", "swap"),
            ("T-CET", "tcet"),
            ("MeCo", "meco"),
            ("MeCo-Opt", "meco_opt"),
            ("LNWOT", "lnwot"),
            ("NEAR", "near"),
            ("eps_nas", "epsinas"),
        ] {
            assert_eq!(named(name), Some(Named::One(own)), "{name}");
        }
        for name in ["log_synflow", "log-synflow", "GradSign", "NTK"] {
            assert!(matches!(named(name), Some(Named::Two(_))), "{name}");
        }
        for name in ["", "score", "my_proxy", "jacob_cor_logdet", "zico_bc", "vkdnw_agg", "bn_score"] {
            assert_eq!(named(name), None, "{name}");
        }
    }

    #[test]
    fn a_column_is_found_by_the_names_of_its_estimator() {
        let columns = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let found = |names: &[&str], wanted: &str| column(&columns(names), wanted).cloned();
        assert_eq!(found(&["synflow", "nwot"], "relu_logdet").as_deref(), Some("nwot"));
        assert_eq!(found(&["synflow", "NASWOT"], "nwot").as_deref(), Some("NASWOT"));
        // Its own name comes first, and of several others none is chosen.
        assert_eq!(found(&["nwot", "relu_logdet"], "relu_logdet").as_deref(), Some("relu_logdet"));
        assert_eq!(found(&["nwot", "naswot"], "naswot").as_deref(), Some("naswot"));
        assert_eq!(found(&["nwot", "naswot"], "relu_logdet"), None);
        assert_eq!(found(&["logsynflow"], "log_synflow"), None);
        assert_eq!(found(&["log_synflow"], "log_synflow").as_deref(), Some("log_synflow"));
        assert_eq!(found(&["a"], "b"), None);
    }

    proptest! {
        /// However a known name is written, it means the same; and an own name means itself.
        #[test]
        fn case_and_what_is_between_words_change_nothing(
            place in 0..ONE.len(),
            other in any::<prop::sample::Index>(),
            upper in prop::collection::vec(any::<bool>(), 40),
            dashes: bool,
            sharp: bool,
        ) {
            let (own_name, others) = ONE[place];
            let all: Vec<&str> = std::iter::once(own_name).chain(others.iter().copied()).collect();
            let written: String = other
                .get(&all)
                .chars()
                .zip(upper)
                .map(|(letter, upper)| match letter {
                    '_' if dashes => '-',
                    letter if upper => letter.to_ascii_uppercase(),
                    letter => letter,
                })
                .collect();
            let written = if sharp { format!("#{written}") } else { written };
            prop_assert_eq!(named(&written), Some(Named::One(own_name)));
            prop_assert_eq!(own(own(&written)), own_name);
            prop_assert!(others.iter().all(|name| own(name) == own_name));
            prop_assert_eq!(super::others(own_name), others);
        }

        /// A name that nobody knows stays as it is.
        #[test]
        fn other_names_are_left_alone(name in "[a-z0-9_]{1,12}x9") {
            prop_assert_eq!(own(&name), name.as_str());
        }
    }
}
