"""The image of services in every state of health, whose code is ``tests/images/service``."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from scenarios.support import Result, check

AT_ONCE = 4
SERVICE = Path(__file__).parents[1] / "images" / "service"
DOCKERFILE = """FROM base
WORKDIR /app
COPY shop /app/shop
EXPOSE 8080
CMD ["python3", "-m", "shop.serve", "well"]
"""


def start_by_each(
    image: str, settings: Mapping[str, str], folder: Path, *options: str, common: str = ""
) -> list[Result]:
    """Check and start ``image`` by each ``python3 -m`` command, with its settings and the ``common`` ones,
    several at a time.

    Most of a start is waiting, for the service and for what is not to come.
    """

    def start(number: int, command: str) -> Result:
        place = folder / str(number)
        place.mkdir()
        (place / "importguard.toml").write_text(f"[start]\n{common}{settings[command]}")
        return check(image, "--start", *options, "--command", f"python3 -m {command}", cwd=place)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(start, range(len(settings)), settings))
