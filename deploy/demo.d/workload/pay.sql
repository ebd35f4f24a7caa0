-- A customer pays. Nine in a hundred never confirm (the payment stays pending), seven are refused, the rest goes
-- through: three states, each an update of its own, with its line in the audit log.
\set customer random_zipfian(1, :users, 1.07)
\set cents random_exponential(199, 40000, 6)
\set order random(1, 1000000000)
\set fate random(1, 100)
SELECT public_id('usr', sample.active(:customer)) AS user_id,
       round(:cents / 100.0, 2) AS amount,
       jsonb_build_object('order_id', 'ord-' || :order::text, 'channel', 'ios',
                          'merchant', public_id('mer', 1 + :order::bigint % 500)) AS metadata \gset

SELECT id AS payment_method_id
FROM payment_methods
WHERE user_id = :user_id AND is_default AND is_active AND deleted_at IS NULL \gset

BEGIN;
INSERT INTO transactions (user_id, payment_method_id, amount, currency, metadata)
VALUES (:user_id, :payment_method_id, :amount, 'EUR', :metadata)
RETURNING id AS transaction_id \gset
INSERT INTO audit_logs (actor_id, entity_type, entity_id, action, new_values)
VALUES (:user_id, 'transaction', :transaction_id, 'created', '{"status": "pending"}');
END;

\if :fate > 9
UPDATE transactions SET status = 'processing', updated_at = now() WHERE id = :transaction_id AND status = 'pending';

\if :fate > 16
BEGIN;
UPDATE transactions SET status = 'succeeded', updated_at = now(), completed_at = now() WHERE id = :transaction_id;
INSERT INTO receipts (transaction_id, number, total, sent_to, lines)
SELECT t.id, 'R-' || to_char(t.created_at, 'YYYYMM') || '-' || t.id, t.amount, u.email,
       jsonb_build_array(jsonb_build_object('text', 'Goods', 'amount', t.amount))
FROM transactions AS t JOIN users AS u ON u.id = t.user_id
WHERE t.id = :transaction_id;
INSERT INTO audit_logs (actor_id, entity_type, entity_id, action, old_values, new_values)
VALUES (:user_id, 'transaction', :transaction_id, 'status_changed',
        '{"status": "processing"}', '{"status": "succeeded"}');
END;
\else
BEGIN;
UPDATE transactions SET status = 'failed', updated_at = now(), completed_at = now() WHERE id = :transaction_id;
INSERT INTO audit_logs (actor_id, entity_type, entity_id, action, old_values, new_values)
VALUES (:user_id, 'transaction', :transaction_id, 'status_changed',
        '{"status": "processing"}', '{"status": "failed"}');
END;
\endif
\endif
