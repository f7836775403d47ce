"""What uvicorn loads."""

from netra_backend.app.core.app_factory import create_app

app = create_app()
