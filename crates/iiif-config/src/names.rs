//! Enumerations whose values are words of a file.

/// An enumeration that a file spells in words.
pub(crate) trait Named: Copy + 'static {
    /// All values, in the order in which they are offered.
    const ALL: &'static [Self];

    /// Returns the word.
    fn name(self) -> &'static str;
}

/// Declares a [`Named`] enumeration with `as_str` and `Display`.
macro_rules! named {
    (
        $(#[$attribute:meta])*
        $visibility:vis enum $name:ident {
            $( $(#[$variant_attribute:meta])* $variant:ident = $word:literal, )+
        }
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        $visibility enum $name {
            $( $(#[$variant_attribute])* $variant, )+
        }

        impl $name {
            /// All values, in the order of their declaration.
            $visibility const ALL: &'static [Self] = &[$( Self::$variant, )+];

            /// Returns the word that files use.
            #[must_use]
            $visibility fn as_str(self) -> &'static str {
                match self {
                    $( Self::$variant => $word, )+
                }
            }
        }

        impl $crate::names::Named for $name {
            const ALL: &'static [Self] = Self::ALL;

            fn name(self) -> &'static str {
                self.as_str()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

pub(crate) use named;

/// Below this share of equal characters two words are not taken for a slip of the pen.
const LEAST_SIMILARITY: f64 = 0.6;

/// Returns the candidate that `word` is most likely a misspelling of.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let word = word.to_ascii_lowercase();
    let mut best = None;
    let mut best_similarity = LEAST_SIMILARITY;
    for candidate in candidates {
        let similarity =
            strsim::normalized_damerau_levenshtein(&word, &candidate.to_ascii_lowercase());
        if similarity > best_similarity || (best.is_none() && similarity >= best_similarity) {
            best = Some(candidate);
            best_similarity = similarity;
        }
    }
    best
}

/// Returns the words as people list them: "`a`, `b` or `c`".
pub(crate) fn alternatives<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => "nothing".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_recognized_and_a_foreign_word_is_not() {
        let keys = ["images", "derivatives", "x", "y"];
        assert_eq!(nearest("derivativs", keys), Some("derivatives"));
        assert_eq!(nearest("IMAGE", keys), Some("images"));
        assert_eq!(nearest("z", keys), None);
        assert_eq!(nearest("watermark", keys), None);
    }

    #[test]
    fn alternatives_read_as_a_sentence() {
        assert_eq!(alternatives(["a"]), "`a`");
        assert_eq!(alternatives(["a", "b"]), "`a` or `b`");
        assert_eq!(alternatives(["a", "b", "c"]), "`a`, `b` or `c`");
    }
}
