"""A small retail chain, simulated from a seed with every truth known: see ``simulate.simulate``."""
