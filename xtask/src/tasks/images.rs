//! Asking ECR whether images are there: through the wrapper and the guard, in the account of the registry.

use std::collections::BTreeMap;
use std::fmt;

use crate::model::{Account, AccountId, Failure, Failures, ImageName, ImageUri, Tag};
use crate::repo::unit::Unit;
use crate::repo::{Decider, Repository};
use crate::run::step::Stage;
use crate::tasks::inquiry::{Answers, Inquiry};
use crate::tasks::orders::Orders;
use crate::tasks::session::Session;
use crate::tools::api;
use crate::tools::aws::{self, Image};
use crate::tools::aws_error::{AwsError, Cause};
use crate::tools::question::Question;

/// An image that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted<'r, N = ImageName> {
    /// Which.
    pub image: N,
    /// Where.
    pub uri: ImageUri,
    /// With which tag.
    pub tag: Tag,
    /// The account of the registry.
    pub account: &'r Account,
}

impl<N> Wanted<'_, N> {
    fn question(&self) -> Question {
        Question::Image { uri: self.uri.clone(), tag: self.tag.clone() }
    }
}

impl<N: fmt::Display> Wanted<'_, N> {
    /// The ECR repository and the tag, in short.
    pub fn name(&self) -> String {
        format!("{}:{}", self.uri.repository(), self.tag)
    }

    /// That it is not there, and so `nothing` was done.
    pub fn missing(&self, nothing: &str) -> Failure {
        Failure::refused(format!("image {}:{} is not in ECR", self.uri, self.tag))
            .detail(format!("{nothing}: no task could start with this tag"))
            .hint(format!("cargo xtask build-images {} --image {}", self.tag, self.image))
            .hint("if it will be there in time: --allow unverified-image")
    }
}

/// The images that units take as the repository is now.
#[derive(Debug, Default)]
pub struct Taken<'r> {
    /// Those that ECR can be asked for, each once.
    pub wanted: Vec<Wanted<'r>>,
    /// Those that it can't be asked for, each with the reason.
    pub not_asked: Vec<(String, String)>,
}

impl Taken<'_> {
    /// The same, where ECR is asked in these accounts only; `reason` is why it isn't in another one.
    pub fn only(mut self, is_asked: impl Fn(&Account) -> bool, reason: impl Fn(&Account) -> String) -> Self {
        let (wanted, others): (Vec<_>, Vec<_>) = self.wanted.into_iter().partition(|wanted| is_asked(wanted.account));
        self.wanted = wanted;
        self.not_asked.extend(others.iter().map(|wanted| (wanted.name(), reason(wanted.account))));
        self
    }
}

/// The images that `units` take, each once per registry and tag.
pub fn taken<'r>(repo: &'r Repository, units: &[&Unit]) -> Taken<'r> {
    let mut taken = Taken::default();
    for unit in units {
        for image in ImageName::ALL {
            for decider in unit.image(image).iter().flat_map(|image_use| &image_use.deciders) {
                taken.add(repo, unit, image, decider);
            }
        }
    }
    taken.not_asked.sort();
    taken.not_asked.dedup();
    taken
}

impl<'r> Taken<'r> {
    fn add(&mut self, repo: &'r Repository, unit: &Unit, image: ImageName, decider: &Decider) {
        let (uri, tag) = match (decider.uri.as_result(), decider.tag.as_result()) {
            (Ok(uri), Ok(tag)) => (uri, tag),
            (Err(reason), _) | (_, Err(reason)) => {
                return self.not_asked.push((format!("{image} of {}", unit.path), reason.to_string()));
            }
        };
        if self.wanted.iter().any(|known| known.uri == *uri && known.tag == *tag) {
            return;
        }
        match repo.accounts.iter().find(|account| account.id == *uri.account()) {
            Some(account) => self.wanted.push(Wanted { image, uri: uri.clone(), tag: tag.clone(), account }),
            None => {
                let reason = format!("account {} is not in the accounts file", uri.account());
                self.not_asked.push((format!("{uri}:{tag}"), reason));
            }
        }
    }
}

/// The addresses from which `units` take an image, each with the account that it lies in; or why that isn't known.
pub fn registries<'r>(
    repo: &'r Repository,
    units: &[&Unit],
    image: ImageName,
) -> (Vec<(ImageUri, &'r Account)>, Vec<Failure>) {
    let mut found: Vec<(ImageUri, &Account)> = Vec::new();
    let mut problems = Vec::new();
    let mut elsewhere: BTreeMap<String, (&AccountId, Vec<&str>)> = BTreeMap::new();
    for unit in units {
        let Some(Some(image_use)) = unit.images.get(&image) else { continue };
        let uri = match image_use.uri.as_result() {
            Ok(uri) => uri,
            Err(reason) => {
                problems.push(Failure::refused(format!(
                    "the address of image `{image}` in `{}` is not known, because {reason}",
                    unit.path
                )));
                continue;
            }
        };
        if found.iter().any(|(known, _)| known == uri) {
            continue;
        }
        match repo.accounts.iter().find(|account| account.id == *uri.account()) {
            Some(account) => found.push((uri.clone(), account)),
            None => {
                let users = elsewhere.entry(uri.to_string()).or_insert_with(|| (uri.account(), Vec::new()));
                users.1.push(unit.path.as_str());
            }
        }
    }
    problems.extend(elsewhere.into_iter().map(|(uri, (account, users))| {
        let what = format!("image `{image}` lies in account {account}, which is not in the accounts file");
        let others = if users.len() > 1 { format!(" and {} more", users.len() - 1) } else { String::new() };
        let failure = Failure::refused(what).detail(format!("{uri}, used by {}{others}", users[0]));
        failure.hint(format!(
            "add the account to the accounts file, with a credential tool's profile for it: \"shared\": {{ \"id\": \"{account}\" }}"
        ))
    }));
    (found, problems)
}

/// The questions for these images, with what asks them in one session of each account. `when` tells two such looks of a run
/// apart.
pub fn lookups<'r, N: fmt::Display>(orders: &Orders<'_>, wanted: &[Wanted<'r, N>], when: &str) -> (Inquiry<'r>, Stage) {
    let mut inquiry = Inquiry::default();
    questions(&mut inquiry, wanted);
    let stage = stage_of(orders, &inquiry, wanted, when);
    (inquiry, stage)
}

/// What asks an inquiry that is about images.
pub fn stage_of<N: fmt::Display>(
    orders: &Orders<'_>,
    inquiry: &Inquiry<'_>,
    wanted: &[Wanted<'_, N>],
    when: &str,
) -> Stage {
    let about: Vec<_> = wanted.iter().map(Wanted::name).collect();
    Stage { title: "Images".to_owned(), about: about.join(" "), ..inquiry.stage(orders, when) }
}

/// Adds the questions for these images, in the accounts of their registries.
pub fn questions<'r, N>(inquiry: &mut Inquiry<'r>, wanted: &[Wanted<'r, N>]) {
    for image in wanted {
        inquiry.add(image.account, image.uri.region(), image.question());
    }
}

/// What was answered, per image: there, or not there. Not to be able to tell is an error.
pub fn answered<N: fmt::Display>(answers: &Answers, wanted: &[Wanted<'_, N>]) -> Result<Vec<Option<Image>>, Failures> {
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    for image in wanted {
        let answer = answers.get(&image.account.id, &image.question()).map_err(anyhow::Error::msg);
        match answer.and_then(aws::described_image) {
            Ok(answer) => found.push(answer),
            Err(why) => problems.push(in_doubt(image, why)),
        }
    }
    Failures::check(problems)?;
    Ok(found)
}

/// Asks, and gives an answer for each of `wanted`, which are among the images that are asked for: there, or not there. Not to be
/// able to tell is an error.
pub fn ask<N: fmt::Display>(
    session: &Session<'_>,
    (inquiry, stage): &(Inquiry<'_>, Stage),
    wanted: &[Wanted<'_, N>],
) -> Result<Vec<Option<Image>>, Failures> {
    let answers = inquiry.ask(session, stage);
    session.check_interrupt()?;
    answered(&answers, wanted)
}

/// That ECR could not tell, why, and what to do about it.
fn in_doubt<N: fmt::Display>(wanted: &Wanted<'_, N>, why: anyhow::Error) -> Failure {
    let (uri, account) = (&wanted.uri, wanted.account);
    let doubt = Failure::refused(format!("cannot find out whether {uri}:{} is in ECR", wanted.tag));
    let Some(error) = why.downcast_ref::<AwsError>() else { return doubt.because(why) };
    match error.cause {
        _ if error.is("RepositoryNotFoundException") => Failure::refused(format!(
            "there is no ECR repository `{}` in {account}, {}",
            uri.repository(),
            uri.region()
        ))
        .detail(format!("image `{}` is to be {uri}:{}", wanted.image, wanted.tag))
        .hint("create it, with the unit that has the account's ECR repositories, or correct the address"),
        Cause::Denied => doubt.detail(error.words()).hint(format!(
            "the credentials for {account} need `ecr:DescribeImages` on repository `{}`",
            uri.repository()
        )),
        Cause::Throttled => doubt
            .detail(format!("AWS was busy at each of {} tries", api::N_TRIES))
            .hint("run this again in a minute; nothing was changed"),
        _ if error.is_of_the_way() => doubt
            .detail(error.words())
            .hint(format!("check the network and proxy settings, and that {} is the registry's region", uri.region())),
        _ => error.remedy().into_iter().fold(doubt.because(why), Failure::hint),
    }
}
