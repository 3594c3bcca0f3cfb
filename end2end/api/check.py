"""Asks a live server everything that its OpenAPI document allows, and much that it does not.

Starts the executable named by IPAWARE_BIN on a fresh data folder, founds an organization, makes two keys, one that may
do nearly everything and one that may do next to nothing, and lets schemathesis ask with each. The secrets go from memory
to memory: they are in no file, no argument and no output.
"""

import http.client
import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlencode, urlsplit

HERE = Path(__file__).resolve().parent
# Longer than any start takes.
PATIENCE = 60
# Role of the key, for how many seconds it asks.
KEYS = [("admin", 240), ("api_client", 40)]
# Settings of whoever runs this stay outside, and so does what they call their own secrets.
INHERITED = {name: value for name, value in os.environ.items() if not re.match("IPAWARE_|DATABASE_URL$", name)}


class Server:
    """The executable, until the end of a `with`."""

    def __init__(self, binary, folder):
        arguments = ["serve", "--listen", "127.0.0.1:0", "--data-dir", folder, "--sign-up", "open", "--plan", "Custom"]
        # schemathesis asks faster than anybody is meant to.
        arguments += ["--management-rate-limit", "1000000"]
        environment = INHERITED | {"RUST_LOG": "error"}
        if site := os.environ.get("IPAWARE_SITE_DIR"):
            environment["IPAWARE_SITE_DIR"] = site
        self.process = subprocess.Popen([binary, *arguments], env=environment, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        for line in self.process.stdout:
            if address := re.search(r"listening on (http://\S+)", line):
                self.url = address[1]
                return self
        sys.exit("the server did not start")

    def __exit__(self, *_):
        self.process.terminate()
        if self.process.wait(PATIENCE) != 0:
            sys.exit("the server did not stop cleanly")

    def post(self, path, body, kind, cookie=""):
        """What the page does when somebody presses a button. Returns the answer's JSON and its cookie."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=PATIENCE)
        headers = {"Content-Type": kind, "Accept": "application/json", "Origin": self.url, "Cookie": cookie}
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            sys.exit(f"{path} answered {answer.status}")
        return json.loads(text), (answer.getheader("Set-Cookie") or "").split(";")[0]

    def knows(self, key):
        """Whether the key is still what it was."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=PATIENCE)
        connection.request("GET", "/v1/me", headers={"Authorization": f"Bearer {key['secret']}"})
        answer = connection.getresponse()
        still = answer.status == 200 and json.load(answer)["data"]["role"]["id"] == key["key"]["role"]["id"]
        print("the key is still what it was" if still else "the key was ended or changed while it asked", flush=True)
        return still

    def owner(self):
        """A session of the Owner of a new organization."""
        form = {"email": "owner@example.com", "password": secrets.token_urlsafe(24), "organization_name": "Asked"}
        return self.post("/api/sign_up", urlencode(form), "application/x-www-form-urlencoded")[1]

    def call(self, session, function, arguments):
        return self.post(f"/api/{function}", json.dumps(arguments), "application/json", session)[0]


def ask(server, key, seconds, folder):
    """Lets schemathesis ask. Returns whether all was well."""
    environment = INHERITED | {"IPAWARE_API_KEY": key["secret"], "IPAWARE_KEY_ID": key["key"]["id"]}
    # Nothing is left beside the sources.
    environment |= {"HYPOTHESIS_STORAGE_DIRECTORY": folder, "PYTHONDONTWRITEBYTECODE": "1"}
    program = Path(sys.executable).with_name("schemathesis")
    command = [program, "--config-file", HERE / "schemathesis.toml"]
    command += ["run", f"{server.url}/v1/openapi.json", "--checks", "all", "--max-time", str(seconds)]
    run = subprocess.Popen(command + sys.argv[1:], env=environment, cwd=HERE, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True, errors="replace")
    for line in run.stdout:
        print(line.replace(key["secret"], "[secret]"), end="", flush=True)
    return run.wait() == 0


def main():
    with tempfile.TemporaryDirectory() as folder, Server(os.environ["IPAWARE_BIN"], folder) as server:
        session = server.owner()
        roles = {role["system"]: role["id"] for role in server.call(session, "role_list", {})["roles"]}
        well = True
        for role, seconds in KEYS:
            params = {"name": f"Asks as {role}", "role": roles[role], "environment": "staging"}
            key = server.call(session, "key_create", {"params": params})
            print(f"\n━━ a key with the role {role} asks", flush=True)
            well &= ask(server, key, seconds, folder)
            # Were it ended on the way, most answers would have been refusals, and looked right.
            well &= server.knows(key)
        if not well:
            sys.exit("schemathesis has found something: see above")


if __name__ == "__main__":
    main()
