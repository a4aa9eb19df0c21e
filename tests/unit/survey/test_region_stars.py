"""The embedded field over any region, and which stars a survey may see."""

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from scipy.spatial import cKDTree

from reseau.survey import load_starfield
from reseau.survey.region_stars import embedded_over
from reseau.survey.schedule_config import RegionConfig
from reseau.survey.selection import unit_vectors

MARGIN = np.radians(0.25)


def region(west, east, south, north, frame="galactic"):
    return RegionConfig(frame=frame, west=west, east=east, south=south, north=north)


def test_a_region_inside_the_field_has_its_stars_as_they_are():
    found = embedded_over(region(-0.5, -0.1, -0.1, 0.3), MARGIN)
    field = load_starfield()
    row = np.searchsorted(np.sort(field["source_id"]), found["source_id"])
    order = np.argsort(field["source_id"])[row]
    np.testing.assert_array_equal(field["source_id"][order], found["source_id"])
    for name in ("ra", "dec", "parallax", "pmra", "pmdec", "phot_hw_mag"):
        # Through Galactic coordinates and back: rounding of angles of 266 degrees.
        np.testing.assert_allclose(
            found[name], field[name][order], rtol=1e-12, atol=1e-9
        )


@pytest.mark.parametrize(
    "bounds",
    [
        (-1.4, 0.7, -0.6, 0.6),
        (10.0, 11.0, 3.0, 3.5),
        (-0.4, 2.9, -2.0, 0.4),
    ],
)
def test_a_wide_region_is_covered_without_seams(bounds):
    found = embedded_over(region(*bounds), MARGIN)
    assert len(np.unique(found["source_id"])) == len(found["source_id"])
    place = SkyCoord(found["ra"], found["dec"], unit="deg").galactic
    longitude, latitude = place.l.wrap_at("180d").deg, place.b.deg
    low = np.array([bounds[0], bounds[2]]) - np.degrees(MARGIN)
    high = np.array([bounds[1], bounds[3]]) + np.degrees(MARGIN)
    both = np.stack([longitude, latitude], axis=-1)
    assert np.all(both > low - 1e-9)
    assert np.all(both < high + 1e-9)
    count, _, _ = np.histogram2d(
        longitude, latitude, bins=8, range=np.stack([low, high], axis=-1)
    )
    # Dust makes holes, but of no cell of a few tenths of a degree.
    assert count.min() > 0
    # No two stars lie on top of each other where images of the field meet.
    tree = cKDTree(unit_vectors(found["ra"], found["dec"]))
    near, _ = tree.query(tree.data, k=2)
    field = load_starfield()
    own, _ = (own_tree := cKDTree(unit_vectors(field["ra"], field["dec"]))).query(
        own_tree.data, k=2
    )
    alone = np.sum(own[:, 1] < np.radians(0.1 / 3600.0))
    cells = len(found["ra"]) / len(field["ra"]) + 1.0
    assert np.sum(near[:, 1] < np.radians(0.1 / 3600.0)) <= 2.0 * cells * (alone + 5)


def test_motions_keep_their_size_and_follow_the_frame():
    found = embedded_over(region(20.0, 20.5, 5.0, 5.5, frame="icrs"), MARGIN)
    field = load_starfield()
    of = dict(zip(field["source_id"].tolist(), range(len(field["ra"])), strict=True))
    rows = [of[i] for i in found["source_id"].tolist() if i in of]
    kept = np.isin(found["source_id"], field["source_id"])
    size = np.hypot(found["pmra"], found["pmdec"])[kept]
    np.testing.assert_allclose(
        size, np.hypot(field["pmra"], field["pmdec"])[rows], rtol=1e-12
    )
    assert abs(np.mean(found["ra"]) - 20.25) < 0.2
    assert abs(np.mean(found["dec"]) - 5.25) < 0.2
