"""A server on this machine that answers well and badly, for the tests of fetching."""

import base64
import contextlib
import hashlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Server:
    """Serves `files`, name to bytes, each as its `manner` says.

    Plain files are at /<name>. Kaggle's client posts the name of a file and is sent on to
    /<name>, as Kaggle does it.

    What was asked for is kept: `asked`, names of plain files; `headers`, who asked Kaggle;
    `ranges_asked`.

    Manners: "good", "truncated" (ends early), "corrupt" (other bytes), "slow" (never comes), or a
    status as a number. A list holds one manner a request, the last for all that follow. With
    `sums`, answers tell the MD5 sum as Kaggle's storage does.
    """

    def __init__(self, files, sums=True):
        self.files, self.sums = dict(files), sums
        self.manners = {}
        self.asked = []
        self.headers = []
        self.ranges_asked = []
        self._ended = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                server.serve(self, self.path.strip("/").partition("?")[0])

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.answer_kaggle(self, body)

            def log_message(self, *args):
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    @contextlib.contextmanager
    def running(self):
        thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._ended.set()
            self._http.shutdown()
            self._http.server_close()
            thread.join()

    def answer_kaggle(self, request, body):
        service = request.path.rpartition("/")[2]
        self.headers.append(request.headers.get("Authorization"))
        assert request.path.startswith("/v1/competitions.CompetitionApiService/")
        if service == "DownloadDataFile":
            name = body["fileName"]
        else:
            assert service == "DownloadDataFiles"
            name = body["competitionName"] + ".zip"
        manner = self._manner(name, look=True)
        if isinstance(manner, int) or name not in self.files:
            self._manner(name)
            return self._refuse(request, manner if isinstance(manner, int) else 404)
        request.send_response(302)
        request.send_header("Location", f"{self.url}/{name}")
        request.send_header("Content-Length", "0")
        request.end_headers()

    def serve(self, request, name):
        self.asked.append(name)
        manner = self._manner(name)
        if isinstance(manner, int) or name not in self.files:
            return self._refuse(request, manner if isinstance(manner, int) else 404)
        if manner == "slow":
            self._ended.wait()
        data = self.files[name]
        start = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", ""))
        self.ranges_asked += [start[0]] if start else []
        start = int(start[1]) if start else 0
        request.send_response(206 if start else 200)
        request.send_header("Content-Type", "application/octet-stream")
        request.send_header("Content-Length", str(len(data) - start))
        request.send_header("Accept-Ranges", "bytes")
        if self.sums:
            md5 = base64.b64encode(hashlib.md5(data).digest()).decode()
            request.send_header("x-goog-hash", f"md5={md5}")
        request.end_headers()
        if manner == "truncated":
            data = data[: start + (len(data) - start) // 2]
        elif manner == "corrupt":
            data = data[:-1] + bytes([data[-1] ^ 1])
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            request.wfile.write(data[start:])

    def _manner(self, name, look=False):
        manner = self.manners.get(name, "good")
        if not isinstance(manner, list):
            return manner
        return manner[0] if look or len(manner) == 1 else manner.pop(0)

    def _refuse(self, request, status):
        body = json.dumps({"code": status, "message": "no"}).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)
