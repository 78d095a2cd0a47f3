//! What `docs/server.md` says, against what the program does.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

#[test]
fn the_table_of_flags_is_that_of_the_help() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_iiif-server"));
    let help = command.arg("-help").output().unwrap().stdout;
    let help = String::from_utf8(help).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/server.md");
    let docs = std::fs::read_to_string(path).unwrap();
    let (_, table) = docs.split_once("| Flag | Default | Meaning |").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `-"));
    let told: BTreeSet<&str> = rows.map(|row| row.split('`').next().unwrap()).collect();
    let known: BTreeSet<&str> = (help.lines())
        .filter_map(|line| line.split_once("--"))
        .filter(|(before, _)| before.chars().all(|c| " -,hV".contains(c)))
        .map(|(_, name)| &name[..name.find([' ', '[', '=']).unwrap_or(name.len())])
        .filter(|name| !["help", "version"].contains(name))
        .collect();
    assert_eq!(told, known);
    // It quotes those with spaces.
    let help = help.replace('"', "");
    for default in [
        "http://localhost:8080",
        "public, max-age=3600",
        "2",
        "error",
        "config.json",
        "text",
    ] {
        assert!(
            help.contains(&format!("[default: {default}]")),
            "{default}: {help}"
        );
        assert!(table.contains(default), "{default}");
    }
}
