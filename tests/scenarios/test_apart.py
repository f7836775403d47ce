"""Modules that fail or pass by what a check has brought about before them, and production has not."""

from __future__ import annotations

from scenarios.support import build, check

LOCK = "import os\nos.open('/tmp/x.lock', os.O_CREAT | os.O_EXCL)\n"
MODULES = {
    "f/__init__": "",
    "f/a": "import os\nos.makedirs('/tmp/prom')\n",
    "f/b": "import os\nos.listdir('/tmp/prom')\n",
    "f/c": LOCK,
    "f/d": LOCK,
    "f/e": "open('/no/such/file')\n",
    "p/__init__": "",
    "p/main": "import os\nif os.getuid() == 0:\n    os.setgid(65534)\n    os.setuid(65534)\n",
    "p/ping": "import socket\nS = socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)\n",
    "p/mount": "import os\nos.chroot('/')\n",
}
DOCKERFILE = """
FROM base
COPY . /app
WORKDIR /app
CMD ["python3", "-m", "p.main"]
"""


def test_the_verdict_is_that_of_a_container_of_its_own() -> None:
    image = build("apart", DOCKERFILE, {f"{name}.py": text for name, text in MODULES.items()})
    result = check(image)
    failed = {entry["name"] for entry in result.image["modules"] if entry["outcome"] != "imported"}
    assert failed == {"f.b", "f.e"}
    assert [entry["outcome"] for entry in result.image["entrypoints"]] == ["ok"]
    assert [finding["breaks_startup"] for finding in result.findings] == [False, False]


REGISTRY = {
    "shop/__init__": "",
    "shop/registry": "ITEMS = []\n",
    "shop/fills": "from shop.registry import ITEMS\nITEMS.append(1)\n",
    "shop/reads": "from shop.registry import ITEMS\nITEMS[0]\n",
    "shop/all_well": "import shop.fills\nfrom shop.registry import ITEMS\nITEMS[0]\n",
}


def test_in_reverse_order_what_another_module_has_left_in_an_object_is_not_there() -> None:
    """The plan passes ``shop.reads``, as the README says; a fresh interpreter and ``--thorough`` do not."""
    dockerfile = 'FROM base\nCOPY . /app\nWORKDIR /app\nCMD ["python3", "-m", "shop.registry"]\n'
    image = build("registry", dockerfile, {f"{name}.py": text for name, text in REGISTRY.items()})
    failed = {
        option: {one["name"] for one in check(image, option).image["modules"] if one["outcome"] != "imported"}
        for option in ("--pull=never", "--thorough", "--exact")
    }
    assert failed == {"--pull=never": set(), "--thorough": {"shop.reads"}, "--exact": {"shop.reads"}}
    (note,) = [note for note in check(image, "--thorough").image["notes"] if "reverse" in note]
    assert "one module does something else" in note
