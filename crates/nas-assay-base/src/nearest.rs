//! The known word that is most similar to a misspelt one.

/// The lowest similarity at which [`nearest`] still names a word.
const MEANT: f64 = 0.5;

/// The known word that `word` probably means: the most similar one, if it is similar enough.
///
/// Similarity is one minus the Damerau–Levenshtein distance divided by the length of the longer word; at least 0.5 is required. A word that is
/// a whole part of the other one, as `batch` is of `batch-size`, has a similarity of at least 0.5. Upper and lower case count as equal, and so
/// do `_` and `-`. Of equally similar words the first is taken.
///
/// ```
/// use nas_assay_base::nearest;
///
/// let known = ["learning-rate", "momentum", "batch"];
/// assert_eq!(nearest("learnig_rate", known), Some("learning-rate"));
/// assert_eq!(nearest("rate", known), Some("learning-rate"));
/// assert_eq!(nearest("zebra", known), None);
/// ```
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    most_similar(word, known).filter(|(similarity, _)| *similarity >= MEANT).map(|(_, candidate)| candidate)
}

/// The known words that `word` probably means, the most similar first, at most `most` of them. Similarity is that of [`nearest`]; of equally
/// similar words the first stays first.
///
/// ```
/// use nas_assay_base::nearest_few;
///
/// let known = ["nb101-micro", "nb201-real", "nb201-micro"];
/// assert_eq!(nearest_few("nb201-mirco", known, 2), ["nb201-micro", "nb101-micro"]);
/// ```
pub fn nearest_few<'a>(word: &str, known: impl IntoIterator<Item = &'a str>, most: usize) -> Vec<&'a str> {
    let mut near: Vec<(f64, &str)> = scored(word, known).filter(|(similarity, _)| *similarity >= MEANT).collect();
    near.sort_by(|one, other| other.0.total_cmp(&one.0));
    near.into_iter().map(|(_, candidate)| candidate).take(most).collect()
}

/// The known word most similar to `word`, however different it is; `None` only if no word is known. Similarity is that of [`nearest`].
///
/// ```
/// use nas_assay_base::nearest_always;
///
/// assert_eq!(nearest_always("zebra", ["nb101", "nds_resnet"]), Some("nds_resnet"));
/// assert_eq!(nearest_always("zebra", []), None);
/// ```
pub fn nearest_always<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    most_similar(word, known).map(|(_, candidate)| candidate)
}

/// The first of the most similar words, with its similarity from 0 to 1.
fn most_similar<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<(f64, &'a str)> {
    scored(word, known).reduce(|best, next| if next.0 > best.0 { next } else { best })
}

/// Each known word with its similarity, from 0 to 1.
fn scored<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> impl Iterator<Item = (f64, &'a str)> {
    let folded = fold(word);
    known.into_iter().map(move |candidate| {
        let other = fold(candidate);
        let distance = strsim::normalized_damerau_levenshtein(&folded, &other);
        let least = if is_part(&folded, &other) || is_part(&other, &folded) { MEANT } else { 0.0 };
        (distance.max(least), candidate)
    })
}

/// Shorter words are parts of too many others.
const SHORTEST_PART: usize = 3;

/// Whether a word stands between the marks of a longer one.
fn is_part(word: &str, of: &str) -> bool {
    let (start, end) = (format!("{word}-"), format!("-{word}"));
    let inside = || of.contains(&format!("-{word}-"));
    word.len() >= SHORTEST_PART && (of.starts_with(&start) || of.ends_with(&end) || inside())
}

/// Longer words are compared by their first characters.
const COMPARED: usize = 200;

/// Lower case, with `-` for `_`.
fn fold(word: &str) -> String {
    word.chars().take(COMPARED).collect::<String>().to_lowercase().replace('_', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_near_word_is_meant() {
        assert_eq!(nearest("zebra", ["epochs", "batch"]), None);
        assert_eq!(nearest("Learning_Rate", ["learning-rate", "batch"]), Some("learning-rate"));
    }

    #[test]
    fn a_part_of_a_word_means_it() {
        let known = ["nb201-micro", "nb201-mine", "batch"];
        assert_eq!(nearest("mine", known), Some("nb201-mine"));
        assert_eq!(nearest("batch_size", known), Some("batch"));
        assert_eq!(nearest_few("nb201", known, 9), ["nb201-micro", "nb201-mine"]);
        assert_eq!(nearest("min", ["nb201-mine"]), None);
        assert_eq!(nearest("b", ["a-b-c-d-e-f"]), None, "a single letter is a part of many words");
    }

    #[test]
    fn few_near_words_are_given_in_order() {
        let near = |word, most| nearest_few(word, ["bd", "bc", "b", "x"], most);
        assert_eq!(near("b", 9), ["b", "bd", "bc"]);
        assert_eq!(near("b", 2), ["b", "bd"]);
        assert!(near("zebra", 9).is_empty());
    }

    #[test]
    fn the_first_of_equally_near_words_wins() {
        assert_eq!(nearest("b", ["bc", "bd", "x"]), Some("bc"));
        assert_eq!(nearest_always("b", ["x", "y"]), Some("x"));
        assert_eq!(nearest_always("b", []), None);
    }
}
