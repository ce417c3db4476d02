from rest_framework.permissions import IsAuthenticated


class ScopedModelPermissions(IsAuthenticated):
    """Filled in by the API."""
