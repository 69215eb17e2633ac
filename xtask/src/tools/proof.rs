//! What a guard found out, written by the guard itself: one file per question, created exclusively, with the nonce of
//! the attempt. Without it nothing happened, whatever a wrapper's exit status says.

use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, SystemTime};

use aws_smithy_types::date_time::{DateTime, Format};
use serde::{Deserialize, Serialize};

use crate::model::AccountId;
use crate::tools::attempt::new_private_file;
use crate::tools::aws_error::AwsError;
use crate::tools::call::Call;
use crate::tools::clock;
use crate::tools::guard::Refused;
use crate::tools::state;
use crate::tools::sts::Identity;

/// What a guard concluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The credentials belong to the expected account; the program was started.
    #[serde(rename = "verified", alias = "proven")]
    Proven,
    /// They belong to another account; nothing was started.
    Mismatch,
    /// The guard could not tell, or was asked for something that it must not do; nothing was started.
    Refused,
}

/// The record of one guard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// The attempt that this proof belongs to.
    pub nonce: String,
    /// What the guard concluded.
    pub verdict: Verdict,
    /// The account that the unit says it is in.
    pub expected: AccountId,
    /// The account that STS named.
    pub account: Option<AccountId>,
    /// The ARN that STS named.
    pub arn: Option<String>,
    /// Whether an inner guard took the outer one's word, because these are the very keys of which STS had just told it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub same_keys: bool,
    /// Names of variables that HCL has set for Terraform, besides inputs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set_by_hcl: Vec<String>,
    /// Where STS was asked; `None` is AWS's own endpoint in the region.
    pub endpoint: Option<String>,
    /// When, RFC 3339 in UTC.
    pub time: String,
    /// When the credentials end, if known.
    pub expires: Option<String>,
    /// Whether they are the keys of a user, which don't end.
    #[serde(default, skip_serializing_if = "is_false")]
    pub endless: bool,
    /// The process, which keeps this id when it becomes the program.
    pub pid: u32,
    /// What was then started: the program, or Terraform's subcommand.
    pub command: String,
    /// The hash of the plan file that Terraform was about to show.
    pub plan_sha256: Option<String>,
    /// Where and with which arguments Terraform was started, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<Call>,
    /// The guard's whole message, where nothing was started.
    pub reason: Option<String>,
    /// What AWS or the credential tool answered in place of an identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<AwsError>,
}

impl Proof {
    /// A proof in which nothing is concluded yet, by this process and at this time.
    pub fn blank(nonce: &str, expected: &AccountId, endpoint: Option<&str>, command: &str) -> Self {
        Self {
            nonce: nonce.to_owned(),
            verdict: Verdict::Refused,
            expected: expected.clone(),
            account: None,
            arn: None,
            same_keys: false,
            set_by_hcl: Vec::new(),
            endpoint: endpoint.map(str::to_owned),
            time: now(),
            expires: None,
            endless: false,
            pid: std::process::id(),
            command: command.to_owned(),
            plan_sha256: None,
            call: None,
            reason: None,
            error: None,
        }
    }

    /// The same, where the credentials belong to the expected account.
    pub(super) fn proven(self, identity: Identity) -> Self {
        Self { verdict: Verdict::Proven, account: Some(identity.account), arn: Some(identity.arn), ..self }
    }

    /// The same, where nothing is started.
    pub(super) fn refused(self, refused: &Refused) -> Self {
        let (account, arn) = refused.found.as_ref().map(|found| (found.account.clone(), found.arn.clone())).unzip();
        let verdict = if refused.found.is_some() { Verdict::Mismatch } else { Verdict::Refused };
        let reason = Some(refused.failure.to_string());
        let error = refused.failure.source.as_ref().and_then(|source| source.downcast_ref::<AwsError>()).cloned();
        Self { verdict, account, arn, reason, error, ..self }
    }

    /// Whether nothing was started because the session has ended, which a new one mends.
    pub fn lacks_a_session(&self) -> bool {
        self.verdict == Verdict::Refused && self.error.as_ref().is_some_and(AwsError::is_mended_by_a_new_session)
    }

    /// The same time, as the system counts it.
    pub fn at(&self) -> Option<SystemTime> {
        moment(&self.time)
    }

    /// When the credentials end, as the system counts it.
    pub fn end(&self) -> Option<SystemTime> {
        moment(self.expires.as_deref()?)
    }

    /// Writes the proof where no file was before, and waits until it is on disk.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let mut file = new_private_file(path)?;
        file.write_all(&serde_json::to_vec(self)?)?;
        // `sync_all` would have macOS flush the whole disk, for dozens of proofs in a run.
        Ok(rustix::fs::fsync(&file)?)
    }

    /// Reads a proof; `None` if there is none, or none that belongs to this attempt.
    pub fn read(path: &Path, nonce: &str) -> Option<Self> {
        let proof: Self = serde_json::from_slice(&state::read(path).ok()?).ok()?;
        (proof.nonce == nonce).then_some(proof)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_false(value: &bool) -> bool {
    !*value
}

/// A time as RFC 3339, as the system counts it.
pub(super) fn moment(time: &str) -> Option<SystemTime> {
    let time = DateTime::from_str(time, Format::DateTimeWithOffset).ok()?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(u64::try_from(time.secs()).ok()?))
}

/// The time, RFC 3339 in UTC, to the second.
pub fn now() -> String {
    let since = clock::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let time = DateTime::from_secs(i64::try_from(since.as_secs()).unwrap_or(i64::MAX));
    time.fmt(Format::DateTime).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proof() -> Proof {
        Proof::blank("n", &AccountId::parse("100000000004").unwrap(), None, "terragrunt")
    }

    #[test]
    fn a_proof_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("outer.json");
        proof().write(&path).unwrap();
        assert_eq!(proof().write(&path).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    }

    #[test]
    fn a_proof_of_another_attempt_proves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("outer.json");
        proof().write(&path).unwrap();
        assert!(Proof::read(&path, "n").is_some());
        assert!(Proof::read(&path, "another").is_none());
    }
}
