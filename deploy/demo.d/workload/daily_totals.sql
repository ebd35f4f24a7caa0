-- The accountants' report: a few days' totals, mostly of late.
\set ago random_exponential(1, 150, 8)
\set days random_exponential(1, 14, 3)
SELECT current_date - :ago::int AS first_day, current_date - :ago::int + :days::int AS end_day \gset

SELECT created_at::date AS day, currency, count(*) AS payments, sum(amount) AS total, avg(amount) AS mean
FROM transactions
WHERE created_at >= :first_day::date AND created_at < :end_day::date AND status = 'succeeded' AND deleted_at IS NULL
GROUP BY created_at::date, currency
ORDER BY day, currency;
