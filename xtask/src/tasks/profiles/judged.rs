//! The profiles of accounts, judged by the AWS config files. Every command tells the same of them, and each cause once.

use std::collections::{BTreeMap, BTreeSet};

use super::{Asked, Chosen, Profiles, labels, reader, words};
use crate::model::{Account, AccountId, Failure, Place};
use crate::repo::{Profile, Settings};
use crate::tools::credential_tool::CredentialTool;
use crate::tools::process;

/// Profiles of accounts, and what is wrong with them.
#[derive(Debug)]
pub struct Judged<'a> {
    /// The profiles, those of accounts for which none can be told left out.
    pub found: Vec<Chosen<'a>>,
    /// Why accounts have none.
    pub unchosen: Vec<Failure>,
    /// Profiles that are named for several accounts, each with what is wrong with that: one leads into one account, unless the
    /// command names the account besides.
    pub shared: BTreeMap<String, Failure>,
    /// Named profiles that lead into other accounts.
    pub misled: Vec<Failure>,
    /// Named profiles that the credential tool would not find, or whose keys it would not get.
    pub unusable: Vec<Failure>,
    /// Named profiles that are in no file, where the credential tool may have them from elsewhere.
    pub doubtful: Vec<Failure>,
}

impl Judged<'_> {
    /// Everything that keeps sessions from being opened.
    pub fn into_failures(self) -> Vec<Failure> {
        let Self { unchosen, shared, misled, unusable, .. } = self;
        unchosen.into_iter().chain(shared.into_values()).chain(misled).chain(unusable).collect()
    }
}

/// A profile that leads into another account than the one that it is named for.
pub(super) struct Misled<'p> {
    pub(super) account: &'p Account,
    pub(super) profile: &'p Profile,
    pub(super) found: AccountId,
    pub(super) why: String,
    pub(super) place: Option<Place>,
    /// The profile that leads there and is named most alike.
    pub(super) meant: Option<String>,
}

impl Profiles {
    /// Chooses the profiles of accounts, and judges them. `known` are all accounts of the repository; `anyway` are those that are
    /// needed whatever is selected.
    pub fn judge<'a>(
        &self,
        asked: &[Asked<'a>],
        known: &[Account],
        anyway: &[&Account],
        settings: &Settings,
    ) -> Judged<'a> {
        let (mut found, unchosen) = self.of_all(asked, settings);
        let shared = self.shared(&found, known, anyway, settings);
        let is_right = |(account, _): &Asked<'_>, profile: &Profile| {
            !shared.contains_key(&profile.name) || self.leads_to(profile, settings).is_some_and(|it| it == account.id)
        };
        found.retain(|(of, profile)| is_right(of, profile));
        let misled = self.misled(&found, settings);
        let names: BTreeSet<_> = misled.iter().map(|it| it.profile.name.clone()).collect();
        let misled = grouped(misled, |it| &it.profile.found_in, |by, misled| words::misled(by, misled, known));
        let (mut unusable, mut doubtful) = (self.unknown_ones(&found, settings), Vec::new());
        found.retain(|(_, profile)| !names.contains(&profile.name));
        if !CredentialTool::of(&settings.credentials()).takes_profiles_of_the_files() {
            std::mem::swap(&mut unusable, &mut doubtful);
        }
        unusable.extend(self.with_a_source(&found, settings));
        Judged { found, unchosen, shared, misled, unusable, doubtful }
    }

    /// The account that a profile leads into, where the files that the credential tool reads tell it.
    fn leads_to(&self, profile: &Profile, settings: &Settings) -> Option<AccountId> {
        // What another tool makes of the name of a profile is not for certain in these files.
        let is_certain = CredentialTool::of(&settings.credentials()).takes_profiles_of_the_files();
        Some(self.config.leads_into(&profile.name, reader(settings)).filter(|_| is_certain)?.0)
    }

    fn shared(
        &self,
        chosen: &[Chosen<'_>],
        known: &[Account],
        anyway: &[&Account],
        settings: &Settings,
    ) -> BTreeMap<String, Failure> {
        if settings.credentials().iter().any(|word| word.contains("{account")) {
            return BTreeMap::new();
        }
        let mut by_name: BTreeMap<&str, (&Profile, Vec<&Account>)> = BTreeMap::new();
        for ((account, _), profile) in chosen {
            let (_, accounts) = by_name.entry(&profile.name).or_insert_with(|| (profile, Vec::new()));
            if accounts.iter().all(|known| known.id != account.id) {
                accounts.push(account);
            }
        }
        by_name.retain(|_, (_, accounts)| accounts.len() > 1);
        let failure = |(name, (profile, accounts)): (&str, (&Profile, Vec<&Account>))| {
            let leads = self.config.leads_into(&profile.name, reader(settings));
            let leads = leads.filter(|_| self.leads_to(profile, settings).is_some());
            let unknown = self.unknown(name, settings);
            (name.to_owned(), words::shared(self, profile, (&accounts, anyway), leads, unknown, known, settings))
        };
        by_name.into_iter().map(failure).collect()
    }

    fn misled<'p>(&self, chosen: &'p [Chosen<'_>], settings: &Settings) -> Vec<Misled<'p>> {
        let mut said = BTreeSet::new();
        let misled = chosen.iter().filter(|(_, profile)| profile.is_stated).filter_map(|((account, _), profile)| {
            let leads_to = self.leads_to(profile, settings)?;
            let is_wrong = leads_to != account.id && said.insert((&account.name, &profile.name));
            let (found, why) = self.config.leads_into(&profile.name, reader(settings)).filter(|_| is_wrong)?;
            let meant = words::nearest_of(self.candidates(account, settings), &profile.name);
            let place = self.config.place(&profile.name, reader(settings)).cloned();
            Some(Misled { account, profile, found, why, place, meant })
        });
        misled.collect()
    }

    /// Profiles that are named somewhere and are in no file, although there are others.
    fn unknown_ones(&self, chosen: &[Chosen<'_>], settings: &Settings) -> Vec<Failure> {
        let there = self.names(settings);
        if there.is_empty() {
            return Vec::new();
        }
        let stated: Vec<_> = chosen.iter().map(|(_, profile)| profile).filter(|profile| profile.is_stated).collect();
        let is_unknown = |profile: &&Profile| !there.contains(profile.name.as_str());
        let n_named = |by: &str| {
            let of_place = stated.iter().filter(|profile| place_of(&profile.found_in) == place_of(by));
            of_place.map(|profile| &profile.name).collect::<BTreeSet<_>>().len()
        };
        let unknown = stated.iter().copied().filter(is_unknown).collect();
        let mut accounts: Vec<&Account> = Vec::new();
        for ((account, _), _) in chosen {
            if !accounts.iter().any(|known| known.is(account)) {
                accounts.push(account);
            }
        }
        grouped(
            unknown,
            |profile: &&Profile| &profile.found_in,
            |by, profiles| {
                let names: BTreeSet<_> = profiles.iter().map(|profile| profile.name.as_str()).collect();
                let failure = words::unknown(self, &names.into_iter().collect::<Vec<_>>(), by, n_named(by), settings);
                match self.patterns(&accounts, settings).first().filter(|_| accounts.len() > 1) {
                    Some(pattern) => failure.hint(format!("a pattern that fits every account: {}", pattern.template)),
                    None => failure,
                }
            },
        )
    }

    /// What is said of roles that, by their names, can't apply anything.
    pub fn limited<'p>(
        &self,
        chosen: impl IntoIterator<Item = (Asked<'p>, &'p Profile)>,
        settings: &Settings,
    ) -> Option<Failure> {
        let chosen: Vec<_> = chosen.into_iter().collect();
        let labels = labels(chosen.iter().map(|((account, region), _)| (*account, region.as_ref())));
        let lines = labels.iter().zip(&chosen).filter_map(|(label, (_, profile))| {
            let role = self.config.limit_of(&profile.name, reader(settings))?;
            Some(format!("{label}   {}   role `{role}`   by {}", profile.name, profile.found_in))
        });
        let mut lines = lines.peekable();
        lines.peek()?;
        let failure = Failure::refused("roles that, by their names, can read and not apply");
        Some(lines.fold(failure, Failure::detail).hint("name others, unless you only look"))
    }

    /// Profiles whose keys come from the environment or the machine, which a credential tool doesn't see here: they may not be
    /// those of the account.
    fn with_a_source(&self, chosen: &[Chosen<'_>], settings: &Settings) -> Vec<Failure> {
        let wrong = chosen.iter().filter_map(|(_, profile)| {
            let (source, of) = self.config.credential_source(&profile.name, reader(settings))?;
            let what = format!(
                "profile `{}` takes its keys from `credential_source = {source}`, which no credential tool sees here",
                profile.name
            );
            let failure = Failure::refused(what).hint(format!(
                "one account at a time: `XTASK_CREDENTIALS='[]' AWS_PROFILE={} cargo xtask … --account NAME`",
                process::quoted(&profile.name)
            ));
            Some(if of == profile.name { failure } else { failure.detail(format!("by its `source_profile` `{of}`")) })
        });
        wrong.collect()
    }
}

/// The file, variable or option that something was found in, without the line: lines of one file are one place.
pub fn place_of(found_in: &str) -> &str {
    let is_line = |line: &str| line.bytes().all(|byte| byte.is_ascii_digit());
    found_in.rsplit_once(':').filter(|(_, line)| is_line(line)).map_or(found_in, |(file, _)| file)
}

/// A failure for each place that such profiles are named in. It gets the line, too, where it is the only one.
fn grouped<T>(all: Vec<T>, found_in: impl Fn(&T) -> &String, failure: impl Fn(&str, &[T]) -> Failure) -> Vec<Failure> {
    let mut by_place: BTreeMap<String, Vec<T>> = BTreeMap::new();
    for one in all {
        by_place.entry(place_of(found_in(&one)).to_owned()).or_default().push(one);
    }
    let told = |(place, all): (String, Vec<T>)| {
        let line = all.first().map(&found_in).filter(|line| all.iter().all(|one| found_in(one) == *line)).cloned();
        failure(&line.unwrap_or(place), &all)
    };
    by_place.into_iter().map(told).collect()
}
