"""Study: how accurate the model becomes with each answer asked for, by how the questions are chosen."""

from core.services.studies.labels.result import combine
from core.services.studies.labels.settings import Settings
from core.services.studies.labels.work import load, pieces, run_piece
from core.services.studies.study import Study

STUDY = Study(
    name="labels",
    title="How much each answer brings",
    description=(
        "Answers cost a trainer's time. A model that knows a few clients asks about steps of others, batch by batch, "
        "and is tested on clients held out: seven ways to choose the questions, among them the value of an answer "
        "(how far it is expected to move other recommendations) and asking at random, by the accuracy that the same "
        "number of answers brings, and by how many answers the same accuracy takes. Then the same for a "
        "single client's own model, and where a stopping rule would have ended each."
    ),
    settings=Settings,
    pieces=pieces,
    load=load,
    run_piece=run_piece,
    combine=combine,
)
