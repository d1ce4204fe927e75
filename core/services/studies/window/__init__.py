"""Study: how far back exercises depend on one another, and how well the network does with windows of each length."""

from core.services.studies.study import Study
from core.services.studies.window.result import combine
from core.services.studies.window.settings import Settings
from core.services.studies.window.work import load, pieces, run_piece

STUDY = Study(
    name="window",
    title="How many past exercises to look at",
    description=(
        "The autocorrelation of each client's sequence of exercises by lag, with the band in which it "
        "would lie if the order were by chance: what the paper chose its window of three by. Beside it "
        "stand what each lag adds to nearer ones, how much one exercise says about a later one, and the "
        "accuracy of the paper's network on clients held out, with a window of each length, which shows "
        "whether the rule is a good guide."
    ),
    settings=Settings,
    pieces=pieces,
    load=load,
    run_piece=run_piece,
    combine=combine,
)
