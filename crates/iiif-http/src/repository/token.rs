//! Bearer tokens (RFC 6750), compared without telling by the time how much of one was right.

use std::fmt;

use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::Problem;

/// A token that clients prove themselves with: `Authorization: Bearer TOKEN`.
///
/// Only its digest is kept; `Debug` shows nothing of it.
#[derive(Clone)]
pub struct BearerToken([u8; 32]);

/// A text that is no token. It is not repeated here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the token is shorter than {MIN_TOKEN_BYTES} characters, or has blanks or others than printable \
     ASCII; expected one such as `openssl rand -hex 32` prints"
)]
pub struct TokenError;

/// What is shorter can be guessed.
const MIN_TOKEN_BYTES: usize = 16;

impl BearerToken {
    /// Takes a token; blanks and line ends around it are left out, as files have them.
    ///
    /// # Errors
    ///
    /// [`TokenError`] if it has less than 16 characters, or others than printable ASCII.
    pub fn new(text: &str) -> Result<Self, TokenError> {
        let text = text.trim();
        if text.len() < MIN_TOKEN_BYTES || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(TokenError);
        }
        Ok(Self(digest(text)))
    }

    /// Digests are compared, so that neither the length nor the first difference shows in the time.
    fn is(&self, other: &[u8; 32]) -> bool {
        self.0.ct_eq(other).into()
    }
}

impl fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BearerToken(******)")
    }
}

/// Returns nothing if a request has one of `tokens`, and the answer to it otherwise.
pub(super) fn refused(headers: &HeaderMap, tokens: &[Option<&BearerToken>]) -> Option<Response> {
    let given = headers.get(AUTHORIZATION).map(|value| {
        let text = value.to_str().unwrap_or("");
        let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
        let token = if scheme.eq_ignore_ascii_case("Bearer") {
            token.trim()
        } else {
            ""
        };
        digest(token)
    });
    let (text, challenge) = match given {
        Some(given) if tokens.iter().flatten().any(|token| token.is(&given)) => return None,
        Some(_) => (
            "the token is not accepted here",
            "Bearer realm=\"images\", error=\"invalid_token\"",
        ),
        None => (
            "this needs a token; expected the header `Authorization: Bearer TOKEN`",
            "Bearer realm=\"images\"",
        ),
    };
    let mut response = Problem::new(StatusCode::UNAUTHORIZED, text).into_response();
    let challenge = HeaderValue::from_static(challenge);
    response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    Some(response)
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_at_least_sixteen_printable_characters() {
        assert!(BearerToken::new("0123456789abcdef\n").is_ok());
        for weak in ["", "abcdefgh", "0123456789 abcdef", "0123456789abcde\u{fc}"] {
            let error = BearerToken::new(weak).unwrap_err();
            assert!(weak.is_empty() || !error.to_string().contains(weak));
        }
    }

    #[test]
    fn only_the_whole_token_opens() {
        let token = BearerToken::new("0123456789abcdef").unwrap();
        assert_eq!(format!("{token:?}"), "BearerToken(******)");
        let table = [
            ("Bearer 0123456789abcdef", true),
            ("bearer 0123456789abcdef", true),
            ("Bearer  0123456789abcdef ", true),
            ("Bearer 0123456789abcde", false),
            ("Bearer 0123456789abcdefg", false),
            ("Bearer", false),
            ("Basic 0123456789abcdef", false),
            ("0123456789abcdef", false),
        ];
        for (header, is_open) in table {
            let value = HeaderValue::from_static(header);
            let headers: HeaderMap = [(AUTHORIZATION, value)].into_iter().collect();
            let refused = refused(&headers, &[None, Some(&token)]);
            assert_eq!(refused.is_none(), is_open, "{header}");
        }
        assert!(refused(&HeaderMap::new(), &[Some(&token)]).is_some());
    }
}
