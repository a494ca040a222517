//! The operation that a request is for, recognized once for dispatching, the call log and fault injection.
//! Recognizing an operation never fails: what no table has is [`OperationKind::Unknown`]. The file is long because of
//! its tables.
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

use crate::protocol::query::Form;
use crate::protocol::request::ApiCall;
use crate::protocol::s3_route;

/// The name of every unknown operation. The caller's text is never shown, since it may be a secret.
pub const UNKNOWN: &str = "Unknown";

/// An AWS service that the emulator implements, by its name in signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// AWS AppSync.
    Appsync,
    /// AWS Identity and Access Management.
    Iam,
    /// AWS Security Token Service.
    Sts,
    /// AWS WAF.
    Wafv2,
    /// AWS CloudFormation.
    Cloudformation,
    /// AWS Systems Manager: Parameter Store.
    Ssm,
    /// Amazon S3.
    S3,
}

/// An operation with what its path specifies.
#[derive(Debug)]
pub struct Operation {
    pub kind: OperationKind,
    /// The labels of its path, each decoded by itself, because an ARN in a label contains slashes.
    pub labels: Vec<String>,
    /// Identifies the API or domain name that it changes, or the Region's APIs for `CreateApi`.
    pub change_key: Option<String>,
}

/// The operation of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationKind {
    Appsync(Appsync),
    Iam(Iam),
    Sts(Sts),
    Wafv2(Wafv2),
    Cloudformation(Cloudformation),
    Ssm(Ssm),
    S3(S3),
    /// An operation that no table has, with its service if that is known.
    Unknown(Option<Service>),
}

/// The list that a request is for.
pub struct Listing {
    /// Identifies the list by its account, operation and parent.
    pub key: String,
    /// Whether the request is for a further page.
    pub is_continuation: bool,
}

/// Defines the enum of a service's operations, with their names.
macro_rules! operations {
    ($(#[$doc:meta])* $service:ident: $($operation:ident),* $(,)?) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $service {
            $($operation),*
        }

        impl $service {
            const ALL: &[Self] = &[$(Self::$operation),*];

            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$operation => stringify!($operation)),*
                }
            }
        }
    };
}

operations! {
    /// AppSync's operations on Event APIs (docs/reference/control-plane.md#operations).
    Appsync:
    CreateApi,
    GetApi,
    UpdateApi,
    DeleteApi,
    ListApis,
    CreateChannelNamespace,
    GetChannelNamespace,
    UpdateChannelNamespace,
    DeleteChannelNamespace,
    ListChannelNamespaces,
    CreateApiKey,
    UpdateApiKey,
    DeleteApiKey,
    ListApiKeys,
    CreateDataSource,
    GetDataSource,
    UpdateDataSource,
    DeleteDataSource,
    ListDataSources,
    CreateDomainName,
    GetDomainName,
    UpdateDomainName,
    DeleteDomainName,
    ListDomainNames,
    AssociateApi,
    GetApiAssociation,
    DisassociateApi,
    TagResource,
    UntagResource,
    ListTagsForResource,
    EvaluateCode,
}

operations! {
    /// IAM's operations on roles and managed policies, by the `Action` of the Query protocol.
    Iam:
    CreateRole,
    GetRole,
    ListRoles,
    UpdateRole,
    DeleteRole,
    UpdateAssumeRolePolicy,
    PutRolePolicy,
    GetRolePolicy,
    DeleteRolePolicy,
    ListRolePolicies,
    AttachRolePolicy,
    DetachRolePolicy,
    ListAttachedRolePolicies,
    TagRole,
    UntagRole,
    ListRoleTags,
    ListInstanceProfilesForRole,
    PutRolePermissionsBoundary,
    DeleteRolePermissionsBoundary,
    CreatePolicy,
    GetPolicy,
    ListPolicies,
    DeletePolicy,
    CreatePolicyVersion,
    GetPolicyVersion,
    ListPolicyVersions,
    DeletePolicyVersion,
    TagPolicy,
    UntagPolicy,
    ListPolicyTags,
    ListEntitiesForPolicy,
}

operations! {
    /// STS's operations, by the `Action` of the Query protocol.
    Sts:
    GetCallerIdentity,
    AssumeRole,
}

operations! {
    /// WAF's operations, by `X-Amz-Target`.
    Wafv2:
    CreateWebACL,
    GetWebACL,
    UpdateWebACL,
    DeleteWebACL,
    ListWebACLs,
    AssociateWebACL,
    DisassociateWebACL,
    GetWebACLForResource,
    ListResourcesForWebACL,
}

operations! {
    /// CloudFormation's operations on stacks, by the `Action` of the Query protocol.
    Cloudformation:
    CancelUpdateStack,
    ContinueUpdateRollback,
    CreateChangeSet,
    CreateStack,
    DeleteChangeSet,
    DeleteStack,
    DescribeChangeSet,
    DescribeChangeSetHooks,
    DescribeEvents,
    DescribeStackDriftDetectionStatus,
    DescribeStackEvents,
    DescribeStackResource,
    DescribeStackResourceDrifts,
    DescribeStackResources,
    DescribeStacks,
    DescribeType,
    DetectStackDrift,
    DetectStackResourceDrift,
    ExecuteChangeSet,
    GetStackPolicy,
    GetTemplate,
    GetTemplateSummary,
    ListChangeSets,
    ListExports,
    ListHookResults,
    ListImports,
    ListStackResources,
    ListStacks,
    RollbackStack,
    SetStackPolicy,
    UpdateStack,
    UpdateTerminationProtection,
    ValidateTemplate,
}

operations! {
    /// Systems Manager's operations on parameters, by `X-Amz-Target`.
    Ssm:
    PutParameter,
    GetParameter,
    GetParameters,
    DeleteParameter,
    DescribeParameters,
    AddTagsToResource,
    RemoveTagsFromResource,
    ListTagsForResource,
}

operations! {
    /// S3's operations on buckets and objects.
    S3:
    CreateBucket,
    ListBuckets,
    HeadBucket,
    GetBucketLocation,
    GetBucketEncryption,
    DeleteBucket,
    PutObject,
    GetObject,
    HeadObject,
    DeleteObject,
    ListObjectsV2,
}

/// The prefixes of the operation in `X-Amz-Target`.
pub const WAFV2_TARGET: &str = "AWSWAF_20190729.";
const SSM_TARGET: &str = "AmazonSSM.";

/// An operation with its method and path, in which `*` is a label.
pub type Route<T> = (T, &'static str, &'static str);

const ROUTES: &[Route<Appsync>] = &[
    (Appsync::CreateApi, "POST", "/v2/apis"),
    (Appsync::GetApi, "GET", "/v2/apis/*"),
    (Appsync::UpdateApi, "POST", "/v2/apis/*"),
    (Appsync::DeleteApi, "DELETE", "/v2/apis/*"),
    (Appsync::ListApis, "GET", "/v2/apis"),
    (Appsync::CreateChannelNamespace, "POST", "/v2/apis/*/channelNamespaces"),
    (Appsync::GetChannelNamespace, "GET", "/v2/apis/*/channelNamespaces/*"),
    (Appsync::UpdateChannelNamespace, "POST", "/v2/apis/*/channelNamespaces/*"),
    (Appsync::DeleteChannelNamespace, "DELETE", "/v2/apis/*/channelNamespaces/*"),
    (Appsync::ListChannelNamespaces, "GET", "/v2/apis/*/channelNamespaces"),
    (Appsync::CreateApiKey, "POST", "/v1/apis/*/apikeys"),
    (Appsync::UpdateApiKey, "POST", "/v1/apis/*/apikeys/*"),
    (Appsync::DeleteApiKey, "DELETE", "/v1/apis/*/apikeys/*"),
    (Appsync::ListApiKeys, "GET", "/v1/apis/*/apikeys"),
    (Appsync::CreateDataSource, "POST", "/v1/apis/*/datasources"),
    (Appsync::GetDataSource, "GET", "/v1/apis/*/datasources/*"),
    (Appsync::UpdateDataSource, "POST", "/v1/apis/*/datasources/*"),
    (Appsync::DeleteDataSource, "DELETE", "/v1/apis/*/datasources/*"),
    (Appsync::ListDataSources, "GET", "/v1/apis/*/datasources"),
    (Appsync::CreateDomainName, "POST", "/v1/domainnames"),
    (Appsync::GetDomainName, "GET", "/v1/domainnames/*"),
    (Appsync::UpdateDomainName, "POST", "/v1/domainnames/*"),
    (Appsync::DeleteDomainName, "DELETE", "/v1/domainnames/*"),
    (Appsync::ListDomainNames, "GET", "/v1/domainnames"),
    (Appsync::AssociateApi, "POST", "/v1/domainnames/*/apiassociation"),
    (Appsync::GetApiAssociation, "GET", "/v1/domainnames/*/apiassociation"),
    (Appsync::DisassociateApi, "DELETE", "/v1/domainnames/*/apiassociation"),
    (Appsync::TagResource, "POST", "/v1/tags/*"),
    (Appsync::UntagResource, "DELETE", "/v1/tags/*"),
    (Appsync::ListTagsForResource, "GET", "/v1/tags/*"),
    (Appsync::EvaluateCode, "POST", "/v1/dataplane-evaluatecode"),
];

impl OperationKind {
    pub fn service(self) -> Option<Service> {
        match self {
            Self::Appsync(_) => Some(Service::Appsync),
            Self::Iam(_) => Some(Service::Iam),
            Self::Sts(_) => Some(Service::Sts),
            Self::Wafv2(_) => Some(Service::Wafv2),
            Self::Cloudformation(_) => Some(Service::Cloudformation),
            Self::Ssm(_) => Some(Service::Ssm),
            Self::S3(_) => Some(Service::S3),
            Self::Unknown(service) => service,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Appsync(operation) => operation.name(),
            Self::Iam(operation) => operation.name(),
            Self::Sts(operation) => operation.name(),
            Self::Wafv2(operation) => operation.name(),
            Self::Cloudformation(operation) => operation.name(),
            Self::Ssm(operation) => operation.name(),
            Self::S3(operation) => operation.name(),
            Self::Unknown(_) => UNKNOWN,
        }
    }

    fn from_call(call: &ApiCall) -> Self {
        let action = || Form::parse(call).get("Action").unwrap_or_default().to_owned();
        let (service, known) = match call.caller.service.as_str() {
            "appsync" => {
                let operation = find_route(ROUTES, call.method.as_str(), &call.path);
                (Service::Appsync, operation.map(Self::Appsync))
            }
            "iam" => (Service::Iam, find_by_name(Iam::ALL, Iam::name, &action()).map(Self::Iam)),
            "sts" => (Service::Sts, find_by_name(Sts::ALL, Sts::name, &action()).map(Self::Sts)),
            "cloudformation" => {
                let known = find_by_name(Cloudformation::ALL, Cloudformation::name, &action());
                (Service::Cloudformation, known.map(Self::Cloudformation))
            }
            "wafv2" => {
                let name = call.target.strip_prefix(WAFV2_TARGET).unwrap_or_default();
                (Service::Wafv2, find_by_name(Wafv2::ALL, Wafv2::name, name).map(Self::Wafv2))
            }
            "ssm" => {
                let name = call.target.strip_prefix(SSM_TARGET).unwrap_or_default();
                (Service::Ssm, find_by_name(Ssm::ALL, Ssm::name, name).map(Self::Ssm))
            }
            "s3" => {
                let name = s3_route::operation_name(call).unwrap_or_default();
                (Service::S3, find_by_name(S3::ALL, S3::name, &name).map(Self::S3))
            }
            _ => return Self::Unknown(None),
        };
        known.unwrap_or(Self::Unknown(Some(service)))
    }
}

impl Operation {
    pub fn from_call(call: &ApiCall) -> Self {
        let kind = OperationKind::from_call(call);
        let appsync = kind.service() == Some(Service::Appsync);
        let changes = appsync.then(|| change_key_of(call)).flatten();
        let labels = match kind {
            OperationKind::Appsync(operation) => path_labels(operation, &call.path),
            OperationKind::S3(_) => {
                let (bucket, key) = s3_route::bucket_and_key(&call.path);
                vec![bucket, key]
            }
            _ => Vec::new(),
        };
        Self { kind, labels, change_key: changes }
    }

    /// The list that the request is for, if the operation is a list.
    pub fn listing(&self, call: &ApiCall) -> Option<Listing> {
        let name = self.kind.name();
        if !name.starts_with("List") {
            return None;
        }
        let form = Form::parse(call);
        let of = |name: &str| form.get(name).unwrap_or_default().to_owned();
        let (parent, continued) = match self.kind {
            OperationKind::Iam(_) => (
                of("RoleName") + &of("PolicyArn") + &of("PathPrefix"),
                form.get("Marker").is_some(),
            ),
            OperationKind::Ssm(_) => (String::from_utf8_lossy(&call.body).into_owned(), false),
            OperationKind::S3(_) => {
                let parent = call.path.clone() + "?" + &of("prefix");
                (parent, form.get("continuation-token").is_some())
            }
            _ => (call.path.clone(), form.get("nextToken").is_some()),
        };
        Some(Listing {
            key: format!("{} {name} {parent}", call.caller.scope()),
            is_continuation: continued,
        })
    }
}

/// The names of all operations in the tables; several services have some of them.
pub fn names() -> impl Iterator<Item = &'static str> {
    let appsync = Appsync::ALL.iter().map(|operation| operation.name());
    let iam = Iam::ALL.iter().map(|operation| operation.name());
    let sts = Sts::ALL.iter().map(|operation| operation.name());
    let wafv2 = Wafv2::ALL.iter().map(|operation| operation.name());
    let cloudformation = Cloudformation::ALL.iter().map(|operation| operation.name());
    let ssm = Ssm::ALL.iter().map(|operation| operation.name());
    let s3 = S3::ALL.iter().map(|operation| operation.name());
    appsync.chain(iam).chain(sts).chain(wafv2).chain(cloudformation).chain(ssm).chain(s3)
}

/// The operation of exactly that name.
fn find_by_name<T: Copy>(all: &[T], name: fn(T) -> &'static str, wanted_name: &str) -> Option<T> {
    all.iter().copied().find(|operation| name(*operation) == wanted_name)
}

/// The operation of `routes` with this method and path.
pub fn find_route<T: Copy>(routes: &[Route<T>], method: &str, path: &str) -> Option<T> {
    let fits = |pattern: &str| {
        let mut labels = path.split('/');
        let all = pattern
            .split('/')
            .all(|part| labels.next().is_some_and(|label| part == "*" || part == label));
        all && labels.next().is_none()
    };
    let route =
        routes.iter().find(|(_, route_method, pattern)| *route_method == method && fits(pattern));
    route.map(|(operation, ..)| *operation)
}

/// The values of a path's labels.
fn path_labels(operation: Appsync, path: &str) -> Vec<String> {
    let route = ROUTES.iter().find(|(routed, ..)| *routed == operation);
    let pattern = route.map_or("", |(.., pattern)| pattern);
    let labels = pattern.split('/').zip(path.split('/')).filter(|(part, _)| *part == "*");
    labels.map(|(_, label)| percent_decode_str(label).decode_utf8_lossy().into_owned()).collect()
}

/// Identifies what a call changes; two calls with the same key conflict.
fn change_key_of(call: &ApiCall) -> Option<String> {
    if call.method == "GET" {
        return None;
    }
    let labels: Vec<&str> = call.path.split('/').skip(2).collect();
    let subject = match labels.as_slice() {
        ["apis"] => "apis".to_owned(),
        ["apis", id, ..] => format!("apis/{id}"),
        ["domainnames", name, ..] => format!("domainnames/{name}"),
        ["tags", arn] => {
            let arn = percent_decode_str(arn).decode_utf8_lossy().into_owned();
            let id = arn.split('/').nth(1)?.to_owned();
            format!("apis/{id}")
        }
        _ => return None,
    };
    Some(format!("{} {subject}", call.caller.scope()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_path_and_its_method_determine_the_operation() {
        let check = |method: &str, path: &str, expected: Option<&str>| {
            assert_eq!(
                find_route(ROUTES, method, path).map(Appsync::name),
                expected,
                "{method} {path}"
            );
        };
        check("POST", "/v2/apis", Some("CreateApi"));
        check("POST", "/v2/apis/x", Some("UpdateApi"));
        check(
            "GET",
            "/v1/tags/arn%3Aaws%3Aappsync%3Ar%3A1%3Aapis%2Fx",
            Some("ListTagsForResource"),
        );
        check("DELETE", "/v1/apis/x/apikeys/da2-x", Some("DeleteApiKey"));
        check("PUT", "/v2/apis", None);
        check("GET", "/v2/apis/x/channelNamespaces/n/more", None);
        check("GET", "/v2", None);
    }

    #[test]
    fn no_two_operations_share_a_route() {
        let routes: BTreeSet<_> = ROUTES.iter().map(|(_, method, path)| (method, path)).collect();
        assert_eq!((routes.len(), ROUTES.len()), (ROUTES.len(), Appsync::ALL.len()));
    }
}
