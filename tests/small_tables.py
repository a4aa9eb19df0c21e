"""A table of eight stars on two exposures, with names as people have them."""

import numpy as np

from reseau import SolveOptions

CAMERA = """name = "camera"
[optics]
focal_length_mm = 1000.0
parity = -1
[[detector]]
id = 1
name = "NRCA1"
naxis1 = 2048
naxis2 = 2048
pixel_um = 9.0
x_um = 0.0
y_um = 0.0
"""
RA0, DEC0 = 83.6, -5.2
STARS = [f"J1745-{i:04d}" for i in range(8)]


def tables() -> tuple[dict, dict]:
    """Return detections on two exposures, two not identified, and references."""
    rng = np.random.default_rng(3)
    xi, eta = rng.uniform(-0.008, 0.008, (2, 8))
    down = np.deg2rad(DEC0)
    # The inverse gnomonic projection.
    ra = RA0 + np.rad2deg(np.arctan2(xi, np.cos(down) - eta * np.sin(down)))
    dec = np.rad2deg(
        np.arctan2(
            (np.sin(down) + eta * np.cos(down))
            * np.cos(np.arctan2(xi, np.cos(down) - eta * np.sin(down))),
            np.cos(down) - eta * np.sin(down),
        )
    )
    x = np.concatenate([-xi, -xi, [0.001, 0.002]]) * 1e6 / 9.0 + 1023.5
    y = np.concatenate([eta, eta, [0.001, 0.002]]) * 1e6 / 9.0 + 1023.5
    detections = {
        "XWIN": x + 1.0 + rng.normal(0, 0.02, x.size),
        "YWIN": y + 1.0 + rng.normal(0, 0.02, x.size),
        "star": [*STARS, *STARS, "-1", "-1"],
        "FRAME": ["F814W_03"] * 8 + ["F606W_01"] * 8 + ["F814W_03", "F606W_01"],
        "CCD": ["NRCA1"] * 18,
    }
    places = {"source_id": [*STARS[:6], "S2"], "ra": [*ra[:6], 0.123456789012]}
    places |= {"dec": [*dec[:6], 0.123456789012], "ref_epoch": [2016.0] * 7}
    places |= {"ra_error": [5.0] * 7, "dec_error": [5.0] * 7}
    return detections, places


OPTIONS = SolveOptions(
    columns="x=XWIN[px],y=YWIN[px],source_id=star,exposure_id=FRAME,detector_id=CCD,"
    "epoch=2016.0",
    unmatched="-1",
    first_pixel=1,
    error=0.02,
)
"""What the columns are, what is not identified, and errors."""
