//! Which operation a request is for. The one place that knows, for the log of calls and for faults.
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

use crate::control_plane::dispatch::Call;
use crate::control_plane::iam::Form;

/// An operation that no table has. What a caller wrote never stands in its place: it may be a secret.
pub const UNKNOWN: &str = "Unknown";

/// The services that are told apart, by the names they are signed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    Appsync,
    Iam,
    Sts,
    Wafv2,
}

/// What a request asks for.
#[derive(Debug)]
pub struct Operation {
    pub service: Option<Service>,
    pub name: &'static str,
    /// The API or domain name that it changes, or the Region's APIs for `CreateApi`.
    pub changes: Option<String>,
}

/// A list that a request asks for.
pub struct Listing {
    /// Tells one list from another: whose, of what, and under what.
    pub key: String,
    /// Whether this is a further page of it.
    pub continued: bool,
}

/// Name, method and path of an operation, `*` for a label.
pub type Row = (&'static str, &'static str, &'static str);

/// AppSync's operations that matter here (docs/reference/control-plane.md#operations).
const APPSYNC: &[Row] = &[
    ("CreateApi", "POST", "/v2/apis"),
    ("GetApi", "GET", "/v2/apis/*"),
    ("UpdateApi", "POST", "/v2/apis/*"),
    ("DeleteApi", "DELETE", "/v2/apis/*"),
    ("ListApis", "GET", "/v2/apis"),
    ("CreateChannelNamespace", "POST", "/v2/apis/*/channelNamespaces"),
    ("GetChannelNamespace", "GET", "/v2/apis/*/channelNamespaces/*"),
    ("UpdateChannelNamespace", "POST", "/v2/apis/*/channelNamespaces/*"),
    ("DeleteChannelNamespace", "DELETE", "/v2/apis/*/channelNamespaces/*"),
    ("ListChannelNamespaces", "GET", "/v2/apis/*/channelNamespaces"),
    ("CreateApiKey", "POST", "/v1/apis/*/apikeys"),
    ("UpdateApiKey", "POST", "/v1/apis/*/apikeys/*"),
    ("DeleteApiKey", "DELETE", "/v1/apis/*/apikeys/*"),
    ("ListApiKeys", "GET", "/v1/apis/*/apikeys"),
    ("CreateDataSource", "POST", "/v1/apis/*/datasources"),
    ("GetDataSource", "GET", "/v1/apis/*/datasources/*"),
    ("UpdateDataSource", "POST", "/v1/apis/*/datasources/*"),
    ("DeleteDataSource", "DELETE", "/v1/apis/*/datasources/*"),
    ("ListDataSources", "GET", "/v1/apis/*/datasources"),
    ("CreateDomainName", "POST", "/v1/domainnames"),
    ("GetDomainName", "GET", "/v1/domainnames/*"),
    ("UpdateDomainName", "POST", "/v1/domainnames/*"),
    ("DeleteDomainName", "DELETE", "/v1/domainnames/*"),
    ("ListDomainNames", "GET", "/v1/domainnames"),
    ("AssociateApi", "POST", "/v1/domainnames/*/apiassociation"),
    ("GetApiAssociation", "GET", "/v1/domainnames/*/apiassociation"),
    ("DisassociateApi", "DELETE", "/v1/domainnames/*/apiassociation"),
    ("TagResource", "POST", "/v1/tags/*"),
    ("UntagResource", "DELETE", "/v1/tags/*"),
    ("ListTagsForResource", "GET", "/v1/tags/*"),
    ("EvaluateCode", "POST", "/v1/dataplane-evaluatecode"),
];

/// `Action` of the Query services.
const IAM: &[&str] = &[
    "CreateRole",
    "GetRole",
    "ListRoles",
    "UpdateRole",
    "DeleteRole",
    "UpdateAssumeRolePolicy",
    "PutRolePolicy",
    "GetRolePolicy",
    "DeleteRolePolicy",
    "ListRolePolicies",
    "AttachRolePolicy",
    "DetachRolePolicy",
    "ListAttachedRolePolicies",
    "TagRole",
    "UntagRole",
    "ListRoleTags",
    "ListInstanceProfilesForRole",
    "PutRolePermissionsBoundary",
    "DeleteRolePermissionsBoundary",
];
const STS: &[&str] = &["GetCallerIdentity"];

/// `X-Amz-Target` of WAF, behind its dot.
const WAFV2: &[&str] = &[
    "CreateWebACL",
    "GetWebACL",
    "UpdateWebACL",
    "DeleteWebACL",
    "ListWebACLs",
    "AssociateWebACL",
    "DisassociateWebACL",
    "GetWebACLForResource",
    "ListResourcesForWebACL",
];

impl Operation {
    pub fn of(call: &Call) -> Self {
        let service = match call.caller.service.as_str() {
            "appsync" => Service::Appsync,
            "iam" => Service::Iam,
            "sts" => Service::Sts,
            "wafv2" => Service::Wafv2,
            _ => return Self { service: None, name: UNKNOWN, changes: None },
        };
        let among =
            |names: &[&'static str], name: &str| names.iter().copied().find(|it| *it == name);
        let action = || Form::read(call).get("Action").unwrap_or_default().to_owned();
        let name = match service {
            Service::Appsync => named(APPSYNC, call.method.as_str(), &call.path),
            Service::Iam => among(IAM, &action()),
            Service::Sts => among(STS, &action()),
            Service::Wafv2 => among(WAFV2, call.target.rsplit('.').next().unwrap_or_default()),
        };
        let changes = (service == Service::Appsync).then(|| changes(call)).flatten();
        Self { service: Some(service), name: name.unwrap_or(UNKNOWN), changes }
    }

    /// The list that it asks for, if it is a list.
    pub fn listing(&self, call: &Call) -> Option<Listing> {
        if !self.name.starts_with("List") {
            return None;
        }
        let form = Form::read(call);
        let of = |name: &str| form.get(name).unwrap_or_default().to_owned();
        let (under, continued) = match self.service {
            Some(Service::Iam) => {
                (of("RoleName") + &of("PathPrefix"), form.get("Marker").is_some())
            }
            _ => (call.path.clone(), form.get("nextToken").is_some()),
        };
        Some(Listing { key: format!("{} {} {under}", call.caller.scope(), self.name), continued })
    }
}

/// The names of all operations that are known.
pub fn names() -> impl Iterator<Item = &'static str> {
    let appsync = APPSYNC.iter().map(|(name, ..)| *name);
    appsync.chain([IAM, STS, WAFV2].into_iter().flatten().copied())
}

/// The operation of `rows` that a request with this method and path is for.
pub fn named(rows: &[Row], method: &str, path: &str) -> Option<&'static str> {
    let fits = |pattern: &str| {
        let mut labels = path.split('/');
        let all = pattern
            .split('/')
            .all(|it| labels.next().is_some_and(|label| it == "*" || it == label));
        all && labels.next().is_none()
    };
    let row = rows.iter().find(|(_, its, pattern)| *its == method && fits(pattern));
    row.map(|(name, ..)| *name)
}

/// What two changes would collide on.
fn changes(call: &Call) -> Option<String> {
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
    fn a_path_and_its_method_say_which_operation() {
        let check = |method: &str, path: &str, expected: Option<&str>| {
            assert_eq!(named(APPSYNC, method, path), expected, "{method} {path}");
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
    fn no_two_operations_have_one_name_or_one_place() {
        let all: Vec<_> = names().collect();
        assert_eq!(all.len(), all.iter().collect::<BTreeSet<_>>().len());
        let places: BTreeSet<_> = APPSYNC.iter().map(|(_, method, path)| (method, path)).collect();
        assert_eq!(places.len(), APPSYNC.len());
    }
}
