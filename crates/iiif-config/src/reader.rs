//! Typed access to a JSON document: every error and warning names the file, the line and the key.

use std::cell::RefCell;
use std::ops::RangeInclusive;

use crate::json::{self, Member, Node, Position, Value};
use crate::names::{Named, alternatives, nearest};
use crate::{Error, Parsed, Place, Warning};

/// A parsed document, collecting warnings while it is read.
pub(crate) struct Document<'a> {
    file: &'a str,
    root: Node,
    warnings: RefCell<Vec<Warning>>,
}

/// A value of a document and the path that leads to it.
pub(crate) struct Field<'a> {
    document: &'a Document<'a>,
    node: &'a Node,
    path: String,
}

/// An object of a document, and the keys that were asked for.
pub(crate) struct Object<'a> {
    field: Field<'a>,
    members: &'a [Member],
    known: Vec<&'static str>,
}

impl<'a> Document<'a> {
    pub(crate) fn parse(text: &str, file: &'a str) -> Result<Self, Error> {
        let root = json::parse(text).map_err(|source| Error::Syntax {
            file: file.to_owned(),
            line: source.line(),
            // What ends with a line is told to end before the first column of the next.
            column: source.column().max(1),
            source: crate::SyntaxError::of(&source),
        })?;
        Ok(Self {
            file,
            root,
            warnings: RefCell::default(),
        })
    }

    pub(crate) fn root(&'a self) -> Field<'a> {
        Field {
            document: self,
            node: &self.root,
            path: String::new(),
        }
    }

    pub(crate) fn warn(&self, warning: Warning) {
        self.warnings.borrow_mut().push(warning);
    }

    /// Returns `value` with the warnings so far.
    pub(crate) fn finish<T>(&self, value: T) -> Parsed<T> {
        Parsed {
            value,
            warnings: self.warnings.take(),
        }
    }

    fn place(&self, position: Position, key: String) -> Place {
        Place {
            file: self.file.to_owned(),
            line: position.line,
            column: position.column,
            key,
        }
    }
}

impl<'a> Field<'a> {
    pub(crate) fn place(&self) -> Place {
        self.document.place(self.node.position, self.path.clone())
    }

    pub(crate) fn warn(&self, warning: Warning) {
        self.document.warn(warning);
    }

    /// Returns the error that `expected` should stand here instead.
    pub(crate) fn mismatch(&self, found: impl Into<String>, expected: impl Into<String>) -> Error {
        Error::Mismatch {
            place: Box::new(self.place()),
            found: found.into(),
            expected: expected.into(),
        }
    }

    fn wrong_type(&self, expected: impl Into<String>) -> Error {
        self.mismatch(self.node.value.describe(), expected)
    }

    pub(crate) fn string(&self) -> Result<&'a str, Error> {
        match &self.node.value {
            Value::String(text) => Ok(text),
            _ => Err(self.wrong_type("a string")),
        }
    }

    pub(crate) fn boolean(&self) -> Result<bool, Error> {
        match self.node.value {
            Value::Bool(value) => Ok(value),
            _ => Err(self.wrong_type("`true` or `false`")),
        }
    }

    pub(crate) fn integer(&self, range: RangeInclusive<u64>) -> Result<u64, Error> {
        let (least, most) = (range.start(), range.end());
        let expected = if *most >= u64::from(u32::MAX) {
            format!("a whole number of at least {least}")
        } else {
            format!("a whole number from {least} to {most}")
        };
        match &self.node.value {
            Value::Number(number) => match number.as_u64() {
                Some(value) if range.contains(&value) => Ok(value),
                _ => Err(self.mismatch(format!("`{number}`"), expected)),
            },
            _ => Err(self.wrong_type(expected)),
        }
    }

    /// Reads a word, in any case.
    pub(crate) fn word<T: Named>(&self) -> Result<T, Error> {
        let expected = || alternatives(T::ALL.iter().map(|value| value.name()));
        let Value::String(text) = &self.node.value else {
            return Err(self.wrong_type(expected()));
        };
        word_of(text).ok_or_else(|| self.mismatch(quoted(text), expected()))
    }

    /// Reads the name of a component, in any case: `css4`, or `css4://` as v8 writes it.
    pub(crate) fn component<T: Named>(&self) -> Result<T, Error> {
        let expected = || alternatives(T::ALL.iter().map(|value| value.name()));
        let Value::String(text) = &self.node.value else {
            return Err(self.wrong_type(expected()));
        };
        let name = text.split_once("://").map_or(&**text, |(name, _)| name);
        word_of(name).ok_or_else(|| self.mismatch(quoted(text), expected()))
    }

    pub(crate) fn items(&self) -> Result<Vec<Self>, Error> {
        let Value::Array(nodes) = &self.node.value else {
            return Err(self.wrong_type("a list"));
        };
        Ok(nodes
            .iter()
            .enumerate()
            .map(|(index, node)| Self {
                document: self.document,
                node,
                path: format!("{}[{index}]", self.path),
            })
            .collect())
    }

    pub(crate) fn object(self) -> Result<Object<'a>, Error> {
        match &self.node.value {
            Value::Object(members) => Ok(Object {
                field: self,
                members,
                known: Vec::new(),
            }),
            _ => Err(self.wrong_type("an object")),
        }
    }
}

impl<'a> Object<'a> {
    /// Returns the object itself as a value.
    pub(crate) fn field(&self) -> &Field<'a> {
        &self.field
    }

    /// Returns the value of `key` in any case, as Go's `encoding/json` finds it; `None` where it is
    /// missing or null.
    pub(crate) fn get(&mut self, key: &'static str) -> Option<Field<'a>> {
        self.known.push(key);
        let mut found: Option<&'a Member> = None;
        for member in self.members {
            if !member.key.eq_ignore_ascii_case(key) {
                continue;
            }
            if let Some(earlier) = found.replace(member) {
                self.warn_of_duplicate(earlier, member);
            }
        }
        found
            .filter(|member| member.node.value != Value::Null)
            .map(|member| self.child(member))
    }

    /// Takes keys for known that have no effect here, and need none.
    pub(crate) fn ignore(&mut self, keys: &[&'static str]) {
        self.known.extend(keys);
    }

    /// Returns all members in the order of the file, for objects whose keys are names.
    pub(crate) fn entries(&self) -> Vec<(&'a str, Field<'a>)> {
        let mut entries: Vec<(&'a str, Field<'a>)> = Vec::new();
        for (index, member) in self.members.iter().enumerate() {
            let later = self.members.get(index + 1..).unwrap_or_default();
            match later.iter().find(|later| later.key == member.key) {
                Some(later) => self.warn_of_duplicate(member, later),
                None => entries.push((&member.key, self.child(member))),
            }
        }
        entries
    }

    /// Warns of every key that was not asked for.
    pub(crate) fn close(self) {
        for member in self.members {
            let is_known = |known: &&str| known.eq_ignore_ascii_case(&member.key);
            if !self.known.iter().any(is_known) {
                self.field.document.warn(Warning::UnknownKey {
                    place: self.key_place(member),
                    nearest: nearest(&member.key, self.known.iter().copied()).map(str::to_owned),
                });
            }
        }
    }

    fn child(&self, member: &'a Member) -> Field<'a> {
        Field {
            document: self.field.document,
            node: &member.node,
            path: self.path_of(&member.key),
        }
    }

    fn path_of(&self, key: &str) -> String {
        let key = if key.is_empty() { "\"\"" } else { key };
        if self.field.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.field.path)
        }
    }

    fn key_place(&self, member: &Member) -> Place {
        self.field
            .document
            .place(member.position, self.path_of(&member.key))
    }

    fn warn_of_duplicate(&self, earlier: &Member, later: &Member) {
        self.field.document.warn(Warning::DuplicateKey {
            place: self.key_place(earlier),
            later_line: later.position.line,
        });
    }
}

/// Returns a text of the file as messages show it.
pub(crate) fn quoted(text: &str) -> String {
    format!("`{}`", text.escape_debug())
}

fn word_of<T: Named>(text: &str) -> Option<T> {
    T::ALL
        .iter()
        .copied()
        .find(|value| value.name().eq_ignore_ascii_case(text))
}
