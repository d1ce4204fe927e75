"""Study: Table II, the paper's network beside four sequence models, each client left out in turn."""

from core.services.studies.study import Study
from core.services.studies.tables.table2.result import combine
from core.services.studies.tables.table2.settings import Settings
from core.services.studies.tables.table2.work import load, pieces, run_piece

STUDY = Study(
    name="table2",
    title="Table II: the network beside other sequence models",
    description=(
        "Leaves each client out in turn and foretells the next exercise with the paper's network and "
        "with the four sequence models of Table II: GRU4REC, Pooling, CNN and Mixture. Each of these is "
        "trained as the library that the paper names would by default, and with the full softmax, so "
        "that it can be seen how much of the network's lead is owed to how the others were trained. The "
        "paper's figures stand beside."
    ),
    settings=Settings,
    pieces=pieces,
    load=load,
    run_piece=run_piece,
    combine=combine,
)
