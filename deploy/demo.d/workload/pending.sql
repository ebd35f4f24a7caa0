-- The operators' screen: what came in during the last hour and is not settled.
SELECT id, user_id, amount, currency, created_at
FROM transactions
WHERE status = 'pending' AND created_at > now() - interval '1 hour'
ORDER BY created_at
LIMIT 100;
