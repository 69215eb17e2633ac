//! Traps that matter before a build, found by `doctor` and before anything is built; each in a world that has it and in one
//! that has not.
//!
//! Where every trap is tried: bootstrap, invoker, ECR, sessions and aws-vault here; old flags, old attributes, mocks, CI, pins, module, roles,
//! accounts that disagree, terraform or tofu, profiles and wrong accounts in [`super::doctor`]; a checkout that is dirty or
//! behind and sources that git can't read in `real::traps`; a full disk in the unit tests of `tasks::doctor::traps` and in
//! [`super::full_disk`]; images and task definitions in [`super::verify`].

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use super::log::Call;
use super::sandbox::{ACCOUNTS, Sandbox};
use crate::real::doctor::variables;

const BUILD: [&str; 3] = ["build-images", "v1.3.0", "--image=kaniko"];
const ALL: [&str; 3] = ["--repo", "--build-arg", "--env-secret"];

/// The sample with an invoker of these variables in the account that builds.
fn with_invoker(variables: &Value) -> Sandbox {
    let sandbox = Sandbox::new();
    fs::write(sandbox.world().join("accounts/100000000002/lambda.json"), variables.to_string()).unwrap();
    sandbox
}

/// What the doctor says of the invoker: the worst grade, and everything.
fn invoker(sandbox: &Sandbox) -> (String, String) {
    let json = sandbox.xtask(["doctor", "v1.3.0", "--format=json"]).run().json();
    let findings: Vec<_> =
        json["findings"].as_array().unwrap().iter().filter(|finding| finding["name"] == "invoker").collect();
    let grade = ["fail", "warn", "ok"].into_iter().find(|grade| findings.iter().any(|it| it["grade"] == *grade));
    (grade.unwrap_or("none").to_owned(), findings.iter().map(ToString::to_string).collect())
}

#[track_caller]
fn nothing_was_built(sandbox: &Sandbox) {
    assert!(sandbox.log().of("infrastructure-deployer").iter().all(|call| call.argv() == ["--version"]));
    assert!(sandbox.read("common.hcl").contains("\"v0.52.1\""), "nothing was moved");
}

#[test]
fn invoker_that_would_refuse_a_build_is_found_before_anything_is_built() {
    for (options, repos, said) in [
        (&ALL[..2], "https://.+", "the invoker of shared lets no build pass --env-secret"),
        (&ALL[2..], "https://.+", "the invoker of shared lets no build pass --build-arg"),
        (
            &ALL[..],
            "https://github.com/acme/.+",
            "the invoker of shared doesn't build from https://github.com/gruntwork-io/",
        ),
    ] {
        let sandbox = with_invoker(&variables(options, repos));
        let found = invoker(&sandbox);
        assert!(found.0 == "fail" && found.1.contains(said), "{found:?}");
        sandbox.xtask(BUILD).run().exits(3).says(said).says("--allow doubtful-build");
        sandbox.xtask(["update", "v1.3.0", "--yes"]).run().exits(3).says(said);
        nothing_was_built(&sandbox);
        sandbox.xtask(BUILD).args(["--allow=doubtful-build"]).run().exits(0).says("Allowed").says("built in");
    }
}

#[test]
fn invoker_that_lets_a_build_through_or_says_nothing_keeps_nothing_from_being_built() {
    let broken = json!({ "BASE64GZ_CONFIG_DATA_JSON": "bm9uc2Vuc2U=" });
    let unbalanced = variables(&ALL, "(https://");
    for (variables, grade, said) in [
        (&variables(&ALL, "https://github.com/.+"), "ok", "with --env-secret and --build-arg"),
        (&broken, "warn", "can't be read: it is no gzip"),
        (&unbalanced, "warn", "look at `allowed_repos_regex` in the unit"),
        (&json!({}), "warn", "has no BASE64GZ_CONFIG_DATA_JSON"),
    ] {
        let sandbox = with_invoker(variables);
        let found = invoker(&sandbox);
        assert!(found.0 == grade && found.1.contains(said), "{found:?}");
        let built = sandbox.xtask(BUILD).run().exits(0).says("built in");
        assert_eq!(built.err.contains("Not known"), grade == "warn", "{built:?}");
    }
}

#[test]
fn runner_that_cannot_build_its_successor_is_found_in_the_files() {
    let sandbox = Sandbox::new();
    sandbox.edit(
        "common.hcl",
        "kaniko_container_image_tag        = \"v0.52.1\"",
        "kaniko_container_image_tag        = \"v0.50.4\"",
    );
    sandbox.xtask(BUILD).run().exits(3).is("traps-bootstrap");
    assert!(sandbox.log().calls().is_empty(), "nobody was asked");
    sandbox.xtask(["update", "v1.3.0", "--yes"]).run().exits(3).says("this runner (kaniko v0.50.4) can't build v1.3.0");
    nothing_was_built(&sandbox);
    // A release that needs no secret, and a further look that says that it builds all the same.
    sandbox.xtask(["build-images", "v0.50.11", "--image=kaniko"]).run().exits(0);
    sandbox.xtask(BUILD).args(["--allow=doubtful-build"]).run().exits(0).says("built in");
}

#[test]
fn runner_that_cannot_build_its_successor_is_found_in_the_account_where_the_files_are_ahead() {
    let sandbox = Sandbox::new();
    let file = sandbox.world().join("accounts/100000000002/ecs.json");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains("kaniko:v0.52.1"));
    fs::write(file, text.replace("kaniko:v0.52.1", "kaniko:v0.50.4")).unwrap();
    let said = sandbox.xtask(BUILD).run().exits(3);
    said.says("this runner (kaniko v0.50.4) can't build v1.3.0").says("docker push ");
    nothing_was_built(&sandbox);
}

#[test]
fn image_that_is_there_needs_no_runner_that_could_build_it() {
    let sandbox = with_invoker(&variables(&[], "nothing"));
    sandbox.push("kaniko", "v1.3.0");
    sandbox.xtask(BUILD).run().exits(0).says("was there already, not built");
}

#[test]
fn image_is_found_among_more_than_fit_on_a_page() {
    let sandbox = Sandbox::new();
    (0..250).for_each(|n| sandbox.push("kaniko", &format!("v0.0.{n}")));
    sandbox.push("kaniko", "v1.3.0");
    sandbox.xtask(BUILD).run().exits(0).says("was there already, not built");
    nothing_was_built(&sandbox);
}

#[test]
fn registry_that_may_not_be_asked_is_told_with_what_is_missing() {
    let sandbox = Sandbox::new().fault("denied-ecr");
    let said = sandbox.xtask(BUILD).run().exits(3);
    said.says("cannot find out whether").says("need `ecr:DescribeImages` on repository `kaniko`");
    let found = sandbox.xtask(["doctor", "v1.3.0", "--format=json"]).run().exits(0).out;
    assert!(
        found.contains("whether the image of dev is there is not known: ECR in shared: AccessDeniedException: User"),
        "{found}"
    );
    assert!(found.contains("a policy denies these credentials the request"), "{found}");
    nothing_was_built(&sandbox);
}

#[test]
fn sessions_without_mfa_or_that_end_too_soon_are_found() {
    let finding = |sandbox: &Sandbox, name: &str| {
        let config = sandbox.top().join("home/config");
        let json = sandbox.xtask(["doctor", "v1.3.0", "--format=json"]).env("AWS_CONFIG_FILE", config).run().json();
        let found = json["findings"].as_array().unwrap().iter().find(|finding| finding["name"] == name).cloned();
        found.map(|it| format!("{}: {}", it["grade"].as_str().unwrap(), it["text"].as_str().unwrap())).unwrap()
    };
    let sandbox = Sandbox::new();
    let write = |text: &str| fs::write(sandbox.top().join("home/config"), text).unwrap();
    write("[profile your-dev]\nregion = us-east-1\n");
    assert_eq!(
        finding(&sandbox, "MFA"),
        "warn: profile `your-dev` of dev makes a session of stored keys without MFA, and such a session can't call IAM"
    );
    write("");
    for name in ["MFA", "MFA codes"] {
        assert_eq!(
            finding(&sandbox, name),
            "skip: for none of 6 accounts is a profile known that is in the AWS config files"
        );
    }
    let me = "mfa_serial = arn:aws:iam::100000000003:mfa/me\n";
    write(&format!("[profile your-dev]\n{me}[profile your-prod]\n{me}"));
    let share = "of the 2 of 6 accounts whose profiles are in the AWS config files";
    assert_eq!(finding(&sandbox, "MFA"), format!("ok: every profile has a role, SSO or an MFA device, {share}"));
    assert!(finding(&sandbox, "MFA codes").ends_with(share));
    write(&ACCOUNTS.map(|(name, _)| format!("[profile your-{name}]\n{me}")).concat());
    assert_eq!(finding(&sandbox, "MFA"), "ok: every profile has a role, SSO or an MFA device");
    sandbox.session_ends_in(3600);
    assert!(finding(&sandbox, "sessions").starts_with("ok: good for 59 min"));
    sandbox.session_ends_in(600);
    assert!(finding(&sandbox, "sessions").starts_with("warn: the first one ends in 9 min"));
}

/// A role profile for each account, all with this source; `more` are further lines of each.
fn roles(source: &str, more: &str) -> String {
    let role = |(name, id): (&str, &str)| {
        let arn = format!("arn:aws:iam::{id}:role/allow-full-access-from-other-accounts");
        format!("[profile your-{name}]\nsource_profile = {source}\nrole_arn = {arn}\n{more}")
    };
    ACCOUNTS.into_iter().map(role).collect()
}

#[test]
fn doctor_tells_how_many_mfa_codes_are_asked_for_and_the_line_that_makes_it_one() {
    const ME: &str = "mfa_serial = arn:aws:iam::111111111111:mfa/me\n";
    let sandbox = Sandbox::new();
    let config = sandbox.top().join("home/config");
    let finding = |text: &str, more: &[(&str, &str)]| {
        fs::write(&config, text).unwrap();
        let asked = sandbox.xtask(["doctor", "v1.3.0", "--format=json"]).env("AWS_CONFIG_FILE", &config);
        let json = more.iter().fold(asked, |asked, (name, value)| asked.env(name, value)).run().json();
        let found = json["findings"].as_array().unwrap().iter().find(|it| it["name"] == "MFA codes").cloned().unwrap();
        let lines = |key: &str| {
            found[key].as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        (
            format!("{}: {}", found["grade"].as_str().unwrap(), found["text"].as_str().unwrap()),
            lines("details"),
            lines("do"),
        )
    };
    let shared = "[profile ops]\n".to_owned() + ME + &roles("ops", ME);
    let (text, why, to_do) = finding(&shared, &[]);
    assert_eq!(text, "ok: one code of arn:aws:iam::111111111111:mfa/me for all 6 accounts");
    assert!(why.is_empty() && to_do.is_empty());

    let six = "warn: 6 codes of arn:aws:iam::111111111111:mfa/me, one for each account";
    let (text, why, to_do) = finding(&format!("[profile ops]\nregion = us-east-1\n{}", roles("ops", ME)), &[]);
    assert_eq!(text, six);
    assert!(why[0].contains("not on their source profile `ops`"), "{why:?}");
    assert_eq!(to_do, ["add to [profile ops] (~/config:1): mfa_serial = arn:aws:iam::111111111111:mfa/me"]);
    // The line, taken at its word.
    let mended = format!("[profile ops]\n{ME}region = us-east-1\n{}", roles("ops", ME));
    assert!(finding(&mended, &[]).0.starts_with("ok: one code"));

    let (text, why, to_do) = finding(&(shared.clone() + "[default]\nduration_seconds = 14400\n"), &[]);
    assert_eq!(text, six);
    assert!(why[0].starts_with("`duration_seconds` is more than the hour"), "{why:?}");
    assert_eq!(to_do, ["remove `duration_seconds` from [default] (~/config:27)"]);

    let (text, _, to_do) = finding(&shared, &[("AWS_ASSUME_ROLE_TTL", "4h")]);
    assert_eq!((text.as_str(), &to_do[..]), (six, &["unset AWS_ASSUME_ROLE_TTL".to_owned()][..]));

    let (text, why, _) = finding(&shared, &[("XTASK_CREDENTIALS", "env AWS_PROFILE={profile}")]);
    assert_eq!(text, six);
    assert!(why[0].starts_with("the AWS CLI asks for each role"), "{why:?}");

    let (text, ..) = finding(&shared, &[("XTASK_CREDENTIALS", "saml2aws exec --exec-profile {profile} --")]);
    assert_eq!(text, "skip: saml2aws decides when to ask for one");
    let (text, ..) = finding(&roles("ops", ""), &[]);
    assert_eq!(text, "ok: none is asked for, as far as the AWS config files tell");
    let (text, ..) = finding("", &[("XTASK_CREDENTIALS", "[]")]);
    assert_eq!(text, "ok: none is asked for: the credentials are in the environment");
}

#[test]
fn version_of_aws_vault_that_asks_once_per_role_is_found() {
    for (version, said) in [("v7.12.0", "warn"), ("v7.12.2", "ok")] {
        let sandbox = Sandbox::new();
        let (tool, real) = (sandbox.tool("aws-vault"), sandbox.world().join("real"));
        fs::create_dir(&real).unwrap();
        fs::rename(&tool, real.join("aws-vault")).unwrap();
        let script = format!(
            "#!/bin/sh\ncase $1 in --version) echo {version} ;; *) exec '{}' \"$@\" ;; esac\n",
            real.join("aws-vault").display()
        );
        fs::write(&tool, script).unwrap();
        fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).unwrap();
        let json = sandbox.xtask(["doctor", "v1.3.0", "--offline", "--format=json"]).run().json();
        let finding = json["findings"].as_array().unwrap().iter().find(|finding| finding["name"] == "aws-vault");
        assert_eq!(finding.unwrap()["grade"], said, "{version}");
    }
}

#[test]
fn what_stands_against_both_images_is_said_once() {
    let sandbox = with_invoker(&variables(&ALL[..1], "https://example.com/.+"));
    let said = sandbox.xtask(["build-images", "v1.3.0"]).run().exits(3);
    assert_eq!(said.err.matches("error: ").count(), 2, "options and repository: {said:?}");
}

#[test]
fn invoker_that_the_settings_name_is_the_one_that_is_asked() {
    let sandbox = Sandbox::new().setting("build", r#"{ invoker-function-id = "another-invoker" }"#);
    sandbox.xtask(BUILD).run().exits(0).says("shared has no lambda of the name that is expected");
    sandbox.xtask(["doctor", "v1.3.0"]).run().exits(0);
    let log = sandbox.log();
    let asked = log.asked();
    let n_asked = asked.iter().filter(|asked| asked.input()["FunctionName"] == "another-invoker").count();
    assert_eq!(n_asked, 2, "{asked:?}");
}

/// Gives repositories of shared these policies; null is none.
fn policies(sandbox: &Sandbox, policies: &Value) {
    let folder = sandbox.world().join("accounts/100000000002");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("ecr-policies.json"), policies.to_string()).unwrap();
}

#[test]
fn account_that_may_not_pull_its_images_is_found() {
    let sandbox = Sandbox::new();
    let finding = || {
        let json = sandbox.xtask(["doctor", "v1.3.0", "--format=json"]).run().exits(0).json();
        let found =
            json["findings"].as_array().unwrap().iter().find(|finding| finding["name"] == "ECR policy").cloned();
        let found = found.unwrap();
        (found["grade"].as_str().unwrap().to_owned(), found.to_string())
    };
    assert_eq!(finding().0, "ok");
    let names = ["dev", "logs", "prod", "security"].map(|name| {
        let (_, id) = ACCOUNTS.iter().find(|(known, _)| *known == name).unwrap();
        format!("arn:aws:iam::{id}:root")
    });
    let allow = |principal: Value| serde_json::json!({ "Statement": [{ "Effect": "Allow", "Principal": principal, "Action": "ecr:*" }] });
    policies(&sandbox, &serde_json::json!({ "ecs-deploy-runner": allow(serde_json::json!({ "AWS": names })) }));
    let (grade, text) = finding();
    assert!(grade == "warn" && text.contains("1 account may not pull"), "{text}");
    assert!(text.contains("stage from ecs-deploy-runner of shared   no statement allows ecr:"), "{text}");
    policies(&sandbox, &serde_json::json!({ "ecs-deploy-runner": null }));
    let (grade, text) = finding();
    assert!(grade == "warn" && text.contains("5 accounts may not pull"), "{text}");
    let mut conditional = allow(serde_json::json!("*"));
    conditional["Statement"][0]["Condition"] = serde_json::json!({ "StringEquals": { "aws:PrincipalOrgID": "o-1" } });
    policies(&sandbox, &serde_json::json!({ "ecs-deploy-runner": conditional }));
    let (grade, text) = finding();
    assert!(grade == "skip" && text.contains("whether 5 accounts may pull can't be judged"), "{text}");
    assert!(text.contains("depends on the condition `aws:PrincipalOrgID`"), "{text}");
}

#[test]
fn nothing_is_planned_for_an_account_that_may_not_pull_its_images() {
    let sandbox = Sandbox::bumped();
    policies(&sandbox, &json!({ "ecs-deploy-runner": null }));
    let said = sandbox.xtask(["apply-all", "--yes", "--account=dev,shared"]).run().exits(3);
    said.says("the policy of ECR repository ecs-deploy-runner of shared lets 1 account not pull")
        .says("100000000004 dev: no statement allows ecr:BatchGetImage")
        .says("--allow denied-pull");
    assert!(sandbox.log().of("terraform").is_empty());
    let said = sandbox.xtask(["update", "v1.3.0", "--yes", "--account=dev"]).run().exits(3);
    said.says("lets 1 account not pull").says_nothing_of("Planning");
    let allowed = ["apply-all", "--yes", "--account=dev", "--allow=denied-pull"];
    sandbox.xtask(allowed).run().exits(0).says("lets 1 account not pull (--allow denied-pull)");
    assert_eq!(sandbox.log().applied(), ["100000000004"]);
}

#[test]
fn images_and_policies_are_asked_for_in_one_session_of_each_account() {
    let sandbox = Sandbox::bumped();
    let said = sandbox.xtask(["apply-all", "--yes", "--plan-only"]).run().exits(0).says("2 images in ECR");
    assert!(said.err.contains("Planned"), "{}", said.screen());
    let log = sandbox.log();
    let asks = |call: &&Call<'_>| call.argv().contains(&"ask") && call.argv()[1] == "your-shared";
    assert_eq!(log.of("aws-vault").iter().filter(asks).count(), 1);
    assert_eq!((log.n_asked("DescribeImages"), log.n_asked("GetRepositoryPolicy")), (2, 1));
}

#[test]
fn images_of_builds_and_tags_are_asked_for_in_one_session_of_each_account() {
    let sandbox = Sandbox::new();
    let n_sessions = |args: &[&str]| {
        sandbox.clear_log();
        sandbox.xtask(args).run().exits(0);
        let log = sandbox.log();
        let asks = |call: &&Call<'_>| call.argv().contains(&"ask") && call.argv()[1] == "your-shared";
        (log.of("aws-vault").iter().filter(asks).count(), log.n_asked("DescribeImages"))
    };
    // Before the builds, of the runner that builds, and after.
    assert_eq!(n_sessions(&["build-images", "v1.3.0"]), (3, 4));
    assert_eq!(n_sessions(&["build-images", "v1.3.0"]), (1, 2));
    assert_eq!(n_sessions(&["bump-tags", "v1.3.0"]), (1, 2));
    assert_eq!(n_sessions(&["update", "v1.3.0", "--yes", "--until=images"]), (1, 2));
}

#[test]
fn policy_that_cannot_be_judged_is_told_and_refuses_nothing() {
    let sandbox = Sandbox::bumped();
    let allow = json!({ "Effect": "Allow", "Principal": "*", "Action": "ecr:*",
        "Condition": { "StringEquals": { "aws:PrincipalOrgID": "o-1" } } });
    policies(&sandbox, &json!({ "ecs-deploy-runner": { "Statement": allow } }));
    let said = sandbox.xtask(["apply-all", "--yes", "--account=dev"]).run().exits(0);
    said.says("whether dev may pull from ecs-deploy-runner of shared depends on the condition `aws:PrincipalOrgID`");
    let of_shared = sandbox.xtask(["apply-all", "--yes", "--account=shared"]).run().exits(0);
    of_shared.says_nothing_of("may pull");
}
