"""Study: the full-history ensemble and the paper's network beside three baselines, under three splits."""

from core.services.studies.recommenders.result import combine
from core.services.studies.recommenders.settings import Settings
from core.services.studies.recommenders.work import load, pieces, run_piece
from core.services.studies.study import Study

STUDY = Study(
    name="recommenders",
    title="Compare recommenders",
    description=(
        "Trains the full-history ensemble, the paper's network, popularity, a first-order Markov chain and item-kNN on "
        "the same data, and counts how often the next exercise is among the first 1, 5 and 10 recommended, under three "
        "splits and several seeds. The paper's own figures stand beside where it has them."
    ),
    settings=Settings,
    pieces=pieces,
    load=load,
    run_piece=run_piece,
    combine=combine,
)
