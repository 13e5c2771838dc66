//! Containers around any bytes, with checksums and lengths that fit: random bytes never have them.

use std::io::Read;

use nas_assay_data::tfrecord::masked;

/// Gives the bytes of a source in pieces of so many.
#[derive(Debug)]
pub struct Pieces<'a> {
    /// What is left.
    pub bytes: &'a [u8],
    /// The most that is given at once; at least 1.
    pub step: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = self.step.min(self.bytes.len()).min(into.len());
        let (given, rest) = self.bytes.split_at(count);
        into[..count].copy_from_slice(given);
        self.bytes = rest;
        Ok(count)
    }
}

/// The checksum of gzip and zip.
pub fn crc32(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut byte = 0;
        while byte < 256 {
            let (mut crc, mut bit) = (byte as u32, 0);
            while bit < 8 {
                crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
                bit += 1;
            }
            table[byte] = crc;
            byte += 1;
        }
        table
    };
    !bytes.iter().fold(!0, |crc, &byte| TABLE[usize::from(crc as u8 ^ byte)] ^ crc >> 8)
}

/// Deflated bytes that are the bytes themselves, at most 65,535.
pub fn deflated(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).expect("a short input");
    [&[1][..], &length.to_le_bytes(), &(!length).to_le_bytes(), bytes].concat()
}

/// A gzip file of some bytes, at most 65,535.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let length = (bytes.len() as u32).to_le_bytes();
    [&b"\x1f\x8b\x08\0\0\0\0\0\0\xff"[..], &deflated(bytes), &crc32(bytes).to_le_bytes(), &length].concat()
}

/// A zip of some files, each deflated or as it is.
pub fn zip(files: &[(&[u8], bool, &[u8])]) -> Vec<u8> {
    let (mut zip, mut central) = (Vec::new(), Vec::new());
    for &(name, deflate, bytes) in files {
        let packed = if deflate { deflated(bytes) } else { bytes.to_vec() };
        let at = (zip.len() as u32).to_le_bytes();
        // From the version to the length of what is after the name.
        let mut about = vec![20, 0, 0, 0, if deflate { 8 } else { 0 }, 0, 0, 0, 0, 0];
        about.extend(crc32(bytes).to_le_bytes());
        about.extend((packed.len() as u32).to_le_bytes());
        about.extend((bytes.len() as u32).to_le_bytes());
        about.extend((name.len() as u16).to_le_bytes());
        about.extend([0, 0]);
        zip.extend([&b"PK\x03\x04"[..], &about, name, &packed].concat());
        central.extend([&b"PK\x01\x02\x14\0"[..], &about, &[0; 10], &at, name].concat());
    }
    let count = (files.len() as u16).to_le_bytes();
    let (size, at) = ((central.len() as u32).to_le_bytes(), (zip.len() as u32).to_le_bytes());
    zip.extend([&central[..], b"PK\x05\x06\0\0\0\0", &count, &count, &size, &at, &[0; 2]].concat());
    zip
}

/// Gives each header of a tar the checksum that it should have.
pub fn sum_tar(tar: &mut [u8]) {
    let mut at = 0;
    while let Some(header) = tar.get_mut(at..at + 512) {
        if header.iter().any(|&byte| byte != 0) {
            header[148..156].fill(b' ');
            let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
            header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        }
        let digits = header[124..136].iter().take_while(|byte| matches!(byte, b'0'..=b'7'));
        let size = digits.fold(0, |size: usize, &digit| size.saturating_mul(8) + usize::from(digit - b'0'));
        at = at.saturating_add(512).saturating_add(size.min(tar.len()).next_multiple_of(512));
    }
}

/// A record with its checksums.
pub fn frame(record: &[u8]) -> Vec<u8> {
    let length = (record.len() as u64).to_le_bytes();
    [&length[..], &masked(&length).to_le_bytes(), record, &masked(record).to_le_bytes()].concat()
}

/// A record of NAS-Bench-101 that is as it should be but for what its message says, of one of two cells and two budgets.
pub fn about_cell(which: u8, message: &[u8]) -> Vec<u8> {
    let (hash, matrix, labels) = match which & 1 {
        0 => ("6f6257bc3b12d87b8736e81cd4b7ed8b", "011001000", "input,maxpool3x3,output"),
        _ => ("043721b9c7fe8c5fad811d47d83132ec", "0100", "input,output"),
    };
    format!("[\"{hash}\",{},\"{matrix}\",\"{labels}\",\"{}\"]", [108, 4][usize::from(which >> 1 & 1)], base64(message))
        .into_bytes()
}

/// Bytes in base64, with the standard alphabet and padding.
pub fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = bytes.chunks(3).flat_map(|group| {
        let bits = group.iter().fold(0_u32, |bits, &byte| bits << 8 | u32::from(byte)) << (8 * (3 - group.len()));
        (0..4).map(move |place| match place > group.len() {
            true => '=',
            false => char::from(DIGITS[(bits >> (18 - 6 * place) & 63) as usize]),
        })
    });
    digits.collect()
}
