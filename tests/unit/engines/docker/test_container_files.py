"""Which programs a container has, by the archive that the daemon makes of its files."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator

from unit.engines.embedded.archives import entry, folder, hard_link, layer, symlink

from importguard.engines.docker.container_files import find_paths


class Client:
    """A client that exports ``data`` in pieces."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def export(self, container: str, size: int) -> Iterator[bytes]:
        return (self.data[at : at + 700] for at in range(0, len(self.data), 700))


def test_programs_and_links_are_found_by_their_whole_path() -> None:
    files = layer(
        folder("opt/python3"),
        entry("opt/bin/python3.12", b"x" * 5000, mode=0o755),
        entry("opt/bin/python3.11", b"data", mode=0o644),
        symlink("opt/bin/python3", "python3.12"),
        hard_link("bin/python3", "opt/bin/python3.12"),
        entry("dev/python3", kind=tarfile.CHRTYPE, mode=0o755),
        entry("opt/bin/pip3", mode=0o755),
    )
    found = find_paths(Client(files), "c", re.compile(r"/.*/?python3(\.\d+)?"))
    assert found == ["/opt/bin/python3.12", "/opt/bin/python3", "/bin/python3"]
