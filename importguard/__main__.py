"""The program: ``importguard``, and ``python -m importguard``. Ctrl-C ends it quietly from the start."""

from __future__ import annotations


def program() -> None:
    """Load the command line and run it. Until that can answer Ctrl-C itself, the process just ends."""
    import _signal  # type: ignore[import-not-found]  # ``signal`` takes longer to load than this is here for

    asked = _signal.getsignal(_signal.SIGINT)
    if asked is _signal.default_int_handler:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    from importguard.cli.main import program as run

    _signal.signal(_signal.SIGINT, asked)
    run()


if __name__ == "__main__":
    program()
