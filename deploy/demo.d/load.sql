-- Fills the payment sample with 180 days of business that end now.
--
--   psql -d payments -v transactions=200000 -f schema.sql -f load.sql -f foreign_keys.sql
--
-- Everything scales with the number of transactions (1,000 to 5,000,000). The business grows, and few customers make
-- much of it: the chance that it is customer n falls with the 2/3rd power of n. The seed is fixed, so that two loads
-- differ only by the clock and by their idempotency keys.

\set ON_ERROR_STOP on
\set users :transactions / 10
SET client_min_messages = warning;
SET work_mem = '64MB';

SELECT setseed(0.25);

-- When the i-th of n things happened.
CREATE FUNCTION pg_temp.moment(i float8, n bigint) RETURNS timestamptz
  LANGUAGE sql STABLE
  RETURN now() - interval '180 days' * (1 - power(i / n, 0.7));

-- One of `choices`, the first ones more often.
CREATE FUNCTION pg_temp.pick(choices text[]) RETURNS text
  LANGUAGE sql VOLATILE
  RETURN choices[1 + floor(cardinality(choices) * random() ^ 2)];

INSERT INTO users (email, full_name, phone, country, kyc_status, preferences, is_active,
                   last_login_at, created_at, updated_at, deleted_at)
SELECT sample.email(n),
       initcap(sample.first_name(n) || ' ' || sample.last_name(n)),
       CASE WHEN n % 5 > 0 THEN '+' || (310000000000 + n * 7919 % 99999999) END,
       pg_temp.pick('{DE,FR,NL,IT,ES,PL,TR,JP,NG,BR}'),
       CASE WHEN n % 17 = 0 THEN 'pending' WHEN n % 29 = 0 THEN 'rejected' ELSE 'verified' END,
       jsonb_build_object('language', pg_temp.pick('{de,fr,nl,it,es,pl,tr,ja,en,pt}'),
                          'notify', jsonb_build_object('email', random() < 0.8, 'sms', random() < 0.3)),
       NOT sample.has_left(n),
       now() - interval '30 days' * random() ^ 3,
       created_at,
       created_at,
       CASE WHEN sample.has_left(n) THEN created_at + (now() - created_at) * random() END
FROM (SELECT n, pg_temp.moment(n, :users) - interval '30 days' AS created_at
      FROM generate_series(1, :users) AS n) AS customer;

-- The chance stands in a subquery's result, not in its WHERE, where one throw of the dice would serve all customers.
INSERT INTO biometric_data (user_id, kind, template_digest, quality, device, is_active, enrolled_at, deleted_at)
SELECT id,
       kind,
       sha256(convert_to(id || kind, 'UTF8')),
       round((0.7 + 0.3 * random())::numeric, 3),
       jsonb_build_object('model', pg_temp.pick('{phone-a,phone-b,tablet-a,laptop-c}'),
                          'os', pg_temp.pick('{15,16,14,13}')),
       is_active,
       created_at + interval '1 hour',
       deleted_at
FROM (SELECT u.id, u.is_active, u.created_at, u.deleted_at, kind, rank, random() AS chance
      FROM users AS u
      CROSS JOIN unnest('{fingerprint,face,voice}'::text[]) WITH ORDINALITY AS k(kind, rank)) AS template
WHERE chance < 0.6 / rank;

-- Everybody has one credential, some a second or a third.
INSERT INTO webauthn_credentials (user_id, credential_id, public_key, sign_count, transports, nickname, is_active,
                                  created_at, last_used_at, deleted_at)
SELECT id,
       encode(sha256(convert_to(id || '/' || key, 'UTF8')), 'base64'),
       sha512(convert_to(email || key, 'UTF8')),
       floor(500 * random() ^ 3),
       CASE key WHEN 1 THEN '{internal,hybrid}'::text[] ELSE '{usb,nfc}'::text[] END,
       CASE key WHEN 1 THEN 'Phone' WHEN 2 THEN 'Laptop' ELSE 'Security key' END,
       is_active,
       created_at,
       last_login_at,
       deleted_at
FROM (SELECT u.id, u.email, u.is_active, u.created_at, u.last_login_at, u.deleted_at, key, random() AS chance
      FROM users AS u CROSS JOIN generate_series(1, 3) AS key) AS credential
WHERE key = 1 OR chance < 0.5 / key;

-- Two payment methods a customer, the second often given up. Those of customer n are the numbers 2n-1 (the default)
-- and 2n: the transactions below rely on it.
INSERT INTO payment_methods (user_id, kind, details, is_default, is_active, created_at, updated_at, deleted_at)
SELECT id,
       kind,
       CASE kind
         WHEN 'card' THEN jsonb_build_object('brand', pg_temp.pick('{visa,mastercard,amex}'),
                                             'last4', lpad((floor(random() * 10000))::text, 4, '0'),
                                             'expires', to_char(now() + interval '3 years' * random(), 'YYYY-MM'))
         WHEN 'bank_account' THEN jsonb_build_object('bank', pg_temp.pick('{north,harbour,union,first}'),
                                                     'iban_tail', lpad((floor(random() * 10000))::text, 4, '0'))
         ELSE jsonb_build_object('provider', pg_temp.pick('{purse,tap}'), 'token', md5(id))
       END,
       which = 1,
       is_active AND NOT given_up,
       created_at,
       created_at,
       CASE WHEN is_active AND given_up THEN created_at + interval '20 days' ELSE deleted_at END
FROM (SELECT u.id, u.is_active, u.created_at, u.deleted_at, which,
             pg_temp.pick('{card,card,wallet,bank_account}') AS kind,
             which = 2 AND random() < 0.4 AS given_up
      FROM users AS u CROSS JOIN generate_series(1, 2) AS which
      ORDER BY u.id, which) AS method;

-- Old business is settled. Of the last hour some is still pending, and a little never left processing.
INSERT INTO transactions (user_id, payment_method_id, amount, currency, status, description, metadata,
                          created_at, updated_at, completed_at, deleted_at)
SELECT public_id('usr', customer),
       public_id('pm', method),
       amount,
       pg_temp.pick('{EUR,USD,GBP,PLN,JPY}'),
       status,
       CASE WHEN n % 3 = 0 THEN 'Order ' || n END,
       jsonb_build_object('order_id', 'ord-' || n,
                          'channel', pg_temp.pick('{web,ios,android,terminal}'),
                          'merchant', public_id('mer', merchant),
                          'risk', jsonb_build_object('score', floor(100 * random() ^ 4), 'reviewed', chance > 0.97)),
       created_at,
       settled_at,
       CASE WHEN status NOT IN ('pending', 'processing') THEN settled_at END,
       CASE WHEN n % 5000 = 0 THEN created_at + interval '30 days' * chance END
FROM (SELECT n, customer, amount, chance, moment AS created_at,
             2 * customer - (random() < 0.85)::int AS method,
             1 + floor(500 * random() ^ 3)::bigint AS merchant,
             least(moment + interval '90 seconds' * random() ^ 2, now()) AS settled_at,
             CASE WHEN moment > now() - interval '1 hour' AND chance < 0.4 THEN 'pending'
                  WHEN chance < 0.88 THEN 'succeeded'
                  WHEN chance < 0.94 THEN 'failed'
                  WHEN chance < 0.97 THEN 'refunded'
                  WHEN chance < 0.9995 THEN 'cancelled'
                  ELSE 'processing' END AS status
      FROM (SELECT n,
                   1 + floor(:users * random() ^ 3)::bigint AS customer,
                   round(exp(1 + 5 * random() ^ 1.5)::numeric, 2) AS amount,
                   random() AS chance,
                   pg_temp.moment(n - random(), :transactions) AS moment
            FROM generate_series(1, :transactions) AS n) AS purchase) AS outcome;

INSERT INTO refunds (transaction_id, amount, reason, status, metadata, created_at, processed_at)
SELECT id,
       CASE WHEN random() < 0.8 THEN amount ELSE greatest(round(amount / 2, 2), 0.01) END,
       pg_temp.pick('{requested_by_customer,duplicate,not_delivered,fraudulent}'),
       'succeeded',
       jsonb_build_object('agent', 'agt-' || floor(40 * random() ^ 2)),
       asked_at,
       least(asked_at + interval '2 days' * random(), now())
FROM (SELECT id, amount, least(completed_at + interval '10 days' * random(), now()) AS asked_at
      FROM transactions WHERE status = 'refunded') AS refunded;

INSERT INTO receipts (transaction_id, number, total, sent_to, lines, issued_at)
SELECT t.id,
       'R-' || to_char(t.created_at, 'YYYYMM') || '-' || t.id,
       t.amount,
       u.email,
       jsonb_build_array(jsonb_build_object('text', 'Goods', 'amount', round(t.amount / 1.19, 2)),
                         jsonb_build_object('text', 'Tax', 'amount', t.amount - round(t.amount / 1.19, 2))),
       t.completed_at
FROM transactions AS t JOIN users AS u ON u.id = t.user_id
WHERE t.status IN ('succeeded', 'refunded');

INSERT INTO audit_logs (actor_id, entity_type, entity_id, action, old_values, new_values, ip_address, created_at)
SELECT user_id,
       'transaction',
       id,
       'status_changed',
       '{"status": "processing"}',
       jsonb_build_object('status', status, 'amount', amount),
       '10.0.0.0'::inet + floor(random() * 65536)::bigint,
       completed_at
FROM transactions WHERE completed_at IS NOT NULL;

INSERT INTO audit_logs (actor_id, entity_type, entity_id, action, old_values, new_values, ip_address, created_at)
SELECT id,
       'user',
       id,
       CASE WHEN deleted_at IS NULL THEN 'updated' ELSE 'deleted' END,
       jsonb_build_object('kyc_status', 'pending'),
       jsonb_build_object('kyc_status', kyc_status),
       '10.1.0.0'::inet + floor(random() * 65536)::bigint,
       coalesce(deleted_at, updated_at)
FROM users;

VACUUM (ANALYZE) users, biometric_data, webauthn_credentials, payment_methods, transactions, refunds, receipts,
  audit_logs;
