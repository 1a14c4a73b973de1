#!/usr/bin/env python3
"""report_samples.py KIND FRAMES METRICS > REPORT.json: a report for tests of report.html and junit.xml.

KIND: pass (nothing found) or fail (findings of each severity, one accepted, and names that try to be markup)."""
import json
import math
import sys

HOSTILE = "<script>alert(1)</script>"
MESSAGE = "a \"quoted\" 'name' & <b>markup</b> ]]> \x1b[31m and \u2028 \u202e mirrored"
CHECKS = [
    ("black_frame", "Black frames", "VIDEO", "Frame Error - Black Frame", "Issue", "share of pixels at or under the black level", 0.98, "share"),
    ("non_finite", "NaN and Inf", "VIDEO", "Pixel Error", "Blocker", "stored samples with exponent 31", 0, "samples"),
    ("flash_frame", "Flash frames", "VIDEO", "Video Hits", "Issue", "mean log luminance against both neighbours", 0.5, "stops"),
    ("negative", "Negative values", "COLOR-TRANSFORM", "Clipping", "FYI", "count and least value", 0.001, "share"),
]


def timecode(index):
    """Of the frame at `index` of a shot that starts at one hour, 24 a second."""
    return "01:%02d:%02d:%02d" % (index // 1440, index // 24 % 60, index % 24)


def drop_frame(minute):
    """Of a shot at 29.97 whose frame 10 is the first of `minute`: the numbers 0 and 1 are left out there, but every tenth minute."""
    dropped = 2 if minute % 10 else 0
    return lambda i: "00:%02d:59;%02d" % (minute - 1, 20 + i) if i < 10 else "00:%02d:00;%02d" % (minute, i - 10 + dropped)


def finding(shot, check, first, end, value, message, accepted=""):
    row = next(row for row in CHECKS if row[0] == check)
    made = {"check": check, "category": row[2], "term": row[3], "severity": row[4], "shot": shot, "first_frame": first,
            "end_frame": end, "timecode_in": timecode(first - 1001), "timecode_out": timecode(end - 1001), "value": value,
            "threshold": row[6], "threshold_source": "EBU R 103 v3", "message": message, "accepted": bool(accepted),
            "side": "output", "overridable": check != "non_finite"}
    if accepted:
        made["accept_reason"] = accepted
    return made


def metric(number, frames):
    # A slow wave with a spike at the frame 10 % in; a gap in the input 20 % in.
    wave = [0.5 + 0.2 * math.sin(0.02 * frame + number) + 0.01 * math.sin(1.7 * frame * (number + 1)) for frame in range(frames)]
    source = [value + (0.4 if frame == frames // 10 else 0) for frame, value in enumerate(wave)]
    source[frames // 5] = None
    made = {"name": CHECKS[number][0] if number < len(CHECKS) else f"metric_{number}", "title": f"Metric {number}",
            "unit": "stops", "input": source, "output": wave}
    if number % 2 == 0:
        made["threshold"] = 0.8
    return made


def shot(name, frames, metrics, findings, rate="24", address=timecode):
    files = [{"frame": 1001 + i, "timecode": address(i), "passes": [],
              "outputs": [{"name": "plate", "file": f"out/{name}.{1001 + i}.exr", "bytes": 26214400, "hash": "%032x" % i}]}
             for i in range(frames)]
    return {"name": name, "range": [1001, 1001 + frames], "rate": rate, "source": "plates/####.exr", "colorspace": "ACEScg",
            "fingerprint": None,
            "passes": [{"index": 0, "pass": "dust", "enabled": True, "frames_touched": 7, "mean_touched": 0.0012, "max_stops": 1.5}],
            "artefacts": [{"pass": "deflicker", "index": 1, "hash": "0" * 32}],
            "sidecars": [{"pass": "shot_match", "index": 2, "file": f"{name}.cc", "hash": "1" * 32}],
            "models": [{"model": "denoise_t5", "pass": "denoise", "index": 3, "sha256": "a" * 64, "licence": "MIT",
                        "frames": "1001-1010", "mean_touched": 0.9}],
            "outputs": [{"name": "plate", "frames": frames}], "frames": files, "findings": findings,
            "checked": [row[0] for row in CHECKS], "metrics": [metric(number, frames) for number in range(metrics)]}


def report(kind, frames, metrics):
    name = HOSTILE if kind == "fail" else "sh010"
    findings = []
    if kind == "fail":
        findings = [finding(name, "negative", 1003, 1004, 0.02, MESSAGE),
                    finding(name, "non_finite", 1005, 1007, 12, MESSAGE),
                    finding(name, "flash_frame", 1001 + frames // 10, 1002 + frames // 10, 0.7, "brighter than both neighbours"),
                    finding(name, "black_frame", 1002, 1003, 1, "black", accepted="a slate; \"known\" <i>")]
    shots = [shot(name, frames, metrics, findings)]
    if kind == "fail":
        shots += [shot(f"minute_{minute}", 24, 1, [], "30000/1001", drop_frame(minute)) for minute in (1, 10)]
    checks = [dict(zip(("check", "title", "category", "term", "severity", "method", "threshold", "unit"), row),
                   standard="none", threshold_source="wetgate", overridable=True) for row in CHECKS]
    gates = {"non_finite": {"open": kind == "pass", "findings": len(findings) // 4, "accepted": 0},
             "numbering": {"open": True, "findings": 0, "accepted": 0}}
    result = {"tool": "0.1.0", "job": "job " + name, "show": "test", "approval": {"ref": "", "deliverable": "temp"},
              "fingerprint": {"device": "cpu", "threads": 1}, "gates": gates, "verdict": kind, "checks": checks, "shots": shots}
    return {"schema": "wetgate.report/1", "result": result,
            "run": {"host": "host", "written": "2026-01-01T00:00:00Z", "command": ["wetgate", "run", "job.json"],
                    "frames_made": frames, "frames_reused": 0}}


if __name__ == "__main__":
    json.dump(report(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])), sys.stdout)
