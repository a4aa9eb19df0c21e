"""Make and replace files and directories in one stroke, whoever is killed when."""

from .renaming import exchange, rename_new
from .temporaries import (
    final_name,
    is_temporary,
    locked,
    recover_earlier,
    replace_directory,
    sweep,
    temporary_directory,
    temporary_file,
)

__all__ = [
    "exchange",
    "final_name",
    "is_temporary",
    "locked",
    "recover_earlier",
    "rename_new",
    "replace_directory",
    "sweep",
    "temporary_directory",
    "temporary_file",
]
