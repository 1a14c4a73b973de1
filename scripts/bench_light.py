"""Planted light on real clips, taken out by wetgate and by rivals tuned on the test itself: `scripts/bench light CLIP...`.

Pictures are 640x360 in linear light, half-float EXR. PSNR in dB of the sRGB-coded picture, clipped to what a screen shows.
"""
import json
import shutil
import subprocess

import numpy as np

WIDTH, HEIGHT = 640, 360
SAMPLES = 3 * WIDTH * HEIGHT
LUMA = np.array([0.2126, 0.7152, 0.0722])


def ffmpeg(arguments, given=None):
    command = ["ffmpeg", "-v", "error", *(["-nostdin"] if given is None else []), "-y", *map(str, arguments)]
    return subprocess.run(command, input=given, stdout=subprocess.PIPE, check=True).stdout


def linear(coded):
    return np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)


def coded(light):
    clipped = np.clip(light, 0, 1)
    return np.where(clipped <= 0.0031308, clipped * 12.92, 1.055 * np.maximum(clipped, 1e-9) ** (1 / 2.4) - 0.055)


def frames_of(clip, count, start=0, step=1):
    """[N,H,W,3] float32 light of every `step`-th frame of the clip."""
    select = f"select='gte(n,{start})*not(mod(n-{start},{step}))'"
    data = ffmpeg(["-i", clip, "-vf", f"{select},scale={WIDTH}:{HEIGHT}:flags=area+accurate_rnd+full_chroma_int", "-vsync", "0",
                   "-frames:v", count, "-pix_fmt", "rgb48le", "-f", "rawvideo", "-"])
    pictures = np.frombuffer(data, np.uint16)
    return linear(pictures[:len(pictures) // SAMPLES * SAMPLES].reshape(-1, HEIGHT, WIDTH, 3) / 65535).astype(np.float32)


def write_exr(file, picture):
    planes = np.ascontiguousarray(picture.transpose(2, 0, 1)[[1, 2, 0]], np.float32)  # ffmpeg's order: G, B, R
    ffmpeg(["-f", "rawvideo", "-pix_fmt", "gbrpf32le", "-s", f"{picture.shape[1]}x{picture.shape[0]}", "-i", "-", "-frames:v", 1, "-vf", "setsar=1",
            "-c:v", "exr", "-compression", "zip1", "-format", "half", file], planes.tobytes())


def read_exr(file):
    data = np.frombuffer(ffmpeg(["-i", file, "-pix_fmt", "gbrpf32le", "-f", "rawvideo", "-"]), np.float32)
    return data.reshape(3, HEIGHT, WIDTH)[[2, 0, 1]].transpose(1, 2, 0).astype(np.float64)


def psnr(one, other, where=None):
    error = (coded(one) - coded(other)) ** 2
    return float(-10 * np.log10(max(1e-12, np.mean(error if where is None else error[where]))))


def lab(light):
    """CIE L*a*b* (D65) of linear Rec.709 light."""
    xyz = light @ np.array([[0.4124564, 0.2126729, 0.0193339], [0.3575761, 0.7151522, 0.1191920], [0.1804375, 0.0721750, 0.9503041]])
    ratio = np.maximum(xyz, 0) / [0.95047, 1.0, 1.08883]
    f = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1)


def de2000(one, other):
    """CIEDE2000 (Sharma, Wu, Dalal, 2005) of two linear pictures, pixel by pixel."""
    (l1, a1, b1), (l2, a2, b2) = np.moveaxis(lab(one), -1, 0), np.moveaxis(lab(other), -1, 0)
    c = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    g = 0.5 * (1 - np.sqrt(c**7 / (c**7 + 25.0**7)))
    a1, a2 = a1 * (1 + g), a2 * (1 + g)
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = np.degrees(np.arctan2(b1, a1)) % 360, np.degrees(np.arctan2(b2, a2)) % 360
    turn = h2 - h1
    turn = np.where(c1 * c2 == 0, 0, np.where(turn > 180, turn - 360, np.where(turn < -180, turn + 360, turn)))
    dh = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2))
    mean_h = np.where(c1 * c2 == 0, h1 + h2, np.where(np.abs(h1 - h2) <= 180, (h1 + h2) / 2,
                      np.where(h1 + h2 < 360, (h1 + h2 + 360) / 2, (h1 + h2 - 360) / 2)))
    mean_l, mean_c = (l1 + l2) / 2, (c1 + c2) / 2
    t = (1 - 0.17 * np.cos(np.radians(mean_h - 30)) + 0.24 * np.cos(np.radians(2 * mean_h)) + 0.32 * np.cos(np.radians(3 * mean_h + 6))
         - 0.20 * np.cos(np.radians(4 * mean_h - 63)))
    sl = 1 + 0.015 * (mean_l - 50) ** 2 / np.sqrt(20 + (mean_l - 50) ** 2)
    sc, sh = 1 + 0.045 * mean_c, 1 + 0.015 * mean_c * t
    rt = -2 * np.sqrt(mean_c**7 / (mean_c**7 + 25.0**7)) * np.sin(np.radians(60 * np.exp(-((mean_h - 275) / 25) ** 2)))
    dl, dc, dh = (l2 - l1) / sl, (c2 - c1) / sc, dh / sh
    return np.sqrt(np.maximum(0, dl**2 + dc**2 + dh**2 + rt * dc * dh))


class Relit:
    """Pictures through passes of wetgate, EXR in and out, linear Rec.709 as working light."""
    def __init__(self, build, folder):
        self.build, self.folder = build, folder / "light"

    def __call__(self, pictures, passes, references=None, mattes=None):
        """`pictures`: [H,W,3] light, numbered from 1001. `references`: {name: picture}. `mattes`: {name: [H,W] or one a frame}.
        Returns the made pictures, and the report's shot."""
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "in").mkdir(parents=True)
        count = len(pictures)
        for i, picture in enumerate(pictures):
            write_exr(self.folder / f"in/p.{1001 + i}.exr", picture)
        shot = {"name": "s", "passes": passes,
                "source": {"path": "in/p.####.exr", "range": f"1001-{1000 + count}", "colorspace": "Linear Rec.709", "rate": "24"},
                "outputs": [{"name": "o", "path": "out/p.####.exr", "type": "exr"}]}
        for name, picture in (references or {}).items():
            write_exr(self.folder / f"in/{name}.exr", picture)
            shot.setdefault("references", {})[name] = {"path": f"in/{name}.exr", "colorspace": "Linear Rec.709"}
        for name, matte in (mattes or {}).items():
            matte = np.asarray(matte, np.float32)
            for i, plane in enumerate(matte if matte.ndim == 3 else [matte]):
                write_exr(self.folder / f"in/{name}.{1001 + i}.exr", np.repeat(plane[..., None], 3, 2))
            shot.setdefault("mattes", {})[name] = {"path": f"in/{name}." + ("####" if matte.ndim == 3 else "1001") + ".exr", "channel": "R"}
        job = {"schema": "wetgate.job/1", "name": "light", "work": "work", "qc": {"gate": "off", "report": "qc"},
               "color": {"working": "Linear Rec.709"}, "shots": [shot]}
        (self.folder / "job.json").write_text(json.dumps(job))
        run = subprocess.run([self.build / "wetgate", "run", self.folder / "job.json", "--progress", "none"], capture_output=True, text=True)
        if run.returncode:
            raise SystemExit(f"bench: wetgate ended with {run.returncode}: {run.stderr}")
        report = json.loads((self.folder / "qc/report.json").read_text())["result"]["shots"][0]
        return np.stack([read_exr(self.folder / f"out/p.{1001 + i}.exr") for i in range(count)]), report

    def artefact(self, index, name):
        return json.loads((self.folder / f"work/s/{index}.{name}.json").read_text())["artefact"]


def graded(seed):
    """A take's look: exposure to a stop either way, white balance to 0.4 stop, cross-talk, an offset. [3,4]"""
    random = np.random.default_rng(seed)
    gains = np.exp2(random.uniform(-1, 1) + random.uniform(-0.4, 0.4, 3))
    cross = np.eye(3) + random.uniform(-0.06, 0.06, (3, 3)) * (1 - np.eye(3))
    return np.concatenate([gains[:, None] * cross, random.uniform(-0.004, 0.006, (3, 1))], 1)


def through(matrix, picture):
    return picture @ matrix[:, :3].T + matrix[:, 3]


def reinhard(take, hero):
    """Colour transfer between images (Reinhard et al., 2001), in logarithms of light."""
    a, b = np.log(np.maximum(take, 1e-4)), np.log(np.maximum(hero, 1e-4))
    return np.exp((a - a.mean((0, 1))) / a.std((0, 1)) * b.std((0, 1)) + b.mean((0, 1)))


def mkl(take, hero):
    """The linear Monge-Kantorovitch colour mapping (Pitie, Kokaram, 2007)."""
    def root(matrix, power=0.5):
        values, vectors = np.linalg.eigh(matrix)
        return vectors * np.maximum(values, 1e-10) ** power @ vectors.T
    a, b = take.reshape(-1, 3), hero.reshape(-1, 3)
    ca, cb = np.cov(a.T) + 1e-8 * np.eye(3), np.cov(b.T) + 1e-8 * np.eye(3)
    inverse = root(ca, -0.5)
    return ((a - a.mean(0)) @ (inverse @ root(root(ca) @ cb @ root(ca)) @ inverse) + b.mean(0)).reshape(take.shape)


def histogram(take, hero):
    made = np.empty_like(take)
    for c in range(3):
        order = np.argsort(take[..., c].ravel(), kind="stable")
        made[..., c].ravel()[order] = np.interp(np.linspace(0, 1, order.size), np.linspace(0, 1, hero[..., c].size), np.sort(hero[..., c].ravel()))
    return made


def mean_gain(take, hero):
    return take * (hero.mean((0, 1)) / take.mean((0, 1)))


RIVALS = {"reinhard": reinhard, "mkl": mkl, "histogram": histogram, "mean": mean_gain}


def shot_match(clip, relit, draws=3, apart=30, takes=5):
    """The take is graded at random, the hero frame is `apart` frames later."""
    clean, hero = frames_of(clip, takes), frames_of(clip, 1, start=apart)
    if not len(hero):
        return {}
    rows = []
    for draw in range(draws):
        look = graded(draw + 1)
        take = np.stack([through(look, picture) for picture in clean.astype(np.float64)])
        made, report = relit(take, [{"pass": "shot_match", "reference": "hero"}], {"hero": hero[0]})
        artefact = relit.artefact(0, "shot_match")
        rivals = {name: np.mean([psnr(rival(picture, hero[0].astype(np.float64)), truth) for picture, truth in zip(take, clean)])
                  for name, rival in RIVALS.items()}
        rows.append({"untouched": psnr(take, clean), "wetgate": psnr(made, clean), "best_rival": max(rivals.values()),
                     "de2000": float(np.median(de2000(made[0], clean[0]))), "matches": artefact["most_matches"],
                     "verdict": artefact["verdict"], "matrix": "matrix" in artefact})
    made, _ = relit(clean, [{"pass": "shot_match", "reference": "hero"}], {"hero": hero[0]})
    ratio = np.log2(np.maximum(made, 1e-4) / np.maximum(clean, 1e-4))
    return {"draws": rows, "gain_db": float(np.mean([row["wetgate"] - row["best_rival"] for row in rows])),
            "clean_stops": float(np.abs(ratio).mean())}


def enlarged(nodes):
    """[H,W] of a grid whose nodes lie at the middles of its cells, bilinear between them."""
    rows, columns = nodes.shape
    y = np.clip((np.arange(HEIGHT) + 0.5) / HEIGHT * rows - 0.5, 0, rows - 1)
    x = np.clip((np.arange(WIDTH) + 0.5) / WIDTH * columns - 0.5, 0, columns - 1)
    down = np.stack([np.interp(y, np.arange(rows), nodes[:, c]) for c in range(columns)], 1)
    return np.stack([np.interp(x, np.arange(columns), row) for row in down])


def local_flicker(count, seed, size=0.08):
    random = np.random.default_rng(seed)
    return np.stack([enlarged(np.exp(random.normal(0, size, (8, 8)))) for _ in range(count)])


def bands(count, seed, size=0.15):
    """Light of a lamp at 100 or 120 Hz, as the rows of a rolling shutter see it at 24 to 30 frames a second."""
    random = np.random.default_rng(seed)
    waves, phase = random.uniform(0.8, 3.5), random.uniform(0, 1)
    flashes, rate = [(100, 24), (100, 24000 / 1001), (120, 25), (100, 30000 / 1001)][random.integers(4)]
    pace = flashes / rate % 1
    y = (np.arange(HEIGHT) + 0.5) / HEIGHT
    wave = [np.abs(np.sin(np.pi * (waves * y + pace * t + phase))) for t in range(count)]
    return np.stack([np.repeat((1 + size * (row - 2 / np.pi) / 0.3)[:, None], WIDTH, 1) for row in wave])


def unevenness(made, clean, side=20):
    """Standard deviation over frames of what is left of planted gains, a square, mean over squares. Percent."""
    rows, columns = HEIGHT // side, WIDTH // side
    light = lambda pictures: (pictures @ LUMA).reshape(-1, rows, side, columns, side).sum((2, 4))
    ratio = np.log(np.maximum(light(made), 1e-6) / np.maximum(light(clean), 1e-6))
    return float(100 * np.sqrt(np.mean((ratio - ratio.mean(0)) ** 2)))


def sharpness(pictures):
    light = coded(pictures) @ LUMA
    return float(np.mean(np.abs(np.diff(light, axis=1))) + np.mean(np.abs(np.diff(light, axis=2))))


def uneven_flicker(clip, relit, kind, count=32):
    clean = frames_of(clip, count).astype(np.float64)
    gains = (local_flicker if kind == "local" else bands)(len(clean), 7)
    planted = clean * gains[..., None]
    made, _ = relit(planted, [{"pass": "deflicker"}])
    artefact = relit.artefact(0, "deflicker")
    return {"planted_percent": unevenness(planted, clean), "residual_percent": unevenness(made, clean),
            "sharpness": sharpness(made) / sharpness(clean), "taken_for": "bands" if "bands" in artefact else "local" if "grid" in artefact else "global",
            "exposure_percent": artefact["segments"][0]["exposure_flicker_percent"]}


def light_drift(clip, relit, count=60):
    """A stop of drift over the shot, unlike in the channels."""
    clean = frames_of(clip, count).astype(np.float64)
    way = np.linspace(0, 1, len(clean)) ** 1.3
    planted = clean * np.exp2(-way[:, None, None, None] * np.array([0.85, 1.0, 1.1]))
    made, _ = relit(planted, [{"pass": "light_drift"}])
    clean_made, _ = relit(clean, [{"pass": "light_drift"}])
    off = lambda pictures: float(max(np.abs(np.median(np.log2(np.maximum(p, 1e-4) / np.maximum(c, 1e-4)), (0, 1))).max() for p, c in zip(pictures, clean)))
    return {"planted_stops": off(planted), "left_stops": off(made), "clean_changed_stops": off(clean_made), "sharpness": sharpness(made) / sharpness(clean)}


def env_match(clip, relit, apart=30, takes=4):
    """The upper part of the take is given another hour's light: gains that differ from top to horizon, and haze."""
    clean, hero = frames_of(clip, takes).astype(np.float64), frames_of(clip, 1, start=apart)
    if not len(hero):
        return {}
    matte = np.zeros((HEIGHT, WIDTH), np.float32)
    matte[:HEIGHT * 9 // 20] = 1
    way = (np.arange(HEIGHT) + 0.5)[:, None, None] / HEIGHT
    top, bottom, haze = np.array([-0.5, -0.6, -0.8]), np.array([0.1, 0.0, -0.2]), np.array([0.02, 0.02, 0.025])
    planted = np.where(matte[None, ..., None] > 0, clean * np.exp2(top + (bottom - top) * way) + haze, clean)
    made, _ = relit(planted, [{"pass": "env_match", "reference": "hero", "matte": "env"}], {"hero": hero[0]}, {"env": matte})
    written = np.stack([read_exr(relit.folder / f"in/p.{1001 + i}.exr") for i in range(len(planted))])
    inside = matte > 0
    light = lambda picture: np.log2(np.maximum(np.median(picture @ LUMA, 1), 1e-4))
    rows = slice(8, HEIGHT * 9 // 20 - 8)
    slope = lambda picture: np.polyfit(np.arange(HEIGHT)[rows], light(picture)[rows], 1)[0] * (rows.stop - rows.start)
    return {"planted_de": float(np.mean(de2000(planted[0], clean[0])[inside])), "left_de": float(np.mean(de2000(made[0], clean[0])[inside])),
            "slope_off_stops": float(abs(slope(made[0]) - slope(clean[0]))), "outside_exact": bool((made[:, ~inside] == written[:, ~inside]).all()),
            "by": relit.artefact(0, "env_match").get("by")}


def lens_dirt(clip, relit, count=32):
    """A smudge of half a stop, a twelfth of the picture wide."""
    clean = frames_of(clip, count).astype(np.float64)
    x, y = (np.arange(WIDTH) - 410) / (WIDTH / 12), (np.arange(HEIGHT) - 150) / (WIDTH / 12)
    smudge = np.exp2(-0.5 * np.exp(-0.5 * (x[None, :] ** 2 + y[:, None] ** 2)))
    made, _ = relit(clean * smudge[..., None], [{"pass": "lens_dirt"}])
    found = relit.artefact(0, "lens_dirt")
    clean_made, _ = relit(clean, [{"pass": "lens_dirt"}])
    inside = smudge < 2 ** -0.1
    off = lambda pictures: float(np.abs(np.median(np.log2(np.maximum(pictures @ LUMA, 1e-4) / np.maximum(clean @ LUMA, 1e-4)), 0)[inside]).mean())
    return {"planted_stops": off(clean * smudge[..., None]), "left_stops": off(made), "clean_changed_stops": off(clean_made),
            "motion": found["motion"], "explained": found["explained"], "verdict": found["verdict"]}


def ellipse(soft_px=6):
    """[H,W]: 1 around an ellipse in the middle of the picture, 0 inside, soft between."""
    x, y = (np.arange(WIDTH) + 0.5 - WIDTH / 2) / (WIDTH / 6), (np.arange(HEIGHT) + 0.5 - HEIGHT / 2) / (HEIGHT / 4)
    away = (np.hypot(x[None, :], y[:, None]) - 1) * HEIGHT / 4
    return np.clip(0.5 + away / soft_px, 0, 1)


def reached(corners):
    """[H,W] bool: within a quadrilateral (clockwise, in pixels), by two pixels."""
    x, y = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
    corners = np.array(corners)
    inside = np.ones((HEIGHT, WIDTH), bool)
    for (ax, ay), (bx, by) in zip(corners, np.roll(corners, -1, 0)):
        inside &= (bx - ax) * (y - ay) - (by - ay) * (x - ax) > 2 * np.hypot(bx - ax, by - ay)
    return inside


def background(clip, relit, takes=13, stops=-0.7):
    """The shot's own middle frame, under other light, behind an ellipse: what should be there is known, but for what moves by itself.
    Light is not wrapped, which the truth is not either."""
    clean = frames_of(clip, takes).astype(np.float64)
    if len(clean) < takes:
        return {}
    cover, gain, middle = ellipse(), 2.0 ** stops, clean[takes // 2]
    passes = [{"pass": "background", "matte": "rest", "reference": "plate", "exposure_stops": stops, "light_wrap": 0}]
    made, report = relit(clean, passes, {"plate": middle}, {"rest": cover})
    place = {row["frame"]: row["points"] for row in relit.artefact(0, "background")["place"]}
    written = np.stack([read_exr(relit.folder / f"in/p.{1001 + i}.exr") for i in range(takes)])
    others = [i for i in range(takes) if i != takes // 2 and 1001 + i in place]
    figures = {"placed": len(others) / (takes - 1), "defocus_px": relit.artefact(0, "background")["defocus_px"],
               "foreground_exact": bool((made[:, cover == 0] == written[:, cover == 0]).all())}
    if not others:
        return figures
    truth = clean * (1 - cover[..., None]) + gain * clean * cover[..., None]
    mixed = clean * (1 - cover[..., None]) + gain * middle * cover[..., None]
    for name, part in (("behind", cover >= 1), ("edge", (cover > 0) & (cover < 1))):
        score = lambda pictures: float(np.mean([psnr(pictures[i], truth[i], part & reached(place[1001 + i])) for i in others]))
        figures[name] = {"wetgate": score(made), "mixed_without_track": score(mixed)}
    return figures


def neighbours(grain, where):
    """Correlation of a picture's grain [N,H,W] with itself one and two pixels to the right and below."""
    pairs = [(grain[:, :, k:] * grain[:, :, :-k])[:, where[:, k:] & where[:, :-k]] for k in (1, 2)]
    pairs += [(grain[:, k:] * grain[:, :-k])[:, where[k:] & where[:-k]] for k in (1, 2)]
    return np.array([pair.mean() for pair in pairs]) / np.mean(grain[:, where] ** 2)


def regrain(clip, relit, takes=8, shot=0.0006, read=0.00001):
    """Grain is planted, soft and shared between the channels, but not under a disc; ours has to continue it there."""
    random = np.random.default_rng(5)
    clean = frames_of(clip, takes).astype(np.float64)
    def field():
        white = random.standard_normal((HEIGHT, WIDTH, 3))
        for axis in (0, 1):
            white = sum(weight * np.roll(white, by, axis) for by, weight in zip((-1, 0, 1), (0.26, 0.48, 0.26)))
        white = white @ (np.eye(3) * 0.8 + 0.2 / 3)
        return white / white.std()
    grain = np.stack([field() for _ in clean]) * np.sqrt(shot * np.maximum(clean, 0) + read)
    bare = 1 - ellipse(soft_px=1)
    planted = clean + grain * (bare == 0)[..., None]
    made, _ = relit(planted, [{"pass": "regrain", "matte": "bare"}], None, {"bare": bare})
    inside = bare == 1
    given = made - clean
    wanted, ours = neighbours((grain @ LUMA), inside), neighbours((given @ LUMA), inside)
    return {"strength_ratio": float(given[:, inside].std() / grain[:, inside].std()), "planted_neighbours": wanted.tolist(), "ours": ours.tolist(),
            "spectrum_off": float(np.abs(ours - wanted).max()), "white_noise_off": float(np.abs(wanted).max())}


def tables(build, folder, clips):
    """{pass: {clip: figures}}; a clip that is too short is left out."""
    relit = Relit(build, folder)
    measures = {"shot_match": shot_match, "env_match": env_match, "light_drift": light_drift, "lens_dirt": lens_dirt,
                "background": background, "regrain": regrain,
                "deflicker_local": lambda clip, relit: uneven_flicker(clip, relit, "local"),
                "deflicker_rolling": lambda clip, relit: uneven_flicker(clip, relit, "rolling")}
    results = {"what": "planted light at 640x360, wetgate with its defaults; rivals of shot_match: the best of four colour transfers, draw by draw"}
    for name, measure in measures.items():
        results[name] = {}
        for clip in clips:
            figures = measure(clip, relit)
            if figures:
                results[name][clip.name] = json.loads(json.dumps(figures), parse_float=lambda text: round(float(text), 4))
    gains = [row["gain_db"] for row in results["shot_match"].values()]
    if gains:
        results["shot_match"]["mean_gain_db"] = round(float(np.mean(gains)), 2)
    shutil.rmtree(relit.folder, ignore_errors=True)
    return results
