-- Support looks for a customer by a part of an e-mail address.
\set name random(1, 900)
SELECT '%' || left(sample.last_name(:name), 5) || '%' AS pattern \gset

SELECT id, email, full_name, kyc_status, created_at
FROM users
WHERE email ILIKE :pattern AND deleted_at IS NULL
ORDER BY created_at DESC
LIMIT 20;
