"""Write the embedded star field anew: ``python examples/make_starfield.py``.

The same seed gives the same stars; tests compare the file with `make_starfield`.
"""

from pathlib import Path

import numpy as np

import reseau.survey
from reseau.survey.starfield import FILE, to_bytes
from reseau.survey.synthesis import make_starfield

if __name__ == "__main__":
    folder = Path(reseau.survey.__file__).parent / "data"
    columns = {name: to_bytes(values) for name, values in make_starfield().items()}
    np.savez_compressed(folder / FILE, **columns)
