-- Support looks for a payment by what a shop sent with it: a document, or an order number.
\set merchant random_zipfian(1, 500, 1.2)
\set order random_exponential(1, :transactions, 5)
\set how random(1, 2)
\if :how = 1
SELECT jsonb_build_object('merchant', public_id('mer', :merchant), 'channel', 'web') AS document \gset
SELECT id, user_id, amount, status, created_at
FROM transactions
WHERE metadata @> :document
ORDER BY created_at DESC
LIMIT 20;
\else
SELECT 'ord-' || 1 + :transactions - :order::bigint AS order_id \gset
SELECT id, user_id, amount, status, created_at
FROM transactions
WHERE metadata ->> 'order_id' = :order_id;
\endif
