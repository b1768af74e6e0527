"""docs/troubleshooting.md: each symptom of the field's guide is made to happen as the page says, and named."""

import pytest

from harness.process import ROOT
from harness.walkthrough import Walkthrough, read_sections

INTRODUCTION, *SYMPTOMS = read_sections((ROOT / "docs/troubleshooting.md").read_text())


@pytest.fixture
def walk(tmp_path):
    walkthrough = Walkthrough(tmp_path / "walk")
    yield walkthrough
    walkthrough.stop()


@pytest.mark.parametrize("section", [s for s in SYMPTOMS if s.steps], ids=lambda s: s.title.split(" ")[0].lower())
def test_the_page_shows_what_happens(walk, section):
    for name, content in {**INTRODUCTION.files, **section.files}.items():
        walk.add_file(name, content)
    for command, expected in section.steps:
        walk.run(command, expected)


def test_every_symptom_of_the_guide_has_a_section():
    titles = [s.title for s in SYMPTOMS]
    for word in ("400", "404", "429", "500", "502", "503", "Pool is not initialized", "forbidden", "routing",
                 "concurrency"):
        assert any(word in title for title in titles), word
    assert all(s.steps for s in SYMPTOMS)
