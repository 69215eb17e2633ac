//! What the settings are read as, and what is said of those that are wrong.

use super::*;

fn settings(table: &str) -> (Settings, Vec<String>) {
    let (settings, failures) = read(&format!("[workspace.metadata.xtask]\n{table}"), "Cargo.toml");
    (settings.expect("there is a table"), failures.iter().map(ToString::to_string).collect())
}

#[test]
fn every_key_has_a_typed_accessor() {
    let (settings, failures) = settings(
        "terraform-aws-ci-version = 'v1.3.0'\nprofile = 'your-{account}'\ncredentials = ['a', '{profile}']\n\
         terraform-binary = 'tofu'\ndockerfile-repo = 'r'\nendpoint-url = 'http://localhost'\njobs = 4\n\
         pass-environment = ['A', 'B_*']\nassumed-roles = ['arn:x']\n[workspace.metadata.xtask.profiles]\ndev = 'd'",
    );
    assert!(failures.is_empty(), "{failures:?}");
    assert_eq!(settings.terraform_aws_ci_version(), Some("v1.3.0"));
    assert_eq!(settings.profile(), Some("your-{account}"));
    assert_eq!(settings.credentials(), ["a", "{profile}"]);
    assert_eq!(settings.terraform_binary(), Some("tofu"));
    assert_eq!(settings.dockerfile_repo(), "r");
    assert_eq!(settings.endpoint_url(), Some("http://localhost"));
    assert_eq!(settings.jobs(), Some(4));
    assert_eq!(settings.pass_environment(), ["A", "B_*"]);
    assert_eq!(settings.assumed_roles(), ["arn:x"]);
    assert_eq!(settings.profile_of("dev").map(|(name, _)| name), Some("d"));
    assert_eq!(settings.place("profiles.dev"), Some(&Place::line("Cargo.toml", 12)));
    assert_eq!(settings.place("jobs"), Some(&Place::line("Cargo.toml", 8)));
}

#[test]
fn address_with_a_password_is_refused_where_it_would_be_on_command_lines() {
    let failures = |url: &str| settings(&format!("dockerfile-repo = '{url}'")).1;
    let told = failures("https://oauth2:hunter2@gitlab.example.com/x.git");
    assert!(told[0].contains("has a user or a password") && !told[0].contains("hunter2"), "{told:?}");
    for url in ["https://gitlab.example.com/x@y.git", "git@github.com:x/y.git", "ssh://git@github.com/x/y.git"] {
        assert!(failures(url).is_empty(), "{url}");
    }
}

#[test]
fn without_a_table_everything_has_its_default() {
    let (none, failures) = read("[package]\nname = 'x'\n", "Cargo.toml");
    assert!(none.is_none() && failures.is_empty());
    let settings = Settings::default();
    assert_eq!(settings.credentials(), ["aws-vault", "exec", "{profile}", "--"]);
    assert_eq!(settings.dockerfile_repo(), "https://github.com/gruntwork-io/terraform-aws-ci.git");
}

#[test]
fn an_empty_credentials_array_is_not_the_default() {
    assert!(settings("credentials = []").0.credentials().is_empty());
}

#[test]
fn everything_that_is_wrong_is_said_with_its_line() {
    let (_, failures) = settings("jobs = 0\nprofile = ['x']\ncredentials = 'aws-vault'\nprofil = 'y'\nxyz = 1\n");
    assert_eq!(failures.len(), 5, "{failures:#?}");
    assert_eq!(failures[0], "`jobs` must be a whole number of 1 or more, this is an integer\n  --> Cargo.toml:2");
    assert_eq!(failures[1], "`profile` must be a string, this is an array\n  --> Cargo.toml:3");
    assert_eq!(failures[2], "`credentials` must be an array of strings, this is a string\n  --> Cargo.toml:4");
    assert!(failures[3].starts_with("`profil` is not a setting\n  --> Cargo.toml:5\nhint: did you mean `profile`?"));
    assert!(failures[4].contains("hint: the settings are accounts, assumed-roles, build, credentials"));
}

#[test]
fn a_placeholder_that_does_not_exist_is_refused() {
    let (_, failures) = settings("profile = '{acount}-admin'\ncredentials = ['x', '{json: 1}', '{profile}']");
    assert_eq!(failures.len(), 1, "{failures:#?}");
    assert!(
        failures[0].starts_with("`profile` has the placeholder `{acount}`, which does not exist\n  --> Cargo.toml:2")
    );
}

#[test]
fn what_accounts_are_for_is_one_of_three_words() {
    let (settings, failures) =
        settings("environments = { acme = 'production', b = 'prod', c = 1 }\nrequire-clean = 'yes'");
    assert_eq!(settings.environments()["acme"], Environment::Production);
    assert_eq!(
        failures[0],
        "`environments.b` must be \"development\", \"production\" or \"other\", this is \"prod\"\n  --> Cargo.toml:2"
    );
    assert_eq!(failures.len(), 3, "{failures:#?}");
    assert_eq!(settings.require_clean(), None);
}

#[test]
fn broken_toml_is_said_with_its_line() {
    let (_, failures) = read("[workspace]\nmembers = [\n", "Cargo.toml");
    assert!(failures[0].to_string().starts_with("cannot parse `Cargo.toml`: "), "{}", failures[0]);
}

#[test]
fn a_time_limit_has_a_unit_and_is_never_nothing() {
    assert_eq!(settings("time-limit = '90s'").0.time_limit().as_secs(), 90);
    assert_eq!(settings("time-limit = '2h'").0.time_limit().as_secs(), 7200);
    assert_eq!(settings("").0.time_limit().as_secs(), 3600);
    for bad in ["'0m'", "'m'", "''", "'5'", "'1 m'", "'9999999999999999999h'", "'5é'", "60"] {
        let (_, failures) = settings(&format!("time-limit = {bad}"));
        assert_eq!(failures.len(), 1, "{bad}: {failures:?}");
    }
}

#[test]
fn an_account_is_stated_by_twelve_digits_in_quotes() {
    let told = |accounts: &str| settings(&format!("accounts = {{ {accounts} }}")).1;
    assert!(told("'live/*' = '000000000004', prod = '100000000006'").is_empty());
    let wrong = "`accounts.\"dev\"` must be twelve digits, in quotes, this is";
    assert_eq!(told("dev = '4'"), [format!("{wrong} \"4\"\n  --> Cargo.toml:2")]);
    assert_eq!(told("dev = 100000000004"), [format!("{wrong} an integer\n  --> Cargo.toml:2")]);
    assert!(
        told("'{' = '100000000004'")[0].starts_with("`accounts.\"{\"` is no path of a folder and no pattern of any")
    );
}

#[test]
fn settings_that_decide_something_are_compared_in_both_directions() {
    let here = settings(
        "jobs = 2\npass-environment = ['GIT_*']\nprofile = 'a-{account}'\ndockerfile-repo = 'https://example.com/x.git'\n\
         [workspace.metadata.xtask.environments]\nprod = 'development'\n[workspace.metadata.xtask.build]\n\
         invoker-function-id = 'other'",
    );
    let there = settings("require-clean = 'always'\nprofile = 'a-{account}'\npass-environment = ['GIT_*']");
    assert!(here.1.is_empty() && there.1.is_empty(), "{here:?} {there:?}");
    let told = |here: &Settings, there: Option<&Settings>| -> Vec<String> {
        let word = |it: Deciding| match (it.value, it.only_there) {
            (Some(value), _) => format!("{} {value}{}", it.key, if it.differs { " !" } else { "" }),
            (None, there) => format!("no {}, {}", it.key, there.unwrap()),
        };
        here.deciding(there).into_iter().map(word).collect()
    };
    assert_eq!(
        told(&here.0, Some(&there.0)),
        [
            "build.invoker-function-id other !",
            "dockerfile-repo https://example.com/x.git !",
            "environments.prod development !",
            "pass-environment GIT_*",
            "no require-clean, always",
        ]
    );
    assert_eq!(told(&here.0, None), ["pass-environment GIT_*"], "there is nothing to compare with");
    assert!(told(&here.0, Some(&here.0)).len() == 1 && told(&Settings::default(), None).is_empty());
    let default = settings("credentials = ['aws-vault', 'exec', '{profile}', '--']").0;
    assert!(told(&default, Some(&Settings::default())).is_empty());
    let mut mine = settings("credentials = ['tool']").0;
    mine.add_personal(settings("credentials = []").0);
    assert_eq!(told(&mine, Some(&default)), ["credentials none"]);
}

#[test]
fn every_key_that_is_not_harmless_decides() {
    for key in KEYS.iter().filter(|key| !HARMLESS.contains(key)) {
        let here = Settings { written: [((*key).to_owned(), "x".to_owned())].into(), ..Settings::default() };
        let differs = here.deciding(Some(&Settings::default())).iter().any(|it| it.differs);
        assert!(differs || *key == "credentials", "{key}");
    }
}
