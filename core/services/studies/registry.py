"""Every study, in the order the page offers them. To add one: its module, and one line here."""

from core.services.studies import labels, proof, recommenders, train, window
from core.services.studies.bandit import profiles, simulation, width
from core.services.studies.calfit import policies, power, trial
from core.services.studies.study import Studies
from core.services.studies.tables import table1, table2, table3

STUDIES: Studies = {
    study.name: study
    for study in (
        recommenders.STUDY,
        table1.STUDY,
        table2.STUDY,
        table3.STUDY,
        window.STUDY,
        labels.STUDY,
        trial.STUDY,
        power.STUDY,
        policies.STUDY,
        proof.STUDY,
        profiles.STUDY,
        simulation.STUDY,
        width.STUDY,
        train.STUDY,
    )
}
