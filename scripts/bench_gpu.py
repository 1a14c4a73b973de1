"""What a wrangler asks of a GPU machine: frames a second of each heavy pass, from EXR to EXR, and who of GPU and CPU is busy.

Called by scripts/bench gpu. Each part has its own time and may fail: the others go on, and all that is known is in the JSON. Progress
goes to stderr. No ffmpeg is needed; where there is one, it is the peer."""
import json
import os
import shutil
import statistics
import subprocess
import sys
import time

SIZES = {"1920x1080": (16, 48), "4096x2160": (8, 20)}  # frames of a short and of a long run: their difference leaves start-up out
PASSES = {
    "denoise_normal": [{"pass": "denoise", "quality": "normal"}],
    "denoise_high": [{"pass": "denoise"}],
    "deflicker_denoise_normal": [{"pass": "deflicker"}, {"pass": "denoise", "quality": "normal"}],
    "upscale": [{"pass": "upscale"}],
    "inpaint": [{"pass": "inpaint", "matte": "m"}],
    "dust": [{"pass": "dust"}],
    "frame_repair": [{"pass": "frame_repair", "repair": "1004,1008"}],
    "stabilise": [{"pass": "stabilise"}],
}
PEERS = {"denoise_normal": "nlmeans=s=4:p=5:r=11", "upscale": "scale=iw*2:ih*2:flags=lanczos"}  # of FFmpeg, on the CPU


class DeviceWatch:
    """What nvidia-smi says of the GPU five times a second; nothing where there is none."""
    def __init__(self):
        self.process = shutil.which("nvidia-smi") and subprocess.Popen(
            ["nvidia-smi", "--query-gpu=utilization.gpu,memory.used", "--format=csv,noheader,nounits", "-lms", "200"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def stop(self):
        if not self.process:
            return {}
        self.process.terminate()
        rows = []
        for line in self.process.communicate()[0].splitlines():
            try:
                rows.append([float(field) for field in line.split(",")])
            except ValueError:  # a line cut short, or "[N/A]"
                continue
        rows = [row for row in rows if len(row) == 2]
        return {"gpu_busy_percent": round(statistics.mean(row[0] for row in rows), 1), "gpu_peak_mib": max(row[1] for row in rows)} if rows else {}


class Failed(Exception):
    pass


class GpuBench:
    def __init__(self, build, folder, device, threads, minutes):
        self.build, self.folder, self.device, self.threads = build, folder, device, threads
        self.end = time.monotonic() + 60 * minutes
        self.networks_seconds = 60 * minutes / 6  # more is for the passes

    def say(self, text):
        print(f"bench gpu: {text} ({max(0, self.end - time.monotonic()):.0f} s left)", file=sys.stderr, flush=True)

    def measured(self, command):
        """Wall seconds, processor seconds and peak memory (MiB) of a command; Failed where it fails or time is up."""
        start = time.monotonic()
        if start >= self.end:
            raise Failed("left out: the time is up")
        log = self.folder / "gpu.log"
        with log.open("w") as out:
            process = subprocess.Popen([str(part) for part in command], stdout=out, stderr=out)
            while True:
                pid, status, usage = os.wait4(process.pid, os.WNOHANG)
                if pid:
                    break
                if time.monotonic() >= self.end:
                    process.kill()
                    os.wait4(process.pid, 0)
                    raise Failed(f"stopped after {time.monotonic() - start:.0f} s: the time is up")
                time.sleep(0.01)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise Failed(f"{command[0]} ended with {process.returncode}: {' | '.join(log.read_text(errors='replace').splitlines()[-3:])}")
        return time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024

    def networks(self, size):
        width, height = size.split("x")
        self.say(f"networks alone at {size}")
        left = max(1.0, min(self.networks_seconds, self.end - time.monotonic()))
        try:
            alone = subprocess.run([self.build / "scripts/bench_networks", self.build / "models", self.device, width, height, "3"],
                                   capture_output=True, text=True, timeout=left)
        except subprocess.TimeoutExpired:
            raise Failed(f"stopped after {left:.0f} s") from None
        if alone.returncode != 0:
            raise Failed(f"bench_networks ended with {alone.returncode}: {alone.stderr[-500:]}")
        return {name: {"frames_per_second": 1 / statistics.median(net["seconds"]), "tile_px": net["tile_px"]}
                for name, net in json.loads(alone.stdout).items()}

    def media(self, size, frames):
        """Noisy plates with what is planted in them, and mattes for all of them."""
        folder = self.folder / size
        shutil.rmtree(folder, ignore_errors=True)
        self.say(f"plates at {size}")
        self.measured([self.build / "scripts/make_demo_media", folder, frames, *size.split("x"), 10])
        mattes = sorted((folder / "mattes").glob("demo.*.exr"))
        for number in range(1001, 1001 + frames):
            if not (folder / f"mattes/demo.{number}.exr").exists():
                os.link(mattes[-1], folder / f"mattes/demo.{number}.exr")
        return folder

    def job(self, size, name, passes, frames):
        path = self.folder / size / f"{name}.json"
        path.write_text(json.dumps({
            "schema": "wetgate.job/1", "name": name, "show": "bench", "work": f"{name}.work", "compute": {"device": self.device},
            "shots": [{"name": "s", "source": {"path": "truth/demo.####.exr", "range": f"1001-{1000 + frames}", "colorspace": "ACEScg", "rate": "24"},
                       "mattes": {"m": {"path": "mattes/demo.####.exr", "invert": True}}, "passes": passes,
                       "outputs": [{"name": "o", "path": f"{name}.out/p.####.exr", "type": "exr", "compression": "zip"}]}],
            "qc": {"gate": "off"}}))
        return path

    def run(self, size, name, passes):
        """Frames a second, of measuring, solving and making together."""
        walls = {}
        for frames in SIZES[size]:
            self.say(f"{name} at {size}, {frames} frames")
            for ending in ("work", "out"):
                shutil.rmtree(self.folder / size / f"{name}.{ending}", ignore_errors=True)
            watch = DeviceWatch()
            try:
                wall, processor, memory = self.measured([self.build / "wetgate", "run", self.job(size, name, passes, frames), "--progress", "none",
                                                         "--threads", self.threads])
            finally:
                device = watch.stop()
            walls[frames] = wall
        short, long = SIZES[size]
        shutil.rmtree(self.folder / size / f"{name}.out", ignore_errors=True)
        more = walls[long] - walls[short]
        if more > 0.1 * walls[long]:
            speed = {"frames_per_second": (long - short) / more}
        else:  # start-up is most of it, or something else was busy
            speed = {"frames_per_second": long / walls[long], "with_start_up": True}
        return speed | {"seconds": walls, "peak_mib": memory,
                        "cpu_busy_percent": round(100 * processor / wall / self.threads, 1)} | device

    def peer(self, size, name):
        ffmpeg = shutil.which("ffmpeg")
        if name not in PEERS or not ffmpeg:
            return {}
        frames = SIZES[size][0]
        self.say(f"peer of {name} at {size}: ffmpeg {PEERS[name]}")
        seconds, _, _ = self.measured([ffmpeg, "-v", "error", "-nostdin", "-y", "-threads", self.threads, "-start_number", 1001, "-i", self.folder / size / "truth/demo.%04d.exr",
                                       "-frames:v", frames, "-vf", PEERS[name], "-f", "null", "-"])
        return {"peer": f"ffmpeg {PEERS[name]} on the CPU, not encoded", "peer_frames_per_second": frames / seconds}

    def table(self):
        results = {"what": "networks alone, and EXR -> passes -> EXR with all stages, in frames a second", "device": self.device, "threads": self.threads}
        networks = {"denoise_normal": "denoise_t5", "deflicker_denoise_normal": "denoise_t5", "upscale": "sr_x2"}
        for size, (_, most) in SIZES.items():
            of_size = results[size] = {}

            def part(name, work):
                try:
                    of_size[name] = work()
                except Failed as failure:
                    of_size[name] = {"failed": str(failure)}
                except Exception as failure:  # whatever it is, the other parts go on
                    of_size[name] = {"failed": f"{type(failure).__name__}: {failure}"}
                self.say(f"{name} at {size}: {json.dumps(of_size[name])}")

            part("networks", lambda: self.networks(size))
            try:
                folder = self.media(size, most)
            except (Failed, OSError) as failure:
                of_size["media"] = {"failed": str(failure)}
                continue
            for name, passes in PASSES.items():
                part(name, lambda: self.run(size, name, passes))
                made = of_size[name]
                alone = of_size["networks"].get(networks.get(name), {}).get("frames_per_second")
                if alone and "frames_per_second" in made:
                    made["of_the_network_alone"] = made["frames_per_second"] / alone
            for name in PEERS:
                part(f"{name}_peer", lambda: self.peer(size, name))
                made, other = of_size[name], of_size.pop(f"{name}_peer")
                made |= other if "failed" not in other else {"peer_failed": other["failed"]}
                if "peer_frames_per_second" in made and "frames_per_second" in made:
                    made["times_the_peer"] = made["frames_per_second"] / made["peer_frames_per_second"]
            shutil.rmtree(folder, ignore_errors=True)
        return results


def tables(build, folder, device, threads, minutes):
    return GpuBench(build, folder, device, threads, minutes).table()
