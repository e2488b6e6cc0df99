#!/usr/bin/env python3
"""Writes schemes.json: signatures of custom profiles and of v1a, computed by
implementations other than this one (Python's hmac, and OpenSSL's ed25519 by way
of the package cryptography).

    python3 schemes.py > schemes.json
"""

import base64
import hashlib
import hmac
import itertools
import json

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ID, TIMESTAMP = "msg_2b8pQ1", 1732104000
BODIES = ["", "{}", '{"text":"ciao è 你好 🚀 <b>&</b>"}', "[" + ",".join(map(str, range(200))) + "]"]
HASHES = {"hmac-sha256": hashlib.sha256, "hmac-sha512": hashlib.sha512, "hmac-sha1": hashlib.sha1}
PREFIXES = {"hmac-sha256": "sha256=", "hmac-sha512": "", "hmac-sha1": "sha1=", "ed25519": "ed25519:"}


def content(form, body):
    head = {"body": "", "timestamp.body": f"{TIMESTAMP}.", "id.timestamp.body": f"{ID}.{TIMESTAMP}."}
    return (head[form] + body).encode()


def key_pair(first):
    seed = bytes(range(first, first + 32))
    private = Ed25519PrivateKey.from_private_bytes(seed)
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return private, "whsk_" + base64.b64encode(seed + public).decode(), "whpk_" + base64.b64encode(public).decode()


def custom(algorithm, encoding, form, body):
    case = {"profile": "", "algorithm": algorithm, "encoding": encoding, "content": form, "prefix": PREFIXES[algorithm]}
    if algorithm == "ed25519":
        private, case["secret"], case["public_key"] = key_pair(64)
        raw = private.sign(content(form, body))
    else:
        case["secret"] = "ключ-🔑" + "long" * 40  # longer than a block of any of the hashes
        raw = hmac.new(case["secret"].encode(), content(form, body), HASHES[algorithm]).digest()
    text = raw.hex() if encoding == "hex" else base64.b64encode(raw).decode()
    case["headers"] = {"X-Custom-Signature": case["prefix"] + text}
    if "id" in form:
        case["headers"]["webhook-id"] = ID
    if "timestamp" in form:
        case["headers"]["webhook-timestamp"] = str(TIMESTAMP)
    return case


def v1a(body):
    pairs = [key_pair(0), key_pair(100)]
    signatures = [base64.b64encode(p.sign(content("id.timestamp.body", body))).decode() for p, _, _ in pairs]
    return {
        "profile": "standard",
        "secret": [secret for _, secret, _ in pairs],
        "public_key": pairs[1][2],
        "headers": {
            "webhook-id": ID,
            "webhook-timestamp": str(TIMESTAMP),
            "webhook-signature": " ".join("v1a," + s for s in signatures),
        },
    }


cases = []
for body in BODIES:
    made = [v1a(body)]
    made += [custom(*c, body) for c in itertools.product(PREFIXES, ["hex", "base64"], ["body", "timestamp.body", "id.timestamp.body"])]
    cases += [{**case, "id": ID, "timestamp": TIMESTAMP, "body": body} for case in made]
print(json.dumps({"about": "Made by schemes.py.", "cases": cases}, ensure_ascii=False, indent=1))
