"""Work on many addresses, one after the other or at once; knows no astrometry.

A task is made once in each process and carries addresses, not data: where to read and
where to write. An address that fails stops no other, and neither does a process that
the system kills. Results come in any order and are reported in that of the addresses.
"""

from .outcomes import Failure, Outcome
from .run import each, number_of_workers

__all__ = ["Failure", "Outcome", "each", "number_of_workers"]
