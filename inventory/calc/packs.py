"""Which quantities a supplier accepts: whole packs, from the minimum order quantity up."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PackRule:
    """Units per pack (at least 1) and fewest units of one order (0 or more)."""

    pack_units: int = 1
    minimum_units: int = 0

    @property
    def smallest_units(self) -> int:
        """The smallest quantity that can be ordered: the minimum, rounded up to whole packs, and at least one pack."""
        return max(self.round_up(self.minimum_units), self.pack_units)

    def round_up(self, units: int) -> int:
        """``units`` rounded up to whole packs; 7 in packs of 6 gives 12."""
        return -(-units // self.pack_units) * self.pack_units

    def accepts(self, units: int) -> bool:
        return units >= self.smallest_units and units % self.pack_units == 0

    def nearest(self, units: int) -> tuple[int, ...]:
        """The acceptable quantities next to ``units``, smallest first: itself if acceptable, else one or two.

        With packs of 6 and a minimum of 12: 13 gives (12, 18), 5 gives (12,), 18 gives (18,).
        """
        if units <= self.smallest_units:
            return (self.smallest_units,)
        above = self.round_up(units)
        return (above,) if above == units else (above - self.pack_units, above)

    def refusal(self, units: int) -> str:
        """One sentence that says what is wrong with ``units`` and what would do; empty when it is acceptable."""
        if self.accepts(units):
            return ""
        choices = " or ".join(f"{choice:,}" for choice in self.nearest(units))
        return (
            f"{units:,} units cannot be ordered: packs of {self.pack_units:,}, at least {self.smallest_units:,}. "
            f"Use {choices}."
        )
