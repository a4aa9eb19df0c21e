"""Count the programs that further plates of one instrument compile.

Three plates of different numbers of sources are solved in one process; the second and
the third should compile nothing.
"""

import argparse
import collections
import re
import warnings

import jax


class Compiled:
    """Names of programs as they are compiled."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def listen(self) -> None:
        """Begin to count."""
        import logging

        jax.config.update("jax_log_compiles", True)
        handler = logging.Handler()
        handler.emit = self._emit  # type: ignore[method-assign]
        for name in ("jax._src.dispatch", "jax._src.interpreters.pxla"):
            logger = logging.getLogger(name)
            logger.propagate = False
            logger.addHandler(handler)

    def _emit(self, record: object) -> None:
        text = record.getMessage()  # type: ignore[attr-defined]
        found = re.match(r"Finished XLA compilation of (\S+)", text)
        if found:
            self.names.append(found.group(1))

    def taken(self) -> list[str]:
        """Return the names so far and forget them."""
        names, self.names = self.names, []
        return names


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", default="9000,10000,11000")
    parser.add_argument("--robust", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    from reseau import GaussNewton, Robust, simulate, solve

    method = GaussNewton(robust=Robust("mixture") if options.robust else None)
    sizes = [int(n) for n in options.sources.split(",")]
    plates = [simulate(sources=n, seed=i).dataset for i, n in enumerate(sizes)]
    compiled = Compiled()
    compiled.listen()
    for n, plate in zip(sizes, plates, strict=True):
        solved = solve(plate, method=method)
        result, names = solved.summary["result"], compiled.taken()
        print(f"{n:,} sources: {len(names)} programs; {result}")
        if n != sizes[0] and names:
            for name, times in collections.Counter(names).most_common():
                print(f"    {times} x {name}")


if __name__ == "__main__":
    main()
