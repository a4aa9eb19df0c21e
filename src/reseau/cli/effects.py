"""`reseau effects`: what moves a star's image, term by term."""

from typing import Annotated

import typer

from ._compiled import keep_compiled
from ._guard import Debug, Json, given_path, guarded
from ._screen import print_json


@guarded
def effects(
    context: typer.Context,
    ra: Annotated[
        float, typer.Option(help="Right ascension of the field's centre, ICRS [deg].")
    ],
    dec: Annotated[float, typer.Option(help="Declination of it [deg].")],
    epoch: Annotated[float, typer.Option(help="Julian year, TCB, such as 2031.2.")],
    observer: Annotated[
        str,
        typer.Option(
            metavar="geocentre|orbit|site:LAT,LON,H|FILE",
            help="Where the telescope is: degrees and metres for a site, north and "
            "east positive; orbit:period=MINUTES,...; or a table of states.",
        ),
    ] = "geocentre",
    fov: Annotated[float, typer.Option(help="Side of the square field [deg].")] = 0.55,
    parallax: Annotated[float, typer.Option(help="Of the stars [mas].")] = 1.0,
    ephemeris: Annotated[
        str,
        typer.Option(metavar="builtin|de440", help="Where Earth, Sun and planets are."),
    ] = "builtin",
    bodies: Annotated[
        str | None,
        typer.Option(
            metavar="BODY,...|none",
            help="Bodies that deflect light; by default all of the ephemeris.",
        ),
    ] = None,
    pressure: Annotated[
        float | None,
        typer.Option(help="Of a site's air [hPa]; by default that of its height."),
    ] = None,
    temperature: Annotated[
        float | None,
        typer.Option(help="Of a site's air [deg C]; by default that of its height."),
    ] = None,
    humidity: Annotated[
        float | None, typer.Option(help="Of a site's air, 0 to 1; by default 0.5.")
    ] = None,
    wavelength: Annotated[
        float | None, typer.Option(help="Of the light at a site [um]; by default 0.59.")
    ] = None,
    plot: Annotated[
        str | None,
        typer.Option(metavar="FILE.png", help="Draw the fields as arrow maps."),
    ] = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Say what moves a star's image, term by term.

    For each term: displacement of the field's centre, the part that differs over the
    field, and what affine and quadratic plate models leave of that.
    """
    del context, debug
    target = None if plot is None else given_path(plot, "--plot")
    # Not at the top: astropy and JAX take seconds that the help need not wait for.
    from reseau.diagnostics import effects as run
    from reseau.verbs.effects import draw_effects

    keep_compiled()
    found = run(
        ra=ra,
        dec=dec,
        epoch=epoch,
        observer=observer,
        fov=fov,
        parallax=parallax,
        ephemeris=ephemeris,
        bodies=bodies,
        pressure=pressure,
        temperature=temperature,
        humidity=humidity,
        wavelength=wavelength,
    )
    if target is not None:
        draw_effects(found, target)
    if json:
        print_json(found.as_dict())
        return
    for line in found.lines():
        typer.echo(line)
    if target is not None:
        typer.echo(f"\ndrawn in {target}")


__all__ = ["effects"]
