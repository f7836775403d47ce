"""Runs from the source tree, where everything is: it passes whatever the image lacks."""

from fastapi.testclient import TestClient

from netra_backend.app.main import app


def test_the_application_is_alive():
    assert TestClient(app).get("/health").json() == {"status": "ok"}
