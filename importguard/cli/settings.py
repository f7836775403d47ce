"""The options of ``importguard check`` as values: one Config a run, or one for each image of the file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Optional

import click
from click.core import ParameterSource

from importguard.cli.config_option import image_defaults, loaded_configuration
from importguard.cli.options import build_argument, read_environment, setup_callable
from importguard.config import Build, Config
from importguard.errors import UsageError

if TYPE_CHECKING:
    from importguard.evidence.starts import StartSettings
    from importguard.policy.configuration import Configuration, ImageSettings

_BUILD_ONLY = {"target": "--target", "build_args": "--build-arg", "tag": "--tag"}
# Options that are settings of the same name and value.
_SAME = (
    *("images", "pull", "platform", "packages", "exclude", "include_tests", "commands", "network", "timeout"),
    *("engine", "cache_dir"),
    *("module_timeout", "memory", "jobs", "python", "exact", "thorough"),
    *("source", "dockerfile", "start_anyway"),
)
# What says which image is meant: with --all, the file says it.
_WHICH = {
    "images": "an image",
    "build": "--build",
    "dockerfile": "-f/--file",
    "target": "--target",
    "tag": "--tag",
}


def make_configs(ctx: click.Context, options: dict[str, Any]) -> list[Config]:
    """The settings as values, one for each image of the file with --all; raises UsageError for nonsense."""
    if options["exact"] and options["thorough"]:
        raise UsageError("--exact asks a fresh interpreter about every module: leave out --thorough")
    if _all(ctx, options):
        file = loaded_configuration(ctx)
        described = [_of_image(ctx, options, image, file) for image in file.images] if file else []
        return _with_services(described, file)
    options = _one_way(ctx, options)
    _check_images(ctx, options)
    file = loaded_configuration(ctx)
    if not options["images"]:
        return _with_services([_config(options, _start_of(file, None))], file)
    own = {image: (_origin(ctx, options, image), _start_of(file, image)) for image in options["images"]}
    if len(set(own.values())) > 1:
        each = [
            replace(_config({**options, "images": (image,)}, start), origin=build)
            for image, (build, start) in own.items()
        ]
        return _with_services(each, file)
    ((build, start),) = set(own.values())
    return _with_services([replace(_config(options, start), origin=build)], file)


def _start_of(file: Optional[Configuration], image: Optional[str]) -> Optional[StartSettings]:
    """The start settings of an image given by name: its ``[[image]]``'s, else those of ``[start]``; None
    without a file."""
    if file is None:
        return None
    from importguard.cli.start_settings import read_start

    return read_start(file, described_image(file.images, image) if image else None)


def _with_services(configs: list[Config], file: Optional[Configuration]) -> list[Config]:
    """Add the services that the file describes, if anything is to be started."""
    if file is None or not any(config.start for config in configs):
        return configs
    from importguard.cli.start_settings import read_services

    services = read_services(file)
    return [replace(config, services=services) for config in configs]


def _typed(ctx: click.Context, name: str) -> bool:
    return ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE


def _described(ctx: click.Context) -> tuple[ImageSettings, ...]:
    """The images that the file describes."""
    file = loaded_configuration(ctx)
    return file.images if file else ()


def _all(ctx: click.Context, options: dict[str, Any]) -> bool:
    """Whether the images of the file are to be checked. What is typed wins over the file's ``all = true``."""
    if not options["all_"]:
        return False
    # Before click 8.2, an argument that is not there counts as typed.
    named = [flag for name, flag in _WHICH.items() if options[name] and _typed(ctx, name)]
    if named and _typed(ctx, "all_"):
        raise UsageError(f"--all checks the images of the configuration file; give either it or {named[0]}")
    if not named and not _described(ctx):
        file = loaded_configuration(ctx)
        where = file.path if file else "no configuration file was found: it"
        raise UsageError(f"--all: {where} describes no image; add [[image]] tables to it")
    return not named


def _origin(ctx: click.Context, options: dict[str, Any], image: str) -> Optional[Build]:
    """The build that the configuration has for an image that is given by name: its own ``[[image]]``, else
    the ``build`` of the whole file."""
    file = loaded_configuration(ctx)
    if file is None or any(_typed(ctx, name) for name in ("source", "dockerfile")):
        return None
    described = described_image(file.images, image)
    if described is None and file.images:
        return None
    values = image_defaults(ctx, file, described.settings if described else file.settings)
    context = values.get("build") or (described and values.get("source"))
    if not context:
        return None
    arguments = tuple(build_argument(value) for value in values.get("build_args") or ())
    return Build(context, values.get("dockerfile"), values.get("target"), arguments)


def described_image(images: Sequence[ImageSettings], reference: str) -> Optional[ImageSettings]:
    """The ``[[image]]`` that describes ``reference``: by its reference or tag, else by the name alone, as
    ``shop`` describes registry.example.org/shop:4f2a, where only one does."""
    for image in images:
        if reference in (image.reference, image.settings.get("tag")):
            return image
    name = _bare_name(reference)
    alike = [
        image
        for image in images
        if name
        in (image.name, _bare_name(image.reference or ""), _bare_name(image.settings.get("tag") or ""))
    ]
    return alike[0] if len(alike) == 1 else None


def _bare_name(reference: str) -> str:
    """The last part of an image's name, without registry, tag and digest."""
    return reference.partition("@")[0].rpartition("/")[2].partition(":")[0]


def _one_way(ctx: click.Context, options: dict[str, Any]) -> dict[str, Any]:
    """Images that are typed take the place of a build that the environment or the file names."""
    replaced = options["images"] and options["build"] and not _typed(ctx, "build")
    return {**options, "build": None} if replaced else options


def _of_image(
    ctx: click.Context, options: dict[str, Any], image: ImageSettings, file: Configuration
) -> Config:
    """The settings of one image: what is typed or in the environment wins over what the file says of it."""
    strong = (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT)
    own = image_defaults(ctx, file, image.settings)
    chosen = {name: value for name, value in own.items() if ctx.get_parameter_source(name) not in strong}
    merged = {**options, **chosen, "images": (image.reference,) if image.reference else ()}
    if image.reference:
        merged["build"] = None
    if not image.reference and not merged["build"]:
        ways = "give build, the folder of its context, or reference, the name of an image that exists"
        raise UsageError(f"{file.path}: image {image.name!r}: {ways}")
    from importguard.cli.start_settings import read_start

    return _config(merged, read_start(file, image), image.name)


def _config(options: dict[str, Any], start: Optional[StartSettings], name: str = "") -> Config:
    build = None
    if options["build"]:
        arguments = tuple(build_argument(value) for value in options["build_args"])
        build = Build(options["build"], options["dockerfile"], options["target"], arguments, options["tag"])
    return Config(
        name=name or None,
        build=build,
        start=_wanted_start(start) if options["start"] else None,
        env=read_environment(options["env"], options["env_files"], os.environ),
        setup=setup_callable(options["setup"]),
        **{key: options[key] for key in _SAME},
    )


def _wanted_start(start: Optional[StartSettings]) -> StartSettings:
    """The settings of a start that is asked for: the usual ones where no file has any."""
    from importguard.evidence.starts import StartSettings

    return start or StartSettings()


def _check_images(ctx: click.Context, options: dict[str, Any]) -> None:
    """Either images or a build; what is typed for the one is refused with the other."""
    if options["images"] and options["build"]:
        raise UsageError("give either images to check or --build CONTEXT, not both")
    if not options["images"] and not options["build"]:
        found, described = loaded_configuration(ctx), len(_described(ctx))
        file = f", or --all for the images of {found.path} ({described})" if found and described else ""
        raise UsageError(
            f"give an image to check, or build one with --build CONTEXT{file} (see importguard check --help; "
            "importguard init writes a configuration that names it)"
        )
    if any(not image.strip() for image in options["images"]):
        raise UsageError("an image's name is empty; give a reference such as shop:1.4")
    refused = {"pull": "--pull"} if options["build"] else _BUILD_ONLY
    for name, flag in refused.items():
        if _typed(ctx, name):
            raise UsageError(f"{flag} is {'not for' if options['build'] else 'only for'} --build")


def is_whole(ctx: click.Context, options: dict[str, Any]) -> bool:
    """Whether the run checks all that the file is for, so that an ignore without a match is one too many."""
    narrowed = any(_typed(ctx, name) for name in ("packages", "exclude"))
    return not narrowed and (_all(ctx, options) or not _described(ctx))
