"""Lines of the command: broken at words, below their beginning, never inside a path."""

import pytest

from reseau.cli._wrapping import WIDTH, columns, wrapped

LONG = "word " * 40


@pytest.fixture(autouse=True)
def _no_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)


def test_no_line_is_longer_than_80_columns_and_no_word_is_lost() -> None:
    text = wrapped(LONG)
    assert max(map(len, text.splitlines())) <= WIDTH
    assert text.split() == LONG.split()


def test_a_labelled_line_goes_on_below_its_text() -> None:
    first, second, *_ = wrapped(f"  to do:  {LONG}").splitlines()
    assert first.startswith("  to do:  word")
    assert second.startswith(" " * 10 + "word")


def test_a_path_longer_than_a_line_stays_whole_and_beside_its_label() -> None:
    path = "/long" * 30
    text = wrapped(f"error: {path} is a directory")
    assert text.splitlines()[0] == f"error: {path}"
    assert "is a directory" in text


def test_blank_lines_and_short_lines_stay() -> None:
    assert wrapped("a\n\n  b") == "a\n\n  b"


def test_columns_never_collide() -> None:
    lines = columns([("datum", LONG), ("n", "3")])
    assert max(map(len, lines)) <= WIDTH
    assert all(line.startswith("         word") for line in lines[1:-1])
    assert lines[-1] == "  n      3"


def test_a_wider_terminal_may_ask_for_longer_lines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "1000")
    assert wrapped(LONG) == LONG
