"""The same calls to the emulator, moto and MiniStack: compares the structure of their responses.

For each difference, a row says which one is right, and cites the page of docs/reference that the emulator
follows. A test fails if a server changes its behavior.
"""

import re
import time

import pytest
from botocore.exceptions import ClientError

from conftest import World
from operations import CONFIG, DAY, POLICY, TRUST
from others import UNSUPPORTED, Other

CODE = "export const onPublish = (ctx) => ctx.events\n"
FORMS = {
    "key": r"da2-[a-z0-9]{26}",
    "id": r"[a-z0-9]{26}",
    "Api ARN": r"arn:aws:appsync:[a-z0-9-]+:\d{12}:apis/\w+",
    "namespace ARN": r"arn:aws:appsync:[a-z0-9-]+:\d{12}:apis/\w+/channelNamespace/n",
    "role ARN": r"arn:aws:iam::\d{12}:role/p/r",
    "host": r"[A-Za-z0-9]{26}\.appsync-(realtime-)?api\.[a-z0-9-]+\.amazonaws\.com",
}

UNDOCUMENTED = "docs/reference/control-plane.md#lists: lists contain high-level details only, and AWS does not document which; both are possible"
BY_DEFAULT = "docs/reference/channel-namespaces.md#unset-members: ours; API defaults are not copied into a namespace"
DELETION = "docs/reference/api-keys.md#after-expiry: ours; a key is kept for 60 days after its expiry"

# Paths, the part in the emulator's and in the other's response, and which one is right. `None`: the part is missing.
BOTH = [
    (r"ListApis\.apis\[\]\.eventConfig\..*", None, "text", UNDOCUMENTED),
    (r"ListChannelNamespaces\.channelNamespaces\[\]\.codeHandlers", None, "text", UNDOCUMENTED),
    (r"\w+ApiKeys?\.apiKeys?(\[\])? kept", "60 days after its expiry", "0 days after its expiry", DELETION),
    (r"CreateApiKey for 400 days", "400 ApiKeyValidityOutOfBoundsException", "answered",
     "docs/reference/api-keys.md#expiry: ours; a key expires after at most 365 days"),
    (r".*\.channelNamespaces?(\[\])?\.tags", None, "empty",
     "docs/reference/channel-namespaces.md#unset-members: how an empty set of tags reads back is undocumented"),
]
DIFFERENCES = {
    "moto": BOTH + [
        (r".*\.apiId", "id", "text",
         "docs/reference/apis.md#identifiers: ours; an API's id is of 26 lower-case letters and digits"),
        (r".*\.xrayEnabled", "bool", None, "docs/reference/apis.md#identifiers: ours; a response has it"),
        (r".*\.(subscribe|publish)AuthModes", "empty list", None,
         "docs/reference/channel-namespaces.md#unset-members: ours; omitted modes read back as empty"),
        (r".*\.apiKeys?(\[\])?\.id", "key", "text",
         "docs/reference/api-keys.md#members: ours; a key's id is `da2-` and 26 characters"),
        (r"CreateChannelNamespace again", "409 ConflictException", "answered",
         "docs/reference/channel-namespaces.md#duplicate-names: "
         "ours as to the rejection; AWS's error is undocumented"),
        (r"DeleteChannelNamespace again", "404 NotFoundException", "answered",
         "docs/reference/channel-namespaces.md#duplicate-names: "
         "ours; moto deletes the duplicate that it created, and accepts missing namespaces too"),
        (r"DeleteApi again", "404 NotFoundException", "500 500",
         "docs/reference/apis.md#deletion: ours; moto fails"),
        (r"ListChannelNamespaces\..*\.handlerConfigs", None, "empty", UNDOCUMENTED),
        (r"CreateRole\.Role\.RoleLastUsed", None, "empty", "docs/reference/iam.md#listroles: ours; GetRole returns it"),
    ],
    "ministack": BOTH + [
        (r".*\.dns\.(HTTP|REALTIME)", "host", "text",
         "docs/reference/apis.md#identifiers: ours; MiniStack returns its own address"),
        (r".*\.(subscribe|publish)AuthModes", "empty list", None, BY_DEFAULT),
        (r".*\.(subscribe|publish)AuthModes\[\]\.authType", None, "text", BY_DEFAULT),
        (r"UpdateApi\.api\.ownerContact", None, "text",
         "docs/reference/control-plane.md#omitted-members: "
         "what UpdateApi does to omitted members is undocumented; an emulator option"),
        (r"(Create|Get|Update)ChannelNamespace\..*\.handlerConfigs", "empty", None,
         "docs/reference/channel-namespaces.md#unset-members: ours; without handlers it reads back as an empty object"),
        (r".*Roles?(\[\])?\.Description", None, "text",
         "docs/reference/iam.md#operations: undocumented; ours omits an omitted description"),
        (r"GetRole\.Role\.RoleLastUsed", "empty", None, "docs/reference/iam.md#listroles: ours; GetRole returns it"),
        (r"ListRoles\.Roles\[\]\.Tags\[\]\..*", None, "text",
         "docs/reference/iam.md#listroles: ours; IAM's list omits tags"),
    ],
}


def calls(client):
    """Each call with its name; calls use the responses to earlier ones."""
    appsync, iam, sts = client("appsync"), client("iam"), client("sts")
    yield "GetCallerIdentity", sts.get_caller_identity, {}
    api = yield "CreateApi", appsync.create_api, {
        "name": "a", "ownerContact": "me", "eventConfig": CONFIG, "tags": {"a": "b"}}
    api, arn = api["api"]["apiId"], api["api"]["apiArn"]
    yield "GetApi", appsync.get_api, {"apiId": api}
    yield "ListApis", appsync.list_apis, {"maxResults": 25}
    yield "UpdateApi", appsync.update_api, {"apiId": api, "name": "b", "eventConfig": CONFIG}
    namespace = {"apiId": api, "name": "n"}
    yield "CreateChannelNamespace", appsync.create_channel_namespace, {**namespace, "codeHandlers": CODE}
    yield "GetChannelNamespace", appsync.get_channel_namespace, namespace
    yield "ListChannelNamespaces", appsync.list_channel_namespaces, {"apiId": api}
    yield "UpdateChannelNamespace", appsync.update_channel_namespace, {**namespace, "codeHandlers": CODE}
    yield "CreateChannelNamespace again", appsync.create_channel_namespace, namespace
    key = yield "CreateApiKey", appsync.create_api_key, {"apiId": api, "description": "d"}
    key = {"apiId": api, "id": key["apiKey"]["id"]}
    yield "ListApiKeys", appsync.list_api_keys, {"apiId": api}
    yield "UpdateApiKey", appsync.update_api_key, {**key, "description": "e"}
    far = int(time.time()) + 400 * DAY
    yield "CreateApiKey for 400 days", appsync.create_api_key, {"apiId": api, "expires": far}
    yield "TagResource", appsync.tag_resource, {"resourceArn": arn, "tags": {"c": "d"}}
    yield "ListTagsForResource", appsync.list_tags_for_resource, {"resourceArn": arn}
    yield "UntagResource", appsync.untag_resource, {"resourceArn": arn, "tagKeys": ["c"]}
    yield "DeleteApiKey", appsync.delete_api_key, key
    yield "DeleteChannelNamespace", appsync.delete_channel_namespace, namespace
    yield "DeleteChannelNamespace again", appsync.delete_channel_namespace, namespace
    yield "DeleteApi", appsync.delete_api, {"apiId": api}
    yield "DeleteApi again", appsync.delete_api, {"apiId": api}
    yield "GetApi after its deletion", appsync.get_api, {"apiId": api}
    role = {"RoleName": "r"}
    policy = {**role, "PolicyName": "p"}
    yield "CreateRole", iam.create_role, {
        **role, "Path": "/p/", "AssumeRolePolicyDocument": TRUST, "Tags": [{"Key": "a", "Value": "b"}]}
    yield "GetRole", iam.get_role, role
    yield "ListRoles", iam.list_roles, {"PathPrefix": "/p/"}
    yield "ListRoles of another path", iam.list_roles, {"PathPrefix": "/q/"}
    yield "PutRolePolicy", iam.put_role_policy, {**policy, "PolicyDocument": POLICY}
    yield "GetRolePolicy", iam.get_role_policy, policy
    yield "ListRolePolicies", iam.list_role_policies, role
    yield "ListAttachedRolePolicies", iam.list_attached_role_policies, role
    yield "DeleteRole with a policy", iam.delete_role, role
    yield "DeleteRolePolicy", iam.delete_role_policy, policy
    yield "DeleteRole", iam.delete_role, role
    yield "GetRole after its deletion", iam.get_role, role


def answers(client):
    """The structure of each response: the form of the value at each path, or the code of the error."""
    seen, script, answer = {}, calls(client), None
    while True:
        try:
            name, call, request = script.send(answer)
        except StopIteration:
            return seen
        try:
            answer = call(**request)
            answer.pop("ResponseMetadata")
            seen[name] = "answered"
            seen.update(parts(answer, name) if answer else ())
        except ClientError as error:
            code = error.response["Error"]["Code"]
            seen[name] = f"{error.response['ResponseMetadata']['HTTPStatusCode']} {code}"


def parts(value, path):
    match value:
        case dict():
            if "deletes" in value:
                yield f"{path} kept", f"{(value['deletes'] - value['expires']) // DAY} days after its expiry"
            for name, it in value.items():
                yield from parts(it, f"{path}.{name}")
            if not value:
                yield path, "empty"
        case []:
            yield path, "empty list"
        case list():
            yield from parts(value[0], f"{path}[]")
        case str():
            yield path, next((name for name, form in FORMS.items() if re.fullmatch(form, value)), "text")
        case _:
            yield path, type(value).__name__


@pytest.mark.parametrize("name", DIFFERENCES)
def test_responses_differ_only_in_the_listed_differences(tmp_path, name):
    for folder in ("ours", "theirs"):
        (tmp_path / folder).mkdir()
    ours, theirs = World(tmp_path / "ours"), Other(tmp_path / "theirs", name)
    try:
        expected, seen = answers(ours.client), answers(theirs.client)
    finally:
        ours.stop()
        theirs.stop()
    unknown, unused = {}, list(DIFFERENCES[name])
    for path in {**expected, **seen}:
        operation, call = re.split(r"[ .]", path)[0], path.split(".")[0].removesuffix(" kept")
        both = path == call or expected.get(call) == seen.get(call) == "answered"
        if operation in UNSUPPORTED[name] or not both or expected.get(path) == seen.get(path):
            continue
        found = (expected.get(path), seen.get(path))
        rows = [row for row in DIFFERENCES[name] if re.fullmatch(row[0], path) and row[1:3] == found]
        if not rows:
            unknown[path] = found
        unused = [row for row in unused if row not in rows]
    assert (unknown, unused) == ({}, [])
