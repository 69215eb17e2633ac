//! Units of Terraform alone on the real tools: applied in their account through both guards, and in no other.

use std::fs;
use std::path::Path;

use super::cloud::Cloud;
use super::live::Live;
use super::shape::{Engine, Shape};
use super::toolbox::Toolbox;
use super::typed::{SHARED, ends_with, tags};

const FOLDER: &str = "dev/us-east-1/pipelines";
const DEV: &str = "100000000004";

/// A unit whose module is that of the others, with its state beside it.
fn add_unit(live: &Live) {
    let module = live.root().parent().expect("it lies in a folder").join("catalog/modules/ecs-deploy-runner");
    let main = format!(
        r#"terraform {{
  backend "local" {{
    path = "pipelines.tfstate"
  }}
}}

variable "tag" {{
  type = string
}}

locals {{
  image = {{ docker_image = "100000000002.dkr.ecr.us-east-1.amazonaws.com/ecs-deploy-runner", docker_tag = var.tag }}
}}

module "runner" {{
  source = "{}"

  name                        = "pipelines"
  account_name                = "dev"
  aws_account_id              = "100000000004"
  aws_region                  = "us-east-1"
  terraform_planner_config    = {{ container_image = local.image }}
  terraform_applier_config    = {{ container_image = local.image }}
  docker_image_builder_config = null
}}
"#,
        module.display()
    );
    let folder = live.root().join(FOLDER);
    fs::create_dir_all(&folder).expect("the folder can be made");
    fs::write(folder.join("main.tf"), main).expect("the file can be written");
    fs::write(folder.join("terraform.tfvars"), "tag = \"v1.3.0\"\n").expect("the file can be written");
}

fn state(live: &Live) -> std::path::PathBuf {
    live.root().join(FOLDER).join("pipelines.tfstate")
}

fn engines(tools: &Toolbox) -> Vec<&'static [Engine]> {
    let terraform: Option<&'static [Engine]> =
        tools.terraform.as_deref().map(|_: &Path| [Engine::Terraform].as_slice());
    std::iter::once([Engine::Tofu].as_slice()).chain(terraform).collect()
}

#[test]
fn unit_of_terraform_is_applied_once_and_then_there_is_nothing_to_do() {
    let Some(tools) = Toolbox::get() else { return };
    for engines in engines(tools) {
        let cloud = Cloud::start(tools);
        let live = Live::new(tools, &cloud, Shape { engines, ..Shape::default() });
        add_unit(&live);
        cloud.put_image(SHARED, "ecs-deploy-runner", "v1.3.0");
        ends_with(&live, &["apply-all", "--yes", "--allow=unexpected", "--unit", FOLDER], 0);
        let tags_now = tags(&cloud, DEV);
        assert!(tags_now.len() == 2 && tags_now.iter().all(|(_, tag)| tag == "v1.3.0"), "{engines:?}: {tags_now:?}");
        assert!(state(&live).exists());
        let again = ends_with(&live, &["apply-all", "--yes", "--allow=unexpected", "--unit", FOLDER], 0);
        assert!(again.contains("nothing to apply in 1 unit"), "{again}");
        let both = ends_with(&live, &["apply-all", "--yes", "--allow=unexpected", "--account", "dev"], 0);
        assert!(both.contains("2 of 2 units"), "{both}");
        assert_eq!(tags(&cloud, DEV).len(), 4, "{engines:?}: the unit of terragrunt beside it");
    }
}

#[test]
fn unit_of_terraform_gets_no_credentials_of_another_account() {
    let Some(tools) = Toolbox::get() else { return };
    for engines in engines(tools) {
        let cloud = Cloud::start(tools);
        let live = Live::new(tools, &cloud, Shape { engines, ..Shape::default() });
        add_unit(&live);
        let told = ends_with(
            &live,
            &["apply-all", "--yes", "--allow=unexpected", "--unit", FOLDER, "--profile", "dev=your-prod"],
            3,
        );
        assert!(told.contains("profile `your-prod`, named for account `dev`, leads into another account"), "{told}");
        assert!(!state(&live).exists() && tags(&cloud, DEV).is_empty() && tags(&cloud, "100000000006").is_empty());
    }
}
