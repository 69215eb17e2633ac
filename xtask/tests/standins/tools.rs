//! Finding the outside tools: all that are missing are named together, nothing is guessed, and stand-ins are refused in
//! earnest.

use std::fs;
use std::os::unix::fs::symlink;

use super::program::{link, standin};
use super::sandbox::Sandbox;

#[test]
fn all_missing_tools_are_named_together() {
    let sandbox = Sandbox::bumped();
    for tool in ["aws-vault", "terraform", "terragrunt"] {
        fs::remove_file(sandbox.tool(tool)).unwrap();
    }
    let said = sandbox.xtask(["apply-all", "--yes"]).run().exits(3);
    said.is("tools-missing");
}

#[test]
fn missing_credential_tool_is_named_with_its_setting_and_what_to_do() {
    let sandbox = Sandbox::bumped();
    let run = |words: &str| sandbox.xtask(["apply-all", "--yes"]).env("XTASK_CREDENTIALS", words).run().exits(3);
    run("saml2aws exec --profile {profile} --")
        .says("error: `saml2aws` not found on PATH\n  --> XTASK_CREDENTIALS\n")
        .says("hint: install it: https://github.com/Versent/saml2aws\nhint: or use another: XTASK_CREDENTIALS='");
    run("/opt/no/such {profile} --")
        .says("error: `/opt/no/such` is missing or can't be run\n  --> XTASK_CREDENTIALS\n");
    assert!(sandbox.log().calls().is_empty());
    let doctor = sandbox.xtask(["doctor", "v1.3.0"]).env("XTASK_CREDENTIALS", "saml2aws exec --profile {profile} --");
    let doctor = doctor.run().exits(5);
    assert_eq!(doctor.out.matches("`saml2aws` not found on PATH").count(), 1, "{}", doctor.screen());
    assert!(doctor.out.contains("install it: https://github.com/Versent/saml2aws"), "{}", doctor.screen());
}

#[test]
fn credentials_without_a_profile_are_refused_where_they_are_set() {
    let sandbox = Sandbox::bumped().setting("credentials", r#"["aws-vault", "exec", "--"]"#);
    let said = sandbox.xtask(["apply-all", "--yes"]).run().exits(3);
    let said = said.says("`credentials` names no profile").says("--> Cargo.toml:");
    said.says(r#"hint: write: credentials = ["aws-vault", "exec", "{profile}", "--"]"#);
    let sandbox = Sandbox::bumped();
    let own = |account: &[&str]| {
        let command = sandbox.xtask(["apply-all", "--yes"]).args(account);
        command.env("XTASK_CREDENTIALS", "aws-vault exec your-dev --").run()
    };
    let said = own(&[]).exits(3);
    let said = said.says("`credentials` is the same command for all of 6 accounts: it has no `{profile}`");
    said.says("--> XTASK_CREDENTIALS").says("with the credentials of dev: cargo xtask apply-all --account dev");
    assert!(sandbox.log().calls().is_empty());
    own(&["--account", "dev", "--allow", "unverified-image"]).says("Applied      dev");
}

#[test]
fn missing_tools_of_a_build_are_named_together() {
    let sandbox = Sandbox::new();
    for tool in ["aws-vault", "infrastructure-deployer"] {
        fs::remove_file(sandbox.tool(tool)).unwrap();
    }
    sandbox.xtask(["build-images", "v1.3.0"]).run().exits(3).is("tools-missing-for-build");
}

#[test]
fn aws_cli_is_needed_by_nothing_but_profiles() {
    let sandbox = Sandbox::new();
    fs::remove_file(sandbox.tool("aws")).unwrap();
    let said = sandbox.xtask(["update", "v1.3.0", "--yes"]).run().exits(0);
    said.says("Verified     prod   2 task definitions at v1.3.0, digests match ECR");
    let said = sandbox.xtask(["doctor", "v1.3.0"]).run().exits(0);
    for line in [
        "skip  aws                      not on PATH; nothing needs it but profiles and",
        "ok    ECR                      2 images that the repository names, all there",
    ] {
        assert!(said.out.contains(line), "{}", said.screen());
    }
    let sandbox = sandbox.setting("credentials", r#"["env", "AWS_PROFILE={profile}"]"#);
    fs::copy("/usr/bin/env", sandbox.tool("env")).unwrap();
    for command in [["verify"], ["apply-all"]] {
        sandbox.xtask(command).run().exits(3).says("`aws` not found on PATH");
    }
    let said = sandbox.xtask(["doctor", "v1.3.0"]).run().exits(5);
    assert!(said.out.contains("fail  aws                      `aws` not found on PATH"), "{}", said.screen());
}

#[test]
fn with_terraform_and_tofu_nothing_is_guessed() {
    let sandbox = Sandbox::bumped().without_setting("terraform-binary");
    link(standin(), &sandbox.tool("tofu"));
    sandbox.xtask(["apply-all", "--yes"]).run().exits(3).is("tools-terraform-and-tofu");
    assert!(sandbox.log().calls().is_empty());
}

#[test]
fn hcl_can_say_which_of_terraform_and_tofu_is_meant() {
    let sandbox = Sandbox::bumped().without_setting("terraform-binary");
    link(standin(), &sandbox.tool("tofu"));
    sandbox.edit("terragrunt.hcl", "remote_state {", "terraform_binary = \"terraform\"\n\nremote_state {");
    sandbox.xtask(["apply-all", "--yes"]).run().exits(0);
}

#[test]
fn the_only_one_installed_is_taken() {
    let sandbox = Sandbox::bumped().without_setting("terraform-binary");
    sandbox.xtask(["apply-all", "--yes"]).run().exits(0);
    assert_eq!(sandbox.log().applied().len(), 6);
}

#[test]
fn stand_ins_are_refused_in_earnest() {
    let sandbox = Sandbox::bumped();
    let said = sandbox.xtask(["apply-all", "--yes"]).without("XTASK_REHEARSAL").run().exits(3);
    for tool in ["aws-vault", "terraform", "terragrunt"] {
        assert!(
            said.err.contains(&format!("`{tool}` is the stand-in of a rehearsal, not the real program")),
            "{said:?}"
        );
    }
    assert!(sandbox.log().calls().is_empty());
}

#[test]
fn real_tools_are_refused_in_a_rehearsal() {
    let sandbox = Sandbox::bumped();
    let real = sandbox.top().join("real");
    fs::create_dir(&real).unwrap();
    symlink("/bin/sh", real.join("terragrunt")).unwrap();
    let path = format!("{}:{}", real.display(), sandbox.world().join("bin").display());
    let said = sandbox.xtask(["apply-all", "--yes"]).env("PATH", path).run().exits(3);
    said.says("a rehearsal would have used the real `terragrunt`, which could change an account");
    assert!(sandbox.log().calls().is_empty());
}

#[test]
fn stand_ins_of_another_rehearsal_are_refused() {
    let sandbox = Sandbox::bumped();
    let command = sandbox.xtask(["apply-all", "--yes"]).env("XTASK_REHEARSAL", sandbox.top().join("another"));
    command.run().exits(3).says("`terragrunt` is the stand-in of a rehearsal");
    assert!(sandbox.log().calls().is_empty());
}
