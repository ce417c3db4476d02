"""What a person may ask of a file's forecast, checked in words before anything is read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from django.core.exceptions import ValidationError

from forecasting.calc.boosting import boosting_is_installed
from forecasting.calc.config import ENSEMBLE, GRADIENT_BOOSTING, LSTM, MODELS
from forecasting.calc.recurrent_training import neural_is_installed

MODEL_NAMES = (*MODELS, GRADIENT_BOOSTING, LSTM)
FREQUENCIES = {"D": 1, "W": 7}
WEEK_DAYS = 7
DEFAULT_SEASON = {1: 7, 7: 1}
ENDINGS = (".csv", ".csv.gz", ".tsv", ".txt", ".parquet", ".pq")
OUT_ENDINGS = (".csv", ".parquet", ".pq")
LONGEST_HORIZON = 1000
LONGEST_SEASON = 366


@dataclass(frozen=True)
class FileOptions:
    """``levels`` are the intervals' percents; ``season`` in periods (None: 7 of days, none of weeks).

    ``frequency`` None: W where every date of the file falls on one week day, else D. ``bad_rows_to`` None: beside OUT.
    ``has_boosting`` False keeps gradient boosting out of the ensemble: the statistical tier, where it is installed, too.
    """

    horizon: int = 28
    levels: tuple[float, ...] = (80.0, 95.0)
    models: tuple[str, ...] = (ENSEMBLE,)
    season: int | None = None
    frequency: str | None = None
    jobs: int = 1
    bad_rows_to: Path | None = None
    has_boosting: bool = True

    @property
    def wants_boosting(self) -> bool:
        return GRADIENT_BOOSTING in self.models or (self.has_boosting and ENSEMBLE in self.models)

    @property
    def global_models(self) -> tuple[str, ...]:
        """The models to train on the file: boosting with the ensemble, the network, which is slow, by name alone."""
        wanted = {GRADIENT_BOOSTING: self.wants_boosting, LSTM: LSTM in self.models}
        return tuple(name for name, is_wanted in wanted.items() if is_wanted)


def read_levels(text: str) -> tuple[float, ...]:
    """``"80,95"`` → (80.0, 95.0), in rising order, each once."""
    try:
        levels = {float(part) for part in text.split(",")}
    except ValueError:
        raise ValidationError({"levels": f"“{text}” are not percents with commas between, such as 80,95."}) from None
    return tuple(sorted(levels))


def level_name(level: float) -> str:
    """80.0 → ``80``, 99.5 → ``99.5``: as columns are named."""
    return f"{level:g}"


def season_of(options: FileOptions, period_days: int) -> int:
    return options.season or DEFAULT_SEASON[period_days]


def check_options(options: FileOptions) -> None:
    """Raise ``ValidationError`` naming every wrong option."""
    wrong: dict[str, str] = {}
    if not 1 <= options.horizon <= LONGEST_HORIZON:
        wrong["horizon"] = f"must be from 1 to {LONGEST_HORIZON} periods, not {options.horizon}."
    if not options.levels or not all(0 < level < 100 for level in options.levels):
        wrong["levels"] = "must be percents between 0 and 100, such as 80,95."
    if options.season is not None and not 1 <= options.season <= LONGEST_SEASON:
        wrong["season"] = f"must be from 1 to {LONGEST_SEASON} periods, not {options.season}."
    if options.frequency is not None and options.frequency not in FREQUENCIES:
        wrong["freq"] = f"must be D or W, not {options.frequency}."
    if options.jobs < 1:
        wrong["jobs"] = "must be at least 1."
    if problem := _problem_with_models(options.models):
        wrong["models"] = problem
    if wrong:
        raise ValidationError(wrong)


def _problem_with_models(models: tuple[str, ...]) -> str:
    unknown = [name for name in models if name not in MODEL_NAMES]
    if unknown or not models:
        return f"must be one or more of {', '.join(MODEL_NAMES)}; unknown: {', '.join(unknown) or 'none was named'}."
    if LSTM in models and not neural_is_installed():
        return "lstm needs the extra “neural” (PyTorch): pip install 'invencare[analysis,neural]'."
    if GRADIENT_BOOSTING in models and not boosting_is_installed():
        return "gradient_boosting needs the extra “boosting”: pip install 'invencare[analysis,boosting]'."
    return ""


def check_paths(source: Path, target: Path) -> None:
    if not source.is_file():
        raise ValidationError({"in": f"There is no file {source}."})
    if not source.name.lower().endswith(ENDINGS):
        raise ValidationError({"in": f"{source.name} must end in one of {', '.join(ENDINGS)}."})
    if not target.name.lower().endswith(OUT_ENDINGS):
        raise ValidationError({"out": f"{target.name} must end in one of {', '.join(OUT_ENDINGS)}."})
    if not target.parent.is_dir():
        raise ValidationError({"out": f"There is no folder {target.parent}."})
    if target.exists() and target.samefile(source):
        raise ValidationError({"out": "must be another file than the one that is read."})


def is_parquet(path: Path) -> bool:
    return path.name.lower().endswith((".parquet", ".pq"))
