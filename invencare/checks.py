"""System checks: every wrong combination of settings has an id, a reason and a fix."""
