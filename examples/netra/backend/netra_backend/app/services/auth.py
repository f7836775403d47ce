"""Who a request comes from."""

from typing import Optional

from netra_backend.app.models.user import User

_PREFIX = "Bearer "


def user_of(authorization: Optional[str]) -> Optional[User]:
    """The user whom an Authorization header names; None for anonymous requests."""
    if not authorization or not authorization.startswith(_PREFIX):
        return None
    return User(id=authorization[len(_PREFIX) :])
