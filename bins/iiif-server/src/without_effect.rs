//! Flags that are given and have no effect, because others are not.

use clap::ArgMatches;
use clap::parser::ValueSource;

use crate::args::Args;
use crate::load;

/// A flag, what it needs to have an effect, and whether that is there.
type Need = (&'static str, &'static str, bool);

/// Warns of flags that are given and have no effect.
pub(crate) fn warn(args: &Args, matches: &ArgMatches) {
    for (flag, needed, _) in of(args, matches) {
        tracing::warn!("{flag} has no effect without {needed}");
    }
}

fn of(args: &Args, matches: &ArgMatches) -> Vec<Need> {
    let is_given = |flag: &str| {
        let id = flag.trim_start_matches('-').replace('-', "_");
        matches.value_source(&id) == Some(ValueSource::CommandLine)
    };
    let mut needs = needs(args);
    needs.retain(|(flag, _, is_there)| is_given(flag) && !is_there);
    needs
}

#[rustfmt::skip]
fn needs(args: &Args) -> Vec<Need> {
    let has_config = load::named_file(&args.config).is_some();
    let has_source = has_config && args.config.config_source.is_some();
    let has_derivatives = has_config || args.config_derivatives_cache_uri.is_some();
    let is_on = args.repository.is_on();
    let has_urls = !is_on || args.repository.has_url_bucket();
    vec![
        ("-config-name",              "a bucket as -config-source",    has_source),
        ("-config-refresh",           "a config",                      has_config),
        ("-derivatives-limit",        "-config-derivatives-cache-uri", has_derivatives),
        ("-viewer",                   "-example",                      args.shows_pages()),
        ("-repository-token-file",    "-repository",                   is_on),
        ("-repository-max-upload",    "-repository",                   is_on),
        ("-repository-max-images",    "-repository",                   is_on),
        ("-repository-thumbnail",     "-repository",                   is_on),
        ("-repository-metadata",      "-repository",                   is_on),
        ("-repository-keep-metadata", "-repository",                   is_on),
        ("-repository-url-bucket",    "-repository",                   is_on),
        ("-repository-url-expiry",    "-repository",                   is_on),
        ("-repository-url-expiry",    "-repository-url-bucket",        has_urls),
    ]
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, FromArgMatches as _};

    use super::*;

    #[test]
    fn flags_that_do_nothing_are_told_with_what_they_need() {
        #[rustfmt::skip]
        let cases: [(&[&str], &[&str]); 12] = [
            (&[],                                                   &[]),
            (&["--config-name=a.json"],                             &["-config-name"]),
            (&["--config=a/b.json", "--config-name=a.json"],        &["-config-name"]),
            (&["--config-source=a", "--config-name=a.json", "--config-refresh=1"], &[]),
            (&["--config-source=defaults://", "--config-refresh=1", "--config-name=a.json"],
             &["-config-name", "-config-refresh"]),
            // Those with the value that they have anyway.
            (&["--config-refresh=15", "--derivatives-limit=10GiB", "--repository-keep-metadata=false"],
             &["-config-refresh", "-derivatives-limit", "-repository-keep-metadata"]),
            (&["--config-derivatives-cache-uri=a", "--derivatives-limit=1GiB"], &[]),
            (&["--config-refresh=1", "--derivatives-limit=1GiB"],   &["-config-refresh", "-derivatives-limit"]),
            (&["--viewer=a", "--example=false"],                    &["-viewer"]),
            (&["--viewer=a", "--example"],                          &[]),
            (&["--repository-token-file=a", "--repository-thumbnail=9", "--repository-url-expiry=9"],
             &["-repository-token-file", "-repository-thumbnail", "-repository-url-expiry"]),
            (&["--repository", "--repository-token-file=a", "--repository-url-expiry=9"],
             &["-repository-url-expiry"]),
        ];
        for (given, expected) in cases {
            let matches = Args::command().get_matches_from(["iiif-server"].iter().chain(given));
            let args = Args::from_arg_matches(&matches).unwrap();
            let without_effect = of(&args, &matches);
            let flags: Vec<&str> = without_effect.iter().map(|(flag, ..)| *flag).collect();
            assert_eq!(flags, expected, "{given:?}");
        }
    }
}
