//! The programs that are tested: `xtask` itself, and the stand-ins, built once in this process.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The binary under test.
pub(super) const XTASK: &str = env!("CARGO_BIN_EXE_xtask");

/// The binary of the stand-ins, beside `xtask`; the first one to ask builds it, in the way `rehearse` does.
pub(super) fn standin() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let profile = Path::new(XTASK).parent().unwrap();
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("standins/Cargo.toml");
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--bin", "xtask-standin", "--manifest-path"]).arg(manifest);
        cargo.arg("--target-dir").arg(profile.parent().unwrap());
        if profile.ends_with("release") {
            cargo.arg("--release");
        }
        assert!(cargo.status().unwrap().success(), "the stand-ins can be built");
        profile.join("xtask-standin")
    })
}

/// Runs the binary of the stand-ins under its own name.
pub(super) fn own(args: &[&str]) {
    let output = Command::new(standin()).env_clear().args(args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Links a program, or copies it where links don't reach.
pub(super) fn link(from: &Path, to: &Path) {
    fs::hard_link(from, to).or_else(|_| fs::copy(from, to).map(drop)).unwrap();
}
