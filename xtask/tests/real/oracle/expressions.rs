//! Expressions, many in the inputs of one unit, each laid beside what terragrunt makes of it.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::ours::{self, Ours, Verdict};
use super::render::{git_init, render};
use crate::real::toolbox::Toolbox;

/// The variables that both are given.
const VARS: [(&str, &str); 2] = [("RELEASE", "v0.52.1"), ("EMPTY", "")];

/// Files of a repository, and the text of its one unit in front of its inputs.
#[derive(Clone, Debug)]
pub(super) struct World {
    /// Files by their path below the root.
    pub(super) files: Vec<(String, String)>,
    /// What stands in the unit's file in front of `inputs`.
    pub(super) head: String,
}

/// What stands in the place of an expression that fails, since one failure would spoil all.
const FAILS: &str = "it fails";

/// The unit's folder.
const UNIT: &str = "dev/us-east-1/unit";

impl World {
    /// What becomes of each expression, in their order.
    pub(super) fn verdicts(&self, tools: &Toolbox, expressions: &[String]) -> Vec<Verdict> {
        let laid = Laid::out(self, expressions);
        let rendered = render(tools, &laid.unit, &VARS);
        if rendered.config.is_none() && expressions.len() > 1 {
            // Some failures spoil all: which one is it?
            let (first, second) = expressions.split_at(expressions.len() / 2);
            return [self.verdicts(tools, first), self.verdicts(tools, second)].concat();
        }
        let ours = ours::inputs(laid.root(), &laid.unit, &VARS);
        let verdict = |(n, lines): (usize, &std::ops::Range<usize>)| {
            let name = format!("x{n}");
            let fails = lines.clone().any(|line| rendered.wrong_lines.contains(&line));
            let config = rendered.config.as_ref().filter(|_| !fails);
            let theirs = config.and_then(|config| config["inputs"].get(&name)).filter(|it| it.as_str() != Some(FAILS));
            match &ours {
                Ok(inputs) => match inputs.get(&name) {
                    Some(Ours::Text(text)) if text == FAILS => Ours::Fault.beside(theirs),
                    Some(ours) => ours.beside(theirs),
                    None => Verdict::Different("we lost it".to_owned()),
                },
                Err(_) if theirs.is_none() => Verdict::BothFail,
                Err(fault) => Verdict::Different(format!("terragrunt says {theirs:?}, and we fail: {fault}")),
            }
        };
        laid.lines.iter().enumerate().map(verdict).collect()
    }
}

struct Laid {
    dir: TempDir,
    unit: PathBuf,
    /// The lines of each expression, from 1.
    lines: Vec<std::ops::Range<usize>>,
}

impl Laid {
    fn out(world: &World, expressions: &[String]) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        git_init(dir.path());
        let mut text = format!("{}\ninputs = {{\n", world.head);
        let mut lines = Vec::new();
        for (n, expression) in expressions.iter().enumerate() {
            let first = 1 + text.matches('\n').count();
            // A heredoc ends with its line.
            let end = if expression.contains("<<") { "\n" } else { "" };
            text.push_str(&format!("  x{n} = try({expression}{end}, \"{FAILS}\")\n"));
            lines.push(first..1 + text.matches('\n').count());
        }
        text.push_str("}\n");
        let write = |path: &Path, text: &str| {
            fs::create_dir_all(path.parent().expect("it has a folder")).expect("folders");
            fs::write(path, text).expect("a file");
        };
        let unit = dir.path().join(UNIT);
        write(&unit.join("terragrunt.hcl"), &text);
        world.files.iter().for_each(|(name, text)| write(&dir.path().join(name), text));
        Self { dir, unit, lines }
    }

    fn root(&self) -> &Path {
        self.dir.path()
    }
}

/// Expressions by hand; see `expressions.hcl` for what is around them.
fn by_hand() -> (World, Vec<String>) {
    let text = include_str!("expressions.hcl");
    let (head, expressions) = text.split_once("inputs = {\n").expect("it has inputs");
    let mut all: Vec<String> = Vec::new();
    let mut ends_with: Option<String> = None;
    for line in expressions.lines().take_while(|line| *line != "}") {
        if let Some(end) = &ends_with {
            let last = all.last_mut().expect("a heredoc begins somewhere");
            last.push_str(&format!("\n{line}"));
            if line.trim() == end {
                ends_with = None;
            }
            continue;
        }
        let expression = line.trim();
        if expression.is_empty() || expression.starts_with('#') {
            continue;
        }
        ends_with = expression.contains("<<").then(|| "EOT".to_owned());
        all.push(expression.to_owned());
    }
    let files = [
        ("root.hcl", include_str!("root.hcl")),
        ("common.hcl", include_str!("common.hcl")),
        ("data.json", "{\"a\": [1, 2.5, \"x\"], \"b\": null, \"\\u00e9\": true}"),
        ("data.yml", "a: [1, yes, x]\nb: ~\nc:\n  d: v1.2\n  e: 1.10\n"),
        ("bom.json", "\u{feff}{}"),
        ("list.tftpl", "%{ for name in names ~}\n- ${name}\n%{ endfor ~}\n%{ if loud }!%{ else }.%{ endif }\n"),
        ("value.tftpl", "${names}"),
    ];
    let files = files.map(|(name, text)| (name.to_owned(), text.to_owned())).to_vec();
    (World { files, head: head.to_owned() }, all)
}

#[test]
fn expressions_written_by_hand_are_worth_what_terragrunt_says() {
    let Some(tools) = Toolbox::get() else { return };
    let (world, expressions) = by_hand();
    let mut report = Report::default();
    for chunk in expressions.chunks(100) {
        report.take(chunk, &world.verdicts(tools, chunk));
    }
    report.check();
    assert!(report.equal > 350, "{report:#?}");
}

/// What has become of many expressions.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) equal: usize,
    pub(super) both_fail: usize,
    pub(super) unknown: Vec<String>,
    pub(super) different: Vec<String>,
}

impl Report {
    pub(super) fn take(&mut self, expressions: &[String], verdicts: &[Verdict]) {
        for (expression, verdict) in expressions.iter().zip(verdicts) {
            match verdict {
                Verdict::Equal => self.equal += 1,
                Verdict::BothFail => self.both_fail += 1,
                Verdict::Unknown(reason) => self.unknown.push(format!("{expression}: {reason}")),
                Verdict::Different(how) => self.different.push(format!("{expression}: {how}")),
            }
        }
    }

    pub(super) fn check(&self) {
        assert!(self.different.is_empty(), "{self:#?}");
    }
}
