//! Flags in the style of Go: `-flag value`, `-flag=value`, `--flag`, before or after arguments.

use std::ffi::{OsStr, OsString};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{ArgMatches, Command, CommandFactory, FromArgMatches};

/// The variables of the environment, as a value: tests pass their own.
#[derive(Clone, Debug, Default)]
pub struct Environment(Vec<(OsString, OsString)>);

impl Environment {
    /// Returns the variables of this process.
    #[must_use]
    pub fn of_process() -> Self {
        Self(std::env::vars_os().collect())
    }

    /// Returns the value of a variable; an empty one counts as not set.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&OsStr> {
        let found = self.0.iter().find(|(key, _)| key == name);
        found
            .map(|(_, value)| value.as_os_str())
            .filter(|value| !value.is_empty())
    }
}

impl<K: Into<OsString>, V: Into<OsString>> FromIterator<(K, V)> for Environment {
    fn from_iter<T: IntoIterator<Item = (K, V)>>(pairs: T) -> Self {
        Self(
            pairs
                .into_iter()
                .map(|(key, value)| (key.into(), value.into()))
                .collect(),
        )
    }
}

/// Reads a program's arguments.
///
/// Flags take one dash or two. A flag that the command line does not give is looked up as a
/// variable: each of `prefixes` in turn, then the flag's name in capitals with `_` for `-`
/// (`-config-source` is `IIIF_CONFIG_SOURCE`). The command line wins over the environment: a variable
/// is also passed over where it conflicts with a flag that is given.
///
/// # Errors
///
/// What clap answers: a wrong flag or value, or the texts of `-help` and `-version`; and a switch with its
/// value behind a space, which would be on, and the value an argument.
pub fn parse_args<T: CommandFactory + FromArgMatches>(
    args: impl IntoIterator<Item = OsString>,
    environment: &Environment,
    prefixes: &[&str],
) -> Result<T, clap::Error> {
    parse_args_and_matches(args, environment, prefixes).map(|(args, _)| args)
}

/// Does what [`parse_args`] does, and also returns what clap found: by [`ArgMatches::value_source`] flags that
/// are given, on the command line or by a variable, are told from those with their defaults.
///
/// # Errors
///
/// Those of [`parse_args`].
pub fn parse_args_and_matches<T: CommandFactory + FromArgMatches>(
    args: impl IntoIterator<Item = OsString>,
    environment: &Environment,
    prefixes: &[&str],
) -> Result<(T, ArgMatches), clap::Error> {
    let mut args: Vec<OsString> = two_dashes(args);
    let command = T::command();
    if let Some(error) = value_behind_a_space(&command, &args) {
        return Err(error);
    }
    // The first reading only tells which flags the command line gives: what is required may still
    // come from the environment, and what is wrong is reported by the second.
    let matches = match command
        .clone()
        .ignore_errors(true)
        .try_get_matches_from(&args)
    {
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
            ) =>
        {
            return Err(error);
        }
        matches => matches.ok(),
    };
    let flags = flags_of_environment(&command, matches.as_ref(), environment, prefixes);
    let first = 1.min(args.len());
    args.splice(first..first, flags);
    let matches = command.clone().try_get_matches_from(&args);
    matches
        .and_then(|matches| Ok((T::from_arg_matches(&matches)?, matches)))
        .map_err(|error| without_secrets(error, &command))
}

/// Returns an error for a switch such as `-report` with one of its values behind a space.
fn value_behind_a_space(command: &Command, args: &[OsString]) -> Option<clap::Error> {
    let flags = args.iter().take_while(|arg| *arg != "--");
    let pairs = flags.zip(args.iter().skip(1));
    pairs.into_iter().find_map(|(flag, value)| {
        let (name, value) = (flag.to_str()?.strip_prefix("--")?, value.to_str()?);
        let mut known = command.get_arguments();
        let switch = known.find(|arg| arg.get_long() == Some(name) && arg.is_require_equals_set())?;
        let mut values = switch.get_possible_values().into_iter();
        values.find(|one| one.matches(value, true))?;
        let message = format!(
            "`-{name} {value}` has a space, so that `{value}` is no value; expected `-{name}={value}`, or `./{value}` for a file of that name\n"
        );
        Some(clap::Error::raw(ErrorKind::InvalidValue, message))
    })
}

/// Takes out of an error what may be a secret: clap repeats what it cannot read, and a DSN or a URI may
/// stand behind the wrong flag.
fn without_secrets(error: clap::Error, command: &Command) -> clap::Error {
    let repeated = match error.kind() {
        ErrorKind::UnknownArgument => ContextKind::InvalidArg,
        _ => ContextKind::InvalidValue,
    };
    match error.get(repeated) {
        Some(ContextValue::String(text)) if may_hold_secret(text) => {}
        _ => return error,
    }
    // Suggestions and causes repeat it too.
    let mut hidden = clap::Error::new(error.kind()).with_cmd(command);
    for (kind, value) in error.context() {
        match kind {
            ContextKind::Suggested => {}
            kind if kind == repeated => {
                hidden.insert(kind, ContextValue::String("******".to_owned()));
            }
            kind => {
                hidden.insert(kind, value.clone());
            }
        }
    }
    hidden
}

/// Credentials, and URIs with a user or parameters; no value of other flags looks so.
fn may_hold_secret(text: &str) -> bool {
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let authority = match authority.rsplit_once(':') {
        // A port.
        Some((host, port)) if !scheme.is_empty() && port.parse::<u16>().is_ok() => host,
        _ => authority,
    };
    let marks = [':', '?', '@'];
    authority.contains(marks) || path.contains(marks) || text.contains("credentials=")
}

/// Go takes `-flag` for `--flag`. A lone `-`, a negative number, a flag of one letter and all that
/// follows `--` stay as they are.
fn two_dashes(args: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut only_arguments = false;
    let rewrite = |arg: OsString| {
        only_arguments |= arg == "--";
        let text = arg.to_string_lossy();
        let mut characters = text.chars();
        let is_flag = characters.next() == Some('-')
            && characters
                .next()
                .is_some_and(|character| character.is_ascii_alphabetic())
            && characters.next().is_some_and(|character| character != '=');
        if is_flag && !only_arguments {
            let mut flag = OsString::from("-");
            flag.push(&arg);
            flag
        } else {
            arg
        }
    };
    args.into_iter().map(rewrite).collect()
}

/// A conflict is declared by one of the two flags.
fn conflict(command: &Command, a: &clap::Arg, b: &clap::Arg) -> bool {
    let declared = |a: &clap::Arg, b: &clap::Arg| {
        command
            .get_arg_conflicts_with(a)
            .iter()
            .any(|other| other.get_id() == b.get_id())
    };
    declared(a, b) || declared(b, a)
}

fn flags_of_environment(
    command: &Command,
    matches: Option<&ArgMatches>,
    environment: &Environment,
    prefixes: &[&str],
) -> Vec<OsString> {
    let given = |id: &str| {
        let source = matches.and_then(|matches| matches.value_source(id));
        source == Some(ValueSource::CommandLine)
    };
    let flag = |arg: &clap::Arg| {
        let overruled = || {
            let mut given = command
                .get_arguments()
                .filter(|arg| given(arg.get_id().as_str()));
            given.any(|given| conflict(command, arg, given))
        };
        let long = arg
            .get_long()
            .filter(|_| !given(arg.get_id().as_str()) && !overruled())?;
        let name = long.to_ascii_uppercase().replace('-', "_");
        let value = prefixes
            .iter()
            .find_map(|prefix| environment.value(&format!("{prefix}{name}")))?;
        let mut flag = OsString::from(format!("--{long}="));
        flag.push(value);
        Some(flag)
    };
    command.get_arguments().filter_map(flag).collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser, PartialEq)]
    struct Args {
        #[arg(long)]
        config_source: Option<String>,
        #[arg(long, conflicts_with = "config_source")]
        config: Option<String>,
        #[arg(long, num_args = 0..=1, default_missing_value = "true", default_value_t = false,
              require_equals = true, action = clap::ArgAction::Set)]
        report: bool,
        uris: Vec<String>,
    }

    fn parse(args: &[&str], environment: &[(&str, &str)]) -> Args {
        let args = ["program"].iter().chain(args).map(OsString::from);
        let environment = environment.iter().copied().collect();
        parse_args(args, &environment, &["IIIF_", "IIIF_PROCESS_"]).unwrap()
    }

    #[test]
    fn flags_take_one_dash_or_two_before_or_after_arguments() {
        let expected = Args {
            config_source: Some("file:///x".to_owned()),
            config: None,
            report: true,
            uris: vec!["a.jpg".to_owned(), "b.jpg".to_owned()],
        };
        for args in [
            &["-config-source", "file:///x", "-report", "a.jpg", "b.jpg"][..],
            &["--config-source=file:///x", "a.jpg", "--report", "b.jpg"],
            &["a.jpg", "b.jpg", "-config-source=file:///x", "-report=true"],
        ] {
            assert_eq!(parse(args, &[]), expected, "{args:?}");
        }
        assert!(!parse(&["-report=false"], &[]).report);
        assert_eq!(parse(&["--", "-report"], &[]).uris, ["-report"]);
    }

    #[test]
    fn the_command_line_wins_over_the_environment_and_the_first_prefix_over_the_second() {
        let source = |args: &[&str], environment: &[(&str, &str)]| {
            parse(args, environment).config_source.unwrap_or_default()
        };
        let short = ("IIIF_CONFIG_SOURCE", "short");
        let long = ("IIIF_PROCESS_CONFIG_SOURCE", "long");
        assert_eq!(source(&[], &[short, long]), "short");
        assert_eq!(source(&[], &[long]), "long");
        assert_eq!(source(&["-config-source", "flag"], &[short, long]), "flag");
        assert_eq!(source(&[], &[("IIIF_CONFIG_SOURCE", "")]), "");
        assert!(parse(&["a.jpg"], &[("IIIF_REPORT", "true")]).report);
        assert!(!parse(&["-report=false"], &[("IIIF_REPORT", "true")]).report);
        let other_way = parse(&["-config", "x.json"], &[short]);
        assert_eq!(
            (other_way.config.as_deref(), other_way.config_source),
            (Some("x.json"), None)
        );
    }

    #[test]
    fn flags_with_their_defaults_are_told_from_those_that_are_given() {
        let source = |args: &[&str], environment: &[(&str, &str)]| {
            let args = ["program"].iter().chain(args).map(OsString::from);
            let environment = environment.iter().copied().collect();
            let (_, matches): (Args, _) =
                parse_args_and_matches(args, &environment, &["IIIF_"]).unwrap();
            matches.value_source("report")
        };
        let given = Some(ValueSource::CommandLine);
        assert_eq!(source(&[], &[]), Some(ValueSource::DefaultValue));
        assert_eq!(source(&["-report=false"], &[]), given);
        assert_eq!(source(&[], &[("IIIF_REPORT", "false")]), given);
    }

    #[test]
    fn a_switch_with_its_value_behind_a_space_is_refused() {
        for args in [&["-report", "false"][..], &["--report", "TRUE", "a.jpg"]] {
            let args = ["program"].iter().chain(args).map(OsString::from);
            let error = parse_args::<Args>(args, &Environment::default(), &[]).unwrap_err();
            let text = error.to_string().to_lowercase();
            assert!(text.contains("expected `-report="), "{text}");
        }
        assert_eq!(parse(&["-report", "./false"], &[]).uris, ["./false"]);
        assert_eq!(parse(&["--", "-report", "false"], &[]).uris.len(), 2);
    }

    #[test]
    fn what_may_be_a_secret_is_not_repeated() {
        for arg in [
            "-report=static:ID:hunter2:T",
            "-report=region=r credentials=AKID/hunter2",
            "-report=s3://bucket?credentials=hunter2",
            "-static:ID:hunter2:T",
            "-credentials=static:ID:hunter2:T",
        ] {
            let args = ["program", arg].map(OsString::from);
            let error = parse_args::<Args>(args, &Environment::default(), &[]).unwrap_err();
            let text = error.to_string();
            assert!(!text.contains("hunter2"), "{text}");
            let is_named = text.contains("'--report") && text.contains("true, false");
            assert!(is_named || text.contains("unexpected"), "{text}");
        }
        let args = ["program", "-report=maybe"].map(OsString::from);
        let error = parse_args::<Args>(args, &Environment::default(), &[]).unwrap_err();
        assert!(error.to_string().contains("'maybe'"), "{error}");
    }

    #[test]
    fn an_unknown_flag_is_an_error() {
        let args = ["program", "-nonsense"].map(OsString::from);
        let error = parse_args::<Args>(args, &Environment::default(), &[]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnknownArgument);
    }
}
