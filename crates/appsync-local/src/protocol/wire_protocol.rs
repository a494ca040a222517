//! The protocol of a request, and errors in each protocol. Every client receives errors that it can parse, also from
//! services that the emulator does not implement.
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, Uri};

use crate::protocol::caller::Caller;
use crate::protocol::cbor;
use crate::protocol::query::{self, element, text_element};
use crate::protocol::request::{ApiCall, header_text, query_parameter};
use crate::protocol::response::{AwsError, REST_JSON, json_error_response, text_response};
use crate::protocol::s3_route;

const JSON_1_0: &str = "application/x-amz-json-1.0";
pub const JSON_1_1: &str = "application/x-amz-json-1.1";
const FORM: &str = "application/x-www-form-urlencoded";
/// The longest name of an operation that an error message repeats.
const OPERATION_NAME_BYTES_MAX: usize = 128;

/// One of AWS's protocols.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireProtocol {
    /// Forms and XML, with the namespace of the service.
    Query {
        namespace: &'static str,
    },
    /// EC2's variant of Query.
    Ec2,
    RestXml,
    /// REST-XML with S3's form of errors.
    S3,
    /// JSON 1.0 and 1.1, by their content type.
    Json {
        content_type: &'static str,
    },
    RestJson,
    RpcV2Cbor,
}

impl WireProtocol {
    /// Recognizes the protocol of a request. The service determines the protocol where it has only one, because some
    /// clients send no content type, or that of forms for everything.
    pub fn from_head(headers: &HeaderMap, uri: &Uri) -> Self {
        let query = uri.query().unwrap_or_default();
        let service = Caller::from_request(headers, query).map(|caller| caller.service);
        let service = service.as_deref().unwrap_or_default();
        match service {
            "appsync" => return Self::RestJson,
            "iam" | "sts" | "cloudformation" => {
                return Self::Query { namespace: query::namespace(service) };
            }
            "wafv2" | "ssm" => return Self::Json { content_type: JSON_1_1 },
            "route53" | "cloudfront" => return Self::RestXml,
            // The other API that is signed for `s3`: S3 Control.
            "s3" if headers.contains_key("x-amz-account-id") => return Self::RestXml,
            "s3" | "s3express" | "s3-outposts" | "s3-object-lambda" => return Self::S3,
            _ => {}
        }
        let content_type = header_text(headers, "content-type");
        let is_query = content_type.starts_with(FORM) || query_parameter(query, "Action").is_some();
        match () {
            () if header_text(headers, "smithy-protocol") == "rpc-v2-cbor" => Self::RpcV2Cbor,
            () if content_type.starts_with(JSON_1_0) => Self::Json { content_type: JSON_1_0 },
            () if headers.contains_key("x-amz-target") => Self::Json { content_type: JSON_1_1 },
            () if is_query && service == "ec2" => Self::Ec2,
            () if is_query => Self::Query { namespace: query::namespace(service) },
            () if service.is_empty() => Self::from_path(uri.path()),
            () => Self::RestJson,
        }
    }

    /// The protocol of an unsigned request, which names no service. The paths of REST APIs begin with their version, and
    /// those of S3 with a bucket.
    fn from_path(path: &str) -> Self {
        let first = path.split('/').nth(1).unwrap_or_default();
        let is_number = |text: &str| text.parse::<u16>().is_ok();
        let is_version = first.strip_prefix('v').is_some_and(is_number)
            || first.split('-').count() == 3 && first.split('-').all(is_number);
        match first {
            // The versions of Route 53 and CloudFront.
            "2013-04-01" | "2020-05-31" => Self::RestXml,
            first if first.is_empty() || is_version => Self::RestJson,
            _ => Self::S3,
        }
    }

    /// The error for a request without a signature.
    pub fn unsigned_error(self) -> AwsError {
        const MESSAGE: &str = "Missing Authentication Token";
        match self {
            Self::S3 => AwsError::new(403, "AccessDenied", "Access Denied"),
            Self::Query { .. } | Self::Ec2 | Self::RestXml => {
                AwsError::new(403, "MissingAuthenticationToken", MESSAGE)
            }
            Self::Json { .. } | Self::RestJson | Self::RpcV2Cbor => {
                AwsError::new(403, "MissingAuthenticationTokenException", MESSAGE)
            }
        }
    }

    pub fn error_response(self, error: AwsError, request_id: &str) -> Response<Body> {
        match self {
            Self::Query { namespace } => xml_error_response(namespace, error, request_id),
            Self::RestXml => xml_error_response("", error, request_id),
            Self::Ec2 => ec2_error_response(&error, request_id),
            Self::S3 => s3_error_response(error, request_id),
            Self::Json { content_type } => json_error_response(error, content_type, request_id),
            Self::RestJson => json_error_response(error, REST_JSON, request_id),
            Self::RpcV2Cbor => cbor_error_response(&error, request_id),
        }
    }
}

/// The name of the operation that a request is for, whether the emulator implements it or not. REST protocols have it
/// in no request, so it is unknown for their services, except for S3.
pub fn operation_name(call: &ApiCall) -> Option<String> {
    let in_path = || {
        let (_, rest) = call.path.strip_prefix("/service/")?.split_once('/')?;
        rest.strip_prefix("operation/").map(str::to_owned)
    };
    let in_target = || call.target.rsplit('.').next().map(str::to_owned);
    let in_form = || query::Form::parse(call).get("Action").map(str::to_owned);
    let name = match call.caller.service.as_str() {
        "s3" => s3_route::operation_name(call),
        _ if !call.target.is_empty() => in_target(),
        _ => in_path().or_else(in_form),
    };
    name.filter(|name| {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        !name.is_empty() && name.len() <= OPERATION_NAME_BYTES_MAX && name.bytes().all(is_word)
    })
}

fn xml_error_response(namespace: &str, error: AwsError, request_id: &str) -> Response<Body> {
    let error_type = if error.status < 500 { "Sender" } else { "Receiver" };
    let members = text_element("Type", error_type) + &error_members(&error);
    let inner = element("Error", &members) + &text_element("RequestId", request_id);
    let attribute = match namespace {
        "" => String::new(),
        namespace => format!(" xmlns=\"{namespace}\""),
    };
    let body = format!("<ErrorResponse{attribute}>{inner}</ErrorResponse>");
    text_response(error.status, "text/xml", body, request_id)
}

fn ec2_error_response(error: &AwsError, request_id: &str) -> Response<Body> {
    let errors = element("Errors", &element("Error", &error_members(error)));
    let body = element("Response", &(errors + &text_element("RequestID", request_id)));
    text_response(error.status, "text/xml", body, request_id)
}

fn s3_error_response(error: AwsError, request_id: &str) -> Response<Body> {
    let mut members = error_members(&error);
    for (name, value) in error.members.iter().flat_map(|members| members.iter()) {
        members.push_str(&text_element(name, value.as_str().unwrap_or_default()));
    }
    members.push_str(&text_element("RequestId", request_id));
    let body = element("Error", &members);
    let mut response = text_response(error.status, "application/xml", body, request_id);
    if let Ok(id) = HeaderValue::from_str(request_id) {
        response.headers_mut().insert(HeaderName::from_static("x-amz-request-id"), id);
    }
    response
}

fn cbor_error_response(error: &AwsError, request_id: &str) -> Response<Body> {
    let body = cbor::encode_map(&[("__type", &error.code), ("message", &error.message)]);
    let mut response = text_response(error.status, "application/cbor", body, request_id);
    let protocol = HeaderValue::from_static("rpc-v2-cbor");
    response.headers_mut().insert(HeaderName::from_static("smithy-protocol"), protocol);
    response
}

fn error_members(error: &AwsError) -> String {
    text_element("Code", &error.code) + &text_element("Message", &error.message)
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    fn protocol(uri: &str, service: &str, headers: &[(&'static str, &str)]) -> WireProtocol {
        let mut map = HeaderMap::new();
        if !service.is_empty() {
            let credential = format!("AWS4-HMAC-SHA256 Credential=k/d/r/{service}/aws4_request");
            map.insert("authorization", credential.parse().unwrap());
        }
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        WireProtocol::from_head(&map, &uri.parse().unwrap())
    }

    #[test]
    fn service_headers_and_path_determine_the_protocol() {
        let check = |uri: &str, service: &str, headers: &[(&'static str, &str)], expected| {
            assert_eq!(protocol(uri, service, headers), expected, "{uri} {service} {headers:?}");
        };
        let form = ("content-type", "application/x-www-form-urlencoded; charset=utf-8");
        let query = WireProtocol::Query { namespace: "" };
        let json = |content_type| WireProtocol::Json { content_type };
        check("/", "sns", &[form], query);
        check("/?Action=ListTopics", "sns", &[], query);
        check("/", "iam", &[], WireProtocol::Query { namespace: query::namespace("iam") });
        check("/", "ec2", &[form], WireProtocol::Ec2);
        check("/v2/apis", "appsync", &[form], WireProtocol::RestJson);
        check("/", "wafv2", &[form], json(JSON_1_1));
        let target = ("x-amz-target", "DynamoDB_20120810.ListTables");
        check("/", "dynamodb", &[target, ("content-type", JSON_1_0)], json(JSON_1_0));
        check("/", "logs", &[target, ("content-type", JSON_1_1)], json(JSON_1_1));
        check("/functions", "lambda", &[], WireProtocol::RestJson);
        let cbor = ("smithy-protocol", "rpc-v2-cbor");
        check("/service/X/operation/Y", "monitoring", &[cbor], WireProtocol::RpcV2Cbor);
        check("/b/k", "s3", &[], WireProtocol::S3);
        check("/v20180820/x", "s3", &[("x-amz-account-id", "1")], WireProtocol::RestXml);
        check("/2020-05-31/x", "cloudfront", &[], WireProtocol::RestXml);
        check("/", "", &[form], query);
        check("/", "", &[], WireProtocol::RestJson);
        check("/v1/apis", "", &[], WireProtocol::RestJson);
        check("/2015-03-31/functions", "", &[], WireProtocol::RestJson);
        check("/2013-04-01/hostedzone", "", &[], WireProtocol::RestXml);
        check("/bucket/key", "", &[], WireProtocol::S3);
    }

    #[tokio::test]
    async fn each_protocol_has_its_own_errors() {
        let check = async |protocol: WireProtocol, expected: &[u8]| {
            let error = AwsError::new(400, "Code", "a<b");
            let response = protocol.error_response(error, "id");
            assert_eq!(response.status(), 400);
            let body = to_bytes(response.into_body(), 1_000).await.unwrap();
            assert_eq!(body, expected, "{}", String::from_utf8_lossy(&body));
        };
        let error = "<Code>Code</Code><Message>a&lt;b</Message>";
        let query = format!(
            "<ErrorResponse><Error><Type>Sender</Type>{error}</Error><RequestId>id</RequestId></ErrorResponse>"
        );
        check(WireProtocol::Query { namespace: "" }, query.as_bytes()).await;
        check(WireProtocol::RestXml, query.as_bytes()).await;
        let ec2 = format!(
            "<Response><Errors><Error>{error}</Error></Errors><RequestID>id</RequestID></Response>"
        );
        check(WireProtocol::Ec2, ec2.as_bytes()).await;
        let s3 = format!("<Error>{error}<RequestId>id</RequestId></Error>");
        check(WireProtocol::S3, s3.as_bytes()).await;
        let json = br#"{"__type":"Code","message":"a<b"}"#;
        check(WireProtocol::Json { content_type: JSON_1_1 }, json).await;
        check(WireProtocol::RestJson, br#"{"message":"a<b"}"#).await;
        check(WireProtocol::RpcV2Cbor, b"\xa2\x66__type\x64Code\x67message\x63a<b").await;
    }
}
