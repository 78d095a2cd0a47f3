//! The written form of processing URIs: percent-encoding and parameters.

use percent_encoding::{
    AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode,
};

use super::ParseUriError;

/// What a path may not hold as it is (RFC 3986 §3.3).
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The value of a parameter is escaped as Go's `url.QueryEscape` does, with `%20` for a space.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// The parameters of a URI, decoded; each was given once.
pub(super) struct Query {
    parameters: Vec<(String, String)>,
}

impl Query {
    /// Splits `text` at `&` and decodes it as forms are: `+` is a space.
    pub(super) fn parse(
        text: &str,
        accepted: &'static [&'static str],
    ) -> Result<Self, ParseUriError> {
        let mut parameters: Vec<(String, String)> = Vec::new();
        for parameter in text.split('&').filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let name = decode("name of a parameter", &name.replace('+', " "))?;
            if !accepted.contains(&name.as_str()) {
                return Err(ParseUriError::UnknownParameter { name, accepted });
            }
            if parameters.iter().any(|(earlier, _)| *earlier == name) {
                return Err(ParseUriError::RepeatedParameter { name });
            }
            let value = decode("value of a parameter", &value.replace('+', " "))?;
            parameters.push((name, value));
        }
        Ok(Self { parameters })
    }

    /// Returns the value of a parameter; an empty one counts as missing, as in go-iiif.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(known, value)| known == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }
}

/// Decodes percent-encoding once; `part` is for messages, which never hold the text.
pub(super) fn decode(part: &'static str, text: &str) -> Result<String, ParseUriError> {
    let is_escape = |start: usize| {
        let digits = text.as_bytes().get(start + 1..start + 3);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    if !text.match_indices('%').all(|(start, _)| is_escape(start)) {
        return Err(ParseUriError::Escape { part });
    }
    match percent_decode_str(text).decode_utf8() {
        Ok(decoded) => Ok(decoded.into_owned()),
        Err(_invalid) => Err(ParseUriError::NotUtf8 { part }),
    }
}

/// Returns a key as the path of a URI: percent-encoded where RFC 3986 §3.3 asks for it.
#[must_use]
pub fn encode_path(text: &str) -> String {
    utf8_percent_encode(text, PATH).to_string()
}

/// Prints `?a=1&b=2`; values that are missing are left out.
pub(super) fn encode_query(parameters: &[(&str, Option<&str>)]) -> String {
    let mut query = String::new();
    for (name, value) in parameters {
        if let Some(value) = value {
            query.push(if query.is_empty() { '?' } else { '&' });
            query.push_str(name);
            query.push('=');
            query.extend(utf8_percent_encode(value, VALUE));
        }
    }
    query
}
