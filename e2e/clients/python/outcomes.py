"""Tells how each test ended: a plugin of pytest, and a test runner of Django.

Both append lines of JSON to the file that PICKET_OUTCOMES names: first `{"total": 7}`, then
`{"test": "its name", "outcome": "passed", "text": "what went wrong"}` when a test has ended, and
`{"done": true}` when all have.
"""

import json
import os
import re

# The worse one of two stands for a test that has several: a set-up, subtests, a tear-down.
RANKS = ["passed", "skipped", "xfailed", "xpassed", "failed", "error"]

# How much of a traceback is told: its end.
TEXT_CHARS_MAX = 3000

seen = {}


def tell(**fields):
    with open(os.environ["PICKET_OUTCOMES"], "a", encoding="utf-8") as file:
        file.write(json.dumps(fields) + "\n")


def note(test, outcome, text=""):
    """Remembers an outcome of a test that has not ended yet."""
    before, texts = seen.get(test, (outcome, ""))
    worse = max(before, outcome, key=RANKS.index)
    seen[test] = (worse, (texts + "\n" + text).strip()[-TEXT_CHARS_MAX:])


def end(test):
    outcome, text = seen.pop(test, ("passed", ""))
    tell(test=test, outcome=outcome, text=text)


# pytest


def name(nodeid):
    """SQLAlchemy appends the driver and the server's version to a class's name, and cannot be asked for that."""
    return re.sub(r"_postgresql\+\w+(?=::)", "", nodeid)


def pytest_collection_finish(session):
    tell(total=len(session.items))


def pytest_runtest_logreport(report):
    if hasattr(report, "wasxfail"):
        note(name(report.nodeid), "xfailed" if report.skipped else "xpassed")
    elif report.failed:
        outcome = "failed" if report.when == "call" else "error"
        note(name(report.nodeid), outcome, report.longreprtext)
    elif report.skipped:
        note(name(report.nodeid), "skipped")
    elif report.when == "call":
        note(name(report.nodeid), "passed")


def pytest_collectreport(report):
    if report.failed:
        note(name(report.nodeid), "error", report.longreprtext)
        end(name(report.nodeid))


def pytest_runtest_logfinish(nodeid, location):
    end(name(nodeid))


def pytest_sessionfinish(session, exitstatus):
    # 0 and 1: every test was run. What else there is has not run them all.
    if exitstatus in (0, 1):
        tell(done=True)
