//! What is shown of a plan before the consent, with the real programs.

use std::fs;

use super::cloud::Cloud;
use super::live::Live;
use super::shape::{Engine, Shape, Terragrunt};
use super::toolbox::Toolbox;
use super::typed::ends_with;

const APPLY: [&str; 4] = ["apply-all", "--yes", "--allow=other-image", "--account=dev"];
const PLAN: [&str; 4] = ["apply-all", "--plan-only", "--allow=other-image", "--account=dev"];

fn live(tools: &Toolbox, cloud: &Cloud) -> Live {
    Live::new(tools, cloud, Shape { terragrunt: Terragrunt::V1, engines: &[Engine::Terraform], ..Shape::default() })
}

fn write(live: &Live, text: &str) {
    fs::write(live.module().join("x.tf"), text).expect("the file can be written");
}

/// The text without line breaks and what begins a line.
fn words(told: &str) -> String {
    told.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Everything that was kept of all runs.
fn kept(live: &Live) -> String {
    let runs = fs::read_dir(live.root().join(".xtask/runs")).expect("there was a run").flatten();
    let files = runs.flat_map(|run| fs::read_dir(run.path()).into_iter().flatten().flatten());
    let texts = files.filter_map(|file| fs::read(file.path()).ok());
    texts.map(|text| String::from_utf8_lossy(&text).into_owned()).collect()
}

#[test]
fn what_has_to_be_looked_at_is_shown_in_full_and_without_its_secrets() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = live(tools, &cloud);
    // The key of this session is no input that anybody would call secret.
    live.edit(live.unit("dev").join("terragrunt.hcl"), |text| {
        format!("{text}\ninputs = {{\n  plain = get_env(\"AWS_SECRET_ACCESS_KEY\")\n  db = {{ password = \"Winter-2024\" }}\n}}\n")
    });
    let configuration = |n: &str, principal: &str| {
        format!(
            r#"variable "plain" {{}}
variable "db" {{ type = any }}
resource "terraform_data" "big" {{
  input = {{
    a = "{n}a", b = "{n}b", c = "{n}c", d = "{n}d", e = "{n}e", f = "{n}f"
    principal = "{principal}"
    long      = "arn:aws:iam::100000000004:policy/something/very/long/that/was/cut/until/now/{n}"
    address   = "https://user:hunter2{n}@github.com/x"
    clone     = "https://u:ghp_0123{n}@github.com/"
    key       = "{n} ${{var.plain}}"
    database  = "{n} ${{var.db.password}}"
    image     = "example.com/x:{}{n}"
  }}
}}
resource "terraform_data" "{n}" {{
  input = "an added one of principal {principal}"
}}
output "leak" {{
  value = "ghp_0123456789abcdefghijABCDEFGHIJ012345{n}"
}}
"#,
            "t".repeat(120)
        )
    };
    write(&live, &configuration("one", "100000000004"));
    ends_with(&live, &APPLY, 0);
    write(&live, &configuration("two", "*"));
    let told = ends_with(&live, &PLAN, 0);
    let shown = words(&told);
    for said in [
        "input.a onea -> twoa",
        "input.f onef -> twof",
        "input.principal 100000000004 -> *",
        "was/cut/until/now/two",
        "input.address before https://user:[redacted]@github.com/x after https://user:[redacted]@github.com/x",
        "input.clone before https://u:[redacted]@github.com/ after https://u:[redacted]@github.com/",
        // The old value of a key is no more known to be one.
        "input.key (not shown) -> two [redacted]",
        "input.database one [redacted] -> two [redacted]",
        "! change terraform_data.big input.a",
        "known after apply: output",
        "! add terraform_data.two input an added one of principal *",
        "output.leak ghp_[redacted] -> ghp_[redacted]",
    ] {
        assert!(shown.contains(said), "{said}: {told}");
    }
    let all = told + &kept(&live);
    for secret in ["hunter2", "ghp_0123", "Winter-2024"] {
        assert!(!all.contains(secret), "{secret}: {all}");
    }
}

#[test]
fn import_with_a_change_or_a_replacement_is_told_as_an_import() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = live(tools, &cloud);
    let import = "import {\n  to = terraform_data.imp\n  id = \"somebody-elses-thing\"\n}\n";
    for (body, action) in [("input = \"y\"", "change"), ("input = \"y\"\n  triggers_replace = [\"z\"]", "replace")] {
        write(&live, &format!("{import}resource \"terraform_data\" \"imp\" {{\n  {body}\n}}\n"));
        let told = ends_with(&live, &PLAN, 0);
        let said = format!("! {action} terraform_data.imp imports somebody-elses-thing");
        assert!(words(&told).contains(&said), "{said}: {told}");
    }
}

#[test]
fn what_a_removed_block_runs_is_named() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = live(tools, &cloud);
    write(&live, "resource \"terraform_data\" \"old\" {\n  input = \"x\"\n}\n");
    ends_with(&live, &APPLY, 0);
    write(
        &live,
        r#"removed {
  from = terraform_data.old
  lifecycle {
    destroy = true
  }
  provisioner "local-exec" {
    when    = destroy
    command = "echo bye"
  }
}
"#,
    );
    let told = ends_with(&live, &PLAN, 0);
    for said in ["! destroy terraform_data.old runs local-exec", "local-exec `echo bye` of terraform_data.old"] {
        assert!(words(&told).contains(said), "{said}: {told}");
    }
}

#[test]
fn secrets_in_objects_and_behind_many_others_are_kept_out_of_logs() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = live(tools, &cloud);
    let many: Vec<_> = (0..900).map(|n| format!("k{n} = \"{n:04}{}\"", "a1b2c3d4e5f6g7".repeat(4))).collect();
    live.edit(live.unit("dev").join("terragrunt.hcl"), |text| {
        format!(
            "{text}\ninputs = {{\n  app_secrets = {{ {} }}\n  db_credentials = {{ user = \"app\", password = \"Sommer-2024-Hund\" }}\n  \
             plain = {{ password = \"Winter-2024-Katze\" }}\n  db_password = \"correct-horse-8-battery\"\n}}\n",
            many.join(", ")
        )
    });
    let variables = [("app_secrets", "any"), ("db_credentials", "any"), ("plain", "any"), ("db_password", "string")];
    let variable = |(name, kind): &(&str, &str)| format!("variable \"{name}\" {{\n  type = {kind}\n}}\n");
    let variables: String = variables.iter().map(variable).collect();
    write(
        &live,
        &format!(
            r#"{variables}
resource "terraform_data" "x" {{
  provisioner "local-exec" {{
    command     = "echo A $A; echo B $B; echo C $C; echo D $D; exit 1"
    environment = {{ A = var.db_password, B = var.db_credentials.password, C = var.plain.password, D = var.app_secrets.k7 }}
  }}
}}
"#
        ),
    );
    let told = ends_with(&live, &APPLY, 1);
    let all = told + &kept(&live);
    assert!(all.contains("A [redacted]") && all.contains("D [redacted]"), "{all}");
    for secret in ["Sommer-2024-Hund", "Winter-2024-Katze", "correct-horse-8-battery", "0007a1b2c3"] {
        assert!(!all.contains(secret), "{secret}");
    }
}
