use super::*;

use std::fs::File;
use std::path::PathBuf;

use nas_assay_testing::{data_file, sample_file};
use proptest::prelude::*;

use crate::files::unpacked;
use crate::pickle::{Stream, WHOLE};
use crate::sources::nb201::{mean_over_seeds, read_record};

fn set(name: &str) -> &'static Set {
    ALL.iter().find(|set| set.name == name).unwrap()
}

fn rows(text: &str) -> Result<Vec<String>, String> {
    let count = 3;
    let made = table(set("cifar100-test"), text, count)?;
    let text = String::from_utf8(made.bytes).unwrap();
    Ok(text.lines().map(|line| line.rsplit_once(',').unwrap().1.to_owned()).collect())
}

const THREE: &str = "index,accuracy\n0,61.24666662216187\n1,68.60999995117187\n2,10.02\n";

#[test]
fn means_become_exact() {
    // 61.24 2/3 is 9,187 of 15,000; 68.61 is 6,861 of 10,000; 10.02 is 501 of 5,000.
    assert_eq!(rows(THREE).unwrap(), ["cifar100-test-200-nats-mean", "61.24666666666667", "68.61", "10.02"]);
    let made = table(set("cifar100-test"), THREE, 3).unwrap();
    assert_eq!(made.path, "truth/nb201/cifar100-test-200-nats-mean.csv");
    let first = "architecture,cifar100-test-200-nats-mean\n|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|,";
    assert!(made.bytes.starts_with(first.as_bytes()));
}

#[test]
fn other_lists_are_refused() {
    let refused = |from: &str, to: &str| rows(&THREE.replacen(from, to, 1)).unwrap_err();
    assert_eq!(
        refused("index,accuracy", "index,score,time"),
        "its first line is `index,score,time`, not `index,accuracy`"
    );
    assert_eq!(refused("1,68.6", "2,68.6"), "line 3: the index is 2; there should be 3 in order");
    assert_eq!(refused("10.02", "10.021"), "line 4: 10.021 % is no mean of one to three shares of 5000 images");
    assert_eq!(refused("10.02", "NaN"), "line 4: NaN % is no mean of one to three shares of 5000 images");
    assert_eq!(refused("10.02", "101"), "line 4: 101 % is no mean of one to three shares of 5000 images");
    assert_eq!(refused("10.02", "10,02"), "line 4: it is no index and accuracy");
    assert_eq!(refused("10.02\n", "10.02\n3,10.02\n"), "line 5: the index is 3; there should be 3 in order");
    assert!(refused("2,10.02\n", "").starts_with("it has 2 whole rows of 3; the file may be truncated"));
    assert_eq!(rows("").unwrap_err(), "its first line is ``, not `index,accuracy`");
    for cut in 0..THREE.len() {
        assert!(rows(&THREE[..cut]).is_err(), "cut at {cut}");
    }
    // One of the lists has no line break at its end; its last number has all decimals.
    let open = |last: &str| rows(&THREE.replacen("10.02\n", last, 1)).map(|rows| rows[3].clone());
    assert_eq!(open("21.41333332804294").unwrap(), "21.413333333333334");
    assert!(["21.413333", "21.4", "21.", "21", "2"].iter().all(|cut| open(cut).is_err()));
}

fn read(paths: &[PathBuf]) -> Result<Vec<Made>, String> {
    import(Files { paths, watch: &|_| () }).map_err(|error| error.to_string())
}

#[test]
fn lists_are_found_among_other_files() {
    let folder = tempfile::tempdir().unwrap();
    let paths = [folder.path().to_owned()];
    std::fs::write(folder.path().join("cifar10-params.csv"), "index,accuracy\n").unwrap();
    assert!(
        read(&paths).unwrap_err().starts_with("no list of FreeREA was found; wanted is any of cifar10-accuracies.csv")
    );
    std::fs::write(folder.path().join("ImageNet16-120-accuracies.csv"), "index,accuracy\n0,3.33\n").unwrap();
    let refused = read(&paths).unwrap_err();
    assert!(refused.starts_with("ImageNet16-120-accuracies.csv: line 2: 3.33 % is no mean"), "{refused}");
    // Means over one, two and three seeds.
    let means: Vec<(u64, u64)> =
        (0..COUNT).map(|index| (300 + index as u64 % 997, 3_000 * (1 + index as u64 % 3))).collect();
    let mut lines = vec!["index,accuracy".to_owned()];
    for (index, (correct, images)) in means.iter().enumerate() {
        lines.push(format!("{index},{}", *correct as f64 / *images as f64 * 100.0 + 3e-8));
    }
    lines.push(String::new());
    std::fs::write(folder.path().join("ImageNet16-120-accuracies.csv"), lines.join("\n")).unwrap();
    let made = read(&paths).unwrap();
    let cells: Vec<String> = String::from_utf8(made[0].bytes.clone())
        .unwrap()
        .lines()
        .skip(1)
        .map(|line| line.rsplit_once(',').unwrap().1.to_owned())
        .collect();
    let due: Vec<String> =
        means.iter().map(|&(correct, images)| ((100 * correct) as f64 / images as f64).to_string()).collect();
    assert!(made.len() == 1 && cells == due);
}

#[test]
#[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
fn means_are_those_of_real_records() {
    let made = read(&[data_file("freerea/LICENSE").parent().unwrap().to_owned()]).unwrap();
    assert_eq!(made.len(), LISTS.len());
    for index in [0, 11, 284] {
        let file = sample_file(&format!(
            "samples/nats-bench/fake_torch_dir/NATS-tss-v1_0-3ffb9-simple/{index:06}.pickle.pbz2"
        ));
        let tree = Stream::new(unpacked(File::open(file).unwrap()).unwrap()).whole(WHOLE).unwrap();
        let record = read_record(tree.root()).unwrap();
        for made in &made {
            let place = ALL.iter().position(|set| made.path.contains(&format!("/{}-200-nats-mean", set.name))).unwrap();
            let mean = mean_over_seeds(&record.full[place]).unwrap();
            let line = std::str::from_utf8(&made.bytes).unwrap().lines().nth(index + 1).unwrap();
            assert_eq!(line.rsplit_once(',').unwrap().1, mean.to_string(), "{} {index}", made.path);
        }
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in any::<String>(), at in any::<prop::sample::Index>(), put in ".{0,3}") {
        let _ = rows(&text);
        let mut damaged = THREE.to_owned();
        let at = at.index(damaged.len());
        damaged.replace_range(at..=at, &put);
        if let Ok(rows) = rows(&damaged) {
            prop_assert_eq!(rows.len(), 4);
        }
    }
}
