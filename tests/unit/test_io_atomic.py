"""Outputs are whole or absent, and nothing of the user's is ever deleted."""

import errno
import os
from pathlib import Path

import pytest

from reseau.errors import OutputExistsError, ReseauError
from reseau.io.atomic import (
    DATASET_MARKS,
    OUTPUT_MARKS,
    SOLUTION_MARKS,
    check_output,
    new_directory,
    new_file,
)


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
        (folder / "summary.json").write_text("{}")
    with pytest.raises(ReseauError):
        fail_in_directory(tmp_path / "out", FULL, overwrite=True)
    assert (tmp_path / "out/summary.json").read_text() == "{}"
    assert names(tmp_path) == ["out"]


def test_existing_output_needs_overwrite(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("old")
    with (
        pytest.raises(OutputExistsError, match="there already"),
        new_file(tmp_path / "a.txt"),
    ):
        pass
    assert (tmp_path / "a.txt").read_text() == "old"
    with new_file(tmp_path / "a.txt", overwrite=True) as temporary:
        temporary.write_text("new")
    assert (tmp_path / "a.txt").read_text() == "new"


@pytest.mark.parametrize("mark", ["summary.json", "dataset.toml", None])
def test_outputs_and_empty_directories_are_replaced(
    tmp_path: Path, mark: str | None
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    if mark:
        (out / mark).write_text("old")
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
        (folder / "summary.json").write_text("{}")
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
        (path / mark).write_text("old")
    return path


@pytest.mark.parametrize("own", [SOLUTION_MARKS, DATASET_MARKS])
def test_an_output_replaces_only_its_own_kind(
    tmp_path: Path, own: tuple[str, ...]
) -> None:
    (other,) = set(OUTPUT_MARKS) - set(own)
    for path in (
        marked(tmp_path / "other", other),
        marked(tmp_path / "both", other, *own),
    ):
        with pytest.raises(OutputExistsError, match=f"holds {own[0]}: no other"):
            check_output(path, kind="directory", overwrite=True, marks=own)
        with (
            pytest.raises(OutputExistsError),
            new_directory(path, overwrite=True, marks=own),
        ):
            pass
        assert (path / other).read_text() == "old"
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
