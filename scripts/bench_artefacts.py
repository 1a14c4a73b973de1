"""Planted artefacts on real clips, repaired by wetgate and by FFmpeg at its best settings: `scripts/bench artefacts CLIP...`.

Pictures are 640x360, averaged down from the clip in 16 bits. PSNR in dB, of the coded picture.
"""
import json
import shutil
import subprocess

import numpy as np

import planted_dirt

WIDTH, HEIGHT = 640, 360
SAMPLES = 3 * WIDTH * HEIGHT
INTERPOLATIONS = ["mc_mode=aobmc:me_mode=bidir:vsbmc=1", "mc_mode=obmc:me_mode=bilat", "mc_mode=obmc:me_mode=bidir"]


def ffmpeg(arguments, given=None):
    command = ["ffmpeg", "-v", "error", "-nostdin" if given is None else "-y", *map(str, arguments), "-f", "rawvideo", "-"]
    return subprocess.run(command, input=given, stdout=subprocess.PIPE, check=True).stdout


def raw(fmt, rate=25):
    return ["-f", "rawvideo", "-pix_fmt", fmt, "-s", f"{WIDTH}x{HEIGHT}", "-r", rate]


def frames_of(clip, count, rgb):
    """[N,H,W,3] uint16 of the clip, or [N,3,H,W] planes; `rgb`: rgb48le or gbrp16le."""
    data = ffmpeg(["-i", clip, "-vf", f"scale={WIDTH}:{HEIGHT}:flags=area+accurate_rnd+full_chroma_int", "-frames:v", count, "-pix_fmt", rgb])
    pictures = np.frombuffer(data, np.uint16)
    return pictures[:len(pictures) // SAMPLES * SAMPLES].reshape(-1, *((HEIGHT, WIDTH, 3) if rgb == "rgb48le" else (3, HEIGHT, WIDTH)))


def psnr(one, other, where=None):
    error = (one.astype(np.float64) - other) ** 2
    return float(-10 * np.log10(max(1e-20, np.mean(error if where is None else error[where]))))


class Repair:
    """Pictures through one pass of wetgate, 16 bit PNG in and out."""
    def __init__(self, build, folder):
        self.build, self.folder = build, folder / "artefacts"

    def __call__(self, pictures, given, mattes=None):
        """`pictures`: {number: [H,W,3] uint16}; absent numbers are missing frames. `mattes`: {number: [H,W] uint8}.
        Returns all from the first to the last."""
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "in").mkdir(parents=True)
        first, last = min(pictures), max(pictures)
        still = lambda name, data, read_as, written_as: subprocess.run(
            ["ffmpeg", "-v", "error", *map(str, raw(read_as)), "-i", "-", "-frames:v", "1", "-pix_fmt", written_as, self.folder / name],
            input=data.tobytes(), check=True)
        for number, picture in pictures.items():
            still(f"in/p.{number:04}.png", picture.astype("<u2"), "rgb48le", "rgb48be")
        for number, matte in (mattes or {}).items():
            still(f"in/m.{number:04}.png", matte, "gray", "gray")
        job = {"schema": "wetgate.job/1", "name": "artefacts", "work": "work", "qc": {"gate": "off"},
               "shots": [{"name": "s", "on_bad_frame": "hold", "passes": [given],
                          "source": {"path": "in/p.####.png", "range": f"{first}-{last}", "colorspace": "sRGB", "rate": "25"},
                          "outputs": [{"name": "o", "path": "out/p.####.png", "type": "png"}]}]}
        if mattes:
            job["shots"][0]["mattes"] = {"hole": {"path": "in/m.####.png"}}
            given["matte"] = "hole"
        (self.folder / "job.json").write_text(json.dumps(job))
        run = subprocess.run([self.build / "wetgate", "run", self.folder / "job.json", "--progress", "none"], capture_output=True, text=True)
        if run.returncode not in (0, 20):  # 20: frames were missing, which is what is planted
            raise SystemExit(f"bench: wetgate ended with {run.returncode}: {run.stderr}")
        return {n: np.frombuffer(ffmpeg(["-i", self.folder / f"out/p.{n:04}.png", "-pix_fmt", "rgb48le"]), np.uint16).reshape(HEIGHT, WIDTH, 3)
                for n in range(first, last + 1)}


def frame_repair(clip, repair):
    truth = frames_of(clip, 57, "rgb48le")
    gone = list(range(6, len(truth) - 2, 7))
    if not gone:
        return None
    made = repair({i: picture for i, picture in enumerate(truth) if i not in gone}, {"pass": "frame_repair"})
    unit = 1 / 65535
    score = lambda pictures: float(np.mean([psnr(pictures[i] * unit, truth[i] * unit) for i in gone if i in pictures]))
    result = {"wetgate": score(made),
              "blend": score({i: (truth[i - 1].astype(np.float64) + truth[i + 1]) / 2 for i in gone})}
    coded = ffmpeg([*raw("rgb48le"), "-i", "-", "-pix_fmt", "yuv444p"], truth.astype("<u2").tobytes())
    size = WIDTH * HEIGHT * 3
    for setting in INTERPOLATIONS:
        text = f"settb=1/25,setpts=N,select='not(eq(mod(n,7),6))',minterpolate=fps=25:mi_mode=mci:{setting}:scd=none"
        out = ffmpeg([*raw("yuv444p"), "-i", "-", "-vf", text, "-vsync", "0", "-pix_fmt", "yuv444p"], coded)
        # It drops a few frames at the start: where the others are the source's own says which.
        count = len(out) // size
        same = lambda shift: sum(out[i * size:(i + 1) * size] == coded[(i + shift) * size:(i + shift + 1) * size] for i in range(count))
        shift = max(range(-3, 6), key=same)
        back = np.frombuffer(ffmpeg([*raw("yuv444p"), "-i", "-", "-pix_fmt", "rgb48le"], out), np.uint16).reshape(-1, HEIGHT, WIDTH, 3)
        pictures = {i: back[i - shift] for i in gone if 0 <= i - shift < len(back)}
        result["minterpolate"] = max(result.get("minterpolate", 0), score(pictures))
    return result | {"margin": result["wetgate"] - max(result["minterpolate"], result["blend"])}


def spread(plane, side):
    """Largest less smallest value of each side x side neighbourhood of [3,H,W]."""
    high = low = np.pad(plane, ((0, 0), (side // 2,) * 2, (side // 2,) * 2), mode="edge")
    for axis in (1, 2):
        views = [np.take(high, range(i, high.shape[axis] - side + 1 + i), axis) for i in range(side)]
        high = np.maximum.reduce(views)
        low = np.minimum.reduce([np.take(low, range(i, low.shape[axis] - side + 1 + i), axis) for i in range(side)])
    return high - low


def deband_score(truth, banded, made, step):
    live = (truth > 1e-4) & (truth < 1 - 1e-4)
    flat = (spread(banded, 9) < 1.5 * step) & live
    texture = (spread(banded, 5) > 3.5 * step) & live
    if flat.mean() < 0.01:
        return None
    left = planted = 0.0
    for axis in (1, 2):
        both = np.take(flat, range(1, flat.shape[axis]), axis) & np.take(flat, range(flat.shape[axis] - 1), axis)
        edge = both & (np.abs(np.diff(banded, axis=axis)) > 1e-6)
        left += float(((np.diff(made, axis=axis) - np.diff(truth, axis=axis))[edge] ** 2).sum())
        planted += float(((np.diff(banded, axis=axis) - np.diff(truth, axis=axis))[edge] ** 2).sum())
    return {"flat_psnr": psnr(made, truth, flat), "contour_energy": left / max(planted, 1e-20),
            "texture_change_db": psnr(made, truth, texture) - psnr(banded, truth, texture) if texture.any() else 0.0}


def depths(clip):
    """Bits to round to. What a clip of 8 bits shows in flat ground after averaging is not finer than 8 bits."""
    coded = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=pix_fmt", "-of", "csv=p=0", clip],
                           stdout=subprocess.PIPE, text=True, check=True).stdout
    return (6, 7, 8) if any(deep in coded for deep in ("10", "12", "16", "f32")) else (6, 7)


def deband(clip, repair):
    truth = frames_of(clip, 6, "gbrp16le")[-1][[2, 0, 1]].astype(np.float64) / 65535
    result = {}
    for bits in depths(clip):
        step = 1 / (2 ** bits - 1)
        banded = np.round(truth / step) * step
        coded = np.round(banded * 65535).astype(np.uint16)
        score = lambda made: deband_score(truth, banded, made, step)
        if score(banded) is None:
            continue
        ours = score(repair({1: coded.transpose(1, 2, 0)}, {"pass": "deband"})[1].transpose(2, 0, 1) / 65535)
        best = -np.inf
        for threshold in (0.6, 1.05, 1.6):
            for reach in (8, 16, 32):
                for blur in (0, 1):
                    size = max(threshold * step, 3e-5)
                    out = ffmpeg([*raw("gbrp16le"), "-i", "-", "-vf", f"deband=1thr={size}:2thr={size}:3thr={size}:range={reach}:blur={blur}",
                                  "-pix_fmt", "gbrp16le"], coded[[1, 2, 0]].astype("<u2").tobytes())
                    best = max(best, score(np.frombuffer(out, np.uint16).reshape(3, HEIGHT, WIDTH)[[2, 0, 1]] / 65535)["flat_psnr"])
        result[f"{bits}_bit"] = ours | {"banded_flat_psnr": score(banded)["flat_psnr"], "ffmpeg_flat_psnr": best, "margin": ours["flat_psnr"] - best}
    return result or None


DESPECKLERS = ["tmedian=radius=1", "median=radius=1", "median=radius=2", "removegrain=m0=2:m1=2:m2=2", "atadenoise=s=9", "hqdn3d", "dctdnoiz=4"]


def dust(clip, repair, textures):
    truth = frames_of(clip, 12, "rgb48le")
    if len(truth) < 12:
        return None
    coded = lambda pictures: np.round(np.clip(pictures, 0, 1) * 65535).astype(np.uint16)
    dirty, opacity = planted_dirt.Dirt(textures).planted(truth.astype(np.float32) / 65535, seed=1)
    dirty, dirt = coded(dirty), opacity > planted_dirt.LEAST_OPACITY
    cleaned = np.stack(list(repair(dict(enumerate(dirty)), {"pass": "dust"}).values()))
    untouched = np.stack(list(repair(dict(enumerate(truth)), {"pass": "dust"}).values()))
    unit = 1 / 65535
    whole = lambda made: float(np.mean([psnr(one * unit, other * unit) for one, other in zip(made, truth)]))
    changed = (cleaned != dirty).any(-1)
    hit = float((changed & dirt).sum())
    precision = hit / max(1.0, hit + float((changed & (opacity <= 0.01)).sum()))  # soft edges are neither
    recall = hit / float(dirt.sum())
    best = -np.inf
    for setting in DESPECKLERS:
        out = np.frombuffer(ffmpeg([*raw("rgb48le"), "-i", "-", "-vf", f"format=gbrp10le,{setting}", "-pix_fmt", "rgb48le"],
                                   dirty.astype("<u2").tobytes()), np.uint16).reshape(-1, HEIGHT, WIDTH, 3)
        if len(out) == len(truth):
            best = max(best, whole(out))
    return {"wetgate": whole(cleaned), "dirty": whole(dirty), "ffmpeg": best, "margin": whole(cleaned) - max(whole(dirty), best),
            "in_mask_psnr": psnr(cleaned * unit, truth * unit, dirt), "in_mask_dirty_psnr": psnr(dirty * unit, truth * unit, dirt),
            "precision": precision, "recall": recall, "f1": 2 * precision * recall / max(1e-9, precision + recall),
            "clean_changed_percent": 100 * float((untouched != truth).any(-1).mean())}


def inpainted(repair, method, pictures, masks):
    """OpenCV's, of [N,H,W,3] uint16 where [N,H,W] bool."""
    file = repair.folder / "masks"
    file.write_bytes(masks.astype(np.uint8).tobytes())
    out = subprocess.run([repair.build / "scripts/bench_peer", "inpaint", method, str(WIDTH), str(HEIGHT), file],
                         input=np.round(pictures / 257.0).astype(np.uint8).tobytes(), stdout=subprocess.PIPE, check=True).stdout
    return np.frombuffer(out, np.uint8).reshape(pictures.shape) * 257.0


def remove(clip, repair):
    truth = frames_of(clip, 25, "rgb48le")
    if len(truth) < 13:
        return None
    side = round(0.16 * WIDTH)
    x, y = (WIDTH - side) // 2, (HEIGHT - side) // 2
    inside = np.zeros((HEIGHT, WIDTH), bool)
    inside[y:y + side, x:x + side] = True
    holed = np.where(inside[None, :, :, None], 0, truth).astype(np.uint16)
    made = repair({i: picture for i, picture in enumerate(holed)}, {"pass": "remove"},
                  {i: inside.astype(np.uint8) * 255 for i in range(len(holed))})
    unit = 1 / 65535
    score = lambda pictures: float(np.mean([psnr(pictures[i] * unit, truth[i] * unit, inside) for i in range(len(truth))]))
    if any(np.any((made[i] != truth[i])[~inside]) for i in range(len(truth))):
        raise SystemExit(f"bench: remove changed {clip} outside the matte")
    result = {"wetgate": score(made)}
    coded = np.round(holed / 257.0).astype(np.uint8)
    for method in ("ns", "telea"):
        result[method] = score(inpainted(repair, method, holed, np.repeat(inside[None], len(holed), 0)))
    out = ffmpeg([*raw("rgb24"), "-i", "-", "-vf", f"format=gbrp,delogo=x={x}:y={y}:w={side}:h={side}", "-pix_fmt", "rgb24"], coded.tobytes())
    result["delogo"] = score(np.frombuffer(out, np.uint8).reshape(truth.shape) * 257.0)
    return result | {"margin": result["wetgate"] - max(result[peer] for peer in ("ns", "telea", "delogo"))}


def hung(count, width, seed):
    """How much of each pixel [N,H,W] a wire covers that sways and sags."""
    random = np.random.default_rng(seed)
    x, y = np.arange(WIDTH)[None], np.arange(HEIGHT)[:, None]
    left, right = random.uniform(0.15, 0.85, 2) * HEIGHT
    sag, speed, turn = random.uniform(-20, 20), random.uniform(-2, 2), random.uniform(-0.5, 0.5)
    frames = []
    for i in range(count):
        middle = left + (right - left) * x / WIDTH + 4 * sag * x / WIDTH * (1 - x / WIDTH) + speed * i + turn * i * (x / WIDTH - 0.5)
        slope = np.gradient(middle, axis=1)
        frames.append(np.clip(width / 2 + 0.5 - np.abs(y - middle) / np.sqrt(1 + slope ** 2), 0, 1))
    return np.stack(frames)


def wire(clip, repair):
    truth = frames_of(clip, 12, "rgb48le")
    if len(truth) < 12:
        return None
    unit = 1 / 65535
    result = {}
    for width, light in ((4, 0.045), (8, 0.92)):
        cover = hung(len(truth), width, seed=width)
        shot = np.round(truth * (1 - cover[..., None]) + 65535 * light * cover[..., None]).astype(np.uint16)
        masks = cover > 0
        given = {i: mask.astype(np.uint8) * 255 for i, mask in enumerate(masks)}
        score = lambda pictures: float(np.mean([psnr(pictures[i] * unit, truth[i] * unit, masks[i]) for i in range(len(truth))]))
        ours = score(repair(dict(enumerate(shot)), {"pass": "wire"}, given))
        peer = score(inpainted(repair, "ns", shot, masks))
        found = np.stack(list(repair(dict(enumerate(shot)), {"pass": "wire"}).values()))
        changed = (found != shot).any(-1)
        near = masks.copy()
        for axis in (1, 2):
            near = np.logical_or.reduce([np.roll(near, shift, axis) for shift in range(-2, 3)])
        hit = (changed & (cover > 0.5)).sum()
        result[f"{width}_px"] = {"wetgate": ours, "ns": peer, "margin": ours - peer, "found_recall": hit / (cover > 0.5).sum(),
                                 "found_precision": hit / max(1, hit + (changed & ~near).sum())}
    untouched = np.stack(list(repair(dict(enumerate(truth)), {"pass": "wire"}).values()))
    result["8_px"]["clean_changed_percent"] = 100 * float((untouched != truth).any(-1).mean())
    return result


def tables(build, folder, clips, textures=None):
    """{pass: {clip: figures}}; a clip that has nothing to show (no flat ground, too short) is left out."""
    repair = Repair(build, folder)
    results = {"what": "planted artefacts at 640x360, wetgate with its defaults against FFmpeg's best setting, dB"}
    with_dirt = lambda clip, repair: dust(clip, repair, textures)
    for name, measure in {"frame_repair": frame_repair, "dust": with_dirt, "deband": deband, "remove": remove, "wire": wire}.items():
        results[name] = {}
        for clip in clips:
            figures = measure(clip, repair)
            if figures:
                results[name][clip.name] = json.loads(json.dumps(figures), parse_float=lambda text: round(float(text), 4))
        margins = [row["margin"] for figures in results[name].values() for row in ([figures] if "margin" in figures else figures.values())]
        if margins:
            results[name]["mean_margin"] = round(float(np.mean(margins)), 3)
    shutil.rmtree(repair.folder, ignore_errors=True)
    return results
