//! Where rendering doesn't tell the truth: fixtures `given…`, in which files of values, arguments and the environment win
//! over inputs. Their modules hand out what they are given, so a plan tells it.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
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
        assert!(output.status.success(), "{arguments:?} in {}: {told}\n{error}", unit.display());
        output.stdout
    };
    let plan = plan.to_str().expect("it is UTF-8");
    run(&["plan", "-input=false", "-no-color", &format!("-out={plan}")]);
    let shown: Value = serde_json::from_slice(&run(&["show", "-json", plan])).expect("it is JSON");
    shown["output_changes"]["given"]["after"].clone()
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
