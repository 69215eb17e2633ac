//! A value that reading the repository gave, or the reason why it could not.

/// What is known of a value offline. An unknown value is never guessed: it carries its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known<T> {
    /// The value.
    Value(T),
    /// Why the value can't be known, as the end of the sentence "unknown, because …".
    Unknown(String),
}

impl<T> Known<T> {
    /// The value, if it is known.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Unknown(_) => None,
        }
    }

    /// The reason, if the value is not known.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Value(_) => None,
            Self::Unknown(reason) => Some(reason),
        }
    }

    /// Goes on with the value, or keeps the reason.
    pub fn and_then<U>(self, next: impl FnOnce(T) -> Known<U>) -> Known<U> {
        match self {
            Self::Value(value) => next(value),
            Self::Unknown(reason) => Known::Unknown(reason),
        }
    }

    /// The value, or the reason as an error.
    pub fn as_result(&self) -> Result<&T, &str> {
        match self {
            Self::Value(value) => Ok(value),
            Self::Unknown(reason) => Err(reason),
        }
    }
}
