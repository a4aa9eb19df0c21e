"""What columns are called elsewhere: one table of names of surveys and programs.

Errors propose a column from it, tables of references are read by it, and columns of
detections that look meant but are not used are named by it. A name that means something
else is never proposed, however alike it is spelt.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Synonym:
    """One name of a column elsewhere.

    Attributes
    ----------
    meaning
        Name here.
    name
        Name there; case and punctuation do not count.
    origin
        Who writes it.
    unit
        Unit there, where a file says none; empty: as here.
    certain
        Whether it is this and nothing else, so that a catalogue may be read by it.
    note
        What is to be minded; empty: nothing.
    """

    meaning: str
    name: str
    origin: str
    unit: str = ""
    certain: bool = False
    note: str = ""


FROM_ONE = "counts pixels from 1: add --first-pixel 1"
OF_BOTH = "y_error too"
OF_ROW = "often the number of the row: only if one number is one star on all exposures"
FIT_OF_HEADER = "positions that the header's WCS gave, no reference"
OF_AXIS = "of which axis? pa is that of the detectors' +Y, from North through East"
IN_RADIANS = "in radians as Rubin's pipelines write it, in degrees from its archive"
HALF_AXIS = "a semi-axis of the error ellipse"

WITH_COSINE = (
    "with or without cos(dec)? pmra is the motion on the sky, cos(dec) in it; one "
    "without must be multiplied first"
)

_VIZIER = "VizieR"


def _sure(meaning: str, names: str, origin: str, unit: str = "") -> tuple[Synonym, ...]:
    return tuple(
        Synonym(meaning, name, origin, unit, certain=True) for name in names.split()
    )


def _maybe(
    meaning: str, names: str, origin: str, note: str = "", unit: str = ""
) -> tuple[Synonym, ...]:
    return tuple(
        Synonym(meaning, name, origin, unit, note=note) for name in names.split()
    )


SYNONYMS: tuple[Synonym, ...] = (
    # Identifiers.
    *_sure("source_id", "Source DR3Name DR2Name", f"Gaia in {_VIZIER}"),
    *_sure("source_id", "gaia_source_id gaiaid gaia_id sourceid", "various"),
    *_sure("source_id", "objID", "SDSS"),
    *_sure("source_id", "objectId diaObjectId", "Rubin"),
    *_sure("source_id", "_2MASS 2MASS HIP", _VIZIER),
    *_maybe("source_id", "designation", "Gaia, 2MASS"),
    *_maybe("source_id", "star star_id starid star_name name", "various"),
    *_maybe("source_id", "NUMBER SOURCE_NUMBER", "SExtractor, SCAMP", OF_ROW),
    *_maybe("source_id", "ID label recno row", "DAOPHOT, photutils", OF_ROW),
    *_maybe(
        "exposure_id",
        "FRAME FRAME_ID EXPNUM EXPOSURE EXPID EXP EXP_NUM EXPOSURE_NUMBER IMAGE "
        "IMAGE_ID OBSID OBS_ID DITHER FILE FILENAME ROOTNAME",
        "various",
    ),
    *_maybe("exposure_id", "CATALOG_NUMBER", "SCAMP"),
    *_sure("pa", "position_angle posang pos_ang pa_deg", "various"),
    *_maybe("pa", "PA_V3 PA_APER ORIENTAT ROLL ROLL_ANGLE CROTA2", "headers", OF_AXIS),
    *_maybe("exposure_id", "visit visitId ccdVisitId", "Rubin"),
    *_maybe(
        "detector_id",
        "DETECTOR DET DETNUM CCD CCDNUM CCD_ID CHIP CHIP_ID CHIPNUM SCA EXTNUM EXTNAME",
        "various",
    ),
    *_maybe("detector_id", "EXT_NUMBER EXTENSION", "SExtractor, SCAMP"),
    # Positions on a detector.
    *_maybe("x", "XWIN_IMAGE X_IMAGE XPSF_IMAGE", "SExtractor", FROM_ONE, "pix"),
    *_maybe("y", "YWIN_IMAGE Y_IMAGE YPSF_IMAGE", "SExtractor", FROM_ONE, "pix"),
    *_maybe("x", "XCENTER", "DAOPHOT of IRAF", FROM_ONE, "pix"),
    *_maybe("y", "YCENTER", "DAOPHOT of IRAF", FROM_ONE, "pix"),
    *_maybe(
        "x", "x_centroid xcentroid x_fit x_0 xcen xc xpos x_pix xpix", "", "", "pix"
    ),
    *_maybe(
        "y", "y_centroid ycentroid y_fit y_0 ycen yc ypos y_pix ypix", "", "", "pix"
    ),
    *_maybe("x", "slot_Centroid_x base_SdssCentroid_x", "Rubin", "", "pix"),
    *_maybe("y", "slot_Centroid_y base_SdssCentroid_y", "Rubin", "", "pix"),
    *_maybe("x", "x_um x_mm xwin", "various"),
    *_maybe("y", "y_um y_mm ywin", "various"),
    *_maybe("x_error", "ERRAWIN_IMAGE ERRA_IMAGE", "SExtractor", HALF_AXIS, "pix"),
    *_maybe("y_error", "ERRBWIN_IMAGE ERRB_IMAGE", "SExtractor", HALF_AXIS, "pix"),
    *_maybe("x_error", "x_err xerr err_x e_x sigma_x x_sigma x_unc dx ex", "various"),
    *_maybe("y_error", "y_err yerr err_y e_y sigma_y y_sigma y_unc dy ey", "various"),
    *_maybe("x_error", "slot_Centroid_xErr base_SdssCentroid_xErr", "Rubin"),
    *_maybe("y_error", "slot_Centroid_yErr base_SdssCentroid_yErr", "Rubin"),
    *_maybe("x_error", "ERR ERROR POS_ERR POSERR", "various", OF_BOTH),
    *_maybe("flag", "FLAGS FLAG_WIN FLAGS_WIN QUALITY DQ", "SExtractor and others"),
    # Positions on the sky.
    *_sure("ra", "RA_ICRS _RA_icrs _RA.icrs", _VIZIER, "deg"),
    *_sure("dec", "DE_ICRS _DE_icrs _DE.icrs DEC_ICRS", _VIZIER, "deg"),
    *_sure("ra", "RAJ2000 RAdeg _RAJ2000", _VIZIER, "deg"),
    *_sure("dec", "DEJ2000 DEdeg _DEJ2000", _VIZIER, "deg"),
    # Mean positions of Tycho-2 are of ICRS, at the epoch 2000.0.
    *_sure("ra", "RAmdeg", "Tycho-2", "deg"),
    *_sure("dec", "DEmdeg", "Tycho-2", "deg"),
    *_sure("dec", "decl", "2MASS", "deg"),
    *_sure("ra", "ra_deg ra_j2000 raj2000deg right_ascension", "various", "deg"),
    *_sure("dec", "dec_deg dec_j2000 decj2000 declination", "various", "deg"),
    *_sure("ra", "raMean raStack", "Pan-STARRS", "deg"),
    *_sure("dec", "decMean decStack", "Pan-STARRS", "deg"),
    *_maybe(
        "ra",
        "ALPHA_J2000 ALPHAWIN_J2000 ALPHAPSF_J2000 X_WORLD XWIN_WORLD",
        "SExtractor",
        FIT_OF_HEADER,
        "deg",
    ),
    *_maybe(
        "dec",
        "DELTA_J2000 DELTAWIN_J2000 DELTAPSF_J2000 Y_WORLD YWIN_WORLD",
        "SExtractor",
        FIT_OF_HEADER,
        "deg",
    ),
    *_maybe("ra", "sky_centroid.ra sky_centroid_ra", "JWST, photutils", FIT_OF_HEADER),
    *_maybe(
        "dec", "sky_centroid.dec sky_centroid_dec", "JWST, photutils", FIT_OF_HEADER
    ),
    *_maybe("ra", "coord_ra", "Rubin", IN_RADIANS),
    *_maybe("dec", "coord_dec", "Rubin", IN_RADIANS),
    *_maybe("ra", "alpha ra2000 ra_hms", "various"),
    *_maybe("dec", "delta de dec2000 dec_dms", "various"),
    *_sure("ra_error", "e_RA_ICRS e_RAdeg e_RAmdeg", _VIZIER, "mas"),
    *_sure("dec_error", "e_DE_ICRS e_DEdeg e_DEmdeg", _VIZIER, "mas"),
    *_maybe("ra_error", "e_RAJ2000 e_ra ra_err sigma_ra ra_sigma raerr", "various"),
    *_maybe("dec_error", "e_DEJ2000 e_de e_dec dec_err sigma_dec decerr", "various"),
    *_sure("ra_error", "raMeanErr", "Pan-STARRS", "arcsec"),
    *_sure("dec_error", "decMeanErr", "Pan-STARRS", "arcsec"),
    *_maybe("ra_error", "ERRA_WORLD ERRAWIN_WORLD errMaj", "SCAMP, 2MASS", HALF_AXIS),
    *_maybe("dec_error", "ERRB_WORLD ERRBWIN_WORLD errMin", "SCAMP, 2MASS", HALF_AXIS),
    *_sure("ra_dec_corr", "RADEcor", _VIZIER),
    *_sure("ra_parallax_corr", "RAPlxcor", _VIZIER),
    *_sure("ra_pmra_corr", "RApmRAcor", _VIZIER),
    *_sure("ra_pmdec_corr", "RApmDEcor", _VIZIER),
    *_sure("dec_parallax_corr", "DEPlxcor", _VIZIER),
    *_sure("dec_pmra_corr", "DEpmRAcor", _VIZIER),
    *_sure("dec_pmdec_corr", "DEpmDEcor", _VIZIER),
    *_sure("parallax_pmra_corr", "PlxpmRAcor", _VIZIER),
    *_sure("parallax_pmdec_corr", "PlxpmDEcor", _VIZIER),
    *_sure("pmra_pmdec_corr", "pmRApmDEcor", _VIZIER),
    # Motion.
    *_sure("pmra", "pmRA", "various", "mas/yr"),
    *_sure(
        "pmra", "pm_ra_cosdec pmRAcosDE pmra_cosdelta pmra_star", "various", "mas/yr"
    ),
    *_sure("pmra", "mu_alpha_star mu_alpha_cosdec mu_alpha_cosdelta", "various"),
    *_sure("pmra", "mu_ra_cosdec mu_ra_star mu_alpha_cosd", "various"),
    *_sure("pmdec", "pmDE pm_de pm_dec", "various", "mas/yr"),
    *_maybe("pmra", "pm_ra PMALPHA_J2000 mu_alpha mu_ra", "SCAMP", WITH_COSINE),
    *_maybe("pmdec", "PMDELTA_J2000 mu_delta mu_dec", "SCAMP"),
    *_sure("pmra_error", "e_pmRA pm_ra_error pmra_err", "various", "mas/yr"),
    *_sure("pmdec_error", "e_pmDE pm_dec_error pmdec_err", "various", "mas/yr"),
    *_maybe("pmra_error", "PMALPHAERR_J2000", "SCAMP"),
    *_maybe("pmdec_error", "PMDELTAERR_J2000", "SCAMP"),
    *_sure("parallax", "Plx", _VIZIER, "mas"),
    *_sure("parallax_error", "e_Plx parallax_err", _VIZIER, "mas"),
    *_sure("radial_velocity", "RV HRV", _VIZIER, "km/s"),
    *_sure("radial_velocity_error", "e_RV e_HRV", _VIZIER, "km/s"),
    # Light.
    *_sure("phot_g_mean_mag", "Gmag", _VIZIER, "mag"),
    *_sure("bp_rp", "BP-RP", _VIZIER, "mag"),
    *_sure("phot_hw_mag", "Hwmag", "JASMINE", "mag"),
    # Time.
    *_sure("ref_epoch", "refepoch", "various"),
    *_maybe("ref_epoch", "Ep Epoch_ICRS jdate MeanEpoch epochMean", "various"),
    *_maybe("epoch", "MJD MJD-OBS MJD_MID MJD_AVG EXPSTART", "various", "", "mjd"),
    *_maybe("epoch", "midpointMjdTai midPointTai expMidptMJD", "Rubin", "", "mjd tai"),
    *_maybe("epoch", "JD HJD BJD", "various", "", "jd"),
    *_maybe("epoch", "DATE DATE-OBS OBSDATE DATETIME TIME OBSTIME YEAR", "various"),
)
"""In the order of preference, where a table has several."""

_ELSE = (
    "l b glon glat elon elat gal_lon gal_lat ecl_lon ecl_lat pm e_pm pm_error "
    "parallax_over_error astrometric_excess_noise ruwe flag flags mag e_mag colour "
    "color field field_id block_id plate_id catalog_id random_index solution_id "
    "healpix _healpix_29 cosdec theta pa phase rad_vel r radius dist distance "
    "fwhm sky sharp sharpness round roundness roundness1 roundness2 chi merr "
    "flux flux_err peak area npix errx2win_image erry2win_image errxywin_image "
    "errtheta_image errthetawin_image a_image b_image x2_image y2_image xy_image xmin "
    "xmax ymin ymax xmin_image xmax_image ymin_image ymax_image xpeak_image "
    "ypeak_image is_reference fixed rah ram ras ded dem des"
)


def plain(name: str) -> str:
    """Return a name without case and punctuation."""
    return "".join(c for c in name.lower() if c.isalnum())


_BY_NAME: dict[str, Synonym] = {}
for _synonym in SYNONYMS:
    _BY_NAME.setdefault(plain(_synonym.name), _synonym)
_MEANINGS = {s.meaning for s in SYNONYMS} | {"y", "xy_corr"}
_OWN = {plain(name): name for name in _MEANINGS}
_AS_SPELT = {s.name.lower(): s for s in SYNONYMS if s.name == "pm_ra"}
"""What is not ours although it differs by punctuation only: it may lack cos(dec)."""
_OTHER = {plain(name) for name in _ELSE.split()}


def synonym_of(name: str) -> Synonym | None:
    """Return what a column of this name is elsewhere; None: not known.

    Parameters
    ----------
    name
        As in a table. A name of ours that differs by case or punctuation only counts.

    Examples
    --------
    >>> synonym_of("DE_ICRS").meaning
    'dec'
    """
    key = plain(name)
    if name.lower() in _AS_SPELT:
        return _AS_SPELT[name.lower()]
    if key in _OWN:
        return Synonym(_OWN[key], name, "Gaia", certain=True)
    return _BY_NAME.get(key)


def is_ours(name: str) -> bool:
    """Return whether a name is of this house, and means something here."""
    return name in _OWN.values()


def has_another_meaning(name: str, wanted: str) -> bool:
    """Return whether a column is known to be something else than what is wanted.

    Parameters
    ----------
    name
        Of a column in a table.
    wanted
        Name here.
    """
    found = synonym_of(name)
    if found is not None:
        return found.meaning != wanted
    return plain(name) in _OTHER


def called(wanted: str, present: Iterable[str]) -> list[str]:
    """Return the columns that are called `wanted` elsewhere, the likeliest first.

    Parameters
    ----------
    wanted
        Name here.
    present
        Names in a table.
    """
    ranked = []
    for name in present:
        found = synonym_of(name)
        if found is not None and found.meaning == wanted and name != wanted:
            rank = SYNONYMS.index(found) if found in SYNONYMS else -1
            ranked.append((rank, name))
    return [name for _, name in sorted(ranked)]


def of_joins(wanted: str, present: Iterable[str]) -> list[str]:
    """Return columns that a join of two tables made of `wanted`, as ``ra_1``.

    Parameters
    ----------
    wanted
        Name here.
    present
        Names in a table.
    """
    ends = ("_1", "_2", "_x", "_y", "_a", "_b", "_left", "_right", "_ref", "_cat")
    names = {f"{wanted}{end}" for end in ends}
    return [n for n in present if n.lower() in names]


def certain_names(
    present: Collection[str], wanted: Iterable[str]
) -> dict[str, Synonym]:
    """Return which columns of a catalogue are which, where nothing can be mistaken.

    Parameters
    ----------
    present
        Names in the table.
    wanted
        Names here.

    Returns
    -------
    For each name here that is absent and has one certain synonym, that synonym with the
    name as the table has it.
    """
    result = {}
    for name in wanted:
        if name in present:
            continue
        for candidate in called(name, present):
            found = synonym_of(candidate)
            if found is not None and found.certain:
                unit, origin = found.unit, found.origin
                result[name] = Synonym(name, candidate, origin, unit, certain=True)
                break
    return result


__all__ = [
    "SYNONYMS",
    "Synonym",
    "called",
    "certain_names",
    "has_another_meaning",
    "is_ours",
    "of_joins",
    "plain",
    "synonym_of",
]
