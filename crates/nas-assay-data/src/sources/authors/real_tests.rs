//! The tables of the data root, turned into files as those of the release, come out of them byte for byte.

use std::path::PathBuf;

use nas_assay_spaces::nb201::Architecture;
use nas_assay_testing::data_file;

use super::*;
use crate::files::Files;

fn table(path: &str) -> String {
    std::fs::read_to_string(data_file(path)).unwrap()
}

/// The rows of `truth/nb201.csv`: architecture, group, whether it represents the group, and the share in units of 1e-5.
fn nb201() -> Vec<(Architecture, usize, bool, u32)> {
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        let units = (cells[3].parse::<f64>().unwrap() * 1e5).round() as u32;
        (cells[0].parse().unwrap(), cells[1].parse().unwrap(), cells[2] == "1", units)
    };
    table("truth/nb201.csv").lines().skip(1).map(row).collect()
}

/// Files as those of the release under their paths.
fn release() -> Vec<(&'static str, Vec<u8>)> {
    let (nb101, nb301, nb201) = (table(NB101), table(NB301), nb201());
    let one_shot = table(RESNEXT_A_ONE_SHOT);
    // The release has its own order, which does not matter.
    let shares: Vec<_> = nb201.iter().rev().map(|&(cell, .., units)| (cell, units)).collect();
    let mut groups = vec![Vec::new(); 6_466];
    for &(cell, group, _, units) in &nb201 {
        groups[group].push((cell, units));
    }
    let representatives: Vec<String> = nb201.iter().filter(|row| row.2).map(|(cell, ..)| format!("{cell}\n")).collect();
    let of_resnext = ["depths", "widths", "bot_muls", "num_groups"];
    vec![
        (Role::Nb101.path(), backwards::nb101(&nb101, &table(NB101_ONE_SHOT), 1).pickled()),
        (Role::Nb301.path(), backwards::nb301(&nb301, &table(NB301_ONE_SHOT)).pickled()),
        (Role::Cells.path(), backwards::archs(&nb301).into_bytes()),
        (Role::ResNet.path(), backwards::nds(&table(RESNET), &of_resnext[..2]).pickled()),
        (Role::ResNeXtA.path(), backwards::nds(&table(RESNEXT_A), &of_resnext).pickled()),
        (Role::OrdinalLog.path(), backwards::log(&one_shot, [1, 2]).into_bytes()),
        (Role::L1Log.path(), backwards::log(&one_shot, [3, 4]).into_bytes()),
        (Role::Accuracies.path(), backwards::accuracies(&shares).into_bytes()),
        (Role::Groups.path(), backwards::groups(&groups).into_bytes()),
        (Role::Representatives.path(), representatives.concat().into_bytes()),
    ]
}

fn imported(path: PathBuf) -> Result<Vec<Made>, DataError> {
    import(Files { paths: &[path], watch: &|_| {} })
}

#[test]
#[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
fn every_table_of_the_data_root_comes_out_of_files_as_those_of_the_release() {
    let folder = tempfile::tempdir().unwrap();
    let release = release();
    for (path, bytes) in &release {
        let path = folder.path().join("clone").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let made = imported(folder.path().join("clone")).unwrap();
    let paths: Vec<&str> = made.iter().map(|made| &*made.path).collect();
    assert_eq!(paths, [NB101, NB101_ONE_SHOT, NB301, NB301_ONE_SHOT, RESNET, RESNEXT_A, RESNEXT_A_ONE_SHOT, NB201]);
    for made in &made {
        if made.path != NB201 {
            assert!(made.bytes == table(&made.path).into_bytes(), "{}", made.path);
        }
        assert!(made.notes[0].contains("is not the file of the release"), "{:?}", made.notes);
    }
    // The table that the data root does not have.
    let text = String::from_utf8(made[7].bytes.clone()).unwrap();
    assert!(text.starts_with("architecture,cifar10-test-200-v1.0-mean\n"));
    for (line, (cell, .., units)) in text.lines().skip(1).zip(nb201()) {
        let (name, percent) = line.split_once(',').unwrap();
        assert_eq!(name, cell.to_string());
        assert_eq!(percent.parse::<f64>().unwrap(), f64::from(units) / 1e3, "{name}");
    }

    // The archive of a clone, as the host of the release packs it.
    let path = folder.path().join("anonymous-main.zip");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
    for (path, bytes) in &release {
        zip.start_file(format!("anonymous-main/{path}"), zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut zip, bytes).unwrap();
    }
    zip.finish().unwrap();
    assert_eq!(imported(path).unwrap(), with_paths(made, "anonymous-main/"));

    // Any other number is refused, and the table is named.
    let path = folder.path().join("resnet_gt_5k_3seed.pkl");
    let mut table = table(RESNET);
    let place = table.find(".9").unwrap() + 1;
    table.replace_range(place..=place, "8");
    std::fs::write(&path, backwards::nds(&table, &["depths", "widths"]).pickled()).unwrap();
    let message = imported(path).unwrap_err().to_string();
    assert!(message.contains(RESNET) && message.contains("b0ac0492") && message.contains("nothing in it is free"));
}

/// The same with the notes of files that lie in a folder.
fn with_paths(mut made: Vec<Made>, folder: &str) -> Vec<Made> {
    for note in made.iter_mut().flat_map(|made| &mut made.notes) {
        if note.contains("is not the file of the release") {
            *note = format!("{folder}{note}");
        }
    }
    made
}
