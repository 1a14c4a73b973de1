"""Stands in for Deadline.Scripting."""
import os

path_mappings = []  # (from, to) of this worker's system
failed_jobs = []


class RepositoryUtils:
    @staticmethod
    def CheckPathMapping(text):
        for source, target in path_mappings:
            text = text.replace(source, target)
        return text

    @staticmethod
    def GetPathMappings():
        return list(path_mappings)

    @staticmethod
    def FailJob(job):
        failed_jobs.append(job)


class FileUtils:
    @staticmethod
    def SearchFileList(paths):
        return next((path for path in paths.split(";") if path and os.path.isfile(path)), "")
