"""Hipparcos' intermediate data in three reductions, one file a star.

All hold residuals of the published solution, so that a fit gives what is to be added to
it, and directions as (cos, sin) of the scan's angle: the part of an abscissa towards
East stands in the column that both call CPSI, the one towards North in SPSI.

=========  ==============================================================  ============
file       what tells it                                                   abscissae
=========  ==============================================================  ============
1997       lines ``IH1 :``; FAST and NDAC, correlated                      great circles
2007, DVD  eight numbers in the first line, then seven in a line           transits
2014       residual records of the Java tool, with a header of five lines  transits
=========  ==============================================================  ============

In the last an error below zero says that the reduction left the transit out.
"""

import numpy as np
from jaxtyping import Float

from reseau.motions.epoch_abscissae import one_dimensional
from reseau.motions.epoch_astrometry import EpochAstrometry

from .text import TextFile, are_numbers

REFERENCE = 1991.25
ORIGIN = "Hipparcos intermediate data"
TRANSIT = "orbit, epoch - 1991.25, parallax factor, cpsi, spsi, residual, error"


def is_hipparcos_1997(text: TextFile) -> bool:
    """Return whether the file is of the reduction of 1997."""
    return bool(text.lines) and text.lines[0].startswith("IH1")


def read_hipparcos_1997(text: TextFile) -> EpochAstrometry:
    """Return the abscissae of FAST and NDAC, correlated in pairs."""
    header = {
        line.split(":")[0].strip(): line.split(":")[1].split()
        for line in text.lines
        if line.startswith("IH")
    }
    rows = [
        (line, number)
        for line, number in zip(text.lines, text.numbers, strict=True)
        if line.count("|") >= 9 and not line.startswith("A1")
    ]
    if not rows:
        raise text.wrong("no abscissae", "lines such as 133|F|-0.9053|...")
    fields = [_abscissa(text, line, number) for line, number in rows]
    numbers = np.array([row for row, _ in fields])
    # IA3, IA4: by α cos δ and δ; IA5: by ϖ; IA6, IA7: by the motions, so that their
    # ratio to the first two is the time.
    east, north, factor = numbers[:, 1], numbers[:, 2], numbers[:, 3]
    moved = numbers[:, 4] * east + numbers[:, 5] * north
    time = moved / (east**2 + north**2)
    place = [float(header[key][0]) for key in ("IH3", "IH4")]
    published = [float(header[key][0]) for key in ("IH5", "IH6", "IH7")]
    rejected = np.array([letter.islower() for _, letter in fields])
    return one_dimensional(
        time,
        np.stack([east, north], axis=1),
        factor,
        numbers[:, 6],
        numbers[:, 7],
        reference_epoch=REFERENCE,
        is_used=~rejected,
        source_id=np.full(len(rows), int(header["IH1"][0])),
        group=numbers[:, 0].astype(np.int64),
        correlation=numbers[:, 8],
        position=np.array([place]),
        published=np.array([published]),
        origin=f"{ORIGIN}, reduction of 1997",
        basis="hipparcos",
    )


def _abscissa(text: TextFile, line: str, number: int) -> tuple[list[float], str]:
    words = [word.strip() for word in line.split("|")]
    numbers = [*words[:1], *words[2:9], words[9] or "0"]
    if not are_numbers(numbers):
        raise text.wrong(line, "an abscissa: orbit|F or N|seven numbers|corr.", number)
    return [float(word) for word in numbers], words[1]


def is_hipparcos_2007(text: TextFile) -> bool:
    """Return whether the file is of the DVD of 2007."""
    if len(text.lines) < 2:
        return False
    first, second = text.lines[0].split(), text.lines[1].split()
    return len(first) == 8 and len(second) == 7 and are_numbers(first + second)


def read_hipparcos_2007(text: TextFile) -> EpochAstrometry:
    """Return the transits of one star."""
    rows = text.table(1, 7, TRANSIT)
    return _transits(rows, int(text.lines[0].split()[0]), "reduction of 2007")


def is_hipparcos_2014(text: TextFile) -> bool:
    """Return whether the file is one of the Java tool, with or without its comments."""
    if any("Interactive Data Access Tool" in line for line in text.comments):
        return True
    widths = [len(line.split()) for line in text.lines[:5]]
    return widths[:1] == [8] and widths[2:] == [5, 5, 7]


def read_hipparcos_2014(text: TextFile) -> EpochAstrometry:
    """Return the transits of one star; those that were left out are not used."""
    commented = any("Interactive Data Access Tool" in line for line in text.comments)
    if commented:
        heads = [line.lstrip("#").split() for line in text.comments]
        at = next((i for i, words in enumerate(heads) if words[:1] == ["HIP"]), None)
        if at is None or len(heads) < at + 6:
            raise text.wrong("no header", "comment lines HIP, Hp and RAdeg")
        star, solution, begin = heads[at + 1], heads[at + 5], 0
    else:
        star, solution, begin = text.lines[0].split(), text.lines[2].split(), 4
    if not are_numbers(solution[:5]):
        raise text.wrong(" ".join(solution), "RA, Dec, parallax and both motions")
    rows = text.table(begin, 7, TRANSIT)
    numbers = [float(word) for word in solution[:5]]
    return _transits(
        rows,
        int(star[0]),
        "Java tool of 2014",
        position=np.array([numbers[:2]]),
        published=np.array([numbers[2:5]]),
    )


def _transits(
    rows: Float[np.ndarray, "n 7"],
    star: int,
    reduction: str,
    *,
    position: Float[np.ndarray, "1 2"] | None = None,
    published: Float[np.ndarray, "1 3"] | None = None,
) -> EpochAstrometry:
    return one_dimensional(
        rows[:, 1],
        rows[:, 3:5],
        rows[:, 2],
        rows[:, 5],
        np.abs(rows[:, 6]),
        reference_epoch=REFERENCE,
        is_used=rows[:, 6] > 0.0,
        source_id=np.full(len(rows), star),
        group=rows[:, 0].astype(np.int64),
        position=position,
        published=published,
        origin=f"{ORIGIN}, {reduction}",
        basis="hipparcos",
    )


__all__ = [
    "is_hipparcos_1997",
    "is_hipparcos_2007",
    "is_hipparcos_2014",
    "read_hipparcos_1997",
    "read_hipparcos_2007",
    "read_hipparcos_2014",
]
