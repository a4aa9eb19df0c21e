"""Types and shapes of every function of the package are checked when tests call it."""

from beartype import BeartypeConf, beartype

# An integer is a number, as in PEP 484.
checked = beartype(conf=BeartypeConf(is_pep484_tower=True))
