//! What an operator types without `xtask`: aws-vault around a program, and terragrunt
//! in a unit's folder.

use std::path::PathBuf;
use std::process::Output;

use serde_json::Value;

use super::live::Live;
use super::operator::profile;

pub(super) fn vault(live: &Live, account: &str, command: &[&str]) -> Output {
    let mut vault = live.command("aws-vault");
    vault.args(["exec", &profile(account), "--"]).args(command);
    vault.output().expect("aws-vault starts")
}

/// Plans a unit with its source updated, as an operator would, and shows the plan.
pub(super) fn plan(live: &Live, account: &str) -> Value {
    let out = format!("-out={}", plan_file(live, account).display());
    let update = [("TERRAGRUNT_SOURCE_UPDATE", "true"), ("TG_SOURCE_UPDATE", "true")];
    let planned = terragrunt(live, account, &["plan", "-input=false", &out], &update);
    assert!(planned.status.success(), "{}", text(&planned));
    let plan = plan_file(live, account);
    json(&terragrunt(live, account, &["show", "-json", &plan.to_string_lossy()], &[]))
}

pub(super) fn plan_file(live: &Live, account: &str) -> PathBuf {
    live.root().with_file_name(format!("{account}.plan"))
}

pub(super) fn apply(live: &Live, account: &str, env: &[(&str, &str)]) -> Output {
    terragrunt(live, account, &["apply", "-input=false", &plan_file(live, account).to_string_lossy()], env)
}

pub(super) fn terragrunt(live: &Live, account: &str, args: &[&str], env: &[(&str, &str)]) -> Output {
    let mut vault = live.command("aws-vault");
    vault.args(["exec", &profile(account), "--", "terragrunt"]).args(args);
    vault.envs(env.iter().copied()).current_dir(live.unit(account));
    vault.output().expect("aws-vault starts")
}

pub(super) fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", text(output));
    serde_json::from_slice(&output.stdout).expect("stdout is JSON")
}

pub(super) fn text(output: &Output) -> String {
    let [stdout, stderr] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    format!("{}\n{stdout}{stderr}", output.status)
}
