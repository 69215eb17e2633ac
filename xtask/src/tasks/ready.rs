//! Everything that can be known to be wrong before the first side effect, found at once; and what a run needs, if nothing is.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::model::{Account, Failure, Failures, Known, Place, Region};
use crate::repo::unit::{Unit, UnitKind};
use crate::repo::{Profile, Repository, ambiguous, commands, providers};
use crate::report::screen::Tone;
use crate::tasks::context::Context;
use crate::tasks::profiles::{self, Profiles, codes};
use crate::tasks::select::labels;
use crate::tools::aws_error::{AwsError, Cause};
use crate::tools::credential_tool::CredentialTool;
use crate::tools::credentials::Wrapper;
use crate::tools::env::{self, ChildEnv, Env, Purpose};
use crate::tools::mfa::Code;
use crate::tools::programs::{self, Programs};
use crate::tools::terraform::Standalone;
use crate::tools::{aws_config, endpoint, git, process, terraform, terragrunt, tty};

/// What a run needs.
#[derive(Debug)]
pub struct Ready<'r> {
    /// The repository.
    pub repo: &'r Repository,
    /// The credential wrapper.
    pub wrapper: Wrapper,
    /// The programs that were asked for, and the wrapper's.
    pub programs: Programs,
    /// The environment that the wrapper gets, or our guard where there is none.
    pub wrapper_env: Env,
    /// Names of variables in this shell that nobody gets.
    pub left_out: Vec<String>,
    /// The variables of this shell, of which single steps get what they need.
    pub shell: Env,
    known: Profiles,
    /// The profile of each session that was asked for.
    profiles: Vec<(Account, Region, Profile)>,
    /// What was read of configuration files inside of plans.
    pub providers: providers::Memo,
    terragrunt_version: OnceLock<Option<String>>,
}

/// A unit with all that is needed to work in it.
#[derive(Clone, Debug)]
pub struct Workable<'r> {
    /// The unit.
    pub unit: &'r Unit,
    /// Its account.
    pub account: &'r Account,
    /// What it is called on the screen.
    pub label: String,
    /// Its region.
    pub region: Region,
    /// The real terraform or tofu; a bare name where it is not on PATH.
    pub terraform: PathBuf,
    /// What terragrunt runs besides Terraform, by the configuration.
    pub runs: Vec<String>,
    /// What it needs besides, if it is one of Terraform alone.
    pub standalone: Option<Standalone>,
}

impl Workable<'_> {
    /// The program that is not on PATH although it carries out the unit, to be named with all others that are missing.
    pub fn missing_terraform(&self) -> Option<&str> {
        self.terraform.to_str().filter(|_| self.terraform.is_relative())
    }

    /// The git repository that its module comes from, if it comes from one.
    pub fn remote(&self) -> Option<String> {
        self.unit.module.source.value().and_then(|source| git::remote_of(source))
    }
}

/// The variable in which aws-vault's file store takes its passphrase.
const PASSPHRASE: &str = "AWS_VAULT_FILE_PASSPHRASE";

impl<'r> Ready<'r> {
    /// Looks at everything that can be wrong for work in `accounts` with `needed` programs. `anyway` are those of the accounts
    /// that are needed whatever is selected. `problems` are those that the caller has found already; they are reported together
    /// with the rest.
    pub fn gather(
        context: &Context,
        repo: &'r Repository,
        accounts: &[(&Account, Region)],
        anyway: &[&Account],
        needed: &[&str],
        problems: Vec<Failure>,
    ) -> Result<Self, Failures> {
        let settings = &repo.settings;
        let mut problems = problems;
        let wrapper = Wrapper::new(settings.credentials().to_vec());
        let wrapper = keep(&mut problems, wrapper.map_err(Failures::from))
            .unwrap_or_else(|| Wrapper::new(Vec::new()).expect("an empty template has no placeholders"));
        problems.extend(endpoint::check(&context.vars, settings.endpoint_url()).err());
        problems.extend(nested_session(&wrapper, &context.vars));
        problems.extend(too_many_accounts(&wrapper, settings.credentials_place(), (accounts, anyway), &context.argv));

        let mut names = needed.to_vec();
        let tool = CredentialTool::of(&settings.credentials());
        names.extend(tool.takes_aws_cli().then_some("aws"));
        let (there, missing): (Vec<_>, Vec<_>) = wrapper
            .program()
            .into_iter()
            .partition(|program| programs::locate(program, &repo.root, &context.vars).is_some());
        names.extend(there);
        problems.extend(missing.into_iter().map(|program| tool.not_found(program, settings.credentials_place())));
        let found = Programs::find(&names, &repo.root, &context.vars, &context.tools());
        let programs = keep(&mut problems, found).unwrap_or_default();

        let known = Profiles::read(context);
        problems.extend(known.misnamed(&repo.accounts, settings));
        problems.extend(ambiguous(accounts.iter().map(|(account, _)| *account)));
        let asked: Vec<_> = accounts.iter().map(|(account, region)| (*account, Some(region.clone()))).collect();
        let asked = if wrapper.needs_profile() { &asked[..] } else { &[] };
        let mut judged = known.judge(asked, &repo.accounts, anyway, settings);
        let of = |((account, region), profile): profiles::Chosen<'_>| Some((account.clone(), region?, profile));
        let profiles = std::mem::take(&mut judged.found).into_iter().filter_map(of).collect();
        problems.extend(judged.into_failures());
        let purpose = if wrapper.is_ambient() { Purpose::Ambient } else { Purpose::Wrapper };
        let ChildEnv { vars: mut wrapper_env, dropped } =
            env::build(&context.vars, purpose, settings.pass_environment());
        for name in [aws_config::CONFIG, aws_config::CREDENTIALS] {
            if let (Some(path), Some(value)) =
                (aws_config::path(&context.vars, name), wrapper_env.get_mut(std::ffi::OsStr::new(name)))
            {
                *value = path.into();
            }
        }
        let unused = env::build(&context.vars, Purpose::Program, settings.pass_environment()).dropped;
        let is_left_out = |name: &String| dropped.contains(name) || env::steers_providers(name);
        let left_out = unused.into_iter().filter(is_left_out).collect();
        Failures::check(problems)?;
        if wrapper.needs_profile() {
            known.warn(context, settings);
        }
        let shell = context.vars.clone();
        Ok(Self {
            repo,
            wrapper,
            programs,
            wrapper_env,
            left_out,
            shell,
            known,
            providers: providers::Memo::default(),
            profiles,
            terragrunt_version: OnceLock::new(),
        })
    }

    /// The profile of an account that was asked for, if the wrapper uses profiles: that of its region, where regions have
    /// profiles of their own. What is only asked of a region without units takes one that is verified, too.
    pub fn profile(&self, account: &Account, region: &Region) -> Option<&str> {
        self.chosen(account, region).map(|profile| profile.name.as_str())
    }

    /// The same, with where it was found.
    pub fn chosen(&self, account: &Account, region: &Region) -> Option<&Profile> {
        let named = || self.profiles.iter().filter(|(known, _, _)| known.is(account));
        let found = named().find(|(_, of, _)| of == region).or_else(|| named().next());
        let found = found.or_else(|| self.profiles.iter().find(|(known, _, _)| known.id == account.id));
        found.map(|(_, _, profile)| profile)
    }

    /// What the credential tool sees beside `wrapper_env`, for a profile and a region.
    pub fn added(&self, profile: Option<&str>, region: &Region) -> Env {
        self.known.added(&self.wrapper_env, profile, &self.repo.settings, region)
    }

    /// The MFA codes that opening the sessions of these accounts takes, in a person's words.
    pub fn codes(&self, accounts: &[(&Account, Region)]) -> Option<codes::Words> {
        let words = |version| {
            let profile = |(account, region): &(&'_ Account, Region)| self.profile(account, region);
            let asked = accounts.iter().filter_map(|one| Some((one.0, profile(one)?)));
            self.known.codes(asked, &self.repo.settings, &self.wrapper_env, version)?.words()
        };
        // Whether a version asks for each role matters only where anything is asked for.
        let program = self.wrapper.program().filter(|_| self.tool() == CredentialTool::AwsVault);
        let plain = || env::build(&self.shell, Purpose::Plain, &[]).vars;
        let version = |name| programs::version(self.programs.path(name), &self.repo.root, &plain());
        match words(None).filter(|words| words.n_typed > 0).and(program).and_then(version) {
            None => words(None),
            version => words(version),
        }
    }

    /// Those that opening the session of one account takes.
    pub fn codes_of(&self, account: &Account, region: &Region) -> Vec<Code> {
        let profile = self.profile(account, region);
        profile.map(|profile| self.known.codes_of(profile, &self.repo.settings, &self.wrapper_env)).unwrap_or_default()
    }

    /// Whether the credential tool itself tells on stderr that AWS refused a code. It asks at the terminal itself, so its
    /// stderr may be read; that of others may be where they draw.
    pub fn tells_of_codes(&self) -> bool {
        self.tool() == CredentialTool::AwsVault
    }

    /// What mends such an error for these accounts, in the terms of the credential tool.
    pub fn mended_by(&self, error: &AwsError, accounts: &[(&Account, Region)]) -> Vec<String> {
        let profiles: Vec<_> = accounts.iter().filter_map(|(account, region)| self.profile(account, region)).collect();
        self.known.mended_by(error, &profiles, &self.repo.settings)
    }

    /// What a person types to sign in to these accounts, where the credential tool starts nothing without.
    pub fn signed_in_by(&self, accounts: &[(&Account, Region)]) -> Vec<String> {
        match self.tool().refuses_without_sign_in() {
            true => self.mended_by(&AwsError::new(Cause::NoCredentials, ""), accounts),
            false => Vec::new(),
        }
    }

    /// What opens new sessions for these accounts before the ones that there are have ended.
    pub fn renewed_by(&self, accounts: &[(&Account, Region)]) -> Vec<String> {
        if self.tool() == CredentialTool::AwsVault {
            return vec!["AWS_MIN_TTL=30m in front of the command makes aws-vault renew them first".to_owned()];
        }
        self.mended_by(&AwsError::new(Cause::Expired, ""), accounts)
    }

    /// How the sessions of an account are made to live longer.
    pub fn lives_longer_by(&self, account: &Account, region: &Region) -> String {
        let is_sso =
            self.profile(account, region).is_some_and(|profile| self.known.is_sso(profile, &self.repo.settings));
        let by = match self.tool() {
            _ if is_sso => "the session duration of its permission set in IAM Identity Center".to_owned(),
            CredentialTool::AwsVault => {
                "`duration_seconds` of the profile, AWS_ASSUME_ROLE_TTL; above an hour each role takes an MFA code"
                    .to_owned()
            }
            CredentialTool::Profile => "`duration_seconds` of the profile".to_owned(),
            tool => format!("the settings of {}", tool.name()),
        };
        format!("have sessions live longer: {by}")
    }

    fn tool(&self) -> CredentialTool {
        CredentialTool::of(&self.repo.settings.credentials())
    }

    /// What is said of the profile of an account that is in no AWS config file.
    pub fn unknown_profile(&self, account: &Account, region: &Region) -> Option<String> {
        self.known.unknown(self.profile(account, region)?, &self.repo.settings)
    }

    /// What to look at where the credentials of an account are another one's.
    pub fn corrected_by(&self, account: &Account, region: &Region) -> String {
        const OF_ENVIRONMENT: [&str; 3] = ["AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE"];
        if let Some(profile) = self.chosen(account, region) {
            return format!("check which account the profile leads into, and who names it: {}", profile.found_in);
        }
        let set: Vec<_> = OF_ENVIRONMENT.into_iter().filter(|name| env::text(&self.shell, name).is_some()).collect();
        match self.wrapper.is_ambient() {
            true if set.is_empty() => "replace the credentials of this shell by those of the account".to_owned(),
            true => format!("replace what this shell has by those of the account: {}", set.join(", ")),
            false => "check what `credentials` gives for this account".to_owned(),
        }
    }

    /// Warns of roles that, by their names, can't apply anything, although these units are to be applied.
    pub fn warn_of_limited(&self, context: &Context, units: &[Workable<'_>]) {
        let of_units = profiles::sessions(&self.repo.settings, units.iter().map(|unit| (unit.account, &unit.region)));
        let chosen = of_units.into_iter().filter_map(|(account, region)| {
            let profile = self.chosen(account, region)?;
            Some(((account, Some(region.clone())), profile))
        });
        let Some(limited) = self.known.limited(chosen, &self.repo.settings) else { return };
        context.screen.insist(Tone::Warning, "Profiles", limited.what);
        let hints = limited.hints.into_iter().map(|hint| format!("do: {hint}"));
        limited
            .details
            .into_iter()
            .chain(hints)
            .for_each(|line| context.screen.insist_line(&format!("             {line}")));
    }

    /// The version that terragrunt tells of itself; asked once.
    pub fn terragrunt_version(&self) -> Option<&str> {
        let ask = || {
            let plain = env::build(&self.shell, Purpose::Plain, &[]).vars;
            let said =
                process::captured(self.programs.path("terragrunt"), &["--version"], &self.repo.root, &plain).ok()?;
            terragrunt::version(&said).map(str::to_owned)
        };
        self.terragrunt_version.get_or_init(ask).as_deref()
    }

    /// Takes over the passphrase that was asked for already in the same run.
    pub fn take_passphrase(&mut self, before: &Ready<'_>) {
        if let Some(known) = before.wrapper_env.get(std::ffi::OsStr::new(PASSPHRASE)) {
            self.wrapper_env.insert(PASSPHRASE.into(), known.clone());
        }
    }

    /// Asks for the passphrase that aws-vault's file store would ask for at every call, and hands it to the wrapper alone.
    pub fn ask_passphrase(&mut self, vars: &Env, give_up: &dyn Fn() -> bool) -> Result<(), Failure> {
        let backend = env::text(vars, "AWS_VAULT_BACKEND");
        if !self.wrapper.asks_for_passphrase_every_time(backend) || vars.contains_key(std::ffi::OsStr::new(PASSPHRASE))
        {
            return Ok(());
        }
        let nobody = || {
            Failure::refused("aws-vault's file store needs its passphrase, and there is no terminal to ask at")
                .hint(format!("set {PASSPHRASE} in the environment"))
        };
        let mut terminal = tty::Terminal::open().ok_or_else(nobody)?;
        let answer = terminal
            .ask_secret("Passphrase of aws-vault's file store (asked once for the whole run): ", give_up)
            .map_err(|error| Failure::refused("there was no passphrase for aws-vault's file store").because(error))?;
        self.wrapper_env.insert(PASSPHRASE.into(), answer.into());
        Ok(())
    }
}

/// Makes units workable, or says of each why it isn't.
pub fn workable<'r>(context: &Context, repo: &Repository, units: &[&'r Unit]) -> (Vec<Workable<'r>>, Vec<Failure>) {
    let mut problems = Vec::new();
    let mut workable = Vec::new();
    let commands = commands::of_units(repo, units);
    for ((unit, label), runs) in units.iter().zip(labels(units)).zip(commands) {
        let (declared, endpoint) = (repo.settings.assumed_roles(), repo.settings.endpoint_url());
        let account = repo.needs_account(unit).map_err(|failure| problems.push(failure)).ok();
        let redirections =
            account.into_iter().flat_map(|account| unit.redirections.iter().map(move |it| (it, account)));
        problems.extend(redirections.filter_map(|(it, account)| it.refusal(account, declared, endpoint)));
        let region = unit.region.as_result().map_err(|reason| {
            Failure::refused(format!("the region of `{}` is not known, because {reason}", unit.path))
        });
        let terraform = find_terraform(context, repo, unit);
        let standalone = (unit.kind == UnitKind::Terraform).then(|| standalone(repo, unit, &mut problems));
        match (region, terraform) {
            (Ok(region), Ok(terraform)) => workable.extend(account.map(|account| Workable {
                unit,
                account,
                label,
                region: region.clone(),
                terraform,
                runs,
                standalone,
            })),
            (region, terraform) => problems.extend(region.err().into_iter().chain(terraform.err())),
        }
    }
    (workable, problems)
}

/// What the settings and the folder say about a unit of Terraform alone. A workspace that was selected by hand decides unseen
/// which state is changed, so the settings have to name it.
fn standalone(repo: &Repository, unit: &Unit, problems: &mut Vec<Failure>) -> Standalone {
    let folder = unit.path.in_root(&repo.root);
    let key = format!("standalone.{}", unit.path);
    let stated = repo.settings.standalone(unit.path.as_str()).cloned().unwrap_or_default();
    let selected = terraform::selected_workspace(&folder);
    if let Some(selected) = selected.filter(|selected| stated.workspace.as_ref() != Some(selected)) {
        let meant = stated.workspace.as_deref().unwrap_or("default");
        let what = format!("workspace `{selected}` is selected in `{}`, and `{meant}` would be meant", unit.path);
        problems.push(Failure::refused(what).hint(format!(
            "name it in [workspace.metadata.xtask] in Cargo.toml: standalone.\"{}\".workspace = \"{selected}\"",
            unit.path
        )));
    }
    let var_files: Vec<_> = stated.var_files.iter().map(|file| folder.join(file)).collect();
    for (file, name) in var_files.iter().zip(&stated.var_files).filter(|(file, _)| !file.is_file()) {
        let what = format!("`{name}`, a file of values of `{}`, is not there: {}", unit.path, file.display());
        let place = repo.settings.place(&key).cloned();
        problems.push(place.into_iter().fold(Failure::refused(what), Failure::at));
    }
    let has_lock_file = folder.join(".terraform.lock.hcl").is_file();
    Standalone { workspace: stated.workspace, var_files, has_lock_file }
}

fn find_terraform(context: &Context, repo: &Repository, unit: &Unit) -> Result<PathBuf, Failure> {
    let locate = |name: &str| programs::locate(name, &repo.root, &context.vars);
    let in_hcl = match &unit.terraform_binary {
        Some((Known::Unknown(reason), place)) if repo.settings.terraform_binary().is_none() => {
            let what = format!("`terraform_binary` of `{}` is not known, because {reason}", unit.path);
            return Err(Failure::refused(what).at(place.clone()).hint("set `terraform-binary` in Cargo.toml"));
        }
        Some((known, _)) => known.value().map(String::as_str),
        None => None,
    };
    let in_hcl = in_hcl.or(unit.needs_tofu.as_ref().map(|_| "tofu"));
    let name = terraform::choose(repo.settings.terraform_binary(), in_hcl, |name| locate(name).is_some())?;
    if let Some(place) = unit.needs_tofu.as_ref().filter(|_| !is_tofu(name)) {
        let what = format!("`{}` has a file that only OpenTofu reads, and `{name}` would be run", unit.path);
        return Err(Failure::refused(what)
            .at(place.clone())
            .hint("let `terraform-binary` in Cargo.toml be \"tofu\" if OpenTofu wrote the state"));
    }
    if locate(name).is_none() {
        return Ok(name.into());
    }
    let found = Programs::find(&[name], &repo.root, &context.vars, &context.tools());
    found
        .map(|programs| programs.path(name).to_owned())
        .map_err(|failures| failures.into_vec().into_iter().next().expect("failures are never empty"))
}

/// Whether a program is OpenTofu, by its name.
fn is_tofu(program: &str) -> bool {
    Path::new(program).file_name().is_some_and(|name| name.to_string_lossy().contains("tofu"))
}

fn keep<T>(problems: &mut Vec<Failure>, outcome: Result<T, Failures>) -> Option<T> {
    outcome.map_err(|failures| problems.extend(failures.into_vec())).ok()
}

/// aws-vault refuses to run inside its own session, and says so in words that help nobody.
fn nested_session(wrapper: &Wrapper, vars: &Env) -> Option<Failure> {
    let profile = env::text(vars, "AWS_VAULT")?;
    let is_aws_vault =
        wrapper.program().is_some_and(|program| Path::new(program).file_name().is_some_and(|name| name == "aws-vault"));
    is_aws_vault.then(|| {
        Failure::refused(format!("this shell is inside a session of aws-vault already, for profile `{profile}`")).hint(
            "leave it (`exit`), or `unset AWS_VAULT`, and run this again: every account gets a session of its own",
        )
    })
}

/// Credentials that are already there belong to one account.
fn too_many_accounts(
    wrapper: &Wrapper,
    place: Option<&Place>,
    (accounts, anyway): (&[(&Account, Region)], &[&Account]),
    argv: &[String],
) -> Option<Failure> {
    if wrapper.tells_accounts_apart() || accounts.len() < 2 {
        return None;
    }
    let n = accounts.len();
    let failure = match wrapper.is_ambient() {
        true => Failure::refused(format!(
            "`credentials` is empty, so the environment's credentials are used, and they can't be those of {n} accounts"
        )),
        false => {
            let what = format!("`credentials` is the same command for all of {n} accounts: it has no `{{profile}}`");
            let failure = Failure::refused(what)
                .hint("write `{profile}`, or `{account}`, where the tool takes a profile or a name");
            place.cloned().into_iter().fold(failure, Failure::at)
        }
    };
    // Of a selection all that is needed anyway has to be in the one account.
    let is_enough = |account: &Account| anyway.iter().all(|other| other.id == account.id);
    let command = without_selection(argv);
    // Whose credentials these are `doctor` tells too, and of one account.
    let command = if command == "identity" { "doctor".to_owned() } else { command };
    let alone = accounts.iter().filter(|(account, _)| is_enough(account)).map(|(account, _)| {
        let name = &account.name;
        format!("with the credentials of {name}: cargo xtask {command} --account {}", process::quoted(name))
    });
    let failure = alone.fold(failure, Failure::hint);
    Some(match anyway.iter().find(|other| accounts.iter().any(|(account, _)| account.id != other.id)) {
        None => failure,
        Some(registry) => failure
            .detail(format!("`{}` has the images, which are asked for whatever `--account` selects", registry.name))
            .hint("the units of each account, once the images are there and the tags moved: cargo xtask apply-all --account NAME"),
    })
}

/// The command line without what selects and without a consent, to be typed again.
fn without_selection(argv: &[String]) -> String {
    let (mut words, mut rest) = (Vec::new(), argv.iter());
    while let Some(word) = rest.next() {
        match word.split_once('=').map_or(word.as_str(), |(name, _)| name) {
            "--account" | "--unit" if !word.contains('=') => drop(rest.next()),
            "--account" | "--unit" | "--yes" => {}
            _ => words.push(process::quoted(word)),
        }
    }
    words.join(" ")
}
