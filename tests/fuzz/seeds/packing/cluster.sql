-- PostgreSQL database cluster dump
\connect template1
\connect "shop"
\connect -reuse-previous=on "dbname='a b'"
--
-- PostgreSQL database cluster dump complete
--
