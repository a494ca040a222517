"""Mistakes that cfn-lint does not report, and `provision validate` reports at their positions.

The pages in tests/data/cfn-lint contain 56 mistakes, each as a template and as a spec. In a template, `# wrong`
follows the wrong property; in a spec, `^ PV201` is below the position of the diagnostic. cfn-lint reports none
of them, with all of its checks enabled. It does report those in both.md.
"""

import json
import pathlib
import re
import subprocess
import sys
from typing import NamedTuple

import pytest

from conftest import PROVISION, ROOT

CFN_LINT = pathlib.Path(sys.executable).parent / "cfn-lint"
PAGES = sorted((ROOT / "tests/data/cfn-lint").glob("*.md"))
SECTION = re.compile(r"(.+?)\n\n```yaml template\n(.+?)```\n\n```yaml spec\n(.+?)```\n", re.DOTALL)
MARK = re.compile(r" *(?:#|//) *(\^) (PV\d+)")
UNREPORTED = 56


class Mistake(NamedTuple):
    page: str
    title: str
    template: str
    spec: str

    def name(self):
        return re.sub(r"\W+", "-", self.title.lower()).strip("-")


def mistakes():
    for page in PAGES:
        for section in page.read_text().split("\n## ")[1:]:
            title, template, spec = SECTION.fullmatch(section).groups()
            yield Mistake(page.stem, title, expand(template), expand(spec))


def expand(text):
    """The text with a copy of each line that contains `{1..51}` for each number."""
    lines = []
    for line in text.splitlines():
        run = re.search(r"\{1\.\.(\d+)\}", line)
        lines += [line.replace(run[0], str(n)) for n in range(1, int(run[1]) + 1)] if run else [line]
    return "".join(f"{line}\n" for line in lines)


MISTAKES = list(mistakes())


def wrong_lines(template):
    """The lines of the wrong property: the marked one and all that is indented below it."""
    lines = template.splitlines()
    (first,) = (n for n, line in enumerate(lines) if line.endswith("# wrong"))
    indent = len(re.match(r"[ -]*", lines[first])[0])
    last = first
    while last + 1 < len(lines) and len(re.match(" *", lines[last + 1])[0]) > indent:
        last += 1
    return range(first + 1, last + 2)


def expected_diagnostics(spec):
    """The expected diagnostics of a spec: their positions are above the markers."""
    marks, above = [], 0
    for n, line in enumerate(spec.splitlines(), 1):
        if mark := MARK.fullmatch(line):
            marks.append((mark[2], above, mark.start(1) + 1))
        else:
            above = n
    return marks


@pytest.fixture(scope="module")
def cfn_lint(tmp_path_factory):
    """The diagnostics of cfn-lint for all templates, by their names."""
    folder = tmp_path_factory.mktemp("templates")
    for mistake in MISTAKES:
        (folder / f"{mistake.name()}.yaml").write_text(mistake.template)
    every_check = ["--include-checks", "I", "--regions", "eu-west-1", "--format", "json"]
    done = subprocess.run([CFN_LINT, *every_check, "--", *folder.iterdir()], capture_output=True, text=True)
    reported = {mistake.name(): [] for mistake in MISTAKES}
    for diagnostic in json.loads(done.stdout):
        location = diagnostic["Location"]
        reported[pathlib.Path(diagnostic["Filename"]).stem].append((diagnostic["Rule"]["Id"], location["Start"]["LineNumber"]))
    return reported


@pytest.mark.parametrize("mistake", MISTAKES, ids=Mistake.name)
def test_cfn_lint_reports_only_the_mistakes_of_both_md(mistake, cfn_lint):
    wrong = wrong_lines(mistake.template)
    if mistake.page == "both":
        assert any(line in wrong for _, line in cfn_lint[mistake.name()])
    else:
        assert cfn_lint[mistake.name()] == []


@pytest.mark.parametrize("mistake", MISTAKES, ids=Mistake.name)
def test_validate_reports_exactly_the_mistake_at_its_position(mistake, tmp_path):
    (tmp_path / "spec.yaml").write_text(mistake.spec)
    done = subprocess.run(
        [PROVISION, "validate", "spec.yaml", "--format", "json", "--now", "2026-11-24T03:00:00Z"],
        cwd=tmp_path, capture_output=True, text=True,
    )
    found = [(it["code"], it["line"], it["column"]) for it in json.loads(done.stdout)]
    assert found == expected_diagnostics(mistake.spec) != [], done.stdout


def test_the_documented_number_of_mistakes_is_right_and_their_names_are_unique():
    assert len([it for it in MISTAKES if it.page != "both"]) == UNREPORTED
    assert f" {UNREPORTED} mistakes" in __doc__
    assert len({it.name() for it in MISTAKES}) == len(MISTAKES)
