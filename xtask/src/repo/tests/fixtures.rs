//! Every shape under `tests/fixtures` that Terragrunt deploys: what is found in it, unit by unit.

use super::{account, fixture, open, texts};
use crate::model::ImageName;
use crate::repo::{Repository, Unit};

/// Path, account, where its id is stated, region, version of the module, tags of the runner and of kaniko.
fn shown(unit: &Unit) -> String {
    let tag = |image| match unit.image(image).map(|uses| uses.tag.as_result()) {
        None => "-".to_owned(),
        Some(Ok(tag)) => tag.to_string(),
        Some(Err(why)) => format!("?{why}"),
    };
    let version = unit.module.version();
    let version = version.as_result().map_or_else(|why| format!("?{why}"), |it| it.unwrap_or("-").to_owned());
    let places = account(unit).evidence.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let region = unit.region.as_result().map_or_else(|why| format!("?{why}"), ToString::to_string);
    let [runner, kaniko] = [ImageName::DeployRunner, ImageName::Kaniko].map(tag);
    format!("{} | {} {places} | {region} {version} {runner} {kaniko}", unit.path, account(unit))
}

fn read(repo: &Repository, name: &str) -> Vec<String> {
    assert_eq!(texts(repo.all_problems()), "", "{name}");
    repo.units.iter().map(shown).collect()
}

#[test]
fn units_of_every_shape_are_found_with_account_region_module_and_tags() {
    let cases: [(&str, &[&str]); 15] = [
        (
            "data-files",
            &[
                "dev/us-east-1/mgmt/ecs-deploy-runner | \
                 100000000004 dev accounts.json:1 | us-east-1 v0.107.5 v0.51.4 -",
                "shared/us-east-1/mgmt/ecs-deploy-runner | \
                 100000000002 shared accounts.json:1 | us-east-1 v0.107.5 v0.52.1 v0.52.0",
            ],
        ),
        (
            "forked",
            &[
                "logs/ap-southeast-2/mgmt/ecs-deploy-runner | \
                 100000000001 logs accounts.json:2 root.hcl:15 | ap-southeast-2 v0.107.5-example.2 v0.52.8 -",
                "security/ap-southeast-2/mgmt/ecs-deploy-runner | \
                 100000000003 security accounts.json:3 root.hcl:15 | ap-southeast-2 v0.107.5-example.2 v0.52.8 -",
                "shared/ap-southeast-2/mgmt/ecs-deploy-runner | \
                 100000000002 shared accounts.json:4 root.hcl:15 | ap-southeast-2 v0.107.5-example.2 v0.52.8 v0.52.8",
            ],
        ),
        (
            "drifted",
            &[
                "dev/us-east-1/mgmt/ecs-deploy-runner | \
                 100000000004 dev accounts.json:2 root.hcl:15 | us-east-1 v0.90.2 v0.49.1 -",
                "prod/us-east-1/mgmt/ecs-deploy-runner | \
                 100000000006 prod accounts.json:5 root.hcl:15 | us-east-1 v0.90.2 v0.49.1 -",
                "qa/us-east-1/mgmt/ecs-deploy-runner | \
                 100000000007 qa accounts.json:4 root.hcl:15 | us-east-1 v0.90.3 v0.49.1 -",
                "shared/us-east-1/mgmt/ecs-deploy-runner | \
                 100000000002 shared accounts.json:7 root.hcl:15 | us-east-1 v0.90.2 v0.49.1 v0.49.1",
            ],
        ),
        (
            "two-roots",
            &[
                "Acme-Core/us-east-1/mgmt/ecs-deploy-runner | \
                 100000000105 Acme-Core accounts.json:6 | us-east-1 v0.60.0 v0.38.10.1 -",
                "Payments-Pci/us-east-1/mgmt/ecs-deploy-runner | \
                 100000000120 Payments-Pci accounts.json:21 | us-east-1 v0.60.0 v0.38.10.1 -",
                "Shared-Services/us-east-1/mgmt/ecs-deploy-runner | \
                 100000000102 Shared-Services accounts.json:3 | us-east-1 v0.60.0 v0.38.10.1 v0.38.10",
                "Tenant-North/us-east-1/mgmt/ecs-deploy-runner | \
                 100000000123 Tenant-North Tenant-North/accounts.json:3 | us-east-1 v0.60.0 v0.51.8 -",
                "data-science/us-east-1/mgmt/ecs-deploy-runner | \
                 100000000109 data-science accounts.json:10 | us-east-1 v0.60.0 v0.38.10.1 -",
            ],
        ),
        (
            "guide",
            &["production/us-east-2/prod/cicd/ecs-deploy-runner | \
                 100000000006 production root.hcl:12 | us-east-2 v0.52.1 v1 -"],
        ),
        (
            "container-images",
            &["dev/us-west-2/mgmt/ecs-deploy-runner | \
                 100000000004 dev accounts.json:1 | us-west-2 v0.28.1 v0.28.1 v0.27.0"],
        ),
        (
            "one-repository",
            &["dev/us-east-1/mgmt/ecs-deploy-runner | \
                 100000000004 dev accounts.json:1 | us-east-1 main deploy-runner-v1 kaniko-v1"],
        ),
        (
            "in-a-folder",
            &[
                "dev/us-east-1/mgmt/ecs-deploy-runner | \
                 100000000004 dev accounts.json:3 root.hcl:15 | us-east-1 v0.104.6 v0.52.1 -",
                "shared/us-east-1/mgmt/ecs-deploy-runner | \
                 100000000002 shared accounts.json:2 root.hcl:15 | us-east-1 v0.104.6 v0.52.1 v0.52.0",
            ],
        ),
        (
            "live-prefix",
            &[
                "live/dev/eu-central-1/mgmt/ecs-deploy-runner | \
                 100000000004 dev accounts.json:2 root.hcl:15 | eu-central-1 v0.104.6 v0.52.1 -",
                "live/dev/us-east-1/mgmt/ecs-deploy-runner | \
                 100000000004 dev accounts.json:2 root.hcl:15 | us-east-1 v0.104.6 v0.52.1 -",
            ],
        ),
        (
            "accounts-yml",
            &["dev/us-east-1/mgmt/ecs-deploy-runner | \
                 100000000004 dev accounts.yml:7 | us-east-1 v0.112.0 v0.57.4 -"],
        ),
        (
            "several-runners",
            &[
                "dev/us-east-1/cicd/blue | 100000000004 dev accounts.json:1 | us-east-1 v0.52.1 v0.52.1 -",
                "dev/us-east-1/cicd/green | \
                 100000000004 dev accounts.json:1 | us-east-1 v0.53.0-rc.1 v0.53.0-rc.1 -",
                "dev/us-east-1/cicd/local | 100000000004 dev accounts.json:1 | us-east-1 - v0.52.1 -",
                "dev/us-east-1/wrapped/ecs-deploy-runner | \
                 100000000004 dev accounts.json:1 | us-east-1 3.1.0 v0.52.1 -",
            ],
        ),
        (
            "steampipe",
            &["security/us-east-1/mgmt/steampipe | \
                 100000000003 security accounts.json:1 | us-east-1 v0.3.5 v0.52.1 -"],
        ),
        (
            "custom-images",
            &["dev/eu-west-1/mgmt/ecs-deploy-runner | \
                 100000000004 dev accounts.json:1 | eu-west-1 ?it depends on the environment variable `MODULE_VERSION` v0.52.1-acme.3 ?it depends on the environment variable `PATCH`"],
        ),
        (
            "windows",
            &[
                "dev/us-east-1/mgmt/ecs-deploy-runner | \
                 100000000004 dev accounts.json:3 root.hcl:12 | us-east-1 v0.104.6 v0.52.1 -",
                "shared/us-east-1/mgmt/ecs-deploy-runner | \
                 100000000002 shared accounts.json:2 root.hcl:12 | us-east-1 v0.104.6 v0.52.1 v0.52.0",
            ],
        ),
        ("single-account", &["eu-north-1/ci | 000000000009 only account.hcl:3 | eu-north-1 v0.51.4 v0.51.4 -"]),
    ];
    for (name, expected) in cases {
        assert_eq!(read(&fixture(name).open(), name), expected, "{name}");
    }
}

#[test]
fn a_root_in_a_folder_and_a_nested_root_are_opened_from_inside_as_from_above() {
    for (name, start, n_units) in [
        ("in-a-folder", "infrastructure-live/dev/us-east-1", 2),
        ("in-a-folder", "applications/web", 2),
        ("two-roots", "Acme-Core", 5),
        ("two-roots", "Tenant-North/us-east-1", 1),
    ] {
        let repo = open(&fixture(name).path().join(start)).expect("it opens");
        assert_eq!(texts(repo.all_problems()), "", "{name}/{start}");
        assert_eq!(repo.units.len(), n_units, "{name}/{start}");
    }
}

#[test]
fn what_is_unlike_in_a_shape_is_known_too() {
    let guide = fixture("guide").open();
    let uri = guide.units[0].image(ImageName::DeployRunner).map(|uses| uses.uri.clone());
    let reason = "`dependency.ecr.outputs.url` is an output of another unit";
    assert_eq!(uri.as_ref().and_then(|uri| uri.reason()), Some(reason));
    let orders: Vec<_> = fixture("drifted").open().accounts.into_iter().map(|it| (it.name, it.deploy_order)).collect();
    let first = ("dev".to_owned(), Some(1));
    assert!(orders.len() == 7 && orders[0] == first, "{orders:?}");
    assert_eq!(fixture("two-roots").open().accounts.len(), 23);
    let shared = fixture("accounts-yml").open().account("shared").expect("it is listed").evidence.len();
    assert_eq!(shared, 2, "both files list it");
    let others: Vec<_> =
        fixture("steampipe").open().units[0].others.iter().map(|it| it.configuration.to_string()).collect();
    assert_eq!(others, ["steampipe_runner_config"]);
}
