//! What files do to each other: includes and how they are merged, cycles, limits, and what `try` catches.

use super::evaluator::{U, outcome};

#[test]
fn includes_are_merged_by_their_strategy() {
    let merged = |strategy: &str, x: &str, own: &str| {
        let root = ("root.hcl", "inputs = {\n  x = { a = 1, l = [1], n = null, d = { p = 1 } }\n  y = 1\n}\n");
        let unit = format!(
            "include {{\n  path = find_in_parent_folders(\"root.hcl\")\n  {strategy}\n}}\nlocals {{ v = {x} }}\ninputs = {{ {own} }}\n"
        );
        outcome(&[root], &unit)
    };
    let own = "x = { b = 2, l = [2], n = [3], d = { q = null } }";
    assert_eq!(merged("", "1", own), "{b=2, d={q=null}, l=[2], n=[3]}");
    assert_eq!(merged("merge_strategy = \"deep\"", "1", own), "{a=1, b=2, d={p=1, q=null}, l=[1, 2], n=[3]}");
    assert_eq!(merged("merge_strategy = \"deep\"", "1", "x = null"), "null");
    assert_eq!(merged("merge_strategy = \"deep\"", "1", "x = get_env(\"U\")"), U);
    assert_eq!(merged("", "1", ""), "{a=1, d={p=1}, l=[1], n=null}");
    assert_eq!(merged("merge_strategy = \"no_merge\"", "1", ""), "!there is no attribute `x` in this map");
    assert_eq!(merged("merge_strategy = \"odd\"", "1", ""), "!`merge_strategy` must be no_merge, shallow or deep");
}

#[test]
fn the_last_of_several_includes_wins_and_the_file_itself_over_all() {
    let one = ("one.hcl", "inputs = { x = 1, y = 1, z = 1 }");
    let two = ("two.hcl", "inputs = { x = 2, y = 2 }");
    let unit = |own: &str| {
        let include =
            |name: &str| format!("include \"{name}\" {{\n  path = find_in_parent_folders(\"{name}.hcl\")\n}}\n");
        outcome(&[one, two], &format!("{}{}inputs = {{ {own} }}\n", include("one"), include("two")))
    };
    assert_eq!(unit("x = 3"), "3");
    assert_eq!(unit(""), "2");
}

#[test]
fn an_include_in_an_included_file_is_a_fault() {
    let root = ("root.hcl", "include {\n  path = \"x\"\n}\n");
    let text = outcome(&[root], "include {\n  path = find_in_parent_folders(\"root.hcl\")\n}\n");
    assert_eq!(text, "!an included file cannot include another one: terragrunt knows one level");
}

#[test]
fn cycles_are_faults_and_never_hang() {
    let local = |locals: &str| outcome(&[], &format!("locals {{\n{locals}\n}}\ninputs = {{ x = local.a }}\n"));
    assert_eq!(local("a = local.a"), "!the local `a` refers to itself");
    assert_eq!(local("a = local.b\nb = try(local.a, 1)"), "!the local `a` refers to itself");
    let other =
        ("dev/other.hcl", "locals {\n  b = read_terragrunt_config(\"us-east-1/unit/terragrunt.hcl\").locals.a\n}\n");
    let unit = "locals {\n  a = read_terragrunt_config(\"../../other.hcl\").locals.b\n}\ninputs = { x = local.a }\n";
    assert_eq!(outcome(&[other], unit), "!the local `a` refers to itself");
    assert_eq!(
        outcome(&[], "include \"a\" {\n  path = include.a.locals.x\n}\n"),
        "!what `dev/us-east-1/unit/terragrunt.hcl` includes depends on itself"
    );
}

#[test]
fn deep_and_long_work_ends_with_a_fault() {
    let chain: String = (0..20_000).map(|n| format!("  l{n} = local.l{}\n", n + 1)).collect();
    let deep = outcome(&[], &format!("locals {{\n{chain}  l20000 = 1\n}}\ninputs = {{ x = local.l0 }}\n"));
    assert_eq!(deep, "!references are nested more than 4000 deep");
    let doubling: String = (0..60).map(|n| format!("  l{} = \"${{local.l{n}}}${{local.l{n}}}\"\n", n + 1)).collect();
    let long = outcome(&[], &format!("locals {{\n  l0 = \"ab\"\n{doubling}}}\ninputs = {{ x = local.l60 }}\n"));
    assert_eq!(long, "?the string becomes longer than any real one");
    let lists: String = (0..60).map(|n| format!("  l{} = concat(local.l{n}, local.l{n})\n", n + 1)).collect();
    let long = outcome(&[], &format!("locals {{\n  l0 = [1]\n{lists}}}\ninputs = {{ x = length(local.l60) }}\n"));
    assert_eq!(long, "!working this out takes more steps than any real configuration needs");
}

#[test]
fn what_breaks_another_file_is_caught_by_try_only_where_it_is_read() {
    let broken = ("dev/broken.hcl", "locals {\n  good = 1\n  bad = local.missing\n}\n");
    let read = "read_terragrunt_config(\"../../broken.hcl\").locals.good";
    assert_eq!(outcome(&[broken], &format!("inputs = {{ x = try({read}, \"d\") }}\n")), "\"d\"");
    let unit = "locals {\n  a = local.missing\n}\ninputs = { x = try(local.a, \"d\") }\n";
    assert_eq!(outcome(&[], unit), "!there is no local `missing` in `dev/us-east-1/unit/terragrunt.hcl`");
}

#[test]
fn paths_in_an_included_file_start_there_for_functions_of_terraform_and_at_the_unit_for_those_of_terragrunt() {
    let x = |expression: &str| {
        let included = format!("inputs = {{\n  x = {expression}\n}}\n");
        let files = [
            ("lib/root.hcl", &*included),
            ("lib/t.txt", "lib"),
            ("lib/only.txt", ""),
            ("lib/t.hcl", "locals {\n  t = \"lib\"\n}\n"),
            ("dev/us-east-1/unit/t.txt", "unit"),
            ("dev/us-east-1/unit/t.hcl", "locals {\n  t = \"unit\"\n}\n"),
        ];
        outcome(&files, "include {\n  path = \"../../../lib/root.hcl\"\n}\n")
    };
    assert_eq!(x("file(\"t.txt\")"), "\"lib\"");
    assert_eq!(x("templatefile(\"t.txt\", {})"), "\"lib\"");
    assert_eq!(x("fileexists(\"only.txt\")"), "true");
    assert_eq!(x("read_terragrunt_config(\"t.hcl\").locals.t"), "\"unit\"");
    assert_eq!(x("file(\"${get_terragrunt_dir()}/t.txt\")"), "\"unit\"");
}
