//! The README's table of the shapes of repositories: what shows that each row is true.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::every_shape;

/// What shows that a row is true.
enum Shown {
    /// Fixtures, which `every_shape` takes through every command and the oracle compares with the real tools.
    By(&'static [&'static str]),
    /// Tests of this crate, by name, where no fixture can be made of it: links, what lies elsewhere, what can't be read.
    ByTests(&'static [&'static str]),
    /// Nothing: the row says what is not looked at.
    Limit,
}

use Shown::{By, ByTests, Limit};

const ROWS: [(&str, Shown); 25] = [
    (
        "units `ecs-deploy-runner` of terragrunt, with or without `_envcommon`",
        By(&[
            "accounts-yml",
            "container-images",
            "custom-images",
            "data-files",
            "drifted",
            "forked",
            "guide",
            "in-a-folder",
            "live-prefix",
            "one-repository",
            "override",
            "reference",
            "self-contained",
            "several-runners",
            "single-account",
            "steampipe",
            "surroundings",
            "two-roots",
            "windows",
        ]),
    ),
    ("`terraform.tfvars[.json]`, `*.auto.tfvars[.json]` beside a unit or in its local module", By(&["given"])),
    ("the same written by `generate`", By(&["given"])),
    ("`-var`, `-var-file`, `TF_VAR_*` in `extra_arguments` for `plan`", By(&["given"])),
    ("files of values in a module from elsewhere", Limit),
    ("a module of your own in between, on this disk", By(&["given-modules", "given-wrapper", "standalone-wrapper"])),
    ("the same from elsewhere", ByTests(&["what_takes_a_runners_tag_from_the_same_pin_is_named_with_its_module"])),
    ("`*.tf` beside a unit: over its module, or all that there is where it has no `source`", By(&["given-modules"])),
    ("the defaults of a module that takes the images, on this disk", By(&["given-modules"])),
    (
        "`*.tf` that a `generate` block writes, and that call a runner or override a part of the module",
        ByTests(&["what_generated_terraform_may_decide_is_unknown"]),
    ),
    ("any folder with `terraform_planner_config` or `terraform_applier_config`", By(&["given-wrapper"])),
    ("the four configurations of the guide, each with its own tag", By(&["four-configs"])),
    (
        "a root module of Terraform alone with a plain `provider \"aws\"` and no account id",
        By(&[
            "standalone-defaults",
            "standalone-images-map",
            "standalone-order",
            "standalone-plain",
            "standalone-tfvars",
            "standalone-tutorial",
            "standalone-unknown",
        ]),
    ),
    ("`container_images` from `ecs-deploy-runner-standard-configuration`", By(&["standalone-standard"])),
    ("`container_images` with keys and addresses of your own", By(&["standalone-own-names"])),
    ("a local or vendored copy of the runner's module", By(&["standalone-vendored"])),
    ("folders that are links, inside the repository", ByTests(&["links_are_followed_and_one_unit_is_there_once"])),
    (
        "`feature` defaults, `terragrunt.values.hcl` beside a unit, `read_tfvars_file`",
        By(&["features", "tfvars-file", "values"]),
    ),
    ("`get_env` with a default", By(&["get-env"])),
    ("a plain file that is read, such as `trimspace(file(\"VERSION\"))`", By(&["plain-file"])),
    ("a unit with `exclude` or `skip`", ByTests(&["excluded_unit_is_left_out_by_name_and_the_others_are_applied"])),
    (
        "units of a `terragrunt.stack.hcl` whose catalog is in the repository, nested stacks included",
        By(&["stacks", "stacks-unnamed"]),
    ),
    (
        "the same with a remote catalog, where its name or its values tell that it is a runner",
        ByTests(&["unit_of_a_remote_catalog_is_listed_and_unknown_and_left_out_with_the_line"]),
    ),
    (
        "a runner of a stack file with `include`, `autoinclude` or `expansion`",
        ByTests(&["parts_of_stack_files_that_are_not_worked_out_are_refused_by_name"]),
    ),
    ("`.tofu` files, in a unit of Terraform alone or its module on this disk", By(&["standalone-tofu"])),
];

/// The first cells of the table, as the README has them.
fn rows(readme: &str) -> Vec<&str> {
    let table = readme.split_once("| shape | read |").expect("the README has the table").1;
    let rows = table.lines().skip(2).take_while(|line| line.starts_with("| "));
    rows.map(|row| row[2..].split(" | ").next().unwrap_or_default()).collect()
}

#[test]
fn each_row_of_the_table_of_shapes_is_shown_to_be_true_and_each_fixture_shows_one() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("../README.md")).unwrap();
    assert_eq!(rows(&readme), ROWS.iter().map(|(row, _)| *row).collect::<Vec<_>>());
    let sources =
        ["src/repo/tests/found.rs", "src/repo/tests/given.rs", "src/repo/tests/newer.rs", "tests/standins/newer.rs"];
    let sources: String = sources.iter().map(|file| fs::read_to_string(root.join(file)).unwrap()).collect();
    let mut shown = BTreeSet::new();
    for (row, by) in &ROWS {
        match by {
            By(fixtures) => {
                assert!(!fixtures.is_empty(), "{row}");
                shown.extend(fixtures.iter().map(|name| (*name).to_owned()));
            }
            ByTests(tests) => {
                let is_there = |name: &&str| sources.contains(&format!("#[test]\nfn {name}() {{"));
                assert!(!tests.is_empty() && tests.iter().all(is_there), "{row}");
            }
            Limit => {}
        }
    }
    // `every_shape` runs all that lie there.
    assert_eq!(shown, every_shape::names().into_iter().collect());
}
