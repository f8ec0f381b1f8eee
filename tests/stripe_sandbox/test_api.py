"""What is on the wire: keys, errors, headers, idempotency, faults of the API."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from typing import Any

import pytest
import requests
import stripe
from stripe import StripeClient

from stripe_sandbox.testing import RunningSandbox

from .conftest import SUCCESS, buy, checkout, client_of

SESSIONS = "/v1/checkout/sessions"
FORM = {
    "mode": "payment",
    "success_url": SUCCESS,
    "line_items[0][quantity]": "1",
    "line_items[0][price_data][currency]": "usd",
    "line_items[0][price_data][unit_amount]": "1900",
    "line_items[0][price_data][product_data][name]": "SQL",
}


def post(sandbox: RunningSandbox, path: str, form: Any, **headers: str) -> requests.Response:
    """A POST without the library."""
    headers = {"Authorization": f"Bearer {sandbox.api_key}"} | {
        k.replace("_", "-"): v for k, v in headers.items()
    }
    return requests.post(sandbox.url + path, data=form, headers=headers, timeout=5)


def test_every_answer_is_named_and_echoes_what_stripe_echoes(
    sandbox: RunningSandbox, client: StripeClient
) -> None:
    answer = post(sandbox, SESSIONS, FORM, Idempotency_Key="k1", Stripe_Version="2026-10-28.endive")
    assert answer.headers["Request-Id"].startswith("req_")
    assert answer.headers["Idempotency-Key"] == "k1"
    assert answer.headers["Stripe-Version"] == "2026-10-28.endive"
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.raw.version == 11


@pytest.mark.parametrize("key", ["sk_live_abc", "rk_live_abc", "sk_test_abc", "sk_test_sandboxed", "x"])
def test_only_sandbox_keys_open_it(sandbox: RunningSandbox, key: str) -> None:
    with pytest.raises(stripe.AuthenticationError):
        client_of(sandbox, key=key).v1.balance.retrieve()


def test_no_key_is_401_in_stripes_shape(sandbox: RunningSandbox) -> None:
    answer = requests.get(sandbox.url + SESSIONS, timeout=5)
    assert (answer.status_code, answer.json()["error"]["type"]) == (401, "invalid_request_error")


def test_unknown_addresses_objects_and_cursors_are_404(sandbox: RunningSandbox, client: StripeClient) -> None:
    headers = {"Authorization": f"Bearer {sandbox.api_key}"}
    answer = requests.get(sandbox.url + "/v1/teapots", headers=headers, timeout=5)
    assert (answer.status_code, answer.json()["error"]["type"]) == (404, "invalid_request_error")
    for read in (
        lambda: client.v1.checkout.sessions.retrieve("cs_test_none"),
        lambda: client.v1.checkout.sessions.retrieve("../customers"),
        lambda: client.v1.refunds.retrieve("re_none"),
        lambda: client.v1.events.retrieve("evt_none"),
        lambda: client.v1.charges.list({"starting_after": "ch_none"}),
        lambda: client.v1.checkout.sessions.line_items.list("cs_none"),
    ):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            read()
        assert caught.value.http_status == 404


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ("mode=payment&mode[x]=1", "mode"),
        ("line_items[a][quantity]=1&success_url=http://x.test&mode=payment", "line_items"),
        ("line_items=7&success_url=http://x.test&mode=payment", "line_items"),
        ("success_url[a]=http://x.test&line_items[0][quantity]=1", "success_url"),
        ("[]=1", "[]"),
        ("metadata[a][b]=1&success_url=http://x.test&line_items[0][quantity]=1", "metadata[a]"),
    ],
)
def test_a_malformed_form_is_a_400_that_names_the_parameter(
    sandbox: RunningSandbox, body: str, param: str | None
) -> None:
    answer = post(sandbox, SESSIONS, body, Content_Type="application/x-www-form-urlencoded")
    assert (answer.status_code, answer.json()["error"].get("param")) == (400, param)


def test_json_and_bytes_that_are_no_text_are_400(sandbox: RunningSandbox) -> None:
    assert post(sandbox, SESSIONS, "{}", Content_Type="application/json").status_code == 400
    form = "application/x-www-form-urlencoded"
    assert post(sandbox, SESSIONS, b"mode=\xff\xfe", Content_Type=form).status_code == 400


@pytest.mark.parametrize(
    "metadata",
    [{f"k{n}": "v" for n in range(51)}, {"k" * 41: "v"}, {"k": "v" * 501}],
    ids=["too many", "long key", "long value"],
)
def test_metadata_has_limits(sandbox: RunningSandbox, client: StripeClient, metadata: dict[str, str]) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.create({"metadata": metadata})
    allowed = {f"k{n}": "v" for n in range(48)} | {"k" * 40: "v", "w": "v" * 500}
    assert len(client.v1.customers.create({"metadata": allowed}).metadata.to_dict()) == 50


def test_expand_follows_references_and_refuses_the_rest(
    sandbox: RunningSandbox, client: StripeClient
) -> None:
    session = buy(sandbox, client)
    read = client.v1.checkout.sessions.retrieve
    assert read(session.id, {"expand": ["payment_intent"]}).payment_intent.object == "payment_intent"
    listed = client.v1.checkout.sessions.list({"expand": ["data.payment_intent.latest_charge"]})
    assert listed.data[0].payment_intent.latest_charge.object == "charge"
    for path in ("metadata", "payment_intent.nothing", "a.b.c.d.e"):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            read(session.id, {"expand": [path]})
        assert caught.value.param == "expand"
    with pytest.raises(stripe.InvalidRequestError, match="data.payment_intent"):
        client.v1.checkout.sessions.list({"expand": ["payment_intent"]})
    movement = client.v1.balance_transactions.list({"expand": ["data.source.payment_intent"]}).data[0]
    assert movement.source.payment_intent.id == session.payment_intent


def test_the_same_key_gives_the_same_answer_and_acts_once(sandbox: RunningSandbox) -> None:
    first = post(sandbox, SESSIONS, FORM, Idempotency_Key="order:1")
    again = post(sandbox, SESSIONS, dict(reversed(FORM.items())), Idempotency_Key="order:1")
    assert first.json() == again.json()
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(sandbox.all("checkout.session")) == 1


def test_the_same_key_with_other_parameters_or_address_is_refused(
    sandbox: RunningSandbox, client: StripeClient
) -> None:
    options: Any = {"idempotency_key": "order:1"}
    client.v1.checkout.sessions.create(checkout(1900), options)
    with pytest.raises(stripe.IdempotencyError, match="same parameters"):
        client.v1.checkout.sessions.create(checkout(2900), options)
    with pytest.raises(stripe.IdempotencyError, match="same endpoint"):
        client.v1.customers.create({}, options)
    assert len(sandbox.all("checkout.session")) == 1


def test_an_answer_that_is_an_error_is_replayed_one_from_validation_is_not(
    sandbox: RunningSandbox, client: StripeClient
) -> None:
    options: Any = {"idempotency_key": "k"}
    for _ in range(2):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            client.v1.checkout.sessions.create(checkout(10), options)
        assert caught.value.code == "amount_too_small"
    assert caught.value.headers["Idempotent-Replayed"] == "true"
    other: Any = {"idempotency_key": "k2"}
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.checkout.sessions.create(checkout(1900, nonsense="1"), other)
    assert client.v1.checkout.sessions.create(checkout(1900), other).amount_total == 1900


def test_a_key_is_forgotten_after_a_day(sandbox: RunningSandbox, client: StripeClient) -> None:
    options: Any = {"idempotency_key": "k"}
    first = client.v1.checkout.sessions.create(checkout(), options)
    sandbox.clock.advance(hours=23)
    assert client.v1.checkout.sessions.create(checkout(), options).id == first.id
    sandbox.clock.advance(hours=2)
    assert client.v1.checkout.sessions.create(checkout(), options).id != first.id


def test_a_key_in_use_is_409_for_everyone_else(sandbox: RunningSandbox) -> None:
    sandbox.fault("slow", f"POST {SESSIONS}", seconds=0.8)
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(post, sandbox, SESSIONS, FORM, Idempotency_Key="k")
        while sandbox.engine.faults.listed():
            time.sleep(0.01)
        time.sleep(0.1)
        busy = post(sandbox, SESSIONS, FORM, Idempotency_Key="k")
        assert (busy.status_code, busy.json()["error"]["code"]) == (409, "idempotency_key_in_use")
        assert slow.result().status_code == 200
    assert len(sandbox.all("checkout.session")) == 1


def test_ten_at_once_with_one_key_make_one_session(sandbox: RunningSandbox) -> None:
    client = client_of(sandbox, retries=2)
    gate = threading.Barrier(10)

    def create(_: int) -> str:
        gate.wait()
        options: Any = {"idempotency_key": "k"}
        return str(client.v1.checkout.sessions.create(checkout(), options).id)

    with ThreadPoolExecutor(10) as pool:
        assert len(set(pool.map(create, range(10)))) == 1
    assert len(sandbox.all("checkout.session")) == 1


@pytest.mark.parametrize("kind", ["execute_then_drop", "drop_before", "409", "500", "503"])
def test_the_library_gets_through_trouble_with_one_effect(sandbox: RunningSandbox, kind: str) -> None:
    sandbox.fault(kind, f"POST {SESSIONS}")
    session = client_of(sandbox, retries=1).v1.checkout.sessions.create(checkout())
    assert [made["id"] for made in sandbox.all("checkout.session")] == [session.id]
    assert len({call.headers["Idempotency-Key"] for call in sandbox.requests("POST", SESSIONS)}) == 1


def test_without_retries_the_effect_is_there_and_the_answer_is_not(
    sandbox: RunningSandbox, client: StripeClient
) -> None:
    sandbox.fault("execute_then_drop", f"POST {SESSIONS}")
    with pytest.raises(stripe.APIConnectionError):
        client.v1.checkout.sessions.create(checkout())
    sandbox.fault("drop_before", f"POST {SESSIONS}")
    with pytest.raises(stripe.APIConnectionError):
        client.v1.checkout.sessions.create(checkout())
    assert len(sandbox.all("checkout.session")) == 1


@pytest.mark.parametrize(("remember", "second"), [(True, 500), (False, 200)])
def test_a_500_after_the_work_is_remembered_unless_the_gateway_made_it(
    sandbox: RunningSandbox, remember: bool, second: int
) -> None:
    sandbox.fault("execute_then_500", f"POST {SESSIONS}", remember=remember)
    assert post(sandbox, SESSIONS, FORM, Idempotency_Key="k").status_code == 500
    assert post(sandbox, SESSIONS, FORM, Idempotency_Key="k").status_code == second
    assert len(sandbox.all("checkout.session")) == 1


def test_should_retry_overrules_the_status(sandbox: RunningSandbox) -> None:
    sandbox.fault("429", f"GET {SESSIONS}", should_retry=True)
    assert client_of(sandbox, retries=1).v1.checkout.sessions.list().data == []
    sandbox.fault("503", f"GET {SESSIONS}", should_retry=False)
    with pytest.raises(stripe.APIError):
        client_of(sandbox, retries=1).v1.checkout.sessions.list()
    sandbox.fault("429", f"GET {SESSIONS}")
    with pytest.raises(stripe.RateLimitError):
        client_of(sandbox, retries=1).v1.checkout.sessions.list()


def test_a_fault_that_does_not_exist_is_a_mistake_in_the_test(sandbox: RunningSandbox) -> None:
    with pytest.raises(ValueError, match="No fault 'tamper_body'"):
        sandbox.fault("tamper_body", "POST /v1/refunds")
    with pytest.raises(ValueError, match="No fault '503'"):
        sandbox.fault("503", "checkout.session.completed")


def test_violations_names_what_stripe_would_not_take(sandbox: RunningSandbox, client: StripeClient) -> None:
    client.v1.checkout.sessions.create(checkout())
    assert sandbox.violations() == []
    post(sandbox, SESSIONS, FORM | {"payment_method_types[0]": "card"})
    assert any("payment_method_types" in complaint for complaint in sandbox.violations())
    sandbox.reset()
    assert sandbox.violations() == []


def test_refusals_of_the_server_itself_have_stripes_shape(sandbox: RunningSandbox) -> None:
    strange = post(sandbox, SESSIONS, FORM, Host="evil.test")
    assert (strange.status_code, strange.json()["error"]["type"]) == (403, "invalid_request_error")
    huge = post(sandbox, SESSIONS, {"success_url": "x" * 1_100_000})
    assert (huge.status_code, huge.json()["error"]["type"]) == (413, "invalid_request_error")
    assert huge.headers["Request-Id"].startswith("req_")


def test_many_clients_at_once_lose_and_double_nothing(sandbox: RunningSandbox) -> None:
    client = client_of(sandbox, retries=3)

    def shop(number: int) -> None:
        session = client.v1.checkout.sessions.create(checkout(1000 + number))
        sandbox.pay(session.id)
        intent = client.v1.checkout.sessions.retrieve(session.id).payment_intent
        client.v1.refunds.create({"payment_intent": str(intent), "amount": 100})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(shop, range(24)))
    assert sorted(row["amount"] for row in sandbox.all("charge")) == list(range(1000, 1024))
    assert {row["amount_refunded"] for row in sandbox.all("charge")} == {100}
    assert len({event["id"] for event in sandbox.events()}) == len(sandbox.events())
    assert sandbox.violations() == []


def ask_again(connection: HTTPConnection) -> None:
    """One more request on a connection."""
    connection.request("GET", "/v1/balance")
    connection.getresponse()


def test_connections_are_kept_and_end_with_the_sandbox() -> None:
    with RunningSandbox() as sandbox:
        connection = HTTPConnection(sandbox.url.removeprefix("http://"), timeout=5)
        headers = {
            "Authorization": f"Bearer {sandbox.api_key}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        sockets = set()
        for method, status in (("GET", 200), ("POST", 404), ("GET", 200)):
            connection.request(method, "/v1/balance", "a=1" if method == "POST" else None, headers)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == status
            sockets.add(connection.sock)
        assert len(sockets - {None}) == 1
        del headers["Authorization"]
        connection.request("POST", "/v1/refunds", "a=1", headers)
        assert connection.getresponse().read().startswith(b"{")
        assert connection.sock in sockets
    with pytest.raises((ConnectionError, HTTPException)):
        ask_again(connection)
