//! The inner guard: our binary as terraform for terragrunt. In the very process that becomes terraform it asks STS again,
//! because terragrunt may have assumed a role by then: always before an apply, and otherwise unless these are the very keys
//! of which STS has told the outer guard, whose account can't be another one. It holds terragrunt to the one thing that it
//! is to do: an `apply` goes through for exactly the plan file that was consented to.

mod config;
mod environment;

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::Path;

use crate::model::Failure;
use crate::tools::attempt::{Attempt, new_private_file};
use crate::tools::call::{self, Call};
use crate::tools::env::{self, Env};
use crate::tools::guard::{self, Refused};
use crate::tools::hash::sha256_of;
use crate::tools::keys::Keys;
use crate::tools::lock::WorkLock;
use crate::tools::proof::{Proof, Verdict};
use crate::tools::sts::Identity;
use crate::tools::terragrunt::{Action, LOCK_TIMEOUT, NO_COLOR};
use crate::tools::{consent, endpoint, process, secrets, state};

pub use config::ShimConfig;

/// Judges Terraform's command line and the credentials, leaves a proof, and becomes Terraform. Returns only if nothing
/// was started.
pub fn run(config: &ShimConfig, attempt: &Attempt, args: &[OsString]) -> Failure {
    let vars = env::of_this_process();
    let args = &with_own_lock_timeout(args);
    let program: Vec<OsString> =
        std::iter::once(config.terraform.clone().into_os_string()).chain(args.iter().cloned()).collect();
    let subcommand = subcommand(args);
    if asks_for_version_or_help(args) {
        return process::become_program(&program, &vars);
    }
    let command = subcommand.as_deref().unwrap_or_default();
    let all = call::with_arguments_of_variables(args, &vars);
    let judged = may_run(config, subcommand.as_deref(), args, &all).map_err(Refused::from);
    let judged = judged.and_then(|()| same_ephemeral(config, command, &vars).map_err(Refused::from));
    let judged = judged.and_then(|()| Ok((prove(config, attempt, command, &vars)?, take_locks(config, command)?)));
    // Terragrunt may have taken a role, and hands over its inputs as variables.
    let tell = || Keys::in_environment(&vars).map_or(Ok(()), |keys| secrets::tell(attempt, &vars, &keys));
    let judged = judged.and_then(|proven| match tell() {
        Ok(()) => Ok(proven),
        Err(error) => Err(guard::not_told(error).into()),
    });
    let is_product = config.product.is_some() && is_ours(attempt) && is_the_question(config, args);
    let shown = (command == Action::Show.as_str()).then(|| sha256_of(&config.plan).ok()).flatten();
    let given = if command == Action::Plan.as_str() { call::given(&vars, &attempt.nonce) } else { Default::default() };
    let call = Call::of_this_process(args, &vars).ok();
    let call = call.map(|call| Call { has_product: is_product, given, ..call });
    let blank = Proof::blank(&attempt.nonce, &config.account, config.endpoint.as_deref(), command);
    let blank = Proof { plan_sha256: shown, call, ..blank };
    let (proof, outcome) = match judged {
        Ok((proven, locks)) => {
            let Proven { identity, by_outer, set_by_hcl } = proven;
            (Proof { same_keys: by_outer, set_by_hcl, ..blank.proven(identity) }, Ok(locks))
        }
        Err(refused) => (blank.refused(&refused), Err(refused.failure)),
    };
    let written = attempt.write_inner(&proof).and_then(|()| {
        let is_plan = config.action == Action::Plan && is_ours(attempt) && call::writes_plan(args, &config.plan);
        if is_plan && outcome.is_ok() {
            in_place(&call::beside(&config.plan), |path| proof.write(path))
        } else {
            Ok(())
        }
    });
    match (written, outcome) {
        (_, Err(failure)) => failure,
        (Err(error), Ok(_)) => Failure::refused("cannot write down the verified identity, so nothing was started")
            .in_file(attempt.dir.display().to_string())
            .because(error),
        (Ok(()), Ok(_locks)) => match config.product.as_deref().filter(|_| is_product) {
            Some(product) => print_product(config, attempt, product, &program, &vars),
            None => process::become_program(&program, &vars),
        },
    }
}

/// Whether Terraform is asked exactly what the step is to read. Terragrunt adds the option that asks for no colours.
fn is_the_question(config: &ShimConfig, args: &[OsString]) -> bool {
    args.iter().filter(|arg| *arg != NO_COLOR).eq(&config.action.arguments(&config.plan))
}

/// Whether the outer guard became this very process, without a terragrunt in between.
fn is_outer(attempt: &Attempt) -> bool {
    attempt.outer_proof().is_some_and(|outer| outer.pid == std::process::id())
}

/// Whether the program that the outer guard became is this process or has started it. A terragrunt in a hook is neither.
fn is_ours(attempt: &Attempt) -> bool {
    let parent = rustix::process::getppid().map(|parent| parent.as_raw_nonzero().get().unsigned_abs());
    is_outer(attempt) || attempt.outer_proof().is_some_and(|outer| Some(outer.pid) == parent)
}

/// Writes a file that must not be there where an earlier one may be: of several calls the last one counts.
fn in_place<T>(path: &Path, write: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    match state::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => write(path),
    }
}

/// Becomes Terraform, with standard output in a file of this user's alone that no other process writes to: what terragrunt
/// prints on the way may be anything. Terragrunt itself asks for the outputs of dependencies with the same words, so it
/// gets those as well; its own question comes last.
fn print_product(config: &ShimConfig, attempt: &Attempt, product: &Path, program: &[OsString], vars: &Env) -> Failure {
    let failed = |error: anyhow::Error| {
        let failure = Failure::refused("cannot write what terraform prints, so nothing was started");
        failure.in_file(product.display().to_string()).because(error)
    };
    let file = match in_place(product, new_private_file) {
        Ok(file) => file,
        Err(error) => return failed(error.into()),
    };
    if config.action != Action::Output || is_outer(attempt) {
        return process::become_program_printing_to(file, program, vars);
    }
    let printed = process::printing_to(file, program, vars).and_then(|status| {
        let mut stdout = io::stdout().lock();
        io::copy(&mut state::open(product)?, &mut stdout)?;
        stdout.flush()?;
        Ok(status)
    });
    match printed {
        Ok(status) => std::process::exit(status.code().unwrap_or(255)),
        Err(error) => failed(error),
    }
}

/// While terraform plans or applies, its unit is taken, also when the terragrunt above it has been killed.
fn take_locks(config: &ShimConfig, command: &str) -> Result<Vec<WorkLock>, Failure> {
    let works = [Action::Plan, Action::Apply].iter().any(|action| action.as_str() == command);
    if works { WorkLock::take_all(&config.locks) } else { Ok(Vec::new()) }
}

/// Whose keys these are, and how that is known.
struct Proven {
    identity: Identity,
    /// Whether the outer guard was told so, and STS wasn't asked again.
    by_outer: bool,
    /// Names of variables that HCL has set for terraform.
    set_by_hcl: Vec<String>,
}

fn prove(config: &ShimConfig, attempt: &Attempt, command: &str, vars: &Env) -> Result<Proven, Refused> {
    endpoint::check(vars, config.endpoint.as_deref())?;
    let set_by_hcl = environment::check(config, command, vars)?;
    let keys = Keys::in_environment(vars)
        .ok_or_else(|| Failure::refused("terragrunt started terraform without credentials, so nothing was started"))?;
    if command != Action::Apply.as_str()
        && let Some(identity) = proven_by_outer(config, attempt, &keys)
    {
        return Ok(Proven { identity, by_outer: true, set_by_hcl });
    }
    let identity = guard::ask(&keys, &config.region, config.endpoint.as_deref(), vars)?;
    if identity.account == config.account {
        return Ok(Proven { identity, by_outer: false, set_by_hcl });
    }
    let failure = guard::mismatch(&config.account, &identity)
        .hint("terragrunt had the right credentials, then took others: look for `iam_role` or `env_vars` in the HCL");
    Err(Refused { failure, found: Some(Box::new(identity)) })
}

/// What STS has told the outer guard of this attempt, if it was about the very same keys.
fn proven_by_outer(config: &ShimConfig, attempt: &Attempt, keys: &Keys) -> Option<Identity> {
    if keys.fingerprint(&attempt.nonce) != config.keys {
        return None;
    }
    let proof = attempt.outer_proof().filter(|proof| proof.verdict == Verdict::Proven)?;
    let account = proof.account.filter(|account| *account == config.account)?;
    Some(Identity { account, arn: proof.arn? })
}

/// The arguments without our patience for the state's lock where the repository has one of its own in `extra_arguments`,
/// whichever of them comes last: who says `-lock-timeout=20m` has waited for a colleague's run before.
fn with_own_lock_timeout(args: &[OsString]) -> Vec<OsString> {
    let is_one = |arg: &&OsString| {
        let arg = arg.to_string_lossy();
        let name = arg.strip_prefix("--").or_else(|| arg.strip_prefix('-')).unwrap_or_default();
        name == "lock-timeout" || name.starts_with("lock-timeout=")
    };
    let (ours, theirs): (Vec<_>, Vec<_>) = args.iter().filter(is_one).partition(|arg| **arg == LOCK_TIMEOUT);
    if ours.is_empty() || theirs.is_empty() {
        return args.to_vec();
    }
    // It is in the log, since whoever looks there sees our own in the command.
    let theirs: Vec<_> = theirs.iter().map(|arg| arg.to_string_lossy()).collect();
    let line = format!("xtask: `{}` of the repository is in force, not {LOCK_TIMEOUT}\n", theirs.join(" "));
    // In one piece: terragrunt makes a line of whatever it reads at once.
    let _ = io::stderr().write_all(line.as_bytes());
    args.iter().filter(|arg| **arg != LOCK_TIMEOUT).cloned().collect()
}

/// The first argument that is not an option: Terraform's global options all have the form `-name` or `-name=value`.
fn subcommand(args: &[OsString]) -> Option<String> {
    args.iter().map(|arg| arg.to_string_lossy()).find(|arg| !arg.starts_with('-')).map(|arg| arg.into_owned())
}

fn asks_for_version_or_help(args: &[OsString]) -> bool {
    let first = args.first().map(|arg| arg.to_string_lossy().into_owned());
    matches!(first.as_deref(), Some("version" | "-version" | "--version" | "-v" | "-help" | "--help" | "-h"))
}

/// What terragrunt needs Terraform for besides `init` and the one thing that it is to do: all of it only reads.
const ALWAYS: &[&str] = &["get", "output", "providers"];

/// Refuses an apply in which an ephemeral variable has another value than in the plan: those alone are taken from the
/// environment again, and a saved plan does not have them.
fn same_ephemeral(config: &ShimConfig, command: &str, vars: &Env) -> Result<(), Failure> {
    if command != Action::Apply.as_str() || config.ephemeral.is_empty() {
        return Ok(());
    }
    let proof = call::proof_of_plan(&config.plan);
    let planned = proof.as_ref().and_then(|proof| Some((&proof.nonce, &proof.call.as_ref()?.given)));
    let is_same = |name: &&String| {
        planned.is_some_and(|(nonce, planned)| call::given(vars, nonce).get(*name) == planned.get(*name))
    };
    match config.ephemeral.iter().find(|name| !is_same(name)) {
        None => Ok(()),
        Some(name) => Err(Failure::refused(format!("the ephemeral variable `{name}` is not what it was in the plan"))
            .hint("its value comes from outside of the files that were read: let it be the same for plan and apply")),
    }
}

/// Options of `init` that leave every state as it is.
const OF_INIT: [&str; 17] = [
    "-backend",
    "-backend-config",
    "-compact-warnings",
    "-get",
    "-get-plugins",
    "-input",
    "-json",
    "-lock",
    "-lock-timeout",
    "-lockfile",
    "-no-color",
    "-plugin-dir",
    "-reconfigure",
    "-upgrade",
    "-var",
    "-var-file",
    "-verify-plugins",
];

/// Refuses an `init` that may write a state: with `-migrate-state` and `-force-copy` it overwrites the one at another place.
fn may_init(args: &[OsString]) -> Result<(), Failure> {
    let args = args.iter().map(|arg| arg.to_string_lossy());
    let mut options = args.filter(|arg| arg.starts_with('-') && !arg.starts_with("-chdir=")).map(|arg| {
        let name = arg.split('=').next().unwrap_or_default().trim_start_matches('-').to_owned();
        format!("-{name}")
    });
    match options.find(|option| !OF_INIT.contains(&option.as_str())) {
        None => Ok(()),
        Some(option) => Err(Failure::refused(format!(
            "terraform was asked to `init` with `{option}`, which may write a state"
        ))
        .hint(
            "look for `extra_arguments` for `init` in the HCL; a state is moved by hand, where somebody looks at it",
        )),
    }
}

/// `all` are the arguments with those that Terraform takes from variables.
fn may_run(config: &ShimConfig, subcommand: Option<&str>, args: &[OsString], all: &[OsString]) -> Result<(), Failure> {
    let action = config.action.as_str();
    match subcommand {
        Some("init") => may_init(all),
        Some(name) if ALWAYS.contains(&name) => Ok(()),
        Some("apply") if config.action == Action::Apply => is_consented_plan(config, args, all),
        Some(name) if name == action && config.action != Action::Apply => Ok(()),
        name => Err(Failure::refused(format!(
            "terragrunt asked terraform to `{}`, which `{action}` never needs",
            name.unwrap_or("do nothing")
        ))
        .hint("look for a hook or `extra_arguments` in the HCL that changes the command")),
    }
}

fn is_consented_plan(config: &ShimConfig, args: &[OsString], all: &[OsString]) -> Result<(), Failure> {
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
    let words: Vec<_> = all.iter().map(|arg| arg.to_string_lossy()).collect();
    if let Some(option) = call::notable_options(&words).into_iter().find(|option| !config.options.contains(option)) {
        return Err(Failure::refused(format!("terraform was asked to apply with `{option}`, which was not shown"))
            .hint("look for `extra_arguments` for `apply` in the HCL, and write the option out there"));
    }
    consent::still_holds(plan, consented, &config.bound)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::model::AccountId;
    use crate::tools::bound::Bound;

    pub(super) fn config(action: Action, plan: Option<(&Path, &str)>) -> ShimConfig {
        ShimConfig {
            account: AccountId::parse("100000000004").unwrap(),
            region: "us-east-1".parse().unwrap(),
            endpoint: None,
            pass_environment: Vec::new(),
            passed_on: environment::PassedOn::default(),
            provider_cache: false,
            nonce: "n".to_owned(),
            keys: String::new(),
            action,
            terraform: "/usr/bin/terraform".into(),
            plan: plan.map_or_else(|| "/p".into(), |(path, _)| path.to_owned()),
            plan_sha256: plan.map(|(_, hash)| hash.to_owned()),
            options: Vec::new(),
            ephemeral: Vec::new(),
            product: None,
            bound: Vec::new(),
            locks: Vec::new(),
        }
    }

    fn judge(config: &ShimConfig, line: &str) -> Result<(), Failure> {
        let args: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        may_run(config, subcommand(&args).as_deref(), &args, &args)
    }

    #[test]
    fn only_the_one_thing_that_was_asked_for_goes_through() {
        let plan = config(Action::Plan, None);
        for good in
            ["init -input=false -reconfigure --backend-config=a=b", "plan -out=/p", "output -json", "-chdir=x plan"]
        {
            assert!(judge(&plan, good).is_ok(), "{good}");
        }
        for bad in ["init -migrate-state", "init --force-copy", "init -from-module=x", "init -input=false -new"] {
            assert!(judge(&plan, bad).is_err(), "{bad}");
        }
        for bad in ["apply", "apply -auto-approve", "destroy", "import a b", "state rm x", "taint x", "force-unlock 1"]
        {
            assert!(judge(&plan, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn ephemeral_variable_has_the_same_value_in_plan_and_apply() {
        let folder = tempfile::tempdir().unwrap();
        let plan = folder.path().join("dev.tfplan");
        let vars = |value: &str| Env::from([("TF_VAR_cmd".into(), value.into()), ("TF_VAR_x".into(), value.into())]);
        let config = ShimConfig { ephemeral: vec!["cmd".to_owned()], ..config(Action::Apply, Some((&plan, ""))) };
        assert!(same_ephemeral(&config, "apply", &vars("one")).is_err(), "nothing is known of the plan");
        let call = Call { given: call::given(&vars("one"), "n"), ..Call::default() };
        let blank = Proof::blank("n", &config.account, None, "plan");
        let proof = Proof { verdict: Verdict::Proven, call: Some(call), ..blank };
        proof.write(&call::beside(&plan)).unwrap();
        assert!(same_ephemeral(&config, "apply", &vars("one")).is_ok());
        assert!(same_ephemeral(&config, "apply", &vars("two")).is_err());
        assert!(same_ephemeral(&config, "apply", &Env::new()).is_err());
        assert!(same_ephemeral(&config, "show", &vars("two")).is_ok());
        let plain = ShimConfig { ephemeral: Vec::new(), ..config };
        assert!(same_ephemeral(&plain, "apply", &vars("two")).is_ok(), "the plan itself has the values of all others");
    }

    #[test]
    fn lock_timeout_of_the_repository_wins_wherever_it_stands() {
        for (given, expected) in [
            ("plan -lock-timeout=120s -out=/p", "plan -lock-timeout=120s -out=/p"),
            ("plan -lock-timeout=20m -lock-timeout=120s -out=/p", "plan -lock-timeout=20m -out=/p"),
            ("apply -lock-timeout=120s --lock-timeout=0s /p", "apply --lock-timeout=0s /p"),
            ("apply -lock-timeout=120s -lock-timeout 20m /p", "apply -lock-timeout 20m /p"),
            ("init -lock-timeout=20m", "init -lock-timeout=20m"),
        ] {
            let args: Vec<OsString> = given.split(' ').map(OsString::from).collect();
            assert_eq!(with_own_lock_timeout(&args).join(" ".as_ref()), expected);
        }
    }

    #[test]
    fn an_apply_goes_through_for_exactly_the_plan_that_was_consented_to() {
        let folder = tempfile::tempdir().unwrap();
        let plan = folder.path().join("dev.tfplan");
        fs::write(&plan, "a plan").unwrap();
        let hash = sha256_of(&plan).unwrap();
        let apply = config(Action::Apply, Some((&plan, &hash)));
        let line = format!("apply -input=false {}", plan.display());
        assert!(judge(&apply, &line).is_ok());
        assert!(judge(&apply, "apply -auto-approve").is_err());
        assert!(judge(&apply, &format!("{line} -auto-approve")).is_err(), "the plan has to come last");
        let unlocked = format!("apply --lock=false {}", plan.display());
        assert!(judge(&apply, &unlocked).is_err(), "an option that was not shown");
        let shown =
            ShimConfig { options: vec!["-lock=false".to_owned()], ..config(Action::Apply, Some((&plan, &hash))) };
        assert!(judge(&shown, &unlocked).is_ok());
        let file = folder.path().join("common.hcl");
        fs::write(&file, "one").unwrap();
        let bound = vec![Bound::file(file.clone()).unwrap()];
        let bound = ShimConfig { bound, ..config(Action::Apply, Some((&plan, &hash))) };
        assert!(judge(&bound, &line).is_ok());
        fs::write(&file, "two").unwrap();
        assert!(judge(&bound, &line).is_err(), "a file that it was made from has changed");
        fs::write(&plan, "another plan").unwrap();
        assert!(judge(&apply, &line).is_err());
    }

    #[test]
    fn word_of_the_outer_guard_counts_for_its_very_keys_alone() {
        let folder = tempfile::tempdir().unwrap();
        let attempt = Attempt { dir: folder.path().to_owned(), nonce: "n".to_owned() };
        let keys = |id: &str| {
            let vars = [("AWS_ACCESS_KEY_ID", id), ("AWS_SECRET_ACCESS_KEY", "s"), ("AWS_SESSION_TOKEN", "t")];
            Keys::in_environment(&vars.map(|(name, value)| (name.into(), value.into())).into()).unwrap()
        };
        let config = ShimConfig { keys: keys("ASIA1").fingerprint("n"), ..config(Action::Plan, None) };
        let known = |config: &ShimConfig, id: &str| proven_by_outer(config, &attempt, &keys(id));
        assert!(known(&config, "ASIA1").is_none(), "nothing is proven yet");
        let identity = Identity { account: config.account.clone(), arn: "arn:aws:sts::1:x".to_owned() };
        let proof = Proof::blank("n", &config.account, None, "terragrunt").proven(identity.clone());
        proof.write(&attempt.outer()).unwrap();
        assert_eq!(known(&config, "ASIA1"), Some(identity));
        assert!(known(&config, "ASIA2").is_none(), "terragrunt has taken others");
        let other = ShimConfig { account: AccountId::parse("100000000006").unwrap(), ..config };
        assert!(known(&other, "ASIA1").is_none());
        let refused = Proof { verdict: Verdict::Refused, ..proof.clone() };
        fs::remove_file(attempt.outer()).unwrap();
        refused.write(&attempt.outer()).unwrap();
        let config = ShimConfig { account: AccountId::parse("100000000004").unwrap(), ..other };
        assert!(known(&config, "ASIA1").is_none(), "a refusal proves nothing");
        fs::remove_file(attempt.outer()).unwrap();
        Proof { nonce: "another".to_owned(), ..proof }.write(&attempt.outer()).unwrap();
        assert!(known(&config, "ASIA1").is_none(), "nor does a proof of another attempt");
    }
}
