"""A preset by its name, a file by its path, and what is neither."""

from pathlib import Path

import pytest

from reseau.config import preset_files, preset_or_file
from reseau.errors import ConfigError


@pytest.mark.parametrize(
    ("folder", "name"), [("surveys", "mini"), ("galaxies", "koshimoto2021")]
)
def test_a_directory_of_its_name_does_not_hide_a_preset(
    folder: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).mkdir()
    assert preset_or_file(name, folder, "thing") == preset_files(folder)[name]
    # A file is somebody's own.
    Path(name).rmdir()
    Path(name).write_text("", encoding="utf-8")
    assert preset_or_file(name, folder, "thing") == Path(name)


def test_what_is_neither_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ConfigError, match=r"survey minni is unknown[\s\S]*'mini'"):
        preset_or_file("minni", "surveys", "survey")
    assert preset_or_file("own.toml", "surveys", "survey") == Path("own.toml")
