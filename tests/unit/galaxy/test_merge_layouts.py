"""Tables of surveys as they are published: recognised, read, and refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from reseau.errors import CatalogueError, ConfigError, FileFormatError, UnitError
from reseau.galaxy.merging import Input, MergeOptions, Targets, merge_surveys
from reseau.galaxy.merging.database import database
from reseau.galaxy.merging.opened import fits_batches, open_table
from reseau.galaxy.merging.options import WorkOptions, read_options
from reseau.galaxy.merging.recognition import recognised
from reseau.galaxy.merging.survey_files import Counts, read_part
from reseau.galaxy.merging.surveys import Survey, known_surveys, with_own
from synthetic_surveys import write

KNOWN = known_surveys()
WORK = WorkOptions(memory_gib=0.5, threads=1)

PUBLISHED = {
    "2mass": (
        "designation ra dec err_maj err_min err_ang j_m j_msigcom h_m h_msigcom k_m "
        "k_msigcom ph_qual rd_flg cc_flg mp_flg jdate",
        "RAJ2000 DEJ2000 _2MASS Jmag e_Jmag Hmag e_Hmag Kmag e_Kmag Qflg Rflg Bflg",
        "MAINID RAJ2000 DEJ2000 JMAG E_JMAG HMAG E_HMAG KMAG E_KMAG QFLG CFLG",
        "designation ra dec j_m j_msigcom h_m h_msigcom ks_m ks_msigcom ph_qual",
    ),
    "sirius": (
        "source_id glon glat ra dec phot_j_mag phot_j_mag_error phot_h_mag "
        "phot_h_mag_error phot_ks_mag phot_ks_mag_error plate_name",
    ),
    "galacticnucleus": (
        "RAJ2000 e_RAJ2000 DEJ2000 e_DEJ2000 RAJdeg DEJdeg RAKsdeg DEKsdeg Jmag "
        "e_Jmag Hmag e_Hmag Ksmag e_Ksmag iJ iH iKs",
    ),
    "vvv": (
        "sourceID ra dec l b mergedClass jAperMag3 jAperMag3Err jppErrBits "
        "hAperMag3 hAperMag3Err ksAperMag3 ksAperMag3Err",
        "SOURCEID RA2000 DEC2000 JAPERMAG3 JAPERMAG3ERR KSAPERMAG3 KSAPERMAG3ERR",
        "srcid RAJ2000 DEJ2000 mClass Jmag3 e_Jmag3 Hmag3 Ksmag3 e_Ksmag3 Ksperrbits",
    ),
    "virac": (
        "srcid RA_ICRS DE_ICRS pmRA e_pmRA pmDE e_pmDE Jmag e_Jmag Hmag Ksmag e_Ksmag",
    ),
    "virac2": (
        "sourceid ra de ra_error de_error pmra pmra_error pmde pmde_error parallax "
        "phot_j_mean_mag phot_j_std_mag phot_h_mean_mag phot_ks_mean_mag duplicate",
    ),
    "gaia": (
        "source_id ra dec ra_error dec_error pmra pmdec parallax ruwe phot_g_mean_mag "
        "phot_bp_mean_mag phot_rp_mean_mag ref_epoch",
        "DR3Name RA_ICRS DE_ICRS Source e_RA_ICRS e_DE_ICRS Plx pmRA pmDE RUWE Gmag",
    ),
}


@pytest.mark.parametrize("key", PUBLISHED)
def test_published_columns_are_recognised(key: str) -> None:
    for columns in PUBLISHED[key]:
        found = recognised(columns.split(), KNOWN, "table.fits")
        assert found.survey.key == key
        assert {"ra", "dec", "id"} <= {*found.columns} or key == "galacticnucleus"
        assert {*found.columns} & {"Ks", "G"}


def test_an_unknown_table_names_what_is_near() -> None:
    columns = ["label", "ra", "dec", "j_m", "h_mag"]
    with pytest.raises(CatalogueError) as error:
        recognised(columns, KNOWN, "mine.csv")
    assert "2MASS PSC" in str(error.value)
    assert "lacks h_m, is it h_mag?" in str(error.value)
    assert "sirius=FILE" in str(error.value)


def test_a_table_of_two_surveys_is_refused_and_may_be_named() -> None:
    columns = ["source_id", "ra", "dec", "pmra", "phot_g_mean_mag", "phot_ks_mean_mag"]
    with pytest.raises(CatalogueError, match=r"those of VIRAC2 .* and of Gaia"):
        recognised(columns, KNOWN, "both.fits")
    assert recognised(columns, KNOWN, "both.fits", "gaia").survey.key == "gaia"


def test_without_positions_it_says_which_column_may_be_meant() -> None:
    columns = ["designation", "RAJ2000", "decl", "j_m", "h_m", "k_m"]
    with pytest.raises(CatalogueError, match="lacks the column ra"):
        recognised(columns, KNOWN, "t.csv")


def test_a_survey_of_ones_own(tmp_path: Path) -> None:
    config = tmp_path / "merge.toml"
    config.write_text(
        """
        [match]
        least_probability = 0.7
        [[survey]]
        key = "mine"
        letter = "M"
        epoch = 2020.5
        files = "mine*.csv"
          [[survey.layout]]
          [survey.layout.columns]
          id = "number"
          ra = "alpha[hourangle]"
          dec = "delta"
          Ks = "K"
        [[survey]]
        key = "sirius"
        epoch = 2004.0
        """,
        encoding="utf-8",
    )
    options = read_options(config)
    known = options.known
    assert options.match.least_probability == 0.7
    assert known["sirius"].epoch == 2004.0
    assert known["sirius"].saturation == KNOWN["sirius"].saturation
    found = recognised(["number", "alpha", "delta", "K"], known, "data/mine-1.csv")
    assert (found.survey.key, found.columns["ra"]) == ("mine", ("alpha", "hourangle"))


def test_a_wrong_key_or_system_is_told(tmp_path: Path) -> None:
    config = tmp_path / "merge.toml"
    config.write_text("[match]\nradius = 3\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="the key radius is unknown"):
        read_options(config)
    config.write_text('[[survey]]\nkey = "x"\nsystem = "ukidss"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="one of 2mass, vvv"):
        read_options(config)


def test_own_rules_stand_beside_known_ones() -> None:
    own = Survey(key="vvv", layouts=(), rules=(), epoch=2011.0)
    found = with_own(KNOWN, (own,))["vvv"]
    assert (found.epoch, found.rules) == (2011.0, KNOWN["vvv"].rules)


TWOMASS = {
    "designation": [f"1745{i:04d}-2900281" for i in range(8)],
    "ra": [266.4 + 0.01 * i for i in range(8)],
    "dec": [-29.0] * 8,
    "err_maj": [0.08, 0.1, 0.1, 0.1, 0.1, None, 0.1, 0.1],
    "err_min": [0.06] * 8,
    "err_ang": [90.0] + [0.0] * 7,
    "j_m": [12.0, 99.9, 0.0, -9.99, float("nan"), 12.0, 13.0, 13.0],
    "j_msigcom": [0.02, 0.02, 0.02, 0.02, 0.02, -9.99, None, 0.03],
    "h_m": [11.0, 11.0, 11.0, 11.0, 11.0, -9.99995e8, 11.0, None],
    "h_msigcom": [0.02] * 8,
    "k_m": [3.0, 10.0, 10.0, 10.0, 10.0, 10.0, 10.0, None],
    "k_msigcom": [0.02] * 8,
    "ph_qual": ["AAA", "AAA", "AAU", "AAA", "AAA", "AAA", "AAA", "XUU"],
    "cc_flg": ["000", "00s", "000", "000", "000", "000", "000", "000"],
    "mp_flg": [0, 0, 0, 0, 0, 0, 1, 0],
    "jdate": [2451545.0] * 8,
}


def read(tmp_path: Path, given: Any) -> tuple[pa.Table, Counts]:
    """Return the rows of a table as they are kept."""
    folder = tmp_path / "database"
    folder.mkdir()
    counts = Counts()
    with database(folder, WORK) as connection:
        opened = open_table(connection, given)
        found = recognised(list(opened.types), KNOWN, opened.where)
        part = read_part(connection, found, opened, None, counts)
        query = part.select(list(part.canonical.columns), None) + " ORDER BY ra"
        return connection.sql(query).to_arrow_table(), counts


@pytest.mark.parametrize("suffix", ["parquet", "csv", "fits", "memory"])
def test_nulls_rules_and_saturation(tmp_path: Path, suffix: str) -> None:
    table = pa.table(TWOMASS)
    path = tmp_path / f"2mass.{suffix}"
    if suffix == "fits":
        floats = [n for n in table.column_names if table[n].type == pa.float64()]
        for name in floats:
            values = table[name].to_numpy()
            table = table.set_column(table.column_names.index(name), name, [values])
    if suffix != "memory":
        write(table, path)
    found, counts = read(tmp_path, table if suffix == "memory" else path)
    # A minor planet, and a row of which no magnitude is left.
    assert (counts.rows, counts.spurious) == (8, 2)
    assert found["id"].to_pylist() == TWOMASS["designation"][:6]
    j, h, ks = (found[b].to_pylist() for b in ("J", "H", "Ks"))
    assert j == [12.0, None, None, None, None, 12.0]
    assert h == [11.0] * 5 + [None]
    assert ks == [3.0, None, None, 10.0, 10.0, 10.0]  # a stripe, an upper limit
    assert found["J_error"].to_pylist() == [0.02, None, None, None, None, None]
    assert counts.rules["minor planets"] == 1
    assert counts.rules["Ks is an artefact"] == 1
    assert counts.rules["Ks is an upper limit, or not fitted"] == 2
    marks = found["marks"].to_pylist()
    assert (marks[0], marks[1], marks[2], marks[3]) == (4, 64, 64, 0)
    east, north = (found[n].to_pylist() for n in ("ra_error", "dec_error"))
    assert (east[0], north[0]) == pytest.approx((80.0, 60.0))
    assert (east[1], north[1]) == pytest.approx((60.0, 100.0))
    assert east[5] == 100.0  # the survey's own, where a row tells none
    assert found["epoch"].to_pylist() == [2000.0] * 6


def test_errors_from_the_spread_of_epochs_and_zeros(tmp_path: Path) -> None:
    found, _ = read(
        tmp_path,
        pa.table(
            {
                "sourceid": [7130000000000000123, 2],
                "ra": [266.4, 266.5],
                "de": [-29.0, -29.0],
                "ra_error": [5.0, -1.0],
                "de_error": [6.0, 6.0],
                "pmra": [1.0, -9.99995e8],
                "pmde": [1.0, 2.0],
                "phot_ks_mean_mag": [14.0, 15.0],
                "phot_ks_std_mag": [0.09, 0.05],
                "phot_ks_n_epochs": [9, 0],
                "duplicate": [0, 0],
            }
        ),
    )
    assert found["id"].to_pylist() == [7130000000000000123, 2]
    assert found["Ks_error"].to_pylist() == pytest.approx([0.03, 0.05])
    assert found["ra_error"].to_pylist() == pytest.approx([5.0, 20.0])
    assert found["pmra"].to_pylist() == [1.0, None]


def gaia(**changed: Any) -> pa.Table:
    """Return a small table of Gaia."""
    columns = {
        "source_id": np.arange(200) + 4_069_876_543_210_987_000,
        "ra": 266.4 + 0.001 * np.arange(200),
        "dec": -29.0 + 0.0 * np.arange(200),
        "ra_error": np.full(200, 0.1),
        "dec_error": np.full(200, 0.1),
        "phot_g_mean_mag": np.full(200, 17.0),
    }
    return pa.table({**columns, **changed})


def test_ids_of_19_digits_stay_and_floats_are_refused(tmp_path: Path) -> None:
    found, _ = read(tmp_path, gaia())
    assert found["id"][199].as_py() == 4_069_876_543_210_987_199
    (tmp_path / "again").mkdir()
    with pytest.raises(CatalogueError, match="floating-point numbers"):
        read(tmp_path / "again", gaia(source_id=np.arange(200) * 1e18))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"phot_g_mean_mag": np.full(200, 812.0)}, "fluxes"),
        ({"ra_error": np.full(200, 1e-5)}, "arcsec, degrees or radians"),
        ({"ra": np.arange(200) + 959_040.0}, "no position in ra, dec"),
        ({"ra": np.array(["17:45:40.0"] * 200)}, "sexagesimal"),
    ],
)
def test_wrong_units_are_named(
    changed: dict[str, np.ndarray], message: str, tmp_path: Path
) -> None:
    with pytest.raises(UnitError, match=message):
        read(tmp_path, gaia(**changed))


def test_a_unit_in_the_file_is_used_or_refused(tmp_path: Path) -> None:
    table = gaia(ra=np.radians(266.4 + 0.001 * np.arange(200)))
    in_radians = pa.field("ra", pa.float64(), metadata={"unit": "rad"})
    fields = [in_radians if f.name == "ra" else f for f in table.schema]
    found, _ = read(tmp_path, table.cast(pa.schema(fields)))
    assert found["ra"][0].as_py() == pytest.approx(266.4)
    in_mjy = pa.field("phot_g_mean_mag", pa.float64(), metadata={"unit": "mJy"})
    fields = [in_mjy if f.name == "phot_g_mean_mag" else f for f in table.schema]
    (tmp_path / "again").mkdir()
    with pytest.raises(UnitError, match="phot_g_mean_mag is in mJy"):
        read(tmp_path / "again", table.cast(pa.schema(fields)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: {"ra": np.radians(t["ra"]), "dec": np.radians(t["dec"])}, "radians"),
        (lambda t: {"ra": np.asarray(t["ra"]) / 15}, "in hours"),
    ],
)
def test_positions_in_radians_or_hours_are_told_by_the_others(
    change: Any, message: str, tmp_path: Path
) -> None:
    own = gaia()
    wrong = gaia(**change(own))
    twomass = pa.table(TWOMASS)
    places = Targets(tmp_path / "a.parquet", tmp_path / "b.parquet", tmp_path / "s")
    places.scratch.mkdir()
    options = MergeOptions(surveys=(), work=WORK)
    with pytest.raises(UnitError, match=message):
        merge_surveys([Input(wrong), Input(twomass)], places, options)


def test_a_truncated_fits_says_how_many_rows_are_there(tmp_path: Path) -> None:
    path = tmp_path / "gaia.fits"
    write(gaia(), path)
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.truncate(size - 2880 * 2)
    with pytest.raises(FileFormatError, match="promises 200 rows, 1"):
        read(tmp_path, path)
    with path.open("r+b") as file:
        file.truncate(1000)
    (tmp_path / "again").mkdir()
    with pytest.raises(FileFormatError):
        read(tmp_path / "again", path)


def test_a_damaged_parquet_and_a_missing_file(tmp_path: Path) -> None:
    path = tmp_path / "gaia.parquet"
    write(gaia(), path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(FileFormatError, match=r"gaia\.parquet"):
        read(tmp_path, path)
    (tmp_path / "again").mkdir()
    with pytest.raises(FileFormatError, match="does not exist"):
        read(tmp_path / "again", tmp_path / "none.parquet")


def test_fits_is_read_in_blocks_that_together_are_all(tmp_path: Path) -> None:
    path = tmp_path / "gaia.fits"
    write(gaia(), path)
    blocks = list(fits_batches(path, ["source_id", "ra"], rows=64))
    assert [b.num_rows for b in blocks] == [64, 64, 64, 8]
    whole = pa.Table.from_batches(blocks)
    assert whole["source_id"].to_pylist() == gaia()["source_id"].to_pylist()
