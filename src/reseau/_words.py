"""Numbers with their nouns."""

import re


def counted(n: int, plural: str) -> str:
    """Return a number with its noun: "1 source with ...", "2 source priors".

    Parameters
    ----------
    n
        How many.
    plural
        The noun in the plural, alone, after another noun, or before a preposition.
    """
    noun, *rest = re.split(r"( (?:with|without|of|on|in)\b.*)", plural, maxsplit=1)
    noun = noun.removesuffix("s") if n == 1 else noun
    return f"{n:,} {noun}{''.join(rest)}"


__all__ = ["counted"]
