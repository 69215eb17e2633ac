//! Variables that HCL sets for Terraform after the outer guard has built the environment.

use std::fs;

use super::cloud::Cloud;
use super::live::Live;
use super::shape::{Shape, Terragrunt};
use super::toolbox::Toolbox;
use super::typed::{ends_with, tags};

const DEV: &str = "100000000004";

/// Dev's unit, whose `extra_arguments` set these variables for one command.
fn live_with(
    tools: &Toolbox,
    cloud: &Cloud,
    terragrunt: Terragrunt,
    command: &str,
    variables: &[(&str, &str)],
) -> Live {
    let live = Live::new(tools, cloud, Shape { terragrunt, ..Shape::default() });
    let variables: String = variables.iter().map(|(name, value)| format!("      {name} = {value:?}\n")).collect();
    let block = format!(
        "terraform {{\n  extra_arguments \"more\" {{\n    commands = [\"{command}\"]\n    env_vars = {{\n{variables}    }}\n  }}\n"
    );
    live.edit(live.unit("dev").join("terragrunt.hcl"), |text| text.replacen("terraform {\n", &block, 1));
    live
}

#[test]
fn variables_that_hcl_puts_back_are_refused_by_name_and_others_are_told() {
    let Some(tools) = Toolbox::get() else { return };
    let refused = [
        ("TF_CLI_ARGS_plan", "-refresh=false"),
        ("TF_WORKSPACE", "default"),
        ("TF_REATTACH_PROVIDERS", "{}"),
        ("TF_CLI_CONFIG_FILE", "/dev/null"),
        ("TF_DATA_DIR", ".terraform"),
        ("LD_PRELOAD", "/nowhere.so"),
        ("DYLD_INSERT_LIBRARIES", "/nowhere.dylib"),
        ("HTTPS_PROXY", "http://127.0.0.1:1"),
        ("AWS_CA_BUNDLE", "/dev/null"),
        ("AWS_EC2_METADATA_DISABLED", "false"),
    ];
    for terragrunt in [Terragrunt::V0, Terragrunt::V1] {
        let cloud = Cloud::start(tools);
        let live = live_with(tools, &cloud, terragrunt, "plan", &[&refused[..], &[("FOO", "bar")]].concat());
        let words = ["apply-all", "--yes", "--account", "dev"];
        let told = ends_with(&live, &words, 1);
        assert!(told.contains("terragrunt changed the environment of terraform, so nothing was started"), "{told}");
        for (name, _) in refused {
            assert!(told.contains(&format!("`{name}`, ")), "{name}: {told}");
        }
        assert!(tags(&cloud, DEV).is_empty());
        // The settings name what is meant; nothing makes another proxy acceptable.
        let names: Vec<_> = refused.iter().map(|(name, _)| format!("{name:?}")).collect();
        let settings = format!("[workspace.metadata.xtask]\npass-environment = [{}]\n", names.join(", "));
        fs::write(live.root().join("Cargo.toml"), settings).expect("the file can be written");
        let told = ends_with(&live, &words, 1);
        assert!(told.contains("`HTTPS_PROXY`, which decides who answers for AWS"), "{told}");
        assert!(told.contains("`AWS_CA_BUNDLE`, ") && !told.contains("`TF_WORKSPACE`"), "{told}");
        assert!(tags(&cloud, DEV).is_empty());
    }
}

#[test]
fn variables_that_decide_nothing_are_told_by_their_names() {
    let Some(tools) = Toolbox::get() else { return };
    for terragrunt in [Terragrunt::V0, Terragrunt::V1] {
        let cloud = Cloud::start(tools);
        let live = live_with(tools, &cloud, terragrunt, "plan", &[("FOO", "bar"), ("TF_LOG_PATH", "/dev/null")]);
        let told = ends_with(&live, &["apply-all", "--yes", "--account", "dev", "--account", "logs"], 0);
        assert!(told.contains("Variables    FOO, TF_LOG_PATH, set by HCL for terraform   dev\n"), "{told}");
        assert_eq!(tags(&cloud, DEV).len(), 2);
    }
}

#[test]
fn variable_that_hcl_sets_for_the_apply_alone_stops_the_apply() {
    let Some(tools) = Toolbox::get() else { return };
    for terragrunt in [Terragrunt::V0, Terragrunt::V1] {
        let cloud = Cloud::start(tools);
        let live = live_with(tools, &cloud, terragrunt, "apply", &[("TF_CLI_ARGS_apply", "-parallelism=1")]);
        let told = ends_with(&live, &["apply-all", "--yes", "--account", "dev"], 1);
        assert!(told.contains("`TF_CLI_ARGS_apply`, which may change what Terraform does"), "{told}");
        assert!(tags(&cloud, DEV).is_empty());
    }
}
