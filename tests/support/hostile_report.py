"""hostile_report.py FOLDER: the report in FOLDER is about hostile names (hostile_exr.py) and none of its files obeys them."""
import csv
import json
import pathlib
import sys
import xml.etree.ElementTree as xml

folder = pathlib.Path(sys.argv[1])


def controls(text):
    return [c for c in text if (ord(c) < 32 and c != "\n") or 0x7F <= ord(c) < 0xA0 or c == "\u202e"]


report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
messages = [f["message"] for shot in report["result"]["shots"] for f in shot["findings"]]
assert any("alert(1)" in message for message in messages), f"no finding names the attribute: {messages}"

text = (folder / "report.csv").read_text(encoding="utf-8")
rows = list(csv.reader(text.splitlines()))
assert not controls(text), "control characters in report.csv"
assert len(rows) == text.count("\n") and all(len(row) == len(rows[0]) for row in rows), "a finding of several lines"
assert not [cell for row in rows for cell in row if cell[:1] in "=+@" and cell], "a formula in report.csv"

text = (folder / "junit.xml").read_text(encoding="utf-8")
assert not controls(text), "control characters in junit.xml"
assert "alert(1)" in "".join(xml.fromstring(text).itertext()), "junit.xml does not have the finding"
assert not list(xml.fromstring(text).iter("script")), "markup in junit.xml"

text = (folder / "report.html").read_text(encoding="utf-8")
assert "alert(1)" in text, "report.html does not have the finding"
assert "<script>alert" not in text and "<img src=x" not in text, "markup in report.html"
assert "\x1b" not in text and "\u202e" not in text, "control characters in report.html"
