//! The inner guard: our binary as terraform for terragrunt. In the very process that becomes terraform it asks STS again,
//! because terragrunt may have assumed a role by then, and it holds terragrunt to the one thing that it is to do: an
//! `apply` goes through for exactly the plan file that was consented to.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::model::{AccountId, Failure, Region};
use crate::tools::attempt::Attempt;
use crate::tools::env::{self, Env};
use crate::tools::guard::{self, GuardOrder, Refused, TerragruntOrder};
use crate::tools::keys::Keys;
use crate::tools::proof::Proof;
use crate::tools::sts::Identity;
use crate::tools::terragrunt::Action;
use crate::tools::{consent, endpoint, process};

/// What the inner guard needs to know; lies beside it as `shim.json`, so that no variable set in HCL can change it.
#[derive(Debug, Serialize, Deserialize)]
pub struct ShimConfig {
    account: AccountId,
    region: Region,
    endpoint: Option<String>,
    pass_environment: Vec<String>,
    nonce: String,
    action: Action,
    terraform: PathBuf,
    plan: PathBuf,
    plan_sha256: Option<String>,
}

/// Variables by which HCL (`extra_arguments`, `env_vars`) could lead a provider to other credentials than the keys that
/// are proven here.
const OTHER_SOURCES: &[&str] = &[
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
];

/// Variables that point to shared files, which must stay empty for the same reason.
const SHARED_FILES: &[&str] = &["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"];

impl ShimConfig {
    /// What the inner guard of this order needs to know; the consent is read now, by the outer guard.
    pub fn for_order(order: &GuardOrder, terragrunt: &TerragruntOrder, attempt: &Attempt) -> Result<Self, Failure> {
        Ok(Self {
            account: order.account.clone(),
            region: order.region.clone(),
            endpoint: order.endpoint.clone(),
            pass_environment: order.pass_environment.clone(),
            nonce: attempt.nonce.clone(),
            action: terragrunt.action,
            terraform: terragrunt.terraform.clone(),
            plan: terragrunt.plan.clone(),
            plan_sha256: terragrunt.consent.as_deref().map(consent::read).transpose()?,
        })
    }

    /// Puts the inner guard and this configuration into the attempt's folder; gives the path for terragrunt.
    pub fn install(&self, attempt: &Attempt) -> Result<PathBuf, Failure> {
        let shim = attempt.dir.join(program_name(&self.terraform));
        let ours = std::env::current_exe();
        let placed = ours.and_then(|ours| fs::hard_link(&ours, &shim).or_else(|_| fs::copy(&ours, &shim).map(drop)));
        let written = placed.and_then(|()| fs::write(attempt.shim(), serde_json::to_vec(self)?));
        written.map(|()| shim).map_err(|error| {
            Failure::refused("cannot put the inner guard in place, so nothing was started")
                .in_file(attempt.dir.display().to_string())
                .because(error)
        })
    }

    /// Reads the configuration that lies beside the inner guard; `None` if this program isn't one.
    pub fn beside(program: &Path) -> Option<Result<(Self, Attempt), Failure>> {
        let dir = program.parent()?.to_owned();
        let path = dir.join("shim.json");
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => return Some(Err(unreadable(&path).because(error))),
        };
        Some(match serde_json::from_slice::<Self>(&text) {
            Ok(config) => {
                let attempt = Attempt { dir, nonce: config.nonce.clone() };
                Ok((config, attempt))
            }
            Err(error) => Err(unreadable(&path).because(error)),
        })
    }
}

fn unreadable(path: &Path) -> Failure {
    Failure::refused("the inner guard cannot read its configuration").in_file(path.display().to_string())
}

/// Terragrunt is told `terraform` or `tofu`, as the real program is called; a shim of a version manager keeps its name.
fn program_name(terraform: &Path) -> &'static str {
    match terraform.file_name().and_then(|name| name.to_str()) {
        Some(name) if name.contains("tofu") => "tofu",
        _ => "terraform",
    }
}

/// Judges Terraform's command line and the credentials, leaves a proof, and becomes Terraform. Returns only if nothing
/// was started.
pub fn run(config: &ShimConfig, attempt: &Attempt, args: &[OsString]) -> Failure {
    let vars = env::of_this_process();
    let program: Vec<OsString> =
        std::iter::once(config.terraform.clone().into_os_string()).chain(args.iter().cloned()).collect();
    let subcommand = subcommand(args);
    if asks_for_version_or_help(args) {
        return process::become_program(&program, &vars);
    }
    let judged = may_run(config, subcommand.as_deref(), args).map_err(Refused::from);
    let judged = judged.and_then(|()| prove(config, &vars));
    let command = subcommand.unwrap_or_default();
    let blank = Proof::blank(&attempt.nonce, &config.account, config.endpoint.as_deref(), &command);
    let (proof, outcome) = match judged {
        Ok(identity) => (blank.proven(identity), None),
        Err(refused) => (blank.refused(&refused), Some(refused.failure)),
    };
    match (attempt.write_inner(&proof), outcome) {
        (_, Some(failure)) => failure,
        (Err(error), None) => Failure::refused("cannot write the proof of identity, so nothing was started")
            .in_file(attempt.dir.display().to_string())
            .because(error),
        (Ok(()), None) => process::become_program(&program, &vars),
    }
}

fn prove(config: &ShimConfig, vars: &Env) -> Result<Identity, Refused> {
    endpoint::check(vars, config.endpoint.as_deref())?;
    no_other_source(config, vars)?;
    let keys = Keys::in_environment(vars)
        .ok_or_else(|| Failure::refused("terragrunt started terraform without credentials, so nothing was started"))?;
    let identity = guard::ask(&keys, &config.region, config.endpoint.as_deref(), vars)?;
    if identity.account == config.account {
        return Ok(identity);
    }
    let failure = guard::mismatch(&config.account, &identity)
        .hint("terragrunt had the right credentials, then took others: look for `iam_role` or `env_vars` in the HCL");
    Err(Refused { failure, found: Some(Box::new(identity)) })
}

/// Refuses variables which the outer guard had removed and which HCL has put back.
fn no_other_source(config: &ShimConfig, vars: &Env) -> Result<(), Failure> {
    let asked = |name: &str| config.pass_environment.iter().any(|passed| passed == name);
    let other = OTHER_SOURCES.iter().find(|name| env::text(vars, name).is_some() && !asked(name));
    let file = SHARED_FILES
        .iter()
        .find(|name| env::text(vars, name).is_some_and(|value| value != "/dev/null") && !asked(name));
    match other.or(file) {
        None => Ok(()),
        Some(name) => Err(Failure::refused(format!(
            "terragrunt set `{name}`, another source of credentials than the one that was proven"
        ))
        .hint(format!(
            "look for it under `env_vars` in the HCL; if it is meant, add it to `pass-environment` in Cargo.toml: \"{name}\""
        ))),
    }
}

/// The first argument that is not an option: Terraform's global options all have the form `-name` or `-name=value`.
fn subcommand(args: &[OsString]) -> Option<String> {
    args.iter().map(|arg| arg.to_string_lossy()).find(|arg| !arg.starts_with('-')).map(|arg| arg.into_owned())
}

fn asks_for_version_or_help(args: &[OsString]) -> bool {
    let first = args.first().map(|arg| arg.to_string_lossy().into_owned());
    matches!(first.as_deref(), Some("version" | "-version" | "--version" | "-v" | "-help" | "--help" | "-h"))
}

/// What terragrunt needs Terraform for besides the one thing that it is to do: all of it only reads.
const ALWAYS: &[&str] = &["init", "get", "output", "providers"];

fn may_run(config: &ShimConfig, subcommand: Option<&str>, args: &[OsString]) -> Result<(), Failure> {
    let action = config.action.as_str();
    match subcommand {
        Some(name) if ALWAYS.contains(&name) => Ok(()),
        Some("apply") if config.action == Action::Apply => is_consented_plan(config, args),
        Some(name) if name == action && config.action != Action::Apply => Ok(()),
        name => Err(Failure::refused(format!(
            "terragrunt asked terraform to `{}`, which `{action}` never needs",
            name.unwrap_or("do nothing")
        ))
        .hint("look for a hook or `extra_arguments` in the HCL that changes the command")),
    }
}

fn is_consented_plan(config: &ShimConfig, args: &[OsString]) -> Result<(), Failure> {
    let plan = &config.plan;
    let Some(consented) = &config.plan_sha256 else {
        return Err(Failure::refused("an apply without a plan that was consented to"));
    };
    if args.last().map(Path::new) != Some(plan.as_path()) {
        return Err(Failure::refused(
            "terraform was asked to apply something else than the plan that was consented to",
        )
        .detail(format!("expected  {}", plan.display())));
    }
    let found = consent::sha256_of(plan).map_err(|error| {
        Failure::refused("cannot read the plan that was consented to")
            .in_file(plan.display().to_string())
            .because(error)
    })?;
    if found == *consented {
        return Ok(());
    }
    Err(Failure::refused("the plan file is not the one that was consented to")
        .in_file(plan.display().to_string())
        .detail(format!("expected  sha256 {consented}"))
        .detail(format!("found     sha256 {found}"))
        .hint("plan again: something has changed the file since"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(action: Action, plan: Option<(&Path, &str)>) -> ShimConfig {
        ShimConfig {
            account: AccountId::parse("100000000004").unwrap(),
            region: "us-east-1".parse().unwrap(),
            endpoint: None,
            pass_environment: Vec::new(),
            nonce: "n".to_owned(),
            action,
            terraform: "/usr/bin/terraform".into(),
            plan: plan.map_or_else(|| "/p".into(), |(path, _)| path.to_owned()),
            plan_sha256: plan.map(|(_, hash)| hash.to_owned()),
        }
    }

    fn judge(config: &ShimConfig, line: &str) -> Result<(), Failure> {
        let args: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        may_run(config, subcommand(&args).as_deref(), &args)
    }

    #[test]
    fn only_the_one_thing_that_was_asked_for_goes_through() {
        let plan = config(Action::Plan, None);
        for good in ["init -input=false", "plan -out=/p", "output -json", "-chdir=x plan"] {
            assert!(judge(&plan, good).is_ok(), "{good}");
        }
        for bad in ["apply", "apply -auto-approve", "destroy", "import a b", "state rm x", "taint x", "force-unlock 1"]
        {
            assert!(judge(&plan, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_apply_goes_through_for_exactly_the_plan_that_was_consented_to() {
        let folder = tempfile::tempdir().unwrap();
        let plan = folder.path().join("dev.tfplan");
        fs::write(&plan, "a plan").unwrap();
        let hash = consent::sha256_of(&plan).unwrap();
        let apply = config(Action::Apply, Some((&plan, &hash)));
        let line = format!("apply -input=false {}", plan.display());
        assert!(judge(&apply, &line).is_ok());
        assert!(judge(&apply, "apply -auto-approve").is_err());
        assert!(judge(&apply, &format!("{line} -auto-approve")).is_err(), "the plan has to come last");
        fs::write(&plan, "another plan").unwrap();
        assert!(judge(&apply, &line).is_err());
    }

    #[test]
    fn another_source_of_credentials_set_in_hcl_is_refused() {
        let mut passing = config(Action::Plan, None);
        for name in ["AWS_PROFILE", "AWS_ROLE_ARN", "AWS_CONFIG_FILE"] {
            let vars = Env::from([(name.into(), "x".into())]);
            assert!(no_other_source(&passing, &vars).is_err(), "{name}");
        }
        let vars = Env::from([("AWS_CONFIG_FILE".into(), "/dev/null".into())]);
        assert!(no_other_source(&passing, &vars).is_ok());
        passing.pass_environment.push("AWS_PROFILE".to_owned());
        assert!(no_other_source(&passing, &Env::from([("AWS_PROFILE".into(), "x".into())])).is_ok());
    }
}
