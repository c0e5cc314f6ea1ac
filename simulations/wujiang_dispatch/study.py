"""Run the study beside this file: read study.toml, compare, write result/.

``python study.py`` rewrites result/summary.json and result/table.md. ``--small`` runs one week of
it and keeps nothing unless ``--out`` says where.
"""

from __future__ import annotations

import argparse
import tomllib
from pathlib import Path

from practice_core.experiment import compare, cores, markdown, processes
from practice_core.simulation import load_scenario

HERE = Path(__file__).parent


def main() -> None:
    """Run the study as the command line says."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--small", action="store_true", help="one week, two replications")
    options.add_argument("--out", type=Path, help="folder to write to; default result/")
    options.add_argument("--workers", type=int, default=cores(), help="processes; default: cores")
    asked = options.parse_args()

    study = tomllib.loads((HERE / "study.toml").read_text(encoding="utf-8"))
    if asked.small:
        study |= {"weeks": 1, "replications": 2}
    overrides = study["overrides"] | {"horizon.weeks": study["weeks"]}
    with processes(asked.workers) as executor:
        found = compare(
            load_scenario(study["area"]).with_values(overrides),
            study["policies"],
            replications=study["replications"],
            seed=study["seed"],
            executor=executor,
        )

    table = markdown(found)
    print(table)
    out = asked.out or (None if asked.small else HERE / "result")
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        (out / "summary.json").write_text(found.to_json(), encoding="utf-8")
        (out / "table.md").write_text(table, encoding="utf-8")


if __name__ == "__main__":
    main()
