//! Specs of a given size, as text.
use std::sync::Arc;

use provision_core::diagnostic::ReferencedFile;
use provision_core::kind::Files;

/// The handler file of every spec, as people write them.
#[derive(Debug)]
pub struct Handler;

impl Files for Handler {
    fn file(&self, path: &str) -> Result<Arc<ReferencedFile>, String> {
        match path {
            "handler.js" => {
                Ok(ReferencedFile::relative_to("spec.yaml", path, HANDLER.to_owned()).into())
            }
            _ => Err("no such file".to_owned()),
        }
    }
}

pub const HANDLER: &str = "import { util } from '@aws-appsync/utils'

export function onPublish(ctx) {
  return ctx.events.filter((event) => event.payload.text !== undefined)
}

export function onSubscribe(ctx) {
  if (ctx.info.channel.segments.length < 2) {
    util.unauthorized()
  }
}
";

/// A valid spec: `apis` APIs of `namespaces` channel namespaces and `keys` keys each.
pub fn spec(apis: usize, namespaces: usize, keys: usize) -> String {
    let mut text = "version: 1\nstack: bench\nlogRoles: { logs: {} }\napis:\n".to_owned();
    for api in 0..apis {
        text.push_str(&format!(
            "  api-{api}:\n    ownerContact: realtime team\n    auth:\n      providers: [API_KEY, AWS_IAM]\n      publish: [AWS_IAM]\n    logging: {{ level: ERROR, role: logs }}\n    apiKeys:\n      web: {{ description: Browser clients, validFor: 90d }}\n"
        ));
        for key in 1..keys {
            text.push_str(&format!("      key-{key}: {{ validFor: 90d, renewBefore: 14d }}\n"));
        }
        text.push_str("    namespaces:\n");
        for namespace in 0..namespaces {
            text.push_str(&match namespace % 3 {
                0 => format!("      room-{namespace}: {{}}\n"),
                1 => format!("      room-{namespace}: {{ publish: [AWS_IAM], subscribe: [API_KEY] }}\n"),
                _ => format!("      room-{namespace}:\n        subscribe: [API_KEY, AWS_IAM]\n        handlers: {{ code: handler.js }}\n"),
            });
        }
    }
    text
}
