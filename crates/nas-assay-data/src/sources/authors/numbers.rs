//! Numbers as Python writes them.

use crate::DataError;
use crate::pickle::View;
pub(super) use crate::table::repr;

/// `float('%.7g' % number)`.
pub(super) fn seven_digits(number: f64) -> f64 {
    // The nearest decimal of seven digits, and of two the even one, as in C. What is written reads back.
    format!("{number:.6e}").parse().unwrap_or(number)
}

/// `round(number, 4)`.
pub(super) fn four_decimals(number: f64) -> f64 {
    format!("{number:.4}").parse().unwrap_or(number)
}

/// A share as a percentage, with the share rounded to five decimals: `0.8586333333333335` is `85.863`. `None` unless from 0 to 1.
pub(super) fn percent_of_five_decimals(share: f64) -> Option<String> {
    if !(0.0..=1.0).contains(&share) {
        return None;
    }
    let units: u32 = format!("{share:.5}").replacen('.', "", 1).parse().ok()?;
    let text = format!("{}.{:03}", units / 1_000, units % 1_000);
    Some(text.trim_end_matches('0').trim_end_matches('.').to_owned())
}

/// A number that a float or whole number of Python stands for, if it is whole and can be a count.
pub(super) fn count(number: f64) -> Option<u64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    ((0.0..EXACT).contains(&number) && number.fract() == 0.0).then_some(number as u64)
}

/// The numbers in lists of lists and arrays, the last index fastest, with their extents. `None` if there are more than `most`: a small
/// pickle can refer to one list very often.
pub(super) fn grid(view: View<'_>, most: usize) -> Option<(Vec<usize>, Vec<f64>)> {
    let mut numbers = Vec::new();
    let extents = flatten(view, 4, most, &mut numbers)?;
    Some((extents, numbers))
}

/// Adds the numbers of `view`, at most `depth` lists deep, and tells their extents.
fn flatten(view: View<'_>, depth: usize, most: usize, into: &mut Vec<f64>) -> Option<Vec<usize>> {
    if let Some(number) = view.number() {
        into.push(number);
        return (into.len() <= most).then(Vec::new);
    }
    if let Some(array) = view.array() {
        let fits = array.numbers().len() <= most.saturating_sub(into.len());
        return fits.then(|| {
            into.extend(array.numbers());
            array.shape().to_vec()
        });
    }
    let mut extents = None;
    // Arrays without numbers add nothing, so that their lists are counted too.
    if view.len() > most {
        return None;
    }
    for item in view.elements() {
        let of = flatten(item, depth.checked_sub(1)?, most, into)?;
        if of.contains(&0) {
            return None;
        }
        match &extents {
            Some(known) if *known != of => return None,
            _ => extents = Some(of),
        }
    }
    let mut extents = extents?;
    extents.insert(0, view.len());
    Some(extents)
}

/// The value of a key.
pub(super) fn entry<'a>(path: &str, dict: View<'a>, key: &str) -> Result<View<'a>, DataError> {
    dict.get(key).ok_or_else(|| DataError::content(path, format!("it has no `{key}`")))
}
