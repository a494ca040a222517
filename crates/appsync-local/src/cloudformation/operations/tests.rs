//! Requests and results of the operations that read stacks and of those on change sets.
use std::sync::Arc;

use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use serde_json::{Value, json};

use crate::cloudformation;
use crate::control_plane::service_call::ServiceOutput;
use crate::protocol::operation::{Operation, OperationKind};
use crate::protocol::request::ApiCall;
use crate::protocol::response::AwsError;
use crate::store::Store;

type Members<'a> = &'a [(&'a str, &'a str)];

struct World {
    store: Arc<Store>,
}

impl World {
    fn new() -> Self {
        Self { store: Store::in_memory(SharedTimeSource::new(SystemTimeSource::new())) }
    }

    /// The XML of the result.
    async fn call(&self, action: &str, members: Members<'_>) -> Result<String, AwsError> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("Action", action).extend_pairs(members);
        let body = form.finish();
        let call = ApiCall::for_test("cloudformation", "POST /", "", body.as_bytes());
        let operation = Operation::from_call(&call);
        let OperationKind::Cloudformation(kind) = operation.kind else { panic!("{action}") };
        match cloudformation::handle(&self.store, &call, kind).await? {
            ServiceOutput::Query(result) => Ok(result.unwrap_or_default()),
            _ => panic!("{action} is not a Query operation"),
        }
    }

    async fn error(&self, action: &str, members: Members<'_>) -> (String, String) {
        let error = self.call(action, members).await.expect_err(action);
        (error.code.into_owned(), error.message)
    }

    async fn create_stack(&self, template: &Value) {
        let template = template.to_string();
        self.call("CreateStack", &[("StackName", "s"), ("TemplateBody", &template)]).await.unwrap();
    }

    async fn change_set(&self, name: &str, kind: &str, template: &Value) -> String {
        let template = template.to_string();
        let members = [
            ("StackName", "s"),
            ("ChangeSetName", name),
            ("ChangeSetType", kind),
            ("TemplateBody", &template),
        ];
        self.call("CreateChangeSet", &members).await.unwrap();
        self.describe(name).await
    }

    async fn describe(&self, name: &str) -> String {
        let members =
            [("StackName", "s"), ("ChangeSetName", name), ("IncludePropertyValues", "true")];
        self.call("DescribeChangeSet", &members).await.unwrap()
    }
}

/// The text of the first element with a name.
fn text<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    Some(rest.split_once(&format!("</{name}>"))?.0)
}

fn count(xml: &str, name: &str) -> usize {
    xml.matches(&format!("<{name}>")).count()
}

fn log_groups(names: &[&str]) -> Value {
    let resource = |name: &&str| {
        let properties = json!({ "LogGroupName": name });
        ((*name).to_owned(), json!({ "Type": "AWS::Logs::LogGroup", "Properties": properties }))
    };
    let resources: serde_json::Map<String, Value> = names.iter().map(resource).collect();
    json!({ "Resources": resources })
}

fn api(name: &str) -> Value {
    let auth = json!({ "AuthType": "API_KEY" });
    json!({
        "Type": "AWS::AppSync::Api",
        "Properties": {
            "Name": name,
            "EventConfig": {
                "AuthProviders": [auth],
                "ConnectionAuthModes": [auth],
                "DefaultPublishAuthModes": [auth],
                "DefaultSubscribeAuthModes": [auth],
            },
        },
    })
}

#[tokio::test]
async fn what_does_not_exist_has_the_text_of_its_operation() {
    let world = World::new();
    world.create_stack(&log_groups(&["A"])).await;
    let check = async |action: &str, members: Members<'_>, code: &str, message: &str| {
        let expected = (code.to_owned(), message.to_owned());
        assert_eq!(world.error(action, members).await, expected, "{action}");
    };
    let (invalid, none) = ("ValidationError", ("StackName", "n"));
    let plain = "Stack with id n does not exist";
    check("DescribeStacks", &[none], invalid, plain).await;
    check("GetTemplate", &[none], invalid, plain).await;
    check("ListStackResources", &[none], invalid, plain).await;
    check("GetStackPolicy", &[none], invalid, plain).await;
    check("DetectStackDrift", &[none], invalid, plain).await;
    check("GetTemplateSummary", &[none], invalid, plain).await;
    let brackets = "Stack [n] does not exist";
    check("DescribeStackEvents", &[none], invalid, brackets).await;
    check("ListChangeSets", &[none], invalid, brackets).await;
    let change_set = ("ChangeSetName", "c");
    check("DescribeChangeSet", &[none, change_set], invalid, brackets).await;
    check("DeleteChangeSet", &[none, change_set], invalid, brackets).await;
    let quotes = "Stack 'n' does not exist";
    check("DescribeStackResources", &[none], invalid, quotes).await;
    check("DescribeStackResource", &[none, ("LogicalResourceId", "A")], invalid, quotes).await;
    let (known, missing) = (("StackName", "s"), ("LogicalResourceId", "B"));
    let resource = "Resource B does not exist for stack s";
    check("DescribeStackResource", &[known, missing], invalid, resource).await;
    check("DescribeStackResources", &[known, missing], invalid, resource).await;
    check("DetectStackResourceDrift", &[known, missing], invalid, resource).await;
    let physical = ("PhysicalResourceId", "p");
    check("DescribeStackResources", &[physical], invalid, "Stack for p does not exist").await;
    let not_found = "ChangeSetNotFound";
    let no_change_set = "ChangeSet [c] does not exist";
    check("DescribeChangeSet", &[known, change_set], not_found, no_change_set).await;
    let name_only = "StackName must be specified if ChangeSetName is not specified as an ARN.";
    check("DescribeChangeSet", &[change_set], invalid, name_only).await;
    check("GetTemplate", &[change_set], invalid, "StackName is a required parameter.").await;
    let neither = "StackName is required if ChangeSetName is not specified.";
    check("GetTemplate", &[], invalid, neither).await;
    let export = "Export 'e' is not imported by any stack.";
    check("ListImports", &[("ExportName", "e")], invalid, export).await;
    let type_name = [("Type", "RESOURCE"), ("TypeName", "AWS::No::Type")];
    let no_type = "The type 'AWS::No::Type' cannot be found.";
    check("DescribeType", &type_name, "TypeNotFoundException", no_type).await;
    world.call("DeleteChangeSet", &[known, change_set]).await.unwrap();
}

#[tokio::test]
async fn a_stack_has_the_members_that_it_has_on_aws() {
    let world = World::new();
    let created = world.change_set("c", "CREATE", &log_groups(&["A"])).await;
    assert_eq!(text(&created, "Status"), Some("CREATE_COMPLETE"));
    let review = world.call("DescribeStacks", &[("StackName", "s")]).await.unwrap();
    assert_eq!(text(&review, "StackStatus"), Some("REVIEW_IN_PROGRESS"));
    assert_eq!(text(&review, "StackStatusReason"), Some("User Initiated"));
    for member in ["Parameters", "Outputs", "Capabilities", "Description", "ChangeSetId"] {
        assert_eq!(count(&review, member), 0, "{member}: {review}");
    }
    for member in ["Tags", "NotificationARNs", "RollbackConfiguration"] {
        assert_eq!(text(&review, member), Some(""), "{member}: {review}");
    }
    let events = world.call("DescribeStackEvents", &[("StackName", "s")]).await.unwrap();
    assert_eq!(count(&events, "EventId"), 1);
    assert_eq!(text(&events, "ResourceStatus"), Some("REVIEW_IN_PROGRESS"));
    let summary = world.error("GetTemplateSummary", &[("StackName", "s")]).await;
    assert_eq!(summary.1, "GetTemplateSummary cannot be called on REVIEW_IN_PROGRESS stacks.");
    let execute = [("StackName", "s"), ("ChangeSetName", "c")];
    world.call("ExecuteChangeSet", &execute).await.unwrap();
    let complete = world.call("DescribeStacks", &[]).await.unwrap();
    assert_eq!(text(&complete, "StackStatus"), Some("CREATE_COMPLETE"));
    for member in ["ChangeSetId", "LastUpdatedTime", "LastOperations"] {
        assert_eq!(count(&complete, member), 1, "{member}: {complete}");
    }
    assert_eq!(text(&complete, "StackDriftStatus"), Some("NOT_CHECKED"));
    let listed = world.call("ListChangeSets", &[("StackName", "s")]).await.unwrap();
    assert_eq!(text(&listed, "Summaries"), Some(""));
    let filtered = [("StackStatusFilter.member.1", "DELETE_COMPLETE")];
    let filtered = world.call("ListStacks", &filtered).await.unwrap();
    assert_eq!(text(&filtered, "StackSummaries"), Some(""));
}

#[tokio::test]
async fn a_change_set_without_changes_fails_with_the_text_that_clients_compare() {
    let world = World::new();
    world.create_stack(&log_groups(&["A"])).await;
    let described = world.change_set("c", "UPDATE", &log_groups(&["A"])).await;
    assert_eq!(text(&described, "Status"), Some("FAILED"));
    assert_eq!(text(&described, "ExecutionStatus"), Some("UNAVAILABLE"));
    assert_eq!(text(&described, "Changes"), Some(""));
    assert_eq!(
        text(&described, "StatusReason"),
        Some(
            "The submitted information didn&apos;t contain changes. Submit different information to create a change set."
        )
    );
}

#[tokio::test]
async fn change_sets_that_cannot_be_created_have_their_texts() {
    let world = World::new();
    world.create_stack(&log_groups(&["A"])).await;
    let body = log_groups(&["A", "B"]).to_string();
    let check = async |members: Members<'_>, code: &str, message: &str| {
        let members = [&[("ChangeSetName", "c")], members].concat();
        let expected = (code.to_owned(), message.to_owned());
        assert_eq!(world.error("CreateChangeSet", &members).await, expected);
    };
    let (template, stack) = (("TemplateBody", body.as_str()), ("StackName", "s"));
    let exists = "Stack [s] already exists and cannot be created again with the changeSet [c].";
    check(&[stack, template, ("ChangeSetType", "CREATE")], "ValidationError", exists).await;
    let missing = "Stack [n] does not exist";
    check(&[("StackName", "n"), template], "ValidationError", missing).await;
    let neither = "Either Template URL or Template Body must be specified.";
    check(&[stack], "ValidationError", neither).await;
    world.change_set("c", "UPDATE", &log_groups(&["A", "B"])).await;
    let again = [stack, template, ("ChangeSetName", "c")];
    world.call("CreateChangeSet", &again).await.unwrap();
    let other = log_groups(&["A", "C"]).to_string();
    let mismatch =
        "ChangeSet c cannot be created due to a mismatch with existing attribute Template";
    check(&[stack, ("TemplateBody", &other)], "AlreadyExistsException", mismatch).await;
    let mut retyped = log_groups(&["B"]);
    retyped["Resources"]["A"] = api("a");
    let message = "Update of resource type is not permitted. The new template modifies resource type of the following resources: [A]";
    check(&[stack, ("TemplateBody", &retyped.to_string())], "ValidationError", message).await;
    let drift =
        "DeploymentMode REVERT_DRIFT can only be specified for a change set of type UPDATE.";
    let members =
        [stack, template, ("ChangeSetType", "IMPORT"), ("DeploymentMode", "REVERT_DRIFT")];
    check(&members, "ValidationError", drift).await;
}

#[tokio::test]
async fn early_validation_fails_a_change_set_and_describe_events_reports_the_reason() {
    let world = World::new();
    let mut template = json!({ "Resources": { "A": api("a") } });
    template["Resources"]["A"]["Properties"]["Unknown"] = json!(1);
    let described = world.change_set("c", "CREATE", &template).await;
    assert_eq!(text(&described, "Status"), Some("FAILED"));
    let reason = text(&described, "StatusReason").unwrap();
    assert!(reason.starts_with(
        "The following hook(s)/validation failed: [AWS::EarlyValidation::PropertyValidation]."
    ));
    let members = [("StackName", "s"), ("ChangeSetName", "c"), ("Filters.FailedEvents", "true")];
    let events = world.call("DescribeEvents", &members).await.unwrap();
    assert_eq!(count(&events, "EventId"), 1);
    assert_eq!(text(&events, "EventType"), Some("VALIDATION_ERROR"));
    assert_eq!(text(&events, "ValidationName"), Some("PROPERTY_VALIDATION"));
    assert_eq!(text(&events, "ValidationPath"), Some("/Resources/A/Properties"));
    assert_eq!(
        text(&events, "ValidationStatusReason"),
        Some("#: extraneous key [Unknown] is not permitted")
    );
    let all = world.call("DescribeEvents", &members[..2]).await.unwrap();
    assert_eq!(text(&all, "OperationType"), Some("CREATE_CHANGESET"));
    assert_eq!(count(&all, "EventId"), 2);
    let mut unvalidated = vec![("ChangeSetName", "d"), ("DisableValidation", "true")];
    let body = template.to_string();
    unvalidated.extend([("StackName", "s"), ("ChangeSetType", "CREATE"), ("TemplateBody", &body)]);
    world.call("CreateChangeSet", &unvalidated).await.unwrap();
    assert_eq!(text(&world.describe("d").await, "Status"), Some("CREATE_COMPLETE"));
}

#[tokio::test]
async fn imports_that_break_a_rule_are_rejected_with_the_text_of_the_rule() {
    let world = World::new();
    world.create_stack(&log_groups(&["A"])).await;
    let retained = |names: &[&str], id: &str| {
        let mut template = log_groups(names);
        template["Resources"][id]["DeletionPolicy"] = json!("Retain");
        template
    };
    let entry = |logical_id: &str, resource_type: &str, key: &str, value: &str| {
        let prefix = "ResourcesToImport.member.1";
        vec![
            (format!("{prefix}.LogicalResourceId"), logical_id.to_owned()),
            (format!("{prefix}.ResourceType"), resource_type.to_owned()),
            (format!("{prefix}.ResourceIdentifier.entry.1.key"), key.to_owned()),
            (format!("{prefix}.ResourceIdentifier.entry.1.value"), value.to_owned()),
        ]
    };
    let group = "AWS::Logs::LogGroup";
    let check = async |template: Value, entries: Vec<(String, String)>, expected: &str| {
        let body = template.to_string();
        let mut members = vec![
            ("StackName", "s"),
            ("ChangeSetName", "c"),
            ("ChangeSetType", "IMPORT"),
            ("TemplateBody", &body),
        ];
        members.extend(entries.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let (code, message) = world.error("CreateChangeSet", &members).await;
        assert_eq!((code.as_str(), message.as_str()), ("ValidationError", expected));
    };
    let named = |value: &str| entry("B", group, "LogGroupName", value);
    check(retained(&["A", "B"], "B"), vec![], "Must Provide at least one resource to import").await;
    check(
        retained(&["A", "B"], "B"),
        entry("C", group, "LogGroupName", "C"),
        "The logical resource ids [C] provided in ResourceToImport do not exist in the template.",
    )
    .await;
    check(
        retained(&["A"], "A"),
        entry("A", group, "LogGroupName", "A"),
        "The template should contain at least one new resource to import.",
    )
    .await;
    check(
        retained(&["A", "B"], "B"),
        entry("B", "AWS::AppSync::Api", "ApiArn", "x"),
        "Resource type of [B] passed in ResourceToImport does not match with resource type defined in the template. Resource type in ResourceToImport: AWS::AppSync::Api; Resource type in Template: AWS::Logs::LogGroup.",
    )
    .await;
    check(
        retained(&["A", "B"], "B"),
        named("C"),
        "The Identifier [C] for resource [B] does not match the identifier value for the resource in the template",
    )
    .await;
    let handle = json!({ "Type": "AWS::CloudFormation::WaitConditionHandle" });
    let mut template = log_groups(&["A"]);
    template["Resources"]["B"] = handle;
    check(
        template,
        entry("B", "AWS::CloudFormation::WaitConditionHandle", "Id", "x"),
        "ResourceTypes [AWS::CloudFormation::WaitConditionHandle] are not supported for Import",
    )
    .await;
    let with_api = |id: &str| {
        let mut template = log_groups(&["A"]);
        template["Resources"][id] = api("a");
        template
    };
    let by_arn = |key: &str| entry("B", "AWS::AppSync::Api", key, "arn");
    check(
        with_api("B"),
        by_arn("ApiId"),
        "Invalid resource identifier for resource type AWS::AppSync::Api. Expected [ApiArn]",
    )
    .await;
    check(
        with_api("B"),
        by_arn("ApiArn"),
        "The following resources to import [B] must have DeletionPolicy attribute specified in the template.",
    )
    .await;
    let mut template = with_api("B");
    template["Resources"]["B"]["DeletionPolicy"] = json!("Retain");
    let mut added = template.clone();
    added["Resources"]["C"] = api("c");
    check(added, by_arn("ApiArn"), "Resources [C] is missing from ResourceToImport list").await;
    let mut modified = template.clone();
    modified["Resources"]["A"]["Properties"]["RetentionInDays"] = json!(1);
    check(
        modified,
        by_arn("ApiArn"),
        "You have modified resources [A] in your template that are not being imported. Update, create or delete operations cannot be executed during import operations.",
    )
    .await;
    let mut outputs = template.clone();
    outputs["Outputs"] = json!({ "O": { "Value": "v" } });
    check(
        outputs,
        by_arn("ApiArn"),
        "As part of the import operation, you cannot modify or add [Outputs]",
    )
    .await;
}

#[tokio::test]
async fn drift_is_detected_per_property_and_reverted_by_a_change_set() {
    let world = World::new();
    let template = json!({ "Resources": { "A": api("before") } });
    world.create_stack(&template).await;
    let rename = |name: &'static str| {
        world.store.change(move |state| {
            let regions =
                state.accounts.values_mut().flat_map(|account| account.regions.values_mut());
            for api in regions.flat_map(|region| region.apis.values_mut()) {
                api.name = name.to_owned();
            }
            Ok(())
        })
    };
    let stack = ("StackName", "s");
    let detected = world.call("DetectStackDrift", &[stack]).await.unwrap();
    let id = text(&detected, "StackDriftDetectionId").unwrap();
    let status = [("StackDriftDetectionId", id)];
    let status = world.call("DescribeStackDriftDetectionStatus", &status).await.unwrap();
    assert_eq!(text(&status, "StackDriftStatus"), Some("IN_SYNC"), "{status}");
    rename("drifted").await.unwrap();
    world.call("DetectStackDrift", &[stack]).await.unwrap();
    let drifts = world.call("DescribeStackResourceDrifts", &[stack]).await.unwrap();
    assert_eq!(text(&drifts, "StackResourceDriftStatus"), Some("MODIFIED"));
    for (member, expected) in [
        ("PropertyPath", "/Name"),
        ("ExpectedValue", "before"),
        ("ActualValue", "drifted"),
        ("DifferenceType", "NOT_EQUAL"),
    ] {
        assert_eq!(text(&drifts, member), Some(expected));
    }
    let filter = [stack, ("StackResourceDriftStatusFilters.member.1", "IN_SYNC")];
    let filtered = world.call("DescribeStackResourceDrifts", &filter).await.unwrap();
    assert_eq!(text(&filtered, "StackResourceDrifts"), Some(""));
    let body = template.to_string();
    let members = [
        stack,
        ("ChangeSetName", "c"),
        ("DeploymentMode", "REVERT_DRIFT"),
        ("TemplateBody", &body),
    ];
    world.call("CreateChangeSet", &members).await.unwrap();
    let described = world.describe("c").await;
    assert_eq!(text(&described, "StackDriftStatus"), Some("DRIFTED"), "{described}");
    assert_eq!(text(&described, "BeforeValueFrom"), Some("ACTUAL_STATE"));
    world.call("ExecuteChangeSet", &[stack, ("ChangeSetName", "c")]).await.unwrap();
    let reverted = [stack, ("LogicalResourceId", "A")];
    let reverted = world.call("DetectStackResourceDrift", &reverted).await.unwrap();
    assert_eq!(text(&reverted, "StackResourceDriftStatus"), Some("IN_SYNC"), "{reverted}");
}

#[tokio::test]
async fn summaries_of_templates_have_parameters_even_if_there_are_none() {
    let world = World::new();
    let body = log_groups(&["A"]).to_string();
    let summary = world.call("GetTemplateSummary", &[("TemplateBody", &body)]).await.unwrap();
    assert_eq!(text(&summary, "Parameters"), Some(""));
    assert_eq!(text(&summary, "ResourceTypes"), Some("<member>AWS::Logs::LogGroup</member>"));
    assert_eq!(text(&summary, "ResourceIdentifiers"), Some("<member>LogGroupName</member>"));
    let template = json!({
        "Parameters": { "P": { "Type": "String", "Default": "d", "AllowedValues": ["d"] } },
        "Resources": { "R": { "Type": "AWS::IAM::Role", "Properties": {} } },
    });
    let body = template.to_string();
    let summary = world.call("GetTemplateSummary", &[("TemplateBody", &body)]).await.unwrap();
    assert_eq!(text(&summary, "ParameterType"), Some("String"));
    assert_eq!(text(&summary, "Capabilities"), Some("<member>CAPABILITY_IAM</member>"));
    assert_eq!(
        text(&summary, "CapabilitiesReason"),
        Some("The following resource(s) require capabilities: [AWS::IAM::Role]")
    );
    let valid = world.call("ValidateTemplate", &[("TemplateBody", &body)]).await.unwrap();
    assert_eq!(
        text(&valid, "Parameters"),
        Some(
            "<member><ParameterKey>P</ParameterKey><DefaultValue>d</DefaultValue><NoEcho>false</NoEcho></member>"
        )
    );
}

#[tokio::test]
async fn a_type_is_described_with_its_handlers() {
    let world = World::new();
    let members = [("Type", "RESOURCE"), ("TypeName", "AWS::AppSync::Api")];
    let described = world.call("DescribeType", &members).await.unwrap();
    assert_eq!(text(&described, "ProvisioningType"), Some("FULLY_MUTABLE"));
    let schema = text(&described, "Schema").unwrap().replace("&quot;", "\"");
    let schema: Value = serde_json::from_str(&schema).unwrap();
    assert_eq!(schema["typeName"], "AWS::AppSync::Api");
    assert_eq!(schema["primaryIdentifier"], json!(["/properties/ApiArn"]));
    assert!(schema["handlers"]["read"].is_object() && schema["properties"].is_object());
}

#[tokio::test]
async fn lists_have_pages_and_each_item_is_on_one_of_them() {
    let world = World::new();
    let names: Vec<String> = (0..130).map(|number| format!("G{number:03}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    world.create_stack(&log_groups(&names)).await;
    let stack = ("StackName", "s");
    let first = world.call("ListStackResources", &[stack]).await.unwrap();
    assert_eq!(count(&first, "LogicalResourceId"), 100);
    let token = text(&first, "NextToken").unwrap();
    let second = world.call("ListStackResources", &[stack, ("NextToken", token)]).await.unwrap();
    assert_eq!(count(&second, "LogicalResourceId"), 30);
    assert_eq!(text(&second, "NextToken"), None);
    let events = world.call("DescribeStackEvents", &[stack]).await.unwrap();
    assert_eq!(text(&events, "LogicalResourceId"), Some("s"));
    assert_eq!(text(&events, "ResourceStatus"), Some("CREATE_COMPLETE"));
    let invalid = world.error("ListStackResources", &[stack, ("NextToken", "x")]).await;
    assert_eq!(invalid.1, "Invalid NextToken");
}

#[tokio::test]
async fn exports_and_imports_are_listed() {
    let world = World::new();
    let mut exporting = log_groups(&["A"]);
    exporting["Outputs"] = json!({ "O": { "Value": "v", "Export": { "Name": "e" } } });
    world.create_stack(&exporting).await;
    let exports = world.call("ListExports", &[]).await.unwrap();
    assert_eq!((text(&exports, "Name"), text(&exports, "Value")), (Some("e"), Some("v")));
    let mut importing = log_groups(&["B"]);
    importing["Resources"]["B"]["Properties"]["Tags"] =
        json!([{ "Key": "k", "Value": { "Fn::ImportValue": "e" } }]);
    let body = importing.to_string();
    let members = [("StackName", "t"), ("TemplateBody", body.as_str())];
    world.call("CreateStack", &members).await.unwrap();
    let imports = world.call("ListImports", &[("ExportName", "e")]).await.unwrap();
    assert_eq!(text(&imports, "Imports"), Some("<member>t</member>"));
}
