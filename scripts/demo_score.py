#!/usr/bin/env python3
"""Compares a repaired demo with what was planted, and prints how well the repair went.

    scripts/demo_score.py FOLDER
"""
import json
import math
import pathlib
import statistics
import subprocess
import sys

here = pathlib.Path(__file__).resolve().parent.parent
folder = pathlib.Path(sys.argv[1])
work = folder / "out" / "demo.work" / "demo"
planted = json.loads((folder / "planted.json").read_text())


def artefact(name):
    return json.loads(next(work.glob(f"*.{name}.json")).read_text())["artefact"]


def psnr(media):
    """Mean PSNR of the colour channels against the truth, in dB; frames with NaN count their finite samples."""
    process = subprocess.run(
        [here / "build" / "wetgate", "compare", folder / media, folder / "truth/demo.####.exr", "--json", "--range", "1001-1012"],
        capture_output=True, text=True, check=False)
    frames = json.loads(process.stdout)["frames"]
    return statistics.mean(c["psnr_db"] for f in frames for c in f["channels"])


def flicker(stops_of):
    """Deviation over the shot of the gain that is left, in percent, and of the planted one."""
    left, before = [], []
    for row in planted["gains"]:
        for c in range(3):
            before.append((c, math.log(row["rgb"][c])))
            left.append((c, math.log(row["rgb"][c]) + math.log(2) * stops_of[row["frame"]][c]))
    spread = lambda rows: 100 * math.sqrt(statistics.mean(statistics.pvariance([v for k, v in rows if k == c]) for c in range(3)))
    return spread(before), spread(left)


gains = {row["frame"]: row["stops"] for row in artefact("deflicker")["frames"]}
mapped = {(d["x"], d["y"]) for d in artefact("pixel_defects")["defects"]}
true_defects = {(d["x"], d["y"]) for d in planted["defects"]}
found = len(mapped & true_defects)
before, left = flicker(gains)
report = json.loads((folder / "out" / "qc" / "report.json").read_text())["result"]
non_finite = sum(sum(p["facts"].get(k, 0) for k in ("nan", "positive_inf", "negative_inf"))
                 for f in report["shots"][0]["frames"] for p in f["passes"] if p["pass"] == "sanitize")

print("what was repaired, against the truth:")
print(f"  flicker        {before:.2f} % -> {left:.2f} % deviation of the gain")
print(f"  photosites     {found} of {len(true_defects)} planted defects mapped, {len(mapped - true_defects)} false")
print(f"  NaN and Inf    {non_finite} of {len(planted['non_finite'])} planted samples repaired")
print(f"  picture        {psnr('plates/demo.####.exr'):.1f} dB -> {psnr('out/demo_v001.####.exr'):.1f} dB PSNR")
print(f"report: {folder / 'out' / 'qc' / 'report.json'}")
