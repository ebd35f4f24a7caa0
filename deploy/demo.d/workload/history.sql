-- A customer's last twenty payments of one status; mostly those that went through.
\set customer random_zipfian(1, :users, 1.07)
\set which random_exponential(1, 3, 4)
SELECT public_id('usr', sample.active(:customer)) AS user_id,
       ('{succeeded,failed,refunded}'::text[])[:which] AS status \gset

SELECT id, amount, currency, description, created_at, completed_at
FROM transactions
WHERE user_id = :user_id AND status = :status AND deleted_at IS NULL
ORDER BY created_at DESC
LIMIT 20;
