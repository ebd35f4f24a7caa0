-- An agent pays a late transaction back, where it went through and was not paid back before, then lists its refunds.
\set back random_exponential(1, :transactions, 8)
SELECT public_id('txn', 1 + :transactions - :back) AS transaction_id \gset

WITH refunded AS (
  UPDATE transactions SET status = 'refunded', updated_at = now()
  WHERE id = :transaction_id AND status = 'succeeded'
  RETURNING id, amount
)
INSERT INTO refunds (transaction_id, amount, reason, status, metadata, processed_at)
SELECT id, amount, 'requested_by_customer', 'succeeded', '{"agent": "agt-7"}', now() FROM refunded;

SELECT id, amount, reason, status, processed_at FROM refunds WHERE transaction_id = :transaction_id;
