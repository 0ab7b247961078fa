"""A generated workload: prompts over ten topics whose right answers follow from the prompt's text alone."""

from services.simulator.workload.grade import check
from services.simulator.workload.problem import LEVELS, Problem
from services.simulator.workload.syllabus import TOPICS, Task, generate, recognise, tasks

__all__ = ["LEVELS", "TOPICS", "Problem", "Task", "check", "generate", "recognise", "tasks"]
