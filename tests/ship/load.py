"""Requests that do not stop; each must be answered as every good version answers."""

import http.client
import json
import threading
import time

EXAMPLE = {"2018-12-01": {"alexa": None, "visits": 1000000, "pagesPerVisit": 5000000, "bounceRate": None, "avgVisitDuration": None, "category": 100}}
CLIENTS = 4
PAUSE_S = 0.005


class Load:
    def __init__(self, port):
        self.port, self.stopped, self.count, self.faults = port, threading.Event(), 0, []
        self.threads = [threading.Thread(target=self.ask, daemon=True) for _ in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def ask(self):
        body, connection = json.dumps(EXAMPLE), None
        while not self.stopped.is_set():
            try:
                connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
                connection.request("POST", "/predict", body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                text = answer.read()
                month = json.loads(text)["2018-12-01"] if answer.status == 200 else None
                if month is None or not month["uniqueUsersLow"] <= month["uniqueUsers"] <= month["uniqueUsersHigh"] <= month["visits"]:
                    self.faults.append(f"{answer.status} {text[:200]!r}")
                self.count += 1
            except Exception as error:  # noqa: BLE001, whatever fails is a failed request
                self.faults.append(repr(error))
                connection = None
            time.sleep(PAUSE_S)

    def stop(self):
        """Ends it; no request may have failed. Says how many there were."""
        self.stopped.set()
        for thread in self.threads:
            thread.join()
        assert not self.faults, f"{len(self.faults)} of {self.count} requests failed: {self.faults[:5]}"
        return self.count
