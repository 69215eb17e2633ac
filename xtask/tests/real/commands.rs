//! Whatever terragrunt runs with the account's keys is named in the digest before.

use std::fs;

use super::cloud::Cloud;
use super::live::Live;
use super::shape::{Shape, Terragrunt};
use super::toolbox::Toolbox;
use super::typed::ends_with;

#[test]
fn commands_of_a_unit_that_is_depended_on_and_of_a_file_of_any_name_run_and_are_named() {
    let Some(tools) = Toolbox::get() else { return };
    for terragrunt in [Terragrunt::V0, Terragrunt::V1] {
        let cloud = Cloud::start(tools);
        let live = Live::new(tools, &cloud, Shape { terragrunt, ..Shape::default() });
        let ran = live.root().with_file_name("ran");
        let run = |what: &str| format!("run_cmd(\"sh\", \"-c\", \"echo {what} >> {}\")", ran.display());
        let other = live.unit("dev").with_file_name("other");
        fs::create_dir(&other).expect("it is new");
        fs::write(other.join("main.tf"), "output \"x\" {\n  value = 1\n}\n").expect("it can be written");
        fs::write(other.join("terragrunt.hcl"), format!("locals {{\n  it = {}\n}}\n", run("dep"))).expect("as well");
        let unit = live.unit("dev").join("terragrunt.hcl");
        fs::write(unit.with_file_name("more.conf"), format!("locals {{\n  it = {}\n}}\n", run("conf"))).expect("too");
        let more = "locals {\n  more = read_terragrunt_config(\"${get_terragrunt_dir()}/more.conf\")\n}\n\
                    dependency \"other\" {\n  config_path  = \"../other\"\n  mock_outputs = { x = 2 }\n}\n";
        live.edit(&unit, |text| text.to_owned() + more);
        let told = ends_with(&live, &["apply-all", "--plan-only", "--allow=mock", "--account", "dev"], 0);
        let mut all: Vec<_> = fs::read_to_string(&ran).expect("they ran").lines().map(str::to_owned).collect();
        all.sort();
        all.dedup();
        assert_eq!(all, ["conf", "dep"], "{told}");
        for name in all {
            assert!(told.contains(&format!("echo {name} >>")), "{name}: {told}");
        }
    }
}
