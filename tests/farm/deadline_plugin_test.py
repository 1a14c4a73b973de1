#!/usr/bin/env python3
"""Our Deadline plugin under a stub of Deadline: what it asks the worker for, runs, and makes of what the process says."""
import configparser
import json
import os
import pathlib
import random
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import deadline_farm as farm  # noqa: E402
from Deadline import Plugins, Scripting  # noqa: E402

FAILED = 'WETGATE-FAIL class=%s code=%d shot=sh010 frame=%s retryable=no msg="%s"'


class PluginTest(unittest.TestCase):
    def setUp(self):
        Scripting.path_mappings.clear()
        Scripting.failed_jobs.clear()
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def program(self, body):
        """A stand-in for wetgate that writes down its words and then does what `body` says."""
        file = pathlib.Path(self.folder.name) / "wetgate"
        file.write_text("#!/bin/sh\nfor word; do printf '%s\\0' \"$word\"; done >\"$0.words\"\n" + body)
        file.chmod(0o755)
        return str(file)

    def words(self):
        return (pathlib.Path(self.folder.name) / "wetgate.words").read_bytes().decode().split("\0")[:-1]

    def worker(self, body="", arguments="run /show/a.json", frames=(0, 0), config=None, thread=0, affinity=None, **info):
        return Plugins.Worker({"Executable": self.program(body), "Arguments": arguments, **info}, frames, config, thread, affinity)

    def fail(self, worker):
        with self.assertRaises(Plugins.FailRenderException) as failure:
            farm.run_wetgate_task(worker)
        return str(failure.exception)

    def test_frames_are_added_as_one_word(self):
        farm.run_wetgate_task(self.worker(frames=(1001, 1010), Frames="range"))
        self.assertEqual(self.words(), ["run", "/show/a.json", "--frames=1001-1010"])
        farm.run_wetgate_task(self.worker(frames=(2, 2), Frames="chunks", ChunkSize="10"))
        self.assertEqual(self.words()[2:], ["--chunk-index=2", "--chunk-size=10"])
        farm.run_wetgate_task(self.worker(Frames="none"))
        self.assertEqual(self.words(), ["run", "/show/a.json"])
        self.assertIn("Frames Per Task", self.fail(self.worker(frames=(0, 1), Frames="chunks", ChunkSize="10")))

    def test_progress_is_what_whole_lines_say(self):
        worker = self.worker("echo 'Progress: 7%'; echo 'at Progress: 9% of it'; echo 'Progress: 45%'; echo 'an Error of note'")
        farm.run_wetgate_task(worker)
        self.assertEqual(worker.progress, [7.0, 45.0])

    def test_a_failure_says_what_the_last_line_says(self):
        line = FAILED % ("input", 10, "1003", "the file 'a' is not there; (see $HOME)")
        message = self.fail(self.worker("cat <<'X'\n%s\nX\nexit 10" % line))
        self.assertEqual(message, "wetgate: the file 'a' is not there; (see $HOME) (exit 10, class input shot sh010 frame 1003)")
        self.assertEqual(Scripting.failed_jobs, [])

    def test_what_no_retry_can_help_fails_the_job_unless_told_otherwise(self):
        for code, name in ((2, "usage"), (12, "model"), (15, "gate")):
            body = "echo '%s'; exit %d" % (FAILED % (name, code, "-", "no"), code)
            worker = self.worker(body)
            self.assertIn("a retry cannot help", self.fail(worker))
            self.assertEqual(Scripting.failed_jobs.pop(), worker)
            self.fail(self.worker(body, config={"FailJobAtOnce": "False"}))
            self.assertEqual(Scripting.failed_jobs, [])
        for code in (1, 11, 13, 14, 75):
            self.assertIn("exit %d" % code, self.fail(self.worker("exit %d" % code)))
            self.assertEqual(Scripting.failed_jobs, [])

    def test_substituted_frames_do_not_hold_up_the_merge_which_says_it_again(self):
        body = "echo '%s'; exit 20" % (FAILED % ("frames", 20, "-", "1 frames have a substitute"))
        worker = self.worker(body, Frames="range")
        farm.run_wetgate_task(worker)
        self.assertIn("WARNING: some frames are missing or substituted: 1 frames have a substitute", worker.log)
        self.assertIn("exit 20", self.fail(self.worker(body, Frames="none")))

    def test_a_signal_is_named(self):
        self.assertIn("signal 9 (out of memory?)", self.fail(self.worker("kill -9 $$")))
        self.assertIn("signal 15", self.fail(self.worker("exit 143")))

    def test_a_workers_gpus_are_shared_out_to_its_tasks(self):
        def visible(**settings):
            worker = self.worker(GpusPerTask="2", affinity=[1, 3, 4, 6], **settings)
            farm.run_wetgate_task(worker)
            return worker.environment.get("CUDA_VISIBLE_DEVICES")

        self.assertEqual(visible(thread=0), "1,3")
        self.assertEqual(visible(thread=1), "4,6")
        self.assertIsNone(visible(arguments="run a.json --device cuda:1"))
        self.assertIn("fewer Concurrent Tasks", self.fail(self.worker(GpusPerTask="2", affinity=[1, 3], thread=1)))
        worker = self.worker(GpusPerTask="0", affinity=[1])
        farm.run_wetgate_task(worker)
        self.assertEqual(worker.environment, {})

    def test_paths_are_mapped_outside_and_by_a_file_inside_the_job(self):
        Scripting.path_mappings.extend([("/show", "/mnt/s how"), ("P:\\x", "/mnt/p"), ("/unused", "")])
        # The file goes with the task's folder: the stand-in keeps a copy.
        body = 'for last; do :; done; cp "$last" "$0.map"'
        farm.run_wetgate_task(self.worker(body, "run /show/a.json --models /show/m --map /show=/b", frames=(1, 2), Frames="range"))
        words = self.words()
        self.assertEqual(words[:-1], ["run", "/mnt/s how/a.json", "--models", "/mnt/s how/m", "--map", "/show=/b",
                                      "--frames=1-2", "--path-map"])
        rules = json.loads((pathlib.Path(self.folder.name) / "wetgate.map").read_text())
        self.assertEqual(rules, {"version": "pathmapping-1.0", "path_mapping_rules": [
            {"source_path_format": "POSIX", "source_path": "/show", "destination_path": "/mnt/s how"},
            {"source_path_format": "WINDOWS", "source_path": "P:\\x", "destination_path": "/mnt/p"}]})
        farm.run_wetgate_task(self.worker("", "run /show/a.json --path-map /show/own.json"))
        self.assertEqual(self.words()[2:], ["--path-map", "/mnt/s how/own.json"])

    def test_the_binary_is_the_jobs_the_configured_one_or_that_of_the_path(self):
        program = self.program("")
        worker = Plugins.Worker({"Executable": "wetgate", "Arguments": "run a"}, config={"Wetgate_RenderExecutable": "/no;" + program})
        farm.run_wetgate_task(worker)
        self.assertEqual(worker.argv[0], program)
        before = os.environ["PATH"]
        self.addCleanup(os.environ.__setitem__, "PATH", before)
        os.environ["PATH"] = self.folder.name + ":" + before
        worker = Plugins.Worker({"Executable": "wetgate", "Arguments": "run a"})
        farm.run_wetgate_task(worker)
        self.assertEqual(worker.argv[0], program)
        os.environ["PATH"] = "/nowhere"
        self.assertIn("not on this machine", self.fail(Plugins.Worker({"Executable": "wetgate", "Arguments": "run a"})))

    def test_every_word_comes_through_or_is_refused(self):
        module = farm.load_plugin()
        parts = ["\\", "\\", '"', "'", "$", "`", "a", " ", "<STARTFRAME>", "é", ";", "%", "#", "\u201c", "|", "&"]
        chance = random.Random(4711)
        through = 0
        for _ in range(20000):
            words = ["".join(chance.choices(parts, k=chance.randrange(6))) for _ in range(3)]
            try:
                line = module.command_line(words)
            except ValueError:
                continue
            through += 1
            self.assertEqual(farm.dotnet_words(line), words)
            self.assertEqual(farm.glib_words(line), words)
        self.assertGreater(through, 10000)
        for refused in ("\\\\server\\x", "a\\$b", "a\\`b"):
            self.assertRaises(ValueError, module.command_line, [refused])

    def test_the_files_for_the_monitor_are_whole(self):
        folder = pathlib.Path(farm.load_plugin().__file__).parent
        for name, keys in (("Wetgate.param", {"Wetgate_RenderExecutable", "FailJobAtOnce", "ConcurrentTasks", "About"}),
                           ("Wetgate.options", farm.PLUGIN_KEYS["Wetgate"])):
            entries = configparser.RawConfigParser(strict=True)
            entries.read_string((folder / name).read_text())
            self.assertEqual(set(entries.sections()), keys)
            for section in entries.sections():
                for key in ("Type", "Label", "Category", "CategoryOrder", "Index", "Description"):
                    self.assertIn(key, entries[section], (name, section))


if __name__ == "__main__":
    unittest.main()
