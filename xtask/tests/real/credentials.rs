//! Recipes of `docs/credentials.md` with the real programs: aws-vault and the AWS CLI, thirty profiles, MFA codes that are
//! accepted once, sessions that end. What answers for AWS is moto, and `sign_in.py` where moto has no answer.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::cloud::{Cloud, REGION};
use super::live::{ACCOUNTS, Live};
use super::operator::script;
use super::programs::here;
use super::shape::{Apply, Shape};
use super::terminal::Terminal;
use super::toolbox::Toolbox;
use super::typed::{ends_with, tags, xtask};

const DEV: &str = "100000000004";
const PROD: &str = "100000000006";
const DEVICE: &str = "mfa_serial = arn:aws:iam::111111111111:mfa/me\n";
const QUESTION: &str = "Enter MFA code for arn:aws:iam::111111111111:mfa/me: ";
const WAITING: &str = "AWS accepts each code once: waiting";

/// Somebody with thirty profiles, of which those of administrators are used; `source` is the section of the profile that the
/// keys are stored for.
fn somebody(live: &Live, source: &str, roles: &str) {
    let home = live.env()["HOME"].clone();
    let config = format!("[profile ops]\nregion = {REGION}\n{source}{}", thirty("ops", roles));
    fs::write(format!("{home}/.aws/config"), config).expect("the file can be written");
    fs::create_dir_all(live.root().join(".xtask")).expect("the folder can be made");
    let local = live.root().join(".xtask/local.toml");
    fs::write(local, "profile = \"acme-{account}-admin\"\n").expect("the file can be written");
}

/// Somebody at a wide terminal, where no time is waited for the next code.
fn at_a_terminal(live: &Live, words: &[&str]) -> Terminal {
    let mut command = xtask(live, words);
    command.env("XTASK_TEST_CODES", "1").env("NO_COLOR", "1").env("TERM", "xterm");
    Terminal::of_size(60, 250, command)
}

/// Types a code at the `n`th question.
fn type_code(terminal: &mut Terminal, n: usize, code: &str) {
    terminal.wait_until(&format!("question {n}"), |shown| shown.matches(QUESTION).count() >= n);
    terminal.types(code);
}

/// Five roles in each account, all from one source of keys; `more` are further lines of each.
fn thirty(source: &str, more: &str) -> String {
    let roles = ["admin", "audit", "billing", "poweruser", "readonly"];
    let profile = |(name, id): (&str, &str), role: &str| {
        format!(
            "\n[profile acme-{name}-{role}]\nregion = {REGION}\nsource_profile = {source}\n{more}\
             role_arn = arn:aws:iam::{id}:role/{role}\n"
        )
    };
    ACCOUNTS.into_iter().flat_map(|account| roles.map(|role| profile(account, role))).collect()
}

#[test]
fn patterns_of_thirty_profiles_are_told_and_an_aws_cli_of_version_1_is_refused_by_name() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape::default());
    let home = live.env()["HOME"].clone();
    fs::write(format!("{home}/.aws/config"), thirty("keys", "")).expect("the file can be written");
    let keys = "[keys]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = any-secret-will-do\n";
    fs::write(format!("{home}/.aws/credentials"), keys).expect("the file can be written");
    let settings = "[workspace.metadata.xtask]\ncredentials = [\"env\", \"AWS_PROFILE={profile}\"]\n";
    fs::write(live.root().join("Cargo.toml"), settings).expect("the file can be written");
    let told = ends_with(&live, &["identity"], 3);
    assert!(told.contains("profile = \"acme-{account}-admin\"") && told.contains("these fit every account"), "{told}");
    fs::create_dir_all(live.root().join(".xtask")).expect("the folder can be made");
    let local = live.root().join(".xtask/local.toml");
    fs::write(local, "profile = \"acme-{account}-admin\"\n").expect("the file can be written");
    // The AWS CLI that tests have is of version 1.
    let told = ends_with(&live, &["identity"], 3);
    assert!(told.contains("this AWS CLI is too old to turn a profile into keys"), "{told}");
    assert!(told.contains("hint: install version 2") && !told.contains("add-model"), "{told}");
}

#[test]
fn aws_vault_asks_for_one_code_with_thirty_profiles() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape::default());
    let file = format!("{}/.aws/config", live.env()["HOME"]);
    let config = fs::read_to_string(&file).expect("it was written");
    let source = config.split("\n[profile your-").next().expect("the source comes first").to_owned();
    fs::write(&file, source + &thirty("ops", DEVICE)).expect("the file can be written");
    fs::create_dir_all(live.root().join(".xtask")).expect("the folder can be made");
    let local = live.root().join(".xtask/local.toml");
    fs::write(local, "profile = \"acme-{account}-admin\"\n").expect("the file can be written");
    let told = ends_with(&live, &["identity"], 0);
    assert!(told.contains("6 of 6 accounts verified"), "{told}");
    assert_eq!(live.mfa_prompts(), 1);
}

#[test]
fn aws_vault_that_asks_for_each_role_gets_another_code_each_time_and_doctor_has_the_line_that_makes_it_one() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape::default());
    somebody(&live, "", DEVICE);
    cloud.ask_for_codes();
    let mut terminal = at_a_terminal(&live, &["identity"]);
    for n in 1..=6 {
        type_code(&mut terminal, n, &format!("00000{n}"));
    }
    let (status, text) = terminal.finish();
    assert!(status.success(), "{text}");
    assert!(text.contains("6 codes of arn:aws:iam::111111111111:mfa/me, one for each account"), "{text}");
    assert!(text.contains("do: add to [profile ops] (~/.aws/config:1): mfa_serial = "), "{text}");
    assert_eq!(text.matches(WAITING).count(), 5, "{text}");
    assert_eq!(cloud.codes(), [1, 2, 3, 4, 5, 6].map(|n| format!("accepted 00000{n} AssumeRole")));

    // The roles' sessions are still good, and nobody waits for a code.
    let told = ends_with(&live, &["identity"], 0);
    assert!(!told.contains(WAITING), "{told}");

    somebody(&live, DEVICE, DEVICE);
    let mut terminal = at_a_terminal(&live, &["identity"]);
    type_code(&mut terminal, 1, "000007");
    let (status, text) = terminal.finish();
    assert!(status.success() && text.contains("one code of"), "{text}");
    assert!(!text.contains(WAITING), "{text}");
    assert_eq!(cloud.codes().last().map(String::as_str), Some("accepted 000007 GetSessionToken"));
}

#[test]
fn code_that_aws_refused_is_asked_for_again_by_aws_vault_for_the_same_account_and_at_most_twice() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape::default());
    somebody(&live, DEVICE, DEVICE);
    cloud.ask_for_codes();
    let mut terminal = at_a_terminal(&live, &["identity"]);
    for (n, code) in ["999999", "12345", "999999"].into_iter().enumerate() {
        type_code(&mut terminal, n + 1, code);
    }
    let (status, text) = terminal.finish();
    assert_eq!(status.code(), Some(3), "{text}");
    assert_eq!(text.matches(QUESTION).count(), 3, "nobody is asked for a fourth: {text}");
    assert!(text.contains("AWS refused the code for `dev`; asking again (3 of 3)"), "{text}");
    assert_eq!(text.matches("could not be verified: AWS refused the MFA code").count(), 1, "told once: {text}");
    assert!(text.contains("6 of 6 accounts not verified"), "{text}");

    let mut terminal = at_a_terminal(&live, &["identity"]);
    type_code(&mut terminal, 1, "999999");
    type_code(&mut terminal, 2, "000001");
    let (status, text) = terminal.finish();
    assert!(status.success() && text.contains("6 of 6 accounts verified"), "{text}");
    assert!(text.contains("asking again (2 of 3)") && text.matches(WAITING).count() == 1, "{text}");
    assert_eq!(text.matches(QUESTION).count(), 2, "one code is enough for all: {text}");
}

/// Removes the sessions of a kind from the file store of aws-vault, as if they had ended: their names begin with it.
fn end_sessions(live: &Live, kind: &str) {
    let mut n = 0;
    for file in fs::read_dir(&live.env()["AWS_VAULT_FILE_DIR"]).expect("the store exists").flatten() {
        if file.file_name().to_string_lossy().starts_with(kind) {
            fs::remove_file(file.path()).expect("the file is ours");
            n += 1;
        }
    }
    assert!(n > 0, "there was a session");
}

#[test]
fn session_of_aws_vault_that_ends_in_the_middle_of_a_run_is_opened_with_a_new_code_and_nothing_fails() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape { apply: Apply::WaitsAtGate, ..Shape::default() });
    somebody(&live, DEVICE, DEVICE);
    cloud.ask_for_codes();
    let words = ["apply-all", "--yes", "--account", "dev", "--account", "prod"];
    let mut terminal = at_a_terminal(&live, &words);
    type_code(&mut terminal, 1, "000001");
    let held = live.gate().next();
    end_sessions(&live, "sts.");
    held.let_go();
    // A code that was used is refused, and another is asked for.
    type_code(&mut terminal, 2, "000001");
    type_code(&mut terminal, 3, "000002");
    while let Some(held) = live.gate().arrival() {
        held.let_go();
        if tags(&cloud, PROD).len() == 2 {
            break;
        }
    }
    let (status, text) = terminal.finish();
    assert!(status.success(), "{text}");
    assert!(text.contains("Renewing"), "{text}");
    let expected = ["accepted 000001 GetSessionToken", "refused 000001", "accepted 000002 GetSessionToken"];
    assert_eq!(cloud.codes(), expected);
    assert_eq!([DEV, PROD].map(|account| tags(&cloud, account).len()), [2, 2]);
}

/// Thirty profiles of the identity center.
fn thirty_of_sso() -> String {
    let session =
        format!("[sso-session acme]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = {REGION}\n");
    let roles = ["AdministratorAccess", "AWSReadOnlyAccess", "Billing", "DatabaseAdministrator", "PowerUserAccess"];
    let profile = |(name, id): (&str, &str), role: &str| {
        let section = format!("[profile acme-{name}.{role}]\nregion = {REGION}\nsso_session = acme\n");
        format!("{section}sso_account_id = {id}\nsso_role_name = {role}\n")
    };
    let profiles: String = ACCOUNTS.into_iter().flat_map(|account| roles.map(|role| profile(account, role))).collect();
    session + &profiles
}

#[test]
fn aws_vault_signs_in_to_a_stand_in_of_the_identity_center_once_for_all_accounts_and_again_where_the_session_has_ended()
{
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape::default());
    fs::write(&live.env()["AWS_CONFIG_FILE"], thirty_of_sso()).expect("the file can be written");
    fs::create_dir_all(live.root().join(".xtask")).expect("the folder can be made");
    let local = "credentials = [\"aws-vault\", \"exec\", \"--stdout\", \"{profile}\", \"--\"]\nprofile = \"acme-{account}.AdministratorAccess\"\n";
    fs::write(live.root().join(".xtask/local.toml"), local).expect("the file can be written");

    let told = ends_with(&live, &["identity"], 0);
    assert!(told.contains("6 of 6 accounts verified") && told.contains("user_code=AAAA-BBBB"), "{told}");
    assert!(!told.contains("MFA "), "{told}");
    assert_eq!(cloud.n_sign_ins(), 1);
    cloud.sign_out();
    end_sessions(&live, "sso.");
    ends_with(&live, &["identity"], 0);
    assert_eq!(cloud.n_sign_ins(), 2);
}

/// Version 2 of the AWS CLI as `credentials`; where it can't be had, a stand-in around botocore itself.
fn use_aws_cli(tools: &Toolbox, live: &Live, profile: &str) {
    let aws = Path::new(&live.env()["PATH"]).join("aws");
    fs::remove_file(&aws).expect("it is a link of ours");
    match &tools.aws_2 {
        Some(program) => symlink(program, &aws).expect("the name is free"),
        None => {
            let program = fs::read_to_string(here().join("export_credentials.py")).expect("it is beside this file");
            script(&aws, &format!("#!{}\n{program}", tools.python.display()));
        }
    }
    fs::create_dir_all(live.root().join(".xtask")).expect("the folder can be made");
    let local = format!("credentials = [\"env\", \"AWS_PROFILE={{profile}}\"]\nprofile = \"{profile}\"\n");
    fs::write(live.root().join(".xtask/local.toml"), local).expect("the file can be written");
}

#[test]
fn aws_cli_of_version_2_gets_another_code_for_each_role_and_again_for_one_that_was_refused() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape::default());
    somebody(&live, DEVICE, DEVICE);
    use_aws_cli(tools, &live, "acme-{account}-admin");
    let keys = "[ops]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = any-secret-will-do\n";
    fs::write(format!("{}/.aws/credentials", live.env()["HOME"]), keys).expect("the file can be written");
    cloud.ask_for_codes();
    let mut terminal = at_a_terminal(&live, &["identity"]);
    for (n, code) in ["999999", "000001", "000002", "000003", "000004", "000005", "000006"].into_iter().enumerate() {
        type_code(&mut terminal, n + 1, code);
    }
    let (status, text) = terminal.finish();
    assert!(status.success() && text.contains("6 of 6 accounts verified"), "{text}");
    assert!(text.contains("the AWS CLI asks for each role") && text.contains("asking again (2 of 3)"), "{text}");
    assert_eq!(text.matches(WAITING).count(), 6, "{text}");
    let accepted = [1, 2, 3, 4, 5, 6].map(|n| format!("accepted 00000{n} AssumeRole"));
    assert_eq!(cloud.codes(), [&["refused 999999".to_owned()][..], &accepted].concat());

    // The AWS CLI has kept what it was given, and nobody is asked or waits.
    let told = ends_with(&live, &["identity"], 0);
    assert!(!told.contains(WAITING) && told.contains("sessions good for"), "{told}");
}

#[test]
fn aws_cli_of_version_2_takes_the_sign_in_of_sso_and_a_missing_one_is_told_with_its_command() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape::default());
    fs::write(&live.env()["AWS_CONFIG_FILE"], thirty_of_sso()).expect("the file can be written");
    use_aws_cli(tools, &live, "acme-{account}.AdministratorAccess");
    let sign_in = "open a new session: aws sso login --profile acme-dev.AdministratorAccess";
    let told = ends_with(&live, &["identity"], 3);
    assert!(told.contains(sign_in) && told.contains("6 of 6 accounts not verified"), "{told}");

    // What `aws sso login` leaves: a file by the SHA-1 of the session's name.
    let cache = format!("{}/.aws/sso/cache", live.env()["HOME"]);
    fs::create_dir_all(&cache).expect("the folder can be made");
    let token = r#"{"accessToken": "of-aws-sso-login", "expiresAt": "2999-01-01T00:00:00Z"}"#;
    fs::write(format!("{cache}/293abb6b76d7791c0732cc517d38c4b5c734b87f.json"), token)
        .expect("the file can be written");
    let told = ends_with(&live, &["identity"], 0);
    assert!(told.contains("6 of 6 accounts verified   sessions good for"), "{told}");

    cloud.sign_out();
    fs::remove_dir_all(format!("{}/.aws/cli", live.env()["HOME"])).expect("it is ours");
    let told = ends_with(&live, &["identity"], 3);
    assert!(told.contains(sign_in), "{told}");
}
