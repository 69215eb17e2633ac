//! What comes first in the foreground of a run: sessions, proofs of identity and private git sources. After this nothing
//! prompts.

use std::collections::BTreeSet;

use crate::model::{Account, Failure, Failures, Region};
use crate::report::screen::{Tone, count, duration};
use crate::run::event::StepResult;
use crate::run::lifetime::Lifetime;
use crate::run::step::Stage;
use crate::tasks::ready::Ready;
use crate::tasks::session::Session;
use crate::tasks::session::codes::{Opened, Round};
use crate::tasks::unproven::{self, NotProven};
use crate::tools::aws_error::Cause;
use crate::tools::clock;
use crate::tools::proof::{Proof, Verdict};

impl Session<'_> {
    /// Opens every session in the foreground, one after the other, and proves every account: one that is not what it
    /// should be stops everything.
    pub fn prove_identities(
        &self,
        ready: &Ready<'_>,
        stage: &Stage,
        accounts: &[(&Account, Region)],
    ) -> Result<Vec<Proof>, Failures> {
        self.say_codes(ready, accounts);
        let mut round = Round::default();
        let opened = stage.lanes.iter().flatten().zip(accounts);
        // Goes on after a failure, so that everything that is wrong is found at once.
        let mut opened: Vec<_> = opened.map(|(step, of)| self.open(ready, step, of, &mut round)).collect();
        let is_first = self.n_renewed.get() == 0;
        // Said first: what is missing here may be the reason for what fails now or later.
        if !ready.left_out.is_empty() && is_first {
            let names = ready.left_out.join(", ");
            self.context.screen.say(Tone::Plain, "Left out", format!("{names}, set in this shell"));
        }
        self.check_interrupt()?;
        if is_first && !ready.wrapper.is_ambient() {
            self.open_expired_again(ready, stage, accounts, &mut opened);
            self.check_interrupt()?;
        }
        let mut wrong = Vec::new();
        let mut proofs = Vec::new();
        for (Opened { outcome, proof, error }, account) in opened.into_iter().zip(accounts) {
            match (outcome.result, proof) {
                (StepResult::Succeeded, Some(proof)) => proofs.push(proof),
                (_, proof) => wrong.push(NotProven { account: account.clone(), proof, error, outcome }),
            }
        }
        let n_wrong = wrong.len();
        let mut failures = unproven::failures(ready, wrong);
        if let Some(last) = failures.last_mut() {
            last.details.push(format!(
                "{} of {} not verified: nothing {} started in any account",
                n_wrong,
                n_sessions(accounts),
                if is_first { "was" } else { "more is" }
            ));
        }
        Failures::check(failures)?;
        let now = clock::now();
        for (step, proof) in stage.lanes.iter().flatten().zip(&proofs) {
            step.session_key().iter().for_each(|key| self.executor.lifetimes.proven(key, proof, now));
        }
        let life = Lifetime::of(&proofs, now);
        let sessions = life.left(now).map(|left| format!("   sessions good for {} min or more", left.as_secs() / 60));
        let sessions = sessions.unwrap_or_default();
        let about = format!("{} of {} verified{sessions}", proofs.len(), n_sessions(accounts));
        self.context.screen.say(Tone::Good, "Identity", about);
        Ok(proofs)
    }

    /// Opens those sessions once more that AWS says have expired although the credential tool took them for good, as in the middle
    /// of a run. Where that gives no answer of AWS, the first one stays.
    fn open_expired_again(
        &self,
        ready: &Ready<'_>,
        stage: &Stage,
        accounts: &[(&Account, Region)],
        opened: &mut [Opened],
    ) {
        let has_expired = |opened: &Opened| {
            opened.proof.as_ref().is_some_and(|proof| {
                proof.verdict == Verdict::Refused
                    && proof.error.as_ref().is_some_and(|error| error.cause == Cause::Expired)
            })
        };
        let expired: Vec<_> = (0..opened.len()).filter(|n| has_expired(&opened[*n])).collect();
        if expired.is_empty() {
            return;
        }
        let names: Vec<_> = expired.iter().map(|n| accounts[*n].0.name.as_str()).collect();
        let about = format!("{}   AWS says that the session has expired", names.join(" "));
        self.context.screen.say(Tone::Plain, "Renewing", about);
        self.n_renewed.set(1);
        let mut round = Round::default();
        let steps: Vec<_> = stage.lanes.iter().flatten().collect();
        for n in expired {
            let again = self.open(ready, &self.anew(steps[n]).into(), &accounts[n], &mut round);
            if again.proof.is_some() || again.error.is_some() {
                opened[n] = again;
            }
        }
    }

    /// Says how many MFA codes may be asked for, and what makes it one.
    fn say_codes(&self, ready: &Ready<'_>, accounts: &[(&Account, Region)]) {
        let screen = &self.context.screen;
        let Some(words) = ready.codes(accounts).filter(|words| words.n_typed > 0) else { return };
        screen.say(Tone::Plain, "MFA", format!("{}, unless sessions are still good", words.text));
        words.why.iter().for_each(|why| screen.lines(&format!("             {why}")));
        words.to_do.iter().for_each(|to_do| screen.lines(&format!("             do: {to_do}")));
    }

    /// Asks every private git source in the foreground, so that nothing has to ask later.
    pub fn ask_sources(&self, stage: &Stage) -> Result<(), Failures> {
        if stage.lanes.is_empty() {
            return Ok(());
        }
        let steps = stage.lanes.iter().flatten();
        let outcomes: Vec<_> = steps.map(|step| self.executor.in_the_foreground(step, false).0).collect();
        self.check_interrupt()?;
        let failures =
            stage.lanes.iter().flatten().zip(&outcomes).filter(|(_, outcome)| outcome.result != StepResult::Succeeded);
        let failures = failures.map(|(step, outcome)| {
            let cause = outcome.cause.clone().unwrap_or_default();
            Failure::refused(format!("git can't read the module source `{}`", step.subject))
                .detail(format!("`git ls-remote` {cause}"))
                .hint("check that your ssh key is loaded (`ssh-add -l`) or that git has credentials for it")
        });
        Failures::check(failures.collect())?;
        let took = outcomes.iter().map(|outcome| outcome.took).sum();
        let n = outcomes.len();
        self.context.screen.say(
            Tone::Good,
            "Sources",
            format!("{} readable   {}", count(n, "git repository"), duration(took)),
        );
        Ok(())
    }
}

/// How many sessions these are: as many accounts, unless some have several.
fn n_sessions(accounts: &[(&Account, Region)]) -> String {
    let ids: BTreeSet<_> = accounts.iter().map(|(account, _)| &account.id).collect();
    count(accounts.len(), if ids.len() == accounts.len() { "account" } else { "session" })
}
