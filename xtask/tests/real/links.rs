//! Units behind symbolic links, in the account of the path that leads to them.

use std::fs;
use std::os::unix::fs::symlink;

use super::cloud::Cloud;
use super::live::Live;
use super::shape::{Shape, Terragrunt};
use super::toolbox::Toolbox;
use super::typed::{ends_with, tags};

const DEV: &str = "100000000004";
const STAGE: &str = "100000000005";

#[test]
fn unit_that_is_a_link_is_planned_and_applied_in_the_account_of_its_own_path() {
    let Some(tools) = Toolbox::get() else { return };
    for terragrunt in [Terragrunt::V0, Terragrunt::V1] {
        let cloud = Cloud::start(tools);
        let live = Live::new(tools, &cloud, Shape { terragrunt, ..Shape::default() });
        let linked = live.unit("stage");
        fs::remove_dir_all(&linked).expect("it is there");
        symlink("../../../dev/us-east-1/mgmt/ecs-deploy-runner", &linked).expect("it can be linked");
        let told = ends_with(&live, &["apply-all", "--yes", "--account", "stage"], 0);
        assert_eq!((tags(&cloud, STAGE).len(), tags(&cloud, DEV).len()), (2, 0), "{terragrunt:?}: {told}");
        assert!(live.state_file("stage").exists() && !live.state_file("dev").exists(), "{terragrunt:?}");
    }
}
