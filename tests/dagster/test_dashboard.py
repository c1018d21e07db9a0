"""Dagster's pages lead to the dashboard's, at the addresses that the dashboard has."""

from datetime import date

import dagster as dg

from aitrader_core.web.pages import links
from aitrader_dagster.lib.dashboard import PAGE_TAG, Dashboard
from aitrader_dagster.lib.job_runs import JOB_TAG, with_page

URL = "http://127.0.0.1:8123"


def test_addresses_are_those_of_the_pages() -> None:
    there, session = Dashboard(URL), date(2012, 6, 1)
    for model in ("momentum", "gpt-5@2", "llm@anonymous", "a b/c?d#e%"):
        found = there.model_day("us", model, session).url
        assert found == URL + links.model_day("us", model, session)
    assert there.arena("us").url == URL + links.arena("us")


def test_a_run_of_a_job_leads_to_it() -> None:
    asked = dg.RunRequest(run_key="job-7-momentum-1", tags={JOB_TAG: "7"})
    found = with_page(asked, Dashboard(URL))
    assert (found.run_key, found.tags) == (
        asked.run_key,
        {JOB_TAG: "7", PAGE_TAG: f"{URL}/queue/7"},
    )
