//! Asks terragrunt: one call of `render`, what it printed, and which lines it told errors about.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use xtask::repo::hcl::parse::parse_bytes;

use crate::real::toolbox::Toolbox;

/// What terragrunt says about one unit.
pub(super) struct Rendered {
    /// The whole configuration, or `None` if it could not be read at all.
    pub(super) config: Option<Value>,
    /// What it told on stderr, without colours.
    pub(super) told: String,
    /// The lines of the unit's own file that it told errors about.
    pub(super) wrong_lines: BTreeSet<usize>,
}

/// Renders the unit in `dir`. Nothing of this machine's environment gets in but what `vars` adds.
pub(super) fn render(tools: &Toolbox, dir: &Path, vars: &[(&str, &str)]) -> Rendered {
    let home = tempfile::tempdir().expect("a folder");
    let output = Command::new(&tools.terragrunt_1)
        .args(["render", "--format", "json", "--no-color"])
        .current_dir(dir)
        .env_clear()
        .envs([("HOME", home.path()), ("TMPDIR", home.path()), ("TG_TF_PATH", &tools.tofu)])
        .envs([("PATH", "/usr/bin:/bin"), ("CHECKPOINT_DISABLE", "1"), ("TG_NON_INTERACTIVE", "true")])
        .envs(vars.iter().copied())
        .stdin(Stdio::null())
        .output()
        .expect("terragrunt starts");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let config = output.status.success().then(|| {
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
            panic!("it prints no JSON: {error}: {}\n{told}", String::from_utf8_lossy(&output.stdout))
        })
    });
    let file = dir.join("terragrunt.hcl").display().to_string();
    Rendered { config, wrong_lines: lines_of(&told, &file), told }
}

/// Generates the units of a stack.
pub(super) fn generate_stack(tools: &Toolbox, stack: &Path) {
    let home = tempfile::tempdir().expect("a folder");
    let output = Command::new(&tools.terragrunt_1)
        .args(["stack", "generate", "--no-color"])
        .current_dir(stack)
        .env_clear()
        .envs([("HOME", home.path()), ("TMPDIR", home.path()), ("TG_TF_PATH", &tools.tofu)])
        .envs([("PATH", "/usr/bin:/bin"), ("CHECKPOINT_DISABLE", "1"), ("TG_NON_INTERACTIVE", "true")])
        .stdin(Stdio::null())
        .output()
        .expect("terragrunt starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// `on FILE line 12:` and `FILE:12,3-4:` both name a line.
fn lines_of(told: &str, file: &str) -> BTreeSet<usize> {
    let after = |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok();
    let named = |before: &str| {
        let marker = format!("{file}{before}");
        told.match_indices(&marker).filter_map(|(at, _)| after(&told[at + marker.len()..])).collect::<Vec<_>>()
    };
    named(" line ").into_iter().chain(named(":")).collect()
}

/// Makes the folder a git repository, which `get_repo_root` asks git about.
pub(super) fn git_init(root: &Path) {
    let status = Command::new("git").args(["init", "--quiet"]).current_dir(root).status().expect("git starts");
    assert!(status.success());
}

/// Gives every `dependency` below `root` mock outputs for whatever is asked of it, so that no state has to be read. What
/// stands below one moves down.
pub(super) fn mock_dependencies(root: &Path) {
    let files: Vec<_> = below(root).into_iter().filter(|file| file.extension().is_some_and(|it| it == "hcl")).collect();
    let texts: Vec<_> = files.iter().map(|file| fs::read(file).expect("a file")).collect();
    let asked: BTreeSet<_> = texts.iter().flat_map(|text| outputs_asked_for(&String::from_utf8_lossy(text))).collect();
    let outputs: String = asked.iter().map(|name| format!("{name} = \"mock\", ")).collect();
    for (file, mut text) in files.iter().zip(texts) {
        let Ok(body) = parse_bytes("fixture", &text) else { continue };
        let mut ends: Vec<_> = body.blocks_named("dependency").map(|block| block.span.clone()).collect();
        ends.sort_by_key(|span| span.end);
        for span in ends.into_iter().rev() {
            let added = format!("\n  skip_outputs = true\n  mock_outputs = {{ {outputs} }}\n");
            text.splice(span.end - 1..span.end - 1, added.bytes());
        }
        fs::write(file, text).expect("a file");
    }
}

/// Every NAME in `dependency.ANY.outputs.NAME`.
fn outputs_asked_for(text: &str) -> Vec<String> {
    let is_name = |c: &char| c.is_alphanumeric() || *c == '_';
    let after = text.split(".outputs.").skip(1);
    after.map(|rest| rest.chars().take_while(is_name).collect::<String>()).filter(|name| !name.is_empty()).collect()
}

/// All files below a folder.
pub(super) fn below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path());
    let mut files: Vec<_> = entries.flat_map(|path| if path.is_dir() { below(&path) } else { vec![path] }).collect();
    files.sort();
    files
}
