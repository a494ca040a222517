//! Lambda functions as data sources.
use serde_json::Value;

use crate::data_plane::handlers::sources::{Failed, Source, malformed};

/// The function of a data source that is one.
pub fn function(members: &Value) -> Option<&str> {
    members["lambdaConfig"]["lambdaFunctionArn"].as_str()
}

pub async fn ask(source: &Source<'_>, request: &Value) -> Result<Value, Failed> {
    if request["operation"] != "Invoke" {
        return Err(malformed("a request to a Lambda function has the operation 'Invoke'"));
    }
    let waits = match request["invocationType"].as_str() {
        None | Some("RequestResponse") => true,
        Some("Event") => false,
        Some(other) => {
            let message =
                format!("the invocation type `{other}` is neither RequestResponse nor Event");
            return Err(malformed(message));
        }
    };
    let function =
        function(source.members).ok_or_else(|| malformed("the data source names no function"))?;
    let invoked = source.plane.outbound.invoke(function, waits, &request["payload"]).await;
    let invoked = invoked.map_err(|message| ("LambdaException".to_owned(), message))?;
    match invoked.error() {
        Some(message) => Err(("Lambda:Unhandled".to_owned(), message)),
        None => Ok(invoked.payload),
    }
}
