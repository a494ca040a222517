//! The resource types that the emulator creates, one a row. `schemas/emulated.json` has their schemas.
use crate::cloudformation::resource_types::handler::AnyHandler;
use crate::cloudformation::resource_types::handlers::api::ApiHandler;
use crate::cloudformation::resource_types::handlers::api_key::ApiKeyHandler;
use crate::cloudformation::resource_types::handlers::channel_namespace::ChannelNamespaceHandler;
use crate::cloudformation::resource_types::handlers::data_source::DataSourceHandler;
use crate::cloudformation::resource_types::handlers::domain_name::DomainNameHandler;
use crate::cloudformation::resource_types::handlers::domain_name_association::DomainNameAssociationHandler;
use crate::cloudformation::resource_types::handlers::managed_policy::ManagedPolicyHandler;
use crate::cloudformation::resource_types::handlers::policy::PolicyHandler;
use crate::cloudformation::resource_types::handlers::record;
use crate::cloudformation::resource_types::handlers::role::RoleHandler;
use crate::cloudformation::resource_types::handlers::role_policy::RolePolicyHandler;
use crate::cloudformation::resource_types::handlers::ssm_parameter::SsmParameterHandler;
use crate::cloudformation::resource_types::handlers::web_acl_association::WebAclAssociationHandler;

/// A resource type.
#[derive(Clone, Copy)]
pub struct Row {
    pub name: &'static str,
    pub handler: &'static dyn AnyHandler,
    /// The property that is the physical id and the value of `Ref`, unless that is the primary identifier.
    pub reference: Option<&'static str>,
    /// The property with the name of the resource, unless that is the primary identifier.
    pub name_property: Option<&'static str>,
    /// Whether an import and the detection of drift can read its resources.
    pub is_readable: bool,
}

pub const ROWS: &[Row] = &[
    row("AWS::AppSync::Api", &ApiHandler),
    row("AWS::AppSync::ApiKey", &ApiKeyHandler).with_reference("Arn"),
    row("AWS::AppSync::ChannelNamespace", &ChannelNamespaceHandler),
    row("AWS::AppSync::DataSource", &DataSourceHandler),
    row("AWS::AppSync::DomainName", &DomainNameHandler),
    row("AWS::AppSync::DomainNameApiAssociation", &DomainNameAssociationHandler),
    row("AWS::CDK::Metadata", &record::METADATA).unreadable(),
    row("AWS::CloudFormation::WaitConditionHandle", &record::WAIT_CONDITION_HANDLE).unreadable(),
    row("AWS::IAM::ManagedPolicy", &ManagedPolicyHandler).with_name("ManagedPolicyName"),
    row("AWS::IAM::Policy", &PolicyHandler).unreadable(),
    row("AWS::IAM::Role", &RoleHandler),
    row("AWS::IAM::RolePolicy", &RolePolicyHandler),
    row("AWS::Lambda::Permission", &record::PERMISSION).with_reference("Id"),
    row("AWS::Logs::LogGroup", &record::LOG_GROUP),
    row("AWS::SSM::Parameter", &SsmParameterHandler),
    row("AWS::WAFv2::WebACLAssociation", &WebAclAssociationHandler),
];

/// Services whose types are emulated or refused, and never stubs: a stub would hide an error of the template.
pub const NEVER_STUBS: &[&str] = &["AWS::AppSync::", "AWS::CloudFormation::", "AWS::IAM::"];

const fn row(name: &'static str, handler: &'static dyn AnyHandler) -> Row {
    Row { name, handler, reference: None, name_property: None, is_readable: true }
}

impl Row {
    const fn with_reference(self, property: &'static str) -> Self {
        Self { reference: Some(property), ..self }
    }
    const fn with_name(self, property: &'static str) -> Self {
        Self { name_property: Some(property), ..self }
    }
    const fn unreadable(self) -> Self {
        Self { is_readable: false, ..self }
    }
}
