"""Generates the files of this folder from the registry schemas that cfn-lint ships (MIT-0).

    pip install --target target/cfn-lint cfn-lint==1.58.0
    PYTHONPATH=target/cfn-lint python3 crates/appsync-local/schemas/generate.py

`emulated.json` has what CloudFormation checks of the types that the emulator creates, and `registry.txt` the facts
of every other type that a stub needs, one type a line.
"""

import json
from pathlib import Path

import cfnlint
from cfnlint.schema._getatts import GetAtts
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from cfnlint.schema.resolver import RefResolutionError
from cfnlint.version import __version__

REGION = "us-east-1"
FOLDER = Path(__file__).parent
SCHEMAS = Path(cfnlint.__file__).parent / "data" / "schemas"

# The types of `src/cloudformation/resource_types/table.rs`.
EMULATED = [
    "AWS::AppSync::Api",
    "AWS::AppSync::ApiKey",
    "AWS::AppSync::ChannelNamespace",
    "AWS::AppSync::DataSource",
    "AWS::AppSync::DomainName",
    "AWS::AppSync::DomainNameApiAssociation",
    "AWS::CDK::Metadata",
    "AWS::CloudFormation::WaitConditionHandle",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::IAM::RolePolicy",
    "AWS::Lambda::Permission",
    "AWS::Logs::LogGroup",
    "AWS::SSM::Parameter",
    "AWS::WAFv2::WebACLAssociation",
]

# The members of a schema that decide what happens to a resource.
FACTS = [
    "conditionalCreateOnlyProperties",
    "createOnlyProperties",
    "definitions",
    "primaryIdentifier",
    "readOnlyProperties",
    "writeOnlyProperties",
]
# The members that decide which properties are valid.
ROOT = ["additionalProperties", "anyOf", "patternProperties", "properties", "required"]


def without_texts(schema, is_map=False):
    """Drops descriptions; a member of `properties` or `definitions` may have any name."""
    if isinstance(schema, list):
        return [without_texts(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    dropped = set() if is_map else {"description", "format"}
    maps = {"properties", "definitions", "patternProperties"}
    return {
        name: without_texts(value, not is_map and name in maps)
        for name, value in schema.items()
        if name not in dropped
    }


def attributes(schema):
    """The values of `Fn::GetAtt`: every leaf, with dots."""
    names = sorted(name.replace("\\", "") for name in GetAtts(schema).attrs)
    return [name for name in names if not any(other.startswith(name + ".") for other in names)]


def typed_attributes(schema):
    """The same names, with `[]` after those of lists."""
    def is_list(name):
        try:
            definition = schema.resolver.resolve_cfn_pointer("/properties/" + name.replace(".", "/"))
        except RefResolutionError:  # A read-only property that the schema does not define.
            return False
        return definition.get("type") == "array"

    return [name + "[]" if is_list(name) else name for name in attributes(schema)]


def emulated_schema(schema):
    tagging = schema.schema.get("tagging", {})
    texts_removed = without_texts(schema.schema)
    kept = {name: texts_removed[name] for name in FACTS if name in texts_removed}
    kept["root"] = {name: texts_removed[name] for name in ROOT if name in texts_removed}
    kept["attributes"] = attributes(schema)
    if tagging.get("taggable"):
        kept["tagProperty"] = tagging["tagProperty"].removeprefix("/properties/")
        kept["systemTags"] = tagging["cloudFormationSystemTags"]
    return kept


def registry_line(name, schema):
    def members(key):
        return [pointer.removeprefix("/properties/").replace("/", ".") for pointer in schema.schema.get(key, [])]

    fields = [
        members("primaryIdentifier"),
        typed_attributes(schema),
        schema.schema.get("required", []),
        members("createOnlyProperties") + ["?" + member for member in members("conditionalCreateOnlyProperties")],
    ]
    return "|".join([name, *(",".join(field) for field in fields)])


def relax(types):
    """Leaves to the operations what they decide: whether the name of a data source may be empty, as CDK writes it
    (docs/reference/handlers.md#configuration). The pattern of the schema allows it, its length does not."""
    integration = types["AWS::AppSync::ChannelNamespace"]["definitions"]["Integration"]
    del integration["properties"]["DataSourceName"]["minLength"]


def main():
    names = sorted(json.loads((SCHEMAS / "providers" / f"{REGION}.json").read_text()))
    schemas = {name: PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, name) for name in names}
    date = json.loads((SCHEMAS / "version.json").read_text())["schema_date"]
    source = f"cfn-lint {__version__}, {REGION}, {date}"

    emulated = {"source": source, "types": {name: emulated_schema(schemas[name]) for name in EMULATED}}
    relax(emulated["types"])
    text = json.dumps(emulated, indent=1, sort_keys=True)
    (FOLDER / "emulated.json").write_text(text + "\n")

    head = f"# {source}\n# type|primary identifier|attributes, `[]` if a list|required|create-only, `?` if conditionally\n"
    lines = [registry_line(name, schemas[name]) for name in names if name not in EMULATED]
    (FOLDER / "registry.txt").write_text(head + "\n".join(lines) + "\n")


main()
