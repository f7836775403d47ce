"""``importguard cache``: the images that the embedded engine has unpacked."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Optional

import click

from importguard.cli.lazy_commands import SUMMARIES
from importguard.cli.options import option_with_variable, parse_size

if TYPE_CHECKING:
    from importguard.engines.embedded.cache import CachedImage, ImageCache

_DAY, _MIB = 86400, 1 << 20


def _cache_folder_option(command: Callable[..., Any]) -> Callable[..., Any]:
    option = option_with_variable(
        "--cache-dir", metavar="FOLDER", help="The cache, where it is not the usual."
    )
    return option(command)  # type: ignore[no-any-return]


@click.group(short_help=SUMMARIES["cache"])
def cache() -> None:
    """List or remove the images that the embedded engine has unpacked."""


@cache.command("list")
@_cache_folder_option
def list_images(cache_dir: Optional[str]) -> None:
    """List the images, used last first.

    A line has the id, size, last use and reference.
    """
    _write(_opened(cache_dir).list_images())


@cache.command("prune")
@click.option("--keep", type=parse_size, metavar="SIZE", help="Bytes that may stay. [default: 20g]")
@_cache_folder_option
def prune_images(keep: Optional[int], cache_dir: Optional[str]) -> None:
    """Remove the images used least.

    As many as need be until the rest fits, and what killed runs left; lists them.
    """
    _write(_opened(cache_dir).prune_images(keep))


@cache.command("clear")
@_cache_folder_option
def clear_images(cache_dir: Optional[str]) -> None:
    """Remove all that is not in use; list it."""
    _write(_opened(cache_dir).prune_images(0))


def _opened(folder: Optional[str]) -> ImageCache:
    from importguard.engines.embedded.cache import ImageCache, default_cache_folder

    return ImageCache(Path(folder) if folder else default_cache_folder())


def _write(images: Sequence[CachedImage]) -> None:
    from importguard.cli.writing import write_stdout
    from importguard.terminal import printable_line

    for image in images:
        row = f"{image.id[7:19]}  {image.size / _MIB:8.1f} MiB  {_age(image.used):>12}"
        write_stdout(f"{row}  {printable_line(image.reference)}\n")


def _age(used: float) -> str:
    days = int((time.time() - used) // _DAY)
    return "today" if days < 1 else f"{days} days ago"
