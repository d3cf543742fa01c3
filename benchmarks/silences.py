"""How soon a source that fell silent is told, and how often one that did not: our law beside fixed thresholds.

    python benchmarks/silences.py --seed 1

The series are made: sources that publish steadily from thrice a day to once in six weeks, in bursts, on workdays only,
with a month of holidays, and in campaigns with weeks between them; each for three years, the first of which is only
looked at. Half of them die on some day of the third year. One line of JSON a law: alarms a source and year that were
false, days from the last post to the alarm (median, ninth decile), and how many deaths were missed.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from random import Random
from statistics import median, quantiles

from aggregator.alarms import LOOKS_BACK, silence

START = date(2024, 1, 1)
YEARS = 3
Law = Callable[[Sequence[date], date], bool]
"""From days with posts and a day to whether a silence is told."""


def _series(chance: Random) -> Iterator[int]:
    """Yield the days, counted from the start, on which one source publishes."""
    kind = chance.choice(["steady", "steady", "bursts", "workdays", "holidays", "campaigns"])
    rate = 10 ** chance.uniform(-1.6, 0.5)  # posts a day, from one in six weeks to three
    holiday, quiet_until, busy_until = chance.randrange(365), 0, 0
    for day in range(365 * YEARS):
        today = rate
        if kind == "workdays" and (START + timedelta(days=day)).weekday() >= 5:
            today = 0.0
        if kind == "holidays" and (day - holiday) % 365 < 30:
            today = 0.0
        if kind == "bursts":
            today = 4 * rate if chance.random() < 0.15 else rate / 4
        if kind == "campaigns":
            if day >= busy_until and day >= quiet_until:
                busy_until = day + chance.randrange(10, 40)
                quiet_until = busy_until + chance.randrange(5, 60)
            today = 3 * rate if day < busy_until else rate / 20
        if chance.random() < 1 - 2.718281828**-today:
            yield day


def judge(law: Law, seed: int, sources: int) -> dict[str, float]:
    """Follow every source by a law, day by day."""
    chance = Random(seed)
    false, years, missed = 0, 0.0, 0
    delays: list[int] = []
    for _ in range(sources):
        days = list(_series(chance))
        dies = chance.randrange(365 * 2 + 30, 365 * YEARS - 180) if chance.random() < 0.5 else None
        if dies is not None:
            days = [day for day in days if day < dies]
        last = days[-1] if days else 0
        told, found = False, False
        for day in range(365, 365 * YEARS):
            known = [START + timedelta(days=d) for d in days if day - LOOKS_BACK.days <= d <= day]
            is_told = law(known, START + timedelta(days=day))
            is_dead = dies is not None and day >= dies
            if is_told and not told:
                if is_dead and not found:
                    found = True
                    delays.append(day - last)
                elif not is_dead:
                    false += 1
            if is_told and is_dead and not found:  # it was told before it died, and stays so
                found = True
                delays.append(max(day - last, 0))
            told = is_told
            years += (not is_dead) / 365
        missed += dies is not None and not found
    return {
        "false_a_year": round(false / years, 3),
        "days_median": round(median(delays), 1),
        "days_p90": round(quantiles(delays, n=10)[8], 1),
        "missed": missed,
    }


def fixed(limit: int) -> Law:
    """Return the law that tells a silence of so many days."""
    return lambda days, today: bool(days) and (today - days[-1]).days > limit


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sources", type=int, default=200)
    given = parser.parse_args()
    laws: dict[str, Law] = {"ours": lambda days, today: silence(days, today) is not None}
    laws |= {f"{limit} days": fixed(limit) for limit in (7, 14, 30, 60)}
    for name, law in laws.items():
        print(json.dumps({"law": name, **judge(law, given.seed, given.sources)}))


if __name__ == "__main__":
    main()
