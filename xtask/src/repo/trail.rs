//! How a value came about: every expression that passed it on, down to the one that made it.

use super::hcl::{Origin, Span, Value};
use crate::model::{Place, literal};

/// How many expressions are followed for one value; a real one takes a handful.
const LONGEST: usize = 200;

/// The way of a value, from the expression that was asked for to where it was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trail {
    /// The expressions, each giving what the next one gives; the last made the value.
    pub hops: Vec<Hop>,
    /// What the last one was worked out from, where it was worked out.
    pub from: Vec<Trail>,
}

/// One expression on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// Where it stands.
    pub place: Place,
    /// What stands there, in one line; empty where that can't be shown.
    pub expression: String,
}

impl Hop {
    fn at(span: &Span) -> Self {
        Self { place: span.place(), expression: span.excerpt() }
    }
}

impl Trail {
    /// The way of a value.
    pub(super) fn of(value: &Value) -> Self {
        let mut left = LONGEST;
        let mut trail = follow(&value.origin, &mut left);
        // Data has no expression of its own, so the value stands for it.
        if let (Origin::Data { .. } | Origin::Datum { .. }, Some(last), Some(text)) =
            (value.origin.first(), trail.hops.last_mut(), value.as_str())
        {
            last.expression = literal(text);
        }
        trail
    }

    /// Where the value was made.
    pub fn end(&self) -> Option<&Hop> {
        self.hops.last()
    }
}

fn follow(origin: &Origin, left: &mut usize) -> Trail {
    let mut trail = Trail::default();
    let mut push = |hop: Hop| {
        // A call hands on what its argument already said on the same line in other words; both are shown once.
        if *left > 0 && trail.hops.last() != Some(&hop) {
            *left -= 1;
            trail.hops.push(hop);
        }
    };
    origin.hops().for_each(|span| push(Hop::at(span)));
    match origin.first() {
        Origin::Literal(span) => push(Hop::at(span)),
        Origin::Computed { span, inputs } => {
            push(Hop::at(span));
            for input in inputs.iter().take(*left) {
                let from = follow(input, left);
                if from.hops.is_empty() || trail.from.contains(&from) {
                    continue;
                }
                trail.from.push(from);
            }
        }
        Origin::Data { .. } | Origin::Datum { .. } => {
            let place = origin.place();
            push(Hop { place: place.unwrap_or_else(|| Place::file("")), expression: String::new() });
        }
        Origin::Via { .. } | Origin::Made => {}
    }
    trail
}
