//! What a test can ask of its repository and of the programs around it.

/// What a test wants its repository and its programs to be like.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) terragrunt: Terragrunt,
    /// What is on the PATH.
    pub(crate) engines: &'static [Engine],
    pub(crate) module: Module,
    pub(crate) apply: Apply,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Terragrunt {
    /// 0.55.1.
    V0,
    /// 1.1.3.
    V1,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Engine {
    Terraform,
    Tofu,
}

/// Where the module of the units comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Module {
    /// A folder outside the repository.
    Catalog,
    /// The repository's own `modules/`, so that terragrunt copies the whole root.
    RepositoryRoot,
}

/// What an apply does besides registering task definitions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Apply {
    Plain,
    /// Waits at [`Live::gate`] until the test lets it go on.
    WaitsAtGate,
    /// Reads a file that the plan left beside the module.
    ReadsWhatPlanWrote,
}

impl Default for Shape {
    fn default() -> Self {
        Self { terragrunt: Terragrunt::V1, engines: &[Engine::Tofu], module: Module::Catalog, apply: Apply::Plain }
    }
}
