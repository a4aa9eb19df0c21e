"""The book in which tests enter how far they found us from an authority.

A test that compares with an authority calls `Accuracy.record`, which asserts that the
deviation is as small as asked. When the variable RESEAU_ACCURACY names a folder, the
entry is also written there, and `docs/_extensions/accuracy_table.py` makes the tables
of the page *Accuracy* of the entries (``make accuracy``).
"""

import hashlib
import json
import os
from pathlib import Path

FOLDER = "RESEAU_ACCURACY"


class Accuracy:
    """Asserts deviations and keeps them for the docs."""

    def record(
        self,
        *,
        section: str,
        term: str,
        authority: str,
        measured: float,
        asked: float | None,
        unit: str = "µas",
        note: str = "",
    ) -> None:
        """Enter a deviation, and assert that it is no larger than asked.

        Parameters
        ----------
        section
            Heading in the docs: Motion, Parallax, Aberration, Deflection, ...
        term
            What was compared, in a few words.
        authority
            Against whom.
        measured, asked
            Largest deviation found, and what is allowed; None: for information, when
            the physics differs (say how in `note`).
        unit
            Of both.
        note
            Explanation of a difference.
        """
        entry = {
            "section": section,
            "term": term,
            "authority": authority,
            "measured": float(measured),
            "asked": asked,
            "unit": unit,
            "note": note,
        }
        self._keep(entry)
        if asked is not None:
            assert measured <= asked, f"{term}: {measured:.3g} > {asked:.3g} {unit}"

    def _keep(self, entry: dict[str, object]) -> None:
        folder = os.environ.get(FOLDER)
        if not folder:
            return
        key = f"{entry['section']}|{entry['term']}|{entry['authority']}"
        name = hashlib.sha256(key.encode()).hexdigest()[:16]
        path = Path(folder)
        path.mkdir(parents=True, exist_ok=True)
        (path / f"{name}.json").write_text(json.dumps(entry, ensure_ascii=False))


__all__ = ["FOLDER", "Accuracy"]
