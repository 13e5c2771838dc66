use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use nas_assay_base::seed::Seed;
use nas_assay_schema::truth::nb101::NB101_COLUMNS;
use nas_assay_schema::truth::nb301::NB301_COLUMNS;
use nas_assay_schema::truth::nds::Tabled;
use nas_assay_spaces::nb101::{StandAlone, Subset};
use nas_assay_spaces::nb201::{self, COUNT, Classes};
use nas_assay_spaces::nb301::{Architecture as Cells, Skeleton};
use nas_assay_spaces::nds::{Architecture as Encoding, STAGES, Skeleton as Stages};
use proptest::prelude::*;

use super::gather::{Known, RELEASE};
use super::writer::Py;
use super::*;

const SMALL: Sizes = Sizes { nb101: 7, nb301: 5, nds: 6 };

/// A table of one-shot scores with invented numbers of seven digits.
fn one_shot(header: &str, rows: usize) -> String {
    let mut stream = Seed::root(3).child(header).stream();
    let columns = header.matches(',').count();
    let mut text = format!("{header}\n");
    for row in 0..rows {
        let _ = write!(text, "{row}");
        for _ in 0..columns {
            let _ = write!(text, ",{}", (1_000_000 + stream.below(8_999_999)) as f64 / 1e7);
        }
        text.push('\n');
    }
    text
}

/// The columns of a score, by seed and epoch.
fn columns(score: &str, seeds: &[u32]) -> String {
    let of =
        |seed: &u32| (1..11).map(|epoch| format!(",{score}_s{seed}_e{}", 100 * epoch)).collect::<Vec<_>>().concat();
    seeds.iter().map(of).collect::<Vec<_>>().concat()
}

fn nb101_table() -> String {
    let mut text = NB101_COLUMNS.join(",") + "\n";
    for (row, cell) in Subset::Paper.architectures().step_by(97).take(SMALL.nb101).enumerate() {
        let (params, cost) = (cell.census(&StandAlone::default()).params, cell.table_cost());
        let (name, share) = (cell.to_string().replacen(':', ",", 1), row as f64 / 64.0);
        let _ = writeln!(text, "{name},{params},1.0,{share:?},0.5,881.1589965820312,{},{}", cost.params, cost.flops);
    }
    text
}

fn nb301_table() -> String {
    let mut stream = Seed::root(3).stream();
    let mut text = NB301_COLUMNS.join(",") + "\n";
    for row in 0..SMALL.nb301 {
        let cells = Cells::sample(&mut stream);
        let params = cells.census(&Skeleton::STAND_ALONE).params;
        let truth = f64::from(93.0 + row as f32 / 10.0);
        let cells_text = cells.to_string().replacen('|', ",", 1);
        let _ = writeln!(text, "{cells_text},{truth:?},{params},{}", cells.table_flops(&Skeleton::SUPERNET));
    }
    text
}

fn nds_table<F: Tabled>() -> String {
    let mut text = F::COLUMNS.join(",") + "\n";
    for (row, encoding) in Encoding::<F>::all().step_by(1_911).take(SMALL.nds).enumerate() {
        for position in 0..Encoding::<F>::POSITIONS {
            let decision = &F::DECISIONS[position / STAGES];
            let value = decision.text(decision.values[encoding.choice(position)]).to_string();
            let ratio = decision.kind == nas_assay_spaces::nds::Kind::Ratio && !value.contains('.');
            let _ = write!(text, "{value}{},", if ratio { ".0" } else { "" });
        }
        let census = encoding.census(&Stages::STAND_ALONE);
        let accuracy = if row == 0 { 93.0 } else { 90.0 + row as f64 / 100.0 };
        let _ = writeln!(text, "{},{},{accuracy:?}", census.counts.params, census.table_flops());
    }
    text
}

/// The invented tables, and files of the release that they follow from.
struct Release {
    tables: Vec<(&'static str, String)>,
    files: Vec<(Role, Vec<u8>)>,
}

impl Release {
    fn new() -> Self {
        let logs =
            "row,os_acc_ordinal_e1000_s2020,os_loss_ordinal_e1000_s2020,os_acc_L1_e1000_s2020,os_loss_L1_e1000_s2020";
        let mut log = format!("{logs}\n");
        for row in 0..SMALL.nds {
            let _ = writeln!(log, "{row},0.6{row},1.15{row}1,0.5243,2.0");
        }
        let log = log.replace("0.60,", "0.6,");
        let seeds = [20, 2_020, 202_020];
        let nb301_header = format!("row{}{}", columns("acc", &seeds), columns("loss", &seeds));
        let tables = vec![
            (NB101, nb101_table()),
            (NB101_ONE_SHOT, one_shot(&format!("row{}", columns("acc", &seeds[..1])), SMALL.nb101)),
            (NB301, nb301_table()),
            (NB301_ONE_SHOT, one_shot(&nb301_header, SMALL.nb301)),
            (RESNET, nds_table::<ResNet>()),
            (RESNEXT_A, nds_table::<ResNeXtA>()),
            (RESNEXT_A_ONE_SHOT, log),
        ];
        let of = |wanted: &str| &*tables.iter().find(|(path, _)| *path == wanted).unwrap().1;
        let names = ["depths", "widths", "bot_muls", "num_groups"];
        let files = vec![
            (Role::Nb101, backwards::nb101(of(NB101), of(NB101_ONE_SHOT), 3).pickled()),
            (Role::Nb301, backwards::nb301(of(NB301), of(NB301_ONE_SHOT)).pickled()),
            (Role::Cells, backwards::archs(of(NB301)).into_bytes()),
            (Role::ResNet, backwards::nds(of(RESNET), &names[..2]).pickled()),
            (Role::ResNeXtA, backwards::nds(of(RESNEXT_A), &names).pickled()),
            (Role::OrdinalLog, backwards::log(of(RESNEXT_A_ONE_SHOT), [1, 2]).into_bytes()),
            (Role::L1Log, backwards::log(of(RESNEXT_A_ONE_SHOT), [3, 4]).into_bytes()),
        ];
        Self { tables, files }
    }

    fn of(&self, role: Role) -> &[u8] {
        &self.files.iter().find(|(known, _)| *known == role).unwrap().1
    }

    fn text(&self, role: Role) -> String {
        String::from_utf8(self.of(role).to_vec()).unwrap()
    }

    /// The release with another content of a file.
    fn with(mut self, role: Role, bytes: impl Into<Vec<u8>>) -> Self {
        self.files.retain(|(known, _)| *known != role);
        self.files.push((role, bytes.into()));
        self
    }

    fn without(mut self, role: Role) -> Self {
        self.files.retain(|(known, _)| *known != role);
        self
    }

    fn made(&self) -> Result<Vec<Table>, DataError> {
        let files: Vec<(&str, &[u8])> = self.files.iter().map(|(role, bytes)| (role.path(), &**bytes)).collect();
        made(&files)
    }

    #[track_caller]
    fn assert_refused(&self, parts: &[&str]) {
        let message = self.made().map(drop).unwrap_err().to_string();
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    }
}

fn in_folder<T>(files: &[(&str, &[u8])], act: impl FnOnce(&Path) -> T) -> T {
    let folder = tempfile::tempdir().unwrap();
    for (path, bytes) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    act(folder.path())
}

fn found_in(path: &Path, known: Known) -> Result<Found, DataError> {
    let paths: [PathBuf; 1] = [path.to_owned()];
    gather::gather(Files { paths: &paths, watch: &|_| {} }, known)
}

fn made(files: &[(&str, &[u8])]) -> Result<Vec<Table>, DataError> {
    in_folder(files, |folder| tables(&found_in(folder, RELEASE)?, &SMALL))
}

fn refusal(files: &[(&str, &[u8])]) -> String {
    made(files).map(drop).unwrap_err().to_string()
}

#[test]
fn tables_come_out_of_the_files_that_they_were_turned_into() {
    let release = Release::new();
    let made = release.made().unwrap();
    let made: Vec<(&str, String)> =
        made.into_iter().map(|table| (table.path, String::from_utf8(table.bytes).unwrap())).collect();
    assert_eq!(made, release.tables);
}

#[test]
fn what_one_file_gives_needs_no_other() {
    let release = Release::new();
    let paths = |role: Role| -> Vec<&str> {
        made(&[(role.name(), release.of(role))]).unwrap().into_iter().map(|table| table.path).collect()
    };
    assert_eq!(paths(Role::Nb101), [NB101, NB101_ONE_SHOT]);
    assert_eq!(paths(Role::Nb301), [NB301_ONE_SHOT]);
    assert_eq!(paths(Role::ResNet), [RESNET]);
    assert_eq!(paths(Role::ResNeXtA), [RESNEXT_A]);
    let message = refusal(&[(Role::Cells.name(), release.of(Role::Cells))]);
    assert!(message.contains("needs plots/fig_surgery/fig4_nb301_gt_stat_acc.pkl too"), "{message}");
    let message = refusal(&[("full_search/1000.log", release.of(Role::L1Log))]);
    assert!(
        message.contains("needs results/nds/oneshot_derive/seed2020/full_ordinal_search/1000.log too"),
        "{message}"
    );
    let message = refusal(&[("README.md", b"text")]);
    assert!(message.contains("no file of the authors' release was found") && message.contains("iso_dict.txt"));
}

#[test]
fn logs_are_told_apart_by_their_folders() {
    let release = Release::new();
    let (ordinal, l1) = (release.of(Role::OrdinalLog), release.of(Role::L1Log));
    let tables = made(&[("a/full_search/1000.log", l1), ("a/full_ordinal_search/1000.log", ordinal)]).unwrap();
    assert_eq!(String::from_utf8(tables[0].bytes.clone()).unwrap(), release.tables[6].1);
    // A second copy is the same file.
    let copy =
        [("a/full_search/1000.log", l1), ("b/full_search/1000.log", l1), ("full_ordinal_search/1000.log", ordinal)];
    assert_eq!(made(&copy).unwrap()[0].bytes, tables[0].bytes);
    // Loose ones cannot be told apart, and the logs of another seed are none of the two.
    let loose = refusal(&[("1000.log", ordinal), ("full_search/1000.log", l1)]);
    assert!(
        loose.contains("1000.log: two logs have this name") && loose.contains("full_ordinal_search/1000.log"),
        "{loose}"
    );
    let other = [("x/seed20/full_ordinal_search/1000.log", ordinal), ("x/seed2020/full_search/1000.log", l1)];
    assert!(refusal(&other).contains("full_ordinal_search/1000.log too"));
    // Of two logs of one role, the one that lies as in the release is meant, and of two that lie alike none.
    let other = ("nb301/seed2020/full_search/1000.log", ordinal);
    let release_path = |role: Role, bytes| (role.path(), bytes);
    let files = [other, release_path(Role::OrdinalLog, ordinal), release_path(Role::L1Log, l1)];
    assert_eq!(made(&files).unwrap()[0].bytes, release.tables[6].1.as_bytes());
    let alike = [other, ("b/seed2020/full_search/1000.log", l1), release_path(Role::OrdinalLog, ordinal)];
    assert!(
        refusal(&alike).contains("b/seed2020/full_search/1000.log: nb301/seed2020/full_search/1000.log has this name")
    );
}

#[test]
fn a_known_file_has_its_role_whatever_its_name() {
    let release = Release::new();
    let mut known = RELEASE;
    for (role, bytes) in &release.files {
        known[*role as usize] = (bytes.len(), sha256_hex(bytes).leak());
    }
    // All have names of other files, or none of the release.
    let names = [
        "1000.log",
        "full_search/1000.log",
        "a.pkl",
        "archs.yaml",
        "iso_dict.txt",
        "b",
        "full_ordinal_search/1000.log",
    ];
    let files: Vec<(&str, &[u8])> = names.into_iter().zip(release.files.iter().map(|(_, bytes)| &**bytes)).collect();
    let made = |files: &[(&str, &[u8])]| {
        in_folder(files, |folder| {
            let found = found_in(folder, known)?;
            let paths = tables(&found, &SMALL)?.into_iter().map(|table| (table.path, String::from_utf8(table.bytes)));
            Ok::<_, DataError>(paths.map(|(path, text)| (path, text.unwrap())).collect::<Vec<_>>())
        })
    };
    assert_eq!(made(&files).unwrap(), release.tables);
    // It comes before others of its name, wherever they lie and whatever they are.
    let other = release.text(Role::L1Log).replace("0.5243", "0.6243");
    let others =
        [(Role::L1Log.path(), other.as_bytes()), (Role::ResNet.path(), b"none"), ("z/1000.log", other.as_bytes())];
    assert_eq!(made(&[&files[..], &others].concat()).unwrap(), release.tables);

    in_folder(&files, |folder| {
        let found = found_in(folder, known).unwrap();
        let table = Table { path: NB301_ONE_SHOT, bytes: b"row\n".to_vec(), from: vec![Role::Nb301] };
        let message = finished(table, &found).unwrap_err().to_string();
        assert!(
            message.contains("the files are those of the release, so this is an error of the program"),
            "{message}"
        );
    });
}

#[test]
fn a_list_of_another_space_is_left_alone() {
    let release = Release::new();
    let other = ("instructions/nds/nds_assets/archs.yaml", &b"- num_blocks=[1, 2]\n"[..]);
    let files = [other, (Role::Cells.path(), release.of(Role::Cells)), (Role::Nb301.path(), release.of(Role::Nb301))];
    assert_eq!(made(&files).unwrap()[0].bytes, release.tables[2].1.as_bytes());
    let alone = made(&[files[0], files[2]]).unwrap();
    assert_eq!(alone.iter().map(|table| table.path).collect::<Vec<_>>(), [NB301_ONE_SHOT]);
}

#[test]
fn swapped_files_are_refused() {
    let swapped = |one: Role, other: Role| {
        let release = Release::new();
        let (a, b) = (release.of(one).to_vec(), release.of(other).to_vec());
        release.with(one, b).with(other, a)
    };
    swapped(Role::Nb101, Role::Nb301).assert_refused(&["fig1_nb101", "its `gt` has 5 rows; 7 are due"]);
    swapped(Role::ResNet, Role::ResNeXtA).assert_refused(&["resnet_gt_5k_3seed.pkl", "it has `bot_muls.0`"]);
    swapped(Role::ResNet, Role::ResNeXtA).without(Role::ResNet).assert_refused(&["resnexta_gt_5k", "no `bot_muls.0`"]);
    swapped(Role::Nb101, Role::ResNet).assert_refused(&["fig1_nb101", "a pickle of a list"]);
    swapped(Role::ResNet, Role::Nb301)
        .without(Role::Nb301)
        .assert_refused(&["resnet_gt_5k", "a dictionary of 0 items"]);
    // As many rows of the other space.
    let release = Release::new();
    let gt = |count: usize, item: Py| {
        let mut stat = backwards::nb301(&release.tables[2].1, &release.tables[3].1);
        *stat.at("gt") = Py::List(vec![item; count]);
        stat.pickled()
    };
    Release::new().with(Role::Nb301, gt(5, Py::Dict(vec![]))).assert_refused(&["as that of fig1_nb101_stat_acc.pkl"]);
    let numbers = gt(7, Py::F4(93.0));
    // The rest is of five rows, so that is what is said of it.
    Release::new().with(Role::Nb101, numbers).assert_refused(&["its `derive` has 3 x 10 x 5 numbers; 10 x 7"]);
}

/// A small file may refer to one list, or to one text, very often.
#[test]
fn numbers_and_texts_are_counted_before_they_are_copied() {
    let release = Release::new();
    let nb101 = |change: &dyn Fn(&mut Py)| {
        let mut file = backwards::nb101(&release.tables[0].1, &release.tables[1].1, 1);
        change(&mut file);
        Release::new().with(Role::Nb101, file.pickled())
    };
    let many = Py::List(vec![Py::List(vec![Py::Float(0.5); 300]); 300]);
    nb101(&|file| *file.at("derive") = many.clone())
        .assert_refused(&["its `derive` is no array of at most 210 numbers"]);
    nb101(&|file| *file.at("params") = many.clone()).assert_refused(&["its `params` are not 7 numbers"]);
    for labels in [vec![Py::text("input"); 8], vec![Py::text(&"x".repeat(64)); 7]] {
        let given = |file: &mut Py| *file.at("gt").item(3).at("module_operations") = Py::List(labels.clone());
        nb101(&given).assert_refused(&["its `module_operations` are not those of NAS-Bench-101"]);
    }
}

#[test]
fn wrong_values_are_refused_by_row_and_name() {
    let change = |role: Role, change: &dyn Fn(&mut Py)| {
        let release = Release::new();
        let mut file = match role {
            Role::Nb101 => backwards::nb101(&release.tables[0].1, &release.tables[1].1, 1),
            Role::Nb301 => backwards::nb301(&release.tables[2].1, &release.tables[3].1),
            _ => backwards::nds(&release.tables[4].1, &["depths", "widths"]),
        };
        change(&mut file);
        release.with(role, file.pickled())
    };
    let run =
        |key: &'static str, value: Py| change(Role::Nb101, &move |stat| *stat.at("gt").item(3).at(key) = value.clone());
    run("test_accuracy", Py::Float(f64::NAN)).assert_refused(&["row 3: its `test_accuracy` is no number from 0 to 1"]);
    run("train_accuracy", Py::Float(90.0)).assert_refused(&["row 3: its `train_accuracy`"]);
    run("training_time", Py::Float(-1.0)).assert_refused(&["row 3: its `training_time`"]);
    run("trainable_parameters", Py::Float(0.5)).assert_refused(&["row 3: its `trainable_parameters`"]);
    run("module_adjacency", Py::I1s(vec![7, 7], vec![2; 49])).assert_refused(&["row 3: its `module_adjacency`"]);
    run("module_adjacency", Py::I1s(vec![6, 6], vec![0; 36])).assert_refused(&["row 3: its `module_adjacency`"]);
    run("module_operations", Py::List(vec![Py::text("in,put")])).assert_refused(&["row 3: its `module_operations`"]);
    let missing = |stat: &mut Py| {
        let Py::Dict(items) = stat.at("gt").item(3) else { unreachable!() };
        items.retain(|(key, _)| *key != "validation_accuracy");
    };
    change(Role::Nb101, &missing).assert_refused(&["row 3: its `gt` has no `validation_accuracy`"]);
    change(Role::Nb101, &|stat| *stat.at("params") = Py::List(vec![Py::Int(1); 6])).assert_refused(&["its `params`"]);
    change(Role::Nb101, &|stat| *stat.at("flops") = Py::F8s(vec![7], vec![0.5; 7])).assert_refused(&["its `flops`"]);
    let score = |key: &'static str, place: usize, number: f64| {
        change(Role::Nb301, &move |stat| {
            let Py::F8s(_, numbers) = stat.at(key) else { unreachable!() };
            numbers[place] = number;
        })
    };
    score("derive", 12, 1.5).assert_refused(&["fig4_nb301", "its `derive` is 1.5 for row 2"]);
    score("loss", 149, f64::NAN).assert_refused(&["fig4_nb301", "its `loss` is no finite number for row 4"]);
    change(Role::Nb301, &|stat| *stat.at("gt").item(1) = Py::F4(f32::NAN))
        .assert_refused(&["its `gt` is no finite number for row 1"]);
    let two = Py::F8s(vec![2, 10, 5], vec![0.5; 100]);
    change(Role::Nb301, &move |stat| *stat.at("loss") = two.clone())
        .assert_refused(&["`loss` are of 2 seeds; 3 are due"]);

    let nds = |list: usize, value: Py| change(Role::ResNet, &move |lists| *lists.item(list).item(2) = value.clone());
    let text = |text: &str| Py::Text(format!("OrderedDict([{text}])"));
    let full = "('depths.0', 1), ('depths.1', 1), ('depths.2', 1), ('widths.0', 16), ('widths.1', 16)";
    nds(0, text(full)).assert_refused(&["encoding 2: it has no `widths.2`"]);
    nds(0, text(&format!("{full}, ('widths.2', 16), ('groups.0', 1)")))
        .assert_refused(&["encoding 2: it has `groups.0`"]);
    nds(0, text(&format!("{full}, ('depths.0', 1)"))).assert_refused(&["encoding 2: it has `depths.0` twice"]);
    nds(0, text(&format!("{full}, ('widths.2', x)"))).assert_refused(&["encoding 2: its `widths.2` is no number"]);
    nds(0, Py::text("os.system('true')")).assert_refused(&["encoding 2: it does not read as `OrderedDict"]);
    nds(1, Py::Float(0.5)).assert_refused(&["the costs of encoding 2"]);
    nds(3, Py::Float(100.5)).assert_refused(&["the accuracy of encoding 2"]);
    let short = |lists: &mut Py| {
        let Py::List(items) = lists else { unreachable!() };
        items.truncate(3);
    };
    change(Role::ResNet, &short).assert_refused(&["a list of 3 items; a list of four is due"]);
}

#[test]
fn wrong_texts_are_refused_by_place() {
    let with = |role: Role, from: &str, to: &str| {
        let text = Release::new().text(role);
        assert!(text.contains(from), "{text}");
        Release::new().with(role, text.replacen(from, to, 1))
    };
    let log = Role::L1Log;
    with(log, "Arch   3", "Arch   4").assert_refused(&["full_search/1000.log: line 5: architecture 4, where 3 is due"]);
    with(log, "acc: 0.5243", "acc: 1.5243").assert_refused(&["line 2: architecture 0 has no `acc` in its range"]);
    with(log, "loss: 2.0000; ", "").assert_refused(&["line 2: architecture 0 has no `loss`"]);
    let text = Release::new().text(log);
    let (whole, last) = text.trim_end().rsplit_once('\n').unwrap();
    Release::new().with(log, whole).assert_refused(&["it has 5 architectures; 6 are due; the file may be truncated"]);
    let half = format!("{whole}\n{}", &last[..last.len() - 15]);
    Release::new().with(log, half).assert_refused(&["line 7: architecture 5 has no `acc`"]);

    let cells = Role::Cells;
    with(cells, "reduce_1=[", "reduce_2=[").assert_refused(&["architecture 0: it has not one `reduce_1`"]);
    with(cells, "normal_0=[(", "normal_0=[('x', 0, 2), (")
        .assert_refused(&["architecture 0: its `normal_0` is no list of eight"]);
    with(cells, ", 1, 2)", ", 7, 2)").assert_refused(&["archs.yaml: architecture "]);
    with(cells, ", 1, 2)", ", 1)").assert_refused(&["an edge that is no operation with two nodes"]);
    with(cells, "\n- ", "\n  ").assert_refused(&["it has 4 architectures; 5 are due"]);
    // Edges in another order, and quotes that YAML doubles, are the same cells.
    let text = Release::new().text(cells).replace('\'', "''");
    let start = text.find("[(").unwrap() + 1;
    let middle = start + text[start..].find("), (").unwrap() + 1;
    let end = middle + 2 + text[middle + 2..].find("), (").unwrap() + 1;
    let turned = format!("{}{}, {}{}", &text[..start], &text[middle + 2..end], &text[start..middle], &text[end..]);
    assert_ne!(turned, text);
    assert_eq!(Release::new().with(cells, turned).made().unwrap()[2].bytes, Release::new().tables[2].1.as_bytes());
}

/// Shares of all architectures, invented, in the order of the enumeration.
fn shares() -> Vec<(nb201::Architecture, u32)> {
    nb201::Architecture::all().map(|cell| (cell, 10_000 + 5 * cell.index() as u32)).collect()
}

#[test]
fn accuracies_of_nb201_stand_in_the_order_of_the_benchmark() {
    let text = backwards::accuracies(&shares());
    let name = Role::Accuracies.name();
    let table = |text: &str| made(&[(name, text.as_bytes())]).map(|tables| tables[0].bytes.clone());
    let rows = String::from_utf8(table(&text).unwrap()).unwrap();
    let mut due = "architecture,cifar10-test-200-v1.0-mean\n".to_owned();
    for index in 0..COUNT {
        let cell = nb201::Architecture::at_benchmark_index(index).unwrap();
        let _ = writeln!(due, "{cell},{}", f64::from(10_000 + 5 * cell.index() as u32) / 1e3);
    }
    assert!(rows == due, "{}", &rows[..500]);
    // As a dictionary on one line, and with the line ends of Windows.
    let dictionary = format!("{{{}}}", text.trim_end().replace('\n', ", "));
    assert!(
        table(&dictionary).unwrap() == due.as_bytes() && table(&text.replace('\n', "\r\n")).unwrap() == due.as_bytes()
    );

    let refused = |text: &str| table(text).unwrap_err().to_string();
    let (first, rest) = text.split_once('\n').unwrap();
    assert!(
        refused(rest).contains("it has 15624 of the 15625 architectures; |none~0|+|none~0|none~1|+"),
        "{}",
        refused(rest)
    );
    assert!(refused(&format!("{first}\n{text}")).contains("is there twice"));
    assert!(refused(&text.replacen("none~0", "none~1", 1)).contains("item 1: "));
    assert!(refused(&text.replacen("': 0.", "': 9.", 1)).contains("is no number from 0 to 1"));
    assert!(refused(&text.replacen("': 0.", "' 0.", 1)).contains("item 1 is not `'ARCHITECTURE': ACCURACY`"));
    for cut in (0..text.len() - 25).step_by(50_021) {
        assert!(table(&text[..cut]).is_err(), "{cut}");
    }
}

#[test]
fn groups_have_to_be_the_classes() {
    let release = Release::new();
    let classes = Classes::paper();
    let mut groups = vec![Vec::new(); classes.sizes().len()];
    for (cell, units) in shares() {
        groups[classes.class_of(cell)].push((cell, units));
    }
    groups.reverse();
    let named: Vec<nb201::Architecture> = groups.iter().map(|group| group.last().unwrap().0).collect();
    let resnet = (Role::ResNet.name(), release.of(Role::ResNet));
    let check = |role: Role, text: &str| made(&[resnet, (role.name(), text.as_bytes())]).map(|tables| tables.len());
    let refused = |role: Role, text: &str| check(role, text).unwrap_err().to_string();
    let text = backwards::groups(&groups);
    assert_eq!(check(Role::Groups, &text).unwrap(), 1);
    let alone = refusal(&[(Role::Groups.name(), text.as_bytes())]);
    assert!(alone.contains("deiso_dict.txt was checked; it gives no table"), "{alone}");

    assert!(refused(Role::Groups, &text.replacen("6466", "6467", 1)).contains("does not begin with 6466"));
    let place = groups.iter().position(|group| group.len() > 1).unwrap();
    let changed = |change: &dyn Fn(&mut Vec<Vec<_>>)| {
        let mut groups = groups.clone();
        change(&mut groups);
        let text = backwards::groups(&groups);
        refused(Role::Groups, &text.replacen(&groups.len().to_string(), "6466", 1))
    };
    let message = changed(&|groups| groups[place].truncate(1));
    assert!(message.contains(&format!("line {}: ", place + 2)) && message.contains("their class has"), "{message}");
    let message = changed(&|groups| groups.swap_remove(place).truncate(0));
    assert!(message.contains("it has 6465 groups; 6466 are due"), "{message}");
    let message = changed(&|groups| groups[place + 1] = groups[place].clone());
    assert!(message.contains("was there before"), "{message}");
    let message = changed(&|groups| {
        let moved = groups[place].pop().unwrap();
        groups[0].push(moved);
    });
    assert!(message.contains("line 2: ") && message.contains("of two classes"), "{message}");
    assert!(refused(Role::Groups, &text.replacen("\n4 ", "\n5 ", 1)).contains("`5` is no operation"));
    assert!(refused(Role::Groups, &text.replacen(" 0.", " ", 1)).contains("an accuracy is no number from 0 to 1"));
    assert!(refused(Role::Groups, &text.replacen(" 0.", " 0 0.", 1)).contains("seven for each architecture are due"));

    let text =
        |named: &[nb201::Architecture]| named.iter().map(|cell| format!("'{cell}',\n")).collect::<Vec<_>>().concat();
    assert_eq!(check(Role::Representatives, &text(&named)).unwrap(), 1);
    let message = refused(Role::Representatives, &text(&named[1..]));
    assert!(message.contains("non-isom.txt: it names 6465 architectures; 6466 are due"), "{message}");
    let twice = [&named[..], &[groups[place][0].0]].concat();
    assert!(refused(Role::Representatives, &text(&twice)).contains("are of one class"));
}

#[test]
fn nothing_of_a_pickle_is_run_and_nothing_of_it_is_missing() {
    for role in [Role::Nb101, Role::Nb301, Role::ResNet, Role::ResNeXtA] {
        let system = b"\x80\x03cos\nsystem\nX\x04\0\0\0true\x85R.";
        Release::new().with(role, system).assert_refused(&[role.name(), "os.system", "nothing of it is run"]);
        let bytes = Release::new().of(role).to_vec();
        Release::new().with(role, [&bytes[..], b"."].concat()).assert_refused(&[role.name(), "bytes after the end"]);
        for cut in (0..bytes.len()).step_by(bytes.len() / 50).chain([bytes.len() - 1]) {
            let message = refusal(&[(role.name(), &bytes[..cut])]);
            assert!(message.contains(role.name()) && message.contains("may be truncated"), "{cut}: {message}");
        }
    }
}

#[test]
fn other_numbers_are_refused_by_the_digest_of_the_table() {
    let release = Release::new();
    let files = [(Role::ResNet.name(), release.of(Role::ResNet))];
    // As they are, the rows are too few for the real tables.
    let message =
        in_folder(&files, |folder| import(Files { paths: &[folder.to_owned()], watch: &|_| {} })).unwrap_err();
    assert!(message.to_string().contains("it has 6 encodings; 5000 are due"), "{message}");
    in_folder(&files, |folder| {
        let found = found_in(folder, RELEASE).unwrap();
        let table = Table { path: RESNEXT_A_ONE_SHOT, bytes: b"row\n".to_vec(), from: vec![Role::ResNet] };
        let message = finished(table, &found).unwrap_err().to_string();
        for part in
            ["SHA-256", "4b3ec6f1", "nothing in it is free", "resnet_gt_5k_3seed.pkl is not the file of the release"]
        {
            assert!(message.contains(part), "{message}");
        }
        // A truth that its own reader refuses does not come as far.
        let table = Table { path: RESNET, bytes: b"row\n".to_vec(), from: vec![Role::ResNet] };
        assert!(finished(table, &found).unwrap_err().to_string().contains("truth table truth/nds_resnet.csv, line 1"));
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]

    #[test]
    fn a_damaged_byte_is_refused_or_gives_tables_of_the_same_rows(
        which in 0..7_usize, at in any::<prop::sample::Index>(), put: u8,
    ) {
        let mut release = Release::new();
        let bytes = &mut release.files[which].1;
        let at = at.index(bytes.len());
        bytes[at] = put;
        if let Ok(made) = release.made() {
            for (table, (path, due)) in made.iter().zip(&release.tables) {
                prop_assert_eq!(table.path, *path);
                let lines = |bytes: &[u8]| bytes.split(|byte| *byte == b'\n').count();
                prop_assert_eq!(lines(&table.bytes), lines(due.as_bytes()));
            }
        }
    }
}
