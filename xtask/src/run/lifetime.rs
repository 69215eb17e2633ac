//! How long sessions live, compared with what steps take: whether they are renewed, where somebody can be asked, before more
//! is started.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use crate::run::step::{SessionKey, Step, StepKind};
use crate::tools::proof::{Proof, Verdict};

/// Nobody knows when sessions end that don't say so; they are proven again after this long.
const UNKNOWN: Duration = Duration::from_secs(5 * 60);
/// What a step is taken to need before any of its kind was seen.
fn unseen(kind: StepKind) -> Duration {
    Duration::from_secs(if kind == StepKind::Apply { 10 * 60 } else { 5 * 60 })
}
/// What a session has to have at least before anything is known of how long applies take.
pub const LEAST: Duration = Duration::from_secs(5 * 60);
/// No round of prompts is believed to have taken longer.
const PROMPTS: Duration = Duration::from_secs(60 * 60);
/// What is kept in hand.
const MARGIN: Duration = Duration::from_secs(5 * 60);

/// When a session was proven, and when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    proven: SystemTime,
    ends: Option<SystemTime>,
    /// Whether no session is among them, only keys of users.
    pub is_endless: bool,
}

impl Lifetime {
    /// That of the first to end of the sessions which these proofs are of.
    pub fn of<'p>(proofs: impl IntoIterator<Item = &'p Proof>, now: SystemTime) -> Self {
        let (mut ends, mut is_endless) = (None, true);
        for proof in proofs {
            is_endless &= proof.endless;
            // One that has just been proven has not ended: then a clock is wrong, and nothing is known.
            ends = proof.end().filter(|end| *end > now).into_iter().chain(ends).min();
        }
        Self { proven: now, ends, is_endless }
    }

    /// How long it still lives.
    pub fn left(&self, now: SystemTime) -> Option<Duration> {
        self.ends.map(|end| end.duration_since(now).unwrap_or_default())
    }
}

/// Whether a session of this length is enough for a step that took so long, and for a moment before it begins.
pub fn outlives(session: Duration, step: Duration) -> bool {
    session / 10 * 9 >= step
}

/// The sessions of a run, and how long its steps have taken so far. All copies are the same.
#[derive(Clone, Debug, Default)]
pub struct Lifetimes(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    sessions: BTreeMap<SessionKey, Session>,
    longest: BTreeMap<StepKind, Duration>,
}

#[derive(Clone, Copy, Debug)]
struct Session {
    life: Lifetime,
    /// What it had when it was renewed, or more than that: no new one is expected to have more. `None` before.
    whole: Option<Duration>,
}

impl Lifetimes {
    /// Takes in what was proven in the foreground of a session. From the second time on it is what a new one has.
    pub fn proven(&self, session: &SessionKey, proof: &Proof, now: SystemTime) {
        // Other accounts may have been asked for in between, each with a prompt.
        let then = proof.at().filter(|then| now.duration_since(*then).is_ok_and(|ago| ago < PROMPTS)).unwrap_or(now);
        let life = Lifetime::of([proof], then);
        let mut known = self.known();
        let whole = known.sessions.get(session).and_then(|_| life.left(then));
        known.sessions.insert(session.clone(), Session { life, whole });
    }

    /// Takes in how a step went, and what its guard proved.
    pub fn seen(&self, step: &Step, took: Duration, proof: Option<&Proof>, now: SystemTime) {
        let mut known = self.known();
        let longest = known.longest.entry(step.kind).or_default();
        *longest = took.max(*longest);
        let Some(proof) = proof.filter(|proof| proof.verdict == Verdict::Proven) else { return };
        let life = Lifetime::of([proof], now);
        let session = step.session_key().and_then(|key| known.sessions.get_mut(&key));
        if let (Some(left), Some(session)) = (life.left(now), session) {
            *session = Session { life, whole: session.whole.map(|whole| whole.max(left)) };
        }
    }

    /// The longest that a step of this kind took.
    pub fn longest(&self, kind: StepKind) -> Option<Duration> {
        self.known().longest.get(&kind).copied()
    }

    /// How long a session lives, if it says so.
    pub fn left(&self, session: &SessionKey, now: SystemTime) -> Option<Duration> {
        self.known().sessions.get(session)?.life.left(now)
    }

    /// Whether a session is enough for `n_rounds` applies one after the other.
    pub fn is_enough(&self, session: &SessionKey, n_rounds: usize, now: SystemTime) -> bool {
        let known = self.known();
        let Some(session) = known.sessions.get(session) else { return false };
        match session.life.left(now) {
            Some(left) => left >= known.needed(StepKind::Apply, n_rounds),
            None if session.life.is_endless => true,
            // A clock that was put back says nothing about age.
            None => now.duration_since(session.life.proven).is_ok_and(|age| age < UNKNOWN),
        }
    }

    /// Whether a step has to wait for a new session. Where new ones are known to be short, half of one has to do.
    pub fn is_too_short_for(&self, step: &Step, now: SystemTime) -> bool {
        let known = self.known();
        let session = step.session_key().and_then(|key| known.sessions.get(&key));
        let Some((session, left)) = session.and_then(|session| Some((session, session.life.left(now)?))) else {
            return false;
        };
        step.needs_a_lasting_session() && left < session.at_most(&known, step.kind)
    }

    /// How much a session has to have left for an apply, so that no new one is asked for.
    pub fn wanted(&self, session: &SessionKey) -> Duration {
        let known = self.known();
        let session = known.sessions.get(session);
        session.map_or_else(|| known.needed(StepKind::Apply, 1), |session| session.at_most(&known, StepKind::Apply))
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    /// What may be asked of it: a session that can only be short must not be asked for again and again. It has to be as
    /// long as such a step took, though, if new ones are.
    fn at_most(self, known: &Known, kind: StepKind) -> Duration {
        let needed = known.needed(kind, 1);
        let Some(whole) = self.whole else { return needed };
        let longest = known.longest.get(&kind).copied().unwrap_or_default();
        let floor = if outlives(whole, longest) { longest } else { Duration::ZERO };
        needed.min(floor.max(whole / 2))
    }
}

impl Known {
    fn needed(&self, kind: StepKind, n_rounds: usize) -> Duration {
        let steps = match self.longest.get(&kind) {
            Some(took) => (*took + *took / 2).saturating_mul(u32::try_from(n_rounds).unwrap_or(u32::MAX)),
            None => unseen(kind),
        };
        steps + MARGIN
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::date_time::{DateTime, Format};

    use super::*;
    use crate::model::AccountId;
    use crate::run::step::tests::step;

    fn at(minute: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000 + minute * 60)
    }

    fn minutes(n: u64) -> Duration {
        Duration::from_secs(n * 60)
    }

    fn dev() -> AccountId {
        AccountId::parse("100000000004").unwrap()
    }

    /// The session of the steps here.
    fn key() -> SessionKey {
        step(StepKind::Apply).session_key().unwrap()
    }

    /// A proof of a session that ends at this minute.
    fn until(minute: u64) -> Proof {
        let end = DateTime::from(at(minute)).fmt(Format::DateTime).unwrap();
        Proof { verdict: Verdict::Proven, expires: Some(end), ..Proof::blank("n", &dev(), None, "") }
    }

    #[test]
    fn the_first_session_to_end_counts() {
        let life = Lifetime::of(&[until(120), until(60)], at(0));
        assert_eq!(life.left(at(0)), Some(minutes(60)));
        assert_eq!(life.left(at(70)), Some(minutes(0)));
    }

    #[test]
    fn before_a_wave_what_is_left_is_compared_with_what_applies_took() {
        for (now, longest, n_rounds, expected) in [
            (0, None, 1, true),
            (45, None, 1, true),
            (46, None, 1, false),
            (46, Some(2), 1, true),
            (46, Some(2), 4, false),
            (40, Some(10), 1, true),
            (41, Some(10), 1, false),
            (70, Some(1), 1, false),
        ] {
            let lifetimes = Lifetimes::default();
            lifetimes.proven(&key(), &until(60), at(0));
            longest.into_iter().for_each(|it| lifetimes.seen(&step(StepKind::Apply), minutes(it), None, at(0)));
            assert_eq!(lifetimes.is_enough(&key(), n_rounds, at(now)), expected, "{now} {longest:?} {n_rounds}");
        }
    }

    #[test]
    fn sessions_that_do_not_say_when_they_end_are_proven_again_after_a_while_and_hold_nothing_back() {
        let lifetimes = Lifetimes::default();
        lifetimes.proven(&key(), &Proof { expires: Some("soon".to_owned()), ..until(0) }, at(0));
        assert_eq!(lifetimes.left(&key(), at(0)), None);
        assert!(lifetimes.is_enough(&key(), 9, at(4)) && !lifetimes.is_enough(&key(), 1, at(5)));
        assert!(!lifetimes.is_too_short_for(&step(StepKind::Apply), at(90)));
    }

    #[test]
    fn keys_of_a_user_never_end_and_are_not_proven_again() {
        let lifetimes = Lifetimes::default();
        let plain = Proof { expires: None, endless: true, ..until(0) };
        lifetimes.proven(&key(), &plain, at(0));
        assert!(
            lifetimes.is_enough(&key(), 9, at(600)) && !lifetimes.is_too_short_for(&step(StepKind::Apply), at(600))
        );
        assert!(Lifetime::of([&plain], at(0)).is_endless && !Lifetime::of([&plain, &until(60)], at(0)).is_endless);
    }

    #[test]
    fn step_waits_if_its_session_would_end_sooner_than_such_steps_took() {
        let lifetimes = Lifetimes::default();
        let waits = |kind, minute| lifetimes.is_too_short_for(&step(kind), at(minute));
        assert!(!waits(StepKind::Apply, 0), "nothing is known of it");
        lifetimes.proven(&key(), &until(60), at(0));
        // Ten minutes are taken for an apply that was not seen yet, and five are kept in hand.
        for (minute, expected) in [(0, false), (45, false), (46, true), (70, true)] {
            assert_eq!(waits(StepKind::Apply, minute), expected, "{minute}");
        }
        assert!(!waits(StepKind::Show, 59) && !waits(StepKind::Identity, 59), "these take no time");
        lifetimes.seen(&step(StepKind::Apply), minutes(2), None, at(1));
        assert!(!waits(StepKind::Apply, 52) && waits(StepKind::Apply, 53));
        assert!(!waits(StepKind::Plan, 50) && waits(StepKind::Plan, 51));
        // Where the credential tool makes a new session for each step, the last one tells.
        lifetimes.seen(&step(StepKind::Apply), minutes(2), Some(&until(90)), at(30));
        assert!(!waits(StepKind::Apply, 81) && waits(StepKind::Apply, 83));
    }

    #[test]
    fn step_never_starts_on_less_than_such_a_step_took_if_new_sessions_have_more() {
        let lifetimes = Lifetimes::default();
        let waits = |minute| lifetimes.is_too_short_for(&step(StepKind::Apply), at(minute));
        lifetimes.seen(&step(StepKind::Apply), minutes(35), None, at(0));
        lifetimes.proven(&key(), &until(60), at(0));
        lifetimes.proven(&key(), &until(60), at(0));
        assert!(!waits(25) && waits(26), "half a session would do, were it long enough");
    }

    #[test]
    fn session_that_was_proven_before_others_were_prompted_for_has_ended_and_is_not_unknown() {
        let lifetimes = Lifetimes::default();
        let first = Proof { time: DateTime::from(at(0)).fmt(Format::DateTime).unwrap(), ..until(4) };
        lifetimes.proven(&key(), &first, at(6));
        assert_eq!(lifetimes.left(&key(), at(6)), Some(minutes(0)));
        assert!(lifetimes.is_too_short_for(&step(StepKind::Apply), at(6)));
    }

    #[test]
    fn clock_that_is_wrong_tells_nothing_about_a_session_that_was_proven_a_moment_ago() {
        let lifetimes = Lifetimes::default();
        lifetimes.proven(&key(), &until(60), at(600));
        assert_eq!(lifetimes.left(&key(), at(600)), None);
        assert!(
            lifetimes.is_enough(&key(), 1, at(600)) && !lifetimes.is_too_short_for(&step(StepKind::Apply), at(600))
        );
    }

    #[test]
    fn session_that_can_only_be_short_holds_nothing_back_for_ever() {
        let lifetimes = Lifetimes::default();
        let waits = |minute| lifetimes.is_too_short_for(&step(StepKind::Apply), at(minute));
        lifetimes.proven(&key(), &until(8), at(0));
        assert!(waits(0), "a new one may be longer");
        assert_eq!(lifetimes.wanted(&key()), minutes(15));
        // The same one is given again, or one that is as short.
        lifetimes.proven(&key(), &until(8), at(0));
        assert!(!waits(0) && !waits(4) && waits(5));
        assert_eq!(lifetimes.wanted(&key()), minutes(4), "at five a new one is asked for, and not before");
        lifetimes.proven(&key(), &until(8), at(5));
        assert!(!waits(5) && waits(7));
    }

    #[test]
    fn sessions_of_one_account_that_are_opened_by_different_profiles_end_each_at_its_time() {
        let lifetimes = Lifetimes::default();
        let other = Step { session: "aws-vault exec dev-eu-west-1".into(), ..step(StepKind::Apply) };
        lifetimes.proven(&other.session_key().unwrap(), &until(8), at(0));
        lifetimes.proven(&key(), &until(60), at(0));
        assert!(
            lifetimes.is_too_short_for(&other, at(0)) && !lifetimes.is_too_short_for(&step(StepKind::Apply), at(0))
        );
        lifetimes.seen(&other, minutes(1), Some(&until(90)), at(1));
        assert_eq!(lifetimes.left(&key(), at(1)), Some(minutes(59)), "what another session has says nothing of it");
    }
}
