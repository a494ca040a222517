"""Diagnostics as SARIF, read by a model that is generated from the standard's schema."""

import json
import subprocess

from conftest import PROVISION
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as Log

SPEC = """\
version: 1
stack: chat
apis:
  chat:
    ownerContact: team@example.com  # provision: allow PV204 no template yet
    auth: { providers: [AWS_IAMM, API_KEY] }
    namespaces: { chat: { handlers: { code: missing.js } } }
"""


def validate(folder, *arguments):
    done = subprocess.run(
        [PROVISION, "validate", "--format", "sarif", *arguments], cwd=folder, text=True, capture_output=True,
    )
    return done.returncode, done.stdout


def test_diagnostics_are_valid_sarif(tmp_path):
    folder = tmp_path / "my stacks"
    folder.mkdir()
    (folder / "späc.yaml").write_text(SPEC)
    code, out = validate(tmp_path, "my stacks/späc.yaml", "missing.yaml")
    assert code == 1
    (run,) = Log.model_validate_json(out).runs
    assert run.columnKind.value == "unicodeCodePoints"
    rules = [rule.id for rule in run.tool.driver.rules]
    assert len(set(rules)) == len(rules)
    for result in run.results:
        assert rules[result.ruleIndex] == result.ruleId
        assert result.message.text
    allowed = [result.ruleId for result in run.results if result.suppressions]
    assert allowed == ["PV204"]
    uris = {result.locations[0].physicalLocation.artifactLocation.uri for result in run.results}
    assert uris == {"my%20stacks/sp%C3%A4c.yaml", "missing.yaml"}


def test_a_valid_spec_is_a_run_without_results(tmp_path):
    (tmp_path / "spec.yaml").write_text("version: 1\nstack: chat\n")
    code, out = validate(tmp_path, "spec.yaml")
    assert code == 0
    assert json.loads(out)["runs"][0]["results"] == []
    Log.model_validate_json(out)
