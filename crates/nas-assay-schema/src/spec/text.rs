//! The text of a spec, ready to be kept.

use toml::{Table, Value};

use super::types::{DataFile, Spec};

impl Spec {
    /// The spec as TOML with every key, also those that the hash leaves out. Reading it gives an equal spec.
    ///
    /// # Errors
    /// If a value has no TOML form, such as a number beyond 64 bits.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        let mut document = Table::try_from(self)?;
        let files = self.files();
        add_paths(&mut document, &files);
        let mut text = Table::from_iter([("name".to_owned(), self.name.clone().into())]);
        if !self.title.is_empty() {
            text.insert("title".to_owned(), self.title.clone().into());
        }
        // Keys of tables come last in TOML, so that the names stand first.
        Ok(format!("{}{}", toml::to_string(&text)?, toml::to_string(&document)?))
    }

    /// Every file of the data root that the spec names.
    pub fn files(&self) -> Vec<&DataFile> {
        let scores = self.panels.values().flat_map(|panel| panel.scores.values()).map(|scores| &scores.file);
        let lists = self.panels.values().filter_map(|panel| panel.architectures.as_ref()?.file());
        self.images.files().iter().chain(self.truth.file()).chain(scores).chain(lists).collect()
    }
}

/// Adds the path of each file, which the canonical form leaves out. Files with one digest have one content, so that any path will do.
fn add_paths(table: &mut Table, files: &[&DataFile]) {
    let digest = table.get("sha256").and_then(Value::as_str);
    if let Some(file) = files.iter().find(|file| Some(file.sha256.as_str()) == digest) {
        table.insert("path".to_owned(), file.path.clone().into());
    }
    for (_, value) in table.iter_mut() {
        match value {
            Value::Table(inner) => add_paths(inner, files),
            Value::Array(all) => {
                all.iter_mut().filter_map(Value::as_table_mut).for_each(|inner| add_paths(inner, files));
            }
            _ => {}
        }
    }
}
