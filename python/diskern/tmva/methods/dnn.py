"""TMVA's older method for dense networks, which it forwards to DL, too."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from .base import Option, ProgressCallback, TrainedMethod, TrainingSample
from .dl import DL

_LAYOUT = "SOFTSIGN|(N+100)*2,LINEAR"


class DNN(DL):
    """Dense networks by TMVA's older option strings: ``Layout=SOFTSIGN|(N+100)*2,LINEAR``, served by DL (tmva.md 2.17).

    Options and training are DL's; ``Renormalize`` in a ``TrainingStrategy`` is passed over, as TMVA does.
    """

    type_name: ClassVar[str] = "DNN"
    options: ClassVar[tuple[Option, ...]] = tuple(
        replace(option, default=_LAYOUT) if option.name == "Layout" else option for option in DL.options
    )

    def train(
        self,
        sample: TrainingSample,
        validation: TrainingSample | None = None,
        *,
        threads: int = 0,
        progress: ProgressCallback | None = None,
    ) -> TrainedMethod:
        trained = super().train(sample, validation, threads=threads, progress=progress)
        return replace(trained, notes=["DNN is served by DL, as in TMVA", *trained.notes])
