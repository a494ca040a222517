"""Emulator options for undocumented behavior of AWS: each option, and what it changes."""

import json
import subprocess
import urllib.error
import urllib.request

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from conftest import PROVISION, World
from operations import CODE, CONFIG, MODES, REGION, Prepared

ROLE = "arn:aws:iam::123456789012:role/r"
LOGGED = {**CONFIG, "logConfig": {"logLevel": "ALL", "cloudWatchLogsRoleArn": ROLE}}


def outcome(call):
    """`ok`, or the name of the error."""
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "ok"


def create_api(aws, **config):
    return outcome(lambda: aws.appsync.create_api(name="a", eventConfig={**CONFIG, **config}))


def omitted(aws):
    api = aws.appsync.create_api(name="a", ownerContact="me", eventConfig=CONFIG)["api"]["apiId"]
    read = aws.appsync.update_api(apiId=api, name="a", eventConfig=CONFIG)["api"]
    key = aws.namespace(codeHandlers=CODE, publishAuthModes=MODES)
    namespace = aws.appsync.update_channel_namespace(**key)["channelNamespace"]
    return "ownerContact" in read, "codeHandlers" in namespace, namespace["publishAuthModes"] == MODES


def empty_lists(aws):
    key = aws.namespace(publishAuthModes=MODES)
    return aws.appsync.update_channel_namespace(**key, publishAuthModes=[])["channelNamespace"]["publishAuthModes"] == MODES


def listed_api(aws):
    aws.appsync.create_api(name="a", eventConfig=CONFIG, tags={"a": "b"})
    (api,) = aws.appsync.list_apis()["apis"]
    return sorted(api)


def listed_namespace(aws):
    key = aws.namespace(codeHandlers=CODE)
    (namespace,) = aws.appsync.list_channel_namespaces(apiId=key["apiId"])["channelNamespaces"]
    return sorted(namespace)


def page_size(aws):
    api, _ = aws.api()
    for n in range(12):
        aws.appsync.create_channel_namespace(apiId=api, name=f"n{n}")
    return len(aws.appsync.list_channel_namespaces(apiId=api)["channelNamespaces"])


def code_without_data_source(aws):
    api, _ = aws.api()
    handlers = {"onPublish": {"behavior": "CODE", "integration": {"dataSourceName": ""}}}
    return outcome(lambda: aws.appsync.create_channel_namespace(apiId=api, name="n", handlerConfigs=handlers))


def associated_delete(aws):
    association = aws.associated()
    deleted = outcome(lambda: aws.appsync.delete_api(apiId=association["apiId"]))
    return deleted, outcome(lambda: aws.appsync.get_api_association(domainName=association["domainName"]))


def association(aws):
    return aws.appsync.get_api_association(domainName=aws.associated()["domainName"])["apiAssociation"]["associationStatus"]


def with_role(aws):
    without = create_api(aws, **LOGGED)
    aws.role()
    return without, create_api(aws, **LOGGED)


def publish(aws, code=None, secret="local"):
    """Publishes an event with a signature, and returns the response."""
    key = aws.namespace(**({"codeHandlers": code} if code else {}))
    url = f"{aws.appsync.meta.endpoint_url}/apis/{key['apiId']}/event"
    body = json.dumps({"channel": f"/{key['name']}/a", "events": ["1"]})
    request = AWSRequest("POST", url, data=body)
    SigV4Auth(Credentials("local", secret), "appsync", REGION).add_auth(request)
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body.encode(), dict(request.headers.items()))) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        return json.load(error)


DROPS = "export function onPublish(ctx) {\n  return []\n}\n"
LOOPS = "export function onPublish(ctx) {\n  while (true) {}\n}\n"

WHOLE = sorted(["apiId", "name", "apiArn", "created", "xrayEnabled", "tags", "dns"])
NAMESPACE = sorted(["apiId", "name", "channelNamespaceArn", "created", "lastModified", "subscribeAuthModes", "publishAuthModes"])

# options, the function that observes the behavior, its result without the options, and with them
CASES = [
    ({"omitted-members": "kept"}, omitted, (False, False, False), (True, True, True)),
    ({"omitted-members": "kept", "empty-lists": "kept"}, empty_lists, False, True),
    ({"omitted-members": "kept", "empty-lists": "cleared"}, empty_lists, False, False),
    ({"list-apis-leaves-out": ["eventConfig", "tags", "dns", "wafWebAclArn"]}, listed_api,
     WHOLE, [it for it in WHOLE if it not in ("tags", "dns")]),
    ({"list-apis-leaves-out": []}, listed_api, WHOLE, sorted([*WHOLE, "eventConfig"])),
    ({"list-namespaces-leaves-out": []}, listed_namespace, NAMESPACE, sorted([*NAMESPACE, "codeHandlers", "handlerConfigs"])),
    ({"page-size": 3}, page_size, 10, 3),
    ({"duplicate-namespace": "bad-request"}, lambda aws: outcome(lambda: aws.appsync.create_channel_namespace(**aws.namespace())),
     "ConflictException", "BadRequestException"),
    ({"constraint-error": "validation"}, lambda aws: outcome(lambda: aws.appsync.create_api(name="a/b", eventConfig=CONFIG)),
     "BadRequestException", "ValidationException"),
    ({"unoffered-modes": "accepted"}, lambda aws: create_api(aws, connectionAuthModes=[{"authType": "AWS_LAMBDA"}]),
     "BadRequestException", "ok"),
    ({"empty-providers": "accepted", "unoffered-modes": "accepted"}, lambda aws: create_api(aws, authProviders=[]),
     "BadRequestException", "ok"),
    ({"repeated-api-key-provider": "accepted"}, lambda aws: create_api(aws, authProviders=[*CONFIG["authProviders"], *MODES]),
     "BadRequestException", "ok"),
    ({"delete-api": "refused-while-in-use"}, lambda aws: outcome(lambda: aws.appsync.delete_api(apiId=aws.key()["apiId"])),
     "ok", "BadRequestException"),
    ({"associated-api-delete": "allowed"}, associated_delete, ("BadRequestException", "ok"), ("ok", "NotFoundException")),
    ({"used-data-source-delete": "allowed"}, lambda aws: outcome(lambda: aws.appsync.delete_data_source(**aws.used_source("CODE"))),
     "BadRequestException", "ok"),
    ({"none-data-sources": "refused"}, lambda aws: outcome(lambda: aws.appsync.create_data_source(apiId=aws.api()[0], name="a", type="NONE")),
     "ok", "BadRequestException"),
    ({"empty-data-source-name": "accepted"}, code_without_data_source, "NotFoundException", "ok"),
    ({"code-without-handlers": "accepted"}, lambda aws: outcome(lambda: aws.namespace(codeHandlers="export {}")), "BadRequestException", "ok"),
    ({"role-checked": True}, with_role, ("ok", "ok"), ("BadRequestException", "ok")),
    ({"association-takes-s": 600}, association, "SUCCESS", "PROCESSING"),
    ({"unsupported-syntax": "accepted"}, lambda aws: outcome(lambda: aws.namespace(codeHandlers=LOOPS)), "BadRequestException", "ok"),
    ({"bad-signature": "unauthorized"}, lambda aws: publish(aws, secret="other")["errors"][0]["errorType"],
     "BadRequestException", "UnauthorizedException"),
    ({"filtered-events": "left-out"}, lambda aws: len(publish(aws, DROPS)["successful"]), 1, 0),
]


@pytest.mark.parametrize("options, look, without, with_them", CASES, ids=lambda it: "+".join(it) if isinstance(it, dict) else "")
def test_an_option_changes_the_behavior(tmp_path, options, look, without, with_them):
    for name, given, expected in [("without", None, without), ("with", options, with_them)]:
        (tmp_path / name).mkdir()
        world = World(tmp_path / name, given)
        assert look(Prepared(world.client)) == expected, name
        world.stop()


def test_an_unknown_option_is_rejected_and_every_known_one_has_a_case(tmp_path):
    (tmp_path / "s.json").write_text('{"nope": 1}')
    done = subprocess.run([PROVISION, "local", "--port", "0", "--emulator-options", "s.json"], cwd=tmp_path, text=True, capture_output=True)
    assert done.returncode != 0 and done.stdout == ""
    error = done.stderr.replace("\n", " ")
    assert "s.json: unknown field `nope`" in error and "docs/local-emulator.md" in error
    known = error.partition("expected one of ")[2].partition(" at line")[0]
    assert {it.strip("` ") for it in known.split(",")} == {name for case in CASES for name in case[0]}
    assert not (tmp_path / ".provision").exists()
