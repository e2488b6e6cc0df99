-- +goose Up
-- Secrets that are on their way out, sealed JSON; NULL = none.
ALTER TABLE accounts ADD COLUMN previous_secrets BLOB;
ALTER TABLE accounts ADD COLUMN callback_signature TEXT NOT NULL DEFAULT 'v1';
ALTER TABLE accounts ADD COLUMN signing_key BLOB; -- sealed; NULL = none
ALTER TABLE accounts ADD COLUMN previous_signing_keys BLOB;

ALTER TABLE endpoints ADD COLUMN previous_secrets BLOB;
ALTER TABLE endpoints ADD COLUMN rate_limit REAL NOT NULL DEFAULT 0; -- attempts a second; 0 = none

ALTER TABLE jobs ADD COLUMN traceparent TEXT NOT NULL DEFAULT '';
ALTER TABLE events ADD COLUMN traceparent TEXT NOT NULL DEFAULT '';
ALTER TABLE events ADD COLUMN only_endpoint TEXT NOT NULL DEFAULT ''; -- '' = all that subscribe

-- What an owner keeps by name; account_id '' = the operator's, for every account.
CREATE TABLE event_types (
    account_id  TEXT NOT NULL,
    name        TEXT NOT NULL,
    description TEXT NOT NULL,
    archived    INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    json_schema BLOB, -- NULL = none; last, because it may be long
    PRIMARY KEY (account_id, name)
) WITHOUT ROWID, STRICT;

CREATE TABLE profiles (
    account_id TEXT NOT NULL,
    name       TEXT NOT NULL,
    definition TEXT NOT NULL, -- JSON
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, name)
) WITHOUT ROWID, STRICT;
-- Who has a profile, which must not be deleted then.
CREATE INDEX endpoints_profile ON endpoints (profile, account_id, id);
CREATE INDEX accounts_profile ON accounts (callback_profile, id);
