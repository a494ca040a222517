"""Every operation of the local AWS through boto3: whole answers, and every error that AWS models."""

import json
import re
import time
import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError

from conftest import bare

MODES = [{"authType": "API_KEY"}]
CONFIG = {
    "authProviders": [{"authType": "API_KEY"}, {"authType": "AWS_IAM"}],
    "connectionAuthModes": MODES,
    "defaultPublishAuthModes": [{"authType": "AWS_IAM"}],
    "defaultSubscribeAuthModes": MODES,
}
ID = re.compile(r"[a-z0-9]{26}")
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "appsync.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": ["logs:PutLogEvents"], "Resource": "*"}]})
CODE = "export function onPublish(ctx) {\n  return ctx.events\n}\n"
DAY = 86400


def refused(call, code, status, text=""):
    with pytest.raises(ClientError) as caught:
        call()
    answer = caught.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (code, status), answer
    assert text in answer["Error"]["Message"], answer
    assert answer["ResponseMetadata"]["RequestId"]


@pytest.fixture
def api(appsync):
    return bare(appsync.create_api(name="a", eventConfig=CONFIG))["api"]


def test_an_api_is_made_read_changed_and_deleted(appsync):
    before = time.time()
    made = bare(appsync.create_api(name="my api_1", ownerContact="me", tags={"env": "dev"}, eventConfig=CONFIG))["api"]
    assert ID.fullmatch(made["apiId"])
    prefix, _, rest = made["dns"]["HTTP"].partition(".")
    assert ID.fullmatch(prefix) and prefix != made["apiId"]
    assert rest == "appsync-api.ap-northeast-1.amazonaws.com"
    assert made["dns"]["REALTIME"] == f"{prefix}.appsync-realtime-api.ap-northeast-1.amazonaws.com"
    assert abs(made["created"].timestamp() - before) < 5
    expected = {
        "apiId": made["apiId"], "name": "my api_1", "ownerContact": "me", "tags": {"env": "dev"},
        "dns": made["dns"], "created": made["created"], "xrayEnabled": False, "eventConfig": CONFIG,
        "apiArn": f"arn:aws:appsync:ap-northeast-1:123456789012:apis/{made['apiId']}",
    }
    assert made == expected
    assert bare(appsync.get_api(apiId=made["apiId"]))["api"] == expected
    logged = {**CONFIG, "logConfig": {"logLevel": "ALL", "cloudWatchLogsRoleArn": "arn:aws:iam::123456789012:role/r"}}
    changed = bare(appsync.update_api(apiId=made["apiId"], name="other", eventConfig=logged))["api"]
    expected.update(name="other", eventConfig=logged)
    expected.pop("ownerContact")
    assert changed == expected
    (listed,) = appsync.list_apis()["apis"]
    expected.pop("eventConfig")
    assert listed == expected
    assert bare(appsync.delete_api(apiId=made["apiId"])) == {}
    refused(lambda: appsync.get_api(apiId=made["apiId"]), "NotFoundException", 404)


def test_every_provider_reads_back_with_its_settings(appsync):
    providers = [
        {"authType": "AMAZON_COGNITO_USER_POOLS",
         "cognitoConfig": {"userPoolId": "ap-northeast-1_a", "awsRegion": "ap-northeast-1"}},
        {"authType": "OPENID_CONNECT", "openIDConnectConfig": {"issuer": "https://a.example.com"}},
        {"authType": "AWS_LAMBDA", "lambdaAuthorizerConfig": {"authorizerUri": "arn:aws:lambda:x:1:function:f"}},
    ]
    config = {**CONFIG, "authProviders": CONFIG["authProviders"] + providers}
    read = appsync.create_api(name="a", eventConfig=config)["api"]["eventConfig"]["authProviders"]
    providers[1]["openIDConnectConfig"].update(iatTTL=0, authTTL=0)
    providers[2]["lambdaAuthorizerConfig"].update(authorizerResultTtlInSeconds=0)
    assert read == CONFIG["authProviders"] + providers


@pytest.mark.parametrize("change, text", [
    ({"name": "x" * 51}, "length less than or equal to 50"),
    ({"name": "a/b"}, "regular expression"),
    ({"ownerContact": "x" * 257}, "length"),
    ({"tags": {"aws:x": "1"}}, "Map keys"),
    ({"tags": {f"k{n}": "v" for n in range(51)}}, "50"),
    ({"eventConfig": {**CONFIG, "connectionAuthModes": [{"authType": "AWS_LAMBDA"}]}}, "AWS_LAMBDA is not configured"),
    ({"eventConfig": {**CONFIG, "connectionAuthModes": [{"authType": "NONSENSE"}]}}, "enum value set"),
    ({"eventConfig": {**CONFIG, "authProviders": []}}, "between 1 and 50"),
    ({"eventConfig": {**CONFIG, "authProviders": [{"authType": "API_KEY"}] * 2}}, "one API_KEY"),
    ({"eventConfig": {**CONFIG, "authProviders": CONFIG["authProviders"] + [{"authType": "OPENID_CONNECT"}]}}, "openIDConnectConfig"),
    ({"eventConfig": {**CONFIG, "logConfig": {"logLevel": "ALL", "cloudWatchLogsRoleArn": "nope"}}}, "role ARN"),
])
def test_an_api_that_breaks_a_rule_is_refused(appsync, change, text):
    good = {"name": "a", "eventConfig": CONFIG}
    refused(lambda: appsync.create_api(**{**good, **change}), "BadRequestException", 400, text)
    assert appsync.list_apis()["apis"] == []


def test_apis_come_in_pages_and_stop_at_the_quota(appsync):
    for n in range(50):
        appsync.create_api(name=f"a{n}", eventConfig=CONFIG)
    refused(lambda: appsync.create_api(name="a", eventConfig=CONFIG), "ServiceQuotaExceededException", 402)
    pages = list(appsync.get_paginator("list_apis").paginate(PaginationConfig={"PageSize": 20}))
    assert [len(it["apis"]) for it in pages] == [20, 20, 10]
    assert len({api["apiId"] for it in pages for api in it["apis"]}) == 50
    assert len(appsync.list_apis()["apis"]) == 10
    refused(lambda: appsync.list_apis(maxResults=26), "BadRequestException", 400)
    refused(lambda: appsync.list_apis(nextToken="nonsense"), "BadRequestException", 400)


def test_a_namespace_is_made_read_changed_and_deleted(appsync, api):
    made = bare(appsync.create_channel_namespace(
        apiId=api["apiId"], name="chat-room", publishAuthModes=MODES, codeHandlers=CODE, tags={"a": "b"}))
    made = made["channelNamespace"]
    expected = {
        "apiId": api["apiId"], "name": "chat-room", "publishAuthModes": MODES, "subscribeAuthModes": [],
        "codeHandlers": CODE, "tags": {"a": "b"}, "handlerConfigs": {},
        "channelNamespaceArn": f"{api['apiArn']}/channelNamespace/chat-room",
        "created": made["created"], "lastModified": made["created"],
    }
    assert made == expected
    key = {"apiId": api["apiId"], "name": "chat-room"}
    assert bare(appsync.get_channel_namespace(**key))["channelNamespace"] == expected
    (listed,) = appsync.list_channel_namespaces(apiId=api["apiId"])["channelNamespaces"]
    assert listed == {k: v for k, v in expected.items() if k not in ("codeHandlers", "handlerConfigs")}
    changed = bare(appsync.update_channel_namespace(**key, subscribeAuthModes=MODES))["channelNamespace"]
    expected.update(publishAuthModes=[], subscribeAuthModes=MODES, lastModified=changed["lastModified"])
    expected.pop("codeHandlers")
    assert changed == expected
    refused(lambda: appsync.create_channel_namespace(**key), "ConflictException", 409)
    assert bare(appsync.delete_channel_namespace(**key)) == {}
    for call in (appsync.get_channel_namespace, appsync.update_channel_namespace, appsync.delete_channel_namespace):
        refused(lambda: call(**key), "NotFoundException", 404)


@pytest.mark.parametrize("change, code, status", [
    ({"name": "-x"}, "BadRequestException", 400),
    ({"name": "a_b"}, "BadRequestException", 400),
    ({"name": "x" * 51}, "BadRequestException", 400),
    ({"codeHandlers": "x" * 32769}, "BadRequestException", 400),
    ({"publishAuthModes": [{"authType": "AWS_LAMBDA"}]}, "BadRequestException", 400),
    ({"apiId": "nope"}, "NotFoundException", 404),
    ({"handlerConfigs": {"onPublish": {"behavior": "CODE", "integration": {"dataSourceName": "x"}}}}, "NotFoundException", 404),
])
def test_a_namespace_that_breaks_a_rule_is_refused(appsync, api, change, code, status):
    good = {"apiId": api["apiId"], "name": "ok"}
    refused(lambda: appsync.create_channel_namespace(**{**good, **change}), code, status)


def test_an_api_has_fifty_namespaces_and_keeps_their_modes_among_its_providers(appsync, api):
    for n in range(50):
        appsync.create_channel_namespace(apiId=api["apiId"], name=f"n{n}", publishAuthModes=[{"authType": "AWS_IAM"}])
    full = lambda: appsync.create_channel_namespace(apiId=api["apiId"], name="more")
    refused(full, "ServiceQuotaExceededException", 402)
    fewer = {"authProviders": MODES, "connectionAuthModes": MODES, "defaultPublishAuthModes": MODES, "defaultSubscribeAuthModes": MODES}
    refused(lambda: appsync.update_api(apiId=api["apiId"], name="a", eventConfig=fewer), "BadRequestException", 400)


def test_a_key_lives_as_aws_lets_it(appsync, api):
    now, key = int(time.time()), {"apiId": api["apiId"]}
    made = bare(appsync.create_api_key(**key, description="web"))["apiKey"]
    assert re.fullmatch(r"da2-[a-z0-9]{26}", made["id"])
    assert made == {"id": made["id"], "description": "web", "expires": made["expires"], "deletes": made["expires"] + 60 * DAY}
    assert made["expires"] in (now + 7 * DAY, now + 7 * DAY + 5) or 0 <= now + 7 * DAY + 5 - made["expires"] <= 3605
    assert made["expires"] % 3600 == 0
    for expires, text in [(now + DAY, "minimum of 1 days"), (now - 1, "minimum of 1 days"), (now + 366 * DAY, "maximum of 365 days")]:
        refused(lambda: appsync.create_api_key(**key, expires=expires), "ApiKeyValidityOutOfBoundsException", 400, text)
        refused(lambda: appsync.update_api_key(**key, id=made["id"], expires=expires), "ApiKeyValidityOutOfBoundsException", 400, text)
    later = bare(appsync.update_api_key(**key, id=made["id"], expires=now + 30 * DAY))["apiKey"]
    assert later["description"] == "web"
    assert later["expires"] == (now + 30 * DAY) // 3600 * 3600
    assert appsync.list_api_keys(**key)["apiKeys"] == [later]
    for n in range(49):
        appsync.create_api_key(**key)
    refused(lambda: appsync.create_api_key(**key), "ApiKeyLimitExceededException", 400)
    assert bare(appsync.delete_api_key(**key, id=made["id"])) == {}
    refused(lambda: appsync.delete_api_key(**key, id=made["id"]), "NotFoundException", 404)
    refused(lambda: appsync.update_api_key(**key, id=made["id"]), "NotFoundException", 404)
    refused(lambda: appsync.list_api_keys(apiId="nope"), "NotFoundException", 404)


def test_tags_hang_on_apis_and_namespaces(appsync, api):
    namespace = appsync.create_channel_namespace(apiId=api["apiId"], name="n")["channelNamespace"]
    for arn in (api["apiArn"], namespace["channelNamespaceArn"]):
        assert bare(appsync.tag_resource(resourceArn=arn, tags={"a b": "1", "c/d": "2", "e": ""})) == {}
        assert bare(appsync.list_tags_for_resource(resourceArn=arn)) == {"tags": {"a b": "1", "c/d": "2", "e": ""}}
        assert bare(appsync.untag_resource(resourceArn=arn, tagKeys=["a b", "c/d", "nope"])) == {}
        assert appsync.list_tags_for_resource(resourceArn=arn)["tags"] == {"e": ""}
    many = {f"k{n}": "" for n in range(50)}
    refused(lambda: appsync.tag_resource(resourceArn=api["apiArn"], tags=many), "BadRequestException", 400)
    missing = api["apiArn"][:-26] + "x" * 26
    refused(lambda: appsync.list_tags_for_resource(resourceArn=missing), "NotFoundException", 404)
    wrong = "arn:aws:s3:::" + "b" * 60
    refused(lambda: appsync.list_tags_for_resource(resourceArn=wrong), "BadRequestException", 400)


def test_accounts_and_regions_live_side_by_side(world, appsync, api):
    assert world.client("appsync", region="us-east-1").list_apis()["apis"] == []
    other = world.client("appsync", account="000000000001")
    assert other.list_apis()["apis"] == []
    assert other.create_api(name="a", eventConfig=CONFIG)["api"]["apiArn"].split(":")[4] == "000000000001"
    assert world.client("sts", account="000000000001").get_caller_identity()["Account"] == "000000000001"


def test_what_is_not_imitated_says_so(appsync, api):
    refused(lambda: appsync.list_graphql_apis(), "NotImplementedException", 501, "does not imitate appsync:ListGraphqlApis")


def test_a_role_is_made_read_changed_and_deleted_when_bare(iam):
    made = bare(iam.create_role(
        RoleName="Logs", Path="/a/b/", AssumeRolePolicyDocument=TRUST, Description="d <&>", Tags=[{"Key": "k", "Value": "v w"}]))["Role"]
    assert re.fullmatch(r"AROA[A-Z2-7]{17}", made["RoleId"])
    expected = {
        "Path": "/a/b/", "RoleName": "Logs", "RoleId": made["RoleId"], "CreateDate": made["CreateDate"],
        "Arn": "arn:aws:iam::123456789012:role/a/b/Logs", "AssumeRolePolicyDocument": json.loads(TRUST),
        "Description": "d <&>", "MaxSessionDuration": 3600, "Tags": [{"Key": "k", "Value": "v w"}],
    }
    assert made == expected
    assert bare(iam.get_role(RoleName="logs"))["Role"] == {**expected, "RoleLastUsed": {}}
    (listed,) = iam.list_roles(PathPrefix="/a/")["Roles"]
    assert listed == {k: v for k, v in expected.items() if k != "Tags"}
    assert iam.list_roles(PathPrefix="/c/")["Roles"] == []
    iam.put_role_policy(RoleName="Logs", PolicyName="p", PolicyDocument=POLICY)
    assert iam.list_role_policies(RoleName="Logs")["PolicyNames"] == ["p"]
    assert bare(iam.get_role_policy(RoleName="Logs", PolicyName="p")) == {
        "RoleName": "Logs", "PolicyName": "p", "PolicyDocument": json.loads(POLICY)}
    arn = "arn:aws:iam::aws:policy/service-role/AWSAppSyncPushToCloudWatchLogs"
    iam.attach_role_policy(RoleName="Logs", PolicyArn=arn)
    iam.attach_role_policy(RoleName="Logs", PolicyArn=arn)
    assert iam.list_attached_role_policies(RoleName="Logs")["AttachedPolicies"] == [
        {"PolicyName": "AWSAppSyncPushToCloudWatchLogs", "PolicyArn": arn}]
    iam.update_role(RoleName="Logs", Description="new", MaxSessionDuration=7200)
    iam.update_assume_role_policy(RoleName="Logs", PolicyDocument=TRUST.replace("appsync", "lambda"))
    iam.tag_role(RoleName="Logs", Tags=[{"Key": "k", "Value": "2"}, {"Key": "l", "Value": "3"}])
    iam.untag_role(RoleName="Logs", TagKeys=["k", "nope"])
    iam.put_role_permissions_boundary(RoleName="Logs", PermissionsBoundary="arn:aws:iam::aws:policy/ReadOnlyAccess")
    role = iam.get_role(RoleName="Logs")["Role"]
    assert (role["Description"], role["MaxSessionDuration"], role["Tags"]) == ("new", 7200, [{"Key": "l", "Value": "3"}])
    assert iam.list_role_tags(RoleName="Logs")["Tags"] == [{"Key": "l", "Value": "3"}]
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"Service": "lambda.amazonaws.com"}
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"].endswith("ReadOnlyAccess")
    iam.delete_role_permissions_boundary(RoleName="Logs")
    assert iam.list_instance_profiles_for_role(RoleName="Logs")["InstanceProfiles"] == []
    refused(lambda: iam.delete_role(RoleName="Logs"), "DeleteConflict", 409, "detach all policies")
    iam.detach_role_policy(RoleName="Logs", PolicyArn=arn)
    refused(lambda: iam.detach_role_policy(RoleName="Logs", PolicyArn=arn), "NoSuchEntity", 404)
    refused(lambda: iam.delete_role(RoleName="Logs"), "DeleteConflict", 409, "delete policies")
    iam.delete_role_policy(RoleName="Logs", PolicyName="p")
    refused(lambda: iam.get_role_policy(RoleName="Logs", PolicyName="p"), "NoSuchEntity", 404)
    iam.delete_role(RoleName="Logs")
    refused(lambda: iam.get_role(RoleName="Logs"), "NoSuchEntity", 404, "The role with name Logs cannot be found.")


@pytest.mark.parametrize("change, code, status", [
    ({"RoleName": "x" * 65}, "ValidationError", 400),
    ({"RoleName": "a b"}, "ValidationError", 400),
    ({"Path": "nope"}, "ValidationError", 400),
    ({"Description": "x" * 1001}, "ValidationError", 400),
    ({"MaxSessionDuration": 43201}, "ValidationError", 400),
    ({"AssumeRolePolicyDocument": "{"}, "MalformedPolicyDocument", 400),
    ({"AssumeRolePolicyDocument": POLICY}, "MalformedPolicyDocument", 400),
    ({"PermissionsBoundary": "arn:aws:s3:::not-a-policy"}, "InvalidInput", 400),
    ({"Tags": [{"Key": "aws:x", "Value": ""}]}, "ValidationError", 400),
    ({"RoleName": "TAKEN"}, "EntityAlreadyExists", 409),
])
def test_a_role_that_breaks_a_rule_is_refused(iam, change, code, status):
    iam.create_role(RoleName="taken", AssumeRolePolicyDocument=TRUST)
    good = {"RoleName": "ok", "AssumeRolePolicyDocument": TRUST}
    refused(lambda: iam.create_role(**{**good, **change}), code, status)
    assert len(iam.list_roles()["Roles"]) == 1


def test_policies_have_limits(iam):
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)
    long = json.dumps({"Statement": [{"Effect": "Allow", "Action": "logs:" + "x" * 9000, "Resource": "*"}]})
    iam.put_role_policy(RoleName="r", PolicyName="a", PolicyDocument=long)
    iam.put_role_policy(RoleName="r", PolicyName="a", PolicyDocument=long)
    refused(lambda: iam.put_role_policy(RoleName="r", PolicyName="b", PolicyDocument=long), "LimitExceeded", 409)
    refused(lambda: iam.put_role_policy(RoleName="r", PolicyName="b", PolicyDocument="[]"), "MalformedPolicyDocument", 400)
    for n in range(20):
        iam.attach_role_policy(RoleName="r", PolicyArn=f"arn:aws:iam::aws:policy/p{n}")
    more = lambda: iam.attach_role_policy(RoleName="r", PolicyArn="arn:aws:iam::aws:policy/more")
    refused(more, "LimitExceeded", 409)
    own = lambda: iam.attach_role_policy(RoleName="r", PolicyArn="arn:aws:iam::123456789012:policy/own")
    refused(own, "NoSuchEntity", 404)


def test_roles_come_in_pages(iam):
    for n in range(5):
        iam.create_role(RoleName=f"r{n}", AssumeRolePolicyDocument=TRUST)
    pages = list(iam.get_paginator("list_roles").paginate(PaginationConfig={"PageSize": 2}))
    assert [[it["RoleName"] for it in page["Roles"]] for page in pages] == [["r0", "r1"], ["r2", "r3"], ["r4"]]
    refused(lambda: iam.list_roles(Marker="nonsense"), "ValidationError", 400)
    refused(lambda: iam.list_roles(MaxItems=1001), "ValidationError", 400)


def raw(world, method, path, body=None, service="appsync", signed=True):
    """One request by hand: status, headers, body."""
    scope = f"local/20261124/ap-northeast-1/{service}/aws4_request"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"} if signed else {}
    request = urllib.request.Request(world.url + path, data=body, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers, answer.read().decode()


def test_the_bytes_on_the_wire_are_awss(world, appsync):
    status, headers, body = raw(world, "GET", "/v2/apis")
    assert (status, headers["content-type"], json.loads(body)) == (200, "application/json", {"apis": []})
    assert headers["x-amzn-RequestId"]
    status, headers, body = raw(world, "GET", "/v2/apis/nope")
    assert (status, headers["x-amzn-ErrorType"]) == (404, "NotFoundException")
    assert list(json.loads(body)) == ["message"]
    made = json.loads(raw(world, "POST", "/v2/apis", json.dumps({"name": "a", "eventConfig": CONFIG}).encode())[2])["api"]
    assert isinstance(made["created"], (int, float))
    status, headers, body = raw(world, "GET", "/?Action=GetCallerIdentity&Version=2011-06-15", service="sts")
    assert (status, headers["content-type"]) == (200, "text/xml")
    assert body.startswith('<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>')
    status, headers, body = raw(world, "POST", "/", b"Action=GetRole&Version=2010-05-08&RoleName=x", service="iam")
    assert status == 404
    assert body.startswith('<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>NoSuchEntity</Code>')


@pytest.mark.parametrize("method, path, body, status, code", [
    ("POST", "/v2/apis", b"{", 400, "SerializationException"),
    ("POST", "/v2/apis", b"[]", 400, "SerializationException"),
    ("POST", "/v2/apis", b'{"name": 7}', 400, "SerializationException"),
    ("POST", "/v2/apis", b"{}", 400, "BadRequestException"),
    ("POST", "/v2/apis", b'{"name": "a", "eventConfig": []}', 400, "SerializationException"),
    ("GET", "/v2/nonsense", None, 404, "UnknownOperationException"),
    ("PUT", "/v2/apis", b"{}", 404, "UnknownOperationException"),
    ("GET", "/v1/tags/%FF%00", None, 400, "BadRequestException"),
    ("POST", "/v2/apis", b"x" * (3 << 20), 413, "RequestEntityTooLargeException"),
])
def test_garbage_is_refused_in_the_protocol(world, method, path, body, status, code):
    answer = raw(world, method, path, body)
    assert (answer[0], answer[1]["x-amzn-ErrorType"]) == (status, code), answer[2]
    assert json.loads(answer[2])["message"]


def test_nobody_gets_in_without_a_signature(world):
    status, headers, body = raw(world, "GET", "/v2/apis", signed=False)
    assert (status, headers["x-amzn-ErrorType"]) == (403, "MissingAuthenticationTokenException")
    status, _, body = raw(world, "POST", "/", b"Action=ListRoles", signed=False)
    assert status == 403 and "<Code>MissingAuthenticationToken</Code>" in body
    status, _, _ = raw(world, "GET", "/", service="s3")
    assert status == 501
