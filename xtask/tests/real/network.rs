//! Ways to AWS: proxies, private authorities, endpoints of one's own, and credentials that are already there.

use std::fs;
use std::process::Command;

use super::by_hand::text;
use super::cloud::Cloud;
use super::live::Live;
use super::operator::profile;
use super::shape::Shape;
use super::toolbox::Toolbox;
use super::typed::{SHARED, ends_with, tags};

fn settings(live: &Live, lines: &str) {
    fs::write(live.root().join("Cargo.toml"), format!("[workspace.metadata.xtask]\n{lines}\n"))
        .expect("the file can be written");
}

/// `xtask` inside a session that somebody else opened, as in a CI job with credentials of its own.
fn inside_a_session(live: &Live, account: &str, words: &[&str]) -> Command {
    let mut command = live.command("aws-vault");
    command
        .args(["exec", &profile(account), "--", "env", "-u", "SSL_CERT_FILE", env!("CARGO_BIN_EXE_xtask")])
        .args(words);
    command
}

#[test]
fn credentials_that_are_already_there_are_proven_with_aws_ca_bundle_alone() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape::default());
    settings(&live, "credentials = []");
    for image in ["ecs-deploy-runner", "kaniko"] {
        cloud.put_image(SHARED, image, "v1.3.0");
    }
    let output = inside_a_session(&live, "shared", &["bump-tags", "v1.3.0"]).output().expect("aws-vault starts");
    assert!(output.status.success(), "{}", text(&output));
    assert!(text(&output).contains("1 of 1 account verified"), "{}", text(&output));
}

#[test]
fn credentials_that_are_already_there_can_only_be_one_accounts() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape::default());
    settings(&live, "credentials = []");
    let told = ends_with(&live, &["apply-all", "--yes"], 3);
    assert!(told.contains("cargo xtask apply-all '--allow=unexpected' --account dev"), "{told}");
    let output =
        inside_a_session(&live, "prod", &["apply-all", "--yes", "--allow=unexpected", "--account", "dev"]).output();
    let output = output.expect("aws-vault starts");
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
    assert!(text(&output).contains("found     100000000006 prod"), "{}", text(&output));
}

#[test]
fn nothing_is_started_while_sts_cannot_be_reached() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape::default());
    settings(&live, "credentials = []");
    let mut command = live.command("aws-vault");
    let dead = "HTTPS_PROXY=http://127.0.0.1:1";
    command.args(["exec", &profile("dev"), "--", "env", dead, env!("CARGO_BIN_EXE_xtask")]);
    let output = command
        .args(["apply-all", "--yes", "--allow=unexpected", "--account", "dev"])
        .output()
        .expect("aws-vault starts");
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
    assert!(text(&output).contains("the proxy did not let the request through"), "{}", text(&output));
    assert!(!live.unit("dev").join(".terragrunt-cache").exists(), "terragrunt was not started");
}

#[test]
fn endpoint_that_the_settings_name_is_reached_past_a_proxy() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape::default());
    settings(&live, &format!("endpoint-url = \"{}\"", cloud.http_endpoint()));
    // Whatever goes through this proxy fails; `NO_PROXY` keeps the endpoint out of it.
    let mut command = live.command(env!("CARGO_BIN_EXE_xtask"));
    command.env("HTTP_PROXY", "http://127.0.0.1:1").args([
        "apply-all",
        "--yes",
        "--allow=unexpected",
        "--account",
        "dev",
    ]);
    let output = command.output().expect("xtask starts");
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(tags(&cloud, "100000000004").len(), 2);
}

#[test]
fn endpoint_that_nobody_named_is_refused() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape::default());
    for (name, hint) in [("AWS_ENDPOINT_URL", "which is not AWS"), ("AWS_ENDPOINT_URL_STS", "would say nothing of it")]
    {
        let mut command = live.command(env!("CARGO_BIN_EXE_xtask"));
        command.env(name, cloud.http_endpoint()).args(["apply-all", "--yes", "--allow=unexpected", "--account", "dev"]);
        let output = command.output().expect("xtask starts");
        assert_eq!(output.status.code(), Some(3), "{}", text(&output));
        assert!(text(&output).contains(hint), "{}", text(&output));
    }
    assert_eq!(live.mfa_prompts(), 0);
}

#[test]
fn questions_go_to_the_endpoints_for_fips_and_dual_stack_where_they_are_turned_on() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape::default());
    for (variable, ending, expected) in [
        (
            "AWS_USE_FIPS_ENDPOINT",
            "-fips.",
            [
                "api.ecr-fips.us-east-1.amazonaws.com",
                "ecs-fips.us-east-1.amazonaws.com",
                "lambda-fips.us-east-1.amazonaws.com",
            ],
        ),
        (
            "AWS_USE_DUALSTACK_ENDPOINT",
            ".api.aws",
            ["ecr.us-east-1.api.aws", "ecs.us-east-1.api.aws", "lambda.us-east-1.api.aws"],
        ),
    ] {
        let before = cloud.hosts_asked().len();
        let mut command = live.command(env!("CARGO_BIN_EXE_xtask"));
        let output = command.env(variable, "true").arg("doctor").output().expect("xtask starts");
        assert!(text(&output).contains("6 accounts verified"), "{}", text(&output));
        let asked = cloud.hosts_asked().split_off(before);
        assert!(expected.iter().all(|host| asked.iter().any(|asked| asked == host)), "{asked:?}");
        assert!(asked.iter().any(|host| host.starts_with("sts") && host.contains(ending)), "{asked:?}");
        // aws-vault itself asks STS at its plain endpoint whatever the variables say.
        let elsewhere = |host: &&String| !host.contains(ending) && *host != "sts.us-east-1.amazonaws.com";
        assert_eq!(asked.iter().find(elsewhere), None, "{asked:?}");
    }
}
