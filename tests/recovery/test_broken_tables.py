"""Ten thousand broken files: none ends in anything but a table or advice."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import mutated_tables

EACH = 435
SEED = 20261127


@pytest.mark.recovery
@pytest.mark.parametrize("name", sorted(set(mutated_tables.FORMATS) - {"csv.zst"}))
def test_ten_thousand_broken_files(name: str) -> None:
    script = Path(mutated_tables.__file__)
    command = [sys.executable, str(script), name, str(EACH), str(SEED)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert set(found) - {"format", "peak"} <= set(mutated_tables.GOOD)
