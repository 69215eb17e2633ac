//! The releases that GitHub has, asked by `gh` with whatever access its user has: the repository is private.

use std::time::Duration;

use serde::Deserialize;

use super::table::{Change, Kind};
use crate::model::Version;
use crate::tasks::context::Context;
use crate::tools::answer;
use crate::tools::env::{self, Purpose};
use crate::tools::programs::Programs;

/// Where the releases are.
const RELEASES: &str = "repos/gruntwork-io/terraform-aws-ci/releases?per_page=100";

/// How long GitHub may take for all pages.
const PATIENCE: Duration = Duration::from_secs(30);

/// How much of a release's notes is shown.
const N_LETTERS: usize = 160;

/// Asks for every release; an error says why there is no answer.
pub(super) fn releases(context: &Context) -> anyhow::Result<Vec<Change>> {
    let cwd = std::env::current_dir()?;
    let programs = Programs::find(&["gh"], &cwd, &context.vars, &context.tools());
    let programs = programs.map_err(|failures| {
        let first = failures.iter().next().map(|failure| failure.what.clone());
        anyhow::anyhow!("{}", first.unwrap_or_else(|| "`gh` can't be used".to_owned()))
    })?;
    let mut vars = env::build(&context.vars, Purpose::Plain, &[]).vars;
    for name in ["GH_TOKEN", "GITHUB_TOKEN", "GH_CONFIG_DIR"] {
        vars.extend(
            context.vars.get_key_value(std::ffi::OsStr::new(name)).map(|(name, value)| (name.clone(), value.clone())),
        );
    }
    // The token that builds use reads the same repository; it travels by environment alone.
    if let Some(token) = context.vars.get(std::ffi::OsStr::new("GITHUB_OAUTH_TOKEN")) {
        vars.entry("GH_TOKEN".into()).or_insert_with(|| token.clone());
    }
    vars.insert("GH_PROMPT_DISABLED".into(), "1".into());
    let jq = ".[] | {tag_name, body, draft}";
    let args = ["api", "--paginate", RELEASES, "--jq", jq];
    let answer = answer::ask(programs.path("gh"), &args, &cwd, &vars, PATIENCE)?;
    read(answer.text()?)
}

/// One line per release.
fn read(text: &str) -> anyhow::Result<Vec<Change>> {
    #[derive(Deserialize)]
    struct Release {
        tag_name: String,
        body: Option<String>,
        #[serde(default)]
        draft: bool,
    }
    let mut found = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let release: Release = serde_json::from_str(line)?;
        let Some(version) = Version::parse(&release.tag_name).filter(|_| !release.draft) else { continue };
        let what = gist(&release.body.unwrap_or_default());
        found.push(Change { version, kind: Kind::Release, what, to_do: None });
    }
    Ok(found)
}

/// The beginning of release notes as one plain line.
fn gist(body: &str) -> String {
    let plain = |line: &str| line.trim().trim_start_matches(['#', '-', '*', ' ']).to_owned();
    let lines = body.lines().map(plain).filter(|line| !line.is_empty() && !line.starts_with("<!--"));
    let text = lines.collect::<Vec<_>>().join("; ");
    let printable: String = text.chars().filter(|letter| !letter.is_control()).collect();
    match printable.char_indices().nth(N_LETTERS) {
        Some((end, _)) => format!("{}…", printable[..end].trim_end()),
        None if printable.is_empty() => "no notes".to_owned(),
        None => printable,
    }
}

/// Adds the releases that the table says nothing of.
pub(super) fn completed(mut table: Vec<Change>, releases: Vec<Change>) -> Vec<Change> {
    for release in releases {
        if !table.iter().any(|known| known.version == release.version) {
            table.push(release);
        }
    }
    table.sort_by_key(|change| change.version);
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_become_a_line_without_markup_and_control_characters() {
        let body = "## Modules affected\n\n- `modules/x`\n\u{1b}[31mred";
        assert_eq!(gist(body), "Modules affected; `modules/x`; [31mred");
        assert_eq!(gist(&"é".repeat(500)).chars().count(), N_LETTERS + 1);
        assert_eq!(gist(""), "no notes");
    }

    #[test]
    fn drafts_and_tags_that_are_no_versions_are_left_out() {
        let text = "{\"tag_name\":\"v1.4.0\",\"body\":\"new\"}\n{\"tag_name\":\"nightly\",\"body\":null}\n{\"tag_name\":\"v1.5.0\",\"draft\":true}\n";
        let found = read(text).expect("it is JSON");
        assert_eq!(
            found.iter().map(|it| (it.version.to_string(), it.what.as_str())).collect::<Vec<_>>(),
            [("v1.4.0".to_owned(), "new")]
        );
        assert!(read("Not Found").is_err());
    }
}
