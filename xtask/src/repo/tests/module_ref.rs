//! The `ref` of the runner's module moves wherever it is written, and not a byte besides.

use std::collections::BTreeMap;

use super::{Tree, fixture, texts};
use crate::repo::{Repository, Request, plan_bump};

const ACCOUNTS: (&str, &str) = ("accounts.json", r#"{"dev": "100000000004", "prod": "100000000006"}"#);
const DEV: &str = "dev/us-east-1/ecs-deploy-runner/terragrunt.hcl";
const PROD: &str = "prod/us-east-1/ecs-deploy-runner/terragrunt.hcl";
const BASE: &str = "git::git@github.com:gruntwork-io/terraform-aws-service-catalog.git//modules/mgmt/ecs-deploy-runner";

fn request<'r>(repo: &'r Repository, to: &str) -> Request<'r> {
    Request { module_ref: Some(to.to_owned()), ..Request::for_all(repo, BTreeMap::new()) }
}

/// The changed lines with the change, or what is wrong.
fn moved(tree: &Tree) -> String {
    let repo = tree.open();
    let bump = match plan_bump(&repo, &request(&repo, "v0.127.0")) {
        Ok(bump) => bump,
        Err(failures) => return texts(failures.iter()),
    };
    let lines = bump.diff();
    lines
        .lines()
        .filter(|line| line.starts_with('+') && !line.starts_with("+++"))
        .map(|line| format!("{line}\n"))
        .collect()
}

fn unit(locals: &str, source: &str) -> String {
    format!("locals {{\n{locals}}}\nterraform {{\n  source = {source}\n}}\n")
}

#[test]
fn literals_templates_and_locals_are_moved_where_they_are_written() {
    let literal = unit("", &format!("\"{BASE}?ref=v0.104.6\" # pinned"));
    assert_eq!(
        moved(&Tree::new(&[ACCOUNTS, (DEV, &literal)])),
        format!("+  source = \"{BASE}?ref=v0.127.0\" # pinned\n")
    );
    let template = unit(&format!("  base = \"{BASE}\"\n"), "\"${local.base}?depth=1&ref=v0.104.6\"");
    assert_eq!(
        moved(&Tree::new(&[ACCOUNTS, (DEV, &template)])),
        "+  source = \"${local.base}?depth=1&ref=v0.127.0\"\n"
    );
    let local = unit("  catalog = \"v0.104.6\"\n", &format!("\"{BASE}?ref=${{local.catalog}}\""));
    assert_eq!(moved(&Tree::new(&[ACCOUNTS, (DEV, &local)])), "+  catalog = \"v0.127.0\"\n");
    let read = "read_terragrunt_config(find_in_parent_folders(\"common.hcl\")).locals.catalog";
    let shared = unit(&format!("  catalog = {read}\n  source  = \"{BASE}?ref=${{local.catalog}}\"\n"), "local.source");
    let common = ("common.hcl", "locals {\n  catalog = \"v0.104.6\"\n}\n");
    let tree = Tree::new(&[ACCOUNTS, common, (DEV, &shared), (PROD, &shared)]);
    assert_eq!(moved(&tree), "+  catalog = \"v0.127.0\"\n");
    let crlf = literal.replace('\n', "\r\n");
    let tree = Tree::new(&[ACCOUNTS, (DEV, &format!("\u{feff}{crlf}"))]);
    let repo = tree.open();
    let bump = plan_bump(&repo, &request(&repo, "v0.127.0")).expect("it moves");
    assert_eq!(bump.edits[0].after, format!("\u{feff}{crlf}").replace("v0.104.6", "v0.127.0").as_bytes());
}

#[test]
fn what_cannot_be_moved_or_would_move_others_keeps_everything_as_it_is() {
    let literal = unit("", &format!("\"{BASE}?ref=v0.104.6\""));
    for (source, why) in [
        (format!("\"{BASE}?ref=${{get_env(\"REF\")}}\""), "its source is unknown: "),
        (format!("\"{BASE}\""), "its source has no `ref`: "),
        (
            format!("\"{BASE}?ref=${{join(\".\", [\"v0\", \"104\", \"6\"])}}\""),
            "no single plain text decides that it is v0.104.6",
        ),
    ] {
        let told = moved(&Tree::new(&[ACCOUNTS, (DEV, &unit("", &source)), (PROD, &literal)]));
        let dev = "cannot move the module of `dev/us-east-1/ecs-deploy-runner` to v0.127.0: ";
        assert!(told.starts_with(&format!("{dev}{why}")), "{told}");
    }
    let source = format!("\"{BASE}?ref=${{read_terragrunt_config(\"../../../common.hcl\").locals.catalog}}\"");
    let shared = unit("", &source);
    let common = ("common.hcl", "locals {\n  catalog = \"v0.104.6\"\n}\n");
    let tree = Tree::new(&[ACCOUNTS, common, (DEV, &shared), (PROD, &shared)]);
    let repo = tree.open();
    let mut request = request(&repo, "v0.127.0");
    request.selected.truncate(1);
    let told = plan_bump(&repo, &request).expect_err("prod would move");
    let what = "the same line decides the module of `prod/us-east-1/ecs-deploy-runner`, which is not selected\n  --> common.hcl:2\n";
    assert!(texts(told.iter()).starts_with(what), "{}", texts(told.iter()));
    // A local that decides a tag as well is no ref alone.
    let both = format!(
        "locals {{\n  version = \"v0.52.1\"\n}}\nterraform {{\n  source = \"{BASE}?ref=${{local.version}}\"\n}}\ninputs = {{\n  \
         terraform_planner_config = {{ container_image = {{ docker_image = \"x\", docker_tag = local.version }} }}\n}}\n"
    );
    let told = moved(&Tree::new(&[ACCOUNTS, (DEV, &both)]));
    assert!(told.contains("the change would also change image `deploy-runner`"), "{told}");
}

#[test]
fn runners_and_their_standard_configuration_move_together_in_every_fixture_that_names_a_ref() {
    for (name, n_refs) in [
        ("reference", 6),
        ("drifted", 4),
        ("standalone-plain", 1),
        ("standalone-standard", 2),
        ("standalone-tutorial", 1),
        ("standalone-images-map", 1),
        ("windows", 2),
    ] {
        let tree = fixture(name);
        let repo = tree.open();
        let bump = plan_bump(&repo, &request(&repo, "v9.8.7"))
            .unwrap_or_else(|failures| panic!("{name}: {}", texts(failures.iter())));
        assert_eq!(bump.modules.len(), repo.units.len(), "{name}");
        assert_eq!(bump.changes().count(), n_refs, "{name}: {}", bump.diff());
    }
    let tree = fixture("standalone-vendored");
    let repo = tree.open();
    let told = plan_bump(&repo, &request(&repo, "v9.8.7")).expect_err("a copy has no ref");
    assert!(texts(told.iter()).contains("its source has no `ref`: ../../vendor/runner"), "{}", texts(told.iter()));
}

/// The texts of all files with the change, by name, and what is left out by unit.
type Partly = (Vec<(String, String)>, Vec<String>);

/// What moves where others may be left out, or what is wrong.
fn partly(tree: &Tree) -> Result<Partly, String> {
    let repo = tree.open();
    let request = Request { partial: true, ..request(&repo, "v0.127.0") };
    let bump = plan_bump(&repo, &request).map_err(|failures| texts(failures.iter()))?;
    let text = |edit: &crate::repo::FileEdit| (edit.file.clone(), String::from_utf8_lossy(&edit.after).into_owned());
    let left = |left: &crate::repo::bump::Left| {
        assert_eq!(left.image, None);
        format!("{}: {} {}", left.unit, left.why.what, left.why.details.join(" "))
    };
    Ok((bump.edits.iter().map(text).collect(), bump.left.iter().map(left).collect()))
}

#[test]
fn modules_that_can_move_do_so_where_leaving_others_out_is_allowed() {
    let literal = unit("", &format!("\"{BASE}?ref=v0.104.6\""));
    let stuck = unit("", &format!("\"{BASE}?ref=${{get_env(\"REF\")}}\""));
    let (edits, left) = partly(&Tree::new(&[ACCOUNTS, (DEV, &stuck), (PROD, &literal)])).expect("prod can move");
    assert_eq!(edits, [(PROD.to_owned(), literal.replace("v0.104.6", "v0.127.0"))]);
    let why = "dev/us-east-1/ecs-deploy-runner: cannot move the module of `dev/us-east-1/ecs-deploy-runner` to v0.127.0: its source is unknown: ";
    assert!(matches!(&left[..], [one] if one.starts_with(why)), "{left:?}");
    // Where nothing moves there is nothing to allow.
    let told = partly(&Tree::new(&[ACCOUNTS, (DEV, &stuck), (PROD, &stuck)])).expect_err("none can move");
    assert_eq!(told.matches("cannot move the module of").count(), 2, "{told}");
}

#[test]
fn module_of_ones_own_is_never_given_a_ref_of_the_runners() {
    let runner = unit("", &format!("\"{BASE}?ref=v0.104.6\""));
    let own = unit("", "\"git::git@github.com:example/modules.git//ci?ref=v0.104.6\"")
        + "inputs = {\n  terraform_planner_config = { container_image = { docker_image = \"x\", docker_tag = \"v1\" } }\n}\n";
    let ci = "prod/us-east-1/ci/terragrunt.hcl";
    let tree = Tree::new(&[ACCOUNTS, (DEV, &runner), (ci, &own)]);
    let why = "it is none of the runner's, which has releases of its own: git::git@github.com:example/modules.git//ci";
    let told = moved(&tree);
    assert!(told.contains(why) && told.contains(ci), "{told}");
    let (edits, left) = partly(&tree).expect("dev can move");
    assert_eq!(edits, [(DEV.to_owned(), runner.replace("v0.104.6", "v0.127.0"))]);
    assert!(left.len() == 1 && left[0].contains(why), "{left:?}");
}

#[test]
fn refs_in_files_of_json_and_yaml_move_there_and_not_a_byte_besides() {
    let source = format!("{BASE}?depth=1\\u0026ref=v0.104.6");
    let json =
        format!("{{\r\n\t\"catalog\" :  \"v0.104.6\",\r\n  \"source\": \"{source}\",\r\n  \"tag\": \"v0.104.6\"}}");
    let yaml =
        format!("# ours\ncatalog: v0.104.6   # moved by hand\nquoted: 'v0.104.6'\nsource: {BASE}?ref=v0.104.6\n");
    let of = |what: &str| format!("{what}decode(file(\"${{get_repo_root()}}/versions.{what}\"))");
    for (format, key, before, after) in [
        ("json", "catalog", "\"catalog\" :  \"v0.104.6\"", "\"catalog\" :  \"v0.127.0\""),
        ("json", "source", "u0026ref=v0.104.6", "u0026ref=v0.127.0"),
        ("yaml", "catalog", "catalog: v0.104.6 ", "catalog: v0.127.0 "),
        ("yaml", "quoted", "'v0.104.6'", "'v0.127.0'"),
        ("yaml", "source", "?ref=v0.104.6", "?ref=v0.127.0"),
    ] {
        let text = if format == "json" { &json } else { &yaml };
        let source = match key {
            "source" => format!("{}.source", of(format)),
            _ => format!("\"{BASE}?ref=${{{}.{key}}}\"", of(format)),
        };
        let tree = Tree::new(&[ACCOUNTS, (DEV, &unit("", &source)), (&format!("versions.{format}"), text)]);
        let (edits, left) = partly(&tree).unwrap_or_else(|told| panic!("{key} {told}"));
        let expected = text.replace(before, after);
        assert_eq!((&expected == text, edits, left), (false, vec![(format!("versions.{format}"), expected)], vec![]));
    }
}

#[test]
fn ref_and_tag_in_one_file_of_data_move_together() {
    let json = format!("{{ \"source\": \"{BASE}?ref=v0.104.6\", \"tag\": \"v0.52.1\" }}\n");
    let text = unit("  of = jsondecode(file(\"${get_repo_root()}/versions.json\"))\n", "local.of.source")
        + "inputs = {\n  terraform_planner_config = { container_image = { docker_image = \"x\", docker_tag = local.of.tag } }\n}\n";
    let tree = Tree::new(&[ACCOUNTS, (DEV, &text), ("versions.json", &json)]);
    let repo = tree.open();
    let wanted = [(crate::model::ImageName::DeployRunner, "v1.3.0".parse().expect("a tag"))].into();
    let request = Request { module_ref: Some("v0.127.0".to_owned()), ..Request::for_all(&repo, wanted) };
    let bump = plan_bump(&repo, &request).unwrap_or_else(|failures| panic!("{}", texts(failures.iter())));
    let after = json.replace("v0.104.6", "v0.127.0").replace("v0.52.1", "v1.3.0");
    assert_eq!(String::from_utf8_lossy(&bump.edits[0].after), after);
}

#[test]
fn modules_of_units_that_are_no_runners_move_only_where_that_is_allowed() {
    let read = "  common = read_terragrunt_config(find_in_parent_folders(\"common.hcl\")).locals\n";
    let runner = unit(read, &format!("\"{BASE}?ref=${{local.common.catalog}}\""));
    let vpc = unit(read, "\"git::git@github.com:x/y.git//modules/vpc?ref=${local.common.catalog}\"");
    let other = unit(read, "\"git::git@github.com:x/y.git//modules/eks?ref=v0.104.6\"");
    let common = ("common.hcl", "locals {\n  catalog = \"v0.104.6\"\n}\n");
    let all = [ACCOUNTS, common, (DEV, &runner), ("dev/vpc/terragrunt.hcl", &vpc), ("dev/eks/terragrunt.hcl", &other)];
    let tree = Tree::new(&all);
    let text = moved(&tree);
    let what = "the change would also move the module of a unit that is no runner from v0.104.6 to v0.127.0";
    assert!(text.starts_with(&format!("{what}\n  --> common.hcl:2\n  in dev/vpc\nhint: ")), "{text}");
    let repo = tree.open();
    let bump = plan_bump(&repo, &Request { other_modules: true, ..request(&repo, "v0.127.0") }).expect("it is allowed");
    assert_eq!(bump.other_modules.iter().map(|it| it.what.as_str()).collect::<Vec<_>>(), [what]);
    assert_eq!(moved(&Tree::new(&[&all[..3], &all[4..]].concat())), "+  catalog = \"v0.127.0\"\n");
}
