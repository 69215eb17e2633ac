//! What a guard found out, written by the guard itself: one file per question, created exclusively, with the nonce of
//! the attempt. Without it nothing happened, whatever a wrapper's exit status says.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::model::AccountId;

/// What a guard concluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The credentials belong to the expected account; the program was started.
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
    /// Where STS was asked; `None` is AWS's own endpoint in the region.
    pub endpoint: Option<String>,
    /// When, RFC 3339 in UTC.
    pub time: String,
    /// When the credentials end, if known.
    pub expires: Option<String>,
    /// The process, which keeps this id when it becomes the program.
    pub pid: u32,
    /// What was then started: the program, or Terraform's subcommand.
    pub command: String,
    /// The guard's whole message, where nothing was started.
    pub reason: Option<String>,
}

impl Proof {
    /// Writes the proof where no file was before, and waits until it is on disk.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(&serde_json::to_vec(self)?)?;
        file.sync_all()
    }

    /// Reads a proof; `None` if there is none, or none that belongs to this attempt.
    pub fn read(path: &Path, nonce: &str) -> Option<Self> {
        let proof: Self = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
        (proof.nonce == nonce).then_some(proof)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proof() -> Proof {
        Proof {
            nonce: "n".to_owned(),
            verdict: Verdict::Proven,
            expected: AccountId::parse("100000000004").unwrap(),
            account: None,
            arn: None,
            endpoint: None,
            time: "2026-01-01T00:00:00Z".to_owned(),
            expires: None,
            pid: 1,
            command: "terragrunt".to_owned(),
            reason: None,
        }
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
