//! The folder of one attempt: what the two guards need to know, and what they leave behind.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::tools::proof::Proof;

/// One try at one command. Its folder belongs to it alone, and its nonce ties the proofs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The folder, absolute; created by whoever comes first, the runner or the guard.
    pub dir: PathBuf,
    /// A random word that no other attempt has.
    pub nonce: String,
}

impl Attempt {
    /// The outer guard's proof.
    pub fn outer(&self) -> PathBuf {
        self.dir.join("outer.json")
    }

    /// What the inner guard needs to know, written by the outer one.
    pub fn shim(&self) -> PathBuf {
        self.dir.join("shim.json")
    }

    /// What a later run leaves here once it has looked at an attempt of which nobody saw the end: a guard that comes late
    /// starts nothing.
    pub fn settled(&self) -> PathBuf {
        self.dir.join("ended.json")
    }

    /// The outer guard's proof, if there is one of this attempt.
    pub fn outer_proof(&self) -> Option<Proof> {
        Proof::read(&self.outer(), &self.nonce)
    }

    /// The inner guard's proofs of this attempt, in the order in which Terraform was called.
    pub fn inner_proofs(&self) -> Vec<Proof> {
        (0..).map_while(|n| Proof::read(&self.inner(n), &self.nonce)).collect()
    }

    /// Writes the next proof of an inner guard. Terragrunt may call Terraform several times, also side by side.
    pub fn write_inner(&self, proof: &Proof) -> io::Result<()> {
        for n in 0.. {
            match proof.write(&self.inner(n)) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                done => return done,
            }
        }
        unreachable!("the numbers do not end")
    }

    /// Makes the folder, for this user's eyes only.
    pub fn create(&self) -> io::Result<()> {
        private_folder(&self.dir)
    }

    fn inner(&self, n: u32) -> PathBuf {
        self.dir.join(format!("inner.{n}.json"))
    }
}

/// Makes a folder and those above it, readable by this user alone.
pub fn private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}
