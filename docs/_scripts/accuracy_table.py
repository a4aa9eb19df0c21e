"""Make the tables of the page *Accuracy* of what the tests found, or check them.

Tests enter deviations with `Accuracy.record` (tests/accuracy.py) into the folder that
RESEAU_ACCURACY names; ``make accuracy`` runs them and this script. With ``--check`` the
page is compared with the entries instead: the same rows, and no figure worse than what
the page says by more than a factor of three (rounding differs between machines).
"""

import argparse
import json
import sys
from itertools import groupby
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parents[1] / "accuracy-sky.md"
DATA = PAGE.with_suffix(".json")
SECTIONS = (
    "Motion",
    "Parallax",
    "Light deflection",
    "Aberration",
    "Refraction",
    "Apparent place",
    "Observer",
    "Tangent plane",
    "Surveys",
)
ROUNDING = 3.0


def entries_of(folder: Path) -> list[dict[str, Any]]:
    """Return all entries of a folder in the order of the page."""
    found = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]

    def place(entry: dict[str, Any]) -> tuple[int, str, str, str]:
        name = entry["section"]
        rank = SECTIONS.index(name) if name in SECTIONS else len(SECTIONS)
        return rank, name, entry["term"], entry["authority"]

    return sorted(found, key=place)


def table(entries: list[dict[str, Any]]) -> str:
    """Return the Markdown of the page."""
    parts = []
    for section, rows in groupby(entries, key=lambda e: e["section"]):
        parts += [f"### {section}", ""]
        parts += ["| what | authority | asked | found |", "|---|---|---|---|"]
        notes: list[str] = []
        for row in rows:
            mark = ""
            if row["note"]:
                if row["note"] not in notes:
                    notes.append(row["note"])
                mark = f" ({notes.index(row['note']) + 1})"
            asked = "–" if row["asked"] is None else f"{row['asked']:g} {row['unit']}"
            found = f"{shown(row['measured'])} {row['unit']}{mark}"
            parts.append(f"| {row['term']} | {row['authority']} | {asked} | {found} |")
        parts += ["", *(f"({i}) {note}\n" for i, note in enumerate(notes, 1))]
    return "\n".join(parts).rstrip() + "\n"


def shown(value: float) -> str:
    """Write two digits, without an exponent where that is easy to read."""
    return f"{value:.2g}" if value < 100 else f"{float(f'{value:.2g}'):,.0f}"


def differences(entries: list[dict[str, Any]]) -> list[str]:
    """Say where the committed page and the entries differ."""

    def keyed(rows: list[dict[str, Any]]) -> dict[tuple[str, ...], dict[str, Any]]:
        return {(r["section"], r["term"], r["authority"]): r for r in rows}

    page, found = keyed(json.loads(DATA.read_text())), keyed(entries)
    words = [f"not on the page: {' | '.join(k)}" for k in found.keys() - page.keys()]
    words += [f"no test enters: {' | '.join(k)}" for k in page.keys() - found.keys()]
    for key in page.keys() & found.keys():
        said, is_now = page[key], found[key]
        if (said["asked"], said["unit"]) != (is_now["asked"], is_now["unit"]):
            words.append(f"asked differently: {' | '.join(key)}")
        elif is_now["measured"] > ROUNDING * said["measured"] and not _is_rounding(
            is_now
        ):
            words.append(
                f"{' | '.join(key)}: the page says {said['measured']:.2g}, "
                f"the tests find {is_now['measured']:.2g}"
            )
    if table(json.loads(DATA.read_text())) != PAGE.read_text():
        words.append(f"{PAGE.name} is not what {DATA.name} makes")
    return sorted(words)


def _is_rounding(entry: dict[str, Any]) -> bool:
    """Return whether a figure lies so far below what is asked that it may vary."""
    return entry["asked"] is not None and entry["measured"] < 0.3 * entry["asked"]


def main() -> int:
    """Write the page, or check it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the tests entered")
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    choices = parser.parse_args()
    entries = entries_of(choices.folder)
    if not choices.check:
        DATA.write_text(json.dumps(entries, indent=1, ensure_ascii=False) + "\n")
        PAGE.write_text(table(entries))
        return 0
    words = differences(entries)
    if words:
        sys.stderr.write("\n".join([*words, "run `make accuracy`", ""]))
    return bool(words)


if __name__ == "__main__":
    sys.exit(main())
