//! Files in the official layouts, for tests: the pickles are those of Python 2, protocol 2.

use super::Batch;

/// A pickle of Python 2.
pub(in crate::sources) struct Pickle {
    bytes: Vec<u8>,
    numbered: u32,
}

impl Pickle {
    pub(in crate::sources) fn new() -> Self {
        Self { bytes: b"\x80\x02".to_vec(), numbered: 0 }
    }

    fn put(&mut self) -> &mut Self {
        if let Ok(number) = u8::try_from(self.numbered) {
            self.raw(&[b'q', number]);
        } else {
            let number = self.numbered;
            self.raw(b"r").raw(&number.to_le_bytes());
        }
        self.numbered += 1;
        self
    }

    pub(in crate::sources) fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes.extend(bytes);
        self
    }

    /// A text, or bytes, which are the same in Python 2.
    pub(in crate::sources) fn text(&mut self, text: &[u8]) -> &mut Self {
        match u8::try_from(text.len()) {
            Ok(length) => self.raw(&[b'U', length]),
            Err(_) => self.raw(b"T").raw(&(text.len() as u32).to_le_bytes()),
        };
        self.raw(text).put()
    }

    pub(in crate::sources) fn int(&mut self, number: usize) -> &mut Self {
        match u8::try_from(number) {
            Ok(number) => self.raw(&[b'K', number]),
            Err(_) => self.raw(b"J").raw(&(number as u32).to_le_bytes()),
        }
    }

    pub(in crate::sources) fn list<T>(&mut self, items: &[T], item: impl Fn(&mut Self, &T)) -> &mut Self {
        self.raw(b"]").put();
        for items in items.chunks(1_000) {
            self.raw(b"(");
            for one in items {
                item(self, one);
            }
            self.raw(b"e");
        }
        self
    }

    pub(in crate::sources) fn labels(&mut self, labels: &[u8]) -> &mut Self {
        self.list(labels, |pickle, &label| {
            pickle.int(usize::from(label));
        })
    }

    pub(in crate::sources) fn texts<T: AsRef<str>>(&mut self, texts: &[T]) -> &mut Self {
        self.list(texts, |pickle, text| {
            pickle.text(text.as_ref().as_bytes());
        })
    }

    /// An array of bytes with so many columns.
    pub(in crate::sources) fn array(&mut self, columns: usize, bytes: &[u8]) -> &mut Self {
        self.raw(b"cnumpy.core.multiarray\n_reconstruct\n").put().raw(b"cnumpy\nndarray\n").put();
        self.raw(b"K\0\x85").put().text(b"b").raw(b"\x87").put().raw(b"R").put();
        self.raw(b"(K\x01").int(bytes.len() / columns).int(columns).raw(b"\x86").put();
        self.raw(b"cnumpy\ndtype\n").put().text(b"u1").raw(b"K\0K\x01\x87").put().raw(b"R").put();
        self.raw(b"(K\x03").text(b"|").raw(b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0t").put();
        self.raw(b"b\x89").text(bytes).raw(b"t").put().raw(b"b")
    }

    pub(in crate::sources) fn dict(&mut self, fill: impl FnOnce(&mut Self)) -> Vec<u8> {
        self.raw(b"}").put().raw(b"(");
        fill(self);
        self.raw(b"u.");
        std::mem::take(&mut self.bytes)
    }
}

/// An image of CIFAR-10.
#[derive(Clone)]
pub(in crate::sources) struct Image {
    pub(in crate::sources) label: u8,
    pub(in crate::sources) name: String,
    pub(in crate::sources) pixels: Vec<u8>,
}

/// A batch for Python.
pub(super) fn python(batch: Batch, images: &[Image]) -> Vec<u8> {
    captioned(&batch.caption(), images)
}

/// A batch for Python that says this of itself.
pub(in crate::sources) fn captioned(caption: &str, images: &[Image]) -> Vec<u8> {
    let labels: Vec<u8> = images.iter().map(|image| image.label).collect();
    let names: Vec<&str> = images.iter().map(|image| image.name.as_str()).collect();
    let pixels: Vec<u8> = images.iter().flat_map(|image| image.pixels.iter().copied()).collect();
    Pickle::new().dict(|pickle| {
        pickle.text(b"data").array(super::PIXELS, &pixels).text(b"labels").labels(&labels);
        pickle.text(b"batch_label").text(caption.as_bytes()).text(b"filenames").texts(&names);
    })
}

/// A batch of the binary layout.
pub(in crate::sources) fn binary(images: &[Image]) -> Vec<u8> {
    images.iter().flat_map(|image| [image.label].into_iter().chain(image.pixels.iter().copied())).collect()
}

/// A row of CIFAR-100: coarse and fine label, and pixels.
pub(in crate::sources) type Row = (u8, u8, Vec<u8>);

/// A file of CIFAR-100 for Python.
pub(in crate::sources) fn hundred(rows: &[Row]) -> Vec<u8> {
    let pixels: Vec<u8> = rows.iter().flat_map(|row| row.2.iter().copied()).collect();
    let of = |label: fn(&Row) -> u8| -> Vec<u8> { rows.iter().map(label).collect() };
    let names: Vec<String> = (0..rows.len()).map(|row| format!("x_s_{row:06}.png")).collect();
    Pickle::new().dict(|pickle| {
        pickle.text(b"filenames").texts(&names).text(b"batch_label").text(b"training batch 1 of 1");
        pickle.text(b"fine_labels").labels(&of(|row| row.1)).text(b"coarse_labels").labels(&of(|row| row.0));
        pickle.text(b"data").array(super::PIXELS, &pixels);
    })
}

/// A tar packed with gzip.
pub(in crate::sources) fn archive<'a>(files: impl IntoIterator<Item = (&'a str, Vec<u8>)>, level: u32) -> Vec<u8> {
    let packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(level));
    let mut archive = tar::Builder::new(packed);
    for (path, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, path, &bytes[..]).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}
