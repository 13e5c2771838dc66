//! Pickles made by hand and damaged ones; the real files are read in the tests of their sources.

use super::*;
use proptest::prelude::*;

/// `pickle.dumps({"12": {"a": 1}, "x": (True, None, -2), "y": [1.5, "12"]}, protocol=4)`.
const FOUR: &[u8] = b"\x80\x04\x95\x34\0\0\0\0\0\0\0}\x94(\x8c\x0212\x94}\x94\x8c\x01a\x94K\x01s\x8c\x01x\x94\x88NJ\xfe\xff\xff\xff\x87\x94\x8c\x01y\x94]\x94(G?\xf8\0\0\0\0\0\0h\x01eu.";

fn whole(bytes: &[u8]) -> Result<Tree, PickleError> {
    Stream::new(bytes).whole(1_000_000)
}

fn refusal(bytes: &[u8]) -> String {
    whole(bytes).unwrap_err().to_string()
}

#[test]
fn containers_and_references_are_read() {
    let tree = whole(FOUR).unwrap();
    let root = tree.root();
    assert_eq!(root.get("12").unwrap().get("a").unwrap().int(), Some(1));
    let tuple: Vec<View<'_>> = root.get("x").unwrap().elements().collect();
    assert_eq!((tuple[0].kind(), tuple[1].is_none(), tuple[2].int()), ("true or false", true, Some(-2)));
    let list: Vec<View<'_>> = root.get("y").unwrap().elements().collect();
    assert_eq!((list[0].number(), list[1].text()), (Some(1.5), Some("12")));
}

#[test]
fn nothing_but_known_classes_may_be_named() {
    // A pickle that runs `os.system("true")` in Python, in both ways to name a class.
    let old = b"\x80\x02cos\nsystem\nX\x04\0\0\0true\x85R.";
    let new = b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.";
    for pickle in [&old[..], new] {
        let message = refusal(pickle);
        assert!(message.contains("asks for `os.system`") && message.contains("nothing of it is run"), "{message}");
    }
    assert!(refusal(b"\x80\x02cnumpy\nload\n.").contains("numpy.load"));
}

#[test]
fn damage_says_where_it_is() {
    assert_eq!(refusal(b"\x80\x02]K\x01."), "at byte 6: the pickle is damaged: values are left over at its end");
    assert_eq!(
        refusal(b"\x80\x02h\x07."),
        "at byte 4: the pickle is damaged: it refers to a number that it gave to nothing"
    );
    assert_eq!(refusal(b"\x80\x02K\x01u."), "at byte 5: the pickle is damaged: it ends a list that it did not begin");
    assert_eq!(refusal(b"\x80\x00."), "at byte 2: this version of pickles cannot be read");
    assert_eq!(
        refusal(b"\x80\x02Q."),
        "at byte 3: the pickle has the instruction 0x51, which no file of these benchmarks needs"
    );
    assert_eq!(
        refusal(b"\x80\x02\x8a\x09123456789."),
        "at byte 13: a whole number of more than 64 bits cannot be read"
    );
}

#[test]
fn a_promised_length_takes_no_memory() {
    // 4 GB of text, and 2^62 bytes.
    assert!(refusal(b"\x80\x02X\xff\xff\xff\xff123").contains("needs more than 1 MB"));
    assert!(refusal(b"\x80\x04\x8e\0\0\0\0\0\0\0\x40").contains("needs more than 1 MB"));
    // A number far out makes the table of numbers as long.
    assert!(refusal(b"\x80\x02Nr\xff\xff\xff\xff.").contains("needs more than 1 MB"));
    assert!(refusal(b"\x80\x02X\x10\0\0\x00123").contains("ends within a pickle"));
    // Lists that grow, values that pile up, and marks.
    let grows = |step: &[u8]| [b"\x80\x02]q\x01", step.repeat(300_000).as_slice()].concat();
    for step in [&b"h\x01a"[..], b"h\x01", b"(", b"]q\x02", b"K\x01q\x02"] {
        assert!(refusal(&grows(step)).contains("needs more than 1 MB"), "{step:?}");
    }
    // Arrays of one number with 64 extents, which they keep: 3,000 have 1.5 MB of these, and else 0.4 MB.
    let arrays = |count| {
        let start = b"\x80\x02(cnumpy.core.multiarray\n_reconstruct\nq\0cnumpy\nndarray\nK\0\x85C\x01b\x87q\x01(K\x01(";
        let end = b"tcnumpy\ndtype\nX\x02\0\0\0u1\x85R\x89C\x01atq\x02";
        let array = b"h\0h\x01Rh\x02b".repeat(count);
        [&start[..], &b"K\x01".repeat(64), end, &array, b"t."].concat()
    };
    assert_eq!(whole(&arrays(300)).unwrap().root().elements().filter_map(View::array).count(), 300);
    assert!(refusal(&arrays(3_000)).contains("needs more than 1 MB"));
}

/// The arguments are copied, and a pickle can refer to the same ones any number of times.
#[test]
fn no_class_takes_many_arguments() {
    let call = |count| [b"\x80\x02cnumpy\ndtype\n(X\x02\0\0\0u1", &b"N".repeat(count)[..], b"tR."].concat();
    whole(&call(2)).unwrap();
    assert!(refusal(&call(3)).contains("it makes a value from others that do not fit"));
}

#[test]
fn parts_are_shown_once_and_forgotten() {
    // Two dictionaries with "f" and "l" in a list; the second's "l" refers to the text of the first, which stays.
    let pickle = b"\x80\x02](}(X\x01\0\0\0fq\x01]q\x02X\x01\0\0\0lq\x03K\x01u}(h\x01K\x02h\x03K\x03ue.";
    let mut seen = Vec::new();
    let tree = Stream::new(&pickle[..]).parts(1_000_000, Parts::With(&[&["f", "l"]]), |part| {
        seen.push((part.get("f").unwrap().len(), part.get("l").unwrap().int()));
        Ok(())
    });
    assert_eq!(tree.unwrap().root().elements().map(View::len).sum::<usize>(), 0);
    assert_eq!(seen, [(0, Some(1)), (0, Some(3))]);
    // The second refers to the list in the first.
    let back = b"\x80\x02](}(X\x01\0\0\0fq\x01]q\x02X\x01\0\0\0lq\x03K\x01u}(h\x01h\x02h\x03K\x03ue.";
    let refused = Stream::new(&back[..]).parts(1_000_000, Parts::With(&[&["f", "l"]]), |_| Ok(()));
    assert!(refused.unwrap_err().to_string().contains("refers back to a part"));
    // A part that is refused ends the reading.
    let refused = Stream::new(&pickle[..]).parts(1_000_000, Parts::With(&[&["f"]]), |_| Err("no".to_owned()));
    assert!(refused.unwrap_err().to_string().contains("no"));
}

/// `NumPy` pickles each array with the same `b"b"`, which only the first part has.
#[test]
fn single_bytes_outlive_their_part() {
    let pickle = b"\x80\x04}(K\x01C\x01b\x94u(K\x02h\x00u(K\x03C\x02bb\x94u(K\x04h\x01u.";
    let mut seen = Vec::new();
    let refused = Stream::new(&pickle[..]).parts(1_000_000, Parts::Items, |part| {
        seen.extend(part.items().map(|(key, value)| (key.int(), value.kind(), value.bytes().map(<[u8]>::to_vec))));
        Ok(())
    });
    assert!(matches!(refused.unwrap_err().problem, Problem::Forgotten), "longer bytes are forgotten");
    let expected = [(1, b"b".to_vec()), (2, b"b".to_vec()), (3, b"bb".to_vec())];
    assert_eq!(seen, expected.map(|(key, bytes)| (Some(key), "bytes", Some(bytes))));
}

#[test]
fn parts_take_the_memory_of_one() {
    let mut pickle = b"\x80\x02}".to_vec();
    for number in 0..1_000_u16 {
        pickle.extend(b"M");
        pickle.extend(number.to_le_bytes());
        pickle.extend(b"](");
        pickle.extend(b"K\x01".repeat(1_000));
        pickle.extend(b"es");
    }
    pickle.push(b'.');
    assert!(Stream::new(&pickle[..]).whole(1_000_000).is_err());
    let mut sum = 0;
    let parts = Stream::new(&pickle[..]).parts(100_000, Parts::Items, |part| {
        sum += part.items().map(|(_, list)| list.len()).sum::<usize>();
        Ok(())
    });
    parts.unwrap();
    assert_eq!(sum, 1_000_000);
}

/// `pickle.dumps(numpy.arange(6, dtype="u1").reshape(1, 2, 3), protocol=2)`, but for the marked byte, which says that the first extent
/// varies fastest.
#[test]
fn an_array_by_columns_is_turned() {
    let array = |columns: u8| {
        let start = b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85U\x01b\x87R(K\x01K\x01K\x02K\x03\x87cnumpy\ndtype\nU\x02u1K\0K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb";
        let tree = whole(&[&start[..], &[columns], b"U\x06\0\x01\x02\x03\x04\x05tb."].concat()).unwrap();
        let array = tree.root().array().unwrap();
        (array.shape().to_vec(), array.bytes().unwrap().to_vec())
    };
    assert_eq!(array(0x89), (vec![1, 2, 3], vec![0, 1, 2, 3, 4, 5]));
    // NumPy: `numpy.arange(6).reshape(1, 2, 3, order="F").ravel()`.
    assert_eq!(array(0x88), (vec![1, 2, 3], vec![0, 2, 4, 1, 3, 5]));
}

/// How many numbers each part of [`numbered_parts`] takes.
const NUMBERS: u32 = 13;

/// A list of parts, `{"f": ["x", eight times], "l": TEXT}`, in which everything is numbered; then what `end` says.
fn numbered_parts(end: &[u8]) -> Vec<u8> {
    let mut pickle = b"\x80\x04](".to_vec();
    for number in 0..30_000_u32 {
        pickle.extend(b"}\x94(\x8c\x01f\x94]\x94(");
        pickle.extend(b"\x8c\x01x\x94".repeat(8));
        pickle.extend(b"e\x8c\x01l\x94\x8c\x04");
        pickle.extend(format!("{:04}", number % 5_000).bytes());
        pickle.extend(b"\x94u");
    }
    pickle.extend(end);
    pickle
}

#[test]
fn numbers_of_forgotten_parts_take_half_the_memory() {
    let read = |end: &[u8], memory| {
        let mut sum = 0;
        let tree = Stream::new(&numbered_parts(end)[..]).parts(memory, Parts::With(&[&["f", "l"]]), |part| {
            sum += part.get("l").unwrap().text().unwrap().parse::<usize>().unwrap();
            Ok(())
        });
        tree.map(|tree| (sum, tree.root().elements().next_back().unwrap().text().map(str::to_owned)))
    };
    let sum = 6 * (5_000 * 4_999 / 2);
    // The empty dictionaries stay, in the arena and on the stack; so does each text.
    let stays = 30_000 * size_of::<arena::Node>() + 2 * 32_768 * size_of::<arena::Value>() + 5_003 * 88;
    // Six blocks of 65,536 numbers are 1,572,864 bytes; four of them are made small, with eight bytes for each dictionary.
    let numbers = 2 * 262_144 + 4 * (131_072 + 65_536 / 13 * 8) + 100;
    // The texts of the third part, of one where a small block ends, and of the last one; a dictionary.
    for (part, text) in [(2, "0002"), (4 * 65_536 / NUMBERS - 1, "0163"), (29_999, "4999")] {
        let number = part * NUMBERS + 12;
        let end = [b"j", &number.to_le_bytes()[..], b"e."].concat();
        assert_eq!(read(&end, stays + numbers).unwrap(), (sum, Some(text.to_owned())), "{part}");
    }
    assert_eq!(read(b"j\x0d\0\0\0e.", stays + numbers).unwrap(), (sum, None));
    assert!(read(b"h\x0ce.", stays + numbers - 200_000).unwrap_err().to_string().contains("needs more than"));
    let refusal = |end: &[u8]| read(end, stays + numbers).unwrap_err().to_string();
    // A list of a part that is in a small block, and of one that is not; a number that nothing has; a number that is given again.
    assert!(refusal(b"j\x0f\0\0\0e.").contains("refers back to a part"));
    let last = 29_999 * NUMBERS + 2;
    assert!(refusal(&[b"j", &last.to_le_bytes()[..], b"e."].concat()).contains("refers back to a part"));
    assert!(refusal(b"j\0\0\0\x01e.").contains("a number that it gave to nothing"));
    assert!(refusal(b"Nq\x02e.").contains("a pickle that changes its numbers"));
}

#[test]
fn several_pickles_follow_each_other() {
    let mut stream = Stream::new(&b"\x80\x02K\x01.\x80\x02K\x02.rest"[..]);
    assert_eq!(stream.whole(1_000).unwrap().root().int(), Some(1));
    assert_eq!((stream.position(), stream.is_done().unwrap()), (5, false));
    assert_eq!(stream.whole(1_000).unwrap().root().int(), Some(2));
    assert!(stream.skip(b"rest").unwrap() && stream.is_done().unwrap());
}

proptest! {
    #[test]
    fn a_truncated_pickle_is_refused(cut in 0..FOUR.len()) {
        let ends = matches!(whole(&FOUR[..cut]).unwrap_err().problem, Problem::Ends);
        prop_assert!(ends);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in any::<Vec<u8>>(), at in 0..FOUR.len(), put in any::<u8>()) {
        let _ = whole(&bytes);
        let mut damaged = FOUR.to_vec();
        damaged[at] = put;
        let _ = whole(&damaged);
    }
}
