//! Orders: the steps of a run with their exact commands. Whatever can change an account goes through the wrapper and the
//! guard here, and nowhere else is such a command made.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::model::{Account, ImageUri, Region, file_name};
use crate::repo::redirect::Actor;
use crate::repo::{Repository, Unit};
use crate::run::folder::RunFolder;
use crate::run::step::{Lane, Stage, Step, StepKind};
use crate::tasks::profiles;
use crate::tasks::ready::{Ready, Workable};
use crate::tools::attempt::Attempt;
use crate::tools::deployer::{Build, PlanRun};
use crate::tools::docker::login::Login;
use crate::tools::env::{self, Env, Purpose};
use crate::tools::guard::{GuardOrder, TerragruntOrder};
use crate::tools::process::Invocation;
use crate::tools::question::Question;
use crate::tools::terragrunt::Action;
use crate::tools::{docker, provider_cache, terraform};

/// What the credential wrapper sees.
#[derive(Clone, Debug)]
struct Environments {
    /// Where it may ask.
    asking: Arc<Env>,
    /// Where nobody would answer.
    silent: Arc<Env>,
}

/// Makes the steps of one run.
#[derive(Debug)]
pub struct Orders<'a> {
    pub(super) ready: &'a Ready<'a>,
    run: &'a RunFolder,
    /// Our own binary, as the guard.
    guard: PathBuf,
    /// What the wrapper sees, by what a profile and a region add to it: most units share it.
    environments: Mutex<BTreeMap<Env, Environments>>,
    /// Whether terraform has a cache of providers already, which terragrunt's must not pass by.
    has_provider_cache: bool,
}

impl<'a> Orders<'a> {
    /// Orders for a run whose guard is `guard`.
    pub fn new(ready: &'a Ready<'a>, run: &'a RunFolder, guard: PathBuf) -> Self {
        let vars = env::build(&ready.shell, Purpose::Program, ready.repo.settings.pass_environment()).vars;
        Self {
            ready,
            run,
            guard,
            environments: Mutex::default(),
            has_provider_cache: provider_cache::has_another(&vars),
        }
    }

    fn shares_providers(&self, unit: &Workable<'_>) -> bool {
        unit.standalone.is_none() && !self.has_provider_cache && provider_cache::is_for(&unit.terraform)
    }

    /// Opens a session per account, one after the other, and proves whose it is.
    pub fn identities(&self, accounts: &[(&Account, Region)]) -> Stage {
        let labels = profiles::labels(accounts.iter().map(|(account, region)| (*account, Some(region))));
        let step = |((account, region), label): (&(&Account, Region), &String)| {
            let kind = StepKind::Identity;
            let order = self.order(account, region, self.run.attempt(label, kind));
            Step { output: None, ..self.step(kind, label, account, order, self.ready.repo.root.clone()) }
        };
        let lanes = accounts.iter().zip(&labels).map(|one| vec![Arc::new(step(one))]).collect();
        Stage { title: "Identity".to_owned(), is_told: false, about: labels.join(" "), lanes }
    }

    /// Asks each distinct git repository of modules once, so that passphrases and host keys are asked for early.
    pub fn sources(&self, units: &[Workable<'_>], vars: &Env) -> Stage {
        let mut remotes: Vec<_> = units.iter().filter_map(Workable::remote).collect();
        remotes.sort();
        remotes.dedup();
        let plain = Arc::new(env::build(vars, Purpose::Plain, self.ready.repo.settings.pass_environment()).vars);
        let step = |remote: &String| Step {
            kind: StepKind::Source,
            subject: remote.clone(),
            unit: None,
            account: None,
            session: "".into(),
            invocation: Invocation {
                missing: None,
                argv: ["git", "ls-remote", "--exit-code", remote, "HEAD"].map(OsString::from).to_vec(),
                cwd: self.ready.repo.root.clone(),
                vars: plain.clone(),
            },
            attempt: None,
            output: None,
            plan: None,
            product: None,
            consent: None,
            lock: None,
        };
        let lanes = remotes.iter().map(|remote| vec![Arc::new(step(remote))]).collect();
        Stage { title: "Sources".to_owned(), is_told: false, about: remotes.join(" "), lanes }
    }

    /// Lets docker into the registry of an image.
    pub fn sign_in(&self, account: &Account, uri: &ImageUri) -> Arc<Step> {
        let (label, kind) = (format!("sign-in.{}", uri.region()), StepKind::Lookup);
        let mut order = self.order(account, uri.region(), self.run.attempt(&label, kind));
        order.pass_environment.extend(docker::VARIABLES.map(str::to_owned));
        let programs = &self.ready.programs;
        let login = Login::to(uri, programs.path("docker"));
        order.program = std::iter::once(self.guard.clone().into()).chain(login.arguments()).collect();
        let step = self.step(kind, &label, account, order, self.ready.repo.root.clone());
        Arc::new(self.with_variables(Step { subject: format!("ECR in {}", uri.region()), ..step }, &[]))
    }

    /// Builds and pushes an image on this machine.
    pub fn local_build(&self, account: &Account, build: &Build) -> Arc<Step> {
        let (label, kind) = (build.image.as_str(), StepKind::Build);
        let secrets: Vec<_> = docker::secrets(build).map(|(_, name)| name.to_owned()).collect();
        let mut order = self.order(account, build.uri.region(), self.run.attempt(label, kind));
        order.pass_environment.extend(docker::VARIABLES.map(str::to_owned).into_iter().chain(secrets.clone()));
        order.program = self.program("docker", docker::build(build));
        order.locks = vec![self.run.lock_of(&format!("image.{label}"))];
        Arc::new(self.with_variables(self.step(kind, label, account, order, self.ready.repo.root.clone()), &secrets))
    }

    /// The same step, which also sees docker's own variables and those that have the secrets of a build.
    fn with_variables(&self, mut step: Step, secrets: &[String]) -> Step {
        let names = docker::VARIABLES.into_iter().chain(secrets.iter().map(String::as_str));
        let found = names.filter_map(|name| self.ready.shell.get_key_value(OsStr::new(name)));
        Arc::make_mut(&mut step.invocation.vars).extend(found.map(|(name, value)| (name.clone(), value.clone())));
        step
    }

    /// Asks AWS several questions in one account, inside one guard and so within one session.
    pub fn questions(&self, account: &Account, region: &Region, label: &str, questions: &[Question]) -> Arc<Step> {
        let kind = StepKind::Lookup;
        let mut order = self.order(account, region, self.run.attempt(label, kind));
        order.program = vec![self.guard.clone().into(), "ask".into()];
        order.program.extend(questions.iter().map(|question| question.word().into()));
        let step = self.step(kind, label, account, order, self.ready.repo.root.clone());
        Arc::new(Step { subject: format!("AWS in {}", account.name), ..step })
    }

    /// Builds and pushes an image.
    pub fn build(&self, account: &Account, build: &Build) -> Arc<Step> {
        let (label, kind) = (build.image.as_str(), StepKind::Build);
        let mut order = self.order(account, &build.region, self.run.attempt(label, kind));
        order.program = self.program("infrastructure-deployer", build.arguments());
        order.locks = vec![self.run.lock_of(&format!("image.{label}"))];
        Arc::new(self.step(kind, label, account, order, self.ready.repo.root.clone()))
    }

    /// Has a runner plan a unit.
    pub fn smoke(&self, unit: &Unit, account: &Account, label: &str, plan: &PlanRun) -> Arc<Step> {
        let kind = StepKind::Smoke;
        let mut order = self.order(account, &plan.region, self.run.attempt(label, kind));
        order.program = self.program("infrastructure-deployer", plan.arguments());
        order.locks = vec![self.run.lock_of(&format!("smoke.{}.{}", unit.path.slug(), file_name(label)))];
        let step = self.step(kind, label, account, order, self.ready.repo.root.clone());
        Arc::new(Step { unit: Some(unit.path.clone()), ..step })
    }

    /// Plans a unit and reads the plan.
    pub fn plan_and_show(&self, unit: &Workable<'_>) -> Lane {
        let init = unit.standalone.is_some().then_some(Action::Init);
        init.into_iter().chain([Action::Plan, Action::Show]).map(|action| self.terraform(unit, action)).collect()
    }

    /// Reads the state of a unit, after its plan was made.
    pub fn state(&self, unit: &Workable<'_>) -> Arc<Step> {
        self.terraform(unit, Action::State)
    }

    /// Reads the outputs of a unit.
    pub fn outputs(&self, unit: &Workable<'_>) -> Lane {
        let init = unit.standalone.is_some().then_some(Action::Init);
        init.into_iter().chain([Action::Output]).map(|action| self.terraform(unit, action)).collect()
    }

    /// The repository that the steps work in.
    pub fn repository(&self) -> &'a Repository {
        self.ready.repo
    }

    /// Applies the plan of a unit.
    pub fn apply(&self, unit: &Workable<'_>) -> Arc<Step> {
        self.terraform(unit, Action::Apply)
    }

    fn terraform(&self, unit: &Workable<'_>, action: Action) -> Arc<Step> {
        let kind = match action {
            Action::Init => StepKind::Init,
            Action::Plan => StepKind::Plan,
            Action::Show => StepKind::Show,
            Action::State => StepKind::State,
            Action::Output => StepKind::Output,
            Action::Apply => StepKind::Apply,
        };
        let plan = self.run.plan(&unit.label);
        let consent = (action == Action::Apply).then(|| self.run.consent(&unit.label));
        let account = unit.account;
        let mut order = self.order(account, &unit.region, self.run.attempt(&unit.label, kind));
        let in_plan_folder = can_read_alone(unit, action);
        let terraform = |arguments: Vec<OsString>| {
            let program = unit.terraform.clone().into_os_string();
            std::iter::once(program).chain(arguments).collect()
        };
        order.program = match &unit.standalone {
            Some(standalone) => terraform(standalone.arguments(action, &plan)),
            None if in_plan_folder => terraform(action.arguments(&plan)),
            None => self.program("terragrunt", action.arguments(&plan)),
        };
        let has_product = matches!(action, Action::Show | Action::State | Action::Output);
        let product = has_product.then(|| self.run.product(&unit.label, kind));
        order.locks = self.run.unit_locks(&unit.unit.path);
        order.terragrunt = Some(TerragruntOrder {
            action,
            terraform: unit.terraform.clone(),
            plan: plan.clone(),
            consent: consent.clone(),
            workspace: unit.standalone.as_ref().and_then(|standalone| standalone.workspace.clone()),
            product: product.clone(),
            in_plan_folder,
            provider_cache: action == Action::Plan && self.shares_providers(unit),
        });
        let folder = unit.unit.path.in_root(&self.ready.repo.root);
        Step {
            unit: Some(unit.unit.path.clone()),
            plan: Some(plan),
            product,
            consent,
            ..self.step(kind, &unit.label, account, order, folder)
        }
        .into()
    }

    fn program(&self, name: &str, arguments: Vec<OsString>) -> Vec<OsString> {
        let program = self.ready.programs.path(name).as_os_str().to_owned();
        std::iter::once(program).chain(arguments).collect()
    }

    fn environments(&self, profile: Option<&str>, region: &Region) -> Environments {
        let ready = self.ready;
        let added = ready.added(profile, region);
        let mut known = self.environments.lock().unwrap_or_else(PoisonError::into_inner);
        let make = |added: &Env| {
            let mut asking = added.clone();
            // What the shell has and may hand on counts more.
            asking.extend(ready.wrapper_env.clone());
            let mut silent = asking.clone();
            env::forbid_windows(&mut silent);
            Environments { asking: Arc::new(asking), silent: Arc::new(silent) }
        };
        known.entry(added).or_insert_with_key(make).clone()
    }

    fn order(&self, account: &Account, region: &Region, attempt: Attempt) -> GuardOrder {
        let settings = &self.ready.repo.settings;
        GuardOrder {
            account: account.id.clone(),
            region: region.clone(),
            endpoint: settings.endpoint_url().map(str::to_owned),
            pass_environment: settings.pass_environment().to_vec(),
            attempt: Some(attempt),
            locks: Vec::new(),
            terragrunt: None,
            program: Vec::new(),
        }
    }

    fn step(&self, kind: StepKind, label: &str, account: &Account, order: GuardOrder, cwd: PathBuf) -> Step {
        let profile = self.ready.profile(account, &order.region);
        let (mut argv, missing) = match self.ready.wrapper.argv(account, profile, &order.region) {
            Ok(argv) => (argv, None),
            Err(why) => (Vec::new(), Some(why)),
        };
        let session = argv.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join("\0").into();
        argv.push(self.guard.clone().into());
        argv.extend(order.arguments());
        argv.shrink_to_fit();
        let environments = self.environments(profile, &order.region);
        let vars = if kind == StepKind::Identity { environments.asking } else { environments.silent };
        Step {
            kind,
            subject: label.to_owned(),
            unit: None,
            account: Some(account.id.clone()),
            session,
            invocation: Invocation { argv, missing, cwd, vars },
            attempt: order.attempt,
            output: Some(self.run.output(label, kind)),
            plan: None,
            product: None,
            consent: None,
            lock: order.locks.into_iter().next(),
        }
    }
}

/// Whether Terraform can do this by itself, in the folder that the plan was made in: then no hook has a say in it, and it
/// takes a fifth of the time. OpenTofu reads a unit's encryption and backend with the inputs that terragrunt hands over, and
/// a state may be open to nobody but the role that terragrunt takes.
fn can_read_alone(unit: &Workable<'_>, action: Action) -> bool {
    let needs_inputs = unit.standalone.is_none() && terraform::is_tofu(&unit.terraform);
    let needs_role = unit.unit.redirections.iter().any(|it| matches!(it.actor, Actor::Terragrunt | Actor::Variables));
    match action {
        Action::Show => !needs_inputs,
        Action::State => !needs_inputs && !needs_role,
        _ => false,
    }
}
