"""Write the man pages, one for each command, into a folder: python scripts/man_pages.py FOLDER"""

from __future__ import annotations

import sys
from pathlib import Path

from click_man.core import write_man_pages

from importguard import __version__
from importguard.cli.main import cli


def main(folder: Path) -> None:
    """click-man makes the pages from the help, and leaves out what stands at its end: the exit codes."""
    folder.mkdir(parents=True, exist_ok=True)
    write_man_pages("importguard", cli, version=__version__, target_dir=str(folder))
    for name, command in cli.commands.items():
        if command.epilog:
            with (folder / f"importguard-{name}.1").open("a", encoding="utf-8") as page:
                page.write(f".SH EXIT STATUS\n{command.epilog.removeprefix('Exit codes: ')}\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
