"""Who a request comes from: tokens are ``name.signature``, signed by the auth service."""

import hashlib
import hmac
import os
from typing import Optional

from netra_backend.app.models.user import User

_PREFIX = "Bearer "


def user_of(authorization: Optional[str]) -> Optional[User]:
    """The user whom an Authorization header names; None for anonymous requests."""
    if not authorization or not authorization.startswith(_PREFIX):
        return None
    return verified_user(authorization[len(_PREFIX) :])


def verified_user(token: str) -> Optional[User]:
    """The user of a token; None where the signature is not ours."""
    name, _, signature = token.partition(".")
    secret = os.environ.get("TOKEN_SECRET", "")
    wanted = hmac.new(secret.encode(), name.encode(), hashlib.sha256).hexdigest()
    return User(id=name) if secret and hmac.compare_digest(signature, wanted) else None
