//! The operator's home and PATH.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use super::cloud::REGION;
use super::live::ACCOUNTS;
use super::programs::here;
use super::shape::{Engine, Shape, Terragrunt};
use super::toolbox::Toolbox;

/// What the system has to lend: git, and what scripts of the tools call.
const SYSTEM: [&str; 9] = ["git", "printf", "sh", "bash", "env", "cat", "ls", "mkdir", "uname"];

/// The profile of an account, as the AWS config file has it.
pub(crate) fn profile(account: &str) -> String {
    format!("your-{account}")
}

/// AWS profiles, an MFA device that counts, and a name for git.
pub(super) fn fill_home(home: &Path) {
    fs::create_dir_all(home.join(".aws")).expect("the folder can be made");
    let mfa = home.join("mfa.sh");
    // A script file, since aws-vault splits the command without heeding quotes.
    script(&mfa, &format!("#!/bin/sh\necho asked >> '{}'\necho 123456\n", home.join("mfa-prompts").display()));
    let mfa_serial = "mfa_serial = arn:aws:iam::111111111111:mfa/me";
    let mut config = format!("[profile ops]\nregion = {REGION}\n{mfa_serial}\nmfa_process = {}\n", mfa.display());
    for (account, id) in ACCOUNTS {
        let profile = profile(account);
        config += &format!(
            "\n[profile {profile}]\nregion = {REGION}\nsource_profile = ops\n{mfa_serial}\n\
             role_arn = arn:aws:iam::{id}:role/allow-full-access-from-other-accounts\n"
        );
    }
    fs::write(home.join(".aws/config"), config).expect("the file can be written");
    let git = "[user]\n\tname = Operator\n\temail = operator@example.com\n[init]\n\tdefaultBranch = main\n";
    fs::write(home.join(".gitconfig"), git).expect("the file can be written");
}

/// The whole PATH: the programs of the shape, and what the system lends.
pub(super) fn fill_bin(tools: &Toolbox, shape: Shape, bin: &Path) {
    fs::create_dir(bin).expect("the folder is new");
    let link = |name: &str, program: &Path| symlink(program, bin.join(name)).expect("the name is free");
    for name in SYSTEM {
        link(name, &which::which(name).unwrap_or_else(|_| panic!("`{name}` is on the PATH of any Linux")));
    }
    link("aws-vault", &tools.aws_vault);
    link("aws", &tools.aws);
    link(
        "terragrunt",
        match shape.terragrunt {
            Terragrunt::V0 => &tools.terragrunt_0,
            Terragrunt::V1 => &tools.terragrunt_1,
        },
    );
    for engine in shape.engines {
        match engine {
            Engine::Tofu => link("tofu", &tools.tofu),
            Engine::Terraform => link("terraform", tools.terraform.as_deref().expect("the test asked for it first")),
        }
    }
    let deployer = fs::read_to_string(here().join("infrastructure_deployer.py")).expect("it is beside this file");
    script(&bin.join("infrastructure-deployer"), &format!("#!{}\n{deployer}", tools.python.display()));
}

pub(super) fn script(path: &Path, text: &str) {
    fs::write(path, text).expect("the file can be written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("the file is ours");
}
