//! The shape of what a reader of specs takes, from the types that it reads and their serde attributes.

use std::sync::Arc;

use syn::{Attribute, Expr, Fields, GenericArgument, GenericParam, Lit, LitStr, PathArguments};

use super::source::{Module, Sources, Type};

/// What can be the value of a key.
#[derive(Clone, Debug)]
pub enum Shape {
    Whole,
    Number,
    Text,
    Bool,
    Seed,
    /// The name of an accuracy of NAS-Bench-201.
    Accuracy,
    /// One of several words, or a table with one key of several.
    Kinds(Arc<Kinds>),
    Table(Arc<Table>),
    /// A table whose keys are names that the author chooses.
    Named(Box<Shape>),
    List(Box<Shape>),
    /// A list, or a table in its place.
    Either(Box<Shape>, Arc<Table>),
}

/// A struct.
#[derive(Debug)]
pub struct Table {
    pub name: String,
    pub doc: String,
    pub fields: Vec<Field>,
}

/// A key of a table.
#[derive(Debug)]
pub struct Field {
    pub key: String,
    pub shape: Shape,
    /// Whether the reader refuses a table without it, as far as its attributes say.
    pub required: bool,
    /// Whether it is left out of the canonical form, as far as its attributes say.
    pub hidden: bool,
    pub doc: String,
}

/// An enum.
#[derive(Debug)]
pub struct Kinds {
    pub name: String,
    pub doc: String,
    pub choices: Vec<Choice>,
}

/// A variant of an enum.
#[derive(Debug)]
pub struct Choice {
    pub name: String,
    pub doc: String,
    /// Its settings; `None` if it is a word.
    pub settings: Option<Shape>,
}

/// Types that are read by code of their own.
const SCALARS: [(&str, Shape); 2] = [("SeedValue", Shape::Seed), ("Nb201Accuracy", Shape::Accuracy)];

/// Types whose reader is code of its own and takes what the attributes of their `Serialize` say.
const AS_WRITTEN: [&str; 1] = ["Listed"];

/// The serde attributes of an item.
#[derive(Debug, Default)]
struct Serde {
    rename: Option<String>,
    rename_all: Option<String>,
    from: Option<String>,
    default: bool,
    hidden: bool,
    untagged: bool,
}

impl Serde {
    fn of(attributes: &[Attribute]) -> Self {
        let mut found = Self::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
            let read = attribute.parse_nested_meta(|meta| {
                let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
                let value =
                    if meta.input.peek(syn::Token![=]) { Some(meta.value()?.parse::<LitStr>()?.value()) } else { None };
                match name.as_str() {
                    "rename" => found.rename = value,
                    "rename_all" => found.rename_all = value,
                    "from" => found.from = value,
                    "default" => found.default = true,
                    "skip_serializing" => found.hidden = true,
                    "untagged" => found.untagged = true,
                    "into" | "skip_serializing_if" | "deny_unknown_fields" => {}
                    other => panic!("the reference does not know the serde attribute `{other}`"),
                }
                Ok(())
            });
            read.unwrap_or_else(|error| panic!("{error}"));
        }
        found
    }

    /// The name in a file of a field or a variant with these attributes; `rule` is the `rename_all` of its type.
    fn name(&self, ident: &str, rule: Option<&str>) -> String {
        let words = words(ident);
        match (&self.rename, rule) {
            (Some(name), _) => name.clone(),
            (None, Some("kebab-case")) => words.join("-"),
            (None, Some("snake_case")) => words.join("_"),
            (None, Some("lowercase")) => words.concat(),
            (None, None) => ident.to_owned(),
            (None, Some(other)) => panic!("the reference does not know the case `{other}`"),
        }
    }
}

/// The words of a name in snake case or camel case, in lower case.
fn words(ident: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for letter in ident.chars() {
        let begins = letter == '_' || letter.is_uppercase();
        if begins && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if letter != '_' {
            words.last_mut().unwrap().extend(letter.to_lowercase());
        }
    }
    words
}

fn doc(attributes: &[Attribute]) -> String {
    let line = |attribute: &Attribute| {
        let pair = attribute.meta.require_name_value().ok().filter(|pair| pair.path.is_ident("doc"))?;
        match &pair.value {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(text) => Some(text.value().strip_prefix(' ').map_or_else(|| text.value(), str::to_owned)),
                _ => None,
            },
            _ => None,
        }
    };
    attributes.iter().filter_map(line).collect::<Vec<_>>().join("\n")
}

fn is_derived(attributes: &[Attribute], name: &str) -> bool {
    let mut found = false;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("derive")) {
        let read = attribute.parse_nested_meta(|meta| {
            found |= meta.path.segments.last().is_some_and(|segment| segment.ident == name);
            Ok(())
        });
        read.unwrap();
    }
    found
}

/// The shape of the type that code in a module calls `path`.
pub fn shape_of(sources: &Sources, module: &Module, path: &[String]) -> Shape {
    let name = path.last().unwrap();
    if let Some((_, shape)) = SCALARS.iter().find(|(scalar, _)| scalar == name) {
        return shape.clone();
    }
    let found = sources.find(module, path).unwrap_or_else(|| panic!("{module:?} has no type {path:?}"));
    let (attributes, module) = match found {
        Type::Struct(item, module) => (&item.attrs, module),
        Type::Enum(item, module) => (&item.attrs, module),
    };
    let serde = Serde::of(attributes);
    assert!(
        is_derived(attributes, "Deserialize") || AS_WRITTEN.contains(&name.as_str()),
        "{name} has a reader of its own: say in SCALARS or AS_WRITTEN what it takes"
    );
    if let Some(from) = &serde.from {
        return with_docs_of(shape_of(sources, module, std::slice::from_ref(from)), sources, found, &doc(attributes));
    }
    match found {
        Type::Struct(item, module) => Shape::Table(Arc::new(table(sources, item, module))),
        Type::Enum(item, module) => {
            let variant = |variant: &syn::Variant| {
                let own = Serde::of(&variant.attrs);
                let settings = match &variant.fields {
                    Fields::Unit => None,
                    Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
                        Some(typed(sources, module, &fields.unnamed[0].ty, &[]))
                    }
                    _ => panic!("{name}: the reference does not know variants with fields"),
                };
                let name = own.name(&variant.ident.to_string(), serde.rename_all.as_deref());
                Choice { name, doc: doc(&variant.attrs), settings }
            };
            let choices: Vec<Choice> = item.variants.iter().map(variant).collect();
            if !serde.untagged {
                return Shape::Kinds(Arc::new(Kinds { name: name.clone(), doc: doc(attributes), choices }));
            }
            let shapes: Vec<Shape> = choices.into_iter().filter_map(|choice| choice.settings).collect();
            match &shapes[..] {
                [list @ Shape::List(_), Shape::Table(table)] => Shape::Either(Box::new(list.clone()), table.clone()),
                other => panic!("{name}: the reference does not know a choice of {other:?}"),
            }
        }
    }
}

/// What a type is read from, with the documentation of the type itself and of its fields of the same names.
fn with_docs_of(written: Shape, sources: &Sources, own: Type<'_>, own_doc: &str) -> Shape {
    match (written, own) {
        (Shape::Table(written), Type::Struct(item, module)) => {
            let known = table(sources, item, module);
            let field = |field: &Field| {
                let doc = known.fields.iter().find(|other| other.key == field.key).map_or("", |other| &other.doc);
                let doc = if doc.is_empty() { field.doc.clone() } else { doc.to_owned() };
                Field { key: field.key.clone(), shape: field.shape.clone(), doc, ..*field }
            };
            let fields = written.fields.iter().map(field).collect();
            Shape::Table(Arc::new(Table { name: known.name, doc: own_doc.to_owned(), fields }))
        }
        (Shape::Kinds(written), Type::Enum(item, _)) => {
            let choice = |choice: &Choice| Choice {
                name: choice.name.clone(),
                doc: choice.doc.clone(),
                settings: choice.settings.clone(),
            };
            let choices = written.choices.iter().map(choice).collect();
            Shape::Kinds(Arc::new(Kinds { name: item.ident.to_string(), doc: own_doc.to_owned(), choices }))
        }
        (other, _) => panic!("the reference does not know a type that is read from {other:?}"),
    }
}

fn table(sources: &Sources, item: &syn::ItemStruct, module: &Module) -> Table {
    let serde = Serde::of(&item.attrs);
    let parameters: Vec<(String, &syn::Type)> = item.generics.params.iter().filter_map(parameter).collect();
    let field = |field: &syn::Field| {
        let own = Serde::of(&field.attrs);
        let key = own.name(&field.ident.as_ref().unwrap().to_string(), serde.rename_all.as_deref());
        let optional =
            matches!(&field.ty, syn::Type::Path(path) if path.path.segments.last().unwrap().ident == "Option");
        let shape = typed(sources, module, &field.ty, &parameters);
        let required = !(own.default || serde.default || optional);
        let own_doc = doc(&field.attrs);
        let doc = if own_doc.is_empty() { shape_doc(&shape) } else { own_doc };
        Field { key, shape, required, hidden: own.hidden, doc }
    };
    let fields = item.fields.iter().map(field).collect();
    Table { name: item.ident.to_string(), doc: doc(&item.attrs), fields }
}

/// The name of a parameter of a type, and its default.
fn parameter(parameter: &GenericParam) -> Option<(String, &syn::Type)> {
    let GenericParam::Type(parameter) = parameter else { return None };
    let (_, default) = parameter.default.as_ref().expect("a parameter has a default");
    Some((parameter.ident.to_string(), default))
}

fn shape_doc(shape: &Shape) -> String {
    match shape {
        Shape::Kinds(kinds) => kinds.doc.clone(),
        Shape::Table(table) => table.doc.clone(),
        _ => String::new(),
    }
}

/// The shape of a type as it is written in a module, with these defaults of its parameters.
fn typed(sources: &Sources, module: &Module, written: &syn::Type, parameters: &[(String, &syn::Type)]) -> Shape {
    let syn::Type::Path(path) = written else { panic!("the reference does not know such a type in {module:?}") };
    let segments = &path.path.segments;
    let names: Vec<String> = segments.iter().map(|segment| segment.ident.to_string()).collect();
    let inner: Vec<&syn::Type> = match &segments.last().unwrap().arguments {
        PathArguments::AngleBracketed(arguments) => {
            let types = arguments.args.iter();
            types.filter_map(|one| if let GenericArgument::Type(inner) = one { Some(inner) } else { None }).collect()
        }
        _ => Vec::new(),
    };
    let of = |inner: &syn::Type| typed(sources, module, inner, parameters);
    match (names.last().unwrap().as_str(), &inner[..]) {
        ("usize" | "u64" | "u32", []) => Shape::Whole,
        ("f64", []) => Shape::Number,
        ("String", []) => Shape::Text,
        ("bool", []) => Shape::Bool,
        ("Option", [inner]) => of(inner),
        ("Vec", [inner]) => Shape::List(Box::new(of(inner))),
        ("BTreeMap", [_, inner]) => Shape::Named(Box::new(of(inner))),
        (name, []) => match parameters.iter().find(|(parameter, _)| parameter == name) {
            Some((_, default)) => of(default),
            None => shape_of(sources, module, &names),
        },
        (name, _) => panic!("the reference does not know the type {name}<...> in {module:?}"),
    }
}
