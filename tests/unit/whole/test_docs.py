"""What the pages say is true: their code runs, their options and files exist."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from reseau.cli import app

ROOT = Path(__file__).resolve().parents[3]
PAGES = sorted(
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]
)
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str) -> list[str]:
    """Return the code blocks of a page in one language."""
    found = _BLOCK.findall(page.read_text(encoding="utf-8"))
    return [text for name, text in found if name == language]


def commands(page: Path) -> list[list[str]]:
    """Return the shell commands of a page, in words."""
    lines = "".join(blocks(page, "console")).replace("\\\n", " ").splitlines()
    return [shlex.split(line[2:]) for line in lines if line.startswith("$ ")]


WITH_CODE = [page for page in PAGES if blocks(page, "python")]
WITH_COMMANDS = [page for page in PAGES if commands(page)]


def name(page: Path) -> str:
    """Return what a page is called in the tests' names."""
    return page.stem


def test_the_pages_have_something_to_check() -> None:
    assert {"README", "ten-minutes"} <= {*map(name, WITH_CODE)}
    assert {"README", "solve-a-plate"} <= {*map(name, WITH_COMMANDS)}


# A reader is warned too, and the page says of what.
@pytest.mark.filterwarnings("default::reseau.errors.DroppedWarning")
@pytest.mark.parametrize("page", WITH_CODE, ids=name)
def test_code_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One namespace a page; its assertions are tests."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": page.stem}
    for number, text in enumerate(blocks(page, "python"), start=1):
        exec(compile(text, f"{page.name}, block {number}", "exec"), names)


def test_the_example_of_a_single_table_can_be_solved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table and the instrument of the page, with the options of its command."""
    monkeypatch.chdir(tmp_path)
    page = ROOT / "docs" / "files.md"
    table = next(t for t in blocks(page, "text") if t.startswith("source_id,"))
    camera = next(t for t in blocks(page, "toml") if "[[detector]]" in t)
    (tmp_path / "field.csv").write_text(table, encoding="utf-8")
    (tmp_path / "mine.toml").write_text(camera, encoding="utf-8")
    _, *arguments = next(c for c in commands(page) if "mine.toml" in c)
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    said = " ".join(result.stdout.split())
    assert (
        "the fit cannot tell whether the errors of the measurements are right" in said
    )


def verb_of(words: list[str]) -> tuple[Any, list[str]]:
    """Return the verb that a command names, and the words after it."""
    command: Any = get_command(app)
    while hasattr(command, "commands"):
        assert words, f"{command.name} needs a verb"
        assert words[0] in command.commands, f"no verb {words[0]}"
        command, words = command.commands[words[0]], words[1:]
    return command, words


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=name)
def test_commands_are_known(page: Path) -> None:
    """Verbs, options and numbers of arguments; nothing is run."""
    for words in commands(page):
        if words[0] == "reseau":
            verb, arguments = verb_of(words[1:])
            verb.make_context(" ".join(words), arguments)
        elif words[0] == "make":
            targets = [word for word in words[1:] if "=" not in word]
            assert {*targets} <= {*make_targets()}, f"no target in {words}"
        else:
            assert words[0] == "pip", f"unknown command {words[0]}"


def make_targets() -> list[str]:
    """Return the targets of the Makefile."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    return re.findall(r"^([a-z]+):", text, re.MULTILINE)


def links(page: Path) -> Iterator[Path]:
    """Yield the files of ours that a page links to."""
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        if "://" not in target and not target.startswith("#"):
            yield page.parent / target.partition("#")[0]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_files_that_are_named_exist(page: Path) -> None:
    named = re.findall(r"`(tests/[\w/.]+)`", page.read_text(encoding="utf-8"))
    paths = [*links(page), *(ROOT / n for n in named)]
    assert not [str(p) for p in paths if not p.exists()]


def test_versions_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    version = project["project"]["version"]
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    changes = (ROOT / "CHANGES.md").read_text(encoding="utf-8")
    assert f"version: {version}\n" in citation
    assert re.search(rf"^## {re.escape(version)}\b", changes, re.MULTILINE)


def test_toml_blocks_are_toml() -> None:
    for page in PAGES:
        for text in blocks(page, "toml"):
            assert tomllib.loads(text), page.name
