//! Every unit of every fixture, rendered.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use xtask::repo::{Environment, Repository};

use super::answer::Tally;
use super::render::{generate_stack, git_init, mock_dependencies, render};
use crate::real::standalone::Copied;
use crate::real::toolbox::Toolbox;

/// The fixtures that terragrunt reads.
pub(super) fn names() -> Vec<String> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let entries = fs::read_dir(fixtures).expect("a folder").flatten().filter(|entry| entry.path().is_dir());
    let mut names: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| !name.starts_with("standalone-") && !name.starts_with("given"));
    names.sort();
    names
}

#[test]
fn what_terragrunt_renders_of_every_unit_of_every_fixture_is_what_we_say() {
    let Some(tools) = Toolbox::get() else { return };
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    for name in names() {
        let copied = Copied::of(&fixtures.join(&name));
        let repo = Repository::open_in(copied.root(), &|_| Environment::of(BTreeMap::new())).expect("it opens");
        git_init(copied.root());
        mock_dependencies(copied.root());
        repo.units.iter().filter_map(|unit| unit.stack.as_deref()).for_each(|stack| generate_stack(tools, stack));
        let tally = tallies.entry(name.clone()).or_default();
        for unit in &repo.units {
            let rendered = render(tools, &unit.path.in_root(&repo.root), &[]);
            match &rendered.config {
                Some(config) if rendered.wrong_lines.is_empty() => tally.unit(unit, config),
                _ => {
                    let complains = repo.all_problems().next().is_some() || !repo.complaints(unit).is_empty();
                    assert!(complains, "{}\n{name} {}: terragrunt fails and we are content", rendered.told, unit.path);
                }
            }
        }
    }
    let reasons: Vec<_> = tallies.values().flat_map(|tally| tally.unknown.keys()).collect();
    assert!(reasons.iter().all(|reason| reason.ends_with("is an output of another unit")), "{reasons:#?}");
    let different: Vec<_> = tallies.values().flat_map(|tally| &tally.different).collect();
    assert!(different.is_empty(), "{different:#?}");
    assert!(tallies.len() >= 16 && tallies.values().all(|tally| tally.equal > 0), "{tallies:#?}");
}
