"""Images that keep the contract of those that cannot be pulled here, each from the base and Debian's packages.

What `compose.yaml` relies on is kept: where the configuration is read and the data are kept, which variables are honoured, as whom the program runs,
which signal ends it. Versions are Debian's.
"""

import pathlib

from images import BASE, built

INSTALL = "RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends {packages} >/dev/null && rm -rf /var/lib/apt/lists/*\n"

# As the original does, a first start makes the database with a server that only its socket reaches: who asks that socket is told too early that all is well.
POSTGRES_ENTRY = """#!/bin/bash
set -euo pipefail
if [[ $EUID -eq 0 ]]; then
    POSTGRES_PASSWORD="$(cat "$POSTGRES_PASSWORD_FILE")"
    export POSTGRES_PASSWORD
    install -d -o postgres -g postgres -m 0700 "$PGDATA"
    install -d -o postgres -g postgres -m 2775 /var/run/postgresql
    exec setpriv --reuid postgres --regid postgres --init-groups "$0" "$@"
fi
if [[ ! -s "$PGDATA/PG_VERSION" ]]; then
    initdb --username="$POSTGRES_USER" --pwfile=<(printf '%s\\n' "$POSTGRES_PASSWORD") --auth-local=trust --auth-host=scram-sha-256 >/dev/null
    echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
    pg_ctl --wait --options "-c listen_addresses=''" start >/dev/null
    psql --quiet --username "$POSTGRES_USER" --dbname postgres --command "CREATE DATABASE \\"$POSTGRES_DB\\""
    # Scripts of an operator's would run here.
    sleep 3
    pg_ctl --wait --mode fast stop >/dev/null
fi
unset POSTGRES_PASSWORD
exec postgres -c listen_addresses='*'
"""

POSTGRES = f"""FROM {BASE}
{INSTALL.format(packages="postgresql postgresql-contrib")}
ENV PATH=/usr/lib/postgresql/15/bin:/usr/sbin:/usr/bin:/sbin:/bin PGDATA=/var/lib/postgresql/data
COPY --chmod=0755 entry /usr/local/bin/entry
VOLUME /var/lib/postgresql/data
EXPOSE 5432
STOPSIGNAL SIGINT
ENTRYPOINT ["/usr/local/bin/entry"]
"""

HAPROXY = f"""FROM {BASE}
{INSTALL.format(packages="haproxy")}
USER haproxy
STOPSIGNAL SIGUSR1
ENTRYPOINT ["haproxy", "-W", "-db", "-f", "/usr/local/etc/haproxy/haproxy.cfg"]
"""

PROMETHEUS = f"""FROM {BASE}
{INSTALL.format(packages="prometheus")}
RUN install -d -o nobody -g nogroup /prometheus
USER nobody
VOLUME /prometheus
EXPOSE 9090
ENTRYPOINT ["prometheus"]
CMD ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"]
"""


def build(work, name, dockerfile, **files):
    """An image of this text, with `files` beside it."""
    context = pathlib.Path(work) / f"context-{name.split(':')[0]}"
    context.mkdir()
    for file, text in files.items():
        (context / file).write_text(text)
    built(name, context, dockerfile)
    return name
