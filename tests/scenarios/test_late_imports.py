"""What functions import and the image lacks: modules, and names of modules that are there."""

from __future__ import annotations

from scenarios.support import build, check

MAIN = """import os


def refund():
    from shop.orders import cancel, find
    from shop.lazy import anything
    from shop.patched import added


def export():
    from email.mime.text import MIMEText, gone
    import logging.gone
    if os.sys.version_info < (3, 3):
        from typing import gone
    try:
        from json import gone
    except ImportError:
        pass


def fails():
    import shop.broken.part
    from shop.broken import part
"""
FILES = {
    "shop/__init__.py": "",
    "shop/main.py": MAIN,
    "shop/orders.py": "def find(): ...\n",
    "shop/lazy.py": "def __getattr__(name): return name\n",
    "shop/patched.py": "",
    "shop/startup.py": "from shop import patched\n\npatched.added = 1\n",
    "shop/broken/__init__.py": "",
    "shop/broken/part.py": "",
}


def test_names_that_functions_import_in_vain_are_warnings() -> None:
    image = build(
        "late-names", 'FROM base\nWORKDIR /app\nCOPY . .\nCMD ["python3", "-m", "shop.main"]\n', FILES
    )
    result = check(image, engine="embedded")
    assert result.code == 0
    found = {finding["missing"]: finding for finding in result.findings}
    assert set(found) == {"shop.orders.cancel", "email.mime.text.gone"}
    assert {finding["severity"] for finding in found.values()} == {"warning"}
    cancel = found["shop.orders.cancel"]
    assert cancel["diagnosis"]["cause"] == "missing-name"
    assert (cancel["location"]["path"], cancel["location"]["line"]) == ("shop/main.py", 5)
