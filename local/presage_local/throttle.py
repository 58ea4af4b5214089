"""A stage's limits and the token bucket of a route. Nothing here knows the server.

Source: "Throttle requests to your HTTP APIs" of the API Gateway developer guide; that a route's settings replace the
stage's default ones as a whole is what the service does.
"""

from __future__ import annotations

from typing import Any

Settings = dict[str, Any]
Bucket = tuple[float, float]  # tokens, and the time.monotonic() at which it held them

# AWS's limits of an account and region, which every route shares there; here they only stand for a missing one.
ACCOUNT_RATE, ACCOUNT_BURST = 10_000.0, 5_000.0


def spelled(settings: Settings | None) -> Settings:
    """The settings of a route as the API spells them: `throttlingRateLimit`."""
    return {name[:1].lower() + name[1:]: value for name, value in (settings or {}).items()}


def limits(stage: Settings, route_key: str) -> tuple[float, float] | None:
    """Rate (requests a second) and burst (requests) of a route, or None if neither is limited."""
    own = (stage.get('routeSettings') or {}).get(route_key)
    settings = spelled(stage.get('defaultRouteSettings') if own is None else own)
    rate, burst = settings.get('throttlingRateLimit'), settings.get('throttlingBurstLimit')
    if rate is None and burst is None:
        return None
    return float(ACCOUNT_RATE if rate is None else rate), float(ACCOUNT_BURST if burst is None else burst)


def take(bucket: Bucket | None, rate: float, burst: float, now: float) -> tuple[bool, Bucket]:
    """Whether there is a token, and the bucket afterwards. A bucket that is not there yet is full."""
    tokens, since = bucket or (burst, now)
    tokens = min(burst, tokens + (now - since) * rate)
    return tokens >= 1, (tokens - 1 if tokens >= 1 else tokens, now)
