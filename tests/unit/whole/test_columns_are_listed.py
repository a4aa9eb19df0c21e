"""Everything that --columns takes is listed, in the help and in the documentation."""

from pathlib import Path

from reseau.settings import COLUMNS
from reseau.synonyms import SYNONYMS
from reseau.tables.naming.column_names import KNOWN

PAGE = Path(__file__).resolve().parents[3] / "docs" / "files.md"


def test_help_lists_all() -> None:
    assert sorted(COLUMNS.split(", ")) == sorted(KNOWN)


def test_page_lists_all() -> None:
    text = PAGE.read_text().partition("### Which column is which")[2]
    text = text.partition("**Units**")[0]
    assert [name for name in KNOWN if f"`{name}`" not in text] == []


def test_page_promises_no_name_that_is_not_taken() -> None:
    text = PAGE.read_text().partition("are only proposed in messages.")[2]
    rows = [r for r in text.partition("### Who is who")[0].splitlines() if "|" in r][2:]
    certain = {s.name for s in SYNONYMS if s.certain}
    known = {s.name for s in SYNONYMS}
    for row in rows:
        _, here, there, _ = row.split("|")
        names = [w for w in there.split("`")[1::2] if w != "..."]
        assert set(names) <= (known if "proposed" in here else certain), row
