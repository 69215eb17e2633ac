//! What newer releases of terragrunt have: features, exclusions, values beside a unit, and their functions.

use super::{Tree, account, fixture, texts, unit_path};
use crate::model::{ImageName, Tag};
use crate::repo::{Repository, Request, plan_bump};

/// A unit, its tag, and where that is written.
fn tags(repo: &Repository) -> Vec<String> {
    assert_eq!(texts(repo.all_problems()), "");
    let shown = |unit: &crate::repo::Unit| {
        let uses = unit.image(ImageName::DeployRunner).expect("a runner");
        let tag = uses.tag.as_result().map_or_else(|why| format!("?{why}"), ToString::to_string);
        let mut places: Vec<_> = uses.deciders.iter().filter_map(|it| it.pin.as_ref()).map(|it| it.place()).collect();
        places.dedup();
        let places: Vec<_> = places.iter().map(ToString::to_string).collect();
        format!("{} {tag} {}", account(unit).name, places.join(" "))
    };
    repo.units.iter().map(shown).collect()
}

/// The tree after all tags have moved to `v1.3.0`.
fn moved(tree: &Tree) -> Repository {
    let repo = tree.open();
    let tag: Tag = "v1.3.0".parse().expect("a tag");
    let bump = plan_bump(&repo, &Request::for_all(&repo, [(ImageName::DeployRunner, tag)].into()));
    let bump = bump.unwrap_or_else(|failures| panic!("{}", texts(failures.iter())));
    for edit in &bump.edits {
        std::fs::write(&edit.path, &edit.after).expect("it is written");
    }
    tree.open()
}

#[test]
fn tags_of_features_are_their_defaults_and_move_there() {
    let tree = fixture("features");
    let prod = "prod/us-east-1/mgmt/ecs-deploy-runner/terragrunt.hcl:10";
    let expected = ["dev v0.52.1 root.hcl:19", &format!("prod v0.51.8 {prod}"), "stage v0.52.1 root.hcl:19"];
    assert_eq!(tags(&tree.open()), expected);
    let expected = ["dev v1.3.0 root.hcl:19", &format!("prod v1.3.0 {prod}"), "stage v1.3.0 root.hcl:19"];
    assert_eq!(tags(&moved(&tree)), expected);
}

#[test]
fn unit_that_excludes_itself_is_known_with_the_line() {
    let repo = fixture("features").open();
    let excluded: Vec<_> =
        repo.units.iter().filter_map(|it| Some((account(it).name.as_str(), it.left_out()?))).collect();
    let [("stage", exclusion)] = &excluded[..] else { panic!("{excluded:?}") };
    assert_eq!(exclusion.by, "`exclude` with the actions all_except_output");
    assert_eq!(exclusion.place.to_string(), "stage/us-east-1/mgmt/ecs-deploy-runner/terragrunt.hcl:21");
}

#[test]
fn values_beside_a_unit_are_known_and_moved() {
    let tree = fixture("values");
    let [dev, prod] = ["dev", "prod"].map(|it| format!("{it}/us-east-1/mgmt/ecs-deploy-runner/terragrunt.values.hcl"));
    let expected = |tags: [&str; 2]| [format!("dev {} {dev}:3", tags[0]), format!("prod {} {prod}:1", tags[1])];
    assert_eq!(tags(&tree.open()), expected(["v0.52.1", "v0.51.8"]));
    assert_eq!(tags(&moved(&tree)), expected(["v1.3.0", "v1.3.0"]));
    let text = std::fs::read_to_string(tree.path().join(dev)).expect("a file");
    assert!(text.contains("docker_tag   = \"v1.3.0\" # moved by hand until now"), "{text}");
}

#[test]
fn tags_in_files_of_variables_are_known_and_moved() {
    let tree = fixture("tfvars-file");
    let own = |account: &str| format!("{account}/us-east-1/mgmt/ecs-deploy-runner/own.tfvars.json:1");
    let expected =
        |tag: &str| ["dev", "prod"].map(|account| format!("{account} {tag} versions.tfvars:3 {}", own(account)));
    assert_eq!(tags(&tree.open()), expected("v0.52.1"));
    assert_eq!(tags(&moved(&tree)), expected("v1.3.0"));
}

/// A unit with something more in its configuration.
fn unit_with(more: &str) -> Tree {
    let config = "container_image = { docker_image = \"100000000002.dkr.ecr.us-east-1.amazonaws.com/ecs-deploy-runner\", docker_tag = \"v0.52.1\" }";
    let text = format!(
        "terraform {{\n  source = \"git::x//modules/ecs-deploy-runner?ref=v0.52.1\"\n}}\ninputs = {{\n  terraform_planner_config = {{ {config} }}\n}}\n{more}"
    );
    Tree::new(&[
        ("accounts.json", r#"{"dev": {"id": "100000000004"}}"#),
        ("dev/us-east-1/mgmt/ecs-deploy-runner/terragrunt.hcl", &text),
    ])
}

fn exclusion(more: &str) -> Option<String> {
    let repo = unit_with(more).open();
    assert_eq!(texts(repo.all_problems()), "", "{more}");
    let unit = repo.unit(&unit_path("dev/us-east-1/mgmt/ecs-deploy-runner")).expect("the unit");
    unit.excluded.as_ref().map(|it| format!("{}{}", it.by, it.doubt.as_deref().unwrap_or_default()))
}

#[test]
fn only_what_keeps_a_unit_from_plans_or_applies_excludes_it() {
    let by = |condition: &str, actions: &str| exclusion(&format!("exclude {{\n if = {condition}\n {actions}\n}}\n"));
    for actions in ["[\"all\"]", "[\"apply\"]", "[\"PLAN\"]", "[\"output\", \"all_except_output\"]"] {
        assert!(by("true", &format!("actions = {actions}")).is_some(), "{actions}");
        assert!(by("\"true\"", &format!("actions = {actions}\n no_run = true")).is_some(), "{actions}");
        assert!(by("false", &format!("actions = {actions}")).is_none(), "{actions}");
    }
    for actions in ["actions = []", "actions = [\"destroy\", \"output\"]", ""] {
        assert!(by("true", actions).is_none(), "{actions}");
    }
    let unsure = by("run_cmd(\"x\") == \"y\"", "actions = [\"all\"]").expect("it may be excluded");
    assert!(unsure.ends_with("`run_cmd` runs a program"), "{unsure}");
    assert_eq!(exclusion("skip = true\n").as_deref(), Some("`skip`"));
    assert_eq!(exclusion("skip = false\n"), None);
}

#[test]
fn arguments_that_terraform_would_take_for_the_plan_are_named_with_their_line() {
    let failure = |commands: &str, arguments: &str| {
        let block = format!("extra_arguments \"x\" {{\n commands = {commands}\n arguments = {arguments}\n}}\n");
        // A second `terraform` block is an error to terragrunt, so the arguments go into the first.
        let tree = unit_with("");
        let file = "dev/us-east-1/mgmt/ecs-deploy-runner/terragrunt.hcl";
        let text = std::fs::read_to_string(tree.path().join(file)).expect("a file");
        tree.write(file, text.replacen("terraform {\n", &format!("terraform {{\n{block}"), 1).as_bytes());
        let repo = tree.open();
        assert_eq!(texts(repo.all_problems()), "");
        texts(repo.units[0].not_appliable.iter())
    };
    let needs_vars = "get_terraform_commands_that_need_vars()";
    for (commands, arguments) in [
        ("[\"apply\"]", "[\"-lock-timeout=20m\", \"-var=x=y\", \"-var-file=z\"]"),
        ("[\"apply\"]", "[\"-lock-timeout\", \"20m\"]"),
        ("[\"plan\"]", "[\"-var\", \"x=y\", \"tfplan\"]"),
        (needs_vars, "[]"),
    ] {
        assert_eq!(failure(commands, arguments), "", "{commands} {arguments}");
    }
    for (commands, arguments, hint) in [
        (needs_vars, "[\"-var\", \"x=y\"]", "\"-var=x=y\""),
        ("[\"plan\", \"apply\"]", "[\"-var-file\", \"x.tfvars\"]", "\"-var-file=x.tfvars\""),
        ("[\"apply\"]", "[\"-input=false\", \"tfplan\"]", "leave it out for `apply`"),
    ] {
        let told = failure(commands, arguments);
        assert!(told.contains(hint) && told.contains("terragrunt.hcl:4"), "{told}");
    }
}

#[test]
fn units_that_stacks_generate_are_known_to_the_line_and_moved_there() {
    let tree = fixture("stacks");
    let repo = tree.open();
    let paths: Vec<_> = repo.units.iter().map(|unit| unit.path.as_str()).collect();
    let expected = [
        "dev/us-east-1/.terragrunt-stack/mgmt/ecs-deploy-runner",
        "prod/us-east-1/mgmt/ecs-deploy-runner",
        "stage/us-east-1/.terragrunt-stack/mgmt/.terragrunt-stack/ecs-deploy-runner",
    ];
    assert_eq!(paths, expected, "templates are no units");
    let stacks: Vec<_> = repo.units.iter().filter_map(|unit| unit.stack.as_deref()).collect();
    let root = tree.path().canonicalize().expect("it is there");
    assert_eq!(stacks, ["dev", "prod", "stage"].map(|account| root.join(account).join("us-east-1")));
    let expected = |dev: &str, prod: &str, stage: &str| {
        [
            format!("dev {dev} dev/us-east-1/terragrunt.stack.hcl:3"),
            format!("prod {prod} catalog/units/ecs-deploy-runner/terragrunt.hcl:12"),
            format!("stage {stage} stage/us-east-1/terragrunt.stack.hcl:4"),
        ]
    };
    assert_eq!(tags(&repo), expected("v0.52.1", "v0.51.8", "v0.52.1"));
    assert_eq!(tags(&moved(&tree)), expected("v1.3.0", "v1.3.0", "v1.3.0"));
}

#[test]
fn unit_of_a_remote_catalog_is_listed_and_unknown_and_left_out_with_the_line() {
    let tree = fixture("stacks");
    let source = "git::git@github.com:example/catalog.git//units/ecs-deploy-runner?ref=v1";
    let text = format!("unit \"ecs-deploy-runner\" {{\n  source = \"{source}\"\n  path = \"ecs-deploy-runner\"\n}}\n");
    tree.write("prod/us-west-2/terragrunt.stack.hcl", text.as_bytes());
    let repo = tree.open();
    assert_eq!(texts(repo.all_problems()), "");
    let unit = repo.unit(&unit_path("prod/us-west-2/.terragrunt-stack/ecs-deploy-runner")).expect("the unit");
    let reason = format!("its source is not in this repository: {source}");
    let tag = &unit.image(ImageName::DeployRunner).expect("a runner").tag;
    assert_eq!(tag.reason(), Some(reason.as_str()));
    let excluded = unit.left_out().expect("nobody knows what would change");
    assert_eq!(excluded.place.to_string(), "prod/us-west-2/terragrunt.stack.hcl:2:12".replace(":12", ""));
}

#[test]
fn parts_of_stack_files_that_are_not_worked_out_are_refused_by_name() {
    let unit = "unit \"ecs-deploy-runner\" {\n  source = \"${get_repo_root()}/catalog/units/ecs-deploy-runner\"\n  path = \"ecs-deploy-runner\"\n";
    for (text, what) in [
        (format!("include \"x\" {{\n  path = \"x.hcl\"\n}}\n{unit}}}\n"), "an `include` in a stack file"),
        (format!("{unit}  autoinclude {{\n  }}\n}}\n"), "`autoinclude` in a block of a stack file"),
        (
            format!("{unit}  values = {{ name = \"x\" }}\n}}\n").replace("path = \"", "path = \"../"),
            "would leave its stack",
        ),
        (format!("{unit}}}\n").replace("path = \"ecs", "path = run_cmd(\"x\") # \"ecs"), "`run_cmd` runs a program"),
    ] {
        let tree = fixture("stacks");
        tree.write("prod/us-west-2/terragrunt.stack.hcl", text.as_bytes());
        let told = texts(tree.open().all_problems());
        assert!(told.contains(what) && told.contains("prod/us-west-2/terragrunt.stack.hcl"), "{text}\n{told}");
    }
}

#[test]
fn template_of_a_catalog_that_no_stack_uses_is_no_unit() {
    let tree = fixture("stacks");
    for account in ["dev", "stage", "prod"] {
        std::fs::remove_file(tree.path().join(account).join("us-east-1/terragrunt.stack.hcl")).expect("a file");
    }
    let repo = tree.open();
    assert_eq!((texts(repo.all_problems()), repo.units.len()), (String::new(), 0));
}

#[test]
fn opentofu_reads_a_file_of_its_own_in_the_place_of_terraforms() {
    let tree = fixture("standalone-tofu");
    assert_eq!(tags(&tree.open()), ["100000000004 v0.52.1 runner/main.tofu:9"]);
    let place = tree.open().units[0].needs_tofu.clone().expect("only OpenTofu reads it");
    assert_eq!(place.to_string(), "runner/state.tofu");
    assert_eq!(tags(&moved(&tree)), ["100000000004 v1.3.0 runner/main.tofu:9"]);
    let text = std::fs::read_to_string(tree.path().join("runner/main.tf")).expect("a file");
    assert!(text.contains("v0.51.4"), "what nobody reads stays: {text}");
}

/// A unit of Terragrunt of a module that is written for both programs.
fn for_both(binary: &str, setting: &str, files: &[(&str, &str)]) -> (Tree, Vec<String>) {
    let tree = fixture("given-wrapper");
    let module = std::fs::read_to_string(tree.path().join("modules/deploy-runner/main.tf")).expect("a file");
    let tofu = module.replace("docker_tag   = var.runner_tag", "docker_tag   = \"v0.46.0\"");
    tree.write("modules/deploy-runner/main.tofu", tofu.as_bytes());
    files.iter().for_each(|(name, text)| tree.write(&format!("modules/deploy-runner/{name}"), text.as_bytes()));
    let unit = "dev/us-east-1/mgmt/deploy-runner/terragrunt.hcl";
    let text = std::fs::read_to_string(tree.path().join(unit)).expect("a file");
    tree.write(unit, format!("{binary}{text}").as_bytes());
    tree.write("Cargo.toml", format!("[workspace.metadata.xtask]\n{setting}").as_bytes());
    let repo = tree.open();
    let unit = repo.units.iter().find(|unit| unit.path.as_str().starts_with("dev/")).expect("a unit");
    let tag = unit.image(ImageName::DeployRunner).map(|uses| uses.tag.as_result().map(ToString::to_string));
    let shown = match tag {
        Some(Ok(tag)) => tag,
        Some(Err(why)) => format!("?{why}"),
        None => "-".to_owned(),
    };
    let needs = unit.needs_tofu.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
    (tree, vec![shown, needs])
}

#[test]
fn files_are_those_of_the_program_that_will_run_the_unit() {
    let [terraform, tofu] = ["terraform", "/opt/bin/tofu"].map(|name| format!("terraform_binary = \"{name}\"\n"));
    let more = [("versions.tf", "terraform {}\n"), ("versions.tofu", "terraform {\n  required_version = \"> 1\"\n}\n")];
    let of = |binary: &str, setting: &str, files: &[(&str, &str)]| for_both(binary, setting, files).1;
    assert_eq!(of(&terraform, "", &more), ["v0.52.1", "-"]);
    assert_eq!(of(&tofu, "", &more), ["v0.46.0", "-"]);
    assert_eq!(of(&terraform, "terraform-binary = \"tofu\"\n", &more), ["v0.46.0", "-"], "the settings win");
    assert_eq!(of("", "terraform-binary = \"terraform\"\n", &more), ["v0.52.1", "-"]);
    let lone = [("only.tofu", "")];
    assert_eq!(of("", "", &lone), ["v0.46.0", "modules/deploy-runner/only.tofu"]);
    // Terraform leaves that file out; whoever has it run is told.
    assert_eq!(of(&terraform, "", &lone), ["v0.52.1", "modules/deploy-runner/only.tofu"]);
    for binary in ["", "terraform_binary = get_env(\"HOME\")\n"] {
        let told = of(binary, "", &more);
        assert!(told[0].contains("it is not known which of them will run it"), "{told:?}");
    }
}

#[test]
fn files_for_both_programs_that_are_alike_need_no_word_about_the_program() {
    let (tree, _) = for_both("", "", &[]);
    let module = std::fs::read(tree.path().join("modules/deploy-runner/main.tf")).expect("a file");
    tree.write("modules/deploy-runner/main.tofu", &module);
    let repo = tree.open();
    assert_eq!(texts(repo.all_problems()), "");
    assert!(repo.units.iter().all(|unit| !unit.has_unknown_tag() && unit.needs_tofu.is_none()));
}

#[test]
fn runner_that_only_one_of_the_programs_would_deploy_is_found() {
    for (name, setting) in [("main.tofu", "terraform"), ("main.tf", "tofu")] {
        let (tree, _) = for_both("", &format!("terraform-binary = \"{setting}\"\n"), &[]);
        let other = if name == "main.tofu" { "main.tf" } else { "main.tofu" };
        tree.write(&format!("modules/deploy-runner/{other}"), b"");
        let repo = tree.open();
        let unit = repo.units.iter().find(|unit| unit.path.as_str().starts_with("dev/")).expect("a unit");
        let reason = unit.module.source.reason().expect("it has none");
        assert_eq!(reason, "no call of a runner's module has any instance", "{name}");
    }
}

#[test]
fn what_was_generated_is_compared_with_what_was_read() {
    let tree = fixture("stacks");
    let repo = tree.open();
    let unit = &repo.units[0];
    assert!(repo.differs_from_generated(unit).is_some(), "nothing is generated yet");
    let source = std::fs::read(repo.copied_from(unit).join("terragrunt.hcl")).expect("a file");
    tree.write(&format!("{}/terragrunt.hcl", unit.path), &source);
    let values = format!("{}/terragrunt.values.hcl", unit.path);
    for (tag, is_same) in [("v0.52.1", true), ("v0.52.0", false)] {
        let text = format!("deploy_runner_tag = \"{tag}\"\nname = \"ecs-deploy-runner\"\n");
        tree.write(&values, text.as_bytes());
        assert_eq!(repo.differs_from_generated(unit).is_none(), is_same, "{tag}");
    }
}
