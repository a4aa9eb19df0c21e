"""The velocities that belong to a model of the Galaxy."""

from pathlib import Path

from reseau.config import Source, build
from reseau.errors import ConfigError, explain
from reseau.galaxy.model import Component, Galaxy
from reseau.galaxy.model.bar import Bar
from reseau.galaxy.model.discs import Disc
from reseau.galaxy.nuclear_moments import (
    DiscTable as NuclearTable,
)
from reseau.galaxy.nuclear_moments import (
    genulens_disc,
    genulens_file,
    read_disc,
    shipped_cluster,
    shipped_disc,
)

from .bar import BarKinematics
from .cluster import ClusterMoments
from .discs import DiscTable
from .laws import BarLaw, DiscLaw, Law, NuclearLaw
from .nuclear import NuclearDiscMoments
from .parameters import KinematicsConfig
from .rotation import RotationCurve
from .shu import ShuDisc
from .velocities import Kinematics


def kinematics_of(galaxy: Galaxy, *, moments: str | Path | None = None) -> Kinematics:
    """Return the velocities of a Galaxy's components.

    Parameters
    ----------
    galaxy
        With tables ``[kinematics.*]`` in its file.
    moments
        Of the nuclear disc, in place of what the file says: "auto" (those of the
        package genulens where it is installed, else the shipped ones), "genulens",
        "shipped", or a file that `read_disc` reads.

    Raises
    ------
    ConfigError
        A key is unknown, missing or out of range, there is no such file, or genulens is
        not installed and its moments are asked for.
    FileFormatError
        The file of moments is not what is expected.
    """
    source = galaxy.source.below("kinematics")
    config = build(KinematicsConfig, galaxy.kinematics, source)
    chosen = str(moments or config.nuclear.moments)
    curve = RotationCurve(config.rotation_curve)
    laws: dict[str, Law] = {}
    for component in galaxy.components:
        if component.kind == "nuclear disc":
            local = NuclearDiscMoments(nuclear_disc(chosen, source))
            laws[component.name] = _nuclear(local, config)
        elif component.kind == "nuclear cluster":
            rotation = config.nuclear.cluster_rotation
            cluster = ClusterMoments(shipped_cluster(), rotation)
            laws[component.name] = _nuclear(cluster, config)
        else:
            laws[component.name] = _law(component, config, curve, galaxy.frame.r0)
    return Kinematics(laws)


def nuclear_disc(moments: str, source: Source | None = None) -> NuclearTable:
    """Return the table of the nuclear disc's moments.

    Parameters
    ----------
    moments
        "auto", "genulens", "shipped" or a file; a relative one is beside the Galaxy's.
    source
        The Galaxy's file.
    """
    if moments == "shipped":
        return shipped_disc()
    if moments == "genulens":
        return genulens_disc()
    if moments == "auto":
        return shipped_disc() if genulens_file() is None else genulens_disc()
    folder = Path(source.name).parent if source is not None else Path()
    path = folder / moments
    if path.is_file():
        return read_disc(path)
    raise ConfigError(
        explain(
            given=f"moments = {moments!r}, and there is no file {path}",
            wanted='"auto", "genulens", "shipped", or a file of moments',
            where="the moments of the nuclear disc",
            todo="correct the name",
        )
    )


def _nuclear(
    local: NuclearDiscMoments | ClusterMoments, config: KinematicsConfig
) -> NuclearLaw:
    nuclear = config.nuclear
    return NuclearLaw(local, nuclear.black_hole_mass, nuclear.largest_speed_km_s)


def _law(
    component: Component, config: KinematicsConfig, curve: RotationCurve, r0: float
) -> Law:
    law = component.law
    if isinstance(law, Bar):
        return BarLaw(BarKinematics(config.bar, law.angle))
    if not isinstance(law, Disc):
        raise ConfigError(
            explain(
                given=f"the component {component.name} is a {component.kind}",
                wanted="a disc, a bar, a nuclear disc or a nuclear cluster",
                where="the kinematics",
                todo="leave it out: no law of velocities is known for it",
            )
        )
    disc = config.thin if component.kind == "disc" else config.thick
    return DiscLaw(DiscTable(ShuDisc(disc, curve, component.age, law.scale_length, r0)))


__all__ = ["kinematics_of", "nuclear_disc"]
