-- The role that pgvigil connects as. Run it once in each cluster, as a superuser, on the primary:
--
--   psql -v password="$(cat password)" -f role.sql
--
-- It can be run again: then it sets the password, which is how one is rotated (pgvigil reads password_file at each connect).
\set ON_ERROR_STOP on
\if :{?password}
\else
  \echo 'give the password: psql -v password=... -f role.sql'
  \quit
\endif

SELECT 'CREATE ROLE pgvigil LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'pgvigil') \gexec

-- Two sessions, three more for databases, one that tests whether the server lets new ones in, and room for a reconnect.
ALTER ROLE pgvigil LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION CONNECTION LIMIT 8 PASSWORD :'password';
GRANT pg_monitor TO pgvigil;
