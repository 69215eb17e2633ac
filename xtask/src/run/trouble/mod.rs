//! What a log says about why something failed: known causes, told from the words that programs use for them, and what to do.
//! One table for plans and applies on this machine, and three for what happens in the runner: builds, containers that don't
//! start, and what they share. A log that fits nothing has no trouble that we know.

mod build;
mod lock;
mod rules;
mod runner;
mod start;
mod subject;
#[cfg(test)]
mod tests;
mod text;

pub use lock::StateLock;

/// A known cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Which.
    pub cause: Cause,
    /// What it means here, in a sentence.
    pub what: String,
    /// What to do.
    pub hint: String,
    /// Who holds the lock of the state, if that is the cause.
    pub lock: Option<StateLock>,
}

/// The known causes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the rules say what each of them means")]
pub enum Cause {
    Throttled,
    Network,
    Registry,
    ProviderHash,
    StateLocked,
    CredentialsExpired,
    CredentialsUnusable,
    Denied,
    StalePlan,
    RemovedAttribute,
    NoBackend,
    GitAccess,
    DependencyNotApplied,
    DiskFull,
    Unwritable,
    OutOfMemory,
    OptionNotAllowed,
    RepositoryNotAllowed,
    BrokenRegex,
    EmptyOption,
    UnknownFlag,
    NoToken,
    TaskNotStarted,
    NoImage,
    ImageDenied,
    NoNetwork,
    SecretMissing,
    SecretDenied,
    NoLogGroup,
    NotStartable,
    NoCapacity,
    WrongToken,
    WrongKey,
    PushDenied,
    TagImmutable,
    PullLimit,
    NoInvoker,
}

impl Cause {
    /// Whether it may be gone at the next try, so that a plan may be tried again by itself. An apply never is.
    pub fn is_transient(self) -> bool {
        matches!(self, Self::Throttled | Self::Network | Self::Registry)
    }
}

/// The trouble that the log of a plan or an apply tells of.
pub fn of_terraform(log: &str) -> Option<Trouble> {
    rules::first([&rules::TERRAFORM[..]], log)
}

/// The trouble that the log of a build in the runner tells of.
pub fn of_build(log: &str) -> Option<Trouble> {
    rules::first([&build::BUILD[..], &start::START, &runner::RUNNER], log)
}

/// Why a container doesn't start, by what ECS or infrastructure-deployer says.
pub fn of_start(said: &str) -> Option<Trouble> {
    rules::first([&start::START[..], &runner::RUNNER], said)
}
