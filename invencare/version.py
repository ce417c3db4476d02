"""The version of the running code."""

__version__ = "0.1.0"
