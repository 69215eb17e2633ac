//! What terragrunt runs besides Terraform, as the configuration has it: hooks and `run_cmd`. Both run with the keys of the
//! unit's account.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::Repository;
use super::files::{Files, clean};
use super::hcl::frame::VALUES;
use super::hcl::syntax::{Block, Body, Expr, ExprKind, Key, Part, Step};
use super::hcl::{Evaluator, Frame, Kind, Span, Value, stack};
use super::unit::{AUTO_INCLUDE, Unit, UnitKind};
use super::walk::TERRAGRUNT;

const HOOKS: [&str; 3] = ["before_hook", "after_hook", "error_hook"];

/// What terragrunt calls in a unit whose outputs another one asks for.
const FOR_OUTPUTS: [&str; 5] = ["init", "init-from-module", "output", "state", "terragrunt-read-config"];

/// What each of these units may run: the commands in every file that terragrunt parses for it, which are its own, what it
/// includes and reads, and the same of each unit that it depends on. What can't be followed is among them in words.
pub fn of_units(repo: &Repository, units: &[&Unit]) -> Vec<Vec<String>> {
    let config = |unit: &Unit| unit.path.in_root(&repo.root).join(TERRAGRUNT);
    let configs: Vec<_> = units.iter().map(|it| (it.kind == UnitKind::Terragrunt).then(|| config(it))).collect();
    stack::deep(|| {
        let mut commands = Commands { files: &repo.files, known: HashMap::new() };
        configs.iter().map(|config| config.as_deref().map(|it| commands.of_unit(it)).unwrap_or_default()).collect()
    })
}

/// For what terragrunt parses a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Purpose {
    /// It is applied.
    Apply,
    /// Its outputs are asked for.
    Outputs,
    /// Its values are read: none of its hooks is run.
    Values,
}

/// What is in one unit and in the files that are parsed with it.
#[derive(Debug, Default)]
struct Found {
    commands: Vec<String>,
    depends_on: Vec<PathBuf>,
}

/// Each unit is gone through once for each purpose, however many depend on it.
struct Commands<'r> {
    files: &'r Files,
    known: HashMap<(PathBuf, Purpose), Rc<Found>>,
}

impl Commands<'_> {
    fn of_unit(&mut self, config: &Path) -> Vec<String> {
        let mut commands: Vec<String> = Vec::new();
        let mut wanted = vec![(config.to_owned(), Purpose::Apply)];
        let mut next = 0;
        while let Some((config, purpose)) = wanted.get(next).cloned() {
            next += 1;
            let found = self.found(config, purpose);
            commands.extend(found.commands.iter().cloned());
            for config in &found.depends_on {
                if !wanted.iter().any(|(known, _)| known == config) {
                    wanted.push((config.clone(), Purpose::Outputs));
                }
            }
        }
        let mut seen = BTreeSet::new();
        commands.retain(|command| seen.insert(command.clone()));
        commands
    }

    fn found(&mut self, config: PathBuf, purpose: Purpose) -> Rc<Found> {
        let files = self.files;
        let found = self.known.entry((config, purpose)).or_insert_with_key(|(config, purpose)| {
            let evaluator = Evaluator::new(files, config.clone());
            let mut walk = Walk { evaluator: &evaluator, seen: BTreeSet::new(), found: Found::default() };
            walk.file(config, *purpose);
            let folder = config.parent().unwrap_or(config);
            for beside in [VALUES, AUTO_INCLUDE].map(|name| folder.join(name)) {
                if files.exists(&beside) {
                    walk.file(&beside, *purpose);
                }
            }
            if let Some(origin) = files.origin(folder) {
                walk.file(&origin.block.stack, Purpose::Values);
            }
            Rc::new(walk.found)
        });
        found.clone()
    }
}

/// Goes through the files that are parsed for one unit.
struct Walk<'w> {
    evaluator: &'w Evaluator<'w>,
    /// The files, each seen from a configuration.
    seen: BTreeSet<(PathBuf, PathBuf, Purpose)>,
    found: Found,
}

impl Walk<'_> {
    fn file(&mut self, path: &Path, purpose: Purpose) {
        if path.extension().is_some_and(|ending| ending == "json") {
            let name = self.evaluator.files.name(path);
            return self.not_followed(
                "whatever this file runs",
                &name,
                "configuration written in JSON is not worked out",
            );
        }
        match Frame::read(self.evaluator, path) {
            Ok(frame) => self.frame(&frame, purpose),
            Err(fault) => self.not_followed("whatever this file runs", &self.evaluator.files.name(path), fault.what()),
        }
    }

    fn frame(&mut self, frame: &Rc<Frame>, purpose: Purpose) {
        let source = &frame.source;
        if !self.seen.insert((source.path.clone(), frame.config_path.clone(), purpose)) {
            return;
        }
        match frame.includes(self.evaluator) {
            Ok(includes) => {
                for include in includes.iter() {
                    match &include.frame {
                        Ok(included) => self.frame(included, purpose),
                        Err(reason) => self.not_followed("whatever its includes run", &source.name, reason),
                    }
                }
            }
            Err(fault) => self.not_followed("whatever its includes run", &source.name, fault.what()),
        }
        let hooks = source.body.blocks_named("terraform").flat_map(|block| &block.body.blocks);
        for hook in hooks.filter(|block| HOOKS.contains(&block.kind.as_str()) && may_run(block, purpose)) {
            let name = hook.labels.first().map_or("", String::as_str);
            let command = hook.body.attributes.get("execute").map(|it| format!(" `{}`", excerpt(frame, &it.value)));
            let place = source.place(hook.span.start);
            self.found.commands.push(format!("{} \"{name}\"{}, {place}", hook.kind, command.unwrap_or_default()));
        }
        let mut read = Vec::new();
        in_body(&source.body, &mut |name, call, arguments| match name {
            "run_cmd" => {
                let place = source.place(call.span.start);
                self.found.commands.push(format!("`{}`, {place}", excerpt(frame, call)));
            }
            "read_terragrunt_config" => read.extend(arguments.first()),
            _ => {}
        });
        for path in read {
            self.each_path(frame, path, &mut |walk, path| {
                // A file that is missing has a default in its place, or terragrunt stops.
                if walk.evaluator.files.exists(&path) {
                    walk.file(&walk.config_at(path), Purpose::Values);
                }
            });
        }
        let dependency = source.body.blocks_named("dependency").filter_map(|it| it.body.attributes.get("config_path"));
        let dependencies = source.body.blocks_named("dependencies").filter_map(|it| it.body.attributes.get("paths"));
        for paths in dependency.chain(dependencies) {
            self.each_path(frame, &paths.value, &mut |walk, path| {
                let config = walk.config_at(path);
                walk.found.depends_on.push(config);
            });
        }
    }

    fn config_at(&self, path: PathBuf) -> PathBuf {
        if self.evaluator.files.is_file(&path) { path } else { path.join(TERRAGRUNT) }
    }

    /// Each path that an expression gives: one, or a list.
    fn each_path(&mut self, frame: &Rc<Frame>, expr: &Expr, then: &mut dyn FnMut(&mut Self, PathBuf)) {
        let value = self.evaluator.value(expr, frame).and_then(|value| self.evaluator.whole(&value));
        let paths = value.map_err(|fault| fault.what().to_owned()).and_then(|value| match &value.kind {
            Kind::List(values) | Kind::Set(values) => values.iter().map(text).collect(),
            _ => Ok(vec![text(&value)?]),
        });
        match paths {
            Ok(paths) => {
                paths.iter().for_each(|path| then(self, clean(&frame.dir().join(path))));
            }
            Err(reason) => {
                let place = frame.source.place(expr.span.start);
                self.not_followed(
                    &format!("whatever runs in what `{}` names", excerpt(frame, expr)),
                    &place.to_string(),
                    &reason,
                );
            }
        }
    }

    fn not_followed(&mut self, what: &str, place: &str, reason: &str) {
        self.found.commands.push(format!("{what}, {place}, which can't be followed: {reason}"));
    }
}

fn text(value: &Value) -> Result<String, String> {
    let reason = || value.unknown_reason().map_or_else(|| "it is no text".to_owned(), ToString::to_string);
    value.as_str().map(str::to_owned).ok_or_else(reason)
}

fn excerpt(frame: &Frame, expr: &Expr) -> String {
    Span { source: frame.source.clone(), range: expr.span.clone() }.excerpt()
}

/// Whether a hook may run where the file is parsed for this. Commands that are not written out may be any.
fn may_run(hook: &Block, purpose: Purpose) -> bool {
    let commands = hook.body.attributes.get("commands").map(|attribute| &attribute.value.kind);
    match (purpose, commands) {
        (Purpose::Apply, _) => true,
        (Purpose::Values, _) => false,
        (Purpose::Outputs, Some(ExprKind::List(commands))) => commands.iter().any(|command| match &command.kind {
            ExprKind::String(name) => FOR_OUTPUTS.contains(&&**name),
            _ => true,
        }),
        (Purpose::Outputs, _) => true,
    }
}

/// Calls `told` for each call of a function, with its name and arguments.
fn in_body<'b>(body: &'b Body, told: &mut dyn FnMut(&str, &'b Expr, &'b [Expr])) {
    body.attributes.values().for_each(|attribute| in_expr(&attribute.value, told));
    body.blocks.iter().for_each(|block| in_body(&block.body, told));
}

fn in_expr<'b>(expr: &'b Expr, told: &mut dyn FnMut(&str, &'b Expr, &'b [Expr])) {
    let mut all = |exprs: &'b [Expr]| exprs.iter().for_each(|expr| in_expr(expr, told));
    match &expr.kind {
        ExprKind::Null
        | ExprKind::Bool(_)
        | ExprKind::Number(_)
        | ExprKind::String(_)
        | ExprKind::Variable(_)
        | ExprKind::Unsupported(_) => {}
        ExprKind::List(items) => all(items),
        ExprKind::Conditional(parts) => all(&parts[..]),
        ExprKind::Binary(_, parts) => all(&parts[..]),
        ExprKind::Parens(inner) | ExprKind::Unary(_, inner) => in_expr(inner, told),
        ExprKind::Object(items) => items.iter().for_each(|item| {
            if let Key::Expr(key) = &item.key {
                in_expr(key, told);
            }
            in_expr(&item.value, told);
        }),
        ExprKind::Template(parts) => parts.iter().for_each(|part| match part {
            Part::Text(_) => {}
            Part::Expr(expr) | Part::Join(expr) => in_expr(expr, told),
        }),
        ExprKind::Traversal(root, steps) => {
            in_expr(root, told);
            steps.iter().for_each(|step| {
                if let Step::Index(index) = step {
                    in_expr(index, told);
                }
            });
        }
        ExprKind::Call(call) => {
            told(&call.name, expr, &call.arguments);
            call.arguments.iter().for_each(|argument| in_expr(argument, told));
        }
        ExprKind::For(it) => {
            let parts = [Some(&it.collection), it.key.as_ref(), Some(&it.value), it.condition.as_ref()];
            parts.into_iter().flatten().for_each(|part| in_expr(part, told));
        }
    }
}
