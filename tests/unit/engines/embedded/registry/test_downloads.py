"""One layer from several servers: what a server sends wrong is asked of the next one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Optional

import pytest
import urllib3

from importguard.engines.embedded.image_source import Layer
from importguard.engines.embedded.registry.downloads import LayerDownload, OpenBlob
from importguard.engines.embedded.registry.retries import TransferError, Waits
from importguard.engines.embedded.registry.transport import Answer

DATA = b"a layer of some bytes"
LAYER = Layer("", f"sha256:{hashlib.sha256(DATA).hexdigest()}", "", len(DATA))


def server(data: bytes, breaks_at: Optional[int] = None) -> OpenBlob:
    """A mirror with these bytes, whose first connection breaks there and which is gone then."""
    asked: list[int] = []

    @contextmanager
    def open_blob(digest: str, received: int) -> Iterator[Answer]:
        asked.append(received)
        if breaks_at is not None and len(asked) > 1:
            raise TransferError("it is gone")
        headers = {"Content-Range": f"bytes {received}-{len(data) - 1}/{len(data)}"}
        body = BytesIO(data[received:breaks_at])
        response = urllib3.HTTPResponse(body, headers, 206, preload_content=False)
        yield Answer(response, "mirror", False)

    return open_blob


def received(tmp_path: Path, *servers: OpenBlob) -> bytes:
    download = LayerDownload(LAYER, tmp_path)
    download.receive_layer(servers, Waits(lambda text: None))
    try:
        if download.failure is not None:
            raise download.failure
        return download.opened_file().read()
    finally:
        download.close()


def test_the_next_server_goes_on_where_one_broke(tmp_path: Path) -> None:
    assert received(tmp_path, server(DATA, breaks_at=7), server(b"?" * 7 + DATA[7:])) == DATA


@pytest.mark.parametrize("wrong", [server(DATA[::-1]), server(DATA[::-1], breaks_at=7), server(DATA + b"!")])
def test_the_next_server_is_asked_for_all_where_one_sent_something_else(
    tmp_path: Path, wrong: OpenBlob
) -> None:
    assert received(tmp_path, wrong, server(DATA)) == DATA


def test_no_server_has_it(tmp_path: Path) -> None:
    with pytest.raises(TransferError, match="not what its digest"):
        received(tmp_path, server(DATA[::-1]), server(DATA[::-1]))
