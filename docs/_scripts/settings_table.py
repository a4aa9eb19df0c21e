"""Write the table of all settings of `solve` from their declarations."""

import sys
from pathlib import Path

from reseau._spoken import CLASSES
from reseau.settings import GROUPS, SETTINGS, Setting

PAGE = Path(__file__).parents[1] / "settings-table.md"

CAMERA = ("degree", "degree_kind", "minimum_degree")


def in_python(setting: Setting) -> str:
    """Return where a setting is said in Python."""
    name = setting.name
    if name == "method":
        return "`method=`"
    if name == "likelihood":
        return "`Robust(measurements=)`"
    if name == "reference_prior":
        return "`Robust(references=)`"
    if name == "reference_table":
        return "`reference=`"
    if name == "reference":
        return "`reference=False`"
    if name == "seed":
        return "`Variational(seed=)`, `Nuts(seed=)`"
    if name == "distortion":
        return "`instrument.with_distortion(NAME)`"
    if name in CAMERA:
        auto = ", `choose_degree=True`" if name == "degree" else ""
        return f"`instrument.with_distortion({name}=)`{auto}"
    if name in ("scale", "focal_prior"):
        return f"`replace(instrument, {name}=)`"
    if setting.method is not None:
        return f"`{CLASSES[setting.method]}({name}=)`"
    return f"`{name}=`"


def table() -> str:
    """Return the table, group by group."""
    lines = []
    for group in GROUPS:
        lines += [
            f"### {group}",
            "",
            "| command | Python | default | |",
            "|---|---|---|---|",
        ]
        for setting in (s for s in SETTINGS if s.group == group):
            value = setting.metavar or "\\|".join(setting.names)
            typed = f"{setting.typed} {value}".strip().replace("|", "\\|")
            typed = typed.replace("\\\\|", "\\|")
            default = setting.shown or setting.default
            default = "" if default in (None, (), False, True) else f"{default}"
            text = setting.help.split(" One of ")[0].replace("|", "\\|")
            if setting.guides:
                text += f" Of {', '.join(setting.guides)}."
            lines.append(f"| `{typed}` | {in_python(setting)} | {default} | {text} |")
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    """Write the page, or with ``--check`` say whether it is as it would be."""
    if "--check" in sys.argv:
        sys.exit(PAGE.read_text(encoding="utf-8") != table())
    PAGE.write_text(table(), encoding="utf-8")


if __name__ == "__main__":
    main()
