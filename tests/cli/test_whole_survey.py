"""demo, compare and validate on a survey of a few plates, from plates to motions."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import reseau
from reseau.datasets import read_truth
from reseau.datasets.catalogues import read_catalogue
from reseau.diagnostics.motion_validation import WAYS, MotionValidation
from reseau.errors import ConfigError, FileFormatError
from reseau.survey.survey import Survey
from reseau.verbs import demo_survey
from reseau.verbs.combine import read_motions
from reseau.verbs.demo_survey import demo_config
from reseau.verbs.simulate_survey import survey_identity
from reseau.verbs.survey_input import Described, open_described
from reseau.verbs.validated_motions import validated_motions

Run = Callable[..., Any]

SIZE = {"orbits": 4, "exposures": 3, "count": 250, "artificial": 40}
PAGES = {"sky", "tracks", "artificial_motions", "motions"}


@pytest.fixture(scope="module", autouse=True)
def _small() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo_survey, "SMALL", SIZE)
        yield


@pytest.fixture(scope="module")
def shown(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return how a demonstration of four plates ended, and its folder."""
    place = tmp_path_factory.mktemp("whole") / "demo"
    return run("demo", "-o", place, "--small", "--workers", 1), place


@pytest.fixture(scope="module")
def opened() -> Described:
    return open_described(demo_config(small=True))


def test_demo_makes_motions(shown: Any) -> None:
    result, place = shown
    assert result.exit_code == 0, result
    assert result.stdout.startswith("Simulating 4 plates")
    for words in ("Solving the plates", "Joining plates", "as promised", "pmdec"):
        assert words in result.stdout
    figures = {path.stem: path for path in (place / "figures").iterdir()}
    assert set(figures) == PAGES
    for path in figures.values():
        assert path.read_bytes().startswith(b"\x89PNG")
        assert str(path) in result.stdout


def test_a_catalogue_is_compared_with_its_survey(run: Run, shown: Any) -> None:
    result, place = shown
    compared = run("compare", place / "catalogue", "--truth", place / "dataset")
    assert compared.exit_code == 0, compared
    assert compared.stdout in result.stdout
    as_json = run(
        "compare", place / "catalogue", "--truth", place / "dataset", "--json"
    )
    classes = json.loads(as_json.stdout)["classes"]
    assert classes["artificial"]["consistent"] is True
    in_python = reseau.compare(read_motions(place / "catalogue"), place / "dataset")
    assert in_python.recoveries["reference"].n == classes["reference"]["n"]
    assert str(in_python) in result.stdout


def test_what_is_no_truth_is_refused(run: Run, shown: Any) -> None:
    _, place = shown
    for other in ("catalogue", "solution"):
        with pytest.raises(FileFormatError, match="holds the truth"):
            reseau.compare(place / "catalogue", place / other)
    result = run("compare", place / "catalogue", "--truth", place / "figures")
    assert result.exit_code == 2
    assert "sources.parquet" in result.stderr
    truth = read_truth(place / "dataset", plate=0)
    with pytest.raises(FileFormatError, match="and Truth to compare it with"):
        reseau.compare(read_motions(place / "catalogue"), truth)


@pytest.fixture(scope="module")
def found(shown: Any, opened: Described) -> MotionValidation:
    """Return what is found where 30 % of the references count, some of them wrong."""
    return validated_motions(shown[1], opened.survey, references=0.3, wrong=0.1)


def test_other_references_need_no_plate_to_be_solved_again(
    found: MotionValidation, shown: Any
) -> None:
    _, place = shown
    tables = read_catalogue(place / "catalogue")
    number = tables.summary["n_references"]
    counted = found.joint.recoveries
    assert 30 < number == counted["reference"].n < 90
    assert counted["target"].n > counted["artificial"].n > 15
    assert found.consistent, str(found)
    assert set(found.ways) == set(WAYS)
    # Each plate's posterior has the errors of the same references.
    averaged = found.ways["posteriors"].recoveries["reference"].pull
    assert averaged[0].value > 1.3 > counted["reference"].pull[0].value
    wrong = found.disturbances["taken as right"]
    assert wrong.wrong == len(wrong.error) > 0
    # They are off by 10 σ themselves.
    assert np.median(np.linalg.norm(wrong.error[:, 3:], axis=1)) > 5.0
    assert np.all(wrong.rms < 3.0)
    assert {track.kind for track in found.tracks} >= {"artificial"}


def test_tracks_are_the_catalogue_and_its_epochs(found: MotionValidation) -> None:
    assert len(found.tracks) > 2
    for track in found.tracks:
        expected = np.array(
            [np.interp(track.epoch, track.curve_epoch, a) for a in track.curve.T]
        ).T
        pulls = (track.offset - expected) / track.offset_error
        # Of four positions in two coordinates, and a curve that follows them.
        assert np.sqrt(np.mean(pulls**2)) < 3.5


def test_validate_goes_on_from_what_is_there(
    run: Run, shown: Any, opened: Described, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The survey is there, solved: single plates and the whole are judged."""
    _, place = shown
    monkeypatch.setattr("reseau.verbs.validate._with_wrong_priors", lambda *_: {})
    folder = place.parent / "validation"
    folder.mkdir()
    for name in ("dataset", "solution"):
        (folder / name).symlink_to(place / name)
    (folder / "validate.json").write_text(
        json.dumps(survey_identity(opened), indent=2) + "\n", encoding="utf-8"
    )
    drawn: list[str] = []
    monkeypatch.setattr(
        "reseau.verbs.validate.draw_pages", lambda _, pages: drawn.extend(pages) or {}
    )
    monkeypatch.setattr("reseau.verbs.validate.open_described", lambda *_, **__: opened)
    result = run("validate", "mini", "-o", folder, "--references", 0.5, "--json")
    found = json.loads(result.stdout)
    assert result.exit_code == (0 if _all_well(found) else 3), result
    assert found["motions"]["references"] == 0.5
    assert found["motions"]["ways"]["joint"]["consistent"] is True
    written = json.loads((folder / "validation.json").read_text("utf-8"))
    assert written["motions"] == found["motions"]
    assert {*PAGES, "positions", "residuals"} <= {*drawn}


def _all_well(found: dict[str, Any]) -> bool:
    return bool(found["consistent"] and found["motions"]["consistent"])


@pytest.mark.parametrize("part", [0.0, -0.1, 1.5])
def test_no_part_of_the_references_is_refused(part: float, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="option references"):
        reseau.validate("mini", tmp_path / "v", references=part)
    assert not (tmp_path / "v").exists()


def test_what_is_there_is_not_written_over(run: Run, shown: Any) -> None:
    _, place = shown
    again = run("demo", "-o", place, "--small")
    assert again.exit_code == 2
    assert "there already" in again.stderr


def test_opened_survey_is_that_of_the_demonstration(opened: Described) -> None:
    made: Survey = opened.survey
    assert len(made) == SIZE["orbits"]
    assert made.config.name == "demo"
