"""Stands in for Deadline.Plugins (reference: docs.thinkboxsoftware.com, class DeadlinePlugin)."""
import re
import tempfile

worker = None  # the Worker that the next plugin runs on


class PluginType:
    Simple = "Simple"
    Advanced = "Advanced"


class FailRenderException(Exception):
    pass


class Worker:
    """A worker's thread with one task: what the plugin asks for, and what it said."""

    def __init__(self, info, frames=(0, 0), config=None, thread=0, affinity=None):
        self.info, self.frames, self.config = info, frames, config or {}
        self.thread, self.affinity = thread, affinity
        self.environment, self.progress, self.status, self.log = {}, [], [], []


class Callback:
    """Takes handlers by +=, as .NET's events do."""

    def __init__(self):
        self.handlers = []

    def __iadd__(self, handler):
        self.handlers.append(handler)
        return self

    def __call__(self, *arguments):
        result = None
        for handler in self.handlers:
            result = handler(*arguments)
        return result


class StdoutHandler:
    def __init__(self, pattern):
        self.pattern = re.compile(pattern)
        self.HandleCallback = Callback()


class DeadlinePlugin:
    def __init__(self):
        self.worker = worker
        self.StdoutHandlers = []
        self.match = None
        for name in ("InitializeProcess", "RenderExecutable", "RenderArgument", "PreRenderTasks", "PostRenderTasks",
                     "CheckExitCode"):
            setattr(self, name + "Callback", Callback())

    def AddStdoutHandlerCallback(self, pattern):
        self.StdoutHandlers.append(StdoutHandler(pattern))
        return self.StdoutHandlers[-1]

    def feed(self, line):
        """A line of the process: every handler whose pattern is found in it."""
        for handler in self.StdoutHandlers:
            self.match = handler.pattern.search(line)
            if self.match:
                handler.HandleCallback()

    def GetRegexMatch(self, group):
        return self.match.group(group)

    def GetPluginInfoEntry(self, key):
        return self.worker.info[key]

    def GetPluginInfoEntryWithDefault(self, key, default):
        return self.worker.info.get(key, default)

    def GetIntegerPluginInfoEntryWithDefault(self, key, default):
        return int(self.worker.info.get(key, default))

    def GetConfigEntryWithDefault(self, key, default):
        return self.worker.config.get(key, default)

    def GetBooleanConfigEntryWithDefault(self, key, default):
        return str(self.worker.config.get(key, default)).lower() == "true"

    def GetStartFrame(self):
        return self.worker.frames[0]

    def GetEndFrame(self):
        return self.worker.frames[1]

    def GetThreadNumber(self):
        return self.worker.thread

    def GetJob(self):
        return self.worker

    def OverrideGpuAffinity(self):
        return self.worker.affinity is not None

    def GpuAffinity(self):
        return list(self.worker.affinity or [])

    def SetProcessEnvironmentVariable(self, name, value):
        self.worker.environment[name] = value

    def CreateTempDirectory(self, prefix):
        return tempfile.mkdtemp(prefix=prefix)

    def SetProgress(self, percent):
        self.worker.progress.append(percent)

    def SetStatusMessage(self, text):
        self.worker.status.append(text)

    def LogInfo(self, text):
        self.worker.log.append("INFO: " + text)

    def LogWarning(self, text):
        self.worker.log.append("WARNING: " + text)

    def FailRender(self, message):
        raise FailRenderException(message)
