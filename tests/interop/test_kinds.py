"""Data sources, domains and associations: boto3 reads exactly what the spec declares from the emulator."""

import re

from conftest import modes


EVERYTHING = """
version: 1
stack: orders
region: ap-northeast-1
apis:
  orders:
    auth: { providers: [AWS_IAM] }
    waf: { webAcl: 'arn:aws:wafv2:ap-northeast-1:123456789012:regional/webacl/events/1' }
    dataSources:
      function:
        description: Takes orders
        lambda: { function: 'arn:aws:lambda:ap-northeast-1:123456789012:function:orders' }
        serviceRole: 'arn:aws:iam::123456789012:role/call'
        metrics: ENABLED
      table:
        dynamodb:
          table: messages
          deltaSync: { table: changes, baseTableTtl: 30d, deltaSyncTableTtl: 90m }
        serviceRole: 'arn:aws:iam::123456789012:role/call'
      cluster:
        rds:
          cluster: 'arn:aws:rds:ap-northeast-1:123456789012:cluster:orders'
          secret: 'arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:orders'
          database: orders
        serviceRole: 'arn:aws:iam::123456789012:role/call'
      steps:
        http: { endpoint: 'https://states.ap-northeast-1.amazonaws.com', signing: { region: ap-northeast-1, service: states } }
        serviceRole: 'arn:aws:iam::123456789012:role/call'
    namespaces:
      orders:
        handlers: { onPublish: { dataSource: function, behavior: DIRECT, invoke: REQUEST_RESPONSE } }
domains:
  made:
    name: events.example.com
    description: For browsers
    certificate: 'arn:aws:acm:us-east-1:123456789012:certificate/c'
    association: { api: orders }
  used:
    name: old.example.com
    association: { api: orders }
"""
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/others"
WEB_ACL = "arn:aws:wafv2:ap-northeast-1:123456789012:regional/webacl/events/1"
OTHERS_ACL = "arn:aws:wafv2:ap-northeast-1:123456789012:regional/webacl/others/2"


def everything(world, appsync):
    """Applies the spec, and returns the API's id."""
    world.write("spec.yaml", EVERYTHING)
    appsync.create_domain_name(domainName="old.example.com", certificateArn=CERTIFICATE)
    world.provision("apply", "spec.yaml", "--local", "--yes")
    (api,) = appsync.list_apis()["apis"]
    return api["apiId"]


def data_sources(appsync, api_id):
    found = {}
    for source in appsync.list_data_sources(apiId=api_id)["dataSources"]:
        description, marker = re.fullmatch(r"(.*?) ?\[provision:(.*)#[0-9a-f]{10}\]", source.pop("description")).groups()
        name = source.pop("name")
        assert marker == f"orders/apis/orders/dataSources/{name}"
        source.pop("dataSourceArn")
        found[name] = (description, source)
    return found


def test_apply_creates_every_kind_as_declared_and_destroy_deletes_it(world, appsync):
    api_id = everything(world, appsync)
    assert data_sources(appsync, api_id) == {
        "function": ("Takes orders", {
            "type": "AWS_LAMBDA", "serviceRoleArn": "arn:aws:iam::123456789012:role/call",
            "lambdaConfig": {"lambdaFunctionArn": "arn:aws:lambda:ap-northeast-1:123456789012:function:orders"},
            "metricsConfig": "ENABLED",
        }),
        "table": ("", {
            "type": "AMAZON_DYNAMODB", "serviceRoleArn": "arn:aws:iam::123456789012:role/call",
            "dynamodbConfig": {
                "tableName": "messages", "awsRegion": "ap-northeast-1",
                "deltaSyncConfig": {"baseTableTTL": 43200, "deltaSyncTableName": "changes", "deltaSyncTableTTL": 90},
            },
        }),
        "cluster": ("", {
            "type": "RELATIONAL_DATABASE", "serviceRoleArn": "arn:aws:iam::123456789012:role/call",
            "relationalDatabaseConfig": {
                "relationalDatabaseSourceType": "RDS_HTTP_ENDPOINT",
                "rdsHttpEndpointConfig": {
                    "awsRegion": "ap-northeast-1",
                    "dbClusterIdentifier": "arn:aws:rds:ap-northeast-1:123456789012:cluster:orders",
                    "databaseName": "orders",
                    "awsSecretStoreArn": "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:orders",
                },
            },
        }),
        "steps": ("", {
            "type": "HTTP", "serviceRoleArn": "arn:aws:iam::123456789012:role/call",
            "httpConfig": {
                "endpoint": "https://states.ap-northeast-1.amazonaws.com",
                "authorizationConfig": {
                    "authorizationType": "AWS_IAM",
                    "awsIamConfig": {"signingRegion": "ap-northeast-1", "signingServiceName": "states"},
                },
            },
        }),
    }
    namespace = appsync.get_channel_namespace(apiId=api_id, name="orders")["channelNamespace"]
    assert namespace["handlerConfigs"] == {"onPublish": {
        "behavior": "DIRECT",
        "integration": {"dataSourceName": "function", "lambdaConfig": {"invokeType": "REQUEST_RESPONSE"}},
    }}
    api = appsync.get_api(apiId=api_id)["api"]
    assert (api["wafWebAclArn"], api["tags"]["provision:waf"]) == (WEB_ACL, WEB_ACL)
    made = appsync.get_domain_name(domainName="events.example.com")["domainNameConfig"]
    assert (made["description"], made["certificateArn"]) == ("For browsers", CERTIFICATE.replace("others", "c"))
    assert made["tags"]["provision:address"] == "domains/made"
    for key, name in ("made", "events.example.com"), ("used", "old.example.com"):
        assert appsync.get_api_association(domainName=name)["apiAssociation"]["apiId"] == api_id
        domain = appsync.get_domain_name(domainName=name)["domainNameConfig"]
        assert re.fullmatch(f"orders/domains/{key}/association@[0-9a-f]{{10}}", domain["tags"]["provision:association"])

    assert "No changes" in world.provision("plan", "spec.yaml", "--local")
    outputs = world.provision("outputs", "spec.yaml", "--local", "--format", "env")
    assert f"MADE_DOMAIN_TARGET={made['appsyncDomainName']}\n" in outputs
    assert "USED_DOMAIN_HTTP_URL=https://old.example.com/event\n" in outputs

    world.provision("destroy", "spec.yaml", "--local", "--yes")
    assert appsync.list_apis()["apis"] == []
    # A used domain is kept, without ownership tags.
    (left,) = appsync.list_domain_names()["domainNameConfigs"]
    assert left["domainName"] == "old.example.com"
    assert left.get("tags", {}) == {}


def test_drift_of_every_kind_is_shown_and_fixed(world, appsync):
    api_id = everything(world, appsync)
    waf = world.client("wafv2")
    other = appsync.create_api(name="other", eventConfig=appsync.get_api(apiId=api_id)["api"]["eventConfig"])["api"]
    (source,) = [it for it in appsync.list_data_sources(apiId=api_id)["dataSources"] if it["name"] == "table"]
    source.pop("dataSourceArn")
    source["dynamodbConfig"]["versioned"] = True
    appsync.update_data_source(apiId=api_id, **source)
    appsync.update_domain_name(domainName="events.example.com", description="Mine")
    appsync.associate_api(domainName="events.example.com", apiId=other["apiId"])
    appsync.disassociate_api(domainName="old.example.com")
    api_arn = appsync.get_api(apiId=api_id)["api"]["apiArn"]
    waf.disassociate_web_acl(ResourceArn=api_arn)

    plan = world.provision("plan", "spec.yaml", "--local")
    assert "Plan: 2 to create, 3 to update." in plan
    assert "DynamoDBConfig.Versioned  true" in plan
    assert "Description  Mine → For browsers" in plan
    assert f"ApiId  {other['apiId']} → {api_id}" in plan
    world.provision("apply", "spec.yaml", "--local", "--yes")
    assert "No changes" in world.provision("plan", "spec.yaml", "--local")
    table = data_sources(appsync, api_id)["table"][1]["dynamodbConfig"]
    assert (table.get("versioned", False), table["deltaSyncConfig"]["baseTableTTL"]) == (False, 43200)
    for name in "events.example.com", "old.example.com":
        assert appsync.get_api_association(domainName=name)["apiAssociation"]["apiId"] == api_id
    assert appsync.get_api(apiId=api_id)["api"]["wafWebAclArn"] == WEB_ACL


def test_an_unmanaged_web_acl_is_shown_and_kept(world, appsync):
    api_id = everything(world, appsync)
    waf = world.client("wafv2")
    arn = appsync.get_api(apiId=api_id)["api"]["apiArn"]
    waf.associate_web_acl(ResourceArn=arn, WebACLArn=OTHERS_ACL)
    plan = world.provision("plan", "spec.yaml", "--local")
    assert f"web ACL association {OTHERS_ACL}" in plan
    failed = world.fails("apply", "spec.yaml", "--local", "--yes", code=5)
    assert "AWS already has one (created outside this spec)" in failed and f"provision:waf={OTHERS_ACL}" in failed
    assert appsync.get_api(apiId=api_id)["api"]["wafWebAclArn"] == OTHERS_ACL
    # A spec without a web ACL has no changes.
    lines = [it for it in EVERYTHING.splitlines(keepends=True) if "waf:" not in it]
    world.write("spec.yaml", "".join(lines))
    assert "No changes" in world.provision("plan", "spec.yaml", "--local")
    failed = world.fails("destroy", "spec.yaml", "--local", "--yes", code=5)
    assert OTHERS_ACL in failed and "--allow-unmanaged" in failed


def test_a_domain_that_is_associated_with_another_api_is_not_changed(world, appsync):
    appsync.create_domain_name(domainName="old.example.com", certificateArn=CERTIFICATE)
    config = {"authProviders": modes("AWS_IAM"), "connectionAuthModes": modes("AWS_IAM"),
              "defaultPublishAuthModes": modes("AWS_IAM"), "defaultSubscribeAuthModes": modes("AWS_IAM")}
    other = appsync.create_api(name="other", eventConfig=config)["api"]
    appsync.associate_api(domainName="old.example.com", apiId=other["apiId"])
    world.write("spec.yaml", EVERYTHING)
    failed = world.fails("apply", "spec.yaml", "--local", "--yes", code=3)
    assert f"`old.example.com` is already associated with the API {other['apiId']}" in failed
    assert appsync.get_api_association(domainName="old.example.com")["apiAssociation"]["apiId"] == other["apiId"]
