-- The references between the tables of the payment sample. They come after the load, which they would make half as
-- slow again, and prove it: each is checked for every row. As in the rest of the schema, the referencing side has no
-- index.

\set ON_ERROR_STOP on

ALTER TABLE biometric_data ADD FOREIGN KEY (user_id) REFERENCES users;
ALTER TABLE webauthn_credentials ADD FOREIGN KEY (user_id) REFERENCES users;
ALTER TABLE payment_methods ADD FOREIGN KEY (user_id) REFERENCES users;
ALTER TABLE transactions
  ADD FOREIGN KEY (user_id) REFERENCES users,
  ADD FOREIGN KEY (payment_method_id) REFERENCES payment_methods;
ALTER TABLE refunds ADD FOREIGN KEY (transaction_id) REFERENCES transactions;
ALTER TABLE receipts ADD FOREIGN KEY (transaction_id) REFERENCES transactions;
