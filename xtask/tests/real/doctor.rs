//! `doctor` on the real tools: every line of what it says, one session per account, and nothing asked twice.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::by_hand::text;
use super::live::{ACCOUNTS, Live};
use super::toolbox::Toolbox;
use super::typed::xtask;
use super::verify::updated;

/// The configuration of an invoker that lets the documented builds through.
fn invoker() -> String {
    let options = ["--repo", "--ref", "--context-path", "--docker-image-tag", "--build-arg", "--env-secret"];
    json!({ "Variables": variables(&options, "https://github.com/gruntwork-io/.+") }).to_string()
}

/// The variables of an invoker that lets these options through and builds from these repositories.
pub(crate) fn variables(options: &[&str], repos: &str) -> Value {
    encoded(&json!({ "docker-image-builder": { "build-docker-image": {
        "allowed_options": options,
        "allowed_repos_regex": [repos],
    } } }))
}

/// The variables of an invoker with this configuration.
pub(crate) fn encoded(config: &Value) -> Value {
    let mut gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\x03".to_vec();
    gzip.extend(miniz_oxide::deflate::compress_to_vec(config.to_string().as_bytes(), 6));
    let config = aws_smithy_types::base64::encode(gzip);
    json!({ "BASE64GZ_CONFIG_DATA_JSON": config })
}

/// Puts a script before a program of the operator's that notes every call; gives the notes.
fn noted(live: &Live, program: &str) -> PathBuf {
    let bin = PathBuf::from(&live.env()["PATH"]);
    let (place, notes) = (bin.join(program), bin.join(format!("../{program}.calls")));
    let real = fs::read_link(&place).expect("the operator's programs are links");
    fs::remove_file(&place).expect("the folder is ours");
    let note = r#"printf '%s %s\n' "${AWS_ACCESS_KEY_ID:-nobody}" "$*""#;
    let note = format!("#!/bin/sh\n{note} >> '{}'\nexec '{}' \"$@\"\n", notes.display(), real.display());
    super::operator::script(&place, &note);
    notes
}

/// The calls that were noted since the last time, each with the id of the keys that it had.
fn calls(notes: &PathBuf) -> Vec<String> {
    let said = fs::read_to_string(notes).unwrap_or_default();
    fs::write(notes, "").expect("the folder is ours");
    said.lines().map(str::to_owned).collect()
}

#[test]
fn every_line_is_true_of_six_accounts_and_nothing_is_asked_twice() {
    let Some(tools) = Toolbox::get() else { return };
    let (cloud, live) = updated(tools, &invoker());
    let commit = |live: &Live| live.command("git").args(["commit", "--all", "--quiet", "--message=Bump"]).status();
    assert!(commit(&live).is_ok_and(|status| status.success()));
    let (vault, aws) = (noted(&live, "aws-vault"), noted(&live, "aws"));
    let before: BTreeMap<_, _> = ["ecs", "lambda", "ecr", "sts"].map(|it| (it, cloud.n_asked(it))).into();
    let output = xtask(&live, &["doctor", "v1.3.0", "--format", "json"]).output().expect("xtask starts");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let report: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!((&report["schema"], &report["tag"]), (&json!(1), &json!("v1.3.0")));
    let findings: Vec<_> = report["findings"].as_array().expect("a list").iter().map(line).collect();
    assert_eq!(findings, expected(&live.env()["PATH"], &findings));

    // Each account opens a session to prove itself and one to be asked; neither needs a code.
    let exec = calls(&vault).iter().filter(|call| call.contains(" exec ")).count();
    assert_eq!((exec, live.mfa_prompts()), (2 * ACCOUNTS.len(), 1));
    assert_eq!(calls(&aws), ["nobody --version"], "AWS itself has answered every question");
    // 13 families, 6 lambdas, 2 images and 2 policies; aws-vault takes a role for each session, and each guard asks whose it is.
    let n_asked = ["ecs", "lambda", "ecr", "sts"].map(|service| cloud.n_asked(service) - before[service]);
    assert_eq!(n_asked, [13, 6, 4, 4 * ACCOUNTS.len()]);

    let output = xtask(&live, &["doctor", "v1.3.0"]).output().expect("xtask starts");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let page = String::from_utf8(output.stdout).expect("it is text").split_whitespace().collect::<Vec<_>>().join(" ");
    // A session has a name of its own, time goes by, and so does room on the disk.
    let lasting = |name: &str| !["identity", "sessions", "disk"].contains(&name);
    for (grade, name, said) in findings.iter().filter(|(_, name, _)| lasting(name)) {
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(page.contains(&format!("{grade} {name} {said}")), "{grade} {name} {said}: {page}");
    }
}

fn line(finding: &Value) -> (&str, &str, String) {
    let text = |key: &str| finding[key].as_str().expect("it is text");
    let details = finding["details"].as_array().expect("a list").iter().filter_map(Value::as_str);
    (text("grade"), text("name"), std::iter::once(text("text")).chain(details).collect::<Vec<_>>().join(" "))
}

/// Every line. What differs from machine to machine is taken from what was said, once it has the right shape.
fn expected(bin: &str, said: &[(&str, &str, String)]) -> Vec<(&'static str, &'static str, String)> {
    let of = |name: &str| said.iter().find(|it| it.1 == name).map(|it| it.2.clone()).unwrap_or_default();
    let shaped = |name: &str, start: &str, end: &str| {
        let text = of(name);
        if text.starts_with(start) && text.ends_with(end) { text } else { format!("{start}…{end}") }
    };
    let program = |name: &'static str| ("ok", name, shaped(name, "", &format!("   {bin}/{name}")));
    let mut accounts = ACCOUNTS;
    accounts.sort_unstable();
    let who = accounts.map(|(name, id)| {
        let role = "assumed-role/allow-full-access-from-other-accounts";
        let start = format!("{name:<8}   {id}   arn:aws:sts::{id}:{role}/");
        let text = of("identity");
        let rest = text.split_once(&start).and_then(|(_, rest)| rest.split(' ').next());
        start + rest.unwrap_or("…")
    });
    let profiles = accounts.map(|(name, _)| format!("{name} your-{name}"));
    let fine = |name, text: &str| ("ok", name, text.to_owned());
    vec![
        (
            "warn",
            "aws-vault",
            format!(
                "7.2.0   {bin}/aws-vault   takes a profile that doesn't exist for `[default]`, without a word; the guard finds out before anything starts"
            ),
        ),
        program("terragrunt"),
        program("aws"),
        program("infrastructure-deployer"),
        program("git"),
        program("tofu"),
        fine("repository", "6 units in 6 accounts, and every place agrees on them"),
        fine("region", "us-east-1"),
        fine("roles", "nothing in the configuration acts as somebody else"),
        fine("credentials", "aws-vault exec {profile} --   by default"),
        fine("profiles", &format!("{}   by ~/.aws/config", profiles.join(", "))),
        fine("identity", &format!("6 accounts verified {}", who.join(" "))),
        fine("sessions", &shaped("sessions", "good for ", " min or more")),
        fine("ECR", "2 images that the repository names, all there"),
        fine("ECR policy", "1 repository may be pulled by every account"),
        fine("invokers", &shaped("invokers", "6 lambdas there, updated 20", " UTC or later")),
        fine("task definitions", "13 families run what the repository says"),
        fine(
            "invoker",
            "that of shared builds from https://github.com/gruntwork-io/terraform-aws-ci.git, with --env-secret and --build-arg",
        ),
        fine("MFA", "every profile has a role, SSO or an MFA device"),
        fine("MFA codes", "no code is asked for: `mfa_process` gives them"),
        fine("sources", "every module lies in the repository, or in no git repository"),
        fine("bootstrap", "the runner of shared (kaniko v1.3.0) can build v1.3.0"),
        fine("module", "as far as is known, the modules go with their tags and with v1.3.0"),
        fine("pins", "every unit is at v1.3.0 already"),
        ("skip", "terraform or tofu", "no lock file and no local state says who wrote the states".to_owned()),
        fine("old flags", "no script passes flags that terragrunt has dropped"),
        fine("old attributes", "no file sets an attribute that terragrunt has dropped"),
        fine("mocks", "no plan of a runner can be made with mocked outputs"),
        fine("CI", "no job applies by a runner, as far as the files say"),
        fine("checkout", "main, clean; it follows no remote branch"),
        fine("disk", &of("disk").split_once(" GiB free").map_or("… GiB free".to_owned(), |_| of("disk"))),
    ]
}
