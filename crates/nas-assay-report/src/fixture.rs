//! A record for the tests: invented scores with criteria that are computed from them.

use nas_assay_base::seed::Seed;
use nas_assay_criteria::rank::PairCounts;
use nas_assay_criteria::{
    self, BestOf, Comparison, Criteria, CriteriaConfig, Criterion, Direction, Exchange, Extremes, GROUPS, Interval,
    Resamples, Spread, Stability, TopCount, complexity_bias, operation_bias,
};
use nas_assay_schema::DeviceClass;
use nas_assay_schema::estimator::{EstimatorKind, Score};
use nas_assay_schema::spec::Quantity;
use nas_assay_schema::store::record::{
    AgreementRecord, AnalysesRecord, ArchitectureRow, BiasRecord, Checkpoint, ClassRows, ComparisonRecord,
    CoverageRecord, Detail, EpochRecord, EstimatorRecord, InsideRecord, KeptRecord, PanelRecord, Provenance,
    PruningRecord, Published, Record, RowClass, RowExample, SpreadRecord, StabilityRecord, SupernetRecord, TruthRecord,
    VariantRecord, Verified, WatchRecord, Watched,
};
use nas_assay_spaces::nb201;

/// How the scores of an invented estimator come from the truth.
#[derive(Clone, Copy)]
struct Invented {
    id: &'static str,
    kind: EstimatorKind,
    direction: Direction,
    /// Standard deviation of the noise on the truth; that of the truth is 1.
    noise: f64,
    /// Scores are multiples of this; 0 for no ties.
    step: f64,
    /// How many of the first scores are not finite.
    broken: usize,
    /// Published values, and how their bases differ.
    published: &'static [(Criterion, f64, &'static [&'static str])],
}

const INVENTED: [Invented; 5] = [
    Invented {
        id: "params",
        kind: EstimatorKind::Baseline,
        direction: Direction::Higher,
        noise: 0.9,
        step: 0.25,
        broken: 0,
        published: &[(Criterion::TauB, 0.606, &[]), (Criterion::PrecisionTop(0.05), 0.282, &[])],
    },
    Invented {
        id: "synflow",
        kind: EstimatorKind::ZeroShot,
        direction: Direction::Higher,
        noise: 1.1,
        step: 0.0,
        broken: 3,
        published: &[(Criterion::TauB, 0.574, &["1,000 encodings instead of 240", "synthetic images"])],
    },
    Invented {
        id: "jacob_cov",
        kind: EstimatorKind::ZeroShot,
        direction: Direction::Higher,
        noise: 4.0,
        step: 0.0,
        broken: 1,
        published: &[(Criterion::PrecisionTop(0.05), 0.087, &[])],
    },
    Invented {
        id: "plain",
        kind: EstimatorKind::ZeroShot,
        direction: Direction::Lower,
        noise: 30.0,
        step: 0.0,
        broken: 0,
        published: &[],
    },
    Invented {
        id: "oneshot_loss",
        kind: EstimatorKind::OneShot,
        direction: Direction::Lower,
        noise: 0.4,
        step: 0.0,
        broken: 0,
        published: &[
            (Criterion::TauB, 0.531, &["1,000 encodings instead of 240"]),
            (Criterion::TauB, 0.766, &[]),
            (Criterion::PrecisionTop(0.05), 0.533, &[]),
        ],
    },
];

/// [`whole`] with latencies as the truth: an architecture with the accuracy `a` has one of `1 - a` ms.
pub(crate) fn latencies(rows: usize) -> Record {
    let mut record = whole(rows);
    let own = |truth: &mut f64| *truth = 1.0 - *truth;
    let truth = record.truth.as_mut().unwrap();
    truth.source = "measured: edgegpu_latency, ms, lower is better".to_owned();
    truth.quantity = Some(Quantity { unit: "ms".to_owned(), better: Direction::Lower });
    (truth.minimum, truth.maximum) = (truth.maximum, truth.minimum);
    [&mut truth.minimum, &mut truth.median, &mut truth.maximum].into_iter().for_each(own);
    record.spec["spec"]["truth"] =
        serde_json::json!({"table": {"columns": ["edgegpu_latency [ms]"], "unit": "ms", "better": "lower"}});
    let panel = &mut record.panels[0];
    panel.architectures.iter_mut().filter_map(|row| row.truth.as_mut()).for_each(own);
    for estimator in &mut panel.estimators {
        estimator.criteria.best_of.iter_mut().for_each(|best| own(&mut best.truth));
        let Extremes { top, over_estimated, under_estimated } = &mut estimator.bias.extremes;
        top.iter_mut().chain(over_estimated).chain(under_estimated).for_each(|standing| own(&mut standing.truth));
    }
    for kept in panel.analyses.variants.iter_mut().filter_map(|variant| variant.kept.as_mut()) {
        let inside = [&mut kept.variant, &mut kept.own];
        inside.into_iter().flat_map(|inside| &mut inside.best_of).for_each(|best| own(&mut best.truth));
    }
    record
}

/// Rows of a score file of every class, in different numbers.
fn coverage() -> CoverageRecord {
    let class = |(place, class): (usize, RowClass)| {
        let examples = if class == RowClass::Judged { 0 } else { 1 + place % 2 };
        let example = |of: usize| RowExample {
            line: 2_000 + 10 * place as u64 + of as u64,
            said: format!("row {of} of <{class}>"),
        };
        ClassRows { class, rows: 1_301 + 7 * place as u64, first: (0..examples).map(example).collect() }
    };
    let classes: Vec<ClassRows> = RowClass::ALL.into_iter().enumerate().map(class).collect();
    CoverageRecord { scores: "synflow".to_owned(), rows: classes.iter().map(|of| of.rows).sum(), classes }
}

/// A record with one panel of `rows` architectures, two supernets, and a title that needs escaping.
pub(crate) fn record(rows: usize) -> Record {
    let seed = Seed::root(5);
    let mut stream = seed.child("truth").stream();
    let quality: Vec<f64> = (0..rows).map(|_| stream.normal()).collect();
    let truth: Vec<f64> = quality.iter().map(|quality| 0.91 + 0.01 * quality).collect();
    let mut sorted = truth.clone();
    sorted.sort_by(f64::total_cmp);
    let invented = INVENTED.iter().map(|invented| estimator(invented, &quality, &truth, seed.child(invented.id)));
    let (estimators, resamples): (Vec<EstimatorRecord>, Vec<Resamples>) = invented.unzip();
    let analyses = AnalysesRecord { comparisons: with_the_first(&estimators, &resamples), ..AnalysesRecord::default() };
    let architectures = truth.iter().enumerate().map(|(index, &truth)| ArchitectureRow {
        architecture: encoding(index),
        truth: Some(truth),
        truth_of: None,
        params: Some(70_000 + 1_000 * index as u64),
        flops: Some(cost(index)),
        isomorphs: (index % 2 == 0).then_some(index + 1),
    });
    let (name, architectures) = ("representatives".to_owned(), architectures.collect());
    let panels = vec![PanelRecord { name, coverage: vec![coverage()], architectures, estimators, analyses }];
    Record {
        format: Record::FORMAT,
        spec_hash: "3f2a9c1e".repeat(8),
        name: "nb201-example".to_owned(),
        title: "NAS-Bench-201 <in> small & \"quoted\"".to_owned(),
        space: "nb201".to_owned(),
        device_class: DeviceClass::Cpu,
        spec: serde_json::json!({ "space": "nb201", "seeds": ["20", "2020"], "note": "</pre><b>" }),
        truth: Some(TruthRecord {
            source: "truth/nb201.csv, cifar10_test_group_mean".to_owned(),
            quantity: None,
            rows,
            minimum: sorted[0],
            median: sorted[rows / 2],
            maximum: sorted[rows - 1],
            verified: vec![Verified {
                architecture: "|skip_connect~0|".to_owned(),
                seed: "20".to_owned(),
                expected: 0.9134,
                found: 0.9134,
            }],
        }),
        supernets: [20, 2020].map(|number| supernet(number, seed.index("supernet", number))).to_vec(),
        panels,
    }
}

/// The architecture in a row, as text.
pub(crate) fn encoding(row: usize) -> String {
    nb201::Architecture::from_index((4 + 61 * row) % nb201::COUNT).unwrap().to_string()
}

/// A variant and the spec's own settings on the first half of the architectures.
fn kept(truth: &[f64], both: [&EstimatorRecord; 2]) -> KeptRecord {
    let half = truth.len() / 2;
    let [(of, variant), (with, own)] = both.map(|estimator| {
        let scores = &estimator.oriented()[..half];
        let inside = InsideRecord {
            tau_b: PairCounts::new(&truth[..half], scores).tau_b(),
            mean_score: Some(scores.iter().sum::<f64>() / half as f64).filter(|mean| mean.is_finite()),
            best_of: Vec::new(),
        };
        (Resamples::new(&truth[..half], scores, 100, Seed::root(7)), inside)
    });
    KeptRecord { architectures: half, variant, own, outcome: Comparison::new(&of, &with) }
}

/// [`record`] with two supernets at two epochs each, a variant of one estimator, and the analyses of both.
pub(crate) fn whole(rows: usize) -> Record {
    let mut record = record(rows);
    let panel = &mut record.panels[0];
    let truth = panel.truth().unwrap();
    let quality: Vec<f64> = truth.iter().map(|truth| (truth - 0.91) / 0.01).collect();
    let [_, synflow, _, _, one_shot] = INVENTED;
    let drawn = |invented: &Invented, name: &str| estimator(invented, &quality, &truth, Seed::root(6).child(name));
    let (variant, of_variant) = drawn(&Invented { noise: 1.3, published: &[], ..synflow }, "gaussian");
    let (own, of_own) = estimator(&synflow, &quality, &truth, Seed::root(5).child(synflow.id));
    let variant = EstimatorRecord { variant: Some("gaussian".to_owned()), ..variant };
    panel.analyses.variants.push(VariantRecord {
        variant: "gaussian".to_owned(),
        estimator: variant.label(),
        with: "synflow".to_owned(),
        agreement: PairCounts::new(&own.oriented(), &variant.oriented()).tau_b(),
        outcome: Comparison::new(&of_variant, &of_own),
        kept: Some(kept(&truth, [&variant, &own])),
    });
    let last = panel.estimators.pop().unwrap();
    let mut at = vec![];
    for (seed, epoch, noise) in [("20", 20, 1.5), ("2020", 20, 1.8), ("2020", 40, 0.6)] {
        let (estimator, _) = drawn(&Invented { noise, published: &[], ..one_shot }, &format!("{seed}-{epoch}"));
        at.push(EstimatorRecord { checkpoint: Some(Checkpoint::single(seed, epoch)), ..estimator });
    }
    at.push(last);
    for (seed, from, to) in [("20", 0, 3), ("2020", 1, 2)] {
        panel.analyses.stability.push(StabilityRecord {
            estimator: "oneshot_loss".to_owned(),
            variant: None,
            seeds: vec![seed.to_owned()],
            from: 20,
            to: 40,
            stability: Stability::new(&at[from].oriented(), &at[to].oriented(), &[0.05, 0.1]).unwrap(),
        });
    }
    for (epoch, of) in [(20, [0, 1]), (40, [2, 3])] {
        let values = of.map(|place| at[place].criteria.kendall.tau_b.unwrap());
        panel.analyses.spread.push(SpreadRecord {
            estimator: "oneshot_loss".to_owned(),
            variant: None,
            epoch,
            criterion: Criterion::TauB,
            spread: Spread::new(&values).unwrap(),
        });
    }
    panel.estimators.push(variant);
    panel.estimators.extend(at);
    record
}

/// [`whole`] without a truth: what is left are the scores, and how well every two agree.
pub(crate) fn without_truth(rows: usize) -> Record {
    let mut record = whole(rows);
    record.truth = None;
    record.spec = serde_json::json!({"spec": {"images": {"synthetic": {}}, "truth": {"none": {}}}});
    let panel = &mut record.panels[0];
    panel.architectures.iter_mut().for_each(|row| row.truth = None);
    panel.analyses =
        AnalysesRecord { stability: std::mem::take(&mut panel.analyses.stability), ..AnalysesRecord::default() };
    for place in 0..panel.estimators.len() {
        let own = &panel.estimators[place];
        let compared = panel.estimators[..place].iter().map(|other| AgreementRecord {
            estimator: own.label(),
            with: other.label(),
            agreement: Stability::new(&own.oriented(), &other.oriented(), &[0.05, 0.1]).unwrap(),
        });
        panel.analyses.agreement.extend(compared);
    }
    for estimator in &mut panel.estimators {
        estimator.criteria = Criteria::without_truth(&estimator.oriented());
        estimator.bias = BiasRecord::default();
        estimator.published.clear();
    }
    record
}

/// Multiply-accumulates of an invented architecture.
fn cost(row: usize) -> u64 {
    10_000_000 + 250_000 * (row * 7 % 240) as u64
}

/// Every estimator compared with the first.
fn with_the_first(estimators: &[EstimatorRecord], resamples: &[Resamples]) -> Vec<ComparisonRecord> {
    let others = estimators.iter().zip(resamples).skip(1);
    let compared = others.map(|(estimator, of)| ComparisonRecord {
        estimator: estimator.label(),
        with: estimators[0].label(),
        outcome: Comparison::new(of, &resamples[0]),
    });
    compared.collect()
}

/// The bias of invented scores, as if each architecture differed from the next one in a single operation.
fn bias(truth: &[f64], scores: &[f64]) -> BiasRecord {
    let costs: Vec<f64> = (0..truth.len()).map(|row| cost(row) as f64).collect();
    let operations = ["skip_connect", "nor_conv_3x3", "avg_pool_3x3"].map(str::to_owned);
    let exchange = |row: usize| Exchange {
        from: operations[row % 3].clone(),
        to: operations[(row + 1) % 3].clone(),
        before: row,
        after: row + 1,
    };
    let exchanges: Vec<Exchange<String>> = (0..truth.len() - 1).map(exchange).collect();
    BiasRecord {
        complexity: complexity_bias(&costs, truth, scores, GROUPS).unwrap(),
        operations: operation_bias(&exchanges, truth, scores).unwrap(),
        extremes: Extremes::new(truth, scores, 5).unwrap(),
    }
}

fn estimator(invented: &Invented, quality: &[f64], truth: &[f64], seed: Seed) -> (EstimatorRecord, Resamples) {
    let mut stream = seed.stream();
    let reasons = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    let oriented: Vec<f64> = quality
        .iter()
        .enumerate()
        .map(|(row, quality)| {
            let score = quality + invented.noise * stream.normal();
            let score = if invented.step > 0.0 { (score / invented.step).round() * invented.step } else { score };
            if row < invented.broken { reasons[row % 3] } else { score }
        })
        .collect();
    let config = CriteriaConfig { resamples: 200, ..CriteriaConfig::default() };
    let one_shot = invented.kind == EstimatorKind::OneShot;
    let published = invented.published.iter().map(|&(criterion, value, differs)| Published {
        criterion,
        value,
        source: "Ning et al. 2021, slides: 6,466 architectures, 1,000 epochs".to_owned(),
        differs: differs.iter().map(|differs| (*differs).to_owned()).collect(),
    });
    let bootstrap = Seed::root(5).child("bootstrap");
    let (criteria, resamples) = nas_assay_criteria::evaluate_resampled(truth, &oriented, &config, bootstrap).unwrap();
    let record = EstimatorRecord {
        id: invented.id.to_owned(),
        version: 1,
        direction: invented.direction,
        kind: invented.kind,
        tolerance: invented.kind.tolerance(),
        variant: None,
        checkpoint: one_shot.then(|| Checkpoint::single("20", 40)),
        criteria,
        bias: bias(truth, &oriented),
        scores: oriented.into_iter().map(|score| Score::from(invented.direction.orient(score))).collect(),
        published: published.collect(),
        details: Vec::new(),
    };
    (record, resamples)
}

fn supernet(number: u64, seed: Seed) -> SupernetRecord {
    let mut stream = seed.stream();
    let epochs = (1..=40u32).map(|epoch| {
        let progress = 1.0 - libm::exp(-f64::from(epoch) / 15.0);
        EpochRecord {
            epoch,
            loss: 2.3 - 1.2 * progress + 0.03 * stream.normal(),
            accuracy: 0.1 + 0.5 * progress + 0.01 * stream.normal(),
            learning_rate: 0.05,
        }
    });
    SupernetRecord { seed: number.to_string(), epochs: epochs.collect(), ..SupernetRecord::default() }
}

/// How the invented run came about.
pub(crate) fn provenance() -> Provenance {
    Provenance {
        version: "0.1.0".to_owned(),
        git_commit: Some("164344a".to_owned()),
        started: "2026-01-31T12:00:00Z".to_owned(),
        command: "nas-assay run nb201-example".to_owned(),
        cpu_features: ["avx2", "fma"].map(str::to_owned).to_vec(),
        device: "cpu".to_owned(),
        driver: None,
        threads: 2,
        os: "linux x86_64".to_owned(),
        host: None,
    }
}

/// Numbers that differ in every form in which a report shows them: in three decimals, and in percent with one.
#[derive(Default)]
struct Distinct(u32);

impl Distinct {
    fn next(&mut self) -> f64 {
        self.0 += 1;
        // One more digit than is ever shown, so that a number that was rounded before is told from one that was not.
        0.1 + 0.003_71 * f64::from(self.0)
    }

    /// The same with the sign turned for every second one.
    fn signed(&mut self) -> f64 {
        let value = self.next();
        if self.0.is_multiple_of(2) { -value } else { value }
    }

    fn interval(&mut self, interval: &mut Option<Interval>) {
        let held = interval.as_mut().unwrap();
        (held.lower, held.upper) = (self.signed(), self.signed());
    }

    fn outcome(&mut self, outcome: &mut Comparison) {
        outcome.difference = Some(self.signed());
        self.interval(&mut outcome.interval);
    }
}

/// [`whole`] with other numbers: all that a report shows are different, so that a number tells where it comes from. Each stands only for
/// itself: no criterion follows from the scores.
pub(crate) fn distinct(rows: usize) -> Record {
    let (mut record, mut numbers) = (whole(rows), Distinct::default());
    let of = &mut numbers;
    let truth = record.truth.as_mut().unwrap();
    (truth.minimum, truth.median, truth.maximum) = (of.next(), of.next(), of.next());
    (truth.verified[0].expected, truth.verified[0].found) = (of.next(), of.next());
    for supernet in &mut record.supernets {
        for at in [0, 39] {
            (supernet.epochs[at].loss, supernet.epochs[at].accuracy) = (of.next(), of.next());
        }
    }
    record.supernets[1].pruning = Some(PruningRecord {
        epoch: 3,
        by: "oneshot_loss".to_owned(),
        ranked: 17,
        kept: ["a", "b", "c"].map(str::to_owned).to_vec(),
    });
    let watched = [of.next(), of.next()].map(|after_step| Watched {
        architecture: "a".to_owned(),
        step: 1,
        after_step,
        after_epoch: after_step + of.next(),
    });
    record.supernets[1].watched = vec![WatchRecord { epoch: 11, architectures: watched.to_vec() }];
    let panel = &mut record.panels[0];
    for row in &mut panel.architectures {
        row.truth = Some(of.next());
    }
    let shared: Vec<(usize, f64)> =
        (0..panel.estimators[0].bias.operations.len()).map(|place| (100 + place, of.next())).collect();
    for (place, row) in panel.estimators.iter_mut().enumerate() {
        let criteria = &mut row.criteria;
        (criteria.kendall.tau_b, criteria.kendall.tau_a) = (Some(of.signed()), Some(of.signed()));
        (criteria.spearman, criteria.pearson.value) = (Some(of.signed()), Some(of.signed()));
        of.interval(&mut criteria.kendall.interval);
        of.interval(&mut criteria.spearman_interval);
        criteria.non_finite.nan = 31 + place;
        for at in &mut criteria.precision {
            (at.top, at.bottom, at.top_expected, at.bottom_expected) = (of.next(), of.next(), of.next(), of.next());
            (at.tau_top, at.tau_true_top) = (Some(of.signed()), Some(of.signed()));
        }
        for at in &mut criteria.ranking {
            (at.best, at.worst, at.best_expected, at.worst_expected) = (of.next(), of.next(), of.next(), of.next());
        }
        criteria.best_of.iter_mut().for_each(|best| best.truth = of.next());
        let mut at = |count| TopCount { count, tau_top: Some(of.signed()), tau_true_top: Some(of.signed()) };
        criteria.top_counts = [7, 30].map(&mut at).to_vec();
        row.published.iter_mut().for_each(|published| published.value = of.next());
        for group in &mut row.bias.complexity {
            (group.rank_difference, group.tau_b) = (of.signed(), Some(of.signed()));
        }
        for (change, (pairs, truth)) in row.bias.operations.iter_mut().zip(&shared) {
            (change.pairs, change.truth_increases, change.score_increases) = (*pairs, *truth, of.next());
        }
        let extremes = &mut row.bias.extremes;
        for standing in extremes.top.iter_mut().chain(&mut extremes.over_estimated).chain(&mut extremes.under_estimated)
        {
            standing.truth = panel.architectures[standing.row].truth.unwrap();
        }
    }
    let details = [Some(of.next()), None, Some(of.next())].map(|value| value.map(Score::from)).to_vec();
    panel.estimators[1].details = vec![Detail { name: "log".to_owned(), values: details }];
    let found = &mut panel.analyses;
    found.comparisons.iter_mut().for_each(|comparison| of.outcome(&mut comparison.outcome));
    for variant in &mut found.variants {
        variant.agreement = Some(of.signed());
        of.outcome(&mut variant.outcome);
        let kept = variant.kept.as_mut().unwrap();
        of.outcome(&mut kept.outcome);
        for inside in [&mut kept.variant, &mut kept.own] {
            (inside.tau_b, inside.mean_score) = (Some(of.signed()), Some(of.signed()));
            inside.best_of = vec![BestOf { count: 1, truth: of.next(), rank: 1 }];
        }
    }
    for stability in &mut found.stability {
        stability.stability.tau_b = Some(of.signed());
        for at in &mut stability.stability.precision {
            (at.top, at.bottom) = (of.next(), of.next());
        }
    }
    for record in &mut found.spread {
        let spread = &mut record.spread;
        (spread.mean, spread.deviation) = (of.signed(), Some(of.next()));
        (spread.least, spread.greatest) = (of.signed(), of.signed());
    }
    record
}
