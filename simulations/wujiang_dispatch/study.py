"""Run the study beside this file: read study.toml, compare, write result/.

``python study.py`` rewrites every summary.json and table.md in result/. ``--small`` runs it in
seconds, and keeps nothing unless ``--out`` says where.
"""

from __future__ import annotations

import argparse
import tomllib
from pathlib import Path

from practice_core.experiment import Runner, compare, cores, markdown, processes
from practice_core.simulation import load_scenario

HERE = Path(__file__).parent


def main() -> None:
    """Run the study as the command line says."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--small", action="store_true", help="a few seconds, to see that it runs")
    options.add_argument("--out", type=Path, help="folder to write to; default result/")
    options.add_argument("--workers", type=int, default=cores(), help="processes; default: cores")
    asked = options.parse_args()

    study = tomllib.loads((HERE / "study.toml").read_text(encoding="utf-8"))
    overrides = study["overrides"]
    if asked.small:
        overrides |= study["small"].pop("overrides")
        study |= study["small"]
    base = load_scenario(study["area"]).with_values({"horizon.weeks": study["weeks"]} | overrides)
    out = asked.out or (None if asked.small else HERE / "result")

    with processes(asked.workers) as executor:
        for name, changes in {".": {}, **study["what_if"]}.items():
            found = compare(
                base.with_values(changes),
                study["policies"],
                replications=study["replications"],
                seed=study["seed"],
                runner=Runner(executor, asked.workers),
            )
            set_otherwise = [f"{key} = {value}" for key, value in (overrides | changes).items()]
            table = f"{markdown(found)}\nSet otherwise: {', '.join(set_otherwise) or 'nothing'}.\n"
            print(table)
            if out is not None:
                (out / name).mkdir(parents=True, exist_ok=True)
                (out / name / "summary.json").write_text(found.to_json(), encoding="utf-8")
                (out / name / "table.md").write_text(table, encoding="utf-8")


if __name__ == "__main__":
    main()
