//! EvaluateCode: runs one function of a handler's code. It reads no API and changes nothing.
use serde_json::Value;

use crate::control_plane::appsync::input::Input;
use crate::data_plane::{EvaluateCodeRequest, evaluate_code};
use crate::protocol::response::AwsError;
use crate::store::Store;

const CODE_MAX: usize = 32_768;
const CONTEXT_MAX: usize = 28_000;

pub async fn evaluate(store: &Store, input: &Input<'_>) -> Result<Value, AwsError> {
    let runtime = input.structure("runtime")?.ok_or_else(|| input.missing_member("runtime"))?;
    runtime.require_enum_value("name", &["APPSYNC_JS"])?;
    runtime.require_text("runtimeVersion")?;
    let (code, context) = (input.require_text("code")?, input.require_text("context")?);
    input.check_text("code", code, 1, CODE_MAX, |_| true)?;
    input.check_text("context", context, 2, CONTEXT_MAX, |_| true)?;
    let context: Value = serde_json::from_str(context).map_err(|error| {
        AwsError::bad_request(format!("The context is not valid JSON: {error}"))
    })?;
    let request = EvaluateCodeRequest {
        code: code.to_owned(),
        context,
        function: input.text("function")?.map(str::to_owned),
        now_epoch_s: store.now_epoch_s(),
    };
    Ok(evaluate_code(request).await)
}
