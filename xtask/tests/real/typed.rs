//! What an operator types with `xtask`.

use std::process::Command;

use super::by_hand::text;
use super::cloud::Cloud;
use super::live::Live;

/// The account that builds images and keeps them.
pub(super) const SHARED: &str = "100000000002";

/// `xtask` with these words, in the operator's shell.
pub(super) fn xtask(live: &Live, words: &[&str]) -> Command {
    let mut command = live.command(env!("CARGO_BIN_EXE_xtask"));
    command.args(words);
    // The module's task definitions are registered by provisioners, which `--yes` doesn't cover.
    if words.contains(&"--yes") && words.iter().any(|word| ["apply-all", "update", "resume"].contains(word)) {
        command.arg("--allow=unexpected");
    }
    command
}

/// The same, run to its end, which has to come with this exit code; gives what it printed on stderr.
pub(super) fn ends_with(live: &Live, words: &[&str], code: i32) -> String {
    let output = xtask(live, words).output().expect("xtask starts");
    assert_eq!(output.status.code(), Some(code), "{words:?}: {}", text(&output));
    String::from_utf8(output.stderr).expect("it is text")
}

/// The tags of an account's task definitions, by family.
pub(super) fn tags(cloud: &Cloud, account_id: &str) -> Vec<(String, String)> {
    let tag_of = |image: String| image.rsplit_once(':').map(|(_, tag)| tag.to_owned()).unwrap_or_default();
    cloud.task_images(account_id).into_iter().map(|(family, image)| (family, tag_of(image))).collect()
}
