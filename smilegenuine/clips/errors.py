"""The errors that a clip can cause: each names the clip and what to do about it."""

from __future__ import annotations


class ClipError(ValueError):
    """A clip could not be used.

    Parameters
    ----------
    clip : str
        Name of the clip, for a file its path. It opens the message.
    problem : str
        What is wrong and what the remedy is.
    """

    def __init__(self, clip: str, problem: str) -> None:
        super().__init__(f"{clip}: {problem}")
        self.clip = clip
        self.problem = problem

    def __reduce__(self):
        # Exceptions cross process borders in parallel runs; the default would pass one argument.
        return type(self), (self.clip, self.problem)


class VideoError(ClipError):
    """A video, image folder or array could not be read as frames."""


class NoFaceError(ClipError):
    """No face was found in any frame of a clip."""
