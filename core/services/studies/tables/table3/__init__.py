"""Study: Table III, the paper's network beside four sequence models on films, by its split and two without leaks."""

from core.services.studies.study import Study
from core.services.studies.tables.table3.result import combine
from core.services.studies.tables.table3.settings import Settings
from core.services.studies.tables.table3.work import load, pieces, run_piece

STUDY = Study(
    name="table3",
    title="Table III: films",
    description=(
        "The five rows of Table III on the 100 most rated films of MovieLens 100K, from a copy of it on "
        "this machine. Windows are split at random as in the paper, which leaks, and beside it whole "
        "clients are held out, or the end of each history; seen films are allowed or left out. The four "
        "sequence models are trained as the library that the paper names would by default, and with the "
        "full softmax; the network has both sizes of the paper."
    ),
    settings=Settings,
    pieces=pieces,
    load=load,
    run_piece=run_piece,
    combine=combine,
)
