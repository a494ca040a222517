//! Lambda functions, over the Invoke API of a local runtime
//! (docs/reference/data-sources.md#invoking-functions).
use serde_json::Value;

use crate::data_plane::outbound::client::{OutboundClient, OutboundRequest};

/// In which a function is that is only named.
const DEFAULT_REGION: &str = "us-east-1";

/// What a function answered.
#[derive(Clone, Debug, PartialEq)]
pub struct InvocationResult {
    /// Null of a function that was not waited for.
    pub payload: Value,
    /// Whether it is the function that failed: then `payload` is its error.
    pub failed: bool,
}

impl InvocationResult {
    /// What the function's error says: `errorMessage`, with `errorType` before it.
    pub fn error(&self) -> Option<String> {
        if !self.failed {
            return None;
        }
        let text = |name: &str| self.payload[name].as_str().filter(|it| !it.is_empty());
        Some(match (text("errorType"), text("errorMessage")) {
            (Some(kind), Some(message)) => format!("{kind}: {message}"),
            (Some(one), None) | (None, Some(one)) => one.to_owned(),
            (None, None) => "the function failed and does not say why".to_owned(),
        })
    }
}

impl OutboundClient {
    /// Invokes a function, by name, ARN or API Gateway's invocation ARN; with `wait`, waits for what it
    /// answers. An error is one of reaching it.
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
        let answer = self
            .send(request)
            .await
            .map_err(|error| format!("the function {} can't be reached: {error}", function.name))?;
        if !answer.is_success() {
            let said = String::from_utf8_lossy(&answer.body);
            let said: String = said.chars().take(ERROR_TEXT_MAX).collect();
            return Err(format!(
                "the function {} can't be invoked: the endpoint answered {}: {}",
                function.name,
                answer.status,
                said.trim()
            ));
        }
        if !wait {
            return Ok(InvocationResult { payload: Value::Null, failed: false });
        }
        let marked = answer.header("x-amz-function-error").is_some_and(|it| !it.is_empty());
        if answer.body.is_empty() {
            return Ok(InvocationResult { payload: Value::Null, failed: marked });
        }
        let payload = serde_json::from_slice(&answer.body)
            .map_err(|error| format!("the function {} answered no JSON: {error}", function.name))?;
        Ok(InvocationResult { failed: marked || is_error(&payload), payload })
    }
}

/// As much of an endpoint's complaint as anybody reads.
const ERROR_TEXT_MAX: usize = 300;

/// Whether a payload is an error as runtimes write it: the Runtime Interface Emulator does not mark it.
fn is_error(payload: &Value) -> bool {
    const MEMBERS: &[&str] =
        &["errorMessage", "errorType", "stackTrace", "trace", "requestId", "cause"];
    payload.as_object().is_some_and(|it| {
        it.contains_key("errorMessage")
            && it.contains_key("errorType")
            && it.keys().all(|name| MEMBERS.contains(&name.as_str()))
    })
}

/// Which function is meant.
#[derive(Debug, PartialEq, Eq)]
struct FunctionRef {
    name: String,
    /// A version or an alias.
    qualifier: Option<String>,
    region: String,
}

impl FunctionRef {
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is neither a function's name nor its ARN");
        // API Gateway's: arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/ARN/invocations
        let inner = text.split_once("/functions/").map(|(_, it)| it);
        let inner = inner.map_or(text, |it| it.strip_suffix("/invocations").unwrap_or(it));
        let (region, rest) = match inner.strip_prefix("arn:") {
            Some(arn) => {
                let parts: Vec<&str> = arn.splitn(6, ':').collect();
                let [_, "lambda", region, _, "function", rest] = parts.as_slice() else {
                    return Err(wrong());
                };
                (*region, *rest)
            }
            None => (DEFAULT_REGION, inner),
        };
        let (name, qualifier) = match rest.split_once(':') {
            Some((name, qualifier)) => (name, Some(qualifier.to_owned())),
            None => (rest, None),
        };
        let letter = |it: char| it.is_ascii_alphanumeric() || "-_$.".contains(it);
        let sound = |it: &str| !it.is_empty() && it.chars().all(letter);
        if !sound(name) || !qualifier.as_deref().is_none_or(sound) {
            return Err(wrong());
        }
        Ok(Self { name: name.to_owned(), qualifier, region: region.to_owned() })
    }

    /// Where it is invoked: under `endpoint`, unless that leads to one function already.
    fn url(&self, endpoint: &str) -> String {
        let endpoint = endpoint.trim_end_matches('/');
        if endpoint.ends_with("/invocations") {
            return endpoint.to_owned();
        }
        let query =
            self.qualifier.as_ref().map(|it| format!("?Qualifier={it}")).unwrap_or_default();
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
    fn functions_are_named_in_every_way_that_appsync_takes() {
        let check = |text: &str, expected: &str| {
            let url =
                FunctionRef::parse(text).map(|it| format!("{} {}", it.region, it.url("http://h/")));
            assert_eq!(url.unwrap_or_default(), expected, "{text}");
        };
        let one = "http://h/2015-03-31/functions/f/invocations";
        check("f", &format!("us-east-1 {one}"));
        check("arn:aws:lambda:eu-west-1:1:function:f", &format!("eu-west-1 {one}"));
        check(
            "arn:aws:lambda:eu-west-1:1:function:f:live",
            &format!("eu-west-1 {one}?Qualifier=live"),
        );
        check(
            "arn:aws:apigateway:r:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:1:function:f/invocations",
            &format!("eu-west-1 {one}"),
        );
        check("", "");
        check("arn:aws:sqs:r:1:q", "");
        check("../f", "");
        let whole = "http://h/2015-03-31/functions/function/invocations";
        assert_eq!(FunctionRef::parse("f").unwrap().url(whole), whole);
    }

    #[tokio::test]
    async fn a_function_answers_fails_or_is_not_waited_for() {
        let stub = Stub::serve(|it| match it.body.as_slice() {
            b"1" => response(200, r#"{"a":1}"#),
            b"2" => response(200, r#"{"errorMessage":"no","errorType":"Error","stackTrace":[]}"#),
            b"3" => response(202, ""),
            b"4" => response(404, r#"{"Message":"Function not found: f"}"#),
            b"5" => response(200, "<html>"),
            _ => {
                let mut answer = response(200, "null");
                answer.headers_mut().insert("x-amz-function-error", "Unhandled".parse().unwrap());
                answer
            }
        })
        .await;
        let outbound = outbound(Some(stub.url.clone()));
        let invoke = async |n: u8, wait| outbound.invoke("f", wait, &json!(n)).await;
        let one = invoke(1, true).await.unwrap();
        assert_eq!((one.payload.clone(), one.error()), (json!({"a": 1}), None));
        assert_eq!(invoke(2, true).await.unwrap().error().unwrap(), "Error: no");
        assert!(!invoke(3, false).await.unwrap().failed);
        assert!(
            invoke(4, true).await.unwrap_err().contains("404: {\"Message\":\"Function not found")
        );
        assert!(invoke(5, true).await.unwrap_err().contains("no JSON"));
        assert!(invoke(6, true).await.unwrap().error().unwrap().contains("does not say why"));
        let asked = stub.requests();
        assert_eq!(asked[0].uri, "/2015-03-31/functions/f/invocations");
        assert_eq!(asked[0].headers["x-amz-invocation-type"], "RequestResponse");
        assert_eq!(asked[2].headers["x-amz-invocation-type"], "Event");
    }

    #[tokio::test]
    async fn without_an_endpoint_the_error_says_how_to_name_one() {
        let error = outbound(None).invoke("f", true, &Value::Null).await.unwrap_err();
        assert!(error.contains("provision local --lambda-endpoint URL"), "{error}");
    }
}
