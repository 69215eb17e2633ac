//! After a change of tags terragrunt, Terraform and OpenTofu themselves give the new tag to every unit of every fixture.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use xtask::model::{ImageName, Tag};
use xtask::repo::{Bump, Environment, Repository, Request, Unit, plan_bump};

use super::answer::Tally;
use super::fixtures::names;
use super::render::{generate_stack, git_init, mock_dependencies, render};
use crate::real::standalone::{Copied, compare, given};
use crate::real::toolbox::Toolbox;

/// Units that terragrunt can't render without what only a run has.
const NOT_RENDERED: [&str; 0] = [];

/// Both images may lie in one ECR repository, where their tags must differ.
fn new(image: ImageName) -> Tag {
    format!("{image}-v9").parse().expect("a tag")
}

fn open(root: &Path) -> Repository {
    Repository::open_in(root, &|_| Environment::of(BTreeMap::new())).expect("it opens")
}

/// Moves all tags that can be moved, and reads the repository again.
pub(super) fn moved(name: &str, root: &Path) -> (Bump, Repository) {
    let repo = open(root);
    let wanted: BTreeMap<_, _> = ImageName::ALL.map(|image| (image, new(image))).into();
    let request = Request { old_module: true, partial: true, ..Request::for_all(&repo, wanted) };
    let bump = plan_bump(&repo, &request).unwrap_or_else(|failures| panic!("{name}: {failures:?}"));
    for edit in &bump.edits {
        fs::write(&edit.path, &edit.after).expect("it is written");
    }
    (bump, open(root))
}

/// How many images of the unit have their new tag; all do but those that are left out.
#[track_caller]
fn n_moved(name: &str, bump: &Bump, unit: &Unit) -> usize {
    let is_moved = |image: &ImageName| {
        let Some(uses) = unit.image(*image) else { return false };
        let is_left = bump.left.iter().any(|left| left.unit == unit.path && left.image == Some(*image));
        assert!(is_left || uses.tag.value() == Some(&new(*image)), "{name}: {} {image} {:?}", unit.path, uses.tag);
        !is_left
    };
    ImageName::ALL.iter().filter(|image| is_moved(image)).count()
}

#[test]
fn after_a_change_of_tags_terragrunt_renders_the_new_ones() {
    let Some(tools) = Toolbox::get() else { return };
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let (mut n, mut not_rendered) = (0, Vec::new());
    for name in names() {
        let copied = Copied::of(&fixtures.join(&name));
        git_init(copied.root());
        let (bump, after) = moved(&name, copied.root());
        mock_dependencies(copied.root());
        after.units.iter().filter_map(|unit| unit.stack.as_deref()).for_each(|stack| generate_stack(tools, stack));
        let mut tally = Tally::default();
        for unit in &after.units {
            let rendered = render(tools, &unit.path.in_root(&after.root), &[]);
            let Some(config) = rendered.config.filter(|_| rendered.wrong_lines.is_empty()) else {
                not_rendered.push(format!("{name} {}", unit.path));
                continue;
            };
            n += n_moved(&name, &bump, unit);
            tally.unit(unit, &config);
        }
        assert!(tally.different.is_empty(), "{name}: {:#?}", tally.different);
        assert!(tally.equal > 0, "{name}: terragrunt renders none of it");
    }
    assert_eq!(not_rendered, NOT_RENDERED);
    assert!(n >= 30, "{n}");
}

#[test]
fn after_a_change_of_tags_terraform_passes_the_new_ones_on() {
    let Some(tools) = Toolbox::get() else { return };
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let (mut n, mut n_known) = (0, 0);
    for entry in fs::read_dir(fixtures).expect("a folder").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        // In these nothing can be known, and nothing moves.
        if !name.starts_with("standalone-") || ["standalone-own-names", "standalone-unknown"].contains(&&*name) {
            continue;
        }
        let copied = Copied::of(&entry.path());
        let (bump, after) = moved(&name, copied.root());
        copied.make_plannable();
        for engine in std::iter::once(&tools.tofu).chain(&tools.terraform) {
            for unit in after.units.iter().filter(|unit| unit.needs_tofu.is_none() || *engine == tools.tofu) {
                n += n_moved(&name, &bump, unit);
                let given = given(engine, &unit.path.in_root(copied.root()));
                let deciders = unit.images.values().flatten().flat_map(|uses| &uses.deciders);
                deciders.for_each(|decider| compare(unit, decider, &given, &mut n_known));
            }
        }
    }
    assert!(n >= 7 && n_known >= 14, "{n} moved, {n_known} compared");
}
