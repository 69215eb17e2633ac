//! This repository's settings: the table `[workspace.metadata.xtask]` of a `Cargo.toml`. All of it is optional.

mod build;
mod personal;
mod read;
#[cfg(test)]
mod tests;
mod unknown;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

pub use build::{BuildOptions, ImageSettings};
pub use personal::{CREDENTIALS, LOCAL, PROFILE, Target, of_variables, read_local};
pub use read::{KEYS, read};
pub use write::{set, set_in};

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::model::{AccountId, Environment, ImageName, Place, Region};

/// Where terraform-aws-ci is cloned from, unless the settings say otherwise.
const DOCKERFILE_REPO: &str = "https://github.com/gruntwork-io/terraform-aws-ci.git";

/// How long a plan or a build may take, unless the settings say otherwise.
const TIME_LIMIT: Duration = Duration::from_secs(60 * 60);

/// What a unit of Terraform alone needs besides its folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standalone {
    /// Its workspace; `None` for the default one.
    pub workspace: Option<String>,
    /// Files of values that Terraform doesn't take by itself, relative to the unit's folder; a later one wins.
    pub var_files: Vec<String>,
}

/// An account that the settings state for the units of some folders.
#[derive(Debug)]
struct StatedAccount {
    folders: Gitignore,
    id: AccountId,
    place: Place,
}

/// Inputs that are tags, as the settings state for the units of some folders.
#[derive(Debug)]
struct TagInputs {
    folders: Gitignore,
    images: Vec<(String, ImageName)>,
    place: Place,
}

/// A setting that decides what runs, where, in which order or with which keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deciding {
    /// The key, such as `environments.dev`.
    pub key: String,
    /// The value; `None` where only the other settings have one.
    pub value: Option<String>,
    /// Whether it is for everybody.
    pub is_shared: bool,
    /// Whether the other settings say something else.
    pub differs: bool,
    /// The value of the other settings, where only they have one.
    pub only_there: Option<String>,
}

/// Keys that decide which programs run and with which keys.
const PROGRAMS_AND_KEYS: [&str; 5] =
    ["assumed-roles", "credentials", "endpoint-url", "pass-environment", "terraform-binary"];

/// Keys that change how fast something is done, or a version that every command names.
const HARMLESS: [&str; 3] = ["jobs", "terraform-aws-ci-version", "time-limit"];

/// When the checkout has to be a clean one of the default branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clean {
    /// Where production is among what is applied.
    Production,
    /// Whatever is applied.
    Always,
}

/// The settings, checked. A key that is not there has its default.
#[derive(Debug, Default)]
pub struct Settings {
    terraform_aws_ci_version: Option<String>,
    profile: Option<String>,
    profiles: BTreeMap<String, String>,
    credentials: Option<Vec<String>>,
    terraform_binary: Option<String>,
    dockerfile_repo: Option<String>,
    endpoint_url: Option<String>,
    pass_environment: Vec<String>,
    assumed_roles: Vec<String>,
    exclude: Vec<String>,
    build: BuildOptions,
    images: Vec<ImageSettings>,
    jobs: Option<usize>,
    time_limit: Option<Duration>,
    standalone: BTreeMap<String, Standalone>,
    environments: BTreeMap<String, Environment>,
    accounts: Vec<StatedAccount>,
    tag_inputs: Vec<TagInputs>,
    require_clean: Option<Clean>,
    file: Option<String>,
    /// What is written, key by key: `environments.dev`.
    written: BTreeMap<String, String>,
    places: BTreeMap<String, Place>,
    /// What a person has set besides, which counts more; the first counts most.
    personal: Vec<Settings>,
}

impl Settings {
    /// The version of terraform-aws-ci to use where none is given.
    pub fn terraform_aws_ci_version(&self) -> Option<&str> {
        self.terraform_aws_ci_version.as_deref()
    }

    /// The template of profile names, such as `your-{account}`, wherever it is set.
    pub fn profile(&self) -> Option<&str> {
        self.layers().find_map(|layer| layer.profile.as_deref())
    }

    /// What names the profile of an account, the first that counts: the name or the template, and where it is set.
    pub fn profile_of(&self, account: &str) -> Option<(&str, Option<&Place>)> {
        self.layers().find_map(|layer| {
            let named = layer.profiles.get(account).map(|name| (name, format!("profiles.{account}")));
            let named = named.or_else(|| Some((layer.profile.as_ref()?, "profile".to_owned())));
            named.map(|(name, key)| (name.as_str(), layer.places.get(&key)))
        })
    }

    /// Whether the profile of an account is one that is named for all accounts alike.
    pub fn has_one_profile_for_all(&self, account: &str) -> bool {
        let tells_apart = |layer: &Settings| match layer.profiles.contains_key(account) {
            true => Some(true),
            false => layer.profile.as_ref().map(|template| template.contains("{account")),
        };
        self.layers().find_map(tells_apart) == Some(false)
    }

    /// Whether the region of a unit decides which session it gets: `{region}` is in the command, or in the name of a profile.
    pub fn tells_regions_apart(&self) -> bool {
        let credentials = self.credentials();
        let profiles = self.layers().flat_map(|layer| layer.profile.iter().chain(layer.profiles.values()));
        credentials.iter().chain(profiles).any(|word| word.contains("{region}"))
    }

    /// The accounts that have a profile of their own, with the place of each.
    pub fn accounts_with_profiles(&self) -> impl Iterator<Item = (&str, Option<&Place>)> {
        self.layers().flat_map(|layer| {
            layer.profiles.keys().map(|account| (account.as_str(), layer.places.get(&format!("profiles.{account}"))))
        })
    }

    /// Adds what a person has set; what was added before counts more.
    pub fn add_personal(&mut self, settings: Settings) {
        self.personal.push(settings);
    }

    /// All places in which settings of a person may be, the one that counts most first.
    fn layers(&self) -> impl Iterator<Item = &Settings> {
        self.personal.iter().chain([self])
    }

    /// The program that provides credentials, as an argv template. Empty means that they are in the environment.
    pub fn credentials(&self) -> Vec<String> {
        let default = || ["aws-vault", "exec", "{profile}", "--"].map(str::to_owned).to_vec();
        self.layers().find_map(|layer| layer.credentials.clone()).unwrap_or_else(default)
    }

    /// Makes a program that is named by a path from the root, or from the user's home folder, absolute: what runs doesn't
    /// depend on where it is started.
    pub fn resolve_programs(&mut self, root: &Path, home: Option<&Path>) {
        for layer in self.personal.iter_mut() {
            layer.resolve_programs(root, home);
        }
        if let Some(program) = self.credentials.as_mut().and_then(|words| words.first_mut())
            && program.contains('/')
        {
            let below_home = read::HOME.iter().find_map(|begin| program.strip_prefix(begin));
            *program = match (below_home, home) {
                (Some(path), Some(home)) => home.join(path),
                _ => root.join(program.trim_start_matches("./")),
            }
            .display()
            .to_string();
        }
    }

    /// What decides what runs, where, in which order and with which keys. Compared with the settings of somewhere else, also
    /// what only those have; what is the same there is left out unless it decides on programs or keys.
    pub fn deciding(&self, there: Option<&Self>) -> Vec<Deciding> {
        let (here, other) = (self.decisions(), there.map(Self::decisions));
        let keys: BTreeSet<_> = here.keys().chain(other.iter().flat_map(BTreeMap::keys)).collect();
        let mut found = Vec::new();
        for key in keys {
            let (value, there) = (here.get(key), other.as_ref().map(|other| other.get(key)));
            let differs = there.is_some_and(|there| there != value);
            if differs || PROGRAMS_AND_KEYS.contains(&key.as_str()) {
                let only_there = if value.is_none() { there.flatten().cloned() } else { None };
                let value = value.cloned();
                found.push(Deciding { key: key.clone(), value, is_shared: true, differs, only_there });
            }
        }
        if self.personal.iter().any(|layer| layer.credentials.is_some()) {
            found.retain(|it| it.key != "credentials");
            let mine = Deciding {
                key: "credentials".to_owned(),
                value: Some(command_line(&self.credentials())),
                is_shared: false,
                differs: false,
                only_there: None,
            };
            found.insert(0, mine);
        }
        found
    }

    /// Every key that decides anything, with its value as it is meant.
    fn decisions(&self) -> BTreeMap<String, String> {
        let is_harmless = |key: &str| HARMLESS.contains(&key.split('.').next().unwrap_or_default());
        let mut all = self.written.clone();
        all.retain(|key, _| !is_harmless(key));
        all.remove("credentials");
        let words = self.credentials.as_ref().filter(|words| **words != Self::default().credentials());
        all.extend(words.map(|words| ("credentials".to_owned(), command_line(words))));
        all
    }

    /// Where the program that provides credentials is set; `None` for the default.
    pub fn credentials_place(&self) -> Option<&Place> {
        self.layers().find(|layer| layer.credentials.is_some())?.places.get("credentials")
    }

    /// `terraform`, `tofu` or a path.
    pub fn terraform_binary(&self) -> Option<&str> {
        self.terraform_binary.as_deref()
    }

    /// The git repository that has the Dockerfiles.
    pub fn dockerfile_repo(&self) -> &str {
        self.dockerfile_repo.as_deref().unwrap_or(DOCKERFILE_REPO)
    }

    /// An endpoint for AWS other than AWS's own.
    pub fn endpoint_url(&self) -> Option<&str> {
        self.endpoint_url.as_deref()
    }

    /// Names of environment variables that children get beside the usual ones; one may end in `*`.
    pub fn pass_environment(&self) -> &[String] {
        &self.pass_environment
    }

    /// ARNs of roles in other accounts that the configuration may assume.
    pub fn assumed_roles(&self) -> &[String] {
        &self.assumed_roles
    }

    /// What is left out below the folder of the `Cargo.toml`, as a `.gitignore` beside it would say it.
    pub fn excluded_below(&self, dir: &Path) -> Gitignore {
        let mut builder = GitignoreBuilder::new(dir);
        for glob in &self.exclude {
            // One that is no glob is among the failures.
            let _ = builder.add_line(None, glob);
        }
        builder.build().unwrap_or_else(|_| Gitignore::empty())
    }

    /// How many units are worked on at once.
    pub fn jobs(&self) -> Option<usize> {
        self.layers().find_map(|layer| layer.jobs)
    }

    /// What is the same for all builds.
    pub fn build(&self) -> &BuildOptions {
        &self.build
    }

    /// What is said about single images, in order.
    pub fn images(&self) -> &[ImageSettings] {
        &self.images
    }

    /// What is said about an image.
    pub fn image(&self, name: &str) -> Option<&ImageSettings> {
        self.images.iter().find(|image| image.name == name)
    }

    /// How long a plan or a build may take before it is ended.
    pub fn time_limit(&self) -> Duration {
        self.time_limit.unwrap_or(TIME_LIMIT)
    }

    /// What a unit of Terraform alone needs, by its path.
    pub fn standalone(&self, unit: &str) -> Option<&Standalone> {
        self.standalone.get(unit)
    }

    /// The paths of the units of Terraform alone that the settings name.
    pub fn standalone_units(&self) -> impl Iterator<Item = &str> {
        self.standalone.keys().map(String::as_str)
    }

    /// The accounts that are stated for the unit in this folder, each with its place. The stated paths start at the
    /// `Cargo.toml`, whatever `root` was opened.
    pub(super) fn accounts_of(&self, root: &Path, folder: &Path) -> impl Iterator<Item = (&AccountId, &Place)> {
        let way = self.folder_of(root, folder);
        let holds = move |it: &&StatedAccount| it.folders.matched_path_or_any_parents(&way, true).is_ignore();
        self.accounts.iter().filter(holds).map(|it| (&it.id, &it.place))
    }

    /// The inputs of the unit in this folder that are stated to be tags: each with the image, and the place.
    pub(super) fn tag_inputs(&self, root: &Path, folder: &Path) -> Vec<(&str, ImageName, &Place)> {
        if self.tag_inputs.is_empty() {
            return Vec::new();
        }
        let way = self.folder_of(root, folder);
        let holds = |it: &&TagInputs| it.folders.matched_path_or_any_parents(&way, true).is_ignore();
        let stated = self.tag_inputs.iter().filter(holds);
        stated.flat_map(|it| it.images.iter().map(move |(input, image)| (input.as_str(), *image, &it.place))).collect()
    }

    /// What a folder below `root` is called in the settings: by its path from the `Cargo.toml`.
    pub fn folder_of(&self, root: &Path, folder: &Path) -> String {
        let beside = root.join(self.file.as_deref().unwrap_or("Cargo.toml"));
        let way = beside.parent().and_then(|dir| folder.strip_prefix(dir).ok()).unwrap_or(folder);
        way.display().to_string()
    }

    /// What accounts are for, by name, where their names don't say so.
    pub fn environments(&self) -> &BTreeMap<String, Environment> {
        &self.environments
    }

    /// What an account is for: the settings, then its name. `None` if neither says so.
    pub fn environment(&self, account: &str) -> Option<Environment> {
        self.environments.get(account).copied().or_else(|| Environment::of_name(account))
    }

    /// When the checkout has to be a clean one of the default branch.
    pub fn require_clean(&self) -> Option<Clean> {
        self.require_clean
    }

    /// The file that has the table, as people should read it; `None` if there is none.
    pub fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }

    /// Where a key is set, such as `jobs` or `profiles.dev`.
    pub fn place(&self, key: &str) -> Option<&Place> {
        self.places.get(key)
    }
}

/// Fills in `{account}`, `{account_id}` and `{region}`; an error names the placeholder that has no value.
pub fn fill(template: &str, account: &str, id: &AccountId, region: Option<&Region>) -> Result<String, String> {
    let filled = template.replace("{account_id}", id.as_str()).replace("{account}", account);
    match (filled.contains("{region}"), region) {
        (false, _) => Ok(filled),
        (true, Some(region)) => Ok(filled.replace("{region}", region.as_str())),
        (true, None) => Err("`{region}` has no value here".to_owned()),
    }
}

/// A command as words; an empty one is none.
fn command_line(words: &[String]) -> String {
    if words.is_empty() { "none".to_owned() } else { words.join(" ") }
}
