"""What compose files, Kubernetes manifests and VOLUME lines put over folders of an image."""

from __future__ import annotations

from pathlib import Path

import pytest

from importguard.source.dockerfile.parser import parse_dockerfile
from importguard.source.model import Mount
from importguard.source.mounts import read_mounts


def mounts(folder: Path, files: dict[str, str]) -> list[Mount]:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    notes: list[str] = []
    found = read_mounts(str(folder), None, notes)
    assert notes == []
    return found


COMPOSE = """\
x-base: &base
  image: shop:${TAG:-latest}
  volumes:
    - ./code:/app:ro
services:
  web:
    <<: *base
    build:
      context: ../back
  worker:
    build: .
    volumes:
      - data:/data
      - /anonymous
      - type: bind
        source: ${CODE:-../src}
        target: /srv
      - type: npipe
        source: a
        target: /pipe
    tmpfs: /run:size=1m
    configs:
      - plain
      - source: settings
        target: /etc/settings.py
"""


def test_compose(tmp_path):
    found = mounts(tmp_path, {"deploy/docker-compose.yml": COMPOSE})
    assert [(one.kind, one.target, one.origin, one.place.line) for one in found] == [
        ("bind", "/app", "deploy/code", 4),
        ("volume", "/data", "data", 13),
        ("volume", "/anonymous", "", 14),
        ("bind", "/srv", "src", 15),
        ("other", "/pipe", "a", 18),
        ("tmpfs", "/run", "", 21),
        ("configMap", "/etc/settings.py", "settings", 24),
    ]
    assert (found[0].image, found[0].build, found[0].place.text) == (
        "shop:latest",
        "back",
        "- ./code:/app:ro",
    )
    assert (found[1].image, found[1].build) == (None, "deploy")


POD = """\
    spec:
      containers:
        - name: web
          image: shop:1
          volumeMounts:
            - name: code
              mountPath: /app/plugins/
            - name: claims
              mountPath: /data
            - {name: settings, mountPath: /etc/shop, subPath: x}
            - {name: node, mountPath: /host}
            - {name: scratch, mountPath: /tmp}
            - {name: projected, mountPath: /p}
      volumes:
        - name: code
          configMap:
            name: plugins
        - name: settings
          secret: {secretName: keys}
        - name: node
          hostPath: {path: /srv}
        - name: scratch
          emptyDir: {}
        - name: projected
          projected: {}
"""
KINDS = [
    ("configMap", "/app/plugins", "plugins", 0),
    ("pvc", "/data", "", 2),
    ("secret", "/etc/shop", "keys", 3),
    ("bind", "/host", "/srv", 4),
    ("emptyDir", "/tmp", "", 5),
    ("other", "/p", "projected", 6),
]


@pytest.mark.parametrize(
    "manifest",
    [
        "kind: Deployment\nspec:\n  template:\n" + POD,
        "kind: Service\n---\nkind: StatefulSet\nspec:\n  template:\n" + POD,
        "kind: Pod\n" + POD[4:].replace("\n    ", "\n"),
        "kind: CronJob\nspec:\n  jobTemplate:\n   spec:\n    template:\n    " + POD.replace("\n", "\n    "),
        "kind: List\nitems:\n- kind: Job\n  spec:\n   template:\n" + POD,
    ],
)
def test_kubernetes(tmp_path, manifest):
    found = mounts(tmp_path, {"k8s/app.yaml": manifest})
    first = (
        manifest.split("\n").index(next(line for line in manifest.split("\n") if "/app/plugins" in line)) + 1
    )
    assert [(one.kind, one.target, one.origin, one.place.line - first) for one in found] == KINDS
    assert {one.image for one in found} == {"shop:1"}


def test_what_is_no_manifest_is_left_out(tmp_path):
    files = {
        "chart/templates/a.yaml": "{{ if .Values.x }}\nkind: Pod\nvolumes: {{ x }}\n",
        "values.yaml": "volumes: [1, 2]\nkind: [Pod]\nspec: 3\n",
        "empty.yml": "",
        "compose.yaml": "services: [volumes]\n",
        ".github/compose.yaml": COMPOSE,
        "docker-compose.yml": "services: {a: {volumes: {x: y}, tmpfs: {}}}\n",
        "deep.yaml": "volumes: " + "[" * 2000 + "\n",
    }
    assert mounts(tmp_path, files) == []


def test_volumes_of_the_dockerfile(tmp_path):
    dockerfile = parse_dockerfile(
        "FROM x AS other\nVOLUME /not\nFROM x AS base\nENV D=/data\nVOLUME $D/in /b\n"
        'FROM base\nVOLUME ["/c d", "$E"]\nVOLUME [1\n',
        "Dockerfile",
    )
    found = read_mounts(str(tmp_path), dockerfile, [])
    assert [(one.kind, one.target, one.place.line) for one in found] == [
        ("dockerfile", "/data/in", 5),
        ("dockerfile", "/b", 5),
        ("dockerfile", "/c d", 7),
    ]
