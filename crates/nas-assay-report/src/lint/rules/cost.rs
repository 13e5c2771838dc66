//! L15: what a score costs.

use super::super::claim::Claim;
use super::super::finding::{Outcome, Rule};
use crate::value_text::{count, significant};

pub(super) const RULE: Rule = Rule {
    id: "L15",
    name: "cost",
    definition: "How many seconds does one score take, on which processor, and how long does one epoch of training \
        take there? Numbers of passes or of images are not seconds.",
    threshold: "Passes if seconds and processor are declared, and one score takes no longer than one epoch. Warns if \
        it takes longer: the accuracy after one epoch of training is a score, too, and a strong one.",
    check,
};

fn check(claim: &Claim<'_>) -> Outcome {
    let declared = claim.declared;
    let (Some(seconds), Some(processor)) = (declared.seconds, &declared.processor) else {
        return Outcome::undeclared(&["seconds", "processor"], "It is not known what a score costs");
    };
    let all = seconds * claim.count() as f64;
    let said = format!(
        "One score takes {} s on {processor}, and all {} take {} s.",
        significant(seconds),
        count(claim.count()),
        significant(all)
    );
    let outcome = match declared.epoch_seconds {
        Some(epoch) if seconds > epoch => Outcome::warn(format!(
            "{said} One epoch of training takes only {} s, and the accuracy after it is a score, too.",
            significant(epoch)
        )),
        Some(epoch) => Outcome::pass(format!("{said} One epoch of training takes {} s.", significant(epoch))),
        None => Outcome::undeclared(
            &["epoch-seconds"],
            format!("{said} It is not known how long one epoch of training takes"),
        ),
    };
    outcome.number("seconds for an architecture", Some(seconds), format!("{} s", significant(seconds)))
}

#[cfg(test)]
mod tests {
    use super::super::super::finding::Verdict;
    use super::super::super::made::Made;

    #[test]
    fn a_score_is_cheaper_than_an_epoch() {
        let mut made = Made::noisy(40, 0.5);
        for (text, verdict) in [
            ("", Verdict::Undecidable),
            ("seconds = 0.5", Verdict::Undecidable),
            ("seconds = 0.5\nprocessor = 'one core'", Verdict::Undecidable),
            ("seconds = 0.5\nprocessor = 'one core'\nepoch-seconds = 0.5", Verdict::Pass),
            ("seconds = 0.5\nprocessor = 'one core'\nepoch-seconds = 0.499", Verdict::Warn),
        ] {
            made.declare(text);
            assert_eq!(made.find("L15").verdict, verdict, "{text}");
        }
    }
}
