"""The demo: a simulated chain written through the real services, with its truth beside it.

Only the light part is named here; ``seeding`` and ``verification`` load NumPy and are imported by who needs them.
"""

from inventory.services.demo.logins import DEMO_LOGINS, DemoLogin, demo_password, login_lines

__all__ = ["DEMO_LOGINS", "DemoLogin", "demo_password", "login_lines"]
