"""The tables in README and docs are those of the code."""

import re

import pytest

from deploy.write_tables import ROOT, TABLES, with_tables


@pytest.mark.parametrize("page", TABLES, ids=lambda page: page.name)
def test_the_page_shows_the_tables_of_the_code(page):
    assert page.read_text() == with_tables(page), "run: python -m deploy.write_tables"


def test_every_link_of_the_readme_leads_somewhere():
    links = re.findall(r"\]\((?!http)([^)#]+)", (ROOT / "README.md").read_text())
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
