//! Flags that are whole numbers, with errors that say what is accepted.

use std::num::NonZeroU64;
use std::str::FromStr;

/// A year: no flag has a use for more, and clocks end somewhere.
pub const MAX_SECONDS: u64 = 365 * 24 * 60 * 60;

/// A text that is not the number that a flag takes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}")]
pub struct ParseNumberError {
    expected: &'static str,
}

/// Reads how many there are of something, from 1: a parser of values for clap, for `NonZeroUsize` and other
/// types that any such number may be converted to.
///
/// # Errors
///
/// [`ParseNumberError`] if it is no whole number, 0, or larger than the type takes.
pub fn parse_count<N: TryFrom<NonZeroU64>>(text: &str) -> Result<N, ParseNumberError> {
    let expected = "a whole number from 1";
    let count: NonZeroU64 = number(text, expected)?;
    N::try_from(count).map_err(|_too_large| ParseNumberError { expected })
}

/// Reads seconds, from 0 to [`MAX_SECONDS`]: a parser of values for clap.
///
/// # Errors
///
/// [`ParseNumberError`] if they are not whole, or more.
pub fn parse_seconds(text: &str) -> Result<u64, ParseNumberError> {
    let expected = "whole seconds from 0 to 31536000, such as `15`";
    let seconds: u64 = number(text, expected)?;
    if seconds <= MAX_SECONDS {
        Ok(seconds)
    } else {
        Err(ParseNumberError { expected })
    }
}

fn number<N: FromStr>(text: &str, expected: &'static str) -> Result<N, ParseNumberError> {
    text.trim()
        .parse()
        .map_err(|_no_number| ParseNumberError { expected })
}

#[cfg(test)]
mod tests {
    use std::num::{NonZeroU8, NonZeroUsize};

    use super::*;

    #[test]
    fn what_is_no_number_is_told_with_what_is() {
        assert_eq!(parse_count(" 8"), Ok(NonZeroUsize::new(8).unwrap()));
        assert_eq!(parse_seconds("0"), Ok(0));
        for text in ["0", "-1", "1.5", "", "many", "99999999999999999999"] {
            let error = parse_count::<NonZeroUsize>(text).unwrap_err();
            assert_eq!(
                error.to_string(),
                "expected a whole number from 1",
                "{text}"
            );
        }
        assert_eq!(parse_count::<u64>("0").ok(), None);
        assert_eq!(parse_count::<NonZeroU8>("256").ok(), None);
        let error = parse_seconds("15s").unwrap_err().to_string();
        assert_eq!(
            error,
            "expected whole seconds from 0 to 31536000, such as `15`"
        );
        assert!(parse_seconds("31536000").is_ok() && parse_seconds("31536001").is_err());
    }
}
