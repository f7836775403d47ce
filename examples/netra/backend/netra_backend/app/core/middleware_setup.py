"""Adds the middleware, innermost first."""

import logging

from fastapi import FastAPI

from netra_backend.app.middleware.request_id_middleware import RequestIdMiddleware
from netra_backend.app.middleware.security_headers import SecurityHeadersMiddleware

logger = logging.getLogger(__name__)


def setup_middleware(app: FastAPI) -> None:
    app.add_middleware(SecurityHeadersMiddleware)
    app.add_middleware(RequestIdMiddleware)
    try:
        _setup_enhanced_middleware(app)
    except Exception as error:
        logger.error("Enhanced middleware is not available: %s", error)
        raise RuntimeError(
            f"Failed to setup enhanced middleware with WebSocket exclusion: {error}"
        ) from error


def _setup_enhanced_middleware(app: FastAPI) -> None:
    # Imported late: it needs the settings of the cloud project.
    from netra_backend.app.middleware.gcp_auth_context_middleware import GCPAuthContextMiddleware

    app.add_middleware(GCPAuthContextMiddleware)
