-- An auditor follows one payment, mostly a late one, or what one customer did.
\set back random_exponential(1, :transactions, 8)
\set customer random_zipfian(1, :users, 1.07)
\set how random(1, 4)
\if :how > 1
SELECT public_id('txn', 1 + :transactions - :back) AS entity_id \gset
SELECT id, actor_id, action, old_values, new_values, ip_address, created_at
FROM audit_logs
WHERE entity_type = 'transaction' AND entity_id = :entity_id
ORDER BY created_at;
\else
SELECT public_id('usr', sample.active(:customer)) AS actor_id \gset
SELECT id, entity_type, entity_id, action, created_at
FROM audit_logs
WHERE actor_id = :actor_id AND created_at > now() - interval '30 days'
ORDER BY created_at DESC
LIMIT 50;
\endif
