//! Nothing is ever applied in a wrong account: the credentials of production in place of those for development.

use super::by_hand::text;
use super::cloud::Cloud;
use super::live::{ACCOUNTS, Live};
use super::shape::{Shape, Terragrunt};
use super::toolbox::Toolbox;
use super::typed::{ends_with, tags, xtask};

const PROD: &str = "100000000006";
const PROD_ROLE: &str = "arn:aws:iam::100000000006:role/deploy";

/// No account has a task definition, and no unit a state.
fn nothing_was_applied(cloud: &Cloud, live: &Live) {
    for (account, id) in ACCOUNTS {
        assert!(tags(cloud, id).is_empty(), "{account} has task definitions");
        assert!(!live.state_file(account).exists(), "{account} has a state");
    }
}

#[test]
fn role_of_production_in_the_shell_reaches_nobody() {
    let Some(tools) = Toolbox::get() else { return };
    for terragrunt in [Terragrunt::V0, Terragrunt::V1] {
        let cloud = Cloud::start(tools);
        let live = Live::new(tools, &cloud, Shape { terragrunt, ..Shape::default() });
        let mut command = xtask(&live, &["apply-all", "--yes", "--account", "dev"]);
        let output = command.env("AWS_ROLE_ARN", PROD_ROLE).output().expect("xtask starts");
        assert!(output.status.success(), "{}", text(&output));
        assert!(text(&output).contains("AWS_ROLE_ARN, set in this shell"), "{}", text(&output));
        assert_eq!(tags(&cloud, "100000000004").len(), 2, "dev was applied");
        assert!(tags(&cloud, PROD).is_empty(), "production was not");
    }
}

#[test]
fn outer_guard_alone_stops_a_role_of_production_that_the_environment_lets_through() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape::default());
    let settings = "[workspace.metadata.xtask]\npass-environment = [\"AWS_ROLE_ARN\"]\n";
    std::fs::write(live.root().join("Cargo.toml"), settings).expect("the file can be written");
    let mut command = xtask(&live, &["apply-all", "--yes", "--account", "dev"]);
    let output = command.env("AWS_ROLE_ARN", PROD_ROLE).output().expect("xtask starts");
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
    let told = text(&output);
    assert!(told.contains("the credentials for account `dev` belong to another account"), "{told}");
    assert!(told.contains("found     100000000006 prod"), "{told}");
    nothing_was_applied(&cloud, &live);
    assert!(!live.unit("dev").join(".terragrunt-cache").exists(), "terragrunt was not started");
}

#[test]
fn inner_guard_stops_a_role_of_production_that_terragrunt_assumes() {
    let Some(tools) = Toolbox::get() else { return };
    for terragrunt in [Terragrunt::V0, Terragrunt::V1] {
        let cloud = Cloud::start(tools);
        let live = Live::new(tools, &cloud, Shape { terragrunt, ..Shape::default() });
        // Written so that nobody can tell offline whose role it is.
        let role = format!("iam_role = run_cmd(\"printf\", \"{PROD_ROLE}\")\n\n");
        live.edit(live.unit("dev").join("terragrunt.hcl"), |text| role + text);
        let told = ends_with(&live, &["apply-all", "--yes"], 1);
        assert!(told.contains("these credentials belong to another account, so nothing was started"), "{told}");
        assert!(told.contains("look for `iam_role`"), "{told}");
        nothing_was_applied(&cloud, &live);
    }
}

#[test]
fn one_wrong_account_among_six_means_that_nothing_is_planned_anywhere() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape::default());
    let settings = "[workspace.metadata.xtask.profiles]\ndev = \"your-prod\"\n";
    std::fs::write(live.root().join("Cargo.toml"), settings).expect("the file can be written");
    let told = ends_with(&live, &["apply-all", "--yes"], 3);
    assert!(told.contains("profile `your-prod` is named for 2 accounts: dev, prod"), "{told}");
    assert!(told.contains("it leads into 100000000006 prod"), "{told}");
    nothing_was_applied(&cloud, &live);
    for (account, _) in ACCOUNTS {
        assert!(!live.unit(account).join(".terragrunt-cache").exists(), "{account} was not planned");
    }
}

#[test]
fn session_of_aws_vault_around_us_is_refused_in_our_own_words() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape::default());
    let mut command = xtask(&live, &["apply-all", "--yes"]);
    let output = command.env("AWS_VAULT", "your-prod").output().expect("xtask starts");
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
    assert!(
        text(&output).contains("inside a session of aws-vault already, for profile `your-prod`"),
        "{}",
        text(&output)
    );
    assert_eq!(live.mfa_prompts(), 0);
}

#[test]
fn unknown_profile_is_an_error_and_not_somebody_elses_account() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape::default());
    let told = ends_with(&live, &["apply-all", "--yes", "--account", "dev", "--profile", "dev=your-nope"], 3);
    assert!(told.contains("profile `your-nope` is not in ~/.aws/config"), "{told}");
    nothing_was_applied(&cloud, &live);
}
