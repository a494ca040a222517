//! Invokes Lambda functions over the Invoke API of a local runtime
//! (docs/reference/data-sources.md#invoking-functions).
use serde_json::Value;

use crate::data_plane::outbound::client::{OutboundClient, OutboundRequest};

/// The Region of a function without an ARN.
const DEFAULT_REGION: &str = "us-east-1";

/// The result of an invocation.
#[derive(Clone, Debug, PartialEq)]
pub struct InvocationResult {
    /// Null if the invocation did not wait for the function.
    pub payload: Value,
    /// Whether the function failed. Then `payload` is its error.
    pub failed: bool,
}

impl InvocationResult {
    /// Returns the function's error: `errorType` and `errorMessage`.
    pub fn error(&self) -> Option<String> {
        if !self.failed {
            return None;
        }
        let text = |name: &str| self.payload[name].as_str().filter(|text| !text.is_empty());
        Some(match (text("errorType"), text("errorMessage")) {
            (Some(kind), Some(message)) => format!("{kind}: {message}"),
            (Some(result), None) | (None, Some(result)) => result.to_owned(),
            (None, None) => "the function failed without an error message".to_owned(),
        })
    }
}

impl OutboundClient {
    /// Invokes a function, by name, ARN or API Gateway's invocation ARN, and waits for its result if `wait`. Fails if
    /// the function cannot be invoked.
    pub async fn invoke(
        &self,
        function: &str,
        wait: bool,
        payload: &Value,
    ) -> Result<InvocationResult, String> {
        let function = FunctionRef::parse(function)?;
        let Some(endpoint) = &self.lambda_endpoint else {
            return Err(format!(
                "cannot invoke the function {}: the emulator runs no functions; set an endpoint that does with `provision local --lambda-endpoint URL`, such as http://127.0.0.1:3001 of `sam local start-lambda`",
                function.name
            ));
        };
        let kind = if wait { "RequestResponse" } else { "Event" };
        let request =
            OutboundRequest::post(function.url(endpoint), payload.to_string().into_bytes())
                .with_header("content-type", "application/json")
                .with_header("x-amz-invocation-type", kind)
                .signed_for("lambda", &function.region);
        let response = self
            .send(request)
            .await
            .map_err(|error| format!("cannot reach the function {}: {error}", function.name))?;
        if !response.is_success() {
            let text = String::from_utf8_lossy(&response.body);
            let text: String = text.chars().take(ERROR_TEXT_MAX).collect();
            return Err(format!(
                "cannot invoke the function {}: the endpoint responded with status {}: {}",
                function.name,
                response.status,
                text.trim()
            ));
        }
        if !wait {
            return Ok(InvocationResult { payload: Value::Null, failed: false });
        }
        let is_marked =
            response.header("x-amz-function-error").is_some_and(|text| !text.is_empty());
        if response.body.is_empty() {
            return Ok(InvocationResult { payload: Value::Null, failed: is_marked });
        }
        let payload = serde_json::from_slice(&response.body).map_err(|error| {
            format!("the response of the function {} is not valid JSON: {error}", function.name)
        })?;
        Ok(InvocationResult { failed: is_marked || is_error(&payload), payload })
    }
}

/// Characters of an endpoint's error that are reported.
const ERROR_TEXT_MAX: usize = 300;

/// Whether a payload is an error of a runtime. The Runtime Interface Emulator does not mark errors.
fn is_error(payload: &Value) -> bool {
    const MEMBERS: &[&str] =
        &["errorMessage", "errorType", "stackTrace", "trace", "requestId", "cause"];
    payload.as_object().is_some_and(|members| {
        members.contains_key("errorMessage")
            && members.contains_key("errorType")
            && members.keys().all(|name| MEMBERS.contains(&name.as_str()))
    })
}

/// A reference to a function.
#[derive(Debug, PartialEq, Eq)]
struct FunctionRef {
    name: String,
    /// A version or an alias.
    qualifier: Option<String>,
    region: String,
}

impl FunctionRef {
    fn parse(text: &str) -> Result<Self, String> {
        let invalid = || format!("{text:?} is neither a function's name nor its ARN");
        // API Gateway's: arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/ARN/invocations
        let inner = text.split_once("/functions/").map(|(_, item)| item);
        let inner = inner.map_or(text, |text| text.strip_suffix("/invocations").unwrap_or(text));
        let (region, rest) = match inner.strip_prefix("arn:") {
            Some(arn) => {
                let parts: Vec<&str> = arn.splitn(6, ':').collect();
                let [_, "lambda", region, _, "function", rest] = parts.as_slice() else {
                    return Err(invalid());
                };
                (*region, *rest)
            }
            None => (DEFAULT_REGION, inner),
        };
        let (name, qualifier) = match rest.split_once(':') {
            Some((name, qualifier)) => (name, Some(qualifier.to_owned())),
            None => (rest, None),
        };
        let letter = |letter: char| letter.is_ascii_alphanumeric() || "-_$.".contains(letter);
        let is_valid = |text: &str| !text.is_empty() && text.chars().all(letter);
        if !is_valid(name) || !qualifier.as_deref().is_none_or(is_valid) {
            return Err(invalid());
        }
        Ok(Self { name: name.to_owned(), qualifier, region: region.to_owned() })
    }

    /// Returns the URL of the invocation: below `endpoint`, unless that is the URL of one function.
    fn url(&self, endpoint: &str) -> String {
        let endpoint = endpoint.trim_end_matches('/');
        if endpoint.ends_with("/invocations") {
            return endpoint.to_owned();
        }
        let query =
            self.qualifier.as_ref().map(|text| format!("?Qualifier={text}")).unwrap_or_default();
        format!("{endpoint}/2015-03-31/functions/{}/invocations{query}", self.name)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
    use serde_json::json;

    use super::*;
    use crate::data_plane::testing::{Stub, response};
    use crate::store::Store;

    fn outbound(endpoint: Option<String>) -> OutboundClient {
        let clock = SharedTimeSource::new(SystemTimeSource::new());
        OutboundClient::new(Arc::clone(&Store::in_memory(clock)), endpoint)
    }

    #[test]
    fn functions_are_referenced_in_every_way_that_appsync_accepts() {
        let check = |text: &str, expected: &str| {
            let url = FunctionRef::parse(text).map(|function_ref| {
                format!("{} {}", function_ref.region, function_ref.url("http://h/"))
            });
            assert_eq!(url.unwrap_or_default(), expected, "{text}");
        };
        let result = "http://h/2015-03-31/functions/f/invocations";
        check("f", &format!("us-east-1 {result}"));
        check("arn:aws:lambda:eu-west-1:1:function:f", &format!("eu-west-1 {result}"));
        check(
            "arn:aws:lambda:eu-west-1:1:function:f:live",
            &format!("eu-west-1 {result}?Qualifier=live"),
        );
        check(
            "arn:aws:apigateway:r:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:1:function:f/invocations",
            &format!("eu-west-1 {result}"),
        );
        check("", "");
        check("arn:aws:sqs:r:1:q", "");
        check("../f", "");
        let whole = "http://h/2015-03-31/functions/function/invocations";
        assert_eq!(FunctionRef::parse("f").unwrap().url(whole), whole);
    }

    #[tokio::test]
    async fn a_function_returns_or_fails_or_is_invoked_asynchronously() {
        let stub = Stub::serve(|request| match request.body.as_slice() {
            b"1" => response(200, r#"{"a":1}"#),
            b"2" => response(200, r#"{"errorMessage":"no","errorType":"Error","stackTrace":[]}"#),
            b"3" => response(202, ""),
            b"4" => response(404, r#"{"Message":"Function not found: f"}"#),
            b"5" => response(200, "<html>"),
            _ => {
                let mut response = response(200, "null");
                response.headers_mut().insert("x-amz-function-error", "Unhandled".parse().unwrap());
                response
            }
        })
        .await;
        let outbound = outbound(Some(stub.url.clone()));
        let invoke = async |n: u8, wait| outbound.invoke("f", wait, &json!(n)).await;
        let result = invoke(1, true).await.unwrap();
        assert_eq!((result.payload.clone(), result.error()), (json!({"a": 1}), None));
        assert_eq!(invoke(2, true).await.unwrap().error().unwrap(), "Error: no");
        assert!(!invoke(3, false).await.unwrap().failed);
        assert!(
            invoke(4, true).await.unwrap_err().contains("404: {\"Message\":\"Function not found")
        );
        assert!(invoke(5, true).await.unwrap_err().contains("not valid JSON"));
        assert!(
            invoke(6, true).await.unwrap().error().unwrap().contains("without an error message")
        );
        let requests = stub.requests();
        assert_eq!(requests[0].uri, "/2015-03-31/functions/f/invocations");
        assert_eq!(requests[0].headers["x-amz-invocation-type"], "RequestResponse");
        assert_eq!(requests[2].headers["x-amz-invocation-type"], "Event");
    }

    #[tokio::test]
    async fn without_an_endpoint_the_error_explains_how_to_set_one() {
        let error = outbound(None).invoke("f", true, &Value::Null).await.unwrap_err();
        assert!(error.contains("provision local --lambda-endpoint URL"), "{error}");
    }
}
