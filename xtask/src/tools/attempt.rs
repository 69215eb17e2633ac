//! The folder of one attempt: what the two guards need to know, and what they leave behind.

use std::io;
use std::path::PathBuf;

use crate::tools::proof::Proof;
use crate::tools::state;
pub use crate::tools::state::{new_private_file, new_private_folder, private_folder};

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

    /// The named pipe through which the guards tell the relay what must not be read in a log.
    pub fn secrets(&self) -> PathBuf {
        self.dir.join("secrets")
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
        // One that a full disk cut off must not hide those after it.
        let written = (0..).map(|n| self.inner(n)).take_while(|path| state::exists(path));
        written.filter_map(|path| Proof::read(&path, &self.nonce)).collect()
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

    /// The same attempt once more, in a folder of its own beside this one.
    pub fn again(&self, n: u32) -> Self {
        let mut name = self.dir.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{n}"));
        Self { dir: self.dir.with_file_name(name), nonce: random_word(26) }
    }

    fn inner(&self, n: u32) -> PathBuf {
        self.dir.join(format!("inner.{n}.json"))
    }
}

/// Lowercase letters and digits that can't be mistaken for each other, from the system's random numbers.
pub fn random_word(len: usize) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    (0..len).map(|_| char::from(LETTERS[usize::from(random_byte() % 32)])).collect()
}

/// A random number of the system's.
pub fn random_byte() -> u8 {
    let mut byte = [0];
    ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut byte)
        .expect("the system gives random numbers, or TLS couldn't work either");
    byte[0]
}
