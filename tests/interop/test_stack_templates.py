"""Which templates deploy as stacks, and with which text the others are rejected.

The templates of `tests/data/templates` are those that `import --template` is tested with. Some have parts that AWS
rejects: the text is tested, then the rest of the template is deployed.
"""

import json
import re
import shutil

import pytest
from botocore.exceptions import ClientError

from conftest import REGION, ROOT
from stacks import api, template

TEMPLATES = ROOT / "tests/data/templates"
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
CAPABILITIES = ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
HANDLERS = "export const onPublish = (ctx) => ctx.events\n"


def handwritten(text):
    """Without YAML aliases, a resource without a type, and a loop without its transform."""
    text = text.replace("x-modes: &modes\n  - AuthType: AWS_IAM\n", "").replace("*modes", "[{ AuthType: AWS_IAM }]")
    text = text.replace("  Strange: { Properties: {} }\n", "").replace("      XrayEnabled: true\n", "")
    return re.sub(r"  Fn::ForEach::Topics:(\n    .*)*\n", "", text)


def everything(text):
    """With what a web ACL requires, and the id of an API where an ARN is."""
    acl = "{ Scope: REGIONAL, DefaultAction: { Allow: {} }, VisibilityConfig: { CloudWatchMetricsEnabled: false, MetricName: m, SampledRequestsEnabled: false } }"
    text = text.replace("ApiId: !Ref OrdersApi", "ApiId: !GetAtt OrdersApi.ApiId")
    return text.replace("{ Scope: REGIONAL }", acl)


def generated(text):
    """Without a custom resource, a circular dependency and a data source with an empty name, with a complete trust
    policy, and with a certificate of us-east-1, which AppSync requires."""
    body = json.loads(text)
    resources = body["Resources"]
    del resources["EventApiLogRetention5E4D3C2B"]
    del resources["AuthorizerFunctionB4DBAA43"]["Properties"]["Environment"]
    resources["EventApiDomainName4D5E6F70"]["Properties"]["CertificateArn"] = CERTIFICATE
    del resources["EventApiScoresNamespaceChannelNamespace7B6A5948"]["Properties"]["HandlerConfigs"]["OnSubscribe"]
    trust = resources["EventApiScoresBusServiceRole2D3E4F50"]["Properties"]["AssumeRolePolicyDocument"]
    resources["AuthorizerFunctionServiceRole9F8E7D6C"]["Properties"]["AssumeRolePolicyDocument"] = trust
    return json.dumps(body)


# What the template needs: stub types, parameters, and the edit that leaves out what AWS rejects.
ACCEPTED = {
    "article.yaml": ("", {}, str),
    "everything.yaml": (
        "AWS::Lambda::Function,AWS::DynamoDB::Table,AWS::Events::EventBus,AWS::RDS::DBCluster,AWS::SecretsManager::Secret,AWS::WAFv2::WebACL",
        {"UserPoolId": "ap-northeast-1_abcdefghi", "CertificateArn": CERTIFICATE, "Unused": "x"}, everything),
    "handwritten.yaml": ("AWS::SNS::Topic,AWS::SQS::Queue", {"Secret": "12345678"}, handwritten),
    "generated.json": ("AWS::Lambda::Function,AWS::Cognito::UserPool,AWS::CertificateManager::Certificate", {}, generated),
}


@pytest.fixture
def prepared(start):
    """Starts an emulator with these stub types, and with what the templates expect to exist."""
    def prepared(stub_types):
        stacks = start(*(["--stub-types", stub_types] if stub_types else []))
        s3 = stacks.boto3("s3")
        s3.create_bucket(Bucket="handlers-of-ours", CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_object(Bucket="handlers-of-ours", Key="handlers/chat.js", Body=HANDLERS.encode())
        stacks.appsync.create_domain_name(domainName="old.example.com", certificateArn=CERTIFICATE)
        exports = {"Api": {"Value": {"Fn::GetAtt": ["Api", "ApiId"]}, "Export": {"Name": "net-api"}},
                   "Web": {"Value": "https://b.example.com", "Export": {"Name": "net-web"}}}
        stacks.create("network", template(api("network"), outputs=exports))
        return stacks
    return prepared


def deploy(stacks, body, parameters, name="s"):
    parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
    stacks.create(name, body, Parameters=parameters, Capabilities=CAPABILITIES)
    failures = [it for it in stacks.events(name) if it[1].endswith("_FAILED")]
    assert (stacks.status(name), failures) == ("CREATE_COMPLETE", [])


@pytest.mark.parametrize("name", ACCEPTED)
def test_a_template_deploys_and_has_no_changes_after_that(prepared, name):
    stub_types, parameters, edit = ACCEPTED[name]
    stacks = prepared(stub_types)
    body = edit((TEMPLATES / name).read_text())
    deploy(stacks, body, parameters)
    with pytest.raises(ClientError, match="No updates are to be performed."):
        previous = [{"ParameterKey": key, "UsePreviousValue": True} for key in parameters]
        stacks.update("s", body, Parameters=previous, Capabilities=CAPABILITIES)
    stacks.cloudformation.delete_stack(StackName="s")
    retained = ["orders-dev"] if name == "everything.yaml" else []
    assert sorted(it["name"] for it in stacks.appsync.list_apis()["apis"]) == sorted(["network", *retained])


# The template, its stub types and parameters, and the text with which it is rejected before anything is created.
REJECTED = [
    ("everything.yaml", "", ACCEPTED["everything.yaml"][1], [
        f"provision's emulator does not support {name}; to use a stub in its place, pass `--stub-types '{name}'`"
        for name in ["AWS::Lambda::Function", "AWS::DynamoDB::Table", "AWS::Events::EventBus", "AWS::RDS::DBCluster",
                     "AWS::SecretsManager::Secret", "AWS::WAFv2::WebACL"]]),
    ("everything.yaml", ACCEPTED["everything.yaml"][0], {}, ["Parameters: [UserPoolId, CertificateArn, Unused] must have values"]),
    ("handwritten.yaml", "AWS::SNS::Topic,AWS::SQS::Queue", {}, ["Template error: YAML aliases are not allowed in CloudFormation templates"]),
    ("generated.json", ACCEPTED["generated.json"][0], {}, ["provision's emulator does not support custom resources (Custom::LogRetention)"]),
    ("sam.yaml", "", {}, ["AWS::Serverless-2016-10-31", "aws-sam-translator"]),
    ("undecided.yaml", "", {"Stage": "a", "Level": "ALL"}, ["Template error: Found circular condition dependency: [Loop, Other]"]),
    ("graphql-only.yaml", "", {}, ["provision's emulator does not support AWS::AppSync::GraphQLApi"]),
    ("no-resources.yaml", "", {}, ["Template format error: At least one Resources member must be defined."]),
    ("no-template.json", "", {}, ["Invalid template property or properties [name, version, dependencies]"]),
    ("a-spec.yaml", "", {}, ["Invalid template property or properties [version, stack, apis]"]),
]


def rejection(stacks, body, parameters=()):
    given = [{"ParameterKey": key, "ParameterValue": value} for key, value in dict(parameters).items()]
    with pytest.raises(ClientError) as caught:
        stacks.create("s", body, Parameters=given, Capabilities=CAPABILITIES)
    error = caught.value.response["Error"]
    assert error["Code"] == "ValidationError"
    assert "s" not in [it["StackName"] for it in stacks.cloudformation.describe_stacks()["Stacks"]]
    return error["Message"]


@pytest.mark.parametrize("name, stub_types, parameters, texts", REJECTED, ids=lambda it: it if isinstance(it, str) and "." in it else "")
def test_a_template_is_rejected_before_anything_is_created(start, name, stub_types, parameters, texts):
    stacks = start(*(["--stub-types", stub_types] if stub_types else []))
    message = rejection(stacks, (TEMPLATES / name).read_text(), parameters)
    assert all(text in message for text in texts), message
    assert stacks.appsync.list_apis()["apis"] == []


RESOURCE = '"R": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": %s}}'


def value(text):
    """A template with one value."""
    return '{"Resources": {' + RESOURCE % text + "}}"


def sections(text, resource='"x"'):
    """A template with these further sections."""
    return '{"Resources": {' + RESOURCE % resource + "}, " + text + "}"


# Texts of AWS for faults in templates, from recordings of live AWS.
FAULTS = {
    "[]": "Template format error: unsupported structure.",
    '{"Resources": {}}': "Template format error: At least one Resources member must be defined.",
    '{"Resources": {"A": {"Properties": {}}}}': "Template format error: [/Resources/A] Every Resources object must contain a Type member.",
    '{"Resources": {"A": "x"}}': "Template format error: Any Resources member must be an object.",
    '{"Resources": {"a-b": {"Type": "AWS::SSM::Parameter"}}}': "Template format error: Resource name a-b is non alphanumeric.",
    '{"Resources": {"A": {"Type": "AWS::No::Such"}}}': "Template format error: Unrecognized resource types: [AWS::No::Such]",
    '{"Resources": {"A": {"Type": "AWS::SSM::Parameter", "Nope": 1}}}': "Invalid template resource property 'Nope'",
    value('{"Ref": "X"}'): "Template format error: Unresolved resource dependencies [X] in the Resources block of the template",
    value('{"Fn::GetAtt": ["R", "Value"]}'): "Circular dependency between resources: [R]",
    value('{"Fn::GetAtt": ["R"]}'): "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute",
    value('{"Fn::Sub": "${a-b}"}'): "Template error: variable names in Fn::Sub syntax must contain only alphanumeric characters, underscores, periods, and colons",
    value('{"Fn::Sub": "${X.Y}"}'): "Template error: instance of Fn::Sub references invalid resource attribute X.Y",
    value('{"Fn::Join": ["-", "x"]}'): "Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined.",
    value('{"Fn::Split": ["-"]}'): "Template error: every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split or a function that returns a string to be split.",
    value('{"Fn::If": ["C", "a", "b"]}'): "Template error: unresolved condition dependency C in Fn::If",
    sections('"Mappings": {"M": {"a": {"b": "c"}}}', '{"Fn::FindInMap": ["M", "x", "b"]}'): "Template error: Unable to get mapping for M::x::b",
    sections('"Mappings": {"M": "x"}'): "Template format error: Every Mappings member M must be a map",
    sections('"Conditions": {"C": {"Fn::Equals": ["a"]}}'): "Template error: every Fn::Equals object requires a list of 2 string parameters.",
    sections('"Outputs": {"O": {"Description": "d"}}'): "Template format error: Every Outputs member must contain a Value object",
    sections('"Outputs": {"O": {"Value": {"Ref": "X"}}}'): "Unresolved resource dependencies [X] in the Outputs block of the template",
    sections('"Outputs": {"O": {"Value": null}}'): "[/Outputs/O/Value] 'null' values are not allowed in templates",
    sections('"Parameters": {"A": {"Type": "String"}, "B": {"Type": "Number"}}'): "Parameters: [A, B] must have values",
    sections('"Parameters": {"A": {"Type": "Number", "Default": "x"}}'): "Parameter 'A' must be a number.",
    sections('"Parameters": {"A": {"Type": "String", "Default": "x", "AllowedPattern": "y+"}}'): "Parameter 'A' must match pattern y+",
    sections('"Parameters": {"A": {"Type": "String", "Default": "x", "AllowedPattern": "y+", "ConstraintDescription": "only y"}}'): "Parameter A failed to satisfy constraint: only y",
    sections('"Parameters": {"A-B": {"Type": "String"}}'): "Template format error: Parameter name A-B is non alphanumeric.",
    sections('"Transform": "AWS::Include"'): "AWS::Include",
    sections('"Rules": {"Stage": {"Assertions": [{"Assert": {"Fn::Equals": ["a", "b"]}, "AssertDescription": "a is not b"}]}}'): "a is not b",
}


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One emulator for all templates that create nothing."""
    from stacks import Stacks
    stacks = Stacks(tmp_path_factory.mktemp("shared"))
    yield stacks
    stacks.stop()


@pytest.mark.parametrize("body", FAULTS, ids=lambda it: re.sub(r"\W+", " ", FAULTS[it])[:60].strip())
def test_a_faulty_template_is_rejected_with_the_text_of_aws(shared, body):
    try:
        message = rejection(shared, body)
    except BaseException:
        shared.cloudformation.delete_stack(StackName="s")
        raise
    assert FAULTS[body] in message


def test_an_import_of_nothing_fails_when_the_stack_is_created(stacks):
    stacks.create("s", value('{"Fn::ImportValue": "nothing"}'))
    assert any("No export named nothing" in (reason or "") for _, _, reason in stacks.events("s")), stacks.events("s")
    assert stacks.status("s") == "ROLLBACK_COMPLETE"


# `provision render` makes the template of each of these from its spec.
SPECS = sorted(it.parent.name for it in ROOT.glob("templates/*/spec.yaml"))
# Values for parameters without a default.
PARAMETERS = {"role": "arn:aws:iam::123456789012:role/sources"}


@pytest.mark.parametrize("name", SPECS)
def test_a_rendered_template_makes_what_apply_of_its_spec_makes(start, name):
    stacks = start()
    body = (ROOT / f"templates/{name}/template.yaml").read_text()
    declared = stacks.cloudformation.validate_template(TemplateBody=body)["Parameters"]
    parameters = {it["ParameterKey"]: PARAMETERS[it["ParameterKey"]] for it in declared if "DefaultValue" not in it}
    deploy(stacks, body, parameters)
    by_stack = live_state(stacks)
    stacks.cloudformation.delete_stack(StackName="s")
    assert stacks.appsync.list_apis()["apis"] == []
    given = [argument for key, value in parameters.items() for argument in ["--param", f"{key}={value}"]]
    shutil.copytree(ROOT / f"templates/{name}", stacks.folder / name)
    spec = (stacks.folder / name / "spec.yaml").read_text()
    stacks.write(f"{name}/spec.yaml", re.sub(r"^region:.*$", "", spec, flags=re.MULTILINE))
    stacks.provision("apply", f"{name}/spec.yaml", "--yes", "--endpoint-url", stacks.url, "--region", REGION, *given)
    assert by_stack == live_state(stacks)


def live_state(stacks):
    """The APIs with their children and roles, without ids, generated names and the tags and markers of the tools."""
    apis = []
    for api in stacks.appsync.list_apis()["apis"]:
        id = api["apiId"]
        children = [
            stacks.appsync.list_channel_namespaces(apiId=id)["channelNamespaces"],
            stacks.appsync.list_data_sources(apiId=id)["dataSources"],
            [{"description": it.get("description", "")} for it in stacks.appsync.list_api_keys(apiId=id)["apiKeys"]],
        ]
        names = [it["name"] for it in children[0]]
        children[0] = [stacks.appsync.get_channel_namespace(apiId=id, name=it)["channelNamespace"] for it in names]
        apis.append([stacks.appsync.get_api(apiId=id)["api"], *children])
    roles = [[it["AssumeRolePolicyDocument"], policies(stacks, it["RoleName"])] for it in stacks.boto3("iam").list_roles()["Roles"]]
    return comparable(apis), sorted(json.dumps(it, sort_keys=True) for it in roles)


def policies(stacks, role):
    iam = stacks.boto3("iam")
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    documents = [iam.get_role_policy(RoleName=role, PolicyName=it)["PolicyDocument"] for it in names]
    attached = [it["PolicyArn"] for it in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]]
    return [json.dumps(it, sort_keys=True) for it in documents], sorted(attached)


VARIES = {"apiId", "apiArn", "channelNamespaceArn", "dataSourceArn", "dns", "created", "lastModified", "serviceRoleArn", "cloudWatchLogsRoleArn"}


def comparable(value):
    if isinstance(value, dict):
        members = {key: comparable(it) for key, it in value.items() if key not in VARIES}
        if "tags" in members:
            members["tags"] = {key: it for key, it in members["tags"].items() if not key.startswith(("aws:", "provision:"))}
        if "description" in members:
            members["description"] = re.sub(r" ?\[provision:.*", "", members["description"])
        return {key: it for key, it in members.items() if it not in ({}, [], None, "")}
    if isinstance(value, list):
        return sorted((comparable(it) for it in value), key=lambda it: json.dumps(it, sort_keys=True, default=str))
    return value
