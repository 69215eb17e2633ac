//! Which profile is taken for an account: the option, the settings, their template, the AWS config file.

use super::command::Xtask;
use super::said::Said;
use super::sandbox::{ACCOUNTS, Sandbox};

const CONFIG: &str = "\
[profile one]
role_arn = arn:aws:iam::100000000004:role/admin

[profile by-sso]
sso_account_id = 100000000005
";

fn with_config<'a>(sandbox: &'a Sandbox, text: &str) -> Xtask<'a> {
    let path = sandbox.top().join("home/config");
    std::fs::write(&path, text).unwrap();
    sandbox.xtask(["units", "--format", "json"]).env("AWS_CONFIG_FILE", path)
}

/// The profiles of dev and stage.
fn profiles(command: Xtask<'_>) -> [String; 2] {
    let json = command.run().json();
    [0, 5].map(|n| json["units"][n]["profile"].as_str().unwrap_or("?").to_owned())
}

#[test]
fn config_file_is_asked_last() {
    let sandbox = Sandbox::new().without_setting("profile");
    assert_eq!(profiles(with_config(&sandbox, CONFIG)), ["one", "by-sso"]);
}

#[test]
fn option_comes_before_the_table_and_that_before_the_template() {
    let sandbox = Sandbox::new();
    assert_eq!(profiles(with_config(&sandbox, CONFIG)), ["your-dev", "your-stage"]);
    let sandbox = sandbox.setting("profiles", r#"{ dev = "by-table", stage = "by-table-too" }"#);
    assert_eq!(profiles(with_config(&sandbox, CONFIG)), ["by-table", "by-table-too"]);
    let command = with_config(&sandbox, CONFIG).args(["--profile", "dev=by-option"]);
    assert_eq!(profiles(command), ["by-option", "by-table-too"]);
}

#[test]
fn chosen_profile_is_the_one_that_is_used() {
    let sandbox = Sandbox::bumped().vault_profile("by-option", "100000000004");
    sandbox.xtask(["apply-all", "--yes", "--account", "dev", "--profile", "dev=by-option"]).run().exits(0);
    let log = sandbox.log();
    let wrappers: Vec<_> = log.of("aws-vault").into_iter().filter(|call| call.argv()[1] != "your-shared").collect();
    assert!(!wrappers.is_empty() && wrappers.iter().all(|call| call.argv()[..3] == ["exec", "by-option", "--"]));
}

#[test]
fn several_profiles_are_listed_with_the_line_to_add() {
    let sandbox = Sandbox::bumped().without_setting("profile");
    let config = format!("{CONFIG}\n[profile two]\nrole_arn = arn:aws:iam::100000000004:role/reader\n");
    let path = sandbox.top().join("home/config");
    std::fs::write(&path, config).unwrap();
    let command = sandbox.xtask(["apply-all", "--yes", "--account", "dev"]).env("AWS_CONFIG_FILE", path);
    command.run().exits(3).is("profiles-several");
    assert!(sandbox.log().calls().is_empty());
}

#[test]
fn no_profile_is_refused_with_the_line_to_add() {
    let sandbox = Sandbox::bumped().without_setting("profile");
    sandbox.xtask(["apply-all", "--yes", "--account", "dev"]).run().exits(3).is("profiles-none");
}

/// Profiles of several roles for each account, named like those that `aws configure sso` and granted write.
fn sso(roles: &[&str]) -> String {
    let profile = |(name, id): &(&str, &str), role: &&str| {
        format!("[profile acme-{name}.{role}]\nsso_session = acme\nsso_account_id = {id}\nsso_role_name = {role}\n")
    };
    ACCOUNTS.iter().flat_map(|account| roles.iter().map(move |role| profile(account, role))).collect()
}

fn with_home_config(sandbox: &Sandbox, name: &str, text: &str) {
    std::fs::create_dir_all(sandbox.top().join("home/.aws")).unwrap();
    std::fs::write(sandbox.top().join("home/.aws").join(name), text).unwrap();
}

#[test]
fn several_profiles_of_every_account_are_one_message_with_the_patterns_that_fit() {
    let sandbox = Sandbox::bumped().without_setting("profile");
    let roles = ["AWSReadOnlyAccess", "AdministratorAccess", "Billing", "PowerUserAccess"];
    let others = "[profile acme-other.AdministratorAccess]\nsso_account_id = 999999999999\n";
    with_home_config(&sandbox, "config", &(sso(&roles) + others));
    sandbox.xtask(["apply-all", "--yes"]).run().exits(3).is("profiles-patterns");
    assert!(sandbox.log().calls().is_empty());
}

#[test]
fn names_that_exist_are_listed_where_none_leads_into_an_account() {
    let sandbox = Sandbox::bumped().without_setting("profile");
    let names = (0..20).map(|n| format!("[profile other-{n}]\n")).collect::<String>();
    with_home_config(&sandbox, "config", &(names + "[profile our-dev]\n"));
    let said = sandbox.xtask(["apply-all", "--yes"]).run().exits(3);
    said.says("there is no profile for 6 accounts").says("profiles there: our-dev, other-0,").says("and 11 more");
}

#[test]
fn credentials_file_counts_for_tools_that_read_it() {
    let keys = |name: &str, id: &str| {
        format!("[acme-{name}]\naws_access_key_id = AKIA\nx_principal_arn = arn:aws:sts::{id}:assumed-role/Admin/me\n")
    };
    let text: String = ACCOUNTS.iter().map(|(name, id)| keys(name, id)).collect();
    let sandbox = Sandbox::new().without_setting("profile");
    with_home_config(&sandbox, "credentials", &text);
    assert_eq!(profiles(sandbox.xtask(["units", "--format", "json"])), ["?", "?"], "aws-vault never reads it");
    let saml = |sandbox: &Sandbox| {
        profiles(
            sandbox
                .xtask(["units", "--format", "json"])
                .env("XTASK_CREDENTIALS", "saml2aws exec --exec-profile {profile} --"),
        )
    };
    assert_eq!(saml(&sandbox), ["acme-dev", "acme-stage"]);
}

#[test]
fn config_file_that_cannot_be_read_is_named_with_its_path() {
    let sandbox = Sandbox::bumped().without_setting("profile");
    let apply = |value: &str| sandbox.xtask(["apply-all", "--yes"]).env("AWS_CONFIG_FILE", value).run().exits(3);
    apply("~/no/such").says("which AWS_CONFIG_FILE names, does not exist").says("--> ~/no/such");
    apply("~").says("is a folder");
    std::fs::write(sandbox.top().join("home/mine"), CONFIG).unwrap();
    let units = sandbox.xtask(["units", "--format", "json"]).env("AWS_CONFIG_FILE", "~/mine");
    assert_eq!(profiles(units), ["one", "by-sso"], "`~` is expanded");
    let units = sandbox.xtask(["units", "--format", "json"]).env("AWS_CONFIG_FILE", "../home/mine");
    assert_eq!(profiles(units), ["one", "by-sso"], "it is found from where the command was started");
    let doctor = sandbox.xtask(["doctor", "--offline"]).env("AWS_CONFIG_FILE", "/no/such").run().exits(5);
    assert!(doctor.out.contains("--> /no/such"), "{}", doctor.screen());
}

#[test]
fn names_in_the_settings_are_checked() {
    let sandbox = Sandbox::bumped().setting("profiles", r#"{ prodd = "x" }"#);
    let said = sandbox.xtask(["apply-all", "--yes"]).run().exits(3);
    said.says("`profiles` names `prodd`").says("--> Cargo.toml:").says("did you mean `prod`?");
    let sandbox = Sandbox::bumped().setting("credentials", r#"["env", "AWS_PROFILE={profile}"]"#);
    std::fs::copy("/usr/bin/env", sandbox.tool("env")).unwrap();
    with_home_config(&sandbox, "config", &ACCOUNTS.map(|(name, _)| format!("[profile your-{name}]\n")).concat());
    let verify = |option: &str| sandbox.xtask(["verify", "--account", "shared", "--profile", option]).run();
    verify("shared=your-shard")
        .exits(3)
        .says("profile `your-shard` is not in ~/.aws/config")
        .says("did you mean `your-shared`?");
    assert!(sandbox.log().calls().is_empty());
}

#[test]
fn what_a_person_sets_counts_more_than_what_is_committed() {
    let sandbox = Sandbox::new();
    std::fs::create_dir_all(sandbox.repo().join(".xtask")).unwrap();
    sandbox.write(".xtask/local.toml", "profile = \"mine-{account}\"\n[profiles]\nstage = \"other\"\n");
    let units = || sandbox.xtask(["units", "--format", "json"]);
    assert_eq!(profiles(units()), ["mine-dev", "other"]);
    assert_eq!(units().run().json()["units"][5]["profile_from"], ".xtask/local.toml:3");
    assert_eq!(profiles(units().env("XTASK_PROFILE", "now-{account}")), ["now-dev", "now-stage"]);
    let said = sandbox.xtask(["units"]).env("XTASK_PROFILE", "now-{account}").run().exits(0);
    assert!(said.out.contains("profiles     by XTASK_PROFILE"), "{}", said.screen());
    let said = sandbox.xtask(["units"]).env("XTASK_CREDENTIALS", "granted-wrapper {profile}").run().exits(0);
    assert!(said.out.contains("credentials  granted-wrapper {profile}   by XTASK_CREDENTIALS"), "{}", said.screen());
    sandbox.write(".xtask/local.toml", "require-clean = \"always\"\n");
    sandbox.xtask(["apply-all", "--yes"]).run().exits(3).says("`require-clean` is not a setting of a person");
}

#[test]
fn personal_settings_that_everybody_may_write_are_refused() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::new();
    let local = sandbox.repo().join(".xtask/local.toml");
    std::fs::create_dir_all(sandbox.repo().join(".xtask")).unwrap();
    std::fs::write(&local, "profile = \"your-{account}\"\n").unwrap();
    std::fs::set_permissions(&local, PermissionsExt::from_mode(0o666)).unwrap();
    sandbox.xtask(["units"]).run().exits(3).says("`.xtask/local.toml` may be written by everybody");
    std::fs::set_permissions(&local, PermissionsExt::from_mode(0o664)).unwrap();
    sandbox.xtask(["units"]).run().exits(0);
}

#[test]
fn personal_settings_behind_a_link_are_refused() {
    let sandbox = Sandbox::new();
    std::fs::create_dir_all(sandbox.repo().join(".xtask")).unwrap();
    std::fs::write(sandbox.top().join("home/x.toml"), "profile = \"mine\"\n").unwrap();
    std::os::unix::fs::symlink(sandbox.top().join("home/x.toml"), sandbox.repo().join(".xtask/local.toml")).unwrap();
    sandbox.xtask(["apply-all", "--yes"]).run().exits(3).says("cannot read the personal settings");
}

#[test]
fn option_for_an_account_that_is_not_there_is_a_mistake() {
    let sandbox = Sandbox::new();
    sandbox.xtask(["units", "--profile", "deb=your-dev"]).run().exits(2).says("`--profile deb=…`");
    sandbox.xtask(["units", "--profile", "dev"]).run().exits(2);
}

#[test]
fn files_that_cannot_be_read_are_named_for_what_they_are_by_every_command() {
    let sandbox = Sandbox::bumped().setting("credentials", r#"["env", "AWS_PROFILE={profile}"]"#);
    std::fs::copy("/usr/bin/env", sandbox.tool("env")).unwrap();
    let home = sandbox.top().join("home/.aws");
    let (config, credentials) = (home.join("config"), home.join("credentials"));
    std::fs::create_dir_all(&credentials).unwrap();
    let names: String = ACCOUNTS.map(|(name, _)| format!("[profile your-{name}]\nregion = us-east-1\n")).concat();
    std::fs::write(&config, &names).unwrap();
    let folder = "~/.aws/credentials: the AWS credentials file is a folder";
    let units = sandbox.xtask(["units"]).run().exits(0);
    units.says(folder);
    let json = sandbox.xtask(["units", "--format", "json"]).run().exits(0).says(folder);
    assert!(json.out.starts_with('{'), "{}", json.screen());
    let apply = sandbox.xtask(["apply-all", "--yes", "--account", "dev"]).run();
    assert_eq!(apply.err.matches(folder).count(), 1, "{}", apply.screen());
    let doctor = |sandbox: &Sandbox| sandbox.xtask(["doctor", "--offline"]).run().exits(5);
    let said = doctor(&sandbox);
    assert!(said.out.contains("the AWS credentials file is a folder"), "{}", said.screen());
    assert!(said.out.contains("--> ~/.aws/credentials") && !said.out.contains("config file is"), "{}", said.screen());

    // aws-vault never reads it.
    let vault = sandbox.xtask(["units"]).env("XTASK_CREDENTIALS", "aws-vault exec {profile} --").run().exits(0);
    assert!(!vault.err.contains("credentials file"), "{}", vault.screen());

    std::fs::remove_dir(&credentials).unwrap();
    for (bytes, what) in [
        (
            format!("{names}[profile your-dev]\n").into_bytes(),
            "the AWS CLI reads nothing of the AWS config file because of a line: section `[profile your-dev]` a second time",
        ),
        (
            b"# d\xe9v\n".iter().chain(names.as_bytes()).copied().collect(),
            "~/.aws/config:1: the AWS config file is not UTF-8",
        ),
    ] {
        std::fs::write(&config, bytes).unwrap();
        sandbox.xtask(["units"]).run().exits(0).says(what);
    }
    std::fs::remove_file(&config).unwrap();
    std::fs::create_dir(&config).unwrap();
    let sandbox = sandbox.without_setting("profile");
    let refused = sandbox.xtask(["apply-all", "--yes"]).run().exits(3);
    let refused = refused.says("the AWS config file is a folder").says("--> ~/.aws/config");
    assert!(!refused.err.contains("config (which does not exist)"), "{}", refused.screen());
    assert!(refused.err.contains("credentials (which does not exist)"), "{}", refused.screen());
}

#[test]
fn accounts_whose_profile_is_not_known_are_one_message_of_units() {
    let sandbox = Sandbox::new().without_setting("profile");
    let units = || {
        let said = sandbox.xtask(["units"]).run().exits(0);
        assert_eq!(said.out.matches("profile: ").count(), 1, "{}", said.screen());
        assert!(!said.out.contains("metadata.xtask"), "what is a person's is not for Cargo.toml: {}", said.screen());
        said.out
    };
    let none = units();
    assert!(none.contains("  profile: there is no profile for 6 accounts: dev,"), "{none}");
    assert!(none.contains("XTASK_PROFILE='acme-{account}', or `profile` in `.xtask/local.toml`"), "{none}");
    let lead = |(n, (_, id)): (usize, (&str, &str))| {
        ["p", "q"].map(|name| format!("[profile {name}{n}]\nrole_arn = arn:aws:iam::{id}:role/Admin\n")).concat()
    };
    with_home_config(&sandbox, "config", &ACCOUNTS.into_iter().enumerate().map(lead).collect::<String>());
    let several = units();
    assert!(several.contains("  profile: several profiles lead into each of 6 accounts\n"), "{several}");
    assert!(several.contains("      dev = \"p0\"   # or q0\n"), "{several}");
    assert!(several.contains("`cargo xtask doctor --fix` asks which, and writes it"), "{several}");
}

#[test]
fn template_that_names_no_profile_is_one_finding_of_doctor() {
    let sandbox = Sandbox::bumped();
    let findings = |config: &str, template: &str, tool: &str| {
        with_home_config(&sandbox, "config", config);
        let doctor = sandbox.xtask(["doctor", "--offline"]).env("XTASK_PROFILE", template);
        let said = doctor.env("XTASK_CREDENTIALS", tool).run();
        let lines = said.out.lines().skip_while(|line| !line.contains("  profiles "));
        let mut first = true;
        let lines: Vec<_> = lines
            .take_while(|line| std::mem::take(&mut first) || line.contains("  profiles ") || line.starts_with("   "))
            .map(str::to_owned)
            .collect();
        lines.join("\n").replace(&format!("\n{:31}", ""), " ")
    };
    let (vault, other) = ("aws-vault exec {profile} --", "own {profile} --");
    let found = findings("[profile p1]\n[profile q1]\n", "acme-{account}", other);
    assert!(found.starts_with("warn  profiles"), "another tool may have them from elsewhere: {found}");
    let found = findings("[profile p1]\n[profile q1]\n", "acme-{account}", vault);
    assert_eq!(found.matches("  profiles   ").count(), 1, "{found}");
    assert!(found.starts_with("fail  profiles"), "{found}");
    assert!(found.contains("none of the 6 profiles by XTASK_PROFILE is in ~/.aws/config"), "{found}");
    assert!(found.contains("named: acme-dev,") && found.contains("profiles there: p1, q1"), "{found}");
    assert!(!found.contains("did you mean"), "{found}");

    let five = ACCOUNTS.iter().filter(|(name, _)| *name != "prod");
    let five: String = five.map(|(name, _)| format!("[profile a-very-{name}]\n")).collect();
    let found = findings(&five, "a-very-{account}", vault);
    assert_eq!(found.matches("  profiles   ").count(), 2, "{found}");
    assert!(found.starts_with("ok    profiles") && !found.lines().next().unwrap().contains("prod"), "{found}");
    assert!(found.contains("profile `a-very-prod` is not in ~/.aws/config"), "{found}");
}

#[test]
fn odd_values_of_variables_are_refused_where_they_are_read() {
    let sandbox = Sandbox::bumped();
    let run = |command: &[&str], name: &str, value: &str| sandbox.xtask(command).env(name, value).run();
    for name in ["XTASK_CREDENTIALS", "XTASK_PROFILE"] {
        run(&["units"], name, " ").exits(2).says(&format!("`{name}` is blank")).says("hint: unset it");
        run(&["apply-all", "--yes"], name, "\t").exits(2).says(&format!("`{name}` is blank"));
    }
    for empty in ["'' exec {profile}", "[\"\", \"{profile}\"]"] {
        let said = run(&["units"], "XTASK_CREDENTIALS", empty).exits(3);
        said.says("`credentials` has no name of a program before its first option").says("--> XTASK_CREDENTIALS");
    }
    for unexpanded in ["~me/bin/x {profile}", "$TOOLS/x {profile}"] {
        let said = run(&["units"], "XTASK_CREDENTIALS", unexpanded).exits(3);
        said.says("which no shell expands here").says("--> XTASK_CREDENTIALS").says("hint: write the whole path");
    }
    assert!(sandbox.log().calls().is_empty());
}

#[test]
fn program_of_the_credentials_may_be_in_the_home_folder() {
    let sandbox = Sandbox::bumped();
    let whole = "[top]/home/bin/own {profile}";
    for named in ["~/bin/own {profile}", "$HOME/bin/own {profile}", "${HOME}/bin/own {profile}"] {
        let said = sandbox.xtask(["units"]).env("XTASK_CREDENTIALS", named).run().exits(0);
        assert!(said.out.contains(&format!("credentials  {whole}")), "{}", said.screen());
    }
    let sandbox = sandbox.setting("credentials", r#"["~/bin/own", "{profile}"]"#);
    let said = sandbox.xtask(["units"]).run().exits(0);
    assert!(said.out.contains(&format!("credentials  {whole}")), "{}", said.screen());
}

/// The number of errors in what was said.
fn n_errors(said: &Said) -> usize {
    said.err.lines().filter(|line| line.starts_with("error: ")).count()
}

fn nothing_was_opened(sandbox: &Sandbox) -> bool {
    sandbox.log().of("aws-vault").iter().all(|call| call.argv()[0] != "exec")
}

#[test]
fn one_profile_for_several_accounts_is_refused_before_anybody_signs_in() {
    let sandbox = Sandbox::bumped();
    let run = |args: &[&str]| sandbox.xtask(args).env("XTASK_PROFILE", "fixed").run();
    for args in [&["apply-all", "--yes"][..], &["identity"], &["verify"], &["apply-all", "--account=dev,logs"]] {
        let said = run(args).exits(3).says("profile `fixed` is named for").says("accounts: dev, ");
        let said = said.says("named by XTASK_PROFILE").says("`{account}`").says("--account NAME");
        assert_eq!(n_errors(&said), 1, "{}", said.screen());
    }
    let units = run(&["units"]).exits(0);
    assert_eq!(units.out.matches("profile `fixed` is named for 6 accounts: dev,").count(), 1, "{}", units.screen());
    assert_eq!(units.out.matches("/mgmt/ecs-deploy-runner ").count(), 6, "{}", units.screen());
    let json = run(&["units", "--format=json"]).exits(0).json();
    assert!(json["units"][0]["unresolved"]["profile"].as_str().unwrap().contains("for 6 accounts"), "{json}");
    let doctor = run(&["doctor", "--offline"]);
    assert!(doctor.out.contains("fail  profiles") && !doctor.out.contains("ok    profiles"), "{}", doctor.screen());
    assert!(nothing_was_opened(&sandbox));
    let units = run(&["units", "--account", "dev"]).exits(0);
    assert!(units.out.contains("100000000004  fixed "), "{}", units.screen());
    let own =
        sandbox.xtask(["units"]).env("XTASK_PROFILE", "fixed").env("XTASK_CREDENTIALS", "own {profile} {account}");
    assert!(own.run().exits(0).out.contains("100000000006  fixed "));
}

#[test]
fn profile_of_one_account_works_there_and_what_is_asked_elsewhere_is_told() {
    let sandbox = Sandbox::bumped();
    with_home_config(&sandbox, "config", &sso(&["Admin"]));
    let run = |args: &[&str]| sandbox.xtask(args).env("XTASK_PROFILE", "acme-dev.Admin").run();
    let sandbox_with =
        |sandbox: &Sandbox| sandbox.log().of("aws-vault").iter().map(|it| it.argv()[1].to_owned()).collect::<Vec<_>>();
    let units = run(&["units"]).exits(0);
    assert!(units.out.contains("100000000004  acme-dev.Admin  ") && units.out.contains("100000000006  ?  "));
    assert!(units.out.contains("it leads into 100000000004 dev, by `sso_account_id`"), "{}", units.screen());
    assert!(units.out.contains("unset XTASK_PROFILE: the AWS config has a profile for each of them"));
    let said = run(&["apply-all", "--yes"]).exits(3).says("profile `acme-dev.Admin` is named for 6 accounts");
    assert_eq!(n_errors(&said), 1, "{}", said.screen());

    // No `--account` leaves out the account that has the images.
    for args in [&["update", "v1.4.0", "--account=dev", "--yes", "--allow=unknown-release"][..], &["update", "v1.3.0"]]
    {
        let said = run(args).exits(3).says("`shared` has the images").says("--profile shared=acme-shared.Admin");
        let said = said.says_nothing_of("--account NAME");
        assert_eq!(n_errors(&said), 1, "{}", said.screen());
    }
    let said = run(&["build-images", "v1.3.0"]).exits(3);
    said.says("`acme-shared.Admin` leads into 100000000002: --profile shared=acme-shared.Admin");
    assert!(nothing_was_opened(&sandbox));

    let sandbox =
        sandbox.vault_profile("acme-dev.Admin", "100000000004").vault_profile("acme-shared.Admin", "100000000002");
    let run = |args: &[&str]| sandbox.xtask(args).env("XTASK_PROFILE", "acme-dev.Admin").run();
    let said = run(&["apply-all", "--yes", "--account=dev"]).exits(0);
    said.says("ECR was not asked for ecs-deploy-runner:v1.3.0: its registry lies in `shared`")
        .says("to ask it: --profile shared=PROFILE");
    assert!(sandbox_with(&sandbox).iter().all(|profile| profile == "acme-dev.Admin"));
    let said = run(&["apply-all", "--yes", "--account=dev", "--profile=shared=acme-shared.Admin"]).exits(0);
    said.says("1 image in ECR");
}

#[test]
fn credentials_of_the_environment_are_hinted_for_one_account_only_where_that_is_enough() {
    let sandbox = Sandbox::bumped().setting("credentials", "[]");
    let said = sandbox.xtask(["update", "v1.3.0"]).run().exits(3).says("can't be those of 6 accounts");
    let said = said.says("with the credentials of shared: cargo xtask update v1.3.0 --account shared");
    said.says("`shared` has the images").says("cargo xtask apply-all --account NAME").says_nothing_of("--account dev");
    let said = sandbox.xtask(["apply-all"]).run().exits(3);
    said.says("with the credentials of dev: cargo xtask apply-all --account dev").says_nothing_of("has the images");
}

#[test]
fn names_that_are_in_no_file_are_refused_before_the_credential_tool_is_started() {
    let sandbox = Sandbox::bumped();
    with_home_config(&sandbox, "config", &sso(&["Admin"]));
    let commands = [
        &["apply-all", "--yes"][..],
        &["update", "v1.3.0", "--yes"],
        &["build-images", "v1.3.0"],
        &["bump-tags", "v0.52.1", "--yes"],
        &["verify"],
        &["identity"],
    ];
    for command in commands {
        let said = sandbox.xtask(command).env("XTASK_PROFILE", "acmee-{account}.Admin").run().exits(3);
        let said = said.says("by XTASK_PROFILE").says("in ~/.aws/config").says("acme-shared.Admin");
        assert_eq!(n_errors(&said), 1, "{}", said.screen());
    }
    let wrong = |sandbox: &Sandbox, args: &[&str]| {
        let said = sandbox.xtask(["apply-all", "--yes"]).args(args).run().exits(3);
        assert_eq!(n_errors(&said), 1, "{}", said.screen());
        said
    };
    let said =
        wrong(&sandbox, &["--account=dev", "--profile=dev=acme-dve.Admin", "--profile=shared=acme-shared.Admin"]);
    said.says("profile `acme-dve.Admin` is not in ~/.aws/config").says("did you mean `acme-dev.Admin`?");
    let table = ACCOUNTS.map(|(name, _)| format!("{name} = \"acme-{name}.Amdin\"")).join(", ");
    let sandbox = sandbox.without_setting("profile").setting("profiles", &format!("{{ {table} }}"));
    let said = wrong(&sandbox, &[]).says("none of the 6 profiles by Cargo.toml");
    said.says("nearest there: acme-dev.Admin, acme-logs.Admin,");
    assert!(nothing_was_opened(&sandbox));

    let units = sandbox.xtask(["units"]).run().exits(0);
    assert_eq!(units.out.matches("none of the 6 profiles").count(), 1, "{}", units.screen());
    assert!(units.out.contains("  acme-dev.Amdin  "), "{}", units.screen());
    let json = sandbox.xtask(["units", "--format=json"]).run().exits(0).json();
    assert!(json["notices"].to_string().contains("none of the 6 profiles"), "{json}");

    // What other tools take may be in no file of the AWS CLI.
    for tool in ["own {profile}", "saml2aws exec --exec-profile {profile} --", "aws-sso exec --profile {profile} --"] {
        for command in [&["units"][..], &["identity"]] {
            let said = sandbox.xtask(command).env("XTASK_CREDENTIALS", tool).run();
            let said = said.says_nothing_of("none of the 6 profiles");
            assert!(!said.out.contains("none of the 6 profiles"), "{}", said.screen());
        }
    }
}

#[test]
fn role_that_by_its_name_cannot_apply_is_told_before_anything_is_planned() {
    let sandbox = Sandbox::bumped().setting("profile", "\"acme-{account}\"");
    let role = |name: &str| match name {
        "prod" => "AWSReadOnlyAccess",
        "shared" => "Billing",
        _ => "AdministratorAccess",
    };
    let profile = |(name, id): &(&str, &str)| {
        format!("[profile acme-{name}]\nsso_account_id = {id}\nsso_role_name = {}\n", role(name))
    };
    with_home_config(&sandbox, "config", &ACCOUNTS.iter().map(profile).collect::<String>());
    let prod = "prod   acme-prod   role `AWSReadOnlyAccess`   by Cargo.toml";
    for command in [&["apply-all", "--dry-run"][..], &["update", "v1.3.0", "--dry-run"]] {
        let said = sandbox.xtask(command).run().exits(0);
        said.says("roles that, by their names, can read and not apply")
            .says(prod)
            .says("shared   acme-shared   role `Billing`");
    }
    let units = sandbox.xtask(["units"]).run().exits(0);
    assert!(units.out.contains("roles that, by their names,") && units.out.contains(prod), "{}", units.screen());
    // The images are only read.
    sandbox.xtask(["apply-all", "--dry-run", "--account=dev"]).run().exits(0).says_nothing_of("by their names");
    sandbox.xtask(["verify", "--dry-run"]).run().exits(0).says_nothing_of("by their names");
}

#[test]
fn credentials_that_are_those_of_another_account_for_all_are_told_once_with_who_names_the_profiles() {
    let sandbox = ACCOUNTS
        .iter()
        .fold(Sandbox::bumped(), |sandbox, (name, _)| sandbox.vault_profile(&format!("mine-{name}"), "999999999999"));
    let said = sandbox.xtask(["identity"]).env("XTASK_PROFILE", "mine-{account}").run().exits(3);
    let said =
        said.says("the credentials for 6 accounts belong to another account").says("6 of 6 accounts not verified");
    let said = said.says("expected  100000000006 prod, profile `mine-prod` by XTASK_PROFILE");
    let said = said.says("who names it: XTASK_PROFILE").says_nothing_of("metadata.xtask");
    assert_eq!((n_errors(&said), said.err.matches("found     999999999999").count()), (1, 1), "{}", said.screen());
}

#[test]
fn hints_of_a_setup_that_cannot_work_are_commands_and_files_that_exist() {
    // `identity` has no option for an account.
    let sandbox = Sandbox::bumped().setting("credentials", "[]");
    let said = sandbox.xtask(["identity"]).run().exits(3);
    said.says("with the credentials of dev: cargo xtask doctor --account dev").says_nothing_of("identity --account");

    let sandbox = Sandbox::bumped().setting("credentials", r#"["aws-vault", "exec", "acme-dev", "--"]"#);
    let said = sandbox.xtask(["doctor", "--offline"]).run().exits(5);
    assert!(said.out.contains("fail  credentials"), "{}", said.screen());
    assert!(!said.out.contains("ok    credentials"), "{}", said.screen());
    let said = sandbox.xtask(["doctor", "--offline", "--account=dev"]).run();
    assert!(said.out.contains("ok    credentials"), "{}", said.screen());

    // A file that can't be read is mended before any profile is named.
    let sandbox = Sandbox::bumped().without_setting("profile");
    std::fs::create_dir_all(sandbox.top().join("home/.aws/config")).unwrap();
    let said = sandbox.xtask(["apply-all", "--yes"]).run().exits(3).says("the AWS config file is a folder");
    said.says("hint: make it a file that you can read").says_nothing_of("XTASK_PROFILE");
}

#[test]
fn pattern_that_fits_is_named_and_a_role_that_cannot_apply_is_never_listed_first() {
    let sandbox = Sandbox::bumped();
    with_home_config(&sandbox, "config", &sso(&["Billing", "AdministratorAccess", "ReadOnlyAccess"]));
    let said = sandbox.xtask(["apply-all", "--yes"]).env("XTASK_PROFILE", "acme-{account}").run().exits(3);
    said.says("profiles there: acme-dev.AdministratorAccess, acme-")
        .says("a pattern that fits every account: acme-{account}.AdministratorAccess");
}
