//! WAF's associations of web ACLs with Event APIs, with the protocol JSON 1.1 of version 2019-07-29.
//!
//! Web ACLs are never created or evaluated here: any valid ARN of one exists.
use serde_json::{Value, json};

use crate::control_plane::appsync::api::arn as api_arn;
use crate::control_plane::appsync::input::Input;
use crate::protocol::caller::Caller;
use crate::protocol::operation::Wafv2;
use crate::protocol::request::ApiCall;
use crate::protocol::response::AwsError;
use crate::state::{Api, State};
use crate::store::Store;

const RESOURCE_TYPES: &[&str] = &[
    "APPLICATION_LOAD_BALANCER",
    "API_GATEWAY",
    "APPSYNC",
    "COGNITO_USER_POOL",
    "APP_RUNNER_SERVICE",
    "VERIFIED_ACCESS_INSTANCE",
    "AMPLIFY",
    "AGENTCORE_GATEWAY",
];

pub async fn handle(store: &Store, call: &ApiCall, operation: Wafv2) -> Result<Value, AwsError> {
    let caller = &call.caller;
    let input = Input::parse(&call.body)?;
    let arn = |name: &str| {
        let arn = input.text(name)?.unwrap_or_default();
        let is_arn = arn.starts_with("arn:") && arn.len() >= 20 && arn.split(':').count() >= 6;
        if is_arn { Ok(arn) } else { Err(invalid_parameter(name, arn)) }
    };
    match operation {
        Wafv2::AssociateWebACL => {
            let (web_acl, resource) = (arn("WebACLArn")?, arn("ResourceArn")?);
            WebAcl::parse(web_acl, caller)?;
            store
                .change(|state| {
                    find_api(state, caller, resource)?.web_acl = Some(web_acl.to_owned());
                    Ok(json!({}))
                })
                .await
        }
        Wafv2::DisassociateWebACL => {
            let resource = arn("ResourceArn")?;
            store
                .change(|state| {
                    find_api(state, caller, resource)?.web_acl = None;
                    Ok(json!({}))
                })
                .await
        }
        Wafv2::GetWebACLForResource => {
            let resource = arn("ResourceArn")?;
            store.read(|state| match &find_api(state, caller, resource)?.web_acl {
                Some(web_acl) => Ok(json!({ "WebACL": WebAcl::parse(web_acl, caller)?.to_json() })),
                None => Ok(json!({})),
            })
        }
        Wafv2::ListResourcesForWebACL => {
            let web_acl = arn("WebACLArn")?;
            WebAcl::parse(web_acl, caller)?;
            // AWS's default, a type of which the emulator has no resources.
            let resources = input.text("ResourceType")?.unwrap_or("APPLICATION_LOAD_BALANCER");
            if !RESOURCE_TYPES.contains(&resources) {
                return Err(invalid_parameter("ResourceType", resources));
            }
            store.read(|state| {
                let apis = state.region(caller).apis.values();
                let apis = apis.filter(|api| resources == "APPSYNC" && has_web_acl(api, web_acl));
                let arns: Vec<String> = apis.map(|api| api_arn(&api.id, caller)).collect();
                Ok(json!({ "ResourceArns": arns }))
            })
        }
        Wafv2::CreateWebACL
        | Wafv2::GetWebACL
        | Wafv2::UpdateWebACL
        | Wafv2::DeleteWebACL
        | Wafv2::ListWebACLs => Err(AwsError::unsupported(&format!("wafv2:{}", operation.name()))),
    }
}

/// The parts of a web ACL's ARN.
struct WebAcl<'a> {
    arn: &'a str,
    name: &'a str,
    id: &'a str,
}

impl<'a> WebAcl<'a> {
    /// Parses `arn:aws:wafv2:REGION:ACCOUNT:regional/webacl/NAME/ID` of the caller's account and Region.
    fn parse(arn: &'a str, caller: &Caller) -> Result<Self, AwsError> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let ["arn", _, "wafv2", region, account, resource] = parts.as_slice() else {
            return Err(invalid_parameter("WebACLArn", arn));
        };
        let labels: Vec<&str> = resource.split('/').collect();
        let ["regional", "webacl", name, id] = labels.as_slice() else {
            return Err(invalid_parameter("WebACLArn", arn));
        };
        if *region != caller.region || *account != caller.account {
            return Err(nonexistent_item());
        }
        Ok(Self { arn, name, id })
    }

    fn to_json(&self) -> Value {
        json!({
            "Name": self.name,
            "Id": self.id,
            "ARN": self.arn,
            "DefaultAction": { "Allow": {} },
            "Description": "",
            "Rules": [],
            "VisibilityConfig": {
                "SampledRequestsEnabled": true,
                "CloudWatchMetricsEnabled": true,
                "MetricName": self.name,
            },
            "Capacity": 0,
            "ManagedByFirewallManager": false,
        })
    }
}

fn has_web_acl(api: &Api, web_acl: &str) -> bool {
    api.web_acl.as_deref() == Some(web_acl)
}

fn find_api<'a>(state: &'a mut State, caller: &Caller, arn: &str) -> Result<&'a mut Api, AwsError> {
    let id = arn.rsplit('/').next().filter(|id| api_arn(id, caller) == arn);
    let api = id.and_then(|id| state.region(caller).apis.get_mut(id));
    api.ok_or_else(nonexistent_item)
}

fn nonexistent_item() -> AwsError {
    let message = "AWS WAF couldn't perform the operation because your resource doesn't exist.";
    AwsError::new(400, "WAFNonexistentItemException", message)
}

fn invalid_parameter(member: &str, value: &str) -> AwsError {
    let field = match member {
        "WebACLArn" => "WEB_ACL",
        "ResourceType" => "RESOURCE_TYPE",
        _ => "RESOURCE_ARN",
    };
    let reason = "The value isn't valid here.";
    let message = format!("Error reason: {reason}, field: {field}, parameter: {value}");
    AwsError::new(400, "WAFInvalidParameterException", message)
        .with_members(json!({ "Field": field, "Parameter": value, "Reason": reason }))
}
