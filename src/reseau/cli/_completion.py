"""Names that a shell completes where an option is a text."""

from collections.abc import Callable


def one_of(*names: str) -> Callable[[str], list[str]]:
    """Return what completes one of some names, or the last of several with commas.

    Parameters
    ----------
    names
        As they are typed.
    """

    def complete(incomplete: str) -> list[str]:
        before, comma, last = incomplete.rpartition(",")
        said = before.split(",")
        left = [n for n in names if n.startswith(last) and n not in said]
        return [f"{before}{comma}{n}" for n in left]

    return complete


__all__ = ["one_of"]
