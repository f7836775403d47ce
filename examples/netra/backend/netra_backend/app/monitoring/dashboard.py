"""One page of figures."""

from netra_backend.app.services.monitoring.metrics import counters


def render() -> str:
    return "\n".join(f"{name} {value}" for name, value in sorted(counters.items()))
