"""Shake, real and planted, taken out by wetgate's camera path and by vid.stab's two passes, tuned on the test itself and at equal crop:
`scripts/bench stabilise CLIP...`.

Pictures are 640x360, 8-bit gray. The measure is the fast motion of the picture's corners in the made pictures, px: the root mean square of what
a Gaussian of 5 frames leaves of their path, which a judge finds by dense flow (wetgate follows points, vid.stab matches blocks). In brackets the mean
PSNR between neighbouring frames, dB. `sharpness`: root mean square of the gradient, and of the Laplacian, of wetgate's own resampling as shares of
those of an ideal one (a sinc of 24 lobes) by the same views. A clip is taken as it is (its own shake) and, if it is calm, with shake planted on it.
"""
import itertools
import pathlib
import re
import subprocess
import sys

import numpy as np

WIDTH, HEIGHT = 640, 360
WIDER, HIGHER = 752, 424  # what planted shake moves its window over
SIGMA = 5  # frames
ZOOM = 1.1  # both may enlarge by this much
FRAMES = 90
SHAKINESS = (5, 10)  # of vidstabdetect
CALM = 0.6  # px of the clip's own fast motion, below which shake is planted
CORNERS = np.array([[-1, -1, 1, 1], [-1, 1, 1, -1]]) * np.array([[WIDTH / 2], [HEIGHT / 2]])


def ffmpeg(arguments, given=None):
    return subprocess.run(["ffmpeg", "-hide_banner", "-nostats", "-y", *map(str, arguments)], input=given, capture_output=True, check=True)


def gray(clip, width, height):
    return ffmpeg(["-nostdin", "-i", clip, "-frames:v", FRAMES, "-vf", f"scale={width}:{height}:force_original_aspect_ratio=increase:flags=area,"
                   f"crop={width}:{height},format=gray", "-f", "rawvideo", "-"]).stdout


def smoothed(path, sigma):
    """Gaussian along time; the path goes on beyond its ends turned about them, as a steady move would."""
    reach = min(4 * sigma, len(path) - 1)
    padded = np.concatenate([2 * path[0] - path[reach:0:-1], path, 2 * path[-1] - path[-2:-reach - 2:-1]])
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    return np.stack([np.convolve(column, kernel / kernel.sum(), "valid") for column in padded.T], 1)


class Bench:
    def __init__(self, build, folder):
        self.tool, self.folder = build / "scripts/bench_stabilise", folder / "stabilise"
        self.folder.mkdir(parents=True, exist_ok=True)

    def run(self, *arguments, given):
        return subprocess.run([self.tool, *map(str, arguments)], input=given, stdout=subprocess.PIPE, check=True).stdout

    def warped(self, video, views, width=WIDTH, height=HEIGHT):
        file = self.folder / "views.txt"
        np.savetxt(file, views)
        return self.run("warp", width, height, WIDTH, HEIGHT, file, given=video)

    def judged(self, video):
        """Fast corner motion in px, and PSNR between neighbours in dB."""
        steps = np.array(self.run("judge", WIDTH, HEIGHT, given=video).split(), float).reshape(-1, 5)
        a, b, dx, dy, psnr = steps.T[..., None]
        x, y = CORNERS
        moves = np.concatenate([a * x - b * y + dx - x, b * x + a * y + dy - y], 1)
        moves[0] = 0
        path = np.cumsum(moves, 0)
        fast = path - smoothed(path, SIGMA)
        return float(np.sqrt(2 * np.mean(fast ** 2))), float(np.mean(psnr[1:]))

    def ours(self, video):
        views = np.array(self.run("views", WIDTH, HEIGHT, ZOOM, "smooth", given=video).split(), float).reshape(-1, 4)
        scores = self.judged(self.warped(video, views)) + (float(1 / views[:, 3].min()),)
        file = self.folder / "views.txt"  # that warped() wrote
        return scores, tuple(map(float, self.run("sharpness", WIDTH, HEIGHT, file, given=video).split()))

    def vidstab(self, video):
        """The best of a grid whose zoom is within the budget: fast motion, PSNR, zoom, setting."""
        raw = ["-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{WIDTH}x{HEIGHT}", "-i", "-"]
        best = None
        for shakiness in SHAKINESS:
            found = self.folder / "found.trf"
            ffmpeg([*raw, "-vf", f"vidstabdetect=shakiness={shakiness}:accuracy=15:stepsize=4:result={found}", "-f", "null", "-"], video)
            for smoothing, algorithm, shift in itertools.product((4, 8, 15, 30, 60), ("opt", "gauss", "avg"), (-1, 12)):
                # A fixed zoom where shifts are held within it; else the least that shows no border.
                limit = "optzoom=1" if shift < 0 else f"optzoom=0:zoom={100 * (ZOOM - 1)}:maxshift={shift}:maxangle=0.02"
                name = f"shakiness={shakiness}:smoothing={smoothing}:optalgo={algorithm}:{limit}"
                run = ffmpeg(["-v", "info", *raw, "-vf", f"vidstabtransform=input={found}:smoothing={smoothing}:optalgo={algorithm}:{limit}:"
                              "interpol=bicubic:crop=keep", "-pix_fmt", "gray", "-f", "rawvideo", "-"], video)
                zoom = re.findall(r"[Ff]inal zoom:? *([-0-9.]+)", run.stderr.decode())
                zoom = 1 + float(zoom[-1]) / 100 if zoom else ZOOM
                if zoom > ZOOM + 0.003:
                    continue
                scores = self.judged(run.stdout) + (zoom, name)
                if best is None or scores[0] < best[0]:
                    best = scores
        return best


def shake(count, seed):
    """Views of a hand that holds a heavy camera: sway, and tremor up to half the frame rate."""
    random = np.random.RandomState(seed)
    sway = smoothed(random.randn(count, 4), 2) * 2.5
    views = (sway + 0.35 * random.randn(count, 4)) * [4.0, 4.0, 0.35, 0.004]
    return views + [0, 0, 0, 1]


def tables(build, folder, clips):
    bench, rows = Bench(build, folder), []
    for clip in clips:
        cases = {"own": gray(clip, WIDTH, HEIGHT)}
        own = bench.judged(cases["own"])
        if own[0] < CALM:
            wide = gray(clip, WIDER, HIGHER)
            cases = {"planted": bench.warped(wide, shake(len(wide) // (WIDER * HIGHER), 8), WIDER, HIGHER)}
        for kind, video in cases.items():
            before, (ours, sharpness), rival = bench.judged(video), bench.ours(video), bench.vidstab(video)
            rows.append({"clip": pathlib.Path(clip).stem, "shake": kind, "frames": len(video) // (WIDTH * HEIGHT),
                         "plate": before, "unshaken": own if kind == "planted" else None, "wetgate": ours, "sharpness": sharpness, "vidstab": rival,
                         "ratio": ours[0] / rival[0] if rival else None})
            print(f"{rows[-1]['clip']:24} {kind:8} plate {before[0]:6.3f} ({before[1]:.1f})  wetgate {ours[0]:6.3f} ({ours[1]:.1f}) zoom {ours[2]:.3f} "
                  f"sharpness {sharpness[0]:.4f} {sharpness[1]:.4f}  "
                  + (f"vid.stab {rival[0]:6.3f} ({rival[1]:.1f}) zoom {rival[2]:.3f} [{rival[3]}]  ratio {rows[-1]['ratio']:.2f}" if rival else "vid.stab: none within the zoom"),
                  file=sys.stderr, flush=True)
    return rows

