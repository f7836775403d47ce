"""Builds the application from its parts."""

from fastapi import FastAPI

from netra_backend.app.core.config import load_settings
from netra_backend.app.core.errors import install_error_handlers
from netra_backend.app.core.middleware_setup import setup_middleware
from netra_backend.app.routes import agents, health, threads


def create_app() -> FastAPI:
    settings = load_settings()
    app = FastAPI(title=settings.title, debug=settings.debug)
    setup_middleware(app)
    install_error_handlers(app)
    for module in (health, threads, agents):
        app.include_router(module.router)
    return app
