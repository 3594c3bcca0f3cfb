"""What schemathesis cannot know about this API."""

import hashlib
import json
import os

import schemathesis


def is_right(case):
    """Whether schemathesis means the request to be one that the description allows."""
    return case.meta is not None and case.meta.generation.mode.is_positive


@schemathesis.hook
def before_call(context, case, kwargs):
    """The calling key is not to end or change itself, nor to shut itself out: everything after that would be refused. And
    no two requests are to share an Idempotency-Key, unless they are the same: then the answer is the same, too."""
    own = os.environ["IPAWARE_KEY_ID"]
    if case.method.upper() != "GET" and case.path_parameters and case.path_parameters.get("id") == own:
        case.path_parameters["id"] = own[:-4] + "0000"
    if case.path == "/v1/whitelist/mode" and isinstance(case.body, dict) and case.body.get("mode") == "on":
        case.body["mode"] = "report"
    if is_right(case) and case.headers and (chosen := case.headers.get("Idempotency-Key")):
        request = json.dumps([case.method, case.formatted_path, case.body], default=repr)
        case.headers["Idempotency-Key"] = chosen[:200] + hashlib.sha256(request.encode()).hexdigest()[:32]


@schemathesis.check
def right_request_is_refused_for_a_good_reason(context, response, case):
    """What can be said of 400 and 422 only with a look at the reason: a cursor or a time zone that was made up, a date that
    has passed, two limits for one window."""
    if is_right(case) and response.status_code in (400, 422):
        error = response.json()["error"]
        fields = {field["field"] for field in error.get("fields", [])}
        is_good = error["reason"] in ("invalid_cursor", "unknown_zone") or fields in ({"expires_at"}, {"limits"})
        assert is_good, f"what looks right is refused as {error['reason']}"
