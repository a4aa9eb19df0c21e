"""The table of merged sources, strip by strip."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reseau.galaxy.photometry import HwFormula, photometric_system

from .best import MOTION, Chosen, Member, best, differs, magnitude, motion, position
from .canonical import REJECTED, REPEATED, SATURATED
from .layout import FLAGS, probability_name, schema_of
from .matching import CLEAR
from .objects import Columns, Objects
from .options import OutputOptions
from .staging import Reader, Staged
from .surveys import BANDS, NEAR_INFRARED
from .window import galactic

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Block:
    """Merged sources of a strip.

    Attributes
    ----------
    table
        As it is written.
    members
        What each survey says of them.
    probabilities
        Of each survey's match; NaN where it has no row.
    """

    table: pa.Table
    members: Sequence[Member]
    probabilities: Sequence[NDArray[np.float64]]


@dataclass(eq=False)
class Assembly:
    """Makes the table of merged sources.

    Attributes
    ----------
    objects
        The sources, as rows of surveys.
    surveys
        In the order of merging.
    formula, options
        Of Hw, and what else is written.
    """

    objects: Objects
    surveys: Sequence[Staged]
    formula: HwFormula
    options: OutputOptions
    _last_ids: Ints = field(default_factory=lambda: np.zeros(0, np.int64))

    @property
    def schema(self) -> pa.Schema:
        """Of the table."""
        return schema_of([staged.survey for staged in self.surveys])

    def blocks(self, strips: int) -> Iterator[Block]:
        """Give the sources of each strip, ordered by `source_id`.

        Parameters
        ----------
        strips
            How many there are.
        """
        readers = [Reader(staged) for staged in self.surveys]
        for strip in range(strips):
            columns = self.objects.read(strip)
            if len(columns["ra"]):
                yield self._block(columns, readers)

    def _block(self, columns: Columns, readers: Sequence[Reader]) -> Block:
        identifiers = self._identifiers(columns["ra"], columns["dec"])
        order = np.argsort(identifiers, kind="stable")
        members, probabilities = [], []
        for i, reader in enumerate(readers):
            row = columns[f"row_{i}"][order]
            has = np.flatnonzero(row >= 0)
            rows = reader.take(row[has])
            members.append(Member(reader.staged.survey, rows, has, len(row)))
            probability = columns[f"probability_{i}"][order]
            probabilities.append(np.where(row >= 0, probability, np.nan))
        values = self._values(identifiers[order], members, probabilities)
        arrays = [_arrow(values[f.name], f.type) for f in self.schema]
        return Block(
            pa.Table.from_arrays(arrays, schema=self.schema), members, probabilities
        )

    def _identifiers(self, ra: NDArray, dec: NDArray) -> Ints:
        """Return new identifiers, of the position alone but for what coincides."""
        found = identifiers_of(ra, dec)
        # Only where strips meet can one of the strip before be the same.
        before = self._last_ids[self._last_ids >= found.min() - len(found)]
        order = np.lexsort((ra, dec, found))
        while True:
            again = np.zeros(len(found), bool)
            again[order[1:]] = found[order[1:]] == found[order[:-1]]
            again |= np.isin(found, before)
            if not again.any():
                break
            found = found + again
            order = np.lexsort((ra, dec, found))
        self._last_ids = found
        return found

    def _values(
        self,
        identifiers: Ints,
        members: Sequence[Member],
        probabilities: Sequence[NDArray[np.float64]],
    ) -> dict[str, NDArray | pa.Array]:
        place, moving = position(members), motion(members)
        parallax = _parallax(members)
        ra, dec = place.values["ra"], place.values["dec"]
        longitude, latitude = galactic(ra, dec)
        chosen = {band: magnitude(members, band) for band in BANDS}
        values: dict[str, NDArray | pa.Array] = {
            "source_id": identifiers,
            **{n: place.values[n] for n in ("ra", "dec", "ra_error", "dec_error")},
            "ref_epoch": place.values["epoch"],
            "position_source": place.letters(members),
            "l": longitude,
            "b": latitude,
            **{name: moving.values[name] for name in MOTION},
            "motion_source": moving.letters(members),
            **parallax.values,
            "parallax_source": parallax.letters(members),
            **self._photometry(members, chosen),
            "n_surveys": sum(np.isfinite(p).astype(np.int32) for p in probabilities),
        }
        for member, probability in zip(members, probabilities, strict=True):
            values[member.survey.id_name] = _identifiers_of(member)
            values[probability_name(member.survey)] = probability
        values["flags"] = self._flags(members, probabilities, chosen, values)
        return values

    def _photometry(
        self, members: Sequence[Member], chosen: dict[str, Chosen]
    ) -> dict[str, NDArray]:
        found: dict[str, NDArray] = {}
        for band in NEAR_INFRARED:
            label, one = f"phot_{band.lower()}", chosen[band]
            found[f"{label}_mag"] = one.values[band]
            found[f"{label}_mag_error"] = one.values[f"{band}_error"]
            found[f"{label}_source"] = one.letters(members)
        found["phot_g_mean_mag"] = chosen["G"].values["G"]
        found["phot_g_mean_mag_error"] = chosen["G"].values["G_error"]
        for band in ("BP", "RP"):
            sizes = [
                np.where(np.isfinite(m.column(band)), 0.0, np.inf) for m in members
            ]
            found[f"phot_{band.lower()}_mean_mag"] = best(
                members, (band,), sizes
            ).values[band]
        found["phot_hw_mag"], found["phot_hw_mag_error"] = self._hw(chosen)
        return found

    def _hw(self, chosen: dict[str, Chosen]) -> tuple[NDArray, NDArray]:
        """Return Hw of J and H as observed, in the system that the formula takes."""
        magnitudes, errors = (
            np.stack([chosen[b].values[f"{b}{end}"] for b in NEAR_INFRARED], axis=-1)
            for end in ("", "_error")
        )
        if self.formula.system != "2mass":
            system = photometric_system(self.formula.system)
            magnitudes, errors = system.from_2mass(magnitudes, errors)
        j, h = magnitudes[:, 0], magnitudes[:, 1]
        value = self.formula.magnitude(j, h)
        return value, self.formula.error(j, h, errors[:, 0], errors[:, 1])

    def _flags(
        self,
        members: Sequence[Member],
        probabilities: Sequence[NDArray[np.float64]],
        chosen: dict[str, Chosen],
        values: dict[str, NDArray | pa.Array],
    ) -> NDArray[np.int32]:
        marks = [member.marks() for member in members]
        said = {
            "ambiguous": np.any([p < CLEAR for p in probabilities], axis=0),
            "rejected": np.any([m & sum(REJECTED.values()) for m in marks], axis=0),
            "repeated": np.any([m & REPEATED for m in marks], axis=0),
            "ruwe": np.asarray(values["ruwe"]) > self.options.ruwe,
            "no_motion": ~np.isfinite(np.asarray(values["pmra"])),
            "differs": np.any([differs(members, b) for b in BANDS], axis=0),
            "saturated": np.zeros(len(marks[0]), bool),
            "no_error": np.zeros(len(marks[0]), bool),
        }
        stacked = np.array([*marks, np.zeros_like(marks[0])])
        across = np.arange(len(marks[0]))
        for band, one in chosen.items():
            of_band = stacked[one.source, across] & SATURATED[band]
            said["saturated"] |= of_band != 0
            bare = np.isnan(one.values[f"{band}_error"]) & (one.source >= 0)
            said["no_error"] |= bare
        flags = sum(np.where(said[name], bit, 0) for name, (bit, _) in FLAGS.items())
        return np.asarray(flags, np.int32)


def _parallax(members: Sequence[Member]) -> Chosen:
    """Return parallaxes, those with the smallest error; RUWE and velocity with them."""
    sizes = []
    for member in members:
        size = np.nan_to_num(member.column("parallax_error"), nan=1e3)
        sizes.append(np.where(np.isfinite(member.column("parallax")), size, np.inf))
    found = best(members, ("parallax", "parallax_error"), sizes)
    for name in ("ruwe", "radial_velocity", "radial_velocity_error"):
        has = [np.where(np.isfinite(m.column(name)), 0.0, np.inf) for m in members]
        found.values[name] = best(members, (name,), has).values[name]
    return found


def identifiers_of(ra: NDArray, dec: NDArray) -> Ints:
    """Return 63-bit identifiers of positions: 31 bits of declination, 32 of ra.

    Parameters
    ----------
    ra, dec
        Degrees. The grid's step is 0.3 mas.
    """
    north = np.clip(np.floor((dec + 90.0) / 180.0 * 2.0**31), 0, 2.0**31 - 1)
    east = np.clip(np.floor((ra % 360.0) / 360.0 * 2.0**32), 0, 2.0**32 - 1)
    return (north.astype(np.int64) << np.int64(32)) | east.astype(np.int64)


def _identifiers_of(member: Member) -> pa.Array:
    place = np.full(member.count, -1)
    place[member.has] = np.arange(len(member.has))
    column = member.rows["id"] if len(member.has) else None
    if column is None:
        kind = pa.int64() if member.survey.id_kind == "integer" else pa.string()
        return pa.nulls(member.count, kind)
    index = pa.array(place, mask=place < 0)
    return pa.concat_arrays(column.chunks).take(index)


def _arrow(values: NDArray | pa.Array, kind: pa.DataType) -> pa.Array:
    if isinstance(values, pa.Array):
        return values.cast(kind)
    if pa.types.is_floating(kind):
        return pa.array(values, kind, mask=np.isnan(values))
    if pa.types.is_string(kind):
        return pa.array(values, kind, mask=values == "")
    return pa.array(values).cast(kind)


__all__ = ["Assembly", "Block", "identifiers_of"]
