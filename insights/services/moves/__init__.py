"""Transfers and excess: computed for the whole company after the orders, refreshed while pending, expired when stale."""
