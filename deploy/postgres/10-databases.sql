-- Runs once, when PostgreSQL's folder is empty: two databases, each with an owner who cannot enter the other one.
-- The passwords come from the container's environment; \getenv needs psql 14 or newer.
\set ON_ERROR_STOP on
\getenv ledger_password PILAR_LEDGER_PASSWORD
\getenv airflow_password AIRFLOW_DATABASE_PASSWORD

create role pilar login password :'ledger_password';
create database pilar owner pilar;
revoke connect on database pilar from public;

create role airflow login password :'airflow_password';
create database airflow owner airflow;
revoke connect on database airflow from public;
