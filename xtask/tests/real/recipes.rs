//! Recipes of `docs/credentials.md` whose tools sign in by themselves: saml2aws and aws-sso-cli. What answers is moto, and
//! `sign_in.py` for the identity center; the identity provider of saml2aws is a script that has the assertion.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::by_hand::text;
use super::cloud::{Cloud, REGION};
use super::live::{ACCOUNTS, Live};
use super::operator::script;
use super::shape::Shape;
use super::toolbox::Toolbox;
use super::typed::{ends_with, xtask};

/// Somebody with nothing but this tool, by its recipe.
fn somebody(live: &Live, program: &Path, credentials: &str, profile: &str) {
    let name = program.file_name().expect("a program has a name");
    symlink(program, Path::new(&live.env()["PATH"]).join(name)).expect("the name is free");
    for other in ["aws", "aws-vault"] {
        fs::remove_file(Path::new(&live.env()["PATH"]).join(other)).expect("it is a link of ours");
    }
    fs::write(&live.env()["AWS_CONFIG_FILE"], "").expect("the file can be written");
    fs::create_dir_all(live.root().join(".xtask")).expect("the folder can be made");
    let local = format!("credentials = {credentials}\nprofile = \"{profile}\"\n");
    fs::write(live.root().join(".xtask/local.toml"), local).expect("the file can be written");
}

/// What `doctor` prints, whatever else it finds.
fn doctor(live: &Live) -> String {
    text(&xtask(live, &["doctor"]).output().expect("xtask starts"))
}

/// What an identity provider answers to somebody who may take one role.
fn assertion(account_id: &str) -> String {
    let attribute = |name: &str, value: &str| {
        format!(
            "<saml:Attribute Name=\"https://aws.amazon.com/SAML/Attributes/{name}\"><saml:AttributeValue>{value}\
             </saml:AttributeValue></saml:Attribute>"
        )
    };
    let of_iam = |what: &str| format!("arn:aws:iam::{account_id}:{what}");
    let role = format!("{},{}", of_iam("role/deploy"), of_iam("saml-provider/idp"));
    let attributes = attribute("RoleSessionName", "me") + &attribute("Role", &role);
    let text = format!(
        "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\"><saml:Assertion \
         xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"><saml:Subject><saml:NameID>me</saml:NameID></saml:Subject>\
         <saml:AttributeStatement>{attributes}</saml:AttributeStatement></saml:Assertion></samlp:Response>"
    );
    aws_smithy_types::base64::encode(text)
}

#[test]
fn saml2aws_signs_in_to_each_profile_and_a_missing_sign_in_is_told_with_its_command() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape::default());
    let credentials = r#"["saml2aws", "exec", "--profile", "{profile}", "--"]"#;
    somebody(&live, &tools.saml2aws, credentials, "acme-{account}");
    let home = Path::new(&live.env()["HOME"]).to_owned();
    let provider = home.join("provider.sh");
    let idp = format!("[default]\nurl = {}\nprovider = Shell\nmfa = Auto\nregion = {REGION}\n", provider.display());
    fs::write(home.join(".saml2aws"), idp + "aws_urn = urn:amazon:webservices\naws_session_duration = 3600\n")
        .expect("the file can be written");
    let sign_in = |name: &str, id: &str| {
        script(&provider, &format!("#!/bin/sh\nprintf %s {}\n", assertion(id)));
        let mut login = live.command("saml2aws");
        login.args(["login", "--skip-prompt", "--disable-keychain", "--username=me", "--password=any"]);
        let output = login.args(["--profile", &format!("acme-{name}")]).output().expect("saml2aws starts");
        assert!(output.status.success(), "{}", text(&output));
    };
    ACCOUNTS.iter().filter(|(name, _)| *name != "dev").for_each(|(name, id)| sign_in(name, id));
    let told = ends_with(&live, &["identity"], 3);
    assert!(told.contains("saml2aws login --profile acme-dev"), "{told}");

    sign_in("dev", "100000000004");
    let told = ends_with(&live, &["identity"], 0);
    assert!(told.contains("6 of 6 accounts verified   sessions good for 59 min or more"), "{told}");
    let told = doctor(&live);
    assert!(told.contains("6 accounts verified") && told.contains("arn:aws:sts::100000000004:"), "{told}");
    assert!(told.contains("skip  aws "), "without the AWS CLI: {told}");
}

#[test]
fn aws_sso_cli_signs_in_once_for_all_accounts() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape::default());
    let credentials = r#"["aws-sso", "exec", "--profile", "{profile}", "--"]"#;
    somebody(&live, &tools.aws_sso, credentials, "acme-{account}.AdministratorAccess");
    let home = Path::new(&live.env()["HOME"]).join(".aws-sso");
    fs::create_dir(&home).expect("the folder is new");
    let config = format!(
        "SSOConfig:\n  Default:\n    SSORegion: {REGION}\n    StartUrl: https://acme.awsapps.com/start\n\
         DefaultRegion: {REGION}\nUrlAction: print\nSecureStore: json\nJsonStore: {}\n\
         ProfileFormat: 'acme-{{{{.AccountAlias}}}}.{{{{.RoleName}}}}'\n",
        home.join("store.json").display()
    );
    fs::write(home.join("config.yaml"), config).expect("the file can be written");

    let told = ends_with(&live, &["identity"], 0);
    assert!(told.contains("6 of 6 accounts verified   sessions good for 59 min or more"), "{told}");
    assert!(told.contains("user_code=AAAA-BBBB"), "the sign-in is seen: {told}");
    assert_eq!(cloud.n_sign_ins(), 1);
    let told = doctor(&live);
    assert!(told.contains("6 accounts verified") && told.contains("AdministratorAccess"), "{told}");
    assert_eq!(cloud.n_sign_ins(), 1, "the session is kept");
}
