#!/usr/bin/env python3
"""Deadline's side of wetgate: runs the tasks of the jobs that `wetgate submit --to deadline` hands over.

For Deadline 10.1 and newer (Python 3). Copy this folder into custom/plugins/ of the repository.

What the plugin info file of a job says:
  Executable   the binary; "wetgate" is the one of the plugin's configuration, else of the PATH
  Arguments    words of a POSIX shell, quoted as for one; no shell reads them
  Frames       range: a task adds --frames=FIRST-LAST;  chunks: Deadline's frames count chunks of ChunkSize;
               none: the step is one task
  GpusPerTask  0: the task is none of the GPU
"""
import json
import os
import re
import shlex
import shutil

from Deadline.Plugins import DeadlinePlugin, PluginType
from Deadline.Scripting import FileUtils, RepositoryUtils

# Codes after which the same command cannot do better: the job is invalid, its model is not there or not allowed, a QC
# gate is closed (all outputs are written by then).
FINAL_CODES = (2, 12, 15)
SOME_FRAMES = 20
PATH_OPTIONS = ("--models", "--path-map", "--log-json")

FAILURE = r"WETGATE-FAIL class=(\S+) code=(\d+) shot=(\S+) frame=(\S+) retryable=(\S+) msg=\"(.*)\""
PROGRESS = r"^Progress: (\d+)%"


def GetDeadlinePlugin():
    return WetgatePlugin()


def CleanupDeadlinePlugin(plugin):
    plugin.Cleanup()


def command_line(words):
    """Words as one line that .NET and Mono (older Deadlines), which split it, read the same way.

    ValueError for a word that they would read differently: they agree on double quotes, but not on a backslash before
    a backslash, $ or `, unless the run of backslashes ends at a quote.
    """
    return " ".join(quoted(word) for word in words)


def quoted(word):
    if re.fullmatch(r"[A-Za-z0-9%+,\-./:=@_]+", word):
        return word

    def of_run(match):
        backslashes, behind = match.groups()
        if behind == '"':
            return 2 * backslashes + '\\"'
        if behind == "":
            return 2 * backslashes
        if len(backslashes) > 1 or behind in "$`":
            raise ValueError(word)
        return backslashes + behind

    return '"' + re.sub(r'(\\+)([^\\]|$)|"', lambda m: '\\"' if m.group(0) == '"' else of_run(m), word) + '"'


class WetgatePlugin(DeadlinePlugin):
    def __init__(self):
        super().__init__()
        self.InitializeProcessCallback += self.InitializeProcess
        self.RenderExecutableCallback += self.RenderExecutable
        self.RenderArgumentCallback += self.RenderArgument
        self.PreRenderTasksCallback += self.PreRenderTasks
        self.CheckExitCodeCallback += self.CheckExitCode
        self.failure = None

    def Cleanup(self):
        for handler in self.StdoutHandlers:
            del handler.HandleCallback
        del self.InitializeProcessCallback
        del self.RenderExecutableCallback
        del self.RenderArgumentCallback
        del self.PreRenderTasksCallback
        del self.CheckExitCodeCallback

    def InitializeProcess(self):
        self.PluginType = PluginType.Simple
        self.SingleFramesOnly = False
        self.StdoutHandling = True
        self.PopupHandling = False
        self.UseProcessTree = True  # a cancelled task takes all its processes with it
        self.AddStdoutHandlerCallback(PROGRESS).HandleCallback += self.HandleProgress
        self.AddStdoutHandlerCallback(FAILURE).HandleCallback += self.HandleFailure

    def PreRenderTasks(self):
        self.failure = None
        self.choose_gpus()

    def RenderExecutable(self):
        asked = self.GetPluginInfoEntryWithDefault("Executable", "wetgate").strip() or "wetgate"
        if asked != "wetgate":
            return RepositoryUtils.CheckPathMapping(asked)
        configured = self.GetConfigEntryWithDefault("Wetgate_RenderExecutable", "")
        found = FileUtils.SearchFileList(configured) or shutil.which("wetgate")
        if not found:
            self.FailRender(
                "wetgate is not on this machine: it is in none of '%s' (Tools, Configure Plugins, Wetgate) and not in the PATH"
                % configured)
        return found

    def RenderArgument(self):
        words = shlex.split(self.GetPluginInfoEntry("Arguments"))
        words = self.mapped(words) + self.frame_words()
        if "--path-map" not in words:
            words += self.path_map_words()
        try:
            return command_line(words)
        except ValueError as word:
            self.FailRender("'%s' cannot be handed to a process by all versions of Deadline: its backslashes" % word)

    def frame_words(self):
        kind = self.GetPluginInfoEntryWithDefault("Frames", "none").strip()
        first, last = self.GetStartFrame(), self.GetEndFrame()
        if kind == "range":
            return ["--frames=%d-%d" % (first, last)]
        if kind == "chunks":
            if first != last:
                self.FailRender("this step counts chunks: its Frames Per Task is 1, not %d" % (last - first + 1))
            return ["--chunk-index=%d" % first, "--chunk-size=%d" % self.GetIntegerPluginInfoEntryWithDefault("ChunkSize", 1)]
        return []

    def mapped(self, words):
        """The job file (the second word) and files of options, as this machine has them."""
        result = list(words)
        for i, word in enumerate(words):
            if i == 1 or words[i - 1] in PATH_OPTIONS:
                result[i] = RepositoryUtils.CheckPathMapping(word)
        return result

    def path_map_words(self):
        """The repository's mapped paths as a file for --path-map: Deadline does not look into our job files."""
        rules = [(pair[0], pair[1]) for pair in RepositoryUtils.GetPathMappings() if pair[0] and pair[1]]
        if not rules:
            return []

        def is_windows(path):
            return "\\" in path or re.match(r"[A-Za-z]:", path) is not None

        folder = self.CreateTempDirectory("wetgate%d" % self.GetThreadNumber())
        path = os.path.join(folder, "pathmapping.json")
        with open(path, "w", encoding="utf-8") as out:
            json.dump({
                "version": "pathmapping-1.0",
                "path_mapping_rules": [{
                    "source_path_format": "WINDOWS" if is_windows(source) else "POSIX",
                    "source_path": source,
                    "destination_path": target,
                } for source, target in rules],
            }, out, ensure_ascii=False)
        return ["--path-map", path]

    def choose_gpus(self):
        """A worker's GPU affinity, shared out to its concurrent tasks, becomes what CUDA shows to the task."""
        count = self.GetIntegerPluginInfoEntryWithDefault("GpusPerTask", 0)
        if count < 1 or not self.OverrideGpuAffinity():
            return
        gpus = [str(gpu) for gpu in self.GpuAffinity()]
        first = self.GetThreadNumber() * count
        if first + count > len(gpus):
            self.FailRender(
                "task %d of this worker asks for %d GPUs, but the worker has GPUs %s: fewer Concurrent Tasks, or a wider GPU affinity"
                % (self.GetThreadNumber(), count, ",".join(gpus) or "none"))
        chosen = ",".join(gpus[first:first + count])
        named = re.search(r"--device cuda:\d+", self.GetPluginInfoEntry("Arguments"))
        if named:
            self.LogWarning("the job says %s, which goes before this worker's GPU affinity (%s)" % (named.group(0), chosen))
            return
        self.LogInfo("GPUs of this task: %s" % chosen)
        self.SetProcessEnvironmentVariable("CUDA_DEVICE_ORDER", "PCI_BUS_ID")  # as nvidia-smi and the worker count
        self.SetProcessEnvironmentVariable("CUDA_VISIBLE_DEVICES", chosen)

    def HandleProgress(self):
        self.SetProgress(float(self.GetRegexMatch(1)))
        self.SetStatusMessage(self.GetRegexMatch(0))

    def HandleFailure(self):
        # It is the last line: the process ends by itself, with the code that CheckExitCode looks at.
        names = ("class", "code", "shot", "frame", "retryable", "msg")
        self.failure = {name: self.GetRegexMatch(i + 1) for i, name in enumerate(names)}

    def CheckExitCode(self, code):
        if code == 0:
            return
        failure = self.failure or {}
        said = failure.get("msg", "it said nothing")
        sharded = self.GetPluginInfoEntryWithDefault("Frames", "none").strip() != "none"
        if code == SOME_FRAMES and sharded:
            # Frames with a substitute (on_bad_frame) or left out (--continue-on-error): all that can be made is, and the
            # merge, which lists them, ends with 20 again.
            self.LogWarning("some frames are missing or substituted: " + said)
            return
        if code < 0 or code >= 128:
            number = -code if code < 0 else code - 128
            self.FailRender("wetgate was ended by signal %d%s; a retry goes on where it stopped" %
                            (number, " (out of memory?)" if number == 9 else ""))
        where = "".join(" %s %s" % (name, failure[name]) for name in ("shot", "frame") if failure.get(name, "-") != "-")
        message = "wetgate: %s (exit %d,%s%s)" % (said, code, " class " + failure.get("class", "unknown"), where)
        if code in FINAL_CODES or code == SOME_FRAMES:
            message += "; a retry cannot help"
            if self.GetBooleanConfigEntryWithDefault("FailJobAtOnce", True):
                RepositoryUtils.FailJob(self.GetJob())
        self.FailRender(message)
