"""Print a quarter of offers of a small made-up county, each to a lawful team drawn at random.

``python docs/examples/offers.py > docs/examples/offers.csv`` makes the log that docs/fit.md reads.
"""

import sys

from practice_core.dispatch import policy
from practice_core.simulation import load_scenario, run
from practice_core.simulation.offers import offers

SMALL = {
    "horizon.weeks": 13,
    "horizon.warmup_weeks": 0,
    "resident.per_year": 1_500.0,
    "site_request.per_year": 500.0,
    "own_activity.per_year": 0.0,
    "teams.count": 200,
}


def main() -> None:
    quarter = load_scenario("wujiang").with_values(SMALL)
    log = offers(run(quarter, policy("random"), seed=7, replication=0))
    sys.stdout.write(log.to_csv())


if __name__ == "__main__":
    main()
