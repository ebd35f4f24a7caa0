-- Statements: once in each database whose statements are looked at by their texts, and at least in the one that pgvigil connects to.
-- shared_preload_libraries must name pg_stat_statements, which takes a restart.
CREATE EXTENSION IF NOT EXISTS pg_stat_statements;

-- For the collector statement_texts, which is off by default: it must know how large the file of texts is.
GRANT EXECUTE ON FUNCTION pg_stat_file(text, boolean) TO pgvigil;
