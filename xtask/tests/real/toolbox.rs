//! The real programs, built once for all test processes, or the reason why not.
//!
//! They live in `.xtask/real/` of the workspace, each in a folder whose name says
//! what it was built from, so an update of a tool's `go.mod` builds it anew. What
//! building one takes is the business of [`programs`](super::programs).

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::programs::{AwsCli2, GoProgram, Venv};

/// Where the programs are.
pub(crate) struct Toolbox {
    /// aws-vault 7.2.0.
    pub(crate) aws_vault: PathBuf,
    /// terragrunt 1.1.3.
    pub(crate) terragrunt_1: PathBuf,
    /// terragrunt 0.55.1.
    pub(crate) terragrunt_0: PathBuf,
    /// OpenTofu 1.11.0.
    pub(crate) tofu: PathBuf,
    /// saml2aws 2.36.19.
    pub(crate) saml2aws: PathBuf,
    /// aws-sso-cli 1.17.0.
    pub(crate) aws_sso: PathBuf,
    /// What stands in for the AWS provider.
    pub(crate) aws_provider: PathBuf,
    /// The terraform that is installed here, whichever it is.
    pub(crate) terraform: Option<PathBuf>,
    /// The AWS CLI.
    pub(crate) aws: PathBuf,
    /// Version 2 of it, where Debian's packages can be had.
    pub(crate) aws_2: Option<PathBuf>,
    /// A Python that has boto3 and moto.
    pub(crate) python: PathBuf,
    /// The certificate of the authority that signs for moto's proxy.
    pub(crate) ca_crt: PathBuf,
}

/// What `XTASK_REAL` asks for.
#[derive(Clone, Copy, PartialEq)]
enum Wish {
    IfPossible,
    Require,
    Skip,
}

impl Toolbox {
    /// The programs, built if they weren't yet; `None` where the test that asks
    /// is to be left out. How many were, and why, is said at the end of the run.
    ///
    /// # Panics
    ///
    /// If `XTASK_REAL=require` is set and something is missing.
    pub(crate) fn get() -> Option<&'static Self> {
        static TOOLBOX: OnceLock<Result<Toolbox, String>> = OnceLock::new();
        let wish = Wish::read();
        let toolbox = TOOLBOX.get_or_init(|| match wish {
            Wish::Skip => Err("`XTASK_REAL=skip` is set".to_owned()),
            Wish::IfPossible | Wish::Require => Self::set_up(),
        });
        match toolbox {
            Ok(toolbox) => Some(toolbox),
            Err(reason) if wish == Wish::Require => panic!("`XTASK_REAL=require` is set, but {reason}"),
            Err(reason) => {
                leave_out(reason);
                None
            }
        }
    }

    fn set_up() -> Result<Self, String> {
        check_machine()?;
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask/ is a folder of the workspace");
        let root = workspace.join(".xtask/real");
        fs::create_dir_all(&root).map_err(|e| format!("`{}` cannot be made: {e}", root.display()))?;
        // Held until the end of this function; a killed process lets go of it.
        let _lock = lock(&root.join("lock"))?;

        let venv = Venv::at(&root)?;
        let programs = GoProgram::all(&root)?;
        let missing: Vec<_> = programs.iter().filter(|p| !p.is_built()).collect();
        if !missing.is_empty() || !venv.is_complete() {
            tell(
                "building the real tools for the tests (aws-vault, saml2aws, aws-sso-cli, terragrunt, OpenTofu, moto, a provider), which takes several minutes the first time",
            );
        }
        thread::scope(|scope| {
            let installed = scope.spawn(|| if venv.is_complete() { Ok(()) } else { venv.install() });
            // One after the other: a Go build keeps all processors busy by itself.
            let built = missing.iter().try_for_each(|program| program.build());
            installed.join().expect("installing doesn't panic").and(built)
        })?;

        let [aws_vault, terragrunt_1, terragrunt_0, tofu, saml2aws, aws_sso, aws_provider] =
            programs.map(GoProgram::into_path);
        let aws_2 = AwsCli2::at(&root);
        if !aws_2.program().exists()
            && let Err(reason) = aws_2.install()
        {
            tell(&format!("botocore stands in for version 2 of the AWS CLI, which can't be had here: {reason}"));
        }
        let terraform = terraform(&root);
        Ok(Self {
            aws_vault,
            terragrunt_1,
            terragrunt_0,
            tofu,
            saml2aws,
            aws_sso,
            aws_provider,
            terraform,
            aws: venv.program("aws"),
            aws_2: Some(aws_2.program()).filter(|program| program.exists()),
            python: venv.program("python3"),
            ca_crt: venv.ca_crt()?,
        })
    }
}

impl Wish {
    fn read() -> Self {
        match std::env::var("XTASK_REAL").as_deref() {
            Err(_) | Ok("") => Self::IfPossible,
            Ok("require") => Self::Require,
            Ok("skip") => Self::Skip,
            Ok(other) => panic!("`XTASK_REAL` is `{other}`, but only `require` and `skip` mean something"),
        }
    }
}

/// How many tests were left out, and why the first of them was.
static LEFT_OUT: (AtomicUsize, OnceLock<String>) = (AtomicUsize::new(0), OnceLock::new());

/// Counts a test that is left out. libtest can't be told at run time that a test is ignored and reports it as ok, so how many
/// they were is said at the end of the run.
pub(crate) fn leave_out(reason: &str) {
    LEFT_OUT.1.get_or_init(|| {
        // libtest offers nothing that runs after the last test.
        atexit(tell_left_out);
        reason.to_owned()
    });
    LEFT_OUT.0.fetch_add(1, Ordering::Relaxed);
}

#[expect(unsafe_code, reason = "std offers nothing that runs at the end of a process")]
unsafe extern "C" {
    safe fn atexit(last: extern "C" fn()) -> std::ffi::c_int;
}

extern "C" fn tell_left_out() {
    let (n, reason) = (LEFT_OUT.0.load(Ordering::Relaxed), LEFT_OUT.1.get().map_or("", String::as_str));
    tell(&format!("{n} of these tests were left out, which libtest reports as ok: {reason}"));
}

/// Writes a line past libtest, which captures what the print macros write.
fn tell(line: &str) {
    // Nobody is there to hear that nobody is there to hear.
    let _ = std::io::stderr().write_all(format!("{line}\n").as_bytes());
}

/// Names everything that is missing at once.
fn check_machine() -> Result<(), String> {
    if !cfg!(target_os = "linux") {
        // Go takes the authorities of the system there, whatever `SSL_CERT_FILE` says.
        return Err("they need Linux, where a Go program can be told which certificates to trust".to_owned());
    }
    let missing: Vec<_> =
        ["go", "python3", "git", "openssl"].into_iter().filter(|name| which::which(name).is_err()).collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("these programs are not on the PATH: {}", missing.join(", "))) }
}

fn lock(path: &Path) -> Result<File, String> {
    let failed = |e: std::io::Error| format!("`{}` cannot be locked: {e}", path.display());
    let file = File::create(path).map_err(failed)?;
    if file.try_lock().is_err() {
        tell("waiting for another test process that builds the real tools");
        file.lock().map_err(failed)?;
    }
    Ok(file)
}

/// The installed terraform, if it works without the user's environment: the shim
/// of a version manager doesn't, and tests give it nothing else.
fn terraform(home: &Path) -> Option<PathBuf> {
    let path = which::which("terraform").ok()?;
    let path = fs::canonicalize(path).ok()?;
    let output = Command::new(&path)
        .arg("-version")
        .env_clear()
        .env("HOME", home)
        .env("CHECKPOINT_DISABLE", "1")
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let is_real = output.status.success() && output.stdout.starts_with(b"Terraform v");
    is_real.then_some(path)
}

#[test]
fn tests_that_are_left_out_are_counted_at_the_end_of_the_run() {
    let mut run = Command::new(std::env::current_exe().unwrap());
    let done = run.arg("real::asked::").env("XTASK_REAL", "skip").output().unwrap();
    let (out, err) = (String::from_utf8(done.stdout).unwrap(), String::from_utf8(done.stderr).unwrap());
    let n = out.lines().filter(|line| line.ends_with("... ok")).count();
    let told = "of these tests were left out, which libtest reports as ok: `XTASK_REAL=skip` is set";
    assert!(done.status.success() && n > 1, "{out}");
    assert_eq!(err, format!("{n} {told}\n"));
}
