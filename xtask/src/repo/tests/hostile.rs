//! Files that nobody would write: whatever is in them, there is an answer.

use std::path::Path;

use super::{Tree, fixture};
use crate::repo::Repository;

const FILES: [&str; 6] = [
    "accounts.json",
    "common.hcl",
    "terragrunt.hcl",
    "_envcommon/mgmt/ecs-deploy-runner.hcl",
    "shared/account.hcl",
    "shared/us-east-1/mgmt/ecs-deploy-runner/terragrunt.hcl",
];

/// Bits that mean something, to be put in at random places.
const BITS: [&str; 24] = [
    "\"",
    "${",
    "}",
    "{",
    "[",
    "]",
    "(",
    ")",
    "=",
    "\n",
    "<<EOT\n",
    "EOT\n",
    "/*",
    "# ",
    "...",
    ".*",
    "local.",
    "null",
    "\u{feff}",
    "é",
    "\\",
    "for x in ",
    "include \"root\" {\n",
    "%{ if ",
];

/// A small generator of numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit.max(1) as u64).expect("it is below a usize")
    }

    fn spoil(&mut self, bytes: &[u8], other: &[u8]) -> Vec<u8> {
        let mut spoilt = bytes.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(spoilt.len() + 1);
            let end = (at + self.below(30)).min(spoilt.len());
            match self.below(5) {
                0 => drop(spoilt.drain(at..end)),
                1 => drop(spoilt.splice(at..at, BITS[self.below(BITS.len())].bytes())),
                2 => {
                    let from = self.below(other.len());
                    let piece = other[from..(from + self.below(200)).min(other.len())].to_vec();
                    drop(spoilt.splice(at..end, piece));
                }
                3 => spoilt.truncate(at.max(1)),
                _ => {
                    let byte = u8::try_from(self.below(256)).expect("it is below 256");
                    drop(spoilt.splice(at..end, [byte]));
                }
            }
        }
        spoilt
    }
}

fn original(name: &str) -> Vec<u8> {
    std::fs::read(fixture("reference").path().join(name)).expect("the file")
}

#[test]
fn spoilt_files_are_answered_and_never_panic() {
    let tree = Tree::new(&[]);
    let originals = FILES.map(|name| (name, original(name)));
    originals.iter().for_each(|(name, bytes)| tree.write(name, bytes));
    tree.write("shared/us-east-1/region.hcl", b"locals { aws_region = \"us-east-1\" }");
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let rounds = std::env::var("XTASK_HOSTILE_ROUNDS").ok().and_then(|it| it.parse().ok()).unwrap_or(300);
    for _ in 0..rounds {
        let (name, bytes) = &originals[numbers.below(originals.len())];
        let (_, other) = &originals[numbers.below(originals.len())];
        tree.write(name, &numbers.spoil(bytes, other));
        answered(tree.path());
        tree.write(name, bytes);
    }
}

fn answered(path: &Path) {
    if let Ok(repo) = Repository::open(path) {
        let wanted = [(crate::model::ImageName::DeployRunner, "v9".parse().expect("a tag"))].into();
        let _ = crate::repo::plan_bump(&repo, &crate::repo::Request::for_all(&repo, wanted)).map(|bump| bump.diff());
        let _ = repo.all_problems().map(ToString::to_string).collect::<String>();
    }
}
