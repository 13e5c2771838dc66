//! Small inputs for the targets of single readers, to start from.

use crate::packing::{about_cell, deflated, frame, gzip, sum_tar, zip};

/// `{"a": [1, 2.5, None, True], "f": "x", "l": (1, 2)}`, with numbers of its own.
const DICT: &[u8] = b"\x80\x04}\x94(\x8c\x01a\x94]\x94(K\x01G@\x04\0\0\0\0\0\0N\x88e\x8c\x01f\x94\x8c\x01x\x94\x8c\x01l\x94K\x01K\x02\x86\x94u.";

/// Two dictionaries with `f` and `l` in a list.
const PARTS: &[u8] = b"\x80\x02](}(X\x01\0\0\0fq\x01]q\x02X\x01\0\0\0lq\x03K\x01u}(h\x01K\x02h\x03K\x03ue.";

/// An array of six bytes, stored by columns.
const ARRAY: &[u8] = b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85U\x01b\x87R(K\x01K\x01K\x02K\x03\x87cnumpy\ndtype\nU\x02u1K\0K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb\x88U\x06\0\x01\x02\x03\x04\x05tb.";

/// Classes, a scalar, a set, and texts that are bytes.
const CLASSES: &[u8] = b"\x80\x02(ccollections\nOrderedDict\n)RK\x01K\x02sc_codecs\nencode\nX\x02\0\0\0\xc3\xa9X\x06\0\0\0latin1\x86R\x8c\x08builtins\x8c\x03set\x93]K\x01a\x85R\x8f(K\x01K\x02\x90cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\nX\x02\0\0\0f8K\0K\x01\x87R(K\x03X\x01\0\0\0<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tbC\x08\0\0\0\0\0\0\xf8?\x86Rq\xffh\xff\x8a\x02\0\x01T\x03\0\0\0abc\x8e\x02\0\0\0\0\0\0\0\xff\xfe\x95\0\0\0\0\0\0\0\0t.";

/// What a file of torch has before its object, and after.
const TORCH: [&[u8]; 2] = [b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}.", b"\x80\x02]q\0."];

/// An element of NDS, Python's numbers, and escapes.
const JSON: [&str; 4] = [
    "[{\"params\": 1, \"flops\": 2, \"min_test_top1\": 5.25, \"loss\": [NaN, -Infinity], \"net\": {\"block_type\": \"res_basic_block\", \"ds\": [1, 1, 2, 4]}}]",
    "[{\"params\": 1, \"min_test_top1\": NaN, \"net\": null}, {}]",
    "[1.5e3, Infinity, \"a\\\"NaN\", \"\\u00e9\\ud83d\\ude00\", true, false, null]",
    "{\"a\": [NaN]}",
];

/// `abcd` fifty times, by bzip2.
const BZIP2: &[u8] = b"BZh11AY&SY\x5e\xf4\xcf\x44\x00\x00\x18\x81\x00\x3c\x00\x20\x00\x20\xa5\x00\xcd\x34\xe4\x58\x8b\x51\x72\x2f\x17\x72\x45\x38\x50\x90\x5e\xf4\xcf\x44";

/// `abc ` ninety times and the bytes to 39, by gzip.
const GZIP: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x4b\x4c\x4a\x56\x48\x1c\xc5\x34\xc7\x0c\x8c\x4c\xcc\x2c\xac\x6c\xec\x1c\x9c\x5c\xdc\x3c\xbc\x7c\xfc\x02\x82\x42\xc2\x22\xa2\x62\xe2\x12\x92\x52\xd2\x32\xb2\x72\xf2\x0a\x8a\x4a\xca\x2a\xaa\x6a\xea\x00\x5d\xff\x8d\x08\x90\x01\x00\x00";

/// Target, name and content of each. The first byte of each says what the target makes of the rest.
pub fn all() -> Vec<(&'static str, String, Vec<u8>)> {
    let mut all = Vec::new();
    let mut put = |target, how: &[u8], name: &str, content: &[u8]| {
        for &how in how {
            all.push((target, format!("{name}-{how}"), [&[how], content].concat()));
        }
    };
    for (name, pickle) in [("dict", DICT), ("parts", PARTS), ("array", ARRAY), ("classes", CLASSES)] {
        put("pickles", &[0, 3, 8, 12, 16, 139], name, pickle);
        put("torch", &[6, 70], name, pickle);
        put("torch", &[3, 131], name, &[pickle, TORCH[1]].concat());
        put("torch", &[0, 9], name, &[TORCH[0], pickle, TORCH[1]].concat());
        put("torch", &[1], name, &[&TORCH[0][15..], pickle, TORCH[1]].concat());
        put("torch", &[0], &format!("zip-{name}"), &zip(&[(b"a/data.pkl", false, pickle)]));
        put("torch", &[7], name, &[pickle, TORCH[1]].concat());
    }
    // What grows until the least limit is reached.
    for step in [&b"]"[..], b"]a", b"K\x01a", b"]K\x01a", b"}K\x01K\x02s", b"(", b"N", b"C\x02ab", b"}K\x01Ns"] {
        let pickle = [b"\x80\x02}K\x01](", &step.repeat(4_000 / step.len())[..]].concat();
        let name: String = step.iter().map(|byte| format!("{byte:02x}")).collect();
        put("pickles", &[0], &name, &pickle);
        put("pickles", &[12], &name, &[b"\x80\x02}K\x01]", &step.repeat(1_000 / step.len())[..]].concat());
    }
    for (name, text) in ["job", "nothing", "words", "object"].into_iter().zip(JSON) {
        put("json", &[0, 1, 3, 7, 24], name, text.as_bytes());
    }
    records(&mut put);
    containers(&mut put);
    all
}

type Put<'a> = &'a mut dyn FnMut(&'static str, &[u8], &str, &[u8]);

fn records(put: Put<'_>) {
    let double = |field: u8, number: f64| [&[field << 3 | 1][..], &number.to_le_bytes()].concat();
    let share = |right: u16| f64::from(f32::from(right) / 9_984.0);
    let end: Vec<u8> = [108.0, 1_000.0, share(9_984), share(9_000), share(8_900)]
        .into_iter()
        .zip(1..)
        .flat_map(|(number, field)| double(field, number))
        .collect();
    let evaluation = [&[10, end.len() as u8][..], &end].concat();
    let message = [&evaluation.repeat(3)[..], &[16, 9]].concat();
    let three = |mark: &[u8], part: &[u8]| vec![part.to_vec(); 3].join(mark);
    put("tfrecords", &[3, 67, 131, 7], "message", &three(b"\xff", &message));
    for which in 0..2 {
        let record = about_cell(which, &message);
        put("tfrecords", &[2, 6], &format!("record{which}"), &three(b"\xff", &record));
        put("tfrecords", &[0, 4], &format!("file{which}"), &three(b"", &frame(&record)));
    }
}

fn containers(put: Put<'_>) {
    let header = |name: &str, size: usize, kind: u8, magic: &[u8]| {
        let mut header = vec![0; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[100..108].copy_from_slice(b"0000644\0");
        header[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
        header[156] = kind;
        header[257..265].copy_from_slice(magic);
        header
    };
    let entry = |name: &str, kind, magic: &[u8], content: &[u8]| {
        let filled = [content, &vec![0; content.len().next_multiple_of(512) - content.len()]].concat();
        [header(name, content.len(), kind, magic), filled].concat()
    };
    let (ustar, gnu) = (b"ustar\x0000", b"ustar  \0");
    let end = vec![0; 512];
    for (name, entries) in [
        ("plain", vec![entry("data/a", b'0', ustar, b"abc"), entry("data/", b'5', ustar, b"")]),
        ("long", vec![entry("././@LongLink", b'L', gnu, &[b'n'; 120]), entry("n", b'0', gnu, &[7; 600])]),
        ("pax", vec![entry("pax", b'x', ustar, b"20 path=data/unicode\n"), entry("n", b'0', ustar, b"x")]),
        ("sparse", vec![entry("s", b'S', gnu, b"12"), entry("n", b'0', gnu, b"x")]),
    ] {
        let mut tar = [entries.concat(), end.clone()].concat();
        sum_tar(&mut tar);
        put("containers", &[0, 2, 5, 10, 13], name, &tar);
    }
    put("containers", &[0, 8], "bzip2", BZIP2);
    put("containers", &[0, 8], "gzip", GZIP);
    put("containers", &[0, 4], "gzip-twice", &gzip(&[GZIP, &gzip(b"more")].concat()));
    put("containers", &[6, 7, 70, 199], "parts", b"abc\xffdef\xff");
    put(
        "containers",
        &[0, 8],
        "zip",
        &zip(&[(b"d/a", false, b"abc"), (b"d/", false, b""), (b"b", true, &deflated(b"x"))]),
    );
    put("containers", &[0, 12], "nothing", b"");
}
