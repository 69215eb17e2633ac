//! The question that comes before anything is built or changed: what will be built, moved and planned. What is applied is
//! asked for later, by the digest.

use std::cell::Cell;

use crate::cli::{self, Until};
use crate::model::Failures;
use crate::repo::Repository;
use crate::report::screen::count;
use crate::report::wrap::wrapped;
use crate::tasks::build_images::Planned;
use crate::tasks::session::Session;
use crate::tasks::update::gather::Parts;
use crate::tasks::{apply_all, bump_tags, release};
use crate::tools::tty;

/// Where what stands after the word at the left begins.
const INDENT: usize = 15;

/// The consent to an update, which is asked for once.
pub(super) struct Consent<'a> {
    session: &'a Session<'a>,
    repo: &'a Repository,
    parts: &'a Parts<'a>,
    args: &'a cli::Update,
    is_given: Cell<bool>,
}

impl<'a> Consent<'a> {
    pub(super) fn new(
        session: &'a Session<'a>,
        repo: &'a Repository,
        parts: &'a Parts<'a>,
        args: &'a cli::Update,
    ) -> Self {
        Self { session, repo, parts, args, is_given: Cell::new(false) }
    }

    /// Asks whether these images may be built, and the rest be done that was asked for. `true` if somebody had to answer, so
    /// that time has gone by.
    pub(super) fn ask(&self, builds: &[&Planned<'_>]) -> Result<bool, Failures> {
        let (context, moves) = (self.session.context, !self.args.ends_with(Until::Images));
        if self.is_given.replace(true) {
            return Ok(false);
        }
        if moves {
            bump_tags::words::say_what_to_know(context, self.repo, &self.parts.bump);
        }
        let is_doubtful = release::is_doubtful(context, self.repo, builds.iter().map(|planned| &planned.build))?;
        let edits = if moves { &self.parts.bump.edits[..] } else { &[] };
        if builds.is_empty() && edits.is_empty() || context.globals.yes {
            return Ok(false);
        }
        self.show(builds, moves);
        let builds = match (builds.len(), is_doubtful) {
            (0, _) => None,
            (n, false) => Some(format!("build {}", count(n, "image"))),
            (n, true) => Some(format!("build {} of no known release", count(n, "image"))),
        };
        let edits = (!edits.is_empty()).then(|| format!("change {}", count(edits.len(), "file")));
        let plans = self.plans().then(|| format!("plan {}", count(self.parts.work.units.len(), "unit")));
        let all: Vec<_> = builds.into_iter().chain(edits).chain(plans).collect();
        let question = format!("Go on, to {}? [y/N] ", all.join(", "));
        let allow = if is_doubtful { " --allow unknown-release" } else { "" };
        let otherwise = format!("there is no terminal to ask at; if this is meant: --yes{allow}");
        let agreed =
            tty::agree(&question, "nothing was built, changed or applied", &otherwise, &self.session.give_up());
        self.session.check_interrupt()?;
        agreed?;
        Ok(true)
    }

    fn plans(&self) -> bool {
        self.args.until.is_none_or(|until| until == Until::Plan)
    }

    fn show(&self, builds: &[&Planned<'_>], moves: bool) {
        let screen = self.session.context.screen_of_question();
        let mut text = String::from("\n");
        let mut line = |head: &str, words: &str| text += &wrapped(head, INDENT, words, screen.width());
        for (n, planned) in builds.iter().enumerate() {
            let head = if n == 0 { "  Build" } else { "" };
            let (uri, tag) = (&planned.build.uri, &planned.build.tag);
            let place = format!("in ECR of {}, {}", planned.account, uri.region());
            line(head, &format!("{}:{tag} {place}", uri.repository()));
        }
        if let Some(first) = builds.first() {
            line("", &crate::tasks::build_images::who(first, self.args.how));
        }
        let mut head = "  Change";
        for change in self.parts.bump.changes().filter(|_| moves) {
            let images = change.images.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
            let what = if images.is_empty() { &change.pin.key } else { &images };
            let units = count(change.units.len(), "unit");
            line(head, &format!("{} {} -> {}, {what} in {units}", change.pin.place(), change.from, change.to));
            head = "";
        }
        let (units, accounts) = (self.parts.work.units.len(), self.parts.work.accounts.len());
        let of_units = format!("{} in {}", count(units, "unit"), count(accounts, "account"));
        if self.plans() {
            let then = match self.args.ends_with(Until::Plan) {
                true => "the plans are kept, nothing is applied",
                false => "what they would change is shown and asked for before anything is applied",
            };
            line("  Plan", &format!("{of_units}; {then}"));
        }
        screen.lines(text.trim_end_matches('\n'));
        match self.plans() {
            true => apply_all::say_waves(&screen, &self.parts.work.in_waves()),
            false => screen.blank(),
        }
    }
}
