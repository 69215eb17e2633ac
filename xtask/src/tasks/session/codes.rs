//! MFA codes: AWS accepts each one once, so a device whose code was used is not asked for again before it shows the next one. A
//! code that AWS refused is asked for again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::model::{Account, Region};
use crate::report::screen::Tone;
use crate::run::event::Outcome;
use crate::run::step::Step;
use crate::tasks::ready::Ready;
use crate::tasks::session::Session;
use crate::tools::aws_error::{AwsError, Cause};
use crate::tools::clock;
use crate::tools::mfa::Code;
use crate::tools::proof::Proof;

/// How often a code is asked for at most, for one account.
const MOST: u32 = 3;

/// Nobody reads and types a code in less.
const TYPING: Duration = Duration::from_secs(1);

/// AWS tells times to the second.
const ROUNDED: Duration = Duration::from_secs(1);

/// When a code of each device was last used.
#[derive(Debug, Default)]
pub(super) struct UsedCodes(BTreeMap<String, SystemTime>);

impl UsedCodes {
    /// Remembers that a code was used. No later than now, whatever another clock says.
    fn note(&mut self, device: &str, used: SystemTime, now: SystemTime) {
        let used = used.min(now);
        let last = self.0.entry(device.to_owned()).or_insert(used);
        *last = used.max(*last);
    }

    /// How long until the device shows a code that was not used yet.
    fn wait(&self, device: &str, now: SystemTime) -> Option<Duration> {
        let window = clock::code_window();
        let n = |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let (used, now) = (n(*self.0.get(device)?), n(now));
        let next = window * u32::try_from(used.as_secs() / window.as_secs() + 1).ok()?;
        next.checked_sub(now).filter(|left| !left.is_zero())
    }
}

/// An account whose session was to be opened.
pub(super) struct Opened {
    /// How the last try ended.
    pub(super) outcome: Outcome,
    /// What its guard proved.
    pub(super) proof: Option<Proof>,
    /// What the credential tool was answered, where no guard was started and it is known.
    pub(super) error: Option<AwsError>,
}

/// What is known of a round of prompts.
#[derive(Default)]
pub(super) struct Round {
    /// The profiles whose sessions are open, so that no code is asked for again.
    open: BTreeSet<String>,
    /// The devices whose codes AWS has refused too often.
    given_up: BTreeMap<String, AwsError>,
    /// Where AWS was not reached: further accounts would wait as long for the same.
    unreached: BTreeMap<Region, AwsError>,
}

impl Session<'_> {
    /// Opens a session in the foreground and proves whose it is.
    pub(super) fn open(
        &self,
        ready: &Ready<'_>,
        step: &Arc<Step>,
        of: &(&Account, Region),
        round: &mut Round,
    ) -> Opened {
        let (account, region) = of;
        let mut codes = ready.codes_of(account, region);
        codes.retain(|code| !round.open.contains(&code.opens));
        let given_up = codes.iter().find_map(|code| round.given_up.get(&code.device));
        if let Some(error) = given_up.or_else(|| round.unreached.get(region)) {
            return Opened { outcome: Outcome::not_started(), proof: None, error: Some(error.clone()) };
        }
        let mut step = step.clone();
        let mut n_tries = 0;
        loop {
            n_tries += 1;
            if !self.wait_for_next_code(&codes) {
                return Opened { outcome: Outcome::not_started(), proof: None, error: None };
            }
            let (outcome, told) = self.executor.in_the_foreground(&step, ready.tells_of_codes());
            let proof = step.attempt.as_ref().and_then(|attempt| attempt.outer_proof());
            let error = match &proof {
                Some(proof) => proof.error.clone(),
                None => told.as_deref().map(AwsError::of_text),
            };
            let error = error.filter(|error| proof.is_some() || error.cause == Cause::CodeRefused);
            if let Some(error) = error.as_ref().filter(|error| error.is_of_the_way()) {
                round.unreached.insert(region.clone(), error.clone());
            }
            let is_refused = error.as_ref().is_some_and(|error| error.cause == Cause::CodeRefused);
            self.note_codes(&codes, proof.as_ref(), outcome.took, is_refused);
            if !is_refused || n_tries == MOST || self.executor.interrupt.asked() {
                if outcome.result.is_good() {
                    round.open.extend(codes.into_iter().map(|code| code.opens));
                } else if let Some(error) = error.clone().filter(|_| is_refused) {
                    round.given_up.extend(codes.into_iter().map(|code| (code.device, error.clone())));
                }
                return Opened { outcome, proof, error };
            }
            let about =
                format!("AWS refused the code for `{}`; asking again ({} of {MOST})", account.name, n_tries + 1);
            self.context.screen.insist(Tone::Warning, "MFA", about);
            step = step.again(0).into();
        }
    }

    /// Waits until every device that may be asked for shows a code that was not used. `false` as soon as somebody asks to stop.
    fn wait_for_next_code(&self, codes: &[Code]) -> bool {
        let used = self.used_codes.borrow();
        let now = clock::now();
        let waits = codes.iter().filter_map(|code| Some((used.wait(&code.device, now)?, code)));
        let Some((wait, code)) = waits.max_by_key(|(wait, _)| *wait) else { return true };
        let seconds = (wait + Duration::from_millis(999)).as_secs();
        let about = format!("AWS accepts each code once: waiting {seconds} s for the next one of {}", code.device);
        self.context.screen.insist(Tone::Plain, "MFA", about);
        self.executor.interrupt.wait(clock::shortened(wait))
    }

    /// Remembers which codes were used just now. Whether the tool asked for one or had a session, it doesn't tell; how long the
    /// keys still live does, where they come of the code itself.
    fn note_codes(&self, codes: &[Code], proof: Option<&Proof>, took: Duration, is_refused: bool) {
        let now = clock::now();
        let begun = now.checked_sub(took + ROUNDED).unwrap_or(now);
        let ends = proof.and_then(Proof::end);
        // A session that was opened a moment before this run would otherwise pass for one that took a code now.
        let is_typed = took >= clock::shortened(TYPING);
        for code in codes {
            let used = match code.lasts {
                _ if is_refused => Some(now),
                _ if !is_typed => None,
                Some(lasts) => ends.and_then(|ends| ends.checked_sub(lasts)).filter(|used| *used >= begun),
                None => (proof.is_some() && took >= TYPING).then_some(now),
            };
            if let Some(used) = used {
                self.used_codes.borrow_mut().note(&code.device, used, now);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000 + seconds)
    }

    #[test]
    fn code_is_not_offered_again_within_its_thirty_seconds() {
        // 1 800 000 000 is the beginning of a code.
        for (used, now, wait) in [(0, 0, 30), (0, 29, 1), (0, 30, 0), (29, 29, 1), (29, 31, 0), (31, 45, 15)] {
            let mut codes = UsedCodes::default();
            codes.note("me", at(used), at(now));
            let expected = (wait > 0).then(|| Duration::from_secs(wait));
            assert_eq!(codes.wait("me", at(now)), expected, "{used} {now}");
            assert_eq!(codes.wait("another", at(now)), None);
        }
    }

    #[test]
    fn clock_of_aws_that_is_ahead_makes_nobody_wait_for_longer_than_one_code() {
        let mut codes = UsedCodes::default();
        codes.note("me", at(500), at(10));
        assert_eq!(codes.wait("me", at(10)), Some(Duration::from_secs(20)));
        codes.note("me", at(0), at(40));
        assert_eq!(codes.wait("me", at(40)), None, "an older use changes nothing");
    }
}
