//! The command of the container: a call of `iiif-process`.

/// The program in the container.
const PROGRAM: &str = "/bin/iiif-process";

/// A call of `iiif-process` in the container, but for what it processes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ContainerCommand {
    /// The path of the config in the container. Default: `/etc/go-iiif/config.json`.
    pub config: String,
    /// The path of the instructions in the container. Default: `/etc/go-iiif/instructions.json`.
    pub instructions: String,
    /// The name of the reports to write. Default: none are written.
    pub report_name: Option<String>,
}

/// What a container processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContainerInput<'a> {
    /// URIs, as arguments.
    Uris(&'a [String]),
    /// The object of a bucket with a URI a line.
    Manifest(&'a str),
}

impl Default for ContainerCommand {
    fn default() -> Self {
        Self {
            config: "/etc/go-iiif/config.json".to_owned(),
            instructions: "/etc/go-iiif/instructions.json".to_owned(),
            report_name: None,
        }
    }
}

impl ContainerCommand {
    /// Returns the program and its arguments.
    #[must_use]
    pub fn to_args(&self, input: ContainerInput<'_>) -> Vec<String> {
        let mut args = vec![
            PROGRAM,
            "-config",
            &self.config,
            "-instructions",
            &self.instructions,
        ];
        if let Some(name) = &self.report_name {
            args.extend(["-report", "-report-name", name]);
        }
        match input {
            // Names without a scheme may begin with a dash.
            ContainerInput::Uris(uris) => {
                args.push("--");
                args.extend(uris.iter().map(String::as_str));
            }
            ContainerInput::Manifest(uri) => args.extend(["-manifest", uri]),
        }
        args.into_iter().map(str::to_owned).collect()
    }
}
