"""Files of Kaggle's competitions, through kagglehub: an account and its accepted rules needed."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tlhelpers.core.errors import CourseError
from tlhelpers.data.prepare import downloads
from tlhelpers.data.prepare.downloads import Remote
from tlhelpers.data.prepare.sources import first_line

if TYPE_CHECKING:
    import requests

TOKEN_PAGE = "https://www.kaggle.com/settings/api"
TOKEN = (
    f"make a token at {TOKEN_PAGE} and save it as ~/.kaggle/access_token, or set KAGGLE_API_TOKEN "
    "(older tokens: ~/.kaggle/kaggle.json, or KAGGLE_USERNAME and KAGGLE_KEY)"
)


def page(competition: str) -> str:
    """Address of a competition."""
    return f"https://www.kaggle.com/competitions/{competition}"


def competition_file(competition: str, name: str, about_bytes: int) -> Remote:
    """One file of a competition."""
    return Remote(name, page(competition), about_bytes, partial(_get, competition, name))


def whole_competition(competition: str, about_bytes: int) -> Remote:
    """All files of a competition, as the zip that Kaggle makes of them."""
    get = partial(_get, competition, None)
    return Remote(f"{competition}.zip", page(competition), about_bytes, get)


def _get(competition: str, name: str | None, path: Path) -> None:
    """Fetch to a path; what arrives before a broken connection is kept beside it, to go on."""
    try:
        from kagglehub import clients, exceptions
    except ImportError as error:
        raise CourseError(
            "kagglehub is missing, which fetches from Kaggle: pip install -c constraints.txt -e "
            f'".[kaggle]", or fetch the files by hand from {page(competition)}/data and give '
            "their folder as --source"
        ) from error
    import requests

    # kagglehub tells of its doings on stdout, which is for the closing line.
    logging.getLogger("kagglehub").setLevel(logging.ERROR)
    arriving = downloads.part_of(path)
    with contextlib.redirect_stdout(sys.stderr), _client(clients) as client:
        try:
            with _ask(client, competition, name) as response:
                expected = int(response.headers.get("Content-Length", -1))
                downloads.require_room(path.parent, expected - downloads.have_of(path))
                clients.download_file(response, str(arriving), _handle(competition))
        except exceptions.DataCorruptionError as error:  # It has removed the file.
            raise downloads.wrong_sum(path.name) from error
        except requests.HTTPError as error:
            if refusal := _refusal(error, competition, path.name):
                raise refusal from error
            raise
    if expected not in (-1, arriving.stat().st_size):
        # An answer that is no part of the file was added to it: nothing to go on from.
        arriving.unlink()
        raise requests.exceptions.ChunkedEncodingError(f"{path.name} has not {expected} bytes")
    os.replace(arriving, path)


def _client(clients):
    """Kaggle's client with the user's credentials, and with a limit to its patience."""
    from kagglehub.config import get_kaggle_credentials

    try:
        credentials = get_kaggle_credentials()
    except ValueError as error:
        raise CourseError(f"{first_line(error)}: {TOKEN}") from error
    if credentials is None:
        raise CourseError(f"no Kaggle credentials found: {TOKEN}")
    return clients.build_kaggle_client()


def _ask(client, competition: str, name: str | None) -> requests.Response:
    """The answer to a request for a file, of which only the head has been read."""
    from kagglesdk.competitions.types import competition_api_service as api

    _limit_patience(client.http_client()._session)
    service = client.competitions.competition_api_client
    if name is None:
        request = api.ApiDownloadDataFilesRequest()
        request.competition_name = competition
        return service.download_data_files(request)
    request = api.ApiDownloadDataFileRequest()
    request.competition_name, request.file_name = competition, name
    return service.download_data_file(request)


def _limit_patience(session: requests.Session) -> None:
    """Give requests of a session a timeout; Kaggle's client sends them without, and may hang."""
    from requests.adapters import HTTPAdapter

    class Impatient(HTTPAdapter):
        def send(self, request, *args, **kwargs):
            return super().send(request, *args, **kwargs | {"timeout": downloads.TIMEOUT})

    for scheme in ("https://", "http://"):
        session.mount(scheme, Impatient())


def _handle(competition: str):
    from kagglehub.handle import CompetitionHandle

    return CompetitionHandle(competition)


def _refusal(error: requests.HTTPError, competition: str, name: str) -> CourseError | None:
    """What to do about a refusal, None for any other answer."""
    status = error.response.status_code
    if status == 401:
        return CourseError(f"Kaggle does not accept the credentials (401): {TOKEN}")
    if status == 403:
        return CourseError(
            f"Kaggle refuses {name} (403): log in as the owner of the token, accept the rules at "
            f"{page(competition)}/rules, and run the same command again"
        )
    if status == 404:
        return CourseError(
            f"Kaggle has no {name} in {competition} (404): look at {page(competition)}/data, "
            "fetch the files by hand and give their folder as --source"
        )
    return None
