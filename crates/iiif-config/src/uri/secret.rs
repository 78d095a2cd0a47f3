//! What makes the names of derivatives unguessable.

use super::{ParseUriError, segment_problem};

/// A part of a file name that is given or drawn at random. Has no `Debug` and no `Display`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Secret(String);

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// 32 of 62 characters are 190 bits.
const LENGTH: usize = 32;

impl Secret {
    /// Checks a given secret, or draws one.
    pub(super) fn new(name: &'static str, text: Option<&str>) -> Result<Self, ParseUriError> {
        let Some(text) = text else {
            return Self::random();
        };
        match segment_problem(text) {
            None => Ok(Self(text.to_owned())),
            Some(problem) => Err(ParseUriError::Secret { name, problem }),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    fn random() -> Result<Self, ParseUriError> {
        let mut secret = String::with_capacity(LENGTH);
        let mut bytes = [0_u8; 2 * LENGTH];
        while secret.len() < LENGTH {
            getrandom::fill(&mut bytes)?;
            let characters = bytes.iter().filter_map(|byte| character(*byte));
            secret.extend(characters.take(LENGTH - secret.len()));
        }
        Ok(Self(secret))
    }
}

/// Returns the character of a random byte; `None` for one of 248 and above, which would make the
/// first characters of the alphabet more frequent than the others.
fn character(byte: u8) -> Option<char> {
    let fair = u8::MAX - u8::MAX % ALPHABET.len() as u8;
    let index = (byte < fair).then_some(usize::from(byte) % ALPHABET.len())?;
    ALPHABET.get(index).map(|character| char::from(*character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_stands_for_equally_many_bytes() {
        let drawn: Vec<char> = (0..=u8::MAX).filter_map(character).collect();
        assert_eq!(drawn.len(), 248);
        for letter in ALPHABET {
            let count = drawn.iter().filter(|drawn| **drawn == char::from(*letter));
            assert_eq!(count.count(), 4, "{letter}");
        }
    }

    #[test]
    fn a_missing_secret_is_drawn_anew_each_time() {
        let draw = || Secret::new("secret", None).unwrap();
        let (one, other) = (draw(), draw());
        assert_eq!(one.as_str().len(), 32);
        assert!(
            one.as_str()
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric())
        );
        assert!(one != other);
    }
}
