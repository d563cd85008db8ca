"""Whether Prometheus sees what the dashboard shows and the alerts watch."""

import json
import re
import urllib.parse

from compose import ask
from machine import ROOT, say, wait_until

# More of an expression than these is a name of a metric, if it is not a label.
WORDS = re.compile(r"\b(?:up|uu_[a-z0-9_]+)\b")


def query(prometheus, expression):
    status, document = ask(prometheus, "GET", f"/api/v1/query?query={urllib.parse.quote(expression)}")
    assert status == 200 and document["status"] == "success", f"Prometheus refuses `{expression}`: {document}"
    return document["data"]["result"]


def targets(prometheus):
    """Addresses by what their last scrape came to."""
    status, document = ask(prometheus, "GET", "/api/v1/targets?state=active")
    found = {"up": [], "down": [], "unknown": []}
    for target in document["data"]["activeTargets"] if status == 200 else []:
        found[target["health"]].append(target["labels"]["instance"])
    return found


def rules(prometheus):
    status, document = ask(prometheus, "GET", "/api/v1/rules")
    return [rule for group in document["data"]["groups"] for rule in group["rules"]] if status == 200 else []


def expressions():
    dashboard = json.loads((ROOT / "deploy/monitoring/dashboards/uu-predictor.json").read_text())
    return {f"{panel['title']} {target['refId']}": target["expr"] for panel in dashboard["panels"] for target in panel["targets"]}


def check(prometheus, servers):
    """`servers` answer, and are asked while this looks: each must be scraped, each panel shows something, each alert is evaluated and silent."""
    wait_until("Prometheus has scraped every server", lambda: sorted(targets(prometheus)["up"]) == sorted(servers))
    assert not targets(prometheus)["down"], targets(prometheus)
    shown = expressions()
    # A rate takes two scrapes, an increase over a day too.
    wait_until("every panel of the dashboard shows something", lambda: all(query(prometheus, expression) for expression in shown.values()), 90)
    for title, expression in shown.items():
        values = [float(series["value"][1]) for series in query(prometheus, expression)]
        assert values and all(value == value for value in values), f"panel {title} shows no figure: {expression} gives {values}"
    named = {name for expression in [*shown.values(), *(rule["query"] for rule in rules(prometheus))] for name in WORDS.findall(expression)}
    missing = [name for name in named if not query(prometheus, f"count({name})")]
    assert not missing, f"no server tells {', '.join(missing)}"
    wait_until("every alert was evaluated", lambda: rules(prometheus) and all(rule["health"] == "ok" for rule in rules(prometheus)))
    # What this asks is one request over and over, and no traffic that a model was trained on.
    noisy = [rule["name"] for rule in rules(prometheus) if rule["state"] != "inactive" and not rule["name"].endswith("Drifted")]
    assert not noisy, f"all is well, and yet there are alerts: {', '.join(noisy)}"
    say(f"Prometheus scrapes {len(servers)} servers; {len(shown)} expressions of the dashboard show figures, {len(rules(prometheus))} alerts are loaded and silent")


def check_absence(prometheus):
    """Once no server is left, somebody must hear of it: a container that is gone may have no address any more, and then no target is down."""
    stirred = lambda: [rule["name"] for rule in rules(prometheus) if rule["state"] in ("pending", "firing")]
    wait_until("an alert stirs, since no server is left", lambda: "UuPredictorIsGone" in stirred(), 90)
    say(f"no server is left, and these alerts stir: {', '.join(stirred())}")
