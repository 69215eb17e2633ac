//! Configurations that are made up: files that include and read each other, locals that refer to each other, and some
//! hundred expressions in the inputs of each unit. Whatever terragrunt and we don't agree on is made as small as it can be.
//!
//! `XTASK_ORACLE_SEED` and `XTASK_ORACLE_COUNT` make other expressions, and more of them.

use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::expressions::{MERGED, Report, World};
use super::ours::Verdict;
use super::tape::{Names, Tape};
use crate::real::toolbox::Toolbox;

/// How deep expressions are nested.
const DEPTH: usize = 3;
/// How many expressions share a world, and with it a call of terragrunt.
const IN_A_WORLD: usize = 100;
/// How many disagreements are made small before the rest is only counted.
const MOST_SHOWN: usize = 6;

fn from_environment(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().expect("it is a number"))
}

/// Locals that refer to each other, with the names by which they may be used. One that fails would spoil its whole file.
fn locals(tape: &mut Tape<'_>, prefix: &str) -> (String, Names) {
    let mut text = String::from("locals {\n");
    let mut all = Names::default();
    let mut add = |kind: &str, n: usize, expression: &str, otherwise: &str| {
        let end = if expression.contains("<<") { "\n" } else { "" };
        text.push_str(&format!("  {kind}{n} = try({expression}{end}, {otherwise})\n"));
        format!("local.{kind}{n}")
    };
    for n in 0..3 {
        let made = tape.text(2);
        tape.names.text.push(add("t", n, &made, "\"a\""));
        let made = tape.list(2);
        tape.names.list.push(add("l", n, &made, "[]"));
        let made = tape.map(2);
        tape.names.map.push(add("m", n, &made, "{}"));
    }
    let made = tape.number(2);
    tape.names.number.push(add("n", 0, &made, "1"));
    let made = tape.flag(2);
    tape.names.flag.push(add("f", 0, &made, "true"));
    let made = tape.any(2);
    tape.names.any.push(add("a", 0, &made, "null"));
    text.push_str("}\n");
    let outside = |names: &[String]| names.iter().map(|name| name.replace("local.", prefix)).collect::<Vec<_>>();
    all.text = outside(&tape.names.text);
    all.list = outside(&tape.names.list);
    all.map = outside(&tape.names.map);
    all.number = outside(&tape.names.number);
    all.flag = outside(&tape.names.flag);
    all.any = outside(&tape.names.any);
    (text, all)
}

/// Inputs that files which are merged share: maps, lists and strings in each other.
fn shared_inputs(tape: &mut Tape<'_>, depth: usize) -> String {
    let mut entries = String::new();
    for name in ["y0", "y1", "y2"] {
        if tape.below(3) > 0 {
            entries.push_str(&format!("{name} = {}\n", shared_input(tape, depth, name)));
        }
    }
    entries
}

fn shared_input(tape: &mut Tape<'_>, depth: usize, name: &str) -> String {
    match (name, tape.below(4)) {
        (_, 0) if depth > 0 => "null".to_owned(),
        ("y0", _) if depth > 0 => format!("{{\n{}}}", shared_inputs(tape, depth - 1)),
        ("y1", at) => ["[]", "[\"a\"]", "[\"b\", \"c\"]", "[{ k = 1 }]"][at].to_owned(),
        (_, at) => ["\"x\"", "\"y\"", "1", "true"][at].to_owned(),
    }
}

/// Files that include and read each other.
fn world(bytes: &[u8]) -> (World, Names) {
    let mut tape = Tape::new(bytes, Names::default());
    let (common, mut names) = locals(&mut tape, "local.common.locals.");
    tape.names = Names::default();
    let (root, of_root) = locals(&mut tape, "include.root.locals.");
    let root = format!("{root}inputs = {{\n{}}}\n", shared_inputs(&mut tape, 2));
    tape.names = Names::default();
    let (envcommon, _) = locals(&mut tape, "");
    let envcommon = format!("{envcommon}inputs = {{\n{}}}\n", shared_inputs(&mut tape, 2));
    let strategy = |tape: &mut Tape<'_>| {
        ["", "  merge_strategy = \"deep\"\n", "  merge_strategy = \"no_merge\"\n", "  merge_strategy = \"shallow\"\n"]
            [tape.below(4)]
    };
    let mut head = String::new();
    if tape.below(4) > 0 {
        let strategy = strategy(&mut tape);
        head += &format!(
            "include \"root\" {{\n  path = find_in_parent_folders(\"root.hcl\")\n  expose = true\n{strategy}}}\n"
        );
        for (ours, theirs) in
            [(&mut names.text, of_root.text), (&mut names.list, of_root.list), (&mut names.map, of_root.map)]
        {
            ours.extend(theirs);
        }
    }
    if tape.below(2) > 0 {
        let strategy = strategy(&mut tape);
        let path = "${dirname(find_in_parent_folders(\"common.hcl\"))}/envcommon.hcl";
        head += &format!("include \"env\" {{\n  path = \"{path}\"\n{strategy}}}\n");
    }
    let common_first = "locals {\n  common = read_terragrunt_config(find_in_parent_folders(\"common.hcl\"))\n";
    tape.names = names;
    let (own, _) = locals(&mut tape, "");
    head += &own.replacen("locals {\n", common_first, 1);
    let inputs = shared_inputs(&mut tape, 2);
    let files = [("common.hcl", common), ("root.hcl", root), ("envcommon.hcl", envcommon)];
    let files = files.map(|(name, text)| (name.to_owned(), text)).to_vec();
    (World { files, head, inputs }, tape.names)
}

#[test]
fn made_up_configurations_are_worth_what_terragrunt_says() {
    let Some(tools) = Toolbox::get() else { return };
    let seed = from_environment("XTASK_ORACLE_SEED", 1);
    let n_worlds = from_environment("XTASK_ORACLE_COUNT", 3000).div_ceil(IN_A_WORLD as u64);
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config { failure_persistence: None, ..Config::default() }, rng);
    let (worlds, tapes) = (vec(any::<u8>(), 0..1500), vec(any::<u8>(), 1..60));
    let mut report = Report::default();
    for _ in 0..n_worlds {
        let (world, names) = world(&worlds.new_tree(&mut runner).expect("a world").current());
        let trees: Vec<_> = (0..IN_A_WORLD).map(|_| tapes.new_tree(&mut runner).expect("a tape")).collect();
        let text = |tape: &[u8]| Tape::new(tape, names.clone()).any(DEPTH);
        let expressions: Vec<_> = trees.iter().map(|tree| text(&tree.current())).collect();
        let mut verdicts = world.verdicts(tools, &expressions);
        let merged = verdicts.split_off(IN_A_WORLD);
        for ((tree, expression), verdict) in trees.into_iter().zip(expressions).zip(verdicts) {
            let is_new = matches!(verdict, Verdict::Different(_)) && report.different.len() < MOST_SHOWN;
            if is_new {
                let small = smallest(tree, |tape| {
                    let expression = text(tape);
                    let verdict = world.verdicts(tools, std::slice::from_ref(&expression)).swap_remove(0);
                    matches!(verdict, Verdict::Different(_)).then_some((expression, verdict))
                });
                let (expression, verdict) = small.unwrap_or((expression, verdict));
                let around = if expression.contains("local.") || expression.contains("include.") {
                    world.text()
                } else {
                    String::new()
                };
                report.take(&[expression], &[verdict]);
                report.around(&around);
            } else {
                report.take(&[expression], &[verdict]);
            }
        }
        let n_before = report.different.len();
        report.take(&MERGED.map(str::to_owned), &merged);
        if report.different.len() > n_before {
            report.around(&world.text());
        }
    }
    report.check();
    let n_all = report.equal + report.both_fail + report.unknown.len();
    let share = (report.equal + report.both_fail) * 100 / n_all;
    assert!(share >= 70, "{share} percent are known: {:#?}", report.reasons());
}

/// Makes a tape as small as it can be while it still shows what it showed.
fn smallest<T>(mut tree: impl ValueTree<Value = Vec<u8>>, shows: impl Fn(&[u8]) -> Option<T>) -> Option<T> {
    const TRIES: usize = 25;
    let mut best = None;
    let mut can_go_on = tree.simplify();
    for _ in 0..TRIES {
        if !can_go_on {
            break;
        }
        can_go_on = match shows(&tree.current()) {
            Some(shown) => {
                best = Some(shown);
                tree.simplify()
            }
            None => tree.complicate(),
        };
    }
    best
}
