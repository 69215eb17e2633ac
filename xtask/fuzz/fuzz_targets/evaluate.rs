//! Any bytes as a unit's configuration, or as the file that it includes and reads, have a meaning, or none for a reason.
#![no_main]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use hcl_resolve::{Environment, Evaluator, Files, Frame, stack};
use libfuzzer_sys::fuzz_target;

const UNIT: &str = "dev/us-east-1/unit/terragrunt.hcl";
const READS: &str = "include \"root\" {\n  path = find_in_parent_folders(\"common.hcl\")\n  expose = true\n  merge_strategy = \"deep\"\n}\nlocals {\n  c = read_terragrunt_config(find_in_parent_folders(\"common.hcl\"))\n}\ninputs = {\n  a = local.c\n  b = try(local.c.inputs, local.c.locals, 1)\n  d = jsonencode(local.c.locals)\n}\n";

/// A repository whose files are replaced in memory.
fn root() -> &'static PathBuf {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        let root = tempfile::tempdir().expect("a folder").keep();
        for file in [UNIT, "common.hcl", ".git/HEAD"] {
            let path = root.join(file);
            std::fs::create_dir_all(path.parent().expect("it has a folder")).expect("folders");
            std::fs::write(path, "").expect("a file");
        }
        root
    })
}

fn evaluated(unit: &[u8], common: &[u8]) {
    let path = root().join(UNIT);
    let overlay = BTreeMap::from([(path.clone(), Arc::from(unit)), (root().join("common.hcl"), Arc::from(common))]);
    let known = Environment::of(BTreeMap::from([("HOME".to_owned(), "/home/me".to_owned())]));
    let files = Files::new(root().clone()).in_environment(known).overlaid(overlay);
    stack::deep(|| {
        let evaluator = Evaluator::new(&files, path.clone());
        let Ok(frame) = Frame::read(&evaluator, &path) else { return };
        let names: Vec<_> = frame.source.body.blocks_named("locals").flat_map(|it| it.body.attributes.keys()).collect();
        for name in names {
            let _ = frame.local(&evaluator, name).map(|value| value.map(|value| evaluator.whole(&value)));
        }
        let _ = frame.inputs(&evaluator);
        let _ = frame.terraform_source(&evaluator);
    });
}

fuzz_target!(|bytes: &[u8]| {
    evaluated(bytes, b"locals {\n  tag = \"v1\"\n}\n");
    evaluated(READS.as_bytes(), bytes);
});
