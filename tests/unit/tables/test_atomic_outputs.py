"""Outputs are whole or absent, and nothing of the user's is ever deleted."""

import errno
import os
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import pytest

from reseau import _writing
from reseau._writing import renaming
from reseau.errors import LeftoverWarning, OutputExistsError, ReseauError
from reseau.tables import (
    DATASET_MARKS,
    SOLUTION_MARKS,
    check_output,
    new_directory,
    new_file,
)
from reseau.tables.atomic import OUTPUT_MARKS

pytestmark = pytest.mark.usefixtures("typed")

MARKS = {
    "summary.json": '{"format": "reseau-solution/1"}',
    "dataset.toml": 'format = "reseau-dataset/1"',
}


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_file_appears_when_whole(tmp_path: Path) -> None:
    with new_file(tmp_path / "a.txt") as temporary:
        temporary.write_text("half")
        assert not (tmp_path / "a.txt").exists()
        assert temporary.suffix == ".txt"
    assert (tmp_path / "a.txt").read_text() == "half"
    assert names(tmp_path) == ["a.txt"]


def fail_in_file(path: Path, exception: BaseException) -> None:
    with new_file(path) as temporary:
        temporary.write_text("half")
        raise exception


def fail_in_directory(
    path: Path, exception: BaseException, *, overwrite: bool = False
) -> None:
    with new_directory(path, overwrite=overwrite) as folder:
        (folder / "sources.parquet").write_text("half")
        raise exception


@pytest.mark.parametrize("exception", [RuntimeError, KeyboardInterrupt])
def test_nothing_is_left_after_an_exception(
    tmp_path: Path, exception: type[BaseException]
) -> None:
    with pytest.raises(exception):
        fail_in_file(tmp_path / "a.txt", exception())
    with pytest.raises(exception):
        fail_in_directory(tmp_path / "deep/er/d", exception())
    assert names(tmp_path) == []


FULL = OSError(errno.ENOSPC, "No space left on device")


def test_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ReseauError, match="No space left on device") as error:
        fail_in_directory(tmp_path / "out", FULL)
    assert str(tmp_path / "out") in str(error.value)
    assert "to do:" in str(error.value)
    assert names(tmp_path) == []


def test_full_disk_keeps_the_earlier_output(tmp_path: Path) -> None:
    with new_directory(tmp_path / "out") as folder:
        (folder / "summary.json").write_text(MARKS["summary.json"])
    with pytest.raises(ReseauError):
        fail_in_directory(tmp_path / "out", FULL, overwrite=True)
    assert (tmp_path / "out/summary.json").read_text() == MARKS["summary.json"]
    assert names(tmp_path) == ["out"]


def test_existing_output_needs_overwrite(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("old")
    with (
        pytest.raises(OutputExistsError, match="there already"),
        new_file(tmp_path / "a.csv"),
    ):
        pass
    assert (tmp_path / "a.csv").read_text() == "old"
    with new_file(tmp_path / "a.csv", overwrite=True) as temporary:
        temporary.write_text("new")
    assert (tmp_path / "a.csv").read_text() == "new"
    assert names(tmp_path) == ["a.csv"]


@pytest.mark.parametrize("mark", ["summary.json", "dataset.toml", None])
def test_outputs_and_empty_directories_are_replaced(
    tmp_path: Path, mark: str | None
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    if mark:
        (out / mark).write_text(MARKS[mark])
    with pytest.raises(OutputExistsError), new_directory(out):
        pass
    with new_directory(out, overwrite=True) as folder:
        (folder / "new").write_text("new")
    assert names(out) == ["new"]
    assert names(tmp_path) == ["out"]


def test_other_directories_are_never_deleted(tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis/chapter.tex").write_text("precious")
    with (
        pytest.raises(OutputExistsError, match="ever deleted"),
        new_directory(tmp_path / "thesis", overwrite=True),
    ):
        pass
    assert (tmp_path / "thesis/chapter.tex").read_text() == "precious"


def test_file_and_directory_never_replace_each_other(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputExistsError):
        check_output(tmp_path / "file", kind="directory", overwrite=True)
    with pytest.raises(OutputExistsError):
        check_output(tmp_path / "folder", kind="file", overwrite=True)


def test_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "disk")
    with new_directory(tmp_path / "link", overwrite=True) as folder:
        (folder / "summary.json").write_text(MARKS["summary.json"])
    assert (tmp_path / "link").is_symlink()
    assert names(tmp_path / "disk") == ["summary.json"]


def test_output_below_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    with (
        pytest.raises(ReseauError, match="could not be written"),
        new_file(tmp_path / "file/out.txt"),
    ):
        pass


def marked(path: Path, *marks: str) -> Path:
    path.mkdir()
    for mark in marks:
        (path / mark).write_text(MARKS[mark])
    return path


@pytest.mark.parametrize("own", [SOLUTION_MARKS, DATASET_MARKS])
def test_an_output_replaces_only_its_own_kind(
    tmp_path: Path, own: tuple[str, ...]
) -> None:
    (other,) = set(OUTPUT_MARKS) - set(own)
    for path, why in (
        (marked(tmp_path / "other", other), f"holds no {own[0]}"),
        (marked(tmp_path / "both", other, *own), f"no part of a .*{other}"),
    ):
        with pytest.raises(OutputExistsError, match=why):
            check_output(path, kind="directory", overwrite=True, marks=own)
        with (
            pytest.raises(OutputExistsError),
            new_directory(path, overwrite=True, marks=own),
        ):
            pass
        assert (path / other).read_text() == MARKS[other]
    same = marked(tmp_path / "same", *own)
    assert check_output(same, kind="directory", overwrite=True, marks=own) == same


def test_place_is_checked_before_anything_is_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("old")
    with pytest.raises(ReseauError, match=r"file is not a directory(.|\n)*part of it"):
        check_output(tmp_path / "file/a/b", kind="directory")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    with pytest.raises(ReseauError, match="a link to nothing"):
        check_output(tmp_path / "dangling", kind="file", overwrite=True)
    with pytest.raises(ReseauError, match="give a shorter name"):
        check_output(tmp_path / ("long" * 100), kind="file")
    asked = []

    def access(folder: Path, mode: int) -> bool:
        asked.append((folder, mode))
        return False

    monkeypatch.setattr("os.access", access)
    with pytest.raises(ReseauError, match=r"may not be written to(.|\n)*permission"):
        check_output(tmp_path / "a/b", kind="directory")
    assert asked == [(tmp_path, os.W_OK | os.X_OK)]


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "free some space"),
        (errno.EACCES, "permission"),
        (errno.EROFS, "permission"),
        (errno.ENOTDIR, "a part of it is a file"),
        (errno.ENOENT, "a part of it is a file"),
        (errno.EIO, "choose another place"),
    ],
)
def test_advice_fits_the_error(tmp_path: Path, number: int, advice: str) -> None:
    with pytest.raises(ReseauError, match=advice) as error:
        fail_in_file(tmp_path / "a.txt", OSError(number, os.strerror(number)))
    assert ("free some space" in str(error.value)) == (number == errno.ENOSPC)
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("summary.json", '{"sales": 3}', "not one that reseau wrote"),
        ("summary.json", '["reseau-solution/1"]', "not one that reseau wrote"),
        ("summary.json", "[" * 100_000, "not one that reseau wrote"),
        ("summary.json", "\xff", "not one that reseau wrote"),
        ("thesis.tex", "precious", "no part of a solution: thesis.tex"),
        ("notes/day1.txt", "precious", "no part of a solution: notes/, notes/day1"),
        ("measurements.parquet", "precious", "no part of a solution: meas"),
    ],
)
def test_a_folder_with_other_files_is_never_deleted(
    tmp_path: Path, name: str, content: str, why: str
) -> None:
    out = marked(tmp_path / "out", "summary.json")
    (out / name).parent.mkdir(exist_ok=True)
    (out / name).write_text(content, encoding="latin-1")
    with (
        pytest.raises(OutputExistsError, match=why),
        new_directory(out, overwrite=True, marks=SOLUTION_MARKS),
    ):
        pass
    assert (out / name).read_text(encoding="latin-1") == content
    assert names(tmp_path) == ["out"]


def test_links_in_a_folder_are_never_deleted(tmp_path: Path) -> None:
    out = marked(tmp_path / "out", "summary.json")
    (out / "sources.parquet").symlink_to(tmp_path)
    with pytest.raises(OutputExistsError, match=r"sources\.parquet"):
        check_output(out, kind="directory", overwrite=True)


@pytest.mark.parametrize("can", [True, False])
def test_a_file_put_there_meanwhile_is_kept(
    tmp_path: Path, can: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not can:
        monkeypatch.setattr(renaming, "_rename", None)
    out = marked(tmp_path / "out", "summary.json")

    def meanwhile(new: Path, target: Path, refuse: object) -> None:
        (target / "thesis.tex").write_text("precious")
        _writing.replace_directory(new, target, refuse)  # type: ignore[arg-type]

    monkeypatch.setattr("reseau.tables.atomic.replace_directory", meanwhile)
    with (
        pytest.raises(OutputExistsError, match=r"thesis\.tex"),
        new_directory(out, overwrite=True),
    ):
        pass
    assert names(out) == ["summary.json", "thesis.tex"]
    assert names(tmp_path) == ["out"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("thesis.tex", b"precious"),
        ("table.parquet", b"precious"),
        ("figure.png", b"precious"),
        ("table.csv", b"PK\0\0"),
        ("noname", b"precious"),
    ],
)
def test_files_of_other_kinds_are_never_replaced(
    tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(OutputExistsError), new_file(tmp_path / name, overwrite=True):
        pass
    assert (tmp_path / name).read_bytes() == content


@pytest.mark.parametrize("can", [True, False])
@pytest.mark.parametrize("kind", ["file", "directory"])
def test_of_two_runs_into_one_output_the_later_is_refused(
    tmp_path: Path, kind: str, can: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not can:
        monkeypatch.setattr(renaming, "_rename", None)
    out = tmp_path / "out.csv"
    new = new_file if kind == "file" else new_directory

    def write(path: Path, text: str) -> None:
        (path if kind == "file" else path / "summary.json").write_text(text)

    def both() -> None:
        with new(out) as later:
            write(later, "later")
            with new(out) as earlier:
                write(earlier, "earlier")

    with pytest.raises(OutputExistsError, match="another run wrote it meanwhile"):
        both()
    mine = out if kind == "file" else out / "summary.json"
    assert mine.read_text() == "earlier"
    assert names(tmp_path) == ["out.csv"]


def test_an_output_is_replaced_where_names_cannot_be_exchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renaming, "_rename", None)
    out = marked(tmp_path / "out", "summary.json")
    with new_directory(out, overwrite=True) as folder:
        (folder / "sources.parquet").write_text("new")
    assert names(out) == ["sources.parquet"]
    assert names(tmp_path) == ["out"]


KILLED = """
import os, sys
from pathlib import Path
from reseau.tables.atomic import new_directory, new_file
with new_directory("solution") as folder, new_file("table.parquet") as file:
    (folder / "sources.parquet").write_text("half")
    file.write_text("half")
    with new_file(folder / "instrument.toml") as inner:
        inner.write_text("half")
        if len(sys.argv) > 1:
            (folder / sys.argv[1]).write_text("precious")
        os.kill(os.getpid(), 9)
"""


def killed(folder: Path, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, *arguments], cwd=folder, check=False
    )
    assert done.returncode == -9
    assert len(names(folder)) == 2
    assert all(name.startswith(".reseau-partial-") for name in names(folder))


def test_what_a_killed_run_left_is_removed_by_the_next(tmp_path: Path) -> None:
    killed(tmp_path)
    check_output(tmp_path / "other", kind="directory")
    assert names(tmp_path) == []


@pytest.mark.parametrize("place", ["", "truth"])
def test_what_was_being_written_in_it_is_removed_as_well(
    tmp_path: Path, place: str
) -> None:
    """Files within an output have temporaries of their own, in its folders too."""
    killed(tmp_path)
    (rest,) = tmp_path.glob("*.solution")
    inner = rest / place / ".reseau-partial-0123456789ab.instrument.toml"
    inner.mkdir(parents=True)
    (inner / "instrument.toml").touch()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_output(tmp_path / "other", kind="directory")
    assert names(tmp_path) == []


def test_what_is_not_ours_in_what_a_killed_run_left_is_named(tmp_path: Path) -> None:
    killed(tmp_path, "thesis.tex")
    with pytest.warns(LeftoverWarning, match=r"\.reseau-partial-[0-9a-f]*\.solution"):
        check_output(tmp_path / "other", kind="directory")
    (left,) = names(tmp_path)
    assert (tmp_path / left / "thesis.tex").read_text() == "precious"


def test_temporaries_of_living_runs_are_left_alone(tmp_path: Path) -> None:
    with new_directory(tmp_path / "one") as folder:
        (folder / "sources.parquet").write_text("whole")
        with new_directory(tmp_path / "two"):
            pass
        assert (folder / "sources.parquet").exists()
    assert names(tmp_path) == ["one", "two"]


def test_an_earlier_output_whose_name_was_taken_comes_back(tmp_path: Path) -> None:
    hidden = marked(tmp_path / ".reseau-earlier-0123456789ab.out", "summary.json")
    with pytest.raises(OutputExistsError):
        check_output(tmp_path / "out", kind="directory")
    assert not hidden.exists()
    assert names(tmp_path / "out") == ["summary.json"]


def test_masks_of_permissions_are_respected_and_never_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = os.umask(0o027)
    try:
        monkeypatch.setattr("os.umask", None)
        with new_directory(tmp_path / "out") as folder:
            pass
        with new_file(tmp_path / "a.csv") as file:
            file.write_text("")
    finally:
        monkeypatch.undo()
        os.umask(before)
    assert folder != tmp_path / "out"
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o750
    assert (tmp_path / "a.csv").stat().st_mode & 0o777 == 0o640


def test_threads_that_replace_one_output_leave_one_whole(tmp_path: Path) -> None:
    out = tmp_path / "out"
    errors: list[BaseException] = []

    def write(number: int) -> None:
        try:
            for _ in range(10):
                with new_directory(out, overwrite=True) as folder:
                    (folder / "summary.json").write_text(MARKS["summary.json"])
                    (folder / "sources.parquet").write_text(str(number))
        except BaseException as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert names(out) == ["sources.parquet", "summary.json"]
    assert names(tmp_path) == ["out"]
