use std::collections::BTreeSet;

use serde::Deserialize;

use super::record::TruthRecord;
use super::survey::{Condition, Entry, Kind};
use super::*;

pub(super) fn record(name: &str, hash: char) -> Record {
    Record {
        format: Record::FORMAT,
        spec_hash: hash.to_string().repeat(64),
        name: name.to_owned(),
        title: "a title".to_owned(),
        space: "nb201".to_owned(),
        device_class: DeviceClass::Cpu,
        spec: serde_json::json!({}),
        truth: Some(TruthRecord {
            source: "a table".to_owned(),
            quantity: None,
            rows: 2,
            minimum: 0.25,
            median: 0.5,
            maximum: 0.75,
            verified: Vec::new(),
        }),
        supernets: Vec::new(),
        panels: Vec::new(),
    }
}

pub(super) fn provenance(started: &str) -> Provenance {
    Provenance {
        version: "0.1.0".to_owned(),
        git_commit: None,
        started: started.to_owned(),
        command: "nas-assay run x".to_owned(),
        cpu_features: Vec::new(),
        device: "cpu".to_owned(),
        driver: None,
        threads: 2,
        os: "linux".to_owned(),
        host: None,
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Value {
    number: f64,
}

struct Made {
    folder: tempfile::TempDir,
    store: Store,
    ids: Vec<RecordId>,
}

/// A store with a file of every kind, and two records.
fn made() -> Made {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("store")).unwrap();
    let mut ids = Vec::new();
    for (name, spec) in [("first", "{\"a\":1}"), ("second", "{\"a\":2}")] {
        let hash = SpecHash::of(spec);
        let id = RecordId::new(&hash, DeviceClass::Cpu);
        store.begin(&id, spec).unwrap();
        store.add_provenance(&id, &provenance("2026-01-01T00:00:00Z")).unwrap();
        assert!(store.finish(&id, &Record { spec_hash: hash.to_string(), ..record(name, '0') }).unwrap());
        ids.push(id);
    }
    let key = StageKey::of("supernet", &1).unwrap();
    for (kind, endings) in [
        ("supernet", &[".json", ".safetensors", ".epoch-2.safetensors"][..]),
        ("scores", &[".json"]),
        ("verify-truth", &[".json"]),
    ] {
        for ending in endings {
            store.write_json(&store.stage(kind, &key, ending), &Value { number: 0.1 }).unwrap();
        }
    }
    let scores = b"architecture,score\n";
    let name = format!("{}.csv", nas_assay_base::sha256_hex(scores));
    write_atomic(&store.root().join("scores").join(name), scores).unwrap();
    drop(store.in_use().unwrap());
    Made { folder, store, ids }
}

fn odd(store: &Store) -> Vec<Entry> {
    store.survey().unwrap().into_iter().filter(|entry| entry.condition != Condition::Whole).collect()
}

fn refused(result: Result<Option<Record>, StoreError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn what_was_written_is_read_again() {
    let Made { folder: _folder, store, ids } = made();
    assert_eq!(store.records().unwrap().len(), 2);
    assert_eq!(store.record(&ids[0]).unwrap().unwrap().name, "first");
    for word in ["latest", "second", &ids[1].as_str()[..9], &ids[1].short(), ids[1].as_str()] {
        assert_eq!(store.find(word).unwrap(), ids[1], "{word}");
    }
    for word in [ids[1].short().replace("cpu", "cuda"), "@cpu".to_owned(), ids[1].short().replace('@', "x@")] {
        assert!(matches!(store.find(&word), Err(StoreError::Unknown { .. })), "{word}");
    }
    let path = store.stage("scores", &StageKey::of("scores", &2).unwrap(), ".json");
    assert!(matches!(store.held_json::<Value>(&path).unwrap(), Held::Missing));
    store.write_json(&path, &Value { number: 0.25 }).unwrap();
    assert_eq!(store.read_json::<Value>(&path).unwrap().unwrap(), Value { number: 0.25 });
    assert!(odd(&store).is_empty());
}

/// Bits all over every file: what is read is what was written, or an error; and the survey finds it.
#[test]
fn a_flipped_bit_is_never_read() {
    let Made { folder: _folder, store, ids } = made();
    let entries = store.survey().unwrap();
    let kinds: BTreeSet<Kind> = entries.iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds.len(), 9, "{kinds:?}");
    let reads = |store: &Store| -> Vec<Option<String>> {
        let text =
            |record: Result<Option<Record>, StoreError>| record.ok().flatten().map(|record| format!("{record:?}"));
        let mut all: Vec<Option<String>> = ids.iter().map(|id| text(store.record(id))).collect();
        for id in &ids {
            all.extend(store.provenance(id).unwrap().into_iter().map(|held| Some(format!("{:?}", held.whole().ok()?))));
        }
        for entry in &entries {
            if entry.place.starts_with("stages") {
                let held = store.read_json::<Value>(&store.root().join(&entry.place));
                all.push(held.ok().flatten().map(|value| format!("{value:?}")));
            }
        }
        all.push(store.find("latest").ok().map(|id| id.as_str().to_owned()));
        all
    };
    let whole = reads(&store);
    assert!(whole.iter().all(Option::is_some));
    for entry in entries.iter().filter(|entry| entry.bytes > 0) {
        let path = store.root().join(&entry.place);
        let content = fs::read(&path).unwrap();
        for bit in (0..8 * content.len()).step_by(61) {
            let mut flipped = content.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            fs::write(&path, &flipped).unwrap();
            let reopened = Store::open(store.root()).unwrap();
            for (found, expected) in reads(&reopened).iter().zip(&whole) {
                assert!(found.is_none() || found == expected, "{} bit {bit}: {found:?}", entry.place);
            }
            // The line break at the end of `latest` and of a score file's name carries nothing.
            if entry.place != LATEST || bit / 8 < content.len() - 1 {
                let found = odd(&reopened);
                assert!(
                    found.iter().any(|odd| odd.place == entry.place && matches!(odd.condition, Condition::Damaged(_))),
                    "{} bit {bit}: {found:?}",
                    entry.place
                );
            }
        }
        fs::write(&path, &content).unwrap();
    }
    assert!(odd(&store).is_empty());
}

#[test]
fn files_in_the_place_of_others_are_refused() {
    let Made { folder: _folder, store, ids } = made();
    let [one, two] = [&ids[0], &ids[1]].map(|id| store.record_path(id));
    let (first, second) = (fs::read(&one).unwrap(), fs::read(&two).unwrap());
    fs::write(&one, &second).unwrap();
    fs::write(&two, &first).unwrap();
    let message = refused(store.record(&ids[0]));
    assert!(message.contains("record.json cannot be used") && message.contains("moved"), "{message}");
    // As loose files they are what they say they are.
    assert_eq!(read_record(&one, second.clone()).unwrap().name, "second");
    let changed = String::from_utf8(second).unwrap().replace("0.75", "0.70").into_bytes();
    assert!(matches!(read_record(&one, changed), Err(StoreError::Damaged { .. })));
    // A record without a seal may come from anywhere.
    let bare = record("bare", 'a').to_json().unwrap();
    assert_eq!(read_record(&one, bare.into_bytes()).unwrap().name, "bare");
}

#[test]
fn one_damaged_record_does_not_hide_the_others() {
    let Made { folder: _folder, store, ids } = made();
    fs::write(store.record_path(&ids[0]), "{").unwrap();
    assert_eq!(store.find("second").unwrap(), ids[1]);
    let message = store.find("first").unwrap_err().to_string();
    let expected = format!(
        "it holds {} (second, 2026-01-01 00:00); damaged, so that their names cannot be read: {} (2026-01-01 00:00)",
        ids[1].short(),
        ids[0].short()
    );
    assert!(message.ends_with(&expected), "{message}");
    assert_eq!(store.find(&ids[0].as_str()[..12]).unwrap(), ids[0]);
    assert!(refused(store.record(&ids[0])).contains("run its spec again"));
}

/// Records are listed by the time of their last run; one that has none is last.
#[test]
fn a_list_of_many_records_has_the_newest() {
    let Made { folder: _folder, store, ids } = made();
    fs::remove_dir_all(store.provenance_path(&ids[0], 1).parent().unwrap()).unwrap();
    let mut expected = Vec::new();
    // The order of writing is not that of the runs.
    for place in (0..30).map(|number| number * 7 % 30) {
        let hash = SpecHash::of(&format!("{{\"b\":{place}}}"));
        let id = RecordId::new(&hash, DeviceClass::Cpu);
        for day in [1, place] {
            store.add_provenance(&id, &provenance(&format!("2026-02-{:02}T12:{day:02}:59Z", 1 + day % 28))).unwrap();
        }
        let written = Record { spec_hash: hash.to_string(), ..record("many\u{7}", '0') };
        store.finish(&id, &written).unwrap();
        expected.push((format!("2026-02-{:02} 12:{place:02}", 1 + place % 28), id));
    }
    expected.sort();
    expected.reverse();
    let listed: Vec<String> =
        expected.iter().take(20).map(|(time, id)| format!("{} (many\\u{{7}}, {time})", id.short())).collect();
    let command = command(store.root(), "store list");
    let rest = |more: usize| format!("{}, and {more} more (`{command}` lists all)", listed.join(", "));
    let message = |word: &str| store.find(word).unwrap_err().to_string();
    assert_eq!(
        message("many\u{7}"),
        format!("`many\u{7}` is the name of 30 records: {}; give the hash of one, or `latest`", rest(10))
    );
    for word in ["", "zz"] {
        assert!(message(word).ends_with(&format!("; it holds {}", rest(12))), "{}", message(word));
    }
    // Without the others, the two at the end are seen.
    for (_, id) in &expected {
        fs::remove_dir_all(store.folder(id)).unwrap();
    }
    assert!(message("my-second").ends_with(" is called `my-second`; the nearest name is `second`"));
    assert!(message("lastest").ends_with(" is called `lastest`; the nearest name is `latest`"));
    let both = format!("; it holds {} (second, 2026-01-01 00:00), {} (first)", ids[1].short(), ids[0].short());
    assert!(message("zz").ends_with(&both), "{}", message("zz"));
}

#[test]
fn a_newer_record_is_never_overwritten() {
    let Made { folder: _folder, store, ids } = made();
    let path = store.record_path(&ids[0]);
    let newer = serde_json::json!({"format": Record::FORMAT + 1, "novelty": true});
    write_atomic(&path, &to_sealed_json(&newer, &store.identity(&path)).unwrap()).unwrap();
    let before = fs::read(&path).unwrap();
    let record = Record { spec_hash: ids[0].as_str()[..64].to_owned(), ..record("first", '0') };
    for refused in [store.begin(&ids[0], "{\"a\":1}").err(), store.finish(&ids[0], &record).err()] {
        assert!(
            matches!(refused, Some(StoreError::NewerRecord { found, known: Record::FORMAT, .. }) if found == Record::FORMAT + 1),
            "{refused:?}"
        );
    }
    assert_eq!(fs::read(&path).unwrap(), before);
    let found = odd(&store);
    assert!(matches!(&found[..], [Entry { condition: Condition::Newer(_), .. }]), "{found:?}");
    // The same text without a seal that fits is damage, and is replaced.
    fs::write(&path, newer.to_string()).unwrap();
    assert!(store.finish(&ids[0], &record).unwrap());
}

#[test]
fn provenance_is_added_and_never_overwritten() {
    let Made { folder: _folder, store, ids } = made();
    let stores: Vec<Store> = (0..4).map(|_| store.clone()).collect();
    std::thread::scope(|scope| {
        for (number, store) in stores.iter().enumerate() {
            let id = &ids[0];
            scope.spawn(move || store.add_provenance(id, &provenance(&format!("run {number}"))).unwrap());
        }
    });
    let held = store.provenance(&ids[0]).unwrap().into_iter().map(|held| held.whole().unwrap().unwrap().started);
    let held: Vec<String> = held.collect();
    assert_eq!((held.len(), held[0].as_str()), (5, "2026-01-01T00:00:00Z"));
    assert_eq!(held.iter().collect::<BTreeSet<_>>().len(), 5);
    let record = store.record(&ids[0]).unwrap().unwrap();
    assert!(!store.finish(&ids[0], &record).unwrap(), "the same record is not new");
}

#[test]
fn versions_are_told_apart() {
    let Made { folder: _folder, store, .. } = made();
    let path = store.root().join(FORMAT);
    let opened = |content: &[u8]| {
        fs::write(&path, content).unwrap();
        Store::open(store.root()).map(drop)
    };
    let whole = fs::read(&path).unwrap();
    let mut newer = format!("3\n{}\n", seal::blank()).into_bytes();
    seal::seal(&mut newer, FORMAT).unwrap();
    assert!(matches!(opened(&newer), Err(StoreError::Newer { found: 3, .. })));
    assert!(matches!(opened(b"1\n"), Err(StoreError::Older { found: 1, .. })));
    assert!(matches!(opened(b"99\n"), Err(StoreError::Newer { found: 99, .. })));
    // Damage is no other version.
    let flipped = [b"3", &whole[1..]].concat();
    for damaged in [&b""[..], &flipped, b"2\n", b"\xff\xff"] {
        opened(damaged).unwrap();
        assert!(matches!(&odd(&store)[..], [Entry { condition: Condition::Damaged(_), .. }]));
    }
    fs::remove_file(&path).unwrap();
    let store = Store::open(store.root()).unwrap();
    store.begin(&RecordId::new(&SpecHash::of("{}"), DeviceClass::Cpu), "{}").unwrap();
    assert_eq!(fs::read(&path).unwrap(), whole);
}

#[cfg(unix)]
#[test]
fn a_pipe_in_the_place_of_a_file_is_an_error_and_no_endless_wait() {
    let Made { folder: _folder, store, ids } = made();
    for path in [store.root().join(FORMAT), store.record_path(&ids[0])] {
        fs::remove_file(&path).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    }
    let message = Store::open(store.root()).unwrap_err().to_string();
    assert!(message.contains("FORMAT: it is not a regular file"), "{message}");
    assert!(refused(store.record(&ids[0])).contains("not a regular file"));
    assert_eq!(odd(&store).len(), 2);
}

#[test]
fn names_that_name_nothing_are_said_as_what_they_are() {
    let Made { folder: _folder, store, ids } = made();
    assert!(matches!(store.find(""), Err(StoreError::NoName { .. })));
    let latest = store.root().join(LATEST);
    let cut = &ids[0].as_str()[..20];
    for (content, said) in [("", "is empty"), ("\n", "is empty"), (cut, "names no finished record"), ("x", "names no")]
    {
        fs::write(&latest, content).unwrap();
        let message = store.find("latest").unwrap_err().to_string();
        assert!(message.contains(said) && message.contains(&ids[0].short()), "{message}");
    }
    fs::remove_file(&latest).unwrap();
    assert!(store.find("latest").unwrap_err().to_string().contains("is called `latest`"));
}

#[test]
fn leftovers_are_found_and_removed_and_nothing_else() {
    let Made { folder: _folder, store, ids } = made();
    let put = |path: &PathBuf| store.write_json(path, &Value { number: 1.0 }).unwrap();
    let (done, open, lost) = (1, 2, 3);
    let key = |number: i32| StageKey::of("supernet", &number).unwrap();
    let leftover = [
        store.stage("supernet", &key(done), ".resume.safetensors"),
        store.stage("scores", &key(done), ".partial.json"),
        store.stage("supernet", &key(lost), ".epoch-1.safetensors"),
    ];
    let needed = [
        store.stage("supernet", &key(open), ".resume.safetensors"),
        store.stage("supernet", &key(open), ".epoch-1.safetensors"),
        store.stage("scores", &key(open), ".partial.json"),
    ];
    for path in leftover.iter().chain(&needed) {
        put(path);
    }
    let temporary = store.root().join("stages/scores/.x.json.abcdefghijkl.tmp");
    fs::write(&temporary, "half").unwrap();
    let foreign = [store.root().join("notes.txt"), store.root().join("stages/scores/readme")];
    for path in &foreign {
        fs::write(path, "mine").unwrap();
    }
    #[cfg(unix)]
    let no_text = store.root().join(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(b"no\xfftext"));
    #[cfg(unix)]
    fs::write(&no_text, "mine").unwrap();
    #[cfg(unix)]
    {
        // A name that is no text is a file of others, and is not passed over.
        assert!(odd(&store).iter().any(|entry| entry.place == "no\u{fffd}text" && entry.kind == Kind::Foreign));
        fs::remove_file(&no_text).unwrap();
    }
    fs::write(store.record_path(&ids[1]), "damaged").unwrap();

    let entries = store.survey().unwrap();
    let of = |wanted: fn(&Condition) -> bool| -> BTreeSet<PathBuf> {
        let fitting = entries.iter().filter(|entry| wanted(&entry.condition));
        fitting.map(|entry| store.root().join(&entry.place)).collect()
    };
    let expected: BTreeSet<PathBuf> = leftover.iter().chain([&temporary]).cloned().collect();
    assert_eq!(of(|condition| matches!(condition, Condition::Leftover(_))), expected);
    assert_eq!(of(|condition| *condition == Condition::Foreign), foreign.iter().cloned().collect());
    assert_eq!(of(|condition| matches!(condition, Condition::Damaged(_))), [store.record_path(&ids[1])].into());

    let wanted = || entries.iter().filter(|entry| entry.condition.can_be_removed());
    let in_use = store.in_use().unwrap();
    assert!(matches!(store.remove(wanted()), Err(StoreError::Busy { .. })));
    assert!(temporary.exists());
    drop(in_use);
    assert_eq!(store.remove(wanted()).unwrap().len(), 5);
    assert!(needed.iter().chain(&foreign).all(|path| path.exists()));
    let left = odd(&store);
    // `latest` names the record that was damaged.
    assert_eq!(
        left.iter().map(|entry| entry.place.as_str()).collect::<Vec<_>>(),
        ["latest", "notes.txt", "stages/scores/readme"]
    );
}

/// The same spec on two classes of devices: no number of digits tells the records apart, and the names of the message do.
#[test]
fn each_name_that_is_offered_is_that_of_one_record() {
    let Made { folder: _folder, store, ids } = made();
    let cuda = Record { device_class: DeviceClass::Cuda, ..store.record(&ids[0]).unwrap().unwrap() };
    store.finish(&RecordId::of(&cuda), &cuda).unwrap();
    let message = store.find(cuda.spec_hash.as_str()).unwrap_err().to_string();
    let names = message
        .split_once("is the name of 2 records: ")
        .unwrap()
        .1
        .strip_suffix("; give the hash of one, or `latest`")
        .unwrap();
    let names = names.split("), ").map(|listed| listed.split_once(" (").unwrap().0);
    let found: BTreeSet<RecordId> = names.map(|name| store.find(name).unwrap()).collect();
    assert_eq!(found, BTreeSet::from([ids[0].clone(), RecordId::of(&cuda)]));
}
