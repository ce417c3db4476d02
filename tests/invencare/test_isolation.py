from __future__ import annotations

import pytest
from django.db import OperationalError

from invencare.lib.isolation import isolated
from inventory.models import Supplier


@pytest.mark.django_db
def test_the_bad_ones_are_named_and_what_the_others_wrote_stays() -> None:
    def step(ids: list[int]) -> None:
        for one in ids:
            Supplier.objects.create(code=f"S{one}", name="")
        if bad := {3, 5} & set(ids):
            raise ValueError(f"no {min(bad)}")

    errors = isolated(step, range(8))

    assert {one: str(error) for one, error in errors.items()} == {3: "no 3", 5: "no 5"}
    assert sorted(Supplier.objects.values_list("code", flat=True)) == ["S0", "S1", "S2", "S4", "S6", "S7"]


@pytest.mark.django_db
def test_a_deadlock_is_nobodys_fault() -> None:
    tries: list[list[int]] = []

    def step(ids: list[int]) -> None:
        tries.append(ids)
        raise OperationalError(1213, "Deadlock found")

    with pytest.raises(OperationalError):
        isolated(step, [1, 2])
    assert tries == [[1, 2]]
