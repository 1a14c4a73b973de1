#!/usr/bin/env python3
"""report_checks.py PAGE.html NAME LARGE.html JUNIT.xml SECONDS: report.html in headless Chromium, and junit.xml as readers take it.

PAGE is the failing sample with pictures, whose first shot has the hostile name NAME; LARGE has 1000 frames and 30 metrics and
must open within SECONDS. Prints what it measured; ends with a message and 1 where something is not as it should be."""
import os
import sys
import time
import xml.etree.ElementTree as ElementTree

from browser import Browser

LEFT = "\ue012"  # the arrow key, in WebDriver's code

# Pixels of a plot that have the colour of the output's line (blue, where grid, stripes and the input are not).
DRAWN = """
const canvas = document.querySelectorAll('.plot')[arguments[0]].querySelector('canvas');
if (!canvas) return 0;
const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
let drawn = 0;
for (let i = 0; i < data.length; i += 4) drawn += data[i + 3] > 200 && data[i] < 100 && data[i + 2] > 180 ? 1 : 0;
return drawn;
"""


def check(condition, message):
    if not condition:
        print(f"FAILED: {message}")
        sys.exit(1)


def until(what, message):
    """Waits for what() to be true: drawing is lazy."""
    deadline = time.monotonic() + 20
    while not what():
        check(time.monotonic() < deadline, message)
        time.sleep(0.05)


def silent(browser):
    messages = browser.console()
    check(not messages, f"console: {[entry['message'][:300] for entry in messages[:3]]}")


def check_drawing(browser):
    browser.run("document.querySelector('.plots').scrollIntoView()")
    for plot in (0, 1):
        until(lambda: browser.run(DRAWN, plot) > 200, f"plot {plot} has no line")
    check(browser.run("return document.querySelectorAll('#shot-1 .plot').length") == 4, "the open shot has not all its plots")
    # The link of a finding zooms all plots to its frame and reads the values there.
    before = browser.run("return document.querySelector('.canvas').textContent")
    browser.run("document.querySelector('#finding-1-1 a[data-frame]').click()")
    readout = browser.run("return document.querySelector('.controls output').textContent")
    check(readout == "frame 1005, 01:00:00:04", f"the finding's frame reads '{readout}'")
    check(browser.run("return document.querySelector('.canvas').textContent") != before, "the plots were not zoomed")
    check(browser.run("return document.activeElement.value") == "1005", "the frame's slider has not the focus")
    values = browser.run("return document.querySelector('.readout').textContent")
    check("input 0." in values and "output 0." in values and "threshold 0.8" in values, f"the plot reads '{values}'")


def check_wipe(browser):
    style = "return getComputedStyle(document.querySelector('.stage .before')).clipPath"
    slider = ".wiped input[type=range]"
    check(browser.run(style) == "inset(0px 50% 0px 0px)", f"the wipe starts at {browser.run(style)}")
    browser.keys(slider, LEFT * 5)
    check(browser.run(style) == "inset(0px 55% 0px 0px)", f"five keys left give {browser.run(style)}")
    until(lambda: browser.run("return document.querySelector('.stage .before').naturalWidth") == 64, "no picture")
    source = "return [...document.querySelectorAll('.stage img')].map((image) => image.alt)"
    check(browser.run(source) == ["Frame 1005, after", "Frame 1005, before"], f"pictures are {browser.run(source)}")
    browser.run("document.querySelectorAll('.strip button')[1].click()")
    check(browser.run(source) == ["Frame 1101, after", "Frame 1101, before"], f"pictures are {browser.run(source)}")
    check(browser.run("return document.querySelector('.touched').hidden"), "a frame without touch shows one")


def check_names(browser, name):
    check(browser.run("return document.querySelector('h3').textContent") == name, "the shot's name is not as it is")
    check(browser.run("return document.scripts.length") == 3, "a name became a script")
    check(browser.run("return document.querySelectorAll('td b b, td i, [onload]').length") == 0, "a message became markup")


def check_table(browser):
    rows = "return [...document.querySelectorAll('table.findings tbody tr:not([hidden])')].map((row) => row.id)"
    check(browser.run(rows) == [f"finding-1-{i}" for i in (1, 2, 3, 4)], f"rows are {browser.run(rows)}")
    browser.run("document.querySelector('.filter input').click()")
    check(browser.run(rows) == [f"finding-1-{i}" for i in (2, 3, 4)], "the filter did not take the Blocker out")
    browser.run("document.querySelectorAll('table.findings thead button')[1].click()")
    check(browser.run(rows) == ["finding-1-4", "finding-1-3", "finding-1-2"], "the rows are not by frame")
    browser.run("location.hash = '#shot-2'")
    until(lambda: browser.run("return document.getElementById('shot-2').open"), "a link does not open its shot")


def check_timecode(browser):
    """The page counts on from the first frame's address: over a minute that leaves numbers out, and one that does not."""
    for number, frame, wanted in ((2, 1010, "00:00:59;29"), (2, 1011, "00:01:00;02"), (3, 1010, "00:09:59;29"), (3, 1011, "00:10:00;00")):
        browser.run("document.getElementById(`shot-${arguments[0]}`).open = true", number)
        output = "return (document.querySelector(`#plots-${arguments[0]} output`) || {}).textContent"
        until(lambda: browser.run(output, number), "an opened shot has no plots")
        browser.run("const slider = document.querySelector(`#plots-${arguments[0]} input`); slider.value = arguments[1];"
                    "slider.dispatchEvent(new Event('input'))", number, frame)
        check(browser.run(output, number) == f"frame {frame}, {wanted}", f"{wanted} reads {browser.run(output, number)}")


def check_accessible(browser):
    """What a screen reader is told: each control and picture has a name, headings go down by one."""
    nodes = browser.devtools("Accessibility.getFullAXTree", {})["nodes"]
    named = {"slider": 0, "button": 0, "checkbox": 0, "image": 0, "table": 0, "link": 0, "main": None}
    for node in nodes:
        role = node.get("role", {}).get("value")
        if node.get("ignored") or role not in named or named[role] is None:
            continue
        check(node.get("name", {}).get("value"), f"a {role} has no name")
        named[role] += 1
    check(all(number is None or number > 0 for number in named.values()), f"not all there: {named}")
    check(any(node.get("role", {}).get("value") == "main" for node in nodes), "no landmark")
    levels = browser.run("return [...document.querySelectorAll('h1, h2, h3, h4')].map((head) => Number(head.tagName[1]))")
    check(levels[0] == 1 and all(after <= before + 1 for before, after in zip(levels, levels[1:])), f"headings: {levels}")


def check_print(browser):
    paper = browser.devtools("Page.printToPDF", {"printBackground": True})["data"]
    check(len(paper) > 20000, "the print is empty")
    check(browser.run("return document.documentElement.className") == "scripted", "the page stays as printed")


def check_large(browser, path, seconds):
    size = os.path.getsize(path)
    took = browser.open(path)
    ready = browser.run("const entry = performance.getEntriesByType('navigation')[0]; return entry.loadEventEnd - entry.startTime")
    browser.run("document.querySelector('.plots').scrollIntoView()")
    until(lambda: browser.run(DRAWN, 0) > 200, "the large report's first plot has no line")
    print(f"1000 frames, 30 metrics: {size / 1e6:.2f} MB, open in {took:.2f} s (load event {ready / 1000:.2f} s)")
    check(size < 5e6, "the large report is over 5 MB")
    check(took < seconds, f"the large report took {took:.2f} s")
    silent(browser)


def check_junit(path, name):
    """The rules that readers of JUnit files share: counts agree, and failures stand before output."""
    suites = ElementTree.parse(path).getroot()
    check(suites.tag == "testsuites", "no testsuites")
    for suite in suites:
        check(suite.tag == "testsuite" and suite.get("name"), "a suite without a name")
        cases = list(suite)
        check(all(case.tag == "testcase" and case.get("name") and case.get("classname") for case in cases), "a nameless case")
        check(int(suite.get("tests")) == len(cases), "tests are miscounted")
        check(int(suite.get("failures")) == len(suite.findall("testcase/failure")), "failures are miscounted")
        for case in cases:
            check([part.tag for part in case] in ([], ["failure"], ["system-out"], ["failure", "system-out"]), "order in a case")
            check(all(part.get("message") and part.get("type") for part in case.findall("failure")), "a failure without message")
    check(suites[0].get("name") == name, "the shot's name is not as it is")
    check(sum(int(suite.get("tests")) for suite in suites) == int(suites.get("tests")), "tests are miscounted")
    check(int(suites.get("failures")) == 2, "not the two checks that fail")
    check("accepted: a slate; \"known\" <i>" in suites[0].find("testcase[@name='black_frame']/system-out").text, "acceptance")


def main():
    page, name, large, junit, seconds = sys.argv[1:]
    check_junit(junit, name)
    with Browser() as browser:
        browser.open(page)
        silent(browser)
        check_names(browser, name)
        check_drawing(browser)
        check_wipe(browser)
        check_table(browser)
        check_timecode(browser)
        check_accessible(browser)
        check_print(browser)
        silent(browser)
        check_large(browser, large, float(seconds))


if __name__ == "__main__":
    main()
