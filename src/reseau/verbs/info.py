"""`reseau info` as a function: what a path is, and what it holds."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from reseau._words import counted
from reseau.constants import DEGREE
from reseau.datasets import (
    Dataset,
    PlateByPlate,
    PlateTables,
    is_plane,
    open_plates,
    presets,
    read_dataset,
    read_instrument,
    read_solution,
)
from reseau.datasets.catalogues import CatalogueTables, is_catalogue, read_catalogue
from reseau.datasets.survey_solutions import (
    SurveyTables,
    is_survey_solution,
    plate_piece,
    read_survey_tables,
)
from reseau.errors import FileFormatError, explain
from reseau.galaxy.model import galaxy_presets, read_galaxy
from reseau.instrument import CalibrationTerm, Instrument, basis_name
from reseau.plates.datum_text import datum_text
from reseau.tables import read_table, settle_repeated, table_file
from reseau.tables.damage import damage_told
from reseau.tables.incomplete import refuse_incomplete
from reseau.tables.owned import MOCK, is_of_kind

from .info_of_catalogue import catalogue_facts
from .info_of_galaxy import galaxy_facts, merged_facts, mock_facts
from .measured_maps import provenance_of, reddening_facts
from .merged_table import is_merged
from .named_galaxy import galaxy_named

MILLIMETRE = 1000.0


@dataclass(frozen=True)
class Information:
    """What a path is.

    Attributes
    ----------
    kind
        "dataset", "solution", "solution of a survey", "catalogue of many plates",
        "mock catalogue", "merged catalogue", "map of the reddening", "model of the
        Galaxy", "table", "instrument" or "preset".
    name
        As it was given.
    facts
        Names and values, for people.
    tables
        Columns of each table: name, unit, type, description.
    sentences
        The verdict of a solution.
    """

    kind: str
    name: str
    facts: list[tuple[str, str]]
    tables: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    sentences: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for a JSON file."""
        return {
            "kind": self.kind,
            "name": self.name,
            "facts": dict(self.facts),
            "tables": self.tables,
            "verdict": self.sentences,
        }

    def lines(self) -> list[str]:
        """Return the information as lines for a terminal."""
        width = max((len(name) for name, _ in self.facts), default=0)
        found = [f"{self.name}: {self.kind}"]
        found += [f"  {name:<{width}}  {value}" for name, value in self.facts]
        if self.sentences:
            found += ["", *self.sentences]
        for name, columns in self.tables.items():
            found += ["", f"columns of {name}", *_column_lines(columns)]
        return found


def _column_lines(columns: Sequence[dict[str, str]]) -> list[str]:
    widths = [max(len(c[key]) for c in columns) for key in ("name", "unit", "type")]
    a, b, c = widths
    return [
        f"  {col['name']:<{a}}  {col['unit']:<{b}}  {col['type']:<{c}}  "
        f"{col['description']}".rstrip()
        for col in columns
    ]


def describe(path: str | Path, *, allow_outside: bool = False) -> Information:
    """Say what a path is and what it holds.

    Parameters
    ----------
    path
        Dataset, solution, catalogue, mock, table, instrument file, or name of a preset
        or of a model of the Galaxy.
    allow_outside
        Whether a dataset may name files outside its folder, by its keys or by links.

    Raises
    ------
    ReseauError
        It is none of these, or damaged.

    Examples
    --------
    >>> from reseau import describe
    >>> describe("jasmine").kind
    'preset'
    """
    place = Path(path)
    if place.is_dir():
        return _of_directory(place, allow_outside)
    if not place.exists() and str(path) in presets():
        return _of_instrument("preset", str(path), read_instrument(path))
    galaxy = galaxy_named(path)
    if galaxy is not None:
        return Information(
            "model of the Galaxy", str(path), galaxy_facts(read_galaxy(galaxy))
        )
    if place.suffix.lower() == ".toml" and place.exists():
        if place.name == "dataset.toml":
            return _of_directory(place.parent, allow_outside)
        return _of_instrument("instrument", str(path), read_instrument(place))
    if not table_file(place).exists():
        raise _not_known(path, "nothing of that name exists")
    return _of_table(place)


def _of_directory(place: Path, allow_outside: bool) -> Information:
    refuse_incomplete(place)
    if is_survey_solution(place):
        return _of_survey_solution(str(place), read_survey_tables(place))
    if is_catalogue(place):
        return _of_catalogue(str(place), read_catalogue(place))
    if is_of_kind(place, MOCK):
        with damage_told(place, "mock catalogue", "draw it again"):
            facts = mock_facts(place)
        stars = _of_table(place / "catalogue.parquet")
        return replace(stars, kind="mock catalogue", name=str(place), facts=facts)
    if (place / "summary.json").exists():
        with damage_told(place, "solution", "solve again"):
            return _of_solution(str(place), read_solution(place))
    if (place / "dataset.toml").exists():
        plates = open_plates(place, allow_outside=allow_outside)
        if plates.apart:
            return _of_many_plates(str(place), plates)
        return _of_dataset(str(place), read_dataset(place, allow_outside=allow_outside))
    raise _not_known(place, "a directory without dataset.toml and summary.json")


def _not_known(path: str | Path, given: str) -> FileFormatError:
    return FileFormatError(
        explain(
            given=f"{path}: {given}",
            wanted="a dataset, a solution, a catalogue, a table, an instrument file, a "
            f"preset ({', '.join(presets())}), or a model of the Galaxy "
            f"({', '.join(galaxy_presets())})",
            where=str(path),
            todo="correct the name",
        )
    )


def _of_dataset(name: str, dataset: Dataset) -> Information:
    measurements = dataset.measurements
    sources = np.unique(measurements["source_id"].to_numpy())
    facts = _facts(name, dataset, measurements.num_rows, sources)
    return Information("dataset", name, facts, _columns_of(dataset, measurements))


def _of_many_plates(name: str, plates: PlateByPlate) -> Information:
    """Say what a dataset holds whose plates have files of their own, reading few."""
    rows, sources = plates.measured()
    first = plates.read(plates.plates[0]).measurements
    facts = _facts(name, plates.shared, rows, sources)
    return Information("dataset", name, facts, _columns_of(plates.shared, first))


def _columns_of(
    dataset: Dataset, measurements: pa.Table
) -> dict[str, list[dict[str, str]]]:
    tables = {"exposures": dataset.exposures, "measurements": measurements}
    if dataset.reference is not None:
        tables["reference"] = dataset.reference
    return _tables(tables)


def _facts(
    name: str, dataset: Dataset, rows: int, sources: np.ndarray
) -> list[tuple[str, str]]:
    exposures = dataset.exposures
    plates = np.unique(exposures["plate_id"].to_numpy())
    return [
        ("name", dataset.name),
        *([("description", dataset.description)] if dataset.description else []),
        ("instrument", _instrument_line(dataset.instrument)),
        ("plates", f"{plates.size:,}"),
        ("exposures", f"{exposures.num_rows:,}"),
        ("epochs", _range(exposures["epoch"].to_numpy(), "{:.6f}")),
        ("measurements", f"{rows:,}"),
        ("measured sources", f"{sources.size:,}"),
        ("references", _references(dataset, sources)),
        ("effects", ", ".join(sorted(dataset.effects)) or "none"),
        ("observer", _observer(dataset)),
        ("truth", "yes" if (Path(name) / "truth").is_dir() else "no"),
    ]


def _references(dataset: Dataset, sources: np.ndarray) -> str:
    if dataset.reference is None:
        return "none"
    measured = np.isin(dataset.reference["source_id"].to_numpy(), sources)
    flags = dataset.reference
    trusted = measured.size
    if "is_reference" in flags.column_names:
        trusted = int(np.count_nonzero(flags["is_reference"].to_numpy()))
    return f"{trusted:,} of {measured.size:,} rows, {measured.sum():,} rows measured"


def _observer(dataset: Dataset) -> str:
    if "obs_x" in dataset.exposures.column_names:
        return "columns of the exposures"
    return dataset.observer or "unknown: directions are taken as given"


def _of_solution(name: str, files: PlateTables) -> Information:
    found = files.summary
    unit = found.get("residual_unit", "")
    rms, sigma0 = found.get("residual_rms"), found.get("sigma0")
    facts = [
        ("result", str(found.get("message", found.get("result")))),
        ("input", str(found.get("input"))),
        ("epoch", _range(files.sources["epoch"].to_numpy(), "{:.6f}")),
        ("sources", f"{files.sources.num_rows:,}"),
        ("references", f"{np.sum(_flags(files.sources, 'is_reference')):,}"),
        ("exposures", f"{files.exposures.num_rows:,}"),
        ("measurements", f"{files.residuals.num_rows:,}"),
        ("residual RMS", "unknown" if rms is None else f"{rms:.4g} {unit}"),
        ("sigma0", "unknown" if sigma0 is None else f"{sigma0:.4f}"),
        ("free", ", ".join(found.get("free", []))),
        ("datum", datum_text(found)),
        *(("null direction", str(text)) for text in found.get("null_directions", [])),
        ("instrument", _instrument_line(files.instrument)),
    ]
    tables = {
        "sources": files.sources,
        "exposures": files.exposures,
        "calibration": files.calibration,
        "residuals": files.residuals,
    }
    sentences = [str(s) for s in found.get("verdict", [])]
    return Information("solution", name, facts, _tables(tables), sentences)


def _of_survey_solution(name: str, files: SurveyTables) -> Information:
    found, epochs = files.summary, files.plates["epoch"].to_numpy()
    facts = [
        ("input", str(found.get("input"))),
        ("plates", f"{found['n_solved']:,} of {found['n_plates']:,} solved"),
        ("epochs", _range(epochs, "{:.6f}")),
        ("exposures", f"{found['n_exposures']:,}"),
        ("measurements", f"{found['n_measurements']:,}"),
        *(
            (f"plate {row['plate_id']}", str(row["message"]).splitlines()[0])
            for row in found["not_solved"]
        ),
        ("one plate", f"{name}/{plate_piece(files.plates['plate_id'][0].as_py())}"),
    ]
    tables, sentences = _tables({"plates": files.plates}), list(found["verdict"])
    return Information("solution of a survey", name, facts, tables, sentences)


def _of_catalogue(name: str, files: CatalogueTables) -> Information:
    tables = {"catalogue": files.catalogue, "plates": files.plates}
    tables |= {n: t for n, t in (("epochs", files.epochs), ("datum", files.datum)) if t}
    sentences = [str(s) for s in files.summary["verdict"]]
    facts = catalogue_facts(files)
    return Information(
        "catalogue of many plates", name, facts, _tables(tables), sentences
    )


def _flags(table: pa.Table, name: str) -> np.ndarray:
    return np.array([bool(v) for v in table[name].to_pylist()])


def _of_table(place: Path) -> Information:
    table = settle_repeated(read_table(place), (), place, "")
    if is_merged(place):
        return Information(
            "merged catalogue",
            str(place),
            merged_facts(place, table),
            _tables({place.name: table}),
        )
    told = provenance_of(table_file(place))
    if told is not None:
        return Information(
            "map of the reddening",
            str(place),
            reddening_facts(told),
            _tables({place.name: table}),
        )
    facts = [("rows", f"{table.num_rows:,}"), ("columns", f"{table.num_columns:,}")]
    names = table.column_names
    for title, candidates in (
        ("source", ("source_id", "catalog_id")),
        ("exposure", ("exposure_id", "field", "field_id")),
    ):
        for name in candidates:
            if name in names:
                n = len(table[name].unique())
                facts.append((f"{title}s", f"{n:,} (column {name})"))
                break
    facts += [
        (f"{name}s", _range(table[name].to_numpy(), "{:.6f}"))
        for name in ("epoch", "ref_epoch")
        if name in names and pa.types.is_floating(table[name].type)
    ]
    return Information("table", str(place), facts, _tables({place.name: table}))


def _of_instrument(kind: str, name: str, instrument: Instrument) -> Information:
    detectors, focal = instrument.detectors, np.asarray(instrument.focal) / MILLIMETRE
    model = instrument.distortion
    widths = np.asarray(instrument.coefficient_sigma)
    facts = [
        ("name", instrument.name),
        ("projection", f"{instrument.projection}, parity {instrument.parity:+d}"),
        ("focal lengths", f"{focal[0]:.6g}, {focal[1]:.6g} mm"),
        (
            "their prior",
            f"{instrument.focal_prior}, 1σ "
            f"{float(instrument.focal_sigma) / MILLIMETRE:.4g} mm, one for each "
            f"{instrument.scale}",
        ),
        ("distortion", f"{basis_name(model)}, {model.n_coefficients} coefficients"),
    ]
    if widths.size:
        facts.append(("their prior", f"1σ up to {widths.max():.4g} um"))
    if model.n_coefficients:
        facts.append(("normalisation", f"{model.normalisation:.6g} um"))
    facts += [(f"term {term.name}", _term(term)) for term in instrument.terms]
    if is_plane(instrument):
        facts.append(("detectors", "one plane, positions in um"))
    else:
        facts.append(("detectors", f"{len(detectors.ids)}"))
        facts += [_detector(instrument, row) for row in range(len(detectors.ids))]
    return Information(kind, name, facts)


def _term(term: CalibrationTerm) -> str:
    where = "the focal plane" if term.frame == "plane" else "the detector's axes"
    zero = f" - {term.zero:g}" if term.zero else ""
    return (
        f"({term.covariate}{zero}) × {term.basis} of degree {term.minimum_degree} to "
        f"{term.degree}, along {', '.join(term.axes)} of {where}, one for each "
        f"{term.granularity}, 1σ {float(term.sigma):.4g} {term.unit}"
    )


def _detector(instrument: Instrument, row: int) -> tuple[str, str]:
    d = instrument.detectors
    (x, y), (nx, ny) = np.asarray(d.centre)[row], np.asarray(d.naxis)[row]
    pitch = np.asarray(d.pitch)[row]
    angle = float(np.asarray(d.theta)[row]) / DEGREE
    text = (
        f"{nx:.0f} × {ny:.0f} pixels of {pitch[0]:.6g} × {pitch[1]:.6g} um, centre "
        f"({x:.6g}, {y:.6g}) um, turned by {angle:.6g}°"
    )
    return f"detector {d.ids[row]}", text


def _instrument_line(instrument: Instrument) -> str:
    model = instrument.distortion
    where = (
        "one plane in um"
        if is_plane(instrument)
        else counted(len(instrument.detectors.ids), "detectors")
    )
    return (
        f"{instrument.name}: {where}, distortion {basis_name(model)} with "
        f"{model.n_coefficients} coefficients"
    )


def _range(values: np.ndarray, form: str) -> str:
    known = values[np.isfinite(values.astype(float))]
    if not known.size:
        return "unknown"
    low, high = (form.format(v) for v in (known.min(), known.max()))
    return low if low == high else f"{low} to {high}"


def _tables(tables: dict[str, pa.Table]) -> dict[str, list[dict[str, str]]]:
    return {name: [_column(f) for f in table.schema] for name, table in tables.items()}


def _column(column: pa.Field) -> dict[str, str]:
    metadata = column.metadata or {}
    return {
        "name": column.name,
        "unit": metadata.get(b"unit", b"").decode(),
        "type": str(column.type),
        "description": metadata.get(b"description", b"").decode(),
    }


__all__ = ["Information", "describe"]
