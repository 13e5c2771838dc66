// The record in the examples of the docs: two baselines on five architectures of NAS-Bench-201.
{
    use nas_assay_base::seed::Seed;
    use nas_assay_criteria::{CriteriaConfig, Direction, Extremes, evaluate};
    use nas_assay_schema::estimator::{EstimatorKind, Score};
    use nas_assay_schema::store::record::{
        AnalysesRecord, ArchitectureRow, BiasRecord, EstimatorRecord, PanelRecord, Record, TruthRecord,
    };

    let truth = [0.10, 0.87, 0.90, 0.92, 0.94];
    let estimator = |id: &str, scores: [f64; 5]| EstimatorRecord {
        id: id.to_owned(),
        version: 1,
        direction: Direction::Higher,
        kind: EstimatorKind::Baseline,
        tolerance: EstimatorKind::Baseline.tolerance(),
        variant: None,
        checkpoint: None,
        scores: scores.map(Score::from).to_vec(),
        details: Vec::new(),
        criteria: evaluate(&truth, &scores, &CriteriaConfig::default(), Seed::root(1)).unwrap(),
        bias: BiasRecord {
            complexity: Vec::new(),
            operations: Vec::new(),
            extremes: Extremes::new(&truth, &scores, 2).unwrap(),
        },
        published: Vec::new(),
    };
    let architectures = truth.iter().zip(["none", "skip_connect", "avg_pool_3x3", "nor_conv_1x1", "nor_conv_3x3"]);
    let architectures = architectures.enumerate().map(|(row, (&truth, operation))| ArchitectureRow {
        architecture: format!("|{operation}~0|+|none~0|none~1|+|{operation}~0|none~1|none~2|"),
        truth: Some(truth),
        truth_of: None,
        params: Some(70_000 + 1_000 * row as u64),
        flops: Some(10_000_000 + 500_000 * row as u64),
        isomorphs: None,
    });
    Record {
        format: Record::FORMAT,
        spec_hash: "3f2a9c1e".repeat(8),
        name: "nb201-example".to_owned(),
        title: "Two baselines on NAS-Bench-201".to_owned(),
        space: "nb201".to_owned(),
        device_class: nas_assay_schema::DeviceClass::Cpu,
        spec: serde_json::json!({ "space": "nb201" }),
        truth: Some(TruthRecord {
            source: "an example".to_owned(),
            quantity: None,
            rows: 5,
            minimum: 0.10,
            median: 0.90,
            maximum: 0.94,
            verified: Vec::new(),
        }),
        supernets: Vec::new(),
        panels: vec![PanelRecord {
            name: "all".to_owned(),
            coverage: Vec::new(),
            architectures: architectures.collect(),
            estimators: vec![
                estimator("params", [70e3, 71e3, 72e3, 73e3, 74e3]),
                estimator("flops", [10e6, 11e6, 10.5e6, 12e6, 11.5e6]),
            ],
            analyses: AnalysesRecord::default(),
        }],
    }
}
