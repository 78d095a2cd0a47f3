//! Flags that are given and do nothing, because others are not.

use iiif_http::RepositoryOptions;

use crate::args::{Args, DEFAULT_CONFIG_NAME, DEFAULT_CONFIG_REFRESH, DEFAULT_DERIVATIVES_LIMIT};
use crate::repository::RepositoryArgs;

/// A flag that does nothing, and what it needs.
type Unheard = (&'static str, &'static str);

/// Warns of flags that do nothing. One with the value that it has anyway cannot be told from none.
pub(crate) fn warn(args: &Args) {
    for (flag, needed) in of(args) {
        tracing::warn!("{flag} has no effect without {needed}");
    }
}

fn of(args: &Args) -> Vec<Unheard> {
    let config = &args.config;
    let has_config = config.config.is_some() || config.config_source.is_some();
    let has_derivatives = has_config || args.config_derivatives_cache_uri.is_some();
    let has_limit = args.derivatives_limit.0 != DEFAULT_DERIVATIVES_LIMIT;
    let mut unheard = vec![
        (
            config.config_name != DEFAULT_CONFIG_NAME && config.config_source.is_none(),
            ("-config-name", "-config-source"),
        ),
        (
            args.config_refresh != DEFAULT_CONFIG_REFRESH && !has_config,
            ("-config-refresh", "a config"),
        ),
        (
            has_limit && !has_derivatives,
            ("-derivatives-limit", "-config-derivatives-cache-uri"),
        ),
        (
            args.viewer.is_some() && !args.shows_pages(),
            ("-viewer", "-example"),
        ),
    ];
    unheard.extend(of_repository(&args.repository));
    unheard.retain(|(is_unheard, _)| *is_unheard);
    unheard.into_iter().map(|(_, unheard)| unheard).collect()
}

fn of_repository(args: &RepositoryArgs) -> Vec<(bool, Unheard)> {
    let defaults = RepositoryOptions::default();
    let has_expiry = args.url_expiry() != defaults.url_expiry;
    if args.is_on() {
        let needed = ("-repository-url-expiry", "-repository-url-bucket");
        return vec![(has_expiry && args.repository_url_bucket.is_none(), needed)];
    }
    let is_given = [
        (
            "-repository-token-file",
            args.repository_token_file.is_some(),
        ),
        (
            "-repository-max-upload",
            args.repository_max_upload.0 != defaults.max_upload_bytes,
        ),
        (
            "-repository-max-images",
            args.repository_max_images != defaults.max_images,
        ),
        (
            "-repository-thumbnail",
            args.repository_thumbnail != defaults.thumbnail_px,
        ),
        ("-repository-metadata", !args.repository_metadata.is_empty()),
        ("-repository-keep-metadata", args.repository_keep_metadata),
        (
            "-repository-url-bucket",
            args.repository_url_bucket.is_some(),
        ),
        ("-repository-url-expiry", has_expiry),
    ];
    let unheard = is_given.map(|(flag, is_given)| (is_given, (flag, "-repository")));
    unheard.to_vec()
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[test]
    fn flags_that_do_nothing_are_told_with_what_they_need() {
        #[rustfmt::skip]
        let cases: [(&[&str], &[&str]); 9] = [
            (&[],                                                   &[]),
            (&["--config-name=a.json"],                             &["-config-name"]),
            (&["--config=a/b.json", "--config-name=a.json"],        &["-config-name"]),
            (&["--config-source=a", "--config-name=a.json", "--config-refresh=1"], &[]),
            (&["--config-refresh=1", "--derivatives-limit=1GiB"],   &["-config-refresh", "-derivatives-limit"]),
            (&["--viewer=a", "--example=false"],                    &["-viewer"]),
            (&["--viewer=a", "--example"],                          &[]),
            (&["--repository-token-file=a", "--repository-thumbnail=9", "--repository-url-expiry=9"],
             &["-repository-token-file", "-repository-thumbnail", "-repository-url-expiry"]),
            (&["--repository", "--repository-token-file=a", "--repository-url-expiry=9"],
             &["-repository-url-expiry"]),
        ];
        for (given, expected) in cases {
            let args = Args::parse_from(["iiif-server"].iter().chain(given));
            let flags: Vec<&str> = of(&args).iter().map(|(flag, _)| *flag).collect();
            assert_eq!(flags, expected, "{given:?}");
        }
    }
}
