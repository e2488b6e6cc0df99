-- Times are microseconds since 1970 UTC, 0 for the zero time; durations are
-- microseconds. Ids and names are compared byte by byte.
--
-- What belongs to an account has the account's bucket first in each key, so that
-- its tables may be spread over machines by it; the others are small, and whole
-- on every machine. There are no foreign keys and no sequences, which could not
-- be spread. Tables of history are in parts by the day of the event, which is in
-- its id and in those of its deliveries (dayOf); a part for every other day takes
-- what no part was made for.
--
-- An index beside the primary key has a condition, which only a statement that is
-- meant to run along it repeats: of a table that was empty when it was last looked
-- at, all indexes seem to be as good, and a plan is kept for longer than that.

-- +goose Up
CREATE TABLE meta (
    name  text COLLATE "C" PRIMARY KEY, -- canary
    value bytea NOT NULL
);

CREATE TABLE settings (
    name  text COLLATE "C" PRIMARY KEY,
    value text NOT NULL
);

CREATE TABLE counters (
    name  text COLLATE "C" PRIMARY KEY, -- epoch: the last one begun
    value bigint NOT NULL
);

-- Epochs that have not ended.
CREATE TABLE nodes (
    epoch     bigint PRIMARY KEY,
    name      text NOT NULL,
    count     bigint NOT NULL,
    joined_at bigint NOT NULL
);

CREATE TABLE accounts (
    id                    text COLLATE "C" PRIMARY KEY,
    name                  text NOT NULL,
    callback_profile      text COLLATE "C" NOT NULL,
    callback_signature    text NOT NULL,
    secret                bytea, -- sealed; NULL = none
    previous_secrets      bytea, -- sealed JSON; NULL = none
    signing_key           bytea,
    previous_signing_keys bytea,
    created_at            bigint NOT NULL,
    updated_at            bigint NOT NULL
);
CREATE INDEX accounts_profile ON accounts (callback_profile, id);

CREATE TABLE keys (
    id         text COLLATE "C" PRIMARY KEY,
    account_id text COLLATE "C" NOT NULL, -- '' = an operator's
    name       text NOT NULL,
    scopes     text NOT NULL, -- separated by spaces
    hash       bytea NOT NULL,
    created_at bigint NOT NULL
);
CREATE UNIQUE INDEX keys_hash ON keys (hash);
CREATE INDEX keys_account ON keys (account_id, id);

-- How often an account or its endpoints were changed; no row = 1.
CREATE TABLE revisions (
    bucket     smallint NOT NULL,
    account_id text COLLATE "C" NOT NULL,
    revision   bigint NOT NULL,
    PRIMARY KEY (bucket, account_id)
);

-- The last transaction that was committed under each mark (see marks.go).
CREATE TABLE marks (
    bucket  smallint NOT NULL,
    id      text COLLATE "C" NOT NULL,
    count   bigint NOT NULL, -- of its transactions; -1 = no more of them
    used_at bigint NOT NULL,
    PRIMARY KEY (bucket, id)
) WITH (fillfactor = 20); -- every transaction writes one row anew

CREATE TABLE endpoints (
    bucket           smallint NOT NULL,
    account_id       text COLLATE "C" NOT NULL,
    id               text COLLATE "C" NOT NULL,
    name             text NOT NULL,
    url              text NOT NULL,
    event_types      text NOT NULL, -- JSON array
    profile          text COLLATE "C" NOT NULL,
    secret           bytea, -- sealed; NULL = none
    previous_secrets bytea, -- sealed JSON; NULL = none
    include_result   boolean NOT NULL,
    enabled          boolean NOT NULL,
    disabled_reason  text NOT NULL,
    disabled_at      bigint NOT NULL,
    headers          bytea, -- sealed JSON object; NULL = none
    retry_schedule   text, -- JSON array of durations; NULL = the profile's
    timeout          bigint NOT NULL,
    rate_limit       double precision NOT NULL, -- attempts a second; 0 = none
    failing_since    bigint NOT NULL,
    created_at       bigint NOT NULL,
    updated_at       bigint NOT NULL,
    PRIMARY KEY (bucket, account_id, id)
);
CREATE INDEX endpoints_profile ON endpoints (profile, account_id, id);

-- What an owner keeps by name; account_id '' = the operator's, for every account.
CREATE TABLE event_types (
    bucket      smallint NOT NULL,
    account_id  text COLLATE "C" NOT NULL,
    name        text COLLATE "C" NOT NULL,
    description text NOT NULL,
    archived    boolean NOT NULL,
    created_at  bigint NOT NULL,
    updated_at  bigint NOT NULL,
    json_schema bytea, -- NULL = none
    PRIMARY KEY (bucket, account_id, name)
);

CREATE TABLE profiles (
    bucket     smallint NOT NULL,
    account_id text COLLATE "C" NOT NULL,
    name       text COLLATE "C" NOT NULL,
    definition text NOT NULL, -- JSON
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (bucket, account_id, name)
);

CREATE TABLE idempotency (
    bucket      smallint NOT NULL,
    account_id  text COLLATE "C" NOT NULL,
    route       text COLLATE "C" NOT NULL,
    key         text COLLATE "C" NOT NULL,
    fingerprint bytea NOT NULL,
    ref         text NOT NULL, -- the id of what was made
    created_at  bigint NOT NULL,
    PRIMARY KEY (bucket, account_id, route, key)
);
CREATE INDEX idempotency_created ON idempotency (created_at);

-- What may be long is kept out of the row early (toast_tuple_target), because
-- every lease and heartbeat writes the row anew.
CREATE TABLE jobs (
    bucket           smallint NOT NULL,
    attempt          integer NOT NULL,
    max_attempts     integer NOT NULL,
    ready            boolean NOT NULL, -- queued, and may be leased
    callback_only    boolean NOT NULL,
    include_result   boolean NOT NULL,
    due_at           bigint NOT NULL, -- when it could run first: the later of run_at and created_at
    run_at           bigint NOT NULL,
    timeout          bigint NOT NULL,
    lease            bigint NOT NULL,
    lease_expires_at bigint NOT NULL,
    created_at       bigint NOT NULL,
    started_at       bigint NOT NULL,
    finished_at      bigint NOT NULL,
    account_id       text COLLATE "C" NOT NULL,
    id               text COLLATE "C" NOT NULL,
    type             text COLLATE "C" NOT NULL,
    status           text COLLATE "C" NOT NULL,
    error            text NOT NULL,
    callback_url     text NOT NULL,
    profile          text NOT NULL,
    event_types      text NOT NULL, -- JSON object; '' = the defaults
    resource_id      text COLLATE "C" NOT NULL,
    lease_token      text NOT NULL,
    traceparent      text NOT NULL,
    metadata         bytea,
    input            bytea,
    result           bytea,
    PRIMARY KEY (bucket, account_id, id)
) WITH (toast_tuple_target = 512);
CREATE INDEX jobs_id ON jobs (id) WHERE id <> ''; -- for an operator's key, which knows no account
CREATE INDEX jobs_type ON jobs (bucket, account_id, type, id) WHERE type <> '';
CREATE INDEX jobs_status ON jobs (bucket, account_id, status, id) WHERE status <> 'succeeded' AND account_id <> '';
CREATE INDEX jobs_resource ON jobs (bucket, account_id, resource_id, id) WHERE resource_id <> '';
CREATE INDEX jobs_ready ON jobs (type, account_id, due_at, id) WHERE ready;
CREATE INDEX jobs_waiting ON jobs (due_at) WHERE status = 'queued' AND NOT ready;
CREATE INDEX jobs_running ON jobs (lease_expires_at) WHERE status = 'running';

CREATE TABLE events (
    bucket        smallint NOT NULL,
    day           integer NOT NULL, -- since 1970, as in the id
    created_at    bigint NOT NULL,
    account_id    text COLLATE "C" NOT NULL,
    id            text COLLATE "C" NOT NULL,
    type          text COLLATE "C" NOT NULL,
    resource_id   text COLLATE "C" NOT NULL,
    job_id        text COLLATE "C" NOT NULL,
    traceparent   text NOT NULL,
    only_endpoint text NOT NULL, -- '' = all that subscribe
    data          bytea,
    PRIMARY KEY (bucket, account_id, id, day)
) PARTITION BY RANGE (day);
CREATE TABLE events_other PARTITION OF events DEFAULT;
CREATE INDEX events_job ON events (bucket, account_id, job_id, id) WHERE job_id <> '';
CREATE INDEX events_resource ON events (bucket, account_id, resource_id, id) WHERE resource_id <> '';

-- Pending deliveries. The event's id is within the delivery's. Rows come and go
-- at once with every delivery, so that they are cleaned up often.
CREATE TABLE deliveries_open (
    bucket          smallint NOT NULL,
    attempt_count   integer NOT NULL,
    step            integer NOT NULL,
    next_attempt_at bigint NOT NULL,
    created_at      bigint NOT NULL,
    lease           bigint NOT NULL, -- 0 = not leased
    account_id      text COLLATE "C" NOT NULL,
    id              text COLLATE "C" NOT NULL,
    event_type      text COLLATE "C" NOT NULL,
    job_id          text COLLATE "C" NOT NULL,
    endpoint_id     text COLLATE "C" NOT NULL,
    url             text NOT NULL,
    profile         text NOT NULL,
    reason          text NOT NULL,
    queue           text COLLATE "C" NOT NULL, -- '' = not parked; always so while leased
    PRIMARY KEY (bucket, account_id, id)
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_cost_delay = 0);
-- What is leased has one small index alone: most deliveries are gone when their
-- first attempt is.
CREATE INDEX open_leased ON deliveries_open (lease) WHERE lease <> 0;
CREATE INDEX open_due ON deliveries_open (next_attempt_at, account_id, id) WHERE lease = 0 AND queue = '';
CREATE INDEX open_parked ON deliveries_open (queue, next_attempt_at, account_id, id) WHERE queue <> '';
CREATE INDEX open_endpoint ON deliveries_open (bucket, account_id, endpoint_id, id) WHERE lease = 0;

-- Deliveries that are not pending any more, each with its last attempt beside it
-- if one ended it: most have no other.
CREATE TABLE deliveries (
    bucket           smallint NOT NULL,
    day              integer NOT NULL, -- since 1970, as in the id
    attempt_count    integer NOT NULL,
    step             integer NOT NULL,
    attempt_number   integer NOT NULL, -- of the attempt that is in this row; 0 = none, and the others mean nothing
    status_code      integer NOT NULL,
    started_at       bigint NOT NULL,
    duration         bigint NOT NULL,
    created_at       bigint NOT NULL,
    finished_at      bigint NOT NULL,
    account_id       text COLLATE "C" NOT NULL,
    id               text COLLATE "C" NOT NULL,
    event_type       text COLLATE "C" NOT NULL,
    job_id           text COLLATE "C" NOT NULL,
    endpoint_id      text COLLATE "C" NOT NULL,
    url              text NOT NULL,
    profile          text NOT NULL,
    status           text COLLATE "C" NOT NULL,
    reason           text NOT NULL,
    error            text NOT NULL, -- of the attempt
    request_headers  bytea, -- lines "Name: value"; NULL = none
    response_headers bytea,
    response_body    bytea,
    PRIMARY KEY (bucket, account_id, id, day)
) PARTITION BY RANGE (day);
CREATE TABLE deliveries_other PARTITION OF deliveries DEFAULT;
CREATE INDEX deliveries_endpoint ON deliveries (bucket, account_id, endpoint_id, id) WHERE endpoint_id <> '';
CREATE INDEX deliveries_undelivered ON deliveries (bucket, account_id, status, id) WHERE status <> 'delivered';

-- The attempts that are not in the row of their delivery.
CREATE TABLE attempts (
    bucket           smallint NOT NULL,
    day              integer NOT NULL, -- of the delivery
    number           integer NOT NULL,
    status_code      integer NOT NULL,
    started_at       bigint NOT NULL,
    duration         bigint NOT NULL,
    account_id       text COLLATE "C" NOT NULL,
    delivery_id      text COLLATE "C" NOT NULL,
    error            text NOT NULL,
    request_headers  bytea,
    response_headers bytea,
    response_body    bytea,
    PRIMARY KEY (bucket, account_id, delivery_id, number, day)
) PARTITION BY RANGE (day);
CREATE TABLE attempts_other PARTITION OF attempts DEFAULT;
