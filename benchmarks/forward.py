"""How fast a forward mock is drawn, and what it holds in memory.

    python benchmarks/forward.py [smooth|genulens|FILE|MAG]

Times are of the processor in the first table, so that what else runs does not count,
and of the clock in the second. One window of 0.1° x 0.1° to deeper and deeper limits,
with one thread: the set-up of the tile, which does not depend on the limit, and what a
star costs beyond it. Then a larger window with one and two threads, and the greatest
memory of all.
"""

import resource
import sys
import time

from reseau._threads import one_blas_thread
from reseau.galaxy.forward.draw import proposals
from reseau.galaxy.forward.opening import open_sky
from reseau.galaxy.forward.run import draw_table
from reseau.galaxy.forward.settings import MockSettings
from reseau.galaxy.forward.stars import tile_columns

PLACE = "0.35,0.25"
LIMITS = (15.0, 17.0, 19.0, 21.0, 23.0)


def memory() -> float:
    """Return the greatest memory of this process so far [GiB]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def line(*cells: object) -> None:
    """Write a row of a table."""
    sys.stdout.write("".join(f"{cell!s:>16}" for cell in cells) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Measure and print."""
    reddening = sys.argv[1] if len(sys.argv) > 1 else "smooth"
    line("limit", "stars", "set-up s", "whole s", "stars/s", "us/star more", "GiB")
    before = None
    with one_blas_thread():
        for limit in LIMITS:
            sky = open_sky(
                MockSettings(
                    window=f"{PLACE},0.1,0.1",
                    limit=f"Hw={limit:g}",
                    extinction_map=reddening,
                )
            )
            (tile,) = sky.window.tiles()
            list(tile_columns(sky, tile))  # fills the tables of velocities
            began = time.process_time()
            proposals(sky.model, tile)
            ready = time.process_time() - began
            began = time.process_time()
            stars = sum(len(part["ra"]) for part in tile_columns(sky, tile))
            whole = time.process_time() - began
            more = ""
            if before is not None:
                more = f"{1e6 * (whole - before[1]) / (stars - before[0]):.2f}"
            before = stars, whole
            line(
                f"Hw={limit:g}",
                f"{stars:,}",
                f"{ready:.4f}",
                f"{whole:.4f}",
                f"{stars / whole:,.0f}",
                more,
                f"{memory():.2f}",
            )
        sky = open_sky(
            MockSettings(
                window=f"{PLACE},0.4,0.3", limit="Hw=20", extinction_map=reddening
            )
        )
        for workers in (1, 2):
            began = time.perf_counter()
            stars = len(draw_table(sky, workers=workers))
            whole = time.perf_counter() - began
            line(
                f"{workers} threads",
                f"{stars:,}",
                "",
                f"{whole:.4f}",
                f"{stars / whole:,.0f}",
                "",
                f"{memory():.2f}",
            )


if __name__ == "__main__":
    main()
