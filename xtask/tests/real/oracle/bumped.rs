//! After a change of tags terragrunt itself renders the new tag in every unit of every fixture.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use xtask::model::{ImageName, Tag};
use xtask::repo::{Environment, Repository, Request, plan_bump};

use super::answer::Tally;
use super::fixtures::names;
use super::render::{git_init, mock_dependencies, render};
use crate::real::standalone::Copied;
use crate::real::toolbox::Toolbox;

fn open(root: &Path) -> Repository {
    Repository::open_in(root, &|_| Environment::of(BTreeMap::new())).expect("it opens")
}

#[test]
fn after_a_change_of_tags_terragrunt_renders_the_new_ones() {
    let Some(tools) = Toolbox::get() else { return };
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    // Both images may lie in one ECR repository, where their tags must differ.
    let new = |image: ImageName| format!("{image}-v9").parse::<Tag>().expect("a tag");
    let mut n_moved = 0;
    for name in names() {
        let copied = Copied::of(&fixtures.join(&name));
        git_init(copied.root());
        let repo = open(copied.root());
        let wanted: BTreeMap<_, _> = ImageName::ALL.map(|image| (image, new(image))).into();
        let request = Request { old_module: true, partial: true, ..Request::for_all(&repo, wanted) };
        let bump = plan_bump(&repo, &request).unwrap_or_else(|failures| panic!("{name}: {failures:?}"));
        for edit in &bump.edits {
            fs::write(&edit.path, &edit.after).expect("it is written");
        }
        let after = open(copied.root());
        mock_dependencies(copied.root());
        let mut tally = Tally::default();
        for unit in &after.units {
            let rendered = render(tools, &unit.path.in_root(&after.root), &[]);
            let Some(config) = rendered.config.filter(|_| rendered.wrong_lines.is_empty()) else { continue };
            for image in ImageName::ALL.into_iter().filter(|image| unit.image(*image).is_some()) {
                let is_left = bump.left.iter().any(|left| left.unit == unit.path && left.image == image);
                let tag = unit.image(image).and_then(|uses| uses.tag.value());
                assert!(is_left || tag == Some(&new(image)), "{name}: {} {image} {tag:?}", unit.path);
                n_moved += usize::from(!is_left);
            }
            tally.unit(unit, &config);
        }
        assert!(tally.different.is_empty(), "{name}: {:#?}", tally.different);
        assert!(tally.equal > 0, "{name}: terragrunt renders none of it");
    }
    assert!(n_moved >= 30, "{n_moved}");
}
