//! Stubs: resources of types that the emulator does not create. They have plausible values of `Ref` and `Fn::GetAtt`
//! and change nothing. Values depend only on the stack, the logical id and the caller.
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::cloudformation::resource_types::context::Context;
use crate::cloudformation::resource_types::generated_name::cut;
use crate::cloudformation::resource_types::handler::{Handler, Model};
use crate::cloudformation::resource_types::request::{ExistingResource, HandlerError};
use crate::cloudformation::resource_types::table::Row;

pub struct StubHandler;

/// Types of which `Ref` is one part of the primary identifier.
const REFERENCES: &[(&str, &str)] = &[
    ("AWS::ApiGateway::Deployment", "DeploymentId"),
    ("AWS::ApiGateway::Method", "ResourceId"),
    ("AWS::ApiGateway::Resource", "ResourceId"),
    ("AWS::ApiGateway::Stage", "StageName"),
    ("AWS::ApiGatewayV2::Integration", "IntegrationId"),
    ("AWS::ApiGatewayV2::Route", "RouteId"),
    ("AWS::ApiGatewayV2::Stage", "StageName"),
    ("AWS::Cognito::UserPoolClient", "ClientId"),
    ("AWS::Cognito::UserPoolGroup", "GroupName"),
];

/// Values by type and property. `{name}` is the value of `Ref`, and `{letters:N}` are N lower-case letters and digits.
const VALUES: &[(&str, &str, &str)] = &[
    (
        "AWS::CertificateManager::Certificate",
        "CertificateArn",
        "arn:{partition}:acm:{region}:{account}:certificate/{uuid}",
    ),
    ("AWS::Cognito::IdentityPool", "Id", "{region}:{uuid}"),
    (
        "AWS::Cognito::UserPool",
        "Arn",
        "arn:{partition}:cognito-idp:{region}:{account}:userpool/{name}",
    ),
    ("AWS::Cognito::UserPool", "ProviderName", "cognito-idp.{region}.{dns}/{name}"),
    ("AWS::Cognito::UserPool", "ProviderURL", "https://cognito-idp.{region}.{dns}/{name}"),
    ("AWS::Cognito::UserPool", "UserPoolId", "{region}_{mixed:9}"),
    ("AWS::Cognito::UserPoolClient", "ClientId", "{letters:26}"),
    ("AWS::Cognito::UserPoolClient", "ClientSecret", "{letters:52}"),
    (
        "AWS::DynamoDB::GlobalTable",
        "Arn",
        "arn:{partition}:dynamodb:{region}:{account}:table/{name}",
    ),
    ("AWS::DynamoDB::Table", "Arn", "arn:{partition}:dynamodb:{region}:{account}:table/{name}"),
    (
        "AWS::DynamoDB::Table",
        "StreamArn",
        "arn:{partition}:dynamodb:{region}:{account}:table/{name}/stream/2026-01-01T00:00:00.000",
    ),
    ("AWS::Events::EventBus", "Arn", "arn:{partition}:events:{region}:{account}:event-bus/{name}"),
    ("AWS::Events::Rule", "Arn", "arn:{partition}:events:{region}:{account}:rule/{name}"),
    ("AWS::KMS::Key", "Arn", "arn:{partition}:kms:{region}:{account}:key/{name}"),
    ("AWS::KMS::Key", "KeyId", "{uuid}"),
    (
        "AWS::Lambda::Alias",
        "AliasArn",
        "arn:{partition}:lambda:{region}:{account}:function:{letters:12}:live",
    ),
    ("AWS::Lambda::Function", "Arn", "arn:{partition}:lambda:{region}:{account}:function:{name}"),
    (
        "AWS::Lambda::LayerVersion",
        "LayerVersionArn",
        "arn:{partition}:lambda:{region}:{account}:layer:{letters:12}:1",
    ),
    ("AWS::Lambda::Url", "FunctionUrl", "https://{letters:32}.lambda-url.{region}.on.aws/"),
    (
        "AWS::Lambda::Version",
        "FunctionArn",
        "arn:{partition}:lambda:{region}:{account}:function:{letters:12}:1",
    ),
    ("AWS::Route53::HostedZone", "NameServers", "ns-1.awsdns-01.com"),
    ("AWS::S3::Bucket", "Arn", "arn:{partition}:s3:::{name}"),
    ("AWS::S3::Bucket", "DomainName", "{name}.s3.{dns}"),
    ("AWS::S3::Bucket", "DualStackDomainName", "{name}.s3.dualstack.{region}.{dns}"),
    ("AWS::S3::Bucket", "RegionalDomainName", "{name}.s3.{region}.{dns}"),
    ("AWS::S3::Bucket", "WebsiteURL", "http://{name}.s3-website-{region}.{dns}"),
    (
        "AWS::SecretsManager::Secret",
        "Id",
        "arn:{partition}:secretsmanager:{region}:{account}:secret:{letters:12}-{mixed:6}",
    ),
    ("AWS::SNS::Topic", "TopicArn", "arn:{partition}:sns:{region}:{account}:{generated}"),
    ("AWS::SQS::Queue", "Arn", "arn:{partition}:sqs:{region}:{account}:{generated}"),
    ("AWS::SQS::Queue", "QueueUrl", "https://sqs.{region}.{dns}/{account}/{generated}"),
    (
        "AWS::WAFv2::WebACL",
        "Arn",
        "arn:{partition}:wafv2:{region}:{account}:regional/webacl/{generated}/{uuid}",
    ),
];

/// Values of any other type by the end of the property's name, the first that fits.
const VALUES_BY_ENDING: &[(&str, &str)] = &[
    ("Arn", "arn:{partition}:{service}:{region}:{account}:{kind}/{generated}"),
    ("ARN", "arn:{partition}:{service}:{region}:{account}:{kind}/{generated}"),
    ("Url", "https://{letters:10}.{service}.{region}.{dns}/"),
    ("URL", "https://{letters:10}.{service}.{region}.{dns}/"),
    ("Uri", "https://{letters:10}.{service}.{region}.{dns}/"),
    ("DomainName", "{letters:13}.{service}.{region}.{dns}"),
    ("Endpoint", "{letters:13}.{service}.{region}.{dns}"),
    ("Address", "{letters:13}.{service}.{region}.{dns}"),
    ("Port", "443"),
    ("Version", "1"),
    ("Id", "{letters:17}"),
    ("ID", "{letters:17}"),
    ("", "{generated}"),
];

/// The row of a stub.
pub fn row(name: &'static str) -> Row {
    Row {
        name,
        handler: &StubHandler,
        reference: reference_of(name),
        name_property: None,
        is_readable: false,
    }
}

fn reference_of(name: &str) -> Option<&'static str> {
    REFERENCES.iter().find(|(known, _)| *known == name).map(|(_, property)| *property)
}

impl Handler for StubHandler {
    fn plan_identity(&self, context: &Context<'_>) -> String {
        context.schema.physical_id(&model(context), reference_of(context.type_name))
    }

    async fn create(&self, context: &Context<'_>, _: &str) -> Result<Model, HandlerError> {
        Ok(model(context))
    }

    async fn update(
        &self,
        context: &Context<'_>,
        _: &ExistingResource<'_>,
    ) -> Result<Model, HandlerError> {
        Ok(model(context))
    }

    async fn delete(&self, _: &Context<'_>, _: &str) -> Result<(), HandlerError> {
        Ok(())
    }

    async fn read(&self, context: &Context<'_>, _: &str) -> Result<Model, HandlerError> {
        Ok(model(context))
    }
}

/// The declared properties, with values of the identifier and of the attributes.
fn model(context: &Context<'_>) -> Model {
    let mut model = context.properties.clone();
    for name in &context.schema.primary_identifier {
        if !model.contains_key(name) {
            model.insert(name.clone(), value(context, name, "").into());
        }
    }
    let reference = context.schema.physical_id(&model, reference_of(context.type_name));
    for name in &context.schema.attributes {
        let value = Value::from(value(context, name, &reference));
        let is_list = context.schema.list_attributes.contains(name);
        insert_missing(&mut model, name, if is_list { Value::Array(vec![value]) } else { value });
    }
    model
}

/// Inserts a value at a name with dots, unless there is one.
fn insert_missing(members: &mut Map<String, Value>, name: &str, value: Value) {
    match name.split_once('.') {
        None => drop(members.entry(name).or_insert(value)),
        Some((label, rest)) => {
            let inner = members.entry(label).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                insert_missing(inner, rest, value);
            }
        }
    }
}

/// The plausible value of a property. `reference` is empty for the identifier itself.
fn value(context: &Context<'_>, property: &str, reference: &str) -> String {
    let of_type =
        |(name, known, _): &&(&str, &str, &str)| *name == context.type_name && *known == property;
    let by_ending = || VALUES_BY_ENDING.iter().find(|(ending, _)| property.ends_with(ending));
    let pattern = VALUES.iter().find(of_type).map(|(.., pattern)| *pattern);
    let pattern = pattern.or_else(|| by_ending().map(|(_, pattern)| *pattern)).unwrap_or_default();
    expand(context, pattern, property, reference)
}

/// Replaces the placeholders of a pattern.
fn expand(context: &Context<'_>, pattern: &str, property: &str, reference: &str) -> String {
    let random = Random::new(context, property);
    let mut parts = context.type_name.split("::").skip(1).map(str::to_ascii_lowercase);
    let (service, kind) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let mut value = String::new();
    let mut rest = pattern;
    while let Some((text, tail)) = rest.split_once('{') {
        let (placeholder, tail) = tail.split_once('}').unwrap_or((tail, ""));
        let (placeholder, length) = placeholder.split_once(':').unwrap_or((placeholder, "0"));
        let length = length.parse().unwrap_or(0);
        value.push_str(text);
        value.push_str(&match placeholder {
            "account" => context.caller.account.clone(),
            "dns" => context.caller.dns_suffix().to_owned(),
            "generated" => generated(context),
            "kind" => kind.clone(),
            "letters" => random.text(b"abcdefghijklmnopqrstuvwxyz0123456789", length),
            "mixed" => random
                .text(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", length),
            "name" => reference.to_owned(),
            "partition" => context.caller.partition().to_owned(),
            "region" => context.caller.region.clone(),
            "service" => service.clone(),
            _ => random.uuid(),
        });
        rest = tail;
    }
    value + rest
}

/// `<stack>-<LogicalId>-<12 letters>`, in lower case for buckets.
fn generated(context: &Context<'_>) -> String {
    let suffix = Random::new(context, "").text(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 12);
    // The shortest limit of a name is that of buckets: 63.
    let name = format!("{}-{}-{suffix}", cut(context.stack_name, 24), cut(context.logical_id, 24));
    if context.type_name == "AWS::S3::Bucket" { name.to_ascii_lowercase() } else { name }
}

/// Letters that look random and depend only on a resource and its property.
struct Random([u8; 32]);

impl Random {
    fn new(context: &Context<'_>, property: &str) -> Self {
        let seed = [context.stack_id, context.logical_id, property].join("\n");
        Self(Sha256::digest(seed).into())
    }

    fn text(&self, letters: &[u8], length: usize) -> String {
        let bytes = self.0.iter().cycle().take(length);
        bytes.map(|byte| char::from(letters[usize::from(*byte) % letters.len()])).collect()
    }

    fn uuid(&self) -> String {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&self.0[..16]);
        uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
    }
}
