//! One part of a plan that several workers share, and its name on the command line and in the environment of a scheduler.

use std::fmt;
use std::str::FromStr;

/// Part `number` of `count`, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    number: usize,
    count: usize,
}

/// More parts than any cluster has tasks for one array.
pub const MOST_SHARDS: usize = 1 << 20;

/// A text does not name a part of a plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShardError {
    /// It has another form.
    #[error("`{0}` names no part of a plan: it is I/N with I from 1 to N, as in 3/8, or `auto`, or `auto/N`")]
    Form(String),
    /// The part does not exist.
    #[error("there is no part {number} of {count}: parts are numbered from 1 to {count}")]
    Number {
        /// The number.
        number: usize,
        /// How many parts there are.
        count: usize,
    },
    /// No scheduler has set its variables.
    #[error(
        "no scheduler says which part this is: `auto` reads SLURM_ARRAY_TASK_ID and SLURM_ARRAY_TASK_COUNT of Slurm, or JOB_COMPLETION_INDEX \
         of Kubernetes; elsewhere, name the part, as in 3/8"
    )]
    NoScheduler,
    /// The scheduler does not say how many parts there are.
    #[error("{variable} does not say how many parts there are: {why}; name the number, as in auto/8")]
    NoCount {
        /// The variable that was read.
        variable: &'static str,
        /// What is missing.
        why: String,
    },
    /// A variable of the scheduler is not a number.
    #[error("{variable} is `{value}`, which is not a number")]
    NoNumber {
        /// The variable.
        variable: &'static str,
        /// Its value.
        value: String,
    },
}

impl Shard {
    /// Part `number` of `count`.
    ///
    /// # Errors
    /// If there is no such part.
    pub fn new(number: usize, count: usize) -> Result<Self, ShardError> {
        if (1..=count).contains(&number) && count <= MOST_SHARDS {
            Ok(Self { number, count })
        } else {
            Err(ShardError::Number { number, count })
        }
    }

    /// The number, from 1.
    pub fn number(self) -> usize {
        self.number
    }

    /// How many parts there are.
    pub fn count(self) -> usize {
        self.count
    }

    /// The part that a text names: `I/N`, or `auto` or `auto/N`, which ask the scheduler by its environment `variable`.
    ///
    /// Slurm: task `I` of an array is part `I` of `auto/N`, where arrays are `1-N`, so that single tasks can be submitted again. With `auto`
    /// alone the array has to be whole: its first task is part 1. Kubernetes: an indexed job has `JOB_COMPLETION_INDEX` from 0, and no
    /// variable with the count.
    ///
    /// # Errors
    /// If the text has another form, or the environment does not say which part it is.
    pub fn named(text: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Self, ShardError> {
        let form = || ShardError::Form(text.to_owned());
        let number = |text: &str| text.parse::<usize>().map_err(|_| form());
        match text.split_once('/') {
            None if text == AUTO => Self::of_scheduler(None, variable),
            Some((AUTO, count)) => Self::of_scheduler(Some(number(count)?), variable),
            Some((one, count)) => Self::new(number(one)?, number(count)?),
            None => Err(form()),
        }
    }

    fn of_scheduler(count: Option<usize>, variable: impl Fn(&str) -> Option<String>) -> Result<Self, ShardError> {
        let read = |name: &'static str| -> Result<Option<usize>, ShardError> {
            let Some(value) = variable(name) else { return Ok(None) };
            let number = value.trim().parse().map_err(|_| ShardError::NoNumber { variable: name, value })?;
            Ok(Some(number))
        };
        if let Some(id) = read(SLURM_ID)? {
            let Some(count) = count else {
                let no_count = |why: String| ShardError::NoCount { variable: SLURM_ID, why };
                let missing = || no_count(format!("{SLURM_COUNT}, {SLURM_MIN} or {SLURM_MAX} is not set"));
                let found = (read(SLURM_COUNT)?, read(SLURM_MIN)?, read(SLURM_MAX)?);
                let (Some(count), Some(first), Some(last)) = found else { return Err(missing()) };
                if last.checked_sub(first).map(|steps| steps + 1) != Some(count) {
                    return Err(no_count(format!(
                        "the array from {first} to {last} has {count} tasks, so it has gaps"
                    )));
                }
                return Self::new((id + 1).saturating_sub(first), count);
            };
            return Self::new(id, count);
        }
        if let Some(index) = read(KUBERNETES_INDEX)? {
            let no_count = || ShardError::NoCount {
                variable: KUBERNETES_INDEX,
                why: "Kubernetes has no variable for it".to_owned(),
            };
            return Self::new(index.saturating_add(1), count.ok_or_else(no_count)?);
        }
        Err(ShardError::NoScheduler)
    }
}

const AUTO: &str = "auto";
const SLURM_ID: &str = "SLURM_ARRAY_TASK_ID";
const SLURM_COUNT: &str = "SLURM_ARRAY_TASK_COUNT";
const SLURM_MIN: &str = "SLURM_ARRAY_TASK_MIN";
const SLURM_MAX: &str = "SLURM_ARRAY_TASK_MAX";
const KUBERNETES_INDEX: &str = "JOB_COMPLETION_INDEX";

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.count)
    }
}

/// Which stages of a plan a worker does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What scores wait for: supernets, and rows of the carried truth that are trained again.
    Training,
    /// Scores.
    Scores,
}

impl Part {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Training => "training",
            Self::Scores => "scores",
        }
    }
}

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Training, Self::Scores]
            .into_iter()
            .find(|part| part.as_str() == text)
            .ok_or_else(|| format!("`{text}` is not a kind of work: it is training or scores"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn named(text: &str, variables: &[(&str, &str)]) -> Result<(usize, usize), ShardError> {
        let of = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        Shard::named(text, of).map(|shard| (shard.number(), shard.count()))
    }

    fn slurm(
        id: &'static str,
        count: &'static str,
        first: &'static str,
        last: &'static str,
    ) -> [(&'static str, &'static str); 4] {
        [(SLURM_ID, id), (SLURM_COUNT, count), (SLURM_MIN, first), (SLURM_MAX, last)]
    }

    #[test]
    fn schedulers_say_which_part_it_is() {
        assert_eq!(named("auto", &slurm("1", "4", "1", "4")), Ok((1, 4)));
        assert_eq!(named("auto", &slurm("3", "4", "0", "3")), Ok((4, 4)));
        assert_eq!(named("auto/4", &[(KUBERNETES_INDEX, "0")]), Ok((1, 4)));
        assert_eq!(named("auto/4", &[(KUBERNETES_INDEX, "3")]), Ok((4, 4)));
        // Task 3 of 1-7 is submitted again, alone.
        assert_eq!(named("auto/7", &slurm("3", "1", "3", "3")), Ok((3, 7)));
    }

    #[test]
    fn what_does_not_say_it_is_refused() {
        let gaps = named("auto", &slurm("5", "2", "2", "5")).unwrap_err();
        assert!(gaps.to_string().contains("from 2 to 5 has 2 tasks"), "{gaps}");
        let alone = named("auto", &[(SLURM_ID, "5")]).unwrap_err();
        assert!(matches!(alone, ShardError::NoCount { variable: SLURM_ID, .. }), "{alone}");
        let kubernetes = named("auto", &[(KUBERNETES_INDEX, "0")]).unwrap_err();
        assert!(matches!(kubernetes, ShardError::NoCount { variable: KUBERNETES_INDEX, .. }), "{kubernetes}");
        assert_eq!(named("auto/4", &[]), Err(ShardError::NoScheduler));
        assert_eq!(named("auto/4", &[(KUBERNETES_INDEX, "4")]), Err(ShardError::Number { number: 5, count: 4 }));
        assert_eq!(named("auto/4", &slurm("0", "4", "0", "3")), Err(ShardError::Number { number: 0, count: 4 }));
        assert!(matches!(named("auto/4", &[(SLURM_ID, "x")]), Err(ShardError::NoNumber { .. })));
        for text in ["", "3", "0/4", "5/4", "1/0", "-1/4", "1/4/2", "a/b", "auto/", "auto/x", "Auto", "1/1048577"] {
            assert!(named(text, &[]).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_name_is_read_back(count in 1..5000_usize, place in 0..5000_usize) {
            let shard = Shard::new(place % count + 1, count).unwrap();
            prop_assert_eq!(Shard::named(&shard.to_string(), |_| None), Ok(shard));
        }
    }

    #[test]
    fn kinds_of_work_have_names() {
        for part in [Part::Training, Part::Scores] {
            assert_eq!(part.as_str().parse(), Ok(part));
        }
        assert!("all".parse::<Part>().is_err());
    }
}
