"""As much of Deadline's scripting API as our plugin uses, for tests: what a worker would do is done by deadline_farm.py."""
