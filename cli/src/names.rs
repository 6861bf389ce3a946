//! [`Named`]: values with names, which completions offer.

use std::ffi::OsStr;
use std::str::FromStr;

use anyhow::Result;
use clap::builder::{PossibleValue, TypedValueParser};
use clap::{Arg, Command, Error};

/// Parser of an option with named values. It may accept more than the names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Named<T: 'static> {
    parse: fn(&str) -> Result<T>,
    names: &'static [&'static str],
}

impl<T> Named<T> {
    pub(crate) const fn new(names: &'static [&'static str], parse: fn(&str) -> Result<T>) -> Self {
        Self { parse, names }
    }
}

impl<T: FromStr<Err = polyphase::Error>> Named<T> {
    /// Parser of a type of the library.
    pub(crate) fn of(names: &'static [&'static str]) -> Self {
        Self::new(names, |name| Ok(name.parse()?))
    }
}

impl<T: Clone + Send + Sync + 'static> TypedValueParser for Named<T> {
    type Value = T;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<T, Error> {
        TypedValueParser::parse_ref(&self.parse, command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.names.iter().map(PossibleValue::new)))
    }
}
