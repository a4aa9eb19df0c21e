"""Everything that can be chosen about a solution, declared once.

From here come the options of the command, their ranges and names, the defaults of the
methods' settings, and the table of the documentation. Nothing is imported: the help of
the command must not wait for the libraries that solve.
"""

from dataclasses import dataclass
from typing import Any

INPUT, MODEL, ROBUST, METHOD = "Input", "Model", "Bad data", "Methods"
GROUPS = (INPUT, MODEL, ROBUST, METHOD)
"""Groups of settings, in the order of the help."""

GAUSS_NEWTON, SVI, NUTS = "gauss-newton", "svi", "nuts"
METHODS = (GAUSS_NEWTON, SVI, NUTS)
"""How a plate can be solved."""

BLOCKS = ("sources", "attitude", "scale", "distortion", "skew", "detectors", "terms")
DISTORTIONS = ("legendre", "powers", "sip", "brown-conrady", "radial", "none")
EFFECTS = ("aberration", "deflection")
GUIDES = ("seed", "meanfield", "lowrank", "arrow")
OBSERVERS = ("geocentre", "orbit", "site:")
LIKELIHOODS = ("normal", "student", "mixture")

COLUMNS = (
    "x, y, x_error, y_error, xy_corr, exposure_id, detector_id, source_id, "
    "catalog_id, field, field_id, block_id, plate_id, epoch, mag, colour, flag, "
    "ref_epoch, ra, dec, parallax, pmra, pmdec, radial_velocity, ra_error, dec_error, "
    "parallax_error, pmra_error, pmdec_error, radial_velocity_error, ra_dec_corr, "
    "ra_parallax_corr, ra_pmra_corr, ra_pmdec_corr, dec_parallax_corr, dec_pmra_corr, "
    "dec_pmdec_corr, parallax_pmra_corr, parallax_pmdec_corr, pmra_pmdec_corr, "
    "phot_g_mean_mag, phot_hw_mag, bp_rp, ruwe, is_reference, fixed"
)
"""Names that the setting `columns` takes."""


@dataclass(frozen=True)
class Setting:
    """One thing that can be chosen.

    Attributes
    ----------
    name
        As Python calls it; the command's option has the same with hyphens.
    kind
        "text", "integer", "number", "flag", "either": a flag or its opposite, or
        "names": several, with commas.
    help
        What it does, in one sentence.
    group
        Where the help lists it.
    default
        What applies unless it is chosen.
    method
        The one method that it belongs to; None: to all.
    guides
        Guides of variational inference that it belongs to; none: to all.
    names
        The only values that it takes; none: any.
    completes
        What a shell completes, where that is more or less than `names`.
    metavar
        What stands for its value in the help.
    least, most
        Smallest and largest integer that make sense.
    positive
        Whether it is a number above 0.
    option
        The command's option, where it has another name; ``--no-...`` for a flag that
        is True by default.
    shown
        The default in words, where the value itself would not be understood.
    """

    name: str
    kind: str
    help: str
    group: str
    default: Any = None
    method: str | None = None
    guides: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    completes: tuple[str, ...] = ()
    metavar: str | None = None
    least: int | None = None
    most: int | None = None
    positive: bool = False
    option: str | None = None
    shown: str | None = None

    @property
    def typed(self) -> str:
        """Return the option as it is typed."""
        option = (self.option or "").partition("/")[0]
        return option or f"--{self.name.replace('_', '-')}"

    @property
    def unless_given(self) -> Any:
        """Return what a record of choices holds where it is not chosen."""
        if self.method is not None and self.kind != "flag":
            return None
        return self.default

    def described(self) -> str:
        """Return the help with the method and the default, where these need saying."""
        text = self.help
        if self.method is not None:
            where = self.method
            if self.guides and len(self.guides) == 1:
                where = f"{where} with {self.guides[0]}"
            text = (
                f"Of {where}: {text[0].lower()}{text[1:]}" if text else f"Of {where}."
            )
        shown = self.shown
        if shown is None and self.unless_given is None and self.default is not None:
            shown = str(self.default)
        return f"{text} [default: {shown}]" if shown else text


SETTINGS = (
    Setting(
        "instrument",
        "text",
        "Instead of the dataset's.",
        INPUT,
        metavar="FILE|PRESET",
    ),
    Setting(
        "pointing",
        "text",
        "Estimated attitudes, for a table of detections.",
        INPUT,
        metavar="TABLE",
    ),
    Setting(
        "columns",
        "text",
        "Which column of the table is which, and its unit; NAME#2: the second of that "
        "name; a number or a date: all rows have it. An epoch may be in [mjd], [jd], "
        f"[iso], [byear], with a scale, as [mjd tai]. One of {COLUMNS}.",
        INPUT,
        metavar="x=NAME[unit],...",
    ),
    Setting(
        "reference_table",
        "text",
        "References, joined to the detections by source_id; of a dataset, instead of "
        "its own. Names of Gaia, VizieR and others are known.",
        INPUT,
        metavar="TABLE",
        option="--reference",
    ),
    Setting(
        "reference_columns",
        "text",
        "Which column of --reference is which; ref_epoch=2016.0: all rows have it.",
        INPUT,
        metavar="ra=NAME[unit],...",
    ),
    Setting(
        "unmatched",
        "text",
        "Identifiers that mean 'not identified', as -1,null: leave their rows out.",
        INPUT,
        metavar="ID,...",
    ),
    Setting(
        "first_pixel",
        "integer",
        "What the table calls the centre of the first pixel: 1 as FITS and SExtractor "
        "do.",
        INPUT,
        default=0,
        least=0,
        most=1,
    ),
    Setting(
        "error",
        "number",
        "1σ of positions without errors, in their unit.",
        INPUT,
        positive=True,
        shown="0.01 pixel or um",
    ),
    Setting(
        "allow_outside",
        "flag",
        "Open files outside its folder that a dataset names.",
        INPUT,
        default=False,
    ),
    Setting(
        "epoch",
        "text",
        "When a table without epochs was observed: Julian year (TCB), or date (UTC).",
        INPUT,
        metavar="YEAR|DATE",
    ),
    Setting(
        "observer",
        "text",
        "From where, if the input does not say it: geocentre, orbit, "
        "site:LAT,LON,HEIGHT, or a table of states. Then parallaxes count.",
        INPUT,
        completes=OBSERVERS,
        metavar="NAME|TABLE",
    ),
    Setting(
        "effects",
        "names",
        "What displaced the directions, if the input does not say it: aberration, "
        "deflection.",
        INPUT,
        default=(),
        completes=EFFECTS,
        metavar="NAME,...",
        shown="none",
    ),
    Setting(
        "reference",
        "flag",
        "Ignore the reference: a free network of exposures.",
        INPUT,
        default=True,
        option="--no-reference",
    ),
    Setting("plate", "integer", "Which plate of a dataset.", INPUT, metavar="ID"),
    Setting(
        "minimum_measurements",
        "integer",
        "Sources without a prior and with fewer are left out.",
        INPUT,
        default=2,
        least=1,
    ),
    Setting(
        "keep_flags",
        "text",
        "Bits of the column flag that do no harm, as 3 or 1,2, or all; measurements "
        "with any other are left out.",
        INPUT,
        default=0,
        metavar="MASK",
        shown="none",
    ),
    Setting(
        "distortion",
        "text",
        "legendre, powers, sip, brown-conrady, radial, none.",
        MODEL,
        names=DISTORTIONS,
        metavar="NAME",
        shown="the instrument's",
    ),
    Setting(
        "degree",
        "text",
        "Of a polynomial; auto: chosen by the evidence.",
        MODEL,
        metavar="N|auto",
    ),
    Setting(
        "degree_kind",
        "text",
        "How degrees are counted.",
        MODEL,
        names=("total", "per-axis"),
    ),
    Setting(
        "minimum_degree",
        "integer",
        "Lowest degree of a polynomial.",
        MODEL,
        least=0,
        shown="2",
    ),
    Setting(
        "scale",
        "text",
        "What shares one focal length.",
        MODEL,
        names=("exposure-axis", "exposure", "plate-axis", "plate"),
    ),
    Setting(
        "focal_prior",
        "text",
        "Prior of the focal lengths.",
        MODEL,
        names=("gamma", "normal"),
    ),
    Setting(
        "free",
        "names",
        "Free these besides: sources, attitude, scale, distortion, skew, detectors, "
        "terms.",
        MODEL,
        default=(),
        completes=BLOCKS,
        metavar="BLOCK,...",
        shown="all but skew",
    ),
    Setting(
        "fix",
        "names",
        "Hold these at their nominal values.",
        MODEL,
        default=(),
        completes=BLOCKS,
        metavar="BLOCK,...",
    ),
    Setting(
        "fit_noise",
        "text",
        "What of the measurement errors to fit.",
        MODEL,
        method=GAUSS_NEWTON,
        names=("scale", "floor", "both"),
    ),
    Setting(
        "likelihood",
        "text",
        "Of the measurements.",
        ROBUST,
        default="normal",
        names=LIKELIHOODS,
    ),
    Setting(
        "reference_prior",
        "text",
        "Of the reference positions.",
        ROBUST,
        default="normal",
        names=LIKELIHOODS,
    ),
    Setting(
        "method", "text", "How to solve.", METHOD, default=GAUSS_NEWTON, names=METHODS
    ),
    Setting(
        "information",
        "either",
        "Write what a plate says about its sources, for combine.",
        METHOD,
        method=GAUSS_NEWTON,
        option="--information/--no-information",
        shown="where all plates are solved",
    ),
    Setting(
        "information_epsilon",
        "number",
        "Share of it below which a mode of the calibration is left out; 0: none.",
        METHOD,
        default=1e-3,
        method=GAUSS_NEWTON,
    ),
    Setting(
        "tolerance",
        "number",
        "Largest step in σ at which it ends.",
        METHOD,
        default=0.01,
        method=GAUSS_NEWTON,
        positive=True,
    ),
    Setting(
        "max_iterations",
        "integer",
        "Iterations at most.",
        METHOD,
        default=50,
        method=GAUSS_NEWTON,
        least=1,
    ),
    Setting(
        "guide",
        "text",
        "Family of distributions: seed, meanfield, lowrank, arrow.",
        METHOD,
        default="seed",
        method=SVI,
        names=GUIDES,
        metavar="NAME",
    ),
    Setting(
        "init",
        "text",
        "Where it starts.",
        METHOD,
        default="none",
        method=SVI,
        names=("none", "map"),
        metavar="none|map",
    ),
    Setting(
        "rank",
        "integer",
        "Columns of W.",
        METHOD,
        default=10,
        method=SVI,
        guides=("lowrank",),
        least=1,
    ),
    Setting("max_steps", "integer", "Steps at most.", METHOD, method=SVI, least=1),
    Setting(
        "time_limit", "number", "Seconds at most.", METHOD, method=SVI, positive=True
    ),
    Setting(
        "checkpoint",
        "text",
        "Where its state is kept.",
        METHOD,
        method=SVI,
        guides=("seed", "meanfield", "lowrank"),
        metavar="FILE",
    ),
    Setting(
        "resume",
        "flag",
        "Go on from the checkpoint.",
        METHOD,
        default=False,
        method=SVI,
        guides=("seed", "meanfield", "lowrank"),
    ),
    Setting(
        "draws",
        "integer",
        "Draws of each chain.",
        METHOD,
        default=1000,
        method=NUTS,
        least=4,
    ),
    Setting(
        "chains",
        "integer",
        "Number of chains.",
        METHOD,
        default=2,
        method=NUTS,
        least=1,
    ),
    Setting(
        "seed",
        "integer",
        "Of random numbers, where used.",
        METHOD,
        default=0,
        least=0,
    ),
)
"""All settings, in the order of the help."""

BY_NAME = {setting.name: setting for setting in SETTINGS}


def default_of(name: str) -> Any:
    """Return what applies unless a setting is chosen.

    Parameters
    ----------
    name
        Of the setting.
    """
    return BY_NAME[name].default


__all__ = [
    "BLOCKS",
    "BY_NAME",
    "COLUMNS",
    "DISTORTIONS",
    "EFFECTS",
    "GAUSS_NEWTON",
    "GROUPS",
    "GUIDES",
    "INPUT",
    "METHOD",
    "METHODS",
    "MODEL",
    "NUTS",
    "OBSERVERS",
    "ROBUST",
    "SETTINGS",
    "SVI",
    "Setting",
    "default_of",
]
