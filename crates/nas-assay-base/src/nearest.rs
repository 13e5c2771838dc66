//! The known word that a misspelt one was meant to be.

/// The known word nearest to `word`, if one is near enough to be meant.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = word.to_lowercase().replace('_', "-");
    let scored = known.into_iter().map(|candidate| {
        let plain = candidate.to_lowercase().replace('_', "-");
        (strsim::normalized_damerau_levenshtein(&folded, &plain), candidate)
    });
    let best = scored.fold(None, |best: Option<(f64, &str)>, next| match best {
        Some(held) if held.0 >= next.0 => Some(held),
        _ => Some(next),
    });
    best.filter(|(similarity, _)| *similarity >= 0.5).map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_near_word_is_meant() {
        assert_eq!(nearest("zebra", ["epochs", "batch"]), None);
        assert_eq!(nearest("Learning_Rate", ["learning-rate", "batch"]), Some("learning-rate"));
    }
}
