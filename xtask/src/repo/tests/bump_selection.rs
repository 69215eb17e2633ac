//! Changing the tags of some units: what else changes is named, and what can't be changed keeps all from being changed.

use super::{Tree, fixture, texts};
use crate::model::{ImageName, Tag};
use crate::repo::bump::Direction;
use crate::repo::{Bump, Repository, Request, UnitTag, plan_bump};

const ACCOUNTS: (&str, &str) =
    ("accounts.json", r#"{"dev": "100000000004", "prod": "100000000006", "qa": "100000000007"}"#);
const COMMON: (&str, &str) = ("common.hcl", "locals {\n  tag = \"v0.52.1\"\n}\n");
const TAG: &str = "read_terragrunt_config(find_in_parent_folders(\"common.hcl\")).locals.tag";

fn file(account: &str) -> String {
    format!("{account}/us-east-1/mgmt/ecs-deploy-runner/terragrunt.hcl")
}

fn unit(planner: &str, applier: &str) -> String {
    let image = |tag| format!("{{ container_image = {{ docker_image = \"x\", docker_tag = {tag} }} }}");
    let (planner, applier) = (image(planner), image(applier));
    format!("inputs = {{\n  terraform_planner_config = {planner}\n  terraform_applier_config = {applier}\n}}\n")
}

fn tree(units: &[(&str, &str, &str)]) -> Tree {
    let tree = Tree::new(&[ACCOUNTS, COMMON]);
    units.iter().for_each(|(account, planner, applier)| tree.write(&file(account), unit(planner, applier).as_bytes()));
    tree
}

fn plan(repo: &Repository, accounts: &[&str], change: impl Fn(&mut Request<'_>)) -> Result<Bump, String> {
    let wanted = [(ImageName::DeployRunner, "v1.3.0".parse::<Tag>().expect("a tag"))].into();
    let mut request = Request::for_all(repo, wanted);
    if !accounts.is_empty() {
        request.selected.retain(|unit| accounts.iter().any(|name| unit.is_in(name)));
    }
    change(&mut request);
    plan_bump(repo, &request).map_err(|failures| texts(failures.iter()))
}

fn places(bump: &Bump) -> Vec<String> {
    bump.changes().map(|change| change.pin.place().to_string()).collect()
}

#[test]
fn a_pin_that_decides_others_too_is_said_so() {
    let repo = tree(&[("dev", TAG, TAG), ("prod", TAG, TAG), ("qa", "\"v0.51.0\"", "\"v0.51.0\"")]).open();
    let bump = plan(&repo, &["dev", "qa"], |_| {}).expect("it is planned");
    assert_eq!(places(&bump), ["common.hcl:2".to_owned(), format!("{}:2", file("qa")), format!("{}:3", file("qa"))]);
    let also: Vec<_> =
        bump.also.iter().map(|it| format!("{} {} {} -> {}", it.unit, it.image, it.from, it.to)).collect();
    assert_eq!(also, ["prod/us-east-1/mgmt/ecs-deploy-runner deploy-runner v0.52.1 -> v1.3.0"]);
    // What is of no concern to the selected ones is left alone.
    let bump = plan(&repo, &["qa"], |_| {}).expect("it is planned");
    assert!(bump.also.is_empty() && bump.edits.len() == 1);
}

#[test]
fn what_is_wrong_with_units_that_are_not_selected_keeps_nobody() {
    let tree = tree(&[("dev", "\"v1\"", "\"v1\"")]);
    tree.write(&file("prod"), b"}");
    let repo = tree.open();
    assert!(plan(&repo, &["dev"], |_| {}).is_ok());
    assert!(plan(&repo, &[], |_| {}).is_err());
    assert_eq!(plan(&repo, &["qa"], |_| {}).expect_err("there is none"), "no selected unit uses the image\n");
}

#[test]
fn tags_that_differ_within_a_unit_are_made_one() {
    let repo = tree(&[("dev", TAG, "\"v0.51.0\"")]).open();
    assert_eq!(repo.units[0].image(ImageName::DeployRunner).expect("it is used").tag, UnitTag::Differ);
    let bump = plan(&repo, &[], |_| {}).expect("it is planned");
    assert_eq!(places(&bump), ["common.hcl:2".to_owned(), format!("{}:3", file("dev"))]);
}

#[test]
fn what_cannot_get_the_tag_is_left_out_only_where_that_is_allowed() {
    let repo =
        tree(&[("dev", TAG, TAG), ("prod", TAG, "\"v${1}\""), ("qa", "run_cmd(\"x\")", "run_cmd(\"x\")")]).open();
    let refused = plan(&repo, &[], |_| {}).expect_err("two can't get it");
    assert!(refused.contains("it comes from `\"v${1}\"`") && refused.contains("it is unknown: `run_cmd`"), "{refused}");
    let bump = plan(&repo, &[], |request| request.partial = true).expect("it is allowed");
    assert_eq!(places(&bump), ["common.hcl:2"]);
    let left: Vec<_> = bump.left.iter().map(|left| left.unit.as_str()).collect();
    assert_eq!(left, ["prod/us-east-1/mgmt/ecs-deploy-runner", "qa/us-east-1/mgmt/ecs-deploy-runner"]);
    // It takes the common tag in one half all the same.
    let why = bump.left[0].why.to_string();
    assert!(why.contains("terraform_planner_config gets v1.3.0 all the same"), "{why}");
    // Where nobody can get it there is nothing to allow.
    let refused = plan(&repo, &["qa"], |request| request.partial = true).expect_err("nobody gets it");
    assert!(refused.contains("it is unknown"), "{refused}");
}

#[test]
fn another_image_by_the_same_pin_is_said_so() {
    let image = format!("{{ docker_image = \"x\", docker_tag = {TAG} }}");
    let config = format!("  steampipe_config = {{ container_image = {image} }}\n}}\n");
    let tree = tree(&[]);
    tree.write(&file("dev"), unit(TAG, TAG).replace("\n}\n", &format!("\n{config}")).as_bytes());
    let bump = plan(&tree.open(), &[], |_| {}).expect("it is planned");
    assert_eq!(bump.also.iter().map(|also| also.image.as_str()).collect::<Vec<_>>(), ["steampipe_config"]);
}

#[test]
fn a_module_that_is_too_old_is_refused_once_for_all_its_units() {
    let source =
        "terraform {\n  source = \"git::git@example.com:catalog.git//modules/mgmt/ecs-deploy-runner?ref=v0.90.2\"\n}\n";
    let tree = tree(&[]);
    for account in ["dev", "prod"] {
        tree.write(&file(account), format!("{source}{}", unit(TAG, TAG)).as_bytes());
    }
    let repo = tree.open();
    let refused = plan(&repo, &[], |_| {}).expect_err("it is too old");
    let expected = "module v0.90.2 is too old for images v1.3.0: it must be v0.104.6 or newer\n";
    assert_eq!(refused.matches(expected).count(), 2, "each names its own source: {refused}");
    assert!(refused.contains("--allow old-module") && refused.contains("terragrunt.hcl:2"), "{refused}");
    let bump = plan(&repo, &[], |request| request.old_module = true).expect("it is allowed");
    assert_eq!((bump.allowed.len(), places(&bump)), (2, vec!["common.hcl:2".to_owned()]));
    // A tag that is there already is no news.
    tree.write("common.hcl", COMMON.1.replace("v0.52.1", "v1.3.0").as_bytes());
    assert!(plan(&tree.open(), &[], |_| {}).expect("nothing moves").edits.is_empty());
}

#[test]
fn the_direction_of_a_change_is_known() {
    for (from, direction) in [
        ("v0.52.1", Direction::Up),
        ("v1.2.9-fork.7", Direction::Up),
        ("v1.3.1", Direction::Down),
        ("deploy-runner-v1", Direction::Unclear),
    ] {
        let literal = format!("{from:?}");
        let bump = plan(&tree(&[("dev", &literal, &literal)]).open(), &[], |_| {}).expect("it is planned");
        assert!(bump.changes().all(|change| change.direction() == direction), "{from}");
    }
}

fn also(bump: &Bump) -> Vec<String> {
    bump.also.iter().map(|it| format!("{} {} {} -> {}", it.unit, it.image, it.from, it.to)).collect()
}

#[test]
fn named_configurations_move_alone_and_what_shares_their_pin_is_said() {
    let only = |names: &[&str]| {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        move |request: &mut Request<'_>| request.configurations.clone_from(&names)
    };
    let repo = fixture("four-configs").open();
    let unit = |account: &str| format!("{account}/us-east-1/mgmt/ecs-deploy-runner");
    let bump = plan(&repo, &["dev"], only(&["terraform_planner_config"])).expect("it is planned");
    let changes: Vec<_> = bump.changes().map(|it| format!("{} {}", it.pin.place(), it.from)).collect();
    assert_eq!(changes, [format!("{}/terragrunt.hcl:35 v0.52.8", unit("dev"))]);
    assert_eq!(also(&bump), [""; 0]);
    assert_eq!(bump.reached[&ImageName::DeployRunner].len(), 1);
    let two = plan(&repo, &["dev"], only(&["terraform_planner_config", "ami_builder_config"])).expect("it is planned");
    assert_eq!(two.changes().count(), 2);
    let shared = plan(&repo, &["prod"], only(&["terraform_planner_config"])).expect("it is planned");
    assert_eq!(shared.changes().count(), 1);
    assert_eq!(also(&shared), [format!("{} terraform_applier_config v0.52.1 -> v1.3.0", unit("prod"))]);
    assert_eq!(plan(&repo, &[], |_| {}).expect("it is planned").changes().count(), 5);
    let mistaken = plan(&repo, &[], only(&["terraform_plan_config"])).expect_err("no such configuration");
    assert!(mistaken.starts_with("no selected unit has the configuration `terraform_plan_config`"), "{mistaken}");
    assert!(mistaken.contains("hint: there are ami_builder_config, docker_image_builder_config, "), "{mistaken}");
}

#[test]
fn pin_that_decides_one_configuration_of_another_unit_is_said_so() {
    let repo = tree(&[("dev", TAG, TAG), ("prod", TAG, "\"v0.51.0\"")]).open();
    let bump = plan(&repo, &["dev"], |_| {}).expect("it is planned");
    let expected = "prod/us-east-1/mgmt/ecs-deploy-runner terraform_planner_config v0.52.1 -> v1.3.0";
    assert_eq!(also(&bump), [expected]);
}

#[test]
fn unit_that_is_not_selected_never_gets_a_third_tag() {
    let other = format!("{TAG} == \"v0.52.1\" ? \"v0.52.1\" : \"v0.50.0\"");
    let repo = tree(&[("dev", TAG, TAG), ("prod", &other, &other)]).open();
    let text = plan(&repo, &["dev"], |_| {}).expect_err("prod would get another tag");
    assert!(text.starts_with("the change would also change image `deploy-runner` in `prod/"), "{text}");
    assert!(text.contains("expected  v0.52.1\n  found     v0.50.0\n"), "{text}");
}

#[test]
fn units_that_get_another_tag_than_the_wanted_one_are_not_reached() {
    let other = format!("{TAG} == \"v0.52.1\" ? \"v0.52.1\" : \"v0.50.0\"");
    for (tag, reached) in [(TAG, &["deploy-runner", "steampipe_config"][..]), (&other, &["deploy-runner"])] {
        let image = format!("{{ docker_image = \"x\", docker_tag = {tag} }}");
        let config = format!("  steampipe_config = {{ container_image = {image} }}\n}}\n");
        let tree = tree(&[]);
        tree.write(&file("dev"), unit(TAG, TAG).replace("\n}\n", &format!("\n{config}")).as_bytes());
        let bump = plan(&tree.open(), &[], |_| {}).expect("it is planned");
        assert_eq!(bump.also.len(), 1, "{tag}");
        assert_eq!(bump.reaches().into_keys().collect::<Vec<_>>(), reached, "{tag}");
    }
}

#[test]
fn change_that_would_make_another_runner_is_refused() {
    let of = |name: &str, more: &str| {
        let tree = Tree::new(&[ACCOUNTS, COMMON]);
        let unit = unit(TAG, TAG).replace("inputs = {", &format!("inputs = {{\n  name = {name}"));
        tree.write(&file("dev"), format!("{more}{unit}").as_bytes());
        tree
    };
    let told = plan(&of(&format!("\"edr-${{{TAG}}}\""), "").open(), &[], |_| {}).expect_err("it is another runner");
    for what in ["the name of the runner in `dev/us-east-1/mgmt/ecs-deploy-runner`", "edr-v0.52.1", "edr-v1.3.0"] {
        assert!(told.contains(what), "{told}");
    }
    let tree = of("\"edr\"", "");
    assert!(plan(&tree.open(), &[], |_| {}).is_ok());
    // A region of a provider that the same string decides.
    let provider = |region: &str| {
        format!(
            "generate \"provider\" {{\n  path = \"provider.tf\"\n  if_exists = \"overwrite\"\n  contents = <<EOF\nprovider \"aws\" {{\n  region = \"${{{region}}}\"\n}}\nEOF\n}}\n"
        )
    };
    let region = format!("{TAG} == \"v0.52.1\" ? \"us-east-1\" : \"eu-west-1\"");
    let told = plan(&of("\"edr\"", &provider(&region)).open(), &[], |_| {}).expect_err("it is another region");
    for what in ["would also change the region in", "expected  us-east-1", "found     eu-west-1"] {
        assert!(told.contains(what), "{told}");
    }
}
