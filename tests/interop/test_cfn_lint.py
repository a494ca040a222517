"""Mistakes that cfn-lint lets through, and `provision validate` finds at their place.

The pages in tests/data/cfn-lint hold 56 mistakes, each as a template and as a spec. In a template `# wrong`
stands behind the property that is; in a spec `^ PV201` stands below the place where that is to be found.
About none of them does cfn-lint say anything, with every one of its checks. Those in both.md it finds too.
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
LET_THROUGH = 56


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
            yield Mistake(page.stem, title, written_out(template), written_out(spec))


def written_out(text):
    """The text with a line for each number where `{1..51}` stands in one."""
    lines = []
    for line in text.splitlines():
        run = re.search(r"\{1\.\.(\d+)\}", line)
        lines += [line.replace(run[0], str(n)) for n in range(1, int(run[1]) + 1)] if run else [line]
    return "".join(f"{line}\n" for line in lines)


MISTAKES = list(mistakes())


def wrong_lines(template):
    """The lines of what is wrong: the marked one and all that is indented below it."""
    lines = template.splitlines()
    (first,) = (n for n, line in enumerate(lines) if line.endswith("# wrong"))
    indent = len(re.match(r"[ -]*", lines[first])[0])
    last = first
    while last + 1 < len(lines) and len(re.match(" *", lines[last + 1])[0]) > indent:
        last += 1
    return range(first + 1, last + 2)


def marked(spec):
    """The codes that a spec is to get, and where: above the markers."""
    marks, above = [], 0
    for n, line in enumerate(spec.splitlines(), 1):
        if mark := MARK.fullmatch(line):
            marks.append((mark[2], above, mark.start(1) + 1))
        else:
            above = n
    return marks


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What cfn-lint says of all templates, by their names."""
    folder = tmp_path_factory.mktemp("templates")
    for mistake in MISTAKES:
        (folder / f"{mistake.name()}.yaml").write_text(mistake.template)
    every_check = ["--include-checks", "I", "--regions", "eu-west-1", "--format", "json"]
    done = subprocess.run([CFN_LINT, *every_check, "--", *folder.iterdir()], capture_output=True, text=True)
    said = {mistake.name(): [] for mistake in MISTAKES}
    for finding in json.loads(done.stdout):
        location = finding["Location"]
        said[pathlib.Path(finding["Filename"]).stem].append((finding["Rule"]["Id"], location["Start"]["LineNumber"]))
    return said


@pytest.mark.parametrize("mistake", MISTAKES, ids=Mistake.name)
def test_cfn_lint_says_nothing_of_it_but_of_those_that_both_find(mistake, said):
    wrong = wrong_lines(mistake.template)
    if mistake.page == "both":
        assert any(line in wrong for _, line in said[mistake.name()])
    else:
        assert said[mistake.name()] == []


@pytest.mark.parametrize("mistake", MISTAKES, ids=Mistake.name)
def test_validate_finds_it_at_its_place_and_nothing_else(mistake, tmp_path):
    (tmp_path / "spec.yaml").write_text(mistake.spec)
    done = subprocess.run(
        [PROVISION, "validate", "spec.yaml", "--format", "json", "--now", "2026-11-24T03:00:00Z"],
        cwd=tmp_path, capture_output=True, text=True,
    )
    found = [(it["code"], it["line"], it["column"]) for it in json.loads(done.stdout)]
    assert found == marked(mistake.spec) != [], done.stdout


def test_the_number_of_mistakes_is_as_said_and_each_is_there_once():
    assert len([it for it in MISTAKES if it.page != "both"]) == LET_THROUGH
    assert f" {LET_THROUGH} mistakes" in __doc__
    assert len({it.name() for it in MISTAKES}) == len(MISTAKES)
