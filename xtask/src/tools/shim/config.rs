//! What the inner guard is told: a file beside it, written by the outer one.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::model::{AccountId, Failure, Region};
use crate::tools::attempt::{Attempt, new_private_file};
use crate::tools::bound::Bound;
use crate::tools::env::Env;
use crate::tools::guard::{GuardOrder, TerragruntOrder};
use crate::tools::keys::Keys;
use crate::tools::shim::environment::PassedOn;
use crate::tools::terragrunt::Action;
use crate::tools::{consent, lock, state};

/// What the inner guard needs to know; lies beside it as `shim.json`, so that no variable set in HCL can change it.
#[derive(Debug, Serialize, Deserialize)]
pub struct ShimConfig {
    pub(super) account: AccountId,
    pub(super) region: Region,
    pub(super) endpoint: Option<String>,
    pub(super) pass_environment: Vec<String>,
    /// The environment that terragrunt was given.
    pub(super) passed_on: PassedOn,
    /// Whether terragrunt's provider cache server is turned on.
    pub(super) provider_cache: bool,
    pub(super) nonce: String,
    /// The fingerprint of the keys that the outer guard has proven.
    pub(super) keys: String,
    pub(super) action: Action,
    pub(super) terraform: PathBuf,
    pub(super) plan: PathBuf,
    pub(super) plan_sha256: Option<String>,
    /// The notable options that the apply may have.
    pub(super) options: Vec<String>,
    /// The variables that an apply takes anew.
    pub(super) ephemeral: Vec<String>,
    /// Where Terraform's standard output goes when it does what it is to do.
    pub(super) product: Option<PathBuf>,
    /// What the plan was made from.
    pub(super) bound: Vec<Bound>,
    /// The locks of the unit's terraform.
    pub(super) locks: Vec<PathBuf>,
}

impl ShimConfig {
    /// What the inner guard of this order needs to know; the consent is read now, by the outer guard, which has proven
    /// these keys. `passed_on` is the whole environment of the program.
    pub fn for_order(
        order: &GuardOrder,
        terragrunt: &TerragruntOrder,
        attempt: &Attempt,
        keys: &Keys,
        passed_on: &Env,
    ) -> Result<Self, Failure> {
        let consent = terragrunt.consent.as_deref().map(consent::read).transpose()?;
        let (plan_sha256, consent) = consent.map(|it| (it.plan_sha256, (it.options, it.ephemeral, it.bound))).unzip();
        let (options, ephemeral, mut bound) = consent.unwrap_or_default();
        // Of the checkout the outer guard has made sure, before terragrunt ran anything that lies in it.
        bound.retain(|bound| order.is_standalone(terragrunt) || !matches!(bound, Bound::Checkout { .. }));
        Ok(Self {
            account: order.account.clone(),
            region: order.region.clone(),
            endpoint: order.endpoint.clone(),
            pass_environment: order.pass_environment.clone(),
            passed_on: PassedOn::of(passed_on, &attempt.nonce),
            provider_cache: terragrunt.provider_cache,
            nonce: attempt.nonce.clone(),
            keys: keys.fingerprint(&attempt.nonce),
            action: terragrunt.action,
            terraform: terragrunt.terraform.clone(),
            plan: terragrunt.plan.clone(),
            product: terragrunt.product.clone(),
            locks: order.locks.iter().map(|lock| lock::of_terraform(lock)).collect(),
            plan_sha256,
            options,
            ephemeral,
            bound,
        })
    }

    /// Where the inner guard of an attempt is, for terragrunt.
    pub fn place(terraform: &Path, attempt: &Attempt) -> PathBuf {
        attempt.dir.join(program_name(terraform))
    }

    /// Puts the inner guard and this configuration into the attempt's folder, where neither is yet.
    pub fn install(&self, attempt: &Attempt) -> Result<(), Failure> {
        let shim = Self::place(&self.terraform, attempt);
        let ours = std::env::current_exe();
        let placed = ours.and_then(|ours| match fs::hard_link(&ours, &shim) {
            // A copy would go through the link into ourselves.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
            Err(_) => state::copy_program(&ours, &shim),
            Ok(()) => Ok(()),
        });
        let written = placed.and_then(|()| new_private_file(&attempt.shim())?.write_all(&serde_json::to_vec(self)?));
        written.map_err(|error| {
            Failure::refused("cannot put the inner guard in place, so nothing was started")
                .in_file(attempt.dir.display().to_string())
                .because(error)
        })
    }

    /// Reads the configuration that lies beside the inner guard; `None` if this program isn't one.
    pub fn beside(program: &Path) -> Option<Result<(Self, Attempt), Failure>> {
        let dir = program.parent()?.to_owned();
        let path = dir.join("shim.json");
        let text = match state::read(&path) {
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::tools::shim::tests::config;

    #[test]
    fn orders_are_for_this_user_alone_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let attempt = Attempt { dir: folder.path().to_owned(), nonce: "n".to_owned() };
        let orders = config(Action::Plan, None);
        orders.install(&attempt).unwrap();
        let shim = ShimConfig::place(&orders.terraform, &attempt);
        assert_eq!(fs::metadata(attempt.shim()).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(ShimConfig::beside(&shim).is_some_and(|read| read.is_ok()));
        let again = || orders.install(&attempt).unwrap_err().source.unwrap().downcast::<io::Error>().unwrap().kind();
        assert_eq!(again(), io::ErrorKind::AlreadyExists, "an attempt has one guard");
        fs::remove_file(shim).unwrap();
        assert_eq!(again(), io::ErrorKind::AlreadyExists, "and one order for it");
    }
}
