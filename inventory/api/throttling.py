from rest_framework.throttling import UserRateThrottle


class ActorThrottle(UserRateThrottle):
    """Filled in by the API."""
    scope = "actor"
