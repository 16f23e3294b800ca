#!/usr/bin/env bash
# Does what PostgreSQL's image promises: an empty folder becomes a cluster with the password that was asked for. Its first
# files are run while the server listens on its socket alone.
set -euo pipefail
if [ "$1" = postgres ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
  mkdir -p "$PGDATA"
  chmod 700 "$PGDATA"
  read -ra wanted <<<"${POSTGRES_INITDB_ARGS:-}"
  initdb --username=postgres --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") "${wanted[@]}" \
    --set "listen_addresses=*" --set "unix_socket_directories=$PGHOST"
  printf 'host all all all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"
  pg_ctl --wait --options "-c listen_addresses=''" start
  for file in /docker-entrypoint-initdb.d/*.sql; do
    psql --set ON_ERROR_STOP=1 --no-psqlrc --username postgres --file "$file"
  done
  pg_ctl --wait --mode fast stop
fi
exec "$@"
