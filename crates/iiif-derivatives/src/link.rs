//! Links from one object to another.

/// Returns the path that leads from a page in `folder` to `key`.
pub(crate) fn relative_link(folder: &str, key: &str) -> String {
    let folders: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    let parts: Vec<&str> = key.split('/').collect();
    let shared = folders
        .iter()
        .zip(&parts)
        .take_while(|(a, b)| a == b)
        .count();
    let shared = shared.min(parts.len().saturating_sub(1));
    let up = "../".repeat(folders.len() - shared);
    let down = parts
        .iter()
        .skip(shared)
        .copied()
        .collect::<Vec<_>>()
        .join("/");
    // A first segment with a colon would be taken for a scheme (RFC 3986 §4.2).
    let bare = up.is_empty()
        && down
            .split('/')
            .next()
            .is_some_and(|part| part.contains(':'));
    if bare {
        format!("./{down}")
    } else {
        format!("{up}{down}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_relative_to_the_folder_of_the_page() {
        let cases = [
            (
                "zuber",
                "zuber/full/max/0/color.jpg",
                "full/max/0/color.jpg",
            ),
            ("", "a.jpg", "a.jpg"),
            ("999/8", "999/8/9998_abc_b.jpg", "9998_abc_b.jpg"),
            ("a/b", "a/c/d.jpg", "../c/d.jpg"),
            ("a/b.jpg", "a/b.jpg", "../b.jpg"),
            (
                "z",
                "z/pct:1,1,2,2/max/0/color.jpg",
                "./pct:1,1,2,2/max/0/color.jpg",
            ),
        ];
        for (folder, key, expected) in cases {
            assert_eq!(
                relative_link(folder, key),
                expected,
                "from `{folder}` to `{key}`"
            );
        }
    }
}
