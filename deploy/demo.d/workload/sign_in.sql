-- A customer signs in: found by e-mail, proved by a credential, with the biometric templates at hand.
\set customer random_zipfian(1, :users, 1.07)
SELECT sample.email(sample.active(:customer)) AS email \gset

SELECT id AS user_id, full_name, kyc_status, preferences
FROM users
WHERE email = :email AND is_active AND deleted_at IS NULL \gset

SELECT credential_id, public_key, sign_count, transports
FROM webauthn_credentials
WHERE user_id = :user_id AND is_active AND deleted_at IS NULL
ORDER BY last_used_at \aset

SELECT kind, template_digest, quality
FROM biometric_data
WHERE user_id = :user_id AND is_active AND deleted_at IS NULL;

BEGIN;
UPDATE webauthn_credentials SET sign_count = sign_count + 1, last_used_at = now() WHERE credential_id = :credential_id;
UPDATE users SET last_login_at = now() WHERE id = :user_id;
END;
