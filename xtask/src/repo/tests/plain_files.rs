//! Tags in plain files that have nothing else.

use super::{Tree, fixture, texts};
use crate::model::{ImageName, Tag};
use crate::repo::{Repository, Request, plan_bump};

fn request<'r>(repo: &'r Repository, tag: &str) -> Request<'r> {
    Request::for_all(repo, ImageName::ALL.map(|image| (image, tag.parse::<Tag>().expect("a tag"))).into())
}

#[test]
fn tag_in_a_plain_file_is_decided_there_and_moves_with_all_around_it() {
    let tree = fixture("plain-file");
    let repo = tree.open();
    assert_eq!(texts(repo.all_problems()), "");
    let pins = repo.pins().into_iter().map(|it| format!("{} {} {}", it.image, it.pin.place(), it.pin.key));
    let expected = ["deploy-runner VERSION:1 VERSION", "kaniko kaniko.version:2 kaniko.version"];
    assert_eq!(pins.collect::<Vec<_>>(), expected);
    let uses = repo.units[0].image(ImageName::DeployRunner).expect("it is used");
    let hops = uses.deciders[0].trail.hops.iter().map(|hop| format!("{} {}", hop.place, hop.expression));
    let hops: Vec<_> = hops.collect();
    assert_eq!(hops[hops.len() - 1], "VERSION:1 \"v0.52.1\"", "{hops:?}");
    assert!(hops.iter().any(|hop| hop.starts_with("common.hcl:5 ")), "{hops:?}");
    let bump = plan_bump(&repo, &request(&repo, "v1.3.0")).unwrap_or_else(|all| panic!("{}", texts(all.iter())));
    let edits = bump.edits.iter().map(|edit| (edit.file.as_str(), String::from_utf8_lossy(&edit.after).into_owned()));
    let expected = [("VERSION", "v1.3.0\n".to_owned()), ("kaniko.version", "\n  v1.3.0  \n".to_owned())];
    assert_eq!(edits.collect::<Vec<_>>(), expected);
}

fn with(version: &str, expression: &str) -> Tree {
    let unit = format!(
        "terraform {{\n  source = \"git::git@github.com:gruntwork-io/terraform-aws-service-catalog.git//modules/mgmt/ecs-deploy-runner?ref=v0.107.5\"\n}}\n\
         inputs = {{\n  terraform_planner_config = {{ container_image = {{ docker_tag = {expression} }} }}\n}}\n"
    );
    Tree::new(&[
        ("accounts.json", r#"{"dev": "100000000004"}"#),
        ("VERSION", version),
        ("dev/us-east-1/mgmt/ecs-deploy-runner/terragrunt.hcl", &unit),
    ])
}

#[test]
fn text_of_a_plain_file_moves_in_whatever_way_it_is_cut_out() {
    let file = "file(\"${get_repo_root()}/VERSION\")";
    for (version, expression, after) in [
        ("v1", file.to_owned(), Some("v2")),
        ("\r\nv1\r\n", format!("trimspace({file})"), Some("\r\nv2\r\n")),
        ("v1\n", format!("trimsuffix({file}, \"\\n\")"), Some("v2\n")),
        ("v1\n", format!("trimspace(chomp(trimspace({file})))"), Some("v2\n")),
        ("\tv1\n", format!("\"${{trimspace({file})}}\""), Some("\tv2\n")),
        // Not all that the file has, or not as it is there.
        ("v1\nv3\n", format!("trimsuffix({file}, \"\\nv3\\n\")"), None),
        ("1\n", format!("\"v${{trimspace({file})}}\""), None),
        ("V1\n", format!("lower(trimspace({file}))"), None),
        ("v1 # why\n", format!("split(\" \", {file})[0]"), None),
    ] {
        let tree = with(version, &expression);
        let repo = tree.open();
        assert_eq!(texts(repo.all_problems()), "", "{expression}");
        let planned = plan_bump(&repo, &request(&repo, "v2"));
        let moved = planned.as_ref().ok().map(|bump| String::from_utf8_lossy(&bump.edits[0].after).into_owned());
        assert_eq!(moved.as_deref(), after, "{expression}");
        if let Err(failures) = planned {
            let text = texts(failures.iter());
            assert!(text.contains("which is not a plain string"), "{text}");
        }
    }
}

#[test]
fn plain_file_from_which_a_tag_is_put_together_is_named_and_moves_by_its_name() {
    let tree = with("1.0.0\n", "\"v${trimspace(file(\"${get_repo_root()}/VERSION\"))}\"");
    let repo = tree.open();
    let refused = plan_bump(&repo, &request(&repo, "v2.0.0")).expect_err("it is put together");
    let text = texts(refused.iter());
    assert!(text.contains("--pin VERSION:VERSION"), "{text}");
    let named = vec!["VERSION:VERSION".parse().expect("a pin")];
    let bump = plan_bump(&repo, &Request { named, ..request(&repo, "v2.0.0") });
    let bump = bump.unwrap_or_else(|failures| panic!("{}", texts(failures.iter())));
    assert_eq!(String::from_utf8_lossy(&bump.edits[0].after), "2.0.0\n");
}
