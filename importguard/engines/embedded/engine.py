"""The embedded engine: archives of images, unpacked into a cache and run under bubblewrap, with no daemon."""

from __future__ import annotations

import io
import os
import platform as host
import re
import struct
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Callable, NoReturn, Optional

from importguard.config import Build
from importguard.engines.base import CommandNotFound, ForeignProgram, Image, Limits, Run, Service
from importguard.engines.embedded.archive import opened_archive
from importguard.engines.embedded.cache import ImageCache, Unpacked, default_cache_folder
from importguard.engines.embedded.compression import VerifiedReader, decompressed_stream
from importguard.engines.embedded.image_source import ImageSource, Layer, StoredImage
from importguard.engines.embedded.permissions import Permissions, Viewer
from importguard.engines.embedded.process import SandboxedProcess
from importguard.engines.embedded.root_paths import HOSTNAME, ImageRoot
from importguard.engines.embedded.sandbox import (
    HOSTS,
    Place,
    Sandbox,
    check_sandbox,
    find_bubblewrap,
    own_namespaces,
    sandbox_arguments,
)
from importguard.engines.embedded.unpack import RootFolder
from importguard.engines.image_configuration import architecture_name
from importguard.engines.references import archive_location, is_archive, names_a_registry
from importguard.errors import EngineError, ImageError, UsageError
from importguard.progress import Progress, QuietProgress

if TYPE_CHECKING:
    from importguard.engines.embedded.network import ServiceNetwork
    from importguard.engines.embedded.service import SandboxedService

_FREE_FILES = 1024**3
"""Bytes that a service may write besides its memory: in production they are on a disk."""

_FREE_FILES_OF_IMPORTS = 2 * 1024**3
"""The same of a check's imports, which the probe stops beyond that (``probe.disk``). One module's large file
would have every other one killed for memory."""

_MACHINES = {"x86_64": 62, "aarch64": 183}  # e_machine of elf.h


class EmbeddedEngine:
    """Implements ``engines.base.Engine`` for archives. What it unpacked stays in use until it is closed."""

    has_input = True
    withholds_privileges = True

    def __init__(self, progress: Optional[Progress] = None, cache: Optional[Path] = None) -> None:
        self._progress = progress or QuietProgress()
        self._cache_folder = cache
        self._in_use = ExitStack()
        self._roots: dict[str, ImageRoot] = {}
        self._folders: dict[str, Path] = {}
        self._histories: dict[str, tuple[str, ...]] = {}
        self._network: Optional[ServiceNetwork] = None
        self._services: dict[str, SandboxedService] = {}

    def build(self, build: Build, platform: Optional[str], progress: Progress) -> str:
        """See ``Engine.build``. Nothing builds here."""
        _refuse("build images", "build one first and check its archive")

    def image(self, reference: str, *, pull: str, platform: Optional[str] = None) -> Image:
        """See ``Engine.image``. What the cache does not have is unpacked now.

        A registry is asked each time which image a tag is.
        """
        with self._opened_source(reference, pull) as source:
            found = source.choose_image(platform)
            unpack = partial(self._unpack, source, found)
            folder = self._in_use.enter_context(self._cache.hold_image(found.image.id, reference, unpack))
        self._folders[found.image.id] = folder
        self._roots[found.image.id] = ImageRoot(folder)
        self._histories[found.image.id] = found.history
        return found.image

    @contextmanager
    def run(
        self,
        image: Image,
        command: Sequence[str],
        env: Sequence[str],
        limits: Limits,
        stdin: Callable[[], bytes] = bytes,
        first: Callable[[], object] = bool,
    ) -> Iterator[Run]:
        """See ``Engine.run``. The only networks are none and those of ``network``."""
        first()  # What it is to be beside has its namespaces when it runs.
        place = self._place(image, limits)
        sandbox = self._sandbox(image, command, self._variables(image, env), place)
        process = SandboxedProcess(sandbox, command, limits, free_files=_FREE_FILES_OF_IMPORTS)
        try:
            process.let_program_begin()
            # Beside the reading: a program that prints first, or never reads, must not hold it up.
            threading.Thread(target=process.send_input, args=(stdin(),), daemon=True).start()
            run = Run()
            run.output = process.read_output(run)
            yield run
        finally:
            process.close()

    @contextmanager
    def network(self) -> Iterator[str]:
        """See ``Engine.network``."""
        from importguard.engines.embedded.network import ServiceNetwork

        with self._cache.work_folder() as folder, closing(ServiceNetwork(folder)) as self._network:
            try:
                yield self._network.name
            finally:
                self._network, self._services = None, {}

    def create_service(
        self,
        image: Image,
        env: Sequence[str],
        limits: Limits,
        *,
        command: Sequence[str] = (),
        names: Sequence[str] = (),
        program: Sequence[str] = (),
        publish: Sequence[int] = (),
    ) -> Service:
        """See ``Engine.create_service``."""
        from importguard.engines.embedded.service import SandboxedService

        words = program or (*image.entrypoint, *(command or image.cmd))
        if not words:
            raise EngineError(f"{image.reference} has no ENTRYPOINT and no CMD: give its --command.")
        variables = self._variables(image, env)
        id = f"importguard-{os.getpid()}-{os.urandom(6).hex()}"
        place = self._place(image, limits, (id, *names))
        assert self._network is not None, "it has a place in it"
        sandbox = self._sandbox(image, words, variables, place)
        # Whoever starts it closes it: no time is set.
        limits = limits._replace(seconds=threading.TIMEOUT_MAX)
        process = SandboxedProcess(sandbox, words, limits, self._network.start_process, _FREE_FILES)
        service = SandboxedService(id, process, self._network, image.workdir, variables, place.hosts, publish)
        self._services[service.id] = service
        return service

    def _place(self, image: Image, limits: Limits, names: Sequence[str] = ()) -> Place:
        """Where a process is to be: beside a service, alone, or in the network of services."""
        user, network = self._roots[image.id].find_user(image.user), self._network
        if network is not None and limits.beside:
            service = self._services[limits.beside]
            if service.namespaces is None:
                raise EngineError("The service has ended.")
            return network.place_beside(service.namespaces, service.hosts)
        if limits.network == "none":
            return Place(own_namespaces(user))
        if network is None or limits.network != network.name:
            _refuse(f"join the network {limits.network}", "check without --network")
        return network.new_place(user, names)

    def _sandbox(
        self, image: Image, command: Sequence[str], variables: Mapping[str, str], place: Place
    ) -> Sandbox:
        root, folder = self._roots[image.id], self._folders[image.id]
        self._check_program(root, image, command, variables)
        hosts = root.resolve_path("/etc/hosts") if place.hosts else None
        mounts = [(place.hosts, f"/{hosts.relative_to(folder)}")] if place.hosts and hosts else []
        arguments = sandbox_arguments(folder, place.namespaces, image.workdir, variables, mounts)
        user = root.find_user(image.user)
        program = (*place.words, self._bubblewrap)
        return Sandbox(program, arguments, place.descriptors, (user.uid, user.gid))

    def _variables(self, image: Image, env: Sequence[str]) -> dict[str, str]:
        return self._roots[image.id].find_user(image.user).variables_of_process([*image.env, *env])

    def limits_not_held(self) -> str:
        """See ``Engine.limits_not_held``."""
        return ""

    def history(self, image: Image) -> Sequence[str]:
        """See ``Engine.history``."""
        return self._histories.get(image.id, ())

    def find_programs(self, image: Image, pattern: re.Pattern[str]) -> Sequence[str]:
        """See ``Engine.find_programs``."""
        return self._roots[image.id].find_programs(pattern)

    def close(self) -> None:
        """Give what was unpacked free."""
        self._in_use.close()
        self._roots, self._folders = {}, {}

    @cached_property
    def _cache(self) -> ImageCache:
        return ImageCache(self._cache_folder or default_cache_folder())

    @cached_property
    def _bubblewrap(self) -> str:
        return find_bubblewrap()

    def check(self) -> None:
        """See ``Engine.check``."""
        check_sandbox(self._bubblewrap)

    def _opened_source(self, reference: str, pull: str) -> AbstractContextManager[ImageSource]:
        scratch = self._cache.scratch_folder()
        if is_archive(reference):
            path, tag = archive_location(reference)
            return opened_archive(path, tag, reference, scratch)
        if not names_a_registry(reference):
            raise ImageError(
                f"There is no file {reference}, and the embedded engine has no images of its own. Docker "
                f"Hub's is registry:docker.io/{reference}."
            )
        if pull == "never":
            raise ImageError(
                f"{reference} is in a registry, which --pull never forbids to ask. The embedded engine keeps "
                "no images by their names: check an archive, or leave out --pull."
            )
        # Not above: urllib3 takes 100 ms to import.
        from importguard.engines.embedded.registry.registry_image import opened_registry_image

        return opened_registry_image(reference, scratch, self._progress)

    def _unpack(self, source: ImageSource, found: StoredImage, folder: Path) -> Unpacked:
        self.check()  # Before what takes seconds.
        reference = found.image.reference
        root = RootFolder(str(folder), reference)
        try:
            with closing(source.open_layers(found)) as layers:
                for number, (layer, stream) in enumerate(layers, 1):
                    self._progress.begin_phase(
                        f"unpacking {reference}: layer {number} of {len(found.layers)}"
                    )
                    _unpack_layer(root, layer, stream, reference)
            for name in (b"proc", b"dev", b"sys"):
                root.make_mount_point(name)
            viewer = _viewer(ImageRoot(folder), found.image)
            _complete_root(ImageRoot(folder), found.image, viewer)
            root.grant_permissions(viewer)
        finally:
            root.close()
        return Unpacked(root.size, root.entries)

    def _check_program(
        self, root: ImageRoot, image: Image, command: Sequence[str], variables: Mapping[str, str]
    ) -> None:
        """Raise CommandNotFound or ForeignProgram for what bubblewrap could not execute.

        It would ask a shell of the image to run what is no program.
        """
        workdir = root.resolve_path(image.workdir)
        if workdir is None or not workdir.is_dir():
            raise EngineError("The image's WORKDIR is a file: change WORKDIR to a folder.")
        found = root.find_program(command[0], variables, image.workdir)
        if found is None:
            raise CommandNotFound(f"{command[0]} is not in {image.reference}, or is not executable there")
        with found.open("rb") as stream:
            head = stream.read(20)
        if head.startswith(b"#!"):
            return
        machine = struct.unpack("<H", head[18:20])[0] if len(head) == 20 else 0
        if not head.startswith(b"\x7fELF\x02") or machine != _MACHINES.get(host.machine()):
            raise ForeignProgram(
                f"{command[0]} cannot be executed on this machine ({architecture_name(host.machine())}): the "
                f"image is built for {image.platform}, or the file is no program. Choose another --platform."
            )


def _unpack_layer(root: RootFolder, layer: Layer, stream: BinaryIO, reference: str) -> None:
    """Unpack one layer over those that are there, and verify its digests on the way."""
    raw = VerifiedReader(stream, layer.digest, reference)
    plain = decompressed_stream(io.BufferedReader(raw, 1 << 20), reference)
    # Where the two digests are one, the layer is not compressed.
    diff_id = "" if layer.digest == layer.diff_id else layer.diff_id
    tar = VerifiedReader(plain, diff_id, reference)
    root.unpack_layer(io.BufferedReader(tar, 1 << 20))
    tar.verify_to_the_end()
    raw.verify_to_the_end()


def _complete_root(root: ImageRoot, image: Image, viewer: Viewer) -> None:
    """Make what a container has besides its image's files: WORKDIR, volumes, /etc/hosts. All are root's."""
    for path in (image.workdir, *image.volumes):
        root.make_folders(path, viewer.mode_of(Permissions(True, 0o755)))
    mode = viewer.mode_of(Permissions(False, 0o644))
    for name, text in (("hosts", HOSTS), ("hostname", f"{HOSTNAME}\n"), ("resolv.conf", "")):
        root.write_file("/etc", name, text, mode)
    etc = root.resolve_path("/etc")
    if etc is not None and etc.is_dir() and not os.path.lexists(etc / "mtab"):
        (etc / "mtab").symlink_to("/proc/mounts")


def _viewer(root: ImageRoot, image: Image) -> Viewer:
    """Whose permissions count; a USER that is not there is told when something is to run."""
    try:
        return root.find_user(image.user).as_viewer
    except EngineError:
        return Viewer()


def _refuse(what: str, instead: str) -> NoReturn:
    raise UsageError(f"The embedded engine cannot {what}: {instead}, or choose --engine docker.")
