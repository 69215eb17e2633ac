//! The outer guard: a process between the credential wrapper and the program. It asks STS with the very credentials that
//! the program will have, writes its proof, and then *becomes* the program, with exactly those keys and no other source
//! of credentials. On any doubt nothing is started.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::PathBuf;

use crate::model::{AccountId, Failure, Region};
use crate::tools::attempt::Attempt;
use crate::tools::aws_error::AwsError;
use crate::tools::env::{self, Env, Purpose};
use crate::tools::keys::Keys;
use crate::tools::lock::WorkLock;
use crate::tools::proof::Proof;
use crate::tools::shim::ShimConfig;
use crate::tools::terragrunt::Action;
use crate::tools::{call, consent, endpoint, process, provider_cache, secrets, state, sts};

/// What a guard is told on its command line.
#[derive(Clone, Debug)]
pub struct GuardOrder {
    /// The account that the credentials must belong to.
    pub account: AccountId,
    /// The region that the program is to work in, and in which STS is asked.
    pub region: Region,
    /// The endpoint that the settings name, if they name one.
    pub endpoint: Option<String>,
    /// Further variables that the settings let through.
    pub pass_environment: Vec<String>,
    /// Where to leave the proof; without it, for a command pasted by hand, none is left.
    pub attempt: Option<Attempt>,
    /// The locks of the unit, held for as long as the program or anything that it started lives.
    pub locks: Vec<PathBuf>,
    /// What terragrunt is to do, if the program is terragrunt.
    pub terragrunt: Option<TerragruntOrder>,
    /// The program and its arguments; empty to prove the identity and nothing more.
    pub program: Vec<OsString>,
}

/// What the inner guard has to hold terragrunt to.
#[derive(Clone, Debug)]
pub struct TerragruntOrder {
    /// The one thing that terragrunt is to do.
    pub action: Action,
    /// The real terraform or tofu.
    pub terraform: PathBuf,
    /// The plan file.
    pub plan: PathBuf,
    /// For an apply: the file with the hash of the plan that was consented to, as `sha256sum` writes it.
    pub consent: Option<PathBuf>,
    /// The workspace of a unit of Terraform alone, if the settings name one.
    pub workspace: Option<String>,
    /// Where Terraform's standard output goes, if it is what the step is for.
    pub product: Option<PathBuf>,
    /// Whether Terraform runs without terragrunt in the folder that the plan was made in, which the proof beside the plan
    /// names.
    pub in_plan_folder: bool,
    /// Whether terragrunt's provider cache server is turned on.
    pub provider_cache: bool,
}

/// The option for a step that runs in the folder that the plan was made in.
const IN_PLAN_FOLDER: &str = "--in-plan-folder";

impl GuardOrder {
    /// This order as arguments for our own binary.
    pub fn arguments(&self) -> Vec<OsString> {
        let mut args: Vec<OsString> = vec!["guard".into()];
        let mut option = |name: &str, value: &OsStr| args.push(Self::option(name, value));
        option("account", self.account.as_str().as_ref());
        option("region", self.region.as_str().as_ref());
        if let Some(url) = &self.endpoint {
            option("endpoint-url", url.as_ref());
        }
        for name in &self.pass_environment {
            option("pass-environment", name.as_ref());
        }
        if let Some(attempt) = &self.attempt {
            option("attempt", attempt.dir.as_ref());
            option("nonce", attempt.nonce.as_ref());
        }
        for lock in &self.locks {
            option("lock", lock.as_ref());
        }
        if let Some(terragrunt) = &self.terragrunt {
            option("action", terragrunt.action.name().as_ref());
            option("terraform", terragrunt.terraform.as_ref());
            option("plan", terragrunt.plan.as_ref());
            if let Some(consent) = &terragrunt.consent {
                option("consent", consent.as_ref());
            }
            if let Some(workspace) = &terragrunt.workspace {
                option("workspace", workspace.as_ref());
            }
            if let Some(product) = &terragrunt.product {
                option("product", product.as_ref());
            }
            if terragrunt.in_plan_folder {
                args.push(IN_PLAN_FOLDER.into());
            }
            if terragrunt.provider_cache {
                args.push(provider_cache::OPTION.into());
            }
        }
        if !self.program.is_empty() {
            args.push("--".into());
            args.extend(self.program.iter().cloned());
        }
        args
    }

    /// Whether the program is terraform itself, without terragrunt above it.
    pub(super) fn is_standalone(&self, terragrunt: &TerragruntOrder) -> bool {
        self.program.first().is_some_and(|program| *program == *terragrunt.terraform.as_os_str())
    }

    /// An option as it stands on the command line.
    pub fn option(name: &str, value: &OsStr) -> OsString {
        let mut word = OsString::from(format!("--{name}="));
        word.push(value);
        word
    }
}

/// Proves the identity and becomes the program. Returns only if nothing was started, or if there was no program.
pub fn run(order: &GuardOrder) -> Result<(), Failure> {
    let vars = env::of_this_process();
    if let Some(attempt) = &order.attempt {
        attempt.create().map_err(|error| {
            Failure::refused("cannot make the folder of this attempt")
                .in_file(attempt.dir.display().to_string())
                .because(error)
        })?;
    }
    let locks = WorkLock::take_all(&order.locks).map_err(Refused::from);
    let locks = locks.and_then(|locks| still_wanted(order).map(|()| locks).map_err(Refused::from));
    let proven = locks.and_then(|locks| prove(order, &vars).map(|proven| (locks, proven)));
    let proven = proven.and_then(|proven| still_consented(order).map(|()| proven).map_err(Refused::from));
    let tell = |keys: &Keys| order.attempt.as_ref().map_or(Ok(()), |attempt| secrets::tell(attempt, &vars, keys));
    let proven = proven.and_then(|(locks, (keys, proof))| match tell(&keys) {
        Ok(()) => Ok((locks, (keys, proof))),
        Err(error) => Err(not_told(error).into()),
    });
    let (_locks, (keys, proof)) = match proven {
        Ok(proven) => proven,
        Err(refused) => {
            write_proof(order, &blank_proof(order).refused(&refused))?;
            return Err(refused.failure);
        }
    };
    write_proof(order, &proof)?;
    if order.program.is_empty() {
        return Ok(());
    }
    let Program { argv, vars, folder } = program(order, &vars, &keys)?;
    Err(process::become_program_in(folder.as_deref(), &argv, &vars))
}

/// What is secret would be in the log, and on the screen.
pub(super) fn not_told(error: io::Error) -> Failure {
    Failure::refused("the log relay could not be told what is secret, so nothing was started").because(error)
}

/// Terragrunt runs hooks and evaluates HCL before the inner guard looks at the consent, so nothing may have changed by now.
fn still_consented(order: &GuardOrder) -> Result<(), Failure> {
    let applies =
        |terragrunt: &&TerragruntOrder| terragrunt.action == Action::Apply && !order.is_standalone(terragrunt);
    let Some(terragrunt) = order.terragrunt.as_ref().filter(applies) else { return Ok(()) };
    let Some(consent) = terragrunt.consent.as_deref() else { return Ok(()) };
    let consent = consent::read(consent)?;
    consent::still_holds(&terragrunt.plan, &consent.plan_sha256, &consent.bound)
}

/// A guard that comes late, because its runner was killed while the credential tool was still at work, may find that a
/// later run has told of this attempt and gone on without it.
fn still_wanted(order: &GuardOrder) -> Result<(), Failure> {
    match &order.attempt {
        Some(attempt) if state::exists(&attempt.settled()) => {
            Err(Failure::refused("a later run has gone on without this attempt, so nothing was started")
                .in_file(attempt.dir.display().to_string()))
        }
        _ => Ok(()),
    }
}

/// A refusal, with what STS had said by then.
pub(super) struct Refused {
    pub(super) failure: Failure,
    pub(super) found: Option<Box<sts::Identity>>,
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self { failure, found: None }
    }
}

fn prove(order: &GuardOrder, vars: &Env) -> Result<(Keys, Proof), Refused> {
    endpoint::check(vars, order.endpoint.as_deref())?;
    let keys = Keys::find(vars, &order.region, order.endpoint.as_deref())?;
    let identity = ask(&keys, &order.region, order.endpoint.as_deref(), vars)?;
    if identity.account != order.account {
        let failure = mismatch(&order.account, &identity);
        return Err(Refused { failure, found: Some(Box::new(identity)) });
    }
    let proof = blank_proof(order).proven(identity);
    let proof = Proof { expires: keys.expires.clone(), endless: keys.is_endless(), ..proof };
    Ok((keys, proof))
}

/// Asks STS, and says in our own words if it can't be asked.
pub(super) fn ask(keys: &Keys, region: &Region, endpoint: Option<&str>, vars: &Env) -> Result<sts::Identity, Failure> {
    sts::caller_identity(keys, region, endpoint, vars).map_err(|error| {
        let remedy = error.downcast_ref::<AwsError>().and_then(AwsError::remedy);
        Failure::refused("cannot find out whose credentials these are, so nothing was started")
            .because(error.context(match endpoint {
                Some(url) => format!("asking STS at {url}"),
                None => format!("asking STS in {region}"),
            }))
            .hint(remedy.unwrap_or("open a new session with the credential tool, and run the command again"))
    })
}

/// The refusal that everything here is built for.
pub(super) fn mismatch(expected: &AccountId, found: &sts::Identity) -> Failure {
    Failure::refused("these credentials belong to another account, so nothing was started")
        .detail(format!("expected  {expected}"))
        .detail(format!("found     {}  {}", found.account, found.arn))
}

fn blank_proof(order: &GuardOrder) -> Proof {
    let nonce = order.attempt.as_ref().map(|attempt| attempt.nonce.as_str()).unwrap_or_default();
    let command = order.program.first().map(|program| program.to_string_lossy()).unwrap_or_default();
    Proof::blank(nonce, &order.account, order.endpoint.as_deref(), &command)
}

fn write_proof(order: &GuardOrder, proof: &Proof) -> Result<(), Failure> {
    let Some(attempt) = &order.attempt else { return Ok(()) };
    proof.write(&attempt.outer()).map_err(|error| {
        Failure::refused("cannot write down the verified identity, so nothing was started")
            .in_file(attempt.outer().display().to_string())
            .because(error)
    })
}

/// What this process becomes.
struct Program {
    argv: Vec<OsString>,
    vars: Env,
    /// The working directory, where it is another than this one.
    folder: Option<PathBuf>,
}

/// The program with its environment. In the place of a terraform without terragrunt it is the inner guard.
fn program(order: &GuardOrder, vars: &Env, keys: &Keys) -> Result<Program, Failure> {
    let mut program = order.program.clone();
    let mut folder = None;
    let mut child = env::build(vars, Purpose::Program, &order.pass_environment).vars;
    keys.put_into(&mut child);
    env::forbid_prompts(&mut child);
    for name in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
        child.insert(name.into(), order.region.to_string().into());
    }
    if let Some(url) = &order.endpoint {
        child.insert("AWS_ENDPOINT_URL".into(), url.into());
    }
    if let Some(terragrunt) = &order.terragrunt {
        let Some(attempt) = &order.attempt else {
            return Err(Failure::usage("`--action` needs `--attempt`, the folder for the inner guard"));
        };
        if terragrunt.action == Action::Plan {
            // Terraform would make the file readable for everybody, but keeps the mode of one that is there.
            process::private_file(&terragrunt.plan).map_err(|error| {
                Failure::refused("cannot make the plan file, so nothing was started").because(error)
            })?;
        }
        remove_earlier(terragrunt)?;
        let shim = ShimConfig::place(&terragrunt.terraform, attempt);
        if order.is_standalone(terragrunt) {
            program[0] = shim.into_os_string();
            child.insert("TF_IN_AUTOMATION".into(), "1".into());
            child.extend(terragrunt.workspace.as_ref().map(|name| ("TF_WORKSPACE".into(), name.into())));
            if terragrunt.in_plan_folder {
                let call = call::of_plan(&terragrunt.plan, &order.account)?;
                child.extend(call.variables());
                folder = Some(call.folder);
            }
        } else {
            child.extend(terragrunt.action.environment(&shim));
            child.extend(terragrunt.provider_cache.then(provider_cache::environment).into_iter().flatten());
        }
        ShimConfig::for_order(order, terragrunt, attempt, keys, &child)?.install(attempt)?;
    }
    Ok(Program { argv: program, vars: child, folder })
}

/// Removes what an earlier attempt left at the places where this one writes.
fn remove_earlier(terragrunt: &TerragruntOrder) -> Result<(), Failure> {
    let proof = (terragrunt.action == Action::Plan).then(|| call::beside(&terragrunt.plan));
    for path in terragrunt.product.iter().chain(&proof) {
        match state::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Failure::refused("cannot remove what an earlier attempt left, so nothing was started")
                    .in_file(path.display().to_string())
                    .because(error));
            }
            _ => {}
        }
    }
    Ok(())
}
