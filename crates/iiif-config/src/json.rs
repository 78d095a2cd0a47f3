//! JSON that knows on which line each value stands.

use serde::de::Error as _;

/// A value and where it starts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) position: Position,
}

/// Line and column, both from 1; the column counts bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// A JSON value whose parts are positioned.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    String(String),
    Array(Vec<Node>),
    Object(Vec<Member>),
}

/// A key and its value; keys that stand twice are kept twice.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Member {
    pub(crate) key: String,
    pub(crate) position: Position,
    pub(crate) node: Node,
}

/// Parses a document, which may start with a byte order mark.
pub(crate) fn parse(text: &str) -> Result<Node, serde_json::Error> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // Checks the grammar and bounds the nesting, so that the scanner only has to find its way.
    serde_json::from_str::<serde_json::Value>(text)?;
    Scanner::new(text).node()
}

impl Value {
    /// Returns what it is, for people.
    pub(crate) fn describe(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(number) if number.is_f64() => "a decimal number",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

/// Walks through text that is known to be valid JSON.
struct Scanner<'a> {
    text: &'a str,
    offset: usize,
    line: usize,
    line_start: usize,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            offset: 0,
            line: 1,
            line_start: 0,
        }
    }

    fn node(&mut self) -> Result<Node, serde_json::Error> {
        let first = self.peek();
        let position = self.position();
        let value = match first {
            Some(b'{') => Value::Object(self.members()?),
            Some(b'[') => Value::Array(self.items()?),
            _ => match self.scalar()? {
                serde_json::Value::Bool(value) => Value::Bool(value),
                serde_json::Value::Number(value) => Value::Number(value),
                serde_json::Value::String(value) => Value::String(value),
                _ => Value::Null,
            },
        };
        Ok(Node { value, position })
    }

    fn members(&mut self) -> Result<Vec<Member>, serde_json::Error> {
        let mut members = Vec::new();
        self.offset += 1;
        loop {
            match self.peek() {
                Some(b'"') => {
                    let position = self.position();
                    let serde_json::Value::String(key) = self.scalar()? else {
                        return Err(serde_json::Error::custom("a key is not a string"));
                    };
                    self.peek();
                    self.offset += 1; // the colon
                    let node = self.node()?;
                    members.push(Member {
                        key,
                        position,
                        node,
                    });
                }
                Some(b',') => self.offset += 1,
                _ => {
                    self.offset += 1;
                    return Ok(members);
                }
            }
        }
    }

    fn items(&mut self) -> Result<Vec<Node>, serde_json::Error> {
        let mut items = Vec::new();
        self.offset += 1;
        loop {
            match self.peek() {
                Some(b',') => self.offset += 1,
                None | Some(b']') => {
                    self.offset += 1;
                    return Ok(items);
                }
                Some(_) => items.push(self.node()?),
            }
        }
    }

    /// Parses a string, number or word; what these look like is left to `serde_json`.
    fn scalar(&mut self) -> Result<serde_json::Value, serde_json::Error> {
        let rest = self.text.get(self.offset..).unwrap_or_default();
        let mut values = serde_json::Deserializer::from_str(rest).into_iter();
        let value = values
            .next()
            .unwrap_or_else(|| Err(serde_json::Error::custom("a value is missing")))?;
        self.offset += values.byte_offset();
        Ok(value)
    }

    /// Skips white space, where alone lines can end, and returns the byte that follows.
    fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = self.text.as_bytes().get(self.offset).copied();
            match byte {
                Some(b'\n') => {
                    self.offset += 1;
                    self.line += 1;
                    self.line_start = self.offset;
                }
                Some(b' ' | b'\t' | b'\r') => self.offset += 1,
                _ => return byte,
            }
        }
    }

    fn position(&self) -> Position {
        Position {
            line: self.line,
            column: self.offset - self.line_start + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plain(node: &Node) -> serde_json::Value {
        match &node.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Number(value) => value.clone().into(),
            Value::String(value) => value.clone().into(),
            Value::Array(items) => items.iter().map(plain).collect(),
            Value::Object(members) => members
                .iter()
                .map(|member| (member.key.clone(), plain(&member.node)))
                .collect(),
        }
    }

    #[test]
    fn every_value_knows_where_it_starts() {
        let root =
            parse("{\n  \"a\": [1,\n    \"\\u00e9\\n\"],\r\n\t\"b\" : {\"c\":null}}").unwrap();
        let Value::Object(members) = &root.value else {
            panic!("{root:?}");
        };
        let at = |line, column| Position { line, column };
        let Value::Array(items) = &members[0].node.value else {
            panic!("{members:?}");
        };
        assert_eq!(root.position, at(1, 1));
        assert_eq!(members[0].position, at(2, 3));
        assert_eq!(members[0].node.position, at(2, 8));
        assert_eq!(items[0].position, at(2, 9));
        assert_eq!(items[1].position, at(3, 5));
        assert_eq!(items[1].value, Value::String("é\n".to_owned()));
        assert_eq!(members[1].position, at(4, 2));
        assert_eq!(members[1].node.position, at(4, 8));
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for text in ["", "{", "{\"a\":}", "[1,]", "{} {}", "nul", "\"\\ud800\""] {
            assert!(parse(text).is_err(), "{text}");
        }
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        assert!(parse(&deep).is_err());
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<u64>().prop_map(Into::into),
            any::<String>().prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
                prop::collection::vec((any::<String>(), inner), 0..5)
                    .prop_map(|members| members.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_tree_has_what_serde_json_reads(value in json()) {
            let compact = value.to_string();
            let pretty = serde_json::to_string_pretty(&value).unwrap();
            prop_assert_eq!(plain(&parse(&compact).unwrap()), value.clone());
            prop_assert_eq!(plain(&parse(&pretty).unwrap()), value);
        }

        #[test]
        fn no_text_makes_the_scanner_panic(text in ".{0,64}") {
            let _outcome = parse(&text);
        }
    }
}
