//! `provision render`: the same stack as CloudFormation templates.
use std::cell::RefCell;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::cli::load::sound_as;
use crate::cli::{Exit, Failure, Io};
use provision_cfn::render::{Template, limits, split, template};
use provision_cfn::yaml;
use provision_core::spec::{Given, Spec, shared_ids};

/// Render the spec as a CloudFormation template
///
/// The same spec and the same --now give the same bytes. References become !GetAtt and !Sub, parameters stay parameters, endpoints become outputs.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provision render spec.yaml --cfn > template.yaml
  provision render spec.yaml --cfn --format json --out template.json
  provision render spec.yaml --cfn --split --out templates/
  aws cloudformation deploy --template-file template.yaml --stack-name sample --capabilities CAPABILITY_IAM")]
pub struct Args {
    /// The spec; `-` for standard input
    spec: PathBuf,
    /// As a CloudFormation template
    #[arg(long, required = true)]
    cfn: bool,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Write it to this file instead of standard output; with --split, to this folder
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Render a template for each API, with the roles and domains that it needs
    #[arg(long, requires = "out")]
    split: bool,
    /// Have the API keys themselves among the outputs, where everybody who may read the stack sees them
    #[arg(long)]
    export_keys: bool,
}

#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum Format {
    /// YAML with short-form intrinsics
    #[default]
    Yaml,
    /// JSON
    Json,
}

impl Format {
    fn text(self, template: &Value) -> String {
        match self {
            Self::Yaml => yaml::to_string(template),
            Self::Json => format!("{template:#}\n"),
        }
    }
    fn suffix(self) -> &'static str {
        match self {
            Self::Yaml => "yaml",
            Self::Json => "json",
        }
    }
}

pub fn run(args: &Args, io: &mut Io) -> Result<Exit, Failure> {
    // Made where they are checked, and kept to be written.
    let rendered = RefCell::new(Vec::new());
    let check = |spec: &Spec| {
        let templates = match args.split {
            true => split(spec, args.export_keys),
            false => vec![template(spec, args.export_keys)],
        };
        let text = |it: Template| (args.format.text(&it.document), it);
        let texts: Vec<(String, Template)> = templates.into_iter().map(text).collect();
        let problems = limits::check(spec, &texts, args.split);
        rendered.replace(texts);
        problems
    };
    let spec = sound_as(&args.spec, &Given::new(), &check, io)?;
    if let Some((id, first, second)) = shared_ids(&spec.desired).first() {
        let message = format!("{first} and {second} would share the logical id `{id}`");
        return Err(Failure::error(message).hint("give one of the two another `logicalId:`"));
    }
    if spec.desired.is_empty() {
        return Err(Failure::error("a template needs a resource, and this spec declares none")
            .hint("declare an API under `apis:`"));
    }
    if args.out.as_ref().is_some_and(|out| is_same(&io.path(out), &io.path(&args.spec))) {
        let message = "--out names the spec itself, which the template would replace";
        return Err(Failure::new(Exit::Usage, message).hint("write it to another file"));
    }
    let rendered = rendered.into_inner();
    match (&args.out, args.split) {
        (Some(folder), true) => write_each(&rendered, folder, args.format, io)?,
        (Some(path), false) => write(&io.path(path), &rendered[0].0)?,
        (None, _) => io.result(&rendered[0].0)?,
    }
    Ok(Exit::Done)
}

/// Whether both paths lead to one file.
fn is_same(one: &Path, two: &Path) -> bool {
    match (one.canonicalize(), two.canonicalize()) {
        (Ok(one), Ok(two)) => one == two,
        _ => false,
    }
}

/// Writes the template of each API under its name, and one for the rest.
fn write_each(
    rendered: &[(String, Template)],
    folder: &Path,
    format: Format,
    io: &mut Io,
) -> Result<(), Failure> {
    make_folder(&io.path(folder))?;
    for (text, template) in rendered {
        let name = template.api.as_ref().map(|api| format!("{api}.")).unwrap_or_default();
        let path = folder.join(format!("{name}template.{}", format.suffix()));
        write(&io.path(&path), text)?;
        io.note(&format!("{} is written\n", path.display()));
    }
    Ok(())
}

/// Makes a folder, and those around it, where they are not there yet.
pub fn make_folder(folder: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(folder).map_err(|error| {
        let reason = match error.kind() {
            std::io::ErrorKind::AlreadyExists => "a file has that name".to_owned(),
            std::io::ErrorKind::NotADirectory => "its path leads through a file".to_owned(),
            _ => error.to_string(),
        };
        Failure::error(format!("the folder {} can't be made: {reason}", folder.display()))
            .hint("name another folder")
    })
}

/// Writes a file whole or not at all, as a user's other files are.
pub fn write(path: &Path, text: &str) -> Result<(), Failure> {
    write_as(path, text, 0o644)
}

/// Writes a file that nobody else may read.
pub fn write_private(path: &Path, text: &str) -> Result<(), Failure> {
    write_as(path, text, 0o600)
}

fn write_as(path: &Path, text: &str, mode: u32) -> Result<(), Failure> {
    must_take_a_file(path)?;
    let path = &led_to(path);
    let failed = |reason: String| unwritten(path, &reason);
    let folder = folder_of(path);
    // The kind alone: the whole error would name a file that nobody asked for.
    let aside = tempfile::NamedTempFile::new_in(folder);
    let mut file = aside.map_err(|error| {
        failed(format!("no file can be made in {}: {}", folder.display(), error.kind()))
            .hint("choose another place, or change what the folder allows")
    })?;
    let written = std::io::Write::write_all(&mut file, text.as_bytes()).and_then(|()| {
        #[cfg(unix)]
        std::fs::set_permissions(file.path(), std::os::unix::fs::PermissionsExt::from_mode(mode))?;
        #[cfg(not(unix))]
        let _ = mode;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    });
    written.map_err(|error| failed(error.kind().to_string()))
}

/// Refuses a path at which no file can be.
pub fn must_take_a_file(path: &Path) -> Result<(), Failure> {
    let path = &led_to(path);
    let (folder, failed) = (folder_of(path), |reason: String| unwritten(path, &reason));
    let shown = folder.display();
    if !folder.is_dir() {
        let failure = failed(format!("there is no folder {shown}"));
        return Err(failure.hint(format!("make it: `mkdir -p {shown}`")));
    }
    if path.exists() && !path.is_file() {
        let failure = failed("there is something else than a file".into());
        return Err(failure.hint("name a file, or leave it out for standard output"));
    }
    Ok(())
}

/// What a link leads to is written, not the link.
fn led_to(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn unwritten(path: &Path, reason: &str) -> Failure {
    Failure::error(format!("{} can't be written: {reason}", path.display()))
}
