//! What object stores say, without their repetitions.

use std::error::Error;

use super::BoxError;

/// The addresses at which machines and containers of AWS give credentials: nothing else is asked there.
const METADATA_SERVICES: [&str; 2] = ["//169.254.169.254/", "//169.254.170.2/"];

const NO_CREDENTIALS: &str = "no credentials in the environment or a profile, and the machine gives none; expected \
     `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, a profile, a role, or `credentials=anon%3A` in the URI of \
     the bucket";

/// A cause, and what caused it.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
struct Reason {
    text: String,
    source: Option<Box<Self>>,
}

/// Returns an error and its causes; those are left out that one above repeats.
pub(super) fn reason(error: &(dyn Error + 'static)) -> BoxError {
    let mut texts: Vec<String> = Vec::new();
    for cause in std::iter::successors(Some(error), |error| (*error).source()) {
        let text = cause.to_string();
        if !texts.iter().any(|known| known.contains(&text)) {
            texts.push(text);
        }
    }
    let is_service = |text: &String| METADATA_SERVICES.iter().any(|url| text.contains(url));
    if texts.iter().any(is_service) {
        texts.insert(0, NO_CREDENTIALS.to_owned());
    }
    let top = texts.pop().map(|text| Reason { text, source: None });
    let chained = texts.into_iter().rev().fold(top, |source, text| {
        let source = source.map(Box::new);
        Some(Reason { text, source })
    });
    chained.map_or_else(|| error.to_string().into(), Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(texts: &[&str]) -> Reason {
        let (text, rest) = texts.split_first().unwrap();
        Reason {
            text: (*text).to_owned(),
            source: (!rest.is_empty()).then(|| Box::new(chain(rest))),
        }
    }

    fn told(texts: &[&str]) -> Vec<String> {
        let reason = reason(&chain(texts));
        let first: Option<&(dyn Error + 'static)> = Some(&*reason);
        let causes = std::iter::successors(first, |error| (*error).source());
        causes.map(ToString::to_string).collect()
    }

    #[test]
    fn nothing_is_said_twice() {
        let texts = [
            "store: GET failed: no answer",
            "GET failed: no answer",
            "no answer",
            "refused",
        ];
        assert_eq!(told(&texts), [texts[0], "refused"]);
    }

    #[test]
    fn a_machine_that_gives_no_credentials_is_told_as_such() {
        let texts = ["error performing PUT http://169.254.169.254/latest/api/token"];
        assert_eq!(told(&texts), [NO_CREDENTIALS, texts[0]]);
    }
}
