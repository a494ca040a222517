//! The modules that a handler may import, from the folder `modules`. There are no others.
use rquickjs::loader::{ImportAttributes, Loader, Resolver};
use rquickjs::module::Declared;
use rquickjs::{Ctx, Error, Module, Result};

/// Runs before every handler.
pub const PRELUDE: &str = include_str!("modules/prelude.js");
/// The module that instrumented loops import.
pub const LOOPS: &str = "provision:loops";

const MODULES: &[(&str, &str)] = &[
    ("@aws-appsync/utils", include_str!("modules/utils.js")),
    ("@aws-appsync/utils/dynamodb", include_str!("modules/dynamodb.js")),
    ("@aws-appsync/utils/rds", include_str!("modules/rds.js")),
    ("@aws-appsync/utils/ai", include_str!("modules/ai.js")),
    (LOOPS, include_str!("modules/loops.js")),
];

/// Resolves and loads modules.
#[derive(Clone, Copy, Debug)]
pub struct Modules;

impl Resolver for Modules {
    fn resolve<'js>(
        &mut self,
        _ctx: &Ctx<'js>,
        base: &str,
        name: &str,
        _attributes: Option<ImportAttributes<'js>>,
    ) -> Result<String> {
        let ours = |text: &str| MODULES.iter().any(|(name, _)| *name == text);
        let may = match name {
            LOOPS => true,
            "provision:prelude" => ours(base),
            name => ours(name),
        };
        if may {
            return Ok(name.to_owned());
        }
        let theirs = MODULES.iter().map(|(name, _)| *name).filter(|text| text.starts_with('@'));
        let message = format!("a handler may import {}", theirs.collect::<Vec<_>>().join(", "));
        Err(Error::new_resolving_message(base, name, message))
    }
}

impl Loader for Modules {
    fn load<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        path: &str,
        _attributes: Option<ImportAttributes<'js>>,
    ) -> Result<Module<'js, Declared>> {
        let found = MODULES.iter().find(|(name, _)| *name == path);
        let (name, text) = found.ok_or_else(|| Error::new_loading(path))?;
        Module::declare(ctx.clone(), *name, *text)
    }
}
