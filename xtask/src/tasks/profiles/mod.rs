//! Which profile is taken for each account: joins the options, the settings, and the AWS config files.

pub mod ask;
pub mod codes;
mod judged;
mod words;

pub use judged::{Judged, place_of};

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::model::{Account, Failure, Place, ProfileCandidate, Region, did_you_mean, regular};
use crate::repo::profile::{self, Fit, Pattern, Unchosen};
use crate::repo::{Profile, Settings};
use crate::report::screen::Tone;
use crate::tasks::context::Context;
use crate::tools::aws_config::{self, AwsConfig, BadLine, Reader};
use crate::tools::aws_error::AwsError;
use crate::tools::credential_tool::CredentialTool;
use crate::tools::env::{self, Env};

/// Everything that profiles are chosen from.
#[derive(Debug)]
pub struct Profiles {
    overrides: BTreeMap<String, String>,
    config: AwsConfig,
    /// The config file and the credentials file.
    files: [File; 2],
}

/// A file that was looked for.
#[derive(Debug)]
struct File {
    /// What it is called.
    name: &'static str,
    /// Its path, as people should read it.
    shown: String,
    /// The variable that names it, if one does.
    variable: Option<&'static str>,
    is_missing: bool,
    wrong: Option<Failure>,
}

/// An account with the region of its first unit, or with each region of its units where that decides on the profile.
pub type Asked<'a> = (&'a Account, Option<Region>);

/// A profile with what it was chosen for.
pub type Chosen<'a> = (Asked<'a>, Profile);

/// The sessions that work in these accounts and regions takes, in their order: what is verified and what is used is looked up
/// by the same key.
pub fn sessions<'a, R: PartialEq>(
    settings: &Settings,
    of: impl IntoIterator<Item = (&'a Account, R)>,
) -> Vec<(&'a Account, R)> {
    let by_region = settings.tells_regions_apart();
    let mut sessions: Vec<(&Account, R)> = Vec::new();
    for (account, region) in of {
        if !sessions.iter().any(|(known, of)| known.is(account) && (!by_region || *of == region)) {
            sessions.push((account, region));
        }
    }
    sessions
}

/// What each of these is called: by its account, and by its region where several are of one account.
pub fn labels<'a>(accounts: impl IntoIterator<Item = (&'a Account, Option<&'a Region>)>) -> Vec<String> {
    let all: Vec<_> = accounts.into_iter().collect();
    let is_only = |name: &str| all.iter().filter(|(account, _)| account.name == name).count() < 2;
    let label = |(account, region): &(&Account, Option<&Region>)| match region {
        Some(region) if !is_only(&account.name) => format!("{} {region}", account.name),
        _ => account.name.clone(),
    };
    all.iter().map(label).collect()
}

/// Whether an account has credentials of its own, so that it can be asked beside others: neither those of the environment nor a
/// profile that is named for all accounts alike.
pub fn has_its_own(context: &Context, settings: &Settings, account: &Account) -> bool {
    let credentials = settings.credentials();
    let has = |name: &str| credentials.iter().any(|word| word.contains(name));
    let is_named = || context.globals.profile.iter().any(|(name, _)| *name == account.name);
    has("{account") || has("{profile}") && (is_named() || !settings.has_one_profile_for_all(&account.name))
}

/// Why an account that has no credentials of its own is not asked.
pub fn not_asked(settings: &Settings, account: &Account) -> String {
    let name = &account.name;
    match settings.profile_of(name).filter(|_| settings.credentials().iter().any(|word| word.contains("{profile}"))) {
        Some((profile, place)) => {
            let by = place.map(|place| format!(", which {place} names for every account,")).unwrap_or_default();
            format!(
                "its registry lies in `{name}`, and profile `{profile}`{by} is that of another account; to ask it: --profile {name}=PROFILE"
            )
        }
        None => "its registry lies in another account than the credentials of this shell".to_owned(),
    }
}

impl Profiles {
    /// Reads the AWS config and credentials files, if they exist.
    pub fn read(context: &Context) -> Self {
        let home = env::text(&context.vars, "HOME").map(PathBuf::from).unwrap_or_default();
        let read = |name, variable, default| {
            let named = aws_config::path(&context.vars, variable);
            let variable = named.is_some().then_some(variable);
            let path = named.unwrap_or_else(|| home.join(default));
            File::read(name, &path, shown(&path, &home), variable)
        };
        let (config, text) = read("config", aws_config::CONFIG, ".aws/config");
        let (credentials, keys) = read("credentials", aws_config::CREDENTIALS, ".aws/credentials");
        Self {
            overrides: context.globals.profile.iter().cloned().collect(),
            config: AwsConfig::parse(&text, &config.shown).with_credentials(&keys, &credentials.shown),
            files: [config, credentials],
        }
    }

    /// The profile of an account.
    pub fn of(&self, account: &Account, region: Option<&Region>, settings: &Settings) -> Result<Profile, Failure> {
        let chosen = self.choose(account, region, settings);
        chosen.map_err(|why| match why {
            Unchosen::Wrong(failure) => failure,
            Unchosen::Missing => words::missing(self, &[account], settings),
            Unchosen::Several => words::several(self, &[account], &[account], settings),
        })
    }

    /// The profiles of accounts; what is wrong with several is one failure.
    pub fn of_all<'a>(&self, asked: &[Asked<'a>], settings: &Settings) -> (Vec<Chosen<'a>>, Vec<Failure>) {
        let mut found = Vec::new();
        let (mut missing, mut several, mut failures) = (Vec::new(), Vec::new(), Vec::new());
        let add = |accounts: &mut Vec<&'a Account>, account: &'a Account| {
            if !accounts.iter().any(|known| known.is(account)) {
                accounts.push(account);
            }
        };
        let mut all = Vec::new();
        for (account, region) in asked {
            add(&mut all, account);
            match self.choose(account, region.as_ref(), settings) {
                Ok(profile) => found.push(((*account, region.clone()), profile)),
                Err(Unchosen::Missing) => add(&mut missing, account),
                Err(Unchosen::Several) => add(&mut several, account),
                Err(Unchosen::Wrong(failure)) => failures.push(failure),
            }
        }
        if !several.is_empty() {
            failures.push(words::several(self, &several, &all, settings));
        }
        if !missing.is_empty() {
            failures.push(words::missing(self, &missing, settings));
        }
        (found, failures)
    }

    /// The same by the names of the accounts, for what a person is asked or shown of accounts as a whole.
    pub fn by_name(&self, asked: &[Asked<'_>], settings: &Settings) -> (BTreeMap<String, Profile>, Vec<Failure>) {
        let (found, failures) = self.of_all(asked, settings);
        (found.into_iter().map(|((account, _), profile)| (account.name.clone(), profile)).collect(), failures)
    }

    fn choose(&self, account: &Account, region: Option<&Region>, settings: &Settings) -> Result<Profile, Unchosen> {
        profile::choose(account, region, &self.overrides, settings, &self.candidates(account, settings))
    }

    /// The profiles that lead into an account.
    pub fn candidates(&self, account: &Account, settings: &Settings) -> Vec<ProfileCandidate> {
        self.config.candidates(&account.id, reader(settings))
    }

    /// The profiles that lead into each of `accounts`: within those that can apply, those first that are named like profiles of
    /// most others of `all`.
    pub fn candidates_of<'a>(
        &self,
        accounts: &[&'a Account],
        all: &[&Account],
        settings: &Settings,
    ) -> Vec<(&'a Account, Vec<ProfileCandidate>)> {
        let names = |account: &Account| self.candidates(account, settings).into_iter().map(|it| it.name).collect();
        let others: Vec<(&Account, BTreeSet<String>)> = all.iter().map(|other| (*other, names(other))).collect();
        let sorted = |account: &Account| {
            let mut candidates = self.candidates(account, settings);
            candidates
                .sort_by_cached_key(|it| (it.is_limited(), Reverse(profile::n_alike(&it.name, account, &others))));
            candidates
        };
        accounts.iter().map(|account| (*account, sorted(account))).collect()
    }

    /// The patterns by which all of these accounts have a profile, the best first.
    pub fn patterns(&self, accounts: &[&Account], settings: &Settings) -> Vec<Pattern> {
        let reader = reader(settings);
        let names: Vec<_> = self.config.names(reader).collect();
        let fit = |name: &str, account: &Account| {
            let candidates = self.config.candidates(&account.id, reader);
            match candidates.iter().find(|candidate| candidate.name == name) {
                Some(candidate) => Fit::Leads { is_limited: candidate.is_limited() },
                None if self.config.leads_nowhere_known(name, reader) => Fit::Unknown,
                None => Fit::No,
            }
        };
        profile::patterns(accounts, &names, &fit)
    }

    /// The names of all profiles that the credential tool finds.
    pub fn names(&self, settings: &Settings) -> BTreeSet<&str> {
        self.config.names(reader(settings)).collect()
    }

    /// Whether the role or the name of a profile says that it can't apply anything.
    pub fn is_limited(&self, profile: &str, settings: &Settings) -> bool {
        self.config.limit_of(profile, reader(settings)).is_some()
    }

    /// What mends such an error for these profiles, in the terms of the credential tool.
    pub fn mended_by(&self, error: &AwsError, profiles: &[&str], settings: &Settings) -> Vec<String> {
        let tool = CredentialTool::of(&settings.credentials());
        match error.is_mended_by_a_new_session() {
            true => tool.sign_in(profiles, &self.config),
            false => tool.store_new_keys(profiles, &self.config),
        }
    }

    /// Whether aws-vault makes a session of a profile's stored keys without MFA: such a session can't call IAM.
    pub fn is_session_without_mfa(&self, profile: &str) -> bool {
        self.config.is_session_without_mfa(profile)
    }

    /// Whether a profile takes its keys from IAM Identity Center.
    pub fn is_sso(&self, profile: &str, settings: &Settings) -> bool {
        self.config.value(profile, "sso_account_id", reader(settings)).is_some()
    }

    /// What is wrong with the files that the credential tool reads.
    pub fn wrong(&self, settings: &Settings) -> Vec<Failure> {
        let reader = reader(settings);
        let bad_lines = [self.config.bad_line(reader), self.config.bad_line_of_credentials(reader)];
        let files = self.files_of(reader).iter().zip(bad_lines);
        let wrong = files.filter_map(|(file, bad_line)| match &file.wrong {
            Some(failure) => Some(failure.again()),
            None => Some(file.with_bad_line(bad_line?, CredentialTool::of(&settings.credentials()).name())),
        });
        wrong.collect()
    }

    /// Tells what is wrong with them, where that stops nothing.
    pub fn warn(&self, context: &Context, settings: &Settings) {
        for failure in self.wrong(settings) {
            let place = failure.at.first().map(|place| format!("{place}: ")).unwrap_or_default();
            let hint = failure.hints.first().map(|hint| format!("; {hint}")).unwrap_or_default();
            context.screen.insist(Tone::Warning, "AWS files", format!("{place}{}{hint}", failure.what));
        }
    }

    /// What is said of a profile that is named somewhere and is in no file, although there are others; `None` where it is
    /// there.
    pub fn unknown(&self, profile: &str, settings: &Settings) -> Option<String> {
        let names = self.names(settings);
        if names.is_empty() || names.contains(profile) {
            return None;
        }
        let near = did_you_mean(names, profile).map(|near| format!("; {near}")).unwrap_or_default();
        Some(format!("profile `{profile}` is not in {}{near}", words::joined(&self.shown_files(settings))))
    }

    /// Names of accounts that this repository doesn't have, in options and in the settings, and names of profiles that the
    /// credential tool would not find: a typing mistake must not go unseen.
    pub fn misnamed(&self, accounts: &[Account], settings: &Settings) -> Vec<Failure> {
        let is_unknown = |name: &str| accounts.iter().all(|account| account.name != *name);
        let near = |failure: Failure, name: &str| {
            let offered = did_you_mean(accounts.iter().map(|it| it.name.as_str()), name);
            offered.into_iter().fold(failure, Failure::hint)
        };
        let by_option = self.overrides.keys().filter(|name| is_unknown(name)).map(|name| {
            let what = format!("`--profile {name}=…` names an account that this repository doesn't have");
            near(Failure::usage(what), name)
        });
        let by_settings =
            settings.accounts_with_profiles().filter(|(name, _)| is_unknown(name)).map(|(name, place)| {
                let what = format!("`profiles` names `{name}`, an account that this repository doesn't have");
                near(place.cloned().into_iter().fold(Failure::refused(what), Failure::at), name)
            });
        let templates =
            self.overrides.iter().filter(|(_, profile)| profile.contains(['{', '}'])).map(|(name, profile)| {
                let what =
                    format!("`--profile {name}={profile}` has braces: it takes the name of a profile, not a template");
                Failure::usage(what).hint("a template is `profile` in the settings, or XTASK_PROFILE")
            });
        by_option.chain(by_settings).chain(templates).collect()
    }

    /// Variables that the credential tool gets for a profile, or without one for that of its environment `vars`: what its
    /// files don't tell, and what the keys alone would leave behind.
    pub fn added(&self, vars: &Env, profile: Option<&str>, settings: &Settings, region: &Region) -> Env {
        let profile =
            profile.or_else(|| env::text(vars, "AWS_PROFILE")).or_else(|| env::text(vars, "AWS_DEFAULT_PROFILE"));
        self.config.added(profile.unwrap_or("default"), reader(settings), region)
    }

    fn files_of(&self, reader: Reader) -> &[File] {
        if reader == Reader::AwsVault { &self.files[..1] } else { &self.files }
    }

    /// The files that the credential tool reads, as people should read their paths.
    fn shown_files(&self, settings: &Settings) -> Vec<String> {
        let shown = |file: &File| match file.is_missing {
            true => format!("{} (which does not exist)", file.shown),
            false => file.shown.clone(),
        };
        self.files_of(reader(settings)).iter().map(shown).collect()
    }
}

impl File {
    /// Reads one, and gives its text. That it is missing is wrong only where a variable names it.
    fn read(name: &'static str, path: &Path, shown: String, variable: Option<&'static str>) -> (Self, String) {
        let mut file = Self { name, shown, variable, is_missing: false, wrong: None };
        // What is turned off so is no mistake.
        let read = if path == Path::new("/dev/null") { Ok(Vec::new()) } else { regular::bytes(path) };
        let bytes = read.unwrap_or_else(|error| {
            file.is_missing = error.kind() == ErrorKind::NotFound;
            if !file.is_missing || variable.is_some() {
                file.wrong = Some(file.unreadable(&error));
            }
            Vec::new()
        });
        let text = String::from_utf8(bytes).unwrap_or_else(|error| {
            let n_lines =
                error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|it| **it == b'\n').count();
            let what = format!("the AWS {} file is not UTF-8", file.name);
            let failure = Failure::refused(what).at(Place::line(&file.shown, n_lines + 1));
            file.wrong = Some(failure.hint("write what is not ASCII as UTF-8"));
            String::from_utf8_lossy(error.as_bytes()).into_owned()
        });
        (file, text)
    }

    fn unreadable(&self, error: &std::io::Error) -> Failure {
        let by = self.variable.map(|name| format!(", which {name} names,")).unwrap_or_default();
        let file = format!("the AWS {} file{by}", self.name);
        let what = match error.kind() {
            ErrorKind::NotFound => format!("{file} does not exist"),
            ErrorKind::IsADirectory => format!("{file} is a folder"),
            _ => format!("{file} can't be read: {error}"),
        };
        let failure = Failure::refused(what).in_file(&self.shown);
        match self.variable {
            Some(name) => failure.hint(format!("correct {name}, or unset it")),
            None => failure.hint("make it a file that you can read"),
        }
    }

    fn with_bad_line(&self, bad: &BadLine, tool: &str) -> Failure {
        let what = format!("{tool} reads nothing of the AWS {} file because of a line: {}", self.name, bad.what);
        Failure::refused(what).at(Place::line(&self.shown, bad.line)).hint("correct the line")
    }
}

fn reader(settings: &Settings) -> Reader {
    CredentialTool::of(&settings.credentials()).reader()
}

fn shown(path: &Path, home: &Path) -> String {
    match path.strip_prefix(home) {
        Ok(rest) if home.is_absolute() => format!("~/{}", rest.display()),
        _ => path.display().to_string(),
    }
}
