"""Every benchmark, one after another, each in a process and on a database of its own."""

from __future__ import annotations

import subprocess
import sys

BENCHMARKS = (
    "benchmarks.import_rows",
    "benchmarks.ledger",
    "benchmarks.events",
    "benchmarks.pages",
    "benchmarks.naive_reads",
    "benchmarks.forecast_runs",
    "benchmarks.orders",
    "benchmarks.recommendations",
)


def main() -> int:
    failed = [name for name in BENCHMARKS if subprocess.run([sys.executable, "-m", name], check=False).returncode]
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
