"""Four surveys of a made-up field merged, and compared with the truth in their ids."""

import json
import multiprocessing
import os
import signal
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import reseau
from reseau.errors import OutputExistsError, ReseauWarning
from reseau.galaxy.merging import FLAGS, MergeOptions
from reseau.galaxy.merging.options import WorkOptions
from reseau.galaxy.photometry import HW_FORMULAS
from reseau.verbs.merge import Merged
from synthetic_surveys import (
    MADE_UP,
    Box,
    gaia,
    make_stars,
    numbers_of,
    see,
    twomass,
    virac,
    write_all,
)

COUNT = 4000
IDS = ("twomass_id", "sirius_id", "virac2_id", "gaia_source_id")
SMALL = MergeOptions(
    surveys=(), work=WorkOptions(memory_gib=0.5, threads=2, rows_per_strip=3000)
)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return files of four surveys, in three formats."""
    folder = tmp_path_factory.mktemp("field")
    box = Box((266.3, 266.33), (-29.05, -29.01))
    return list(write_all(folder, 7, COUNT, box).values())


@pytest.fixture(scope="module")
def merged(files: list[Path]) -> Merged:
    """Return the merge of the four, in one strip."""
    return reseau.merge(list(map(str, files)), files[0].parent / "merged.parquet")


@pytest.fixture(scope="module")
def table(merged: Merged) -> pa.Table:
    """Return the merged table."""
    return pq.read_table(merged.files["merged"])


def test_every_row_is_there_once(merged: Merged, table: pa.Table) -> None:
    for one in merged.summary.surveys:
        ids = table[one.id_name].drop_null().to_pylist()
        assert len(ids) == len({*ids}) == merged.summary.counts[one.key].rows
    assert len(np.unique(table["source_id"].to_numpy())) == len(table) == len(merged)
    assert table["n_surveys"].to_numpy().min() == 1
    assert sum(merged.summary.by_surveys.values()) == len(table)


def test_ids_of_19_digits_are_whole(table: pa.Table) -> None:
    assert table.schema.field("gaia_source_id").type == pa.int64()
    ids = table["gaia_source_id"].drop_null().to_numpy()
    assert (ids // 10**12 == 4_069_000).all()


def test_false_matches_are_as_many_as_expected(merged: Merged, table: pa.Table) -> None:
    number = numbers_of(table)
    for place, step in enumerate(merged.summary.steps, 1):
        mine = number[IDS[place]]
        before = np.stack([number[name] for name in IDS[:place]])
        paired = (before >= 0).any(axis=0) & (mine >= 0)
        false = (paired & ~(before == mine).any(axis=0)).sum()
        assert paired.sum() == step.matches > 150
        expected = step.expected_false
        assert abs(false - expected) <= 3 * np.sqrt(expected + 1) + 0.1 * expected
        assert false < 0.02 * step.matches


def test_few_true_pairs_are_missed(table: pa.Table) -> None:
    number = numbers_of(table)
    for one, other in (("twomass_id", "virac2_id"), ("virac2_id", "gaia_source_id")):
        stars = (number[one] >= 0) & (number[one] < MADE_UP)
        both = np.intersect1d(number[one][stars], number[other])
        together = (number[one] == number[other]) & stars
        assert together.sum() > 0.99 * len(both)


def plain(path: Path) -> dict[str, list]:
    """Return the ids and all else of a merged table, sorted by place."""
    return pq.read_table(path).to_pydict()


def test_neither_order_nor_strips_matter(
    files: list[Path], merged: Merged, tmp_path: Path
) -> None:
    again = reseau.merge(files[::-1], tmp_path / "again.parquet")
    assert again.files["merged"].read_bytes() != b""
    assert plain(again.files["merged"]) == plain(merged.files["merged"])
    parted = reseau.merge(files, tmp_path / "parted.parquet", config=SMALL)
    one, other = (plain(m.files["merged"]) for m in (merged, parted))
    for name in IDS:
        assert one[name] == other[name]
    for name, values in one.items():
        if name.endswith("_probability"):
            now, then = (np.array(v, dtype=float) for v in (values, other[name]))
            assert now == pytest.approx(then, abs=1e-6, nan_ok=True)
        elif name != "flags":
            assert values == other[name]
    for kind in ("completeness",):
        a, b = (pq.read_table(m.files[kind]).to_pydict() for m in (merged, parted))
        assert a["n_reference"] == b["n_reference"]
        assert a["n_found"] == pytest.approx(b["n_found"], abs=1e-3)


def test_magnitudes_are_2mass_and_hw_follows_from_j_and_h(table: pa.Table) -> None:
    columns = {n: table[n].to_numpy(zero_copy_only=False) for n in table.column_names}
    formula = HW_FORMULAS["2mass"]
    j, h = columns["phot_j_mag"], columns["phot_h_mag"]
    assert np.allclose(columns["phot_hw_mag"], formula.magnitude(j, h), equal_nan=True)
    error = formula.error(
        j, h, columns["phot_j_mag_error"], columns["phot_h_mag_error"]
    )
    assert np.allclose(columns["phot_hw_mag_error"], error, equal_nan=True)
    assert np.isfinite(columns["phot_hw_mag"]).sum() > 700
    source = np.array(columns["phot_ks_source"].tolist(), dtype=object)
    assert {*source} <= {"2", "S", "R", None}
    # VIRAC2 saturates at 11: there 2MASS or SIRIUS is taken where they have the star.
    ks, n = columns["phot_ks_mag"], columns["n_surveys"]
    has = np.array([v is not None for v in columns["twomass_id"]])
    assert (source[(ks < 10.9) & has] != "R").all()
    assert (n > 1).sum() > 700


def test_positions_and_motions_come_with_their_survey(table: pa.Table) -> None:
    columns = table.to_pydict()
    for i in range(0, len(table), 97):
        letter = columns["position_source"][i]
        if columns["gaia_source_id"][i] is not None:
            assert letter == "G"
            assert columns["ref_epoch"][i] == 2016.0
        elif columns["virac2_id"][i] is not None:
            assert letter == "R"
        assert (columns["pmra"][i] is None) == (columns["motion_source"][i] is None)
    stars = reseau.Catalogue.read(columns_path(table))
    assert len(stars) == len(table)


def columns_path(table: pa.Table) -> pa.Table:
    """Return the table as a user would hand it on."""
    return table


def test_flags(table: pa.Table) -> None:
    flags = table["flags"].to_numpy()
    said = {name: (flags & bit) != 0 for name, (bit, _) in FLAGS.items()}
    ruwe = table["ruwe"].to_numpy(zero_copy_only=False)
    assert said["ruwe"].tolist() == (ruwe > 1.4).tolist()
    assert said["no_motion"].tolist() == table["pmra"].is_null().to_pylist()
    lowest = np.nanmin(
        [
            np.nan_to_num(table[n].to_numpy(zero_copy_only=False), nan=1.0)
            for n in table.column_names
            if n.endswith("_probability")
        ],
        axis=0,
    )
    assert said["ambiguous"].tolist() == (lowest < 0.9).tolist()


def test_completeness_is_what_the_field_was_made_with(merged: Merged) -> None:
    """Of 2MASS' bright stars VIRAC2 sees 97 in 100, less 1 for 2MASS' spurious ones."""
    table = pq.read_table(merged.files["completeness"])
    rows = table.to_pylist()
    assert {r["survey"] for r in rows} == {"2mass", "sirius", "virac2", "gaia"}
    bright = [
        r
        for r in rows
        if (r["survey"], r["reference"], r["band"]) == ("virac2", "2mass", "Ks")
        and 9.0 <= r["magnitude_low"] < 13.5
    ]
    n, found = (sum(r[k] for r in bright) for k in ("n_reference", "n_found"))
    share = 0.97 * 0.98
    assert found / n == pytest.approx(share, abs=4 * np.sqrt(share * 0.05 / n))
    summary = {(r["survey"], r["reference"]): r for r in merged.summary.completeness}
    # Half of all stars at 14.6 are in 2MASS.
    assert summary["2mass", "sirius"]["limit_50"] in (14.5, 15.0)


def test_the_metadata_say_what_it_was_made_of(merged: Merged, table: pa.Table) -> None:
    told = json.loads(table.schema.metadata[b"reseau"])
    assert [one["name"] for one in told["inputs"]] == [
        "2mass.parquet",
        "gaia.parquet",
        "sirius.csv",
        "virac.fits",
    ]
    assert len(told["options_sha256"]) == 64
    assert table.schema.field("ra").metadata[b"unit"] == b"deg"
    text = str(merged)
    assert "expected numbers" in text
    assert max(map(len, merged.lines())) <= 80
    plain_values = json.loads(json.dumps(merged.as_dict()))
    assert plain_values["matches"][0]["survey"] == "IRSF/SIRIUS Galactic centre"


def test_nothing_is_left_beside_the_output(merged: Merged) -> None:
    names = {p.name for p in merged.files["merged"].parent.iterdir()}
    assert names == {
        *("2mass.parquet", "sirius.csv", "virac.fits", "gaia.parquet"),
        *("merged.parquet", "merged_completeness.parquet"),
    }


def test_an_output_that_is_there_is_not_replaced(
    merged: Merged, files: list[Path]
) -> None:
    with pytest.raises(OutputExistsError, match="is there already"):
        reseau.merge(files, merged.files["merged"])


def small_tables(seed: int = 3) -> dict[str, pa.Table]:
    """Return small surveys in memory."""
    rng = np.random.default_rng(seed)
    box = Box((266.3, 266.31), (-29.01, -29.0))
    stars = make_stars(rng, 700, box)
    return {
        "2mass": twomass(rng, stars, box, limit=16.0),
        "virac2": virac(rng, stars, box),
        "gaia": gaia(rng, stars, box),
    }


def test_repeated_ids_count_once_and_tables_may_come_in_parts(tmp_path: Path) -> None:
    tables = small_tables()
    own = tables["virac2"]
    half = len(own) // 2
    # Two parts overlap by ten rows, and one identifier is given to two stars.
    ids = own["sourceid"].to_numpy().copy()
    ids[0] = ids[1]
    own = own.set_column(0, "sourceid", pa.array(ids))
    parts = [own.slice(0, half + 10), own.slice(half)]
    with pytest.warns(ReseauWarning, match="11 rows of VIRAC2"):
        found = reseau.merge([*parts, tables["2mass"]], tmp_path / "a.parquet")
    counts = found.summary.counts["virac2"]
    assert (counts.rows, counts.repeated, counts.kept) == (
        len(own) + 10,
        11,
        len(own) - 1,
    )
    assert found.summary.flagged["repeated"] == 11
    with pytest.warns(ReseauWarning, match="11 rows of VIRAC2"):
        other = reseau.merge([tables["2mass"], *parts[::-1]], tmp_path / "b.parquet")
    assert plain(other.files["merged"]) == plain(found.files["merged"])


def test_one_survey_alone_and_a_window(tmp_path: Path) -> None:
    table = small_tables()["virac2"]
    found = reseau.merge(table, tmp_path / "all.parquet")
    assert (len(found), found.summary.steps) == (len(table), ())
    place = pq.read_table(found.files["merged"])
    l, b = (place[n].to_numpy() for n in ("l", "b"))  # noqa: E741
    window = f"{np.median(l) - 360},{np.median(b)},0.004,1"
    part = reseau.merge(table, tmp_path / "part.parquet", window=window)
    inside = np.abs(l - np.median(l)) <= 0.002
    assert 0 < len(part) == inside.sum() < len(table)
    assert part.summary.counts["virac2"].outside == len(table) - len(part)


def test_surveys_that_do_not_meet_are_kept_and_told(tmp_path: Path) -> None:
    tables = small_tables()
    away = tables["gaia"]
    dec = pa.array(away["dec"].to_numpy() + 5.0)
    away = away.set_column(away.column_names.index("dec"), "dec", dec)
    with pytest.warns(ReseauWarning, match="covers no place"):
        found = reseau.merge([tables["virac2"], away], tmp_path / "a.parquet")
    assert len(found) == len(tables["virac2"]) + len(away)
    assert found.summary.steps[0].matches == 0


def test_false_matches_without_any_magnitude_in_common(tmp_path: Path) -> None:
    """Position alone: as many false as expected, in a field where many are near."""
    rng = np.random.default_rng(11)
    box = Box((266.3, 266.33), (-29.02, -28.99))
    stars = make_stars(rng, 6000, box)
    one = see(rng, stars, epoch=2014.0, error_mas=250.0, limits={"Ks": 17.0}, box=box)
    other = see(rng, stars, epoch=2014.0, error_mas=250.0, limits={"H": 18.0}, box=box)

    def sirius(seen: object, band: str, plate: str) -> pa.Table:
        n = len(seen.ra)
        empty = np.zeros(n)
        return pa.table(
            {
                "source_id": seen.number,
                "ra": seen.ra,
                "dec": seen.dec,
                **{
                    f"phot_{b.lower()}_mag": seen.magnitudes[b] if b == band else empty
                    for b in ("J", "H", "Ks")
                },
                "plate_name": np.full(n, plate),
            }
        )

    config = tmp_path / "merge.toml"
    config.write_text(
        """
        [match]
        unknown_motion_mas_per_yr = 0.0
        [[survey]]
        key = "sirius"
        epoch = 2014.0
        position_error_mas = 250.0
        [[survey]]
        key = "other"
        letter = "O"
        epoch = 2014.0
        position_error_mas = 250.0
        files = "other.parquet"
          [[survey.layout]]
          [survey.layout.columns]
          id = "source_id"
          ra = "ra"
          dec = "dec"
          H = "phot_h_mag"
        """,
        encoding="utf-8",
    )
    for name, seen, band in (("one", one, "Ks"), ("other", other, "H")):
        pq.write_table(sirius(seen, band, "x"), tmp_path / f"{name}.parquet")
    found = reseau.merge(
        [tmp_path / "one.parquet", tmp_path / "other.parquet"],
        tmp_path / "merged.parquet",
        config=config,
    )
    table = pq.read_table(found.files["merged"])
    a, b = (
        np.array([-1 if v is None else v for v in table[n].to_pylist()])
        for n in ("sirius_id", "other_id")
    )
    paired = (a >= 0) & (b >= 0)
    false = (paired & (a != b)).sum()
    expected = found.summary.steps[0].expected_false
    assert false > 50
    assert abs(false - expected) < 3 * np.sqrt(expected) + 0.1 * expected


def _merge_until_killed(files: list[Path], output: Path) -> None:
    def told(done: int, total: int) -> None:
        del total
        if done == 2:
            os.kill(os.getpid(), signal.SIGKILL)

    reseau.merge(files, output, told=told)


def test_a_killed_merge_leaves_nothing_that_stays(
    files: list[Path], tmp_path: Path
) -> None:
    output = tmp_path / "merged.parquet"
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_merge_until_killed, args=(files[:1], output))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert not output.exists()
    time.sleep(0.1)
    assert any(tmp_path.iterdir())
    reseau.merge(files[:1], output)
    names = {p.name for p in tmp_path.iterdir()}
    assert names == {"merged.parquet", "merged_completeness.parquet"}
