//! The recipes of `docs/credentials.md`, each with a stand-in for its tool that takes the documented command line and no
//! other.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::sandbox::Sandbox;

/// The recipes: heading, and the line of the settings.
fn recipes() -> Vec<(String, String)> {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/credentials.md")).unwrap();
    let mut heading = String::new();
    let mut found = Vec::new();
    for line in page.lines() {
        if let Some(text) = line.strip_prefix("## ") {
            heading = text.to_owned();
        } else if let Some(value) = line.strip_prefix("credentials = ") {
            found.push((heading.clone(), value.to_owned()));
        }
    }
    found
}

/// A program that becomes the stand-in for aws-vault if it is called as documented.
fn tool(sandbox: &Sandbox, name: &str, condition: &str, profile: &str, n: usize) {
    let vault = sandbox.tool("aws-vault");
    let script = format!(
        "#!/bin/sh\n[ \"{condition}\" ] || {{ echo \"usage: {name}\" >&2; exit 2; }}\nprofile=\"{profile}\"\nshift {n}\n\
         exec {} exec \"$profile\" -- \"$@\"\n",
        vault.display()
    );
    fs::write(sandbox.tool(name), script).unwrap();
    fs::set_permissions(sandbox.tool(name), fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn every_recipe_proves_an_account_with_its_tool() {
    let recipes = recipes();
    let headings: Vec<_> = recipes.iter().map(|(heading, _)| heading.as_str()).collect();
    for wanted in [
        "aws-vault",
        "AWS CLI v2 with SSO",
        "granted",
        "aws-sso-cli",
        "saml2aws",
        "okta-aws-cli",
        "Leapp",
        "Plain keys in a profile",
    ] {
        assert!(headings.contains(&wanted), "{headings:?}");
    }
    for (heading, value) in recipes.iter().filter(|(_, value)| value != "[]") {
        let sandbox = Sandbox::bumped().setting("credentials", value);
        fs::copy("/usr/bin/env", sandbox.tool("env")).unwrap();
        tool(&sandbox, "aws-sso", "$1 $2 $4\" = \"exec --profile --", "$3", 4);
        tool(&sandbox, "saml2aws", "$1 $2 $4\" = \"exec --profile --", "$3", 4);
        let said = sandbox.xtask(["doctor", "v1.3.0"]).run();
        assert!(said.out.contains("6 accounts verified"), "{heading}: {}", said.screen());
        assert!(!said.out.contains("fail  credentials"), "{heading}: {}", said.screen());
    }
}
