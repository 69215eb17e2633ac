//! Units of Terraform alone: what real Terraform and OpenTofu pass to the runner's module is what we say, or we say why it
//! can't be known. Every fixture `standalone-*` is planned with a stub in the place of the runner's module, without network.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use xtask::repo::hcl::parse::parse_bytes;
use xtask::repo::hcl::syntax::{Block, ExprKind};
use xtask::repo::{Decider, Repository, Unit};

use super::toolbox::Toolbox;

/// What a source ends in that is replaced by the stub.
const RUNNER: &str = "/ecs-deploy-runner";

/// The module of standard configurations, as far as its documentation tells: a container for each argument, with its image.
const STANDARD: &str = "/ecs-deploy-runner-standard-configuration";
const STANDARD_STUB: &str = r#"
variable "ami_builder" {
  type    = any
  default = null
}
variable "docker_image_builder" {
  type    = any
  default = null
}
variable "terraform_applier" {
  type    = any
  default = null
}
variable "terraform_planner" {
  type    = any
  default = null
}
locals {
  all = {
    ami-builder          = var.ami_builder
    docker-image-builder = var.docker_image_builder
    terraform-applier    = var.terraform_applier
    terraform-planner    = var.terraform_planner
  }
}
output "container_images" {
  value = { for name, it in local.all : name => merge({ default = false, script_config = {} }, it.container_image) if it != null }
}
"#;
/// Where a fixture has a copy of the runner's module, and the copy's variables.
const COPY: &str = "vendor/runner";
const CONFIGURATIONS: [&str; 4] =
    ["ami_builder_config", "docker_image_builder_config", "terraform_applier_config", "terraform_planner_config"];

pub(super) struct Copied {
    dir: tempfile::TempDir,
}

impl Copied {
    /// A fixture with its real sources.
    pub(super) fn of(fixture: &Path) -> Self {
        let copied = Self { dir: tempfile::tempdir().expect("a folder") };
        fs::create_dir(copied.root().join(".git")).expect("a folder");
        for file in below(fixture) {
            let to = copied.root().join(file.strip_prefix(fixture).expect("it lies below")).with_extension("");
            fs::create_dir_all(to.parent().expect("it has a folder")).expect("folders");
            fs::copy(&file, to).expect("a file");
        }
        copied
    }

    pub(super) fn root(&self) -> &Path {
        self.dir.path()
    }

    /// Leaves out what needs the network, calls the stub in the place of the runner, and hands out what it is given.
    pub(super) fn make_plannable(&self) {
        let mut arguments: Vec<String> = Vec::new();
        let (stub, standard) = (self.root().join("stub"), self.root().join("standard"));
        for file in
            below(self.root()).into_iter().filter(|file| file.extension().is_some_and(|it| it == "tf" || it == "tofu"))
        {
            let mut text = fs::read_to_string(&file).expect("a file");
            let body = parse_bytes("fixture", text.as_bytes()).expect("it parses");
            let folder = file.parent().expect("it has a folder");
            let mut edits: Vec<(Range<usize>, String)> = Vec::new();
            for block in &body.blocks {
                if ["provider", "terraform"].contains(&block.kind.as_str()) {
                    edits.push((block.span.clone(), String::new()));
                }
                let Some((span, source)) = source(block) else { continue };
                let outer = file.file_name().is_none_or(|name| !name.to_string_lossy().ends_with("_override.tf"));
                let is_runner = source.split('?').next().is_some_and(|it| it.ends_with(RUNNER));
                let is_standard = source.split('?').next().is_some_and(|it| it.ends_with(STANDARD));
                if is_runner || is_standard {
                    edits.push((span, format!("{:?}", way(folder, if is_runner { &stub } else { &standard }))));
                }
                let is_between = ["modules/pipelines", "modules/runner", COPY].iter().any(|part| source.contains(part));
                if outer && (is_runner || is_between) {
                    // What a copy of the runner's module makes of its variables is its own affair.
                    let value = match folder.ends_with(COPY) {
                        true => {
                            format!("{{\n{}  }}", CONFIGURATIONS.map(|it| format!("    {it} = var.{it}\n")).concat())
                        }
                        false => format!("module.{}.given", block.labels[0]),
                    };
                    let output = format!("output \"given\" {{\n  value = {value}\n}}\n");
                    fs::write(folder.join("given.tf"), output).expect("a file");
                }
                arguments.extend(block.body.attributes.keys().filter(|name| *name != "source").cloned());
            }
            edits.sort_by_key(|(span, _)| span.start);
            edits.into_iter().rev().for_each(|(span, new)| text.replace_range(span, &new));
            fs::write(&file, text).expect("a file");
        }
        arguments.sort();
        arguments.dedup();
        let variable = |name: &String| format!("variable \"{name}\" {{\n  type = any\n  default = null\n}}\n");
        let given: String = arguments.iter().map(|name| format!("    {name} = var.{name}\n")).collect();
        let variables: String = arguments.iter().map(variable).collect();
        let output = format!("{variables}output \"given\" {{\n  value = {{\n{given}  }}\n}}\n");
        fs::create_dir(&stub).expect("a folder");
        fs::write(stub.join("main.tf"), output).expect("a file");
        fs::create_dir(&standard).expect("a folder");
        fs::write(standard.join("main.tf"), STANDARD_STUB).expect("a file");
    }
}

fn below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path());
    let mut files: Vec<_> = entries.flat_map(|path| if path.is_dir() { below(&path) } else { vec![path] }).collect();
    files.sort();
    files
}

fn source(block: &Block) -> Option<(Range<usize>, String)> {
    let value = &block.body.attributes.get("source").filter(|_| block.kind == "module")?.value;
    match &value.kind {
        ExprKind::String(text) => Some((value.span.clone(), text.to_string())),
        _ => None,
    }
}

/// The way from one folder to another as a source of a module.
fn way(from: &Path, to: &Path) -> String {
    let shared = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    let up = "../".repeat(from.components().count() - shared);
    let down: PathBuf = to.components().skip(shared).collect();
    format!("{}{}", if up.is_empty() { "./" } else { &up }, down.display())
}

/// What the stub is given when this folder is planned; a part that only an apply would know is left out.
pub(super) fn given(engine: &Path, folder: &Path) -> Value {
    let run = |arguments: &[&str]| {
        let output = Command::new(engine)
            .args(arguments)
            .current_dir(folder)
            .env_clear()
            .envs([("HOME", folder), ("CHECKPOINT_DISABLE", Path::new("1"))])
            .stdin(Stdio::null())
            .output()
            .expect("it starts");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{} {arguments:?} in {}: {error}", engine.display(), folder.display());
        output.stdout
    };
    run(&["init", "-input=false", "-no-color"]);
    // Variables that nothing sets would be asked for.
    run(&["plan", "-input=false", "-no-color", "-out=plan", "-var=tag=v0.0.0"][..if asks(folder) { 5 } else { 4 }]);
    let plan: Value = serde_json::from_slice(&run(&["show", "-json", "plan"])).expect("it is JSON");
    plan["output_changes"]["given"]["after"].clone()
}

/// Whether the fixture leaves a variable without a value.
fn asks(folder: &Path) -> bool {
    fs::read_to_string(folder.join("main.tf")).expect("a file").contains("variable \"tag\" {\n  type = string\n}")
}

pub(super) fn compare(unit: &Unit, decider: &Decider, given: &Value, known: &mut usize) {
    let at = |way: &str| way.split('.').fold(given, |value, name| &value[name]).as_str().map(str::to_owned);
    let image_way = decider.input.strip_suffix("docker_tag").expect("it is the way to a tag");
    let (tag, uri) = (at(&decider.input), at(&format!("{image_way}docker_image")));
    if let Some(ours) = decider.tag.value() {
        assert_eq!(tag.as_deref(), Some(ours.as_str()), "{} {}", unit.path, decider.input);
        *known += 1;
    }
    if let Some(ours) = decider.uri.value() {
        assert_eq!(uri, Some(ours.to_string()), "{} {}", unit.path, decider.input);
        *known += 1;
    }
}

#[test]
fn what_terraform_passes_to_the_runner_is_what_the_evaluator_says() {
    let Some(toolbox) = Toolbox::get() else { return };
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for fixture in fs::read_dir(fixtures).expect("a folder").flatten().map(|entry| entry.path()) {
        let name = fixture.file_name().expect("it has a name").to_string_lossy().into_owned();
        if !name.starts_with("standalone-") {
            continue;
        }
        let copied = Copied::of(&fixture);
        let repo = Repository::open(copied.root()).expect("it opens");
        copied.make_plannable();
        for engine in std::iter::once(&toolbox.tofu).chain(&toolbox.terraform) {
            for unit in repo.units.iter().filter(|unit| unit.needs_tofu.is_none() || *engine == toolbox.tofu) {
                let given = given(engine, &unit.path.in_root(copied.root()));
                let deciders = unit.images.values().flatten().flat_map(|uses| &uses.deciders);
                let n_known = known.entry(name.clone()).or_default();
                deciders.chain(&unit.others).for_each(|decider| compare(unit, decider, &given, n_known));
            }
        }
    }
    assert!(known.len() >= 7, "{known:?}");
    assert!(known.values().all(|n| *n > 0), "{known:?}");
}
