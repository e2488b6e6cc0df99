-- Times are microseconds since 1970 UTC, 0 for the zero time; durations are
-- microseconds. Accounts' data is keyed by account first. Tables WITHOUT ROWID
-- have small rows; what may be large (inputs, results, data) is in tables with
-- one, where a large value does not crowd out its neighbours.

-- +goose Up
CREATE TABLE meta (
    name  TEXT NOT NULL PRIMARY KEY, -- epoch, canary
    value ANY NOT NULL
) WITHOUT ROWID, STRICT;

CREATE TABLE settings (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID, STRICT;

CREATE TABLE accounts (
    id               TEXT NOT NULL PRIMARY KEY,
    name             TEXT NOT NULL,
    callback_profile TEXT NOT NULL,
    secret           BLOB, -- sealed; NULL = none
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL
) WITHOUT ROWID, STRICT;

CREATE TABLE keys (
    id         TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL, -- '' = an operator's
    name       TEXT NOT NULL,
    scopes     TEXT NOT NULL, -- separated by spaces
    hash       BLOB NOT NULL,
    created_at INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
CREATE UNIQUE INDEX keys_hash ON keys (hash);
CREATE INDEX keys_account ON keys (account_id, id);

CREATE TABLE endpoints (
    account_id      TEXT NOT NULL,
    id              TEXT NOT NULL,
    name            TEXT NOT NULL,
    url             TEXT NOT NULL,
    event_types     TEXT NOT NULL, -- JSON array
    profile         TEXT NOT NULL,
    secret          BLOB, -- sealed; NULL = none
    include_result  INTEGER NOT NULL,
    enabled         INTEGER NOT NULL,
    disabled_reason TEXT NOT NULL,
    disabled_at     INTEGER NOT NULL,
    headers         BLOB, -- sealed JSON object; NULL = none
    retry_schedule  TEXT, -- JSON array of durations; NULL = the profile's
    timeout         INTEGER NOT NULL,
    failing_since   INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    PRIMARY KEY (account_id, id)
) WITHOUT ROWID, STRICT;

CREATE TABLE idempotency (
    account_id  TEXT NOT NULL,
    route       TEXT NOT NULL,
    key         TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    ref         TEXT NOT NULL, -- the id of what was made
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (account_id, route, key)
) WITHOUT ROWID, STRICT;
CREATE INDEX idempotency_created ON idempotency (created_at);

-- What a job was given and what it returned are apart from its state, which is
-- written anew by every lease and heartbeat.
CREATE TABLE job_inputs (
    rowid    INTEGER PRIMARY KEY,
    metadata BLOB, -- before input, which may be long to read over
    input    BLOB
) STRICT;

CREATE TABLE job_results (
    input_rowid INTEGER PRIMARY KEY,
    result      BLOB NOT NULL
) STRICT;

CREATE TABLE jobs (
    account_id       TEXT NOT NULL,
    id               TEXT NOT NULL,
    type             TEXT NOT NULL,
    status           TEXT NOT NULL,
    ready            INTEGER NOT NULL, -- 1 = queued, and may be leased
    due_at           INTEGER NOT NULL, -- when it could run first: the later of run_at and created_at
    input_rowid      INTEGER NOT NULL,
    error            TEXT NOT NULL,
    callback_url     TEXT NOT NULL,
    profile          TEXT NOT NULL,
    callback_only    INTEGER NOT NULL,
    include_result   INTEGER NOT NULL,
    event_types      TEXT NOT NULL, -- JSON object; '' = the defaults
    resource_id      TEXT NOT NULL,
    run_at           INTEGER NOT NULL,
    timeout          INTEGER NOT NULL,
    max_attempts     INTEGER NOT NULL,
    attempt          INTEGER NOT NULL,
    lease_token      TEXT NOT NULL,
    lease            INTEGER NOT NULL,
    lease_expires_at INTEGER NOT NULL,
    created_at       INTEGER NOT NULL,
    started_at       INTEGER NOT NULL,
    finished_at      INTEGER NOT NULL,
    PRIMARY KEY (account_id, id)
) WITHOUT ROWID, STRICT;
CREATE UNIQUE INDEX jobs_id ON jobs (id);
CREATE INDEX jobs_type ON jobs (account_id, type, id);
CREATE INDEX jobs_status ON jobs (account_id, status, id) WHERE status <> 'succeeded';
CREATE INDEX jobs_resource ON jobs (account_id, resource_id, id) WHERE resource_id <> '';
CREATE INDEX jobs_ready ON jobs (type, account_id, due_at, id) WHERE ready = 1;
CREATE INDEX jobs_waiting ON jobs (due_at) WHERE status = 'queued' AND ready = 0;
CREATE INDEX jobs_running ON jobs (lease_expires_at) WHERE status = 'running';

CREATE TABLE events (
    rowid       INTEGER PRIMARY KEY,
    account_id  TEXT NOT NULL,
    id          TEXT NOT NULL,
    type        TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    job_id      TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    data        BLOB
) STRICT;
CREATE UNIQUE INDEX events_id ON events (account_id, id);
CREATE INDEX events_job ON events (account_id, job_id, id) WHERE job_id <> '';
CREATE INDEX events_resource ON events (account_id, resource_id, id) WHERE resource_id <> '';

-- Pending deliveries. The event's id is within the delivery's.
CREATE TABLE deliveries_open (
    account_id      TEXT NOT NULL,
    id              TEXT NOT NULL,
    event_type      TEXT NOT NULL,
    job_id          TEXT NOT NULL,
    endpoint_id     TEXT NOT NULL,
    url             TEXT NOT NULL,
    profile         TEXT NOT NULL,
    reason          TEXT NOT NULL,
    attempt_count   INTEGER NOT NULL,
    step            INTEGER NOT NULL,
    next_attempt_at INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    lease_epoch     INTEGER NOT NULL, -- 0 = not leased
    queue           TEXT NOT NULL,    -- '' = not parked; always so while leased
    PRIMARY KEY (account_id, id)
) WITHOUT ROWID, STRICT;
CREATE INDEX open_leased ON deliveries_open (lease_epoch) WHERE lease_epoch <> 0;
CREATE INDEX open_due ON deliveries_open (next_attempt_at) WHERE lease_epoch = 0 AND queue = '';
CREATE INDEX open_parked ON deliveries_open (queue, next_attempt_at) WHERE queue <> '';
CREATE INDEX open_endpoint ON deliveries_open (account_id, endpoint_id, id);

-- Deliveries that are not pending any more.
CREATE TABLE deliveries (
    account_id      TEXT NOT NULL,
    id              TEXT NOT NULL,
    event_type      TEXT NOT NULL,
    job_id          TEXT NOT NULL,
    endpoint_id     TEXT NOT NULL,
    url             TEXT NOT NULL,
    profile         TEXT NOT NULL,
    reason          TEXT NOT NULL,
    attempt_count   INTEGER NOT NULL,
    step            INTEGER NOT NULL,
    status          TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    finished_at     INTEGER NOT NULL,
    PRIMARY KEY (account_id, id)
) WITHOUT ROWID, STRICT;
CREATE INDEX deliveries_endpoint ON deliveries (account_id, endpoint_id, id);
CREATE INDEX deliveries_undelivered ON deliveries (account_id, status, id) WHERE status <> 'delivered';

CREATE TABLE attempts (
    account_id       TEXT NOT NULL,
    delivery_id      TEXT NOT NULL,
    number           INTEGER NOT NULL,
    started_at       INTEGER NOT NULL,
    duration         INTEGER NOT NULL,
    status_code      INTEGER NOT NULL,
    error            TEXT NOT NULL,
    request_headers  BLOB, -- lines "Name: value"; NULL = none
    response_headers BLOB,
    response_body    BLOB,
    PRIMARY KEY (delivery_id, number) -- by time alone: attempts of all accounts are appended at one place
) WITHOUT ROWID, STRICT;
