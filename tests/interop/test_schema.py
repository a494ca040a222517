"""The published schema, read by check-jsonschema: starters fit, broken shapes do not."""

import json
import pathlib
import subprocess
import sys

from conftest import ROOT

CHECK_JSONSCHEMA = pathlib.Path(sys.executable).parent / "check-jsonschema"
SHAPES = ROOT / "target/interop/shapes"


def report(files):
    """The files that do not fit the schema; all of them could be read."""
    done = subprocess.run(
        [CHECK_JSONSCHEMA, "--schemafile", ROOT / "schemas/spec.schema.json", "--output-format", "json", *files],
        capture_output=True, text=True,
    )
    said = json.loads(done.stdout)
    assert not said.get("parse_errors"), done.stdout
    assert done.returncode == (1 if said.get("errors") else 0)
    return {it["filename"] for it in said.get("errors", [])}


def test_every_starter_and_every_spec_of_the_right_shape_is_accepted():
    starters, right = sorted(ROOT.glob("templates/*/spec.yaml")), sorted(SHAPES.glob("right/*.yaml"))
    assert len(starters) >= 6 and len(right) >= 40
    assert report([*starters, *right]) == set()


def test_every_mistake_in_the_shape_is_rejected():
    wrong = sorted(SHAPES.glob("wrong/*.yaml"))
    assert len(wrong) >= 35
    assert report(wrong) == {str(it) for it in wrong}
