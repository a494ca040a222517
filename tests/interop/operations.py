"""Every operation of the emulator with each of its outcomes: one table for all clients.

A case is a call and its expected outcome. Its function prepares an emulator, and returns the request with
the member names of AWS's models.
"""

import json
import time

REGION = "ap-northeast-1"
ACCOUNT = "123456789012"
DAY = 86400
MODES = [{"authType": "API_KEY"}]
CONFIG = {
    "authProviders": [{"authType": "API_KEY"}, {"authType": "AWS_IAM"}],
    "connectionAuthModes": MODES,
    "defaultPublishAuthModes": [{"authType": "AWS_IAM"}],
    "defaultSubscribeAuthModes": MODES,
}
CODE = "export function onPublish(ctx) {\n  return ctx.events\n}\n"
LAMBDA = {"type": "AWS_LAMBDA", "lambdaConfig": {"lambdaFunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"}}
CERTIFICATE = f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/0b5c-1"
WEB_ACL = f"arn:aws:wafv2:{REGION}:{ACCOUNT}:regional/webacl/front/0b5c-1"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "appsync.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": ["logs:PutLogEvents"], "Resource": "*"}]})
MANAGED = "arn:aws:iam::aws:policy/service-role/AWSAppSyncPushToCloudWatchLogs"
# A well-formed id and ARN of an API that does not exist.
NOWHERE = "x" * 26
NO_ARN = f"arn:aws:appsync:{REGION}:{ACCOUNT}:apis/{NOWHERE}"

SUPPORTED = {
    "appsync": """CreateApi GetApi UpdateApi DeleteApi ListApis CreateChannelNamespace GetChannelNamespace
        UpdateChannelNamespace DeleteChannelNamespace ListChannelNamespaces CreateApiKey UpdateApiKey DeleteApiKey
        ListApiKeys CreateDataSource GetDataSource UpdateDataSource DeleteDataSource ListDataSources CreateDomainName
        GetDomainName UpdateDomainName DeleteDomainName ListDomainNames AssociateApi GetApiAssociation DisassociateApi
        TagResource UntagResource ListTagsForResource EvaluateCode""".split(),
    "iam": """CreateRole GetRole ListRoles UpdateRole UpdateAssumeRolePolicy PutRolePolicy GetRolePolicy DeleteRolePolicy
        ListRolePolicies ListAttachedRolePolicies AttachRolePolicy DetachRolePolicy DeleteRole TagRole UntagRole
        ListRoleTags ListInstanceProfilesForRole PutRolePermissionsBoundary DeleteRolePermissionsBoundary
        CreatePolicy GetPolicy ListPolicies DeletePolicy CreatePolicyVersion GetPolicyVersion ListPolicyVersions
        DeletePolicyVersion TagPolicy UntagPolicy ListPolicyTags ListEntitiesForPolicy""".split(),
    "sts": ["GetCallerIdentity", "AssumeRole"],
    "ssm": """PutParameter GetParameter GetParameters DeleteParameter DescribeParameters AddTagsToResource
        RemoveTagsFromResource ListTagsForResource""".split(),
    "wafv2": ["AssociateWebACL", "DisassociateWebACL", "GetWebACLForResource", "ListResourcesForWebACL"],
}

# Errors that the emulator never returns, by service; `Operation/Error` if other operations of the service do.
NEVER = {
    "appsync": """InternalFailureException UnauthorizedException AccessDeniedException
        ConcurrentModificationException LimitExceededException
        GetApi/BadRequestException
        CreateApiKey/BadRequestException UpdateApiKey/BadRequestException
        DeleteApiKey/BadRequestException""".split(),
    "iam": """ServiceFailure ConcurrentModification UnmodifiableEntity PolicyNotAttachable
        DeleteRolePolicy/LimitExceeded DetachRolePolicy/LimitExceeded DeleteRole/LimitExceeded
        DetachRolePolicy/InvalidInput ListAttachedRolePolicies/InvalidInput
        DeletePolicy/LimitExceeded DeletePolicyVersion/LimitExceeded""".split(),
    "sts": """MalformedPolicyDocument PackedPolicyTooLarge RegionDisabledException ExpiredTokenException""".split(),
    "ssm": """InternalServerError InvalidKeyId ParameterLimitExceeded TooManyUpdates ParameterMaxVersionLimitExceeded
        UnsupportedParameterType PoliciesLimitExceededException InvalidPolicyTypeException
        InvalidPolicyAttributeException IncompatiblePolicyException InvalidFilterKey InvalidFilterOption
        InvalidFilterValue InvalidNextToken InvalidResourceType""".split(),
    "wafv2": """WAFInternalErrorException WAFUnavailableEntityException WAFInvalidOperationException
        WAFLimitsExceededException WAFFeatureNotIncludedInPricingPlanException""".split(),
}

# (service, operation, error or None) → (function, HTTP status, text of the message)
CASES = {}


def case(service, operation, error=None, status=200, text=""):
    def keep(function):
        assert (service, operation, error) not in CASES, (operation, error)
        CASES[(service, operation, error)] = (function, status, text)
        return function
    return keep


def none(service, operations, error, status, request, text=""):
    """One request that several operations reject with the same error."""
    for operation in operations.split():
        case(service, operation, error, status, text)(request)


class Prepared:
    """An emulator in which a case creates the resources that it needs."""

    def __init__(self, client):
        self.appsync, self.iam, self.wafv2 = client("appsync"), client("iam"), client("wafv2")
        self.ssm = client("ssm")

    def api(self):
        api = self.appsync.create_api(name="a", eventConfig=CONFIG)["api"]
        return api["apiId"], api["apiArn"]

    def namespace(self, **members):
        api, _ = self.api()
        self.appsync.create_channel_namespace(apiId=api, name="n", **members)
        return {"apiId": api, "name": "n"}

    def key(self):
        api, _ = self.api()
        return {"apiId": api, "id": self.appsync.create_api_key(apiId=api)["apiKey"]["id"]}

    def source(self):
        api, _ = self.api()
        self.appsync.create_data_source(apiId=api, name="f", **LAMBDA)
        return {"apiId": api, "name": "f"}

    def used_source(self, behavior="DIRECT"):
        source = self.source()
        integration = {"dataSourceName": "f"}
        handlers = {"onPublish": {"behavior": behavior, "integration": integration}}
        self.appsync.create_channel_namespace(apiId=source["apiId"], name="n", handlerConfigs=handlers)
        return source

    def domain(self):
        self.appsync.create_domain_name(domainName="api.example.com", certificateArn=CERTIFICATE)
        return {"domainName": "api.example.com"}

    def associated(self):
        domain, (api, _) = self.domain(), self.api()
        self.appsync.associate_api(**domain, apiId=api)
        return {**domain, "apiId": api}

    def role(self, **members):
        self.iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST, **members)
        return {"RoleName": "r"}

    def with_policy(self):
        role = self.role()
        self.iam.put_role_policy(**role, PolicyName="p", PolicyDocument=POLICY)
        return {**role, "PolicyName": "p"}

    def attached(self):
        role = self.role()
        self.iam.attach_role_policy(**role, PolicyArn=MANAGED)
        return {**role, "PolicyArn": MANAGED}

    def parameter(self, **members):
        self.ssm.put_parameter(**{**PARAMETER, **members})
        return {"Name": "/a/b"}

    def tagged(self):
        self.parameter(Tags=[{"Key": "k", "Value": "v"}])
        return {"ResourceType": "Parameter", "ResourceId": "/a/b"}

    def policy(self):
        return {"PolicyArn": self.iam.create_policy(PolicyName="p", PolicyDocument=POLICY)["Policy"]["Arn"]}

    def fronted(self):
        _, arn = self.api()
        self.wafv2.associate_web_acl(WebACLArn=WEB_ACL, ResourceArn=arn)
        return {"ResourceArn": arn}


# APIs.

@case("appsync", "CreateApi")
def _(aws):
    return {"name": "a", "ownerContact": "me", "tags": {"a": "b"}, "eventConfig": CONFIG}


@case("appsync", "CreateApi", "BadRequestException", 400, "regular expression")
def _(aws):
    return {"name": "a/b", "eventConfig": CONFIG}


@case("appsync", "CreateApi", "ServiceQuotaExceededException", 402, "50 Event APIs")
def _(aws):
    for _ in range(50):
        aws.api()
    return {"name": "a", "eventConfig": CONFIG}


for operation in ("GetApi", "DeleteApi"):
    case("appsync", operation)(lambda aws: {"apiId": aws.api()[0]})


@case("appsync", "DeleteApi", "BadRequestException", 400, "API can not be deleted as it is associated to a domain")
def _(aws):
    return {"apiId": aws.associated()["apiId"]}


@case("appsync", "UpdateApi")
def _(aws):
    return {"apiId": aws.api()[0], "name": "b", "eventConfig": CONFIG}


@case("appsync", "UpdateApi", "BadRequestException", 400, "must be an https URL")
def _(aws):
    oidc = {"authType": "OPENID_CONNECT", "openIDConnectConfig": {"issuer": "http://a.example.com"}}
    return {"apiId": aws.api()[0], "name": "b", "eventConfig": {**CONFIG, "authProviders": [oidc]}}


none("appsync", "GetApi DeleteApi", "NotFoundException", 404, lambda aws: {"apiId": NOWHERE}, NOWHERE)
none("appsync", "UpdateApi", "NotFoundException", 404, lambda aws: {"apiId": NOWHERE, "name": "a", "eventConfig": CONFIG})
case("appsync", "ListApis")(lambda aws: aws.api() and {})
none("appsync", "ListApis ListDomainNames", "BadRequestException", 400, lambda aws: {"nextToken": "nonsense"}, "pagination token")


# Channel namespaces.

@case("appsync", "CreateChannelNamespace")
def _(aws):
    source = aws.source()
    handlers = {"onPublish": {"behavior": "DIRECT", "integration": {"dataSourceName": "f", "lambdaConfig": {"invokeType": "EVENT"}}}}
    return {"apiId": source["apiId"], "name": "n", "subscribeAuthModes": MODES, "publishAuthModes": MODES,
            "codeHandlers": CODE, "tags": {"a": "b"}, "handlerConfigs": handlers}


@case("appsync", "CreateChannelNamespace", "BadRequestException", 400, "The code contains one or more errors.")
def _(aws):
    return {"apiId": aws.api()[0], "name": "n", "codeHandlers": "export function"}


@case("appsync", "CreateChannelNamespace", "ConflictException", 409, "already exists")
def _(aws):
    return aws.namespace()


@case("appsync", "CreateChannelNamespace", "ServiceQuotaExceededException", 402, "50 channel namespaces")
def _(aws):
    api, _ = aws.api()
    for n in range(50):
        aws.appsync.create_channel_namespace(apiId=api, name=f"n{n}")
    return {"apiId": api, "name": "n"}


for operation in ("GetChannelNamespace", "DeleteChannelNamespace"):
    case("appsync", operation)(lambda aws: aws.namespace())


@case("appsync", "UpdateChannelNamespace")
def _(aws):
    return {**aws.namespace(), "publishAuthModes": MODES}


@case("appsync", "UpdateChannelNamespace", "BadRequestException", 400, "AWS_LAMBDA is not configured")
def _(aws):
    return {**aws.namespace(), "publishAuthModes": [{"authType": "AWS_LAMBDA"}]}


none("appsync", "CreateChannelNamespace GetChannelNamespace UpdateChannelNamespace DeleteChannelNamespace",
     "NotFoundException", 404, lambda aws: {"apiId": NOWHERE, "name": "n"}, NOWHERE)
case("appsync", "ListChannelNamespaces")(lambda aws: {"apiId": aws.namespace()["apiId"]})


none("appsync", "GetChannelNamespace DeleteChannelNamespace", "BadRequestException", 400,
     lambda aws: {"apiId": NOWHERE, "name": "a_b"}, "regular expression")


# Lists of the children of an API have pages.

none("appsync", "ListChannelNamespaces ListApiKeys ListDataSources", "NotFoundException", 404,
     lambda aws: {"apiId": NOWHERE}, NOWHERE)
none("appsync", "ListChannelNamespaces ListApiKeys ListDataSources", "BadRequestException", 400,
     lambda aws: {"apiId": aws.api()[0], "maxResults": 26}, "between 0 and 25")


# Keys.

@case("appsync", "CreateApiKey")
def _(aws):
    return {"apiId": aws.api()[0], "description": "web", "expires": int(time.time()) + 30 * DAY}


@case("appsync", "CreateApiKey", "ApiKeyLimitExceededException", 400, "50 API keys")
def _(aws):
    api, _ = aws.api()
    for _ in range(50):
        aws.appsync.create_api_key(apiId=api)
    return {"apiId": api}


@case("appsync", "CreateApiKey", "ApiKeyValidityOutOfBoundsException", 400, "API key must be valid for a minimum of 1 days.")
def _(aws):
    return {"apiId": aws.api()[0], "expires": int(time.time()) + DAY}


@case("appsync", "UpdateApiKey")
def _(aws):
    return {**aws.key(), "description": "new"}


@case("appsync", "UpdateApiKey", "ApiKeyValidityOutOfBoundsException", 400, "API key can be valid for a maximum of 365 days.")
def _(aws):
    return {**aws.key(), "expires": int(time.time()) + 367 * DAY}


none("appsync", "CreateApiKey", "NotFoundException", 404, lambda aws: {"apiId": NOWHERE}, NOWHERE)
none("appsync", "UpdateApiKey DeleteApiKey", "NotFoundException", 404, lambda aws: {"apiId": aws.api()[0], "id": "da2-x"})
case("appsync", "DeleteApiKey")(lambda aws: aws.key())
case("appsync", "ListApiKeys")(lambda aws: {"apiId": aws.key()["apiId"]})


# Data sources.

@case("appsync", "CreateDataSource")
def _(aws):
    return {"apiId": aws.api()[0], "name": "f", "description": "d", **LAMBDA, "metricsConfig": "ENABLED"}


@case("appsync", "CreateDataSource", "BadRequestException", 400, "Data source with name f already exists")
def _(aws):
    return {**aws.source(), **LAMBDA}


@case("appsync", "UpdateDataSource")
def _(aws):
    return {**aws.source(), "type": "AMAZON_BEDROCK_RUNTIME"}


@case("appsync", "UpdateDataSource", "BadRequestException", 400, "still connected to a resolver")
def _(aws):
    return {**aws.used_source(), "type": "NONE"}


@case("appsync", "DeleteDataSource", "BadRequestException", 400, "still connected to a resolver")
def _(aws):
    return aws.used_source()


for operation in ("GetDataSource", "DeleteDataSource"):
    case("appsync", operation)(lambda aws: aws.source())
case("appsync", "ListDataSources")(lambda aws: {"apiId": aws.source()["apiId"]})
none("appsync", "CreateDataSource", "NotFoundException", 404, lambda aws: {"apiId": NOWHERE, "name": "f", **LAMBDA}, NOWHERE)
none("appsync", "UpdateDataSource", "NotFoundException", 404, lambda aws: {"apiId": aws.api()[0], "name": "f", **LAMBDA},
     "No data source found named f")
none("appsync", "GetDataSource DeleteDataSource", "NotFoundException", 404, lambda aws: {"apiId": aws.api()[0], "name": "f"},
     "No data source found named f")


none("appsync", "GetDataSource", "BadRequestException", 400, lambda aws: {"apiId": NOWHERE, "name": "a-b"},
     "Invalid data source name given, must match pattern [_A-Za-z][_0-9A-Za-z]*")


# Domain names.

@case("appsync", "CreateDomainName")
def _(aws):
    return {"domainName": "*.example.com", "certificateArn": CERTIFICATE, "description": "d", "tags": {"a": "b"}}


@case("appsync", "CreateDomainName", "BadRequestException", 400, "already exists")
def _(aws):
    return {**aws.domain(), "certificateArn": CERTIFICATE}


@case("appsync", "UpdateDomainName")
def _(aws):
    return {**aws.domain(), "description": "new"}


@case("appsync", "UpdateDomainName", "BadRequestException", 400, "255")
def _(aws):
    return {**aws.domain(), "description": "x" * 256}


@case("appsync", "DeleteDomainName", "BadRequestException", 400, "Domain name must be disassociated before it can be deleted.")
def _(aws):
    return {"domainName": aws.associated()["domainName"]}


@case("appsync", "AssociateApi")
def _(aws):
    return {**aws.domain(), "apiId": aws.api()[0]}


@case("appsync", "AssociateApi", "NotFoundException", 404, NOWHERE)
def _(aws):
    return {**aws.domain(), "apiId": NOWHERE}


for operation in ("GetDomainName", "DeleteDomainName"):
    case("appsync", operation)(lambda aws: aws.domain())
for operation in ("GetApiAssociation", "DisassociateApi"):
    case("appsync", operation)(lambda aws: {"domainName": aws.associated()["domainName"]})
case("appsync", "ListDomainNames")(lambda aws: aws.domain() and {})
none("appsync", "GetDomainName UpdateDomainName DeleteDomainName", "NotFoundException", 404,
     lambda aws: {"domainName": "no.example.com"}, "no.example.com")
none("appsync", "GetApiAssociation DisassociateApi", "NotFoundException", 404, lambda aws: aws.domain(), "not associated")
none("appsync", "GetDomainName GetApiAssociation DisassociateApi", "BadRequestException", 400,
     lambda aws: {"domainName": "nowhere"}, "regular expression")
none("appsync", "AssociateApi", "BadRequestException", 400, lambda aws: {"domainName": "nowhere", "apiId": NOWHERE}, "regular expression")


# Tags.

case("appsync", "TagResource")(lambda aws: {"resourceArn": aws.api()[1], "tags": {"a b": "c/d"}})
case("appsync", "UntagResource")(lambda aws: {"resourceArn": aws.api()[1], "tagKeys": ["a b"]})
case("appsync", "ListTagsForResource")(lambda aws: {"resourceArn": aws.api()[1]})
none("appsync", "TagResource", "NotFoundException", 404, lambda aws: {"resourceArn": NO_ARN, "tags": {"a": "b"}})
none("appsync", "UntagResource", "NotFoundException", 404, lambda aws: {"resourceArn": NO_ARN, "tagKeys": ["a"]})
none("appsync", "ListTagsForResource", "NotFoundException", 404, lambda aws: {"resourceArn": NO_ARN})
none("appsync", "TagResource", "BadRequestException", 400, lambda aws: {"resourceArn": NO_ARN, "tags": {"aws:a": "b"}}, "Map keys")
none("appsync", "UntagResource", "BadRequestException", 400, lambda aws: {"resourceArn": NO_ARN, "tagKeys": ["aws:a"]}, "Map keys")
none("appsync", "ListTagsForResource", "BadRequestException", 400, lambda aws: {"resourceArn": "arn:aws:s3:::" + "b" * 60}, "is not the ARN")


# Code.

EVALUATED = {"runtime": {"name": "APPSYNC_JS", "runtimeVersion": "1.0.0"}, "context": '{"events":[]}', "function": "onPublish"}
case("appsync", "EvaluateCode")(lambda aws: {**EVALUATED, "code": CODE})
case("appsync", "EvaluateCode", "BadRequestException", 400, "not valid JSON")(lambda aws: {**EVALUATED, "code": CODE, "context": "{events"})


# Roles.

ROLE = {"RoleName": "r", "AssumeRolePolicyDocument": TRUST}
case("iam", "CreateRole")(lambda aws: {**ROLE, "Path": "/a/", "Description": "d", "Tags": [{"Key": "k", "Value": "v"}]})
none("iam", "CreateRole", "LimitExceeded", 409, lambda aws: {**ROLE, "AssumeRolePolicyDocument": TRUST + " " * 2048}, "2048")
none("iam", "CreateRole", "InvalidInput", 400, lambda aws: {**ROLE, "Tags": [{"Key": "k", "Value": "v"}] * 2}, "Duplicate tag keys")
none("iam", "CreateRole", "EntityAlreadyExists", 409, lambda aws: aws.role() and ROLE, "already exists")
none("iam", "CreateRole", "MalformedPolicyDocument", 400, lambda aws: {**ROLE, "AssumeRolePolicyDocument": POLICY}, "Resource")
for operation in """GetRole UntagRole ListRolePolicies ListAttachedRolePolicies ListRoleTags DeleteRole UpdateRole
        ListInstanceProfilesForRole DeleteRolePermissionsBoundary""".split():
    more = {"UntagRole": {"TagKeys": ["k"]}, "UpdateRole": {"Description": "new", "MaxSessionDuration": 7200}}.get(operation, {})
    case("iam", operation)(lambda aws, more=more: {**aws.role(), **more})
    none("iam", operation, "NoSuchEntity", 404, lambda aws, more=more: {"RoleName": "r", **more}, "The role with name r cannot be found.")
case("iam", "ListRoles")(lambda aws: aws.role() and {"PathPrefix": "/"})
for operation, more, errors in [
    ("UpdateAssumeRolePolicy", {"PolicyDocument": TRUST},
     [("LimitExceeded", 409, {"PolicyDocument": TRUST + " " * 2048}), ("MalformedPolicyDocument", 400, {"PolicyDocument": "{"})]),
    ("PutRolePolicy", {"PolicyName": "p", "PolicyDocument": POLICY},
     [("LimitExceeded", 409, {"PolicyDocument": POLICY.replace("Log", "L" * 10240)}), ("MalformedPolicyDocument", 400, {"PolicyDocument": TRUST})]),
    ("AttachRolePolicy", {"PolicyArn": MANAGED}, [("InvalidInput", 400, {"PolicyArn": "arn:aws:s3:::not-a-policy"})]),
    ("TagRole", {"Tags": [{"Key": "k", "Value": "v"}]},
     [("LimitExceeded", 409, {"Tags": [{"Key": f"k{n}", "Value": ""} for n in range(51)]}),
      ("InvalidInput", 400, {"Tags": [{"Key": "k", "Value": ""}] * 2})]),
    ("PutRolePermissionsBoundary", {"PermissionsBoundary": MANAGED}, [("InvalidInput", 400, {"PermissionsBoundary": "arn:aws:s3:::not-a-policy"})]),
]:
    case("iam", operation)(lambda aws, more=more: {**aws.role(), **more})
    none("iam", operation, "NoSuchEntity", 404, lambda aws, more=more: {"RoleName": "r", **more}, "cannot be found")
    for error, status, wrong in errors:
        case("iam", operation, error, status)(lambda aws, more=more, wrong=wrong: {**aws.role(), **more, **wrong})


@case("iam", "AttachRolePolicy", "LimitExceeded", 409, "PoliciesPerRole: 20")
def _(aws):
    role = aws.role()
    for n in range(20):
        aws.iam.attach_role_policy(**role, PolicyArn=f"arn:aws:iam::aws:policy/p{n}")
    return {**role, "PolicyArn": MANAGED}


for operation in ("GetRolePolicy", "DeleteRolePolicy"):
    case("iam", operation)(lambda aws: aws.with_policy())
    none("iam", operation, "NoSuchEntity", 404, lambda aws: {**aws.role(), "PolicyName": "p"}, "The role policy with name p cannot be found.")
case("iam", "DetachRolePolicy")(lambda aws: aws.attached())
none("iam", "DetachRolePolicy", "NoSuchEntity", 404, lambda aws: {**aws.role(), "PolicyArn": MANAGED}, "was not found")
none("iam", "DeleteRole", "DeleteConflict", 409, lambda aws: {"RoleName": aws.with_policy()["RoleName"]}, "must delete policies first")


# Managed policies.

OWN = {"PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/p"}
NEW_POLICY = {"PolicyName": "p", "PolicyDocument": POLICY}
LONG_POLICY = {"PolicyDocument": POLICY.replace("Log", "L" * 6144)}
TAGS = [{"Key": "k", "Value": "v"}]
case("iam", "CreatePolicy")(lambda aws: {**NEW_POLICY, "Path": "/a/", "Description": "d", "Tags": TAGS})
none("iam", "CreatePolicy", "EntityAlreadyExists", 409, lambda aws: aws.policy() and NEW_POLICY, "already exists")
none("iam", "CreatePolicy", "LimitExceeded", 409, lambda aws: {**NEW_POLICY, **LONG_POLICY}, "6144")
none("iam", "CreatePolicy", "MalformedPolicyDocument", 400, lambda aws: {**NEW_POLICY, "PolicyDocument": TRUST}, "principal")
none("iam", "CreatePolicy", "InvalidInput", 400, lambda aws: {**NEW_POLICY, "Tags": TAGS * 2}, "Duplicate tag keys")
case("iam", "ListPolicies")(lambda aws: aws.policy() and {"Scope": "Local", "OnlyAttached": False})
for operation, more in {
    "GetPolicy": {}, "DeletePolicy": {}, "ListPolicyVersions": {}, "ListPolicyTags": {}, "ListEntitiesForPolicy": {},
    "GetPolicyVersion": {"VersionId": "v1"}, "DeletePolicyVersion": {"VersionId": "v2"},
    "CreatePolicyVersion": {"PolicyDocument": POLICY, "SetAsDefault": True},
    "TagPolicy": {"Tags": TAGS}, "UntagPolicy": {"TagKeys": ["k"]},
}.items():
    if operation != "DeletePolicyVersion":
        case("iam", operation)(lambda aws, more=more: {**aws.policy(), **more})
    none("iam", operation, "NoSuchEntity", 404, lambda aws, more=more: {**OWN, **more}, "was not found")
    none("iam", operation, "InvalidInput", 400, lambda aws, more=more: {"PolicyArn": "arn:aws:s3:::not-a-policy", **more}, "is not valid")


@case("iam", "DeletePolicyVersion")
def _(aws):
    policy = aws.policy()
    aws.iam.create_policy_version(**policy, PolicyDocument=POLICY)
    return {**policy, "VersionId": "v2"}


@case("iam", "CreatePolicyVersion", "LimitExceeded", 409, "up to 5 versions")
def _(aws):
    policy = aws.policy()
    for _ in range(4):
        aws.iam.create_policy_version(**policy, PolicyDocument=POLICY)
    return {**policy, "PolicyDocument": POLICY}


@case("iam", "DeletePolicy", "DeleteConflict", 409, "attached to entities")
def _(aws):
    aws.iam.attach_role_policy(**aws.role(), **aws.policy())
    return OWN


none("iam", "CreatePolicyVersion", "MalformedPolicyDocument", 400, lambda aws: {**aws.policy(), "PolicyDocument": "{"}, "invalid Json")
none("iam", "DeletePolicyVersion", "DeleteConflict", 409, lambda aws: {**aws.policy(), "VersionId": "v1"}, "default version")
none("iam", "TagPolicy", "LimitExceeded", 409, lambda aws: {**aws.policy(), "Tags": [{"Key": f"k{n}", "Value": ""} for n in range(51)]}, "limit: 50")


# Callers, and web ACLs.

case("sts", "GetCallerIdentity")(lambda aws: {})
case("sts", "AssumeRole")(
    lambda aws: {"RoleArn": aws.iam.get_role(**aws.role())["Role"]["Arn"], "RoleSessionName": "me"})

# Parameters.

PARAMETER = {"Name": "/a/b", "Value": "1", "Type": "String"}
NO_PARAMETER = {"ResourceType": "Parameter", "ResourceId": "/nope"}
case("ssm", "PutParameter")(lambda aws: PARAMETER)
none("ssm", "PutParameter", "ParameterAlreadyExists", 400, lambda aws: aws.parameter() and PARAMETER, "already exists")
none("ssm", "PutParameter", "HierarchyLevelLimitExceededException", 400, lambda aws: {**PARAMETER, "Name": "/a" * 16}, "15 levels")
none("ssm", "PutParameter", "HierarchyTypeMismatchException", 400,
     lambda aws: aws.parameter() and {**PARAMETER, "Type": "StringList", "Overwrite": True}, "type")
none("ssm", "PutParameter", "InvalidAllowedPatternException", 400, lambda aws: {**PARAMETER, "AllowedPattern": "("}, "regular expression")
none("ssm", "PutParameter", "ParameterPatternMismatchException", 400, lambda aws: {**PARAMETER, "AllowedPattern": "^a$"}, "allowedPattern: ^a$")
case("ssm", "GetParameter")(lambda aws: aws.parameter())
case("ssm", "GetParameters")(lambda aws: aws.parameter() and {"Names": ["/a/b", "/nope"]})
case("ssm", "DeleteParameter")(lambda aws: aws.parameter())
case("ssm", "DescribeParameters")(lambda aws: {})
none("ssm", "GetParameter DeleteParameter", "ParameterNotFound", 400, lambda aws: {"Name": "/nope"}, "not found")
none("ssm", "GetParameter", "ParameterVersionNotFound", 400, lambda aws: aws.parameter() and {"Name": "/a/b:2"}, "version 2 of /a/b")
case("ssm", "AddTagsToResource")(lambda aws: {**aws.tagged(), "Tags": [{"Key": "k2", "Value": ""}]})
case("ssm", "RemoveTagsFromResource")(lambda aws: {**aws.tagged(), "TagKeys": ["k"]})
case("ssm", "ListTagsForResource")(lambda aws: aws.tagged())
none("ssm", "AddTagsToResource", "InvalidResourceId", 400, lambda aws: {**NO_PARAMETER, "Tags": []})
none("ssm", "AddTagsToResource", "TooManyTagsError", 400,
     lambda aws: {**aws.tagged(), "Tags": [{"Key": f"k{n}", "Value": ""} for n in range(51)]})
none("ssm", "RemoveTagsFromResource", "InvalidResourceId", 400, lambda aws: {**NO_PARAMETER, "TagKeys": []})
none("ssm", "ListTagsForResource", "InvalidResourceId", 400, lambda aws: NO_PARAMETER)


@case("wafv2", "AssociateWebACL")
def _(aws):
    return {"WebACLArn": WEB_ACL, "ResourceArn": aws.api()[1]}


for operation in ("DisassociateWebACL", "GetWebACLForResource"):
    case("wafv2", operation)(lambda aws: aws.fronted())
none("wafv2", "DisassociateWebACL GetWebACLForResource", "WAFNonexistentItemException", 400, lambda aws: {"ResourceArn": NO_ARN}, "doesn't exist")
none("wafv2", "DisassociateWebACL GetWebACLForResource", "WAFInvalidParameterException", 400, lambda aws: {"ResourceArn": "nonsense" * 3}, "RESOURCE_ARN")
none("wafv2", "AssociateWebACL", "WAFNonexistentItemException", 400, lambda aws: {"WebACLArn": WEB_ACL, "ResourceArn": NO_ARN})
none("wafv2", "AssociateWebACL", "WAFInvalidParameterException", 400, lambda aws: {"WebACLArn": NO_ARN, "ResourceArn": aws.api()[1]}, "WEB_ACL")
case("wafv2", "ListResourcesForWebACL")(lambda aws: aws.fronted() and {"WebACLArn": WEB_ACL, "ResourceType": "APPSYNC"})
none("wafv2", "ListResourcesForWebACL", "WAFNonexistentItemException", 400, lambda aws: {"WebACLArn": WEB_ACL.replace(ACCOUNT, "000000000001")})
none("wafv2", "ListResourcesForWebACL", "WAFInvalidParameterException", 400, lambda aws: {"WebACLArn": WEB_ACL.replace("regional", "global")})
