//! What a trouble is about, by its name in the log: the dependency, the file, the bucket, the repository.

use super::Cause;

/// The words between which a name stands, for one cause. The first pair that is there counts.
const NAMES: [(Cause, &str, &str); 32] = [
    (Cause::DiskFull, "write ", ": no space left on device"),
    (Cause::DiskFull, "mkdir ", ": no space left on device"),
    (Cause::DiskFull, "open ", ": no space left on device"),
    (Cause::DiskFull, "file '", "': No space left on device"),
    (Cause::Unwritable, "mkdir ", ": read-only file system"),
    (Cause::Unwritable, "open ", ": read-only file system"),
    (Cause::Unwritable, "listen unix ", ": bind: read-only file system"),
    (Cause::Unwritable, "work tree dir '", "': Read-only file system"),
    (Cause::Unwritable, "mkdir ", ": permission denied"),
    (Cause::Unwritable, "open ", ": permission denied"),
    (Cause::Unwritable, "work tree dir '", "': Permission denied"),
    (Cause::NoBackend, "Remote state S3 bucket ", " does not exist"),
    (Cause::NoBackend, "S3 bucket \"", "\" does not exist"),
    (Cause::GitAccess, "fatal: repository '", "' not found"),
    (Cause::GitAccess, "could not read Username for '", "'"),
    (Cause::GitAccess, "source code from \"", "\""),
    (Cause::GitAccess, "source url ", " "),
    (Cause::ProviderHash, "the local package for ", " "),
    (Cause::ProviderHash, "the cached package for ", " "),
    (Cause::Registry, "for provider ", ":"),
    (Cause::Registry, "Error while installing ", ":"),
    (Cause::Network, "lookup ", ": no such host"),
    (Cause::Network, "dial tcp ", ":"),
    (Cause::NoNetwork, "lookup ", ": no such host"),
    (Cause::NoNetwork, "dial tcp ", ":"),
    (Cause::WrongToken, "fatal: repository '", "' not found"),
    (Cause::WrongToken, "could not read Username for '", "'"),
    (Cause::WrongToken, "Authentication failed for '", "'"),
    (Cause::PushDenied, "is not authorized to perform: ", " "),
    (Cause::TagImmutable, "image tag '", "'"),
    (Cause::NoInvoker, "Function not found: ", " "),
    (Cause::Denied, "is not authorized to perform: ", " "),
];

/// The name of what it is about, if the log tells it.
pub(super) fn subject(cause: Cause, plain: &str) -> Option<String> {
    match cause {
        Cause::DependencyNotApplied => dependency(plain),
        Cause::RemovedAttribute => attribute(plain),
        _ => NAMES.iter().filter(|(of, ..)| *of == cause).find_map(|(_, before, after)| between(plain, before, after)),
    }
}

/// A word, or a path, between two others; nothing where that would be half a sentence.
fn between(plain: &str, before: &str, after: &str) -> Option<String> {
    let mut rest = plain;
    while let Some((_, following)) = rest.split_once(before) {
        let name = match following.split_once(after) {
            Some((name, _)) => name,
            None if after == " " => following,
            None => "",
        };
        if !name.is_empty() && !name.contains(char::is_whitespace) {
            return Some(name.trim_end_matches(['.', ',']).to_owned());
        }
        rest = following;
    }
    None
}

/// The unit that has not been applied, as terragrunt tells it.
fn dependency(plain: &str) -> Option<String> {
    let (before, _) = plain.split_once(" is a dependency of ")?;
    Some(before.split_whitespace().next_back()?.to_owned())
}

/// The attribute that is gone, with the file and the line that still have it.
fn attribute(plain: &str) -> Option<String> {
    let name = between(plain, "An argument named \"", "\"")?;
    let mut files = plain.split_whitespace().filter(|word| word.contains(".hcl"));
    let file =
        files.next().map(|file| file.trim_matches(|letter: char| matches!(letter, '"' | '\'' | ',' | ';' | '(')));
    let line = between(plain, " line ", ",").or_else(|| between(plain, " line ", ":"));
    let place = match (file, line) {
        (Some(file), Some(line)) if !file.contains(".hcl:") => format!(" in {file}:{line}"),
        (Some(file), _) => format!(" in {}", file.trim_end_matches(':')),
        _ => String::new(),
    };
    Some(format!("`{name}`{place}"))
}
