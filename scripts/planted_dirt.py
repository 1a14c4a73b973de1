"""Dirt planted into clips, for scripts/learn-dust and scripts/bench artefacts."""
import pathlib
import subprocess

import numpy as np

SHARE = 0.004  # of a frame's pixels
LEAST_OPACITY = 0.1


def gray(source, width, height):
    """[H,W] 0..1 of a picture, scaled."""
    data = subprocess.run(["ffmpeg", "-v", "error", "-i", source, "-vf", f"scale={width}:{height}:flags=area", "-frames:v", "1",
                           "-pix_fmt", "gray", "-f", "rawvideo", "-"], stdout=subprocess.PIPE, check=True).stdout
    return np.frombuffer(data, np.uint8).reshape(height, width).astype(np.float32) / 255


class Dirt:
    """Opacity of dirt: photographed (a folder of pictures, bright where the dirt is), or specks and hairs where there is none."""
    def __init__(self, folder=None):
        self.files = [p for p in sorted(pathlib.Path(folder).glob("*.png")) if "scratch" not in p.name and "stain" not in p.name] if folder else []
        self.sizes = {}

    def photographed(self, dice, scale):
        file = self.files[dice.integers(len(self.files))]
        if file not in self.sizes:
            size = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "stream=width,height", "-of", "csv=p=0", file],
                                  stdout=subprocess.PIPE, check=True, text=True).stdout
            self.sizes[file] = [int(n) for n in size.strip().split(",")]
        factor = dice.uniform(0.15, 0.6) * scale
        return gray(file, *(max(1, round(n * factor)) for n in self.sizes[file]))

    @staticmethod
    def drawn(dice, scale):
        hair = dice.random() < 0.3
        side = max(4, round(scale * (dice.uniform(30, 120) if hair else dice.uniform(3, 24))))
        y, x = np.mgrid[:side, :side] / side - 0.5
        if hair:  # an arc
            bend, width = dice.uniform(-1.5, 1.5), scale * dice.uniform(0.7, 2) / side
            turn = dice.uniform(0, np.pi)
            along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
            return np.clip(1.5 - np.abs(across - bend * along ** 2) / width, 0, 1).astype(np.float32) * (np.abs(along) < 0.45)
        angle, wobble = np.arctan2(y, x), dice.uniform(-0.15, 0.15, 4)
        edge = 0.35 + sum(w * np.sin((i + 1) * angle + 7 * w) for i, w in enumerate(wobble)) / 2
        return np.clip((edge - np.hypot(x, y)) * side / 2 + 0.5, 0, 1).astype(np.float32)

    def planted(self, clip, seed):
        """(dirty clip, opacity [N,H,W]) of `clip` [N,H,W,3] 0..1, in tints of dark and bright."""
        dice = np.random.default_rng(seed)
        dirty, opacity = clip.copy(), np.zeros(clip.shape[:3], np.float32)
        height, width = clip.shape[1:3]
        for t in range(len(clip)):
            while (opacity[t] > LEAST_OPACITY).sum() < SHARE * width * height:
                dirt = (self.photographed if self.files else self.drawn)(dice, width / 640) * np.float32(dice.uniform(0.5, 1))
                h, w = dirt.shape
                if h >= height or w >= width or dirt.sum() < 3:
                    continue
                y, x = dice.integers(0, height - h), dice.integers(0, width - w)
                tint = (dice.uniform(0, 0.15) if dice.random() < 0.5 else dice.uniform(0.75, 1)) + dice.uniform(-0.06, 0.06, 3)
                place = dirty[t, y:y + h, x:x + w]
                place += dirt[..., None] * (np.clip(tint, 0, 1).astype(np.float32) - place)
                np.maximum(opacity[t, y:y + h, x:x + w], dirt, out=opacity[t, y:y + h, x:x + w])
        return dirty, opacity
