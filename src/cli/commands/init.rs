//! `provision init`: writes a new spec from an init template.
use std::path::{Path, PathBuf};

use crate::cli::files::{make_folder, write};
use crate::cli::io::json;
use crate::cli::{Exit, Failure, Io};
use crate::render::shell::{assignment, word};
use provision_core::spec::schema;

/// A spec to start from, with its files.
struct InitTemplate {
    name: &'static str,
    about: &'static str,
    files: &'static [(&'static str, &'static str)],
    /// Values for the parameters without a default, to try it out.
    params: &'static [&'static str],
}

/// A file of the init template `$name`; its path in a new folder is the same as in this repository.
macro_rules! file {
    ($name:literal, $path:literal) => {
        ($path, include_str!(concat!("../../../templates/", $name, "/", $path)))
    };
}

const INIT_TEMPLATES: &[InitTemplate] = &[
    InitTemplate {
        name: "minimal",
        about: "one API, one key, one channel namespace",
        files: &[file!("minimal", "spec.yaml")],
        params: &[],
    },
    InitTemplate {
        name: "article",
        about: "API key and IAM, and logging with its own role",
        files: &[file!("article", "spec.yaml")],
        params: &[],
    },
    InitTemplate {
        name: "chat",
        about: "handlers that check and sign messages, users of a Cognito user pool",
        files: &[file!("chat", "spec.yaml"), file!("chat", "handlers/rooms.js")],
        params: &[],
    },
    InitTemplate {
        name: "cognito-lambda",
        about: "users of a Cognito user pool, and partners with a Lambda authorizer",
        files: &[file!("cognito-lambda", "spec.yaml")],
        params: &[],
    },
    InitTemplate {
        name: "data-sources",
        about: "events for a Lambda function, a DynamoDB table and an event bus",
        files: &[
            file!("data-sources", "spec.yaml"),
            file!("data-sources", "handlers/messages.js"),
            file!("data-sources", "handlers/alarms.js"),
        ],
        params: &["role=arn:aws:iam::123456789012:role/orders"],
    },
    InitTemplate {
        name: "stages",
        about: "one spec for several stages, with parameters",
        files: &[file!("stages", "spec.yaml"), file!("stages", "prod.yaml")],
        params: &[],
    },
];

/// The path of the schema in the init templates of this repository, and in a new folder.
const REPOSITORY_SCHEMA: &str = "../../schemas/spec.schema.json";
const WRITTEN_SCHEMA: &str = "spec.schema.json";

/// Create a new spec from an init template
///
/// Writes spec.yaml, its handlers, and the JSON Schema for editors. Never overwrites a file.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provision init
  provision init article chat
  provision init --list")]
pub struct Args {
    /// The init template
    #[arg(default_value = "minimal")]
    template: String,
    /// The folder to write to
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// List the init templates
    #[arg(long)]
    list: bool,
}

pub fn run(args: &Args, io: &mut Io) -> Result<Exit, Failure> {
    if args.list {
        let line = |template: &InitTemplate| format!("{:<15} {}\n", template.name, template.about);
        io.print_result(&INIT_TEMPLATES.iter().map(line).collect::<String>())?;
        return Ok(Exit::Done);
    }
    let Some(template) =
        INIT_TEMPLATES.iter().find(|init_template| init_template.name == args.template)
    else {
        let names: Vec<&str> = INIT_TEMPLATES.iter().map(|template| template.name).collect();
        let message = format!("unknown init template `{}`", args.template);
        return Err(Failure::new(Exit::Usage, message)
            .with_hint(format!("use one of {}", names.join(", "))));
    };
    let folder = io.path(&args.dir);
    let schema = json(schema());
    let with_schema = |text: &str| text.replace(REPOSITORY_SCHEMA, WRITTEN_SCHEMA);
    let files = template.files.iter().map(|(path, text)| (*path, with_schema(text)));
    let files: Vec<(&str, String)> = files.chain([(WRITTEN_SCHEMA, schema)]).collect();
    for (path, _) in &files {
        if folder.join(path).exists() {
            let message = format!("`{}` already exists", args.dir.join(path).display());
            return Err(Failure::error(message).with_hint("choose another directory"));
        }
    }
    for (path, text) in &files {
        let path = folder.join(path);
        make_folder(path.parent().unwrap_or(Path::new(".")))?;
        write(&path, text)?;
    }
    let spec = args.dir.join("spec.yaml");
    let spec = spec.strip_prefix(".").unwrap_or(&spec).display().to_string();
    let params = template.params.iter().map(|text| format!(" --param {}", assignment(text)));
    let params: String = params.collect();
    let command = format!("provision apply {}{params} --local", word(&spec));
    io.eprint_unless_quiet(&format!("wrote {spec}; try it: {command}\n"));
    Ok(Exit::Done)
}
