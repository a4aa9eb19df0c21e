"""Plates joined to a catalogue: what comes out, and every input that is refused."""

import json
import shutil
from pathlib import Path
from typing import Any

import equinox as eqx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from alarm import covariance_bound, normal_bound, spread_bounds
from reseau import ReseauError, simulate_survey, solve_plates
from reseau.catalogue import Catalogue
from reseau.datasets.information import FILE, Information, read_information
from reseau.diagnostics.joined.columns import joined_columns
from reseau.diagnostics.joined.epoch_residuals import (
    derivatives,
    position_covariance,
    rows_of_epochs,
)
from reseau.diagnostics.joined.plate_agreement import plate_agreement
from reseau.errors import ReseauWarning
from reseau.motions.stars import FIVE, POSITIONS
from reseau.verbs.combine import Motions, combine, read_motions
from small_survey import small_config

PLATES = 5


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a survey of three years, with its solution beside it."""
    place = tmp_path_factory.mktemp("combine")
    config = small_config(
        seed=11,
        schedule={"years": 3.0, "orbits": PLATES, "exposures": 3},
        stars={"count": 250, "artificial": 8},
    )
    simulate_survey(config, place / "survey", workers=1)
    solve_plates(place / "survey", place / "solution", workers=1)
    return place


@pytest.fixture
def solution(survey: Path, tmp_path: Path) -> Path:
    """Return a copy of the solution that may be spoilt."""
    return Path(shutil.copytree(survey / "solution", tmp_path / "solution"))


@pytest.fixture(scope="module")
def joined(survey: Path) -> Motions:
    return combine(survey / "solution", survey / "catalogue", epochs=True)


def plates_of(place: Path) -> list[Information]:
    folders = sorted((place / "plates").iterdir())
    return [read_information(folder) for folder in folders]


def truth_of(survey: Path) -> dict[int, dict[str, Any]]:
    files = sorted((survey / "survey" / "truth" / "sources").rglob("*.parquet"))
    rows = [row for file in files for row in pq.ParquetFile(file).read().to_pylist()]
    return {row["source_id"]: row for row in rows}


def references(survey: Path) -> pa.Table:
    return pq.ParquetFile(survey / "survey" / "reference.parquet").read()


def test_errors_are_what_they_are_said_to_be(joined: Motions, survey: Path) -> None:
    truth = truth_of(survey)
    found = joined.catalogue
    rows = np.flatnonzero(found["astrometric_params_solved"] == FIVE)
    pulls = []
    for name in ("parallax", "pmra", "pmdec"):
        true = [truth[int(i)][name] for i in found["source_id"][rows]]
        error = found[f"{name}_error"].value[rows]
        pulls.append((found[name].value[rows] - np.array(true)) / error)
    assert len(rows) > 100
    # Errors of neighbours are correlated: one number in two counts.
    low, high = spread_bounds(len(rows) / 2, values=3)
    for pull in pulls:
        assert low < np.sqrt(np.mean(pull**2)) < high


def test_covariances_of_stars_agree_with_the_table(joined: Motions) -> None:
    found = joined.catalogue
    ids = np.asarray(found["source_id"])
    rows = np.flatnonzero(found["astrometric_params_solved"] == FIVE)[:40]
    own = joined.covariance(ids[rows])
    names = ("ra", "dec", "parallax", "pmra", "pmdec")
    for i, name in enumerate(names):
        sigma = np.sqrt(own[:, i, i])
        np.testing.assert_allclose(sigma, found[f"{name}_error"].value[rows], rtol=1e-6)
    corr = own[:, 2, 3] / np.sqrt(own[:, 2, 2] * own[:, 3, 3])
    np.testing.assert_allclose(corr, found["parallax_pmra_corr"][rows], atol=1e-6)
    one = joined.covariance(ids[3], ids[7])
    np.testing.assert_allclose(one, joined.covariance(ids[7], ids[3]).T, rtol=1e-12)
    assert one.shape == (5, 5)


def test_draws_have_the_covariance(joined: Motions) -> None:
    ids = np.asarray(joined.catalogue["source_id"])[:3]
    n = 4000
    draws = joined.draws(n, seed=1, source_id=ids).reshape(n, -1)
    blocks = [[joined.covariance(a, b) for b in ids] for a in ids]
    wanted = np.block(blocks)
    size = np.sqrt(np.diag(wanted))
    found = draws.T @ draws / n
    width = np.sqrt((np.outer(size, size) ** 2 + wanted**2) / n)
    assert np.all(np.abs(found - wanted) < covariance_bound(n, wanted.size) * width)


def test_files_hold_the_same(joined: Motions, survey: Path) -> None:
    again = read_motions(survey / "catalogue")
    for name in joined.tables.catalogue.column_names:
        one, other = (m.tables.catalogue[name].to_numpy() for m in (again, joined))
        np.testing.assert_array_equal(one, other)
    assert again.verdict == joined.verdict
    ids = np.asarray(joined.catalogue["source_id"])[:5]
    np.testing.assert_allclose(
        again.covariance(ids), joined.covariance(ids), rtol=1e-5, atol=1e-9
    )
    read = Catalogue.read(survey / "catalogue" / "catalogue.parquet")
    assert len(read) == len(joined.catalogue)


def test_positions_on_plates_scatter_as_stated(joined: Motions) -> None:
    table = joined.epochs
    assert table is not None
    used = table["used"]
    pulls = np.concatenate(
        [(table[n][used] / table[f"{n}_error"][used]).value for n in ("dra", "ddec")]
    )
    # Five parameters are taken of ten numbers each: pulls are narrower than one.
    low, _ = spread_bounds(pulls.size / 2)
    assert low * np.sqrt(0.45) < np.sqrt(np.mean(pulls**2)) < 1.0
    assert set(np.unique(table["plate_id"])) == set(range(PLATES))


def test_a_plate_given_twice_counts_once(joined: Motions, survey: Path) -> None:
    place = survey / "solution"
    with pytest.warns(ReseauWarning, match="given twice"):
        again = combine([place, place / "plates" / "plate_id=2"])
    np.testing.assert_allclose(
        again.catalogue["parallax_error"].value,
        joined.catalogue["parallax_error"].value,
    )
    assert "given twice" in " ".join(again.verdict)


def test_a_star_on_one_plate_has_a_position(joined: Motions, survey: Path) -> None:
    table = joined.tables.catalogue
    targets = [r["source_id"] for r in table.to_pylist() if not r["is_reference"]]
    some = plates_of(survey / "solution")
    where = some[0].plate_id
    star = next(s for s in targets if s in some[0].source_id)
    cut = [plate if plate.plate_id == where else without(plate, star) for plate in some]
    found = combine(cut, reference=references(survey))
    row = next(r for r in found.tables.catalogue.to_pylist() if r["source_id"] == star)
    assert row["astrometric_params_solved"] == POSITIONS
    assert row["ref_epoch"] == pytest.approx(some[0].epoch)
    assert row["parallax"] is None or np.isnan(row["parallax"])
    assert row["n_plates"] == 1
    assert 0 < row["ra_error"] < 10.0
    assert str(star) in " ".join(found.verdict)


def without(plate: Information, star: int) -> Information:
    """Return what a plate says when it has not seen a star: zero, in its rows."""
    kept = plate.source_id != star
    names = (
        *("source_id", "direction", "gradient", "blocks", "columns", "chi2"),
        *("n_measurements", "reference"),
    )
    values = tuple(getattr(plate, name)[kept] for name in names)
    return eqx.tree_at(lambda p: tuple(getattr(p, n) for n in names), plate, values)


def test_plates_that_share_no_star_are_named(survey: Path) -> None:
    first, second, *_ = plates_of(survey / "solution")
    other = eqx.tree_at(
        lambda p: (p.source_id, p.reference),
        second,
        (second.source_id + 10**6, np.zeros_like(second.reference)),
    )
    found = combine([first, other], reference=references(survey))
    assert "shares no source with the others" in " ".join(found.verdict)


def test_without_references_what_is_open_is_said(survey: Path) -> None:
    found = combine(survey / "solution", prior="none", epsilon=1e-4)
    assert found.exit_code == 3
    assert "determined by neither plates nor references" in " ".join(found.verdict)


def test_other_references_are_told(survey: Path, joined: Motions) -> None:
    table = references(survey)
    half = table.slice(0, table.num_rows // 2)
    with pytest.warns(ReseauWarning, match="others than those given"):
        found = combine(survey / "solution", reference=half)
    assert found.summary["n_references"] < joined.summary["n_references"]
    moved = table.set_column(
        table.schema.get_field_index("pmra"),
        "pmra",
        pa.array(table["pmra"].to_numpy() + 1.0),
    )
    with pytest.warns(ReseauWarning, match="others than those given"):
        combine(survey / "solution", reference=moved)


def test_changed_references_are_refused(survey: Path, tmp_path: Path) -> None:
    place = Path(shutil.copytree(survey / "solution", tmp_path / "solution"))
    data = Path(shutil.copytree(survey / "survey", tmp_path / "survey"))
    summary = place / "summary.json"
    content = json.loads(summary.read_text())
    content["input"] = str(data)
    summary.write_text(json.dumps(content) + "\n")
    file = data / "reference.parquet"
    table = pq.ParquetFile(file).read()
    row = table.schema.get_field_index("parallax")
    changed = pa.array(table["parallax"].to_numpy() * 2.0)
    pq.write_table(table.set_column(row, table.schema.field(row), changed), file)
    with pytest.raises(ReseauError, match="not those"):
        combine(place)


def spoilt(kind: str, solution: Path) -> str:
    """Spoil what plate 1 says, and return what the message has to say."""
    folder = solution / "plates" / "plate_id=1"
    file = folder / FILE
    if kind == "missing":
        file.unlink()
        return "no information of the plate"
    if kind == "cut":
        file.write_bytes(file.read_bytes()[:-300])
        return "damaged"
    if kind == "flipped":
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 0xFF
        file.write_bytes(bytes(content))
        return "damaged|not what was written|not as"
    if kind == "another plate's":
        shutil.copy(solution / "plates" / "plate_id=2" / FILE, file)
        return "information of plate 2"
    with np.load(file) as arrays:
        values = {name: arrays[name] for name in arrays.files}
    values["format"] = np.array("reseau-information/9")
    np.savez(file, **values)
    return "reseau-information/9"


@pytest.mark.parametrize(
    "kind", ["missing", "cut", "flipped", "another plate's", "another format"]
)
def test_what_is_no_information_is_refused(kind: str, solution: Path) -> None:
    wanted = spoilt(kind, solution)
    with pytest.raises(ReseauError, match=wanted) as raised:
        combine(solution)
    assert "plate_id=1" in str(raised.value)
    assert "solve the plate again" in str(raised.value) or kind == "missing"


def test_degrees_of_freedom_of_plates_are_those_that_parameters_leave(
    joined: Motions,
) -> None:
    found = joined_columns(joined.tables)
    epochs, plates = found.epochs, found.plates
    assert epochs is not None
    row = rows_of_epochs(found)
    along = derivatives(epochs, epochs["epoch"] - found.catalogue["ref_epoch"][row])
    spread = along @ found.own()[row] @ along.transpose(0, 2, 1)
    taken = np.linalg.solve(position_covariance(epochs), spread)
    left = 2.0 - np.trace(taken, axis1=1, axis2=2)
    here = np.searchsorted(plates["plate_id"], epochs["plate_id"])
    # Motion is exact there and linear here, and the light-time is left out.
    np.testing.assert_allclose(np.bincount(here, left), plates["dof"], rtol=1e-4)
    agreement = plate_agreement(plates)
    bound = normal_bound(PLATES) * agreement.error
    assert np.all(np.abs(agreement.factor - 1.0) < bound)


@pytest.mark.parametrize("source", [3, [], "nowhere", None])
def test_what_is_no_solution_is_refused(source: Any, tmp_path: Path) -> None:
    if source == "nowhere":
        source = tmp_path / "nowhere"
    with pytest.raises(ReseauError):
        combine(source)
