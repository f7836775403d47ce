"""JSON, by the fast library where it is installed."""

import json
from typing import Any

try:
    import orjson
except ImportError:  # optional: only faster
    orjson = None


def dumps(value: Any) -> str:
    if orjson is not None:
        return orjson.dumps(value).decode()
    return json.dumps(value, separators=(",", ":"))
