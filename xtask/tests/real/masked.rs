//! What is secret within terragrunt's inputs is in no log, however much there is of it.

use std::fs;
use std::path::PathBuf;

use super::cloud::Cloud;
use super::live::Live;
use super::shape::{Shape, Terragrunt};
use super::toolbox::Toolbox;
use super::typed::ends_with;

const SECRETS: [&str; 5] =
    ["Sommer-2024-Hund", "Winter-2024-Katze", "correct-horse-8-battery", "abcdefghijklmnopqrstuvwxyz", "zuletzt-k899"];

const INPUTS: &str = r#"
inputs = {
  app_secrets    = { for n in range(900) : format("k%d", n) => format("%060d-zuletzt-k%d", n, n) }
  db_credentials = { user = "app", password = "Sommer-2024-Hund" }
  plain          = { list = [{ password = "Winter-2024-Katze" }] }
  db_password    = "correct-horse-8-battery"
  ssh_private_key = <<-KEY
    -----BEGIN KEY-----
    abcdefghijklmnopqrstuvwxyz
    -----END KEY-----
  KEY
}
"#;

const MODULE: &str = r#"
variable "app_secrets" { type = map(string) }
variable "db_credentials" { type = map(string) }
variable "plain" { type = any }
variable "db_password" {}
variable "ssh_private_key" {}
resource "terraform_data" "blabs" {
  input = [var.db_password, var.plain.list[0].password]
  provisioner "local-exec" {
    command = "echo A $A; echo B $B; echo C $C; echo D $D; echo \"E $E\"; exit 1"
    environment = {
      A = var.db_password
      B = var.db_credentials.password
      C = var.plain.list[0].password
      D = var.app_secrets.k899
      E = var.ssh_private_key
    }
  }
}
"#;

/// All files below a folder but programs.
fn texts(folder: PathBuf) -> Vec<(PathBuf, String)> {
    let (mut found, mut folders) = (Vec::new(), vec![folder]);
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(&folder).expect("it is there").flatten().map(|entry| entry.path()) {
            match path.is_dir() {
                true => folders.push(path),
                false => found.extend(fs::read_to_string(&path).ok().map(|text| (path, text))),
            }
        }
    }
    found
}

#[test]
fn secrets_within_inputs_are_in_no_log_and_on_no_screen_however_many_there_are() {
    let Some(tools) = Toolbox::get() else { return };
    for terragrunt in [Terragrunt::V0, Terragrunt::V1] {
        let cloud = Cloud::start(tools);
        let live = Live::new(tools, &cloud, Shape { terragrunt, ..Shape::default() });
        live.edit(live.unit("dev").join("terragrunt.hcl"), |text| text.to_owned() + INPUTS);
        fs::write(live.module().join("blabs.tf"), MODULE).expect("it can be written");
        let told = ends_with(&live, &["apply-all", "--yes", "--account", "dev"], 1);
        let files = texts(live.root().join(".xtask/runs"));
        let log = files.iter().find(|(path, _)| path.ends_with("dev.apply.log")).expect("it was applied");
        assert!(log.1.contains("A [redacted]") && log.1.contains("D [redacted]"), "{}", log.1);
        for secret in SECRETS {
            assert!(!told.contains(secret), "{secret}: {told}");
            for (path, text) in &files {
                assert!(!text.contains(secret), "{secret} in {}", path.display());
            }
        }
    }
}
