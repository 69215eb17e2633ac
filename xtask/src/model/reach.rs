//! What in a plan would act in another place than the account that was proven.

/// One such thing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reach {
    /// What it is, and where it is written if that is known.
    pub what: String,
    /// What to do where it is meant.
    pub remedy: Remedy,
}

/// What makes a [`Reach`] acceptable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Remedy {
    /// Declaring the role in the settings.
    DeclareRole,
    /// Declaring the role by which the unit's own resource was made.
    DeclareItsRole,
    /// Naming the endpoint in the settings.
    NameEndpoint,
    /// Setting it in the shell, for all programs.
    SetInShell,
    /// Allowing it by name on the command line.
    Allow,
    /// Nothing.
    None,
}

impl Reach {
    /// One that nothing makes acceptable.
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), remedy: Remedy::None }
    }

    /// The same with its remedy.
    #[must_use]
    pub fn unless(self, remedy: Remedy) -> Self {
        Self { remedy, ..self }
    }
}
