"""What an application needs before its modules import: Django's ``setup()``, or the user's own."""

from __future__ import annotations

import os

from importguard.probe.files import read_text
from importguard.probe.select.finder import Finder
from importguard.probe.start.start_command import StartCommand

VARIABLE = "DJANGO_SETTINGS_MODULE"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from importguard.probe.values import Preparation


def find_preparation(
    wanted: str | None, commands: list[StartCommand], finder: Finder, environ: dict[str, str]
) -> Preparation | None:
    """What to call before importing: ``--setup MODULE:CALLABLE``, else Django's where settings are named."""
    if wanted:
        return {"description": "%s()" % wanted.replace(":", "."), "environ": {}, "callable": wanted}
    if finder.locate_module("django") is None:
        return None
    settings = _settings(commands, finder, environ)
    if not settings:
        return None
    return {
        "description": "django.setup() with %s=%s" % (VARIABLE, settings),
        "environ": {VARIABLE: settings},
        "callable": "django:setup",
    }


def modules_named_in_settings(settings: str, modules: Mapping[str, str | None]) -> list[str]:
    """Those of ``modules`` (name → path) that a settings module, or what it imports, names in its strings.

    ``"data_import.apps.Config"`` names ``data_import.apps``; Django imports an application's ``models``, too.
    """
    import re  # Only an application whose files have two names pays for it.

    from importguard.probe.code.sites import static_reach

    found: dict[str, None] = {}
    for module in sorted(static_reach(settings, modules)):
        text = read_text(modules[module] or "", 1 << 19) or ""
        for name in re.findall(r"""["']([A-Za-z_][\w.]*)["']""", text):
            known = [name, *(name.rsplit(".", count)[0] for count in range(1, name.count(".") + 1))]
            named = next((one for one in known if one in modules), None)
            if named is not None:
                found.update(dict.fromkeys(one for one in (named, named + ".models") if one in modules))
    return list(found)


def _settings(commands: list[StartCommand], finder: Finder, environ: dict[str, str]) -> str | None:
    """The settings module: of the start commands, of what they load, of a manage.py on the import path."""
    for command in commands:
        found = settings_of(command, environ)
        if found:
            return found
        for module, _ in command.entries:
            for name in (module, module + ".celery"):
                located = finder.locate_module(name)
                found = named_in(located.path) if located and located.path else None
                if found:
                    return found
    for entry in finder.entries[:8]:
        found = named_in(os.path.join(entry, "manage.py"))
        if found:
            return found
    return environ.get(VARIABLE) or None


def settings_of(command: StartCommand, environ: dict[str, str]) -> str | None:
    """The settings module of one command: ``--settings``, the environment, what its manage.py sets."""
    found = command.settings or command.environ.get(VARIABLE) or environ.get(VARIABLE)
    return found or (named_in(command.manage) if command.manage else None)


def named_in(path: str) -> str | None:
    """The literal in ``os.environ.setdefault("DJANGO_SETTINGS_MODULE", "x")``, or in an assignment to it."""
    text = read_text(path, 65536) or ""
    at = text.find(VARIABLE)
    while at >= 0:
        rest = text[at + len(VARIABLE) + 1 : at + 300].lstrip()
        if rest[:1] == "]":
            rest = rest[1:].lstrip()
        value = rest[1:].lstrip()
        if rest[:1] in (",", "=") and value[:1] in ("'", '"'):
            name = value[1:].split(value[0], 1)[0]
            if name and all(part.isidentifier() for part in name.split(".")):
                return name
        at = text.find(VARIABLE, at + 1)
    return None
