//! A process that ends leaves no temporary file, whatever its threads were writing. Alone in its program: it ends all writes of a process.

#![allow(clippy::unwrap_used, reason = "a test may panic anywhere")]

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use nas_assay_base::files::{end_writes, is_temporary, keep_by_digest, write_atomic, write_new, write_output};

fn temporaries(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| is_temporary(name)).collect()
}

#[test]
fn a_process_that_ends_in_the_middle_of_writes_leaves_no_temporary_file() {
    let folder = tempfile::tempdir().unwrap();
    let there = folder.path();
    let content = vec![7; 100_000];
    let stop = AtomicBool::new(false);
    let mut interrupted = 0;
    std::thread::scope(|scope| {
        // What is ended fails, and the next one is tried.
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                let _ = write_atomic(&there.join("atomic"), &content);
            }
        });
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                let _ = write_output(&there.join("output"), &content);
            }
        });
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                let _ = keep_by_digest(there, ".copy", &mut content.as_slice());
            }
        });
        scope.spawn(|| {
            for count in 0.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let _ = write_new(&there.join(format!("new{}", count % 8)), &content);
                let _ = std::fs::remove_file(there.join(format!("new{}", count % 8)));
            }
        });
        let start = std::time::Instant::now();
        while interrupted < 50 && start.elapsed() < std::time::Duration::from_secs(60) {
            std::thread::sleep(std::time::Duration::from_millis(1));
            interrupted += usize::from(!temporaries(there).is_empty());
            let ended = end_writes();
            for _ in 0..2 {
                let left = temporaries(there);
                if !left.is_empty() {
                    stop.store(true, Ordering::Relaxed);
                    drop(ended);
                    panic!("left behind: {left:?}");
                }
                std::thread::yield_now();
            }
            drop(ended);
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert_eq!(interrupted, 50, "ends that fell into a write");
    assert_eq!(temporaries(there), [""; 0]);
    for name in ["atomic", "output"] {
        assert_eq!(std::fs::read(there.join(name)).unwrap(), content);
    }
}
