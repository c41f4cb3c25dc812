#!/bin/sh
# Run by the postgres image at its first start: a database and its owner for each service, and one for the event bus.
set -eu
for name in orders payments bus; do
  psql -q -v ON_ERROR_STOP=1 -v name="$name" -v password="$POSTGRES_PASSWORD" --username "$POSTGRES_USER" --dbname postgres <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
SQL
done
