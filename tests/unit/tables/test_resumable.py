"""Outputs of many pieces: continued after any end, never two runs at once."""

import json
import os
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from reseau import compare, describe, read_dataset, read_solution
from reseau._writing import is_temporary
from reseau.errors import FileFormatError, OutputExistsError, ReseauError
from reseau.tables import (
    DATASET_MARKS,
    SOLUTION_MARKS,
    check_output,
    piece_directory,
    piece_file,
    resumable_directory,
)

pytestmark = pytest.mark.usefixtures("typed")

PIECES = tuple(f"plates/plate_id={n}" for n in range(4))
IDENTITY = {"seed": 1, "digests": {"a.parquet": "12"}, "degree": None}
SUMMARY = '{"format": "reseau-survey-solution/1"}'


def names(folder: Path) -> list[str]:
    return sorted(
        p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()
    )


def make(
    path: Path,
    *,
    stop: int | None = None,
    identity: dict = IDENTITY,
    pieces: tuple[str, ...] = PIECES,
    overwrite: bool = False,
) -> list[str]:
    """Make an output, or stop at a piece; return which pieces were made."""
    made = []
    with resumable_directory(
        path,
        identity=identity,
        pieces=pieces,
        overwrite=overwrite,
        marks=SOLUTION_MARKS,
    ) as output:
        for n, name in enumerate(output.pieces):
            if output.is_done(name):
                continue
            with piece_directory(output.folder / name) as folder:
                (folder / "sources.parquet").write_text(f"{name} {identity['seed']}")
                if n == stop:
                    raise KeyboardInterrupt
            made.append(name)
        with piece_file(output.folder / "summary.json") as file:
            file.write_text(SUMMARY)
    return made


def stopped(path: Path, at: int = 2, **others: object) -> None:
    with pytest.raises(KeyboardInterrupt) as caught:
        make(path, stop=at, **others)
    assert caught.value.__notes__ == [
        f"{at} of 4 pieces are in {path}; what is done stays: run the same command "
        "again to continue"
    ]


def test_pieces_are_kept_and_the_rest_is_made(tmp_path: Path) -> None:
    path = tmp_path / "out"
    stopped(path)
    half = [f"{p}/sources.parquet" for p in PIECES[:2]]
    assert names(path) == ["incomplete.json", *half]
    before = [(path / n).stat().st_mtime_ns for n in half]
    assert make(path) == list(PIECES[2:])
    assert [(path / n).stat().st_mtime_ns for n in half] == before
    assert names(path) == [*(f"{p}/sources.parquet" for p in PIECES), "summary.json"]
    whole = tmp_path / "whole"
    make(whole)
    assert [(path / n).read_bytes() for n in names(path)] == [
        (whole / n).read_bytes() for n in names(whole)
    ]
    with pytest.raises(OutputExistsError, match="give another name or --overwrite"):
        make(path)
    assert make(path, overwrite=True) == list(PIECES)


def test_the_same_run_continues_also_with_overwrite(tmp_path: Path) -> None:
    path = tmp_path / "out"
    make(path)
    stopped(path, overwrite=True)
    assert make(path, overwrite=True) == list(PIECES[2:])
    assert os.listdir(tmp_path) == ["out"]


def test_another_run_is_told_what_differs(tmp_path: Path) -> None:
    path = tmp_path / "out"
    stopped(path)
    other = {"seed": 2, "digests": {"a.parquet": "13"}, "degree": None, "rank": 3}
    with pytest.raises(OutputExistsError) as caught:
        make(path, identity=other)
    message = str(caught.value)
    assert "is incomplete, 2 of 4 pieces, and of another run" in message
    assert "seed is 1 there, 2 now; digests.a.parquet is 12 there, 13 now; " in message
    assert "rank is absent there, 3 now\n" in message
    assert "--overwrite to begin anew" in message
    with pytest.raises(OutputExistsError, match="pieces is plates/"):
        make(path, pieces=PIECES[:2])
    assert make(path, identity=other, overwrite=True) == list(PIECES)
    assert (path / PIECES[0] / "sources.parquet").read_text().endswith(" 2")


def test_another_version_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "out"
    stopped(path)
    mark = path / "incomplete.json"
    content = json.loads(mark.read_text())
    assert content["number_of_pieces"] == 4
    mark.write_text(json.dumps(content | {"version": "0.0.1"}))
    with pytest.raises(OutputExistsError, match=r"reseau is 0\.0\.1 there"):
        make(path)


def test_two_runs_never_write_at_once(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with resumable_directory(
        path, identity=IDENTITY, pieces=PIECES, marks=SOLUTION_MARKS
    ):
        for more in ({}, {"overwrite": True}, {"identity": {"seed": 3}}):
            if "identity" in more:
                more["overwrite"] = True
            with pytest.raises(OutputExistsError, match="another one is doing so"):
                make(path, **more)
    assert names(path) == []


KILLED = """
import os, signal, sys
from pathlib import Path
from reseau.tables import SOLUTION_MARKS, piece_directory, resumable_directory
pieces = [f"plates/plate_id={n}" for n in range(4)]
identity = {"seed": 1, "digests": {"a.parquet": "12"}, "degree": None}
with resumable_directory(
    sys.argv[1], identity=identity, pieces=pieces, marks=SOLUTION_MARKS
) as output:
    for name in pieces:
        with piece_directory(output.folder / name) as folder:
            (folder / "sources.parquet").write_text(f"{name} 1")
            if name == pieces[2]:
                os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_run_is_continued(tmp_path: Path) -> None:
    path = tmp_path / "out"
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    left = [p for p in (path / "plates").iterdir() if is_temporary(p.name)]
    assert len(left) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert make(path) == list(PIECES[2:])
    assert names(path) == [*(f"{p}/sources.parquet" for p in PIECES), "summary.json"]


def test_a_temporary_within_a_temporary_is_removed(tmp_path: Path) -> None:
    """As a writer leaves it that renames by itself what it was given a name for."""
    path = tmp_path / "out"
    stopped(path)
    for name in ("summary.json", "plates/plate_id=3/sources.parquet"):
        place = (path / name).parent
        place.mkdir(exist_ok=True)
        own = Path(name).name
        outer = place / f".reseau-partial-0123456789ab.{own}"
        inner = outer / f".reseau-partial-ba9876543210.{own}"
        inner.mkdir(parents=True)
        (inner / own).write_text("half")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make(path)
    assert not [p for p in path.rglob("*") if is_temporary(p.name)]


def test_what_others_put_there_is_never_removed(tmp_path: Path) -> None:
    path = tmp_path / "out"
    stopped(path)
    hidden = path / "plates" / ".reseau-partial-0123456789ab.plate_id=2"
    hidden.mkdir()
    (hidden / "thesis.tex").write_text("precious")
    make(path)
    assert (hidden / "thesis.tex").read_text() == "precious"
    with pytest.raises(OutputExistsError, match=r"thesis\.tex"):
        make(path, overwrite=True)
    stopped(tmp_path / "other")
    (tmp_path / "other" / "thesis.tex").write_text("precious")
    with pytest.raises(OutputExistsError, match=r"such output: thesis\.tex"):
        make(tmp_path / "other", identity={"seed": 7}, overwrite=True)
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "incomplete.json").write_text("{}")
    with pytest.raises(OutputExistsError, match="not one that reseau wrote"):
        make(mine, overwrite=True)


def test_one_kind_never_replaces_another(tmp_path: Path) -> None:
    stopped(tmp_path / "out")
    with pytest.raises(OutputExistsError, match=r"going to hold summary\.json"):
        check_output(
            tmp_path / "out", kind="directory", overwrite=True, marks=DATASET_MARKS
        )
    check_output(
        tmp_path / "out", kind="directory", overwrite=True, marks=SOLUTION_MARKS
    )


@pytest.mark.parametrize("read", [read_solution, read_dataset, describe])
def test_readers_say_that_it_is_incomplete(tmp_path: Path, read) -> None:
    stopped(tmp_path / "out")
    (tmp_path / "out" / "summary.json").write_text(SUMMARY)
    with pytest.raises(FileFormatError) as caught:
        read(tmp_path / "out")
    assert "out is incomplete: 2 of 4 pieces" in str(caught.value)
    assert "run the same command again to continue" in str(caught.value)


def test_comparing_says_that_it_is_incomplete(tmp_path: Path) -> None:
    stopped(tmp_path / "out")
    with pytest.raises(FileFormatError, match="is incomplete: 2 of 4"):
        compare(tmp_path / "out", tmp_path / "out")


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ReseauError, match="is not a directory"):
        make(tmp_path / "file" / "out")
    assert make(tmp_path / "a" / "b" / "out") == list(PIECES)
