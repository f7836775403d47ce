"""The options of installers that take a value, as far as it matters which words of a command are packages."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Optional


def _table(text: str) -> dict[str, str]:
    """Option to field, from lines of ``field: option option``; "ignored" is for those of no interest."""
    found = {}
    for line in text.strip().splitlines():
        name, _, options = line.partition(":")
        found.update(dict.fromkeys(options.split(), name.strip()))
    return found


OF_PIP = _table("""
    files: -r --requirement --requirements
    constraints: -c --constraint --constraints
    editable: -e --editable
    target: -t --target --prefix --root
    wheels: -w --wheel-dir
    interpreter: -p --python
    groups: --group --extra
    ignored: -i --index-url --extra-index-url -f --find-links --index --default-index --trusted-host --proxy
    ignored: --platform --python-version --implementation --abi --python-platform --no-binary --only-binary
    ignored: --cache-dir --progress-bar --timeout --retries --log --src --report --cert --client-cert --color
    ignored: -C --config-settings --config-setting --config-file --upgrade-strategy --use-feature -b -d --dest
    ignored: --build-constraint --index-strategy --link-mode --keyring-provider --override --resolution
    ignored: --prerelease --exclude-newer --refresh-package --reinstall-package -P --upgrade-package
    ignored: --exists-action
""")
OF_PROJECTS = {
    **OF_PIP,
    **_table("""
    groups: --with --extras -E -G
    only: --only --only-group --categories
    without: --without --no-group --no-extra
    folder: --project --directory -C
    members: --package
    ignored: -L --lockfile --no-install-package -r --pypi-mirror
"""),
}
OF_SYSTEM = _table("""
    ignored: -t --target-release -o -c --option --repository -X --virtual -p --keys-dir --arch
""")
OF_CONDA = _table("""
    interpreter: -n --name -p --prefix
    files: -f --file
    ignored: -c --channel
""")


@dataclass
class Options:
    """The options of a command by the field that they fill, and the rest of its words."""

    values: dict[str, list[str]] = field(default_factory=dict)
    flags: set[str] = field(default_factory=set)
    words: list[str] = field(default_factory=list)

    def last_value(self, name: str) -> Optional[str]:
        """The value that counts where an option stands for one."""
        values = self.values.get(name)
        return values[-1] if values else None

    def listed_values(self, name: str) -> tuple[str, ...]:
        """Values that may hold several, divided by commas or spaces."""
        return tuple(
            part for value in self.values.get(name, ()) for part in re.split(r"[\s,]+", value) if part
        )


def parse_options(words: Sequence[str], valued: Mapping[str, str]) -> Options:
    """Sort the words of a command; ``valued`` are the options that take a value."""
    found = Options()
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=") if word.startswith("--") else (word[:2], "", word[2:])
        if not word.startswith("-") or word == "-":
            found.words.append(word)
        elif name not in valued:
            found.flags.add(name if word.startswith("--") else word)
        else:
            value = value if equals or value else (rest.pop(0) if rest else "")
            found.values.setdefault(valued[name], []).append(value)
    return found
