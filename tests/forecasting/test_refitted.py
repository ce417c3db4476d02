from __future__ import annotations

import numpy as np
import pytest

from forecasting.calc.refitted import refit_starts


@pytest.mark.parametrize(
    ("origins", "starts"),
    [
        (range(1432, 1614, 14), [1432, 1530]),  # long: two, spread evenly
        (range(34, 90, 7), [34, 48, 62, 83]),  # short: no model answers for a quarter more than it knew
        ([30], [30]),
        ([], []),
    ],
)
def test_earlier_models_are_spread_evenly_and_closer_where_histories_were_short(
    origins: list[int], starts: list[int]
) -> None:
    assert refit_starts(np.array(origins, dtype=np.int64), 2) == starts
