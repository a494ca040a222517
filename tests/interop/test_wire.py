"""Every operation of the emulator through boto3: complete responses, and every error of AWS's models."""

import json
import re
import time
import urllib.error
import urllib.request

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from conftest import bare
from operations import (
    ACCOUNT, CASES, CERTIFICATE, CODE, CONFIG, DAY, SUPPORTED, LAMBDA, MODES, NEVER, POLICY, TRUST, WEB_ACL, Prepared,
)

ID = re.compile(r"[a-z0-9]{26}")


def check_error(call, code, status, text=""):
    with pytest.raises(ClientError) as caught:
        call()
    answer = caught.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (code, status), answer
    assert text in answer["Error"]["Message"], answer
    assert answer["ResponseMetadata"]["RequestId"]


def test_every_operation_and_every_possible_error_has_a_case(world):
    for service, operations in SUPPORTED.items():
        model = world.client(service).meta.service_model
        expected = set()
        for operation in operations:
            expected.add((service, operation, None))
            for shape in model.operation_model(operation).error_shapes:
                code = shape.metadata.get("error", {}).get("code", shape.name)
                if code not in NEVER[service] and f"{operation}/{code}" not in NEVER[service]:
                    expected.add((service, operation, code))
        assert {it for it in CASES if it[0] == service} == expected


@pytest.mark.parametrize("service, operation, error", CASES, ids=lambda it: it or "ok")
def test_an_operation_has_the_outcome_that_aws_documents(world, service, operation, error):
    prepare, status, text = CASES[service, operation, error]
    aws = Prepared(world.client)
    request, before = prepare(aws), stored_state(world)
    # Requests that no SDK sends must be rejected too, so this client does not validate.
    call = getattr(world.client(service, checked=False), xform_name(operation))
    if error:
        check_error(lambda: call(**request), error, status, text)
        assert stored_state(world) == before, "a failed call changes nothing"
    else:
        assert call(**request)["ResponseMetadata"]["HTTPStatusCode"] == 200


def stored_state(world):
    """The files of the emulator's state, to which every change is written before it is acknowledged."""
    return [it.read_bytes() for it in sorted((world.folder / ".provision").glob("state.*"))]


def test_an_unsupported_operation_is_an_error_with_its_name(world):
    model = world.client("appsync").meta.service_model
    for name in sorted(set(model.operation_names) - set(SUPPORTED["appsync"])):
        http = model.operation_model(name).http
        path = re.sub(r"\{\w+\}", "x", http["requestUri"])
        status, headers, body = raw(world, http["method"], path, b"{}")
        assert (status, headers["x-amzn-ErrorType"]) == (501, "NotImplementedException"), name
        assert f"does not support appsync:{name}" in body
    assert len(model.operation_names) == 74
    for call, name in [
        (world.client("iam").list_users, "iam:ListUsers"),
        (world.client("wafv2").list_tags_for_resource, "wafv2:ListTagsForResource"),
        (world.client("sts").get_session_token, "sts:GetSessionToken"),
    ]:
        arn = {"ResourceARN": WEB_ACL} if "wafv2" in name else {}
        check_error(lambda: call(**arn), "NotImplementedException", 501, f"does not support {name}")


@pytest.fixture
def api(appsync):
    return bare(appsync.create_api(name="a", eventConfig=CONFIG))["api"]


def test_an_api_is_created_read_updated_and_deleted(appsync):
    before = time.time()
    made = bare(appsync.create_api(name="my api_1", ownerContact="me", tags={"env": "dev"}, eventConfig=CONFIG))["api"]
    after = time.time()
    assert ID.fullmatch(made["apiId"])
    prefix, _, rest = made["dns"]["HTTP"].partition(".")
    assert ID.fullmatch(prefix) and prefix != made["apiId"]
    assert rest == "appsync-api.ap-northeast-1.amazonaws.com"
    assert made["dns"]["REALTIME"] == f"{prefix}.appsync-realtime-api.ap-northeast-1.amazonaws.com"
    assert before - 1 <= made["created"].timestamp() <= after + 1
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
    check_error(lambda: appsync.get_api(apiId=made["apiId"]), "NotFoundException", 404)


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
def test_an_invalid_api_is_rejected(appsync, change, text):
    good = {"name": "a", "eventConfig": CONFIG}
    check_error(lambda: appsync.create_api(**{**good, **change}), "BadRequestException", 400, text)
    assert appsync.list_apis()["apis"] == []


def test_apis_are_listed_in_pages_and_limited_by_the_quota(appsync):
    for n in range(50):
        appsync.create_api(name=f"a{n}", eventConfig=CONFIG)
    check_error(lambda: appsync.create_api(name="a", eventConfig=CONFIG), "ServiceQuotaExceededException", 402)
    pages = list(appsync.get_paginator("list_apis").paginate(PaginationConfig={"PageSize": 20}))
    assert [len(it["apis"]) for it in pages] == [20, 20, 10]
    assert len({api["apiId"] for it in pages for api in it["apis"]}) == 50
    assert len(appsync.list_apis()["apis"]) == 10
    check_error(lambda: appsync.list_apis(maxResults=26), "BadRequestException", 400)
    check_error(lambda: appsync.list_apis(nextToken="nonsense"), "BadRequestException", 400)


def test_a_namespace_is_created_read_updated_and_deleted(appsync, api):
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
    check_error(lambda: appsync.create_channel_namespace(**key), "ConflictException", 409)
    assert bare(appsync.delete_channel_namespace(**key)) == {}
    for call in (appsync.get_channel_namespace, appsync.update_channel_namespace, appsync.delete_channel_namespace):
        check_error(lambda: call(**key), "NotFoundException", 404)


@pytest.mark.parametrize("change, code, status", [
    ({"name": "-x"}, "BadRequestException", 400),
    ({"name": "a_b"}, "BadRequestException", 400),
    ({"name": "x" * 51}, "BadRequestException", 400),
    ({"codeHandlers": "x" * 32769}, "BadRequestException", 400),
    ({"publishAuthModes": [{"authType": "AWS_LAMBDA"}]}, "BadRequestException", 400),
    ({"apiId": "nope"}, "NotFoundException", 404),
    ({"handlerConfigs": {"onPublish": {"behavior": "CODE", "integration": {"dataSourceName": "x"}}}}, "NotFoundException", 404),
])
def test_an_invalid_namespace_is_rejected(appsync, api, change, code, status):
    good = {"apiId": api["apiId"], "name": "ok"}
    check_error(lambda: appsync.create_channel_namespace(**{**good, **change}), code, status)


def test_an_api_has_at_most_fifty_namespaces_and_keeps_the_providers_of_their_modes(appsync, api):
    for n in range(50):
        appsync.create_channel_namespace(apiId=api["apiId"], name=f"n{n}", publishAuthModes=[{"authType": "AWS_IAM"}])
    full = lambda: appsync.create_channel_namespace(apiId=api["apiId"], name="more")
    check_error(full, "ServiceQuotaExceededException", 402)
    fewer = {"authProviders": MODES, "connectionAuthModes": MODES, "defaultPublishAuthModes": MODES, "defaultSubscribeAuthModes": MODES}
    check_error(lambda: appsync.update_api(apiId=api["apiId"], name="a", eventConfig=fewer), "BadRequestException", 400)


def test_the_lifetime_of_a_key_is_limited_like_on_aws(appsync, api):
    now, key = int(time.time()), {"apiId": api["apiId"]}
    made = bare(appsync.create_api_key(**key, description="web"))["apiKey"]
    after = int(time.time())
    assert re.fullmatch(r"da2-[a-z0-9]{26}", made["id"])
    assert made == {"id": made["id"], "description": "web", "expires": made["expires"], "deletes": made["expires"] + 60 * DAY}
    assert now // 3600 * 3600 <= made["expires"] - 7 * DAY <= after // 3600 * 3600
    assert made["expires"] % 3600 == 0
    for expires, text in [(now + DAY, "minimum of 1 days"), (now - 1, "minimum of 1 days"), (now + 366 * DAY, "maximum of 365 days")]:
        check_error(lambda: appsync.create_api_key(**key, expires=expires), "ApiKeyValidityOutOfBoundsException", 400, text)
        check_error(lambda: appsync.update_api_key(**key, id=made["id"], expires=expires), "ApiKeyValidityOutOfBoundsException", 400, text)
    later = bare(appsync.update_api_key(**key, id=made["id"], expires=now + 30 * DAY))["apiKey"]
    assert later["description"] == "web"
    assert later["expires"] == (now + 30 * DAY) // 3600 * 3600
    assert appsync.list_api_keys(**key)["apiKeys"] == [later]
    for n in range(49):
        appsync.create_api_key(**key)
    check_error(lambda: appsync.create_api_key(**key), "ApiKeyLimitExceededException", 400)
    assert bare(appsync.delete_api_key(**key, id=made["id"])) == {}
    check_error(lambda: appsync.delete_api_key(**key, id=made["id"]), "NotFoundException", 404)
    check_error(lambda: appsync.update_api_key(**key, id=made["id"]), "NotFoundException", 404)
    check_error(lambda: appsync.list_api_keys(apiId="nope"), "NotFoundException", 404)


def test_apis_namespaces_and_domain_names_have_tags(appsync, api):
    namespace = appsync.create_channel_namespace(apiId=api["apiId"], name="n")["channelNamespace"]
    domain = appsync.create_domain_name(domainName="api.example.com", certificateArn=CERTIFICATE)["domainNameConfig"]
    for arn in (api["apiArn"], namespace["channelNamespaceArn"], domain["domainNameArn"]):
        assert bare(appsync.tag_resource(resourceArn=arn, tags={"a b": "1", "c/d": "2", "e": ""})) == {}
        assert bare(appsync.list_tags_for_resource(resourceArn=arn)) == {"tags": {"a b": "1", "c/d": "2", "e": ""}}
        assert bare(appsync.untag_resource(resourceArn=arn, tagKeys=["a b", "c/d", "nope"])) == {}
        assert appsync.list_tags_for_resource(resourceArn=arn)["tags"] == {"e": ""}
    many = {f"k{n}": "" for n in range(50)}
    check_error(lambda: appsync.tag_resource(resourceArn=api["apiArn"], tags=many), "BadRequestException", 400)
    missing = api["apiArn"][:-26] + "x" * 26
    check_error(lambda: appsync.list_tags_for_resource(resourceArn=missing), "NotFoundException", 404)
    wrong = "arn:aws:s3:::" + "b" * 60
    check_error(lambda: appsync.list_tags_for_resource(resourceArn=wrong), "BadRequestException", 400)


DYNAMODB = {"type": "AMAZON_DYNAMODB", "dynamodbConfig": {"tableName": "t", "awsRegion": "ap-northeast-1", "useCallerCredentials": False, "versioned": True, "deltaSyncConfig": {"baseTableTTL": 1, "deltaSyncTableName": "d", "deltaSyncTableTTL": 2}}}
SOURCES = [
    LAMBDA,
    DYNAMODB,
    {"type": "AMAZON_ELASTICSEARCH", "elasticsearchConfig": {"endpoint": "https://a.example.com", "awsRegion": "us-east-1"}},
    {"type": "NONE"},
    {"type": "HTTP", "httpConfig": {"endpoint": "https://a.example.com", "authorizationConfig": {
        "authorizationType": "AWS_IAM", "awsIamConfig": {"signingRegion": "us-east-1", "signingServiceName": "s"}}}},
    {"type": "RELATIONAL_DATABASE", "relationalDatabaseConfig": {
        "relationalDatabaseSourceType": "RDS_HTTP_ENDPOINT", "rdsHttpEndpointConfig": {
            "awsRegion": "us-east-1", "dbClusterIdentifier": "c", "databaseName": "d", "schema": "s", "awsSecretStoreArn": "a"}}},
    {"type": "AMAZON_OPENSEARCH_SERVICE", "openSearchServiceConfig": {"endpoint": "https://a.example.com", "awsRegion": "us-east-1"}},
    {"type": "AMAZON_EVENTBRIDGE", "eventBridgeConfig": {"eventBusArn": "arn:aws:events:us-east-1:123456789012:event-bus/b"}},
    {"type": "AMAZON_BEDROCK_RUNTIME"},
]


@pytest.mark.parametrize("source", SOURCES, ids=lambda it: it["type"])
def test_a_data_source_reads_back_as_it_was_sent(appsync, api, source):
    key = {"apiId": api["apiId"], "name": "_s1"}
    role = "arn:aws:iam::123456789012:role/r"
    expected = {"name": "_s1", "dataSourceArn": f"{api['apiArn']}/datasources/_s1", **source,
                "description": "d", "serviceRoleArn": role, "metricsConfig": "DISABLED"}
    made = appsync.create_data_source(**key, **source, description="d", serviceRoleArn=role, metricsConfig="DISABLED")
    assert bare(made) == {"dataSource": expected}
    assert bare(appsync.get_data_source(**key)) == {"dataSource": expected}
    assert bare(appsync.list_data_sources(apiId=api["apiId"])) == {"dataSources": [expected]}
    replaced = {k: v for k, v in expected.items() if k not in ("description", "serviceRoleArn", "metricsConfig")}
    assert bare(appsync.update_data_source(**key, **source)) == {"dataSource": replaced}
    assert bare(appsync.delete_data_source(**key)) == {}


@pytest.mark.parametrize("change, text", [
    ({"name": "1a"}, "Invalid data source name given, must match pattern [_A-Za-z][_0-9A-Za-z]*"),
    ({"name": "a-b"}, "Invalid data source name given"),
    ({"type": "MYSQL"}, "enum value set"),
    ({"metricsConfig": "ON"}, "enum value set"),
    ({"lambdaConfig": None}, "lambdaConfig"),
    ({"lambdaConfig": {}}, "lambdaConfig.lambdaFunctionArn"),
    ({"type": "AMAZON_DYNAMODB"}, "dynamodbConfig"),
    ({"dynamodbConfig": {"tableName": "t"}}, "dynamodbConfig.awsRegion"),
    ({"httpConfig": {"authorizationConfig": {"authorizationType": "BASIC"}}}, "enum value set"),
])
def test_an_invalid_data_source_is_rejected(world, appsync, api, change, text):
    good = {"apiId": api["apiId"], "name": "a", **LAMBDA}
    call = world.client("appsync", checked=False).create_data_source
    check_error(lambda: call(**{**good, **change}), "BadRequestException", 400, text)
    assert appsync.list_data_sources(apiId=api["apiId"])["dataSources"] == []


def handler(behavior, source, **integration):
    return {"behavior": behavior, "integration": {"dataSourceName": source, **integration}}


def test_handlers_can_use_only_data_sources_of_their_api(appsync, api):
    key = {"apiId": api["apiId"], "name": "n"}
    appsync.create_data_source(apiId=api["apiId"], name="f", **LAMBDA)
    appsync.create_data_source(apiId=api["apiId"], name="t", **DYNAMODB)
    configs = {"onPublish": handler("DIRECT", "f", lambdaConfig={"invokeType": "EVENT"}), "onSubscribe": handler("CODE", "t")}
    made = appsync.create_channel_namespace(**key, codeHandlers=CODE, handlerConfigs=configs)["channelNamespace"]
    assert made["handlerConfigs"] == configs
    assert appsync.get_channel_namespace(**key)["channelNamespace"] == made
    for wrong, code, text in [
        ({"onPublish": handler("CODE", "nope")}, "NotFoundException", "No data source found named nope"),
        ({"onSubscribe": handler("DIRECT", "t")}, "BadRequestException", "AWS_LAMBDA"),
        ({"onPublish": handler("DIRECT", "f", lambdaConfig={"invokeType": "LATER"})}, "BadRequestException", "REQUEST_RESPONSE, EVENT"),
        ({"onPublish": handler("MAYBE", "f")}, "BadRequestException", "CODE, DIRECT"),
        ({"onPublish": handler("CODE", "")}, "NotFoundException", "No data source found named"),
    ]:
        status = 404 if code == "NotFoundException" else 400
        check_error(lambda: appsync.update_channel_namespace(**key, handlerConfigs=wrong), code, status, text)
    assert appsync.get_channel_namespace(**key)["channelNamespace"] == made
    check_error(lambda: appsync.delete_data_source(apiId=api["apiId"], name="f"), "BadRequestException", 400,
            "Data source is still connected to a resolver that uses mapping template bypass.")
    check_error(lambda: appsync.delete_data_source(apiId=api["apiId"], name="t"), "BadRequestException", 400, "still used")
    assert appsync.update_channel_namespace(**key)["channelNamespace"]["handlerConfigs"] == {}
    appsync.delete_data_source(apiId=api["apiId"], name="f")
    appsync.delete_data_source(apiId=api["apiId"], name="t")


@pytest.mark.parametrize("code, place, text", [
    ("export function onPublish(ctx) {\n  return ctx.events +\n}", {"line": 3, "column": 1, "span": 1}, "Unexpected token"),
    ("const x: string = 1", {"line": 1, "column": 7, "span": 1}, ""),
    ("export const other = 1", {"line": 0, "column": 0, "span": -1}, "onPublish or onSubscribe"),
])
def test_an_error_in_handler_code_has_its_position(appsync, api, code, place, text):
    with pytest.raises(appsync.exceptions.BadRequestException) as caught:
        appsync.create_channel_namespace(apiId=api["apiId"], name="n", codeHandlers=code)
    answer = caught.value.response
    assert answer["reason"] == "CODE_ERROR"
    first = answer["detail"]["codeErrors"][0]
    assert (first["errorType"], first["location"]) == ("PARSER_ERROR", place)
    assert first["value"].startswith("Parsing error: ") and text in first["value"]
    assert appsync.list_channel_namespaces(apiId=api["apiId"])["channelNamespaces"] == []


def test_a_domain_name_can_be_associated_with_another_api(appsync, api):
    name = "*.example.com"
    made = bare(appsync.create_domain_name(domainName=name, certificateArn=CERTIFICATE, description="d", tags={"a": "b"}))
    host = made["domainNameConfig"]["appsyncDomainName"]
    assert re.fullmatch(r"d[a-z0-9]{13}\.cloudfront\.net", host)
    expected = {
        "domainName": name, "description": "d", "certificateArn": CERTIFICATE, "appsyncDomainName": host, "tags": {"a": "b"},
        "hostedZoneId": "Z2FDTNDATAQYW2", "domainNameArn": f"arn:aws:appsync:ap-northeast-1:123456789012:domainnames/{name}",
    }
    assert made == {"domainNameConfig": expected}
    assert bare(appsync.get_domain_name(domainName=name)) == made
    assert bare(appsync.list_domain_names()) == {"domainNameConfigs": [expected]}
    expected.pop("description")
    assert bare(appsync.update_domain_name(domainName=name)) == {"domainNameConfig": expected}
    other = appsync.create_api(name="b", eventConfig=CONFIG)["api"]
    for it in (api, other):
        association = {"domainName": name, "apiId": it["apiId"]}
        assert bare(appsync.associate_api(**association)) == {"apiAssociation": {**association, "associationStatus": "PROCESSING"}}
        assert bare(appsync.get_api_association(domainName=name)) == {"apiAssociation": {**association, "associationStatus": "SUCCESS"}}
    appsync.delete_api(apiId=api["apiId"])
    check_error(lambda: appsync.delete_api(apiId=other["apiId"]), "BadRequestException", 400, "associated to a domain")
    assert bare(appsync.disassociate_api(domainName=name)) == {}
    appsync.delete_api(apiId=other["apiId"])
    assert bare(appsync.delete_domain_name(domainName=name)) == {}


@pytest.mark.parametrize("change, text", [
    ({"domainName": "example"}, "regular expression"),
    ({"domainName": "a..com"}, "regular expression"),
    ({"domainName": "*.com"}, "regular expression"),
    ({"domainName": "a.*.com"}, "regular expression"),
    ({"certificateArn": CERTIFICATE.replace("us-east-1", "ap-northeast-1")}, "must be in us-east-1"),
    ({"certificateArn": CERTIFICATE.replace("acm", "kms")}, "regular expression"),
    ({"tags": {"aws:x": ""}}, "Map keys"),
])
def test_an_invalid_domain_name_is_rejected(appsync, change, text):
    good = {"domainName": "api.example.com", "certificateArn": CERTIFICATE}
    check_error(lambda: appsync.create_domain_name(**{**good, **change}), "BadRequestException", 400, text)
    iam = "arn:aws:iam::123456789012:server-certificate/cloudfront/c"
    appsync.create_domain_name(**{**good, "certificateArn": iam})


def test_a_region_has_at_most_fifty_domain_names(world, appsync):
    for n in range(50):
        appsync.create_domain_name(domainName=f"n{n}.example.com", certificateArn=CERTIFICATE)
    more = lambda client: client.create_domain_name(domainName="more.example.com", certificateArn=CERTIFICATE)
    check_error(lambda: more(appsync), "BadRequestException", 400, "50 domain names")
    more(world.client("appsync", region="us-east-1"))


def test_a_web_acl_is_associated_with_an_api(world, appsync, api):
    wafv2, arn = world.client("wafv2"), api["apiArn"]
    assert bare(wafv2.get_web_acl_for_resource(ResourceArn=arn)) == {}
    assert bare(wafv2.associate_web_acl(WebACLArn=WEB_ACL, ResourceArn=arn)) == {}
    acl = wafv2.get_web_acl_for_resource(ResourceArn=arn)["WebACL"]
    assert (acl["Name"], acl["Id"], acl["ARN"], acl["DefaultAction"]) == ("front", "0b5c-1", WEB_ACL, {"Allow": {}})
    assert appsync.get_api(apiId=api["apiId"])["api"]["wafWebAclArn"] == WEB_ACL
    assert appsync.list_apis()["apis"][0]["wafWebAclArn"] == WEB_ACL
    assert bare(wafv2.list_resources_for_web_acl(WebACLArn=WEB_ACL, ResourceType="APPSYNC")) == {"ResourceArns": [arn]}
    assert bare(wafv2.list_resources_for_web_acl(WebACLArn=WEB_ACL)) == {"ResourceArns": []}
    again = appsync.update_api(apiId=api["apiId"], name="a", eventConfig=CONFIG)["api"]
    assert again["wafWebAclArn"] == WEB_ACL
    assert bare(wafv2.disassociate_web_acl(ResourceArn=arn)) == {}
    assert "wafWebAclArn" not in appsync.get_api(apiId=api["apiId"])["api"]
    wafv2.associate_web_acl(WebACLArn=WEB_ACL, ResourceArn=arn)
    appsync.delete_api(apiId=api["apiId"])
    assert bare(wafv2.list_resources_for_web_acl(WebACLArn=WEB_ACL, ResourceType="APPSYNC")) == {"ResourceArns": []}


def test_every_list_has_pages(appsync, api):
    key = {"apiId": api["apiId"]}
    for n in range(5):
        appsync.create_channel_namespace(**key, name=f"n{n}")
        appsync.create_api_key(**key)
        appsync.create_data_source(**key, name=f"n{n}", **LAMBDA)
        appsync.create_domain_name(domainName=f"n{n}.example.com", certificateArn=CERTIFICATE)
        if n:
            appsync.create_api(name="a", eventConfig=CONFIG)
    for operation, member, request in [
        ("list_apis", "apis", {}), ("list_domain_names", "domainNameConfigs", {}), ("list_api_keys", "apiKeys", key),
        ("list_channel_namespaces", "channelNamespaces", key), ("list_data_sources", "dataSources", key),
    ]:
        pages = list(appsync.get_paginator(operation).paginate(**request, PaginationConfig={"PageSize": 2}))
        assert [len(page[member]) for page in pages] == [2, 2, 1], operation
        items = [json.dumps(item, default=str) for page in pages for item in page[member]]
        assert len(set(items)) == 5, operation


def test_accounts_and_regions_are_separate(world, appsync, api):
    assert world.client("appsync", region="us-east-1").list_apis()["apis"] == []
    other = world.client("appsync", account="000000000001")
    assert other.list_apis()["apis"] == []
    assert other.create_api(name="a", eventConfig=CONFIG)["api"]["apiArn"].split(":")[4] == "000000000001"
    assert world.client("sts", account="000000000001").get_caller_identity()["Account"] == "000000000001"


def test_a_role_is_created_read_updated_and_deleted_after_its_policies(iam):
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
    check_error(lambda: iam.delete_role(RoleName="Logs"), "DeleteConflict", 409, "detach all policies")
    iam.detach_role_policy(RoleName="Logs", PolicyArn=arn)
    check_error(lambda: iam.detach_role_policy(RoleName="Logs", PolicyArn=arn), "NoSuchEntity", 404)
    check_error(lambda: iam.delete_role(RoleName="Logs"), "DeleteConflict", 409, "delete policies")
    iam.delete_role_policy(RoleName="Logs", PolicyName="p")
    check_error(lambda: iam.get_role_policy(RoleName="Logs", PolicyName="p"), "NoSuchEntity", 404)
    iam.delete_role(RoleName="Logs")
    check_error(lambda: iam.get_role(RoleName="Logs"), "NoSuchEntity", 404, "The role with name Logs cannot be found.")


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
def test_an_invalid_role_is_rejected(iam, change, code, status):
    iam.create_role(RoleName="taken", AssumeRolePolicyDocument=TRUST)
    good = {"RoleName": "ok", "AssumeRolePolicyDocument": TRUST}
    check_error(lambda: iam.create_role(**{**good, **change}), code, status)
    assert len(iam.list_roles()["Roles"]) == 1


def test_policies_have_limits(iam):
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)
    long = json.dumps({"Statement": [{"Effect": "Allow", "Action": "logs:" + "x" * 9000, "Resource": "*"}]})
    iam.put_role_policy(RoleName="r", PolicyName="a", PolicyDocument=long)
    iam.put_role_policy(RoleName="r", PolicyName="a", PolicyDocument=long)
    check_error(lambda: iam.put_role_policy(RoleName="r", PolicyName="b", PolicyDocument=long), "LimitExceeded", 409)
    check_error(lambda: iam.put_role_policy(RoleName="r", PolicyName="b", PolicyDocument="[]"), "MalformedPolicyDocument", 400)
    for n in range(20):
        iam.attach_role_policy(RoleName="r", PolicyArn=f"arn:aws:iam::aws:policy/p{n}")
    more = lambda: iam.attach_role_policy(RoleName="r", PolicyArn="arn:aws:iam::aws:policy/more")
    check_error(more, "LimitExceeded", 409)
    own = lambda: iam.attach_role_policy(RoleName="r", PolicyArn="arn:aws:iam::123456789012:policy/own")
    check_error(own, "NoSuchEntity", 404)


def test_roles_are_listed_in_pages(iam):
    for n in range(5):
        iam.create_role(RoleName=f"r{n}", AssumeRolePolicyDocument=TRUST)
    pages = list(iam.get_paginator("list_roles").paginate(PaginationConfig={"PageSize": 2}))
    assert [[it["RoleName"] for it in page["Roles"]] for page in pages] == [["r0", "r1"], ["r2", "r3"], ["r4"]]
    check_error(lambda: iam.list_roles(Marker="nonsense"), "ValidationError", 400)
    check_error(lambda: iam.list_roles(MaxItems=1001), "ValidationError", 400)


def raw(world, method, path, body=None, service="appsync", signed=True, target=None):
    """Sends a request without an SDK, and returns status, headers and body."""
    scope = f"local/20261124/ap-northeast-1/{service}/aws4_request"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"} if signed else {}
    headers.update({"X-Amz-Target": target} if target else {})
    request = urllib.request.Request(world.url + path, data=body, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers, answer.read().decode()


def test_the_wire_formats_are_those_of_aws(world, appsync):
    status, headers, body = raw(world, "GET", "/v2/apis")
    assert (status, headers["content-type"], json.loads(body)) == (200, "application/json", {"apis": []})
    assert headers["x-amzn-RequestId"]
    status, headers, body = raw(world, "GET", "/v2/apis/nope")
    assert (status, headers["x-amzn-ErrorType"]) == (404, "NotFoundException")
    assert list(json.loads(body)) == ["message"]
    made = json.loads(raw(world, "POST", "/v2/apis", json.dumps({"name": "a", "eventConfig": CONFIG}).encode())[2])["api"]
    assert isinstance(made["created"], (int, float))
    read = json.loads(raw(world, "GET", "/v2/apis/%61bc%2Fd")[2])["message"]
    assert "abc/d" in read
    arn = made["apiArn"].replace(":", "%3A").replace("/", "%2F")
    status, _, body = raw(world, "POST", f"/v1/tags/{arn}", b'{"tags": {"a b": "c"}}')
    assert (status, body) == (200, "{}")
    assert json.loads(raw(world, "GET", f"/v1/tags/{arn}")[2]) == {"tags": {"a b": "c"}}
    assert raw(world, "DELETE", f"/v1/tags/{arn}?tagKeys=a%20b&tagKeys=c%2Fd")[0] == 200
    assert json.loads(raw(world, "GET", f"/v1/tags/{arn}")[2]) == {"tags": {}}
    status, _, body = raw(world, "GET", "/v1/domainnames/%2A.example.com")
    assert status == 404 and "*.example.com" in body
    status, headers, body = raw(world, "POST", f"/v2/apis/{made['apiId']}/channelNamespaces", b'{"name": "n", "codeHandlers": "x +"}')
    assert (status, headers["x-amzn-ErrorType"], list(json.loads(body))) == (400, "BadRequestException", ["message", "reason", "detail"])
    status, headers, body = raw(world, "POST", "/", b'{"ResourceArn": "nonsense-and-more-of-it"}', service="wafv2", target="AWSWAF_20190729.GetWebACLForResource")
    assert (status, headers["content-type"]) == (400, "application/x-amz-json-1.1")
    assert json.loads(body)["__type"] == headers["x-amzn-ErrorType"] == "WAFInvalidParameterException"
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
def test_malformed_requests_are_rejected_in_the_protocols_format(world, method, path, body, status, code):
    answer = raw(world, method, path, body)
    assert (answer[0], answer[1]["x-amzn-ErrorType"]) == (status, code), answer[2]
    assert json.loads(answer[2])["message"]


def test_requests_without_a_signature_are_denied(world):
    status, headers, body = raw(world, "GET", "/v2/apis", signed=False)
    assert (status, headers["x-amzn-ErrorType"]) == (403, "MissingAuthenticationTokenException")
    status, _, body = raw(world, "POST", "/", b"Action=ListRoles", signed=False)
    assert status == 403 and "<Code>MissingAuthenticationToken</Code>" in body
    status, _, _ = raw(world, "GET", "/", service="lambda")
    assert status == 501
