//! CreateDomainName, Get…, Update…, Delete…, ListDomainNames, and which API a domain name points at:
//! AssociateApi, GetApiAssociation, DisassociateApi (docs/reference/domains.md).
use serde_json::{Value, json};

use crate::control_plane::appsync::input::{Input, check_text};
use crate::control_plane::appsync::lookup;
use crate::control_plane::page::PageRequest;
use crate::control_plane::undocumented;
use crate::ids;
use crate::json::without_nulls;
use crate::protocol::caller::Caller;
use crate::protocol::request::ApiCall;
use crate::protocol::response::AwsError;
use crate::state::{ApiAssociation, DomainName, State};
use crate::store::Store;

/// The hosted zone of CloudFront, which is the same for every domain name.
const HOSTED_ZONE: &str = "Z2FDTNDATAQYW2";

pub async fn create(store: &Store, caller: &Caller, input: &Input<'_>) -> Result<Value, AwsError> {
    let name = input.require_text("domainName")?;
    check_name(name)?;
    let certificate = input.require_text("certificateArn")?;
    check_certificate(input, certificate)?;
    let domain = DomainName {
        name: name.to_owned(),
        certificate: certificate.to_owned(),
        description: parse_description(input)?,
        tags: input.tags()?.unwrap_or_default(),
        appsync_name: format!("{}.cloudfront.net", ids::distribution_id()),
        association: None,
    };
    let max = store.quotas().domain_names;
    store
        .change(|state| {
            let domains = &mut state.region(caller).domains;
            if domains.contains_key(name) {
                return Err(undocumented::duplicate_domain_name(name));
            }
            if domains.len() >= max {
                let message = format!("The limit of {max} domain names in this Region is reached.");
                return Err(AwsError::bad_request(message));
            }
            domains.insert(name.to_owned(), domain);
            domain_response(state, caller, name)
        })
        .await
}

pub fn get(store: &Store, caller: &Caller, name: &str) -> Result<Value, AwsError> {
    check_name(name)?;
    store.read(|state| domain_response(state, caller, name))
}

pub async fn update(
    store: &Store,
    caller: &Caller,
    name: &str,
    input: &Input<'_>,
) -> Result<Value, AwsError> {
    check_name(name)?;
    let description = parse_description(input)?;
    store
        .change(|state| {
            lookup::domain(state, caller, name)?.description = description;
            domain_response(state, caller, name)
        })
        .await
}

pub async fn delete(store: &Store, caller: &Caller, name: &str) -> Result<Value, AwsError> {
    check_name(name)?;
    store
        .change(|state| {
            if lookup::domain(state, caller, name)?.association.is_some() {
                // AWS's own text (docs/reference/domains.md#deletion).
                let message = "Domain name must be disassociated before it can be deleted.";
                return Err(AwsError::bad_request(message));
            }
            state.region(caller).domains.remove(name);
            Ok(json!({}))
        })
        .await
}

pub fn list(store: &Store, call: &ApiCall) -> Result<Value, AwsError> {
    let caller = &call.caller;
    store.read(|state| {
        let page = PageRequest::parse(call, store.options())?;
        let domains = &state.region(caller).domains;
        Ok(page.page_of("domainNameConfigs", domains, |domain| domain_json(domain, caller)))
    })
}

/// Returns which API the domain name points at.
pub fn get_association(store: &Store, caller: &Caller, name: &str) -> Result<Value, AwsError> {
    check_name(name)?;
    let (now, duration_s) = (store.now_epoch_s(), store.options().association_takes_s);
    store.read(|state| {
        let association = lookup::domain(state, caller, name)?.association.as_ref();
        let association = require_association(association, name)?;
        let is_done = now - association.since_epoch_s >= f64::from(duration_s);
        Ok(association_response(name, association, if is_done { "SUCCESS" } else { "PROCESSING" }))
    })
}

pub async fn associate(
    store: &Store,
    caller: &Caller,
    name: &str,
    input: &Input<'_>,
) -> Result<Value, AwsError> {
    check_name(name)?;
    let (api_id, now) = (input.require_text("apiId")?, store.now_epoch_s());
    store
        .change(|state| {
            lookup::domain(state, caller, name)?;
            let api_id = lookup::api(state, caller, api_id)?.id.clone();
            let association = ApiAssociation { api_id, since_epoch_s: now };
            let response = association_response(name, &association, "PROCESSING");
            lookup::domain(state, caller, name)?.association = Some(association);
            Ok(response)
        })
        .await
}

pub async fn disassociate(store: &Store, caller: &Caller, name: &str) -> Result<Value, AwsError> {
    check_name(name)?;
    store
        .change(|state| {
            let association = lookup::domain(state, caller, name)?.association.take();
            require_association(association, name).map(|_| json!({}))
        })
        .await
}

/// The association, or the error of a domain name without one (docs/reference/domains.md#associations: text
/// unknown).
fn require_association<T>(association: Option<T>, name: &str) -> Result<T, AwsError> {
    let message = || format!("Domain name {name} is not associated with an API.");
    lookup::require_found(association, message)
}

fn domain_response(state: &mut State, caller: &Caller, name: &str) -> Result<Value, AwsError> {
    Ok(json!({ "domainNameConfig": domain_json(lookup::domain(state, caller, name)?, caller) }))
}

fn parse_description(input: &Input<'_>) -> Result<Option<String>, AwsError> {
    let description = input.text("description")?;
    if let Some(description) = description {
        input.check_text("description", description, 0, 255, |letter| letter != '\n')?;
    }
    Ok(description.map(str::to_owned))
}

/// `^(\*[\w\d-]*\.)?([\w\d-]+\.)+[\w\d-]+$`
fn check_name(name: &str) -> Result<(), AwsError> {
    let is_allowed = |letter: char| letter.is_ascii_alphanumeric() || "_-*.".contains(letter);
    check_text("domainName", name, 1, 253, is_allowed)?;
    let labels: Vec<&str> = name.split('.').collect();
    let has_wildcard = name.starts_with('*');
    let labels_min = if has_wildcard { 3 } else { 2 };
    let is_plain = |label: &&str| !label.is_empty() && !label.contains('*');
    let is_valid = labels.len() >= labels_min
        && labels.iter().skip(usize::from(has_wildcard)).all(is_plain)
        && labels[0].rfind('*').is_none_or(|at| at == 0);
    match is_valid {
        true => Ok(()),
        false => Err(undocumented::constraint_error(
            "domainName",
            "Member must satisfy regular expression pattern: ^(\\*[\\w\\d-]*\\.)?([\\w\\d-]+\\.)+[\\w\\d-]+$",
        )),
    }
}

/// Accepts a certificate of IAM, or of ACM in us-east-1, which CloudFront requires.
fn check_certificate(input: &Input<'_>, arn: &str) -> Result<(), AwsError> {
    input.check_text("certificateArn", arn, 20, 2_048, |_| true)?;
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let is_valid = match parts.as_slice() {
        ["arn", _, "acm" | "iam", _, account, resource] => {
            let id = resource
                .strip_prefix("certificate/")
                .or_else(|| resource.strip_prefix("server-certificate/"));
            let is_allowed =
                |letter: char| letter.is_ascii_alphanumeric() || "_/-".contains(letter);
            account.len() == 12
                && account.bytes().all(|byte| byte.is_ascii_digit())
                && id.is_some_and(|id| id.chars().all(is_allowed))
        }
        _ => false,
    };
    if !is_valid {
        let constraint = "Member must satisfy regular expression pattern: ^arn:[a-z-]*:(acm|iam):[a-z0-9-]*:\\d{12}:(certificate|server-certificate)/[0-9A-Za-z_/-]*$";
        return Err(undocumented::constraint_error("certificateArn", constraint));
    }
    if parts[2] == "acm" && parts[3] != "us-east-1" {
        return Err(AwsError::bad_request(format!("The certificate {arn} must be in us-east-1.")));
    }
    Ok(())
}

/// Whether a domain name points at the API, which DeleteApi checks.
pub fn has_domain_name(state: &mut State, caller: &Caller, api_id: &str) -> bool {
    let mut domains = state.region(caller).domains.values();
    domains.any(|domain| {
        domain.association.as_ref().is_some_and(|association| association.api_id == api_id)
    })
}

/// Removes the associations of domain names with the API.
pub fn remove_associations(state: &mut State, caller: &Caller, api_id: &str) {
    for domain in state.region(caller).domains.values_mut() {
        domain.association.take_if(|association| association.api_id == api_id);
    }
}

fn association_response(name: &str, association: &ApiAssociation, status: &str) -> Value {
    json!({
        "apiAssociation": {
            "domainName": name,
            "apiId": association.api_id,
            "associationStatus": status,
        },
    })
}

fn domain_json(domain: &DomainName, caller: &Caller) -> Value {
    let Caller { region, account, .. } = caller;
    let partition = caller.partition();
    without_nulls(json!({
        "domainName": domain.name,
        "description": domain.description,
        "certificateArn": domain.certificate,
        "appsyncDomainName": domain.appsync_name,
        "hostedZoneId": HOSTED_ZONE,
        "tags": (!domain.tags.is_empty()).then_some(&domain.tags),
        "domainNameArn":
            format!("arn:{partition}:appsync:{region}:{account}:domainnames/{}", domain.name),
    }))
}
