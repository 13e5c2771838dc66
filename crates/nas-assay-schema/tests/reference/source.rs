//! The types in the sources of the crates, found by the names that other types use for them.

use std::collections::BTreeMap;
use std::path::Path;

use syn::{Item, ItemEnum, ItemStruct, UseTree};

/// A module: the crate, and the modules inside it.
pub type Module = Vec<String>;

/// A struct or an enum, and the module that it is in.
#[derive(Clone, Copy)]
pub enum Type<'a> {
    Struct(&'a ItemStruct, &'a Module),
    Enum(&'a ItemEnum, &'a Module),
}

/// The items of every module of some crates.
pub struct Sources {
    modules: BTreeMap<Module, Vec<Item>>,
}

impl Sources {
    /// Reads these crates of the workspace.
    pub fn read(crates: &[&str]) -> Self {
        let mut modules = BTreeMap::new();
        for name in crates {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name).join("src");
            read(&mut modules, vec![name.replace('-', "_")], &folder.join("lib.rs"), &folder);
        }
        Self { modules }
    }

    /// The type that code in a module means by a path, such as `["super", "types", "Images"]`.
    pub fn find(&self, module: &Module, path: &[String]) -> Option<Type<'_>> {
        let (first, rest) = path.split_first()?;
        if rest.is_empty() {
            return self.named(module, first);
        }
        let start = match first.as_str() {
            "self" => module.clone(),
            "super" => module[..module.len() - 1].to_vec(),
            "crate" => module[..1].to_vec(),
            name if self.modules.contains_key(&vec![name.to_owned()]) => vec![name.to_owned()],
            name => [module.as_slice(), &[name.to_owned()]].concat(),
        };
        self.modules.get_key_value(&start).and_then(|(start, _)| self.find(start, rest))
    }

    fn named(&self, module: &Module, name: &str) -> Option<Type<'_>> {
        let (module, items) = self.modules.get_key_value(module)?;
        let own = items.iter().find_map(|item| match item {
            Item::Struct(item) if item.ident == name => Some(Type::Struct(item, module)),
            Item::Enum(item) if item.ident == name => Some(Type::Enum(item, module)),
            _ => None,
        });
        own.or_else(|| {
            let uses = items.iter().filter_map(|item| if let Item::Use(item) = item { Some(&item.tree) } else { None });
            let path = uses.into_iter().find_map(|tree| used(tree, name, &mut Vec::new()))?;
            if path == [name] { None } else { self.find(module, &path) }
        })
    }
}

fn read(modules: &mut BTreeMap<Module, Vec<Item>>, module: Module, file: &Path, folder: &Path) {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let items = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display())).items;
    for item in &items {
        if let Item::Mod(inner) = item
            && inner.content.is_none()
            && !inner.attrs.iter().any(|attribute| attribute.path().is_ident("cfg"))
        {
            let name = inner.ident.to_string();
            let inside = folder.join(&name);
            let flat = folder.join(format!("{name}.rs"));
            let file = if flat.is_file() { flat } else { inside.join("mod.rs") };
            read(modules, [module.as_slice(), &[name]].concat(), &file, &inside);
        }
    }
    modules.insert(module, items);
}

/// The path by which a `use` gives `name`.
fn used(tree: &UseTree, name: &str, above: &mut Vec<String>) -> Option<Vec<String>> {
    let at = |last: String| [above.as_slice(), &[last]].concat();
    match tree {
        UseTree::Name(leaf) if leaf.ident == name => Some(at(leaf.ident.to_string())),
        UseTree::Rename(leaf) if leaf.rename == name => Some(at(leaf.ident.to_string())),
        UseTree::Path(path) => {
            above.push(path.ident.to_string());
            let found = used(&path.tree, name, above);
            above.pop();
            found
        }
        UseTree::Group(group) => group.items.iter().find_map(|tree| used(tree, name, above)),
        _ => None,
    }
}
