"""The command `reseau`: one file per verb, each a thin call of `verbs`.

Nothing heavy is imported here: help and usage errors must not wait seconds for JAX
and astropy. The verbs are imported when they run.
"""

from typing import Annotated

import typer

from ._groups import Grouped
from ._guard import Choices
from ._verb import Verb
from .combine import combine
from .compare import compare
from .config import configurations
from .demo import demo
from .effects import effects
from .fetch import fetch
from .forecast import forecast
from .info import info
from .merge import merge
from .mock import mocks
from .plan import plan
from .plot import plot
from .posterior import posterior
from .simulate import simulations
from .solve import solve
from .sources import sources
from .validate import budget, validate

app = typer.Typer(
    name="reseau",
    help="High-precision differential astrometry with honest covariances.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("solve", cls=Grouped)(solve)
app.command("combine", cls=Verb)(combine)
app.add_typer(simulations, name="simulate")
app.add_typer(mocks, name="mock")
app.command("sources", cls=Verb)(sources)
app.command("fetch", cls=Verb)(fetch)
app.command("plan", cls=Verb)(plan)
app.command("forecast", cls=Verb)(forecast)
app.command("validate", cls=Verb)(validate)
app.command("budget", cls=Verb)(budget)
app.command("compare", cls=Verb)(compare)
app.command("merge", cls=Verb)(merge)
app.command("plot", cls=Verb)(plot)
app.command("effects", cls=Verb)(effects)
app.command("posterior", cls=Verb)(posterior)
app.command("info", cls=Verb)(info)
app.add_typer(configurations, name="config")
app.command("demo", cls=Verb)(demo)


def _show_version(wanted: bool) -> None:
    if wanted:
        from reseau import __version__

        typer.echo(f"reseau {__version__}")
        raise typer.Exit


@app.callback()
def common(
    context: typer.Context,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error.")
    ] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_show_version,
            is_eager=True,
            help="Show the version and exit.",
        ),
    ] = False,
) -> None:
    """Keep what was said before the verb."""
    del version  # its callback has shown it
    context.obj = Choices(debug=debug)


def main() -> None:
    """Run the command; the entry point of the installed program."""
    app()


__all__ = ["app", "main"]
