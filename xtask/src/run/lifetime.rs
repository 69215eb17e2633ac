//! How long sessions live, compared with what steps take: whether they are renewed, where somebody can be asked, before more
//! is started.

use std::time::{Duration, SystemTime};

use aws_smithy_types::date_time::{DateTime, Format};

use crate::tools::proof::Proof;

/// Nobody knows when sessions end that don't say so; they are proven again after this long.
const UNKNOWN: Duration = Duration::from_secs(5 * 60);
/// What an apply is taken to need before any was seen.
const UNSEEN: Duration = Duration::from_secs(10 * 60);
/// What is kept in hand.
const MARGIN: Duration = Duration::from_secs(5 * 60);

/// When sessions were proven, and when the first of them ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    proven: SystemTime,
    ends: Option<SystemTime>,
}

impl Lifetime {
    /// That of the sessions which these proofs are of.
    pub fn of(proofs: &[Proof], now: SystemTime) -> Self {
        let end = |proof: &Proof| {
            let time = DateTime::from_str(proof.expires.as_deref()?, Format::DateTimeWithOffset).ok()?;
            SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(u64::try_from(time.secs()).ok()?))
        };
        Self { proven: now, ends: proofs.iter().filter_map(end).min() }
    }

    /// How long the first of them to end still lives.
    pub fn left(&self, now: SystemTime) -> Option<Duration> {
        self.ends.map(|end| end.duration_since(now).unwrap_or_default())
    }

    /// Whether it is enough for `n_rounds` applies one after the other, of which the longest so far took `longest`.
    pub fn is_enough(&self, now: SystemTime, longest: Option<Duration>, n_rounds: usize) -> bool {
        let needed = match longest {
            Some(took) => (took + took / 2).saturating_mul(u32::try_from(n_rounds).unwrap_or(u32::MAX)),
            None => UNSEEN,
        };
        match self.left(now) {
            Some(left) => left >= needed + MARGIN,
            // A clock that was put back says nothing about age.
            None => now.duration_since(self.proven).is_ok_and(|age| age < UNKNOWN),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::AccountId;

    fn at(minute: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000 + minute * 60)
    }

    fn proofs(ends: &[&str]) -> Vec<Proof> {
        let blank = Proof::blank("n", &AccountId::parse("100000000004").unwrap(), None, "");
        ends.iter().map(|end| Proof { expires: Some((*end).to_owned()), ..blank.clone() }).collect()
    }

    #[test]
    fn the_first_session_to_end_counts_and_is_compared_with_what_applies_took() {
        // 1 800 000 000 is 2027-01-15T08:00:00Z.
        let life = Lifetime::of(&proofs(&["2027-01-15T10:00:00Z", "2027-01-15T09:00:00Z"]), at(0));
        assert_eq!(life.left(at(0)), Some(Duration::from_secs(3600)));
        let minutes = |n: u64| Some(Duration::from_secs(n * 60));
        for (now, longest, n_rounds, expected) in [
            (0, None, 1, true),
            (45, None, 1, true),
            (46, None, 1, false),
            (46, minutes(2), 1, true),
            (46, minutes(2), 4, false),
            (40, minutes(10), 1, true),
            (41, minutes(10), 1, false),
            (70, minutes(1), 1, false),
        ] {
            assert_eq!(life.is_enough(at(now), longest, n_rounds), expected, "{now} {longest:?} {n_rounds}");
        }
    }

    #[test]
    fn sessions_that_do_not_say_when_they_end_are_proven_again_after_a_while() {
        let life = Lifetime::of(&proofs(&["soon"]), at(0));
        assert_eq!(life.left(at(0)), None);
        assert!(life.is_enough(at(4), None, 9) && !life.is_enough(at(5), None, 1));
    }
}
