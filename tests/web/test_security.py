"""Who may ask, and what a browser may do with the answer."""

from fastapi.testclient import TestClient


def test_a_name_that_was_bent_to_this_machine_is_not_answered(client: TestClient) -> None:
    assert client.get("/openapi.json").status_code == 200
    assert client.get("/openapi.json", headers={"Host": "evil.example"}).status_code == 400


def test_another_site_changes_nothing(client: TestClient) -> None:
    for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = client.post("/jobs/1/cancel", headers=headers)
        assert answer.status_code == 403
        assert answer.headers["content-type"] == "application/problem+json"
    ours = client.post("/jobs/1/cancel", headers={"Origin": "http://testserver"})
    assert ours.status_code != 403


def test_nothing_is_run_or_fetched_from_elsewhere(client: TestClient) -> None:
    headers = client.get("/plotly.min.js").headers
    assert "script-src 'self';" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"  # else our own forms come from nowhere
    docs = client.get("/docs").text
    assert "http://" not in docs
    assert "https://" not in docs
