"""Study: Table I, the paper's network and what is added to it, each client left out in turn."""

from core.services.studies.study import Study
from core.services.studies.tables.table1.data import load
from core.services.studies.tables.table1.result import combine
from core.services.studies.tables.table1.settings import Settings
from core.services.studies.tables.table1.work import pieces, run_piece

STUDY = Study(
    name="table1",
    title="Table I: the paper's network and what is added to it",
    description=(
        "Leaves each client out in turn and foretells the next exercise with the paper's network: with a "
        "demographic and a full profile, with training sequences augmented by an expert's categories and by "
        "association rules, started on the nearest clients, and taught by a simulated expert where it is "
        "unsure. All networks of a repeat train at once. The paper's figures stand beside; asked rate, accuracy "
        "on all steps, on steps not asked about and at the same coverage without learning are told apart."
    ),
    settings=Settings,
    pieces=pieces,
    load=load,
    run_piece=run_piece,
    combine=combine,
)
