//! The name of an image in a URI (Image API 2.1 §3 and §9, 3.0 §3 and §9).

use std::fmt;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

/// What must not stand plain in a path segment: `/ ? # [ ] @ %` by the specification (3.0 §9), and
/// the space and delimiters that RFC 3986 §2 has no place for.
const TO_ENCODE: &AsciiSet = &CONTROLS
    .add(b'/')
    .add(b'?')
    .add(b'#')
    .add(b'[')
    .add(b']')
    .add(b'@')
    .add(b'%')
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The name of an image, decoded: `ark:/12025/654xz321`.
///
/// May hold slashes and points; whoever maps it to a file decides what is inside its root.
///
/// # Examples
///
/// ```
/// use iiif_image_api::Identifier;
///
/// let identifier = Identifier::from_path_segment("ark:%2F12025%2F654xz321")?;
/// assert_eq!(identifier.as_str(), "ark:/12025/654xz321");
/// assert_eq!(identifier.to_path_segment(), "ark:%2F12025%2F654xz321");
/// # Ok::<(), iiif_image_api::IdentifierError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identifier(String);

/// A text that is no identifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("identifier `{text}` {problem}")]
pub struct IdentifierError {
    /// The text as it came, control characters escaped.
    pub text: String,
    /// What is wrong with it and what is accepted, to be read after the text.
    pub problem: &'static str,
}

impl Identifier {
    /// Takes a decoded identifier.
    ///
    /// # Errors
    ///
    /// [`IdentifierError`] if it is empty, `.` or `..` (which no URI can name, RFC 3986 §5.2.4), or
    /// has control characters.
    pub fn new(text: impl Into<String>) -> Result<Self, IdentifierError> {
        let text = text.into();
        match text.as_str() {
            "" => Err(fail(&text, "is empty; expected at least one character")),
            "." | ".." => Err(fail(&text, "is a step in a path; expected a name")),
            _ if text.chars().any(char::is_control) => Err(fail(
                &text,
                "has control characters; expected printable ones",
            )),
            _ => Ok(Self(text)),
        }
    }

    /// Decodes the segment of a URI's path, exactly once: `%2525` is `%25`.
    ///
    /// Lenient about characters that should have been encoded, except `/`, `?` and `#`, which end a
    /// segment.
    ///
    /// # Errors
    ///
    /// [`IdentifierError`] if an escape is not `%` and two hexadecimal digits, if the bytes are not
    /// UTF-8, or for the reasons of [`new`](Self::new).
    pub fn from_path_segment(segment: &str) -> Result<Self, IdentifierError> {
        if segment.contains(['/', '?', '#']) {
            let problem = "has a plain `/`, `?` or `#`; expected them as `%2F`, `%3F` and `%23`";
            return Err(fail(segment, problem));
        }
        if !escapes_are_complete(segment) {
            let problem = "has a `%` without two hexadecimal digits; expected `%25` for the sign";
            return Err(fail(segment, problem));
        }
        let decoded = percent_decode_str(segment)
            .decode_utf8()
            .map_err(|_not_utf8| fail(segment, "is not UTF-8 when decoded; expected UTF-8"))?;
        Self::new(decoded)
    }

    /// Returns the segment of a URI's path that stands for the identifier.
    #[must_use]
    pub fn to_path_segment(&self) -> String {
        utf8_percent_encode(&self.0, TO_ENCODE).to_string()
    }

    /// Returns the decoded text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Prints the decoded text, for people; URIs take [`Identifier::to_path_segment`].
impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn fail(text: &str, problem: &'static str) -> IdentifierError {
    IdentifierError {
        text: text.escape_debug().to_string(),
        problem,
    }
}

fn escapes_are_complete(segment: &str) -> bool {
    segment.split('%').skip(1).all(|after| {
        let digits = after.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}
