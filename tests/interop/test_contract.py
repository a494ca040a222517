"""The same calls to the local AWS, moto and MiniStack: what their answers are made of, side by side.

Where two differ, a row says who is right and cites the page of docs/reference that the local AWS was made
after. A server that changes its mind fails here, whichever way.
"""

import re
import time

import pytest
from botocore.exceptions import ClientError

from conftest import World
from operations import CONFIG, DAY, POLICY, TRUST
from others import LACKS, Other

CODE = "export const onPublish = (ctx) => ctx.events\n"
FORMS = {
    "key": r"da2-[a-z0-9]{26}",
    "id": r"[a-z0-9]{26}",
    "Api ARN": r"arn:aws:appsync:[a-z0-9-]+:\d{12}:apis/\w+",
    "namespace ARN": r"arn:aws:appsync:[a-z0-9-]+:\d{12}:apis/\w+/channelNamespace/n",
    "role ARN": r"arn:aws:iam::\d{12}:role/p/r",
    "host": r"[A-Za-z0-9]{26}\.appsync-(realtime-)?api\.[a-z0-9-]+\.amazonaws\.com",
}

NOBODY_KNOWS = "docs/reference/control-plane.md#lists: lists tell high-level details only, and not which; both are possible"
BY_DEFAULT = "docs/reference/channel-namespaces.md#unset-members: ours; API defaults are not copied into a namespace"
DEATH = "docs/reference/api-keys.md#after-expiry: ours; a key is kept for 60 days after its end"

# Paths, ours, theirs, and who is right. `None` is a part that is not there.
BOTH = [
    (r"ListApis\.apis\[\]\.eventConfig\..*", None, "text", NOBODY_KNOWS),
    (r"ListChannelNamespaces\.channelNamespaces\[\]\.codeHandlers", None, "text", NOBODY_KNOWS),
    (r"\w+ApiKeys?\.apiKeys?(\[\])? kept", "60 days after its end", "0 days after its end", DEATH),
    (r"CreateApiKey for 400 days", "400 ApiKeyValidityOutOfBoundsException", "answered",
     "docs/reference/api-keys.md#expiry: ours; a key lives for 365 days at most"),
    (r".*\.channelNamespaces?(\[\])?\.tags", None, "empty",
     "docs/reference/channel-namespaces.md#unset-members: nobody knows how no tags read back"),
]
DIFFERENCES = {
    "moto": BOTH + [
        (r".*\.apiId", "id", "text",
         "docs/reference/apis.md#identifiers: ours; an API's id is of 26 lower-case letters and digits"),
        (r".*\.xrayEnabled", "bool", None, "docs/reference/apis.md#identifiers: ours; a response has it"),
        (r".*\.(subscribe|publish)AuthModes", "empty list", None,
         "docs/reference/channel-namespaces.md#unset-members: ours; modes left out read back as empty"),
        (r".*\.apiKeys?(\[\])?\.id", "key", "text",
         "docs/reference/api-keys.md#members: ours; a key's id is `da2-` and 26 characters"),
        (r"CreateChannelNamespace again", "409 ConflictException", "answered",
         "docs/reference/channel-namespaces.md#duplicate-names: "
         "ours as to refusing; which error AWS has for it nobody knows"),
        (r"DeleteChannelNamespace again", "404 NotFoundException", "answered",
         "docs/reference/channel-namespaces.md#duplicate-names: "
         "ours; moto deletes the twin that it made, and what is not there too"),
        (r"DeleteApi again", "404 NotFoundException", "500 500",
         "docs/reference/apis.md#deletion: ours; moto breaks down"),
        (r"ListChannelNamespaces\..*\.handlerConfigs", None, "empty", NOBODY_KNOWS),
        (r"CreateRole\.Role\.RoleLastUsed", None, "empty", "docs/reference/iam.md#listroles: ours; GetRole tells it"),
    ],
    "ministack": BOTH + [
        (r".*\.dns\.(HTTP|REALTIME)", "host", "text",
         "docs/reference/apis.md#identifiers: ours; MiniStack names itself, so that it is reached"),
        (r".*\.(subscribe|publish)AuthModes", "empty list", None, BY_DEFAULT),
        (r".*\.(subscribe|publish)AuthModes\[\]\.authType", None, "text", BY_DEFAULT),
        (r"UpdateApi\.api\.ownerContact", None, "text",
         "docs/reference/control-plane.md#omitted-members: "
         "nobody knows what UpdateApi does to what it leaves out; a switch of ours"),
        (r"(Create|Get|Update)ChannelNamespace\..*\.handlerConfigs", "empty", None,
         "docs/reference/channel-namespaces.md#unset-members: ours; without handlers it reads back as an empty object"),
        (r".*Roles?(\[\])?\.Description", None, "text",
         "docs/reference/iam.md#operations: nobody knows; ours leaves out what was not given"),
        (r"GetRole\.Role\.RoleLastUsed", "empty", None, "docs/reference/iam.md#listroles: ours; GetRole tells it"),
        (r"ListRoles\.Roles\[\]\.Tags\[\]\..*", None, "text",
         "docs/reference/iam.md#listroles: ours; IAM's list leaves tags out"),
    ],
}


def calls(client):
    """Each call with its name, in an order in which one leads to the next."""
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
    yield "GetApi after its end", appsync.get_api, {"apiId": api}
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
    yield "GetRole after its end", iam.get_role, role


def answers(client):
    """What each call's answer is made of: a form for each path in it, or the code of its error."""
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
                yield f"{path} kept", f"{(value['deletes'] - value['expires']) // DAY} days after its end"
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
def test_answers_are_made_of_the_same_but_for_what_stands_here(tmp_path, name):
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
        if operation in LACKS[name] or not both or expected.get(path) == seen.get(path):
            continue
        found = (expected.get(path), seen.get(path))
        rows = [row for row in DIFFERENCES[name] if re.fullmatch(row[0], path) and row[1:3] == found]
        if not rows:
            unknown[path] = found
        unused = [row for row in unused if row not in rows]
    assert (unknown, unused) == ({}, [])
