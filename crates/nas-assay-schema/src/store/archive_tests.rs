//! Tests of archives.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::archive::{ARCHIVE_FORMAT, Packed, write_end, write_entry, write_packed};
use super::merge::MergeError;
use super::merge_tests::{Lab, Made, kept, packed, results, runs, some, unpack};
use super::place::kind_of;
use super::source::Source;
use super::survey::{Condition, Kind};
use super::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn what_is_packed_is_unpacked(a in some()) {
        let lab = Lab::new();
        let store = lab.filled("a", &a);
        let archive = packed(&store, Some("node7"));
        prop_assert_eq!(&archive, &packed(&store, Some("node7")));
        let target = lab.store("unpacked");
        let merged = unpack(&target, &archive).unwrap();
        let odd: BTreeSet<String> = store
            .survey()
            .unwrap()
            .into_iter()
            .filter(|entry| entry.condition != Condition::Whole)
            .map(|entry| entry.place)
            .collect();
        let mut expected = kept(&store);
        expected.retain(|place, _| !odd.contains(place));
        // A run may have been begun twice. It is one run, and the numbers have no gaps.
        if runs(&store).len() == expected.keys().filter(|place| kind_of(place) == Kind::Provenance).count() {
            prop_assert_eq!(&kept(&target), &expected);
            // All but the version of the store is counted.
            prop_assert_eq!((merged.written, merged.same), (expected.len() - 1, 0));
        }
        prop_assert_eq!((results(&target), runs(&target)), (results(&target), runs(&store)));
        prop_assert_eq!(unpack(&target, &archive).unwrap().written, 0);
        // Other programs read it, too.
        let mut names = Vec::new();
        for entry in tar::Archive::new(&archive[..]).entries().unwrap() {
            let mut entry = entry.unwrap();
            let (name, mut content) = (entry.path().unwrap().to_string_lossy().into_owned(), Vec::new());
            entry.read_to_end(&mut content).unwrap();
            if !names.is_empty() {
                prop_assert_eq!(Some(&content), expected.get(&name), "{}", name);
            }
            names.push(name);
        }
        prop_assert_eq!(names, ["PACKED.json".to_owned()].into_iter().chain(expected.into_keys()).collect::<Vec<_>>());
    }

    #[test]
    fn a_changed_byte_or_a_cut_is_always_found(
        a in some(), places in prop::collection::vec((any::<prop::sample::Index>(), 1..=255u8), 40),
    ) {
        let lab = Lab::new();
        let archive = packed(&lab.filled("a", &a), None);
        let target = lab.store("target");
        let refused = |archive: &[u8]| {
            let error = unpack(&target, archive).unwrap_err();
            assert!(matches!(error, MergeError::Archive { .. } | MergeError::OtherFormat { .. }), "{error}");
            assert!(!target.root().exists(), "something was written");
            error.to_string()
        };
        for (place, change) in places {
            let place = place.index(archive.len());
            let mut changed = archive.clone();
            changed[place] ^= change;
            refused(&changed);
            let said = refused(&archive[..place]);
            prop_assert!(said.contains("truncated"), "{}", said);
        }
        refused(&[&archive[..], b"x"].concat());
        unpack(&target, &archive).unwrap();
    }
}

#[test]
fn every_byte_of_a_small_archive_matters() {
    let lab = Lab::new();
    let files = [Made::Stage("scores", 1, ".json"), Made::Scores(1)];
    let archive = packed(&lab.filled("a", &files), Some("node7"));
    for place in 0..archive.len() {
        for bit in [0, 5] {
            let mut changed = archive.clone();
            changed[place] ^= 1 << bit;
            let target = lab.store("target");
            assert!(unpack(&target, &changed).is_err() && !target.root().exists(), "bit {bit} of byte {place}");
        }
    }
}

/// An archive with one entry of any name and kind after the first.
fn forged(place: &[u8], kind: tar::EntryType, packed: &Packed) -> Vec<u8> {
    let mut archive = Vec::new();
    write_packed(&mut archive, packed).unwrap();
    let mut header = tar::Header::new_ustar();
    header.as_mut_bytes()[..place.len()].copy_from_slice(place);
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(0);
    header.set_cksum();
    archive.extend(header.as_bytes());
    write_end(&mut archive).unwrap();
    archive
}

fn present() -> Packed {
    Packed { format: ARCHIVE_FORMAT, store_format: STORE_FORMAT, version: "0.1.0".to_owned(), host: None }
}

#[test]
fn no_entry_leaves_the_store() {
    let lab = Lab::new();
    let target = lab.store("inner/target");
    let digest = "0a".repeat(32);
    let refused = |archive: &[u8]| {
        let said = unpack(&target, archive).unwrap_err().to_string();
        assert!(said.starts_with("the archive shard.tar cannot be used: "), "{said}");
        assert_eq!(fs::read_dir(lab.folder.path()).unwrap().count(), 0, "{said}");
        said
    };
    for place in [
        "../x".to_owned(),
        "/etc/x".to_owned(),
        "stages/scores/../../../x".to_owned(),
        format!("./stages/scores/{digest}.json"),
        format!("stages//scores/{digest}.json"),
        format!("stages/scores/{digest}.json/"),
        format!("stages\\scores\\{digest}.json"),
        "lock".to_owned(),
        "latest".to_owned(),
        "notes.txt".to_owned(),
        "PACKED.json".to_owned(),
        "stages/scores/.x.json.abc.tmp".to_owned(),
    ] {
        let said = refused(&forged(place.as_bytes(), tar::EntryType::Regular, &present()));
        assert!(said.ends_with(&format!("its entry `{place}` is no file of a store")), "{said}");
    }
    let place = format!("stages/scores/{digest}.json");
    for kind in [tar::EntryType::Symlink, tar::EntryType::Link, tar::EntryType::Directory, tar::EntryType::Fifo] {
        let said = refused(&forged(place.as_bytes(), kind, &present()));
        assert!(said.ends_with(&format!("its entry `{place}` is no plain file")), "{said}");
    }
    let said = refused(&forged(place.as_bytes(), tar::EntryType::Regular, &present()));
    assert!(said.ends_with(&format!("its entry `{place}`: it has no seal")), "{said}");
    // A name with one bad byte, after a good beginning.
    let said = refused(&forged(b"stages/\xff", tar::EntryType::Regular, &present()));
    assert!(said.contains("is no file of a store"), "{said}");
}

#[test]
fn a_file_in_the_place_of_another_or_twice_is_refused() {
    let lab = Lab::new();
    let store = lab.filled("a", &[Made::Stage("scores", 1, ".json"), Made::Stage("scores", 2, ".json")]);
    let mut places: Vec<String> = kept(&store).into_keys().filter(|place| place != FORMAT).collect();
    places.sort();
    let content = |place: &str| fs::read(store.root().join(place)).unwrap();
    let archive = |entries: &[(&str, &str)]| {
        let mut archive = Vec::new();
        write_packed(&mut archive, &present()).unwrap();
        for (place, of) in entries {
            write_entry(&mut archive, place, &content(of)).unwrap();
        }
        write_end(&mut archive).unwrap();
        archive
    };
    let (one, two) = (places[0].as_str(), places[1].as_str());
    let target = lab.store("target");
    let refused = |archive: &[u8]| unpack(&target, archive).unwrap_err().to_string();
    assert!(refused(&archive(&[(one, two)])).contains("moved from another place"));
    for entries in [[(one, one), (one, one)], [(two, two), (one, one)]] {
        assert!(refused(&archive(&entries)).contains("is there twice or in another order"));
    }
    assert!(!target.root().exists());
    assert_eq!(unpack(&target, &archive(&[(one, one), (two, two)])).unwrap().written, 2);
}

#[test]
fn what_is_no_archive_or_of_another_format_is_said() {
    let lab = Lab::new();
    let target = lab.store("target");
    let said = |archive: &[u8]| unpack(&target, archive).unwrap_err().to_string();
    assert!(said(b"").ends_with("it is truncated"));
    assert!(said(&[7; 2000]).ends_with("it is no tar file"));
    assert!(said(&[0; 1024]).ends_with("it has no entry"));
    let mut foreign = Vec::new();
    write_entry(&mut foreign, "results/scores.csv", b"1").unwrap();
    write_end(&mut foreign).unwrap();
    let expected = "nas-assay did not write it: its entry `results/scores.csv` stands where `PACKED.json` would be";
    assert!(said(&foreign).ends_with(expected), "{}", said(&foreign));
    for (packed, expected) in [
        (Packed { format: 2, ..present() }, "archive shard.tar: format 2, and this version of nas-assay knows 1"),
        (
            Packed { store_format: 3, ..present() },
            "archive shard.tar: the store in it has format 3, and this version of nas-assay knows 2",
        ),
    ] {
        let said = said(&forged(b"FORMAT", tar::EntryType::Regular, &packed));
        assert!(said.ends_with(expected), "{said}");
    }
    let absent = Source::archive(&lab.folder.path().join("absent.tar")).err().unwrap().to_string();
    assert!(absent.starts_with("failed to read ") && absent.contains("absent.tar"), "{absent}");
}
