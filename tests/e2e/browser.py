"""A headless Chromium for end-to-end tests, over chromedriver's WebDriver protocol, with the standard library alone."""
import json
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request

ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--window-size=1400,1000"]
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the key of an element's id in the protocol


class Browser:
    """with Browser() as browser: browser.open(path) ..."""

    def __init__(self, arguments=()):
        self.folder = tempfile.mkdtemp()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.driver = subprocess.Popen(["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.address = f"http://127.0.0.1:{port}"
        self.session = None
        try:
            self.wait_until_ready()
            options = {"args": [*ARGUMENTS, f"--user-data-dir={self.folder}", *arguments]}
            wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
            self.session = self.ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def wait_until_ready(self):
        deadline = time.monotonic() + 60
        while True:
            try:
                if self.ask("GET", "/status")["ready"]:
                    return
            except OSError:
                if time.monotonic() > deadline or self.driver.poll() is not None:
                    raise
            time.sleep(0.05)

    def close(self):
        if self.session:
            self.ask("DELETE", f"/session/{self.session}")
        self.driver.terminate()
        self.driver.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def ask(self, method, path, body=None):
        data = json.dumps(body or {}).encode() if method == "POST" else None
        request = urllib.request.Request(self.address + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as refused:
            raise RuntimeError(f"{path}: {refused.read().decode()[:2000]}") from None

    def tell(self, command, body=None, method="POST"):
        return self.ask(method, f"/session/{self.session}/{command}", body)

    def open(self, path):
        """Loads a file; seconds until its load event, and two frames later."""
        start = time.monotonic()
        self.tell("url", {"url": f"file://{path}"})
        self.tell("execute/async", {"script": "const done = arguments[0];"
                                    "requestAnimationFrame(() => requestAnimationFrame(() => done()));", "args": []})
        return time.monotonic() - start

    def run(self, script, *arguments):
        return self.tell("execute/sync", {"script": script, "args": list(arguments)})

    def keys(self, selector, text):
        """Focuses an element and types."""
        found = self.tell("element", {"using": "css selector", "value": selector})
        self.tell(f"element/{found[ELEMENT]}/value", {"text": text})

    def console(self):
        return self.tell("se/log", {"type": "browser"})

    def devtools(self, command, parameters):
        return self.tell("goog/cdp/execute", {"cmd": command, "params": parameters})
