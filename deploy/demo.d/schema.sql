-- The payment sample: the schema of a payment service as one finds them in production, with text ids, JSON beside
-- columns, and soft deletes. Only primary keys and unique constraints have an index: what else the workload would
-- need is left for the advice to find.
--
--   psql -d payments -v transactions=200000 -f schema.sql -f load.sql -f foreign_keys.sql

\set ON_ERROR_STOP on
SET client_min_messages = warning;

CREATE SEQUENCE users_number;
CREATE SEQUENCE biometric_data_number;
CREATE SEQUENCE webauthn_credentials_number;
CREATE SEQUENCE payment_methods_number;
CREATE SEQUENCE transactions_number;
CREATE SEQUENCE refunds_number;
CREATE SEQUENCE receipts_number;
CREATE SEQUENCE audit_logs_number;

-- An id as the service shows it to its customers: public_id('usr', 123) is usr_00000123. It names its arguments once
-- each, so that it can be inlined with nextval for one.
CREATE FUNCTION public_id(prefix text, number bigint) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN prefix || '_' || lpad(number::text, 8, '0');

CREATE TABLE users (
  id            text PRIMARY KEY DEFAULT public_id('usr', nextval('users_number')),
  email         text NOT NULL,
  full_name     text NOT NULL,
  phone         text,
  country       char(2) NOT NULL,
  kyc_status    text NOT NULL DEFAULT 'unverified'
                CHECK (kyc_status IN ('unverified', 'pending', 'verified', 'rejected')),
  preferences   jsonb NOT NULL DEFAULT '{}',
  is_active     boolean NOT NULL DEFAULT true,
  last_login_at timestamptz,
  created_at    timestamptz NOT NULL DEFAULT now(),
  updated_at    timestamptz NOT NULL DEFAULT now(),
  deleted_at    timestamptz
);

CREATE TABLE biometric_data (
  id              text PRIMARY KEY DEFAULT public_id('bio', nextval('biometric_data_number')),
  user_id         text NOT NULL,
  kind            text NOT NULL CHECK (kind IN ('fingerprint', 'face', 'voice')),
  template_digest bytea NOT NULL,
  quality         numeric(4, 3) NOT NULL CHECK (quality BETWEEN 0 AND 1),
  device          jsonb NOT NULL DEFAULT '{}',
  is_active       boolean NOT NULL DEFAULT true,
  enrolled_at     timestamptz NOT NULL DEFAULT now(),
  deleted_at      timestamptz
);

CREATE TABLE webauthn_credentials (
  id            text PRIMARY KEY DEFAULT public_id('cred', nextval('webauthn_credentials_number')),
  user_id       text NOT NULL,
  credential_id text NOT NULL UNIQUE,
  public_key    bytea NOT NULL,
  sign_count    bigint NOT NULL DEFAULT 0,
  transports    text[] NOT NULL DEFAULT '{}',
  nickname      text,
  is_active     boolean NOT NULL DEFAULT true,
  created_at    timestamptz NOT NULL DEFAULT now(),
  last_used_at  timestamptz,
  deleted_at    timestamptz
);

CREATE TABLE payment_methods (
  id         text PRIMARY KEY DEFAULT public_id('pm', nextval('payment_methods_number')),
  user_id    text NOT NULL,
  kind       text NOT NULL CHECK (kind IN ('card', 'bank_account', 'wallet')),
  details    jsonb NOT NULL,
  is_default boolean NOT NULL DEFAULT false,
  is_active  boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz
);

CREATE TABLE transactions (
  id                text PRIMARY KEY DEFAULT public_id('txn', nextval('transactions_number')),
  user_id           text NOT NULL,
  payment_method_id text NOT NULL,
  idempotency_key   uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  amount            numeric(12, 2) NOT NULL CHECK (amount > 0),
  currency          char(3) NOT NULL,
  status            text NOT NULL DEFAULT 'pending'
                    CHECK (status IN ('pending', 'processing', 'succeeded', 'failed', 'cancelled', 'refunded')),
  description       text,
  metadata          jsonb NOT NULL DEFAULT '{}',
  created_at        timestamptz NOT NULL DEFAULT now(),
  updated_at        timestamptz NOT NULL DEFAULT now(),
  completed_at      timestamptz,
  deleted_at        timestamptz
);

CREATE TABLE refunds (
  id             text PRIMARY KEY DEFAULT public_id('ref', nextval('refunds_number')),
  transaction_id text NOT NULL,
  amount         numeric(12, 2) NOT NULL CHECK (amount > 0),
  reason         text NOT NULL,
  status         text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'succeeded', 'failed')),
  metadata       jsonb NOT NULL DEFAULT '{}',
  created_at     timestamptz NOT NULL DEFAULT now(),
  processed_at   timestamptz
);

CREATE TABLE receipts (
  id             text PRIMARY KEY DEFAULT public_id('rcp', nextval('receipts_number')),
  transaction_id text NOT NULL,
  number         text NOT NULL UNIQUE,
  total          numeric(12, 2) NOT NULL,
  sent_to        text NOT NULL,
  lines          jsonb NOT NULL,
  issued_at      timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE audit_logs (
  id          text PRIMARY KEY DEFAULT public_id('aud', nextval('audit_logs_number')),
  actor_id    text,
  entity_type text NOT NULL,
  entity_id   text NOT NULL,
  action      text NOT NULL,
  old_values  jsonb,
  new_values  jsonb,
  ip_address  inet,
  created_at  timestamptz NOT NULL DEFAULT now()
);

ALTER SEQUENCE users_number OWNED BY users.id;
ALTER SEQUENCE biometric_data_number OWNED BY biometric_data.id;
ALTER SEQUENCE webauthn_credentials_number OWNED BY webauthn_credentials.id;
ALTER SEQUENCE payment_methods_number OWNED BY payment_methods.id;
ALTER SEQUENCE transactions_number OWNED BY transactions.id;
ALTER SEQUENCE refunds_number OWNED BY refunds.id;
ALTER SEQUENCE receipts_number OWNED BY receipts.id;
ALTER SEQUENCE audit_logs_number OWNED BY audit_logs.id;

-- Not the service's: how the sample derives a customer from a number, the same way when it loads the tables and
-- when the workload asks for them.
CREATE SCHEMA sample;

-- Each 40th customer has left (deleted_at is set).
CREATE FUNCTION sample.has_left(number bigint) RETURNS boolean
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN number % 40 = 0;

-- The workload is made by those who have not: this number, or the one before.
CREATE FUNCTION sample.active(number bigint) RETURNS bigint
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN number - sample.has_left(number)::int;

CREATE FUNCTION sample.first_name(number bigint) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN ('{ada,amir,bea,carlos,chen,dagny,elif,emeka,farah,giulia,hana,ines,jonas,kofi,lena,marek,mei,nadia,noor,olga,'
          'pavel,quinn,rosa,sanjay,tariq,uma,viktor,wanda,yusuf,zoe}'::text[])[1 + number * 7 % 30];

CREATE FUNCTION sample.last_name(number bigint) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN ('{abara,andersen,bakker,bianchi,costa,dubois,eriksen,fischer,garcia,haddad,ito,jansen,kaya,kowalski,lopez,'
          'martin,moreau,nakamura,novak,okafor,patel,rossi,santos,schmidt,silva,tanaka,vargas,weber,yilmaz,zhang}'
          ::text[])[1 + number / 30 % 30];

CREATE FUNCTION sample.email(number bigint) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN sample.first_name(number) || '.' || sample.last_name(number) || number || '@'
         || ('{mail,post,inbox,letter}'::text[])[1 + number % 4] || '.example';
