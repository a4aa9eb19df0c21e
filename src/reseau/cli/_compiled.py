"""Keep what JAX compiles between runs of the command.

Most of a first run is compilation. The command, unlike the library, may set JAX's
compilation cache: it lies in the user's cache folder, apart for each version of JAX
and each kind of processor, since a home may be shared by unlike machines. The
variable ``JAX_COMPILATION_CACHE_DIR`` has precedence; ``RESEAU_NO_CACHE=1``
switches it off.
"""

import hashlib
import os
import platform
from pathlib import Path

WORTH_KEEPING = 0.1
"""Compilation that took less is not kept [s]."""


def cache_folder() -> Path:
    """Return where compiled code is kept for this processor and version of JAX."""
    import jax  # heavy, and the verbs that compile import it anyway

    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    kind = hashlib.sha256(_processor().encode()).hexdigest()[:12]
    return Path(base) / "reseau" / f"jax-{jax.__version__}-{kind}"


def _processor() -> str:
    """Return what tells kinds of processors apart."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        lines = ""
    wanted = ("model name", "flags", "Features", "CPU part")
    parts = {line for line in lines.splitlines() if line.startswith(wanted)}
    return "\n".join([platform.machine(), platform.processor(), *sorted(parts)])


def keep_compiled(folder: Path | None = None) -> None:
    """Have JAX keep compiled code; without a place to write, do nothing."""
    if "JAX_COMPILATION_CACHE_DIR" in os.environ or os.environ.get("RESEAU_NO_CACHE"):
        return
    import jax

    folder = folder or cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", WORTH_KEEPING)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
