//! Changing tags in all the places where repositories keep them.

use std::fs;
use std::os::unix::fs::symlink;

use super::{Tree, fixture, texts};
use crate::model::{ImageName, Tag};
use crate::repo::bump::PinName;
use crate::repo::{Bump, Repository, Request, plan_bump};

const ACCOUNTS: (&str, &str) = ("accounts.json", r#"{"dev": "100000000004", "prod": "100000000006"}"#);
const DEV: &str = "dev/us-east-1/mgmt/ecs-deploy-runner/terragrunt.hcl";
const PROD: &str = "prod/us-east-1/mgmt/ecs-deploy-runner/terragrunt.hcl";

fn request<'r>(repo: &'r Repository, tag: &str) -> Request<'r> {
    let wanted = ImageName::ALL.map(|image| (image, tag.parse::<Tag>().expect("a tag"))).into();
    Request { old_module: true, ..Request::for_all(repo, wanted) }
}

/// The lines that change, each as `file:line from -> to`.
fn moved(bump: &Bump) -> Vec<String> {
    let shown = bump.changes().map(|change| format!("{} {} -> {}", change.pin.place(), change.from, change.to));
    shown.collect()
}

/// Moves everything, writes it, reads it again, and makes sure that all units have the tag then.
#[track_caller]
fn moves_to(tree: &Tree, tag: &str, pins: &[&str]) -> Vec<String> {
    let repo = tree.open();
    let named = pins.iter().map(|pin| pin.parse::<PinName>().expect("a pin")).collect();
    let bump = plan_bump(&repo, &Request { named, ..request(&repo, tag) });
    let bump = bump.unwrap_or_else(|failures| panic!("{}", texts(failures.iter())));
    for edit in &bump.edits {
        fs::write(&edit.path, &edit.after).expect("it is written");
    }
    let again = tree.open();
    for unit in &again.units {
        let tags = ImageName::ALL.into_iter().filter_map(|image| Some(unit.image(image)?.tag.value()?.to_string()));
        assert!(tags.into_iter().all(|it| it == tag), "{}", unit.path);
    }
    moved(&bump)
}

fn image(tag: &str) -> String {
    format!(
        "{{ docker_image = \"100000000002.dkr.ecr.us-east-1.amazonaws.com/ecs-deploy-runner\", docker_tag = {tag} }}"
    )
}

fn unit(locals: &str, tag: &str) -> String {
    let image = image(tag);
    format!("locals {{\n{locals}\n}}\ninputs = {{\n  terraform_planner_config = {{ container_image = {image} }}\n}}\n")
}

#[test]
fn every_fixture_moves_where_its_tags_can_be_known() {
    let mut n_moved = 0;
    // The environment is not known in this test.
    let unknown = ["custom-images", "get-env", "standalone-own-names", "standalone-unknown"];
    // Both images in one ECR repository can't have one tag.
    let clashing = ["one-repository", "standalone-images-map"];
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    for entry in fs::read_dir(folder).expect("fixtures").flatten().filter(|entry| entry.path().is_dir()) {
        let name = entry.file_name().into_string().expect("UTF-8");
        let tree = fixture(&name);
        let repo = tree.open();
        match plan_bump(&repo, &request(&repo, "v9.9.9")) {
            Ok(bump) => {
                n_moved += 1;
                assert!(!moved(&bump).is_empty(), "{name}");
                moves_to(&tree, "v9.9.9", &[]);
            }
            Err(failures) => {
                let text = texts(failures.iter());
                if clashing.contains(&name.as_str()) {
                    assert!(text.starts_with("`v9.9.9` would be the tag of both images in one ECR"), "{text}");
                    continue;
                }
                assert!(unknown.contains(&name.as_str()) && text.contains("it is unknown: "), "{name}: {text}");
            }
        }
    }
    assert!(n_moved >= 20, "{n_moved}");
}

#[test]
fn literals_in_units_nested_objects_and_lists_of_objects_move() {
    let list = "  images = [{ name = \"other\", tag = \"x\" }, { name = \"runner\", tag = \"v1\" }]";
    let nested = "  images = { runner = { docker = { tag = \"v1\" } } }";
    let tree = Tree::new(&[
        ACCOUNTS,
        (DEV, &unit(list, "[for it in local.images : it.tag if it.name == \"runner\"][0]")),
        (PROD, &unit(nested, "local.images.runner.docker.tag")),
    ]);
    assert_eq!(moves_to(&tree, "v2", &[]), [format!("{DEV}:2 v1 -> v2"), format!("{PROD}:2 v1 -> v2")]);
    let inputs = format!("inputs = {{\n  things = [{{ container_image = {} }}]\n}}\n", image("\"v1\""));
    let tree = Tree::new(&[ACCOUNTS, (DEV, &inputs), (PROD, &unit("", "\"v1\""))]);
    assert_eq!(moves_to(&tree, "v2", &[]), [format!("{DEV}:2 v1 -> v2"), format!("{PROD}:5 v1 -> v2")]);
}

#[test]
fn strings_in_files_of_json_and_yaml_move_byte_exactly() {
    for (name, decode, text, way) in [
        ("tags.json", "jsondecode", "{\r\n\t\"runner\" : {\"tag\":\"v1\"}, \"é\": \"v1\" }", "runner.tag"),
        ("tags.yml", "yamldecode", "# é\r\nrunner:\r\n  tag: v1   # why\r\nother: v1\r\n", "runner.tag"),
        ("tags.yaml", "yamldecode", "runners:\n  - {tag: 'v1', other: v1}\n", "runners[0].tag"),
    ] {
        let locals = format!("  data = {decode}(file(find_in_parent_folders(\"{name}\")))");
        let tree = Tree::new(&[ACCOUNTS, (name, text), (DEV, &unit(&locals, &format!("local.data.{way}")))]);
        let line = 1 + text.lines().position(|line| line.contains("tag")).expect("it is there");
        assert_eq!(moves_to(&tree, "v2", &[]), [format!("{name}:{line} v1 -> v2")]);
        let after = fs::read_to_string(tree.path().join(name)).expect("the file");
        assert_eq!(after, text.replacen("v1", "v2", 1));
    }
}

#[test]
fn a_string_of_data_that_cannot_be_edited_is_named_with_its_way() {
    let locals = "  data = yamldecode(file(find_in_parent_folders(\"tags.yml\")))";
    let text = "runner:\n  tag: >-\n    v1\n";
    let tree = Tree::new(&[ACCOUNTS, ("tags.yml", text), (DEV, &unit(locals, "local.data.runner.tag"))]);
    let repo = tree.open();
    let failures = plan_bump(&repo, &request(&repo, "v2")).expect_err("it is refused");
    let text = texts(failures.iter());
    assert!(text.starts_with("cannot edit `tags.yml` safely: `runner.tag` is written over several lines"), "{text}");
    assert!(text.contains("--> tags.yml:3"), "{text}");
}

#[test]
fn a_file_under_two_names_is_changed_once() {
    let tag = "read_terragrunt_config(find_in_parent_folders(\"tags.hcl\")).locals.tag";
    let tree = Tree::new(&[
        ACCOUNTS,
        ("dev/tags.hcl", "locals {\n  tag = \"v1\"\n}\n"),
        (DEV, &unit("", tag)),
        (PROD, &unit("", tag)),
    ]);
    symlink("../dev/tags.hcl", tree.path().join("prod/tags.hcl")).expect("a link");
    assert_eq!(moves_to(&tree, "v2", &[]), ["dev/tags.hcl:2 v1 -> v2"]);
}

#[test]
fn a_named_pin_inside_a_template_says_what_is_left_of_the_tag() {
    let locals = "  version = \"0.52.1\"\n  tag = \"v${local.version}-x\"";
    let tree = Tree::new(&[ACCOUNTS, (DEV, &unit(locals, "local.tag"))]);
    let repo = tree.open();
    let refused = |pins: &[&str], tag: &str| {
        let named = pins.iter().map(|pin| pin.parse().expect("a pin")).collect();
        let failures = plan_bump(&repo, &Request { named, ..request(&repo, tag) }).expect_err("it is refused");
        texts(failures.iter())
    };
    let text = refused(&[], "v1.3.0-x");
    assert!(
        text.contains("`\"v${local.version}-x\"`, which is not a plain string") && text.contains("--pin"),
        "{text}"
    );
    let pin = format!("{DEV}:version");
    let text = refused(&[&pin], "v1.3.0");
    assert!(text.contains("cannot give the tag v1.3.0: it is put together as `v…-x`"), "{text}");
    let text = refused(&[&format!("{DEV}:versio")], "v1.3.0-x");
    assert!(text.starts_with("there is no plain string `versio` in"), "{text}");
    assert!(refused(&["gone.hcl:x"], "v1").starts_with("there is no file `gone.hcl`"));
    assert_eq!(moves_to(&tree, "v1.3.0-x", &[&pin]), [format!("{DEV}:2 0.52.1 -> 1.3.0")]);
}

#[test]
fn a_named_pin_is_followed_through_links() {
    let tag = "\"v${read_terragrunt_config(find_in_parent_folders(\"tags.hcl\")).locals.version}\"";
    let tree = Tree::new(&[ACCOUNTS, ("real.hcl", "locals {\n  version = \"1\"\n}\n"), (DEV, &unit("", tag))]);
    symlink("../real.hcl", tree.path().join("dev/tags.hcl")).expect("a link");
    assert_eq!(moves_to(&tree, "v2", &["real.hcl:version"]), ["real.hcl:2 1 -> 2"]);
}

#[test]
fn a_named_pin_is_believed_where_nobody_can_know() {
    let tree = Tree::new(&[
        ACCOUNTS,
        ("versions.yml", "images:\n  runner: v1 # here\n  kaniko: v1\n"),
        (DEV, &unit("", "run_cmd(\"print-tag\")")),
        (PROD, &unit("", "\"v1\"")),
    ]);
    let repo = tree.open();
    let named = vec!["versions.yml:images.runner".parse().expect("a pin")];
    let bump = plan_bump(&repo, &Request { named, ..request(&repo, "v2") });
    let bump = bump.unwrap_or_else(|failures| panic!("{}", texts(failures.iter())));
    assert_eq!(moved(&bump), [format!("{PROD}:5 v1 -> v2"), "versions.yml:2 v1 -> v2".to_owned()]);
    assert_eq!(bump.unproven.len(), 1);
    assert!(DEV.starts_with(bump.unproven[0].0.as_str()));
    // Of which there are several, one has to be told from the others.
    let named = vec!["accounts.json:dev".parse().expect("a pin"), "versions.yml:kaniko".parse().expect("a pin")];
    assert!(plan_bump(&repo, &Request { named, ..request(&repo, "v2") }).is_err(), "an account id is no tag");
}

#[test]
fn both_images_in_one_repository_get_tags_of_their_own() {
    let tree = fixture("one-repository");
    let repo = tree.open();
    let refused = plan_bump(&repo, &request(&repo, "v2")).expect_err("they would be one image");
    let text = texts(refused.iter());
    assert!(
        text.contains("hint: give each its own: --set deploy-runner=deploy-runner-v2 --set kaniko=kaniko-v2"),
        "{text}"
    );
    let tag = |image: ImageName| (image, format!("{image}-v2").parse().expect("a tag"));
    let bump = plan_bump(&repo, &Request { wanted: ImageName::ALL.map(tag).into(), ..request(&repo, "v2") });
    let bump = bump.unwrap_or_else(|failures| panic!("{}", texts(failures.iter())));
    let to: Vec<_> = bump.changes().map(|change| change.to.as_str()).collect();
    assert_eq!(to, ["deploy-runner-v2", "deploy-runner-v2", "kaniko-v2"]);
    // One image alone moves to a tag that the other doesn't have.
    let wanted = [(ImageName::Kaniko, "v2".parse().expect("a tag"))].into();
    assert!(plan_bump(&repo, &Request { wanted, ..request(&repo, "v2") }).is_ok());
}

#[test]
fn lists_of_objects_in_files_of_data_move_and_not_a_byte_besides() {
    let tree = fixture("data-files");
    let read = |name: &str| fs::read_to_string(tree.path().join(name)).expect("the file");
    let (json, yaml) = (read("versions.json"), read("versions.yml"));
    let moved = moves_to(&tree, "v1.3.0", &[]);
    let expected = ["versions.json:3 v0.52.1 -> v1.3.0", "versions.json:4 v0.52.0 -> v1.3.0"];
    assert_eq!(moved, [expected[0], expected[1], "versions.yml:4 v0.51.4 -> v1.3.0"]);
    assert_eq!(read("versions.json"), json.replace("v0.52.1", "v1.3.0").replace("v0.52.0", "v1.3.0"));
    assert_eq!(read("versions.yml"), yaml.replace("'v0.51.4'", "'v1.3.0'"));
}

#[test]
fn tag_over_several_lines_of_yaml_is_named_alone_with_what_to_write() {
    let unit = unit(
        "  all = yamldecode(file(find_in_parent_folders(\"tags.yml\")))",
        "local.all.runner\n  }}\n  docker_image_builder_config = { container_image = { docker_tag = local.all.kaniko",
    );
    let tree = |tags: &str| Tree::new(&[ACCOUNTS, ("tags.yml", tags), (DEV, &unit)]);
    let repo = tree("runner: v1\nkaniko: >-\n  v1\n").open();
    let refused = plan_bump(&repo, &request(&repo, "v2")).expect_err("it is over two lines");
    let text = texts(refused.iter());
    assert!(text.contains("--> tags.yml:3") && text.contains("hint: write it in one line"), "{text}");
    assert!(!text.contains("tags.yml:1") && !text.contains("runner ="), "{text}");
    let problems = texts(tree("runner: v1\n---\nkaniko: v1\n").open().all_problems());
    assert!(problems.contains("more than one document") && problems.contains("put each into its own"), "{problems}");
}

#[test]
fn named_pin_that_decides_no_tag_or_an_address_is_refused() {
    let common = "locals {\n  region = \"us-east-1\"\n  prefix = \"p\"\n  tag = \"v1\"\n}\n";
    let locals = "  common = read_terragrunt_config(find_in_parent_folders(\"common.hcl\")).locals";
    let with = |tag: &str| {
        let unit = unit(locals, tag).replace("us-east-1.amazonaws", "${local.common.region}.amazonaws");
        let tree = Tree::new(&[ACCOUNTS, ("common.hcl", common), (DEV, &unit)]);
        let repo = tree.open();
        let named = vec!["common.hcl:region".parse().expect("a pin")];
        let refused = plan_bump(&repo, &Request { named, ..request(&repo, "v2") }).expect_err("it decides no tag");
        texts(refused.iter())
    };
    let known = with("local.common.tag");
    assert!(known.starts_with("`--pin common.hcl:region` decides no tag of the selected units"), "{known}");
    let unknown = with("run_cmd(\"tag\")");
    assert!(unknown.contains("would also change the address of the image"), "{unknown}");
}
