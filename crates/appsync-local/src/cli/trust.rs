//! The command `trust`: how clients can trust the emulator's certificates. It never changes what the machine
//! trusts, and never prints the authority's key.
use std::path::{Path, PathBuf};

use crate::cli::environment::{CommandError, DATA_DIR, Environment};
use crate::server::tls::{CERTIFICATE_FILE, CertificateAuthority};
use crate::state::files::create_private_folder;

/// Show how clients can trust the emulator's certificates
///
/// The emulator serves HTTPS with its own certificate authority, created on first use and stored next to
/// its state. This prints where its certificate is, and how to configure each client to use it. The authority's
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

/// Environment variables, and the clients that read each.
const VARIABLES: [(&str, &str); 4] = [
    ("NODE_EXTRA_CA_CERTS", "Node.js, in addition to the built-in authorities"),
    (
        "AWS_CA_BUNDLE",
        "the AWS CLI and boto3, instead of the built-in authorities; provision, in addition",
    ),
    ("CURL_CA_BUNDLE", "curl, instead of the built-in authorities; `--cacert FILE` for one call"),
    (
        "SSL_CERT_FILE",
        "Python, Ruby, Go and other users of OpenSSL, instead of the built-in authorities",
    ),
];

impl TrustArgs {
    /// Returns the text to print, and creates the certificate authority if there is none.
    ///
    /// # Errors
    ///
    /// Fails if the certificate authority cannot be read or created.
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
                let line = |(name, meaning): &(&str, &str)| format!("  {name:<20} {meaning}\n");
                let lines: String = VARIABLES.iter().map(line).collect();
                format!(
                    "{path}\n\n\
                     A client trusts the emulator if it is configured with this file: set the client's variable to the path.\n{lines}\
                     `--format env` prints the variables for a shell.\n\
                     In a browser, import the file in the settings, under authorities. Pages with Amplify require it, because Amplify opens wss:// even if the URL is http://;\n\
                     other pages on this machine reach the emulator with http:// and ws:// without it.\n"
                )
            }
        };
        Ok(text)
    }
}

/// Quotes any text for a POSIX shell.
fn shell_quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Reads the certificate authority in `folder`, or creates it.
pub fn load_authority(
    folder: &Path,
    environment: &Environment,
) -> Result<CertificateAuthority, CommandError> {
    let authority = create_private_folder(folder)
        .and_then(|()| CertificateAuthority::load_or_create(folder, environment.now_epoch_s()));
    authority.map_err(|error| {
        CommandError::new(format!(
            "cannot read or create the certificate authority in `{}`: {error}",
            folder.display()
        ))
    })
}
