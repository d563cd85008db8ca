"""A project of `compose.yaml`, as an operator starts it, and what its containers say."""

import http.client
import json
import os
import urllib.parse

from machine import ROOT, run, succeeds


def program():
    """The newer plug-in where it is there, else Debian's program; nothing where there is none."""
    for command in (["docker", "compose"], ["docker-compose"]):
        try:
            if succeeds(*command, "version"):
                return command
        except FileNotFoundError:
            pass
    return None


class Project:
    def __init__(self, name, profiles=(), **variables):
        self.name = name
        chosen = [part for profile in profiles for part in ("--profile", profile)]
        self.command = [*program(), "--file", ROOT / "compose.yaml", "--project-name", name, *chosen]
        self.environment = {**os.environ, **variables}

    def do(self, *words, check=True):
        return run(*self.command, *words, check=check, env=self.environment, cwd=ROOT)

    def containers(self, service):
        return self.do("ps", "--quiet", service).stdout.split()

    def gone(self):
        """Whatever state it is in: neither containers nor volumes nor its network remain."""
        self.do("down", "--volumes", "--remove-orphans", "--timeout", "5", check=False)


def inspect(container, form):
    return run("docker", "inspect", "--format", form, container).stdout.strip()


def is_healthy(container):
    return inspect(container, "{{.State.Running}} {{.State.Health.Status}}") == "true healthy"


def address(container):
    """Where it is reached on the project's default network, past any proxy."""
    networks = json.loads(inspect(container, "{{json .NetworkSettings.Networks}}"))
    return next(network["IPAddress"] for name, network in networks.items() if name.endswith("_default")) + ":5000"


def printed(container):
    """What it wrote to standard output: data, as against its log."""
    return run("docker", "logs", container).stdout.split()


def ask(where, method, path, token=None, body=None):
    """Status and document of an answer; nothing where there was none."""
    at = urllib.parse.urlsplit(f"http://{where}")
    connection = http.client.HTTPConnection(at.hostname, at.port, timeout=10)
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    try:
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read()
    except OSError:
        return None, None
    finally:
        connection.close()
    return answer.status, json.loads(text) if text[:1] in b"{[" else text.decode(errors="replace")


def model_of(where):
    """The version that answers there; nothing where none does."""
    status, document = ask(where, "GET", "/health/ready")
    return document["model"] if status == 200 else None
