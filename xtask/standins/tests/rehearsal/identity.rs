//! Whose credentials are handed out, and what STS says of them.

use std::fs;

use serde_json::Value;

use crate::cloud::Cloud;
use crate::sandbox::{Said, Sandbox, link};

fn account(sandbox: &Sandbox, profile: &str) -> Value {
    sandbox.run(profile, "aws", &["sts", "get-caller-identity"]).succeeds().json()["Account"].clone()
}

#[test]
fn each_profile_has_its_account() {
    let sandbox = Sandbox::new(&[]);
    assert_eq!(account(&sandbox, "dev"), "100000000004");
    assert_eq!(account(&sandbox, "prod"), "100000000006");
}

#[test]
fn wrong_account_gets_keys_of_prod() {
    let sandbox = Sandbox::new(&["wrong-account:dev"]);
    assert_eq!(account(&sandbox, "dev"), "100000000006");
    assert_eq!(account(&sandbox, "stage"), "100000000005");
}

#[test]
fn role_in_the_environment_beats_the_profile() {
    let sandbox = Sandbox::new(&[]);
    let role = "arn:aws:iam::100000000006:role/anything";
    let mut command = sandbox.vaulted("dev", "aws", &["sts", "get-caller-identity"]);
    let said = Said::from(command.env("AWS_ROLE_ARN", role).output().unwrap()).succeeds();
    assert_eq!(said.json()["Account"], "100000000006");
    let strange = role.replace("100000000006", "200000000000");
    Said::from(command.env("AWS_ROLE_ARN", strange).output().unwrap()).fails(1, "AccessDenied");
}

#[test]
fn role_of_a_unit_is_assumed_by_terragrunt() {
    let sandbox = Sandbox::new(&[]);
    let file = sandbox.unit("dev").join("terragrunt.hcl");
    let text = fs::read_to_string(&file).unwrap() + "\niam_role = \"arn:aws:iam::100000000006:role/deploy\"\n";
    fs::write(file, text).unwrap();
    sandbox.plan("dev").succeeds();
    let of_terraform = |line: &&Value| line["tool"] == "terraform" && line["argv"][0] == "plan";
    assert_eq!(sandbox.log().iter().find(of_terraform).unwrap()["account"], "100000000006");
}

#[test]
fn aws_vault_refuses_to_nest_and_unknown_profiles() {
    let sandbox = Sandbox::new(&[]);
    let mut command = sandbox.vaulted("dev", "aws", &["sts", "get-caller-identity"]);
    Said::from(command.env("AWS_VAULT", "x").output().unwrap())
        .fails(1, "aws-vault: error: exec: running in an existing aws-vault subshell; 'exit' from the subshell");
    let mut unknown = sandbox.command("aws-vault");
    Said::from(unknown.args(["exec", "your-nobody", "--", "env"]).output().unwrap()).fails(
        1,
        "aws-vault: error: exec: Error getting temporary credentials: profile your-nobody: credentials missing",
    );
    let mut program = sandbox.command("aws-vault");
    Said::from(program.args(["exec", "your-dev", "--", "nosuchprogram"]).output().unwrap())
        .fails(1, "aws-vault: error: exec: exec: \"nosuchprogram\": executable file not found in $PATH");
}

#[test]
fn environment_is_changed_as_aws_vault_changes_it() {
    let sandbox = Sandbox::new(&[]);
    let mut command = sandbox.command("aws-vault");
    command.args(["exec", "your-dev", "--", "env"]).env("AWS_PROFILE", "x").env("AWS_SDK_LOAD_CONFIG", "1");
    command.env("AWS_SECURITY_TOKEN", "x").env("AWS_VAULT_FILE_PASSPHRASE", "leaks");
    let said = Said::from(command.output().unwrap()).succeeds();
    let mut names: Vec<&str> = said.out.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "AWS_ACCESS_KEY_ID",
            "AWS_CREDENTIAL_EXPIRATION",
            "AWS_DEFAULT_REGION",
            "AWS_REGION",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "AWS_VAULT",
            "AWS_VAULT_FILE_PASSPHRASE",
            "PATH",
        ]
    );
    assert!(said.out.contains("AWS_ACCESS_KEY_ID=ASIA100000000004"));
}

#[test]
fn log_has_no_secret_values() {
    let sandbox = Sandbox::new(&[]);
    let mut command = sandbox.vaulted("dev", "aws", &["configure", "export-credentials", "--format", "process"]);
    let keys = Said::from(command.env("GITHUB_OAUTH_TOKEN", "ghp_secret").output().unwrap()).succeeds().json();
    let log = fs::read_to_string(sandbox.world().join("log.jsonl")).unwrap();
    for secret in [keys["SecretAccessKey"].as_str().unwrap(), keys["SessionToken"].as_str().unwrap(), "ghp_secret"] {
        assert!(!log.contains(secret), "{log}");
    }
    assert!(log.contains("GITHUB_OAUTH_TOKEN"), "{log}");
}

#[test]
fn stand_in_outside_of_a_world_does_nothing() {
    let sandbox = Sandbox::new(&[]);
    let alone = sandbox.repo().join("terraform");
    link(&sandbox.tool("terraform"), &alone);
    let mut command = sandbox.command("aws-vault");
    command.args(["exec", "your-dev", "--"]).arg(alone).arg("version");
    Said::from(command.output().unwrap()).fails(1, "this is a stand-in for rehearsals");
}

#[test]
fn world_and_sample_are_made_once_and_as_asked() {
    let sandbox = Sandbox::new(&[]);
    sandbox.own(&["sample", "--into", sandbox.repo().to_str().unwrap()]).fails(1, "holds a repository already");
    sandbox.own(&["world", "--into", sandbox.world().to_str().unwrap()]).fails(1, "holds a world already");
    let other = sandbox.repo().join("other");
    let other = other.to_str().unwrap();
    for (args, why) in [
        (&["--inject", "boom"][..], "is none of `wrong-account:NAME`, `fail:NAME`, "),
        (&["--inject", "fail:nobody"], "`fail:nobody` names no account and no profile"),
        (&["--profile", "dev=4"], "with an id of twelve digits"),
        (&["--image", "kaniko:v1"], "is no ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME:TAG"),
        (&["--pace", "slow"], "--pace takes milliseconds"),
        (&["--frob"], "flag provided but not defined: -frob"),
    ] {
        sandbox.own(&[&["world", "--into", other], args].concat()).fails(2, why);
    }
    sandbox.own(&["frob"]).fails(2, "usage: xtask-standin sample|sts|world");
}

#[test]
fn sts_says_whose_keys_they_are_until_its_stdin_closes() {
    let sandbox = Sandbox::new(&[]);
    let keys = sandbox.run("stage", "aws", &["configure", "export-credentials", "--format", "process"]).json();
    let (id, token) = (keys["AccessKeyId"].as_str().unwrap(), keys["SessionToken"].as_str().unwrap());
    let sts = Cloud::start(&sandbox);
    let body = "Action=GetCallerIdentity&Version=2011-06-15";

    assert!(sts.send(b"nonsense\r\n\r\n").starts_with("HTTP/1.1 400"));
    let identity = sts.identity(id, token, body);
    assert!(identity.starts_with("HTTP/1.1 200 OK\r\n"), "{identity}");
    assert!(identity.contains("<Account>100000000005</Account>"), "{identity}");
    assert!(identity.contains("<Arn>arn:aws:sts::100000000005:assumed-role/"), "{identity}");
    for (id, token) in [("ASIA200000000000SHAM", token), (id, "other"), ("AKIAIOSFODNN7EXAMPLE", token)] {
        let refused = sts.identity(id, token, body);
        assert!(
            refused.starts_with("HTTP/1.1 403") && refused.contains("<Code>InvalidClientTokenId</Code>"),
            "{refused}"
        );
    }
    assert!(
        sts.identity(id, token, "Action=GetSessionToken&Version=2011-06-15").contains("<Code>InvalidAction</Code>")
    );
    assert!(sts.send(b"GET / HTTP/1.1\r\n\r\n").contains("<Code>MissingAuthenticationToken</Code>"));

    assert!(sts.end().success());
}
