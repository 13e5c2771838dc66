use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::hook::Hook;
use super::*;

/// The hook is one for the process: tests that set it run one after the other.
static ALONE: Mutex<()> = Mutex::new(());

/// Calls `act` while `hook` sees the operations on files below `folder`.
fn with_hook<T>(
    folder: &Path,
    hook: impl Fn(Operation, &Path) -> io::Result<()> + Send + Sync + 'static,
    act: impl FnOnce() -> T,
) -> T {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let ours = folder.to_owned();
    let only: Arc<Hook> =
        Arc::new(move |operation, path: &Path| if path.starts_with(&ours) { hook(operation, path) } else { Ok(()) });
    hook::set(Some(only));
    let done = act();
    hook::set(None);
    done
}

fn names(folder: &Path) -> BTreeSet<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_write_replaces_the_whole_file_and_leaves_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/down/file.json");
    write_atomic(&path, b"a longer first content").unwrap();
    write_atomic(&path, b"second").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"second");
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    assert_eq!(read(&path).unwrap().unwrap(), b"second");
    assert!(remove(&path).unwrap() && !remove(&path).unwrap());
    assert!(read(&path).unwrap().is_none());
}

#[test]
fn a_failed_write_leaves_no_temporary() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("taken");
    fs::create_dir(&path).unwrap();
    let error = write_atomic(&path, b"x").unwrap_err();
    assert_eq!(error.path, path);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let error = write_output(Path::new("/dev/full"), &[0; 4096]).unwrap_err();
    assert_eq!(error.source.kind(), ErrorKind::StorageFull);
}

/// Every step of a write may fail in every way: the old content or the new content is there, never another file.
#[test]
fn a_write_that_fails_at_any_step_leaves_the_old_file_or_the_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let steps = {
        let count = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&count);
        let hook = move |_: Operation, _: &Path| {
            seen.fetch_add(1, Ordering::Relaxed);
            Ok(())
        };
        with_hook(folder.path(), hook, || write_atomic(&path, b"old")).unwrap();
        count.load(Ordering::Relaxed)
    };
    assert_eq!(steps, 5, "create, write, sync, rename, sync of the folder");
    for kind in [ErrorKind::StorageFull, ErrorKind::PermissionDenied, ErrorKind::Other] {
        for fatal in 0..steps {
            write_atomic(&path, b"old").unwrap();
            let count = AtomicUsize::new(0);
            let hook = move |_: Operation, _: &Path| {
                let step = count.fetch_add(1, Ordering::Relaxed);
                if step == fatal { Err(kind.into()) } else { Ok(()) }
            };
            let error = with_hook(folder.path(), hook, || write_atomic(&path, b"new")).unwrap_err();
            assert_eq!((error.path.as_path(), error.source.kind()), (path.as_path(), kind));
            let expected: &[u8] = if fatal == steps - 1 { b"new" } else { b"old" };
            assert_eq!(fs::read(&path).unwrap(), expected, "step {fatal}");
            assert_eq!(names(folder.path()), BTreeSet::from(["file".to_owned()]), "step {fatal}");
        }
    }
}

#[test]
fn an_operation_that_a_signal_interrupts_is_done_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let count = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&count);
    let hook = move |_: Operation, _: &Path| {
        if seen.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) { Err(ErrorKind::Interrupted.into()) } else { Ok(()) }
    };
    with_hook(folder.path(), hook, || {
        write_atomic(&path, b"content").unwrap();
        assert_eq!(read(&path).unwrap().unwrap(), b"content");
        assert!(remove(&path).unwrap());
    });
    assert_eq!(count.load(Ordering::Relaxed), 2 * (5 + 1 + 2));
}

/// The folder that got a new name is flushed after the rename, and so is the parent of each new folder.
#[test]
fn names_are_flushed_to_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().to_owned();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let hook = move |operation: Operation, path: &Path| {
        log.lock().unwrap().push((operation, path.strip_prefix(&root).unwrap().to_owned()));
        Ok(())
    };
    let path = folder.path().join("a/b/file");
    with_hook(folder.path(), hook, || write_atomic(&path, b"x")).unwrap();
    let expected = [
        (Operation::CreateFolder, "a/b"),
        (Operation::SyncFolder, "a"),
        (Operation::SyncFolder, ""),
        (Operation::Create, "a/b/file"),
        (Operation::Write, "a/b/file"),
        (Operation::Sync, "a/b/file"),
        (Operation::Rename, "a/b/file"),
        (Operation::SyncFolder, "a/b"),
    ];
    let expected: Vec<_> = expected.map(|(operation, path)| (operation, PathBuf::from(path))).to_vec();
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[test]
fn of_many_writers_one_creates_a_new_file_and_all_can_replace_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("only");
    let created: usize = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..8)
            .map(|writer| {
                let path = &path;
                scope.spawn(move || usize::from(write_new(path, format!("writer {writer}").as_bytes()).unwrap()))
            })
            .collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).sum()
    });
    assert_eq!(created, 1);
    let first = fs::read(&path).unwrap();
    assert!(!write_new(&path, b"later").unwrap());
    assert_eq!(fs::read(&path).unwrap(), first);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..50).for_each(|_| write_atomic(&path, b"the same").unwrap()));
        }
    });
    assert_eq!(names(folder.path()), BTreeSet::from(["only".to_owned()]));
}

#[test]
fn a_lock_that_is_shared_is_nobodys_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store/lock");
    let (one, two) = (lock_shared(&path).unwrap(), lock_shared(&path).unwrap());
    assert!(lock_alone(&path).unwrap().is_none());
    drop(one);
    assert!(lock_alone(&path).unwrap().is_none());
    drop(two);
    let alone = lock_alone(&path).unwrap();
    assert!(alone.is_some() && lock_alone(&path).unwrap().is_none());
}

#[cfg(unix)]
mod outputs {
    use std::io::Read;
    use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_file_keeps_its_mode_and_its_links() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("real"), "old").unwrap();
        fs::set_permissions(at("real"), fs::Permissions::from_mode(0o640)).unwrap();
        symlink(at("real"), at("link")).unwrap();
        write_output(&at("link"), b"new").unwrap();
        assert!(fs::symlink_metadata(at("link")).unwrap().is_symlink());
        assert_eq!(fs::read(at("real")).unwrap(), b"new");
        assert_eq!(fs::metadata(at("real")).unwrap().mode() & 0o777, 0o640);

        fs::hard_link(at("real"), at("second")).unwrap();
        write_output(&at("second"), b"both").unwrap();
        assert_eq!(fs::read(at("real")).unwrap(), b"both");
        assert_eq!(fs::metadata(at("real")).unwrap().nlink(), 2);

        symlink(at("later"), at("dangling")).unwrap();
        write_output(&at("dangling"), b"made").unwrap();
        assert_eq!(fs::read(at("later")).unwrap(), b"made");
        assert!(fs::symlink_metadata(at("dangling")).unwrap().is_symlink());
        assert_eq!(names(folder.path()).len(), 5);
    }

    #[test]
    fn a_pipe_is_written_through() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        let reader = path.clone();
        let reader = std::thread::spawn(move || {
            let mut text = String::new();
            File::open(reader).unwrap().read_to_string(&mut text).unwrap();
            text
        });
        write_output(&path, b"through").unwrap();
        assert_eq!(reader.join().unwrap(), "through");
        assert!(fs::metadata(&path).unwrap().file_type().is_fifo());
        write_output(Path::new("/dev/null"), b"gone").unwrap();
        assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    }

    #[test]
    fn a_folder_that_does_not_exist_is_an_error_and_is_not_made() {
        let folder = tempfile::tempdir().unwrap();
        let error = write_output(&folder.path().join("no/report.html"), b"x").unwrap_err().to_string();
        assert!(error.contains("/no does not exist"), "{error}");
        assert!(names(folder.path()).is_empty());
        assert!(write_output(folder.path(), b"x").is_err());
    }

    /// A file that others can read stays so; a new file has the permissions that the process gives to all new files.
    #[test]
    fn a_new_file_has_usual_permissions() {
        let folder = tempfile::tempdir().unwrap();
        let (plain, atomic) = (folder.path().join("plain"), folder.path().join("atomic"));
        fs::write(&plain, "x").unwrap();
        write_atomic(&atomic, b"x").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().mode();
        assert_eq!(mode(&plain), mode(&atomic));
    }

    /// What lies in the folder under a name that a temporary file might get is not followed.
    #[test]
    fn a_planted_link_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (victim, path) = (folder.path().join("victim"), folder.path().join("file"));
        fs::write(&victim, "untouched").unwrap();
        for serial in 0..50 {
            let name = format!(".file.{}-{serial}.tmp", std::process::id());
            symlink(&victim, folder.path().join(name)).unwrap();
        }
        write_atomic(&path, b"content").unwrap();
        assert_eq!(fs::read(&victim).unwrap(), b"untouched");
    }
}

/// A report that cannot be written on a full disk leaves the old one as it was.
#[test]
fn an_output_that_fails_leaves_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report");
    for fatal in [Operation::Create, Operation::Write, Operation::Sync, Operation::Rename] {
        fs::write(&path, "old").unwrap();
        let hook = move |operation: Operation, _: &Path| {
            if operation == fatal { Err(ErrorKind::StorageFull.into()) } else { Ok(()) }
        };
        let error = with_hook(folder.path(), hook, || write_output(&path, b"new")).unwrap_err();
        assert_eq!(error.source.kind(), ErrorKind::StorageFull, "{fatal:?}");
        assert_eq!(fs::read(&path).unwrap(), b"old", "{fatal:?}");
        assert_eq!(names(folder.path()).len(), 1, "{fatal:?}");
    }
    write_output(&path, b"new").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"new");
}

/// A long name has a temporary file, too.
#[test]
fn a_long_name_can_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("n".repeat(250));
    write_atomic(&path, b"x").unwrap();
    assert_eq!(names(folder.path()).len(), 1);
}

#[test]
fn an_output_that_is_written_in_parts_is_there_as_a_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let names = || fs::read_dir(folder.path()).unwrap().count();
    let path = folder.path().join("out");
    let broken = |file: &mut dyn Write| {
        file.write_all(b"a part")?;
        Err(io::Error::other("broken"))
    };
    assert_eq!(write_output_by(&path, broken).unwrap_err().source.to_string(), "broken");
    assert_eq!(names(), 0);
    let parts = |text: &'static str| {
        move |file: &mut dyn Write| text.split(' ').try_for_each(|part| file.write_all(part.as_bytes()))
    };
    write_output_by(&path, parts("one two three")).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"onetwothree");
    write_output_by(&path, broken).unwrap_err();
    assert_eq!((fs::read(&path).unwrap(), names()), (b"onetwothree".to_vec(), 1));
    // Who reads the old file goes on with it.
    let mut old = File::open(&path).unwrap();
    write_output_by(&path, parts("four five")).unwrap();
    let mut held = String::new();
    io::Read::read_to_string(&mut old, &mut held).unwrap();
    assert_eq!((held.as_str(), fs::read(&path).unwrap(), names()), ("onetwothree", b"fourfive".to_vec(), 1));
}
