"""A survey as a dataset on disk: the same bytes always, whatever happens on the way."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import warnings
from collections import namedtuple
from pathlib import Path

import jax
import numpy as np
import pyarrow.compute as pc
import pytest

from reseau import read_dataset
from reseau.datasets import survey_writer
from reseau.datasets.truths import TRUTH, read_truth
from reseau.errors import FileFormatError, OutputExistsError, ReseauError
from reseau.verbs import simulate_survey as verb
from reseau.verbs.simulate_survey import simulate_survey, survey_size
from small_survey import small_config, survey_text

pytestmark = pytest.mark.usefixtures("typed")

PLATES = 4
CHANGES = {
    "schedule": {"orbits": PLATES, "exposures": 2},
    "stars": {"count": 150},
    "distortion": {"drift_um_per_year": 10.0, "walk_um": 1.0},
    "pixels": {"flat_pixel": 0.01},
}


def content(folder: Path) -> dict[str, str]:
    """Return a digest of each file, by its name."""
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(
            file.read_bytes()
        ).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


@pytest.fixture(scope="module")
def config():
    return small_config(**CHANGES)


@pytest.fixture(scope="module")
def whole(config, tmp_path_factory):
    """A survey that nobody disturbed."""
    path = tmp_path_factory.mktemp("whole") / "survey"
    simulate_survey(config, path, workers=1)
    return path


def test_the_files_are_those_of_the_design(whole):
    plates = [f"plate_id={n}" for n in range(PLATES)]
    assert set(content(whole)) == {
        "dataset.toml",
        "exposures.parquet",
        "instrument.toml",
        "reference.parquet",
        "truth/exposures.parquet",
        "truth/instrument.toml",
        "truth/survey.toml",
        *(f"measurements/{p}/part-0.parquet" for p in plates),
        *(f"truth/sources/{p}/part-0.parquet" for p in plates),
        *(f"truth/instruments/{p}.toml" for p in plates),
    }


def same_table(found, wanted):
    """Assert that a table has what another one has, bit by bit."""
    assert found.num_rows == wanted.num_rows
    for column in wanted.column_names:
        np.testing.assert_array_equal(
            found[column].to_numpy(), wanted[column].to_numpy()
        )


def test_what_is_read_is_what_was_made(whole, config):
    made = simulate_survey(config)
    assert len(made) == PLATES
    for number, plate in enumerate(made):
        dataset, truth = (
            read_dataset(whole, plate=number),
            read_truth(whole, plate=number),
        )
        of_plate = pc.equal(dataset.exposures["plate_id"], number)
        same_table(dataset.exposures.filter(of_plate), plate.dataset.exposures)
        for name in ("measurements", "reference"):
            same_table(getattr(dataset, name), getattr(plate.dataset, name))
        same_table(truth.sources, plate.truth.sources)
        for found, wanted in (
            (dataset.instrument, plate.dataset.instrument),
            (truth.instrument, plate.truth.instrument),
        ):
            for a, b in zip(*map(jax.tree.leaves, (found, wanted)), strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("workers", [2, 3])
def test_the_number_of_workers_does_not_matter(whole, config, tmp_path, workers):
    path = tmp_path / "out"
    counted = []
    made = simulate_survey(
        config, path, workers=workers, told=lambda n, of: counted.append((n, of))
    )
    assert content(path) == content(whole)
    assert counted == [(n + 1, PLATES) for n in range(PLATES)]
    assert made.folder == path
    assert made.size.plates == PLATES
    assert not made.size.estimated
    assert made.size.size == sum(f.stat().st_size for f in path.rglob("*.*"))


def test_a_steady_camera_has_one_truth(tmp_path):
    changes = {**CHANGES, "distortion": {}, "thermal": {"focal_um": 100.0}}
    path = tmp_path / "out"
    simulate_survey(small_config(**changes), path)
    assert not (path / TRUTH / "instruments").exists()


class _Stopped(Exception):
    pass


def stop_at(monkeypatch, plate, *, before):
    """Have the writing of a plate fail, before it or after it."""
    write = survey_writer.write_plate

    def failing(folder, number, **tables):
        if number == plate and before:
            raise _Stopped
        rows = write(folder, number, **tables)
        if number == plate:
            raise _Stopped
        return rows

    monkeypatch.setattr(verb, "write_plate", failing)


def stopped(monkeypatch, config, path, plate=2, **keys):
    """Leave a survey incomplete."""
    with monkeypatch.context() as patch:
        stop_at(patch, plate, before=True)
        with pytest.raises(ReseauError, match=f"plate {plate}: _Stopped") as caught:
            simulate_survey(config, path, workers=1, **keys)
    assert caught.value.__notes__ == [
        f"{PLATES - 1} of {PLATES} pieces are in {path}; what is done stays: run the "
        "same command again to continue"
    ]


def test_an_interrupted_survey_says_so_and_is_continued(
    whole, config, tmp_path, monkeypatch
):
    path = tmp_path / "out"
    stopped(monkeypatch, config, path)
    assert not (path / "dataset.toml").exists()
    with pytest.raises(FileFormatError, match=f"{PLATES - 1} of {PLATES}") as caught:
        read_dataset(path)
    assert "incomplete" in str(caught.value)
    times = {f: f.stat().st_mtime_ns for f in path.rglob("part-0.parquet")}
    counted = []
    simulate_survey(config, path, told=lambda n, of: counted.append((n, of)))
    assert counted == [(PLATES, PLATES)]
    assert content(path) == content(whole)
    # What was done is not done again.
    assert all(f.stat().st_mtime_ns == time for f, time in times.items())


def test_another_survey_does_not_continue_it(config, tmp_path, monkeypatch):
    path = tmp_path / "out"
    stopped(monkeypatch, config, path)
    before = content(path)
    others = {
        "seed": ({"survey": config, "seed": 99}, r"survey\.seed is 5 there, 99 now"),
        "scale": ({"survey": config, "scale": 0.5}, "orbits is 4 there, 2 now"),
        "key": (
            {"survey": small_config(**CHANGES, camera={"focal_um": 1.0})},
            "survey.camera.focal is 300.0 there, 1.0 now",
        ),
    }
    for keys, words in others.values():
        with pytest.raises(OutputExistsError, match=words) as caught:
            simulate_survey(output=path, **keys)
        assert "--overwrite to begin anew" in str(caught.value)
        assert content(path) == before
    simulate_survey(config, path, seed=99, overwrite=True)
    assert read_dataset(path).exposures.num_rows == PLATES * 8


def test_what_is_whole_is_not_replaced_unasked(whole, config):
    before = content(whole)
    with pytest.raises(OutputExistsError):
        simulate_survey(config, whole)
    assert content(whole) == before


def test_a_damaged_plate_is_named(whole, tmp_path):
    path = tmp_path / "damaged"
    shutil.copytree(whole, path)
    piece = path / survey_writer.measurements_piece(2)
    piece.write_bytes(piece.read_bytes()[:-100])
    with pytest.raises(ReseauError) as caught:
        read_dataset(path, plate=2)
    assert "plate_id=2" in str(caught.value)
    with pytest.raises(ReseauError, match="plate_id=2"):
        read_dataset(path)
    # The others are read.
    assert read_dataset(path, plate=1).measurements.num_rows > 0


def test_too_little_disk_is_found_before_anything_is_there(
    config, tmp_path, monkeypatch
):
    path = tmp_path / "not yet" / "out"
    usage = namedtuple("usage", "total used free")
    needed = survey_size(config).size

    def free(factor):
        room = usage(10**12, 0, round(factor * needed))
        monkeypatch.setattr(shutil, "disk_usage", lambda _place: room)

    free(0.9)
    with pytest.raises(ReseauError) as caught:
        simulate_survey(config, path)
    message = str(caught.value)
    assert "GB are free" in message
    assert "--scale" in message
    assert str(path) in message
    assert not path.parent.exists()
    # The advice can be followed.
    simulate_survey(config, path, scale=0.5)
    free(1.2)
    simulate_survey(config, tmp_path / "out")


@pytest.mark.parametrize("changes", [{}, CHANGES], ids=["three plates", "changing"])
def test_a_dry_run_agrees_with_what_is_then_written(tmp_path, changes):
    config = small_config(**{**changes, "stars": {"count": 4000}})
    path = tmp_path / "out"
    told = survey_size(config, workers=1)
    assert told.estimated
    assert not path.exists()
    found = simulate_survey(config, path, workers=1).size
    for name in ("plates", "exposures", "sources", "references"):
        assert getattr(told, name) == getattr(found, name)
    assert abs(told.measurements / found.measurements - 1.0) < 0.1
    assert abs(told.size / found.size - 1.0) < 0.1
    assert found.measurements == read_rows(path)


def read_rows(path):
    return read_dataset(path).measurements.num_rows


KILLED = """
import os, signal, sys
from pathlib import Path
from reseau.cli._compiled import keep_compiled
import reseau.datasets.survey_writer as writer
from reseau import simulate_survey

keep_compiled(Path(sys.argv[4]))
left, write = [int(sys.argv[3])], writer.write_parquet

def killed(table, sink, **options):
    write(table, sink, **options)
    left[0] -= isinstance(sink, Path)
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)

writer.write_parquet = killed
simulate_survey(sys.argv[1], sys.argv[2], workers=2)
"""


@pytest.mark.parametrize("last", [2, 9])
def test_a_killed_survey_is_continued_with_the_same_bytes(
    whole, config, tmp_path, last
):
    """While a plate's truth is written, and before the last table has its name."""
    path, file = tmp_path / "out", tmp_path / "mine.toml"
    file.write_text(survey_text(**CHANGES))
    programs = Path(__file__).resolve().parents[3] / ".pytest_cache" / "compiled"
    arguments = [str(file), str(path), str(last), str(programs)]
    environment = {**os.environ, "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(
        [sys.executable, "-c", KILLED, *arguments], check=False, env=environment
    )
    assert done.returncode == -signal.SIGKILL
    mark = json.loads((path / "incomplete.json").read_text())
    assert mark["number_of_pieces"] == PLATES
    with pytest.raises(FileFormatError, match="incomplete"):
        read_dataset(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        simulate_survey(config, path)
    assert content(path) == content(whole)
