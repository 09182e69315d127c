"""The ``diskern`` command."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from .._version import __version__
from . import apply, bench, convert, doctor, inspect, report, run

_EPILOG = """\
A first session:
  diskern doctor                              what this machine and this installation offer
  diskern run analysis.yaml                   train, test and compare the booked methods
  diskern report output.root -o report.html   the report of a finished job (TMVA's own output files work too)
  diskern inspect dataset/weights/job_BDT.diskern
  diskern convert job_BDT.weights.xml job_BDT.dsk
  diskern apply dataset/weights/job_BDT.diskern events.root:Events -o scores.root

Exit codes: 0 done; 1 the work failed; 2 wrong usage or configuration; 3 a file cannot be read or is not what it
claims to be; 130 interrupted (what was finished is kept).
"""

_COMMANDS = {
    "run": run,
    "report": report,
    "apply": apply,
    "inspect": inspect,
    "convert": convert,
    "doctor": doctor,
    "bench": bench,
}


def parser() -> argparse.ArgumentParser:
    """The argument parser with every subcommand."""
    result = argparse.ArgumentParser(
        prog="diskern",
        description="Discerns signal from background: TMVA's workflow without ROOT.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    result.add_argument("--version", action="version", version=f"diskern {__version__}")
    commands = result.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, module in _COMMANDS.items():
        text = (module.__doc__ or "").strip()
        command = commands.add_parser(
            name,
            help=text.splitlines()[0].rstrip("."),
            description=text,
            epilog=module.EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(command)
        command.set_defaults(execute=module.execute)
    return result


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code (see ``diskern --help``)."""
    arguments = parser().parse_args(argv)
    from .. import _core
    from .config import ConfigurationError

    try:
        return int(arguments.execute(arguments) or 0)
    except KeyboardInterrupt:
        print("diskern: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader (head, less) went away: no error of ours. Keep Python from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except ConfigurationError as error:
        print(f"diskern: {error}", file=sys.stderr)
        return 2
    except (FileNotFoundError, IsADirectoryError, PermissionError, _core.FormatError) as error:
        print(f"diskern: {error}", file=sys.stderr)
        return 3
    except _core.InvalidArgument as error:
        print(f"diskern: {error}", file=sys.stderr)
        return 2
    except (_core.Error, ValueError, ImportError, OSError, RuntimeError) as error:
        print(f"diskern: {error}", file=sys.stderr)
        return 1
