//! Where rendering doesn't tell the truth: fixtures `given…`, in which files of values, arguments and the environment win
//! over inputs. Their modules hand out what they are given, so a plan tells it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use xtask::model::ImageName;
use xtask::repo::{Repository, Unit};

use super::bumped::moved;
use super::render::git_init;
use crate::real::standalone::{Copied, compare};
use crate::real::toolbox::Toolbox;

/// The fixtures that are planned rather than rendered.
fn names() -> Vec<String> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let entries = fs::read_dir(fixtures).expect("a folder").flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with("given")).collect()
}

/// What the module is given when terragrunt plans the unit.
fn given(engine: &Path, terragrunt: &Path, unit: &Path) -> Value {
    planned(engine, terragrunt, unit).unwrap_or_else(|told| panic!("{}: {told}", unit.display()))["given"].clone()
}

/// The outputs that a plan of the unit has, or what is said where it can't be made.
pub(super) fn planned(engine: &Path, terragrunt: &Path, unit: &Path) -> Result<BTreeMap<String, Value>, String> {
    let home = tempfile::tempdir().expect("a folder");
    let plan = home.path().join("plan");
    let run = |arguments: &[&str]| {
        let output = Command::new(terragrunt)
            .args(arguments)
            .current_dir(unit)
            .env_clear()
            .envs([
                ("HOME", home.path()),
                ("TMPDIR", home.path()),
                ("TG_TF_PATH", engine),
                ("TERRAGRUNT_TFPATH", engine),
            ])
            .envs([("PATH", "/usr/bin:/bin"), ("CHECKPOINT_DISABLE", "1")])
            .stdin(Stdio::null())
            .output()
            .expect("it starts");
        let (told, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        output.status.success().then_some(output.stdout.clone()).ok_or(format!("{arguments:?}: {told}\n{error}"))
    };
    let plan = plan.to_str().expect("it is UTF-8");
    run(&["plan", "-input=false", "-no-color", &format!("-out={plan}")])?;
    let shown: Value = serde_json::from_slice(&run(&["show", "-json", plan])?).expect("it is JSON");
    let outputs = shown["output_changes"].as_object().into_iter().flatten();
    Ok(outputs.map(|(name, change)| (name.clone(), change["after"].clone())).collect())
}

/// Compares every image of the unit with what the module is given, by both terragrunts; gives how many values are known.
fn judge(tools: &Toolbox, root: &Path, unit: &Unit) -> usize {
    let mut n = 0;
    let is_tofu = unit.terraform_binary.as_ref().is_some_and(|(name, _)| name.value().is_some_and(|it| it == "tofu"));
    let engine = tools.terraform.as_ref().filter(|_| !is_tofu).unwrap_or(&tools.tofu);
    for terragrunt in [&tools.terragrunt_1, &tools.terragrunt_0] {
        let given = given(engine, terragrunt, &unit.path.in_root(root));
        let deciders = unit.images.values().flatten().flat_map(|uses| &uses.deciders);
        deciders.for_each(|decider| compare(unit, decider, &given, &mut n));
        let images = ["terraform_planner", "terraform_applier", "ami_builder", "docker_image_builder"];
        for image in images.map(|name| format!("{name}_config")) {
            let is_given = !given[&image].is_null();
            let is_seen = unit
                .images
                .values()
                .flatten()
                .any(|uses| uses.deciders.iter().any(|decider| decider.configuration.ends_with(&image)));
            assert_eq!(is_seen, is_given, "{} {image}", unit.path);
        }
    }
    n
}

#[test]
fn what_a_plan_gives_the_module_is_what_we_say_before_and_after_a_change_of_tags() {
    let Some(tools) = Toolbox::get() else { return };
    let mut n = 0;
    for name in names() {
        let copied = Copied::of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(&name));
        git_init(copied.root());
        let repo = Repository::open(copied.root()).expect("it opens");
        n += repo.units.iter().map(|unit| judge(tools, copied.root(), unit)).sum::<usize>();
        let (bump, after) = moved(&name, copied.root());
        assert!(bump.left.is_empty(), "{name}: {:?}", bump.left);
        n += after.units.iter().map(|unit| judge(tools, copied.root(), unit)).sum::<usize>();
    }
    assert!(n >= 100, "{n}");
}

#[test]
fn module_for_both_programs_gives_what_the_one_reads_that_runs() {
    let Some(tools) = Toolbox::get() else { return };
    let copied = Copied::of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/given-wrapper"));
    let module = copied.root().join("modules/deploy-runner");
    let text = fs::read_to_string(module.join("main.tf")).expect("a file");
    let tofu = text.replace("docker_tag   = var.runner_tag", "docker_tag   = \"v0.46.0\"");
    assert_ne!(tofu, text);
    fs::write(module.join("main.tofu"), tofu).expect("a file");
    fs::write(module.join("versions.tf"), "terraform {\n  required_version = \">= 1.5\"\n}\n").expect("a file");
    fs::write(module.join("versions.tofu"), "terraform {\n  required_version = \">= 1.8\"\n}\n").expect("a file");
    git_init(copied.root());
    let units = ["dev", "prod"].map(|account| format!("{account}/us-east-1/mgmt/deploy-runner/terragrunt.hcl"));
    let mut n = 0;
    for engine in ["tofu", "terraform"].into_iter().filter(|name| *name == "tofu" || tools.terraform.is_some()) {
        for unit in &units {
            let text = fs::read_to_string(copied.root().join(unit)).expect("a file");
            let text = text.lines().filter(|line| !line.starts_with("terraform_binary"));
            let text = text.fold(format!("terraform_binary = \"{engine}\"\n"), |text, line| text + line + "\n");
            fs::write(copied.root().join(unit), text).expect("a file");
        }
        let repo = Repository::open(copied.root()).expect("it opens");
        let units = repo.units.iter().filter(|unit| unit.terraform_binary.is_some());
        n += units.map(|unit| judge(tools, copied.root(), unit)).sum::<usize>();
    }
    assert!(n >= 16, "{n}");
}

/// The type of a variable, what the module makes of it as a tag, and what the unit gives it.
const PASSED: [(&str, &str, &str); 21] = [
    ("type = any", "var.tag", "inputs = { tag = \"1.10\" }"),
    ("type = any", "var.tag", "inputs = { tag = \"\\\"v0.1.7\\\"\" }"),
    ("type = any", "var.tag", "inputs = { tag = \"latest\" }"),
    ("type = any", "var.tag", "inputs = { tag = \"null\" }"),
    ("type = any", "var.tag", "inputs = { tag = true }"),
    ("type = any", "var.tag.a", "inputs = { tag = { a = \"v0.2.0\" } }"),
    ("", "var.tag", "inputs = { tag = \"1.10\" }"),
    ("", "var.tag", "inputs = { tag = 1.10 }"),
    ("", "var.tag", "inputs = { tag = \"null\" }"),
    ("", "jsondecode(var.tag)[0]", "inputs = { tag = [\"v1\", 2] }"),
    ("type = string", "var.tag", "inputs = { tag = 1.10 }"),
    ("type = string", "trim(var.tag, \"[]\\\"\")", "inputs = { tag = [\"v0.1.8\"] }"),
    ("type = string", "jsondecode(var.tag).a", "inputs = { tag = { a = \"v0.1.8\" } }"),
    ("type = number", "\"v${var.tag}\"", "inputs = { tag = \"1.10\" }"),
    ("type = bool", "\"v${var.tag}\"", "inputs = { tag = \"true\" }"),
    ("type = list(string)", "var.tag[0]", "inputs = { tag = \"[\\\"v0.1.9\\\"]\" }"),
    ("type = set(string)", "tolist(var.tag)[0]", "inputs = { tag = \"[\\\"v0.1.9\\\"]\" }"),
    ("type = map(string)", "var.tag[\"a\"]", "inputs = { tag = jsonencode({ a = \"v0.3.0\" }) }"),
    (
        "type = object({ a = string })",
        "var.tag.a",
        "terraform {\n  extra_arguments \"x\" {\n    commands = [\"plan\"]\n    env_vars = { TF_VAR_tag = \"{a = \\\"v5\\\"}\" }\n  }\n}",
    ),
    (
        "type = any",
        "var.tag",
        "terraform {\n  extra_arguments \"x\" {\n    commands  = [\"plan\"]\n    arguments = [\"-var=tag=1.10\"]\n  }\n}",
    ),
    (
        "type = string",
        "var.tag",
        "terraform {\n  extra_arguments \"x\" {\n    commands  = [\"plan\"]\n    arguments = [\"-var=tag=1.10\"]\n  }\n}",
    ),
];

/// Units `dev/us-east-1/mN` of modules on this disk that make a runner's tag of what they are given.
struct Passing(Copied);

impl Passing {
    fn new() -> Self {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
        let passing = Self(Copied::of(&fixtures.join("given-wrapper")));
        git_init(passing.0.root());
        passing
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.root().join(path);
        fs::create_dir_all(path.parent().expect("it has a folder")).expect("folders");
        fs::write(path, text).expect("a file");
    }

    /// Adds a unit whose module has a variable of this type and makes this tag of it.
    fn unit(&self, n: usize, of: &str, tag: &str, unit: &str) {
        let image = "docker_image = \"100000000002.dkr.ecr.us-east-1.amazonaws.com/ecs-deploy-runner\"";
        let module = format!(
            "variable \"tag\" {{\n  {of}\n}}\nmodule \"runner\" {{\n  source = \"../mgmt/ecs-deploy-runner\"\n  \
             terraform_planner_config = {{ container_image = {{ {image}, docker_tag = {tag} }} }}\n}}\n\
             output \"given\" {{\n  value = module.runner.given\n}}\n"
        );
        self.write(&format!("modules/m{n}/main.tf"), &module);
        let source = format!("source = \"${{get_repo_root()}}//modules/m{n}\"");
        let unit = match unit.contains("terraform {") {
            true => unit.replace("terraform {", &format!("terraform {{\n  {source}")),
            false => format!("terraform {{\n  {source}\n}}\n{unit}\n"),
        };
        self.write(&format!("dev/us-east-1/m{n}/terragrunt.hcl"), &unit);
    }

    /// Compares the unit with its plan: what can't be planned is a problem here, and a tag that is known is the real one.
    /// Gives whether it is told.
    #[track_caller]
    fn judge(&self, tools: &Toolbox, repo: &Repository, n: usize, terragrunt: &Path) -> bool {
        let path = format!("dev/us-east-1/m{n}");
        let unit = repo.units.iter().find(|unit| unit.path.as_str() == path).unwrap_or_else(|| panic!("{path}"));
        let decider = unit.image(ImageName::DeployRunner).and_then(|uses| uses.deciders.first());
        let engine = tools.terraform.as_ref().unwrap_or(&tools.tofu);
        match planned(engine, terragrunt, &self.0.root().join(&path)) {
            Err(told) => {
                assert!(!unit.problems.is_empty(), "{path}: {decider:?} {told}");
                true
            }
            Ok(outputs) => {
                assert!(unit.problems.is_empty(), "{path}: {:?}", unit.problems);
                let real = &outputs["given"]["terraform_planner_config"]["container_image"]["docker_tag"];
                let real = real.as_str().map(str::to_owned).or_else(|| (!real.is_null()).then(|| real.to_string()));
                let ours = decider.and_then(|decider| decider.tag.value());
                assert!(ours.is_none() || ours.map(ToString::to_string) == real, "{path}: {ours:?} {real:?}");
                ours.is_some()
            }
        }
    }
}

#[test]
fn texts_are_what_terraform_takes_them_for_by_the_type_of_their_variable() {
    let Some(tools) = Toolbox::get() else { return };
    let passing = Passing::new();
    PASSED.iter().enumerate().for_each(|(n, (of, tag, unit))| passing.unit(n, of, tag, unit));
    let repo = Repository::open(passing.0.root()).expect("it opens");
    let both = [&tools.terragrunt_1, &tools.terragrunt_0];
    let told = |n: &usize| both.iter().all(|terragrunt| passing.judge(tools, &repo, *n, terragrunt));
    let not_told: Vec<_> = (0..PASSED.len()).filter(|n| !told(n)).map(|n| PASSED[n]).collect();
    // Numbers, bools and null are no tags.
    assert_eq!(not_told.len(), 4, "{not_told:#?}");
}

/// What two included files and the unit itself add, and whether terragrunt 0.55.1 knows it.
const INCLUDED: [(&str, &str, &str, bool); 12] = [
    ("", "", "", true),
    ("deep", "deep", "", true),
    ("deep", "", "", true),
    ("", "deep", "", true),
    ("", "no", "own", true),
    ("no", "no", "own", true),
    ("deep", "no", "own", true),
    ("no", "no", "twice", true),
    ("", "", "feature", false),
    ("deep", "deep", "feature", false),
    ("deep", "", "feature", false),
    ("", "deep", "feature", false),
];

#[test]
fn generate_and_feature_of_one_name_are_refused_where_terragrunt_refuses_them() {
    let Some(tools) = Toolbox::get() else { return };
    let passing = Passing::new();
    let generate = |name: &str, tag: &str| {
        format!(
            "generate \"{name}\" {{\n  path = \"x.auto.tfvars\"\n  if_exists = \"overwrite\"\n  contents = \"tag = \\\"{tag}\\\"\"\n}}\n"
        )
    };
    for (n, name) in ["a", "b"].into_iter().enumerate() {
        passing.write(&format!("{name}.hcl"), &generate("t", &format!("v{n}")));
        passing.write(&format!("feature-{name}.hcl"), &format!("feature \"f\" {{\n  default = \"v{n}\"\n}}\n"));
    }
    for (n, (a, b, own, _)) in INCLUDED.iter().enumerate() {
        let file = if *own == "feature" { "feature-" } else { "" };
        let include = |name: &str, merge: &str| {
            let strategy = match merge {
                "" => String::new(),
                "no" => "merge_strategy = \"no_merge\"".to_owned(),
                merge => format!("merge_strategy = \"{merge}\""),
            };
            format!("include \"{name}\" {{\n  path = \"${{get_repo_root()}}/{file}{name}.hcl\"\n  {strategy}\n}}\n")
        };
        let own = match *own {
            "own" => generate("t", "v5"),
            "twice" => generate("t", "v5") + &generate("t", "v6"),
            "feature" => "inputs = { tag = feature.f.value }\n".to_owned(),
            _ => String::new(),
        };
        passing.unit(n, "type = string", "var.tag", &format!("{}{}{own}", include("a", a), include("b", b)));
    }
    let repo = Repository::open(passing.0.root()).expect("it opens");
    for (n, case) in INCLUDED.iter().enumerate() {
        let both = [Some(&tools.terragrunt_1), case.3.then_some(&tools.terragrunt_0)];
        for terragrunt in both.into_iter().flatten() {
            assert!(passing.judge(tools, &repo, n, terragrunt), "{case:?}");
        }
    }
}

/// What an included file has; beside it and beside the unit lies another `t.txt`.
const IN_INCLUDED: [&str; 5] = [
    "inputs = { tag = trimspace(file(\"t.txt\")) }",
    "inputs = { tag = trimspace(templatefile(\"t.txt\", {})) }",
    "inputs = { tag = fileexists(\"only.txt\") ? \"v1\" : \"v2\" }",
    "inputs = { tag = read_terragrunt_config(\"t.hcl\").locals.t }",
    "generate \"t\" {\n  path = \"x.auto.tfvars\"\n  if_exists = \"overwrite\"\n  contents = \"tag = \\\"${trimspace(file(\"t.txt\"))}\\\"\"\n}",
];

#[test]
fn paths_in_included_files_lead_where_terragrunt_takes_them() {
    let Some(tools) = Toolbox::get() else { return };
    let passing = Passing::new();
    for (folder, tag) in
        [("lib", "v8"), ("dev/us-east-1/m0", "v9"), ("dev/us-east-1/m1", "v9"), ("dev/us-east-1/m4", "v9")]
    {
        passing.write(&format!("{folder}/t.txt"), &format!("{tag}\n"));
    }
    passing.write("lib/only.txt", "");
    for (folder, tag) in [("lib", "v8"), ("dev/us-east-1/m3", "v9")] {
        passing.write(&format!("{folder}/t.hcl"), &format!("locals {{\n  t = \"{tag}\"\n}}\n"));
    }
    for (n, text) in IN_INCLUDED.iter().enumerate() {
        passing.write(&format!("lib/{n}.hcl"), &format!("{text}\n"));
        let include = format!("include \"x\" {{\n  path = \"${{get_repo_root()}}/lib/{n}.hcl\"\n}}");
        passing.unit(n, "type = string", "var.tag", &include);
    }
    let repo = Repository::open(passing.0.root()).expect("it opens");
    for (n, text) in IN_INCLUDED.iter().enumerate() {
        for terragrunt in [&tools.terragrunt_1, &tools.terragrunt_0] {
            assert!(passing.judge(tools, &repo, n, terragrunt), "{text}");
        }
    }
}

/// What a module makes of a file that it has, and that lies beside the unit as well; of the last only the unit has one.
const COVERED: [&str; 5] = [
    "trimspace(file(\"v.txt\"))",
    "trimspace(file(\"${path.module}/v.txt\"))",
    "trimspace(file(\"${path.module}/envs/v.txt\"))",
    "trimspace(templatefile(\"${path.root}/v.txt\", {}))",
    "fileexists(\"${path.module}/only.txt\") ? \"v1\" : \"v2\"",
];

#[test]
fn files_beside_a_unit_cover_those_of_its_module() {
    let Some(tools) = Toolbox::get() else { return };
    let passing = Passing::new();
    for (n, tag) in COVERED.iter().enumerate() {
        passing.unit(n, "type = string", tag, "inputs = { tag = \"x\" }");
        for (folder, tag) in [(format!("modules/m{n}"), "v8\n"), (format!("dev/us-east-1/m{n}"), "v9\n")] {
            passing.write(&format!("{folder}/v.txt"), tag);
            passing.write(&format!("{folder}/envs/v.txt"), tag);
        }
        passing.write(&format!("dev/us-east-1/m{n}/only.txt"), "");
    }
    let repo = Repository::open(passing.0.root()).expect("it opens");
    for (n, tag) in COVERED.iter().enumerate() {
        for terragrunt in [&tools.terragrunt_1, &tools.terragrunt_0] {
            assert!(passing.judge(tools, &repo, n, terragrunt), "{tag}");
        }
    }
}
