//! Units of stacks that are runners though no stack file names the module.

use super::{Tree, fixture, texts};
use crate::model::{ImageName, Tag};
use crate::repo::{Repository, Request, plan_bump};

/// Each unit with its tag, or why it is not known, and the place of the pin.
fn shown(repo: &Repository) -> Vec<String> {
    let show = |unit: &crate::repo::Unit| {
        let uses = unit.image(ImageName::DeployRunner).expect("a runner");
        let tag = uses.tag.as_result().map_or_else(|why| format!("?{why}"), ToString::to_string);
        let pin = uses.deciders.iter().find_map(|it| it.pin.as_ref()).map(|it| it.place().to_string());
        format!("{} {tag} {}", unit.path, pin.unwrap_or_default())
    };
    repo.units.iter().map(show).collect()
}

const LIVE: &str = "live/prod/us-east-1";
const GENERATED: &str = "live/prod/us-east-1/.terragrunt-stack/ci";

/// The fixture with a further stack, and catalog units `taker` and `plain` that take one value.
fn with_stack(text: &str) -> Tree {
    let tree = fixture("stacks-unnamed");
    tree.write(&format!("{LIVE}/terragrunt.stack.hcl"), text.as_bytes());
    let module = |inputs: &str| {
        format!("terraform {{\n  source = \"git::git@github.com:example/modules.git//worker?ref=v1\"\n}}\n{inputs}\n")
    };
    tree.write("catalog/units/taker/terragrunt.hcl", module("inputs = { worker_version = values.version }").as_bytes());
    tree.write("catalog/units/whole/terragrunt.hcl", module("inputs = values").as_bytes());
    tree
}

fn block(source: &str, more: &str) -> String {
    format!("unit \"ci\" {{\n  source = \"{source}\"\n  path = \"ci\"\n{more}}}\n")
}

/// A unit of the published module with this for its tag.
fn runner(tag: &str) -> String {
    let source = "git::git@github.com:gruntwork-io/terraform-aws-service-catalog.git//modules/mgmt/ecs-deploy-runner?ref=v0.107.5";
    let image = "100000000002.dkr.ecr.us-east-1.amazonaws.com/ecs-deploy-runner";
    format!(
        "terraform {{\n  source = \"{source}\"\n}}\ninputs = {{\n  terraform_planner_config = {{\n    container_image = {{\n      docker_image = \"{image}\"\n      docker_tag = {tag}\n    }}\n  }}\n}}\n"
    )
}

const VERSIONS: &str = "locals {\n  versions = read_terragrunt_config(\"${get_repo_root()}/versions.hcl\").locals\n}\n";

#[test]
fn unit_of_a_stack_is_a_runner_by_its_catalog_unit_or_by_its_values_and_moves_there() {
    let tree = fixture("stacks-unnamed");
    let expected = |dev: &str, stage: &str| {
        [
            format!("live/dev/us-east-1/.terragrunt-stack/ci {dev} versions.hcl:5"),
            format!("live/stage/us-east-1/.terragrunt-stack/ci {stage} live/stage/us-east-1/terragrunt.stack.hcl:4"),
        ]
    };
    let repo = tree.open();
    assert_eq!(texts(repo.all_problems()), "");
    assert_eq!(shown(&repo), expected("v0.52.1", "v0.51.8"));
    let tag: Tag = "v1.3.0".parse().expect("a tag");
    let bump = plan_bump(&repo, &Request::for_all(&repo, [(ImageName::DeployRunner, tag)].into()));
    for edit in bump.unwrap_or_else(|failures| panic!("{}", texts(failures.iter()))).edits {
        std::fs::write(&edit.path, &edit.after).expect("it is written");
    }
    assert_eq!(shown(&tree.open()), expected("v1.3.0", "v1.3.0"));
}

#[test]
fn unit_of_a_catalog_that_no_stack_uses_is_none_and_is_named() {
    let tree = fixture("stacks-unnamed");
    let before = shown(&tree.open());
    tree.write("catalog/units/spare/terragrunt.hcl", runner("\"v0.40.0\"").as_bytes());
    let repo = tree.open();
    assert_eq!((shown(&repo), texts(repo.all_problems()).as_str()), (before, ""));
    let told = texts(repo.notices.iter());
    assert!(told.starts_with("`catalog/units/spare` lies in a catalog, and no stack uses it: "), "{told}");
}

#[test]
fn file_beside_a_catalog_unit_is_named_and_moved_there() {
    let tree = fixture("stacks-unnamed");
    tree.write("catalog/units/ci/terragrunt.hcl", runner("trimspace(file(\"v.txt\"))").as_bytes());
    tree.write("catalog/units/ci/v.txt", b"v0.40.0\n");
    let repo = tree.open();
    let pins: Vec<_> = shown(&repo).into_iter().filter_map(|it| Some(it.rsplit_once(' ')?.1.to_owned())).collect();
    assert!(pins.iter().any(|pin| pin == "catalog/units/ci/v.txt:1"), "{pins:?}");
    let tag: Tag = "v1.3.0".parse().expect("a tag");
    let bump = plan_bump(&repo, &Request::for_all(&repo, [(ImageName::DeployRunner, tag)].into()));
    let edits = bump.unwrap_or_else(|failures| panic!("{}", texts(failures.iter()))).edits;
    assert!(edits.iter().any(|edit| edit.path.ends_with("catalog/units/ci/v.txt")));
}

#[test]
fn two_runners_of_a_stack_in_one_account_are_two_before_anything_is_generated() {
    let tree = fixture("stacks");
    let file = "dev/us-east-1/terragrunt.stack.hcl";
    let text = std::fs::read_to_string(tree.path().join(file)).expect("the stack is there");
    let second = [
        "unit \"second\" {",
        "  source = \"${local.units}/ecs-deploy-runner\"",
        "  path = \"mgmt/second-runner\"",
        "  values = { name = \"second\", deploy_runner_tag = \"v0.40.0\" }",
        "}\n",
    ];
    tree.write(file, (text + &second.join("\n")).as_bytes());
    let repo = tree.open();
    let found = |end: &str| repo.units.iter().filter(|unit| unit.path.as_str().ends_with(end)).count();
    assert_eq!(found("dev/us-east-1/.terragrunt-stack/mgmt/second-runner"), 1, "{:?}", shown(&repo));
    assert_eq!(found("dev/us-east-1/.terragrunt-stack/mgmt/ecs-deploy-runner"), 1, "{:?}", shown(&repo));
}

#[test]
fn unit_of_a_stack_that_takes_the_tag_of_a_runner_elsewhere_is_found() {
    let direct = "  values = { version = local.versions.ci_image.docker_tag }\n";
    let whole = "  values = local.versions.ci_image\n";
    for (unit, values) in [("taker", direct), ("whole", direct), ("whole", whole)] {
        let repo =
            with_stack(&format!("{VERSIONS}{}", block(&format!("../../../catalog/units/{unit}"), values))).open();
        assert_eq!(texts(repo.all_problems()), "");
        let found = shown(&repo).into_iter().find(|line| line.starts_with(GENERATED));
        let found = found.unwrap_or_else(|| panic!("{unit} {values}"));
        assert!(found.contains("takes it, and what `git::git@github.com:example/modules.git"), "{found}");
    }
}

#[test]
fn unit_of_a_stack_that_has_nothing_of_a_runner_is_none() {
    for values in ["  values = { version = \"v7\" }\n", "  values = { version = local.versions.registry }\n"] {
        let text = format!("{VERSIONS}{}", block("../../../catalog/units/taker", values));
        let repo = with_stack(&text).open();
        assert_eq!((texts(repo.all_problems()), repo.units.len()), (String::new(), 2), "{text}");
    }
}

#[test]
fn runner_of_a_stack_file_that_is_not_worked_out_is_listed_with_what_is_in_the_way() {
    let runner = "../../../catalog/units/runner";
    let values = "  values = { name = \"x\", image = local.versions.ci_image }\n";
    for (text, what) in [
        (format!("include \"x\" {{\n  path = \"x.hcl\"\n}}\n{VERSIONS}{}", block(runner, values)), "an `include`"),
        (format!("{VERSIONS}{}", block(runner, &format!("{values}  autoinclude {{\n  }}\n"))), "`autoinclude`"),
    ] {
        let repo = with_stack(&text).open();
        let told = texts(repo.all_problems());
        assert!(told.contains(what) && told.contains(&format!("{LIVE}/terragrunt.stack.hcl")), "{text}\n{told}");
        let found = shown(&repo).into_iter().find(|line| line.starts_with(GENERATED));
        assert!(found.is_some_and(|line| line.contains("?the configuration cannot be read: ")), "{text}");
        // What has nothing of a runner is not told of.
        let repo = with_stack(&text.replace(runner, "../../../catalog/units/taker")).open();
        assert_eq!((texts(repo.all_problems()), repo.units.len()), (String::new(), 2), "{text}");
    }
}

#[test]
fn unit_of_a_stack_whose_path_is_unknown_is_asked_of_its_catalog_unit() {
    let of = |unit: &str, path: &str| {
        let text = block(
            &format!("../../../catalog/units/{unit}"),
            "  values = { name = \"x\", image = { docker_image = \"a.example.com/b\", docker_tag = \"v0.42.0\" } }\n",
        );
        with_stack(&text.replace("\"ci\"\n}", "").replace("path = \"ci\"", &format!("path = {path}"))).open()
    };
    for path in ["run_cmd(\"echo\", \"x\")", "\"x-${get_env(\"PATH\")}\"", "\"../x\""] {
        let repo = of("runner", path);
        let told = texts(repo.all_problems());
        assert!(told.contains(&format!("{LIVE}/terragrunt.stack.hcl:3")), "{path}\n{told}");
        let found = shown(&repo)
            .into_iter()
            .find(|line| line.starts_with("live/prod/us-east-1/.terragrunt-stack/<path of ci>"));
        assert!(
            found.is_some_and(|line| line.contains("?the configuration cannot be read: ")),
            "{path} {:?}",
            shown(&repo)
        );
        let repo = of("taker", path);
        assert_eq!((texts(repo.all_problems()), repo.units.len()), (String::new(), 2), "{path}");
    }
}

#[test]
fn nested_stack_whose_path_is_unknown_is_asked_of_its_units() {
    let stack = |unit: &str| {
        let tree = with_stack("stack \"s\" {\n  source = \"../../../catalog/stacks/s\"\n  path = run_cmd(\"x\")\n}\n");
        let values =
            "  values = { name = \"x\", image = { docker_image = \"a.example.com/b\", docker_tag = \"v0.42.0\" } }\n";
        let text = block(&format!("${{get_repo_root()}}/catalog/units/{unit}"), values);
        tree.write("catalog/stacks/s/terragrunt.stack.hcl", text.as_bytes());
        tree.open()
    };
    let (runner, taker) = (stack("runner"), stack("taker"));
    assert!(
        texts(runner.all_problems()).contains("`path` of the stack `s` is unknown"),
        "{}",
        texts(runner.all_problems())
    );
    assert_eq!((runner.units.len(), taker.units.len()), (3, 2));
    assert_eq!(texts(taker.all_problems()), "");
}

#[test]
fn one_block_of_a_stack_file_that_is_not_worked_out_keeps_no_other_from_being_read() {
    let other = block("../../../catalog/units/taker", "  autoinclude {\n  }\n").replace("\"ci\"", "\"other\"");
    let values = "  values = { name = \"x\", image = local.versions.ci_image }\n";
    let repo = with_stack(&format!("{VERSIONS}{other}{}", block("../../../catalog/units/runner", values))).open();
    assert_eq!(texts(repo.all_problems()), "");
    assert!(shown(&repo).contains(&format!("{GENERATED} v0.52.1 versions.hcl:5")), "{:?}", shown(&repo));
}

#[test]
fn what_looks_like_a_runner_in_a_stack_and_is_not_in_this_repository_is_named() {
    let remote = "git::git@github.com:example/catalog.git//units/worker?ref=v1";
    for (source, values) in [
        (remote, "  values = { version = local.versions.ci_image.docker_tag }\n"),
        (remote, "  values = { image = local.versions.ci_image }\n"),
        (remote, "  values = { terraform_planner_config = {} }\n"),
        ("git::git@github.com:example/catalog.git//units/deploy-runner?ref=v1", ""),
    ] {
        let text = format!("{VERSIONS}{}", block(source, values));
        let repo = with_stack(&text).open();
        assert_eq!(texts(repo.all_problems()), "");
        let found = shown(&repo).into_iter().find(|line| line.starts_with(GENERATED));
        assert!(found.is_some_and(|line| line.contains("?its source is not in this repository: git::")), "{text}");
        // The same as a nested stack: which units it has is not known.
        let nested = text.replace("unit \"ci\"", "stack \"ci\"");
        let told = texts(with_stack(&nested).open().all_problems());
        assert!(
            told.contains("what the stack `ci` generates is unknown: its source is not in this"),
            "{nested}\n{told}"
        );
    }
    let text = format!("{VERSIONS}{}", block(remote, "  values = { version = \"v7\" }\n"));
    for text in [text.clone(), text.replace("unit \"ci\"", "stack \"ci\"")] {
        let repo = with_stack(&text).open();
        assert_eq!((texts(repo.all_problems()), repo.units.len()), (String::new(), 2), "{text}");
    }
}

#[test]
fn values_beside_a_unit_are_looked_through_like_its_own_file() {
    let tree = with_stack("");
    tree.write("live/prod/us-east-1/worker/terragrunt.hcl", b"inputs = values\n");
    tree.write(
        "live/prod/us-east-1/worker/terragrunt.values.hcl",
        b"terraform_planner_config = { container_image = { docker_image = \"x.example.com/y\", docker_tag = \"v1\" } }\n",
    );
    let source =
        "terraform {\n  source = \"git::git@github.com:example/modules.git//worker?ref=v1\"\n}\ninputs = values\n";
    tree.write("live/prod/us-east-1/worker/terragrunt.hcl", source.as_bytes());
    let found = shown(&tree.open()).into_iter().find(|line| line.starts_with("live/prod/us-east-1/worker"));
    assert_eq!(
        found.as_deref(),
        Some("live/prod/us-east-1/worker v1 live/prod/us-east-1/worker/terragrunt.values.hcl:1")
    );
}

#[test]
fn unit_whose_values_are_at_fault_and_have_the_names_of_a_runner_is_named() {
    let values = |name: &str| format!("  values = {{ {name} = local.missing }}\n");
    let open = |name: &str| with_stack(&block("../../../catalog/units/whole", &values(name))).open();
    let told = texts(open("terraform_planner_config").all_problems());
    assert!(told.contains("there is no local `missing`") && told.contains(LIVE), "{told}");
    let repo = open("cidr_block");
    assert_eq!((texts(repo.all_problems()), repo.units.len()), (String::new(), 2));
}
