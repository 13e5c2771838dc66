//! Where commands find records.

use nas_assay::experiment::{CarriedError, Resolved, find_carried};
use nas_assay::store::record::Record;
use nas_assay::store::{RecordId, Store, StoreError};

use super::context::Context;
use super::exit::{Failure, NOTHING, USAGE};
use super::launch::Launch;

/// The finished record that `latest`, or the first digits of a hash, means.
pub fn finished(store: &Store, word: &str) -> Result<(RecordId, Record), Failure> {
    let id = store.find(word)?;
    let Some(record) = store.record(&id)? else {
        return Err(Failure::new(NOTHING, format!("the record {} is not finished", id.short())));
    };
    Ok((id, record))
}

/// The finished record that a word means; where there is none, that of the carried spec of this name or hash, run now.
pub fn finished_or_run(context: &Context, word: &str) -> Result<(RecordId, Record), Failure> {
    let store = context.store()?;
    let named = find_carried(word).ok().filter(|resolved| resolved.spec.name == word);
    let wanted = named.as_ref().map_or(word, |resolved| resolved.hash.as_str());
    match store.find(wanted) {
        Err(unknown @ StoreError::Unknown { .. }) if word != "latest" => {
            let resolved = carried(word, &unknown)?;
            Launch::new(context, None)?.run(context, &resolved)
        }
        _ => finished(&store, wanted),
    }
}

/// The carried spec that a word means, where the store knows no record of it.
fn carried(word: &str, unknown: &StoreError) -> Result<Resolved, Failure> {
    find_carried(word).map_err(|error| match error {
        CarriedError::Unresolved(error) => error.into(),
        CarriedError::Ambiguous { .. } => Failure::new(USAGE, error.to_string()),
        CarriedError::Unknown { ref nearest, .. } => {
            let help = match nearest {
                Some((hash, name)) => format!("did you mean `{hash}`, the carried spec {name}?"),
                None => {
                    "`nas-assay specs` lists the carried specs with their hashes; a spec of your own is run first, \
                         by `nas-assay run FILE.toml`"
                        .to_owned()
                }
            };
            Failure::new(NOTHING, format!("{unknown}; {error}")).with_help(help)
        }
    })
}
