"""The image of services in every state of health, whose code is ``tests/images/service``."""

from __future__ import annotations

from pathlib import Path

SERVICE = Path(__file__).parents[1] / "images" / "service"
DOCKERFILE = """FROM base
WORKDIR /app
COPY shop /app/shop
EXPOSE 8080
CMD ["python3", "-m", "shop.serve", "well"]
"""
