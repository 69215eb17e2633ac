//! The names of profiles, as aws-vault and the AWS CLI themselves read them from a config file.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use xtask::tools::aws_config::{AwsConfig, Reader};

use super::toolbox::Toolbox;

/// All in one file.
const HEADERS: [&str; 27] = [
    "[profile my dev profile]",
    "[profile \"quoted prod\"]",
    "[profile 'quoted dev']",
    "[profile \"open]",
    "[profile it's]",
    "[profile a\\ b]",
    "[profile \"c\"d]",
    "[profile e\"f g\"]",
    "[profile \"h\\\"i\"]",
    "[ profile j ]",
    "[profile  k]",
    "[profile\tl]",
    "[profile m ]",
    "[profilex n]",
    "[profile] o]",
    "[profile p] # of dev",
    "[profile q]]",
    "[profile r#s]",
    "[profile t;u]",
    "[profile]",
    "[Profile v]",
    "[\"profile w\"]",
    "[default]",
    "[DEFAULT]",
    "[profile dév]",
    "[sso-session x]",
    "# [profile y]",
];

/// Each in a file of its own.
const TEXTS: [&str; 16] = [
    "  [profile a]\nregion = x\n",
    "[default ]\nregion = x\n",
    "[profile a\nregion = x\n",
    "\"profile a\"\n",
    "x = 1\n[profile a]\n",
    "\u{feff}[profile a]\nregion = x\n",
    "[default]\nregion = x\n[profile default]\nregion = y\n",
    "[profile a]\nregion = x\n[profile a]\nregion = y\n",
    "[profile a]\nregion = x\nREGION = y\n",
    "[profile a]\nregion = x\n  [profile b]\nregion = y\n",
    "[profile a]\nregion = x\n  [profile b]\noutput = y\n",
    "[profile a]\ns3 =\n  region = y\n  [profile b]\n[profile c]\noutput = z\n",
    "[profile a]\ns3 =\n  region = y\n\n  # c\n  output = z\nregion = x\n",
    "[profile a]\ns3 =\n  region\n",
    "[profile a]\nregion\n",
    "[profile a]\nregion = x ; y\n; z\n[profile c] ; d\noutput : text\n",
];

/// The names that a program prints, one a line; none if it reads nothing of the file.
fn listed(program: &Path, args: &[&str], folder: &Path) -> BTreeSet<String> {
    let output = Command::new(program)
        .args(args)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder)
        .env("LANG", "C.UTF-8")
        .env("AWS_CONFIG_FILE", folder.join("config"))
        .env("AWS_SHARED_CREDENTIALS_FILE", folder.join("none"))
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_VAULT_BACKEND", "file")
        .env("AWS_VAULT_FILE_DIR", folder.join("keys"))
        .env("AWS_VAULT_FILE_PASSPHRASE", "any")
        .stdin(Stdio::null())
        .output()
        .expect("it can be started");
    let text = String::from_utf8(output.stdout).expect("names are text");
    if output.status.success() { text.lines().map(str::to_owned).collect() } else { BTreeSet::new() }
}

#[test]
fn profiles_have_the_names_that_the_programs_read() {
    let Some(tools) = Toolbox::get() else { return };
    let folder = tempfile::tempdir().expect("a folder of our own");
    let together: String = HEADERS.iter().map(|header| format!("{header}\nregion = x\n")).collect();
    for text in TEXTS.into_iter().chain([&*together]) {
        fs::write(folder.path().join("config"), text).expect("the file can be written");
        let config = AwsConfig::parse(text, "config");
        let ours = |reader| config.names(reader).map(str::to_owned).collect::<BTreeSet<_>>();
        let of_vault = listed(&tools.aws_vault, &["list", "--profiles"], folder.path());
        assert_eq!(ours(Reader::AwsVault), of_vault, "aws-vault, of {text:?}");
        let of_both: BTreeSet<_> = if let Some(aws) = &tools.aws_2 {
            let of_cli = listed(aws, &["configure", "list-profiles"], folder.path());
            assert_eq!(ours(Reader::AwsCli), of_cli, "the AWS CLI, of {text:?}");
            of_vault.intersection(&of_cli).cloned().collect()
        } else {
            of_vault
        };
        let of_others = ours(Reader::Sdk);
        let is_read = |name: &String| of_both.contains(name) || config.bad_line(Reader::AwsCli).is_some();
        assert!(of_others.iter().all(is_read), "{of_others:?} of {text:?}");
    }
}
