"""Hipparcos' intermediate data in three reductions against the published solutions.

The data are residuals of these, so that a fit must find zero, and the published errors.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reseau.exchange.epoch_astrometry.reading import read_epoch_astrometry
from reseau.motions.epoch_astrometry import EpochAstrometry
from reseau.motions.source_models.basis import FIVE, SEVEN, model_columns
from reseau.motions.source_models.goodness import error_factor
from reseau.motions.source_models.linear_fit import LinearFit, fit_linear
from reseau.motions.source_models.robust import fit_robustly
from reseau.motions.source_models.whitening import whitening
from reseau.verbs.sources import sources

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def folder(data: Path) -> Path:
    """Return the folder of intermediate data, or skip."""
    path = data / "epochs" / "hipparcos_iad"
    if not path.is_dir():
        pytest.skip(f"no intermediate data at hand: {path} does not exist")
    return path


def fitted(astrometry: EpochAstrometry, names: tuple[str, ...] = FIVE) -> LinearFit:
    """Return a linear fit."""
    columns = model_columns(astrometry, names)
    return fit_linear(astrometry, columns, names, whitening(astrometry))


def published(folder: Path, star: int) -> dict[str, float]:
    """Return a star's row of the catalogue of 2007."""
    lines = (folder / "Hip2" / "truncated_hip2dvd_Main_Cat.d").read_text().splitlines()
    words = next(w for w in map(str.split, lines[1:]) if w[0] == str(star))
    names = ["parallax", "pmra", "pmdec", "ra_error", "dec_error", "parallax_error"]
    names += ["pmra_error", "pmdec_error", "n", "goodness"]
    return dict(zip(names, map(float, words[6:16]), strict=True))


def test_beta_pictoris_of_1997_has_the_published_errors(folder: Path) -> None:
    """Abscissae of FAST and NDAC are correlated; alone they would give others."""
    star = folder / "Hip1" / "IntermediateData" / "027321.txt"
    astrometry = read_epoch_astrometry(star)
    assert len(astrometry.correlated[0].rows) == 32
    fit = fitted(astrometry)
    assert np.abs(fit.value).max() < 0.008
    # The Hipparcos and Tycho Catalogues: 0.46 0.45 0.51 0.53 0.61 are rounded up.
    wanted = [0.451, 0.461, 0.506, 0.526, 0.610]
    np.testing.assert_allclose(fit.error[0], wanted, atol=5.1e-4)
    alone = fitted(replace(astrometry, correlated=()))
    assert np.abs(alone.error / fit.error - 1.0).min() > 0.05
    np.testing.assert_allclose(astrometry.published, [[51.87, 4.65, 81.96]])
    found = sources(star)[0]
    assert found["parallax"] == pytest.approx(51.87, abs=0.008)


def test_beta_pictoris_of_2007_has_the_published_errors(folder: Path) -> None:
    fit = fitted(
        read_epoch_astrometry(folder / "Hip2" / "IntermediateData" / "HIP027321.d")
    )
    catalogue = published(folder, 27321)
    assert np.abs(fit.value).max() < 0.002
    assert fit.goodness[0] == pytest.approx(catalogue["goodness"], abs=0.02)
    factor = error_factor(np.array(catalogue["goodness"]), fit.degrees)
    errors = [catalogue[f"{name}_error"] for name in FIVE]
    # Given to two decimals.
    np.testing.assert_allclose(factor * fit.error[0], errors, atol=0.0051)


def test_beta_pictoris_of_the_java_tool_is_at_zero(folder: Path) -> None:
    for name in ("H027321.csv", "H027100.csv"):
        path = folder / "Hip21" / "IntermediateData" / name
        astrometry = read_epoch_astrometry(path)
        fit = fitted(astrometry)
        assert np.abs(fit.value).max() < 0.0017
    assert int((~astrometry.is_used).sum()) == 2
    commented = read_epoch_astrometry(folder / "orvara" / "hip21" / "H003850.d")
    assert np.abs(fitted(commented).value).max() < 0.0017
    np.testing.assert_allclose(commented.published, [[53.51, 516.92, 120.05]])
    assert int((~commented.is_used).sum()) == 1


def test_seven_parameters_have_the_published_errors(folder: Path) -> None:
    astrometry = read_epoch_astrometry(
        folder / "Hip2" / "IntermediateData" / "HIP009631.d"
    )
    fit = fitted(astrometry, SEVEN)
    catalogue = published(folder, 9631)
    assert np.abs(fit.value[0]).max() < 0.005
    factor = error_factor(np.array(catalogue["goodness"]), fit.degrees)
    errors = [catalogue[f"{name}_error"] for name in FIVE]
    np.testing.assert_allclose(factor * fit.error[0, :5], errors, atol=0.0051)
    lines = (folder / "Hip2" / "SevenP_Cat.d").read_text().splitlines()
    words = next(w for w in map(str.split, lines) if w[0] == "9631")
    # Errors of the acceleration, in columns 5 and 6 of the annex.
    np.testing.assert_allclose(
        factor * fit.error[0, 5:], [float(w) for w in words[4:6]], atol=0.0051
    )


@pytest.mark.parametrize("star", [40, 70, 84, 3850])
def test_epochs_that_the_reduction_left_out_have_the_least_weights(
    folder: Path, star: int
) -> None:
    """The header says how many in a hundred; without them the published is found."""
    name = f"HIP{star:06d}.d"
    path = folder / "Hip2" / "IntermediateData" / name
    path = path if path.exists() else folder / "orvara" / "hip2" / name
    header = path.read_text().split()
    percent, goodness = int(header[7]), float(header[6])
    astrometry = read_epoch_astrometry(path)
    before = fitted(astrometry)
    _, weight, _ = fit_robustly(astrometry, model_columns(astrometry, FIVE), FIVE)
    most = int(np.floor((percent + 0.5) / 100.0 * len(weight)))
    found = []
    for count in range(1, most + 1):
        least = np.argsort(weight)[:count]
        used = astrometry.is_used.copy()
        used[least] = False
        found.append(fitted(replace(astrometry, is_used=used)))
    best = min(found, key=lambda fit: np.abs(fit.value).max())
    assert np.abs(before.value).max() > 0.2
    assert np.abs(best.value).max() < 0.005
    assert best.goodness[0] == pytest.approx(goodness, abs=0.011)
