//! `trust`: how clients are made to trust the certificates of the emulator.
use std::path::{Path, PathBuf};

use crate::cli::emulator::DATA_DIR;
use crate::cli::environment::{CommandError, Environment};
use crate::server::tls::{CERTIFICATE_FILE, CertificateAuthority};
use crate::state::folder::create_private_folder;

/// Show how clients can trust the emulator's certificates
///
/// The emulator serves HTTPS with its own certificate authority, created on first use and stored next to
/// its state. This prints where its certificate is, and what makes each client use it. The authority's
/// key never leaves the folder; anyone who has it can pose as any site to clients that trust it, so trust it
/// for single commands rather than for the whole machine.
#[derive(Debug, clap::Args)]
pub struct TrustArgs {
    /// The folder of the emulator's state
    #[arg(long, value_name = "DIR", default_value = DATA_DIR)]
    data_dir: PathBuf,
    /// What to print
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: TrustFormat,
}

/// What `trust` prints.
#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
pub enum TrustFormat {
    /// The certificate's path and what to do with it
    #[default]
    Human,
    /// `export` lines for a shell
    Env,
    /// The path alone
    Path,
}

/// What the variables do, with their names.
const VARIABLES: [(&str, &str); 4] = [
    ("NODE_EXTRA_CA_CERTS", "Node.js, in addition to the authorities that it knows"),
    ("AWS_CA_BUNDLE", "the AWS CLI and boto3, in place of those they know; provision, besides"),
    ("CURL_CA_BUNDLE", "curl, in place of those it knows; `--cacert FILE` for one call"),
    (
        "SSL_CERT_FILE",
        "Python, Ruby, Go and what else builds on OpenSSL, in place of those they know",
    ),
];

impl TrustArgs {
    /// What is to be printed; the certificate authority is made if there is none.
    ///
    /// # Errors
    ///
    /// Fails when the authority can't be read or made.
    pub fn text(&self, environment: &Environment) -> Result<String, CommandError> {
        let folder = environment.path(&self.data_dir);
        load_authority(&folder, environment)?;
        let path = std::path::absolute(folder.join(CERTIFICATE_FILE))?;
        let path = path.display();
        let text = match self.format {
            TrustFormat::Path => format!("{path}\n"),
            TrustFormat::Env => VARIABLES
                .iter()
                .map(|(name, _)| format!("export {name}={}\n", shell_quote(&path.to_string())))
                .collect(),
            TrustFormat::Human => {
                let line = |(name, what): &(&str, &str)| format!("  {name:<20} {what}\n");
                let lines: String = VARIABLES.iter().map(line).collect();
                format!(
                    "{path}\n\nA client trusts the emulator if it is configured with this file. Set to its path,\n{lines}\
                 make the client of each line do so; `--format env` prints them for a shell.\n\
                 A browser takes it in its settings, under authorities. Pages with Amplify need that, for it opens wss:// even for an address with http://;\n\
                 other pages on this machine reach the emulator by http:// and ws:// without it.\n"
                )
            }
        };
        Ok(text)
    }
}

/// In single quotes, as a POSIX shell takes any text.
fn shell_quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The authority in `folder`, made if need be.
pub fn load_authority(
    folder: &Path,
    environment: &Environment,
) -> Result<CertificateAuthority, CommandError> {
    let made = create_private_folder(folder)
        .and_then(|()| CertificateAuthority::load_or_create(folder, environment.now_epoch_s()));
    made.map_err(|error| {
        CommandError::new(format!(
            "cannot read or create the certificate authority in {}: {error}",
            folder.display()
        ))
    })
}
