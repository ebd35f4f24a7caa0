#!/bin/sh
# What the image of Postgres runs when it has made its data directory.
set -eu
psql -v ON_ERROR_STOP=1 --username postgres -v password="$(cat /run/secrets/pgvigil-password)" --file /sql/role.sql
psql -v ON_ERROR_STOP=1 --username postgres --file /sql/statements.sql
