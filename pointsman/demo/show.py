"""The whole of `pointsman demo` but its command line."""

from rich.console import Console

from pointsman.demo.generated import generated
from pointsman.demo.ground import alone, prepare, scene
from pointsman.demo.material import Material
from pointsman.demo.options import DemoOptions
from pointsman.demo.page import render as page
from pointsman.demo.real import real
from pointsman.demo.recorded import recorded
from pointsman.demo.run import perform
from pointsman.demo.stage import Stage
from pointsman.demo.story import Story
from pointsman.demo.terminal import render
from pointsman.local.settings import LocalSettings
from shared.files import write_whole


def show(options: DemoOptions, console: Console) -> bool:
    """Run the demo, print and write what came of it; False when it was stopped before its end.

    Raises PermanentError where the machine or the data do not do, TransientError where a part of the fleet fails.
    """
    with alone(options.out), scene(options.state, kept=options.keep), Stage(console) as stage:
        stage.say("Looking at this machine")
        prepare(options.state)
        stage.say("Drawing the queries")
        material = _material(options)

        def present(story: Story) -> None:
            _write(options, story)
            stage.close()
            for part in render(story):
                console.print(part, highlight=False)
            _say_where(options, console)

        return perform(material, stage, present, keep=options.keep)


def _material(options: DemoOptions) -> Material:
    if options.data is not None and options.pool is not None:
        return recorded(options, options.data, options.pool)
    if options.llms is not None:
        return real(options, options.llms, LocalSettings().keys_dir)
    return generated(options)


def _write(options: DemoOptions, story: Story) -> None:
    write_whole(options.out / "report.json", story.report.model_dump_json(indent=2).encode())
    write_whole(options.out / "index.html", page(story).encode())


def _say_where(options: DemoOptions, console: Console) -> None:
    lines = [f"The page: {options.out / 'index.html'}", f"The figures: {options.out / 'report.json'}"]
    if options.keep:
        lines.append(f"The fleet is kept: pointsman ask --state {options.state} …; Ctrl-C here ends it")
    for line in ("", *lines, ""):
        console.print(line, highlight=False, soft_wrap=True)
