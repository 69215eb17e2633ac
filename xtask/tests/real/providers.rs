//! What a provider may do, with a stand-in for that of AWS: stay in the account, and nothing else.

use std::fs;
use std::os::unix::fs::symlink;

use super::by_hand::text;
use super::cloud::Cloud;
use super::live::Live;
use super::shape::{Shape, Terragrunt};
use super::toolbox::Toolbox;
use super::typed::{ends_with, tags, xtask};

const DEV: &str = "100000000004";
const PROD: &str = "100000000006";

/// A provider with this in it, and a task definition that it registers.
fn configuration(body: &str) -> String {
    format!(
        r#"terraform {{
  required_providers {{
    aws = {{
      source  = "hashicorp/aws"
      version = "5.0.0"
    }}
  }}
}}

provider "aws" {{
  region = "us-east-1"
{body}
}}

resource "aws_ecs_task_definition" "extra" {{
  family                = "extra"
  container_definitions = jsonencode([{{ name = "extra", image = "extra:v1", memory = 512 }}])
}}
"#
    )
}

/// A block that assumes a role of production, with its head written in this way.
fn role(head: &str) -> String {
    let arn = "arn:aws:iam::100000000006:role/deploy";
    format!("  {head} {{\n    for_each = [\"{arn}\"]\n    content {{\n      role_arn = assume_role.value\n    }}\n  }}")
}

/// A repository whose module has a further file, of this name.
fn live_with(tools: &Toolbox, cloud: &Cloud, terragrunt: Terragrunt) -> Live {
    let live = Live::new(tools, cloud, Shape { terragrunt, ..Shape::default() });
    live.add_provider(tools);
    live
}

#[test]
fn provider_of_a_module_that_stays_in_its_account_is_applied() {
    let Some(tools) = Toolbox::get() else { return };
    for terragrunt in [Terragrunt::V0, Terragrunt::V1] {
        let cloud = Cloud::start(tools);
        let live = live_with(tools, &cloud, terragrunt);
        fs::write(live.module().join("aws.tf"), configuration("  skip_requesting_account_id = true"))
            .expect("the file can be written");
        ends_with(&live, &["apply-all", "--yes", "--allow=unexpected", "--allow=other-image", "--account=dev"], 0);
        assert!(cloud.task_images(DEV).contains_key("extra"), "the provider has registered it");
    }
}

#[test]
fn role_that_a_provider_assumes_by_a_dynamic_block_is_refused_however_it_is_written() {
    let Some(tools) = Toolbox::get() else { return };
    for terragrunt in [Terragrunt::V0, Terragrunt::V1] {
        let cloud = Cloud::start(tools);
        let live = live_with(tools, &cloud, terragrunt);
        let refused = |file: &str| {
            let told = ends_with(
                &live,
                &["apply-all", "--yes", "--allow=unexpected", "--allow=other-image", "--account=dev"],
                3,
            );
            let what = format!("provider `aws` has a `dynamic \"assume_role\"` block, which may say anything ({file}:");
            assert!(told.contains(&what), "{told}");
            assert!(told.contains("reaches into another account than 100000000004 dev"), "{told}");
        };
        let module = live.module();
        let file = module.join("aws.tf");
        for head in ["dynamic \"assume_role\"", "dynamic assume_role", "dynamic /* a comment */ \"assume_role\""] {
            fs::write(&file, configuration(&role(head))).expect("the file can be written");
            refused("aws.tf");
        }
        // In a module of the module.
        fs::create_dir(module.join("inner")).expect("the folder is new");
        fs::rename(&file, module.join("inner/main.tf")).expect("both are ours");
        let call = module.join("call.tf");
        fs::write(&call, "module \"inner\" {\n  source = \"./inner\"\n}\n").expect("the file can be written");
        refused("inner/main.tf");
        fs::remove_file(call).expect("it is there");
        // A link to a file of another name.
        fs::rename(module.join("inner/main.tf"), live.root().with_file_name("linked.txt")).expect("both are ours");
        symlink(live.root().with_file_name("linked.txt"), &file).expect("the name is free");
        refused("aws.tf");
        fs::remove_file(&file).expect("it is there");
        // In JSON, beside a provider that is written as usual.
        fs::write(&file, configuration("")).expect("the file can be written");
        let json = r#"{"provider": {"aws": {"alias": "other", "dynamic": {"assume_role": {"for_each": ["arn:aws:iam::100000000006:role/deploy"], "content": {"role_arn": "${assume_role.value}"}}}}}}"#;
        fs::write(module.join("other.tf.json"), json).expect("the file can be written");
        refused("other.tf.json");
        assert!(tags(&cloud, PROD).is_empty() && cloud.task_images(DEV).is_empty());
    }
}

#[test]
fn endpoint_of_a_provider_that_the_settings_do_not_name_is_refused() {
    let Some(tools) = Toolbox::get() else { return };
    for terragrunt in [Terragrunt::V0, Terragrunt::V1] {
        let cloud = Cloud::start(tools);
        let live = live_with(tools, &cloud, terragrunt);
        let endpoint = format!("  endpoints {{\n    ecs = \"{}\"\n  }}", cloud.http_endpoint());
        fs::write(live.module().join("aws.tf"), configuration(&endpoint)).expect("the file can be written");
        let words = ["apply-all", "--yes", "--allow=unexpected", "--allow=other-image", "--account=dev"];
        let told = ends_with(&live, &words, 3);
        let what = format!("provider `aws` sends requests for `ecs` to {}", cloud.http_endpoint());
        assert!(told.contains(&what) && told.contains("name it as `endpoint-url`"), "{told}");
        assert!(cloud.task_images(DEV).is_empty());
        let settings = format!("[workspace.metadata.xtask]\nendpoint-url = \"{}\"\n", cloud.http_endpoint());
        fs::write(live.root().join("Cargo.toml"), settings).expect("the file can be written");
        ends_with(&live, &words, 0);
        assert!(cloud.task_images(DEV).contains_key("extra"), "the provider has registered it");
    }
}

#[test]
fn apply_that_made_something_in_another_account_fails_and_nothing_further_starts() {
    let Some(tools) = Toolbox::get() else { return };
    for terragrunt in [Terragrunt::V0, Terragrunt::V1] {
        let cloud = Cloud::start(tools);
        let live = live_with(tools, &cloud, terragrunt);
        fs::write(live.module().join("aws.tf"), configuration("")).expect("the file can be written");
        // A way to other credentials that no guard knows of.
        let role = "STANDIN_ROLE_ARN = \"arn:aws:iam::100000000006:role/deploy\"";
        let block = format!(
            "terraform {{\n  extra_arguments \"more\" {{\n    commands = [\"apply\"]\n    env_vars = {{ {role} }}\n  }}\n"
        );
        let unit = live.unit("dev").join("terragrunt.hcl");
        live.edit(unit, |text| text.replacen("terraform {\n", &block, 1));
        let words = ["--yes", "--allow=unexpected", "--allow=other-image", "--account=dev", "--account=logs"];
        let told = ends_with(&live, &[&["apply-all"], &words[..]].concat(), 1);
        assert!(told.contains("the apply made 1 resource in another account than 100000000004 dev"), "{told}");
        let arn = "aws_ecs_task_definition.extra: arn arn:aws:ecs:us-east-1:100000000006:task-definition/extra:1";
        assert!(told.contains(arn), "{told}");
        assert!(told.contains("1 failed, 1 not started"), "{told}");
        assert!(cloud.task_images("100000000001").is_empty(), "logs was not applied");
        let run = told.rsplit("runs resume ").next().expect("it says how to go on").trim();
        let shown = xtask(&live, &["runs", "show", run]).output().expect("xtask starts");
        assert!(text(&shown).contains("in another account than 100000000004 dev"), "{}", text(&shown));
        // The state knows it, so nothing goes on from there.
        let told = ends_with(&live, &[&["apply-all"], &words[..]].concat(), 3);
        assert!(told.contains("in the state, which is another account"), "{told}");
    }
}

#[test]
fn backend_of_a_module_that_leads_into_another_account_is_refused_however_it_is_written() {
    let Some(tools) = Toolbox::get() else { return };
    let arn = "arn:aws:iam::100000000006:role/deploy";
    for terragrunt in [Terragrunt::V0, Terragrunt::V1] {
        let cloud = Cloud::start(tools);
        let live = live_with(tools, &cloud, terragrunt);
        cloud.aws(PROD, &["s3api", "create-bucket", "--bucket", "prod-state"]).expect("the bucket is new");
        live.edit("terragrunt.hcl", |text| {
            let (before, rest) = text.split_once("remote_state {").expect("there is one");
            let (_, after) = rest.split_once("\n}\n").expect("it ends");
            format!("{before}{after}")
        });
        let place = r#""bucket": "prod-state", "key": "dev.tfstate", "region": "us-east-1""#;
        let json =
            format!(r#"{{"terraform": {{"backend": {{"s3": {{{place}, "assume_role": {{"role_arn": "{arn}"}}}}}}}}}}"#);
        let hcl = format!(
            "terraform {{\n  backend \"s3\" {{\n    assume_role = {{\n      role_arn = \"{arn}\"\n    }}\n  }}\n}}\n"
        );
        let apply = ["apply-all", "--yes", "--allow=unexpected", "--allow=other-image", "--account=dev"];
        let file = live.module().join("backend.tf");
        fs::write(&file, hcl).expect("the file can be written");
        let told = ends_with(&live, &apply, 3);
        assert!(told.contains("`assume_role` of the backend leads into another account"), "{terragrunt:?}: {told}");
        assert!(!told.contains("Planning"), "{terragrunt:?}: nothing was started: {told}");
        fs::remove_file(&file).expect("it is there");
        fs::write(file.with_extension("tf.json"), json).expect("the file can be written");
        let told = ends_with(&live, &apply, 3);
        let what = format!("the backend `s3` assumes {arn}, a role of another account");
        assert!(told.contains(&what), "{terragrunt:?}: {told}");
        let listed = cloud.aws(PROD, &["s3api", "list-objects-v2", "--bucket", "prod-state"]).expect("listing works");
        assert!(listed["Contents"].is_null(), "{terragrunt:?}: {listed}");
    }
}

#[test]
fn what_a_declared_role_has_made_is_no_reason_to_refuse_the_next_plan() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = live_with(tools, &cloud, Terragrunt::V1);
    let alias = "}\n\nprovider \"aws\" {\n  alias  = \"prod\"\n  region = \"us-east-1\"\n  assume_role {\n    role_arn = \"arn:aws:iam::100000000006:role/deploy\"\n  }";
    let text = configuration(alias).replace("  family ", "  provider = aws.prod\n  family ");
    fs::write(live.module().join("aws.tf"), text).expect("the file can be written");
    let settings = |roles: &str| {
        let settings = format!("[workspace.metadata.xtask]\nassumed-roles = [{roles}]\n");
        fs::write(live.root().join("Cargo.toml"), settings).expect("the file can be written");
    };
    settings("\"arn:aws:iam::100000000006:role/deploy\"");
    let words = ["apply-all", "--yes", "--allow=unexpected", "--allow=other-image", "--account=dev"];
    ends_with(&live, &words, 0);
    assert!(cloud.task_images(PROD).contains_key("extra"), "the role has made it");
    let told = ends_with(&live, &words, 0);
    assert!(told.contains("nothing to change"), "{told}");
    settings("");
    fs::write(live.module().join("aws.tf"), configuration("")).expect("the file can be written");
    let told = ends_with(&live, &words, 3);
    assert!(told.contains("in the state, which is another account"), "{told}");
    assert!(told.contains("add the role that it assumes to `assumed-roles`"), "{told}");
}
